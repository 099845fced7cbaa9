"""Graded tests of q09: cases by hand, a loop over items, and entropies that are really computed."""

import torch

from metarec_lib.workbook import assert_close, graded


def tensor(values):
    return torch.tensor(values, dtype=torch.float64)


def draw(rng, *shape):
    return torch.as_tensor(rng.normal(size=shape))


def spread_of(rng, d):
    root = draw(rng, d, d)
    return root @ root.T + torch.eye(d, dtype=torch.float64)


@graded("linucb_scores", core=True)
def test_linucb_by_hand(yours):
    got = yours.linucb_scores(tensor([[2.0, 0.0], [0.0, 1.0]]), tensor([[1.0, 0.0]]), torch.tensor([3]), 0.5)
    # A = diag(2, 1), b = (3, 0): means 3 and 0, bonuses √2 and 1
    assert_close(
        got,
        tensor([3 + 0.5 * 2**0.5, 0.5]),
        cause=("mean x · A⁻¹b plus α times the *root* of xᵀA⁻¹x", "均值 x · A⁻¹b 加上 α 乘 xᵀA⁻¹x 的*平方根*"),
    )


@graded("linucb_scores", core=True)
def test_linucb_item_by_item(yours, rng):
    items, rated, ratings, alpha = draw(rng, 5, 3), draw(rng, 4, 3), draw(rng, 4), float(rng.uniform(0.5, 2))
    inverse = torch.linalg.inv(torch.eye(3, dtype=torch.float64) + sum(torch.outer(x, x) for x in rated))
    weights = inverse @ sum(r * x for r, x in zip(ratings, rated, strict=True))
    expected = torch.stack([x @ weights + alpha * (x @ inverse @ x).sqrt() for x in items])
    assert_close(
        yours.linucb_scores(items, rated, ratings, alpha),
        expected,
        cause=(
            "A is the identity plus the sum of outer products; α multiplies the bonus alone",
            "A 是单位阵加外积之和；α 只乘奖励项",
        ),
    )


@graded("linucb_scores")
def test_linucb_before_any_rating(yours):
    got = yours.linucb_scores(tensor([[3.0, 4.0]]), torch.zeros(0, 2, dtype=torch.float64), tensor([]), 2.0)
    assert_close(
        got,
        tensor([10.0]),
        cause=("nothing is known: A is the identity, the score is α |x|", "一无所知：A 是单位阵，得分是 α |x|"),
    )


@graded("expected_information_gain", core=True)
def test_gain_by_hand(yours):
    got = yours.expected_information_gain(
        tensor([[1.0, 1.0], [2.0, 0.0]]), tensor([[2.0, 0.5], [0.5, 1.0]]), tensor([4.0, 8.0])
    )
    # xᵀSx = 4 and 8: ½ log 2 both
    assert_close(
        got,
        0.5 * torch.log(tensor([2.0, 2.0])),
        cause=(
            "½ log(1 + xᵀ S x / n), with the correlations in S and the noise of each film",
            "½ log(1 + xᵀ S x / n)：要用 S 里的相关，以及每部影片自己的噪声",
        ),
    )


@graded("expected_information_gain", core=True)
def test_gain_is_the_entropy_that_a_rating_takes_away(yours, rng):
    items, covariance, noise = draw(rng, 4, 3), spread_of(rng, 3), torch.as_tensor(rng.uniform(0.5, 2, 4))
    after = [
        torch.linalg.inv(torch.linalg.inv(covariance) + torch.outer(x, x) / n)
        for x, n in zip(items, noise, strict=True)
    ]
    expected = torch.stack([0.5 * (torch.logdet(covariance) - torch.logdet(s)) for s in after])
    assert_close(
        yours.expected_information_gain(items, covariance, noise),
        expected,
        cause=(
            "entropy before less entropy after, in nats: natural logarithm, and a half",
            "回答前的熵减回答后的熵，单位 nat：自然对数，再乘二分之一",
        ),
    )


@graded("expected_information_gain")
def test_a_tiny_gain_is_exact(yours):
    got = yours.expected_information_gain(tensor([[1e-9]]), tensor([[1.0]]), tensor([1.0]))
    assert_close(
        got,
        tensor([5e-19]),
        rtol=1e-9,
        atol=0.0,
        cause=("log(1 + x) of a tiny x is 0 in floating point: log1p", "x 极小时 log(1 + x) 在浮点下等于 0：用 log1p"),
    )


@graded("thompson_scores", core=True)
def test_thompson_by_hand(yours):
    got = yours.thompson_scores(
        tensor([[1.0, 0.0], [0.0, 1.0]]), tensor([1.0, -1.0]), tensor([[4.0, 2.0], [2.0, 5.0]]), tensor([1.0, -1.5])
    )
    # L = (2 0; 1 2): w = (1, −1) + (2, −2)
    assert_close(
        got,
        tensor([3.0, -3.0]),
        cause=("w = μ + L z with the lower Cholesky factor of S", "w = μ + L z，L 是 S 的下三角 Cholesky 因子"),
    )


@graded("thompson_scores", core=True)
def test_thompson_draws_once_for_all_items(yours, rng):
    items, mean, covariance, z = draw(rng, 6, 3), draw(rng, 3), spread_of(rng, 3), draw(rng, 3)
    expected = torch.stack([x @ (mean + torch.linalg.cholesky(covariance) @ z) for x in items])
    assert_close(
        yours.thompson_scores(items, mean, covariance, z),
        expected,
        cause=(
            "one draw of the user for all items, not one of each score",
            "对用户只抽一次，所有物品共用，而不是每个得分各抽一次",
        ),
    )


@graded("thompson_scores")
def test_thompson_without_a_draw_is_the_mean(yours, rng):
    items, mean = draw(rng, 3, 2), draw(rng, 2)
    got = yours.thompson_scores(items, mean, spread_of(rng, 2), tensor([0.0, 0.0]))
    assert_close(got, items @ mean, cause=("with z = 0 the scores are those of the mean", "z = 0 时得分就是均值的得分"))
