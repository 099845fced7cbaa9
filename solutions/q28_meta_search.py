"""q28: What is meta-search of hyper-parameters and structure?

中文：q28：什么是超参数与结构的元搜索？
"""

import torch
from torch import Tensor

from metarec_lib.workbook import exercise


@exercise(
    points=4,
    minutes=7,
    hints=[
        (
            "The improvement is max(best − loss, 0): losses above the best count as nothing, not as negative.",
            "改进量是 max(best − loss, 0)：高于 best 的损失按零算，不算负数。",
        ),
        (
            "With z = (best − mean) / std: (best − mean) · Φ(z) + std · φ(z), of the standard normal.",
            "令 z = (best − mean) / std：(best − mean) · Φ(z) + std · φ(z)，Φ、φ 属于标准正态分布。",
        ),
        (
            "torch.distributions.Normal has cdf and log_prob, and refuses NaN. Where std is 0, do not divide: clamp at 0.",
            "torch.distributions.Normal 有 cdf 和 log_prob，但不接受 NaN。std 为 0 时不要除，改进量在 0 处截断。",
        ),
    ],
)
def expected_improvement(mean: Tensor, std: Tensor, best: float) -> Tensor:
    """Mean of max(best − loss, 0) where each loss is N(mean, std²): what a trial is expected to gain.

    mean, std: (C,), the model's forecast of each configuration's loss; std may be 0. best: the lowest loss so far.
    Returns (C,), in the unit of the loss; nothing is negative.

    >>> expected_improvement(torch.tensor([1.0, 0.5]), torch.tensor([0.0, 0.0]), best=0.8)
    tensor([0.0000, 0.3000])

    中文：每个配置的损失服从 N(mean, std²) 时，max(best − loss, 0) 的均值，也就是试一次期望能赚多少。
    mean、std：(C,)，代理模型对各配置损失的预测，std 可以为 0；best：目前最低的损失。
    返回 (C,)，单位与损失相同，没有负数。
    """
    # BEGIN SOLUTION
    gain = best - mean
    z = gain / torch.where(std > 0, std, 1.0)
    density = torch.exp(-(z**2) / 2) / (2 * torch.pi) ** 0.5
    below = (1 + torch.erf(z / 2**0.5)) / 2
    return torch.where(std > 0, gain * below + std * density, gain.clamp(min=0))
    # END SOLUTION


@exercise(
    points=3,
    minutes=8,
    hints=[
        (
            "Keep the positions that are still in the race. A rung looks only at their losses in its own row.",
            "记住还在比赛的配置编号。每一轮只看这些配置在本轮那一行的损失。",
        ),
        (
            "Count a rung for everyone left, then keep the best len // eta of them, never fewer than one.",
            "先给剩下的每个配置记一轮，再留下其中最好的 len // eta 个，至少留一个。",
        ),
        (
            "After the last rung the best one counts one more. With argsort(stable=True) the first of equals wins.",
            "最后一轮之后只给最好的那个再加一。argsort 用 stable=True，相同损失时编号小的胜出。",
        ),
    ],
)
def successive_halving(losses: Tensor, eta: int) -> Tensor:
    """How far each configuration comes: the number of rungs that it ran, and one more for the winner.

    losses: (R, C), row r the losses after rung r. After each rung but the last the best len // eta of those left go on,
    at least one; after the last the best one wins. Of equal losses the lower position is better. eta: 2 or more.
    Returns (C,), int64. A loss of a rung that a configuration did not reach must not matter.

    >>> successive_halving(torch.tensor([[3.0, 1.0, 2.0, 4.0], [0.0, 5.0, 1.0, 0.0]]), eta=2)
    tensor([1, 2, 3, 1])

    中文：每个配置走到哪一步：跑过的轮数，胜者再加一。
    losses：(R, C)，第 r 行是第 r 轮之后的损失。除最后一轮外，每轮留下最好的 len // eta 个，至少一个；
    最后一轮之后最好的一个胜出。
    损失相同时编号小的更好。eta：至少为 2。返回 (C,)，int64。没走到的那一轮，损失是多少都不应有影响。
    """
    # BEGIN SOLUTION
    left = torch.arange(losses.shape[1])
    reached = torch.zeros(losses.shape[1], dtype=torch.int64)
    for rung, row in enumerate(losses):
        reached[left] += 1
        last = rung == len(losses) - 1
        left = left[torch.argsort(row[left], stable=True)[: 1 if last else max(1, len(left) // eta)]]
        left = left.sort().values
    reached[left] += 1
    return reached
    # END SOLUTION


@exercise(
    points=3,
    minutes=8,
    hints=[
        (
            "Three steps: which k tasks are nearest, the rank of each configuration within each of them, the mean rank.",
            "三步：哪 k 个任务最近；每个任务内部各配置的名次；名次取平均。",
        ),
        (
            "Divide each feature by its spread over the tasks (unbiased=False); a feature without spread tells nothing.",
            "每个特征除以它在各任务间的标准差（unbiased=False）；没有差异的特征不提供信息。",
        ),
        (
            "Rank = how many are lower + (how many are equal + 1) / 2, by comparing each pair of configurations of a task.",
            "名次 = 更低的个数 + (相等的个数 + 1) / 2，在一个任务内两两比较即可。",
        ),
    ],
)
def rank_by_neighbour_tasks(losses: Tensor, features: Tensor, target: Tensor, k: int) -> Tensor:
    """The order in which to try configurations on a new task: by mean rank on the k most similar tasks.

    losses: (T, C), of T earlier tasks. features: (T, F), their meta-features. target: (F,), those of the new task.
    Similar is near: Euclidean, each feature divided by its standard deviation over the T tasks (divisor T), features without
    spread left out; of equally near tasks the first. Equal losses share the mean of their ranks.
    Returns (C,), positions, the most promising first; of equal mean ranks the lower position first.

    >>> rank_by_neighbour_tasks(torch.tensor([[0.3, 0.1, 0.2], [9.0, 9.5, 8.0]]), torch.tensor([[0.0], [5.0]]),
    ...                         torch.tensor([1.0]), k=1)
    tensor([1, 2, 0])

    中文：在新任务上按什么次序试配置：看它们在最相似的 k 个任务上的平均名次。
    losses：(T, C)，T 个旧任务上的损失；features：(T, F)，旧任务的元特征；target：(F,)，新任务的元特征。
    相似指距离近：欧氏距离，每个特征先除以它在 T 个任务间的标准差（除数 T），没有差异的特征不算；同样近时取前面的任务。
    相同的损失平分名次。
    返回 (C,)，配置编号，最有希望的在前；平均名次相同时编号小的在前。
    """
    # BEGIN SOLUTION
    spread = features.double().std(0, unbiased=False)
    away = torch.where(spread > 0, (features - target) / torch.where(spread > 0, spread, 1.0), 0.0)
    near = losses[torch.argsort((away**2).sum(1), stable=True)[:k]]
    lower = (near[:, None, :] < near[:, :, None]).sum(2)
    equal = (near[:, None, :] == near[:, :, None]).sum(2)
    return torch.argsort((lower + (equal + 1) / 2).mean(0), stable=True)
    # END SOLUTION
