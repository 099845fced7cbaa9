# %% [markdown]
# # q04 · How do you optimise a large recommender, from features to training to tuning?
#
# Features that leak, a loss that is sampled, one epoch too many, a score that was trained on.

# %% [markdown] lang="zh"
# # q04 · 如何优化大模型推荐算法？
#
# 会泄漏的特征、靠采样近似的损失、多训的那一轮、在训练集上挑出来的分数。

# %% [markdown] tags=["question"]
# #### English
# You own a ranking or retrieval model with very many ids. Walk me through optimising it: features, model size, loss over millions of items, batches and
# precision, how many epochs, how you choose settings, how you know it helped. Derive the logQ correction. Is the loss then unbiased?
# #### 中文
# 你负责一个 id 数量极大的召回或精排模型。请从头讲讲怎么优化：特征、模型规模、面对百万物品的损失、batch 和精度、训几轮、怎么选超参、怎么确认有效。
# 推导 logQ 修正。修正之后损失就无偏了吗？
#
# level: senior · minutes: 3 · needs: q01, q06 · topics: sampled softmax, one-epoch overfitting, leakage, mixed precision

# %% [markdown] tags=["answer-short"]
# #### English
# I go from the data up. With sparse crosses, a mean that holds the row's own label ruins the model; <!-- c1: lower -->
# one that holds later rows flatters it offline. <!-- c2: higher -->
# So encodings use strictly earlier events. Over millions of items the softmax is sampled; unless log q is subtracted, popular items sink and HR@10 falls. <!-- c3: lower -->
# With 256 draws from 1,682 films I saw no difference to the full softmax. <!-- c4: none -->
# Sparse crosses overfit in the second epoch. <!-- c6: lower -->
# I choose settings and epoch on validation, keep a *copy* of the best weights, measure before buying hardware, and keep a counting model beside it: it beats
# the network here. <!-- c5: lower -->
# Then an A/B test.
# #### 中文
# 我从数据入手，再一层层往上。交叉特征很稀疏时，均值里含有本行的标签，模型就毁了；<!-- c1: lower -->
# 含有更晚的行，离线分数就虚高。<!-- c2: higher -->
# 所以目标编码只用严格更早的事件。物品上百万，softmax 只能采样；不减去 log q，热门物品就被压下去，HR@10 随之下降。<!-- c3: lower -->
# 从 1,682 部影片里采 256 次，看不出与完整 softmax 有差别。<!-- c4: none -->
# 稀疏交叉特征在第二轮就过拟合。<!-- c6: lower -->
# 超参和轮次都在验证集上选；最佳权重存的是*副本*；买硬件之前先测时间花在哪；旁边始终放一个只靠计数的模型，在这里它胜过神经网络。<!-- c5: lower -->
# 最后上 A/B 实验。

# %% [markdown] tags=["answer-full"]
# **Features.** Ask of every number: was it known at that moment? A target encoding is a mean of labels; with 1.4 rows a value, it tells the row's own label. Means out of
# fold mend that, <!-- c1: lower -->
# but a judged row still sees later rows, which flatters offline. <!-- c2: higher -->
# So: strictly earlier events, shrunken to a prior, computed by the code that serves.
#
# **Size.** Nearly all parameters are embedding rows. $10^9$ ids × 64 numbers are 256 GB in fp32, Adam's two moments 512 GB more; row-wise Adagrad keeps
# one number a row, 4 GB. Look-ups are bound by memory and network, dense layers by arithmetic: find out which bounds you, then
# decide whether to shard, to mix precision or to compile.
#
# **Loss.** The full softmax needs every item's score. Sample $n$ with chances $q$ (in-batch negatives: by popularity) and subtract $\log q$:
#
# $$\mathcal{L} = -\log \frac{e^{s_+ - \log q_+}}{e^{s_+ - \log q_+} + \sum_{j=1}^{n} e^{s_j - \log q_j}}$$
#
# *Why.* The sum over draws has the expectation $n \sum_i q_i e^{s_i}$; dividing each term by $q_j$ makes it proportional to the full sum. Without it the optimum
# is near $s - \log q$: HR@10 falls. <!-- c3: lower -->
# Serving samples nothing, so it ranks by $s$.
# *Unbiased?* No. The positive stands there with certainty, not with chance $q_+$, and the log of an unbiased estimate is not unbiased. Weighing the negatives
# alone by $1/(n q_j)$ mends the first point, not the second. Yet a biased loss can have the right optimum: as ranking NCE, with accidental hits kept, this one is consistent (Ma & Collins 2018).
# Khrylchenko et al. (2025) take the positive out of the sum and weigh the example instead.
#
# **Epochs.** With user and film ids alone, five epochs do no harm that the figure shows. With crosses of few rows a value, test AUC falls in
# epoch 2. <!-- c6: lower -->
# MEDA draws the embeddings anew each epoch and keeps the layers; after five epochs it is where one plain epoch was. <!-- c7: equal -->
#
# **Choosing.** By validation, split by time and user as in use; the training score picks the most overfitted run. <!-- c8: lower -->
# Early stopping keeps a copy; `best = model` keeps an alias.
#
# **Baseline.** The two-tower network loses to a skip-gram Markov chain, which only counts. <!-- c5: lower -->
#
# **Online.** Offline gains are a filter. Interleaving compares rankings with few users, an A/B test decides, a holdback catches novelty.

