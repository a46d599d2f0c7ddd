"""The walk without the edge: spans into a real store, nudges to a real server, a real worker.

In: sessions as lists of OTLP spans. Out: `Walk`. Next: the slow tests of this folder drive it.
"""

import asyncio
import json
import os
import random
import signal
import sqlite3
import subprocess
import time
import uuid
from collections.abc import Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from opentelemetry.proto.trace.v1.trace_pb2 import Span
from temporalio.client import Client

from exporter.decode import decode
from pipeline.config import Config
from pipeline.model.nudge import Nudge
from pipeline.model.signal import Signal, SignalKind, SignalSource
from pipeline.store import Store
from pipeline.temporal.nudges import nudge_session
from tests.sidecar_process import CLI
from tests.unit.otlp import request, span

ITEMS = ("kettle", "lamp", "chair", "table", "carpet", "mirror", "shelf", "stove", "clock", "sofa")
MINUTE_NANOS = 60_000_000_000


class Walk:
    """One data directory, one project, one task queue of its own."""

    def __init__(self, client: Client, data_dir: Path, **settings: object) -> None:
        self.client = client
        self.project = f"p-{uuid.uuid4().hex[:8]}"
        values: dict[str, object] = {
            "data_dir": data_dir,
            "temporal_address": client.service_client.config.target_host,
            "temporal_task_queue": uuid.uuid4().hex,
            "debounce": timedelta(seconds=1),
            "aggregation_quiet": timedelta(seconds=1),
        }
        self.config = Config.model_validate({**values, **settings})
        data_dir.mkdir(parents=True, exist_ok=True)
        self.store = Store.open(self.config.database_url)
        self._log = data_dir / "worker.log"

    async def send(self, spans: Sequence[Span], *, nudge: bool = True) -> None:
        """Commit and nudge, as the edge does."""
        body = request(*spans).SerializeToString()
        decoded = decode(body, project=self.project)
        assert decoded.n_spans == len(spans)
        done = self.store.submit_spans(decoded.chunks)
        result = await asyncio.wrap_future(done)
        if nudge:
            await self._nudge(result.nudges)

    async def judge(self, session_id: str, *, good: bool) -> None:
        """A label for a session."""
        signal = Signal(
            identity=f"label-{session_id}",
            project=self.project,
            session_id=session_id,
            trace_id=None,
            kind=SignalKind.METRIC,
            source=SignalSource.LABEL,
            score=1.0 if good else 0.0,
        )
        result = await asyncio.to_thread(self.store.commit_signals, [signal])
        await self._nudge(result.nudges)

    async def _nudge(self, nudges: Sequence[Nudge]) -> None:
        await asyncio.gather(*(nudge_session(self.client, self.config, n) for n in nudges))

    async def settle(self, patience: float = 120) -> None:
        """Until nothing is under way."""
        deadline = time.monotonic() + patience
        while not (progress := self.store.progress(self.project)).settled:
            assert time.monotonic() < deadline, (progress, self.log())
            await asyncio.sleep(0.1)

    def worker(self, **settings: str) -> "subprocess.Popen[bytes]":
        """`kelet-sidecar work` as a process that can be killed."""
        config = self.config
        env = os.environ | {
            "KELET_TEMPORAL_TASK_QUEUE": config.temporal_task_queue,
            "KELET_DEBOUNCE": f"{config.debounce.total_seconds()}s",
            "KELET_AGGREGATION_QUIET": f"{config.aggregation_quiet.total_seconds()}s",
            **settings,
        }
        where = ["--data-dir", str(config.data_dir), "--temporal-address", config.temporal_target]
        with self._log.open("ab") as log:
            return subprocess.Popen([*CLI, "work", *where], env=env, stdout=log, stderr=log)

    async def put_to_sleep(self, pid: int) -> None:
        """SIGSTOP when the process does not hold the database's lock: nobody else could commit then."""
        for _ in range(100):
            os.kill(pid, signal.SIGSTOP)
            if await asyncio.to_thread(self._lock_is_free):
                return
            os.kill(pid, signal.SIGCONT)
            await asyncio.sleep(0.01)
        raise AssertionError(f"the worker always held the lock:\n{self.log()}")

    def n_kept_answers(self) -> int:
        """Answers of the model that are kept: nobody asks for them again."""
        with closing(sqlite3.connect(self.config.data_dir / "kelet.db", timeout=2)) as connection:
            (n,) = connection.execute("SELECT count(*) FROM model_answers").fetchone()
            return int(n)

    def _lock_is_free(self) -> bool:
        path = self.config.data_dir / "kelet.db"
        with closing(sqlite3.connect(path, timeout=2, isolation_level=None)) as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                return False
            connection.execute("ROLLBACK")
            return True

    def log(self) -> str:
        """The end of the workers' log."""
        return self._log.read_text()[-3000:] if self._log.exists() else ""

    def export(self) -> list[str]:
        """The canonical export's lines, without what follows from the project's random name."""
        lines: list[str] = []
        for line in self.store.canonical(self.project):
            (line.get("finding") or {}).pop("id", None)
            lines.append(json.dumps(line, sort_keys=True, default=str).replace(self.project, "P"))
        return lines


def conversation(index: int, *, lossy: bool, text: str = "") -> list[Span]:
    """A session of two agents: a summarizer, whose summary may lose the figures, and a scorer."""
    luck = random.Random(index)
    session, trace = f"s{index:04d}", f"{index + 1:032x}"
    prices = [(item, luck.randint(100, 999)) for item in luck.sample(ITEMS, 5)]
    letter = " ".join(f"The {item} cost {price} dollars." for item, price in prices) + text
    told = prices[:1] if lossy else prices
    summary = " ".join(f"The {item} cost {price} dollars." for item, price in told)
    start = 1_767_225_600_000_000_000 + index * MINUTE_NANOS
    found = f"paid {len(told)} items"

    def one(span_id: int, parent: int | None, values: dict[str, str]) -> Span:
        begun = start + span_id * 10_000
        shared = {"gen_ai__conversation__id": session, "user__id": f"user-{index}"}
        return span(
            span_id, trace=trace, parent=parent, start=begun, end=begun + 9_000, **values, **shared
        )

    return [
        one(1, None, _agent("summarizer", letter, summary)),
        one(2, 1, _llm("summarizer", "You summarise letters.", letter, summary)),
        one(3, None, _agent("scorer", summary, found)),
        one(4, 3, _llm("scorer", "You count items.", summary, found)),
    ]


def _agent(name: str, taken: str, given: str) -> dict[str, str]:
    return {
        "gen_ai__operation__name": "invoke_agent",
        "gen_ai__agent__name": name,
        "gen_ai__input__messages": _messages("user", taken),
        "gen_ai__output__messages": _messages("assistant", given),
    }


def _llm(name: str, system: str, taken: str, given: str) -> dict[str, str]:
    return {
        **_agent(name, taken, given),
        "gen_ai__operation__name": "chat",
        "gen_ai__request__model": "scripted",
        "gen_ai__system_instructions": json.dumps([{"type": "text", "content": system}]),
    }


def _messages(role: str, text: str) -> str:
    return json.dumps([{"role": role, "parts": [{"type": "text", "content": text}]}])
