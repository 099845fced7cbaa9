"""q05: What is transfer learning within meta-learning?

中文：q05：什么是元学习中的迁移学习？
"""

import numpy as np
import torch
from torch import Tensor

from metarec_lib.workbook import exercise


@exercise(
    points=3,
    minutes=7,
    hints=[
        (
            "Two paths, added: the frozen weight, the same for all, and each user's own way through R numbers.",
            "两条路相加：一条是大家共用的冻结权重，另一条是每个用户自己的、先压到 R 个数再展开的通路。",
        ),
        (
            "Give x a row axis, (B, 1, D): then `@` treats every user by itself, and a.mT is (B, D, R).",
            "给 x 加一维变成 (B, 1, D)，`@` 就会逐个用户相乘；a.mT 的形状是 (B, D, R)。",
        ),
        (
            "x @ weight.mT + alpha / R · ((x A_uᵀ) B_uᵀ): go down to R first, and never write B_u A_u out.",
            "x @ weight.mT + alpha / R · ((x A_uᵀ) B_uᵀ)：先降到 R 维，不要把 B_u A_u 展开成矩阵。",
        ),
    ],
)
def lora_forward(x: Tensor, weight: Tensor, a: Tensor, b: Tensor, alpha: float) -> Tensor:
    """Apply a linear layer to a batch of users, each of whom has a LoRA adapter of their own.

    x: (B, D) one input a user. weight: (O, D) W, frozen, the same for all.
    a: (B, R, D) and b: (B, O, R), the adapters; alpha: their scale.
    Returns h_u = W x_u + (alpha / R) B_u A_u x_u, (B, O). It takes R (D + O) products a user on top of W, and no
    matrix of D × O a user is made.

    >>> lora_forward(torch.tensor([[1.0, 2.0]]), torch.eye(2), a=torch.tensor([[[1.0, 1.0]]]),
    ...              b=torch.tensor([[[1.0], [0.0]]]), alpha=2.0)    # A x = 3, times 2 / 1
    tensor([[7., 2.]])

    中文：对一批用户应用同一个线性层，每个用户有自己的 LoRA 适配器。
    x：(B, D)，每个用户一行输入。weight：(O, D)，即 W，冻结，大家共用。
    a：(B, R, D)，b：(B, O, R)，各用户的适配器；alpha：缩放系数。
    返回 h_u = W x_u + (alpha / R) B_u A_u x_u，(B, O)。每个用户只多 R (D + O) 次乘法，不生成每人一个的 D × O 矩阵。
    """
    # BEGIN SOLUTION
    low = x.unsqueeze(1) @ a.mT
    change = (low @ b.mT).squeeze(1)
    return x @ weight.mT + alpha / a.shape[1] * change
    # END SOLUTION


@exercise(
    points=2,
    minutes=3,
    hints=[
        (
            "Serving one adapter, nothing need be computed twice: add the change to W once.",
            "只服务一个适配器时，把变化量一次性加到 W 上即可。",
        ),
        (
            "B A is an (O, D) matrix of rank R; R is the number of rows of A.",
            "B A 是秩为 R 的 (O, D) 矩阵；R 是 A 的行数。",
        ),
        ("W + (alpha / R) B A, as a new tensor: others share W.", "W + (alpha / R) B A，返回新张量：W 还有别人在用。"),
    ],
)
def merge_lora(weight: Tensor, a: Tensor, b: Tensor, alpha: float) -> Tensor:
    """Merge one adapter into the weight, so that serving costs what it did without.

    weight: (O, D). a: (R, D) and b: (O, R), the adapter; alpha: its scale.
    Returns W + (alpha / R) B A, (O, D), as a new tensor.

    >>> merge_lora(torch.zeros(2, 2), a=torch.tensor([[1.0, 3.0]]), b=torch.tensor([[1.0], [2.0]]), alpha=0.5)
    tensor([[0.5000, 1.5000],
            [1.0000, 3.0000]])

    中文：把一个适配器合并进权重，线上开销就和没有适配器时一样。
    weight：(O, D)。a：(R, D)，b：(O, R)，适配器；alpha：缩放系数。
    返回新张量 W + (alpha / R) B A，(O, D)。
    """
    # BEGIN SOLUTION
    return weight + alpha / a.shape[0] * b @ a
    # END SOLUTION


