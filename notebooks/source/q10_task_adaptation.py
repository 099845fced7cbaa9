# %% [markdown]
# # q10 · What is task adaptation?
#
# What may differ from user to user, how far it should move, and which ratings still count when a taste changes.

# %% [markdown] lang="zh"
# # q10 · 什么是元学习中的任务自适应？
#
# 用户之间允许哪些东西不同，该移动多远，口味变了以后哪些评分还算数。

# %% [markdown] tags=["question"]
# #### English
# What is task adaptation, and what can adapt: features, context, head, all weights, structure? How many steps? And a user whose taste changed
# yesterday: what do you forget?
# #### 中文
# 什么是任务自适应？哪些东西可以适应：特征、上下文、预测头、全部参数、网络结构？要走多少步？一个用户昨天口味变了，该忘掉什么？
#
# level: senior · minutes: 3 · needs: q01, q07 · topics: adaptation, ANIL, CAVIA, POSO, drift

# %% [markdown] tags=["answer-short"]
# #### English
# Task adaptation makes a shared model this user's, from a few of their ratings. What adapts may be all weights, the head, a context vector,
# or the structure, by gates. A few numbers suffice: adapting only the head differs from adapting every layer by less than the margin, <!-- c1: small -->
# and an exact solve for nine numbers is a little ahead of the head's steps. <!-- c2: lower -->
# Then I ask which ratings still count. On spliced users a change-point model beats using everything; <!-- c3: lower -->
# where nothing changed it costs accuracy, <!-- c5: higher -->
# and on MovieLens users in real time order, most of whom rated on few days, it gains nothing that matters. <!-- c8: equal -->
# So measure drift, then forget.
# #### 中文
# 任务自适应，就是用一个用户的少量评分，把共享模型变成他的模型。可以适应的有：全部参数、只有预测头、一个上下文向量，或者用门控改变结构。要动的数很少：
# 只适应预测头，与适应所有层的差别小于等效界值；<!-- c1: small -->
# 对九个数做精确求解，比预测头走几步略好。<!-- c2: lower -->
# 接下来要问哪些评分还算数。在拼接出来的用户上，变点模型胜过使用全部评分；<!-- c3: lower -->
# 口味没变，它就要付出精度的代价；<!-- c5: higher -->
# 在按真实时间排列的 MovieLens 用户上（多数人只在寥寥几天里评过分），它与使用全部评分在等效界值内持平。<!-- c8: equal -->
# 所以先测漂移，再谈遗忘。

# %% [markdown] tags=["answer-full"]
# **What adapts.** *All weights*: MAML takes a few gradient steps on the user's support. *The head*: ANIL moves only the last layer; MeLU the
# decision layers; a closed-form head solves them exactly. *Context*: CAVIA moves a small input vector and leaves the weights alone. *Memory*: MAMO
# keeps memories from which a user's initial weights are made. *The step*: PAML learns rates that depend on the user. *Structure*: POSO gates sub-modules
# by features such as activity; APG generates weights. *Input*: a sequence model reads the history.
#
# In production the last two dominate: no backward pass when serving and no weights to store per user. A gate and a solve do not replace each other. A gate acts before any
# rating; a solve uses this user's own labels and gives an uncertainty.
#
# **How many numbers.** On ML-100K the head alone and all layers differ by less than the margin. <!-- c1: small -->
# Nine numbers, solved exactly under a learned prior, are a little ahead of ANIL's steps. <!-- c2: lower -->
# They also come with other features and another prior: which of these matters was not measured.
#
# **How far.** For a linear head (q01), $t$ steps of rate $\alpha$ on the mean squared loss go, along an eigenvector of $X^\top X / K$ with eigenvalue $\lambda$, the part
#
# $$1 - (1 - \alpha\lambda)^t$$
#
# of the way to the least-squares solution. Ridge goes $\lambda / (\lambda + \kappa)$, where a fixed prior has $\kappa \propto 1 / K$. So the number of steps is a prior
# strength, and the right one grows with K. With few ratings, stop early.
#
# **When to forget.** Three tools: a window; weights that halve with age; a change-point model, which compares the evidence of one taste with that of two
# and averages. On spliced users, forty ratings of one and five of another, the change point beats using all, and so does plain decay. <!-- c3: lower, c4: lower -->
# The change point costs accuracy if the taste never changed, <!-- c5: higher -->
# so it pays only if enough users change: section 3 prints the share.
#
# **Real drift.** In real time order, decay helps a little, though on fresh seeds not clearly, <!-- c6: lower -->
# and is better than the same decay after a shuffle. <!-- c7: lower -->
# So order carries something, within the margin. The change point, ahead on splices, gains nothing that matters here. <!-- c8: equal -->
# Measure this on your own log before you build streams for it.

