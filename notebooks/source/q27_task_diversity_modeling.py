# %% [markdown]
# # q27 · How do you model task diversity in meta-learning?
#
# One prior says: users are a cloud around one point. What if they are two clouds? First users made so, then real ones.

# %% [markdown] lang="zh"
# # q27 · 如何在元学习中对任务多样性建模？
#
# 单一先验说的是：用户是围着一个点的一团云。如果其实是两团呢？先看按这样造出来的用户，再看真实用户。

# %% [markdown] tags=["question"]
# #### English
# Your users, or your scenarios, come in several kinds. How do you make a meta-learner model that: mixture of priors, conditioned prior, experts or gates, diverse
# sampling? How do you show that it helps, and who pays?
# #### 中文
# 用户（或场景）分成好几类。怎样让元学习模型刻画这一点：混合先验、随任务变的先验、专家或门控、多样化采样？怎样证明它有用？代价由谁承担？
#
# level: senior · minutes: 3 · needs: q07, q26 · topics: mixture prior, task conditioning, DPP, fairness

# %% [markdown] tags=["answer-short"]
# #### English
# First I ask whether there are kinds at all. A mixture prior keeps one prior a kind, and a few ratings tell the kind. Where users
# really are of two kinds it clearly beats one prior. <!-- c1: lower -->
# A prior that reads the task's gradient helps a little, and not with another user's gradient. <!-- c2: lower -->
# Drawing tasks evenly over clusters helps a rare kind, <!-- c3: lower -->
# and the common kind pays. <!-- c4: small -->
# On ML-100K none of it shows: not the mixture, <!-- c6: equal -->
# not DPP sampling, <!-- c7: equal -->
# not the conditioned prior. <!-- c8: equal -->
# One prior is what I would ship there.
# #### 中文
# 我先问到底有没有“类”。混合先验给每一类一个先验，几条评分就能看出属于哪一类。用户真分两类时，它明显胜过单一先验。<!-- c1: lower -->
# 读任务梯度的先验也略有用，换成别人的梯度就不行。<!-- c2: lower -->
# 按簇均匀抽任务，稀少的那类受益，<!-- c3: lower -->
# 多数的那类付代价。<!-- c4: small -->
# 在 ML-100K 上，这些都看不到：混合先验没有，<!-- c6: equal -->
# DPP 采样没有，<!-- c7: equal -->
# 随任务变的先验也没有。<!-- c8: equal -->
# 在那里我会上线单一先验。

# %% [markdown] tags=["answer-full"]
# **Mixture prior.** A user's weights come from one of $C$ kinds, $w \sim \sum_c \pi_c\, N(m_c, S_c)$. After the ratings $y$ of items $X$ the user is of kind $c$ with probability
#
# $$\rho_c \propto \pi_c\, N\big(y;\; X m_c,\; X S_c X^\top + \sigma^2 I\big)$$
#
# and the forecast is the mean over kinds, weighted by $\rho_c$. EM fits it: responsibilities, then shares, means, covariances. Kinds that are close look like one cloud, and
# then nothing is gained. Task-similarity-aware meta-learning (TSAML, CIKM 2022) shares initialisations by soft clusters, the same thought with a network.
#
# **Conditioned prior.** Let the prior mean move by $C^\top z_u$, where $z_u$ embeds the task: here the gradient of the support loss. Modulation by gates does this for
# networks (MMAML 2019). M2M (Alibaba, WSDM 2022) lets a meta unit write a scenario's weights. The control is an embedding permuted between users: parameters and input stay, the information goes.
#
# **Sampling.** Uniform sampling weighs kinds by their size. Even drawing over clusters moves weight to the rare kind; <!-- c3: lower -->
# the common kind pays a little. <!-- c4: small -->
# A $k$-DPP draws sets with probability proportional to $\det L_S$: volume, so twins exclude each other. At equal volume of tasks it changes nothing on ML-100K. <!-- c7: equal -->
# Kumar et al. (2023) found no significant gain either.
#
# **Regulariser.** $-\log\det(I + ZZ^\top)$ rewards batches whose tasks pull in many directions. The greedy set costs $O(Nk^2)$ with a Cholesky row per choice (Chen et al. 2018).
#
# **How to tell.** Make users of two kinds, and check that the method finds them. Then real users against one prior, paired by user. A method that
# needs kinds cannot win where there are none; here the real difference is inside the margin. <!-- c6: equal -->

