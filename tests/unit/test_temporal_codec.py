"""The payload codec: what it seals, what it opens, and what it says where it cannot."""

import base64
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.converter import PayloadCodec

from exporter.cli.dev import check_codec
from pipeline.config import Config
from pipeline.errors import BadRequest
from pipeline.temporal.codec import EncryptingCodec, Unreadable, read_keys
from pipeline.temporal.converter import codec_of, converter_of
from pipeline.temporal.failures import to_application_error

OLD, NEW = (base64.b64encode(bytes([n] * 32)).decode() for n in (1, 2))


def codec(*keys: str) -> EncryptingCodec:
    return EncryptingCodec(read_keys(", ".join(keys)))


def own_codec() -> PayloadCodec:
    return codec(OLD)


def not_a_codec() -> str:
    return "no"


SAID = Payload(metadata={"encoding": b"json/plain", "of": b"project"}, data=b'"CANARY-1"')


@given(st.binary(), st.dictionaries(st.text(), st.binary()))
async def test_what_was_sealed_opens_unchanged(data: bytes, metadata: dict[str, bytes]) -> None:
    payload = Payload(metadata={**metadata, "encoding": b"json/plain"}, data=data)
    (sealed,) = await codec(NEW).encode([payload])
    assert await codec(NEW).decode([sealed]) == [payload]


async def test_nothing_of_it_can_be_read_and_no_two_are_alike() -> None:
    first, second = await codec(NEW).encode([SAID, SAID])
    assert first != second
    whole = first.SerializeToString()
    assert not any(part in whole for part in (b"CANARY-1", b"json/plain", b"project"))


async def test_a_new_key_before_the_old_one_reads_both() -> None:
    sealed = [*await codec(OLD).encode([SAID]), *await codec(NEW).encode([SAID]), SAID]
    assert await codec(NEW, OLD).decode(sealed) == [SAID, SAID, SAID]
    (by_new,) = await codec(NEW, OLD).encode([SAID])
    assert await codec(NEW).decode([by_new]) == [SAID]


async def test_a_key_that_is_missing_is_named_in_error_and_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    sealed = await codec(OLD).encode([SAID])
    (held,) = read_keys(NEW)
    (needed,) = read_keys(OLD)
    with pytest.raises(Unreadable, match=f"needs the key {needed} in KELET_TEMPORAL_CODEC_KEY"):
        await codec(NEW).decode(sealed)
    with caplog.at_level(logging.ERROR), pytest.raises(Unreadable, match="it has none"):
        await converter_of(Config()).decode(sealed)
    assert needed in caplog.text
    assert held != needed
    assert NEW not in caplog.text


async def test_a_changed_payload_is_refused() -> None:
    (sealed,) = await codec(OLD).encode([SAID])
    sealed.data = sealed.data[:-1] + bytes([sealed.data[-1] ^ 1])
    with pytest.raises(Unreadable, match="changed"):
        await codec(OLD).decode([sealed])


@pytest.mark.parametrize("text", ["", "c2hvcnQ=", "no base64!", f"{OLD},", f"{OLD},x"])
def test_a_malformed_key_is_told_without_showing_it(text: str) -> None:
    with pytest.raises(BadRequest, match="openssl rand -base64 32") as refused:
        read_keys(text)
    assert OLD not in str(refused.value)


@pytest.mark.parametrize("wrong", [{"temporal_codec_key": "c2hvcnQ="}, {"temporal_codec": "no:no"}])
def test_dev_says_it_before_it_starts_anything(wrong: dict[str, str]) -> None:
    with pytest.raises(BadRequest, match="KELET_TEMPORAL_CODEC"):
        check_codec(Config.model_validate(wrong))
    check_codec(Config())


async def test_failures_are_sealed_too() -> None:
    config = Config.model_validate({"temporal_codec_key": OLD})
    failure = converter_of(config)
    told = Failure()
    await failure.encode_failure(to_application_error(KeyError("CANARY-2")), told)
    assert told.message == "Encoded failure"
    assert b"internal_KeyError" in told.SerializeToString()
    assert str(await failure.decode_failure(told)).startswith("internal_KeyError")


def test_ones_own_codec_is_taken_and_a_wrong_one_refused() -> None:
    def of(name: str) -> Config:
        return Config.model_validate({"temporal_codec": f"{__name__}:{name}"})

    assert isinstance(codec_of(of("own_codec")), EncryptingCodec)
    assert codec_of(Config()) is None
    with pytest.raises(BadRequest, match="no temporalio"):
        codec_of(of("not_a_codec"))
    with pytest.raises(BadRequest, match="cannot be imported"):
        codec_of(of("missing"))
    with pytest.raises(ValidationError, match="exclude each other"):
        Config.model_validate({"temporal_codec": "a:b", "temporal_codec_key": OLD})
