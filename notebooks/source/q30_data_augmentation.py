# %% [markdown]
# # q30 · Data augmentation: more real answers, or more made-up questions?
#
# An image may be turned without changing what it shows. What may be done to a history of clicks, and what is gained?

# %% [markdown] lang="zh"
# # q30 · 数据增强：更多真实的答案，还是更多编造的题目？
#
# 图片转个角度，内容不变。行为历史能做什么变换？又能换来什么？

# %% [markdown] tags=["question"]
# #### English
# Your sequence model has too little data. Which augmentations exist for histories and for ratings, which of them keep the label, and where does a reported gain really come from? One training target
# a user, or every prefix? What can go wrong?
# #### 中文
# 序列模型数据太少。行为历史和评分各有哪些增强方法？哪些不会改变标签？论文里报告的提升到底来自哪里？每个用户只取一个预测目标，还是每个前缀都取？会踩哪些坑？
#
# level: senior · minutes: 3 · needs: q02, q06 · topics: augmentation, sequences, leakage, ridge

# %% [markdown] tags=["answer-short"]
# #### English
# First I look for real targets that are thrown away. Training on every prefix of a history, not on its last five items alone, gains clearly here. <!-- c1: higher -->
# Crop, mask and reorder make views of the same answers: no gain is seen. <!-- c2: none, c3: none, c4: none -->
# Then I look for leaks: noise on features brings no clear gain, <!-- c6: none -->
# and closing the leak beats it, <!-- c7: lower -->
# though on fresh splits not clearly.
# Under squared loss, noise on the inputs of a linear model is a ridge, so I tune the ridge. And I augment after the split, training data only.
# #### 中文
# 先找被白白丢掉的真实目标：用历史的每个前缀训练，而不是只用最后五个物品，这里收益明显。<!-- c1: higher -->
# 裁剪、掩码、重排只是同一批答案的不同视图，看不到提升。<!-- c2: none, c3: none, c4: none -->
# 其次要查泄漏：给特征加噪声没有明显收益，<!-- c6: none -->
# 堵住泄漏比加噪声好，<!-- c7: lower -->
# 不过换一批划分就不够明显。
# 平方损失下，线性模型的输入加噪声就等于岭回归，那就直接调正则强度。最后，先切分再增强，且只增强训练数据。

# %% [markdown] tags=["answer-full"]
# **Keep the label.** An augmentation is right when the answer stays the same. For users × items there is no rotation: a rotation $R$ of user and item vectors together changes no score,
# $(Ru)^\top (Rv) = u^\top v$; turning one side destroys them all.
#
# **Sequences.** *Prefixes* (Tan et al. 2016): a history of $T$ items gives $T - 1$ questions with real answers. *Crop, mask, reorder* (CL4SRec) and *insert, substitute* (CoSeRec) edit the
# question and keep the answer, for a contrastive loss or as extra samples. On ML-100K all prefixes beat the last five targets clearly, <!-- c1: higher -->
# and a mask on top of all prefixes changes nothing one can see. <!-- c5: none -->
# Nor do edits of the last five, as input noise without a contrastive loss. <!-- c2: none, c3: none, c4: none -->
# So when a paper reports a gain, first ask how histories were split: a 2026 study says that undisclosed splitting carries several recent results.
#
# **Ratings.** For squared loss and noise $e \sim N(0, s^2 I)$ on the inputs,
#
# $$\mathbb{E}\,(y - w^\top (x + e))^2 = (y - w^\top x)^2 + s^2 \lVert w \rVert^2 ,$$
#
# a ridge. So input noise gives no more than a tuned ridge. Noise on labels is another thing: where a fifth of a support is random, noise on the training ratings and a stronger prior do not differ clearly. <!-- c8: none -->
# *Mixup* and SMOTE interpolate between rows; noise shared by a task's support and query is meta-augmentation (q31).
#
# **Leaks.** Copy before the split and the test sits in training. More quietly: item vectors fitted with a user's own query ratings. One might hope that noise blurs what they know; no clear gain is seen, <!-- c6: none -->
# and vectors without the leak are better than blurred ones, <!-- c7: lower -->
# by as much on fresh splits, where it did not survive the correction.
#
# **In practice.** Count targets first; strength on validation; the plain model gets as many steps, or both stop on validation; report by amount of data: the gain may fade as data grow.

