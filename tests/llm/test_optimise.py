"""The search for a better patch: it finds one, spends no more than it may, and changes nothing unasked."""

import asyncio
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from pydantic_ai.models.function import FunctionModel
from typer.testing import CliRunner

from exporter.cli.app import app, build
from pipeline.conventions.steps import read_steps
from pipeline.errors import BadRequest, BudgetExhausted
from pipeline.investigation.contracts import InvestigateInput
from pipeline.investigation.explanation.contracts import Reading
from pipeline.investigation.optimisation import search
from pipeline.investigation.optimisation.bench import Bench
from pipeline.investigation.optimisation.contracts import Material, Optimised
from pipeline.investigation.optimisation.material import material
from pipeline.investigation.optimisation.purse import Purse
from pipeline.investigation.patch import other_lines
from pipeline.investigation.trial.requests import added_lines, last_call
from pipeline.llm.account import Account
from pipeline.llm.door import Door, open_door
from pipeline.llm.settings import ModelSettings
from pipeline.model.finding import Finding
from pipeline.model.session import SessionKey
from pipeline.signals.enrich import enrich
from pipeline.store import Store
from tests.llm.diagnosing import LIMITS, analyse, copied, diagnose, feed, open_store
from tests.llm.improving import BETTER, RECORDED, Summarizer, Useless, letter_in
from tests.llm.letters import letters

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

PROJECT = "shop"
SCRIPTED = "scripted:tests.llm.improving:improving"
build()


class Ready(NamedTuple):
    """A store with a finding of one's own."""

    store: Store
    finding: Finding
    material: Material


