"""Named wrong answers of q02."""

import numpy as np

from metarec_lib.workbook import mistake


def _posterior(features, surprise, precision, prior_mean, noise_variance):
    covariance = np.linalg.inv(precision)
    return prior_mean + covariance @ features.T @ surprise / noise_variance, covariance


@mistake("interest_posterior")
def shrinks_to_zero(features, ratings, prior_mean, prior_covariance, noise_variance):
    """Your posterior starts at zero: a new user starts at the prior mean, and ratings move the interest away from there.

    你的后验从零出发：新用户应从先验均值出发，评分再把兴趣从那里移开。
    """
    precision = np.linalg.inv(prior_covariance) + features.T @ features / noise_variance
    return _posterior(features, ratings, precision, np.zeros_like(prior_mean), noise_variance)


@mistake("interest_posterior")
def counts_the_prior_mean_twice(features, ratings, prior_mean, prior_covariance, noise_variance):
    """You added the prior mean but did not take what it predicts from the ratings: the surprise is y − Xm, not y.

    你加上了先验均值，却没有从评分里减去它的预测：残差是 y − Xm，不是 y。
    """
    precision = np.linalg.inv(prior_covariance) + features.T @ features / noise_variance
    return _posterior(features, ratings, precision, prior_mean, noise_variance)


@mistake("interest_posterior")
def forgets_the_noise(features, ratings, prior_mean, prior_covariance, noise_variance):
    """The noise is missing: a rating weighs 1 / s² against the prior, so divide XᵀX and Xᵀ(y − Xm) by s².

    漏了噪声：相对先验，一条评分的权重是 1 / s²，所以 XᵀX 和 Xᵀ(y − Xm) 都要除以 s²。
    """
    precision = np.linalg.inv(prior_covariance) + features.T @ features
    return _posterior(features, ratings - features @ prior_mean, precision, prior_mean, 1.0)


@mistake("interest_posterior")
def takes_the_variance_for_a_standard_deviation(features, ratings, prior_mean, prior_covariance, noise_variance):
    """You squared the noise once more: noise_variance is s² already.

    你又把噪声平方了一次：noise_variance 已经是 s²。
    """
    precision = np.linalg.inv(prior_covariance) + features.T @ features / noise_variance**2
    return _posterior(features, ratings - features @ prior_mean, precision, prior_mean, noise_variance**2)


@mistake("interest_posterior")
def adds_a_covariance_to_a_precision(features, ratings, prior_mean, prior_covariance, noise_variance):
    """You added the prior's covariance to XᵀX / s²: precisions add, so invert C first.

    你把先验协方差加到了 XᵀX / s² 上：能相加的是精度，请先对 C 求逆。
    """
    precision = prior_covariance + features.T @ features / noise_variance
    return _posterior(features, ratings - features @ prior_mean, precision, prior_mean, noise_variance)


@mistake("interest_posterior")
def averages_the_ratings(features, ratings, prior_mean, prior_covariance, noise_variance):
    """You averaged over the K ratings, so twenty say no more than one: the ratings' precisions are summed.

    你对 K 条评分取了平均，于是二十条和一条一样：各条评分的精度应当相加。
    """
    k = max(len(ratings), 1)
    precision = np.linalg.inv(prior_covariance) + features.T @ features / (k * noise_variance)
    return _posterior(features, ratings - features @ prior_mean, precision, prior_mean, k * noise_variance)


@mistake("interest_posterior")
def divides_by_no_ratings(features, ratings, prior_mean, prior_covariance, noise_variance):
    """You divided by K, which is 0 for a new user: sum over the ratings, and the prior comes back by itself.

    你除以了 K，而新用户的 K 是 0：对评分求和即可，先验会自然回来。
    """
    precision = np.linalg.inv(prior_covariance) + features.T @ features / noise_variance
    mean, covariance = _posterior(features, ratings - features @ prior_mean, precision, prior_mean, noise_variance)
    return (mean, covariance) if len(ratings) else (mean * np.nan, covariance * np.nan)


@mistake("interest_posterior")
def returns_the_precision(features, ratings, prior_mean, prior_covariance, noise_variance):
    """Your second result is the precision, which grows with every rating: return its inverse, the covariance.

    你的第二个返回值是精度，评分越多它越大：应返回它的逆，即协方差。
    """
    precision = np.linalg.inv(prior_covariance) + features.T @ features / noise_variance
    mean, _ = _posterior(features, ratings - features @ prior_mean, precision, prior_mean, noise_variance)
    return mean, precision


