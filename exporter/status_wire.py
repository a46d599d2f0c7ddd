"""What every message of `exporter.rpc.v1` shares: enums, text and times; pure.

In: values of the vocabulary. Out: their form on the wire, and back. Next: `status_convert` and
`status_convert_findings` build whole messages from them.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeVar

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from exporter.rpc.v1 import status_pb2 as pb
from pipeline.model.cluster import GateState
from pipeline.model.finding import Basis, FindingState
from pipeline.model.session import SessionState
from pipeline.model.signal import SignalSource, VerdictLabel

E = TypeVar("E", bound=StrEnum)

_WIRE: dict[type[StrEnum], tuple[Any, str]] = {
    SessionState: (pb.SessionState, "SESSION_STATE_"),
    VerdictLabel: (pb.Verdict, "VERDICT_"),
    SignalSource: (pb.SignalSource, "SIGNAL_SOURCE_"),
    GateState: (pb.GateState, "GATE_STATE_"),
    FindingState: (pb.FindingState, "FINDING_STATE_"),
    Basis: (pb.Basis, "BASIS_"),
}


def enum_to_wire(member: StrEnum) -> Any:
    """The number of an enum's member on the wire."""
    wire, prefix = _WIRE[type(member)]
    return wire.Value(prefix + member.name)


def enum_from_wire(kind: type[E], number: int) -> E | None:
    """The member of a number on the wire; None when unspecified or newer than this program."""
    wire, prefix = _WIRE[kind]
    if number not in wire.values():
        return None
    return kind.__members__.get(wire.Name(number).removeprefix(prefix))


def known(kind: type[E], number: int) -> E:
    """The member of a number on the wire; ValueError when this program does not know it."""
    member = enum_from_wire(kind, number)
    if member is None:
        raise ValueError(f"{kind.__name__} has no member for {number}; is this client older?")
    return member


def sources(numbers: Iterable[int]) -> tuple[SignalSource, ...]:
    """Sources from their numbers on the wire."""
    return tuple(known(SignalSource, n) for n in numbers)


def text(plain: str) -> str:
    """Text that protobuf can carry.

    JSON escapes can hold half a surrogate pair, which UTF-8 and so protobuf cannot carry.
    """
    return plain.encode("utf-8", "replace").decode("utf-8")


def texts(plain: Iterable[str]) -> list[str]:
    """`text` of each."""
    return [text(p) for p in plain]


def optional_text(plain: str | None) -> str | None:
    """`text` of what is there."""
    return None if plain is None else text(plain)


def present(message: Message, field: str) -> Any:
    """An optional field, None when it is absent."""
    return getattr(message, field) if message.HasField(field) else None


def timestamp(when: datetime) -> Timestamp:
    """An aware time as a message."""
    stamp = Timestamp()
    stamp.FromDatetime(when)
    return stamp


def from_nanos(nanos: int) -> Timestamp:
    """Unix nanoseconds as a message."""
    stamp = Timestamp()
    stamp.FromNanoseconds(nanos)
    return stamp


def moment(stamp: Timestamp) -> datetime:
    """A message as an aware UTC time."""
    return stamp.ToDatetime(tzinfo=UTC)
