"""Graded tests of q28. Improvement against numerical integration, halving and ranks against loops, all by hand too."""

import numpy as np
import torch
from scipy.integrate import quad
from scipy.stats import norm, rankdata

from metarec_lib.workbook import assert_close, graded


def tensor(values):
    return torch.tensor(values, dtype=torch.float64)


@graded("expected_improvement")
def test_at_the_best_the_gain_is_the_spread(yours):
    got = yours.expected_improvement(tensor([0.8, 0.8]), tensor([1.0, 2.0]), 0.8)
    assert_close(
        got,
        tensor([0.3989422804, 0.7978845608]),  # std / √(2π)
        cause=(
            "where the mean equals the best, the gain is std · φ(0): uncertainty alone is worth something",
            "均值等于 best 时，增益是 std · φ(0)：光是不确定就有价值",
        ),
    )


@graded("expected_improvement", core=True)
def test_the_gain_is_that_of_the_integral(yours, rng):
    mean, std, best = rng.normal(size=4), rng.uniform(0.2, 2, size=4), float(rng.normal())
    expected = [
        quad(lambda x, m=m, s=s: (best - x) * norm.pdf(x, m, s), m - 12 * s, best)[0]
        for m, s in zip(mean, std, strict=True)
    ]
    assert_close(
        yours.expected_improvement(torch.as_tensor(mean), torch.as_tensor(std), best),
        tensor(expected),
        atol=1e-6,
        cause=(
            "lower is better: the gain is best − loss where that is positive, and both terms count",
            "损失越低越好：增益是 best − loss 的正部，两项都要算",
        ),
    )


@graded("expected_improvement", core=True)
def test_a_certain_loss(yours):
    got = yours.expected_improvement(tensor([1.0, 0.5, 0.8]), tensor([0.0, 0.0, 0.0]), 0.8)
    assert_close(
        got,
        tensor([0.0, 0.3, 0.0]),
        cause=(
            "std = 0 must not give NaN: it is max(best − mean, 0)",
            "std = 0 不能得到 NaN：增益是 max(best − mean, 0)",
        ),
    )
    assert_close(
        yours.expected_improvement(tensor([0.8, 0.5, 1.0]), tensor([2.0, 0.0, 0.0]), 0.8),
        tensor([0.7978845608, 0.3, 0.0]),
        cause=(
            "a loss that is certain stands beside one that is not: each has its own formula",
            "确定的与不确定的放在一起：各用各的公式",
        ),
    )


@graded("successive_halving", core=True)
def test_halving_by_hand(yours):
    losses = tensor([[3.0, 1.0, 2.0, 4.0], [0.0, 5.0, 1.0, 0.0]])
    assert_close(
        yours.successive_halving(losses, 2),
        torch.tensor([1, 2, 3, 1]),
        cause=(
            "positions 1 and 2 go on; the losses of the second rung decide between these two only",
            "编号 1 和 2 晋级；第二轮的损失只在这两个之间比",
        ),
    )


