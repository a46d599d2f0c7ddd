"""Sessions on the wire: written and read back, and nothing unreadable ever raises."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st
from kelet_temporal.headers import (
    HEADERS,
    read_session,
    read_session_text,
    with_session,
    with_session_text,
)
from kelet_temporal.session import Session
from temporalio.api.common.v1 import Payload
from temporalio.converter import PayloadConverter

_TEXT = st.none() | st.text(min_size=1, max_size=20)
_SESSIONS = st.builds(
    Session,
    session_id=_TEXT,
    user_id=_TEXT,
    project=_TEXT,
    agent=_TEXT,
    metadata=st.dictionaries(st.text(max_size=8), st.text(max_size=8) | st.integers(), max_size=3),
)


# A loaded machine keeps no deadline, and the matrix knows no profile.
@settings(deadline=None)
@given(_SESSIONS)
def test_headers_bring_a_session_back(session: Session) -> None:
    expected = None if session == Session() else session
    assert read_session(with_session({}, session)) == expected
    text = with_session_text({"Other": "kept"}, session) or {}
    assert text["Other"] == "kept"
    assert all(value.isascii() and value.isprintable() for value in text.values())
    assert read_session_text({name.upper(): value for name, value in text.items()}) == expected


@settings(deadline=None)
@given(_SESSIONS)
def test_payloads_are_those_of_the_default_converter(session: Session) -> None:
    for payload in with_session({}, session).values():
        value = json.loads(payload.data)
        assert PayloadConverter.default.to_payload(value) == payload


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(HEADERS), st.binary(max_size=12)), st.booleans())
def test_what_cannot_be_read_is_absent(raw: dict[str, bytes], plain: bool) -> None:
    encoding = b"json/plain" if plain else b"binary/encrypted"
    payloads = {n: Payload(metadata={"encoding": encoding}, data=d) for n, d in raw.items()}
    session = read_session(payloads)
    assert plain or session is None


def test_a_session_already_there_is_left_alone() -> None:
    first = with_session({}, Session(session_id="first"))
    assert with_session(first, Session(session_id="second", user_id="u")) == first
    assert with_session_text({"X-Kelet-Session-Id": '"first"'}, Session(session_id="second")) == {
        "X-Kelet-Session-Id": '"first"'
    }