@pytest.fixture(scope="module")
def diagnosed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finding whose patch mends half of what fails."""
    folder = tmp_path_factory.mktemp("optimise") / "first"
    sent = letters(PROJECT)
    with open_store(folder) as store:
        feed(store, PROJECT, sent)
        for name in sent.session_ids:
            spans = store.load_spans(SessionKey.of(PROJECT, name), max_spans=LIMITS.max_spans).spans
            call = last_call(read_steps(spans), "summarizer")
            assert call is not None
            letter = letter_in(m.content.text for m in call.inputs)
            RECORDED[letter] = call.outputs[-1].content.text
        diagnose(store, analyse(store, PROJECT, sent), Summarizer())
    open_door(None)
    return folder


@pytest.fixture
def ready(diagnosed: Path, tmp_path: Path) -> Iterator[Ready]:
    with copied(diagnosed, tmp_path / "own") as store:
        (finding,) = [f for f in store.list_findings(PROJECT)[0] if f.blamed_agent]
        yield Ready(store, finding, material(store, finding, limits=LIMITS))
    open_door(None)


def optimised(
    one: Ready,
    part: Summarizer,
    max_requests: int = 1_000,
    seen: Callable[[Purse], None] | None = None,
    daily_tokens: int = 5_000_000,
) -> tuple[Optimised, Purse]:
    """As the command does it; `seen` is called with each sign of progress."""
    purse = Purse(one.store, max_micros=1_000_000, max_requests=max_requests)
    work = InvestigateInput(
        project=PROJECT, cluster_id=one.finding.cluster_id, revision=one.finding.revision
    )
    reading = Reading(work=work, account=Account(project=PROJECT, purpose="optimise/x"))
    settings = ModelSettings(model=SCRIPTED, daily_tokens=daily_tokens)
    open_door(Door(settings, purse, FunctionModel(part)))
    with asyncio.Runner() as runner:
        bench = Bench(runner, reading, one.material, lambda s: enrich(s, ()).detections)
        write = search.writer(runner, reading, one.material)

        def show(_what: str, _best: float) -> None:
            if seen is not None:
                seen(purse)

        result = search.optimise(one.material, bench, purse, write, show)
    return result, purse


def test_it_finds_better_lines_and_measures_them_on_sessions_it_has_not_seen(ready: Ready) -> None:
    part = Summarizer()
    result, purse = optimised(ready, part)
    assert result.lines == (BETTER,)
    assert result.ended == "every training session passes"
    assert 0 < result.before.fixed.k < result.before.fixed.n
    assert result.after is not None
    assert result.after.fixed.k == result.after.fixed.n == result.before.fixed.n
    assert result.after.broken.k == 0 < result.after.broken.n
    unseen = {letter_in(m.text for m in r.messages) for r in ready.material.test}
    assert not any(text in shown for text in unseen for shown in part.shown)
    assert purse.n_requests == part.n_asked
    assert ready.store.get_finding(PROJECT, ready.finding.id) == ready.finding


def test_another_run_pays_nothing_again(ready: Ready) -> None:
    first, _ = optimised(ready, Summarizer())
    again = Summarizer()
    assert optimised(ready, again)[0] == first
    assert again.n_asked == 0


def test_it_makes_no_request_more_than_it_may_and_still_measures(ready: Ready) -> None:
    part = Useless()
    needed = 2 * len(ready.material.test) + 2 * len(ready.material.train)
    result, purse = optimised(ready, part, max_requests=needed + 4 + len(ready.material.test))
    assert purse.n_requests == part.n_asked <= needed + 4 + len(ready.material.test)
    assert "requests" in result.ended
    assert result.lines == ready.material.lines
    with pytest.raises(BadRequest, match="too small a budget"):
        optimised(Ready(ready.store, ready.finding, _renamed(ready.material)), Useless(), 3)


def _renamed(known: Material) -> Material:
    """The same questions under a prompt that was never asked."""
    test = tuple(r.model_copy(update={"old_prompt": f"{r.old_prompt} "}) for r in known.test)
    return known._replace(test=test)


def test_it_ends_where_nothing_better_is_found(ready: Ready) -> None:
    result, _ = optimised(ready, Useless())
    assert result.ended == "nothing better was found for a while"
    assert result.lines == ready.material.lines
    assert result.after is None


def test_a_stop_ends_it_with_what_there_is(ready: Ready) -> None:
    result, _ = optimised(ready, Useless(), seen=Purse.stop)
    assert result.ended == "stopped"
    assert result.before.fixed.n > 0


def test_the_command_shows_it_and_keeps_it_only_when_asked(
    ready: Ready, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KELET_MODEL", SCRIPTED)
    command = ["findings", "optimise", ready.finding.id, "-p", PROJECT]
    command += ["--data-dir", str(tmp_path / "own")]
    shown = CliRunner().invoke(app, command)
    assert shown.exit_code == 0, shown.output
    assert f"+{BETTER}" in shown.output
    assert "the best one" in shown.output
    assert "(95 %: " in shown.output
    assert ready.store.get_finding(PROJECT, ready.finding.id) == ready.finding
    assert CliRunner().invoke(app, [*command, "--keep"]).exit_code == 0
    kept = ready.store.get_finding(PROJECT, ready.finding.id)
    assert kept is not None
    assert kept.prompt_patch is not None
    assert f"+{BETTER}" in kept.prompt_patch.diff
    assert kept.explanation is not None
    assert kept.explanation.trial is not None
    assert kept.explanation.trial.broken.k == 0
    monkeypatch.delenv("KELET_MODEL")
    refused = CliRunner().invoke(app, command)
    assert refused.exit_code == 1
    assert "set KELET_MODEL" in refused.output


def test_ctrl_c_ends_the_command_cleanly(
    ready: Ready, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KELET_MODEL", "scripted:tests.llm.improving:interrupting")
    command = ["findings", "optimise", ready.finding.id, "-p", PROJECT]
    before = signal.getsignal(signal.SIGINT)
    ended = CliRunner().invoke(app, [*command, "--data-dir", str(tmp_path / "own")])
    assert ended.exit_code == 0, ended.output
    assert "the search ended: stopped." in ended.output
    assert "the finding's patch  fixes" in ended.output
    assert signal.getsignal(signal.SIGINT) is before


def test_a_spent_day_ends_it_and_leaves_nothing_waiting(ready: Ready) -> None:
    with pytest.raises(BudgetExhausted, match="KELET_MODEL_DAILY_TOKENS"):
        optimised(ready, Useless(), daily_tokens=5_000)
    assert ready.store.coverage(PROJECT).waiting_for_budget == 0


def test_other_lines_take_the_place_of_the_first(ready: Ready) -> None:
    patch = other_lines(ready.material.patch, ["One.", "Two."])
    rows = patch.diff.splitlines()
    assert [row for row in rows[2:] if row.startswith("+")] == ["+One.", "+Two."]
    assert rows[2].endswith(",3 @@")
    assert added_lines(patch) == ("One.", "Two.")
