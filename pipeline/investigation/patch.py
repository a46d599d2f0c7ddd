"""A prompt patch: a unified diff against the constant text of the blamed agent's newest prompt.

In: a contrast, session rows, the spans of sessions with the agent's prompts. Out: `PromptPatch`, or
the reason why there is none. Next: the finding.

Lines that differ between the sessions of one prompt group (dates, names) are shown as a placeholder.
Where a prompt version itself is to blame, the patch brings back the lines that it lost.
"""

import difflib
import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from pipeline.conventions.prompt_groups import mask_line, prompt_group
from pipeline.conventions.quotes import read_field
from pipeline.investigation.instructions import instructions
from pipeline.investigation.result import ContrastResult
from pipeline.model.finding import PromptPatch
from pipeline.model.session import SessionRow
from pipeline.model.span import Span

MAX_READ = 12
PLACEHOLDER = "[this line varies between sessions]"
Spans = Mapping[str, Sequence[Span]]


class Patch(NamedTuple):
    """Either a patch or the reason why there is none."""

    patch: PromptPatch | None
    reason: str | None


class _Prompt(NamedTuple):
    started_at: int
    session_id: str
    group: str
    text: str


def sessions_to_patch(result: ContrastResult, rows: Sequence[SessionRow]) -> tuple[str, ...]:
    """Sessions whose prompts are to be read: the newest, and the newest with other versions."""
    blamed = result.blamed
    if blamed is None:
        return ()
    seen = [row for row in rows if any(p.agent == blamed.agent for p in row.interrogate.prompts)]
    newest = sorted(seen, key=lambda r: (-r.interrogate.started_at, r.session_id))
    shown = {
        row.session_id
        for row in newest
        for d in row.enrich.detections
        if (d.agent, d.name) == (blamed.agent, blamed.feature)
    }
    without = [row for row in newest if row.session_id not in shown]
    chosen = (
        newest[:MAX_READ]
        if not blamed.feature.startswith("config.")
        else [
            *[row for row in newest if row.session_id in shown][: MAX_READ // 2],
            *without[: MAX_READ // 2],
            *newest[:2],
        ]
    )
    return tuple(dict.fromkeys(row.session_id for row in chosen))


def write_patch(
    result: ContrastResult, rows: Sequence[SessionRow], spans: Spans, lines: Sequence[str] = ()
) -> Patch:
    """The patch for the blamed agent's newest prompt group; `lines` replace those of the table."""
    blamed = result.blamed
    if blamed is None:
        return Patch(None, "no cause is named, so there is nothing to change")
    prompts = sorted(_prompts(blamed.agent, rows, spans), reverse=True)
    if not prompts:
        return Patch(None, f"no system prompt of {blamed.agent} was seen")
    group = prompts[0].group
    base = constant_text([p.text for p in prompts if p.group == group])
    if blamed.feature.startswith("config.prompt="):
        return _brought_back(blamed.agent, blamed.feature.partition("=")[2], base, prompts)
    wanted = lines or instructions(blamed.feature, blamed.effect)
    if isinstance(wanted, str):
        return Patch(None, wanted)
    return _patch(blamed.agent, base, _with_lines(base, wanted))


def constant_text(texts: Sequence[str]) -> list[str]:
    """The lines of the newest text; those that another text of the group lacks become placeholders."""
    others = [set(text.splitlines()) for text in texts[1:]]
    lines: list[str] = []
    for line in texts[0].splitlines():
        constant = all(line in other for other in others)
        shown = line if constant else PLACEHOLDER
        if shown != PLACEHOLDER or lines[-1:] != [PLACEHOLDER]:
            lines.append(shown)
    return lines


def _prompts(agent: str, rows: Sequence[SessionRow], spans: Spans) -> Iterable[_Prompt]:
    """The longest prompt of the agent in each session that was read."""
    for row in rows:
        by_id = {span.span_id: span for span in spans.get(row.session_id, ())}
        texts = [
            text
            for seen in row.interrogate.prompts
            if seen.agent == agent
            and (span := by_id.get(seen.span_id)) is not None
            and (text := read_field(span, seen.content.field))
        ]
        if texts:
            text = max(texts, key=lambda t: (len(t), t))
            yield _Prompt(row.interrogate.started_at, row.session_id, prompt_group(text), text)


def _brought_back(agent: str, bad_group: str, base: list[str], prompts: Sequence[_Prompt]) -> Patch:
    """The newest prompt with the lines that the versions before the faulty one had."""
    if prompts[0].group != bad_group:
        return Patch(None, f"prompt version {bad_group} is no longer the newest")
    others = Counter(p.group for p in prompts if p.group != bad_group)
    if not others:
        return Patch(None, "no other version of the prompt was seen to compare with")
    good = min(others, key=lambda g: (-others[g], g))
    before = constant_text([p.text for p in prompts if p.group == good])
    after: list[str] = []
    matcher = difflib.SequenceMatcher(
        a=[mask_line(line) for line in before], b=[mask_line(line) for line in base], autojunk=False
    )
    for kind, a1, a2, b1, b2 in matcher.get_opcodes():
        after += base[b1:b2] if kind in ("equal", "insert") else before[a1:a2]
    return _patch(agent, base, after)


def _with_lines(base: Sequence[str], lines: Sequence[str]) -> list[str]:
    """The lines at the end, as list items where the prompt ends in a list."""
    text = list(base)
    while text and not text[-1].strip():
        text.pop()
    last = text[-1].lstrip() if text else ""
    mark = last[:2] if last[:2] in ("- ", "* ") else ""
    return [*text, *(mark + line for line in lines)]


def other_lines(patch: PromptPatch, lines: Sequence[str]) -> PromptPatch:
    """The same patch with other lines in the place of those that it adds; it has one hunk."""
    head, (hunk, *rows) = patch.diff.splitlines()[:2], patch.diff.splitlines()[2:]
    at = next(i for i, row in enumerate(rows) if row.startswith("+"))
    kept = [row for row in rows if not row.startswith("+")]
    was, _, now = hunk.removeprefix("@@ -").removesuffix(" @@").partition(" +")
    start = now.partition(",")[0]
    hunk = f"@@ -{was} +{start},{len(kept) + len(lines)} @@"
    added = [f"+{line}" for line in lines]
    diff = "\n".join([*head, hunk, *kept[:at], *added, *kept[at:]])
    return patch.model_copy(update={"diff": diff + "\n"})


def _patch(agent: str, base: Sequence[str], after: Sequence[str]) -> Patch:
    diff = "\n".join(
        difflib.unified_diff(base, after, f"a/{agent}", f"b/{agent}", lineterm="", n=3)
    )
    if not diff:
        return Patch(None, "the prompt holds these lines already")
    digest = hashlib.sha256("\n".join(base).encode("utf-8", "replace")).hexdigest()
    return Patch(PromptPatch(agent=agent, system_prompt_hash=digest, diff=diff + "\n"), None)
