# %% [markdown]
# # q01 · What is meta-learning, and what does it buy a recommender?
#
# First where it works best: sine waves. Then real users, against a baseline that is hard to beat.
# Read the question, answer it aloud, then compare.

# %% [markdown] lang="zh"
# # q01 · 什么是元学习？它在推荐系统中有什么用？
#
# 先看它最拿手的场景：正弦波。再看真实用户，对手是一个很难胜过的基线。先读题，自己说一遍，再对照。

# %% [markdown] tags=["question"]
# #### English
# What is meta-learning? Explain the inner and the outer loop of MAML, and say what a recommender gains from it for a user with
# few ratings. When does it gain nothing?
# #### 中文
# 什么是元学习？请说明 MAML 的内循环和外循环。对一个只有几条评分的用户，推荐系统能从中得到什么？什么情况下没有收益？
#
# level: mid · minutes: 3 · needs: q06 · topics: MAML, Reptile, cold start, empirical Bayes

# %% [markdown] tags=["answer-short"]
# #### English
# Meta-learning learns from many tasks how to learn a new one from few examples. In a recommender a user is a task: a few
# ratings are the support, the rest the query. MAML learns initial weights: the inner loop takes a few gradient steps on the
# support, the outer loop moves the initial weights so that the query does well after them. That is a learned prior. Its rival
# is a simple prior, the shrunken user bias. On ML-100K MAML ties with it at one rating, <!-- c3: equal -->
# is ahead at twenty, <!-- c4: lower -->
# and loses with thirty training users. <!-- c8: higher -->
# At five ratings a prior solved in closed form is slightly ahead of MAML. <!-- c6: lower, c6: small -->
# #### 中文
# 元学习是从许多任务里学会“怎样用少量样本学好一个新任务”。在推荐里，一个用户就是一个任务：几条评分作支持集，其余作查询集。MAML 学的是初始化参数：
# 内循环在支持集上走几步梯度，外循环调整初始化参数，使走完这几步之后查询集的损失更低。这等于学到一个先验，而它的对手是另一个简单的先验——收缩偏置。
# 在 ML-100K 上，只有一条评分时 MAML 与它打平，<!-- c3: equal -->
# 有二十条时领先，<!-- c4: lower -->
# 只有三十名训练用户时则输给它。<!-- c8: higher -->
# 同样是先验，改用闭式解求后验，在五条评分时比 MAML 略好。<!-- c6: lower, c6: small -->

# %% [markdown] tags=["answer-full"]
# **Tasks.** Each user $u$ is a task with a support $S_u$ and a query $Q_u$. An item can be the task too: its first ratings are
# the support. That is item cold start.
#
# **Two loops.** MAML learns the initial weights $\theta$ of gradient descent:
#
# $$\min_\theta \; \frac1U \sum_u L_{Q_u}(\theta_u'), \qquad \theta_u' = \theta - \alpha \nabla L_{S_u}(\theta)$$
#
# The outer gradient is $(I - \alpha H_u)\,\nabla L_{Q_u}(\theta_u')$, with $H_u$ the Hessian of the support loss: second order. With
# several steps it is a product of such factors, and their graph must be kept in memory. First-order MAML (FOMAML) drops every
# $\alpha H_u$. Reptile moves $\theta$ towards the weights where each task's own training ends; it needs no query.
#
# **Three families.** *Optimisation-based*: MAML, Reptile; and a closed-form head (R2D2), the same idea with an exact inner solve.
# *Metric-based*: compare the query with the support in a learned space. *Model-based*: a network reads the support and
# answers: memory, neural processes, a Transformer in context.
#
# **What it is.** The initial weights and the few steps act as a prior: MAML is approximate empirical Bayes (Grant et al. 2018). In
# a recommender the prior says what to expect of a user before much is known. Its rivals are simple priors: a shrunken user bias; and
# fold-in, which keeps the item vectors of a factorisation and solves a small ridge regression for the new user.
#
# **A detail that counts.** The inner loss is a mean over the support, so one rating pulls as hard as twenty. Left like that, at
# the same rate, MAML is worse than the bias at one rating. <!-- c2: higher -->
# Multiply the step by $K/(K + c)$.
#
# **Where the gain is.** At twenty ratings MAML is ahead of the bias. <!-- c4: lower -->
# At five a closed-form head without user features is a little ahead of MAML, <!-- c6: lower, c6: small -->
# and training the head by episodes adds nothing to its start, a probabilistic PCA. <!-- c7: equal -->
# So compare with fold-in before you build two loops.
#
# **What it is not.** The "meta-learner" of stacking weighs models on one task. Averaging models is an ensemble. Neither learns
# to learn. (Averaging the adapted *weights* does: it is a step of Reptile with $\epsilon = 1$.)
#
# **When it does not help.** With thirty meta-training users MAML loses to the bias. <!-- c8: higher -->
# At one rating it only ties. <!-- c3: equal -->
# With a long history a user's own data outweigh any prior. And where tasks share nothing, there is nothing to learn across them.

