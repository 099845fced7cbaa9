# %% [markdown]
# # q26 · What is task diversity?
#
# First where diversity is the whole story: linear tasks with a direction missing. Then real users, where much of what looks like
# diversity is something else.

# %% [markdown] lang="zh"
# # q26 · 什么是元学习中的任务多样性？
#
# 先看多样性决定一切的场景：线性任务缺了一个方向。再看真实用户：看上去是多样性的东西，往往另有原因。

# %% [markdown] tags=["question"]
# #### English
# You meta-train a recommender on users, or on scenarios, as tasks. A colleague wants "more diverse tasks". What is task diversity,
# how do you measure it, when does it help new users, and when is the gain really something else?
# #### 中文
# 你把用户（或场景）当作任务来做元训练。同事说任务要“更多样”。什么是任务多样性？怎么度量？它什么时候真能帮到新用户？什么时候看到的收益其实另有原因？
#
# level: senior · minutes: 3 · needs: q01, q06, q07 · topics: task diversity, multi-scenario, DPP, confounds

# %% [markdown] tags=["answer-short"]
# #### English
# Task diversity says how evenly the training tasks span the directions that new tasks need. For linear tasks it is the smallest
# eigenvalue of their second moment. More of the same tasks do not cure a missing direction. With two of four missing, transfer was worse than none, <!-- c1: higher -->
# until the shrinkage allowed for it. Directions that no new task needs can hurt too, where capacity is fixed. <!-- c3: higher -->
# On ML-100K thirty users who are alike make a bad training set. <!-- c4: higher -->
# But random users are diverse enough: drawing them by a DPP is no better. <!-- c8: equal -->
# The most active users lead by volume; <!-- c6: lower -->
# at equal ratings no lead is seen. <!-- c7: none -->
# #### 中文
# 任务多样性，说的是训练任务是否均匀地覆盖了新任务所需的各个方向。对线性任务，它就是任务参数二阶矩的最小特征值。缺了一个方向，同类任务再多也补不回来。四个方向缺两个时，迁移反而不如不迁移，<!-- c1: higher -->
# 除非收缩强度把缺失的部分算进去。新任务用不到的方向也可能有害，前提是模型容量固定。<!-- c3: higher -->
# 在 ML-100K 上，30 名彼此相似的用户是很差的训练集。<!-- c4: higher -->
# 但随机抽的用户已经够多样：改用 DPP 来抽，并不更好。<!-- c8: equal -->
# 最活跃的用户领先，靠的是数据量；<!-- c6: lower -->
# 评分数拉平之后，看不出领先。<!-- c7: none -->

# %% [markdown] tags=["answer-full"]
# **What it is.** Let the tasks be linear, $w_b = S a_b$, with one subspace $S$ of $R$ directions for all. Meta-training learns $S$; a new
# task then has $R$ numbers to learn instead of $D$. How well $S$ can be learned depends on
#
# $$\nu = \lambda_R\Big(\frac1B \sum_b a_b a_b^\top\Big)$$
#
# the smallest of the $R$ eigenvalues. Tripuraneni et al. (2020) bound the error of a new task by two parts: the error of learning $S$, divided by $\nu$, and one for the new task's own few examples. Where
# $\nu = 0$ a direction is missing, and no number of tasks of the same kind brings it back.
#
# **More is not always better.** A direction that no new task uses takes room in a representation of fixed width. Kumar et al. (2023) trained
# meta-learners with samplers from none to very diverse, DPPs among them, and found no steady gain from more diversity.
#
# **How to measure it.** Give each task an embedding: the gradient of its support loss at the shared initial weights, scaled to length 1. Then
# take the mean cosine distance of pairs, the log-determinant $\log\det(I + Z Z^\top)$ (volume), or the smallest eigenvalue (the weakest
# direction). Two traps. At a good initialisation the gradients average to about zero, so the pairwise number is near 1 for any broad set of users. And
# noise is diverse: compare with shuffled tasks.
#
# **Confounds.** A "diverse" or an "active" set often has more ratings, more items, or another mean. Match the number of ratings. Repeat the
# choice over many draws. Let a model without tastes, the shrunken bias, learn from the same sets: what it loses was not about tastes. Active users
# lead; with ratings matched no lead is seen. <!-- c6: lower, c7: none -->
#
# **In practice.** Few tasks, chosen by convenience (one city, one channel, employees): look for what is missing. Many tasks at
# random: here a DPP sampler gained nothing. <!-- c8: equal -->
# In a multi-scenario model the question becomes what is shared: shared weights multiplied by weights of each scenario (STAR), or gates (PEPNet). And
# check that scenarios differ at all: below, hours of the day look diverse, and look so when their labels are shuffled.
#
# **What it is not.** Diversity of *tasks* is about training. Diversity of *lists* (MMR, DPP re-ranking) is about what one user sees.

