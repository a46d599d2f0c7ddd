"""Keeps the processes of `dev` running: starts them, starts the fallen again, stops them in order.

In: `ChildSpec`s. Out: running children until the stop. Next: nothing; `exporter.cli.run` prints what
there is to see. One process each, because analysis must not take the interpreter lock from ingest,
and because each can then be killed on its own.
"""

import asyncio
import logging
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from exporter.cli.leash import wrap
from pipeline.errors import Permanent

log = logging.getLogger(__name__)

FIRST_PAUSE = timedelta(milliseconds=200)
MAX_PAUSE = timedelta(seconds=15)
HEALTHY_AFTER = timedelta(seconds=20)
STOP_PATIENCE = timedelta(seconds=15)
MAX_LOG_BYTES = 10_000_000


class ChildFailed(Permanent):
    """A child could not start; it has said why itself."""

    code = "child_failed"


@dataclass(frozen=True)
class ChildSpec:
    """A process to keep running. Without `log` it writes to our own terminal."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    log: Path | None = None
    needed_by_others: bool = False
    """Stops last: the others finish with its help."""


class Supervisor:
    """Runs the children."""

    def __init__(self, specs: Sequence[ChildSpec], record: Callable[[str, int], None]) -> None:
        self._specs = specs
        self._record = record
        self._stopping = asyncio.Event()
        self._processes: dict[str, asyncio.subprocess.Process] = {}
        self.ready = False
        """Set once all have come up; before that, a child that ends by itself is an error."""

    async def run(self) -> None:
        """Until `stop`; raises `ChildFailed` when one cannot even start."""
        tasks = [asyncio.create_task(self._keep(spec)) for spec in self._specs]
        try:
            await asyncio.gather(*tasks)
        finally:
            await self.stop()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def stop(self) -> None:
        """All at once, then those that the others need for their end."""
        self._stopping.set()
        for last in (False, True):
            names = [spec.name for spec in self._specs if spec.needed_by_others is last]
            found = [self._processes[name] for name in names if name in self._processes]
            await asyncio.gather(*(_end(process) for process in found))

    def kill(self) -> None:
        """For the impatient."""
        for process in self._processes.values():
            if process.returncode is None:
                process.kill()

    async def _keep(self, spec: ChildSpec) -> None:
        pause = FIRST_PAUSE
        clock = asyncio.get_running_loop().time
        while not self._stopping.is_set():
            started = clock()
            code = await self._run_once(spec)
            if self._stopping.is_set():
                return
            if code > 0 and not self.ready:
                raise ChildFailed(f"{spec.name} could not start (exit status {code})")
            if clock() - started > HEALTHY_AFTER.total_seconds():
                pause = FIRST_PAUSE
            how = f"by signal {-code}" if code < 0 else f"with status {code}"
            log.warning("%s ended %s; it is started again", spec.name, how)
            await self._sleep(pause)
            pause = min(pause * 2, MAX_PAUSE)

    async def _run_once(self, spec: ChildSpec) -> int:
        out = _open_log(spec.log) if spec.log else None
        try:
            process = await asyncio.create_subprocess_exec(
                *wrap(list(spec.command)),
                env={**os.environ, **spec.env},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,  # Ctrl-C reaches us alone; we stop them in order
            )
        finally:
            if out is not None:
                os.close(out)
        self._processes[spec.name] = process
        self._record(spec.name, process.pid)
        if self._stopping.is_set():
            await _end(process)
        return await process.wait()

    async def _sleep(self, pause: timedelta) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), pause.total_seconds())
        except TimeoutError:
            return


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    try:
        process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(process.wait(), STOP_PATIENCE.total_seconds())
    except ProcessLookupError:
        return
    except TimeoutError:
        process.kill()
        await process.wait()


def _open_log(path: Path) -> int:
    """Appending; begun anew when it has grown large."""
    size = path.stat().st_size if path.exists() else 0
    fresh = os.O_TRUNC if size > MAX_LOG_BYTES else 0
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | fresh, 0o600)
