"""q05: What is transfer learning within meta-learning?

Your part: replace each `raise NotImplementedError(...)` by your own code; keep the names and arguments.
To check it, run `metarec check q05` in a terminal, or the cell `check("q05")` of the notebook.
You may import the standard library, numpy and torch.
"""

import numpy as np
import torch
from torch import Tensor


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
    raise NotImplementedError(
        "Write lora_forward: apply a linear layer to a batch of users, each of whom has a LoRA adapter of their own."
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
    raise NotImplementedError(
        "Write merge_lora: merge one adapter into the weight, so that serving costs what it did without."
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
    raise NotImplementedError(
        "Write l2_sp_penalty: penalise what fine-tuning moves away from the starting point: L2-SP (Li, Grandvalet & "
        "Davoine 2018)."
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
    raise NotImplementedError(
        "Write align_space: find the rotation that turns a retrained space back onto the old one: orthogonal "
        "Procrustes (Schönemann 1966)."
    )