# %% [markdown] tags=["zh"]
# **是什么。** 设任务是线性的，$w_b = S a_b$，所有任务共用一个 $R$ 维子空间 $S$。元训练学的就是 $S$；新任务要学的数从 $D$ 个降到 $R$ 个。$S$ 能学多准，取决于
#
# $$\nu = \lambda_R\Big(\frac1B \sum_b a_b a_b^\top\Big)$$
#
# 也就是 $R$ 个特征值里最小的那个。Tripuraneni 等（2020）给出的新任务误差上界有两部分：学 $S$ 的误差要除以 $\nu$；另一部分来自新任务自己的少量样本。$\nu = 0$ 表示缺了一个方向，同类任务再多也补不回来。
#
# **不是越多样越好。** 新任务用不到的方向，会占掉固定宽度表示里的位置。Kumar 等（2023）用从毫不多样到非常多样的各种采样器（包括 DPP）训练元学习器，
# 并没有看到多样性越高越好。
#
# **怎么度量。** 先给每个任务一个 embedding：它的支持集损失在共享初始化参数处的梯度，缩放到长度 1。然后看两两余弦距离的均值，看行列式对数
# $\log\det(I + Z Z^\top)$（体积），或者看最小特征值（最弱的方向）。有两个坑：初始化参数学得好时，梯度平均起来接近零，所以任何一批覆盖面广的用户，两两距离都接近 1；
# 噪声本身也“多样”，要和打乱后的任务比。
#
# **混杂因素。** “多样”或“活跃”的一批用户，往往评分更多、物品更多，或者均值不同。要把评分数拉平；选人要重复抽很多次；再让一个不看口味的模型（收缩偏置）在同样的数据上学，
# 它也变差的那部分就与口味无关。活跃用户领先；评分数拉平之后，看不出领先。<!-- c6: lower, c7: none -->
#
# **实践中。** 任务少、又是图方便选的（一个城市、一个渠道、内部员工）：先查缺了什么。任务多、随机抽：这里换成 DPP 采样没有收益。<!-- c8: equal -->
# 在多场景模型里，问题变成“共享什么”：共享参数与各场景自己的参数逐元素相乘（STAR），或者用门控（PEPNet）。还要先确认场景之间真有差别：下面会看到，“小时”看上去多样，标签打乱之后照样多样。
#
# **不是什么。** *任务*多样性说的是训练；*列表*多样性（MMR、DPP 重排、打散）说的是一个用户看到什么。

# %% [markdown]
# ## 1. A missing direction
# A task is a linear function of 20 inputs. All new tasks lie in the same 4 directions, unknown to us; each shows 5 examples. From many
# training tasks we learn a subspace of width 4: the leading eigenvectors of the mean of $y^2\, x x^\top$. Each new task then solves a ridge
# regression inside it. The rival learns each task from scratch, by ridge regression on all inputs. Each ridge has the strength
# that is right when its directions hold all of the task.

# %% [markdown] lang="zh"
# ## 1. 缺一个方向
# 一个任务是 20 个输入的线性函数。所有新任务都落在同样的 4 个方向里（我们事先不知道），每个只给 5 个样本。我们从许多训练任务里学一个宽度为 4 的子空间：
# $y^2\, x x^\top$ 的均值的前几个特征向量；新任务再在子空间里做岭回归。对手是从零学：在全部输入上做岭回归。两者的强度，都取“自己的方向容得下整个任务”时的正确值。

# %%
import numpy as np
import pandas as pd
import metarec_lib as mr
from metarec_lib import claim, diversity, load_study, make_tasks, mine, plots, seed
from metarec_lib.workbook.core import glossary, pick

SEED = seed()
study = load_study("q26")


def text(name):
    return pick(TEXTS[name])  # in the reader's language