# %% [markdown] tags=["zh"]
# **适应什么。** *全部参数*：MAML 在用户的支持集上走几步梯度。*预测头*：ANIL 只动最后一层，MeLU 只动决策层，闭式解预测头直接精确求解。*上下文*：CAVIA 只动一个
# 小的输入向量，参数不变。*记忆*：MAMO 保存若干记忆，用来生成用户的初始化参数。*步长*：PAML 学随用户而变的学习率。*结构*：POSO 用活跃度之类的特征做门控，选子模块；
# APG 直接生成参数。*输入*：序列模型读入历史。
#
# 线上主要用最后两类：推理时没有反向传播，也不必为每个用户存一份参数。门控和求解不能互相替代：门控在没有任何评分时就起作用；求解用的是这个用户自己的标签，还能给出不确定性。
#
# **动多少个数。** 在 ML-100K 上，只动预测头，与动所有层的差别小于等效界值。<!-- c1: small -->
# 九个数，在学到的先验下精确求解，比 ANIL 走几步略好。<!-- c2: lower -->
# 但特征和先验也不同，是哪一样起作用，没有测。
#
# **走多远。** 对线性头（q01），损失取平方误差的平均，学习率 $\alpha$ 走 $t$ 步，沿 $X^\top X / K$ 的某个特征方向（特征值 $\lambda$），走完到最小二乘解这段路的
#
# $$1 - (1 - \alpha\lambda)^t$$
#
# 岭回归走的是 $\lambda / (\lambda + \kappa)$，先验固定时 $\kappa \propto 1 / K$。所以步数就是先验强度，合适的步数随 K 增大；评分少时，早点停。
#
# **何时遗忘。** 三种工具：窗口；每过一个半衰期减半的权重；变点模型——比较“一种口味”和“两种口味”的证据，再加权平均。把两个用户拼接起来（一人四十条，另一人 K 条），
# 新评分有五条时，变点模型胜过使用全部评分，简单的衰减也一样。<!-- c3: lower, c4: lower -->
# 口味从未变化时，变点模型要付出精度的代价，<!-- c5: higher -->
# 所以变了口味的用户足够多才划算：第 3 节打印出这个比例。
#
# **真实的漂移。** 按真实时间次序，衰减略有帮助，换一批种子重跑则不够明显；<!-- c6: lower -->
# 也好于打乱次序后的同样衰减。<!-- c7: lower -->
# 可见次序里有信息，但小于等效界值。变点模型在拼接用户上领先，在这里则与使用全部评分持平。<!-- c8: equal -->
# 先在自己的日志上测过，再决定要不要为它搭一套流式系统。

# %% [markdown]
# ## 1. What adapts?
# Four learners that start from the same item vectors, below the shrunken bias. What differs is which numbers belong to a user. The figures are those of
# the leaderboard's study: new users, random supports, five seeds.

# %% [markdown] lang="zh"
# ## 1. 适应什么？
# 四个学习器从同样的物品向量出发，第一行是收缩偏置。不同的是哪些数属于用户。数字取自排行榜的研究：新用户，随机支持集，五个种子。

# %%
import torch
from metarec_lib import ANIL, ChangePointSupport, MetaLearningModel, PaddedRatings
from metarec_lib import claim, evaluate_tasks, load_movielens, load_study, make_tasks
from metarec_lib import mine, plots, seed, split_users
from metarec_lib.workbook.core import glossary, pick

SEED = seed()
board, study, data = load_study("leaderboard"), load_study("q10"), load_movielens()
learning, tuning, judging = split_users(data, seed=SEED, min_ratings=70)


def text(name):
    return pick(TEXTS[name])  # in the reader's language


def labels(title, x, y):
    return {"title": text(title), "xlabel": text(x), "ylabel": text(y)}


