"""Keys on both doors of a real edge, and the command that makes them."""

import asyncio
import contextlib
import json
import subprocess
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import grpc
import httpx
import pytest
from temporalio.client import Client

from exporter.keys import FRESH, new_key
from exporter.otlp_kinds import KINDS
from exporter.rpc.v1 import status_pb2 as pb
from exporter.rpc.v1 import status_pb2_grpc
from exporter.server import CannotListen, EdgeServer, EdgeStore, Exposed
from pipeline.config import Config
from pipeline.model.session import SessionKey
from pipeline.store import Store
from tests.integration.edge import SinkStore, channel, export, running, small_settings
from tests.sidecar_process import CLI
from tests.unit.otlp import request, span

pytestmark = pytest.mark.slow

CODE = grpc.StatusCode
GOOD = request(span(1, session__id="s")).SerializeToString()
PROTOBUF = {"content-type": "application/x-protobuf"}
SIGNAL = {"session_id": "s", "kind": "feedback", "source": "human", "score": 0}


def keep(store: Any, *projects: str, secret: bool = True, tenant: str = "") -> str:
    """A key in the store; the key itself."""
    key = new_key("", projects or None, secret=secret, tenant=tenant, now=datetime.now(UTC))
    if isinstance(store, SinkStore):
        store.keys.append(key.kept)
    else:
        store.add_api_key(key.kept)
    return key.text


def auth(key: str, project: str = "") -> dict[str, str]:
    named = {"x-kelet-project": project} if project else {}
    return {"authorization": key} | named


async def on_both_doors(edge: EdgeServer, headers: dict[str, str], body: bytes = GOOD) -> str:
    """What gRPC says; HTTP must say the same."""
    told = CODE.OK
    with contextlib.suppress(grpc.aio.AioRpcError):
        try:
            await export(edge, body, metadata=tuple(headers.items()))
        except grpc.aio.AioRpcError as error:
            told = error.code()
            raise
    async with client_of(edge) as client:
        answer = await client.post("/v1/traces", content=body, headers=PROTOBUF | headers)
    statuses = {CODE.OK: 200, CODE.UNAUTHENTICATED: 401, CODE.PERMISSION_DENIED: 403}
    assert answer.status_code == statuses[told]
    return told.name


def client_of(edge: EdgeServer) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=f"http://127.0.0.1:{edge.http_port}", trust_env=False)


@contextlib.asynccontextmanager
async def status(edge: EdgeServer) -> AsyncGenerator[Any]:
    async with channel(edge) as opened:
        yield cast("Any", status_pb2_grpc.StatusServiceStub)(opened)


async def test_spans_need_a_secret_key_of_their_project() -> None:
    store = SinkStore()
    secret, publishable = keep(store, "shop"), keep(store, "shop", secret=False)
    async with running(store) as edge:
        assert await on_both_doors(edge, {}) == "UNAUTHENTICATED"
        assert await on_both_doors(edge, auth("sk-wrong")) == "UNAUTHENTICATED"
        assert await on_both_doors(edge, auth(publishable)) == "PERMISSION_DENIED"
        assert await on_both_doors(edge, auth(secret, "other")) == "PERMISSION_DENIED"
        assert store.spans == []
        assert await on_both_doors(edge, auth(secret)) == "OK"
        assert await on_both_doors(edge, auth(f"Bearer {secret}", "shop")) == "OK"
        async with client_of(edge) as client:
            told = await client.post("/v1/traces", content=GOOD, headers=PROTOBUF)
            assert told.headers["www-authenticate"] == "Bearer"
            for kind in KINDS:
                refused = await client.post(f"/api/{kind.name}", content=b"", headers=PROTOBUF)
                assert refused.status_code == 401
    assert {(s.scope, s.fallback_project) for s in store.spans} == {("shop", "shop")}


async def test_a_span_of_another_project_is_refused_beside_good_ones() -> None:
    store = SinkStore()
    secret = keep(store, "shop")
    alien = request(span(1, kelet__project="other")).SerializeToString()
    mixed = request(span(1), span(2, kelet__project="other")).SerializeToString()
    resource = request(span(1), kelet__project="other").SerializeToString()
    own = request(span(1, kelet__project="shop"), kelet__project="other").SerializeToString()
    async with running(store) as edge:
        assert await on_both_doors(edge, auth(secret), alien) == "PERMISSION_DENIED"
        assert await on_both_doors(edge, auth(secret), resource) == "PERMISSION_DENIED"
        assert store.spans == []
        assert await on_both_doors(edge, auth(secret), mixed) == "OK"
        assert len(store.spans) == 2
        assert edge.metrics["spans_rejected"] == 2
        assert await on_both_doors(edge, auth(secret), own) == "OK"


async def test_signals_take_either_kind_of_key_for_the_project_only() -> None:
    store = SinkStore()
    keys = [keep(store, "shop"), keep(store, "shop", secret=False)]
    async with running(store) as edge, client_of(edge) as client:
        path = "/api/projects/shop/signal"
        assert (await client.post(path, json=SIGNAL)).status_code == 401
        for key in keys:
            good = await client.post(path, json=SIGNAL, headers=auth(key))
            assert good.status_code == 202
            far = await client.post("/api/projects/other/signal", json=SIGNAL, headers=auth(key))
            assert (far.status_code, far.json()["code"]) == (403, "permission_denied")


