# %% [markdown]
# # q12 · What does unsupervised learning bring to meta-learning?
#
# Users leave traces long before they give a star. What can be learned from traces alone, and does it help with the first stars?

# %% [markdown] lang="zh"
# # q12 · 无监督学习能给元学习带来什么？
#
# 用户在给出第一条评分之前，早就留下了痕迹。只凭痕迹能学到什么？对头几条评分有没有帮助？

# %% [markdown] tags=["question"]
# #### English
# You have much behaviour without labels and few ratings a user. Clusters, an autoencoder, a contrastive encoder: what does each give a few-shot learner? How do you
# prove that clusters exist, and that a representation is worth its training?
# #### 中文
# 无标签的行为很多，每人的评分却很少。聚类、自编码器、对比编码器，各能给小样本学习带来什么？怎样证明簇真的存在？怎样证明一个表示值得训练？
#
# level: senior · minutes: 3 · needs: q02, q07 · topics: autoencoder, contrastive learning, clustering, null model

# %% [markdown] tags=["answer-short"]
# #### English
# The representation becomes the mean of the prior: what a user has seen says where to start before any star. On ML-100K an autoencoder's
# prior clearly beats the profile alone at three ratings; <!-- c2: lower -->
# another user's history brings nothing. <!-- c3: equal -->
# Plain principal components do as well as the autoencoder <!-- c4: equal -->
# and as the contrastive encoder, <!-- c5: equal -->
# so I begin with those. Clusters I only believe against a null model: the users' silhouette is not seen above a Gaussian cloud's. <!-- c1: none -->
# Lists by cluster pay all the same, <!-- c6: higher -->
# even where there are no clusters. <!-- c7: higher -->
# #### 中文
# 表示用作先验的均值：一条评分都还没有时，用户看过什么就指明了该从哪里出发。在 ML-100K 上，三条评分时，自编码器的先验明显胜过只看画像；<!-- c2: lower -->
# 换成别人的历史就没有用。<!-- c3: equal -->
# 普通的主成分与自编码器持平，<!-- c4: equal -->
# 与对比编码器也持平，<!-- c5: equal -->
# 所以我先用主成分。簇要和零模型比过才信：看不出用户的轮廓系数比一团高斯云更高。<!-- c1: none -->
# 分簇的热门榜照样有用，<!-- c6: higher -->
# 哪怕根本没有簇。<!-- c7: higher -->

# %% [markdown] tags=["answer-full"]
# **Two roles.** Unsupervised learning can make the *representation* that a few-shot learner starts from, or the *tasks* that it trains on. CACTUs (Hsu et al. 2019) clusters
# unlabelled images and calls clusters classes; UMTRA makes a task of single images and their augmentations. In recommendation every user is a task already, so the first role is the common one.
#
# **Representation as a prior.** Encode what user $u$ has seen, without stars, to $z_u$, and let the prior mean of the user's weights be
#
# $$m + M g_u + A z_u$$
#
# with the profile $g_u$. $A$ is a ridge regression of training users' weights on $z$. Among no, three and ten ratings the gain is largest with none (section 2). At three it is clear. <!-- c2: lower -->
#
# **Autoencoder.** Drop a part of the history, name all of it. Over the $n$ films seen the loss is $-\frac1n\sum_i \log \mathrm{softmax}(h C)_i$ (Mult-DAE, Liang et al. 2018, there a sum). **Contrastive.** Two halves of a history are a pair; InfoNCE:
#
# $$-\log \frac{e^{\cos(a_n, b_n)/\tau}}{\sum_m e^{\cos(a_n, b_m)/\tau}}$$
#
# Other users of the batch are the negatives, also those of the same taste (false negatives). A low $\tau$ looks at the hardest ones. Where items are the second side, popular ones are negatives most often: correct by logQ. **Principal components** are one decomposition, no training; here neither network
# (default settings) differs from them by more than the margin. <!-- c4: equal, c5: equal -->
#
# **Clusters.** $k$-means cuts any cloud into $k$ pieces. So compare the silhouette with that of a Gaussian of the same mean and covariance. Here it is not seen to be higher. <!-- c1: none -->
# Cutting still pays, as a histogram approximates a smooth curve: popularity by cluster beats popularity, <!-- c6: higher -->
# also for made-up users drawn from one Gaussian. <!-- c7: higher -->
# Each user's own neighbours beat the cut. <!-- c8: higher -->
#
# **Leaks.** The history must not hold the films that are asked for. A user who has *seen* a film has told something, even without a star.