# %% [markdown] tags=["zh"]
# **特征。** 对每个数都问一句：那一刻它已知吗？目标编码是标签的均值；一个取值平均只有 1.4 行时，它等于把本行的标签说了出来。折外（out-of-fold）均值能解决，<!-- c1: lower -->
# 但被评估的行仍看得到更晚的行，离线因此虚高。<!-- c2: higher -->
# 所以只用严格更早的事件，向先验收缩，并且用线上同一套代码来算。
#
# **规模。** 参数几乎全是 embedding 行。$10^9$ 个 id × 64 维，fp32 就是 256 GB，Adam 的两个动量再加 512 GB；row-wise Adagrad 每行只存一个数，4 GB。
# 查表受限于内存和网络，dense 层受限于算力：先弄清瓶颈在哪，再决定做分片、混合精度还是编译。
#
# **损失。** 完整 softmax 要给每个物品打分。按概率 $q$ 采 $n$ 个（batch 内负样本就是按热度采），再减去 $\log q$：
#
# $$\mathcal{L} = -\log \frac{e^{s_+ - \log q_+}}{e^{s_+ - \log q_+} + \sum_{j=1}^{n} e^{s_j - \log q_j}}$$
#
# *为什么。* 采样之和的期望是 $n \sum_i q_i e^{s_i}$；每项除以 $q_j$，才与完整的和成正比。不修正时最优解接近 $s - \log q$：HR@10 下降。<!-- c3: lower -->
# 线上不采样，所以直接按 $s$ 排序。
# *无偏吗？* 不是。正样本必然在分母里，而不是以概率 $q_+$ 出现；而且无偏估计取了 log 就不再无偏。只对负样本按 $1/(n q_j)$ 加权，只解决前一点。但损失有偏，最优解仍可以是对的：看作排序式 NCE（碰巧采到的正样本不去掉），它是一致的（Ma & Collins，2018）。
# Khrylchenko 等（2025）把正样本移出分母，改为给样本加权。
#
# **轮次。** 只有用户和影片 id 时，训五轮，图上看不出坏处。加上每个取值只有几行的交叉特征，测试 AUC 在第 2 轮就掉下来。<!-- c6: lower -->
# MEDA 每轮重新初始化 embedding、保留上层；五轮之后，与普通训练的第一轮持平。<!-- c7: equal -->
#
# **选择。** 用验证集选，切分方式要像线上：按时间、按用户；按训练分数选，选出的就是过拟合最厉害的那个。<!-- c8: lower -->
# 早停要存副本；`best = model` 存的只是别名。
#
# **基线。** 双塔网络输给只靠计数的跳步马尔可夫链。<!-- c5: lower -->
#
# **线上。** 离线收益只是筛子。interleaving 用较少用户就能比较两个排序，最终由 A/B 决定，长期留出组用来识别新奇效应。

# %% [markdown]
# ## 1. Features that were known in time
# `preprocess_data` turns ratings into a table, one row each, and keeps no state. `id_columns` gives each row four ids: user, film, and two crosses, user × genres and
# previous × film. How many rows does a value have?

# %% [markdown] lang="zh"
# ## 1. 那一刻已知的特征
# `preprocess_data` 把评分变成表，一条一行，不保存任何状态。`id_columns` 再给每行四个 id：用户、影片，以及两个交叉：用户 × 类型、前一部 × 影片。每个取值平均有几行？

# %%
import numpy as np
import pandas as pd
import torch
import metarec_lib as mr
from metarec_lib.workbook.core import glossary, pick
from sklearn.metrics import roc_auc_score

claim, load_study, mine, plots = mr.claim, mr.load_study, mr.mine, mr.plots
seed = mr.seed
SEED = seed()


def text(name):
    return pick(TEXTS[name])  # in the reader's language


