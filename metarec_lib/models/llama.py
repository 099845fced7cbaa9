"""The Llama network in plain torch, and its weights out of a GGUF file.

Touvron et al. (2023), arXiv:2302.13971, sec. 2.2; grouped queries from Ainslie et al. (2023), EMNLP. Shapes: B texts, T
tokens of a text, S tokens before and with them, D numbers of a token, V tokens of the vocabulary, N heads of queries, M of
keys and values (N = M G), C numbers of a head, F width of the dense layer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding, linear, silu

Cache = list[tuple[Tensor, Tensor]]  # of each layer: keys and values (B, M, S, C) of the tokens so far


@dataclass(frozen=True)
class Shape:
    """The sizes of a Llama network: vocabulary V, width D, dense F, heads N, groups M, layers; base of the rotations."""

    vocabulary: int
    width: int
    dense: int
    heads: int
    groups: int
    layers: int
    base: float = 10_000.0
    epsilon: float = 1e-5

    @property
    def head(self) -> int:
        """C = D / N."""
        return self.width // self.heads


class Llama(nn.Module):
    """Embeddings (B, T, D) to logits of the next token (B, T, V). Its weights do not move; gradients pass through them.

    weights: tensors by the names that GGUF has for them, a matrix as (out, in). Raises ValueError where one is missing or
    has another shape.
    """

    def __init__(self, shape: Shape, weights: Mapping[str, Tensor]) -> None:
        super().__init__()
        for name, size in expected(shape).items():
            got = tuple(weights[name].shape) if name in weights else "none"
            if got != size:
                raise ValueError(f"Llama: weights: {name}: got {got}, expected {size}")
        self.shape = shape
        for name in expected(shape):
            self.register_buffer(name.replace(".", "_"), weights[name])

    def weight(self, name: str) -> Tensor:
        """One tensor by its name in GGUF."""
        return getattr(self, f"{name.replace('.', '_')}_weight")

    def embed(self, tokens: Tensor) -> Tensor:
        """Tokens (B, T) int to embeddings (B, T, D)."""
        return embedding(tokens, self.weight("token_embd"))

    def forward(self, x: Tensor, past: Cache | None = None) -> tuple[Tensor, Cache]:
        """Embeddings (B, T, D) to hidden vectors (B, T, D), and the cache with these tokens added; `past` stays as it is.

        past: what `forward` returned for the tokens before these. No token sees one behind it.
        """
        before = past[0][0].shape[2] if past else 0
        turns = rotations(self.shape, before, x.shape[1], x.device, x.dtype)
        cache: Cache = []
        for layer in range(self.shape.layers):
            at = f"blk.{layer}."
            seen, kept = self._attend(at, self._norm(x, f"{at}attn_norm"), turns, past[layer] if past else None)
            x = x + seen
            x = x + self._dense(at, self._norm(x, f"{at}ffn_norm"))
            cache.append(kept)
        return self._norm(x, "output_norm"), cache

    def logits(self, hidden: Tensor) -> Tensor:
        """Hidden vectors (…, D) to logits (…, V): the embeddings serve a second time (Press & Wolf 2017, EACL)."""
        return linear(hidden, self.weight("token_embd"))

    def _norm(self, x: Tensor, name: str) -> Tensor:
        # g x / sqrt(mean x^2 + e) (Zhang & Sennrich 2019, NeurIPS, eq. 4)
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + self.shape.epsilon) * self.weight(name)

    def _dense(self, at: str, x: Tensor) -> Tensor:
        # W_down (silu(W_gate x) * W_up x): SwiGLU (Shazeer 2020, arXiv:2002.05202, eq. 6)
        gate = silu(linear(x, self.weight(f"{at}ffn_gate")))
        return linear(gate * linear(x, self.weight(f"{at}ffn_up")), self.weight(f"{at}ffn_down"))

    def _attend(
        self, at: str, x: Tensor, turns: tuple[Tensor, Tensor], past: tuple[Tensor, Tensor] | None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Attention of T tokens to S, (B, T, D), and keys and values of all S."""
        query, key, value = (self._heads(x, f"{at}attn_{part}") for part in "qkv")
        query, key = rotated(query, turns), rotated(key, turns)
        if past:
            key, value = torch.cat([past[0], key], 2), torch.cat([past[1], value], 2)
        out = grouped_attention(query, key, value)
        return linear(out.transpose(1, 2).flatten(2), self.weight(f"{at}attn_output")), (key, value)

    def _heads(self, x: Tensor, name: str) -> Tensor:
        """(B, T, D) to the heads of queries, keys or values, (B, N or M, T, C)."""
        return linear(x, self.weight(name)).unflatten(2, (-1, self.shape.head)).transpose(1, 2)


