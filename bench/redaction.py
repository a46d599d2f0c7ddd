"""What redaction costs a span: clean requests, one secret in a request, a secret in every span.

In: nothing. Out: a table on stdout, beside what it costs to parse the same bytes into OTLP messages.
"""

import time
from collections.abc import Callable, Sequence

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from rich.console import Console
from rich.table import Table

from bench.spans import SPANS_A_REQUEST, requests
from exporter.redact import Redactor
from exporter.redact_rules import CARDS, EMAILS, FAMILIES, PHONES, SECRETS, RedactSettings

SECRET = "please use AKIA" + "IOSFODNN7EXAMPLE instead"
N_ROUNDS = 7

SETTINGS: dict[str, RedactSettings] = {
    "none": RedactSettings(frozenset()),
    "secrets (default)": RedactSettings(),
    "secrets, emails": RedactSettings(frozenset({SECRETS, EMAILS})),
    "secrets, phones with +": RedactSettings(frozenset({SECRETS, PHONES})),
    "secrets, cards": RedactSettings(frozenset({SECRETS, CARDS})),
    "all, phones of the US": RedactSettings(frozenset(FAMILIES), phone_region="US"),
    "secrets, own pattern": RedactSettings(patterns={"policy": r"P-[0-9]{6}"}),
    r"secrets, own pattern with \b": RedactSettings(patterns={"policy": r"\bP-[0-9]{6}\b"}),
}


def with_secrets(body: bytes, *, every: int) -> bytes:
    """The request with a secret in every n-th span."""
    request = ExportTraceServiceRequest.FromString(body)
    for spans in (s.spans for r in request.resource_spans for s in r.scope_spans):
        for span in spans[::every]:
            span.attributes[-1].value.string_value += SECRET
    return request.SerializeToString()


def microseconds_a_span(work: Callable[[bytes], object], bodies: Sequence[bytes]) -> float:
    """The best of some rounds."""
    best = float("inf")
    for _ in range(N_ROUNDS):
        started = time.perf_counter()
        for body in bodies:
            work(body)
        best = min(best, time.perf_counter() - started)
    return best / len(bodies) / SPANS_A_REQUEST * 1e6


def main() -> None:
    """Measure and print."""
    clean = list(requests(2))
    cases = {
        "clean": clean,
        "1 secret in 512 spans": [with_secrets(body, every=SPANS_A_REQUEST) for body in clean],
        "a secret in every span": [with_secrets(body, every=1) for body in clean],
    }
    table = Table(title="redaction: microseconds a span of 2.7 KB, one thread")
    table.add_column("families")
    for name in cases:
        table.add_column(name, justify="right")
    for name, settings in SETTINGS.items():
        redactor = Redactor(settings)
        costs = (microseconds_a_span(redactor.redact, bodies) for bodies in cases.values())
        table.add_row(name, *(f"{cost:.2f}" for cost in costs))
    parse = microseconds_a_span(ExportTraceServiceRequest.FromString, clean)
    console = Console()
    console.print(table)
    console.print(f"to parse the same bytes: {parse:.2f}")


if __name__ == "__main__":
    main()
