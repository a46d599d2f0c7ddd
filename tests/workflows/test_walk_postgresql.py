"""The walk on PostgreSQL ends with what it ends with on SQLite."""

from pathlib import Path

import pytest
from temporalio.client import Client

from pipeline.llm.door import close_door
from pipeline.worker.compose import build_worker
from tests.databases import working_on
from tests.workflows.walk import Walk, conversation

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

N_SESSIONS = 12


async def walked(client: Client, data_dir: Path, store_url: str | None) -> list[str]:
    """The canonical export of sessions, half of which lose figures."""
    walk = Walk(client, data_dir, store_url=store_url)
    try:
        async with build_worker(walk.store, client, walk.config):
            for index in range(N_SESSIONS):
                await walk.send(conversation(index, lossy=index % 2 == 0))
                await walk.judge(f"s{index:04d}", good=index % 2 == 1)
            await walk.settle()
        return walk.export()
    finally:
        walk.store.close()
        await close_door()


async def test_both_databases_end_with_the_same(client: Client, tmp_path: Path) -> None:
    with working_on("postgresql") as databases:
        url = databases.new(tmp_path)
        on_postgresql = await walked(client, tmp_path / "postgresql", url)
    on_sqlite = await walked(client, tmp_path / "sqlite", None)
    assert len([line for line in on_sqlite if '"type": "row"' in line]) == N_SESSIONS
    assert on_postgresql == on_sqlite