# %% tags=["figure"]
TEXTS = {
    "user": ("user", "用户"),
    "film": ("film", "影片"),
    "user × genres": ("user × genres", "用户 × 类型"),
    "previous × film": ("previous × film", "前一部 × 影片"),
    "values": ("values", "取值数"),
    "rows a value": ("rows a value", "每个取值的行数"),
    "training": ("training AUC", "训练 AUC"),
    "test": ("test AUC", "测试 AUC"),
    "wanted": ("Twelve items, all wanted alike: what is learned", "十二个物品，受欢迎程度相同：学到了什么"),
    "rank": ("item, the most often drawn first", "物品，采得最勤的在前"),
    "chance": ("chance of being next", "成为下一个的概率"),
    "truth": ("the truth", "真值"),
    "none": ("no correction", "不修正"),
    "logq": ("logQ", "logQ"),
    "importance": ("importance weights", "重要性加权"),
    "importance 8": ("weights, 8 draws", "加权，采 8 个"),
    "importance 32": ("weights, 32 draws", "加权，采 32 个"),
    "alt wanted": (
        "Learned chance of twelve items against how often the sampler draws them. Without a "
        "correction it rises from the often to the rarely drawn; importance weights at 8 draws "
        "rise a little; logQ and 32 draws lie on the truth.",
        "十二个物品学到的概率，按被采到的频繁程度排列。不修正时，从常采到的到少采到的一路上升；"
        "重要性加权采 8 个时略有上升；logQ 和采 32 个的贴着真值。",
    ),
    "shown": ("ratings of the films shown", "推荐影片的评分数"),
    "by draws": ("HR@10 by the number of negatives", "HR@10 随负样本数的变化"),
    "negatives": ("negatives that a batch shares", "一个 batch 共用的负样本数"),
    "full": ("full softmax", "完整 softmax"),
    "alt draws": (
        "HR@10 against the number of negatives: no correction far below; logQ and importance "
        "weights rise towards the flat line of the full softmax.",
        "HR@10 随负样本数的变化：不修正的远低于其他；logQ 与重要性加权逐渐接近完整 softmax 的水平线。",
    ),
    "seconds": ("seconds", "秒"),
    "256": ("float32, 256 negatives", "float32，256 个负样本"),
    "alias": ("best = weights", "best = weights（别名）"),
    "copy": ("best = a copy", "best = 副本"),
    "last": ("after the last epoch", "最后一轮之后"),
    "auc": ("held-out AUC", "留出 AUC"),
    "epochs": ("Test AUC after each epoch", "每轮之后的测试 AUC"),
    "epoch": ("epoch", "轮次"),
    "with ids": ("ids", "id"),
    "with crosses": ("with crosses", "加交叉"),
    "with MEDA": ("crosses, MEDA", "交叉 + MEDA"),
    "alt epochs": (
        "Test AUC over five epochs: ids rise a little, crosses fall from epoch 2, crosses with "
        "MEDA stay level below the ids.",
        "五轮的测试 AUC：只用 id 时略升；加交叉从第 2 轮起下降；加交叉并用 MEDA 保持平稳，低于只用 id。",
    ),
    "memory": ("Embedding table, ids × width", "embedding 表，id 数 × 维度"),
    "gigabytes": ("GB, numbers of 32 bits", "GB（32 位浮点）"),
    "weights": ("weights", "权重"),
    "Adam": ("Adam, two moments", "Adam 的两个动量"),
    "Adagrad": ("row-wise Adagrad", "row-wise Adagrad"),
    "alt memory": (
        "Bars of the memory of the weights, of Adam's moments and of row-wise Adagrad's sums for "
        "one embedding table.",
        "一张 embedding 表的权重、Adam 动量、row-wise Adagrad 累积量各占多少内存的条形图。",
    ),
}

# %%
data = mr.load_movielens("ml-100k")
few = data.subset(data.user_codes < 250)
X, y = mr.preprocess_data(data)
columns = mr.id_columns(data)
names = [text(n) for n in ("user", "film", "user × genres", "previous × film")]
sizes = columns.max(0) + 1
counts = {text("values"): sizes, text("rows a value"): len(X) / sizes}
plots.table(pd.DataFrame(counts, index=names), digits=2)

# %% [markdown] tags=["expect"]
# **What do you expect?** Each id is replaced by its mean like, and a logistic regression learns from these numbers. The mean runs over all training rows; over all but the row itself; over
# the other four folds; or over strictly earlier rows. Which has the highest AUC in training, and which on later ratings?

# %% [markdown] lang="zh"
# **你猜结果如何？** 把每个 id 换成它的平均喜欢率，再用逻辑回归。均值有几种算法：用全部训练行；去掉本行；用另外四折；只用严格更早的行。训练集上谁的 AUC 最高？在更晚的评分上呢？

# %%
study = load_study("q04")
ways = ("all rows", "all but itself", "out of fold", "out of fold, past when judged")
ways, rows = (*ways, "past only"), {}
for way in ways:
    for of, known in (("ids", ""), ("crossed ids", " ×")):
        for metric, name in (("training auc", "training"), ("auc", "test")):
            score = study.mean(way, metric, of=of)
            rows.setdefault(glossary.say(way), {})[text(name) + known] = score
plots.table(pd.DataFrame(rows).T)

# %% tags=["claim"]
found = study.compare("all rows", "out of fold", "auc", of="crossed ids")
claim("AUC", "all rows", "out of fold", found)

# %% tags=["claim"]
pair = ("out of fold", "out of fold, past when judged")
claim("AUC", *pair, study.compare(*pair, "auc", of="crossed ids"))

# %% [markdown]
# × marks the four columns with crosses. With these, means over all rows look near perfect in training and fail on what comes later. Take the row's own label out, by folds, and the collapse is
# gone: <!-- c1: lower -->
# where a value has one row, its encoding told the label. For user and film, with dozens of rows a value, no collapse is seen.
#
# A second leak is mild and flatters. Out of fold, the mean of a judged row still holds ratings that came later. Without these, test AUC is lower: <!-- c2: higher -->
# a gain that no server would have had. What is left is the AUC of the strict past (table). AUC is the mean over users; test rows are the last fifth of each user. In all five ways the
# regression itself is trained on other users' later ratings.
#
# ## 2. A softmax over a sample
# First a synthetic case in which the truth is known: twelve items, each next with the same chance, drawn as negatives in proportion to $1/\mathrm{rank}$, eight
# for each example. No user, no features, one score an item.

