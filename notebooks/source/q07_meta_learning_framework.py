# %% [markdown]
# # q07 · Design a recommender built on meta-learning, end to end
#
# The whole pipeline on real ratings, and what it is worth against its rivals.

# %% [markdown] lang="zh"
# # q07 · 设计一个基于元学习的推荐系统框架
#
# 在真实评分上走完整条链路，再和各路对手比一比，看它值多少。

# %% [markdown] tags=["question"]
# #### English
# Design a recommender for a film service where most users have rated fewer than twenty films. You want to use meta-learning.
# Walk me through it, from data to serving. Where in the funnel does adaptation sit, what do you store per user, what do you monitor,
# and what is the baseline that you must beat before you launch?
# #### 中文
# 一个影视平台，多数用户评分不到二十条，你想用元学习来做推荐。请从数据讲到上线：适应这一步放在漏斗的哪一层？每个用户存什么？监控什么？
# 上线之前，必须先打败哪个基线？
#
# level: senior · minutes: 4 · needs: q01, q06 · topics: system design, cold start, serving, closed-form head

# %% [markdown] tags=["answer-short"]
# #### English
# Users are tasks. I split by user, meta-train item vectors and a prior over user weights, and adapt by a ridge solve on the user's ratings:
# exact, a millisecond or two on one core, at every request. Pre-ranking uses the score; ranking takes the score and its variance as features; recall has
# its own model, trained on what is watched. The ratings are the state of record, all else is a cache. Without ratings the prior answers, from
# the profile. I monitor by K: error, ranking, calibration, fallbacks. It must beat a tuned bias and fold-in; <!-- c2: lower -->
# I keep probabilistic PCA beside it: with twenty ratings the two are level. <!-- c3: equal -->
# #### 中文
# 用户就是任务。按用户划分数据，元训练学共享的物品向量和用户权重的先验；请求一进来，就用该用户的几条评分解一个岭回归，完成适应：精确解，单核上一两毫秒。
# 粗排直接用这个分数；精排把分数和它的方差当特征；召回另用一个按观看行为训练的模型。用户侧以原始评分为准，其余都是缓存。没有评分时由先验作答，先验来自用户画像。
# 监控一律按 K 分桶：误差、排序、校准、兜底比例。上线之前要打败调好参的收缩偏置和 fold-in，<!-- c2: lower -->
# 旁边始终放一个概率 PCA：二十条评分时两者打平。<!-- c3: equal -->

# %% [markdown] tags=["answer-full"]
# **Data and tasks.** Interactions with user and item tables, checked once. No feature may know a test user or the future. Each
# user is a task. The support size K is drawn anew at each training step (here 1 to 20), so that one model serves every K.
#
# **Model.** Item $i$ has a bias $b_i$ and features $x_i = (v_i, 1)$; user $u$ has weights $w_u \sim N(m + M g_u,\, S)$, $g_u$ the profile.
# With the rated items $X$, residuals $r = y - b - X(m + M g_u)$ and noise $\sigma^2$,
#
# $$w_u = m + M g_u + S X^\top (X S X^\top + \sigma^2 I)^{-1} r$$
#
# a K × K solve. Vectors, prior and noise come from a variational fit. Then the squared error of each training user's query corrects
# vectors and prior: the gradient runs through the solve, on item vectors refitted without that user's fold. The noise stays.
# Without that training the same solve is probabilistic PCA, and level at twenty ratings; <!-- c3: equal -->
# at one, section 2 has about .002 star between them. So I would ship PCA first, and train through the solve where another loss is wanted.
#
# **The funnel.** Recall (召回) takes thousands out of millions by nearest neighbours, in several channels. Pre-ranking (粗排) cuts their union, tens of thousands, to a few hundred in
# 10 to 20 ms (reported by Alibaba): one inner product. Ranking (精排), under 30 ms (reported for SIM), takes score and variance as features, not $w_u$: its
# coordinates are not identified and turn with a retraining. Re-ranking (重排) adds diversity and rules. Pre-rank, rank and re-rank should read one solve.
#
# **Retrieval under adaptation.** Adapt the query side: the index holds item vectors, and a user's move costs no rebuild. Append the item bias as
# one more dimension. Item-side adaptation changes the index: do it in small batches, for new items only.
#
# **Serving.** Ratings are the state of record; they survive retraining and changed opinions. Where the feature store is late, $g_u$ is missing: answer for
# the mean profile $\bar g$, $m + M \bar g$, which ships with the model. Item vectors and caches carry one version.
#
# **Exploration.** New users and new items get a budget of traffic, a few per cent, spent by Thompson sampling on the posterior. Without it the logs
# hold only what the old model liked.
#
# **Monitoring.** By K: error, share of users worse off than with item means, calibration; drift of the prior; fallback rate; latency.
#
# **Launch.** Randomise new users at sign-up. Judge return after seven days and watch time, with guardrails on latency and complaints; not RMSE.
#
# **Industrial cold start.** Items: Meta-Embedding (a generator trained so that one step on a few clicks does well), MWUF, CVAR. Users: MeLU, MAMO, PAML,
# TaNP. By structure: POSO gates the network by how new the user is.

