"""What is recorded: which application, in which environment, with what traced.

In: nothing. Out: `RECORDINGS` by name. Next: `record` runs them, the tests read their fixtures.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Recording:
    """One fixture. `variant` is the app's argument; `agents` and `tools` say whether the app tells
    its library who acts and which tools run (some libraries know neither)."""

    name: str
    app: str
    environment: str
    variant: str = ""
    agents: bool = True
    tools: bool = True
    variables: Mapping[str, str] = field(default_factory=dict[str, str])


_ALL = (
    Recording("openinference_openai", "openinference_openai.py", "openinference_openai"),
    Recording(
        "openinference_openai_responses",
        "openinference_openai.py",
        "openinference_openai",
        variant="responses",
    ),
    Recording("openinference_anthropic", "openinference_anthropic.py", "openinference_anthropic"),
)

RECORDINGS: Mapping[str, Recording] = {recording.name: recording for recording in _ALL}
