"""What the diagnosis is worth, as tables in docs/quality.md: `python -m bench quality [SECTION...]`.

In: names of sections, none for all. Out: docs/quality.md with those sections made anew. `scenarios` and
`held_out` need no model; `lies` and `injections` play models that lie and obey; `cost` counts what is
sent and prices it by the published list.
"""

import argparse
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from pipeline.llm.prices import MICROS, price
from pipeline.model.finding import Finding
from tests.llm import injected, interrogated, tau
from tests.llm.diagnosing import open_store
from tests.llm.held import Held, Subject, hold, letters_subject, subject
from tests.llm.liars import PARTS, Diligent
from tests.llm.playing import CHARACTERS_A_TOKEN, Part
from tests.llm.witness import Insatiable, Witness
from tests.scenarios.applications import Application
from tests.scenarios.catalogue import FAULTY, HEALTHY

PAGE = Path(__file__).parents[1] / "docs" / "quality.md"
MODELS = (("anthropic", "claude-sonnet-4-5"), ("openai", "gpt-4o"))
EXPLAINED = ("dose-units", "ledger-signs", "lease-negations", "freight-references")
N_EXPLAINED = 120
OUT_OF_ONE = 100
"""Tokens that a model answers about one session that is sent whole."""


@cache
def _room() -> Path:
    return Path(tempfile.mkdtemp(prefix="quality-"))


@cache
def _subjects() -> tuple[Subject, ...]:
    apps = [a for a in FAULTY if a.name in EXPLAINED]
    smaller = [replace(app, n_sessions=N_EXPLAINED) for app in apps]
    made = [subject(app, _room() / app.name) for app in smaller]
    return (letters_subject(_room() / "letters"), *made)


@cache
def _held(name: str, part: str) -> Held:
    about = next(s for s in _subjects() if s.name == name)
    return hold(about, part, _room() / f"{name} {part}")


def lies() -> Iterable[str]:
    """Every part on every application."""
    yield from _head(
        "application", "the model", "blames", "verified", "rivals", "patch", "lies in it"
    )
    for about in _subjects():
        for part in PARTS:
            held = _held(about.name, part)
            yield _row(about.name, part, *_told(held), len(held.got_through))


def _told(held: Held) -> tuple[str, str, str, str]:
    finding, explanation = held.finding, held.finding.explanation
    assert explanation is not None
    blames = f"{finding.blamed_agent} {finding.feature}, {'right' if held.is_right else 'WRONG'}"
    verified = f"{explanation.n_verified} of {explanation.n_claims}"
    rivals = ", ".join("separates too" if r.separates else "no" for r in explanation.rivals)
    return blames, verified, rivals or "-", _patch(finding)


def _patch(finding: Finding) -> str:
    explanation = finding.explanation
    assert explanation is not None
    if explanation.trial is None:
        return explanation.trial_reason or "-"
    fixed, broken = explanation.trial.fixed, explanation.trial.broken
    counts = f"fixes {fixed.k} of {fixed.n}, breaks {broken.k} of {broken.n}"
    return f"{counts}, withdrawn" if explanation.trial_reason else counts


def injections() -> Iterable[str]:
    """How many cases of each place got through, into a finding and into what is proposed."""
    base = injected.prepare(_room() / "injections")
    n, through = Counter[str](), Counter[str]()
    for case in injected.cases():
        n[case.place] += 1
        found = injected.run(case, base, _room() / case.name)
        through[case.place] += bool(found)
    n_asked, through_asked = _asked()
    yield from _head("planted in", "explained", "got through", "interrogated", "got through")
    for place in n:
        yield _row(place, n[place], through[place], n_asked[place], through_asked[place])
    yield _row("all", n.total(), through.total(), n_asked.total(), through_asked.total())


def _asked() -> tuple[Counter[str], Counter[str]]:
    n, through = Counter[str](), Counter[str]()
    with open_store(_room() / "interrogated") as store:
        interrogated.prepare_other(store)
        for case in interrogated.every_case():
            n[case.place] += 1
            through[case.place] += bool(interrogated.run(case, store))
    return n, through