# %% tags=["figure"]
TEXTS = {
    "missing": ("New tasks need 4 directions; training tasks span fewer", "新任务需要 4 个方向，训练任务只张成其中几个"),
    "tasks": ("training tasks (log scale)", "训练任务数（对数坐标）"),
    "error": ("squared error of a new task", "新任务的平方误差"),
    "span": ("{} of 4 directions", "4 个方向中的 {} 个"),
    "scratch": ("from scratch", "从零学"),
    "alt missing": (
        "Error over the number of training tasks. With all four directions it falls far below learning from scratch; with "
        "one or two it stays above, however many tasks there are.",
        "误差随训练任务数变化：四个方向都有时，远低于从零学；只有一两个方向时，任务再多也高于从零学。",
    ),
    "your nu": ("your eigenvalue, tasks spanning 1 to 4 directions:", "你的特征值，任务张成 1 到 4 个方向："),
    "rare": ("of 400 tasks reach all 4 directions, the others 2", "/400 个任务覆盖 4 个方向，其余只覆盖 2 个"),
    "known": ("examples of the new task", "新任务的样本数"),
    "learned": ("learned subspace", "学到的子空间"),
    "alt rare": (
        "Error over the examples of a new task, for the learned subspace and from scratch, with 20 of 400 tasks that "
        "reach all directions.",
        "误差随新任务样本数变化：学到的子空间与从零学；400 个任务里有 20 个覆盖全部方向。",
    ),
    "mean error": ("squared error, mean of 20 worlds", "平方误差，20 个合成世界的均值"),
    "told": ("2 of 4 directions, the missing half counted as noise", "4 个方向中的 2 个，缺失的一半算作噪声"),
    "unneeded": ("1,600 training tasks; new tasks need 4 directions", "1,600 个训练任务，新任务需要 4 个方向"),
    "directions": ("directions that the training tasks span (log scale)", "训练任务张成的方向数（对数坐标）"),
    "narrow": ("width 4", "宽度 4"),
    "wide": ("as wide as the tasks", "与任务一样宽"),
    "alt unneeded": (
        "Error over the directions of the training tasks. At width 4 it falls until four directions and then rises "
        "above learning from scratch; as wide as the tasks it rises less.",
        "误差随训练任务的方向数变化：宽度为 4 时，先降到 4 个方向处，随后升到高于从零学；与任务一样宽时升得少。",
    ),
    "kind": ("tasks", "任务"),
    "how many": ("how many", "个数"),
    "pairwise": ("pairwise diversity", "两两多样性"),
    "users": ("users", "用户"),
    "genres": ("genres", "类型"),
    "hours": ("hours of the day", "一天中的小时"),
    "turned": ("ten shuffles, lowest – highest", "打乱十次，最低 – 最高"),
    "yours": ("your embeddings, your diversity:", "你的 embedding，你的多样性："),
    "library": ("the library's:", "库里的："),
    "sets": ("Each dot: a set of 30 users with 60 ratings each", "每个点：30 名用户，每人 60 条评分"),
    "logdet": ("log-determinant of the set's embeddings", "这批用户 embedding 的行列式对数"),
    "rmse": ("RMSE of new users (stars)", "新用户的 RMSE（星）"),
    "alike": ("alike", "相似"),
    "taste": ("alike in taste", "口味相似"),
    "uniform": ("at random", "随机"),
    "dpp": ("by a DPP", "DPP"),
    "active": ("most active", "最活跃"),
    "alt sets": (
        "Dots of RMSE over log-determinant. Sets of users who are alike lie left and high; random, DPP and active sets lie "
        "together on the right, low.",
        "散点图，RMSE 对行列式对数：相似用户的点在左上方；随机、DPP、最活跃的点挤在右下方。",
    ),
    "against": ("Against 30 users at random, with the head", "与随机 30 名用户相比（由闭式解预测头学习）"),
    "less": ("difference in RMSE (stars)", "RMSE 之差（星）"),
    "each": ("60 ratings each", "每人 60 条"),
    "all": ("all ratings", "全部评分"),
    "alt against": (
        "Eight intervals. Alike users lie far right of zero at both volumes; the DPP near zero; active users left of zero "
        "with all ratings, near zero with 60 each.",
        "八个区间：相似用户在两种数据量下都远在零的右侧；DPP 在零附近；最活跃的用户用全部评分时在零的左侧，每人 60 条时在零附近。",
    ),
}

# %% [markdown] tags=["expect"]
# **What do you expect?** The training tasks span 2 of the 4 directions. You may have 64 times as many of them. How far does the error fall?

# %% [markdown] lang="zh"
# **你猜结果如何？** 训练任务只张成 4 个方向中的 2 个。给你 64 倍的任务，误差能降多少？

# %% tags=["figure"]
amounts, scratch = (25, 100, 400, 1600), study.mean("ridge from scratch", "mse")
curves = {text("scratch"): [scratch] * 4}
for directions in (4, 3, 2, 1):
    at = [{"directions": directions, "tasks": amount} for amount in amounts]
    means = [study.mean("learned subspace", "mse", **where) for where in at]
    curves[text("span").format(directions)] = means
labels = {"title": text("missing"), "xlabel": text("tasks"), "ylabel": text("error")}
plots.show(plots.lines(amounts, curves, **labels, log_x=True), alt=text("alt missing"))

# %%
def one_world(number):
    rng, found = np.random.default_rng([SEED, number]), {"scratch": np.eye(20)}
    world = mr.LinearTasks(seed=1000 * SEED + number)
    *new, noise = *world.draw(300, 5, 4, rng), world.noise
    for span in (2, 4, 8):
        x, y, _ = world.draw(1600, 20, span, rng)
        found[span] = mr.moment_subspace(x, y, 4)
    errors = {at: mr.subspace_errors(s, *new, noise).mean() for at, s in found.items()}
    told = np.sqrt(noise**2 + 0.5)  # half of |w|^2 = 1 lies outside: noise to the solve
    return errors | {"told": mr.subspace_errors(found[2], *new, told).mean()}


# %%
worlds = pd.DataFrame([one_world(number) for number in range(20)])
names = {"scratch": text("scratch"), 2: text("span").format(2), "told": text("told")}
names[4] = text("span").format(4)
means = worlds[list(names)].mean().rename(names)
plots.table(means.to_frame(text("mean error")))

# %% tags=["claim"]
where = "2 directions, 1600 training tasks"
found = mr.compare(worlds[2], worlds["scratch"], unit="worlds")
claim("squared error", "learned subspace", "ridge from scratch", found, at=where)

# %% tags=["claim"]
where = "4 directions, 1600 training tasks"
found = mr.compare(worlds[4], worlds["scratch"], unit="worlds")
claim("squared error", "learned subspace", "ridge from scratch", found, at=where)

# %% [markdown]
# With two directions missing, transfer is worse than learning from scratch, at any number of tasks in the figure. <!-- c1: higher -->
# With all four it is far better. <!-- c2: lower -->
# Part of the loss is overconfidence: let the ridge count the missing half of each task as noise, and the same subspace is no longer worse than scratch (table). The gain of four directions does not come back.
# All tasks of a world share one subspace, so a claim takes 20 fresh worlds, one number each; the figure shows the study's five. The subspace is a hard wall here; a prior that only favours it was not measured.
#
# The subspace by hand, one example after the other:

