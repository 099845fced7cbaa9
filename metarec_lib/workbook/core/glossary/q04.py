"""Terms of q04, features, losses and epochs of large models."""

from .term import Term

TERMS = (
    Term("full softmax", "完整 softmax", "model"),
    Term("full softmax in bfloat16", "bfloat16 下的完整 softmax", "model", ("bfloat16",)),
    Term("sampled softmax without correction", "不修正的采样 softmax", "model", ("no correction",)),
    Term("sampled softmax with logQ", "logQ 修正的采样 softmax", "model", ("logQ",)),
    Term("sampled softmax with importance weights", "重要性加权的采样 softmax", "model", ("importance weights",)),
    Term("sampled softmax with uniform draws", "均匀采样的 softmax", "model", ("uniform draws",)),
    Term("skip-gram chain", "跳步马尔可夫链", "model"),
    Term("EASE by recency", "按近期加权的 EASE", "model"),
    Term("encodings from all rows", "用全部行做的编码", "model", ("all rows",)),
    Term("encodings from the past only", "只用过去做的编码", "model", ("past only",)),
    Term("network on user and film ids", "只用用户和影片 id 的网络", "model", ("ids",)),
    Term("network with crossed ids", "加交叉 id 的网络", "model", ("crossed ids",)),
    Term("network with crossed ids and MEDA", "加交叉 id 并用 MEDA 的网络", "model", ("crossed ids, MEDA",)),
    Term("chosen by training score", "按训练分数选", "model"),
    Term("chosen by validation score", "按验证分数选", "model"),
    Term("{n} negatives", "{n} 个负样本", "condition", ("n={n}",)),
    Term("epoch {n}", "第 {n} 轮", "condition", ("epoch={n}",)),
    Term("two id columns", "两列 id", "condition", ("of=ids",)),
    Term("four id columns", "四列 id", "condition", ("of=crossed ids",)),
    Term("encodings from all rows but their own", "去掉本行做的编码", "model", ("all but itself",)),
    Term("encodings out of fold", "折外编码", "model", ("out of fold",)),
    Term(
        "encodings out of fold, past when judged",
        "折外编码，评估时只用过去",
        "model",
        ("out of fold, past when judged",),
    ),
)
