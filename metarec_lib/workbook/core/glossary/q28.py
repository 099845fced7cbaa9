"""Terms of q28, search."""

from .term import Term

TERMS = (
    Term("regret", "遗憾（与表中最优的差）", "metric"),
    Term("squared error on the validation users", "验证用户上的平方误差", "metric", ("validation mse",)),
    Term("random search", "随机搜索", "model"),
    Term("TPE", "TPE", "model"),
    Term("GP", "高斯过程搜索", "model"),
    Term("warm start", "按邻近任务热启动", "model"),
    Term("warm start from all", "按全部任务热启动", "model"),
    Term("successive halving", "逐轮减半", "model"),
    Term("random search, equal cost", "同等开销的随机搜索", "model"),
    Term("best of the segment", "本群最优的配置", "model"),
    Term("one setting for all", "所有群共用一个配置", "model"),
    Term("{n} trials", "试 {n} 次", "condition", ("trials={n}",)),
    Term("segments of users", "个用户群", "unit"),
)
