"""`kelet-sidecar delete`: nothing of it is left, in no file; the rest stays."""

from pathlib import Path

import pytest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from typer.testing import CliRunner

from exporter.cli.app import build
from exporter.decode import decode
from pipeline.store import Store
from tests.store.storekit import signal
from tests.unit.otlp import request

pytestmark = pytest.mark.slow

CANARY = "canary-4711"


def spoken(number: int, session: str, user: str, text: str) -> Span:
    """A span of a session, in which a user says something."""
    said = {"session.id": session, "user.id": user, "gen_ai.prompt": text}
    return Span(
        trace_id=number.to_bytes(16, "big"),
        span_id=number.to_bytes(8, "big"),
        name="chat",
        start_time_unix_nano=number,
        end_time_unix_nano=number + 1,
        attributes=[KeyValue(key=k, value=AnyValue(string_value=v)) for k, v in said.items()],
    )


def fill(url: str) -> None:
    """Three sessions of two users."""
    spans = (
        spoken(1, "s1", "bob", CANARY * 50),
        spoken(2, "s2", "bob", CANARY),
        spoken(3, "s3", "eve", "hello"),
    )
    body = request(*spans).SerializeToString()
    with Store.open(url) as store:
        store.submit_spans(decode(body, project="p").chunks).result(30)
        store.commit_signals([signal(f"i-{CANARY}", session="s1")])


def delete(folder: Path, *arguments: str, answer: str = "") -> str:
    """Run the command; all that it printed."""
    given = ["delete", *arguments, "--data-dir", str(folder)]
    done = CliRunner().invoke(build(), given, input=answer)
    assert done.exit_code == 0, done.output
    return done.output


def left(folder: Path) -> list[str]:
    """Files that still hold the words."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path.name for path in files if CANARY.encode() in path.read_bytes()]


def test_a_user_is_deleted_to_the_last_byte(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'kelet.db'}"
    fill(url)
    assert left(tmp_path)
    told = delete(tmp_path, "--user", "bob", answer="y\n")
    assert "2  sessions" in told
    assert "1  signals" in told
    assert left(tmp_path) == []
    with Store.open(url) as store:
        assert [one.session_id for one in store.list_sessions("")[0]] == ["s3"]


def test_a_session_is_deleted_and_nothing_else(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'kelet.db'}"
    fill(url)
    assert "1  sessions" in delete(tmp_path, "--session", "s1", "--project", "p", "--yes")
    assert "nothing to delete" in delete(tmp_path, "--session", "never", "--yes")
    with Store.open(url) as store:
        assert [one.session_id for one in store.list_sessions("")[0]] == ["s2", "s3"]
