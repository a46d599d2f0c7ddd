"""Built from `pack_runs.pyx` where there is a C compiler."""

import numpy as np
from numpy.typing import NDArray

def head(resource: bytes, scope_info: bytes, n_bytes: int) -> bytes: ...
def pack_runs(
    trace_ids: NDArray[np.uint64],
    ids: NDArray[np.uint64],
    parents: NDArray[np.uint64],
    starts: NDArray[np.uint64],
    ends: NDArray[np.uint64],
    sessions: list[str | None],
    others: bytes | None,
    key_format: int,
) -> list[tuple[int, int, str, bytes | None]]: ...