# %% [markdown] tags=["zh"]
# **混合先验。** 用户权重来自 $C$ 类之一，$w \sim \sum_c \pi_c\, N(m_c, S_c)$。看到物品 $X$ 的评分 $y$ 之后，用户属于第 $c$ 类的概率是
#
# $$\rho_c \propto \pi_c\, N\big(y;\; X m_c,\; X S_c X^\top + \sigma^2 I\big)$$
#
# 预测就是各类预测按 $\rho_c$ 加权。用 EM 拟合：先算各类概率，再更新占比、均值、协方差。类与类离得近，看上去就是一团云，也就没什么可赚。TSAML（CIKM 2022）按软聚类共享初始化，
# 是同一想法的网络版。
#
# **随任务变的先验。** 让先验均值移动 $C^\top z_u$，$z_u$ 是任务的 embedding，这里用支持集损失的梯度。网络里用门控来调制（MMAML 2019）；M2M（阿里，WSDM 2022）由元单元生成场景的权重。
# 对照组是把 embedding 在用户间打乱：参数和输入都在，信息没了。
#
# **采样。** 均匀抽样等于按人数给各类权重。按簇均匀抽，把权重移给稀少的那类；<!-- c3: lower -->
# 多数的那类付一点代价。<!-- c4: small -->
# $k$-DPP 抽到集合的概率正比于 $\det L_S$，也就是体积，所以孪生互斥。任务量相同时，它在 ML-100K 上不改变什么。<!-- c7: equal -->
# Kumar 等（2023）也没有看到显著收益。
#
# **正则项。** $-\log\det(I + ZZ^\top)$ 鼓励一批任务往许多方向拉。贪心选集合每选一个加一行 Cholesky，复杂度 $O(Nk^2)$（Chen 等 2018）。
#
# **怎么判断。** 先造两类用户，看方法能不能找出来；再在真实用户上与单一先验逐人比较。需要“类”的方法，在没有类的地方赢不了；这里真实用户上的差别在容许范围之内。<!-- c6: equal -->

# %% [markdown]
# ## 1. Two clouds
# These users are made up. A kind has a centre of tastes; the two centres are at a right angle. A user lies close to one of them, and rates 40 of 150 films. We fit one prior and a mixture of two to 280 users.

# %% [markdown] lang="zh"
# ## 1. 两团云
# 这些用户是虚构的。每一类有一个口味中心，两个中心互相垂直；用户离其中一个很近，在 150 部影片里评 40 部。用 280 名用户分别拟合单一先验和两成分混合先验。

# %%
import numpy as np
import torch
import metarec_lib as mr
from metarec_lib import claim, load_study, mine, plots, seed

SEED = seed()

# %% tags=["figure"]
TEXTS = {
    "first": ("one kind", "一类"),
    "second": ("the other kind", "另一类"),
    "ratings": ("ratings seen", "已看到的评分数"),
    "rho": ("probability of the first kind", "属于第一类的概率"),
    "user": ("Twelve users, rating by rating", "十二名用户，一条一条看"),
    "difference": ("difference in RMSE (stars)", "RMSE 之差（星）"),
    "away": ("length of the centres (stars)", "中心的长度（星）"),
    "density": ("users", "用户数"),
    "alt": (
        "How many users of each kind have which probability of the first kind.",
        "两类用户属于第一类的概率各是多少，按概率统计人数。",
    ),
}

