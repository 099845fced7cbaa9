"""Named wrong answers of q27."""

import torch

from metarec_lib.workbook import mistake


def _greedy(kernel, k, stop=1e-10, last=False, own=False, first=True, largest=True):
    d, rows, chosen = kernel.diagonal().double().clone(), [], []
    while len(chosen) < min(k, len(kernel)):
        j = int(d.argmax()) if first else len(d) - 1 - int(d.flip(0).argmax())
        if not largest:
            j = int(torch.where(d > 0, d, torch.inf).argmin())
        if d[j] <= stop:
            break
        before = [] if own else rows[-1:] if last else rows
        row = (kernel[j].double() - sum((c * c[j] for c in before), torch.zeros_like(d))) / d[j].sqrt()
        rows, chosen = [*rows, row], [*chosen, j]
        d = d - row**2
        d[chosen] = 0.0
    return chosen


@mistake("dpp_greedy")
def takes_the_largest_diagonal(kernel, k):
    """You took the items of largest own value; what they share with the chosen ones does not count twice.

    你取的是自身值最大的物品；与已选者重复的部分不应再算一次。
    """
    return torch.argsort(kernel.diagonal(), descending=True, stable=True)[:k].tolist()


@mistake("dpp_greedy")
def looks_at_the_last_choice_only(kernel, k):
    """An item must be compared with all chosen ones, not with the last.

    物品要与所有已选者比，而不只是最后一个。
    """
    return _greedy(kernel, k, last=True)


@mistake("dpp_greedy")
def subtracts_similarities(kernel, k):
    """You subtracted the kernel's entries of the chosen ones one by one; chosen items overlap among themselves too.

    你逐个减去与已选者的相似度；已选者彼此也有重叠。
    """
    return _greedy(kernel, k, own=True)


@mistake("dpp_greedy")
def never_stops(kernel, k):
    """Where no volume is left you go on; stop when the best remaining variance is 1e-10 or less.

    已经没有体积可加了你还在选；剩余方差最大的也不超过 1e-10 时要停。
    """
    return (
        _greedy(kernel, k, stop=-1.0)
        + [j for j in range(len(kernel)) if j not in _greedy(kernel, k, stop=-1.0)][
            : max(0, min(k, len(kernel)) - len(_greedy(kernel, k, stop=-1.0)))
        ]
    )


@mistake("dpp_greedy")
def a_coarse_border(kernel, k):
    """You stop too early: only 1e-10 or less counts as nothing.

    你停得太早：不超过 1e-10 才算没有。
    """
    return _greedy(kernel, k, stop=1e-3)


@mistake("dpp_greedy")
def last_of_equals(kernel, k):
    """Of equal items the lower position is taken.

    相同的取编号小的。
    """
    return _greedy(kernel, k, first=False)


@mistake("dpp_greedy")
def smallest_volume(kernel, k):
    """You took the item that adds the least volume.

    你选的是增加体积最少的物品。
    """
    return _greedy(kernel, k, largest=False)


def _kinds(X, y, means, share, scale, noise, correlated=True, prior=True, logs=True, own=True):
    covariance = (scale**2 * X @ X.T if own else 0) + noise**2 * torch.eye(len(y))
    if not correlated:
        covariance = torch.diag(covariance.diagonal())
    away = y - means @ X.T
    fit = -(away * torch.linalg.solve(covariance, away.T).T).sum(1) / 2
    fit = fit + torch.log(share) if prior else fit
    return torch.softmax(fit, dim=0) if logs else fit.exp() / fit.exp().sum()


@mistake("mixture_responsibilities")
def ignores_the_spread_of_a_kind(X, y, means, share, scale, noise):
    """Users of one kind differ: the ratings' covariance is scale² X Xᵀ + noise² I, not noise² I.

    同一类的用户彼此不同：评分的协方差是 scale² X Xᵀ + noise² I，不是 noise² I。
    """
    return share if len(y) == 0 else _kinds(X, y, means, share, scale, noise, own=False)


