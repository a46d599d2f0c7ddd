"""Pure: what a request costs, before it is sent and after its answer came.

In: a provider's and a model's name, numbers of tokens. Out: `Price` in millionths of a US dollar.
Next: `metered` holds it against the budget.

Published prices are those of the `genai-prices` package; a model that it does not know (one's own
server) costs no money, and its tokens count all the same.
"""

import math
from decimal import Decimal

from genai_prices import Usage, calc_price
from pydantic_ai.usage import RequestUsage

from pipeline.model.frozen import Frozen

MICROS = 1_000_000
CHARACTERS_A_TOKEN = 2.5
"""Fewer than texts have in any common tokenizer, so that an estimate is rather too high."""


class Price(Frozen):
    """What one request costs."""

    micros: int
    """Millionths of a US dollar, rounded up."""
    tokens: int


def estimate(provider: str, model: str, n_characters: int, max_output_tokens: int) -> Price:
    """The most that a request of so many characters can cost."""
    n_input = math.ceil(n_characters / CHARACTERS_A_TOKEN)
    return price(provider, model, n_input, max_output_tokens)


def price(provider: str, model: str, n_input: int, n_output: int) -> Price:
    """What so many tokens cost by the published list."""
    usage = Usage(input_tokens=n_input, output_tokens=n_output)
    return Price(micros=_micros(usage, provider, model), tokens=n_input + n_output)


def price_of(provider: str, model: str, usage: RequestUsage) -> Price:
    """What an answer cost, with what the provider says was read from its cache."""
    counted = Usage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cache_read_tokens or None,
        cache_write_tokens=usage.cache_write_tokens or None,
    )
    tokens = usage.input_tokens + usage.output_tokens
    return Price(micros=_micros(counted, provider, model), tokens=tokens)


def _micros(usage: Usage, provider: str, model: str) -> int:
    try:
        total = calc_price(usage, model_ref=model, provider_id=provider).total_price
    except LookupError:
        return 0
    return math.ceil(total * Decimal(MICROS))