# %% [markdown] tags=["zh"]
# **数据与任务。** 交互表加用户表、物品表，在入口统一校验。特征里不能有测试用户的信息（数据泄漏），也不能有预测时刻之后的信息（特征穿越）。每个用户一个任务；
# 支持集大小 K 每个训练步重新抽（这里从 1 到 20），同一个模型就能覆盖各种 K。
#
# **模型。** 物品 $i$ 有偏置 $b_i$ 和特征 $x_i = (v_i, 1)$，最后一维对应用户偏置；用户 $u$ 的权重 $w_u \sim N(m + M g_u,\, S)$，$g_u$ 是用户画像。
# 设评过的物品特征为 $X$，残差 $r = y - b - X(m + M g_u)$，噪声为 $\sigma^2$，则
#
# $$w_u = m + M g_u + S X^\top (X S X^\top + \sigma^2 I)^{-1} r$$
#
# 只需解一个 K × K 的方程组。向量、先验、噪声先由变分贝叶斯拟合得到；再以训练用户查询集上的平方误差为损失，让梯度穿过求解步骤反传，修正向量和先验，此时用的物品向量是去掉该用户所在的折之后重新拟合的。噪声不再改动。
# 不做这一步训练，同样的求解就是概率 PCA，二十条评分时打平；<!-- c3: equal -->
# 一条时第 2 节里两者相差约 .002 星。所以先上线概率 PCA；需要换损失时，再让训练穿过求解步骤。
#
# **漏斗。** 召回：多路并行，每路用近邻检索从百万级里取几千个。粗排：把合并后的几万个砍到几百个，预算 10 到 20 毫秒（阿里公开的数字），这里只是一次内积。精排：30 毫秒以内（SIM 论文的数字），把分数和方差当特征；
# 不要直接用 $w_u$，它的坐标每次重训都会旋转，不可辨识。重排：多样性与业务规则。粗排、精排、重排应当读同一次求解的结果。
#
# **召回怎么配合适应。** 只适应 query 侧：索引里放的是物品向量，用户怎么变都不用重建索引；物品偏置当作多出来的一维拼进向量。物品侧的适应会改索引，只对新物品小批量地做。
#
# **线上。** 以原始评分为准：重训、改分都不怕。特征服务超时就拿不到 $g_u$，退回到平均画像 $\bar g$ 对应的 $m + M \bar g$，它随模型一起发布。物品向量与缓存同一个版本号。
#
# **探索流量。** 给新用户、新物品各留百分之几的流量，按后验做 Thompson 采样。不留的话，日志里只剩旧模型喜欢的东西。
#
# **监控。** 按 K 分桶：误差、比物品均值还差的用户占比、校准；另看先验漂移、兜底比例、延迟。
#
# **上线评估。** 新用户在注册那一刻随机分桶，看七日留存和观看时长，用延迟和投诉作护栏指标，而不是 RMSE。
#
# **工业界的冷启动。** 物品侧：Meta-Embedding（训练一个 embedding 生成器，使少量点击上走一步之后效果好）、MWUF、CVAR。用户侧：MeLU、MAMO、PAML、TaNP。结构上：POSO 按用户新旧程度做门控。

# %% [markdown]
# ## 1. The pipeline
# | stage | in → out | budget, as reported | what it takes from the adapted user |
# | --- | --- | --- | --- |
# | recall 召回 | 10⁶ and more → thousands a channel | none found | a user vector of its own model |
# | pre-rank 粗排 | tens of thousands → hundreds | 10 to 20 ms | the score, one inner product |
# | rank 精排 | hundreds → tens | under 30 ms | score and variance, as features |
# | re-rank 重排 | tens → a page | none found | the order, and the variance to explore |
#
# Offline, once a day: ratings and tables → checked interactions → tasks → meta-training → item vectors and prior, under one version. Online,
# at each request: stored ratings → one solve → the stages above.
#
# The offline part on ML-100K, with a fifth of each user's ratings held out (new users come in section 2):

# %% [markdown] lang="zh"
# ## 1. 整条链路
# | 阶段 | 输入 → 输出 | 预算（公开数字） | 用到适应结果的什么 |
# | --- | --- | --- | --- |
# | 召回 | 10⁶ 以上 → 每路几千 | 未见公开 | 召回模型自己的用户向量 |
# | 粗排 | 几万 → 几百 | 10 到 20 毫秒 | 分数，一次内积 |
# | 精排 | 几百 → 几十 | 30 毫秒以内 | 分数和方差，当特征 |
# | 重排 | 几十 → 一页 | 未见公开 | 次序；方差用于探索 |
#
# 离线，每天一次：评分和各表 → 校验过的交互 → 任务 → 元训练 → 物品向量和先验，同一个版本号。在线，每个请求：存下的评分 → 一次求解 → 上面各层。
#
# 先看离线部分，在 ML-100K 上，留出每个用户五分之一的评分（新用户见第 2 节）：

# %%
import time
from metarec_lib import BaselineRecommender, MetaLearningModel, claim, compare, seed
from metarec_lib import evaluate_tasks, load_data, load_movielens, load_study, plots
from metarec_lib import make_tasks, preprocess_data, split_users, tasks_from_split
from metarec_lib.workbook.core import glossary, pick

SEED = seed()


def text(name):
    return pick(TEXTS[name])  # in the reader's language


def labels(title, x, y):
    return {"title": text(title), "xlabel": text(x), "ylabel": text(y)}


