# %% [markdown]
# # q01 · What is meta-learning, and what does it buy a recommender? · 什么是元学习？它在推荐系统中有什么用？
#
# First where it works best: sine waves. Then real users, against a baseline that is hard to beat.
# Read the question, answer it aloud, then compare.

# %% [markdown] tags=["question"]
# #### English
# What is meta-learning? Explain the inner and the outer loop of MAML, and say what a recommender gains from it for a user with
# five ratings. When does it gain nothing?
# #### 中文
# 什么是元学习？请说明 MAML 的内循环和外循环。对一个只有五条评分的用户，推荐系统能从中得到什么？什么情况下没有收益？
#
# level: mid · minutes: 3 · needs: q06 · topics: MAML, Reptile, cold start, empirical Bayes

# %% [markdown] tags=["answer-short"]
# #### English
# Meta-learning learns from many tasks how to learn a new one from few examples. In a recommender a user is a task: a few
# ratings are the support, the rest the query. MAML learns a start: the inner loop takes a few gradient steps on the support,
# the outer loop moves the start so that the query does well after these steps. That is a learned prior. Its rival is a simple
# prior, the shrunken user bias: on ML-100K, with five ratings, MAML's gain over it cannot be told from zero; with twenty it is clear. <!-- c3: lower -->
# With few users there is too little to learn a network's start from.
# #### 中文
# 元学习是从许多任务里学会“怎样用少量样本学一个新任务”。在推荐里，一个用户就是一个任务：几条评分作支持集，其余作查询集。MAML 学的是一个起点：
# 内循环在支持集上走几步梯度，外循环调整起点，使适应之后查询集的损失更低。这等于学出来一个先验，而它的对手是带收缩的用户偏置——一个很强的基线。
# 在 ML-100K 上，只有五条评分时，MAML 相对它的收益与零分不开；有二十条时才看得清。<!-- c3: lower -->训练用户太少时，学不出一个网络的起点。

# %% [markdown] tags=["answer-full"]
# **Tasks.** Each user $u$ is a task with a support $S_u$ and a query $Q_u$. The dual view takes an item as the task: its first
# ratings are the support; that is item cold start.
#
# **Two loops.** MAML learns the start $\theta$ of gradient descent:
#
# $$\min_\theta \; \frac1U \sum_u L_{Q_u}(\theta_u'), \qquad \theta_u' = \theta - \alpha \nabla L_{S_u}(\theta)$$
#
# The outer gradient is $(I - \alpha H_u)\,\nabla L_{Q_u}(\theta_u')$, with $H_u$ the Hessian of the support loss: second order. With several
# steps it is a product of such factors, each at its own point. First-order MAML drops every $\alpha H_u$. Reptile moves $\theta$ towards the weights where each task's own training ends; it needs no query.
#
# **Three families.** *Optimisation-based*: MAML, Reptile; and a closed-form head (R2D2), the same idea with an exact inner solve.
# *Metric-based*: compare the query with the support in a learned space. *Model-based*: a network reads the support and
# answers: memory, neural processes, a Transformer in context.
#
# **What it is.** The start and the few steps act as a prior: MAML is approximate empirical Bayes (Grant et al. 2018). In a
# recommender the prior says what to expect of a user before much is known. Its rivals are simple priors: a shrunken user bias; and
# fold-in, which keeps the item vectors of a factorisation and solves a small ridge regression for the new user.
#
# **What it is not.** The "meta-learner" of stacking learns how to weigh models; it sees one task. Averaging models is an
# ensemble. Neither learns to learn.
#
# **When it does not help.** With few meta-training users a network's start is poorly known. At one rating there is little to learn
# beyond the bias. Far beyond twenty ratings a user's own data must outweigh any prior. And where tasks share nothing, there is nothing
# to learn across them. At the rates of its paper MeLU loses to the bias (q07, section 3); the MAML here starts from item biases and
# item vectors.