async def test_a_reader_sees_its_own_project_only(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path / 'store.sqlite'}") as store:
        mine, yours = keep(store, "a"), keep(store, "b")
        both, publishable = keep(store, "a", "b"), keep(store, "a", secret=False)
        async with running(store) as edge, status(edge) as stub:
            for key in (mine, yours):
                await export(edge, GOOD, metadata=(("authorization", key),))

            async def ask(method: str, message: Any, key: str) -> Any:
                return await getattr(stub, method)(message, metadata=(("authorization", key),))

            async def denied(method: str, message: Any, key: str) -> str:
                with pytest.raises(grpc.aio.AioRpcError) as caught:
                    await ask(method, message, key)
                assert "project b" not in str(caught.value.details())
                return caught.value.code().name

            projects = pb.ListProjectsRequest()
            assert list((await ask("ListProjects", projects, mine)).projects) == ["a"]
            assert list((await ask("ListProjects", projects, both)).projects) == ["a", "b"]
            sessions = await ask("ListSessions", pb.ListSessionsRequest(), mine)
            assert {s.project for s in sessions.sessions} == {"a"}
            session = pb.GetSessionRequest(session_id="s")
            assert (await ask("GetSession", session, mine)).session.project == "a"
            missing = pb.GetSessionRequest(project="a", session_id="t")
            assert await denied("GetSession", missing, mine) == "NOT_FOUND"
            far = pb.GetSessionRequest(project="b", session_id="s")
            assert await denied("GetSession", far, mine) == "PERMISSION_DENIED"
            assert await denied("GetCoverage", pb.GetCoverageRequest(project="b"), mine) == (
                "PERMISSION_DENIED"
            )
            assert await denied("ListProjects", projects, publishable) == "PERMISSION_DENIED"
            assert await denied("ListProjects", projects, "") == "UNAUTHENTICATED"
            call = stub.ExportCanonical(
                pb.ExportCanonicalRequest(), metadata=(("authorization", mine),)
            )
            lines = [json.loads(line) async for answer in call for line in answer.lines]
            assert lines
            assert {line["project"] for line in lines if "project" in line} == {"a"}


async def test_tenants_never_meet(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path / 'store.sqlite'}") as store:
        mine, again, yours = keep(store, "a"), keep(store, "a"), keep(store, "b")
        async with running(store) as edge:
            for key in (mine, again, yours):
                await export(edge, GOOD, metadata=(("authorization", key),))
            assert edge.metrics["spans_known"] == 1
        for project in ("a", "b"):
            assert len(store.load_spans(SessionKey.of(project, "s")).spans) == 1


async def test_revocation_takes_effect_within_seconds_and_use_is_noted(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path / 'store.sqlite'}") as store:
        async with running(store) as edge:
            assert await on_both_doors(edge, {}) == "OK"
            key = keep(store)
            await asyncio.sleep(FRESH.total_seconds())
            assert await on_both_doors(edge, {}) == "UNAUTHENTICATED"
            assert await on_both_doors(edge, auth(key)) == "OK"
            store.revoke_api_key(store.api_keys()[0].id)
            await asyncio.sleep(FRESH.total_seconds())
            assert await on_both_doors(edge, auth(key)) == "UNAUTHENTICATED"
        assert store.api_keys()[0].last_used is not None


async def test_without_keys_it_listens_on_loopback_only(
    caplog: pytest.LogCaptureFixture,
) -> None:
    client = await Client.connect("127.0.0.1:1", lazy=True)
    store = SinkStore()

    def edge(**changes: Any) -> EdgeServer:
        settings = small_settings(**changes)
        return EdgeServer(cast("EdgeStore", store), client, Config(), settings)

    with pytest.raises(Exposed, match=r"keys create.*KELET_HOST.*KELET_INSECURE"):
        await edge(host="0.0.0.0").start()
    with caplog.at_level("INFO"):
        for allowed in (edge(), edge(host="0.0.0.0", insecure=True)):
            await allowed.start()
            await allowed.stop()
    assert "listening on 127.0.0.1 only" in caplog.text
    assert "anybody who reaches 0.0.0.0" in caplog.text
    keep(store)
    guarded = edge(host="0.0.0.0")
    await guarded.start()
    await guarded.stop()
    with pytest.raises(CannotListen, match="KELET_HOST"):
        await edge(host="192.0.2.1").start()


def cli(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [*CLI, *arguments, "--data-dir", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_the_command_makes_lists_and_revokes_keys(tmp_path: Path) -> None:
    made = cli(tmp_path, "keys", "create", "--project", "shop", "--name", "Collector")
    key = made.stdout.strip()
    assert made.returncode == 0, made.stderr
    assert key.startswith("sk-")
    assert "not shown again" in made.stderr
    cli(tmp_path, "keys", "create", "--all-projects", "--publishable")
    told = json.loads(cli(tmp_path, "keys", "list", "--format", "json").stdout)
    assert [(k["name"], k["projects"], k["secret"]) for k in told] == [
        ("Collector", ["shop"], True),
        ("", None, False),
    ]
    assert key[3:] not in cli(tmp_path, "keys", "list").stdout + json.dumps(told)
    assert cli(tmp_path, "keys", "revoke", told[0]["id"]).returncode == 0
    after = json.loads(cli(tmp_path, "keys", "list", "--format", "json").stdout)
    assert after[0]["revoked"] is not None
    for wrong in (
        ("keys", "create"),
        ("keys", "create", "--all-projects", "--project", "p"),
        ("keys", "create", "--project", " "),
    ):
        refused = cli(tmp_path, *wrong)
        assert (refused.returncode, len(refused.stderr.splitlines())) == (2, 1)
    assert cli(tmp_path, "keys", "revoke", "nothing").returncode == 1
