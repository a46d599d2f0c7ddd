"""The ids of workflow executions: readable, unambiguous, bounded, free of trace text.

In: project, session digest, agent, cluster. Out: workflow ids. Next: `nudges` and the workflows.
"""

import hashlib

from pipeline.model.session import SessionKey

MAX_PART_BYTES = 100
ENRICH = "enrich"
MERGE = "merge"
INTERROGATE = "interrogate"
ASK = "ask"
ISSUE_ROOMS = {"ExplainIssueWorkflow": "explain", "TryPatchWorkflow": "try"}
MODEL_ROOMS = {**ISSUE_ROOMS, "InterrogateWithModelWorkflow": ASK}
"""First part of the ids of workflows whose payloads the store claims, by workflow type."""
SELF_PROJECT = "kelet-sidecar"
"""The project to which the worker reports its own workflows, where that is switched on."""


ROOMS = ("session", "agent", "issue", *MODEL_ROOMS.values())


def encode_part(text: str) -> str:
    """One part of an id: `/`, `%`, `#` and control characters percent-encoded, long ones hashed.

    A hashed part starts with `%sha256-`, which no encoded part can (`%` is followed by hex digits).
    """
    encoded = "".join(_encode_character(c) for c in text)
    if len(encoded.encode()) <= MAX_PART_BYTES:
        return encoded
    return "%sha256-" + hashlib.sha256(text.encode()).hexdigest()[:32]


def _encode_character(character: str) -> str:
    if character in "/%#" or not character.isprintable():
        return "".join(f"%{byte:02X}" for byte in character.encode())
    return character


def analysed_project(workflow_id: str) -> str | None:
    """The project, encoded, that one of our workflows looks at; None for an id that is not ours."""
    parts = workflow_id.split("/", 2)
    return parts[1] if len(parts) == 3 and parts[0] in ROOMS else None


def session_workflow_id(key: SessionKey) -> str:
    """Id of the SessionWorkflow of a session."""
    return f"session/{encode_part(key.project)}/{key.digest}"


def stage_workflow_id(parent: str, stage: str) -> str:
    """Id of one of the three children of a SessionWorkflow."""
    return f"{parent}#{stage}"


def agent_workflow_id(project: str, agent: str) -> str:
    """Id of the AgentAggregationWorkflow of an agent."""
    return f"agent/{encode_part(project)}/{encode_part(agent)}"


def issue_workflow_id(project: str, cluster_id: str, revision: int) -> str:
    """Id of the InvestigateIssueWorkflow of one revision of a cluster."""
    return f"issue/{encode_part(project)}/{encode_part(cluster_id)}/{revision}"


def model_workflow_id(kind: str, project: str, cluster_id: str, revision: int) -> str:
    """Id of a workflow that speaks to a model about one revision of a cluster."""
    room = ISSUE_ROOMS[kind]
    return f"{room}/{encode_part(project)}/{encode_part(cluster_id)}/{revision}"


def interrogation_workflow_id(key: SessionKey, version: int, agent: str) -> str:
    """Id of the InterrogateWithModelWorkflow of one agent of a session at one version."""
    return f"{ASK}/{encode_part(key.project)}/{key.digest}.{version}/{encode_part(agent)}"
