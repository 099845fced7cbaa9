# %% [markdown]
# # q23 · Adaptive attention: what should adapt, and is it personal?
#
# One scalar first, then gates and contexts. At the end, two contrasts that a claim of personalisation must survive.

# %% [markdown] lang="zh"
# # q23 · 如何在元学习中设计自适应注意力机制？
#
# 先加一个标量，再谈门控和上下文。最后是两组对照：声称“个性化”的机制都该过这一关。

# %% [markdown] tags=["question"]
# #### English
# A softmax must sum to one. How does a user with no relevant history say "nothing here"? Design attention over a user's few ratings that
# adapts: temperature, sink, gate, conditioned queries. What is learned for all users, what per user, and how do you prove that it personalises?
# #### 中文
# softmax 的权重之和必须为一。历史里没有相关内容的用户，怎么表达“这里什么都没有”？请为只有几条评分的用户设计自适应的注意力：温度、sink、门控、条件化的 query。
# 哪些参数全体共享，哪些随用户变化？怎么证明它真的做到了个性化？
#
# level: senior · minutes: 3 · needs: q01, q22 · topics: attention sink, gating, conditioning, controlled comparisons

# %% [markdown] tags=["answer-short"]
# #### English
# First give the attention a way to say nothing: a sink, one more key whose value is zero, with one learned weight a head. At twenty ratings it brings
# most of the whole gain. <!-- c2: lower -->
# A learned temperature alone brings nothing that one can see. <!-- c1: none -->
# Between the sink and a gate after attention no difference is seen. <!-- c3: none -->
# Then let the user's context set temperature and sink: a small gain on top. <!-- c4: lower -->
# Give every user somebody else's context: no loss seen at twenty. <!-- c5: none -->
# Hide the number of ratings there, and the error rises: mostly the count adapts. <!-- c6: higher -->
# An exact ridge has that built in.
# #### 中文
# 先让注意力能说“没有”：加一个 sink，即多一个 value 为零的 key，每个头只学一个权重。有二十条评分时，全部收益的大半来自它。<!-- c2: lower -->
# 只学温度，看不出用处。<!-- c1: none -->
# 改在注意力之后加门控，看不出与 sink 有差别。<!-- c3: none -->
# 再让用户的上下文来决定温度和 sink，还能多一点收益。<!-- c4: lower -->
# 可是把上下文换成别人的，二十条时看不出损失；<!-- c5: none -->
# 再把评分条数藏起来，误差就上升：起作用的主要是条数。<!-- c6: higher -->
# 精确的岭回归天生就带着这一点。

# %% [markdown] tags=["answer-full"]
# **The problem.** A softmax over the history hands out one unit, whatever the history says. With few ratings that is too much (q22).
#
# **A sink.** Add a key whose value is zero and whose logit $\log c$ is learned:
#
# $$w_j = \frac{e^{\beta\, s_j}}{c + \sum_k e^{\beta\, s_k}}, \qquad \sum_j w_j < 1$$
#
# With equal similarities the weights sum to $K/(K + c')$: the shrinkage of a user bias. Language models grow such a sink on their own, on the first token
# (StreamingLLM); it is a learned no-op, not a bug. ZAM attends to a zero vector to decide how much to personalise.
#
# **A gate.** $\sigma(v^\top z_u)$ multiplies what attention read. It gives the no-op another place (Qiu et al. 2025), and may depend on the user's context $z_u$.
#
# **Conditioning.** $\log \beta_u$ and $\log c_u$ become linear functions of $z_u$: number, mean and spread of the ratings, profile. FiLM, APG and PEPNet go
# further and condition queries or whole layers.
#
# **What is learned where.** Keys, $\beta$, $c$ and the map from context to $(\beta_u, c_u)$ are meta-learned from all users' tasks. Nothing is fitted per user
# by gradient: the context is computed from the support. Three ratings can hardly fit more than one number.
#
# **What it brings.** On ML-100K at twenty ratings the sink cuts the squared error; <!-- c2: lower -->
# at three the table shows nothing of it. Gate and sink cannot be told apart. <!-- c3: none -->
# Context adds a little. <!-- c4: lower -->
#
# **Is it personal?** Two contrasts. Take the person away: contexts exchanged between users with as many ratings, no loss seen at twenty or at one. <!-- c5: none, c7: none -->
# Take the number of ratings away as well, one context for every K: at twenty the error rises. <!-- c6: higher -->
# So at twenty most of what looks like personalisation is the amount of evidence. A ridge head weighs evidence exactly; after correction no difference to it is seen; <!-- c8: none -->
# fresh splits put the ridge clearly ahead.

