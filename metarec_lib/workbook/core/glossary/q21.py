"""Terms of q21, online meta-learning."""

from .term import Term

TERMS = (
    Term("running bias", "累计偏置", "model"),
    Term("train on everything", "混合全部数据训练", "model"),
    Term("online empirical Bayes", "在线经验贝叶斯", "model"),
    Term("follow the meta-leader", "跟随元领先者（FTML）", "model", ("FTML", "leader")),
    Term("continual SGD", "持续 SGD", "model", ("continual",)),
    Term("continual SGD, long steps", "大步长的持续 SGD", "model"),
    Term("frozen start", "冻结的初始化", "model"),
    Term("frozen empirical Bayes", "冻结的经验贝叶斯", "model"),
    Term("task replay", "任务回放", "model"),
    Term("order of arrival", "按到达次序", "condition", ("order=time",)),
)
