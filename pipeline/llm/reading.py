"""Pure: steps as a model reads them. Trace text stands between markers that it cannot close.

In: steps, texts of spans. Out: bounded, fenced parts. Next: the briefs and tools of the agents that
explain (`pipeline.investigation`) and interrogate (`pipeline.interrogation`).
"""

import unicodedata
from collections.abc import Iterable, Sequence
from hashlib import sha256

from pipeline.model.evidence import Located
from pipeline.model.step import Step

PART = 4_000
"""Characters that a tool hands out at once; the rest is read in further parts, never cut silently."""
MAX_LINE = 160
_SEEN = frozenset("\n\t\u200c\u200d")
_HIDDEN = ("Cc", "Cf", "Co", "Cs")


def fenced(text: str, source: str) -> str:
    """Untrusted text between markers that are drawn from the text itself, so it cannot hold them."""
    shown = visible(text)
    mark = sha256(shown.encode("utf-8", "replace")).hexdigest()[:12]
    return f'<data source="{source}" mark="{mark}">\n{shown}\n</data mark="{mark}">'


def visible(text: str) -> str:
    """Characters that nobody sees, written out: a person must be able to read what a model reads."""
    return "".join(
        f"\\u{{{ord(c):x}}}" if c not in _SEEN and unicodedata.category(c) in _HIDDEN else c
        for c in text
    )


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


def texts_of(step: Step) -> Iterable[Located]:
    """Everything that a step was given or gave, with its place."""
    yield from step.system
    yield from (m.content for m in step.inputs)
    yield from (m.content for m in step.outputs)
    yield from (c.arguments for c in step.tool_calls if c.arguments is not None)
    if step.error is not None:
        yield step.error
