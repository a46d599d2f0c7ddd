"""Who acts in a span (design section 3, wire contract).

In: the tree of spans. Out: the agent's name of each span. Next: `steps` names the agent of each step.

`gen_ai.agent.name` of the span or its nearest ancestor, else OpenInference's `agent.name` or
`graph.node.id`, else the Temporal activity or workflow type, else `service.name`. An activity or
workflow below which exactly one agent is named acts for that agent: otherwise the same work would
belong to two agents, one of which never says anything.
"""

from collections.abc import Callable

from pipeline.conventions import temporal
from pipeline.conventions.draft import text_of
from pipeline.conventions.tree import SpanTree
from pipeline.model.span import Span

UNNAMED = "agent"


def agents_of(tree: SpanTree) -> dict[str, str]:
    """The agent of every span, by `trace_id:span_id`."""
    named = _named_below(tree)
    return {span_ref(s): _agent(tree, s, named) for s in tree.spans}


def span_ref(span: Span) -> str:
    """A span's name within a session of several traces."""
    return f"{span.trace_id}:{span.span_id}"


def _agent(tree: SpanTree, span: Span, named: dict[str, set[str]]) -> str:
    readers: tuple[Callable[[Span], str | None], ...] = (
        _own_name,
        lambda s: text_of(s, "agent.name", "graph.node.id"),
        lambda s: _only_agent_below(s, named) or temporal.acting_type(s),
    )
    for read in readers:
        for ancestor in tree.lineage(span):
            name = read(ancestor)
            if name:
                return name
    service = span.resource.get("service.name")
    return service if isinstance(service, str) and service else UNNAMED


def _own_name(span: Span) -> str | None:
    return text_of(span, "gen_ai.agent.name")


def _only_agent_below(span: Span, named: dict[str, set[str]]) -> str | None:
    names = named.get(span_ref(span), set())
    return next(iter(names)) if len(names) == 1 and temporal.acting_type(span) else None


def _named_below(tree: SpanTree) -> dict[str, set[str]]:
    """Per ancestor, the agents named by spans below it."""
    below: dict[str, set[str]] = {}
    for span in tree.spans:
        name = _own_name(span)
        if name is None:
            continue
        for ancestor in tree.lineage(span):
            below.setdefault(span_ref(ancestor), set()).add(name)
    return below
