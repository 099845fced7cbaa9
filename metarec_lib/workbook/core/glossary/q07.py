"""Terms of q07, a recommender built on meta-learning."""

from .term import Term

TERMS = (
    Term("MeLU at its published rates", "用论文学习率的 MeLU", "model", ("MeLU, published rates",)),
    Term("in-context Transformer", "上下文 Transformer", "model", ("InContextTransformer",)),
    Term("closed-form head that lacks the profile", "拿不到用户画像的闭式解预测头", "model"),
    Term("two splits", "两次划分", "condition"),
    Term("films without a rating", "没有评分的影片", "condition"),
)
