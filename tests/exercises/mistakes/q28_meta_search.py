"""Named wrong answers of q28."""

import torch

from metarec_lib.workbook import mistake


def _improvement(gain, std):
    unit = torch.distributions.Normal(0.0, 1.0)
    z = gain / torch.where(std > 0, std, 1.0)
    found = gain * unit.cdf(z) + std * torch.exp(unit.log_prob(z))
    return torch.where(std > 0, found, gain.clamp(min=0))


@mistake("expected_improvement")
def maximises(mean, std, best):
    """A loss is better when it is lower: the gain is best − mean.

    损失越低越好：增益是 best − mean。
    """
    return _improvement(mean - best, std)


@mistake("expected_improvement")
def probability_only(mean, std, best):
    """You returned the chance of an improvement; how large it is counts as well.

    你返回的是改进的概率；改进多少也要算。
    """
    return torch.distributions.Normal(0.0, 1.0).cdf((best - mean) / torch.where(std > 0, std, 1e-12))


@mistake("expected_improvement")
def ignores_the_spread(mean, std, best):
    """You looked at the mean alone; an uncertain configuration can be worth a trial though its mean is worse.

    你只看了均值；均值差一些但不确定的配置，也可能值得一试。
    """
    return (best - mean).clamp(min=0)


@mistake("expected_improvement")
def divides_by_zero(mean, std, best):
    """Where std is 0 you divide by it and get NaN.

    std 为 0 时你除以了它，得到 NaN。
    """
    z, unit = (best - mean) / std, torch.distributions.Normal(0.0, 1.0, validate_args=False)
    return (best - mean) * unit.cdf(z) + std * torch.exp(unit.log_prob(z))


@mistake("expected_improvement")
def forgets_the_clamp(mean, std, best):
    """With std = 0 and a mean above the best nothing is gained: 0, not a negative number.

    std = 0 且均值高于 best 时，什么也赚不到：应为 0，不是负数。
    """
    return torch.where(std > 0, _improvement(best - mean, std), best - mean)


