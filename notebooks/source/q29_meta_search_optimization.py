# %% [markdown]
# # q29 · How do you tune a meta-learner by search, and which gain may you promise?
#
# Fifty configurations, one set of validation users, one winner. How much of its lead is real?

# %% [markdown] lang="zh"
# # q29 · 如何用搜索来调元学习模型？调完能承诺多少收益？
#
# 五十个配置，一批验证用户，一个赢家。它的领先有多少是真的？

# %% [markdown] tags=["question"]
# #### English
# You have fifty configurations of a meta-learner and one set of validation users. How do you spend the budget, what do pruning, a warm start and gradients
# buy, and which gain do you promise?
# #### 中文
# 元学习模型有五十个候选配置，只有一批验证用户。预算怎么花？剪枝、热启动、梯度各能换来什么？最后敢承诺多少收益？
#
# level: senior · minutes: 3 · needs: q07, q28 · topics: budget, pruning, hypergradient, winner's curse

# %% [markdown] tags=["answer-short"]
# #### English
# A search is a third loop: it chooses what the outer and the inner loop take as given. I first ask how many users judge a trial. With
# twenty, the winner of 480 configurations is worse on other users than the untouched default. <!-- c1: higher -->
# So the default is my first trial, which beats a random start; <!-- c3: lower -->
# yet sixty choosing users still talk me out of it, to others' harm. <!-- c4: higher -->
# Pruning makes random search better; <!-- c2: lower -->
# more trials also find more luck. <!-- c5: higher -->
# For many smooth settings a hypergradient fits those who choose better than TPE, <!-- c6: lower -->
# and others worse than the untouched prior. <!-- c7: higher -->
# I promise what fresh users show.
# #### 中文
# 搜索是第三层循环：选的是内外两层循环都当作给定的东西。我先问一次试验由多少用户来评。只有二十名时，480 个配置里的赢家到了别的用户身上，还不如不动默认配置。<!-- c1: higher -->
# 所以第一次试验就跑默认配置，这比随机开局好；<!-- c3: lower -->
# 可是由六十名用户来选，仍会把它换掉，别的用户反而更差。<!-- c4: higher -->
# 剪枝让随机搜索更好；<!-- c2: lower -->
# 但试得越多，碰上的运气也越多。<!-- c5: higher -->
# 光滑的设置很多时，超梯度在来选的用户上拟合得比 TPE 好，<!-- c6: lower -->
# 在别的用户上却不如不调的先验。<!-- c7: higher -->
# 所以我只承诺在新用户上测到的收益。

# %% [markdown] tags=["answer-full"]
# **Three loops.** Adaptation moves a user's weights $w_u$. Meta-training moves the prior $\theta$. Search moves the configuration $c$, such as rank, prior scale, or whether the
# profile is used:
#
# $$\min_c L_{\mathrm{val}}\big(w_u^*(\theta^*(c), c)\big)$$
#
# A new rank costs one meta-training; a setting that acts after it costs one adaptation. The budget is counted in that, or in users looked at.
#
# **Budget.** The default is the first trial; it beats a random start. <!-- c3: lower -->
# A warm start tries what was best on earlier users; count the search that found it. Prune: look at a few users, stop a trial above the median of earlier ones. Random search gains. <!-- c2: lower -->
#
# **Gradients.** Ridge weights solve $(X^\top X + \lambda I)\,w = X^\top y$. Differentiate the equation itself, not the steps that solved it:
#
# $$\frac{dw}{d\log\lambda} = -\lambda\,(X^\top X + \lambda I)^{-1} w, \qquad \frac{dL}{d\log\lambda} = \nabla_w L_{\mathrm{val}} \cdot \frac{dw}{d\log\lambda}$$
#
# This is the implicit function theorem (Larsen et al. 1996). One gradient moves all settings at once. It needs smooth settings and an inner problem that is solved to
# its end. Through a whole network the inverse is approximated (Lorraine et al. 2020).
#
# **The winner's curse.** The lowest of many noisy losses is low partly by luck. *Optimism* is the winner's test minus validation, less the mean of that over all
# configurations. The noise shrinks with more validation users; trials and settings feed on it. With twenty users the winner loses to the default. <!-- c1: higher -->
# Pruning that starts from the default tries more, and ends slightly worse on others than the search that tries less. <!-- c5: higher -->
# Seventeen scales that forty users chose are worse on others than the untouched prior, <!-- c7: higher -->
# and worse than one multiplier for all. <!-- c8: higher -->
#
# **The promise.** Score the winner and the default on users who did not choose. Keep the default unless the paired interval leaves zero out.
#
# **Reproducible.** Keep a storage that survives a kill, the seeds, every trial, also the pruned ones. With several workers the order of the trials is not
# repeatable, so neither is what they find.

