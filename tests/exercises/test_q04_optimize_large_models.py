"""Graded tests of q04. The loss against a loop and autograd, stopping by hand, means of the past against a loop."""

import math

import torch

from metarec_lib.workbook import assert_close, graded


def tensor(values):
    return torch.tensor(values, dtype=torch.float64)


def draw(rng, *shape):
    return torch.as_tensor(rng.normal(size=shape))


def naive_loss(positive, negative, log_q_positive, log_q_negative, same):
    """Row by row, item by item."""
    total = 0.0
    for row, score in enumerate(positive.tolist()):
        top = math.exp(score - float(log_q_positive[row]))
        below = top
        for j, other in enumerate(negative[row].tolist()):
            if not same[row, j]:
                below += math.exp(other - float(log_q_negative[j]))
        total -= math.log(top / below)
    return tensor(total / len(positive))


@graded("sampled_softmax_loss", core=True)
def test_the_loss_by_hand(yours):
    got = yours.sampled_softmax_loss(
        tensor([0.0]), tensor([[0.0, 0.0]]), tensor([0.5]).log(), tensor([0.25, 0.125]).log(),
        torch.tensor([[False, False]]),
    )  # fmt: skip
    assert_close(
        got,
        tensor(math.log(7)),  # 2 / (2 + 4 + 8)
        cause=(
            "every score counts as score − log q, the positive's too",
            "每个分数都要换成 score − log q，正样本也一样",
        ),
    )


@graded("sampled_softmax_loss", core=True)
def test_the_loss_is_a_loop(yours, rng):
    positive, negative = draw(rng, 4), draw(rng, 4, 5)
    log_q_positive, log_q_negative = (torch.as_tensor(rng.uniform(0.05, 0.9, n)).log() for n in (4, 5))
    same = torch.as_tensor(rng.random((4, 5)) < 0.3)
    args = positive, negative, log_q_positive, log_q_negative, same
    assert_close(
        yours.sampled_softmax_loss(*args),
        naive_loss(*args),
        cause=(
            "a mean over the rows of −log(positive's share); a draw that is the positive leaves the sum",
            "对各行的 −log(正样本所占份额) 取平均；采到正样本自己时，这一项要从分母里去掉",
        ),
    )


@graded("sampled_softmax_loss", core=True)
def test_a_draw_that_is_the_positive(yours):
    log_q = tensor([0.5, 0.5]).log()
    args = tensor([1.0, 1.0]), tensor([[1.0, 3.0], [1.0, 3.0]]), log_q, log_q
    got = yours.sampled_softmax_loss(*args, torch.tensor([[True, False], [True, True]]))
    assert_close(
        got,
        tensor(math.log(1 + math.exp(2)) / 2),  # the second row has no negative left: 0
        cause=(
            "a left-out draw counts nothing, not exp(0) = 1; a row without negatives has the loss 0",
            "去掉的项贡献为零，而不是 exp(0) = 1；没有负样本的行损失为 0",
        ),
    )


@graded("sampled_softmax_loss", core=True)
def test_large_scores(yours):
    same = torch.tensor([[False]])
    got = yours.sampled_softmax_loss(tensor([900.0]), tensor([[901.0]]), tensor([0.0]), tensor([0.0]), same)
    assert_close(
        got,
        tensor(math.log(1 + math.e)),
        cause=(
            "exp of a large score overflows: use logsumexp or cross_entropy",
            "大分数直接取 exp 会溢出：用 logsumexp 或 cross_entropy",
        ),
    )
    got = yours.sampled_softmax_loss(
        tensor([-400.0, 0.0]), tensor([[-401.0, 0.0], [900.0, 0.0]]), tensor([0.0, 0.0]), tensor([0.0, 0.0]),
        torch.tensor([[False, True], [False, True]]),
    )  # fmt: skip
    assert_close(
        got,
        tensor((math.log(1 + math.exp(-1)) + 900) / 2),
        cause=(
            "a left-out draw is −inf, not some low number, and a loss may be large: nothing is cut off",
            "去掉的项要置为负无穷，不是某个很小的数；损失可以很大，不要截断",
        ),
    )


@graded("sampled_softmax_loss", core=True)
def test_a_rare_item_and_one_drawn_twice(yours):
    log_q = tensor([1e-6, 1e-6, 0.25]).log()
    got = yours.sampled_softmax_loss(
        tensor([0.0]), tensor([[0.0, 0.0, 0.0]]), tensor([1e-3]).log(), log_q, torch.zeros(1, 3, dtype=torch.bool)
    )
    assert_close(
        got,
        tensor(math.log(2001.004)),  # (10³ + 10⁶ + 10⁶ + 4) / 10³
        cause=(
            "each draw stands in the sum, a repeated one too, with its own log q, however small q is",
            "每次采样都要进分母，重复采到的也算；各减各的 log q，q 再小也照减",
        ),
    )


