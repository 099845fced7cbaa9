# %% [markdown]
# # q19 · Combine meta-learning and deep reinforcement learning for recommendation
#
# A session is twenty films with a user nobody has met. What does a policy that learned how to learn earn there, and what earns as much for less?

# %% [markdown] lang="zh"
# # q19 · 如何结合元学习与深度强化学习做推荐？
#
# 一次会话，给一个谁也没见过的用户推荐二十部影片。一个“学会了如何学习”的策略能多赚多少？有没有更省的办法赚到同样多？

# %% [markdown] tags=["question"]
# #### English
# You want a feed that learns a new user's taste within one session. Define state, action, reward and discount. Where does meta-learning enter? Compare a bandit with a learned prior, RL² and
# MAML for policies. How do you judge a new policy before it goes online?
# #### 中文
# 你想做一个在一次会话里就能学会新用户口味的信息流。请定义状态、动作、奖励和折扣。元学习用在哪里？比较带先验的 bandit、RL² 和策略版 MAML。新策略上线之前怎么评估？
#
# level: senior · minutes: 3 · needs: q09, q17 · topics: reinforcement learning, bandits, RL², off-policy evaluation, DPO

# %% [markdown] tags=["answer-short"]
# #### English
# State: what the user saw and liked. Action: the next item. Reward: a like. The discount matters when an action changes who is still there later; with clickbait far sight wins. <!-- c7: higher -->
# Meta-learning gives the start. With strong tastes RL² beats a policy without memory, <!-- c1: higher -->
# but a bandit whose prior was learned from other users is a little ahead, and far simpler. <!-- c4: higher -->
# Most of that prior's worth is the popular list. A log judges a policy only near the one that wrote it: I report the effective sample size, and SNIPS beside doubly robust; far from the log SNIPS erred less. <!-- c8: lower -->
# #### 中文
# 状态是用户看过什么、喜欢什么；动作是下一个物品；奖励是一次喜欢。只有当动作会改变“之后谁还在”时，折扣才要紧：有标题党时，远视策略胜出。<!-- c7: higher -->
# 元学习给出起点。口味强时，RL² 胜过没有记忆的策略，<!-- c1: higher -->
# 但先验由其他用户学来的 bandit 略好一点，而且简单得多。<!-- c4: higher -->
# 这个先验的价值大半就是热门榜。日志只能评估与写日志的策略相近的策略：我会报告有效样本量，并把 SNIPS 和双重稳健放在一起看；离日志远时，SNIPS 的误差更小。<!-- c8: lower -->

# %% [markdown] tags=["answer-full"]
# **The problem.** A user is an unknown reward function; a session is an episode of a Markov decision process whose hidden part is the user. State: items shown and likes. A *bandit* is the one-step case: the action
# does not change what comes. A discount $\gamma > 0$ is needed where it does: satiation, leaving, and looking for information.
#
# **Three ways to learn to learn.**
#
# - *Bandit with a learned prior*: $w_u \sim N(m, S)$, $m$ and $S$ from other users' sessions by EM; each like is one exact update; show the largest upper bound, or the best under one posterior draw.
# - *RL²* (2016): a recurrent network reads each item and its reward. REINFORCE trains it over whole sessions,
#
# $$\nabla J = \mathbb{E} \sum_t \nabla \log \pi(i_t \mid h_t)\,(G_t - b_t)$$
#
# so the hidden state becomes the learner. It may learn to explore; here $\gamma = 0$ earned as much (section 2), so nothing shows that it does.
# - *MAML for policies*: one policy-gradient step on the session's first items; with six likes we guess that it is noisy.
#
# **What is measured**, with simulated users of ML-100K whom no agent met. With tastes 2.5 times as strong RL² beats REINFORCE without memory. <!-- c1: higher -->
# The bandit, whose width was tuned, is a little ahead of RL², which ran at one setting. <!-- c4: higher -->
# Against LinUCB from zero the learned prior gains; <!-- c2: higher -->
# started from the popular list, LinUCB is closer. <!-- c3: higher -->
# With tastes as fitted no lead of RL² over the popular list is seen; <!-- c5: none -->
# fresh seeds saw a small one.
#
# **In industry** actions are often few: fusion weights (Kuaishou, retention, 2023), or a top-K corrected REINFORCE over candidates (YouTube, 2019). Generative recommenders tune on preferences: OneRec uses iterative
# DPO with a reward model; OneRec-V2 adds real feedback, since reward models invite hacking. I found no RL² in production.
#
# **Before going online** weigh the log by $w = \pi / \pi_0$. IPS is unbiased and noisy; SNIPS divides by $\sum w$; doubly robust corrects a reward model. Far from the log SNIPS
# erred less than doubly robust, whose reward model did not know the user. <!-- c8: lower -->
# A simulator flatters whoever shares its model; ours is linear, like the bandit.

