"""Terms of q11, multi-task learning."""

from .term import Term

TERMS = (
    Term("error of the mean conversion rate", "平均转化率的误差", "metric", ("cvr error",)),
    Term("mean conversion rate", "平均转化率", "metric", ("cvr",)),
    Term("rating alone", "只学评分", "model"),
    Term("watching alone", "只学是否观看", "model"),
    Term("shared bottom", "底层共享（Shared-Bottom）", "model"),
    Term("MMoE", "MMoE", "model"),
    Term("PLE", "PLE", "model"),
    Term("ESMM", "ESMM", "model"),
    Term("clicked rows alone", "只用点击样本", "model"),
    Term("inverse propensity", "逆倾向加权", "model"),
    Term("{n} of the stars known", "已知星级占 {n}", "condition", ("stars={n}",)),
    Term("one cause", "有共同原因", "condition", ("who=one cause",)),
    Term("no common cause", "没有共同原因", "condition", ("who=no common cause",)),
    Term("hidden intent", "有隐藏意图", "condition", ("intent=hidden intent",)),
    Term("no hidden intent", "没有隐藏意图", "condition", ("intent=no hidden intent",)),
    Term("worlds of impressions", "个曝光世界", "unit"),
    Term("new users tell the same share", "新用户也只告知这个比例", "condition", ("told=alike",)),
    Term("new users tell all their stars", "新用户告知全部星级", "condition", ("told=all",)),
)
