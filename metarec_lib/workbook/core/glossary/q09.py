"""Terms of q09, asking and exploring."""

from .term import Term

TERMS = (
    Term("predicted spread", "预测的标准差", "metric", ("std",)),
    Term("random questions", "随机提问", "model"),
    Term("popular films first", "先问热门影片", "model"),
    Term("least certain film first", "先问最没把握的影片", "model"),
    Term("information gain", "按信息增益提问", "model"),
    Term("catalogue variance", "按全库方差提问", "model"),
    Term("one fixed list", "固定清单", "model"),
)