# %% tags=["figure"]
TEXTS = {
    "numbers": ("numbers a user", "每用户的数"),
    "rmse": ("RMSE (stars)", "RMSE（星）"),
    "steps": ("Steps of the head on a user's ratings", "预测头在用户评分上走的步数"),
    "taken": ("inner steps (log scale)", "内层步数（对数坐标）"),
    "alt steps": (
        "RMSE over the number of inner steps for one, five and twenty ratings. With one rating and with five the error rises from one step "
        "on; with twenty it falls first, and rises later.",
        "一条、五条、二十条评分时，RMSE 随内层步数变化：一条和五条评分时，走过一步之后就一路上升；二十条时先降后升。",
    ),
    "same": ("your steps_as_ridge agrees with ANIL's loop", "你的 steps_as_ridge 与 ANIL 的循环一致"),
    "begin": ("Where do the ratings that count begin?", "有效的评分从哪里开始？"),
    "place": (
        "rating, the oldest first; the splice is before number 41",
        "第几条评分（最早在前）；拼接处在第 41 条之前",
    ),
    "chance": ("probability", "概率"),
    "alt begin": (
        "Probability over the ratings of one spliced user: the first is that of no change, the others say where a new taste may begin.",
        "一个拼接用户的概率随评分位置变化：第一条是“没有变化”的概率，其余是新口味可能开始的位置。",
    ),
    "mean": ("The same, mean over all judging users, 20 new ratings", "同上，对全部评估用户取平均，20 条新评分"),
    "alt mean": (
        "Mean probability over ratings 2 to 60. For spliced users it peaks at rating 41; for users whose taste did not change it is flat.",
        "第 2 至第 60 条评分上的平均概率：拼接用户在第 41 条处出现峰值，口味没变的用户则是平的。",
    ),
    "changed": ("taste changed", "口味变了"),
    "unchanged": ("taste unchanged", "口味没变"),
    "spliced": ("Forty old ratings of another user, K new ones", "另一个用户的四十条旧评分，加 K 条新评分"),
    "K": ("K, new ratings", "K：新评分数"),
    "alt spliced": (
        "RMSE over the number of new ratings. Using all ratings is worst; decay and change point lie between it and the oracle that knows "
        "the splice; the window joins them at twenty.",
        "RMSE 随新评分数变化：用全部评分最差；衰减和变点模型介于它与已知拼接点的理想情形之间；窗口到二十条时才赶上它们。",
    ),
    "pays": (
        "the change point pays if more than this share of users changed",
        "变了口味的用户超过这个比例，变点模型才划算",
    ),
    "found": (
        "by your change_point_posterior the change is at rating",
        "按你的 change_point_posterior，变化出现在第几条",
    ),
    "newest": ("by your decayed_weights the newest ratings count", "按你的 decayed_weights，最近几条的权重"),
    "measured": ("measured", "实测"),
    "expected": ("expected without drift", "无漂移时的预期"),
    "days": ("days with a rating, median of the judging users", "有评分的天数，评估用户的中位数"),
}

# %%
known = data.subset(data.ratings["user_id"].isin(learning).to_numpy())
anil = ANIL(epochs=6, seed=SEED).fit(known)
inputs, hidden = anil.params_["w0"].shape
size = {"BaselineRecommender": 1, "MAML": (inputs + 2) * hidden + 1,
        "ANIL": hidden + 1, "CAVIA": 16, "MetaLearningModel": 9}
means = board.table(list(size), by="k", order="random")[["K = 1", "K = 5", "K = 20"]]
means.insert(0, text("numbers"), [f"{n:,}" for n in size.values()])
plots.table(means.rename(index=glossary.say))

# %% tags=["claim"]
head_only = board.compare("ANIL", "MAML", k=5, order="random")
claim("RMSE", "ANIL", "MAML", head_only)

# %% tags=["claim"]
exact = board.compare("MetaLearningModel", "ANIL", k=5, order="random")
claim("RMSE", "closed-form head", "ANIL", exact)

# %% [markdown]
# Moving the head alone instead of every layer changes the error by less than the margin. <!-- c1: small -->
# The closed-form head is a little ahead of ANIL, with the fewest numbers; <!-- c2: lower -->
# it differs from ANIL in prior, solve and the network before the head, and which of these matters was not measured here. All four run at the library's settings (q07).
# In the table the shrunken bias, a single number, is level with the three gradient learners at one rating, and behind them at five and twenty.
#
# ANIL's inner loop for one user, by hand. The step is K-aware, as in q01.

# %% [markdown] lang="zh"
# 只动预测头而不动所有层，误差的变化小于等效界值。<!-- c1: small -->
# 闭式解预测头用的数最少，比 ANIL 略好；<!-- c2: lower -->
# 它与 ANIL 在先验、求解和预测头之前的网络上都不同，哪一样起作用，这里没有测。四者都用库的默认设置（q07）。
# 从表里看，收缩偏置只用一个数：一条评分时与三个梯度学习器持平，五条和二十条时落后。
#
# 亲手写一个用户的 ANIL 内循环。步长随 K 调整，与 q01 一样。

# %% tags=["from-scratch"]
support = make_tasks(data, judging, k=5, pool=20, seed=SEED).support
bias, h = anil.inputs(support)  # what the frozen layers say of the items: (B, 5, H)
y = (support.values - bias) / anil.spread_
w, b = anil.params_["w1"][:, 0], anil.params_["b1"][0, 0]
rate = anil.inner_lr / (5 + anil.shrinkage)
for _ in range(anil.inner_steps):
    off = h[0] @ w + b - y[0]  # the first user
    w, b = w - rate * 2 * h[0].T @ off, b - rate * 2 * off.sum()
print("agrees:", torch.allclose(w, anil.adapt(support)["w0"][0, :, 0], atol=1e-8))

