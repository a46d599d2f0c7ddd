"""Run traits: how an invocation went, whatever it said.

In: invocations. Out: `run.*` detections; errors stand on the step that failed, counts and times on
the invocation's step. Next: `enrich`.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from pipeline.conventions.invocations import Invocation
from pipeline.conventions.quotes import parse_json
from pipeline.model.detection import Detection
from pipeline.model.evidence import Located
from pipeline.model.step import Step, StepKind
from pipeline.signals.detectors.made import trait
from pipeline.text.excerpts import beginning
from pipeline.text.phrases import ERROR_KEYS, ERROR_STATES, TOOL_ERROR

_CUT = {"length", "max_tokens", "model_length", "max_output_tokens", "incomplete"}
_STATES = {"status", "state", "result", "status_code", "statuscode", "code"}
_SUCCESS = {"success", "ok"}
_FAILURE = {"iserror", "is_error"}
_MIN_REPEATS = 3
_MIN_REPEATED_CHARS = 20
_MIN_CUT_TOKENS = 200


def read_run(invocations: Sequence[Invocation], steps: Sequence[Step]) -> list[Detection]:
    """All run traits of the session."""
    found = [*_span_errors(steps), *_tool_error_texts(steps), *_retries(invocations, steps)]
    for invocation in invocations:
        found += _counts(invocation)
        found += _loop(invocation)
        found += _truncated(invocation)
    found += _repeated_outputs(invocations)
    return found


def is_error_text(text: str) -> bool:
    """A tool's result that is an error only in its text."""
    parsed = parse_json(text) if text.lstrip()[:1] in ("{", "[") else None
    if isinstance(parsed, Mapping):
        return _is_error_object(cast(Mapping[str, Any], parsed))
    return parsed is None and bool(TOOL_ERROR.match(text[:400]))


def _is_error_object(data: Mapping[str, Any]) -> bool:
    return any(_says_error(key.lower(), value) for key, value in data.items())


def _says_error(name: str, value: object) -> bool:
    said = str(value).lower()
    if name in ERROR_KEYS:
        return value not in (None, "", False, 0, [], {})
    if name in _STATES and (
        said in ERROR_STATES or (len(said) == 3 and said[0] in "45" and said.isdecimal())
    ):
        return True
    return (name in _SUCCESS and value is False) or (name in _FAILURE and value is True)


def _span_errors(steps: Sequence[Step]) -> Iterator[Detection]:
    """Failed steps, the deepest only: what merely passed an error on did not fail by itself."""
    parents = {s.parent_span_id for s in steps if s.failed}
    yield from _by_step(
        [s for s in steps if s.failed and s.span_id not in parents],
        "run.span_error",
        "ended with an error",
        {s.span_id: s.error for s in steps},
    )


def _tool_error_texts(steps: Sequence[Step]) -> Iterator[Detection]:
    tools = [s for s in steps if s.kind in (StepKind.TOOL, StepKind.RETRIEVAL)]
    wrong = [s for s in tools if any(is_error_text(m.content.text) for m in s.outputs)]
    places = {s.span_id: s.outputs[0].content for s in wrong}
    yield from _by_step(wrong, "run.tool_error_text", "returned an error text", places)


def _by_step(
    failed: Sequence[Step], name: str, words: str, places: Mapping[str, Located | None]
) -> Iterator[Detection]:
    groups: dict[tuple[str, str], list[Step]] = {}
    for step in failed:
        groups.setdefault((step.agent, step.key), []).append(step)
    for (agent, key), group in groups.items():
        located = [p for s in group if (p := places.get(s.span_id)) is not None]
        yield trait(
            name,
            (agent, key, group[0].span_id),
            len(group),
            detail=f"{group[0].name} {words} {_times(len(group))}",
            passages=[beginning(p) for p in located[:2]],
        )


def _times(n: int) -> str:
    return "once" if n == 1 else f"{n} times"


def _retries(invocations: Sequence[Invocation], steps: Sequence[Step]) -> Iterator[Detection]:
    """Retried activities; where no activity span exists, the invocation whose steps were retried."""
    activities = [s for s in steps if s.kind is StepKind.ACTIVITY and s.n_attempts > 1]
    for step in activities:
        yield _retry(step, (step.agent, step.key, step.span_id))
    for invocation in invocations:
        worst = max(invocation.steps, key=lambda s: s.n_attempts)
        if worst.n_attempts > 1:
            yield _retry(worst, (invocation.agent, invocation.step, invocation.span_id))