# %% [markdown] tags=["zh"]
# **问题。** 一个用户就是一个未知的奖励函数；一次会话是一段马尔可夫决策过程，隐藏的部分就是用户。状态：展示过的物品和是否喜欢。*Bandit* 是它的单步情形：动作不影响后面会发生什么。
# 动作有后效时才需要折扣 $\gamma > 0$：审美疲劳、流失、为获取信息而探索。
#
# **三种“学会学习”的办法。**
#
# - *带先验的 bandit*：$w_u \sim N(m, S)$，$m$ 和 $S$ 用 EM 从其他用户的会话里学；每条反馈做一次精确更新；展示置信上界最大的，或后验抽样下最好的。
# - *RL²*（2016）：循环网络逐个读入物品和奖励，用 REINFORCE 在整段会话上训练，
#
# $$\nabla J = \mathbb{E} \sum_t \nabla \log \pi(i_t \mid h_t)\,(G_t - b_t)$$
#
# 于是隐状态就成了学习器。探索也可以是学来的；但这里 $\gamma = 0$ 时赚得一样多（第 2 节），看不出它在探索。
# - *策略版 MAML*：在会话最初几个物品上走一步策略梯度；只有六条反馈，我们猜梯度噪声很大。
#
# **测到了什么**：用户由 ML-100K 模拟而来，所有策略都没见过。口味强 2.5 倍时，RL² 胜过无记忆的 REINFORCE。<!-- c1: higher -->
# 带先验的 bandit 调过置信宽度，比只跑了一组参数的 RL² 略好。<!-- c4: higher -->
# 与从零开始的 LinUCB 比，学到的先验有收益；<!-- c2: higher -->
# 若 LinUCB 从热门榜起步，差距就小了。<!-- c3: higher -->
# 口味强度如拟合时，看不出 RL² 比热门榜好；<!-- c5: none -->
# 换一批种子重跑，看得出一点领先。
#
# **工业界**的动作往往很少：融合公式的权重（快手，优化留存，2023），或候选集上带 top-K 校正的 REINFORCE（YouTube，2019）。生成式推荐用偏好来调：OneRec 用迭代 DPO 加奖励模型；
# OneRec-V2 加入真实反馈，因为奖励模型容易被钻空子（reward hacking）。生产环境里的 RL² 我没有找到。
#
# **上线之前**，用 $w = \pi / \pi_0$ 给日志加权。IPS 无偏但噪声大；SNIPS 除以 $\sum w$；双重稳健用数据修正奖励模型。离日志远时，SNIPS 的误差比双重稳健小，后者的奖励模型不认识用户。<!-- c8: lower -->
# 模拟器偏袒与它同族的模型：我们的模拟器是线性的，bandit 也是。

# %% [markdown]
# ## 1. A user as an environment
# The users of ML-100K are split in two halves. From the first half's ratings the agents know the films, and in its simulated sessions they train. The second half makes another world, fitted
# anew, and judges. A user likes a film with a probability; `taste` multiplies what sets the user apart from the average. Three steps with one user, each line: the film's id, the like, whether the user left, whether the session is over.

# %% [markdown] lang="zh"
# ## 1. 把用户当作环境
# ML-100K 的用户分成两半。策略从前一半的评分里认识影片，并在它的模拟会话里训练；后一半另外拟合成一个世界，用来评估。用户以一定概率喜欢一部影片；`taste` 放大的是用户与平均水平的不同之处。下面与一名用户走三步，每行依次是：影片 id、是否喜欢、用户是否离开、会话是否结束。

# %%
import numpy as np
import torch
from metarec_lib import LinUCB, PolicyMAML, RecommendationEnv, claim, fit_prior, seed
from metarec_lib import load_movielens, load_study, mine, play, plots, taste_world
from metarec_lib.online import bandits, policies
from metarec_lib.workbook.core import glossary

SEED = seed()

# %%
data, rng = load_movielens("ml-100k"), np.random.default_rng(SEED)
halves = np.array_split(rng.permutation(data.n_users), 2)
first, second = (data.subset(np.isin(data.user_codes, half)) for half in halves)
world = taste_world(first, 300, taste=2.5, seed=SEED)
others = taste_world(second, world.item_ids, taste=2.5, seed=SEED)

# %%
env = RecommendationEnv(others, steps=20)
env.reset(seed=SEED, options={"user": 7})
for item in (10, 42, 10):
    observation, liked, gone, over, info = env.step(item)
    print(info["item_id"], liked, gone, over)

# %% [markdown]
# The third step shows the first film again, which is never liked. **By hand:** a policy shows item $i$ with probability softmax$_i(x_i \cdot q)$. How does one like move $q$? The gradient of
# $\log \pi(i)$ is $x_i - \sum_j \pi_j x_j$: towards the film, away from what would have been shown anyway.

