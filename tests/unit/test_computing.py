"""A worker computes on one agent's sessions at a time, whatever number of threads it has."""

import threading
import time

from pipeline.temporal.heartbeat import computing


def test_one_computation_at_a_time() -> None:
    running: list[int] = []
    seen: list[int] = []

    def work() -> None:
        with computing():
            running.append(1)
            seen.append(len(running))
            time.sleep(0.01)
            running.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [1, 1, 1, 1]
