"""Graded tests of q19: preference loss against its formula and autograd, targets against a loop, estimates by hand."""

import math

import numpy as np
import torch

from metarec_lib.workbook import assert_close, graded


def tensor(values):
    return torch.tensor(values, dtype=torch.float64)


def drawn(rng, *shape):
    return torch.as_tensor(rng.normal(size=shape))


@graded("dpo_loss", core=True)
def test_two_pairs_by_hand(yours):
    got = yours.dpo_loss(tensor([-1.0, -3.0]), tensor([-2.0, -2.0]), tensor([-2.0, -3.0]), tensor([-1.5, -4.0]), 0.5)
    # log-ratios 1 - (-.5) = 1.5 and 0 - 2 = -2; times .5: .75 and -1
    wanted = (math.log(1 + math.exp(-0.75)) + math.log(1 + math.exp(1.0))) / 2
    assert_close(
        got,
        tensor(wanted),
        cause=(
            "each log-probability is compared with the reference's first; beta multiplies the difference inside the sigmoid",
            "先各自减去参考策略的对数概率；beta 乘在 sigmoid 里面的差值上；最后取平均",
        ),
    )


@graded("dpo_loss", core=True)
def test_the_gradient_weighs_pairs_that_are_wrong(yours, rng):
    chosen, rejected, a, b = (drawn(rng, 6) for _ in range(4))
    beta = float(rng.uniform(0.2, 0.9))
    got = yours.grad("dpo_loss", chosen, rejected, a, b, beta, wrt=(0, 1))
    wanted = -beta * torch.sigmoid(-beta * ((chosen - a) - (rejected - b))) / 6
    assert_close(
        torch.stack(list(got)),
        torch.stack([wanted, -wanted]),
        cause=(
            "the gradient of the chosen is -beta · sigmoid(-margin) / N, of the rejected its opposite",
            "被选列表的梯度是 -beta · sigmoid(-差值) / N，被拒列表的正好相反",
        ),
    )


@graded("dpo_loss")
def test_where_training_starts(yours, rng):
    chosen, rejected = drawn(rng, 4) * 3, drawn(rng, 4) * 3
    assert_close(
        yours.dpo_loss(chosen, rejected, chosen.clone(), rejected.clone(), 0.7),
        tensor(math.log(2)),
        cause=(
            "at the start policy and reference agree: every margin is 0, whatever the log-probabilities",
            "训练开始时策略与参考相同：不论对数概率是多少，差值都是 0",
        ),
    )


@graded("dpo_loss", core=True)
def test_large_margins_stay_finite(yours):
    got = yours.dpo_loss(tensor([0.0, -2000.0]), tensor([-2000.0, 0.0]), tensor([0.0, 0.0]), tensor([0.0, 0.0]), 1.0)
    assert_close(
        got,
        tensor(1000.0),
        cause=(
            "log(sigmoid(x)) overflows for x = -2000: use logsigmoid",
            "x = -2000 时 log(sigmoid(x)) 会溢出：用 logsigmoid",
        ),
    )


@graded("dpo_loss", core=True)
def test_the_reference_is_frozen(yours, rng):
    rows = [drawn(rng, 3) for _ in range(4)]
    assert_close(
        torch.stack(list(yours.grad("dpo_loss", *rows, 0.3, wrt=(0, 1, 2, 3)))[2:]),
        torch.zeros(2, 3, dtype=torch.float64),
        cause=("the reference is frozen: detach it", "参考策略是冻结的：要 detach"),
    )


@graded("td_target", core=True)
def test_one_chooses_the_other_values(yours):
    online, target = tensor([[3.0, 2.0, 1.0], [0.0, 1.0, 5.0]]), tensor([[0.5, 4.0, 9.0], [2.0, 8.0, -1.0]])
    allowed, over = torch.ones(2, 3, dtype=torch.bool), torch.tensor([False, False])
    assert_close(
        yours.td_target(tensor([1.0, 0.0]), online, target, allowed, over, 0.5),
        tensor([1.25, -0.5]),
        cause=(
            "the online network chooses the item, the target network says what it is worth",
            "online 网络选物品，target 网络给出它的价值",
        ),
    )


@graded("td_target", core=True)
def test_nothing_follows_the_end(yours, rng):
    online, target = drawn(rng, 4, 3), drawn(rng, 4, 3) + 5
    allowed, over = torch.ones(4, 3, dtype=torch.bool), torch.tensor([True, False, True, False])
    rewards = tensor([1.0, 1.0, 0.0, 0.0])
    wanted = rewards.clone()
    for n in (1, 3):
        wanted[n] += 0.9 * target[n, online[n].argmax()]
    assert_close(
        yours.td_target(rewards, online, target, allowed, over, 0.9),
        wanted,
        cause=(
            "where the session is over the target is the reward alone; elsewhere gamma times the next value is added",
            "会话结束处目标只有奖励；其余处加上 gamma 乘下一步的价值",
        ),
    )