@graded("sampled_softmax_loss", core=True)
def test_the_gradient(yours, rng):
    positive, negative = draw(rng, 3), draw(rng, 3, 4)
    log_q_positive, log_q_negative = (torch.as_tensor(rng.uniform(0.1, 0.9, n)).log() for n in (3, 4))
    same = torch.zeros(3, 4, dtype=torch.bool)
    args = (positive, negative, log_q_positive, log_q_negative, same)
    first, others = positive.clone().requires_grad_(), negative.clone().requires_grad_()
    logits = torch.cat([(first - log_q_positive)[:, None], others - log_q_negative], 1)
    loss = torch.nn.functional.cross_entropy(logits, torch.zeros(3, dtype=torch.long))
    expected = torch.autograd.grad(loss, [first, others])
    got = yours.grad("sampled_softmax_loss", *args, wrt=[0, 1])
    assert_close(
        got[0],
        expected[0],
        cause=(
            "the loss must keep its gradient: no detach, no float()",
            "损失要保留梯度：不要 detach，也不要转成 float",
        ),
    )
    assert_close(
        got[1],
        expected[1],
        cause=(
            "the negatives must learn too: no detach of their scores",
            "负样本也要学：它们的分数不能 detach",
        ),
    )


@graded("early_stopping", core=True)
def test_the_best_epoch_is_kept(yours):
    kept, run = yours.early_stopping(
        tensor([0.0, 1.0]), torch.ones(5, 2, dtype=torch.float64), [0.9, 0.5, 0.6, 0.7, 0.8], 2
    )
    assert_close(
        kept,
        tensor([2.0, 3.0]),
        cause=(
            "the weights of epoch 2 are asked for: copy them then, since the weights go on moving",
            "要的是第 2 轮的权重：当时就要存副本，因为权重之后还会变",
        ),
    )
    assert_close(run, 4, cause=("epochs 3 and 4 were no better: stop after 4", "第 3、4 轮都没有更好：训练 4 轮后停止"))
    kept, run = yours.early_stopping(
        tensor([0.0]), torch.ones(5, 1, dtype=torch.float64), [0.9, 0.95, 0.5, 0.6, 0.4], 2
    )
    assert_close(
        (kept, run),
        (tensor([5.0]), 5),
        cause=(
            "epochs without progress must be in a row: count anew when the error falls",
            "没有进步的轮次要连续：误差一降，就重新计数",
        ),
    )


@graded("early_stopping", core=True)
def test_stopping_is_a_loop(yours, rng):
    for least in (0.0, 0.0, 5000.0, -30.0):  # an error may be large, and a log-likelihood's is below zero
        start, updates = draw(rng, 3), draw(rng, 12, 3)
        errors = (least + rng.integers(0, 8, 12)).tolist()
        patience = int(rng.integers(1, 5))
        path = [start + updates[: t + 1].sum(0) for t in range(12)]
        best, run = 0, 12
        for t in range(1, 12):
            if errors[t] < errors[best]:
                best = t
            elif t - best == patience:
                run = t + 1
                break
        kept, ran = yours.early_stopping(start, updates, errors, patience)
        assert_close(
            kept,
            path[best],
            cause=(
                "the weights after the epoch with the lowest error before the stop; the first of equal ones",
                "停止之前误差最低那一轮之后的权重；有并列时取最早的",
            ),
        )
        assert_close(
            ran,
            run,
            cause=(
                "`patience` epochs in a row without a lower error end the training",
                "连续 patience 轮没有更低的误差就停止",
            ),
        )


@graded("early_stopping", core=True)
def test_equal_errors_and_nan_are_no_progress(yours):
    ones = torch.ones(4, 1, dtype=torch.float64)
    kept, run = yours.early_stopping(tensor([0.0]), ones, [0.5, 0.5, 0.5, 0.1], 2)
    assert_close(
        (kept, run),
        (tensor([1.0]), 3),
        cause=(
            "an equal error is not lower: the first one stays, and the waiting goes on",
            "误差相等不算更低：保留最早的，等待继续计数",
        ),
    )
    kept, run = yours.early_stopping(tensor([0.0]), ones, [0.5, float("nan"), 0.4, 0.6], 2)
    assert_close(
        (kept, run),
        (tensor([3.0]), 4),
        cause=(
            "NaN is never lower, and it counts as an epoch without progress",
            "NaN 永远不算更低，并且计为没有进步的一轮",
        ),
    )
    kept, run = yours.early_stopping(tensor([0.0]), ones, [float("nan"), 0.5, 0.6, 0.7], 2)
    assert_close(
        (kept, run),
        (tensor([2.0]), 4),
        cause=(
            "a number is lower than no number: after a first NaN the next error is the lowest so far",
            "第一轮是 NaN 时，下一个是数的误差就是目前最低的",
        ),
    )


@graded("early_stopping", core=True)
def test_a_little_lower_is_lower(yours):
    errors = [0.5, 0.5 - 1e-12, 0.5 - 2e-12, 0.6, 0.6]
    kept, run = yours.early_stopping(tensor([0.0]), torch.ones(5, 1, dtype=torch.float64), errors, 2)
    assert_close(
        (kept, run),
        (tensor([3.0]), 5),
        cause=(
            "any lower error is progress, however little",
            "只要更低就算进步，低多少都算",
        ),
    )


