"""Parts: tool calls and tool results in the shapes of all providers.

In: the node of one part. Out: a `ToolCall`, or the node where a result's text stands. Next:
`messages` collects them; conventions read a tool step's own arguments and result by `payload`.
"""

from pipeline.conventions import shapes
from pipeline.conventions.places import Node
from pipeline.model.evidence import Located
from pipeline.model.step import ToolCall

_NAMES = ("name", "toolName", "tool_name", "tool")
_ARGUMENTS = ("arguments", "args", "input", "parameters", "params", "kwargs")
_IDS = ("id", "call_id", "toolCallId", "tool_call_id", "toolUseId", "callId", "ref")
_OUTPUTS = ("response", "result", "output", "content", "value")
_WRAPPERS = {"type", "name", "id", "kwargs", "tags", "metadata", "tool_call_id", "toolCallId",
             "status", "artifact", "additional_kwargs", "response_metadata", "input_str", "inputs",
             "output", "content", "role", "toolName", "example"}  # fmt: skip


def call_of(node: Node, span_id: str, prefix: str) -> ToolCall | None:
    """The tool call that stands at the node, None where no name does."""
    call_id = ""
    for _ in range(3):
        call_id = call_id or node.word(*_IDS)
        inner = node.get(*shapes.CALL_MEMBERS, "function")
        if inner is None or not inner.members:
            break
        node = inner
    name = node.word(*_NAMES)
    if not name:
        return None
    given = node.get(*_ARGUMENTS)
    arguments = None
    if given is not None and given.text is not None:
        arguments = Located(text=given.text, span_id=span_id, field=prefix + given.place)
    return ToolCall(name=name, arguments=arguments, call_id=call_id or None)


def result_of(node: Node) -> Node | None:
    """Where the result stands, None for a part that is none."""
    inner = node.get(*shapes.RESULT_MEMBERS)
    if inner is not None and inner.members:
        node = inner
    elif shapes.kind_of(node) not in shapes.RESULTS:
        return None
    found = node.get(*_OUTPUTS)
    if found is not None and shapes.kind_of(found) and found.has("value"):
        return found.get("value")
    return found


def payload(node: Node, *names: str) -> Node:
    """A tool's own arguments or result without the wrapper a framework puts around them."""
    for _ in range(4):
        inner = _inside(node.opened(), names)
        if inner is None:
            break
        node = inner
    return node


def _inside(node: Node, names: tuple[str, ...]) -> Node | None:
    """What a wrapper holds: a serialised message, a call by position and name, `{"output": ...}`."""
    if not node.members:
        return None
    if node.has("lc", "data") and node.has("kwargs", "data"):
        return node.get("kwargs", "data")
    if node.has("tool_name") and node.has("raw_output"):  # LlamaIndex
        return node.get("raw_output")
    if set(node.members) == {"kwargs"}:
        return node.get("kwargs")
    if node.has("args") and node.has("kwargs") and len(node.members) < 4:
        return _called_with(node)
    if not (node.has(*names) and set(node.members) <= _WRAPPERS):
        return None
    found = node.get(*names)
    is_text = found is not None and isinstance(found.value, str)
    return found if found is not None and (found.members or found.is_items or is_text) else None


def _called_with(node: Node) -> Node | None:
    """A function's arguments: those by name, or the only one by position."""
    given, named = node.get("args"), node.get("kwargs")
    if given is None or named is None or not given.is_items:
        return None
    if not given.value:
        return named
    return next(given.items()) if len(given.value) == 1 and not named.members else None