# %% [markdown] tags=["zh"]
# **任务。** 每个用户 $u$ 是一个任务，有支持集 $S_u$ 和查询集 $Q_u$。反过来也可以把物品当作任务：它最初的几条评分是支持集，这就是物品冷启动。
#
# **两层循环。** MAML 学的是梯度下降的初始化参数 $\theta$：
#
# $$\min_\theta \; \frac1U \sum_u L_{Q_u}(\theta_u'), \qquad \theta_u' = \theta - \alpha \nabla L_{S_u}(\theta)$$
#
# 外层梯度是 $(I - \alpha H_u)\,\nabla L_{Q_u}(\theta_u')$，其中 $H_u$ 是支持集损失的 Hessian，所以是二阶方法。走多步时是一串这样的因子相乘，
# 计算图要一直留在显存里。一阶 MAML（FOMAML）略去所有 $\alpha H_u$ 项。Reptile 让 $\theta$ 朝各任务自己训练结束的位置挪一步，不需要查询集。
#
# **三大类。** 基于优化的：MAML、Reptile；闭式解预测头（R2D2）思路相同，只是内层换成精确求解。基于度量的：在学到的空间里比较查询与支持集。
# 基于模型的：让网络直接读入支持集再作答，如记忆网络、神经过程、做上下文学习（in-context）的 Transformer。
#
# **本质。** 初始化参数加上有限的几步，作用相当于先验：MAML 近似于经验贝叶斯（Grant 等，2018）。放在推荐里，就是在了解一个用户之前，先对他有个
# 合理的预期。它的对手正是那些简单的先验：带收缩（贝叶斯平滑）的用户偏置；以及 fold-in——固定矩阵分解的物品向量，为新用户解一个小的岭回归。
#
# **一个不能忽略的细节。** 内层损失是对支持集取平均，所以一条评分的拉力和二十条一样大。学习率相同而不作修正，只有一条评分时 MAML 不如偏置。<!-- c2: higher -->
# 应把步长乘以 $K/(K + c)$。
#
# **收益在哪里。** 有二十条评分时，MAML 领先于偏置。<!-- c4: lower -->
# 有五条时，不看用户画像的闭式解预测头比 MAML 略好，<!-- c6: lower, c6: small -->
# 而按任务（episode）训练预测头，与它的起点概率 PCA 相比没有增益。<!-- c7: equal -->
# 所以先和 fold-in 比过，再决定要不要两层循环。
#
# **不是什么。** stacking 里的“元学习器”是在一个任务上给几个模型加权；多个模型的输出取平均叫集成。二者都不是“学会学习”。（把适应后的*参数*取平均倒是：那就是 $\epsilon = 1$ 时 Reptile 的一步。）
#
# **什么时候没用。** 元训练用户只有三十名时，MAML 输给偏置；<!-- c8: higher -->
# 只有一条评分时，二者只是打平；<!-- c3: equal -->
# 历史很长时，用户自己的数据会盖过任何先验；任务之间没有共性，也就没有东西可以迁移。

# %% [markdown]
# ## 1. Where it works: sine waves
# A task is a wave $y = a \sin(x - \varphi)$, its amplitude and phase drawn at random; ten points are known. Two networks of the same
# shape learn from many waves: MAML, and one trained on the points of all waves pooled. Each then takes gradient steps on the ten
# points of a new wave, at the rate that does best for it on other waves. Here a short run; the study (`metarec study q01`) trains longer,
# on five seeds.

# %% [markdown] lang="zh"
# ## 1. 最拿手的场景：正弦波
# 一个任务就是一条正弦波 $y = a \sin(x - \varphi)$，振幅和相位随机，已知其中十个点。两个结构相同的网络从许多条波里学习：一个是 MAML，另一个把所有波的点
# 混在一起训练（混合数据训练）。遇到新的波，各自在十个点上走几步梯度，步长都用别的波调到最好。这里只跑一个短的；研究脚本（`metarec study q01`）训练得更久，
# 用五个种子。

# %%
import numpy as np
import torch
from metarec_lib import MAML, SineRegressor, SineTasks, claim, evaluate_tasks, mine
from metarec_lib import load_movielens, load_study, make_tasks, plots, seed, split_users
from metarec_lib.workbook.core import glossary, pick

SEED = seed()


def text(name):
    return pick(TEXTS[name])  # in the reader's language


def labels(title, x, y):
    return {"title": text(title), "xlabel": text(x), "ylabel": text(y)}


