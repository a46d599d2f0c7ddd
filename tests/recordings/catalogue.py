"""What is recorded: which application, in which environment, with what traced.

In: nothing. Out: `RECORDINGS` by name. Next: `record` runs them, the tests read their fixtures.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Recording:
    """One fixture. `variant` is the app's argument; `agents` and `tools` say whether the app tells
    its library who acts and which tools run (some libraries know neither)."""

    name: str
    app: str
    environment: str
    variant: str = ""
    agents: bool = True
    tools: bool = True
    variables: Mapping[str, str] = field(default_factory=dict[str, str])


_LATEST = {
    "OTEL_SEMCONV_STABILITY_OPT_IN": "gen_ai_latest_experimental",
    "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "SPAN_ONLY",
}
_GEMINI = {"GOOGLE_API_KEY": "none", "GOOGLE_GENAI_USE_VERTEXAI": "false"}
_SEMANTIC_KERNEL = {"SEMANTICKERNEL_EXPERIMENTAL_GENAI_ENABLE_OTEL_DIAGNOSTICS_SENSITIVE": "true"}
_LANGSMITH = {
    "LANGSMITH_TRACING": "true",
    "LANGSMITH_TRACING_MODE": "otel",
    "LANGSMITH_API_KEY": "none",
}
_STABLE = {"OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "true"}


def _pydantic_ai(version: int, api: str = "", environment: str = "pydantic_ai") -> Recording:
    name = "_".join(filter(None, (f"pydantic_ai_format_{version}", api)))
    return Recording(name, "pydantic_ai_agents.py", environment, f"{version} {api}".strip())


def _opentelemetry(
    name: str, app: str, variables: Mapping[str, str], variant: str = ""
) -> Recording:
    """OpenTelemetry's own instrumentations of clients know neither agents nor tools."""
    return Recording(
        name, f"{app}.py", app, variant, agents=False, tools=False, variables=variables
    )


def _vercel_ai(version: int, api: str) -> Recording:
    environment = f"vercel_ai_{version}"
    return Recording(f"{environment}_{api}", "vercel_ai.mjs", environment, f"{version} {api}")


def _responses(app: str) -> Recording:
    return Recording(f"{app}_responses", f"{app}.py", app, "responses")


def _plain(app: str) -> Recording:
    return Recording(app, f"{app}.py", app)


_ALL = (
    _plain("openinference_openai"),
    _responses("openinference_openai"),
    _plain("openinference_anthropic"),
    _plain("traceloop_openai"),
    _responses("traceloop_openai"),
    _plain("traceloop_anthropic"),
    _pydantic_ai(1, environment="pydantic_ai_1"),
    _pydantic_ai(2),
    _pydantic_ai(5),
    _pydantic_ai(5, "anthropic"),
    _pydantic_ai(6),
    _pydantic_ai(6, "responses"),
    _plain("langfuse_openai"),
    _responses("langfuse_openai"),
    _opentelemetry("openai_v2", "openai_v2", _STABLE),
    _opentelemetry("openai_v2_latest", "openai_v2", _LATEST),
    _opentelemetry("genai_openai", "genai_openai", _LATEST),
    _opentelemetry("genai_openai_responses", "genai_openai", _LATEST, "responses"),
    _opentelemetry("genai_anthropic", "genai_anthropic", _LATEST),
    _plain("kelet_sdk"),
    _plain("openinference_langchain"),
    _plain("traceloop_langchain"),
    _plain("openai_agents"),
    _plain("strands_agents"),
    Recording("strands_agents_latest", "strands_agents.py", "strands_agents", variables=_LATEST),
    _opentelemetry("google_genai", "google_genai", _LATEST),
    Recording("google_adk", "google_adk.py", "google_adk", variables={**_GEMINI, **_LATEST}),
    # The agent's name is recorded only within a Python representation of the whole state.
    Recording("llama_index_agents", "llama_index_agents.py", "llama_index_agents", agents=False),
    Recording(
        "semantic_kernel_agents",
        "semantic_kernel_agents.py",
        "semantic_kernel_agents",
        variables=_SEMANTIC_KERNEL,
    ),
    _plain("crewai_crew"),
    _plain("smolagents_agents"),
    _plain("langfuse_langchain"),
    Recording(
        "langsmith_langchain",
        "langsmith_langchain.py",
        "langsmith_langchain",
        variables=_LANGSMITH,
    ),
    Recording("genai_langchain", "genai_langchain.py", "genai_langchain", variables=_LATEST),
    _plain("agno_agents"),
    Recording(
        "agent_framework_agents",
        "agent_framework_agents.py",
        "agent_framework_agents",
        variables=_LATEST,
    ),
    _plain("autogen_agents"),
    _opentelemetry("openlit_openai", "openlit_openai", {}),
    _opentelemetry("logfire_openai", "logfire_openai", {}),
    _opentelemetry("logfire_openai_responses", "logfire_openai", {}, "responses"),
    Recording("temporal_plugin", "temporal_desk.py", "temporal_desk", "plugin"),
    Recording("temporal_kelet", "temporal_desk.py", "temporal_desk", "kelet"),
    _vercel_ai(5, "chat"),
    _vercel_ai(6, "chat"),
    _vercel_ai(6, "responses"),
    _vercel_ai(6, "anthropic"),
    _vercel_ai(7, "chat"),
    _vercel_ai(7, "responses"),
)

RECORDINGS: Mapping[str, Recording] = {recording.name: recording for recording in _ALL}
