"""Files of lines, plain or gzip, with the place of each line.

In: paths, `-` for standard input. Out: `Line`s, and how far the reading is. Next: `import_spans` and
`import_signals` send what the lines say.
"""

import gzip
import sys
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import IO, NamedTuple, cast

STDIN = Path("-")
_GZIP_MAGIC = b"\x1f\x8b"


class Line(NamedTuple):
    """One line that is not blank, and where it stands."""

    file: str
    number: int
    text: bytes

    @property
    def place(self) -> str:
        """`file:line`."""
        return f"{self.file}:{self.number}"


class Unreadable(Exception):
    """A file that cannot be read (on): from where, and why."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(f"{place}: {reason}")
        self.place = place
        self.reason = reason


def read_lines(path: Path, advance: Callable[[int], None] = lambda _: None) -> Iterator[Line]:
    """The lines of one file; `advance` hears how many bytes of the file were read since."""
    name = "<stdin>" if path == STDIN else str(path)
    number, before = 0, 0
    try:
        with _opened(path) as raw:
            lines: IO[bytes] = raw
            if raw.peek(2)[:2] == _GZIP_MAGIC:
                lines = cast("IO[bytes]", gzip.GzipFile(fileobj=raw))
            for number, text in enumerate(lines, 1):
                if text.strip():
                    yield Line(name, number, text)
                if raw.seekable():
                    advance(raw.tell() - before)
                    before = raw.tell()
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise Unreadable(f"{name}:{number + 1}", f"cannot be read: {reason}") from None


@contextmanager
def _opened(path: Path) -> Generator[BufferedReader]:
    if path == STDIN:
        yield cast("BufferedReader", sys.stdin.buffer)
        return
    with path.open("rb") as raw:
        yield raw


def size_of(paths: list[Path]) -> int | None:
    """Bytes of all files; None when one of them has no size."""
    if STDIN in paths or not all(path.is_file() for path in paths):
        return None
    return sum(path.stat().st_size for path in paths)
