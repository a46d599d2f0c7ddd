"""Freed memory is kept for the next request.

In: nothing. Out: glibc's allocator is told. Next: `exporter.cli.run` starts the server, `exporter.receiver`
ends a large request.

By itself glibc gives the end of its heap back to the kernel whenever 128 KB are free there, and takes it
anew page by page: of requests of a megabyte that costs as much as to store them. How much is kept is
bounded; another C library has no such call and is left alone. After a large request, which comes seldom
and leaves holes of all sizes, all that is free is given back at once.
"""

import ctypes
from contextlib import suppress

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
KEPT_BYTES = 64 * 2**20
"""At the end of an arena."""
MAPPED_FROM = 4 * 2**20
"""Bytes from which a block has a mapping of its own, which goes when it is freed."""
N_ARENAS = 2


_libc = ctypes.CDLL(None)


def keep_freed_memory() -> bool:
    """To be called before there are threads; whether the C library knows of it."""
    with suppress(AttributeError):
        mallopt = _libc.mallopt
        wanted = (
            (_M_ARENA_MAX, N_ARENAS),
            (_M_MMAP_THRESHOLD, MAPPED_FROM),
            (_M_TRIM_THRESHOLD, KEPT_BYTES),
        )
        return all(mallopt(name, value) for name, value in wanted)
    return False


def give_back_memory() -> None:
    """All pages that are free; milliseconds."""
    with suppress(AttributeError):
        _libc.malloc_trim(0)
