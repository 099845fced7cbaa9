# %% [markdown]
# # q22 · What is attention, and what does it do to a user's history?
#
# A weighted average. Then two questions: which weights, and must they sum to one?

# %% [markdown] lang="zh"
# # q22 · 元学习中的注意力机制：它对用户历史做了什么？
#
# 它就是加权平均。接着是两个问题：权重怎么来？权重之和非得是一吗？

# %% [markdown] tags=["question"]
# #### English
# Explain attention over a user's history for a candidate item: queries, keys, values, masks, the square root, the cost. DIN's paper leaves
# the softmax out. Why, and what is lost with a softmax? What has attention to do with meta-learning?
# #### 中文
# 对一个候选物品，如何在用户历史上做注意力？请讲清 Q、K、V、mask、为什么除以根号 d、复杂度是多少。DIN 论文去掉了 softmax，为什么？加上 softmax 会丢掉什么？
# 注意力和元学习有什么关系？
#
# level: senior · minutes: 3 · needs: q01, q06, q07 · topics: attention, DIN, kernel regression, in-context learning

# %% [markdown] tags=["answer-short"]
# #### English
# Attention is an average of values, weighted by how well each key matches the query. In a ranker the candidate is the query and the
# history gives keys and values. A softmax makes the weights sum to one: it says *which* films matter, not *how much is known*. With
# five ratings that is expensive: softmax attention is far behind a ridge, <!-- c1: higher -->
# and shrinking its weights wins most of that back. <!-- c2: higher -->
# At twenty, the shrunken softmax is still behind the ridge. <!-- c5: higher -->
# Cutting off negative weights: no difference seen. <!-- c3: none -->
# Attention over a support set is meta-learning: a gradient step on a linear head is linear attention.
# #### 中文
# 注意力是对 value 的加权平均，权重取决于 key 与 query 的匹配程度。精排里，候选物品是 query，用户历史提供 key 和 value。softmax 让权重之和为一，所以它只说*哪些*历史
# 相关，不说*信息有多少*。只有五条评分时，代价很大：softmax 注意力远不如岭回归，<!-- c1: higher -->
# 把权重整体收缩一下就能补回大半。<!-- c2: higher -->
# 到了二十条，收缩后的 softmax 仍落后于岭回归。<!-- c5: higher -->
# 截掉负权重，看不出差别。<!-- c3: none -->
# 在支持集上做注意力就是元学习：线性头走一步梯度，恰好等于一次线性注意力。

# %% [markdown] tags=["answer-full"]
# **Definition.** For queries $Q$, keys $K$ and values $V$:
#
# $$\mathrm{Attention}(Q, K, V) = \mathrm{softmax}\!\left(\frac{QK^\top}{\sqrt{d}}\right) V$$
#
# Independent entries of mean 0 and variance 1 give $q^\top k$ the variance $d$; dividing by $\sqrt d$ keeps the softmax away from one-hot, where its
# gradient vanishes. A mask sets the logits of padding, or of the future, to minus infinity. $h$ heads are $h$ such averages over $d/h$ dimensions each, at the same cost.
# Self-attention over $L$ events costs $L^2 d$; one candidate against $L$ events costs $L d$.
#
# **Target attention.** DIN (Zhou et al. 2018): the candidate asks, the clicked items answer; a small network on the pair gives the weight. One user gets a different
# vector for each candidate. The paper does not normalise the weights, so that five matching clicks weigh more than one: intensity. The authors' public code does use a
# softmax.
#
# **As kernel regression.** With ratings as values, softmax attention is Nadaraya–Watson: a weighted mean of what the user said of similar films. Ridge
# regression is a weighted sum too, $a = k(q, S)\,(k(S, S) + \sigma^2 I)^{-1}$. Its weights may be negative, and they need not sum to one: with few
# ratings they are small and the prior stands. On ML-100K, at five ratings softmax loses to ridge; <!-- c1: higher -->
# multiplied by $K/(K + c)$, its temperature tuned anew, it nearly catches up. <!-- c2: higher -->
# A small gap stays: at twenty, ridge still leads the shrunken softmax. <!-- c5: higher -->
# I suspect the inverse: it counts similar films once. Cutting off ridge's negative weights changes nothing one can see. <!-- c3: none, c4: none -->
#
# **As meta-learning.** One gradient step from zero on $\frac12 \sum_j (y_j - w^\top x_j)^2$ predicts $\eta \sum_j (x_q^\top x_j)\, y_j$: attention
# without softmax, whose keys are the inputs and whose values are the labels. So a Transformer that reads a support in context can run such
# steps (von Oswald et al. 2023), and matching networks are attention over labelled examples.
#
# **In practice.** On likes of ML-100K no pooling is seen to beat the plain mean. <!-- c6: none, c7: none -->
# There, target attention loses to a shrunken bias. <!-- c8: lower -->

