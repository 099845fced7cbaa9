"""Named wrong answers of q24."""

import torch
from torch.nn.functional import logsigmoid, normalize

from metarec_lib.workbook import mistake


@mistake("fgsm_perturbation")
def one_length_for_the_whole_matrix(gradient, epsilon, norm):
    """You divided by the length of the whole gradient; each row has its own.

    你除的是整个梯度的长度；每一行应除以自己的长度。
    """
    if norm == "inf":
        return epsilon * gradient.sign()
    return epsilon * gradient / gradient.norm().clamp(min=1e-300)


@mistake("fgsm_perturbation")
def the_sign_whatever_the_norm(gradient, epsilon, norm):
    """You took the sign for both norms; "2" keeps the direction of the row.

    两种范数你都取了符号；"2" 要保留整行的方向。
    """
    return epsilon * gradient.sign()


@mistake("fgsm_perturbation")
def the_direction_whatever_the_norm(gradient, epsilon, norm):
    """You scaled the row for both norms; for "inf" only the sign counts.

    两种范数你都缩放了整行；"inf" 只看符号。
    """
    return epsilon * normalize(gradient, dim=1, eps=1e-300)


@mistake("fgsm_perturbation")
def descends(gradient, epsilon, norm):
    """An attack raises the loss: go along the gradient, not against it.

    攻击要抬高损失：沿梯度走，不是逆着走。
    """
    return -epsilon * (gradient.sign() if norm == "inf" else normalize(gradient, dim=1, eps=1e-300))


@mistake("fgsm_perturbation")
def the_raw_gradient(gradient, epsilon, norm):
    """epsilon times the gradient has no fixed size: take its sign, or divide by its length.

    epsilon 乘梯度没有固定大小：要取符号，或除以长度。
    """
    return epsilon * gradient


@mistake("fgsm_perturbation")
def nan_where_nothing_points(gradient, epsilon, norm):
    """A row whose gradient is zero became NaN; it does not move.

    梯度为零的行变成了 NaN；它应该不动。
    """
    return epsilon * (gradient.sign() if norm == "inf" else gradient / gradient.norm(dim=1, keepdim=True))


@mistake("fgsm_perturbation")
def adds_a_constant_to_the_length(gradient, epsilon, norm):
    """A constant in the denominator makes steps along small gradients too short.

    分母里加常数，会让小梯度的步长变短。
    """
    if norm == "inf":
        return epsilon * gradient.sign()
    return epsilon * gradient / (gradient.norm(dim=1, keepdim=True) + 1e-8)


@mistake("gradient_reversal")
def turns_the_value_round(x, strength):
    """Forward the value must stay x; you returned −strength · x.

    前向取值必须是 x；你返回了 −strength · x。
    """
    return -strength * x


@mistake("gradient_reversal")
def does_nothing(x, strength):
    """The gradient runs through unchanged: nothing is reversed.

    梯度原样通过：什么都没有反转。
    """
    return x * 1


@mistake("gradient_reversal")
def forgets_the_sign(x, strength):
    """The gradient is multiplied by +strength; it should be −strength.

    梯度乘的是 +strength；应该是 −strength。
    """
    return strength * x + ((1 - strength) * x).detach()


@mistake("gradient_reversal")
def ignores_the_strength(x, strength):
    """The gradient is −1 whatever the strength.

    不管 strength 是多少，梯度都是 −1。
    """
    return -x + (2 * x).detach()


@mistake("gradient_reversal")
def only_positive_strengths(x, strength):
    """A negative strength is a control: it lets the gradient through. You took its absolute value.

    负的 strength 是对照：让梯度照常通过。你取了绝对值。
    """
    size = abs(strength)
    return -size * x + ((1 + size) * x).detach()


@mistake("gradient_reversal")
def one_plus_strength(x, strength):
    """The gradient is −strength, not 1 − strength: the part x keeps its own gradient; detach it.

    梯度应为 −strength，而不是 1 − strength：x 那一部分还带着自己的梯度，要 detach。
    """
    return x - strength * x + (strength * x).detach()


def _bpr(u, i, j):
    return -logsigmoid((u * (i - j)).sum(1)).mean()


def _apr(rows, epsilon, weight, loss=_bpr, way=None, constant=True, second=None):
    leaves = [row if row.requires_grad else row.detach().requires_grad_() for row in rows]
    graph = torch.autograd.grad(loss(*leaves), leaves, create_graph=not constant)
    change = [epsilon * (normalize(g, dim=1, eps=1e-300) if way is None else way(g)) for g in graph]
    moved = [row + step for row, step in zip(leaves if second is None else second(leaves), change, strict=True)]
    return loss(*rows) + weight * loss(*moved)


