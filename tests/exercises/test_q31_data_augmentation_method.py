"""Graded tests of q31: cases by hand, loops over examples, and what may not leak."""

import torch

from metarec_lib.workbook import assert_close, graded


def tensor(values):
    return torch.tensor(values, dtype=torch.float64)


def draw(rng, *shape):
    return torch.as_tensor(rng.normal(size=shape))


@graded("metamix", core=True)
def test_a_mixture_by_hand(yours):
    x, y = yours.metamix(
        tensor([[0.0, 1.0], [4.0, 5.0]]), tensor([1.0, 5.0]), tensor([[2.0, 3.0], [8.0, 9.0]]), tensor([3.0, 2.0]),
        torch.tensor([1, 0]), tensor([0.25, 1.0]),
    )  # fmt: skip
    assert_close(
        x,
        tensor([[3.5, 4.5], [8.0, 9.0]]),
        cause=("lam weighs the query example, 1 − lam its partner", "lam 是查询样本的权重，1 − lam 是搭档的权重"),
        part="x",
    )
    assert_close(
        y,
        tensor([4.5, 2.0]),
        cause=("the labels are mixed as the inputs are", "标签要和输入一样混合"),
        part="y",
    )


@graded("metamix", core=True)
def test_mixtures_example_by_example(yours, rng):
    support_x, support_y, query_x, query_y = draw(rng, 3, 4), draw(rng, 3), draw(rng, 5, 4), draw(rng, 5)
    partner, lam = torch.as_tensor(rng.integers(3, size=5)), torch.as_tensor(rng.random(5))
    x, y = torch.zeros(5, 4, dtype=torch.float64), torch.zeros(5, dtype=torch.float64)
    for q in range(5):
        x[q] = lam[q] * query_x[q] + (1 - lam[q]) * support_x[partner[q]]
        y[q] = lam[q] * query_y[q] + (1 - lam[q]) * support_y[partner[q]]
    got = yours.metamix(support_x, support_y, query_x, query_y, partner, lam)
    assert_close(
        got,
        (x, y),
        cause=("each example has its own weight and its own partner", "每个样本有自己的权重和自己的搭档"),
    )


@graded("metamix")
def test_as_many_examples_as_features(yours):
    """With Q = D a weight that is not in a column weighs features in place of examples, and no error says so."""
    x, y = yours.metamix(
        tensor([[0.0, 0.0]]), tensor([0.0]), tensor([[1.0, 2.0], [3.0, 4.0]]), tensor([1.0, 2.0]),
        torch.tensor([0, 0]), tensor([1.0, 0.5]),
    )  # fmt: skip
    assert_close(
        x,
        tensor([[1.0, 2.0], [1.5, 2.0]]),
        cause=("lam must stand in a column: lam[:, None]", "lam 要变成一列：lam[:, None]"),
        part="x",
    )
    assert_close(y, tensor([1.0, 1.0]), cause=("one weight a label", "每个标签一个权重"), part="y")


@graded("shared_label_noise", core=True)
def test_the_same_shift_on_both_sides(yours):
    support, query = yours.shared_label_noise(
        tensor([[3.0, 5.0], [1.0, 2.0]]), tensor([[4.0], [2.0]]), torch.ones(2, 2).bool(), torch.ones(2, 1).bool(),
        tensor([0.5, -1.0]),
    )  # fmt: skip
    assert_close(
        support,
        tensor([[3.5, 5.5], [0.0, 1.0]]),
        cause=("one number a task, added to each of its ratings", "每个任务一个数，加到它的每条评分上"),
        part="support",
    )
    assert_close(
        query,
        tensor([[4.5], [1.0]]),
        cause=("the query is shifted by the same number as the support", "查询集要加上与支持集相同的数"),
        part="query",
    )