# %% [markdown] tags=["zh"]
# **标签要保住。** 变换之后答案不变，增强才成立。用户×物品没有“旋转”：用户和物品向量一起乘旋转 $R$，得分不变：$(Ru)^\top (Rv) = u^\top v$；只转一边，得分全毁。
#
# **序列。** *前缀*（Tan 等，2016）：$T$ 个物品的历史给出 $T - 1$ 道有真实答案的题。*裁剪、掩码、重排*（CL4SRec）和*插入、替换*（CoSeRec）改的是题目，答案不变，用于对比学习或当作额外样本。
# 在 ML-100K 上，全部前缀明显胜过最后五个目标，<!-- c1: higher -->
# 在全部前缀上再加掩码，看不出变化。<!-- c5: none -->
# 对最后五个目标的输入做各种编辑（不带对比损失），也看不出提升。<!-- c2: none, c3: none, c4: none -->
# 所以看到论文报告提升，先问历史是怎么切的：2026 年有研究指出，几项近期结果其实来自没有说明的切分方式。
#
# **评分。** 平方损失下，输入加噪声 $e \sim N(0, s^2 I)$：
#
# $$\mathbb{E}\,(y - w^\top (x + e))^2 = (y - w^\top x)^2 + s^2 \lVert w \rVert^2 ,$$
#
# 就是岭回归。所以输入噪声能给的，调好的岭回归也能给。给标签加噪声是另一回事：支持集五分之一是随机评分时，给训练评分加噪声与加强先验没有明显差别。<!-- c8: none -->
# *Mixup* 和 SMOTE 在样本之间插值；一个任务的支持集和查询集共用同一份噪声，叫元增强（q31）。
#
# **泄漏。** 先复制再切分，测试就混进了训练。更隐蔽的一种：物品向量在拟合时用了该用户自己的查询评分。有人指望噪声把泄漏的信息盖住，但看不到明显提升，<!-- c6: none -->
# 没有泄漏的向量则好于加噪声的；<!-- c7: lower -->
# 换一批划分，差距差不多大，但经校正后不显著。
#
# **实践。** 先数一数有多少真实目标；强度在验证集上选；普通模型要给同样多的训练步数，或都用验证集早停；按数据量分别报告：数据多了，提升可能变小。

# %% [markdown]
# ## 1. What the edits do to a history
# One user's last eight films, oldest first, and four edits of strength 0.4. A gap is a film that was cut off or masked.

# %% [markdown] lang="zh"
# ## 1. 编辑对历史做了什么
# 一个用户最近的八部影片，从旧到新，以及四种强度为 0.4 的编辑。空格表示被切掉或掩掉的影片。

# %%
import numpy as np
import pandas as pd
import torch
import metarec_lib as mr
from metarec_lib import claim, load_study, mine, plots, seed, sliding_prefixes
from metarec_lib.data.augment import as_histories

SEED = seed()