# %% [markdown] tags=["zh"]
# **任务。** 每个用户 $u$ 是一个任务，有支持集 $S_u$ 和查询集 $Q_u$。反过来也可以把物品当作任务：它最初的几条评分是支持集，这就是物品冷启动。
#
# **两层循环。** MAML 学的是梯度下降的起点 $\theta$：
#
# $$\min_\theta \; \frac1U \sum_u L_{Q_u}(\theta_u'), \qquad \theta_u' = \theta - \alpha \nabla L_{S_u}(\theta)$$
#
# 外层梯度是 $(I - \alpha H_u)\,\nabla L_{Q_u}(\theta_u')$，其中 $H_u$ 是支持集损失的 Hessian，所以是二阶方法；
# 走多步时是一串这样的因子相乘，各在各的位置上。一阶 MAML 略去其中的 $\alpha H_u$ 项。
# Reptile 让 $\theta$ 朝各任务自己训练结束的位置挪一步，不需要查询集。
#
# **三大类。** 基于优化的：MAML、Reptile；闭式解的头（R2D2）思路相同，只是内层换成闭式解预测头，精确求解。基于度量的：在学到的空间里比较查询与支持集。
# 基于模型的：让网络直接读入支持集再作答，如记忆网络、神经过程、做上下文学习（in-context）的 Transformer。
#
# **本质。** 起点加上有限的几步，作用相当于先验：MAML 近似于经验贝叶斯（Grant 等，2018）。放在推荐里，就是在了解一个用户之前，先对他有个合理的
# 预期。它的对手正是那些简单的先验：带收缩的用户偏置；以及折入（fold-in）——固定矩阵分解的物品向量，为新用户解一个小的岭回归。
#
# **不是什么。** stacking 里的“元学习器”学的是怎么给几个模型加权，面对的只有一个任务；多个模型取平均叫集成。二者都不是“学会学习”。
#
# **什么时候没用。** 元训练用户太少，网络的起点学不准；只有一条评分时，偏置之外几乎没什么可学；评分远多于二十条之后，用户自己的数据迟早盖过任何先验；
# 任务之间没有共性，也就没有东西可学。用论文给的学习率，MeLU 输给偏置模型（见 q07 第 3 节）；这里的 MAML 是从物品偏置和物品向量出发的。

# %% [markdown]
# ## 1. Where it works: sine waves
# A task is a wave $y = a \sin(x - \varphi)$, its amplitude and phase drawn at random; ten points are known. Three networks of the same
# shape: MAML, one trained on all waves pooled, and one not trained. Each may take some gradient steps on the ten points, at the rate
# that does best for it on validation waves. What does the pooled network predict before any step? (The mean wave: right for
# nobody.)

# %%
import numpy as np
import pandas as pd
import torch
from metarec_lib import MAML, BaselineRecommender, SineRegressor, SineTasks, check, claim, compare, evaluate_tasks
from metarec_lib import holm, load_movielens, load_study, make_tasks, mine, plots, seed, split_users, what_was_measured

SEED = seed()
waves, rng, steps = SineTasks(k=10), np.random.default_rng([SEED, 1]), (0, 1, 5, 20)
validation, test = waves.draw(500, rng), waves.draw(500, rng)
nets = {method: SineRegressor(method, steps=1500, seed=SEED).fit(waves) for method in ("maml", "pooled", "random")}
rates = {method: net.best_rates(validation, steps) for method, net in nets.items()}
errors = {method: {s: net.errors(test, s, rates[method][s]).numpy() for s in steps} for method, net in nets.items()}

# %% tags=["claim"]
means = {method: [errors[method][s].mean() for s in steps] for method in nets}
print(pd.DataFrame(means, index=pd.Index(steps, name="steps")).round(2))
plots.show(plots.lines(steps, means, title="500 new waves, ten points each", xlabel="gradient steps on the ten points",
                       ylabel="mean squared error (log scale)", log_y=True, xticks=steps),
           alt="Error against steps. MAML falls steeply at the first step; the pooled network slowly; the untrained one stays high.")
