# %% [markdown]
# # q03 · What is a large model, and what does it do in a recommender?
#
# Most of its numbers stand in a table that each example reads a few rows of. On 100,000 ratings a chain of counts beats a Transformer. Both facts belong in the answer.

# %% [markdown] lang="zh"
# # q03 · 什么是大模型？它在推荐系统中有什么用？
#
# 大模型的参数大多在一张表里，每个样本只读其中几行。在 100,000 条评分上，靠计数的马尔可夫链胜过 Transformer。这两件事都该说。

# %% [markdown] tags=["question"]
# #### English
# What makes a recommender "large"? Where are its parameters, and which of them scale? What can a language model do in a recommender? And on 100,000 ratings, would you expect a Transformer to win?
# #### 中文
# 什么样的推荐模型算“大”？参数在哪里？哪一部分能 scale？语言模型在推荐里能做什么？只有十万条评分时，你认为 Transformer 会赢吗？
#
# level: senior · minutes: 3 · needs: q01, q04 · topics: embeddings, Transformers, scaling, semantic IDs, language models

# %% [markdown] tags=["answer-short"]
# #### English
# Embedding tables hold nearly all parameters, dense layers nearly all compute; reported scaling laws are about the second. On ML-100K, all films ranked, SASRec hits less often than a chain of counts, <!-- c1: lower -->
# and than a weighted mean of the last films' vectors. <!-- c2: higher -->
# Vectors four times as wide show no gain. <!-- c5: none -->
# Text can stand in for new ids, but ask what it adds: an encoder alone shows no gain over genres with the year. <!-- c6: none -->
# A small language model that ranks titles by likelihood stayed behind the most rated candidate, <!-- c8: lower -->
# though fresh draws saw no difference.
# #### 中文
# 几乎所有参数都在 embedding 表里，几乎所有计算都在 dense 层（稠密层）；已公开的 scaling law 说的是后者。在 ML-100K 上对全部影片排序，SASRec 的命中率低于靠计数的马尔可夫链，<!-- c1: lower -->
# 也低于“最近几部影片的向量取加权平均”。<!-- c2: higher -->
# 向量加宽到四倍，看不出收益。<!-- c5: none -->
# 新物品没有 id 可用时可以靠文本，但要问它多带来了什么：单用编码器，比“类型加年份”看不出收益。<!-- c6: none -->
# 小语言模型按片名的似然排序，不如“选评分最多的候选”；<!-- c8: lower -->
# 换一批抽样重跑则看不出差别。

# %% [markdown] tags=["answer-full"]
# **Two kinds of parameters.** A table of $10^9$ ids with 64 numbers each holds $6.4 \cdot 10^{10}$, and an example reads a few rows of it. Dense layers are small and read by everybody. Wider tables tend to use few directions
# (embedding collapse, ICML 2024); several smaller tables helped there. What scaled in reports is sequence compute: HSTU follows a power law, Wukong goes past 100 GFLOP an example. 100,000 ratings cannot show that.
#
# **Shapes.** *Two-tower*: user and item meet in one product, so items can be searched. *Wide & deep*, *DeepFM*: crosses before the sum. *SASRec*: causal attention over the history,
#
# $$\mathrm{softmax}\big(QK^\top / \sqrt{D}\big) V$$
#
# each place reading those before. At serving keys and values of the past are kept, so a new item costs $O(T)$, not $O(T^2)$. HSTU drops the softmax and hand-made features; MTGR (Meituan) keeps cross features: its report found that scale does not make up for dropping them.
#
# **What is measured.** The last film, all unseen ones ranked, ties in time at random. The counting chain leads SASRec, <!-- c1: lower -->
# and so does a mean of vectors with one learned weight a place, YouTube's network of 2016 without its hidden layers. <!-- c2: higher -->
# So learned vectors can keep up here; attention, as we tuned it, did not. Chain and SASRec use order, and not only that of the site's pages. Among users whose last moment is not tied the chain loses when it is trained on shuffled order, <!-- c3: higher -->
# and so does SASRec when its history is shuffled. <!-- c4: higher -->
#
# **Language models.** As *encoder*: vectors for new items. On cold films the encoder alone shows no gain over genres with the year; <!-- c6: none -->
# added to them it helps by less than we call small. <!-- c7: lower -->
# As *ranker*: position and popularity bias, memorised benchmarks; here a small one stayed behind counts, <!-- c8: lower -->
# on fresh draws no difference was seen.
# As *generator*: ids made of codes (TIGER; OneRec took a quarter of Kuaishou's queries in 2025, by its report).
#
# **In context.** A small Transformer trained on random linear tasks stays within twice the Bayes error on such tasks. On tasks twice as strong it ends at ten times the error of Bayes *with that same prior*: it learned the tasks that it saw. Adapting in context is meta-learning, and as good as its training tasks.

