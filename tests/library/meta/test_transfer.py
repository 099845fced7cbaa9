"""Transfer: low-rank changes, pretraining, fine-tuning, each against a plain reference."""

import copy

import numpy as np
import pytest
import torch
from sklearn.exceptions import NotFittedError

from metarec_lib import (
    BaselineRecommender,
    LoRA,
    MetaLearningModel,
    Reptile,
    fine_tune,
    load_model,
    make_world,
    pretrain,
)
from metarec_lib.device import as_tensor
from metarec_lib.models.arguments import held_out
from metarec_lib.models.training import PRETRAINED_SHARE

DATA = make_world(n_users=60, n_items=30, ratings_per_user=15, seed=2).interactions
SOURCE, TARGET = DATA.subset(DATA.user_codes < 40), DATA.subset(DATA.user_codes >= 40)


@pytest.fixture(scope="module")
def base():
    return pretrain(MetaLearningModel(seed=1), SOURCE, epochs=2)


# -- LoRA ---------------------------------------------------------------------------------------------------------
def test_lora_by_hand():
    lora = LoRA(torch.tensor([[1.0, 0.0], [0.0, 1.0], [2.0, 0.0]], dtype=torch.float64), rank=1, alpha=0.5)
    lora.a.data = torch.tensor([[1.0, -1.0]], dtype=torch.float64)
    lora.b.data = torch.tensor([[2.0], [0.0], [4.0]], dtype=torch.float64)
    wanted = torch.tensor([[2.0, -1.0], [0.0, 1.0], [4.0, -2.0]], dtype=torch.float64)
    torch.testing.assert_close(lora.merged(), wanted)
    torch.testing.assert_close(lora(torch.tensor([[1.0, 1.0]], dtype=torch.float64)), wanted.sum(1)[None])


def test_lora_starts_at_the_weight_and_trains_only_the_change():
    weight = np.random.default_rng(0).normal(size=(5, 4))
    lora, x = LoRA(weight, rank=2, seed=3), as_tensor(np.random.default_rng(1).normal(size=(7, 4)))
    plain = torch.nn.Linear(4, 5, bias=False).to(x)
    plain.weight.data = as_tensor(weight)
    torch.testing.assert_close(lora(x), plain(x))
    assert {name for name, _ in lora.named_parameters()} == {"a", "b"}
    lora.b.data.normal_()
    plain.weight.data = lora.merged().detach()
    torch.testing.assert_close(lora(x), plain(x))
    assert torch.linalg.matrix_rank(lora.merged() - as_tensor(weight)) == 2


def test_gradient_of_lora_is_that_of_the_merged_weight_by_the_chain_rule():
    lora, x = LoRA(torch.randn(3, 4, dtype=torch.float64), rank=2, alpha=6.0), torch.randn(5, 4, dtype=torch.float64)
    lora.b.data.normal_()
    (lora(x) ** 2).sum().backward()
    merged = lora.merged().detach().requires_grad_()
    (g,) = torch.autograd.grad(((x @ merged.mT) ** 2).sum(), merged)
    torch.testing.assert_close(lora.b.grad, 3 * g @ lora.a.detach().mT)
    torch.testing.assert_close(lora.a.grad, 3 * lora.b.detach().mT @ g)


@pytest.mark.parametrize(
    ("weight", "rank"), [(torch.ones(3), 1), (torch.ones(3, 2), 3), (torch.ones(3, 2), 0), (np.ones((2, 2), int), 1)]
)
def test_lora_refuses(weight, rank):
    with pytest.raises(ValueError, match="LoRA: .*expected"):
        LoRA(weight, rank)


# -- pretrain and fine_tune ---------------------------------------------------------------------------------------
def test_pretrain_fits_a_copy(base):
    model = MetaLearningModel(seed=1)
    again = pretrain(model, SOURCE, epochs=2)
    assert not hasattr(model, "params_")
    for name, value in MetaLearningModel(seed=1).fit(SOURCE, epochs=2).params_.items():
        torch.testing.assert_close(again.params_[name], value, rtol=0, atol=0)
        torch.testing.assert_close(base.params_[name], value, rtol=0, atol=0)


