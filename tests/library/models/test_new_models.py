"""Four small models of kinds that the library does not have yet: the base carries each of them without a change."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy, logsigmoid

from metarec_lib import Interactions, Recommender, TrainedRecommender, load_data, make_world
from metarec_lib.device import as_tensor
from metarec_lib.models.base import Episode, settings
from metarec_lib.models.batches import row_batches, triple_batches, user_batches
from metarec_lib.models.contract import CHECKS


# -- a sequence model -------------------------------------------------------------------------------------------------
@settings
class NextItem(TrainedRecommender):
    """The next item from a decayed sum of the ones before, by full softmax."""

    width: int = 8
    decay: float = 0.7
    batch_size: int = 16

    scores_are_ratings = False
    uses_order = True

    def _initial(self, data, rng):
        tables = {name: rng.normal(0, 0.3, (data.n_items + 1, self.width)) for name in ("read", "write")}
        return tables | {"popular": np.zeros(data.n_items + 1)}

    def batches(self, data, rng, size):
        return user_batches(data, rng, size, device=self.device, dtype=self.dtype)

    def _states(self, ratings):
        """(B, T): the decayed sum after each item."""
        read = self.params_["read"][ratings.items] * ratings.mask.unsqueeze(2)
        at = torch.arange(read.shape[1], device=read.device)
        age = at[:, None] - at
        return torch.where(age >= 0, self.decay ** age.clamp(min=0).to(read.dtype), 0) @ read

    def adapt(self, support):
        states = self._states(support)
        last = (support.counts - 1).clamp(min=0)
        return torch.cat([states, states.new_zeros(len(states), 1, self.width)], 1)[torch.arange(len(last)), last]

    def score(self, state, query):
        p = self.params_
        return (p["write"][query.items] @ state.unsqueeze(2)).squeeze(2) + p["popular"][query.items]

    def loss(self, batch):
        logits = self._states(batch)[:, :-1] @ self.params_["write"][:-1].T + self.params_["popular"][:-1]
        return cross_entropy(logits[batch.mask[:, 1:]], batch.items[:, 1:][batch.mask[:, 1:]])


# -- clicks -----------------------------------------------------------------------------------------------------------
@settings
class ClickFactors(TrainedRecommender):
    """Factors from clicks alone: an item clicked above one that is not (BPR); a user is the mean of the clicked items."""

    width: int = 8

    scores_are_ratings = False

    def _initial(self, data, rng):
        return {"item": rng.normal(0, 0.1, (data.n_items + 1, self.width)), "bias": np.zeros(data.n_items + 1)}

    def batches(self, data, rng, size):
        users = user_batches(data, rng, data.n_users, device=self.device, dtype=self.dtype)
        everyone = next(iter(users))
        state = {int(u): i for i, u in enumerate(everyone.users)}
        for u, liked, other in triple_batches(data, rng, size):
            rows = torch.tensor([state[int(v)] for v in u])
            yield everyone.select(rows), torch.as_tensor(np.stack([liked, other], 1))

    def adapt(self, support):
        items = self.params_["item"][support.items] * support.mask.unsqueeze(2)
        return items.sum(1) / support.mask.sum(1, keepdim=True).clamp(min=1)

    def score(self, state, query):
        return self._scores(state, query.items)

    def _scores(self, state, items):
        return (self.params_["item"][items] @ state.unsqueeze(2)).squeeze(2) + self.params_["bias"][items]

    def loss(self, batch):
        history, pair = batch
        better, worse = self._scores(self.adapt(history), pair).unbind(1)
        return -logsigmoid(better - worse).mean()


# -- two heads --------------------------------------------------------------------------------------------------------
@settings
class TwoHeads(TrainedRecommender):
    """A rating and a click from one item vector and a shrunken mean of what the user rated."""

    width: int = 6

    def _prepare(self, data):
        self.mean_, self.spread_ = float(data.values.mean()), float(data.values.std()) or 1.0

    def _initial(self, data, rng):
        heads = {name: np.zeros(data.n_items + 1) for name in ("rating", "click")}
        return heads | {"item": rng.normal(0, 0.1, (data.n_items + 1, self.width)), "mix": np.eye(self.width)}

    def batches(self, data, rng, size):
        for rows in row_batches(data, rng, size):
            click = data.ratings["click"].to_numpy()[rows] if "click" in data.ratings else data.liked[rows]
            yield (torch.as_tensor(data.item_codes[rows]), self._tensor(data.values[rows]), self._tensor(click * 1.0))

    def adapt(self, support):
        residual = (support.values - self.mean_) / self.spread_ * support.mask
        return residual.sum(1, keepdim=True) / (support.mask.sum(1, keepdim=True) + 5)

    def score(self, state, query):
        return self.mean_ + self.spread_ * (state + self._head("rating", query.items))

    def score_heads(self, state, query):
        return {"rating": self.score(state, query), "click": state + self._head("click", query.items)}

    def _head(self, name, items):
        return self.params_[name][items] + (self.params_["item"][items] @ self.params_["mix"]).sum(-1)

    def loss(self, batch):
        items, values, clicks = batch
        rating = (self._head("rating", items) - (values - self.mean_) / self.spread_) ** 2
        return rating.mean() + binary_cross_entropy_with_logits(self._head("click", items), clicks)


# -- a bandit ---------------------------------------------------------------------------------------------------------
@settings
class LinearBandit(Recommender):
    """LinUCB on genres: ridge regression of the rating, and a bonus for what is not known."""

    alpha: float = 1.0

    def _learn(self, data):
        genres = data.items[list(data.genres)].to_numpy(float)
        x = np.column_stack([genres, np.ones(data.n_items)])
        self.x_, self.mean_ = self._tensor(np.vstack([x, 0 * x[:1]])), float(data.values.mean())
        self.spread_ = float(data.values.std()) or 1.0

    def adapt(self, support):
        x = self.x_[support.items] * support.mask.unsqueeze(2)
        y = (support.values - self.mean_) / self.spread_ * support.mask
        eye = torch.eye(x.shape[2], dtype=x.dtype, device=x.device)
        return eye + x.mT @ x, (x.mT @ y.unsqueeze(2)).squeeze(2)

    def score(self, state, query):
        weights = torch.linalg.solve(state[0], state[1].unsqueeze(2))
        return self.mean_ + self.spread_ * (self.x_[query.items] @ weights).squeeze(2)

    def begin(self, support):
        return self.adapt(support)

    def act(self, session, candidates, rng):
        x = self.x_[candidates]
        known = (x @ torch.linalg.solve(session[0], session[1].unsqueeze(2))).squeeze(2)
        bonus = (x * torch.linalg.solve(session[0], x.mT).mT).sum(2).sqrt()
        return candidates.gather(1, (known + self.alpha * bonus).argmax(1, keepdim=True)).squeeze(1)

    def advance(self, session, items, values):
        x, y = self.x_[items], (values - self.mean_) / self.spread_
        return session[0] + x.unsqueeze(2) * x.unsqueeze(1), session[1] + x * y.unsqueeze(1)


MODELS = (NextItem, ClickFactors, TwoHeads, LinearBandit)


@pytest.mark.parametrize("check", CHECKS, ids=lambda c: c.__name__)
@pytest.mark.parametrize("model", MODELS, ids=lambda m: m.__name__)
@pytest.mark.filterwarnings("ignore::metarec_lib.evaluation.metrics.ConstantScoreWarning")
def test_it_passes_the_contract(model, check, monkeypatch):
    if check.__name__ == "check_save_and_load":  # models of other packages are not loaded: see storage
        with pytest.raises(ValueError, match="metarec_lib"):
            check(model)
        return
    check(model)


def order_matters(seed=0):
    """Users who go through the films in a circle: the next one follows from the last one alone."""
    rng = np.random.default_rng(seed)
    start = rng.integers(20, size=60)
    rows = [(u, (s + t) % 20, 5.0, t) for u, s in enumerate(start) for t in range(rng.integers(4, 12))]
    return Interactions.from_frame(
        pd.DataFrame(rows, columns=["user_id", "item_id", "rating", "timestamp"]), scale=(1, 5)
    )


def test_the_sequence_model_uses_the_order():
    data = order_matters()
    train, test = load_data(data, split="leave-last-out")
    model = NextItem(epochs=60, patience=60, lr=0.03, decay=0.3).fit(train)
    assert model.evaluate(test, metric="hr@3") > 0.9
    assert model.validation_error_ < -0.8  # minus nDCG@10 decides when to stop
    turned = train.replace_ratings(train.ratings.assign(timestamp=-train.ratings["timestamp"]))
    assert NextItem(epochs=60, patience=60, lr=0.03, decay=0.3).fit(turned).evaluate(test, metric="hr@3") < 0.5


def test_the_click_model_learns_from_clicks_alone():
    data = order_matters()
    clicks = Interactions(data.ratings.assign(rating=1.0), data.users, data.items, "clicks", (0.0, 1.0))
    train, test = load_data(clicks, split="random")
    assert train.liked.all()
    model = ClickFactors(epochs=30, patience=30, lr=0.03, width=16).fit(train)
    assert model.evaluate(test, metric="ndcg@10") > 0.3
    with pytest.raises(ValueError, match="only one class"):
        model.evaluate(test, metric="auc")


def test_each_head_is_judged_on_its_own_column():
    data = make_world(n_users=40, n_items=30, ratings_per_user=12, seed=3).interactions
    click = (data.item_codes % 3 == 0).astype(float)
    train, test = load_data(data.replace_ratings(data.ratings.assign(click=click)))
    model = TwoHeads(epochs=40, lr=0.03).fit(train)
    assert model.evaluate(test, metric="auc", head="click") > 0.95 > model.evaluate(test, metric="auc")
    with pytest.raises(ValueError, match="got head 'dwell', expected one of rating, click"):
        model.evaluate(test, metric="auc", head="dwell")
    with pytest.raises(ValueError, match="scores of the head 'click' are no ratings"):
        model.evaluate(test, metric="rmse", head="click")


def test_a_bandit_finds_the_genre_that_a_user_likes():
    world = make_world(n_users=30, n_items=40, ratings_per_user=20, explained=1.0, seed=1).interactions
    model, genre = LinearBandit(alpha=0.5).fit(world), as_tensor(world.items[world.genres[0]].to_numpy(bool))
    session, rng = model.begin(model.ratings_of(["new"])), np.random.default_rng(0)
    candidates, shown = as_tensor(np.arange(40)[None]), []
    for _ in range(20):
        item = model.act(session, candidates, rng)
        shown.append(bool(genre[item]))
        session = model.advance(session, item, torch.where(genre[item], 5.0, 1.0).to(torch.float64))
    assert np.mean(shown[10:]) > max(0.9, float(genre.double().mean()))


def test_any_recommender_takes_part_in_a_session():
    train, _ = load_data(make_world(n_users=40, n_items=30, ratings_per_user=12, seed=3).interactions)
    model = TwoHeads(epochs=2).fit(train)
    session = model.begin(model.ratings_of([1, 2]))
    assert isinstance(session, Episode)
    candidates = as_tensor([[3, 5, 7], [2, 4, 6]])
    item = model.act(session, candidates, np.random.default_rng(0))
    best = [int(c[model.predict(u, train.items["item_id"].iloc[c.tolist()]).to_numpy().argmax()])
            for u, c in zip((1, 2), candidates, strict=True)]  # fmt: skip
    assert item.tolist() == best
    after = model.advance(session, item, as_tensor([1.0, 5.0]))
    assert after.support.counts.tolist() == [c + 1 for c in session.support.counts.tolist()]
    assert (after.state - session.state).abs().min() > 1e-6