# %% tags=["figure"]
TEXTS = {
    "wave": ("the wave", "真实的波"),
    "which": ("wave", "第几条波"),
    "taken": ("Gradient steps taken", "已走的梯度步数"),
    "alt wave": (
        "One wave with ten points. After one step MAML's curve follows the wave; the pooled network's stays near the mean wave.",
        "一条波和十个点。走一步之后，MAML 的曲线就贴近这条波，混合数据训练的网络仍停在平均波附近。",
    ),
    "waves": ("2,500 new waves, ten known points each", "2,500 条新的波，各已知十个点"),
    "steps": ("gradient steps on the ten points", "在十个点上走的梯度步数"),
    "error": ("mean squared error (log scale)", "均方误差（对数坐标）"),
    "alt waves": (
        "Error against steps for five methods. MAML and its relatives fall at the first step; the pooled network slowly.",
        "五种方法的误差随步数变化：MAML 一类走一步就大幅下降，混合数据训练的网络降得很慢。",
    ),
    "yours": ("your outer gradient", "你的外层梯度"),
    "second": ("second order, by formula", "二阶，按公式"),
    "first": ("first order, by formula", "一阶，按公式"),
    "prior": ("The prior that t gradient steps stand for", "走 t 步梯度相当于多强的先验"),
    "eigenvalue": ("eigenvalue: how much the ratings say in this direction", "特征值：评分在这个方向上的信息量"),
    "strength": ("strength of the prior (log scale)", "先验的强度（对数坐标）"),
    "alt prior": (
        "Falling curves of prior strength over the eigenvalue; more steps lie lower, and fall faster.",
        "先验强度随特征值下降的几条曲线；步数越多，曲线越低，降得越快。",
    ),
    "pull": ("The same trained network, two rules for its step", "同一个训练好的网络，两种步长规则"),
    "K": ("K, ratings of the new user", "K：新用户的评分数"),
    "rmse": ("RMSE (stars)", "RMSE（星）"),
    "aware": ("step × K / (K + 5)", "步长 × K / (K + 5)"),
    "paper": ("the paper's step", "论文的步长"),
    "alt pull": (
        "RMSE against K. With the paper's step it rises above its value at K = 0 for the first ratings, then falls; "
        "with the K-aware step it falls from the start.",
        "RMSE 随 K 的变化：用论文的步长，头几条评分反而让误差高过 K = 0，之后才下降；步长随 K 调整后，一开始就下降。",
    ),
    "five": ("Against the shrunken bias, new users", "与收缩偏置相比，新用户"),
    "less": ("RMSE minus the bias's (stars)", "RMSE 与偏置之差（星）"),
    "no meta": ("no meta-training", "不做元训练"),
    "head": ("closed-form head", "闭式解预测头"),
    "alt five": (
        "Four panels of RMSE minus the bias's over K. All are lower at K = 20 than at K = 1; the closed-form head lies "
        "lowest, the network without meta-training highest.",
        "四个小图，RMSE 与偏置之差随 K 变化：K = 20 时都比 K = 1 时低，闭式解预测头最低，不做元训练的网络最高。",
    ),
}

# %%
waves, rng, steps = SineTasks(k=10), np.random.default_rng([SEED, 1]), (1, 5, 20)
validation, test = waves.draw(100, rng), waves.draw(21, rng)
nets = {"maml": SineRegressor("maml", steps=700, seed=SEED).fit(waves)}

# %%
nets["pooled"] = SineRegressor("pooled", steps=700, seed=SEED).fit(waves)
rates = {name: net.best_rates(validation, steps) for name, net in nets.items()}
controls = {"wave": TEXTS["which"], "steps_taken": TEXTS["taken"]}
grid = np.linspace(-5, 5, 81)

# %% [markdown] tags=["expect"]
# **What do you expect?** The pooled network knows no tasks, only points. What curve does it draw before its first step? And which of
# the two networks is nearer to the wave at that moment?

# %% [markdown] lang="zh"
# **你猜结果如何？** 混合数据训练的网络不知道任务，只见过一堆点。走第一步之前，它画出的是什么曲线？那一刻，两个网络谁离真实的波更近？

# %% tags=["play", "nbval-ignore-output"]
def one_wave(wave=3, steps_taken=1):
    x, y = test.x[[wave]], test.y[[wave]]
    truth = test.amplitude[wave].item() * np.sin(grid - test.phase[wave].item())
    tuned = min(s for s in steps if s >= steps_taken)  # rates are tuned for so many
    drawn, points = {}, (x, y, x.new_tensor(grid)[None], steps_taken)
    for name, net in nets.items():
        drawn[glossary.say(name)] = net.predict(*points, rates[name][tuned])[0].cpu()
    named = {"title": f"{text('taken')}: {steps_taken}", "xlabel": "x", "ylabel": "y"}
    drawn |= {text("wave"): truth}
    return plots.lines(grid, drawn, **named, points=(x[0].cpu(), y[0].cpu()))


plots.play(one_wave, wave=(0, 20), steps_taken=(0, 20), labels=controls,
           alt=text("alt wave"))

# %% [markdown]
# Before the first step both draw about the mean wave, which is right for no wave. MAML was not trained to be good there. It was trained to become good.
# Now the study: five methods, judged on new waves of each seed.

# %% [markdown] lang="zh"
# 走第一步之前，两者画的都差不多是平均波，对哪条波都不准。MAML 的训练目标不是“现在就好”，而是“走几步之后变好”。下面是研究的结果：五种方法，每个种子都用新的波来评估。

# %% tags=["figure"]
study, taken, curves = load_study("q01"), (0, 1, 5, 20), {}
names = ("MAML", "pooled network", "Reptile", "first-order MAML", "untrained network")
for name in names:
    curves[glossary.say(name)] = [study.mean(name, "mse", steps=s) for s in taken]
named = labels("waves", "steps", "error")
fig = plots.lines(taken, curves, **named, log_y=True, xticks=taken)
plots.show(fig, alt=text("alt waves"))

# %% tags=["claim"]
found = study.compare("MAML", "pooled network", "mse", steps=1)
claim("squared error", "MAML", "pooled network", found)