# %% tags=["figure"]
TEXTS = {
    "given": ("as it was", "原历史"),
    "crop": ("crop", "裁剪"),
    "mask": ("mask", "掩码"),
    "reorder": ("reorder", "重排"),
    "substitute": ("substitute", "替换"),
    "hits": ("The next film among all unseen ones", "在所有没看过的影片里猜下一部"),
    "hr": "HR@10",
    "alt hits": (
        "Bars of HR at 10 by what is trained on: all prefixes lead, the last target alone is lowest.",
        "按所用预测目标区分的 HR@10 条形图：全部前缀领先，只用最后一个目标最低。",
    ),
    "edits": ("Edits, against none", "各种编辑，与不编辑相比"),
    "change": ("difference in HR@10", "HR@10 之差"),
    "alt edits": (
        "Intervals of the difference in HR at 10: mask and reorder lie around zero, crop below it.",
        "HR@10 之差的区间：掩码和重排在零附近，裁剪在零以下。",
    ),
    "line": ("Least squares and noise on x", "最小二乘与 x 上的噪声"),
    "x": ("input x", "输入 x"),
    "y": ("label y", "标签 y"),
    "plain": ("no noise", "不加噪声"),
    "noisy": ("with noise", "加噪声"),
    "alt line": (
        "Two lines through twelve points: with noise on the inputs the slope is smaller.",
        "穿过十二个点的两条直线：输入加噪声后斜率变小。",
    ),
    "wrong": ("Supports with random stars, K = 10", "混入随机评分的支持集，K = 10"),
    "share": ("share of the support that is random (%)", "支持集中随机评分的比例（%）"),
    "mse": ("squared error (stars²)", "平方误差（星²）"),
    "alt wrong": (
        "Squared error against the share of random stars: all rise; the plain head and noisy ratings are lowest at none, the stronger prior at 40 %.",
        "平方误差随随机评分比例的变化：都在上升；零时普通预测头和评分加噪声的最低，40% 时更强的先验最低。",
    ),
}

# %%
data = mr.load_movielens("ml-100k")
rows = np.flatnonzero(data.user_codes == 86)
rows = rows[np.argsort(data.ratings["timestamp"].to_numpy()[rows], kind="stable")][-8:]
one = data.subset(rows)
titles = data.items.set_index("item_id")["title"]
titles = titles.where(titles.str.len() < 23, titles.str.slice(0, 21) + "…")
seen = titles[one.ratings["item_id"]].values
frame = pd.DataFrame({plots.words(TEXTS["given"]): seen})
for method in ("crop", "mask"):
    left = mr.data_augmentation(one, method, 0.4, seed=SEED).ratings["item_id"]
    kept = one.ratings["item_id"].isin(left)
    frame[plots.words(TEXTS[method])] = np.where(kept, frame.iloc[:, 0], "")

# %%
columns = {}
moved = mr.data_augmentation(one, "reorder", 0.4, seed=SEED).ratings
columns["reorder"] = moved.sort_values("timestamp", kind="stable")["item_id"]
other = mr.data_augmentation(data, "substitute", 0.4, seed=SEED)
columns["substitute"] = other.subset(rows).ratings["item_id"]
for method, items in columns.items():
    frame[plots.words(TEXTS[method])] = titles[items].values
frame.index = pd.RangeIndex(1, 9, name="t")
plots.table(frame)

# %% [markdown]
# Every edit asks another question. None of them adds an answer: which film this user would have seen next.

# %% [markdown] lang="zh"
# 每种编辑都换了一道题，却给不出新的答案：这个用户接下来会看哪部影片。

# %% [markdown] tags=["expect"]
# **What do you expect?** A model is trained to guess the next film. What gains most: the last five targets of each history in place of one, all prefixes in place of five, or crops of
# the history?

# %% [markdown] lang="zh"
# **你猜结果如何？** 训练一个模型来猜下一部影片。哪种做法收益最大：每段历史取最后五个目标而不是一个，取全部前缀而不是五个，还是对历史做裁剪？

# %% [markdown]
# ## 2. Prefixes are real targets
# The model is small: a weighted mean of the vectors of the last 20 films, one learned weight a place, and a softmax over all films. **By hand**, the loss of three prefixes:

# %% [markdown] lang="zh"
# ## 2. 前缀是真实的目标
# 模型很小：最近 20 部影片向量的加权平均（每个位置学一个权重），再对全部影片做 softmax。**手写**三个前缀的损失：

# %% tags=["from-scratch"]
where = {"device": "cpu", "dtype": "float64"}
model = mr.PrefixSoftmax(data.n_items, width=8, seed=SEED, **where)
prefixes, targets = sliding_prefixes(one.item_codes, longest=20, last=3)
p, losses = {name: value.detach() for name, value in model.params_.items()}, []
for prefix, target in zip(prefixes, targets, strict=True):
    items = torch.as_tensor(prefix[prefix >= 0])
    weights = torch.softmax(p["places"][-len(items):], 0)  # recent places stand last
    pooled = weights @ p["items"][items]
    scores = p["answers"] @ pooled + p["bias"]
    losses.append(torch.logsumexp(scores, 0) - scores[target])
