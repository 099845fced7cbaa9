"""Terms of q31, augmented tasks."""

from .term import Term

TERMS = (
    Term("feature noise", "特征噪声", "model"),
    Term("shared label noise", "共享标签噪声", "model"),
    Term("mixup", "任务内 mixup", "model"),
    Term("MetaMix", "MetaMix", "model"),
    Term("between tasks", "任务间插值", "model"),
    Term("ANIL, never stopped", "ANIL，不早停", "model"),
    Term("feature noise, never stopped", "特征噪声，不早停", "model"),
    Term("ANIL, one split", "ANIL，固定一次切分", "model"),
    Term("in-context Transformer, one split", "上下文 Transformer，固定一次切分", "model"),
    Term("user-id head, label noise", "带用户 ID 的预测头＋标签噪声", "model"),
)