# %% [markdown] tags=["zh"]
# **定义。** 给定 $Q$、$K$、$V$：
#
# $$\mathrm{Attention}(Q, K, V) = \mathrm{softmax}\!\left(\frac{QK^\top}{\sqrt{d}}\right) V$$
#
# 各分量独立、均值为 0、方差为 1 时，$q^\top k$ 的方差是 $d$；除以 $\sqrt d$，softmax 才不会一上来就接近 one-hot、梯度消失。mask 把填充位或未来位置的 logit 置为负无穷。
# $h$ 个头就是 $h$ 个这样的平均，每个只用 $d/h$ 维，总代价不变。对 $L$ 个行为做自注意力是 $L^2 d$；一个候选对 $L$ 个行为只要 $L d$。
#
# **目标注意力。** DIN（Zhou 等，2018）：候选来问，点过的物品来答，权重由一个看“候选-历史”对的小网络给出，同一个用户对不同候选得到不同的兴趣向量。论文不做归一化，好让五次相关点击比一次更重，
# 这就是“兴趣强度”。不过作者公开的代码里用了 softmax。
#
# **它是核回归。** 把评分当作 value，softmax 注意力就是 Nadaraya–Watson：对相似影片的评分做加权平均。岭回归也是加权和，$a = k(q, S)\,(k(S, S) + \sigma^2 I)^{-1}$，
# 但权重可以为负，和也不必是一：评分少时权重整体偏小，先验自然占主导。在 ML-100K 上，只有五条评分时，softmax 输给岭回归；<!-- c1: higher -->
# 乘上 $K/(K + c)$（温度重新调过）就基本追上。<!-- c2: higher -->
# 小差距一直都在：到了二十条，收缩后的 softmax 仍落后于岭回归。<!-- c5: higher -->
# 我猜是求逆的功劳：相似的影片只算一次。而把岭回归的负权重截掉，看不出任何变化。<!-- c3: none, c4: none -->
#
# **它是元学习。** 对 $\frac12 \sum_j (y_j - w^\top x_j)^2$ 从零走一步梯度，预测值是 $\eta \sum_j (x_q^\top x_j)\, y_j$：不带 softmax 的注意力，key 是输入，value 是标签。
# 所以在上下文里读支持集的 Transformer 可以实现这样的梯度步（von Oswald 等，2023）；匹配网络就是在带标签样本上做注意力。
#
# **实践。** 在 ML-100K 的喜欢／不喜欢上，看不出哪种池化胜过简单的均值。<!-- c6: none, c7: none -->
# 而且目标注意力输给收缩偏置。<!-- c8: lower -->

# %% [markdown]
# ## 1. One candidate, ten ratings
# Probabilistic PCA gives every film a vector $x$ and a similarity, $k(i, j) = x_i^\top \mathrm{diag}(s^2)\, x_j$: how much an opinion of $j$ says about $i$. A
# rating's *residual* is what it says beyond the prior. The score of a candidate is the prior plus a weighted sum of residuals. Below are a user with
# ten ratings and the candidate on which the softmax is most peaked. There are two kinds of weights: softmax of the similarities, and the ridge's.

# %% [markdown] lang="zh"
# ## 1. 一个候选，十条评分
# 概率 PCA 给每部影片一个向量 $x$，并由此得到相似度 $k(i, j) = x_i^\top \mathrm{diag}(s^2)\, x_j$：对 $j$ 的看法能在多大程度上代表对 $i$ 的看法。一条评分的*残差*，
# 是它在先验之外说出的东西。候选的得分等于先验加上残差的加权和。下面是一个有十条评分的用户和一个候选（softmax 最尖锐的那个），权重有两种：相似度的 softmax，以及岭回归的权重。

