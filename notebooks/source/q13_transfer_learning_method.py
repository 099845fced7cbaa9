# %% [markdown]
# # q13 · From a source domain to a target domain
#
# A user is known for comedies and new to thrillers. What crosses over: a vector, a prior, or just a mood?

# %% [markdown] lang="zh"
# # q13 · 从源域到目标域
#
# 一个用户的喜剧口味我们很熟，惊悚片他还没评过。能带过去的是什么：一个向量，一个先验，还是只有打分的手松手紧？

# %% [markdown] tags=["question"]
# #### English
# You have a mature domain and a new one with few ratings. Design a transfer method. What do you do with users who are in both, with users who are in one, and when the first target ratings come in? How do you know, user by
# user, that the transfer helps?
# #### 中文
# 你有一个成熟的域，和一个评分很少的新域。请设计迁移方法。两个域都有的用户怎么用？只在一个域的用户呢？目标域开始有评分之后怎么办？怎么逐个用户地确认迁移有帮助？
#
# level: senior · minutes: 3 · needs: q01, q05, q07 · topics: cross-domain, cold start, transfer, priors

# %% [markdown] tags=["answer-short"]
# #### English
# I carry over a prior, not a vector. EMCDR maps a user's source vector into the target; for a user without target ratings that is a clear gain. <!-- c1: lower -->
# With two target ratings the paper's rule solves from these alone, and the gain is gone. <!-- c2: none -->
# Solved *around* the mapped vector it stays. <!-- c3: lower -->
# One joint prior from the ratings of both domains does as much without any map. <!-- c4: lower -->
# Most of the gain is only the user's mean, so a bias over both domains stands beside it. <!-- c7: lower -->
# The map is learned without the test users.
# #### 中文
# 我迁移的是先验，不是向量。EMCDR 把用户的源域向量映射到目标域；对目标域还没有评分的用户，收益明显。<!-- c1: lower -->
# 一旦有了两条目标评分，按论文的规则只用这两条求解，收益就没了。<!-- c2: none -->
# *围绕*映射出来的向量求解，收益还在。<!-- c3: lower -->
# 用两个域的评分学一个联合先验，不需要映射，也能做到。<!-- c4: lower -->
# 收益的大部分只是用户的平均分，所以旁边要放一个跨两个域的偏置。<!-- c7: lower -->
# 映射不能用测试用户来学。

# %% [markdown] tags=["answer-full"]
# **Three carriers.** *A mean*: a user who is strict about comedies is strict about thrillers. *A map*: EMCDR (Man et al. 2017) fits factors in each domain and a regression from source vectors to target
# vectors, on users in both. *A prior*: one model of both domains, in which source ratings move the belief about the target.
#
# **They are one idea.** If (source vector $u$, target vector $w$) is normal over users, then
#
# $$w \mid u \sim N\!\left(m_w + S_{wu} S_{uu}^{-1}(u - m_u),\;\; S_{ww} - S_{wu} S_{uu}^{-1} S_{uw}\right).$$
#
# EMCDR keeps the mean. Keep the covariance too, and target ratings are weighed against the map. It matters from the first target rating on: at two ratings EMCDR equals the target alone, <!-- c2: none -->
# while the mapped prior gains. <!-- c3: lower -->
#
# **The closed-form head of both domains** needs no overlap in principle: items of both share one space. At two ratings it gains, <!-- c4: lower -->
# and no difference to the mapped prior is seen when all training users are in both. <!-- c5: none -->
#
# **Personal bridges.** PTUPCDR (2022) lets a meta *network* write a matrix for each user from the source history; there is no inner loop. TMCDR (2021) trains the map in episodes, as MAML does.
#
# **Harm.** Compare with the target alone for each user and by group; "helped" is a share, not everybody. And compare with the mean alone: the bias of both domains gets most of the gain at no target rating; <!-- c7: lower -->
# the joint prior adds the rest. <!-- c8: lower -->
#
# **Split.** Test users must be absent from the map, the factors and the tuning, in *both* domains' target part.
#
# **Industry** mostly shares users in one model and moves samples, sequences or labels: STAR, CCTL (Meituan), LCN (WeChat Channels) and EXIT (Meituan) report gains online.

