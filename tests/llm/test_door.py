"""The model's door: keys that do not depend on the run, answers kept, budget before the request."""

import asyncio
import os
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    TextPart,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_ai.usage import RequestUsage

from exporter.cli.dev import check_model
from pipeline.config import Config
from pipeline.errors import BadRequest, BudgetExhausted, NotFound
from pipeline.llm.account import Account
from pipeline.llm.content import content_key
from pipeline.llm.credentials import KEYS
from pipeline.llm.door import Door, open_door, the_door
from pipeline.llm.prices import estimate, price
from pipeline.llm.providers import build_model
from pipeline.llm.settings import ModelSettings
from pipeline.store import Store
from pipeline.temporal.failures import to_application_error
from pipeline.worker.run import run_worker
from tests.store.storekit import Clock, new_store

pytestmark = pytest.mark.slow
"""The libraries of the providers take seconds to import; the quick tests stay without them."""

PLAIN = ModelRequestParameters()
AWS = ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE")
ACCOUNT = Account(project="p", purpose="issue/p/c/1")


class Scripted:
    """Counts what it is asked."""

    def __init__(self) -> None:
        self.n_asked = 0

    def __call__(self, _messages: list[ModelMessage], _info: AgentInfo) -> ModelResponse:
        self.n_asked += 1
        usage = RequestUsage(input_tokens=100, output_tokens=20)
        return ModelResponse(parts=[TextPart(f"answer {self.n_asked}")], usage=usage)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[Store]:
    with new_store(tmp_path, clock) as opened:
        yield opened


def settings(**changes: object) -> ModelSettings:
    return ModelSettings.model_validate({"model": "scripted:a:b", **changes})


def door(store: Store, scripted: Scripted, **changes: object) -> Door:
    return Door(settings(**changes), store, FunctionModel(scripted))


def ask(opened: Door, text: str, account: Account = ACCOUNT) -> str:
    messages: list[ModelMessage] = [ModelRequest(parts=[UserPromptPart(text)])]
    answer = asyncio.run(opened.model(account).request(messages, None, PLAIN))
    return str(answer.text)


def test_a_kept_answer_is_never_paid_again(store: Store) -> None:
    scripted = Scripted()
    assert ask(door(store, scripted), "why?") == "answer 1"
    assert ask(door(store, scripted), "why?") == "answer 1"
    assert scripted.n_asked == 1
    assert store.model_cost("p", ACCOUNT.purpose) == (0, 120)


def test_one_project_never_gets_another_ones_answer(store: Store) -> None:
    opened = door(store, Scripted())
    other = Account(project="q", purpose="issue/q/c/1")
    assert ask(opened, "why?") == "answer 1"
    assert ask(opened, "why?", other) == "answer 2"


def test_a_spent_budget_stops_before_the_request_and_ends_with_the_day(
    store: Store, clock: Clock
) -> None:
    scripted = Scripted()
    opened = door(store, scripted, daily_tokens=5_000, max_output_tokens=4_000)
    assert ask(opened, "one") == "answer 1"
    assert store.coverage("p").waiting_for_budget == 0
    tight = door(store, scripted, daily_tokens=4_000, max_output_tokens=4_000)
    with pytest.raises(BudgetExhausted, match="KELET_MODEL_DAILY_TOKENS"):
        ask(tight, "two")
    assert scripted.n_asked == 1
    assert store.coverage("p").waiting_for_budget == 1
    assert ask(opened, "two") == "answer 2"
    assert store.coverage("p").waiting_for_budget == 0
    with pytest.raises(BudgetExhausted) as refused:
        ask(tight, "three")
    retry = to_application_error(refused.value)
    assert not retry.non_retryable
    assert retry.next_retry_delay == timedelta(minutes=10)
    clock.now += timedelta(days=1)
    roomy = door(store, scripted, daily_tokens=4_500, max_output_tokens=4_000)
    assert ask(roomy, "three") == "answer 3"


def test_what_can_wait_leaves_a_share_of_the_day_to_others(store: Store) -> None:
    question = Account(project="p", purpose="ask/p/s.1/a", share=0.5)
    opened = door(store, Scripted(), daily_tokens=5_000, max_output_tokens=4_000)
    with pytest.raises(BudgetExhausted):
        ask(opened, "why?", question)
    assert ask(opened, "why?") == "answer 1"
    roomy = door(store, Scripted(), daily_tokens=10_000, max_output_tokens=4_000)
    assert ask(roomy, "how?", question) == "answer 1"


def test_a_request_killed_in_flight_is_put_aside_once(store: Store) -> None:
    limits = (1_000_000, 1_000)
    for _ in range(3):
        store.reserve_model(("p", "x/1"), "key", (10, 900), limits)
    with pytest.raises(BudgetExhausted):
        store.reserve_model(("p", "x/1"), "other", (10, 900), limits)
    store.settle_model(("p", "x/1"), "key", (10, 50), b"{}")
    store.reserve_model(("p", "x/1"), "other", (10, 900), limits)
    assert store.model_cost("p", "x/1") == (10, 50)


def test_the_cost_of_an_issue_is_that_of_all_its_revisions(store: Store) -> None:
    scripted = Scripted()
    first, second = (Account(project="p", purpose=f"explain/p/c/{n}") for n in (1, 2))
    for account, text in ((first, "why?"), (second, "why?"), (second, "how?")):
        ask(door(store, scripted), text, account)
    ask(door(store, scripted), "who?", Account(project="p", purpose="explain/p/c2/1"))
    assert scripted.n_asked == 3
    assert store.model_cost("p", second.purpose) == (0, 240)


