"""TLS and mutual TLS on both ports, and the commands that speak it."""

import asyncio
import contextlib
import os
import ssl
import subprocess
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest

from exporter.server import EdgeServer
from exporter.settings import EdgeSettings
from exporter.tls import BadCertificate, read_tls
from tests.certificates import Certificates, Pair, make
from tests.integration.edge import EXPORT, SinkStore, free_port, running
from tests.integration.test_edge_keys import SIGNAL, keep
from tests.sidecar_process import CLI
from tests.unit.otlp import request, span

pytestmark = pytest.mark.slow

GOOD = request(span(1, session__id="s")).SerializeToString()


@pytest.fixture
def files(tmp_path: Path) -> Certificates:
    return make(tmp_path)


def serving(files: Certificates, *, mutual: bool = False) -> dict[str, Any]:
    cert, key = files.server
    return {"tls_cert": cert, "tls_key": key} | (
        {"tls_client_ca": files.authority} if mutual else {}
    )


async def over_grpc(edge: EdgeServer, files: Certificates, client: Pair | None = None) -> bool:
    pair = (client.key.read_bytes(), client.cert.read_bytes()) if client else (None, None)
    credentials = grpc.ssl_channel_credentials(files.authority.read_bytes(), *pair)
    target = f"localhost:{edge.grpc_port}"
    async with grpc.aio.secure_channel(target, credentials) as channel:
        with contextlib.suppress(grpc.aio.AioRpcError):
            await channel.unary_unary(EXPORT)(GOOD, timeout=5)
            return True
    return False


async def over_http(edge: EdgeServer, files: Certificates, client: Pair | None = None) -> bool:
    context = ssl.create_default_context(cafile=files.authority)
    if client is not None:
        context.load_cert_chain(client.cert, client.key)
    url = f"https://localhost:{edge.http_port}/api/projects/p/signal"
    async with httpx.AsyncClient(verify=context, trust_env=False) as http:
        try:
            return (await http.post(url, json=SIGNAL)).status_code == 202
        except httpx.TransportError:
            return False


async def test_both_ports_speak_tls_only(files: Certificates) -> None:
    store = SinkStore()
    async with running(store, **serving(files)) as edge:
        assert await over_grpc(edge, files)
        assert await over_http(edge, files)
        async with grpc.aio.insecure_channel(f"127.0.0.1:{edge.grpc_port}") as plain:
            with pytest.raises(grpc.aio.AioRpcError):
                await plain.unary_unary(EXPORT)(GOOD, timeout=5)
        async with httpx.AsyncClient(trust_env=False) as http:
            with pytest.raises(httpx.TransportError):
                await http.get(f"http://127.0.0.1:{edge.http_port}/healthz")
    assert (len(store.spans), len(store.signals)) == (1, 1)


async def test_with_a_client_authority_only_its_clients_come_in(files: Certificates) -> None:
    store = SinkStore()
    async with running(store, **serving(files, mutual=True)) as edge:
        for client, expected in ((files.client, True), (None, False), (files.stranger, False)):
            assert await over_grpc(edge, files, client) is expected
            assert await over_http(edge, files, client) is expected
    assert (len(store.spans), len(store.signals)) == (1, 1)


async def test_the_commands_speak_tls_and_send_the_key(files: Certificates, tmp_path: Path) -> None:
    store = SinkStore()
    key = keep(store, "shop")
    lines = tmp_path / "spans.jsonl"
    lines.write_text(
        '{"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": "0af7651916cd43dd8448eb211c80319c",'
        ' "spanId": "00f067aa0ba902b7", "name": "chat"}]}]}]}\n'
    )
    signals = tmp_path / "signals.jsonl"
    signals.write_text('{"session_id": "s", "kind": "event", "source": "human"}\n')
    async with running(store, **serving(files, mutual=True)) as edge:
        tls = {
            "KELET_ENDPOINT": f"https://localhost:{edge.grpc_port}",
            "KELET_HTTP": f"https://localhost:{edge.http_port}",
            "KELET_CA_FILE": str(files.authority),
            "KELET_CLIENT_CERT_FILE": str(files.client.cert),
            "KELET_CLIENT_KEY_FILE": str(files.client.key),
        }
        send = ["import", str(lines), "--signals", str(signals), "--project", "shop"]
        done = await cli(send, tls | {"KELET_API_KEY": key})
        assert done.returncode == 0, done.stderr
        refused = await cli(["coverage"], tls)
        assert (refused.returncode, "KELET_API_KEY" in refused.stderr) == (2, True)
        assert len(refused.stderr.splitlines()) == 1
    assert (len(store.spans), len(store.signals)) == (1, 1)


async def cli(
    arguments: list[str], environment: dict[str, str]
) -> "subprocess.CompletedProcess[str]":
    return await asyncio.to_thread(
        subprocess.run,
        [*CLI, *arguments],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_files_that_do_not_do_are_named(files: Certificates, tmp_path: Path) -> None:
    cert, key = files.server
    nothing, garbage = tmp_path / "nothing.pem", tmp_path / "garbage.pem"
    garbage.write_text("canary")
    for changes, name in (
        ({"tls_cert": nothing, "tls_key": key}, "tls_cert: .*nothing.pem cannot be read"),
        ({"tls_cert": cert, "tls_key": tmp_path}, r"tls_key: .* cannot be read \(Is a directory\)"),
        ({"tls_cert": garbage, "tls_key": key}, "garbage.pem .* no certificate and its key"),
        ({"tls_cert": cert, "tls_key": files.client.key}, "no certificate and its key"),
        ({"tls_cert": cert, "tls_key": key, "tls_client_ca": garbage}, "tls_client_ca: .*garbage"),
        (
            {"tls_cert": cert, "tls_key": key, "tls_client_ca": nothing},
            "tls_client_ca: .*nothing.pem cannot be read",
        ),
    ):
        given: Any = changes
        with pytest.raises(BadCertificate, match=name):
            read_tls(EdgeSettings(**given))
    assert read_tls(EdgeSettings()) is None


async def test_a_start_with_wrong_files_ends_with_one_line(
    files: Certificates, tmp_path: Path
) -> None:
    tls = {
        "KELET_TLS_CERT": str(files.server.cert),
        "KELET_TLS_KEY": str(files.client.key),
        "KELET_TEMPORAL_ADDRESS": "127.0.0.1:1",
    }
    ports = [f"--{name}-port={free_port()}" for name in ("grpc", "http")]
    done = await cli(["receive", f"--data-dir={tmp_path}", *ports], tls)
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert done.stderr.startswith("tls_cert, tls_key: ")
