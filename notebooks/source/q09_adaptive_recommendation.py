# %% [markdown]
# # q09 · How do you build a recommender that adapts to feedback as it comes?
#
# Update after every answer, ask what teaches most, explore with a measure. Then the surprise: the next question depends on which films were rated, not on how.

# %% [markdown] lang="zh"
# # q09 · 如何用元学习实现自适应推荐？
#
# 每来一条反馈就更新，挑最能增进了解的问题来问，探索要有分寸。然后是一个意外：下一个问什么，取决于评过哪些影片，而不取决于评了几星。

# %% [markdown] tags=["question"]
# #### English
# A new user opens the app. You may ask about ten films, then recommend, and learn from every click. What do you ask? How do you update at once? How much
# do you explore, and how do you judge that it was worth it?
# #### 中文
# 一个新用户打开应用。你可以先问他十部影片，然后开始推荐，并从每次点击中学习。该问什么？怎么做到即时更新？探索多少？又怎么判断探索值不值？
#
# level: senior · minutes: 3 · needs: q01, q07 · topics: exploration, active learning, feedback loop, bandits

# %% [markdown] tags=["answer-short"]
# #### English
# I keep a posterior per user: a learned prior, and one exact update per answer. To ask, I take the film whose rating would shrink the uncertainty of
# the whole catalogue most, weighed by the chance that the user knows it. After five answers the predicted spread is smaller than after random questions, <!-- c1: lower -->
# which it was chosen for; in error I saw no difference. <!-- c2: none -->
# In a Gaussian model the gain depends on which films were rated, not the stars: the order can be precomputed.
# A list sorted once showed no difference in error, <!-- c3: none -->
# though a larger spread. <!-- c5: higher -->
# Exploration is a budget: few slots, UCB or Thompson, judged by long-term value.
# #### 中文
# 我给每个用户维护一个后验：先验由全体用户学出，每个回答做一次精确更新。要问，就问那部“评了之后全库不确定性下降最多”的影片，再乘上用户认识它的概率。
# 五个回答之后，预测的标准差比随机提问时小，<!-- c1: lower -->
# 因为问题就是按它挑的；误差上没有看出差别。<!-- c2: none -->
# 在高斯模型里，一个问题的收益取决于评过哪些影片，与评了几星无关，所以提问顺序可以事先算好。
# 只按初始收益排一次的清单，误差上没有看出差别，<!-- c3: none -->
# 但标准差更大。<!-- c5: higher -->
# 探索是一笔预算：给少量流量，用置信上界或 Thompson 采样，按长期价值来评判。

# %% [markdown] tags=["answer-full"]
# **State and update.** A user is $w \sim N(m, S)$ with a prior learned over users. A rating of item $x$ with noise $n$ updates it exactly. The state is solved from the
# stored ratings at request time (q07), so nothing drifts and an answer counts at once.
#
# **What to ask.** The expected information gain of a rating is
#
# $$\tfrac12 \log\left(1 + x^\top S x / n\right)$$
#
# It asks about whatever is uncertain, useful for a recommendation or not. For recommendations ask instead what lowers the variance of all scores,
# $x^\top S G S x / (n + x^\top S x)$ with $G$ the mean of $v v^\top$ over the catalogue, weighed by who rated each film. Neither contains an answer, but $S$ knows which films were rated: a second film like the
# first teaches less. So with known variances the sequence is fixed per prior; it is not the catalogue sorted once. What adapts is which questions can be answered, another likelihood (clicks), or another goal: pleasing the user now.
#
# **Explore.** LinUCB scores $x^\top \mu + \alpha \sqrt{x^\top S x}$; Thompson draws $\mu + L z$ and takes the best. Until a batch of updates is in, Thompson keeps its variety, while
# UCB repeats itself for users in the same state. Exploration mostly serves *items*: a few per cent of traffic for new items, to users who may like
# them. An ordinary A/B can miss its benefit, since the control group profits from what was learned; Google reports separating user groups together with their corpus (WSDM 2024).
#
# **Feedback loops.** The log holds what was shown. Without exploration a score that is too low may never be corrected. Log propensities; keep random traffic; correct for
# position.
#
# **What is measured.** On ML-100K only films that a user rated can be asked about. The question for the catalogue shrinks the predicted spread, <!-- c1: lower -->
# and against the popular films first no clear gain in error is left after correction at five answers; <!-- c4: none -->
# fresh splits of the users saw one, about a hundredth of a star.
# Everything askable was chosen by the user, so the value of asking a stranger is not measured; nor is exploration.

