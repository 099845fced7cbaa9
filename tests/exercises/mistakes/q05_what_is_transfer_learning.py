"""Named wrong answers of q05."""

import numpy as np
import torch

from metarec_lib.workbook import mistake


def _change(x, a, b):
    return (x.unsqueeze(1) @ a.mT @ b.mT).squeeze(1)


@mistake("lora_forward")
def forgets_to_divide_by_the_rank(x, weight, a, b, alpha):
    """You scaled by alpha: the scale is alpha / R, so that another rank needs no other learning rate.

    你用 alpha 做缩放：应是 alpha / R，这样换了秩不必重调学习率。
    """
    return x @ weight.mT + alpha * _change(x, a, b)


@mistake("lora_forward")
def divides_by_the_inputs(x, weight, a, b, alpha):
    """You divided by D, the length of x: R is the number of rows of A_u.

    你除以了 x 的长度 D：R 是 A_u 的行数。
    """
    return x @ weight.mT + alpha / a.shape[2] * _change(x, a, b)


@mistake("lora_forward")
def gives_all_users_the_first_adapter(x, weight, a, b, alpha):
    """You gave all users the adapter of the first: user u has a[u] and b[u].

    你让所有用户都用第一个人的适配器：用户 u 用的是 a[u] 和 b[u]。
    """
    return x @ weight.mT + alpha / a.shape[1] * x @ a[0].mT @ b[0].mT


@mistake("lora_forward")
def averages_the_adapters(x, weight, a, b, alpha):
    """You averaged the adapters over the users: the mean of B_u A_u is one adapter for all.

    你对用户的适配器取了平均：那等于大家共用一个适配器。
    """
    return x @ (weight + alpha / a.shape[1] * (b @ a).mean(0)).mT


@mistake("lora_forward")
def leaves_the_frozen_weight_away(x, weight, a, b, alpha):
    """You returned the change alone: the frozen W x is added to it.

    你只返回了变化量：还要加上冻结的 W x。
    """
    return alpha / a.shape[1] * _change(x, a, b)


@mistake("lora_forward")
def leaves_the_adapters_away(x, weight, a, b, alpha):
    """You applied W alone: the adapters do nothing.

    你只用了 W：适配器没有起作用。
    """
    return x @ weight.mT + 0 * _change(x, a, b)


@mistake("lora_forward")
def detaches_the_adapters(x, weight, a, b, alpha):
    """You detached A and B, or copied their numbers: they are what is trained.

    你对 A、B 做了 detach（或只复制了数值）：要训练的正是它们。
    """
    return x @ weight.mT + alpha / a.shape[1] * _change(x, a.detach(), b.detach()) + 0 * a.sum() + 0 * b.sum()


@mistake("lora_forward")
def takes_the_change_away(x, weight, a, b, alpha):
    """You subtracted the change: it is added.

    你减去了变化量：应当加上。
    """
    return x @ weight.mT - alpha / a.shape[1] * _change(x, a, b)


@mistake("lora_forward")
def squeezes_every_axis_of_length_one(x, weight, a, b, alpha):
    """You squeezed every axis of length 1: with one output the sum with W x is then (B, B). Squeeze axis 1 alone.

    你用 squeeze() 去掉了所有长度为 1 的维：只有一个输出时，与 W x 相加就成了 (B, B)。只去掉第 1 维：squeeze(1)。
    """
    return x @ weight.mT + alpha / a.shape[1] * (x.unsqueeze(1) @ a.mT @ b.mT).squeeze()


@mistake("merge_lora")
def takes_the_rank_for_two(weight, a, b, alpha):
    """You divided by 2: R is the number of rows of A, whatever it is.

    你除以了固定的 2：R 是 A 的行数，要从 A 里读。
    """
    return weight + alpha / 2 * b @ a


@mistake("merge_lora")
def rounds_the_scale(weight, a, b, alpha):
    """You divided with //: alpha / R need not be a whole number.

    你用了整除 //：alpha / R 不一定是整数。
    """
    return weight + alpha // a.shape[0] * b @ a


@mistake("merge_lora")
def merges_without_the_rank(weight, a, b, alpha):
    """You scaled by alpha: the scale is alpha / R, as in the forward pass.

    你用 alpha 做缩放：应是 alpha / R，与前向计算一致。
    """
    return weight + alpha * b @ a


