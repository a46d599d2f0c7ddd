"""Sentences to vectors through the store's cache: a sentence is embedded once, ever.

In: texts. Out: one unit vector a text, in their order. Next: `pipeline.aggregation.aggregate`.
"""

import hashlib
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


class TextEmbedder(Protocol):
    """`pipeline.clustering.embedding.Embedder`, as far as we need it."""

    @property
    def model_id(self) -> str: ...
    def embed(self, texts: Sequence[str]) -> Vectors: ...


class VectorCache(Protocol):
    """The part of the store that keeps vectors by key."""

    def embeddings(self, keys: Sequence[str]) -> dict[str, bytes]: ...
    def put_embeddings(self, items: dict[str, bytes]) -> None: ...


class CachedEmbedder:
    """Callable as the `embed` of `aggregate`. The key holds the model, so a new one starts afresh."""

    def __init__(self, cache: VectorCache, embedder: TextEmbedder) -> None:
        self._cache = cache
        self._embedder = embedder

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """Vectors of all texts; what is new is embedded and kept."""
        if not texts:
            return self._embedder.embed(texts)
        keys = [self._key(text) for text in texts]
        known = dict(self._cache.embeddings(sorted(set(keys))))
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        if missing:
            vectors = self._embedder.embed(list(missing.values()))
            made = {k: v.tobytes() for k, v in zip(missing, vectors, strict=True)}
            self._cache.put_embeddings(made)
            known |= made
        return np.stack([np.frombuffer(known[key], np.float32) for key in keys])

    def _key(self, text: str) -> str:
        return hashlib.sha256(f"{self._embedder.model_id}\n{text}".encode()).hexdigest()