def _retry(step: Step, where: tuple[str, str, str]) -> Detection:
    how = " (told apart by their start)" if step.attempts_inferred else ""
    return trait(
        "run.activity_retry",
        where,
        step.n_attempts - 1,
        confidence=0.7 if step.attempts_inferred else 1.0,
        detail=f"{step.name} needed {step.n_attempts} attempts{how}",
    )


def _counts(invocation: Invocation) -> Iterator[Detection]:
    where = (invocation.agent, invocation.step, invocation.span_id)
    models, tools = invocation.llm_steps, invocation.tool_steps
    seconds = (invocation.end - invocation.start) / 1e9
    tokens = sum((s.input_tokens or 0) + (s.output_tokens or 0) for s in invocation.steps)
    yield trait("run.n_llm", where, len(models), detail=f"{len(models)} model calls")
    yield trait("run.n_tools", where, len(tools), detail=f"{len(tools)} tool calls")
    yield trait("run.latency", where, max(0.0, seconds), detail=f"took {seconds:.3g} s")
    if tokens:
        yield trait("run.tokens", where, tokens, detail=f"used {tokens} tokens")
    for name, calls in sorted(Counter(s.key.partition(":")[2] for s in tools).items()):
        yield trait(f"run.tool={name}", where, calls, detail=f"called {name} {_times(calls)}")


def _loop(invocation: Invocation) -> Iterator[Detection]:
    calls = Counter((s.name, _arguments(s)) for s in invocation.tool_steps if s.inputs)
    spoken = Counter(
        m.content.text.strip()
        for s in invocation.llm_steps
        for m in s.outputs
        if len(m.content.text.strip()) >= _MIN_REPEATED_CHARS
    )
    (tool, n_calls) = max(
        ((n, c) for (n, _), c in calls.items()), key=lambda p: p[1], default=("", 0)
    )
    n_said = max(spoken.values(), default=0)
    if max(n_calls, n_said) >= _MIN_REPEATS:
        by_tool = n_calls >= n_said
        yield trait(
            "run.loop",
            (invocation.agent, invocation.step, invocation.span_id),
            max(n_calls, n_said),
            detail=f"called {tool} {n_calls} times with the same arguments"
            if by_tool
            else f"said the same {n_said} times",
        )


def _arguments(step: Step) -> str:
    text = step.inputs[0].content.text
    parsed = parse_json(text)
    return (
        json.dumps(parsed, sort_keys=True) if isinstance(parsed, dict) else " ".join(text.split())
    )


def _repeated_outputs(invocations: Sequence[Invocation]) -> Iterator[Detection]:
    """An agent that gives the same answer again and again in several invocations."""
    answers: dict[tuple[str, str, str], list[Invocation]] = {}
    for invocation in invocations:
        for message in invocation.outputs[-1:]:
            said = message.content.text.strip()
            if len(said) >= _MIN_REPEATED_CHARS:
                answers.setdefault((invocation.agent, invocation.step, said), []).append(invocation)
    for (agent, step, _), group in answers.items():
        if len(group) >= _MIN_REPEATS:
            yield trait(
                "run.loop",
                (agent, step, group[0].span_id),
                len(group),
                detail=f"gave the same answer {len(group)} times",
                passages=[beginning(group[0].outputs[-1].content)],
            )


def _truncated(invocation: Invocation) -> Iterator[Detection]:
    for step in invocation.llm_steps:
        cut = any(r.lower().replace("-", "_") in _CUT for r in step.finish_reasons)
        open_end = not cut and _ends_open(step)
        if cut or open_end:
            yield trait(
                "run.truncated",
                (invocation.agent, invocation.step, step.span_id),
                1.0,
                confidence=1.0 if cut else 0.5,
                detail="the answer was cut at the token limit"
                if cut
                else "the answer ends in the middle of a sentence",
                passages=[_ending(m.content) for m in step.outputs[-1:]],
            )
            return


def _ends_open(step: Step) -> bool:
    text = step.outputs[-1].content.text.rstrip() if step.outputs else ""
    if not text or step.tool_calls or (step.output_tokens or 0) < _MIN_CUT_TOKENS:
        return False
    if text[0] in "{[" and parse_json(text) is None and text[-1] not in "}]":
        return True
    last_line = text.rpartition("\n")[2]
    return (text[-1].isalnum() or text[-1] == ",") and len(last_line) > 60


def _ending(content: Located, limit: int = 160) -> Located:
    text = content.text.rstrip()[-limit:].lstrip()
    return Located(text=text, span_id=content.span_id, field=content.field)