library = model.loss(prefixes, targets).detach()
print("agrees:", torch.allclose(torch.stack(losses).mean(), library, atol=1e-8))

# %% [markdown]
# Your `sliding_prefixes`, on the same history:

# %% [markdown] lang="zh"
# 用你写的 `sliding_prefixes` 处理同一段历史：

# %% tags=["exercise"]
with mine("q30") as my:
    yours, next_films = my.sliding_prefixes(torch.as_tensor(one.item_codes), 3)
    print(yours.tolist()[:3], next_films.tolist()[:3])

# %% [markdown]
# Live, 300 users: train on the last target or on the last five before the film that is asked for; the tuning users decide when to stop. Printed is the share of histories whose last film is among the first ten of all
# unseen films.

# %% [markdown] lang="zh"
# 当场用 300 名用户：取被问影片之前的最后一个目标，或最后五个目标来训练；由调参用户决定何时停止。打印的是“最后一部影片排进全部没看过影片的前十”的比例。

# %%
histories = list(as_histories(data).items())
chosen = set(mr.tuning_users(data).tolist())
stop = [h[:-1] for user, h in histories if user in chosen]
asked = [h for user, h in histories if user not in chosen][:300]


def examples(parts, last):
    pairs = [sliding_prefixes(h, 20, last) for h in parts]
    return tuple(np.concatenate(part) for part in zip(*pairs, strict=True))


# %%
def hit_rate(model):
    with torch.no_grad():
        scores = model.scores(examples(asked, 1)[0]).cpu().numpy()
    for row, h in zip(scores, asked, strict=True):
        row[h[:-1]] = -np.inf
    places = [(row > row[h[-1]]).sum() for row, h in zip(scores, asked, strict=True)]
    return np.mean(np.array(places) < 10)


# %%
for last in (1, 5):
    net = mr.PrefixSoftmax(data.n_items, width=32, lr=0.01, seed=SEED)
    net.fit(*examples([h[:-1] for h in asked], last), examples(stop, 1))
    print(f"last {last}: HR@10 {hit_rate(net):.2f}")

# %% [markdown]
# The study: all users, five seeds; a seed also draws the order of films that were rated in the same second. The learning rate is chosen on tuning users, that of all prefixes is taken over from the last five. Every model stops on
# tuning users, so steps differ. An edit changes the inputs of half of each batch: a fifth of the places cut or masked, or near films swapped. EASE reads likes alone and no order: a reference, no rival. Other users' later films are
# in training, in every row alike.

# %% [markdown] lang="zh"
# 研究：全部用户，五个种子；种子还决定同一秒内所评影片的先后。学习率在调参用户上选，全部前缀沿用最后五个目标的学习率。各模型都由调参用户早停，所以步数不同。编辑作用于每批一半样本的输入：切掉或掩掉五分之一的位置，或打乱相近的几部影片。
# EASE 只看喜欢的影片、不看先后，在图里只是参照，不是对手。别的用户更晚的行为也在训练里，各行都一样。

# %% tags=["figure"]
study = load_study("q30")
names = ("popularity", "EASE", "last target", "last five targets", "all prefixes")
rates = {name: study.mean(name, "hr@10") for name in names}
fig = plots.bars(rates, title=TEXTS["hits"], xlabel=TEXTS["hr"], digits=3)
plots.show(fig, alt=TEXTS["alt hits"])

# %% tags=["claim"]
found = study.compare("all prefixes", "last five targets", "hr@10")
claim("HR@10", "all prefixes", "last five targets", found, headline=True)

# %% tags=["claim"]
crop = study.compare("last five targets, crop", "last five targets", "hr@10")
claim("HR@10", "last five targets, crop", "last five targets", crop)

# %% tags=["claim"]
mask = study.compare("last five targets, mask", "last five targets", "hr@10")
claim("HR@10", "last five targets, mask", "last five targets", mask)

