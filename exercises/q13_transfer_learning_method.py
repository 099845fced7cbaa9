"""q13: Design a transfer method from a source to a target domain.

Your part: replace each `raise NotImplementedError(...)` by your own code; keep the names and arguments.
To check it, run `metarec check q13` in a terminal, or the cell `check("q13")` of the notebook.
You may import the standard library, numpy and torch.
"""

import torch
from torch import Tensor


def emcdr_mapping(source: Tensor, target: Tensor, decay: float) -> tuple[Tensor, Tensor]:
    """The linear map of EMCDR: ridge regression of users' target vectors on their source vectors.

    source: (U, D) and target: (U, E), vectors of the users who are in both domains. decay: above 0, the ridge on the slope;
    the intercept is not shrunk.
    Returns slope (D, E) and intercept (E,): a new user with source vector x has the target vector x @ slope + intercept.

    >>> emcdr_mapping(torch.tensor([[0.0], [2.0]]), torch.tensor([[1.0], [5.0]]), decay=2.0)
    (tensor([[1.]]), tensor([2.]))

    中文：EMCDR 的线性映射：用用户的源域向量对目标域向量做岭回归。
    source：(U, D)，target：(U, E)，两个域都有的用户的向量；decay：大于 0，斜率上的岭，截距不收缩。
    返回斜率 (D, E) 和截距 (E,)：源域向量为 x 的新用户，目标域向量是 x @ slope + intercept。
    """
    raise NotImplementedError(
        "Write emcdr_mapping: the linear map of EMCDR: ridge regression of users' target vectors on their source "
        "vectors."
    )


def conditional_prior(mean: Tensor, covariance: Tensor, source: Tensor) -> tuple[Tensor, Tensor]:
    """The prior of a user's target vector, given the source vector, under one normal distribution of both.

    mean: (D + E,) and covariance: (D + E, D + E) of (source vector, target vector) over users, positive definite.
    source: (D,), what is known of this user in the source.
    Returns the conditional mean (E,) and covariance (E, E) of the target vector.

    >>> conditional_prior(torch.tensor([0.0, 1.0]), torch.tensor([[2.0, 1.0], [1.0, 1.0]]), torch.tensor([2.0]))
    (tensor([2.]), tensor([[0.5000]]))

    中文：在源域向量和目标域向量的联合正态分布下，已知源域向量时，用户目标域向量的先验。
    mean：(D + E,)，covariance：(D + E, D + E)，（源域向量，目标域向量）在用户上的均值和协方差，正定；
    source：(D,)，该用户的源域向量。返回目标域向量的条件均值 (E,) 和条件协方差 (E, E)。
    """
    raise NotImplementedError(
        "Write conditional_prior: the prior of a user's target vector, given the source vector, under one normal "
        "distribution of both."
    )


def personalised_bridge(user: Tensor, history: Tensor, mask: Tensor, attention: Tensor, meta: Tensor) -> Tensor:
    """A user's target vector by a bridge of their own, written by a meta network from what they rated in the source.

    user: (D,) source vector. history: (T, D) vectors of the items rated in the source. mask: (T,) bool, False where padded.
    attention: (D,), the weights are the softmax over the history of history · attention. meta: (D, D, E), the meta network:
    the bridge is the sum over c of character[c] · meta[c], with character the weighted mean of the history.
    Returns (E,): user @ bridge; zeros for a user without history.

    >>> personalised_bridge(torch.tensor([2.0]), torch.tensor([[1.0], [3.0]]), torch.tensor([True, True]),
    ...                     torch.tensor([0.0]), torch.tensor([[[0.5]]]))    # character 2, bridge 1
    tensor([2.])

    中文：用属于该用户自己的桥，把他映射到目标域；桥由元网络根据他在源域评过的东西生成。
    user：(D,) 源域向量；history：(T, D) 源域中评过的物品向量；mask：(T,) 布尔，填充位为 False；
    attention：(D,)，权重是 history · attention 在历史上的 softmax；meta：(D, D, E)，元网络：
    桥等于对 c 求和 character[c] · meta[c]，character 是历史的加权平均。返回 (E,)：user @ bridge；没有历史的用户得到零。
    """
    raise NotImplementedError(
        "Write personalised_bridge: A user's target vector by a bridge of their own, written by a meta network from "
        "what they rated in the source."
    )