# %% [markdown] lang="zh"
# 缺两个方向时，迁移不如从零学，图里任务再多也一样。<!-- c1: higher -->
# 四个方向齐全时好得多。<!-- c2: lower -->
# 损失的一部分是过于自信：让岭回归把每个任务缺失的那一半算作噪声，同一个子空间就不再比从零学差（见表）。四个方向的收益却拿不回来。
# 同一个世界里的任务共用一个子空间，所以结论另取 20 个新的合成世界，每个世界算一个数；图里是研究脚本的五个。这里的子空间是硬约束；只是偏向它的先验，没有测。
#
# 下面一个样本一个样本地手写这个子空间：

# %% tags=["from-scratch"]
world, rng = mr.LinearTasks(seed=SEED), np.random.default_rng([SEED, 3])
x, y, w = world.draw(400, 20, 4, rng)
moment = np.zeros((20, 20))
for one, target in zip(x.reshape(-1, 20), y.ravel()):
    moment += target**2 * np.outer(one, one) / y.size  # a multiple of I, + 2 w w'
values, vectors = np.linalg.eigh(moment)
by_hand = vectors[:, np.argsort(-values)[:4]]
learned = mr.moment_subspace(x, y, 4)
print("agrees:", np.allclose(by_hand @ by_hand.T, learned @ learned.T, atol=1e-8))

# %% [markdown]
# Your `smallest_task_eigenvalue` sees what is missing before any training, where the tasks' weights are known:

# %% [markdown] lang="zh"
# 任务的真实参数已知时，你的 `smallest_task_eigenvalue` 不用训练就能看出缺了什么：

# %% tags=["exercise"]
with mine("q26") as my:
    drawn = [world.draw(400, 1, span, rng)[2] for span in (1, 2, 3, 4)]
    nu = [my.smallest_task_eigenvalue(tasks, 4) for tasks in drawn]
    print(text("your nu"), ", ".join(f"{value:.3f}" for value in nu))

# %% [markdown]
# It need not be all or nothing. **What if a few tasks reach the missing directions?** Move the slider: how many of 400 does it take?

# %% [markdown] lang="zh"
# 也不是非有即无。**要是有少数任务覆盖了缺的方向呢？** 拖动滑块：400 个里要有几个才够？

# %% tags=["play", "nbval-ignore-output"]
parts, known = [world.draw(400, 20, span, rng) for span in (4, 2)], (1, 2, 5, 10, 20)
fresh = world.draw(200, 20, 4, rng)


def few_reach(reach=20):
    x, y = (np.concatenate([parts[0][i][:reach], parts[1][i][reach:]]) for i in (0, 1))
    shown = {}
    spaces = {"scratch": np.eye(20), "learned": mr.moment_subspace(x, y, 4)}
    for name, space in spaces.items():
        seen = [(*(f[:, :k] for f in fresh[:2]), fresh[2], world.noise) for k in known]
        shown[text(name)] = [mr.subspace_errors(space, *p).mean() for p in seen]
    labels = {"xlabel": text("known"), "ylabel": text("error"), "xticks": known}
    return plots.lines(known, shown, title=f"{reach} {text('rare')}", **labels)


plots.play(few_reach, reach=(0, 400, 10), alt=text("alt rare"))

# %% [markdown]
# ## 2. Diversity that nobody needs
# Now the training tasks span more than the new ones need: 8 or 16 directions. **What do you expect** of a subspace of width 4?

# %% [markdown] lang="zh"
# ## 2. 用不上的多样性
# 现在训练任务张成的方向比新任务需要的多：8 个或 16 个。**你猜**宽度为 4 的子空间会怎样？

# %% tags=["figure"]
spans, curves = (1, 2, 3, 4, 8, 16), {text("scratch"): [scratch] * 6}
means, extra = [], []
for name, some, found in (("learned", spans, means), ("wide", spans[4:], extra)):
    many = [{"directions": span, "tasks": 1600} for span in some]
    found += [study.mean(f"{name} subspace", "mse", **at) for at in many]
curves |= {text("narrow"): means, text("wide"): means[:4] + extra}
labels = {"title": text("unneeded"), "xlabel": text("directions")}
labels["ylabel"] = text("error")
plots.show(plots.lines(spans, curves, **labels, log_x=True), alt=text("alt unneeded"))

# %% tags=["claim"]
found = mr.compare(worlds[8], worlds[4], unit="worlds")
sides = [("learned subspace", f"{span} directions") for span in (8, 4)]
claim("squared error", *sides, found, at="1600 training tasks")

# %% [markdown]
# The same number of tasks, twice the directions, a worse result: <!-- c3: higher -->
# four of eight directions fit, and they need not be the right ones. A wider subspace (the other line) makes room, and
# then each new task has more to learn.

# %% [markdown] lang="zh"
# 任务数相同，方向数翻倍，结果更差：<!-- c3: higher -->
# 这么窄的子空间，八个方向只装得下四个，装进去的未必是需要的那四个。子空间加宽（另一条线）能装下，但每个新任务要学的也更多。

