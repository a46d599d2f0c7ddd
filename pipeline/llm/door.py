"""The worker's one way to a model. Agents are module constants, what they ask is decided here.

In: `ModelSettings` and a ledger, once, when a worker is put together. Out: the metered model of an
account. Next: `resolver` hands it to pydantic-ai inside the activity of a request.
"""

from inspect import isawaitable
from typing import Protocol

from pydantic_ai.capabilities import ResolveModelId
from pydantic_ai.models import Model, ModelResolutionContext

from pipeline.errors import NotFound
from pipeline.llm.account import Account
from pipeline.llm.metered import Asking, Ledger, MeteredModel
from pipeline.llm.providers import build_model
from pipeline.llm.settings import ModelSettings


class Payer(Protocol):
    """Dependencies of an agent's run that say who pays."""

    @property
    def account(self) -> Account:
        """Who pays."""
        ...


class Door:
    """A model and the ledger that its use is booked in."""

    def __init__(self, settings: ModelSettings, ledger: Ledger, model: Model | None = None) -> None:
        self.settings = settings
        self._ledger = ledger
        self._model = model or build_model(settings)
        self._asking = Asking()

    def model(self, account: Account) -> Model:
        """The model on this account."""
        return MeteredModel(self._model, account, self._ledger, self.settings, self._asking)

    async def close(self) -> None:
        """Let go of the provider's connections."""
        close = getattr(getattr(self._model, "client", None), "close", None)
        if callable(close) and isawaitable(closing := close()):
            await closing


_open: list[Door] = []


async def close_door() -> None:
    """Close the door of this process, if one is open."""
    while _open:
        await _open.pop().close()


def open_door(door: Door | None) -> None:
    """Set the door of this process, or close it."""
    _open[:] = [] if door is None else [door]


def the_door() -> Door:
    """The door of this process; `NotFound` where the worker has no model."""
    if not _open:
        raise NotFound("no model is configured here: set KELET_MODEL on every worker")
    return _open[0]


def _resolve(context: ModelResolutionContext[Payer], _model_id: str) -> Model:
    return the_door().model(context.deps.account)


def resolver() -> ResolveModelId[Payer]:
    """Capability that gives an agent the process's model on the account of its run."""
    return ResolveModelId(_resolve)
