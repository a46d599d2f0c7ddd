"""Encrypts every payload before it leaves the process, also those that the store keeps as claims.

In: `KELET_TEMPORAL_CODEC_KEY`, AES-256 keys in base64, the first of which encrypts. Out: a
`PayloadCodec`. Next: `converter` puts it into every client.

A key's id is its fingerprint, so none has to be managed: to rotate, put the new key before the old
one, on every process, and take the old one away when nothing that it encrypted runs any more.
What was written before there was a key stays readable.
"""

import base64
import binascii
import logging
import os
from collections.abc import Sequence
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from temporalio.api.common.v1 import Payload
from temporalio.converter import EncodingPayloadConverter, PayloadCodec

from pipeline.errors import BadRequest, SidecarError

log = logging.getLogger(__name__)

ENCODING = "binary/encrypted"
KEY_ID = "encryption-key-id"
N_KEY_BYTES, N_NONCE_BYTES = 32, 12
SETTING = "KELET_TEMPORAL_CODEC_KEY"


class Unreadable(SidecarError):
    """A payload that none of our keys opens; the work waits for a process that has the key."""

    code = "payload_unreadable"


def read_keys(setting: str) -> dict[str, AESGCM]:
    """Ciphers by key id, the encrypting one first; `BadRequest` says which key is malformed."""
    ring: dict[str, AESGCM] = {}
    for number, text in enumerate(setting.split(","), 1):
        try:
            key = base64.b64decode(text.strip(), validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if len(key) != N_KEY_BYTES:
            raise BadRequest(
                f"{SETTING}: key {number} is not 32 bytes in base64; `openssl rand -base64 32` makes one"
            )
        ring[fingerprint(key)] = AESGCM(key)
    return ring


def fingerprint(key: bytes) -> str:
    """A key's id: 64 bits that say nothing about a random key."""
    return sha256(b"kelet-sidecar key id" + key).hexdigest()[:16]


class EncryptingCodec(PayloadCodec):
    """AES-256-GCM with a random nonce a payload."""

    def __init__(self, ring: dict[str, AESGCM]) -> None:
        self._ring = ring
        self._key_id = next(iter(ring))

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Whole payloads, their metadata included, as ciphertext."""
        return [self._encrypted(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """What was encrypted, decrypted; the rest as it is."""
        return [self._decrypted(payload) for payload in payloads]

    def _encrypted(self, payload: Payload) -> Payload:
        nonce = os.urandom(N_NONCE_BYTES)
        cipher = self._ring[self._key_id]
        sealed = nonce + cipher.encrypt(nonce, payload.SerializeToString(), self._key_id.encode())
        metadata = {"encoding": ENCODING.encode(), KEY_ID: self._key_id.encode()}
        return Payload(metadata=metadata, data=sealed)

    def _decrypted(self, payload: Payload) -> Payload:
        if payload.metadata.get("encoding") != ENCODING.encode():
            return payload
        key_id = payload.metadata.get(KEY_ID, b"").decode("ascii", "replace")
        cipher = self._ring.get(key_id)
        if cipher is None:
            raise refusal(key_id, f"it has {', '.join(self._ring)}")
        nonce, sealed = payload.data[:N_NONCE_BYTES], payload.data[N_NONCE_BYTES:]
        try:
            return Payload.FromString(cipher.decrypt(nonce, sealed, key_id.encode()))
        except InvalidTag:
            raise refusal(key_id, "which it has, but the payload was changed") from None


class WithoutKey(EncodingPayloadConverter):
    """Says what is missing where a process without a key meets an encrypted payload."""

    @property
    def encoding(self) -> str:
        """What it refuses."""
        return ENCODING

    def to_payload(self, value: object) -> Payload | None:
        """Nothing is written this way."""
        return None

    def from_payload(self, payload: Payload, type_hint: type | None = None) -> object:
        """Always refused."""
        raise refusal(payload.metadata.get(KEY_ID, b"").decode("ascii", "replace"), "it has none")


def refusal(key_id: str, has: str) -> Unreadable:
    """The error, also in our own log: Temporal repeats the task until a process can read it."""
    message = f"a payload in Temporal needs the key {key_id or 'of a codec'} in {SETTING}; {has}"
    log.error("%s. The work waits in Temporal until a process has the key", message)
    return Unreadable(message)
