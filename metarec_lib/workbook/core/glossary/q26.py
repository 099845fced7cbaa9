"""Terms of q26, task diversity."""

from .term import Term

TERMS = (
    # linear tasks
    Term("learned subspace", "学到的子空间", "model"),
    Term("wide subspace", "与任务一样宽的子空间", "model"),
    Term("ridge from scratch", "从零学的岭回归", "model"),
    Term("{n} directions", "任务张成 {n} 个方向", "condition", ("directions={n}",)),
    Term("{n} training tasks", "{n} 个训练任务", "condition", ("tasks={n}",)),
    Term("new linear tasks", "个新的线性任务", "unit", ("linear tasks",)),
    # sets of users to meta-train on
    Term("30 users alike", "30 名相似用户", "model", ("alike",)),
    Term("30 users alike in taste", "30 名口味相似的用户", "model", ("taste",)),
    Term("30 users at random", "随机 30 名用户", "model", ("uniform",)),
    Term("30 users drawn by a DPP", "DPP 抽出的 30 名用户", "model", ("dpp",)),
    Term("the 30 most active users", "最活跃的 30 名用户", "model", ("active",)),
    Term("{n} ratings each", "每人 {n} 条评分", "condition", ("volume={n}",)),
    Term("all their ratings", "用他们的全部评分", "condition", ("volume=all",)),
    Term("the head as learner", "由闭式解预测头学习", "condition", ("learner=head", "the head learns")),
    Term("the bias as learner", "由收缩偏置学习", "condition", ("learner=bias", "the bias learns")),
)
