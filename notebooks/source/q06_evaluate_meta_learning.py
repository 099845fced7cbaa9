# %% [markdown]
# # q06 · How do you evaluate a meta-learned recommender?
#
# Seven ways in which a table of results misleads: six on real ratings, one in a synthetic world where the truth is known.

# %% [markdown] lang="zh"
# # q06 · 如何评估元学习模型？
#
# 一张结果表有七种骗人的方式：六种在真实评分上演示，一种在真值已知的合成数据上演示。

# %% [markdown] tags=["question"]
# #### English
# You have a new cold-start recommender, and a table in which it beats six others by 0.005 RMSE. How was the table made, if
# you are to believe it? What do you split, what do you compare with, and how do you know that the difference is real?
# #### 中文
# 你有一个新的冷启动推荐模型，结果表里它的 RMSE 比另外六个方法低 0.005。这张表要怎么做出来才可信？数据按什么划分？和谁比？
# 怎么判断这点差距是真的？
#
# level: senior · minutes: 3 · needs: none · topics: evaluation, leakage, ranking metrics, uncertainty

# %% [markdown] tags=["answer-short"]
# #### English
# I split by user. Some users train the model; others are new to it. A new user gives K ratings to adapt on, and the rest
# judge the model. I report the paired difference to a tuned shrunken bias at several K, with an interval over users. For
# ranking I average over ties and rank all items; AUC I take inside each user. I also split by time, since production predicts the future
# from the past. Then I look for leaks, because one leak can be worth more than a model's honest gain. <!-- c6: lower -->
# #### 中文
# 我按用户划分：一部分用户用来训练，另一部分对模型来说是全新的。每个新用户拿出 K 条评分做适应，其余评分用来评估。对照的是调好参数的
# 收缩偏置；报告两者逐用户的差值，在多个 K 下给出以用户为单位的置信区间。排序指标里，同分的物品按所有排列取期望，并且在全部物品上排；AUC 在每个用户内部算。
# 还要按时间切分再测一次（OOT），因为线上就是用过去预测未来。最后查数据泄漏：一处泄漏带来的虚高，可能比一个模型的真实提升还大。<!-- c6: lower -->

# %% [markdown] tags=["answer-full"]
# **Split.** A user is a task. Meta-training users teach the shared parameters. Tuning users choose every setting: the
# baseline's, and the meta-learner's inner rate and number of steps. Test users are touched once. Each test user's ratings
# are split again: K support ratings to adapt on, the query to be judged on. The query is the same for every K, K = 0 included,
# and the K in training need not be the K in the test.
#
# **Compare.** The first baseline is a shrunken user and item bias. The second is the same network without meta-training,
# trained on pooled ratings and fine-tuned on the support: it shows what the meta-training adds. For user $u$ and models A and B
# take the metric on that user's query, and report
#
# $$\bar d = \frac1U \sum_u d_u, \qquad d_u = m_u(A) - m_u(B)$$
#
# The pairing removes what makes a user easy or hard for every model. The ratings of one user are not independent, so resample
# the $d_u$, not the ratings. The interval holds for the models you trained; seeds show how much training itself varies.
# Average a user's differences over seeds first: the same user in five seeds is still one user. The mean of $d_u$ is a macro average:
# each user counts once. Pooling the ratings weighs heavy users more, and is another question. "Equal" needs a margin that was
# named before; the whole interval must lie inside it. If that margin is 0.01, then 0.005 may be real and still small. With several comparisons correct for their number (Holm). The best of
# six is chosen on tuning users, or its lead is partly luck.
#
# **Rank.** Average over ties: take the expected metric over all orders that the scores allow. Without it a constant can climb. <!-- c2: higher -->
# Rank all items; a hundred sampled negatives measure something else. AUC is taken inside each user and then averaged with the
# impressions as weights (GAUC).
#
# **Leaks and limits.** A random split mixes the future into training. Leave-last-out is better, but still lets a model learn
# from what other users did later. A leak is anything fitted on query ratings, or on what happened after the prediction: an item
# mean, an embedding, a normalisation. Logged ratings are no random sample: inverse propensity weights correct the bias and cost
# variance, so report the effective sample size. Offline numbers choose what goes into the A/B test, no more.

# %% [markdown] tags=["zh"]
# **怎么划分。** 一个用户就是一个任务。元训练用户用来学共享参数；调参用户用来选一切超参数——基线的参数、元学习器的内循环学习率和步数都在内；
# 测试用户只用一次。每个测试用户的评分再分两份：K 条支持集用来适应，其余作查询集用来评估。换 K（包括 K = 0）时查询集不变，结果才可比；
# 训练时的 K 不必等于测试时的 K。
#
# **和谁比。** 第一个基线是收缩后的“用户偏置＋物品偏置”。第二个是同样的网络不做元训练：混合数据训练，再用支持集微调——和它比，才知道
# 元训练本身带来了什么。对每个用户 $u$，在他的查询集上算两个模型的指标之差 $d_u = m_u(A) - m_u(B)$，报告
#
# $$\bar d = \frac1U \sum_u d_u$$
#
# 配对之后，“这个用户对谁都难（或容易）”的那部分被消掉。同一用户的评分彼此相关，所以自助法重抽的是用户的 $d_u$，不是一条条评分。区间只针对
# 训练好的这几个模型；训练本身有多大波动，要看不同的随机种子。跑了多个种子，就先把同一用户的差值对种子取平均——同一个人出现五次，仍然只是
# 一个人。对 $d_u$ 取平均是宏平均，每个用户一票；把评分混在一起算，重度用户权重更大，那是另一个问题。要说“持平”，先定好等效界值，
# 整个区间都落在里面才算。界值若是 0.01，那么 0.005 即使是真的，也很小。做了多次比较，就按次数校正（Holm）。六个里挑最好的，要在调参用户上挑，否则领先有一部分是运气。
#
# **怎么排序。** 同分的物品按所有排列取期望；不这样做，模型哪怕只输出常数，指标也会虚高。<!-- c2: higher -->
# 要在全部物品上排：只抽一百个随机负样本，测的是另一回事。AUC 在每个用户内部算，再按曝光数加权平均（即 GAUC）。
#
# **泄漏与边界。** 随机划分把未来混进了训练集。“留最后一条”好一些，但模型仍能看到别的用户之后的行为。查询集的评分，或预测时刻之后的数据，
# 只要参与了训练或统计（物品均值、向量、归一化），就是数据泄漏；其中用到未来信息的，业内叫“特征穿越”。日志里的评分也不是随机样本：逆倾向加权能去偏，
# 代价是方差，所以要同时报告有效样本量。归根结底，离线指标只决定谁能进 A/B 实验。