# %% [markdown] tags=["zh"]
# **问题。** softmax 总要在历史上分光一份权重，不管历史说明了多少。评分少时，这太多了（q22）。
#
# **sink。** 多加一个 value 为零的 key，学它的 logit $\log c$：
#
# $$w_j = \frac{e^{\beta\, s_j}}{c + \sum_k e^{\beta\, s_k}}, \qquad \sum_j w_j < 1$$
#
# 相似度都相同时，权重之和是 $K/(K + c')$：正是用户偏置里的收缩。大语言模型会自己长出 sink，落在第一个 token 上（StreamingLLM）；它是学出来的“空操作”，不是缺陷。
# ZAM 让注意力可以看一个零向量，以此决定个性化到什么程度。
#
# **门控。** 用 $\sigma(v^\top z_u)$ 乘注意力读出的结果。空操作换了个位置（Qiu 等，2025），而且可以取决于用户的上下文 $z_u$。
#
# **条件化。** 让 $\log \beta_u$ 和 $\log c_u$ 成为 $z_u$ 的线性函数，$z_u$ 包括评分的条数、均值、离散程度和用户画像。FiLM、APG、PEPNet 走得更远，条件化的是 query 甚至整层参数。
#
# **各在哪里学。** key、$\beta$、$c$，以及从上下文到 $(\beta_u, c_u)$ 的映射，都从全体用户的任务里元学习。没有任何参数在用户身上用梯度拟合：上下文由支持集直接算出。
# 三条评分，大概只够定一个数。
#
# **收益。** 在 ML-100K 上，有二十条评分时 sink 明显降低平方误差；<!-- c2: lower -->
# 三条时，表里看不到它的收益。门控与它看不出差别。<!-- c3: none -->
# 上下文再添一点。<!-- c4: lower -->
#
# **真是个性化吗？** 两组对照。把“人”拿走：在评分条数相同的用户之间互换上下文，二十条也好，一条也好，都看不出损失。<!-- c5: none, c7: none -->
# 再把条数也拿走，不分条数共用一个上下文：二十条评分时误差上升。<!-- c6: higher -->
# 所以在二十条评分时，看似“个性化”的东西大部分是证据的多少。岭回归精确地权衡证据；校正之后，与它相比看不出差别；<!-- c8: none -->
# 换一批划分重跑，岭回归明显领先。

# %% [markdown]
# ## 1. A way to say nothing
# A user with three ratings, a candidate, and a sink of weight $c$. Attention over cosine similarities of learned keys; the ratings share what the sink leaves.

# %% [markdown] lang="zh"
# ## 1. 让注意力能说“没有”
# 一个有三条评分的用户、一个候选，再加一个权重为 $c$ 的 sink。注意力按学到的 key 的余弦相似度分配，sink 拿走一部分，剩下的归三条评分。

# %%
import numpy as np
import pandas as pd
import torch
from metarec_lib import AdaptiveAttentionMetaLearningModel, claim, load_movielens
from metarec_lib import load_study, make_tasks, mine, plots, seed, split_users
from metarec_lib.workbook.core import glossary, pick

SEED = seed()


def text(name):
    return pick(TEXTS[name])  # in the reader's language


def labels(title, x, y):
    return {"title": text(title), "xlabel": text(x), "ylabel": text(y)}