# %% [markdown] lang="zh"
# 第三步又展示了第一部影片，重复展示永远得不到喜欢。**手写：** 策略以 softmax$_i(x_i \cdot q)$ 的概率展示物品 $i$。一次喜欢怎样移动 $q$？$\log \pi(i)$ 的梯度是 $x_i - \sum_j \pi_j x_j$：
# 靠近这部影片，远离本来就会展示的那些。

# %% tags=["from-scratch"]
seen = play(world, np.arange(len(world)), bandits.Fixed(), 60, SEED)
liked = policies.liked_share(seen.items, seen.likes, world.n_items)
x = policies.policy_features(world.vectors, liked)
policy = PolicyMAML(x, liked, inner_rate=0.5, inner_steps=1)
q, item = policy.params["query"], torch.tensor([3], device=x.device)
shares = torch.softmax(x @ q, 0)
by_hand = q + 0.5 * (1 - liked[3]) * (x[3] - shares @ x)
library = policy.observe(policy.begin(1), item, liked.new_ones(1)).query[0]
print("agrees:", torch.allclose(by_hand, library, atol=1e-8))

# %% [markdown]
# Your `td_target` says what a value network is trained towards: here two items, of which the first was shown already.

# %% [markdown] lang="zh"
# 你写的 `td_target` 给出价值网络的训练目标：这里有两个物品，第一个已经展示过。

# %% tags=["exercise"]
with mine("q19") as my:
    values = torch.tensor([[3.0, 2.0]]), torch.tensor([[0.5, 0.8]])
    free, over = torch.tensor([[False, True]]), torch.tensor([False])
    goal = my.td_target(torch.tensor([1.0]), *values, free, over, 0.9)
    print([round(v, 2) for v in goal.tolist()])

# %% [markdown] tags=["expect"]
# **What do you expect?** Twenty films, a new user, tastes 2.5 times as strong as fitted. Put in order: the popular list, LinUCB from zero, LinUCB with a prior learned from other users, REINFORCE without memory, RL².

# %% [markdown] lang="zh"
# **你猜结果如何？** 二十部影片、一名新用户，口味强度是拟合值的 2.5 倍。排个序：热门榜、从零开始的 LinUCB、先验从其他用户学来的 LinUCB、无记忆的 REINFORCE、RL²。

# %% [markdown]
# ## 2. Who pleases a user nobody knows?
# The study: five seeds, each with its own halves, 200 films, and policies trained anew. Tuning users of the agents' world choose the bandits' widths and scales and MAML's inner rate; RL², REINFORCE and DQN run at one setting, $\gamma = 0.5$. Of their sessions MAML trains on half, DQN on a quarter. The interval is over users;
# a seed's policy is shared by all its users, so the seeds stand below, one by one.

# %% [markdown] lang="zh"
# ## 2. 谁能让陌生用户满意？
# 研究：五个种子，每个种子重新划分两半、重新抽 200 部影片、重新训练策略。Bandit 的置信宽度和先验尺度、MAML 的内层步长由策略那一半的调参用户选；RL²、REINFORCE 和 DQN 各只有一组参数，$\gamma = 0.5$。训练用的会话数，MAML 只有 RL² 和 REINFORCE 的一半，DQN 只有四分之一。区间是对用户的；同一种子的用户共用一个策略，所以下面也逐个种子列出。

# %% tags=["figure"]
STEP, RATE = ("film of the session", "会话中的第几部"), ("like rate", "喜欢率")
CURVES = ("Tastes 2.5 times as strong", "口味强 2.5 倍")
ALT_CURVES = ("Like rate by film of the session: from the third film on RL² and the bandit with a "
              "learned prior stay above the popular list, the oracle far above.",
              "喜欢率随会话步数的变化：从第三部起，RL² 和带先验的 bandit 都在热门榜之上，"
              "知道口味的贪心策略远高于其余。")
WORLDS = {"as fitted": ("as fitted", "如拟合"), "strong": ("2.5 times", "2.5 倍"),
          "two interests": ("two interests", "两种兴趣")}
SEEDS = ("Five seeds: other halves, films and training", "五个种子：划分、影片、训练都不同")
SEED_NO = ("seed", "种子")
ALT_SEEDS = ("Like rates of four agents in five seeds: RL² lies above REINFORCE "
             "without memory in each.",
             "四种方法在五个种子里的喜欢率：每个种子里 RL² 都高于无记忆的 REINFORCE。")
BAIT = ("With clickbait", "有标题党时")
ALT_BAIT = ("Like rate by film with clickbait: the short-sighted policy starts near .9 and falls to "
            "nothing, the far-sighted one stays level.",
            "有标题党时喜欢率随步数的变化：短视策略从 0.9 左右掉到几乎为零，远视策略保持平稳。")
