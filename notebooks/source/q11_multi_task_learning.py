# %% [markdown]
# # q11 · How do you design multi-task learning, and when does sharing pay?
#
# Will they click, will they like it, will they buy? One network for all of it, or one each?

# %% [markdown] lang="zh"
# # q11 · 多任务学习怎么设计？共享什么时候划算？
#
# 会不会点、喜不喜欢、买不买？一个网络全包，还是各学各的？

# %% [markdown] tags=["question"]
# #### English
# You rank by several goals: click, rating, purchase. How do you share parameters (shared bottom, MMoE, PLE), how do you weigh the losses, what do you do when
# gradients conflict, and why ESMM for conversion? How does it relate to meta-learning?
# #### 中文
# 排序有多个目标：点击、评分、购买。参数怎么共享（共享底座、MMoE、PLE）？损失怎么加权？梯度冲突怎么办？转化率为什么用 ESMM？它和元学习是什么关系？
#
# level: senior · minutes: 3 · needs: q02, q07 · topics: MMoE, PLE, ESMM, gradient conflict, seesaw

# %% [markdown] tags=["answer-short"]
# #### English
# Each goal gets a tower; the bottom is shared, mixed from experts by a gate for each task (MMoE), or split in shared and own experts (PLE). First I compare each head
# with a simple baseline. With 5 % of the stars, sharing lowers a rating network's error a little in made-up worlds. <!-- c1: lower, c2: lower -->
# On ML-100K a tuned bias is ahead of it, by less than a hundredth of a star. <!-- c3: higher -->
# With all stars, sharing changes nothing there, <!-- c4: equal -->
# and neither does MMoE. <!-- c5: equal -->
# ESMM multiplies click and conversion over all impressions. Against an intent that is hidden from it, it does no better than clicked rows alone. <!-- c7: none -->
# #### 中文
# 每个目标一个塔；底座可以共享，可以由每个任务的门混合专家（MMoE），也可以分成共享专家和自有专家（PLE）。先别急，我会把每个头与一个朴素模型并排放。星级只知道 5% 时，在合成世界里，共享让评分网络的误差略低；<!-- c1: lower, c2: lower -->
# 在 ML-100K 上，调好的偏置比它好不到百分之一星。<!-- c3: higher -->
# 星级全知道时，在 ML-100K 上，是否共享没有差别，<!-- c4: equal -->
# MMoE 也一样。<!-- c5: equal -->
# ESMM 在全部曝光上把点击与转化相乘。遇到看不见的意图，它不比只用点击样本好。<!-- c7: none -->

# %% [markdown] tags=["answer-full"]
# **What is shared.** *Shared bottom*: one representation, a tower a task. *MMoE*: experts $f_e$, and for each task a gate,
#
# $$z_t = \sum_e \mathrm{softmax}(x^\top G_t)_e\, f_e(x)$$
#
# *PLE*: some experts are shared, some belong to one task, so that a task can keep features that would harm another. Hard sharing saves parameters; it hurts where tasks pull the bottom apart, and one gains
# while the other loses: the *seesaw*.
#
# **What it brought here.** Three findings. A network that sees few stars is helped by the watching task, also where the two have no common cause; <!-- c1: lower, c2: lower -->
# a guess is that it is held back from overfitting. On ML-100K a bias model with the same stars is better; <!-- c3: higher -->
# it was tuned, the network was not.
# With all stars rating alone, shared and MMoE are equal within the margin. <!-- c4: equal, c5: equal -->
# The watching head orders watched films above drawn ones better than popularity. <!-- c6: higher -->
#
# **Weights of losses.** A fixed weight, tuned on a frontier; or learned: $\sum_t e^{-s_t} L_t + s_t / 2$ with $s_t = \log\sigma_t^2$ and $L_t$ half the squared error, or the cross-entropy (Kendall et al. 2018).
#
# **Conflict.** Where $g_i \cdot g_j < 0$, PCGrad removes from $g_i$ the part along $g_j$. Its paper argues that it helps where curvature and conflict are strong; on these networks neither was measured. Measure the cosine first.
#
# **ESMM.** A conversion can be seen only after a click. ESMM fits $P(\text{click})$ and $P(\text{click}) \cdot P(\text{buy} \mid \text{click})$ over all impressions. Where what drives the click is in the
# features and the model is right, clicked rows alone suffice too. ESMM's other gain, shared embeddings for sparse conversions, cannot appear here. Where a hidden intent drives both, all of them overestimate; neither ESMM nor inverse propensity is better than clicked rows alone. <!-- c7: none, c8: none -->
#
# **And meta-learning?** Multi-task shares weights between a few goals; meta-learning learns to adapt to a new user quickly. Here each user is a task with two heads, read from the support.

