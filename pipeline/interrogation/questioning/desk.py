"""What an interrogating agent may read: one session, and nothing else.

In: an `Interrogation` and what the model asks for. Out: bounded, fenced text. Next: the model.

Every tool only reads, and answers a wrong request with words instead of an error: a model may ask
nonsense. Long outlines and steps are handed out in parts.
"""

from collections.abc import Sequence
from typing import NamedTuple

from pipeline.conventions.steps import read_again
from pipeline.errors import NotFound
from pipeline.interrogation.questioning.brief import feature_list
from pipeline.llm.reading import fenced, outline, part_of, step_text, texts_of
from pipeline.model.answers import Interrogation, ReadLimits
from pipeline.model.session import SessionRow
from pipeline.model.step import Step
from pipeline.store import Store
from pipeline.store.whole import whole_session

AROUND = 80
MAX_NEEDLE = 200
MAX_PLACES = 8


class Seen(NamedTuple):
    """A session as it is asked about."""

    version: int
    row: SessionRow
    steps: Sequence[Step]


class SessionDesk:
    """Read-only tools over one session of the store."""

    def __init__(self, store: Store, *, limits: ReadLimits) -> None:
        self._store = store
        self._limits = limits

    def seen(self, work: Interrogation) -> Seen | None:
        """The session's steps and row; None when it is gone, not analysed any more, or too large by now."""
        detail = self._store.get_session(work.project, self._store.session_id(work.key))
        if detail is None or detail.row is None or work.agent not in detail.row.agents:
            return None
        steps = self._steps(work)
        return Seen(detail.session.analysed_version, detail.row, steps) if steps else None

    def outline(self, work: Interrogation, part: int) -> str:
        """The steps of the session."""
        return fenced(part_of(outline(self._steps(work)), part), "outline")

    def read_step(self, work: Interrogation, number: int, part: int) -> str:
        """One step."""
        steps = self._steps(work)
        if not 1 <= number <= len(steps):
            return f"the session has the steps 1 to {len(steps)}"
        return fenced(part_of(step_text(steps[number - 1]), part), f"step {number}")

    def search(self, work: Interrogation, text: str) -> str:
        """Where a text stands."""
        needle = text.strip().lower()[:MAX_NEEDLE]
        if len(needle) < 2:
            return "the text to look for is too short"
        places = _places(self._steps(work), needle)
        shown = "\n".join(places[:MAX_PLACES])
        return f"in {len(places)} steps\n{fenced(shown, 'first places')}" if places else "nowhere"

    def features(self, work: Interrogation, part: int) -> str:
        """The features that a rule may use."""
        seen = self.seen(work)
        return "the session is gone" if seen is None else feature_list(seen.row, work.agent, part)

    def _steps(self, work: Interrogation) -> Sequence[Step]:
        return read_again(whole_session(self._store, work.key, self._limits))


def _places(steps: Sequence[Step], needle: str) -> list[str]:
    """The first place in each step that holds the text."""
    found: list[str] = []
    for number, step in enumerate(steps, 1):
        for text in (located.text for located in texts_of(step)):
            at = text.lower().find(needle)
            if at >= 0:
                around = text[max(0, at - AROUND) : at + len(needle) + AROUND]
                found.append(f"step {number}: {around}")
                break
    return found


_open: list[SessionDesk] = []


def open_session_desk(desk: SessionDesk | None) -> None:
    """Set the desk of this process, or take it away."""
    _open[:] = [] if desk is None else [desk]


def the_session_desk() -> SessionDesk:
    """The desk of this process."""
    if not _open:
        raise NotFound("this worker has no desk: no model is configured here")
    return _open[0]