NEAR, FAR = ("near the log", "离日志近"), ("far from it", "离日志远")
SIGNED = ("far, with its sign", "离日志远，带符号")
PLAYED = ("LinUCB with 200 new users", "LinUCB，200 名新用户")
ALT_PLAYED = ("Like rate along a session for LinUCB from zero and with a learned prior, "
              "at the chosen taste and width.",
              "在所选口味强度和置信宽度下，从零开始与带先验的 LinUCB 在会话中的喜欢率。")
TICKS = (1, 5, 10, 15, 20)

# %% tags=["figure"]
study, steps = load_study("q19"), range(1, 21)
shown = ("the popular list", "REINFORCE without memory", "RL²",
         "LinUCB with a learned prior", "greedy oracle")
curves = {n: [study.mean(n, "like rate at a step", world="strong", step=s)
              for s in steps] for n in shown}
fig = plots.lines(steps, curves, title=CURVES, xlabel=STEP, ylabel=RATE, xticks=TICKS)
plots.show(fig, alt=ALT_CURVES)

# %%
names = ("random films", "the popular list", "LinUCB from zero",
         "LinUCB from the popular list", "LinUCB with a learned prior",
         "REINFORCE without memory", "RL²", "greedy oracle")
rows = study.rows[study.rows["metric"] == "like rate"]
rates = rows.pivot_table("value", "model", "world").loc[list(names), list(WORLDS)]
plots.table(rates.rename(columns=WORLDS, index=glossary.say).rename_axis(None))
more = rows[rows["world"] == "strong"].groupby("model")["value"].mean()
for name in ("MAML policy", "DQN", "RL² with gamma 0", "Thompson with a learned prior"):
    print(f"{more[name]:.3f}", glossary.say(name))

# %% tags=["figure"]
tested = shown[:4]
by_seed = {n: [v.mean() for v in study.values(n, "like rate", world="strong").values()]
           for n in tested}
places = range(1, len(study.seeds) + 1)
fig = plots.lines(places, by_seed, title=SEEDS, xlabel=SEED_NO, ylabel=RATE,
                  xticks=places)
plots.show(fig, alt=ALT_SEEDS)

# %% tags=["claim"]
def over(a, b, world="strong"):
    return a, b, study.compare(a, b, "like rate", world=world)


claim("like rate", *over("RL²", "REINFORCE without memory"), headline=True)

# %% tags=["claim"]
claim("like rate", *over("LinUCB with a learned prior", "LinUCB from zero"))

# %% tags=["claim"]
found = over("LinUCB with a learned prior", "LinUCB from the popular list")
claim("like rate", *found)

# %% tags=["claim"]
firsts = [study.mean(n, "like rate at a step", world="strong", step=1) for n in shown]
print(f"{(firsts[3] - firsts[2]) / 20:.3f}")
claim("like rate", *over("LinUCB with a learned prior", "RL²"))

# %% tags=["claim"]
claim("like rate", *over("RL²", "the popular list", "as fitted"))

# %% tags=["claim"]
claim("like rate", *over("RL² that hears another user", "REINFORCE without memory"))

# %% [markdown]
# RL² beats the policy without memory, <!-- c1: higher -->
# and its gain comes from the user's own likes: told another user's, it falls below no memory. <!-- c6: lower -->
# The learned prior gains over LinUCB from zero. <!-- c2: higher -->
# Most of that is knowing what is popular: from zero LinUCB stays below the popular list (table). Started from it LinUCB is closer, and still behind. <!-- c3: higher -->
# The bandit is a little ahead of RL²: <!-- c4: higher -->
# half of that is the first film (the line above the claim), and in two of five seeds there is next to nothing. The world is of the bandit's linear kind; in the last column, with two interests a user, no linear model is right, and the two keep their order. With tastes as fitted no lead of RL² over the popular list is seen; <!-- c5: none -->
# five fresh seeds saw one of a hundredth: take it as open.
# With $\gamma = 0$ RL² earns the same: nothing here shows that it explores. The MAML policy stays where no memory is.

# %% [markdown] lang="zh"
# RL² 胜过无记忆的策略，<!-- c1: higher -->
# 收益来自这个用户自己的反馈：让它听别人的反馈，就跌到无记忆之下。<!-- c6: lower -->
# 学到的先验胜过从零开始的 LinUCB。<!-- c2: higher -->
# 其中大半只是知道什么热门：从零开始的 LinUCB 还不如热门榜（见表）。让 LinUCB 从热门榜起步，差距就小了，但仍落后。<!-- c3: higher -->
# Bandit 比 RL² 略好：<!-- c4: higher -->
# 其中一半来自第一部影片（结论上面那一行），五个种子里有两个几乎没有差别。这个世界是线性的，与 bandit 同族；最后一列里每人有两种兴趣，线性模型都不对，两者的次序没变。口味强度如拟合时，看不出 RL² 比热门榜好；<!-- c5: none -->
# 换五个种子重跑，领先约百分之一：这一点还不能下定论。
# $\gamma = 0$ 的 RL² 赚得一样多：这里看不出它在探索。MAML 策略停在无记忆的水平。