# %%
data, kind = mr.two_tastes(400, seed=SEED)
ids = data.users["user_id"].to_numpy()
train = data.subset(data.ratings["user_id"].to_numpy() <= 280)
one, two = (mr.MixturePrior(components=n, seed=SEED).fit(train) for n in (1, 2))
tasks = mr.make_tasks(data, ids[280:], k=3, pool=20, seed=SEED)
for name, model in (("one prior", one), ("mixture of two", two)):
    rmse = mr.evaluate_tasks(model, tasks, ("rmse",))["rmse"].mean()
    print(f"{name}: RMSE of new users after 3 ratings {rmse:.3f}")

# %% [markdown]
# A few ratings tell the kind. Each line is a new user; blue and orange are the true kinds, which the model does not know.

# %% [markdown] lang="zh"
# 几条评分就能看出是哪一类。每条线是一名新用户，两种颜色是真实的类别，模型并不知道。


# %% tags=["figure"]
def sure(k):
    support = mr.make_tasks(data, ids[280:], k=k, pool=20, seed=SEED).support
    return two.adapt(support).responsibility[:, 0].numpy()


seen = (0, 1, 2, 3, 5, 8, 12)
probability = np.stack([sure(k) for k in seen], axis=1)
of = {TEXTS["first"]: kind[280:] == 0, TEXTS["second"]: kind[280:] == 1}
means = {name: probability[which].mean(0) for name, which in of.items()}
title = "How soon a kind is known", "多快能看出类别"
axes = {"xlabel": TEXTS["ratings"], "ylabel": TEXTS["rho"]}
fig = plots.lines(seen, means, title=title, **axes)
plots.show(fig, alt=("Mean probability of the first kind against ratings seen.",
                     "属于第一类的平均概率，随评分数变化。"))

# %% [markdown]
# Your `mixture_responsibilities` for one user, at the true settings of this world:

# %% [markdown] lang="zh"
# 用你写的 `mixture_responsibilities` 算一名用户，参数取这个世界的真值：

# %% tags=["exercise"]
with mine("q27") as my:
    centres, share = 1.5 * torch.eye(2, 3).double(), torch.ones(2).double() / 2
    films = torch.as_tensor(np.random.default_rng(SEED).normal(size=(4, 3)))
    films /= films.norm(dim=1, keepdim=True)
    stars = films @ centres[1]  # a user who sits at the second centre
    for k in (0, 1, 2, 4):
        rated = films[:k], stars[:k]
        rho = my.mixture_responsibilities(*rated, centres, share, 0.1, 0.5)
        print(f"after {k} ratings: second kind {rho[1]:.2f}")


# %% tags=["play", "nbval-ignore-output"]
def apart(away=1.5):
    world, true = mr.two_tastes(300, away=away, seed=7)
    model = mr.MixturePrior(components=2, seed=0, rounds=15).fit(world)
    support = mr.make_tasks(world, k=5, pool=5, seed=0).support
    rho = model.adapt(support).responsibility[:, 0].numpy()
    bins = np.linspace(0, 1, 11)
    counts = {name: np.histogram(rho[true == n], bins)[0]
              for n, name in enumerate((TEXTS["first"], TEXTS["second"]))}
    look = {"xlabel": TEXTS["rho"], "ylabel": TEXTS["density"]}
    title = "After five ratings", "看过五条评分之后"
    return plots.lines((bins[1:] + bins[:-1]) / 2, counts, title=title, **look)


plots.play(apart, away=(0.5, 2.5, 0.5), alt=TEXTS["alt"])

# %% [markdown]
# Move the slider: at which length do the two kinds melt into one?
#
# **By hand.** EM in one dimension: responsibilities, then shares, means and variances, against scikit-learn.

# %% [markdown] lang="zh"
# 拖动滑块：中心多长时，两类就融成一团了？
#
# **手写。** 一维的 EM：先算各类概率，再更新占比、均值和方差，与 scikit-learn 对照。

