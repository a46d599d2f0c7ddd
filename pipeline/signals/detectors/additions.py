"""Additions and hidden errors: what the answer says without a source, and what it keeps quiet.

In: an exchange. Out: additions and hidden errors in the tallies. Next: `handoff`.
"""

from pipeline.model.evidence import Located
from pipeline.model.step import Step, StepKind
from pipeline.signals.detectors.changes import derived
from pipeline.signals.detectors.coverage import kept
from pipeline.signals.detectors.exchanges import Exchange, Side
from pipeline.signals.detectors.run import is_error_text
from pipeline.signals.detectors.tally import Tally
from pipeline.text.excerpts import beginning, excerpt
from pipeline.text.items import Item
from pipeline.text.words import FAILURE

_SMALL = 10


def count_additions(exchange: Exchange, tally: Tally) -> None:
    """Numbers, identifiers, dates and names of the answer that stand nowhere before it."""
    if exchange.is_cut:
        return
    known = Side((*exchange.source.texts, *exchange.earlier.texts, *_arguments(exchange)))
    seen: set[str] = set()
    for located, item in exchange.answer.items:
        if item.spelled or item.key in seen or not _checkable(item):
            continue
        seen.add(item.key)
        tally.total += 1
        if not (kept(item, known) or _computed(item, known)):
            tally.miss(item.text, excerpt(located, item.start, item.end))


def _arguments(exchange: Exchange) -> list[Located]:
    return [m.content for s in exchange.tools for m in s.inputs]


def _checkable(item: Item) -> bool:
    if item.kind == "number":
        return item.value > _SMALL
    return item.kind in ("id", "date") or (item.kind == "name" and " " in item.key)


def _computed(item: Item, known: Side) -> bool:
    if item.kind == "number":
        return known.holds(item.text.lower()) or derived(item.value, known)
    return item.kind == "id" and any(
        item.key.replace("-", "") in a.lower.replace("-", "") for _, a in known.read
    )


def count_hidden_errors(exchange: Exchange, tally: Tally) -> None:
    """Tools that failed to the end, and an answer that mentions no failure.

    A later call that succeeds settles the error; another one that was already on its way does not.
    """
    open_errors: dict[str, Step] = {}
    for step in sorted(exchange.tools, key=lambda s: (s.start, s.span_id)):
        failed = open_errors.get(step.name)
        if _failed(step):
            open_errors[step.name] = step
        elif step.kind is StepKind.TOOL and failed is not None and _retries(step, failed):
            del open_errors[step.name]
    if not open_errors:
        return
    tally.total += len(open_errors)
    admitted = any(FAILURE.search(t.text) for t in exchange.answer.texts)
    for name, step in sorted(open_errors.items()):
        said = [m.content for m in step.outputs] or ([step.error] if step.error else [])
        shown = [beginning(p, 200) for p in (*said[:1], *exchange.answer.texts[-1:])]
        if admitted:
            tally.keep(*shown)
        else:
            tally.miss(name, *shown)


def _retries(step: Step, failed: Step) -> bool:
    asked, before = ([m.content.text for m in s.inputs] for s in (step, failed))
    return step.start >= failed.end or asked == before


def _failed(step: Step) -> bool:
    return step.failed or any(is_error_text(m.content.text) for m in step.outputs)