# %% [markdown]
# ## Set the stage
# ML-100K; users with at least 30 ratings are split in three. Twenty ratings of each test user are set aside for supports; the query is the rest, the
# same for every K. Three models: a shrunken bias, matrix factorisation and a closed-form head (q07). The first two are tuned on the tuning users; the
# head, at the library's settings, alone also reads age, gender and occupation. Each is then trained on all users but those who judge. The same users judge in q01, q02 and q07.

# %% [markdown] lang="zh"
# ## 准备
# ML-100K，评分不少于 30 条的用户分成三份。每个测试用户留出二十条作支持集，其余是查询集，不同 K 共用。三个模型：收缩偏置、矩阵分解、闭式解预测头（q07）。
# 前两个的设定在调参用户上选；预测头用库里的设定，也只有它还读年龄、性别和职业。选定后，每个模型都用测试用户以外的全部用户重新训练。同一批测试用户在 q01、q02、q07 里也用来评估。

# %%
import metarec_lib as mr
import numpy as np
import pandas as pd
from metarec_lib import claim, compare, evaluate_tasks, load_study, mine, plots, seed
from metarec_lib.workbook.core import glossary, pick

SEED = seed()


def text(name):
    return pick(TEXTS[name])  # in the reader's language


def table(rows, digits=3):
    plots.table(pd.Series({text(name): value for name, value in rows.items()}), digits)


# %% tags=["figure"]
TEXTS = {
    "learn": ("users to learn from", "用来训练的用户"),
    "tune": ("users to tune on", "用来调参的用户"),
    "judge": ("users to judge on", "用来评估的用户"),
    "bias set": ("bias: user shrinkage", "偏置：用户收缩强度"),
    "mf set": ("matrix factorisation: regularisation", "矩阵分解：正则强度"),
    "gap": ("MSE of the head minus the bias's, pooled", "预测头与偏置的 MSE 之差，评分混算"),
    "ratings": ("± over ratings", "±，以评分为单位"),
    "users": ("± over users", "±，以用户为单位"),
    "wider": ("times as wide", "宽度之比（用户／评分）"),
    "difference": ("difference", "差值"),
    "p": ("p, Holm", "p（Holm）"),
    "within": ("within 0.01 star", "在 0.01 星之内"),
    "needed": ("users to see 0.005", "检出 0.005 所需用户数"),
    "fewer": ("RMSE minus the bias's, test users:", "RMSE 与偏置之差，测试用户数："),
    "stars": ("difference in RMSE (stars)", "RMSE 之差（星）"),
    "alt fewer": ("Two intervals with forty test users, both wider than with all of them.", "四十名测试用户时的两个区间，都比用全部用户时宽。"),
    "in order": ("ties by id", "同分按编号"),
    "at random": ("random ties", "同分随机"),
    "ten": ("A constant, its ties in two orders, and the bias", "常数打分的两种同分次序，与收缩偏置"),
    "ndcg": ("nDCG@5 of ten query films, mean over users", "十部查询影片的 nDCG@5，用户平均"),
    "alt ties": ("Bars of nDCG@5: the shrunken bias is highest, the constant in id order next, in random order lowest.", "nDCG@5 的条形图：收缩偏置最高，按编号排的常数打分其次，随机次序最低。"),
    "count": ("film id against number of ratings", "影片编号与评分数"),
    "mean": ("film id against mean rating", "影片编号与平均分"),
    "rank": ("rank correlation (Spearman)", "秩相关（Spearman）"),
    "yours": ("your ndcg_at_k", "你的 ndcg_at_k"),
    "auc title": ("The shrunken bias: AUC in one list, and GAUC", "收缩偏置：放进一个列表的 AUC，与 GAUC"),
    "auc": ("AUC of liked films", "喜欢的影片的 AUC"),
    "alt auc": ("Two lines from K = 0 to K = 20: the AUC of one list rises, GAUC stays level.", "两条线，K 从 0 到 20：全局 AUC 上升，GAUC 不变。"),
    "six": ("Six models in the order of their nDCG@10", "六个模型按 nDCG@10 排名"),
    "full": ("all films", "全部影片"),
    "sampled": ("100 negatives", "100 个负样本"),
    "name popularity": ("popularity", "热门榜"),
    "name bias": ("bias", "偏置"),
    "name bias, items shrunk": ("bias, items shrunk", "偏置，物品强收缩"),
    "name MF, items shrunk": ("MF, items shrunk", "MF，物品强收缩"),
    "name item-kNN": ("item-kNN", "物品 kNN"),
    "name item-kNN, undamped": ("item-kNN, undamped", "物品 kNN，无阻尼"),
    "alt six": ("Two columns of six models by rank. The two at the bottom change places.", "两列名次，共六个模型；垫底的两个互换了位置。"),
    "random split": ("random split", "随机划分"),
    "all": ("cut in time, all users", "按时间切分，全部用户"),
    "known": ("cut in time, users with a history", "按时间切分，有历史的用户"),
    "mixed": ("random split, ratings pooled", "随机划分，评分混算"),
    "pooled": ("cut in time, ratings pooled", "按时间切分，评分混算"),
    "old": ("share of test users with a history", "有历史的测试用户占比"),
    "late": ("share of test ratings by users without", "无历史用户的测试评分占比"),
    "leak": ("What an honest gain and two leaks are worth", "真实提升与两处泄漏，各值多少"),
    "K": ("K, ratings of the new user", "K：新用户的评分数"),
    "honest": ("honest MF − bias", "无泄漏的 MF − 偏置"),
    "leak bias": ("leak in the bias", "偏置里的泄漏"),
    "leak mf": ("leak in MF", "MF 里的泄漏"),
    "alt leak": ("Three panels over K. The honest gain grows from next to nothing; both leaks lie lower at every K, MF's lowest.", "三个小图，横轴为 K：真实提升从几乎为零开始变大；两处泄漏在每个 K 都更低，MF 的最低。"),
    "seen": ("What gets rated (synthetic world)", "什么样的物品会被评分（合成数据）"),
    "opinion": ("what the user would say (stars)", "用户本来会打的分（星）"),
    "chance": ("chance that the rating is seen", "这条评分被看到的概率"),
    "alt seen": ("A rising curve: the more a user would like an item, the likelier its rating is seen.", "一条上升的曲线：用户越喜欢的物品，评分越可能被看到。"),
    "error": ("error", "误差"),
    "spread": ("sd over users", "用户间标准差"),
    "size": ("ratings of a user (median)", "每名用户的评分数（中位数）"),
    "effective": ("effective sample size after weighting (median)", "加权后的有效样本量（中位数）"),
}

