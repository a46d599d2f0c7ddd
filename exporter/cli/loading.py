"""From options to a validated `Config`, and from there to the children of `dev`.

In: what was given on the command line. Out: `Config`, or a message and exit status 2. Next:
`exporter.cli.run` and `exporter.cli.config`.
"""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path

import typer
from pydantic import ValidationError
from rich.console import Console

from pipeline.config import ENV_PREFIX, FILE_VARIABLE, Config

USAGE_ERROR = 2


def apply(overrides: Mapping[str, object | None], file: Path | None) -> None:
    """Write options into the environment, where they win over the file, for us and our children."""
    if file is not None:
        os.environ[FILE_VARIABLE] = str(file)
    for name, value in overrides.items():
        if value is not None:
            os.environ[f"{ENV_PREFIX}{name.upper()}"] = str(value)


def load() -> Config:
    """The Config, or one line for each thing that is wrong with it."""
    try:
        return Config()
    except ValidationError as error:
        console = Console(stderr=True)
        for problem in error.errors(include_input=False, include_url=False):
            name = ".".join(str(part) for part in problem["loc"]) or "settings"
            console.print(f"[red]{name}[/]: {problem['msg']}", highlight=False, soft_wrap=True)
    except tomllib.TOMLDecodeError as error:
        file = os.environ.get(FILE_VARIABLE)
        Console(stderr=True).print(
            f"[red]{file} is not TOML: {error}[/]", highlight=False, soft_wrap=True
        )
    except ValueError as error:
        Console(stderr=True).print(f"[red]{error}[/]", highlight=False, soft_wrap=True)
    raise typer.Exit(USAGE_ERROR)