# %% [markdown]
# ## 3. Where do real users pull?
# ML-100K. A user's embedding is the unit gradient of the error on their ratings at the shared prior: how far, and in which direction of
# taste, this user pulls. The last of its nine numbers is the level: stars above or below expectation. Judging users take no part here.
#
# **What do you expect?** Scenes can be tasks too. Which are more diverse: users, genres, or the hours of the day?

# %% [markdown] lang="zh"
# ## 3. 真实用户往哪边拉？
# ML-100K。一个用户的 embedding，是他的评分误差在共享先验处的单位梯度：他把模型往哪个口味方向拉。九个数里的最后一个是水平，即打分比预期高还是低。评估用户不参与。
#
# **你猜结果如何？** 场景也可以当任务。用户、类型、一天中的小时，哪一种更多样？

# %%
data = mr.load_movielens("ml-100k")
learning, _, judging = mr.split_users(data, seed=SEED)
train = data.subset(np.isin(data.ratings["user_id"], learning))
pca = mr.ProbabilisticPCA(seed=SEED).fit(train)
z = mr.task_embedding(pca, make_tasks(train, learning, k=20, seed=SEED).support)


def scenes(row, scene):
    nobody = np.full(scene.max() + 1, -1)  # a scene has no profile
    ratings = mr.pad_ratings(scene, train.item_codes[row], train.values[row], nobody)
    return mr.task_embedding(pca, ratings)


# %%
hour = train.ratings["timestamp"].to_numpy() // 3600 % 24
genre = train.items.drop(columns=["item_id", "title", "year"]).to_numpy()


def scenarios(turn=0, films=slice(None)):
    hours = scenes(np.arange(len(train)), (hour + turn) % 24)
    genres = scenes(*np.nonzero(genre[films][train.item_codes]))
    return {"genres": genres, "hours": hours}


def shuffled(draw):
    rng = np.random.default_rng([SEED, draw])
    clocks = rng.integers(0, 24, train.n_users)[train.user_codes]
    found = scenarios(clocks, rng.permutation(train.n_items))
    return {name: diversity(some) for name, some in found.items()}


# %%
draws = pd.DataFrame([shuffled(draw) for draw in range(10)])
ends = {name: f"{x.min():.2f} – {x.max():.2f}" for name, x in draws.items()}
ends["users"] = "–"
rows = [(text(name), len(found), diversity(found), ends[name])
        for name, found in ({"users": z} | scenarios()).items()]
heads = [text(head) for head in ("kind", "how many", "pairwise", "turned")]
plots.table(pd.DataFrame(rows, columns=heads).set_index(heads[0]))

# %% [markdown]
# Two traps stand in this table. Users come close to 1, which is what directions drawn at random would give: at a fitted prior the pulls
# cancel, and the number can hardly grow. And hours look diverse. But turn each user's clock by a random number of hours, so that "hour" means
# nothing, and the number reaches as high: it needs no meaning of the hour. Genres are less diverse; give each film the
# genres of another, and all ten numbers are lower, the highest by little: with ten shuffles that is a hint, no proof. A scenario worth a gate must survive such a shuffle.
#
# Your own two functions, on five ratings each of the first hundred users:

# %% [markdown] lang="zh"
# 表里有两个坑。用户接近 1，而随机方向也会是这个值：先验拟合好之后，各人的拉力相互抵消，这个数很难再高。小时看上去也多样；可是把每个用户的时钟随机拨几个小时，
# “小时”已毫无意义，这个数照样能到这么高：它不需要小时有什么含义。类型的数值更低；把每部影片的类型换成另一部的，十次全都更低，最高的一次只低一点：只打乱了十次，这是提示，不是证明。
# 值得为它加门控的场景，必须经得起这样的打乱。
#
# 用你自己写的两个函数，取前一百名用户，每人五条评分：

# %% tags=["exercise"]
few = make_tasks(train, learning[:100], k=5, seed=SEED).support
items, (prior, scale) = pca.linear(few), pca.prior_of(few.users)
expected = (items.x @ prior.unsqueeze(2)).squeeze(2)
target = (few.values - items.bias) / pca.spread_ - expected
with mine("q26") as my:
    inputs = [t.cpu().numpy() for t in (items.x * scale, target, few.mask)]
    own = my.support_gradient_embedding(*inputs, np.zeros(9))
    print(text("yours"), f"{my.pairwise_diversity(own):.4f}")
    print(text("library"), f"{diversity(mr.task_embedding(pca, few)):.4f}")

# %% [markdown]
# ## 4. Whom to train on?
# Five splits. From the learning users with 60 ratings or more we take 30, in five ways. *Alike*: a random user and those most like that one. *Taste*: the same
# by taste alone, the level left out. *Random*. *DPP*: a random draw in which like users seldom come together (exact k-DPP, kernel
# $Z Z^\top + 0.1 I$). *Active*: those with most ratings. A closed-form head learns from each set, once from 60 ratings of each user, once from all. The table gives the RMSE of new
# users, who show five ratings. Six draws a split, averaged. The embeddings come from a model of all learning users; the bias has its strengths from one random set.
#
# **What do you expect?** Order the five, for 60 ratings each.

