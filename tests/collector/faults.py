"""The faults, and a run of many of them while spans come in.

In: a folder, a count of spans, a plan of faults. Out: `Outcome`: what differs between what the
Collector acknowledged and what is stored in the end. Next: `test_faults` asserts that nothing does,
`bench.faults` shows it.
"""

import random
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from pipeline.store import Store
from tests.collector.databases import Database, database
from tests.collector.ledger import n_stored, stored
from tests.collector.load import PROJECT, Load, Senders
from tests.collector.processes import Collector, Receiver
from tests.collector.volume import Volume, volume

GAP_SECONDS = 1.0
RAMP_STEP_SECONDS = 0.1
SENDING_SECONDS = 300.0
DRAIN_SECONDS = 240.0


@dataclass(frozen=True)
class Stage:
    """Everything that can be harmed."""

    volume: Volume
    database: Database
    receiver: Receiver
    collector: Collector


class Fault(NamedTuple):
    """One fault of a plan."""

    name: str
    seconds: float


def kill_sidecar(stage: Stage, seconds: float) -> None:
    """Kill -9, away for a while."""
    stage.receiver.kill()
    time.sleep(seconds)
    stage.receiver.revive()


def kill_collector(stage: Stage, seconds: float) -> None:
    """Kill -9, away for a while."""
    stage.collector.kill()
    time.sleep(seconds)
    stage.collector.revive()


def kill_both(stage: Stage, seconds: float) -> None:
    """Kill -9 of both; the Collector is back first."""
    stage.receiver.kill()
    stage.collector.kill()
    stage.collector.revive()
    time.sleep(seconds)
    stage.receiver.revive()


def pause_sidecar(stage: Stage, seconds: float) -> None:
    """SIGSTOP; beyond the exporter's timeout the Collector sends again what is half done."""
    stage.receiver.pause()
    time.sleep(seconds)
    stage.receiver.resume()


def pause_collector(stage: Stage, seconds: float) -> None:
    """SIGSTOP."""
    stage.collector.pause()
    time.sleep(seconds)
    stage.collector.resume()


def fill_disk(stage: Stage, seconds: float) -> None:
    """The database's disk is full."""
    with stage.volume.full(stage.receiver.pid):
        time.sleep(seconds)


def kill_on_full_disk(stage: Stage, seconds: float) -> None:
    """Kill -9 while the disk is full; it is started again and again until there is space."""
    with stage.volume.full(stage.receiver.pid):
        time.sleep(seconds / 2)
        stage.receiver.kill()
        stage.receiver.spawn()
        time.sleep(seconds / 2)
    stage.database.revive()
    stage.receiver.revive()


def freeze_database(stage: Stage, seconds: float) -> None:
    """The database is read-only, but for the memory that SQLite shares among processes."""
    with stage.volume.read_only(stage.receiver.pid, spare="-shm"):
        time.sleep(seconds)


def freeze_disk(stage: Stage, seconds: float) -> None:
    """The whole disk is read-only, where the kernel may end a process that has files mapped (SIGBUS)."""
    with stage.volume.read_only(stage.receiver.pid):
        time.sleep(seconds / 2)
        if not stage.receiver.running():
            stage.receiver.spawn()
        time.sleep(seconds / 2)
    stage.database.revive()
    stage.receiver.revive()


def lock_database(stage: Stage, seconds: float) -> None:
    """Somebody else holds the lock that a commit needs."""
    with stage.database.locked():
        time.sleep(seconds)


def kill_database(stage: Stage, seconds: float) -> None:
    """Kill -9, away for a while."""
    stage.database.kill()
    time.sleep(seconds)


def pause_database(stage: Stage, seconds: float) -> None:
    """SIGSTOP: connections stay, answers do not come."""
    with stage.database.paused():
        time.sleep(seconds)


Kinds = Mapping[str, tuple[Callable[[Stage, float], None], float, float]]
"""Name -> what is done, least and most seconds that it lasts."""

EVERYWHERE: Kinds = {
    "kill the sidecar": (kill_sidecar, 0, 5),
    "kill the Collector": (kill_collector, 0, 5),
    "kill both": (kill_both, 0, 5),
    "pause the sidecar": (pause_sidecar, 5, 45),
    "pause the Collector": (pause_collector, 2, 15),
    "disk full": (fill_disk, 10, 40),
    "disk full and kill": (kill_on_full_disk, 5, 20),
    "database locked": (lock_database, 10, 40),
}
FAULTS: Mapping[str, Kinds] = {
    "sqlite": {
        **EVERYWHERE,
        "database read-only": (freeze_database, 60, 60),
        "disk read-only": (freeze_disk, 5, 20),
    },
    "postgresql": {
        **EVERYWHERE,
        "kill the database": (kill_database, 0, 10),
        "pause the database": (pause_database, 5, 45),
        "disk read-only": (freeze_disk, 60, 60),
    },
}
"""What can happen to each kind of database."""


