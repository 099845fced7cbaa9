"""q23: Adaptive attention: what should adapt, and is it personal?

中文：q23：自适应注意力：该让什么自适应？真的因人而异吗？
"""

import torch
from torch import Tensor

from metarec_lib.workbook import exercise


@exercise(
    points=4,
    minutes=8,
    hints=[
        (
            "The sink is one more logit. It takes part in the sum below the fraction, and gets no value.",
            "sink 就是多出来的一个 logit：它参与分母的求和，但没有 value。",
        ),
        (
            "exp of a large logit overflows. Append the sink as one more column and let torch.softmax do the work.",
            "对大的 logit 取 exp 会溢出。把 sink 作为一列拼上去，交给 torch.softmax。",
        ),
        (
            "Take the softmax over K + 1 columns, then drop the sink's column; do not divide again.",
            "在 K + 1 列上做 softmax，再去掉 sink 那一列；不要再归一化。",
        ),
    ],
)
def softmax_with_sink(logits: Tensor, sink: float) -> Tensor:
    """Attention weights that may say "nothing here": exp(l_j) / (exp(sink) + Σ_k exp(l_k)).

    logits: (Q, K), of Q queries and K keys. sink: the logit of one more key whose value is zero; −inf is no sink.
    Returns (Q, K): each row sums to less than one, the rest went to the sink. Stable for large logits.

    >>> softmax_with_sink(torch.tensor([[0.0, 0.0]]), sink=0.0)
    tensor([[0.3333, 0.3333]])

    中文：可以说“这里没有”的注意力权重：exp(l_j) / (exp(sink) + Σ_k exp(l_k))。
    logits：(Q, K)，Q 个 query、K 个 key。sink：多出来的那个 key 的 logit，其 value 为零；−inf 表示没有 sink。
    返回 (Q, K)：每行之和小于一，其余归 sink。logit 很大时也要数值稳定。
    """
    # BEGIN SOLUTION
    column = logits.new_full((len(logits), 1), sink)
    return torch.softmax(torch.cat([logits, column], dim=1), dim=1)[:, :-1]
    # END SOLUTION


@exercise(
    points=3,
    minutes=6,
    hints=[
        (
            "The gate is a sigmoid of a linear map of the query, one number for each of the D entries.",
            "门控是 query 的线性映射再过 sigmoid，D 个分量各有一个数。",
        ),
        (
            "It multiplies what attention read, entry by entry; the attention weights stay as they are.",
            "它逐分量地乘在注意力读出的结果上；注意力权重不变。",
        ),
        (
            "torch.sigmoid(query @ weight.T + bias) * (attention @ values).",
            "门控 torch.sigmoid(query @ weight.T + bias) 乘以读出的 attention @ values。",
        ),
    ],
)
def gated_attention(query: Tensor, attention: Tensor, values: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """A gate after attention: σ(W q + b) ⊙ (attention · values).

    query: (Q, E). attention: (Q, K) weights. values: (K, D). weight: (D, E) W. bias: (D,) b.
    Returns (Q, D). With a gate near 0 a query reads nothing, whatever the weights sum to.

    >>> gated_attention(torch.zeros(1, 1), torch.tensor([[0.5, 0.5]]), torch.tensor([[2.0], [4.0]]),
    ...                 torch.ones(1, 1), torch.zeros(1))    # the gate is 1/2, the read is 3
    tensor([[1.5000]])

    中文：注意力之后的门控：σ(W q + b) ⊙ (attention · values)。
    query：(Q, E)；attention：(Q, K) 权重；values：(K, D)；weight：(D, E)，即 W；bias：(D,)，即 b。
    返回 (Q, D)。门控接近 0 时什么也读不到，不管权重之和是多少。
    """
    # BEGIN SOLUTION
    return torch.sigmoid(query @ weight.T + bias) * (attention @ values)
    # END SOLUTION


@exercise(
    points=3,
    minutes=6,
    hints=[
        (
            "The context gives D scales and D shifts; both act on the query entry by entry.",
            "上下文给出 D 个缩放和 D 个平移，逐分量作用在 query 上。",
        ),
        (
            "With a context of zeros the query must stay what it is: multiply by 1 + scale, not by scale.",
            "上下文为零时 query 应保持不变：乘的是 1 + scale，不是 scale。",
        ),
        (
            "query * (1 + contexts @ scale.T) + contexts @ shift.T, one context a row.",
            "query * (1 + contexts @ scale.T) + contexts @ shift.T，每行对应一个上下文。",
        ),
    ],
)
def task_conditioned_query(query: Tensor, contexts: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """The same query, as users in different contexts ask it: (1 + S z_u) ⊙ q + T z_u (FiLM).

    query: (D,) q, meta-learned for all. contexts: (B, C), z_u of B users. scale: (D, C) S. shift: (D, C) T.
    Returns (B, D). A context of zeros leaves the query as it is.

    >>> task_conditioned_query(torch.tensor([2.0]), torch.tensor([[0.0], [1.0]]), torch.tensor([[0.5]]),
    ...                        torch.tensor([[1.0]]))
    tensor([[2.],
            [4.]])

    中文：同一个 query，由不同上下文的用户来问：(1 + S z_u) ⊙ q + T z_u（FiLM）。
    query：(D,)，即 q，由全体用户元学习得到；contexts：(B, C)，B 个用户的 z_u；scale：(D, C)，即 S；shift：(D, C)，即 T。
    返回 (B, D)。上下文为零时 query 不变。
    """
    # BEGIN SOLUTION
    return query * (1 + contexts @ scale.T) + contexts @ shift.T
    # END SOLUTION
