"""q22: What is attention, and what does it do to a user's history?

中文：q22：注意力是什么？它对用户历史做了什么？
"""

import torch
from torch import Tensor

from metarec_lib.workbook import exercise


@exercise(
    points=4,
    minutes=8,
    hints=[
        (
            "Logits first: every query with every key, divided by √d. Then a softmax over the keys, then the values.",
            "先算 logit：每个 query 与每个 key 的内积，除以 √d；再在 key 这一维做 softmax；最后乘 value。",
        ),
        (
            "A masked key must get weight 0 and not count in the sum: set its logit to −inf before the softmax.",
            "被 mask 掉的 key 权重必须为 0，也不能计入分母：在 softmax 之前把它的 logit 设为负无穷。",
        ),
        (
            "A row whose logits are all −inf gives NaN. Replace those weights by 0, for example with torch.nan_to_num.",
            "整行都是负无穷时 softmax 得到 NaN；把这些权重换成 0，例如用 torch.nan_to_num。",
        ),
    ],
)
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
    # BEGIN SOLUTION
    logits = query @ key.T / query.shape[1] ** 0.5
    weights = torch.softmax(logits.masked_fill(~mask, -torch.inf), dim=1)
    return torch.nan_to_num(weights) @ value
    # END SOLUTION


@exercise(
    points=3,
    minutes=6,
    hints=[
        (
            "One weight for each film of the history, one sum for each candidate. Nothing is divided.",
            "历史里的每部影片一个权重，每个候选一个加权和。什么都不用除。",
        ),
        (
            "The weight of film j for candidate c is relu(candidates[c] · history[j]); padding counts nothing.",
            "影片 j 对候选 c 的权重是 relu(candidates[c] · history[j])；填充位不计入。",
        ),
        (
            "weights = relu(candidates @ history.T) * mask, then weights @ history.",
            "weights = relu(candidates @ history.T) * mask，然后 weights @ history。",
        ),
    ],
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
    # BEGIN SOLUTION
    weights = torch.relu(candidates @ history.T) * mask
    return weights @ history
    # END SOLUTION


@exercise(
    points=3,
    minutes=6,
    hints=[
        (
            "Write the gradient of ½ Σ_j (y_j − w·x_j)² at w = 0: which sum of the inputs is it?",
            "写出 ½ Σ_j (y_j − w·x_j)² 在 w = 0 处的梯度：它是输入的怎样一个和？",
        ),
        (
            "After the step w = lr · Σ_j y_j x_j. Multiply by a query and look at what stands in front of y_j.",
            "走完一步 w = lr · Σ_j y_j x_j。再与 query 做内积，看 y_j 前面的系数是什么。",
        ),
        (
            "The weight of y_j is lr · (query · x_j): lr * (queries @ keys.T) @ values.",
            "y_j 的权重是 lr · (query · x_j)：lr * (queries @ keys.T) @ values。",
        ),
    ],
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
    # BEGIN SOLUTION
    return lr * (queries @ keys.T) @ values
    # END SOLUTION
