"""What should be stored beside what is stored.

In: a ledger of spans with the session each belongs to; a database. Out: `Stored`, the differences
as text. Next: tests and `bench faults` print or assert them.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.model.session import Session, SessionState
from pipeline.store import Store

SpanKey = tuple[str, str]
"""Trace id and span id, as lower-case hex."""

SHOWN = 3


@dataclass
class Stored:
    """Every span of a database with its home, how often it is there, and the sessions' own counts."""

    times: Counter[SpanKey] = field(default_factory=Counter[SpanKey])
    homes: dict[SpanKey, str] = field(default_factory=dict[SpanKey, str])
    counted: dict[str, int] = field(default_factory=dict[str, int])

    def differences(self, expected: Mapping[SpanKey, str]) -> list[str]:
        """Empty if each expected span is there once, in its session, and nothing else is."""
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
        result.counted = {
            session.session_id: session.n_spans for session in sessions(store, project)
        }
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
