"""What should be stored beside what is stored.

In: a ledger of spans with the session each belongs to; a database. Out: `Stored`, the differences
as text. Next: tests and `bench faults` print or assert them.
"""

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.model.session import Session, SessionKey, SessionState
from pipeline.store import Store

SpanKey = tuple[str, str]
"""Trace id and span id, as lower-case hex."""

SHOWN = 3
CONTENT = "gen_ai.prompt"
WORDS = ("order", "claim", "agent", "refund", "policy", "flight", "user", "booking", "price")


def content(span_id: str) -> str:
    """What a span of a load says: a function of its id, so that it can be checked in the end."""
    luck = random.Random(span_id)
    return " ".join(luck.choices(WORDS, k=luck.randrange(8, 90)))


@dataclass
class Stored:
    """Every span of a database: home, how often it is there, what it says; the sessions' counts."""

    times: Counter[SpanKey] = field(default_factory=Counter[SpanKey])
    homes: dict[SpanKey, str] = field(default_factory=dict[SpanKey, str])
    counted: dict[str, int] = field(default_factory=dict[str, int])
    read: dict[SpanKey, str] = field(default_factory=dict[SpanKey, str])

    def differences(self, expected: Mapping[SpanKey, str]) -> list[str]:
        """Empty if each expected span is there once, in its session, as it was sent, and nothing else is."""
        found: list[str] = []
        _tell(found, "spans missing", [key for key in expected if key not in self.times])
        _tell(found, "spans stored twice", [key for key, n in self.times.items() if n > 1])
        _tell(found, "spans that nobody sent", [key for key in self.times if key not in expected])
        moved = [key for key, home in self.homes.items() if expected.get(key, home) != home]
        _tell(found, "spans in another session", moved)
        wanted = Counter(expected.values())
        _tell(found, "sessions missing", [name for name in wanted if name not in self.counted])
        miscounted = [name for name, n in self.counted.items() if wanted.get(name, 0) != n]
        _tell(found, "sessions whose count of spans is wrong", miscounted)
        garbled = [key for key in expected if self.read.get(key) != content(key[1])]
        _tell(found, "spans that do not read as they were sent", garbled)
        return found


def _tell(found: list[str], what: str, items: Sequence[object]) -> None:
    if items:
        found.append(f"{len(items)} {what}, e.g. {', '.join(str(item) for item in items[:SHOWN])}")


def stored(database: Path | str, project: str) -> Stored:
    """Everything of one project."""
    result = Stored()
    with Store.open(str(database)) as store:
        for fact in store.canonical(project):
            if fact["type"] != "span":
                break
            key = fact["trace_id"], fact["span_id"]
            result.times[key] += 1
            result.homes[key] = fact["session_id"]
        counts = {session.session_id: session.n_spans for session in sessions(store, project)}
        result.counted = counts
        for name in counts:
            for span in store.load_spans(SessionKey.of(project, name)).spans:
                result.read[span.trace_id, span.span_id] = span.attributes.get(CONTENT, "")
    return result


def sessions(store: Store, project: str) -> Iterator[Session]:
    """All sessions that hold spans, page by page."""
    token = ""
    while True:
        page, token = store.list_sessions(project, page_size=1000, page_token=token)
        yield from (session for session in page if session.state is not SessionState.MERGED)
        if not token:
            return


def n_stored(store: Store, project: str) -> int:
    """How many spans there are now, by the sessions' own counts."""
    return sum(session.n_spans for session in sessions(store, project))
