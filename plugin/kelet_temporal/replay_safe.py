"""Whether spans may be drawn in workflow code: only by a provider that knows of replay.

In: a tracer provider. Out: `is_replay_safe`.
"""

import inspect

from opentelemetry.trace import TracerProvider
from temporalio.contrib.opentelemetry import create_tracer_provider

# Older releases do not export the class, but the function that makes one names it.
_REPLAY_SAFE: type = inspect.signature(create_tracer_provider, eval_str=True).return_annotation


def is_replay_safe(provider: TracerProvider) -> bool:
    """True for what Temporal's `create_tracer_provider` returns."""
    return isinstance(provider, _REPLAY_SAFE)
