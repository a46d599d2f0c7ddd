"""What is replaced before storage: a labelled corpus, every place of a request, ids, patterns, faults."""

import json
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from exporter.decode import SESSION_KEYS, decode
from exporter.redact import Redacted, Redactor
from exporter.redact_rules import FAMILIES, RedactSettings
from pipeline.errors import BadRequest
from tests.unit.otlp import any_value, request, span
from tests.unit.redact_corpus import AWS, INNOCENT, JWT, NOT_PERSONAL, PERSONAL, SECRETS

DEFAULT = Redactor(RedactSettings())
ALL = Redactor(RedactSettings(frozenset(FAMILIES), phone_region="US"))


def sent(text: str) -> bytes:
    return request(span(1, text=text)).SerializeToString()


def read(redacted: Redacted) -> ExportTraceServiceRequest:
    return ExportTraceServiceRequest.FromString(redacted.body)


def text_of(redacted: Redacted) -> str:
    spans = read(redacted).resource_spans[0].scope_spans[0].spans
    return spans[0].attributes[0].value.string_value


@pytest.mark.parametrize(("text", "secret", "kind"), SECRETS, ids=lambda value: value[:24])
def test_secrets_are_found_and_counted(text: str, secret: str, kind: str) -> None:
    redacted = DEFAULT.redact(sent(text))
    out = text_of(redacted)
    assert secret not in out
    assert f"[redacted:{kind}]" in out
    assert redacted.counts[kind] >= 1


def test_all_else_of_a_request_stays_as_it_is() -> None:
    """Of every resource and scope, whatever its size, empty ones too."""
    told = request(span(1, text=AWS), span(2, text="b" * 300), service__name="a")
    told.resource_spans[0].schema_url = "https://example.com/1"
    told.resource_spans[0].scope_spans[0].schema_url = "https://example.com/2"
    told.resource_spans[0].scope_spans.add().spans.add(name="in a second scope")
    told.resource_spans.add()
    told.resource_spans.add().scope_spans.add().spans.extend([Span(), span(3, text="c" * 20_000)])
    redacted = DEFAULT.redact(told.SerializeToString())
    place = told.resource_spans[0].scope_spans[0].spans[0].attributes[0].value
    place.string_value = text_of(redacted)
    assert (AWS in place.string_value, read(redacted)) == (False, told)


@pytest.mark.parametrize("text", INNOCENT, ids=lambda value: value[:24])
def test_what_is_no_secret_stays(text: str) -> None:
    body = sent(text)
    redacted = DEFAULT.redact(body)
    assert text_of(redacted) == text
    assert redacted == Redacted(body, redacted.counts)
    assert redacted.body is body


@pytest.mark.parametrize(("text", "secret", "kind"), PERSONAL, ids=lambda value: value[:24])
def test_personal_data_is_found_when_asked_for(text: str, secret: str, kind: str) -> None:
    out = text_of(ALL.redact(sent(text)))
    assert (secret in out, f"[redacted:{kind}]" in out) == (False, True)
    assert text_of(DEFAULT.redact(sent(text))) == text
    if text.startswith("{"):
        json.loads(out)


@pytest.mark.parametrize("text", NOT_PERSONAL, ids=lambda value: value[:24])
def test_ids_times_and_versions_are_no_personal_data(text: str) -> None:
    assert text_of(ALL.redact(sent(text))) == text


def everywhere(text: str) -> ExportTraceServiceRequest:
    """A request with the text in every place that can hold one."""
    nested = AnyValue()
    nested.array_value.values.add().kvlist_value.values.append(
        KeyValue(key="inner", value=any_value(text))
    )
    attribute = KeyValue(key="a", value=nested)
    named = KeyValue(key=f"key {text}", value=AnyValue(bytes_value=text.encode()))
    full = Span(trace_id=b"t" * 16, span_id=b"s" * 8, name=text, trace_state=text)
    full.attributes.extend([attribute, named])
    full.status.message = text
    full.events.add(name=text, attributes=[attribute])
    full.links.add(trace_state=text, attributes=[attribute])
    message = request(full, place=text)
    resource = message.resource_spans[0]
    resource.schema_url = text
    resource.scope_spans[0].schema_url = text
    scope = resource.scope_spans[0].scope
    scope.name, scope.version = text, text
    scope.attributes.append(attribute)
    return message


def test_every_text_of_a_request_is_looked_at() -> None:
    body = everywhere(f"x {AWS} y").SerializeToString()
    redacted = DEFAULT.redact(body)
    n_places = body.count(AWS.encode())
    assert AWS.encode() not in redacted.body
    assert redacted.counts == {"aws_key": n_places}
    assert read(redacted) == everywhere("x [redacted:aws_key] y")
    assert DEFAULT.redact(redacted.body).body is redacted.body


def test_a_value_is_judged_by_the_name_of_its_attribute() -> None:
    values: dict[str, Any] = {
        "db.password": "swordfish",
        "http.request.header.authorization": "Token ab12cd34ef",
    }
    body = request(span(1, **values, note="swordfish", password="string")).SerializeToString()
    spans = read(DEFAULT.redact(body)).resource_spans[0].scope_spans[0].spans
    kept = [attribute.value.string_value for attribute in spans[0].attributes]
    assert kept == ["[redacted:named_secret]", "[redacted:named_secret]", "swordfish", "string"]


def test_ids_and_clean_spans_keep_their_bytes() -> None:
    clean = span(2, text="nothing", parent=1)
    body = request(span(1, text=AWS), clean).SerializeToString()
    before = ExportTraceServiceRequest.FromString(body).resource_spans[0].scope_spans[0].spans
    after = read(DEFAULT.redact(body)).resource_spans[0].scope_spans[0].spans
    assert [s.span_id for s in after] == [s.span_id for s in before]
    assert after[1].SerializeToString() == before[1].SerializeToString()


