"""Pure: the body of `POST /api/projects/{project}/signal` -> a `Signal` with its identity.

In: project, body bytes, the Idempotency-Key header if any. Out: `read_signal`, `signal_identity`.
Next: `exporter.http` commits the signal. Errors name fields and limits, never their content.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, NamedTuple, NoReturn, TypeVar, cast

from exporter.decode import MAX_ID_CHARS, MAX_TIME, id_fault, number_text
from pipeline.errors import BadRequest
from pipeline.model.signal import Signal, SignalKind, SignalSource

FIELDS = frozenset(
    {
        "session_id",
        "trace_id",
        "kind",
        "source",
        "trigger_name",
        "score",
        "value",
        "confidence",
        "metadata",
        "timestamp",
        "timestamp_unix_nano",
        "id",
    }
)
MAX_DEPTH = 32

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_Choice = TypeVar("_Choice", bound=StrEnum)
Body = Mapping[str, Any]


class ReadSignal(NamedTuple):
    """The signal, and how many fields of the body nobody here knows."""

    signal: Signal
    n_unknown_fields: int


def read_signal(project: str, body: bytes, idempotency_key: str | None = None) -> ReadSignal:
    """Read one body; raises `BadRequest` with the reason."""
    if not project.strip():
        raise BadRequest("the project in the path is empty")
    if fault := id_fault("project", project):
        raise BadRequest(f"the path has {fault}")
    given = _parse(body)
    session_id, trace_id = _id(given, "session_id"), _trace_id(given)
    if session_id is None and trace_id is None:
        raise BadRequest("one of session_id and trace_id is required")
    signal = Signal(
        identity="",
        project=project,
        session_id=session_id,
        trace_id=trace_id,
        kind=_choice(given, "kind", SignalKind),
        source=_choice(given, "source", SignalSource),
        trigger_name=_trigger_name(given),
        score=_unit(given, "score"),
        value=_value(given),
        confidence=_unit(given, "confidence"),
        metadata=_metadata(given),
        timestamp=_timestamp(given),
    )
    key = (idempotency_key or "").strip() or _id(given, "id")
    if key is not None and (fault := id_fault("idempotency key", key)):
        raise BadRequest(f"the request has {fault}")
    identity = signal_identity(signal, key)
    return ReadSignal(signal.model_copy(update={"identity": identity}), len(given.keys() - FIELDS))


def signal_identity(signal: Signal, key: str | None) -> str:
    """Hash of the key if one was given, else of what the signal says; the project is in both."""
    parts: list[object]
    if key is not None:
        parts = ["key", signal.project, key]
    else:
        parts = [
            "content",
            signal.project,
            signal.session_id,
            signal.trace_id,
            signal.kind,
            signal.source,
            signal.trigger_name,
            signal.score,
            signal.value,
            signal.timestamp,
        ]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _parse(body: bytes) -> Body:
    try:
        given = json.loads(body, parse_constant=_refuse_constant)
        _check_texts(given, 0)
    except BadRequest:
        raise
    except (ValueError, RecursionError):
        raise BadRequest("the body is not JSON") from None
    if not isinstance(given, dict):
        raise BadRequest("the body is not a JSON object")
    return {key: value for key, value in cast("Body", given).items() if value is not None}


def _refuse_constant(_name: str) -> NoReturn:
    raise BadRequest("the body holds a number that is not finite")


def _check_texts(value: object, depth: int) -> None:
    """Refuse what no database can keep: NUL, half surrogate pairs, infinity, bottomless nesting."""
    if depth > MAX_DEPTH:
        raise BadRequest(f"the body is nested deeper than {MAX_DEPTH}")
    match value:
        case str():
            if "\0" in value or any("\ud800" <= char <= "\udfff" for char in value):
                raise BadRequest("the body holds text that is not valid Unicode or has a NUL")
        case float():
            if not math.isfinite(value):
                raise BadRequest("the body holds a number that is not finite")
        case dict():
            for key, item in cast("dict[str, object]", value).items():
                _check_texts(key, depth + 1)
                _check_texts(item, depth + 1)
        case list():
            for item in cast("list[object]", value):
                _check_texts(item, depth + 1)
        case _:
            pass


def _id(given: Body, name: str) -> str | None:
    """As for spans: a string that is not blank, or a number as text."""
    value = given.get(name)
    if isinstance(value, bool) or (value is not None and not isinstance(value, str | int | float)):
        raise BadRequest(f"{name} is not a string")
    text = number_text(value) if isinstance(value, float) else value
    if text is None or not str(text).strip():
        return None
    if fault := id_fault(name, str(text)):
        raise BadRequest(f"the body has {fault}")
    return str(text)


def _trace_id(given: Body) -> str | None:
    text = _id(given, "trace_id")
    if text is None:
        return None
    lowered = text.strip().lower()
    if len(lowered) != 32 or not set(lowered) <= set("0123456789abcdef") or not lowered.strip("0"):
        raise BadRequest("trace_id is not 32 hexadecimal digits, or all of them are 0")
    return lowered


def _choice(given: Body, name: str, choices: type[_Choice]) -> _Choice:
    value = given.get(name)
    if isinstance(value, str):
        for choice in choices:
            if choice.value == value.strip().lower():
                return choice
    raise BadRequest(f"{name} is required, one of: {', '.join(choice.value for choice in choices)}")


def _unit(given: Body, name: str) -> float | None:
    value = given.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise BadRequest(f"{name} is not a number from 0 to 1")
    return float(value)


def _trigger_name(given: Body) -> str | None:
    value = given.get("trigger_name")
    if value is not None and (not isinstance(value, str) or len(value) > MAX_ID_CHARS):
        raise BadRequest(f"trigger_name is not a string of at most {MAX_ID_CHARS} characters")
    return value or None


def _value(given: Body) -> str | None:
    """A string as it stands; any other JSON value as its canonical text."""
    value = given.get("value")
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def _metadata(given: Body) -> Mapping[str, Any]:
    value = given.get("metadata")
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadRequest("metadata is not an object")
    return cast("dict[str, Any]", value)


def _timestamp(given: Body) -> int | None:
    """Unix nanoseconds; of the two fields the exact one wins."""
    nano = given.get("timestamp_unix_nano")
    try:
        if nano is not None:
            if isinstance(nano, bool) or not isinstance(nano, int | str):
                raise ValueError
            found = int(nano)
        elif (iso := given.get("timestamp")) is not None:
            found = _nanoseconds(datetime.fromisoformat(iso))
        else:
            return None
    except (ValueError, TypeError, OverflowError):
        raise BadRequest(
            "timestamp is not ISO 8601, or timestamp_unix_nano is not an integer"
        ) from None
    if not 0 <= found <= MAX_TIME:
        raise BadRequest("the timestamp lies before 1970 or after 2262")
    return found


def _nanoseconds(moment: datetime) -> int:
    """Exact, unlike `timestamp()`; a time without a zone is UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    since = aware - _EPOCH
    return (since.days * 86_400 + since.seconds) * 10**9 + since.microseconds * 1000
