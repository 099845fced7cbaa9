"""Named wrong answers of q15."""

import torch

from metarec_lib.workbook import mistake


def _codes(table, scale, to=torch.round, kind=torch.int8):
    scale = torch.where(scale > 0, scale, torch.ones_like(scale))
    return to(table / scale[:, None]).to(kind), scale


@mistake("quantize_int8")
def one_scale_for_the_table(table):
    """You used one scale for the whole table: small rows lose all their digits.

    你整张表只用了一个缩放系数：数值小的行会全部归零。
    """
    return _codes(table, (table.abs().max() / 127).expand(len(table)))


@mistake("quantize_int8")
def the_largest_without_the_sign(table):
    """The largest absolute value counts: a row whose largest entry is negative overflows.

    要取绝对值的最大值：最大的数是负数时，你的编码会溢出。
    """
    return _codes(table, table.amax(1) / 127)


@mistake("quantize_int8")
def cuts_instead_of_rounding(table):
    """A cast to int8 cuts off the digits; round first.

    直接转成 int8 会截断小数；要先四舍五入。
    """
    return _codes(table, table.abs().amax(1) / 127, lambda x: x)


@mistake("quantize_int8")
def divides_by_128(table):
    """128 does not fit into int8: the symmetric range ends at 127.

    int8 放不下 128：对称范围的上限是 127。
    """
    return _codes(table, table.abs().amax(1) / 128, lambda x: torch.round(x).clamp(-127, 127))


@mistake("quantize_int8")
def keeps_floats(table):
    """The codes are whole numbers, yet stored as floats: nothing is saved.

    编码虽是整数，却仍存成浮点数：一个字节也没省。
    """
    return _codes(table, table.abs().amax(1) / 127, kind=table.dtype)


@mistake("quantize_int8")
def divides_by_zero(table):
    """A row of zeros has the scale 0, and 0 / 0 is NaN.

    全零的行缩放系数为 0，0 / 0 是 NaN。
    """
    scale = table.abs().amax(1) / 127
    return torch.round(table / scale[:, None]).to(torch.int8), scale


@mistake("dequantize_int8")
def spreads_the_scale_over_columns(codes, scale):
    """The scale belongs to the row: scale[:, None].

    缩放系数属于行：scale[:, None]。
    """
    return codes * scale


@mistake("dequantize_int8")
def divides_by_the_scale(codes, scale):
    """The way back multiplies by the scale.

    还原时要乘以缩放系数。
    """
    return codes / scale[:, None]


@mistake("dequantize_int8")
def the_first_scale_for_all(codes, scale):
    """You used the scale of the first row for all rows.

    你把第一行的缩放系数用在了所有行上。
    """
    return codes * scale[0]


@mistake("dequantize_int8")
def goes_through_float32(codes, scale):
    """You computed in float32; the table has the type of `scale`.

    你用 float32 计算；还原出的表应与 scale 同类型。
    """
    return codes.float() * scale[:, None].float()


def _kept(table, order, keep):
    kept = torch.zeros_like(table).flatten()
    kept[order[:keep]] = table.flatten()[order[:keep]]
    return kept.reshape(table.shape)


@mistake("magnitude_prune")
def without_the_absolute_value(table, keep):
    """Large negative weights matter as much as positive ones: sort by absolute value.

    绝对值大的负权重同样重要：按绝对值排序。
    """
    return _kept(table, table.flatten().argsort(descending=True, stable=True), keep)


@mistake("magnitude_prune")
def keeps_the_smallest(table, keep):
    """You kept the smallest entries: sort in descending order.

    你留下的是最小的元素：要从大到小排序。
    """
    return _kept(table, table.abs().flatten().argsort(stable=True), keep)