# %% [markdown] tags=["zh"]
# **三种载体。** *均值*：对喜剧严格的人，对惊悚片也严格。*映射*：EMCDR（Man 等，2017）在两个域各自做分解，再在两个域都有的用户上，从源域向量回归到目标域向量。*先验*：
# 两个域用一个模型，源域评分改变对目标的信念。
#
# **其实是一回事。** 如果（源域向量 $u$，目标域向量 $w$）在用户上服从正态分布，那么
#
# $$w \mid u \sim N\!\left(m_w + S_{wu} S_{uu}^{-1}(u - m_u),\;\; S_{ww} - S_{wu} S_{uu}^{-1} S_{uw}\right).$$
#
# EMCDR 只留下了均值。把协方差也留下，目标评分就能与映射互相权衡。从第一条目标评分起这就要紧：两条评分时 EMCDR 与只用目标域一样，<!-- c2: none -->
# 而映射作先验有收益。<!-- c3: lower -->
#
# **两个域共用的闭式解预测头**原则上不需要重叠用户：两个域的物品在同一个空间里。两条评分时有收益，<!-- c4: lower -->
# 训练用户全部重叠时，与映射作先验看不出差别。<!-- c5: none -->
#
# **个性化的桥。** PTUPCDR（2022）由元*网络*根据源域历史给每个用户写一个矩阵，没有内循环。TMCDR（2021）像 MAML 那样分 episode 训练映射。
#
# **伤害。** 对每个用户、每个人群，与只用目标域比较；“有帮助”是一个比例，不是人人如此。还要与“只带均值”比较：没有目标评分时，两个域的偏置拿到大部分收益；<!-- c7: lower -->
# 联合先验补上其余。<!-- c8: lower -->
#
# **划分。** 测试用户在目标域的部分，不能出现在映射、分解和调参里。
#
# **业界**多半在一个模型里共享用户，迁移的是样本、序列或标签：STAR、CCTL（美团）、LCN（微信视频号）、EXIT（美团）都报告了线上收益。

# %% [markdown]
# ## 1. Light films and intense ones
# The source: comedies, romances, films for children, musicals, animation. The target: action, thrillers, crime, war, horror and the like. A film of both kinds belongs to neither. Judging users have ten known ratings in the source and $K$ in
# the target; their other target ratings judge.

# %% [markdown] lang="zh"
# ## 1. 轻松片与紧张片
# 源域：喜剧、爱情、儿童、音乐、动画。目标域：动作、惊悚、犯罪、战争、恐怖等。两类都沾的影片不属于任何一域。评估用户在源域有十条已知评分，在目标域有 $K$ 条；其余的目标评分用来评估。

# %%
import numpy as np
import pandas as pd
import torch
import metarec_lib as mr
from metarec_lib import claim, load_study, mine, plots, seed

SEED = seed()

# %% tags=["figure"]
TEXTS = {
    "ratings": ("ratings", "评分数"),
    "films": ("films", "影片数"),
    "light": ("light (source)", "轻松片（源域）"),
    "intense": ("intense (target)", "紧张片（目标域）"),
    "list": ("Intense films for a user of one light film", "只评过一部轻松片的用户：紧张片得分"),
    "score": ("score (stars)", "得分（星）"),
    "alt list": (
        "Bars of the scores of eight intense films for a user who has rated one light film.",
        "一个只评过一部轻松片的用户，八部紧张片的得分条形图。"),
    "K": ("K, ratings in the target", "K：目标域的评分数"),
    "rmse": ("RMSE in the target (stars)", "目标域 RMSE（星）"),
    "curve": ("Ten light ratings, K intense ones", "十条轻松片评分，K 条紧张片评分"),
    "alt curve": (
        "RMSE against K for five models: joint prior and mapped prior lowest, EMCDR joins the target alone from two ratings on.",
        "五个模型的 RMSE 随 K 的变化：联合先验与映射先验最低，EMCDR 从两条评分起与只用目标域重合。"),
    "overlap": ("training users in both domains", "两个域都有的训练用户数"),
    "bridges": ("Two ratings in the target", "目标域两条评分"),
    "alt bridges": (
        "RMSE against the number of overlapping training users for three models; the joint prior is lowest where they are few.",
        "三个模型的 RMSE 随重叠训练用户数的变化；重叠用户少时联合先验最低。"),
    "helped": ("Joint prior against the target alone", "联合先验与只用目标域相比"),
    "share": ("share of users with a lower error", "误差更低的用户比例"),
    "alt helped": (
        "Bars of the share of users whom the joint prior helps, by K; more than half at each K.",
        "按 K 给出的受益用户比例条形图：每个 K 都过半。"),
}

