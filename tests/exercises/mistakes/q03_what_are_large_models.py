"""Named wrong answers of q03."""

import torch

from metarec_lib.workbook import mistake


def _count(parameters, ids, tied, table=None, size=None):
    found = {"tables": 0, "dense": 0}
    table = table or (lambda t: t.ndim and t.shape[0] in ids)
    for name, tensor in parameters.items():
        if name not in tied:
            found["tables" if table(tensor) else "dense"] += (size or torch.Tensor.numel)(tensor)
    return found


@mistake("count_parameters")
def counts_rows(parameters, ids, tied=()):
    """You counted rows; a parameter is one number: use numel().

    你数的是行数；一个参数是一个数：用 numel()。
    """
    return _count(parameters, ids, tied, size=len)


@mistake("count_parameters")
def takes_vectors_for_dense(parameters, ids, tied=()):
    """A vector with one number an id is looked up by id as well: it is a table of width 1.

    每个 id 一个数的向量同样按 id 查：它是宽度为 1 的表。
    """
    return _count(parameters, ids, tied, lambda t: t.ndim >= 2 and t.shape[0] in ids)


@mistake("count_parameters")
def counts_tied_weights_twice(parameters, ids, tied=()):
    """A tied tensor was counted twice; it is stored once.

    共享的张量被数了两次；它只存一份。
    """
    return _count(parameters, ids, ())


@mistake("count_parameters")
def looks_at_any_dimension(parameters, ids, tied=()):
    """A matrix with as many columns as there are ids is a dense layer; a table has one *row* an id.

    列数等于 id 数的矩阵是 dense 层；表是每个 id 一*行*。
    """
    return _count(parameters, ids, tied, lambda t: any(n in ids for n in t.shape))


@mistake("count_parameters")
def no_three_dimensions(parameters, ids, tied=()):
    """A table may have three dimensions, such as one vector a head.

    表也可以有三维，例如每个头一个向量。
    """
    return _count(parameters, ids, tied, lambda t: t.ndim in (1, 2) and t.shape[0] in ids)


@mistake("count_parameters")
def many_rows_make_a_table(parameters, ids, tied=()):
    """A dense layer may be wider than a table is long: a table has exactly as many rows as one of ids says.

    dense 层的行数可能比表还多：表的行数要恰好等于 ids 之一。
    """
    return _count(parameters, ids, tied, lambda t: t.ndim and t.shape[0] >= min(ids))


@mistake("count_parameters")
def first_kind_of_id_only(parameters, ids, tied=()):
    """Only the first number of ids was looked at; there is a table for each kind of id.

    你只看了第一种 id 的行数；每种 id 都有自己的表。
    """
    return _count(parameters, ids[:1], tied)


@mistake("count_parameters")
def equal_values_are_one_tensor(parameters, ids, tied=()):
    """Two tables of equal values are two tables: only the names in `tied` share a tensor.

    数值相同的两张表仍是两张表：只有 tied 里的名字才共享张量。
    """
    kept = []
    for name, tensor in parameters.items():
        if name not in tied and not any(tensor.shape == t.shape and torch.equal(tensor, t) for t in kept):
            kept.append(tensor)
    return _count(dict(enumerate(kept)), ids, ())


def _attend(query, key, value, cache, scale=True, itself=True, stable=True, front=False):
    parts = [(cache[0], key.unsqueeze(1)), (cache[1], value.unsqueeze(1))]
    keys, values = (torch.cat(pair[::-1] if front else pair, 1) for pair in parts)
    k, v = (keys, values) if itself or not cache[0].shape[1] else cache
    logits = (k @ query.unsqueeze(2)).squeeze(2) / (query.shape[1] ** 0.5 if scale else 1)
    weights = torch.softmax(logits, 1) if stable else logits.exp() / logits.exp().sum(1, keepdim=True)
    return (weights.unsqueeze(2) * v).sum(1), (keys, values)


@mistake("cached_attention_step")
def forgets_the_root(query, key, value, cache):
    """The logits are divided by sqrt(D); without it the softmax gets sharper as vectors grow wider.

    logits 要除以 sqrt(D)；不除的话，向量越宽 softmax 越尖。
    """
    return _attend(query, key, value, cache, scale=False)


@mistake("cached_attention_step")
def does_not_read_itself(query, key, value, cache):
    """The newest token reads itself too: put its key and value into the cache first.

    最新的 token 也要读它自己：先把它的 key 和 value 放进缓存。
    """
    return _attend(query, key, value, cache, itself=False)


