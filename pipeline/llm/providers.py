"""From `provider:name` to a model whose client tries nothing again: Temporal is the only retry loop.

In: `ModelSettings`. Out: a pydantic-ai `Model`. Next: `metered` wraps it.

`anthropic:`, `openai:`, `google:`, `bedrock:`; with a URL, any name goes to that OpenAI-compatible
server. `scripted:<module>:<function>` calls a function of one's own (pydantic-ai's function model).
Keys come from the settings or the provider's usual variable. Errors name the setting, never the key.
"""

import importlib
import os
from collections.abc import Callable
from typing import Any, cast

from pydantic_ai.models import Model
from pydantic_ai.models.function import FunctionModel

from pipeline.errors import BadRequest
from pipeline.llm.credentials import ALONE, require_key
from pipeline.llm.settings import ModelSettings


def build_model(settings: ModelSettings) -> Model:
    """The model of these settings; `BadRequest` says which of them is wrong."""
    provider, colon, name = settings.model.partition(":")
    if settings.url is not None:
        return _openai(name if colon and provider == "openai" else settings.model, settings)
    build = _BUILDERS.get(provider)
    if build is None or not name:
        known = ", ".join(f"{p}:<name>" for p in _BUILDERS)
        raise BadRequest(f"KELET_MODEL is none of {known}; other servers need KELET_MODEL_URL too")
    require_key(settings)
    try:
        return build(name, settings)
    except BadRequest:
        raise
    except Exception as error:
        # The libraries share no base class, and a message of theirs may hold what they were given.
        raise BadRequest(
            f"the {provider} client refuses its settings ({type(error).__name__}): "
            f"set KELET_MODEL_KEY or the provider's own variables; {ALONE}"
        ) from None


def _key(settings: ModelSettings) -> str | None:
    return settings.key.get_secret_value() if settings.key else None


def _openai(name: str, settings: ModelSettings) -> Model:
    from openai import AsyncOpenAI
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    key = _key(settings) or ("none" if settings.url else None)
    client = AsyncOpenAI(api_key=key, base_url=settings.url, max_retries=0)
    return OpenAIChatModel(name, provider=OpenAIProvider(openai_client=client))


def _anthropic(name: str, settings: ModelSettings) -> Model:
    from anthropic import AsyncAnthropic
    from pydantic_ai.models.anthropic import AnthropicModel
    from pydantic_ai.providers.anthropic import AnthropicProvider

    client = AsyncAnthropic(api_key=_key(settings), max_retries=0)
    return AnthropicModel(name, provider=AnthropicProvider(anthropic_client=client))


def _google(name: str, settings: ModelSettings) -> Model:
    from google.genai.types import HttpRetryOptions
    from pydantic_ai.models.google import GoogleModel
    from pydantic_ai.providers.google import GoogleProvider

    once = HttpRetryOptions(attempts=1)
    key = _key(settings)
    provider = (
        GoogleProvider(api_key=key, retry_options=once)
        if key
        else GoogleProvider(retry_options=once)
    )
    return GoogleModel(name, provider=provider)


def _bedrock(name: str, settings: ModelSettings) -> Model:
    import boto3
    from botocore.config import Config as BotoConfig
    from botocore.exceptions import NoRegionError
    from pydantic_ai.models.bedrock import BedrockConverseModel
    from pydantic_ai.providers.bedrock import BedrockProvider

    key = _key(settings)
    if key is not None:
        # The one way in which its client takes a key; other credentials come as AWS's libraries find them.
        os.environ["AWS_BEARER_TOKEN_BEDROCK"] = key
    once = BotoConfig(
        retries={"total_max_attempts": 1, "mode": "standard"},
        read_timeout=settings.timeout_seconds,
    )
    # All of AWS's libraries but this one read AWS_REGION; it has AWS_DEFAULT_REGION and the config file.
    region = os.environ.get("AWS_REGION") or None
    try:
        client = cast(Any, boto3).client("bedrock-runtime", region_name=region, config=once)
    except NoRegionError:
        raise BadRequest(f"KELET_MODEL names bedrock: set AWS_REGION too; {ALONE}") from None
    return BedrockConverseModel(name, provider=BedrockProvider(bedrock_client=client))


def _scripted(name: str, _settings: ModelSettings) -> Model:
    module, _, function = name.partition(":")
    try:
        answer: Any = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError):
        raise BadRequest(f"KELET_MODEL names scripted:{name}, which cannot be imported") from None
    return FunctionModel(answer, model_name=f"scripted:{name}")


_BUILDERS: dict[str, Callable[[str, ModelSettings], Model]] = {
    "anthropic": _anthropic,
    "openai": _openai,
    "google": _google,
    "bedrock": _bedrock,
    "scripted": _scripted,
}
