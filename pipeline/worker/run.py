"""A worker from its start to its end, through any absence of Temporal.

In: `Config` and an event that says stop. Out: analysed sessions. Next: `kelet-sidecar work`.
"""

import asyncio
import logging
from datetime import timedelta

from temporalio.service import RPCError
from temporalio.worker import Worker

from pipeline.config import Config
from pipeline.errors import TemporalUnavailable
from pipeline.llm.settings import ModelSettings
from pipeline.store import Store
from pipeline.temporal.client import connect
from pipeline.worker.compose import build_worker

log = logging.getLogger(__name__)

FIRST_PAUSE = timedelta(milliseconds=250)
MAX_PAUSE = timedelta(seconds=10)


async def run_worker(config: Config, stop: asyncio.Event) -> None:
    """Poll until `stop` is set. Temporal may come, go and come back meanwhile.

    What is wrong with the settings of a model is said at once, not after Temporal has come.
    """
    _check_model(config)
    store = await asyncio.to_thread(Store.open, config.database_url)
    try:
        pause = FIRST_PAUSE
        while not stop.is_set():
            try:
                worker = build_worker(store, await connect(config, measured=True), config)
                log.info("worker polls %s", config.temporal_target)
                await _until(worker, stop, config.drain)
                pause = FIRST_PAUSE
            except (TemporalUnavailable, RPCError, RuntimeError) as error:
                # RuntimeError is what the SDK raises for a service that is not there (yet).
                log.warning("worker waits for Temporal: %s", error)
                await _sleep(pause, stop)
                pause = min(pause * 2, MAX_PAUSE)
    finally:
        if config.model is not None:
            from pipeline.llm.door import close_door

            await close_door()
        store.close()


def _check_model(config: Config) -> None:
    settings = ModelSettings.of(config)
    if settings is not None:
        from pipeline.llm.providers import build_model

        build_model(settings)


async def _until(worker: Worker, stop: asyncio.Event, drain: timedelta) -> None:
    """Run the worker; an activity that does not end in time is left behind with the process."""
    running = asyncio.create_task(worker.run())
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if running.done():
        stopping.cancel()
        running.result()
        return
    shutdown = asyncio.create_task(worker.shutdown())
    done, _ = await asyncio.wait({running}, timeout=drain.total_seconds())
    if not done:
        log.warning("activities still run; their work is repeated at the next start")
    shutdown.cancel()


async def _sleep(pause: timedelta, stop: asyncio.Event) -> None:
    try:
        await asyncio.wait_for(stop.wait(), pause.total_seconds())
    except TimeoutError:
        return
