"""The language model: its network against loops, cache and likelihood against none, soft prompts, the real weights."""

import math
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from metarec_lib import fit_soft_prompt, load_language_model
from metarec_lib.models import language_model
from metarec_lib.models.language_model import LanguageModel, chat, prompt_loss, token_log_probs
from metarec_lib.models.llama import Llama, Shape, expected, grouped_attention, read_gguf, rotated, rotations

SHAPE = Shape(vocabulary=27, width=16, dense=12, heads=4, groups=2, layers=2, base=100.0, epsilon=1e-5)
LETTERS = " abcdefghijklmnopqrstuvwxyz"


def made_up_weights(shape=SHAPE, seed=0):
    rng = np.random.default_rng(seed)
    return {name: torch.as_tensor(rng.normal(size=size) * 0.5) for name, size in expected(shape).items()}


class OneLetterATime:
    """A tokeniser whose tokens are letters."""

    def encode(self, text, add_special_tokens=True):
        return SimpleNamespace(ids=[LETTERS.index(letter) for letter in text])

    def decode(self, tokens, skip_special_tokens=True):
        return "".join(LETTERS[token] for token in tokens)

    def token_to_id(self, text):
        return LETTERS.index(text) if text in LETTERS else None


WEIGHTS = made_up_weights()
NETWORK = Llama(SHAPE, WEIGHTS)
MODEL = LanguageModel(NETWORK, OneLetterATime())
TOKENS = [3, 1, 4, 1, 5, 9, 2, 6]


