"""Named wrong answers of q29."""

import torch

from metarec_lib.workbook import mistake


def _weights(X, y, strength):
    system = X.T @ X + strength * torch.eye(X.shape[1], dtype=X.dtype)
    return system, torch.linalg.solve(system, X.T @ y)


def _gradient(X, y, Xv, yv, log_strength, factor=None, reduce=torch.mean, error=None):
    strength = torch.exp(torch.as_tensor(log_strength, dtype=X.dtype))
    system, w = _weights(X, y, strength)
    dw = (-strength if factor is None else factor) * torch.linalg.solve(system, w)
    off = Xv @ w - yv if error is None else error(w)
    return reduce(2 * off * (Xv @ dw))


@mistake("hypergradient")
def by_the_strength_itself(X, y, Xv, yv, log_strength):
    """You differentiated by λ; asked is log λ, and dλ / d log λ = λ.

    你对 λ 求了导；要的是对 log λ，dλ / d log λ = λ。
    """
    return _gradient(X, y, Xv, yv, log_strength, factor=-1.0)


@mistake("hypergradient")
def wrong_sign(X, y, Xv, yv, log_strength):
    """The weights shrink as the strength grows: dw has a minus.

    强度变大时权重缩小：dw 带负号。
    """
    return -_gradient(X, y, Xv, yv, log_strength)


@mistake("hypergradient")
def sums_the_rows(X, y, Xv, yv, log_strength):
    """The validation error is a mean over the rows; you summed.

    验证误差是各行的平均；你求了和。
    """
    return _gradient(X, y, Xv, yv, log_strength, reduce=torch.sum)


@mistake("hypergradient")
def at_fixed_weights(X, y, Xv, yv, log_strength):
    """With the weights held fixed the validation error does not depend on λ: it depends on λ through the weights.

    固定权重时，验证误差与 λ 无关：λ 是通过权重起作用的。
    """
    return torch.zeros((), dtype=X.dtype)


@mistake("hypergradient")
def of_the_penalised_loss(X, y, Xv, yv, log_strength):
    """You differentiated the penalty λ‖w‖²; asked is how the validation error changes.

    你对惩罚项 λ‖w‖² 求了导；要的是验证误差的变化。
    """
    strength = torch.exp(torch.as_tensor(log_strength, dtype=X.dtype))
    return strength * (_weights(X, y, strength)[1] ** 2).sum()


@mistake("hypergradient")
def takes_the_log_as_the_strength(X, y, Xv, yv, log_strength):
    """λ = exp(log_strength); you used the log itself as the strength.

    λ = exp(log_strength)；你把对数本身当成了强度。
    """
    strength = torch.as_tensor(abs(log_strength) + 1e-3, dtype=X.dtype)
    system, w = _weights(X, y, strength)
    return (2 * (Xv @ w - yv) * (Xv @ (-strength * torch.linalg.solve(system, w)))).mean()


@mistake("hypergradient")
def averages_the_training_rows(X, y, Xv, yv, log_strength):
    """The training loss is a sum of squares; you divided XᵀX and Xᵀy by the number of rows.

    训练损失是平方和；你把 XᵀX 和 Xᵀy 除以了行数。
    """
    n = len(X) ** 0.5
    return _gradient(X / n, y / n, Xv, yv, log_strength)


@mistake("hypergradient")
def inverts_without_the_strength(X, y, Xv, yv, log_strength):
    """dw solves with the same matrix as w, XᵀX + λI; you left λI out.

    求 dw 用的矩阵与求 w 的相同，是 XᵀX + λI；你漏了 λI。
    """
    strength = torch.exp(torch.as_tensor(log_strength, dtype=X.dtype))
    w = _weights(X, y, strength)[1]
    return (2 * (Xv @ w - yv) * (Xv @ (-strength * torch.linalg.pinv(X.T @ X) @ w))).mean()


def _pruned(earlier, current, warm_up, least, middle=None, last=None, rung=None):
    rung = len(current) - 1 if rung is None else rung
    reached = earlier[:, rung][~torch.isnan(earlier[:, rung])].double()
    if len(current) <= warm_up or len(reached) < max(least, 1):
        return False
    return bool((current[-1] if last is None else last) > (middle or (lambda x: torch.quantile(x, 0.5)))(reached))


@mistake("prune_decision")
def takes_the_lower_middle(earlier, current, warm_up, least):
    """torch.median takes the lower of two middle values; the median is their mean.

    torch.median 在中间有两个数时取较小的；中位数应取两者的平均。
    """
    return _pruned(earlier, current, warm_up, least, middle=torch.median)


@mistake("prune_decision")
def compares_with_the_mean(earlier, current, warm_up, least):
    """You compared with the mean; one trial that diverged would then let everything through. Take the median.

    你比的是均值；只要有一次试验发散，就什么都停不掉了。要用中位数。
    """
    return _pruned(earlier, current, warm_up, least, middle=torch.mean)


@mistake("prune_decision")
def prunes_the_better_half(earlier, current, warm_up, least):
    """Lower losses are better; you stopped the trial below the median.

    损失越低越好；你停掉的是低于中位数的试验。
    """
    rung = len(current) - 1
    reached = earlier[:, rung][~torch.isnan(earlier[:, rung])].double()
    if len(current) <= warm_up or len(reached) < max(least, 1):
        return False
    return bool(current[-1] < torch.quantile(reached, 0.5))


@mistake("prune_decision")
def compares_at_the_last_rung(earlier, current, warm_up, least):
    """Compare at the rung that the trial has reached; you took the earlier trials' last rung.

    要在本次试验走到的那一轮比；你用的是早先试验的最后一轮。
    """
    return _pruned(earlier, current, warm_up, least, rung=earlier.shape[1] - 1)