# %% [markdown] tags=["zh"]
# **共享什么。** *共享底座*：一个表示，每个任务一个塔。*MMoE*：若干专家 $f_e$，每个任务一个门，
#
# $$z_t = \sum_e \mathrm{softmax}(x^\top G_t)_e\, f_e(x)$$
#
# *PLE*：一部分专家共享，一部分归某个任务，对别人有害的东西可以自己留着。硬共享省参数；任务把底座往不同方向拉时就有害，一个涨一个跌，这就是*跷跷板*。
#
# **在这里带来什么。** 三点。星级很少时，“看没看”这个任务能帮评分网络一点，两个任务没有共同原因时也一样；<!-- c1: lower, c2: lower -->
# 猜测是它抑制了过拟合。在 ML-100K 上，同样这些星级，偏置模型更好；<!-- c3: higher -->
# 它调过参，网络没有。
# 星级全知道时，只学评分、共享、MMoE 的差别都在容许范围内。<!-- c4: equal, c5: equal -->
# “看没看”这个头把看过的排在随机抽的前面，比热度强。<!-- c6: higher -->
#
# **损失的权重。** 固定权重，在前沿上调；或者学出来：$\sum_t e^{-s_t} L_t + s_t / 2$，$s_t = \log\sigma_t^2$，$L_t$ 是平方误差的一半或交叉熵（Kendall 等 2018）。
#
# **冲突。** $g_i \cdot g_j < 0$ 时，PCGrad 从 $g_i$ 里去掉沿着 $g_j$ 的部分。论文认为曲率和冲突都强时才有用；在这里的网络上两者都没有测。先量余弦。
#
# **ESMM。** 只有点击之后才看得到转化。ESMM 在全部曝光上拟合 $P(\text{click})$ 和 $P(\text{click}) \cdot P(\text{buy} \mid \text{click})$。如果决定点击的都在特征里、模型也对，只用点击样本也够。ESMM 的另一半动机是 CVR 样本稀疏、共享 embedding，这里测不到。如果有隐藏意图同时推动两者，
# 大家都会高估；ESMM 和逆倾向加权都不比只用点击样本好。<!-- c7: none, c8: none -->
#
# **和元学习的关系。** 多任务在几个目标之间共享权重；元学习学的是怎样快速适配到新用户。这里每名用户是一个任务，带两个头，从支持集里读出来。

# %% [markdown]
# ## 1. Two tasks of one user
# Each user is a task with a support and a query, as before; now the query asks twice. Was this film watched, or is it one drawn at random? And which stars did it get? The network reads the
# support: the mean vector of what was watched, and of what was liked. Bottoms differ in what they share.

# %% [markdown] lang="zh"
# ## 1. 一名用户，两个任务
# 和前面一样，每名用户是一个任务，有支持集和查询集；这次查询问两件事：这部片看过吗，还是随机抽来的？打了几星？网络读支持集：看过的影片向量的平均，以及喜欢的。不同的底座，共享的东西不同。

# %%
import numpy as np
import torch
import metarec_lib as mr
from metarec_lib import claim, load_study, mine, plots, seed
from metarec_lib.models.experts import mixture, who_uses_what

SEED = seed()

# %% tags=["figure"]
TEXTS = {
    "share": ("share of the stars known", "已知星级的占比"),
    "rmse": ("RMSE (stars)", "RMSE（星）"),
    "difference": ("difference in RMSE (stars)", "RMSE 之差（星）"),
    "first": ("loss of the first task", "第一个任务的损失"),
    "second": ("loss of the second task", "第二个任务的损失"),
    "sum": ("sum of gradients", "梯度之和"),
    "free": ("projected (PCGrad)", "投影后（PCGrad）"),
    "steps": ("steps", "步数"),
    "loss": ("sum of the two losses", "两个损失之和"),
    "alt": (
        "The sum of both losses against steps, plain and with projected gradients.",
        "两个损失之和随步数变化：普通梯度与投影后的梯度。",
    ),
}

