"""Graded tests of q01. On a quadratic loss Σ s (w − c)² everything is known in closed form: the Hessian is diag(2 s)."""

import numpy as np
import torch

from metarec_lib.workbook import assert_close, graded


def tensor(values):
    return torch.tensor(values, dtype=torch.float64)


@graded("inner_step")
def test_one_step_by_hand(yours, given):
    loss = given("quadratic", centre=tensor([1.0, -2.0]))
    got = yours.inner_step(loss, tensor([0.0, 0.0]), 0.1)
    assert_close(got, tensor([0.2, -0.4]), cause="the step goes against the gradient: θ − lr · ∇L")


@graded("inner_step")
def test_a_step_of_rate_zero_stays(yours, given):
    loss, start = given("quadratic", centre=tensor([3.0])), tensor([0.5])
    assert_close(yours.inner_step(loss, start, 0.0), start, cause="with lr = 0 nothing moves")


@graded("inner_step")
def test_one_can_differentiate_through_the_step(yours, given):
    scale, lr = tensor([0.5, 2.0]), 0.1
    loss = given("quadratic", centre=tensor([1.0, 1.0]), scale=scale)
    (got,) = yours.grad("inner_step", loss, tensor([0.0, 3.0]), lr, wrt=[1])
    assert_close(got, 1 - lr * 2 * scale, cause="dθ'/dθ = I − lr · H: the gradient was cut out of the graph")


@graded("maml_outer_loss")
def test_two_tasks_by_hand(yours, given):
    goals = [tensor([1.0]), tensor([-3.0])]
    losses = [given("quadratic", centre=goal) for goal in goals]
    # from 0: θ' = 0.2 and −0.6; query losses 0.64 and 5.76
    got = yours.maml_outer_loss(losses, losses, tensor([0.0]), 0.1, 1)
    assert_close(got, tensor(3.2), cause="each task starts from θ; the query losses are averaged")


@graded("maml_outer_loss")
def test_adapts_on_the_support_and_judges_on_the_query(yours, given):
    support, query = given("quadratic", centre=tensor([1.0])), given("quadratic", centre=tensor([5.0]))
    got = yours.maml_outer_loss([support], [query], tensor([0.0]), 0.25, 2)
    assert_close(got, tensor((0.75 - 5.0) ** 2), cause="0 → 0.5 → 0.75 on the support, then the loss of the query")
    nothing = yours.maml_outer_loss([support], [query], tensor([0.0]), 0.25, 0)
    assert_close(nothing, tensor(25.0), cause="with 0 steps the query is judged at θ itself")


@graded("maml_outer_loss")
def test_the_gradient_runs_through_the_inner_steps(yours, given, rng):
    lr, steps, start = 0.1, 3, tensor(rng.normal(size=4))
    scales, goals = tensor(rng.uniform(0.2, 2, (3, 4))), tensor(rng.normal(size=(3, 4)))
    losses = [given("quadratic", centre=goal, scale=scale) for goal, scale in zip(goals, scales, strict=True)]
    (got,) = yours.grad("maml_outer_loss", losses, losses, start, lr, steps, wrt=[2])
    left = (1 - 2 * lr * scales) ** steps  # what a step leaves of the distance, `steps` times
    expected = (2 * scales * left**2 * (start - goals)).mean(dim=0)
    assert_close(got, expected, cause="a factor (I − lr · H) is missing for each step: that is first-order MAML")


@graded("maml_outer_loss")
def test_more_tasks_of_the_same_kind_change_nothing(yours, given):
    loss = given("quadratic", centre=tensor([2.0, 1.0]))
    once = yours.maml_outer_loss([loss], [loss], tensor([0.0, 0.0]), 0.1, 2)
    thrice = yours.maml_outer_loss([loss] * 3, [loss] * 3, tensor([0.0, 0.0]), 0.1, 2)
    assert_close(thrice, once, cause="a mean over tasks, not a sum; and no task may start where another ended")


@graded("reptile_update")
def test_half_way_to_the_mean_by_hand(yours):
    got = yours.reptile_update(tensor([0.0, 2.0]), tensor([[1.0, 2.0], [3.0, 4.0]]), 0.5)
    assert_close(got, tensor([1.0, 2.5]), cause="θ + epsilon · (mean of the adapted weights − θ)")


@graded("reptile_update")
def test_the_ends_of_the_way(yours, rng):
    start, adapted = tensor(rng.normal(size=5)), tensor(rng.normal(size=(7, 5)))
    assert_close(yours.reptile_update(start, adapted, 0.0), start, cause="epsilon = 0 stays at θ")
    assert_close(yours.reptile_update(start, adapted, 1.0), adapted.mean(0), cause="epsilon = 1 goes to the mean")


@graded("reptile_update")
def test_agrees_with_a_loop_over_tasks(yours, rng):
    start, adapted = rng.normal(size=3), rng.normal(size=(4, 3))
    expected = start + 0.3 * sum(task - start for task in adapted) / 4
    got = yours.reptile_update(tensor(start), tensor(adapted), 0.3)
    assert_close(got, tensor(np.asarray(expected)), cause="all tasks count alike, and their differences are averaged")
