"""Quotes: verified against the span, or left out."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.investigation.evidence import (
    _passages,  # pyright: ignore[reportPrivateUsage]
    collect,
    sessions_to_quote,
    verify,
)
from pipeline.model.evidence import Evidence, Located
from pipeline.model.finding import Basis
from tests.scenarios.applications import run
from tests.scenarios.catalogue import FAULTY
from tests.scenarios.pure_path import make_row
from tests.scenarios.rows import trait
from tests.unit.test_patch import a_feature, a_result

MADE = run(replace(FAULTY[0], n_sessions=12), seed=1)
ROWS = [make_row(m.session_id, m.spans, m.signals) for m in MADE]
SPANS = {m.session_id: m.spans for m in MADE}
CHAT = next(s for s in MADE[0].spans if "gen_ai.input.messages" in s.attributes)
FIELD = "gen_ai.input.messages/0/parts/0/content"
RESULT = a_result(
    a_feature("timeline-writer", "handoff.order"),
    failing_ids=tuple(m.session_id for m in MADE[:4]),
    healthy_ids=tuple(m.session_id for m in MADE[4:]),
    surfaced_agent="cause-analyst",
)


def claim(quote: str, span_id: str = CHAT.span_id, field: str = FIELD) -> Evidence:
    return Evidence(session_id=MADE[0].session_id, span_id=span_id, field=field, quote=quote)


def text() -> str:
    row = next(r for r in ROWS if r.session_id == MADE[0].session_id)
    (first,) = [o for o in row.interrogate.outline if o.order == 0 and o.step.startswith("agent")]
    assert first.sample_in is not None
    return first.sample_in.text


def test_a_quote_that_stands_is_verified():
    assert verify(claim(text()), MADE[0].spans).verified


@pytest.mark.parametrize(
    "wrong",
    [
        claim(""),
        claim("nobody said this"),
        claim(text() + "x"),
        claim(text(), span_id="f" * 16),
        claim(text(), field="gen_ai.input.messages/7/parts/0/content"),
    ],
)
def test_a_quote_that_does_not_stand_is_not(wrong: Evidence):
    assert not verify(wrong.model_copy(update={"verified": True}), MADE[0].spans).verified


@given(st.integers(0, 60), st.integers(1, 60))
def test_every_substring_stands_and_no_changed_one(start: int, size: int):
    quote = text()[start : start + size]
    if quote:
        assert verify(claim(quote), MADE[0].spans).verified
        assert not verify(claim(quote + "\x00"), MADE[0].spans).verified


def test_failing_sessions_are_quoted_with_input_output_and_what_it_led_to():
    wanted = sessions_to_quote(RESULT, ROWS)
    failing, healthy = collect(RESULT, ROWS, {s: SPANS[s] for s in wanted})
    assert len(failing) >= 3
    assert healthy
    assert all(e.verified for e in (*failing, *healthy))
    assert {e.session_id for e in failing} <= set(RESULT.failing_ids)
    assert {e.session_id for e in healthy} <= set(RESULT.healthy_ids)
    first = [e for e in failing if e.session_id == failing[0].session_id]
    assert {e.field.partition("/")[0] for e in first} >= {
        "gen_ai.input.messages",
        "gen_ai.output.messages",
    }


def test_without_spans_nothing_is_quoted():
    assert collect(RESULT, ROWS, {}) == ((), ())


def test_the_order_of_the_rows_changes_no_quote():
    assert collect(RESULT, ROWS, SPANS) == collect(RESULT, ROWS[::-1], SPANS)


def test_no_cause_is_quoted_by_what_the_last_agent_said():
    nothing = RESULT.model_copy(update={"blamed": None, "basis": Basis.NONE})
    failing, _ = collect(nothing, ROWS, SPANS)
    assert failing
    assert all("output" in e.field for e in failing)


def test_a_changed_order_is_quoted_with_both_items_in_both_orders():
    items = ("The van hit the blue car", "The driver of the van apologised")
    given, answered = (MADE[0].spans[0].span_id, "in"), (MADE[0].spans[0].span_id, "out")
    places = [
        Located(text=text, span_id=span_id, field=field)
        for text, (span_id, field) in zip(
            (items[0], items[1], items[1], items[0]),
            (given, answered, given, answered),
            strict=True,
        )
    ]
    detection = trait("reader", "handoff.order", 0.5).model_copy(update={"passages": tuple(places)})
    shown = [(p.text, p.field) for p in _passages(detection)]
    assert shown == [(items[0], "in"), (items[1], "in"), (items[1], "out"), (items[0], "out")]
