"""What an explaining agent may read: the sessions of its contrast, and nothing else.

In: `InvestigateInput` and what the model asks for. Out: bounded, fenced text. Next: the model.

Every tool only reads, knows sessions by handle (F1, H2) of this one contrast, and answers a wrong
request with words instead of an error: a model may ask nonsense.
"""

from collections.abc import Sequence

from pipeline.conventions.steps import read_steps
from pipeline.errors import NotFound
from pipeline.investigation.contracts import InvestigateInput
from pipeline.investigation.explanation.table import handles, rows_of
from pipeline.investigation.result import ContrastResult
from pipeline.investigation.stages import CONTRAST, StageShelf
from pipeline.llm.reading import fenced, outline, part_of, step_text, texts_of
from pipeline.model.session import SessionKey
from pipeline.model.step import Step
from pipeline.store import Store

AROUND = 80
MAX_NEEDLE = 200


class Desk:
    """Read-only tools over the store."""

    def __init__(self, store: Store, *, max_spans: int) -> None:
        self._store = store
        self._max_spans = max_spans

    def outline(self, work: InvestigateInput, handle: str) -> str:
        """The steps of a session."""
        steps = self.steps(work, handle)
        if steps is None:
            return self._unknown(work, handle)
        return fenced(part_of(outline(steps), 1), f"{handle} outline")

    def read_step(self, work: InvestigateInput, handle: str, number: int, part: int) -> str:
        """One step."""
        steps = self.steps(work, handle)
        if steps is None:
            return self._unknown(work, handle)
        if not 1 <= number <= len(steps):
            return f"{handle} has the steps 1 to {len(steps)}"
        return fenced(part_of(step_text(steps[number - 1]), part), f"{handle} step {number}")

    def search(self, work: InvestigateInput, text: str) -> str:
        """Where a text stands."""
        return self._count(work, text, agent=None, side=None)

    def count(self, work: InvestigateInput, agent: str, side: str, text: str) -> str:
        """How often a text stands on one side of an agent."""
        if side not in ("in", "out"):
            return "side is `in` or `out`"
        return self._count(work, text, agent=agent, side=side)

    def table(self, work: InvestigateInput) -> str:
        """The contrast table."""
        return "\n".join(row.words() for row in rows_of(self.contrast(work)))

    def contrast(self, work: InvestigateInput) -> ContrastResult:
        """The statistics of this revision."""
        return StageShelf(self._store, work).take(CONTRAST, ContrastResult)

    def steps(self, work: InvestigateInput, handle: str) -> Sequence[Step] | None:
        """The steps behind a handle; None for a handle that is none."""
        session_id = handles(self.contrast(work)).get(handle)
        if session_id is None:
            return None
        key = SessionKey.of(work.project, session_id)
        return read_steps(self._store.load_spans(key, max_spans=self._max_spans).spans)

    def _unknown(self, work: InvestigateInput, handle: str) -> str:
        known = ", ".join(handles(self.contrast(work)))
        return f"there is no session of that name; these can be read: {known}"

    def _count(
        self, work: InvestigateInput, text: str, *, agent: str | None, side: str | None
    ) -> str:
        needle = text.strip().lower()[:MAX_NEEDLE]
        if len(needle) < 2:
            return "the text to look for is too short"
        counts = {"F": [0, 0], "H": [0, 0]}
        first = ""
        for handle in handles(self.contrast(work)):
            place = _find(self.steps(work, handle) or (), needle, agent, side)
            counts[handle[0]][1] += 1
            if place is not None:
                counts[handle[0]][0] += 1
                first = first or fenced(place, f"{handle}, first place")
        (f, n_f), (h, n_h) = counts["F"], counts["H"]
        return f"in {f} of {n_f} failing and {h} of {n_h} healthy sessions\n{first}".strip()


def _find(steps: Sequence[Step], needle: str, agent: str | None, side: str | None) -> str | None:
    for number, step in enumerate(steps, 1):
        if agent is not None and step.agent != agent:
            continue
        for text in _side(step, side):
            at = text.lower().find(needle)
            if at >= 0:
                around = text[max(0, at - AROUND) : at + len(needle) + AROUND]
                return f"step {number}: {around}"
    return None


def _side(step: Step, side: str | None) -> Sequence[str]:
    if side is None:
        return [located.text for located in texts_of(step)]
    messages = step.inputs if side == "in" else step.outputs
    return [message.content.text for message in messages]


_open: list[Desk] = []


def open_desk(desk: Desk | None) -> None:
    """Set the desk of this process, or take it away."""
    _open[:] = [] if desk is None else [desk]


def the_desk() -> Desk:
    """The desk of this process."""
    if not _open:
        raise NotFound("this worker has no desk: no model is configured here")
    return _open[0]
