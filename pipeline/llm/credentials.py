"""Whether a provider's key is there, before anything is started or asked.

In: `ModelSettings` and the environment. Out: nothing, or `BadRequest` that says what to set. Next:
`providers` builds the client; `kelet-sidecar dev` asks before it starts its children.

Some clients notice a missing key only with the first request, which would be in an activity.
"""

import os
from collections.abc import Mapping

from pipeline.errors import BadRequest
from pipeline.llm.settings import ModelSettings

KEYS: Mapping[str, tuple[str, ...]] = {
    "anthropic": ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"),
    "openai": ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY"),
    "google": ("GOOGLE_API_KEY", "GEMINI_API_KEY"),
}
"""Variables of which a provider's client takes the first that is set."""
ALONE = "without KELET_MODEL the statistical engine works alone"


def require_key(settings: ModelSettings, environ: Mapping[str, str] = os.environ) -> None:
    """Raise unless there is a key; a server of one's own and AWS's many ways need none here."""
    provider = settings.model.partition(":")[0]
    known = KEYS.get(provider, ())
    if settings.url is not None or settings.key is not None or not known:
        return
    if not any(environ.get(name) for name in known):
        raise BadRequest(
            f"KELET_MODEL names {provider}, but there is no key: set KELET_MODEL_KEY or {known[0]}; "
            f"{ALONE}"
        )
