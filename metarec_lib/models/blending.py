"""Blending: several recommenders side by side, weighted by how well each predicts ratings that it did not see.

Shapes: n ratings, M base models, L support sizes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Self

import numpy as np
import torch
from scipy.optimize import nnls
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge
from torch import Tensor

from metarec_lib.data.interactions import Interactions, rank_within
from metarec_lib.data.tasks import PaddedRatings
from metarec_lib.evaluation.pairs import score_pairs
from metarec_lib.models.arguments import COUNT
from metarec_lib.models.base import Recommender, settings
from metarec_lib.models.content import ContentBasedRecommender
from metarec_lib.models.factorization import MatrixFactorization
from metarec_lib.models.history import History
from metarec_lib.models.neighbours import ItemKNN

SIZES = (1, 5, 20, 80)  # support sizes that weights are learned for
HOW = ("mean", "nnls", "ridge", "boosting")


@settings
class Blend(Recommender):
    """score = sum_m a_m(K) score_m: stacked regression (Wolpert 1992; Breiman 1996), weights by how much is known of a user.

    models: recommenders, whose settings are copied; `fit` leaves them as they are. By default MatrixFactorization, ItemKNN
    and ContentBasedRecommender.
    how: `mean`; `nnls`, weights that are not negative and sum to 1; `ridge`, any weights and a constant; `boosting`,
    gradient-boosted trees on the M scores and K, which correct the mean. All but the mean learn from
    `out_of_fold_predictions`, in which every user counts the same. folds: of these.
    The weights (L, M) are in `weights_`, one row for each of `SIZES`; a user takes the row of the nearest size. Ratings of
    a single user say nothing about weights; then all are equal.
    A saved blend holds its base models; one with boosting cannot be saved.
    """

    models: Sequence[Recommender] | None = None
    how: str = "nnls"
    folds: int = 5

    ranges = {"how": HOW, "folds": COUNT}

    def _bases(self) -> list[Recommender]:
        if self.models is not None:
            return list(self.models)
        where = dict(seed=self.seed, device=self.device, dtype=self.dtype)
        return [MatrixFactorization(**where), ItemKNN(**where), ContentBasedRecommender(**where)]

    def _check_ranges(self) -> None:
        super()._check_ranges()
        bad = [repr(m) for m in self._bases() if not getattr(m, "scores_are_ratings", False)]
        if bad or not self._bases():
            raise ValueError(f"Blend: got models {bad}, expected one or more recommenders whose scores are ratings")

    @classmethod
    def of_fitted(cls, models: Sequence[Recommender]) -> Self:
        """The mean of recommenders that were fitted on the same ratings; nothing is learned anew."""
        first = models[0]
        blend = cls(models=models, how="mean", seed=first.seed, device=first.device, dtype=first.dtype)
        blend.models_, blend.tables_, blend.history_ = list(models), first.tables_, first.history_
        blend._learned_from = first._learned_from[0], {}
        blend.weights_ = blend._tensor(np.full((len(SIZES), len(models)), 1 / len(models)))
        blend.constants_ = blend._tensor(np.zeros(len(SIZES)))
        return blend

    # -- settings of the models, as in scikit-learn's pipelines: matrixfactorization__reg ----------------------------
    def get_params(self, deep: bool = True) -> dict[str, object]:
        own = super().get_params(deep=False)
        named = self._named().items() if deep else ()
        return own | {f"{name}__{key}": value for name, m in named for key, value in m.get_params().items()}

    def set_params(self, **params: object) -> Self:
        super().set_params(**{key: value for key, value in params.items() if "__" not in key})
        for key in (key for key in params if "__" in key):
            name, _, setting = key.partition("__")
            if name not in self._named():
                raise ValueError(
                    f"Blend: got the setting {key!r}, expected one of {', '.join(self._named())} before the __"
                )
            self._named()[name].set_params(**{setting: params[key]})
        return self

    def _named(self) -> dict[str, Recommender]:
        """The models that were handed in, by the lower-case name of their class, numbered from the second of a kind."""
        named: dict[str, Recommender] = {}
        for model in self.models or ():
            name = type(model).__name__.lower()
            same = sum(known.split("-")[0] == name for known in named)
            named[f"{name}-{same + 1}" if same else name] = model
        return named

    # -- learning -------------------------------------------------------------------------------------------------
    def _learn(self, data: Interactions) -> None:
        bases = self._bases()
        weights, constants = np.full((len(SIZES), len(bases)), 1 / len(bases)), np.zeros(len(SIZES))
        if self.how != "mean" and len(np.unique(data.user_codes)) > 1:
            columns = [out_of_fold_predictions(partial(clone, m), data, self.folds, self.seed) for m in bases]
            scores = np.stack(columns, axis=2).reshape(-1, len(bases))  # (n L, M)
            known, unit = _support_sizes(data, self.seed).ravel(), _unit(data)
            scores = scores / unit  # in stars of 1 to 5: the penalties below are in these
            ratings, share = (np.repeat(v, len(SIZES)) for v in (data.values / unit, _equal_users(data)))
            if self.how == "boosting":
                self.trees_ = boost(scores * unit, known, ratings * unit, share, self.seed)
            else:
                weights, constants = weights_by_size(scores, known, ratings, share, self.how)
                constants = constants * unit
        self.weights_, self.constants_ = self._tensor(weights), self._tensor(constants)
        self.models_ = [clone(m).fit(data) for m in bases]

    # -- use ------------------------------------------------------------------------------------------------------
    def adapt(self, support: PaddedRatings) -> tuple[list[object], Tensor]:
        """The state of each base model, and the number of ratings that it rests on, (B,)."""
        return [m.adapt(support) for m in self.models_], support.counts

    def score(self, state: tuple[list[object], Tensor], query: PaddedRatings) -> Tensor:
        states, counts = state
        scores = torch.stack([m.score(s, query) for m, s in zip(self.models_, states, strict=True)], dim=2)
        size = _nearest(counts)
        blended = (scores * self.weights_[size].unsqueeze(1)).sum(2) + self.constants_[size].unsqueeze(1)
        return blended + self._tensor(_corrections(self.trees_, scores, counts)) if hasattr(self, "trees_") else blended

    def save(self, path: str | Path) -> None:
        if self.how == "boosting":
            raise ValueError("Blend.save: scikit-learn stores trees only as pickled code; save a blend with how='nnls'")
        super().save(path)


def out_of_fold_predictions(
    make_model: Callable[[], Recommender],
    data: Interactions,
    folds: int = 5,
    seed: int = 0,
    sizes: Sequence[int] = SIZES,
) -> np.ndarray:
    """For each rating, the prediction of a model that did not see it, by support size: (n, L), in the order of the ratings.

    A blend that serves new users must learn from predictions made as theirs will be: by shared parameters of *other* users,
    and from K ratings of the user. So users are divided into folds; a model is fitted on the other folds' users; and each
    user's ratings are cut into two halves at random, of which each is predicted from k ratings of the other one (from all
    of them where it holds fewer). Folds over ratings would leave four fifths of a user's ratings in the model: right for
    no K. Where there are fewer users than folds, each user is a fold. Raises ValueError for fewer than 2 of either.
    """
    users = np.unique(data.user_codes)
    if folds < 2 or len(users) < 2:
        raise ValueError(
            f"out_of_fold_predictions: got folds={folds} and ratings of {len(users)} users, expected 2 or more of both"
        )
    folds = min(folds, len(users))
    fold_of = np.zeros(data.n_users, dtype=np.int64)
    fold_of[users] = np.random.default_rng(seed).permutation(len(users)) % folds
    fold, rank = fold_of[data.user_codes], _rank(data, seed)
    scores = np.empty((len(data), len(sizes)))
    for f in range(folds):
        model = make_model().fit(data.subset(fold != f))
        for half in (0, 1):
            query = np.flatnonzero((fold == f) & (rank % 2 == half))
            for column, k in enumerate(sizes):
                support = np.flatnonzero((fold == f) & (rank % 2 != half) & (rank // 2 < k))
                known = History(data.subset(support))
                scores[query, column] = score_pairs(model, data.subset(query), known).numpy()
    return scores


def stack(scores: np.ndarray, ratings: np.ndarray, share: np.ndarray, how: str) -> tuple[np.ndarray, float]:
    """The weights a (M,) and the constant c that make ratings = scores a + c in least squares.

    scores: (n, M), ratings: (n,), share: (n,) how much each row counts. how: `nnls` asks for a >= 0, sum a = 1 and c = 0;
    `ridge` for a small a (penalty 1 where the shares sum to the number of users).
    """
    if how == "ridge":
        fitted = Ridge(alpha=1.0).fit(scores, ratings, sample_weight=share)
        return fitted.coef_, float(fitted.intercept_)
    root = np.sqrt(share / share.sum())
    heavy = 1e4  # a row that only weights of sum 1 satisfy
    rows = np.vstack([scores * root[:, None], np.full(scores.shape[1], heavy)])
    weights = nnls(rows, np.append(ratings * root, heavy))[0]
    return weights / weights.sum(), 0.0


def weights_by_size(
    scores: np.ndarray, known: np.ndarray, ratings: np.ndarray, share: np.ndarray, how: str
) -> tuple[np.ndarray, np.ndarray]:
    """`stack` on the rows near each of `SIZES`: weights (L, M), constants (L,). A size without rows takes the one before.

    known: (n,) how many ratings of its user each row of scores (n, M) rests on.
    """
    row = _nearest(torch.as_tensor(known)).numpy()
    found = {size: stack(*(v[row == size] for v in (scores, ratings, share)), how) for size in np.unique(row)}
    last = min(found)
    chosen = [found[last := size if size in found else last] for size in range(len(SIZES))]
    return np.stack([weights for weights, _ in chosen]), np.array([constant for _, constant in chosen])


def boost(
    scores: np.ndarray, known: np.ndarray, ratings: np.ndarray, share: np.ndarray, seed: int
) -> HistGradientBoostingRegressor:
    """Trees that correct the mean of the scores (n, M), given these and the (n,) numbers of ratings they rest on."""
    trees = HistGradientBoostingRegressor(random_state=seed)
    return trees.fit(np.column_stack([scores, known]), ratings - scores.mean(1), sample_weight=share)


def _corrections(trees: HistGradientBoostingRegressor, scores: Tensor, counts: Tensor) -> np.ndarray:
    """What the trees say of the scores (B, Q, M) of users with (B,) ratings: (B, Q)."""
    known = counts[:, None, None].expand(*scores.shape[:2], 1)
    rows = torch.cat([scores, known], dim=2).reshape(-1, scores.shape[2] + 1).detach().cpu().numpy()
    return (trees.predict(rows) if len(rows) else np.zeros(0)).reshape(scores.shape[:2])


def _rank(data: Interactions, seed: int) -> np.ndarray:
    """Place of each rating in a random order of its user's ratings, (n,)."""
    return rank_within(data.user_codes, np.random.default_rng([seed, 1]).random(len(data)))


def _support_sizes(data: Interactions, seed: int, sizes: Sequence[int] = SIZES) -> np.ndarray:
    """How many ratings each out-of-fold prediction rests on, (n, L)."""
    count = np.bincount(data.user_codes, minlength=data.n_users)[data.user_codes]
    other_half = (count + _rank(data, seed) % 2) // 2
    return np.minimum(np.asarray(sizes), other_half[:, None])


def _equal_users(data: Interactions) -> np.ndarray:
    """Shares of the ratings under which every user counts 1, (n,)."""
    return 1 / np.bincount(data.user_codes, minlength=data.n_users)[data.user_codes]


def _unit(data: Interactions) -> float:
    """How many of the ratings' units are one star of 1 to 5."""
    low, high = data.scale
    return (high - low) / 4 if high > low else 1.0


def _nearest(counts: Tensor) -> Tensor:
    """The row of `SIZES` that is nearest to each count, on a logarithmic scale; in float32, which MPS has too."""
    sizes = torch.tensor(SIZES, dtype=torch.float32, device=counts.device)
    return torch.bucketize(counts.to(torch.float32), (sizes[:-1] * sizes[1:]).sqrt())
