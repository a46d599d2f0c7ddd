"""The options that inspection and transfer commands share.

In: argv and the environment. Out: annotated types for typer. Next: `inspect` and `transfer` use them.
"""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter, ValidationError

from pipeline.config import Duration

DEFAULT_ENDPOINT = "localhost:4317"
DEFAULT_HTTP = "http://localhost:4318"
DEFAULT_PROJECT = "default"

_DURATION: TypeAdapter[timedelta] = TypeAdapter(Duration)


class OutputFormat(StrEnum):
    """How a command prints."""

    TABLE = "table"
    JSON = "json"


Project = Annotated[
    str, typer.Option("--project", "-p", envvar="KELET_PROJECT", help="The project to look into.")
]
AnyProject = Annotated[
    str | None,
    typer.Option(
        "--project", "-p", envvar="KELET_PROJECT", help="One project; else every project."
    ),
]
Endpoint = Annotated[
    str,
    typer.Option("--endpoint", envvar="KELET_ENDPOINT", help="HOST:PORT of the sidecar's gRPC."),
]
Format = Annotated[OutputFormat, typer.Option("--format", "-f", help="How to print.")]
Limit = Annotated[
    int | None, typer.Option("--limit", "-n", min=1, help="At most this many; else all of them.")
]


def read_duration(text: str) -> timedelta:
    """`10m`, `90s`, `1h30m` or plain seconds, for typer's `parser`."""
    try:
        return _DURATION.validate_python(text)
    except ValidationError:
        raise typer.BadParameter("write a duration such as 30s, 10m or 1h30m") from None


def duration(shown: str, help: str) -> Any:
    """An option that takes a duration; its default is shown as `shown`."""
    return typer.Option(parser=read_duration, metavar="DURATION", show_default=shown, help=help)
