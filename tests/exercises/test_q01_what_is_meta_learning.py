"""Graded tests of q01. On a quadratic loss Σ s (w − c)² everything is known in closed form: the Hessian is diag(2 s).

On b · w + w' M w the weights act together: the gradient is b + A w and the Hessian A, with A = M + M'.
"""

import torch

from metarec_lib.workbook import assert_close, graded


def tensor(values):
    return torch.tensor(values, dtype=torch.float64)


LINEAR, FORM = tensor([1.0, -2.0, 0.5]), tensor([[1.0, 0.5, 0.0], [1.5, 2.0, -0.5], [0.0, -0.5, 1.0]])
HESSIAN = FORM + FORM.T


@graded("inner_step")
def test_one_step_by_hand(yours, given):
    loss = given("quadratic", centre=tensor([1.0, -2.0]))
    got = yours.inner_step(loss, tensor([0.0, 0.0]), 0.1)
    assert_close(
        got, tensor([0.2, -0.4]), cause=("the step goes against the gradient: θ − lr · ∇L", "应逆着梯度走：θ − lr · ∇L")
    )
    got = yours.inner_step(loss, tensor([0.0, 0.0]), 0.25)
    assert_close(got, tensor([0.5, -1.0]), cause=("lr must be used", "没有用到 lr"))
    got = yours.inner_step(loss, tensor([0.5, 0.0]), 0.0)
    assert_close(got, tensor([0.5, 0.0]), cause=("with lr = 0 nothing moves", "lr = 0 时参数不动"))


@graded("inner_step", core=True)
def test_one_can_differentiate_through_the_step(yours, given):
    scale, lr = tensor([0.5, 2.0]), 0.1
    loss = given("quadratic", centre=tensor([1.0, 1.0]), scale=scale)
    (got,) = yours.grad("inner_step", loss, tensor([0.0, 3.0]), lr, wrt=[1])
    assert_close(
        got,
        1 - lr * 2 * scale,
        cause=(
            "dθ'/dθ = I − lr · H: the gradient was cut out of the graph, or θ itself",
            "dθ'/dθ = I − lr · H：梯度（或 θ 本身）从计算图里断开了",
        ),
    )
    start, goal = tensor([2.0, -0.5]), tensor([0.5, 0.5])
    (got,) = yours.grad("inner_step", given("power", centre=goal, exponent=4), start, lr, wrt=[1])
    assert_close(
        got,
        1 - lr * 12 * (start - goal) ** 2,
        rtol=1e-11,
        atol=1e-12,
        cause=("the Hessian is that at θ, by autograd", "Hessian 应由自动求导在 θ 处给出"),
    )


@graded("inner_step", core=True)
def test_weights_that_act_together(yours, given):
    start, lr = tensor([1.0, 2.0, -1.0]), 0.1
    loss = given("quadratic_form", weights=LINEAR, matrix=FORM)
    assert_close(
        yours.inner_step(loss, start, lr),
        start - lr * (LINEAR + HESSIAN @ start),
        cause=(
            "one gradient of the whole θ, taken at θ: no weight moves before another",
            "对整个 θ 只求一次梯度，在 θ 处求：各个参数同时更新",
        ),
    )
    (got,) = yours.grad("inner_step", loss, start, lr, wrt=[1])
    assert_close(
        got,
        1 - lr * HESSIAN.sum(dim=0),
        cause=(
            "H is the whole Hessian, with what stands off its diagonal",
            "H 是完整的 Hessian，非对角元也要算进去",
        ),
    )


@graded("inner_step", core=True)
def test_a_loss_whose_slope_is_no_straight_line(yours, given, rng):
    start, goal, lr = tensor(rng.uniform(1, 2, 3)), tensor(rng.normal(0, 0.5, 3)), 0.01
    loss = given("power", centre=goal, exponent=4)
    assert_close(
        yours.inner_step(loss, start, lr),
        start - lr * 4 * (start - goal) ** 3,
        rtol=1e-11,
        atol=1e-12,
        cause=(
            "the gradient is that of `loss` at θ, whatever the loss",
            "梯度应是 `loss` 在 θ 处的梯度，不论损失是什么形式",
        ),
    )


@graded("maml_outer_loss", core=True)
def test_two_tasks_by_hand(yours, given):
    support = [given("quadratic", centre=tensor([goal])) for goal in (1.0, -3.0)]
    query = [given("quadratic", centre=tensor([goal])) for goal in (2.0, 0.0)]
    # from 0: θ' = 0.2 and −0.6; query losses 1.8² = 3.24 and 0.36
    got = yours.maml_outer_loss(support, query, tensor([0.0]), 0.1, 1)
    assert_close(
        got,
        tensor(1.8),
        cause=(
            "each task starts from θ, adapts on its support, is judged on its query; the query losses are averaged",
            "每个任务都从 θ 出发，在自己的支持集上适应、在自己的查询集上评价，最后取平均",
        ),
    )