# %% [markdown] tags=["zh"]
# **状态与更新。** 一个用户就是 $w \sim N(m, S)$，先验由全体用户学出。对物品 $x$ 的一条评分（噪声方差 $n$）做一次精确更新。状态在请求时从存下的评分解出（q07），
# 所以不会漂移，回答立刻生效。
#
# **问什么。** 一条评分的期望信息增益是
#
# $$\tfrac12 \log\left(1 + x^\top S x / n\right)$$
#
# 它只关心“哪里不确定”。为了推荐，更应问能降低所有得分方差的：$x^\top S G S x / (n + x^\top S x)$，$G$ 是 $v v^\top$ 在全库上按评分人数加权的均值。两者里都没有回答本身，
# 但 $S$ 记得评过哪些影片：再问一部相似的，学到的就少。所以方差已知时，提问序列由先验定死；它不等于把全库只排一次序。自适应来自别处：哪些问题用户答得上来；换一种似然（点击）；或者换一个目标，比如现在就让用户满意。
#
# **探索。** LinUCB 的得分是 $x^\top \mu + \alpha \sqrt{x^\top S x}$；Thompson 采样抽一个 $\mu + L z$ 再取最好的。批量更新回来之前，Thompson 仍能保持多样，而 UCB 对状态相同的用户总出同一个物品。
# 探索主要是为了*物品*：拿百分之几的流量给新物品，投给可能喜欢它的用户。普通 A/B 可能看不出它的好处，因为对照组也享受了学到的东西；Google 报告的做法是把用户和内容库一起分组（WSDM 2024）。
#
# **反馈回路。** 日志里只有展示过的东西。不探索，一个偏低的得分可能一直得不到纠正。要记录展示概率（即倾向分），保留随机流量，校正位置偏差。
#
# **测到了什么。** 在 ML-100K 上，只能问用户评过的影片。面向全库的问题让预测的标准差更小；<!-- c1: lower -->
# 与先问热门影片相比，五个回答时，校正之后误差上没有清楚的收益；<!-- c4: none -->
# 换一批划分重跑则看得出，约百分之一星。
# 能问的影片本来就是用户自己选的，所以向陌生人提问的价值没有测到；探索也没有测。

# %% [markdown]
# ## 1. Ask, answer, watch
# A user nobody knows. `next_question` lists the films whose rating would teach most, each weighed by the share of users who rated it. Answer the first two.

# %% [markdown] lang="zh"
# ## 1. 问一问，答一答，看一看
# 一个谁也不认识的用户。`next_question` 列出最能增进了解的影片，每部都乘上评过它的用户比例。先回答头两部。

# %%
import numpy as np
import pandas as pd
import torch
from metarec_lib import ProbabilisticPCA, claim, load_movielens, load_study, make_tasks
from metarec_lib import mine, next_question, plots, question_values, seed, split_users
from metarec_lib.workbook.core import glossary

SEED = seed()
NEW, YOU = 10_001, 10_002  # two users whom nobody knows
data = load_movielens("ml-100k")
learning, tuning, judging = split_users(data, seed=SEED)
train = data.subset(~np.isin(data.ratings["user_id"], judging))
model = ProbabilisticPCA(seed=SEED).fit(train)

# %%
plots.table(next_question(model, NEW, k=4).set_index("rank"), digits=3)
for answer in (5, 1):
    asked = next_question(model, NEW, k=1)
    model.update(NEW, asked["item_id"].item(), answer)
    print(asked["title"].item(), answer)
plots.table(next_question(model, NEW, k=4).set_index("rank"), digits=3)
plots.table(model.recommend(NEW, k=4).set_index("rank"), digits=2)

# %% [markdown]
# **Rate them yourself.** Pick a film and stars: the list and the uncertainty of its scores move at once.

