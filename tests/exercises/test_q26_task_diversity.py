"""Graded tests of q26."""

import numpy as np
import torch
from sklearn.metrics.pairwise import cosine_distances

from metarec_lib.workbook import assert_close, graded


@graded("support_gradient_embedding", core=True)
def test_one_task_by_hand(yours):
    x, mask = np.array([[[1.0, 0.0], [0.0, 1.0]]]), np.array([[True, True]])
    got = yours.support_gradient_embedding(x, np.array([[3.0, -4.0]]), mask, np.zeros(2))
    assert_close(
        got,
        np.array([[-0.6, 0.8]]),
        cause=(
            "the gradient is Σ (x · w − y) x, divided by its length; its sign is that of the gradient, not of the step",
            "梯度是 Σ (x · w − y) x，再除以长度；符号是梯度的，不是下降步的",
        ),
    )
    got = yours.support_gradient_embedding(x, np.array([[3.0, -4.0]]), mask, np.array([6.0, 0.0]))
    assert_close(
        got,
        np.array([[0.6, 0.8]]),
        cause=("the gradient is taken at `weights`, not at zero", "梯度要在 `weights` 处取，而不是在零点"),
    )


@graded("support_gradient_embedding")
def test_padded_rows_do_not_count(yours):
    x = np.array([[[1.0, 2.0], [50.0, -70.0]], [[0.5, 0.0], [1.0, 1.0]]])
    y, mask = np.array([[-1.0, 99.0], [1.0, 0.0]]), np.array([[True, False], [True, True]])
    got = yours.support_gradient_embedding(x, y, mask, np.array([1.0, 0.0]))
    second = np.array([-0.25 + 1, 1.0])
    assert_close(
        got,
        np.array([[1.0, 2.0] / np.sqrt(5), second / np.linalg.norm(second)]),
        cause=("what stands in padded rows must not count", "填充行里的内容不能计入"),
    )


@graded("support_gradient_embedding", core=True)
def test_a_small_gradient_has_length_one_too(yours):
    x, y = np.array([[[0.3, 0.4]], [[3.0, 4.0]]]), np.array([[-0.1], [-0.1]])
    got = yours.support_gradient_embedding(x, y, np.array([[True], [True]]), np.zeros(2))
    assert_close(
        got,
        np.array([[0.6, 0.8], [0.6, 0.8]]),
        rtol=1e-6,
        cause=("every gradient that is not zero is divided by its length", "梯度只要不为零，就要除以自己的长度"),
    )


@graded("support_gradient_embedding", core=True)
def test_a_task_without_a_gradient_is_a_row_of_zeros(yours):
    x, y = np.array([[[1.0, 0.0]], [[1.0, 1.0]], [[2.0, 0.0]]]), np.array([[5.0], [0.0], [4.0]])
    got = yours.support_gradient_embedding(x, y, np.array([[False], [True], [True]]), np.array([2.0, 1.0]))
    assert_close(
        got,
        np.array([[0.0, 0.0], [np.sqrt(0.5), np.sqrt(0.5)], [0.0, 0.0]]),
        cause=(
            "0 divided by 0 is NaN: an empty task, or one that fits already",
            "0 除以 0 得 NaN：空任务，或已经拟合的任务",
        ),
    )


@graded("support_gradient_embedding", core=True)
def test_agrees_with_autograd(yours, rng):
    x, y, weights = rng.normal(size=(4, 6, 3)), rng.normal(size=(4, 6)), rng.normal(size=3)
    mask = rng.random((4, 6)) < 0.7
    mask[:, 0] = True
    expected = []
    for task in range(4):
        w = torch.tensor(weights, requires_grad=True)
        kept = [torch.tensor(part[task][mask[task]]) for part in (x, y)]
        ((kept[0] @ w - kept[1]) ** 2).mean().backward()
        expected.append((w.grad / w.grad.norm()).numpy())
    assert_close(
        yours.support_gradient_embedding(x, y, mask, weights),
        np.array(expected),
        cause=("each task has its own gradient and its own length", "每个任务有自己的梯度和自己的长度"),
    )


@graded("pairwise_diversity", core=True)
def test_three_tasks_by_hand(yours):
    z = np.array([[1.0, 0.0], [0.0, 2.0], [3.0, 0.0]])
    assert_close(
        yours.pairwise_diversity(z),
        2 / 3,
        cause=(
            "cosines 0, 1, 0 over three pairs; a task is not compared with itself",
            "三对的余弦是 0、1、0；任务不与自己比较",
        ),
    )
    assert_close(
        yours.pairwise_diversity(np.array([[1.0, 1.0], [-2.0, -2.0]])),
        2.0,
        cause=(
            "opposite tasks have cosine −1: no absolute value, no square",
            "相反的任务余弦为 −1：不取绝对值，也不平方",
        ),
    )


