"""Why something is missing: read from the span itself, not from what the conventions made of it.

In: a span and what is missing of it. Out: the reason, or `NOT_UNDERSTOOD`. Next: `fields` counts the
reasons; the last one fails the check.
"""

import json
import re
from collections.abc import Iterator

from pipeline.model.span import Span, SpanStatus

NOT_UNDERSTOOD = "NOT UNDERSTOOD"
_FAILED = "the call failed"
_EMPTY = "what was recorded is empty"
_STREAM = "streamed; the answer is a log record in another trace"
_PIECE = "start, success and finish of one call are spans of their own"
_TEST = "the call was never answered"
_ELSEWHERE = "texts are log records in this mode"
_OFF = "the span holds no text"
_HALF = "the span holds no such text"

_ASKED = re.compile(
    r"(?:input|prompt|request_data|question|query|arguments|args|parameters|events)"
)
_ANSWERED = re.compile(
    r"(?:output|completion|response_data|response\.(?:text|object|toolCalls)|result|answer|events)"
)
_NO_TEXT = re.compile(
    r"(?:mime_type|tokens?|token_count|usage|json_schema|prompt_template|definitions|tools|"
    r"settings|count|model|logfire|filter_results|finish|role|structured_output|toolChoice|metadata|type)"
)


def why(span: Span, field: str, file: str) -> str:
    """The reason why a field of a step of this span is missing."""
    pattern = _ANSWERED if field in ("output", "result") else _ASKED
    told = list(_texts(span, pattern))
    if field in ("output", "result") and span.status is SpanStatus.ERROR:
        return _FAILED
    if re.search(r"\.(?:start|success|finish)-\d+\Z", span.name):
        return _PIECE
    if field == "output" and _streams(span):
        return _STREAM
    if any(not _is_empty(text) for text in told):
        return NOT_UNDERSTOOD
    if told:
        return _EMPTY
    if "_with_events" in file or "_and_events" in file:
        return _ELSEWHERE
    if "Orphan" in span.name:
        return _TEST
    return _HALF if any(_texts(span, re.compile("."))) else _OFF


def _texts(span: Span, pattern: re.Pattern[str]) -> Iterator[object]:
    for key, value in span.attributes.items():
        if pattern.search(key) and not _NO_TEXT.search(key):
            yield value
    for event in span.events:
        yield from (v for k, v in event.attributes.items() if pattern.search(f"{event.name}.{k}"))


def _streams(span: Span) -> bool:
    asked = str(span.attributes.get("request_data", ""))
    return '"stream": true' in asked and "response_data" not in span.attributes


def _is_empty(value: object) -> bool:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return not value.strip()  # type: ignore[union-attr]
    if isinstance(value, dict) and "parts" in value:
        return _is_empty(value["parts"])
    if isinstance(value, dict):
        return all(_is_empty(v) for v in value.values())
    if isinstance(value, list | tuple):
        return all(_is_empty(v) for v in value)
    return value in (None, "", 0, False)