# %%
data = mr.load_movielens("ml-100k")
learning, tuning, judging = mr.split_users(data, seed=SEED)
of = data.ratings["user_id"]
train, known = data.subset(np.isin(of, learning)), data.subset(~np.isin(of, judging))
table({"learn": len(learning), "tune": len(tuning), "judge": len(judging)})

# %%
choice = mr.make_tasks(data, tuning, k=5, pool=20, seed=SEED)


def tuning_error(model):
    return evaluate_tasks(model.fit(train), choice, ("rmse",))["rmse"].mean()


biases = [mr.BaselineRecommender(user_shrinkage=s) for s in (2, 5, 10, 20)]
bias = min(biases, key=tuning_error).fit(known)
common = {"user_shrinkage": bias.user_shrinkage, "seed": SEED}
tables = [mr.MatrixFactorization(reg=r, **common) for r in (1, 1.5, 2, 3)]
factors = min(tables, key=tuning_error).fit(known)
head = mr.MetaLearningModel(seed=SEED).fit(known)
table({"bias set": bias.user_shrinkage, "mf set": factors.reg}, digits=1)

# %% [markdown]
# ## 1. Users are the unit
# Each model adapts to 20 ratings of each test user.

# %% [markdown] lang="zh"
# ## 1. 用户才是样本单位
# 每个模型都用每名测试用户的 20 条评分做适应。

# %% [markdown] tags=["expect"]
# **What do you expect?** How much narrower is the interval if each rating counts as a sample of its own, and is it right?

# %% [markdown] lang="zh"
# **你猜结果如何？** 如果把每条评分都当作一个独立样本，区间会窄多少？这样做对吗？

# %%
tasks = mr.make_tasks(data, judging, k=20, pool=20, seed=SEED)
query, mask = tasks.query.values, tasks.query.mask
gap = [(mr.score_tasks(model, tasks) - query) ** 2 for model in (head, bias)]
gap, n = gap[0] - gap[1], int(mask.sum())
centred = ((gap - gap[mask].mean()) * mask).cpu().numpy()
by_rating = 1.96 * np.sqrt((centred**2).sum()) / n  # every rating for itself
by_user = 1.96 * np.sqrt((centred.sum(axis=1) ** 2).sum()) / n  # a user's together
table({"gap": float(gap[mask].mean()), "ratings": by_rating, "users": by_user,
       "wider": by_user / by_rating})

# %% [markdown]
# The errors of one user move together; one taste behind all the ratings is a likely reason. An interval over ratings counts
# the same evidence many times. From here on every interval is a bootstrap over users of the per-user difference.

# %% [markdown] lang="zh"
# 同一用户的误差会一起动，可能是因为这些评分出自同一种口味。以评分为单位的区间，等于把同一份证据数了很多遍。从这里起，所有区间都是对逐用户差值做的、
# 以用户为单位的自助法区间。

# %% tags=["claim"]
def rmse_of(model, k):
    batch = mr.make_tasks(data, judging, k=k, pool=20, seed=SEED)
    return evaluate_tasks(model, batch, ("rmse",), user_ids=judging)["rmse"]


models, sizes = {"MF": factors, "head": head, "bias": bias}, (1, 5, 20)
rmse = {(name, k): rmse_of(model, k) for name, model in models.items() for k in sizes}
pairs = [(name, k) for name in ("MF", "head") for k in sizes]
gain = {(name, k): compare(rmse[name, k], rmse["bias", k]) for name, k in pairs}
found = gain["head", 5]
claim("RMSE", "closed-form head", "shrunken bias", found, at="K = 5, one split")

# %% [markdown]
# Two models at three K are six comparisons, so their p-values are corrected (Holm). No difference seen does not make two models equal:
# "equal" means that the whole interval lies inside a margin, here the book's 0.01 stars. The last column asks how many test users
# it takes to see 0.005 stars in four of five experiments: $(2.8\, s / 0.005)^2$, with $s$ the standard deviation of the $d_u$; 2.8 is 1.96 for
# the interval and 0.84 for the power.

# %% [markdown] lang="zh"
# 两个模型、三个 K，共六次比较，所以 p 值要校正（Holm）。看不出差别，不等于两个模型一样：“持平”是指整个区间落在等效界值之内，这里用全书统一的 0.01 星。
# 最后一列问：想在五次实验里有四次检出 0.005 星，需要多少测试用户？答案是 $(2.8\, s / 0.005)^2$，$s$ 是 $d_u$ 的标准差；2.8 由区间的 1.96 和检验功效的 0.84 相加而来。

