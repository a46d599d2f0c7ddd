"""Pure: what the model is told; trace text is fenced (`pipeline.llm.reading`).

In: a cluster and its contrast. Out: prompts as text, of bounded length. Next: `agents`.
"""

from collections.abc import Sequence

from pipeline.investigation.explanation.contracts import Explanation
from pipeline.investigation.explanation.table import handles, rows_of
from pipeline.investigation.result import ContrastResult
from pipeline.llm.reading import fenced
from pipeline.model.cluster import Cluster


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
