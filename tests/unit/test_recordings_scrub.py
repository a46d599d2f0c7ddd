"""A recording is the same in every run and on every machine."""

import json
from random import Random

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.recordings.scrub import Scrubber
from tests.unit.otlp import any_value, request, span

SAID = "Order 4711 arrives on Tuesday, 5 May."


def _run(seed: int, folder: str, *, batches: int) -> list[ExportTraceServiceRequest]:
    """The same three spans, as one run or another sends them."""
    rng = Random(seed)
    trace, at = f"{rng.getrandbits(128):032x}", rng.getrandbits(60)
    ids = [rng.getrandbits(63) for _ in range(3)]
    spans = [
        span(
            own,
            trace=trace,
            parent=ids[0] if number else None,
            start=at + rng.randrange(1, 1000) + number * 1000,
            end=at + 10_000 + number * 1000,
            said=SAID,
            file=f"{folder}/app.py, port :{40_000 + seed}",
            trace_of=f"trace {trace}",
        )
        for number, own in enumerate(ids)
    ]
    given = {"service.name": "desk", "host.name": f"machine-{seed}"}
    resource = {key.replace(".", "__"): value for key, value in given.items()}
    cut = [spans] if batches == 1 else [spans[2:], spans[:2]]
    return [request(*part, **resource) for part in cut]


def _scrubbed(seed: int, folder: str, *, batches: int) -> str:
    scrubber = Scrubber(folders=(folder,), ports={40_000 + seed: 8080})
    return json.dumps(scrubber.requests(_run(seed, folder, batches=batches)))


def test_two_runs_give_one_text() -> None:
    first = _scrubbed(1, "/home/ada/cache", batches=1)
    assert first == _scrubbed(2, "/var/bob", batches=2)
    assert "host.name" not in first
    assert "ada" not in first
    assert first.count(SAID) == 3


def test_what_ran_for_how_long_is_a_constant() -> None:
    measured = request(span(1))
    attributes = measured.resource_spans[0].scope_spans[0].spans[0].attributes
    attributes.add(key="gen_ai.server.time_to_first_token", value=any_value(1470))
    attributes.add(key="gen_ai.usage.output_tokens", value=any_value(12))
    text = json.dumps(Scrubber(folders=(), ports={}).requests([measured]))
    assert '"intValue": "100"' in text
    assert '"intValue": "12"' in text
