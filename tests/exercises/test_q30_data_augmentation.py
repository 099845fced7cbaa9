"""Graded tests of q30: cases by hand, loops, scikit-learn's ridge, and many drawn copies."""

import torch
from sklearn.linear_model import Ridge

from metarec_lib.workbook import assert_close, assert_equal, assert_raises, graded


def tensor(values):
    return torch.tensor(values, dtype=torch.float64)


@graded("crop", core=True)
def test_runs_by_hand(yours):
    history = torch.tensor([7, 3, 9, 4, 8])
    for share, start, expected in ((0.5, 0.0, [7, 3, 9]), (0.5, 1.0, [9, 4, 8]), (0.4, 0.5, [9, 4]), (0.2, 1.0, [8])):
        assert_equal(
            yours.crop(history, share, start),
            torch.tensor(expected),
            cause=(
                "⌈share · T⌉ events stay, and the run begins at round(start · (T − length))",
                "保留 ⌈share · T⌉ 个事件，片段从 round(start · (T − length)) 开始",
            ),
        )
    for share, start, first, last in ((0.25, 0.6, 5, 8), (0.25, 0.3, 3, 6), (0.50001, 0.0, 0, 7)):
        assert_equal(
            yours.crop(torch.arange(12), share, start),
            torch.arange(first, last),
            cause=(
                "the run begins at round(start · (T − length)): 0.6 · 9 is 5.4; ⌈6.00012⌉ is 7",
                "片段从 round(start · (T − length)) 开始：0.6 · 9 等于 5.4；⌈6.00012⌉ 等于 7",
            ),
        )


