"""Negative numbers in the forms of prose and of accounts; what only looks like a sign is none."""

import pytest

from pipeline.text.items import read_items
from tests.unit.genai_spans import loss

NEGATIVE = [
    "balance -1,200.00", "balance −1200", "2024-05-01;rent;1,200.00-", "Rent  1,200.00- EUR",
    "Rent: (1,200.00)", "rent;(1,200)", "Net loss (1,200.00)", "The balance is (1,200.00).",
    "Rent: ($1,200)", "Rent: $(1,200.00)", '{"amount": "(1,200.00)"}', '{"amount": "1,200.00-"}',
    "rent 1,200.00 DR", "rent 1,200.00 CR", "rent: 1,200.00 Dr.", "Result: - 1200", "rent;- 1,200.00",
    "Rent | 1,200.00- |", "(1,200.00)", "-$1,200.00", "1.200,00-",
]  # fmt: skip
POSITIVE = [
    "1200", "between 1200-1300 euros", "1,200.00 - 1,300.00", "1,200- and 1,300-seat halls",
    "1,200.00- 1,300.00", "- 1200 bricks", "* a\n- 1,200.00 for rent", "Rent (1200)",
    "most users (1,200) agreed", "The rent (1,200.00 EUR) is due", "the fee ($1,200) is due",
    "twelve hundred dollars (1,200.00) are due", "Clause 12 (1200)", "1200 Dr. Smith", "rent 1,200.-",
    "1,200.00 CR and 300.00 DR", "Payroll - 1,200.00", "a 1,200-page book", "Bauer AG – 1,200.00 EUR",
]  # fmt: skip


def negative(text: str) -> list[bool]:
    return [i.negative for i in read_items(text) if i.kind == "number" and i.value == 1200]


@pytest.mark.parametrize("text", NEGATIVE)
def test_negative(text: str):
    assert negative(text) == [True]


@pytest.mark.parametrize("text", POSITIVE)
def test_not_negative(text: str):
    assert True not in negative(text)


@pytest.mark.parametrize("text", ["see note (3)", "since (2024)", "(12)", "on 2024-05-01", "10-20"])
def test_footnotes_years_dates_and_ranges(text: str):
    assert not any(i.negative for i in read_items(text))


@pytest.mark.parametrize("amount", ["1,200.00-", "(1,200.00)", "1,200.00 DR", "-1,200.00"])
def test_a_lost_sign_is_seen(amount: str):
    given = f"date;text;amount\n2024-05-01;rent;{amount}\n2024-05-02;sales;3,400.00"
    for kept in ("-1200", "(1,200.00)", "1,200.00 CR", "minus 1200"):
        assert loss(given, f"Rent {kept}\nsales 3,400.00", "signs") == 0, kept
    assert loss(given, '[{"rent": 1200.0}, {"sales": 3400.0}]', "signs") == 1