def _halving(losses, eta, keep=None, row_of=None, stable_order=True):
    left, reached = torch.arange(losses.shape[1]), torch.zeros(losses.shape[1], dtype=torch.int64)
    for rung in range(len(losses)):
        reached[left] += 1
        row = losses[rung if row_of is None else row_of(rung)]
        count = 1 if rung == len(losses) - 1 else (keep or (lambda n: max(1, n // eta)))(len(left))
        left = left[torch.argsort(row[left], stable=True)[:count]]
        left = left.sort().values if stable_order else left
    reached[left] += 1
    return reached


@mistake("successive_halving")
def always_the_first_rung(losses, eta):
    """Every rung has losses of its own; you sorted by those of the first.

    每一轮有自己的损失；你一直按第一轮排序。
    """
    return _halving(losses, eta, row_of=lambda rung: 0)


@mistake("successive_halving")
def rounds_up(losses, eta):
    """The number that goes on is len // eta, rounded down.

    晋级个数是 len // eta，向下取整。
    """
    return _halving(losses, eta, keep=lambda n: -(-n // eta))


@mistake("successive_halving")
def leaves_nobody(losses, eta):
    """With fewer than eta left, len // eta is 0; at least one must go on.

    剩下不到 eta 个时 len // eta 为 0；至少要留一个。
    """
    return _halving(losses, eta, keep=lambda n: n // eta)


@mistake("successive_halving")
def always_halves(losses, eta):
    """You kept one half whatever eta is.

    不管 eta 是多少，你都留一半。
    """
    return _halving(losses, 2)


@mistake("successive_halving")
def keeps_the_worst(losses, eta):
    """Lower losses are better; you kept the highest.

    损失低的更好；你留下了最高的。
    """
    return _halving(-losses, eta)


@mistake("successive_halving")
def forgets_the_winner(losses, eta):
    """The winner counts one more than the others that ran the last rung.

    胜者要比同样跑完最后一轮的配置多记一。
    """
    return _halving(losses, eta).clamp(max=len(losses))


@mistake("successive_halving")
def the_leader_wins_ties(losses, eta):
    """Of equal losses the lower position is better, whoever led at the rung before.

    损失相同时编号小的更好，与上一轮谁领先无关。
    """
    return _halving(losses, eta, stable_order=False)


def _ranked(losses, features, target, k, scale=True, ranks=True, far=False, power=2):
    spread = features.double().std(0, unbiased=False)
    by = torch.where(spread > 0, spread, torch.inf) if scale else torch.ones_like(spread)
    away = (((features - target) / by).abs() ** power).sum(1)
    near = losses[torch.argsort(away, stable=True, descending=far)[:k]].double()
    if ranks:
        lower = (near[:, None, :] < near[:, :, None]).sum(2)
        near = lower + ((near[:, None, :] == near[:, :, None]).sum(2) + 1) / 2
    return torch.argsort(near.mean(0), stable=True)


@mistake("rank_by_neighbour_tasks")
def averages_losses(losses, features, target, k):
    """You averaged losses; the task with the largest numbers then decides. Average ranks.

    你平均的是损失，数值大的任务就说了算。应平均名次。
    """
    return _ranked(losses, features, target, k, ranks=False)


@mistake("rank_by_neighbour_tasks")
def does_not_scale(losses, features, target, k):
    """Features of different units: divide each by its spread over the tasks.

    特征单位不同：每个都要除以它在任务间的标准差。
    """
    return _ranked(losses, features, target, k, scale=False)


@mistake("rank_by_neighbour_tasks")
def takes_the_farthest(losses, features, target, k):
    """You took the tasks that are farthest away.

    你取的是最远的任务。
    """
    return _ranked(losses, features, target, k, far=True)


@mistake("rank_by_neighbour_tasks")
def uses_every_task(losses, features, target, k):
    """Only the k nearest tasks have a say.

    只有最近的 k 个任务有发言权。
    """
    return _ranked(losses, features, target, len(losses))


@mistake("rank_by_neighbour_tasks")
def returns_the_ranks(losses, features, target, k):
    """Asked is the order, position of the best first; you returned the rank of each configuration.

    要的是次序，最好的编号在前；你返回的是每个配置的名次。
    """
    return torch.argsort(_ranked(losses, features, target, k))


@mistake("rank_by_neighbour_tasks")
def divides_by_no_spread(losses, features, target, k):
    """A feature without spread is divided by 0.

    没有差异的特征被除以 0。
    """
    away = (((features - target) / features.double().std(0, unbiased=False)) ** 2).sum(1)
    return _ranked(losses, torch.nan_to_num(away, 1e9, 1e9)[:, None], torch.zeros(1), k, scale=False)


@mistake("rank_by_neighbour_tasks")
def breaks_ties_in_losses(losses, features, target, k):
    """Equal losses share the mean of their ranks; you gave the first of them the better rank.

    相同的损失平分名次；你把更好的名次给了排在前面的。
    """
    order = torch.argsort(torch.argsort(losses, dim=1, stable=True), dim=1).double()
    return _ranked(order, features, target, k)


@mistake("rank_by_neighbour_tasks")
def adds_absolute_differences(losses, features, target, k):
    """You added absolute differences; the distance is Euclidean: add their squares.

    你把绝对差相加了；要用欧氏距离：平方后相加。
    """
    return _ranked(losses, features, target, k, power=1)


@mistake("rank_by_neighbour_tasks")
def takes_all_that_are_equally_near(losses, features, target, k):
    """With two tasks equally near at the k-th place you took both; take k tasks, the first ones.

    第 k 名有两个任务一样近时，你把两个都取了；只取 k 个，先取前面的。
    """
    spread = features.double().std(0, unbiased=False)
    away = (((features - target) / torch.where(spread > 0, spread, torch.inf)) ** 2).sum(1)
    near = away <= away.sort().values[k - 1]
    return _ranked(losses[near], features[near], target, int(near.sum()))


@mistake("successive_halving")
def rounds_to_the_nearest(losses, eta):
    """len // eta rounds down; you rounded to the nearest.

    len // eta 是向下取整；你做了四舍五入。
    """
    return _halving(losses, eta, keep=lambda n: max(1, round(n / eta)))


@mistake("successive_halving")
def adds_up_the_rungs(losses, eta):
    """A rung looks at its own row alone; you added the rows so far.

    每一轮只看自己那一行；你把前面几行加在了一起。
    """
    return _halving(losses.cumsum(0), eta)
