"""Named wrong answers of q07."""

import numpy as np

from metarec_lib.workbook import mistake


def _ridge(x, y, prior_mean, scale, noise):
    z = x * scale
    return prior_mean + scale * (z.T @ np.linalg.solve(z @ z.T + noise**2 * np.eye(len(x)), y - x @ prior_mean))


def _best(scores, rated, k):
    order = np.argsort(-scores, kind="stable")
    order = order[~np.isin(order, rated)][:k]
    return order, scores[order]


@mistake("ridge_adapt")
def forgets_the_prior_in_the_residual(x, y, prior_mean, scale, noise):
    """You fitted y itself; the ratings must explain only what the prior mean leaves over, y − x · prior_mean.

    你拟合的是 y 本身；评分只需要解释先验均值没解释的部分，y − x · prior_mean。
    """
    z = x * scale
    return prior_mean + scale * (z.T @ np.linalg.solve(z @ z.T + noise**2 * np.eye(len(x)), y))


@mistake("ridge_adapt")
def shrinks_towards_zero(x, y, prior_mean, scale, noise):
    """You shrank towards 0 instead of prior_mean: add prior_mean to what the ratings say.

    你收缩到了 0 而不是 prior_mean：应在评分带来的移动上加 prior_mean。
    """
    z = x * scale
    return scale * (z.T @ np.linalg.solve(z @ z.T + noise**2 * np.eye(len(x)), y))


@mistake("ridge_adapt")
def returns_the_move_only(x, y, prior_mean, scale, noise):
    """You returned only how far the weights move: add prior_mean.

    你只返回了权重的移动量：还要加上 prior_mean。
    """
    return _ridge(x, y, prior_mean, scale, noise) - prior_mean


@mistake("ridge_adapt")
def adds_the_noise_everywhere(x, y, prior_mean, scale, noise):
    """noise² belongs on the diagonal only: noise² · np.eye(K).

    noise² 只加在对角线上：noise² · np.eye(K)。
    """
    z = x * scale
    return prior_mean + scale * (z.T @ np.linalg.solve(z @ z.T + noise**2, y - x @ prior_mean))


@mistake("ridge_adapt")
def does_not_square_the_noise(x, y, prior_mean, scale, noise):
    """noise is a standard deviation: the ridge is noise².

    noise 是标准差：岭回归的强度是 noise²。
    """
    z = x * scale
    return prior_mean + scale * (z.T @ np.linalg.solve(z @ z.T + noise * np.eye(len(x)), y - x @ prior_mean))


@mistake("ridge_adapt")
def does_not_square_the_scale(x, y, prior_mean, scale, noise):
    """scale is a standard deviation: the prior covariance is diag(scale²), so scale enters twice.

    scale 是标准差：先验协方差是 diag(scale²)，scale 要进入两次。
    """
    gram = (x * scale) @ x.T
    return prior_mean + scale * (x.T @ np.linalg.solve(gram + noise**2 * np.eye(len(x)), y - x @ prior_mean))


@mistake("ridge_adapt")
def gives_zero_to_a_user_without_ratings(x, y, prior_mean, scale, noise):
    """A user without ratings has the prior mean, not zeros.

    没有评分的用户应得到先验均值，不是零。
    """
    return _ridge(x, y, prior_mean, scale, noise) if len(x) else np.zeros(len(prior_mean))


@mistake("ridge_adapt")
def writes_into_an_array_like_the_prior(x, y, prior_mean, scale, noise):
    """You wrote w into an array made like prior_mean, which may hold integers: fractions are cut off there.

    你按 prior_mean 的类型新建了数组来装 w，而它可能是整数类型，小数会被截断。
    """
    w = np.empty_like(prior_mean)
    w[:] = _ridge(x, y, prior_mean, scale, noise)
    return w


@mistake("ridge_adapt")
def adds_to_the_prior_in_place(x, y, prior_mean, scale, noise):
    """You changed prior_mean itself: every other user shares it, so work on a copy.

    你改动了 prior_mean 本身：它由所有用户共用，请在副本上计算。
    """
    prior_mean += _ridge(x, y, prior_mean, scale, noise) - prior_mean
    return prior_mean


