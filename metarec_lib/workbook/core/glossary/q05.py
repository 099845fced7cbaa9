"""Terms of q05, transfer from a source to a target."""

from .term import Term

TERMS = (
    Term("from scratch on the target", "只用目标域从零训练", "model", ("scratch",)),
    Term("source only", "只用源域", "model"),
    Term("fine-tuned", "全量微调", "model"),
    Term("fine-tuned head", "只微调预测头", "model"),
    Term("LoRA", "LoRA", "model"),
    Term("fine-tuned, steps not tuned", "全量微调（步数未调）", "model", ("fine-tuned, not tuned",)),
    Term("LoRA, steps not tuned", "LoRA（步数未调）", "model", ("LoRA, not tuned",)),
    Term("fine-tuned with L2-SP", "带 L2-SP 的全量微调", "model", ("L2-SP",)),
    Term("pooled training", "混合数据训练", "model"),
    Term("head with light films too", "闭式解预测头（轻松片评分也用）", "model", ("head, both",)),
    Term("head with intense films alone", "闭式解预测头（只用紧张片评分）", "model", ("head, target only",)),
    Term("bias with light films too", "收缩偏置（轻松片评分也用）", "model", ("bias, both",)),
    Term("bias with intense films alone", "收缩偏置（只用紧张片评分）", "model", ("bias, target only",)),
    Term("new users on new films", "新用户向量配新物品向量", "model", ("new users, new films",)),
    Term("new users on old films", "新用户向量配旧物品向量", "model", ("new users, old films",)),
    Term(
        "new users turned back, on old films",
        "对齐后的新用户向量配旧物品向量",
        "model",
        ("new users turned back, old films",),
    ),
    Term("old users on old films", "旧用户向量配旧物品向量", "model", ("old users, old films",)),
    Term("{n} women", "{n} 名女性用户", "condition", ("women={n}",)),
)