# %% tags=["figure"]
TEXTS = {
    "rows": ("training ratings", "训练评分"),
    "columns": ("columns", "列"),
    "list": ("Ten well-known films: rank and predicted stars", "十部知名影片：名次与预测星级"),
    "score 0": ("score before", "之前的分数"),
    "std 0": ("std before", "之前的标准差"),
    "score 1": ("score after", "之后的分数"),
    "std 1": ("std after", "之后的标准差"),
    "noise": ("standard deviation of a rating's noise, stars", "评分噪声的标准差（星）"),
    "before": ("no rating", "没有评分"),
    "after": ("your ratings", "你的评分"),
    "alt list": (
        "Two columns of ranks joined by lines: ten films as the prior ranks them, and after three ratings.",
        "左右两列名次由线相连：左边是先验给出的十部影片的次序，右边是三条评分之后的次序。",
    ),
    "board": ("New users, five splits", "新用户，五次划分"),
    "K": ("K, ratings of the new user", "K：新用户的评分数"),
    "rmse": ("RMSE (stars)", "RMSE（星）"),
    "alt board": (
        "RMSE of five models against K. All fall. The closed-form head and the Transformer start together; at twenty "
        "ratings the head is lowest.",
        "五种模型的 RMSE 随 K 变化，都在下降。闭式解预测头和 Transformer 同时起步，二十条评分时闭式解预测头最低。",
    ),
    "ranking": ("Ranking of ten query ratings", "十条查询评分的排序"),
    "ndcg": ("nDCG@5", "nDCG@5"),
    "alt ranking": (
        "nDCG@5 against K. The shrunken bias and MeLU at its published rates are flat, MeLU nearly so; fold-in and the "
        "closed-form head rise.",
        "nDCG@5 随 K 变化：收缩偏置和用论文学习率的 MeLU 是平的，MeLU 几乎是平的；fold-in 和闭式解预测头上升。",
    ),
    "cost": ("What 10⁸ users cost, float32", "10⁸ 个用户要占多少（float32）"),
    "GB": ("GB", "GB"),
    "statistics": ("XᵀX and Xᵀ(y − b), D = {}", "XᵀX 与 Xᵀ(y − b)，D = {}"),
    "ratings": ("twenty ratings", "二十条评分"),
    "weights": ("adapted weights, D = {}", "适应后的权重，D = {}"),
    "network": ("MAML's adapted network (q01)", "MAML 适应后的网络（q01）"),
    "alt cost": (
        "Bars of gigabytes: the adapted weights need least, twenty ratings come next; sufficient statistics at D = 64 "
        "need most.",
        "以 GB 计的条形图：适应后的权重最省，二十条评分次之，D = 64 的充分统计量最费。",
    ),
    "zero": ("a zero profile minus the mean one:", "全零画像减平均画像："),
    "factors": ("the same, minus matrix factorisation:", "同样条件下，与矩阵分解之差："),
    "yours": ("your weights equal the library's", "你的权重与库里的一致"),
    "each film": ("each film counts once", "每部影片算一次"),
    "each rating": ("each rating counts once", "每条评分算一次"),
}

# %%
train, test = load_data("ml-100k", split="random", seed=SEED)
(X, y), (X_test, y_test) = preprocess_data(train), preprocess_data(test)
served = MetaLearningModel(seed=SEED).fit(X, y)
print(f"{len(X):,} {text('rows')}, {X.shape[1]} {text('columns')}")
for metric in ("auc", "rmse", "ndcg@10"):
    print(f"{metric}: {served.evaluate(X_test, y_test, metric=metric):.3f}")
best = served.recommend(123, k=5)
counts = best["item_id"].map(X["item_id"].value_counts())
plots.table(best.assign(n=counts).drop(columns="item_id"), digits=2)

# %% [markdown]
# nDCG here ranks all films that the user has not rated. The model learns stars; what is watched is another question (q06), the
# work of recall. A film with few ratings (`n`) can stand on top: the score is a mean; in production take a lower bound, or filter.
#
# One more rating moves films not yet rated:

# %% [markdown] lang="zh"
# 这里的 nDCG 是在用户没评过的全部影片里排序。模型学的是星级；“会不会看”是另一个问题（q06），那是召回的活。评分很少（看 `n`）的影片
# 也可能排到最前：分数只是均值；线上要取置信下界，或者过滤掉。
#
# 再来一条评分，用户没评过的影片也会跟着动：

# %%
pair = [181, 210]  # Return of the Jedi; Indiana Jones and the Last Crusade
before = served.predict(123, pair, return_std=True)
served.update(123, 172, 5)  # The Empire Strikes Back, five stars
after = served.predict(123, pair, return_std=True)
both = before.add_suffix(" 0").join(after.add_suffix(" 1")).rename(columns=text)
both = both.rename(index=train.items.set_index("item_id")["title"])
plots.table(both.rename_axis("title"))
print(f"{text('noise')}: {served.noise_ * served.spread_:.3f}")

# %% [markdown]
# `std` is that of a new *rating*; most of it is a rating's own noise (the line above), which no history removes.
#
# **Play.** A new user rates three films. Which of ten others move?

# %% [markdown] lang="zh"
# 标准差（`std`）是一条新*评分*的，大部分是评分自身的噪声（上面那一行），历史再长也去不掉。
#
# **动手玩。** 一个新用户给三部影片打分。另外十部里，哪些会动？

# %% tags=["play", "nbval-ignore-output"]
others = [1, 56, 98, 121, 172, 174, 181, 258, 286, 294]
titles = train.items.set_index("item_id")["title"][others].str.slice(0, 24)


def rate(star_wars=5, fargo=1, scream=4):
    prior = served.predict(-1, others)  # a user of whom nothing is known
    for film, stars in ((50, star_wars), (100, fargo), (288, scream)):
        served.update(0, film, stars)  # a second rating replaces the first
    both = prior, served.predict(0, others)
    ranks = [dict(zip(titles, scores, strict=True)) for scores in both]
    ends = text("before"), text("after")
    return plots.slopes(*ranks, title=text("list"), ends=ends)


plots.play(rate, star_wars=(1, 5), fargo=(1, 5), scream=(1, 5), alt=text("alt list"))

# %% [markdown]
# ## 2. New users, and every rival
# First only the profile is known: age, gender, occupation. Or not even that, because the feature store is late; then the mean profile stands in. Two splits; the judging users
# gave nothing to training or to settings. They also judge in q01, q02 and q06.

# %% [markdown] lang="zh"
# ## 2. 新用户，以及各路对手
# 先看只有画像的时候：年龄、性别、职业。如果特征服务超时，就连画像也没有，只好用平均画像顶上。两次划分；评估用的用户没有参与训练，参数也是在别的用户上选的。q01、q02 和 q06 也用这批人评估。