# %%
rows = pd.DataFrame({text("difference"): list(gain.values())})
rows.index = [f"{glossary.say(name)}, K = {k}" for name, k in gain]
rows[text("p")] = mr.holm([found.p_value for found in gain.values()])
rows[text("within")] = [found.within(mr.margin("rmse")) for found in gain.values()]
spread = [found.differences.std() for found in gain.values()]
rows[text("needed")] = [round((2.8 * s / 0.005) ** 2) for s in spread]
plots.table(rows)

# %% [markdown]
# A row may be clear and still lie inside the margin: the difference is real, and small.
#
# **What if you had fewer test users?** Watch when an interval reaches across zero.

# %% [markdown] lang="zh"
# 有的行差别显著，整个区间却仍在界值之内：差别是真的，但很小。
#
# **测试用户更少会怎样？** 拖动滑块，看区间什么时候跨过零。

# %% tags=["play", "nbval-ignore-output"]
order = np.random.default_rng(SEED).permutation(judging)


def with_fewer_users(users=40, ratings=20):
    few, some = order[:users], {}
    for name in ("MF", "head"):
        pair = rmse[name, ratings][few], rmse["bias", ratings][few]
        some[glossary.say(name)] = compare(*pair)
    title = f"{text('fewer')} {users}, K = {ratings}"
    return plots.intervals(some, title=title, xlabel=text("stars"), xlim=(-0.08, 0.05))


controls = {"users": TEXTS["judge"], "ratings": TEXTS["K"]}
plots.play(with_fewer_users, users=(5, len(judging)), ratings=[1, 5, 20],
           labels=controls, alt=text("alt fewer"))

# %% [markdown]
# ## 2. A constant that climbs the table
# A broken model gives every film the same score. Each test user has ten query films, gain $2^r - 1$. The code sorts by score and leaves
# ties in list order, and the list happens to be sorted by film id.

# %% [markdown] lang="zh"
# ## 2. 常数打分，指标虚高
# 一个坏掉的模型给每部影片同样的分数。每名测试用户有十部查询影片，增益为 $2^r - 1$。代码按分数排序，同分的保持列表次序，而列表恰好是按影片编号排的。

# %%
lists = mr.make_tasks(data, judging, k=5, pool=20, query=10, seed=SEED)
given = lists.query.to("cpu")  # where random scores are drawn
gains, listed, film = 2**given.values - 1, given.mask, given.items
in_order = pd.Series(mr.ndcg(-film, gains, listed, 5), index=judging)  # lowest id first
rng = np.random.default_rng(SEED)
draws = [mr.ndcg(rng.random(film.shape), gains, listed, 5).numpy() for _ in range(200)]
at_random = pd.Series(np.mean(draws, axis=0), index=judging)
tuned = evaluate_tasks(bias, lists, ("ndcg@5",), user_ids=judging)["ndcg@5"].mean()

# %% tags=["figure"]
bars = {text("in order"): in_order.mean(), text("at random"): at_random.mean(),
        glossary.say("bias"): tuned}
fig = plots.bars(bars, title=text("ten"), xlabel=text("ndcg"),
                 highlight=[text("in order")], digits=3)
plots.show(fig, alt=text("alt ties"))

# %% tags=["claim"]
films = data.ratings.groupby("item_id")["rating"].agg(["count", "mean"]).reset_index()
by_id = films.corr(method="spearman").loc["item_id", ["count", "mean"]]
plots.table(by_id.rename(text("rank")).rename(text), digits=2)
claim("nDCG@5", "a constant, ties in id order", "a constant, ties in random order",
      compare(in_order, at_random))

# %% [markdown]
# Low ids are rated more often, and higher. So the constant gets credit for the file it was read from. <!-- c2: higher -->
# The cure: items with equal scores share the mean gain of their group, which is the expectation over all orders.
# Your `ndcg_at_k` does it, here for every test user:

# %% [markdown] lang="zh"
# 编号小的影片被评得更多，分也更高。所以常数打分占了文件次序的便宜。<!-- c2: higher -->
# 办法：同分的物品共享组内的平均增益，这正是对所有排列的期望。你写的 `ndcg_at_k` 就是这样做的，下面用它算所有测试用户：

# %% tags=["exercise"]
with mine("q06") as my:
    yours = [my.ndcg_at_k(np.zeros(10), row, 5) for row in gains.numpy()]
    rest = {"at random": at_random.mean(), "in order": in_order.mean()}
    table({"yours": np.mean(yours), **rest})

# %% [markdown]
# ## 3. One AUC moves, and no list does
# AUC is the chance that a liked film scores above one that is not liked; a tie counts half. Put all ratings in one list, and films of different users
# are compared. Take it inside each user instead, and average with the users' impressions as weights: GAUC. (There are none here; the weight is the number
# of query films.) A user with one class only has no AUC and is left out.

# %% [markdown] lang="zh"
# ## 3. AUC 涨了，列表一个也没变
# AUC 是喜欢的影片得分高于不喜欢的影片的概率，同分算一半。把全部评分放进一个列表（即全局 AUC），比的就是不同用户的影片。应当在每个用户内部算，再按曝光数加权平均：GAUC。（这里没有曝光，按查询集的影片数加权。）
# 只有一类样本的用户没有 AUC，不计入。

# %% tags=["from-scratch"]
def auc_by_pairs(scores, liked):
    gaps = scores[liked][:, None] - scores[~liked][None]  # each with each other
    return ((gaps > 0).to(gaps) + 0.5 * (gaps == 0).to(gaps)).mean().item()


