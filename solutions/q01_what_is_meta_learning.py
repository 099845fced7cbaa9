"""q01: What is meta-learning, and what does it buy a recommender?

中文：q01：什么是元学习？它在推荐系统中有什么用？
"""

from collections.abc import Callable

import torch
from torch import Tensor

from metarec_lib.workbook import exercise


@exercise(
    points=3,
    minutes=8,
    hints=[
        (
            "One step of gradient descent: θ' = θ − lr · ∇L(θ). torch.autograd.grad(L, θ) gives the gradient as a value.",
            "一步梯度下降：θ' = θ − lr · ∇L(θ)。torch.autograd.grad(L, θ) 直接把梯度作为值返回。",
        ),
        (
            "The outer loop must differentiate through this step, so the gradient must stay part of the graph.",
            "外层循环还要对这一步求导，所以梯度本身必须留在计算图里。",
        ),
        (
            "torch.autograd.grad(..., create_graph=True). Weights without requires_grad: take "
            "weights.clone().requires_grad_().",
            "用 torch.autograd.grad(..., create_graph=True)。weights 不带 requires_grad 时，"
            "先取 weights.clone().requires_grad_()。",
        ),
    ],
)
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
    # BEGIN SOLUTION
    if not weights.requires_grad:
        weights = weights.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(loss(weights), weights, create_graph=True)
    return weights - lr * gradient
    # END SOLUTION


@exercise(
    points=4,
    minutes=10,
    hints=[
        (
            "Every task starts from the same θ. Nothing learned on one task is carried over to the next.",
            "每个任务都从同一个 θ 出发，上一个任务学到的东西不会带到下一个任务。",
        ),
        (
            "Adapt on the support loss, `steps` times; judge the adapted weights with the query loss.",
            "在支持集损失上走 `steps` 步，再用查询集损失评价走完后的参数。",
        ),
        (
            "Average the query losses over the tasks. Keep the graph (inner_step does), or the gradient is first-order "
            "only.",
            "把各任务的查询集损失取平均。计算图要保留（inner_step 已经做到），否则只剩一阶梯度。",
        ),
    ],
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
    # BEGIN SOLUTION
    total = weights.new_zeros(())
    for support, query in zip(support_losses, query_losses, strict=True):
        adapted = weights
        for _ in range(steps):
            adapted = inner_step(support, adapted, lr)
        total = total + query(adapted)
    return total / len(support_losses)
    # END SOLUTION


@exercise(
    points=3,
    minutes=5,
    hints=[
        (
            "Reptile needs no query and no second derivative: it looks at where each task's own training ended.",
            "Reptile 不需要查询集，也不需要二阶导数：只看每个任务各自训练后停在哪里。",
        ),
        (
            "Move θ a part epsilon of the way towards the mean of the adapted weights.",
            "让 θ 朝适应后参数的均值走一段，走全程的 epsilon 倍。",
        ),
        (
            "θ + epsilon · mean_b(φ_b − θ): the difference first, then the mean over tasks.",
            "θ + epsilon · mean_b(φ_b − θ)：先作差，再对任务取平均。",
        ),
    ],
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
    # BEGIN SOLUTION
    return weights + epsilon * (adapted - weights).mean(dim=0)
    # END SOLUTION
