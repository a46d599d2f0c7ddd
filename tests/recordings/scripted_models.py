"""Language models that follow a script, behind the providers' own HTTP APIs on loopback.

In: requests of any client library. Out: the answers of `script`, and a log of what was asked and
answered. Next: `record` points apps here; the log is the truth that `expected.json` is made of.

OpenAI chat completions and Responses, Anthropic messages, Gemini generateContent; each plain and
streamed. Every app must ask without retries of its own, so that a failure is one request.
"""

import json
import re
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from threading import Lock
from typing import Any

from tests.recordings.formats import anthropic, gemini, openai_chat, openai_responses
from tests.recordings.loopback import Reply, serving
from tests.recordings.script import Answer, Asked, answer

LOST = "x-scripted-lost"
"""The header by which an app says that it will throw the answer away and ask again."""

_GEMINI = re.compile(r"/models/([^:/]+):(generateContent|streamGenerateContent)")


@dataclass(frozen=True)
class Exchange:
    """One request and its answer; `lost` if the app knows that a retry throws the answer away."""

    api: str
    asked: Asked
    answered: Answer
    lost: bool = False


@dataclass
class Models:
    """Where the models listen, and what was said so far in order of arrival."""

    address: str = ""
    exchanges: list[Exchange] = field(default_factory=list[Exchange])
    unknown: list[str] = field(default_factory=list[str])
    _number: Iterator[int] = field(default_factory=lambda: count(1))
    _lock: Lock = field(default_factory=Lock)

    def take(self, api: str, asked: Asked) -> Answer:
        """Answer and remember."""
        with self._lock:
            said = answer(asked, next(self._number))
            self.exchanges.append(Exchange(api, asked, said))
        return said

    def lose(self) -> None:
        """The last answer will be thrown away."""
        with self._lock:
            self.exchanges[-1] = replace(self.exchanges[-1], lost=True)


@contextmanager
def scripted_models() -> Generator[Models]:
    """Serve the models while the block lasts."""
    models = Models()

    def respond(path: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        try:
            reply = _respond(models, path.partition("?")[0], json.loads(body or b"{}"))
            if headers.get(LOST):
                models.lose()
            return reply
        except (KeyError, TypeError, ValueError) as error:
            models.unknown.append(f"{path}: {type(error).__name__} {error}")
            raise

    with serving(respond) as models.address:
        yield models


def _respond(models: Models, path: str, body: dict[str, Any]) -> Reply:
    if path.endswith("/chat/completions"):
        return _openai_chat(models, body)
    if path.endswith("/responses"):
        return _openai_responses(models, body)
    if path.endswith("/messages"):
        return _anthropic(models, body)
    named = _GEMINI.search(path)
    if named:
        return _gemini(models, body, named[1], streamed=named[2] != "generateContent")
    models.unknown.append(path)
    return Reply(b'{"error": {"message": "not scripted"}}', 404)


def _openai_chat(models: Models, body: dict[str, Any]) -> Reply:
    asked = openai_chat.read(body)
    said = models.take("openai.chat", asked)
    if said.failure:
        return _json(openai_chat.failure(*said.failure), said.failure[0])
    if asked.stream:
        return _events(openai_chat.stream(said, asked.model, usage=asked.usage_in_stream))
    return _json(openai_chat.write(said, asked.model))


def _openai_responses(models: Models, body: dict[str, Any]) -> Reply:
    asked = openai_responses.read(body)
    said = models.take("openai.responses", asked)
    if said.failure:
        return _json(openai_chat.failure(*said.failure), said.failure[0])
    if asked.stream:
        return _events(openai_responses.stream(said, asked.model))
    return _json(openai_responses.write(said, asked.model))


def _anthropic(models: Models, body: dict[str, Any]) -> Reply:
    asked = anthropic.read(body)
    said = models.take("anthropic.messages", asked)
    if said.failure:
        return _json(anthropic.failure(*said.failure), said.failure[0])
    if asked.stream:
        return _events(anthropic.stream(said, asked.model))
    return _json(anthropic.write(said, asked.model))


def _gemini(models: Models, body: dict[str, Any], model: str, *, streamed: bool) -> Reply:
    asked = gemini.read(body, model, streamed=streamed)
    said = models.take("gemini", asked)
    if said.failure:
        return _json(gemini.failure(*said.failure), said.failure[0])
    if streamed:
        return _events(gemini.stream(said, model))
    return _json(gemini.write(said, model))


def _json(body: Mapping[str, Any], status: int = 200) -> Reply:
    return Reply(json.dumps(body).encode(), status)


def _events(events: Iterable[tuple[str, str]]) -> Reply:
    lines = (
        f"event: {name}\ndata: {data}\n\n" if name else f"data: {data}\n\n" for name, data in events
    )
    return Reply("".join(lines).encode(), content_type="text/event-stream")
