"""Named wrong answers of q16."""

from math import comb

import torch

from metarec_lib.workbook import mistake


def _path(model, x, baseline, fractions):
    total = torch.zeros_like(x)
    for fraction in fractions:
        point = (baseline + fraction * (x - baseline)).detach().requires_grad_()
        total = total + torch.autograd.grad(model(point), point)[0]
    return (total / len(fractions)).detach()


@mistake("integrated_gradients")
def gradient_times_input(model, x, baseline, steps):
    """That is gradient × input: the gradient at x alone. Average it along the path.

    这是梯度乘输入，只在 x 处取了梯度。要沿路径取平均。
    """
    return ((x - baseline) * _path(model, x, baseline, [1.0])).detach()


@mistake("integrated_gradients")
def forgets_the_factor(model, x, baseline, steps):
    """You returned the mean gradient; it still has to be multiplied by x − baseline.

    你返回的是平均梯度，还要乘以 x − baseline。
    """
    return _path(model, x, baseline, [(i + 0.5) / steps for i in range(steps)])


@mistake("integrated_gradients")
def from_zero(model, x, baseline, steps):
    """Your path starts at zero, not at the baseline.

    你的路径从零出发，而不是从基线出发。
    """
    return (x * _path(model, x, torch.zeros_like(x), [(i + 0.5) / steps for i in range(steps)])).detach()


@mistake("integrated_gradients")
def the_ends_of_the_steps(model, x, baseline, steps):
    """You took the gradient at the end of each step; take it at the middle.

    你在每一步的末端取了梯度；应在中点取。
    """
    return ((x - baseline) * _path(model, x, baseline, [(i + 1) / steps for i in range(steps)])).detach()


@mistake("integrated_gradients")
def multiplies_by_x(model, x, baseline, steps):
    """The factor in front is x − baseline, not x.

    前面的因子是 x − baseline，不是 x。
    """
    return (x * _path(model, x, baseline, [(i + 0.5) / steps for i in range(steps)])).detach()


@mistake("integrated_gradients")
def keeps_the_sum(model, x, baseline, steps):
    """You added the gradients up; divide by the number of steps.

    你把梯度加了起来，还要除以步数。
    """
    return steps * ((x - baseline) * _path(model, x, baseline, [(i + 0.5) / steps for i in range(steps)])).detach()


@mistake("integrated_gradients")
def counts_both_ends(model, x, baseline, steps):
    """Your fractions run from 0 to 1 with both ends; the middles of the steps are (i + ½) / steps.

    你的比例从 0 到 1，两端都算了进去；各步的中点是 (i + ½) / steps。
    """
    return ((x - baseline) * _path(model, x, baseline, torch.linspace(0, 1, steps).tolist())).detach()


@mistake("integrated_gradients")
def the_middle_alone(model, x, baseline, steps):
    """You took one gradient, half way, whatever `steps` is; take one in the middle of each step.

    不管 steps 是多少，你只在半路取了一次梯度；应在每一步的中点各取一次。
    """
    return ((x - baseline) * _path(model, x, baseline, [0.5])).detach()


@mistake("integrated_gradients")
def carries_a_gradient(model, x, baseline, steps):
    """Your answer still carries a gradient to x: detach it.

    你的结果还带着对 x 的梯度：要 detach。
    """
    return (x - baseline) * _path(model, x, baseline, [(i + 0.5) / steps for i in range(steps)])


@mistake("kernel_shap_weights")
def forgets_how_many_subsets(n, sizes):
    """The subsets of one size share its weight: divide by C(n, s).

    同样大小的子集平分权重：要除以 C(n, s)。
    """
    _inside(n, sizes)
    return [float("inf") if s in (0, n) else (n - 1) / (s * (n - s)) for s in sizes]


@mistake("kernel_shap_weights")
def shapley_weights(n, sizes):
    """That is the weight in the Shapley sum, 1 / (n C(n − 1, s)); the least squares has another one.

    这是 Shapley 求和公式里的权重 1 / (n C(n − 1, s))；最小二乘用的是另一个。
    """
    _inside(n, sizes)
    return [float("inf") if s in (0, n) else 1 / (n * comb(n - 1, s)) for s in sizes]


