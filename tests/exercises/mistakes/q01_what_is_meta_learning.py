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
    """Without create_graph=True the gradient is a constant for the outer loop: that is first-order MAML.

    没有 create_graph=True，梯度对外层循环来说就是常数：那是一阶 MAML（FOMAML）。
    """
    return _step(loss, weights, lr, keep=False)


@mistake("inner_step")
def climbs(loss, weights, lr):
    """You added the gradient; descent subtracts it.

    你加上了梯度；下降应当减去它。
    """
    weights, gradient = _gradient(loss, weights)
    return weights + lr * gradient


@mistake("inner_step")
def returns_the_gradient(loss, weights, lr):
    """You returned lr · ∇L, the step; asked is where the step ends, θ − lr · ∇L.

    你返回的是 lr · ∇L，即这一步的位移；要的是走完之后的位置 θ − lr · ∇L。
    """
    return lr * _gradient(loss, weights)[1]


@mistake("inner_step")
def detaches_the_start(loss, weights, lr):
    """You detached θ, so the outer loop no longer sees where the step began.

    你对 θ 做了 detach，外层循环就看不到这一步从哪里出发。
    """
    return _step(loss, weights.detach().requires_grad_(), lr)


@mistake("inner_step")
def forgets_the_rate(loss, weights, lr):
    """You took the whole gradient as the step: multiply it by lr.

    你把整个梯度当成了一步：还要乘以 lr。
    """
    return _step(loss, weights, 1.0)


@mistake("inner_step")
def leaves_a_gradient_behind(loss, weights, lr):
    """`.backward()` adds into `weights.grad`, which the outer loop reads: take the gradient by torch.autograd.grad.

    `.backward()` 会往 `weights.grad` 里累加，而外层循环要读它：请用 torch.autograd.grad 取梯度。
    """
    copy = weights.clone() if weights.requires_grad else weights.clone().requires_grad_()
    copy.retain_grad()
    loss(copy).backward(create_graph=True)
    return copy - lr * copy.grad


@mistake("inner_step")
def measures_the_slope(loss, weights, lr):
    """You measured the slope by finite differences: autograd gives it exactly, and keeps it differentiable.

    你用有限差分估计了梯度：自动求导给出的才是精确值，并且可以继续求导。
    """
    parts = torch.eye(len(weights), dtype=weights.dtype) * 1e-4
    slope = torch.stack([(loss(weights + part) - loss(weights - part)) / 2e-4 for part in parts])
    return weights - lr * slope


@mistake("inner_step")
def changes_the_weights_in_place(loss, weights, lr):
    """You changed θ itself: the next task needs it as it was, so return a new tensor.

    你改动了 θ 本身：下一个任务还要用原来的 θ，请返回新的张量。
    """
    (gradient,) = torch.autograd.grad(loss(weights.requires_grad_()), weights, create_graph=True)
    with torch.no_grad():
        weights -= lr * gradient
    return weights


@mistake("inner_step")
def moves_one_weight_after_another(loss, weights, lr):
    """You moved one weight after another: all move at once, by the gradient at θ.

    你逐个更新了参数：应在 θ 处求一次梯度，全部同时更新。
    """
    for one in torch.eye(len(weights), dtype=weights.dtype):
        weights = _step(loss, weights, lr * one)
    return weights


@mistake("maml_outer_loss")
def takes_one_step_whatever_is_asked(support_losses, query_losses, weights, lr, steps):
    """You took one inner step, whatever `steps` is; with 0 nothing is adapted.

    不论 `steps` 是多少，你都只走了一步；steps 为 0 时不应适应。
    """
    pairs = zip(support_losses, query_losses, strict=True)
    return sum(q(_adapted(s, weights, lr, 1)) for s, q in pairs) / len(query_losses)


@mistake("maml_outer_loss")
def takes_a_step_where_none_is_asked(support_losses, query_losses, weights, lr, steps):
    """With 0 steps you took one all the same: then the query is judged at θ itself.

    steps 为 0 时你仍然走了一步：这时应直接在 θ 处算查询集损失。
    """
    pairs = zip(support_losses, query_losses, strict=True)
    return sum(q(_adapted(s, weights, lr, max(1, steps))) for s, q in pairs) / len(query_losses)


@mistake("maml_outer_loss")
def adapts_to_all_tasks_at_once(support_losses, query_losses, weights, lr, steps):
    """You adapted once to the mean of all supports: each task adapts to its own.

    你在所有支持集的平均损失上一起做了适应：每个任务应在自己的支持集上适应。
    """
    adapted = _adapted(lambda w: sum(s(w) for s in support_losses) / len(support_losses), weights, lr, steps)
    return sum(q(adapted) for q in query_losses) / len(query_losses)


@mistake("maml_outer_loss")
def judges_every_task_on_the_first_query(support_losses, query_losses, weights, lr, steps):
    """You judged every task on the first task's query: task b has query_losses[b].

    你把所有任务都放到第一个任务的查询集上评价：任务 b 应用 query_losses[b]。
    """
    return sum(query_losses[0](_adapted(s, weights, lr, steps)) for s in support_losses) / len(support_losses)


@mistake("maml_outer_loss")
def does_not_adapt(support_losses, query_losses, weights, lr, steps):
    """You judged θ itself: adapt it on each task's support first.

    你直接评价了 θ：应先在每个任务的支持集上适应。
    """
    return sum(q(weights) for q in query_losses) / len(query_losses)


@mistake("maml_outer_loss")
def carries_one_task_into_the_next(support_losses, query_losses, weights, lr, steps):
    """Your second task starts from the first task's adapted weights; every task starts from θ.

    你的第二个任务是从第一个任务适应后的参数出发的；每个任务都应从 θ 出发。
    """
    total = 0.0
    for support, query in zip(support_losses, query_losses, strict=True):
        weights = _adapted(support, weights, lr, steps)
        total = total + query(weights)
    return total / len(support_losses)