@graded("successive_halving", core=True)
def test_halving_is_the_loop(yours, rng):
    for count, eta in ((13, 3), (11, 2), (23, 3), (15, 4)):
        losses = rng.normal(size=(3, count))
        left, expected = list(range(count)), np.zeros(count, dtype=np.int64)
        for rung in range(3):
            expected[left] += 1
            left = sorted(left, key=lambda c, row=losses[rung]: row[c])
            left = left[: 1 if rung == 2 else max(1, len(left) // eta)]
        expected[left[0]] += 1
        assert_close(
            yours.successive_halving(torch.as_tensor(losses), eta),
            torch.as_tensor(expected),
            cause=(
                "each rung looks at its own losses, of those left; len // eta of them go on: 13, 4, 1 for eta = 3",
                "每一轮只看这一轮的损失、只比剩下的；留下 len // eta 个：eta = 3 时为 13、4、1",
            ),
        )


@graded("successive_halving", core=True)
def test_one_is_left_before_the_end(yours):
    assert_close(
        yours.successive_halving(tensor([[2.0, 1.0], [5.0, 9.0], [0.0, 7.0]]), 4),
        torch.tensor([1, 4]),
        cause=("2 // 4 is 0: at least one goes on", "2 // 4 等于 0：至少要留一个"),
    )


@graded("successive_halving", core=True)
def test_equal_losses(yours):
    losses = torch.tensor([[1, 0, 0, 0, 1, 0], [2, 1, 1, 1, 0, 0], [0, 4, 4, 0, 0, 0]])
    before = losses.clone()
    assert_close(
        yours.successive_halving(losses, 2),
        torch.tensor([1, 4, 2, 2, 1, 1]),
        cause=("of equal losses the lower position is better", "损失相同时编号小的更好"),
    )
    assert_close(losses, before, cause=("you changed the losses themselves", "你改动了传入的损失"))


@graded("successive_halving")
def test_a_tie_after_a_change_of_order(yours):
    losses = tensor([[2.0, 1.0, 3.0, 4.0], [5.0, 5.0, 0.0, 0.0]])
    assert_close(
        yours.successive_halving(losses, 2),
        torch.tensor([3, 2, 1, 1]),
        cause=("equal losses: the lower position wins, whoever led before", "损失相同：编号小的胜，与之前谁领先无关"),
    )


@graded("rank_by_neighbour_tasks", core=True)
def test_ranks_and_not_losses(yours):
    losses = tensor([[0.1, 0.2, 0.3], [0.1, 0.2, 0.3], [90.0, 60.0, 30.0], [0.0, 5.0, 9.0]])
    got = yours.rank_by_neighbour_tasks(losses, tensor([[0.0], [1.0], [2.0], [9.0]]), tensor([0.5]), 3)
    assert_close(
        got,
        torch.tensor([0, 1, 2]),  # mean ranks 5/3, 2, 7/3
        cause=(
            "average ranks, not losses: one task with large losses must not outvote the others",
            "要平均名次，不是平均损失：损失数值大的任务不能压过别的任务",
        ),
    )
    losses = tensor([[1.0, 2.0, 3.0, 4.0], [1.0, 2.0, 3.0, 4.0], [90.0, 10.0, 20.0, 80.0]])
    assert_close(
        yours.rank_by_neighbour_tasks(losses, tensor([[0.0], [1.0], [2.0]]), tensor([0.5]), 3),
        torch.tensor([1, 0, 2, 3]),  # mean ranks 2, 5/3, 8/3, 11/3; medians 1, 2, 3, 4
        cause=("the mean of the ranks, not the median", "取名次的平均，不是中位数"),
    )


@graded("rank_by_neighbour_tasks", core=True)
def test_the_nearest_tasks_by_a_loop(yours, rng):
    for k in (1, 2, 3, 1, 2, 3):
        losses, features = rng.normal(size=(8, 6)), rng.normal(size=(8, 3)) * [1, 100, 0.01]
        target = rng.normal(size=3) * [1, 100, 0.01]
        away = [sum(((features[t, f] - target[f]) / features[:, f].std()) ** 2 for f in range(3)) for t in range(8)]
        ranks = np.mean([rankdata(losses[t]) for t in np.argsort(away)[:k]], axis=0)
        given = [torch.as_tensor(v) for v in (losses, features, target)]
        assert_close(
            yours.rank_by_neighbour_tasks(*given, k),
            torch.as_tensor(np.argsort(ranks, kind="stable")),
            cause=(
                "divide each feature by its spread, else the one with the largest numbers decides who is near",
                "每个特征要除以标准差，否则数值最大的特征独自决定谁近",
            ),
        )


@graded("rank_by_neighbour_tasks", core=True)
def test_the_distance_by_hand(yours):
    """Squares of (11 − f) / 3.27 and (8 − f) / 3.27 give 5.99, 11.32, 4.96, 6.74; absolute values 2.45, 3.36, 2.75, 3.67."""
    losses = tensor([[1.0, 2.0, 3.0], [2.0, 1.0, 3.0], [3.0, 2.0, 1.0], [2.0, 3.0, 1.0]])
    features = tensor([[3.0, 8.0], [0.0, 8.0], [9.0, 1.0], [5.0, 2.0]])
    assert_close(
        yours.rank_by_neighbour_tasks(losses, features, tensor([11.0, 8.0]), 1),
        torch.tensor([2, 1, 0]),
        cause=(
            "Euclidean: squares are added; the spread is the standard deviation over the earlier tasks alone",
            "欧氏距离：平方后相加；标准差只在旧任务上算，不含新任务",
        ),
    )


@graded("rank_by_neighbour_tasks", core=True)
def test_a_feature_without_spread(yours):
    losses = tensor([[3.0, 1.0, 2.0], [1.0, 2.0, 3.0]])
    got = yours.rank_by_neighbour_tasks(losses, tensor([[7.0, 0.0], [7.0, 1.0]]), tensor([9.0, 0.9]), 1)
    assert_close(
        got,
        torch.tensor([0, 1, 2]),
        cause=(
            "a feature equal in all tasks is left out; do not divide by 0",
            "所有任务取值相同的特征不算，不要除以 0",
        ),
    )


@graded("rank_by_neighbour_tasks", core=True)
def test_equal_losses_share_their_ranks(yours):
    losses = torch.tensor([[5, 5, 5, 1], [4, 1, 2, 3], [4, 3, 2, 1]])
    features = torch.tensor([[0], [2], [4]])
    got = yours.rank_by_neighbour_tasks(losses, features, torch.tensor([1]), 2)
    assert_close(
        got,
        torch.tensor([1, 3, 2, 0]),  # mean ranks 3.5, 2, 2.5, 2
        cause=(
            "equal losses share the mean of their ranks; of equal means the lower position goes first",
            "相同的损失平分名次；平均名次相同时编号小的在前",
        ),
    )
    many = torch.tensor([[2, 2, 2, 2], [2, 0, 0, 2], [0, 2, 2, 2]])
    got = yours.rank_by_neighbour_tasks(many, features, torch.tensor([1]), 3)
    assert_close(
        got,
        torch.tensor([0, 1, 2, 3]),  # mean ranks 7/3, 7/3, 7/3, 3
        cause=(
            "n equal losses on ranks a … a + n − 1 get a + (n − 1) / 2 each",
            "n 个相同的损失占名次 a … a + n − 1，各得 a + (n − 1) / 2",
        ),
    )


@graded("rank_by_neighbour_tasks", core=True)
def test_equally_near_tasks(yours):
    losses = torch.tensor([[5, 5, 5, 1], [4, 1, 2, 3], [4, 3, 1, 2]])
    got = yours.rank_by_neighbour_tasks(losses, torch.tensor([[0], [2], [4]]), torch.tensor([3]), 1)
    assert_close(
        got,
        torch.tensor([1, 2, 3, 0]),
        cause=("tasks 1 and 2 are equally near: take the first alone", "任务 1 和 2 一样近：只取前面的"),
    )


@graded("rank_by_neighbour_tasks", core=True)
def test_units_of_the_features(yours):
    losses = tensor([[3.0, 1.0, 2.0], [1.0, 2.0, 3.0], [1.0, 3.0, 2.0]])
    features = tensor([[0.0, 0.0], [1.0, 300.0], [0.0, 1000.0]])
    assert_close(
        yours.rank_by_neighbour_tasks(losses, features, tensor([0.0, 200.0]), 1),
        torch.tensor([1, 2, 0]),
        cause=(
            "divide each feature by its spread, else the one with the largest numbers decides who is near",
            "每个特征要除以标准差，否则数值最大的特征独自决定谁近",
        ),
    )
    assert_close(
        yours.rank_by_neighbour_tasks(losses, features / 10_000, tensor([0.0, 0.02]), 1),  # every spread is below 1
        torch.tensor([1, 2, 0]),
        cause=(
            "a small spread divides too: only a spread of 0 leaves a feature out",
            "标准差再小也要除：只有标准差为 0 的特征才不算",
        ),
    )


@graded("successive_halving", core=True)
def test_one_winner_though_many_are_left(yours):
    assert_close(
        yours.successive_halving(tensor([[4.0, 1.0, 3.0, 2.0, 5.0, 6.0]]), 2),
        torch.tensor([1, 2, 1, 1, 1, 1]),
        cause=("after the last rung one wins, however many ran it", "最后一轮之后只有一个胜出，不管有多少个跑完"),
    )
