"""Terms of q06, evaluating a meta-learned recommender."""

from .term import Term

TERMS = (
    Term("a constant, ties in id order", "常数打分（同分按编号排）", "model"),
    Term("a constant, ties in random order", "常数打分（同分随机排）", "model"),
    Term("leaking bias", "泄漏的偏置", "model", ("bias, leaking",)),
    Term("leaking matrix factorisation", "泄漏的矩阵分解", "model", ("factors, leaking",)),
    Term("shrunken bias, items shrunk hard", "物品侧强收缩的偏置", "model", ("bias, items shrunk",)),
    Term("matrix factorisation, items shrunk hard", "物品侧强收缩的矩阵分解", "model", ("MF, items shrunk",)),
    Term("mean over all items", "对全部物品的平均分", "metric"),
    Term("mean of the ratings seen", "已有评分的均值", "model"),
    Term("IPS", "IPS", "model"),
    Term("SNIPS", "SNIPS", "model"),
    Term("the truth", "真值", "model"),
    Term("the full catalogue", "全部影片排序", "condition", ("full",)),
    Term("100 sampled negatives", "抽 100 个负样本", "condition", ("sampled",)),
    Term("cut in time", "按时间切分", "condition"),
    Term("users with a history", "有历史的用户", "condition"),
    Term("a synthetic world", "合成数据", "condition"),
)