# %% [markdown]
# ## 2. The two loops, by hand
# The outer gradient is $(I - \alpha H)\,\nabla L_Q(\theta')$, with $\theta' = \theta - \alpha \nabla L_S(\theta)$. For a network of eight ReLU units and
# 25 weights $H$ can be written out. First-order MAML drops $\alpha H$.

# %% [markdown] lang="zh"
# ## 2. 亲手写两层循环
# 外层梯度是 $(I - \alpha H)\,\nabla L_Q(\theta')$，其中 $\theta' = \theta - \alpha \nabla L_S(\theta)$。网络只有八个 ReLU 单元、25 个参数时，$H$ 可以直接写出来。
# 一阶 MAML 略去 $\alpha H$。

# %%
def library(method):
    net = SineRegressor(method, hidden=(8,), steps=0, seed=SEED).fit(waves)
    weights = [weight.requires_grad_() for weight in net.weights_.values()]
    gradient = torch.autograd.grad(net.meta_loss(one), weights)
    return torch.cat([w.flatten() for w in weights]).detach(), torch.cat(
        [part.flatten() for part in gradient])


one, alpha = waves.draw(1, rng), 0.05
(theta, second), (_, first) = library("maml"), library("fomaml")

# %% tags=["from-scratch"]
def loss(theta, x, y):
    w0, b0, w1, b1 = theta.split([8, 8, 8, 1])
    return ((torch.relu(x / 5 * w0 + b0) @ w1 + b1 - y) ** 2).mean()


support, query = (one.x.T, one.y[0]), (one.x_query.T, one.y_query[0])
gradient, hessian = torch.func.grad(loss), torch.func.hessian(loss)
adapted = theta - alpha * gradient(theta, *support)  # inner loop
at_end = gradient(adapted, *query)
outer = at_end - alpha * hessian(theta, *support) @ at_end  # (I - alpha H) grad L_Q
pairs = (outer, second), (at_end, first)
print("agrees:", all(torch.allclose(a, b, atol=1e-8) for a, b in pairs))

# %% [markdown]
# Now your `inner_step` and `maml_outer_loss`, on two losses $s\,(w - c)^2$ whose query is their support. The Hessian is $2s$, so a step
# keeps a part $1 - 2 \alpha s$ of the distance to $c$. The outer gradient carries that factor twice, first order once.

# %% [markdown] lang="zh"
# 再看你写的 `inner_step` 和 `maml_outer_loss`：两个损失 $s\,(w - c)^2$，查询集就是支持集。Hessian 是 $2s$，所以一步之后到 $c$ 的距离剩下 $1 - 2 \alpha s$ 倍。
# 外层梯度里这个因子出现两次，一阶方法只有一次。

# %% tags=["exercise"]
with mine("q01") as my:
    parts, alpha = ((1.0, 0.5), (-2.0, 2.0)), 0.1  # c and s of two tasks
    tasks = [lambda w, c=c, s=s: (s * (w - c) ** 2).sum() for c, s in parts]
    start = torch.zeros(1, requires_grad=True)
    my.maml_outer_loss(tasks, tasks, start, alpha, 1).backward()
    print(f"{text('yours')}: {start.grad.item():.3f}")
    for power, name in ((2, "second"), (1, "first")):
        formula = [2 * s * (1 - 2 * alpha * s) ** power * (0 - c) for c, s in parts]
        print(f"{text(name)}: {sum(formula) / 2:.3f}")

# %% [markdown]
# ## 3. Few steps are a prior
# Fit a linear model by $t$ gradient steps of rate $\alpha$ from $\theta$. Along an eigenvector of the support's Hessian, with eigenvalue
# $\lambda$, the weights go a part $1 - (1 - \alpha\lambda)^t$ of the way from $\theta$ to the least-squares solution. Ridge regression with
# prior mean $\theta$ and strength $\kappa$ goes a part $\lambda / (\lambda + \kappa)$. For $0 < \alpha\lambda < 1$ the two agree at
#
# $$\kappa_t(\lambda) = \lambda \, \frac{(1 - \alpha\lambda)^t}{1 - (1 - \alpha\lambda)^t}$$

# %% [markdown] lang="zh"
# ## 3. 有限的几步就是先验
# 线性模型从 $\theta$ 出发，以学习率 $\alpha$ 走 $t$ 步。沿支持集 Hessian 的某个特征方向（特征值为 $\lambda$），参数走完了从 $\theta$ 到最小二乘解这段路的
# $1 - (1 - \alpha\lambda)^t$。先验均值为 $\theta$、强度为 $\kappa$ 的岭回归走完的是 $\lambda / (\lambda + \kappa)$。当 $0 < \alpha\lambda < 1$ 时，令两者相等，得到
#
# $$\kappa_t(\lambda) = \lambda \, \frac{(1 - \alpha\lambda)^t}{1 - (1 - \alpha\lambda)^t}$$

# %% tags=["figure"]
eigenvalues = np.linspace(0.05, 6, 160)
left = {t: (1 - 0.1 * eigenvalues) ** t for t in (1, 3, 10)}
strength = {f"t = {t}": eigenvalues * part / (1 - part) for t, part in left.items()}
named = labels("prior", "eigenvalue", "strength")
fig = plots.lines(eigenvalues, strength, **named, log_y=True, xticks=(0, 2, 4, 6))
plots.show(fig, alt=text("alt prior"))

