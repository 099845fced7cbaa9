"""Terms of q25, adaptive adversarial training. The Huber head and the worst rating are named in q24."""

from .term import Term

TERMS = (
    Term("error without attack", "无攻击时的误差", "metric", ("clean",)),
    Term("error under the worst rating", "最坏改动下的误差", "metric", ("worst",)),
    Term("error with one user in ten attacked", "十分之一用户受攻击时的误差", "metric", ("mixed",)),
    Term("plain head", "普通预测头", "model", ("head, chosen",)),
    Term("trained as long, no attack", "同样训练、不受攻击", "model", ("no attack, chosen",)),
    Term("fixed strength", "固定强度", "model", ("fixed, chosen", "fixed")),
    Term("scheduled strength", "按进度增强", "model", ("scheduled, chosen", "scheduled")),
    Term("loss-driven strength", "由损失调节强度", "model", ("loss-driven, chosen", "loss-driven")),
    Term("shrunken head", "收缩的预测头", "model", ("shrunken head, chosen",)),
    Term("tuned Huber head", "调过阈值的 Huber 预测头", "model", ("Huber head, chosen",)),
    Term("Huber head on fixed strength", "固定强度再加 Huber", "model", ("Huber head on fixed, chosen",)),
    Term("one threshold for all", "统一阈值", "model", ("one threshold",)),
    Term("threshold that follows K", "随 K 变化的阈值", "model", ("threshold by K",)),
    Term("no poisoned rating", "没有被改的评分", "condition", ("poisoned=0",)),
    Term("one poisoned rating", "一条被改的评分", "condition", ("poisoned=1",)),
    Term("two poisoned ratings", "两条被改的评分", "condition", ("poisoned=2",)),
)
