"""Commands that move data: import files, wait until the analysis is done, export the canonical form.

In: files, or a running sidecar. Out: what was sent, when it is done, the canonical lines. Next:
`inspect` shows what came of it.
"""

import asyncio
import os
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import IO, Annotated

import typer

from exporter.cli import options
from exporter.cli.client import STARTING, fail, status_client
from exporter.cli.exits import EXIT_FAILED, EXIT_TIMEOUT
from exporter.cli.import_run import ImportOrder, run_import
from exporter.cli.read_lines import STDIN
from exporter.cli.waiting import wait_until_settled


def register(app: typer.Typer) -> None:
    """Add the transfer commands to the root."""
    app.command("import")(import_files)
    app.command()(wait)
    app.command()(export)


def _readable(given: list[Path] | Path | None) -> list[Path] | Path | None:
    """Refuse a name that is no file before anything is sent."""
    for path in given if isinstance(given, list) else [given]:
        if path is not None and path != STDIN and (path.is_dir() or not path.exists()):
            raise typer.BadParameter(f"{path} is not a file")
    return given


def import_files(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="FILE",
            callback=_readable,
            help="OTLP/JSON lines, plain or gzip; - is standard input.",
        ),
    ] = None,
    signals: Annotated[
        Path | None,
        typer.Option(callback=_readable, metavar="FILE", help="Signals as JSON lines."),
    ] = None,
    project: Annotated[
        str | None,
        typer.Option(
            "--project", "-p", help="Project of spans that name none, and of every signal."
        ),
    ] = None,
    endpoint: options.Endpoint = options.DEFAULT_ENDPOINT,
    http: Annotated[
        str, typer.Option(envvar="KELET_HTTP", help="URL of the sidecar's HTTP.")
    ] = options.DEFAULT_HTTP,
    timeout: Annotated[
        timedelta,
        options.duration("5m", "How long one request is tried while the sidecar is away."),
    ] = timedelta(minutes=5),
) -> None:
    """Send files of spans and signals through the ordinary doors; sending them again is harmless."""
    if not files and signals is None:
        raise typer.BadParameter("name at least one FILE, or --signals FILE")
    order = ImportOrder(tuple(files or ()), signals, project, endpoint, http, timeout)
    if not asyncio.run(run_import(order)):
        raise typer.Exit(EXIT_FAILED)


def wait(
    project: options.Project = options.DEFAULT_PROJECT,
    timeout: Annotated[timedelta, options.duration("10m", "Give up after this long.")] = timedelta(
        minutes=10
    ),
    endpoint: options.Endpoint = options.DEFAULT_ENDPOINT,
) -> None:
    """Return when every session is analysed, every agent aggregated, every investigation ended.

    Exit status 0 when settled, 3 when the time is over.
    """
    with status_client(endpoint, STARTING) as client:
        left = wait_until_settled(client, project, timeout, endpoint)
    if left is not None:
        fail(left, EXIT_TIMEOUT)


def export(
    canonical: Annotated[
        bool, typer.Option("--canonical", help="Equal for equal input, however it arrived.")
    ] = False,
    project: options.AnyProject = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", dir_okay=False, help="Into this file.")
    ] = None,
    endpoint: options.Endpoint = options.DEFAULT_ENDPOINT,
) -> None:
    """Write everything that was received and found as JSON lines."""
    if not canonical:
        raise typer.BadParameter("the canonical form is the only one: add --canonical")
    with status_client(endpoint) as client, _written(output) as target:
        for line in client.canonical(project):
            target.write(line + "\n")


@contextmanager
def _written(path: Path | None) -> Generator[IO[str]]:
    """Standard output, or a file that appears only when it is complete."""
    if path is None:
        yield sys.stdout
        return
    if not os.access(path.parent, os.W_OK | os.X_OK):
        fail(f"{path} cannot be written: {path.parent} is no folder that we may write to")
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", dir=path.parent, prefix=f".{path.name}.", delete=False
    ) as part:
        try:
            yield part
        except BaseException:
            os.unlink(part.name)
            raise
    Path(part.name).replace(path)
