"""The skill's two applications: after it, each run is one session; before it, none."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import textwrap
from pathlib import Path

import kelet_temporal as kelet
import pytest
from kelet_stage import SignalDoor, Spans

SKILL = Path(__file__).parents[2] / "skills" / "kelet-sidecar"
README = Path(__file__).parents[1] / "README.md"


@pytest.fixture(autouse=True)
def examples(monkeypatch: pytest.MonkeyPatch) -> None:
    """The applications by their ordinary names, as the workflow sandbox imports them again."""
    monkeypatch.syspath_prepend(SKILL / "examples")


@pytest.mark.slow
@pytest.mark.parametrize("when", ["before", "after"])
async def test_support_chat(
    temporal_server: str,
    spans: Spans,
    door: SignalDoor,
    when: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = importlib.import_module(f"support_chat.{when}")
    if when == "after":
        monkeypatch.setattr(app.kelet, "configure", lambda **_: None)  # pyright: ignore[reportUnknownLambdaType]
    await app.main(temporal_server, f"c-{when}")
    drawn = spans.named("agent support")
    assert [a["gen_ai.conversation.id"] for a in drawn] == [f"c-{when}"] * len(drawn)
    assert len(drawn) == (2 if when == "after" else 0)
    sent = [body["session_id"] for _, _, body in door.received]
    assert sent == (["c-after"] if when == "after" else [])


@pytest.mark.slow
@pytest.mark.parametrize("when", ["before", "after"])
async def test_nightly_report(temporal_server: str, spans: Spans, when: str) -> None:
    app = importlib.import_module(f"nightly_report.{when}")
    await app.main(temporal_server, f"2026-01-02-{when}")
    drawn = spans.named("query sales") + spans.named("chat small-model")
    assert len(drawn) == 2
    sessions = {attributes.get("gen_ai.conversation.id") for attributes in drawn}
    assert len(sessions) == 1
    assert (sessions == {None}) is (when == "before")


def test_the_skill_is_in_the_open_format() -> None:
    text = (SKILL / "SKILL.md").read_text()
    front = re.match(r"---\n(.*?)\n---\n", text, re.DOTALL)
    assert front
    fields = dict(line.split(": ", 1) for line in front[1].splitlines())
    assert fields["name"] == SKILL.name
    assert 0 < len(fields["description"]) <= 1024
    assert len(text.splitlines()) < 500


@pytest.mark.parametrize("page", [SKILL / "SKILL.md", README], ids=["skill", "README"])
def test_pages_name_what_there_is(page: Path) -> None:
    text = page.read_text()
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert blocks
    for block in blocks:
        compile(textwrap.dedent(block), str(page), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    for name in re.findall(r"kelet\.(\w+)", text):
        assert hasattr(kelet, name), name


def test_the_readme_lists_the_arguments_of_configure() -> None:
    listed = set(re.findall(r"^\| `(\w+)` \|", README.read_text(), re.MULTILINE))
    assert listed == set(inspect.signature(kelet.configure).parameters) - {"strict"}
