"""Handoff traits (next commit)."""

from collections.abc import Sequence

from pipeline.conventions.invocations import Invocation
from pipeline.model.detection import Detection


def read_handoffs(invocations: Sequence[Invocation]) -> list[Detection]:
    """None yet."""
    return []
