"""q11: How do you design multi-task learning for meta-learning in recommendation?

中文：q11：如何在元学习框架下做多任务学习？
"""

import torch
from torch import Tensor

from metarec_lib.workbook import exercise


@exercise(
    points=3,
    minutes=6,
    hints=[
        (
            "Each task has its own gate: logits = x @ gates[t], one number an expert, softmax over the experts.",
            "每个任务有自己的门控：logits = x @ gates[t]，每个专家一个数，对专家做 softmax。",
        ),
        (
            "All at once: torch.einsum('nd,tde->tne', x, gates).",
            "一次算完：torch.einsum('nd,tde->tne', x, gates)。",
        ),
        (
            "Then weigh the experts' outputs: torch.einsum('tne,enh->tnh', weights, outputs).",
            "再给专家的输出加权：torch.einsum('tne,enh->tnh', weights, outputs)。",
        ),
    ],
)
def mmoe_gate(x: Tensor, outputs: Tensor, gates: Tensor) -> Tensor:
    """What each task sees of the experts, in a multi-gate mixture (MMoE).

    x: (N, D), the inputs of N rows. outputs: (E, N, H), what each of E experts makes of them. gates: (T, D, E), one a task.
    Weights of task t for row n: softmax over the experts of x[n] @ gates[t].
    Returns (T, N, H), the weighted means of the experts' outputs. Gradients run to all three arguments.

    >>> x, outputs = torch.ones(1, 1), torch.tensor([[[0.0]], [[1.0]]])
    >>> mmoe_gate(x, outputs, torch.tensor([[[0.0, 0.0]], [[0.0, 100.0]]]))
    tensor([[[0.5000]],
    <BLANKLINE>
            [[1.0000]]])

    中文：多门混合专家（MMoE）里，每个任务看到的专家输出。
    x：(N, D)，N 行输入；outputs：(E, N, H)，E 个专家各自的输出；gates：(T, D, E)，每个任务一个门控。
    任务 t 对第 n 行的权重：x[n] @ gates[t] 对专家做 softmax。
    返回 (T, N, H)，专家输出的加权平均。梯度传到三个参数。
    """
    # BEGIN SOLUTION
    weights = torch.softmax(torch.einsum("nd,tde->tne", x, gates), dim=2)
    return torch.einsum("tne,enh->tnh", weights, outputs)
    # END SOLUTION


@exercise(
    points=4,
    minutes=8,
    hints=[
        (
            "Two cross-entropies over ALL impressions: of the click, and of click-and-purchase. None over clicked rows.",
            "两个交叉熵都在全部曝光上算：点击，以及“点击且转化”。没有只在点击样本上的那一项。",
        ),
        (
            "log P(click and buy) = logsigmoid(click) + logsigmoid(convert). Else: no click, or a click and no purchase.",
            "log P(点击且转化) = logsigmoid(click) + logsigmoid(convert)。否则：没点击，或者点击了没转化。",
        ),
        (
            "log(1 − ab) = logaddexp(logsigmoid(−click), logsigmoid(click) + logsigmoid(−convert)).",
            "log(1 − ab) = logaddexp(logsigmoid(−click), logsigmoid(click) + logsigmoid(−convert))，即没点或点了没转化。",
        ),
    ],
)
def esmm_loss(click_logit: Tensor, convert_logit: Tensor, clicked: Tensor, converted: Tensor) -> Tensor:
    """The loss of ESMM: the conversion tower learns from all impressions, through the product with the click tower.

    click_logit, convert_logit: (N,), of P(click) and P(convert | click) for N impressions. clicked, converted: (N,), 0 or 1
    (or bool); nothing converts unclicked. Returns, shape (): the mean over impressions of the cross-entropy of clicked under
    P(click), plus that of converted under P(click) · P(convert | click). Gradients run to both.
    Logits as large as ±50 must not give inf or NaN, in the loss or in its gradient.

    >>> zero = torch.zeros(2)
    >>> esmm_loss(zero, zero, torch.tensor([1, 0]), torch.tensor([1, 0]))  # log 2 + (log 4 + log 4/3) / 2
    tensor(1.5301)

    中文：ESMM 的损失：转化塔通过与点击塔相乘，在全部曝光上学习。
    click_logit、convert_logit：(N,)，N 次曝光的 P(点击) 与 P(转化 | 点击) 的 logit；clicked、converted：(N,)，0 或 1
    （或布尔值），没有点击就没有转化。返回形状 ()：对曝光平均，点击在 P(点击) 下的交叉熵，加上转化在
    P(点击) · P(转化 | 点击) 下的交叉熵。梯度传到两者。logit 大到 ±50 时，损失和梯度都不能出现 inf 或 NaN。
    """
    # BEGIN SOLUTION
    clicked, converted = clicked.to(click_logit.dtype), converted.to(click_logit.dtype)
    click, no_click, convert, no_convert = map(
        torch.nn.functional.logsigmoid, (click_logit, -click_logit, convert_logit, -convert_logit)
    )
    neither = torch.logaddexp(no_click, click + no_convert)
    first = clicked * click + (1 - clicked) * no_click
    return -(first + converted * (click + convert) + (1 - converted) * neither).mean()
    # END SOLUTION


@exercise(
    points=3,
    minutes=7,
    hints=[
        (
            "Only where the dot product is negative do the two conflict; otherwise nothing is taken out.",
            "点积为负才算冲突；否则什么都不去掉。",
        ),
        (
            "Take out the part along the other: g − (g · h / h · h) h, with h as it was given.",
            "去掉沿着对方的分量：g − (g · h / h · h) h，h 用原来的。",
        ),
        (
            "Go through the others in turn, with the g that the step before left; a gradient of zeros is skipped.",
            "依次处理其他任务，用上一步剩下的 g；全零的梯度跳过。",
        ),
    ],
)
def pcgrad_project(own: Tensor, others: list[Tensor]) -> Tensor:
    """One task's gradient, freed of what speaks against the other tasks (PCGrad).

    own: (P,). others: the other tasks' gradients, (P,) each, in the order in which they are looked at; may be empty.
    For each in turn: where the current gradient's dot product with it is negative, its component along that gradient is
    removed. The others are used as given. Nothing is changed in place. Returns (P,).

    >>> pcgrad_project(torch.tensor([1.0, 0.0]), [torch.tensor([-1.0, 1.0])])
    tensor([0.5000, 0.5000])

    中文：一个任务的梯度，去掉与其他任务相抵触的部分（PCGrad）。
    own：(P,)；others：其他任务的梯度，各为 (P,)，按处理的先后排列，可以为空。
    依次处理：当前梯度与它的点积为负时，去掉沿着它的分量。其他任务的梯度用原来的。不要原地修改。返回 (P,)。
    """
    # BEGIN SOLUTION
    for other in others:
        against = own @ other
        if against < 0:
            own = own - against / (other @ other) * other
    return own
    # END SOLUTION