# %%
data, profile = load_movielens("ml-100k"), {"zero": [], "mean": [], "known": []}
for split in (SEED, SEED + 1):
    *_, judging = split_users(data, seed=split)
    known = data.subset(~data.ratings["user_id"].isin(judging).to_numpy())
    head = MetaLearningModel(seed=split).fit(known)
    tasks = make_tasks(data, judging, k=20, seed=split)
    table = head.user_features_
    mean = table[list(set(known.user_codes.tolist()))].mean(0)
    for name, told in zip(profile, (0 * table, 0 * table + mean, table), strict=True):
        head.user_features_ = told
        found = evaluate_tasks(head, tasks.first(0), ("rmse",), user_ids=judging)
        profile[name].append(found["rmse"])

# %% tags=["claim"]
gain = compare(profile["known"], profile["mean"])
zero = compare(profile["zero"], profile["mean"])
print(text("zero"), plots.interval_text(zero.mean, *zero.interval))
without = "closed-form head that lacks the profile"
claim("RMSE", "closed-form head", without, gain, at="K = 0, two splits")

# %% [markdown]
# That is what a late feature store costs. <!-- c1: lower -->
# An all-zero profile costs a little more (the line above the claim): gender and occupation are one-hot, so zeros are nobody's profile.
# The library still gives them to unknown users.
#
# Now ratings arrive. The study (`metarec study leaderboard`) has every model on five other splits; bias, item-kNN, MF and
# MeLU were tuned on tuning users, the others run at the library's settings. All splits are of the same users.

# %% [markdown] lang="zh"
# 这就是特征服务超时的代价。<!-- c1: lower -->
# 如果直接填零，还会再差一点（结论上面那一行）：性别和职业是 one-hot，全零不是任何人的画像。库里对未知用户目前仍是填零。
#
# 接着评分陆续到来。研究脚本（`metarec study leaderboard`）在另外五次划分上比较了库里的全部模型；偏置、物品 kNN、矩阵分解和 MeLU 的参数在调参用户上选，其余用库的默认设置。各次划分用的都是同一批用户。

# %% [markdown] tags=["expect"]
# **What do you expect?** Ten rivals, from item-kNN to a Transformer that reads the ratings as context. Which is best with one rating, and is it
# still best with twenty?

# %% [markdown] lang="zh"
# **你猜结果如何？** 十个对手，从物品 kNN 到把评分当上下文读入的 Transformer。只有一条评分时谁最好？到了二十条，还是它吗？

# %% tags=["figure"]
board, sizes = load_study("leaderboard"), (0, 1, 3, 5, 10, 20)
few, curves = ("BaselineRecommender", "MatrixFactorization", "InContextTransformer",
               "MAML", "MetaLearningModel"), {}
for name in few:
    curves[glossary.say(name)] = [board.mean(name, k=k, order="random") for k in sizes]
fig = plots.lines(sizes, curves, **labels("board", "K", "rmse"), xticks=sizes)
fig.get_layout_engine().set(w_pad=0.1)
plots.show(fig, alt=text("alt board"))

# %%
rivals = ("BaselineRecommender", "MeLU", "MatrixFactorization", "ItemKNN", "MAML",
          "InContextTransformer", "ConditionalNeuralProcess", "ItemGaussianProcess",
          "ProbabilisticPCA", "ensemble")
against = board.table(rivals, order="random")[["K = 1", "K = 20"]].astype(object)
for name in rivals:
    against.loc[name] = [board.compare("MetaLearningModel", name, k=k, order="random")
                         for k in (1, 20)]
plots.table(against.rename(index=glossary.say), digits=4)

# %% [markdown]
# The table is the head's RMSE minus each rival's, over users, before correction. The ensemble is the mean of the Gaussian process, probabilistic PCA and the
# neural process: three models to train, version and serve. An interval above zero is a rival ahead of the head: the ensemble in both columns,
# the Gaussian process at twenty, each by less than the .01 star that this book calls small.
# The neural process holds level at one rating alone.

# %% [markdown] lang="zh"
# 表里是闭式解预测头的 RMSE 减去各个对手的，按用户重抽样，未做多重比较校正。“多模型平均”是高斯过程、概率 PCA 与神经过程三者的平均：要训练、发版、上线三个模型。区间整个在零以上，就是对手领先：多模型平均两列都领先，
# 高斯过程在二十条时领先，幅度都不到本书视为“小”的 .01 星。神经过程只在一条评分时持平。

# %% tags=["claim"]
factors = against.loc["MatrixFactorization", "K = 20"]
claim("RMSE", "closed-form head", "matrix factorisation", factors, headline=True)

# %% tags=["claim"]
pca = against.loc["ProbabilisticPCA", "K = 20"]
claim("RMSE", "closed-form head", "probabilistic PCA", pca)

# %% tags=["claim"]
context = against.loc["InContextTransformer", "K = 1"]
claim("RMSE", "closed-form head", "in-context Transformer", context)

# %% tags=["claim"]
at = {"k": 1, "order": "chronological"}
early = board.compare("MetaLearningModel", "BaselineRecommender", **at)
folded = board.compare("MetaLearningModel", "MatrixFactorization", **at)
print(text("factors"), plots.interval_text(folded.mean, *folded.interval))
claim("RMSE", "closed-form head", "shrunken bias", early)

