"""False alarms: projects without a fault through the pure stages, and what they open and name.

Run: `python -m bench.noise [--projects 200] [--scenarios]`. The promise: at most 5 % open an
investigation, at most 2 % name a cause. `--scenarios` relabels the rows of the healthy example
applications at random as well.
"""

import argparse
import sys
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from pipeline.clustering.embedding import Embedder, Vectors
from pipeline.model.session import SessionRow
from tests.scenarios.noise import plan, project_rows, relabelled
from tests.scenarios.pure_path import Walk


class Alarms(NamedTuple):
    """How many of the projects opened an investigation and named a cause."""

    n: int
    opened: int
    named: int


class Remembering:
    """The statements of all projects are the same few: each is embedded once."""

    def __init__(self) -> None:
        self._embedder = Embedder()
        self._known: dict[str, Vectors] = {}

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """One unit vector a text."""
        for text in texts:
            if text not in self._known:
                self._known[text] = self._embedder.embed([text])[0]
        return np.stack([self._known[text] for text in texts])


def alarms(projects: Iterable[Sequence[SessionRow]]) -> Alarms:
    """Count the alarms of projects that have no fault."""
    embed = Remembering()
    n = opened = named = 0
    for rows in projects:
        walk = Walk(rows, {}, embed=embed)
        n += 1
        opened += bool(walk.opened)
        named += any(result.blamed is not None for _, result in walk.contrasts)
    return Alarms(n, opened, named)


def made_up(numbers: Iterable[int]) -> Iterable[list[SessionRow]]:
    """The made-up projects with these numbers."""
    return (project_rows(plan(number)) for number in numbers)


def _print(name: str, found: Alarms) -> None:
    opened, named = found.opened / found.n, found.named / found.n
    print(f"{name:34} {found.n:5} {found.opened:6} ({opened:.1%}) {found.named:6} ({named:.1%})")


def main(argv: Sequence[str] = ()) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--projects", type=int, default=200)
    parser.add_argument("--scenarios", action="store_true")
    options = parser.parse_args(argv)
    print(f"{'labels':34} {'n':>5} {'opened':>6}         {'named':>6}")
    by_session = [2 * i for i in range(options.projects // 2)]
    _print("random by session", alarms(made_up(by_session)))
    _print("random by user", alarms(made_up([i + 1 for i in by_session])))
    if options.scenarios:
        _relabelled(options.projects // 4)


def _relabelled(n: int) -> None:
    from bench.scenarios import walk
    from tests.scenarios.catalogue import FAULTY, HEALTHY

    for app in (*HEALTHY, FAULTY[0], FAULTY[5]):
        rows = walk(app, 1).rows
        found = alarms(relabelled(rows, i, 0.1 + 0.4 * i / n) for i in range(n))
        _print(f"{app.name}, relabelled", found)


if __name__ == "__main__":
    main(sys.argv[1:])