# %% [markdown]
# ## 3. When does the future matter?
# Ten more items please nine users in ten, and after each of them every second user leaves for good. Policies without memory, trained with $\gamma = 0$ and $\gamma = 0.95$.

# %% [markdown] lang="zh"
# ## 3. 什么时候要看远？
# 再加十个物品：十个用户里九个喜欢，但每展示一次，就有一半用户从此离开。训练无记忆的策略，$\gamma = 0$ 和 $\gamma = 0.95$ 各一个。

# %% tags=["figure"]
sights = ("short-sighted policy", "far-sighted policy")
curves = {n: [study.mean(n, "like rate at a step", world="clickbait", step=s)
              for s in steps] for n in sights}
fig = plots.lines(steps, curves, title=BAIT, xlabel=STEP, ylabel=RATE, xticks=TICKS)
plots.show(fig, alt=ALT_BAIT)

# %% tags=["claim"]
claim("like rate", *over(*sights[::-1], "clickbait"))

# %%
for n in sights:
    both = [study.mean(n, "like rate", world=w) for w in ("clickbait", "strong")]
    print(*(f"{rate:.3f}" for rate in both), glossary.say(n))
found = study.compare(*sights[::-1], "like rate", world="strong")
print("{:.3f} [{:.3f}, {:.3f}]".format(found.mean, *found.interval))

# %% [markdown]
# With clickbait far sight pays. <!-- c7: higher -->
# We built that world to make it pay. Without it (second column, difference below) the long view is a hundredth worse: perhaps because sums of more likes are noisier gradients. So before arguing about $\gamma$, ask which action changes who comes back.

# %% [markdown] lang="zh"
# 有标题党时，看远划算。<!-- c7: higher -->
# 这个世界就是为此而造的。没有标题党时（第二列，差值在下面），看远反而差一个百分点：也许因为累加更多反馈，梯度噪声更大。所以争论 $\gamma$ 之前，先问哪个动作会影响用户回不回来。

# %% [markdown]
# ## 4. Judged by the log of another
# A softmax over popularity wrote the log, 1,000 impressions. Two new policies know the users' tastes: one leans on them a little, the other a lot. The simulator knows the truth. The table has the mean error over 100 logs in each of five worlds; below it the effective sample sizes.

# %% [markdown] lang="zh"
# ## 4. 用别人的日志来评
# 日志由“按热度做 softmax”的策略写成，共 1000 次曝光。两个新策略知道用户的口味：一个只稍微依靠它，一个很依靠它。真值由模拟器给出。表里是五个世界、每个世界 100 份日志的平均误差；下面是有效样本量。

# %%
guesses = ["IPS", "clipped IPS", "SNIPS", "doubly robust", "reward model alone"]
rows = study.rows[study.rows["metric"] == "estimate"]
means = rows.pivot_table("value", "model", "target")
signed = means.loc[[f"{n}, signed" for n in guesses], "far"].to_numpy()
errors = means.loc[guesses, ["near", "far"]].assign(signed=signed)
heads = {"near": NEAR, "far": FAR, "signed": SIGNED}
plots.table(errors.rename(columns=heads, index=glossary.say).rename_axis(None))
print(*(f"{means.loc['effective sample size', t]:.0f}" for t in ("near", "far")))

# %% tags=["claim"]
pair, at = ("SNIPS", "doubly robust"), "a policy far from the log"
worlds = (study.values(n, "estimate", target="far").values() for n in pair)
print(*(f"{a.mean() - b.mean():.3f}" for a, b in zip(*worlds)))
found = study.compare(*pair, "estimate", target="far")
claim("error of the estimate", *pair, found, at=at)

# %% [markdown]
# Of 1,000 impressions the near policy keeps the worth of most, the far one that of a few dozen. There SNIPS, one division more than IPS, errs less than doubly robust, <!-- c8: lower -->
# in each of the five worlds (printed): the reward model knows nothing of the user. Clipping at ten, meant to tame the weights, errs more than IPS. The last column says why: what it cuts off is what the new policy does.
#
# Your `snips_estimate` on one such log: the estimate, the truth, the effective sample size. And your `dpo_loss` where users said which of two films they prefer, from a reference that shows all 300 alike; each line: beta, the like rate of the tuned policy, and how many films it shows in effect, $1 / \sum p^2$.