@mistake("ridge_adapt")
def stays_at_the_prior(x, y, prior_mean, scale, noise):
    """You returned the prior mean: that is right only for a user without ratings.

    你返回的是先验均值：只有没有评分的用户才是这样。
    """
    return prior_mean + 0.0


@mistake("ridge_adapt")
def ignores_the_scale(x, y, prior_mean, scale, noise):
    """You did not use scale: a weight that hardly differs between users must move less.

    你没有用到 scale：用户之间差别很小的权重应当移动得更少。
    """
    return _ridge(x, y, prior_mean, np.ones_like(scale), noise)


@mistake("ridge_adapt")
def ignores_the_noise(x, y, prior_mean, scale, noise):
    """You did not use noise: the noisier the ratings, the less the weights move.

    你没有用到 noise：评分噪声越大，权重移动越少。
    """
    return _ridge(x, y, prior_mean, scale, 1.0)


@mistake("serve")
def shows_what_was_rated(vectors, bias, rated, ratings, prior_mean, scale, noise, k):
    """Your list holds items that the user has already rated: leave them out.

    你的列表里有用户已经评过分的物品：应当去掉。
    """
    w = _ridge(vectors[rated], ratings - bias[rated], prior_mean, scale, noise)
    return _best(bias + vectors @ w, [], k)


@mistake("serve")
def adapts_to_the_raw_ratings(vectors, bias, rated, ratings, prior_mean, scale, noise, k):
    """You adapted to the ratings themselves: subtract the items' biases first, or every user seems to love everything.

    你直接用原始评分做适应：应先减去物品偏置，否则每个用户看起来什么都喜欢。
    """
    w = _ridge(vectors[rated], ratings, prior_mean, scale, noise)
    return _best(bias + vectors @ w, rated, k)


@mistake("serve")
def forgets_the_bias_in_the_score(vectors, bias, rated, ratings, prior_mean, scale, noise, k):
    """Your score lacks the item's bias: score = bias + vector · w.

    你的分数漏了物品偏置：分数 = bias + vector · w。
    """
    w = _ridge(vectors[rated], ratings - bias[rated], prior_mean, scale, noise)
    return _best(vectors @ w, rated, k)


@mistake("serve")
def does_not_adapt(vectors, bias, rated, ratings, prior_mean, scale, noise, k):
    """You scored with the prior mean: the user's ratings changed nothing.

    你用先验均值打了分：用户的评分没有起任何作用。
    """
    return _best(bias + vectors @ prior_mean, rated, k)


@mistake("serve")
def puts_the_later_item_first_among_ties(vectors, bias, rated, ratings, prior_mean, scale, noise, k):
    """argsort(...)[::-1] turns tied items round; of equal scores the lower position comes first.

    argsort(...)[::-1] 会把同分物品的次序颠倒；同分时应让位置小的在前。
    """
    scores = bias + vectors @ _ridge(vectors[rated], ratings - bias[rated], prior_mean, scale, noise)
    order = np.argsort(scores, kind="stable")[::-1]
    order = order[~np.isin(order, rated)][:k]
    return order, scores[order]


@mistake("serve")
def returns_positions_in_the_shortened_array(vectors, bias, rated, ratings, prior_mean, scale, noise, k):
    """These are positions among the items that are left: return positions among all items.

    你返回的是剩余物品中的位置：应返回全部物品中的位置。
    """
    scores = bias + vectors @ _ridge(vectors[rated], ratings - bias[rated], prior_mean, scale, noise)
    return _best(np.delete(scores, rated), [], k)


@mistake("serve")
def returns_scores_first(vectors, bias, rated, ratings, prior_mean, scale, noise, k):
    """You returned (scores, items): the items come first.

    你返回的是 (scores, items)：items 在前。
    """
    scores = bias + vectors @ _ridge(vectors[rated], ratings - bias[rated], prior_mean, scale, noise)
    return _best(scores, rated, k)[::-1]