# %% [markdown] tags=["expect"]
# ## 2. How many steps?
# **What do you expect?** Let the trained head take 1 to 100 steps on a user's ratings. Is the best number larger with one rating or with twenty?

# %% [markdown] lang="zh"
# ## 2. 走多少步？
# **你猜结果如何？** 让训练好的预测头在用户的评分上走 1 到 100 步。最合适的步数，是一条评分时大，还是二十条时大？

# %%
counts, curves = (1, 3, 10, 30, 100), {}
for k in (1, 5, 20):
    tasks, errors = make_tasks(data, judging, k=k, pool=20, seed=SEED), []
    for steps in counts:
        anil.set_params(inner_steps=steps)
        errors.append(evaluate_tasks(anil, tasks, ("rmse",))["rmse"].mean())
    curves[f"K = {k}"] = errors
anil.set_params(inner_steps=3)
fig = plots.lines(counts, curves, **labels("steps", "taken", "rmse"), log_x=True)
plots.show(fig, alt=text("alt steps"))

# %% [markdown]
# Many steps leave the learned start for the user's few ratings. The network was meta-trained for three steps; with one rating or five, one step looks
# better. The figure says what stopping does to this network, not what the best network for 100 steps would do. Because the head is linear, no loop is needed: the eigenvalues of the support give any
# number of steps at once. Your `steps_as_ridge` on the user above:

# %% [markdown] lang="zh"
# 步数多了，就离开学到的初始化参数，去迁就用户那几条评分。这个网络是按三步做元训练的；一条或五条评分时，只走一步看起来更好。
# 图里说的是这个网络该何时停，不是“专为 100 步训练的网络”会怎样。
# 预测头是线性的，所以不需要循环：由支持集的特征值可以一次算出任意步数。把你写的 `steps_as_ridge` 用在上面那个用户身上：

# %% tags=["exercise"]
with mine("q10") as my:
    x = torch.cat([h[0], h.new_ones(5, 1)], dim=1)
    start = torch.cat([anil.params_["w1"][:, 0], anil.params_["b1"][0]])
    parts = x.cpu(), y[0].cpu(), start.cpu()
    there = my.steps_as_ridge(*parts, 2 * 5 * rate, anil.inner_steps)
    print(f"{text('same')}: {torch.allclose(there[:-1], w.cpu(), atol=1e-8)}")

# %% [markdown]
# ## 3. A taste that changes
# A real change of taste cannot be dated. So splice: forty ratings of one user, then K of another, who judges. This is semi-synthetic, and a harder change
# than most. `ChangePointSupport` weighs every place at which the ratings that count may begin, by the evidence of one taste before it and
# another from it on. Move the slider: how many new ratings does it take to notice?

# %% [markdown] lang="zh"
# ## 3. 口味变了
# 真实的口味变化没有日期。所以用拼接：先是一个用户的四十条评分，接着是另一个用户的 K 条，由后者来评估。这是半合成数据，变化比多数真实情形更剧烈。
# `ChangePointSupport` 考虑有效评分可能开始的每个位置，依据是“之前一种口味、之后另一种口味”的证据。移动滑块：要多少条新评分才看得出来？

# %%
head = MetaLearningModel(seed=SEED).fit(known)
pool = make_tasks(data, judging, k=20, seed=SEED)


def spliced(k, lender):
    new, old = pool.support.first(k), pool.query.first(40).select(lender)
    names = ("items", "values", "mask")
    sides = [(getattr(old, n), getattr(new, n)) for n in names]
    return PaddedRatings(new.users, *(torch.cat(side, dim=1) for side in sides))


others = torch.arange(len(judging)).roll(1)


# %% tags=["play", "nbval-ignore-output"]
def beginning(new_ratings=10, user=16, change=0.5):
    support = spliced(new_ratings, others).select(slice(user, user + 1))
    found = ChangePointSupport(head, change).begins(support)[0].cpu()
    place = range(1, len(found) + 1)
    named = labels("begin", "place", "chance")
    return plots.lines(place, {"": found}, **named, xticks=(1, 10, 20, 30, 41))


sliders = {"new_ratings": (1, 20), "user": (0, 50), "change": (0.1, 0.9, 0.1)}
plots.play(beginning, **sliders, alt=text("alt begin"))

# %% [markdown]
# The first user shown was picked as a clear case; try others: many are less clear. Over all judging users the mean tells more; the first rating, "no change", is left out of the picture.

# %% [markdown] lang="zh"
# 一开始显示的用户是特意挑的清楚例子，换几个看看，很多没这么清楚。对全部评估用户取平均，看得更清楚；第一条（“没有变化”）不画在图里。

# %% tags=["figure"]
who = {"changed": others, "unchanged": torch.arange(len(judging))}
detect = ChangePointSupport(head, 0.5)
mass = {text(n): detect.begins(spliced(20, rows)).mean(0)[1:].cpu()
        for n, rows in who.items()}
