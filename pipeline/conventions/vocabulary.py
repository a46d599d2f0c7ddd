"""A vocabulary: the attribute names of one convention, and the one reader for all of them.

In: a span and a vocabulary. Out: its draft, or None when the span says nothing in these words. Next:
each convention is one vocabulary in one file, with what is special about it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from pipeline.conventions.draft import Claim, Convention, Draft, as_count, as_model, text_of
from pipeline.conventions.messages import Conversation
from pipeline.conventions.parts import payload
from pipeline.conventions.places import Node, family
from pipeline.model.evidence import Located
from pipeline.model.span import Attributes, Span
from pipeline.model.step import Message, Role, StepKind

KINDS: Mapping[str, StepKind] = {
    "llm": StepKind.LLM, "generation": StepKind.LLM, "chat_model": StepKind.LLM,
    "chat": StepKind.LLM, "completion": StepKind.LLM, "model": StepKind.LLM,
    "model_generation": StepKind.LLM, "llm_call": StepKind.LLM, "llm_request": StepKind.LLM,
    "tool": StepKind.TOOL, "function": StepKind.TOOL, "tool_call": StepKind.TOOL,
    "agent": StepKind.AGENT, "agent_run": StepKind.AGENT, "interaction": StepKind.AGENT,
    "retriever": StepKind.RETRIEVAL, "retrieval": StepKind.RETRIEVAL,
    "embedding": StepKind.RETRIEVAL, "embeddings": StepKind.RETRIEVAL,
    "embedder": StepKind.RETRIEVAL, "reranker": StepKind.RETRIEVAL,
    "chain": StepKind.WORKFLOW, "workflow": StepKind.WORKFLOW, "task": StepKind.WORKFLOW,
    "parser": StepKind.WORKFLOW, "flow": StepKind.WORKFLOW,
    "guardrail": StepKind.WORKFLOW, "evaluator": StepKind.WORKFLOW,
}  # fmt: skip
"""The words by which conventions say what a span is, in lower case."""


_ASKED = ("usage/input_tokens", "usage/prompt_tokens", "usage/inputTokens",
          "usageMetadata/promptTokenCount", "usage_metadata/prompt_token_count",
          "usage_metadata/input_tokens", "llm_output/token_usage/prompt_tokens")  # fmt: skip
_ANSWERED = ("usage/output_tokens", "usage/completion_tokens", "usage/outputTokens",
             "usageMetadata/candidatesTokenCount", "usage_metadata/candidates_token_count",
             "usage_metadata/output_tokens", "llm_output/token_usage/completion_tokens")  # fmt: skip


@dataclass(frozen=True)
class Vocabulary:
    """Attribute names, each list in the order in which they are tried.

    `input_families` are prefixes of dotted attributes (`llm.input_messages.0...`). Kinds and token
    counts may be members of a JSON attribute, `key#member/member`.
    """

    kinds: Sequence[str] = ()
    names: Sequence[str] = ()
    agents: Sequence[str] = ()
    inputs: Sequence[str] = ()
    outputs: Sequence[str] = ()
    input_families: Sequence[str] = ()
    output_families: Sequence[str] = ()
    system: Sequence[str] = ()
    models: Sequence[str] = ()
    finishes: Sequence[str] = ()
    input_tokens: Sequence[str] = ()
    output_tokens: Sequence[str] = ()
    tool_names: Sequence[str] = ()
    arguments: Sequence[str] = ()
    results: Sequence[str] = ()
    errors: Sequence[str] = ()
    words: Mapping[str, StepKind] = field(default_factory=lambda: KINDS)

    def speaks(self, attributes: Attributes) -> bool:
        """True when a span uses any of these words; most use none."""
        if not self._keys.isdisjoint(attributes):
            return True
        prefixes = self._prefixes
        return bool(prefixes) and any(key.startswith(prefixes) for key in attributes)

    @cached_property
    def _keys(self) -> frozenset[str]:
        lists = (
            self.names, self.agents, self.inputs, self.outputs, self.system, self.models,
            self.finishes, self.input_tokens, self.output_tokens, self.tool_names,
            self.arguments, self.results, self.errors,
        )  # fmt: skip
        return frozenset(key.partition("#")[0] for keys in lists for key in keys)

    @cached_property
    def _prefixes(self) -> tuple[str, ...]:
        return tuple(f"{p}." for p in (*self.input_families, *self.output_families))


def convention(name: str, words: Vocabulary) -> Convention:
    """A convention that is its vocabulary and nothing else."""
    return Convention(name, lambda span: claim(span, words), lambda s, k: read(s, words, k))


def claim(span: Span, words: Vocabulary) -> Claim | None:
    """What the span is in these words."""
    for key in words.kinds:
        said = _at(span, key)
        if isinstance(said, str):
            kind = words.words.get(said.strip().lower().replace("-", "_"))
            if kind is StepKind.WORKFLOW and _agent(span, words) == span.name:
                return Claim(StepKind.AGENT)  # LangChain's graph of an agent is a chain of its name
            if kind is not None:
                return Claim(kind)
    return None


def read(span: Span, words: Vocabulary, kind: StepKind) -> Draft | None:
    """What a span of this kind says in these words, None when that is nothing."""
    if not words.speaks(span.attributes):
        return None
    draft = _tool(span, words) if kind is StepKind.TOOL else _conversation(span, words, kind)
    named = kind is StepKind.TOOL and text_of(span, *words.tool_names) is not None
    return draft if named or _says(draft) else None


def located(span: Span, node: Node, role: Role) -> tuple[Message, ...]:
    """The text of a node as one message, nothing where it has none."""
    if node.value is None or (text := node.text) is None:
        return ()
    return (Message(role=role, content=Located(text=text, span_id=span.span_id, field=node.place)),)


def count_at(span: Span, keys: Sequence[str]) -> int | None:
    """The first count among these attributes and members of attributes."""
    for key in keys:
        count = as_count(_at(span, key))
        if count is not None:
            return count
    return None


def _at(span: Span, key: str) -> object:
    """An attribute, or by `key#member` a member of an attribute."""
    name, _, member = key.partition("#")
    if name not in span.attributes:
        return None
    node = Node(span.attributes.get(name), name)
    found = node.at(*member.split("/")) if member else node
    return found.value if found is not None else None


def _conversation(span: Span, words: Vocabulary, kind: StepKind) -> Draft:
    before, after = Conversation(span.span_id), Conversation(span.span_id)
    attributes = span.attributes
    _read_first(before, attributes, words.input_families, words.inputs, Role.USER)
    default = Role.TOOL if kind is StepKind.RETRIEVAL else Role.ASSISTANT
    recorded = _read_first(after, attributes, words.output_families, words.outputs, default)
    if not before.system:
        _read_first(before, attributes, (), words.system, Role.SYSTEM)
    return Draft(
        kind=kind,
        name=text_of(span, *words.names) or _default_name(span, kind),
        agent=_agent(span, words),
        inputs=tuple(before.messages),
        outputs=tuple(after.messages),
        system=tuple(before.system),
        tool_calls=tuple(after.calls),
        model=_model(span, words) or _told_model(span, words, kind),
        finish_reasons=_finish_reasons(span, words) or tuple(after.finish_reasons),
        input_tokens=count_at(span, (*words.input_tokens, *_usages(words, _ASKED))),
        output_tokens=count_at(span, (*words.output_tokens, *_usages(words, _ANSWERED))),
        outputs_recorded=recorded,
        error=_error(span, words),
    )


def _model(span: Span, words: Vocabulary) -> str | None:
    named = (as_model(_at(span, key)) for key in words.models)
    return next((m for m in named if m), None)


def _told_model(span: Span, words: Vocabulary, kind: StepKind) -> str | None:
    """The model that a request or a response names."""
    if kind is not StepKind.LLM:
        return None
    told = (_at(span, f"{key}#model") for key in (*words.outputs, *words.inputs))
    return next((m for m in map(as_model, told) if m), None)


def _usages(words: Vocabulary, names: Sequence[str]) -> list[str]:
    """Where a response counts its tokens."""
    return [f"{key}#{name}" for key in words.outputs for name in names]


def _read_first(
    into: Conversation,
    attributes: Attributes,
    families: Sequence[str],
    keys: Sequence[str],
    role: Role,
) -> bool:
    """Read the first source that says something; True when a source was there at all."""
    there = False
    sources: list[Callable[[], Node | None]] = [lambda p=p: family(attributes, p) for p in families]
    sources += [lambda k=k: _present(attributes, k) for k in keys]
    for source in sources:
        node = source()
        if node is None:
            continue
        there = True
        into.read_node(node, role)
        if into.messages or into.calls or (into.system and role is Role.SYSTEM):
            break
    return there


def _present(attributes: Attributes, key: str) -> Node | None:
    value = attributes.get(key)
    return Node(value, key).unquoted() if value is not None else None


def _agent(span: Span, words: Vocabulary) -> str | None:
    said = (Node(_at(span, key), key).unquoted().value for key in words.agents)
    return next((s.strip() for s in said if isinstance(s, str) and s.strip()), None)


def _tool(span: Span, words: Vocabulary) -> Draft:
    given = _payload(span, (*words.arguments, *words.inputs), "inputs", "input_str")
    answered = _payload(span, (*words.results, *words.outputs), "output", "content")
    outputs: tuple[Message, ...] = ()
    if answered is not None:
        outputs = tool_outputs(span, answered)
    return Draft(
        kind=StepKind.TOOL,
        name=text_of(span, *words.tool_names, *words.names) or span.name,
        agent=_agent(span, words),
        inputs=located(span, given, Role.ASSISTANT) if given is not None else (),
        outputs=outputs,
        outputs_recorded=bool(outputs),
        error=_error(span, words),
    )


def tool_outputs(span: Span, node: Node) -> tuple[Message, ...]:
    """A tool's result: its texts where it is a list of parts, else as it stands."""
    opened = node.opened()
    parts = opened.get("content") if opened.has("content") and not _fails(opened) else opened
    conversation = Conversation(span.span_id)
    if parts is not None and parts.is_items and conversation.read_parts(parts, Role.TOOL):
        return tuple(conversation.messages)
    return located(span, node, Role.TOOL)


