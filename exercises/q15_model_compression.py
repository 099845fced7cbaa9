"""q15: How do you compress a meta-learned model?

Your part: replace each `raise NotImplementedError(...)` by your own code; keep the names and arguments.
To check it, run `metarec check q15` in a terminal, or the cell `check("q15")` of the notebook.
You may import the standard library, numpy and torch.
"""

import torch
from torch import Tensor


def quantize_int8(table: Tensor) -> tuple[Tensor, Tensor]:
    """Symmetric int8 with one scale a row: w ≈ scale · code.

    table: (R, C) float, one column at least. Returns the codes (R, C) torch.int8, from −127 to 127, and the scales (R,): the
    largest absolute value of a row is at ±127. A row of zeros gets scale 1. Rounding is that of torch.round.

    >>> quantize_int8(torch.tensor([[1.27, -0.50], [0.0, 0.0]]))
    (tensor([[127, -50], [0, 0]], dtype=torch.int8), tensor([0.0100, 1.0000]))

    中文：对称 int8 量化，每行一个缩放系数：w ≈ scale · code。
    table：(R, C) 浮点数，至少一列。返回编码 (R, C)（torch.int8，取值 −127 到 127）和缩放系数 (R,)，每行绝对值最大的数
    编码为 ±127。全零的行缩放系数取 1。取整方式与 torch.round 相同。
    """
    raise NotImplementedError("Write quantize_int8: symmetric int8 with one scale a row: w ≈ scale · code.")


def dequantize_int8(codes: Tensor, scale: Tensor) -> Tensor:
    """The table that the codes stand for: scale · code, row by row.

    codes: (R, C) torch.int8. scale: (R,) float. Returns (R, C) in the type of `scale`.

    >>> dequantize_int8(torch.tensor([[127, -50]], dtype=torch.int8), torch.tensor([0.01]))
    tensor([[ 1.2700, -0.5000]])

    中文：把编码还原成表：逐行计算 scale · code。
    codes：(R, C) torch.int8；scale：(R,) 浮点数。返回 (R, C)，类型与 scale 相同。
    """
    raise NotImplementedError("Write dequantize_int8: the table that the codes stand for: scale · code, row by row.")


def magnitude_prune(table: Tensor, keep: int) -> Tensor:
    """A copy of the table in which only the `keep` entries of largest absolute value are left, the others 0.

    table: (R, C). keep: how many entries stay, of the whole table; 0 gives zeros, R · C or more gives the table. Of equal
    absolute values the one that comes first stays (row after row). The table itself must not change.

    >>> magnitude_prune(torch.tensor([[3.0, -1.0], [1.0, -4.0]]), keep=3)
    tensor([[ 3., -1.], [ 0., -4.]])

    中文：返回表的副本，只保留绝对值最大的 keep 个元素，其余置 0。
    table：(R, C)；keep：整张表保留多少个；0 得到全零，不小于 R · C 则得到原表。绝对值相同时，先出现者（按行）保留。
    不得改动 table 本身。
    """
    raise NotImplementedError(
        "Write magnitude_prune: A copy of the table in which only the `keep` entries of largest absolute value are "
        "left, the others 0."
    )


def distillation_loss(student: Tensor, teacher: Tensor, likes: Tensor, weight: float, temperature: float) -> Tensor:
    """(1 − weight) · cross-entropy with the likes + weight · KL(softmax(teacher / temperature) ‖ softmax(student)).

    student, teacher: (B, I) scores. likes: (B, I) float, 1 where the user likes the item; each user has one at least.
    The cross-entropy of a user is the mean of −log softmax(student) over the user's likes. Both terms are means over
    users. The temperature divides the teacher's scores alone. Only the student gets a gradient.

    >>> distillation_loss(torch.zeros(1, 2), torch.zeros(1, 2), torch.tensor([[1.0, 0.0]]), weight=0.5, temperature=0.1)
    tensor(0.3466)      # ½ · log 2 + ½ · 0

    中文：(1 − weight) · 与喜欢的交叉熵 + weight · KL(softmax(teacher / temperature) ‖ softmax(student))。
    student、teacher：(B, I) 得分；likes：(B, I) 浮点，用户喜欢该物品时为 1，每个用户至少一个。
    一个用户的交叉熵，是其喜欢的物品上 −log softmax(student) 的平均。两项都对用户取平均。
    温度只除教师的得分。只有学生得到梯度。
    """
    raise NotImplementedError(
        "Write distillation_loss: (1 − weight) · cross-entropy with the likes + weight · KL(softmax(teacher / "
        "temperature) ‖ softmax(student))."
    )
