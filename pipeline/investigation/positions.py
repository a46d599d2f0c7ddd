"""Where each step stands in the data flow, over all sessions.

In: outlines of session rows. Out: `Positions`. Next: the blame looks for the earliest step.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence

from pipeline.model.session import SessionRow, StepOutline


class Positions:
    """Median depth of every (agent, step), and who speaks last."""

    def __init__(self, rows: Sequence[SessionRow]) -> None:
        seen: dict[tuple[str, str], list[StepOutline]] = defaultdict(list)
        last: Counter[str] = Counter()
        for row in rows:
            for o in row.interrogate.outline:
                seen[o.agent, o.step].append(o)
            if row.interrogate.outline:
                last[max(row.interrogate.outline, key=_lateness).agent] += 1
        self._depth = {
            key: sorted(o.order for o in some)[len(some) // 2] for key, some in seen.items()
        }
        self.last_agent = min(last, key=lambda a: (-last[a], a)) if last else ""

    def depth(self, agent: str, step: str) -> int:
        """0 is first; a step unknown to the outline stands where its agent begins."""
        if (agent, step) in self._depth:
            return self._depth[agent, step]
        return min((d for (a, _), d in self._depth.items() if a == agent), default=0)

    def downstream(self, agent: str, step: str) -> tuple[str, ...]:
        """The agents that act after a step, in the order of the flow."""
        own = self.depth(agent, step)
        later = {a: d for (a, _), d in sorted(self._depth.items()) if d > own and a != agent}
        return tuple(sorted(later, key=lambda a: (later[a], a)))


def _lateness(outline: StepOutline) -> tuple[bool, int, str]:
    """Steps that say something go before those that only wrap others."""
    return (outline.sample_out is not None, outline.order, outline.agent)