# %% tags=["figure"]
TEXTS = {
    "sink": ("the sink", "sink"),
    "shares": ("Attention to three ratings and a sink", "三条评分与 sink 各得多少注意力"),
    "share": ("share of the attention", "注意力份额"),
    "alt shares": (
        "Bars of the attention of three rated films and of the sink. A heavier sink takes from all, a higher sharpness from the less similar.",
        "三部评过的影片与 sink 各得多少注意力的条形图。sink 越重，所有影片都变少；锐度越高，不太相似的影片变少。",
    ),
    "left": ("What goes to the sink", "流向 sink 的份额"),
    "K": ("K, ratings of the new user", "K：新用户的评分数"),
    "learned": ("learned sink", "学习 sink"),
    "context": ("from the context", "由上下文决定"),
    "conditioned": ("context-conditioned", "以上下文为条件"),
    "bias": ("c / (K + c), c = 5", "c / (K + c)，c = 5"),
    "alt left": (
        "Share of attention that goes to the sink against K: three falling curves; the two learned ones end below the user bias.",
        "流向 sink 的注意力份额随 K 的变化：三条下降的曲线，学到的两条最后低于用户偏置。",
    ),
    "errors": ("What should adapt? New users", "该让什么自适应？新用户"),
    "mse": ("squared error (stars²)", "平方误差（星²）"),
    "alt errors": (
        "Squared error against K. Attention without a sink flattens early; with sink, gate or context it keeps falling, near the ridge.",
        "平方误差随 K 的变化。没有 sink 的注意力很早就降不动了；有 sink、门控或上下文时持续下降，接近岭回归。",
    ),
    "yours": ("yours", "你的"),
    "library": ("the library's", "库里的"),
    "personal": ("Another context in place of one's own", "换掉自己的上下文"),
    "change": ("difference in squared error (stars²)", "平方误差之差（星²）"),
    "other": ("another user's", "别人的"),
    "mean": ("the mean", "平均的"),
    "every": ("the mean over K", "不分 K 平均的"),
    "alt personal": (
        "Six intervals. At one rating two lie a little above zero, a wide third covers it; "
        "at twenty two cover it, and the mean over K lies above.",
        "六个区间。只有一条评分时，两个略高于零，第三个很宽，含零；有二十条时两个含零，不分 K 平均的高于零。",
    ),
}

# %%
data = load_movielens("ml-100k")
learning, tuning, judging = split_users(data, seed=SEED)
train = data.subset(~np.isin(data.ratings["user_id"], judging))
model = AdaptiveAttentionMetaLearningModel(adaptive="context", epochs=8, seed=SEED)
model.fit(train)
tasks = make_tasks(data, judging, k=3, pool=20, seed=SEED).select(slice(2, 3))
state, candidates = model.adapt(tasks.support), model.inputs(tasks.query)[1]
p = {name: value.detach() for name, value in model.params_.items()}
similarity = (state.keys[0, 0] @ model.embed(candidates)[0, 0, 0]).detach()

# %% tags=["play", "nbval-ignore-output"]
rated = data.items["title"].iloc[tasks.support.items[0].tolist()]
names = rated.str.slice(0, 30)


def shared(sharpness=4.0, sink=5.0):
    raw = torch.exp(sharpness * similarity)
    parts = torch.cat([raw, raw.new_tensor([sink])]) / (sink + raw.sum())
    drawn = dict(zip([*names, text("sink")], parts.tolist(), strict=True))
    named = {"title": text("shares"), "highlight": [text("sink")]}
    return plots.bars(drawn, xlabel=text("share"), **named)


controls = {"sharpness": (0.5, 12.0, 0.5), "sink": (0.0, 50.0, 1.0)}
plots.play(shared, alt=text("alt shares"), **controls)

# %% [markdown]
# **The library's score, by hand.** Cosines, the user's own $\beta_u$ and $c_u$, a softmax with a sink, and a sum of residuals on top of the prior.

# %% [markdown] lang="zh"
# **手写库里的得分。** 余弦、该用户自己的 $\beta_u$ 和 $c_u$、带 sink 的 softmax，再把残差的加权和加到先验上。

# %% tags=["from-scratch"]
context, residual = state.context[0], state.residual[0]
nothing = model.adapt(tasks.first(0).support)
score = model.score(nothing, tasks.query)[0, 0].detach()  # the prior
for a in range(model.heads):
    key = torch.nn.functional.normalize(candidates[0, 0] @ p["phi"][a], dim=0)
    beta = torch.exp(p["log_beta"][a] + context @ p["reads"][:, 0, a])
    c = torch.exp(p["log_c"][a] + context @ p["reads"][:, 1, a])
    raw = torch.exp(beta * state.keys[0, a].detach() @ key)
    score = score + model.spread_ * p["o"][a] * (raw / (c + raw.sum())) @ residual
library = model.score(state, tasks.query)[0, 0]
print("agrees:", torch.allclose(score, library, atol=1e-8))

# %% [markdown] tags=["expect"]
# **What do you expect?** One learned number a head, the same for everybody: the sink's weight. What does it bring at one rating, at three, at twenty? And what share of the attention
# should the sink get as ratings come in?

