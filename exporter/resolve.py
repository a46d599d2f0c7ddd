"""Pure: where spans on their way in belong, and which of them are the sidecar's own.

In: the keys of spans. Out: `resolve`, the rule by which the store files and reads them; and the last
guard against a loop: what analyses the sidecar's own sessions must not become another of them.
"""

from pipeline.store.homes import resolve
from pipeline.temporal.ids import SELF_PROJECT, analysed_project

__all__ = ["resolve", "watches_itself"]

MAX_DEPTH = 1
"""`kelet.depth` of the sidecar's own workflows; those that analyse them are deeper."""


def watches_itself(project: str, workflow_id: str, depth: int) -> bool:
    """Whether a span of this project is of an analysis of the sidecar's own sessions."""
    return project == SELF_PROJECT and (
        depth > MAX_DEPTH or analysed_project(workflow_id) == SELF_PROJECT
    )