# %% [markdown] lang="zh"
# × 表示带交叉的四列。加上交叉之后，用全部行求的均值在训练集上近乎完美，到更晚的评分上就失灵。按折取均值、不含本行的标签，崩塌就没了：<!-- c1: lower -->
# 只有一行的取值，编码等于把标签说了出来。用户和影片每个取值有几十行，没有这种崩塌。
#
# 第二种泄漏温和得多，而且让分数虚高。折外编码里，被评估那一行的均值仍含有更晚的评分。去掉它们，测试 AUC 就低一些：<!-- c2: higher -->
# 这部分收益，线上不会有。剩下的就是严格只用过去的水平（见表）。AUC 是各用户的均值；测试行是每个用户最后的五分之一。五种做法里，回归本身都用了其他用户更晚的评分来训练。
#
# ## 2. 采样 softmax
# 先看一个合成的、真值已知的例子：十二个物品，成为下一个的概率相同，作为负样本按 $1/\mathrm{rank}$ 的比例采样，每个样本采八个。没有用户，没有特征，一个物品一个分数。

# %%
q = torch.as_tensor(1 / np.arange(1, 13))
log_q = (q / q.sum()).log()


def learned(correction, draws=8, steps=300):
    rng, total, scores = np.random.default_rng(SEED), 0, torch.zeros_like(log_q)
    optimiser = torch.optim.Adam([scores.requires_grad_()], lr=0.03)
    for step in range(steps):
        t, j = rng.integers(0, 12, 256), rng.choice(12, (256, draws), p=log_q.exp())
        args = scores[t], scores[j], log_q[t], log_q[j]
        loss = mr.sampled_softmax(*args, torch.as_tensor(t[:, None] == j), correction)
        optimiser.zero_grad(), loss.backward(), optimiser.step()
        total = total + torch.softmax(scores.detach(), 0) * (2 * step >= steps)
    return (total / total.sum()).tolist()


# %% tags=["figure"]
curves = {text(c): learned(c) for c in ("none", "logq")}
curves |= {text(f"importance {n}"): learned("importance", n) for n in (8, 32)}
curves[text("truth")] = [1 / 12] * 12
said = {"title": text("wanted"), "xlabel": text("rank"), "ylabel": text("chance")}
fig = plots.lines(list(range(1, 13)), curves, **said)
plots.show(fig, alt=text("alt wanted"))

# %% [markdown]
# Without a correction, what is drawn often is taken for unwanted. Importance weights make the sum unbiased, and still tilt at 8 draws: the loss takes the log of that sum. At 32
# draws the tilt is almost gone. LogQ, whose sum is biased, lies on the truth here. **Importance weights by hand**, one example: the positive enters once, each negative is paid by
# $1/(n q_j)$.

# %% [markdown] lang="zh"
# 不修正时，采得勤的物品被当成没人要的。重要性加权让和无偏，采 8 个时仍有倾斜：损失里用的是这个和的 log。采 32 个，倾斜几乎消失。logQ 的和有偏，在这里却贴着真值。
# **手写重要性加权**，一个样本：正样本只算一次，每个负样本乘上 $1/(n q_j)$。

# %% tags=["from-scratch"]
rng = np.random.default_rng([SEED, 4])
scores, positive = torch.as_tensor(rng.normal(size=12)), 2
drawn = torch.as_tensor(rng.choice(12, 5, p=log_q.exp().numpy()))
paid = [scores[j].exp() / (5 * log_q[j].exp()) for j in drawn if j != positive]
by_hand = -(scores[positive].exp() / (scores[positive].exp() + sum(paid))).log()
given = scores[[positive]], scores[drawn][None], log_q[[positive]], log_q[drawn]
library = mr.sampled_softmax(*given, (drawn == positive)[None], "importance")
print("agrees:", torch.allclose(by_hand, library, atol=1e-8))

# %% [markdown]
# Your `sampled_softmax_loss` against the library's logQ, on the same draw:

# %% [markdown] lang="zh"
# 同一次采样上，你写的 `sampled_softmax_loss` 与库里的 logQ 对照：

# %% tags=["exercise"]
with mine("q04") as my:
    yours = my.sampled_softmax_loss(*given, (drawn == positive)[None])
    theirs = mr.sampled_softmax(*given, (drawn == positive)[None], "logq")
    print(f"{float(yours):.4f} {float(theirs):.4f}")

# %% [markdown]
# Now real next films. The study trains one two-tower network under each loss, in float32 (and once in bfloat16). The last film of each user is ranked among *all*
# that the user has not seen; ties in time are broken at random, by seed. Rates and epochs are chosen on the last five films of tuning users, who never judge. Negatives
# are drawn by popularity, with replacement; the rate is the one chosen for the full softmax. Two models without gradient steps are tuned on the same films; the network's width is not.

