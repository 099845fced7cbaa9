"""Named wrong answers of q11."""

import torch
from torch.nn.functional import binary_cross_entropy_with_logits, logsigmoid

from metarec_lib.workbook import mistake


@mistake("mmoe_gate")
def one_gate_for_all(x, outputs, gates):
    """Each task has a gate of its own; you used the first one for all.

    每个任务有自己的门控；你都用了第一个。
    """
    weights = torch.softmax(torch.einsum("nd,tde->tne", x, gates[:1].expand_as(gates)), dim=2)
    return torch.einsum("tne,enh->tnh", weights, outputs)


@mistake("mmoe_gate")
def softmax_over_rows(x, outputs, gates):
    """The softmax runs over the experts; you took it over the rows.

    softmax 是对专家做的；你对各行做了。
    """
    weights = torch.softmax(torch.einsum("nd,tde->tne", x, gates), dim=1)
    return torch.einsum("tne,enh->tnh", weights, outputs)


@mistake("mmoe_gate")
def the_best_expert_only(x, outputs, gates):
    """You took the expert with the largest gate; asked is the weighted mean of all.

    你只取了门控值最大的专家；要的是全部专家的加权平均。
    """
    best = torch.einsum("nd,tde->tne", x, gates).argmax(2)
    return torch.einsum("tne,enh->tnh", torch.nn.functional.one_hot(best, len(outputs)).to(outputs.dtype), outputs)


@mistake("mmoe_gate")
def gate_does_not_read_the_row(x, outputs, gates):
    """The gate reads its row; you used the mean input for all rows.

    门控要看各行自己的输入；你对所有行用了平均输入。
    """
    weights = torch.softmax(torch.einsum("nd,tde->tne", x.mean(0, keepdim=True).expand_as(x), gates), dim=2)
    return torch.einsum("tne,enh->tnh", weights, outputs)


@mistake("mmoe_gate")
def sigmoid_gates(x, outputs, gates):
    """The weights of the experts sum to 1: softmax, not a sigmoid each.

    专家的权重之和为 1：用 softmax，不是各自 sigmoid。
    """
    weights = torch.sigmoid(torch.einsum("nd,tde->tne", x, gates))
    return torch.einsum("tne,enh->tnh", weights, outputs)


@mistake("mmoe_gate")
def overflows(x, outputs, gates):
    """exp of a large number is inf, and inf / inf is NaN: use torch.softmax.

    很大的数取 exp 得 inf，inf / inf 是 NaN：用 torch.softmax。
    """
    weights = torch.exp(torch.einsum("nd,tde->tne", x, gates))
    return torch.einsum("tne,enh->tnh", weights / weights.sum(2, keepdim=True), outputs)


@mistake("mmoe_gate")
def gates_never_learn(x, outputs, gates):
    """The weights are detached: no gradient runs to the gates.

    权重被 detach 了：梯度传不到门控。
    """
    weights = torch.softmax(torch.einsum("nd,tde->tne", x, gates), dim=2).detach()
    return torch.einsum("tne,enh->tnh", weights, outputs)


def _both(click_logit, convert_logit, converted, rows=None):
    log_both = logsigmoid(click_logit) + logsigmoid(convert_logit)
    log_not = torch.log(-torch.expm1(log_both.clamp(max=-1e-15)))
    terms = -(converted * log_both + (1 - converted) * log_not)
    return terms.mean() if rows is None else (terms * rows).sum() / rows.sum().clamp(min=1)


@mistake("esmm_loss")
def conversion_from_clicked_rows(click_logit, convert_logit, clicked, converted):
    """You trained the conversion tower on clicked rows alone: that is the sample that ESMM avoids.

    你只在点击样本上训练转化塔：ESMM 要避开的正是这种样本。
    """
    clicked, converted = clicked.to(click_logit), converted.to(click_logit)
    terms = binary_cross_entropy_with_logits(convert_logit, converted, reduction="none")
    first = binary_cross_entropy_with_logits(click_logit, clicked)
    return first + (terms * clicked).sum() / clicked.sum().clamp(min=1)


@mistake("esmm_loss")
def product_on_clicked_rows(click_logit, convert_logit, clicked, converted):
    """The second term runs over all impressions; you left the unclicked ones out.

    第二项在全部曝光上算；你漏了没点击的。
    """
    clicked, converted = clicked.to(click_logit), converted.to(click_logit)
    first = binary_cross_entropy_with_logits(click_logit, clicked)
    return first + _both(click_logit, convert_logit, converted, rows=clicked)