def grouped_attention(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Queries (B, N, T, C) of the last T of S tokens, keys and values (B, M, S, C) shared by N / M heads: (B, N, T, C)."""
    groups, (t, s) = key.shape[1], (query.shape[2], key.shape[2])
    query = query.unflatten(1, (groups, -1))  # (B, M, G, T, C)
    scores = query @ key.unsqueeze(2).mT / query.shape[-1] ** 0.5
    later = torch.ones(t, s, dtype=torch.bool, device=query.device).triu(s - t + 1)
    weights = torch.softmax(scores.masked_fill(later, float("-inf")), -1)
    return (weights @ value.unsqueeze(2)).flatten(1, 2)


def rotations(shape: Shape, before: int, count: int, device: torch.device, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Cosines and sines (T, C / 2) of the tokens at places before ... before + count - 1."""
    # place p turns pair i by p base^(-2 i / C) (Su et al. 2021, arXiv:2104.09864, sec. 3.2.2)
    pairs = torch.arange(
        0, shape.head, 2, device=device, dtype=torch.float64 if device.type != "mps" else torch.float32
    )
    places = torch.arange(before, before + count, device=device, dtype=pairs.dtype)
    angles = places[:, None] * shape.base ** (-pairs / shape.head)
    return angles.cos().to(dtype), angles.sin().to(dtype)


def rotated(x: Tensor, turns: tuple[Tensor, Tensor]) -> Tensor:
    """Heads (B, N, T, C) with each pair of neighbours turned; GGUF stores queries and keys in that order."""
    cos, sin = turns
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack([even * cos - odd * sin, even * sin + odd * cos], -1).flatten(-2)


def expected(shape: Shape) -> dict[str, tuple[int, ...]]:
    """Names and shapes of all tensors of a network."""
    d, f, n, m = shape.width, shape.dense, shape.heads * shape.head, shape.groups * shape.head
    block = {"attn_norm": (d,), "attn_q": (n, d), "attn_k": (m, d), "attn_v": (m, d), "attn_output": (d, n)}
    block |= {"ffn_norm": (d,), "ffn_gate": (f, d), "ffn_up": (f, d), "ffn_down": (d, f)}
    blocks = {f"blk.{layer}.{name}": size for layer in range(shape.layers) for name, size in block.items()}
    all_of = {"token_embd": (shape.vocabulary, d), **blocks, "output_norm": (d,)}
    return {f"{name}.weight": size for name, size in all_of.items()}


# -- out of the file -------------------------------------------------------------------------------------------------
def read_gguf(path: str | Path) -> tuple[Shape, dict[str, Tensor], dict[str, Any]]:
    """The shape of a Llama network, its weights as float32, and the file's other fields by name.

    Raises ImportError that says what to install, ValueError for a file of another kind of network.
    """
    reader = _reader(path)
    fields = {name: field.contents() for name, field in reader.fields.items()}
    if fields.get("general.architecture") != "llama":
        raise ValueError(f"read_gguf: got {fields.get('general.architecture')!r} in {path}, expected 'llama'")
    part = {name.removeprefix("llama."): value for name, value in fields.items() if name.startswith("llama.")}
    shape = Shape(
        vocabulary=len(fields["tokenizer.ggml.tokens"]),
        width=part["embedding_length"],
        dense=part["feed_forward_length"],
        heads=part["attention.head_count"],
        groups=part["attention.head_count_kv"],
        layers=part["block_count"],
        base=part["rope.freq_base"],
        epsilon=part["attention.layer_norm_rms_epsilon"],
    )
    return shape, _tensors(reader), fields


def _reader(path: str | Path) -> Any:
    try:
        from gguf import GGUFReader
    except ImportError as error:
        raise ImportError("The language model needs two packages: pip install gguf tokenizers") from error
    return GGUFReader(path)


def _tensors(reader: Any) -> dict[str, Tensor]:
    from gguf.quants import dequantize

    return {
        tensor.name: torch.from_numpy(dequantize(tensor.data, tensor.tensor_type).copy()) for tensor in reader.tensors
    }
