"""What the edge counts and measures. Names and bounded labels only, never text of a trace.

In: increments from every part of the edge. Out: `Metrics`. Next: `exporter.telemetry` serves them at
`/metrics` and pushes them over OTLP; `/healthz` shows the sums.

The Collector's words: accepted = committed, refused = the client was told so and may keep it, rejected =
single spans refused for good, dropped = given up here. Labels are codes of ours. Projects, agents and
sessions are never labels: whoever sends could make any number of them.
"""

import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from functools import partial
from typing import NamedTuple

from opentelemetry.metrics import CallbackOptions, Meter, NoOpMeter, Observation

from pipeline.errors import SidecarError

PREFIX = "kelet"
MAX_VALUES = 40
"""Different values of one label; the rest are `other`."""
OTHER = "other"
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 30)

_CODE = re.compile(r"[a-z][a-z0-9_-]{0,39}\Z")


Labels = tuple[tuple[str, str], ...]


class Counted(NamedTuple):
    """Where a count goes: one metric, split by an outcome."""

    metric: str
    outcome: str | None = None


COUNTS: Mapping[str, Counted] = {
    "requests": Counted("requests"),
    "requests_refused": Counted("requests_refused"),
    "request_bytes": Counted("request_bytes"),
    "spans_accepted": Counted("spans", "accepted"),
    "spans_rejected": Counted("spans", "rejected"),
    "spans_known": Counted("spans", "duplicate"),
    "spans_expired": Counted("spans", "expired"),
    "spans_with_two_contents": Counted("spans", "replaced"),
    "spans_late": Counted("spans", "late"),
    "traces_with_two_sessions": Counted("trace_conflicts"),
    "sessions_reopened": Counted("sessions_reopened"),
    "traces_discarded": Counted("records_discarded", "traces"),
    "logs_discarded": Counted("records_discarded", "logs"),
    "metrics_discarded": Counted("records_discarded", "metrics"),
    "signals_accepted": Counted("signals", "accepted"),
    "signals_known": Counted("signals", "duplicate"),
    "signals_expired": Counted("signals", "expired"),
    "signal_fields_ignored": Counted("signal_fields_ignored"),
    "nudges_sent": Counted("nudges", "sent"),
    "nudges_failed": Counted("nudges", "failed"),
    "nudges_dropped": Counted("nudges", "dropped"),
    "nudges_swept": Counted("nudges", "swept"),
    "sessions_removed": Counted("removed", "sessions"),
    "spans_removed": Counted("removed", "spans"),
    "redactions": Counted("redactions"),
}
"""Every name that parts of the edge count under."""

DESCRIPTIONS: Mapping[str, str] = {
    "requests": "Requests that were admitted, by signal.",
    "requests_refused": "OTLP requests and signals that were answered with an error, by its code.",
    "request_bytes": "Bytes of admitted requests, unpacked, by signal.",
    "spans": "Spans by outcome: accepted, and of these duplicate or replaced, or expired, as their"
    " session had been removed, or late, as it had been analysed; rejected for good.",
    "trace_conflicts": "Traces that named more than one session.",
    "sessions_reopened": "Analysed sessions that late spans or signals opened again.",
    "records_discarded": "Log records and metrics without content for the analysis.",
    "signals": "Signals by outcome.",
    "signal_fields_ignored": "Unknown fields of signals.",
    "nudges": "Nudges to Temporal: sent; failed attempts; dropped; swept, which repairs lost ones.",
    "removed": "What retention has removed; a deletion says itself what it removes.",
    "redactions": "Places replaced before storage, by kind.",
    "request_seconds": "From the read request to its answer, by signal and outcome.",
    "commit_seconds": "From handing a batch to the store to its commit.",
}


def _observed(tally: Mapping[Labels, int], _options: CallbackOptions) -> Iterable[Observation]:
    """Counts are read at every look: each request adds to a dozen of them."""
    return [Observation(n, dict(labels)) for labels, n in tuple(tally.items())]


class Metrics:
    """Counters and histograms of one edge. Used from one event loop and its threads."""

    def __init__(self, meter: Meter | None = None) -> None:
        self._meter = meter or NoOpMeter(PREFIX)
        self._tallies: dict[str, Counter[Labels]] = {
            counted.metric: Counter() for counted in COUNTS.values()
        }
        for name, tally in self._tallies.items():
            self._meter.create_observable_counter(
                f"{PREFIX}_{name}", [partial(_observed, tally)], description=DESCRIPTIONS[name]
            )
        self._histograms = {
            name: self._meter.create_histogram(
                f"{PREFIX}_{name}",
                description=DESCRIPTIONS[name],
                explicit_bucket_boundaries_advisory=SECONDS,
            )
            for name in ("request_seconds", "commit_seconds")
        }
        self._sums: Counter[str] = Counter()
        self._values: defaultdict[str, set[str]] = defaultdict(set)

    def add(self, name: str, n: int = 1, **labels: str) -> None:
        """Count `n` more under a name of `COUNTS`; nothing for zero."""
        counted = COUNTS[name]
        if not n:
            return
        self._sums[name] += n
        key: Labels = () if counted.outcome is None else (("outcome", counted.outcome),)
        if labels:
            key += tuple(sorted(self._bounded(counted.metric, labels).items()))
        self._tallies[counted.metric][key] += n

    def refuse(self, error: Exception) -> None:
        """Count one refused request by the error's code."""
        code = error.code if isinstance(error, SidecarError) else SidecarError.code
        self.add("requests_refused", reason=code)

    def redacted(self, counts: Mapping[str, int]) -> None:
        """Count replaced places."""
        for kind, n in counts.items():
            self.add("redactions", n, kind=kind)

    @contextmanager
    def request(self, signal: str, n_bytes: int) -> Generator[None]:
        """Count and time one admitted request."""
        self.add("requests", signal=signal)
        self.add("request_bytes", n_bytes, signal=signal)
        started, outcome = time.monotonic(), "refused"
        try:
            yield
            outcome = "accepted"
        finally:
            seconds = time.monotonic() - started
            self._histograms["request_seconds"].record(
                seconds, {"signal": signal, "outcome": outcome}
            )

    @contextmanager
    def commit(self) -> Generator[None]:
        """Time one commit that succeeds."""
        started = time.monotonic()
        yield
        self._histograms["commit_seconds"].record(time.monotonic() - started)

    def gauge(
        self,
        name: str,
        description: str,
        read: Callable[[], float | Mapping[str, float]],
        *,
        by: str = "state",
    ) -> None:
        """Ask for a value at every look: a number, or numbers by the value of one label."""

        def observe(_options: CallbackOptions) -> Iterable[Observation]:
            value = read()
            if isinstance(value, Mapping):
                return [Observation(number, {by: key}) for key, number in value.items()]
            return [Observation(value)]

        self._meter.create_observable_gauge(
            f"{PREFIX}_{name}", callbacks=[observe], description=description
        )

    def __getitem__(self, name: str) -> int:
        """The sum of a name over its labels."""
        return self._sums[name]

    def sums(self) -> dict[str, int]:
        """All sums that are not zero."""
        return dict(self._sums)

    def _bounded(self, metric: str, labels: Mapping[str, str]) -> dict[str, str]:
        bounded: dict[str, str] = {}
        for label, value in labels.items():
            seen = self._values[f"{metric}.{label}"]
            if value not in seen and (len(seen) >= MAX_VALUES or not _CODE.match(value)):
                value = OTHER
            seen.add(value)
            bounded[label] = value
        return bounded
