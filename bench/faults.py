"""Random faults in one long run behind the real Collector: is everything acknowledged stored, once?

In: options, or nothing for the full run: 200,000 spans, 20 faults. Out: a line a fault, then what
differs between what the Collector acknowledged and what is stored; status 1 if anything does.
`python -m bench.faults --help` has the options. It takes about ten minutes.
"""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tests.collector import faults
from tests.collector.load import Load

Spans = Annotated[int, typer.Option(min=100, help="Spans sent in all.")]
Faults = Annotated[int, typer.Option("--faults", min=0, help="Faults, one after the other.")]
Seed = Annotated[int, typer.Option(help="Draws the spans and the faults.")]
Kind = Annotated[str, typer.Option("--database", help="sqlite or postgresql.")]
Scale = Annotated[float, typer.Option(min=0.01, help="How long faults last; 1 is in full.")]


def main(arguments: Sequence[str] = ()) -> None:
    """Run with these options; a difference ends the process with status 1."""
    app = typer.Typer(add_completion=False)
    app.command()(survive)
    if status := app(list(arguments), standalone_mode=False):
        sys.exit(status)


def survive(
    spans: Spans = 200_000,
    n_faults: Faults = 20,
    seed: Seed = 1,
    scale: Scale = 1,
    kind: Kind = "sqlite",
) -> int:
    """Harm the sidecar and the Collector while spans come in, then look for what is missing."""
    console = Console()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    load, planned = Load(spans, seed), faults.plan(n_faults, seed, scale, kind)
    with (
        tempfile.TemporaryDirectory(prefix="faults-") as folder,
        Progress(*columns, TimeElapsedColumn(), console=console) as progress,
    ):
        task = progress.add_task("spans acknowledged", total=spans)
        told: list[str] = []

        def tell(what: str, n_acked: int) -> None:
            if told[-1:] != [what]:
                told.append(what)
                progress.console.print(f"{n_acked:>9,} acknowledged; {what}")
            progress.update(task, completed=n_acked)

        outcome = faults.run(Path(folder), load, planned, tell, kind)
    console.print(
        f"{outcome.n_acked:,} spans acknowledged in {outcome.n_sessions:,} sessions, "
        f"{len(planned)} faults, {outcome.n_tries:,} requests sent again, {outcome.seconds:.0f} s, "
        f"{outcome.where}"
    )
    for difference in outcome.differences:
        console.print(f"[red]{difference}[/]")
    if not outcome.differences:
        console.print("[green]every acknowledged span is stored once, in its session[/]")
    return 1 if outcome.differences or outcome.n_acked < spans else 0


if __name__ == "__main__":
    main(sys.argv[1:])
