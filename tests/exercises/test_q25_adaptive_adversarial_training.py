"""Graded tests of q25. The worst change by search, the loss task by task, the weights against Huber's influence."""

import itertools

import torch

from metarec_lib.workbook import assert_close, assert_equal, graded


def tensor(values):
    return torch.tensor(values, dtype=torch.float64)


def draw(rng, *shape):
    return torch.as_tensor(rng.normal(size=shape))


def by_search(effect, errors, ratings, low, high):
    best = (-1.0, 0, 0.0)
    for k, end in itertools.product(range(len(ratings)), (low, high)):
        moved = float(((errors + (end - ratings[k]) * effect[:, k]) ** 2).mean())
        if moved > best[0] + 1e-12:
            best = (moved, k, float(end))
    return best[1], best[2]


@graded("worst_rating_change", core=True)
def test_the_sign_of_the_errors_counts(yours):
    effect, ratings = tensor([[0.1, 0.5], [0.1, 0.3]]), tensor([3.0, 3.0])
    for errors, end in (([0.4, 0.2], 5.0), ([-0.4, -0.2], 1.0)):
        assert_equal(
            yours.worst_rating_change(effect, tensor(errors), ratings, 1.0, 5.0),
            (1, end),
            cause=(
                "the change adds to errors that are there already: push the scores the way in which they are wrong",
                "改动叠加在已有的误差上：往得分本来就错的方向推",
            ),
        )


@graded("worst_rating_change", core=True)
def test_it_is_what_a_search_finds(yours, rng):
    for _ in range(6):
        q, k = (int(n) for n in rng.integers(1, 7, 2))
        effect, errors = draw(rng, q, k), draw(rng, q)
        ratings = torch.as_tensor(rng.integers(1, 6, k)).double()
        assert_equal(
            yours.worst_rating_change(effect, errors, ratings, 1.0, 5.0),
            by_search(effect, errors, ratings, 1.0, 5.0),
            cause=(
                "compare all 2 K candidates by the mean square of errors + (end − rating) · effect",
                "用 errors + (端点 − 评分) · effect 的均方误差比较全部 2K 个候选",
            ),
        )


@graded("worst_rating_change", core=True)
def test_other_scales_and_a_rating_that_stays(yours):
    assert_equal(
        yours.worst_rating_change(tensor([[1.0, 1.0, 1.0]]), tensor([0.0]), tensor([0.25, 0.5, 0.7]), 0.1, 0.9),
        (0, 0.9),
        cause=("the ends of the scale are arguments, not 1 and 5", "量表两端是参数，不是 1 和 5"),
    )
    assert_equal(
        yours.worst_rating_change(tensor([[0.2]]), tensor([-1.0]), tensor([1.0]), 1.0, 5.0),
        (0, 1.0),
        cause=(
            "a rating that stands at the bad end already may stay: no other candidate is worse",
            "评分已在坏的那一端时可以不动：没有更坏的候选",
        ),
    )


@graded("worst_rating_change")
def test_integer_ratings_and_ties(yours):
    effect, errors = tensor([[1.0, 1.0, 1.0]]), tensor([0.0])
    assert_equal(
        yours.worst_rating_change(effect, errors, tensor([0.25, 0.5, 0.75]), 0.1, 0.9),
        (0, 0.9),
        cause=("the ends are arguments; of equal candidates the smaller k", "量表两端是参数；并列时取较小的 k"),
    )
    assert_equal(
        yours.worst_rating_change(effect, errors, torch.tensor([3, 3, 3]), 1.0, 5.0),
        (0, 1.0),
        cause=(
            "of equal candidates low comes before high; ratings may be integers",
            "并列时 low 先于 high；评分可以是整数",
        ),
    )


@graded("trades_loss", core=True)
def test_two_tasks_by_hand(yours):
    clean, attacked = tensor([[3.0, 4.0, 9.0], [2.0, 7.0, 7.0]]), tensor([[2.0, 4.0, -9.0], [5.0, 1.0, 1.0]])
    target, mask = tensor([[5.0, 4.0, 1.0], [2.0, 0.0, 0.0]]), torch.tensor([[1, 1, 0], [1, 0, 0]]).bool()
    # task 1: (4 + 0)/2 + w (1 + 0)/2; task 2: 0 + w 9
    assert_close(
        yours.trades_loss(clean, attacked, target, mask, 0.5),
        tensor((2.0 + 0.25 + 4.5) / 2),
        cause=(
            "the mean over a task's own query items first, then over tasks; padding counts nothing",
            "先对任务自己的查询物品取平均，再对任务取平均；填充位不计",
        ),
    )