def test_the_key_holds_what_shapes_the_answer_and_nothing_else() -> None:
    def conversation(call_id: str, result: str) -> list[ModelMessage]:
        return [
            ModelRequest(parts=[UserPromptPart("why?")], run_id=call_id),
            ModelResponse(parts=[ToolCallPart("read", {"n": 1}, tool_call_id=call_id)]),
            ModelRequest(parts=[ToolReturnPart("read", result, tool_call_id=call_id)]),
        ]

    def key(model: str, messages: list[ModelMessage]) -> str:
        return content_key(model, messages, {"temperature": 0.0}, PLAIN)

    one = key("m", conversation("x1", "text"))
    assert one == key("m", conversation("y2", "text"))
    assert one != key("m", conversation("x1", "other"))
    assert one != key("n", conversation("x1", "text"))
    assert one != content_key("m", conversation("x1", "text"), {"temperature": 1.0}, PLAIN)


def test_published_prices_and_models_without_one() -> None:
    assert price("openai", "gpt-4o", 1_000_000, 0).micros == 2_500_000
    assert price("openai", "a-model-of-my-own", 1_000, 10) == estimate(
        "openai", "a-model-of-my-own", 2_500, 10
    )
    assert price("openai", "a-model-of-my-own", 1_000, 10).micros == 0


@pytest.mark.parametrize(
    "wrong", ["gpt-4o", "nobody:x", "openai:", "scripted:no.such.module:f", "scripted:json:nothing"]
)
def test_a_wrong_model_says_what_to_set(wrong: str) -> None:
    with pytest.raises(BadRequest, match="KELET_MODEL"):
        build_model(settings(model=wrong))


@pytest.mark.parametrize(
    ("model", "names"),
    [
        ("anthropic:claude-sonnet-4-5", "ANTHROPIC_API_KEY"),
        ("openai:gpt-4o", "OPENAI_API_KEY"),
        ("google:gemini-2.5-flash", "GOOGLE_API_KEY"),
        ("bedrock:anthropic.claude-3-5-sonnet-20240620-v1:0", "AWS_REGION"),
    ],
)
def test_a_missing_key_is_told_by_name_before_anything_is_asked(
    model: str, names: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in (*(v for several in KEYS.values() for v in several), *AWS):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    with pytest.raises(BadRequest, match=f"{names}.*statistical engine works alone"):
        build_model(settings(model=model))
    config = Config.model_validate({"model": model, "temporal_address": "127.0.0.1:1"})
    with pytest.raises(BadRequest, match=names):
        asyncio.run(run_worker(config, asyncio.Event()))
    if model.startswith("bedrock"):
        return
    with pytest.raises(BadRequest, match=names):
        check_model(config)
    monkeypatch.setenv(names, "k")
    check_model(config)
    assert build_model(settings(model=model)).model_name == model.partition(":")[2]


@pytest.mark.parametrize("variable", ["AWS_REGION", "AWS_DEFAULT_REGION"])
def test_bedrock_takes_either_region(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    for name in AWS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv(variable, "eu-west-3")
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "")
    client = getattr(build_model(settings(model="bedrock:some-model", key="k")), "client")  # noqa: B009
    assert client.meta.region_name == "eu-west-3"


def test_bedrock_takes_a_key_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "")
    build_model(settings(model="bedrock:some-model", key="bedrock-key"))
    assert os.environ["AWS_BEARER_TOKEN_BEDROCK"] == "bedrock-key"


def test_providers_try_nothing_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    for name in ("openai:gpt-4o", "anthropic:claude-sonnet-4-5"):
        model = build_model(settings(model=name, key="sk-secret"))
        assert getattr(model, "client").max_retries == 0  # noqa: B009
    google = build_model(settings(model="google:gemini-2.5-flash", key="secret"))
    assert google.system.startswith("google")
    bedrock = build_model(settings(model="bedrock:anthropic.claude-3-5-sonnet-20240620-v1:0"))
    config = getattr(bedrock, "client").meta.config  # noqa: B009
    assert config.retries["total_max_attempts"] == 1


def test_a_server_of_ones_own_needs_no_key() -> None:
    model = build_model(settings(model="qwen3:8b", url="http://127.0.0.1:1/v1"))
    assert model.model_name == "qwen3:8b"
    assert str(model.base_url).startswith("http://127.0.0.1:1/v1")


def test_a_worker_without_a_model_says_so(store: Store) -> None:
    open_door(None)
    with pytest.raises(NotFound, match="KELET_MODEL"):
        the_door()
    opened = door(store, Scripted(), daily_usd=Decimal(1))
    open_door(opened)
    try:
        assert the_door() is opened
    finally:
        open_door(None)


def test_claims_are_kept_by_their_digest_and_belong_to_a_workflow(store: Store) -> None:
    first = store.put_claims("explain/p/1", [b"a", b"b", b"a"])
    assert first[0] == first[2] != first[1]
    assert store.load_claims("explain/p/1", first) == (b"a", b"b", b"a")
    with pytest.raises(NotFound):
        store.load_claims("explain/p/2", first[:1])