@mistake("interest_posterior")
def weighs_the_prior_mean_without_the_noise(features, ratings, prior_mean, prior_covariance, noise_variance):
    """Multiply by s² throughout or nowhere: XᵀX + s²C⁻¹ goes with Xᵀy + s²C⁻¹m; you left s² out at the prior mean.

    s² 要么处处乘、要么都不乘：XᵀX + s²C⁻¹ 对应 Xᵀy + s²C⁻¹m；你在先验均值那一项漏了 s²。
    """
    inverse = np.linalg.inv(prior_covariance)
    scaled = np.linalg.inv(features.T @ features + noise_variance * inverse)
    return scaled @ (features.T @ ratings + inverse @ prior_mean), noise_variance * scaled


@mistake("interest_posterior")
def returns_only_the_variances(features, ratings, prior_mean, prior_covariance, noise_variance):
    """You returned D variances: return the whole covariance (D, D); the next rating needs what two interests share.

    你只返回了 D 个方差：应返回完整的协方差 (D, D)；处理下一条评分时要用到兴趣之间的相关。
    """
    precision = np.linalg.inv(prior_covariance) + features.T @ features / noise_variance
    mean, covariance = _posterior(features, ratings - features @ prior_mean, precision, prior_mean, noise_variance)
    return mean, np.diag(covariance)


@mistake("interest_posterior")
def treats_features_as_independent(features, ratings, prior_mean, prior_covariance, noise_variance):
    """You kept only the diagonal: a film with two genres ties their posteriors together, and the prior may do so too.

    你只保留了对角线：同属两个类型的电影会把两个兴趣的后验联系起来，先验也可能如此。
    """
    precision = np.diag(1 / np.diag(prior_covariance) + (features**2).sum(axis=0) / noise_variance)
    return _posterior(features, ratings - features @ prior_mean, precision, prior_mean, noise_variance)


@mistake("interest_posterior")
def adds_the_noise_of_the_next_rating(features, ratings, prior_mean, prior_covariance, noise_variance):
    """You added s² to the covariance: that belongs to the next rating, xᵀSx + s², not to the interest.

    你在协方差里加了 s²：那属于下一条评分，xᵀSx + s²，不属于兴趣本身。
    """
    precision = np.linalg.inv(prior_covariance) + features.T @ features / noise_variance
    mean, covariance = _posterior(features, ratings - features @ prior_mean, precision, prior_mean, noise_variance)
    return mean, covariance + noise_variance * np.eye(len(mean))


@mistake("interest_posterior")
def rounds_down_with_the_prior(features, ratings, prior_mean, prior_covariance, noise_variance):
    """You filled an array made like prior_mean, which may hold integers: fractions are cut off there; make it of floats.

    你按 prior_mean 的类型新建了数组来装结果，而它可能是整数类型，小数会被截断：请用浮点数组。
    """
    precision = np.linalg.inv(prior_covariance) + features.T @ features / noise_variance
    mean, covariance = _posterior(features, ratings - features @ prior_mean, precision, prior_mean, noise_variance)
    filled = np.empty_like(prior_mean)
    filled[:] = mean
    return filled, covariance


@mistake("interest_posterior")
def learns_nothing(features, ratings, prior_mean, prior_covariance, noise_variance):
    """You returned the prior: that is right only for a user without ratings.

    你返回的是先验：只有没有评分的用户才是这样。
    """
    return prior_mean, prior_covariance


@mistake("interest_posterior")
def counts_equal_films_once(features, ratings, prior_mean, prior_covariance, noise_variance):
    """You counted films with the same features once: each is a rating of its own, and two say more than one.

    特征相同的影片你只算了一次：它们是各自独立的评分，两条比一条说明得更多。
    """
    features, first = np.unique(features, axis=0, return_index=True)
    precision = np.linalg.inv(prior_covariance) + features.T @ features / noise_variance
    return _posterior(features, ratings[first] - features @ prior_mean, precision, prior_mean, noise_variance)


@mistake("interest_posterior")
def starts_without_ratings_at_zero(features, ratings, prior_mean, prior_covariance, noise_variance):
    """Without ratings you returned a mean of zero: a new user starts at the prior mean.

    没有评分时你返回了零均值：新用户应从先验均值出发。
    """
    if len(ratings) == 0:
        return np.zeros(len(prior_mean)), prior_covariance
    precision = np.linalg.inv(prior_covariance) + features.T @ features / noise_variance
    return _posterior(features, ratings - features @ prior_mean, precision, prior_mean, noise_variance)