@mistake("merge_lora")
def merges_by_the_outputs(weight, a, b, alpha):
    """You divided by O, the rows of B: R is the number of rows of A.

    你除以了 B 的行数 O：R 是 A 的行数。
    """
    return weight + alpha / b.shape[0] * b @ a


@mistake("merge_lora")
def returns_the_change_alone(weight, a, b, alpha):
    """You returned the change alone: add it to W.

    你只返回了变化量：还要加到 W 上。
    """
    return alpha / a.shape[0] * b @ a


@mistake("merge_lora")
def does_not_merge(weight, a, b, alpha):
    """You returned W as it was: add (alpha / R) B A.

    你原样返回了 W：应加上 (alpha / R) B A。
    """
    return weight.clone()


@mistake("merge_lora")
def scales_the_weight_as_well(weight, a, b, alpha):
    """You scaled W as well: only the change is scaled.

    你把 W 也缩放了：只缩放变化量。
    """
    return alpha / a.shape[0] * (weight + b @ a)


@mistake("merge_lora")
def changes_the_shared_weight(weight, a, b, alpha):
    """You changed W itself: others share it, so return a new tensor.

    你改动了 W 本身：它还有别人在用，请返回新张量。
    """
    weight += alpha / a.shape[0] * b @ a
    return weight


@mistake("l2_sp_penalty")
def pulls_everything_to_zero(weights, source, alpha, beta):
    """You pulled everything to zero, which is weight decay: shared parameters are pulled to the source.

    你把所有参数都拉向零，那是权重衰减：共有的参数应拉向源域。
    """
    return sum((alpha if name in source else beta) / 2 * (value**2).sum() for name, value in weights.items())


@mistake("l2_sp_penalty")
def forgets_what_is_new(weights, source, alpha, beta):
    """You left the new parameters out: they are pulled to zero, with strength beta.

    你漏掉了新增的参数：它们以强度 beta 拉向零。
    """
    parts = [alpha / 2 * ((v - source[name]) ** 2).sum() for name, v in weights.items() if name in source]
    return sum(parts) + 0 * sum(v.sum() for v in weights.values())


@mistake("l2_sp_penalty")
def forgets_the_half(weights, source, alpha, beta):
    """You left the factor 1/2 out: with it the gradient is alpha (w − w_source).

    你漏了系数 1/2：有了它，梯度才是 alpha (w − w_source)。
    """
    return sum(
        alpha * ((v - source[name]) ** 2).sum() if name in source else beta * (v**2).sum()
        for name, v in weights.items()
    )


@mistake("l2_sp_penalty")
def averages_over_the_entries(weights, source, alpha, beta):
    """You averaged over a tensor's entries: L2-SP sums them, whatever the tensor's size.

    你对张量的元素取了平均：L2-SP 是求和，与张量大小无关。
    """
    return sum(
        alpha / 2 * ((v - source[name]) ** 2).mean() if name in source else beta / 2 * (v**2).mean()
        for name, v in weights.items()
    )


@mistake("l2_sp_penalty")
def uses_one_strength_for_both(weights, source, alpha, beta):
    """You used alpha for the new parameters as well: their strength is beta.

    你对新增的参数也用了 alpha：它们的强度是 beta。
    """
    return sum(alpha / 2 * ((v - source.get(name, 0 * v)) ** 2).sum() for name, v in weights.items())


@mistake("l2_sp_penalty")
def swaps_the_strengths(weights, source, alpha, beta):
    """You swapped the strengths: alpha is for what the source has, beta for what is new.

    你把两个强度弄反了：alpha 对应源域已有的参数，beta 对应新增的参数。
    """
    return sum(
        beta / 2 * ((v - source[name]) ** 2).sum() if name in source else alpha / 2 * (v**2).sum()
        for name, v in weights.items()
    )


@mistake("l2_sp_penalty")
def takes_the_length_instead_of_its_square(weights, source, alpha, beta):
    """You took the length of the difference: the penalty is its square.

    你取的是差的长度：惩罚项是长度的平方。
    """
    return sum(
        alpha / 2 * (v - source[name]).norm() if name in source else beta / 2 * v.norm() for name, v in weights.items()
    )


@mistake("l2_sp_penalty")
def pairs_by_place_instead_of_name(weights, source, alpha, beta):
    """You paired the tensors by their place in the two dictionaries: pair them by name.

    你按字典里的先后次序配对：应按名字配对。
    """
    paired = zip(weights.values(), source.values(), strict=False)
    moved = sum(((v - s) ** 2).sum() for v, s in paired if v.shape == s.shape)
    return alpha / 2 * moved + beta / 2 * sum((v**2).sum() for name, v in weights.items() if name not in source)


