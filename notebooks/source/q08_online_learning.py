# %% [markdown]
# # q08 · What is online learning in a meta-learned recommender?
#
# The model changes with every event. Which part of it must, how fast, and what does a learned prior have to do with it?

# %% [markdown] lang="zh"
# # q08 · 什么是元学习的在线学习？
#
# 模型随每条事件而变。哪一部分非变不可？变多快？学出来的先验在其中起什么作用？

# %% [markdown] tags=["question"]
# #### English
# Your recommender learns from a stream. What is updated after each event, what hourly, what daily? How do you evaluate it without a fixed test set? What do step
# sizes, drift, delayed labels do? Where does meta-learning enter?
# #### 中文
# 你的推荐模型在数据流上学习。什么逐条更新，什么按小时，什么按天？没有固定测试集怎么评估？步长、漂移、延迟标签各有什么影响？元学习在哪里起作用？
#
# level: senior · minutes: 3 · needs: q01, q07 · topics: streaming, prequential, drift, FTRL, delayed feedback

# %% [markdown] tags=["answer-short"]
# #### English
# There are two clocks. The user's state moves with every event, exactly, by recursive least squares. Shared parameters move slowly: small steps, or a retrain.
# I test, then train, in time order. On ML-100K running means beat static ones, <!-- c1: lower -->
# and fresh users matter more than fresh items. <!-- c2: lower -->
# Online factorisation improves on the running means; <!-- c3: lower -->
# retraining every 2,500 events, without updates in between, loses to them, <!-- c7: higher -->
# and on top of updates it helps. <!-- c8: lower -->
# Meta-learning enters as the prior that the recursion starts from: a tuned ridge from zero is worse. <!-- c4: lower -->
# #### 中文
# 有两个时钟。用户状态随每条事件而变，用递归最小二乘精确更新；共享参数走得慢：小步长，或者定期重训。评估按时间先测后训。在 ML-100K 上，累计均值胜过不再更新的偏置，<!-- c1: lower -->
# 而且用户侧的新鲜度比物品侧更重要。<!-- c2: lower -->
# 在线矩阵分解又比累计均值更好；<!-- c3: lower -->
# 每 2,500 条事件重训一次、中间不更新，不如累计均值；<!-- c7: higher -->
# 在逐条更新之上再重训，则有帮助。<!-- c8: lower -->
# 元学习给出递归的起点，也就是先验：从零起步的岭回归即使调好强度也更差。<!-- c4: lower -->

# %% [markdown] tags=["answer-full"]
# **Test, then train.** Each event is predicted before it is learned from (prequential evaluation). No test set is set aside, and nothing from the future enters. *Regret* is the summed loss minus
# that of the best fixed model in hindsight.
#
# **The user, exactly.** With the items fixed, a user is a Bayesian regression. A rating $y$ of item $x$ with noise variance $n$:
#
# $$g = \frac{S x}{n + x^\top S x}, \qquad w \leftarrow w + g\,(y - x^\top w), \qquad S \leftarrow S - g\,(S x)^\top$$
#
# It costs $D^2$ and equals the batch solution. $S$ is the step size: large for a stranger, small later. The start $(m, S_0)$ is learned over past users; from zero it is worse. <!-- c4: lower -->
#
# **The shared side, slowly.** A gradient step moves user and item vectors. Too short a step lags behind, too long a one diverges. For sparse ids FTRL-Proximal gives each coordinate its
# rate, $\alpha / (\beta + \sqrt{\sum g^2})$, and exact zeros by L1.
#
# **What counts.** ML-100K users rate in bursts, and most events come from users whom the past does not know. So fresh users matter more than fresh items here; <!-- c2: lower -->
# with more returning users the ratio may differ. The trivial running mean takes most of the gain: put it beside your model.
#
# **Drift.** A detector on errors also rings when only the users change. Forgetting inside the recursion gains a little; <!-- c5: small -->
# with each user's own order shuffled it costs a little: what it uses is the order within a user. <!-- c6: higher -->
#
# **When to retrain.** When a shadow retrain, replayed on the same stream, beats the live model by more than it costs. Retraining without updates is no substitute; <!-- c7: higher -->
# on top of them it helps. <!-- c8: lower -->
# Ship it as a new version and keep the old one, with its user states, for rollback.
#
# **Delayed labels.** A click without a conversion is not yet a no. Model the delay (Chapelle 2014): converted $p\,\lambda e^{-\lambda d}$, waiting $1 - p + p\,e^{-\lambda e}$.