scores, liked = mr.score_tasks(bias, tasks), query >= 4
likes, n_films = (liked & mask).sum(1), mask.sum(1)
both = np.flatnonzero(((likes > 0) & (likes < n_films)).cpu())
by_hand = [auc_by_pairs(scores[u][mask[u]], liked[u][mask[u]]) for u in both]
of_users = mr.auc(scores, liked, mask)[both].cpu()
print("agrees:", np.allclose(by_hand, of_users, atol=1e-8))

# %% [markdown] tags=["expect"]
# **What do you expect?** Give the bias model 0, then 20 ratings of each test user. Which of the two AUCs rises?

# %% [markdown] lang="zh"
# **你猜结果如何？** 偏置模型先看不到测试用户的评分（0 条），再看到 20 条。两种 AUC，哪一种会上升？

# %%
values, weights = {"AUC": [], "GAUC": []}, n_films[both]
for k in (0, 20):
    scores = mr.score_tasks(bias, tasks.first(k))
    of_users = mr.auc(scores, liked, mask)[both]
    values["AUC"].append(float(mr.auc(scores[mask][None], liked[mask][None])))
    values["GAUC"].append(float((of_users * weights).sum() / weights.sum()))
plots.table(pd.DataFrame(values, index=["K = 0", "K = 20"]).T)
fig = plots.lines((0, 20), values, title=text("auc title"), xlabel=text("K"),
                  ylabel=text("auc"), xticks=(0, 20))
plots.show(fig, alt=text("alt auc"))

# %% [markdown]
# A user's bias moves all their scores together: the AUC of one list rises, and every list stays as it was. That is one way for an offline
# gain to vanish online.

# %% [markdown] lang="zh"
# 用户偏置让这个用户的所有分数一起平移：全局 AUC 涨了，而每个人看到的列表一点没变。离线提升到线上就消失，这是原因之一。

# %% [markdown]
# ## 4. A hundred negatives are not the catalogue
# Now known users: 80 % of each user's ratings train, a liked film among the other 20 % is relevant. Rank it among all films the user has not rated
# or, to save time, among 100 of them drawn at random. The study (`metarec study q06`) did both with six models at fixed settings on five splits.

# %% [markdown] lang="zh"
# ## 4. 一百个负样本不是全库
# 这一节换成老用户：每人 80% 的评分用来训练，其余 20% 里喜欢的影片算相关。把它放到用户没评过的全部影片里排，或者为了省时间，只和随机抽的 100 部一起排。
# 研究脚本（`metarec study q06`）用六个设定固定的模型、五次划分，两种都做了。

# %% tags=["figure"]
study, ranks = load_study("q06"), {}
names = ["popularity", "bias", "bias, items shrunk", "MF, items shrunk", "item-kNN",
         "item-kNN, undamped"]
for part in ("full", "sampled"):
    ranks[part] = {text(f"name {name}"): study.mean(name, "ndcg@10", candidates=part)
                   for name in names}
ends = text("full"), text("sampled")
fig = plots.slopes(*ranks.values(), title=text("six"), ends=ends)
plots.show(fig, alt=text("alt six"))

# %% tags=["claim"]
lead = {}
for part in ("full", "sampled"):
    sides = [(name, {"candidates": part}) for name in ("item-kNN, undamped", "bias")]
    lead[part] = study.compare(*sides, "ndcg@10")
plots.table(pd.Series(lead, name=text("difference")).rename(text))
claim("nDCG@10", "undamped item-kNN", "shrunken bias", lead["full"],
      at="the full catalogue")

# %% tags=["claim"]
sides = [mr.Minus(("undamped item-kNN", where), ("shrunken bias", where))
         for where in ("the full catalogue", "100 sampled negatives")]
claim("nDCG@10", *sides, lead["full"] - lead["sampled"])

# %% [markdown]
# The sampled numbers are several times higher, yet the lead of the undamped item-kNN over the bias is gone. <!-- c3: higher, c4: higher -->
# Its sign even turns, but the interval in the table only just leaves zero out. We picked this pair because it turns: it is the only one of fifteen that
# does. The likely reason: the tenth of 100 random negatives stands about where the 160th of 1,600 films would. Even averaged
# over many draws, the sampled order need not be the true one (Krichene & Rendle 2020).
#
# Popularity stands on top here. The others were trained to predict stars, not what is watched.

# %% [markdown] lang="zh"
# 抽样之后，数值都大了好几倍，不加阻尼的物品 kNN 对偏置的领先却没了。<!-- c3: higher, c4: higher -->
# 连符号都变了，不过表里那个区间只是勉强不含零。挑这一对来讲，正是因为它变了：十五对里只有它换了次序。可能的原因：100 个随机负样本里排第十，大约相当于 1,600 部影片里排第 160。
# 即使对许多次抽样取平均，得到的次序也未必是真实的次序（Krichene 与 Rendle，2020）。
#
# 热门榜在这里排第一。其余模型的训练目标是预测星级，而不是用户会看什么。

# %% [markdown]
# ## 5. Time changes who is tested
# A random split of each user's ratings gives every test user a history. Cut at one moment instead, as in production. (A timestamp of MovieLens is the
# moment of entry, not of watching.) Both models are at their default settings; the tuning users judge here too.

# %% [markdown] lang="zh"
# ## 5. 按时间切分，测的就不是同一批人
# 随机划分每个用户的评分，测试用户人人都有历史。改为像线上那样，在同一时刻切开（跨期，OOT）。（MovieLens 的时间戳是录入时间，不是观看时间。）
# 两个模型都用默认设定；调参用户在这里也参与评估。

# %%
def errors_of(split):
    kept, later = mr.load_data("ml-100k", split=split, seed=SEED)
    batch, users = mr.tasks_from_split(kept, later)
    known, rated = (part.counts.cpu() for part in (batch.support, batch.query))
    frame, pooled = pd.DataFrame({"known": known > 0, "ratings": rated}, users), []
    models = mr.MatrixFactorization(seed=SEED), mr.BaselineRecommender()
    for name, model in zip(("MF", "bias"), models, strict=True):
        errors = evaluate_tasks(model.fit(kept), batch, ("rmse",), user_ids=users)
        frame[name] = errors["rmse"]
        pooled.append(model.evaluate(later, metric="rmse"))
    return frame, pooled[0] - pooled[1]


