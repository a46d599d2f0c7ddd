"""Messages: a conversation as any instrumentation writes it, read into located texts.

In: an attribute's value (a JSON string or structured) and its key, or a family of dotted
attributes. Out: messages, system texts and tool calls, each with its exact field. Next: the
conventions put them into drafts.

It goes by shape: an envelope (a request or a response) holds messages, a message holds parts, a part
is a text, a call or a result. What fits no shape is one text of the given role.
"""

from dataclasses import dataclass, field

from pipeline.conventions import shapes
from pipeline.conventions.parts import call_of, result_of
from pipeline.conventions.places import Node
from pipeline.errors import LimitExceeded
from pipeline.model.evidence import Located
from pipeline.model.step import Message, Role, ToolCall

MAX_MESSAGES = 400_000
"""Messages, system texts and tool calls of a session. Read, one takes a kilobyte for the four bytes that it may
have as JSON."""
MAX_OF_ONE = 100_000
"""The same of one conversation of a span."""
_MAX_DEPTH = 12
_NOTHING = "assistant: None"
"""How LlamaIndex writes an answer without a text."""


def check_messages(n_messages: int, limit: int) -> None:
    """`LimitExceeded` where there are more."""
    if n_messages > limit:
        raise LimitExceeded(f"more than {limit} messages and tool calls")


