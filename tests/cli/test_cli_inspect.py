"""The inspection commands against the real service on a store in memory."""

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any

import grpc
import pytest
from rich.console import Console

from exporter.cli.render_session import session_page
from exporter.rpc.v1 import status_pb2 as pb
from exporter.rpc.v1 import status_pb2_grpc
from exporter.status_convert import SessionView
from pipeline.model.coverage import Progress
from pipeline.model.session import SessionState
from tests.cli.status_server import run, serving
from tests.memory_store import MemoryStore
from tests.samples import CLUSTER, FINDING, NO_CAUSE, PROJECT, SESSION

GOLDEN = Path(__file__).parents[1] / "golden"
SESSION_FIELDS = [
    "session_id",
    "project",
    "verdict",
    "confidence",
    "verdict_sources",
    "state",
    "reason",
    "version",
    "analysed_version",
    "n_spans",
    "agents",
    "first_seen",
    "last_seen",
]
COVERAGE_FIELDS = [
    "received",
    "analysed",
    "waiting",
    "failed",
    "skipped",
    "below_gate",
    "waiting_for_spans",
    "waiting_for_budget",
    "other_agents",
]


@pytest.fixture(scope="module")
def store() -> MemoryStore:
    """What the server reads."""
    return MemoryStore()


@pytest.fixture(scope="module")
def endpoint(store: MemoryStore) -> Generator[str]:
    """A server for all tests of this file."""
    with serving(store) as address:
        yield address


def ask(endpoint: str, *arguments: str) -> Any:
    """The JSON that a command prints."""
    result = run(*arguments, "--project", PROJECT, "--format", "json", "--endpoint", endpoint)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_finding_is_the_golden_json(endpoint: str) -> None:
    found = ask(endpoint, "findings", "show", FINDING.id)
    golden = json.loads((GOLDEN / "finding.json").read_text())
    assert found == golden
    assert list(found)[: len(golden)] == list(golden), "fields are only added at the end"
    assert list(found["healthy"]) == ["confirmed_n", "presumed_n", "k", "n", "low", "high"]


def test_what_is_not_known_is_null(endpoint: str) -> None:
    found = ask(endpoint, "findings", "show", NO_CAUSE.id)
    for field in ("trigger", "blamed_agent", "blamed_step", "feature", "p_value", "prompt_patch"):
        assert found[field] is None
    assert found["prompt_patch_reason"] == "nobody is blamed"
    assert found["basis"] == "none"


def test_sessions_have_the_fields_of_the_contract(endpoint: str) -> None:
    listed = ask(endpoint, "sessions", "list")
    assert [list(s)[: len(SESSION_FIELDS)] for s in listed] == [SESSION_FIELDS] * len(listed)
    assert listed[0]["verdict"] == "failing"
    assert listed[0]["verdict_sources"] == ["human"]
    assert listed[0]["first_seen"] == "2026-01-02T03:04:05.678000Z"
    shown = ask(endpoint, "sessions", "show", "call-017")
    assert list(shown)[: len(SESSION_FIELDS)] == SESSION_FIELDS
    assert shown["steps"][0]["agent"] == "transcript-summarizer"
    assert shown["votes"][0]["negative"] is True
    assert shown["traits"][0]["name"] == "handoff.order"
    assert shown["signals"][0]["metadata"] == {"page": 7, "tags": ["a"]}
    assert shown["signals"][0]["timestamp"] == 1767323045678000123


def test_filters_and_limits(endpoint: str) -> None:
    assert len(ask(endpoint, "sessions", "list")) == 6
    assert len(ask(endpoint, "sessions", "list", "--verdict", "failing")) == 1
    assert len(ask(endpoint, "sessions", "list", "--state", "skipped")) == 1
    assert len(ask(endpoint, "sessions", "list", "--limit", "4")) == 4
    assert len(ask(endpoint, "findings", "list", "--state", "open")) == 1
    assert ask(endpoint, "clusters", "list", "--gate", "below_gate") == []
    assert ask(endpoint, "clusters", "list")[0]["id"] == CLUSTER.id


def test_lists_are_paged_through(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exporter.cli.client.PAGE_SIZE", 2)
    assert len({s["session_id"] for s in ask(endpoint, "sessions", "list")}) == 6


def test_coverage(endpoint: str) -> None:
    found = ask(endpoint, "coverage")
    assert list(found) == COVERAGE_FIELDS
    parts = found["analysed"] + found["waiting"] + found["failed"]
    assert found["received"] == parts + sum(found["skipped"].values())


def test_page_of_a_finding(endpoint: str) -> None:
    page = run("findings", "show", FINDING.id, "--project", PROJECT, "--endpoint", endpoint).stdout
    words = " ".join(page.split())
    for expected in (
        FINDING.title,
        "Blamed: transcript-summarizer",
        "Shows at: claim-scorer",
        "consistent with",
        "44 of 52 = 85 %",
        "31 confirmed, 217 presumed",
        "among the 214 features tried",
        "✓ call-017 · span 00f067aa0ba902b7 · gen_ai.output.messages/0/parts/0/content",
        "+Do not regroup it.",
        f"sessions show call-017 --project {PROJECT} --endpoint {endpoint}",
    ):
        assert expected in words, expected
    assert "\x1b" not in page, "a quote must not steer the terminal"
    assert r"\x1b[31mred" in page


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (("coverage",), "skipped"),
        (("sessions", "list"), "call-017"),
        (("sessions", "show", "call-017"), "4 of 9 shared items"),
        (("clusters", "list"), "c0ffee"),
        (("clusters", "show", "c0ffee"), "handoff.order is at least 0.4"),
        (("findings", "list"), "nobody"),
    ],
)
def test_tables(endpoint: str, command: tuple[str, ...], expected: str) -> None:
    result = run(*command, "--project", PROJECT, "--endpoint", endpoint)
    assert result.exit_code == 0, result.output
    assert expected in result.stdout