# %% [markdown] tags=["zh"]
# **先测后训。** 每条事件先预测，再用来训练（prequential 评估）。不必留出测试集，也不会用到未来。*遗憾*（regret）等于累计损失减去事后最好的固定模型的损失。
#
# **用户侧：精确。** 物品固定时，一个用户就是一个贝叶斯回归。物品 $x$ 来了一条评分 $y$，噪声方差为 $n$：
#
# $$g = \frac{S x}{n + x^\top S x}, \qquad w \leftarrow w + g\,(y - x^\top w), \qquad S \leftarrow S - g\,(S x)^\top$$
#
# 代价 $D^2$，结果等于批量解。$S$ 就是步长：陌生人的大，后来变小。起点 $(m, S_0)$ 由过去的用户学出；从零起步更差。<!-- c4: lower -->
#
# **共享侧：慢。** 一步梯度同时移动用户和物品向量。步长太小跟不上变化，太大会发散。稀疏 id 用 FTRL-Proximal：每个坐标有自己的步长 $\alpha / (\beta + \sqrt{\sum g^2})$，L1 给出真正的零。
#
# **什么最要紧。** ML-100K 的用户一阵一阵地评分，多数事件来自“过去”里没有的用户。所以这里用户侧的新鲜度比物品侧更重要；<!-- c2: lower -->
# 老用户多的业务，比例可能不同。最简单的累计均值就拿走了大部分收益：一定要拿它做对照。
#
# **漂移。** 盯着误差的检测器，只是换了一批用户也会报警。在递归里加遗忘有一点收益；<!-- c5: small -->
# 把每个用户自己的次序打乱，反而略差：它利用的是用户内部的先后次序。<!-- c6: higher -->
#
# **什么时候重训。** 影子重训一版，与线上模型回放同一段数据流；收益大于重训成本，就重训。只重训、不更新，代替不了逐条更新；<!-- c7: higher -->
# 在逐条更新之上，它还有帮助。<!-- c8: lower -->
# 重训的模型按新版本上线，旧版连同用户状态一起保留，以便回滚。
#
# **延迟标签。** 点击了还没转化，不等于负样本。对延迟建模（Chapelle，2014）：已转化 $p\,\lambda e^{-\lambda d}$，还在等 $1 - p + p\,e^{-\lambda e}$。

# %% [markdown]
# ## 1. A stream, and an honest number from it
# All ratings of ML-100K in time order. The first 30 % are the past; then every rating is predicted, and only then learned from. How long does a user stay?

# %% [markdown] lang="zh"
# ## 1. 一条数据流，一个诚实的数字
# 把 ML-100K 的全部评分按时间排好。前 30% 是过去；之后每条评分先预测，再学习。一个用户会停留多久？

# %%
import numpy as np
import pandas as pd
import torch
from metarec_lib import Frozen, OnlineMatrixFactorization, ProbabilisticPCA, claim
from metarec_lib import RunningBiases, drift_alarms, in_time_order, load_movielens
from metarec_lib import load_study, mine, plots, prequential, recursive_users, seed

SEED = seed()

# %% tags=["figure"]
STAY = ("users who are there for less than an hour", "停留不到一小时的用户")
NEW = ("events of users who are unknown at the start", "开始时还不认识的用户的事件")
SHARE, HOW_MANY, MEAN = ("share", "比例"), ("ratings", "评分数"), ("mean", "均值")
WATCHED = ("ML-100K in time order", "按时间顺序的 ML-100K")
THOUSANDS = ("events since the start of the stream (thousands)", "数据流开始以来的事件数（千）")
RECENT = ("RMSE of the last 2,500 (stars)", "最近 2,500 条的 RMSE（星）")
ALT_WATCHED = ("RMSE of blocks of 2,500 events for four models: the two static ones stay above the two that learn, nearly all the way.",
               "每 2,500 条事件的 RMSE，四个模型：两个不更新的几乎始终高于两个在学习的。")
REGRET = ("Regret against biases fitted in hindsight", "相对事后拟合的固定偏置的遗憾")
SUMMED = ("summed squared error beyond it", "多出的平方误差之和")
ALT_REGRET = ("Regret over the events: steep for the two static models, flatter for running means, flattest for online factors.",
              "遗憾随事件数的变化：两个不更新的模型陡峭上升，累计均值较平缓，在线矩阵分解最平缓。")
PER_USER, POOLED = ("RMSE, mean over users", "RMSE，按用户平均"), ("RMSE, all events", "RMSE，全部事件")
STEP = ("The first 20,000 events at this step", "用这个步长跑前 20,000 条事件")
ALT_STEP = ("RMSE of blocks of 1,000 events for the chosen step, and for a step of zero.",
            "所选步长下每 1,000 条事件的 RMSE，以及步长为零时的对照。")
KNOWN = ("How much is known of the user", "对用户了解多少")
BEFORE = ("ratings known of the user, at least, plus one", "已知该用户的评分数（至少）加一")
SQUARED = ("squared error (stars²)", "平方误差（星²）")
ALT_KNOWN = ("Squared error against the ratings known of a user: with none known both recursions lie far above running means and online factors; at sixty they reach online factors.",
             "平方误差随已知评分数的变化：一条评分都没有时，两种递归远高于累计均值和在线矩阵分解；到六十条时追平在线矩阵分解。")
