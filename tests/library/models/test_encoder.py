"""The sentence encoder: its arithmetic against loops, its tokeniser against all segmentations, its cache."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest

from metarec_lib import Interactions, SentenceEncoder, item_texts
from metarec_lib.models import encoder
from metarec_lib.models.unigram import BEGIN, END, UNKNOWN, UnigramTokenizer, normalised

E, H, OUT = 6, 4, 5  # numbers of a piece, of a convolution, of a text


def made_up_weights(seed=0):
    rng = np.random.default_rng(seed)
    weights = {f"q{chunk + 1}": rng.integers(0, 64, (2, E)).astype(np.uint8) for chunk in range(encoder.CHUNKS)}
    shapes = {"ln_g": (E + 3 * H,), "ln_b": (E + 3 * H,), "cnn_W": (E + 3 * H, E), "cnn_b": (E,), "d0": (E, 3)}
    shapes |= {"d1": (3, 3), "p1": (E, 3), "d2": (3, 4), "d3": (4, OUT), "p3": (3, OUT), "lo": (17,), "scale": (17,)}
    for n, _ in encoder.ORDERS:
        shapes |= {f"proj{n}": (E, H), f"proj_b{n}": (H,), f"ln_g{n}": (H,), f"ln_b{n}": (H,)}
        shapes |= {f"w{k}_{n}": (n * H, H) for k in "12"} | {f"b{k}_{n}": (H,) for k in "12"}
    weights |= {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    return {**weights, "eps": np.float64(1e-12)}


WEIGHTS = made_up_weights()
VOCABULARY = [
    "<unk>",
    "<s>",
    "</s>",
    "\u2581",
    *"abcdefghijklmn",
    "\u2581ab",
    "abc",
    "bcd",
    "ef",
    "\u2581c",
    "defg",
    "hij",
]
TOKENIZER = UnigramTokenizer(VOCABULARY, [0.0, 0.0, 0.0, *(-1 - 0.37 * k % 3 for k in range(len(VOCABULARY) - 3))])


def by_loops(pieces):
    """One text, place by place, in plain numbers."""
    w = {name: np.asarray(values, dtype=float) for name, values in WEIGHTS.items()}

    def norm(x, gain, offset):
        mean = sum(x) / len(x)
        spread = math.sqrt(sum((v - mean) ** 2 for v in x) / len(x) + 1e-12)
        return np.array([(v - mean) / spread * g + b for v, g, b in zip(x, w[gain], w[offset], strict=True)])

    x = [w[f"q{p % 17 + 1}"][p // 17] * w["scale"][p % 17] + w["lo"][p % 17] for p in pieces]
    places = []
    for n, left in ((2, 0), (3, 1), (5, 2)):
        h = [norm(v @ w[f"proj{n}"] + w[f"proj_b{n}"], f"ln_g{n}", f"ln_b{n}") for v in x]
        for k in "12":
            seen = [
                np.concatenate([h[t + j] if 0 <= t + j < len(h) else np.zeros(H) for j in range(-left, n - left)])
                for t in range(len(h))
            ]
            h = [v + np.maximum(s @ w[f"w{k}_{n}"] + w[f"b{k}_{n}"], 0) for v, s in zip(h, seen, strict=True)]
        places.append(h)
    features = [norm(np.concatenate([v, *rest]), "ln_g", "ln_b") for v, *rest in zip(x, *places, strict=True)]
    m = sum(f @ w["cnn_W"] + w["cnn_b"] for f in features) / math.sqrt(len(pieces))
    first = np.maximum(m @ w["d0"], 0)
    second = np.maximum(first @ w["d1"] + m @ w["p1"], 0)
    out = np.tanh(np.maximum(second @ w["d2"], 0) @ w["d3"] + second @ w["p3"])
    return out / np.linalg.norm(out)


# -- the network -----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("pieces", [[1, 2], [1, 5, 2], [1, 33, 17, 16, 5, 5, 9, 2], list(range(25))])
def test_network_is_the_loops(pieces):
    got = encoder.forward(encoder._prepared(WEIGHTS), [pieces])
    np.testing.assert_allclose(got[0], by_loops(pieces), atol=1e-5)


def test_texts_of_a_batch_do_not_see_each_other_nor_the_padding():
    model = SentenceEncoder(WEIGHTS, TOKENIZER)
    texts = ["a", "abcdefghij klmn " * 9, "", "bcd ef", "hij", "abc " * 300, "a"]
    together = model.encode(texts)
    alone = np.concatenate([model.encode([text]) for text in texts])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    for text, vector in zip(texts, together, strict=True):
        np.testing.assert_allclose(vector, by_loops(TOKENIZER.encode(text)), atol=1e-4)


def test_shape_type_length_and_order():
    vectors = SentenceEncoder(WEIGHTS, TOKENIZER).encode(["abc", "ef", "abc"])
    assert vectors.shape == (3, OUT) and vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(vectors[0], vectors[2])
    assert SentenceEncoder(WEIGHTS, TOKENIZER).encode([]).shape == (0, OUT)


def test_what_is_no_list_of_texts():
    model = SentenceEncoder(WEIGHTS, TOKENIZER)
    with pytest.raises(ValueError, match="got one str, expected a list"):
        model.encode("abc")
    with pytest.raises(ValueError, match="got None at place 1, expected text"):
        model.encode(["abc", None])
    with pytest.raises(ValueError, match="both or neither"):
        SentenceEncoder(WEIGHTS)


def test_missing_weights_name_the_command(monkeypatch, tmp_path):
    monkeypatch.setenv("METAREC_HOME", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="metarec data encoder"):
        SentenceEncoder().encode(["a text"])


# -- the tokeniser ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("text", ["abc", "abcd", "abcdefg", "ab c", "hijab", "xaxbx", "defgdefg"])
def test_segmentation_is_the_best_of_all(text):
    letters = normalised(text)
    scores = dict(zip(VOCABULARY, TOKENIZER._of.values(), strict=True))
    best = -math.inf
    for cuts in itertools.product([False, True], repeat=len(letters) - 1):
        at = [0, *(k + 1 for k, cut in enumerate(cuts) if cut), len(letters)]
        parts = [letters[a:b] for a, b in itertools.pairwise(at)]
        if all(part in scores or len(part) == 1 for part in parts):
            best = max(best, sum(scores[p][1] if p in scores else TOKENIZER._unknown for p in parts))
    begin, *found, end = TOKENIZER.encode(text)
    assert (begin, end) == (BEGIN, END)
    assert best == pytest.approx(sum(TOKENIZER._unknown if f == UNKNOWN else scores[VOCABULARY[f]][1] for f in found))
    assert "".join(VOCABULARY[f] if f != UNKNOWN else "x" for f in found) == letters


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  a \t b\n", "▁a▁b"),
        ("ａｂｃ①", "▁abc1"),
        ("e\u0301", "▁é"),
        ("a\u200bb\ufeff", "▁a▁b"),
        ("中文　电影", "▁中文▁电影"),
        ("a～b", "▁a～b"),
        ("", ""),
        (" \n", ""),
    ],
)
def test_normalised(text, expected):
    assert normalised(text) == expected


def test_reading_a_sentencepiece_file():
    piece = b"\x0a\x03abc\x15\x00\x00\x80\xbf\x18\x01"  # "abc", score -1, and a number that is passed over
    message = b"\x0a" + bytes([len(piece)]) + piece
    read = UnigramTokenizer.from_bytes(message * 3 + b"\x12\x02hi\x18\x05")
    assert read.pieces == ["abc"] * 3 and read._of["abc"][1] == -1
    for bad in (b"\x0a\xff", b"no model", b""):
        with pytest.raises(ValueError, match="got"):
            UnigramTokenizer.from_bytes(bad)


# -- item texts ------------------------------------------------------------------------------------------------------
def test_item_texts_leave_out_what_is_unknown():
    ratings = pd.DataFrame({"user_id": [1], "item_id": [1], "rating": [4.0]})
    items = pd.DataFrame(
        {"item_id": [1, 2, 3, 4], "title": ["Alien", "Heat", None, "M"], "year": [1979, np.nan, 1999, 1931]}
    )
    items = items.assign(**{"Horror": [1, 0, 0, 0], "Sci-Fi": [1, 0, 1, 0]})
    data = Interactions.from_frame(ratings, items=items)
    assert item_texts(data) == ["Alien (1979). Horror, Sci-Fi", "Heat", "(1999). Sci-Fi", "M (1931)"]
    assert item_texts(data, year=False) == ["Alien. Horror, Sci-Fi", "Heat", "Sci-Fi", "M"]


# -- real weights ----------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def real(need):
    need("encoder")
    model = SentenceEncoder(cache=False)
    model.encode(["load"])
    return model


QUESTIONS = ["How does meta-learning help with cold start?", "The weather is nice today", "A film about space"]
QUESTIONS += ["What is overfitting?", "I like romantic comedies"]
CHINESE = ["元学习如何帮助解决冷启动？", "今天天气很好", "一部关于太空的电影", "什么是过拟合？", "我喜欢浪漫喜剧"]


def test_chinese_finds_english(real):
    assert (real.encode(CHINESE) @ real.encode(QUESTIONS).T).argmax(1).tolist() == [0, 1, 2, 3, 4]


def test_vectors_are_near_those_of_the_published_network(real):
    """Similarities from the published graph, rounded to 8 bits, as another package ships it for ONNX; ours has 6."""
    texts = [
        "A film about the war in space",
        "一部关于太空战争的电影",
        "Toy Story (1995). Animation, Children's, Comedy",
    ]
    assert real._tokenizer.encode(texts[1]) == [1, 6, 13255, 13285, 56930, 29955, 36, 9872, 2]
    vectors = real.encode([*texts, "I would rather stay at home tonight"])
    expected = [[1, 0.831, 0.315, 0.069], [0.831, 1, 0.339, 0.02], [0.315, 0.339, 1, -0.013], [0.069, 0.02, -0.013, 1]]
    np.testing.assert_allclose(vectors @ vectors.T, expected, atol=0.03)
    published = [-0.035, -0.063, -0.012, -0.037, -0.021, 0.062]
    np.testing.assert_allclose(vectors[0, :6], published, atol=0.02)


def test_cache_gives_the_same_and_reads_no_weights(need, tmp_path, monkeypatch):
    need("encoder")
    texts = [f"film {k}" for k in range(encoder.CACHE_FROM)]
    first = SentenceEncoder(cache=tmp_path).encode(texts)
    assert len(list(tmp_path.iterdir())) == 1
    monkeypatch.setattr(SentenceEncoder, "_load", None)
    np.testing.assert_array_equal(SentenceEncoder(cache=tmp_path).encode(texts), first)
    with pytest.raises(TypeError):  # other texts, or another order, are other vectors
        SentenceEncoder(cache=tmp_path).encode(texts[::-1])


def test_a_damaged_or_unwritable_cache_is_passed_over(need, tmp_path, real):
    need("encoder")
    texts = [f"film {k}" for k in range(encoder.CACHE_FROM)]
    expected = real.encode(texts)
    SentenceEncoder(cache=tmp_path).encode(texts)
    stored = next(tmp_path.iterdir())
    for damage in (b"", b"no array", stored.read_bytes()[:-9]):
        stored.write_bytes(damage)
        np.testing.assert_array_equal(SentenceEncoder(cache=tmp_path).encode(texts), expected)
    (tmp_path / "file").write_text("")
    np.testing.assert_array_equal(SentenceEncoder(cache=tmp_path / "file").encode(texts), expected)


def test_few_texts_are_not_kept(need, tmp_path, real):
    SentenceEncoder(cache=tmp_path).encode(["one"])
    assert list(tmp_path.iterdir()) == []
