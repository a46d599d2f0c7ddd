"""The search for better lines: gepa proposes and selects, our judge scores, the purse bounds it.

In: `Material`, a bench, a purse. Out: `Optimised`. Next: the command shows it, and keeps it if asked.

Requests whose recorded outcome the old prompt does not bring back say nothing and are left out.
What measuring the best patch at the end costs is set aside before the search begins.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from pipeline.errors import BadRequest, BudgetExhausted
from pipeline.investigation.explanation.contracts import Reading
from pipeline.investigation.optimisation.bench import Bench
from pipeline.investigation.optimisation.contracts import Material, Optimised, Progress
from pipeline.investigation.optimisation.proposer import Shown, propose
from pipeline.investigation.optimisation.purse import Purse, Spent
from pipeline.investigation.trial.contracts import Request
from pipeline.investigation.wording import tried

if TYPE_CHECKING:
    from gepa.core.adapter import EvaluationBatch, ProposalFn
    from gepa.core.state import GEPAState

MAX_ITERATIONS = 30
MAX_IDLE = 6
"""Iterations in a row without a better candidate; kept answers would make them free and endless."""
MINIBATCH = 3
LINES = "lines"

T = TypeVar("T")
Propose = Callable[[Sequence[str], Sequence[Shown]], tuple[str, ...]]


def optimise(
    material: Material, bench: Bench, purse: Purse, write: Propose, show: Progress
) -> Optimised:
    """Measure the finding's patch, search, measure the best."""
    try:
        old = bench.answers(material.test, ())
        cost = purse.micros
        mine = bench.answers(material.test, material.lines)
        before = bench.trial(material.test, old, mine)
        train = _telling(material.train, bench)
    except Spent as error:
        what = "stopped" if purse.stopped else f"too small a budget ({error})"
        raise BadRequest(f"{what} before the finding's own patch was measured") from None
    if not train:
        raise BadRequest(
            "the model fails and passes nowhere as recorded: there is nothing to learn from"
        )
    purse.set_aside(cost, len(material.test))
    search = _Search(bench, purse, write, show)
    lines = search.run(material.lines, train)
    purse.set_aside(0, 0)
    after = None
    if lines != material.lines:
        try:
            after = bench.trial(material.test, old, bench.answers(material.test, lines))
        except Spent as error:
            search.ended = str(error)
    return Optimised(lines, before, after, search.n_candidates, search.ended)


def writer(runner: asyncio.Runner, reading: Reading, material: Material) -> Propose:
    """The agent that proposes, told what the fault is."""
    fault = f"{material.blamed.agent} {tried(material.blamed).meaning.clause}"
    return lambda lines, shown: runner.run(propose(reading, lines, shown, fault))


def _telling(requests: Sequence[Request], bench: Bench) -> list[Request]:
    """Those that end with the old prompt as they did."""
    old = bench.answers(requests, ())
    return [r for r, given in zip(requests, old, strict=True) if bench.fails(r, given) == r.failing]


class _Search:
    """gepa's adapter and its stop condition."""

    def __init__(self, bench: Bench, purse: Purse, write: Propose, show: Progress) -> None:
        self._bench = bench
        self._purse = purse
        self._write = write
        self._show = show
        self._failed: Exception | None = None
        self._best = 0.0
        self._improved_at = 0
        self.n_candidates = 1
        self.ended = ""
        self.propose_new_texts: ProposalFn | None = self._propose
        """gepa's own proposer would ask a model behind the door's back."""

    def run(self, lines: tuple[str, ...], train: list[Request]) -> tuple[str, ...]:
        """The best lines, the given ones where none are better."""
        from gepa.api import optimize

        try:
            found = optimize(
                seed_candidate={LINES: "\n".join(lines)},
                trainset=train,
                adapter=self,
                reflection_minibatch_size=min(MINIBATCH, len(train)),
                stop_callbacks=self.stops,
                logger=_Silent(),
                raise_on_exception=False,
            )
        except (Spent, BudgetExhausted) as error:
            # Before there was anything to compare the given lines with.
            self.ended = str(error)
            return lines
        if self._failed is not None and not isinstance(self._failed, Spent | BudgetExhausted):
            raise self._failed
        self.n_candidates = found.num_candidates
        best = found.best_candidate
        assert isinstance(best, dict)
        return tuple(best[LINES].split("\n"))

    def evaluate(
        self, batch: list[Request], candidate: dict[str, str], capture_traces: bool = False
    ) -> "EvaluationBatch[Shown, str]":
        """1 for each session that passes."""
        from gepa.core.adapter import EvaluationBatch

        given = self._guarded(lambda: self._bench.answers(batch, candidate[LINES].split("\n")))
        shown = [
            Shown(request, one, self._bench.fails(request, one))
            for request, one in zip(batch, given, strict=True)
        ]
        scores = [0.0 if one.fails else 1.0 for one in shown]
        return EvaluationBatch(given, scores, shown if capture_traces else None)

    def make_reflective_dataset(
        self,
        candidate: dict[str, str],
        eval_batch: "EvaluationBatch[Shown, str]",
        components_to_update: list[str],
    ) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """What the proposer is shown."""
        return {LINES: [{"shown": one} for one in eval_batch.trajectories or ()]}

    def _propose(
        self,
        candidate: dict[str, str],
        reflective_dataset: Mapping[str, Sequence[Mapping[str, Any]]],
        components_to_update: list[str],
    ) -> dict[str, str]:
        """Other lines, from our own agent."""
        shown = [record["shown"] for record in reflective_dataset[LINES]]
        lines = candidate[LINES].split("\n")
        return {LINES: "\n".join(self._guarded(lambda: self._write(lines, shown)))}

    def stops(self, gepa_state: "GEPAState[str, int]") -> bool:
        """Asked before each iteration; also says how far it is."""
        scores = gepa_state.program_full_scores_val_set
        best = max(scores, default=0.0)
        if best > self._best:
            self._best, self._improved_at = best, gepa_state.i
        self._show(f"{len(scores)} candidates", best)
        self.ended = self._reason(gepa_state.i) or self.ended
        return bool(self._reason(gepa_state.i))

    def _reason(self, iteration: int) -> str:
        if self._failed is not None:
            return str(self._failed)
        if self._purse.stopped:
            return "stopped"
        if self._purse.empty:
            return "all requests that were allowed are made"
        if self._best >= 1.0:
            return "every training session passes"
        if iteration + 1 >= MAX_ITERATIONS or iteration - self._improved_at >= MAX_IDLE:
            return "nothing better was found for a while"
        return ""

    def _guarded(self, ask: Callable[[], T]) -> T:
        """gepa notes an exception and goes on; here the search ends with it."""
        try:
            return ask()
        except Exception as error:
            self._failed = error
            raise


class _Silent:
    def log(self, message: str) -> None:
        """gepa's log may hold trace text."""