# %% [markdown] tags=["zh"]
# **两种参数。** $10^9$ 个 id、每个 64 维的表有 $6.4 \cdot 10^{10}$ 个数，一个样本只读几行。Dense 层很小，但每个样本都要过一遍。表加宽后往往只用到少数几个方向（embedding collapse，ICML 2024），那篇文章里用几张小表更好。
# 公开报告里真正能 scale 的是序列计算：HSTU 呈幂律，Wukong 每个样本超过 100 GFLOP。十万条评分看不到这些。
#
# **几种结构。** *双塔*：用户和物品只在一次内积里相遇，物品侧可以建索引检索。*Wide & deep*、*DeepFM*：求和之前先交叉。*SASRec*：在历史上做因果注意力，
#
# $$\mathrm{softmax}\big(QK^\top / \sqrt{D}\big) V$$
#
# 每个位置只读它之前的。上线时保留过去的 key 和 value，新来一个物品只要 $O(T)$，不必 $O(T^2)$。HSTU 去掉 softmax 和手工特征；美团的 MTGR 保留交叉特征：据其报告，去掉之后靠规模补不回来。
#
# **测到了什么。** 预测最后一部影片，对所有没看过的影片排序，时间戳相同的随机排。靠计数的链领先 SASRec，<!-- c1: lower -->
# 每个位置一个可学权重、对向量取加权平均的网络也领先它（即 YouTube 2016 年的网络去掉隐藏层）。<!-- c2: higher -->
# 可见在这里，学出来的向量跟得上；跟不上的是注意力，至少按我们的调法如此。链和 SASRec 都用到了次序，而且不只是网站列表页的次序：在最后时刻没有并列的用户上，链用打乱的次序训练就变差，<!-- c3: higher -->
# SASRec 的历史打乱也变差。<!-- c4: higher -->
#
# **语言模型。** 作*编码器*：给新物品向量。在冷启动影片上，单用编码器比“类型加年份”看不出收益；<!-- c6: none -->
# 加在它们之上有帮助，但小于本书视为“小”的幅度。<!-- c7: lower -->
# 作*排序器*：有位置偏差、热度偏差，公开基准还可能被背过；这里的小模型不如计数；<!-- c8: lower -->
# 换一批抽样则看不出差别。
# 作*生成器*：用编码拼成 id（TIGER；据 2025 年的报告，OneRec 承接快手四分之一的请求）。
#
# **上下文学习。** 在随机线性任务上训练的小 Transformer，遇到同类任务时，误差不到贝叶斯解的两倍。任务强度翻倍后，它的误差最终是*用同一先验的*贝叶斯的十倍：它学会的只是见过的那些任务。上下文学习就是元学习，好坏取决于训练任务。

# %% [markdown]
# ## 1. Where are the parameters?
# Count them by kind with your `count_parameters`: each line has the numbers in tables and those in dense layers. The figure adds a table of $10^9$ ids with 64 numbers each, beside $10^9$ dense numbers: that size is our assumption.

# %% [markdown] lang="zh"
# ## 1. 参数在哪里？
# 用你的 `count_parameters` 分类数一数：每行是表里的参数和 dense 层的参数。图里再加一个 $10^9$ 个 id、每个 64 维的表，配 $10^9$ 个 dense 参数：后者是我们的假设。

# %%
import numpy as np
import torch
from metarec_lib import DNN, SASRec, SentenceEncoder, claim, load_movielens, load_study
from metarec_lib import item_texts, mine, plots, seed, semantic_ids
from metarec_lib.data.pretrained import available
from metarec_lib.workbook.core import glossary

SEED = seed()
data = load_movielens("ml-100k")
kinds = {"two-tower": DNN(), "DeepFM": DNN(kind="deepfm"),
         "SASRec": SASRec(tied=False)}

# %% tags=["exercise"]
counts = {}
rng = np.random.default_rng(SEED)
with mine("q03") as my:
    for name, model in kinds.items():
        if isinstance(model, DNN):
            model._prepare(data)
        initial = model._initial(data, rng)
        params = {k: torch.as_tensor(v) for k, v in initial.items()}
        counts[name] = my.count_parameters(params, [data.n_items + 1])
        print(name, counts[name]["tables"], counts[name]["dense"])

# %% tags=["figure"]
SHARE = ("Share of parameters that stand in tables", "放在表里的参数占比")
PERCENT = ("per cent", "百分比")
BILLION = ("10⁹ ids", "10⁹ 个 id")
ALT_SHARE = ("Share of parameters in tables: 83 to 95 per cent here, more than 98 with a table "
             "of a billion ids beside a billion dense numbers.",
             "表里参数的占比：这里是 83% 到 95%；十亿个 id 的表配十亿个 dense 参数时超过 98%。")
