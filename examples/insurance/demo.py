"""`make demo`: the whole walk on this machine, from 300 calls to a root cause.

In: options. Out: the finding on the screen, exit status 0 if it is the right one. Next: the
commands it leaves on the screen, to look around in the stored data.
"""

import argparse
import asyncio
import shlex
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import kelet_temporal as kelet
from rich.console import Console
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from examples.insurance import judge
from examples.insurance.application import running, take_calls
from examples.insurance.calls import Call, make_calls
from examples.insurance.collector import Collector, find_collector
from examples.insurance.feedback import Feedback
from examples.insurance.process import NotStarted
from examples.insurance.sidecar import Sidecar
from examples.insurance.telemetry import PROJECT, configure

ARRIVAL_TIMEOUT = 60.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the demo; the exit status."""
    options = _options(arguments)
    console = Console()
    began = time.monotonic()
    # A closed terminal and a `kill` end the demo as cleanly as Ctrl-C.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        status = _run(options, console)
    except NotStarted as error:
        console.print(str(error), style="red", markup=False, highlight=False)
        return 1
    except KeyboardInterrupt:
        console.print("\nStopped; everything the demo started has ended.")
        return 130
    console.print(f"[dim]{time.monotonic() - began:.0f} s in all.[/dim]")
    return status


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m examples.insurance.demo", description=__doc__)
    parser.add_argument("--calls", type=int, default=300, help="how many calls to take")
    parser.add_argument(
        "--seed", type=int, default=10, help="seed of the calls and of the feedback"
    )
    parser.add_argument("--folder", type=Path, default=Path(".demo"), help="emptied, then filled")
    parser.add_argument("--keep", action="store_true", help="leave the sidecar running till Ctrl-C")
    parser.add_argument("--timeout", default="4m", help="how long to wait for the analysis")
    return parser.parse_args(arguments)


def _run(options: argparse.Namespace, console: Console) -> int:
    folder: Path = options.folder
    shutil.rmtree(folder, ignore_errors=True)
    calls = make_calls(options.calls, options.seed)
    with ExitStack() as started:
        with console.status("Starting kelet-sidecar with its embedded Temporal server"):
            sidecar = started.enter_context(Sidecar(folder / "data"))
            endpoint = _door(started, sidecar, console)
        try:
            asyncio.run(_take(calls, sidecar, endpoint, options.seed, console))
            _await_analysis(sidecar, len(calls), options.timeout, console)
        except Exception:
            sidecar.check()
            raise
        status, session = _show(sidecar, console)
        if options.keep:
            _leave_commands(sidecar, session, console, running=True)
            _stay(console)
            return status
    _leave_commands(sidecar, session, console, running=False)
    return status


def _door(started: ExitStack, sidecar: Sidecar, console: Console) -> str:
    """The endpoint of the application: the Collector where one is on the PATH, else the sidecar."""
    binary = find_collector()
    if binary is None:
        console.print(
            f"No otelcol or otelcol-contrib on the PATH: spans go directly to the sidecar on "
            f"{sidecar.endpoint}.",
            highlight=False,
        )
        return sidecar.endpoint
    collector = started.enter_context(Collector(binary, sidecar))
    console.print(
        f"Spans go through the Collector {binary} on {collector.endpoint} with "
        f"collector-config.yaml, and from there to the sidecar on {sidecar.endpoint}.",
        highlight=False,
    )
    return collector.endpoint


async def _take(
    calls: Sequence[Call], sidecar: Sidecar, endpoint: str, seed: int, console: Console
) -> None:
    """All calls through the application, with the policyholders' feedback on each."""
    configure(endpoint, sidecar.http_url)
    columns = (TextColumn("Claims"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    try:
        with Progress(*columns, console=console) as progress:
            task = progress.add_task("calls", total=len(calls))
            given = Feedback(seed)

            async def on_result(call: Call, claim_type: str) -> None:
                await given.give(call, claim_type)
                progress.advance(task)

            async with running(sidecar.temporal_address) as client:
                await take_calls(client, calls, on_result)
    finally:
        await asyncio.to_thread(kelet.shutdown)
    console.print(
        f"{len(calls)} claims scored; {given.n_given} policyholders gave a thumbs-down. "
        "The sidecar is told nothing else."
    )


def _await_analysis(sidecar: Sidecar, n_calls: int, timeout: str, console: Console) -> None:
    with console.status("The sidecar groups, analyses, clusters and investigates"):
        deadline = time.monotonic() + ARRIVAL_TIMEOUT
        while _n_received(sidecar) < n_calls and time.monotonic() < deadline:
            time.sleep(0.5)
        wait = ("wait", "--project", PROJECT, "--timeout", timeout)
        done = sidecar.run(*wait, check=False)
    if done.returncode:
        said = f"wait ended with {done.returncode}: {done.stdout}{done.stderr}"
        console.print(said, style="red", markup=False)


def _n_received(sidecar: Sidecar) -> int:
    return int(sidecar.read("coverage", "--project", PROJECT)["received"])


def _show(sidecar: Sidecar, console: Console) -> tuple[int, str]:
    """Prints the best finding and what it lacks; the exit status and a session worth opening."""
    findings: list[judge.Finding] = sidecar.read("findings", "list", "--project", PROJECT)
    chosen = judge.best(findings)
    if chosen is not None:
        console.print()
        sys.stdout.flush()
        sidecar.show("findings", "show", chosen["id"], "--project", PROJECT)
    session = chosen["session_ids"][0] if chosen and chosen["session_ids"] else "C-2025-00001"
    reasons = judge.verdict(findings)
    if not reasons:
        console.print("[green]This is the fault that the application really has.[/green]")
        return 0, session
    console.print("[red]Not the finding that this demo plants.[/red] Missing:")
    for reason in reasons:
        console.print(f"  - {reason}")
    sidecar.show("coverage", "--project", PROJECT)
    sidecar.show("clusters", "list", "--project", PROJECT)
    return 1, session


def _leave_commands(sidecar: Sidecar, session: str, console: Console, *, running: bool) -> None:
    """How to look around, now or after a new start on the same data."""
    binary = ".venv/bin/kelet-sidecar"
    tail = f"--project {PROJECT} --endpoint {sidecar.endpoint}"
    if running:
        head = f"The sidecar is running. Its Temporal UI is on {sidecar.ui_url}. Look around:"
        start = ""
    else:
        head = "The sidecar has been stopped. Start it again on this data, then look around:"
        start = shlex.join([binary, *sidecar.command()[1:]]) + "\n"
    looks = (
        "coverage",
        "sessions list --verdict failing",
        f"sessions show {session}",
        "clusters list",
        "findings list",
    )
    console.print(Panel.fit(head, border_style="dim"))
    for line in (start, *(f"{binary} {look} {tail}" for look in looks)):
        console.print(line, highlight=False, soft_wrap=True, markup=False)


def _stay(console: Console) -> None:
    console.print("Ctrl-C stops it.")
    try:
        while True:
            time.sleep(1)
    except KeyboardInterrupt:
        console.print("\nStopping.")


if __name__ == "__main__":
    sys.exit(main())
