# %% [markdown]
# # q21 · Design an online meta-learning recommender
#
# Users come one after the other. The prior that meets the next one is learned from all who came before. What must it remember?

# %% [markdown] lang="zh"
# # q21 · 如何设计在线元学习推荐系统？
#
# 用户一个接一个到来。迎接下一个用户的先验，是从此前所有人身上学来的。它必须记住什么？

# %% [markdown] tags=["question"]
# #### English
# New users arrive all day, each with a few ratings. Design a recommender whose start for the next user gets better with every user. What is stored, what is
# re-estimated and when? How do you measure it, and how do you keep it from forgetting?
# #### 中文
# 每天都有新用户到来，每人只有几条评分。请设计一个推荐系统：它给下一个用户的起点，随每个用户的到来而变好。存什么？重新估计什么、何时估计？怎么衡量？怎样防止遗忘？
#
# level: senior · minutes: 3 · needs: q01, q08 · topics: online meta-learning, FTML, task replay, regret, empirical Bayes

# %% [markdown] tags=["answer-short"]
# #### English
# Each user is a task: adapt on five ratings, judge on the rest, then learn. Follow-the-meta-leader re-optimises the start and step sizes over all users so far; online empirical Bayes
# keeps only a mean and a covariance. On ML-100K in arrival order the leader beats a running bias, <!-- c1: lower -->
# one model trained on everything, <!-- c2: lower -->
# and a ridge from scratch. <!-- c3: lower -->
# The two priors show no difference. <!-- c4: none -->
# Freezing the leader after fifty users costs. <!-- c5: higher -->
# Continual SGD without storage keeps up when its step is tuned, <!-- c7: none -->
# and breaks when it is long. <!-- c8: higher -->
# #### 中文
# 每个用户是一个任务：在五条评分上适配，在其余评分上评估，然后再学习。FTML（跟随元领先者）在目前为止的全部用户上重新优化初始化和步长；在线经验贝叶斯只存一个均值和一个协方差。
# 在 ML-100K 上按到达次序，FTML 胜过累计偏置、<!-- c1: lower -->
# 混合全部数据训练的单一模型、<!-- c2: lower -->
# 以及每人从零学的岭回归。<!-- c3: lower -->
# 两种先验之间看不出差别。<!-- c4: none -->
# 学完五十个用户就冻结，要付代价。<!-- c5: higher -->
# 什么都不存的持续 SGD，步长调好就能跟上，<!-- c7: none -->
# 步长太大就崩掉。<!-- c8: higher -->

# %% [markdown] tags=["answer-full"]
# **Protocol.** Users in order of arrival. For user $t$: adapt the current prior on the first $K$ ratings, record the loss on the rest, only then let the prior learn from the user.
#
# **Follow the meta-leader** (Finn et al. 2019). With $U_k(\theta)$ the weights adapted on the support of user $k$:
#
# $$\theta_{t+1} = \arg\min_\theta \sum_{k \le t} L_k\big(U_k(\theta)\big)$$
#
# Here $U$ is one Meta-SGD step, $U(\theta) = \theta - \alpha \odot \nabla L(\theta)$, with $\theta$ and $\alpha$ learned. The argmin is approached by a few steps on the stored users, warm-started.
# *Regret* compares the summed loss with the best fixed $\theta$ in hindsight; for smooth, strongly convex losses, a small inner step and fixed $\alpha$ theirs is $O(\log T)$. The price is memory and time that grow with the users. With linear users a stored user
# is two small matrices and two vectors; with networks it is the raw data. *Task replay* keeps a uniform sample.
#
# **Online empirical Bayes.** $w_u \sim N(m, S)$. Each user's posterior $N(\mu, V)$ moves $m \leftarrow m + (\mu - m)/(n+1)$, and $S$ takes in $V$ and the spread of $\mu$. No user is stored. It
# settles early: frozen after fifty users no loss could be seen. <!-- c6: none -->
#
# **Forgetting.** Continual SGD steps on the newest user alone. With a tuned step no loss is seen; <!-- c7: none -->
# with a long one the next user is served worse. <!-- c8: higher -->
# Whether that is forgetting was not measured. Storing everybody makes the step matter little.
#
# **What is measured.** The leader beats the running bias, training on everything, and a ridge from scratch. <!-- c1: lower, c2: lower, c3: lower -->
# All gains shrink along the stream. The item vectors stand still here and age, which is my guess at the reason.
#
# **Design.** Per rating: the user's state (q08). Per user, or hourly in batches: the prior. Daily: the items, and with them every stored task in the new coordinates, for a prior over weights of old
# vectors means nothing for new ones. Version items and prior together, keep the last pair for rollback.