@dataclass
class Conversation:
    """What was read so far, in order."""

    span_id: str
    prefix: str = ""
    messages: list[Message] = field(default_factory=list[Message])
    system: list[Located] = field(default_factory=list[Located])
    calls: list[ToolCall] = field(default_factory=list[ToolCall])
    finish_reasons: list[str] = field(default_factory=list[str])
    _known: set[tuple[str, ...]] = field(default_factory=set[tuple[str, ...]])
    """System texts, and tool calls by id and name, that were kept."""

    def __bool__(self) -> bool:
        """True when something was read."""
        return bool(self.messages or self.system or self.calls)

    def read(self, key: str, value: object, default: Role) -> None:
        """Read the attribute `key`. A string that is not JSON is one text of the default role."""
        self.read_node(Node(value, key), default)

    def read_node(self, node: Node, default: Role, depth: int = 0) -> None:
        """Read whatever stands at the node."""
        node = node.opened()
        if depth > _MAX_DEPTH or not (node.members or node.is_items):
            self.add(default, node)
        elif node.is_items:
            self._list(node, default, depth)
        elif shapes.is_message(node):
            self._message(node, default, depth)
        elif shapes.is_part(node):
            self._part(node, default, depth)
        else:
            self._envelope(node, default, depth)

    def read_parts(self, node: Node, role: Role) -> bool:
        """Read a list of typed parts; False, and nothing read, where it is none."""
        if not shapes.are_parts(node):
            return False
        self._content(node, role, 0)
        return bool(self.messages)

    def add(self, role: Role, node: Node) -> None:
        """Keep the text of a node; system texts are kept apart."""
        if node.value is None or (text := node.text) is None or text == _NOTHING:
            return
        self._check()
        located = Located(text=text, span_id=self.span_id, field=self.prefix + node.place)
        if role is Role.SYSTEM:
            if self._is_new(text):
                self.system.append(located)
        else:
            self.messages.append(Message(role=role, content=located))

    def _list(self, node: Node, default: Role, depth: int) -> None:
        items = list(node.items())
        if any(isinstance(i.value, int | float) for i in items):  # a vector, not a conversation
            self.add(default, node)
            return
        for item in items:
            opened = item.opened()
            if isinstance(item.value, str) and not shapes.is_message(opened):
                self._text(item, default, depth)
            else:
                self.read_node(opened, default, depth + 1)

    def _envelope(self, node: Node, default: Role, depth: int) -> None:
        """A request or a response around messages; anything else is one text."""
        serialised = node.get("kwargs") if node.has("lc") else None
        if serialised is not None:
            self.read_node(serialised, shapes.class_role(node, default), depth + 1)
            return
        self._finish(node)
        before = (len(self.messages), len(self.calls))
        answered = default in (Role.ASSISTANT, Role.TOOL)
        if not answered:
            self._system(node, depth)
            self._history(node, depth)
        names = shapes.ANSWERED if answered else shapes.ASKED
        inner = next((n for n in names if node.has(n) and not _is_empty(node, n)), None)
        found = node.get(inner) if inner else _only_text(node)
        if found is not None:
            self.read_node(found, default, depth + 1)
        self._calls(node)
        unread = before == (len(self.messages), len(self.calls))
        if unread and not any(n in node.members for n in names):
            self.add(default, node)

    def _system(self, node: Node, depth: int) -> None:
        for name in shapes.SYSTEM_MEMBERS:
            found = node.get(name) or node.at("config", name)
            if found is not None:
                self.read_node(found, Role.SYSTEM, depth + 1)
                return

    def _history(self, node: Node, depth: int) -> None:
        history = node.get(*shapes.HISTORIES)
        if history is not None and history.is_items:
            self.read_node(history, Role.USER, depth + 1)

    def _message(self, node: Node, default: Role, depth: int) -> None:
        role = shapes.role_of(node, default)
        self._finish(node)
        inner = node.get("message", "data")
        if inner is not None and inner.members:
            self.read_node(inner, role, depth + 1)
            return
        if shapes.kind_of(node) in shapes.RESULTS:
            self._part(node, role, depth)
            return
        names = [n for n in shapes.CONTENTS if node.has(n)]
        filled = [n for n in names if not _is_empty(node, n)]
        content = node.get(*filled, *names)
        if content is not None:
            self._content(content, role, depth)
        self._calls(node)
        refusal = node.get("refusal") or node.at("additional_kwargs", "refusal")
        if refusal is not None and isinstance(refusal.value, str):
            self.add(role, refusal)

    def _content(self, node: Node, role: Role, depth: int) -> None:
        if node.is_items:
            for item in node.items():
                self._part(item, role, depth + 1)
        elif node.members and shapes.is_part(node):
            self._part(node, role, depth + 1)
        elif node.members and node.has("parts", "content") and depth < _MAX_DEPTH:
            self._message(node, role, depth + 1)
        else:
            self._text(node, role, depth)

    def _text(self, node: Node, role: Role, depth: int) -> None:
        """A text; some write the list of parts into it as JSON."""
        listed = isinstance(node.value, str) and node.value.lstrip()[:1] == "["
        opened = node.opened() if listed and depth < _MAX_DEPTH else node
        if opened is not node and shapes.are_parts(opened):
            self._content(opened, role, depth + 1)
        else:
            self.add(role, node)

    def _part(self, node: Node, role: Role, depth: int) -> None:
        wrapped = node.get("message_content")
        if wrapped is not None and wrapped.members:
            node = wrapped
        if not node.members:
            self.add(role, node)
            return
        kind = shapes.kind_of(node)
        if kind in shapes.REASONING or node.members.get("thought") is True:
            return
        if shapes.is_call(node):
            self._call(node)
            return
        result = result_of(node)
        if result is not None:
            self._result(result, depth)
            return
        text = node.get("content", "text", "refusal", "value")
        if text is not None and depth < _MAX_DEPTH:
            self._content(text, ROLE_OF_PART.get(kind, role), depth + 1)

    def _result(self, node: Node, depth: int) -> None:
        """A tool's result: its texts where it is a list of parts, else as it stands."""
        if depth < _MAX_DEPTH and shapes.are_parts(node):
            self._content(node, Role.TOOL, depth + 1)
        else:
            self.add(Role.TOOL, node)

    def _calls(self, node: Node) -> None:
        more = node.get("additional_kwargs")
        for holder in (node, more):
            for name in shapes.CALL_LISTS:
                calls = holder.get(name) if holder is not None else None
                if calls is not None and any(True for _ in calls.opened().items()):
                    for call in calls.opened().items():
                        self._call(call)
                    return
        for name in ("function_call", "functionCall"):
            call = node.get(name)
            if call is not None and call.members:
                self._call(call)

    def _call(self, node: Node) -> None:
        call = call_of(node, self.span_id, self.prefix)
        if call is not None and (not call.call_id or self._is_new(call.call_id, call.name)):
            self._check()
            self.calls.append(call)

    def _check(self) -> None:
        """There is room for one more."""
        check_messages(len(self.messages) + len(self.system) + len(self.calls) + 1, MAX_OF_ONE)

    def _is_new(self, *said: str) -> bool:
        n_known = len(self._known)
        self._known.add(said)
        return len(self._known) > n_known

    def _finish(self, node: Node) -> None:
        reason = node.word(*shapes.FINISHES)
        if reason:
            self.finish_reasons.append(reason)


ROLE_OF_PART = {"user-prompt": Role.USER, "system-prompt": Role.SYSTEM, "tool-return": Role.TOOL}


def _is_empty(node: Node, name: str) -> bool:
    value = node.members[name]
    return value == "" or (hasattr(value, "__len__") and len(value) == 0)


def _only_text(node: Node) -> Node | None:
    """The one string of an object that has no other."""
    names = [n for n, value in node.members.items() if isinstance(value, str) and value]
    return node.get(names[0]) if len(names) == 1 == len(node.members) else None
