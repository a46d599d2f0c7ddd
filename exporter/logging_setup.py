"""Logs without trace text, as lines for people or as JSON objects for machines.

In: `Config`, the name of the process. Out: `set_up_logging`, `quiet_loop`. Next: stderr.

Our own messages hold codes, ids and counts. What others log may quote what they failed on: of an
exception that is not ours only the type and the places are written, and only known fields reach the
JSON.
"""

import asyncio
import logging
import sys
import traceback
from types import TracebackType
from typing import Any

from pythonjsonlogger.json import JsonFormatter

from pipeline.config import Config
from pipeline.errors import SidecarError

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
FIELDS = ("time", "level", "process", "logger", "message", "exc_info")
CHATTY = ("alembic", "httpx", "temporalio", "opentelemetry")


def describe(error: BaseException | None) -> str:
    """Types and places along the chain of causes; the words only of our own errors."""
    lines: list[str] = []
    while error is not None:
        told = f": {error}" if isinstance(error, SidecarError) else ""
        places = "".join(traceback.format_tb(error.__traceback__))
        lines.append(
            f"{type(error).__module__}.{type(error).__qualname__}{told}\n{places}".rstrip()
        )
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\nafter ".join(lines)


class TextFormatter(logging.Formatter):
    """One line, and the places of an exception below it."""

    def __init__(self, process: str) -> None:
        super().__init__(
            f"%(asctime)s %(levelname)-7s {process:<8} %(message)s", datefmt="%H:%M:%S"
        )

    def formatException(self, ei: ExcInfo) -> str:  # noqa: N802
        """Without the words of foreign exceptions."""
        return describe(ei[1])


class ObjectFormatter(JsonFormatter):
    """One JSON object a line, of known fields only."""

    def __init__(self, process: str) -> None:
        super().__init__(
            "%(asctime)s %(levelname)s %(name)s %(message)s",
            rename_fields={"asctime": "time", "levelname": "level", "name": "logger"},
            static_fields={"process": process},
            datefmt="%Y-%m-%dT%H:%M:%S%z",
        )

    def formatException(self, ei: ExcInfo) -> str:  # noqa: N802
        """Without the words of foreign exceptions."""
        return describe(ei[1])

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        """Extra fields of other libraries are left out."""
        return {name: log_data[name] for name in FIELDS if name in log_data}


def set_up_logging(config: Config, process: str) -> None:
    """Log to stderr; `process` tells the halves of `dev` apart."""
    as_text = config.log_format == "text" or (config.log_format == "auto" and sys.stderr.isatty())
    handler = logging.StreamHandler()
    handler.setFormatter(TextFormatter(process) if as_text else ObjectFormatter(process))
    logging.basicConfig(level=config.log_level.upper(), handlers=[handler])
    if config.log_level != "debug":
        for name in CHATTY:
            logging.getLogger(name).setLevel(logging.WARNING)
        # `pipeline.temporal.failures` says it in one line, by code.
        logging.getLogger("temporalio.activity").setLevel(logging.ERROR)


def quiet_loop(loop: asyncio.AbstractEventLoop) -> None:
    """What nobody awaited is told by type and place; asyncio would print what it said."""

    def tell(_loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        logging.getLogger("asyncio").error("%s\n%s", context.get("message"), describe(error))

    loop.set_exception_handler(tell)