HITS, RATE = ("Who names the next film?", "谁能说中下一部影片？"), "HR@10"
ALT_HITS = ("HR@10 of nine models: the weighted mean of vectors and the skip-gram chain lead, "
            "SASRec stands with EASE on clicks, the popular list is last.",
            "九个模型的 HR@10：向量的加权平均和跳步马尔可夫链领先，"
            "SASRec 与用点击训练的 EASE 相当，热门榜垫底。")
TIES = ("HR@10 by ties at the end", "按末尾是否并列的 HR@10")
TIED, UNTIED = ("tied", "并列"), ("not tied", "不并列")
ALT_TIES = ("HR@10 of users with and without a tie at the end: higher with a tie for every "
            "model, the popular list included.",
            "末尾并列与不并列用户的 HR@10：每个模型都是并列的更高，热门榜也是。")
WIDTH, LOSS = ("numbers a vector", "向量维数"), ("log loss (nats)", "对数损失（nat）")
WIDER = ("Wider vectors", "更宽的向量")
ALT_WIDER = ("Log loss by width of the vectors: it falls from 8 to 32, hardly to 128.",
             "对数损失随向量维数的变化：从 8 到 32 下降，从 32 到 128 几乎不变。")
READ = ("Learning in context", "上下文学习")
EXAMPLES, EXCESS = ("examples read", "读过的样例数"), ("excess error", "超额误差")
ALT_READ = ("Excess error against examples read: inside its prior the Transformer stays close "
            "to Bayes; with tasks twice as strong it falls behind Bayes with the same prior "
            "from the fourth example on.",
            "超额误差随样例数的变化：在先验之内 Transformer 紧跟贝叶斯；任务强度翻倍时，"
            "从第四个样例起就落后于用同一先验的贝叶斯。")
INSIDE = ("Transformer, inside its prior", "Transformer，先验之内")
OUTSIDE = ("Transformer, outside", "Transformer，先验之外")
B_IN = ("Bayes, inside", "贝叶斯，先验之内")
B_OUT = ("Bayes, same prior, outside", "同一先验的贝叶斯，先验之外")
COST, TOKENS = ("Work for one more item", "再来一个物品要算多少"), ("items in the history", "历史里的物品数")
FLOPS, CACHED, ANEW = ("multiply-adds", "乘加次数"), ("with a KV cache", "有 KV 缓存"), ("all anew", "全部重算")
ALT_COST = ("Multiply-adds for one more item against the length of the history: with a cache "
            "they grow slowly, anew they grow with the square.",
            "再来一个物品的乘加次数随历史长度的变化：有缓存时增长缓慢，全部重算则按平方增长。")

# %% tags=["figure"]
share = {n: 100 * c["tables"] / sum(c.values()) for n, c in counts.items()}
share[BILLION] = 100 * 64e9 / (64e9 + 1e9)
fig = plots.bars(share, title=SHARE, xlabel=PERCENT, digits=1)
plots.show(fig, alt=ALT_SHARE)

# %% [markdown] tags=["expect"]
# **What do you expect?** All films that a user has not seen are ranked; the last one watched is looked for. Put in order: the popular list, EASE (a weight for each pair of films, q15), a chain of counts, a two-tower network, a weighted mean of vectors, SASRec.

# %% [markdown] lang="zh"
# **你猜结果如何？** 把用户没看过的影片全部排序，找他最后看的那部。下面几个，谁找得最准？排个名次：热门榜、EASE（每对影片一个权重，q15）、靠计数的马尔可夫链、双塔网络、向量的加权平均、SASRec。

# %% [markdown]
# ## 2. Who names the next film?
# The study: five seeds; a seed breaks the ties in time and starts the networks. Tuning users choose the settings: nine of the skip-gram chain, two rates of dropout of SASRec (full softmax, forty epochs, early stopping), two learning rates of the weighted mean (q30: the last twenty films, every prefix an example). BPR and the towers run at one setting. On one seed SASRec with gBCE, sampled losses or tied vectors was behind on tuning users; trained longer at a lower rate it was ahead there, but not among those who judge.

# %% [markdown] lang="zh"
# ## 2. 谁能说中下一部影片？
# 研究：五个种子；种子决定时间并列的先后和网络的初始化。参数由调参用户选：跳步马尔可夫链有九组，SASRec 只有两档 dropout（完整 softmax、四十轮、早停），向量的加权平均有两档学习率（q30：最近二十部影片，每个前缀都是一个样本）；BPR 和双塔各只有一组。另用一个种子试过：SASRec 换成 gBCE、采样损失或共享向量，在调参用户上更差；学习率更低、训练更久，在调参用户上更好，在评估用户上没有变好。

# %% tags=["figure"]
study, tower = load_study("q03"), ("two-tower network", {"width": 32})
names = ("most popular films", "BPR on clicks", "EASE on clicks", "SASRec",
         "EASE by recency", "first-order chain", "skip-gram chain",
         "weighted mean of vectors")