# %% [markdown] lang="zh"
# ## 4. 拿谁来训练？
# 五次划分。从评分不少于 60 条的训练用户里取 30 名，有五种取法：随机一名用户及与他最*相似*的人；只按*口味*相似，不看打分水平；*随机*；用 *DPP*
# （一种随机抽样，相似的用户很少同时被抽中；精确的 k-DPP，核为 $Z Z^\top + 0.1 I$）；*最活跃*的。闭式解预测头在每批数据上学习，一次用每人 60 条，一次用全部。
# 表中是新用户的 RMSE，每人给五条评分。每次划分抽六次，取平均。embedding 来自在全部训练用户上训练的模型；偏置的收缩强度在一批随机用户上选定。
#
# **你猜结果如何？** 每人 60 条时，把这五种排个序。

# %%
kinds, volumes = ("alike", "taste", "uniform", "dpp", "active"), {"each": 60}
volumes["all"], columns = "all", {}
for learner in ("head", "bias"):
    for name, volume in volumes.items():
        head = f"{glossary.say(learner, None, 'model')}, {text(name)}"
        at = {"learner": learner, "volume": volume}
        columns[head] = [study.mean(kind, **at) for kind in kinds]
named = [glossary.say(kind, None, "model") for kind in kinds]
plots.table(pd.DataFrame(columns, index=named))

# %% tags=["figure"]
sets = study.rows[(study.rows["metric"] == "of a set") & (study.rows["volume"] == 60)]
dots = sets.pivot_table(index=["seed", "unit"], columns="model", values="value")
fig, ax = plots.subplots(figsize=(5.0, 2.9))
places = {"alike": "v", "taste": "^", "uniform": "o", "dpp": "s", "active": "*"}
for (kind, marker), colour in zip(places.items(), plots.PALETTE.values()):
    some = dots[dots.index.get_level_values("unit").str.startswith(kind)]
    at = some["logdet"], some["head"]
    ax.scatter(*at, 22, colour, marker=marker, label=text(kind))
ax.set(xlabel=text("logdet"), ylabel=text("rmse"))
ax.set_title(text("sets"), fontsize=9, fontweight="bold", loc="left")
fig.legend(loc="outside lower center", ncols=5, fontsize=7)
plots.show(fig, alt=text("alt sets"))

# %% tags=["claim"]
def against_random(kind, volume=60):
    return study.compare(kind, "uniform", learner="head", volume=volume)


alike = against_random("alike")
claim("RMSE", "30 users alike", "30 users at random", alike, headline=True)

# %% tags=["claim"]
taste = against_random("taste")
claim("RMSE", "30 users alike in taste", "30 users at random", taste)

# %% tags=["figure"]
rows, others = {}, ("alike", "taste", "dpp", "active")
for kind in others:
    for name, volume in volumes.items():
        rows[f"{text(kind)}, {text(name)}"] = against_random(kind, volume)
labels = {"title": text("against"), "xlabel": text("less")}
fig = plots.intervals(rows, **labels)
fig.get_layout_engine().set(w_pad=0.1)
plots.show(fig, alt=text("alt against"))

# %% tags=["claim"]
lead = against_random("active", "all")
claim("RMSE", "the 30 most active users", "30 users at random", lead)

# %% tags=["claim"]
lead = against_random("active")
claim("RMSE", "the 30 most active users", "30 users at random", lead)

# %% tags=["claim"]
drawn = against_random("dpp")
claim("RMSE", "30 users drawn by a DPP", "30 users at random", drawn)

# %% [markdown]
# Users who are alike make a worse set. <!-- c4: higher -->
# Part of that is not about taste: alike users also share their level, and the bias, which has no tastes, loses on the same sets (table). With the level left out, users
# alike in taste still make a worse set. <!-- c5: higher -->
# The bias loses there too, with all ratings most of what the head loses (table): not all of that is taste either.
# The DPP is level with random. <!-- c8: equal -->
# Its sets lie only a little further right in the figure, so only a small step in diversity was tried. (With all ratings it is even behind, by less than the .01 star that this book calls small.)
# The most active users lead with all their ratings; <!-- c6: lower -->
# with 60 ratings each no lead is seen. <!-- c7: none -->
# So the lead looks like volume, not taste: the bias gains as much from their ratings (table).

# %% [markdown] lang="zh"
# 彼此相似的用户是更差的训练集。<!-- c4: higher -->
# 其中一部分与口味无关：相似的用户连打分水平也相似，而没有口味的偏置模型在同样的数据上也变差（见表）。不看水平、只按口味相似来取，仍然更差。<!-- c5: higher -->
# 偏置模型在这些数据上也变差，用全部评分时，预测头损失的大半它也损失了（见表）：所以这里也不全是口味。
# DPP 与随机持平。<!-- c8: equal -->
# 图中它的点只略微偏右，所以多样性只多了一小步。（用全部评分时它反而略差，幅度不到本书视为“小”的 .01 星。）
# 最活跃的用户用上全部评分时领先；<!-- c6: lower -->
# 每人 60 条时看不出领先。<!-- c7: none -->
# 所以这个领先看来出自数据量，而不是口味：偏置模型从这些评分里得到的好处一样大（见表）。