@mistake("cached_attention_step")
def puts_the_newest_first(query, key, value, cache):
    """The newest key and value stand in front of the cache; they belong at its end, in the order of time.

    新的 key 和 value 放到了缓存最前面；应按时间顺序接在末尾。
    """
    return _attend(query, key, value, cache, front=True)


@mistake("cached_attention_step")
def exponentials_overflow(query, key, value, cache):
    """exp of a large logit is inf: use softmax, which subtracts the largest first.

    很大的 logit 取 exp 会得到 inf：用 softmax，它会先减去最大值。
    """
    return _attend(query, key, value, cache, stable=False)


@mistake("cached_attention_step")
def divides_by_the_width(query, key, value, cache):
    """You divided by D; it is its square root.

    你除的是 D；应除以它的平方根。
    """
    return _attend(query / query.shape[1] ** 0.5, key, value, cache)


@mistake("cached_attention_step")
def averages_all_values(query, key, value, cache):
    """All values count the same in your mean; the query decides how much each one counts.

    你对所有 value 做了平均；每个 value 的权重应由 query 决定。
    """
    return _attend(query * 0, key, value, cache)


@mistake("cached_attention_step")
def caches_the_keys_twice(query, key, value, cache):
    """The cache of values holds keys: append the value to the values.

    value 的缓存里放进了 key：value 要接到 value 后面。
    """
    out, (keys, values) = _attend(query, key, value, cache)
    return out, (keys, torch.cat([cache[1], key[:, None, : value.shape[1]]], 1))


@mistake("cached_attention_step")
def keeps_the_old_cache(query, key, value, cache):
    """You returned the cache as it was: the next token would not see this one.

    返回的是旧缓存：下一个 token 就看不到这一个了。
    """
    return _attend(query, key, value, cache)[0], cache


def _codes(vectors, books, carry=True, power=2, told="sum", last=False):
    rest, codes, parts = vectors, [], []
    for book in books:
        distances = ((rest.unsqueeze(1) - book).abs() ** power).sum(2)
        code = len(book) - 1 - distances.flip(1).argmin(1) if last else distances.argmin(1)
        parts.append(book[code])
        rest = rest - book[code] if carry else rest
        codes.append(code)
    return torch.stack(codes, 1), sum(parts) if told == "sum" else parts[-1]


@mistake("residual_quantize")
def codes_the_vector_itself(vectors, books):
    """Every level coded the vector itself; a level codes what the levels before it left over.

    每一层编码的都是原向量；应编码前面各层剩下的残差。
    """
    return _codes(vectors, books, carry=False)


@mistake("residual_quantize")
def absolute_distance(vectors, books):
    """You took the sum of absolute differences; nearest is meant by squared distance.

    你用的是绝对值之和；最近是按平方距离。
    """
    return _codes(vectors, books, power=1)


@mistake("residual_quantize")
def tells_the_last_centre(vectors, books):
    """The vectors are the sum of the centres of all levels; you returned the last level's alone.

    代表的向量是各层中心之和；你只返回了最后一层的中心。
    """
    return _codes(vectors, books, told="last")


@mistake("residual_quantize")
def returns_the_rest(vectors, books):
    """You returned what was left over; asked for is what the codes stand for, vectors minus rest.

    你返回的是残差；要的是编码所代表的向量，即原向量减去残差。
    """
    codes, told = _codes(vectors, books)
    return codes, vectors - told


@mistake("residual_quantize")
def nearest_by_product(vectors, books):
    """The largest inner product is not the nearest centre where centres differ in length.

    中心长短不一时，内积最大的并不是距离最近的。
    """
    rest, codes = vectors, []
    for book in books:
        code = (rest @ book.T).argmax(1)
        rest = rest - book[code]
        codes.append(code)
    return torch.stack(codes, 1), vectors - rest


@mistake("residual_quantize")
def adds_the_centre(vectors, books):
    """You added the chosen centre to the rest; subtract it.

    你把选中的中心加到了残差上；应该减去。
    """
    rest, codes = vectors, []
    for book in books:
        code = ((rest.unsqueeze(1) - book) ** 2).sum(2).argmin(1)
        rest = rest + book[code]
        codes.append(code)
    return torch.stack(codes, 1), rest - vectors


@mistake("residual_quantize")
def last_of_equals(vectors, books):
    """Of equally near centres you took the last; the first is asked for.

    并列最近时你取了最后一个；应取第一个。
    """
    return _codes(vectors, books, last=True)


@mistake("residual_quantize")
def codes_as_floats(vectors, books):
    """Your codes are floats; a code is a place in a book, a whole number.

    你的编码是浮点数；编码是码本里的位置，应为整数。
    """
    codes, told = _codes(vectors, books)
    return codes.double(), told