@mistake("esmm_loss")
def conversion_without_the_product(click_logit, convert_logit, clicked, converted):
    """Over all impressions converted belongs to P(click) · P(convert | click); you left P(click) out.

    在全部曝光上，converted 对应 P(点击) · P(转化 | 点击)；你漏了 P(点击)。
    """
    clicked, converted = clicked.to(click_logit), converted.to(click_logit)
    return binary_cross_entropy_with_logits(click_logit, clicked) + binary_cross_entropy_with_logits(
        convert_logit, converted
    )


@mistake("esmm_loss")
def without_the_click_loss(click_logit, convert_logit, clicked, converted):
    """The click tower has a loss of its own; you left it out.

    点击塔有自己的损失；你漏了。
    """
    return _both(click_logit, convert_logit, converted.to(click_logit))


@mistake("esmm_loss")
def adds_the_logits(click_logit, convert_logit, clicked, converted):
    """The logit of a product of probabilities is not the sum of the logits.

    概率乘积的 logit 不是两个 logit 之和。
    """
    clicked, converted = clicked.to(click_logit), converted.to(click_logit)
    return binary_cross_entropy_with_logits(click_logit, clicked) + binary_cross_entropy_with_logits(
        click_logit + convert_logit, converted
    )


@mistake("esmm_loss")
def logs_of_zero(click_logit, convert_logit, clicked, converted):
    """With large logits the probability is 0 or 1 as a number, and its log is −inf: work with logsigmoid.

    logit 很大时概率在数值上就是 0 或 1，取对数得 −inf：用 logsigmoid。
    """
    clicked, converted = clicked.to(click_logit), converted.to(click_logit)
    p, q = torch.sigmoid(click_logit), torch.sigmoid(convert_logit)
    first = clicked * torch.log(p) + (1 - clicked) * torch.log(1 - p)
    return -(first + converted * torch.log(p * q) + (1 - converted) * torch.log(1 - p * q)).mean()


@mistake("esmm_loss")
def sums_the_impressions(click_logit, convert_logit, clicked, converted):
    """Asked is the mean over impressions; you summed.

    要的是对曝光的平均；你求了和。
    """
    clicked, converted = clicked.to(click_logit), converted.to(click_logit)
    mean = binary_cross_entropy_with_logits(click_logit, clicked) + _both(click_logit, convert_logit, converted)
    return mean * len(clicked)


def _project(own, others, conflict=True, turn=True, length=True, sign=-1, zero=True):
    start = own
    for other in others:
        against = (own if turn else start) @ other
        if against < 0 or not conflict:
            size = other @ other if length else 1.0
            if zero and float(other @ other) == 0:
                continue
            own = own + sign * against / size * other
    return own


@mistake("pcgrad_project")
def projects_always(own, others):
    """Only a negative dot product is a conflict; gradients that agree are left as they are.

    点积为负才是冲突；方向一致的梯度不动。
    """
    return _project(own, others, conflict=False)


@mistake("pcgrad_project")
def compares_with_the_start(own, others):
    """Each comparison is with what the steps before have left, not with the gradient at the start.

    每次都要与前面几步剩下的梯度比，不是与最初的比。
    """
    return _project(own, others, turn=False)


@mistake("pcgrad_project")
def forgets_the_length(own, others):
    """Divide by the squared length of the other gradient.

    要除以对方梯度长度的平方。
    """
    return _project(own, others, length=False)


@mistake("pcgrad_project")
def adds_the_conflict(own, others):
    """The component along the other is removed; you doubled it.

    沿着对方的分量应去掉；你反而加倍了。
    """
    return _project(own, others, sign=1)


@mistake("pcgrad_project")
def divides_by_no_length(own, others):
    """A gradient of zeros has length 0; you divided by it.

    全零的梯度长度为 0；你除以了它。
    """
    for other in others:
        against = own @ other
        if against <= 0:
            own = own - against / (other @ other) * other
    return own


@mistake("pcgrad_project")
def projects_the_mean_of_the_others(own, others):
    """The others are taken one after the other, not as their mean.

    其他任务要一个一个处理，而不是取平均。
    """
    return _project(own, [torch.stack(list(others)).mean(0)]) if others else own
