"""Named wrong answers of q12."""

import torch

from metarec_lib.workbook import mistake


def _nce(one, two, temperature, unit=True, own=True, hot=True, mean=True, way="rows"):
    if unit:
        one, two = (x / x.norm(dim=1, keepdim=True) for x in (one, two))
    logits = one @ two.T / (temperature if hot else 1)
    if not own:
        others = logits.masked_fill(torch.eye(len(logits), dtype=torch.bool), -torch.inf)
        each = torch.logsumexp(others, dim=1) - logits.diagonal()
    else:
        each = torch.logsumexp(logits, dim=1 if way == "rows" else 0) - logits.diagonal()
    return each.mean() if mean else each.sum()


@mistake("info_nce")
def dot_products(one, two, temperature):
    """You used dot products; long rows then win. Divide each row by its length.

    你用了点积，长的行就占便宜。每行要先除以自己的长度。
    """
    return _nce(one, two, temperature, unit=False)


@mistake("info_nce")
def without_the_partner(one, two, temperature):
    """The partner itself is one of the candidates: it belongs in the denominator.

    正确的那个也是候选之一，分母里要有它。
    """
    return _nce(one, two, temperature, own=False)


@mistake("info_nce")
def no_temperature(one, two, temperature):
    """The cosines are divided by the temperature; you left it out.

    余弦要除以温度；你漏了。
    """
    return _nce(one, two, temperature, hot=False)


@mistake("info_nce")
def multiplies_by_the_temperature(one, two, temperature):
    """Divide by the temperature, do not multiply: a low one makes the choice sharper.

    要除以温度，不是乘：温度低，选择更尖锐。
    """
    return _nce(one, two, 1 / temperature)


@mistake("info_nce")
def sums_the_rows(one, two, temperature):
    """Asked is the mean over the rows; you summed.

    要的是各行的平均；你求了和。
    """
    return _nce(one, two, temperature, mean=False)


@mistake("info_nce")
def the_other_way(one, two, temperature):
    """You looked for the rows of `one` among one column; row n of `one` chooses among the rows of `two`.

    方向反了：是 `one` 的第 n 行在 `two` 的各行里选。
    """
    return _nce(one, two, temperature, way="columns")


@mistake("info_nce")
def overflows(one, two, temperature):
    """exp overflows at a small temperature: use logsumexp.

    温度小的时候 exp 会溢出：用 logsumexp。
    """
    one, two = (x / x.norm(dim=1, keepdim=True) for x in (one, two))
    weight = torch.exp(one @ two.T / temperature)
    return -torch.log(weight.diagonal() / weight.sum(1)).mean()


@mistake("info_nce")
def detaches_the_second_view(one, two, temperature):
    """Both views learn; you detached the second one.

    两个视图都要学；你把第二个 detach 了。
    """
    return _nce(one, two.detach(), temperature) + 0 * two.sum()


def _step(x, centres, first=True, empty=True, whole=False):
    points, old = x.double(), centres.double()
    away = ((points[:, None] - old) ** 2).sum(2)
    labels = away.argmin(1) if first else len(old) - 1 - away.flip(1).argmin(1)
    member = torch.nn.functional.one_hot(labels, len(old)).double()
    count = member.sum(0)[:, None]
    found = member.T @ points / (count.clamp(min=1) if empty else count)
    found = torch.where(count > 0, found, old) if empty else found
    return labels, found.to(x.dtype) if whole else found


@mistake("kmeans_step")
def divides_by_no_point(x, centres):
    """A centre without points must stay; you divided by 0.

    没有点的中心应留在原处；你除以了 0。
    """
    return _step(x, centres, empty=False)


@mistake("kmeans_step")
def an_empty_centre_goes_to_zero(x, centres):
    """A centre without points must stay; you moved it to 0.

    没有点的中心应留在原处；你把它移到了 0。
    """
    return tuple(
        torch.nan_to_num(part, 0.0) if part.is_floating_point() else part for part in _step(x, centres, empty=False)
    )


@mistake("kmeans_step")
def last_of_equals(x, centres):
    """Of equally near centres the lower position is taken.

    同样近时取编号小的。
    """
    return _step(x, centres, first=False)


@mistake("kmeans_step")
def rounds_the_means(x, centres):
    """The new centres took the type of x; means of whole numbers are not whole.

    新中心沿用了 x 的类型；整数的均值不是整数。
    """
    return _step(x, centres, whole=True)


@mistake("kmeans_step")
def moves_nothing(x, centres):
    """You assigned the points but left the centres where they were.

    你分好了点，却没有移动中心。
    """
    return _step(x, centres)[0], centres.double()


