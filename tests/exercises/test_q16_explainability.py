"""Graded tests of q16. Paths against cases done by hand and finite sums, weights against Shapley values by definition."""

from itertools import combinations
from math import factorial, inf

import numpy as np
import torch

from metarec_lib.workbook import assert_close, assert_equal, assert_raises, graded


def tensor(values):
    return torch.tensor(values, dtype=torch.float64)


def draw(rng, *shape):
    return torch.as_tensor(rng.normal(size=shape))


@graded("integrated_gradients", core=True)
def test_the_path_by_hand(yours, given):
    """f = a b: the gradient at t of the way from 0 to (2, 3) is (3t, 2t), its mean (1.5, 1)."""
    product = given("quadratic_form", weights=tensor([0.0, 0.0]), matrix=tensor([[0.0, 1.0], [0.0, 0.0]]))
    got = yours.integrated_gradients(product, tensor([2.0, 3.0]), tensor([0.0, 0.0]), 4)
    assert_close(
        got,
        tensor([3.0, 3.0]),
        cause=(
            "average the gradient over the whole path, not at x alone, then multiply by x − baseline",
            "梯度要在整条路径上取平均，不是只在 x 处取，再乘以 x − baseline",
        ),
    )
    assert_close(
        yours.integrated_gradients(product, tensor([0.0, 0.0]), tensor([2.0, 3.0]), 4),
        tensor([-3.0, -3.0]),
        cause=("x lies below the baseline: x − baseline is negative", "x 比基线小：x − baseline 是负数"),
    )


@graded("integrated_gradients", core=True)
def test_the_path_starts_at_the_baseline(yours, given, rng):
    weights, matrix = draw(rng, 4), draw(rng, 4, 4)
    x, baseline = draw(rng, 4), draw(rng, 4)
    middle = (x + baseline) / 2  # of a quadratic form the mean gradient is that of the middle
    expected = (x - baseline) * (weights + (matrix + matrix.T) @ middle)
    got = yours.integrated_gradients(given("quadratic_form", weights=weights, matrix=matrix), x, baseline, 3)
    assert_close(
        got,
        expected,
        cause=(
            "the path runs from the baseline to x, and the factor in front is x − baseline",
            "路径从基线走到 x，前面的因子是 x − baseline",
        ),
    )


@graded("integrated_gradients", core=True)
def test_midpoints_of_the_steps(yours, given):
    """f = v⁴ from 0 to 2 in two steps: the gradients at .5 and 1.5 are .5 and 13.5, their mean times 2 is 14."""
    fourth = given("power", centre=tensor([0.0]), exponent=4)
    got = yours.integrated_gradients(fourth, tensor([2.0]), tensor([0.0]), 2)
    assert_close(
        got,
        tensor([14.0]),
        cause=(
            "take the gradient at the middle of each step, (i + ½) / steps of the way",
            "在每一步的中点取梯度，即走过 (i + ½) / steps 的位置",
        ),
    )
    got = yours.integrated_gradients(fourth, tensor([2.0]), tensor([0.0]), 1)
    assert_close(got, tensor([8.0]), cause=("one step: the gradient half way", "只有一步时，取半路上的梯度"))


@graded("integrated_gradients", core=True)
def test_whole_numbers_and_what_stays_as_it_is(yours, given):
    square = given("quadratic", centre=tensor([0.0, 0.0]))
    x, baseline = torch.tensor([3, 1]).double().requires_grad_(), tensor([1.0, 1.0])
    got = yours.integrated_gradients(square, x, baseline, 2)
    assert_close(
        got,
        tensor([8.0, 0.0]),
        cause=(
            "an input that equals its baseline gets nothing; the answer carries no gradient",
            "与基线相同的输入得到零；结果不应带梯度",
        ),
    )
    assert_equal(
        got.requires_grad,
        False,
        cause=("the answer carries no gradient: detach it", "结果不应带梯度：要 detach"),
    )
    assert_close(
        yours.integrated_gradients(square, x, baseline, 2),
        tensor([8.0, 0.0]),
        cause=(
            "a second call must give the same: leave x and baseline as they are",
            "再调用一次结果应相同：不要改动 x 和 baseline",
        ),
    )


@graded("kernel_shap_weights", core=True)
def test_weights_by_hand(yours):
    assert_close(
        yours.kernel_shap_weights(4, [1, 2, 3]),
        [0.25, 0.125, 0.25],
        cause=(
            "π(s) = (n − 1) / (C(n, s) · s · (n − s)); small and large subsets weigh most",
            "π(s) = (n − 1) / (C(n, s) · s · (n − s))；很小和很大的子集权重最大",
        ),
    )


def shapley(values, n):
    """By definition, from the worth of each subset."""
    found = np.zeros(n)
    for j in range(n):
        others = [i for i in range(n) if i != j]
        for size in range(n):
            for subset in combinations(others, size):
                weight = factorial(size) * factorial(n - size - 1) / factorial(n)
                found[j] += weight * (values[frozenset(subset) | {j}] - values[frozenset(subset)])
    return found