def by_task(clean, attacked, target, mask, weight):
    each = []
    for c, a, t, m in zip(clean, attacked, target, mask, strict=True):
        if m.any():
            each.append(((c[m] - t[m]) ** 2).mean() + weight * ((a[m] - c[m]) ** 2).mean())
    return torch.stack(each).mean() if each else 0 * clean.sum()


@graded("trades_loss", core=True)
def test_values_and_gradients_task_by_task(yours, rng):
    clean, attacked, target = (draw(rng, 4, 5) for _ in range(3))
    mask = torch.as_tensor(rng.random((4, 5)) < 0.6)
    mask[0, 0], mask[3] = True, False
    weight = float(rng.uniform(0.5, 3))
    assert_close(
        yours.trades_loss(clean, attacked, target, mask, weight),
        by_task(clean, attacked, target, mask, weight),
        cause=(
            "the second part compares attacked with clean scores, not with the target; tasks without query do not count",
            "第二部分比较受攻击得分与干净得分，不与真值比；没有查询的任务不计入",
        ),
    )
    leaves = [part.clone().requires_grad_() for part in (clean, attacked)]
    expected = torch.autograd.grad(by_task(*leaves, target, mask, weight), leaves)
    got = yours.grad("trades_loss", clean, attacked, target, mask, weight, wrt=(0, 1))
    for one, other in zip(got, expected, strict=True):
        assert_close(
            one,
            other,
            cause=(
                "gradients run through clean scores in both parts, and through attacked ones",
                "两部分里的干净得分以及受攻击得分都要有梯度",
            ),
        )


@graded("trades_loss")
def test_no_attack_no_query(yours):
    clean, mask = tensor([[1.0, 2.0]]), torch.tensor([[True, True]])
    got = yours.trades_loss(clean, clean + 3, clean - 2, mask, 0.0)
    assert_close(got, tensor(4.0), cause=("weight 0 leaves the clean error", "weight 为 0 只剩干净误差"))
    got = yours.trades_loss(clean, clean + 3, clean - 1, torch.tensor([[False, False]]), 1.0)
    assert_close(got, tensor(0.0), cause=("no query at all: 0, not NaN", "完全没有查询：应为 0，不是 NaN"))


@graded("huber_weights", core=True)
def test_weights_by_hand(yours):
    residuals = tensor([[0.5, -4.0, 1.0, 0.0, 2.0]])
    got = yours.huber_weights(residuals, torch.ones(1, 5, dtype=torch.bool), 1.0, 0.7)
    assert_close(
        got,
        tensor([[1.0, 0.25, 1.0, 1.0, 0.5]]),  # K = 5: the threshold is 1 whatever the growth
        cause=(
            "1 inside the threshold, threshold / |residual| outside; a residual of 0 has weight 1",
            "阈值以内为 1，以外为 阈值 / |残差|；残差为 0 时权重为 1",
        ),
    )


@graded("huber_weights", core=True)
def test_influence_is_bounded_and_follows_the_count(yours, rng):
    residuals, counts, growth = 5 * draw(rng, 4, 6), torch.tensor([6, 1, 3, 0]), float(rng.uniform(0.2, 0.8))
    mask = torch.arange(6) < counts[:, None]
    mask = mask[:, torch.as_tensor(rng.permutation(6))]
    expected = torch.zeros(4, 6, dtype=torch.float64)
    for b in range(4):
        c = 0.8 * (max(int(counts[b]), 1) / 5) ** growth
        for k in range(6):
            if mask[b, k]:
                expected[b, k] = min(1.0, c / abs(float(residuals[b, k])))
    assert_close(
        yours.huber_weights(residuals, mask, 0.8, growth),
        expected,
        cause=(
            "each user has an own threshold, threshold · (K / 5)^growth, with K counted without padding",
            "每个用户有自己的阈值 threshold · (K / 5)^growth，K 不算填充位",
        ),
    )


@graded("huber_weights", core=True)
def test_padding_may_hold_anything(yours):
    assert_close(
        yours.huber_weights(tensor([[9.0, float("nan")]]), torch.tensor([[True, False]]), 3.0, -1.0),  # K = 1: c = 15
        tensor([[1.0, 0.0]]),
        cause=(
            "padding gets 0 even where NaN stands there, and does not count in K",
            "填充位即使是 NaN 也应为 0，也不计入 K",
        ),
    )


@graded("huber_weights")
def test_users_without_ratings(yours):
    mask = torch.tensor([[True, True], [False, False]])
    assert_close(
        yours.huber_weights(tensor([[2.0, -15.0], [1.0, 2.0]]), mask, 3.0, -1.0),  # K = 2: c = 7.5
        tensor([[1.0, 0.5], [0.0, 0.0]]),
        cause=(
            "a user without ratings gets zeros: mind 0 ** growth",
            "没有评分的用户全为零：0 ** growth 不应出问题",
        ),
    )