# %% [markdown] tags=["zh"]
# **两种用处。** 无监督学习可以给小样本学习提供*表示*，也可以提供*任务*。CACTUs（Hsu 等，2019）对无标签图片聚类，把簇当作类别；UMTRA 用单张图片和它的增强造任务。推荐里每个用户本来就是一个任务，
# 所以常见的是第一种。
#
# **表示作先验。** 把用户 $u$ 看过的东西（不含星级）编码成 $z_u$，让用户权重的先验均值取
#
# $$m + M g_u + A z_u$$
#
# 其中 $g_u$ 是画像，$A$ 由训练用户的权重对 $z$ 做岭回归得到。在零、三、十条评分中，收益以零条时最大（第 2 节）；三条时仍然明显。<!-- c2: lower -->
#
# **自编码器。** 去掉一部分历史，让它还原全部。对看过的 $n$ 部片，损失是 $-\frac1n\sum_i \log \mathrm{softmax}(h C)_i$（Mult-DAE，Liang 等，2018，原文用求和）。**对比学习。** 同一历史的两半是一对；InfoNCE：
#
# $$-\log \frac{e^{\cos(a_n, b_n)/\tau}}{\sum_m e^{\cos(a_n, b_m)/\tau}}$$
#
# 负样本是同一批里的其他用户，口味相同的也在内（假负样本）；$\tau$ 越小，越盯着最难的负样本。另一侧是物品时，热门物品当负样本最频繁，要用 logQ 校正。**主成分**只需一次分解，不用训练；在这里两个网络（默认设置）与它的差别都在等效界值之内。<!-- c4: equal, c5: equal -->
#
# **聚类。** $k$-means 能把任何一团云切成 $k$ 块。所以轮廓系数要与均值、协方差相同的高斯云比。这里看不出更高。<!-- c1: none -->
# 切开照样有用，就像直方图也能逼近光滑曲线：分簇热门榜胜过热门榜，<!-- c6: higher -->
# 对从同一个高斯里合成的用户也是。<!-- c7: higher -->
# 每个用户自己的邻居又胜过切块。<!-- c8: higher -->
#
# **泄漏。** 历史里不能有要问的影片。*看过*一部片子，即使没有打星，也已经透露了信息。

# %% [markdown]
# ## 1. Are there kinds of users?
# We take each training user's tastes, the posterior weights of probabilistic PCA, and cut them by k-means. (That model has one Gaussian prior and shrinks users towards it, which blurs clusters: a limit of this test.) A silhouette of 1 says that a user lies well inside a cluster, 0 that it lies on a border.

# %% [markdown] lang="zh"
# ## 1. 用户真的分群吗？
# 取每名训练用户的口味，也就是概率 PCA 的后验权重，用 k-means 切开。（该模型只有一个高斯先验，会把用户向它收缩，簇也会被抹模糊：这是本检验的局限。）轮廓系数为 1 表示用户深处簇内，0 表示在边界上。

# %%
import numpy as np
import torch
import metarec_lib as mr
from metarec_lib import claim, load_study, mine, plots, seed
from sklearn.cluster import KMeans

SEED = seed()

# %% tags=["figure"]
TEXTS = {
    "users": ("users", "用户"),
    "cloud": ("Gaussian cloud", "高斯云"),
    "clusters": ("clusters", "簇的个数"),
    "silhouette": ("mean silhouette", "平均轮廓系数"),
    "one": ("silhouette of a user", "用户的轮廓系数"),
    "share": ("share of users", "用户占比"),
    "ratings": ("ratings known", "已知评分数"),
    "sizes": ("sizes of the clusters", "各簇的人数"),
    "untrained": ("untrained autoencoder", "未训练的自编码器"),
    "halves": ("InfoNCE of raw halves", "未编码的两半，InfoNCE"),
    "chance": ("by chance", "随机猜"),
    "worlds": ("world by world", "逐个世界"),
    "difference": ("difference in RMSE (stars)", "RMSE 之差（星）"),
    "alt": (
        "Shares of silhouettes: the curves of users and cloud overlap, that of users is wider.",
        "轮廓系数的分布：用户与高斯云两条线重叠，用户那条更宽。",
    ),
}