@graded("kernel_shap_weights", core=True)
def test_the_weighted_fit_gives_shapley_values(yours, rng):
    n = 4
    subsets = [frozenset(s) for size in range(n + 1) for s in combinations(range(n), size)]
    values = dict(zip(subsets, rng.normal(size=len(subsets)), strict=True))
    inner = subsets[1:-1]
    weights = np.array(yours.kernel_shap_weights(n, [len(s) for s in inner]))
    total = values[subsets[-1]] - values[subsets[0]]
    z = np.array([[float(j in s) for j in range(n)] for s in inner])
    target = np.array([values[s] - values[subsets[0]] for s in inner]) - z[:, -1] * total
    design = (z[:, :-1] - z[:, -1:]) * np.sqrt(np.abs(weights))[:, None]  # the last value follows from the sum
    first = np.linalg.lstsq(design, target * np.sqrt(np.abs(weights)), rcond=None)[0]
    assert_close(
        np.append(first, total - first.sum()),
        shapley(values, n),
        cause=(
            "with these weights the least squares must give the Shapley values: divide by the number of subsets too",
            "用这些权重做最小二乘应得到 Shapley 值：还要除以同样大小的子集个数",
        ),
    )


@graded("kernel_shap_weights", core=True)
def test_nothing_and_everything(yours):
    got = yours.kernel_shap_weights(3, [3, 1, 0, 1])
    assert_close(
        [got[1], got[3]],
        [1 / 3, 1 / 3],
        cause=("sizes come in any order and may repeat: one weight each", "大小的顺序任意，可以重复：每个对应一个权重"),
    )
    assert_equal([got[0], got[2]], [inf, inf], cause=("sizes 0 and n weigh infinity", "大小为 0 和 n 时权重为无穷大"))
    assert_equal(
        yours.kernel_shap_weights(1, [0, 1]),
        [inf, inf],
        cause=("of one input both sizes are the ends", "只有一个输入时，两个大小都是端点"),
    )


@graded("kernel_shap_weights")
def test_sizes_that_cannot_be(yours):
    for wrong in (-1, 4):
        assert_raises(
            ValueError,
            yours.kernel_shap_weights,
            3,
            [1, wrong],
            cause=("a subset has 0 to n inputs: raise ValueError", "子集大小只能是 0 到 n：应引发 ValueError"),
        )


@graded("deletion_curve", core=True)
def test_the_highest_goes_first(yours, given):
    model = given("quadratic_form", weights=tensor([1.0, 10.0, 100.0]), matrix=torch.zeros(3, 3, dtype=torch.float64))
    got = yours.deletion_curve(model, tensor([1.0, 2.0, 3.0]), tensor([0.0, 1.0, 0.0]), tensor([0.5, -2.0, 0.1]))
    assert_close(
        got,
        tensor([321.0, 320.0, 20.0, 10.0]),
        cause=(
            "replace by the baseline, highest attribution first, sign included, and start with nothing replaced",
            "换成基线值；按带符号的归因从大到小；第一个数是什么都没换",
        ),
    )


@graded("deletion_curve", core=True)
def test_the_most_negative_goes_last(yours, given):
    model = given("quadratic_form", weights=tensor([1.0, 10.0, 100.0]), matrix=torch.zeros(3, 3, dtype=torch.float64))
    got = yours.deletion_curve(model, tensor([1.0, 2.0, 3.0]), tensor([1.0, 0.0, 1.0]), tensor([-2.0, -0.5, -1.0]))
    assert_close(
        got,
        tensor([321.0, 301.0, 101.0, 101.0]),
        cause=(
            "all three attributions are negative: −0.5 is the highest and goes first, −2 goes last",
            "三个归因都是负的：−0.5 最大，先换；−2 最后换",
        ),
    )


@graded("deletion_curve", core=True)
def test_inputs_that_act_together(yours, given, rng):
    matrix, x, baseline, attribution = draw(rng, 4, 4), draw(rng, 4), draw(rng, 4), draw(rng, 4)
    order = sorted(range(4), key=lambda i: -float(attribution[i]))
    expected = []
    for n in range(5):
        point = x.clone()
        point[order[:n]] = baseline[order[:n]]
        expected.append(point @ matrix @ point)
    got = yours.deletion_curve(given("quadratic_form", weights=0 * x, matrix=matrix), x, baseline, attribution)
    assert_close(
        got,
        torch.stack(expected),
        cause=(
            "the replaced inputs stay replaced: ask the model at each step, do not subtract attributions",
            "换掉的输入一直保持换掉；每一步都要问模型，不是减去归因",
        ),
    )


@graded("deletion_curve", core=True)
def test_equal_attributions_and_what_stays(yours, given):
    x = torch.arange(1.0, 19.0, dtype=torch.float64)
    model = given("quadratic_form", weights=torch.ones(18, dtype=torch.float64), matrix=0 * torch.outer(x, x))
    got = yours.deletion_curve(model, x, 0 * x, 0 * x)
    assert_close(
        got,
        torch.cat([x.flip(0).cumsum(0).flip(0), tensor([0.0])]),
        cause=(
            "equal attributions go in the order of positions (a stable sort)",
            "归因相等时按位置先后（稳定排序）",
        ),
    )
    assert_close(
        yours.deletion_curve(model, x, 0 * x, 0 * x)[0],
        x.sum(),
        cause=("a second call starts from another x: work on a copy", "再调用一次时 x 已经变了：请在副本上操作"),
    )
