"""Pure: all spans of one trace -> the project and the session of each.

In: the `SpanKeys` of every stored span of a trace. Out: a `Home` for each span id. Next: the store
files each span there, moves it when a late ancestor changes the answer, and reads by the same rule.

The session is the span's own id; else its nearest ancestor's; else the one on the span with the
smallest (start, span id) among those that carry one; else `trace:<trace id>`. The project is its
own; else its nearest ancestor's; else the span's fallback. Nothing depends on the order of the spans.
"""

from collections.abc import Mapping, Sequence

from pipeline.model.span_keys import Home, SpanKeys


def resolve(spans: Sequence[SpanKeys]) -> dict[str, Home]:
    """The home of every span of one trace, by span id."""
    if not spans:
        return {}
    parents = {span.span_id: span.parent_id for span in spans}
    sessions = nearest(parents, {span.span_id: span.own_session for span in spans})
    projects = nearest(parents, {span.span_id: span.own_project for span in spans})
    shared = trace_session(spans)
    return {
        span.span_id: Home(
            project=projects[span.span_id] or span.fallback_project,
            session_id=sessions[span.span_id] or shared,
        )
        for span in spans
    }


def trace_session(spans: Sequence[SpanKeys]) -> str:
    """The session of spans that neither carry an id nor descend from one that does."""
    carriers = [span for span in spans if span.own_session]
    if not carriers:
        return f"trace:{spans[0].trace_id}"
    first = min(carriers, key=lambda span: (span.start, span.span_id))
    return first.own_session or ""


def nearest(
    parents: Mapping[str, str | None], own: Mapping[str, str | None]
) -> dict[str, str | None]:
    """Each span's own value or that of its nearest ancestor; None if no ancestor has one.

    Every span is walked over once, and a path that bites its own tail ends there: a circle that had
    a value would have been left at that value.
    """
    found: dict[str, str | None] = {}
    for span_id in parents:
        path: dict[str, None] = {}
        at: str | None = span_id
        while at is not None and at in parents and at not in found and at not in path:
            path[at] = None
            if own[at]:
                found[at] = own[at]
                break
            at = parents[at]
        value = found.get(at) if at is not None else None
        for step in path:
            found[step] = value
    return found