hits = {n: study.mean(n, "hr@10", who="all") for n in names}
hits[tower[0]] = study.mean(tower[0], "hr@10", who="all", width=32)
fig = plots.bars(hits, title=HITS, xlabel=RATE, highlight=("SASRec",), digits=3)
plots.show(fig, alt=ALT_HITS)

# %% tags=["figure"]
sides = [{n: study.mean(n, "hr@10", who=w) for n in (*names, tower[0])}
         for w in ("tied", "untied")]
fig = plots.slopes(*sides, title=TIES, ends=(TIED, UNTIED))
plots.show(fig, alt=ALT_TIES)

# %% tags=["claim"]
def over(a, b, who="all"):
    return study.compare(a, b, "hr@10", who=who)


pair = "SASRec", "skip-gram chain"
claim("HR@10", *pair, over(*pair), headline=True)

# %% tags=["claim"]
pair = "weighted mean of vectors", "SASRec"
claim("HR@10", *pair, over(*pair))

# %% tags=["claim"]
pair = "first-order chain", "first-order chain, shuffled training"
claim("HR@10", *pair, over(*pair, who="untied"))

# %% tags=["claim"]
pair = "SASRec", "SASRec, history shuffled"
claim("HR@10", *pair, over(*pair, who="untied"))

# %% [markdown]
# SASRec hits less often than the chain of counts, <!-- c1: lower -->
# and the weighted mean of vectors more often than SASRec. <!-- c2: higher -->
# Does order pay, or the site's pages? Who rated several films in the last second probably saw them on one page, and every model names their last film more often. But so does the popular list, which knows no order: these users are easier. Among the others, too, the chain trained on shuffled order loses, <!-- c3: higher -->
# and so does SASRec when its history is shuffled. <!-- c4: higher -->
# Why SASRec is behind we did not measure. The weighted mean shows that it is not learned vectors as such. Perhaps 800 users hold few longer patterns, so that attention has little to find; perhaps our settings are too few.

# %% [markdown] lang="zh"
# SASRec 的命中率低于靠计数的链，<!-- c1: lower -->
# 向量的加权平均则高于 SASRec。<!-- c2: higher -->
# 有用的是次序，还是网站的页面？最后一秒评了好几部的用户，看到的多半是同一页，每个模型都更容易猜中他们的最后一部。但不看次序的热门榜也一样：这些用户本来就好猜。看其余用户：链用打乱的次序训练，照样变差，<!-- c3: higher -->
# SASRec 的历史打乱也变差。<!-- c4: higher -->
# SASRec 为什么落后，没有测。从加权平均看，问题不在“学向量”本身。也许 800 名用户里没有多少更长的模式可供注意力去找，也许我们试的参数太少。

# %% [markdown]
# ## 3. What does a wider table buy?
# The two-tower network at three widths. *Effective rank* says over how many directions a table spreads. Each line: width, numbers in tables, HR@10, effective rank before training and after.

# %% [markdown] lang="zh"
# ## 3. 表加宽能买到什么？
# 双塔网络，三种维数。*有效秩*表示一张表铺开在多少个方向上。每行依次是：维数、表里的参数、HR@10、训练前和训练后的有效秩。

# %% tags=["figure"]
widths, name = (8, 32, 128), tower[0]
losses = [study.mean(name, "log loss", width=w) for w in widths]
fig = plots.lines(widths, {name: losses}, title=WIDER, xlabel=WIDTH, ylabel=LOSS,
                  log_x=True, xticks=widths)
plots.show(fig, alt=ALT_WIDER)
for w in widths:
    ranks = [study.mean(name, "effective rank", width=w, when=t)
             for t in ("start", "end")]
    hit = study.mean(name, "hr@10", who="all", width=w)
    table = study.mean(name, "parameters", width=w, kind="tables")
    print(f"{w} {table:,.0f} {hit:.3f}", *(f"{rank:.1f}" for rank in ranks))

# %% tags=["claim"]
found = study.compare((name, {"width": 128}), (name, {"width": 32}), "log loss")
sides = (name, "width=128"), (name, "width=32")
claim("log loss of the next film", *sides, found)

# %% [markdown]
# From 32 to 128 no difference is seen in the loss. <!-- c5: none -->
# Nothing collapsed. But a fresh random table spreads over all directions too, and training takes a few away: a high rank does not prove that the directions are of use. Collapse was reported for models that cross features at scale.
#
# ## 4. What a new item costs
# **By hand:** one head of SASRec's attention with its mask. Then your cache, one item after the other: the largest difference, and the shape of the keys kept.

# %% [markdown] lang="zh"
# 从 32 到 128，损失看不出差别。<!-- c5: none -->
# 没有塌缩。但刚初始化的随机表也铺满所有方向，训练反而去掉几个：有效秩高，不等于这些方向有用。塌缩是在大规模做特征交叉的模型里报告的。
#
# ## 4. 新来一个物品要算多少
# **手写：** SASRec 注意力的一个头，带掩码。再用你的缓存，一个物品一个物品地来：打印最大的差，以及留下的 key 的形状。

