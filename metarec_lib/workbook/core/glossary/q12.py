"""Terms of q12, unsupervised learning."""

from .term import Term

TERMS = (
    Term("precision@{n}", "精确率@{n}", "metric"),
    Term("silhouette", "轮廓系数", "metric"),
    Term("profile alone", "只看画像", "model"),
    Term("autoencoder", "自编码器", "model"),
    Term("contrastive encoder", "对比编码器", "model"),
    Term("untrained encoder", "未训练的编码器", "model"),
    Term("principal components", "主成分", "model"),
    Term("k-means of users", "用户 k-means", "model"),
    Term("another user's history", "别的用户的历史", "model"),
    Term("popularity by cluster", "分簇热门榜", "model"),
    Term("nearest users", "最近的用户", "model"),
    Term("tastes of users", "用户的口味", "model"),
    Term("Gaussian cloud", "高斯云", "model"),
    Term("{n} clusters", "{n} 个簇", "condition", ("kinds={n}",)),
    Term("real users", "真实用户", "condition", ("world=real",)),
    Term("users without clusters", "没有簇的用户", "condition", ("world=surrogate",)),
)
