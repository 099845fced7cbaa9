"""Terms of q14, regularising what is learned across users."""

from .term import Term

TERMS = (
    Term("rise of RMSE after its best epoch", "RMSE 过最佳轮次之后的回升", "metric", ("drift",)),
    Term("error on the users trained on", "训练用户上的误差", "metric", ("trained rmse",)),
    Term("plain ANIL", "不加正则的 ANIL", "model", ("plain",)),
    Term("ANIL with dropout, half of the units", "丢弃一半隐藏单元的 ANIL", "model", ("dropout 0.5",)),
    Term("ANIL with dropout", "加 dropout 的 ANIL", "model", ("dropout, tuned",)),
    Term("ANIL with L2 to the initialisation", "以 L2 拉向初始值的 ANIL", "model", ("l2, tuned",)),
    Term("ANIL with a proximal term", "加近端项的 ANIL", "model", ("proximal, tuned",)),
    Term("ANIL with an inequality term", "加不平等惩罚的 ANIL", "model", ("inequality, tuned",)),
    Term("head trained by leave-one-out", "以留一误差训练的闭式解预测头", "model", ("head, leave-one-out loss",)),
    Term("many steps with a proximal term", "带近端项、走很多步", "model", ("pull",)),
    Term("many steps without it", "不带近端项、走很多步", "model", ("no pull",)),
    Term("ridge strength by leave-one-out", "由留一误差选岭强度", "model", ("ridge, leave one out",)),
    Term("ridge strength by tuning users", "由调参用户选岭强度", "model", ("ridge, tuning users",)),
    Term("head that knows user ids", "输入用户 ID 的预测头", "model", ("user-id head",)),
    Term(
        "head that knows user ids, with a bottleneck",
        "输入用户 ID、带信息瓶颈的预测头",
        "model",
        ("user-id head, bottleneck",),
    ),
    Term("the user's own ratings", "用本人的评分做支持集", "condition", ("support=own",)),
    Term("another user's ratings", "用别人的评分做支持集", "condition", ("support=another's",)),
    Term("all training users", "全部训练用户", "condition", ("users=all",)),
)
