"""q15: How do you compress a meta-learned model?

中文：q15：如何压缩元学习模型？
"""

import torch
from torch import Tensor

from metarec_lib.workbook import exercise


@exercise(
    points=3,
    minutes=6,
    hints=[
        (
            "One scale for each row: the largest absolute value of the row becomes 127.",
            "每行一个缩放系数：该行绝对值最大的数对应 127。",
        ),
        (
            "codes = round(table / scale). A row of zeros has no largest value: give it the scale 1.",
            "codes = round(table / scale)。全零的行没有最大值：缩放系数取 1。",
        ),
        (
            "scale = table.abs().amax(1) / 127; replace 0 by 1; torch.round(table / scale[:, None]).to(torch.int8).",
            "scale = table.abs().amax(1) / 127；把 0 换成 1；torch.round(table / scale[:, None]).to(torch.int8)。",
        ),
    ],
)
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
    # BEGIN SOLUTION
    scale = table.abs().amax(1) / 127
    scale = torch.where(scale > 0, scale, torch.ones_like(scale))
    return torch.round(table / scale[:, None]).to(torch.int8), scale
    # END SOLUTION


@exercise(
    points=1,
    minutes=2,
    hints=[
        ("The way back is one product.", "还原只需要一次乘法。"),
        ("Each row has its own scale: it must not be spread over the columns.", "每行有自己的缩放系数，不要按列广播。"),
        ("codes * scale[:, None]; int8 times float is float.", "codes * scale[:, None]；int8 乘浮点得到浮点。"),
    ],
)
def dequantize_int8(codes: Tensor, scale: Tensor) -> Tensor:
    """The table that the codes stand for: scale · code, row by row.

    codes: (R, C) torch.int8. scale: (R,) float. Returns (R, C) in the type of `scale`.

    >>> dequantize_int8(torch.tensor([[127, -50]], dtype=torch.int8), torch.tensor([0.01]))
    tensor([[ 1.2700, -0.5000]])

    中文：把编码还原成表：逐行计算 scale · code。
    codes：(R, C) torch.int8；scale：(R,) 浮点数。返回 (R, C)，类型与 scale 相同。
    """
    # BEGIN SOLUTION
    return codes * scale[:, None]
    # END SOLUTION


@exercise(
    points=3,
    minutes=6,
    hints=[
        (
            "The threshold is one for the whole table, not one a row. How many entries stay?",
            "整张表用同一个门槛，不是每行一个。要留下多少个？",
        ),
        (
            "Equal entries make a threshold keep too many: choose positions, not values.",
            "有并列的值时，用门槛会多留：要选位置，而不是选数值。",
        ),
        (
            "Sort the flat absolute values, descending and stable; the first n positions keep their value, the rest are 0.",
            "把绝对值展平，按从大到小稳定排序；前 n 个位置保留原值，其余为 0。",
        ),
    ],
)
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
    # BEGIN SOLUTION
    order = table.abs().flatten().argsort(descending=True, stable=True)
    kept = torch.zeros_like(table).flatten()
    kept[order[:keep]] = table.flatten()[order[:keep]]
    return kept.reshape(table.shape)
    # END SOLUTION


@exercise(
    points=3,
    minutes=8,
    hints=[
        (
            "Two terms: what the user liked, and what the teacher thinks of every item.",
            "两项：用户喜欢了什么；教师对每个物品怎么看。",
        ),
        (
            "KL(t ‖ s) = Σ t · (log t − log s), t the teacher's softmax at the temperature; no gradient to the teacher.",
            "KL(t ‖ s) = Σ t · (log t − log s)，t 是带温度的教师 softmax。梯度不传给教师。",
        ),
        (
            "log_softmax for both sides; teacher.detach() / temperature; hard = −(likes · log s).sum(1) / likes.sum(1).",
            "两边都用 log_softmax；teacher.detach() / temperature；hard = −(likes · log s).sum(1) / likes.sum(1)。",
        ),
    ],
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
    # BEGIN SOLUTION
    log_s = torch.log_softmax(student, dim=1)
    log_t = torch.log_softmax(teacher.detach() / temperature, dim=1)
    hard = -(likes * log_s).sum(1) / likes.sum(1)
    soft = (log_t.exp() * (log_t - log_s)).sum(1)
    return ((1 - weight) * hard + weight * soft).mean()
    # END SOLUTION