# %% [markdown] lang="zh"
# **你猜结果如何？** 每个头只学一个数，所有人共用，即 sink 的权重：一条评分时能带来什么？三条、二十条时呢？随着评分增加，sink 应该分走多大份额？

# %% [markdown]
# ## 2. What should adapt?
# Five splits. The keys are learned in each model; all start from the same item vectors and prior. Judging users train nothing and stop nothing. All settings are the
# library's defaults; the fixed sharpness is 4, where the learned one starts. The "ridge" is probabilistic PCA.

# %% [markdown] lang="zh"
# ## 2. 该让什么自适应？
# 五次划分。每个模型各自学 key，物品向量和先验的起点相同。评估用户既不参与训练，也不参与早停。超参数都是库里的默认值；固定的锐度是 4，
# 学习的锐度也从这里起步。“岭回归”即概率 PCA。

# %%
study, supports = load_study("q23"), (1, 3, 5, 10, 20)
kinds = ("prior alone", "fixed attention", "learned temperature", "learned sink",
         "learned gate", "context-conditioned attention", "ridge")
plots.table(study.table(kinds, metric="mse", by="k").rename(index=glossary.say))

# %% tags=["figure"]
curves, short = {}, {kinds[5]: text("conditioned")}
for name in (kinds[1], kinds[3], kinds[5], "ridge"):
    label = short.get(name, glossary.say(name))
    curves[label] = [study.mean(name, "mse", k=k) for k in supports]
fig = plots.lines(supports, curves, **labels("errors", "K", "mse"), xticks=supports)
plots.show(fig, alt=text("alt errors"))

# %% tags=["figure"]
models, shares = ("learned sink", "context-conditioned attention"), {}
for label, name in zip(("learned", "context"), models, strict=True):
    shares[text(label)] = [study.mean(name, "sink", k=k) for k in supports]
shares[text("bias")] = [5 / (k + 5) for k in supports]
fig = plots.lines(supports, shares, **labels("left", "K", "share"), xticks=supports)
plots.show(fig, alt=text("alt left"))

# %% tags=["claim"]
found = study.compare("learned temperature", "fixed attention", "mse", k=20)
claim("squared error", "learned temperature", "fixed attention", found)

# %% tags=["claim"]
found = study.compare("learned sink", "learned temperature", "mse", k=20)
claim("squared error", "learned sink", "learned temperature", found, headline=True)

# %% tags=["claim"]
found = study.compare("learned gate", "learned sink", "mse", k=20)
claim("squared error", "learned gate", "learned sink", found)

# %% tags=["claim"]
found = study.compare("context-conditioned attention", "learned sink", "mse", k=20)
claim("squared error", "context-conditioned attention", "learned sink", found)

# %% [markdown]
# Without a sink more ratings soon help little: the weights sum to one, so the model can only shrink what it reads by one factor for every K. One number a head
# mends that at twenty. <!-- c2: lower -->
# In the table the sink's gain stands at one rating and from ten on; at three the rows are level. A guess: the one factor suits about three ratings.
#
# The gate, which reads the context, cannot be told from it. <!-- c3: none -->
# Letting the context set sharpness and sink adds a little. <!-- c4: lower -->
#
# In the second figure the sink's share falls with K. That much is built in: more keys, a larger sum against one $c$. What is learned is the level: the learned sink lies below
# a user bias with c = 5 at every K. The context bends the curve: more for the sink at few ratings, a little less at twenty.
#
# Your `softmax_with_sink`, with the sink of this user's first head:

# %% [markdown] lang="zh"
# 没有 sink，评分再多也很快帮不上多少忙：权重之和为一，模型只能用同一个系数去收缩，不管 K 是多少。二十条时，每个头多学一个数就补好了。<!-- c2: lower -->
# 从表里看，sink 的收益出现在一条评分，以及十条以上；三条时各行持平。猜测：那个统一的系数恰好适合三条左右。
#
# 读取上下文的门控与它看不出差别。<!-- c3: none -->
# 让上下文决定锐度和 sink，还能再添一点。<!-- c4: lower -->
#
# 第二张图里，sink 的份额随 K 下降。下降本身是结构决定的：key 越多，分母里的和越大，而 $c$ 只有一个。学到的是高低：学习 sink 在每个 K 都低于 c = 5 的用户偏置。上下文把曲线弯了一下：
# 评分少时 sink 分得更多，二十条时略少。
#
# 用你写的 `softmax_with_sink` 看看这个用户第一个头的权重：