(shuffled, mixed), (in_time, together) = errors_of("random"), errors_of("chronological")

# %% tags=["claim"]
with_history, without = in_time[in_time.known], in_time[~in_time.known]
late = without.ratings.sum() / in_time.ratings.sum()
table({"old": in_time.known.mean(), "late": late})
parts = {"random split": shuffled, "all": in_time, "known": with_history}
drop = {name: compare(part.MF, part.bias) for name, part in parts.items()}
table({**drop, "mixed": mixed, "pooled": together})
claim("RMSE", "matrix factorisation", "shrunken bias", drop["known"],
      at="cut in time, users with a history")

# %% [markdown]
# Most test ratings are now by users who came after the cut. They have given no rating to adapt on, and without one both models give
# the same shrunken item mean: their difference is zero by construction. In production they would adapt as they rate (q08). The pooled number mixes both
# groups, so it almost hides what known users gain. <!-- c5: lower -->
# Say who is tested, then average.

# %% [markdown] lang="zh"
# 现在大部分测试评分来自切分之后才出现的用户。他们没有评分可供适应，两个模型给出的都是同一个收缩后的物品均值：差值按构造就是零。线上他们会边评边适应（q08）。
# 评分混算的数字把两类人搅在一起，几乎掩盖了老用户的提升。<!-- c5: lower -->
# 先说清测的是谁，再取平均。

# %% [markdown]
# ## 6. A leak outweighs an honest gain
# Train the same models on *all* ratings, the test users' query included, and adapt to the support as before. Nothing looks
# wrong in the code: the item vectors were "only" fitted on the whole table. Five splits of the users, settings chosen on tuning users each time.

# %% [markdown] lang="zh"
# ## 6. 一处泄漏，能盖过真实提升
# 同样的模型，改用**全部**评分训练，测试用户的查询集也在内，再照旧用支持集适应。代码看上去毫无问题：物品向量“只不过”是在整张表上拟合的。用户划分五次，每次都在调参用户上选设定。

# %% tags=["figure"]
sides = {"honest": ("factors", "bias"), "leak bias": ("bias, leaking", "bias"),
         "leak mf": ("factors, leaking", "factors")}
found, bands = {}, {}
for name, pair in sides.items():
    cells = [study.compare(*pair, k=k) for k in sizes]
    found |= {(name, k): cell for k, cell in zip(sizes, cells, strict=True)}
    halves = [(cell.interval[1] - cell.interval[0]) / 2 for cell in cells]
    bands[text(name)] = [cell.mean for cell in cells], halves
names = {"title": text("leak"), "xlabel": text("K"), "ylabel": text("stars")}
fig = plots.bands(sizes, bands, **names)
plots.show(fig, alt=text("alt leak"))

# %% tags=["claim"]
leaked = mr.Minus("leaking matrix factorisation", "matrix factorisation")
honest = mr.Minus("matrix factorisation", "shrunken bias")
extra = found["leak mf", 20] - found["honest", 20]
claim("RMSE", leaked, honest, extra, headline=True)

# %% [markdown]
# At twenty ratings the leak is worth more than the honest gain of matrix factorisation. <!-- c6: lower -->
# It is about as large as the honest gain of the closed-form head at the same K in section 1: a leak passes for a better model.

# %% [markdown] lang="zh"
# 有二十条评分时，泄漏带来的虚高比矩阵分解的真实提升还大。<!-- c6: lower -->
# 它与第 1 节里闭式解预测头在同样的 K 下的真实提升差不多大：一处泄漏，就足以冒充一个更好的模型。

# %% [markdown]
# ## 7. The ratings you have are not the ratings you want
# People rate what they chose to watch. In a small synthetic world the truth is known: what each user would say of *every* item, and
# the chance $p$ that the rating is seen. Weighting by $w = 1/p$ undoes the choice: IPS divides $\sum w r$ by the number of items, SNIPS
# by $\sum w$. The price shows in the effective sample size, $(\sum w)^2 / \sum w^2$.

# %% [markdown] lang="zh"
# ## 7. 手里的评分，不是想要的评分
# 人们只给自己选来看的东西评分。在一份小的合成数据里，真值是已知的：每个用户对**每**件物品会怎么评，以及这条评分被看到的概率 $p$。按 $w = 1/p$ 加权可以抵消这种选择：
# IPS 用 $\sum w r$ 除以物品数，SNIPS 除以 $\sum w$。代价体现在有效样本量 $(\sum w)^2 / \sum w^2$ 上。

# %%
world = mr.make_world(n_users=600, ratings_per_user=30, selection=1.0, seed=SEED)
rated = world.interactions
chance = world.exposure[rated.user_codes, rated.item_codes]
seen = rated.ratings.assign(w=1 / chance, w2=1 / chance**2)
seen["wr"] = seen.w * seen.rating
truth = pd.Series(world.expected.mean(1), index=rated.users["user_id"])
users = seen.groupby("user_id")
sums = users[["w", "w2", "wr"]].sum()
estimates = {"mean of the ratings seen": users.rating.mean(),
             "IPS": sums.wr / rated.n_items, "SNIPS": sums.wr / sums.w}
off = {name: compare(estimate, truth) for name, estimate in estimates.items()}

# %% tags=["figure"]
steps = np.arange(1.25, 5, 0.5)
nearest = np.abs(world.expected.ravel()[:, None] - steps).argmin(1)
shown = pd.Series(world.exposure.ravel()).groupby(nearest).mean()
fig = plots.lines(steps[shown.index], {"p": shown.to_numpy()}, title=text("seen"),
                  xlabel=text("opinion"), ylabel=text("chance"))
plots.show(fig, alt=text("alt seen"))

