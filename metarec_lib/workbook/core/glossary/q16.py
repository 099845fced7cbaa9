"""Terms of q16, explanations."""

from .term import Term

TERMS = (
    Term("fall of the score", "得分下降量", "metric", ("fall",)),
    Term("movement of the score", "得分变动量", "metric", ("move",)),
    Term("fall of the first place's score", "榜首得分下降量", "metric", ("reason fall",)),
    Term("integrated gradients", "积分梯度", "model"),
    Term("gradient x input", "梯度乘输入", "model"),
    Term("absolute gradient", "梯度绝对值", "model"),
    Term("KernelSHAP", "KernelSHAP", "model"),
    Term("LIME", "LIME", "model"),
    Term("occlusion", "逐条遮挡", "model"),
    Term("attention weights", "注意力权重", "model"),
    Term("attention times distance", "注意力乘偏离量", "model"),
    Term("distance from expectation", "偏离预期的程度", "model"),
    Term("random order", "随机顺序", "model"),
    Term("exact influence", "精确影响", "model"),
    Term("most similar liked film", "喜欢过的最相似影片", "model"),
    Term("random liked film", "随机一部喜欢过的影片", "model"),
    Term("the Transformer's predictions", "上下文 Transformer 的预测", "condition", ("of=in-context Transformer",)),
    Term("the head's predictions", "闭式解预测头的预测", "condition", ("of=closed-form head",)),
    Term("{n} ratings taken away", "拿掉 {n} 条评分", "condition", ("taken={n}",)),
)
