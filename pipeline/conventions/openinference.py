"""OpenInference: `openinference.span.kind`, `llm.input_messages.N...`, `input.value`, `tool.*`.

In: a span. Out: its draft, as far as it follows this convention. Next: `registry`.

Messages are families of dotted attributes; `input.value` and `output.value` hold the whole request
and response, and are read where no messages are. Agents have `agent.name`, or a `graph.node.id`.
"""

from pipeline.conventions.draft import Claim, Convention, Draft, is_id, text_of
from pipeline.conventions.vocabulary import Vocabulary, claim, read
from pipeline.model.span import Span
from pipeline.model.step import StepKind

WORDS = Vocabulary(
    kinds=("openinference.span.kind",),
    agents=("agent.name", "metadata#lc_agent_name"),
    input_families=("llm.input_messages", "llm.prompts"),
    inputs=("input.value",),
    output_families=("llm.output_messages", "llm.choices", "retrieval.documents",
                     "reranker.output_documents"),
    outputs=("output.value",),
    models=("llm.model_name", "embedding.model_name", "reranker.model_name"),
    finishes=("llm.finish_reason",),
    input_tokens=("llm.token_count.prompt",),
    output_tokens=("llm.token_count.completion",),
    tool_names=("tool.name", "tool_call.function.name"),
    arguments=("tool_call.function.arguments", "input.value", "tool.parameters"),
    results=("output.value",),
)  # fmt: skip


def _claim(span: Span) -> Claim | None:
    claimed = claim(span, WORDS)
    if claimed is not None and claimed.kind is StepKind.LLM and _only_prepares(span):
        return Claim(StepKind.WORKFLOW)
    if claimed is None and "llm.model_name" in span.attributes:
        return Claim(StepKind.LLM, sure=False)
    return claimed


def _only_prepares(span: Span) -> bool:
    """LlamaIndex traces helpers of its models (`OpenAI._prepare_chat_with_tools`) as calls."""
    told = any(k.startswith(("llm.output_messages", "llm.token_count")) for k in span.attributes)
    return span.name.rpartition(".")[2].startswith("_") and not told


def _read(span: Span, kind: StepKind) -> Draft | None:
    return read(span, WORDS, kind)


CONVENTION = Convention("OpenInference", _claim, _read)


def node_agent(span: Span) -> str | None:
    """The agent that a node of a graph names, by its name where its id is a mere number."""
    named = text_of(span, "agent.name")
    if named:
        return named
    node = text_of(span, "graph.node.id")
    return text_of(span, "graph.node.name") or node if node and is_id(node) else node
