"""q20: What is transfer inefficiency, and how does it differ from negative transfer?

中文：q20：什么是迁移无效性？它与负迁移有何区别？
"""

import torch
from torch import Tensor

from metarec_lib.workbook import exercise


@exercise(
    points=3,
    minutes=7,
    hints=[
        (
            "A source task helps where its gradient points the target's way: compare directions, not lengths.",
            "源任务走一步，只有当它的梯度与目标的梯度方向相同时才帮得上目标：比的是方向，不是长度。",
        ),
        (
            "cosine = (g_s · g_t) / (|g_s| |g_t|), and everything below zero becomes 0.",
            "余弦 = (g_s · g_t) / (|g_s| |g_t|)，小于零的一律取 0。",
        ),
        (
            "A gradient of zeros has no direction: where |g_s| |g_t| is 0 divide by 1 instead, the weight is then 0.",
            "全零的梯度没有方向：|g_s| |g_t| 为 0 时改除以 1，权重就是 0。",
        ),
    ],
)
def task_weights(source: Tensor, target: Tensor) -> Tensor:
    """How much each source task may teach the target: max(0, cosine) of their gradients at the same parameters.

    source: (S, D), one gradient a source task. target: (D,), the target's gradient.
    Returns (S,), between 0 and 1; 0 for a gradient of zeros. The length of a gradient does not matter.

    >>> task_weights(torch.tensor([[2.0, 0.0], [-1.0, 0.0], [1.0, 1.0]]), torch.tensor([1.0, 0.0]))
    tensor([1.0000, 0.0000, 0.7071])

    中文：每个源任务能教目标多少：同一参数处两者梯度的 max(0, 余弦)。
    source：(S, D)，每个源任务一个梯度；target：(D,)，目标的梯度。
    返回 (S,)，在 0 和 1 之间；全零的梯度得 0。梯度的长度不影响结果。
    """
    # BEGIN SOLUTION
    size = source.norm(dim=1) * target.norm()
    cosine = source @ target / torch.where(size > 0, size, torch.ones_like(size))
    return cosine.clamp(min=0)
    # END SOLUTION


@exercise(
    points=3,
    minutes=6,
    hints=[
        (
            "How much of what could be gained is still missing? Gains are differences to the ceiling.",
            "能拿到的收益里还差多少？收益都是相对上限的差。",
        ),
        (
            "First average the errors over users, then divide; a mean of ratios blows up where a user has nothing to gain.",
            "先对用户取平均再相除；逐用户求比值再平均，遇到没有收益空间的用户就会爆掉。",
        ),
        (
            "(mean(with_transfer) − mean(ceiling)) / (mean(without) − mean(ceiling)); the bottom must be above 0.",
            "(mean(with_transfer) − mean(ceiling)) / (mean(without) − mean(ceiling))；分母必须大于 0。",
        ),
    ],
)
def transfer_ratio(with_transfer: Tensor, without: Tensor, ceiling: Tensor) -> float:
    """(with − ceiling) / (without − ceiling) of the mean errors: 0 reached the ceiling, 1 gained nothing, above 1 harmed.

    with_transfer, without, ceiling: (U,) errors of the same users: after transfer, from scratch, and with as much target
    data as one could wish for. Returns a float, a ratio of means, not clipped.
    ValueError where `without` is not above the ceiling.

    >>> transfer_ratio(torch.tensor([1.0, 2.0]), torch.tensor([2.0, 3.0]), torch.tensor([1.0, 1.0]))    # .5 / 1.5
    0.333…

    中文：平均误差之比 (with − ceiling) / (without − ceiling)：0 表示达到上限，1 表示没有收益，大于 1 表示受害。
    with_transfer、without、ceiling：(U,)，同一批用户的误差：迁移后、从零训练、目标数据要多少有多少。
    返回浮点数，是均值之比，不截断。without 不高于上限时抛出 ValueError。
    """
    # BEGIN SOLUTION
    room = (without.mean() - ceiling.mean()).item()
    if room <= 0:
        raise ValueError("without transfer the error is not above the ceiling: nothing to gain")
    return (with_transfer.mean() - ceiling.mean()).item() / room
    # END SOLUTION


@exercise(
    points=4,
    minutes=9,
    hints=[
        (
            "Two parts: the student's own squared error, and its squared distance to the teacher where the gate is open.",
            "两部分：学生自己的平方误差，以及门打开处它与教师的平方距离。",
        ),
        (
            "A group's gate is open where the source's held-out error is the lower one; group says which gate a row uses.",
            "某一组的门在“源的留出误差低于目标自己的”时打开；group 说明每一行用哪扇门。",
        ),
        (
            "gate = (source_error < target_error)[group]; the teacher is detached; both means run over all n rows.",
            "gate = (source_error < target_error)[group]；教师要 detach；两个均值都对全部 n 行取。",
        ),
    ],
)
def gated_distillation_loss(
    student: Tensor,
    teacher: Tensor,
    targets: Tensor,
    group: Tensor,
    source_error: Tensor,
    target_error: Tensor,
    weight: float,
) -> Tensor:
    """mean (student − targets)² + weight · mean gate · (student − teacher)²: imitate the source where it beat the target.

    student, teacher, targets: (n,). group: (n,) int64, the group of each row, such as its genre. source_error,
    target_error: (G,) held-out errors of the source model and of the target's own, group by group; the gate is open where
    the source's is lower. weight: 0 or more.
    Returns a tensor without dimensions; the gradient reaches the student alone. Both means are over all n rows.

    >>> gated_distillation_loss(torch.tensor([1.0, 1.0]), torch.tensor([3.0, 3.0]), torch.tensor([1.0, 2.0]),
    ...     torch.tensor([0, 1]), torch.tensor([0.5, 0.9]), torch.tensor([0.8, 0.8]), weight=0.5)    # 1/2 + .5 · 4/2
    tensor(1.5000)

    中文：mean (student − targets)² + weight · mean gate · (student − teacher)²：只在源胜过目标的地方模仿源。
    student、teacher、targets：(n,)；group：(n,) int64，每行所属的组，例如类型；source_error、target_error：(G,)，
    源模型和目标自己的模型在各组上的留出误差，源更低时门打开；weight：不小于 0。
    返回零维张量；梯度只流向 student。两个均值都对全部 n 行取。
    """
    # BEGIN SOLUTION
    gate = (source_error < target_error)[group].to(student.dtype)
    own = ((student - targets) ** 2).mean()
    return own + weight * (gate * (student - teacher.detach()) ** 2).mean()
    # END SOLUTION
