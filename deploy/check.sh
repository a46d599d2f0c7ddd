#!/usr/bin/env bash
# Builds the image without any daemon and checks what it promises: it is small, nobody is root, every role works
# (the demo runs in it, so `dev` with its Temporal server diagnoses 300 calls), the clients of all models are there,
# the health check works, SIGTERM ends it in order. Needs buildah, and debootstrap where BASE is not given;
# both are Debian packages. Works as root in a container too (vfs storage, chroot isolation).
#
#   deploy/check.sh                 a base image by debootstrap
#   BASE=python:3.11-slim-bookworm deploy/check.sh     a base image from a registry
set -euo pipefail
cd "$(dirname "$0")/.."

for tool in buildah ${BASE:+true} ${BASE-debootstrap}; do
    command -v "$tool" >/dev/null || { echo "NOT CHECKED: $tool is missing (apt-get install buildah debootstrap)" >&2; exit 3; }
done

export BUILDAH_ISOLATION=chroot STORAGE_DRIVER=vfs
work=${KELET_IMAGE_CACHE:-$(mktemp -d)}
mkdir -p "$work"
storage=(--root "$work/storage" --runroot "$work/run")
image=localhost/kelet-sidecar:check
# What we add to the base, Temporal's 157 MB among it; the base is chosen by others.
limit_mb=${KELET_IMAGE_LIMIT_MB:-660}
containers=()

finish() {
    for name in "${containers[@]}"; do buildah "${storage[@]}" rm "$name" >/dev/null 2>&1 || true; done
    [ -n "${KELET_IMAGE_CACHE:-}" ] || rm -rf "$work"
}
trap finish EXIT

step() { echo "== $*"; }
fail() { echo "FAILED: $*" >&2; exit 1; }

