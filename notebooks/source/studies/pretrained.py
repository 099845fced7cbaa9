"""The study of two pretrained models: texts for cold films, and a language model that ranks films it was told nothing about.

Needs the weights: `metarec data encoder llm`. A seed draws the cold films, and the users and candidates of the ranking."""

import itertools
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from metarec_lib import Interactions, SentenceEncoder, item_texts, load_language_model, load_movielens, study_rows
from metarec_lib.data.splits import tuning_users

SEEDS = (10, 11, 12, 13, 14)
COLD = 336  # a fifth of the films
STRENGTHS, SCALES = (3.0, 6.0, 12.0, 24.0, 48.0, 96.0), (0.3, 1.0, 3.0)
USERS, LIKED, OTHERS = 40, 10, 19
ASK, ASK_NOTHING = (
    "A person likes these films: {}. They would also like:",
    "A person likes films. They would also like:",
)


def run(seed: int) -> Iterator[pd.DataFrame]:
    data = load_movielens("ml-100k")
    yield from cold_films(data, seed)
    yield from zero_shot(data, seed)


# -- cold films -----------------------------------------------------------------------------------------------------------
def cold_films(data: Interactions, seed: int) -> Iterator[pd.DataFrame]:
    """Absolute error of each judging user on cold films: a ridge on the films' features for each user, strengths chosen on
    tuning users."""
    cold = np.zeros(data.n_items, bool)
    cold[np.random.default_rng(seed).choice(data.n_items, COLD, replace=False)] = True
    job = Cold(data, cold)
    yield study_rows("cold error", "the user's mean", job.errors(None, 1.0, job.judging))
    decade = np.floor(data.items["year"].to_numpy(float) / 10)
    eras = (decade[:, None] == np.unique(decade[np.isfinite(decade)])[None]).astype(float)
    genres = data.items[list(data.genres)].to_numpy(float)
    encoder = SentenceEncoder()
    texts = {year: encoder.encode(item_texts(data, year=year)) for year in (False, True)}
    systems = {
        "genres": [genres],
        "genres and year": [genres, eras],
        "encoder without the year": [texts[False]],
        "encoder with the year": [texts[True]],
        "encoder, genres and year": [texts[True], genres, eras],
    }
    for name, blocks in systems.items():
        kernels = job.kernels(blocks)
        tried = {
            (n, strength): job.errors(kernel, strength, job.tuning).mean()
            for n, kernel in enumerate(kernels)
            for strength in STRENGTHS
        }
        n, strength = min(tried, key=tried.get)
        yield study_rows("cold error", name, job.errors(kernels[n], strength, job.judging))


class Cold:
    """Ratings of known films train each user's ridge; those of cold films judge it."""

    def __init__(self, data: Interactions, cold: np.ndarray) -> None:
        self.data, self.cold = data, cold
        user, held = data.user_codes, cold[data.item_codes]
        rows = np.split(np.argsort(user, kind="stable"), np.cumsum(np.bincount(user, minlength=data.n_users))[:-1])
        self.rows = {u: (r[~held[r]], r[held[r]]) for u, r in enumerate(rows) if 0 < held[r].sum() < len(r)}
        tunes = set(data.user_index(tuning_users(data)).tolist())
        self.tuning = [u for u in self.rows if u in tunes]
        self.judging = [u for u in self.rows if u not in tunes]

    def kernels(self, blocks: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Weighted sums of the blocks' inner products, each block centred and of mean length 1 on the known films."""
        grams = []
        for block in blocks:
            x = np.asarray(block, float) - block[~self.cold].mean(0)
            x /= np.sqrt((x[~self.cold] ** 2).sum(1).mean())
            grams.append(x @ x.T)
        weights = itertools.product([1.0], *[SCALES] * (len(blocks) - 1))
        return [sum(w * g for w, g in zip(ws, grams, strict=True)) / sum(ws) for ws in weights]

    def errors(self, kernel: np.ndarray | None, strength: float, users: Sequence[int]) -> pd.Series:
        """Mean absolute error of each user on cold films, predictions clipped to the scale."""
        y, items, (low, high), found = self.data.values, self.data.item_codes, self.data.scale, {}
        for u in users:
            known, asked = self.rows[u]
            mean = y[known].mean()
            guess = np.full(len(asked), mean)
            if kernel is not None:
                gram = kernel[np.ix_(items[known], items[known])] + strength * np.eye(len(known))
                guess += kernel[np.ix_(items[asked], items[known])] @ np.linalg.solve(gram, y[known] - mean)
            found[self.data.users["user_id"].iloc[u]] = np.abs(y[asked] - guess.clip(low, high)).mean()
        return pd.Series(found)


# -- ranking by likelihood ------------------------------------------------------------------------------------------------
def zero_shot(data: Interactions, seed: int) -> Iterator[pd.DataFrame]:
    """One held-out liked film among nineteen unseen ones, by the likelihood of its title after ten liked titles."""
    rng, model, tuning = np.random.default_rng(seed), load_language_model(), set(tuning_users(data))
    titles, counts = data.items["title"].fillna("").astype(str).to_numpy(), np.bincount(data.item_codes)
    vectors = SentenceEncoder().encode(item_texts(data))
    vectors = vectors - vectors.mean(0)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    ids = data.users["user_id"].to_numpy()
    liked = {u: data.item_codes[(data.user_codes == u) & data.liked] for u in range(data.n_users)}
    able = [u for u, films in liked.items() if len(films) > LIKED and ids[u] not in tuning]
    ranks: dict[tuple[str, str], dict] = {}
    for u in rng.choice(able, USERS, replace=False):
        target, *known = rng.permutation(liked[u])[: LIKED + 1]
        unseen = np.setdiff1d(np.flatnonzero(titles != ""), data.item_codes[data.user_codes == u])
        for drawn, p in (("evenly", None), ("by popularity", counts[unseen] / counts[unseen].sum())):
            films = np.r_[target, rng.choice(unseen, OTHERS, replace=False, p=p)]
            names = [" " + titles[film] for film in films]
            likes = counts[films].astype(float)
            likes[0] -= 1  # the held-out rating itself
            scores = {
                "language model": model.log_likelihood(ASK.format("; ".join(titles[known])), names).total,
                "language model that sees no likes": model.log_likelihood(ASK_NOTHING, names).total,
                "most rated candidate": likes,
                "encoder likeness": (vectors[films] @ vectors[known].T).mean(1),
                "random candidate": np.zeros(len(films)),
            }
            for name, score in scores.items():
                ranks.setdefault((name, drawn), {})[ids[u]] = reciprocal_rank(np.asarray(score, float))
    for (name, drawn), values in ranks.items():
        yield study_rows("reciprocal rank", name, pd.Series(values), drawn=drawn)


def reciprocal_rank(scores: np.ndarray) -> float:
    """Of the first candidate; the mean over the places that it may take among equals."""
    above, equal = int((scores > scores[0]).sum()), int((scores == scores[0]).sum())
    return float(np.mean(1 / np.arange(above + 1, above + equal + 1)))