ALARMS, RINGS = ("Alarms of ADWIN on the same errors", "ADWIN 在同一串误差上的报警"), ("alarms", "报警次数")
AS_IT_CAME, OWN, ANY = (("as it came", "原来的次序"), ("own order shuffled", "打乱各用户自己的次序"),
                        ("all events shuffled", "全部事件打乱"))
BLOCKS = ("users in random order", "用户随机排队")
ALT_ALARMS = ("Bars: dozens of alarms in the order of time, nearly as many with own order shuffled, more with users in random order, next to none with all events shuffled.",
              "条形图：按时间次序几十次报警，打乱各用户自己的次序略少，用户随机排队更多，全部打乱后几乎没有。")
SCHEDULE = ("Retrain, update, or both", "重训、更新，还是都做")
EVERY = ("events between two retrains", "两次重训之间的事件数")
STARS = ("RMSE (stars)", "RMSE（星）")
ALT_SCHEDULE = ("RMSE against the events between retrains: retraining alone lies highest, with updates in between lowest; both rise with the gap. Three flat lines lie between them.",
                "RMSE 随重训间隔的变化：只重训的最高，中间逐条更新的最低，间隔越长两者都越差；另有三条水平线夹在中间。")
DAYS = ("days between two retrains, median", "两次重训之间的天数（中位数）")
BEST = ("retrained and updated minus online, RMSE", "重训并更新减在线矩阵分解，RMSE")
BOUNDS = ("difference", "差"), ("low", "下限"), ("high", "上限")
DELAYED = ("Which conversion rate fits the clicks?", "哪个转化率最符合这些点击？")
RATE, LOSS = ("conversion rate p", "转化率 p"), ("loss a click", "每次点击的损失")
SEEN_NAIVE, TRUE = ("counted as no until it comes", "没来就算负样本"), ("with the delay modelled", "对延迟建模")
ALT_DELAYED = ("Two losses against the conversion rate: counting the waiting as no has its minimum far below 0.2, the delayed loss near 0.2.",
               "两种损失随转化率的变化：把在等的算作负样本，最小值远低于 0.2；对延迟建模的损失在 0.2 附近最小。")

# %%
data = in_time_order(load_movielens("ml-100k"), seed=SEED)
cut = int(0.3 * len(data))
warm, events = data.subset(np.arange(cut)), data.subset(np.arange(cut, len(data)))
times = data.ratings.groupby("user_id")["timestamp"]
stay = (times.max() - times.min()) / 3_600
new = ~events.ratings["user_id"].isin(warm.ratings["user_id"])
shares = {STAY: (stay < 1).mean(), NEW: new.mean()}
plots.table(pd.DataFrame({SHARE: shares}), digits=2)

# %% [markdown]
# More than half of the users are there for less than an hour, and nine events in ten are those of users who were unknown when the stream began.
#
# **By hand.** The loop, with the mean of each item and of each user as it stood when the rating came:

# %% [markdown] lang="zh"
# 过半的用户停留不到一小时；十条事件里有九条来自数据流开始时还不认识的用户。
#
# **手写。** 这个循环，用评分到来那一刻每个物品和每个用户的均值：

# %% tags=["from-scratch"]
mean, sums, counts = warm.values.mean(), np.zeros((2, 2_000)), np.full((2, 2_000), 5.0)
predicted = []
for u, i, r in zip(data.user_codes, data.item_codes, data.values, strict=True):
    b_item, b_user = sums[0, i] / counts[0, i], sums[1, u] / counts[1, u]
    predicted.append(mean + b_item + b_user)  # test …
    sums[0, i] += r - mean  # … then train
    sums[1, u] += r - mean - b_item
    counts[0, i], counts[1, u] = counts[0, i] + 1, counts[1, u] + 1
running = prequential(RunningBiases(warm), events)
print("agrees:", np.allclose(predicted[cut:], running))

# %% [markdown] tags=["expect"]
# **What do you expect?** Four models: static biases, running means, matrix factorisation that stands still, and one that takes a gradient step after each event. Order
# them. How much of the gain is left when only the *items* may learn?

# %% [markdown] lang="zh"
# **你猜结果如何？** 四个模型：不再更新的偏置、累计均值、不再更新的矩阵分解、每条事件走一步梯度的矩阵分解。排个序。如果只许*物品侧*学习，收益还剩多少？

# %% [markdown]
# ## 2. What must be fresh?
# One seed, watched live; then the study. It draws the order of equal times and the start of the factors five times; the users and their times are always the same ones. Settings are
# chosen on tuning users in the second part of the past; the others judge.

# %% [markdown] lang="zh"
# ## 2. 哪一部分必须新鲜？
# 先看一个种子的现场，再看研究。研究把相同时刻的先后和因子的初值重抽五次；用户和时间始终是同一批。设置在“过去”的后段、只用调参用户来选；其余用户评估。

# %% tags=["figure"]
factors = OnlineMatrixFactorization(seed=SEED).fit(warm)
tried = {"static biases": Frozen(RunningBiases(warm)),
         "static matrix factorisation": Frozen(factors.stream()),
         "running means": RunningBiases(warm),
         "online matrix factorisation": factors.stream()}
