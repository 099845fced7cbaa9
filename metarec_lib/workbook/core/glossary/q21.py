"""Terms of q21, online meta-learning."""

from .term import Term

TERMS = (
    Term("running bias", "滚动更新的偏置基线", "model"),
    Term("train on everything", "混合全部数据训练", "model"),
    Term("online empirical Bayes", "在线经验贝叶斯", "model"),
    Term("follow the meta-leader", "跟随元领导者（FTML）", "model", ("FTML", "leader")),
    Term("continual SGD", "逐用户增量训练（SGD）", "model", ("continual",)),
    Term("continual SGD, long steps", "大步长的逐用户增量训练（SGD）", "model"),
    Term("frozen start", "冻结的初始化", "model"),
    Term("frozen empirical Bayes", "冻结的经验贝叶斯", "model"),
    Term("task replay", "任务回放", "model"),
    Term("order of arrival", "按到达时间顺序", "condition", ("order=time", "protocol=day")),
    Term("prior of the past", "用过去用户拟合的先验", "model"),
    Term("prior of the past, updated", "用过去用户拟合并更新的先验", "model"),
    Term("quarter {n} of the stream", "数据流的第 {n} 段", "condition", ("quarter={n}",)),
    Term("at the end", "数据流结束时", "condition", ("asked=at the end",)),
    Term("just after learning", "刚学完时", "condition", ("asked=just after", "just after")),
    Term("squared error in a quarter", "一段内的平方误差", "metric", ("mse in a quarter",)),
    Term("squared error, asked again", "再测的平方误差", "metric", ("mse asked again",)),
)