@mistake("kernel_shap_weights")
def zero_at_the_ends(n, sizes):
    """The empty and the full subset weigh infinity: there the fit must be exact. You gave 0.

    空集和全集的权重是无穷大，那里必须精确拟合；你给了 0。
    """
    _inside(n, sizes)
    return [0.0 if s in (0, n) else (n - 1) / (comb(n, s) * s * (n - s)) for s in sizes]


@mistake("kernel_shap_weights")
def takes_any_size(n, sizes):
    """A size below 0 or above n is no subset: raise ValueError.

    小于 0 或大于 n 的大小不是子集：应引发 ValueError。
    """
    return [float("inf") if s <= 0 or s >= n else (n - 1) / (comb(n, s) * s * (n - s)) for s in sizes]


@mistake("kernel_shap_weights")
def one_weight_a_size(n, sizes):
    """Sizes may repeat and come in any order: return one weight for each entry.

    大小可以重复，顺序任意：列表里每一项都要返回一个权重。
    """
    _inside(n, sizes)
    return [float("inf") if s in (0, n) else (n - 1) / (comb(n, s) * s * (n - s)) for s in sorted(set(sizes))]


def _inside(n, sizes):
    if any(s < 0 or s > n for s in sizes):
        raise ValueError("size")


def _curve(model, x, baseline, order):
    current, outputs = x.clone(), [model(x)]
    for place in order:
        current[place] = baseline[place]
        outputs.append(model(current))
    return torch.stack(outputs)


@mistake("deletion_curve")
def the_lowest_first(model, x, baseline, attribution):
    """You took the lowest attribution away first.

    你先拿掉了归因最小的。
    """
    return _curve(model, x, baseline, attribution.argsort(stable=True))


@mistake("deletion_curve")
def by_absolute_value(model, x, baseline, attribution):
    """Ordered by size alone; the sign counts: a negative attribution goes last.

    你按绝对值排了序；要看正负号，负的归因最后走。
    """
    return _curve(model, x, baseline, attribution.abs().argsort(descending=True, stable=True))


@mistake("deletion_curve")
def the_most_negative_before_the_others(model, x, baseline, attribution):
    """Among negative attributions you took the largest in size first; the most negative goes last.

    在负的归因里，你先拿掉了绝对值最大的；最负的应最后走。
    """
    order = sorted(range(len(x)), key=lambda i: (float(attribution[i]) < 0, -abs(float(attribution[i]))))
    return _curve(model, x, baseline, order)


@mistake("deletion_curve")
def one_at_a_time(model, x, baseline, attribution):
    """Each step put the earlier inputs back: what is replaced stays replaced.

    你每一步都把前面的输入放了回去；换掉的应一直保持换掉。
    """
    outputs = [model(x)]
    for place in attribution.argsort(descending=True, stable=True):
        point = x.clone()
        point[place] = baseline[place]
        outputs.append(model(point))
    return torch.stack(outputs)


@mistake("deletion_curve")
def by_rank_instead_of_order(model, x, baseline, attribution):
    """argsort once gives which input goes first; you sorted again, which gives the rank of each input.

    argsort 一次得到先换哪个输入；你又排了一次，得到的是每个输入的名次。
    """
    return _curve(model, x, baseline, attribution.argsort(descending=True, stable=True).argsort())


@mistake("deletion_curve")
def sets_to_zero(model, x, baseline, attribution):
    """You replaced by zero; the baseline says what to put there.

    你换成了零；应换成基线值。
    """
    return _curve(model, x, torch.zeros_like(x), attribution.argsort(descending=True, stable=True))


@mistake("deletion_curve")
def starts_with_one_replaced(model, x, baseline, attribution):
    """The first number is the model at x, with nothing replaced: D + 1 numbers in all.

    第一个数是什么都没换的 model(x)，一共 D + 1 个数。
    """
    return _curve(model, x, baseline, attribution.argsort(descending=True, stable=True))[1:]


@mistake("deletion_curve")
def changes_x(model, x, baseline, attribution):
    """You wrote into x itself; the caller still needs it.

    你直接改了 x；调用者还要用它。
    """
    outputs = [model(x)]
    for place in attribution.argsort(descending=True, stable=True):
        x[place] = baseline[place]
        outputs.append(model(x))
    return torch.stack(outputs)


@mistake("deletion_curve")
def later_positions_first(model, x, baseline, attribution):
    """Of equal attributions the earlier position goes first; yours go from the back.

    归因相等时位置靠前的先走；你是从后往前的。
    """
    return _curve(model, x, baseline, attribution.argsort(stable=True).flip(0))