# %%
data = mr.load_movielens("ml-100k")
learning, tuning, judging = mr.split_users(data, seed=SEED)
train = data.subset(np.isin(data.ratings["user_id"], learning))
model = mr.ProbabilisticPCA(steps=30, seed=SEED).fit(train)
support = mr.make_tasks(data, learning, k=1000).support
tastes = (model.adapt(support).mean - model.prior_of(support.users)[0]) / model.scale_
tastes, rng = tastes.cpu().numpy(), np.random.default_rng(SEED)
cloud = rng.multivariate_normal(tastes.mean(0), np.cov(tastes.T), len(tastes))

# %% [markdown]
# **By hand.** The silhouette of a user: $a$ is the mean distance to the others of the cluster, $b$ that to the nearest other cluster.

# %% [markdown] lang="zh"
# **手写。** 一名用户的轮廓系数：$a$ 是到本簇其他人的平均距离，$b$ 是到最近的另一簇的平均距离。

# %% tags=["from-scratch"]
from sklearn.metrics import silhouette_samples

points, by_hand = tastes[:200], []
cut = KMeans(3, n_init=3, random_state=0).fit_predict(points)
for n, point in enumerate(points):
    away = np.linalg.norm(points - point, axis=1)
    means = [away[(cut == c) & (np.arange(200) != n)].mean() for c in range(3)]
    a, b = means[cut[n]], min(means[:cut[n]] + means[cut[n] + 1:])
    by_hand.append((b - a) / max(a, b))
print("agrees:", np.allclose(by_hand, silhouette_samples(points, cut)))


# %% tags=["play", "nbval-ignore-output"]
def spread(clusters=5):
    bins, curves = np.linspace(-0.2, 0.5, 15), {}
    for name, x in ((TEXTS["users"], tastes), (TEXTS["cloud"], cloud)):
        cut = KMeans(clusters, n_init=2, random_state=0).fit_predict(x)
        curves[name] = np.histogram(silhouette_samples(x, cut), bins)[0] / len(x)
    title = "Users and a cloud, cut alike", "用户与高斯云，同样切开"
    look = {"xlabel": TEXTS["one"], "ylabel": TEXTS["share"]}
    return plots.lines((bins[1:] + bins[:-1]) / 2, curves, title=title, **look)


plots.play(spread, clusters=(2, 10, 1), alt=TEXTS["alt"])

# %% [markdown]
# Move the slider: is there a number of clusters at which the two curves part? The study compares with ten clouds on each of five splits.

# %% [markdown] lang="zh"
# 拖动滑块：有没有哪个簇数，让两条曲线分开？研究做了五次划分，每次与十团云比较。

# %% tags=["figure"]
study, cuts = load_study("q12"), (2, 3, 5, 8)
of = {"tastes of users": TEXTS["users"], "Gaussian cloud": TEXTS["cloud"]}
curves = {name: [study.mean(model_name, "silhouette", kinds=k) for k in cuts]
          for model_name, name in of.items()}
title = "Silhouette against the number of clusters", "轮廓系数随簇数的变化"
axes = {"xlabel": TEXTS["clusters"], "ylabel": TEXTS["silhouette"]}
fig = plots.lines(cuts, curves, title=title, **axes)
plots.show(fig, alt=("Silhouettes: users and cloud close at two, users lower at eight.",
                     "平均轮廓系数：两簇时用户与云接近，八簇时用户更低。"))

# %% tags=["claim"]
sides = "tastes of users", "Gaussian cloud"
claim("silhouette", *sides, study.compare(*sides, "silhouette", kinds=5))

# %% [markdown]
# Clusters would lift the users' curve above the cloud's. At five it is not seen above. <!-- c1: none -->
# At eight it lies below in the figure. So users are no exact Gaussian; a guess is that users of few ratings, who are shrunk most, crowd the middle. Nothing here says that k-means did more than cut a cloud. Nor are all users alike: a cloud has extent, and the rest of this lesson uses it.
#
# Your `kmeans_step`, until nothing moves:

# %% [markdown] lang="zh"
# 如果有簇，用户的曲线应当高出高斯云。切成五簇时看不出更高。<!-- c1: none -->
# 切成八簇时，图里反而更低：用户并非严格的高斯；猜测是评分少的用户收缩最多，挤在中间。没有证据表明 k-means 做的不只是切开一团云。这也不是说用户都一样：云有散布，后面用到的正是这种散布。
#
# 用你写的 `kmeans_step` 走到不再移动：

# %% tags=["exercise"]
with mine("q12") as my:
    x, rounds = torch.as_tensor(tastes), 0
    centres, moved = x[:5], torch.inf
    while moved > 1e-6 and rounds < 200:
        labels, new = my.kmeans_step(x, centres)
        centres, moved, rounds = new, float((new - centres).abs().max()), rounds + 1
    sizes = torch.bincount(labels, minlength=5).tolist()
    print(f"{plots.words(TEXTS['sizes'])}: {sizes}")

# %% [markdown] tags=["expect"]
# **What do you expect?** A new user has seen fifty films and given three stars. Which start is best: the profile, the user's cluster, principal components, an autoencoder, a contrastive encoder? By how much?

# %% [markdown] lang="zh"
# **你猜结果如何？** 一名新用户看过五十部片，给了三条评分。哪个起点最好：画像、所在的簇、主成分、自编码器，还是对比编码器？好多少？

# %% [markdown]
# ## 2. A start from what was seen
# Of each new user 30 % of the films are asked for, and taken out of the history; the other 70 % are the history. The K known stars are drawn from it at random; they are not the earliest. The encoders (32 units) learn from training users alone, with default settings; the 16 components were not tuned either. All see which films a user rated, not the stars. The strength of the ridge is chosen on
# tuning users, at three ratings. First two losses by your hand:

# %% [markdown] lang="zh"
# ## 2. 从看过的东西出发
# 每名新用户 30% 的影片留作提问，并从历史里去掉；其余 70% 就是历史。K 条已知评分是从历史里随机抽的，不是最早的 K 条。编码器（32 个单元）只在训练用户上学，用默认设置；16 个主成分也没有调过。它们都看到用户评过哪些片，看不到星级。岭回归的强度在调参用户上选，按三条评分时的误差。先用你写的两个损失：

# %% tags=["exercise"]
with mine("q12") as my:
    seen = torch.zeros(data.n_users, data.n_items).double()
    seen[data.user_codes, data.item_codes] = 1.0
    few = seen[data.user_index(learning[:64])]
    rng = np.random.default_rng(SEED)
    keep = torch.as_tensor(rng.random(few.shape) < 0.5).double()
    weight = torch.as_tensor(rng.normal(0, 0.1, (few.shape[1], 8)))
    loss = my.denoising_loss(few, keep, weight, weight.T)
    nce = my.info_nce(few * keep, few * (1 - keep), 0.2)
for name, value, n in (("untrained", loss, few.shape[1]), ("halves", nce, 64)):
    words = [plots.words(TEXTS[text]) for text in (name, "chance")]
    print(f"{words[0]} {value:.2f}, {words[1]} {np.log(n):.2f}")

# %% tags=["figure"]
known = 0, 3, 10
starts = ("autoencoder", "contrastive encoder", "principal components",
          "k-means of users", "untrained encoder")
gains = {start: [study.compare(start, "profile alone", "rmse", k=k).mean for k in known]
         for start in starts}
title = "Minus the profile alone", "减去只看画像"
axes = {"xlabel": TEXTS["ratings"], "ylabel": TEXTS["difference"], "xticks": known}
fig = plots.lines(known, gains, title=title, **axes)
plots.show(fig, alt=("RMSE: every start is below zero, and nears it with more ratings.",
                     "RMSE 之差：每个起点都低于零，评分越多越接近零。"))

# %% tags=["figure"]
rows = (*starts, "another user's history")
at_three = {row: study.compare(row, "profile alone", "rmse", k=3) for row in rows}
title = "K = 3, minus the profile alone", "K = 3，减去只看画像"
fig = plots.intervals(at_three, title=title, xlabel=TEXTS["difference"])
plots.show(fig, alt=("Five starts below zero; another user's history at zero.",
                     "五个起点低于零；换成别人的历史，差值在零附近。"))