# %% [markdown] lang="zh"
# 1000 次曝光，折成有效样本量，对近的策略还剩大部分，对远的只剩几十次。这时 SNIPS 只比 IPS 多除一次，误差却比双重稳健小，<!-- c8: lower -->
# 五个世界里都是如此（见打印）：奖励模型对用户一无所知。把权重截断在十，本是为了压住它，误差反而比 IPS 大。最后一列说明了原因：被截掉的，正是新策略要做的。
#
# 用你的 `snips_estimate` 评一份这样的日志，依次是：估计、真值、有效样本量。再用你的 `dpo_loss`，数据是用户说出两部影片里更喜欢哪一部，参考策略等概率展示全部 300 部；每行依次是：beta、调优后策略的喜欢率、实际上在展示多少部影片（$1 / \sum p^2$）。

# %% tags=["exercise"]
pair = torch.logit(liked), 3 * x[:, -1]
old, new = (torch.softmax(z, 0).cpu().numpy() for z in pair)
items = rng.choice(len(old), 1000, p=old)
chances = others.chances(others.begin(np.arange(len(others)))).cpu().numpy()
met = rng.integers(len(chances), size=1000)
likes = (rng.random(1000) < chances[met, items]) * 1.0
worth, even = torch.as_tensor(chances.mean(0)), -np.log(len(old))
with mine("q19") as my:
    guess, size = my.snips_estimate(likes, old[items], new[items])
    print(f"{guess:.3f} {float(new @ worth.numpy()):.3f} {size:.0f}")

# %% tags=["exercise"]
pairs = rng.integers(len(worth), size=(3000, 2))
first_won = rng.random(3000) < 1 / (1 + np.exp(8 * np.diff(worth[pairs])[:, 0]))
pairs = np.where(first_won[:, None], pairs, pairs[:, ::-1])
with mine("q19") as my:
    for beta in (0.1, 1.0, 10.0):
        q = torch.zeros_like(worth).requires_grad_()
        for _ in range(200):
            won, lost = torch.log_softmax(q, 0)[pairs.T]
            loss = my.dpo_loss(won, lost, *torch.full((2, 3000), even).double(), beta)
            q.data -= 5 / beta**2 * torch.autograd.grad(loss, q)[0]
        p = torch.softmax(q.data, 0)
        print(beta, f"{p @ worth:.3f} {1 / p.square().sum():.0f}")

# %% [markdown]
# The same pairs, fitted equally well (the step grows as $1 / \beta^2$). A small beta lets the policy run far: more likes, from a handful of films. A large one keeps it at the reference.

# %% [markdown] lang="zh"
# 同样的偏好对，拟合得一样好（步长按 $1 / \beta^2$ 放大）。beta 小，策略就跑得远：喜欢率更高，但只剩几部影片。beta 大，就停在参考附近。

# %% [markdown]
# **Try it.** How strong must tastes be, and how wide the bound, until a learned prior pays?

# %% [markdown] lang="zh"
# **试一试。** 口味要多强、置信界要多宽，学到的先验才划算？

# %% tags=["play", "nbval-ignore-output"]
def learned(taste=2.5, alpha=0.25):
    here, there = (type(w)(**vars(w) | {"taste": taste}) for w in (world, others))
    log = play(here, np.arange(len(here)), bandits.Fixed(), 40, SEED)
    z = policies.policy_features(here.vectors, liked)
    share = policies.liked_share(log.items, log.likes, 300)
    prior = fit_prior(z[log.items], log.likes - share[log.items], 0.2)
    zero = z[0] * 0, torch.eye(9).to(z) * 0.01
    made = {"LinUCB from zero": LinUCB(z, zero, None, alpha),
            "LinUCB with a learned prior": LinUCB(z, prior, share, alpha)}
    curves = {n: play(there, range(200), made[n], 20).likes.mean(0).cpu() for n in made}
    return plots.lines(steps, curves, title=PLAYED, xlabel=STEP, ylabel=RATE)


plots.play(learned, taste=[1.0, 2.5, 4.0], alpha=[0.0, 0.25, 1.0], alt=ALT_PLAYED)

# %% [markdown] tags=["rubric"]
# #### English
# - [2] defines state, action, reward and discount for a session, and says when a bandit is enough
# - [2] says where meta-learning enters: a prior over users, a recurrent learner, an initial policy, and what each costs
# - [2] compares with the popular list and a bandit with a learned prior before reaching for RL
# - [2] evaluates off-policy: propensities, IPS, SNIPS, doubly robust, effective sample size
# - [1] knows that a simulator flatters models of its own family, and how to test for it
# - [1] names preference tuning (DPO) or reward models, and reward hacking
# #### 中文
# - [2] 为一次会话定义状态、动作、奖励和折扣，并说清什么时候 bandit 就够了
# - [2] 说清元学习用在哪里：用户先验、循环学习器、策略初始化，以及各自的代价
# - [2] 动用强化学习之前，先与热门榜和带先验的 bandit 比
# - [2] 会做离线策略评估（OPE）：展示概率、IPS、SNIPS、双重稳健、有效样本量
# - [1] 知道模拟器偏袒同族模型，也知道怎样检验
# - [1] 说得出偏好调优（DPO）或奖励模型，以及 reward hacking

