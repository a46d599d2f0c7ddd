"""Inspection of the real edge and store, by the command line and by reflection as grpcurl does it."""

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

from tests.integration.edge_process import EdgeProcess
from tests.integration.test_import import line, span_json

SERVICE = "exporter.rpc.v1.StatusService"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Generator[EdgeProcess]:
    """An edge that holds 25 sessions and two signals."""
    folder = tmp_path_factory.mktemp("inspect")
    spans, signals = folder / "spans.jsonl", folder / "signals.jsonl"
    spans.write_text("\n".join(line(span_json(i, f"s{i:02}")) for i in range(1, 26)))
    signal = {"kind": "feedback", "source": "human", "score": 0, "trigger_name": "thumbs"}
    lines = [signal | {"session_id": "s01"}, signal | {"session_id": "later"}]
    signals.write_text("\n".join(json.dumps(one) for one in lines))
    with EdgeProcess(folder) as process:
        done = process.cli("import", str(spans), "--signals", str(signals), "--project", "shop")
        assert done.returncode == 0, done.stderr
        yield process


def ask(edge: EdgeProcess, *arguments: str) -> Any:
    """JSON of a command."""
    done = edge.cli(*arguments, "--project", "shop", "--format", "json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def serialize(message: Message) -> bytes:
    """What a generated stub would do."""
    return message.SerializeToString()


class Reflected:
    """A client that knows nothing but the server's address."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._channel = channel
        self._pool = DescriptorPool(ProtoReflectionDescriptorDatabase(channel))

    def call(self, method: str, **fields: Any) -> dict[str, Any]:
        """One unary call with fields by name."""
        found = self._pool.FindServiceByName(SERVICE).FindMethodByName(method)
        call: Any = self._channel.unary_unary(
            f"/{SERVICE}/{method}",
            request_serializer=serialize,
            response_deserializer=GetMessageClass(found.output_type).FromString,
        )
        answer = call(GetMessageClass(found.input_type)(**fields))
        return MessageToDict(answer, preserving_proto_field_name=True)


@pytest.fixture(scope="module")
def reflected(edge: EdgeProcess) -> Generator[Reflected]:
    """A client by reflection."""
    with grpc.insecure_channel(f"127.0.0.1:{edge.grpc_port}") as channel:
        yield Reflected(channel)


def test_reflection_names_the_service(edge: EdgeProcess) -> None:
    with grpc.insecure_channel(f"127.0.0.1:{edge.grpc_port}") as channel:
        names = set(ProtoReflectionDescriptorDatabase(channel).get_services())
    wanted = {SERVICE, "grpc.health.v1.Health"}
    assert wanted | {"opentelemetry.proto.collector.trace.v1.TraceService"} <= names


def test_pages_by_reflection(reflected: Reflected) -> None:
    seen: list[str] = []
    token = ""
    for _ in range(4):
        page = reflected.call("ListSessions", project="shop", page_size=9, page_token=token)
        seen += [s["session_id"] for s in page["sessions"] if s.get("n_spans")]
        token = page.get("next_page_token", "")
        if not token:
            break
    assert sorted(seen) == [f"s{i:02}" for i in range(1, 26)]
    assert token == ""


def test_counts_are_numbers_by_reflection(reflected: Reflected) -> None:
    coverage = reflected.call("GetCoverage", project="shop")
    assert coverage["received"] == 25
    assert reflected.call("GetProgress", project="shop")["n_sessions_waiting"] == 25
    assert reflected.call("ListProjects") == {"projects": ["shop"]}


def test_errors_by_reflection(reflected: Reflected) -> None:
    for method, fields, code, words in (
        ("ListSessions", {"page_token": "!"}, grpc.StatusCode.INVALID_ARGUMENT, "page token"),
        ("ListFindings", {"page_token": "MQ"}, grpc.StatusCode.INVALID_ARGUMENT, "page token"),
        ("GetSession", {"session_id": "s01"}, grpc.StatusCode.NOT_FOUND, "in project shop"),
        ("GetFinding", {"project": "shop", "id": "x"}, grpc.StatusCode.NOT_FOUND, "no finding x"),
        ("GetCluster", {"project": "no", "id": "x"}, grpc.StatusCode.NOT_FOUND, "projects: shop"),
    ):
        with pytest.raises(grpc.RpcError) as caught:
            reflected.call(method, **fields)
        error: Any = caught.value
        assert (error.code(), words in error.details()) == (code, True), (method, error.details())


def test_sessions_and_their_signals(edge: EdgeProcess) -> None:
    listed = ask(edge, "sessions", "list", "--state", "waiting")
    assert len([s for s in listed if s["n_spans"]]) == 25
    shown = ask(edge, "sessions", "show", "s01")
    assert shown["state"] == "waiting"
    assert shown["steps"] == []
    assert [s["trigger_name"] for s in shown["signals"]] == ["thumbs"]
    page = edge.cli("sessions", "show", "s01", "--project", "shop").stdout
    assert "Not analysed yet" in page


def test_coverage_adds_up(edge: EdgeProcess) -> None:
    found = ask(edge, "coverage")
    parts = found["analysed"] + found["waiting"] + found["failed"]
    assert found["received"] == parts + sum(found["skipped"].values()) == 25
    assert found["waiting_for_spans"] == 1


def test_nothing_found_says_what_was_looked_at(edge: EdgeProcess) -> None:
    done = edge.cli("findings", "list", "--project", "shop")
    assert (done.returncode, done.stdout) == (0, "")
    assert "25 sessions received, 0 analysed, 25 waiting" in done.stderr
    elsewhere = edge.cli("findings", "list")
    assert "default has received nothing. Projects that have: shop" in elsewhere.stderr


def test_wait_runs_out_of_time(edge: EdgeProcess) -> None:
    done = edge.cli("wait", "--project", "shop", "--timeout", "1s")
    assert done.returncode == 3
    assert "shop: 25 sessions to analyse; not settled within 1 s" in done.stderr
    assert edge.cli("wait", "--project", "empty", "--timeout", "1s").returncode == 0


def test_export_into_a_file(edge: EdgeProcess, tmp_path: Path) -> None:
    target = tmp_path / "all.jsonl"
    done = edge.cli("export", "--canonical", "--output", str(target))
    assert done.returncode == 0, done.stderr
    assert target.read_text() == edge.cli("export", "--canonical").stdout
    assert edge.cli("export").returncode == 2