# %% [markdown] lang="zh"
# **换你来评。** 选一部影片和星数：推荐列表和得分的不确定性立刻变化。

# %% tags=["play", "nbval-ignore-output"]
famous = data.items.set_index("title").loc[
    ["Star Wars", "Fargo", "Titanic", "Toy Story", "Scream"], "item_id"]


def rated(film="Star Wars", stars=5):
    model.update(YOU, famous[film], stars)
    best = model.recommend(YOU, k=8)
    spread = model.predict(YOU, best["item_id"], return_std=True)
    low, high = (spread["score"] + sign * spread["std"] for sign in (-1, 1))
    titles = best["title"].str.slice(0, 28)
    rows = dict(zip(titles, zip(spread["score"], low, high, strict=True), strict=True))
    return plots.intervals(rows, title=TITLE, xlabel=STARS, xlim=(1, 6.5))


# %% tags=["figure"]
TITLE, STARS = ("Your list, one standard deviation", "你的列表，正负一个标准差"), ("stars", "星")
ALT = ("Eight recommended films, each with its score and a band of one standard deviation.",
       "八部推荐影片，各有得分和正负一个标准差的区间。")
SPREAD = ("What ten questions teach", "十个问题能学到多少")
QUESTIONS = ("questions answered", "已回答的问题数")
STD = ("predicted spread of a rating (stars)", "一条评分的预测标准差（星）")
ALT_SPREAD = ("Predicted spread against questions answered for five ways of asking: popular films first falls slowest, "
              "the catalogue's question among the fastest, the fixed list lies between.",
              "五种提问方式下，预测标准差随回答数的变化：先问热门降得最慢，面向全库的问题降得较快，固定清单居中。")
ERROR = ("The same in error", "换成误差来看")
RMSE = ("RMSE (stars)", "RMSE（星）")
BOUNDS = [("catalogue variance minus popular films first", "按全库方差减先问热门"), ("low", "下限"), ("high", "上限")]
ALT_ERROR = ("RMSE against questions answered: the five curves fall together, close to each other.",
             "RMSE 随回答数的变化：五条曲线一起下降，彼此很近。")
SAME = ("largest change of a question's value when all answers are turned round",
        "把所有回答反过来，问题价值的最大变化")

# %% tags=["play", "nbval-ignore-output"]
plots.play(rated, film=list(famous.index), stars=(1, 5), alt=ALT)

# %% [markdown]
# ## 2. Which films, not how many stars
# The posterior covariance holds which films were rated, not how. So the gain of the next question is the same for a user who loved all of them and one who hated them.
# **By hand**, for one judging user with five ratings, and the same with every star turned round:

# %% [markdown] lang="zh"
# ## 2. 看评了哪些，不看评了几星
# 后验协方差只记得评了哪些影片，不记得评了几星。所以不管用户全喜欢还是全讨厌，下一个问题的收益都一样。**手写**一个有五条评分的评估用户，再把每个星数反过来：

# %% tags=["from-scratch"]
user = make_tasks(data, judging, k=5, pool=20, seed=SEED).select(slice(3, 4))
items, asked = model.linear(user.support), model.linear(user.query)
x, noise = items.x[0], items.variance[0]
scale = model.scale_
covariance = torch.linalg.inv(torch.diag(scale**-2) + x.T @ (x / noise[:, None]))
known = ((asked.x[0] @ covariance) * asked.x[0]).sum(1)  # x' S x
gain = 0.5 * torch.log(1 + known / asked.variance[0])
state = model.adapt(user.support)
library = question_values(model, state, user.users, user.query.items, "information")
print("agrees:", torch.allclose(gain, library[0], atol=1e-8))

# %% tags=["exercise"]
with mine("q09") as my:
    yours = my.expected_information_gain(asked.x[0], covariance, asked.variance[0])
    print(f"{float((yours - gain).abs().max()):.6f}")

# %%
turned = type(user.support)(
    user.users, user.support.items, 6 - user.support.values, user.support.mask)
other = question_values(model, model.adapt(turned), user.users, user.query.items)
same = question_values(model, state, user.users, user.query.items)
print(f"{plots.words(SAME)}: {float((other - same).abs().max()):.6f}")

