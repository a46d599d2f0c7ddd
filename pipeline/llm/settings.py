"""Which model, and how much of it.

In: `Config`. Out: `ModelSettings`, None where no model is set. Next: `providers` builds the model.
"""

from decimal import Decimal

from pydantic import SecretStr

from pipeline.config import Config
from pipeline.model.frozen import Frozen

CONFIGURED = "sidecar:configured"
"""Stands in workflow histories instead of a model's name, so that another model replays them."""


class ModelSettings(Frozen):
    """The model of a worker and its limits."""

    model: str
    """`provider:name`, as in `anthropic:claude-sonnet-4-5`; `scripted:<module>:<function>` for tests."""
    url: str | None = None
    """Base URL of an OpenAI-compatible server (vLLM, Ollama, llama.cpp)."""
    key: SecretStr | None = None
    """API key; unset: the provider's usual environment variable."""
    max_output_tokens: int = 4096
    timeout_seconds: float = 120.0
    daily_usd: Decimal = Decimal(5)
    daily_tokens: int = 5_000_000

    @classmethod
    def of(cls, config: Config) -> "ModelSettings | None":
        """What a user set; None without a model."""
        if config.model is None:
            return None
        return cls(
            model=config.model,
            url=config.model_url,
            key=config.model_key,
            max_output_tokens=config.model_max_output_tokens,
            timeout_seconds=config.model_timeout.total_seconds(),
            daily_usd=config.model_daily_usd,
            daily_tokens=config.model_daily_tokens,
        )
