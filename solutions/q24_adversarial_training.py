"""q24: What is adversarial training here, and what does it defend against?

中文：q24：推荐里的对抗训练是什么？它防的是什么？
"""

import torch
from torch import Tensor

from metarec_lib.workbook import exercise


@exercise(
    points=3,
    minutes=6,
    hints=[
        (
            "Two balls of the same size: a cube, where each number may move by epsilon, and a sphere for each row.",
            "两种同样大小的球：一种是立方体，每个数都可以动 epsilon；另一种是每一行一个球面。",
        ),
        (
            "In the cube only the sign of the gradient counts; on the sphere the direction of the whole row.",
            "在立方体里只看梯度的符号；在球面上看整行的方向。",
        ),
        (
            "inf: epsilon * gradient.sign(). 2: epsilon * gradient / norm of each row; where the norm is 0, zeros.",
            "inf：epsilon * gradient.sign()。2：epsilon * gradient / 每行的范数；范数为 0 的行返回零。",
        ),
    ],
)
def fgsm_perturbation(gradient: Tensor, epsilon: float, norm: str) -> Tensor:
    """The change of size epsilon that raises a loss most, as far as its gradient tells.

    gradient: (B, D) float, of the loss. epsilon: 0 or more. norm: "inf", each number moves by epsilon at most (FGSM); or
    "2", each row moves by a vector of length epsilon (APR).
    Returns (B, D). A number (a row) whose gradient is zero does not move.

    >>> fgsm_perturbation(torch.tensor([[3.0, -4.0]]), epsilon=0.5, norm="inf")
    tensor([[ 0.5000, -0.5000]])
    >>> fgsm_perturbation(torch.tensor([[3.0, -4.0]]), epsilon=0.5, norm="2")
    tensor([[ 0.3000, -0.4000]])

    中文：在大小为 epsilon 的范围内，按梯度看最能抬高损失的那个扰动。
    gradient：(B, D) 浮点，损失的梯度。epsilon：不小于 0。norm："inf" 表示每个数最多动 epsilon（FGSM）；
    "2" 表示每一行沿一个长度为 epsilon 的向量移动（APR）。
    返回 (B, D)。梯度为零的数（或行）不动。
    """
    # BEGIN SOLUTION
    if norm == "inf":
        return epsilon * gradient.sign()
    length = gradient.norm(dim=1, keepdim=True)
    return epsilon * gradient / torch.where(length > 0, length, 1.0)
    # END SOLUTION


@exercise(
    points=3,
    minutes=6,
    hints=[
        (
            "The value must be x; the gradient must not be that of x. Which call keeps a value, but drops its gradient?",
            "取值必须是 x，梯度却不能是 x 的梯度。torch 里什么操作保留取值、去掉梯度？",
        ),
        (
            "Write x as a part that carries the gradient, −strength · x, and a part that counts as constant.",
            "把 x 写成两部分：带梯度的 −strength · x，和当作常数的其余部分。",
        ),
        (
            "-strength * x + ((1 + strength) * x).detach(): the sum is x, its derivative is −strength.",
            "-strength * x + ((1 + strength) * x).detach()：和是 x，导数是 −strength。",
        ),
    ],
)
def gradient_reversal(x: Tensor, strength: float) -> Tensor:
    """x itself, whose gradient is turned round: d(output) / d(x) = −strength.

    x: any shape, float. strength: λ; 1 turns the gradient round, 0 cuts it off, a negative one lets it through.
    Returns a tensor with the values of x, that autograd can differentiate.

    >>> x = torch.tensor([2.0, 5.0], requires_grad=True)
    >>> gradient_reversal(x, strength=0.5)
    tensor([2., 5.], grad_fn=<AddBackward0>)
    >>> torch.autograd.grad(gradient_reversal(x, strength=0.5).sum(), x)
    (tensor([-0.5000, -0.5000]),)

    中文：返回 x 本身，但梯度被反转：d(输出) / d(x) = −strength。
    x：任意形状的浮点张量。strength：λ；取 1 反转梯度，取 0 截断梯度，取负数则让梯度照常通过。
    返回与 x 数值相同、可被自动求导的张量。
    """
    # BEGIN SOLUTION
    return -strength * x + ((1 + strength) * x).detach()
    # END SOLUTION


@exercise(
    points=4,
    minutes=10,
    hints=[
        (
            "First the plain loss: mean over triples of −log σ(user · item − user · other).",
            "先写普通损失：对三元组取 −log σ(user · item − user · other) 的平均。",
        ),
        (
            "Take its gradient for the three inputs by torch.autograd.grad on detached copies; make each row epsilon long.",
            "在 detach 出来的副本上用 torch.autograd.grad 求三个输入的梯度，再逐行缩放到长度 epsilon。",
        ),
        (
            "Add weight times the same loss at user + Δ, item + Δ, other + Δ: the original tensors plus constant changes.",
            "再加上 weight 乘以在 user + Δ、item + Δ、other + Δ 处的同一损失：原张量加上当作常数的扰动。",
        ),
    ],
)
def apr_loss(user: Tensor, item: Tensor, other: Tensor, epsilon: float, weight: float) -> Tensor:
    """BPR's loss plus `weight` times BPR's loss under the worst small change of the vectors (He et al. 2018).

    user, item, other: (n, D) vectors of n triples; the user liked `item` and has not rated `other`.
    BPR: the mean over triples of −log σ(user · item − user · other). The change: each row of each of the three moves by
    epsilon along its own gradient of that loss, divided by the gradient's length. The change counts as a constant: no
    gradient runs through it. Returns a scalar that autograd can differentiate; no input's `.grad` is touched.

    >>> one, zero = torch.tensor([[1.0]]), torch.tensor([[0.0]])
    >>> apr_loss(one, one, zero, epsilon=0.0, weight=1.0)    # twice −log σ(1)
    tensor(0.6265)

    中文：BPR 损失，加上 weight 乘以向量受到最坏小扰动时的 BPR 损失（He 等，2018）。
    user、item、other：(n, D)，n 个三元组的向量；用户喜欢 item，没评过 other。
    BPR：对三元组取 −log σ(user · item − user · other) 的平均。
    扰动：三者的每一行各自沿该损失对它的梯度方向移动 epsilon（梯度除以自身长度）。
    扰动当作常数，梯度不穿过它。返回可求导的标量，不改动任何输入的 `.grad`。
    """

    # BEGIN SOLUTION
    def bpr(u: Tensor, i: Tensor, j: Tensor) -> Tensor:
        return -torch.nn.functional.logsigmoid((u * (i - j)).sum(1)).mean()

    rows = (user, item, other)
    fixed = [row.detach().requires_grad_() for row in rows]
    change = [torch.nn.functional.normalize(g, eps=1e-300) for g in torch.autograd.grad(bpr(*fixed), fixed)]
    return bpr(*rows) + weight * bpr(*(row + epsilon * way for row, way in zip(rows, change, strict=True)))
    # END SOLUTION