def test_environment_names_project_and_endpoint(endpoint: str) -> None:
    named = {"KELET_PROJECT": PROJECT, "KELET_ENDPOINT": endpoint}
    assert "call-017" in run("sessions", "list", environment=named).stdout


def test_empty_results_say_what_there_is(endpoint: str) -> None:
    nothing = run("findings", "list", "--project", "typo", "--endpoint", endpoint)
    assert nothing.exit_code == 0
    assert "typo has received nothing. Projects that have: claims, other" in nothing.stderr
    narrow = ("findings", "list", "--project", PROJECT, "--state", "dismissed")
    found = run(*narrow, "--endpoint", endpoint)
    assert "6 sessions received, 5 analysed, 0 waiting, 0 failed, 1 skipped" in found.stderr


def test_names_are_no_markup(endpoint: str) -> None:
    odd = "[/bold] :fire: \x1b[31m"
    for command in (("coverage",), ("findings", "list"), ("wait",)):
        result = run(*command, "--project", odd, "--endpoint", endpoint)
        assert result.exit_code == 0, result.exception
        assert r"[/bold] :fire: \x1b[31m" in result.output


def test_what_does_not_exist(endpoint: str) -> None:
    elsewhere = run("sessions", "show", "call-002", "--project", "other", "--endpoint", endpoint)
    assert elsewhere.exit_code == 1
    assert elsewhere.stderr == "no session call-002 in project other; it is in project claims\n"
    unknown = run("findings", "show", "nope", "--project", "typo", "--endpoint", endpoint)
    assert unknown.exit_code == 1
    assert "project typo has received nothing; projects: claims, other" in unknown.stderr


def test_nobody_there() -> None:
    result = run("coverage", "--endpoint", "127.0.0.1:1")
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1
    assert "kelet-sidecar dev" in result.stderr


def test_store_down(endpoint: str, store: MemoryStore) -> None:
    store.down = True
    try:
        result = run("coverage", "--endpoint", endpoint)
    finally:
        store.down = False
    assert result.exit_code == 2
    assert "the store does not answer" in result.stderr


def test_bad_page_token_is_an_invalid_argument(endpoint: str) -> None:
    with grpc.insecure_channel(endpoint) as channel:
        stub: Any = status_pb2_grpc.StatusServiceStub(channel)
        with pytest.raises(grpc.RpcError) as caught:
            stub.ListSessions(pb.ListSessionsRequest(page_token="not ours"))
    error: Any = caught.value
    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_wait_ends_when_settled_or_when_time_is_over(endpoint: str, store: MemoryStore) -> None:
    busy = Progress(n_sessions_waiting=2, n_agents_dirty=1, n_investigations_open=0)
    done = store.progresses[0]
    store.progresses = [busy, done]
    settled = run("wait", "--project", PROJECT, "--timeout", "10s", "--endpoint", endpoint)
    assert settled.exit_code == 0, settled.output
    assert "2 sessions to analyse, 1 agents to aggregate" in settled.stderr
    assert "settled. 6 sessions received, 5 analysed" in settled.stderr
    store.progresses = [busy]
    late = run("wait", "--project", PROJECT, "--timeout", "0.3s", "--endpoint", endpoint)
    store.progresses = [done]
    assert late.exit_code == 3
    assert "not settled within 0.3 s" in late.stderr


def test_session_without_steps_says_why() -> None:
    told = {
        SessionState.WAITING: "Not analysed yet",
        SessionState.SKIPPED: "skipped: no_agent_steps",
        SessionState.FAILED: "The analysis failed",
        SessionState.MERGED: "belong to another session",
    }
    for state, words in told.items():
        reason = "no_agent_steps" if state is SessionState.SKIPPED else ""
        session = SESSION.model_copy(update={"state": state, "reason": reason})
        console = Console(width=120)
        with console.capture() as page:
            console.print(session_page(SessionView(session=session)))
        assert words in page.get()
        assert ("`wait` returns" in page.get()) is (state is SessionState.WAITING)


def test_export_into_a_folder_that_is_not_there(endpoint: str, tmp_path: Path) -> None:
    target = tmp_path / "no" / "export.jsonl"
    result = run("export", "--canonical", "--endpoint", endpoint, "--output", str(target))
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert str(target) in result.stderr


def test_canonical_export(endpoint: str, tmp_path: Path) -> None:
    printed = run("export", "--canonical", "--project", PROJECT, "--endpoint", endpoint).stdout
    lines = [json.loads(line) for line in printed.splitlines()]
    assert [line["i"] for line in lines] == list(range(200))
    target = tmp_path / "export.jsonl"
    every = run("export", "--canonical", "--output", str(target), "--endpoint", endpoint)
    assert every.exit_code == 0, every.output
    assert json.loads(target.read_text().splitlines()[0])["project"] is None
    assert [f.name for f in tmp_path.iterdir()] == ["export.jsonl"]