@graded("crop", core=True)
def test_runs_of_any_length(yours, rng):
    history = torch.as_tensor(rng.integers(100, size=int(rng.integers(6, 30))))
    for tenth in range(1, 11):
        length = -(-tenth * len(history) // 10)
        for first in (0, len(history) - length):
            start = 0.0 if first == 0 else 1.0
            assert_equal(
                yours.crop(history, tenth / 10, start),
                history[first : first + length],
                cause=(
                    "⌈share · T⌉ events stay, in order: the first ones for start = 0, the last ones for start = 1",
                    "保留 ⌈share · T⌉ 个事件，保持原顺序：start = 0 取最前面的，start = 1 取最后面的",
                ),
            )


@graded("crop")
def test_a_product_that_is_nearly_whole(yours):
    assert_equal(
        yours.crop(torch.arange(100), 0.07, 0.0),
        torch.arange(7),
        cause=(
            "0.07 · 100 is 7.000000000000001 for a computer: subtract a little before rounding up",
            "在计算机里 0.07 · 100 等于 7.000000000000001：向上取整之前先减去一点点",
        ),
    )


@graded("crop", core=True)
def test_one_event_stays_at_least(yours):
    assert_equal(
        yours.crop(torch.tensor([5, 6]), 0.0, 0.0),
        torch.tensor([5]),
        cause=("a share of 0 still keeps one event", "share 为 0 时也要保留一个事件"),
    )
    assert_equal(
        yours.crop(torch.tensor([5]), 0.3, 1.0),
        torch.tensor([5]),
        cause=("a history of one event stays", "只有一个事件的历史保持不变"),
    )


@graded("crop", core=True)
def test_shares_that_cannot_be(yours):
    for share, start in ((1.2, 0.0), (-0.1, 0.0), (0.5, 1.5), (0.5, -0.5)):
        assert_raises(
            ValueError,
            yours.crop,
            torch.tensor([1, 2, 3]),
            share,
            start,
            cause=(
                "share and start lie between 0 and 1: raise ValueError",
                "share 和 start 在 0 到 1 之间：否则抛出 ValueError",
            ),
        )


@graded("sliding_prefixes", core=True)
def test_prefixes_by_hand(yours):
    prefixes, targets = yours.sliding_prefixes(torch.tensor([7, 3, 9, 4]), 2)
    assert_equal(
        prefixes,
        torch.tensor([[-1, 7], [7, 3], [3, 9]]),
        cause=(
            "a prefix is what came before its target, the latest at the right end, padded in front",
            "前缀是目标之前的事件，最近的在最右端，前面填充",
        ),
        part="prefixes",
    )
    assert_equal(
        targets,
        torch.tensor([3, 9, 4]),
        cause=("every event but the first is a target", "除第一个之外，每个事件都是目标"),
        part="targets",
    )


@graded("sliding_prefixes", core=True)
def test_no_prefix_sees_its_target(yours, rng):
    history = torch.as_tensor(rng.permutation(50)[: int(rng.integers(5, 12))])
    longest = int(rng.integers(2, 15))
    prefixes, targets = yours.sliding_prefixes(history, longest)
    rows = []
    for t in range(1, len(history)):
        row = [int(i) for i in history[:t]][-longest:]
        rows.append([-1] * (longest - len(row)) + row)
    assert_equal(
        prefixes,
        torch.tensor(rows),
        cause=("the prefix of target t ends with event t − 1", "目标 t 的前缀以第 t − 1 个事件结尾"),
        part="prefixes",
    )
    assert_equal(targets, history[1:], cause=("targets are in order", "目标按顺序排列"), part="targets")


@graded("sliding_prefixes", core=True)
def test_nothing_came_next(yours):
    for history in (torch.tensor([4]), torch.zeros(0, dtype=torch.int64)):
        prefixes, targets = yours.sliding_prefixes(history, 3)
        assert_equal(
            [tuple(prefixes.shape), tuple(targets.shape)],
            [(0, 3), (0,)],
            cause=("without a next item there are 0 rows", "没有下一个物品时，行数为 0"),
        )


@graded("sliding_prefixes", core=True)
def test_item_zero_is_an_item(yours):
    prefixes, _ = yours.sliding_prefixes(torch.tensor([0, 0, 5]), 3)
    assert_equal(prefixes.dtype, torch.int64, cause=("items are whole numbers: int64", "物品是整数：int64"))
    assert_equal(
        prefixes,
        torch.tensor([[-1, -1, 0], [-1, 0, 0]]),
        cause=("padding is −1: 0 is an item, and items may repeat", "填充用 −1：0 是一个物品，物品可以重复"),
    )


@graded("noise_as_ridge", core=True)
def test_the_slope_by_hand(yours):
    got = yours.noise_as_ridge(tensor([[1.0], [2.0], [1.0]]), tensor([1.0, 3.0, 2.0]), 0.5)
    assert_close(
        got,
        tensor([9 / 6.75]),
        cause=(
            "the strength is N · std²: it counts the rows, and squares the noise",
            "强度是 N · std²：要乘行数，噪声要平方",
        ),
    )


@graded("noise_as_ridge", core=True)
def test_it_is_sklearns_ridge(yours, rng):
    x, y, std = rng.normal(size=(7, 3)), rng.normal(size=7), float(rng.uniform(0.3, 2))
    expected = Ridge(alpha=7 * std**2, fit_intercept=False).fit(x, y).coef_
    assert_close(
        yours.noise_as_ridge(torch.as_tensor(x), torch.as_tensor(y), std),
        torch.as_tensor(expected),
        cause=(
            "(XᵀX + N std² I) w = Xᵀy; the noise is on the inputs, so y stays as it is",
            "(XᵀX + N std² I) w = Xᵀy；噪声加在输入上，y 不变",
        ),
    )


@graded("noise_as_ridge")
def test_more_features_than_rows(yours):
    """Two equal columns: without the ridge there is no solution."""
    got = yours.noise_as_ridge(tensor([[1.0, 1.0]]), tensor([2.0]), 1.0)
    assert_close(got, tensor([2 / 3, 2 / 3]), cause=("the noise makes every system solvable", "有了噪声，方程组总可解"))
    got = yours.noise_as_ridge(torch.tensor([[3.0], [4.0]]), torch.tensor([5.0, 5.0]), 5.0)
    assert_close(got, torch.tensor([35 / 75]), cause=("keep the type of x", "保持 x 的数据类型"))
