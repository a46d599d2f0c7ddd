"""What an import tells its user: progress and problems on stderr, a summary, an exit status.

In: counts and problems. Out: `Report`. Next: `transfer` ends with its status.
"""

from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

from exporter.cli.read_lines import Line, Unreadable, read_lines
from exporter.cli.render_text import plain


@dataclass
class Report:
    """Counts of one import; a problem never stops it."""

    n_requests: int = 0
    n_spans: int = 0
    n_signals: int = 0
    n_problems: int = 0
    n_spans_refused: int = 0
    console: Console = field(
        default_factory=lambda: Console(stderr=True, highlight=False, markup=False, emoji=False)
    )
    _progress: Progress | None = None
    _task: TaskID | None = None

    def problem(self, place: str, reason: str) -> None:
        """One line: where and why."""
        self.n_problems += 1
        self.console.print(Text(plain(f"{place}: {reason}")), soft_wrap=True)

    def lines(self, paths: Iterable[Path]) -> Iterator[Line]:
        """Every line of every file; one that cannot be read on is a problem, the next goes on."""
        for path in paths:
            try:
                yield from read_lines(path, self.advance)
            except Unreadable as error:
                self.problem(error.place, error.reason)

    def advance(self, amount: int = 0) -> None:
        """Move the bar and refresh its counts."""
        if self._progress is not None and self._task is not None:
            self._progress.update(self._task, advance=amount, counts=self.counts())

    def counts(self) -> str:
        """What went in so far."""
        parts = [f"{self.n_spans:,} spans", f"{self.n_signals:,} signals"]
        if self.n_problems:
            parts.append(f"{self.n_problems:,} problems")
        return ", ".join(parts)

    @contextmanager
    def bar(self, what: str, total: int | None) -> Generator[None]:
        """A progress bar while something goes on; without a total it only counts."""
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[counts]}"),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=self.console) as progress:
            self._progress = progress
            self._task = progress.add_task(what, total=total, counts=self.counts())
            try:
                yield
            finally:
                self._progress = self._task = None