def test_sessions_change_for_secrets_only_and_stay_apart() -> None:
    values: dict[str, Any] = {
        "session.id": f"u-{AWS}",
        "user.id": "bob@example.com",
        "kelet.project": "bob@x.org",
    }
    spans = read(ALL.redact(request(span(1, **values)).SerializeToString()))
    kept = [
        a.value.string_value for a in spans.resource_spans[0].scope_spans[0].spans[0].attributes
    ]
    assert kept[0] == ALL.redact_id(f"u-{AWS}") != ALL.redact_id(f"u-{AWS[:-1]}X")
    assert kept[0].startswith("u-[redacted:aws_key:")
    assert kept[1] == ALL.redact_user("bob@example.com") != ALL.redact_user("eve@example.com")
    assert kept[2] == "bob@x.org"


def test_signals_are_redacted_and_find_their_session() -> None:
    fields = {"session_id": f"u-{AWS}", "kind": "feedback", "value": f"it said {JWT}", "score": 0}
    redacted = DEFAULT.redact_signal(
        json.dumps(fields | {"metadata": {"password": "abcd"}}).encode()
    )
    assert json.loads(redacted.body) == fields | {
        "session_id": DEFAULT.redact_id(f"u-{AWS}"),
        "value": "it said [redacted:jwt]",
        "metadata": {"password": "[redacted:named_secret]"},
    }
    assert redacted.counts == {"aws_key": 1, "jwt": 1, "named_secret": 1}
    for body in (b'{"a": 1}', b"no json", b"[1]"):
        assert DEFAULT.redact_signal(body).body is body


@pytest.mark.parametrize("key", SESSION_KEYS)
def test_session_keys_are_not_taken_for_names_of_secrets(key: str) -> None:
    values: dict[str, Any] = {key: "a1b2c3d4e5f6a7b8"}
    body = request(span(1, **values)).SerializeToString()
    assert DEFAULT.redact(body).body is body


def test_nothing_is_looked_at_when_told_so() -> None:
    off = Redactor(RedactSettings(frozenset()))
    body = sent(AWS)
    assert off.redact(body).body is body
    assert not off.active


def test_own_patterns() -> None:
    patterns = {"policy": r"P-\d{6}", "whole": "^top sécret$"}
    own = Redactor(RedactSettings(frozenset(), patterns))
    assert text_of(own.redact(sent("see P-123456"))) == "see [redacted:policy]"
    assert text_of(own.redact(sent("top sécret"))) == "[redacted:whole]"
    assert text_of(own.redact(sent("a top sécret"))) == "a top sécret"


def test_own_patterns_leave_json_readable() -> None:
    own = Redactor(RedactSettings(frozenset(), {"pair": '1", "b', "three": "thr.*"}))
    text = json.dumps({"x": "one 1", "b": ["two", {"c": "three"}]})
    out = text_of(own.redact(sent(text)))
    assert json.loads(out) == {"x": "one 1", "b": ["two", {"c": "[redacted:three]"}]}
    assert text_of(own.redact(sent(out))) == out


@pytest.mark.parametrize(
    ("patterns", "told"),
    [
        ({"a": "(?=x)"}, "redact_patterns.a: not a pattern"),
        ({"a": "x*"}, "empty text"),
        ({"A b": "x"}, "a name is"),
        ({"a": "x" * 1001}, "longer than 1000"),
        ({f"a{n}": "x" for n in range(51)}, "more than 50"),
    ],
)
def test_own_patterns_are_checked(patterns: dict[str, str], told: str) -> None:
    with pytest.raises(BadRequest, match=told):
        Redactor(RedactSettings(frozenset(), patterns))


def test_unknown_families_are_refused() -> None:
    with pytest.raises(BadRequest, match="'faces' is none of secrets, emails, phones, cards"):
        RedactSettings(frozenset({"faces"}))


@pytest.mark.parametrize("body", [b"", b"\xff\xff", b"\x0a\x05ab", AWS.encode()])
def test_what_is_no_request_is_left_for_the_decoder(body: bytes) -> None:
    assert DEFAULT.redact(body).body is body


def test_broken_text_is_still_looked_at() -> None:
    body = sent(f"canary {AWS}").replace(b"canary", b"can\xff\xfey")
    redacted = DEFAULT.redact(body)
    assert AWS.encode() not in redacted.body
    assert b"can\xff\xfey" in redacted.body


def wrapped(content: bytes, *tags: int) -> bytes:
    """Length-delimited fields around the content, the innermost first."""
    for tag in tags:
        length = len(content)
        content = bytes([tag, 0x80 | (length & 0x7F), length >> 7]) + content
    return content


def test_a_span_that_cannot_be_looked_into_is_made_unreadable() -> None:
    arrays = wrapped(any_value(AWS).SerializeToString(), *(0x0A, 0x2A) * 120)
    body = wrapped(arrays, 0x12, 0x4A, 0x12, 0x12, 0x0A)
    redacted = DEFAULT.redact(body)
    assert (AWS.encode() in body, AWS.encode() in redacted.body) == (True, False)
    with pytest.raises(BadRequest):
        decode(redacted.body, project="p")


HOSTILE = (
    *("sk-" * 60_000, "eyJa" * 50_000, "password=" * 5_000, "//:" * 50_000, "a@" * 90_000),
    *("-----BEGIN " * 15_000, 'password:\\"' * 1_000, "+1 " * 60_000, "4111 " * 10_000),
)


@pytest.mark.timeout(5)
@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:9])
def test_hostile_text_costs_little(text: str) -> None:
    ALL.redact(sent(text))
