"""Graded tests of q20: cases by hand, a loop over tasks, autograd, and what the gate and the ceiling are for."""

import torch

from metarec_lib.workbook import assert_close, assert_raises, graded


def tensor(values):
    return torch.tensor(values, dtype=torch.float64)


def draw(rng, *shape):
    return torch.as_tensor(rng.normal(size=shape))


@graded("task_weights", core=True)
def test_directions_by_hand(yours):
    got = yours.task_weights(
        tensor([[3.0, 4.0], [-6.0, 0.0], [0.0, 2.0], [0.3, 0.4], [0.7, 24.0]]), tensor([10.0, 0.0])
    )
    assert_close(
        got,
        tensor([0.6, 0.0, 0.0, 0.6, 0.7 / (0.49 + 576) ** 0.5]),
        cause=(
            "the cosine of the two gradients, and 0 for what points the other way",
            "两个梯度的余弦；方向相反的取 0",
        ),
    )


@graded("task_weights", core=True)
def test_weights_task_by_task(yours, rng):
    source, target = draw(rng, 6, 4), draw(rng, 4)
    expected = [max(0.0, float(g @ target) / float((g @ g).sqrt() * (target @ target).sqrt())) for g in source]
    got = yours.task_weights(source, target)
    assert_close(
        got,
        tensor(expected),
        cause=("divide by both lengths, task by task", "逐个任务除以两个梯度的长度"),
    )
    for length in (1000, 1e-6):
        assert_close(
            yours.task_weights(length * source, 0.01 * target),
            tensor(expected),
            cause=("the length of a gradient must not matter", "梯度的长度不应影响结果"),
        )


@graded("task_weights", core=True)
def test_gradients_of_zeros(yours):
    got = yours.task_weights(tensor([[0.0, 0.0], [1.0, 0.0]]), tensor([1.0, 0.0]))
    assert_close(
        got, tensor([0.0, 1.0]), cause=("a gradient of zeros weighs 0, not NaN", "全零的梯度权重为 0，不是 NaN")
    )
    got = yours.task_weights(tensor([[1.0, 0.0]]), tensor([0.0, 0.0]))
    assert_close(got, tensor([0.0]), cause=("a target of zeros: nothing can teach", "目标梯度全零：谁也教不了"))


@graded("transfer_ratio", core=True)
def test_ratios_by_hand(yours):
    ceiling, without = tensor([1.0, 1.0]), tensor([2.0, 4.0])
    for with_transfer, expected in (
        ([1.0, 1.0], 0.0),
        ([2.0, 2.0], 0.5),
        ([2.0, 4.0], 1.0),
        ([3.0, 5.0], 1.5),
        ([0.5, 0.5], -0.25),
    ):
        assert_close(
            yours.transfer_ratio(tensor(with_transfer), without, ceiling),
            expected,
            cause=(
                "(with − ceiling) / (without − ceiling): 0 at the ceiling, 1 without gain, unclipped",
                "(with − ceiling) / (without − ceiling)：达到上限为 0，没有收益为 1，不截断",
            ),
        )


@graded("transfer_ratio", core=True)
def test_a_ratio_of_means(yours, rng):
    ceiling = torch.as_tensor(rng.uniform(0.5, 1, 7))
    without = ceiling + torch.as_tensor(rng.uniform(0.1, 2, 7))
    with_transfer = ceiling + torch.as_tensor(rng.uniform(0, 1, 7))
    expected = float((with_transfer - ceiling).sum() / (without - ceiling).sum())
    assert_close(
        yours.transfer_ratio(with_transfer, without, ceiling),
        expected,
        cause=("average over users first, then divide", "先对用户取平均，再相除"),
    )


@graded("transfer_ratio", core=True)
def test_a_user_with_nothing_to_gain(yours):
    for with_transfer, without, expected in (([1.5, 2.0], [1.0, 3.0], 0.75), ([1.0, 2.0], [0.5, 3.0], 2 / 3)):
        assert_close(
            yours.transfer_ratio(tensor(with_transfer), tensor(without), tensor([1.0, 1.0])),
            expected,
            cause=(
                "a user without room counts in every mean, and must not make the ratio NaN",
                "没有收益空间的用户也要计入每个均值，且不应让比值变成 NaN",
            ),
        )