# %%
world = mr.make_world(300, 120, 3, 30, selection=2.0, explained=0.0, seed=SEED)
data = world.interactions
train = data.subset(data.ratings["user_id"].to_numpy() <= 200)
new = data.users["user_id"].to_numpy()[200:]
model = mr.MultiTaskMetaLearningModel(epochs=8, stars=0.2, seed=SEED).fit(train)
tasks = mr.make_tasks(data, new, k=5, pool=10, seed=SEED)
error = mr.evaluate_tasks(model, tasks, ("rmse",))["rmse"].mean()
print(f"a made-up world, 20 % of the stars: RMSE of new users {error:.3f}")

# %% [markdown]
# **By hand.** What MMoE and PLE hand to a task, expert by expert, against the library's one line:

# %% [markdown] lang="zh"
# **手写。** MMoE 和 PLE 交给一个任务的东西，一个专家一个专家地算，与库里的一行对照：

# %% tags=["from-scratch"]
rng, same = np.random.default_rng(SEED), True
for sharing in ("single", "shared", "mmoe", "ple"):
    allowed = who_uses_what(sharing, tasks=2, experts=3)
    x, experts = rng.normal(size=4), rng.normal(size=(allowed.shape[1], 4, 5))
    gates = rng.normal(size=(2, 4, allowed.shape[1]))
    theirs = mixture(*(torch.as_tensor(v) for v in (x, experts, gates, allowed)))
    for task, own in enumerate(map(np.flatnonzero, allowed)):
        worth = np.array([np.exp(x @ gates[task][:, e]) for e in own])
        outputs = np.array([np.maximum(x @ experts[e], 0) for e in own])
        mean = (worth[:, None] * outputs).sum(0) / worth.sum()
        same = same and np.allclose(mean, theirs[task])
print("agrees:", same)

# %% [markdown]
# Your `mmoe_gate` does it for all rows and tasks at once:

# %% [markdown] lang="zh"
# 你写的 `mmoe_gate` 对所有行、所有任务一次算完：

# %% tags=["exercise"]
with mine("q11") as my:
    rows = torch.as_tensor(rng.normal(size=(6, 4)))
    mixed = torch.relu(torch.einsum("nd,edh->enh", rows, torch.as_tensor(experts)))
    seen = my.mmoe_gate(rows, mixed, torch.as_tensor(gates))
    print("two tasks see the same experts differently:", not torch.allclose(*seen))

# %% [markdown] tags=["expect"]
# **What do you expect?** All ratings say what was watched, but only 5 % of the stars are known. Does the watching task help the rating task: in a world where users watch what they will like; in one where they do not;
# and on ML-100K?

# %% [markdown] lang="zh"
# **你猜结果如何？** 看过什么全知道，星级只知道 5 %。“看没看”这个任务能帮到“打几星”吗？分三种情况：用户专看自己会喜欢的世界；不这样的世界；以及 ML-100K。

# %% [markdown]
# ## 2. Does sharing help where stars are few?
# Two made-up worlds of 700 users, five draws. In one, a film that a user will like is watched more often: both tasks have one cause. In the other, films are watched by popularity alone.

# %% [markdown] lang="zh"
# ## 2. 星级少的时候，共享有用吗？
# 两个虚构世界，各 700 名用户，抽五次。一个世界里，用户会喜欢的影片更常被看：两个任务有共同的原因。另一个世界里，看什么只凭热度。

# %% tags=["figure"]
study, rows = load_study("q11"), {}
for who, zh in (("one cause", "有共同原因"), ("no common cause", "没有共同原因")):
    for share in (0.05, 0.2):
        row = f"{who}, {share:.0%}", f"{zh}，{share:.0%}"
        at = {"who": who, "stars": share}
        rows[row] = study.compare("shared bottom", "rating alone", "rmse", **at)