@mistake("prune_decision")
def looks_at_the_first_loss(earlier, current, warm_up, least):
    """The last loss of `current` counts; you took the first.

    要看 `current` 的最后一个损失；你取了第一个。
    """
    return _pruned(earlier, current, warm_up, least, last=current[0])


@mistake("prune_decision")
def takes_the_best_so_far(earlier, current, warm_up, least):
    """The last loss of `current` counts; you took its lowest so far, as some pruners do.

    要看 `current` 的最后一个损失；你取了目前最低的，有些剪枝器是那样做的。
    """
    return _pruned(earlier, current, warm_up, least, last=current.min())


@mistake("prune_decision")
def takes_the_mean_so_far(earlier, current, warm_up, least):
    """The last loss of `current` counts; you took the mean of its losses.

    要看 `current` 的最后一个损失；你取了各轮的平均。
    """
    return _pruned(earlier, current, warm_up, least, last=current.double().mean())


@mistake("prune_decision")
def warm_up_is_one_short(earlier, current, warm_up, least):
    """With `warm_up` rungs reached nothing is cut yet: the first rung that may be cut is warm_up + 1.

    走到第 `warm_up` 轮还不能停：最早可以停的是第 warm_up + 1 轮。
    """
    return _pruned(earlier, current, warm_up - 1, least)


@mistake("prune_decision")
def keeps_the_stopped(earlier, current, warm_up, least):
    """A trial that was stopped has NaN: the median is then NaN and nothing is above it. Leave it out.

    被停掉的试验是 NaN：中位数随之变成 NaN，没有数大于它。应先去掉。
    """
    rung = len(current) - 1
    if len(current) <= warm_up or len(earlier) < max(least, 1):
        return False
    return bool(current[-1] > torch.quantile(earlier[:, rung].double(), 0.5))


@mistake("prune_decision")
def stops_at_equality(earlier, current, warm_up, least):
    """A loss equal to the median goes on; stop only above it.

    等于中位数时继续跑，高于它才停。
    """
    rung = len(current) - 1
    reached = earlier[:, rung][~torch.isnan(earlier[:, rung])].double()
    if len(current) <= warm_up or len(reached) < max(least, 1):
        return False
    return bool(current[-1] >= torch.quantile(reached, 0.5))


@mistake("prune_decision")
def no_warm_up(earlier, current, warm_up, least):
    """The first `warm_up` rungs are never cut; you ignored it.

    前 `warm_up` 轮不停；你没有理会它。
    """
    return _pruned(earlier, current, 0, least)


@mistake("prune_decision")
def however_few(earlier, current, warm_up, least):
    """With fewer than `least` earlier trials at this rung nothing is stopped; you ignored it.

    到达这一轮的早先试验少于 `least` 个时不停；你没有理会它。
    """
    return _pruned(earlier, current, warm_up, 1)


@mistake("prune_decision")
def fails_without_earlier_trials(earlier, current, warm_up, least):
    """Without an earlier trial at this rung there is no median: answer False.

    这一轮还没有早先试验时没有中位数：应返回 False。
    """
    rung = len(current) - 1
    reached = earlier[:, rung][~torch.isnan(earlier[:, rung])]
    if len(current) <= warm_up or 0 < len(reached) < least:
        return False
    return bool(current[-1] > sorted(reached.tolist())[len(reached) // 2])


def _optimism(validation, test, centred=True, by_test=False, sign=1, last=False):
    gap = sign * (test - validation)
    judge = test.expand_as(validation) if by_test else validation
    winner = judge.argmin(1, keepdim=True)
    if last:
        winner = judge.shape[1] - 1 - judge.flip(1).argmin(1, keepdim=True)
    return gap.gather(1, winner).squeeze(1) - (gap.mean(1) if centred else 0)


@mistake("winners_optimism")
def forgets_the_mean(validation, test):
    """Test users may simply be harder: subtract the mean of test − validation over all configurations.

    测试用户可能本来就更难：要减去全部配置“测试 − 验证”的平均。
    """
    return _optimism(validation, test, centred=False)


@mistake("winners_optimism")
def the_test_chooses(validation, test):
    """You chose the winner by the test; then it is the test that is too good. The validation users choose.

    你用测试集选了赢家，那么好过头的就成了测试集。应由验证用户来选。
    """
    return _optimism(validation, test, by_test=True)


@mistake("winners_optimism")
def validation_minus_test(validation, test):
    """Optimism is test − validation of a loss: positive where the promise was too good.

    损失的乐观量是“测试 − 验证”：承诺过好时为正。
    """
    return _optimism(validation, test, sign=-1)


@mistake("winners_optimism")
def last_of_equals(validation, test):
    """Of equal validation losses the first wins; you took the last.

    验证损失相同时取前面的；你取了最后一个。
    """
    return _optimism(validation, test, last=True)


@mistake("winners_optimism")
def best_test_minus_best_validation(validation, test):
    """You compared the lowest test loss with the lowest validation loss; both must belong to the same configuration.

    你拿最低的测试损失减最低的验证损失；两者必须是同一个配置的。
    """
    return test.expand_as(validation).amin(1) - validation.amin(1) - (test - validation).mean(1)


@mistake("winners_optimism")
def one_mean_for_all_groups(validation, test):
    """Each group of validation users has its own mean gap; you took one over all groups.

    每组验证用户有自己的平均差；你对所有组取了同一个。
    """
    gap = test - validation
    return gap.gather(1, validation.argmin(1, keepdim=True)).squeeze(1) - gap.mean()
