"""Terms of q10, task adaptation."""

from .term import Term

TERMS = (
    Term("ANIL", "ANIL", "model"),
    Term("CAVIA", "CAVIA", "model"),
    Term("all ratings", "全部评分", "model"),
    Term("last ratings", "最近若干条", "model"),
    Term("decayed support", "按时间衰减的支持集", "model"),
    Term("decayed in random order", "打乱次序再衰减", "model"),
    Term("change point", "变点模型", "model"),
    Term("new ratings only", "只用变化后的评分", "model"),
    Term("the newest twenty", "最近二十条", "model"),
    Term("twenty at random", "随机二十条", "model"),
    Term("taste changed", "口味变了", "condition", ("taste=changed",)),
    Term("taste unchanged", "口味没变", "condition", ("taste=unchanged",)),
    Term("real users in time", "真实用户按时间", "condition", ("taste=in time",)),
)
