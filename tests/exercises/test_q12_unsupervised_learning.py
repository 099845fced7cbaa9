"""Graded tests of q12. InfoNCE and the autoencoder's loss against loops and autograd, k-means against scikit-learn."""

import numpy as np
import torch
from sklearn.cluster import KMeans

from metarec_lib.workbook import assert_close, graded


def tensor(values):
    return torch.tensor(values, dtype=torch.float64)


@graded("info_nce", core=True)
def test_two_users_by_hand(yours):
    got = yours.info_nce(tensor([[3.0, 0.0], [0.0, 2.0]]), tensor([[1.0, 0.0], [0.0, 5.0]]), 0.5)
    assert_close(
        got,
        tensor(np.log1p(np.exp(-2.0))),  # cosines 1 and 0 over .5: log(e² + e⁰) − 2
        cause=(
            "cosines, not dot products: divide rows by their length, then by the temperature",
            "用余弦，不是点积：先除以长度，再除以温度",
        ),
    )


@graded("info_nce", core=True)
def test_it_is_the_loop(yours, rng):
    one, two = rng.normal(size=(5, 3)), rng.normal(size=(5, 3))
    unit = [v / np.linalg.norm(v, axis=1, keepdims=True) for v in (one, two)]
    terms = []
    for n in range(5):
        logits = [unit[0][n] @ unit[1][m] / 0.3 for m in range(5)]
        terms.append(np.log(np.sum(np.exp(logits))) - logits[n])
    assert_close(
        yours.info_nce(torch.as_tensor(one), torch.as_tensor(two), 0.3),
        tensor(np.mean(terms)),
        cause=(
            "each row of `one` chooses among all rows of `two`, its own partner included",
            "`one` 的每一行在 `two` 的所有行里选，包括自己的那一行",
        ),
    )


@graded("info_nce", core=True)
def test_gradients_reach_both_views(yours, rng):
    one, two = (torch.as_tensor(rng.normal(size=(4, 3))).requires_grad_() for _ in range(2))
    logits = torch.nn.functional.normalize(one, dim=1) @ torch.nn.functional.normalize(two, dim=1).T / 0.7
    expected = torch.autograd.grad(torch.nn.functional.cross_entropy(logits, torch.arange(4)), (one, two))
    assert_close(
        list(yours.grad("info_nce", one.detach(), two.detach(), 0.7, wrt=[0, 1])),
        list(expected),
        cause=("the second view is no constant: do not detach it", "第二个视图不是常数：不要 detach"),
    )


@graded("info_nce", core=True)
def test_a_small_temperature(yours):
    got = yours.info_nce(tensor([[1.0, 0.0], [0.0, 1.0]]), tensor([[0.0, 1.0], [1.0, 0.0]]), 1e-3)
    assert_close(
        got,
        tensor(1000.0),
        cause=(
            "exp(1000) overflows: use logsumexp or cross_entropy",
            "exp(1000) 会溢出：用 logsumexp 或 cross_entropy",
        ),
    )


@graded("kmeans_step", core=True)
def test_one_round_by_hand(yours):
    labels, centres = yours.kmeans_step(tensor([[0.0], [1.0], [9.0]]), tensor([[0.0], [5.0], [50.0]]))
    assert_close(
        [labels, centres],
        [torch.tensor([0, 0, 1]), tensor([[0.5], [9.0], [50.0]])],
        cause=(
            "a centre goes to the mean of its points; one without points stays",
            "中心移到自己那些点的均值；没有点的留在原处",
        ),
    )
    labels, centres = yours.kmeans_step(tensor([[-10.0], [4.0], [10.0]]), tensor([[0.0], [10.0]]))
    assert_close(
        [labels, centres],
        [torch.tensor([0, 0, 1]), tensor([[-3.0], [10.0]])],
        cause=(
            "one round: labels by the centres that were given, even if the new ones would say otherwise",
            "只走一轮：标签按给定的中心来分，即使新中心会给出别的结果",
        ),
    )


@graded("kmeans_step", core=True)
def test_it_is_that_of_scikit_learn(yours, rng):
    x = np.concatenate([rng.normal(size=(8, 2)), rng.normal(size=(8, 2)) + 8, rng.normal(size=(8, 2)) - 8])
    centres = np.array([[0.0, 0.0], [7.0, 7.0], [-7.0, -7.0]])
    theirs = KMeans(3, init=centres, n_init=1, max_iter=100).fit(x)
    labels, found = yours.kmeans_step(torch.as_tensor(x), torch.as_tensor(centres))
    assert_close(
        [labels, found],
        [torch.as_tensor(theirs.labels_.astype(np.int64)), torch.as_tensor(theirs.cluster_centers_)],
        cause=(
            "nearest by Euclidean distance over all columns, then the mean of each cluster",
            "用所有列的欧氏距离找最近，再取每簇的均值",
        ),
    )


@graded("kmeans_step", core=True)
def test_every_column_counts(yours):
    x, centres = tensor([[0.0, 0.0], [1.0, 10.0]]), tensor([[0.0, 9.0], [1.0, 0.0]])
    assert_close(
        list(yours.kmeans_step(x, centres)),
        [torch.tensor([1, 0]), tensor([[1.0, 10.0], [0.0, 0.0]])],
        cause=("distance is over all columns", "距离要算所有列"),
    )
    x = tensor([[0.0, 0.0], [1.0, -0.7]])  # by single steps along the axes one of the two goes to the other centre
    assert_close(
        list(yours.kmeans_step(x, tensor([[3.0, 3.0], [5.0, 0.0]]))),
        [torch.tensor([0, 1]), x],
        cause=("nearest is Euclidean: the sum of squares over the columns", "最近用欧氏距离：各列差的平方和"),
    )


