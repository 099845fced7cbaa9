"""Terms of q22, attention."""

from .term import Term

TERMS = (
    Term("prior alone", "只用先验", "model"),
    Term("uniform weights", "均匀权重", "model"),
    Term("shrunken uniform weights", "收缩的均匀权重", "model"),
    Term("softmax attention", "softmax 注意力", "model"),
    Term("shrunken softmax attention", "收缩的 softmax 注意力", "model"),
    Term("ridge", "岭回归", "model"),
    Term("ridge without negative weights", "去掉负权重的岭回归", "model"),
    Term("target attention", "目标注意力（DIN）", "model", ("DIN",)),
    Term("softmax target attention", "加 softmax 的目标注意力", "model"),
    Term("mean pooling", "均值池化", "model"),
    Term("recency", "按近期加权的池化", "model"),
)
