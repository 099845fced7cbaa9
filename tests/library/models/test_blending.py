"""Blending: predictions that did not see their rating, weights against brute force, and the recommender's contract."""

from itertools import product

import numpy as np
import pytest
import torch
from sklearn.base import clone

from metarec_lib.data.interactions import Interactions
from metarec_lib.data.synthetic import make_world
from metarec_lib.data.tasks import PaddedRatings, make_tasks, pad_ratings
from metarec_lib.evaluation.protocols import evaluate_tasks, score_tasks
from metarec_lib.models import blending
from metarec_lib.models.baseline import BaselineRecommender, PopularityRecommender
from metarec_lib.models.blending import HOW, SIZES, Blend, out_of_fold_predictions, stack
from metarec_lib.models.content import ContentBasedRecommender
from metarec_lib.models.factorization import MatrixFactorization
from metarec_lib.models.storage import load_model

BASES = (BaselineRecommender(), MatrixFactorization(factors=3, epochs=3), ContentBasedRecommender(steps=5))


@pytest.fixture(scope="module")
def data():
    return make_world(n_users=80, n_items=50, ratings_per_user=20, seed=4).interactions


@pytest.fixture(scope="module")
def blends(data):
    return {how: Blend(models=BASES, how=how, folds=3).fit(data) for how in HOW}


# -- out-of-fold predictions ------------------------------------------------------------------------------------------
class Spy(BaselineRecommender):
    """Scores an item by the number of ratings that the model adapted to, and keeps what it saw."""

    def fit(self, X, y=None, **options):
        self.fitted_on = set(X.user_codes)
        self.seen, self.asked = {}, []
        return super().fit(X, y, **options)

    def adapt(self, support):
        for row, user in enumerate(support.users.tolist()):
            self.seen.setdefault(user, []).append(set(support.items[row][support.mask[row]].tolist()))
        return support

    def score(self, state, query):
        for row, user in enumerate(query.users.tolist()):
            items = set(query.items[row][query.mask[row]].tolist())
            self.asked.append((user, self.seen[user][-1], items))
        return state.counts.unsqueeze(1).expand(query.items.shape).to(torch.float64)


def test_each_rating_is_predicted_without_its_user_and_without_itself(data):
    made = []

    def make():
        made.append(Spy())
        return made[-1]

    known = out_of_fold_predictions(make, data, folds=4, sizes=(1, 6, 1000))
    assert len(made) == 4
    own = {(u, i) for u, i in zip(data.user_codes, data.item_codes, strict=True)}
    predicted = []
    for spy in made:
        outside = [(u, s, q) for u, s, q in spy.asked if u not in spy.fitted_on]  # `fit` itself scores its own users
        assert outside and all(not (s & q) for _, s, q in outside)
        predicted += [(u, i) for u, _, q in outside for i in q]
    assert len(predicted) == 3 * len(own) and set(predicted) == own
    other_half = (np.bincount(data.user_codes)[data.user_codes] + blending._rank(data, 0) % 2) // 2
    np.testing.assert_array_equal(known, np.minimum([1, 6, 1000], other_half[:, None]))
    np.testing.assert_array_equal(blending._support_sizes(data, 0, (1, 6, 1000)), known)


@pytest.mark.parametrize("model", BASES, ids=lambda m: type(m).__name__)
def test_a_prediction_does_not_change_with_its_own_rating(data, model):
    changed = data.values.copy()
    at = 17
    changed[at] = 5.0 if changed[at] < 3 else 1.0
    make = lambda: clone(model)  # noqa: E731
    before = out_of_fold_predictions(make, data, folds=3)
    after = out_of_fold_predictions(make, data.replace_ratings(data.ratings.assign(rating=changed)), folds=3)
    np.testing.assert_array_equal(before[at], after[at])
    same_user = data.user_codes == data.user_codes[at]
    assert (before[same_user] != after[same_user]).any() and (before[~same_user] != after[~same_user]).any()


def test_order_of_rows_and_seed(data):
    make = BaselineRecommender
    one, same, other = (out_of_fold_predictions(make, data, folds=2, seed=s) for s in (0, 0, 1))
    np.testing.assert_array_equal(one, same)
    assert one.shape == (len(data), len(SIZES)) and np.isfinite(one).all() and (one != other).any()
    assert np.corrcoef(one[:, -1], data.values)[0, 1] > 0.3  # rows that were mixed up would not correlate