# %% [markdown] lang="zh"
# 现在换成真实的下一部影片。研究用同一个双塔网络，在每种损失下各训一次，float32（另有一次 bfloat16）。每个用户的最后一部影片，与*全部*没看过的影片一起排序；时间相同的按种子随机排。
# 学习率和轮次在调参用户的最后五部影片上选，这些人从不参与评估。负样本按热度有放回地采；学习率沿用为完整 softmax 选出的那个。另有两个不做梯度训练的模型，在同样的影片上调参；网络的宽度没有调。

# %%
alone = ("full softmax", "bfloat16", "skip-gram chain", "EASE by recency")
sampled = ("no correction", "logQ", "importance weights", "uniform draws")
at = {name: {} for name in alone} | {name: {"n": 256} for name in sampled}
metrics = {"hr@10": "HR@10", "ndcg@10": "nDCG@10"}
metrics["ratings of the films shown"] = text("shown")
means = {m: {glossary.say(a): study.mean(a, m, **at[a]) for a in at} for m in metrics}
frame = pd.DataFrame(means).rename(columns=metrics)
plots.table(frame.astype({text("shown"): int}))

# %% tags=["figure"]
draws, curves = (16, 64, 256), {}
for name, model in zip(("none", "logq", "importance"), sampled):
    curves[text(name)] = [study.mean(model, "hr@10", n=n) for n in draws]
curves[text("full")] = [study.mean("full softmax", "hr@10")] * 3
said = {"title": text("by draws"), "xlabel": text("negatives"), "ylabel": "HR@10"}
fig = plots.lines(draws, curves, log_x=True, **said)
plots.show(fig, alt=text("alt draws"))

# %% tags=["claim"]
found = study.compare("no correction", "logQ", "hr@10", n=256)
claim("HR@10", "no correction", "logQ", found, headline=True)

# %% tags=["claim"]
found = study.compare("full softmax", ("logQ", {"n": 256}), "hr@10")
claim("HR@10", "full softmax", ("logQ", "n=256"), found)

# %% tags=["claim"]
found = study.compare("full softmax", "skip-gram chain", "hr@10")
claim("HR@10", "full softmax", "skip-gram chain", found)

# %% [markdown]
# Without the correction hits among the first ten are rarer, and the films shown have fewer ratings (table). <!-- c3: lower -->
# With it, 256 draws show no clear difference to all 1,682 films: <!-- c4: none -->
# at most about 15 % of the catalogue, not 256 of ten million. Uniform draws, run with importance weights, stand beside it in the table; their log q is one
# number for all items, so logQ would cancel.
# At 16 draws both corrected forms fall behind in the figure, the one with the unbiased sum farther. All sampled losses run at the rate chosen for the full softmax, so this does not
# say which form is better. And under the full softmax the network stands behind a Markov chain that only counts. <!-- c5: lower -->
# 1,682 films and 100,000 ratings are not what such networks are built for.
#
# ## 3. Where the time goes
# Seconds of one epoch of the two-tower network on 250 users, on your machine; the first three take the full softmax:

# %% [markdown] lang="zh"
# 不修正时命中前十的机会更少，推荐出来的影片，评分数也更少（见表）。<!-- c3: lower -->
# 修正之后，采 256 次与 1,682 部影片全算相比，看不出明显差别：<!-- c4: none -->
# 这最多约占片库的 15%，不是一千万里采 256 个。均匀采样（这里配重要性加权）在表里与它并排；它的 log q 对所有物品是同一个数，做 logQ 会正好抵消。
# 采 16 个时，图里两种修正都落后，“和”无偏的那种落后更多。采样损失都沿用为完整 softmax 选的学习率，所以不能据此说哪种更好。而且即使用完整 softmax，网络也落后于只靠计数的马尔可夫链。<!-- c5: lower -->
# 1,682 部影片、100,000 条评分，本来就不是这类网络的主场。
#
# ## 3. 时间花在哪
# 双塔网络在 250 个用户上训一轮，在你的机器上要几秒；前三行用完整 softmax：


# %% tags=["nbval-ignore-output"]
def seconds(**how):
    model = mr.DNN(seed=SEED, **how).fit(few, epochs=1)
    start = pd.Timestamp.now()
    model.train_one_epoch(few)
    return (pd.Timestamp.now() - start).total_seconds()


single, half = {"dtype": "float32"}, {"autocast": "bfloat16"}
runs = {"float64": {}, "float32": single, "bfloat16": single | half}
spent = {n: seconds(objective="softmax", **how) for n, how in runs.items()}
spent[text("256")] = seconds(objective="sampled", negatives=256, **single)
plots.table(pd.Series(spent, name=text("seconds")), digits=2)

# %% [markdown]
# bfloat16 pays where a chip has units for it. `DNN(autocast="bfloat16", dtype="float32", clip=1.0, checkpoint="runs")` is one such run: products in 16 bits, weights in
# 32, gradients clipped, and a stopped run goes on from its folder. How large may a table get before the optimiser is the problem? Move the sliders.

# %% [markdown] lang="zh"
# 芯片上有对应的计算单元，bfloat16 才划算。`DNN(autocast="bfloat16", dtype="float32", clip=1.0, checkpoint="runs")` 就是这样一次训练：乘法用 16 位，权重存
# 32 位，梯度裁剪，中断后从该目录继续。表大到什么程度，优化器反而成了问题？拖动滑块看看。


