"""Named wrong answers of q21."""

import numpy as np
import torch

from metarec_lib.workbook import mistake


def _step(start, users, inner_lr, outer_lr, order=2, reduce="mean", same="user"):
    start = start.detach().clone().requires_grad_()
    errors, sizes = [], []
    for x, y, xq, yq in users:
        w = start
        if len(y):
            inner = getattr((x @ start - y) ** 2, reduce)()
            w = start - inner_lr * torch.autograd.grad(inner, start, create_graph=order == 2)[0]
        errors.append(((xq @ w - yq) ** 2).mean())
        sizes.append(float(len(yq)))
    weights = torch.tensor(sizes if same == "rating" else [1.0] * len(sizes), dtype=start.dtype)
    (g,) = torch.autograd.grad((torch.stack(errors) * weights / weights.sum()).sum(), start)
    return (start - outer_lr * g).detach()


@mistake("ftml_step")
def first_order(start, users, inner_lr, outer_lr):
    """The inner gradient was taken as a constant: without create_graph the outer gradient does not run through
    the inner step.

    内层梯度被当成了常数：没有 create_graph，外层梯度就不会穿过内层那一步。
    """
    return _step(start, users, inner_lr, outer_lr, order=1)


@mistake("ftml_step")
def only_the_newest_user(start, users, inner_lr, outer_lr):
    """You took the last user alone: that is continual SGD. The leader looks at all users so far.

    你只用了最后一个用户：那是持续 SGD。元领导者要看到目前为止的全部用户。
    """
    return _step(start, users[-1:], inner_lr, outer_lr)


@mistake("ftml_step")
def adapts_on_the_sum(start, users, inner_lr, outer_lr):
    """The inner loss is the mean over the support; with a sum, five ratings pull five times as hard.

    内层损失是支持集上的平均；用求和的话，五条评分的拉力就是五倍。
    """
    return _step(start, users, inner_lr, outer_lr, reduce="sum")


@mistake("ftml_step")
def every_rating_counts_the_same(start, users, inner_lr, outer_lr):
    """Each user counts the same, not each query rating: average within a user first.

    每个用户权重相同，而不是每条查询评分相同：先在用户内取平均。
    """
    return _step(start, users, inner_lr, outer_lr, same="rating")


@mistake("ftml_step")
def no_inner_step(start, users, inner_lr, outer_lr):
    """There is no inner step: that trains on everything, one model for all users.

    没有内层那一步：这是混合全部数据训练，所有人共用一个模型。
    """
    return _step(start, [(x[:0], y[:0], xq, yq) for x, y, xq, yq in users], inner_lr, outer_lr)


@mistake("ftml_step")
def judges_on_the_support(start, users, inner_lr, outer_lr):
    """The outer loss is the query's; on the support every step looks good.

    外层损失应是查询集的；在支持集上，怎么走都显得好。
    """
    return _step(start, [(x, y, x, y) if len(y) else (x, y, xq, yq) for x, y, xq, yq in users], inner_lr, outer_lr)


@mistake("ftml_step")
def climbs_outside(start, users, inner_lr, outer_lr):
    """The outer step goes down the gradient; yours goes up.

    外层应沿梯度下降；你走成了上升。
    """
    return _step(start, users, inner_lr, -outer_lr)


@mistake("ftml_step")
def skips_users_without_support(start, users, inner_lr, outer_lr):
    """A user without support still has a query, on which the start itself is judged.

    没有支持集的用户仍有查询集，用来评判 start 本身。
    """
    return _step(start, [user for user in users if len(user[1])], inner_lr, outer_lr)


@mistake("ftml_step")
def returns_a_graph(start, users, inner_lr, outer_lr):
    """The new start still hangs on a graph that grows with every step: detach it.

    新的 start 还挂在计算图上，每走一步图就更长：要 detach。
    """
    leaf = start if start.requires_grad else start.clone().requires_grad_()
    return leaf - leaf.detach() + _step(start, users, inner_lr, outer_lr)


@mistake("online_prior_update")
def forgets_the_spread_of_the_means(mean, covariance, n, user_mean, user_covariance):
    """You averaged the covariances alone; how far the user lies from the mean is spread as well.

    你只平均了协方差；用户离均值有多远，也是散布的一部分。
    """
    return (n * mean + user_mean) / (n + 1), (n * covariance + user_covariance) / (n + 1)


@mistake("online_prior_update")
def forgets_what_is_not_known(mean, covariance, n, user_mean, user_covariance):
    """You took the user's mean as certain; the posterior covariance belongs to the spread.

    你把用户的均值当成确定的；后验协方差也属于散布。
    """
    new = (n * mean + user_mean) / (n + 1)
    second = n * (covariance + np.outer(mean, mean)) + np.outer(user_mean, user_mean)
    return new, second / (n + 1) - np.outer(new, new)