# %% tags=["from-scratch"]
head = SASRec(heads=1, width=8, dtype="float64")
drawn = head._initial(data, np.random.default_rng(SEED))
head.params_ = {k: torch.as_tensor(v) for k, v in drawn.items()}
x = torch.as_tensor(np.random.default_rng(SEED).normal(size=(2, 6, 8)))
q, k, v = (x @ head.params_[f"{n}_0"] for n in ("query", "key", "value"))
logits = q @ k.mT / 8**0.5
later = torch.ones(6, 6, dtype=torch.bool).triu(1)
read = torch.softmax(logits.masked_fill(later, -torch.inf), 2) @ v
by_hand = read @ head.params_["mix_0"]
print("agrees:", torch.allclose(by_hand, head.attend(x, 0), atol=1e-8))

# %% tags=["exercise"]
with mine("q03") as my:
    cache, steps = (k[:, :0], v[:, :0]), []
    for t in range(6):
        out, cache = my.cached_attention_step(q[:, t], k[:, t], v[:, t], cache)
        steps.append(out)
    print(f"{(torch.stack(steps, 1) - read).abs().max():.8f}", tuple(cache[0].shape))

# %% tags=["play"]
def cost(width=64, layers=2):
    t = np.array([10, 50, 100, 200, 400, 800])
    token = 4 * width**2 + 2 * width**2  # projections and a two-layer network, a place
    once = layers * (token + 2 * t * width)
    anew = layers * t * (token + 2 * t * width)
    both = {CACHED: once, ANEW: anew}
    return plots.lines(t, both, title=COST, xlabel=TOKENS, ylabel=FLOPS,
                       log_x=True, log_y=True, xticks=(10, 100, 800))


plots.play(cost, width=[16, 64, 256, 1024], layers=(1, 12), alt=ALT_COST)

# %% [markdown]
# ## 5. Learning in context
# A Transformer reads examples $(x, y)$ of an unknown $y = w \cdot x$ plus noise, four inputs, and answers for a new $x$; no weight changes. It was trained on $w \sim N(0, 1)$ and is also asked about $w$ twice as strong. Below the figure: its error over that of Bayes, inside and outside.

# %% [markdown] lang="zh"
# ## 5. 上下文学习
# Transformer 读若干样例 $(x, y)$，它们来自未知的 $y = w \cdot x$ 加噪声，四维输入，再回答新的 $x$，权重不变。训练时 $w \sim N(0, 1)$；也拿强度翻倍的 $w$ 问它。图下面是它的误差与贝叶斯之比，先是先验之内，再是之外。

# %% tags=["figure"]
lines, ks = load_study("in_context"), (1, 2, 4, 8, 16)
read_it = "in-context Transformer"
rows = {INSIDE: (read_it, "inside"), B_IN: ("Bayes", "inside"),
        OUTSIDE: (read_it, "outside"),
        B_OUT: ("Bayes with the training prior", "outside")}
curves = {label: [lines.mean(n, "excess", tasks=where, k=k) for k in ks]
          for label, (n, where) in rows.items()}
fig = plots.lines(ks, curves, title=READ, xlabel=EXAMPLES, ylabel=EXCESS, log_x=True,
                  log_y=True, xticks=ks)
plots.show(fig, alt=ALT_READ)
for pair in ((INSIDE, B_IN), (OUTSIDE, B_OUT)):
    print(*(f"{a / b:.1f}" for a, b in zip(*map(curves.get, pair))))

# %% [markdown]
# Inside its prior it stays below twice the error of the closed form. Outside, Bayes with the same wrong prior recovers as examples come in; the Transformer does not: ten times the error after 16. So the prior is not what fails; perhaps it meets numbers larger than any it was trained on. Ask of any model that learns in context: on which tasks was it trained, and are mine among them?
#
# ## 6. Text and language models
# Semantic ids write an item's vector as a few codes. Your `residual_quantize` with the books that k-means found:

# %% [markdown] lang="zh"
# 先验之内，误差不到闭式解的两倍。先验之外，贝叶斯用同样错误的先验，样例多了就能纠正；Transformer 不能：读过 16 个样例，误差是它的十倍。所以问题不在先验，也许是遇到了训练时没见过的大数值。对任何上下文学习的模型都要问：它在哪些任务上训练过？我的任务在不在里面？
#
# ## 6. 文本与语言模型
# 语义 ID 把物品向量写成几个编码。用你的 `residual_quantize`，码本由 k-means 求得：