# %% tags=["claim"]
reorder = study.compare("last five targets, reorder", "last five targets", "hr@10")
claim("HR@10", "last five targets, reorder", "last five targets", reorder)

# %% tags=["claim"]
found = study.compare("all prefixes, mask", "all prefixes", "hr@10")
claim("HR@10", "all prefixes, mask", "all prefixes", found)

# %% tags=["figure"]
edits = {TEXTS["crop"]: crop, TEXTS["mask"]: mask, TEXTS["reorder"]: reorder}
fig = plots.intervals(edits, title=TEXTS["edits"], xlabel=TEXTS["change"])
plots.show(fig, alt=TEXTS["alt edits"])

# %% [markdown]
# Real targets pay; <!-- c1: higher -->
# in the figure, going from one target to five adds even more than from five to all.
# Edited histories bring nothing that one can see here; cropping looks worst, but its loss does not survive the correction. <!-- c2: none, c3: none, c4: none -->
# Nor does a mask on top of all prefixes. <!-- c5: none -->
# A guess: a weighted mean hardly notices a missing or swapped film, and cropping often takes the latest ones. A Transformer, and CL4SRec's contrastive loss, were not tried.
# So before a contrastive loss, count how many of your targets are used.
#
# ## 3. Can noise repair a leak?
# A meta-learner predicts each training user's query from item vectors. If these vectors were fitted with the query's own ratings, they know a part of the answer; a new user's ratings are in no fit. With
# 240 training users we train ANIL (q10) on such vectors, without noise and with (strength chosen on tuning users); then both on vectors fitted without the user.

# %% [markdown] lang="zh"
# 真实的目标管用；<!-- c1: higher -->
# 图中从一个目标到五个，比从五个到全部涨得还多。
# 编辑历史在这里看不出好处；裁剪看上去最差，但经多重比较校正后并不显著。<!-- c2: none, c3: none, c4: none -->
# 在全部前缀上加掩码也看不出。<!-- c5: none -->
# 猜测：加权平均本来就对少一部、换个位置不敏感，而裁剪常把最近的影片切掉。Transformer 和 CL4SRec 的对比损失，这里没有试。
# 所以在加对比损失之前，先数数你的目标用上了多少。
#
# ## 3. 噪声能补泄漏吗？
# 元学习器根据物品向量预测每个训练用户的查询评分。如果这些向量拟合时就用了查询评分，它们已经知道一部分答案；而新用户的评分不在任何拟合里。用 240 名训练用户，在这样的向量上训练 ANIL（q10），不加噪声和加噪声各一次（强度在调参用户上选）；
# 再换成拟合时排除了该用户的向量，同样各一次。

# %%
kinds = ("leaking items", "leaking items, feature noise", "items without leak",
         "items without leak, feature noise")
errors = study.table(kinds, metric="mse", by="users")
errors.columns = [plots.words(TEXTS["mse"])]
plots.table(errors)

# %% tags=["claim"]
at = {"users": 240, "k": 10}
found = study.compare("leaking items, feature noise", "leaking items", "mse", **at)
claim("squared error", "leaking items, feature noise", "leaking items", found)

# %% tags=["claim"]
whole, blurred = "items without leak", "leaking items, feature noise"
claim("squared error", whole, blurred, study.compare(whole, blurred, "mse", **at))

# %% [markdown]
# Noise of the strength that tuning users chose looks a little better, and does not survive the correction. <!-- c6: none -->
# Vectors without the leak are better than blurred ones. <!-- c7: lower -->
# Five fresh splits of the same users gave .0041, not clear after correction; all other claims held. In the table noise gives back less than half of what the leak costs; both are small. So when noise on features seems to help, look first at what the features already know.
#
# ## 4. Noise is a ridge
# Copy twelve points without end, each time with new noise on x, and fit a line: the slope shrinks, as under a ridge. Move the noise.