def by_loops(tokens):
    """Logits of every place, in plain numbers: head by head, place by place."""
    w = {name.removesuffix(".weight"): values.cpu().numpy() for name, values in WEIGHTS.items()}

    def norm(x, name):
        return x / math.sqrt(sum(v * v for v in x) / len(x) + SHAPE.epsilon) * w[name]

    def turned(x, place):
        out = np.zeros(4)
        for pair in range(2):
            angle = place * SHAPE.base ** (-2 * pair / 4)
            a, b = x[2 * pair], x[2 * pair + 1]
            out[2 * pair] = a * math.cos(angle) - b * math.sin(angle)
            out[2 * pair + 1] = a * math.sin(angle) + b * math.cos(angle)
        return out

    xs = [w["token_embd"][token] for token in tokens]
    for layer in range(SHAPE.layers):
        at = f"blk.{layer}."
        normed = [norm(x, at + "attn_norm") for x in xs]
        q, k, v = ([w[f"{at}attn_{part}"] @ x for x in normed] for part in "qkv")
        for t in range(len(xs)):
            heads = []
            for head in range(4):
                own, shared = slice(4 * head, 4 * head + 4), slice(4 * (head // 2), 4 * (head // 2) + 4)
                scores = [turned(q[t][own], t) @ turned(k[s][shared], s) / 2 for s in range(t + 1)]
                share = [math.exp(score) for score in scores]
                heads.append(sum(p * v[s][shared] for s, p in enumerate(share)) / sum(share))
            xs[t] = xs[t] + w[at + "attn_output"] @ np.concatenate(heads)
        for t, x in enumerate(xs):
            h = norm(x, at + "ffn_norm")
            gate = [g / (1 + math.exp(-g)) for g in w[at + "ffn_gate"] @ h]
            xs[t] = x + w[at + "ffn_down"] @ (gate * (w[at + "ffn_up"] @ h))
    return np.stack([w["token_embd"] @ norm(x, "output_norm") for x in xs])


# -- the network -----------------------------------------------------------------------------------------------------
def test_logits_are_the_loops():
    np.testing.assert_allclose(MODEL.logits(TOKENS).cpu().numpy(), by_loops(TOKENS), atol=1e-10)


def test_a_batch_is_its_rows():
    batch = torch.tensor([TOKENS, TOKENS[::-1]])
    got = MODEL.logits(batch)
    assert got.shape == (2, 8, 27)
    for row, tokens in enumerate((TOKENS, TOKENS[::-1])):
        torch.testing.assert_close(got[row], MODEL.logits(tokens), atol=1e-12, rtol=0)


def test_no_place_sees_the_future():
    before = MODEL.logits(TOKENS)
    for place in range(8):
        changed = TOKENS[:place] + [20] + TOKENS[place + 1 :]
        after = MODEL.logits(changed)
        torch.testing.assert_close(after[:place], before[:place], atol=1e-12, rtol=0)
        assert not torch.allclose(after[place:], before[place:])


@pytest.mark.parametrize("cuts", [(0, 3, 8), (0, 1, 2, 3, 4, 5, 6, 7, 8), (0, 7, 8)])
def test_cache_equals_no_cache(cuts):
    x = NETWORK.embed(torch.tensor([TOKENS, TOKENS[::-1]]))
    whole, _ = NETWORK(x)
    past, parts = None, []
    for a, b in zip(cuts, cuts[1:], strict=False):
        copies = [(key.clone(), value.clone()) for key, value in past] if past else None
        hidden, new = NETWORK(x[:, a:b], past)
        parts.append(hidden)
        for old, kept in zip(copies or [], past or [], strict=True):
            assert all(torch.equal(*pair) for pair in zip(old, kept, strict=True))
        past = new
    torch.testing.assert_close(torch.cat(parts, 1), whole, atol=1e-12, rtol=0)
    assert len(past) == 2 and past[0][0].shape == (2, 2, 8, 4)


def test_turned_products_depend_on_the_distance_alone():
    q, k = torch.randn(2, 1, 1, 1, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    turns = rotations(SHAPE, 0, 12, q.device, q.dtype)
    at = [tuple(t[p : p + 1] for t in turns) for p in range(12)]
    products = [(rotated(q, at[p + 3]) * rotated(k, at[p])).sum() for p in range(9)]
    torch.testing.assert_close(torch.stack(products), products[0].expand(9))
    torch.testing.assert_close(rotated(q, at[7]).norm(), q.norm())


def test_heads_of_a_group_share_keys_and_values():
    rng = torch.Generator().manual_seed(1)
    q = torch.randn(1, 4, 3, 4, generator=rng, dtype=torch.float64)
    k, v = torch.randn(2, 1, 2, 5, 4, generator=rng, dtype=torch.float64)
    mask = torch.ones(3, 5, dtype=torch.bool).tril(2)
    plain = torch.nn.functional.scaled_dot_product_attention(
        q, k.repeat_interleave(2, 1), v.repeat_interleave(2, 1), mask
    )
    torch.testing.assert_close(grouped_attention(q, k, v), plain)


def test_all_of_it_runs_where_the_weights_are():
    away = Llama(SHAPE, {name: values.to("meta") for name, values in WEIGHTS.items()})
    hidden, past = away(away.embed(torch.zeros(2, 3, dtype=torch.long, device="meta")))
    assert away.logits(away(hidden, past)[0]).shape == (2, 3, 27)


def test_a_weight_of_another_shape_is_named():
    for change in ({"blk.1.attn_k.weight": torch.zeros(16, 16)}, {}):
        weights = {**WEIGHTS, **change} if change else {k: v for k, v in WEIGHTS.items() if "blk.1.attn_k" not in k}
        with pytest.raises(ValueError, match=r"blk.1.attn_k.weight: got .* expected \(8, 16\)"):
            Llama(SHAPE, weights)


# -- text ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("batch_size", [1, 2, 32])
@pytest.mark.parametrize("length", [0, 2])
def test_likelihood_is_that_of_each_text_on_its_own(batch_size, length):
    soft = torch.as_tensor(np.random.default_rng(2).normal(size=(length, 16))) if length else None
    continuations = [" film", "x", " a long one", " film"]
    got = MODEL.log_likelihood("some text", continuations, soft, batch_size)
    for total, mean, text in zip(*got, continuations, strict=True):
        tokens = MODEL.encode("some text" + text)
        logs = torch.log_softmax(MODEL.logits(tokens, soft), -1)
        one = sum(float(logs[place - 1, tokens[place]]) for place in range(9, len(tokens)))
        assert total == pytest.approx(one, abs=1e-10) and mean == pytest.approx(one / len(text), abs=1e-10)


def test_probabilities_of_all_texts_of_two_letters_sum_to_one():
    every = [a + b for a in LETTERS for b in LETTERS]
    assert np.exp(MODEL.log_likelihood("q", every, batch_size=100).total).sum() == pytest.approx(1)


@pytest.mark.parametrize("length", [0, 3])
def test_generation_takes_the_likeliest_without_a_cache_too(length):
    soft = torch.as_tensor(np.random.default_rng(3).normal(size=(length, 16))) if length else None
    tokens = MODEL.encode("abc")
    for _ in range(6):
        tokens.append(int(MODEL.logits(tokens, soft)[-1].argmax()))
    found = MODEL.generate("abc", 6, soft, stop=None)
    assert found == MODEL.decode(tokens[3:])
    assert MODEL.generate("abc", 6, soft, stop=found[2]) == found[: found.index(found[2])]
    assert MODEL.generate("abc", 0, soft) == ""


def test_empty_texts_and_soft_prompts_of_another_width():
    calls = [lambda: MODEL.log_likelihood("", ["a"]), lambda: MODEL.log_likelihood("a", ["b", ""])]
    for call in [*calls, lambda: fit_soft_prompt(MODEL, [""], ["a"]), lambda: fit_soft_prompt(MODEL, ["a"], [""])]:
        with pytest.raises(ValueError, match="got '', expected a text"):
            call()
    with pytest.raises(ValueError, match=r"soft: got \(2, 7\), expected \(P, 16\)"):
        MODEL.logits(TOKENS, torch.zeros(2, 7))
    assert MODEL.log_likelihood("a", []).total.shape == (0,)


# -- soft prompts ----------------------------------------------------------------------------------------------------
PAIRS = [([1, 2, 3], [4, 5]), ([6], [7, 8, 9]), ([1, 1, 1, 1], [2])]


def test_loss_is_the_mean_over_the_continuations_tokens():
    soft = torch.as_tensor(np.random.default_rng(4).normal(size=(2, 16)))
    for given in (None, soft):
        logs = []
        for prompt, rest in PAIRS:
            found = token_log_probs(MODEL.logits(prompt + rest, given)[:-1], torch.tensor((prompt + rest)[1:]))
            logs += found[len(prompt) - 1 :].tolist()
        assert float(prompt_loss(MODEL, given, PAIRS)) == pytest.approx(-np.mean(logs), abs=1e-10)


def test_gradient_of_a_soft_prompt_is_right():
    soft = torch.as_tensor(np.random.default_rng(5).normal(size=(2, 16))).requires_grad_()
    assert torch.autograd.gradcheck(lambda s: prompt_loss(MODEL, s, PAIRS), soft)


def test_fitting_makes_the_continuations_likely_and_leaves_the_network():
    before = {name: values.clone() for name, values in NETWORK.state_dict().items()}
    pairs = (["some film", "other film", "a"], [" good", " good", " good"])
    soft, losses = fit_soft_prompt(MODEL, *pairs, length=4, steps=60, learning_rate=0.1, seed=1)
    assert soft.shape == (4, 16) and len(losses) == 60 and losses[-1] < losses[0] - 1
    assert MODEL.log_likelihood("a", [" good"], soft).total > MODEL.log_likelihood("a", [" good"]).total + 3
    assert all(torch.equal(values, before[name]) for name, values in NETWORK.state_dict().items())
    again, _ = fit_soft_prompt(MODEL, *pairs, length=4, steps=60, learning_rate=0.1, seed=1)
    assert torch.equal(soft, again)


@pytest.mark.parametrize(
    "bad", [{"continuations": ["a"]}, {"prompts": [], "continuations": []}, {"length": 0}, {"learning_rate": 0}]
)
def test_bad_settings_say_got_and_expected(bad):
    with pytest.raises(ValueError, match=r"got .* expected"):
        fit_soft_prompt(MODEL, **{"prompts": ["a", "b"], "continuations": ["c", "d"], **bad})


# -- files -----------------------------------------------------------------------------------------------------------
def written(path, architecture):
    gguf = pytest.importorskip("gguf")
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_block_count(SHAPE.layers)
    writer.add_embedding_length(SHAPE.width)
    writer.add_feed_forward_length(SHAPE.dense)
    writer.add_head_count(SHAPE.heads)
    writer.add_head_count_kv(SHAPE.groups)
    writer.add_rope_freq_base(SHAPE.base)
    writer.add_layer_norm_rms_eps(SHAPE.epsilon)
    writer.add_token_list(list(LETTERS))
    for name, values in WEIGHTS.items():
        writer.add_tensor(name, values.cpu().numpy().astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_a_file_written_is_read(tmp_path):
    shape, weights, fields = read_gguf(written(tmp_path / "small.gguf", "llama"))
    assert shape == Shape(**{**vars(SHAPE), "epsilon": shape.epsilon}) and shape.epsilon == pytest.approx(1e-5)
    assert fields["tokenizer.ggml.tokens"] == list(LETTERS)
    for name, values in weights.items():
        torch.testing.assert_close(values, WEIGHTS[name].float())


def test_another_kind_of_network_is_refused(tmp_path):
    with pytest.raises(ValueError, match="got 'gpt2'.* expected 'llama'"):
        read_gguf(written(tmp_path / "small.gguf", "gpt2"))


def test_what_is_missing_is_said(monkeypatch, tmp_path):
    monkeypatch.setenv("METAREC_HOME", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="metarec data llm"):
        load_language_model()
    monkeypatch.setitem(sys.modules, "gguf", None)
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    for call in (lambda: read_gguf(tmp_path / "x"), lambda: language_model.tokenizer_of({})):
        with pytest.raises(ImportError, match="pip install gguf tokenizers"):
            call()


# -- real weights ----------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def real(need):
    need("llm")
    return load_language_model(device="cpu")


@pytest.mark.parametrize(
    ("prompt", "tokens", "text"),
    [
        (
            "A person likes these films: Star Wars; Alien; Blade Runner. They would also like:",
            [49, 1055, 15044, 623, 9411, 42, 9901, 12208, 43, 43734, 43, 2114, 903, 13823, 1362, 30]
            + [1069, 736, 597, 702, 42],
            " Star Wars; Alien; Blade Runner.\n\nThe answer is: 2",
        ),
        (
            "In 1995, the film",
            [788, 216, 33, 41, 41, 37, 28, 260, 4771],
            " was nominated for a Golden Globe nomination for Best Picture.\n\nThe film's director, John",
        ),
        ("Café déjà vu 🎬", [51, 1939, 2756, 32564, 90, 16739, 386, 101, 15107, 232, 122], "🎭🎮🎯🎭"),
    ],
)
def test_tokens_and_greedy_text_are_those_of_transformers(real, prompt, tokens, text):
    assert real.encode(prompt) == tokens and real.decode(tokens) == prompt
    assert real.generate(prompt, len(real.encode(text)), stop=None) == text


def test_likely_goes_on_as_the_world_does(real):
    found = real.log_likelihood("The capital of France is", [" Paris", " Rome", " a large blue elephant"])
    assert found.total.argmax() == 0 and found.mean.argmax() == 0


def test_a_soft_prompt_moves_it(real):
    pairs = (["A person likes Alien. They would also like:"], [" Toy Story"])
    soft, losses = fit_soft_prompt(real, *pairs, length=2, steps=4, learning_rate=0.05)
    assert soft.shape == (2, 576) and losses[-1] < losses[0]


def test_a_question_in_the_form_of_a_chat(real):
    tokens = real.encode(chat("Hello?"))
    assert tokens[0] == 1 and tokens.count(2) == 2 and "<|im_start|>assistant\n" in real.decode(tokens)