# %% tags=["claim"]
found = study.compare("autoencoder", "profile alone", "rmse", k=3)
claim("RMSE", "autoencoder", "profile alone", found, headline=True)

# %% tags=["claim"]
found = study.compare("another user's history", "profile alone", "rmse", k=3)
claim("RMSE", "another user's history", "profile alone", found)

# %% tags=["claim"]
found = study.compare("autoencoder", "principal components", "rmse", k=3)
claim("RMSE", "autoencoder", "principal components", found)

# %% tags=["claim"]
found = study.compare("contrastive encoder", "principal components", "rmse", k=3)
claim("RMSE", "contrastive encoder", "principal components", found)

# %% [markdown]
# What a user has seen is worth about a hundredth of a star at three ratings. <!-- c2: lower -->
# With another user's history the gain is gone. <!-- c3: equal -->
# Neither network is ahead of principal components, and both intervals are much narrower than the gain itself. <!-- c4: equal, c5: equal -->
# Raw halves of one user share no film, so their cosine is 0, and InfoNCE above was worse than chance: what goes together must be learned.
# The user's cluster (of 8) gives about a third of what the components give, in the figure. So does an untrained encoder: its hidden units are random sums of what was seen; a guess is that the ridge reads those.
#
# ## 3. Lists by cluster
# Ten films that are not in a user's history: which share of them was kept back? Popular with all, popular in the user's cluster (16 components, k-means), or popular with the nearest users; how many clusters and neighbours: chosen on tuning users. Then the same for made-up users: one Gaussian of the same
# covariance, chances cut to 0 and 1, films drawn. There are no clusters in it.

# %% [markdown] lang="zh"
# 三条评分时，“看过什么”带来的收益约为百分之一星。<!-- c2: lower -->
# 换成别人的历史，收益就没有了。<!-- c3: equal -->
# 两个网络都没有领先主成分，而且两个区间都比收益本身窄得多。<!-- c4: equal, c5: equal -->
# 同一用户的两半没有相同的影片，余弦为 0，所以上面的 InfoNCE 比随机猜还差：哪些片子常被同一批人看，是要学的。
# 图里，所在的簇（共 8 个）只有主成分约三分之一的收益。未训练的编码器也差不多：它的隐藏单元是“看过什么”的随机求和，猜测是岭回归读得出来。
#
# ## 3. 分簇的榜单
# 推十部不在用户历史里的片，看有多少部是留出来的：全体的热门、所在簇的热门（16 个主成分，k-means），或最近用户的热门；簇数和邻居数在调参用户上选。再在合成用户上重做：协方差相同的一个高斯，概率截到 0 和 1，再抽影片。里面没有任何簇。

# %% tags=["figure"]
ways, bars = ("popularity", "popularity by cluster", "nearest users"), {}
worlds = {"real": ("real", "真实"), "surrogate": ("cloud", "高斯云")}
for world, name in worlds.items():
    for way in ways:
        label = f"{way}, {name[0]}", f"{plots.words(way)}，{name[1]}"
        bars[label] = study.mean(way, "precision@10", world=world)
title = "Ten films that a user has not seen", "推十部没看过的片"
axes = {"xlabel": ("precision@10", "精确率@10"), "digits": 3}
fig = plots.bars(bars, title=title, **axes)
plots.show(fig, alt=("Neighbours lead clusters, and these popularity, in both worlds.",
                     "真实与合成用户中，都是邻居胜过分簇，分簇胜过热门榜。"))

# %% tags=["claim"]
sides = "popularity by cluster", "popularity"
claim("precision@10", *sides, study.compare(*sides, "precision@10", world="real"))

# %% tags=["claim"]
found = study.compare(*sides, "precision@10", world="surrogate")
made = [study.values(side, "precision@10", world="surrogate") for side in sides]
gaps = [float((made[0][s] - made[1][s]).mean()) for s in study.seeds]
print(f"{plots.words(TEXTS['worlds'])}:", *(f"{gap:+.2f}" for gap in gaps))
claim("precision@10", *sides, found)

# %% tags=["claim"]
sides = "nearest users", "popularity by cluster"
claim("precision@10", *sides, study.compare(*sides, "precision@10", world="real"))

