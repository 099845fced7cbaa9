"""Terms of q18, sample efficiency."""

from .term import Term

TERMS = (
    Term("film's own mean", "影片自己的均值", "model"),
    Term("mean of all films", "全部影片的均值", "model"),
    Term("posterior mean", "后验均值", "model"),
    Term("head without film features", "不看影片特征的闭式解预测头", "model", ("head, no film features",)),
    Term("power law through fewer users", "由较少用户外推的幂律", "model", ("power law",)),
    Term("one factor model", "单个因子模型", "model"),
    Term("average of eight starts", "八个随机初值取平均", "model"),
    Term("bagging over users", "对用户做 bagging", "model", ("bagging",)),
    Term("bagging without copies", "去掉重复用户的 bagging", "model", ("bagging, no copies",)),
    Term("boosting", "boosting", "model", ("boosted",)),
    Term("the most informative ratings", "信息量最大的评分", "condition", ("support=chosen",)),
    Term("random ratings", "随机的评分", "condition", ("support=random",)),
)