@graded("pairwise_diversity", core=True)
def test_equal_tasks_are_not_diverse_and_count_each(yours):
    assert_close(
        yours.pairwise_diversity(np.array([[0.5, 2.0]] * 4)),
        0.0,
        cause=("all pairs have cosine 1", "每一对的余弦都是 1"),
    )
    got = yours.pairwise_diversity(np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]))
    assert_close(
        got,
        0.5,
        cause=(
            "equal rows are different tasks: 6 pairs, 3 of them alike",
            "相同的行也是不同任务：共 6 对，其中 3 对相同",
        ),
    )


@graded("pairwise_diversity")
def test_embeddings_may_be_whole_numbers(yours):
    got = yours.pairwise_diversity(np.array([[1, 2], [2, -1], [3, 4]]))
    cosines = [0.0, 11 / (5 * np.sqrt(5)), 2 / (5 * np.sqrt(5))]
    assert_close(
        got,
        1 - np.mean(cosines),
        cause=(
            "unit vectors written into an array of integers lose their fractions",
            "把单位向量写进整数数组，小数会被截断",
        ),
    )


@graded("pairwise_diversity", core=True)
def test_agrees_with_scikit_learn(yours, rng):
    for size in (2, 5, 11):
        z = rng.normal(size=(size, 4)) * rng.uniform(0.1, 10, (size, 1))
        distances = cosine_distances(z)[np.triu_indices(size, 1)]
        assert_close(
            yours.pairwise_diversity(z),
            float(distances.mean()),
            cause=("rows of any length, every pair once", "行的长度不限，每一对只算一次"),
        )


@graded("smallest_task_eigenvalue", core=True)
def test_two_directions_by_hand(yours):
    weights = np.array([[2.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    for rank, expected in ((1, 2.0), (2, 0.5), (3, 0.0)):
        assert_close(
            yours.smallest_task_eigenvalue(weights, rank),
            expected,
            cause=(
                "Wᵀ W / B has the eigenvalues 2, 0.5 and 0; count from the largest",
                "Wᵀ W / B 的特征值是 2、0.5、0；从大往小数",
            ),
        )


@graded("smallest_task_eigenvalue", core=True)
def test_every_task_counts_and_none_is_rounded(yours):
    weights = np.array([[2.0, 0.0], [2.0, 0.0], [2.0, 0.0], [0.0, 1.0]])
    assert_close(
        yours.smallest_task_eigenvalue(weights, 2),
        0.25,
        cause=("equal rows are different tasks: eigenvalues 3 and 0.25", "相同的行也是不同任务：特征值是 3 和 0.25"),
    )
    assert_close(
        yours.smallest_task_eigenvalue(0.1 * weights, 2),
        0.0025,
        cause=("a weak direction is not a missing one", "弱的方向不等于缺失的方向"),
    )


@graded("smallest_task_eigenvalue")
def test_a_direction_that_all_tasks_share_counts(yours):
    weights = np.array([[3.0, 1.0], [3.0, -1.0]])
    assert_close(
        yours.smallest_task_eigenvalue(weights, 1),
        9.0,
        cause=("the mean of the tasks is not taken away", "不减任务的均值"),
    )
    assert_close(
        yours.smallest_task_eigenvalue(weights, 2),
        1.0,
        cause=("the eigenvalues are 9 and 1", "特征值是 9 和 1"),
    )


@graded("smallest_task_eigenvalue", core=True)
def test_more_of_the_same_does_not_help_a_missing_direction(yours, rng):
    seen = rng.normal(size=(6, 2)) @ rng.normal(size=(2, 5))
    for tasks in (seen, np.repeat(seen, 50, axis=0)):
        assert_close(
            yours.smallest_task_eigenvalue(tasks, 2),
            float(np.linalg.svd(seen, compute_uv=False)[1] ** 2 / 6),
            cause=("the squared singular value of W, divided by the number of tasks", "W 的奇异值平方，除以任务数"),
        )
        assert_close(
            yours.smallest_task_eigenvalue(tasks, 3),
            0.0,
            cause=(
                "tasks that span two directions leave the third at 0, however many they are",
                "只张成两个方向的任务再多，第三个也是 0",
            ),
        )


@graded("smallest_task_eigenvalue")
def test_fewer_tasks_than_directions_and_whole_numbers(yours):
    got = yours.smallest_task_eigenvalue(np.array([[3, 4, 0]]), 1)
    assert_close(
        got,
        25.0,
        cause=("one task, one eigenvalue above 0: its squared length", "一个任务只有一个正特征值：长度的平方"),
    )
    got = yours.smallest_task_eigenvalue(np.array([[3, 4, 0]]), 2)
    assert_close(got, 0.0, cause=("one task cannot span two directions", "一个任务张不成两个方向"))
    got = yours.smallest_task_eigenvalue(np.array([[1, 0], [1, 1], [0, 1]]), 2)
    assert_close(got, 1 / 3, cause=("eigenvalues of [[2, 1], [1, 2]] / 3", "[[2, 1], [1, 2]] / 3 的特征值"))