title = "Shared bottom minus rating alone", "共享底座减只学评分"
fig = plots.intervals(rows, title=title, xlabel=TEXTS["difference"])
plots.show(fig, alt=("Four differences in two made-up worlds.",
                     "两个虚构世界里的四个差值。"))

# %% tags=["claim"]
sides, at = ("shared bottom", "rating alone"), {"stars": 0.05}
found = study.compare(*sides, "rmse", who="one cause", **at)
claim("RMSE", *sides, found)

# %% tags=["claim"]
found = study.compare(*sides, "rmse", who="no common cause", **at)
claim("RMSE", *sides, found)

# %% [markdown]
# With few stars the shared network is a little better than the one that learns ratings alone, in both worlds. <!-- c1: lower, c2: lower -->
# A common cause was not needed for the gain here; and the users of a world share one fit, so five worlds say less than the interval does. A guess: the second task keeps the bottom from fitting noise; it was not taken apart here.
#
# The same on ML-100K, beside two plain models that get the same stars, the bias tuned on tuning users:

# %% [markdown] lang="zh"
# 星级少时，共享的网络比只学评分的略好，两个世界都是。<!-- c1: lower, c2: lower -->
# 可见这里的收益不需要共同原因；同一世界的用户共用一次拟合，所以五个世界说明的比区间看上去要少。猜测：第二个任务让底座少拟合噪声；这里没有拆开测。
#
# 在 ML-100K 上再做一遍，旁边放两个拿到同样星级的朴素模型，偏置在调参用户上调过：

# %% tags=["figure"]
shares, lines = (0.05, 0.2, 1.0), {}
for name in ("shrunken bias", "MF", "rating alone", "shared bottom"):
    at = [{"who": "real", "stars": share} for share in shares]
    lines[name] = [study.mean(name, "rmse", **where) for where in at]
axes = {"xlabel": TEXTS["share"], "ylabel": TEXTS["rmse"]}
axes |= {"log_x": True, "xticks": shares}
fig = plots.lines(shares, lines, title=("ML-100K users", "ML-100K 用户"), **axes)
plots.show(fig, alt=("RMSE against the share of stars known, four models.",
                     "RMSE 随已知星级占比变化，四个模型。"))

# %% tags=["claim"]
real = {"who": "real", "stars": 0.05}
found = study.compare("shared bottom", "shrunken bias", "rmse", **real)
claim("RMSE", "shared bottom", "shrunken bias", found, headline=True)

# %% tags=["claim"]
found = study.compare(*sides, "rmse", who="real", stars=1.0)
claim("RMSE", *sides, found)

# %% tags=["claim"]
found = study.compare("MMoE", "shared bottom", "rmse", who="real", stars=1.0)
claim("RMSE", "MMoE", "shared bottom", found)

# %% tags=["claim"]
found = study.compare("shared bottom", "popularity", "auc", who="real", stars=1.0)
claim("AUC", "shared bottom", "popularity", found)

# %% [markdown]
# With 5 % of the stars the bias model is ahead of the shared network. <!-- c3: higher -->
# With all of them, sharing makes no difference beyond the margin, <!-- c4: equal -->
# nor do the gates. <!-- c5: equal -->
# The watching head beats popularity. <!-- c6: higher -->
#
# ## 3. When gradients conflict
# Two quadratic losses want different points; the first is steep in one direction. Move the sliders: where does projecting help, where does it only slow down?

# %% [markdown] lang="zh"
# 星级只有 5 % 时，偏置模型领先共享网络。<!-- c3: higher -->
# 全有时，共享的差别在容许范围内，<!-- c4: equal -->
# 门控也是。<!-- c5: equal -->
# “看没看”的头胜过热度。<!-- c6: higher -->
#
# ## 3. 梯度冲突的时候
# 两个二次损失想去不同的点，第一个在一个方向上很陡。拖动滑块：投影在哪里有用，在哪里只是变慢？

# %% tags=["exercise"]
with mine("q11") as my:
    bend, other = torch.tensor([40.0, 1.0]).double(), torch.tensor([1.0, 1.0]).double()
    at = torch.tensor([0.5, -3.0]).double()
    pulls = [bend * (at - 1.0), other * (at + 1.0)]  # gradients of two quadratic losses
    freed = [my.pcgrad_project(a, [b]) for a, b in (pulls, pulls[::-1])]
    print(f"dot product {pulls[0] @ pulls[1]:.1f}; sum {sum(pulls).tolist()}")
    print("sum of what is left:", [round(v, 2) for v in sum(freed).tolist()])