# %% [markdown]
# With twenty ratings the head beats fold-in. <!-- c2: lower -->
# Probabilistic PCA, from which its training starts, is level there. <!-- c3: equal -->
# With one rating a Transformer that adapts in context is level too; <!-- c4: equal -->
# it reads the ratings as a set, without their order. At twenty, see its row.
#
# The last claim takes the *first* rating in time, as in service; above, the K ratings were drawn at random. With the first rating, after correction, no gain over the bias is seen, <!-- c5: none -->
# and none over fold-in (the line above the claim).
# MovieLens's times are times of entry: many users enter a page of old opinions at once. All judged users have 30 ratings or more, which
# we hide; only an A/B test has real new users.
#
# ## 3. What public leaderboards hide
# A table of meta-learners can hide that a tuned bias does as well, that a method does not adapt at all, and that a lower error is not yet a better
# ranking. Five folds over all users with 30 ratings, tuning users too; ten query ratings each, 5 to 20 others as support, three draws. MeLU stands twice: once with a step that grows with K
# and rates that suit these data, once at its published rates, chosen for other data. The table is RMSE over all ratings, scores clipped.

# %% [markdown] lang="zh"
# 二十条评分时，闭式解预测头胜过矩阵分解 fold-in。<!-- c2: lower -->
# 概率 PCA 是它训练的初始状态，此时与它打平。<!-- c3: equal -->
# 只有一条评分时，在上下文里适应的 Transformer 也与它打平；<!-- c4: equal -->
# 它把评分当成集合来读，不看先后。二十条时看表中它那一行。
#
# 最后一条取的是时间上的*第一条*评分，和线上一样；前面的 K 条是随机抽的。校正之后，这时看不出比偏置好，<!-- c5: none -->
# 也看不出比 fold-in 好（结论上面那一行）。
# MovieLens 的时间戳是录入时间：很多用户一次录入一整页旧看法。另外，参与评估的用户都至少有 30 条评分，只是被我们藏了起来；真正的新用户只有 A/B 测试里才有。
#
# ## 3. 公开榜单藏起了什么
# 一张元学习榜单可能藏起三件事：调好参的偏置一样好；某个方法根本没有适应；误差低不等于排得好。评分满 30 条的用户全部参与，包括调参用户，按用户分五折：每人十条查询评分，另取 5 到 20 条作支持集，
# 重复抽三次。MeLU 出现两次：一次步长随 K 变、学习率适合这份数据；一次用论文公布的学习率，那是作者为别的数据选的。表里是全部评分合起来的 RMSE，分数先截断到评分范围内。

# %% [markdown] tags=["expect"]
# **What do you expect?** Whose *ranking* gets better when a user has 20 ratings instead of 5, and whose cannot?

# %% [markdown] lang="zh"
# **你猜结果如何？** 用户的评分从 5 条变成 20 条，谁的*排序*会变好？谁不可能变好？

# %% tags=["figure"]
peers, supports = load_study("new_users"), (5, 10, 20)
few, curves = ("BaselineRecommender", "MatrixFactorization", "MeLU",
               "MeLU, published rates", "MetaLearningModel"), {}
for name in few:
    curves[glossary.say(name)] = [peers.mean(name, "ndcg@5", k=k) for k in supports]
fig = plots.lines(supports, curves, **labels("ranking", "K", "ndcg"), xticks=supports)
fig.get_layout_engine().set(w_pad=0.1)
plots.show(fig, alt=text("alt ranking"))

# %%
more = [*few, "ItemKNN", "MAML", "ItemGaussianProcess", "ProbabilisticPCA", "ensemble"]
errors = peers.table(more, metric="rmse").sort_values("K = 20")
plots.table(errors.rename(index=glossary.say))

# %% tags=["claim"]
paper = "MeLU, published rates"
still = peers.compare((paper, {"k": 20}), (paper, {"k": 5}), metric="mse")
sides = [("MeLU at its published rates", f"K = {k}") for k in (20, 5)]
claim("squared error", *sides, still)

# %% tags=["claim"]
better = peers.compare("MetaLearningModel", "BaselineRecommender", "ndcg@5", k=20)
claim("nDCG@5", "closed-form head", "shrunken bias", better)

# %% [markdown]
# At its published rates MeLU's error with five ratings and with twenty agrees to four decimals: <!-- c6: none -->
# its inner step moves next to nothing here. A table at one K cannot show that. The bias cannot change a user's order: it adds one number to all. The head
# can. <!-- c7: higher -->
# So ask of any table: which simple baseline, tuned how, at which K, and does the row change with K?
#
# ## 4. What a user costs
# The exact posterior can be kept as sufficient statistics, $X^\top X$ and $X^\top(y - b)$ each row divided by its rating's standard deviation (noise, and doubt about the film); a new rating is added to them. All but the ratings themselves
# belongs to one version of the item vectors. Here $D = 9$; what if it were 64?

# %% [markdown] lang="zh"
# 用论文公布的学习率，MeLU 五条评分和二十条评分的误差，四位小数都相同：<!-- c6: none -->
# 它的内循环在这里几乎不动，只报一个 K 的榜单看不出来。偏置改变不了一个用户的排序：它给所有物品加的是同一个数。闭式解预测头可以。<!-- c7: higher -->
# 所以看任何榜单都要问：简单基线是哪个、怎么调的参、K 取几、这一行随 K 变不变？
#
# ## 4. 一个用户要花多少
# 精确的后验可以存成充分统计量 $X^\top X$ 和 $X^\top(y - b)$（每行先除以该评分的标准差：噪声，加上对影片的不确定），来一条评分就加进去。但除了评分本身，一切都只对某一版物品向量有效。这里 $D = 9$，换成 64 呢？