# %% tags=["claim"]
rows = pd.DataFrame({text("error"): list(off.values())}, index=map(glossary.say, off))
rows[text("spread")] = [found.differences.std() for found in off.values()]
plots.table(rows, digits=2)
worth = sums.w**2 / sums.w2
table({"size": float(users.size().median()), "effective": worth.median()}, digits=1)
told = "a synthetic world"
claim("mean over all items", "mean of the ratings seen", "the truth",
      off["mean of the ratings seen"], at=told)
claim("mean over all items", "SNIPS", "the truth", off["SNIPS"], at=told)

# %% [markdown]
# The mean of the ratings seen is too high. <!-- c7: higher -->
# IPS is unbiased by construction and wild for a single user; SNIPS is far steadier and slightly too high. <!-- c8: higher -->
# In this one world the propensities are known. In production they are estimated, and where one is zero no weight helps.

# %% [markdown] lang="zh"
# 已有评分的均值偏高。<!-- c7: higher -->
# 按构造，IPS 是无偏的，但对单个用户波动很大；SNIPS 稳定得多，略微偏高。<!-- c8: higher -->
# 在这份合成数据里，倾向分是已知的；线上要靠估计，而倾向为零的地方，怎么加权都没用。

# %% [markdown] tags=["rubric"]
# #### English
# - [2] splits by user, and each test user into support and query; the same query for every K
# - [2] compares with a tuned simple baseline, paired per user, with an interval over users
# - [2] names a leak: item means or vectors fitted with query ratings, or settings chosen on test
# - [2] ranks all items, averages over ties, takes AUC inside each user; says why sampled negatives mislead
# - [1] splits by time, and says who is tested then
# - [1] knows the limits: several comparisons, a margin for "equal", logged data, the A/B test
# #### 中文
# - [2] 按用户划分，测试用户再分支持集与查询集；不同 K 共用同一查询集
# - [2] 与调好参的简单基线逐用户配对比较，给出以用户为单位的区间
# - [2] 能指出一种泄漏：物品均值或向量用了查询集的评分，或在测试集上选了参数
# - [2] 在全部物品上排序，同分取期望，AUC 在用户内部算；能说明随机负样本为何误导
# - [1] 按时间切分，并说清这时测的是哪些人
# - [1] 知道边界：多重比较、“持平”要有等效界值、日志数据有选择偏差、最终看 A/B

# %% [markdown] tags=["pitfalls"]
# #### English
# - **"We have thousands of test ratings, so 0.005 is significant."** → The users are the sample. Section 1 prints how much wider the interval is.
# - **"The difference is not significant, so the models are equal."** → Equal needs a margin that the whole interval lies inside.
# - **"nDCG with 100 negatives is a fair estimate of nDCG."** → It asks for the top tenth of the catalogue, not the top ten; section 4 shows a lead that it loses. <!-- c4: higher -->
# - **"Leave-last-out respects time."** → For one user. Others' later events stay in training (Ji et al. 2023): cut at one moment for everybody.
# - **"Five seeds, so five times as many users."** → The same users recur. Average each user's differences first.
# - **"A sequence model that adapts in context needs no support and query."** → It needs them just as much: the support is its prompt, and the query must stay out of its training.
# #### 中文
# - **“测试评分有几千条，0.005 当然显著。”** → 样本是用户，不是评分；第 1 节打印了区间要宽多少。
# - **“差异不显著，说明两个模型一样好。”** → 持平要先定等效界值，整个区间落在里面才算。
# - **“抽 100 个负样本算 nDCG，是对真实 nDCG 的合理估计。”** → 它问的是全库前十分之一，不是前十名；第 4 节里一个领先因此消失了。<!-- c4: higher -->
# - **“留最后一条尊重了时间顺序。”** → 只对单个用户成立。别人之后的行为仍在训练集里（Ji 等，2023）：应当对所有人在同一时刻切开。
# - **“跑了五个种子，用户数等于乘了五。”** → 还是同一批人，先对每个人的差值取平均。
# - **“序列模型靠上下文适应，不用分支持集和查询集。”** → 一样要分：支持集就是它的 prompt，查询集不能参与过训练。