# %% [markdown] tags=["expect"]
# **What do you expect?** Ten questions, from 30 films that each user did rate. Which way of asking leaves the smallest error: random, popular films first, the
# catalogue's question anew each time, or one list sorted at the start?

# %% [markdown] lang="zh"
# **你猜结果如何？** 从每个用户评过的 30 部影片里问十个问题。哪种问法留下的误差最小：随机、先问热门、每次重算面向全库的问题，还是一开始就排好的一份清单？

# %% [markdown]
# ## 3. Does it pay?
# The study: five splits, judging users with 40 ratings or more; 30 of them may be asked about, the rest judge. Each of the 30 can be answered, so no question is weighed by who knows it. The fixed list is sorted once, by the value before any answer.

# %% [markdown] lang="zh"
# ## 3. 值得吗？
# 研究：五次划分，评估用户至少有 40 条评分；其中 30 条可以被问到，其余用来评估。这 30 条都答得上来，所以问题不再按“谁认识它”加权。固定清单只排一次序，依据是还没有任何回答时的价值。

# %% tags=["figure"]
study, answers = load_study("q09"), (0, 1, 2, 3, 5, 10)
ways = ("random questions", "popular films first", "information gain",
        "catalogue variance", "one fixed list")
curves = {glossary.say(w): [study.mean(w, "std", k=k) for k in answers] for w in ways}
fig = plots.lines(answers, curves, title=SPREAD, xlabel=QUESTIONS, ylabel=STD)
plots.show(fig, alt=ALT_SPREAD)

# %% tags=["figure"]
curves = {glossary.say(w): [study.mean(w, k=k) for k in answers] for w in ways}
fig = plots.lines(answers, curves, title=ERROR, xlabel=QUESTIONS, ylabel=RMSE)
plots.show(fig, alt=ALT_ERROR)

# %%
ways = ("random questions", "popular films first", "least certain film first",
        "information gain", "catalogue variance", "one fixed list")
plots.table(study.table(ways).rename(index=glossary.say))
pairs = {k: study.compare("catalogue variance", "popular films first", k=k)
         for k in answers[1:]}
bounds = {f"K = {k}": (p.mean, *p.interval) for k, p in pairs.items()}
plots.table(pd.DataFrame(bounds, index=BOUNDS).T, digits=4)

# %% tags=["claim"]
found = study.compare("catalogue variance", "random questions", "std", k=5)
claim("predicted spread", "catalogue variance", "random questions", found)

# %% tags=["claim"]
found = study.compare("catalogue variance", "random questions", k=5)
claim("RMSE", "catalogue variance", "random questions", found, headline=True)

# %% tags=["claim"]
found = study.compare("one fixed list", "catalogue variance", k=10)
claim("RMSE", "one fixed list", "catalogue variance", found)

# %% tags=["claim"]
found = study.compare("catalogue variance", "popular films first", k=5)
claim("RMSE", "catalogue variance", "popular films first", found)

# %% tags=["claim"]
found = study.compare("one fixed list", "catalogue variance", "std", k=5)
claim("predicted spread", "one fixed list", "catalogue variance", found)

# %% [markdown]
# The model's own uncertainty falls further than with random questions. <!-- c1: lower -->
# That is nearly so by construction: the question is chosen to lower it.
# The error on the remaining films falls with every answer, whatever is asked; at five answers no difference by the way of asking was seen. <!-- c2: none, c4: none -->
# Fresh splits of the same users did see one against popular films, about a hundredth of a star: take it as open.
# At other numbers of answers the interval against popular films lies below zero before correction (last table). Each of these differences is below the hundredth of a star that this book calls small, though the intervals reach beyond it.
#
# The list sorted once shows no difference in error from asking anew. <!-- c3: none -->
# Its spread is larger. <!-- c5: higher -->
# It does not see that two films near its top teach the same. So an onboarding page may have one sequence per prior, but work it out film by film: each next film given those before. What adapts is which of them the user knows.