# %% [markdown]
# The cut pays, <!-- c6: higher -->
# and it pays where no clusters are. <!-- c7: higher -->
# That interval resamples made-up users, and the users of a world share one fit; so the five worlds are printed one by one. A gain by cluster is no proof of clusters. In the bars the made-up users show about half of the real gain; what makes the rest was not asked. Neighbours, who are cut for each user anew, do better. <!-- c8: higher -->

# %% [markdown] lang="zh"
# 切开有用，<!-- c6: higher -->
# 在没有簇的地方也有用。<!-- c7: higher -->
# 这个区间重抽的是合成用户，而同一个世界的用户共用一次拟合，所以五个世界逐个打印出来。“分簇有收益”不能证明有簇。从条形图看，合成用户只重现了大约一半的收益，另一半从哪里来，这里没有测。邻居等于为每个用户单独切一刀，效果更好。<!-- c8: higher -->

# %% [markdown] tags=["rubric"]
# #### English
# - [2] two roles: representation and tasks; in recommendation users are tasks already
# - [2] the representation as the mean of a prior, with its control: another user's history
# - [2] InfoNCE with temperature and in-batch negatives; denoising: the target is the whole history
# - [1] compares with principal components before training a network
# - [2] a null model for clusters; a gain by cluster proves none
# - [1] the history holds nothing that is asked for
# #### 中文
# - [2] 两种用处：表示与任务；推荐里用户本来就是任务
# - [2] 表示作先验均值，并有对照：别人的历史
# - [2] InfoNCE 的温度与批内负样本；去噪的目标是整个历史
# - [1] 训练网络之前先与主成分比
# - [2] 聚类要有零模型；分簇有收益不能证明有簇
# - [1] 历史里没有要问的东西

# %% [markdown] tags=["pitfalls"]
# #### English
# - **"k-means found five segments."** → It finds k in any cloud. Compare with a Gaussian of the same covariance (section 1).
# - **"Recommending by segment helps, so segments exist."** → It helps where none exist. <!-- c7: higher -->
# - **"The contrastive encoder gives better users."** → Not better than principal components here. <!-- c5: equal -->
# - **"Contrastive learning makes a recommender robust."** → A KDD 2024 study reports that contrastive recommenders are easier to poison, for promoting an item.
# - **"The history is unlabelled, so it cannot leak."** → A film in it is a film the user chose. Take the asked ones out.
# #### 中文
# - **“k-means 找到了五个人群。”** → 任何一团云它都能分出 k 个。要与协方差相同的高斯比（第 1 节）。
# - **“按人群推荐有用，所以人群存在。”** → 没有人群的地方也有用。<!-- c7: higher -->
# - **“对比学习的用户表示更好。”** → 在这里并不比主成分好。<!-- c5: equal -->
# - **“对比学习让推荐更鲁棒。”** → KDD 2024 有研究报告，对比学习的推荐模型更容易被投毒，用来抬高某个物品的推荐。
# - **“历史没有标签，不会泄漏。”** → 历史里的影片是用户自己选的。要问的那些必须去掉。

# %% [markdown] tags=["follow-ups"]
# #### English
# <details><summary>In-batch negatives: what is their bias?</summary>
# An item is a negative as often as it is popular, so popular items are pushed away too hard. Subtract the log of the sampling probability from the logit (logQ, q04), or mix in
# uniform negatives.</details>
# <details><summary>How do you build positives for tail items?</summary>
# They have few co-occurrences. Use two masked views of their features, with correlated fields masked together, as Google reported (CIKM 2021); or neighbours in a text embedding.</details>
# <details><summary>What do semantic ids buy?</summary>
# Residual quantisation of content vectors gives items shared code prefixes: a new item has a meaning before any click, and tables shrink. It is unsupervised, and q03 writes it.</details>
# <details><summary>We have clicks and no stars, and 10⁹ ids.</summary>
# Then you have what this lesson uses. Spotify reported autoencoder vectors that many models reuse (RecSys 2025). Principal components of 10⁹ ids: randomised or streaming
# decomposition; encoders: hashed embeddings and sampled softmax.</details>
# <details><summary>A sequence model adapts in context. Why a representation?</summary>
# Its hidden state is one, learned by predicting the next item. The question stays the same: is it a better start than principal components, on users it did not train on?</details>
# #### 中文
# <details><summary>批内负样本有什么偏差？</summary>
# 物品越热门，当负样本的次数越多，热门物品就被推得太狠。logit 里减去采样概率的对数（logQ，见 q04），或者混入均匀负样本。</details>
# <details><summary>长尾物品的正样本怎么造？</summary>
# 它们共现太少。可以对特征做两次遮挡，相关的字段一起遮，Google 有报告（CIKM 2021）；或者用文本 embedding 里的邻居。</details>
# <details><summary>语义 ID 换来什么？</summary>
# 对内容向量做残差量化，物品就有了共享的编码前缀：新物品还没有点击就有含义，表也变小。它是无监督的，q03 会手写。</details>
# <details><summary>只有点击没有评分，而且有 10⁹ 个 id。</summary>
# 那你手上有的正是这一课用的数据。Spotify 报告过自编码器的用户向量供多个模型复用（RecSys 2025）。10⁹ 个 id 的主成分用随机化或流式分解；编码器用哈希 embedding 加采样 softmax。</details>
# <details><summary>序列模型在上下文里就能适应，还要表示做什么？</summary>
# 它的隐状态就是一种表示，靠预测下一个物品学来。问题不变：在没训练过的用户身上，它是不是比主成分更好的起点？</details>

