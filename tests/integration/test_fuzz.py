"""Bad input at both doors: refused with a reason, counted, and harming nothing beside it.

`KELET_FUZZ_CASES` says how many cases are tried: 2,000 in CI, 500 else.
"""

import asyncio
import logging
import os
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Self

import grpc
import httpx
import pytest
from hypothesis import HealthCheck, given, settings

from exporter.otlp_kinds import KINDS
from exporter.server import EdgeServer
from pipeline.model.session import SessionKey
from pipeline.store import Store
from tests.fuzz_cases import GRPC, JSON, PROTOBUF, SIGNAL, Case, cases
from tests.integration.edge import running

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

USUAL = "2000" if os.environ.get("HYPOTHESIS_PROFILE") == "thorough" else "500"
N_CASES = int(os.environ.get("KELET_FUZZ_CASES", USUAL))
PATIENCE_SECONDS = 20.0
SERVICES = {kind.name: f"/{kind.service}/Export" for kind in KINDS}
TYPES = {PROTOBUF: "application/x-protobuf", JSON: "application/json", SIGNAL: "application/json"}
TAKEN = {"OK", "200", "202"}
REFUSED = {"INVALID_ARGUMENT", "400", "413", "415"}
"""Nothing passing and nothing unforeseen: the same input would be refused for ever."""


class Doors(NamedTuple):
    """Clients of a running edge."""

    edge: EdgeServer
    channel: grpc.Channel
    http: httpx.Client

    @classmethod
    @contextmanager
    def of(cls, store: Store) -> Generator[Self]:
        """The edge on a loop of its own; one client a door."""
        started: asyncio.Queue[Any] = asyncio.Queue()
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever)
        thread.start()
        ended = asyncio.Event()

        async def serve() -> None:
            async with running(store) as edge:
                await started.put(edge)
                await ended.wait()

        served = asyncio.run_coroutine_threadsafe(serve(), loop)
        edge: EdgeServer = asyncio.run_coroutine_threadsafe(started.get(), loop).result(30)
        base = f"http://127.0.0.1:{edge.http_port}"
        try:
            with (
                grpc.insecure_channel(f"127.0.0.1:{edge.grpc_port}") as channel,
                httpx.Client(base_url=base, trust_env=False, timeout=PATIENCE_SECONDS) as http,
            ):
                yield cls(edge, channel, http)
        finally:
            loop.call_soon_threadsafe(ended.set)
            served.result(30)
            loop.call_soon_threadsafe(loop.stop)
            thread.join(30)
            loop.close()

    def send(self, case: Case) -> str:
        """What the edge says to it."""
        if case.door == GRPC:
            try:
                self.channel.unary_unary(SERVICES[case.kind])(case.body, timeout=PATIENCE_SECONDS)
            except grpc.RpcError as error:
                told: Any = error
                return str(told.code().name)
            return "OK"
        path = "/api/projects/p/signal" if case.door == SIGNAL else f"/v1/{case.kind}"
        headers = {"content-type": TYPES[case.door]}
        if case.encoding:
            headers["content-encoding"] = case.encoding
        return str(self.http.post(path, content=case.body, headers=headers).status_code)


def test_bad_input_is_refused_and_harms_nothing_beside_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    kept: dict[str, Case] = {}
    seen: dict[str, int] = {}
    with Store.open(f"sqlite:///{tmp_path / 'store.sqlite'}") as store, Doors.of(store) as doors:

        @settings(
            max_examples=N_CASES,
            deadline=None,
            database=None,
            print_blob=True,
            suppress_health_check=[
                HealthCheck.too_slow,
                HealthCheck.data_too_large,
                HealthCheck.large_base_example,
            ],
        )
        @given(case=cases)
        def attempt(case: Case) -> None:
            told = doors.send(case)
            assert told in TAKEN | REFUSED, told
            seen[told] = seen.get(told, 0) + 1
            if told in TAKEN and case.good is not None:
                session = case.good.attributes[0].value.string_value
                kept[session] = case

        with caplog.at_level(logging.ERROR):
            attempt()
        assert [r.getMessage() for r in caplog.records if r.name.startswith("exporter")] == []
        assert doors.edge.metrics["spans_accepted"] >= len(kept)
        for session in kept:
            (found,) = store.load_spans(SessionKey.of("default", session)).spans
            assert found.name == "good"
        _read_everything(store)
    assert len(kept) > N_CASES / 50, seen
    assert sum(n for told, n in seen.items() if told in REFUSED) > N_CASES / 10, seen


def _read_everything(store: Store) -> None:
    """What was taken can be read again."""
    for project in store.projects():
        token = ""
        while True:
            sessions, token = store.list_sessions(project, page_token=token)
            for session in sessions:
                store.load_spans(SessionKey.of(project, session.session_id))
            if not token:
                break