# %% [markdown] lang="zh"
# 强度由调参用户选出的噪声看上去略好，经校正后不显著。<!-- c6: none -->
# 没有泄漏的向量好于加噪声的。<!-- c7: lower -->
# 同一批用户换五种划分重跑，差距是 .0041，经校正后不显著；其余结论都再次成立。从表里看，噪声补回的不到泄漏代价的一半；这些差别都不大。所以当特征噪声看起来有用时，先看看特征已经知道了什么。
#
# ## 4. 噪声就是岭回归
# 把十二个点无穷次复制，每次给 x 加新的噪声，再拟合直线：斜率会收缩，与岭回归一样。拖动噪声看看。

# %% tags=["play", "nbval-ignore-output"]
rng = np.random.default_rng([SEED, 30])
x = rng.normal(size=12)
y = 0.9 * x + 0.4 * rng.normal(size=12)
ends = np.array([-2.0, 2.0])


def flattened(std=1.0):
    slopes = (x @ y / (x @ x), x @ y / (x @ x + 12 * std**2))
    drawn = {TEXTS["plain"]: slopes[0] * ends, TEXTS["noisy"]: slopes[1] * ends}
    axes = {"title": TEXTS["line"], "xlabel": TEXTS["x"], "ylabel": TEXTS["y"]}
    return plots.lines(ends, drawn, points=(x, y), **axes)


plots.play(flattened, std=(0.0, 2.0, 0.1), alt=TEXTS["alt line"])

# %% [markdown]
# Your `noise_as_ridge`, against 20,000 noisy copies:

# %% [markdown] lang="zh"
# 用你写的 `noise_as_ridge`，与 20,000 份加噪副本对照：

# %% tags=["exercise"]
with mine("q30") as my:
    table, label = torch.as_tensor(rng.normal(size=(12, 2))), torch.as_tensor(y)
    copies = table.repeat(20_000, 1)
    copies = copies + 0.5 * torch.as_tensor(rng.normal(size=tuple(copies.shape)))
    drawn = torch.linalg.lstsq(copies, label.repeat(20_000)[:, None]).solution[:, 0]
    yours = my.noise_as_ridge(table, label, 0.5)
    print("as the copies:", bool((yours - drawn).abs().max() < 0.02))

# %% [markdown]
# Noise on ratings is no such ridge: in least squares it averages out. The closed-form head, though, estimates its noise from the ratings it trains on. Does that buy robustness? Some users tap stars at random. The head is trained on ratings with noise added, or given a stronger prior; both strengths, and the bias's, are chosen for supports of which a fifth is
# random; the plain head is left as it is. Then the share of random stars varies.

# %% [markdown] lang="zh"
# 给评分加噪声就不是这种岭回归：在最小二乘里它会平均掉。不过闭式解预测头的噪声大小是从训练评分里估计的。这能换来鲁棒性吗？有些用户随手乱打分。一种做法是给训练评分加噪声，另一种是直接加强先验；两者和偏置模型的强度都按“支持集五分之一是随机的”来选；普通预测头不动。然后改变随机评分的比例。

# %% tags=["figure"]
shares = (0, 10, 20, 40)
robust = ("bias", "head", "head, noisy ratings", "head, stronger prior")
curves = {name: [study.mean(name, "mse", k=10, wrong=f"{s}%") for s in shares]
          for name in robust}
fig = plots.lines(shares, curves, title=TEXTS["wrong"], xlabel=TEXTS["share"],
                  ylabel=TEXTS["mse"], xticks=shares)
plots.show(fig, alt=TEXTS["alt wrong"])

# %% tags=["claim"]
noisy, stronger = "head, noisy ratings", "head, stronger prior"
found = study.compare(noisy, stronger, "mse", k=10, wrong="20%")
claim("squared error", noisy, stronger, found)

# %% [markdown]
# At the share that both were chosen for, noise on ratings and a stronger prior do not differ clearly. <!-- c8: none -->
# In the figure noise buys little: the head trained on noisy ratings stays close to the plain one. The stronger prior costs more when nothing is wrong and less when much is.

# %% [markdown] lang="zh"
# 在两者都按它来选强度的比例上，评分加噪声与更强的先验没有明显差别。<!-- c8: none -->
# 图中噪声换来的不多：用加噪评分训练的预测头与普通的相差很小。更强的先验，没有错误时误差更大，错误很多时误差更小。