@mistake("online_prior_update")
def around_the_old_mean(mean, covariance, n, user_mean, user_covariance):
    """The covariance is taken around the new mean; you measured the distance from the old one.

    协方差应围绕新均值；你量的是到旧均值的距离。
    """
    off = user_mean - mean
    return mean + off / (n + 1), (n * covariance + user_covariance + np.outer(off, off)) / (n + 1)


@mistake("online_prior_update")
def divides_by_n(mean, covariance, n, user_mean, user_covariance):
    """There are n + 1 users now, not n.

    现在有 n + 1 个用户，不是 n 个。
    """
    n = max(n - 1, 0)
    new = (n * mean + user_mean) / (n + 1)
    second = n * (covariance + np.outer(mean, mean)) + user_covariance + np.outer(user_mean, user_mean)
    return new, second / (n + 1) - np.outer(new, new)


@mistake("online_prior_update")
def a_fixed_rate(mean, covariance, n, user_mean, user_covariance):
    """With a fixed rate the last users count most; here each counts for one of n + 1.

    固定步长会让最近的用户最重；这里每人各占 n + 1 分之一。
    """
    off = user_mean - mean
    return mean + 0.1 * off, 0.9 * covariance + 0.1 * user_covariance + 0.09 * np.outer(off, off)


@mistake("online_prior_update")
def only_the_diagonal(mean, covariance, n, user_mean, user_covariance):
    """You squared element by element; the spread is an outer product, (D, D).

    你是逐元素平方的；散布是外积 (D, D)。
    """
    off = user_mean - mean
    spread = n / (n + 1) ** 2 * np.diag(off * off)
    return mean + off / (n + 1), (n * covariance + user_covariance) / (n + 1) + spread


@mistake("online_prior_update")
def keeps_the_prior(mean, covariance, n, user_mean, user_covariance):
    """The user changed nothing.

    新用户没有带来任何变化。
    """
    return mean.astype(float), covariance.astype(float)


@mistake("online_prior_update")
def a_prior_that_counts_for_one(mean, covariance, n, user_mean, user_covariance):
    """With n = 0 nobody came before: the old prior must not count.

    n = 0 表示之前没有人：旧先验不应计入。
    """
    n = max(n, 1)
    new = (n * mean + user_mean) / (n + 1)
    second = n * (covariance + np.outer(mean, mean)) + user_covariance + np.outer(user_mean, user_mean)
    return new, second / (n + 1) - np.outer(new, new)


@mistake("regret_curve")
def the_best_rival_of_each_arrival(losses, rivals):
    """You took the best rival of each arrival; the rival is fixed over all arrivals so far.

    你在每次到达时各取最好的对照先验；对照先验在到目前为止的所有到达上是固定的。
    """
    return np.cumsum(losses) - np.cumsum(rivals.min(axis=0))


@mistake("regret_curve")
def the_best_rival_of_the_end(losses, rivals):
    """You took the rival who is best at the end for all times; it is the one who is best so far.

    你始终用最终最好的对照先验；应当用到那一刻为止最好的。
    """
    return np.cumsum(losses) - np.cumsum(rivals[rivals.sum(axis=1).argmin()])


@mistake("regret_curve")
def not_summed(losses, rivals):
    """Regret is a sum over the arrivals so far; yours is the difference at each one.

    遗憾是到目前为止的累计；你给的是每一次的差。
    """
    return losses - rivals.min(axis=0)


@mistake("regret_curve")
def a_mean_in_place_of_a_sum(losses, rivals):
    """Regret is a sum, not a mean over the arrivals.

    遗憾是求和，不是对到达次数取平均。
    """
    n = np.arange(1, len(losses) + 1)
    return (np.cumsum(losses) - np.cumsum(rivals, axis=1).min(axis=0)) / n


@mistake("regret_curve")
def never_negative(losses, rivals):
    """A learner that changes can beat every fixed rival: regret may be negative.

    会变化的学习者可能胜过所有固定对照先验：遗憾可以为负。
    """
    return np.maximum(np.cumsum(losses) - np.cumsum(rivals, axis=1).min(axis=0), 0)


@mistake("regret_curve")
def the_worst_rival(losses, rivals):
    """The best rival has the smallest sum; you took the largest.

    最好的对照先验累计损失最小；你取了最大的。
    """
    return np.cumsum(losses) - np.cumsum(rivals, axis=1).max(axis=0)


@mistake("regret_curve")
def the_sign_turned_round(losses, rivals):
    """Regret is the learner's sum minus the rival's; yours is the other way round.

    遗憾是学习者的累计减去对照先验的累计；你减反了。
    """
    return np.cumsum(rivals, axis=1).min(axis=0) - np.cumsum(losses)


@mistake("regret_curve")
def sums_over_the_rivals(losses, rivals):
    """Rivals stand in rows, time in columns: sum along a row.

    每行一个对照先验，每列一个时刻：应沿行累加。
    """
    return np.cumsum(losses) - np.cumsum(rivals, axis=0).min(axis=0)
