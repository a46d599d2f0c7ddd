"""What an explaining agent may read: the sessions of its contrast, and nothing else.

In: `InvestigateInput` and what the model asks for. Out: bounded, fenced text. Next: the model.

Every tool only reads, knows sessions by handle (F1, H2) of this one contrast, and answers a wrong
request with words instead of an error: a model may ask nonsense.
"""

from collections.abc import Sequence

from pipeline.conventions.steps import read_again
from pipeline.errors import NotFound
from pipeline.investigation.contracts import InvestigateInput
from pipeline.investigation.explanation.brief import table
from pipeline.investigation.explanation.candidates import (
    MAX_NEEDLE,
    MIN_NEEDLE,
    measure_feature,
    measure_words,
    words_of,
)
from pipeline.investigation.explanation.check import Known
from pipeline.investigation.explanation.contracts import Candidate, Measured
from pipeline.investigation.explanation.history import temporal_history
from pipeline.investigation.explanation.table import handles
from pipeline.investigation.result import ContrastResult
from pipeline.investigation.stages import CONTRAST, StageShelf
from pipeline.llm.reading import fenced, outline, part_of, step_text, texts_of
from pipeline.model.answers import ReadLimits
from pipeline.model.session import SessionKey
from pipeline.model.span import Span
from pipeline.model.step import Step
from pipeline.store import Store
from pipeline.store.whole import whole_session

AROUND = 80
UNKNOWN_CANDIDATE = (
    "there is no such agent or feature: give an agent, and a feature named as in the contrast table "
    "(handoff.numbers, run.latency ...) or `in: words` or `out: words`"
)


class Desk:
    """Read-only tools over the store."""

    def __init__(self, store: Store, *, limits: ReadLimits, max_sessions: int) -> None:
        self._store = store
        self._limits = limits
        self._max_sessions = max_sessions

    def outline(self, work: InvestigateInput, handle: str, part: int) -> str:
        """The steps of a session."""
        steps = self.steps(work, handle)
        if steps is None:
            return self._unknown(work, handle)
        return fenced(part_of(outline(steps), part), f"{handle} outline")

    def read_step(self, work: InvestigateInput, handle: str, number: int, part: int) -> str:
        """One step."""
        steps = self.steps(work, handle)
        if steps is None:
            return self._unknown(work, handle)
        if not 1 <= number <= len(steps):
            return f"{handle} has the steps 1 to {len(steps)}"
        return fenced(part_of(step_text(steps[number - 1]), part), f"{handle} step {number}")

    def history(self, work: InvestigateInput, handle: str, part: int) -> str:
        """What Temporal did in a session."""
        spans = self._spans(work, handle)
        if spans is None:
            return self._unknown(work, handle)
        return fenced(part_of(temporal_history(spans), part), f"{handle} Temporal history")

    def search(self, work: InvestigateInput, text: str) -> str:
        """Where a text stands."""
        needle = text.strip().lower()[:MAX_NEEDLE]
        if len(needle) < MIN_NEEDLE:
            return "the text to look for is too short"
        counts = {"F": [0, 0], "H": [0, 0]}
        first = ""
        for handle, steps in self._readable(work).items():
            place = _find(steps, needle)
            counts[handle[0]][1] += 1
            if place is not None:
                counts[handle[0]][0] += 1
                first = first or fenced(place, f"{handle}, first place")
        (f, n_f), (h, n_h) = counts["F"], counts["H"]
        return f"in {f} of {n_f} failing and {h} of {n_h} healthy sessions\n{first}".strip()

    def test(self, work: InvestigateInput, candidate: Candidate) -> str:
        """A candidate in numbers."""
        found = self.measure(work, candidate)
        if found is None:
            return UNKNOWN_CANDIDATE
        over = "sessions that can be read" if words_of(candidate) else "all sessions"
        return f"over {over}: it {found.words()}"

    def table(self, work: InvestigateInput) -> str:
        """The contrast table."""
        return table(self.contrast(work))

    def known(self, work: InvestigateInput) -> Known:
        """What an explanation is held to."""
        steps = self._readable(work)
        result = self.contrast(work)

        def measure(candidate: Candidate) -> Measured | None:
            if words_of(candidate) is not None:
                return measure_words(candidate, steps, result.n_tests)
            return self._feature(work, candidate, result)

        return Known(result, steps, measure)

    def measure(self, work: InvestigateInput, candidate: Candidate) -> Measured | None:
        """Words over the sessions that can be read, features over all."""
        result = self.contrast(work)
        if words_of(candidate) is not None:
            return measure_words(candidate, self._readable(work), result.n_tests)
        return self._feature(work, candidate, result)

    def _feature(
        self, work: InvestigateInput, candidate: Candidate, result: ContrastResult
    ) -> Measured | None:
        _, rows = self._store.load_rows(work.project, result.agent, limit=self._max_sessions)
        return measure_feature(candidate, result.agent, rows, result.n_tests)

    def _readable(self, work: InvestigateInput) -> dict[str, Sequence[Step]]:
        found = {handle: self.steps(work, handle) for handle in handles(self.contrast(work))}
        return {handle: steps for handle, steps in found.items() if steps is not None}

    def contrast(self, work: InvestigateInput) -> ContrastResult:
        """The statistics of this revision."""
        return StageShelf(self._store, work).take(CONTRAST, ContrastResult)

    def steps(self, work: InvestigateInput, handle: str) -> Sequence[Step] | None:
        """The steps behind a handle; None if there is none, or if it cannot be read by now."""
        spans = self._spans(work, handle)
        return None if spans is None else read_again(spans) or None

    def _spans(self, work: InvestigateInput, handle: str) -> Sequence[Span] | None:
        session_id = handles(self.contrast(work)).get(handle)
        if session_id is None:
            return None
        key = SessionKey.of(work.project, session_id)
        return whole_session(self._store, key, self._limits) or None

    def _unknown(self, work: InvestigateInput, handle: str) -> str:
        known = handles(self.contrast(work))
        if handle in known:
            return f"{handle} can no longer be read: it is gone or has grown too large"
        return f"there is no session of that name; these can be read: {', '.join(known)}"


def _find(steps: Sequence[Step], needle: str) -> str | None:
    for number, step in enumerate(steps, 1):
        for text in texts_of(step):
            at = text.text.lower().find(needle)
            if at >= 0:
                around = text.text[max(0, at - AROUND) : at + len(needle) + AROUND]
                return f"step {number}: {around}"
    return None


_open: list[Desk] = []


def open_desk(desk: Desk | None) -> None:
    """Set the desk of this process, or take it away."""
    _open[:] = [] if desk is None else [desk]


def the_desk() -> Desk:
    """The desk of this process."""
    if not _open:
        raise NotFound("this worker has no desk: no model is configured here")
    return _open[0]