# %% [markdown]
# More steps are a weaker prior. Where the ratings say little the weights stay near $\theta$; where they say much they follow the ratings.
# So learned initial weights are a learned prior mean; for a network that is an approximation. One difference: here the strength depends on
# the support; that of a true prior does not.

# %% [markdown] lang="zh"
# 步数越多，先验越弱。评分信息少的方向，参数留在 $\theta$ 附近；信息多的方向，参数跟着评分走。所以学到的初始化参数就是学到的先验均值；
# 对神经网络，这只是近似。有一点不同：这里的强度取决于支持集，真正的先验则不会。

# %% [markdown]
# ## 4. How hard may one rating pull?
# ML-100K, users with 30 or more ratings. A fifth of them judge, each with K ratings as support and the same query for every K. The bias's
# strength is chosen at five ratings on tuning users, who never judge; the learners run at the library's settings. The same judges return in q02, q06 and q07. The MAML of the library adds a small
# network on item vectors and genres to the item's bias; the network adapts.
#
# Its inner loss is a *mean* over K ratings, so one rating pulls as hard as twenty. The library therefore multiplies the step by
# $K / (K + 5)$, which is not in the paper.

# %% [markdown] lang="zh"
# ## 4. 一条评分该有多大的拉力？
# ML-100K，评分不少于 30 条的用户。其中五分之一用来评估：每人拿出 K 条作支持集，不同 K 的查询集相同。偏置的强度在调参用户上选（每人五条评分），这些人从不参与评估；各学习器用库的默认设置。
# 评估用的这批人在 q02、q06、q07 里还会出现。库里的 MAML 在物品偏置之上加一个小网络，输入是物品向量和类型；做适应的是这个网络。
#
# 内层损失是对 K 条评分取*平均*，所以一条评分的拉力和二十条一样大。库里因此把步长乘以 $K / (K + 5)$，论文里没有这一项。

# %%
data = load_movielens("ml-100k")
learning, tuning, judging = split_users(data, seed=SEED)
known = data.subset(~np.isin(data.ratings["user_id"], judging))
maml = MAML(epochs=6, seed=SEED).fit(known)

# %% [markdown] tags=["expect"]
# **What do you expect?** Give the trained network the paper's step instead. At which K does it hurt most, and can it be worse than no step
# at all?

# %% [markdown] lang="zh"
# **你猜结果如何？** 把训练好的网络换成论文的步长。哪个 K 受影响最大？会不会还不如一步都不走？

# %%
few, curves = (0, 1, 2, 3, 5, 8, 12, 20), {}
for rule, shrinkage in (("aware", 5), ("paper", 0)):
    maml.set_params(shrinkage=shrinkage)
    tasks = [make_tasks(data, judging, k=k, pool=20, seed=SEED) for k in few]
    errors = [evaluate_tasks(maml, batch, ("rmse",))["rmse"].mean() for batch in tasks]
    curves[text(rule)] = errors
fig = plots.lines(few, curves, **labels("pull", "K", "rmse"), xticks=few)
plots.show(fig, alt=text("alt pull"))

# %% [markdown]
# In this run the paper's step hurts most at one and two ratings, which are worse than none. But the network was trained for the small step. The study also trains one for the
# paper's step, at the same `inner_lr`, which was not tuned for it:

# %% [markdown] lang="zh"
# 在这次运行里，论文的步长在一两条评分时害处最大，还不如一条评分都没有。不过这个网络是按小步长训练的；研究里还按论文的步长另训了一个，`inner_lr` 相同，没有为它单独调：

# %% tags=["claim"]
ignoring = study.compare("MAML, step not K-aware", "bias", k=1, users="all")
claim("RMSE", "MAML whose step ignores K", "shrunken bias", ignoring)

# %% [markdown]
# At one rating it loses to the shrunken bias. <!-- c2: higher -->
# The factor $K / (K + 5)$ has the form of the bias's shrinkage. Whether a smaller rate would do as well was not measured.
#
# ## 5. Who beats the bias?
# Five splits. In training a user's task sees item vectors that were fitted without that user's fold. "Pooled network, fine-tuned" is the same network
# without meta-training: Reptile that trains with one step is training on pooled ratings. Its rate on new users is chosen on those kept for early
# stopping, as Reptile's is; MAML's is the library's.
#
# Only the closed-form head and probabilistic PCA also read age, gender and occupation. So the head meets MAML without them; its item vectors
# are then fitted without them too, MAML's with them. The learners that stop early keep a tenth of the users for that alone; the bias and probabilistic PCA use all.

# %% [markdown] lang="zh"
# 只有一条评分时，它输给收缩偏置。<!-- c2: higher -->
# 因子 $K / (K + 5)$ 正是偏置模型里的那种收缩。单纯把学习率调小是否也行，这里没有测。
#
# ## 5. 谁能胜过偏置？
# 五次划分。训练时，一个用户的任务所用的物品向量，拟合时不含该用户所在的那一折。“混合数据训练再微调的网络”是同一个网络不做元训练：训练时只走一步的 Reptile，就等于在混合的评分上训练。
# 它对新用户的学习率和 Reptile 一样，在留作早停的用户上选；MAML 用库里的默认值。
#
# 只有闭式解预测头和概率 PCA 还读年龄、性别和职业，所以与 MAML 比时，预测头去掉这些特征；它的物品向量在拟合时也不用这些特征，MAML 的则用了。
# 要早停的方法把十分之一的用户单独留作早停；偏置和概率 PCA 用全部用户。

