"""Terms of q07, a recommender built on meta-learning."""

from .term import Term

TERMS = (
    Term("MeLU at its published rates", "用论文学习率的 MeLU", "model", ("MeLU, published rates",)),
    Term("films without a rating", "没有评分的影片", "condition"),
)
