"""Pure: the key under which an answer is kept, a digest of everything that shapes it.

In: a model's name and one request. Out: 64 hex digits. Next: `metered` looks the answer up.

What differs from run to run and shapes nothing (times, run ids, usage, ids of answers) is left out:
a request that is put again after a kill, or in a re-analysis of unchanged steps, has the same key.
"""

import hashlib
import json
from collections.abc import Sequence
from typing import Any, cast

from pydantic_ai.messages import ModelMessage, ModelMessagesTypeAdapter
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.settings import ModelSettings
from pydantic_core import to_jsonable_python

_PASSING = frozenset(
    {
        *("timestamp", "run_id", "conversation_id", "usage", "cost", "metadata"),
        *("provider_response_id", "provider_details", "provider_url", "finish_reason"),
    }
)


def content_key(
    model: str,
    messages: Sequence[ModelMessage],
    settings: ModelSettings | None,
    parameters: ModelRequestParameters,
) -> str:
    """SHA-256 over the request's content, as hex."""
    said = ModelMessagesTypeAdapter.dump_python(list(messages), mode="json")
    names = _tool_call_names(said)
    parts = [
        model,
        _shape(said, names),
        to_jsonable_python(settings or {}, fallback=str),
        to_jsonable_python(parameters, fallback=str),
    ]
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def n_characters(messages: Sequence[ModelMessage], parameters: ModelRequestParameters) -> int:
    """About how much text a request holds; an upper bound for its estimate."""
    schemas = json.dumps(to_jsonable_python(parameters, fallback=str), ensure_ascii=False)
    return len(ModelMessagesTypeAdapter.dump_json(list(messages))) + len(schemas)


def _tool_call_names(said: Any) -> dict[str, str]:
    """Ids of tool calls by their place: providers draw them at random."""
    ids: dict[str, str] = {}
    for message in said:
        for part in message.get("parts", ()):
            name = part.get("tool_call_id")
            if isinstance(name, str):
                ids.setdefault(name, f"call-{len(ids)}")
    return ids


def _shape(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, dict):
        items = cast(dict[str, Any], value).items()
        return {
            key: names.get(inner, inner) if key == "tool_call_id" else _shape(inner, names)
            for key, inner in items
            if key not in _PASSING
        }
    if isinstance(value, list):
        return [_shape(inner, names) for inner in cast(list[Any], value)]
    return value