# %% tags=["exercise"]
vectors = data.items[list(data.genres)].to_numpy(float)
vectors += np.random.default_rng(SEED).normal(0, 0.01, vectors.shape)
ids = semantic_ids(vectors, levels=3, codes=8, seed=SEED)
with mine("q03") as my:
    books = [torch.as_tensor(book) for book in ids.books]
    codes, told = my.residual_quantize(torch.as_tensor(vectors), books)
    print(bool((codes.numpy() == ids.codes[:, :3]).all()))
for item in (50, 181, 1, 71):
    row = int(np.flatnonzero(data.items["item_id"] == item)[0])
    print(data.items["title"].iloc[row], ids.codes[row].tolist())

# %% tags=["nbval-ignore-output"]
if available("encoder"):
    encoder, texts = SentenceEncoder(), item_texts(data)
    films = encoder.encode(texts)
    for asked in ("a film about space war", "给孩子看的动画片"):
        best = np.argsort(-(films @ encoder.encode([asked])[0]))[:4]
        print(asked, "→", "; ".join(data.items["title"].iloc[best]))
else:
    print("$ metarec data encoder")

# %% [markdown]
# Films that share their genres share their first codes. The encoder takes a wish in either language, not without slips; where only a command is printed, run it in a terminal to fetch the encoder. **Cold films:** a fifth of the films is hidden; a ridge for each user on features of the films that the user rated. Printed: mean absolute error in stars. **Language model** (135M parameters): ten liked titles in a prompt, twenty candidates by the likelihood of their titles, one of them a film that the user liked. Printed: mean reciprocal rank, the others drawn evenly and by popularity.

# %% [markdown] lang="zh"
# 类型相同的影片，前几个编码也相同。编码器听得懂中英文的描述，但也会出错；如果只打印了一条命令，在终端里运行它就能取到编码器。**冷启动影片：** 藏起五分之一的影片；用每个用户评过的影片的特征，给每人做一个岭回归。打印的是平均绝对误差（星）。**语言模型**（135M 参数）：提示词里写上用户喜欢的十部片名，二十个候选按片名的似然排序，其中一部是用户喜欢的。打印的是平均倒数排名：其余候选先是均匀抽取，再是按热度抽取。

# %%
texts = load_study("pretrained")
for n in ("the user's mean", "genres", "genres and year", "encoder without the year",
          "encoder with the year", "encoder, genres and year"):
    print(f"{texts.mean(n, 'cold error'):.3f}", glossary.say(n))
for n in ("random candidate", "language model that sees no likes", "language model",
          "encoder likeness", "most rated candidate"):
    rank = [texts.mean(n, "reciprocal rank", drawn=d)
            for d in ("evenly", "by popularity")]
    print(*(f"{r:.2f}" for r in rank), glossary.say(n))

# %% tags=["claim"]
pair = "encoder with the year", "genres and year"
claim("cold error", *pair, texts.compare(*pair, "cold error"))

# %% tags=["claim"]
pair = "encoder, genres and year", "genres and year"
draws = (texts.values(n, "cold error").values() for n in pair)
print(*(f"{a.mean() - b.mean():.4f}" for a, b in zip(*draws)))
claim("cold error", *pair, texts.compare(*pair, "cold error"))

# %% tags=["claim"]
pair = "language model", "most rated candidate"
found = texts.compare(*pair, "reciprocal rank", drawn="by popularity")
claim("reciprocal rank", *pair, found, at="candidates drawn by popularity")

# %% [markdown]
# The encoder alone shows no gain over genres with the year; <!-- c6: none -->
# beside them it helps, <!-- c7: lower -->
# in each of the five draws of cold films (printed), by less than the .008 star that this book calls small for such an error. The language model stays behind the most rated candidate, even where popularity draws the candidates. <!-- c8: lower -->
# But five fresh draws of users and candidates saw no difference there: −.028 [−.078, +.023]. Take it as open; all other claims held.
# A part of its score is there before it reads a single like. Of a large one this says nothing.

# %% [markdown] lang="zh"
# 单用编码器，比“类型加年份”看不出收益；<!-- c6: none -->
# 与它们合用有帮助，<!-- c7: lower -->
# 五次抽取冷启动影片都是如此（见打印），但不到本书对这种误差视为“小”的 .008 星。语言模型不如“选评分最多的候选”，即使候选是按热度抽的。<!-- c8: lower -->
# 不过把用户和候选重抽五次，那里看不出差别：−.028 [−.078, +.023]。这一点还不能下定论，其余结论都再次成立。
# 它的得分有一部分，在读到用户的任何喜好之前就有了。大模型如何，这里说明不了。