one = compare(errors["maml"][1], errors["pooled"][1], unit="sine waves")
print(f"after one step the pooled network's error is {means['pooled'][1] / means['maml'][1]:.1f} times MAML's")
claim("squared error", "MAML", "pooled network", one, at="gradient step 1")

# %% [markdown]
# Before the first step MAML is no better than the pooled network. It was not trained to be good; it was trained to become good.
#
# **What if you take more steps, or look at another wave?** Dots are the ten known points.

# %% tags=["play", "nbval-ignore-output"]
grid = np.linspace(-5, 5, 81)


def one_wave(wave=3, steps_taken=1):
    x, y = test.x[wave : wave + 1], test.y[wave : wave + 1]
    at = x.new_tensor(grid)[None]
    drawn = {"the wave": float(test.amplitude[wave]) * np.sin(grid - float(test.phase[wave]))}
    rate = {m: rates[m][min(s for s in steps if s >= steps_taken)] for m in ("maml", "pooled")}  # tuned for about so many steps
    drawn |= {m: nets[m].predict(x, y, at, steps_taken, rate[m])[0] for m in rate}
    return plots.lines(grid, drawn, title=f"Steps taken: {steps_taken}", xlabel="x", ylabel="y", points=(x[0], y[0]))


plots.play(one_wave, wave=(0, 20), steps_taken=(0, 20),
           alt="One wave with ten points. After one step MAML's curve follows the wave; the pooled network's stays far from it.")

# %% [markdown]
# First order, and Reptile? The study of this lesson (`metarec study q01`) meta-trained all five on five seeds.

# %% tags=["claim"]
study, sizes = load_study("q01"), (1, 5, 20)
learned = ("MAML", "first-order MAML", "Reptile", "pooled network", "untrained network")
curves = {name: [study.mean(name, "mse", steps=t) for t in steps] for name in learned}
plots.show(plots.lines(steps, curves, title="2,500 new waves, five seeds", xlabel="gradient steps on the ten points",
                       ylabel="mean squared error (log scale)", log_y=True, xticks=steps),
           alt="Error against steps for five methods: MAML lowest at every number of steps, then Reptile and first-order MAML; pooled and random far above.")
claim("squared error", "MAML", "first-order MAML", study.compare("MAML", "first-order MAML", metric="mse", steps=1))

# %% [markdown]
# ## 2. The two loops, by hand
# On a loss $s\,(w - c)^2$ everything can be computed: the Hessian is $2s$, so one step keeps a part $1 - 2 \alpha s$ of the distance to $c$. The second-order outer
# gradient carries that factor twice: once because the step was taken, once because one differentiates through it. First order
# has it once. Your `inner_step` and `maml_outer_loss`, on two tasks whose query is their support:

# %% tags=["exercise"]
def toward(goal, s):
    return lambda w: (s * (w - goal) ** 2).sum()


with mine("q01") as my:
    tasks, alpha = [toward(1.0, 0.5), toward(-2.0, 2.0)], 0.1
    start = torch.zeros(1, requires_grad=True)
    my.maml_outer_loss(tasks, tasks, start, alpha, 1).backward()
    second = sum(2 * s * (1 - 2 * alpha * s) ** 2 * (0 - c) for c, s in ((1.0, 0.5), (-2.0, 2.0))) / 2
    first = sum(2 * s * (1 - 2 * alpha * s) * (0 - c) for c, s in ((1.0, 0.5), (-2.0, 2.0))) / 2
    print(f"your outer gradient {start.grad.item():.3f}; by formula: second order {second:.3f}, first order {first:.3f}")

