"""Power: planted faults in small applications, and who gets the blame.

Run: `python -m bench.scenarios [name ...] [--seeds N]`. Prints scenario x {agent right, feature
right, sessions, p}.
"""

import argparse
import sys
import time
from collections.abc import Sequence

from tests.scenarios.applications import Application, run
from tests.scenarios.catalogue import FAULTY, HEALTHY
from tests.scenarios.pure_path import Walk, make_row


def walk(app: Application, seed: int) -> Walk:
    """One application, analysed."""
    made = run(app, seed)
    rows = [make_row(m.session_id, m.spans, m.signals) for m in made]
    return Walk(rows, {m.session_id: m.spans for m in made})


def main(argv: Sequence[str] = ()) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*")
    parser.add_argument("--seeds", type=int, default=1)
    options = parser.parse_args(argv)
    chosen = [a for a in (*FAULTY, *HEALTHY) if not options.names or a.name in options.names]
    print(f"{'scenario':26} seed    n  open  found (agent, feature, basis, p, clusters)")
    for app in chosen:
        for seed in range(1, options.seeds + 1):
            begin = time.perf_counter()
            analysed = walk(app, seed)
            made_rows = time.perf_counter()
            told = _told(app, analysed)
            spent = f"{made_rows - begin:.0f}+{time.perf_counter() - made_rows:.0f} s"
            print(
                f"{app.name:26} {seed:4} {len(analysed.rows):4} {len(analysed.opened):5}  {spent}"
            )
            for line in told:
                print(f"    {line}", flush=True)


def _told(app: Application, analysed: Walk) -> list[str]:
    right = dict(app.blamed)
    lines: list[str] = []
    for f in analysed.findings:
        agent = f.blamed_agent or ""
        feature = f.feature or ""
        hit = agent in right and feature.startswith(right[agent])
        mark = ("OK" if hit else "??") if agent else "--"
        p = f"{f.p_value:.1g}" if f.p_value is not None else "-"
        n = len(f.source_cluster_ids)
        quotes = f"{len(f.evidence)}/{len(f.healthy_evidence)} quotes"
        lines.append(f"{mark} {agent} {feature} {f.basis.value} p={p} x{n} {quotes} | {f.trigger}")
    missing = set(right) - {f.blamed_agent for f in analysed.findings}
    return [*lines, *(f"MISSED {agent}" for agent in sorted(missing))]


if __name__ == "__main__":
    main(sys.argv[1:])
