"""Terms of q01, what meta-learning is."""

from .term import Term

TERMS = (
    Term("first-order MAML", "一阶 MAML（FOMAML）", "model", ("FOMAML",)),
    Term("Reptile", "Reptile", "model"),
    Term("MAML whose step ignores K", "步长不随 K 变的 MAML", "model", ("MAML, step not K-aware",)),
    Term("pooled network", "混合数据训练的网络", "model", ("pooled",)),
    Term("untrained network", "未训练的网络", "model", ("random",)),
    Term("gradient step {n}", "第 {n} 步梯度之后", "condition", ("steps={n}",)),
    Term("sine waves", "条正弦波", "unit", ("waves",)),
)
