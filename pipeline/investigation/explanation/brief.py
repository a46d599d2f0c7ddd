"""Pure: what the model is told. Trace text stands between markers that it cannot close.

In: a cluster, its contrast, steps. Out: prompts as text, of bounded length. Next: `agents`.
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256

from pipeline.investigation.explanation.check import texts_of
from pipeline.investigation.explanation.contracts import Explanation
from pipeline.investigation.explanation.table import handles, rows_of
from pipeline.investigation.result import ContrastResult
from pipeline.model.cluster import Cluster
from pipeline.model.step import Step

PART = 4_000
"""Characters that a tool hands out at once; the rest is read in further parts, never cut silently."""
MAX_LINE = 160


def fenced(text: str, source: str) -> str:
    """Untrusted text between markers that are drawn from the text itself, so it cannot hold them."""
    mark = sha256(text.encode("utf-8", "replace")).hexdigest()[:12]
    return f'<data source="{source}" mark="{mark}">\n{text}\n</data mark="{mark}">'


def brief(cluster: Cluster, result: ContrastResult) -> str:
    """The first prompt of an investigation."""
    named = handles(result)
    failing = [h for h in named if h.startswith("F")]
    healthy = [h for h in named if h.startswith("H")]
    blamed = result.blamed
    lines = [
        f"Issue: sessions in which {result.surfaced_agent} fails the user.",
        f"Cluster: {fenced(cluster.label, 'cluster label')}",
        f"Blamed by the statistics: {blamed.agent if blamed else 'nobody'}.",
        "Contrast table (from a permutation test over all sessions):",
        *(row.words() for row in rows_of(result)),
        f"Failing sessions you may read: {', '.join(failing) or 'none'}.",
        f"Healthy sessions you may read: {', '.join(healthy) or 'none'}.",
    ]
    return "\n".join(lines)


def again(faults: Sequence[str]) -> str:
    """The one repair."""
    listed = "\n".join(f"- {fault}" for fault in faults)
    return (
        "Your answer was checked. These parts do not stand and will be dropped unless you mend them:\n"
        f"{listed}\nAnswer again, whole."
    )


def for_judge(explanation: Explanation) -> str:
    """Claims beside their quotes, without the reasoning that led to them."""
    blocks = [
        f"Claim {i}: {claim.says}\n{fenced(claim.quote, f'{claim.session} step {claim.step}')}"
        for i, claim in enumerate(explanation.mechanism, 1)
    ]
    last = len(blocks) + 1
    blocks.append(f"Claim {last}, by all quotes together: {explanation.root_cause}")
    return "\n\n".join(blocks)


def outline(steps: Sequence[Step]) -> str:
    """One numbered line a step."""
    return "\n".join(_outline_lines(steps))


def _outline_lines(steps: Sequence[Step]) -> Iterable[str]:
    for number, step in enumerate(steps, 1):
        size = sum(len(text.text) for text in texts_of(step))
        retried = f", attempt {step.attempt} of {step.n_attempts}" if step.n_attempts > 1 else ""
        failed = ", failed" if step.failed else ""
        line = f"{number}. {step.agent} {step.key} ({size} characters{retried}{failed})"
        yield line[:MAX_LINE]


def step_text(step: Step) -> str:
    """Everything of one step, in order, with what it is."""
    parts = [
        *(("system", t.text) for t in step.system),
        *((f"in {m.role.value}", m.content.text) for m in step.inputs),
        *((f"calls {c.name}", c.arguments.text) for c in step.tool_calls if c.arguments),
        *((f"out {m.role.value}", m.content.text) for m in step.outputs),
    ]
    if step.error is not None:
        parts.append(("error", step.error.text))
    return "\n".join(f"[{what}] {text}" for what, text in parts)


def part_of(text: str, part: int) -> str:
    """Part `part` (from 1) of a long text, saying how many there are."""
    n_parts = max(1, -(-len(text) // PART))
    at = min(max(1, part), n_parts)
    return f"part {at} of {n_parts}\n{text[(at - 1) * PART : at * PART]}"