@mistake("interest_posterior")
def returns_the_covariance_first(features, ratings, prior_mean, prior_covariance, noise_variance):
    """You returned (covariance, mean): the mean comes first.

    你返回的是（协方差，均值）：均值在前。
    """
    precision = np.linalg.inv(prior_covariance) + features.T @ features / noise_variance
    return _posterior(features, ratings - features @ prior_mean, precision, prior_mean, noise_variance)[::-1]


def _by_fold(model, features, ratings, fold, rows_for):
    predictions = np.zeros(len(ratings))
    for f in np.unique(fold):
        fit_on, predict = rows_for(fold == f)
        model.fit(features[fit_on], ratings[fit_on])
        predictions[predict] = model.predict(features[predict])
    return predictions


@mistake("out_of_fold_predictions")
def predicts_in_sample(model, features, ratings, users, fold_of_user):
    """You fitted on all ratings and predicted the same ones: a combiner trained on these trusts whoever memorises best.

    你用全部评分拟合，又预测同一批评分：拿它训练出的融合模型会偏信最会死记硬背的模型。
    """
    model.fit(features, ratings)
    return model.predict(features)


@mistake("out_of_fold_predictions")
def fits_on_the_fold_it_predicts(model, features, ratings, users, fold_of_user):
    """You fitted on the fold that you predict: fit on all the others.

    你用要预测的那一折来拟合：应当用其余各折。
    """
    return _by_fold(model, features, ratings, fold_of_user[users], lambda held: (held, held))


@mistake("out_of_fold_predictions")
def swaps_the_parts(model, features, ratings, users, fold_of_user):
    """You fitted on one fold and predicted the others: it is the other way round, and each rating is predicted once.

    你用一折拟合、预测其余各折：正好反了，而且每条评分只应被预测一次。
    """
    return _by_fold(model, features, ratings, fold_of_user[users], lambda held: (held, ~held))


@mistake("out_of_fold_predictions")
def makes_folds_of_ratings(model, features, ratings, users, fold_of_user):
    """You dealt ratings into folds, not users: the model then knows the users whom it predicts, but never a new one.

    你按评分而不是按用户分折：这样模型认识它要预测的用户，而线上来的却是没见过的新用户。
    """
    fold = np.arange(len(ratings)) % len(np.unique(fold_of_user))
    return _by_fold(model, features, ratings, fold, lambda held: (~held, held))


@mistake("out_of_fold_predictions")
def takes_the_folds_of_users_for_those_of_ratings(model, features, ratings, users, fold_of_user):
    """fold_of_user has one number a user, not a rating: the fold of each rating is fold_of_user[users].

    fold_of_user 是每个用户一个数，不是每条评分一个数：评分所属的折是 fold_of_user[users]。
    """
    return _by_fold(model, features, ratings, fold_of_user, lambda held: (~held, held))


@mistake("out_of_fold_predictions")
def numbers_the_users_anew(model, features, ratings, users, fold_of_user):
    """You numbered the users that occur anew: where one has no ratings, all later ones get the fold of another user.

    你给出现过的用户重新编了号：只要有一个用户没有评分，后面的用户就都用了别人的折。
    """
    fold = fold_of_user[np.unique(users, return_inverse=True)[1]]
    return _by_fold(model, features, ratings, fold, lambda held: (~held, held))


@mistake("out_of_fold_predictions")
def leaves_the_model_out(model, features, ratings, users, fold_of_user):
    """You predicted the mean of the other folds: fit the model that was handed in on them, and ask it.

    你直接用其他折的均值作预测：应当用这些折拟合传入的模型，再由它来预测。
    """
    fold, predictions = fold_of_user[users], np.zeros(len(ratings))
    for f in np.unique(fold):
        predictions[fold == f] = ratings[fold != f].mean()
    return predictions


@mistake("out_of_fold_predictions")
def scales_the_features_over_all_rows(model, features, ratings, users, fold_of_user):
    """You scaled the features, with the rows that are predicted among them: hand them to the model as they are.

    你用包含待预测行在内的全部数据对特征做了标准化：请把特征原样交给模型。
    """
    spread = features.std(axis=0)
    features = (features - features.mean(axis=0)) / np.where(spread == 0, 1, spread)
    return _by_fold(model, features, ratings, fold_of_user[users], lambda held: (~held, held))


@mistake("out_of_fold_predictions")
def returns_fold_after_fold(model, features, ratings, users, fold_of_user):
    """Your predictions stand fold after fold: write each into the place of its rating, predictions[held] = …

    你的预测按折的先后排在一起：应写回各条评分自己的位置，predictions[held] = …
    """
    fold, parts = fold_of_user[users], []
    for f in np.unique(fold):
        model.fit(features[fold != f], ratings[fold != f])
        parts.append(model.predict(features[fold == f]))
    return np.concatenate(parts)


