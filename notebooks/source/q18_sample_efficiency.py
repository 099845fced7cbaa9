# %% [markdown]
# # q18 · What is sample efficiency?
#
# Two directions: users to learn from, and ratings of a new user. What a prior is worth, when the data take over, and what the usual advice
# does here.

# %% [markdown] lang="zh"
# # q18 · 什么是元学习中的样本效率？
#
# 两个方向：用多少用户来学，新用户要给多少评分。先验抵得上多少条评分，数据何时接管，常见的建议在这里效果如何。

# %% [markdown] tags=["question"]
# #### English
# Two teams say that their cold-start model is sample-efficient. One means fewer users to train on, the other fewer ratings per new user. How
# do you measure either? And how many impressions must a new item have before you trust its own numbers?
# #### 中文
# 两个团队都说自己的冷启动模型样本效率高：一个指训练用的用户少，另一个指新用户要给的评分少。这两件事分别怎么度量？一个新物品要有多少次曝光，
# 你才相信它自己的统计？
#
# level: senior · minutes: 3 · needs: q01, q06, q07 · topics: cold start, priors, learning curves

# %% [markdown] tags=["answer-short"]
# #### English
# There are two axes: users to meta-train on, and ratings of a new user. I draw the error over both, and count how many ratings each model needs
# for the same error. A prior is worth κ = σ²/τ² ratings: the variance of a rating's noise over that between users. Below κ the prior is better
# than the data alone. On ML-100K, with 484 users to learn from and five ratings, the closed-form head beats a tuned bias, <!-- c2: lower -->
# and with ten ratings it beats the bias with twenty. <!-- c4: lower -->
# With fifteen users no lead over the bias is sure; film features help the head there. <!-- c3: lower -->
# Bagging, the textbook cure for variance, hurts the factor model. <!-- c6: higher -->
# #### 中文
# 有两个维度：元训练用多少用户，新用户给多少评分。我画出误差随两者变化的曲面，再数每个模型达到同样误差各需多少条评分。先验相当于 κ = σ²/τ² 条评分：
# 单条评分的噪声方差，除以用户之间的方差。评分少于 κ 条时，只看数据不如只看先验。在 ML-100K 上用 484 名用户训练，五条评分时闭式解预测头胜过调好参的收缩偏置，<!-- c2: lower -->
# 十条评分就胜过偏置的二十条。<!-- c4: lower -->
# 只有十五名训练用户时，看不出它能稳定胜过偏置；影片特征对它有用。<!-- c3: lower -->
# 教科书上降方差的 bagging，反而让因子模型变差。<!-- c6: higher -->

# %% [markdown] tags=["answer-full"]
# **Two directions.** Meta-training users $n$ teach the shared parameters; $K$ ratings adapt them to a new user. A model can be thrifty in one and
# greedy in the other. So measure a surface: fit on $n$ users, judge on other users with $K$ ratings, the query fixed, the baseline tuned anew
# at every $n$. Read it both ways: who wins at each $n$, and how many ratings reach a given error.
#
# **What a prior is worth.** Let a user's true mean be $\mu_u \sim N(\mu, \tau^2)$ and a rating scatter around it with variance $\sigma^2$. After $K$
# ratings with mean $\bar r$ the posterior mean is
#
# $$\frac{K \bar r + \kappa \mu}{K + \kappa}, \qquad \kappa = \sigma^2 / \tau^2$$
#
# The prior counts as $\kappa$ ratings. The mean squared error of $\bar r$ alone is $\sigma^2 / K$, that of the prior alone $\tau^2$: they cross at $K = \kappa$.
# On average over users shrinkage is never worse than either, if $\mu$ and $\kappa$ are right. The same holds for clicks: with mean rate $m$ and spread $\tau$ between
# items, $\kappa = (m(1 - m) - \tau^2) / \tau^2$ impressions. So there is no day on which a new id becomes trusted; its weight grows as $K / (K + \kappa)$.
#
# **Where data are fewest.** A learned prior must itself be learned from data. With fifteen users our head's lead over the bias
# did not hold on fresh draws of the fifteen. Genres and years did help it there. <!-- c3: lower -->
# With all users it is ahead, <!-- c2: lower -->
# and with ten ratings it beats the bias with twenty. <!-- c4: lower -->
#
# **Averaging and boosting.** "Averaging cuts variance" is said of unstable learners, "boosting cuts bias" of weak ones. A Bayesian model already shrinks. Averaging
# eight random starts helps a little. <!-- c7: lower -->
# Bagging hurts, <!-- c6: higher -->
# and most of the harm goes when the copies are taken away: a user drawn twice counts as two users who agree. With boosting no difference
# was seen.
#
# **Ask better questions.** If you may choose what a new user rates, choose what lowers the posterior variance of the catalogue. Here no gain over random
# films held on fresh seeds: the films that a user has seen are of similar use, we guess.
#
# **Scaling laws.** Errors often fall as $a\,n^{-b}$. A fit speaks for its range. Asked about twice the users, ours was too hopeful: by less than the margin, yet by about
# half of what the last doubling brought. <!-- c5: higher -->