@exercise(
    points=2,
    minutes=5,
    hints=[
        (
            "What the source taught is pulled to where the source left it; what is new is pulled to zero.",
            "源域学过的参数拉回源域的值，新增的参数拉向零。",
        ),
        (
            "Squares are summed over all entries of all tensors, never averaged.",
            "对所有张量的所有元素求平方和，不取平均。",
        ),
        (
            "alpha / 2 · Σ (w − w_source)² over the shared names + beta / 2 · Σ w² over the others.",
            "共有的名字：alpha / 2 · Σ (w − w_source)²；其余：beta / 2 · Σ w²。",
        ),
    ],
)
def l2_sp_penalty(weights: dict[str, Tensor], source: dict[str, Tensor], alpha: float, beta: float) -> Tensor:
    """Penalise what fine-tuning moves away from the starting point: L2-SP (Li, Grandvalet & Davoine 2018).

    weights: name ↦ tensor, the parameters being fine-tuned. source: name ↦ tensor, those of the pretrained model; a
    name that `weights` lacks (its old head) does not count.
    alpha, beta: strengths for parameters that the source has, and for those that are new.
    Returns alpha / 2 · Σ (w − w_source)² + beta / 2 · Σ w_new², a scalar tensor; one can differentiate through it.

    >>> l2_sp_penalty({"body": torch.tensor([1.0, 2.0]), "head": torch.tensor([3.0])},
    ...               {"body": torch.tensor([1.0, 0.0])}, alpha=1.0, beta=0.1)    # 4 / 2 + 0.1 · 9 / 2
    tensor(2.4500)

    中文：惩罚微调时偏离预训练参数的程度：L2-SP（Li、Grandvalet 与 Davoine，2018）。
    weights：名字 ↦ 张量，正在微调的参数。source：名字 ↦ 张量，预训练模型的参数；`weights` 里没有的名字（旧的头）不计。
    alpha、beta：分别是源域已有参数与新增参数的强度。
    返回 alpha / 2 · Σ (w − w_source)² + beta / 2 · Σ w_new²，标量张量，可以对它求导。
    """
    # BEGIN SOLUTION
    shared, new = weights.keys() & source.keys(), weights.keys() - source.keys()
    moved = sum(((weights[name] - source[name]) ** 2).sum() for name in shared)
    fresh = sum((weights[name] ** 2).sum() for name in new)
    return torch.as_tensor(alpha / 2 * moved + beta / 2 * fresh)
    # END SOLUTION


@exercise(
    points=3,
    minutes=7,
    hints=[
        (
            "Distances between films did not change, the axes did: look for a rotation, not for any linear map.",
            "影片之间的距离没变，变的是坐标轴：要找的是旋转，不是任意线性映射。",
        ),
        (
            "‖V Q − R‖² = const − 2 · trace(Qᵀ Vᵀ R): the singular vectors of Vᵀ R decide.",
            "‖V Q − R‖² = 常数 − 2 · trace(Qᵀ Vᵀ R)：由 Vᵀ R 的奇异向量决定。",
        ),
        (
            "With Vᵀ R = U S Wᵀ the answer is Q = U Wᵀ; numpy.linalg.svd returns U, S and Wᵀ.",
            "设 Vᵀ R = U S Wᵀ，则 Q = U Wᵀ；numpy.linalg.svd 返回的正是 U、S 和 Wᵀ。",
        ),
    ],
)
def align_space(vectors: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Find the rotation that turns a retrained space back onto the old one: orthogonal Procrustes (Schönemann 1966).

    vectors: (N, D) anchors, such as the vectors of N well-known films, in the new space.
    reference: (N, D) the same anchors, row by row, in the old space.
    Returns Q, (D, D), with Qᵀ Q = 1 (a reflection is allowed), for which ‖vectors @ Q − reference‖ is smallest. Nothing is
    centred and nothing scaled.

    >>> align_space(np.array([[0.0, 2.0], [-1.0, 0.0]]), np.array([[2.0, 0.0], [0.0, 1.0]]))    # a quarter turn
    array([[ 0., -1.],
           [ 1.,  0.]])

    中文：求一个旋转，把重训后的空间转回旧空间：正交 Procrustes（Schönemann，1966）。
    vectors：(N, D)，锚点（例如 N 部热门影片的向量）在新空间里的坐标。
    reference：(N, D)，同样的锚点在旧空间里的坐标，逐行对应。
    返回 Q，(D, D)，满足 Qᵀ Q = 1（允许反射），并使 ‖vectors @ Q − reference‖ 最小。不做中心化，也不缩放。
    """
    # BEGIN SOLUTION
    left, _, right = np.linalg.svd(vectors.T @ reference)
    return left @ right
    # END SOLUTION