@mistake("apr_loss")
def differentiates_through_the_change(user, item, other, epsilon, weight):
    """The gradient runs through the change as well: it must count as a constant.

    梯度穿过了扰动本身：扰动应当作常数。
    """
    return _apr((user, item, other), epsilon, weight, constant=False)


@mistake("apr_loss")
def moves_detached_vectors(user, item, other, epsilon, weight):
    """You added the change to detached copies, so the second loss has no gradient.

    你把扰动加到了 detach 之后的副本上，第二项损失就没有梯度了。
    """
    return _apr((user, item, other), epsilon, weight, second=lambda leaves: [row.detach() for row in leaves])


@mistake("apr_loss")
def takes_the_sign(user, item, other, epsilon, weight):
    """APR divides each row by its length; you took the sign, which is FGSM.

    APR 是每行除以长度；你取了符号，那是 FGSM。
    """
    return _apr((user, item, other), epsilon, weight, way=torch.sign)


@mistake("apr_loss")
def helps_instead_of_attacking(user, item, other, epsilon, weight):
    """The change lowers the loss: the sign is turned round.

    扰动在降低损失：符号反了。
    """
    return _apr((user, item, other), -epsilon, weight)


@mistake("apr_loss")
def only_the_worst_loss(user, item, other, epsilon, weight):
    """The plain loss is missing: APR adds the second to it.

    少了普通损失：APR 是在它之上再加第二项。
    """
    rows = (user, item, other)
    return _apr(rows, epsilon, weight) - _bpr(*rows)


@mistake("apr_loss")
def forgets_the_weight(user, item, other, epsilon, weight):
    """The second loss is not multiplied by the weight.

    第二项损失没有乘 weight。
    """
    return _apr((user, item, other), epsilon, 1.0)


@mistake("apr_loss")
def leaves_the_other_item_alone(user, item, other, epsilon, weight):
    """Only user and item were moved; the other item's vector moves too.

    只动了 user 和 item；other 的向量也要动。
    """
    leaves = [row if row.requires_grad else row.detach().requires_grad_() for row in (user, item, other)]
    graph = torch.autograd.grad(_bpr(*leaves), leaves)
    u, i = (row + epsilon * normalize(g, dim=1, eps=1e-300) for row, g in zip(leaves[:2], graph[:2], strict=True))
    return _bpr(user, item, other) + weight * _bpr(u, i, leaves[2])


@mistake("apr_loss")
def one_length_for_all_rows(user, item, other, epsilon, weight):
    """You scaled the whole gradient of a table to epsilon; every row has its own length.

    你把整张表的梯度缩放到了 epsilon；每一行应各自缩放。
    """
    return _apr((user, item, other), epsilon, weight, way=lambda g: g / g.norm().clamp(min=1e-300))


@mistake("apr_loss")
def nan_where_a_gradient_is_zero(user, item, other, epsilon, weight):
    """0 / 0: a row whose gradient is zero does not move.

    0 / 0：梯度为零的行不动。
    """
    return _apr((user, item, other), epsilon, weight, way=lambda g: g / g.norm(dim=1, keepdim=True))


@mistake("apr_loss")
def log_of_sigmoid(user, item, other, epsilon, weight):
    """log(sigmoid(x)) is −inf where the sigmoid underflows: use logsigmoid.

    sigmoid 下溢时 log(sigmoid(x)) 是 −inf：用 logsigmoid。
    """
    return _apr((user, item, other), epsilon, weight, loss=lambda u, i, j: -(u * (i - j)).sum(1).sigmoid().log().mean())


@mistake("apr_loss")
def sums_over_the_triples(user, item, other, epsilon, weight):
    """You summed over the triples; the loss is their mean.

    你对三元组求了和；损失应取平均。
    """
    return _apr((user, item, other), epsilon, weight) * len(user)


@mistake("apr_loss")
def a_constant_beside_the_length(user, item, other, epsilon, weight):
    """A constant added to the length makes steps along tiny gradients too short.

    长度上加了常数，会让很小的梯度对应的步长变短。
    """
    return _apr((user, item, other), epsilon, weight, way=lambda g: g / (g.norm(dim=1, keepdim=True) + 1e-8))