errors = {n: (prequential(w, events) - events.values) ** 2 for n, w in tried.items()}
ends = np.arange(2_500, len(events) + 1, 2_500)
recent = {n: [e[t - 2_500 : t].mean() ** 0.5 for t in ends] for n, e in errors.items()}
fig = plots.lines(ends / 1_000, recent, title=WATCHED, xlabel=THOUSANDS, ylabel=RECENT)
plots.show(fig, alt=ALT_WATCHED)

# %% tags=["figure"]
biases = OnlineMatrixFactorization(reg=1e9, rate=0).fit(data)  # saw the whole stream
fixed = (prequential(Frozen(biases.stream()), events) - events.values) ** 2
at = np.arange(499, len(events), 500)
regret = {name: np.cumsum(error - fixed)[at] for name, error in errors.items()}
fig = plots.lines(at / 1_000, regret, title=REGRET, xlabel=THOUSANDS, ylabel=SUMMED)
plots.show(fig, alt=ALT_REGRET)
peak = events.ratings[32_500:35_000].groupby("user_id")["rating"].agg(["size", "mean"])
plots.table(peak.set_axis([HOW_MANY, MEAN], axis=1).nlargest(1, HOW_MANY), digits=2)

# %%
study = load_study("q08")
shown = ("static biases", "static matrix factorisation", "fresh items only",
         "fresh users only", "running means", "recursive Bayes",
         "online matrix factorisation")
of = {PER_USER: "rmse", POOLED: "event rmse"}
found = {k: {n: study.mean(n, m) for n in shown} for k, m in of.items()}
plots.table(pd.DataFrame(found))

# %% tags=["claim"]
found = study.compare("running means", "static biases")
claim("RMSE", "running means", "static biases", found)

# %% tags=["claim"]
found = study.compare("fresh users only", "fresh items only")
claim("RMSE", "fresh users only", "fresh items only", found)

# %% tags=["claim"]
found = study.compare("online matrix factorisation", "running means")
claim("RMSE", "online matrix factorisation", "running means", found, headline=True)

# %% [markdown]
# Learning beats standing still. <!-- c1: lower -->
# Of the two sides, the user's gains more by being fresh. <!-- c2: lower -->
# This is partly the design: for a user who is unknown at the start, a frozen user side is no user side at all.
# Two sums and two counts do most of it; factors that learn add to it. <!-- c3: lower -->
#
# The regret says the same. Its rival is a set of fixed biases, fitted with the whole stream in hand.
#
# In the peak at 35,000 stands one user (last table): hundreds of films, at less than two stars on average.
#
# **The step size.** Zero leaves running biases and fixed vectors. Move it up until it breaks.

# %% [markdown] lang="zh"
# 学习胜过不动。<!-- c1: lower -->
# 两侧相比，用户侧保持新鲜的收益更大。<!-- c2: lower -->
# 这有一部分来自实验设计：对开始时还不认识的用户，冻结用户侧就等于没有用户侧。
# 两组累加和、两组计数就拿到了大部分收益；会学习的因子再添一些。<!-- c3: lower -->
#
# 遗憾曲线也这么说。这里的对手是看过整条数据流才拟合出来的固定偏置。
#
# 35,000 处的尖峰里有一个用户，见最后那张表：几百部影片，平均不到两星。
#
# **步长。** 步长为零时，只有偏置在累计，向量不动。往上调，直到它崩掉。

# %% tags=["play", "nbval-ignore-output"]
def stepped(rate=0.1, decay=0.02):
    ways, start = {}, events.subset(np.arange(20_000))
    for step in (0.0, rate):
        stream = factors.set_params(rate=step, decay=decay).stream()
        error = (prequential(stream, start) - start.values).reshape(-1, 1_000)
        ways[f"{step:g}"] = (error**2).mean(1) ** 0.5
    return plots.lines(range(1, 21), ways, title=STEP, xlabel=THOUSANDS, ylabel=STARS)


plots.play(stepped, rate=[0.03, 0.1, 0.2, 0.3], decay=[0.0, 0.02, 0.1], alt=ALT_STEP)

# %% [markdown]
# ## 3. The user, exactly, from a prior
# Item vectors, noise and prior come from probabilistic PCA on the past (q07). Your `rls_update`, fed with a thousand ratings of one made-up user, must end
# where the ridge ends that sees all of them at once:

# %% [markdown] lang="zh"
# ## 3. 用户侧：从先验出发，精确更新
# 物品向量、噪声和先验来自“过去”上的概率 PCA（q07）。给你的 `rls_update` 逐条喂一个虚构用户的一千条评分，终点必须与一次看完全部评分的岭回归相同：