# %% [markdown] tags=["zh"]
# **三层循环。** 适应动的是用户权重 $w_u$；元训练动的是先验 $\theta$；搜索动的是配置 $c$，比如秩、先验尺度、用不用用户画像：
#
# $$\min_c L_{\mathrm{val}}\big(w_u^*(\theta^*(c), c)\big)$$
#
# 换一个秩要重新元训练一次；只在训练之后起作用的设置，重新适应一次就够。预算按这些次数算，或者按看过多少名用户算。
#
# **预算。** 第一次试验跑默认配置，比随机开局好。<!-- c3: lower -->
# 热启动先试早先用户上最好的，但找出它们的那次搜索要计入预算。剪枝：先看少数用户，高于早先试验中位数的就停。随机搜索因此更好。<!-- c2: lower -->
#
# **梯度。** 岭回归的权重满足 $(X^\top X + \lambda I)\,w = X^\top y$。对方程本身求导，而不是对求解过程的每一步求导：
#
# $$\frac{dw}{d\log\lambda} = -\lambda\,(X^\top X + \lambda I)^{-1} w, \qquad \frac{dL}{d\log\lambda} = \nabla_w L_{\mathrm{val}} \cdot \frac{dw}{d\log\lambda}$$
#
# 这就是隐函数定理（Larsen 等，1996）。一次梯度同时挪动所有设置。前提是设置光滑，内层问题也解到了底。对整个网络求超梯度时，逆矩阵只能近似（Lorraine 等，2020）。
#
# **赢家的诅咒。** 许多带噪声的损失里，最低的那个有一部分是运气。*乐观量*是赢家的“测试 − 验证”，减去全部配置的平均。验证用户越多，噪声越小；试验和设置越多，能撞上的运气越多。
# 二十名用户选出的赢家不如默认配置。<!-- c1: higher -->
# 从默认配置出发再加剪枝，试得更多，到别的用户身上反而略逊于试得少的。<!-- c5: higher -->
# 四十名用户选出的十七个尺度，在别的用户上不如不调的先验，<!-- c7: higher -->
# 也不如只用一个共同的倍数。<!-- c8: higher -->
#
# **承诺。** 在没参与选择的用户上，比较赢家和默认配置；配对区间不含零才换，否则保留默认配置。
#
# **可复现。** 存储要经得起进程被杀；种子和每次试验都要留下，被剪掉的也要。多个进程同时搜时，试验次序不可重复，找到的结果也就不可重复。

# %% [markdown]
# ## 1. Twenty users choose
# The meta-learner is a closed-form head: its prior was learned by variational EM. We multiply the learned prior scales: one multiplier for the tastes, one for the
# user's level. Twenty tuning users choose among 48 pairs; judging users say what they got.

# %% [markdown] lang="zh"
# ## 1. 由二十名用户来选
# 这里的元学习模型是闭式解预测头，先验用变分 EM 学到。给学到的先验尺度乘上倍数：口味一个，用户打分的整体高低一个。二十名调参用户在 48 组倍数里选，选得好不好，看评估用户。

# %%
import numpy as np
import torch
import metarec_lib as mr
from metarec_lib import claim, load_study, mine, plots, seed

SEED = seed()

# %% tags=["figure"]
TEXTS = {
    "error": ("squared error (stars²)", "平方误差（星²）"),
    "taste": ("multiplier of the taste scales", "口味尺度的倍数"),
    "curves": ("Those who choose, and others", "选的人与别的人"),
    "choose": ("those who choose", "来选的用户"),
    "others": ("judging users", "评估用户"),
    "difference": ("difference in squared error", "平方误差之差"),
    "alt curves": (
        "Squared error against the multiplier, a curve for those who choose and one for others, with the chosen point.",
        "平方误差随倍数的变化：来选的用户一条线，评估用户一条线，并标出选中的点。",
    ),
    "random search": ("random", "随机"),
    "random search, pruned": ("random, pruned", "随机 + 剪枝"),
    "default first": ("default first", "先试默认"),
    "default first, pruned": ("default first, pruned", "先试默认 + 剪枝"),
    "warm start": ("warm start", "热启动"),
    "warm start, pruned": ("warm start, pruned", "热启动 + 剪枝"),
    "alt luck": (
        "Expected luck of the best against how many are tried: it rises steeply at first, then ever more slowly.",
        "最好者的期望运气，随试过的个数变化：先升得快，后来越来越慢。",
    ),
    "alt promise": (
        "Difference from the default against the number of choosing users: promised below zero, delivered above it, both nearing zero as more choose.",
        "与默认配置之差，随来选的用户数变化：承诺的在零以下，兑现的在零以上，来选的人越多，两条都越接近零。",
    ),
    "alt budget": (
        "Six differences from the default on judging users, all above zero, random search the largest.",
        "六种花法在评估用户上与默认配置之差，都在零以上，随机搜索最大。",
    ),
    "alt scales": (
        "With forty users three ways lie below zero on those who choose and above it on others; with all users the interval on others covers zero.",
        "四十名用户来选时，三种方法在来选的用户上都低于零，在别的用户上都高于零；全部用户来选时，别的用户的区间跨过零。",
    ),
}

