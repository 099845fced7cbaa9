"""q04: How do you optimise a large-model recommender, from features to training to tuning?

中文：q04：如何优化大模型推荐算法？
"""

import torch
from torch import Tensor

from metarec_lib.workbook import exercise


@exercise(
    points=4,
    minutes=8,
    hints=[
        (
            "An item that is drawn often stands in the sum often. What must be taken off its score to pay for that?",
            "一个物品被采得越勤，在分母里出现得越多。要从它的分数里减去什么，才能抵消？",
        ),
        (
            "Subtract log q from every score, the positive's too. A draw that is the positive itself leaves the sum.",
            "每个分数都减去 log q，正样本也减。采到的若正好是正样本自己，就从分母里去掉。",
        ),
        (
            "Put the positive in column 0 before the negatives; the loss is the mean of logsumexp(row) − row[0].",
            "把正样本放在第 0 列、负样本放在后面；损失是 logsumexp(整行) − 第 0 列，再取平均。",
        ),
    ],
)
def sampled_softmax_loss(
    positive: Tensor, negative: Tensor, log_q_positive: Tensor, log_q_negative: Tensor, same: Tensor
) -> Tensor:
    """Softmax loss of the positive among sampled negatives, with the logQ correction: each score counts as score − log q.

    positive: (B,) scores of the items that came next. negative: (B, n) scores of n sampled items, shared by the batch.
    log_q_positive: (B,), log_q_negative: (n,), log of the chance that the sampler draws the item.
    same: (B, n) bool, True where a sampled item is the row's positive; it is left out.
    Returns the mean loss, a scalar with its gradient. A row whose draws are all left out has the loss 0.

    >>> sampled_softmax_loss(torch.zeros(1), torch.zeros(1, 2), torch.tensor([0.5]).log(),
    ...                      torch.tensor([0.25, 0.25]).log(), torch.zeros(1, 2, dtype=torch.bool))  # −log 2 / (2 + 4 + 4)
    tensor(1.6094)

    中文：在采样负样本上计算正样本的 softmax 损失，并做 logQ 修正：每个分数都换成 score − log q。
    positive：(B,) 下一个物品的分数；negative：(B, n) 采到的 n 个物品的分数，全 batch 共用这 n 个物品。
    log_q_positive：(B,)，log_q_negative：(n,)，采样器抽中该物品的概率的对数。
    same：(B, n) 布尔，采到的物品就是该行正样本时为 True，这一项要去掉。
    返回平均损失（标量，带梯度）。若某行的负样本全被去掉，该行损失为 0。
    """
    # BEGIN SOLUTION
    first = (positive - log_q_positive).unsqueeze(1)
    others = (negative - log_q_negative).masked_fill(same, -torch.inf)
    logits = torch.cat([first, others], dim=1)
    return (torch.logsumexp(logits, dim=1) - first.squeeze(1)).mean()
    # END SOLUTION


@exercise(
    points=3,
    minutes=7,
    hints=[
        (
            "Three things to remember between epochs: the lowest error, the weights then, how many epochs passed since.",
            "跨轮次要记三样东西：最低误差、当时的权重、此后又过了几轮。",
        ),
        (
            "`best = weights` is a second name for the same numbers. If they move, so does it: keep a copy.",
            "`best = weights` 只是给同一份数据起了第二个名字，权重一变它也变：要存副本。",
        ),
        (
            "After each epoch: lower error, so best = weights.clone() and waited = 0; else waited += 1, stop at patience.",
            "每轮结束后：误差更低，就 best = weights.clone()，waited = 0；否则 waited += 1，到 patience 就停。",
        ),
    ],
)
def early_stopping(weights: Tensor, updates: Tensor, errors: list[float], patience: int) -> tuple[Tensor, int]:
    """The weights of the best epoch, and how many epochs were run.

    Epoch t adds updates[t] to the weights; errors[t] is the validation error after it. Training stops when `patience`
    epochs in a row have brought no error below the lowest so far. An equal error is not lower, and neither is NaN.
    weights: (D,) before the first epoch; they are the answer where no epoch has a number as its error. updates: (T, D).
    errors: T floats. patience: 1 or more. Returns (weights (D,), epochs run).

    >>> early_stopping(torch.zeros(1), torch.ones(4, 1), [0.9, 0.5, 0.6, 0.7], patience=2)
    (tensor([2.]), 4)

    中文：返回最佳轮次的权重，以及一共训练了多少轮。
    第 t 轮给权重加上 updates[t]；errors[t] 是这一轮之后的验证误差。连续 patience 轮都没有低于此前最低误差，就停止。
    相等不算更低，NaN 也不算。
    weights：(D,)，第一轮之前的权重；若没有一轮的误差是数，就返回它。
    updates：(T, D)；errors：T 个浮点数；patience：至少为 1。
    返回（权重 (D,)，训练的轮数）。
    """
    # BEGIN SOLUTION
    weights, lowest, waited, run = weights.clone(), float("inf"), 0, 0
    best = weights.clone()
    for update, error in zip(updates, errors, strict=True):
        weights += update
        run, waited = run + 1, waited + 1
        if error < lowest:
            best, lowest, waited = weights.clone(), error, 0
        if waited == patience:
            break
    return best, run
    # END SOLUTION


@exercise(
    points=3,
    minutes=6,
    hints=[
        (
            "For each row ask: which other rows would have been in the table when this one happened?",
            "对每一行都问一句：它发生的那一刻，表里已经有哪些行？",
        ),
        (
            "Those of the same group at a strictly smaller time. Rows of the same moment do not see each other.",
            "同一组里时间严格更早的行。同一时刻的行互相看不见。",
        ),
        (
            "before[i, j] = same group and times[j] < times[i]; (before @ values + strength · prior) / (count + strength).",
            "before[i, j] = 同组且 times[j] < times[i]；再算 (before @ values + strength · prior) / (个数 + strength)。",
        ),
    ],
)
def past_only_mean(values: Tensor, groups: Tensor, times: Tensor, prior: float, strength: float) -> Tensor:
    """Each row's group mean from strictly earlier rows, shrunken to a prior: a target encoding that cannot leak.

    (sum of the group's earlier values + strength · prior) / (their number + strength).
    values: (n,), such as 1 for a click. groups: (n,) int, such as a film or a user × genre. times: (n,) int, in any order.
    strength: above 0, how many rows the prior counts for. Returns (n,) in the order given, floating.

    >>> past_only_mean(torch.tensor([1.0, 0.0, 1.0]), torch.tensor([7, 7, 7]), torch.tensor([3, 1, 2]), 0.5, 1.0)
    tensor([0.5000, 0.5000, 0.2500])

    中文：每一行所在组的均值，只用严格更早的行，并向先验收缩：这样的目标编码不会泄漏。
    公式：（同组更早各行的 values 之和 + strength · prior）/（个数 + strength）。
    values：(n,)，例如点击为 1；groups：(n,) 整数，例如影片，或用户 × 类型；times：(n,) 整数，顺序任意。
    strength：大于 0，先验相当于多少行。返回 (n,)，顺序与输入一致，浮点数。
    """
    # BEGIN SOLUTION
    before = (groups.unsqueeze(1) == groups) & (times < times.unsqueeze(1))
    before = before.to(values.dtype)
    return (before @ values + strength * prior) / (before.sum(1) + strength)
    # END SOLUTION
