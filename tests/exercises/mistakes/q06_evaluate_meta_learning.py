"""Named wrong answers of q06."""

import numpy as np

from metarec_lib.workbook import mistake


def _ndcg(ranked, best, k):
    discount = 1 / np.log2(np.arange(len(ranked)) + 2)
    discount[k:] = 0
    ideal = best @ discount
    return float(ranked @ discount / ideal) if ideal > 0 else float("nan")


def _averaged(scores, gains):
    order = np.argsort(-scores, kind="stable")
    _, group = np.unique(-scores[order], return_inverse=True)
    return (np.bincount(group, gains[order]) / np.bincount(group))[group]


@mistake("ndcg_at_k")
def takes_ties_in_list_order(scores, gains, k):
    """Tied items keep the order of the list, so the order of your file decides: give each the mean gain of its tie group.

    同分物品保持了列表顺序，于是由文件的顺序决定结果：应让每个物品取同分组的平均增益。
    """
    return _ndcg(gains[np.argsort(-scores, kind="stable")], np.sort(gains)[::-1], k)


@mistake("ndcg_at_k")
def takes_ties_in_reverse_list_order(scores, gains, k):
    """argsort(...)[::-1] turns tied items round too; give each the mean gain of its tie group instead.

    argsort(...)[::-1] 会把同分物品的次序也颠倒；应让每个物品取同分组的平均增益。
    """
    return _ndcg(gains[np.argsort(scores, kind="stable")[::-1]], np.sort(gains)[::-1], k)


@mistake("ndcg_at_k")
def forgets_that_places_start_at_one(scores, gains, k):
    """The discount of place p is log2(p + 1) with p from 1: your second place is divided by log2(2) = 1, like the first.

    第 p 位的折扣是 log2(p + 1)，p 从 1 开始：你的第二位除以了 log2(2) = 1，和第一位一样。
    """
    discount = 1 / np.log2(np.maximum(np.arange(len(scores)) + 1, 2))
    discount[k:] = 0
    ideal = np.sort(gains)[::-1] @ discount
    return float(_averaged(scores, gains) @ discount / ideal) if ideal > 0 else float("nan")


@mistake("ndcg_at_k")
def discounts_one_place_too_far(scores, gains, k):
    """Place p, counted from 1, is discounted by log2(p + 1), so the first counts fully; yours starts one place later.

    第 p 位（从 1 开始）的折扣是 log2(p + 1)，第一位不打折；你的折扣晚了一位。
    """
    discount = 1 / np.log2(np.arange(len(scores)) + 3)
    discount[k:] = 0
    ideal = np.sort(gains)[::-1] @ (1 / np.log2(np.arange(len(scores)) + 2) * (np.arange(len(scores)) < k))
    return float(_averaged(scores, gains) @ discount / ideal) if ideal > 0 else float("nan")


@mistake("ndcg_at_k")
def ranks_the_lowest_score_first(scores, gains, k):
    """You ranked the lowest score first; the highest score is the model's best guess.

    你把分数最低的排在了前面；分数最高的才是模型最看好的。
    """
    return _ndcg(_averaged(-scores, gains), np.sort(gains)[::-1], k)


@mistake("ndcg_at_k")
def drops_the_users_it_fails_on(scores, gains, k):
    """Nothing good among the first k is a 0, not NaN: NaN drops just the users the model fails on.

    前 k 位里没有好物品时应为 0，不是 NaN：NaN 会恰好剔除模型做得最差的用户。
    """
    value = _ndcg(_averaged(scores, gains), np.sort(gains)[::-1], k)
    return value if value > 0 else float("nan")


@mistake("ndcg_at_k")
def takes_the_ideal_from_the_list_shown(scores, gains, k):
    """Your ideal list re-orders only the k items that were shown: a model that misses the best item must pay for it.

    你的理想列表只重排了展示出来的 k 个物品：漏掉了最好的物品，模型应当为此失分。
    """
    shown = np.argsort(-scores, kind="stable")[:k]
    best = np.zeros(len(scores))
    best[: len(shown)] = np.sort(gains[shown])[::-1]
    return _ndcg(_averaged(scores, gains), best, k)


@mistake("ndcg_at_k")
def cuts_before_averaging(scores, gains, k):
    """You cut at k and then averaged the ties: items of the same score beyond the cut belong to the average too.

    你先在 k 处截断，再对同分取平均：截断之外的同分物品也应参与平均。
    """
    order = np.argsort(-scores, kind="stable")[:k]
    ranked = np.zeros(len(scores))
    ranked[: len(order)] = _averaged(scores[order], gains[order])
    return _ndcg(ranked, np.sort(gains)[::-1], k)