# %%
rows = ("bias", "pooled, fine-tuned", "Reptile", "first-order MAML", "MAML",
        "head, not meta-trained", "head, no user features", "closed-form head")
plots.table(study.table(rows, by="k", users="all").rename(index=glossary.say))

# %% tags=["figure"]
panels = {"MAML": "MAML", "pooled, fine-tuned": text("no meta"), "Reptile": "Reptile",
          "closed-form head": text("head")}
bands = {}
for name, label in panels.items():
    gains = [study.compare(name, "bias", k=k, users="all") for k in (1, 5, 20)]
    halves = [(g.interval[1] - g.interval[0]) / 2 for g in gains]
    bands[label] = [g.mean for g in gains], halves
fig = plots.bands((1, 5, 20), bands, **labels("five", "K", "less"))
plots.show(fig, alt=text("alt five"))

# %% tags=["claim"]
tie = study.compare("MAML", "bias", k=1, users="all")
claim("RMSE", "MAML", "shrunken bias", tie, headline=True)

# %% tags=["claim"]
claim("RMSE", "MAML", "shrunken bias", study.compare("MAML", "bias", k=20, users="all"))

# %% [markdown]
# With one rating MAML does not beat the bias; with twenty it does. <!-- c3: none, c4: lower -->
#
# **What did the *meta*-training add?** Take it away and keep the network: compare with the pooled one.

# %% [markdown] lang="zh"
# 只有一条评分时，MAML 胜不过偏置；有二十条时胜过。<!-- c3: none, c4: lower -->
#
# **元训练本身带来了什么？** 网络不变，去掉元训练：与混合数据训练的那个比。

# %% tags=["claim"]
added = study.compare("MAML", "pooled, fine-tuned", k=5, users="all")
claim("RMSE", "MAML", "pooled network, fine-tuned", added)

# %% tags=["claim"]
head = study.compare("head, no user features", "MAML", k=5, users="all")
claim("RMSE", "head without user features", "MAML", head)

# %% tags=["claim"]
episodes = study.compare("closed-form head", "head, not meta-trained", k=5, users="all")
claim("RMSE", "closed-form head", "probabilistic PCA", episodes)

# %% [markdown]
# The three comparisons are at five ratings. The network gains by meta-training. <!-- c5: lower -->
# Without user features the closed-form head is a little ahead of MAML. <!-- c6: lower, c6: small -->
# It starts as a probabilistic PCA (q07), and training it by episodes from there changes nothing that matters. <!-- c7: equal -->
# What remains is a prior estimated from all users and an exact solve; which of these two carries the head was not measured.
#
# ## 6. When it does not help
# The same with only thirty meta-training users. MAML keeps three of them apart for early stopping, the item vectors rest on these few users too,
# and no setting was tuned for so few.

# %% [markdown] lang="zh"
# 这三项都是在五条评分下比较的。对这个网络，元训练是有用的。<!-- c5: lower -->
# 不看用户画像时，闭式解预测头比 MAML 略好。<!-- c6: lower, c6: small -->
# 它的初始状态就是概率 PCA（q07），从那里再按任务（episode）训练，没有带来值得一提的变化。<!-- c7: equal -->
# 剩下的是从全体用户估计出的先验和精确求解；两者中谁起主要作用，这里没有测。
#
# ## 6. 什么时候没用
# 条件相同，但只有三十名元训练用户。MAML 还要从中留出三名用于早停，物品向量也只靠这几个人，而且没有为这么少的用户重新调参。

# %% tags=["claim"]
rows = ["bias", "MAML", "closed-form head"]
plots.table(study.table(rows, by="k", users=30).rename(index=glossary.say))
claim("RMSE", "MAML", "shrunken bias", study.compare("MAML", "bias", k=5, users=30))

# %% [markdown]
# With thirty users MAML loses to the bias. <!-- c8: higher -->
# Not every learner does: see the head's row. It learns a prior mean and a few strengths, which is less to learn than a network's weights.
# That this is the reason is a guess.

# %% [markdown] lang="zh"
# 只有三十名用户时，MAML 输给偏置。<!-- c8: higher -->
# 但不是所有方法都如此，请看闭式解预测头那一行。它只学一个先验均值和几个强度，要学的东西比一个网络少得多；原因是否就在这里，只是猜测。

# %% [markdown] tags=["rubric"]
# #### English
# - [2] says what a task is in a recommender: a user, with support and query (or an item)
# - [2] explains both loops: steps on the support, and initial weights moved so that the query does well after them
# - [2] names the three families, or two of them with examples, and where Reptile and FOMAML differ from MAML
# - [2] sees the learned initial weights as a prior, and compares with simple priors: shrunken bias, ridge fold-in
# - [1] says when it does not help: few tasks, many ratings, nothing shared
# - [1] keeps learning to learn apart from stacking and from averaging models
# #### 中文
# - [2] 说清推荐里什么是任务：一个用户（或一个物品），有支持集和查询集
# - [2] 讲清两层循环：在支持集上走几步；调整初始化参数，使走完之后查询集损失更低
# - [2] 说出三大类或其中两类并举例，以及 Reptile、FOMAML 与 MAML 的区别
# - [2] 认识到学到的初始化参数就是先验，并与简单先验比较：收缩偏置、岭回归 fold-in
# - [1] 说出什么时候没用：任务太少、评分很多、任务没有共性
# - [1] 不把“学会学习”与 stacking、模型平均混为一谈