# %%
data = mr.load_movielens("ml-100k")
learning, tuning, judging = mr.split_users(data, seed=SEED)
train = data.subset(np.isin(data.ratings["user_id"], learning))
model = mr.ProbabilisticPCA(rank=4, steps=20, seed=SEED).fit(train)
learned, pairs = model.scale_.clone(), [(a, b) for b in (0.5, 0.7, 1, 1.4, 2, 2.8)
                                        for a in (0.25, 0.35, 0.5, 0.7, 1, 1.4, 2, 2.8)]


def errors(tasks, taste, level):
    model.scale_ = learned * torch.tensor([taste] * 4 + [level]).to(learned)
    return mr.evaluate_tasks(model, tasks, ("rmse",))["rmse"] ** 2


# %%
sides = (mr.make_tasks(data, u, k=10, pool=10, seed=SEED) for u in (tuning, judging))
own, other = (np.stack([errors(t, *pair) for pair in pairs], 1) for t in sides)
few = own[np.random.default_rng(SEED).permutation(len(own))[:20]].mean(0)
best, untouched = few.argmin(), pairs.index((1, 1))
print("multipliers that twenty users chose:", pairs[best])
print(f"lead over the untouched prior, theirs:  {few[best] - few[untouched]:+.4f}")
gain = other[:, best].mean() - other[:, untouched].mean()
print(f"lead over the untouched prior, others': {gain:+.4f}")

# %% [markdown]
# A lead is a negative difference. The first number is a promise and cannot be above zero: the untouched prior is one of the 48. The second is what was delivered. Your `winners_optimism` splits the two for groups of twenty:

# %% [markdown] lang="zh"
# 领先就是负的差值。第一个数是承诺，不可能大于零，因为不动的先验也在那 48 组里；第二个数才是兑现的。你写的 `winners_optimism` 对每组二十人把两者拆开：