# %% [markdown] tags=["pitfalls"]
# #### English
# - **"RL wins on next-item metrics."** → A 2025 reassessment at SIGIR found a tuned GRU4Rec ahead. What a user does next under the old policy is no reward.
# - **"Sessions are sequential, so we need a discount."** → Only where an action changes what comes: with clickbait it is everything, <!-- c7: higher -->
#   without it a long view cost a little (section 3).
# - **"RL² learns to explore, so it beats bandits."** → A bandit with a learned prior was ahead, <!-- c4: higher -->
#   and RL² trained without a future earned the same (section 2).
# - **"Clip the weights and IPS is safe."** → Clipping trades variance for bias, and the bias points to the old policy (section 4).
# - **"It wins in our simulator."** → Ask who built the simulator, and from which model.
# #### 中文
# - **“强化学习在下一个物品的指标上更好。”** → 2025 年 SIGIR 的一项再评估里，调好的 GRU4Rec 更好。旧策略下用户接着做了什么，并不等于奖励。
# - **“会话有先后，所以要折扣。”** → 只有当动作会影响后续时才要：有标题党时它决定一切，<!-- c7: higher -->
#   没有时看远反而略差（第 3 节）。
# - **“RL² 学会了探索，所以胜过 bandit。”** → 带先验的 bandit 更好，<!-- c4: higher -->
#   而训练时不看未来的 RL² 赚得一样多（第 2 节）。
# - **“截断权重，IPS 就安全了。”** → 截断用偏差换方差，而偏差指向旧策略（第 4 节）。
# - **“在我们的模拟器里赢了。”** → 先问模拟器是谁做的、用的什么模型。

# %% [markdown] tags=["follow-ups"]
# #### English
# <details><summary>When does RL beat supervised scores and a fusion formula?</summary>
# When an action changes what the user does later and one can measure it: retention, fatigue, leaving. Then make the action small. Kuaishou's retention work (WWW Companion 2023) acts on the weights of the fusion formula, not on items.
# For the next click, supervised scores are hard to beat.</details>
# <details><summary>DQN, PPO, GRPO, DPO: which are on-policy, and which for a generative recommender?</summary>
# DQN is off-policy: any log that covers the actions will do. PPO and GRPO want fresh samples of nearly the present policy; GRPO takes rewards relative to a group's mean in place of a critic. DPO needs pairs and a frozen reference: simple, offline; OneRec
# builds pairs with a reward model, best and worst of a beam. All learn that model's blind spots (reward hacking): mix in real feedback (OneRec-V2), stay near the reference, watch a metric that nobody optimises.</details>
# <details><summary>We have clicks and dwell, no likes. What is the reward?</summary>
# What you want in a month, as far as something today predicts it: long plays, a return tomorrow, minus skips and reports. A click alone pays for clickbait (section 3). Rewards that come late need a value function or a surrogate that was checked against the
# late outcome.</details>
# <details><summary>Your propensities come from a ranking of 10⁹ items. How do you log them?</summary>
# Log the policy's probability at serving, per slot, with the version. If serving is deterministic there is nothing to weigh: add a small randomised slice. For slates weigh the item level or use a top-K correction (YouTube, WSDM 2019); state the
# effective sample size with every estimate.</details>
# <details><summary>How do you make exploration safe?</summary>
# A floor: never below the present policy by more than a margin, tested on a lower bound. Explore in low slots, with users who can bear it, and stop by a budget. In a bandit the width is in your hand; in RL² exploration is inside the weights.</details>
# #### 中文
# <details><summary>强化学习什么时候胜过“监督打分 + 融合公式”？</summary>
# 当动作会改变用户以后的行为、而且测得到时：留存、疲劳、流失。这时要把动作做小。快手优化留存的工作（WWW Companion 2023）的动作是融合公式的权重，而不是物品。只看下一次点击，监督打分很难被超过。</details>
# <details><summary>DQN、PPO、GRPO、DPO：哪些是 on-policy？生成式推荐用哪个？</summary>
# DQN 是 off-policy：日志覆盖到的动作都能学。PPO 和 GRPO 要用（接近）当前策略的新样本；GRPO 用相对组内均值的奖励代替 critic。DPO 要成对偏好和一个冻结的参考：简单、离线；OneRec 用奖励模型从 beam 里取最好与最差来造对。
# 它们都会学到奖励模型的盲区（reward hacking）：混入真实反馈（OneRec-V2），别离参考太远，再盯一个谁也不优化的指标。</details>
# <details><summary>我们只有点击和时长，没有“喜欢”，奖励怎么定？</summary>
# 你一个月后想要的东西，用今天能预测它的信号来定：长播、次日回访，减去快滑和举报。只奖励点击，就是在奖励标题党（第 3 节）。迟到的奖励要靠价值函数，或一个与最终结果对过账的替代指标。</details>
# <details><summary>从 10⁹ 个物品里排序，展示概率怎么记？</summary>
# 线上按坑位记下策略给出的概率和版本号。如果线上是确定性的，就没有可加权的东西：留一小份随机流量。整页推荐按物品加权，或用 top-K 校正（YouTube，WSDM 2019）；每个估计都附上有效样本量。</details>
# <details><summary>怎样安全地探索？</summary>
# 设下限：不比现有策略低过某个幅度，用置信下界检验。在靠后的坑位、对承受得起的用户探索，按预算停止。Bandit 的置信宽度握在你手里；RL² 的探索藏在权重里。</details>

