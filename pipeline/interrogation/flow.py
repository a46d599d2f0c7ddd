"""The data flow of one session: whose output became whose input.

In: steps. Out: one `StepOutline` for each (agent, step), with its depth in the flow. Next: the
blame walks the depths upwards.

An output flows into a later input when a good part of its word runs stands there. Where an agent
shares text with nobody the order of time must do. A step that encloses another agent's work ends
after it, and so lies below it.

Comparing texts is quadratic, so of a long session each (agent, step) sends its first and its last
occurrences only; all are counted.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.interrogation.texts import Shingle, incoming, joined, outgoing, shingles, written
from pipeline.model.evidence import Located
from pipeline.model.session import StepOutline
from pipeline.model.step import Step, StepKind

MIN_SHARED = 0.3
MIN_FOREIGN = 0.2
SAMPLE_CHARS = 280
MAX_STEPS = 400
_SPEAKING = (StepKind.AGENT, StepKind.LLM)


@dataclass
class _Node:
    """One occurrence of a step."""

    step: Step
    reads: frozenset[Shingle]
    writes: frozenset[Shingle]
    depth: int = 0
    external: bool = True
    upstream: set[str] = field(default_factory=set[str])

    @property
    def name(self) -> str:
        return f"{self.step.agent}|{self.step.key}"


def outline(steps: Sequence[Step]) -> tuple[StepOutline, ...]:
    """The (agent, step)s of a session with their depth, upstream steps and samples."""
    shown = [step for step in steps if step.agent and step.kind is not StepKind.WORKFLOW]
    order = sorted(shown, key=lambda s: (s.end, -s.start, s.span_id))
    alone = len({step.agent for step in order}) <= 1
    nodes = [_node(step, alone) for step in _compared(order)]
    parents = {step.span_id: step.parent_span_id for step in order}
    for position, node in enumerate(nodes):
        _place(node, nodes[:position], parents, alone)
    return _merged(nodes, Counter((step.agent, step.key) for step in order))


def _compared(order: Sequence[Step]) -> list[Step]:
    """All steps of a session of usual length; else about `MAX_STEPS`, of every key that counts."""
    if len(order) <= MAX_STEPS:
        return list(order)
    groups: dict[tuple[str, str], list[int]] = defaultdict(list)
    for position, step in enumerate(order):
        groups[step.agent, step.key].append(position)
    half = max(1, MAX_STEPS // len(groups) // 2)
    # Names that hold ids make thousands of keys; those that occur most are steps.
    frequent = sorted(groups.values(), key=lambda positions: -len(positions))[:MAX_STEPS]
    kept = {p for positions in frequent for p in (*positions[:half], *positions[-half:])}
    return [order[position] for position in sorted(kept)]


def _node(step: Step, alone: bool) -> _Node:
    if alone or step.kind not in _SPEAKING:
        return _Node(step, frozenset(), frozenset())
    return _Node(
        step,
        shingles(joined(incoming(step.inputs))),
        shingles(written(step)),
    )


def _place(
    node: _Node, earlier: Sequence[_Node], parents: Mapping[str, str | None], alone: bool
) -> None:
    """Set depth, upstream and external of a step whose predecessors are placed."""
    same = [e for e in earlier if e.step.agent == node.step.agent]
    others = [e for e in earlier if e.step.agent != node.step.agent]
    node.depth = max((e.depth for e in same), default=0)
    if node.step.kind is StepKind.ACTIVITY:
        inside = [e.depth for e in others if _is_inside(e, node, parents)]
        node.depth = max([node.depth, *inside])
    if alone or node.step.kind not in _SPEAKING:
        return
    sources = [e for e in others if _flows(e, node)]
    sources += [e for e in others if e not in sources and _encloses(node, e, parents)]
    if not sources and not same:
        sources = _before(node, others, earlier)
    node.upstream = {e.name for e in sources}
    node.depth = max([node.depth, *(e.depth + 1 for e in sources)])
    known: set[Shingle] = set()
    for e in others:
        if e.step.end <= node.step.start:
            known |= e.writes
    foreign = len(node.reads - known)
    node.external = foreign > MIN_FOREIGN * len(node.reads) if node.reads else not node.upstream


def _flows(source: _Node, node: _Node) -> bool:
    if not source.writes or not node.reads or source.step.end > node.step.end:
        return False
    return len(source.writes & node.reads) >= MIN_SHARED * len(source.writes)


def _encloses(node: _Node, inner: _Node, parents: Mapping[str, str | None]) -> bool:
    """The agent called the inner agent within this step (any ancestor will do)."""
    if node.step.kind is not StepKind.AGENT:
        return False
    during = node.step.start <= inner.step.start and inner.step.end <= node.step.end
    return _is_inside(inner, node, parents) or (during and inner.step.kind is StepKind.AGENT)


def _is_inside(inner: _Node, node: _Node, parents: Mapping[str, str | None]) -> bool:
    """The node is an ancestor of the inner step."""
    at: str | None = inner.step.span_id
    for _ in range(32):
        at = parents.get(at or "")
        if at is None:
            break
        if at == node.step.span_id:
            return True
    return False


def _before(node: _Node, others: Sequence[_Node], earlier: Sequence[_Node]) -> list[_Node]:
    """By time: the last agent that ended before this one began, unless both read one source."""
    if any(
        len(e.reads & node.reads) >= MIN_SHARED * len(node.reads)
        for e in earlier
        if e.reads and node.reads
    ):
        return []
    ended = [e for e in others if e.step.end <= node.step.start and e.step.kind in _SPEAKING]
    return ended[-1:]


def _merged(
    nodes: Sequence[_Node], counts: Mapping[tuple[str, str], int]
) -> tuple[StepOutline, ...]:
    groups: dict[tuple[str, str], list[_Node]] = defaultdict(list)
    for node in nodes:
        groups[node.step.agent, node.step.key].append(node)
    outlines = [_outline(name, group, counts[name]) for name, group in groups.items()]
    return tuple(sorted(outlines, key=lambda o: (o.order, o.agent, o.step)))


def _outline(name: tuple[str, str], group: Sequence[_Node], n_occurrences: int) -> StepOutline:
    agent, key = name
    first, last = group[0].step, group[-1].step
    return StepOutline(
        agent=agent,
        step=key,
        order=min(node.depth for node in group),
        n_occurrences=n_occurrences,
        span_id=first.span_id,
        upstream=tuple(sorted(set().union(*(node.upstream for node in group)))),
        external=any(node.external for node in group),
        sample_in=_sample(incoming(first.inputs)),
        sample_out=_sample(outgoing(last.outputs)),
    )


def _sample(parts: Sequence[Located]) -> Located | None:
    """The beginning of the last part that holds text, cut at a line or a word."""
    for part in reversed(parts):
        text = part.text.strip()
        if text:
            cut = text if len(text) <= SAMPLE_CHARS else _cut(text[:SAMPLE_CHARS])
            return Located(text=cut, span_id=part.span_id, field=part.field)
    return None


def _cut(text: str) -> str:
    for mark in ("\n", ". ", " "):
        at = text.rfind(mark, SAMPLE_CHARS // 2)
        if at > 0:
            return text[:at].rstrip()
    return text