def test_out_of_fold_needs_two_users(data):
    with pytest.raises(ValueError, match="ratings of 1 users, expected 2 or more"):
        out_of_fold_predictions(BaselineRecommender, data.subset(data.user_codes == 0))
    with pytest.raises(ValueError, match="folds=1"):
        out_of_fold_predictions(BaselineRecommender, data, folds=1)


# -- weights ----------------------------------------------------------------------------------------------------------
def _problem(seed=0, n=60):
    rng = np.random.default_rng(seed)
    ratings = rng.normal(3.5, 1, n)
    scores = 0.6 * ratings[:, None] + 1.4 + rng.normal(0, [0.5, 0.7, 2.0], (n, 3))
    return scores, ratings, rng.random(n)


def test_nnls_is_the_best_point_of_the_simplex():
    scores, ratings, share = _problem()
    weights, constant = stack(scores, ratings, share, "nnls")
    loss = lambda a: float(share @ (scores @ a - ratings) ** 2)  # noqa: E731
    grid = [np.array([a, b, 1 - a - b]) for a, b in product(np.linspace(0, 1, 101), repeat=2) if a + b <= 1]
    best = min(grid, key=loss)
    np.testing.assert_allclose(weights, best, atol=0.02)
    assert loss(weights) <= loss(best) + 1e-6
    assert weights.min() >= 0 and weights.sum() == pytest.approx(1, abs=1e-12) and constant == 0


def test_nnls_leaves_out_what_only_harms():
    _, ratings, share = _problem()
    noise = np.random.default_rng(1).normal(3.5, 3, (len(ratings), 2))
    weights, _ = stack(np.column_stack([noise[:, 0], ratings, noise[:, 1]]), ratings, share, "nnls")
    np.testing.assert_allclose(weights, [0, 1, 0], atol=1e-6)


def test_ridge_is_its_normal_equation():
    scores, ratings, share = _problem()
    weights, constant = stack(scores, ratings, share, "ridge")
    total = share.sum()
    x, y = scores - share @ scores / total, ratings - share @ ratings / total
    expected = np.linalg.solve((x * share[:, None]).T @ x + np.eye(3), (x * share[:, None]).T @ y)
    np.testing.assert_allclose(weights, expected, rtol=1e-8)
    assert constant == pytest.approx(share @ (ratings - scores @ expected) / total)


def test_a_size_without_rows_takes_the_one_before():
    scores, ratings, share = _problem()
    known = np.where(np.arange(60) < 30, 4, 100)
    weights, _ = blending.weights_by_size(scores, known, ratings, share, "nnls")
    few, many = (stack(scores[r], ratings[r], share[r], "nnls")[0] for r in (known == 4, known == 100))
    np.testing.assert_allclose(weights, [few, few, few, many])


def test_weights_go_to_the_base_that_is_right_and_depend_on_what_is_known(data, monkeypatch):
    """A base that is right for small supports only, and one for large ones only."""

    def held(make, data, folds, seed):
        known = blending._support_sizes(data, seed)
        noise = np.random.default_rng(7).normal(0, 3, known.shape)
        good = known <= 2 if isinstance(make(), MatrixFactorization) else known > 2
        return data.values[:, None] + np.where(good, 0.0, noise)

    monkeypatch.setattr(blending, "out_of_fold_predictions", held)
    weights = Blend(models=[MatrixFactorization(epochs=1), BaselineRecommender()]).fit(data).weights_.cpu().numpy()
    np.testing.assert_allclose(weights[:2], [[1, 0], [0, 1]], atol=1e-5)


@pytest.mark.parametrize(
    ("count", "row"), [(0, 0), (1, 0), (2, 0), (3, 1), (10, 1), (11, 2), (40, 2), (41, 3), (900, 3)]
)
def test_the_nearest_size(count, row):
    assert blending._nearest(torch.tensor([count])).tolist() == [row]


