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
    """Tied items keep the order of the list, so the order of your file decides: give each the mean gain of its tie group."""
    return _ndcg(gains[np.argsort(-scores, kind="stable")], np.sort(gains)[::-1], k)


@mistake("ndcg_at_k")
def takes_ties_in_reverse_list_order(scores, gains, k):
    """argsort(...)[::-1] turns tied items round too; give each the mean gain of its tie group instead."""
    return _ndcg(gains[np.argsort(scores, kind="stable")[::-1]], np.sort(gains)[::-1], k)


@mistake("ndcg_at_k")
def forgets_that_places_start_at_one(scores, gains, k):
    """The discount of place p is log2(p + 1) with p from 1: your second place is divided by log2(2) = 1, like the first."""
    discount = 1 / np.log2(np.maximum(np.arange(len(scores)) + 1, 2))
    discount[k:] = 0
    ideal = np.sort(gains)[::-1] @ discount
    return float(_averaged(scores, gains) @ discount / ideal) if ideal > 0 else float("nan")


@mistake("ndcg_at_k")
def discounts_one_place_too_far(scores, gains, k):
    """Place p, counted from 1, is discounted by log2(p + 1), so the first counts fully; yours starts one place later."""
    discount = 1 / np.log2(np.arange(len(scores)) + 3)
    discount[k:] = 0
    ideal = np.sort(gains)[::-1] @ (1 / np.log2(np.arange(len(scores)) + 2) * (np.arange(len(scores)) < k))
    return float(_averaged(scores, gains) @ discount / ideal) if ideal > 0 else float("nan")


@mistake("ndcg_at_k")
def ranks_the_lowest_score_first(scores, gains, k):
    """You ranked the lowest score first; the highest score is the model's best guess."""
    return _ndcg(_averaged(-scores, gains), np.sort(gains)[::-1], k)


@mistake("ndcg_at_k")
def drops_the_users_it_fails_on(scores, gains, k):
    """Nothing good among the first k is a 0, not NaN: NaN drops just the users the model fails on."""
    value = _ndcg(_averaged(scores, gains), np.sort(gains)[::-1], k)
    return value if value > 0 else float("nan")


@mistake("ndcg_at_k")
def takes_the_ideal_from_the_list_shown(scores, gains, k):
    """Your ideal list re-orders only the k items that were shown: a model that misses the best item must pay for it."""
    shown = np.argsort(-scores, kind="stable")[:k]
    best = np.zeros(len(scores))
    best[: len(shown)] = np.sort(gains[shown])[::-1]
    return _ndcg(_averaged(scores, gains), best, k)


@mistake("ndcg_at_k")
def cuts_before_averaging(scores, gains, k):
    """You cut at k and then averaged the ties: items of the same score beyond the cut belong to the average too."""
    order = np.argsort(-scores, kind="stable")[:k]
    ranked = np.zeros(len(scores))
    ranked[: len(order)] = _averaged(scores[order], gains[order])
    return _ndcg(ranked, np.sort(gains)[::-1], k)


@mistake("ndcg_at_k")
def scores_zero_where_nothing_is_good(scores, gains, k):
    """A user without a good item says nothing about the model: return NaN and leave the user out, do not count 0."""
    value = _ndcg(_averaged(scores, gains), np.sort(gains)[::-1], k)
    return 0.0 if np.isnan(value) else value


@mistake("paired_bootstrap")
def subtracts_the_wrong_way_round(a, b, indices):
    """The difference is a − b; yours is b − a."""
    difference = b - a
    low, high = np.quantile(difference[indices].mean(axis=1), [0.025, 0.975])
    return float(difference.mean()), float(low), float(high)


@mistake("paired_bootstrap")
def takes_a_ninety_percent_interval(a, b, indices):
    """You cut off 5 % on each side, which is a 90 % interval: 95 % leaves 2.5 % on each side."""
    difference = a - b
    low, high = np.quantile(difference[indices].mean(axis=1), [0.05, 0.95])
    return float(difference.mean()), float(low), float(high)