# %% [markdown] tags=["zh"]
# **流程。** 用户按到达次序来。对第 $t$ 个用户：用当前先验在前 $K$ 条评分上适配，在其余评分上记下损失，然后才让先验从这个用户身上学习。
#
# **跟随元领先者，FTML**（Finn 等，2019）。记 $U_k(\theta)$ 为在用户 $k$ 的支持集上适配后的权重：
#
# $$\theta_{t+1} = \arg\min_\theta \sum_{k \le t} L_k\big(U_k(\theta)\big)$$
#
# 这里 $U$ 是 Meta-SGD 的一步：$U(\theta) = \theta - \alpha \odot \nabla L(\theta)$，$\theta$ 和 $\alpha$ 都是学出来的。argmin 用热启动、在存下的用户上走几步来逼近。
# *遗憾*是累计损失减去事后最好的固定 $\theta$ 的累计损失；损失光滑且强凸、内层步长小、$\alpha$ 固定时，论文证明它是 $O(\log T)$。代价是内存和时间随用户数增长。用户是线性模型时，存一个用户只要两个小矩阵和两个向量；
# 用网络就得存原始数据。*任务回放*只保留均匀抽样的一部分用户。
#
# **在线经验贝叶斯。** $w_u \sim N(m, S)$。每个用户的后验 $N(\mu, V)$ 让 $m \leftarrow m + (\mu - m)/(n+1)$，$S$ 吸收 $V$ 和 $\mu$ 的散布。不存任何用户。它很早就稳定：
# 学完五十个用户就冻结，也看不出变差。<!-- c6: none -->
#
# **遗忘。** 持续 SGD 只在最新的用户上走。步长调好，看不出损失；<!-- c7: none -->
# 步长太大，下一个用户就服务得更差。<!-- c8: higher -->
# 这算不算遗忘，没有测。存下全部用户后，步长就不太要紧。
#
# **测到了什么。** FTML 胜过累计偏置、混合全部数据训练、从零学的岭回归。<!-- c1: lower, c2: lower, c3: lower -->
# 所有收益都沿着数据流变小。这里物品向量不动、逐渐过时，我猜这是原因。
#
# **设计。** 每条评分：更新用户状态（q08）。每个用户，或按小时成批：更新先验。每天：更新物品，同时把存下的任务全部换到新坐标里，因为建立在旧向量上的先验，对新向量毫无意义。
# 物品和先验一起打版本号，保留上一对以便回滚。

# %% [markdown]
# ## 1. Users as they arrive
# The first two fifths of the users, by the time of their first rating, are the past: they give item vectors, once. Then each new user is a task: the first five ratings are known, the others judge. A
# user is nine weights: eight for an item's vector, one for the bias. The items' biases go on as running means. A user is taken in whole before the next one comes, though many query ratings are later: all learners here see a little of the future, alike.

# %% [markdown] lang="zh"
# ## 1. 用户依次到来
# 按第一条评分的时间，前五分之二的用户是“过去”：物品向量由他们给出，只学一次。之后每个新用户是一个任务：前五条评分已知，其余用来评估。每个用户用九个参数表示：
# 八个对应物品向量，一个是偏置。物品偏置继续作滚动均值。这里把每个用户整段学完再换下一个，而不少查询评分其实晚于下一个用户到达：存在一点特征穿越，对所有方法都一样。

# %%
import numpy as np
import pandas as pd
import torch
from metarec_lib import MetaLeader, OnlineMetaLearningModel, OnlinePrior, arrival_order
from metarec_lib import ProbabilisticPCA, arriving_users, claim, in_time_order, mine
from metarec_lib import load_movielens, load_study, plots, seed

