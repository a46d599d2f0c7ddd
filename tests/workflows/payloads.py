"""Payloads of a workflow's history, wherever they stand: its JSON form hides them behind base64.

In: a history. Out: its payloads. Next: tests look for texts in them and at their sizes.
"""

from typing import Any

from temporalio.client import WorkflowHistory


def payloads_of(history: WorkflowHistory) -> list[Any]:
    """All payloads of all events."""
    return [payload for event in history.events for payload in _payloads(event)]


def _payloads(message: Any) -> list[Any]:
    if message.DESCRIPTOR.name == "Payload":
        return [message]
    found: list[Any] = []
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        if field.message_type.GetOptions().map_entry:
            parts = [part for part in value.values() if hasattr(part, "DESCRIPTOR")]
        else:
            parts = value if field.is_repeated else [value]
        found += [payload for part in parts for payload in _payloads(part)]
    return found