# %% tags=["play", "nbval-ignore-output"]
def memory(log10_ids=9, width=64):
    numbers = 10**log10_ids * width
    bars = {"weights": numbers, "Adam": 2 * numbers, "Adagrad": 10**log10_ids}
    drawn = {text(name): 4 * n / 1e9 for name, n in bars.items()}
    title = f"{text('memory')}: 10^{log10_ids} × {width}"
    return plots.bars(drawn, title=title, xlabel=text("gigabytes"))


plots.play(memory, log10_ids=(6, 10, 1), width=(8, 128, 8), alt=text("alt memory"))

# %% [markdown]
# ## 4. One epoch too many, and the alias
# Live, on 250 users, a fifth of the rows held out at random, AUC over all of these rows. They choose and judge at once, so this is no test. After each epoch that is the best so far, one line keeps `weights` and another keeps a copy.

# %% [markdown] lang="zh"
# ## 4. 多训的那一轮，和那个别名
# 现场训练，250 个用户，随机留出五分之一的行，AUC 在全部留出行上算。这些行既用来选、又用来评，所以不算测试。每当某一轮是目前最好，一行代码存 `weights`，另一行存副本。

# %% [markdown] tags=["expect"]
# **What do you expect?** A small network predicts like or dislike from embeddings of the four id columns. In epoch 2 each row is seen a second time. Does held-out
# AUC rise, stay or fall?

# %% [markdown] lang="zh"
# **你猜结果如何？** 一个小网络用四列 id 的 embedding 预测喜欢与否。到第 2 轮，每一行都是第二次见到。留出 AUC 是升、是平，还是降？

# %%
columns, liked = mr.id_columns(few), few.liked
train = np.random.default_rng(SEED).random(len(few)) < 0.8
net, log = mr.CrossedNetwork(tuple(columns.max(0) + 1), seed=SEED), []
for _ in range(3):
    net.train_one_epoch(columns[train], liked[train])
    log.append(roc_auc_score(liked[~train], net.predict(columns[~train])))
    if log[-1] == max(log):
        weights = [*net.tables, *net.layers]
        alias, copy = weights, [w.detach().clone() for w in weights]
print(np.round(log, 2).tolist())


# %%
def judged(weights):
    net.tables, net.layers = weights[:4], weights[4:]
    return roc_auc_score(liked[~train], net.predict(columns[~train]))


result = {text("alias"): judged(alias), text("copy"): judged(copy)}
result[text("last")] = log[-1]
plots.table(pd.Series(result, name=text("auc")), digits=2)

# %% [markdown]
# The alias gives the last epoch's score: the optimiser moved the very numbers it points to. Your `early_stopping` on this run, patience 1; the first number is the
# epoch whose weights are kept:

# %% [markdown] lang="zh"
# 别名给出的是最后一轮的分数：优化器改动的正是它指着的那些数。用你写的 `early_stopping` 跑这段记录，patience 取 1；第一个数是被保留权重的轮次：

# %% tags=["exercise"]
with mine("q04") as my:
    errors = [1 - score for score in log]
    kept, run = my.early_stopping(torch.zeros(1), torch.ones(3, 1), errors, 1)
    print(int(kept[0]), run)

# %% [markdown]
# The study: all users, the last fifth of each user's ratings as test, five epochs. Adam's rate was chosen for the ids alone, on tuning users. MEDA draws all embeddings anew
# before each epoch and keeps the layers.

# %% [markdown] lang="zh"
# 研究里用全体用户，每个用户最后五分之一的评分做测试，训五轮。Adam 的学习率只为“仅 id”的网络在调参用户上选。MEDA 在每轮之前重新初始化全部 embedding，保留上层。

# %% tags=["figure"]
nets, epochs = ("ids", "crossed ids", "crossed ids, MEDA"), (1, 2, 3, 4, 5)
curves = {}
for name, model in zip(("with ids", "with crosses", "with MEDA"), nets):
    curves[text(name)] = [study.mean(model, "auc", epoch=e) for e in epochs]
said = {"title": text("epochs"), "xlabel": text("epoch"), "ylabel": text("test")}
fig = plots.lines(epochs, curves, xticks=epochs, **said)
plots.show(fig, alt=text("alt epochs"))

# %% tags=["claim"]
second, first = (("crossed ids", {"epoch": e}) for e in (2, 1))
found = study.compare(second, first, "auc")
claim("AUC", ("crossed ids", "epoch=2"), ("crossed ids", "epoch=1"), found)

# %% tags=["claim"]
last, first = ("crossed ids, MEDA", {"epoch": 5}), ("crossed ids", {"epoch": 1})
names = ("crossed ids, MEDA", "epoch=5"), ("crossed ids", "epoch=1")
claim("AUC", *names, study.compare(last, first, "auc"))

# %% tags=["claim"]
pair = ("chosen by training score", "chosen by validation score")
claim("AUC", *pair, study.compare(*pair, "auc"))