# %% tags=["exercise"]
rng, n, d = np.random.default_rng([SEED, 8]), 1_000, 9
x = rng.normal(size=(n, d))
y = x @ rng.normal(size=d) + rng.normal(size=n)
batch = np.linalg.solve(np.eye(d) + x.T @ x, x.T @ y)
with mine("q08") as my:
    user, covariance = np.zeros(d), np.eye(d)
    for row, rating in zip(x, y, strict=True):
        user, covariance = my.rls_update(user, covariance, row, float(rating), 1.0)
    print(f"{np.abs(user - batch).max():.8f}")

# %% tags=["nbval-ignore-output"]
head = ProbabilisticPCA(seed=SEED).fit(warm)
rows = (events.user_codes, events.item_codes, events.values)
rows = list(zip(*(column[:20_000].tolist() for column in rows), strict=True))
for way in (RunningBiases(warm), recursive_users(head), factors.stream()):
    start = pd.Timestamp.now()
    for row in rows:
        way.learn_one(*row)
    each = (pd.Timestamp.now() - start).total_seconds() / len(rows)
    print(f"{type(way).__name__}: {1e6 * each:.0f} µs")

# %% tags=["figure"]
ways, seen = ("recursive ridge from zero", "recursive Bayes", "running means",
              "online matrix factorisation"), (0, 1, 5, 20, 60)
curves = {w: [study.mean(w, "mse", seen=k) for k in seen] for w in ways}
x = [k + 1 for k in seen]
fig = plots.lines(x, curves, title=KNOWN, xlabel=BEFORE, ylabel=SQUARED, log_x=True)
plots.show(fig, alt=ALT_KNOWN)

# %% tags=["claim"]
found = study.compare("recursive Bayes", "recursive ridge from zero")
claim("RMSE", "recursive Bayes", "recursive ridge from zero", found)

# %% [markdown]
# Both make the same exact update on the same item vectors. The learned start is a mean from the user's age, gender and occupation, and a scale for each weight. From zero, with one tuned scale, it is worse. <!-- c4: lower -->
# Which part of the start does it was not measured. In the figure the gap is widest with a few ratings known; after that the two draw together.
#
# With no rating known both recursions lie above the running means. Fresh item means are a likely reason, since the recursion's items stand still.
#
# ## 4. Drift, or just the next user?
# ADWIN watches the absolute errors of the running means. Then the same learner meets the same events in three other orders. In "users in random order" one user follows the other and the calendar is gone.

# %% [markdown] lang="zh"
# 两者在相同的物品向量上做同样的精确更新。学来的起点包括：由年龄、性别、职业预测的均值，以及每个权重各自的尺度。从零出发、只有一个调好的尺度，结果更差。<!-- c4: lower -->
# 起点里哪一部分起作用，没有测。图上，已知几条评分时差距最大，之后两者逐渐靠拢。
#
# 一条评分都没有时，两种递归都高于累计均值。可能的原因是累计均值的物品侧是新鲜的，而递归用的物品不动。
#
# ## 4. 是漂移，还是换了个用户？
# ADWIN 盯着累计均值的绝对误差。然后让同一个模型在同样的事件上、按另外三种次序再跑一遍。“用户随机排队”是一个用户接一个用户，日历时间已被打乱。

# %% tags=["figure"]
users, place = events.user_codes, np.arange(len(events))
own = np.empty_like(place)
own[np.lexsort((place, users))] = np.lexsort((rng.random(len(place)), users))
blocks = np.lexsort((place, rng.permutation(users.max() + 1)[users]))
orders = {AS_IT_CAME: place, OWN: own, BLOCKS: blocks, ANY: rng.permutation(place)}
rings = {}
for name, order in orders.items():
    seen_as = events.subset(order)
    off = np.abs(prequential(RunningBiases(warm), seen_as) - seen_as.values)
    rings[name] = len(drift_alarms(off))
fig = plots.bars(rings, title=ALARMS, xlabel=RINGS, digits=0)
plots.show(fig, alt=ALT_ALARMS)

# %% tags=["claim"]
forgetting = "recursive Bayes, forgetting"
found = study.compare(forgetting, "recursive Bayes")
claim("RMSE", forgetting, "recursive Bayes", found)

# %% tags=["claim"]
sides = [f"{name}, own order shuffled" for name in (forgetting, "recursive Bayes")]
claim("RMSE", *sides, study.compare(*sides))

# %% [markdown]
# With all events shuffled hardly an alarm is left. With the users in random order there are more than before, although no drift over time can be left between them. So a change of user is enough to ring ADWIN, and an alarm on a global error is by itself no reason to retrain. This is one seed.
#
# Is there drift inside a user? Dividing $S$ by a factor below one before each rating lets old ratings fade. It gains, less than this book calls a difference that matters. <!-- c5: small -->
# In shuffled order the same forgetting costs a little. <!-- c6: higher -->
# So the order of a user's ratings does carry something. That it is the order in which the site showed the films, not a change of taste, is a guess.
#
# ## 5. When to retrain?
# The closed-form head of q07, fitted anew on schedule from all ratings so far. Alone, it knows a user only from the last fit; with updates, every rating counts at once.