@graded("shared_label_noise")
def test_padding_stays_zero(yours, rng):
    masks = torch.as_tensor(rng.random((3, 3)) < 0.5), torch.as_tensor(rng.random((3, 4)) < 0.5)
    masks[0][0], masks[1][0] = torch.tensor([True, False, False]), torch.tensor([True, True, False, False])
    support, query, noise = draw(rng, 3, 3) * masks[0], draw(rng, 3, 4) * masks[1], draw(rng, 3)
    expected = []
    for values, mask in zip((support, query), masks, strict=True):
        shifted = values.clone()
        for b in range(3):
            shifted[b, mask[b]] += noise[b]
        expected.append(shifted)
    got = yours.shared_label_noise(support, query, *masks, noise)
    assert_close(
        got,
        tuple(expected),
        cause=(
            "padded places stay 0, and each part has its own mask; three tasks with three ratings show a missing [:, None]",
            "填充位保持 0，两部分各用自己的 mask；三个任务各三条评分时，漏写 [:, None] 会暴露出来",
        ),
    )


@graded("shared_label_noise")
def test_a_second_call_gives_the_same(yours):
    arguments = tensor([[3.0]]), tensor([[4.0]]), torch.tensor([[True]]), torch.tensor([[True]]), tensor([1.0])
    first = yours.shared_label_noise(*arguments)
    assert_close(first, (tensor([[4.0]]), tensor([[5.0]])), cause=("3 + 1 and 4 + 1", "3 + 1 和 4 + 1"))
    assert_close(
        yours.shared_label_noise(*arguments),
        (tensor([[4.0]]), tensor([[5.0]])),
        cause=("you changed the ratings in place: make new tensors", "你在原地改了评分：请生成新的张量"),
    )


@graded("augment_after_split", core=True)
def test_no_copy_of_the_query(yours):
    support, query = yours.augment_after_split(
        tensor([3.0, 5.0, 1.0]), torch.tensor([False, True, False]), torch.tensor([2, 1, 0]), tensor([0.5, 0.25, -1.0])
    )
    assert_close(
        support,
        tensor([3.0, 1.0, 1.5, 2.0]),
        cause=(
            "copies of query rows must go, each with its own noise; the rest stays in order",
            "指向查询行的副本要去掉，连同自己的噪声；其余保持顺序",
        ),
        part="support",
    )
    assert_close(query, tensor([5.0]), cause=("the query is never augmented", "查询集绝不增强"), part="query")


@graded("augment_after_split", core=True)
def test_what_the_query_says_does_not_reach_the_support(yours, rng):
    ratings, is_query = draw(rng, 8), torch.tensor([False, True, False, True, False, False, True, False])
    copies, noise = torch.as_tensor(rng.integers(8, size=9)), draw(rng, 9)
    copies[:2] = torch.tensor([1, 2])
    expected = [*ratings[~is_query], *(ratings[c] + e for c, e in zip(copies, noise, strict=True) if not is_query[c])]
    support, query = yours.augment_after_split(ratings, is_query, copies, noise)
    assert_close(
        support,
        torch.stack(expected),
        cause=("first split, then copy rows of the support only", "先切分，再只复制支持集的行"),
        part="support",
    )
    assert_close(query, ratings[is_query], cause=("the query stays as it was", "查询集保持原样"), part="query")
    changed = torch.where(is_query, ratings + 10, ratings)
    assert_close(
        yours.augment_after_split(changed, is_query, copies, noise)[0],
        support,
        cause=("the support changed with the query: it leaks", "查询变了支持集也跟着变：这就是泄漏"),
        part="support",
    )


@graded("augment_after_split")
def test_nothing_to_copy(yours):
    nothing = torch.zeros(0, dtype=torch.int64), tensor([])
    got = yours.augment_after_split(tensor([3.0, 4.0]), torch.tensor([True, False]), *nothing)
    assert_close(
        got,
        (tensor([4.0]), tensor([3.0])),
        cause=("without copies it is the plain split", "没有副本时就是普通的切分"),
    )
    got = yours.augment_after_split(tensor([3.0]), torch.tensor([False]), torch.tensor([0, 0]), tensor([0.0, 1.0]))
    assert_close(
        got,
        (tensor([3.0, 3.0, 4.0]), tensor([])),
        cause=("a row may be copied twice, and a query may be empty", "同一行可以复制两次；查询集可以为空"),
    )