@mistake("ndcg_at_k")
def scores_zero_where_nothing_is_good(scores, gains, k):
    """A user without a good item says nothing about the model: return NaN and leave the user out, do not count 0.

    没有好物品的用户说明不了模型的好坏：应返回 NaN 并剔除该用户，而不是记 0。
    """
    value = _ndcg(_averaged(scores, gains), np.sort(gains)[::-1], k)
    return 0.0 if np.isnan(value) else value


@mistake("ndcg_at_k")
def averages_ties_in_whole_numbers(scores, gains, k):
    """You wrote the mean of a tie group into an array made like the gains: where these are integers its fraction is lost.

    你按 gains 的类型新建了数组来装同分组的均值，gains 是整数时小数会被截断。
    """
    averaged = np.empty_like(gains)
    averaged[:] = _averaged(scores, gains)
    return _ndcg(averaged, np.sort(gains)[::-1], k)


@mistake("ndcg_at_k")
def ignores_the_cut(scores, gains, k):
    """You counted the whole list: only the first k places count, in the ideal list too.

    你把整个列表都算进去了：只有前 k 位计入，理想列表也一样。
    """
    return _ndcg(_averaged(scores, gains), np.sort(gains)[::-1], len(scores))


@mistake("ndcg_at_k")
def rounds_the_gains(scores, gains, k):
    """You made whole numbers of the gains: they may be fractions, such as a share of a video watched.

    你把增益取整了：增益可能是小数，例如视频的完播比例。
    """
    gains = gains.astype(int)
    return _ndcg(_averaged(scores, gains), np.sort(gains)[::-1], k)


@mistake("paired_bootstrap")
def subtracts_the_wrong_way_round(a, b, indices):
    """The difference is a − b; yours is b − a.

    差值应是 a − b；你算的是 b − a。
    """
    difference = b - a
    low, high = np.quantile(difference[indices].mean(axis=1), [0.025, 0.975])
    return float(difference.mean()), float(low), float(high)


@mistake("paired_bootstrap")
def takes_a_ninety_percent_interval(a, b, indices):
    """You cut off 5 % on each side, which is a 90 % interval: 95 % leaves 2.5 % on each side.

    你两端各去掉了 5%，那是 90% 区间：95% 区间两端各留 2.5%。
    """
    difference = a - b
    low, high = np.quantile(difference[indices].mean(axis=1), [0.05, 0.95])
    return float(difference.mean()), float(low), float(high)


@mistake("paired_bootstrap")
def resamples_the_models_apart(a, b, indices):
    """You resampled a and b apart (b by other rows), so what users have in common no longer cancels: pair first.

    你把 a 和 b 分开重采样（b 用了别的行），用户共有的部分就抵消不掉了：应先配对。
    """
    means = a[indices].mean(axis=1) - b[indices[::-1]].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float((a - b).mean()), float(low), float(high)


@mistake("paired_bootstrap")
def swaps_low_and_high(a, b, indices):
    """Your interval is upside down: return (mean, low, high), the lower end before the upper one.

    你的区间上下颠倒了：应返回（均值, 下限, 上限）。
    """
    difference = a - b
    low, high = np.quantile(difference[indices].mean(axis=1), [0.025, 0.975])
    return float(difference.mean()), float(high), float(low)


@mistake("paired_bootstrap")
def takes_two_standard_deviations(a, b, indices):
    """You took mean ± 1.96 standard deviations of the resampled means; asked are their 2.5 % and 97.5 % quantiles.

    你用的是均值 ± 1.96 倍重采样均值的标准差；要的是 2.5% 和 97.5% 分位数。
    """
    difference = a - b
    half = 1.96 * difference[indices].mean(axis=1).std()
    return float(difference.mean()), float(difference.mean() - half), float(difference.mean() + half)


@mistake("paired_bootstrap")
def returns_the_mean_of_the_resamples(a, b, indices):
    """The estimate is the mean of the observed differences; the resamples are only there for the interval.

    估计值是实际差值的均值；重采样只用来算区间。
    """
    means = (a - b)[indices].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(means.mean()), float(low), float(high)