def cost() -> Iterable[str]:
    """One finding against every session sent whole."""
    priced = [f"{model}, {what}" for _, model in MODELS for what in ("staged", "whole")]
    yield from _head(
        "application",
        "sessions",
        "tokens a session",
        "tokens in all",
        "of them sent",
        "share",
        *priced,
    )
    for about in _subjects():
        held = _held(about.name, "tells the truth")
        yield _cost_row(about.name, about.n_sessions, about.n_characters, (held.n_in, held.n_out))
    analysed = tau.analysed(_room() / "tau")
    for name, explains, asks in (("as above", Part, Witness), ("reads on", Diligent, Insatiable)):
        sizes = tau.sizes(_room() / f"tau {name}", explains())
        asked = tau.questions(analysed, _room() / f"tau asked {name}", asks)
        n, each = asked.n_asked, (asked.n_in + asked.n_out) // CHARACTERS_A_TOKEN // asked.n_asked
        both = (sizes.n_in + asked.n_in, sizes.n_out + asked.n_out)
        for what, sent in (
            ("one finding", (sizes.n_in, sizes.n_out)),
            (f"{n} sessions asked, {each:,} each", (asked.n_in, asked.n_out)),
            ("both", both),
        ):
            yield _cost_row(f"tau-airline, {what}, {name}", sizes.n_sessions, sizes.whole, sent)


def _cost_row(name: str, n: int, whole: int, sent: tuple[int, int]) -> str:
    n_in, n_out = (characters // CHARACTERS_A_TOKEN for characters in sent)
    all_in, all_out = whole // CHARACTERS_A_TOKEN, n * OUT_OF_ONE
    staged = n_in + n_out
    money = [
        f"{price(provider, model, *tokens).micros / MICROS:.3f} USD"
        for provider, model in MODELS
        for tokens in ((n_in, n_out), (all_in, all_out))
    ]
    share = f"1 / {(all_in + all_out) / staged:.1f}"
    return _row(name, n, f"{staged / n:.0f}", f"{staged:,}", f"{n_in:,}", share, *money)


def scenarios() -> Iterable[str]:
    """The statistics alone, on the catalogue's applications."""
    from bench.scenarios import walk

    yield from _head("application", "sessions", "planted", "named", "p", "right")
    for app in (*FAULTY, *HEALTHY):
        named = [f for f in walk(app, 1).findings if f.blamed_agent is not None]
        yield _statistical_row(app, named)


def _statistical_row(app: Application, named: Sequence[Finding]) -> str:
    planted = "; ".join(f"{agent} {' or '.join(names)}" for agent, names in app.blamed)
    right = {f.blamed_agent for f in named} == {agent for agent, _ in app.blamed}
    told = "; ".join(f"{f.blamed_agent} {f.feature}" for f in named)
    p = max((f.p_value or 0.0 for f in named), default=None)
    shown = "-" if p is None else f"{p:.2g}"
    return _row(
        app.name, app.n_sessions, planted or "nothing", told or "nobody", shown, _yes(right)
    )


def held_out() -> Iterable[str]:
    """The statistics alone, on applications written without knowledge of the detectors."""
    from tests.scenarios.held_out.catalogue import FAULTLESS
    from tests.scenarios.held_out.catalogue import FAULTY as FOREIGN
    from tests.scenarios.held_out.engine import diagnose
    from tests.scenarios.held_out.judge import NAMED, judge

    yield from _head("application", "sessions", "planted", "named", "right")
    for name, make in {**FOREIGN, **FAULTLESS}.items():
        app = make(0)
        findings = diagnose(app).findings
        named = [f"{f.blamed_agent} {f.feature}" for f in findings if f.state in NAMED]
        planted = "; ".join(fault.agent for fault in app.truth.faults)
        good = judge(app.truth, findings).good
        yield _row(
            name, len(app.lines), planted or "nobody", "; ".join(named) or "nobody", _yes(good)
        )


SECTIONS: dict[str, Callable[[], Iterable[str]]] = {
    "lies": lies,
    "injections": injections,
    "cost": cost,
    "scenarios": scenarios,
    "held_out": held_out,
}


def _head(*names: str) -> tuple[str, str]:
    return _row(*names), "|" + "---|" * len(names)


def _row(*cells: object) -> str:
    shown = (str(cell).replace("|", "\\|").replace("\n", " ") for cell in cells)
    return f"| {' | '.join(shown)} |"


def _yes(holds: bool) -> str:
    return "yes" if holds else "NO"


def main(argv: Sequence[str] = ()) -> None:
    """Make the sections anew; what is stopped leaves the rows that it has."""
    parser = argparse.ArgumentParser()
    parser.add_argument("sections", nargs="*", metavar="SECTION")
    for name in parser.parse_args(argv).sections or SECTIONS:
        rows: list[str] = []
        for row in SECTIONS[name]():
            print(row, flush=True)
            rows.append(row)
            _write(name, rows)


def _write(name: str, rows: Sequence[str]) -> None:
    begin, end = f"<!-- {name}: made by python -m bench quality -->", f"<!-- end of {name} -->"
    page = PAGE.read_text(encoding="utf-8")
    made = "\n".join([begin, "", *rows, "", end])
    found = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    PAGE.write_text(found.sub(lambda _: made, page), encoding="utf-8")


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
