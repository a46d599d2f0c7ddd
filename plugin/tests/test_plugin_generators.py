"""Generators, such as a streamed answer, run in the session they were decorated with, to their end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Generator

import kelet_temporal as kelet
import pytest
from kelet_stage import Spans
from opentelemetry import trace

Who = tuple[str | None, str | None]


def who() -> Who:
    with trace.get_tracer("app").start_as_current_span("step"):
        return kelet.get_session_id(), kelet.get_agent_name()


@kelet.agentic_session(session_id="s")
@kelet.agent(name="writer")
async def stream(n: int) -> AsyncGenerator[Who, str]:
    for _ in range(n):
        await asyncio.sleep(0)
        yield who()


@kelet.agentic_session(session_id="s")
@kelet.agent(name="writer")
def pieces(n: int) -> Generator[Who, str, str]:
    told = ""
    for _ in range(n):
        told += (yield who()) or "-"
    return told


async def test_an_async_generator_is_in_its_session_and_its_reader_is_not(spans: Spans) -> None:
    with kelet.agentic_session(session_id="reader"):
        seen = [(written, who()) async for written in stream(2)]
    assert seen == [(("s", "writer"), ("reader", None))] * 2
    (span,) = spans.named("agent writer")
    assert span["gen_ai.conversation.id"] == "s"
    (parent,) = [span.context for span in spans.all() if span.name == "agent writer"]
    steps = [span for span in spans.all() if span.name == "step"]
    parents = [step.parent.span_id if step.parent else None for step in steps]
    assert parent
    assert parents == [parent.span_id, None] * 2


def test_a_generator_is_too(spans: Spans) -> None:
    assert [(written, who()) for written in pieces(2)] == [(("s", "writer"), (None, None))] * 2
    assert len(spans.named("agent writer")) == 1


async def test_two_streams_are_read_in_turn(spans: Spans) -> None:
    a, b = stream(2), stream(2)
    for _ in range(2):
        assert await anext(a) == await anext(b) == ("s", "writer")
    assert kelet.get_session_id() is None
    for left in (a, b):
        with pytest.raises(StopAsyncIteration):
            await anext(left)
    assert len(spans.named("agent writer")) == 2


async def test_a_reader_that_leaves_early_ends_it(spans: Spans) -> None:
    reading, iterating = stream(9), pieces(9)
    await anext(reading)
    next(iterating)
    await reading.aclose()
    iterating.close()
    assert len(spans.named("agent writer")) == 2
    assert kelet.get_session_id() is None


async def test_what_is_sent_and_thrown_reaches_it(spans: Spans) -> None:
    @kelet.agent(name="echo")
    async def echo() -> AsyncGenerator[str, str]:
        heard = "nothing"
        while True:
            try:
                heard = yield heard
            except KeyError as error:
                heard = str(error)

    iterating = pieces(2)
    next(iterating)
    iterating.send("a")
    with pytest.raises(StopIteration) as ended:
        iterating.send("b")
    assert ended.value.value == "ab"
    echoing = echo()
    assert await anext(echoing) == "nothing"
    assert await echoing.asend("a") == "a"
    assert await echoing.athrow(KeyError(1)) == "1"
    with pytest.raises(ValueError, match="enough"):
        await echoing.athrow(ValueError("enough"))
    (span,) = [span for span in spans.all() if span.name == "agent echo"]
    assert span.status.description == "ValueError"


async def test_a_cancelled_stream_ends(spans: Spans) -> None:
    @kelet.agent(name="slow")
    async def slow() -> AsyncGenerator[int]:
        yield 1
        await asyncio.sleep(60)

    async def read() -> None:
        async for _ in slow():
            pass

    reading = asyncio.create_task(read())
    await asyncio.sleep(0.05)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert len(spans.named("agent slow")) == 1
