"""Wait until nothing is under way in a project, with a line that says what still is.

In: a status client. Out: None when settled, else what is left. Next: `wait` makes an exit status of it.
"""

import time
from dataclasses import dataclass, field
from datetime import timedelta

import grpc
from rich.console import Console
from rich.status import Status
from rich.text import Text

from exporter.cli.client import StatusClient, code_and_details, unreachable
from exporter.cli.render_text import plain
from pipeline.model.coverage import Coverage, Progress

FIRST_PAUSE = 0.2
LONGEST_PAUSE = 2.0
GONE_SECONDS = 60.0
LINE_SECONDS = 10.0
AWAY = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.CANCELLED)


@dataclass
class ProgressLine:
    """A live line on a terminal; elsewhere a new line now and then."""

    project: str
    console: Console
    status: Status
    text: str = ""
    _printed_at: float = field(default=-LINE_SECONDS)

    def say(self, progress: Progress | None) -> None:
        """Show what is still under way."""
        before, self.text = self.text, f"{plain(self.project)}: {progress_words(progress)}"
        self.status.update(Text(self.text))
        due = time.monotonic() - self._printed_at >= LINE_SECONDS
        if due and self.text != before and not self.console.is_terminal:
            self.console.print(self.text, soft_wrap=True)
            self._printed_at = time.monotonic()


def wait_until_settled(
    client: StatusClient, project: str, timeout: timedelta, endpoint: str
) -> str | None:
    """Ask again and again; a sidecar that restarts meanwhile is waited for."""
    console = Console(stderr=True, highlight=False, markup=False, emoji=False)
    with console.status(Text(f"{plain(project)}: asking")) as status:
        line = ProgressLine(project, console, status)
        settled = _watch(client, line, time.monotonic() + timeout.total_seconds(), endpoint)
    if not settled:
        return f"{line.text}; not settled within {timeout.total_seconds():g} s"
    console.print(_summary(client, project), soft_wrap=True)
    return None


def _summary(client: StatusClient, project: str) -> str:
    """Settled is settled, even if the sidecar goes away right after it said so."""
    try:
        return settled_words(project, client.coverage(project))
    except grpc.RpcError:
        return f"{plain(project)}: settled."


def _watch(client: StatusClient, line: ProgressLine, deadline: float, endpoint: str) -> bool:
    """False when the time is over."""
    pause, answered = FIRST_PAUSE, time.monotonic()
    while True:
        progress = _ask(client, line.project)
        if progress is not None and progress.settled:
            return True
        now = time.monotonic()
        answered = now if progress is not None else answered
        if now - answered > GONE_SECONDS:
            unreachable(endpoint)
        line.say(progress)
        if now >= deadline:
            return False
        time.sleep(min(pause, max(deadline - now, 0)))
        pause = min(pause * 1.3, LONGEST_PAUSE)


def _ask(client: StatusClient, project: str) -> Progress | None:
    """None while the sidecar is away."""
    try:
        return client.progress(project)
    except grpc.RpcError as error:
        if code_and_details(error)[0] in AWAY:
            return None
        raise


def progress_words(progress: Progress | None) -> str:
    """What is still under way."""
    if progress is None:
        return "the sidecar does not answer"
    counts = {
        "sessions to analyse": progress.n_sessions_waiting,
        "agents to aggregate": progress.n_agents_dirty,
        "investigations open": progress.n_investigations_open,
        "sessions that a model is asked about": progress.n_interrogations_open,
    }
    return ", ".join(f"{n} {what}" for what, n in counts.items() if n) or "nothing left"


def settled_words(project: str, coverage: Coverage) -> str:
    """What there is to look at now."""
    if not coverage.received:
        return f"{plain(project)}: settled, but it has received nothing; is it the right project?"
    skipped = sum(coverage.skipped.values())
    return (
        f"{plain(project)}: settled. {coverage.received} sessions received,"
        f" {coverage.analysed} analysed, {coverage.failed} failed, {skipped} skipped."
    )