# %%
import numpy as np
import torch
from metarec_lib import SupportAttention, attention, claim, load_movielens, load_study
from metarec_lib import make_tasks, mine, plots, seed, split_users
from metarec_lib.workbook.core import glossary, pick

SEED = seed()


def text(name):
    return pick(TEXTS[name])  # in the reader's language


def labels(title, x, y):
    return {"title": text(title), "xlabel": text(x), "ylabel": text(y)}


# %% tags=["figure"]
TEXTS = {
    "softmax": ("softmax", "softmax"),
    "ridge": ("ridge", "岭回归"),
    "rating": ("rating beyond the prior (stars)", "评分减先验（星）"),
    "sum": ("sum of the weights", "权重之和"),
    "candidate": ("candidate", "候选"),
    "yours": ("yours", "你的"),
    "autograd": ("by autograd", "自动求导"),
    "temperature": ("Weights of ten ratings, temperature", "十条评分的权重，温度"),
    "weight": ("weight", "权重"),
    "alt weights": (
        "Bars of the weight that each of ten rated films gets for one candidate. At low temperature one film has nearly all of it.",
        "对一个候选，十部评过的影片各得多少权重的条形图。温度低时，一部影片几乎独占全部权重。",
    ),
    "errors": ("Which weights? New users of ML-100K", "哪种权重？ML-100K 的新用户"),
    "K": ("K, ratings of the new user", "K：新用户的评分数"),
    "mse": ("squared error (stars²)", "平方误差（星²）"),
    "alt errors": (
        "Squared error against K for five kinds of weights. Those that sum to one start above the prior and fall; the others start below.",
        "五种权重的平方误差随 K 的变化：和为一的两种起初高于先验，随后下降；其余一开始就更低。",
    ),
    "told": ("Does the pooled vector tell how many match?", "池化向量里还有“个数”信息吗？"),
    "share": ("explained share of the variance, held out", "留出数据上解释的方差比例"),
    "mean": ("mean", "均值"),
    "no softmax": ("no softmax", "不加 softmax"),
    "layer norm": ("no softmax, then LayerNorm", "不加 softmax，再做 LayerNorm"),
    "alt told": (
        "Bars of the explained share for four poolings: nearly all without a softmax, about half with it, least after LayerNorm.",
        "四种池化的解释比例条形图：不加 softmax 时几乎全部，加了约一半，LayerNorm 之后最少。",
    ),
    "likes": ("Like or not: minus mean pooling", "喜欢与否：与均值池化之差"),
    "auc": ("difference in AUC", "AUC 之差"),
    "alt likes": (
        "Three intervals of the difference in AUC to mean pooling: two about zero, the shrunken bias above.",
        "与均值池化的 AUC 之差的三个区间：两个在零附近，收缩偏置在零以上。",
    ),
}

# %%
data = load_movielens("ml-100k")
learning, tuning, judging = split_users(data, seed=SEED)
train = data.subset(np.isin(data.ratings["user_id"], learning))
model = SupportAttention(seed=SEED).fit(train)
tasks = make_tasks(data, judging[4:5], k=10, pool=20, seed=SEED)
support, query = model.adapt(tasks.support), model.linear(tasks.query)


def weights_of(**how):
    """One weight a rating of this user, for every candidate."""
    return model.set_params(**how).attention_weights(support, query)[0]


# %%
peaked = (weights_of(weights="softmax", temperature=0.1) ** 2).sum(1)
candidate = int(peaked.argmax())
frame = data.items.iloc[tasks.support.items[0].tolist()].set_index("title")[[]]
frame.index = frame.index.str.slice(0, 32)
frame[text("rating")] = (support.residual[0] * model.spread_).cpu().numpy()
for kind in ("softmax", "ridge"):
    frame[text(kind)] = weights_of(weights=kind)[candidate].cpu().numpy()
titles, of_all = list(frame.index), frame.sum()
frame.loc[text("sum")] = of_all.where(of_all.index != text("rating"))
film = data.items["title"].iloc[int(tasks.query.items[0, candidate])]
print(f"{text('candidate')}: {film}")
plots.table(frame, digits=2)

# %% [markdown]
# The softmax hands out a whole unit, however little the ten films say about the candidate. The ridge hands out what it is sure of, and some of its weights are
# negative.