SEED = seed()

# %% tags=["figure"]
RATES = ("What the leader learns: how far each weight moves", "FTML 学到了什么：每个权重走多远")
ARRIVED = ("users who have arrived", "已到达的用户数")
RATE = ("learned rate", "学到的步长")
OF_BIAS, OF_TASTE = ("the bias", "偏置"), ("the tastes, mean", "口味（平均）")
ALT_RATES = ("Learned rates against users arrived: that of the bias peaks early and settles low, the mean rate of the tastes rises late and stays high.",
             "学到的步长随到达用户数的变化：偏置的步长早早冲高后回落，口味的平均步长后来才升高并保持。")
REGRET = ("Regret against three fixed priors", "相对三个固定先验的遗憾")
SUMMED = ("summed loss beyond it", "多出的累计损失")
ALT_REGRET = ("Regret against users arrived, for the meta-leader, online empirical Bayes and a ridge from scratch, which ends highest.",
              "遗憾随到达用户数的变化：FTML、在线经验贝叶斯，以及从零学的岭回归，后者最后最高。")
ERROR = ("squared error (stars²)", "平方误差（星²）")
BY_TIME, AT_RANDOM = ("order of arrival", "按到达次序"), ("random order", "按随机次序")
QUARTERS = ("The gain over a running bias, by quarter of the stream", "相对累计偏置的收益，按数据流的四段")
QUARTER, GAIN = ("quarter of the arrivals", "第几段"), ("difference in squared error", "平方误差之差")
ALT_QUARTERS = ("Difference in squared error to the running bias in four quarters: all curves start below zero and rise; the leader stays below.",
                "四段中与累计偏置的平方误差之差：所有曲线都从零以下开始上升，FTML 一直在零以下。")
STEPS = ("The same steps, with and without storage", "同样的步长，存与不存")
STEP = ("size of the outer step", "外层步长")
ALT_STEPS = ("Squared error against the outer step: with all users stored nearly flat, on the newest user alone rising steeply.",
             "平方误差随外层步长的变化：存下全部用户时几乎不变，只用最新用户时陡峭上升。")
MEMORY = ("How many users must be stored?", "要存多少个用户？")
STORED = ("users in the replay", "回放里的用户数")
ALT_MEMORY = ("Squared error of task replay against the users kept: with twenty worst, with two hundred near the leader who keeps all.",
              "任务回放的平方误差随保留用户数的变化：二十个最差，两百个时接近保留全部的 FTML。")
SO_FAR = ("Mean gain so far over a running bias", "到目前为止相对累计偏置的平均收益")
ALT_SO_FAR = ("Mean difference in squared error so far, against users arrived, for the chosen memory and step and for all users stored.",
              "到目前为止平方误差之差的均值随到达用户数的变化：所选内存和步长，以及存下全部用户。")
CHOSEN, ALL = ("as chosen", "所选设置"), ("all stored", "全部存下")

# %%
data = in_time_order(load_movielens("ml-100k"), seed=SEED)
order = arrival_order(data)
cut = int(0.4 * len(order))
past = data.subset(np.isin(data.user_codes, order[:cut]))
items = ProbabilisticPCA(seed=SEED).fit(past)
users = arriving_users(items, data, order[cut:], k=5)
print(len(users), users[0].x.shape, users[0].query_x.shape)

# %% [markdown]
# **By hand.** Twenty users have come. What do the two priors make of the twenty-first? The leader takes one step with a learned rate for each weight; empirical Bayes solves.

# %% [markdown] lang="zh"
# **手写。** 已经来了二十个用户。两种先验对第二十一个用户各给出什么？FTML 走一步，每个权重用学来的步长；经验贝叶斯直接求解。

# %% tags=["from-scratch"]
leader, prior = MetaLeader(9, lr=0.003), OnlinePrior(9)
for user in users[:20]:
    leader.learn(user)
    prior.learn(user)