@mistake("out_of_fold_predictions")
def fits_only_once(model, features, ratings, users, fold_of_user):
    """You fitted once, outside the loop: that model has seen the ratings of every fold but one.

    你只在循环外拟合了一次：除了一折之外，它见过所有折的评分。
    """
    fold = fold_of_user[users]
    first = fold == fold.min()
    model.fit(features[~first], ratings[~first])
    return model.predict(features)


@mistake("out_of_fold_predictions")
def counts_folds_from_zero(model, features, ratings, users, fold_of_user):
    """You looped over 0, 1, 2 …: folds are labels, so loop over np.unique(fold); the others are never predicted.

    你按 0、1、2……循环：折号只是标签，应遍历 np.unique(fold)，否则有的折永远不会被预测。
    """
    fold, predictions = fold_of_user[users], np.zeros(len(ratings))
    for f in range(len(np.unique(fold))):
        held = fold == f
        if held.any():
            predictions[held] = model.fit(features[~held], ratings[~held]).predict(features[held])
    return predictions


@mistake("out_of_fold_predictions")
def cuts_to_whole_stars(model, features, ratings, users, fold_of_user):
    """Your predictions are whole numbers: the array that you fill is of integers (as `users` is); make it of floats.

    你的预测都是整数：你填的是整数数组（像 `users` 那样）；请用浮点数组。
    """
    return _by_fold(model, features, ratings, fold_of_user[users], lambda held: (~held, held)).astype(int)


@mistake("out_of_fold_predictions")
def takes_each_user_for_a_fold(model, features, ratings, users, fold_of_user):
    """You left out one user at a time: a whole fold goes, all users whose fold_of_user is the same.

    你每次只留出一个用户：应留出整折，即 fold_of_user 相同的所有用户。
    """
    return _by_fold(model, features, ratings, users, lambda held: (~held, held))


@mistake("out_of_fold_predictions")
def fills_an_array_like_the_ratings(model, features, ratings, users, fold_of_user):
    """You filled an array made like `ratings`: where the stars are integers it cuts fractions off; np.empty(len(ratings)).

    你按 `ratings` 的类型新建了数组来装预测，评分是整数时小数会被截断：请用 np.empty(len(ratings))。
    """
    filled = np.zeros_like(ratings)
    filled[:] = _by_fold(model, features, ratings, fold_of_user[users], lambda held: (~held, held))
    return filled


@mistake("out_of_fold_predictions")
def counts_folds_up_to_the_largest(model, features, ratings, users, fold_of_user):
    """You looped up to the largest label: labels may be negative, and not all occur, so loop over np.unique(fold).

    你从 0 循环到最大的标签：标签可能为负，也不一定都出现，应遍历 np.unique(fold)。
    """
    fold, predictions = fold_of_user[users], np.zeros(len(ratings))
    for f in range(fold.max() + 1):
        held = fold == f
        if held.any():
            predictions[held] = model.fit(features[~held], ratings[~held]).predict(features[held])
    return predictions


@mistake("out_of_fold_predictions")
def asks_for_folds_without_ratings(model, features, ratings, users, fold_of_user):
    """You looped over the folds of all users; one may have no ratings, and nothing can be predicted: np.unique(fold).

    你遍历了所有用户的折；有的折可能没有评分，也就无从预测：应遍历 np.unique(fold)。
    """
    fold, predictions = fold_of_user[users], np.zeros(len(ratings))
    for f in np.unique(fold_of_user):
        held = fold == f
        predictions[held] = model.fit(features[~held], ratings[~held]).predict(features[held])
    return predictions


def _gram(predictions, ratings):
    errors = predictions - ratings[:, None]
    return errors.T @ errors / len(errors)


def _from_gram(gram, strength):
    weights = np.linalg.solve(gram + strength * np.eye(len(gram)), np.ones(len(gram)))
    return weights / weights.sum()


@mistake("stacking_weights")
def lets_the_sum_free(predictions, ratings, strength=0.0):
    """Your weights need not sum to one: that is ridge regression, which under a strong penalty predicts no stars at all.

    你的权重之和不必为 1：那是岭回归，惩罚很强时它会把预测压到零星。
    """
    gram = predictions.T @ predictions / len(ratings)
    return np.linalg.lstsq(gram + strength * np.eye(len(gram)), predictions.T @ ratings / len(ratings), rcond=None)[0]


@mistake("stacking_weights")
def divides_by_the_sum_afterwards(predictions, ratings, strength=0.0):
    """You solved without the condition and divided by the sum afterwards: that is not the least error under Σ a = 1.

    你先不带约束求解，再除以权重之和：那不是 Σ a = 1 下误差最小的解。
    """
    weights = lets_the_sum_free(predictions, ratings, strength)
    return weights / weights.sum()


