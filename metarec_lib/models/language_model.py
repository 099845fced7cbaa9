"""A pretrained language model that runs offline: SmolLM2-135M-Instruct (Ben Allal et al. 2025, arXiv:2502.02737).

It writes fluent English and knows little about films. What it is here for: the likelihood of titles, and soft prompts,
which are trained while the network stays as it is. Weights by `metarec data llm`; packages gguf and tokenizers.
Shapes: B texts, T tokens, C continuations, L tokens of one, P vectors of a soft prompt, D = 576 of a vector, V = 49,152.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from metarec_lib.data.pretrained import model_files
from metarec_lib.device import resolve_device, resolve_dtype
from metarec_lib.models.llama import Cache, Llama, read_gguf

END_OF_TURN = "<|im_end|>"
CONTROL = 3  # the kind of a token in GGUF that marks turns and ends, and is no text


class Likelihood(NamedTuple):
    """Of C continuations: the sums (C,) of their tokens' log-probabilities, and the means (C,), in nats."""

    total: np.ndarray
    mean: np.ndarray


class LanguageModel:
    """A network and its tokeniser.

    network: the Llama network. tokenizer: with `encode(text).ids`, `decode(ids)`, `token_to_id(text)`, as of tokenizers.
    A soft prompt (P, D), wherever one is taken, stands in front of the embeddings of the text.
    """

    def __init__(self, network: Llama, tokenizer: Any) -> None:
        self.network, self.tokenizer = network, tokenizer

    @property
    def device(self) -> torch.device:
        return self.network.weight("token_embd").device

    def encode(self, text: str) -> list[int]:
        """The tokens of a text, 0 to V - 1; names such as <|im_end|> are one token."""
        return self.tokenizer.encode(text, add_special_tokens=False).ids

    def decode(self, tokens: Sequence[int] | Tensor) -> str:
        """The text of tokens; the inverse of `encode`."""
        tokens = tokens.tolist() if isinstance(tokens, Tensor) else list(tokens)
        return self.tokenizer.decode(tokens, skip_special_tokens=False)

    def logits(self, tokens: Sequence[int] | Tensor, soft: Tensor | None = None) -> Tensor:
        """Logits (…, T, V) of the token after each of tokens (T,) or (B, T)."""
        tokens = self._tensor(tokens)
        hidden, _ = self.network(self._embedded(tokens.reshape(-1, tokens.shape[-1]), soft))
        return self.network.logits(hidden[:, -tokens.shape[-1] :]).reshape(*tokens.shape, -1)

    @torch.no_grad()
    def generate(self, text: str, tokens: int, soft: Tensor | None = None, stop: str | None = END_OF_TURN) -> str:
        """The text that goes on from `text`, at most `tokens` tokens, each the likeliest; ends before the token `stop`."""
        ends = self.tokenizer.token_to_id(stop) if stop else None
        x, past, found = self._embedded(self._text(text)[None], soft), None, []
        while len(found) < tokens:
            hidden, past = self.network(x, past)
            found.append(int(self.network.logits(hidden[:, -1]).argmax()))
            if found[-1] == ends:
                return self.decode(found[:-1])
            x = self.network.embed(self._tensor([found[-1:]]))
        return self.decode(found)

    @torch.no_grad()
    def log_likelihood(
        self, prompt: str, continuations: Sequence[str], soft: Tensor | None = None, batch_size: int = 32
    ) -> Likelihood:
        """log p(continuation | prompt) of C texts, summed over their tokens and as a mean, each (C,).

        A continuation begins with the space that separates it: the two parts become tokens on their own. The prompt is run
        once. The sum prefers short texts, the mean long ones that repeat themselves. Raises ValueError for an empty text.
        """
        parts = [self._text(text).tolist() for text in continuations]
        hidden, past = self.network(self._embedded(self._text(prompt)[None], soft))
        sums = [
            self._sums(hidden[:, -1:], past, parts[at : at + batch_size]) for at in range(0, len(parts), batch_size)
        ]
        total = torch.cat(sums).cpu().double().numpy() if sums else np.zeros(0)
        return Likelihood(total, total / np.array([len(part) for part in parts]))

    def _sums(self, last: Tensor, past: Cache, parts: Sequence[Sequence[int]]) -> Tensor:
        """Sums (C,) for parts that follow one prompt: its last hidden vector (1, 1, D) and its cache."""
        tokens, mask = padded(parts, self.device)
        hidden = last.expand(len(parts), -1, -1)
        if tokens.shape[1] > 1:
            wide = [(key.expand(len(parts), -1, -1, -1), value.expand(len(parts), -1, -1, -1)) for key, value in past]
            hidden = torch.cat([hidden, self.network(self.network.embed(tokens[:, :-1]), wide)[0]], 1)
        return (token_log_probs(self.network.logits(hidden), tokens) * mask).sum(1)

    def _embedded(self, tokens: Tensor, soft: Tensor | None) -> Tensor:
        """(B, T) to (B, P + T, D)."""
        x = self.network.embed(tokens)
        if soft is None:
            return x
        if soft.ndim != 2 or soft.shape[1] != x.shape[2]:
            raise ValueError(f"soft: got {tuple(soft.shape)}, expected (P, {x.shape[2]})")
        return torch.cat([soft.to(x).expand(len(x), -1, -1), x], 1)

    def _text(self, text: str) -> Tensor:
        tokens = self.encode(text)
        if not tokens:
            raise ValueError(f"LanguageModel: got {text!r}, expected a text of one token or more")
        return self._tensor(tokens)

    def _tensor(self, tokens: Sequence[int] | Tensor) -> Tensor:
        return torch.as_tensor(tokens, dtype=torch.long, device=self.device)