# %% [markdown] tags=["zh"]
# **两个方向。** 元训练用户数 $n$ 决定共享参数学得好不好；新用户的 $K$ 条评分用来适应。一个模型可以在一个方向上省、在另一个方向上费。所以要测一张曲面：
# 用 $n$ 名用户训练，用另一批各有 $K$ 条评分的用户评估，查询集固定，基线在每个 $n$ 上重新调参。两个方向都要读：每个 $n$ 上谁赢；达到给定误差要多少条评分。
#
# **先验抵几条评分。** 设用户的真实均值 $\mu_u \sim N(\mu, \tau^2)$，单条评分围绕它的方差是 $\sigma^2$。拿到 $K$ 条、均值为 $\bar r$ 之后，后验均值是
#
# $$\frac{K \bar r + \kappa \mu}{K + \kappa}, \qquad \kappa = \sigma^2 / \tau^2$$
#
# 先验相当于 $\kappa$ 条评分。只看 $\bar r$ 的均方误差是 $\sigma^2 / K$，只看先验的是 $\tau^2$，两者在 $K = \kappa$ 处相交。只要 $\mu$ 和 $\kappa$ 估对了，
# 对用户平均而言，收缩不会比任何一个差。点击也一样：平均点击率为 $m$，物品之间的标准差为 $\tau$ 时，$\kappa = (m(1 - m) - \tau^2) / \tau^2$ 次曝光。所以不存在“从某天起可信”的分界，
# 新 id 自身数据的权重按 $K / (K + \kappa)$ 逐渐上升。
#
# **数据最少时，小样本方法就一定赢吗？** 学到的先验也要有数据可学。只有十五名用户时，闭式解预测头对偏置的
# 优势换一批用户就不成立了；类型和年份在那时确实有用。<!-- c3: lower -->
# 用上全部用户时它领先，<!-- c2: lower -->
# 有十条评分就胜过偏置的二十条。<!-- c4: lower -->
#
# **取平均与 boosting。** “平均降方差”说的是不稳定的模型，“boosting 降偏差”说的是弱模型。贝叶斯模型本来就在收缩。对八个随机初值取平均略有帮助；<!-- c7: lower -->
# bagging 有害，<!-- c6: higher -->
# 去掉重复的用户，大部分损害随之消失：一个用户被抽中两次，就等于有两个“意见一致”的用户。boosting 看不出差别。
#
# **问得更好。** 如果能决定让新用户评哪些物品，就选最能降低全库后验方差的。在这里，
# 它相对随机影片的优势换了种子就不成立：用户看过的影片，用处大概都差不多（这只是猜测）。
#
# **scaling law（缩放定律）。** 误差常常按 $a\,n^{-b}$ 下降。拟合只对测过的范围负责；外推到两倍用户时，我们的拟合过于乐观：
# 差距小于等效界值，却约为最后一次翻倍收益的一半。<!-- c5: higher -->

# %% [markdown]
# ## 1. What is a prior worth?
# A film is new. Its score can be guessed by the mean of all films, by the mean of K of its own ratings, or by both: the posterior mean, with
# $\kappa = \sigma^2/\tau^2$ estimated on tuning films. The K are drawn at random, they are not the earliest; ratings outside the draw of at most 20
# judge. ML-100K, films with 50 or more ratings, from the study
# (`metarec study q18`, five seeds).

# %% [markdown] lang="zh"
# ## 1. 先验抵得上多少条评分？
# 一部影片刚上架。它的分数可以用全部影片的均值来猜，可以用它自己 K 条评分的均值，也可以两者结合，即后验均值，其中 $\kappa = \sigma^2/\tau^2$ 在调参影片上估计。
# K 条是随机抽的，不是最早的；最多抽 20 条，用抽到之外的评分来评估。ML-100K，评分不少于 50 条的影片，结果取自研究（`metarec study q18`，五个种子）。

# %%
import numpy as np
from metarec_lib import BaselineRecommender, MetaLearningModel, learning_surface
from metarec_lib import claim, load_movielens, load_study, make_tasks, mine
from metarec_lib import plots, seed, split_users
from metarec_lib.workbook.core import glossary, pick

SEED = seed()
study, data = load_study("q18"), load_movielens("ml-100k")
learning, tuning, judging = split_users(data, seed=SEED)


def text(name):
    return pick(TEXTS[name])  # in the reader's language


def labels(title, x, y):
    return {"title": text(title), "xlabel": text(x), "ylabel": text(y)}


