"""Pure: what the formats share: the plain text of a content, and a text cut into pieces."""

import re
from collections.abc import Mapping
from typing import Any, cast

CREATED = 1_750_000_000
"""When every answer says it was made."""

_WORDS = re.compile(r"\S+\s*|\s+")


def plain(content: object) -> str:
    """The text of a content that is a string, a list of parts, or nothing."""
    if content is None:
        return ""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts = (plain(p) for p in cast("list[object]", content))
        return "\n".join(part for part in parts if part)
    if isinstance(content, Mapping):
        data = cast("Mapping[str, Any]", content)
        if data.get("type") in ("thinking", "redacted_thinking", "tool_use", "reasoning"):
            return ""
        return plain(next((data[k] for k in ("text", "content", "refusal") if k in data), None))
    return str(content)


def chunks(text: str) -> list[str]:
    """The words of a text with the space behind each; joined they are the text."""
    return _WORDS.findall(text)
