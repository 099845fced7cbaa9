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
    """You fitted y itself; the ratings must explain only what the prior mean leaves over, y − x · prior_mean."""
    z = x * scale
    return prior_mean + scale * (z.T @ np.linalg.solve(z @ z.T + noise**2 * np.eye(len(x)), y))


@mistake("ridge_adapt")
def shrinks_towards_zero(x, y, prior_mean, scale, noise):
    """You shrank towards 0 instead of prior_mean: add prior_mean to what the ratings say."""
    z = x * scale
    return scale * (z.T @ np.linalg.solve(z @ z.T + noise**2 * np.eye(len(x)), y))


@mistake("ridge_adapt")
def returns_the_move_only(x, y, prior_mean, scale, noise):
    """You returned only how far the weights move: add prior_mean."""
    return _ridge(x, y, prior_mean, scale, noise) - prior_mean


@mistake("ridge_adapt")
def adds_the_noise_everywhere(x, y, prior_mean, scale, noise):
    """noise² belongs on the diagonal only: noise² · np.eye(K)."""
    z = x * scale
    return prior_mean + scale * (z.T @ np.linalg.solve(z @ z.T + noise**2, y - x @ prior_mean))


@mistake("ridge_adapt")
def does_not_square_the_noise(x, y, prior_mean, scale, noise):
    """noise is a standard deviation: the ridge is noise²."""
    z = x * scale
    return prior_mean + scale * (z.T @ np.linalg.solve(z @ z.T + noise * np.eye(len(x)), y - x @ prior_mean))


@mistake("ridge_adapt")
def does_not_square_the_scale(x, y, prior_mean, scale, noise):
    """scale is a standard deviation: the prior covariance is diag(scale²), so scale enters twice."""
    gram = (x * scale) @ x.T
    return prior_mean + scale * (x.T @ np.linalg.solve(gram + noise**2 * np.eye(len(x)), y - x @ prior_mean))


@mistake("ridge_adapt")
def gives_zero_to_a_user_without_ratings(x, y, prior_mean, scale, noise):
    """A user without ratings has the prior mean, not zeros."""
    return _ridge(x, y, prior_mean, scale, noise) if len(x) else np.zeros(len(prior_mean))


@mistake("serve")
def shows_what_was_rated(vectors, bias, rated, ratings, prior_mean, scale, noise, k):
    """Your list holds items that the user has already rated: leave them out."""
    w = _ridge(vectors[rated], ratings - bias[rated], prior_mean, scale, noise)
    return _best(bias + vectors @ w, [], k)


@mistake("serve")
def adapts_to_the_raw_ratings(vectors, bias, rated, ratings, prior_mean, scale, noise, k):
    """You adapted to the ratings themselves: subtract the items' biases first, or every user seems to love everything."""
    w = _ridge(vectors[rated], ratings, prior_mean, scale, noise)
    return _best(bias + vectors @ w, rated, k)


@mistake("serve")
def forgets_the_bias_in_the_score(vectors, bias, rated, ratings, prior_mean, scale, noise, k):
    """Your score lacks the item's bias: score = bias + vector · w."""
    w = _ridge(vectors[rated], ratings - bias[rated], prior_mean, scale, noise)
    return _best(vectors @ w, rated, k)


@mistake("serve")
def does_not_adapt(vectors, bias, rated, ratings, prior_mean, scale, noise, k):
    """You scored with the prior mean: the user's ratings changed nothing."""
    return _best(bias + vectors @ prior_mean, rated, k)


@mistake("serve")
def puts_the_later_item_first_among_ties(vectors, bias, rated, ratings, prior_mean, scale, noise, k):
    """argsort(...)[::-1] turns tied items round; of equal scores the lower position comes first."""
    scores = bias + vectors @ _ridge(vectors[rated], ratings - bias[rated], prior_mean, scale, noise)
    order = np.argsort(scores, kind="stable")[::-1]
    order = order[~np.isin(order, rated)][:k]
    return order, scores[order]


@mistake("serve")
def returns_positions_in_the_shortened_array(vectors, bias, rated, ratings, prior_mean, scale, noise, k):
    """These are positions among the items that are left: return positions among all items."""
    scores = bias + vectors @ _ridge(vectors[rated], ratings - bias[rated], prior_mean, scale, noise)
    return _best(np.delete(scores, rated), [], k)


@mistake("serve")
def returns_scores_first(vectors, bias, rated, ratings, prior_mean, scale, noise, k):
    """You returned (scores, items): the items come first."""
    scores = bias + vectors @ _ridge(vectors[rated], ratings - bias[rated], prior_mean, scale, noise)
    return _best(scores, rated, k)[::-1]


@mistake("serve")
def squares_what_ridge_adapt_squares(vectors, bias, rated, ratings, prior_mean, scale, noise, k):
    """scale and noise are standard deviations, and ridge_adapt squares them: pass them on unchanged."""
    w = _ridge(vectors[rated], ratings - bias[rated], prior_mean, scale**2, noise**2)
    return _best(bias + vectors @ w, rated, k)


@mistake("serve")
def does_not_sort_ties(vectors, bias, rated, ratings, prior_mean, scale, noise, k):
    """np.argsort alone does not keep the order of equal scores: kind="stable" does."""
    scores = bias + vectors @ _ridge(vectors[rated], ratings - bias[rated], prior_mean, scale, noise)
    order = np.argsort(-scores)
    order = order[~np.isin(order, rated)][:k]
    return order, scores[order]


@mistake("serve")
def lets_rated_items_come_back_last(vectors, bias, rated, ratings, prior_mean, scale, noise, k):
    """Items masked with −inf come back at the end of the list when k is larger than what is left: drop them before the cut."""
    scores = bias + vectors @ _ridge(vectors[rated], ratings - bias[rated], prior_mean, scale, noise)
    scores[rated] = -np.inf
    order = np.argsort(-scores, kind="stable")[:k]
    return order, scores[order]


@mistake("meta_embedding_init")
def ignores_the_ratings(features, projection, raters, ratings, scale, noise):
    """You stopped at the guess from the features: the first ratings must correct it."""
    return features @ projection


@mistake("meta_embedding_init")
def ignores_the_features(features, projection, raters, ratings, scale, noise):
    """You started from zero: the guess features @ projection is the prior mean."""
    return _ridge(raters, ratings, np.zeros(raters.shape[1]), scale, noise)


@mistake("meta_embedding_init")
def adds_the_guess_to_a_fit_of_the_whole_ratings(features, projection, raters, ratings, scale, noise):
    """You fitted the whole ratings and added the guess on top: the raters should explain only what the guess leaves over."""
    return features @ projection + _ridge(raters, ratings, np.zeros(raters.shape[1]), scale, noise)


@mistake("meta_embedding_init")
def subtracts_the_guess_twice(features, projection, raters, ratings, scale, noise):
    """ridge_adapt subtracts the prior mean itself: pass the ratings as they are."""
    guess = features @ projection
    return _ridge(raters, ratings - raters @ guess, guess, scale, noise)


@mistake("meta_embedding_init")
def adds_the_guess_twice(features, projection, raters, ratings, scale, noise):
    """ridge_adapt returns the vector, guess included: do not add the guess again."""
    guess = features @ projection
    return guess + _ridge(raters, ratings, guess, scale, noise)


@mistake("meta_embedding_init")
def squares_the_standard_deviations(features, projection, raters, ratings, scale, noise):
    """scale and noise are standard deviations, and ridge_adapt squares them: pass them on unchanged."""
    return _ridge(raters, ratings, features @ projection, scale**2, noise**2)
