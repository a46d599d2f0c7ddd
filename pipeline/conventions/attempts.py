"""Attempts: a retried Temporal activity is one step, judged by its winning attempt.

In: the tree of spans. Out: per span which attempt it belongs to and whether that attempt lost.
Next: `steps` leaves out what ran inside losing attempts.

The winner is the attempt with the highest number; Temporal uses no result of an earlier one. Without
numbers attempts are told apart by their start, and the step says so.
"""

from bisect import insort
from collections import defaultdict
from dataclasses import dataclass

from pipeline.conventions import temporal
from pipeline.conventions.tree import SpanTree, span_ref
from pipeline.model.span import Span


@dataclass(frozen=True)
class Attempt:
    """The attempt a span runs in."""

    number: int = 1
    of: int = 1
    inferred: bool = False
    lost: bool = False


ONLY = Attempt()


def attempts_of(tree: SpanTree) -> dict[str, Attempt]:
    """The attempt of every span that runs in a retried activity, by span reference."""
    roots = _attempt_roots(tree)
    judged: dict[str, Attempt] = {}
    for group in _groups(roots).values():
        for chain in [group] if group[0][1].identified else _chains(group):
            judged.update(_judge(chain))
    if not judged:
        return {}
    lost = tree.inherit(lambda s: a if (a := judged.get(span_ref(s))) and a.lost else None)
    return {**tree.inherit(lambda s: judged.get(span_ref(s))), **lost}


Root = tuple[Span, temporal.AttemptOf]


def _attempt_roots(tree: SpanTree) -> list[Root]:
    """The topmost span of each attempt, by start."""
    attempts = {span_ref(s): a for s in tree.spans if (a := temporal.attempt_of(s)) is not None}
    within = tree.inherit(lambda s: attempts.get(span_ref(s)))
    found: list[Root] = []
    for span in tree.spans:
        above = tree.parent(span)
        runs = span.name.startswith("RunActivity:")
        attempt = attempts.get(span_ref(span))
        if attempt is not None and (runs or above is None or span_ref(above) not in within):
            found.append((span, attempt))
    return found


def _groups(roots: list[Root]) -> dict[tuple[str, ...], list[Root]]:
    groups: dict[tuple[str, ...], list[Root]] = {}
    for root in roots:
        groups.setdefault(root[1].activity, []).append(root)
    return groups


def _chains(group: list[Root]) -> list[list[Root]]:
    """Without the activity's id: attempt n > 1 follows the latest chain that ended below n."""
    chains: list[list[Root]] = []
    ended: dict[int, list[int]] = defaultdict(list)
    for root in group:
        number = root[1].number or 1
        below = max((n for n in ended if n < number), key=lambda n: ended[n][-1], default=None)
        if below is None:
            at = len(chains)
            chains.append([])
        else:
            at = ended[below].pop()
            if not ended[below]:
                del ended[below]
        chains[at].append(root)
        insort(ended[number], at)
    return chains


def _judge(chain: list[Root]) -> dict[str, Attempt]:
    """All spans of one attempt number stand together; the highest number wins."""
    inferred = any(a.number is None for _, a in chain)
    numbers = [i + 1 if inferred else a.number or 1 for i, (_, a) in enumerate(chain)]
    highest = max(numbers)
    if len(set(numbers)) == 1 and highest == 1:
        return {}
    return {
        span_ref(span): Attempt(number, highest, inferred, lost=number < highest)
        for (span, _), number in zip(chain, numbers, strict=True)
    }