# %% tags=["from-scratch"]
from sklearn.mixture import GaussianMixture

x = np.random.default_rng(SEED).normal(size=200) + np.repeat([0.0, 3.0], 100)
share, mean, var = np.array([0.5, 0.5]), np.array([x.min(), x.max()]), np.ones(2)
start = {"means_init": mean[:, None], "precisions_init": np.ones((2, 1, 1))}
for _ in range(300):
    weight = share * np.exp(-((x[:, None] - mean) ** 2) / (2 * var)) / np.sqrt(var)
    rho = weight / weight.sum(1, keepdims=True)
    share, mean = rho.mean(0), (rho * x[:, None]).sum(0) / rho.sum(0)
    var = (rho * (x[:, None] - mean) ** 2).sum(0) / rho.sum(0)
theirs = GaussianMixture(2, weights_init=[0.5, 0.5], tol=1e-9, max_iter=300, **start)
theirs.fit(x[:, None])
print("agrees:", np.allclose(mean, theirs.means_[:, 0], atol=1e-3))

# %% [markdown] tags=["expect"]
# **What do you expect?** Centres of length 0.5, 1, 1.5, 2 stars, films of length 1, noise of half a star. From where on does a mixture pay? And on ML-100K?

# %% [markdown] lang="zh"
# **你猜结果如何？** 中心长度取 0.5、1、1.5、2 星，影片向量长度为 1，噪声半星。从哪里开始混合先验划算？在 ML-100K 上呢？

# %% [markdown]
# ## 2. When does a mixture pay?
# The study draws five worlds, with 120 new users each. The rate of the meta-trained models was set on another world.

# %% [markdown] lang="zh"
# ## 2. 混合先验什么时候划算？
# 研究抽了五个世界，每个有 120 名新用户。元训练模型的学习率是在另一个世界上定的。

# %% tags=["figure"]
study, lengths = load_study("q27"), (0.5, 1.0, 1.5, 2.0)
pair, gain = ("2 by EM", "1 by EM"), {}
for k in (1, 3, 10):
    at = [{"who": "made up", "away": away, "k": k} for away in lengths]
    gain[f"K = {k}"] = [study.compare(*pair, "rmse", **where).mean for where in at]
axes = {"xlabel": TEXTS["away"], "ylabel": TEXTS["difference"]}
title = "Mixture minus one prior", "混合先验减单一先验"
fig = plots.lines(lengths, gain, title=title, **axes)
plots.show(fig, alt=("Difference in RMSE against the length of the centres.",
                     "RMSE 之差随中心长度变化，每个 K 一条线。"))

# %% tags=["claim"]
made_up = {"who": "made up", "away": 1.5, "k": 3}
found = study.compare("2 by EM", "1 by EM", "rmse", **made_up)
claim("RMSE", "2 by EM", "1 by EM", found, headline=True)

# %% tags=["claim"]
reads, other = "conditioned prior", "conditioned on another user's task"
found = study.compare(reads, other, "rmse", **made_up)
claim("RMSE", reads, other, found)

# %% [markdown]
# With centres 1.5 long the mixture is clearly better. <!-- c1: lower -->
# The prior that reads a user's own gradient beats the same model fed with another user's, by less than a hundredth of a star. <!-- c2: lower -->
# One component more does no harm where EM finds the kinds; with two components it can also stop at a poor place, so try several starts.
#
# ## 3. A rare kind, and who pays
# Now twenty of 300 training users are of the second kind. One prior; only the drawing of the tasks differs, at the same number of tasks.