# %% [markdown]
# ## 3. Few steps are a prior
# Fit a linear model by $t$ gradient steps of rate $\alpha$ from $\theta$. Along an eigenvector of the support's Hessian, with eigenvalue
# $\lambda$, the weights go a part $1 - (1 - \alpha\lambda)^t$ of the way from $\theta$ to the least-squares solution. Ridge regression with
# prior mean $\theta$ and strength $\kappa$ goes a part $\lambda / (\lambda + \kappa)$. Set them equal. For squared loss and $0 < \alpha\lambda < 1$ the
# steps are a ridge regression whose strength differs from direction to direction:
#
# $$\kappa_t(\lambda) = \lambda \, \frac{(1 - \alpha\lambda)^t}{1 - (1 - \alpha\lambda)^t} \approx \frac{1}{\alpha t} \quad \text{where } \alpha \lambda t \text{ is small}$$

# %%
eigenvalues, alpha = np.linspace(0.05, 6, 160), 0.1
left = {t: (1 - alpha * eigenvalues) ** t for t in (1, 3, 10)}
strength = {t: eigenvalues * part / (1 - part) for t, part in left.items()}
for t, kappa in strength.items():
    print(f"t = {t:2}: strength {kappa[0]:.2f} where the ratings say little, 1/(alpha t) = {1 / (alpha * t):.2f}; {kappa[-1]:.4f} where they say much")
plots.show(plots.lines(eigenvalues, {f"t = {t}": kappa for t, kappa in strength.items()}, title="The prior that t steps stand for",
                       xlabel="eigenvalue: how much the ratings say in this direction", ylabel="strength of the prior (log)",
                       log_y=True, xticks=(0, 2, 4, 6)),
           alt="Three falling curves of prior strength over the eigenvalue. More steps mean a weaker prior, most where the ratings say much.")

# %% [markdown]
# More steps mean a weaker prior. Where the ratings say little the weights stay near $\theta$; where they say much they follow the ratings.
# A learned start is a learned prior mean (Grant et al. 2018), though its strength depends on the support, which a true prior's does not.
# One may as well solve for a posterior exactly: that is the closed-form head below.

# %% [markdown]
# ## 4. Real users
# ML-100K, users with 30 or more ratings split 70 / 10 / 20, each test user with K = 1, 5 or 20 ratings, as in q06. The MAML here is the
# item's bias plus a small network on the item's vector and genres; the network adapts. First one run, here and now, with less
# training than in the study:

# %%
data = load_movielens("ml-100k")
train_users, validation_users, test_users = split_users(data, seed=SEED)
honest = data.subset(~np.isin(data.ratings["user_id"], test_users))
live = {"MAML, 6 epochs": MAML(epochs=6, seed=SEED).fit(honest), "bias": BaselineRecommender().fit(honest)}
for k in (1, 5, 20):
    tasks = make_tasks(data, test_users, k=k, pool=20, seed=SEED)
    rmse = {name: evaluate_tasks(model, tasks, ("rmse",))["rmse"] for name, model in live.items()}
    print(f"K = {k:2}: MAML - bias", compare(rmse["MAML, 6 epochs"], rmse["bias"]))

# %% [markdown]
# One split leaves the small K open. The study did it properly: five splits, the gradient learners stopped early on users of their own, the bias
# tuned on validation users. All learners see the same item vectors, fitted without the user's fold. "Pooled, fine-tuned" is the same network without meta-training: Reptile with one inner step is just training
# on the pooled ratings.

# %%
names = ["MAML", "first-order MAML", "Reptile", "pooled, fine-tuned", "closed-form head"]
print("RMSE of the bias:", ", ".join(f"{study.mean('bias', k=k, users='all'):.3f} at K = {k}" for k in sizes))
gain = {(name, k): study.compare(name, "bias", k=k, users="all") for name in names for k in sizes}
corrected = dict(zip(gain, holm([d.p_value for d in gain.values()]), strict=True))
table = {name: {f"K = {k}": f"{gain[name, k].mean:+.3f}{'' if corrected[name, k] < 0.05 else ' (n.s.)'}" for k in sizes} for name in names}
print(pd.DataFrame(table).T.to_string(), "\n\nn.s.: p above 0.05 after Holm over all", len(gain), "comparisons")