# %% [markdown] tags=["rubric"]
# #### English
# - [2] defines diversity by the directions that new tasks need, and says that a missing direction is not cured by more of the same tasks
# - [2] measures it: an embedding per task, then a pairwise distance, a log-determinant or the smallest eigenvalue
# - [2] says that more is not always better: unneeded directions take capacity, random samples are diverse already
# - [2] names the confounds, number of ratings first, and how to match them
# - [1] compares with shuffled tasks before calling scenarios different
# - [1] keeps diversity of tasks apart from diversity of lists
# #### 中文
# - [2] 用“新任务需要哪些方向”来定义多样性，并指出缺的方向不能靠更多同类任务补回
# - [2] 会度量：每个任务一个 embedding，再看两两距离、行列式对数或最小特征值
# - [2] 指出并非越多样越好：用不到的方向占容量，随机抽样本来就够多样
# - [2] 说出混杂因素（首先是评分数）以及怎么拉平
# - [1] 说场景不同之前，先与打乱后的任务比
# - [1] 分得清任务的多样性与列表的多样性

# %% [markdown] tags=["pitfalls"]
# #### English
# - **"More diverse tasks always transfer better."** → They do where a direction was missing. Directions nobody needs cost capacity. <!-- c3: higher -->
# - **"We trained on the most active users and it got better, so diversity helps."** → They bring more ratings. At 60 ratings each no lead is seen. <!-- c7: none -->
# - **"A DPP gives better training tasks than random."** → Random users were diverse enough here: equal within the margin. <!-- c8: equal -->
# - **"The pairwise distance of our tasks is 0.98, so they are very diverse."** → Random directions have about 1. Compare with shuffled tasks.
# - **"Every scenario is a task, so twenty-four hours are twenty-four tasks."** → Shuffle the label first: the hours above looked as diverse with each user's clock turned at random.
# - **"We re-rank with a DPP, so our tasks are diverse."** → That is diversity of one user's list; it says nothing about training.
# #### 中文
# - **“任务越多样，迁移越好。”** → 缺了方向时才是这样；没人需要的方向只会占容量。<!-- c3: higher -->
# - **“用最活跃的用户训练，效果变好，说明多样性有用。”** → 他们带来的是更多评分；每人都取 60 条时看不出领先。<!-- c7: none -->
# - **“用 DPP 选训练任务比随机好。”** → 这里随机抽的用户已经够多样，两者在等效界值之内。<!-- c8: equal -->
# - **“任务两两距离 0.98，非常多样。”** → 随机方向也约为 1。要和打乱后的任务比。
# - **“一个场景一个任务，24 小时就是 24 个任务。”** → 先把标签打乱再看：上面的“小时”，每个用户的时钟随机拨动之后，看上去一样多样。
# - **“我们重排用了 DPP，所以任务是多样的。”** → 那是一个用户的列表的多样性，与训练任务无关。

# %% [markdown] tags=["follow-ups"]
# #### English
# <details><summary>We re-rank for diversity. MMR or DPP, at what cost, and is that the same diversity?</summary>
# Another one: items in one list, not tasks in training. MMR adds the item with the best λ·relevance − (1 − λ)·(largest similarity to those shown); it
# sees pairs only. A DPP takes the item that adds most to log det L of the whole set, with L = diag(q) S diag(q); greedy with an updated Cholesky factor
# costs O(k²n) for k of n items (q27 writes it). For long feeds both look back over a sliding window. Rules that keep like items apart come last and are hard
# limits. Tune the trade-off on sessions, not on one list; whether it pays in retention only an A/B test of weeks can say.</details>
# <details><summary>Heavy users dominate our batches. Sample users, or weight them?</summary>
# Decide first whose error counts. If each user counts once, draw users uniformly and cap the events of each; that is what meta-training on tasks does.
# If traffic counts, keep events. In between, weigh each event of a user with n events by 1/√n. Dropping heavy users costs volume, which here was worth
# more than a diverse sampler. Report both averages, per user and per event.</details>
# <details><summary>We have thirty scenarios. Which do we train together, and how do you measure it?</summary>
# Start with all together and an id per scenario: that is the baseline. Then measure, for each scenario, training with and without each group at
# equal volume; similarity of gradients is only a cheap first look. A small scenario should share almost everything and get a gate on its embedding or layers (PEPNet);
# a large one may have weights of its own beside shared ones (STAR). Check by shuffling the scenario label within users that the scenario matters at all.</details>
# <details><summary>We have clicks and 10⁹ ids. How do you embed a task there?</summary>
# Not by the gradient of all weights: take that of a small shared head, or a random projection of it, on the user's last events, in float16. Logistic
# gradients are residual times features, so the code stays. Popular items dominate the mean; subtract the population's gradient or weight by inverse
# popularity. Nobody builds a kernel over 10⁹ users: cluster a sample, and stratify the sampler by cluster.</details>
# <details><summary>A sequence model adapts in context. Does diversity of tasks still matter?</summary>
# More, if anything: it can only use in context what training made it see. A region, language or device that was missing in the logs is a missing
# direction for it as well. What goes away is the choice of tasks: it trains on all users, and the question moves to the mixture of data sources. This lesson
# did not measure sequence models.</details>
# #### 中文
# <details><summary>我们做多样性重排：MMR 还是 DPP？代价多大？和这里的多样性是一回事吗？</summary>
# 不是一回事：那是一个列表里物品的多样性，不是训练任务的。MMR 每次选 λ·相关性 − (1 − λ)·(与已选物品的最大相似度) 最高的物品，只看两两关系。DPP 每次选让整个集合的
# log det L 增加最多的物品，L = diag(q) S diag(q)；用增量 Cholesky 的贪心，n 选 k 的代价是 O(k²n)（q27 会写）。长信息流里两者都只看滑动窗口。打散规则放在最后，是硬约束。
# 权衡系数按整个会话来调，不要只看一个列表；对留存有没有好处，只有跑几周的 A/B 才知道。</details>
# <details><summary>重度用户占满了 batch，是采样还是加权？</summary>
# 先定谁的误差算数。如果每个用户一票，就均匀抽用户，每人行为数封顶，按任务做元训练就是这样。如果流量算数，就按行为抽。折中：用户有 n 条行为，每条行为的权重取 1/√n。
# 直接丢掉重度用户会损失数据量，而这里数据量比“多样”的采样器更值钱。按用户平均和按行为平均两个指标都要报。</details>
# <details><summary>有三十个场景，哪些放在一起训练？怎么度量？</summary>
# 基线是全部合在一起，加一个场景 id。然后对每个场景，在数据量拉平的条件下比较“带上某一组”和“不带”；梯度相似度只是便宜的初筛。小场景几乎全部共享，再给 embedding 或各层加门控
# （PEPNet）；大场景可以在共享参数之外有自己的参数（STAR）。还要在用户内部打乱场景标签，确认场景确实有影响。</details>
# <details><summary>我们是点击数据，10⁹ 个 id，任务 embedding 怎么做？</summary>
# 不要用全部参数的梯度：取一个小的共享头的梯度（或它的随机投影），只看用户最近的行为，用 float16 存。logistic 损失的梯度也是“残差乘特征”，代码不变。热门物品会主导均值，
# 可以减去全体的梯度，或按热度的倒数加权。没有人会对 10⁹ 个用户建核矩阵：对样本聚类，再按簇分层采样。</details>
# <details><summary>序列模型能在上下文里适应，任务多样性还重要吗？</summary>
# 只会更重要：它在上下文里能用的，只是训练时见过的东西。日志里没有的地区、语言、设备，对它同样是缺失的方向。不再需要的是挑任务：它在全体用户上训练，问题变成各数据源怎么配比。
# 本课没有测序列模型。</details>