# %% [markdown] lang="zh"
# 中心长 1.5 时，混合先验明显更好。<!-- c1: lower -->
# 读自己梯度的先验，胜过同一个模型读别人的梯度，幅度不到百分之一星。<!-- c2: lower -->
# EM 找得到类别时，多一个成分没有坏处；两个成分时它也可能停在不好的地方，所以要多试几个起点。
#
# ## 3. 稀少的一类，以及谁付代价
# 现在 300 名训练用户里只有二十名属于第二类。先验只有一个；不同的只是怎么抽任务，任务数相同。

# %% tags=["exercise"]
with mine("q27") as my:
    support = mr.make_tasks(data, ids[:60], k=20, pool=20, seed=SEED).support
    z = mr.task_embedding(one, support)
    picked = my.dpp_greedy(z @ z.T + 0.1 * torch.eye(60).double(), 8)
    for name, rows in (("greedy", picked), ("the first eight", list(range(8)))):
        loss = my.logdet_diversity(z[rows])
        print(f"{name}: of each kind {np.bincount(kind[rows])}, loss {loss:.2f}")

# %% tags=["figure"]
ways, rows = ("tasks by cluster", "tasks by a DPP", "mixture of two"), {}
for way in ways:
    for who, name in (("rare", ("rare", "稀少")), ("common", ("common", "多数"))):
        found = study.compare(way, "one prior", "rmse", who=who, k=3)
        rows[f"{way}, {name[0]}", f"{plots.words(way)}，{name[1]}"] = found
title = "K = 3, minus one prior, uniform", "K = 3，减均匀抽取的单一先验"
fig = plots.intervals(rows, title=title, xlabel=TEXTS["difference"])
plots.show(fig, alt=("Six differences, rare and common.", "六个差值，稀少与多数两类。"))

# %% tags=["claim"]
found = study.compare("tasks by cluster", "one prior", "rmse", who="rare", k=3)
claim("RMSE", "tasks by cluster", "one prior", found)

# %% tags=["claim"]
found = study.compare("tasks by cluster", "one prior", "rmse", who="common", k=3)
claim("RMSE", "tasks by cluster", "one prior", found)

# %% tags=["claim"]
found = study.compare("mixture of two", "one prior", "rmse", who="rare", k=3)
claim("RMSE", "mixture of two", "one prior", found)

# %% [markdown]
# Even drawing helps the rare kind, <!-- c3: lower -->
# and the common kind pays, by less than this book calls large. <!-- c4: small -->
# The mixture helps the rare kind too. <!-- c5: lower -->
#
# ## 4. Real users
# The same learners on ML-100K. Whether its users come in kinds is not known; q12 asks that directly.

# %% [markdown] lang="zh"
# 均匀抽簇对稀少的那类有利，<!-- c3: lower -->
# 多数的那类付出代价，不过在本书所说的小差别之内。<!-- c4: small -->
# 混合先验也帮到了稀少的那类。<!-- c5: lower -->
#
# ## 4. 真实用户
# 同样的模型放到 ML-100K 上。这里的用户分不分类并不知道；q12 会直接问这个问题。

# %% tags=["figure"]
real = {"who": "real", "k": 5}
ways = ("mixture of two", "mixture of four", "tasks by a DPP", "tasks by cluster",
        "conditioned prior")
found = {way: study.compare(way, "one prior", "rmse", **real) for way in ways}
found["shrunken bias"] = study.compare("shrunken bias", "one prior", "rmse", **real)
title = "ML-100K, K = 5, minus one prior", "ML-100K，K = 5，减单一先验"
fig = plots.intervals(found, title=title, xlabel=TEXTS["difference"])
plots.show(fig, alt=("Six differences on real users.", "真实用户上的六个差值。"))

# %% tags=["claim"]
found = study.compare("mixture of two", "one prior", "rmse", **real)
claim("RMSE", "mixture of two", "one prior", found)

# %% tags=["claim"]
found = study.compare("tasks by a DPP", "one prior", "rmse", **real)
claim("RMSE", "tasks by a DPP", "one prior", found)

# %% tags=["claim"]
found = study.compare(reads, other, "rmse", **real)
claim("RMSE", reads, other, found)