# %% tags=["figure"]
here = served.item_vectors_.shape[-1] + 1
width = here - 1 + served.item_features_.shape[1]  # MAML reads this; 32 hidden units
numbers = {text("statistics").format(d): d * (d + 1) // 2 + d for d in (here, 64)}
numbers |= {text("ratings"): 2 * 20, text("network"): (width + 1) * 32 + 33}
numbers[text("weights").format(here)] = here
gigabytes = {name: count * 4 * 1e8 / 1e9 for name, count in numbers.items()}
fig = plots.bars(gigabytes, title=text("cost"), xlabel=text("GB"), digits=0)
fig.get_layout_engine().set(w_pad=0.1)
plots.show(fig, alt=text("alt cost"))

# %% [markdown]
# The weights alone cannot take one more rating exactly. So store the ratings and solve at each request. With the covariance, one more rating is
# a rank-one step of gain $\Sigma x / (1 + x^\top \Sigma x)$, for noise 1. By hand, twenty ratings one at a time, against the library's solve of all at once:

# %% [markdown] lang="zh"
# 单凭权重无法精确地再加一条评分。所以存评分，每个请求解一次。有了协方差，加一条评分就是一次秩一修正，噪声为 1 时增益是 $\Sigma x / (1 + x^\top \Sigma x)$。下面亲手来一遍：二十条评分逐条加入，与库里一次性求解的结果对比：

# %%
one = tasks.select(slice(1))
items = head.linear(one.support)
sd = items.variance[0].sqrt()  # each rating is divided by its own: then the noise is 1
x = items.x[0] / sd[:, None]
y_left = (one.support.values - items.bias)[0] / head.spread_ / sd
prior = head.adapt(one.first(0).support).mean[0]
scale = head.params_["log_scale"].exp()
at_once = head.adapt(one.support).mean[0]

# %% tags=["from-scratch"]
def add_rating(mean, covariance, x, y):
    gain = covariance @ x / (1 + x @ covariance @ x)
    return mean + gain * (y - x @ mean), covariance - gain[:, None] * (covariance @ x)


mean, covariance = prior, (scale**2).diag()
for row, rating in zip(x, y_left, strict=True):
    mean, covariance = add_rating(mean, covariance, row, rating)
print("agrees:", mean.allclose(at_once, atol=1e-8))

# %% tags=["nbval-ignore-output"]
requests = {
    "adapt and score": lambda: head.score(head.adapt(one.support), one.query),
    "recommend": lambda: served.recommend(123),
    "update": lambda: served.update(123, 172, 5),
}
for name, call in requests.items():
    start = time.perf_counter()
    for _ in range(100):
        call()
    print(f"{name}: {10 * (time.perf_counter() - start):.2f} ms")

# %% [markdown]
# `recommend` ranks all films; with $10^9$ ids only the candidates of recall are scored.
#
# ## 5. A film that nobody has rated
# Turn the roles round: the film is the task. Before any rating its vector is what genres and year say; each rating then corrects it in closed form (your
# `meta_embedding_init`). Hold out a fifth of the films, twice. Both rivals read the same features. Films were drawn, so the film is the unit:

# %% [markdown] lang="zh"
# `recommend` 给全部影片排序；若有 $10^9$ 个 id，只给召回的候选打分。
#
# ## 5. 一部还没人评过的影片
# 把角色反过来：影片就是任务。没有评分时，它的向量由类型和年份给出；之后每条评分以闭式解修正它（你要写的 `meta_embedding_init`）。留出五分之一的影片，做两次。两个对手用同样的特征。
# 抽的是影片，所以重抽样的单位也是影片：

# %% [markdown] tags=["expect"]
# **What do you expect?** Nobody has rated the film. Can a model that adapts to the *user* still be better than the bias?

# %% [markdown] lang="zh"
# **你猜结果如何？** 这部影片没人评过。对*用户*做适应的模型，还能比偏置好吗？

# %%
by_film, share, all_films = {"head": [], "bias": []}, [], data.n_items
for split in (SEED, SEED + 1):
    warm, cold = load_data("ml-100k", split="item-cold", seed=split)
    tasks, _ = tasks_from_split(warm, cold)
    query, films = tasks.query, tasks.query.items[tasks.query.mask]
    n = films.bincount(minlength=all_films).to(query.values)
    share.append(n / n[n > 0].mean())
    models = MetaLearningModel(seed=split), BaselineRecommender()
    for name, model in zip(by_film, models, strict=True):
        scores = model.fit(warm).score(model.adapt(tasks.support), query)
        squared = (scores - query.values)[query.mask] ** 2
        by_film[name].append(films.bincount(squared, minlength=all_films) / n)

# %% tags=["claim"]
each = {"each film": [1, 1], "each rating": share}
found = {}
for name, weights in each.items():
    sides = [[(errors[at] * weights[at]).cpu().numpy() for at in (0, 1)]
             for errors in by_film.values()]
    found[name] = compare(*sides, unit="films")
    print(text(name), plots.interval_text(found[name].mean, *found[name].interval))
claim("squared error", "closed-form head", "shrunken bias", found["each rating"],
      at="films without a rating, two splits")

# %% [markdown]
# Both ways of counting stand above; the claim counts each rating once, as traffic does. <!-- c8: lower -->
# What the features alone are worth would need a rival without them.

# %% [markdown] lang="zh"
# 上面两种算法都给了；结论按每条评分算一次，与流量一致。<!-- c8: lower -->
# 特征本身值多少，还需要一个不用特征的对手。

# %% [markdown] tags=["rubric"]
# #### English
# - [2] users as tasks, split by user, K drawn at random in training; no leakage of test users, nothing from the future
# - [2] a model that adapts in closed form, with the formula, and what is shared across users (vectors, prior, noise)
# - [2] places adaptation in the funnel, with counts and budgets, and says what each stage takes from it
# - [2] state per user, exact update, versions, fallback to the prior, latency
# - [1] names the baselines to beat (tuned shrunken bias, fold-in, probabilistic PCA) and how the launch is judged
# - [1] cold start on both sides, with industrial methods and exploration traffic; what to monitor
# #### 中文
# - [2] 用户即任务，按用户划分，训练时 K 随机；测试用户的信息不泄漏，也不用未来信息
# - [2] 闭式解的适应，写得出公式，说清哪些东西跨用户共享（向量、先验、噪声）
# - [2] 说清适应放在漏斗哪里，各层的数量和耗时预算，以及每一层用它的什么输出
# - [2] 用户状态、精确更新、版本管理、先验兜底、延迟
# - [1] 说得出必须打败的基线（调好参的收缩偏置、矩阵分解 fold-in、概率 PCA），以及怎样评估上线
# - [1] 用户和物品两侧的冷启动、工业界方法与探索流量；监控什么

# %% [markdown] tags=["pitfalls"]
# #### English
# - **"We meta-train a big network and fine-tune it for each user online."** → Then each user costs a network or a loop of gradient steps. A closed form costs one small solve; section 2 has both. We found no report of such a loop in service.
# - **"We store the adapted weights and feed them to the ranker."** → With new item vectors they are wrong, and their coordinates are not identified: retrained with another seed they turn. Store ratings; feed score and variance.
# - **"The model handles cold start, so no fallback is needed."** → A late feature store, an unknown item, an unknown user: each needs an answer. The prior is one; section 2 says what it costs. <!-- c1: lower -->
# - **"Our meta-learner beats MeLU on the benchmark."** → At its published rates MeLU hardly adapts here. <!-- c6: none --> Beat a tuned bias and fold-in, and put probabilistic PCA beside it.
# - **"Adaptation replaces recall."** → A model of stars ranks what was chosen to be watched. Recall needs a model of choice, trained on impressions or views.
# #### 中文
# - **“元训练一个大网络，线上给每个用户微调。”** → 那每个用户要么存一个网络，要么跑一串梯度步。闭式解每次只解一个小方程组；第 2 节两者都有。公开资料里也没找到把这种内循环放到线上的报告。
# - **“把适应后的权重存下来，喂给精排。”** → 物品向量一更新，存下的权重就失效；而且坐标不可辨识，换个种子重训就转了。存评分，喂分数和方差。
# - **“模型能处理冷启动，不需要兜底。”** → 特征服务超时、未知物品、未知用户，都要有答案。先验就是一个，代价见第 2 节。<!-- c1: lower -->
# - **“我们的元学习器在榜单上赢了 MeLU。”** → 用论文公布的学习率，MeLU 在这里几乎没有适应。<!-- c6: none -->先打败调好参的偏置和 fold-in，旁边再放一个概率 PCA。
# - **“有了适应，召回就不需要了。”** → 学星级的模型，只会在“用户已经选来看的”影片里排序。召回要学“会不会选”，得用曝光或观看来训练。

# %% [markdown] tags=["follow-ups"]
# #### English
# <details><summary>We have clicks, not stars. What changes?</summary>
# The likelihood: a click on an impression is Bernoulli, so the solve becomes a few Newton steps from the prior, each of the same size. Shown and skipped
# is a weak negative that depends on the position; for retrieval take negatives from the whole catalogue. A click says less than a rating, so the prior rules for longer. What is
# measured here is stars only.</details>
# <details><summary>Why not a sequence model that adapts in context?</summary>
# Often that is the answer: no state per user, fresh at once, and common in industry where logs are long. It is amortised adaptation. Here, on few data and without the order of events, it is level with the closed form at
# one rating; <!-- c4: equal --> at twenty see its row in section 2. The closed form stays where an exact update, an uncertainty or
# milliseconds on a CPU are needed, and for new items.</details>
# <details><summary>A new item has no click. Which traffic and which vector does it get?</summary>
# The vector comes from its content, by a generator that was trained for the error after the first clicks (Meta-Embedding). Traffic: a reserved share of slots, for
# those users whose posterior is widest or whose predicted score is high, with a cap per item; stop when the interval of its rate is narrow. Judge
# the policy by what the surviving items bring later, not by the clicks of the probe.</details>
# <details><summary>10⁹ ids, retrained every night. What happens to states, index and stages?</summary>
# States belong to old vectors, so solve anew from the stored ratings: at request, or in one batch. Publish vectors, index and caches under one version and
# serve a request from one version. Shard or hash the table; rare ids lean on content. Watch the agreement of pre-rank and rank: the share of the ranker's top that pre-rank
# lets through.</details>
# <details><summary>Your RMSE falls by 0.01. Is that a launch? How do you test on new users?</summary>
# RMSE does not say. Randomise at sign-up and keep a user in one arm for weeks, since a list shapes what is rated next. First look: equal arms. Then return after seven days, watch time,
# and the effect by K. New users are few: fix the smallest effect worth having and the weeks it takes before you start. Give the arms separate training data if exploration feeds
# the model, else they share its gain.</details>
# #### 中文
# <details><summary>我们只有点击，没有星级，该怎么改？</summary>
# 变的是似然：曝光后点不点是伯努利变量，一次求解变成从先验出发的几步牛顿法，每步规模不变。曝光未点击是弱负样本，强弱与位置有关；召回的负样本要从全库采。一次点击的信息比一条评分少，所以先验
# 主导得更久。本课只测了星级。</details>
# <details><summary>为什么不用能在上下文里适应的序列模型？</summary>
# 很多时候答案就是它：不存用户状态，行为一来就生效，日志长的地方业界常用它。它是把适应的代价摊到训练里。这里数据少，也没有用行为的先后；只有一条评分时它与闭式解打平；<!-- c4: equal -->
# 二十条时看第 2 节它那一行。需要精确更新、需要不确定性、要在 CPU 上毫秒级出结果，或者面对新物品时，仍用闭式解。</details>
# <details><summary>新物品一次点击都没有，给它多少流量？用什么向量？</summary>
# 向量由内容特征生成，生成器的训练目标是最初几次点击之后的误差（Meta-Embedding）。流量：预留一部分坑位，给后验最宽或预测分高的用户，每个物品设上限；它的点击率区间足够窄就停。
# 评价探索策略，要看存活下来的物品后来带来多少，不看探索期的点击。</details>
# <details><summary>10⁹ 个 id，每晚重训。用户状态、索引、各层怎么办？</summary>
# 旧状态只对旧向量有效，用存下的评分重解一次：在请求时解，或批量解。向量、索引、缓存同一个版本号，一个请求只用一个版本。表要分片或哈希，低频 id 主要靠内容特征。
# 还要盯粗排与精排的一致性：精排的头部有多少能被粗排放进来。</details>
# <details><summary>RMSE 降了 0.01，值得上线吗？新用户怎么做 A/B？</summary>
# 光看 RMSE 说不清。在注册那一刻随机分桶，一个用户几周内都留在同一桶，因为列表会影响他接下来评什么。先看两桶人数是否均衡（SRM），再看七日留存、观看时长，以及分 K 的效果。
# 新用户不多：开始之前先定好值得要的最小效果和需要的周数。如果探索数据会回流训练，两桶的训练数据要隔开，否则对照组也会沾光。</details>

# %% [markdown] tags=["exercise"]
# ## Your turn
# Write three functions in [`exercises/q07_meta_learning_framework.py`](../exercises/q07_meta_learning_framework.py), about 30 minutes:
#
# - `ridge_adapt`: adapt to one user by a K × K solve.
# - `serve`: adapt, score all items, return the best unseen ones.
# - `meta_embedding_init`: a vector for a new item, from its features and its first ratings.
#
# Then run the cell below. Stuck? In the cell after it, take the `#` away and run: each run gives the next of three hints. The last cell
# uses your `ridge_adapt` on the fitted model.
#
# `what_next()` puts this learner to work on you. Its prior is written down, not learned.

# %% [markdown] lang="zh"
# ## 动手
# 在 [`exercises/q07_meta_learning_framework.py`](../exercises/q07_meta_learning_framework.py) 里写三个函数，大约 30 分钟：
#
# - `ridge_adapt`：用 K × K 求解完成对一个用户的适应。
# - `serve`：先适应，再给所有物品打分，返回没评过的里面最好的几个。
# - `meta_embedding_init`：由特征和最初的几条评分，给新物品一个向量。
#
# 写完运行下面的单元格。卡住了？把再下面那个单元格里的 `#` 去掉再运行：每运行一次给出下一条提示，共三条。最后一个单元格把你的 `ridge_adapt` 用在训练好的模型上。
#
# `what_next()` 把这套方法用在你身上。先验是写定的，不是学来的。

# %% tags=["exercise"]
from metarec_lib import check, mine, what_next, what_was_measured

check("q07")
what_next()

# %% tags=["exercise"]
# from metarec_lib import hint; hint("q07", "serve")

# %% tags=["exercise"]
with mine("q07") as my:
    w = my.ridge_adapt(*(t.cpu().numpy() for t in (x, y_left, prior, scale)), 1.0)
    print(f"{text('yours')}: {abs(w - at_once.cpu().numpy()).max() < 1e-8}")

# %% tags=["measured"]
what_was_measured()

# %% [markdown] tags=["references"]
# **Read first · 先读：** Bertinetto, Henriques, Torr & Vedaldi (2019), [*Meta-learning with Differentiable Closed-Form Solvers*](https://arxiv.org/abs/1805.08136), ICLR.
#
# - Harrison, Sharma & Pavone (2018), *Meta-Learning Priors for Efficient Online Bayesian Regression*, WAFR: ALPaCA, nearest to the model here.
# - Tipping & Bishop (1999), *Probabilistic Principal Component Analysis*, JRSS B; Lim & Teh (2007), *Variational Bayesian Approach to Movie Rating
#   Prediction*, KDD Cup.
# - Agarwal & Chen (2009), *Regression-based Latent Factor Models*, KDD: priors from features.
# - Pan, Li, Ao, Tang & He (2019), [*Warm Up Cold-start Advertisements: Improving CTR Predictions via Learning to Learn ID Embeddings*](https://arxiv.org/abs/1904.11547), SIGIR: Meta-Embedding.
# - Zhu et al. (2021), *Learning to Warm Up Cold Item Embeddings for Cold-start Recommendation with Meta Scaling and Shifting Networks*, SIGIR: MWUF. Zhao et al. (2022), *Improving Item Cold-start Recommendation via Model-agnostic Conditional Variational Autoencoder*, SIGIR: CVAR.
# - Lee et al. (2019), *MeLU: Meta-Learned User Preference Estimator for Cold-Start Recommendation*, KDD. Dong et al. (2020), *MAMO: Memory-Augmented Meta-Optimization for Cold-start Recommendation*, KDD. Wang et al. (2021), *Preference-Adaptive Meta-Learning for Cold-Start Recommendation*, IJCAI: PAML. Lin et al. (2021), *Task-adaptive Neural Process for User Cold-Start Recommendation*, WWW: TaNP.
# - Dai et al. (2021), [*POSO: Personalized Cold Start Modules for Large-scale Recommender Systems*](https://arxiv.org/abs/2108.04690), arXiv.
# - Wang et al. (2020), [*COLD: Towards the Next Generation of Pre-Ranking System*](https://arxiv.org/abs/2007.16122), arXiv: Alibaba. Pi et al. (2020), *Search-based User Interest Modeling with Lifelong Sequential Behavior Data for Click-Through Rate Prediction*, CIKM: SIM, the ranking budget. Zhao et al. (2023), *COPR: Consistency-Oriented Pre-Ranking for Online Advertising*, CIKM.
