"""What is understood of recorded traces of many frameworks stays so, and long sessions end."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings

from pipeline.conventions.steps import read_steps
from pipeline.model.span import Span, SpanEvent
from tests.frameworks.coverage import main
from tests.frameworks.traces import traces
from tests.unit.genai_spans import chat, message, root, span
from tests.unit.test_conventions import ATTRIBUTES, assert_exact

pytestmark = pytest.mark.slow

N_SPANS = 50_000
GENEROUS = 90.0
"""Seconds of processor time; about 15 are needed on an idle core."""


def test_what_is_recorded_is_understood_and_the_page_says_so(capsys: pytest.CaptureFixture[str]):
    assert main([]) == 0, capsys.readouterr().err


def test_every_text_of_every_framework_is_read_back():
    assert sum(assert_exact(trace.spans) for trace in traces()) > 1900


@settings(deadline=None, max_examples=1500)
@given(ATTRIBUTES, ATTRIBUTES)
def test_whatever_stands_in_a_span_is_read_back(attributes: Any, told: Any):
    events = (SpanEvent(name="gen_ai.choice", time=1, attributes=told),)
    assert_exact((span("s", "x", 1, 2, attributes, events=events), root()))


def _chain(index: int) -> Span:
    """Each span within the one before it."""
    parent = f"{index - 1:08d}" if index else None
    attributes = {"gen_ai.agent.name": f"a{index % 7}"} if index % 100 == 0 else {}
    return chat(
        f"{index:08d}", index, [message("user", "x")], "y", parent=parent, attributes=attributes
    )


def _flat(index: int) -> Span:
    """All below one span."""
    return chat(f"{index:08d}", index, [message("user", f"question {index}")], "y", parent="root")


def _cycle(index: int) -> Span:
    parent = f"{(index + 1) % N_SPANS:08d}"
    return span(
        f"{index:08d}", "RunActivity:x", index, index + 1, {"temporal.attempt": 1}, parent=parent
    )


def _json(index: int) -> Span:
    request = json.dumps({"messages": [{"role": "user", "content": str(index)}] * 20})
    attributes = {"openinference.span.kind": "LLM", "input.value": request, "output.value": "y"}
    return span(f"{index:08d}", "x", index, index + 1, attributes)


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("shape", "n"), [(_chain, N_SPANS), (_flat, N_SPANS), (_cycle, N_SPANS), (_json, N_SPANS // 10)]
)
def test_a_very_long_session_ends(shape: Callable[[int], Span], n: int):
    spans = [shape(index) for index in range(n)]
    began = time.process_time()
    steps = read_steps(spans)
    assert time.process_time() - began < GENEROUS
    assert len(steps) > 0