# %% [markdown] tags=["rubric"]
# #### English
# - [2] asks what keeps the label, and says why rotation of vectors carries no information here
# - [3] counts real targets first: prefixes or sliding windows before edits, and reports how histories were split
# - [2] names edits of sequences and of ratings with their purpose, and does not call views new data
# - [1] knows that input noise on a linear model is a ridge, and tunes the ridge
# - [2] augments training data after the split, and looks for leaks that noise would hide
# #### 中文
# - [2] 先问什么变换不改变标签，并说清向量旋转在这里为什么没有信息
# - [3] 先数真实目标：前缀或滑动窗口优先于编辑，并说明历史是怎么切的
# - [2] 说得出序列和评分各有哪些编辑、目的何在，不把“视图”当作新数据
# - [1] 知道线性模型的输入噪声就是岭回归，并直接调正则强度
# - [2] 切分之后只增强训练数据，并检查噪声可能掩盖的泄漏

# %% [markdown] tags=["pitfalls"]
# #### English
# - **"Crop, mask and reorder add data."** → They add views of the same answers. Prefixes add answers.
# - **"The contrastive loss brought the gain."** → Take the augmentation without the loss first: a WWW 2024 study reports that some plain augmentations match contrastive models.
# - **"Rotate the item vectors, as one rotates images."** → Users and items together: no score changes. One side alone: all scores are wrong.
# - **"Noise on features will blur what leaks."** → No clear gain here; closing the leak was better (section 3). <!-- c6: none, c7: lower -->
# - **"Augment the table, then split."** → Copies of test ratings sit in training. Split first.
# #### 中文
# - **“裁剪、掩码、重排增加了数据。”** → 它们只是同一批答案的不同视图；前缀才增加答案。
# - **“提升来自对比损失。”** → 先去掉损失只留增强：WWW 2024 有研究报告，一些普通增强就能与对比学习模型打平。
# - **“像旋转图片那样旋转物品向量。”** → 用户和物品一起转，得分不变；只转一边，得分全错。
# - **“给特征加噪声，就能把泄漏盖住。”** → 这里没有明显收益，堵住泄漏更好（第 3 节）。<!-- c6: none, c7: lower -->
# - **“先增强整张表，再切分。”** → 测试评分的副本会混进训练集。要先切分。

# %% [markdown] tags=["follow-ups"]
# #### English
# <details><summary>One target per user, or every prefix? What does it cost?</summary>
# Every prefix; a causal Transformer gets all of them in one pass, other models cut sliding windows. Heavy users then dominate: cap the examples a user, as YouTube does (RecSys 2016), or weigh by user, and judge by users. Netflix reports sliding windows for its foundation
# model.</details>
# <details><summary>We have clicks and 10⁹ ids. Where does augmentation still matter?</summary>
# In the tail and for new ids. Head items have real targets enough. For the tail share content and semantic ids; oversampling copies noise with the signal; substitution by similar items helps only if "similar" is right.</details>
# <details><summary>Which edits keep the label in a session?</summary>
# Cropping old events, usually. Reordering within minutes, where order is an artefact of the page. Not: removing the last click before a purchase, or inserting a film the user would have hated. Test an edit: train with it at 0 and at 0.2, same steps.</details>
# <details><summary>Why not a big sequence model that is robust by itself?</summary>
# A causal one trains on all prefixes by construction, so it has that gain already; dropout inside it is an augmentation too. Here a weighted mean shows what prefixes are worth (section 2); no larger model was tried. q03 trains SASRec, on all prefixes.</details>
# <details><summary>How do you choose the strength, and when do you stop?</summary>
# On validation users, with strength 0 in the grid and equal steps for each. Report the curve over data size; drop the augmentation once its interval covers zero.</details>
# #### 中文
# <details><summary>每个用户一个目标，还是每个前缀都取？代价是什么？</summary>
# 每个前缀都取。因果 Transformer 一次前向就得到全部前缀，其他模型切滑动窗口。这样重度用户会占主导：限制每个用户的样本数（YouTube 就这么做，RecSys 2016），或按用户加权，评估也按用户。Netflix 报告其基础模型用滑动窗口训练。</details>
# <details><summary>我们有点击和 10⁹ 个 id，增强还在哪里有用？</summary>
# 在长尾和新 id。头部物品的真实目标已经够多。长尾靠共享内容特征和语义 ID；过采样会把噪声一起复制；用相似物品替换，前提是“相似”判断得对。</details>
# <details><summary>一个会话里，哪些编辑不改变标签？</summary>
# 切掉旧行为，通常可以；几分钟内的重排，如果顺序只是页面造成的，也可以。不可以的：删掉购买前最后一次点击，或插入一部用户会讨厌的影片。检验办法：强度取 0 和 0.2，步数相同，各训一次。</details>
# <details><summary>为什么不直接上一个本身就鲁棒的大序列模型？</summary>
# 因果模型天生就在全部前缀上训练，前缀这份收益它已经拿到了；内部的 dropout 也是一种增强。这里用加权平均来看前缀的价值（第 2 节），没有试更大的模型；q03 训练了 SASRec，用的就是全部前缀。</details>
# <details><summary>强度怎么选？什么时候停用？</summary>
# 在验证用户上选，网格里要包含强度 0，各组训练步数相同。报告随数据量变化的曲线；区间盖住零时，就不再用它。</details>