# %% tags=["exercise"]
with mine("q23") as my:
    log_c = p["log_c"][0] + context @ p["reads"][:, 1, 0]
    beta = torch.exp(p["log_beta"][0] + context @ p["reads"][:, 0, 0])
    yours = my.softmax_with_sink(beta * similarity[None], float(log_c))
    library = model.attention_weights(state, candidates)[0, 0, :1].detach()
    both = {text("yours"): yours[0].tolist(), text("library"): library[0].tolist()}
    plots.table(pd.DataFrame(both, index=names))

# %% [markdown] tags=["expect"]
# **What do you expect?** The context model beats the sink. Now every user gets the context of another user with as many ratings; then, one context for everybody and every K. What remains of
# the gain?

# %% [markdown] lang="zh"
# **你猜结果如何？** 上下文模型胜过 sink。现在给每个用户换上另一个评分条数相同的用户的上下文；再让所有人不分条数共用一个。收益还剩多少？

# %% [markdown]
# ## 3. Is it personal?
# "Per-user attention" can win without being personal: the context also tells K, and the extra parameters help everybody. Two contrasts take the person away
# and leave K: contexts exchanged between users of the same K, and the mean of their contexts. A third takes K away too: the mean over users and over all five K.
# It tells the model of about five ratings, so it can hurt at one and at twenty, hardly in between.

# %% [markdown] lang="zh"
# ## 3. 真是个性化吗？
# “用户级注意力”不个性化也能赢：上下文里还有 K，多出来的参数对谁都有好处。两组对照把“人”拿走，留下 K：在 K 相同的用户之间互换上下文；或者用他们上下文的平均。第三组把 K 也拿走：
# 对所有用户、全部五个 K 取平均。它相当于告诉模型“大约五条评分”，所以只可能在一条和二十条时伤到模型，中间几乎不会。

# %% tags=["figure"]
own, rows = "context-conditioned attention", {}
exchanged = {"other": "contexts of other users", "mean": "one context for all"}
exchanged["every"] = "one context for every K"
for k in (1, 20):
    for label, name in exchanged.items():
        rows[f"{text(label)}, K = {k}"] = study.compare(name, own, "mse", k=k)
fig = plots.intervals(rows, title=text("personal"), xlabel=text("change"))
plots.show(fig, alt=text("alt personal"))

# %% tags=["claim"]
found = study.compare("contexts of other users", own, "mse", k=20)
claim("squared error", "contexts of other users", own, found)

# %% tags=["claim"]
found = study.compare("one context for every K", own, "mse", k=20)
claim("squared error", "one context for every K", own, found)

# %% tags=["claim"]
found = study.compare("contexts of other users", own, "mse", k=1)
claim("squared error", "contexts of other users", own, found)

# %% tags=["claim"]
claim("squared error", own, "ridge", study.compare(own, "ridge", "mse", k=20))

# %% [markdown]
# At twenty ratings the exchange costs nothing that one can see. <!-- c5: none -->
# Without K the error rises, by about two thirds of what the context had gained over the sink. <!-- c6: higher -->
# The last third was not seen to be the person. A guess: the model was also trained together with the context. At one rating the exchange's interval alone lies above zero; after
# correction for eight claims it is no difference seen. <!-- c7: none -->
# Three more are that close at twenty: the learned temperature, a little worse than the fixed one, the gate, a little better than the sink, and the ridge, a little better than
# the context. Each interval alone leaves out zero; none survives the correction. <!-- c1: none, c3: none, c8: none -->
# Five fresh splits of the same users put the ridge ahead by .008, clear after correction; all other claims held.
#
# An audit of per-user weights in multimodal recommenders (2026) reports that one global weight takes nearly all the gain.

# %% [markdown] lang="zh"
# 有二十条评分时，互换上下文看不出代价。<!-- c5: none -->
# 拿走 K，误差就上升，约等于上下文相对 sink 所得收益的三分之二。<!-- c6: higher -->
# 剩下的三分之一，看不出来自“人”。猜测：模型毕竟是带着上下文一起训练的。只有一条评分时，互换的区间单看在零以上；对八条结论做校正之后，看不出差别。<!-- c7: none -->
# 二十条时还有三条同样接近：学习温度比固定的略差，门控比 sink 略好，岭回归比上下文略好。单看区间都不含零，校正之后都不成立。<!-- c1: none, c3: none, c8: none -->
# 同一批用户换五种划分重跑，岭回归领先 .008，校正之后仍成立；其余结论都再次成立。
#
# 2026 年一项对多模态推荐中“用户级权重”的审计报告：一个全局权重就拿走了几乎全部收益。