# %% [markdown] tags=["exercise"]
# ## Your turn
# Write three functions in [`exercises/q12_unsupervised_learning.py`](../exercises/q12_unsupervised_learning.py), about 22 minutes:
#
# - `info_nce`: find the other half.
# - `kmeans_step`: one round.
# - `denoising_loss`: name all from a part.
#
# Then run the cell below. Stuck? In the cell after it, take the `#` away and run: each run gives the next of three hints.

# %% [markdown] lang="zh"
# ## 动手
# 在 [`exercises/q12_unsupervised_learning.py`](../exercises/q12_unsupervised_learning.py) 里写三个函数，大约 22 分钟：
#
# - `info_nce`：找到另一半。
# - `kmeans_step`：走一轮。
# - `denoising_loss`：由部分还原全部。
#
# 写完运行下面的单元格。卡住了？把再下面那个单元格里的 `#` 去掉再运行：每运行一次给出下一条提示，共三条。

# %% tags=["exercise"]
from metarec_lib import check, what_was_measured

check("q12")

# %% tags=["exercise"]
# from metarec_lib import hint; hint("q12", "info_nce")

# %% tags=["measured"]
what_was_measured()

# %% [markdown] tags=["references"]
# **Read first · 先读：** Hsu, Levine & Finn (2019), [*Unsupervised Learning via Meta-Learning*](https://arxiv.org/abs/1810.02334), ICLR: CACTUs.
#
# - Liang, Krishnan, Hoffman & Jebara (2018), [*Variational Autoencoders for Collaborative Filtering*](https://arxiv.org/abs/1802.05814), WWW: Mult-DAE.
# - van den Oord, Li & Vinyals (2018), [*Representation Learning with Contrastive Predictive Coding*](https://arxiv.org/abs/1807.03748), arXiv: InfoNCE.
# - Chen, Kornblith, Norouzi & Hinton (2020), [*A Simple Framework for Contrastive Learning of Visual Representations*](https://arxiv.org/abs/2002.05709), ICML.
# - Khodadadeh, Bölöni & Shah (2019), [*Unsupervised Meta-Learning for Few-Shot Image Classification*](https://arxiv.org/abs/1811.11819), NeurIPS: UMTRA.
# - Yao et al. (2021), [*Self-supervised Learning for Large-scale Item Recommendations*](https://arxiv.org/abs/2007.12865), CIKM.
# - Yu et al. (2022), [*Are Graph Augmentations Necessary? Simple Graph Contrastive Learning for Recommendation*](https://arxiv.org/abs/2112.08679), SIGIR.
# - Wang et al. (2024), [*Unveiling Vulnerabilities of Contrastive Recommender Systems to Poisoning Attacks*](https://arxiv.org/abs/2311.18244), KDD.
# - Fazelnia et al. (2025), *Generalized User Representations for Large-Scale Recommendations and Downstream Tasks*, RecSys: Spotify.
# - Rousseeuw (1987), *Silhouettes: A Graphical Aid to the Interpretation and Validation of Cluster Analysis*, J. Comput. Appl. Math.
