"""Pure: the project that a request as a whole asks for, from its headers or gRPC metadata.

In: header pairs. Out: `parse_baggage`, `request_project`. Next: `exporter.decode` folds it into the
fallback project of each span.
"""

from collections.abc import Iterable
from urllib.parse import unquote

BAGGAGE_HEADER = "baggage"
PROJECT_HEADER = "x-kelet-project"
PROJECT_KEY = "kelet.project"


def parse_baggage(header: str) -> dict[str, str]:
    """A W3C baggage header as a mapping; malformed members are passed over, the last of a key wins."""
    members: dict[str, str] = {}
    for member in header.split(","):
        pair, _, _properties = member.partition(";")
        key, equals, value = pair.partition("=")
        if equals and key.strip():
            members[key.strip()] = unquote(value.strip())
    return members


def request_project(headers: Iterable[tuple[str, str | bytes]], default: str) -> str:
    """Baggage before `x-kelet-project` before the default; blank values count as not given."""
    named = ""
    carried = ""
    for key, value in headers:
        if not isinstance(value, str):
            continue
        match key.lower():
            case "x-kelet-project":
                named = value.strip() or named
            case "baggage":
                carried = parse_baggage(value).get(PROJECT_KEY, "").strip() or carried
            case _:
                pass
    return carried or named or default