# %% [markdown] tags=["exercise"]
# ## Your turn
# Write three functions in [`exercises/q19_deep_reinforcement_learning.py`](../exercises/q19_deep_reinforcement_learning.py), about 25 minutes:
#
# - `dpo_loss`: preferences against a frozen reference.
# - `td_target`: what double DQN is trained towards.
# - `snips_estimate`: a new policy judged by an old log, and what the log is worth.
#
# Then run the cell below. Stuck? In the cell after it, take the `#` away and run: each run gives the next of three hints.

# %% [markdown] lang="zh"
# ## 动手
# 在 [`exercises/q19_deep_reinforcement_learning.py`](../exercises/q19_deep_reinforcement_learning.py) 里写三个函数，大约 25 分钟：
#
# - `dpo_loss`：相对冻结参考的偏好损失。
# - `td_target`：double DQN 的训练目标。
# - `snips_estimate`：用旧日志评新策略，以及这份日志值多少。
#
# 写完运行下面的单元格。卡住了？把再下面那个单元格里的 `#` 去掉再运行：每运行一次给出下一条提示，共三条。

# %% tags=["exercise"]
from metarec_lib import check, what_was_measured

check("q19")

# %% tags=["exercise"]
# from metarec_lib import hint; hint("q19", "dpo_loss")

# %% tags=["measured"]
what_was_measured()

# %% [markdown] tags=["references"]
# **Read first · 先读：** Duan, Schulman, Chen, Bartlett, Sutskever & Abbeel (2016), [*RL²: Fast Reinforcement Learning via Slow Reinforcement Learning*](https://arxiv.org/abs/1611.02779), arXiv.
#
# - Li, Chu, Langford & Schapire (2010), [*A Contextual-Bandit Approach to Personalized News Article Recommendation*](https://arxiv.org/abs/1003.0146), WWW: LinUCB.
# - Finn, Abbeel & Levine (2017), [*Model-Agnostic Meta-Learning for Fast Adaptation of Deep Networks*](https://arxiv.org/abs/1703.03400), ICML; Stadie et al. (2018), *The Importance of Sampling in Meta-Reinforcement Learning*, NeurIPS: E-MAML.
# - van Hasselt, Guez & Silver (2016), [*Deep Reinforcement Learning with Double Q-learning*](https://arxiv.org/abs/1509.06461), AAAI.
# - Chen et al. (2019), [*Top-K Off-Policy Correction for a REINFORCE Recommender System*](https://arxiv.org/abs/1812.02353), WSDM: YouTube.
# - Swaminathan & Joachims (2015), *The Self-Normalized Estimator for Counterfactual Learning*, NeurIPS; Dudík, Langford & Li (2011), [*Doubly Robust Policy Evaluation and Learning*](https://arxiv.org/abs/1103.4601), ICML.
# - Rafailov et al. (2023), [*Direct Preference Optimization: Your Language Model is Secretly a Reward Model*](https://arxiv.org/abs/2305.18290), NeurIPS.
# - Deng et al. (2025), [*OneRec: Unifying Retrieve and Rank with Generative Recommender and Iterative Preference Alignment*](https://arxiv.org/abs/2502.18965), arXiv; [*OneRec-V2 Technical Report*](https://arxiv.org/abs/2508.20900) (2025).
# - Cai et al. (2023), [*Reinforcing User Retention in a Billion Scale Short Video Recommender System*](https://arxiv.org/abs/2302.01724), WWW Companion: Kuaishou.
# - Rajapakse & Jannach (2025), *Reassessing the Effectiveness of Reinforcement Learning based Recommender Systems for Sequential Recommendation*, SIGIR.
