# One image for all roles: `receive` (the default), `work`, `dev` and every other command.
# BASE: any Debian-like image with Python 3.11 or newer at python3.
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS build
# For `strip` and the compiled scan, in this stage only; Debian's Python has its headers apart. Without a mirror the
# libraries keep their symbols, which makes the image 37 MB larger, and spans are read more slowly.
RUN (apt-get update -q && apt-get install -q -y --no-install-recommends binutils gcc libc6-dev \
    $(test ! -x /usr/bin/python3 || echo python3-dev)) || echo "no binutils, no compiler"
WORKDIR /src
RUN python3 -m venv /opt/kelet && python3 -m venv /opt/build
# What we depend on changes less often than we do; wheels only, each by its hash.
COPY requirements.lock deploy/requirements-build.lock ./
RUN /opt/kelet/bin/python -m pip install --no-cache-dir --no-compile --no-deps --only-binary :all: --require-hashes -r requirements.lock \
    && /opt/build/bin/python -m pip install --no-cache-dir --no-deps --require-hashes -r requirements-build.lock
COPY pyproject.toml README.md LICENSE ./
COPY exporter exporter
COPY pipeline pipeline
COPY plugin plugin
COPY deploy/slim.py ./
ARG EMBEDDED_TEMPORAL=yes
RUN /opt/build/bin/python -m pip wheel --no-cache-dir --no-deps --no-build-isolation -w /wheels . ./plugin \
    && /opt/kelet/bin/python -m pip install --no-cache-dir --no-compile --no-deps --no-index /wheels/*.whl \
    && /opt/kelet/bin/python -m pip uninstall -q -y setuptools pip \
    # What it removes, and why nobody misses it, is said there. From elsewhere, so that it imports what was installed.
    && mv slim.py /opt/build/ && cd / && /opt/kelet/bin/python /opt/build/slim.py /opt/kelet/bytecode \
    # The embedded Temporal server is for `dev` only: `no` leaves its 157 MB out.
    && if [ "$EMBEDDED_TEMPORAL" = no ]; then rm -f /opt/kelet/bin/temporal; fi

FROM ${BASE}
RUN groupadd --gid 10001 kelet \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/kelet --shell /usr/sbin/nologin kelet \
    && install -d -o kelet -g kelet -m 700 /var/lib/kelet
COPY --from=build /opt/kelet /opt/kelet
# PYTHONPYCACHEPREFIX: the bytecode of what we import, of the standard library too, which the official images lack.
# Without keys a container that others reach does not start: `kelet-sidecar keys create`, or KELET_INSECURE=true.
ENV PATH=/opt/kelet/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONPYCACHEPREFIX=/opt/kelet/bytecode \
    KELET_DATA_DIR=/var/lib/kelet \
    KELET_HOST=0.0.0.0 \
    KELET_LOG_FORMAT=json
USER 10001:10001
WORKDIR /var/lib/kelet
VOLUME ["/var/lib/kelet"]
EXPOSE 4317 4318
STOPSIGNAL SIGTERM
# Of the receiver; a worker's is `kelet-sidecar health worker --endpoint RECEIVER:4317`.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["kelet-sidecar", "health"]
ENTRYPOINT ["kelet-sidecar"]
CMD ["receive"]
