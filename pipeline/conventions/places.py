"""Places: a value within an attribute, and the field under which it can be read back.

In: an attribute's value, or a family of dotted attributes (`llm.input_messages.0.message.role`).
Out: `Node`s, each with its value and its field. Next: `messages` and `parts` walk them.
"""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from pipeline.conventions.quotes import as_text, is_list, parse_json
from pipeline.model.span import Attributes

_NOTHING: Mapping[str, Any] = {}
_OPENERS = ("{", "[")


class Branch(dict[str, Any]):
    """A family of dotted attributes: its members are attributes, not parts of one value."""


class Node:
    """A value and its field. `raw` is the string that the value was parsed from; `members` are the
    named members of an object, empty for anything else."""

    __slots__ = ("members", "place", "raw", "value")

    def __init__(self, value: Any, place: str, raw: str | None = None) -> None:
        self.value = value
        self.place = place
        self.raw = raw
        self.members = _members(value)

    def opened(self) -> "Node":
        """The structure that a JSON string holds; the node itself where it holds none."""
        if isinstance(self.value, str) and self.value.lstrip()[:1] in _OPENERS:
            parsed = parse_json(self.value)
            if isinstance(parsed, Mapping) or is_list(parsed):
                return Node(parsed, self.place, self.value)
        return self

    def unquoted(self) -> "Node":
        """The string that a JSON string in quotes holds.

        What needs no decoding is a part of the attribute as it stands; else `<key>/` is its field.
        """
        value = self.value
        if isinstance(value, str) and len(value) > 1 and value[0] == value[-1] == '"':
            said = parse_json(value)
            if isinstance(said, str):
                return Node(said, self.place if said in value else f"{self.place}/")
        return self

    @property
    def text(self) -> str | None:
        """What stands here as text, None where a family of attributes has no text of its own."""
        if self.raw is not None:
            return self.raw
        return None if isinstance(self.value, Branch) else as_text(self.value)

    def has(self, *names: str) -> bool:
        """True when one of these members is there and not null."""
        members = self.members
        return any(members.get(name) is not None for name in names)

    def get(self, *names: str) -> "Node | None":
        """The first of these members that is there and not null."""
        members = self.members
        for name in names:
            if members.get(name) is not None:
                return self._child(name, members[name])
        return None

    def at(self, *path: str) -> "Node | None":
        """The member at the end of a path; strings on the way are opened."""
        node: Node | None = self
        for name in path:
            node = node.opened().get(name) if node is not None else None
        return node

    def word(self, *names: str) -> str:
        """The first of these members that is a non-empty string, else nothing."""
        members = self.members
        for name in names:
            value = members.get(name)
            if isinstance(value, str) and value:
                return value
        return ""

    @property
    def is_items(self) -> bool:
        """True for an array, or a family of numbered attributes."""
        if isinstance(self.value, Branch):
            return bool(self.value) and all(k.isdecimal() for k in self.members)
        return is_list(self.value)

    def items(self) -> "Iterator[Node]":
        """The items of an array or of a family of numbered attributes, in order."""
        if isinstance(self.value, Branch):
            for name in sorted((k for k in self.value if k.isdecimal()), key=int):
                yield self._child(name, self.value[name])
        elif is_list(self.value):
            for index, item in enumerate(self.value):
                yield self._child(str(index), item)

    def _child(self, name: str, value: object) -> "Node":
        if isinstance(self.value, Branch):
            return Node(value, f"{self.place}.{name}")
        return Node(value, f"{self.place}/{name.replace('~', '~0').replace('/', '~1')}")


def _members(value: object) -> Mapping[str, Any]:
    if type(value) is dict or type(value) is Branch:
        return cast(dict[str, Any], value)
    if isinstance(value, str) or not isinstance(value, Mapping):
        return _NOTHING
    return cast(Mapping[str, Any], value)


def family(attributes: Attributes, prefix: str) -> Node | None:
    """The attributes `<prefix>.<a>.<b>...` as one tree, None where there are none."""
    start, tree = f"{prefix}.", Branch()
    for key in attributes:
        if key.startswith(start):
            _put(tree, key[len(start) :].split("."), attributes[key])
    return Node(tree, prefix) if tree else None


def _put(tree: Branch, path: list[str], value: object) -> None:
    for name in path[:-1]:
        below = tree.get(name)
        if not isinstance(below, Branch):
            below = tree[name] = Branch()
        tree = below
    if not isinstance(tree.get(path[-1]), Branch):
        tree[path[-1]] = value
