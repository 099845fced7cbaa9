"""q28: What is meta-search of hyper-parameters and structure?

Your part: replace each `raise NotImplementedError(...)` by your own code; keep the names and arguments.
To check it, run `metarec check q28` in a terminal, or the cell `check("q28")` of the notebook.
You may import the standard library, numpy and torch.
"""

import torch
from torch import Tensor


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
    raise NotImplementedError(
        "Write expected_improvement: mean of max(best − loss, 0) where each loss is N(mean, std²): what a trial is "
        "expected to gain."
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
    raise NotImplementedError(
        "Write successive_halving: how far each configuration comes: the number of rungs that it ran, and one more for "
        "the winner."
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
    raise NotImplementedError(
        "Write rank_by_neighbour_tasks: the order in which to try configurations on a new task: by mean rank on the k "
        "most similar tasks."
    )