@mistake("paired_bootstrap")
def takes_quantiles_of_single_users(a, b, indices):
    """Your interval holds 95 % of the users, not of the means: average each resample first, then take quantiles.

    你的区间覆盖的是 95% 的用户，而不是均值：应先对每次重采样取均值，再取分位数。
    """
    difference = a - b
    low, high = np.quantile(difference[indices], [0.025, 0.975])
    return float(difference.mean()), float(low), float(high)


@mistake("paired_bootstrap")
def draws_its_own_resamples(a, b, indices):
    """You drew resamples of your own: they are given, one in each row of `indices`, so that two runs agree.

    你自己又采样了一遍：重采样已经给在 `indices` 的各行里，这样两次运行才一致。
    """
    difference, rng = a - b, np.random.default_rng(0)
    low, high = np.quantile(difference[rng.integers(0, len(a), indices.shape)].mean(axis=1), [0.025, 0.975])
    return float(difference.mean()), float(low), float(high)


@mistake("paired_bootstrap")
def gives_no_interval(a, b, indices):
    """Your interval has no width: the resamples in `indices` say how far the mean could have fallen.

    你的区间没有宽度：`indices` 里的重采样说明均值可能落在多大的范围。
    """
    mean = float((a - b).mean())
    return mean, mean, mean


@mistake("paired_bootstrap")
def averages_in_whole_numbers(a, b, indices):
    """You wrote the means into an array made like `a`: where its values are integers the fractions are lost.

    你按 `a` 的类型新建了数组来装均值，`a` 是整数时小数会被截断。
    """
    means = np.empty(len(indices), dtype=a.dtype)
    means[:] = (a - b)[indices].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float((a - b).mean()), float(low), float(high)


@mistake("paired_bootstrap")
def averages_over_the_resamples(a, b, indices):
    """You averaged over the resamples (axis 0): a resample is a row, so average over axis 1.

    你沿重采样的方向（axis 0）取了平均：一行是一次重采样，应沿 axis 1 取平均。
    """
    difference = a - b
    low, high = np.quantile(difference[indices].mean(axis=0), [0.025, 0.975])
    return float(difference.mean()), float(low), float(high)


def _places(users):
    order = np.argsort(users, kind="stable")
    place = np.empty(len(users), dtype=int)
    place[order] = np.arange(len(users)) - np.searchsorted(users[order], users[order])
    return place


@mistake("user_split_without_leakage")
def trains_on_the_support(users, test_users, k):
    """The support of test users is in your training part: they are no longer new users. Adapt on it, never train on it.

    测试用户的支持集进了训练，他们就不再是新用户：支持集只能用来适应，不能用来训练。
    """
    is_test, place = np.isin(users, test_users), _places(users)
    return ~is_test | (place < k), is_test & (place < k), is_test & (place >= k)


@mistake("user_split_without_leakage")
def trains_on_everything(users, test_users, k):
    """The query ratings of test users are in your training part: the item means already know the answers.

    测试用户的查询集评分进了训练：物品均值已经知道答案了。
    """
    is_test, place = np.isin(users, test_users), _places(users)
    return np.ones(len(users), dtype=bool), is_test & (place < k), is_test & (place >= k)


@mistake("user_split_without_leakage")
def counts_k_over_the_whole_list(users, test_users, k):
    """You took the first k test ratings of the whole list: every test user needs k of their own.

    你取的是整个列表里前 k 条测试评分：每个测试用户都应各有 k 条。
    """
    is_test = np.isin(users, test_users)
    support = is_test & (np.cumsum(is_test) <= k)
    return ~is_test, support, is_test & ~support


@mistake("user_split_without_leakage")
def takes_the_last_k(users, test_users, k):
    """You took the last k ratings of each test user as support; the first k come first in time, too.

    你把每个测试用户的最后 k 条当作支持集；应取前 k 条，它们在时间上也在前。
    """
    is_test, place = np.isin(users, test_users), _places(users[::-1])[::-1]
    return ~is_test, is_test & (place < k), is_test & (place >= k)


@mistake("user_split_without_leakage")
def takes_one_rating_too_many(users, test_users, k):
    """Your support has k + 1 ratings: places count from 0, so the first k have a place below k.

    你的支持集有 k + 1 条：位次从 0 开始，前 k 条的位次都小于 k。
    """
    is_test, place = np.isin(users, test_users), _places(users)
    return ~is_test, is_test & (place <= k), is_test & (place > k)


