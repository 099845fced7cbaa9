"""Graded tests of q27. The greedy set against determinants, responsibilities against scipy, the penalty against numpy."""

import numpy as np
import torch
from scipy.stats import multivariate_normal

from metarec_lib.workbook import assert_close, graded


def tensor(values):
    return torch.tensor(values, dtype=torch.float64)


def greedy(kernel, k):
    """By determinants, one candidate after the other."""
    chosen = []
    for _ in range(k):
        left = [j for j in range(len(kernel)) if j not in chosen]
        chosen.append(max(left, key=lambda j: np.linalg.det(kernel[np.ix_([*chosen, j], [*chosen, j])])))
    return chosen


@graded("dpp_greedy", core=True)
def test_a_twin_is_passed_over(yours):
    kernel = tensor([[2.0, 1.9, 0.0], [1.9, 1.9, 0.0], [0.0, 0.0, 1.0]])
    assert_close(
        list(yours.dpp_greedy(kernel, 2)),
        [0, 2],  # det{0, 1} = 2 · 1.9 − 1.9² = .19, det{0, 2} = 2
        cause=(
            "after item 0, its twin 1 has little left of its own: 1.9 − 1.9² / 2 = .095; item 2 has 1",
            "选了 0 之后，它的孪生 1 自己剩下的很少：1.9 − 1.9² / 2 = .095；而 2 有 1",
        ),
    )


@graded("dpp_greedy", core=True)
def test_it_is_greedy_by_determinants(yours, rng):
    z = rng.normal(size=(9, 6)) * rng.uniform(0.5, 2, size=(9, 1))
    kernel = z @ z.T + 0.1 * np.eye(9)
    assert_close(
        list(yours.dpp_greedy(torch.as_tensor(kernel), 5)),
        greedy(kernel, 5),
        cause=(
            "each new item must count what all chosen ones explain of it, not the last one alone",
            "每个新物品都要扣掉所有已选者解释的部分，而不只是最后一个",
        ),
    )


@graded("dpp_greedy", core=True)
def test_what_the_chosen_share_counts_once(yours):
    z = tensor([[4.0, 0.0, 0.0], [2.5, 2.0, 0.0], [2.0, 0.0, 1.1], [0.0, 0.0, 1.0]])
    assert_close(
        list(yours.dpp_greedy(z @ z.T, 3)),
        [0, 1, 2],  # of item 2, items 0 and 1 explain the first number once: 1.1² = 1.21 is left, of item 3 there is 1
        cause=(
            "items 0 and 1 overlap; what both explain of item 2 is taken off once, not twice",
            "0 和 1 有重叠；它们共同解释 2 的那部分只扣一次，不扣两次",
        ),
    )


@graded("dpp_greedy", core=True)
def test_it_stops_at_a_flat_kernel(yours):
    z = tensor([[1.0, 0.0], [0.0, 2.0], [1.0, 2.0], [3.0, 0.0]])
    assert_close(
        list(yours.dpp_greedy(z @ z.T, 4)),
        [3, 1],
        cause=(
            "rows of two numbers span two directions: a third item adds no volume, so stop",
            "两维的行只张成两个方向：第三个不增加体积，要停下",
        ),
    )


@graded("dpp_greedy")
def test_equal_items_and_whole_numbers(yours):
    kernel = torch.tensor([[1, 0, 0], [0, 4, 0], [0, 0, 4]])
    before = kernel.clone()
    got = [list(yours.dpp_greedy(kernel, k)) for k in (0, 2, 9)]
    assert_close(
        got,
        [[], [1, 2], [1, 2, 0]],
        cause=("of equal items the lower position; at most N", "相同的取编号小的；最多 N 个"),
    )
    assert_close(kernel, before, cause=("you changed the kernel itself", "你改动了传入的核矩阵"))


@graded("dpp_greedy")
def test_a_variance_at_the_border(yours):
    got = [list(yours.dpp_greedy(torch.diag(tensor([1.0, tiny])), 2)) for tiny in (1e-10, 1.5e-10)]
    assert_close(
        got, [[0], [0, 1]], cause=("1e-10 or less counts as nothing; more does not", "不超过 1e-10 算没有，再大就不算")
    )


@graded("mixture_responsibilities", core=True)
def test_one_rating_by_hand(yours):
    got = yours.mixture_responsibilities(
        tensor([[1.0]]), tensor([1.0]), tensor([[1.0], [-1.0]]), tensor([0.5, 0.5]), 1.0, 1.0
    )
    # variance 2: exponents 0 and −(2²) / 4 = −1, so 1 / (1 + e⁻¹)
    assert_close(
        got,
        tensor([0.7310585786, 0.2689414214]),
        cause=(
            "the rating's variance is scale² + noise² = 2, not noise² alone: the user's own weights vary too",
            "评分的方差是 scale² + noise² = 2，不只是 noise²：用户自己的权重也有变化",
        ),
    )


