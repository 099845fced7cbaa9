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
# 用户（或场景）分成好几类。怎样让元学习模型刻画这一点：混合先验、任务条件先验、专家或门控、多样化采样？怎样证明它有用？代价由谁承担？
#
# level: senior · minutes: 3 · needs: q07, q26 · topics: mixture prior, task conditioning, DPP, fairness

# %% [markdown] tags=["answer-short"]
# #### English
# First I ask whether there are kinds at all. A mixture prior keeps one prior for each kind, and a few ratings tell the kind. Where users
# really are of two kinds it clearly beats one prior, <!-- c1: lower -->
# most of all for a rare kind. <!-- c4: lower -->
# A prior that reads the task's gradient helps a little; its twin that gets another user's gradient does worse. <!-- c2: lower -->
# Drawing tasks evenly over clusters shows no gain for the rare kind: clusters need not be the kinds. <!-- c3: none -->
# On ML-100K, on average at K = 5, none of it shows: not the mixture, <!-- c6: equal -->
# not DPP sampling. <!-- c7: equal -->
# One prior is what I would ship there.
# #### 中文
# 我先问到底有没有“类”。混合先验给每一类一个先验，几条评分就能看出属于哪一类。用户真分两类时，它明显胜过单一先验，<!-- c1: lower -->
# 少数群体受益最大。<!-- c4: lower -->
# 读任务梯度的先验也略有用；给它别人的梯度的对照模型就更差。<!-- c2: lower -->
# 按簇均匀抽用户，看不到少数群体受益：簇未必就是类别。<!-- c3: none -->
# 在 ML-100K 上，K = 5 时平均看，这些都看不到：混合先验没有，<!-- c6: equal -->
# DPP 采样也没有。<!-- c7: equal -->
# 在那里我会上线单一先验。

# %% [markdown] tags=["answer-full"]
# **Mixture prior.** A user's weights come from one of $C$ kinds, $w \sim \sum_c \pi_c\, N(m_c, S_c)$. After the ratings $y$ of items $X$ the user is of kind $c$ with probability
#
# $$\rho_c \propto \pi_c\, N\big(y;\; X m_c,\; X S_c X^\top + \sigma^2 I\big)$$
#
# and the forecast is the mean over kinds, weighted by $\rho_c$. EM fits it: responsibilities, then shares, means, covariances. On a made-up world it is the true model, and there it
# does most for the rare kind, <!-- c4: lower -->
# at no price to the common one. <!-- c5: small -->
# Kinds that are close look like one cloud, and then little is gained. Task-similarity-aware meta-learning (TSAML, CIKM 2022) shares initialisations by soft clusters, the same thought with a network.
#
# **Conditioned prior.** Let the prior mean move by $C^\top z_u$, where $z_u$ embeds the task: here the gradient of the support loss. Modulation (FiLM, or gates) does this for
# networks (MMAML 2019). M2M (Alibaba, WSDM 2022) lets a meta unit write a scenario's weights. The control is trained and tested on embeddings permuted between users: same parameters, same input distribution, no information about this user.
#
# **Sampling.** Under uniform sampling a kind counts as often as it has users. Even drawing over clusters moves weight to small clusters. These need not be the kinds: here the rare
# one shows no gain. <!-- c3: none -->
# A $k$-DPP draws sets with probability proportional to $\det L_S$: squared volume, so near-twins seldom come together. The comparison must be at equal volume of tasks, and in small batches: nine dimensions
# hold no volume for a tenth task, and from there on the draw is chance. On ML-100K batches of eight by a DPP match uniform ones. <!-- c7: equal -->
# Kumar et al. (2023) found no significant gain either.
#
# **Regulariser.** $-\log\det(I + ZZ^\top)$ rewards batches whose tasks pull in many directions. The greedy set costs $O(Nk^2)$ with a Cholesky row per choice (Chen et al. 2018).
#
# **How to tell.** Make users of two kinds, and check that the method finds them; worlds are the unit. Then real users against one prior, paired by user. Where one normal prior fits, a mixture
# has little to win; here the difference is inside the margin. <!-- c6: equal -->
# A null does not prove that kinds are absent.

