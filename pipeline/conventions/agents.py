"""Who acts in a span (design section 3, wire contract).

In: the tree of spans and their drafts. Out: the agent's name of each span. Next: `steps` names the
agent of each step.

`gen_ai.agent.name` of the span or its nearest ancestor, else OpenInference's `agent.name` or
`graph.node.id`, which the names that other conventions give to an agent equal, else the Temporal
activity or workflow type, else `service.name`. A name that is nothing but an id names nobody, since
every session would have agents of its own. An activity or workflow below which exactly one agent is
named acts for that agent: otherwise the same work would belong to two agents, one of which never
says anything.
"""

import re
from collections.abc import Callable, Mapping

from pipeline.conventions import temporal
from pipeline.conventions.draft import Draft, is_id, text_of
from pipeline.conventions.openinference import node_agent
from pipeline.conventions.registry import read_draft
from pipeline.conventions.tree import SpanTree, span_ref
from pipeline.model.span import Span
from pipeline.model.step import StepKind

UNNAMED = "agent"
_PREFIXES = re.compile(r"\A(?:invoke_agent|create_agent|agent[ _]run|agent|running)\b[ :\[]*", re.I)
_SUFFIXES = re.compile(
    r"[ ._](?:run|arun|invoke|ainvoke|kickoff|execute|workflow|agent|stream)\Z|\]\Z", re.I
)
_NOBODY = {"", "agent", "agents", "run", "chat", "invocation", "request", "invoke", "execute",
           "root", "session", "trace", "agent run", "agent_run", "agent_turn"}  # fmt: skip


def agents_of(tree: SpanTree, drafts: Mapping[str, Draft] | None = None) -> dict[str, str]:
    """The agent of every span, by `trace_id:span_id`."""
    if drafts is None:
        read = {span_ref(s): read_draft(s) for s in tree.spans}
        drafts = {ref: draft for ref, draft in read.items() if draft is not None}
    known = drafts
    named = _named_below(tree, lambda s: _own_name(s) or _given_name(s, known))
    readers: tuple[Callable[[Span], str | None], ...] = (
        _own_name,
        lambda s: _given_name(s, known),
        lambda s: _only_agent_below(s, named) or temporal.acting_type(s),
        _service,
    )
    found = [tree.inherit(read) for read in readers]
    return {
        ref: next((names[ref] for names in found if ref in names), UNNAMED)
        for ref in map(span_ref, tree.spans)
    }


def _own_name(span: Span) -> str | None:
    return _proper(text_of(span, "gen_ai.agent.name"))


def _given_name(span: Span, drafts: Mapping[str, Draft]) -> str | None:
    """What other conventions call the agent; an agent's span may be called after it."""
    draft = drafts.get(span_ref(span))
    named = node_agent(span) or (draft.agent if draft else None)
    if named or draft is None or draft.kind is not StepKind.AGENT or span.name.startswith("ai."):
        return _proper(named)
    plain = _SUFFIXES.sub("", _PREFIXES.sub("", span.name.strip())).strip(" []")
    return _proper(None if plain.lower() in _NOBODY else plain)


def _proper(name: str | None) -> str | None:
    return name if name and not is_id(name) else None


def _service(span: Span) -> str | None:
    service = span.resource.get("service.name")
    return service if isinstance(service, str) and service else UNNAMED


def _only_agent_below(span: Span, named: dict[str, set[str]]) -> str | None:
    names = named.get(span_ref(span), set())
    return next(iter(names)) if len(names) == 1 and temporal.acting_type(span) else None


def _named_below(tree: SpanTree, name_of: Callable[[Span], str | None]) -> dict[str, set[str]]:
    """Per ancestor, up to two of the agents named by spans below it: one alone is what counts."""
    below: dict[str, set[str]] = {}
    for span in tree.spans:
        name = name_of(span)
        if name is None:
            continue
        for ancestor in tree.lineage(span):
            names = below.setdefault(span_ref(ancestor), set())
            if name in names or len(names) > 1:
                break
            names.add(name)
    return below