@graded("mixture_responsibilities", core=True)
def test_it_is_bayes(yours, rng):
    X, means = rng.normal(size=(4, 3)), rng.normal(size=(3, 3))
    y, share, scale, noise = rng.normal(size=4), rng.dirichlet(np.ones(3)), rng.uniform(0.3, 1), rng.uniform(0.5, 1)
    covariance = scale**2 * X @ X.T + noise**2 * np.eye(4)
    weight = [p * multivariate_normal.pdf(y, X @ m, covariance) for p, m in zip(share, means, strict=True)]
    given = [torch.as_tensor(v) for v in (X, y, means, share)]
    assert_close(
        yours.mixture_responsibilities(*given, float(scale), float(noise)),
        tensor(np.array(weight) / np.sum(weight)),
        cause=(
            "ρ_c ∝ share_c · N(y; X m_c, scale² X Xᵀ + noise² I): ratings of one user are correlated",
            "ρ_c ∝ share_c · N(y; X m_c, scale² X Xᵀ + noise² I)：同一用户的评分是相关的",
        ),
    )


@graded("mixture_responsibilities", core=True)
def test_far_from_both(yours):
    got = yours.mixture_responsibilities(
        tensor([[1.0]]), tensor([200.0]), tensor([[1.0], [-1.0]]), tensor([0.5, 0.5]), 0.1, 0.1
    )
    assert_close(
        got,
        tensor([1.0, 0.0]),
        cause=(
            "both likelihoods are 0 as numbers: normalise their logs (softmax)",
            "两个似然在数值上都是 0：要对对数归一化（softmax）",
        ),
    )


@graded("mixture_responsibilities", core=True)
def test_without_ratings(yours):
    got = yours.mixture_responsibilities(
        torch.zeros(0, 2).double(),
        torch.zeros(0).double(),
        tensor([[1.0, 0.0], [0.0, 1.0]]),
        tensor([0.3, 0.7]),
        1.0,
        1.0,
    )
    assert_close(got, tensor([0.3, 0.7]), cause=("nothing is known: the shares", "什么都不知道时就是各类占比"))


@graded("mixture_responsibilities")
def test_a_rare_kind(yours):
    got = yours.mixture_responsibilities(
        tensor([[2.0], [0.0]]), tensor([0.0, 3.0]), tensor([[1.0], [-1.0], [9.0]]), tensor([0.75, 0.25, 0.0]), 2.0, 0.5
    )
    assert_close(
        got,
        tensor([0.75, 0.25, 0.0]),  # equally far from the first two, and the third has no share
        cause=("the shares weigh the likelihoods; a share of 0 stays 0", "似然要乘占比；占比为 0 的仍为 0"),
    )


@graded("logdet_diversity", core=True)
def test_volume_by_hand(yours):
    for z, expected in (([[1.0, 0.0], [0.0, 1.0]], -np.log(4)), ([[1.0, 0.0], [1.0, 0.0]], -np.log(3))):
        assert_close(
            yours.logdet_diversity(tensor(z)),
            tensor(expected),
            cause=(
                "two tasks at a right angle: det = 2 · 2; two equal tasks: det [[2, 1], [1, 2]] = 3",
                "两个互相垂直的任务：det = 2 · 2；两个相同的任务：det [[2, 1], [1, 2]] = 3",
            ),
        )


@graded("logdet_diversity", core=True)
def test_its_gradient(yours, rng):
    z = rng.normal(size=(4, 3))
    expected = -2 * np.linalg.solve(np.eye(4) + z @ z.T, z)
    assert_close(
        yours.grad("logdet_diversity", torch.as_tensor(z), wrt=[0])[0],
        torch.as_tensor(expected),
        cause=("the gradient is −2 (I + Z Zᵀ)⁻¹ Z: do not detach Z", "梯度是 −2 (I + Z Zᵀ)⁻¹ Z：不要对 Z 做 detach"),
    )


@graded("logdet_diversity")
def test_more_tasks_than_numbers(yours, rng):
    z = rng.normal(size=(7, 2))
    assert_close(
        yours.logdet_diversity(torch.as_tensor(z)),
        tensor(-np.linalg.slogdet(np.eye(7) + z @ z.T)[1]),
        cause=("Z Zᵀ alone is singular here; I + Z Zᵀ is not", "这里 Z Zᵀ 本身不可逆，加上 I 才行"),
    )


@graded("logdet_diversity")
def test_no_task(yours):
    assert_close(
        yours.logdet_diversity(torch.zeros(0, 3).double()),
        tensor(0.0),
        cause=("the determinant of an empty matrix is 1", "空矩阵的行列式是 1"),
    )
