"""Named wrong answers of q02."""

import numpy as np

from metarec_lib.workbook import mistake


def _posterior(features, surprise, precision, prior_mean, noise_variance):
    covariance = np.linalg.inv(precision)
    return prior_mean + covariance @ features.T @ surprise / noise_variance, covariance


@mistake("interest_posterior")
def shrinks_to_zero(features, ratings, prior_mean, prior_covariance, noise_variance):
    """Your posterior starts at zero: a new user starts at the prior mean, and ratings move the interest away from there."""
    precision = np.linalg.inv(prior_covariance) + features.T @ features / noise_variance
    return _posterior(features, ratings, precision, np.zeros_like(prior_mean), noise_variance)


@mistake("interest_posterior")
def counts_the_prior_mean_twice(features, ratings, prior_mean, prior_covariance, noise_variance):
    """You added the prior mean but did not take what it predicts from the ratings: the surprise is y − Xm, not y."""
    precision = np.linalg.inv(prior_covariance) + features.T @ features / noise_variance
    return _posterior(features, ratings, precision, prior_mean, noise_variance)


@mistake("interest_posterior")
def forgets_the_noise(features, ratings, prior_mean, prior_covariance, noise_variance):
    """The noise is missing: a rating weighs 1 / s² against the prior, so divide XᵀX and Xᵀ(y − Xm) by s²."""
    precision = np.linalg.inv(prior_covariance) + features.T @ features
    return _posterior(features, ratings - features @ prior_mean, precision, prior_mean, 1.0)


@mistake("interest_posterior")
def takes_the_variance_for_a_standard_deviation(features, ratings, prior_mean, prior_covariance, noise_variance):
    """You squared the noise once more: noise_variance is s² already."""
    precision = np.linalg.inv(prior_covariance) + features.T @ features / noise_variance**2
    return _posterior(features, ratings - features @ prior_mean, precision, prior_mean, noise_variance**2)


@mistake("interest_posterior")
def adds_a_covariance_to_a_precision(features, ratings, prior_mean, prior_covariance, noise_variance):
    """You added the prior's covariance to XᵀX / s²: precisions add, so invert C first."""
    precision = prior_covariance + features.T @ features / noise_variance
    return _posterior(features, ratings - features @ prior_mean, precision, prior_mean, noise_variance)


@mistake("interest_posterior")
def averages_the_ratings(features, ratings, prior_mean, prior_covariance, noise_variance):
    """You averaged over the K ratings, so twenty say no more than one: the ratings' precisions are summed."""
    k = max(len(ratings), 1)
    precision = np.linalg.inv(prior_covariance) + features.T @ features / (k * noise_variance)
    return _posterior(features, ratings - features @ prior_mean, precision, prior_mean, k * noise_variance)


@mistake("interest_posterior")
def divides_by_no_ratings(features, ratings, prior_mean, prior_covariance, noise_variance):
    """You divided by K, which is 0 for a new user: sum over the ratings, and the prior comes back by itself."""
    precision = np.linalg.inv(prior_covariance) + features.T @ features / noise_variance
    mean, covariance = _posterior(features, ratings - features @ prior_mean, precision, prior_mean, noise_variance)
    return (mean, covariance) if len(ratings) else (mean * np.nan, covariance * np.nan)


@mistake("interest_posterior")
def returns_the_precision(features, ratings, prior_mean, prior_covariance, noise_variance):
    """Your second result is the precision, which grows with every rating: return its inverse, the covariance."""
    precision = np.linalg.inv(prior_covariance) + features.T @ features / noise_variance
    mean, _ = _posterior(features, ratings - features @ prior_mean, precision, prior_mean, noise_variance)
    return mean, precision


@mistake("interest_posterior")
def weighs_the_prior_mean_without_the_noise(features, ratings, prior_mean, prior_covariance, noise_variance):
    """Multiply by s² throughout or nowhere: XᵀX + s²C⁻¹ goes with Xᵀy + s²C⁻¹m; you left s² out at the prior mean."""
    inverse = np.linalg.inv(prior_covariance)
    scaled = np.linalg.inv(features.T @ features + noise_variance * inverse)
    return scaled @ (features.T @ ratings + inverse @ prior_mean), noise_variance * scaled


