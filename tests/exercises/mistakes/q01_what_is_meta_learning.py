"""Named wrong answers of q01."""

import torch

from metarec_lib.workbook import mistake


def _gradient(loss, weights, keep=True):
    if not weights.requires_grad:
        weights = weights.detach().requires_grad_()
    (gradient,) = torch.autograd.grad(loss(weights), weights, create_graph=keep)
    return weights, gradient


def _step(loss, weights, lr, keep=True):
    weights, gradient = _gradient(loss, weights, keep)
    return weights - lr * gradient


def _adapted(loss, weights, lr, steps, keep=True):
    for _ in range(steps):
        weights = _step(loss, weights, lr, keep)
    return weights


@mistake("inner_step")
def cuts_the_gradient_out_of_the_graph(loss, weights, lr):
    """Without create_graph=True the gradient is a constant for the outer loop: that is first-order MAML."""
    return _step(loss, weights, lr, keep=False)


@mistake("inner_step")
def climbs(loss, weights, lr):
    """You added the gradient; descent subtracts it."""
    weights, gradient = _gradient(loss, weights)
    return weights + lr * gradient


@mistake("inner_step")
def returns_the_gradient(loss, weights, lr):
    """You returned lr · ∇L, the step; asked is where the step ends, θ − lr · ∇L."""
    return lr * _gradient(loss, weights)[1]


@mistake("inner_step")
def detaches_the_start(loss, weights, lr):
    """You detached θ, so the outer loop no longer sees where the step began."""
    return _step(loss, weights.detach().requires_grad_(), lr)


@mistake("inner_step")
def forgets_the_rate(loss, weights, lr):
    """You took the whole gradient as the step: multiply it by lr."""
    return _step(loss, weights, 1.0)


@mistake("maml_outer_loss")
def carries_one_task_into_the_next(support_losses, query_losses, weights, lr, steps):
    """Your second task starts from the first task's adapted weights; every task starts from θ."""
    total = 0.0
    for support, query in zip(support_losses, query_losses, strict=True):
        weights = _adapted(support, weights, lr, steps)
        total = total + query(weights)
    return total / len(support_losses)


@mistake("maml_outer_loss")
def judges_on_the_support(support_losses, query_losses, weights, lr, steps):
    """You judged the adapted weights on the support they were fitted to; MAML's outer loss is that of the query."""
    return sum(s(_adapted(s, weights, lr, steps)) for s in support_losses) / len(support_losses)


@mistake("maml_outer_loss")
def adapts_on_the_query(support_losses, query_losses, weights, lr, steps):
    """You adapted on the query: that is training on the test, inside each task."""
    return sum(q(_adapted(q, weights, lr, steps)) for q in query_losses) / len(query_losses)


@mistake("maml_outer_loss")
def is_first_order(support_losses, query_losses, weights, lr, steps):
    """Your gradient does not run through the inner steps: this is first-order MAML; keep the graph (create_graph=True)."""
    pairs = zip(support_losses, query_losses, strict=True)
    return sum(q(_adapted(s, weights, lr, steps, keep=False)) for s, q in pairs) / len(query_losses)


@mistake("maml_outer_loss")
def cuts_the_outer_loop_off(support_losses, query_losses, weights, lr, steps):
    """No gradient reaches θ: somewhere it was detached, or copied, before the inner steps."""
    start = weights.detach().clone().requires_grad_()
    pairs = zip(support_losses, query_losses, strict=True)
    value = sum(q(_adapted(s, start, lr, steps)) for s, q in pairs) / len(query_losses)
    return value.detach() + 0 * weights.sum()


@mistake("maml_outer_loss")
def takes_every_step_from_the_start(support_losses, query_losses, weights, lr, steps):
    """Each of your inner steps starts from θ again; it must start where the last one ended."""
    total = 0.0
    for support, query in zip(support_losses, query_losses, strict=True):
        adapted = weights
        for _ in range(steps):
            adapted = _step(support, weights, lr)
        total = total + query(adapted)
    return total / len(support_losses)


@mistake("maml_outer_loss")
def sums_over_the_tasks(support_losses, query_losses, weights, lr, steps):
    """You summed over the tasks: the mean keeps the outer rate the same for any number of tasks."""
    pairs = zip(support_losses, query_losses, strict=True)
    return sum(q(_adapted(s, weights, lr, steps)) for s, q in pairs)


@mistake("reptile_update")
def moves_away(weights, adapted, epsilon):
    """You moved away from the adapted weights: the difference is φ − θ."""
    return weights - epsilon * (adapted - weights).mean(dim=0)


@mistake("reptile_update")
def sums_the_tasks(weights, adapted, epsilon):
    """You summed the differences over the tasks; Reptile takes their mean."""
    return weights + epsilon * (adapted - weights).sum(dim=0)


@mistake("reptile_update")
def goes_all_the_way(weights, adapted, epsilon):
    """You went to the mean of the adapted weights, whatever epsilon is: move only a part epsilon of the way."""
    return adapted.mean(dim=0)


@mistake("reptile_update")
def looks_at_the_last_task_only(weights, adapted, epsilon):
    """You moved towards the last task only; average over all of them."""
    return weights + epsilon * (adapted[-1] - weights)


@mistake("reptile_update")
def forgets_to_subtract_the_start(weights, adapted, epsilon):
    """You added epsilon · mean(φ) instead of epsilon · mean(φ − θ)."""
    return weights + epsilon * adapted.mean(dim=0)
