"""Terms of several lessons."""

from .term import Term

TERMS = (
    # metrics
    Term("RMSE", "RMSE", "metric"),
    Term("MAE", "MAE", "metric"),
    Term("squared error", "平方误差", "metric", ("mse",)),
    Term("AUC", "AUC", "metric"),
    Term("nDCG@{n}", "nDCG@{n}", "metric"),
    Term("HR@{n}", "HR@{n}", "metric", ("hit rate@{n}",)),
    # baselines
    Term("shrunken bias", "收缩偏置", "model", ("bias", "BaselineRecommender")),
    Term("item means", "物品均值", "model", ("item-mean",)),
    Term("popularity", "热门榜", "model", ("PopularityRecommender",)),
    Term("matrix factorisation", "矩阵分解", "model", ("MF", "factors", "MatrixFactorization")),
    Term("item-kNN", "物品 kNN", "model", ("kNN", "ItemKNN")),
    Term("undamped item-kNN", "不加阻尼的物品 kNN", "model", ("item-kNN, undamped", "kNN, undamped")),
    Term("content model", "内容模型", "model", ("content", "ContentBasedRecommender")),
    # learners across users
    Term("closed-form head", "闭式解预测头", "model", ("head", "MetaLearningModel")),
    Term("head without user features", "不看用户画像的闭式解预测头", "model", ("head, no user features",)),
    Term("probabilistic PCA", "概率 PCA", "model", ("head, not meta-trained", "ProbabilisticPCA")),
    Term("MAML", "MAML", "model"),
    Term("MeLU", "MeLU", "model"),
    Term("neural process", "神经过程", "model", ("NeuralProcess", "ConditionalNeuralProcess")),
    Term("Gaussian process over items", "物品上的高斯过程", "model", ("ItemGaussianProcess",)),
    Term("ensemble", "多模型平均", "model"),
    Term("pooled network, fine-tuned", "混合数据训练再微调的网络", "model", ("pooled, fine-tuned",)),
    # conditions
    Term("K = {n}", "K = {n}", "condition", ("k={n}",)),
    Term("{n} meta-training users", "{n} 名元训练用户", "condition", ("users={n}",)),
    Term("first ratings in time", "按时间取最早的评分", "condition", ("chronological",)),
    Term("one split", "一次划分", "condition"),
    # units
    Term("users", "名用户", "unit"),
    Term("films", "部影片", "unit", ("items",)),
)