# %% [markdown] lang="zh"
# softmax 总要把一份权重分光，不管这十部影片对候选说明了多少。岭回归只给出它有把握的那部分，有些权重是负的。

# %% tags=["play", "nbval-ignore-output"]
def at_temperature(temperature=0.1):
    shares = weights_of(weights="softmax", temperature=temperature)[candidate]
    title = f"{text('temperature')} {temperature:.2f}"
    drawn = dict(zip(titles, shares.tolist(), strict=True))
    return plots.bars(drawn, title=title, xlabel=text("weight"))


bounds = (0.02, 1.0, 0.02)
plots.play(at_temperature, temperature=bounds, alt=text("alt weights"))

# %% [markdown]
# **The ridge as attention, by hand.** Solve for the user's vector as usual, or compute one weight a rating: the score is the same.

# %% [markdown] lang="zh"
# **手写：岭回归就是一种注意力。** 既可以照常解出用户向量，也可以给每条评分算一个权重，得分相同。

# %% tags=["from-scratch"]
x, z = support.items.x[0], query.x[0, candidate]
y, noise, variance = support.residual[0], support.items.variance[0], model.scale_**2
precision = torch.diag(1 / variance) + x.T @ (x / noise[:, None])
vector = torch.linalg.solve(precision, x.T @ (y / noise))  # the user, D numbers
kernel = (x * variance) @ x.T + torch.diag(noise)
weights = torch.linalg.solve(kernel, x @ (variance * z))  # the ratings, K weights
pairs = (z @ vector, weights @ y), (weights, weights_of(weights="ridge")[candidate])
print("agrees:", all(torch.allclose(a, b, atol=1e-8) for a, b in pairs))

# %% [markdown] tags=["expect"]
# **What do you expect?** With three ratings, which is worse: weights that must sum to one, or weights that may not be negative? Can attention be
# worse than ignoring the ratings?

# %% [markdown] lang="zh"
# **你猜结果如何？** 只有三条评分时，哪个限制更伤：权重之和必须为一，还是权重不许为负？做注意力会不会还不如干脆不看这些评分？

# %% [markdown]
# ## 2. Must weights sum to one?
# The study takes five splits of the users. Film vectors and prior are the same for all; only the weights differ. Temperature and $c$ are chosen for each kind and
# each K on tuning users, who never judge.

# %% [markdown] lang="zh"
# ## 2. 权重之和非得是一吗？
# 研究对用户做了五次划分。影片向量和先验完全相同，只有权重不同。温度和 $c$ 按每种权重、每个 K 在调参用户上选，这些人从不参与评估。

# %%
study, supports = load_study("q22"), (3, 5, 10, 20)
kinds = ("prior alone", "uniform weights", "shrunken uniform weights",
         "softmax attention", "shrunken softmax attention",
         "ridge without negative weights", "ridge")
errors = study.table(kinds, metric="mse", by="k")
plots.table(errors.rename(index=glossary.say))

# %% tags=["figure"]
drawn, curves = (kinds[1], kinds[0], kinds[3], kinds[4], "ridge"), {}
for name in drawn:
    curves[glossary.say(name)] = [study.mean(name, "mse", k=k) for k in supports]
fig = plots.lines(supports, curves, **labels("errors", "K", "mse"), xticks=supports)
plots.show(fig, alt=text("alt errors"))

# %% tags=["claim"]
found = study.compare("softmax attention", "ridge", "mse", k=5)
claim("squared error", "softmax attention", "ridge", found, headline=True)

# %% tags=["claim"]
found = study.compare("softmax attention", "shrunken softmax attention", "mse", k=5)
claim("squared error", "softmax attention", "shrunken softmax attention", found)

# %% tags=["claim"]
found = study.compare("ridge without negative weights", "ridge", "mse", k=5)
claim("squared error", "ridge without negative weights", "ridge", found)

# %% tags=["claim"]
found = study.compare("ridge without negative weights", "ridge", "mse", k=20)
claim("squared error", "ridge without negative weights", "ridge", found)

# %% tags=["claim"]
found = study.compare("shrunken softmax attention", "ridge", "mse", k=20)
claim("squared error", "shrunken softmax attention", "ridge", found)