# %% [markdown] lang="zh"
# 模型自己的不确定性，比随机提问时降得更多。<!-- c1: lower -->
# 这几乎是必然的：问题就是为降低它而挑的。
# 在其余影片上的误差，每多一个回答就降一点，不管问的是什么；五个回答时，没有看出问法之间的差别。<!-- c2: none, c4: none -->
# 同一批用户换一批划分重跑，与先问热门影片之间看出了差别，约百分之一星：这一点还不能下定论。
# 在其他回答数上，与先问热门相比的区间在校正前低于零（最后一张表）。这些差都不到本书视为“小”的百分之一星，不过区间会超出它。
#
# 只排一次的清单与每次重算相比，误差上没有看出差别。<!-- c3: none -->
# 它的标准差更大。<!-- c5: higher -->
# 它看不到排在前面的两部影片教的是同一件事。所以新手引导页可以每个先验只备一个序列，但要一部一部地算：每一部都以前面几部为条件。自适应的是其中哪些影片用户认识。

# %% [markdown] tags=["rubric"]
# #### English
# - [2] keeps a posterior per user from a learned prior, updated exactly and at once
# - [2] says what to ask: expected gain for the goal, weighed by the chance of an answer
# - [2] notices that in a Gaussian model the gain depends on which films were rated, not on the stars
# - [2] explores with a rule (UCB or Thompson), a budget, and knows the effect of batches
# - [2] judges exploration by long-term value, breaks feedback loops, logs propensities
# #### 中文
# - [2] 每个用户一个后验，先验由全体用户学出，精确且即时地更新
# - [2] 说清问什么：面向目标的期望收益，乘上答得上来的概率
# - [2] 注意到高斯模型里收益取决于评过哪些影片，与星数无关
# - [2] 探索有规则（UCB 或 Thompson）、有预算，并知道批量更新的影响
# - [2] 用长期价值评判探索，打破反馈回路，记录展示概率

# %% [markdown] tags=["pitfalls"]
# #### English
# - **"Ask about the most popular films."** → Many know them, but a rating may teach little: weigh what is learned by who can answer.
# - **"Adaptive questions are better because they react to answers."** → Not in a linear Gaussian model (section 2).
# - **"Offline replay picks the best explorer."** → A log holds what the old system showed, so it favours greedy policies; a RecSys 2025 study found a greedy linear model among the best on over 90 % of data sets.
# - **"The A/B was neutral, so exploration is useless."** → It may be that control users also see the items that exploration found.
# #### 中文
# - **“先问最热门的影片。”** → 认识的人多，但一条评分未必能学到多少；要把“能学到多少”和“谁答得上来”一起算。
# - **“自适应提问更好，因为它会根据回答调整。”** → 在线性高斯模型里并不是（第 2 节）。
# - **“离线回放能选出最好的探索策略。”** → 日志里只有旧系统展示过的东西，偏向贪心；RecSys 2025 的一项研究发现，贪心的线性模型在 90% 以上的数据集上名列前茅。
# - **“A/B 持平，说明探索没用。”** → 也可能是对照组用户同样看到了探索发现的物品。

