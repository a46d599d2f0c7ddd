"""What the diagnosis by a model has cost, and the answers that were paid for.

In: an account (project, purpose), the key of a request, prices. Out: kept answers; `BudgetExhausted`
where the day's limit would be passed. Next: `pipeline.llm.metered`.

A request that was killed in flight leaves its reservation: asked again it has the same key and is
not counted twice; never asked again it counts until its day is over, rather too much than too little.
"""

from datetime import UTC, datetime, time, timedelta
from typing import Any

from sqlalchemy import Connection, and_, func, select

from pipeline.errors import BudgetExhausted
from pipeline.store.dialect import insert
from pipeline.store.model_schema import model_answers, model_spending
from pipeline.store.packing import pack, unpack
from pipeline.store.times import to_micros

WAITING, RESERVED, PAID = "waiting", "reserved", "paid"
COMMAND = "optimise"
"""What a person runs by hand: its purpose is `optimise/<finding>`, and nobody tries it again."""
RECHECK = timedelta(minutes=10)
"""A user may raise the limit: waiting work looks again so often, at the latest when the day ends."""

Pair = tuple[int, int]
"""(millionths of a US dollar, tokens)."""


def model_answer(connection: Connection, project: str, key: str) -> bytes | None:
    """The answer that was kept under this key."""
    asked = and_(model_answers.c.project == project, model_answers.c.key == key)
    body = connection.execute(select(model_answers.c.body).where(asked)).scalar_one_or_none()
    return None if body is None else unpack(body)


def reserve(
    connection: Connection,
    account: tuple[str, str],
    key: str,
    price: Pair,
    limits: Pair,
    now: datetime,
) -> BudgetExhausted | None:
    """Put `price` aside for `key`; the error to raise after the commit where the limit is passed."""
    project, purpose = account
    day = day_of(now)
    micros, tokens = _spent(connection, project, day, but=key)
    passed = micros + price[0] > limits[0] or tokens + price[1] > limits[1]
    state, held = (WAITING, (0, 0)) if passed else (RESERVED, price)
    _note(connection, (project, key, purpose, day, state), held)
    if not passed:
        return None
    # Returned, not raised: raising would roll the note back.
    return BudgetExhausted(
        f"the model budget of the day is spent ({micros / 1e6:.2f} USD, {tokens} tokens): the work "
        "waits; see KELET_MODEL_DAILY_USD and KELET_MODEL_DAILY_TOKENS",
        retry_after=min(RECHECK, _until_midnight(now)),
    )


def settle(
    connection: Connection,
    account: tuple[str, str],
    key: str,
    price: Pair,
    answer: bytes,
    now: datetime,
) -> None:
    """What the request cost, and its answer, together."""
    project, purpose = account
    _note(connection, (project, key, purpose, day_of(now), PAID), price)
    connection.execute(
        insert(connection, model_answers).on_conflict_do_nothing(),
        [{"project": project, "key": key, "created": to_micros(now), "body": pack(answer)}],
    )


def cost_of(connection: Connection, project: str, purpose: str) -> Pair:
    """What was paid for one purpose over all its revisions.

    A later revision mostly finds the answers of an earlier one, and pays nothing for them.
    """
    of_all_revisions = purpose.rpartition("/")[0] + "/"
    mine = model_spending.c.purpose.startswith(of_all_revisions, autoescape=True)
    paid = and_(model_spending.c.project == project, model_spending.c.state == PAID)
    return _sum(connection, and_(paid, mine))


def spent_on(connection: Connection, project: str, now: datetime) -> Pair:
    """What was spent or put aside on this day."""
    return _spent(connection, project, day_of(now), but="")


def waiting_for_budget(connection: Connection, project: str) -> int:
    """Diagnoses that wait for the next day's budget."""
    return len(purposes_waiting(connection, project))


def purposes_waiting(connection: Connection, project: str) -> frozenset[str]:
    """Ids of the workflows that do; a command that met the limit has ended."""
    waits = and_(
        model_spending.c.project == project,
        model_spending.c.state == WAITING,
        model_spending.c.purpose.not_like(f"{COMMAND}/%"),
    )
    purposes = select(model_spending.c.purpose).where(waits)
    return frozenset(connection.execute(purposes).scalars())


def _spent(connection: Connection, project: str, day: str, *, but: str) -> Pair:
    on_day = and_(model_spending.c.project == project, model_spending.c.day == day)
    return _sum(connection, and_(on_day, model_spending.c.key != but))


def _sum(connection: Connection, which: Any) -> Pair:
    sums = select(func.sum(model_spending.c.micros), func.sum(model_spending.c.tokens))
    micros, tokens = connection.execute(sums.where(which)).one()
    return int(micros or 0), int(tokens or 0)


def _note(connection: Connection, row: tuple[str, str, str, str, str], held: Pair) -> None:
    project, key, purpose, day, state = row
    changing: dict[str, Any] = {
        "purpose": purpose,
        "day": day,
        "state": state,
        "micros": held[0],
        "tokens": held[1],
    }
    put = insert(connection, model_spending)
    connection.execute(
        put.on_conflict_do_update(index_elements=["project", "key"], set_=changing),
        [{"project": project, "key": key, **changing}],
    )


def day_of(now: datetime) -> str:
    """The day that a moment is booked on (UTC)."""
    return now.astimezone(UTC).date().isoformat()


def _until_midnight(now: datetime) -> timedelta:
    tomorrow = now.astimezone(UTC).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(0, 0, 1), UTC) - now
