"""q04: How do you optimise a large-model recommender, from features to training to tuning?

Your part: replace each `raise NotImplementedError(...)` by your own code; keep the names and arguments.
To check it, run `metarec check q04` in a terminal, or the cell `check("q04")` of the notebook.
You may import the standard library, numpy and torch.
"""

import torch
from torch import Tensor


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
    raise NotImplementedError(
        "Write sampled_softmax_loss: softmax loss of the positive among sampled negatives, with the logQ correction: "
        "each score counts as score − log q."
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
    raise NotImplementedError("Write early_stopping: the weights of the best epoch, and how many epochs were run.")


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
    raise NotImplementedError(
        "Write past_only_mean: each row's group mean from strictly earlier rows, shrunken to a prior: a target "
        "encoding that cannot leak."
    )
