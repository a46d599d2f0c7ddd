"""Turns the script of one session into a whole application.

In: a script that plays one session and says whether its outcome is wrong. Out: `Application`. Next:
`catalogue` lists them by name.
"""

from collections.abc import Callable
from random import Random

from tests.scenarios.held_out.tracing import Recorder, Shape
from tests.scenarios.held_out.truth import Application, Feedback, Line, Truth

START = 1_757_000_000 * 10**9
Script = Callable[[Recorder, int], bool]


def build(
    name: str, seed: int, n: int, truth: Truth, feedback: Feedback, shape: Shape, script: Script
) -> Application:
    """Play `n` sessions, about half an hour apart."""
    lines: list[Line] = []
    signals: list[Line] = []
    wrong: dict[str, bool] = {}
    for index in range(n):
        rng = Random(f"{name}/{seed}/{index}")
        session_id = f"{name}-{rng.getrandbits(40):010x}"
        start = START + (index * 1800 + rng.randrange(1200)) * 10**9
        recorder = Recorder(rng, shape, session_id, start)
        wrong[session_id] = script(recorder, index)
        lines.append(recorder.line())
        signals += feedback.signals(
            rng, session_id, wrong=wrong[session_id], at=recorder.now + 60 * 10**9
        )
    return Application(name, truth, tuple(lines), tuple(signals), wrong)
