"""Terms of q08, learning from a stream."""

from .term import Term

TERMS = (
    Term("static biases", "不再更新的偏置", "model"),
    Term("static matrix factorisation", "不再更新的矩阵分解", "model"),
    Term("running means", "累计均值", "model"),
    Term("fresh users only", "只更新用户侧", "model"),
    Term("fresh items only", "只更新物品侧", "model"),
    Term("online matrix factorisation", "在线矩阵分解", "model", ("OnlineMatrixFactorization",)),
    Term("recursive Bayes", "递归贝叶斯", "model"),
    Term("recursive Bayes, forgetting", "带遗忘的递归贝叶斯", "model"),
    Term("recursive Bayes, own order shuffled", "递归贝叶斯（打乱自己的次序）", "model"),
    Term("recursive Bayes, forgetting, own order shuffled", "带遗忘的递归贝叶斯（打乱自己的次序）", "model"),
    Term("recursive ridge from zero", "从零起步的递归岭回归", "model"),
    Term("retrained", "定期重训", "model"),
    Term("retrained and updated", "定期重训并逐条更新", "model"),
    Term("every {n} events", "每 {n} 条事件", "condition", ("every={n}",)),
    Term("{n} or more ratings before", "之前已有至少 {n} 条评分", "condition", ("seen={n}",)),
    Term("first rating", "第一条评分", "condition", ("seen=0",)),
    Term("RMSE over all events", "全部事件的 RMSE", "metric", ("event rmse",)),
)