# %% [markdown]
# Two components against one: no difference, and inside the margin. <!-- c6: equal -->
# DPP against uniform drawing: the same. <!-- c7: equal -->
# One's own gradient against another's: the same. <!-- c8: equal -->
# So on these ratings one prior says all that we can see. The bias model in the figure shows that the error can be moved at all.

# %% [markdown] lang="zh"
# 两个成分对一个：没有差别，且在容许范围之内。<!-- c6: equal -->
# DPP 对均匀抽取：一样。<!-- c7: equal -->
# 自己的梯度对别人的：也一样。<!-- c8: equal -->
# 所以在这些评分上，一个先验已说完我们看得见的一切。图里的偏置模型说明，误差本身是挪得动的。

# %% [markdown] tags=["rubric"]
# #### English
# - [2] mixture prior: responsibilities by Bayes, forecast as their weighted mean, fitted by EM
# - [2] conditioned prior or modulation, and its control with permuted embeddings
# - [2] sampling: what uniform, even over clusters and a DPP weigh; equal volume in the comparison
# - [1] log-determinant as volume, and the cost of the greedy set
# - [2] asks whether kinds exist; shows the method where they do, and reports the null where not
# - [1] who pays when rare kinds are weighted up
# #### 中文
# - [2] 混合先验：用贝叶斯算各类概率，预测取加权平均，用 EM 拟合
# - [2] 随任务变的先验或调制，以及打乱 embedding 的对照
# - [2] 采样：均匀、按簇、DPP 各给谁权重；比较时任务量相同
# - [1] 行列式对数就是体积，贪心选集合的开销
# - [2] 先问有没有类；在有的地方证明有效，在没有的地方如实报告
# - [1] 给稀少的类加权时谁付代价

# %% [markdown] tags=["pitfalls"]
# #### English
# - **"DPP sampling of tasks beats uniform."** → Not here at equal volume, <!-- c7: equal --> and Kumar et al. found no significant gain.
# - **"k-means finds five kinds, so there are five."** → k-means always finds k. Compare with a null model (q12).
# - **"The conditioned model is better: it has more parameters."** → Permute the embeddings: parameters stay, information goes.
# - **"The average improved, so weighting is fair."** → Report each kind apart (section 3).
# #### 中文
# - **“任务用 DPP 采样比均匀好。”** → 任务量相同时这里没有差别，<!-- c7: equal -->Kumar 等也没有看到显著收益。
# - **“k-means 分出五类，所以有五类。”** → k-means 总能分出 k 类。要与零模型比（q12）。
# - **“随任务变的模型更好，因为参数更多。”** → 打乱 embedding：参数还在，信息没了。
# - **“平均变好了，加权就是公平的。”** → 每一类分开报告（第 3 节）。

