"""One import from beginning to end: spans first, so that signals find their sessions.

In: an `ImportOrder`. Out: whether everything went in; progress, problems and a summary on stderr.
Next: `wait`.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import grpc
import httpx
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_fixed

from exporter.cli.client import CHANNEL_OPTIONS, STARTING, fail, unreachable
from exporter.cli.connect import aio_channel_to, http_options
from exporter.cli.exits import EXIT_UNREACHABLE
from exporter.cli.homes import Homes
from exporter.cli.import_signals import SignalImport
from exporter.cli.import_spans import N_AT_ONCE, ReceiverGone, SpanImport
from exporter.cli.options import DEFAULT_PROJECT
from exporter.cli.read_lines import size_of
from exporter.cli.report import Report

HTTP_TIMEOUT = httpx.Timeout(60, connect=5)


class ImportOrder(NamedTuple):
    """What is to be imported, and where to."""

    files: tuple[Path, ...]
    signals: Path | None
    project: str | None
    endpoint: str
    http: str
    timeout: timedelta


async def run_import(order: ImportOrder) -> bool:
    """True when there was no problem."""
    report = Report()
    try:
        async with _channel(order.endpoint) as channel:
            homes = Homes(order.project or DEFAULT_PROJECT)
            if order.files:
                await _import_spans(order, channel, report, homes)
            if order.signals is not None:
                await _import_signals(order, order.signals, channel, report, homes)
    except ExceptionGroup as group:
        gone = group.subgroup(ReceiverGone)
        if gone is None:
            raise
        _give_up(order, report, gone)
    _sum_up(report)
    return not report.n_problems


async def _import_spans(
    order: ImportOrder, channel: grpc.aio.Channel, report: Report, homes: Homes
) -> None:
    wanted = homes if order.signals is not None and order.project is None else None
    spans = SpanImport(channel, report, order.timeout, order.project, wanted)
    with report.bar("spans", size_of(list(order.files))):
        await spans.run(list(order.files))


async def _import_signals(
    order: ImportOrder, path: Path, channel: grpc.aio.Channel, report: Report, homes: Homes
) -> None:
    async with _http_client(order.http) as http:
        signals = SignalImport(http, channel, report, order.timeout, homes, order.project)
        with report.bar("signals", size_of([path])):
            await signals.run(path)


@asynccontextmanager
async def _channel(endpoint: str) -> AsyncGenerator[grpc.aio.Channel]:
    """A channel to a receiver that was there at least once."""
    async with aio_channel_to(endpoint, CHANNEL_OPTIONS) as channel:
        try:
            await asyncio.wait_for(channel.channel_ready(), STARTING.total_seconds())
        except TimeoutError:
            unreachable(endpoint)
        yield channel


@asynccontextmanager
async def _http_client(url: str) -> AsyncGenerator[httpx.AsyncClient]:
    """A client with kept-alive connections to a server that was there at least once."""
    limits = httpx.Limits(max_connections=N_AT_ONCE, max_keepalive_connections=N_AT_ONCE)
    # trust_env off: a proxy of the environment is not for a sidecar beside us.
    async with httpx.AsyncClient(
        base_url=url, limits=limits, timeout=HTTP_TIMEOUT, trust_env=False, **http_options(url)
    ) as client:
        try:
            await AsyncRetrying(
                retry=retry_if_exception_type(httpx.TransportError),
                stop=stop_after_delay(STARTING.total_seconds()),
                wait=wait_fixed(0.2),
                reraise=True,
            )(client.get, "/")
        except (httpx.TransportError, httpx.InvalidURL):
            fail(
                f"no sidecar answers at {url}: start one with `kelet-sidecar dev`, or name another"
                " with --http or KELET_HTTP",
                EXIT_UNREACHABLE,
            )
        yield client


def _give_up(order: ImportOrder, report: Report, gone: ExceptionGroup[ReceiverGone]) -> None:
    reason = next(str(e) for e in gone.exceptions)
    seconds = f"{order.timeout.total_seconds():g} s"
    fail(
        f"the sidecar took nothing for {seconds} ({reason}); {report.counts()} went in."
        " Run the same import again when it is back: what is stored already does no harm.",
        EXIT_UNREACHABLE,
    )


def _sum_up(report: Report) -> None:
    words = f"Sent {report.n_spans:,} spans in {report.n_requests:,} requests"
    words += f" and {report.n_signals:,} signals."
    if report.n_problems:
        refused = f", {report.n_spans_refused:,} spans refused" if report.n_spans_refused else ""
        words += f" {report.n_problems:,} problems, see above{refused}."
    report.console.print(words, soft_wrap=True)