user = users[20]
slope = 2 / (5 + 5) * user.x.T @ (user.x @ leader.start - user.y)  # K + shrinkage
stepped = leader.start - leader.rates * slope
inverse, z = np.linalg.inv(prior.covariance), user.x.T / user.noise
solved = np.linalg.solve(inverse + z @ user.x, inverse @ prior.mean + z @ user.y)
pairs = (stepped, leader.weights(user)), (solved, prior.weights(user))
print("agrees:", all(np.allclose(mine_, theirs) for mine_, theirs in pairs))

# %% [markdown]
# Now the user is over, and both learn. Your `online_prior_update` moves the normal prior; your `ftml_step` moves a start over all twenty-one, thirty times.

# %% [markdown] lang="zh"
# 这个用户结束了，两者都从中学习。你写的 `online_prior_update` 移动正态先验；你写的 `ftml_step` 在全部二十一个用户上把起点移动三十次。

# %% tags=["exercise"]
y, noise = np.append(user.y, user.query_y), np.append(user.noise, user.query_noise)
posterior = prior.posterior(np.vstack([user.x, user.query_x]), y, noise)
with mine("q21") as my:
    got = my.online_prior_update(prior.mean, prior.covariance, prior.count, *posterior)
    prior.learn(user)
    print(f"{np.abs(got[1] - prior.covariance).max():.8f}")
    parts = [(u.x, u.y, u.query_x, u.query_y) for u in users[:21]]
    start = torch.zeros(9).double()
    stored = [tuple(map(torch.as_tensor, part)) for part in parts]
    for _ in range(30):
        start = my.ftml_step(start, stored, 0.05, 0.05)
    print([round(v, 2) for v in start.tolist()])

# %% [markdown]
# **The whole stream, live.** All users pass by once. Which weights does the leader let move?

# %% [markdown] lang="zh"
# **整条数据流，现场。** 所有用户依次经过。FTML 让哪些权重多动？

# %% tags=["figure"]
leader, rates, losses = MetaLeader(9, lr=0.003), [], []
for user in users:
    losses.append(user.error(leader.weights(user)))
    leader.learn(user)
    rates.append((leader.rates[-1], leader.rates[:-1].mean()))
bias, taste = np.array(rates).T
fig = plots.lines(np.arange(len(users)) + 1, {OF_BIAS: bias, OF_TASTE: taste},
                  title=RATES, xlabel=ARRIVED, ylabel=RATE)
plots.show(fig, alt=ALT_RATES)

# %% [markdown]
# Both rise at first; the rate of the tastes grows on from about the hundredth user. Why was not tested. Compare each curve with itself alone, since the inputs differ in size.
#
# **Regret.** The rivals are fixed priors that know the future: the leader and the normal prior as they are at the end, and a ridge from zero.

# %% [markdown] lang="zh"
# 一开始两者都升高；口味的步长大约从第一百个用户起继续变大，原因没有测。每条曲线只能和自己比，因为输入的大小不同。
#
# **遗憾。** 对手是知道未来的固定先验：最终的 FTML、最终的正态先验，以及从零学的岭回归。

# %% tags=["exercise"]
prior, scratch, closed = OnlinePrior(9), OnlinePrior(9, scale=0.25), []
for user in users:
    closed.append(user.error(prior.weights(user)))
    prior.learn(user)
fixed = (leader, prior, scratch)
rivals = np.array([[u.error(p.weights(u)) for u in users] for p in fixed])
ours = {"follow the meta-leader": losses, "online empirical Bayes": closed,
        "ridge from scratch": rivals[2]}
with mine("q21") as my:
    curves = {n: my.regret_curve(np.array(loss), rivals) for n, loss in ours.items()}

# %% tags=["figure"]
fig = plots.lines(np.arange(len(users)) + 1, curves, title=REGRET, xlabel=ARRIVED,
                  ylabel=SUMMED)
plots.show(fig, alt=ALT_REGRET)

# %% [markdown]
# The leader's regret must flatten, since one rival is its own final state: read the height, not the shape. That of empirical Bayes stays lower for most of the stream, then climbs. The ridge never stops paying.

# %% [markdown] lang="zh"
# FTML 的遗憾必然走平，因为有一个对照先验就是它自己的最终状态：要看高度，不看形状。经验贝叶斯在大部分时间里更低，最后又爬升。岭回归的遗憾一直在涨。

