"""`findings optimise`: searches a better prompt patch for a finding, within a budget.

In: a finding's id, limits; database and model of the settings. Out: the best patch with its fix rate
and breakage; nothing is changed unless `--keep` is given. Next: a person takes the patch over.

The command works on the database itself, beside running processes. Ctrl-C ends the search and shows
what was found so far; answers are kept, so that another run does not pay for them again.
"""

import asyncio
import signal
from collections.abc import Generator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.syntax import Syntax

from exporter.cli import inspect, loading, options
from exporter.cli.client import fail
from pipeline.config import Config
from pipeline.errors import BadRequest, NotFound, SidecarError
from pipeline.model.finding import Finding, PatchTrial
from pipeline.store import Store
from pipeline.store.model_ledger import COMMAND

if TYPE_CHECKING:
    from pipeline.investigation.optimisation.contracts import Material, Optimised
    from pipeline.investigation.optimisation.purse import Purse

MICROS = 1_000_000
Database = Annotated[
    Path | None,
    typer.Option("--data-dir", help="Folder of all state (default: .kelet).", show_default=False),
]
File = Annotated[
    Path | None, typer.Option("--config", help="TOML file of settings.", show_default=False)
]


def register(app: typer.Typer) -> None:
    """Add the command to the group of findings."""
    inspect.findings.command("optimise")(optimise)


def optimise(
    finding_id: Annotated[str, typer.Argument(metavar="ID", help="The finding's id.")],
    budget_usd: Annotated[float, typer.Option(min=0, help="US dollars that it may cost.")] = 1.0,
    max_requests: Annotated[int, typer.Option(min=1, help="Requests that it may make.")] = 300,
    keep: Annotated[bool, typer.Option("--keep", help="Put the best into the finding.")] = False,
    project: options.Project = options.DEFAULT_PROJECT,
    data_dir: Database = None,
    config: File = None,
) -> None:
    """Search a better prompt patch with a language model, and measure it on held-out sessions."""
    loading.apply({"data_dir": data_dir}, config)
    settings = loading.load()
    try:
        with Store.open(settings.database_url) as store:
            finding = store.get_finding(project, finding_id)
            if finding is None:
                raise NotFound(f"no finding {finding_id} in {project}")
            _optimise(store, finding, settings, (budget_usd, max_requests), keep)
    except SidecarError as error:
        fail(str(error))


def _optimise(
    store: Store, finding: Finding, config: Config, limits: tuple[float, int], keep: bool
) -> None:
    from pipeline.investigation.optimisation.material import material
    from pipeline.investigation.optimisation.purse import Purse

    _needs_gepa()
    found = material(store, finding, limits=config.read_limits)
    micros = int(Decimal(str(limits[0])) * MICROS)
    purse = Purse(store, max_micros=micros, max_requests=limits[1])
    result = _searched(finding, config, found, purse, limits[1])
    _show(found, result, purse)
    if keep and result.after is not None:
        from pipeline.investigation.patch import other_lines

        kept = store.keep_patch(finding, other_lines(found.patch, result.lines), result.after)
        Console().print("The finding has it now." if kept else "A newer finding took its place.")


def _searched(
    finding: Finding, config: Config, found: "Material", purse: "Purse", max_requests: int
) -> "Optimised":
    from pydantic_ai.exceptions import AgentRunError

    from pipeline.investigation.contracts import InvestigateInput
    from pipeline.investigation.explanation.contracts import Reading
    from pipeline.investigation.optimisation import search
    from pipeline.investigation.optimisation.bench import Bench
    from pipeline.llm.account import Account
    from pipeline.llm.door import Door, close_door, open_door
    from pipeline.llm.settings import ModelSettings
    from pipeline.signals.enrich import enrich

    settings = ModelSettings.of(config)
    if settings is None:
        raise BadRequest("an optimisation needs a language model: set KELET_MODEL")
    work = InvestigateInput(
        project=finding.project, cluster_id=finding.cluster_id, revision=finding.revision
    )
    account = Account(project=finding.project, purpose=f"{COMMAND}/{finding.id}")
    reading = Reading(work=work, account=account)
    with asyncio.Runner() as runner, _stopping(purse), _bar(max_requests) as bar:
        open_door(Door(settings, purse))
        bench = Bench(runner, reading, found, lambda steps: enrich(steps, ()).detections)
        write = search.writer(runner, reading, found)
        try:
            return search.optimise(
                found, bench, purse, write, lambda n, best: bar(purse.n_requests, n, best)
            )
        except AgentRunError as error:
            kind = type(error).__name__
            raise BadRequest(f"the model failed ({kind}); another run goes on from here") from None
        finally:
            runner.run(close_door())


def _needs_gepa() -> None:
    try:
        import gepa  # noqa: F401  # pyright: ignore[reportUnusedImport]
    except ImportError:
        raise BadRequest("install kelet-sidecar[optimise]: the search is gepa's") from None


@contextmanager
def _stopping(purse: "Purse") -> Generator[None]:
    """Ctrl-C ends the search, a second one the process."""

    def stop(_number: int, _frame: object) -> None:
        purse.stop()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _bar(max_requests: int) -> Generator["Bar"]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True)) as progress:
        yield Bar(progress, max_requests)


class Bar:
    """Requests that are made, of those that may be."""

    def __init__(self, progress: Progress, max_requests: int) -> None:
        self._progress = progress
        self._task = progress.add_task("measuring", total=max_requests)

    def __call__(self, n_requests: int, what: str, best: float) -> None:
        """How far it is."""
        described = f"{what}, {best:.0%} of training sessions pass"
        self._progress.update(self._task, completed=n_requests, description=described)


def _show(found: "Material", result: "Optimised", purse: "Purse") -> None:
    from pipeline.investigation.patch import other_lines

    console = Console()
    console.print(f"{result.n_candidates} candidates; the search ended: {result.ended}.")
    console.print(
        f"{purse.n_requests} requests, {purse.tokens} tokens, {purse.micros / MICROS:.4f} USD."
    )
    console.print(f"Measured on {len(found.test)} sessions that the search has not seen:")
    console.print(f"  the finding's patch  {_rates(result.before)}")
    if result.lines == found.lines:
        console.print("Nothing better was found; the finding's patch stays.")
        return
    measured = "not measured" if result.after is None else _rates(result.after)
    console.print(f"  the best one         {measured}")
    console.print(Syntax(other_lines(found.patch, result.lines).diff, "diff"))


def _rates(trial: PatchTrial) -> str:
    fixed, broken = trial.fixed, trial.broken
    return (
        f"fixes {fixed.k} of {fixed.n} (95 %: {fixed.low:.2f} to {fixed.high:.2f}), "
        f"breaks {broken.k} of {broken.n} (95 %: {broken.low:.2f} to {broken.high:.2f})"
    )
