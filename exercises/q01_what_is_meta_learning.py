"""q01: What is meta-learning, and what does it buy a recommender?

Your part: replace each `raise NotImplementedError(...)` by your own code; keep the names and arguments.
To check it, run `metarec check q01` in a terminal, or the cell `check("q01")` of the notebook.
You may import the standard library, numpy and torch.
"""

from collections.abc import Callable

import torch
from torch import Tensor


def inner_step(loss: Callable[[Tensor], Tensor], weights: Tensor, lr: float) -> Tensor:
    """Take one gradient step on a task's loss, so that one can still differentiate through it.

    loss: weights (D,) ↦ scalar, the loss of one task's support.
    weights: (D,) θ; it has requires_grad=True when the outer loop needs it, else take a copy that has it.
    lr: the inner learning rate.
    Returns θ' = θ − lr · ∇loss(θ), (D,), as a new tensor. Its derivative with respect to θ is I − lr · H, H the
    Hessian of the loss: the second-order term of MAML. Nothing else changes, `weights.grad` included.

    >>> inner_step(lambda w: ((w - 1) ** 2).sum(), torch.tensor([0.0]), lr=0.1)    # the gradient is 2 · (0 − 1)
    tensor([0.2000])

    中文：在一个任务的损失上走一步梯度下降，并且还能对这一步求导。
    loss：weights (D,) ↦ 标量，该任务支持集上的损失。
    weights：(D,)，即 θ；外层需要对它求导时带 requires_grad=True，否则请先复制一份再打开。lr：内层学习率。
    返回新张量 θ' = θ − lr · ∇loss(θ)，(D,)。它对 θ 的导数是 I − lr · H（H 为损失的 Hessian），这正是 MAML 的二阶项。
    除此之外什么都不能改动，包括 `weights.grad`。
    """
    raise NotImplementedError(
        "Write inner_step: take one gradient step on a task's loss, so that one can still differentiate through it."
    )


def maml_outer_loss(
    support_losses: list[Callable[[Tensor], Tensor]],
    query_losses: list[Callable[[Tensor], Tensor]],
    weights: Tensor,
    lr: float,
    steps: int,
) -> Tensor:
    """Compute MAML's outer loss: the mean over tasks of the query loss after adapting on the support.

    support_losses, query_losses: one callable a task, weights (D,) ↦ scalar; task b has support_losses[b] and
    query_losses[b].
    weights: (D,) the shared initialisation θ.
    lr, steps: the inner loop takes `steps` gradient steps of rate lr; with 0 steps nothing is adapted.
    Returns a scalar tensor. Its gradient with respect to θ runs through the inner steps (second order).

    >>> toward = lambda goal: lambda w: ((w - goal) ** 2).sum()
    >>> maml_outer_loss([toward(1.0)], [toward(1.0)], torch.tensor([0.0]), lr=0.1, steps=1)    # θ' = 0.2
    tensor(0.6400)

    中文：计算 MAML 的外层损失：先在支持集上适应，再取查询集损失对任务的平均。
    support_losses、query_losses：每个任务一个函数，weights (D,) ↦ 标量；任务 b 用 support_losses[b] 和 query_losses[b]。
    weights：(D,)，共享的初始化参数 θ。lr、steps：内层以学习率 lr 走 `steps` 步；steps 为 0 时不做适应。
    返回标量张量；它对 θ 的梯度要穿过所有内层步骤（二阶）。
    """
    raise NotImplementedError(
        "Write maml_outer_loss: compute MAML's outer loss: the mean over tasks of the query loss after adapting on the "
        "support."
    )


def reptile_update(weights: Tensor, adapted: Tensor, epsilon: float) -> Tensor:
    """Move the initialisation towards the weights that the tasks ended at.

    weights: (D,) the initialisation θ.
    adapted: (B, D) φ_b, the weights of each task after its own training from θ.
    epsilon: the outer step, 0 (stay) to 1 (go to the mean).
    Returns θ + epsilon · mean_b(φ_b − θ), (D,), as a new tensor.

    >>> reptile_update(torch.tensor([0.0]), torch.tensor([[1.0], [3.0]]), epsilon=0.5)
    tensor([1.])

    中文：把初始化参数朝各任务训练后的参数移动。
    weights：(D,)，初始化参数 θ。adapted：(B, D)，φ_b 是任务 b 从 θ 出发训练后的参数。
    epsilon：外层步长，0（不动）到 1（直接到均值）。
    返回新张量 θ + epsilon · mean_b(φ_b − θ)，(D,)。
    """
    raise NotImplementedError(
        "Write reptile_update: move the initialisation towards the weights that the tasks ended at."
    )