# %%
plots.show(plots.intervals({f"{name}, K = {k}": gain[name, k] for k in sizes for name in names}, title="Five learners against the shrunken bias",
                           xlabel="RMSE minus the bias's (stars)"),
           alt="Fifteen intervals by K. At one rating the gradient learners lie around zero, at twenty the meta-trained ones below; the closed-form head leads.")

# %% tags=["claim"]
claim("RMSE", "MAML", "shrunken bias", gain["MAML", 20])

# %% tags=["claim"]
claim("RMSE", "MAML", "shrunken bias", gain["MAML", 1], headline=True)

# %% tags=["claim"]
claim("RMSE", "closed-form head", "shrunken bias", gain["closed-form head", 1])

# %% [markdown]
# With one rating the gradient learners do not beat the bias; with twenty the meta-trained ones do. <!-- c4: none, c3: lower --> The closed-form head is ahead of MAML at
# every K. It differs in more than the exact solve: its prior comes from a Bayesian factorisation, and it reads the user's age, gender and
# occupation. Which of these matters? Take them away one at a time.

# %% tags=["claim"]
without = ("MAML", "head, no user features", "head, not meta-trained")
parts = {(f"head - {name}", k): study.compare("closed-form head", name, k=k, users="all") for name in without for k in sizes}
plots.show(plots.intervals({f"{label}, K = {k}": d for (label, k), d in parts.items()}, title="What the closed-form head owes to what",
                           xlabel="difference in RMSE (stars), five seeds, by user"),
           alt="Nine intervals: the head is below MAML at each K; part of it is user features; meta-training on top moves it by about a thousandth of a star.")
claim("RMSE", "closed-form head", "probabilistic PCA", parts["head - head, not meta-trained", 5])

# %% [markdown]
# So the best number of this lesson is won by a good prior, estimated by empirical Bayes from all users, and an exact solve. Training that head on
# tasks by gradient changes it by a thousandth of a star or so. <!-- c6: small --> That is an honest answer in an interview: learning across users is what
# pays; learning it by episodes is one way.
#
# What did the *meta*-training add? Compare MAML with the same network trained on pooled ratings and fine-tuned at a tuned rate.

# %% tags=["claim"]
added = {k: study.compare("MAML", "pooled, fine-tuned", k=k, users="all") for k in sizes}
for k, difference in added.items():
    print(f"K = {k:2}: MAML - pooled, fine-tuned: {difference}")
claim("RMSE", "MAML", "pooled network, fine-tuned", added[5])

# %% tags=["claim"]
order = {k: study.compare("MAML", "first-order MAML", k=k, users="all") for k in sizes}
for k, difference in order.items():
    print(f"K = {k:2}: second order - first order: {difference}")
claim("RMSE", "MAML", "first-order MAML", order[20])

# %% tags=["claim"]
aware = {k: study.compare("MAML", "MAML, step not K-aware", k=k, users="all") for k in sizes}
for k, difference in aware.items():
    print(f"K = {k:2}: K-aware step - the same step for every K: {difference}")
claim("RMSE", "MAML", "MAML whose step ignores K", aware[1])

# %% [markdown]
# The second-order term matters little here, and not in one direction. <!-- c8: small --> How far one steps matters more: with one rating a step of the usual
# size costs much of what was gained, and a step of size $\alpha K / (K + c)$ does not. <!-- c9: lower --> That is shrinkage again.
#
# ## 5. When it does not help
# The same with only thirty meta-training users; MAML keeps three of them apart for early stopping, and the item vectors rest on these few users
# too. The bias (default strength) is fitted on the same thirty.

