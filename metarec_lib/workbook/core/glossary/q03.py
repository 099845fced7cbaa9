"""Terms of q03, what large models are and what size buys."""

from .term import Term

TERMS = (
    # metrics
    Term("log loss of the next film", "下一部影片的对数损失", "metric", ("log loss",)),
    Term("error in rating a cold film", "冷启动影片的评分误差", "metric", ("cold error",)),
    Term("reciprocal rank", "倒数排名", "metric", ("reciprocal rank",)),
    Term("excess error", "超额误差", "metric", ("excess",)),
    # models
    Term("most popular films", "最热门影片", "model"),
    Term("EASE on clicks", "用点击训练的 EASE", "model"),
    Term("BPR on clicks", "用点击训练的 BPR", "model"),
    Term("first-order chain", "一阶马尔可夫链", "model"),
    Term("first-order chain, shuffled training", "一阶马尔可夫链（训练次序打乱）", "model"),
    Term("two-tower network", "双塔网络", "model", ("two-tower",)),
    Term("weighted mean", "向量的加权平均", "model", ("weighted mean of vectors",)),
    Term("SASRec", "SASRec", "model"),
    Term("SASRec, history shuffled", "SASRec（历史打乱）", "model"),
    Term("the user's mean", "用户均值", "model"),
    Term("genres", "类型", "model"),
    Term("genres and year", "类型和年份", "model"),
    Term("encoder without the year", "文本编码器（不含年份）", "model"),
    Term("encoder with the year", "文本编码器（含年份）", "model"),
    Term("encoder, genres and year", "文本编码器加类型和年份", "model"),
    Term("language model", "语言模型", "model"),
    Term("language model that sees no likes", "看不到喜好的语言模型", "model"),
    Term("most rated candidate", "评分最多的候选", "model"),
    Term("encoder likeness", "编码器相似度", "model"),
    Term("random candidate", "随机候选", "model"),
    Term("Bayes with the training prior", "用训练先验的贝叶斯", "model"),
    Term("Bayes", "贝叶斯最优", "model"),
    Term("zero", "一律猜零", "model"),
    # conditions
    Term("users whose last moment is tied", "最后时刻并列的用户", "condition", ("who=tied",)),
    Term("users without a tie at the end", "最后时刻不并列的用户", "condition", ("who=untied",)),
    Term("all judging users", "全部评估用户", "condition", ("who=all",)),
    Term("{n} numbers a vector", "每个向量 {n} 维", "condition", ("width={n}",)),
    Term("candidates drawn evenly", "候选均匀抽取", "condition", ("drawn=evenly",)),
    Term("candidates drawn by popularity", "候选按热度抽取", "condition", ("drawn=by popularity",)),
    Term("tasks from the prior", "来自先验的任务", "condition", ("tasks=inside",)),
    Term("tasks twice as strong", "强度两倍的任务", "condition", ("tasks=outside",)),
    # units
    Term("linear tasks of five models", "个线性任务", "unit", ("tasks of regression",)),
)