# %% tags=["figure"]
TEXTS = {
    "rmse": ("RMSE (stars)", "RMSE（星）"),
    "films": ("A new film: its own ratings against the mean of all", "新影片：自己的评分与全部影片的均值"),
    "first": ("K, its own ratings that are known (log scale)", "K：已知的自身评分数（对数坐标）"),
    "alt films": (
        "Three curves over K. The film's own mean starts far above the flat line of all films and crosses it at about five "
        "ratings; the posterior mean lies below both.",
        "三条曲线随 K 变化：影片自己的均值起初远高于“全部影片的均值”那条水平线，约在五条评分处与它相交；后验均值始终低于两者。",
    ),
    "kappa": ("the prior of films is worth", "影片的先验相当于"),
    "worth": ("by your prior_strength the prior of users is worth", "按你写的 prior_strength，用户的先验相当于"),
    "ratings": ("ratings", "条评分"),
    "trust": ("The prior is worth", "先验相当于"),
    "impressions": ("impressions", "次曝光"),
    "n": ("impressions of the new item (log scale)", "新物品的曝光数（对数坐标）"),
    "error": ("typical error of the rate (points)", "点击率的典型误差（百分点）"),
    "own": ("own rate", "自己的点击率"),
    "prior": ("prior alone", "只看先验"),
    "both": ("posterior", "后验"),
    "alt trust": (
        "Typical error over impressions. The own rate falls steeply and crosses the flat prior where as many impressions are "
        "known as the prior is worth; the posterior lies below both.",
        "典型误差随曝光数变化：只看自己的点击率时误差迅速下降，在曝光数等于先验所值的次数处与水平的先验线相交；后验始终低于两者。",
    ),
    "surface": ("Closed-form head minus tuned bias, new users", "闭式解预测头与调参后的偏置之差，新用户"),
    "users": ("meta-training users (log scale)", "元训练用户数（对数坐标）"),
    "less": ("RMSE minus the bias's (stars)", "RMSE 与偏置之差（星）"),
    "alt surface": (
        "Three curves of the difference over training users, all below zero from fifteen users on; the one for twenty ratings falls "
        "furthest as users are added.",
        "三条差值曲线随训练用户数变化，从十五名用户起都在零以下；随用户增加，K = 20 的那条降得最多。",
    ),
    "reach": ("How many ratings reach the same error? 484 users", "达到同样误差要多少条评分？484 名用户"),
    "K": ("K, ratings of the new user", "K：新用户的评分数"),
    "target": ("the bias at K = 20", "偏置在 K = 20"),
    "alt reach": (
        "RMSE over K for four models and a flat line at the bias's error with twenty ratings; the head crosses it first.",
        "四个模型的 RMSE 随 K 变化，水平线是偏置在二十条评分时的误差；闭式解预测头最先与它相交。",
    ),
    "needs": ("ratings to reach the bias's K = 20", "达到偏置 K = 20 的误差所需评分数"),
    "law": ("A power law through 15 to 240 users, K = 5", "由 15 至 240 名用户拟合的幂律，K = 5"),
    "fit": ("the law", "幂律"),
    "alt law": (
        "RMSE over users: black dots, and the falling law fitted to all but the last; the last dot lies above it.",
        "RMSE 随用户数变化：黑点是测量值，下降的曲线由除最后一点外的点拟合；最后一点在曲线上方。",
    ),
    "combined": ("Many models instead of one: 60 users, K = 5", "多个模型代替一个：60 名用户，K = 5"),
    "minus one": ("RMSE minus that of one factor model (stars)", "RMSE 与单个因子模型之差（星）"),
    "alt combined": (
        "Four intervals. Bagging over users lies far to the right of zero, bagging without copies and boosting touch it, the average of "
        "eight starts just to the left.",
        "四个区间：对用户做 bagging 远在零的右侧，去掉重复用户的 bagging 和 boosting 的区间跨过零，八个随机初值的平均略在左侧。",
    ),
    "all": ("all logs", "全部日志"),
    "features": ("head minus head without features, five draws", "预测头减去无特征的预测头，五次抽样"),
    "no features": ("head without features minus bias", "无特征的预测头减去偏置"),
    "to": ("to", "至"),
    "gain": ("gain of the last doubling", "最后一次翻倍的收益"),
    "seen": ("measured", "实测"),
    "half users": ("half of the users", "留一半用户"),
    "half ratings": ("half of each user's ratings", "每个用户留一半评分"),
    "chosen": ("the most informative", "信息量最大的"),
    "random": ("random", "随机的"),
    "a": ("by your fit_power_law: error at one user", "按你写的 fit_power_law：一名用户时的误差"),
    "b": ("exponent", "指数"),
}

# %% [markdown] tags=["expect"]
# **What do you expect?** After how many ratings is a film's own mean a better guess than the mean of all films: 1, 5, or 20?

# %% [markdown] lang="zh"
# **你猜结果如何？** 一部影片有多少条评分之后，它自己的均值才比全部影片的均值猜得准：1、5 还是 20？

# %%
few = (1, 2, 3, 5, 10, 20)
names = ("film's own mean", "mean of all films", "posterior mean")
curves = {glossary.say(n): [study.mean(n, k=k) for k in few] for n in names}
kappa = study.mean("prior of films", "ratings")
print(f"{text('kappa')} {kappa:.1f} {text('ratings')}")
fig = plots.lines(few, curves, **labels("films", "first", "rmse"), log_x=True)
plots.show(fig, alt=text("alt films"))

