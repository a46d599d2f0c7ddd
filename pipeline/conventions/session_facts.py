"""What a session says of itself beside its steps: the user, and the metadata given to it.

In: the spans of one session. Out: the user's id, and `metadata.<key>` as texts. Next: interrogation
keeps both with the session; the user is half of its block.

Both are read from the earliest span that says them, so that the order of arrival changes nothing.
"""

from collections.abc import Sequence

from pipeline.conventions.quotes import as_text
from pipeline.model.span import Span

USER_KEYS = (
    "user.id",
    "enduser.id",
    "langfuse.user.id",
    "ai.telemetry.metadata.userId",
    "traceloop.association.properties.user_id",
    "langsmith.metadata.user_id",
)
METADATA = "metadata."
MAX_KEYS = 32
MAX_CHARS = 200


def read_user(spans: Sequence[Span]) -> str | None:
    """The user's id on the earliest span that carries one."""
    for span in _by_start(spans):
        for key in USER_KEYS:
            value = span.attributes.get(key)
            if value not in (None, ""):
                return as_text(value)
    return None


def read_metadata(spans: Sequence[Span]) -> dict[str, str]:
    """The metadata of the session by key, the earliest value of each; no more than a few, cut short."""
    found: dict[str, str] = {}
    for span in _by_start(spans):
        for key, value in sorted(span.attributes.items()):
            name = key.removeprefix(METADATA)
            if key.startswith(METADATA) and name and value is not None:
                found.setdefault(name, as_text(value)[:MAX_CHARS])
    return {name: found[name] for name in sorted(found)[:MAX_KEYS]}


def _by_start(spans: Sequence[Span]) -> list[Span]:
    return sorted(spans, key=lambda s: (s.start, s.span_id))