def load_language_model(device: str | torch.device | None = None, dtype: str = "float32") -> LanguageModel:
    """SmolLM2-135M-Instruct, ready in five seconds, 0.6 GB as float32; 15 to 25 tokens a second on one thread.

    device: see `metarec_lib.device`. dtype: the weights have 4 bits, so that float32 loses nothing; float64 for gradients
    that are compared. Raises FileNotFoundError where the weights were not fetched and ImportError where a package is
    missing; both say what to run.
    """
    place = resolve_device(device)
    shape, weights, fields = read_gguf(model_files("llm")["SmolLM2-135M-Instruct.Q4_1.gguf"])
    network = Llama(shape, weights).to(device=place, dtype=resolve_dtype(dtype, place))
    return LanguageModel(network, tokenizer_of(fields))


def chat(question: str, system: str = "You are a helpful assistant.") -> str:
    """A question in the form the model was trained to answer: a text to `generate` from."""
    turns = (("system", system), ("user", question))
    return "".join(f"<|im_start|>{who}\n{said}{END_OF_TURN}\n" for who, said in turns) + "<|im_start|>assistant\n"


def tokenizer_of(fields: dict[str, Any]) -> Any:
    """Byte-pair encoding with the V tokens and the merges of a GGUF file; each digit is a token (Sennrich et al. 2016, ACL).

    fields: as of `read_gguf`. Raises ImportError that says what to install.
    """
    try:
        from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
    except ImportError as error:
        raise ImportError("The language model needs two packages: pip install gguf tokenizers") from error
    names = fields["tokenizer.ggml.tokens"]
    merges = [tuple(merge.split(" ")) for merge in fields["tokenizer.ggml.merges"]]
    made = Tokenizer(models.BPE({name: number for number, name in enumerate(names)}, merges))
    bytes_of = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), bytes_of])
    made.decoder = decoders.ByteLevel()
    kinds = fields["tokenizer.ggml.token_type"]
    made.add_special_tokens(
        [AddedToken(n, special=True) for n, kind in zip(names, kinds, strict=True) if kind == CONTROL]
    )
    return made


