"""Models that lie, each in its one way; the judge nods at all of them.

In: the honest answer. Out: the lie. Next: `quality` holds findings against what was planted.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic_ai.messages import ModelMessage, ModelResponse, TextPart, ToolCallPart
from pydantic_ai.models.function import AgentInfo

from tests.llm.playing import Part, call_of, table

REFUSAL = "I cannot help with that."


class InventsQuotes(Part):
    """Quotes what nobody said."""

    def answer(self, messages: Sequence[ModelMessage]) -> dict[str, Any]:
        """Every quote is invented."""
        honest = super().answer(messages)
        quote = "I left it out because nobody asked for it."
        return {**honest, "mechanism": [{**c, "quote": quote} for c in honest["mechanism"]]}


class BlamesAnother(Part):
    """Blames another agent for the row of the guilty one."""

    def answer(self, messages: Sequence[ModelMessage]) -> dict[str, Any]:
        """Another agent of the table, else one that is none."""
        honest, lines = super().answer(messages), table(messages)
        others = [line.agent for line in lines if line.agent != lines[0].agent]
        other = others[0] if others else "coordinator"
        return {**honest, "root_cause": f"{other} {lines[0].clause}, as {lines[0].agent} shows."}


class TakesAnothersRow(Part):
    """Takes the row of an agent that only passes the fault on."""

    def answer(self, messages: Sequence[ModelMessage]) -> dict[str, Any]:
        """A later agent's row, else one that is none."""
        honest, lines = super().answer(messages), table(messages)
        later = next((line for line in lines if line.agent != lines[0].agent), None)
        if later is None:
            return {**honest, "cause": "C15"}
        rivals = [{"says": "It is the first one.", "cause": "C1", "why_not": "It came before."}]
        said = f"{later.agent} {later.clause}."
        return {**honest, "cause": later.name, "root_cause": said, "rivals": rivals}


class SaysWhatSoundsRight(Part):
    """Names a plausible cause that does not separate: the agent is slow."""

    def answer(self, messages: Sequence[ModelMessage]) -> dict[str, Any]:
        """Latency, in the row of something else."""
        honest, line = super().answer(messages), table(messages)[0]
        return {**honest, "root_cause": f"{line.agent} takes too long and runs out of time."}


class Overclaims(Part):
    """Makes the numbers larger than they are."""

    def answer(self, messages: Sequence[ModelMessage]) -> dict[str, Any]:
        """More sessions than there are."""
        honest = super().answer(messages)
        said = honest["root_cause"].rstrip(".")
        return {**honest, "root_cause": f"{said} in 4998 of 5000 sessions."}


class Breaks(Part):
    """Its lines for the prompt sound right, and make the agent refuse."""

    def mended(self, given: str) -> str:
        """Under the patched prompt the agent does nothing any more."""
        return REFUSAL


class Honest(Part):
    """Tells the truth."""


class Diligent(Part):
    """Reads far more before it tells the truth: for what an explanation may cost."""

    def explain(self, messages: Sequence[ModelMessage], info: AgentInfo) -> ToolCallPart | TextPart:
        """Three failing and two healthy sessions, four steps of each, and everything else once."""
        wanted = [
            *(("outline", {"session": s}) for s in READ),
            *(("read_step", {"session": s, "step": n}) for s in READ for n in range(1, 5)),
            ("search", {"text": "error"}),
            ("contrast_table", {}),
            ("temporal_history", {"session": READ[0]}),
        ]
        made = [p for m in messages if isinstance(m, ModelResponse) for p in m.parts]
        n_made = sum(isinstance(p, ToolCallPart) for p in made)
        return call_of(*wanted[n_made]) if n_made < len(wanted) else super().explain(messages, info)


READ = ("F1", "F2", "F3", "H1", "H2")


PARTS: Mapping[str, type[Part]] = {
    "tells the truth": Honest,
    "invents quotes": InventsQuotes,
    "blames another agent": BlamesAnother,
    "takes another agent's row": TakesAnothersRow,
    "a cause that does not separate": SaysWhatSoundsRight,
    "over-claims numbers": Overclaims,
    "a patch that breaks": Breaks,
}
