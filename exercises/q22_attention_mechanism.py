"""q22: What is attention, and what does it do to a user's history?

Your part: replace each `raise NotImplementedError(...)` by your own code; keep the names and arguments.
To check it, run `metarec check q22` in a terminal, or the cell `check("q22")` of the notebook.
You may import the standard library, numpy and torch.
"""

import torch
from torch import Tensor


def scaled_dot_product_attention(query: Tensor, key: Tensor, value: Tensor, mask: Tensor) -> Tensor:
    """softmax(query · keyᵀ / √d) · value, over the keys that may be looked at.

    query: (Q, d). key: (K, d). value: (K, V). mask: (Q, K) bool, True where the query may look at the key.
    Returns (Q, V). A query that may look at nothing gets zeros.

    >>> scaled_dot_product_attention(torch.zeros(1, 2), torch.ones(2, 2), torch.tensor([[2.0], [4.0]]),
    ...                              torch.tensor([[True, True]]))    # equal logits: the mean
    tensor([[3.]])

    中文：在允许看的 key 上计算 softmax(query · keyᵀ / √d) · value。
    query：(Q, d)；key：(K, d)；value：(K, V)；mask：(Q, K) 布尔，True 表示该 query 可以看该 key。
    返回 (Q, V)。什么都不能看的 query 得到全零。
    """
    raise NotImplementedError(
        "Write scaled_dot_product_attention: softmax(query · keyᵀ / √d) · value, over the keys that may be looked at."
    )


def din_pooling(candidates: Tensor, history: Tensor, mask: Tensor) -> Tensor:
    """The history as each candidate sees it, not normalised: Σ_j relu(c · h_j) h_j. DIN has a small network in place of c · h.

    candidates: (C, D). history: (T, D). mask: (T,) bool, False where padded.
    Returns (C, D): zeros where nothing in the history matches. Two equal films count twice: intensity is kept.

    >>> din_pooling(torch.tensor([[1.0, 0.0]]), torch.tensor([[2.0, 0.0], [2.0, 0.0]]), torch.tensor([True, True]))
    tensor([[8., 0.]])

    中文：每个候选眼中的历史，不做归一化：Σ_j relu(c · h_j) h_j。DIN 用一个小网络，这里用内积 c · h 代替。
    candidates：(C, D)；history：(T, D)；mask：(T,) 布尔，填充位为 False。
    返回 (C, D)；历史中没有相关影片时为零。两部相同的影片算两次，强度得以保留。
    """
    raise NotImplementedError(
        "Write din_pooling: the history as each candidate sees it, not normalised: Σ_j relu(c · h_j) h_j. DIN has a "
        "small network in place of c · h."
    )


def inner_step_as_attention(queries: Tensor, keys: Tensor, values: Tensor, lr: float) -> Tensor:
    """What a linear model predicts after one gradient step from zero, written as attention without a softmax.

    The loss of weights w (D,) on the support is ½ Σ_j (values[j] − w · keys[j])², a sum, not a mean.
    queries: (Q, D) inputs to predict. keys: (K, D) inputs of the support. values: (K,) their labels. lr: the step.
    Returns the predictions (Q,), without autograd.

    >>> inner_step_as_attention(torch.tensor([[1.0, 1.0]]), torch.tensor([[2.0, 0.0]]), torch.tensor([3.0]), lr=0.1)
    tensor([0.6000])

    中文：线性模型从零走一步梯度之后的预测值，写成不带 softmax 的注意力。
    支持集上的损失是 ½ Σ_j (values[j] − w · keys[j])²，是求和，不是平均。
    queries：(Q, D) 待预测的输入；keys：(K, D) 支持集的输入；values：(K,) 标签；lr：步长。
    返回预测值 (Q,)，不使用自动求导。
    """
    raise NotImplementedError(
        "Write inner_step_as_attention: what a linear model predicts after one gradient step from zero, written as "
        "attention without a softmax."
    )