@mistake("mixture_responsibilities")
def independent_ratings(X, y, means, share, scale, noise):
    """Ratings of one user share w, so they are correlated; you kept the diagonal alone.

    同一用户的评分共用 w，所以是相关的；你只留了对角线。
    """
    return share if len(y) == 0 else _kinds(X, y, means, share, scale, noise, correlated=False)


@mistake("mixture_responsibilities")
def forgets_the_shares(X, y, means, share, scale, noise):
    """A rare kind needs more evidence: weigh the likelihood by the share.

    稀少的类需要更多证据：似然要乘以占比。
    """
    return share if len(y) == 0 else _kinds(X, y, means, share, scale, noise, prior=False)


@mistake("mixture_responsibilities")
def exponentiates_first(X, y, means, share, scale, noise):
    """exp of a very negative number is 0, and 0 / 0 is NaN: use softmax on the logs.

    很负的数取 exp 得 0，0 / 0 是 NaN：要对对数用 softmax。
    """
    return share if len(y) == 0 else _kinds(X, y, means, share, scale, noise, logs=False)


@mistake("mixture_responsibilities")
def nearest_kind_only(X, y, means, share, scale, noise):
    """You said which kind is likeliest; asked is how likely each one is.

    你给出的是最可能的一类；要的是每一类的概率。
    """
    found = share if len(y) == 0 else _kinds(X, y, means, share, scale, noise)
    return torch.nn.functional.one_hot(found.argmax(), len(share)).to(found.dtype)


@mistake("mixture_responsibilities")
def equal_without_ratings(X, y, means, share, scale, noise):
    """Without ratings the answer is the shares, not one over the number of kinds.

    没有评分时答案是各类占比，不是平均分。
    """
    return torch.full_like(share, 1 / len(share)) if len(y) == 0 else _kinds(X, y, means, share, scale, noise)


@mistake("mixture_responsibilities")
def scale_is_not_squared(X, y, means, share, scale, noise):
    """scale and noise are standard deviations: square them.

    scale 和 noise 是标准差：要平方。
    """
    return share if len(y) == 0 else _kinds(X, y, means, share, scale**0.5, noise**0.5)


@mistake("logdet_diversity")
def forgets_the_sign(Z):
    """A loss is made smaller: a large volume must give a low value, so −log det.

    损失要越小越好：体积大时值应低，所以取负号。
    """
    return torch.logdet(torch.eye(len(Z)) + Z @ Z.T)


@mistake("logdet_diversity")
def without_the_identity(Z):
    """With more tasks than numbers Z Zᵀ has determinant 0; add the identity.

    任务数多于维数时 Z Zᵀ 的行列式为 0；要加单位阵。
    """
    return -torch.logdet(Z @ Z.T)


@mistake("logdet_diversity")
def takes_the_trace(Z):
    """You took the trace; it is the same for equal and for different tasks of one length.

    你取的是迹；长度相同时，任务相同或不同它都一样。
    """
    return -torch.log1p((Z**2).sum(1)).sum()


@mistake("logdet_diversity")
def detaches(Z):
    """The embeddings were detached, so nothing learns from this term.

    你把 embedding 从计算图上摘下来了，这一项就学不到东西。
    """
    return -torch.logdet(torch.eye(len(Z)) + (Z @ Z.T).detach()) + 0 * Z.sum()


@mistake("logdet_diversity")
def determinant_of_one_side(Z):
    """You took log(1 + det Z Zᵀ); asked is log det(I + Z Zᵀ).

    你算的是 log(1 + det Z Zᵀ)；要的是 log det(I + Z Zᵀ)。
    """
    return -torch.log1p(torch.linalg.det(Z @ Z.T))


@mistake("logdet_diversity")
def normalises_the_rows(Z):
    """The embeddings are given as they are; you scaled the rows to length 1.

    embedding 按给定的用；你把行缩放到了长度 1。
    """
    return -torch.logdet(torch.eye(len(Z)) + torch.nn.functional.normalize(Z) @ torch.nn.functional.normalize(Z).T)
