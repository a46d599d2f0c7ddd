"""`kelet-sidecar config`: every setting, as a reference or with the values in force.

In: options. Out: a Markdown table (docs/configuration.md is this output) or the current values.
Next: nothing.
"""

from pathlib import Path
from typing import Annotated

import typer

from exporter.cli import loading
from pipeline.config import reference

HEADER = ("setting", "environment", "default", "what it does")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("config")(config)


def config(
    current: Annotated[
        bool, typer.Option("--current", help="Print the values in force as JSON instead.")
    ] = False,
    file: Annotated[Path | None, typer.Option("--config", help="TOML file of settings.")] = None,
) -> None:
    """Print the reference of all settings as a Markdown table."""
    if not current:
        typer.echo(markdown())
        return
    loading.apply({}, file)
    # A secret prints as asterisks.
    typer.echo(loading.load().model_dump_json(indent=2))


def markdown() -> str:
    """The reference table."""
    rows = [HEADER, ("---",) * len(HEADER)]
    for name, variable, default, description in reference():
        shown = f"`{default}`" if default else ""
        rows.append((f"`{name}`", f"`{variable}`", shown, " ".join(description.split())))
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in rows)