# %% [markdown] tags=["follow-ups"]
# #### English
# <details><summary>One user has several tastes. Mixture, or several vectors a user?</summary>
# A mixture gives a user one kind, with doubt. Several vectors (ComiRec, PinnerSage) give one user several tastes at once: retrieval takes the best of them for each item. Choose
# their number on held-out recall; each one costs index space and a look-up.</details>
# <details><summary>Many scenarios: generated weights, experts or gates?</summary>
# A gate scales shared activations, cheap and stable (PEPNet). Experts share by degrees (MMoE, PLE, q11). Generated weights (M2M) are the most flexible, and need data in every
# scenario. Begin with a gate; check that scenarios differ at all.</details>
# <details><summary>We have clicks and no stars, and 10⁹ ids.</summary>
# Replace the normal likelihood by a logistic one, or cluster users' pooled embeddings. Responsibilities are a few numbers a user; keep them in the feature store. A full DPP over 10⁹ users is out of
# the question: sample a pool first.</details>
# <details><summary>Why is a sequence model that adapts in context not enough?</summary>
# It can be: trained on users of both kinds it learns to infer the kind, which is what responsibilities do. It needs enough users of the rare kind in training; section 3 is about that.</details>
# #### 中文
# <details><summary>一个用户有好几种口味。用混合先验，还是每人多个向量？</summary>
# 混合先验认为用户属于一类，只是不确定是哪类。多向量（ComiRec、PinnerSage）让一个用户同时有几种口味，召回时对每个物品取最匹配的那个。个数按留出集的召回率选；每多一个，就多一份索引空间和一次检索。</details>
# <details><summary>场景很多：生成权重、专家还是门控？</summary>
# 门控缩放共享的激活，便宜又稳（PEPNet）；专家按程度共享（MMoE、PLE，见 q11）；生成权重（M2M）最灵活，但每个场景都得有数据。先用门控，并确认场景之间真有差别。</details>
# <details><summary>只有点击没有评分，而且有 10⁹ 个 id。</summary>
# 把正态似然换成 logistic，或者对用户聚合后的 embedding 聚类。各类概率每人只有几个数，放进特征库。对 10⁹ 个用户做完整 DPP 不现实，先抽一个候选池。</details>
# <details><summary>序列模型在上下文里就能适应，为什么还不够？</summary>
# 有可能够：两类用户都见过，它就会学着推断类别，这正是混合先验在做的。前提是训练里稀少的那类足够多，第 3 节讲的就是这个。</details>

# %% [markdown] tags=["exercise"]
# ## Your turn
# Write three functions in [`exercises/q27_task_diversity_modeling.py`](../exercises/q27_task_diversity_modeling.py), about 22 minutes:
#
# - `dpp_greedy`: a set of large volume.
# - `mixture_responsibilities`: of which kind is this user?
# - `logdet_diversity`: the penalty on a batch.
#
# Then run the cell below. Stuck? In the cell after it, take the `#` away and run: each run gives the next of three hints.

# %% [markdown] lang="zh"
# ## 动手
# 在 [`exercises/q27_task_diversity_modeling.py`](../exercises/q27_task_diversity_modeling.py) 里写三个函数，大约 22 分钟：
#
# - `dpp_greedy`：体积大的集合。
# - `mixture_responsibilities`：这名用户属于哪一类？
# - `logdet_diversity`：一批任务的惩罚项。
#
# 写完运行下面的单元格。卡住了？把再下面那个单元格里的 `#` 去掉再运行：每运行一次给出下一条提示，共三条。

# %% tags=["exercise"]
from metarec_lib import check, what_was_measured

check("q27")

# %% tags=["exercise"]
# from metarec_lib import hint; hint("q27", "dpp_greedy")

# %% tags=["measured"]
what_was_measured()

# %% [markdown] tags=["references"]
# **Read first · 先读：** Kumar, Deleu & Bengio (2023), [*The Effect of Diversity in Meta-Learning*](https://arxiv.org/abs/2201.11775), AAAI.
#
# - Vuorio, Sun, Hu & Lim (2019), [*Multimodal Model-Agnostic Meta-Learning via Task-Aware Modulation*](https://arxiv.org/abs/1910.13616), NeurIPS: MMAML.
# - Chen, Zhang & Zhou (2018), [*Fast Greedy MAP Inference for Determinantal Point Process*](https://arxiv.org/abs/1709.05135), NeurIPS.
# - Kulesza & Taskar (2012), [*Determinantal Point Processes for Machine Learning*](https://arxiv.org/abs/1207.6083), FnT ML.
# - Zhang et al. (2022), *Leaving No One Behind: A Multi-Scenario Multi-Task Meta Learning Approach for Advertiser Modeling*, WSDM: M2M.
# - *Task Similarity Aware Meta Learning for Cold-Start Recommendation* (2022), CIKM: TSAML.
# - Wilhelm et al. (2018), *Practical Diversified Recommendations on YouTube with Determinantal Point Processes*, CIKM.