# %% [markdown] tags=["rubric"]
# #### English
# - [2] sees why a softmax cannot say nothing, and names a way out: sink, zero vector, gate, unnormalised weights
# - [2] separates what is meta-learned for all from what is computed per user, and fits nothing flexible on few ratings
# - [2] writes one mechanism down: a softmax with a sink, a gate, or a conditioned query
# - [3] proves personalisation by contrasts: one global weight, contexts exchanged between users of equal K, K taken away
# - [1] names the exact rival, a ridge with a learned prior, and the cost per request
# #### 中文
# - [2] 明白 softmax 为什么说不了“没有”，并给出办法：sink、零向量、门控、不归一化
# - [2] 区分全体共享的元学习参数与按用户计算的量，不在几条评分上拟合灵活的东西
# - [2] 写得出一种机制：带 sink 的 softmax、门控，或条件化的 query
# - [3] 用对照证明个性化：一个全局权重；在 K 相同的用户之间互换上下文；再拿走 K
# - [1] 说出精确的对手（带学习先验的岭回归）以及每次请求的代价

# %% [markdown] tags=["pitfalls"]
# #### English
# - **"Per-user weights personalise."** → They may only know how many ratings there are. Exchange contexts between users before you say so (section 3).
# - **"An attention sink is a bug."** → It is the learned no-op. A gate gives the no-op another place.
# - **"A learned temperature adapts the attention."** → One number for the sharpness cannot change the sum. Here no gain was seen. <!-- c1: none -->
# - **"More context, better weights."** → It may tell only K. Start it at zero effect, compare with one scalar, and take its parts away one by one (section 3).
# #### 中文
# - **“用户级权重就是个性化。”** → 它可能只知道有几条评分。先在用户之间互换上下文，再下结论（第 3 节）。
# - **“attention sink 是缺陷。”** → 它是学出来的空操作。门控只是把空操作换了个位置。
# - **“学一个温度就是自适应。”** → 一个锐度改变不了权重之和，在这里看不出收益。<!-- c1: none -->
# - **“上下文越多，权重越准。”** → 它可能只透露了 K。让它从零作用开始，与一个标量比较，再把其中的成分逐个拿走（第 3 节）。

# %% [markdown] tags=["follow-ups"]
# #### English
# <details><summary>Gate, temperature or hypernetwork: what does each cost per request?</summary>
# A temperature or a sink: one number per head. A gate: a dot product with the context, once per user or per candidate. A hypernetwork that writes a D × D query
# map: D² numbers per user, computed or cached. APG keeps that small by low rank. Start with the scalar; pay for more only where a contrast shows that it is personal.</details>
# <details><summary>We have clicks, not stars. Does a sink still make sense?</summary>
# More so. Values are then item vectors, and "nothing in this history answers this candidate" is the common case. A softmax returns some average interest
# and the ranker cannot tell. Give it a sink, or drop the normalisation, and feed the sum of the weights as a feature.</details>
# <details><summary>Scenarios instead of users: feed, search, live. Same design?</summary>
# Yes, with a better signal. A scenario has millions of events, so its gate is well determined: PEPNet and M2M condition on it. The contrasts stay: one
# gate for all, and scenarios exchanged.</details>
# <details><summary>Gradients through a gate shared with id embeddings: what goes wrong?</summary>
# The embedding is then pulled by its own task and by the gate, which may want something else of it. PEPNet stops the gradient from the gate into the embeddings; or give the gate inputs of
# its own.</details>
# <details><summary>10⁹ users: where does the context live?</summary>
# It is a count, a mean and a spread, and a profile, kept in the feature store and updated per event. Nothing per user is trained, so a new model version needs
# no backfill of user weights. But mean and spread are of residuals: a new prior means computing them again, from the events.</details>
# #### 中文
# <details><summary>门控、温度、超网络，每次请求各要多少代价？</summary>
# 温度或 sink：每个头一个数。门控：与上下文做一次内积，每个用户或每个候选一次。超网络写出 D × D 的 query 变换：每个用户 D² 个数，要么现算要么缓存，APG 用低秩压小。
# 先用标量；只有对照证明它因人而异，才值得多花钱。</details>
# <details><summary>我们只有点击，没有星级，sink 还有意义吗？</summary>
# 更有意义。这时 value 是物品向量，“历史里没有任何东西与这个候选相关”是常态。softmax 仍会给出一个平均兴趣，精排分辨不出来。加 sink，或不做归一化，
# 再把权重之和作为一个特征喂进去。</details>
# <details><summary>把用户换成场景：信息流、搜索、直播，设计一样吗？</summary>
# 一样，而且信号更足。一个场景有上百万条行为，门控学得准：PEPNet 和 M2M 都以场景为条件。对照也一样：所有场景共用一个门；互换场景。</details>
# <details><summary>门控与 id embedding 共享输入，梯度会出什么问题？</summary>
# 同一个 embedding 既受自己任务的梯度，又受门控的梯度，两边的要求可能相反。PEPNet 截断门控到 embedding 的梯度；也可以给门控单独的输入。</details>
# <details><summary>10⁹ 用户，上下文放在哪里？</summary>
# 它只是条数、均值、离散程度，加上用户画像，放在特征平台里，每来一条行为更新一次。没有任何参数是按用户训练的，所以模型换版本时不用回刷用户参数。
# 但均值和离散程度是残差的：先验一变，就要用行为重新算一遍。</details>

