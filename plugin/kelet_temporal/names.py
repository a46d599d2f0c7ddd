"""The words on the wire: header, attribute and baggage names. `docs/wire-contract.md` states them.

Imports nothing; every other module takes its names from here.
"""

SESSION_HEADER = "x-kelet-session-id"
USER_HEADER = "x-kelet-user-id"
METADATA_HEADER = "x-kelet-metadata"
PROJECT_HEADER = "x-kelet-project"
AGENT_HEADER = "x-kelet-agent-name"
DEPTH_HEADER = "x-kelet-depth"

SESSION_ATTRIBUTE = "gen_ai.conversation.id"
USER_ATTRIBUTE = "user.id"
AGENT_ATTRIBUTE = "gen_ai.agent.name"
PROJECT_ATTRIBUTE = "kelet.project"
METADATA_ATTRIBUTE = "metadata."
DEPTH_ATTRIBUTE = "kelet.depth"

WORKFLOW_ID_ATTRIBUTE = "temporalWorkflowID"
RUN_ID_ATTRIBUTE = "temporalRunID"
ACTIVITY_ID_ATTRIBUTE = "temporalActivityID"
WORKFLOW_TYPE_ATTRIBUTE = "temporal.workflow_type"
ACTIVITY_TYPE_ATTRIBUTE = "temporal.activity_type"
ATTEMPT_ATTRIBUTE = "temporal.attempt"

SESSION_BAGGAGE = "kelet.session_id"
USER_BAGGAGE = "kelet.user_id"
PROJECT_BAGGAGE = "kelet.project"
METADATA_BAGGAGE = "kelet.metadata."

SIGNAL_ACTIVITY = "kelet_signal"
