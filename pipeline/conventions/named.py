"""Any other instrumentation: what an attribute is, by the last part of its name.

In: a span that no convention knows, or knows in part. Out: its draft. Next: `registry`.

`acme.llm.input`, `spanInputs` and `genkit:input` all end in `input`. What a span is, it says itself
(`run_type = "llm"`), or it shows by holding a model's or a tool's name beside a text. Names of the
network, of databases and of machines are left alone.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

from pipeline.conventions.draft import Claim, Convention, Draft
from pipeline.conventions.vocabulary import KINDS, Vocabulary, claim, read
from pipeline.model.span import Attributes, Span
from pipeline.model.step import StepKind

_FOREIGN = {"http", "db", "url", "net", "network", "server", "client", "rpc", "messaging", "code",
            "thread", "process", "host", "os", "k8s", "cloud", "container", "service", "telemetry",
            "otel", "exception", "error", "aws", "faas", "user_agent", "peer", "tls", "source",
            "destination", "file", "graphql", "logfire", "event", "session", "user", "enduser",
            "metadata", "temporal", "kelet", "langfuse", "gen_ai", "ai", "browser"}  # fmt: skip
_AFFIXES = re.compile(
    r"\A(?:span_|tool_call_|function_call_|llm_)|_(?:json|value|data|text|payload)\Z"
)
_INPUTS = ("input_messages", "prompt_messages", "messages", "prompt", "prompts", "user_prompt",
           "input", "inputs", "request", "user_input", "query", "question", "chat_ctx", "task")  # fmt: skip
_OUTPUTS = ("output_messages", "completion", "completions", "output", "outputs", "response",
            "answer", "final_output", "final_result", "result", "results", "return",
            "model_output")  # fmt: skip
_ARGUMENTS = ("arguments", "tool_arguments", "tool_input", "args", "kwargs", "parameters",
              "params")  # fmt: skip
_RESULTS = ("tool_output", "tool_response", "tool_result")
_MODELS = ("request_model", "model", "model_name", "model_id", "response_model")
_TOOLS = ("tool", "tool_name", "function", "function_name")
_AGENTS = ("agent", "agent_name", "agent_role", "assistant_name")
_SYSTEM = ("system_prompt", "instructions", "system_instructions", "system_message")
_KINDS = ("span_kind", "span_type", "kind", "type", "run_type", "event_type", "observation_type",
          "node_type", "as_type", "operation", "operation_name", "component_type")  # fmt: skip
_IN_TOKENS = ("input_tokens", "prompt_tokens", "tokens_input", "tokens_prompt")
_OUT_TOKENS = ("output_tokens", "completion_tokens", "tokens_output", "tokens_completion")
_FINISHES = ("finish_reason", "finish_reasons", "stop_reason")
_NUMBERED = re.compile(r"(.+?)\.\d+(?:\.|\Z)")
_VAGUE = {"name", "value", "json", "data", "text"}
_PARTS = re.compile(r"[.:/]")
_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def _claim(span: Span) -> Claim | None:
    words = _vocabulary(span.attributes)
    has_text = bool(
        words.inputs or words.outputs or words.input_families or words.arguments or words.results
    )
    if not (has_text or words.models or words.tool_names):
        return None
    said = claim(span, words)
    if said is not None:
        return Claim(said.kind, sure=False)
    if has_text and words.tool_names and not words.models:
        return Claim(StepKind.TOOL, sure=False)
    asked_and_answered = words.inputs or words.input_families
    if words.models and asked_and_answered:
        return Claim(StepKind.LLM, sure=False)
    return None


def _read(span: Span, kind: StepKind) -> Draft | None:
    words = _vocabulary(span.attributes)
    return read(span, words, kind)


def _vocabulary(attributes: Attributes) -> Vocabulary:
    """The words that this span uses."""
    tails = _tails(attributes)
    texts = _tails(k for k, v in attributes.items() if not isinstance(v, int | float))
    families = _tails({m[1]: None for m in map(_NUMBERED.match, attributes) if m})
    return Vocabulary(
        kinds=_keys(tails, _KINDS),
        agents=_keys(tails, _AGENTS),
        inputs=_keys(texts, _INPUTS),
        outputs=_keys(texts, _OUTPUTS),
        input_families=_keys(families, _INPUTS),
        output_families=_keys(families, _OUTPUTS),
        system=_keys(texts, _SYSTEM),
        models=_keys(tails, _MODELS),
        finishes=_keys(tails, _FINISHES),
        input_tokens=_keys(tails, _IN_TOKENS),
        output_tokens=_keys(tails, _OUT_TOKENS),
        tool_names=_keys(tails, _TOOLS),
        arguments=_keys(texts, _ARGUMENTS),
        results=_keys(texts, _RESULTS),
        words=KINDS,
    )


def _tails(keys: Iterable[str]) -> dict[str, list[str]]:
    """The keys of this span's own words, by the last part of each."""
    tails: dict[str, list[str]] = {}
    for key in sorted(keys):
        for tail in _tails_of(key):
            tails.setdefault(tail, []).append(key)
    return tails


@lru_cache(maxsize=4096)
def _tails_of(key: str) -> tuple[str, ...]:
    """The last part of a key in lower case with underscores, as it is and without affixes."""
    parts = [_WORDS.sub("_", p).lower().replace("-", "_") for p in _PARTS.split(key)]
    if parts[0] in _FOREIGN:
        return ()
    last = "_".join(parts[-2:]) if parts[-1] in _VAGUE else parts[-1]
    return tuple(dict.fromkeys((last, _AFFIXES.sub("", last))))


def _keys(tails: dict[str, list[str]], names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(key for name in names for key in tails.get(name, ())))


CONVENTION = Convention("any other, by names", _claim, _read)