# %% tags=["claim"]
own = study.compare("film's own mean", "mean of all films", k=3)
claim("RMSE", "film's own mean", "mean of all films", own)

# %% [markdown]
# With three ratings a film's own mean is a worse guess than the mean of all films. <!-- c1: higher -->
# The curves cross near the printed $\kappa$, as the formula says. The posterior mean needs no decision about when to switch.
#
# The same idea for users stands in `BaselineRecommender`: a user's bias is averaged as if κ more ratings at the mean (the c of q01) stood beside
# the K real ones. By hand:

# %% [markdown] lang="zh"
# 只有三条评分时，影片自己的均值不如全部影片的均值猜得准。<!-- c1: higher -->
# 正如公式所说，两条曲线在打印出的 $\kappa$ 附近相交。后验均值不需要决定何时切换。
#
# 用户这一侧，同样的想法就在 `BaselineRecommender` 里：计算用户偏置时，好像在 K 条真实评分之外，还有 κ 条（q01 里的 c）恰好等于均值的评分。亲手算一遍：

# %% tags=["from-scratch"]
train = data.subset(np.isin(data.ratings["user_id"], learning))
bias = BaselineRecommender(user_shrinkage=5).fit(train)
support = make_tasks(data, judging, k=3, pool=20, seed=SEED).support
residual = support.values - bias.mean_ - bias.item_bias_[support.items]  # (B, 3)
by_hand = (3 * residual.mean(1) + 5 * 0.0) / (3 + 5)  # prior mean 0, worth 5 ratings
print("agrees:", by_hand.allclose(bias.adapt(support)[0].squeeze(1), atol=1e-8))

# %% [markdown]
# Where does the strength come from? Your `prior_strength` on twenty ratings of each learning user:

# %% [markdown] lang="zh"
# 强度从哪里来？把你写的 `prior_strength` 用在每名训练用户的二十条评分上：

# %% tags=["exercise"]
with mine("q18") as my:
    ratings = make_tasks(data, learning, k=20, seed=SEED).support.values  # (U, 20)
    kappa = my.prior_strength(ratings.mean(1), ratings.var(1).mean().item(), 20)
    print(f"{text('worth')} {kappa:.1f} {text('ratings')}")

# %% [markdown]
# **Clicks instead of stars.** Set the mean click rate and how much it differs between items, in per cent. How many impressions is the prior worth?

# %% [markdown] lang="zh"
# **换成点击。** 设定平均点击率，以及它在物品之间的标准差（都是百分数）。先验相当于多少次曝光？

# %% tags=["play", "nbval-ignore-output"]
def trust(rate=2.0, spread=1.0):
    m, tau = rate / 100, spread / 100
    noise, n = m * (1 - m) - tau**2, np.geomspace(10, 10_000, 60)
    errors = {"own": noise / n, "prior": tau**2 + 0 * n}
    errors["both"] = noise * tau**2 / (noise + n * tau**2)
    drawn = {text(name): 100 * np.sqrt(e) for name, e in errors.items()}
    named = labels("trust", "n", "error")
    named["title"] += f" {noise / tau**2:,.0f} {text('impressions')}"
    ticks = (10, 100, 1000, 10_000)
    return plots.lines(n, drawn, **named, log_x=True, log_y=True, xticks=ticks)


sliders = {"rate": (1.0, 10.0, 0.5), "spread": (0.2, 3.0, 0.2)}
plots.play(trust, **sliders, alt=text("alt trust"))

# %% [markdown]
# ## 2. The surface
# `learning_surface` fits each model on n users and judges it on new users with K ratings; both directions are nested. The settings of the bias are
# chosen on tuning users anew at every n; the head keeps its one setting. A small live version first:

# %% [markdown] lang="zh"
# ## 2. 曲面
# `learning_surface` 用 n 名用户拟合每个模型，用另一批各有 K 条评分的用户评估；两个方向都是嵌套的。偏置的超参数在每个 n 上都用调参用户重新选；预测头只有一套设置。先跑一个小的：

# %%
settings = [BaselineRecommender(user_shrinkage=s) for s in (2, 5, 10, 20)]
models = {"shrunken bias": settings, "closed-form head": MetaLearningModel(seed=SEED)}
at = {"users": (15, 60), "supports": (1, 5, 20), "seed": SEED}
live = learning_surface(models, data, learning, judging, tuning, **at)
means = live.groupby(["model", "users", "k"])["value"].mean().unstack("k")
means.index = [f"{glossary.say(m)}, n = {n}" for m, n in means.index]
plots.table(means.rename(columns="K = {}".format))

# %% [markdown] tags=["expect"]
# **What do you expect?** "Few-shot methods win where data are fewest." Is the head's lead over the bias larger at 15 users or at 484?