@mistake("maml_outer_loss")
def judges_on_the_support(support_losses, query_losses, weights, lr, steps):
    """You judged the adapted weights on the support they were fitted to; MAML's outer loss is that of the query.

    你用支持集评价了在它上面学出来的参数；MAML 的外层损失用的是查询集。
    """
    return sum(s(_adapted(s, weights, lr, steps)) for s in support_losses) / len(support_losses)


@mistake("maml_outer_loss")
def adapts_on_the_query(support_losses, query_losses, weights, lr, steps):
    """You adapted on the query: that is training on the test, inside each task.

    你在查询集上做了适应：等于在每个任务里拿测试数据训练。
    """
    return sum(q(_adapted(q, weights, lr, steps)) for q in query_losses) / len(query_losses)


@mistake("maml_outer_loss")
def is_first_order(support_losses, query_losses, weights, lr, steps):
    """Your gradient does not run through the inner steps: this is first-order MAML; keep the graph (create_graph=True).

    你的梯度没有穿过内层步骤：这是一阶 MAML（FOMAML）；请保留计算图（create_graph=True）。
    """
    pairs = zip(support_losses, query_losses, strict=True)
    return sum(q(_adapted(s, weights, lr, steps, keep=False)) for s, q in pairs) / len(query_losses)


@mistake("maml_outer_loss")
def cuts_the_outer_loop_off(support_losses, query_losses, weights, lr, steps):
    """No gradient reaches θ: somewhere it was detached, or copied, before the inner steps.

    梯度传不到 θ：在内层步骤之前，它在某处被 detach 或复制了。
    """
    start = weights.detach().clone().requires_grad_()
    pairs = zip(support_losses, query_losses, strict=True)
    value = sum(q(_adapted(s, start, lr, steps)) for s, q in pairs) / len(query_losses)
    return value.detach() + 0 * weights.sum()


@mistake("maml_outer_loss")
def takes_every_step_from_the_start(support_losses, query_losses, weights, lr, steps):
    """Each of your inner steps starts from θ again; it must start where the last one ended.

    你的每个内层步骤都重新从 θ 出发；应当从上一步的终点出发。
    """
    total = 0.0
    for support, query in zip(support_losses, query_losses, strict=True):
        adapted = weights
        for _ in range(steps):
            adapted = _step(support, weights, lr)
        total = total + query(adapted)
    return total / len(support_losses)


@mistake("maml_outer_loss")
def sums_over_the_tasks(support_losses, query_losses, weights, lr, steps):
    """You summed over the tasks: the mean keeps the outer rate the same for any number of tasks.

    你对任务求了和：取平均才能让外层学习率不随任务数变化。
    """
    pairs = zip(support_losses, query_losses, strict=True)
    return sum(q(_adapted(s, weights, lr, steps)) for s, q in pairs)


@mistake("reptile_update")
def moves_away(weights, adapted, epsilon):
    """You moved away from the adapted weights: the difference is φ − θ.

    你朝远离适应后参数的方向走了：差应是 φ − θ。
    """
    return weights - epsilon * (adapted - weights).mean(dim=0)


@mistake("reptile_update")
def sums_the_tasks(weights, adapted, epsilon):
    """You summed the differences over the tasks; Reptile takes their mean.

    你把各任务的差加了起来；Reptile 取的是平均。
    """
    return weights + epsilon * (adapted - weights).sum(dim=0)


@mistake("reptile_update")
def goes_all_the_way(weights, adapted, epsilon):
    """You went to the mean of the adapted weights, whatever epsilon is: move only a part epsilon of the way.

    不论 epsilon 是多少，你都直接走到了均值：只应走全程的 epsilon 倍。
    """
    return adapted.mean(dim=0)


@mistake("reptile_update")
def looks_at_the_last_task_only(weights, adapted, epsilon):
    """You moved towards the last task only; average over all of them.

    你只朝最后一个任务移动；应对所有任务取平均。
    """
    return weights + epsilon * (adapted[-1] - weights)


@mistake("reptile_update")
def forgets_to_subtract_the_start(weights, adapted, epsilon):
    """You added epsilon · mean(φ) instead of epsilon · mean(φ − θ).

    你加的是 epsilon · mean(φ)，应当是 epsilon · mean(φ − θ)。
    """
    return weights + epsilon * adapted.mean(dim=0)


@mistake("reptile_update")
def averages_over_the_weights(weights, adapted, epsilon):
    """You averaged over the weights instead of the tasks: the tasks are the first dimension, dim=0.

    你沿参数维取了平均：任务在第一维，应取 dim=0。
    """
    return weights + epsilon * (adapted - weights).mean(dim=-1)


@mistake("reptile_update")
def swaps_the_ends(weights, adapted, epsilon):
    """You kept a part epsilon of θ and took the rest from the mean: it is the other way round.

    你保留了 epsilon 份的 θ，其余取自均值：正好反了。
    """
    return epsilon * weights + (1 - epsilon) * adapted.mean(dim=0)


@mistake("reptile_update")
def changes_the_start_in_place(weights, adapted, epsilon):
    """You changed θ itself: return a new tensor.

    你改动了 θ 本身：请返回新的张量。
    """
    weights += epsilon * (adapted - weights).mean(dim=0)
    return weights


@mistake("reptile_update")
def moves_after_each_task(weights, adapted, epsilon):
    """You moved θ after each task: take all differences from the same θ, and their mean.

    你每处理一个任务就移动一次 θ：所有的差都应相对同一个 θ 来算，再取平均。
    """
    for task in adapted:
        weights = weights + epsilon * (task - weights)
    return weights
