"""q23: Adaptive attention: what should adapt, and is it personal?

Your part: replace each `raise NotImplementedError(...)` by your own code; keep the names and arguments.
To check it, run `metarec check q23` in a terminal, or the cell `check("q23")` of the notebook.
You may import the standard library, numpy and torch.
"""

import torch
from torch import Tensor


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
    raise NotImplementedError(
        "Write softmax_with_sink: attention weights that may say 'nothing here': exp(l_j) / (exp(sink) + Σ_k exp(l_k))."
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
    raise NotImplementedError("Write gated_attention: A gate after attention: σ(W q + b) ⊙ (attention · values).")


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
    raise NotImplementedError(
        "Write task_conditioned_query: the same query, as users in different contexts ask it: (1 + S z_u) ⊙ q + T z_u "
        "(FiLM)."
    )