def fit_soft_prompt(
    model: LanguageModel,
    prompts: Sequence[str],
    continuations: Sequence[str],
    length: int = 8,
    steps: int = 100,
    batch_size: int = 8,
    learning_rate: float = 0.01,
    seed: int = 0,
) -> tuple[Tensor, list[float]]:
    """A soft prompt (P, D) under which each continuation is likely after its prompt, and the loss of each step.

    P = length vectors, begun as embeddings of tokens drawn at random, moved by Adam; the network stays (Lester et al. 2021,
    EMNLP, sec. 2). Loss: the mean over a batch's tokens of -log p(token), in nats. A step draws batch_size of the pairs.
    Raises ValueError where prompts and continuations differ in number, for none, an empty text, and settings below 1.
    """
    _check_pairs(prompts, continuations, length, steps, batch_size, learning_rate)
    rng = np.random.default_rng(seed)
    pairs = [(model._text(a).tolist(), model._text(b).tolist()) for a, b in zip(prompts, continuations, strict=True)]
    start = rng.integers(model.network.shape.vocabulary, size=length)
    soft = model.network.embed(torch.as_tensor(start, device=model.device)).clone().requires_grad_()
    optimizer, losses = torch.optim.Adam([soft], lr=learning_rate), []
    for _ in range(steps):
        rows = rng.choice(len(pairs), size=min(batch_size, len(pairs)), replace=False)
        optimizer.zero_grad()
        loss = prompt_loss(model, soft, [pairs[row] for row in rows])
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    return soft.detach(), losses


def _check_pairs(
    prompts: Sequence[str],
    continuations: Sequence[str],
    length: int,
    steps: int,
    batch_size: int,
    learning_rate: float,
) -> None:
    if len(prompts) != len(continuations) or not prompts or min(length, steps, batch_size) < 1 or learning_rate <= 0:
        raise ValueError(
            f"fit_soft_prompt: got {len(prompts)} prompts, {len(continuations)} continuations, length={length}, "
            f"steps={steps}, batch_size={batch_size}, learning_rate={learning_rate}; expected as many of both, and settings "
            "above 0"
        )


def prompt_loss(model: LanguageModel, soft: Tensor | None, pairs: Sequence[tuple[list[int], list[int]]]) -> Tensor:
    """The mean over all tokens of the B continuations of -log p(token | soft, prompt, tokens before it), a scalar.

    pairs: tokens of a prompt and of its continuation, one or more each.
    """
    tokens, mask = padded([prompt + rest for prompt, rest in pairs], model.device)
    starts = torch.tensor([len(prompt) for prompt, _ in pairs], device=model.device)[:, None]
    counted = mask & (torch.arange(tokens.shape[1], device=model.device) >= starts)
    hidden, _ = model.network(model._embedded(tokens, soft))
    hidden = hidden[:, -tokens.shape[1] :]
    logits = model.network.logits(hidden[:, :-1][counted[:, 1:]])  # only where a continuation's token comes next
    return -token_log_probs(logits, tokens[:, 1:][counted[:, 1:]]).mean()


def token_log_probs(logits: Tensor, tokens: Tensor) -> Tensor:
    """log p (…) of tokens (…) under logits (…, V)."""
    return logits.gather(-1, tokens.unsqueeze(-1)).squeeze(-1) - logits.logsumexp(-1)


def padded(parts: Sequence[Sequence[int]], device: torch.device) -> tuple[Tensor, Tensor]:
    """Lists of tokens as (B, T), filled up with 0 behind, and the mask (B, T) of what is there."""
    lengths = torch.tensor([len(part) for part in parts])
    mask = torch.arange(int(lengths.max())) < lengths[:, None]
    tokens = torch.zeros(mask.shape, dtype=torch.long)
    tokens[mask] = torch.tensor([token for part in parts for token in part])
    return tokens.to(device), mask.to(device)
