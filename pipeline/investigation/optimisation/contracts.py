"""What an optimisation works on and what comes out of it.

In: nothing. Out: `Material`, `Optimised`, `Proposal`. Next: `search`.
"""

from collections.abc import Callable
from typing import Annotated, NamedTuple

from pydantic import Field

from pipeline.investigation.result import FeatureResult
from pipeline.investigation.trial.contracts import Request
from pipeline.investigation.trial.requests import Steps
from pipeline.model.finding import PatchTrial, PromptPatch
from pipeline.model.frozen import Frozen

MAX_LINES = 4


class Material(NamedTuple):
    """What is read of a finding before anything is asked."""

    patch: PromptPatch
    blamed: FeatureResult
    lines: tuple[str, ...]
    """The lines that the patch adds."""
    train: tuple[Request, ...]
    """The search sees their texts."""
    test: tuple[Request, ...]
    """It sees nothing of these; on them both patches are measured."""
    steps: Steps


class Proposal(Frozen):
    """The model's answer: other lines."""

    prompt_lines: Annotated[
        tuple[Annotated[str, Field(min_length=10, max_length=300)], ...],
        Field(min_length=1, max_length=MAX_LINES),
    ]
    """Lines to add to the agent's system prompt instead of the present ones."""


class Optimised(NamedTuple):
    """The best lines, and what is known of them."""

    lines: tuple[str, ...]
    before: PatchTrial
    """The finding's own patch on the sessions that the search has not seen."""
    after: PatchTrial | None
    """The best one on the same sessions; None where it is the same, or was not measured any more."""
    n_candidates: int
    ended: str
    """Why the search ended."""


Progress = Callable[[str, float], None]
"""(what is going on, the best share of training sessions that pass)."""