@mistake("stacking_weights")
def ignores_what_models_get_wrong_together(predictions, ratings, strength=0.0):
    """You weighted by one over the mean square alone: errors that two models share cannot cancel, so EᵀE is needed whole.

    你只按均方误差的倒数加权：两个模型共同犯的错无法抵消，所以要用完整的 EᵀE。
    """
    return _from_gram(np.diag(np.diag(_gram(predictions, ratings))) + 1e-12 * np.eye(predictions.shape[1]), strength)


@mistake("stacking_weights")
def cuts_negative_weights_off(predictions, ratings, strength=0.0):
    """You set negative weights to zero and divided again: the docstring allows them, and cutting is not the least error.

    你把负权重置零再归一化：题目允许负权重，截断之后误差不再最小。
    """
    weights = np.maximum(_from_gram(_gram(predictions, ratings), strength), 0)
    return weights / weights.sum()


@mistake("stacking_weights")
def takes_the_mean_errors_away(predictions, ratings, strength=0.0):
    """You took each model's mean error away first: a model that is off by half a star must pay for it, so do not centre.

    你先减去了各模型的平均误差：整体偏了半星的模型应当为此付出代价，请不要中心化。
    """
    errors = predictions - ratings[:, None]
    errors = errors - errors.mean(axis=0)
    return _from_gram(errors.T @ errors / len(errors) + 1e-12 * np.eye(errors.shape[1]), strength)


@mistake("stacking_weights")
def sums_instead_of_averaging(predictions, ratings, strength=0.0):
    """You summed the squared errors: the strength then means less the more ratings there are. Divide EᵀE by n.

    你对平方误差求了和：评分越多，strength 就越不起作用。请把 EᵀE 除以 n。
    """
    return _from_gram(len(ratings) * _gram(predictions, ratings), strength)


@mistake("stacking_weights")
def forgets_to_divide_by_the_sum(predictions, ratings, strength=0.0):
    """You solved for a vector of ones and stopped: divide by the sum, or the weights do not sum to one.

    你对全 1 向量解完方程就停了：还要除以解的和，权重之和才是 1。
    """
    gram = _gram(predictions, ratings)
    return np.linalg.solve(gram + strength * np.eye(len(gram)), np.ones(len(gram)))


@mistake("stacking_weights")
def pulls_towards_the_last_model(predictions, ratings, strength=0.0):
    """You put the last weight as one minus the others and penalised only these: the penalty then favours the last model.

    你把最后一个权重写成 1 减其余，只惩罚了其余的：惩罚就会偏向最后一个模型。
    """
    rest, last = predictions[:, :-1] - predictions[:, -1:], predictions[:, -1]
    gram = rest.T @ rest / len(ratings) + (strength + 1e-12) * np.eye(rest.shape[1])
    weights = np.linalg.solve(gram, rest.T @ (ratings - last) / len(ratings))
    return np.append(weights, 1 - weights.sum())


@mistake("stacking_weights")
def takes_the_best_model_alone(predictions, ratings, strength=0.0):
    """You gave everything to the model with the least error: a worse one helps where its errors are others.

    你把权重全给了误差最小的模型：差一些的模型只要错得不一样，也有帮助。
    """
    return np.eye(predictions.shape[1])[np.diag(_gram(predictions, ratings)).argmin()]


@mistake("stacking_weights")
def gives_all_models_the_same(predictions, ratings, strength=0.0):
    """You gave all models the same weight: only an endless penalty does that.

    你给所有模型相同的权重：只有惩罚无穷大时才会这样。
    """
    return np.full(predictions.shape[1], 1 / predictions.shape[1])


@mistake("stacking_weights")
def ignores_the_strength(predictions, ratings, strength=0.0):
    """You did not use the strength: add strength · I to EᵀE / n.

    你没有用到 strength：应把 strength · I 加到 EᵀE / n 上。
    """
    weights = np.linalg.pinv(_gram(predictions, ratings)) @ np.ones(predictions.shape[1])
    return weights / weights.sum()


@mistake("stacking_weights")
def fills_an_array_of_whole_numbers(predictions, ratings, strength=0.0):
    """You filled an array made like the predictions, which may hold integers: fractions are cut off there.

    你按 predictions 的类型新建了数组来装权重，而它可能是整数类型，小数会被截断。
    """
    filled = np.zeros_like(predictions[0])
    filled[:] = _from_gram(_gram(predictions, ratings), strength)
    return filled