# %% [markdown] tags=["expect"]
# **What do you expect?** Put in order: a running bias, one model trained on everything, a ridge from scratch for each user, the leader, empirical Bayes. And how much is lost when the
# newest user alone is learned from?

# %% [markdown] lang="zh"
# **你猜结果如何？** 排个序：累计偏置、混合全部数据训练的单一模型、每人从零学的岭回归、FTML、经验贝叶斯。只从最新的用户学习，会损失多少？

# %% [markdown]
# ## 2. Who meets the next user best?
# The study: five seeds, in order of arrival and in random order. In order of arrival a seed moves little more than ties. Every strength, rate and scale is chosen on tuning users who arrived before the stream; the others judge.

# %% [markdown] lang="zh"
# ## 2. 谁最会迎接下一个用户？
# 研究：五个种子，按到达次序和按随机次序各一遍。按到达次序时，种子几乎只改变相同时刻的先后。所有强度、步长和尺度，都在数据流开始之前到达的调参用户上选；其余用户评估。

# %%
study, names = load_study("q21"), (
    "running bias", "train on everything", "ridge from scratch", "frozen start",
    "frozen empirical Bayes", "online empirical Bayes", "continual SGD",
    "follow the meta-leader")
means = {label: {n: study.mean(n, "mse", order=o) for n in names}
         for label, o in ((BY_TIME, "time"), (AT_RANDOM, "random"))}
plots.table(pd.DataFrame(means))

# %% tags=["claim"]
def over(a, b):
    return a, b, study.compare(a, b, "mse", order="time")


found = over("follow the meta-leader", "running bias")
claim("squared error", *found, headline=True)

# %% tags=["claim"]
found = over("follow the meta-leader", "train on everything")
claim("squared error", *found)

# %% tags=["claim"]
found = over("follow the meta-leader", "ridge from scratch")
claim("squared error", *found)

# %% tags=["claim"]
found = over("online empirical Bayes", "follow the meta-leader")
claim("squared error", *found)

# %% [markdown]
# The leader beats the running bias, <!-- c1: lower -->
# one model for all with a bias on top, <!-- c2: lower -->
# and a ridge from scratch. <!-- c3: lower -->
# Between the leader and empirical Bayes no difference is seen on average; <!-- c4: none -->
# by quarter the two cross (figure).
# One of them stores every user, the other two moments. In random order all errors are lower; other users are judged there, so part of it may be the users.

# %% [markdown] lang="zh"
# FTML 胜过累计偏置、<!-- c1: lower -->
# 所有人共用一个模型再加偏置、<!-- c2: lower -->
# 以及从零学的岭回归。<!-- c3: lower -->
# FTML 与经验贝叶斯平均看不出差别；<!-- c4: none -->
# 分段看，两者会交叉（见图）。
# 而前者要存下每个用户，后者只存两个矩。按随机次序时所有误差都更低；那时评估的是另一批用户，一部分差别可能来自用户本身。

# %% tags=["figure"]
drawn, quarters = ("ridge from scratch", "frozen start", "online empirical Bayes",
                   "follow the meta-leader"), (1, 2, 3, 4)
of = {n: [study.mean(n, "mse in a quarter", quarter=q) for q in quarters]
      for n in ("running bias", *drawn)}
gains = {n: np.subtract(of[n], of["running bias"]) for n in drawn}
fig = plots.lines(quarters, gains, title=QUARTERS, xlabel=QUARTER, ylabel=GAIN,
                  xticks=quarters)
plots.show(fig, alt=ALT_QUARTERS)

# %% tags=["claim"]
found = over("frozen start", "follow the meta-leader")
claim("squared error", *found)

# %% tags=["claim"]
found = over("frozen empirical Bayes", "online empirical Bayes")
claim("squared error", *found)

# %% [markdown]
# All gains shrink along the stream, and empirical Bayes ends above the running bias. The item vectors stand still and age: a guess, which only new vectors could test. The leader that stopped after fifty users loses. <!-- c5: higher -->
# Frozen at fifty, the normal prior shows no loss. <!-- c6: none -->
#
# ## 3. Forgetting, and what storage buys
# Continual SGD takes the same outer steps on the newest user alone.