@pytest.mark.parametrize(("how", "l2_sp"), [("full", 0.0), ("full", 0.7), ("head", 0.0)])
def test_fine_tuning_is_a_plain_loop_of_adam(base, how, l2_sp):
    tuned = fine_tune(base, TARGET, how=how, steps=3, lr=0.01, l2_sp=l2_sp)
    plain, start = copy.deepcopy(base), base._copy()
    names = [n for n in start if how == "full" or n != "item_shift"]
    params = {n: start[n].clone().requires_grad_(n in names) for n in start}
    groups = [{"params": [params[n]], "lr": 0.01 * (PRETRAINED_SHARE if n == "item_shift" else 1)} for n in names]
    optimiser, plain.params_ = torch.optim.Adam(groups), params
    rest = TARGET.subset(~held_out(TARGET, 1))
    for epoch in range(3):  # an epoch is one batch here
        (batch,) = plain.batches(rest, np.random.default_rng([1, epoch]), plain.batch_size)
        optimiser.zero_grad()
        penalty = sum(((params[n] - start[n]) ** 2).sum() for n in names)
        (plain.meta_loss(batch) + l2_sp / 2 * penalty).backward()
        optimiser.step()
    for name, value in params.items():
        torch.testing.assert_close(tuned.params_[name], value.detach())


def test_lora_changes_the_backbone_by_a_low_rank(base):
    tuned = fine_tune(base, TARGET, how="lora", steps=5, lr=0.01, rank=2)
    change = tuned.params_["item_shift"] - base.params_["item_shift"]
    assert torch.linalg.matrix_rank(change, rtol=1e-8) == 2
    assert not torch.equal(tuned.params_["prior_mean"], base.params_["prior_mean"])


def test_a_frozen_backbone_stays_and_the_given_model_too(base):
    before = base._copy()
    tuned = fine_tune(base, TARGET, how="head", steps=5)
    assert torch.equal(tuned.params_["item_shift"], before["item_shift"])
    assert all(torch.equal(base.params_[n], before[n]) for n in before)


def test_a_strong_penalty_keeps_to_the_source(base):
    free, held = (fine_tune(base, TARGET, steps=20, lr=0.01, l2_sp=s) for s in (0.0, 1e4))
    moved = [sum(((m.params_[n] - base.params_[n]) ** 2).sum() for n in base.params_) for m in (free, held)]
    assert moved[1] < moved[0] / 10


def test_a_fine_tuned_model_knows_both_domains_and_is_a_model(base, tmp_path):
    tuned = fine_tune(base, TARGET, steps=2)
    user = TARGET.ratings["user_id"].iloc[0]
    assert tuned.ratings_of([user]).counts.item() == (TARGET.ratings["user_id"] == user).sum()
    assert 0 <= tuned.evaluate(TARGET) <= 1
    tuned.save(tmp_path / "model")
    items = DATA.items["item_id"]
    np.testing.assert_allclose(load_model(tmp_path / "model").predict(50, items), tuned.predict(50, items))


def test_what_is_refused(base):
    with pytest.raises(ValueError, match="how='some', expected one of full, head, lora"):
        fine_tune(base, TARGET, how="some")
    with pytest.raises(NotFittedError, match="pretrain"):
        fine_tune(MetaLearningModel(), TARGET)
    for model in (BaselineRecommender(), 3):
        with pytest.raises(ValueError, match="expected a model trained by gradient"):
            pretrain(model, SOURCE)
    with pytest.raises(ValueError, match="follow no loss"):
        fine_tune(Reptile().fit(SOURCE, epochs=1), TARGET)
    with pytest.raises(ValueError, match="l2_sp=-1"):
        fine_tune(base, TARGET, l2_sp=-1)
    with pytest.raises(ValueError, match="steps=0"):
        fine_tune(base, TARGET, steps=0)
    with pytest.raises(ValueError, match="no user has two ratings"):
        fine_tune(base, TARGET.subset([0]))
    with pytest.raises(ValueError, match="table"):
        fine_tune(base, make_world(n_users=9, n_items=5, ratings_per_user=3).interactions)
