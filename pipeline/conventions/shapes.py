"""Shapes: the words by which providers and frameworks mark roles, parts, calls and envelopes.

In: nothing. Out: the words, and questions about a node. Next: `parts` and `messages` read by them.

They are those of OpenAI (chat and responses), Anthropic, Google, Bedrock, Cohere, LangChain (plain
and serialised), AI SDK, pydantic-ai and the parts of the GenAI conventions.
"""

from typing import Any

from pipeline.conventions.places import Branch, Node
from pipeline.model.step import Role

ROLES = {
    "system": Role.SYSTEM, "developer": Role.SYSTEM, "system-prompt": Role.SYSTEM,
    "user": Role.USER, "human": Role.USER, "user-prompt": Role.USER,
    "assistant": Role.ASSISTANT, "ai": Role.ASSISTANT, "model": Role.ASSISTANT,
    "bot": Role.ASSISTANT, "chatbot": Role.ASSISTANT, "agent": Role.ASSISTANT,
    "aimessagechunk": Role.ASSISTANT, "tool-call": Role.ASSISTANT,
    "tool": Role.TOOL, "function": Role.TOOL, "tool_result": Role.TOOL, "tool-return": Role.TOOL,
    "tool-response": Role.TOOL, "tool_responses": Role.TOOL,
}  # fmt: skip
TEXTS = {"text", "input_text", "output_text", "refusal", "summary_text", "user-prompt",
         "system-prompt", "retry-prompt"}  # fmt: skip
REASONING = {
    "reasoning",
    "thinking",
    "redacted_thinking",
    "reasoning_content",
    "redacted-reasoning",
}
CALLS = {"tool_call", "tool_use", "function_call", "tool-call", "custom_tool_call", "toolcall",
         "mcp_call", "server_tool_use"}  # fmt: skip
RESULTS = {"tool_call_response", "tool_result", "function_call_output", "tool-result",
           "tool-return", "function_response", "custom_tool_call_output", "function_result",
           "web_search_tool_result"}  # fmt: skip
CALL_MEMBERS = ("functionCall", "function_call", "toolUse", "tool_call", "toolRequest")
RESULT_MEMBERS = ("functionResponse", "function_response", "toolResult", "toolResponse")
CALL_LISTS = ("tool_calls", "toolCalls")
CONTENTS = ("parts", "content", "contents", "text", "value", "generated_text", "outputText")
SYSTEM_MEMBERS = ("system", "system_instruction", "systemInstruction", "instructions",
                  "system_prompt", "systemPrompt", "preamble")  # fmt: skip
HISTORIES = ("chat_history", "history")
ASKED = ("messages", "items", "contents", "input_messages", "new_message", "prompt", "prompts",
         "inputs", "input", "query", "question", "user_input", "task", "args", "message", "content",
         "parts", "text", "inputText", "request", "params", "kwargs", "data", "value")  # fmt: skip
ANSWERED = ("choices", "candidates", "generations", "output_messages", "messages", "message",
            "replies", "final_output", "outputs", "output", "output_text", "update", "documents",
            "document", "page_content", "content", "parts", "response", "combined_chunk_content",
            "result", "results", "completion", "completions", "generation", "text", "outputText",
            "answer", "summary", "raw", "return_value", "return_values", "delta", "data",
            "value")  # fmt: skip
FINISHES = ("finish_reason", "finishReason", "stop_reason", "stopReason", "done_reason")

_CALL_MEMBERS = (*CALL_MEMBERS, "function")
_PARTS = TEXTS | REASONING | CALLS | RESULTS
_UNTYPED = {"text", "thought", "thoughtSignature", "cache_control", "annotations"}


def kind_of(node: Node) -> str:
    """What the node says it is, in lower case."""
    return node.word("type", "part_kind").lower()


def role_of(node: Node, default: Role) -> Role:
    """Who wrote this message."""
    event = node.word("event.name")
    named = event.removeprefix("gen_ai.").removesuffix(".message") if event else ""
    for said in (node.word("role"), named, kind_of(node), node.word("kind")):
        role = ROLES.get(said.lower().rpartition(".")[2])
        if role is not None:
            return role
    return default


def class_role(node: Node, default: Role) -> Role:
    """The author by the class of a serialised message (`.../HumanMessage`)."""
    path = node.members.get("id")
    name = str(path[-1]) if isinstance(path, list | tuple) and path else ""
    plain = name.lower().removesuffix("chunk").removesuffix("message")
    return ROLES.get(plain, default)


def is_message(node: Node) -> bool:
    """True when the node names an author, or holds parts, or calls tools."""
    if node.has("role", "event.name"):
        return True
    return kind_of(node) in ROLES and node.has(*CONTENTS, "data")


def is_part(node: Node) -> bool:
    """True for one typed part of a message, or one of the untyped parts of Google and Bedrock."""
    if kind_of(node) in _PARTS:
        return True
    members = node.members
    if isinstance(members.get("text"), str) and set(members) <= _UNTYPED:
        return True
    return is_call(node) or any(isinstance(node.members.get(n), dict) for n in RESULT_MEMBERS)


def is_call(node: Node) -> bool:
    """True for a tool call of any shape."""
    kind = kind_of(node)
    if kind in RESULTS:
        return False
    if kind in CALLS:
        return node.has("name", "toolName", "tool_name", "function")
    for name in _CALL_MEMBERS:
        if name in node.members and _is_named(node.members[name]):
            return True
    return node.has("toolName", "tool_name") and node.has("args", "input")


def are_parts(node: Node) -> bool:
    """True for a list whose items are all typed parts or tool calls."""
    items = list(node.items()) if node.is_items else []
    return bool(items) and all(is_part(item) for item in items)


def _is_named(value: Any) -> bool:
    return isinstance(value, dict | Branch) and ("name" in value or "function" in value)
