"""What the writer has done it lets go of at once: it keeps nothing for the next piece of work, nor for the
next search for circles of objects."""

import gc
import weakref
from collections.abc import Generator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from pipeline.errors import LimitExceeded
from pipeline.model.trace_chunk import TraceChunk
from tests.store.storekit import new_store, record
from tests.waiting import until


class Request:
    """As the receiver hands it in."""

    n_bytes = 1

    def __init__(self, *chunks: TraceChunk) -> None:
        self._chunks = chunks

    def read(self) -> Sequence[TraceChunk]:
        if not self._chunks:
            raise LimitExceeded("too large")
        return self._chunks


@pytest.fixture(autouse=True)
def nobody_looks_for_circles() -> Generator[None]:
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize("chunks", [(record(1, session="s"),), ()], ids=["stored", "refused"])
async def test_a_request_goes_with_its_answer(
    tmp_path: Path, chunks: tuple[TraceChunk, ...]
) -> None:
    with new_store(tmp_path) as store:
        request = Request(*chunks)
        gone = weakref.ref(request)
        future = store.submit_spans(request)
        del request
        with suppress(LimitExceeded):
            future.result(30)
        del future
        await until(lambda: gone() is None)
