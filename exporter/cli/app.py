"""The root of the command line: one typer app on which every command module registers its verbs.

In: argv. Out: an exit status. Next: `exporter.cli.run` (dev, receive, work), `config`, and the
inspection and transfer commands, each a module with `register(app)`.
"""

import importlib
from importlib.util import find_spec

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
    "exporter.cli.keys",
    "exporter.cli.inspect",
    "exporter.cli.transfer",
)


def build() -> typer.Typer:
    """The app with the commands of every module that is there."""
    for name in COMMAND_MODULES:
        if find_spec(name) is not None:
            importlib.import_module(name).register(app)
    return app


def main() -> None:
    """Console entry point."""
    build()()


if __name__ == "__main__":
    main()