# %% [markdown] lang="zh"
# 全部打乱后几乎不再报警。让用户随机排队，报警比原来还多，而用户之间已不可能有随时间的漂移。可见只是换了人，就足以让 ADWIN 报警；全局误差上的一次报警，本身不是重训的理由。这只是一个种子的结果。
#
# 那么用户内部有没有漂移？每条评分之前把 $S$ 除以一个小于一的因子，旧评分就逐渐淡出。有收益，但小于本书视为“小”的幅度。<!-- c5: small -->
# 次序打乱之后，同样的遗忘反而略差。<!-- c6: higher -->
# 可见一个用户评分的先后确实带有信息。至于那是网站展示影片的次序、而不是口味变化，只是猜测。
#
# ## 5. 什么时候重训？
# q07 的闭式解预测头，按计划用到目前为止的全部评分重新拟合。只重训的话，它对用户的了解停在上一次拟合；加上逐条更新，每条评分立刻算数。

# %% tags=["figure"]
every, both = (2_500, 10_000, 35_000), "retrained and updated"
flat = ("recursive Bayes", "running means", "online matrix factorisation")
curves = {"retrained": [study.mean("retrained", every=k) for k in every],
          **{name: [study.mean(name)] * 3 for name in flat},
          both: [study.mean(both, every=k) for k in every]}
fig = plots.lines(every, curves, title=SCHEDULE, xlabel=EVERY, ylabel=STARS, log_x=True)
plots.show(fig, alt=ALT_SCHEDULE)
gap = events.ratings["timestamp"].iloc[::2_500].diff().median() / 86_400
plots.table(pd.DataFrame({2_500: {DAYS: gap}}), digits=1)
best = study.compare((both, {"every": 2_500}), flat[-1])
plots.table(pd.DataFrame({BEST: dict(zip(BOUNDS, (best.mean, *best.interval)))}).T)

# %% tags=["claim"]
found = study.compare(("retrained", {"every": 2_500}), "running means")
claim("RMSE", ("retrained", "every 2500 events"), "running means", found)
found = study.compare(("retrained and updated", {"every": 2_500}), "recursive Bayes")
both = ("retrained and updated", "every 2500 events")
claim("RMSE", both, "recursive Bayes", found)

# %% [markdown]
# Twenty-seven retrains without updates lose to two sums and two counts. <!-- c7: higher -->
# Here 2,500 events take days, and more than half of the users have gone within the hour: an hourly retrain is not measured.
# On top of updates, retraining helps. <!-- c8: lower -->
# Both together are the lowest line of the figure, below online factorisation too (second table; before correction, no claim). Update the user first, then retrain.
#
# ## 6. Labels that come late
# Clicks of a week; one in five converts, after four days on average. Which conversion rate explains what is seen today? Your `delayed_feedback_loss`, with the rate of the delay known:

# %% [markdown] lang="zh"
# 重训二十七次、中间不更新，输给两组累加和、两组计数。<!-- c7: higher -->
# 这里 2,500 条事件要好几天，而过半的用户一小时内就走了：每小时重训没有测。
# 在逐条更新之上，重训还有帮助。<!-- c8: lower -->
# 两者都做是图上最低的一条，也低于在线矩阵分解（第二张表；校正前的数，不算结论）。先做逐条更新，再谈重训。
#
# ## 6. 迟到的标签
# 一周的点击，五分之一会转化，平均要等四天。哪个转化率能解释今天看到的？用你的 `delayed_feedback_loss`，延迟的速率已知：

# %%
clicks, tried_rates = 5_000, np.linspace(0.05, 0.4, 36)
will, delay = rng.random(clicks) < 0.2, rng.exponential(4, clicks)
elapsed = rng.uniform(0, 7, clicks)
converted = will & (delay < elapsed)
today = converted, np.where(converted, delay, np.nan), elapsed
logits = np.log(tried_rates / (1 - tried_rates))
share = converted.mean()
naive = -share * np.log(tried_rates) - (1 - share) * np.log(1 - tried_rates)

# %% tags=["exercise"]
with mine("q08") as my:
    same, today = torch.ones(clicks).double(), [torch.as_tensor(t) for t in today]
    rate = same * np.log(1 / 4)
    modelled = np.array([float(my.delayed_feedback_loss(a * same, rate, *today))
                         for a in logits])
    print(f"{tried_rates[naive.argmin()]:.2f} {tried_rates[modelled.argmin()]:.2f}")

# %% tags=["figure"]
curves = {SEEN_NAIVE: naive - naive.min(), TRUE: modelled - modelled.min()}
fig = plots.lines(tried_rates, curves, title=DELAYED, xlabel=RATE, ylabel=LOSS)
plots.show(fig, alt=ALT_DELAYED)