# %% [markdown]
# With three ratings, weights that sum to one are worse than the prior alone: see the first column of the table. With five, softmax attention loses to the
# ridge, <!-- c1: higher -->
# and multiplying its weights by $K/(K + c)$ repairs most of the damage. <!-- c2: higher -->
# The temperature was tuned anew there; the two uniform rows differ by the factor alone.
#
# Cutting off negative weights costs nothing one can see, at five ratings or at twenty. <!-- c3: none, c4: none -->
# So with few ratings the sum is what hurts, not the sign. The factor is that of a user bias (q01). A learned *sink*, one more key whose
# value is zero, does much the same to an attention layer (q23).
#
# With twenty ratings the sum is the smaller part of the gap, and shrinking leaves the rest. <!-- c5: higher -->
# What it leaves at five is as large: see the table. A guess at the cause: $(k(S, S) + \sigma^2 I)^{-1}$ lets similar films share their weight; a softmax looks at each film by itself. Not measured here.
#
# ## 3. What the sum throws away
# Now without ratings. A target and a history of 10 to 40 items, of which 0 to 8 match the target: how many? Pool the history in four ways, and let a linear
# probe read the number off the pooled vector. The items are synthetic, so the truth is known.

# %% [markdown] lang="zh"
# 只有三条评分时，权重之和为一还不如只用先验：看表的第一列。五条评分时，softmax 注意力输给岭回归；<!-- c1: higher -->
# 权重乘上 $K/(K + c)$，补回了大部分损失。<!-- c2: higher -->
# 那里的温度也重新调过；表中均匀权重的两行，才只差这一个系数。
#
# 截掉负权重，五条评分也好，二十条也好，都看不出代价。<!-- c3: none, c4: none -->
# 所以评分少的时候，伤人的是“和为一”，不是符号。这个系数就是用户偏置里的收缩（q01）；注意力层里学出来的 *sink*，即多加一个 value 为零的 key，作用也差不多（q23）。
#
# 到了二十条评分，“和为一”只占差距的一小部分，收缩补不上其余的。<!-- c5: higher -->
# 五条时剩下的差距也这么大，见表。原因只是猜测：$(k(S, S) + \sigma^2 I)^{-1}$ 让相似的影片分摊权重，而 softmax 对每部影片各看各的。这里没有测。
#
# ## 3. “和为一”丢掉了什么
# 这次不用评分。一个目标和一段 10 到 40 个物品的历史，其中有 0 到 8 个与目标匹配：到底几个？用四种方式池化，再用线性探针从池化向量里读出这个数。物品是合成的，所以真值已知。

# %%
rng, n, d, longest = np.random.default_rng([SEED, 22]), 4_000, 16, 40
target, place = torch.as_tensor(rng.normal(size=(n, 1, d))), torch.arange(longest)
target = d**0.5 * torch.nn.functional.normalize(target, dim=2)
count, length = (rng.integers(*ends, (n, 1)) for ends in ((0, 9), (10, 41)))
count, mask = torch.as_tensor(count), place < torch.as_tensor(length)
noise = torch.as_tensor(rng.normal(size=(n, longest, d)))
items = torch.where((place < count)[..., None], target + 0.3 * noise, noise)

# %%
matches = torch.relu((items @ target.mT).squeeze(2) / d**0.5) * mask
plain = (matches.unsqueeze(1) @ items / longest).squeeze(1)
pooled = {"mean": (items * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)}
pooled["softmax"] = attention(target, items, items, mask).squeeze(1)
pooled["no softmax"] = plain
pooled["layer norm"] = torch.nn.functional.layer_norm(plain, (d,))


# %%
def explained(vectors):
    inputs = torch.cat([vectors * target[:, 0], vectors, torch.ones(n, 1)], 1)
    half, y = n // 2, count.double()
    fitted = torch.linalg.lstsq(inputs[:half], y[:half]).solution
    left = y[half:] - inputs[half:] @ fitted
    return 1 - float(left.var() / y[half:].var())


told = {text(name): explained(vectors) for name, vectors in pooled.items()}
fig = plots.bars(told, title=text("told"), xlabel=text("share"))
plots.show(fig, alt=text("alt told"))

# %% [markdown]
# Without a softmax the probe reads the count. With it about half is left, hardly more than after a plain mean. A LayerNorm after the pooling takes away more than the
# softmax did. That is the second trap: HSTU replaces softmax by SiLU for the same reason as DIN, yet its public code normalises the pooled vector, and the overall scale goes.
#
# **One gradient step is attention.** Your `inner_step_as_attention` on this user's residuals, and the step by autograd:

