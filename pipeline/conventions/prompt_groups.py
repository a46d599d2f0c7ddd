"""Prompt groups: system prompts that differ only in dates, names and ids are one prompt.

In: the text of a system prompt. Out: its group (8 hex digits). Next: the trait `config.prompt=<group>`.

The function sees one session at a time, so it cannot compare prompts: it masks per line what varies
between sessions (dates, times, numbers, ids, addresses, quoted values, and proper names inside a
line), leaves out lines of which little else remains (an inserted record, a list of names), and
hashes the rest. Two versions of a prompt that differ only in such values fall together; a line that
was added, removed or reworded makes a new group.
"""

import hashlib
import re
from functools import lru_cache

_MASKS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"https?://\S+|\b[\w.+-]+@[\w-]+\.[\w.]+\b"), "<id>"),
    (
        re.compile(r"\"[^\"\n]{1,80}\"|“[^”\n]{1,80}”|`[^`\n]{1,80}`|(?<!\w)'[^'\n]{1,60}'(?!\w)"),
        "<q>",
    ),
    (
        re.compile(
            r"\b(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may(?=\s+\d)|june?|july?|"
            r"aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?|"
            r"(?:mon|tues?|wednes|thurs?|fri|satur|sun)day)\b\.?",
            re.IGNORECASE,
        ),
        "<d>",
    ),
    (re.compile(r"(?<![\w<])(?=[\w-]*\d)(?=[\w-]*[A-Za-z_])[\w-]{3,}(?![\w>])"), "<id>"),
    (re.compile(r"[-+]?\d[\d.,:/T-]*\d(?:Z|st|nd|rd|th)?|\d(?:st|nd|rd|th)?"), "<n>"),
    (re.compile(r"(?<=[a-z,:;>] )[A-Z][a-zà-ÿ]+(?:[ -][A-Z][a-zà-ÿ'.]+)*"), "<name>"),
)
_REPEATS = re.compile(r"(<\w+>)(?:[\s,.:/&-]*(?:and )?<\w+>)+")
_TOKEN = re.compile(r"<\w+>|\w+")


@lru_cache(maxsize=512)
def prompt_group(text: str) -> str:
    """The group of a prompt: 8 hex digits of its masked, constant lines."""
    return hashlib.sha256("\n".join(masked_lines(text)).encode()).hexdigest()[:8]


def masked_lines(text: str) -> tuple[str, ...]:
    """The lines that stay constant, with what varies masked."""
    masked = (mask_line(line) for line in text.splitlines())
    return tuple(line for line in masked if line and _mostly_constant(line))


def mask_line(line: str) -> str:
    """One line with dates, names, numbers and ids masked, and white space folded."""
    for pattern, mask in _MASKS:
        line = pattern.sub(mask, line)
    return " ".join(_REPEATS.sub("<v>", line).split())


def _mostly_constant(line: str) -> bool:
    tokens = _TOKEN.findall(line)
    n_masked = sum(t.startswith("<") for t in tokens)
    return n_masked == 0 or n_masked * 2 < len(tokens) - 1