# %% [markdown] lang="zh"
# **你猜结果如何？** 有人说“数据越少，小样本方法越占优”。预测头对偏置的优势，是 15 名用户时大，还是 484 名时大？

# %%
sizes, gaps = (15, 30, 60, 120, 240, 484), {}
for k in (1, 5, 20):
    pairs = [study.compare("head", "bias", k=k, users=n) for n in sizes]
    gaps[f"K = {k}"] = [pair.mean for pair in pairs]
fig = plots.lines(sizes, gaps, **labels("surface", "users", "less"), log_x=True)
plots.show(fig, alt=text("alt surface"))

# %% tags=["claim"]
late = study.compare("head", "bias", k=5, users=484)
claim("RMSE", "closed-form head", "shrunken bias", late)

# %% [markdown]
# With all users the head is ahead. <!-- c2: lower -->
# In the figure its lead is larger at 484 users than at 15 for five and twenty ratings, not for one. At fifteen it looks ahead, too. But with five other
# draws of fifteen users its lead shrank to less than half and was not clear after correction: much hangs on which fifteen they are. So: no difference
# seen there. The intervals of this study are over judging users. They leave out the luck of so few training users, so the cell below prints the lowest
# and the highest of five draws, too.
#
# What helps at fifteen? In the head genres and years speak for every film; in the bias only for films that nobody rated. Take them away from the head:

# %% [markdown] lang="zh"
# 用上全部用户时，预测头领先。<!-- c2: lower -->
# 图中，五条和二十条评分时，484 名用户的优势大于 15 名；一条评分时并非如此。只有十五名用户时，看起来也领先。但另抽五批、每批十五名用户重做，优势缩到一半以下，校正后不再清楚：是哪十五个人，影响很大。所以那里的结论是：看不出差别。
# 研究里的区间是对评估用户取的，不包含训练用户太少带来的运气成分，所以下面的单元格还打印五次抽样中的最小值和最大值。
#
# 十五名用户时，什么有用？在预测头里，类型和年份参与每部影片的估计；在偏置模型里，它们只用于没有人评过的影片。从预测头里拿掉它们：

# %% tags=["claim"]
plain = study.compare("head", "head, no film features", k=1, users=15)
claim("RMSE", "closed-form head", "head without film features", plain)

# %%
cell = study.rows.query("metric == 'rmse' and users == 15 and k == 1")
draw = cell.pivot_table(index="seed", columns="model", values="value")
alone = draw["head, no film features"]
gaps = {"features": draw["head"] - alone, "no features": alone - draw["bias"]}
for name, gap in gaps.items():
    print(f"{text(name)}: {gap.min():+.3f} {text('to')} {gap.max():+.3f}")

# %% [markdown]
# Features help, <!-- c3: lower -->
# in each of the five draws. Without them the head is now above the bias, now below it.
#
# ## 3. How many ratings for the same error?
# Now fix the error and read off K. All models learn from 484 users.

# %% [markdown] lang="zh"
# 特征有用，<!-- c3: lower -->
# 五次抽样次次如此。没有特征时，预测头与偏置互有高低。
#
# ## 3. 同样的误差要多少条评分？
# 现在固定误差，读出 K。所有模型都用 484 名用户训练。

# %%
supports, shown = (1, 3, 5, 10, 20), ("bias", "MF", "MAML", "head")
curve = {m: [study.mean(m, k=k, users=484) for k in supports] for m in shown}
lines = {glossary.say(m): values for m, values in curve.items()}
lines[text("target")] = [curve["bias"][-1]] * len(supports)
fig = plots.lines(supports, lines, **labels("reach", "K", "rmse"), xticks=supports)
plots.show(fig, alt=text("alt reach"))

# %% tags=["exercise"]
with mine("q18") as my:
    for m in shown:
        need = my.samples_to_reach(
            np.array(supports), np.array(curve[m]), curve["bias"][-1])
        print(f"{text('needs')}, {glossary.say(m)}: {need:.1f}")

# %% tags=["claim"]
half = study.compare(("head", {"k": 10}), ("bias", {"k": 20}), users=484)
sides = ("closed-form head", "K = 10"), ("shrunken bias", "K = 20")
claim("RMSE", *sides, half, headline=True)

# %% [markdown]
# With ten ratings the head is ahead of the bias with twenty. <!-- c4: lower -->
# Matrix factorisation and MAML reach that error, too, with a few ratings more than the head: learning from other users' ratings saves ratings, not this head alone.
#
# ## 4. Would more data help?
# Fit a power law to 15 to 240 users and ask it about 484. The claim carries the fit's uncertainty over judging users, not that over draws of training users.

# %% [markdown] lang="zh"
# 预测头用十条评分，就胜过偏置的二十条。<!-- c4: lower -->
# 矩阵分解和 MAML 比它多要几条，也能达到那个误差：省评分的是“从其他用户的评分中学习”，不只是这个预测头。
#
# ## 4. 再多些数据有用吗？
# 用 15 至 240 名用户的结果拟合幂律，再问它 484 名用户时如何。下面的对比也算进了拟合在评估用户上的不确定性，但不含训练用户抽样的部分。