# %% tags=["exercise"]
with mine("q29") as my:
    order = np.random.default_rng(SEED).permutation(len(own))[: len(own) // 20 * 20]
    groups = torch.as_tensor(own[order].reshape(-1, 20, len(pairs)).mean(1))
    luck = my.winners_optimism(groups, torch.as_tensor(other.mean(0)))
    print("optimism of each group (stars²):", *(f"{x:+.3f}" for x in luck.tolist()))

# %% [markdown]
# Move the slider: at which numbers of choosing users do the two curves have their lowest point at the same place?

# %% [markdown] lang="zh"
# 拖动滑块：来选的用户有多少名时，两条曲线的最低点落在同一处？


# %% tags=["play", "nbval-ignore-output"]
def chosen_by(users=20):
    scales = [a for a, b in pairs if b == 1]
    at = [n for n, pair in enumerate(pairs) if pair[1] == 1]
    theirs = own[np.random.default_rng(7).permutation(len(own))[:users]][:, at].mean(0)
    drawn = {TEXTS["choose"]: theirs, TEXTS["others"]: other[:, at].mean(0)}
    low = theirs.argmin()
    look = {"xlabel": TEXTS["taste"], "ylabel": TEXTS["error"], "log_x": True}
    look |= {"points": ([scales[low]], [theirs[low]]), "xticks": (0.25, 0.5, 1, 2)}
    return plots.lines(scales, drawn, title=TEXTS["curves"], **look)


plots.play(chosen_by, users=(5, 120, 5), alt=TEXTS["alt curves"])

# %% [markdown]
# ## 2. How lucky is the best of many?
# Suppose all configurations are equally good, and each validation loss is off by independent noise of spread 1. The best of $C$ then looks better than it is by
#
# $$E[\max] = \int z\, C\,\varphi(z)\,\Phi(z)^{C-1}\,dz$$
#
# **By hand.** The integral, against a simulation:

# %% [markdown] lang="zh"
# ## 2. 许多个里最好的，有多走运？
# 假设所有配置一样好，每个验证损失各带独立的、标准差为 1 的噪声。$C$ 个里最好的那个看上去会好出：
#
# $$E[\max] = \int z\, C\,\varphi(z)\,\Phi(z)^{C-1}\,dz$$
#
# **手写。** 这个积分与模拟对照：

# %% tags=["from-scratch"]
z = np.linspace(-8, 8, 4001)
density = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
below = (np.cumsum(density) - density / 2) * (z[1] - z[0])
at = 2, 12, 480
luck = {c: np.trapezoid(z * c * density * below ** (c - 1), z) for c in at}
draws = np.random.default_rng(SEED).normal(size=(20_000, 480))
for c, expected in luck.items():
    tried = draws[:, :c].max(1)
    print(f"best of {c}: {expected:.2f} spreads", end="; ")
    off = abs(tried.mean() - expected) / (tried.std() / len(draws) ** 0.5)
    print("agrees:", bool(off < 4 and abs(luck[2] - np.pi**-0.5) < 1e-3))

# %% tags=["figure"]
counts = (2, 5, 12, 50, 120, 480)
lucky = [np.trapezoid(z * c * density * below ** (c - 1), z) for c in counts]
axes = {"xlabel": ("configurations tried", "试过的配置数"),
        "ylabel": ("spreads", "标准差的倍数"), "log_x": True, "xticks": counts}
title = "Luck of the best", "最好者的运气"
fig = plots.lines(counts, {("luck", "运气"): lucky}, title=title, **axes)
plots.show(fig, alt=TEXTS["alt luck"])

# %% [markdown]
# From 12 to 480 trials the luck does not even double. It is counted in spreads, and the spread falls with the root of the number of users. Real configurations are alike,
# so their noise is shared and the luck is smaller than this.

# %% [markdown] lang="zh"
# 从 12 次到 480 次，运气还不到翻倍。它以标准差为单位，而标准差随用户数的平方根下降。真实的配置彼此相像，噪声是共有的，所以运气比这里算的小。

# %% [markdown] tags=["expect"]
# **What do you expect?** 480 configurations of rank, two scales and the profile. Groups of 10, 20, 40, 80 or 160 users choose. From which size on does the winner beat the
# library's default on other users?

# %% [markdown] lang="zh"
# **你猜结果如何？** 秩、两个尺度、看不看画像，一共 480 个配置，由 10、20、40、80 或 160 名用户来选。从多少名开始，赢家在别的用户身上胜过库里的默认配置？

# %% [markdown]
# ## 3. Promised and delivered
# The study has ten splits. Half of the learning users train; the other half and the tuning users form the pool that chooses, cut into groups in ten ways. Ten
# ratings of each user are known. The default is rank 8, learned scales, profile on. It was set earlier on tuning users, who are in this pool.

# %% [markdown] lang="zh"
# ## 3. 承诺与兑现
# 研究用十次划分。训练用户中只有一半真正用来训练；另一半和调参用户合成来选配置的用户池，再用十种方式切成互不重叠的组。每名用户已知十条评分。默认配置是：秩 8、学到的尺度、用画像。
# 它是早先在调参用户上定的，这些用户也在池里。

# %% tags=["figure"]
study, sizes = load_study("q29"), (10, 20, 40, 80, 160)
own_group, default = "winner of one's own group", "default, on those who choose"
promised = [study.compare(own_group, default, "mse", choosers=n).mean for n in sizes]
sides = [("winner", {"choosers": n}) for n in sizes]
delivered = [study.compare(side, "default", "mse").mean for side in sides]
both = {("promised", "承诺"): promised, ("delivered", "兑现"): delivered}
axes = {"xlabel": ("users who choose", "来选的用户数"), "ylabel": TEXTS["difference"]}
title = "The winner minus the default", "赢家减默认配置"
fig = plots.lines(sizes, both, title=title, **axes, log_x=True, xticks=sizes)
plots.show(fig, alt=TEXTS["alt promise"])

# %% tags=["claim"]
found = study.compare(("winner", {"choosers": 20}), "default", "mse")
claim("squared error", ("winner", "choosers=20"), "default", found, headline=True)

# %%
by = {"default": {}, **{f"winner of {n}": {"choosers": n} for n in sizes}}
for name, at in by.items():
    found = study.mean(name.partition(" of ")[0], "mse", **at)
    print(f"{name}: root of the mean squared error {found**0.5:.4f} stars")

# %% [markdown]
# On judging users the winner of twenty is worse than the default. <!-- c1: higher -->
# The promised curve lies below zero by construction: the default is one of the 480. The delivered curve need not lie above it, and in the figure it does at every size.
# The two draw together as more users choose. How much is it? The printed roots: twenty users cost about .005 star, half of what this book calls
# small. The curse is not that one loses much. It is that one reports a gain.
#
# ## 4. One budget, six ways
# Sixty users and twelve full trials. A pruned trial is looked at by ten users, then ten more; it stops above the median of earlier trials. What is saved begins further trials. "Default first"
# is random search after one trial of the default. The warm start tries first what was best for sixty other users, whose search is not counted: 480 configurations, forty
# times this budget.

# %% [markdown] lang="zh"
# 在评估用户上，二十人选的赢家不如默认配置。<!-- c1: higher -->
# 承诺的曲线必然在零以下：默认配置就在这 480 个里。兑现的曲线本不必在零以上，图中却在每种规模下都是如此。来选的用户越多，两条曲线靠得越近。
# 差多少？看打印出来的均方根：二十名用户来选，约亏 .005 星，是本书视为“小”的幅度的一半。诅咒不在于亏得多，而在于你报上去的是收益。
#
# ## 4. 同一笔预算，六种花法
# 六十名用户，十二次完整试验。剪枝时，一次试验先由十名用户看，再加十名；高于早先试验的中位数就停，省下的预算用来开新的试验。“先试默认”就是先跑一次默认配置，再随机搜。热启动先试在另外六十名用户上最好的；
# 那次搜索的开销不计，而它评了 480 个配置，是这里预算的四十倍。

# %% tags=["exercise"]
with mine("q29") as my:
    rungs = torch.as_tensor(own[:60].reshape(6, 10, -1).mean(1)).cumsum(0).T
    curves = rungs / torch.arange(1, 7)
    stopped = [my.prune_decision(curves[:12], c[:1], 0, 3) for c in curves[12:]]
    print(f"stopped after ten users: {sum(stopped)} of {len(stopped)}")

# %% tags=["figure"]
starts = "random search", "default first", "warm start"
ways = [start + end for start in starts for end in ("", ", pruned")]
budget = {way: study.compare(way, "default", "mse") for way in ways}
title = "Twelve trials, minus the default", "十二次试验，减默认配置"
drawn = {TEXTS[way]: found for way, found in budget.items()}
fig = plots.intervals(drawn, title=title, xlabel=TEXTS["difference"])
plots.show(fig, alt=TEXTS["alt budget"])

# %% tags=["claim"]
found = study.compare("random search, pruned", "random search", "mse")
claim("squared error", "random search, pruned", "random search", found)

# %% tags=["claim"]
found = study.compare("default first", "random search", "mse")
claim("squared error", "default first", "random search", found)

# %% tags=["claim"]
claim("squared error", "default first", "default", budget["default first"])

# %% tags=["claim"]
found = study.compare("default first, pruned", "default first", "mse")
claim("squared error", "default first, pruned", "default first", found)

# %%
for way in ways:
    begun, regret = (study.mean(way, m) for m in ("trials begun", "validation regret"))
    print(f"{way}: {begun:.0f} trials, {regret:.4f} above the best of 480 on the sixty")

# %% [markdown]
# Pruning makes random search better on judging users. <!-- c2: lower -->
# Trying the default first does more, at the cost of one trial. <!-- c3: lower -->
# Still, the search leaves the default for something worse: <!-- c4: higher -->
# it was better on the sixty by luck. Pruning from there begins more than twice as many trials. It comes nearer to the best of the sixty (printed) and ends slightly farther off on others. <!-- c5: higher -->
# That is the curse again. The costly warm start lies beside "default first" in the figure.
#
# `MetaSearchModel` is this in one call: a storage file, a pruner, the default as its first trial. Stop it, and it goes on:

# %% [markdown] lang="zh"
# 剪枝让随机搜索在评估用户上更好。<!-- c2: lower -->
# 先试默认配置，只花一次试验，收效更大。<!-- c3: lower -->
# 即便如此，搜索还是会丢下默认配置，换上更差的：<!-- c4: higher -->
# 它在这六十人身上更好，是运气。从这里再加剪枝，试验数翻倍还多；离这六十人的最优更近（见打印），在别的用户上却略远。<!-- c5: higher -->
# 这又是诅咒。昂贵的热启动，在图里与“先试默认”并排。
#
# `MetaSearchModel` 一次调用就做完这些：一个存储文件、一个剪枝器，第一次试验就是默认配置。停下来，还能接着跑：

# %%
import optuna
from tempfile import TemporaryDirectory

journal = optuna.storages.journal.JournalFileBackend
with TemporaryDirectory() as folder:
    path = f"{folder}/search.log"
    options = {"folds": 2, "steps": 10, "storage": path, "seed": SEED}
    for asked in (2, 3):
        searched = mr.MetaSearchModel(trials=asked, **options).fit(train)
        kept = optuna.storages.JournalStorage(journal(path))
        trials = optuna.load_study(study_name="search", storage=kept).trials
        done = sum(t.state.name in ("COMPLETE", "PRUNED") for t in trials)
        print(f"asked for {asked}, done {done}; best rank {searched.best_['rank']}")

# %% [markdown]
# ## 5. Seventeen scales: gradients or trials
# Now each of 16 taste scales and the level has its own multiplier, from 1/4 to 4, and forty users choose. TPE gets 120 trials. The hypergradient gets 40 steps of Adam at an untuned rate; a step costs about two losses, and
# TPE's own model takes time too. The gradient runs through the adaptation; the trained prior is only rescaled. By hand first: your gradient on a small ridge regression, against a finite difference.

# %% [markdown] lang="zh"
# ## 5. 十七个尺度：用梯度还是用试验
# 现在 16 个口味尺度和整体高低各有自己的倍数，从 1/4 到 4，由四十名用户来选。TPE 试 120 次。超梯度用 Adam 走 40 步，学习率没有调；一步大约抵两次损失，TPE 自己建模也要时间。
# 梯度只穿过适应这一层，训练好的先验只是缩放。先手算：你的梯度在一个小的岭回归上，与有限差分对照。

# %% tags=["exercise"]
with mine("q29") as my:
    rng = np.random.default_rng(SEED)
    X, Xv = torch.as_tensor(rng.normal(size=(2, 20, 5)))
    y, yv = torch.as_tensor(rng.normal(size=(2, 20)))
    slope = float(my.hypergradient(X, y, Xv, yv, 1.0))
    system, errors_at = X.T @ X, []
    for v in (1.0001, 0.9999):
        w = torch.linalg.solve(system + np.exp(v) * torch.eye(5).double(), X.T @ y)
        errors_at.append(float(((Xv @ w - yv) ** 2).mean()))
    off = slope - (errors_at[0] - errors_at[1]) / 2e-4
    print("equals the finite difference:", abs(off) < 1e-6)

# %% tags=["figure"]
metric, rows = "mse of many scales", {}
many = (("hypergradient", "超梯度"), ("TPE", "TPE"), ("one multiplier", "一个倍数"))
sides = ("validation mse", "own", "自己"), (metric, "others", "别人")
for users, zh_users in (("40", "40 名"), ("all", "全部")):
    for name, zh in many[: 3 if users == "40" else 1]:
        for of, who, whom in sides:
            row = f"{name} {users}, {who}", f"{zh}（{zh_users}），{whom}"
            rows[row] = study.compare(name, "start", of, chosen_by=users)
title = "17 scales, chosen by 40 or all", "17 个尺度，由 40 名或全部用户来选"
fig = plots.intervals(rows, title=title, xlabel=TEXTS["difference"])
plots.show(fig, alt=TEXTS["alt scales"])

# %% tags=["claim"]
found = study.compare("hypergradient", "TPE", "validation mse", chosen_by="40")
claim("validation mse", "hypergradient", "TPE", found)

# %% tags=["claim"]
found = study.compare("hypergradient", "start", metric, chosen_by="40")
claim(metric, "hypergradient", "start", found)

# %% tags=["claim"]
found = study.compare("hypergradient", "one multiplier", metric, chosen_by="40")
claim(metric, "hypergradient", "one multiplier", found)

# %% [markdown]
# Each row is minus the learned prior. On those who choose, the hypergradient reaches a slightly lower error than TPE. <!-- c6: lower -->
# On judging users it is worse than the untouched prior, <!-- c7: higher -->
# and worse than one multiplier for all: <!-- c8: higher -->
# both ways that move 17 scales fit the forty better than one multiplier does (figure), and leave others worse off. When the whole pool chooses, the figure shows a smaller gain for them and an interval over zero for others.
# The learned prior was itself found by following a likelihood over all learning users. That may be why so little is left; we did not take it apart.

# %% [markdown] lang="zh"
# 每一行都减去学到的先验。在来选的用户上，超梯度的误差比 TPE 略低。<!-- c6: lower -->
# 在评估用户上，它不如不调的先验，<!-- c7: higher -->
# 也不如只用一个共同的倍数：<!-- c8: higher -->
# 动 17 个尺度的两种方法，对这四十人都比一个倍数拟合得好（见图），却让别人吃亏。换成整个池子来选，图里他们自己的收益变小，别的用户的区间跨过零。
# 学到的先验本身就是在全部训练用户上顺着似然找到的。剩下的余地小，也许是这个缘故；这里没有拆开测。

# %% [markdown] tags=["rubric"]
# #### English
# - [2] names the three loops, and that one value of the search costs one meta-training
# - [2] budget: the default as the first trial, pruning by a rule, a warm start whose own search is counted
# - [2] hypergradient: implicit differentiation of the inner optimum, for smooth settings
# - [2] winner's curse: why it grows with noise and with settings, and how it is measured
# - [1] storage, resume, seeds; what parallel workers cost in repeatability
# - [1] promises only what fresh users, then an online test, show
# #### 中文
# - [2] 说清三层循环，搜索每取一个值要元训练一次
# - [2] 预算：第一次试验跑默认配置、按规则剪枝、热启动要算上找出它的那次搜索
# - [2] 超梯度：对内层最优解做隐式求导，只适合光滑的设置
# - [2] 赢家的诅咒：为什么随噪声和设置个数变大，怎么测
# - [1] 存储、续跑、种子；并行搜索让结果不可重复
# - [1] 只承诺新用户上、再到线上实验里测到的收益

# %% [markdown] tags=["pitfalls"]
# #### English
# - **"The best validation score is the gain."** → It is a promise. Measure on users who did not choose (section 3).
# - **"More trials are always better."** → With sixty users, more than twice the trials ended slightly worse on others (section 4). <!-- c5: higher -->
# - **"At equal cost our warm start wins."** → Add the search that found its start, or compare with the default as first trial.
# - **"Tuned against untuned: we win."** → Give the baseline the same trials; Shehzad & Jannach (2023) show that without it any method wins.
# - **"Backpropagate through every inner step."** → At the inner optimum one linear solve gives the gradient.
# #### 中文
# - **“验证集上最好的分数就是收益。”** → 那只是承诺。要在没参与选择的用户上测（第 3 节）。
# - **“试得越多越好。”** → 六十名用户时，试验数翻倍还多，到别的用户身上反而略差（第 4 节）。<!-- c5: higher -->
# - **“开销相同，我们的热启动赢了。”** → 把找出起点的那次搜索算进去；或者与“先试默认”比。
# - **“调过的对没调的：我们赢了。”** → 基线要有同样多的试验；Shehzad & Jannach（2023）指出，不这样谁都能赢。
# - **“要对每个内层步反向传播。”** → 到了内层最优点，解一次线性方程就得到梯度。

# %% [markdown] tags=["follow-ups"]
# #### English
# <details><summary>Twenty fusion weights of a ranker: grid, CEM, Bayesian optimisation or RL?</summary>
# A grid is out: twenty dimensions. Offline first: replay logged lists to drop what is clearly worse. Online, Bayesian optimisation or CEM with a few per cent of traffic; each arm
# needs enough users, as in section 3. LinkedIn reported such tuning (KDD 2018); RL only if the weights should depend on the context, as Pinterest reported (RecSys 2025).</details>
# <details><summary>The winner leads by .002 on validation. Ship it?</summary>
# Not on that number: it was chosen for being low. Score winner and default on users who did not choose, paired by user, and say how many were tried. If the interval holds zero, keep the default.
# If it ships, promise the fresh estimate, by A/B test, and keep a holdout.</details>
# <details><summary>The metric is retention after a month, the experiment lasts a week.</summary>
# Find a short metric that forecasts the long one in past experiments. Meta reported mixing short and long tests in one Bayesian optimisation (KDD 2025). Keep a long
# holdout, since summed winners overstate: Airbnb measured that (KDD 2018).</details>
# <details><summary>We have clicks and no stars, and 10⁹ ids.</summary>
# The loops stay; the loss becomes log loss or nDCG, the unit stays the user. Tune on a sample of users, never of rows; check that the order of configurations holds on twice as many. Embedding width
# and learning rate do not carry over by themselves.</details>
# <details><summary>A sequence model adapts in context. Nothing left to tune?</summary>
# The inner loop is gone, the outer settings are not: width, context length, rate, loss. The curse is the same: it comes from choosing, not from adapting.</details>
# #### 中文
# <details><summary>精排有二十个融合权重：网格、CEM、贝叶斯优化还是强化学习？</summary>
# 二十维，网格不用想。先离线：用日志回放去掉明显差的。线上用贝叶斯优化或 CEM，占百分之几的流量；每一组都要有足够多的用户，见第 3 节。LinkedIn 报告过这样调参（KDD 2018）；只有权重该随场景变时才用强化学习，
# Pinterest 有报告（RecSys 2025）。</details>
# <details><summary>赢家在验证集上领先 .002，上线吗？</summary>
# 不能凭这个数：它正是因为低才被选中的。换一批没参与选择的用户，把赢家和默认配置按用户配对比较，并说明一共试了多少个。区间含零就保留默认配置。要上线，就以 A/B 实验里重新估计的值为承诺，并留对照流量。</details>
# <details><summary>指标是一个月后的留存，实验只有一周。</summary>
# 在历史实验里找能预测长期指标的短期指标。Meta 报告过把长短实验混在一次贝叶斯优化里（KDD 2025）。还要长期留一块对照流量，因为赢家加起来会高估：Airbnb 测过（KDD 2018）。</details>
# <details><summary>我们只有点击没有评分，而且有 10⁹ 个 id。</summary>
# 循环不变，损失换成对数损失或 nDCG，单位仍是用户。按用户抽样来调，不要按行抽；并检查人数翻倍后配置的排序是否不变。embedding 宽度和学习率不会自动照搬过去。</details>
# <details><summary>序列模型在上下文里就能适应，是不是没什么可调了？</summary>
# 内循环没了，外层设置还在：宽度、上下文长度、学习率、损失。诅咒也一样：它来自选择，不来自适应。</details>

# %% [markdown] tags=["exercise"]
# ## Your turn
# Write three functions in [`exercises/q29_meta_search_optimization.py`](../exercises/q29_meta_search_optimization.py), about 23 minutes:
#
# - `hypergradient`: the slope of the validation error, by the implicit function theorem.
# - `prune_decision`: stop this trial now?
# - `winners_optimism`: how much too good the winner looks.
#
# Then run the cell below. Stuck? In the cell after it, take the `#` away and run: each run gives the next of three hints.

# %% [markdown] lang="zh"
# ## 动手
# 在 [`exercises/q29_meta_search_optimization.py`](../exercises/q29_meta_search_optimization.py) 里写三个函数，大约 23 分钟：
#
# - `hypergradient`：用隐函数定理求验证误差的斜率。
# - `prune_decision`：现在停掉这次试验吗？
# - `winners_optimism`：赢家看上去好过头了多少。
#
# 写完运行下面的单元格。卡住了？把再下面那个单元格里的 `#` 去掉再运行：每运行一次给出下一条提示，共三条。

# %% tags=["exercise"]
from metarec_lib import check, what_was_measured

check("q29")

# %% tags=["exercise"]
# from metarec_lib import hint; hint("q29", "hypergradient")

# %% tags=["measured"]
what_was_measured()

# %% [markdown] tags=["references"]
# **Read first · 先读：** Lorraine, Vicol & Duvenaud (2020), [*Optimizing Millions of Hyperparameters by Implicit Differentiation*](https://arxiv.org/abs/1911.02590), AISTATS.
#
# - Larsen, Hansen, Svarer & Ohlsson (1996), *Design and Regularization of Neural Networks: The Optimal Use of a Validation Set*, NNSP: the gradient through the inner optimum.
# - Golovin, Solnik, Moitra, Kochanski, Karro & Sculley (2017), *Google Vizier: A Service for Black-Box Optimization*, KDD: median stopping; there a trial's best value so far is compared, here its last.
# - Cawley & Talbot (2010), *On Over-fitting in Model Selection and Subsequent Selection Bias in Performance Evaluation*, JMLR.
# - Lee & Shen (2018), *Winner's Curse: Bias Estimation for Total Effects of Features in Online Controlled Experiments*, KDD.
# - Agarwal et al. (2018), *Online Parameter Selection for Web-based Ranking Problems*, KDD: LinkedIn.
# - Feng et al. (2025), *Experimenting, Fast and Slow: Bayesian Optimization of Long-term Outcomes with Online Experiments*, KDD: Meta.
# - Pinterest (2025), *Deep Reinforcement Learning for Ranking Utility Tuning in the Ad Recommender System at Pinterest*, RecSys.
# - Shehzad & Jannach (2023), *Everyone's a Winner! On Hyperparameter Tuning of Recommendation Models*, RecSys.
# - Akiba, Sano, Yanase, Ohta & Koyama (2019), [*Optuna: A Next-generation Hyperparameter Optimization Framework*](https://arxiv.org/abs/1907.10902), KDD.