@graded("early_stopping", core=True)
def test_nothing_better_than_the_start(yours):
    nan = float("nan")
    kept, run = yours.early_stopping(tensor([7.0]), torch.ones(3, 1, dtype=torch.float64), [nan, nan, nan], 2)
    assert_close(
        (kept, run),
        (tensor([7.0]), 2),
        cause=(
            "where no error is a number the answer is the weights before the first epoch",
            "没有一轮的误差是数时，返回第一轮之前的权重",
        ),
    )


@graded("early_stopping")
def test_no_epoch_at_all(yours):
    kept, run = yours.early_stopping(tensor([7.0]), torch.ones(0, 1, dtype=torch.float64), [], 2)
    assert_close(
        (kept, run), (tensor([7.0]), 0), cause=("no epoch: the weights as they came", "没有训练：原样返回权重")
    )


@graded("past_only_mean", core=True)
def test_the_past_by_hand(yours):
    got = yours.past_only_mean(
        tensor([1.0, 0.0, 1.0, 1.0]), torch.tensor([4, 4, 4, 9]), torch.tensor([30, 10, 20, 40]), 0.5, 2.0
    )
    assert_close(
        got,
        tensor([0.5, 0.5, 1 / 3, 0.5]),  # (1 + 1) / 4, the prior, (0 + 1) / 3, the prior
        cause=(
            "only rows of the same group at an earlier time, never the row itself; the order of rows says nothing",
            "只用同组且时间更早的行，不含本行；行的先后顺序不代表时间",
        ),
    )


@graded("past_only_mean", core=True)
def test_the_past_is_a_loop(yours, rng):
    n = 30
    values, groups, times = rng.normal(size=n), rng.integers(-2, 3, n), rng.integers(0, 9, n)
    prior, strength = float(rng.normal()), float(rng.uniform(0.5, 5))
    expected = []
    for i in range(n):
        past = [values[j] for j in range(n) if groups[j] == groups[i] and times[j] < times[i]]
        expected.append((sum(past) + strength * prior) / (len(past) + strength))
    got = yours.past_only_mean(
        torch.as_tensor(values), torch.as_tensor(groups), torch.as_tensor(times), prior, strength
    )
    assert_close(
        got,
        tensor(expected),
        cause=(
            "(sum of earlier values + strength · prior) / (number + strength); rows of one moment do not see each other",
            "（更早各行之和 + strength · prior）/（个数 + strength）；同一时刻的行互相不可见",
        ),
    )


@graded("past_only_mean", core=True)
def test_its_own_value_changes_nothing(yours):
    groups, times = torch.tensor([1, 1, 1]), torch.tensor([5, 6, 6])
    first = yours.past_only_mean(tensor([1.0, 0.0, 0.0]), groups, times, 0.2, 1.0)
    second = yours.past_only_mean(tensor([1.0, 1.0, 1.0]), groups, times, 0.2, 1.0)
    assert_close(
        first, tensor([0.2, 0.6, 0.6]), cause=("rows of the same moment are not earlier", "同一时刻的行不算更早")
    )
    assert_close(
        second,
        first,
        cause=("a row's encoding moved with its own value: that is the leak", "某行的编码随它自己的值而变：这就是泄漏"),
    )
    seconds, ids = torch.tensor([879024327, 879024328, 893286638]), torch.tensor([2**40, 2**40, 2**40 + 1])
    assert_close(
        yours.past_only_mean(tensor([1.0, 0.0, 0.0]), ids, seconds, 0.2, 1.0),
        tensor([0.2, 0.6, 0.2]),
        cause=(
            "times in seconds and ids are long whole numbers: as floats neighbours become equal",
            "以秒计的时间和 id 都是很长的整数：转成浮点数，相邻的就变成相等了",
        ),
    )
    assert_close(
        yours.past_only_mean(tensor([1.0, 0.0]), torch.tensor([3, 3]), torch.tensor([0, 893286638]), 0.2, 1.0),
        tensor([0.2, 0.6]),
        cause=("an earlier row counts, however long ago it was", "更早的行不论隔多久都算"),
    )


@graded("past_only_mean")
def test_whole_numbers_and_no_rows(yours):
    got = yours.past_only_mean(torch.tensor([1, 0, 1]), torch.tensor([0, 0, 0]), torch.tensor([1, 2, 3]), 0.5, 1.0)
    assert_close(
        got,
        torch.tensor([0.5, 0.75, 0.5]),
        cause=("labels may be whole numbers, the mean is not", "标签可以是整数，均值不是"),
    )
    none = torch.zeros(0, dtype=torch.long)
    got = yours.past_only_mean(tensor([]), none, none, 0.5, 1.0)
    assert_close(got, tensor([]), cause=("no rows in, no rows out", "没有行，就返回空"))
