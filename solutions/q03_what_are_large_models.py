"""q03: What is a large model, and what does it do in a recommender?

中文：q03：什么是大模型？它在推荐系统中有什么用？
"""

from collections.abc import Collection

import torch
from torch import Tensor

from metarec_lib.workbook import exercise


@exercise(
    points=3,
    minutes=8,
    hints=[
        (
            "A table has one row an id, looked up by it. Everything else is used by every example.",
            "表是每个 id 一行，按 id 查；其余参数每个样本都要用到。",
        ),
        (
            "A tensor is a table if its first dimension, where it has one, is one of `ids`. Leave out `tied` names.",
            "第一维是 ids 之一的张量就是表。跳过 tied 里的名字。0 维张量没有第一维。",
        ),
        (
            "Skip a name in tied; table = t.ndim > 0 and t.shape[0] in ids; add t.numel().",
            "遍历 parameters.items()：name 在 tied 里就跳过；是表 = t.ndim > 0 且 t.shape[0] in ids；累加 t.numel()。",
        ),
    ],
)
def count_parameters(parameters: dict[str, Tensor], ids: list[int], tied: Collection[str] = ()) -> dict[str, int]:
    """How many numbers stand in embedding tables, and how many in dense layers.

    parameters: tensors by name. ids: the numbers of rows that a table may have, one for each kind of id, such as users and
    items. A table's first dimension is one of `ids`: a vector with one number an id is one too, since it is looked up by id.
    All else is dense, a 0-d tensor too.
    tied: names whose tensor is another one of `parameters`, stored once; these names are not counted.
    Returns {"tables": n, "dense": m}, whole numbers.

    >>> count_parameters({"items": torch.zeros(100, 8), "mix": torch.zeros(8, 8), "bias": torch.zeros(100)}, ids=[100])
    {'tables': 900, 'dense': 64}

    中文：embedding 表里有多少个数，dense 层里有多少个数。parameters：按名字给出的张量；ids：表可能的行数，每种 id 一个
    （如用户数、物品数）。第一维是 ids 之一的就是表：每个 id 一个数的向量也是，它同样按 id 查；其余都算 dense，0 维张量也算。
    tied：与另一个名字共享同一个张量的名字，只存一份，不再计数。返回 {"tables": n, "dense": m}，都是整数。
    """
    # BEGIN SOLUTION
    found = {"tables": 0, "dense": 0}
    for name, tensor in parameters.items():
        if name in tied:
            continue
        kind = "tables" if tensor.ndim > 0 and tensor.shape[0] in ids else "dense"
        found[kind] += tensor.numel()
    return found
    # END SOLUTION


@exercise(
    points=4,
    minutes=12,
    hints=[
        (
            "The newest token asks; all tokens so far answer, itself included. Their keys and values were computed before.",
            "最新的 token 提问，到目前为止的所有 token（包括它自己）回答；之前的 key 和 value 已经算过。",
        ),
        (
            "Append key and value to the cache along the time axis, then softmax(query · keys / sqrt(D)) over time.",
            "把 key 和 value 沿时间维接到缓存后面，再在时间上做 softmax(query · keys / sqrt(D))。",
        ),
        (
            "Append first: keys = torch.cat([keys, key[:, None]], 1); "
            "weights = softmax((keys @ query[:, :, None])[:, :, 0] / sqrt(D), 1); "
            "out = (weights[:, :, None] * values).sum(1).",
            "先拼接：keys = torch.cat([keys, key[:, None]], 1)；"
            "weights = softmax((keys @ query[:, :, None])[:, :, 0] / sqrt(D), 1)；"
            "out = (weights[:, :, None] * values).sum(1)。",
        ),
    ],
)
def cached_attention_step(
    query: Tensor, key: Tensor, value: Tensor, cache: tuple[Tensor, Tensor]
) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    """One step of causal attention with a KV cache: what the newest token reads, and the cache after it.

    query, key: (B, D) and value: (B, V) of the newest token. cache: keys (B, T, D) and values (B, T, V) of the tokens
    before, T may be 0. The token attends to all tokens before it and to itself: softmax over them of query · key / sqrt(D).
    Returns the output (B, V) and the new cache, keys (B, T + 1, D) and values (B, T + 1, V); the old one is left as it was.
    Done for one token after the other this equals full causal attention.

    >>> one = torch.ones(1, 1)
    >>> cached_attention_step(one, one, one, (torch.zeros(1, 0, 1), torch.zeros(1, 0, 1)))[0]
    tensor([[1.]])

    中文：带 KV 缓存的一步因果注意力：最新 token 读到的内容，以及更新后的缓存。
    query、key：(B, D)，value：(B, V)，都是最新 token 的；cache：此前 token 的 key (B, T, D) 和 value (B, T, V)，T 可以为 0。
    这个 token 关注它之前的所有 token 和它自己：对 query · key / sqrt(D) 做 softmax。
    返回输出 (B, V) 和新缓存（长度 T + 1）；旧缓存保持原样。逐个 token 做下去，与完整的因果注意力相同。
    """
    # BEGIN SOLUTION
    keys = torch.cat([cache[0], key.unsqueeze(1)], 1)
    values = torch.cat([cache[1], value.unsqueeze(1)], 1)
    logits = (keys @ query.unsqueeze(2)).squeeze(2) / query.shape[1] ** 0.5
    weights = torch.softmax(logits, 1)
    return (weights.unsqueeze(2) * values).sum(1), (keys, values)
    # END SOLUTION


@exercise(
    points=3,
    minutes=8,
    hints=[
        (
            "Level by level: take the nearest centre, then go on with what it left over.",
            "逐层来：取最近的中心，再拿剩下的残差进入下一层。",
        ),
        (
            "Distances are (N, C): ((rest[:, None] - book) ** 2).sum(2). Subtract the chosen centre from the rest.",
            "距离是 (N, C)：((rest[:, None] - book) ** 2).sum(2)。再从残差里减去选中的中心。",
        ),
        (
            "code = distances.argmin(1); rest = rest - book[code]; collect the codes and torch.stack(codes, 1).",
            "code = distances.argmin(1)；rest = rest - book[code]；收集各层 code 后 torch.stack(codes, 1)。",
        ),
    ],
)
def residual_quantize(vectors: Tensor, books: list[Tensor]) -> tuple[Tensor, Tensor]:
    """Semantic ids: each vector as one code a level, every level coding what the levels before it left over.

    vectors: (N, D). books: the centres of each level, (C, D), C may differ from level to level, coarse levels first.
    A code is the position of the nearest centre by squared distance; of equally near ones the first.
    Returns the codes (N, L), whole numbers, and the vectors that they stand for, (N, D): the sum of the chosen centres.

    >>> codes, told = residual_quantize(torch.tensor([[5.0]]), [torch.tensor([[0.0], [4.0]]), torch.tensor([[-1.0], [1.0]])])
    >>> codes.tolist(), told.tolist()
    ([[1, 1]], [[5.0]])

    中文：语义 ID：每个向量逐层编码，每一层编码前面各层剩下的残差。vectors：(N, D)；
    books：每一层的中心 (C, D)，各层 C 可以不同，粗的在前。编码是平方距离最近的中心的位置，并列取第一个。
    返回编码 (N, L)（整数），以及它们代表的向量 (N, D)：所选中心之和。
    """
    # BEGIN SOLUTION
    rest, codes = vectors, []
    for book in books:
        code = ((rest.unsqueeze(1) - book) ** 2).sum(2).argmin(1)
        rest = rest - book[code]
        codes.append(code)
    return torch.stack(codes, 1), vectors - rest
    # END SOLUTION
