"""Pure: makes what was captured the same on every machine and in every run.

In: OTLP requests, the folders and addresses of this machine. Out: the requests as JSON objects, ids
in hex. Next: `record` writes them, one a line.

Times become ranks a millisecond apart, ids and UUIDs numbers in order of appearance; what names the
machine is dropped or replaced. Nothing that an instrumentation says about the chat is touched.
"""

import base64
import hashlib
import json
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
_MEASURED = re.compile(r"time_to_first|time_per_|duration|latency|elapsed|ms(To|$)|msPer|PerSecond")
_UUID = re.compile(
    r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.IGNORECASE
)
_HEX = re.compile(r"\b(?:[0-9a-f]{32}|[0-9a-f]{16})\b")
_OF_THE_MOMENT = (
    (re.compile(r"\b20\d\d-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?"), "2025-06-15T15:06:40"),
    (re.compile(r"\b\w{3}, \d\d \w{3} 20\d\d [\d:]{8} GMT"), "Sun, 15 Jun 2025 15:06:40 GMT"),
    (re.compile(r"\b1[78]\d{8}(?:\.\d+)?\b"), "1750000000"),
    (re.compile(r"\b(took |duration=)\d+\.\d+"), r"\g<1>0.1"),
    (re.compile(r"\b0x[0-9a-f]{6,16}\b"), "0x7f0000000000"),
)
_PACKAGES = re.compile(r"[^\s\"']*/(?:site-packages|node_modules|lib/python3\.\d+)/")


@dataclass
class Scrubber:
    """The names that this run gave to what differs from run to run."""

    folders: Sequence[str]
    ports: Mapping[int, int]
    _known: dict[str, str] = field(default_factory=dict[str, str])
    _kinds: dict[str, int] = field(default_factory=dict[str, int])

    def requests(self, captured: Sequence[Message]) -> list[Json]:
        """The requests by start; those of spans are one, since when a batch ends is a matter of luck."""
        given = [_with_hex_ids(MessageToDict(message)) for message in captured]
        given = sorted((g for g in given if g), key=lambda g: min(_times(g), default=0))
        given = _merged(given)
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
        for pattern, constant in _OF_THE_MOMENT:
            text = pattern.sub(constant, text)
        return text

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


def _merged(requests: Sequence[Json]) -> list[Json]:
    """Spans of one resource and scope stand together, by start; requests of logs are left alone."""
    resources: dict[str, Json] = {}
    for resource in (r for request in requests for r in request.get("resourceSpans", ())):
        head = {k: v for k, v in resource.items() if k != "scopeSpans"}
        scopes = resources.setdefault(_same(head), {**head, "scopeSpans": {}})["scopeSpans"]
        for scope in resource["scopeSpans"]:
            head = {k: v for k, v in scope.items() if k != "spans"}
            scopes.setdefault(_same(head), {**head, "spans": []})["spans"] += scope["spans"]
    if not resources:
        return list(requests)
    by_start: Callable[[Json], Any] = lambda s: (int(s["startTimeUnixNano"]), s["name"])  # noqa: E731
    for resource in resources.values():
        resource["scopeSpans"] = list(resource["scopeSpans"].values())
        for scope in resource["scopeSpans"]:
            scope["spans"].sort(key=by_start)
        resource["scopeSpans"].sort(key=lambda scope: by_start(scope["spans"][0]))
    return [{"resourceSpans": list(resources.values())}]


def _same(head: Json) -> str:
    return json.dumps(head, sort_keys=True)


def _names_machine(item: Any) -> bool:
    return isinstance(item, dict) and "key" in item and bool(_MACHINE.match(str(item["key"])))


def _without_stack(value: Json) -> Json:
    """An attribute with a stack trace keeps its first and last line; a measured time is a constant."""
    if _MEASURED.search(str(value.get("key", ""))):
        kind = next(iter(value.get("value") or {"": None}))
        constant = {"doubleValue": 0.1, "intValue": "100"}.get(kind)
        if constant:
            return {"key": value["key"], "value": {kind: constant}}
    if value.get("key") != "exception.stacktrace":
        return value
    lines = value["value"].get("stringValue", "").strip().splitlines()
    kept = "\n".join(lines[:1] + lines[-1:])
    return {"key": value["key"], "value": {"stringValue": kept}}
