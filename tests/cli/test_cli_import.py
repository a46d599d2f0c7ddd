"""The parts of an import that need no server: lines, retries, homes, the project of a signal."""

import gzip
import io
import json
import sys
from datetime import timedelta
from pathlib import Path

import grpc
import httpx
import pytest
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from rich.console import Console

from exporter.cli.homes import Homes
from exporter.cli.import_signals import read_signal_line, reason_of
from exporter.cli.read_lines import STDIN, Unreadable, read_lines, size_of
from exporter.cli.report import Report
from exporter.cli.retry import asked_pause, is_transient, retried
from pipeline.errors import BadRequest
from tests.cli.status_server import run
from tests.unit.otlp import TRACE, request, span

CODE = grpc.StatusCode
DETAILS = "grpc-status-details-bin"


def rpc_error(code: grpc.StatusCode, pause: int | None = None) -> grpc.aio.AioRpcError:
    """An error as a receiver sends it."""
    trailing = grpc.aio.Metadata()
    if pause is not None:
        detail = AnyMessage()
        detail.Pack(RetryInfo(retry_delay=Duration(seconds=pause)))
        status = Status(code=code.value[0], message="busy", details=[detail])
        trailing = grpc.aio.Metadata((DETAILS, status.SerializeToString()))
    return grpc.aio.AioRpcError(code, grpc.aio.Metadata(), trailing, "busy")


def http_error(status: int, **headers: str) -> httpx.HTTPStatusError:
    """An answer as the HTTP door sends it."""
    sent = httpx.Request("POST", "http://test/")
    named = {k.replace("_", "-"): v for k, v in headers.items()}
    answer = httpx.Response(status, headers=named, request=sent)
    return httpx.HTTPStatusError("no", request=sent, response=answer)


def test_lines_plain_and_gzip_with_their_places(tmp_path: Path) -> None:
    text = b'{"a": 1}\n\n  \n{"b": 2}'
    (tmp_path / "plain").write_bytes(text)
    (tmp_path / "named.txt").write_bytes(gzip.compress(text[:9]) + gzip.compress(text[9:]))
    for name in ("plain", "named.txt"):
        steps: list[int] = []
        lines = list(read_lines(tmp_path / name, steps.append))
        assert [(line.number, line.text.strip()) for line in lines] == [
            (1, b'{"a": 1}'),
            (4, b'{"b": 2}'),
        ]
        assert lines[1].place == f"{tmp_path / name}:4"
        assert sum(steps) == size_of([tmp_path / name])


def test_lines_of_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    packed = io.BufferedReader(io.BytesIO(gzip.compress(b"{}\n")))  # type: ignore[arg-type]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(packed))
    assert [line.place for line in read_lines(STDIN)] == ["<stdin>:1"]
    assert size_of([STDIN]) is None


def test_a_file_that_breaks_off_is_told_after_its_good_lines(tmp_path: Path) -> None:
    many = b"".join(b'{"n": %d}\n' % i for i in range(5000))
    (tmp_path / "cut.gz").write_bytes(gzip.compress(many)[:-200])
    lines = read_lines(tmp_path / "cut.gz")
    assert next(lines).text == b'{"n": 0}\n'
    with pytest.raises(Unreadable, match=r"cut\.gz:[1-9]\d{2,}: cannot be read"):
        list(lines)


@pytest.mark.parametrize(
    ("error", "transient", "pause"),
    [
        (rpc_error(CODE.UNAVAILABLE), True, None),
        (rpc_error(CODE.RESOURCE_EXHAUSTED, 3), True, 3.0),
        (rpc_error(CODE.RESOURCE_EXHAUSTED), False, None),
        (rpc_error(CODE.INVALID_ARGUMENT), False, None),
        (rpc_error(CODE.PERMISSION_DENIED), False, None),
        (http_error(503), True, None),
        (http_error(429, Retry_After="2"), True, 2.0),
        (http_error(400), False, None),
        (httpx.ConnectError("refused"), True, None),
        (httpx.UnsupportedProtocol("ftp"), False, None),
        (ValueError("other"), False, None),
    ],
)
def test_what_is_tried_again_and_when(
    error: Exception, transient: bool, pause: float | None
) -> None:
    assert is_transient(error) is transient
    assert asked_pause(error) == pause


async def test_retried_until_it_works_or_time_is_over() -> None:
    failures = [rpc_error(CODE.UNAVAILABLE), rpc_error(CODE.RESOURCE_EXHAUSTED, 0)]

    async def call() -> str:
        if failures:
            raise failures.pop()
        return "stored"

    assert await retried(call, timedelta(seconds=5)) == "stored"
    failures.extend([rpc_error(CODE.UNAVAILABLE)] * 50)
    with pytest.raises(grpc.aio.AioRpcError):
        await retried(call, timedelta(seconds=0.3))


def test_homes_follow_the_rule_of_the_receiver() -> None:
    homes = Homes("default")
    other = "1" * 32
    homes.note(request(span(2, parent=1), span(1, session__id="s1", kelet__project="shop")))
    homes.note(request(span(1, trace=other), service__name="x"))
    assert homes.projects("s1", None) == {"shop"}
    assert homes.projects(None, TRACE.upper()) == {"shop"}
    assert homes.projects(f"trace:{other}", None) == {"default"}
    assert homes.projects("unseen", None) == frozenset()
    homes.note(request(span(7, trace="2" * 32, session__id="s1", kelet__project="bank")))
    assert homes.projects("s1", None) == {"shop", "bank"}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "not JSON"),
        (b"[]", "not a JSON object"),
        (b'{"project": 5}', "project is not a name"),
        (b"\xff", "not JSON"),
    ],
)
def test_bad_signal_lines(line: bytes, reason: str) -> None:
    with pytest.raises(BadRequest, match=reason):
        read_signal_line(line)


def test_reasons_of_the_http_door() -> None:
    told = httpx.Response(400, json={"code": "bad_request", "message": "kind is required"})
    assert reason_of(told) == "HTTP 400: kind is required"
    assert reason_of(httpx.Response(502, text="<html>")) == "HTTP 502"


def test_report_tells_each_problem_on_a_line() -> None:
    out = io.StringIO()
    report = Report(console=Console(file=out, width=40))
    report.problem("a.jsonl:3", "x" * 100 + "\x1b[31m")
    report.n_spans = 1234
    assert out.getvalue() == f"a.jsonl:3: {'x' * 100}\\x1b[31m\n"
    assert report.counts() == "1,234 spans, 0 signals, 1 problems"


def test_import_needs_something_and_a_sidecar(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("import").exit_code == 2
    assert run("import", str(tmp_path / "missing")).exit_code == 2
    monkeypatch.setattr("exporter.cli.import_run.STARTING", timedelta(milliseconds=100))
    (tmp_path / "a.jsonl").write_text(json.dumps({"resourceSpans": []}))
    nobody = run("import", str(tmp_path / "a.jsonl"), "--endpoint", "127.0.0.1:1")
    assert nobody.exit_code == 2
    assert "no sidecar answers at 127.0.0.1:1" in nobody.stderr
