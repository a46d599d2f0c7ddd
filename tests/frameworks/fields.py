"""What is understood of a framework's traces, field by field.

In: traces. Out: `Counts`: framework -> field -> how many of how many, and the reasons for the rest.
Next: `coverage` writes the table.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from exporter.decode import SESSION_KEYS
from pipeline.conventions.agents import UNNAMED
from pipeline.conventions.session_facts import read_metadata, read_user
from pipeline.conventions.steps import read_steps
from pipeline.model.span import Span
from pipeline.model.step import Step, StepKind
from tests.frameworks.gaps import why
from tests.frameworks.traces import Trace

FIELDS = ("agent", "session", "user", "metadata", "input", "output", "model", "tokens",
          "tool call", "tool", "arguments", "result", "error")  # fmt: skip
NOT_SAID = "not in the trace"


@dataclass
class Cell:
    """One field of one framework."""

    n: int = 0
    understood: int = 0
    reasons: Counter[str] = field(default_factory=Counter[str])

    def add(self, understood: bool, reason: str) -> None:
        """Count one; the reason counts where it was not understood."""
        self.n += 1
        self.understood += understood
        if not understood:
            self.reasons[reason] += 1


Counts = Mapping[str, Mapping[str, Cell]]


def count(traces: Iterator[Trace]) -> Counts:
    """All fields of all frameworks."""
    counts: dict[str, dict[str, Cell]] = defaultdict(lambda: {name: Cell() for name in FIELDS})
    for trace in traces:
        cells = counts[trace.framework]
        steps = read_steps(trace.spans)
        by_id = {s.span_id: s for s in trace.spans}
        _whole(cells, trace.spans)
        said = {v for s in trace.spans for v in s.attributes.values() if isinstance(v, str)}
        for step in steps:
            span = by_id[step.span_id]
            service = span.resource.get("service.name")
            named = step.agent in said or step.agent not in (UNNAMED, service)
            cells["agent"].add(named, "no span names an agent: the service's name stands for it")
            if step.failed:
                cells["error"].add(step.error is not None, "the status has no message")
            if step.kind is StepKind.LLM:
                _call(cells, step, span, trace.file)
            elif step.kind is StepKind.TOOL:
                _tool(cells, step, span, trace.file)
    return counts


def _whole(cells: Mapping[str, Cell], spans: tuple[Span, ...]) -> None:
    """A trace as a whole: session, user, metadata."""
    keys = {key for span in spans for key in span.attributes}
    cells["session"].add(bool(keys & set(SESSION_KEYS)), NOT_SAID)
    cells["user"].add(read_user(spans) is not None, NOT_SAID)
    if any(key.startswith("metadata.") for key in keys):
        cells["metadata"].add(bool(read_metadata(spans)), NOT_SAID)


def _call(cells: Mapping[str, Cell], step: Step, span: Span, file: str) -> None:
    answered = bool(step.outputs or step.tool_calls)
    cells["input"].add(bool(step.inputs or step.system), why(span, "input", file))
    cells["output"].add(answered, why(span, "output", file))
    cells["model"].add(step.model is not None, NOT_SAID)
    cells["tokens"].add(step.output_tokens is not None, NOT_SAID)
    for call in step.tool_calls:
        whole = bool(call.name) and call.arguments is not None
        cells["tool call"].add(whole, "called without arguments")


def _tool(cells: Mapping[str, Cell], step: Step, span: Span, file: str) -> None:
    cells["tool"].add(bool(step.name), NOT_SAID)
    cells["arguments"].add(bool(step.inputs), why(span, "arguments", file))
    cells["result"].add(bool(step.outputs), why(span, "result", file))
