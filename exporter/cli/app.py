"""The root of the command line: one typer app on which every command module registers its verbs.

In: argv. Out: an exit status. Next: `exporter.cli.run` (dev, receive, work), `config`, and the
inspection and transfer commands, each a module with `register(app)`.
"""

import importlib
import sys
from collections.abc import Sequence
from importlib.metadata import version
from typing import Annotated

import typer

app = typer.Typer(
    name="kelet-sidecar",
    help="Agent traces in over OTLP, named root causes with checked evidence out.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    # Locals may hold trace text; it must not reach a terminal through a crash report.
    pretty_exceptions_show_locals=False,
)

COMMAND_MODULES = (
    "exporter.cli.run",
    "exporter.cli.config",
    "exporter.cli.health",
    "exporter.cli.keys",
    "exporter.cli.delete",
    "exporter.cli.inspect",
    "exporter.cli.optimise",
    "exporter.cli.transfer",
)


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"kelet-sidecar {version('kelet-sidecar')}")
        raise typer.Exit


@app.callback()
def root(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Agent traces in over OTLP, named root causes with checked evidence out."""


def build(modules: Sequence[str] = COMMAND_MODULES) -> typer.Typer:
    """The app with the commands of these modules."""
    for name in modules:
        importlib.import_module(name).register(app)
    return app


def main() -> None:
    """Console entry point. A probe runs every few seconds and loads nothing else."""
    is_probe = sys.argv[1:2] == ["health"]
    build(("exporter.cli.health",) if is_probe else COMMAND_MODULES)()


if __name__ == "__main__":
    main()