@mistake("user_split_without_leakage")
def swaps_support_and_query(users, test_users, k):
    """You swapped support and query: return (train, support, query), the first k ratings are the support.

    你把支持集和查询集弄反了：应返回（训练, 支持集, 查询集），前 k 条是支持集。
    """
    is_test, place = np.isin(users, test_users), _places(users)
    return ~is_test, is_test & (place >= k), is_test & (place < k)


@mistake("user_split_without_leakage")
def loses_the_order_of_the_list(users, test_users, k):
    """You sorted by user with an unstable sort, which shuffles a user's ratings: argsort(kind="stable") keeps the order.

    你按用户排序时用了不稳定排序，打乱了同一用户评分的次序：argsort(kind="stable") 才保持次序。
    """
    is_test, order = np.isin(users, test_users), np.argsort(users, kind="quicksort")
    place = np.empty(len(users), dtype=int)
    place[order] = np.arange(len(users)) - np.searchsorted(users[order], users[order])
    return ~is_test, is_test & (place < k), is_test & (place >= k)


@mistake("user_split_without_leakage")
def needs_sorted_test_users(users, test_users, k):
    """You looked users up in test_users as if these were sorted: np.isin takes them in any order.

    你查找用户时把 test_users 当成有序的：np.isin 不要求顺序。
    """
    at = np.searchsorted(test_users, users).clip(max=len(test_users) - 1)
    is_test, place = test_users[at] == users, _places(users)
    return ~is_test, is_test & (place < k), is_test & (place >= k)


@mistake("user_split_without_leakage")
def needs_a_rating_of_every_test_user(users, test_users, k):
    """You looked for the first rating of every test user; one may have none.

    你去找每个测试用户的第一条评分；有的测试用户可能一条都没有。
    """
    for user in test_users:
        np.flatnonzero(users == user)[0]
    is_test, place = np.isin(users, test_users), _places(users)
    return ~is_test, is_test & (place < k), is_test & (place >= k)


@mistake("user_split_without_leakage")
def takes_ids_for_positions(users, test_users, k):
    """You used ids as positions in an array: ids may be negative or huge; np.isin and np.unique take any.

    你把 id 当作数组下标：id 可能为负或很大；np.isin 和 np.unique 对任何 id 都适用。
    """
    is_test_user = np.zeros(users.max() + 1 if users.max() < 10**6 else 0, dtype=bool)
    is_test_user[test_users] = True
    is_test, place = is_test_user[users], _places(users)
    return ~is_test, is_test & (place < k), is_test & (place >= k)


@mistake("user_split_without_leakage")
def gives_a_repeated_user_k_more(users, test_users, k):
    """A user who stands twice in test_users got a support of 2 k ratings: go through the users once, with np.unique.

    在 test_users 里出现两次的用户，拿到了 2 k 条支持集评分：先用 np.unique 去重，每个用户只处理一次。
    """
    is_test, support = np.isin(users, test_users), np.zeros(len(users), dtype=bool)
    for user in test_users:
        support[np.flatnonzero((users == user) & ~support)[:k]] = True
    return ~is_test, support, is_test & ~support


@mistake("user_split_without_leakage")
def turns_ids_into_floats(users, test_users, k):
    """You made floats of the ids: above 2**53 two neighbouring ids become one. Compare them as integers.

    你把 id 转成了浮点数：超过 2**53 后，相邻的两个 id 会变成同一个。请按整数比较。
    """
    users = users.astype(float)
    is_test, place = np.isin(users, test_users.astype(float)), _places(users)
    return ~is_test, is_test & (place < k), is_test & (place >= k)


@mistake("user_split_without_leakage")
def gives_every_test_user_a_query(users, test_users, k):
    """You kept a query rating for test users with k ratings or fewer: all of theirs are support.

    你给评分不超过 k 条的测试用户也留了查询集：他们的评分应全部作支持集。
    """
    is_test, place = np.isin(users, test_users), _places(users)
    last = _places(users[::-1])[::-1] == 0
    support = is_test & (place < k) & ~(last & (place > 0))
    return ~is_test, support, is_test & ~support


@mistake("user_split_without_leakage")
def leaves_the_query_empty(users, test_users, k):
    """You put all ratings of the test users into the support: those from place k on are the query.

    你把测试用户的评分全放进了支持集：从第 k 位起的应是查询集。
    """
    is_test = np.isin(users, test_users)
    return ~is_test, is_test, np.zeros(len(users), dtype=bool)
