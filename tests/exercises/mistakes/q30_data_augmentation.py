"""Named wrong answers of q30."""

import math

import torch

from metarec_lib.workbook import mistake


def _checked(share, start):
    if not (0 <= share <= 1 and 0 <= start <= 1):
        raise ValueError("share")


@mistake("crop")
def rounds_down(history, share, start):
    """You rounded the length down; ⌈share · T⌉ rounds up.

    你把长度向下取整了；⌈share · T⌉ 是向上取整。
    """
    _checked(share, start)
    length = max(1, int(share * len(history)))
    first = round(start * (len(history) - length))
    return history[first : first + length]


@mistake("crop")
def trusts_the_product(history, share, start):
    """0.07 · 100 is 7.000000000000001 for a computer: subtract a little before rounding up.

    在计算机里 0.07 · 100 等于 7.000000000000001：向上取整之前先减去一点点。
    """
    _checked(share, start)
    length = max(1, math.ceil(share * len(history)))
    first = round(start * (len(history) - length))
    return history[first : first + length]


@mistake("crop")
def starts_anywhere(history, share, start):
    """The run begins at a share of T − length, not of T: yours runs over the end.

    片段的起点是 T − length 的比例，不是 T 的：你的片段会超出末尾。
    """
    _checked(share, start)
    length = max(1, math.ceil(share * len(history) - 1e-9))
    first = min(round(start * len(history)), len(history) - 1)
    return history[first : first + length]


@mistake("crop")
def always_the_latest(history, share, start):
    """You ignored `start` and kept the latest run.

    你没有用 start，总是保留最近的一段。
    """
    _checked(share, start)
    return history[-max(1, math.ceil(share * len(history) - 1e-9)) :]


@mistake("crop")
def starts_at_a_share_of_the_last_place(history, share, start):
    """`start` goes from 0 to T − length, the last place where the run still fits; yours goes to T − 1 and is then held back.

    start 对应的范围是 0 到 T − length（片段还放得下的最后一个起点）；你的范围到 T − 1，再往回截。
    """
    _checked(share, start)
    length = max(1, math.ceil(share * len(history) - 1e-9))
    first = min(round(start * (len(history) - 1)), len(history) - length)
    return history[first : first + length]


@mistake("crop")
def takes_any_share(history, share, start):
    """A share or a start outside 0 to 1 must raise ValueError.

    share 或 start 超出 0 到 1 时应抛出 ValueError。
    """
    length = min(max(1, math.ceil(share * len(history) - 1e-9)), len(history))
    first = min(max(round(start * (len(history) - length)), 0), len(history) - length)
    return history[first : first + length]


@mistake("crop")
def may_keep_nothing(history, share, start):
    """A share of 0 leaves nothing in your answer; one event must stay.

    share 为 0 时你什么也没留下；至少要留一个事件。
    """
    _checked(share, start)
    length = math.ceil(share * len(history) - 1e-9)
    first = round(start * (len(history) - length))
    return history[first : first + length]


@mistake("crop")
def cuts_the_share_off(history, share, start):
    """`share` is how much stays; you cut that much off.

    share 是保留的比例；你把它当成切掉的比例了。
    """
    _checked(share, start)
    length = max(1, math.ceil((1 - share) * len(history) - 1e-9))
    first = round(start * (len(history) - length))
    return history[first : first + length]


def _prefixes(history, longest, shift=0, fill=-1, left=False):
    count = max(len(history) - 1, 0)
    prefixes = torch.full((count, longest), fill)
    for t in range(1, count + 1):
        part = history[max(0, t + shift - longest) : t + shift]
        if left:
            prefixes[t - 1, : len(part)] = part
        else:
            prefixes[t - 1, longest - len(part) :] = part
    return prefixes, history[1:]


@mistake("sliding_prefixes")
def the_prefix_holds_its_target(history, longest):
    """Your prefix ends with the target itself: the answer stands in the question.

    你的前缀把目标也包含进去了：答案写在了题目里。
    """
    return _prefixes(history, longest, shift=1)


@mistake("sliding_prefixes")
def pads_at_the_end(history, longest):
    """Padding stands in front, so that the latest event is always at the right end.

    填充应放在前面，这样最近的事件总在最右端。
    """
    return _prefixes(history, longest, left=True)