# %% [markdown] tags=["rubric"]
# #### English
# - [2] separates tables from dense layers: parameters, memory, compute, and which of them scales
# - [2] names the shapes: two-tower, crosses, causal attention, and what each is for
# - [2] says what a language model does: encoder, ranker, generator, and the weakness of each
# - [2] expects simple baselines to win on small data, and says how they were tuned and ranked
# - [1] knows serving: KV cache, latency, memory
# - [1] asks how ties, order and leakage make the benchmark easy
# #### 中文
# - [2] 区分表和 dense 层：参数、内存、计算，以及哪一个能 scale
# - [2] 说得出几种结构：双塔、特征交叉、因果注意力，各管什么
# - [2] 说清语言模型的用法：编码器、排序器、生成器，以及各自的弱点
# - [2] 预料到小数据上简单基线会赢，并说明怎样调参、怎样排序评估
# - [1] 懂上线：KV 缓存、延迟、内存
# - [1] 会问并列、次序和泄漏怎样让基准变容易

# %% [markdown] tags=["pitfalls"]
# #### English
# - **"Large means many parameters."** → Most stand in a table that an example reads a few rows of. Say compute an example, too.
# - **"Transformers beat Markov chains."** → Not here. <!-- c1: lower -->
#   With 10⁹ sessions it is another question.
# - **"It adapts in context, so it needs no meta-learning."** → It is meta-learning, on the tasks of its training; outside them it ended far behind Bayes with the same prior (section 5).
# - **"OneRec cut cost by 10.6 %."** → Its cost is 10.6 % *of* the old pipeline's, by its report. MTGR's 65 times is compute it *spends*.
# - **"The encoder solves cold start."** → Give the table the year first: then the encoder alone shows no gain. <!-- c6: none -->
# #### 中文
# - **“大就是参数多。”** → 参数大多在表里，一个样本只读几行。还要说每个样本的计算量。
# - **“Transformer 胜过马尔可夫链。”** → 在这里并没有。<!-- c1: lower -->
#   有 10⁹ 次会话时是另一回事。
# - **“它能在上下文里适应，用不着元学习。”** → 那就是元学习，任务来自它的训练；出了这个范围，它远不如用同一先验的贝叶斯（第 5 节）。
# - **“OneRec 把成本降了 10.6%。”** → 按其报告，成本*是*旧链路的 10.6%。MTGR 的 65 倍是它*多花*的计算量。
# - **“编码器解决冷启动。”** → 先给表格加上年份再比：这时单用编码器看不出收益。<!-- c6: none -->

# %% [markdown] tags=["follow-ups"]
# #### English
# <details><summary>Why does a bigger model not win on your 100,000 ratings?</summary>
# My guess: the next film depends mostly on the last few. A chain counts just that, a weighted mean of vectors has it built in, a Transformer must learn it from 800 users; also, its search was short. The test is the learning curve: if the gap
# closes with users, wait for data; if not, look at the loss and the settings.</details>
# <details><summary>HSTU against DIN and DLRM: what is dropped, what replaces it?</summary>
# Hand-made features and feature crosses are dropped; the whole history of actions becomes one sequence, target included, trained on every position. Softmax becomes a pointwise SiLU, to keep the intensity of interest; the public code then normalises the sum (q22). Reported online +12.4 %. MTGR
# keeps the crosses on top.</details>
# <details><summary>10⁹ item ids, half of them new this week: hash, collisionless, or semantic ids?</summary>
# Collisionless with admission and expiry for the head, where memory allows (Monolith's way). Hashing shares rows at random. Semantic ids share rows by content: YouTube reports that plain content vectors in place of ids lost quality and semantic ids did
# not. Keep both: an id row for those with data, codes for all.</details>
# <details><summary>Would OneRec replace your cascade?</summary>
# Not this quarter. It served a quarter of Kuaishou's queries in 2025 by its report, with hardware to match. What transfers: one objective for recall and ranking, codes as vocabulary, preference tuning. First ask for calibration, for ads and for cold items, where the
# cascade's stages have owners.</details>
# <details><summary>Can a language model do the fine ranking?</summary>
# Offline as a teacher or for features, yes. Online each candidate costs tokens; the prompt's order and popular titles bias it; and public benchmarks may be in its training text. Here a small one stayed behind counts, not clearly so on fresh draws; <!-- c8: lower -->
# a large one I have not measured.</details>
# #### 中文
# <details><summary>为什么在你的十万条评分上，更大的模型赢不了？</summary>
# 我的猜测：下一部主要取决于最近几部。链数的正是这个，加权平均天生就看这个，而 Transformer 要从八百名用户里学出来；它的参数也试得少。要看学习曲线：用户变多差距缩小，就等数据；不缩小，就查损失函数和参数。</details>
# <details><summary>HSTU 与 DIN、DLRM 相比，去掉了什么，换成了什么？</summary>
# 去掉手工特征和特征交叉；整段行为连同目标变成一个序列，每个位置都训练。softmax 换成逐点 SiLU，为的是保留兴趣强度；公开代码随后又做了归一化（q22）。论文报告线上 +12.4%。MTGR 则保留了交叉特征。</details>
# <details><summary>10⁹ 个物品 id，一半是本周新的：哈希、无碰撞 embedding 表，还是语义 ID？</summary>
# 头部用无碰撞表，加准入和过期，只要内存放得下（Monolith 的做法）。哈希是随机共用一行；语义 ID 按内容共用：YouTube 报告，直接用内容向量代替 id 会掉效果，语义 ID 不会。两者并用：有数据的保留 id 行，所有物品都有编码。</details>
# <details><summary>OneRec 会取代你的级联吗？</summary>
# 这个季度不会。按其 2025 年的报告，它承接快手四分之一的请求，硬件也是配套的。能搬过来的是：召回和排序用同一个目标、用编码作词表、偏好对齐。先问清校准、广告和冷启动物品，这些在级联里各有负责人。</details>
# <details><summary>语言模型能做精排吗？</summary>
# 离线当老师、出特征，可以。线上每个候选都要花 token；提示里的顺序和热门片名会带来偏差；公开基准可能就在它的训练语料里。这里的小模型不如计数，换一批抽样则看不出；<!-- c8: lower -->
# 大模型我没有测。</details>