# %% [markdown]
# Waiting clicks counted as no put the rate at the share converted so far, by construction. With the right delay model the estimate comes near the truth. Here its rate was given; where λ is learned too, short windows tell little more than the product $p\lambda$.
#
# **Sparse ids.** Forty of them, each in a fifth of the events, four that matter. Your `ftrl_update` on the squared error, event by event, without L1 and with it: how many weights are not exactly zero?

# %% [markdown] lang="zh"
# 把在等的点击算作负样本，得到的转化率必然就是“到目前为止已转化的比例”。延迟模型正确时，估计接近真值。这里延迟的速率是给定的；若 λ 也要学，窗口短时数据几乎只能定出乘积 $p\lambda$。
#
# **稀疏 id。** 四十个 id，每个出现在五分之一的事件里，其中四个真正有用。用你的 `ftrl_update` 在平方误差上逐条更新，先不加 L1、再加上：有多少权重不是真正的零？

# %% tags=["exercise"]
truth = np.append([2.0, -2.0, 1.0, -1.0], np.zeros(36))
with mine("q08") as my:
    for l1 in (0.0, 30.0):
        z = n = w = np.zeros(40)
        for _ in range(1_500):
            x = (rng.random(40) < 0.2).astype(float)
            gradient = (x @ w - x @ truth - rng.normal()) * x
            w, z, n = my.ftrl_update(z, n, gradient, 0.5, 1.0, l1)
        print(f"L1 {l1:g}: {(w != 0).sum()} {np.round(w[:4], 1)}")

# %% [markdown] tags=["rubric"]
# #### English
# - [2] separates what is fresh per event (the user's state) from shared parameters, with a clock for each
# - [2] evaluates by test-then-train in time order, beside a running mean
# - [2] writes an update with its cost: recursive least squares, or a gradient step and its step size
# - [2] says where meta-learning enters: the prior from which the recursion starts
# - [1] tells drift from a change of who is there, and says when to retrain and how to roll back
# - [1] handles delayed labels without calling the waiting a no
# #### 中文
# - [2] 分清逐条更新的用户状态和共享参数，各有各的时钟
# - [2] 按时间先测后训来评估，旁边放上累计均值
# - [2] 写出一种更新及其代价：递归最小二乘，或一步梯度及其步长
# - [2] 说清元学习在哪里：递归出发的那个先验
# - [1] 分清漂移和“换了一批人”，说明何时重训、怎样回滚
# - [1] 处理延迟标签，不把在等的样本当负样本

# %% [markdown] tags=["pitfalls"]
# #### English
# - **"Fresh parameters are the point."** → Ablate the two sides: here a fresh user did more than fresh items. <!-- c2: lower -->
# - **"We retrain every hour, so we are online."** → A user who came a minute ago is unknown to that model, unless its inputs are fresh.
# - **"The detector rang: retrain."** → Reorder first. In section 4 a change of user was enough to ring it.
# - **"Online learning gains a tenth of a star."** → Over what? Over a static model; over a running mean it is a fraction of that (section 2).
# - **"No conversion yet means no."** → Then the youngest clicks look worst, and the estimate is too low (section 6).
# #### 中文
# - **“关键是参数要新。”** → 把两侧分开消融：这里用户侧的新鲜度比物品侧作用大。<!-- c2: lower -->
# - **“我们每小时重训，所以是在线学习。”** → 一分钟前才来的用户，那个模型还不认识，除非它的输入特征是实时的。
# - **“检测器报警了，赶紧重训。”** → 先换个次序试试。第 4 节里，只是换了人就足以报警。
# - **“在线学习带来十分之一星的收益。”** → 和谁比？那是与不更新的模型比；与累计均值比，只剩一小部分（第 2 节）。
# - **“还没转化就是负样本。”** → 那么越新的点击看起来越差，估计会偏低（第 6 节）。