named = labels("mean", "place", "chance")
ticks = (2, 10, 20, 30, 41, 50, 60)
fig = plots.lines(range(2, 61), mass, **named, xticks=ticks)
plots.show(fig, alt=text("alt mean"))

# %% [markdown]
# Does it pay? In the study every way has one setting, chosen on tuning users over as many spliced supports as unspliced ones: no way is told who
# changed. "New ratings only" knows the splice. Decay counts its half-life in ratings.

# %% [markdown] lang="zh"
# 划算吗？研究里每种方法只有一个设置，在调参用户身上选，拼接与未拼接的支持集各占一半：没有方法被告知谁变了。“只用变化后的评分”则知道拼接点。
# 衰减的半衰期以评分条数计。

# %% tags=["figure"]
fresh = (1, 5, 20)
ways = ("all ratings", "last ratings", "decayed support", "change point",
        "new ratings only")
curve = {glossary.say(m): [study.mean(m, k=k, taste="changed") for k in fresh]
         for m in ways}
fig = plots.lines(fresh, curve, **labels("spliced", "K", "rmse"), xticks=fresh)
plots.show(fig, alt=text("alt spliced"))

# %% tags=["claim"]
won = study.compare("change point", "all ratings", k=5, taste="changed")
claim("RMSE", "change point", "all ratings", won, headline=True)

# %% tags=["claim"]
fading = study.compare("decayed support", "all ratings", k=5, taste="changed")
claim("RMSE", "decayed support", "all ratings", fading)

# %% tags=["claim"]
cost = study.compare("change point", "all ratings", k=5, taste="unchanged")
claim("RMSE", "change point", "all ratings", cost)

# %%
five = study.rows[study.rows.k == 5].groupby(["model", "taste", "unit"])["value"]
bill = five.mean().groupby(["model", "taste"]).mean().unstack().loc[list(ways)]
columns = {taste: text(taste) for taste in bill.columns}
plots.table(bill.rename(columns=columns, index=glossary.say))
print(f"{text('pays')}: {cost.mean / (cost.mean - won.mean):.0%}")

# %% [markdown]
# At five new ratings the change-point model makes up most of the distance from all ratings to the new ones only, <!-- c3: lower -->
# and decay, one line of code, does so too. <!-- c4: lower -->
# Neither wins: in the figure decay is ahead at one new rating and the change point at five, and that gap did not come back on ten fresh seeds. The bill comes where nothing changed: good ratings are
# doubted. <!-- c5: higher -->
# In the table decay and the window pay it as well. The printed share is that of a change as hard as a splice; after a softer one the gain should be smaller.
# Two settings deserve suspicion: the change point took the largest probability that was offered, and the window is twenty long, so at K = 20 it happens to
# fit the splice.
#
# The idea in one dimension is your `change_point_posterior`. A user gave high marks, then low ones:

# %% [markdown] lang="zh"
# 有五条新评分时，变点模型把“全部评分”到“只用变化后的评分”的差距补回了大半，<!-- c3: lower -->
# 衰减只要一行代码，也做到了。<!-- c4: lower -->
# 两者不分胜负：图中只有一条新评分时衰减领先，五条时变点模型领先，而后一个差距换十个新种子后没有再现。代价出现在口味没变的用户身上：好好的评分也受到怀疑。<!-- c5: higher -->
# 从表里看，衰减和窗口也付出了这份代价。打印的比例对应“像拼接一样剧烈”的变化；变化温和时，收益想必更小。
# 有两个设置要留心：变点模型选中了候选里最大的变化概率；窗口长二十条，所以 K = 20 时恰好与拼接点对齐。
#
# 一维的情形就是你写的 `change_point_posterior`。某用户先打高分，后打低分：

# %% tags=["exercise"]
with mine("q10") as my:
    stars = torch.tensor([5.0, 4.0, 5.0, 5.0, 4.0, 2.0, 1.0, 2.0]).double().numpy()
    found = my.change_point_posterior(stars, 3.5, 0.5, 0.8, 0.5)
    print(f"{text('found')} {found.argmax() + 1} ({found.max():.2f})")

# %% [markdown] tags=["expect"]
# ## 4. And real users?
# The last fifth of each judging user's ratings, in time, is the query. All have seventy ratings or more; the model learned from other users' ratings of
# every date. **What do you expect?** Are the newest twenty ratings before it a better
# support than twenty at random?

# %% [markdown] lang="zh"
# ## 4. 真实用户呢？
# 把每个评估用户按时间排在最后五分之一的评分当作查询集。这些用户都有七十条以上的评分；模型从其他用户各个时期的评分中学习。**你猜结果如何？** 用查询集之前最近的二十条作支持集，会比随机的二十条好吗？