# %% [markdown]
# The fall comes in epoch 2. <!-- c6: lower -->
# With MEDA it does not come: after five epochs the network is where it was after one, <!-- c7: equal -->
# and no higher. Choosing among the fifteen (three networks, five epochs) by *training* AUC takes the most overfitted one. <!-- c8: lower -->
# Here the figure shows no epoch in which the crosses pay. On industrial logs, where such columns carry much of the model, one epoch is reported as the custom (Zhang et al. 2022).

# %% [markdown] lang="zh"
# 下跌发生在第 2 轮。<!-- c6: lower -->
# 用了 MEDA 就没有下跌：五轮之后与第一轮之后持平，<!-- c7: equal -->
# 但也没有更高。在十五个候选（三个网络、五个轮次）里按*训练* AUC 选，选中的是过拟合最厉害的那个。<!-- c8: lower -->
# 在这份数据上，图里没有哪一轮交叉特征是划算的。而在工业日志上，这类特征往往是模型的主力，据报告，惯例是只训一轮（Zhang 等，2022）。

# %% [markdown] tags=["rubric"]
# #### English
# - [2] features known in time: encodings from strictly earlier events, one code path for training and serving
# - [3] writes sampled softmax with log q, says what goes wrong without it, and why it is still not unbiased
# - [2] one-epoch overfitting: which features, what it looks like, a remedy
# - [1] chooses on validation, keeps a copy, names a split that fits the use
# - [1] optimiser state and what bounds the time, with numbers
# - [1] a counting baseline offline, an A/B test online
# #### 中文
# - [2] 特征在当时已知：编码只用严格更早的事件，训练和线上同一套代码
# - [3] 写出带 log q 的采样 softmax，说清不修正会怎样，以及为什么仍非无偏
# - [2] one-epoch 过拟合：哪类特征、什么表现、怎么办
# - [1] 用验证集选、存副本、给出符合用途的切分
# - [1] 优化器状态和时间瓶颈，说得出数
# - [1] 离线有计数基线，线上有 A/B

# %% [markdown] tags=["pitfalls"]
# #### English
# - **"logQ makes the loss unbiased."** → The positive was not drawn, and the log of an estimate is biased. It removes the popularity tilt, and its optimum can be right all the same.
# - **"More epochs, early stopping will catch it."** → Only if the best weights were copied; and with sparse crosses the best epoch may be the first.
# - **"Leave the row itself out of the mean and it cannot leak."** → It stops the collapse (table), but later rows are still in it; and inside one group the two labels get two different means, so a tree that singles the group out reads the label.
# - **"Subtract log q when serving, too."** → It undoes the sampling of training; serving samples nothing. In a stream q is estimated from the gap between two sightings of an id (Yi et al. 2019).
# - **"Training AUC .96, a great model."** → Here it was the sign of the disease: .536 on later ratings (section 1).
# #### 中文
# - **“做了 logQ，损失就无偏了。”** → 正样本不是采来的，估计值取 log 也有偏。它去掉的是热度倾斜，最优解照样可以是对的。
# - **“多训几轮，有早停兜底。”** → 前提是最佳权重存了副本；而且特征稀疏时，最好的可能就是第一轮。
# - **“均值里去掉本行，就不会泄漏。”** → 崩塌是没了（见表），但更晚的行还在里面；而且同一组内，两种标签对应两个不同的均值，树模型只要能把这一组单独切出来，就读出了标签。
# - **“线上打分也要减 log q。”** → 它抵消的是训练时的采样，线上不采样。数据流里，q 由同一 id 相邻两次出现的间隔来估计（Yi 等，2019）。
# - **“训练 AUC .96，模型真好。”** → 在这里，它正是病征：更晚的评分上只有 .536（第 1 节）。