# %% tags=["claim"]
few = {(name, k): study.compare(name, "bias", k=k, users=30) for name in ("MAML", "closed-form head") for k in sizes}
plots.show(plots.intervals({f"{name}, K = {k}": d for (name, k), d in few.items()}, title="Only 30 meta-training users",
                           xlabel="RMSE minus the bias's (stars), five seeds, by user"),
           alt="Six intervals. Meta-trained on thirty users MAML is worse than the bias at every K, the closed-form head better.")
claim("RMSE", "MAML", "shrunken bias", few["MAML", 5])

# %% [markdown]
# Thirty users are too few to learn a network's start from; the simple bias wins. <!-- c10: higher --> The closed-form head still gains: what it learns is a
# prior mean and a few prior strengths, and it learns how much to trust them.

# %% [markdown] tags=["rubric"]
# #### English
# - [2] says what a task is in a recommender: a user, with support and query (or an item)
# - [2] explains both loops: steps on the support, and a start moved so that the query does well after them
# - [2] names the three families, or two of them with examples, and where Reptile and first-order MAML differ from MAML
# - [2] sees the learned start as a prior, and compares with simple priors: shrunken bias, ridge fold-in
# - [1] says when it does not help: few tasks, many ratings, nothing shared
# - [1] keeps learning to learn apart from stacking and from averaging models
# #### 中文
# - [2] 说清推荐里什么是任务：一个用户（或一个物品），有支持集和查询集
# - [2] 讲清两层循环：在支持集上走几步；调整起点，使适应之后查询集损失更低
# - [2] 说出三大类或其中两类并举例，以及 Reptile、一阶 MAML 与 MAML 的区别
# - [2] 认识到学到的起点就是先验，并与简单先验比较：带收缩的偏置、岭回归折入
# - [1] 说出什么时候没用：任务太少、评分很多、任务没有共性
# - [1] 不把“学会学习”与 stacking、模型平均混为一谈

# %% [markdown] tags=["pitfalls"]
# #### English
# - **"MAML finds weights that do well on average over all tasks."** → That is pooled training. MAML finds weights that do well *after* a few steps; before them it is no better (section 1).
# - **"The meta-learner of a stacked ensemble is meta-learning."** → It learns to weigh models on one task; nothing carries over to a new task.
# - **"First-order MAML ignores the inner loop."** → It runs the inner loop and evaluates the gradient at its end; it drops only the factor I − αH.
# - **"Meta-learning needs little data."** → Little per new task. It needs many tasks first.
# - **"Reptile is MAML without second derivatives."** → That is first-order MAML. Reptile uses no query; it moves towards the end of each task's training.
# #### 中文
# - **“MAML 找的是在所有任务上平均最好的参数。”** → 那是合并训练（pooled）。MAML 找的是走几步*之后*最好的起点；走之前并不更好（第 1 节）。
# - **“stacking 里的元学习器就是元学习。”** → 它在一个任务上学怎么给模型加权，对新任务没有任何迁移。
# - **“一阶 MAML 忽略了内循环。”** → 内循环照走，梯度在走完之后的位置上取，只是略去了 I − αH 这个因子。
# - **“元学习只需要很少的数据。”** → 新任务要的数据少；但事先要有很多任务。
# - **“Reptile 就是去掉二阶导数的 MAML。”** → 那是一阶 MAML。Reptile 不用查询集，它朝各任务训练结束的位置移动。