def plan(n_faults: int, seed: int, scale: float = 1.0, kind: str = "sqlite") -> list[Fault]:
    """Every fault as often as the others, as far as that goes, in an order drawn from the seed."""
    luck, known = random.Random(seed), FAULTS[kind]
    names: list[str] = []
    while len(names) < n_faults:
        names += luck.sample(sorted(known), min(len(known), n_faults - len(names)))
    luck.shuffle(names)
    return [Fault(name, scale * luck.uniform(*known[name][1:])) for name in names]


@dataclass(frozen=True)
class Outcome:
    """How a run ended."""

    n_acked: int
    n_sessions: int
    n_tries: int
    seconds: float
    where: str
    differences: Sequence[str]


Tell = Callable[[str, int], None]
"""Told what goes on and how many spans are acknowledged."""


def run(
    folder: Path, load: Load, faults: Sequence[Fault], tell: Tell, kind: str = "sqlite"
) -> Outcome:
    """Send all spans while one fault after the other happens, then compare."""
    began = time.monotonic()
    with standing(folder, kind) as stage:
        senders = Senders(load, stage.collector.grpc_port, stage.collector.http_port)
        senders.start()
        try:
            for number, fault in enumerate(faults):
                _suffer(stage, FAULTS[kind], fault, senders, (number, len(faults) + 1), tell)
            _finish(stage, senders, tell)
        finally:
            senders.stop()
        assert stage.receiver.stop() == 0, stage.receiver.tail()
        tell("comparing", len(senders.acked))
        found = stored(stage.database.url, PROJECT)
        differences = found.differences(load.homes)
        if unknown := senders.acked - load.homes.keys():
            differences.append(f"{len(unknown)} spans acknowledged that are not in the ledger")
        return Outcome(
            n_acked=len(senders.acked),
            n_sessions=len(found.counted),
            n_tries=senders.n_tries,
            seconds=time.monotonic() - began,
            where=f"{kind} on {stage.volume.kind}",
            differences=differences,
        )


@contextmanager
def standing(folder: Path, kind: str) -> Generator[Stage]:
    """A sidecar on a disk of its own, and a Collector with its queue on another one in front."""
    with volume(folder) as disk, closing(database(kind, disk.path)) as ours:
        receiver = Receiver(folder, disk.path / "data", KELET_STORE_URL=ours.url)
        with receiver, Collector(folder, receiver) as collector:
            yield Stage(disk, ours, receiver, collector)


def _suffer(
    stage: Stage,
    kinds: Kinds,
    fault: Fault,
    senders: Senders,
    position: tuple[int, int],
    tell: Tell,
) -> None:
    number, n_shares = position
    first, last = (senders.n_spans * share // n_shares for share in (number, number + 1))
    with _ramp(senders, first, last, fault.seconds + GAP_SECONDS):
        time.sleep(GAP_SECONDS)
        tell(f"{number + 1}: {fault.name}, {fault.seconds:.1f} s", len(senders.acked))
        kinds[fault.name][0](stage, fault.seconds)
        stage.database.revive()
    for process in (stage.receiver, stage.collector):
        assert process.running(), f"{process.name} ended in {fault}:\n{process.tail()}"


@contextmanager
def _ramp(senders: Senders, first: int, last: int, seconds: float) -> Generator[None]:
    """Let the share of this fault be sent evenly while it lasts."""
    done = threading.Event()
    began = time.monotonic()

    def work() -> None:
        while not done.wait(RAMP_STEP_SECONDS):
            passed = min(1.0, (time.monotonic() - began) / seconds)
            senders.allow(first + int((last - first) * passed))

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        senders.allow(last)


def _finish(stage: Stage, senders: Senders, tell: Tell) -> None:
    """Until everything is acknowledged, then until everything is stored."""
    senders.allow(senders.n_spans)
    deadline = time.monotonic() + SENDING_SECONDS
    while not senders.done:
        assert senders.problem is None, senders.problem
        assert time.monotonic() < deadline, f"not acknowledged:\n{stage.collector.tail()}"
        tell("sending the rest", len(senders.acked))
        time.sleep(0.5)
    deadline = time.monotonic() + DRAIN_SECONDS
    with Store.open(stage.database.url) as store:
        # What is not there in time is told with the differences.
        while n_stored(store, PROJECT) < senders.n_spans and time.monotonic() < deadline:
            tell("draining the Collector's queue", len(senders.acked))
            time.sleep(0.5)