# %% [markdown] tags=["follow-ups"]
# #### English
# <details><summary>Offline AUC is up, the A/B test is flat. In which order do you look?</summary>
# First the experiment: is the split of users as planned (sample ratio mismatch), is there power for the gain you expect, is novelty over? Then the
# serving: log the features at request time and compare them with those that training recomputed. Then the metric: does GAUC move, or only AUC in
# one list (section 3)? Then the data: on a slice of random traffic, is the new model still better? Logs hold what the old system chose to show. Last the goal: did
# earlier offline gains of this metric ever carry over?</details>
# <details><summary>We have clicks, not stars. AUC or GAUC, and what about users with one class?</summary>
# GAUC, weighted by impressions: the ranker orders one user's list. A user without a click, or with clicks only, has no AUC; say what share of impressions
# that leaves out. For ranking the negatives are impressions without a click. For retrieval they come from the catalogue, since impressions hold only what was
# retrieved. Position explains part of every click: model it or randomise a little. If the score is a price or is blended, check calibration too; AUC does not see it.</details>
# <details><summary>10⁹ items. Nobody ranks all of them. And now?</summary>
# Sample users, not items: for ten thousand users an exact search over all vectors is a batch job, and it tells the recall of the approximate index as well.
# Then judge each stage on what it hands on: recall at the length of its output. If items must be sampled, use the same sample for every model and the correction of Krichene &
# Rendle. New ids: report by age and by number of impressions, or the old ones decide the mean.</details>
# <details><summary>How do you run the A/B test of a cold-start model, and what is the launch metric?</summary>
# Randomise at registration, so that a user is in one arm from the first request; the unit is the user. Launch metric: retention or time over the first
# two weeks, named before; watch existing users and creators as guardrails. New users have no past, so variance reduction by earlier behaviour has nothing
# to work with: plan for more users or a longer test. If exploration traffic differs between arms, both learn from each other's data: split the training data as well.</details>
# <details><summary>Your model is better on RMSE and worse on nDCG. Which do you believe?</summary>
# Both: they ask different things. RMSE weighs every rated film alike, those at the bottom of the list too; nDCG looks at the
# top. Choose the metric by what the product shows: a predicted star, or a list.</details>
# #### 中文
# <details><summary>离线 AUC 涨了，A/B 持平。按什么顺序排查？</summary>
# 先查实验本身：分流比例对不对（SRM），样本量能不能看出预期的提升，新奇效应过了没有。再查线上服务：把请求时刻的特征落日志，与训练时重算的特征比对。
# 然后查指标：涨的是 GAUC，还是只有全局 AUC（第 3 节）？再看数据：在随机流量上，新模型还更好吗？日志里只有旧系统选出来展示的东西。最后看目标：这个离线指标以往的提升，
# 线上兑现过吗？</details>
# <details><summary>我们只有点击，没有星级。用 AUC 还是 GAUC？只有一类样本的用户怎么办？</summary>
# 用 GAUC，按曝光加权：精排排的是一个用户的列表。没有点击或全是点击的用户没有 AUC；要说清这样丢掉了多少曝光。精排的负样本是曝光未点击；召回的负样本要从全库里采，
# 因为曝光里只有召回过的东西。每次点击都有一部分由位置解释：要么建模，要么做一点随机化。分数若用来计价或与别的分数融合，还要看校准，AUC 看不出来。</details>
# <details><summary>10⁹ 个物品，没人能全排。怎么办？</summary>
# 抽用户，不抽物品：对一万个用户做全库向量的精确检索，只是一个离线任务，还能顺便测出近似索引的召回率。每一级按它交出去的东西评估：在输出长度上的召回率。
# 非抽物品不可，就让所有模型用同一份样本，并用 Krichene 与 Rendle 的校正。新 id 要按上架时长和曝光数分档报告，否则平均值由老物品决定。</details>
# <details><summary>冷启动模型的 A/B 怎么做？上线看什么指标？</summary>
# 注册时就分流，让用户从第一次请求起只在一个组；分流单位是用户。上线指标：前两周的留存或时长，事先定好；老用户和创作者的指标作护栏。新用户没有历史，用实验前行为降方差的
# 办法（CUPED）派不上用场：要准备更多用户或更长时间。两组的探索流量若不同，会互相用到对方的数据：训练数据也要隔离。</details>
# <details><summary>你的模型 RMSE 更低、nDCG 却更差，信哪个？</summary>
# 都信，它们问的不是同一件事。RMSE 把每条评分一视同仁，列表底部的也算；nDCG 只看头部。产品展示的是预测星级还是列表，就用哪个指标。</details>

# %% [markdown] tags=["exercise"]
# ## Your turn
# Write three functions in [`exercises/q06_evaluate_meta_learning.py`](../exercises/q06_evaluate_meta_learning.py), about 30 minutes:
#
# - `ndcg_at_k`: nDCG at k, ties averaged. The metric of section 2.
# - `paired_bootstrap`: the mean difference over users and its interval, the resamples given.
# - `user_split_without_leakage`: masks for training, support and query.
#
# Then run the cell below. Stuck? In the cell after it, take the `#` away and run: each run gives the next of three hints.

# %% [markdown] lang="zh"
# ## 动手
# 在 [`exercises/q06_evaluate_meta_learning.py`](../exercises/q06_evaluate_meta_learning.py) 里写三个函数，大约 30 分钟：
#
# - `ndcg_at_k`：nDCG@k，同分取平均。就是第 2 节的指标。
# - `paired_bootstrap`：各用户差值的均值及其区间，重采样的下标已给出。
# - `user_split_without_leakage`：训练、支持集、查询集三个掩码。
#
# 写完运行下面的单元格。卡住了？把再下面那个单元格里的 `#` 去掉再运行：每运行一次给出下一条提示，共三条。

# %% tags=["exercise"]
from metarec_lib import check, what_was_measured

check("q06")

# %% tags=["exercise"]
# from metarec_lib import hint; hint("q06", "ndcg_at_k")

# %% tags=["measured"]
what_was_measured()

# %% [markdown] tags=["references"]
# **Read first · 先读：** Krichene & Rendle (2020), [*On Sampled Metrics for Item Recommendation*](https://doi.org/10.1145/3394486.3403226), KDD.
#
# - McSherry & Najork (2008), *Computing Information Retrieval Performance Measures Efficiently in the Presence of Tied Scores*, ECIR: the averaging over ties.
# - Efron & Tibshirani (1993), *An Introduction to the Bootstrap*, Chapman & Hall: chapter 13, percentile intervals.
# - Ji, Sun, Zhang & Li (2023), [*A Critical Study on Data Leakage in Recommender System Offline Evaluation*](https://arxiv.org/abs/2010.11060), ACM TOIS.
# - Schnabel, Swaminathan, Singh, Chandak & Joachims (2016), [*Recommendations as Treatments: Debiasing Learning and Evaluation*](https://arxiv.org/abs/1602.05352), ICML: IPS and SNIPS.
# - Zhu et al. (2017), [*Optimized Cost per Click in Taobao Display Advertising*](https://arxiv.org/abs/1703.02091), KDD: GAUC.
# - Holm (1979), *A Simple Sequentially Rejective Multiple Test Procedure*, Scandinavian Journal of Statistics.
# - Kish (1965), *Survey Sampling*, Wiley: the effective sample size.
# - Ferrari Dacrema, Cremonesi & Jannach (2019), [*Are We Really Making Much Progress?*](https://arxiv.org/abs/1907.06902), RecSys: baselines that were not tuned.
# - Koren (2010), *Factor in the Neighbors*, ACM TKDD: the shrunken biases.
