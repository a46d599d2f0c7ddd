"""Laws of redaction: twice is once, JSON stays JSON, the scan never hides what a rule would find."""

import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from exporter.redact import Redactor
from exporter.redact_named import RULE as NAMED_RULE
from exporter.redact_personal import custom_rules, personal_rules
from exporter.redact_rules import FAMILIES, RedactSettings, Rule
from exporter.redact_secrets import RULES
from exporter.redact_text import TextRedactor, telling_mark
from tests.unit.otlp import request, span
from tests.unit.redact_corpus import INNOCENT, KEYS, PEM, PERSONAL, SECRETS

PATTERNS = {"order": r"ORD-\d+", "edge": r"\bX\w+", "greedy": '"[a-c]+", "'}
OWN = custom_rules(PATTERNS)
ALL_RULES = (*RULES, NAMED_RULE, *personal_rules(frozenset(FAMILIES), "US"), *OWN)
TEXTS = TextRedactor(ALL_RULES)
TELLING = TextRedactor(ALL_RULES, telling_mark)
SCANNER = TEXTS.scanner
WHOLE = Redactor(RedactSettings(frozenset(FAMILIES), PATTERNS, "US"))

FRAGMENTS = (
    *(text for text, _, _ in (*SECRETS, *PERSONAL)),
    *(key for key, _ in KEYS),
    *(text for text in INNOCENT if len(text) < 200),
    *(
        "[redacted:jwt]",
        "[redacted:",
        "[redacted:email:0a1b2c3d]",
        "password",
        "secret=",
        "@",
        "\\",
        '"',
        "\n",
    ),
    *(
        "ORD-1",
        "Xa",
        "://a:",
        "+1 ",
        "4111",
        "\\n",
        "\\u003d",
        ":",
        ": ",
        "=",
        " ",
        "é",
        "a1b2c3d4e5",
        PEM[-40:],
    ),
)
texts = st.lists(st.sampled_from(FRAGMENTS), min_size=1, max_size=6).map("".join)
documents = st.recursive(
    texts | st.integers() | st.floats(allow_nan=False) | st.just(4111111111111111) | st.none(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(texts | st.sampled_from(["password", "api_key", "b"]), inner, max_size=3)
        | inner.map(json.dumps)
    ),
    max_leaves=6,
)


def clean(redactor: TextRedactor, text: bytes) -> bytes:
    return redactor.text(text, Counter())


@pytest.mark.parametrize("redactor", [TEXTS, TELLING], ids=["plain", "telling"])
@given(texts | documents.map(json.dumps))
@example(json.dumps({"x" * 300 + "password": -1000}))
@example(
    json.dumps({("use ghp_" + "7nL96ppc58YSK5tD5Kwmr2KRZSFdWpkbEMgf ") * 5 + "password": -1000})
)
def test_twice_is_once(redactor: TextRedactor, text: str) -> None:
    once = clean(redactor, text.encode())
    assert clean(redactor, text.encode()) == once
    counts: Counter[str] = Counter()
    assert redactor.text(once, counts) is once
    assert not counts


@given(documents)
def test_json_stays_json_of_the_same_form(document: Any) -> None:
    out = json.loads(clean(TEXTS, json.dumps([document]).encode()))
    assert len(out) == 1
    assert type(out[0]) is type(document) or isinstance(out[0], str)


@given(texts, st.binary(max_size=3), st.binary(max_size=3))
def test_the_scan_hides_nothing(text: str, before: bytes, after: bytes) -> None:
    raw = text.encode()
    around = SCANNER.rules(before + raw + after)
    for index, rule in enumerate(ALL_RULES):
        if list(rule.find(raw)):
            assert index in around


@given(st.lists(texts, min_size=1, max_size=4))
def test_a_request_is_redacted_once_and_counted(values: list[str]) -> None:
    spans = [span(n, note=value) for n, value in enumerate(values, 1)]
    body = request(*spans).SerializeToString()
    once = WHOLE.redact(body)
    assert WHOLE.redact(body) == once
    assert WHOLE.redact(once.body).body is once.body
    assert bool(once.counts) == (once.body is not body)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.heads[0].decode()[:16])
def test_every_rule_of_secrets_is_in_the_corpus(rule: Rule) -> None:
    assert any(list(rule.find(text.encode())) for text, _, _ in SECRETS)
