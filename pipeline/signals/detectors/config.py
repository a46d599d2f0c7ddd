"""Config traits: which prompt and which model an agent ran with. They are exogenous to a session.

In: invocations. Out: `config.prompt=<group>` and `config.model=<name>`. Next: `enrich`.
"""

from collections.abc import Iterator, Sequence

from pipeline.conventions.invocations import Invocation
from pipeline.conventions.prompt_groups import prompt_group
from pipeline.model.detection import Detection
from pipeline.signals.detectors.made import trait


def read_config(invocations: Sequence[Invocation]) -> list[Detection]:
    """Prompt groups and models of every invocation."""
    return [d for i in invocations for d in _config(i)]


def _config(invocation: Invocation) -> Iterator[Detection]:
    where = (invocation.agent, invocation.step, invocation.span_id)
    for group in sorted({prompt_group(p.text) for p in invocation.system}):
        yield trait(f"config.prompt={group}", where, 1.0, detail=f"ran with prompt {group}")
    for model in sorted({s.model for s in invocation.steps if s.model}):
        yield trait(f"config.model={model}", where, 1.0, detail=f"ran on {model}")