@graded("kmeans_step", core=True)
def test_a_point_in_the_middle_and_whole_numbers(yours):
    x, centres = torch.tensor([[1], [2], [0], [3]]), torch.tensor([[2], [0]])
    before = x.clone(), centres.clone()
    labels, found = yours.kmeans_step(x, centres)
    assert_close(
        [labels, found],
        [torch.tensor([0, 0, 1, 0]), tensor([[2.0], [0.0]])],
        cause=(
            "point 1 is as near to both: the lower position; means are not whole",
            "点 1 到两者一样近：取编号小的；均值不取整",
        ),
    )
    assert_close([x, centres], list(before), cause=("you changed an argument", "你改动了参数"))
    assert_close(
        yours.kmeans_step(torch.tensor([[1], [2]]), torch.tensor([[0]]))[1],
        tensor([[1.5]]),
        cause=("the mean of 1 and 2 is 1.5, also for whole numbers", "1 和 2 的均值是 1.5，整数也一样"),
    )


@graded("denoising_loss", core=True)
def test_the_target_is_the_whole_history(yours):
    x, kept = tensor([[1.0, 1.0, 0.0]]), tensor([[1.0, 0.0, 1.0]])
    encode, decode = tensor([[1.0], [5.0], [7.0]]), tensor([[2.0, 0.0, -1.0]])
    scores = np.tanh(1.0) * np.array([2.0, 0.0, -1.0])
    log_p = scores - np.log(np.exp(scores).sum())
    assert_close(
        yours.denoising_loss(x, kept, encode, decode),
        tensor(-(log_p[0] + log_p[1]) / 2),
        cause=(
            "the encoder sees item 0 alone, but is asked for items 0 and 1",
            "编码器只看到物品 0，却要还原 0 和 1",
        ),
    )


@graded("denoising_loss", core=True)
def test_it_is_the_loop_over_users(yours, rng):
    x, kept = (rng.random((4, 6)) < 0.6).astype(float), (rng.random((4, 6)) < 0.5).astype(float)
    x[0], x[1], x[2] = 0.0, np.arange(6) == 0, 1.0  # nothing, one film, all six
    kept[1] = 0.0
    encode, decode = rng.normal(size=(6, 3)), rng.normal(size=(3, 6))
    losses = []
    for row, keep in zip(x, kept, strict=True):
        if row.sum():
            given = row * keep
            given = given / max(np.linalg.norm(given), 1e-30)
            scores = np.tanh(given @ encode) @ decode
            log_p = scores - np.log(np.exp(scores).sum())
            losses.append(-log_p[row > 0].mean())
    given = [torch.as_tensor(v) for v in (x, kept, encode, decode)]
    assert_close(
        yours.denoising_loss(*given),
        tensor(np.mean(losses)),
        cause=(
            "input at length 1; mean over a user's seen items, then over the users who have any",
            "输入缩放到长度 1；先对用户看过的物品平均，再对有历史的用户平均",
        ),
    )


@graded("denoising_loss", core=True)
def test_gradients_of_both_maps(yours, rng):
    x, kept = tensor([[1.0, 1.0, 0.0], [0.0, 1.0, 1.0]]), tensor([[1.0, 0.0, 1.0], [0.0, 0.0, 1.0]])
    encode, decode = (torch.as_tensor(rng.normal(size=s)).requires_grad_() for s in ((3, 2), (2, 3)))
    given = x * kept  # one item each, so at length 1 already
    log_p = torch.log_softmax(torch.tanh(given @ encode) @ decode, dim=1)
    expected = torch.autograd.grad(-(log_p * x).sum() / 4, (encode, decode))
    assert_close(
        list(yours.grad("denoising_loss", x, kept, encode.detach(), decode.detach(), wrt=[2, 3])),
        list(expected),
        cause=("gradients run to encode and decode", "梯度要传到 encode 和 decode"),
    )


@graded("denoising_loss", core=True)
def test_a_user_who_has_seen_one(yours):
    x = tensor([[1.0, 0.0, 0.0], [1.0, 1.0, 0.0]])
    assert_close(
        yours.denoising_loss(x, torch.ones(2, 3).double(), torch.zeros(3, 1).double(), torch.zeros(1, 3).double()),
        tensor(np.log(3.0)),  # all scores 0, for both users
        cause=("a user who has seen one film counts like any other", "只看过一部片的用户照样算一个"),
    )


@graded("denoising_loss", core=True)
def test_nothing_kept_and_nothing_seen(yours):
    encode, decode = tensor([[1.0], [2.0]]), tensor([[3.0, 0.0]])
    one, none = tensor([[1.0, 0.0]]), torch.zeros(1, 2).double()
    assert_close(
        yours.denoising_loss(one, none, encode, decode),
        tensor(np.log(2.0)),  # h = 0, so both scores are 0
        cause=("a row of zeros has no length to divide by: it stays zero", "全零行没有长度可除：保持为零"),
    )
    assert_close(
        yours.denoising_loss(none, none, encode, decode),
        tensor(0.0),
        cause=("without anything seen there is no loss: 0, not NaN", "什么都没看过时没有损失：0，不是 NaN"),
    )
