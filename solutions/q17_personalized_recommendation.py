"""q17: How do you personalise with meta-learning?

中文：q17：如何用元学习做个性化推荐？
"""

import torch
from torch import Tensor

from metarec_lib.workbook import exercise


@exercise(
    points=3,
    minutes=6,
    hints=[
        (
            "The prior counts as κ = σ² / τ² ratings at the common mean.",
            "先验相当于 κ = σ² / τ² 条恰好等于总体均值的评分。",
        ),
        (
            "Weigh the user's own mean by how many ratings it rests on: n / (n + κ).",
            "用户自己的均值按它的评分数加权：n / (n + κ)。",
        ),
        (
            "(counts * means + κ * mean) / (counts + κ); where a user has no rating, the mean may be NaN: take the prior.",
            "(counts * means + κ * mean) / (counts + κ)；没有评分的用户，其均值可能是 NaN：取先验。",
        ),
    ],
)
def partial_pooling(means: Tensor, counts: Tensor, mean: float, noise_var: float, prior_var: float) -> Tensor:
    """Posterior means of users: μ_u ~ N(mean, τ²), each rating scatters around μ_u with variance σ².

    means: (U,) mean rating of each user, NaN where there is none. counts: (U,) int, ratings a user.
    mean: of all users. noise_var: σ². prior_var: τ², not negative; 0 is complete pooling.
    Returns (U,), between the user's mean and the common one.

    >>> partial_pooling(torch.tensor([5.0, 5.0]), torch.tensor([1, 4]), mean=3.0, noise_var=1.0, prior_var=1.0)
    tensor([4.0000, 4.6000])

    中文：用户的后验均值：μ_u ~ N(mean, τ²)，每条评分以方差 σ² 围绕 μ_u 波动。
    means：(U,) 每个用户的平均分，没有评分时为 NaN；counts：(U,) 整数，评分数；mean：总体均值；
    noise_var：σ²；prior_var：τ²，非负，为 0 时完全合并。返回 (U,)，介于用户自己的均值与总体均值之间。
    """
    # BEGIN SOLUTION
    known = counts * prior_var
    own = torch.where(counts > 0, means, torch.zeros_like(means))
    return (known * own + noise_var * mean) / (known + noise_var)
    # END SOLUTION


@exercise(
    points=4,
    minutes=8,
    hints=[
        (
            "Two moments of the rates c / n are known: their mean m and their variance v. A Beta has m = α/(α+β).",
            "比例 c / n 的两个矩是已知的：均值 m 和方差 v。Beta 分布的均值是 α/(α+β)。",
        ),
        (
            "v holds the sampling noise as well: take away the mean of m(1 − m)/n, then τ² is what is left.",
            "v 里还含着抽样噪声：减去 m(1 − m)/n 的平均，剩下的才是 τ²。",
        ),
        (
            "α + β = m(1 − m)/τ² − 1, α = m · (α + β), β = (1 − m) · (α + β). Items that do not differ: infinitely strong.",
            "α + β = m(1 − m)/τ² − 1，α = m · (α + β)，β = (1 − m) · (α + β)。物品之间没有差异时强度为无穷。",
        ),
    ],
)
def beta_prior(clicks: Tensor, shows: Tensor) -> tuple[float, float]:
    """α and β of the Beta distribution that items' true rates are drawn from, by moments.

    clicks: (I,) and shows: (I,), counts of each item, shows of at least 1; may be integers.
    m: the mean of the items' rates clicks / shows, each item counting once. v: their variance, divided by I.
    τ² = v − mean of m (1 − m) / shows. Where τ² is not above zero, items do not differ: returns (inf, inf).
    Where α + β comes out below 1e-6, 1e-6 stands for it. Returns (α, β), floats.

    >>> beta_prior(torch.tensor([0, 1000, 500, 500]), torch.tensor([1000, 1000, 1000, 1000]))    # τ² = .125 − .00025
    (0.5020…, 0.5020…)

    中文：用矩估计求物品真实点击率所服从的 Beta 分布的 α 和 β。
    clicks、shows：(I,) 每个物品的点击数和曝光数，曝光至少为 1；可能是整数。
    m：各物品 clicks / shows 的均值，每个物品算一次；v：它们的方差（除以 I）。
    τ² = v − m (1 − m) / shows 的平均。τ² 不大于零时物品之间没有差异，返回 (inf, inf)。
    α + β 算出来小于 1e-6 时取 1e-6。返回 (α, β)，浮点数。
    """
    # BEGIN SOLUTION
    rates = clicks / shows
    m = rates.mean().item()
    between = rates.var(unbiased=False).item() - (m * (1 - m) / shows).mean().item()
    if between <= 0:
        return float("inf"), float("inf")
    strength = max(m * (1 - m) / between - 1, 1e-6)
    return m * strength, (1 - m) * strength
    # END SOLUTION


@exercise(
    points=3,
    minutes=8,
    hints=[
        (
            "Within one user: of all pairs of a liked and another item, in how many does the liked one score higher?",
            "在一个用户内：所有“喜欢—不喜欢”的物品对中，喜欢的得分更高的占多少？",
        ),
        (
            "A tie counts one half. Users with one class only have no AUC: leave them out, their exposures too.",
            "得分相同算半个。只有一类样本的用户没有 AUC：去掉，他的曝光也不计。",
        ),
        (
            "Weigh each user's AUC by the number of the user's rows: sum(n_u · AUC_u) / sum(n_u) over those left.",
            "每个用户的 AUC 按行数加权：对留下的用户算 sum(n_u · AUC_u) / sum(n_u)。",
        ),
    ],
)
def gauc(scores: Tensor, liked: Tensor, users: Tensor) -> float:
    """AUC within each user, averaged with exposures as weights.

    scores: (n,). liked: (n,) bool. users: (n,) int, whose exposure a row is; any labels, in any order.
    A tie counts one half. Users with likes only, or none, are left out. Returns a float; NaN where nobody is left.

    >>> gauc(torch.tensor([1.0, 2.0, 5.0, 4.0, 3.0]), torch.tensor([False, True, False, True, False]),
    ...      torch.tensor([7, 7, 9, 9, 9]))    # user 7: 1 of 1 pair, 2 rows; user 9: 1 of 2 pairs, 3 rows
    0.7

    中文：每个用户内部的 AUC，按曝光数加权平均。
    scores：(n,)；liked：(n,) 布尔；users：(n,) 整数，这一行是谁的曝光，标签任意、顺序任意。
    得分相同算半个。全部喜欢或全不喜欢的用户不计入。返回浮点数；没有用户留下时为 NaN。
    """
    # BEGIN SOLUTION
    total, rows = 0.0, 0
    for user in users.unique():
        own, like = scores[users == user], liked[users == user]
        gap = own[like][:, None] - own[~like][None, :]
        if gap.numel():
            total += len(own) * ((gap > 0).double() + 0.5 * (gap == 0).double()).mean().item()
            rows += len(own)
    return total / rows if rows else float("nan")
    # END SOLUTION
