"""What `collector-config.yaml` promises beyond the plain way: large spans, a full queue, kills.

In: the standard Collector with exactly that file. Out: what is stored and what was refused.
"""

import re
import subprocess
import time
from collections.abc import Generator, Sequence
from pathlib import Path

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from pipeline.model.session import SessionKey
from pipeline.store import Store
from tests.collector.build import ROOT, collector
from tests.collector.ledger import n_stored, stored
from tests.collector.load import METHOD, PROJECT, Load, Senders
from tests.collector.processes import Collector, Receiver, port_open

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

MIB = 1024 * 1024
PAGE = ROOT / "docs/operations/collector.md"


def export(collector: Collector, texts: Sequence[str]) -> None:
    """One span with long texts."""
    request = ExportTraceServiceRequest()
    resource_spans = request.resource_spans.add()
    resource_spans.resource.attributes.append(attribute("kelet.project", PROJECT))
    span = resource_spans.scope_spans.add().spans.add()
    span.trace_id, span.span_id = b"\1" * 16, b"\2" * 8
    span.start_time_unix_nano = span.end_time_unix_nano = 1_767_225_600_000_000_000
    span.attributes.append(attribute("session.id", "large"))
    span.attributes.extend(attribute(f"text.{i}", text) for i, text in enumerate(texts))
    unlimited = [("grpc.max_send_message_length", -1)]
    with grpc.insecure_channel(f"127.0.0.1:{collector.grpc_port}", unlimited) as channel:
        channel.unary_unary(METHOD)(request.SerializeToString(), timeout=30)


def attribute(key: str, value: str) -> KeyValue:
    return KeyValue(key=key, value=AnyValue(string_value=value))


def await_stored(receiver: Receiver, n_spans: int, seconds: float = 60) -> None:
    """Until so many spans are there."""
    deadline = time.monotonic() + seconds
    with Store.open(f"{receiver.data_dir}/kelet.db") as store:
        while n_stored(store, PROJECT) < n_spans:
            assert time.monotonic() < deadline, receiver.tail()
            time.sleep(0.2)


def test_the_largest_span_that_is_accepted_arrives(
    standard_collector: Collector, receiver: Receiver
) -> None:
    """A span larger than a batch may be would be dropped after it was acknowledged."""
    texts = [letter * (4 * MIB - 1024) for letter in "abc"]
    export(standard_collector, texts)
    await_stored(receiver, 1)
    with Store.open(f"{receiver.data_dir}/kelet.db") as store:
        (span,) = store.load_spans(SessionKey.of(PROJECT, "large")).spans
    assert [span.attributes[f"text.{i}"] for i in range(len(texts))] == texts


def test_a_larger_one_is_refused_at_the_door(standard_collector: Collector) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        export(standard_collector, ["x" * (12 * MIB)])
    assert refused.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED  # pyright: ignore


@pytest.fixture
def small_queue(
    monkeypatch: pytest.MonkeyPatch, collector_there: None, receiver: Receiver, tmp_path: Path
) -> Generator[Collector]:
    """A Collector whose queue holds 2 MiB."""
    monkeypatch.setenv("OTELCOL_QUEUE_BYTES", str(2 * MIB))
    with Collector(tmp_path, receiver) as running:
        yield running


def test_a_full_queue_makes_clients_wait(small_queue: Collector, receiver: Receiver) -> None:
    """What is more than the queue holds is neither acknowledged nor lost."""
    load = Load(12_000, seed=5)
    senders = Senders(load, small_queue.grpc_port, small_queue.http_port)
    receiver.pause()
    senders.allow(load.n_spans)
    senders.start()
    try:
        time.sleep(4)
        n_acked = len(senders.acked)
        time.sleep(1)
        assert 0 < n_acked == len(senders.acked) < load.n_spans
        receiver.resume()
        await_stored(receiver, load.n_spans)
        assert senders.problem is None
    finally:
        senders.stop()
    assert stored(receiver.data_dir / "kelet.db", PROJECT).differences(load.homes) == []


def test_a_stop_keeps_what_is_queued(standard_collector: Collector, receiver: Receiver) -> None:
    """SIGTERM while the sidecar is away, then both come back."""
    load = Load(2_000, seed=6)
    senders = Senders(load, standard_collector.grpc_port, standard_collector.http_port)
    receiver.kill()
    senders.allow(load.n_spans)
    senders.start()
    while not senders.done:
        time.sleep(0.1)
    senders.stop()
    assert standard_collector.stop() == 0
    assert not port_open(standard_collector.grpc_port)
    receiver.start()
    standard_collector.start()
    await_stored(receiver, load.n_spans)
    assert stored(receiver.data_dir / "kelet.db", PROJECT).differences(load.homes) == []


def test_the_parts_in_the_documentation_make_a_configuration(
    collector_there: None, tmp_path: Path
) -> None:
    """As somebody with a Collector of their own puts them together, `memory_limiter` being theirs."""
    parts = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    theirs = "processors:\n  memory_limiter: {check_interval: 1s, limit_mib: 512}\n"
    whole = tmp_path / "config.yaml"
    whole.write_text("".join([theirs, *parts]))
    command = [str(collector()), "validate", "--config", str(whole)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert len(parts) == 4
    assert done.returncode == 0, done.stderr