# %% [markdown] lang="zh"
# 不加 softmax，个数一读便知；加了只剩一半左右，与简单均值差不多；池化之后再做 LayerNorm，丢掉的比 softmax 还多。这是第二个坑：HSTU 用 SiLU 代替 softmax，理由与 DIN 相同，
# 可它公开的代码对池化向量做了归一化，整体尺度又没了。
#
# **一步梯度就是注意力。** 用你写的 `inner_step_as_attention` 处理这个用户的残差，再与自动求导走的一步对照：

# %% tags=["exercise"]
with mine("q22") as my:
    start = torch.zeros_like(x[0], requires_grad=True)
    (0.5 * ((y - x @ start) ** 2).sum()).backward()
    step = z[None] @ (-0.1 * start.grad)
    yours = my.inner_step_as_attention(z[None], x, y, 0.1)
    print(f"{text('yours')}: {float(yours[0]):.4f}")
    print(f"{text('autograd')}: {float(step[0]):.4f}")

# %% [markdown]
# ## 4. On likes: no difference seen
# DIN predicts whether a user likes a film from at most 50 films that the user rated, and whether each was liked. A fifth of each user's ratings is held out at random,
# so the history may hold later ratings than the one to predict: a production log is split by time. AUC is by user; all users judge, at fixed settings. Only the pooling differs. The shrunken bias stands beside it; it reads all of the user's training ratings, DIN the latest 50.

# %% [markdown] lang="zh"
# ## 4. 预测喜欢与否：看不出差别
# DIN 根据用户评过的至多 50 部影片（以及喜欢与否），预测用户是否喜欢某部影片。每个用户随机留出五分之一的评分，
# 所以历史里可能有比待预测的更晚的评分；线上日志要按时间切分。AUC 按用户计算；所有用户都参与评估，超参数固定。只换池化方式。旁边放上收缩偏置：
# 它读用户的全部训练评分，DIN 只读最近 50 条。

# %% tags=["figure"]
others = ("target attention", "softmax target attention", "bias")
against = {name: study.compare(name, "mean pooling", "auc") for name in others}
shown = {glossary.say(name): difference for name, difference in against.items()}
fig = plots.intervals(shown, title=text("likes"), xlabel=text("auc"))
plots.show(fig, alt=text("alt likes"))

# %% tags=["claim"]
claim("AUC", "target attention", "mean pooling", against["target attention"])

# %% tags=["claim"]
softmax = against["softmax target attention"]
claim("AUC", "softmax target attention", "mean pooling", softmax)

# %% tags=["claim"]
bias = study.compare("target attention", "bias", "auc")
claim("AUC", "target attention", "shrunken bias", bias)

# %% [markdown]
# Target attention cannot be told from the plain mean here, with a softmax or without. <!-- c6: none, c7: none -->
# And target attention loses to the shrunken bias. <!-- c8: lower -->
# That such networks need a larger log is a guess from the industry's reports; here it was not measured. What paid in section 2 was a similarity
# learned from all users, and weights that know how much they know.

# %% [markdown] lang="zh"
# 目标注意力与简单均值看不出差别，加不加 softmax 都一样。<!-- c6: none, c7: none -->
# 而且目标注意力输给收缩偏置。<!-- c8: lower -->
# “这类网络要更大的日志才喂得饱”是根据业界报告的猜测，这里没有测。第 2 节里真正有用的是：从全体用户学到的相似度，加上知道自己有多少把握的权重。

# %% [markdown] tags=["rubric"]
# #### English
# - [2] defines scaled dot-product attention with shapes, mask and cost, and says why the square root
# - [2] target attention: the candidate is the query, so a user has another vector for each candidate; cost L d against L² d
# - [2] says what a softmax throws away, intensity or the amount of evidence, and names a way to give it back
# - [2] sees attention over rated items as kernel regression, and compares it with a ridge
# - [1] links attention to a gradient step, or to matching and in-context learning
# - [1] asks for a simple rival: mean pooling, a shrunken bias, an interval
# #### 中文
# - [2] 给出缩放点积注意力的定义、形状、mask 和复杂度，并说明为什么除以根号 d
# - [2] 目标注意力：候选是 query，同一用户对不同候选有不同向量；复杂度 L d，对比 L² d
# - [2] 说清 softmax 丢掉了什么（强度，或证据的多少），并给出一种补回来的办法
# - [2] 认识到在评过的物品上做注意力就是核回归，并与岭回归比较
# - [1] 把注意力与一步梯度、匹配网络或上下文学习联系起来
# - [1] 要求有简单的对手：均值池化、收缩偏置，并给出区间

