"""Named wrong answers of q20."""

import torch

from metarec_lib.workbook import mistake


def _cosine(source, target):
    size = source.norm(dim=1) * target.norm()
    return source @ target / torch.where(size > 0, size, torch.ones_like(size))


@mistake("task_weights")
def keeps_opposite_tasks(source, target):
    """A negative weight would teach the opposite of the task: clip at 0.

    负权重等于反着学这个任务：要截到 0。
    """
    return _cosine(source, target)


@mistake("task_weights")
def takes_the_size(source, target):
    """The absolute value makes opposite tasks teach as much as helpful ones.

    取绝对值会让方向相反的任务和有益的任务一样重。
    """
    return _cosine(source, target).abs()


@mistake("task_weights")
def the_dot_product(source, target):
    """A dot product grows with the length of the gradients: divide by both lengths.

    内积随梯度长度变大：要除以两个长度。
    """
    return (source @ target).clamp(min=0)


@mistake("task_weights")
def divides_by_one_length(source, target):
    """You divided by the source's length alone; divide by the target's too.

    你只除了源梯度的长度；还要除以目标梯度的长度。
    """
    size = source.norm(dim=1)
    return (source @ target / torch.where(size > 0, size, torch.ones_like(size))).clamp(min=0)


@mistake("task_weights")
def leaves_nan(source, target):
    """A gradient of zeros gives 0/0: its weight is 0.

    全零的梯度会出现 0/0：它的权重应为 0。
    """
    return (source @ target / (source.norm(dim=1) * target.norm())).clamp(min=0)


@mistake("task_weights")
def sums_to_one(source, target):
    """Weights need not sum to one: yours depend on which other tasks are there.

    权重之和不必为一：你的结果会随其他任务而变。
    """
    w = _cosine(source, target).clamp(min=0)
    return w / w.sum().clamp(min=1e-12)


def _room(without, ceiling):
    if without.mean() <= ceiling.mean():
        raise ValueError("room")


@mistake("transfer_ratio")
def a_mean_of_ratios(with_transfer, without, ceiling):
    """You averaged the ratios of users; average the errors first, then divide.

    你对逐用户的比值取了平均；应先对误差取平均，再相除。
    """
    _room(without, ceiling)
    return float(((with_transfer - ceiling) / (without - ceiling)).mean())


@mistake("transfer_ratio")
def forgets_the_ceiling(with_transfer, without, ceiling):
    """Without the ceiling the ratio is near 1 for everything: take it off both sides.

    不减上限，什么方法的比值都接近 1：分子分母都要减掉它。
    """
    _room(without, ceiling)
    return float(with_transfer.mean() / without.mean())


@mistake("transfer_ratio")
def the_share_gained(with_transfer, without, ceiling):
    """That is the share that was gained; asked is the share that is still missing.

    你算的是已经得到的比例；要的是还差的比例。
    """
    _room(without, ceiling)
    return float((without.mean() - with_transfer.mean()) / (without.mean() - ceiling.mean()))


@mistake("transfer_ratio")
def upside_down(with_transfer, without, ceiling):
    """The ratio stands upside down: what is left after transfer goes on top.

    分子分母颠倒了：迁移之后剩下的放在分子。
    """
    _room(without, ceiling)
    top, bottom = float(without.mean() - ceiling.mean()), float(with_transfer.mean() - ceiling.mean())
    return top / bottom if bottom else float("inf")


@mistake("transfer_ratio")
def divides_by_nothing(with_transfer, without, ceiling):
    """Where the error without transfer is not above the ceiling, raise ValueError.

    不迁移时误差不高于上限，应抛出 ValueError。
    """
    room = float(without.mean() - ceiling.mean())
    return float(with_transfer.mean() - ceiling.mean()) / room if room else float("nan")


@mistake("transfer_ratio")
def drops_users_without_room(with_transfer, without, ceiling):
    """You left out the users who have nothing to gain: they can be harmed, and they count in every mean.

    你去掉了没有收益空间的用户：他们也可能受害，每个均值都要算上他们。
    """
    _room(without, ceiling)
    kept = without > ceiling
    top, bottom = with_transfer[kept] - ceiling[kept], without[kept] - ceiling[kept]
    return float(top.mean() / bottom.mean())


@mistake("transfer_ratio")
def clips_at_zero(with_transfer, without, ceiling):
    """You clip at 0: a model that beats the ceiling must show a ratio below it.

    你在 0 处截断了：比上限还好的模型，比值应小于 0。
    """
    _room(without, ceiling)
    return max(0.0, float((with_transfer.mean() - ceiling.mean()) / (without.mean() - ceiling.mean())))


def _loss(student, teacher, targets, gate, weight):
    return ((student - targets) ** 2).mean() + weight * (gate * (student - teacher) ** 2).mean()


@mistake("gated_distillation_loss")
def no_gate(student, teacher, targets, group, source_error, target_error, weight):
    """You imitate the source everywhere, where it is worse as well.

    你处处模仿源模型，连它更差的地方也模仿。
    """
    return _loss(student, teacher.detach(), targets, 1.0, weight)


@mistake("gated_distillation_loss")
def the_gate_the_wrong_way_round(student, teacher, targets, group, source_error, target_error, weight):
    """Lower error is better: your gate opens where the source lost.

    误差越低越好：你的门开在源输掉的地方。
    """
    return _loss(student, teacher.detach(), targets, (source_error > target_error)[group].double(), weight)


@mistake("gated_distillation_loss")
def opens_when_level(student, teacher, targets, group, source_error, target_error, weight):
    """Level is not better: the gate opens only where the source's error is lower.

    打平不算更好：只有源的误差更低时门才打开。
    """
    return _loss(student, teacher.detach(), targets, (source_error <= target_error)[group].double(), weight)


@mistake("gated_distillation_loss")
def asks_for_a_margin(student, teacher, targets, group, source_error, target_error, weight):
    """You ask for a margin: the gate opens as soon as the source's error is lower.

    你多加了一个余量：只要源的误差更低，门就打开。
    """
    return _loss(student, teacher.detach(), targets, (source_error < target_error - 0.01)[group].double(), weight)


@mistake("gated_distillation_loss")
def the_mean_over_open_rows(student, teacher, targets, group, source_error, target_error, weight):
    """The second mean runs over all n rows, not over those with an open gate.

    第二个均值对全部 n 行取，而不是只对门打开的行取。
    """
    gate = (source_error < target_error)[group].double()
    imitated = (gate * (student - teacher.detach()) ** 2).sum() / gate.sum().clamp(min=1)
    return ((student - targets) ** 2).mean() + weight * imitated


@mistake("gated_distillation_loss")
def teaches_the_teacher(student, teacher, targets, group, source_error, target_error, weight):
    """The gradient reaches the teacher; detach it.

    梯度流到了教师；要 detach。
    """
    return _loss(student, teacher, targets, (source_error < target_error)[group].double(), weight)


@mistake("gated_distillation_loss")
def ignores_the_weight(student, teacher, targets, group, source_error, target_error, weight):
    """The weight of the imitation is missing.

    没有乘模仿项的权重。
    """
    return _loss(student, teacher.detach(), targets, (source_error < target_error)[group].double(), 1.0)


@mistake("gated_distillation_loss")
def one_gate_for_all(student, teacher, targets, group, source_error, target_error, weight):
    """You opened one gate for all rows; each row has the gate of its group.

    你给所有行用了同一扇门；每一行用它所在组的门。
    """
    gate = float(source_error.mean() < target_error.mean())
    return _loss(student, teacher.detach(), targets, gate, weight)