# %% [markdown] tags=["follow-ups"]
# #### English
# <details><summary>How much exploration traffic, to whom, judged how?</summary>
# A few per cent, for new items first, to users whose posterior says that they may like them; never in positions where a miss ends the session. Judge by what became of the
# items later, and by corpus growth, with users and items split together.</details>
# <details><summary>We have clicks, not stars. Does the fixed list survive?</summary>
# No. With a logistic likelihood the information of a click is about p(1 − p) xᵀSx / 2, and p depends on the answers. For equal xᵀSx a click teaches most near p = ½. Laplace or
# a few Newton steps replace the exact solve.</details>
# <details><summary>10⁹ users, updates in batches of minutes: UCB or Thompson?</summary>
# Thompson. Until the batch is in, UCB gives users of the same context the same item, so a few items take the exploration traffic. YouTube reports a diagonal LinUCB with
# delayed aggregates; the widths must then allow for what is on its way.</details>
# <details><summary>Why not a sequence model that adapts in context?</summary>
# It updates at once too. What it lacks is a calibrated width to explore with, so people bolt one on: the last layer as a Bayesian regression, which is the head
# of this lesson (a neural linear bandit).</details>
# <details><summary>How do you break position and popularity loops?</summary>
# Log the position and the propensity, train with position as a feature that is fixed at serving, keep random traffic in a slot, and weigh by inverse propensity with
# the effective sample size in view (q06).</details>
# #### 中文
# <details><summary>给多少探索流量？给谁？怎么评判？</summary>
# 百分之几，先给新物品，投给后验认为可能喜欢的用户；绝不放在一失手就会流失的位置。看这些物品后来的表现，看内容库的增长，用户和物品要一起分组。</details>
# <details><summary>我们只有点击，没有星级，固定清单还成立吗？</summary>
# 不成立。logistic 似然下，一次点击的信息量约为 p(1 − p) xᵀSx / 2，而 p 取决于先前的回答；xᵀSx 相同时，p 接近 ½ 学到的最多。精确求解换成拉普拉斯近似或几步牛顿法。</details>
# <details><summary>10⁹ 用户，分钟级批量更新：UCB 还是 Thompson？</summary>
# Thompson。这一批回来之前，UCB 给上下文相同的用户出同一个物品，少数物品会吃掉探索流量。YouTube 报告用对角化的 LinUCB 加延迟汇总，宽度要把“还在路上”的反馈算进去。</details>
# <details><summary>序列模型在上下文里就能适应，为什么不用它？</summary>
# 它也能即时更新，缺的是可用于探索的、校准过的宽度。所以常在最后一层接一个贝叶斯线性回归，也就是本课的预测头（neural linear bandit）。</details>
# <details><summary>怎么打破位置和热度的回路？</summary>
# 记录位置和展示概率；位置作为训练特征，线上取固定值；留一个坑位给随机流量；用逆倾向加权，同时盯着有效样本量（q06）。</details>

# %% [markdown] tags=["exercise"]
# ## Your turn
# Write three functions in [`exercises/q09_adaptive_recommendation.py`](../exercises/q09_adaptive_recommendation.py), about 20 minutes:
#
# - `linucb_scores`: mean plus a bonus for what is not known.
# - `expected_information_gain`: what a rating of each film would teach.
# - `thompson_scores`: scores under one draw from the posterior.
#
# Then run the cell below. Stuck? In the cell after it, take the `#` away and run: each run gives the next of three hints.

# %% [markdown] lang="zh"
# ## 动手
# 在 [`exercises/q09_adaptive_recommendation.py`](../exercises/q09_adaptive_recommendation.py) 里写三个函数，大约 20 分钟：
#
# - `linucb_scores`：均值加上探索奖励（bonus），越不了解奖励越大。
# - `expected_information_gain`：每部影片的评分能带来多少信息。
# - `thompson_scores`：从后验抽一次样之后的得分。
#
# 写完运行下面的单元格。卡住了？把再下面那个单元格里的 `#` 去掉再运行：每运行一次给出下一条提示，共三条。

# %% tags=["exercise"]
from metarec_lib import check, what_was_measured

check("q09")

# %% tags=["exercise"]
# from metarec_lib import hint; hint("q09", "linucb_scores")

# %% tags=["measured"]
what_was_measured()

# %% [markdown] tags=["references"]
# **Read first · 先读：** Li, Chu, Langford & Schapire (2010), [*A Contextual-Bandit Approach to Personalized News Article Recommendation*](https://arxiv.org/abs/1003.0146), WWW: LinUCB.
#
# - Chapelle & Li (2011), *An Empirical Evaluation of Thompson Sampling*, NeurIPS.
# - MacKay (1992), *Information-Based Objective Functions for Active Data Selection*, Neural Computation.
# - Cohn, Ghahramani & Jordan (1996), [*Active Learning with Statistical Models*](https://arxiv.org/abs/cs/9603104), JAIR.
# - Su et al. (2024), *Long-Term Value of Exploration: Measurements, Findings and Algorithms*, WSDM.
# - Yi et al. (2023), *Online Matching: A Real-time Bandit System for Large-scale Recommendations*, RecSys.
# - Pires et al. (2025), [*Exploitation Over Exploration: Unmasking the Bias in Linear Bandit Recommender Offline Evaluation*](https://arxiv.org/abs/2507.18756), RecSys.
