"""Graded tests of q13: cases by hand, scikit-learn's ridge, numpy's normal distribution, a loop over the meta network."""

import numpy as np
import torch
from sklearn.linear_model import Ridge

from metarec_lib.workbook import assert_close, graded


def tensor(values):
    return torch.tensor(values, dtype=torch.float64)


def draw(rng, *shape):
    return torch.as_tensor(rng.normal(size=shape))


@graded("emcdr_mapping", core=True)
def test_a_map_by_hand(yours):
    slope, intercept = yours.emcdr_mapping(tensor([[0.0], [2.0]]), tensor([[1.0], [5.0]]), 2.0)
    assert_close(
        slope,
        tensor([[1.0]]),
        cause=("centred, ZᵀY = 4 and ZᵀZ + decay = 4", "中心化之后 ZᵀY = 4，ZᵀZ + decay = 4"),
        part="slope",
    )
    assert_close(
        intercept,
        tensor([2.0]),
        cause=("the mean user must be mapped to the mean target", "平均用户应映射到目标均值"),
        part="intercept",
    )


@graded("emcdr_mapping", core=True)
def test_the_map_is_sklearns_ridge(yours, rng):
    source, target, decay = 3 + rng.normal(size=(9, 3)), rng.normal(size=(9, 2)) - 2, float(rng.uniform(0.5, 5))
    expected = Ridge(alpha=decay).fit(source, target)
    slope, intercept = yours.emcdr_mapping(torch.as_tensor(source), torch.as_tensor(target), decay)
    assert_close(
        slope,
        torch.as_tensor(expected.coef_.T),
        cause=("ridge regression on centred vectors, D × E", "对中心化的向量做岭回归，形状 D × E"),
        part="slope",
    )
    assert_close(
        intercept,
        torch.as_tensor(expected.intercept_),
        cause=("the decay must not shrink the intercept", "正则不应收缩截距"),
        part="intercept",
    )


@graded("emcdr_mapping")
def test_one_user_in_both_domains(yours):
    slope, intercept = yours.emcdr_mapping(tensor([[1.0, 2.0]]), tensor([[3.0]]), 1.0)
    assert_close(
        slope, tensor([[0.0], [0.0]]), cause=("one user tells no slope", "只有一个用户，学不到斜率"), part="slope"
    )
    assert_close(intercept, tensor([3.0]), cause=("only where the target lies", "只知道目标在哪里"), part="intercept")


@graded("conditional_prior", core=True)
def test_a_prior_by_hand(yours):
    mean, covariance = yours.conditional_prior(tensor([0.0, 1.0]), tensor([[2.0, 1.0], [1.0, 1.0]]), tensor([2.0]))
    assert_close(
        mean,
        tensor([2.0]),
        cause=("m_T + S_TS S_SS⁻¹ (s − m_S)", "m_T + S_TS S_SS⁻¹ (s − m_S)：源域要减去均值"),
        part="mean",
    )
    assert_close(
        covariance,
        tensor([[0.5]]),
        cause=("what is known in the source takes variance away", "源域已知的部分会减小方差"),
        part="covariance",
    )


@graded("conditional_prior", core=True)
def test_more_source_than_target(yours, rng):
    root, mean, source = rng.normal(size=(5, 5)), rng.normal(size=5), rng.normal(size=3)
    joint = root @ root.T + np.eye(5)
    precision = np.linalg.inv(joint)  # of a normal: the target's block of the precision is its conditional precision
    covariance = np.linalg.inv(precision[3:, 3:])
    expected = mean[3:] - covariance @ precision[3:, :3] @ (source - mean[:3])
    got = yours.conditional_prior(torch.as_tensor(mean), torch.as_tensor(joint), torch.as_tensor(source))
    assert_close(
        got,
        (torch.as_tensor(expected), torch.as_tensor(covariance)),
        cause=(
            "the first D entries are the source, and the blocks S_SS, S_ST, S_TT are cut there",
            "前 D 个分量是源域，S_SS、S_ST、S_TT 从那里切开",
        ),
    )


@graded("conditional_prior")
def test_domains_that_have_nothing_in_common(yours):
    got = yours.conditional_prior(tensor([1.0, 4.0]), tensor([[1.0, 0.0], [0.0, 9.0]]), tensor([100.0]))
    assert_close(
        got,
        (tensor([4.0]), tensor([[9.0]])),
        cause=("without correlation the source says nothing", "不相关时，源域什么也说明不了"),
    )


@graded("personalised_bridge", core=True)
def test_a_bridge_by_hand(yours):
    got = yours.personalised_bridge(
        tensor([1.0, 2.0]), tensor([[1.0, 0.0], [3.0, 2.0]]), torch.tensor([True, True]), tensor([0.0, 0.0]),
        tensor([[[1.0], [0.0]], [[0.0], [1.0]]]),
    )  # fmt: skip
    assert_close(
        got,
        tensor([4.0]),  # character (2, 1), bridge (2, 1)', 1 · 2 + 2 · 1
        cause=(
            "the bridge is the sum of meta[c] weighted by the character; then the user crosses it",
            "桥是按 character 加权的 meta[c] 之和；再让用户过桥",
        ),
    )


@graded("personalised_bridge", core=True)
def test_a_bridge_is_a_loop(yours, rng):
    user, history, attention, meta = draw(rng, 3), draw(rng, 4, 3), draw(rng, 3), draw(rng, 3, 3, 2)
    mask = torch.tensor([True, False, True, True])
    logits = [float(h @ attention) for h in history]
    share = [np.exp(logit) * bool(m) for logit, m in zip(logits, mask, strict=True)]
    character = sum((s / sum(share)) * h for s, h in zip(share, history, strict=True))
    expected = torch.zeros(2, dtype=torch.float64)
    for c in range(3):
        for d in range(3):
            expected += character[c] * user[d] * meta[c, d]
    assert_close(
        yours.personalised_bridge(user, history, mask, attention, meta),
        expected,
        cause=(
            "softmax over the history with padding left out, first axis of meta with the character, second with the user",
            "softmax 只在未填充的历史上做；meta 的第一维配 character，第二维配用户",
        ),
    )


@graded("personalised_bridge")
def test_padding_and_no_history(yours):
    meta = tensor([[[2.0]]])
    one = torch.tensor([True, False])
    got = yours.personalised_bridge(tensor([3.0]), tensor([[1.0], [50.0]]), one, tensor([1.0]), meta)
    assert_close(got, tensor([6.0]), cause=("padding has no weight", "填充位没有权重"))
    got = yours.personalised_bridge(tensor([3.0]), tensor([[1.0], [2.0]]), ~one & one, tensor([1.0]), meta)
    assert_close(got, tensor([0.0]), cause=("without history zeros, not NaN", "没有历史时是零，不是 NaN"))