# %% [markdown] tags=["exercise"]
# ## Your turn
# Write three functions in [`exercises/q30_data_augmentation.py`](../exercises/q30_data_augmentation.py), about 25 minutes:
#
# - `crop`: one run of a history stays.
# - `sliding_prefixes`: every prefix and the item that came next.
# - `noise_as_ridge`: infinitely many noisy copies, without drawing one.
#
# Then run the cell below. Stuck? In the cell after it, take the `#` away and run: each run gives the next of three hints.

# %% [markdown] lang="zh"
# ## 动手
# 在 [`exercises/q30_data_augmentation.py`](../exercises/q30_data_augmentation.py) 里写三个函数，大约 25 分钟：
#
# - `crop`：只保留历史中的一段。
# - `sliding_prefixes`：每个前缀，以及紧接着出现的物品。
# - `noise_as_ridge`：无穷多份加噪副本，却不用抽一次噪声。
#
# 写完运行下面的单元格。卡住了？把再下面那个单元格里的 `#` 去掉再运行：每运行一次给出下一条提示，共三条。

# %% tags=["exercise"]
from metarec_lib import check, what_was_measured

check("q30")

# %% tags=["exercise"]
# from metarec_lib import hint; hint("q30", "sliding_prefixes")

# %% tags=["measured"]
what_was_measured()

# %% [markdown] tags=["references"]
# **Read first · 先读：** Tan, Xu & Liu (2016), [*Improved Recurrent Neural Networks for Session-based Recommendations*](https://arxiv.org/abs/1606.08117), DLRS: prefixes as training examples.
#
# - Xie et al. (2022), [*Contrastive Learning for Sequential Recommendation*](https://arxiv.org/abs/2010.14395), ICDE: CL4SRec.
# - Liu et al. (2021), [*Contrastive Self-supervised Sequential Recommendation with Robust Augmentation*](https://arxiv.org/abs/2108.06479), arXiv: CoSeRec.
# - Zhou et al. (2024), *Is Contrastive Learning Necessary? A Study of Data Augmentation vs Contrastive Learning in Sequential Recommendation*, WWW.
# - [*Pay Attention to Sequence Split: Uncovering the Impacts of Sub-Sequence Splitting on Sequential Recommendation Models*](https://arxiv.org/abs/2604.05309) (2026), arXiv.
# - Joshi et al. (2024), *Sliding Window Training - Utilizing Historical Recommender Systems Data for Foundation Models*, RecSys: Netflix.
# - Bishop (1995), *Training with Noise is Equivalent to Tikhonov Regularization*, Neural Computation.
# - Covington, Adams & Sargin (2016), *Deep Neural Networks for YouTube Recommendations*, RecSys.