# %% [markdown] tags=["pitfalls"]
# #### English
# - **"MAML finds weights that do well on average over all tasks."** → That is pooled training. MAML finds weights that do well *after* a few steps.
# - **"MAML works because it learns fast."** → On few-shot images and control Raghu et al. (2020) adapted the last layer alone (ANIL) and lost next to nothing: mostly the features are reused.
# - **"The meta-learner of a stacked ensemble is meta-learning."** → It learns to weigh models on one task; nothing carries over to a new task.
# - **"First-order MAML ignores the inner loop."** → It runs the inner loop and takes the gradient at its end; it drops only the factor I − αH.
# - **"Reptile is MAML without second derivatives."** → That is FOMAML. Reptile uses no query; it moves towards the end of each task's training.
# - **"Meta-learning needs little data."** → Little per new task. It needs many tasks first.
# #### 中文
# - **“MAML 找的是在所有任务上平均最好的参数。”** → 那是混合数据训练。MAML 找的是走几步*之后*最好的初始化参数。
# - **“MAML 有效是因为学得快。”** → Raghu 等（2020）在小样本图像分类和强化学习上只适应最后一层（ANIL），几乎没有损失：主要是特征复用。
# - **“stacking 里的元学习器就是元学习。”** → 它在一个任务上学怎么给模型加权，对新任务没有任何迁移。
# - **“一阶 MAML 忽略了内循环。”** → 内循环照走，梯度在走完之后的位置上取，只是略去了 I − αH 这个因子。
# - **“Reptile 就是去掉二阶导数的 MAML。”** → 那是 FOMAML。Reptile 不用查询集，它朝各任务训练结束的位置移动。
# - **“元学习只需要很少的数据。”** → 新任务要的数据少；但事先要有很多任务。

# %% [markdown] tags=["follow-ups"]
# #### English
# <details><summary>We have clicks, not stars. A new user has made three. What changes?</summary>
# The task stays, the likelihood changes. For ranking the support is what was shown: impressions with click or without, and the loss
# is logistic. An impression without a click is weak evidence (position, no look), so a click weighs more. For retrieval the negatives come from
# the whole catalogue, since the impressions hold only what the old system chose. The prior matters as before: three clicks are few
# bits. Instead of one ridge solve the user's vector takes a few Newton steps. This lesson measures stars only.</details>
# <details><summary>Why not a sequence model that adapts in context?</summary>
# It is meta-learning, of the model-based family: it reads the history, and adaptation is paid for in training. It stores no weights per user and is
# fresh at once; with long logs it is the natural first choice. Gradient or closed-form adaptation must earn its place: at very few events,
# for new items, where an uncertainty is needed, or where the item table changes faster than the big model is trained.</details>
# <details><summary>10⁹ ids, many of them new today. How is the embedding of a new item initialised, and when does it take over?</summary>
# The item is the task. A small generator turns content into the first embedding and is trained to do well before any
# click and after one step on the first few (Meta-Embedding, SIGIR 2019). The id takes over as evidence grows, n / (n + c) with n its impressions and c tuned: shrinkage
# again. A table of 10⁹ rows is sharded or hashed; rare ids share rows and lean on content.</details>
# <details><summary>Why are inner loops hardly ever served?</summary>
# A backward pass per request costs latency, and weights per user grow with users and go stale with every new model. Store
# the ratings, adapt a small head or vector in closed form (q07, q10), treat everything else as a cache. LinkedIn reports that LiMAML (KDD 2024) turns the adapted
# sub-networks into vectors of fixed size for this reason.</details>
# <details><summary>Meta-learning, multi-task learning, fine-tuning: what is the difference?</summary>
# Multi-task learning serves the tasks it was trained on. Fine-tuning adapts weights that were chosen for their own error. Meta-learning chooses
# weights for what they become on a new task. Section 5 keeps the network and changes its training: at five ratings the meta-trained one is ahead. <!-- c5: lower --></details>
# #### 中文
# <details><summary>我们只有点击，没有星级。新用户点了三次，该怎么变？</summary>
# 任务不变，似然变了。精排时支持集是曝光样本：有点击的和没点击的，用 logistic 损失。曝光未点击是弱负样本（可能是位置靠后，根本没看到），所以点击的权重更高。
# 召回的负样本要从全库里采，因为曝光里只有旧系统挑过的东西。先验的作用不变：三次点击的信息量很少。求解用户向量时，一次岭回归换成几步牛顿法。本课只测了星级。</details>
# <details><summary>序列模型自己就能在上下文里适应，为什么还要元学习？</summary>
# 它本身就是元学习，属于基于模型的一类：读入历史再作答，适应的代价在训练时付掉了。它不为每个用户存参数，行为一来就生效，日志足够长时，它是自然的首选。
# 梯度式或闭式解的适应要证明自己的价值：行为极少的用户、新物品、需要不确定性的场合，或者物品库变化比大模型更新还快的时候。</details>
# <details><summary>10⁹ 个 id，每天都有大量新 id。新物品的 embedding 怎么初始化？什么时候由 id 接管？</summary>
# 把物品当任务：用一个小的生成网络从内容特征产出初始 embedding，训练目标是一次点击都没有时效果好，在最初几次点击上走一步之后也好（Meta-Embedding，SIGIR 2019）。证据变多后由 id 接管，
# 权重取 n / (n + c)，n 是曝光数，c 靠调参：还是收缩。10⁹ 行的表要分片或哈希；低频 id 共用行，主要靠内容特征。</details>
# <details><summary>为什么线上几乎没人跑内循环？</summary>
# 每个请求做一次反向传播，延迟太高；为每个用户存一份参数，量随用户数增长，主模型一更新就全部过期。应当存评分，用闭式解更新一个小的预测头或用户向量（q07、q10），其余都只当缓存。LinkedIn
# 在 LiMAML（KDD 2024）里报告：正因如此，他们把适应后的子网络变成定长向量。</details>
# <details><summary>元学习、多任务学习、微调，区别在哪里？</summary>
# 多任务学习服务的是训练过的那些任务。微调的起点，是按起点自身的误差选出来的。元学习选起点，看的是它在新任务上走几步之后的表现。第 5 节网络不变，只换训练方式：
# 五条评分时，做过元训练的领先。<!-- c5: lower --></details>

