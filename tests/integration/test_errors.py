"""Each row of the table of errors, tried on both doors of a real edge."""

from concurrent.futures import Future
from datetime import timedelta
from typing import Any, cast

import grpc
import httpx
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status

from exporter.admission import ANSWERS
from exporter.otlp_grpc import STATUS_DETAILS
from pipeline.errors import SidecarError
from tests.integration.edge import SinkStore, export, running
from tests.unit.otlp import request, span

pytestmark = pytest.mark.slow

GOOD = request(span(1, session__id="s")).SerializeToString()
SIGNAL = {"session_id": "s", "kind": "feedback", "source": "human", "score": 0}
PAUSE = timedelta(seconds=7)


def made(kind: type[Exception]) -> Exception:
    """An error of this kind; what a foreign one says must stay here."""
    try:
        return kind("canary", PAUSE)
    except TypeError:
        return kind("canary")


class FailingStore(SinkStore):
    """Fails as it is told, at once or when it commits."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def submit_spans(self, *_: Any, **__: Any) -> "Future[Any]":
        future: Future[Any] = Future()
        future.set_exception(self.error)
        return future

    def commit_signals(self, *_: Any, **__: Any) -> Any:
        raise self.error


@pytest.mark.parametrize("kind", list(ANSWERS), ids=lambda kind: kind.__name__)
async def test_a_row_on_both_doors(kind: type[Exception]) -> None:
    error, answer = made(kind), ANSWERS[kind]
    ours = isinstance(error, SidecarError)
    asks_to_wait = hasattr(error, "retry_after")
    async with running(FailingStore(error)) as edge:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await export(edge, GOOD)
        told = caught.value
        assert told.code() is answer.grpc_code
        assert ("canary" in str(told.details())) is ours
        details = dict(told.trailing_metadata() or ()).get(STATUS_DETAILS)
        assert (details is not None) is asks_to_wait
        if details is not None:
            info = RetryInfo()
            assert Status.FromString(cast("bytes", details)).details[0].Unpack(info)
            assert info.retry_delay.ToTimedelta() == PAUSE
        base = f"http://127.0.0.1:{edge.http_port}"
        async with httpx.AsyncClient(base_url=base, trust_env=False) as client:
            protobuf = {"content-type": "application/x-protobuf"}
            spans = await client.post("/v1/traces", content=GOOD, headers=protobuf)
            signal = await client.post("/api/projects/p/signal", json=SIGNAL)
        status = Status.FromString(spans.content)
        assert status.code == answer.grpc_code.value[0]
        assert status.message == str(told.details())
        assert signal.json()["message"] == status.message
        assert signal.json()["code"] == getattr(kind, "code", "internal")
        for response in (spans, signal):
            assert response.status_code == answer.http_status
            expected = ("7" if asks_to_wait else "1") if answer.retryable else None
            assert response.headers.get("retry-after") == expected


def test_what_clients_retry_is_what_the_table_says() -> None:
    """The rules of OTLP, so that a row cannot say retryable and be dropped."""
    for answer in ANSWERS.values():
        again = answer.http_status in {429, 502, 503, 504}
        assert again is answer.retryable
        assert (answer.grpc_code.name in {"UNAVAILABLE", "RESOURCE_EXHAUSTED"}) is answer.retryable