@mistake("serve")
def squares_what_ridge_adapt_squares(vectors, bias, rated, ratings, prior_mean, scale, noise, k):
    """scale and noise are standard deviations, and ridge_adapt squares them: pass them on unchanged.

    scale 和 noise 是标准差，ridge_adapt 自己会平方：原样传入即可。
    """
    w = _ridge(vectors[rated], ratings - bias[rated], prior_mean, scale**2, noise**2)
    return _best(bias + vectors @ w, rated, k)


@mistake("serve")
def does_not_sort_ties(vectors, bias, rated, ratings, prior_mean, scale, noise, k):
    """np.argsort alone does not keep the order of equal scores: kind="stable" does.

    np.argsort 默认不保持同分的次序：要用 kind="stable"。
    """
    scores = bias + vectors @ _ridge(vectors[rated], ratings - bias[rated], prior_mean, scale, noise)
    order = np.argsort(-scores)
    order = order[~np.isin(order, rated)][:k]
    return order, scores[order]


@mistake("serve")
def lets_rated_items_come_back_last(vectors, bias, rated, ratings, prior_mean, scale, noise, k):
    """Items masked with −inf come back last when k is larger than what is left: drop them before the cut.

    用 −inf 屏蔽的物品，在 k 超过剩余数量时会重新出现在末尾：应在截断之前去掉。
    """
    scores = bias + vectors @ _ridge(vectors[rated], ratings - bias[rated], prior_mean, scale, noise)
    scores[rated] = -np.inf
    order = np.argsort(-scores, kind="stable")[:k]
    return order, scores[order]


@mistake("serve")
def cuts_before_the_rated_are_out(vectors, bias, rated, ratings, prior_mean, scale, noise, k):
    """You cut the list near k before the rated items were out: several of them may stand at its top.

    评过分的物品还没去掉，你就在 k 附近截断了：列表最前面可能有好几个评过分的。
    """
    scores = bias + vectors @ _ridge(vectors[rated], ratings - bias[rated], prior_mean, scale, noise)
    order = np.argsort(-scores, kind="stable")[: k + 1]
    order = order[~np.isin(order, rated)][:k]
    return order, scores[order]


@mistake("serve")
def keeps_scores_as_whole_numbers(vectors, bias, rated, ratings, prior_mean, scale, noise, k):
    """You wrote the scores into an array made like `bias`, which may hold integers: fractions are cut off there.

    你按 `bias` 的类型新建了数组来装分数，而它可能是整数类型，小数会被截断。
    """
    scores = np.empty_like(bias)
    scores[:] = bias + vectors @ _ridge(vectors[rated], ratings - bias[rated], prior_mean, scale, noise)
    return _best(scores, rated, k)


@mistake("serve")
def pairs_ratings_with_the_wrong_items(vectors, bias, rated, ratings, prior_mean, scale, noise, k):
    """You took the rated items in the order of the catalogue: `ratings` follows the order of `rated`.

    你按物品目录的顺序取了评过分的物品：`ratings` 的顺序与 `rated` 一致。
    """
    at = np.sort(rated)
    return _best(bias + vectors @ _ridge(vectors[at], ratings - bias[at], prior_mean, scale, noise), rated, k)


@mistake("serve")
def gives_the_bias_to_a_user_without_ratings(vectors, bias, rated, ratings, prior_mean, scale, noise, k):
    """A user without ratings is scored with the prior mean, not with the items' biases alone.

    没有评分的用户也要用先验均值打分，不能只看物品偏置。
    """
    if len(rated) == 0:
        return _best(bias + 0.0, rated, k)
    return _best(bias + vectors @ _ridge(vectors[rated], ratings - bias[rated], prior_mean, scale, noise), rated, k)