# %% [markdown] tags=["zh"]
# **混合先验。** 用户权重来自 $C$ 类之一，$w \sim \sum_c \pi_c\, N(m_c, S_c)$。看到物品 $X$ 的评分 $y$ 之后，用户属于第 $c$ 类的概率是
#
# $$\rho_c \propto \pi_c\, N\big(y;\; X m_c,\; X S_c X^\top + \sigma^2 I\big)$$
#
# 预测就是各类预测按 $\rho_c$ 加权。用 EM 拟合：先算后验类别概率（责任度），再更新占比、均值、协方差。在合成世界里它就是真实模型，那里少数群体受益最大，<!-- c4: lower -->
# 主流群体也不付代价。<!-- c5: small -->
# 类与类离得近，看上去就是一团云，也就没有多少收益。TSAML（CIKM 2022）按软聚类共享初始化，是同一想法的网络版。
#
# **任务条件先验。** 让先验均值移动 $C^\top z_u$，$z_u$ 是任务的 embedding，这里用支持集损失的梯度。网络里用 FiLM 或门控来调制（MMAML，2019）；M2M（阿里，WSDM 2022）由元单元生成场景的权重。
# 对照组在训练和测试时都把 embedding 在用户间打乱：参数一样，输入分布一样，只是没有这名用户的信息。
#
# **采样。** 均匀抽样时，一类用户有多少人，就被抽到多少次。按簇均匀抽用户，是把权重移给小簇。簇未必就是类别，这里看不到少数群体受益。<!-- c3: none -->
# $k$-DPP 抽到集合的概率正比于 $\det L_S$，也就是体积的平方，所以几乎相同的任务很少同时抽中。比较时任务量要相同，批也要小：九维空间里，第十个任务已不增加体积，再往后抽就全靠随机。在 ML-100K 上，
# 每批八个任务时，DPP 与均匀抽取不相上下。<!-- c7: equal -->
# Kumar 等（2023）也没有看到显著收益。
#
# **正则项。** $-\log\det(I + ZZ^\top)$ 鼓励一批任务的梯度方向尽量分散。贪心选集合每选一个加一行 Cholesky，复杂度 $O(Nk^2)$（Chen 等，2018）。
#
# **怎么判断。** 先造两类用户，看方法能不能找出来，统计单位是世界；再在真实用户上与单一先验逐人比较。单一正态先验已经合适的地方，混合先验没有多少可赢；这里的差别在等效界值之内。<!-- c6: equal -->
# 没看到差别，也不能证明没有类别。

# %% [markdown]
# ## 1. Two clouds
# These users are made up. A kind has a centre of tastes. The two centres are vectors of length 1.5 at a right angle, so they lie $1.5\sqrt{2}$ apart. A user lies close to one of them, and
# rates 40 of 150 films. We fit one prior and a mixture of two to 280 users.

# %% [markdown] lang="zh"
# ## 1. 两团云
# 这些用户是合成的。每一类有一个口味中心：两个长度为 1.5、互相垂直的向量，相距 $1.5\sqrt{2}$。用户离其中一个很近，在 150 部影片里评 40 部。用 280 名用户分别拟合单一先验和两成分混合先验。

# %%
import numpy as np
import torch
import metarec_lib as mr
from sklearn.cluster import KMeans
from metarec_lib import claim, load_study, mine, plots, seed

SEED = seed()

