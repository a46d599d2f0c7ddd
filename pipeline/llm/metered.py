"""A model that pays before it asks and keeps what it is told.

In: a request and its `Account`. Out: the answer, from the store where it has been paid for already.
Next: pydantic-ai hands it to the agent; in a workflow all of this runs within one activity.

The order makes a kill cheap: look up, reserve, ask, store answer and price in one transaction,
return. Killed before the store, only the request in flight is repeated; its reservation has the same
key and is not made twice. Killed after it, the answer is found.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Protocol

from pydantic import TypeAdapter
from pydantic_ai.messages import ModelMessage, ModelResponse
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.models.wrapper import WrapperModel
from pydantic_ai.settings import ModelSettings as RequestSettings

from pipeline.llm.account import Account
from pipeline.llm.content import content_key, n_characters
from pipeline.llm.prices import Price, estimate, price_of
from pipeline.llm.settings import ModelSettings

_RESPONSE: TypeAdapter[ModelResponse] = TypeAdapter(ModelResponse)


class Ledger(Protocol):
    """Where answers and spending are kept; blocking calls."""

    def model_answer(self, project: str, key: str) -> bytes | None:
        """A stored answer."""
        ...

    def reserve_model(
        self, account: tuple[str, str], key: str, price: tuple[int, int], limits: tuple[int, int]
    ) -> None:
        """Put (micros, tokens) aside for `key`, once; raises `BudgetExhausted` beyond the limits."""
        ...

    def settle_model(
        self, account: tuple[str, str], key: str, price: tuple[int, int], answer: bytes
    ) -> None:
        """Replace what was put aside by what it cost, and keep the answer."""
        ...


class Asking:
    """Who asks what at this moment: two issues of a project may put the same question at once."""

    def __init__(self) -> None:
        self._locks: dict[str, tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def alone(self, key: str) -> AsyncGenerator[None]:
        """One at a time a key; whoever waited finds the answer of the first."""
        lock, n_waiting = self._locks.get(key, (asyncio.Lock(), 0))
        self._locks[key] = (lock, n_waiting + 1)
        try:
            async with lock:
                yield
        finally:
            lock, n_waiting = self._locks.pop(key)
            if n_waiting > 1:
                self._locks[key] = (lock, n_waiting - 1)


class MeteredModel(WrapperModel):
    """`wrapped` on somebody's account."""

    def __init__(
        self,
        wrapped: Model,
        account: Account,
        ledger: Ledger,
        settings: ModelSettings,
        asking: "Asking",
    ) -> None:
        super().__init__(wrapped)
        self._account = account
        self._ledger = ledger
        self._bounds = settings
        self._asking = asking

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: RequestSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        """The stored answer, or a new one that is stored before it is returned."""
        merged = self._bounded(model_settings)
        key = content_key(self._bounds.model, messages, merged, model_request_parameters)
        project = self._account.project
        async with self._asking.alone(f"{project}/{key}"):
            known = await asyncio.to_thread(self._ledger.model_answer, project, key)
            if known is not None:
                return _RESPONSE.validate_json(known)
            return await self._pay(key, messages, merged, model_request_parameters)

    async def _pay(
        self,
        key: str,
        messages: list[ModelMessage],
        merged: RequestSettings,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        """Reserve, ask, store."""
        n_text = n_characters(messages, model_request_parameters)
        most = estimate(self.system, self.model_name, n_text, self._bounds.max_output_tokens)
        await asyncio.to_thread(
            self._ledger.reserve_model, self._payer, key, _pair(most), self._daily
        )
        answer = await super().request(messages, merged, model_request_parameters)
        paid = price_of(self.system, answer.model_name or self.model_name, answer.usage)
        body = _RESPONSE.dump_json(answer)
        await asyncio.to_thread(self._ledger.settle_model, self._payer, key, _pair(paid), body)
        return answer

    @property
    def _payer(self) -> tuple[str, str]:
        return self._account.project, self._account.purpose

    @property
    def _daily(self) -> tuple[int, int]:
        share = self._account.share
        micros, tokens = float(self._bounds.daily_usd) * 1_000_000, self._bounds.daily_tokens
        return int(micros * share), int(tokens * share)

    def _bounded(self, given: RequestSettings | None) -> RequestSettings:
        """Every request states how much may be answered and how long it may take."""
        bounds: RequestSettings = {
            "max_tokens": self._bounds.max_output_tokens,
            "timeout": self._bounds.timeout_seconds,
            "temperature": 0.0,
        }
        return {**bounds, **(given or {})}


def _pair(price: Price) -> tuple[int, int]:
    return price.micros, price.tokens