@mistake("serve")
def adapts_from_zero(vectors, bias, rated, ratings, prior_mean, scale, noise, k):
    """You adapted from zero: pass prior_mean on to ridge_adapt.

    你是从零开始适应的：应把 prior_mean 传给 ridge_adapt。
    """
    w = _ridge(vectors[rated], ratings - bias[rated], np.zeros(len(prior_mean)), scale, noise)
    return _best(bias + vectors @ w, rated, k)


@mistake("meta_embedding_init")
def gives_zero_to_a_brand_new_item(features, projection, raters, ratings, scale, noise):
    """An item without ratings has the guess of its features, not zeros.

    没有评分的物品，向量就是特征给出的猜测，不是零。
    """
    guess = features @ projection
    return _ridge(raters, ratings, guess, scale, noise) if len(raters) else np.zeros(len(guess))


@mistake("meta_embedding_init")
def ignores_the_ratings(features, projection, raters, ratings, scale, noise):
    """You stopped at the guess from the features: the first ratings must correct it.

    你停在了由特征得到的猜测：最早的几条评分应当修正它。
    """
    return features @ projection


@mistake("meta_embedding_init")
def ignores_the_features(features, projection, raters, ratings, scale, noise):
    """You started from zero: the guess features @ projection is the prior mean.

    你从零出发：猜测 features @ projection 才是先验均值。
    """
    return _ridge(raters, ratings, np.zeros(raters.shape[1]), scale, noise)


@mistake("meta_embedding_init")
def adds_the_guess_to_a_fit_of_the_whole_ratings(features, projection, raters, ratings, scale, noise):
    """You fitted the whole ratings and added the guess on top: the raters should explain only what the guess leaves over.

    你拟合了整个评分，又把猜测加了上去：评分用户只需解释猜测没解释的部分。
    """
    return features @ projection + _ridge(raters, ratings, np.zeros(raters.shape[1]), scale, noise)


@mistake("meta_embedding_init")
def subtracts_the_guess_twice(features, projection, raters, ratings, scale, noise):
    """ridge_adapt subtracts the prior mean itself: pass the ratings as they are.

    ridge_adapt 自己会减去先验均值：评分原样传入即可。
    """
    guess = features @ projection
    return _ridge(raters, ratings - raters @ guess, guess, scale, noise)


@mistake("meta_embedding_init")
def adds_the_guess_twice(features, projection, raters, ratings, scale, noise):
    """ridge_adapt returns the vector, guess included: do not add the guess again.

    ridge_adapt 返回的向量已含猜测：不要再加一次。
    """
    guess = features @ projection
    return guess + _ridge(raters, ratings, guess, scale, noise)


@mistake("meta_embedding_init")
def squares_the_standard_deviations(features, projection, raters, ratings, scale, noise):
    """scale and noise are standard deviations, and ridge_adapt squares them: pass them on unchanged.

    scale 和 noise 是标准差，ridge_adapt 自己会平方：原样传入即可。
    """
    return _ridge(raters, ratings, features @ projection, scale**2, noise**2)


@mistake("meta_embedding_init")
def averages_the_features(features, projection, raters, ratings, scale, noise):
    """You divided the features by their sum: the projection was learned on the features as they are.

    你把特征除以了它们的和：projection 是在原样的特征上学到的。
    """
    return _ridge(raters, ratings, features @ projection / max(features.sum(), 1), scale, noise)


@mistake("meta_embedding_init")
def multiplies_from_the_wrong_side(features, projection, raters, ratings, scale, noise):
    """You multiplied projection @ features: it has one row a feature, so features @ projection.

    你算的是 projection @ features：projection 每个特征一行，应为 features @ projection。
    """
    return _ridge(raters, ratings, projection @ features, scale, noise)


@mistake("meta_embedding_init")
def guesses_in_whole_numbers(features, projection, raters, ratings, scale, noise):
    """You wrote the vector into an array made like the guess, which may hold integers: fractions are cut off there.

    你按初始猜测的类型新建了数组来装向量，而它可能是整数类型，小数会被截断。
    """
    guess = features @ projection
    vector = np.empty_like(guess)
    vector[:] = _ridge(raters, ratings, guess, scale, noise)
    return vector
