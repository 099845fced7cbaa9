"""Terms of q29, search for a meta-learner."""

from .term import Term

TERMS = (
    Term("squared error, many scales", "平方误差（多个尺度）", "metric", ("mse of many scales",)),
    Term("default", "默认配置", "model"),
    Term("winner", "选出的赢家", "model"),
    Term("winner of one's own group", "本组选出的赢家", "model"),
    Term("winner of another group", "别组选出的赢家", "model"),
    Term("default, on those who choose", "默认配置（选择者自己）", "model"),
    Term("random search, pruned", "随机搜索加剪枝", "model"),
    Term("warm start, pruned", "热启动加剪枝", "model"),
    Term("hypergradient", "超梯度", "model"),
    Term("learned prior, untouched", "学到的先验，不再调", "model", ("start",)),
    Term("one multiplier", "共用一个倍数", "model"),
    Term("{n} choosing users", "{n} 名用户来选", "condition", ("choosers={n}", "chosen_by={n}")),
    Term("all choosing users", "全部用户来选", "condition", ("chosen_by=all",)),
    Term("default first", "先试默认，再随机", "model"),
    Term("default first, pruned", "先试默认，再随机，加剪枝", "model"),
)