# %%
light, intense = mr.load_data("ml-100k", split="domain", seed=SEED)
learning, tuning, judging = mr.split_users(mr.load_movielens("ml-100k"), seed=SEED)
parts = {"light": light, "intense": intense}
rows = {plots.words(TEXTS[k]): (len(p), p.ratings["item_id"].nunique())
        for k, p in parts.items()}
heads = [plots.words(TEXTS[name]) for name in ("ratings", "films")]
plots.table(pd.DataFrame(rows, index=heads).T)

# %%
inside = [np.isin(p.ratings["user_id"], learning) for p in (light, intense)]
source, target = light.subset(inside[0]), intense.subset(inside[1])
joint = mr.MetaLearningModel(seed=SEED).fit(source, X_target=target)
names = joint.tables_.items.set_index("title")["item_id"]
famous = ["Toy Story", "Babe", "Sabrina", "Clueless", "Mary Poppins"]

# %% [markdown]
# **What one light film says of intense ones.** Rate it high, then low.

# %% [markdown] lang="zh"
# **一部轻松片能说明紧张片什么？** 打高分试试，再打低分。

# %% tags=["play", "nbval-ignore-output"]
GUEST, best = 1_000_001, intense.ratings["item_id"].value_counts().index[:8]


def after(film=famous[0], stars=5):
    joint.update(GUEST, names[film], stars)
    scores = joint.predict(GUEST, best)
    titles = joint.tables_.items.set_index("item_id")["title"].str.slice(0, 28)
    drawn = dict(zip(titles[scores.index], scores, strict=True))
    return plots.bars(drawn, title=TEXTS["list"], xlabel=TEXTS["score"])


plots.play(after, film=famous, stars=(1, 5), alt=TEXTS["alt list"])

# %% [markdown]
# **By hand:** one solve for one user, the ratings of both domains side by side. Nothing in it knows where a domain ends.

# %% [markdown] lang="zh"
# **手写**：对一个用户求解一次，两个域的评分并排放在一起。式子里没有任何地方知道域的边界在哪。

# %% tags=["from-scratch"]
rated = [p.ratings["user_id"].value_counts() for p in (light, intense)]
user = [u for u in judging if rated[0].get(u, 0) > 9 and rated[1].get(u, 0) > 19][:1]
tasks = mr.make_tasks(intense, user, k=2, pool=10, seed=SEED)
support = mr.make_tasks(light, user, k=10, pool=10, seed=SEED).support
both = mr.TaskBatch(support, tasks.support).together()
items, (prior, scale) = joint.linear(both), joint.prior_of(both.users)
x, noise = items.x[0], items.variance[0]
y = (both.values - items.bias)[0] / joint.spread_ - x @ prior[0]
precision = torch.diag(scale**-2) + x.T @ (x / noise[:, None])
weights = prior[0] + torch.linalg.solve(precision, x.T @ (y / noise))
print("agrees:", torch.allclose(weights, joint.adapt(both).mean[0], atol=1e-8))

# %% [markdown] tags=["expect"]
# **What do you expect?** EMCDR maps the source vector for users who are new to the target, and solves from target ratings alone once there are any. How much of its gain is left at two target ratings?

# %% [markdown] lang="zh"
# **你猜结果如何？** EMCDR 对目标域的新用户用映射向量，一旦有目标评分就只用它们求解。有两条目标评分时，它的收益还剩多少？

# %% [markdown]
# ## 2. What is carried, and what is thrown away
# The study: five splits; users with ten light and twenty intense ratings judge. The decay of the map and the shrinkage of the bias are chosen on tuning users. *Mapped prior* is ours, not the paper's: the mapped vector is the prior
# mean, and what the map leaves unexplained is its variance.

# %% [markdown] lang="zh"
# ## 2. 带过去了什么，又丢掉了什么
# 研究：五次划分；有十条轻松片、二十条紧张片评分的用户参与评估。映射的正则和偏置的收缩在调参用户上选。*映射作先验*是我们加的，论文里没有：映射出的向量作先验均值，映射解释不了的部分作方差。

# %% tags=["figure"]
study, ks = load_study("q13"), (0, 2, 5, 10)
models = ("target alone", "bias of both domains", "EMCDR", "EMCDR, mapped prior",
          "joint prior")
curves = {m: [study.mean(m, k=k, overlap="all") for k in ks] for m in models}
axes = {"title": TEXTS["curve"], "xlabel": TEXTS["K"], "ylabel": TEXTS["rmse"]}
plots.show(plots.lines(ks, curves, **axes, xticks=ks), alt=TEXTS["alt curve"])