# %% [markdown] tags=["follow-ups"]
# #### English
# <details><summary>Why can MAML not simply be replaced by more inner steps from a pooled start?</summary>
# Because the pooled start was chosen for its own error, not for where a step leads. On sine waves the pooled network is still far behind
# after twenty steps. On users the gap is smaller, but it is there from five ratings on (section 4). <!-- c7: lower --></details>
# <details><summary>What does the second-order term cost, and is it worth it?</summary>
# Differentiating through t steps keeps their graph, so memory grows with t; first order needs only the last step's. On waves it pays (section 1);
# on these users the difference is small and not in one direction (section 4). <!-- c2: lower, c8: small --> Measure both.</details>
# <details><summary>How would you serve MAML to a hundred million users?</summary>
# Store the support, not the weights, and adapt at request time; or adapt only a small head or a context vector (q10), so that the state of a
# user is a few dozen numbers. With a closed-form head keep Xᵀy and XᵀX of the user's ratings: they can be updated exactly, one rating at a
# time (q07).</details>
# <details><summary>The user is a task. What else could be?</summary>
# An item (cold-start items), a session, a market or a domain, a day. A good task is what you will meet anew in production with few
# data, and have met often before.</details>
# #### 中文
# <details><summary>为什么不能用“合并训练的起点＋多走几步”代替 MAML？</summary>
# 因为合并训练（pooled）挑起点看的是它自己的误差，不看迈一步会走到哪里。在正弦波上，合并训练的网络走二十步仍差得很远。在用户上差距小一些，
# 但从五条评分起就看得见（第 4 节）。<!-- c7: lower --></details>
# <details><summary>二阶项的代价是什么？值得吗？</summary>
# 要穿过 t 步反向传播，就得留住这 t 步的计算图，内存随 t 增长；一阶只需要最后一步的。在正弦波上值得（第 1 节）；在这批用户上差别很小，方向也不
# 一致（第 4 节）。<!-- c2: lower, c8: small -->两种都测一下。</details>
# <details><summary>一亿用户，MAML 怎么上线？</summary>
# 存支持集而不是存权重，请求到来时再适应；或者只适应一个小的头、一个上下文向量（q10），这样每个用户的状态只有几十个数。用闭式解预测头，
# 状态是用户评分的 Xᵀy 和 XᵀX（充分统计量），来一条评分就能精确更新一次（q07）。</details>
# <details><summary>用户可以是任务，还有什么可以是任务？</summary>
# 物品（物品冷启动）、会话、市场或领域、某一天。好的任务是这样的：上线后会不断遇到新的、数据很少的，而历史上已经遇到过很多。</details>

# %% [markdown] tags=["exercise"]
# ## Your turn
# Write three functions in [`exercises/q01_what_is_meta_learning.py`](../exercises/q01_what_is_meta_learning.py), about 25 minutes:
#
# - `inner_step`: one gradient step that one can differentiate through.
# - `maml_outer_loss`: adapt on each support, judge on each query.
# - `reptile_update`: move the start towards where the tasks ended.
#
# Then run the cell below. A hint is one command away: `metarec check q01 --hint inner_step`.

# %% tags=["exercise"]
check("q01")

# %% tags=["measured"]
what_was_measured()

# %% [markdown] tags=["references"]
# **Read first:** Finn, Abbeel & Levine (2017), *Model-Agnostic Meta-Learning for Fast Adaptation of Deep Networks*, ICML.
#
# - Nichol, Achiam & Schulman (2018), *On First-Order Meta-Learning Algorithms*, arXiv:1803.02999: Reptile.
# - Grant, Finn, Levine, Darrell & Griffiths (2018), *Recasting Gradient-Based Meta-Learning as Hierarchical Bayes*, ICLR.
# - Bertinetto, Henriques, Torr & Vedaldi (2019), *Meta-learning with Differentiable Closed-Form Solvers*, ICLR: R2D2.
# - Vinyals, Blundell, Lillicrap, Kavukcuoglu & Wierstra (2016), *Matching Networks for One Shot Learning*, NeurIPS: metric-based.
# - Garnelo et al. (2018), *Conditional Neural Processes*, ICML: model-based.
# - Lee, Im, Jang, Cho & Chung (2019), *MeLU: Meta-Learned User Preference Estimator for Cold-Start Recommendation*, KDD.
# - Vartak, Thiagarajan, Miranda, Bratman & Larochelle (2017), *A Meta-Learning Perspective on Cold-Start Recommendations for Items*, NeurIPS:
#   the item as the task.
