"""Runs the applications through the pure stages and prints what was found beside what was planted.

In: names of applications (all by default), seeds. Out: a table; `--write DIR` writes the lines for
`kelet-sidecar import` instead. Usage: `python -m tests.scenarios.held_out.run [NAME...]`.
"""

import argparse
import json
import time
from pathlib import Path

from pipeline.model.finding import Finding
from tests.scenarios.held_out.catalogue import FAULTLESS, FAULTY
from tests.scenarios.held_out.engine import Outcome, diagnose
from tests.scenarios.held_out.judge import Judgement, judge
from tests.scenarios.held_out.truth import Application


def main() -> int:
    """The command; its exit status says whether every judgement is good."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seeds", type=int, default=1, help="so many seeds from --seed on")
    parser.add_argument("--write", type=Path, metavar="DIR")
    parser.add_argument("--verbose", action="store_true", help="root causes and quotes in full")
    asked = parser.parse_args()
    known = {**FAULTY, **FAULTLESS}
    n_good = n_all = 0
    for name in asked.names or known:
        for seed in range(asked.seed, asked.seed + asked.seeds):
            app = known[name](seed)
            if asked.write is not None:
                write(app, asked.write)
                continue
            began = time.monotonic()
            outcome = diagnose(app)
            judgement = judge(app.truth, outcome.findings)
            show(app, seed, outcome, judgement, time.monotonic() - began, verbose=asked.verbose)
            n_all += 1
            n_good += judgement.good
    if n_all:
        print(f"{n_good} of {n_all} good")
    return 0 if n_good == n_all else 1


def write(app: Application, folder: Path) -> None:
    """`NAME.otlp.jsonl`, `NAME.signals.jsonl` and `NAME.truth.json`."""
    folder.mkdir(parents=True, exist_ok=True)
    _write_lines(folder / f"{app.name}.otlp.jsonl", app.lines)
    _write_lines(folder / f"{app.name}.signals.jsonl", app.signals)
    truth = {"truth": app.truth, "wrong": [s for s, wrong in app.wrong.items() if wrong]}
    (folder / f"{app.name}.truth.json").write_text(json.dumps(truth, indent=1))


def _write_lines(path: Path, lines: tuple[object, ...]) -> None:
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))


def show(
    app: Application,
    seed: int,
    outcome: Outcome,
    judgement: Judgement,
    seconds: float,
    *,
    verbose: bool,
) -> None:
    """One application: a head line, one line a finding."""
    expected = ", ".join(f"{f.agent} ({f.what})" for f in app.truth.faults) or "nobody"
    mark = "ok  " if judgement.good else "FAIL"
    verdicts = [row.verdict.label.value for row in outcome.rows]
    n_open = len(outcome.contrasts)
    print(
        f"{mark} {app.name} seed={seed} n={len(app.lines)} wrong={sum(app.wrong.values())} "
        f"failing={verdicts.count('failing')} unknown={verdicts.count('unknown')} "
        f"clusters={len(outcome.clusters)} open={n_open} {seconds:.1f}s | expected: {expected}",
        flush=True,
    )
    for finding in outcome.findings:
        print(f"     {_line(finding)}")
        if verbose:
            print(f"       {finding.title}\n       {finding.root_cause}")
            for quote in finding.evidence:
                print(f"         {quote.session_id} {quote.field}: {quote.quote[:160]!r}")
            print(
                finding.prompt_patch.diff if finding.prompt_patch else finding.prompt_patch_reason
            )
    for fault in judgement.missed:
        print(f"     MISSED {fault.agent}: {fault.what}")
    for finding in judgement.false:
        print(f"     FALSE {finding.blamed_agent} {finding.feature}")
    for poor in judgement.poor:
        print(f"     poor: {poor}")


def _line(f: Finding) -> str:
    p = "-" if f.p_value is None else f"{f.p_value:.4f}"
    quotes = sum(e.verified for e in f.evidence)
    trigger = (f.trigger or "-")[:70]
    return (
        f"[{f.state.value}] {f.blamed_agent} {f.blamed_step} {f.feature} {f.basis.value} p={p} "
        f"q={f.q_value:.1e} failing {f.failing.k}/{f.failing.n} healthy {f.healthy.k}/{f.healthy.n} "
        f"trigger={trigger} quotes={quotes} patch={'yes' if f.prompt_patch else 'no'} "
        f"sources={len(f.source_cluster_ids)}"
    )


if __name__ == "__main__":
    raise SystemExit(main())