# %% tags=["claim"]
none, two = {"k": 0, "overlap": "all"}, {"k": 2, "overlap": "all"}
claim("RMSE", "EMCDR", "target alone", study.compare("EMCDR", "target alone", **none))

# %% tags=["claim"]
claim("RMSE", "EMCDR", "target alone", study.compare("EMCDR", "target alone", **two))

# %% tags=["claim"]
mapped = "EMCDR, mapped prior"
claim("RMSE", mapped, "target alone", study.compare(mapped, "target alone", **two))

# %% tags=["claim"]
found = study.compare("joint prior", "target alone", **two)
claim("RMSE", "joint prior", "target alone", found, headline=True)

# %% tags=["claim"]
claim("RMSE", "joint prior", mapped, study.compare("joint prior", mapped, **two))

# %% [markdown]
# For a user without target ratings the map is a gain. <!-- c1: lower -->
# At two ratings EMCDR does not differ from the target alone, since it no longer looks at the source. <!-- c2: none -->
# The same map as a prior keeps the gain, <!-- c3: lower -->
# and a joint prior has it too, <!-- c4: lower -->
# with no difference between the two. <!-- c5: none -->
# Your `conditional_prior` is the formula behind it. Here are weights of both domains, from the users who are in both:

# %% [markdown] lang="zh"
# 没有目标评分的用户，映射是收益。<!-- c1: lower -->
# 有两条评分时，EMCDR 与只用目标域没有差别，因为它不再看源域。<!-- c2: none -->
# 同一个映射作先验，收益保住了，<!-- c3: lower -->
# 联合先验也有，<!-- c4: lower -->
# 两者之间看不出差别。<!-- c5: none -->
# 你写的 `conditional_prior` 就是背后的公式。下面用两个域都有的用户，取出两个域的权重：

# %%
pair = []
for part in (source, target):
    own = mr.ProbabilisticPCA(rank=2, seed=SEED).fit(part)
    ids = np.intersect1d(source.ratings["user_id"], target.ratings["user_id"])
    pair.append(own.adapt(own.history_.padded(ids, own.device, own.dtype)).mean)
vectors = torch.cat(pair, 1)
mean, covariance = vectors.mean(0), torch.cov(vectors.T)

# %% tags=["exercise"]
with mine("q13") as my:
    expected, left = my.conditional_prior(mean, covariance, pair[0][0])
    kept = left.diagonal() / covariance[3:, 3:].diagonal()
    print([f"{share:.2f}" for share in kept.tolist()])

# %% [markdown]
# Printed is the share of the variance over users that the source leaves open, for the three target weights; the last one is the user's mean.
#
# ## 3. The mean, the overlap, and who is helped
# Two rivals for the prior: carrying the mean alone, and learning with fewer users in both domains. The other training users stay, half of them with light films only, half with intense ones. So fewer target ratings are left for every model, the target
# alone too: compare models at one overlap, not one model along the axis.

# %% [markdown] lang="zh"
# 打印的是：知道源域之后，三个目标权重在用户间的方差还剩多少；最后一个是用户的平均分。
#
# ## 3. 均值、重叠用户，以及谁受益
# 先验的两个对手：只带均值；以及两个域都有的训练用户更少的情形。其余训练用户仍在，一半只有轻松片，一半只有紧张片。于是每个模型（包括只用目标域的）可用的目标评分都变少：
# 要在同一重叠数下比较模型，不要沿横轴看单个模型。

# %% tags=["figure"]
overlaps = (25, 100, "all")
places = (25, 100, len(ids))
curves = {m: [study.mean(m, k=2, overlap=o) for o in overlaps]
          for m in ("target alone", "EMCDR, mapped prior", "joint prior")}
axes = {"title": TEXTS["bridges"], "xlabel": TEXTS["overlap"], "ylabel": TEXTS["rmse"]}
fig = plots.lines(places, curves, **axes, log_x=True)
plots.show(fig, alt=TEXTS["alt bridges"])

# %% tags=["claim"]
few = {"k": 2, "overlap": 25}
claim("RMSE", "joint prior", mapped, study.compare("joint prior", mapped, **few))

# %% tags=["claim"]
mean_only = "bias of both domains"
found = study.compare(mean_only, "target alone", **none)
claim("RMSE", mean_only, "target alone", found)

# %% tags=["claim"]
found = study.compare("joint prior", mean_only, **none)
claim("RMSE", "joint prior", mean_only, found)