@mistake("kmeans_step")
def one_column_only(x, centres):
    """You measured distance by the first column alone.

    你只按第一列算距离。
    """
    labels = ((x[:, None, 0] - centres[:, 0]) ** 2).argmin(1)
    member = torch.nn.functional.one_hot(labels, len(centres)).double()
    count = member.sum(0)[:, None]
    return labels, torch.where(count > 0, member.T @ x.double() / count.clamp(min=1), centres.double())


@mistake("kmeans_step")
def labels_after_the_move(x, centres):
    """Your labels belong to the new centres; label the points by the centres that were given.

    你的标签是按新中心分的；应按给定的中心来分。
    """
    found = _step(x, centres)[1]
    return _step(x, found)[0], found


@mistake("kmeans_step")
def goes_on_until_nothing_moves(x, centres):
    """You went on until nothing moves; asked is one round.

    你一直走到不再移动；要的只是一轮。
    """
    for _ in range(20):
        labels, centres = _step(x, centres)
    return labels, centres


@mistake("kmeans_step")
def steps_along_the_axes(x, centres):
    """You added up absolute differences; nearest is Euclidean, by the sum of squares.

    你加的是差的绝对值；最近要用欧氏距离，即平方和。
    """
    labels = torch.cdist(x.double(), centres.double(), p=1).argmin(1)
    member = torch.nn.functional.one_hot(labels, len(centres)).double()
    count = member.sum(0)[:, None]
    return labels, torch.where(count > 0, member.T @ x.double() / count.clamp(min=1), centres.double())


def _denoise(x, kept, encode, decode, target=None, unit=True, bend=True, users=True, items=True, empty=True):
    given = x * kept
    length = given.norm(dim=1, keepdim=True)
    length = torch.where(length > 0, length, 1) if empty else length
    hidden = (given / length if unit else given) @ encode
    log_p = torch.log_softmax((torch.tanh(hidden) if bend else hidden) @ decode, dim=1)
    goal = x if target is None else target
    each = -(log_p * goal).sum(1)
    each = each / goal.sum(1).clamp(min=1) if items else each
    some = (x.sum(1) > 0).sum().clamp(min=1)
    return each.sum() / (some if users else len(x))


@mistake("denoising_loss")
def asks_for_what_it_was_given(x, kept, encode, decode):
    """The target is all that was seen, not the part that was kept: else there is nothing to fill in.

    目标是看过的全部，不是保留的那部分：否则没有什么可补。
    """
    return _denoise(x, kept, encode, decode, target=x * kept)


@mistake("denoising_loss")
def sees_everything(x, kept, encode, decode):
    """You gave the encoder the whole history; it must see x · kept alone.

    你把整个历史都给了编码器；它只该看到 x · kept。
    """
    return _denoise(x, torch.ones_like(kept), encode, decode)


@mistake("denoising_loss")
def does_not_scale_the_input(x, kept, encode, decode):
    """Divide each row of the input by its length, or long histories saturate tanh.

    输入每行要除以自己的长度，否则历史长的用户会让 tanh 饱和。
    """
    return _denoise(x, kept, encode, decode, unit=False)


@mistake("denoising_loss")
def forgets_the_tanh(x, kept, encode, decode):
    """h = tanh(input · encode); you left the tanh out.

    h = tanh(输入 · encode)；你漏了 tanh。
    """
    return _denoise(x, kept, encode, decode, bend=False)


@mistake("denoising_loss")
def counts_empty_users(x, kept, encode, decode):
    """Users who have seen nothing do not count in the mean.

    什么都没看过的用户不计入平均。
    """
    return _denoise(x, kept, encode, decode, users=False)


@mistake("denoising_loss")
def sums_over_items(x, kept, encode, decode):
    """A user's loss is a mean over the seen items; you summed, so active users weigh more.

    一名用户的损失是看过物品上的平均；你求了和，活跃用户就占得多。
    """
    return _denoise(x, kept, encode, decode, items=False)


@mistake("denoising_loss")
def divides_by_no_length(x, kept, encode, decode):
    """Where nothing was kept the length is 0; the row stays zero instead of NaN.

    什么都没保留时长度为 0；这一行应保持为零，而不是 NaN。
    """
    return _denoise(x, kept, encode, decode, empty=False)


@mistake("denoising_loss")
def weighs_users_by_what_they_saw(x, kept, encode, decode):
    """You took one mean over all seen items, so active users weigh more: first the mean of each user.

    你对所有看过的物品一起取平均，活跃用户就占得多：应先在每名用户内取平均。
    """
    return _denoise(x, kept, encode, decode, items=False) * (x.sum(1) > 0).sum() / x.sum().clamp(min=1)


@mistake("denoising_loss")
def leaves_out_who_kept_nothing(x, kept, encode, decode):
    """A user of whom nothing was kept still counts: the encoder sees zeros and must name the history.

    什么都没保留的用户照样算：编码器看到的是零，仍要还原历史。
    """
    some = (x * kept).sum(1) > 0
    return _denoise(x[some], kept[some], encode, decode)