# %% [markdown] lang="zh"
# 所有收益都沿着数据流变小，经验贝叶斯最后一段的误差甚至高于累计偏置。物品向量不动、逐渐过时：这只是猜测，要换新向量才能检验。五十个用户后停下的 FTML 变差了。<!-- c5: higher -->
# 正态先验在五十个用户后冻结，看不出损失。<!-- c6: none -->
#
# ## 3. 遗忘，以及存储买到了什么
# 持续 SGD 走同样的外层步，但只在最新的用户上走。

# %% tags=["figure"]
steps = (0.001, 0.003, 0.01, 0.03)
curves = {label: [study.mean(n, "mse at a rate", rate=r) for r in steps]
          for label, n in (("continual SGD", "continual"), (names[-1], "leader"))}
fig = plots.lines(steps, curves, title=STEPS, xlabel=STEP, ylabel=ERROR, log_x=True)
plots.show(fig, alt=ALT_STEPS)

# %% tags=["figure"]
kept = (20, 50, 100, 200)
replay = [study.mean("task replay", "mse at a memory", memory=m) for m in kept]
lines = {"task replay": replay, names[-1]: [means[BY_TIME][names[-1]]] * 4}
fig = plots.lines(kept, lines, title=MEMORY, xlabel=STORED, ylabel=ERROR, log_x=True)
plots.show(fig, alt=ALT_MEMORY)

# %% tags=["claim"]
found = over("continual SGD", "follow the meta-leader")
claim("squared error", *found)

# %% tags=["claim"]
found = over("continual SGD, long steps", "follow the meta-leader")
claim("squared error", *found)

# %% [markdown]
# With a tuned step continual SGD keeps up with the leader. <!-- c7: none -->
# With a step of 0.03 it is far behind, <!-- c8: higher -->
# while the leader hardly minds that step. Whether the loss is forgetting was not measured: nobody was asked again. Storing everybody means that nobody has to tune the step; a replay of 20 to 100 users
# at the leader's step lies above tuned SGD in the figure.

# %% [markdown] lang="zh"
# 步长调好，持续 SGD 就能跟上 FTML。<!-- c7: none -->
# 步长 0.03 时它远远落后，<!-- c8: higher -->
# 而 FTML 几乎不在乎这个步长。这个损失算不算遗忘，没有测：谁也没有被再问一次。存下全部用户，就不必调步长；图上按 FTML 的步长、只留 20 到 100 个用户的回放，误差高于调好的 SGD。

# %% tags=["play", "nbval-ignore-output"]
def so_far(memory=20, lr=0.01):
    first, gains = users[:250], {}
    for name, kept in ((CHOSEN, memory), (ALL, None)):
        learner, gain = MetaLeader(9, lr=lr, memory=kept, steps=5), []
        for u in first:
            bias = np.append(np.zeros(8), u.y.sum() / (5 + 12))
            gain.append(u.error(learner.weights(u)) - u.error(bias))
            learner.learn(u)
        gains[name] = np.cumsum(gain)[20:] / np.arange(21, 251)
    return plots.lines(range(21, 251), gains, title=SO_FAR, xlabel=ARRIVED, ylabel=GAIN)


plots.play(so_far, memory=[0, 20, 100], lr=[0.001, 0.003, 0.01, 0.03], alt=ALT_SO_FAR)

# %% [markdown]
# ## 4. As one model
# `update` gives a user one more rating at once. `arrive` lets the prior learn from that user, when the session is over.

# %% [markdown] lang="zh"
# ## 4. 合成一个模型
# `update` 立刻给用户加一条评分。会话结束后，`arrive` 让先验从这个用户身上学习。

# %%
model, new = OnlineMetaLearningModel(seed=SEED).fit(past), 10_001
before = model.prior_mean_.clone()
for film, stars in ((50, 5), (100, 4), (313, 1), (1, 4), (288, 2), (258, 3)):
    model.update(new, film, stars)