# %% tags=["figure"]
helped = {}
for k in ks:
    joined, alone = (pd.DataFrame(study.values(m, k=k, overlap="all")).mean(axis=1)
                     for m in ("joint prior", "target alone"))
    helped[f"K = {k}"] = float((joined < alone).mean())
fig = plots.bars(helped, title=TEXTS["helped"], xlabel=TEXTS["share"])
plots.show(fig, alt=TEXTS["alt helped"])

# %% [markdown]
# With few users in both domains the joint prior is better than the map in this study; <!-- c6: lower -->
# five fresh splits did not show it again, so take it as open.
# Carrying the mean alone already brings most of the gain for a user without target ratings, <!-- c7: lower -->
# and the prior adds the rest. <!-- c8: lower -->
# Not everybody gains: the last figure counts users by their error over five splits, where chance alone would give about half.

# %% [markdown] lang="zh"
# 两个域都有的用户很少时，这项研究里联合先验好于映射；<!-- c6: lower -->
# 换五次新的划分没有再次看到，所以只能算尚无定论。
# 没有目标评分的用户，只带均值就拿到了大部分收益，<!-- c7: lower -->
# 先验补上其余。<!-- c8: lower -->
# 并非人人受益：最后一张图按五次划分的误差数用户，光靠运气也会有一半左右。

# %% [markdown] tags=["rubric"]
# #### English
# - [2] names what can be carried, a mean, a vector, a prior, samples, and for which users each works
# - [2] says what happens when the first target ratings arrive: the prior is updated, not replaced
# - [2] writes the map or the conditional prior, with its regularisation and what it needs in overlap
# - [2] checks for negative transfer per user and per group, against the target alone and against the mean alone
# - [2] splits so that neither the map nor the tuning sees test users
# #### 中文
# - [2] 说出能带过去的东西：均值、向量、先验、样本，以及各自适用的用户
# - [2] 说清目标评分到来时怎么办：更新先验，而不是替换
# - [2] 写出映射或条件先验，及其正则和对重叠用户的要求
# - [2] 逐用户、逐人群检查负迁移，与只用目标域、只带均值比较
# - [2] 划分时，映射和调参都看不到测试用户

# %% [markdown] tags=["pitfalls"]
# #### English
# - **"Cross-domain means mapping user vectors."** → The deployments that are reported share users in one model and move samples, sequences or labels.
# - **"Once we have target ratings the source is not needed."** → At two ratings throwing the map away costs all of its gain. <!-- c2: none, c3: lower -->
# - **"PTUPCDR meta-learns with an inner loop."** → A meta network writes the bridge; nothing is adapted by gradient steps. TMCDR has the episodes.
# - **"The transfer brings four hundredths of a star."** → Against a target model that knows nothing of the user. Put a mean over both domains beside it. <!-- c7: lower -->
# - **"More source data is safe."** → Meituan's CCTL and TrineCDR start from negative transfer (q20).
# #### 中文
# - **“跨域就是映射用户向量。”** → 有报告的线上方案，多半在一个模型里共享用户，迁移样本、序列或标签。
# - **“有了目标评分，就不需要源域了。”** → 两条评分时丢掉映射，收益全没了。<!-- c2: none, c3: lower -->
# - **“PTUPCDR 用内循环做元学习。”** → 桥是元网络写出来的，没有梯度步的自适应；分 episode 训练的是 TMCDR。
# - **“迁移带来百分之四星的收益。”** → 那是与对该用户一无所知的目标模型相比。旁边要放跨两个域的均值。<!-- c7: lower -->
# - **“源数据越多越保险。”** → 美团的 CCTL 和 TrineCDR 的出发点正是负迁移（q20）。