def _fails(node: Node) -> bool:
    return bool(node.members.get("isError") or node.members.get("is_error"))


def _payload(span: Span, keys: Sequence[str], *names: str) -> Node | None:
    """A filled attribute before an empty one."""
    there = [n for k in keys if (n := _present(span.attributes, k)) is not None]
    filled = [n for n in there if n.value not in ("", "null", "{}")]
    return payload((filled or there)[0], *names) if there else None


def _default_name(span: Span, kind: StepKind) -> str:
    return "chat" if kind is StepKind.LLM else span.name


def _finish_reasons(span: Span, words: Vocabulary) -> tuple[str, ...]:
    for key in words.finishes:
        node = Node(span.attributes.get(key), key).opened()
        if node.is_items:
            return tuple(str(i.value) for i in node.items())
        if isinstance(node.value, str) and node.value:
            return (node.value,)
    return ()


def _error(span: Span, words: Vocabulary) -> Located | None:
    for key in words.errors:
        node = _present(span.attributes, key)
        if node is not None and isinstance(node.value, str) and node.value.strip():
            return Located(text=node.value, span_id=span.span_id, field=key)
    return None


def _says(draft: Draft) -> bool:
    return bool(
        draft.inputs or draft.outputs or draft.system or draft.tool_calls or draft.model
        or draft.agent or draft.outputs_recorded or draft.error or draft.finish_reasons
        or draft.input_tokens is not None or draft.output_tokens is not None
    )  # fmt: skip
