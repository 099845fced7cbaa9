"""Terms of q30, augmentation of histories and ratings."""

from .term import Term

TERMS = (
    Term("EASE", "EASE", "model"),
    Term("last target", "只用最后一个目标", "model"),
    Term("last five targets", "最后五个目标", "model"),
    Term("all prefixes", "全部前缀", "model"),
    Term("last five targets, mask", "最后五个目标＋掩码", "model"),
    Term("last five targets, crop", "最后五个目标＋裁剪", "model"),
    Term("last five targets, reorder", "最后五个目标＋重排", "model"),
    Term("all prefixes, mask", "全部前缀＋掩码", "model"),
    Term("leaking items", "泄漏的物品向量", "model"),
    Term("leaking items, feature noise", "泄漏的物品向量＋特征噪声", "model"),
    Term("items without leak", "无泄漏的物品向量", "model"),
    Term("items without leak, feature noise", "无泄漏的物品向量＋特征噪声", "model"),
    Term("head, noisy ratings", "闭式解预测头，训练评分加噪声", "model"),
    Term("head, stronger prior", "闭式解预测头，更强的先验", "model"),
    Term("{n}% of the support wrong", "支持集中 {n}% 是乱填的", "condition", ("wrong={n}%",)),
)
