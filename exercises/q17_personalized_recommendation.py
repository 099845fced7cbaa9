"""q17: How do you personalise with meta-learning?

Your part: replace each `raise NotImplementedError(...)` by your own code; keep the names and arguments.
To check it, run `metarec check q17` in a terminal, or the cell `check("q17")` of the notebook.
You may import the standard library, numpy and torch.
"""

import torch
from torch import Tensor


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
    raise NotImplementedError(
        "Write partial_pooling: posterior means of users: μ_u ~ N(mean, τ²), each rating scatters around μ_u with "
        "variance σ²."
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
    raise NotImplementedError(
        "Write beta_prior: α and β of the Beta distribution that items' true rates are drawn from, by moments."
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
    raise NotImplementedError("Write gauc: AUC within each user, averaged with exposures as weights.")