if [ -z "${BASE:-}" ]; then
    BASE=localhost/kelet-base:bookworm
    if ! buildah "${storage[@]}" inspect --type image "$BASE" >/dev/null 2>&1; then
        step "a base image by debootstrap"
        debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates bookworm "$work/rootfs" >"$work/debootstrap.log" 2>&1 ||
            { tail -5 "$work/debootstrap.log" >&2; fail "debootstrap"; }
        rm -rf "$work"/rootfs/var/cache/apt/* "$work"/rootfs/var/lib/apt/lists/*
        # Debian's slim images, on which the official Python images stand, come without these too.
        rm -rf "$work"/rootfs/usr/share/{locale,man,info}/*
        find "$work/rootfs/usr/share/doc" -type f ! -name copyright -delete
        name=$(buildah "${storage[@]}" from scratch)
        containers+=("$name")
        buildah "${storage[@]}" add -q "$name" "$work/rootfs" / >/dev/null
        buildah "${storage[@]}" commit -q "$name" "$BASE" >/dev/null
        rm -rf "$work/rootfs"
    fi
fi

step "the image from the Dockerfile, FROM $BASE"
# The machine's own certificate authorities and package index, where it has any.
build=(--build-arg "BASE=$BASE" --network host --pull-never --layers=false --format docker)
[ "${BASE#localhost/}" != "$BASE" ] || build=("${build[@]/--pull-never/--pull}")
[ -d /etc/ssl/certs ] && build+=(--volume /etc/ssl/certs:/etc/ssl/certs:ro)
[ -f /etc/pip.conf ] && build+=(--volume /etc/pip.conf:/etc/pip.conf:ro)
buildah "${storage[@]}" bud "${build[@]}" -t "$image" . >"$work/build.log" 2>&1 ||
    { tail -20 "$work/build.log" >&2; fail "the build; see above"; }

step "its size and settings"
config=$(buildah "${storage[@]}" inspect --type image "$image")
told() { python3 -c 'import json, sys; at = json.load(sys.stdin)["Docker"]["config"]
for key in sys.argv[1:]: at = at.get(key) if at else None
print(json.dumps(at))' "$@" <<<"$config"; }
[ "$(told User)" = '"10001:10001"' ] || fail "runs as $(told User)"
[ "$(told Healthcheck Test)" = '["CMD", "kelet-sidecar", "health"]' ] || fail "health check $(told Healthcheck)"
[ "$(told Entrypoint)" = '["kelet-sidecar"]' ] || fail "entrypoint $(told Entrypoint)"
[ "$(told StopSignal)" = '"SIGTERM"' ] || fail "stop signal $(told StopSignal)"

if grep -E "OUT OF DATE|NOT STRIPPED" "$work/build.log" >&2; then fail "deploy/slim.py"; fi

# As `docker images` counts: the bytes of all files, in millions.
megabytes() { du -s --apparent-size --block-size=MB "$1" | cut -dM -f1; }
name=$(buildah "${storage[@]}" from --pull-never "$BASE")
containers+=("$name")
base_mb=$(megabytes "$(buildah "${storage[@]}" mount "$name")")
name=$(buildah "${storage[@]}" from --pull-never "$image")
containers+=("$name")
root=$(buildah "${storage[@]}" mount "$name")
size=$(megabytes "$root")
echo "$size MB unpacked: $base_mb MB are the base, $(megabytes "$root/opt/kelet/bin/temporal") MB Temporal's server"
[ $((size - base_mb)) -le "$limit_mb" ] || fail "more than $limit_mb MB beside the base"
[ -z "$(find "$root/opt/kelet" -user 10001 -print -quit)" ] || fail "the code can be changed by its user"
[ ! -e "$root/opt/kelet/bin/pip" ] || fail "pip was left in the image"

# buildah's chroot isolation shares the machine's network: ports of this machine, free ones.
port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
grpc_port=$(port) http_port=$(port)
rm -rf "$work/data" && install -d -o 10001 -g 10001 -m 700 "$work/data"
inside() { buildah "${storage[@]}" run --user 10001:10001 --volume "$work/data:/var/lib/kelet" "$@"; }

step "every role answers, as user 10001"
inside "$name" -- kelet-sidecar --version
[ "$(inside "$name" -- python3 -c 'import os; print(os.getuid())')" = 10001 ] || fail "runs as root"
for role in receive work dev; do inside "$name" -- kelet-sidecar "$role" --help >/dev/null; done

step "nothing is compiled at a start: the bytecode is there, and Python takes it"
if inside "$name" -- python3 -v -c 'from exporter.cli import app; app.build()' 2>&1 | grep "code object from '/.*\.py'" >&2; then
    fail "these have no bytecode"
fi

step "spans are read by the compiled scan"
[ "$(inside "$name" -- python3 -c 'import exporter.scan; print(exporter.scan.COMPILED)')" = True ] || fail "it was not built"

step "the clients of all models can be made"
inside --env AWS_DEFAULT_REGION=eu-west-1 "$name" -- python3 -c 'from pipeline.llm.providers import build_model
from pipeline.llm.settings import ModelSettings
for provider in ("anthropic", "bedrock", "google", "openai"):
    build_model(ModelSettings(model=f"{provider}:some", key="none"))'

step "dev: the demo finds its root cause, with the Temporal server of the image"
inside --volume "$PWD/examples:/demo/examples:ro" --env PYTHONPATH=/demo --env KELET_HOST=127.0.0.1 "$name" -- \
    python3 -m examples.insurance.demo --folder /var/lib/kelet/demo >"$work/demo.log" 2>&1 || { tail -30 "$work/demo.log" >&2; fail "the demo"; }

step "receive: refuses to be open to all, then takes spans, is healthy, drains on SIGTERM"
if inside "$name" -- kelet-sidecar receive >"$work/open.log" 2>&1; then fail "it is open to all"; fi
grep -q "keys" "$work/open.log" || { cat "$work/open.log" >&2; fail "it does not say why"; }

# `exec`: the signal must reach the sidecar itself, as pid 1 of a container does.
inside --env KELET_HOST=127.0.0.1 --env KELET_GRPC_PORT="$grpc_port" --env KELET_HTTP_PORT="$http_port" \
    "$name" -- sh -c 'echo $$ > /var/lib/kelet/pid; exec kelet-sidecar receive' >"$work/receive.log" 2>&1 &
runner=$!
health() { inside "$name" -- kelet-sidecar health --endpoint "127.0.0.1:$grpc_port"; }
for _ in $(seq 60); do health >/dev/null 2>&1 && break; sleep 0.5; done
[ "$(health)" = SERVING ] || { tail -5 "$work/receive.log" >&2; fail "not healthy"; }
status=$(python3 -c 'import sys, urllib.request as u
body = b"{\"resourceSpans\": [{\"scopeSpans\": [{\"spans\": [{\"traceId\": \"0af7651916cd43dd8448eb211c80319c\", \"spanId\": \"b7ad6b7169203331\", \"name\": \"check\", \"startTimeUnixNano\": \"1\", \"endTimeUnixNano\": \"2\"}]}]}]}"
print(u.urlopen(u.Request(sys.argv[1], body, {"content-type": "application/json"})).status)' "http://127.0.0.1:$http_port/v1/traces")
[ "$status" = 200 ] || fail "a span was answered with $status"
[ -s "$work/data/kelet.db" ] || fail "nothing in the data directory"
kill -TERM "$(cat "$work/data/pid")"
wait "$runner" || { tail -5 "$work/receive.log" >&2; fail "it did not end with status 0"; }
if health >/dev/null 2>&1; then fail "somebody still answers"; fi

step "the image holds what it promises ($size MB)"
