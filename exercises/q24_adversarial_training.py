"""q24: What is adversarial training here, and what does it defend against?

Your part: replace each `raise NotImplementedError(...)` by your own code; keep the names and arguments.
To check it, run `metarec check q24` in a terminal, or the cell `check("q24")` of the notebook.
You may import the standard library, numpy and torch.
"""

import torch
from torch import Tensor


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
    raise NotImplementedError(
        "Write fgsm_perturbation: the change of size epsilon that raises a loss most, as far as its gradient tells."
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
    raise NotImplementedError(
        "Write gradient_reversal: x itself, whose gradient is turned round: d(output) / d(x) = −strength."
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

    raise NotImplementedError(
        "Write apr_loss: BPR's loss plus `weight` times BPR's loss under the worst small change of the vectors (He et "
        "al. 2018)."
    )
