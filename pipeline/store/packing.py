"""Values -> bytes in a column, and back; digests of content.

In: models and bytes. Out: compressed bytes, canonical JSON, sha256. Next: every reader and writer.
"""

import hashlib
import json
import re
import zlib
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel

Model = TypeVar("Model", bound=BaseModel)

COMPRESS_FROM = 1024
"""Bytes from which compressing costs less than writing and syncing what it saves."""

RAW, ZLIB = b"\x00", b"\x01"
ENGINE_PART = re.compile(r"\d+|\D+")


def pack(body: bytes) -> bytes:
    """One byte that names the codec, then the body."""
    if len(body) < COMPRESS_FROM:
        return RAW + body
    return ZLIB + zlib.compress(body, 1)


def unpack(packed: bytes) -> bytes:
    """The body that was packed."""
    return zlib.decompress(packed[1:]) if packed[:1] == ZLIB else packed[1:]


def canonical_json(value: Any) -> str:
    """The same text for equal values: sorted keys, no spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def pack_model(model: BaseModel) -> bytes:
    """A model as packed canonical JSON."""
    return pack(canonical_json(model.model_dump(mode="json")).encode())


def unpack_model(kind: type[Model], packed: bytes) -> Model:
    """The model that was packed."""
    return kind.model_validate_json(unpack(packed))


def digest_of(*parts: bytes) -> bytes:
    """sha256 over the parts, each with its length: no two lists of parts share one text."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.digest()


def model_digest(model: BaseModel) -> bytes:
    """The same for models with equal content."""
    return digest_of(canonical_json(model.model_dump(mode="json")).encode())


def rounded(value: Any) -> Any:
    """JSON values with floats at 12 significant digits: the last bits depend on the machine."""
    if isinstance(value, float):
        return float(f"{value:.12g}")
    if isinstance(value, Mapping):
        return {key: rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(item) for item in value]
    return value


def engine_order(version: str) -> tuple[tuple[int, int, str], ...]:
    """Engine versions in the order a reader expects: 1.9 before 1.10."""
    parts: list[str] = ENGINE_PART.findall(version)
    return tuple((1, int(part), "") if part.isdecimal() else (0, 0, part) for part in parts)