@mistake("sliding_prefixes")
def pads_with_zero(history, longest):
    """0 is an item: pad with −1.

    0 是一个物品：填充要用 −1。
    """
    return _prefixes(history, longest, fill=0)


@mistake("sliding_prefixes")
def keeps_the_oldest(history, longest):
    """Of a long prefix the latest events stay; you kept the oldest.

    前缀太长时应保留最近的事件；你保留了最早的。
    """
    count = max(len(history) - 1, 0)
    prefixes = torch.full((count, longest), -1)
    for t in range(1, count + 1):
        part = history[:t][:longest]
        prefixes[t - 1, longest - len(part) :] = part
    return prefixes, history[1:]


@mistake("sliding_prefixes")
def only_the_last_target(history, longest):
    """You made one example a user; every prefix has a target.

    你每个用户只造了一个样本；每个前缀都有自己的目标。
    """
    prefixes, targets = _prefixes(history, longest)
    return prefixes[-1:], targets[-1:]


@mistake("sliding_prefixes")
def only_full_windows(history, longest):
    """You kept full windows alone; a prefix shorter than `longest` is an example too, padded in front.

    你只保留了填满的窗口；比 longest 短的前缀也是样本，前面用 −1 填充。
    """
    rows = [history[t - longest : t] for t in range(longest, len(history))]
    return torch.stack(rows), history[longest:]


@mistake("sliding_prefixes")
def keeps_each_item_once(history, longest):
    """You kept each item of a prefix once; an item may come again, and both events stay.

    你让前缀里每个物品只出现一次；物品可以重复出现，每次都要保留。
    """
    count = max(len(history) - 1, 0)
    prefixes = torch.full((count, longest), -1)
    for t in range(1, count + 1):
        part = list(dict.fromkeys(history[:t].tolist()))[-longest:]
        prefixes[t - 1, longest - len(part) :] = torch.tensor(part)
    return prefixes, history[1:]


@mistake("sliding_prefixes")
def needs_two_items(history, longest):
    """A history of one item gives 0 rows, not a row without a target.

    只有一个物品的历史应返回 0 行，而不是一行没有目标的样本。
    """
    if len(history) < 2:
        return torch.full((1, longest), -1), history
    return _prefixes(history, longest)


def _solve(x, y, strength):
    return torch.linalg.solve(x.T @ x + strength * torch.eye(x.shape[1], dtype=x.dtype), x.T @ y)


@mistake("noise_as_ridge")
def forgets_the_rows(x, y, std):
    """Each of the N rows carries noise: the strength is N · std², not std².

    N 行每行都有噪声：强度是 N · std²，不是 std²。
    """
    return _solve(x, y, std**2)


@mistake("noise_as_ridge")
def forgets_the_square(x, y, std):
    """The strength holds the variance, std², not the standard deviation.

    强度里是方差 std²，不是标准差。
    """
    return _solve(x, y, len(x) * std)


@mistake("noise_as_ridge")
def plain_least_squares(x, y, std):
    """You solved least squares without the noise: it does not average out, it shrinks the weights.

    你解的是不带噪声的最小二乘：噪声不会互相抵消，它会收缩权重。
    """
    return torch.linalg.lstsq(x, y.unsqueeze(1)).solution.squeeze(1)


@mistake("noise_as_ridge")
def counts_the_features(x, y, std):
    """You multiplied by the number of features; it is the number of rows.

    你乘的是特征数；应该乘行数。
    """
    return _solve(x, y, x.shape[1] * std**2)


@mistake("noise_as_ridge")
def draws_the_copies(x, y, std):
    """You drew noisy copies, so the answer changes with the draw: take the mean over the noise on paper.

    你真的去抽了加噪副本，答案会随抽样变化：应该先在纸上对噪声求期望。
    """
    copies = x.repeat(500, 1)
    copies = copies + std * torch.randn(copies.shape, dtype=x.dtype, generator=torch.Generator().manual_seed(0))
    return torch.linalg.lstsq(copies, y.repeat(500).unsqueeze(1)).solution.squeeze(1)


@mistake("noise_as_ridge")
def centres_the_columns(x, y, std):
    """You took the means out, as a fit with an intercept does; here there is none.

    你先减去了均值，那是带截距的拟合；这里没有截距。
    """
    return _solve(x - x.mean(0), y - y.mean(), len(x) * std**2)
