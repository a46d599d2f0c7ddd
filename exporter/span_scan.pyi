"""Built from `span_scan.pyx` where there is a C compiler."""

import numpy as np
from numpy.typing import NDArray

Found = tuple[bytes, list[str | None], list[str | None], list[str], list[str], list[int]]

def scan_spans(
    body: bytes, edges: NDArray[np.int64], session_keys: tuple[bytes, ...], project_key: bytes
) -> Found | None: ...
def find_edges(body: bytes, at: int, end: int, room: int) -> bytes | None: ...