@graded("transfer_ratio", core=True)
def test_nothing_to_gain_at_all(yours):
    for without in ([1.0, 1.0], [0.5, 1.0]):
        assert_raises(
            ValueError,
            yours.transfer_ratio,
            tensor([1.0, 1.0]),
            tensor(without),
            tensor([1.0, 1.0]),
            cause=(
                "without room above the ceiling the ratio says nothing: raise ValueError",
                "误差不高于上限时，比值没有意义：应抛出 ValueError",
            ),
        )


def case(rng, n=9, groups=3):
    student, teacher, targets = draw(rng, n), draw(rng, n), draw(rng, n)
    group = torch.as_tensor(rng.integers(groups, size=n))
    return student, teacher, targets, group


@graded("gated_distillation_loss", core=True)
def test_the_loss_by_hand(yours):
    arguments = (
        tensor([1.0, 2.0, 0.0]), tensor([3.0, 2.5, 1.0]), tensor([2.0, 2.0, 3.0]), torch.tensor([1, 0, 1]),
        tensor([0.9, 0.2]), tensor([0.5, 0.3]), 0.6,
    )  # fmt: skip
    assert_close(
        yours.gated_distillation_loss(*arguments),
        tensor(10 / 3 + 0.6 * 5 / 3),  # own: 1 + 0 + 9; imitated: 4 and 1, the second row's gate is shut
        cause=(
            "the gate is open where the source's held-out error is lower; both means run over all rows",
            "源的留出误差更低时门打开；两个均值都对全部行取",
        ),
    )


@graded("gated_distillation_loss", core=True)
def test_shut_gates_leave_the_students_own_error(yours, rng):
    student, teacher, targets, group = case(rng)
    low, high = tensor([0.1, 0.2, 0.3]), tensor([0.4, 0.5, 0.6])
    own = ((student - targets) ** 2).mean()
    both = own + 2 * ((student - teacher) ** 2).mean()
    for source, target, weight, expected in (
        (high, low, 2.0, own),
        (low, low, 2.0, own),
        (low, high, 2.0, both),
        (low, low + 0.001, 2.0, both),
        (low, high, 0.0, own),
    ):
        assert_close(
            yours.gated_distillation_loss(student, teacher, targets, group, source, target, weight),
            expected,
            cause=(
                "shut, or level: the student's own error alone; open: the distance to the teacher too",
                "门关着或打平：只有学生自己的误差；门开着：再加上与教师的距离",
            ),
        )


@graded("gated_distillation_loss")
def test_each_row_has_the_gate_of_its_group(yours, rng):
    student, teacher, targets, group = case(rng)
    source, target = tensor([0.1, 0.9, 0.1]), tensor([0.5, 0.5, 0.5])
    total = torch.zeros((), dtype=torch.float64)
    for i in range(9):
        gate = float(source[group[i]] < target[group[i]])
        total += ((student[i] - targets[i]) ** 2 + 0.7 * gate * (student[i] - teacher[i]) ** 2) / 9
    assert_close(
        yours.gated_distillation_loss(student, teacher, targets, group, source, target, 0.7),
        total,
        cause=("group says which gate a row uses", "group 说明每一行用哪扇门"),
    )


@graded("gated_distillation_loss", core=True)
def test_the_teacher_is_constant(yours, rng):
    student, teacher, targets, group = case(rng)
    source, target = tensor([0.1, 0.9, 0.1]), tensor([0.5, 0.5, 0.5])
    gate = (source < target)[group].double()
    to_student, to_teacher = yours.grad(
        "gated_distillation_loss", student, teacher, targets, group, source, target, 0.7, wrt=[0, 1]
    )
    expected = 2 * (student - targets) / 9 + 0.7 * 2 * gate * (student - teacher) / 9
    assert_close(
        to_student,
        expected,
        cause=("the student learns from both parts", "学生要从两部分学习"),
        part="gradient to the student",
    )
    assert_close(
        to_teacher,
        0 * teacher,
        cause=("the teacher is constant: detach it", "教师是常数：要 detach"),
        part="gradient to the teacher",
    )
