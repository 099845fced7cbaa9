"""MetaRLModel: what it makes of a history is what its policy makes of the same session."""

import numpy as np
import pytest
import torch

from metarec_lib import MetaRLModel, load_data, make_world
from metarec_lib.data.tasks import PaddedRatings
from metarec_lib.device import as_tensor
from metarec_lib.models.serving import query_of


@pytest.fixture(scope="module")
def model():
    train, _ = load_data(make_world(n_users=60, n_items=40, ratings_per_user=15, seed=3).interactions)
    return MetaRLModel(epochs=2, sessions=5, longest=6).fit(train)


def test_a_history_is_a_session(model):
    items, stars = as_tensor([[3, 9, 0, 5, 7, 2, 11, 20]]), as_tensor([[5.0, 1, 4, 3, 2, 5, 4, 1]])
    mask = torch.ones_like(items, dtype=torch.bool)
    got = model.adapt(PaddedRatings(as_tensor([-1]), items, stars, mask))
    policy = model._policy()
    memory = policy.begin(1)
    for item, star in zip(items[0, 2:], stars[0, 2:], strict=True):  # the latest six
        memory = policy.observe(memory, item[None], (star[None] >= 4).double())
    torch.testing.assert_close(got, memory.query)
    query = query_of(as_tensor([-1]), as_tensor([[1, 30]]), torch.float64)
    torch.testing.assert_close(model.score(got, query)[0], model.features_[[1, 30]] @ got[0] / got[0].norm())


def test_padding_changes_nothing(model):
    short = PaddedRatings(*(as_tensor(v) for v in ([-1], [[3, 9]], [[5.0, 1.0]], [[True, True]])))
    torch.testing.assert_close(model.adapt(short), model.adapt(short.pad_to(7)))


def test_likes_move_the_list(model):
    titles = [
        m["item_id"].tolist()
        for m in (model.update(9001, 3, 5).recommend(9001), model.update(9002, 3, 1).recommend(9002))
    ]
    assert titles[0] != titles[1] and 3 not in titles[0]


def test_epochs_go_on_from_where_they_were():
    data = make_world(n_users=40, n_items=30, ratings_per_user=12, seed=3).interactions
    model = MetaRLModel(sessions=3, longest=4)
    first = model.train_one_epoch(data)
    before = {k: v.detach().clone() for k, v in model.params_.items()}
    second = model.train_one_epoch(data)
    assert (first["epoch"], second["epoch"]) == (1, 2)
    assert any(not torch.equal(before[k], v) for k, v in model.params_.items())
    assert np.isfinite(model.predict(1, [1, 2, 3])).all()