@mistake("l2_sp_penalty")
def squares_a_root(weights, source, alpha, beta):
    """You squared a length: at the source the root of 0 has no slope, and the gradient is NaN. Sum the squares.

    你先求长度再平方：在源域的位置上，0 的平方根没有导数，梯度成了 NaN。直接求平方和。
    """
    parts = [alpha / 2 * ((v - source[n]) ** 2).sum().sqrt() ** 2 for n, v in weights.items() if n in source]
    return sum(parts) + sum(beta / 2 * (v**2).sum() for n, v in weights.items() if n not in source)


@mistake("l2_sp_penalty")
def cuts_the_penalty_off(weights, source, alpha, beta):
    """Your penalty has no gradient: it must be computed from the weights themselves, not from detached copies.

    你的惩罚项没有梯度：要用参数本身来算，不能用 detach 之后的副本。
    """
    value = sum(
        alpha / 2 * ((v - source[name]) ** 2).sum() if name in source else beta / 2 * (v**2).sum()
        for name, v in weights.items()
    )
    return value.detach() + 0 * sum(v.sum() for v in weights.values())


@mistake("merge_lora")
def counts_the_rank_of_the_product(weight, a, b, alpha):
    """You took the rank of B A: R is the number of rows of A, also where they are alike.

    你取了 B A 的秩：R 是 A 的行数，行与行相同也照数。
    """
    return weight + alpha / max(1, int(torch.linalg.matrix_rank(b @ a))) * b @ a


@mistake("align_space")
def turns_the_old_space(vectors, reference):
    """You turned the old space onto the new one: that is the transpose of what is asked.

    你把旧空间转到了新空间：那是所求矩阵的转置。
    """
    left, _, right = np.linalg.svd(reference.T @ vectors)
    return left @ right


@mistake("align_space")
def takes_the_right_vectors_the_wrong_way_round(vectors, reference):
    """numpy.linalg.svd returns Wᵀ, not W: you transposed it once too often.

    numpy.linalg.svd 返回的是 Wᵀ 而不是 W：你多转置了一次。
    """
    left, _, right = np.linalg.svd(vectors.T @ reference)
    return left @ right.T


@mistake("align_space")
def stretches(vectors, reference):
    """You solved least squares: that map stretches the space, asked is a rotation.

    你解的是最小二乘：那个映射会拉伸空间，要的是旋转。
    """
    return np.linalg.lstsq(vectors.astype(float), reference.astype(float), rcond=None)[0]


@mistake("align_space")
def keeps_the_singular_values(vectors, reference):
    """You left the singular values in: with them it is vectorsᵀ reference again, not a rotation.

    你没有去掉奇异值：这样又得到 vectorsᵀ reference，不是旋转。
    """
    return vectors.T @ reference * 1.0


@mistake("align_space")
def centres_first(vectors, reference):
    """You centred the vectors: a film's score is an inner product, which depends on where zero is.

    你先做了中心化：影片的得分是内积，与原点在哪里有关。
    """
    left, _, right = np.linalg.svd((vectors - vectors.mean(0)).T @ (reference - reference.mean(0)))
    return left @ right


@mistake("align_space")
def refuses_reflections(vectors, reference):
    """You forced the determinant to 1: a reflection is allowed, retraining may flip an axis.

    你强制行列式为 1：反射是允许的，重训可能翻转某一轴。
    """
    left, _, right = np.linalg.svd(vectors.T @ reference)
    left[:, -1] *= np.sign(np.linalg.det(left @ right))
    return left @ right


@mistake("align_space")
def returns_the_aligned_vectors(vectors, reference):
    """You returned the turned vectors, (N, D): asked is the rotation Q, (D, D), which is applied to users too.

    你返回的是转过的向量 (N, D)：要的是旋转 Q，(D, D)，它还要用在用户向量上。
    """
    left, _, right = np.linalg.svd(vectors.T @ reference)
    return vectors @ left @ right


@mistake("align_space")
def leaves_the_space_as_it_is(vectors, reference):
    """You returned the identity: nothing is turned.

    你返回了单位阵：什么都没有转。
    """
    return np.eye(vectors.shape[1])