# %% [markdown] tags=["exercise"]
# ## Your turn
# Write three functions in [`exercises/q23_adaptive_attention.py`](../exercises/q23_adaptive_attention.py), about 20 minutes:
#
# - `softmax_with_sink`: stable, with weights that sum to less than one.
# - `gated_attention`: a gate after attention.
# - `task_conditioned_query`: a query that depends on the user's context.
#
# Then run the cell below. Stuck? In the cell after it, take the `#` away and run: each run gives the next of three hints.

# %% [markdown] lang="zh"
# ## 动手
# 在 [`exercises/q23_adaptive_attention.py`](../exercises/q23_adaptive_attention.py) 里写三个函数，大约 20 分钟：
#
# - `softmax_with_sink`：数值稳定，权重之和小于一。
# - `gated_attention`：注意力之后的门控。
# - `task_conditioned_query`：随用户上下文变化的 query。
#
# 写完运行下面的单元格。卡住了？把再下面那个单元格里的 `#` 去掉再运行：每运行一次给出下一条提示，共三条。

# %% tags=["exercise"]
from metarec_lib import check, what_was_measured

check("q23")

# %% tags=["exercise"]
# from metarec_lib import hint; hint("q23", "softmax_with_sink")

# %% tags=["measured"]
what_was_measured()

# %% [markdown] tags=["references"]
# **Read first · 先读：** Xiao, Tian, Chen, Han & Lewis (2024), [*Efficient Streaming Language Models with Attention Sinks*](https://arxiv.org/abs/2309.17453), ICLR.
#
# - Ai, Hill, Vishwanathan & Croft (2019), [*A Zero Attention Model for Personalized Product Search*](https://arxiv.org/abs/1908.11322), CIKM: ZAM.
# - Qiu et al. (2025), [*Gated Attention for Large Language Models: Non-linearity, Sparsity, and Attention-Sink-Free*](https://arxiv.org/abs/2505.06708), NeurIPS.
# - Perez, Strub, de Vries, Dumoulin & Courville (2018), [*FiLM: Visual Reasoning with a General Conditioning Layer*](https://arxiv.org/abs/1709.07871), AAAI.
# - Chang et al. (2023), [*PEPNet: Parameter and Embedding Personalized Network for Infusing with Personalized Prior Information*](https://arxiv.org/abs/2302.01115), KDD.
# - Zhang et al. (2022), [*Leaving No One Behind: A Multi-Scenario Multi-Task Meta Learning Approach for Advertiser Modeling*](https://arxiv.org/abs/2201.06814), WSDM: M2M.
# - Yan et al. (2022), [*APG: Adaptive Parameter Generation Network for Click-Through Rate Prediction*](https://arxiv.org/abs/2203.16218), NeurIPS.
# - Vinyals, Blundell, Lillicrap, Kavukcuoglu & Wierstra (2016), [*Matching Networks for One Shot Learning*](https://arxiv.org/abs/1606.04080), NeurIPS.
# - [*Is Personalized Modality Weighting Actually Personalized? A Controlled Audit of Per-User Weighting Claims in Multimodal Recommenders*](https://arxiv.org/abs/2608.05655) (2026), arXiv.
