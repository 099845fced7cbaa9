"""q01: What is meta-learning, and what does it buy a recommender?"""

from collections.abc import Callable

import torch
from torch import Tensor

from metarec_lib.workbook import exercise


@exercise(
    points=3,
    minutes=8,
    hints=[
        "One step of gradient descent: θ' = θ − lr · ∇L(θ). torch.autograd.grad(L, θ) gives the gradient as a value.",
        "The outer loop must differentiate through this step, so the gradient must stay part of the graph.",
        "torch.autograd.grad(..., create_graph=True). Weights without requires_grad: take weights.clone().requires_grad_().",
    ],
)
def inner_step(loss: Callable[[Tensor], Tensor], weights: Tensor, lr: float) -> Tensor:
    """Take one gradient step on a task's loss, so that one can still differentiate through it.

    loss: weights (D,) ↦ scalar, the loss of one task's support.
    weights: (D,) θ; it has requires_grad=True when the outer loop needs it, else take a copy that has it.
    lr: the inner learning rate.
    Returns θ' = θ − lr · ∇loss(θ), (D,), as a new tensor. Its derivative with respect to θ is I − lr · H, H the
    Hessian of the loss: the second-order term of MAML.

    >>> inner_step(lambda w: ((w - 1) ** 2).sum(), torch.tensor([0.0]), lr=0.1)    # the gradient is 2 · (0 − 1)
    tensor([0.2000])
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
        "Every task starts from the same θ. Nothing learned on one task is carried over to the next.",
        "Adapt on the support loss, `steps` times; judge the adapted weights with the query loss.",
        "Average the query losses over the tasks. Keep the graph (inner_step does), or the gradient is first-order only.",
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
        "Reptile needs no query and no second derivative: it looks at where each task's own training ended.",
        "Move θ a part epsilon of the way towards the mean of the adapted weights.",
        "θ + epsilon · mean_b(φ_b − θ): the difference first, then the mean over tasks.",
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
    """
    # BEGIN SOLUTION
    return weights + epsilon * (adapted - weights).mean(dim=0)
    # END SOLUTION