# %% [markdown] tags=["follow-ups"]
# #### English
# <details><summary>Offline AUC rises, online nothing moves. Where do you look, in which order?</summary>
# Is the experiment sound: equal group sizes, the right version served? Then features: log what was served and recompute it offline; any difference is leakage or skew. Then the
# sample: the offline rows were shown by the old model, so they favour it. Then the metric: pooled AUC rises when users are separated, not the items of one user. Then
# novelty and time.</details>
# <details><summary>How many epochs on a daily log, and why one?</summary>
# A usual reading: sparse ids are memorised in one pass; in the second, the layers learn to trust embeddings that only fit what was seen. The fall is reported by Alibaba (Zhang et al. 2022). One pass over more days is the usual
# answer. Several pay when embeddings are drawn anew each epoch (MEDA, reported by Kuaishou), or when columns are dense.</details>
# <details><summary>10⁹ rows: which optimiser, which state?</summary>
# Adam keeps two numbers for each weight: 512 GB at width 64. Row-wise Adagrad keeps one number a row, 4 GB. Update only the rows of the batch: a dense Adam step also moves the
# rows that were not seen. Then shard the table by rows, cache the hot ones, and drop ids that never came back.</details>
# <details><summary>We have clicks, not stars. What are your negatives?</summary>
# In ranking, what was shown and not clicked, corrected for position. In retrieval nearly everything was never shown: in-batch items with logQ, mixed with uniform draws so that the tail is seen, and some
# hard ones from the last index. Hard ones alone contain missed positives.</details>
# <details><summary>The GPU reads 90 % busy and training is slow. What do you measure?</summary>
# The share of peak FLOPs that is reached, then a trace: input, look-ups, communication, many small kernels. A look-up of 64 numbers does no arithmetic, so a faster chip does not
# help it. RankMixer reports 4.5 % of the peak before and 45 % after it was rebuilt for the hardware.</details>
# #### 中文
# <details><summary>离线 AUC 涨了，线上没动。按什么顺序排查？</summary>
# 先看实验本身：分流是否均匀（SRM），上线的是不是这个版本。再看特征：把线上打分时的特征落日志，与离线重算的对比，有差异就是穿越或不一致。再看样本：离线数据是老模型曝光的，偏向老模型。
# 再看指标：全局 AUC 上升可能只是把用户分开了，而不是把同一用户的物品排对了。最后看新奇效应和时间。</details>
# <details><summary>按天的日志训几轮？为什么常说一轮？</summary>
# 通常的解释是：稀疏 id 一遍就被记住；第二遍时，上层学会信任只拟合了见过样本的 embedding。这种下跌阿里报告过（Zhang 等，2022）。常规做法是用更多天、只过一遍。每轮重新初始化 embedding（MEDA，快手报告），
# 或者特征本来就稠密时，多训几轮才划算。</details>
# <details><summary>10⁹ 行，用什么优化器，存什么状态？</summary>
# Adam 每个权重存两个数：64 维时 512 GB。row-wise Adagrad 每行一个数，4 GB。只更新 batch 里出现的行：稠密的 Adam 步会把没出现的行也挪动。再按行分片，热行进缓存，长期不出现的 id 淘汰。</details>
# <details><summary>我们只有点击，没有星级，负样本怎么取？</summary>
# 精排用曝光未点击，并校正位置。召回里绝大多数物品从未曝光：batch 内负样本加 logQ，再混一些均匀采样让长尾被看到，另加上一版索引里的困难负样本。只用困难负样本，会混进漏标的正样本。</details>
# <details><summary>GPU 显示 90% 忙，训练却很慢，测什么？</summary>
# 先看达到峰值 FLOPs 的多少，再抓 trace：输入、查表、通信、大量小 kernel。查 64 个数几乎没有计算，换更快的芯片也没用。RankMixer 报告按硬件重新设计后，从峰值的 4.5% 提到 45%。</details>

# %% [markdown] tags=["exercise"]
# ## Your turn
# Write three functions in [`exercises/q04_optimize_large_models.py`](../exercises/q04_optimize_large_models.py), about 21 minutes:
#
# - `sampled_softmax_loss`: with log q, and without draws that are the positive.
# - `early_stopping`: the best weights, not an alias of the last.
# - `past_only_mean`: a target encoding from strictly earlier rows.
#
# Then run the cell below. Stuck? In the cell after it, take the `#` away and run: each run gives the next of three hints.

# %% [markdown] lang="zh"
# ## 动手
# 在 [`exercises/q04_optimize_large_models.py`](../exercises/q04_optimize_large_models.py) 里写三个函数，大约 21 分钟：
#
# - `sampled_softmax_loss`：带 log q，并去掉采到的正样本。
# - `early_stopping`：要最佳权重，不要最后权重的别名。
# - `past_only_mean`：只用严格更早的行做目标编码。
#
# 写完运行下面的单元格。卡住了？把再下面那个单元格里的 `#` 去掉再运行：每运行一次给出下一条提示，共三条。

# %% tags=["exercise"]
from metarec_lib import check, what_was_measured

check("q04")

# %% tags=["exercise"]
# from metarec_lib import hint; hint("q04", "sampled_softmax_loss")

# %% tags=["measured"]
what_was_measured()

# %% [markdown] tags=["references"]
# **Read first · 先读：** Zhang et al. (2022), [*Towards Understanding the Overfitting Phenomenon of Deep Click-Through Rate Models*](https://arxiv.org/abs/2209.06053), CIKM.
#
# - Yi et al. (2019), [*Sampling-Bias-Corrected Neural Modeling for Large Corpus Item Recommendations*](https://doi.org/10.1145/3298689.3346996), RecSys.
# - Khrylchenko et al. (2025), [*Correcting the LogQ Correction: Revisiting Sampled Softmax for Large-Scale Retrieval*](https://arxiv.org/abs/2507.09331), RecSys.
# - Bengio & Senécal (2003), *Quick Training of Probabilistic Neural Nets by Importance Sampling*, AISTATS.
# - Liu et al. (2023), [*Multi-Epoch Learning for Deep Click-Through Rate Prediction Models*](https://arxiv.org/abs/2305.19531), arXiv: MEDA.
# - Ma & Collins (2018), [*Noise Contrastive Estimation and Negative Sampling for Conditional Models: Consistency and Statistical Efficiency*](https://arxiv.org/abs/1809.01812), EMNLP.
# - Zhu et al. (2025), *RankMixer: Scaling Up Ranking Models in Industrial Recommenders*, CIKM.
# - Micikevicius et al. (2018), [*Mixed Precision Training*](https://arxiv.org/abs/1710.03740), ICLR.
