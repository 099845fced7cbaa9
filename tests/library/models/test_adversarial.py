"""Attacks against sign and norm by hand, reversal against autograd, erasure against regressions and against its optimum."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LinearRegression

from metarec_lib import GradientReversal, apr, fgsm, linear_erasure, pgd


def draw(seed, *shape):
    return torch.as_tensor(np.random.default_rng(seed).normal(size=shape))


def test_one_step_by_hand():
    x, centre = torch.tensor([[1.0, 2.0], [5.0, 5.0]]), torch.tensor([[4.0, -2.0], [5.0, 5.0]])

    def loss(x):
        return ((x - centre) ** 2).sum()  # gradient (-6, 8), (0, 0)

    assert torch.allclose(fgsm(loss, x, 0.5), torch.tensor([[0.5, 2.5], [5.0, 5.0]]))
    assert torch.allclose(fgsm(loss, x, 0.5, norm="2"), torch.tensor([[0.7, 2.4], [5.0, 5.0]]))


@pytest.mark.parametrize("norm", ["inf", "2"])
def test_pgd_finds_the_worst_of_a_linear_loss_and_stays_in_the_ball(norm):
    weights, x = draw(1, 4, 3), draw(2, 4, 3)
    size = weights.abs().sum() if norm == "inf" else weights.norm(dim=1).sum()
    moved = pgd(lambda x: (weights * x).sum(), x, 0.3, steps=7, norm=norm) - x
    assert torch.allclose((weights * moved).sum(), 0.3 * size)
    curved = pgd(lambda x: (weights * x**3).sum(), x, 0.3, steps=20, norm=norm) - x
    assert float(curved.abs().max() if norm == "inf" else curved.norm(dim=1).max()) <= 0.3 + 1e-12


def test_pgd_beats_one_step_where_the_loss_bends():
    def loss(x):
        return -((x - 0.2) ** 2).sum()

    x = torch.zeros(1, 1, dtype=torch.float64)
    assert float(loss(fgsm(loss, x, 0.5))) < float(loss(pgd(loss, x, 0.5, steps=50))) <= 0


def test_attacks_leave_their_input_alone():
    x = draw(3, 2, 2).requires_grad_()
    pgd(lambda x: (x**2).sum(), x, 0.1)
    fgsm(lambda x: (x**2).sum(), x, 0.1)
    assert x.grad is None and x.requires_grad


@pytest.mark.parametrize("bad", [{"epsilon": -1}, {"epsilon": float("nan")}, {"norm": "1"}, {"steps": 0}])
def test_bad_settings_are_told(bad):
    with pytest.raises(ValueError, match="expected"):
        pgd(lambda x: x.sum(), torch.ones(1), **{"epsilon": 0.1, **bad})


def test_apr_is_the_loss_at_a_constant_change():
    tables = {"a": draw(4, 3, 2).requires_grad_(), "b": draw(5, 3, 2).requires_grad_()}

    def loss(t):
        return ((t["a"] * t["b"]).sum(1) ** 2).sum()

    change, value = apr(loss, tables, 0.2)
    product = 2 * (tables["a"] * tables["b"]).sum(1, keepdim=True).detach()
    for name, other in (("a", "b"), ("b", "a")):
        gradient = product * tables[other].detach()
        assert torch.allclose(change[name], 0.2 * gradient / gradient.norm(dim=1, keepdim=True))
    expected = loss({k: v + change[k].detach() for k, v in tables.items()})
    assert torch.allclose(value, expected)
    found, right = (torch.autograd.grad(v, list(tables.values())) for v in (value, expected))
    assert all(torch.allclose(a, b) for a, b in zip(found, right, strict=True))


@pytest.mark.parametrize("strength", [1.0, 0.0, -0.5, 3.0])
def test_reversal_is_identity_forward_and_turns_the_gradient(strength):
    x, weights = draw(6, 3, 2).requires_grad_(), draw(7, 3, 2)
    out = GradientReversal(strength)(x)
    assert torch.equal(out, x)
    (gradient,) = torch.autograd.grad((weights * out).sum(), x)
    assert torch.allclose(gradient, -strength * weights)


def test_erasure_leaves_a_linear_probe_nothing():
    z = (draw(8, 200) > 0).double()
    x = draw(9, 200, 5) @ draw(10, 5, 5) + z[:, None] * draw(11, 5)
    erased = linear_erasure(x, z)(x)
    assert float(((erased - erased.mean(0)) * (z - z.mean())[:, None]).mean(0).abs().max()) < 1e-10
    assert LinearRegression().fit(erased, z).score(erased, z) < 1e-9 < LinearRegression().fit(x, z).score(x, z)


def test_erasure_changes_least_of_all_affine_maps():
    """Any linear r with cov(r x, z) = 0 differs from LEACE's by D with D s_xz = 0: none of them is closer to x."""
    z = draw(12, 300) + 0.1
    x = draw(13, 300, 4) @ draw(14, 4, 4) + z[:, None] * draw(15, 4)
    erase, centred = linear_erasure(x, z), x - x.mean(0)
    moved = ((erase(x) - x) ** 2).sum()
    s = centred.T @ (z - z.mean())
    across = torch.eye(4, dtype=x.dtype) - torch.outer(s, s) / (s @ s)
    for seed in range(20):
        other = erase(x) + centred @ (0.01 * draw(20 + seed, 4, 4) @ across).T
        assert abs(float(((other - other.mean(0)).T @ (z - z.mean())).abs().max())) < 1e-8
        assert float(((other - x) ** 2).sum()) > float(moved)


def test_erasure_of_several_columns_and_of_degenerate_vectors():
    z = torch.nn.functional.one_hot(torch.arange(60) % 3, 3).double()
    x = torch.cat([draw(16, 60, 2) + z[:, :2], torch.ones(60, 1), draw(16, 60, 2) + z[:, :2]], 1)  # a constant, copies
    erased = linear_erasure(x, z)(x)
    assert torch.isfinite(erased).all()
    assert float(((erased - erased.mean(0)).T @ (z - z.mean(0))).abs().max()) < 1e-8
    assert torch.allclose(linear_erasure(x, torch.zeros(60))(x), x)
    with pytest.raises(ValueError, match="expected"):
        linear_erasure(x, z[:5])
