"""What a library does not record, so that nobody can read it: the fixture holds no such text.

In: nothing. Out: `NOT_SAID`, (recording, field, session) -> why. Next: the test leaves these out, and
fails when one of them can be read after all.
"""

from collections.abc import Iterable, Mapping

Place = tuple[str, str, str]

_SESSIONS = ("chat-tools", "chat-stream", "chat-refusal", "chat-error")
_PYDANTIC_OPENAI = (
    "pydantic_ai_format_1",
    "pydantic_ai_format_2",
    "pydantic_ai_format_5",
    "pydantic_ai_format_6",
    "pydantic_ai_format_6_responses",
    "kelet_sdk",
)


def _all(
    why: str, recordings: Iterable[str], fields: Iterable[str], sessions: Iterable[str]
) -> dict[Place, str]:
    return {(r, f, s): why for r in recordings for f in fields for s in sessions}


NOT_SAID: Mapping[Place, str] = {
    **_all(
        "a refusal is an exception of the agent, not a message",
        _PYDANTIC_OPENAI,
        ("outputs",),
        ("chat-refusal",),
    ),
    **_all(
        "`refusal` is not recorded",
        (
            "openai_v2",
            "openai_v2_latest",
            "traceloop_openai_responses",
            "vercel_ai_5_chat",
            "strands_agents",
            "strands_agents_latest",
            "genai_langchain",
            "llama_index_agents",
            "agno_agents",
            "openlit_openai",
            "logfire_openai",
        ),
        ("outputs",),
        ("chat-refusal",),
    ),
    **_all(
        "the call's `refusal` is not recorded, only the agent's span has it",
        ("langfuse_openai", "traceloop_langchain"),
        ("outputs",),
        ("chat-refusal",),
    ),
    **_all(
        "messages go to Python's logging, which this app does not export",
        ("semantic_kernel_agents",),
        ("inputs", "system"),
        _SESSIONS,
    ),
    **_all(
        "messages go to Python's logging, which this app does not export",
        ("semantic_kernel_agents",),
        ("outputs",),
        ("chat-tools", "chat-stream", "chat-refusal"),
    ),
    ("semantic_kernel_agents", "tool_calls", "chat-tools"): "messages go to Python's logging",
    **_all("an agent's instructions are not recorded", ("openai_agents",), ("system",), _SESSIONS),
    **_all(
        "a failed model call has neither messages nor model",
        ("openai_agents",),
        ("inputs", "models"),
        ("chat-error",),
    ),
    **_all(
        "a failed model call has no messages",
        ("openlit_openai",),
        ("inputs", "system"),
        ("chat-error",),
    ),
    **_all(
        "AutoGen's spans of tools have names only",
        ("autogen_agents",),
        ("tools", "tool_arguments"),
        ("chat-tools",),
    ),
    ("smolagents_agents", "models", "chat-error"): "a failed model call has no model",
    ("smolagents_agents", "agents", "chat-error"): "the span of an agent that failed never ends",
    ("traceloop_anthropic", "tokens", "chat-stream"): "counts the first event's token twice",
    ("openinference_langchain", "tool_arguments", "chat-tools"): "values without their names",
    (
        "smolagents_agents",
        "inputs",
        "chat-tools",
    ): "a tool's answer is sent as the user's, the span rightly says `tool-response`",
}