# %% [markdown] tags=["pitfalls"]
# #### English
# - **"DIN has no softmax."** → The paper has none; the authors' public code does. Say which one you mean.
# - **"HSTU keeps the count."** → Its SiLU would; a LayerNorm over the pooled vector takes the overall scale away (section 3).
# - **"Attention weights tell which film mattered."** → They are weights of a sum of learned values. Test by deletion before you call it an explanation (q16).
# - **"Dividing by √d is a detail."** → Without it the spread of the logits grows like √d, the softmax turns one-hot, and its gradient dies.
# - **"More flexible weights are better."** → At five ratings, in the table of section 2, one number, K/(K + c), takes more off the uniform weights' error than a tuned softmax does.
# #### 中文
# - **“DIN 没有 softmax。”** → 论文里没有，作者公开的代码里有。要说清你指的是哪个。
# - **“HSTU 保留了个数信息。”** → SiLU 本可以保留；但对池化向量做 LayerNorm，整体尺度就没了（第 3 节）。
# - **“注意力权重说明了哪部影片重要。”** → 它只是学到的 value 的加权系数。先做删除测试，再谈解释（q16）。
# - **“除以 √d 只是细节。”** → 不除的话，logit 的标准差按 √d 增长，softmax 变成 one-hot，梯度就没了。
# - **“权重越灵活越好。”** → 看第 2 节的表：五条评分时，从均匀权重出发，乘上 K/(K + c) 这一个数，比换成调好温度的 softmax 降得更多。

# %% [markdown] tags=["follow-ups"]
# #### English
# <details><summary>Target attention over 10⁴ behaviours: shapes, cost, and what do you do at 10⁵?</summary>
# Query (C, d) for C candidates, keys and values (L, d): C·L·d multiplications for the logits, as many for the sum, no L² term. With 500 candidates, L = 10⁴ and d = 64
# that is 6·10⁸; DIN's network on each pair costs more. Reading the history often dominates. At 10⁵ search first: SIM takes the behaviours of the candidate's category, then attends to a few hundred; TWIN
# makes both stages use the same score (q02).</details>
# <details><summary>We have clicks, not stars. What are keys and values then?</summary>
# Keys are the clicked items, values their vectors with position, dwell time and action type. The label is no longer in the value, so the sum tells interest, not liking. The
# number of matching clicks is evidence: keep it, by unnormalised weights or as a feature of its own. Impressions without a click enter as a second sequence.</details>
# <details><summary>Self-attention or cross-attention over the history?</summary>
# Cross-attention, candidate to history, is linear in L and is computed once per candidate. Self-attention lets events explain each other, costs L², and can be
# cached, since it does not depend on the candidate. Industry has both camps; measure with the same budget. Interactive attention (IAN, 2017) is an early form: each side is queried by the
# mean of the other.</details>
# <details><summary>Is attention over ratings more than kernel regression?</summary>
# With learned keys it is kernel regression with a learned kernel: matching networks. What a deep stack adds is that keys are computed from the whole support,
# so one rating can change how another is read. On these data the exact ridge with learned vectors is hard to beat (q07).</details>
# <details><summary>10⁹ users: do you store attention weights?</summary>
# No. Store the events, with item vectors in a cache; compute weights at request time. A ridge state is a vector of D numbers per user and
# needs no history at request time: that is its advantage where latency is tight.</details>
# #### 中文
# <details><summary>在 10⁴ 条行为上做目标注意力：形状、复杂度？到 10⁵ 怎么办？</summary>
# C 个候选的 query 是 (C, d)，key 和 value 是 (L, d)：logit 要 C·L·d 次乘法，加权和再要这么多，没有 L² 项。C = 500、L = 10⁴、d = 64 时是 6·10⁸；DIN 对每一对跑小网络，还要更贵。
# 瓶颈往往在读历史。到 10⁵ 就先检索：
# SIM 先取候选所在类目的行为，再对几百条做注意力；TWIN 让两个阶段用同一套打分（q02）。</details>
# <details><summary>我们只有点击，没有星级，key 和 value 各是什么？</summary>
# key 是点过的物品，value 是它们的向量加上位置、时长、行为类型。标签不在 value 里了，所以加权和表示“感兴趣”，不表示“喜欢”。相关点击的次数本身就是证据：
# 用不归一化的权重，或者单独做成特征，把它留下来。曝光未点击作为另一条序列输入。</details>
# <details><summary>历史上用自注意力还是交叉注意力？</summary>
# 候选对历史的交叉注意力对 L 是线性的，每个候选算一次。自注意力让行为之间互相解释，代价是 L²，但与候选无关，可以缓存。业界两派都有，要在相同算力下比较。
# 交互注意力（IAN，2017）是早期形式：双方各用对方的均值当 query。</details>
# <details><summary>在评分上做注意力，比核回归多了什么？</summary>
# key 可学习时，就是核函数可学习的核回归，即匹配网络。叠很多层多出来的是：key 由整个支持集算出，一条评分会改变另一条的读法。在这份数据上，用学到的向量做精确的岭回归
# 就很难被超过（q07）。</details>
# <details><summary>10⁹ 用户，要存注意力权重吗？</summary>
# 不存。存行为，物品向量放缓存，权重在请求时算。岭回归的用户状态是 D 个数，请求时不用读历史；延迟紧的时候，这是它的优势。</details>

