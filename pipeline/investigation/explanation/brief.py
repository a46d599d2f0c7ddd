"""Pure: what the model is told; trace text is fenced (`pipeline.llm.reading`).

In: a cluster and its contrast. Out: prompts as text, of bounded length. Next: `agents`.
"""

from collections.abc import Sequence

from pipeline.investigation.explanation.check import Steps
from pipeline.investigation.explanation.contracts import Claim, Explanation
from pipeline.investigation.explanation.table import handles, rows_of
from pipeline.investigation.result import ContrastResult
from pipeline.llm.reading import fenced
from pipeline.model.cluster import Cluster

MAX_ROW = 700
MAX_LABEL = 500


def table(result: ContrastResult) -> str:
    """The contrast table. Its numbers are the statistics', its names the application's."""
    lines = "\n".join(row.words()[:MAX_ROW] for row in rows_of(result))
    return fenced(lines or "no cause was named", "contrast table")


def brief(cluster: Cluster, result: ContrastResult) -> str:
    """The first prompt of an investigation."""
    named = handles(result)
    failing = [h for h in named if h.startswith("F")]
    healthy = [h for h in named if h.startswith("H")]
    lines = [
        "Issue: the failing sessions of one cluster, labelled",
        fenced(cluster.label[:MAX_LABEL], "cluster label"),
        "Contrast table, from a permutation test over all sessions; the statistics blame C1:",
        table(result),
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


def for_judge(explanation: Explanation, steps: Steps) -> str:
    """Claims beside their quotes and who wrote them, without the reasoning that led to them."""
    blocks = [
        f"Claim {i}: {fenced(claim.says, 'claim')}\n"
        f"{fenced(claim.quote, f'{claim.session} step {claim.step}, {_side(claim, steps)}')}"
        for i, claim in enumerate(explanation.mechanism, 1)
    ]
    last = len(blocks) + 1
    cause = fenced(explanation.root_cause, "claim")
    blocks.append(f"Claim {last}, by all quotes together: {cause}")
    return "\n\n".join(blocks)


def _side(claim: Claim, steps: Steps) -> str:
    """Whose words a quote is: what a user says of an agent is not what the agent did."""
    of_session = steps.get(claim.session, ())
    if claim.step > len(of_session):
        return "unknown"
    step = of_session[claim.step - 1]
    if any(claim.quote in m.content.text for m in step.outputs):
        return "what it gave"
    if any(claim.quote in c.arguments.text for c in step.tool_calls if c.arguments):
        return "a call that it made"
    roles = [m.role.value for m in step.inputs if claim.quote in m.content.text]
    return f"what the {roles[0]} gave it" if roles else "its instructions or its error"