@mistake("magnitude_prune")
def the_same_number_in_each_row(table, keep):
    """You kept the same number in each row; the threshold is one for the whole table.

    你在每行留了同样多的元素；应在整张表上比较。
    """
    each = min(table.shape[1], keep // len(table))
    at = table.abs().argsort(1, descending=True, stable=True)[:, :each]
    return torch.zeros_like(table).scatter(1, at, table.gather(1, at))


@mistake("magnitude_prune")
def a_threshold_keeps_all_equal_ones(table, keep):
    """A threshold keeps all entries that equal it: more than asked for.

    用门槛筛选会把与门槛相等的全留下，比要求的多。
    """
    if keep == 0:
        return torch.zeros_like(table)
    cut = table.abs().flatten().sort(descending=True).values[min(keep, table.numel()) - 1]
    return torch.where(table.abs() >= cut, table, torch.zeros_like(table))


@mistake("magnitude_prune")
def topk_refuses_more_than_there_are(table, keep):
    """topk fails where keep exceeds the number of entries, and its order among equal ones is not fixed.

    keep 超过元素个数时 topk 会报错；而且并列时它的顺序不确定。
    """
    return _kept(table, table.abs().flatten().topk(keep).indices, keep)


@mistake("magnitude_prune")
def nothing_means_everything(table, keep):
    """keep = 0 leaves no entry: the result is all zeros. You gave the whole table back.

    keep = 0 时一个也不留，结果全为零；你返回了整张表。
    """
    return _kept(table, table.abs().flatten().argsort(descending=True, stable=True), keep or table.numel())


@mistake("magnitude_prune")
def loses_the_sign(table, keep):
    """You returned absolute values: the sign is gone.

    你返回的是绝对值：正负号丢了。
    """
    return _kept(table.abs(), table.abs().flatten().argsort(descending=True, stable=True), keep)


def _loss(student, teacher, likes, weight, temperature, student_temperature=1.0):
    log_s = torch.log_softmax(student, dim=1)
    log_t = torch.log_softmax(teacher.detach() / temperature, dim=1)
    hard = -(likes * log_s).sum(1) / likes.sum(1)
    soft = (log_t.exp() * (log_t - torch.log_softmax(student / student_temperature, dim=1))).sum(1)
    return ((1 - weight) * hard + weight * soft).mean()


@mistake("distillation_loss")
def the_weights_the_wrong_way_round(student, teacher, likes, weight, temperature):
    """weight belongs to the teacher's term, 1 − weight to the likes.

    weight 属于教师那一项，1 − weight 属于喜欢那一项。
    """
    return _loss(student, teacher, likes, 1 - weight, temperature)


@mistake("distillation_loss")
def ignores_the_temperature(student, teacher, likes, weight, temperature):
    """The temperature is not used: the teacher's targets are nearly flat.

    没有用温度：教师给出的目标几乎是平的。
    """
    return _loss(student, teacher, likes, weight, 1.0)


@mistake("distillation_loss")
def softens_the_student_too(student, teacher, likes, weight, temperature):
    """Here the temperature divides the teacher's scores alone.

    这里温度只除教师的得分。
    """
    return _loss(student, teacher, likes, weight, temperature, temperature)


@mistake("distillation_loss")
def teaches_the_teacher(student, teacher, likes, weight, temperature):
    """The teacher gets a gradient as well: detach it.

    教师也得到了梯度：要 detach。
    """
    log_s, log_t = torch.log_softmax(student, dim=1), torch.log_softmax(teacher / temperature, dim=1)
    soft = (log_t.exp() * (log_t - log_s)).sum(1)
    return ((1 - weight) * -(likes * log_s).sum(1) / likes.sum(1) + weight * soft).mean()


@mistake("distillation_loss")
def the_divergence_the_wrong_way_round(student, teacher, likes, weight, temperature):
    """KL runs from the teacher to the student: Σ t · (log t − log s).

    KL 的方向是从教师到学生：Σ t · (log t − log s)。
    """
    log_s = torch.log_softmax(student, dim=1)
    log_t = torch.log_softmax(teacher.detach() / temperature, dim=1)
    soft = (log_s.exp() * (log_s - log_t)).sum(1)
    return ((1 - weight) * -(likes * log_s).sum(1) / likes.sum(1) + weight * soft).mean()


@mistake("distillation_loss")
def leaves_out_the_entropy(student, teacher, likes, weight, temperature):
    """That is the cross-entropy with the teacher; KL also subtracts the teacher's entropy.

    这是与教师的交叉熵；KL 还要减去教师的熵。
    """
    log_s = torch.log_softmax(student, dim=1)
    t = torch.softmax(teacher.detach() / temperature, dim=1)
    return ((1 - weight) * -(likes * log_s).sum(1) / likes.sum(1) - weight * (t * log_s).sum(1)).mean()


@mistake("distillation_loss")
def sums_the_likes(student, teacher, likes, weight, temperature):
    """You summed over a user's likes: long histories weigh more. Take the mean within each user.

    你对用户的喜欢求了和：历史长的用户权重更大。要先在用户内取平均。
    """
    log_s = torch.log_softmax(student, dim=1)
    log_t = torch.log_softmax(teacher.detach() / temperature, dim=1)
    soft = (log_t.exp() * (log_t - log_s)).sum(1)
    return ((1 - weight) * -(likes * log_s).sum(1) + weight * soft).mean()


@mistake("distillation_loss")
def takes_the_log_of_a_softmax(student, teacher, likes, weight, temperature):
    """Where the teacher's softmax is 0 its log is −inf, and 0 · −inf is NaN: use log_softmax.

    教师的 softmax 为 0 时 log 为负无穷，0 · 负无穷是 NaN：用 log_softmax。
    """
    log_s = torch.log_softmax(student, dim=1)
    t = torch.softmax(teacher.detach() / temperature, dim=1)
    soft = (t * (t.log() - log_s)).sum(1)
    return ((1 - weight) * -(likes * log_s).sum(1) / likes.sum(1) + weight * soft).mean()


@mistake("distillation_loss")
def takes_the_log_of_the_students_softmax(student, teacher, likes, weight, temperature):
    """Where the student's softmax is 0 its log is −inf, and the loss is infinite: use log_softmax.

    学生的 softmax 为 0 时 log 为负无穷，损失变成无穷大：用 log_softmax。
    """
    log_s, log_t = torch.softmax(student, dim=1).log(), torch.log_softmax(teacher.detach() / temperature, dim=1)
    soft = (log_t.exp() * (log_t - log_s)).sum(1)
    return ((1 - weight) * -(likes * log_s).sum(1) / likes.sum(1) + weight * soft).mean()