@mistake("interest_posterior")
def returns_only_the_variances(features, ratings, prior_mean, prior_covariance, noise_variance):
    """You returned D variances: return the whole covariance (D, D); the next rating needs what two interests share."""
    precision = np.linalg.inv(prior_covariance) + features.T @ features / noise_variance
    mean, covariance = _posterior(features, ratings - features @ prior_mean, precision, prior_mean, noise_variance)
    return mean, np.diag(covariance)


@mistake("interest_posterior")
def treats_features_as_independent(features, ratings, prior_mean, prior_covariance, noise_variance):
    """You kept only the diagonal: a film with two genres ties their posteriors together, and the prior may do so too."""
    precision = np.diag(1 / np.diag(prior_covariance) + (features**2).sum(axis=0) / noise_variance)
    return _posterior(features, ratings - features @ prior_mean, precision, prior_mean, noise_variance)


@mistake("interest_posterior")
def adds_the_noise_of_the_next_rating(features, ratings, prior_mean, prior_covariance, noise_variance):
    """You added s² to the covariance: that belongs to the next rating, xᵀSx + s², not to the interest."""
    precision = np.linalg.inv(prior_covariance) + features.T @ features / noise_variance
    mean, covariance = _posterior(features, ratings - features @ prior_mean, precision, prior_mean, noise_variance)
    return mean, covariance + noise_variance * np.eye(len(mean))


def _by_fold(model, features, ratings, fold, rows_for):
    predictions = np.zeros(len(ratings))
    for f in np.unique(fold):
        fit_on, predict = rows_for(fold == f)
        model.fit(features[fit_on], ratings[fit_on])
        predictions[predict] = model.predict(features[predict])
    return predictions


@mistake("out_of_fold_predictions")
def predicts_in_sample(model, features, ratings, users, fold_of_user):
    """You fitted on all ratings and predicted the same ones: a combiner trained on these trusts whoever memorises best."""
    model.fit(features, ratings)
    return model.predict(features)


@mistake("out_of_fold_predictions")
def fits_on_the_fold_it_predicts(model, features, ratings, users, fold_of_user):
    """You fitted on the fold that you predict: fit on all the others."""
    return _by_fold(model, features, ratings, fold_of_user[users], lambda held: (held, held))


@mistake("out_of_fold_predictions")
def swaps_the_parts(model, features, ratings, users, fold_of_user):
    """You fitted on one fold and predicted the others: it is the other way round, and each rating is predicted once."""
    return _by_fold(model, features, ratings, fold_of_user[users], lambda held: (held, ~held))


@mistake("out_of_fold_predictions")
def makes_folds_of_ratings(model, features, ratings, users, fold_of_user):
    """You dealt ratings into folds, not users: the model then knows the users whom it predicts, but never a new one."""
    fold = np.arange(len(ratings)) % len(np.unique(fold_of_user))
    return _by_fold(model, features, ratings, fold, lambda held: (~held, held))


@mistake("out_of_fold_predictions")
def takes_the_folds_of_users_for_those_of_ratings(model, features, ratings, users, fold_of_user):
    """fold_of_user has one number a user, not a rating: the fold of each rating is fold_of_user[users]."""
    return _by_fold(model, features, ratings, fold_of_user, lambda held: (~held, held))


@mistake("out_of_fold_predictions")
def returns_fold_after_fold(model, features, ratings, users, fold_of_user):
    """Your predictions stand fold after fold: write each into the place of its rating, predictions[held] = …"""
    fold, parts = fold_of_user[users], []
    for f in np.unique(fold):
        model.fit(features[fold != f], ratings[fold != f])
        parts.append(model.predict(features[fold == f]))
    return np.concatenate(parts)


@mistake("out_of_fold_predictions")
def fits_only_once(model, features, ratings, users, fold_of_user):
    """You fitted once, outside the loop: that model has seen the ratings of every fold but one."""
    fold = fold_of_user[users]
    first = fold == fold.min()
    model.fit(features[~first], ratings[~first])
    return model.predict(features)


@mistake("out_of_fold_predictions")
def counts_folds_from_zero(model, features, ratings, users, fold_of_user):
    """You looped over 0, 1, 2 …: folds are labels, so loop over np.unique(fold); the others are never predicted."""
    fold, predictions = fold_of_user[users], np.zeros(len(ratings))
    for f in range(len(np.unique(fold))):
        held = fold == f
        if held.any():
            predictions[held] = model.fit(features[~held], ratings[~held]).predict(features[held])
    return predictions


