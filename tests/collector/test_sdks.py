"""Spans of real SDKs through real collectors: each arrives once, in its session.

In: the OpenTelemetry SDKs for Python and JavaScript, over gRPC and HTTP. Out: the store's content.
"""

import hashlib
import os
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import set_span_in_context

from pipeline.store import Store
from tests.collector.build import cache_folder, locked
from tests.collector.ledger import n_stored, stored
from tests.collector.processes import Collector, Forwarder, Receiver, Rotel

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

N_SESSIONS = 20
SPANS_A_SESSION = 3
JAVASCRIPT = Path(__file__).with_name("javascript")
DRAIN_SECONDS = 60.0

Send = Callable[[Forwarder, str], None]


def python_grpc(collector: Forwarder, name: str) -> None:
    """The Python SDK over gRPC."""
    endpoint = f"http://127.0.0.1:{collector.grpc_port}"
    _python(GrpcExporter(endpoint=endpoint, insecure=True), name)


def python_http(collector: Forwarder, name: str) -> None:
    """The Python SDK over HTTP."""
    _python(HttpExporter(endpoint=f"http://127.0.0.1:{collector.http_port}/v1/traces"), name)


def _python(exporter: SpanExporter, name: str) -> None:
    """As `javascript/send.mjs` does: only the root of a trace carries the session."""
    provider = TracerProvider(resource=Resource({"kelet.project": name}), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    tracer = provider.get_tracer(name)
    for session in range(N_SESSIONS):
        root = tracer.start_span("invoke_agent planner")
        root.set_attribute("gen_ai.conversation.id", f"{name}-{session}")
        root.set_attribute("gen_ai.agent.name", "planner")
        for model in ("small", "large"):
            tracer.start_span(f"chat {model}", context=set_span_in_context(root)).end()
        root.end()
    assert provider.force_flush()
    provider.shutdown()


def javascript_grpc(collector: Forwarder, name: str) -> None:
    """The JavaScript SDK over gRPC."""
    _javascript("grpc", collector.grpc_port, name)


def javascript_http(collector: Forwarder, name: str) -> None:
    """The JavaScript SDK over HTTP."""
    _javascript("http", collector.http_port, name)


def _javascript(protocol: str, port: int, name: str) -> None:
    script = _packages() / "send.mjs"
    shutil.copy(JAVASCRIPT / "send.mjs", script)
    command = ["node", str(script), protocol, f"http://127.0.0.1:{port}", name, str(N_SESSIONS)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def _packages() -> Path:
    """The packages of the lock file, installed once outside the repository."""
    digest = hashlib.sha256((JAVASCRIPT / "package-lock.json").read_bytes()).hexdigest()[:16]
    folder = cache_folder() / f"javascript-{digest}"
    with locked(folder):
        if not (folder / ".installed").exists():
            for file in ("package.json", "package-lock.json"):
                shutil.copy(JAVASCRIPT / file, folder / file)
            command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            done = subprocess.run(
                command, cwd=folder, env=os.environ, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, done.stderr[-2000:]
            (folder / ".installed").touch()
    return folder


SENDERS: list[Send] = [python_grpc, python_http, javascript_grpc, javascript_http]


@pytest.fixture(scope="module")
def receiver(tmp_path_factory: pytest.TempPathFactory) -> Generator[Receiver]:
    """One sidecar for all, as each test has a project of its own."""
    folder = tmp_path_factory.mktemp("sidecar")
    with Receiver(folder, folder / "data") as running:
        yield running


@pytest.mark.parametrize("send", SENDERS)
def test_through_the_standard_collector(
    standard_collector: Collector, receiver: Receiver, send: Send
) -> None:
    project = f"standard-{send.__name__}"
    send(standard_collector, project)
    assert_arrived(receiver, project)


@pytest.mark.parametrize(
    ("send", "protocol"),
    [
        (python_grpc, "grpc"),
        (python_http, "http"),
        (javascript_grpc, "http"),
        (javascript_http, "grpc"),
    ],
)
def test_through_rotel(receiver: Receiver, tmp_path: Path, send: Send, protocol: str) -> None:
    project = f"rotel-{send.__name__}"
    with Rotel(tmp_path, receiver, protocol) as rotel:
        send(rotel, project)
        assert_arrived(receiver, project)


def assert_arrived(receiver: Receiver, project: str) -> None:
    """Every span once, three in each session, nothing else."""
    database = receiver.data_dir / "kelet.db"
    wanted = {f"{project}-{session}": SPANS_A_SESSION for session in range(N_SESSIONS)}
    deadline = time.monotonic() + DRAIN_SECONDS
    with Store.open(str(database)) as store:
        while n_stored(store, project) < sum(wanted.values()):
            assert time.monotonic() < deadline, receiver.tail()
            time.sleep(0.2)
    found = stored(database, project)
    assert found.counted == wanted
    assert Counter(found.homes.values()) == Counter(wanted)
    assert set(found.times.values()) == {1}