titles = data.items.set_index("item_id")["title"]
plots.table(model.predict(new, [172, 64, 294, 323]).rename(index=titles), digits=2)
model.arrive(new)
print(f"{float((model.prior_mean_ - before).abs().max()):.4f}")

# %% [markdown] tags=["rubric"]
# #### English
# - [2] treats each arriving user as a task: adapt, judge, then learn, in order of arrival
# - [2] states follow the meta-leader, its regret, and that memory and time grow with the users
# - [2] names a prior that stores nothing, such as online empirical Bayes, and its update
# - [2] explains forgetting by the step, and what replay buys
# - [1] compares with a running bias, one model for all, a ridge from scratch, all tuned
# - [1] says what is re-estimated when, and that items and prior are versioned together
# #### 中文
# - [2] 把每个到达的用户当作任务：适配、评估、再学习，按到达次序
# - [2] 说出 FTML、它的遗憾，以及内存和时间随用户数增长
# - [2] 给出什么都不存的先验，如在线经验贝叶斯，及其更新式
# - [2] 用步长解释遗忘，说清回放买到了什么
# - [1] 与调好的累计偏置、单一模型、从零学的岭回归比较
# - [1] 说清什么时候重新估计什么，物品和先验一起打版本号

# %% [markdown] tags=["pitfalls"]
# #### English
# - **"FTML is cheap: regret is O(log T)."** → The bound counts losses. Each round re-optimises over all stored users.
# - **"SGD on the stream forgets."** → With a tuned step it did not. <!-- c7: none -->
# - **"More users, better prior."** → The normal prior had what it needed after fifty, <!-- c6: none -->
#   the leader had not. <!-- c5: higher -->
# - **"Random order is fine for evaluation."** → All errors are lower there (section 2). Users come in time.
# - **"Retrain the items, keep the prior."** → The prior lives in the old coordinates; recompute it with the items.
# #### 中文
# - **“FTML 很便宜：遗憾只有 O(log T)。”** → 这个界约束的是损失，不是计算量；每一轮都要在存下的全部用户上重新优化。
# - **“在数据流上做 SGD 会遗忘。”** → 步长调好就没有。<!-- c7: none -->
# - **“用户越多，先验越好。”** → 正态先验在五十个用户之后就学够了，<!-- c6: none -->
#   FTML 则没有。<!-- c5: higher -->
# - **“按随机次序评估就行。”** → 那时所有误差都更低（第 2 节）。用户是按时间来的。
# - **“物品重训了，先验留着用。”** → 先验建立在旧坐标上；要随物品一起重算。