# %% [markdown] tags=["follow-ups"]
# #### English
# <details><summary>No users are in both domains. What now?</summary>
# Share the items' content: one encoder for the text of both, so that vectors lie in one space, and transfer the item side and the prior's shape. Or share groups, such as age and city. A map of users cannot be learned then.</details>
# <details><summary>Why not one model for all domains with shared ids?</summary>
# Often right: STAR multiplies shared weights with domain weights and reports CTR +8.0 %. It needs traffic in each domain to learn its part. The joint prior here is its small form: one space, one solve.</details>
# <details><summary>Both domains drift daily. Do you retrain the map?</summary>
# Retrain item vectors daily and turn the new space back to the old one (q05), so that the map stays valid for a while; refit the map weekly, it has few numbers. CTNet (Taobao) transfers with each increment instead of from the start.</details>
# <details><summary>We have clicks, not stars, and 10⁹ ids.</summary>
# The carrier is then a sequence or a sample: put source clicks into the target model's history with a domain token, or weigh source samples by their gain for the target. LCN (WeChat Channels) transfers sequences.</details>
# <details><summary>How do you find users whom the transfer harms?</summary>
# Hold out part of their target ratings, estimate the difference per group, shrink it, and switch the source off where the interval lies above zero. Chosen on one half and judged on the other, or luck looks like harm (q20).</details>
# #### 中文
# <details><summary>两个域没有共同的用户怎么办？</summary>
# 共享物品内容：两个域的文本用同一个编码器，让向量落在同一空间，迁移物品侧和先验的形状；或者共享人群，如年龄、城市。这种情况下学不出用户映射。</details>
# <details><summary>为什么不直接用一个共享 ID 的多域模型？</summary>
# 往往是对的：STAR 把共享权重与域权重相乘，报告 CTR +8.0%。前提是每个域都有足够流量去学自己那部分。这里的联合先验是它的小号版本：一个空间，求解一次。</details>
# <details><summary>两个域每天都在漂移，映射要重训吗？</summary>
# 物品向量每天重训，再把新空间对齐回旧空间（q05），映射就能多用一阵；映射参数少，每周重拟合一次。CTNet（淘宝）随每次增量做迁移，而不是从头来。</details>
# <details><summary>我们有点击，没有星级，还有 10⁹ 个 ID。</summary>
# 这时载体是序列或样本：把源域点击加上域标记，放进目标模型的历史；或按对目标的增益给源样本加权。LCN（微信视频号）迁移的是序列。</details>
# <details><summary>怎么找出被迁移伤害的用户？</summary>
# 留出他们的一部分目标评分，按人群估计差异并收缩，区间在零以上的关掉源域。要在一半上挑选、另一半上检验，否则运气会被当成伤害（q20）。</details>

# %% [markdown] tags=["exercise"]
# ## Your turn
# Write three functions in [`exercises/q13_transfer_learning_method.py`](../exercises/q13_transfer_learning_method.py), about 23 minutes:
#
# - `emcdr_mapping`: ridge regression from one space to the other.
# - `conditional_prior`: the map, and what it leaves open.
# - `personalised_bridge`: a matrix for each user, written by a meta network.
#
# Then run the cell below. Stuck? In the cell after it, take the `#` away and run: each run gives the next of three hints.

# %% [markdown] lang="zh"
# ## 动手
# 在 [`exercises/q13_transfer_learning_method.py`](../exercises/q13_transfer_learning_method.py) 里写三个函数，大约 23 分钟：
#
# - `emcdr_mapping`：从一个空间到另一个空间的岭回归。
# - `conditional_prior`：映射，以及它没有解释的部分。
# - `personalised_bridge`：由元网络给每个用户写一个矩阵。
#
# 写完运行下面的单元格。卡住了？把再下面那个单元格里的 `#` 去掉再运行：每运行一次给出下一条提示，共三条。

# %% tags=["exercise"]
from metarec_lib import check, what_was_measured

check("q13")

# %% tags=["exercise"]
# from metarec_lib import hint; hint("q13", "emcdr_mapping")

# %% tags=["measured"]
what_was_measured()

# %% [markdown] tags=["references"]
# **Read first · 先读：** Man, Shen, Jin & Cheng (2017), *Cross-Domain Recommendation: An Embedding and Mapping Approach*, IJCAI: EMCDR.
#
# - Zhu et al. (2021), [*Transfer-Meta Framework for Cross-domain Recommendation to Cold-Start Users*](https://arxiv.org/abs/2105.04785), SIGIR: TMCDR.
# - Zhu et al. (2022), [*Personalized Transfer of User Preferences for Cross-domain Recommendation*](https://arxiv.org/abs/2110.11154), WSDM: PTUPCDR.
# - Sheng et al. (2021), [*One Model to Serve All: Star Topology Adaptive Recommender for Multi-Domain CTR Prediction*](https://arxiv.org/abs/2101.11427), CIKM: STAR.
# - *A Collaborative Transfer Learning Framework for Cross-domain Recommendation* (2023), KDD: CCTL.
# - *Cross-Domain LifeLong Sequential Modeling for Online Click-Through Rate Prediction* (2024), KDD: LCN.
# - *EXIT: An EXplicit Interest Transfer Framework for Cross-Domain Recommendation* (2024), CIKM.