@graded("maml_outer_loss", core=True)
def test_adapts_on_the_support_and_judges_on_the_query(yours, given):
    support, query = given("quadratic", centre=tensor([1.0])), given("quadratic", centre=tensor([5.0]))
    nothing = yours.maml_outer_loss([support], [query], tensor([0.0]), 0.25, 0)
    assert_close(
        nothing,
        tensor(25.0),
        cause=("with 0 steps the query is judged at θ itself", "steps 为 0 时，直接在 θ 处算查询集损失"),
    )
    got = yours.maml_outer_loss([support], [query], tensor([0.0]), 0.25, 2)
    assert_close(
        got,
        tensor((0.75 - 5.0) ** 2),
        cause=(
            "0 → 0.5 → 0.75 on the support, then the loss of the query",
            "先在支持集上 0 → 0.5 → 0.75，再算查询集损失",
        ),
    )


@graded("maml_outer_loss", core=True)
def test_the_gradient_runs_through_the_inner_steps(yours, given, rng):
    lr, steps, start = 0.1, 3, tensor(rng.normal(size=4))
    scales, goals, wanted = (
        tensor(rng.uniform(0.2, 2, (3, 4))),
        tensor(rng.normal(size=(3, 4))),
        tensor(rng.normal(size=4)),
    )
    support = [given("quadratic", centre=goal, scale=scale) for goal, scale in zip(goals, scales, strict=True)]
    query = [given("quadratic", centre=wanted) for _ in goals]
    (got,) = yours.grad("maml_outer_loss", support, query, start, lr, steps, wrt=[2])
    left = (1 - 2 * lr * scales) ** steps  # what `steps` steps leave of the distance to the goal
    adapted = goals + left * (start - goals)
    expected = (left * 2 * (adapted - wanted)).mean(dim=0)
    assert_close(
        got,
        expected,
        cause=(
            "a factor (I − lr · H) is missing for each step: that is first-order MAML",
            "每一步都应乘上 (I − lr · H)；缺了它就是一阶 MAML（FOMAML）",
        ),
    )


@graded("maml_outer_loss", core=True)
def test_the_gradient_where_weights_act_together(yours, given):
    start, lr, goal = tensor([1.0, 2.0, -1.0]), 0.1, tensor([0.5, -1.0, 0.0])
    support = given("quadratic_form", weights=LINEAR, matrix=FORM)
    query = given("quadratic", centre=goal)
    adapted, factor = start, torch.eye(3, dtype=torch.float64) - lr * HESSIAN
    for _ in range(2):
        adapted = adapted - lr * (LINEAR + HESSIAN @ adapted)
    (got,) = yours.grad("maml_outer_loss", [support], [query], start, lr, 2, wrt=[2])
    assert_close(
        got,
        factor @ factor @ (2 * (adapted - goal)),
        cause=(
            "each step multiplies the gradient by the whole matrix I − lr · H",
            "每一步都要乘上完整的矩阵 I − lr · H",
        ),
    )


@graded("maml_outer_loss")
def test_more_tasks_of_the_same_kind_change_nothing(yours, given):
    loss = given("quadratic", centre=tensor([2.0, 1.0]))
    for tasks in (1, 3):
        got = yours.maml_outer_loss([loss] * tasks, [loss] * tasks, tensor([0.0, 0.0]), 0.1, 2)
        assert_close(
            got,
            tensor(5 * 0.8**4),
            cause=(
                "a mean over tasks, not a sum; and no task may start where another ended",
                "对任务取平均而不是求和；任何任务都不能从别的任务的终点出发",
            ),
        )


@graded("reptile_update", core=True)
def test_part_of_the_way_to_the_mean_by_hand(yours):
    got = yours.reptile_update(tensor([0.0, 2.0]), tensor([[1.0, 2.0], [3.0, 6.0]]), 0.25)
    assert_close(
        got,
        tensor([0.5, 2.5]),
        cause=("θ + epsilon · (mean of the adapted weights − θ)", "θ + epsilon · (适应后参数的均值 − θ)"),
    )


@graded("reptile_update", core=True)
def test_the_ends_of_the_way(yours, rng):
    start, adapted = tensor(rng.normal(size=5)), tensor(rng.normal(size=(5, 5)))
    goes = yours.reptile_update(start, adapted, 1.0)
    assert_close(goes, adapted.mean(0), cause=("epsilon = 1 goes to the mean", "epsilon = 1 时直接到均值"))
    stays = yours.reptile_update(start, adapted, 0.0)
    assert_close(stays, start, cause=("epsilon = 0 stays at θ", "epsilon = 0 时停在 θ"))


@graded("reptile_update", core=True)
def test_agrees_with_a_loop_over_tasks(yours, rng):
    start, adapted = tensor(rng.normal(size=3)), tensor(rng.normal(size=(4, 3)))
    adapted[3] = adapted[0]  # two tasks that ended at the same place are two tasks
    adapted[2] = start  # and a task that has not moved is one too
    expected = start + 0.3 * sum(task - start for task in adapted) / 4
    assert_close(
        yours.reptile_update(start, adapted, 0.3),
        expected,
        cause=("all tasks count alike, and their differences are averaged", "各任务权重相同，对它们的差取平均"),
    )
    one = yours.reptile_update(start, adapted[:1], 0.3)
    assert_close(
        one,
        start + 0.3 * (adapted[0] - start),
        cause=("with one task the mean is that task", "只有一个任务时，均值就是它自己"),
    )
