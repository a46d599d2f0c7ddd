"""Pure: makes what was captured the same on every machine and in every run.

In: OTLP requests, the folders and addresses of this machine. Out: the requests as JSON objects, ids
in hex. Next: `record` writes them, one a line.

Times become ranks a millisecond apart, ids and UUIDs numbers in order of appearance; what names the
machine is dropped or replaced. Nothing that an instrumentation says about the chat is touched.
"""

import base64
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

Json = dict[str, Any]

FIRST = 1_750_000_000_000_000_000
STEP = 1_000_000

_IDS = ("traceId", "spanId", "parentSpanId")
_TIMES = ("startTimeUnixNano", "endTimeUnixNano", "timeUnixNano", "observedTimeUnixNano")
_MACHINE = re.compile(
    r"(host|os|process|container|k8s|thread|cloud)\.|service\.instance\.id\Z|code\."
)
_MEASURED = re.compile(r"time_to_first|duration|latency|elapsed|ms(To|$)|msPer|PerSecond")
_UUID = re.compile(
    r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.IGNORECASE
)
_HEX = re.compile(r"\b(?:[0-9a-f]{32}|[0-9a-f]{16})\b")
_ADDRESS = re.compile(r"\b0x[0-9a-f]{6,16}\b")
_ISO = re.compile(r"\b20\d\d-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?")
_PACKAGES = re.compile(r"[^\s\"']*/(?:site-packages|node_modules|lib/python3\.\d+)/")


@dataclass
class Scrubber:
    """The names that this run gave to what differs from run to run."""

    folders: Sequence[str]
    ports: Mapping[int, int]
    _known: dict[str, str] = field(default_factory=dict[str, str])
    _kinds: dict[str, int] = field(default_factory=dict[str, int])

    def requests(self, captured: Sequence[Message]) -> list[Json]:
        """The requests in the order in which their first spans began."""
        given = [_with_hex_ids(MessageToDict(message)) for message in captured]
        given = sorted((g for g in given if g), key=lambda g: min(_times(g), default=0))
        for request in given:
            _sort_spans(request)
        ranks = {at: rank for rank, at in enumerate(sorted({t for g in given for t in _times(g)}))}
        return [self._walk(request, ranks) for request in given]

    def _walk(self, value: Any, ranks: Mapping[int, int]) -> Any:
        if isinstance(value, list):
            kept = (item for item in value if not _names_machine(item))
            return [self._walk(item, ranks) for item in kept]
        if isinstance(value, dict):
            return {k: self._field(k, v, ranks) for k, v in _without_stack(value).items()}
        return self._text(value) if isinstance(value, str) else value

    def _field(self, key: str, value: Any, ranks: Mapping[int, int]) -> Any:
        if key in _TIMES:
            return str(FIRST + STEP * ranks[int(value)]) if int(value) else value
        if key in _IDS:
            return self._renamed("id", value, len(value)) if value else value
        if key == "intValue" and int(value) in self.ports:
            return str(self.ports[int(value)])
        return self._walk(value, ranks)

    def _text(self, text: str) -> str:
        for port, other in self.ports.items():
            text = text.replace(f":{port}", f":{other}")
        text = _PACKAGES.sub("/app/", text)
        for folder in self.folders:
            text = text.replace(folder, "/app")
        text = _UUID.sub(lambda m: self._uuid(m[0].lower()), text)
        text = _HEX.sub(lambda m: self._renamed("id", m[0], len(m[0])), text)
        text = _ISO.sub("2025-06-15T15:06:40", text)
        return _ADDRESS.sub("0x7f0000000000", text)

    def _uuid(self, value: str) -> str:
        digits = self._renamed("uuid", value.replace("-", ""), 32)
        return "-".join(digits[a:b] for a, b in ((0, 8), (8, 12), (12, 16), (16, 20), (20, 32)))

    def _renamed(self, kind: str, value: str, length: int) -> str:
        if value not in self._known:
            kind = f"{kind}/{length}"
            self._kinds[kind] = number = self._kinds.get(kind, 0) + 1
            self._known[value] = hashlib.sha256(f"{kind}/{number}".encode()).hexdigest()[:length]
        return self._known[value]


def _with_hex_ids(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_hex_ids(item) for item in value]
    if isinstance(value, dict):
        return {
            k: base64.b64decode(v).hex() if k in _IDS and isinstance(v, str) else _with_hex_ids(v)
            for k, v in value.items()
        }
    return value


def _times(value: Any) -> Iterator[int]:
    if isinstance(value, list):
        for item in value:
            yield from _times(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key in _TIMES:
                if int(item):
                    yield int(item)
            else:
                yield from _times(item)


def _sort_spans(request: Json) -> None:
    by_start: Callable[[Json], int] = lambda span: int(span.get("startTimeUnixNano", 0))  # noqa: E731
    for resource in request.get("resourceSpans", ()):
        for scope in resource.get("scopeSpans", ()):
            scope.get("spans", []).sort(key=by_start)


def _names_machine(item: Any) -> bool:
    return isinstance(item, dict) and "key" in item and bool(_MACHINE.match(str(item["key"])))


def _without_stack(value: Json) -> Json:
    """An attribute with a stack trace keeps its first and last line; a measured time is a constant."""
    if _MEASURED.search(str(value.get("key", ""))) and "doubleValue" in value.get("value", {}):
        return {"key": value["key"], "value": {"doubleValue": 0.1}}
    if value.get("key") != "exception.stacktrace":
        return value
    lines = value["value"].get("stringValue", "").strip().splitlines()
    kept = "\n".join(lines[:1] + lines[-1:])
    return {"key": value["key"], "value": {"stringValue": kept}}