# %%
errors = np.array([study.mean("head", k=5, users=n) for n in sizes])
slope, height = np.polyfit(np.log(sizes[:-1]), np.log(errors[:-1]), 1)
law = {text("fit"): np.exp(height + slope * np.log(sizes))}
dots = {"points": (sizes, errors), "log_x": True}
fig = plots.lines(sizes, law, **labels("law", "users", "rmse"), **dots)
plots.show(fig, alt=text("alt law"))
with mine("q18") as my:
    a, b = my.fit_power_law(np.array(sizes[:-1]), errors[:-1])
    print(f"{text('a')} {a:.3f}, {text('b')} {b:.4f}")
gain, told = errors[-2] - errors[-1], law[text("fit")][-2] - law[text("fit")][-1]
print(f"{text('gain')}: {text('seen')} {gain:.4f}, {text('fit')} {told:.4f}")

# %% tags=["claim"]
hope = study.compare("head", "power law", k=5, users=484)
claim("RMSE", "closed-form head", "power law through fewer users", hope)

# %% [markdown]
# The measured error lies above the law, within the margin. <!-- c5: higher -->
# Against the printed gain of the last doubling it is about half.
#
# A law without a floor must fail in the end, since no model predicts the noise of a rating. Whether that floor is what bends the curve here was not
# measured.
#
# "We must halve the logs": half of the users, or half of each user's ratings? The training logs are halved; new users keep their K ratings. Rows that
# differ only in the third decimal are no ranking.

# %% [markdown] lang="zh"
# 测得的误差高于幂律给出的值，差距在等效界值之内。<!-- c5: higher -->
# 但与打印出的“最后一次翻倍的收益”相比，约为一半。
#
# 没有下限的幂律终究要失效，因为没有模型能预测评分里的噪声。这里的弯曲是否由这个下限造成，没有测。
#
# “日志必须砍掉一半”：砍用户，还是砍每个用户的评分？砍的是训练日志，新用户的 K 条不动。两行只在第三位小数上不同时，不分高下。

# %%
halves = study.table(["head"], by="k", users=484).T.set_axis([text("all")], axis=1)
logs = (("half users", "half of the users"),
        ("half ratings", "half of each user's ratings"))
for name, which in logs:
    halves[text(name)] = study.table(["head"], by="k", logs=which).loc["head"]
plots.table(halves.T)

# %% [markdown]
# ## 5. Averaging, boosting, asking
# The usual advice: average models to cut variance, boost to cut bias. One factor model (a probabilistic PCA) learns from 60 users; against it four
# ways to use several. Boosting adds three rounds, its rate tuned. The 60 users are drawn anew for each of five seeds.

# %% [markdown] lang="zh"
# ## 5. 取平均、boosting 与提问
# 常见的建议：取平均降方差，boosting 降偏差。一个因子模型（概率 PCA）从 60 名用户学习；拿四种“用多个模型”的办法与它比。boosting 再加三轮，步长调过。五个种子各抽一批 60 名用户。

# %% tags=["figure"]
ways = ("bagging", "bagging, no copies", "boosted", "average of eight starts")
found = {m: study.compare(m, "one factor model", k=5, users=60) for m in ways}
named = {"title": text("combined"), "xlabel": text("minus one")}
fig = plots.intervals({glossary.say(m): d for m, d in found.items()}, **named)
plots.show(fig, alt=text("alt combined"))

# %% tags=["claim"]
claim("RMSE", "bagging over users", "one factor model", found["bagging"])

# %% tags=["claim"]
starts = found["average of eight starts"]
claim("RMSE", "average of eight starts", "one factor model", starts)

# %% [markdown]
# Bagging hurts. <!-- c6: higher -->
# The copied users were taken away to see why: without them most of the harm is gone in the figure. The model takes a user and a copy for two people
# who agree on everything. Averaging over random starts helps, by less than the margin. <!-- c7: lower -->
#
# **Active selection.** Of twenty films that a new user has seen, which should be asked first? The study asks for those that lower the variance of all
# scores most, one after the other, without looking at any rating.

# %% [markdown] lang="zh"
# bagging 有害。<!-- c6: higher -->
# 为了看原因，我们去掉了重复的用户：图中大部分损害随之消失。模型把一个用户和他的副本当成了事事意见一致的两个人。对随机初值取平均有帮助，但小于等效界值。<!-- c7: lower -->
#
# **主动选择。** 新用户看过二十部影片，先问哪几部？研究里逐部选出最能降低全部得分方差的影片，不看任何评分值。

# %%
table = study.table(["head"], by="k", support="chosen").T
table.columns = [text("chosen")]
table[text("random")] = study.table(["head"], by="k", support="random").loc["head"]
plots.table(table.T)