@graded("td_target", core=True)
def test_items_shown_already_are_not_chosen(yours, rng):
    online, target = drawn(rng, 5, 4) - 5, drawn(rng, 5, 4)
    allowed = torch.ones(5, 4, dtype=torch.bool)
    allowed.scatter_(1, online.topk(2).indices, False)
    rewards, wanted = drawn(rng, 5), []
    for n in range(5):
        best = max((i for i in range(4) if allowed[n, i]), key=lambda i, n=n: float(online[n, i]))
        wanted.append(float(rewards[n] + 0.7 * target[n, best]))
    assert_close(
        yours.td_target(rewards, online, target, allowed, torch.zeros(5, dtype=torch.bool), 0.7),
        tensor(wanted),
        cause=(
            "the best item is looked for among the allowed ones",
            "最好的物品只在允许的物品里找",
        ),
    )


@graded("td_target")
def test_no_item_left(yours):
    got = yours.td_target(
        tensor([1.0]), tensor([[1.0, 2.0]]), tensor([[3.0, 4.0]]), torch.zeros(1, 2, dtype=torch.bool),
        torch.tensor([False]), 0.5,
    )  # fmt: skip
    assert_close(
        got,
        tensor([1.0]),
        cause=("without an allowed item nothing follows", "没有允许的物品，后面就什么也没有"),
    )


@graded("td_target", core=True)
def test_a_target_is_a_constant(yours, rng):
    online, target = drawn(rng, 2, 3).requires_grad_(), drawn(rng, 2, 3).requires_grad_()
    allowed = torch.tensor([[True, False, True], [True, True, True]])
    got = yours.td_target(tensor([1.0, 0.0]), online, target, allowed, torch.tensor([False, True]), 0.5)
    assert not got.requires_grad, (
        "Got a target with a gradient; expected a constant. Usual cause: the value of the next state was not detached"
    )


@graded("snips_estimate", core=True)
def test_three_impressions_by_hand(yours):
    got = yours.snips_estimate(np.array([1.0, 0.0, 0.5]), np.array([0.5, 0.25, 0.01]), np.array([0.1, 0.5, 0.25]))
    # weights .2, 2, 25
    assert_close(
        got[0],
        12.7 / 27.2,
        part="estimate",
        cause=(
            "weights are target / logging, and the sum is divided by the sum of the weights",
            "权重是 target / logging，再除以权重之和",
        ),
    )
    assert_close(
        got[1],
        27.2**2 / 629.04,
        part="effective sample size",
        cause=("(sum of weights)² over the sum of squared weights", "权重之和的平方，除以权重平方之和"),
    )


@graded("snips_estimate", core=True)
def test_a_constant_reward_is_found_whatever_the_weights(yours, rng):
    logging, target = rng.uniform(0.05, 0.5, 30), rng.uniform(0, 0.5, 30)
    got = yours.snips_estimate(np.full(30, 0.7), logging, target)
    assert_close(
        got[0],
        0.7,
        part="estimate",
        cause=(
            "if every reward is 0.7, so is the estimate: divide by the sum of the weights",
            "所有奖励都是 0.7，估计就该是 0.7：要除以权重之和",
        ),
    )
    weights = target / logging
    assert_close(
        got[1],
        weights.sum() ** 2 / (weights**2).sum(),
        part="effective sample size",
        cause=("(sum of weights)² over the sum of squared weights", "权重之和的平方，除以权重平方之和"),
    )


@graded("snips_estimate")
def test_the_same_policy(yours, rng):
    shares, rewards = rng.uniform(0.1, 0.5, 12), rng.integers(2, size=12)
    got = yours.snips_estimate(rewards, shares, shares.copy())
    assert_close(
        np.array(got),
        np.array([rewards.mean(), 12.0]),
        cause=(
            "under the same policy the estimate is the mean, and the log is worth all its impressions",
            "策略相同时，估计就是平均值，有效样本量就是条数",
        ),
    )


@graded("snips_estimate")
def test_a_policy_that_shows_none_of_it(yours):
    got = yours.snips_estimate(np.array([1, 0]), np.array([0.5, 0.5]), np.zeros(2))
    assert tuple(got) == (0.0, 0.0), (
        f"Got {got}, expected (0.0, 0.0). Usual cause: a sum of weights of 0 was divided by"
    )
