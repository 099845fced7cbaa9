"""q30: What is data augmentation, when the data are histories and ratings?

Your part: replace each `raise NotImplementedError(...)` by your own code; keep the names and arguments.
To check it, run `metarec check q30` in a terminal, or the cell `check("q30")` of the notebook.
You may import the standard library, numpy and torch.
"""

import math

import torch
from torch import Tensor


def crop(history: Tensor, share: float, start: float) -> Tensor:
    """One run of a history, the rest cut off at its two ends.

    history: (T,) items, oldest first, T of 1 or more. share: 0 to 1, how much stays: ⌈share · T⌉ events, at least one.
    start: 0 to 1, where the run begins: 0 the oldest run, 1 the latest; between them round(start · (T − length)).
    Returns the run, in order. ValueError for a share or start outside 0 to 1.

    >>> crop(torch.tensor([7, 3, 9, 4, 8]), share=0.5, start=1.0)
    tensor([9, 4, 8])

    中文：保留历史中的一段，两端切掉。
    history：(T,) 物品，从旧到新，T 至少为 1；share：0 到 1，保留多少：⌈share · T⌉ 个事件，至少一个；
    start：0 到 1，片段从哪里开始：0 是最早的一段，1 是最近的一段，其间取 round(start · (T − length))。
    返回按原顺序的片段。share 或 start 超出 0 到 1 时抛出 ValueError。
    """
    raise NotImplementedError("Write crop: one run of a history, the rest cut off at its two ends.")


def sliding_prefixes(history: Tensor, longest: int) -> tuple[Tensor, Tensor]:
    """Every prefix of a history, and the item that came next.

    history: (T,) int64 items, oldest first; T may be 0 or 1. longest: 1 or more, how many of the latest events are kept.
    Returns prefixes (T − 1, longest), int64, padded in front with −1, and targets (T − 1,), oldest first; (0, longest) and
    (0,) where no item came next.

    >>> sliding_prefixes(torch.tensor([7, 3, 9]), longest=2)
    (tensor([[-1,  7], [ 7,  3]]), tensor([3, 9]))

    中文：历史的每个前缀，以及紧接着出现的物品。
    history：(T,) int64 物品，从旧到新，T 可以是 0 或 1；longest：至少为 1，只保留最近多少个事件。
    返回前缀 (T − 1, longest)（int64，前面用 −1 填充）和目标 (T − 1,)，从旧到新；没有下一个物品时返回 (0, longest) 和 (0,)。
    """
    raise NotImplementedError("Write sliding_prefixes: every prefix of a history, and the item that came next.")


def noise_as_ridge(x: Tensor, y: Tensor, std: float) -> Tensor:
    """Least squares on infinitely many copies of the rows, each with fresh noise N(0, std²) on every input.

    x: (N, D). y: (N,). std: above 0. Returns the weights (D,), without drawing any noise.

    >>> noise_as_ridge(torch.tensor([[1.0], [1.0]]), torch.tensor([1.0, 3.0]), std=1.0)    # 4 / (2 + 2)
    tensor([1.])

    中文：把每一行复制无穷多份，每份的每个输入都加上新的噪声 N(0, std²)，再做最小二乘。
    x：(N, D)；y：(N,)；std：大于 0。返回权重 (D,)，不需要抽任何噪声。
    """
    raise NotImplementedError(
        "Write noise_as_ridge: least squares on infinitely many copies of the rows, each with fresh noise N(0, std²) "
        "on every input."
    )
