"""q30: What is data augmentation, when the data are histories and ratings?

中文：q30：对行为历史和评分做数据增强，指的是什么？
"""

import math

import torch
from torch import Tensor

from metarec_lib.workbook import exercise


@exercise(
    points=3,
    minutes=6,
    hints=[
        (
            "The run has ⌈share · T⌉ events, one at least. How many places can it begin at? `start` picks among them.",
            "保留的片段有 ⌈share · T⌉ 个事件，至少一个；start 决定它从可选范围的哪个位置开始。",
        ),
        (
            "The first event can be 0 … T − length: start = 0 gives the oldest run, start = 1 the latest.",
            "起点可以是 0 … T − length：start = 0 取最早的一段，start = 1 取最近的一段。",
        ),
        (
            "length = max(1, math.ceil(share * T - 1e-9)); first = round(start * (T - length)); then a slice.",
            "length = max(1, math.ceil(share * T - 1e-9))；first = round(start * (T - length))；然后切片。",
        ),
    ],
)
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
    # BEGIN SOLUTION
    if not (0 <= share <= 1 and 0 <= start <= 1):
        raise ValueError("share and start lie between 0 and 1")
    length = max(1, math.ceil(share * len(history) - 1e-9))  # 0.07 · 100 is 7.000000000000001
    first = round(start * (len(history) - length))
    return history[first : first + length]
    # END SOLUTION


@exercise(
    points=4,
    minutes=9,
    hints=[
        (
            "Target t is event t, t = 1 … T − 1; its prefix is what came before, cut to the latest `longest` events.",
            "目标 t 就是第 t 个事件；它的前缀是之前的全部事件，只留最近 longest 个。t 从 1 到 T − 1。",
        ),
        (
            "Start with a table full of −1, (T − 1, longest), and write each prefix to its right end.",
            "先建一张全是 −1 的表，(T − 1, longest)，把每个前缀写到右端。",
        ),
        (
            "For t: part = history[max(0, t - longest) : t]; prefixes[t - 1, longest - len(part) :] = part.",
            "对每个 t：part = history[max(0, t - longest) : t]；prefixes[t - 1, longest - len(part) :] = part。",
        ),
    ],
)
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
    # BEGIN SOLUTION
    count = max(len(history) - 1, 0)
    prefixes = torch.full((count, longest), -1)
    for t in range(1, count + 1):
        part = history[max(0, t - longest) : t]
        prefixes[t - 1, longest - len(part) :] = part
    return prefixes, history[1:]
    # END SOLUTION


@exercise(
    points=3,
    minutes=8,
    hints=[
        (
            "Write the loss of one row with noise e: (y − w·(x + e))². What is its mean over e?",
            "写出一行加噪声 e 后的损失 (y − w·(x + e))²，对 e 取平均是多少？",
        ),
        (
            "It is (y − w·x)² + s² |w|²: over N rows, a ridge of strength N s².",
            "等于 (y − w·x)² + s² |w|²：N 行加起来，就是强度为 N s² 的岭回归。",
        ),
        (
            "Solve (XᵀX + N s² I) w = Xᵀy with torch.linalg.solve.",
            "用 torch.linalg.solve 解 (XᵀX + N s² I) w = Xᵀy。",
        ),
    ],
)
def noise_as_ridge(x: Tensor, y: Tensor, std: float) -> Tensor:
    """Least squares on infinitely many copies of the rows, each with fresh noise N(0, std²) on every input.

    x: (N, D). y: (N,). std: above 0. Returns the weights (D,), without drawing any noise.

    >>> noise_as_ridge(torch.tensor([[1.0], [1.0]]), torch.tensor([1.0, 3.0]), std=1.0)    # 4 / (2 + 2)
    tensor([1.])

    中文：把每一行复制无穷多份，每份的每个输入都加上新的噪声 N(0, std²)，再做最小二乘。
    x：(N, D)；y：(N,)；std：大于 0。返回权重 (D,)，不需要抽任何噪声。
    """
    # BEGIN SOLUTION
    ridge = len(x) * std**2 * torch.eye(x.shape[1], dtype=x.dtype)
    return torch.linalg.solve(x.T @ x + ridge, x.T @ y)
    # END SOLUTION