# %% [markdown] tags=["exercise"]
# ## Your turn
# Write three functions in [`exercises/q01_what_is_meta_learning.py`](../exercises/q01_what_is_meta_learning.py), about 25 minutes:
#
# - `inner_step`: one gradient step that one can differentiate through.
# - `maml_outer_loss`: adapt on each support, judge on each query.
# - `reptile_update`: move the initial weights towards where the tasks ended.
#
# Then run the cell below. Stuck? In the cell after it, take the `#` away and run: each run gives the next of three hints.

# %% [markdown] lang="zh"
# ## 动手
# 在 [`exercises/q01_what_is_meta_learning.py`](../exercises/q01_what_is_meta_learning.py) 里写三个函数，大约 25 分钟：
#
# - `inner_step`：走一步梯度，并且还能对这一步求导。
# - `maml_outer_loss`：在每个任务的支持集上适应，在它的查询集上评价。
# - `reptile_update`：让初始化参数朝各任务结束的位置移动。
#
# 写完运行下面的单元格。卡住了？把再下面那个单元格里的 `#` 去掉再运行：每运行一次给出下一条提示，共三条。

# %% tags=["exercise"]
from metarec_lib import check, what_was_measured

check("q01")

# %% tags=["exercise"]
# from metarec_lib import hint; hint("q01", "inner_step")

# %% tags=["measured"]
what_was_measured()

# %% [markdown] tags=["references"]
# **Read first · 先读：** Finn, Abbeel & Levine (2017), [*Model-Agnostic Meta-Learning for Fast Adaptation of Deep Networks*](https://arxiv.org/abs/1703.03400), ICML.
#
# - Nichol, Achiam & Schulman (2018), [*On First-Order Meta-Learning Algorithms*](https://arxiv.org/abs/1803.02999), arXiv: Reptile.
# - Grant, Finn, Levine, Darrell & Griffiths (2018), [*Recasting Gradient-Based Meta-Learning as Hierarchical Bayes*](https://arxiv.org/abs/1801.08930), ICLR.
# - Raghu, Raghu, Bengio & Vinyals (2020), [*Rapid Learning or Feature Reuse? Towards Understanding the Effectiveness of MAML*](https://arxiv.org/abs/1909.09157), ICLR: ANIL.
# - Bertinetto, Henriques, Torr & Vedaldi (2019), [*Meta-learning with Differentiable Closed-Form Solvers*](https://arxiv.org/abs/1805.08136), ICLR: R2D2.
# - Vinyals, Blundell, Lillicrap, Kavukcuoglu & Wierstra (2016), [*Matching Networks for One Shot Learning*](https://arxiv.org/abs/1606.04080), NeurIPS: metric-based.
# - Garnelo et al. (2018), [*Conditional Neural Processes*](https://arxiv.org/abs/1807.01613), ICML: model-based.
# - Lee, Im, Jang, Cho & Chung (2019), [*MeLU: Meta-Learned User Preference Estimator for Cold-Start Recommendation*](https://arxiv.org/abs/1908.00413), KDD.
# - Pan, Li, Ao, Tang & He (2019), [*Warm Up Cold-start Advertisements: Improving CTR Predictions via Learning to Learn ID Embeddings*](https://arxiv.org/abs/1904.11547), SIGIR: the item as the task.
# - Vartak, Thiagarajan, Miranda, Bratman & Larochelle (2017), [*A Meta-Learning Perspective on Cold-Start Recommendations for Items*](https://papers.neurips.cc/paper_files/paper/2017/hash/51e6d6e679953c6311757004d8cbbba9-Abstract.html), NeurIPS: the user as the task, new items to score.
# - Wang et al. (2024), [*LiMAML: Personalization of Deep Recommender Models via Meta Learning*](https://arxiv.org/abs/2403.00803), KDD: LinkedIn, what is served instead of an inner loop.