# %% [markdown] tags=["follow-ups"]
# #### English
# <details><summary>Our model has trained incrementally for years, and no new structure beats it. Why, and how do you warm-start one?</summary>
# The old one has seen years of rare ids; the new one weeks. Warm-start the embeddings, distil the old scores into the new structure, then train on the same recent window. Compare at equal data: retrain the old one from
# scratch on that window too, or the comparison measures age.</details>
# <details><summary>Daily increments: it forgets or it overfits. Replay, distillation, or a prior?</summary>
# A prior first: a penalty on the distance to yesterday's weights is one number to tune. Replay of a uniform sample of users next; it costs storage and privacy. Distillation where data may not be kept. SML (SIGIR 2020) learns how to merge old
# and new weights by the loss of the next period.</details>
# <details><summary>A tiny scene with a hundred users a day: update online?</summary>
# Its users' states yes, its prior in closed form: two moments with a tuned strength, started from the big scene's prior. No gradient per user; the step would be one user's noise.</details>
# <details><summary>We fine-tune a large sequence model nightly. Why would we need a meta-leader?</summary>
# Perhaps you do not. A model that reads the support in context has its prior in its weights, and the nightly run trains it, adaptation inside. The leader pays where the adapted part is a small head
# that must be right for the next user today. Test both by arrival.</details>
# <details><summary>May you store users for replay?</summary>
# Only as long as their consent lasts. A stored task is personal data, sums of squares too; deletion must take it out of the replay. Moments over many users are safer, but no user can be taken out of them again: rebuild them on a schedule from those who still consent.</details>
# #### 中文
# <details><summary>我们的模型增量训练了好几年，新结构怎么也打不过（老汤模型）。为什么？新结构怎么热启动？</summary>
# 老模型见过几年的稀有 id，新模型只见过几周。先热启动 embedding，把老模型的打分蒸馏到新结构，再在同一个近期窗口上训练。比较要同数据：老结构也在这个窗口上从零训一遍，否则比的是“年龄”。</details>
# <details><summary>按天增量，不是遗忘就是过拟合。用回放、蒸馏还是先验？</summary>
# 先上先验：惩罚与昨天权重的距离，只有一个数要调。其次回放一份均匀的用户样本，代价是存储和隐私。数据不能留就蒸馏。SML（SIGIR 2020）学习怎样合并新旧权重，依据是下一个时段的损失。</details>
# <details><summary>一个小场景，每天一百个用户，要在线更新吗？</summary>
# 用户状态要；先验用闭式更新：两个矩，强度要调，从大场景的先验出发。不要每个用户走一步梯度，那一步只是一个人的噪声。</details>
# <details><summary>我们每晚微调一个大的序列模型，为什么还要元领先者？</summary>
# 也许不要。会在上下文里读支持集的模型，先验就在它的权重里；每晚的训练里，适配发生在模型内部。当适配的部分是一个小小的预测头、而且今天就得对下一个用户管用时，
# FTML 才划算。两者都按到达次序测一遍。</details>
# <details><summary>为了回放，可以存用户数据吗？</summary>
# 只在用户授权有效期内。存下的任务是个人数据，平方和也算；用户要求删除时必须从回放里去掉。多人的矩更安全，但无法再把某个用户减出去：要按周期用仍然授权的用户重建。</details>

# %% [markdown] tags=["exercise"]
# ## Your turn
# Write three functions in [`exercises/q21_online_meta_learning.py`](../exercises/q21_online_meta_learning.py), about 26 minutes:
#
# - `ftml_step`: one outer step over all stored users.
# - `online_prior_update`: a normal prior after one more user.
# - `regret_curve`: against the best fixed rival so far.
#
# Then run the cell below. Stuck? In the cell after it, take the `#` away and run: each run gives the next of three hints.

# %% [markdown] lang="zh"
# ## 动手
# 在 [`exercises/q21_online_meta_learning.py`](../exercises/q21_online_meta_learning.py) 里写三个函数，大约 26 分钟：
#
# - `ftml_step`：在存下的全部用户上走一步外层更新。
# - `online_prior_update`：又来一个用户之后的正态先验。
# - `regret_curve`：相对到目前为止最好的固定对手。
#
# 写完运行下面的单元格。卡住了？把再下面那个单元格里的 `#` 去掉再运行：每运行一次给出下一条提示，共三条。

# %% tags=["exercise"]
from metarec_lib import check, what_was_measured

check("q21")

# %% tags=["exercise"]
# from metarec_lib import hint; hint("q21", "ftml_step")

# %% tags=["measured"]
what_was_measured()

# %% [markdown] tags=["references"]
# **Read first · 先读：** Finn, Rajeswaran, Kakade & Levine (2019), [*Online Meta-Learning*](https://arxiv.org/abs/1902.08438), ICML: follow the meta-leader.
#
# - Li, Zhou, Chen & Li (2017), [*Meta-SGD: Learning to Learn Quickly for Few-Shot Learning*](https://arxiv.org/abs/1707.09835), arXiv.
# - Cappé & Moulines (2009), *On-line Expectation–Maximization Algorithm for Latent Data Models*, JRSS B.
# - Vitter (1985), *Random Sampling with a Reservoir*, ACM TOMS.
# - (2021), *FORM: Follow the Online Regularized Meta-Leader for Cold-Start Recommendation*, SIGIR.
# - Zhang et al. (2020), [*How to Retrain Recommender System? A Sequential Meta-Learning Method*](https://arxiv.org/abs/2005.13258), SIGIR: SML.
# - (2022), *Deployable and Continuable Meta-learning-Based Recommender System with Fast User-Incremental Updates*, SIGIR.