# %% [markdown]
# The gap in the table did not come back on five fresh seeds: no difference seen. In life a user may not have seen what you ask for, a cost that is not in the
# table.

# %% [markdown] lang="zh"
# 表中的差距换五个新种子后没有再现：看不出差别。现实中用户还可能没看过你问的影片，这个代价不在表里。

# %% [markdown] tags=["rubric"]
# #### English
# - [2] separates the two axes: users to meta-train on, ratings to adapt on
# - [2] measures ratings needed for the same error, against a baseline tuned at every size
# - [2] states the prior's worth as σ²/τ², and that trust grows as K/(K + κ) instead of switching
# - [1] names what makes a small-data winner: features or a simple shrunken mean, and checks which
# - [1] doubts "average for variance, boost for bias" where the model already shrinks
# - [1] fits scaling laws with care: exponents hold inside the tested range
# - [1] knows that which ratings are asked for matters, too
# #### 中文
# - [2] 区分两个维度：元训练用户数，用于适应的评分数
# - [2] 度量达到同样误差所需的评分数，基线在每个规模上都调过参
# - [2] 说出先验相当于 σ²/τ² 条评分，信任按 K/(K + κ) 逐渐上升，而不是一刀切
# - [1] 说出小数据时谁会赢：特征或简单的收缩均值，并验证是哪一个
# - [1] 模型本身已有收缩时，对“平均降方差、boosting 降偏差”存疑
# - [1] 谨慎使用 scaling law：指数只在测过的范围内成立
# - [1] 知道问哪些评分也很重要

# %% [markdown] tags=["pitfalls"]
# #### English
# - **"Few-shot learners win where data are fewest."** → With fifteen users our head's lead over the bias did not hold on fresh draws; film features helped. <!-- c3: lower -->
# - **"After 100 impressions we trust the item's own CTR."** → There is no such number for all items: the weight is n/(n + κ), and κ depends on the rate and its spread.
# - **"Bagging always cuts variance."** → It helps unstable learners. Our Bayesian factor model takes copies for evidence, and gets worse. <!-- c6: higher -->
# - **"Our exponent is 0.02, so ten times the users gives us x."** → An exponent is a fit; ours was too hopeful at twice the largest size it had seen. <!-- c5: higher -->
# - **"MAML is sample-efficient."** → Per new user, perhaps. To meta-train, it needs users first: see q01.
# #### 中文
# - **“数据越少，小样本方法越占优。”** → 十五名用户时，预测头对偏置的优势换一批人就不成立；有用的是影片特征。<!-- c3: lower -->
# - **“满 100 次曝光就相信物品自己的 CTR。”** → 没有对所有物品都适用的数：权重是 n/(n + κ)，κ 取决于点击率及其离散程度。
# - **“bagging 总能降方差。”** → 那是对不稳定的模型而言。我们的贝叶斯因子模型把重复的用户当成证据，反而变差。<!-- c6: higher -->
# - **“我们的指数是 0.02，所以用户翻十倍能得到……”** → 指数是拟合出来的；我们的外推到拟合用过的最大规模的两倍，就已过于乐观。<!-- c5: higher -->
# - **“MAML 样本效率高。”** → 对单个新用户也许是；但元训练先要有足够的用户，见 q01。

