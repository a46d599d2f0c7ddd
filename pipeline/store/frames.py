"""Pure: bodies that are compressed together, and where each lies in what they become.

In: bodies. Out: those of each frame; offsets that name a frame and a place in it. Next: `piece_bodies`.

What stands behind one another costs less to compress than apart, and fills its pages. It is kept small
enough that whoever reads or removes one body hardly notices the others.
"""

from collections.abc import Iterable, Iterator

from pipeline.model.trace_chunk import Pieces

ROOM_BITS = 18
ROOM = 1 << ROOM_BITS
"""Bodies that share a frame have fewer bytes together; one that has as many has a frame alone."""


def framed(bodies: Iterable[Pieces]) -> Iterator[list[Pieces]]:
    """Neighbours, as many as have room."""
    held: list[Pieces] = []
    n_bytes = 0
    for body in bodies:
        size = sum(map(len, body))
        if held and n_bytes + size >= ROOM:
            yield held
            held, n_bytes = [], 0
        held.append(body)
        n_bytes += size
    if held:
        yield held


def offset_of(frame: int, start: int) -> int:
    """One number for a frame's id and the byte at which a body begins."""
    return frame << ROOM_BITS | start


def frame_and_start(offset: int) -> tuple[int, int]:
    """The two again."""
    return offset >> ROOM_BITS, offset & (ROOM - 1)


def blanked(frame: bytes, ranges: Iterable[tuple[int, int]]) -> bytes:
    """The frame with zeros at these (start, length): all others stay where they are. Empty if nothing is left."""
    left = bytearray(frame)
    for start, length in ranges:
        left[start : start + length] = bytes(length)
    return bytes(left) if left.strip(b"\0") else b""


def is_blank(body: bytes) -> bool:
    """Whether it was removed: a body begins with a tag, which is not zero."""
    return body[:1] == b"\0"