@mistake("out_of_fold_predictions")
def cuts_to_whole_stars(model, features, ratings, users, fold_of_user):
    """Your predictions are whole numbers: the array that you fill is of integers (as `users` is); make it of floats."""
    return _by_fold(model, features, ratings, fold_of_user[users], lambda held: (~held, held)).astype(int)


@mistake("out_of_fold_predictions")
def takes_each_user_for_a_fold(model, features, ratings, users, fold_of_user):
    """You left out one user at a time: a whole fold goes, all users whose fold_of_user is the same."""
    return _by_fold(model, features, ratings, users, lambda held: (~held, held))


def _gram(predictions, ratings):
    errors = predictions - ratings[:, None]
    return errors.T @ errors / len(errors)


def _from_gram(gram, strength):
    weights = np.linalg.solve(gram + strength * np.eye(len(gram)), np.ones(len(gram)))
    return weights / weights.sum()


@mistake("stacking_weights")
def lets_the_sum_free(predictions, ratings, strength=0.0):
    """Your weights need not sum to one: that is ridge regression, which under a strong penalty predicts no stars at all."""
    gram = predictions.T @ predictions / len(ratings)
    return np.linalg.lstsq(gram + strength * np.eye(len(gram)), predictions.T @ ratings / len(ratings), rcond=None)[0]


@mistake("stacking_weights")
def divides_by_the_sum_afterwards(predictions, ratings, strength=0.0):
    """You solved without the condition and divided by the sum afterwards: that is not the least error under Σ a = 1."""
    weights = lets_the_sum_free(predictions, ratings, strength)
    return weights / weights.sum()


@mistake("stacking_weights")
def ignores_what_models_get_wrong_together(predictions, ratings, strength=0.0):
    """You weighted by one over the mean square alone: errors that two models share cannot cancel, so EᵀE is needed whole."""
    return _from_gram(np.diag(np.diag(_gram(predictions, ratings))) + 1e-12 * np.eye(predictions.shape[1]), strength)


@mistake("stacking_weights")
def cuts_negative_weights_off(predictions, ratings, strength=0.0):
    """You set negative weights to zero and divided again: the docstring allows them, and cutting is not the least error."""
    weights = np.maximum(_from_gram(_gram(predictions, ratings), strength), 0)
    return weights / weights.sum()


@mistake("stacking_weights")
def takes_the_mean_errors_away(predictions, ratings, strength=0.0):
    """You took each model's mean error away first: a model that is off by half a star must pay for it, so do not centre."""
    errors = predictions - ratings[:, None]
    errors = errors - errors.mean(axis=0)
    return _from_gram(errors.T @ errors / len(errors) + 1e-12 * np.eye(errors.shape[1]), strength)


@mistake("stacking_weights")
def sums_instead_of_averaging(predictions, ratings, strength=0.0):
    """You summed the squared errors: the strength then means less the more ratings there are. Divide EᵀE by n."""
    return _from_gram(len(ratings) * _gram(predictions, ratings), strength)


@mistake("stacking_weights")
def forgets_to_divide_by_the_sum(predictions, ratings, strength=0.0):
    """You solved for a vector of ones and stopped: divide by the sum, or the weights do not sum to one."""
    gram = _gram(predictions, ratings)
    return np.linalg.solve(gram + strength * np.eye(len(gram)), np.ones(len(gram)))


@mistake("stacking_weights")
def pulls_towards_the_last_model(predictions, ratings, strength=0.0):
    """You put the last weight as one minus the others and penalised only these: the penalty then favours the last model."""
    rest, last = predictions[:, :-1] - predictions[:, -1:], predictions[:, -1]
    gram = rest.T @ rest / len(ratings) + (strength + 1e-12) * np.eye(rest.shape[1])
    weights = np.linalg.solve(gram, rest.T @ (ratings - last) / len(ratings))
    return np.append(weights, 1 - weights.sum())


@mistake("stacking_weights")
def takes_the_best_model_alone(predictions, ratings, strength=0.0):
    """You gave everything to the model with the least error: a worse one helps where its errors are others."""
    return np.eye(predictions.shape[1])[np.diag(_gram(predictions, ratings)).argmin()]
