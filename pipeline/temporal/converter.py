"""How our values become payloads: pydantic's JSON, encrypted where a codec is set.

In: `Config`. Out: the `DataConverter` of receiver, worker and command line. Next: `client`; a worker
with a model adds the claims (`pipeline.llm.claims`), which then keep ciphertext.
"""

import importlib
from dataclasses import replace
from typing import Any

from temporalio.contrib.pydantic import PydanticPayloadConverter, pydantic_data_converter
from temporalio.converter import (
    CompositePayloadConverter,
    DataConverter,
    DefaultFailureConverterWithEncodedAttributes,
    PayloadCodec,
)

from pipeline.config import Config
from pipeline.errors import BadRequest
from pipeline.temporal.codec import ENCODING, EncryptingCodec, WithoutKey, read_keys


class OurPayloadConverter(PydanticPayloadConverter):
    """Pydantic's, which says what is missing where it meets an encrypted payload."""

    def __init__(self) -> None:
        super().__init__()
        refuse_encrypted(self)


def refuse_encrypted(converter: CompositePayloadConverter) -> None:
    """Without a codec an encrypted payload gets as far as the converter."""
    converter.converters = {**converter.converters, ENCODING.encode(): WithoutKey()}


def converter_of(config: Config) -> DataConverter:
    """Messages and stack traces of failures are payloads too as soon as there is a codec."""
    plain = replace(pydantic_data_converter, payload_converter_class=OurPayloadConverter)
    codec = codec_of(config)
    if codec is None:
        return plain
    return replace(
        plain,
        payload_codec=codec,
        failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
    )


def codec_of(config: Config) -> PayloadCodec | None:
    """The user's own codec, else ours with the user's keys, else none."""
    if config.temporal_codec is not None:
        return _own(config.temporal_codec)
    keys = config.temporal_codec_key
    return None if keys is None else EncryptingCodec(read_keys(keys.get_secret_value()))


def _own(named: str) -> PayloadCodec:
    module, _, factory = named.partition(":")
    try:
        make: Any = getattr(importlib.import_module(module), factory)
    except (ImportError, AttributeError, ValueError):
        raise BadRequest(f"KELET_TEMPORAL_CODEC names {named}, which cannot be imported") from None
    codec = make()
    if not isinstance(codec, PayloadCodec):
        raise BadRequest(f"KELET_TEMPORAL_CODEC: {named}() is no temporalio.converter.PayloadCodec")
    return codec