# %% tags=["play", "nbval-ignore-output"]
def descend(curvature=40, rate=0.02):
    bends, curves = torch.tensor([[float(curvature), 1.0], [1.0, 1.0]]).double(), {}
    goals = torch.tensor([[1.0, 1.0], [-1.0, -1.0]]).double()
    for name, free in ((TEXTS["sum"], False), (TEXTS["free"], True)):
        at, curves[name] = torch.tensor([0.5, -3.0]).double(), []
        for _ in range(40):
            curves[name].append(float((bends * (at - goals) ** 2).sum() / 2))
            pulls = bends * (at - goals)
            at = at - rate * (mr.pcgrad(pulls) if free else pulls.sum(0))
    look = {"title": TEXTS["loss"], "xlabel": TEXTS["steps"], "ylabel": TEXTS["loss"]}
    return plots.lines(range(40), curves, **look)


plots.play(descend, curvature=(1, 80, 1), rate=(0.005, 0.03, 0.005), alt=TEXTS["alt"])

# %% [markdown]
# ## 4. Clicks and purchases over the whole space
# Made-up impressions with linear click and purchase models. In one kind of world an intent that no feature shows drives both. Asked: the mean conversion, had everybody clicked. First the loss of your hand:

# %% [markdown] lang="zh"
# ## 4. 在全空间上看点击与购买
# 虚构的曝光，点击和购买都是线性模型。其中一类世界里，有一个特征看不见的意图同时推动两者。问：如果人人都点击，平均转化率是多少？先用你写的损失：

# %% tags=["exercise"]
with mine("q11") as my:
    logits = torch.zeros(4).double(), torch.zeros(4).double()
    labels = torch.tensor([1, 1, 0, 0]), torch.tensor([1, 0, 0, 0])
    print(f"four impressions, nothing learned: {my.esmm_loss(*logits, *labels):.3f}")

# %% tags=["figure"]
ways, bars = ("truth", "clicked rows alone", "inverse propensity", "ESMM"), {}
named = dict(zip(ways, ("真值", "只用点击样本", "逆倾向加权", "ESMM"), strict=True))
for intent, zh in (("hidden intent", "有意图"), ("no hidden intent", "没有")):
    for way in ways:
        short = intent.replace(" hidden", "").replace("hidden ", "")
        label = f"{way}, {short}", f"{named[way]}，{zh}"
        bars[label] = study.mean(way, "cvr", intent=intent)
title = "Mean conversion, had all been clicked", "假如全部被点击的平均转化率"
axes = {"xlabel": ("mean conversion rate", "平均转化率"), "digits": 3}
fig = plots.bars(bars, title=title, **axes)
plots.show(fig, alt=("Truth and three estimates, with and without intent.",
                     "真值与三种估计：有与没有隐藏意图。"))

# %% tags=["claim"]
sides = "ESMM", "clicked rows alone"
found = study.compare(*sides, "cvr error", intent="hidden intent")
claim("cvr error", *sides, found)

# %% tags=["claim"]
sides = "inverse propensity", "clicked rows alone"
found = study.compare(*sides, "cvr error", intent="hidden intent")
claim("cvr error", *sides, found)

# %% [markdown]
# Without a hidden intent all three are near the truth. With it all three are far too high, and neither ESMM <!-- c7: none -->
# nor inverse propensity <!-- c8: none -->
# is better than clicked rows alone. What is not in the features cannot be weighed away; it takes an experiment.

# %% [markdown] lang="zh"
# 没有隐藏意图时，三种都接近真值。存在隐藏意图时，三种估计都明显偏高，ESMM <!-- c7: none -->
# 和逆倾向加权 <!-- c8: none -->
# 都不比只用点击样本好。特征里没有的东西，加权也加不掉，要靠实验。