# %%
rows = ["all ratings", "the newest twenty", "twenty at random"]
part = study.rows[study.rows.taste == "in time"]
seen = data.ratings.assign(day=data.ratings["timestamp"] // 86_400)
seen = seen.groupby("user_id")["day"].nunique()[judging]
means = part.groupby(["model", "metric", "unit"])["value"].mean()
table = means.groupby(["model", "metric"]).mean().unstack("metric").loc[rows]
columns = {"rmse": text("measured"), "expected rmse": text("expected")}
plots.table(table[list(columns)].rename(columns=columns, index=glossary.say))
print(f"{text('days')}: {seen.median():.0f}")

# %% [markdown]
# The second column is the error that the model itself expects, from its posterior variance, if nothing drifts. It expects no difference between the two
# twenties: the films are equally informative. In the first column the newest look a little better. If that is real, something moves with time: taste, mood
# or the use of the scale. All ratings look better than either, but gain less than the model expects: drift would explain that, and so would a wrong noise
# model. Is decay worth it? And if the order is destroyed first?

# %% [markdown] lang="zh"
# 第二列是模型自己预期的误差：由后验方差算出，假定没有漂移。它预期两种“二十条”没有差别，即影片的信息量相同。第一列里最近的二十条看起来略好。如果属实，
# 就有东西随时间变化：口味、心情，或打分尺度。全部评分看起来比两者都好，但好处不如模型预期的大：可能是漂移，也可能是噪声模型不准。衰减值得吗？如果先打乱次序呢？

# %% tags=["claim"]
recent = study.compare("decayed support", "all ratings", taste="in time")
claim("RMSE", "decayed support", "all ratings", recent)

# %% tags=["claim"]
order = study.compare("decayed support", "decayed in random order", taste="in time")
claim("RMSE", "decayed support", "decayed in random order", order)

# %% tags=["claim"]
real = study.compare("change point", "all ratings", taste="in time")
claim("RMSE", "change point", "all ratings", real)

# %% [markdown]
# Decay helps a little, and barely clearly, <!-- c6: lower -->
# and in the true order it is better than after a shuffle. <!-- c7: lower -->
# On ten fresh seeds decay gained as much, .0036, but not clearly after correction; all other claims held, or stayed inside the margin.
# It took the longest half-life that was offered, 80 ratings. The change point, tuned anew, equals using all ratings within the margin: <!-- c8: equal -->
# the winner on splices gains nothing here.
#
# MovieLens stamps the entry of a rating, and the printed line says on how few days half of these users rated. So an old rating is here often only hours old, part of this
# may be the mood of an evening, and the null says little about a log of years.
#
# Your `decayed_weights` on the first judging user, with a half-life of 30 days, asked an hour after the last rating:

# %% [markdown] lang="zh"
# 衰减略有帮助，区间只是勉强不含零，<!-- c6: lower -->
# 用真实的次序，也好于先打乱再衰减。<!-- c7: lower -->
# 换十个新种子，衰减的收益差不多，为 .0036，但经校正后不显著；其余结论都再次成立，或仍在等效界值之内。
# 它选中了候选里最长的半衰期：80 条评分。变点模型重新调过参，与使用全部评分的差别在等效界值之内：<!-- c8: equal -->
# 拼接数据上的赢家，在这里没有带来好处。
#
# MovieLens 的时间戳是录入评分的时刻，而上面打印的天数说明，半数用户只在很少几天里评过分。所以这里的“旧评分”往往只早几个小时，其中一部分也许只是当晚的心情；
# 这个“没有差别”，推不到一份跨越数年的日志上。
#
# 把你写的 `decayed_weights` 用在第一个评估用户身上：半衰期 30 天，在最后一条评分一小时之后来看：

# %% tags=["exercise"]
with mine("q10") as my:
    days = pool.support.times[0].cpu().double().numpy() / 86_400
    weights = my.decayed_weights(days, days.max() + 1 / 24, 30.0)
    print(f"{text('newest')}: {sorted(weights.round(2).tolist())[-3:]}")

# %% [markdown] tags=["rubric"]
# #### English
# - [2] lists what can adapt: weights, head, context, memory, structure by gates, input; and an example of each of three
# - [2] knows that few numbers suffice, and that a linear head is solved exactly or by few steps
# - [2] sees the number of steps as prior strength: 1 − (1 − αλ)^t against λ / (λ + κ)
# - [2] chooses between gates and per-user labels, and says why production rarely takes gradient steps
# - [1] names window, decay and change point, and what forgetting costs where nothing changed
# - [1] measures drift before acting on it
# #### 中文
# - [2] 列出可以适应的东西：参数、预测头、上下文、记忆、门控结构、输入；至少三种各举一例
# - [2] 知道动很少的数就够，线性头可以精确求解或只走几步
# - [2] 认识到步数就是先验强度：1 − (1 − αλ)^t 对 λ / (λ + κ)
# - [2] 能在门控与利用用户自身标签之间取舍，并说明线上为何很少走梯度步
# - [1] 说出窗口、衰减、变点三种工具，以及没有变化时遗忘的代价
# - [1] 先测漂移，再采取行动

# %% [markdown] tags=["pitfalls"]
# #### English
# - **"Adapting means gradient steps per user."** → Production mostly adapts by inputs, gates or generated vectors; and a linear head has an exact solve.
# - **"More steps adapt better."** → They weaken the prior. With one rating or five, the error in section 2 rises from one step on.
# - **"Adapt all layers, the head alone is too little."** → Section 1: the difference is inside the margin. <!-- c1: small -->
# - **"The newest ratings are the best."** → Only as far as drift is seen: here little is gained by decay. <!-- c6: lower -->
# - **"The change-point model won, ship it."** → It won on splices; on MovieLens users it equals using all ratings. <!-- c8: equal -->
# - **"Forgetting is safe."** → Where taste had not changed, doubting old ratings cost accuracy. <!-- c5: higher -->
# #### 中文
# - **“适应就是给每个用户走几步梯度。”** → 线上多靠输入、门控或生成的向量来适应；线性头还可以精确求解。
# - **“步数越多适应得越好。”** → 步数越多先验越弱。第 2 节里，一条或五条评分时，走过一步之后误差就一路上升。
# - **“要适应所有层，只动预测头不够。”** → 见第 1 节：差别小于等效界值。<!-- c1: small -->
# - **“最新的评分最有用。”** → 要看漂移有多大：这里衰减只带来很小的好处。<!-- c6: lower -->
# - **“变点模型赢了，上线吧。”** → 它赢在拼接数据上；在 MovieLens 用户上与使用全部评分持平。<!-- c8: equal -->
# - **“忘掉旧的总没坏处。”** → 口味没变时，怀疑旧评分要付出精度的代价。<!-- c5: higher -->

# %% [markdown] tags=["follow-ups"]
# #### English
# <details><summary>POSO or meta-learning, for new users who drown among the heavy ones?</summary>
# Ask what is missing. If new users behave differently and the shared weights are fitted to heavy ones, it is structure: POSO mixes copies of
# sub-modules by a gate that reads features such as activity. One forward pass, no state per user, trained on the pooled log. Kuaishou reports
# +7.75 % watch time of new users. If what is missing is this user's taste, a gate cannot know it: that takes the user's own labels, by an exact solve, a few
# steps, or a sequence encoder. At zero events only the gate acts; with every label the solve has more to say. They combine. This lesson measured no gate.</details>
# <details><summary>The taste changed yesterday. What adapts first?</summary>
# Input first: real-time behaviour reaches a sequence model in seconds. Then the user's vector, solved anew on ratings that a change point or decay
# weighs. Then shared weights, with the next training. Long-term interest must survive it: ByteDance's Trinity (KDD 2024) keeps histograms of long-term clusters
# against interest amnesia. Use times before the request only.</details>
# <details><summary>One LoRA per user, for 10⁸ users: how many bytes, what latency?</summary>
# Rank 8 on four 64 × 64 matrices is 4 · 2 · 8 · 64 = 4,096 numbers, 8 kB in half precision: 0.8 TB for 10⁸ users. In a 7B language model, rank 8 on
# queries and values is 8.4 MB a user: 840 TB. Every request loads its own, and a batch of many users needs kernels made for it (S-LoRA). All are stale when the base is retrained. Per-Pcs shares pieces of adapters; a vector of nine numbers solved on the fly is
# 18 bytes, or none if the ratings are kept.</details>
# <details><summary>We have clicks and a sequence model that adapts in context. Why anything else?</summary>
# It is task adaptation already, by input; keep it. Add a solve where it is weak: users with three events, ids too new for its table, or where an
# uncertainty drives exploration. For clicks the head becomes a Bayesian logistic regression, a few Newton steps. Change points carry over: compare the
# evidence of one rate of clicks with that of two.</details>
# #### 中文
# <details><summary>新用户被重度用户淹没，用 POSO 还是元学习？</summary>
# 先问缺的是什么。如果新用户的行为模式不同，而共享参数主要拟合了重度用户，缺的是结构：POSO 把子模块复制几份，由读取活跃度等特征的门控来混合。一次前向，不为用户存状态，
# 在混合日志上训练。快手报告新用户观看时长 +7.75%。如果缺的是这个用户的口味，门控无从知道：要靠他自己的标签——精确求解、走几步梯度，或者序列编码器。零行为时只有门控
# 起作用；标签每多一条，求解就多一分依据。两者可以叠加。本课没有测门控。</details>
# <details><summary>用户口味昨天变了，先动什么？</summary>
# 先动输入：实时行为几秒内就能进入序列模型。再动用户向量：用变点或衰减加权后的评分重新求解。最后才是共享参数，等下一次训练。长期兴趣不能丢：字节的 Trinity（KDD 2024）
# 用长期兴趣簇的直方图对抗“兴趣遗忘”。只用请求时刻之前的数据。</details>
# <details><summary>10⁸ 个用户，每人一个 LoRA：多少字节，延迟如何？</summary>
# 四个 64 × 64 的矩阵，秩 8：4 · 2 · 8 · 64 = 4,096 个数，半精度 8 kB；10⁸ 个用户就是 0.8 TB。7B 语言模型里，只在 q、v 上加秩 8 的 LoRA，每人 8.4 MB，
# 合计 840 TB。每个请求都要加载自己的一份，不同用户拼成一个批次还要专门的算子（S-LoRA）。基座一重训，全部过期。
# Per-Pcs 让用户共享适配器的片段；现场求解的九个数只有 18 字节，保存评分的话连这都不用存。</details>
# <details><summary>我们有点击，序列模型也能在上下文里适应，还要别的吗？</summary>
# 它本身就是任务自适应，靠的是输入，应当保留。在它薄弱的地方加一个求解：只有三个行为的用户、对它的表来说太新的 id、需要用不确定性做探索的场合。点击数据下，预测头变成
# 贝叶斯逻辑回归，走几步牛顿法。变点同样适用：比较“一个点击率”和“两个点击率”的证据。</details>

# %% [markdown] tags=["exercise"]
# ## Your turn
# Write three functions in [`exercises/q10_task_adaptation.py`](../exercises/q10_task_adaptation.py), about 30 minutes:
#
# - `steps_as_ridge`: any number of gradient steps at once.
# - `decayed_weights`: old ratings fade, future ones do not exist.
# - `change_point_posterior`: where the ratings that count begin.
#
# Then run the cell below. Stuck? In the cell after it, take the `#` away and run: each run gives the next of three hints.

# %% [markdown] lang="zh"
# ## 动手
# 在 [`exercises/q10_task_adaptation.py`](../exercises/q10_task_adaptation.py) 里写三个函数，大约 30 分钟：
#
# - `steps_as_ridge`：一次算出任意多步梯度的结果。
# - `decayed_weights`：旧评分逐渐变轻，未来的评分不存在。
# - `change_point_posterior`：有效的评分从哪里开始。
#
# 写完运行下面的单元格。卡住了？把再下面那个单元格里的 `#` 去掉再运行：每运行一次给出下一条提示，共三条。

# %% tags=["exercise"]
from metarec_lib import check, what_was_measured

check("q10")

# %% tags=["exercise"]
# from metarec_lib import hint; hint("q10", "steps_as_ridge")

# %% tags=["measured"]
what_was_measured()

# %% [markdown] tags=["references"]
# **Read first · 先读：** Raghu, Raghu, Bengio & Vinyals (2020), [*Rapid Learning or Feature Reuse? Towards Understanding the Effectiveness of MAML*](https://arxiv.org/abs/1909.09157), ICLR: ANIL.
#
# - Zintgraf, Shiarlis, Kurin, Hofmann & Whiteson (2019), *Fast Context Adaptation via Meta-Learning*, ICML: CAVIA.
# - Lee, Im, Jang, Cho & Chung (2019), *MeLU: Meta-Learned User Preference Estimator for Cold-Start Recommendation*, KDD.
# - Dong, Yuan, Yao, Xu & Zhu (2020), *MAMO: Memory-Augmented Meta-Optimization for Cold-start Recommendation*, KDD.
# - Yu et al. (2021), *Personalized Adaptive Meta Learning for Cold-start User Preference Prediction*, AAAI: PAML, not the PAML of q07 (IJCAI).
# - Dai et al. (2021), [*POSO: Personalized Cold Start Modules for Large-scale Recommender Systems*](https://arxiv.org/abs/2108.04690), arXiv.
# - Yan et al. (2022), [*APG: Adaptive Parameter Generation Network for Click-Through Rate Prediction*](https://arxiv.org/abs/2203.16218), NeurIPS.
# - Smith (1975), *A Bayesian Approach to Inference about a Change-Point in a Sequence of Random Variables*, Biometrika.
# - Adams & MacKay (2007), [*Bayesian Online Changepoint Detection*](https://arxiv.org/abs/0710.3742), arXiv.
# - Yan et al. (2024), *Trinity: Syncretizing Multi-/Long-tail/Long-term Interests All in One*, KDD.
# - Tan et al. (2024), [*Democratizing Large Language Models via Personalized Parameter-Efficient Fine-tuning*](https://arxiv.org/abs/2402.04401), EMNLP: OPPU, one adapter per user.