# %% [markdown] tags=["exercise"]
# ## Your turn
# Write three functions in [`exercises/q03_what_are_large_models.py`](../exercises/q03_what_are_large_models.py), about 28 minutes:
#
# - `count_parameters`: tables and dense layers.
# - `cached_attention_step`: causal attention, one token after the other.
# - `residual_quantize`: a vector as a few codes.
#
# Then run the cell below. Stuck? In the cell after it, take the `#` away and run: each run gives the next of three hints.

# %% [markdown] lang="zh"
# ## 动手
# 在 [`exercises/q03_what_are_large_models.py`](../exercises/q03_what_are_large_models.py) 里写三个函数，大约 28 分钟：
#
# - `count_parameters`：表和 dense 层各有多少参数。
# - `cached_attention_step`：因果注意力，一个 token 接一个 token。
# - `residual_quantize`：把向量写成几个编码。
#
# 写完运行下面的单元格。卡住了？把再下面那个单元格里的 `#` 去掉再运行：每运行一次给出下一条提示，共三条。

# %% tags=["exercise"]
from metarec_lib import check, what_was_measured

check("q03")

# %% tags=["exercise"]
# from metarec_lib import hint; hint("q03", "count_parameters")

# %% tags=["measured"]
what_was_measured()

# %% [markdown] tags=["references"]
# **Read first · 先读：** Kang & McAuley (2018), [*Self-Attentive Sequential Recommendation*](https://arxiv.org/abs/1808.09781), ICDM: SASRec.
#
# - Zhai et al. (2024), [*Actions Speak Louder than Words: Trillion-Parameter Sequential Transducers for Generative Recommendations*](https://arxiv.org/abs/2402.17152), ICML: HSTU.
# - Guo et al. (2024), [*On the Embedding Collapse when Scaling up Recommendation Models*](https://arxiv.org/abs/2310.04400), ICML; Zhang et al. (2024), [*Wukong: Towards a Scaling Law for Large-Scale Recommendation*](https://arxiv.org/abs/2403.02545), ICML.
# - Rajput et al. (2023), [*Recommender Systems with Generative Retrieval*](https://arxiv.org/abs/2305.05065), NeurIPS: TIGER; Singh et al. (2024), [*Better Generalization with Semantic IDs: A Case Study in Ranking for Recommendations*](https://arxiv.org/abs/2306.08121), RecSys: YouTube.
# - Zhou et al. (2025), [*OneRec Technical Report*](https://arxiv.org/abs/2506.13695), arXiv; Han et al. (2025), [*MTGR: Industrial-Scale Generative Recommendation Framework in Meituan*](https://arxiv.org/abs/2505.18654), arXiv; Liu et al. (2022), [*Monolith: Real Time Recommendation System With Collisionless Embedding Table*](https://arxiv.org/abs/2209.07663), arXiv.
# - Hou et al. (2024), *Large Language Models are Zero-Shot Rankers for Recommender Systems*, ECIR: position and popularity bias; Di Palma et al. (2025), *Do LLMs Memorize Recommendation Datasets? A Preliminary Study on MovieLens-1M*, SIGIR.
# - Petrov & Macdonald (2023), *gSASRec: Reducing Overconfidence in Sequential Recommendation Trained with Negative Sampling*, RecSys: gBCE.
# - Garg, Tsipras, Liang & Valiant (2022), [*What Can Transformers Learn In-Context? A Case Study of Simple Function Classes*](https://arxiv.org/abs/2208.01066), NeurIPS.
# - Yang et al. (2020), [*Multilingual Universal Sentence Encoder for Semantic Retrieval*](https://arxiv.org/abs/1907.04307), ACL demonstrations; Ben Allal et al. (2025), [*SmolLM2: When Smol Goes Big*](https://arxiv.org/abs/2502.02737), arXiv: the language model.