# -- the recommender --------------------------------------------------------------------------------------------------
def _ragged(data) -> tuple[PaddedRatings, PaddedRatings]:
    """Users with 3, 0, 12 and 1 ratings, the last unknown like one of the items."""
    rng = np.random.default_rng(3)
    owner = np.repeat([0, 2, 3], [3, 12, 1])
    items = np.concatenate([rng.permutation(data.n_items)[:n] for n in (3, 12, 1)])
    users = np.array([0, 1, 2, -1])
    query = pad_ratings(np.repeat(np.arange(4), 5), np.tile([1, 5, 9, 30, -1], 4), np.zeros(20), users)
    return pad_ratings(owner, items, rng.integers(1, 6, 16).astype(float), users), query


def test_scores_are_the_weighted_sum_of_the_bases(data, blends):
    support, query = _ragged(data)
    for how in ("mean", "nnls", "ridge"):
        blend = blends[how]
        bases = np.stack([m.score(m.adapt(support), query).cpu().numpy() for m in blend.models_], axis=2)
        scores = blend.score(blend.adapt(support), query).cpu().numpy()
        for user, row in enumerate((1, 0, 2, 0)):
            weights, constant = blend.weights_[row].cpu().numpy(), float(blend.constants_[row])
            np.testing.assert_allclose(scores[user], bases[user] @ weights + constant, rtol=1e-12)
    mean = blends["mean"]
    np.testing.assert_array_equal(mean.weights_.cpu(), np.full((4, 3), 1 / 3))
    nnls = blends["nnls"].weights_
    assert bool((nnls >= 0).all()) and torch.allclose(nnls.sum(1), torch.ones_like(nnls[:, 0]))


def test_boosting_corrects_the_mean(data, blends):
    support, query = _ragged(data)
    blend = blends["boosting"]
    bases = np.stack([m.score(m.adapt(support), query).cpu().numpy() for m in blend.models_], axis=2)
    scores = blend.score(blend.adapt(support), query).cpu().numpy()
    for user, count in enumerate((3, 0, 12, 1)):
        rows = np.column_stack([bases[user], np.full(5, count)])
        np.testing.assert_allclose(scores[user], bases[user].mean(1) + blend.trees_.predict(rows), rtol=1e-12)


@pytest.mark.parametrize("how", HOW)
def test_a_batch_is_its_users_one_by_one(data, blends, how):
    support, query = _ragged(data)
    together = blends[how].score(blends[how].adapt(support), query)
    for b in range(len(support)):
        one = support.select(slice(b, b + 1)).trim()
        alone = blends[how].score(blends[how].adapt(one), query.select(slice(b, b + 1)))
        torch.testing.assert_close(alone[0], together[b])
    assert bool(torch.isfinite(together).all())
    empty = query.select(slice(0, 2)).first(0)
    assert blends[how].score(blends[how].adapt(support.select(slice(0, 2))), empty).shape == (2, 0)


@pytest.mark.parametrize("how", HOW)
def test_contract(data, blends, how):
    blend = Blend(models=BASES, how=how, folds=3).fit(data)
    assert 0.5 < blend.evaluate(data) <= 1 and blend.evaluate(data, metric="rmse") < data.values.std()
    user = data.users["user_id"][0]
    items = data.items["item_id"].to_numpy()
    np.testing.assert_array_equal(blend.predict(user, items), blends[how].predict(user, items))  # bit-equal rerun
    best = blend.recommend(user, k=3)
    assert list(best["rank"]) == [1, 2, 3] and best["score"].is_monotonic_decreasing
    before = blend.predict(10**9, items)
    for item in (3, 8):
        blend.update(10**9, item, 5)
    after = blend.predict(10**9, items)
    state = blend.adapt(pad_ratings(np.zeros(2, int), data.item_index([3, 8]), np.array([5.0, 5.0]), np.array([-1])))
    query = pad_ratings(np.zeros(len(items), int), np.arange(len(items)), np.zeros(len(items)), np.array([-1]))
    np.testing.assert_allclose(after, blend.score(state, query)[0].cpu(), rtol=1e-12)
    assert (after != before).any()
    with pytest.raises(ValueError, match="posterior"):
        blend.predict(user, items, return_std=True)


def test_blend_leaves_its_models_alone_and_can_be_fitted_again(data):
    fitted = BaselineRecommender().fit(data.subset(data.user_codes < 40))
    kept = fitted.item_bias_.clone()
    blend = Blend(models=[fitted, ContentBasedRecommender(steps=2)], folds=2).fit(data)
    assert torch.equal(fitted.item_bias_, kept) and not torch.equal(blend.models_[0].item_bias_, kept)
    half = data.subset(data.user_codes < 40)
    again, fresh = blend.fit(half), Blend(models=[fitted, ContentBasedRecommender(steps=2)], folds=2).fit(half)
    assert torch.equal(again.weights_, fresh.weights_) and again.threshold_ == fresh.threshold_