# %% tags=["figure"]
TEXTS = {
    "first": ("one kind", "一类"),
    "second": ("the other kind", "另一类"),
    "ratings": ("ratings seen", "已看到的评分数"),
    "xlabel": ("probability of component 1", "属于成分 1 的概率"),
    "title": ("After five ratings", "看过五条评分之后"),
    "difference": ("difference in RMSE (stars)", "RMSE 之差（星）"),
    "away": ("length of the centres (stars)", "中心的长度（星）"),
    "ylabel": ("users", "用户数"),
    "alt": (
        "How many users of each kind have which probability of component 1.",
        "两类用户属于成分 1 的概率各是多少，按概率统计人数。",
    ),
    "minus": ("Mixture minus one prior", "混合先验减单一先验"),
    "by cluster": ("evenly by cluster", "按簇均匀抽用户"),
    "DPP": ("DPP, eight a batch", "DPP，每批八个"),
    "mixture": ("mixture of two", "两成分混合先验"),
    "rare": ("rare", "少数群体"),
    "common": ("common", "主流群体"),
    "gain": (
        "The mixture gains more the longer the centres; less so after ten ratings.",
        "中心越长，混合先验收益越大；看过十条评分后，收益趋于平稳。",
    ),
    "kinds": (
        "The mixture helps the rare kind most; the other ways lie around zero.",
        "混合先验使少数群体的误差降得最多；按簇均匀抽用户和 DPP 都在零附近。",
    ),
    "real": (
        "All differences lie near zero; drawing by cluster is above it at small K.",
        "所有差值都在零附近；K 小时按簇均匀抽用户在零以上。",
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
# A few ratings tell the kind. Each line is the mean over the new users of one true kind; the model does not know the kinds. Which component gets which kind is up to EM: component 1 may be either.

# %% [markdown] lang="zh"
# 几条评分就能看出是哪一类。两条线分别是两类新用户的平均；真实类别模型并不知道。哪个成分对应哪一类由 EM 决定：成分 1 可能是任何一类。


# %% tags=["figure"]
def sure(k):
    support = mr.make_tasks(data, ids[280:], k=k, pool=20, seed=SEED).support
    return two.adapt(support).responsibility[:, 0].cpu().numpy()


seen = (0, 1, 2, 3, 5, 8, 12)
probability = np.stack([sure(k) for k in seen], axis=1)
of = {TEXTS["first"]: kind[280:] == 0, TEXTS["second"]: kind[280:] == 1}
means = {name: probability[which].mean(0) for name, which in of.items()}
title = "How soon a kind is known", "多快能看出类别"
axes = {"xlabel": TEXTS["ratings"], "ylabel": TEXTS["xlabel"]}
fig = plots.lines(seen, means, title=title, **axes)
plots.show(fig, alt=("With more ratings the two kinds go to different components.",
                     "看到的评分越多，两类用户越分属不同的成分。"))

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
    rho = model.adapt(support).responsibility[:, 0].cpu().numpy()
    fig, ax = plots.subplots(figsize=(5, 2.5))
    names = [plots.words(TEXTS[name]) for name in ("first", "second")]
    ax.hist([rho[true == n] for n in (0, 1)], np.linspace(0, 1, 11), label=names)
    ax.legend(loc="upper center")
    ax.set(**{n: plots.words(TEXTS[n]) for n in ("title", "xlabel", "ylabel")})
    return fig


plots.play(apart, away=(0.5, 2.5, 0.5), alt=TEXTS["alt"])

# %% [markdown]
# Move the slider: at which length do the two kinds melt into one?
#
# **By hand.** EM in one dimension: responsibilities, then shares, means and variances, against scikit-learn.

# %% [markdown] lang="zh"
# 拖动滑块：中心多长时，两类就融成一团了？
#
# **手写。** 一维的 EM：先算后验类别概率（责任度），再更新占比、均值和方差，与 scikit-learn 对照。

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
# The study draws twenty worlds, with 120 new users each. All users of a world share what was fitted to it, so a world is one unit: intervals are over worlds. The rate and the epochs of the
# meta-trained models were set on worlds of other seeds.

# %% [markdown] lang="zh"
# ## 2. 混合先验什么时候划算？
# 研究抽了二十个世界，每个有 120 名新用户。同一个世界的用户共用一次拟合，所以一个世界是一个统计单位，区间按世界来算。元训练模型的学习率和轮数是在另外一些种子的世界上定的。

# %% tags=["figure"]
study, lengths, gain = load_study("q27"), (0.5, 1.0, 1.5, 2.0), {}
pair = "2 by EM", "1 by EM", "rmse"
for k in (1, 3, 10):
    rows = [study.compare(*pair, who="made up", away=n, k=k) for n in lengths]
    half = [np.ptp(row.interval) / 2 for row in rows]
    gain[f"K = {k}"] = [row.mean for row in rows], half
axes = {"xlabel": TEXTS["away"], "ylabel": TEXTS["difference"]}
fig = plots.bands(lengths, gain, title=TEXTS["minus"], **axes)
plots.show(fig, alt=TEXTS["gain"])

# %%
for name in ("2 by EM", "3 by EM"):
    found = study.compare(name, "1 by EM", "rmse", who="made up", away=2.0, k=3)
    each = found.differences
    print(f"{name}: mean {found.mean:+.4f}, worst world {each.max():+.4f}")
    print(f"  gains less than .01: {(each > -0.01).sum()} of {len(each)} worlds")

# %% tags=["claim"]
made_up = {"who": "made up", "away": 1.5, "k": 3}
found = study.compare("2 by EM", "1 by EM", "rmse", **made_up)
claim("RMSE", "2 by EM", "1 by EM", found, headline=True)

# %% tags=["claim"]
reads, other = "conditioned prior", "conditioned on another user's task"
found = study.compare(reads, other, "rmse", **made_up)
alone = study.compare(reads, "one prior", "rmse", **made_up)
print("against one prior:", alone)
claim("RMSE", reads, other, found)

# %% [markdown]
# With centres 1.5 long the mixture is clearly better. <!-- c1: lower -->
# The prior that reads a user's own gradient beats a twin trained and tested on another user's gradient, by less than a hundredth of a star. <!-- c2: lower -->
# At length 2, EM with two components can stop at a poor place: the output counts such worlds. With three components it gains in every world. So try several starts, or a component more.
# After ten ratings the gain no longer grows from 1.5 to 2. A guess: ten ratings tell one wide prior enough.
#
# ## 3. A rare kind, and who pays
# Now twenty of 300 training users are of the second kind, and users spread three times wider around their centre. Even drawing does not know the kinds: it takes eight clusters, by k-means of
# the users' gradients. Only the drawing of the tasks differs from one prior, at the same number of tasks. The DPP draws batches of eight, and is held against uniform batches of eight.

# %% [markdown] lang="zh"
# 中心长 1.5 时，混合先验明显更好。<!-- c1: lower -->
# 读自己梯度的先验，胜过训练和测试都用别人梯度的对照模型，幅度不到百分之一星。<!-- c2: lower -->
# 中心长 2 时，两个成分的 EM 可能停在不好的地方，上面的输出数出了这样的世界；三个成分时，每个世界都有收益。所以要多试几个起点，或者多给一个成分。
# 看过十条评分后，中心长从 1.5 到 2，收益不再变大。一个猜想：十条评分已足够让一个宽的先验看清用户。
#
# ## 3. 少数群体，以及谁付代价
# 现在 300 名训练用户里只有二十名属于第二类，用户围绕中心的散布也宽了三倍。按簇均匀抽用户并不知道真实类别：簇是对用户梯度做 k-means 得到的八个。与单一先验相比，
# 只有抽任务的方式不同，任务数相同。DPP 每批抽八个，与每批八个的均匀抽取比较。

# %% tags=["exercise"]
with mine("q27") as my:
    support = mr.make_tasks(data, ids[:60], k=20, pool=20, seed=SEED).support
    z = mr.task_embedding(one, support).cpu()
    picked = my.dpp_greedy(z @ z.T + 0.1 * torch.eye(60).double(), 8)
    for name, rows in (("greedy", picked), ("the first eight", list(range(8)))):
        loss = my.logdet_diversity(z[rows])
        print(f"{name}: of each kind {np.bincount(kind[rows])}, loss {loss:.2f}")

# %% [markdown]
# The greedy set has more volume. It need not be better balanced: volume is not fairness.

# %% [markdown] lang="zh"
# 贪心选出的集合体积更大，但各类不一定更均衡：体积不等于公平。

# %% tags=["figure"]
even = "tasks by a DPP, eight a batch", "uniform tasks, eight a batch"
pairs = {"by cluster": ("tasks by cluster", "one prior"), "DPP": even,
         "mixture": ("mixture of two", "one prior")}
rows = {}
for way, sides in pairs.items():
    for who in ("rare", "common"):
        label = tuple(f"{a}, {b}" for a, b in zip(TEXTS[way], TEXTS[who]))
        rows[label] = study.compare(*sides, "rmse", who=who, k=3)
title = "K = 3, minus one prior, uniform tasks", "K = 3，减均匀抽取的单一先验"
fig = plots.intervals(rows, title=title, xlabel=TEXTS["difference"])
plots.show(fig, alt=TEXTS["kinds"])

# %% tags=["claim"]
found = study.compare("tasks by cluster", "one prior", "rmse", who="rare", k=3)
claim("RMSE", "tasks by cluster", "one prior", found)

# %%
world, true = mr.two_tastes(300, within=0.3, rare=1 / 15, seed=SEED)
prior = mr.MixturePrior(components=1, seed=SEED).fit(world)
z = mr.task_embedding(prior, mr.make_tasks(world, k=60, seed=SEED).support)
cluster = KMeans(8, n_init=1, random_state=SEED).fit_predict(z.cpu().numpy())
shares = [true[cluster == c].mean() for c in range(8)]
print("share of rare users in each cluster:", *(f"{s:.0%}" for s in sorted(shares)))
print(f"of all users {true.mean():.1%}, of an even draw {np.mean(shares):.1%}")

# %% tags=["claim"]
found = study.compare("mixture of two", "one prior", "rmse", who="rare", k=3)
claim("RMSE", "mixture of two", "one prior", found)

# %% tags=["claim"]
found = study.compare("mixture of two", "one prior", "rmse", who="common", k=3)
claim("RMSE", "mixture of two", "one prior", found)

# %% [markdown]
# Drawing evenly over clusters shows no gain for the rare kind. <!-- c3: none -->
# The shares printed above give a likely reason: rare users sit in a cluster with many common ones, so an even draw holds few more of them. In the figure the common kind shows no price either.
# The mixture is the result of this section: it helps the rare kind most, <!-- c4: lower -->
# and costs the common kind nothing: it helps there too, by less than the margin. <!-- c5: small -->
# It is the true model of this world.
#
# ## 4. Real users
# The same learners on ML-100K. Whether its users come in kinds is not known; q12 asks that directly. First: does a DPP draw other batches than uniform sampling? A user's gradient has nine numbers.

# %% [markdown] lang="zh"
# 按簇均匀抽用户，看不到少数群体受益。<!-- c3: none -->
# 上面打印的占比给出一个可能的原因：少数群体的用户与许多主流用户同在一簇，按簇均匀抽，抽到的他们并不多几个。图里主流群体也看不出代价。
# 本节的结果是混合先验：少数群体受益最大，<!-- c4: lower -->
# 主流群体不付代价，还略有收益，只是小于等效界值。<!-- c5: small -->
# 它正是这个世界的真实模型。
#
# ## 4. 真实用户
# 同样的模型放到 ML-100K 上。这里的用户分不分类并不知道；q12 会直接问这个问题。先看：DPP 抽出的批与均匀抽取的批，真的不同吗？一名用户的梯度只有九个数。

# %%
for n in (8, 48):
    most = n * np.log(2) if n <= 9 else 9 * np.log(1 + n / 9)
    drawn = [study.mean(name, "log volume", batch=n)
             for name in ("uniform tasks", "tasks by a DPP")]
    print(f"{n} tasks: uniform {drawn[0]:.2f}, DPP {drawn[1]:.2f}, ceiling {most:.2f}")

# %% [markdown]
# The DPP's batches hold a little more volume, and stay far from the ceiling. At 48 the kernel $ZZ^\top + 0.1 I$ has nine directions and otherwise only its diagonal, so the draw is mostly chance. At eight a DPP can differ, but it is still a mild test of diversity.

# %% [markdown] lang="zh"
# DPP 抽出的批体积略大，离上限还很远。每批 48 个时，核 $ZZ^\top + 0.1 I$ 只有九个方向，此外全靠对角线，抽取接近随机。每批八个时 DPP 可以拉开差别，但这仍是对多样性的温和检验。

# %% tags=["figure"]
real = {"who": "real", "k": 5}
ways = ("mixture of two", "mixture of four", "conditioned prior",
        "with a volume penalty")
base = "one prior"
found = {way: study.compare(way, base, "rmse", **real) for way in ways}
found[TEXTS["DPP"]] = study.compare(*even, "rmse", **real)
for k in (5, 3, 1):
    name = tuple(f"{words}, K = {k}" for words in TEXTS["by cluster"])
    found[name] = study.compare("tasks by cluster", base, "rmse", who="real", k=k)
title = "ML-100K, K = 5, minus one prior", "ML-100K，K = 5，减单一先验"
fig = plots.intervals(found, title=title, xlabel=TEXTS["difference"])
plots.show(fig, alt=TEXTS["real"])

# %% tags=["claim"]
found = study.compare("mixture of two", "one prior", "rmse", **real)
claim("RMSE", "mixture of two", "one prior", found)

# %% tags=["claim"]
found = study.compare(*even, "rmse", **real)
claim("RMSE", *even, found)

# %% tags=["claim"]
found = study.compare("tasks by cluster", "one prior", "rmse", who="real", k=1)
claim("RMSE", "tasks by cluster", "one prior", found)

# %% [markdown]
# Two components against one: equal within the margin. <!-- c6: equal -->
# A DPP against uniform drawing, eight a batch: the same. <!-- c7: equal -->
# Four components, the conditioned prior and the volume penalty stand as near to zero in the figure.
# So on average at K = 5 none of these differs. Drawing by cluster costs at K = 1, inside the margin. <!-- c8: small -->
# No group of users was judged apart here, so a rare kind could still gain or lose.

# %% [markdown] lang="zh"
# 两个成分与一个：在等效界值内持平。<!-- c6: equal -->
# 每批八个时，DPP 与均匀抽取也持平。<!-- c7: equal -->
# 四个成分、任务条件先验和体积惩罚，在图里也同样贴近零。
# 所以 K = 5 时平均看，单一先验已经够用，看不出别的收益。K = 1 时按簇均匀抽用户有代价，在等效界值之内。<!-- c8: small -->
# 这里没有按群体分开评估，少数群体仍可能受益或受损。

# %% [markdown] tags=["rubric"]
# #### English
# - [2] mixture prior: responsibilities by Bayes, forecast as their weighted mean, fitted by EM
# - [2] conditioned prior or modulation, and its control with permuted embeddings
# - [2] sampling: what uniform, even over clusters and a DPP weigh; equal volume in the comparison
# - [1] determinant as squared volume, and the cost of the greedy set
# - [2] asks whether kinds exist; shows the method where they do, and reports the null where not
# - [1] who pays when rare kinds are weighted up
# #### 中文
# - [2] 混合先验：用贝叶斯算后验类别概率（责任度），预测取加权平均，用 EM 拟合
# - [2] 任务条件先验或调制，以及打乱 embedding 的对照
# - [2] 采样：均匀、按簇、DPP 各给谁权重；比较时任务量相同
# - [1] 行列式是体积的平方，贪心选集合的开销
# - [2] 先问有没有类；在有的地方证明有效，在没有的地方如实报告
# - [1] 给少数群体加权时谁付代价

# %% [markdown] tags=["pitfalls"]
# #### English
# - **"DPP sampling of tasks beats uniform."** → Not on ML-100K, at equal volume of tasks, <!-- c7: equal --> and section 3's figure shows no gain for a rare kind either. Kumar et al. found no significant gain.
# - **"k-means finds five kinds, so there are five."** → k-means always finds k. Compare with a null model that has no kinds (q12).
# - **"The conditioned model is better: it has more parameters."** → Permute the embeddings: same parameters, no information about this user.
# - **"The average improved, so weighting is fair."** → Report each kind apart (section 3).
# #### 中文
# - **“任务用 DPP 采样比均匀好。”** → 任务量相同时，ML-100K 上没有，<!-- c7: equal -->第 3 节的图里，少数群体也没有收益。Kumar 等也没有看到显著收益。
# - **“k-means 分出五类，所以有五类。”** → k-means 总能分出 k 类。要与没有类别的零模型比（q12）。
# - **“任务条件模型更好，因为参数更多。”** → 打乱 embedding：参数一样，只是没有这名用户的信息。
# - **“平均变好了，加权就是公平的。”** → 每一类分开报告（第 3 节）。

# %% [markdown] tags=["follow-ups"]
# #### English
# <details><summary>Derive one step of greedy DPP. Why the log-determinant, and at what cost?</summary>
# $\det L_{S\cup j} = \det L_S\,(L_{jj} - L_{jS}L_S^{-1}L_{Sj})$, by the Schur complement. The factor is what $S$ leaves unexplained of $j$; the log makes the product a sum of gains. Keep a Cholesky row for each
# choice: the update takes $O(Nt)$ at choice $t$, so $O(Nk^2)$ in all. YouTube diversified lists so (Wilhelm et al. 2018): lists, not batches of tasks.</details>
# <details><summary>One user has several tastes. Mixture, or several vectors a user? And how many?</summary>
# A mixture gives a user one kind, with doubt. Several vectors (ComiRec, PinnerSage) give one user several tastes at once: retrieval takes the best of them for each item. Choose
# their number on held-out recall; each one costs index space and a look-up. Choose components by the held-out likelihood of new users' ratings; BIC is a rough guide, for mixtures break its assumptions. Start EM several times.</details>
# <details><summary>Many scenarios: generated weights, experts or gates?</summary>
# A gate scales shared activations, cheap and stable (PEPNet). Experts share softly (MMoE, PLE, q11). Generated weights (M2M) are the most flexible, and need data in every
# scenario. Begin with a gate; check that scenarios differ at all.</details>
# <details><summary>You give rare groups more weight. Who pays, and how do you watch it?</summary>
# The majority may: part of the gradient it had goes away. Report the error of each group and of the worst, with intervals, before the mean. Group DRO (Sagawa et al. 2020) minimises the worst group's loss; it
# needs the groups known and strong regularisation. Where groups are unknown, a mixture finds them only if they differ in what you model.</details>
# <details><summary>We have clicks and no stars, and 10⁹ ids.</summary>
# Replace the normal likelihood by a logistic one, or cluster users' pooled embeddings. Responsibilities are a few numbers a user; keep them in the feature store. A full DPP over 10⁹ users is out of
# the question: sample a pool first.</details>
# #### 中文
# <details><summary>推导贪心 DPP 的一步。为什么用行列式的对数？开销多大？</summary>
# 由 Schur 补，$\det L_{S\cup j} = \det L_S\,(L_{jj} - L_{jS}L_S^{-1}L_{Sj})$。这个因子是 $S$ 没有解释掉的 $j$ 的方差；取对数，连乘变成增益的累加。每选一个保留一行 Cholesky：第 $t$ 次更新 $O(Nt)$，
# 总共 $O(Nk^2)$。YouTube 这样给推荐列表做打散（Wilhelm 等，2018）：对象是列表，不是一批任务。</details>
# <details><summary>一个用户有好几种口味。用混合先验，还是每人多个向量？取几个？</summary>
# 混合先验认为用户属于一类，只是不确定是哪类。多向量（ComiRec、PinnerSage）让一个用户同时有几种口味，召回时对每个物品取最匹配的那个。个数按留出集的召回率选；每多一个，就多一份索引空间和一次检索。
# 成分个数按新用户评分的留出似然选；BIC 只能粗略参考，因为混合模型不满足它的前提。EM 要多试几个起点。</details>
# <details><summary>场景很多：生成权重、专家还是门控？</summary>
# 门控缩放共享的激活，便宜又稳（PEPNet）；专家网络做软共享（MMoE、PLE，见 q11）；生成权重（M2M）最灵活，但每个场景都得有数据。先用门控，并确认场景之间真有差别。</details>
# <details><summary>给少数群体加权，谁付代价？怎么盯住？</summary>
# 可能是主流群体：原来归它的梯度少了一部分。先报告每个群体和最差群体的误差及区间，再看平均。Group DRO（Sagawa 等，2020）最小化最差群体的损失，前提是群体已知，还要强正则。群体未知时，混合先验能找到的，
# 只有在所建模的量上确有差别的群体。</details>
# <details><summary>只有点击没有评分，而且有 10⁹ 个 id。</summary>
# 把正态似然换成 logistic，或者对用户聚合后的 embedding 聚类。后验类别概率每人只有几个数，放进特征平台。对 10⁹ 个用户做完整 DPP 不现实，先抽一个候选池。</details>

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
# - Chen, Zhang & Zhou (2018), [*Fast Greedy MAP Inference for Determinantal Point Process to Improve Recommendation Diversity*](https://arxiv.org/abs/1709.05135), NeurIPS.
# - Kulesza & Taskar (2012), [*Determinantal Point Processes for Machine Learning*](https://arxiv.org/abs/1207.6083), Foundations and Trends in Machine Learning.
# - Zhang et al. (2022), *Leaving No One Behind: A Multi-Scenario Multi-Task Meta Learning Approach for Advertiser Modeling*, WSDM: M2M.
# - *Task Similarity Aware Meta Learning for Cold-Start Recommendation* (2022), CIKM: TSAML.
# - Sagawa, Koh, Hashimoto & Liang (2020), [*Distributionally Robust Neural Networks for Group Shifts*](https://arxiv.org/abs/1911.08731), ICLR: group DRO.
# - Cen et al. (2020), [*Controllable Multi-Interest Framework for Recommendation*](https://arxiv.org/abs/2005.09347), KDD: ComiRec.
# - Pal et al. (2020), [*PinnerSage: Multi-Modal User Embedding Framework for Recommendations at Pinterest*](https://arxiv.org/abs/2007.03634), KDD.
# - Chang et al. (2023), [*PEPNet: Parameter and Embedding Personalized Network for Infusing with Personalized Prior Information*](https://arxiv.org/abs/2302.01115), KDD.
# - Wilhelm et al. (2018), *Practical Diversified Recommendations on YouTube with Determinantal Point Processes*, CIKM.