# %% [markdown] tags=["follow-ups"]
# #### English
# <details><summary>How many impressions before you trust a new item's CTR, or its id embedding?</summary>
# No switch: weight its own rate by n / (n + κ). With a mean rate of 2 % and a standard deviation of 1 % between items, the widget shows κ near 200
# impressions. Estimate both by category, so that the prior is a better guess and its spread smaller. An embedding is many numbers, each with its own
# noise, so it needs more than a rate does. Start it from content and let a gate n / (n + c) hand over; tune c on items that were new last week.</details>
# <details><summary>We must halve the logs. What happens?</summary>
# Ask which half. Section 4 prints both: half of the users, and half of everybody's ratings. For a learned prior users are the sample. For serving,
# a user's own last ratings are what adapts, so keep those whole. Then measure on your surface, not ours: 484 users are far from saturation, a log of
# 10⁹ may not be.</details>
# <details><summary>We keep one negative in ten. What does that do to variance, and how do you recalibrate?</summary>
# All positives stay, and they carry most of the information on a rare event; variance grows little until negatives are about as few as positives. The odds in
# the sample are 1/w times too high for a keep rate w. So p = q / (q + (1 − q) / w), as He et al. (2014) do; for logistic regression that is a shift of the
# intercept by log w.</details>
# <details><summary>10⁹ ids: is data or the model your bottleneck?</summary>
# Draw both curves. Hold the model and halve the data; hold the data and halve the model. Whichever error moves more is the bottleneck, today. Published
# scaling laws for recommenders (RecSys 2024, ICML 2024) are fits to their own range. For the tail of 10⁹ ids the bottleneck is ratings per id: share
# through features, hashing or semantic ids.</details>
# <details><summary>Would a sequence model that adapts in context not be more sample-efficient?</summary>
# Per new user it can be, and it needs no training step at serving, only a forward pass over the history. But its prior is learned, so it moves along the other axis: it needs many users first. Put it on the
# same surface. This lesson did not measure one.</details>
# #### 中文
# <details><summary>新物品要多少次曝光，你才相信它的 CTR 或 ID embedding？</summary>
# 不做一刀切：它自己的点击率按 n / (n + κ) 加权。平均点击率 2%、物品之间标准差 1% 时，上面的控件显示 κ 接近 200 次曝光。两者按类目分别估计，先验更准，离散也更小。
# embedding 是一组数，每个分量都有自己的噪声，所以比一个点击率需要更多数据。用内容特征初始化，再用门控 n / (n + c) 逐步交给 id；c 在上周还是新品的物品上调。</details>
# <details><summary>日志必须砍一半，会怎样？</summary>
# 先问砍哪一半。第 4 节两种都打印了：砍一半用户，或每个人砍一半评分。对学到的先验来说，用户才是样本。线上适应靠的是用户自己最近的行为，这部分要留全。
# 然后在你自己的曲面上测，不要照搬我们的：484 名用户远未饱和，10⁹ 条日志也许已经饱和。</details>
# <details><summary>负样本只留十分之一，方差有何影响？怎么校准回来？</summary>
# 正样本全部保留，而稀有事件的信息大多在正样本里；负样本降到与正样本数量相当之前，方差只略增。保留率为 w 时，样本里的几率（odds）高了 1/w 倍，
# 所以 p = q / (q + (1 − q) / w)，He 等（2014）就是这样做的；对逻辑回归来说，就是截距平移 log w。</details>
# <details><summary>10⁹ 个 id：瓶颈是数据还是模型？</summary>
# 两条曲线都画：模型不变，数据减半；数据不变，模型减半。哪个误差变化大，眼下瓶颈就是哪个。已发表的推荐 scaling law（RecSys 2024、ICML 2024）只是对各自范围的拟合。
# 对 10⁹ 个 id 的长尾，瓶颈是每个 id 的样本太少：用特征、哈希或语义 ID 来共享。</details>
# <details><summary>能在上下文里适应的序列模型，样本效率不是更高吗？</summary>
# 对单个新用户可能更高，线上也不用再训练，只需对历史做一次前向计算。但它的先验也是学来的，所以在另一个维度上付账：先要有很多用户。把它放到同一张曲面上比。本课没有测。</details>

# %% [markdown] tags=["exercise"]
# ## Your turn
# Write three functions in [`exercises/q18_sample_efficiency.py`](../exercises/q18_sample_efficiency.py), about 20 minutes:
#
# - `prior_strength`: how many ratings the prior is worth.
# - `fit_power_law`: error against size, a line in the logarithms.
# - `samples_to_reach`: how many ratings reach a given error.
#
# Then run the cell below. Stuck? In the cell after it, take the `#` away and run: each run gives the next of three hints.

# %% [markdown] lang="zh"
# ## 动手
# 在 [`exercises/q18_sample_efficiency.py`](../exercises/q18_sample_efficiency.py) 里写三个函数，大约 20 分钟：
#
# - `prior_strength`：先验相当于多少条评分。
# - `fit_power_law`：误差与规模的关系，在对数坐标里是一条直线。
# - `samples_to_reach`：达到给定误差要多少条评分。
#
# 写完运行下面的单元格。卡住了？把再下面那个单元格里的 `#` 去掉再运行：每运行一次给出下一条提示，共三条。

# %% tags=["exercise"]
from metarec_lib import check, what_was_measured

check("q18")

# %% tags=["exercise"]
# from metarec_lib import hint; hint("q18", "prior_strength")

# %% tags=["measured"]
what_was_measured()

# %% [markdown] tags=["references"]
# **Read first · 先读：** Efron & Morris (1977), *Stein's Paradox in Statistics*, Scientific American: shrinkage, with baseball averages.
#
# - Breiman (1996), [*Bagging Predictors*](https://doi.org/10.1007/BF00058655), Machine Learning.
# - Friedman (2001), [*Greedy Function Approximation: A Gradient Boosting Machine*](https://doi.org/10.1214/aos/1013203451), Annals of Statistics.
# - He et al. (2014), *Practical Lessons from Predicting Clicks on Ads at Facebook*, ADKDD: negative downsampling and recalibration.
# - Zhang et al. (2024), [*Scaling Law of Large Sequential Recommendation Models*](https://arxiv.org/abs/2311.11351), RecSys.
# - Zhang et al. (2024), [*Wukong: Towards a Scaling Law for Large-Scale Recommendation*](https://arxiv.org/abs/2403.02545), ICML.
# - Zhang et al. (2024), *Self-Auxiliary Distillation for Sample Efficient Learning in Google-Scale Recommenders*, RecSys.
# - [*Exploring Scaling Laws of CTR Model for Online Performance Improvement*](https://arxiv.org/abs/2508.15326) (2025), RecSys.
