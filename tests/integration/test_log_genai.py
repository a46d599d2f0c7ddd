"""Log records and spans of real model calls through a real receiver, in both orders, and sent again."""

from pathlib import Path

import httpx
import pytest

from pipeline.conventions.quotes import read_field
from pipeline.conventions.steps import read_steps
from pipeline.model.session import SessionKey
from pipeline.model.step import Step, StepKind
from pipeline.store import Store
from tests.integration.edge import running
from tests.recordings.reading import FOLDER

pytestmark = pytest.mark.slow

JSON = {"content-type": "application/json"}
Read = tuple[list[str], list[Step]]
SESSIONS = ("chat-tools", "chat-stream", "chat-refusal", "chat-error")


def lines(kind: str) -> list[str]:
    return (FOLDER / f"openai_v2.{kind}.jsonl").read_text().splitlines()


async def stored(folder: Path, *order: str) -> dict[str, Read]:
    """What is read of each session when its parts are sent in this order."""
    with _opened(folder) as store:
        async with running(store) as edge, httpx.AsyncClient() as client:
            for kind in order:
                path = "logs" if kind == "logs" else "traces"
                url = f"http://127.0.0.1:{edge.http_port}/v1/{path}"
                for line in lines(kind):
                    answer = await client.post(url, content=line, headers=JSON)
                    assert (answer.status_code, answer.json()) == (200, {})
            assert edge.metrics["logs_discarded"] == order.count("logs")
        return {session: _read(store, session) for session in SESSIONS}


def _opened(folder: Path) -> Store:
    folder.mkdir()
    return Store.open(f"sqlite:///{folder / 'store.sqlite'}")


def _read(store: Store, session: str) -> Read:
    spans = store.load_spans(SessionKey.of("default", session)).spans
    by_id = {span.span_id: span for span in spans}
    steps = [step for step in read_steps(spans) if step.kind is StepKind.LLM]
    for step in steps:
        for place in (*step.system, *(m.content for m in (*step.inputs, *step.outputs))):
            assert read_field(by_id[place.span_id], place.field) == place.text
    return sorted(span.span_id for span in spans), steps


async def test_logs_and_traces_in_both_orders_are_the_same_session(tmp_path: Path) -> None:
    first = await stored(tmp_path / "a", "logs", "otlp")
    assert first == await stored(tmp_path / "b", "otlp", "logs")
    assert first == await stored(tmp_path / "c", "logs", "otlp", "logs", "otlp")
    _, steps = first["chat-tools"]
    assert len(steps) == 3
    assert [step.outputs[0].content.text for step in (steps[0], steps[2])] == [
        "orders",
        "Order 4711 arrives on Tuesday, 5 May; order 4712 left the warehouse on 2 May.",
    ]
    assert [call.name for call in steps[1].tool_calls] == ["look_up_order"] * 2