@mistake("paired_bootstrap")
def resamples_the_models_apart(a, b, indices):
    """You resampled a and b apart (b by other rows), so what users have in common no longer cancels: pair first."""
    means = a[indices].mean(axis=1) - b[indices[::-1]].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float((a - b).mean()), float(low), float(high)


@mistake("paired_bootstrap")
def swaps_low_and_high(a, b, indices):
    """Your interval is upside down: return (mean, low, high), the lower end before the upper one."""
    difference = a - b
    low, high = np.quantile(difference[indices].mean(axis=1), [0.025, 0.975])
    return float(difference.mean()), float(high), float(low)


@mistake("paired_bootstrap")
def takes_two_standard_deviations(a, b, indices):
    """You took mean ± 1.96 standard deviations of the resampled means; asked are their 2.5 % and 97.5 % quantiles."""
    difference = a - b
    half = 1.96 * difference[indices].mean(axis=1).std()
    return float(difference.mean()), float(difference.mean() - half), float(difference.mean() + half)


@mistake("paired_bootstrap")
def returns_the_mean_of_the_resamples(a, b, indices):
    """The estimate is the mean of the observed differences; the resamples are only there for the interval."""
    means = (a - b)[indices].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(means.mean()), float(low), float(high)


@mistake("paired_bootstrap")
def takes_quantiles_of_single_users(a, b, indices):
    """Your interval holds 95 % of the users, not of the means: average each resample first, then take quantiles."""
    difference = a - b
    low, high = np.quantile(difference[indices], [0.025, 0.975])
    return float(difference.mean()), float(low), float(high)


def _places(users):
    order = np.argsort(users, kind="stable")
    place = np.empty(len(users), dtype=int)
    place[order] = np.arange(len(users)) - np.searchsorted(users[order], users[order])
    return place


@mistake("user_split_without_leakage")
def trains_on_the_support(users, test_users, k):
    """The support of test users is in your training part: they are no longer new users. Adapt on it, never train on it."""
    is_test, place = np.isin(users, test_users), _places(users)
    return ~is_test | (place < k), is_test & (place < k), is_test & (place >= k)


@mistake("user_split_without_leakage")
def trains_on_everything(users, test_users, k):
    """The query ratings of test users are in your training part: the item means already know the answers."""
    is_test, place = np.isin(users, test_users), _places(users)
    return np.ones(len(users), dtype=bool), is_test & (place < k), is_test & (place >= k)


@mistake("user_split_without_leakage")
def counts_k_over_the_whole_list(users, test_users, k):
    """You took the first k test ratings of the whole list: every test user needs k of their own."""
    is_test = np.isin(users, test_users)
    support = is_test & (np.cumsum(is_test) <= k)
    return ~is_test, support, is_test & ~support


@mistake("user_split_without_leakage")
def takes_the_last_k(users, test_users, k):
    """You took the last k ratings of each test user as support; the first k come first in time, too."""
    is_test, place = np.isin(users, test_users), _places(users[::-1])[::-1]
    return ~is_test, is_test & (place < k), is_test & (place >= k)


@mistake("user_split_without_leakage")
def takes_one_rating_too_many(users, test_users, k):
    """Your support has k + 1 ratings: places count from 0, so the first k have a place below k."""
    is_test, place = np.isin(users, test_users), _places(users)
    return ~is_test, is_test & (place <= k), is_test & (place > k)


@mistake("user_split_without_leakage")
def swaps_support_and_query(users, test_users, k):
    """You swapped support and query: return (train, support, query), the first k ratings are the support."""
    is_test, place = np.isin(users, test_users), _places(users)
    return ~is_test, is_test & (place >= k), is_test & (place < k)


@mistake("user_split_without_leakage")
def loses_the_order_of_the_list(users, test_users, k):
    """You sorted by user with an unstable sort, which shuffles a user's ratings: argsort(kind="stable") keeps the order."""
    is_test, order = np.isin(users, test_users), np.argsort(users, kind="quicksort")
    place = np.empty(len(users), dtype=int)
    place[order] = np.arange(len(users)) - np.searchsorted(users[order], users[order])
    return ~is_test, is_test & (place < k), is_test & (place >= k)