# %% [markdown] tags=["exercise"]
# ## Your turn
# Write three functions in [`exercises/q22_attention_mechanism.py`](../exercises/q22_attention_mechanism.py), about 20 minutes:
#
# - `scaled_dot_product_attention`: with a mask, and a row that may look at nothing.
# - `din_pooling`: a weighted sum that is not normalised, with a dot product in place of DIN's small network.
# - `inner_step_as_attention`: one gradient step, written as attention.
#
# Then run the cell below. Stuck? In the cell after it, take the `#` away and run: each run gives the next of three hints.

# %% [markdown] lang="zh"
# ## 动手
# 在 [`exercises/q22_attention_mechanism.py`](../exercises/q22_attention_mechanism.py) 里写三个函数，大约 20 分钟：
#
# - `scaled_dot_product_attention`：带 mask，还要处理什么都不能看的行。
# - `din_pooling`：不做归一化的加权和，用内积代替 DIN 的小网络。
# - `inner_step_as_attention`：把一步梯度写成注意力。
#
# 写完运行下面的单元格。卡住了？把再下面那个单元格里的 `#` 去掉再运行：每运行一次给出下一条提示，共三条。

# %% tags=["exercise"]
from metarec_lib import check, what_was_measured

check("q22")

# %% tags=["exercise"]
# from metarec_lib import hint; hint("q22", "scaled_dot_product_attention")

# %% tags=["measured"]
what_was_measured()

# %% [markdown] tags=["references"]
# **Read first · 先读：** Zhou et al. (2018), [*Deep Interest Network for Click-Through Rate Prediction*](https://arxiv.org/abs/1706.06978), KDD.
#
# - Ma, Li, Zhang & Wang (2017), [*Interactive Attention Networks for Aspect-Level Sentiment Classification*](https://arxiv.org/abs/1709.00893), IJCAI: IAN.
# - Vaswani et al. (2017), [*Attention Is All You Need*](https://arxiv.org/abs/1706.03762), NeurIPS.
# - Vinyals, Blundell, Lillicrap, Kavukcuoglu & Wierstra (2016), [*Matching Networks for One Shot Learning*](https://arxiv.org/abs/1606.04080), NeurIPS.
# - von Oswald et al. (2023), [*Transformers Learn In-Context by Gradient Descent*](https://arxiv.org/abs/2212.07677), ICML.
# - Zhai et al. (2024), [*Actions Speak Louder than Words: Trillion-Parameter Sequential Transducers for Generative Recommendations*](https://arxiv.org/abs/2402.17152), ICML: HSTU.
# - Nadaraya (1964), *On Estimating Regression*, Theory of Probability and Its Applications; Watson (1964), *Smooth Regression Analysis*, Sankhyā: kernel regression.