# %% [markdown] tags=["follow-ups"]
# #### English
# <details><summary>Daily, hourly or by the minute: what would you move first, and how do you know?</summary>
# First features and user state, which need no training: counters, the last actions, a recursive vector. Then sparse embeddings by the minute: Monolith (ByteDance, 2022) synchronises them so and accepts
# some loss on a crash. Dense layers daily. Ablate one at a time on a replayed stream, with the others held.</details>
# <details><summary>Conversions arrive days later. Window, labels, correction?</summary>
# Three ways. Wait: labels are right, the model is old. Count as no and insert the positive when it comes: fresh, biased, so weigh by importance; Alibaba (KDD 2021) also re-ingests true
# negatives. Model the delay: Chapelle 2014. Watch calibration by age of the click.</details>
# <details><summary>FTRL or Adam for sparse ids?</summary>
# FTRL-Proximal keeps two numbers a coordinate, steps by α / (β + √Σg²), and L1 gives exact zeros, so that rare ids take no memory at serving. Dense Adam decays an id's moments at every step and
# moves it without a gradient; lazy Adam keeps last week's. For dense layers Adam; for billions of ids FTRL or row-wise Adagrad.</details>
# <details><summary>Exploration traffic is 2 %. How does it enter an online learner?</summary>
# Log the propensity. Learn from it with the rest, weighed where the policy decides what is seen; judge on it alone, since it is not filtered by the model. Keep its update rate low: few events, large weights.</details>
# <details><summary>Our engineers say: a sequence model reads the latest clicks, so online learning is pointless. Right?</summary>
# Half. Reading the latest clicks makes the user's state fresh without a weight moving, and fresh user state was the larger part here. It does not learn new items or a new mix: their embeddings still age. PinnerFormer (Pinterest, KDD 2022)
# trains for a long horizon so that daily embeddings come close to real-time ones.</details>
# #### 中文
# <details><summary>天级、小时级还是分钟级：先动哪一块，怎么知道该动它？</summary>
# 先动不需要训练的：特征和用户状态，如计数器、最近行为、递归更新的向量。再动稀疏 embedding，分钟级：Monolith（字节跳动，2022）就这样同步，并接受故障时丢一点。dense 层天级。
# 在回放的数据流上逐块消融，其余保持不变。</details>
# <details><summary>转化几天后才到，窗口、标签、校正怎么定？</summary>
# 三条路。等：标签准，模型旧。先当负样本、转化来了再补正样本：新鲜但有偏，要做重要性加权；阿里（KDD 2021）还会回灌真实负样本。对延迟建模（Chapelle，2014）。按点击的“年龄”看校准。</details>
# <details><summary>稀疏 id 用 FTRL 还是 Adam？</summary>
# FTRL-Proximal 每个坐标存两个数，步长 α / (β + √Σg²)，L1 给出真正的零，低频 id 在线上不占内存。稠密的 Adam 每一步都衰减各 id 的矩，没有梯度也会移动它；lazy Adam 留着的是上周的矩。
# dense 层用 Adam；十亿级 id 用 FTRL 或 row-wise Adagrad。</details>
# <details><summary>探索流量占 2%，怎么进入在线学习？</summary>
# 记录展示概率。与其余样本一起学，在“看到什么由策略决定”的地方加权；评估只看它，因为它没被模型筛过。更新步长要小：样本少、权重大。</details>
# <details><summary>工程同学说：序列模型会读最近的点击，在线学习没意义。对吗？</summary>
# 对一半。读最近的点击，不动一个权重就让用户状态变新鲜，而本课里用户侧的新鲜度正是更大的一部分。但它学不到新物品和新的分布，embedding 照样会旧。PinnerFormer（Pinterest，KDD 2022）按长时间跨度训练，
# 让天级的向量接近实时的。</details>

# %% [markdown] tags=["exercise"]
# ## Your turn
# Write three functions in [`exercises/q08_online_learning.py`](../exercises/q08_online_learning.py), about 26 minutes:
#
# - `rls_update`: one rating, exactly.
# - `ftrl_update`: a rate for each coordinate, and exact zeros.
# - `delayed_feedback_loss`: what has not converted yet may still.
#
# Then run the cell below. Stuck? In the cell after it, take the `#` away and run: each run gives the next of three hints.

# %% [markdown] lang="zh"
# ## 动手
# 在 [`exercises/q08_online_learning.py`](../exercises/q08_online_learning.py) 里写三个函数，大约 26 分钟：
#
# - `rls_update`：一条评分，精确更新。
# - `ftrl_update`：每个坐标各有步长，还有真正的零。
# - `delayed_feedback_loss`：还没转化的，以后可能会转化。
#
# 写完运行下面的单元格。卡住了？把再下面那个单元格里的 `#` 去掉再运行：每运行一次给出下一条提示，共三条。

# %% tags=["exercise"]
from metarec_lib import check, what_was_measured

check("q08")

# %% tags=["exercise"]
# from metarec_lib import hint; hint("q08", "rls_update")

# %% tags=["measured"]
what_was_measured()

# %% [markdown] tags=["references"]
# **Read first · 先读：** McMahan et al. (2013), *Ad Click Prediction: a View from the Trenches*, KDD: FTRL-Proximal in production.
#
# - Gama, Sebastião & Rodrigues (2013), *On evaluating stream learning algorithms*, Machine Learning.
# - Vinagre, Jorge & Gama (2014), *Fast Incremental Matrix Factorization for Recommendation with Positive-Only Feedback*, UMAP.
# - Bifet & Gavaldà (2007), *Learning from Time-Changing Data with Adaptive Windowing*, SDM: ADWIN.
# - Chapelle (2014), *Modeling Delayed Feedback in Display Advertising*, KDD.
# - Liu et al. (2022), [*Monolith: Real Time Recommendation System With Collisionless Embedding Table*](https://arxiv.org/abs/2209.07663), arXiv.
# - Gu et al. (2021), *Real Negatives Matter: Continuous Training with Real Negatives for Delayed Feedback Modeling*, KDD.
# - Pancha et al. (2022), [*PinnerFormer: Sequence Modeling for User Representation at Pinterest*](https://arxiv.org/abs/2205.04507), KDD.
