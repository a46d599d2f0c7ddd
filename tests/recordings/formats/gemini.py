"""Pure: Gemini's generateContent API.

In: a request's JSON and the model from its path; an `Answer`. Out: `Asked`; the reply's JSON or its
stream of events. Next: `scripted_models` sends them.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.recordings.formats.parts import chunks
from tests.recordings.script import Answer, Asked, Said

Json = Mapping[str, Any]


def read(body: Json, model: str, *, streamed: bool) -> Asked:
    """What is asked."""
    messages: list[Said] = []
    instructions = body.get("systemInstruction") or body.get("system_instruction")
    if instructions:
        messages.extend(_said("system", instructions))
    for content in body["contents"]:
        role = "assistant" if content.get("role") == "model" else "user"
        messages.extend(_said(role, content))
    declared = [
        f["name"]
        for tool in body.get("tools") or ()
        for f in tool.get("functionDeclarations") or tool.get("function_declarations") or ()
    ]
    return Asked(model=model, messages=tuple(messages), tools=tuple(declared), stream=streamed)


def _said(role: str, content: Json) -> Iterator[Said]:
    for part in content.get("parts") or ():
        result = part.get("functionResponse") or part.get("function_response")
        if result:
            given = result.get("response") or {}
            said = given.get("result", given.get("output", given))
            yield Said("tool", said if isinstance(said, str) else json.dumps(said))
        elif part.get("text") and not part.get("thought"):
            yield Said(role, part["text"])


def write(answer: Answer, model: str) -> dict[str, Any]:
    """The reply."""
    return _reply(answer, model, list(_parts(answer)))


def stream(answer: Answer, model: str) -> Iterator[tuple[str, str]]:
    """The reply in pieces, as (event, data); this API names no events."""
    pieces = [{"text": piece} for piece in chunks(answer.text or answer.refusal)]
    for piece in pieces[:-1]:
        yield "", json.dumps(_reply(answer, model, [piece], last=False))
    yield "", json.dumps(_reply(answer, model, pieces[-1:] or list(_parts(answer))))


def failure(status: int, message: str) -> dict[str, Any]:
    """An error as this API words it."""
    kind = "RESOURCE_EXHAUSTED" if status == 429 else "INTERNAL"
    return {"error": {"code": status, "message": message, "status": kind}}


def _parts(answer: Answer) -> Iterator[dict[str, Any]]:
    if answer.text or answer.refusal:
        yield {"text": answer.text or answer.refusal}
    for call in answer.calls:
        yield {"functionCall": {"name": call.name, "args": dict(call.arguments)}}


def _reply(
    answer: Answer, model: str, parts: list[dict[str, Any]], *, last: bool = True
) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": parts}, "index": 0}
    if last:
        candidate["finishReason"] = "STOP"
    return {
        "candidates": [candidate],
        "usageMetadata": {
            "promptTokenCount": answer.input_tokens,
            "candidatesTokenCount": answer.output_tokens,
            "totalTokenCount": answer.input_tokens + answer.output_tokens,
        },
        "modelVersion": model,
        "responseId": f"gemini-{answer.number:04d}",
    }