# %% [markdown] tags=["rubric"]
# #### English
# - [2] shared bottom, MMoE, PLE: what each shares, and when hard sharing hurts
# - [2] ESMM: product over the entire space; which bias it meets and which not
# - [1] loss weights: by hand on a frontier, uncertainty, gradient size
# - [2] gradient conflict: what PCGrad removes, and whether conflict was measured first
# - [2] compares each head with a strong single-task baseline at its own number of labels
# - [1] multi-task against meta-learning: several tasks of one user, or one task of many users
# #### 中文
# - [2] 共享底座、MMoE、PLE：各共享什么，硬共享什么时候有害
# - [2] ESMM：在全空间上相乘；它对付哪种偏差，对付不了哪种
# - [1] 损失权重：在前沿上手调、不确定性、梯度大小
# - [2] 梯度冲突：PCGrad 去掉什么，有没有先测过冲突
# - [2] 每个头都与同样标签数下的强单任务基线比
# - [1] 多任务与元学习：一名用户的几个任务，还是许多用户的一个任务

# %% [markdown] tags=["pitfalls"]
# #### English
# - **"Sharing repairs the sparse task."** → A little, and a bias model may still be ahead. <!-- c3: higher --> Compare first (section 2).
# - **"MMoE solves the seesaw."** → No seesaw was seen here; rating is equal to a shared bottom's. <!-- c5: equal -->
# - **"ESMM removes selection bias."** → It trains on all impressions. A hidden intent behind both click and purchase stays (section 4); ESCM² (2022) proves its estimate too high.
# - **"PCGrad beats tuned weights."** → Kurin et al. and Xin et al. (2022) found no such gain, on other data. Tune the weights first.
# - **"A weighted sum of losses is a detail."** → The scale of a loss decides who moves the shared bottom. Plot the frontier.
# #### 中文
# - **“共享能救稀疏任务。”** → 能救一点，偏置模型却可能还在前面。<!-- c3: higher -->先比一比（第 2 节）。
# - **“MMoE 解决了跷跷板。”** → 在这里与共享底座相当。<!-- c5: equal -->
# - **“ESMM 消除了选择偏差。”** → 它在全部曝光上训练。点击和购买背后的隐藏意图还在（第 4 节）；ESCM²（2022）证明它的估计偏高。
# - **“PCGrad 胜过调好的权重。”** → Kurin 等与 Xin 等（2022）在别的数据上没看到这种收益。先把权重调好。
# - **“损失加权只是细节。”** → 哪个损失的尺度大，哪个就拖着共享底座走。把前沿画出来。

# %% [markdown] tags=["follow-ups"]
# #### English
# <details><summary>One head gains, another loses: the seesaw. What do you do?</summary>
# First check both against single-task models at equal tuning. Then give tasks experts of their own (PLE), reported at Tencent Video (RecSys 2020). Then move the loss weight, and show the frontier to
# whoever owns the goals: it is a product decision.</details>
# <details><summary>All gates point at one expert. How do you see it, what do you do?</summary>
# Log the mean weight of each expert and task, and the share of zeros in its output. Kuaishou reported experts with more than 90 % zeros and shared ones taken over by one task (HoME); normalising, another activation and masks
# were the cure there.</details>
# <details><summary>Many scenarios instead of many goals?</summary>
# Share a bottom and give each scenario weights that multiply it (STAR, Alibaba, CIKM 2021), or gates that read user and scenario (PEPNet, Kuaishou, KDD 2023). Both are reported; the test is the small scenario
# against its own model. A chain of steps (click, cart, order) is a third case: AITM (Meituan, KDD 2021) hands information along it.</details>
# <details><summary>We have clicks and no stars, and 10⁹ ids.</summary>
# Then the second task is dwell time, completion or purchase. The embedding table is shared and by far the largest part; the towers are small. Watch which loss moves the table.</details>
# <details><summary>Is multi-task learning not meta-learning?</summary>
# Multi-task has a few fixed tasks and shares weights between them. Meta-learning has many tasks, users, and learns how to get to a new one. Here are both: each user is a task with two heads, read in context. A sequence
# model that adapts in context needs the same decision about its heads.</details>
# #### 中文
# <details><summary>一个头涨、一个头跌，就是跷跷板。怎么办？</summary>
# 先把两个头各与同样调过参的单任务模型比。再给任务各自的专家（PLE，腾讯视频报告，RecSys 2020）。最后挪损失权重，并把前沿摆给定目标的人看：这是产品决定。</details>
# <details><summary>门全指向一个专家，怎么看出来，怎么办？</summary>
# 按任务记录每个专家的平均权重，以及输出中零的占比。快手报告过有的专家九成以上是零、共享专家被一个任务占走（HoME）；那边的办法是归一化、换激活函数和加掩码。</details>
# <details><summary>不是多目标，而是多场景呢？</summary>
# 共享底座，每个场景用自己的权重去乘它（STAR，阿里，CIKM 2021）；或者用门控读用户和场景（PEPNet，快手，KDD 2023）。这些都是报告；检验办法是让小场景与它自己的模型比。点击、加购、下单这样的链条是第三种情况：AITM（美团，KDD 2021）沿链条传信息。</details>
# <details><summary>只有点击没有星级，而且有 10⁹ 个 id。</summary>
# 那么第二个任务是时长、完播或购买。embedding 表是共享的，也是最大的一块，塔很小。要盯住是哪个损失在推这张表。</details>
# <details><summary>多任务学习不就是元学习吗？</summary>
# 多任务是少数几个固定任务之间共享权重。元学习有许多任务（用户），学的是怎样到达一个新任务。这一课两者都有：每名用户是一个任务，带两个头，在上下文里读出来。在上下文里适应的序列模型，头上也要做同样的决定。</details>

