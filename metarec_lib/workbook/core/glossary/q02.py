"""Terms of q02, modelling a user's interest and joining recommenders."""

from .term import Term

TERMS = (
    Term("mean stars", "平均星级", "metric"),
    Term("share inside the 80 % interval", "落在 80% 区间内的比例", "metric", ("covered",), percent=True),
    Term("the genre a user over-watches", "用户看得偏多的类型", "model"),
    Term("the genre a user under-watches", "用户看得偏少的类型", "model"),
    Term("prior with two tuned strengths", "只有两个可调强度的先验", "model", ("content, two strengths",)),
    Term("no prior", "没有先验", "model", ("content, no prior",)),
    Term("single model chosen on validation", "验证集选出的单模型", "model", ("chosen",)),
    Term("mean of three", "三个模型的等权平均", "model", ("three: mean",)),
    Term("non-negative weights on three", "三个模型的非负加权", "model", ("three: nnls",)),
    Term("ridge on three", "三个模型的岭回归融合", "model", ("three: ridge",)),
    Term("boosted trees on three", "三个模型的 GBDT 融合", "model", ("three: boosting",)),
    Term("one set of weights on three", "三个模型、不随 K 变的权重", "model", ("three: nnls, one weight",)),
    Term(
        "non-negative weights on three, in-sample", "三个模型的非负加权（样本内）", "model", ("three: nnls, in-sample",)
    ),
    Term("ridge on three, in-sample", "三个模型的岭回归融合（样本内）", "model", ("three: ridge, in-sample",)),
    Term(
        "boosted trees on three, in-sample", "三个模型的 GBDT 融合（样本内）", "model", ("three: boosting, in-sample",)
    ),
    Term("mean of three with undamped kNN", "三个模型的等权平均（kNN 不加阻尼）", "model", ("undamped: mean",)),
    Term("weights on three with undamped kNN", "三个模型的非负加权（kNN 不加阻尼）", "model", ("undamped: nnls",)),
    Term(
        "one set of weights on three with undamped kNN",
        "三个模型、不随 K 变的权重（kNN 不加阻尼）",
        "model",
        ("undamped: nnls, one weight",),
    ),
    Term("mean of four", "四个模型的等权平均", "model", ("four: mean",)),
    Term("non-negative weights on four", "四个模型的非负加权", "model", ("four: nnls",)),
    Term("ridge on four", "四个模型的岭回归融合", "model", ("four: ridge",)),
    Term("boosted trees on four", "四个模型的 GBDT 融合", "model", ("four: boosting",)),
    Term("recalibrated matrix factorisation", "重新校准的矩阵分解", "model", ("MF, recalibrated",)),
    Term("recalibrated item-kNN", "重新校准的物品 kNN", "model", ("kNN, recalibrated",)),
    Term("recalibrated content model", "重新校准的内容模型", "model", ("content, recalibrated",)),
    Term("recalibrated closed-form head", "重新校准的闭式解预测头", "model", ("head, recalibrated",)),
    Term("five random halvings", "五次随机对半分", "condition"),
)