def test_learned_weights_beat_the_mean_where_a_base_is_bad(data):
    bad = MatrixFactorization(factors=5, reg=0.01, user_shrinkage=0.01, epochs=3)
    tasks = make_tasks(data, k=1, pool=1, seed=5)
    mean, nnls = (
        evaluate_tasks(Blend(models=[bad, BaselineRecommender()], how=how, folds=3).fit(data), tasks, ("rmse",))[
            "rmse"
        ].mean()
        for how in ("mean", "nnls")
    )
    assert nnls < mean - 0.02


@pytest.mark.parametrize("how", ["mean", "nnls", "ridge"])
def test_a_saved_blend_holds_its_models(data, blends, how, tmp_path):
    blends[how].save(tmp_path / "blend.npz")
    again = load_model(tmp_path / "blend.npz")
    users = data.users["user_id"][:4]
    items = data.items["item_id"].to_numpy()
    for user in [*users, 10**9]:
        assert again.predict(user, items).equals(blends[how].predict(user, items))
    assert [m.get_params() for m in again.models] == [m.get_params() for m in BASES]


def test_boosting_cannot_be_saved_and_says_so(blends, tmp_path):
    with pytest.raises(ValueError, match="pickled code"):
        blends["boosting"].save(tmp_path / "blend.npz")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("how", HOW)
def test_one_user_teaches_no_weights(data, how):
    one = data.subset(data.user_codes == 0)
    blend, mean = (Blend(models=BASES, how=h).fit(one) for h in (how, "mean"))
    assert blend.predict(1, [1, 2, 3]).equals(mean.predict(1, [1, 2, 3]))


def test_wrong_arguments(data):
    with pytest.raises(ValueError, match="how='median', expected one of"):
        Blend(how="median").fit(data)
    with pytest.raises(ValueError, match="PopularityRecommender.*scores are ratings"):
        Blend(models=[BaselineRecommender(), PopularityRecommender()]).fit(data)
    with pytest.raises(ValueError, match="one or more recommenders"):
        Blend(models=[]).fit(data)
    with pytest.raises(ValueError, match="'pca__rank', expected one of baselinerecommender"):
        Blend(models=[BaselineRecommender()]).set_params(pca__rank=2)


def test_a_blend_learns_each_base_once_a_fold_and_once_more(data, monkeypatch):
    fits = []
    learn = BaselineRecommender._learn
    monkeypatch.setattr(BaselineRecommender, "_learn", lambda self, part: fits.append(len(part)) or learn(self, part))
    Blend(models=[BaselineRecommender()], folds=3).fit(data)
    assert len(fits) == 4 and fits[-1] == len(data)


def test_settings_of_the_models_are_reached_by_name(data):
    blend = Blend(models=[MatrixFactorization(), MatrixFactorization(reg=2.0), BaselineRecommender()])
    params = blend.get_params()
    assert params["matrixfactorization__reg"] == 1.5 and params["matrixfactorization-2__reg"] == 2.0
    blend.set_params(**{"matrixfactorization-2__reg": 3.0, "how": "mean"})
    assert blend.models[1].reg == 3.0 and blend.models[0].reg == 1.5 and blend.how == "mean"


@pytest.mark.parametrize("how", [h for h in HOW if h != "boosting"])  # trees split near ties by the last digit
def test_ratings_in_other_units_give_the_same_scores_in_these(data, blends, how):
    """The penalties of the weights are in stars: twenty times the ratings give twenty times the scores."""
    tasks = make_tasks(data, k=5)
    low, high = data.scale
    rows = data.ratings.assign(rating=data.ratings["rating"] * 20)
    other = Interactions(rows, data.users, data.items, data.name, (low * 20, high * 20))
    twenty = Blend(models=BASES, how=how, folds=3).fit(other)
    own, theirs = score_tasks(blends[how], tasks), score_tasks(twenty, make_tasks(other, k=5))
    mask = tasks.query.mask
    torch.testing.assert_close(theirs[mask] / 20, own[mask], rtol=0, atol=1e-8)