# %% [markdown] tags=["exercise"]
# ## Your turn
# Write three functions in [`exercises/q11_multi_task_learning.py`](../exercises/q11_multi_task_learning.py), about 21 minutes:
#
# - `mmoe_gate`: who listens to which expert.
# - `esmm_loss`: the product over all impressions.
# - `pcgrad_project`: what is left of a gradient.
#
# Then run the cell below. Stuck? In the cell after it, take the `#` away and run: each run gives the next of three hints.

# %% [markdown] lang="zh"
# ## 动手
# 在 [`exercises/q11_multi_task_learning.py`](../exercises/q11_multi_task_learning.py) 里写三个函数，大约 21 分钟：
#
# - `mmoe_gate`：谁听哪个专家的。
# - `esmm_loss`：在全部曝光上相乘。
# - `pcgrad_project`：梯度还剩下什么。
#
# 写完运行下面的单元格。卡住了？把再下面那个单元格里的 `#` 去掉再运行：每运行一次给出下一条提示，共三条。

# %% tags=["exercise"]
from metarec_lib import check, what_was_measured

check("q11")

# %% tags=["exercise"]
# from metarec_lib import hint; hint("q11", "esmm_loss")

# %% tags=["measured"]
what_was_measured()

# %% [markdown] tags=["references"]
# **Read first · 先读：** Ma, Zhao, Yi, Chen, Hong & Chi (2018), *Modeling Task Relationships in Multi-task Learning with Multi-gate Mixture-of-Experts*, KDD.
#
# - Ma et al. (2018), [*Entire Space Multi-Task Model*](https://arxiv.org/abs/1804.07931), SIGIR: ESMM.
# - Tang, Liu, Zhao & Gong (2020), *Progressive Layered Extraction (PLE): A Novel Multi-Task Learning Model for Personalized Recommendations*, RecSys.
# - Wang et al. (2022), *ESCM²: Entire Space Counterfactual Multi-Task Model for Post-Click Conversion Rate Estimation*, SIGIR.
# - Yu, Kumar, Gupta, Levine, Hausman & Finn (2020), [*Gradient Surgery for Multi-Task Learning*](https://arxiv.org/abs/2001.06782), NeurIPS: PCGrad.
# - Kendall, Gal & Cipolla (2018), [*Multi-Task Learning Using Uncertainty to Weigh Losses*](https://arxiv.org/abs/1705.07115), CVPR.
# - Sheng et al. (2021), *One Model to Serve All: Star Topology Adaptive Recommender for Multi-Domain CTR Prediction*, CIKM: STAR.
# - Chang et al. (2023), *PEPNet: Parameter and Embedding Personalized Network*, KDD.
# - Xi et al. (2021), *Modeling the Sequential Dependence among Audience Multi-step Conversions*, KDD: AITM.
