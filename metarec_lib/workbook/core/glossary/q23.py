"""Terms of q23, adaptive attention. The prior alone and the ridge are named in q22."""

from .term import Term

TERMS = (
    Term("fixed attention", "不自适应的注意力", "model"),
    Term("learned temperature", "学习温度", "model"),
    Term("learned sink", "学习 sink", "model"),
    Term("learned gate", "学习门控", "model"),
    Term("context-conditioned attention", "以上下文为条件的注意力", "model"),
    Term("contexts of other users", "换成别人的上下文", "model"),
    Term("one context for all", "所有人共用一个上下文", "model"),
    Term("one context for every K", "不分评分条数共用一个上下文", "model"),
)
