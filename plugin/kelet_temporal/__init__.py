"""One session across a Temporal application.

    import kelet_temporal as kelet

    kelet.configure(api_key="...", project="my-agent")
    client = await Client.connect("localhost:7233", plugins=[kelet.KeletPlugin()])

`names` and `session` hold the words; `headers` and `stamper` write them on the wire and on spans;
`client_side`, `workflow_side` and `activity_side` carry them through Temporal; `plugin` wires all.
"""

from kelet_temporal.configuration import configure, create_kelet_processor, flush, shutdown
from kelet_temporal.plugin import KeletInterceptor, KeletPlugin
from kelet_temporal.scopes import agent, agentic_session
from kelet_temporal.session import (
    Session,
    get_agent_name,
    get_metadata_kwargs,
    get_session_id,
    get_trace_id,
    get_user_id,
)
from kelet_temporal.signals import SignalKind, SignalNotSent, SignalSource, signal, signal_sync
from kelet_temporal.stamper import SessionStamper

__all__ = [
    "KeletInterceptor",
    "KeletPlugin",
    "Session",
    "SessionStamper",
    "SignalKind",
    "SignalNotSent",
    "SignalSource",
    "agent",
    "agentic_session",
    "configure",
    "create_kelet_processor",
    "flush",
    "get_agent_name",
    "get_metadata_kwargs",
    "get_session_id",
    "get_trace_id",
    "get_user_id",
    "shutdown",
    "signal",
    "signal_sync",
]