# %% [markdown] tags=["exercise"]
# ## Your turn
# Write three functions in [`exercises/q26_task_diversity.py`](../exercises/q26_task_diversity.py), about 25 minutes:
#
# - `support_gradient_embedding`: where each task pulls the shared weights.
# - `pairwise_diversity`: 1 minus the mean cosine of different tasks.
# - `smallest_task_eigenvalue`: the weakest of the directions that the tasks should span.
#
# Then run the cell below. Stuck? In the cell after it, take the `#` away and run: each run gives the next of three hints.

# %% [markdown] lang="zh"
# ## 动手
# 在 [`exercises/q26_task_diversity.py`](../exercises/q26_task_diversity.py) 里写三个函数，大约 25 分钟：
#
# - `support_gradient_embedding`：每个任务把共享参数往哪边拉。
# - `pairwise_diversity`：1 减去不同任务之间余弦的均值。
# - `smallest_task_eigenvalue`：任务应当张成的各方向里最弱的一个。
#
# 写完运行下面的单元格。卡住了？把再下面那个单元格里的 `#` 去掉再运行：每运行一次给出下一条提示，共三条。

# %% tags=["exercise"]
from metarec_lib import check, what_was_measured

check("q26")

# %% tags=["exercise"]
# from metarec_lib import hint; hint("q26", "support_gradient_embedding")

# %% tags=["measured"]
what_was_measured()

# %% [markdown] tags=["references"]
# **Read first · 先读：** Tripuraneni, Jordan & Jin (2020), [*On the Theory of Transfer Learning: The Importance of Task Diversity*](https://arxiv.org/abs/2006.11650), NeurIPS.
#
# - Tripuraneni, Jin & Jordan (2021), [*Provable Meta-Learning of Linear Representations*](https://arxiv.org/abs/2002.11684), ICML: the method of section 1.
# - Kumar, Deleu & Bengio (2023), [*The Effect of Diversity in Meta-Learning*](https://arxiv.org/abs/2201.11775), AAAI: samplers from none to very diverse.
# - Achille et al. (2019), [*Task2Vec: Task Embedding for Meta-Learning*](https://arxiv.org/abs/1902.03545), ICCV.
# - Standley et al. (2020), [*Which Tasks Should Be Learned Together in Multi-task Learning?*](https://arxiv.org/abs/1905.07553), ICML.
# - Kulesza & Taskar (2012), [*Determinantal Point Processes for Machine Learning*](https://arxiv.org/abs/1207.6083), Foundations and Trends in Machine Learning.
# - Sheng et al. (2021), *One Model to Serve All: Star Topology Adaptive Recommender for Multi-Domain CTR Prediction*, CIKM: STAR.
# - Chang et al. (2023), *PEPNet: Parameter and Embedding Personalized Network for Infusing with Personalized Prior Information*, KDD.
# - Huang et al. (2021), *Sliding Spectrum Decomposition for Diversified Recommendation*, KDD: diversity of lists.
