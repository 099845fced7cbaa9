# %% [markdown]
# # q24 · What is adversarial training here, and what does it defend?
#
# First say who can change what. Then the defence is often a loss function, and seldom a perturbed embedding.

# %% [markdown] lang="zh"
# # q24 · 推荐里的对抗训练是什么？它到底防住了什么？
#
# 先说清楚谁能改什么。说清之后，防御往往只是换一个损失函数，很少是去扰动 embedding。

# %% [markdown] tags=["question"]
# #### English
# Merchants buy fake ratings to lift a film. How do you find them and keep them out of training? A colleague proposes APR, which perturbs embeddings while training:
# what does it defend? And the last one: remove gender from a user vector and prove that it is gone.
# #### 中文
# 有人刷假评分来抬一部影片，你怎么识别、怎么不让它们进训练？同事提议用 APR，在训练时扰动 embedding：它到底防什么？最后一问：从用户向量里去掉性别信息，并证明确实去掉了。
#
# level: senior · minutes: 3 · needs: q01, q06, q07 · topics: robustness, shilling, erasure, adversarial training

# %% [markdown] tags=["answer-short"]
# #### English
# I begin with the threat model: who changes which input? For a meta-learned user it is the support. The worst change of one rating of five does far more harm than a random change, <!-- c2: higher -->
# and a Huber loss in the head takes nearly half of the harm away. <!-- c1: lower -->
# APR perturbs parameters, which no attacker can touch. I count it as regularisation, and it pays in nDCG. <!-- c4: higher -->
# Fake profiles are found only if they look as the detector expects. For erasure I trust a fresh probe, never the adversary of training:
# LEACE removes what a linear probe reads <!-- c7: lower -->
# and promises no more.
# #### 中文
# 我先讲威胁模型：谁能改哪个输入？对元学习的用户来说，就是支持集。五条评分里改最坏的一条，危害远大于随机改一条；<!-- c2: higher -->
# 在预测头里换用 Huber 损失，能消除近一半的危害。<!-- c1: lower -->
# APR 扰动的是参数，攻击者碰不到参数。我把它看作正则化，它确实提高了 nDCG。<!-- c4: higher -->
# 虚假用户只有符合检测器的假设才查得出来。至于去除信息，我只信重新训练的探针，不信训练时的那个对手（对抗分类器）：LEACE 去掉了线性探针能读到的部分，<!-- c7: lower -->
# 此外不作任何保证。

# %% [markdown] tags=["answer-full"]
# **Threat model first.** Who can change what, knowing what, how much? Three are real here: a user's few ratings (the support), whole fake profiles
# (shilling), and item text that a language model reads (prompt injection). Parameters are not on the list.
#
# **Adversarial training** is a min–max problem:
#
# $$\min_\theta\; \mathbb{E}\; \max_{\|\delta\| \le \varepsilon} L(\theta, x + \delta)$$
#
# FGSM takes one step $\varepsilon\,\mathrm{sign}(g)$; PGD takes several and projects back. In meta-learning one may attack the query while training (adversarial querying,
# Goldblum et al. 2020). For a closed-form head no search is needed: its scores are linear in the ratings, so the error is a convex parabola in each of them and the worst
# value is an end of the scale. Two candidates a rating give the exact answer.
#
# **What it costs.** With five ratings the worst change of one is far worse than a random change: by definition not better, by how much is measured. <!-- c2: higher -->
# Huber's loss lets the pull of one rating grow only up to a threshold. It wins nearly half of the harm back, <!-- c1: lower -->
# and at five clean ratings no price is seen. <!-- c3: none -->
#
# **APR** (He et al. 2018) moves the embeddings by $\varepsilon\, g / \|g\|_2$ while training. It ranks better than a BPR with tuned weight decay, <!-- c4: higher -->
# and films pushed by fake profiles stand lower in its lists, though higher than before the attack. <!-- c5: lower -->
# I call it regularisation, not a defence. That is a reading: Chen et al. (2023) see sharpness-aware minimisation in it.
#
# **Erasure.** Gradient reversal trains an adversary and climbs its loss. The trap: no difference from chance is seen for the adversary of training, and a fresh probe of
# the same kind reads more than it. <!-- c6: higher -->
# LEACE takes the linear part out in closed form, <!-- c7: lower -->
# and promises nothing about other probes.
#
# **GANs** (IRGAN, CFGAN) let a generator propose items and a discriminator judge them. An evaluation of CFGAN (Pérez Maurera et al. 2022) reports that simple tuned baselines do
# better. Measured here: the same generator with and without its discriminator. At the best of three weights, the smallest, the discriminator made nDCG a little lower. <!-- c8: lower -->

# %% [markdown] tags=["zh"]
# **先讲威胁模型。** 谁能改什么、知道什么、能改多少？这里真实存在的有三种：用户的那几条评分（支持集）；成批伪造的用户（托攻击，也就是刷评）；大模型会读到的物品文本（提示词注入）。参数不在其中。
#
# **对抗训练**是一个极小极大问题：
#
# $$\min_\theta\; \mathbb{E}\; \max_{\|\delta\| \le \varepsilon} L(\theta, x + \delta)$$
#
# FGSM 只走一步 $\varepsilon\,\mathrm{sign}(g)$；PGD 走多步，每步投影回球内。元学习里可以在训练时攻击查询集（adversarial querying，Goldblum 等，2020）。闭式解预测头不必搜索：
# 得分对评分是线性的，误差对每条评分都是一条开口向上的抛物线，最坏的取值必在评分区间的某一端。每条评分只有两个候选，答案是精确的。
#
# **代价有多大。** 五条评分时，最坏的改动远比随机改一条有害：按定义它不会更轻，重多少才是测出来的。<!-- c2: higher -->
# Huber 损失让单条评分的影响到阈值就封顶，能消除近一半的危害，<!-- c1: lower -->
# 五条干净评分上看不出代价。<!-- c3: none -->
#
# **APR**（He 等，2018）训练时把 embedding 沿 $\varepsilon\, g / \|g\|_2$ 移动。它的排序好于调过权重衰减的 BPR，<!-- c4: higher -->
# 被虚假用户推的影片在它的列表里排得靠后一些，但仍比攻击之前靠前。<!-- c5: lower -->
# 我称之为正则化，算不上防御。这是一种解读：Chen 等（2023）把它解读为锐度感知最小化（SAM）。
#
# **去除信息。** 梯度反转训练一个对手，同时让编码器抬高它的损失。陷阱在于：训练时的对手看不出与随机有差别，同一类的新探针却读得出更多。<!-- c6: higher -->
# LEACE 用闭式解去掉线性部分，<!-- c7: lower -->
# 对其他探针不作保证。
#
# **GAN**（IRGAN、CFGAN）让生成器提议物品、判别器评判。对 CFGAN 的一项复核（Pérez Maurera 等，2022）报告说，调好的简单基线更好。这里测了同一个生成器带与不带判别器：判别器的权重试了三个，最好的是最小的那个，加上之后 nDCG 仍略降。<!-- c8: lower -->

# %% [markdown]
# ## 1. One of five ratings
# The closed-form head learns from other users. Now a new user gives five ratings, and an attacker may change one of them. The score of every film is linear in these ratings,
# $\hat y = b + Hr$. Move rating $k$ by $d$: every error becomes $e_q + d\,H_{qk}$, and the mean square is a parabola in $d$. Below is the user in the middle of those that judge.

# %% [markdown] lang="zh"
# ## 1. 五条评分里的一条
# 闭式解预测头从其他用户学好。新用户给出五条评分，攻击者可以改其中一条。每部影片的得分对评分是线性的，$\hat y = b + Hr$。把第 $k$ 条移动 $d$，每个误差变成 $e_q + d\,H_{qk}$，
# 均方误差是 $d$ 的抛物线。下面是评估用户里受害程度居中的那一位。

# %%
import numpy as np
import torch
from metarec_lib import MetaLearningModel, inject_profiles, mine, plots, poison_support
from metarec_lib import claim, detect_profiles, evaluate_tasks, load_study, make_tasks
from metarec_lib import HuberHead, load_movielens, seed, split_users, support_effect
from metarec_lib.workbook.core import glossary

SEED = seed()

# %% tags=["figure"]
TEXTS = {
    "said": ("rating", "评分"),
    "attacked": ("after the attack", "攻击之后"),
    "trust": ("Huber weight then", "此时的 Huber 权重"),
    "none": ("below a pushed film, no fakes", "被推影片之后的比例，无虚假用户"),
    "bandwagon": ("below a pushed film, with fakes", "被推影片之后的比例，有虚假用户"),
    "restored": ("variance that can be decoded", "可解码的方差比例"),
    "one": ("Error on the user's other films", "这名用户其余影片上的误差"),
    "value": ("what one of the five ratings says (stars)", "五条评分之一改成几星"),
    "mse": ("squared error (stars²)", "平方误差（星²）"),
    "alt one": (
        "Squared error against the value of one rating, for the closed-form head and the Huber head: a parabola, and a flatter curve.",
        "平方误差随一条评分取值的变化：闭式解预测头是抛物线，Huber 预测头的曲线更平。",
    ),
    "errors": ("One rating of K is changed", "K 条评分里改动一条"),
    "K": ("K, ratings of the new user", "K：新用户的评分数"),
    "alt errors": (
        "Squared error against K: highest for the head under the worst change, much lower for the Huber head, lowest without attack.",
        "平方误差随 K 的变化：受最坏改动的预测头最高，Huber 预测头低得多，没有攻击时最低。",
    ),
    "random": ("random rating", "随机一条"),
    "found": ("share of the fakes removed", "虚假用户被剔除的比例"),
    "genuine": ("genuine among the removed", "被剔除者中的真实用户比例"),
    "kind average": ("average", "平均值型"),
    "kind bandwagon": ("bandwagon", "跟风型"),
    "film": ("Films that fake profiles push", "被虚假用户推的影片"),
    "stars": ("predicted rating (stars)", "预测评分（星）"),
    "alt film": (
        "Bars of the predicted rating of pushed films: high after both attacks; after cleaning near the start again for average profiles, unchanged for bandwagon ones.",
        "被推影片的预测评分条形图：两种攻击后都很高；剔除可疑用户后，平均值型回到原来附近，跟风型没有变化。",
    ),
    "gender": ("Who can read gender from the vector?", "谁能从向量里读出性别？"),
    "strength": ("strength λ of the reversal", "梯度反转的强度 λ"),
    "auc": ("AUC above chance", "AUC 高出随机多少"),
    "alt gender": (
        "Three panels of the AUC above chance against the strength: all fall to a low at strength 1; beyond it the fresh probes read more again.",
        "三幅图，AUC 高出随机的部分随强度的变化：强度为 1 时都降到最低，再大新探针又读得出来。",
    ),
}
PROBES = {
    "own": ("adversary of training", "训练时的对手"),
    "linear": ("fresh linear probe", "新的线性探针"),
    "MLP": ("fresh MLP probe", "新的 MLP 探针"),
}

# %%
data = load_movielens("ml-100k")
learning, tuning, judging = split_users(data, seed=SEED)
train = data.subset(np.isin(data.ratings["user_id"], learning))
head = MetaLearningModel(seed=SEED).fit(train)
tasks = make_tasks(data, judging, k=5, pool=20, seed=SEED)


def error_of(model, some):
    return evaluate_tasks(model, some, ("rmse",))["rmse"].to_numpy() ** 2


# %%
attacked = poison_support(head, tasks, data.scale)
harm = error_of(head, attacked) - error_of(head, tasks)
user = int(np.argsort(harm, kind="stable")[len(harm) // 2])
one, changed = (part.select(slice(user, user + 1)) for part in (tasks, attacked))
titles = data.items["title"].iloc[one.support.items[0].tolist()]
trust = HuberHead(head, 1.0).weights(changed.support)
shown = {"said": one.support.values, "attacked": changed.support.values, "trust": trust}
frame = titles.to_frame("title").set_index("title")
for name, column in shown.items():
    frame[plots.words(TEXTS[name])] = column[0].cpu().numpy()
plots.table(frame, digits=2)

# %% [markdown]
# **By hand.** The library compares $2K$ candidates in closed form. Here each is really tried: change the rating, solve the user again, measure.

# %% [markdown] lang="zh"
# **手写核对。** 库用闭式解比较 $2K$ 个候选。这里把每个候选真的试一遍：改评分，重新解出用户，再量误差。

# %%
def error_with(model, values):  # (N, 5): the same user with N supports
    many = one.select([0] * len(values))
    known = many.support.items, values, many.support.mask
    state = model.adapt(type(many.support)(many.users, *known))
    miss = (model.score(state, many.query) - many.query.values) * many.query.mask
    return (miss**2).sum(1) / many.query.counts


# %% tags=["from-scratch"]
said, place = one.support.values, torch.arange(5, device=one.users.device)
ends, rating = said.new_tensor(data.scale).repeat_interleave(5), place.repeat(2)
score = head.score(head.adapt(one.support), one.query)
candidates = torch.where(place == rating[:, None], ends[:, None], said)
tried = error_with(head, candidates)  # (10,), each solved anew
error = (score - one.query.values)[one.query.mask]
effect = support_effect(head, one)[one.query.mask]  # H, (Q, K); error is e, (Q,)
moved = (ends - said[0, rating]) * effect[:, rating]  # d H, (Q, 10)
formula = ((error[:, None] + moved) ** 2).mean(0)
worst = error_with(head, changed.support.values)[0]
print("agrees:", torch.allclose(tried, formula) and bool(tried.max() <= worst + 1e-9))
print(f"{tried.max():.3f} {worst:.3f}")

# %% tags=["play", "nbval-ignore-output"]
def with_rating(rating=4, threshold=1.0):
    stars, curves = torch.linspace(*data.scale, 17).to(said), {}
    values = said.repeat(17, 1)
    values[:, rating - 1] = stars
    for name, model in (("head", head), ("Huber head", HuberHead(head, threshold))):
        curves[glossary.say(name)] = error_with(model, values).tolist()
    axes = {"xlabel": TEXTS["value"], "ylabel": TEXTS["mse"]}
    return plots.lines(stars.tolist(), curves, title=TEXTS["one"], **axes)


plots.play(with_rating, rating=(1, 5), threshold=(0.2, 3.0, 0.1), alt=TEXTS["alt one"])

# %% [markdown] tags=["expect"]
# **What do you expect?** A random rating goes to the other end of the scale; or the worst one does. How much worse is the worst? And a head that trusts no single rating: what does it cost when nobody
# attacks?

# %% [markdown] lang="zh"
# **你猜结果如何？** 随机一条评分被改到评分区间的另一端，或者最坏的那一条被改。最坏的能坏多少？一个不完全相信任何单条评分的预测头，没人攻击时代价又是多少？

# %% [markdown]
# Huber's threshold is chosen for each K on *clean* ratings of tuning users: it never sees an attack. "Worst" knows the answers, so it bounds every attacker; each model meets the change that is worst for itself.
# The third table is the harm at five ratings: the error under attack minus the error without. Below it stand the thresholds that the five splits chose.

# %% [markdown] lang="zh"
# Huber 的阈值对每个 K 都在调参用户的*干净*评分上选，从没见过攻击。“最坏”的攻击者知道答案，因此是所有攻击者的上界；每个模型面对的都是对它自己最坏的改动。
# 第三张表是五条评分时的危害：受攻击时的误差减去没有攻击时的误差。表下是五次划分各自选出的阈值。

# %%
study, sizes, both = load_study("q24"), (3, 5, 10, 20), ("head", "Huber head", "bias")
for attack in ("none", "error"):
    errors = study.table(both, "mse", by="k", attack=attack).rename(index=glossary.say)
    plots.table(errors.rename_axis(glossary.say(f"attack={attack}")))

# %%
rows, ways = {}, ("none", "random", "error")
for name in both[:2]:
    clean, *hit = (study.mean(name, "mse", k=5, attack=a) for a in ways)
    row = {glossary.say(f"attack={a}"): v - clean for a, v in zip(ways[1:], hit)}
    rows[glossary.say(name)] = row
plots.table(frame.from_dict(rows, orient="index"))
for k in sizes:
    chosen = study.values("Huber head", "threshold", k=k).values()
    print(f"K = {k}", sorted(float(value.iloc[0]) for value in chosen))

# %% tags=["figure"]
curves = {}
for name, attack in (("head", "error"), ("head", "random"), ("Huber head", "error"),
                     ("Huber head", "none"), ("head", "none")):
    short = glossary.say(f"attack={attack}")
    short = plots.words(TEXTS["random"]) if attack == "random" else short
    label = f"{glossary.say(name)}: {short}"
    curves[label] = [study.mean(name, "mse", k=k, attack=attack) for k in sizes]
axes = {"xlabel": TEXTS["K"], "ylabel": TEXTS["mse"], "xticks": sizes}
fig = plots.lines(sizes, curves, title=TEXTS["errors"], **axes)
plots.show(fig, alt=TEXTS["alt errors"])

# %% tags=["claim"]
found = study.compare("Huber head", "head", "mse", k=5, attack="error")
claim("squared error", "Huber head", "closed-form head", found, headline=True)

# %% tags=["claim"]
sides = ("head", {"attack": "error"}), ("head", {"attack": "random"})
plain = "closed-form head"
names = (plain, "worst rating"), (plain, "one rating at random")
claim("squared error", *names, study.compare(*sides, "mse", k=5))

# %% tags=["claim"]
found = study.compare("Huber head", "head", "mse", k=5, attack="none")
claim("squared error", "Huber head", "closed-form head", found)

# %% [markdown]
# The worst change of one rating in five costs nearly three times as much as a random one. <!-- c2: higher -->
# The Huber head wins nearly half of it back, <!-- c1: lower -->
# without having seen an attack, and no price is seen on clean ratings. <!-- c3: none -->
# More stands in the tables. At every K the shrunken bias under its own worst change has a smaller error than the head under its own: what personalises can be pulled. At ten ratings the bias is below the
# Huber head too. And at three ratings two splits chose the lowest threshold of the grid, so a lower one might do better there.
#
# **An attack on all five at once.** Your `fgsm_perturbation` moves every rating by half a star along the sign of the gradient, as far as the scale allows:

# %% [markdown] lang="zh"
# 五条里最坏的一条改动，代价接近随机改一条的三倍。<!-- c2: higher -->
# Huber 预测头没见过任何攻击，却消除了近一半的危害，<!-- c1: lower -->
# 在干净评分上也看不出代价。<!-- c3: none -->
# 表里还有几点。各自受最坏改动时，收缩偏置的误差在每个 K 上都比预测头小：能个性化，就能被拉偏。十条评分时，它的误差也小于 Huber 预测头。另外，三条评分时有两次划分选了网格里最低的阈值，再低一些也许更好。
#
# **五条同时攻击。** 用你写的 `fgsm_perturbation`，沿梯度的符号把每条评分移动半星，但不超出评分区间：

# %% tags=["exercise"]
with mine("q24") as my:
    gradient = 2 * (error @ effect)[None] / len(error)
    moved = (said + my.fgsm_perturbation(gradient, 0.5, "inf")).clamp(*data.scale)
    print(np.round(error_with(head, torch.cat([said, moved])).cpu().numpy(), 3))

# %% [markdown]
# ## 2. Perturbed embeddings
# APR adds to BPR's loss the same loss with the worst small change of the vectors. BPR's decay (five values), APR's decay and $\varepsilon$ (eight pairs) are chosen on the tuning users of one split. Then three questions: clean lists, tables
# moved by ten steps of PGD (APR met one step while training), and a real attack, 47 fake profiles that all like eight unloved films.

# %% [markdown] lang="zh"
# ## 2. 扰动 embedding
# APR 在 BPR 损失之外，再加上向量受到最坏小扰动时的同一损失。BPR 的权重衰减（五个值）、APR 的衰减和 $\varepsilon$（八组）都在一次划分的调参用户上选。然后问三件事：干净的列表；参数被 PGD 走十步扰动之后（APR 训练时只见过一步）；
# 以及一次真实的攻击：47 个虚假用户，都喜欢八部冷门的差评影片。

# %%
rows, low = {}, "BPR, weak decay"
for name in ("BPR", "APR", low):
    ways = ("as trained",) if name == low else ("as trained", "random", "pgd")
    row = {w: study.mean(name, "ndcg@10", tables=w) for w in ways}
    row |= {w: study.mean(name, "pushed", profiles=w) for w in ("none", "bandwagon")}
    rows[glossary.say(name)] = row
heads = {w: glossary.say(f"tables={w}") for w in ("as trained", "random", "pgd")}
heads |= {w: plots.words(TEXTS[w]) for w in ("none", "bandwagon")}
plots.table(frame.from_dict(rows, orient="index").rename(columns=heads))

# %% tags=["claim"]
found = study.compare("APR", "BPR", "ndcg@10", tables="as trained")
claim("nDCG@10", "APR", "BPR", found)

# %% tags=["claim"]
places = {"ndcg@10": {"tables": "as trained"}, "pushed": {"profiles": "bandwagon"}}
for metric, at in places.items():
    ours, theirs = (study.values(m, metric, **at) for m in ("APR", "BPR"))
    by_split = [ours[i].mean() - theirs[i].mean() for i in ours]
    print(glossary.say(metric), [f"{value:+.4f}" for value in by_split])
found = study.compare("APR", "BPR", "pushed", profiles="bandwagon")
claim("share of films below a pushed one", "APR", "BPR", found)

# %% [markdown]
# On clean data APR ranks better than a tuned BPR. <!-- c4: higher -->
# After the injection the pushed films stand lower in APR's lists than in BPR's, <!-- c5: lower -->
# and still higher than before it. These intervals cover users. Each split has one fit and its own eight films, so the lines above the second claim list the five splits: on pushed films all agree,
# in nDCG two of them lie inside the .005 that this book calls small.
#
# BPR with APR's weak decay stands between the two on pushed films: part of that difference is the decay, not the perturbation. In nDCG the weak decay alone ranks worst. The column of PGD proves little: APR was
# trained for nearly this attack, and the same step matters less where vectors are longer (their lengths were not measured).
#
# ## 3. Fake profiles
# One film at a time, 47 profiles, 40 fillers each; the rating is predicted by the baseline, the film's shrunken mean. The detector asks how much of a user's ratings the twenty leading components of all users
# explain. The 70 most suspicious users are removed, which takes some idea of how many are fake. An *average* profile rates random films at their means. A *bandwagon* profile loves the most popular films.

# %% [markdown] lang="zh"
# 在干净数据上，APR 的排序好于调好的 BPR。<!-- c4: higher -->
# 注入之后，被推影片在 APR 的列表里比在 BPR 里排得靠后，<!-- c5: lower -->
# 但仍比注入之前靠前。这些区间只覆盖用户的差异。每次划分只训练一次，推的是各自的八部影片，所以第二条结论上方逐次列出五次划分：被推影片上五次一致；nDCG 上有两次落在本书视为“小”的 .005 以内。
#
# 在被推影片上，与 APR 同样弱衰减的 BPR 介于两者之间：差距有一部分来自权重衰减，而不是扰动。看 nDCG，只用弱衰减反而最差。PGD 那一列说明不了多少：APR 训练时防的几乎就是这种攻击；
# 而且同样大小的扰动，对更长的向量影响更小（向量长度没有测）。
#
# ## 3. 虚假用户
# 每次推一部影片，47 个虚假用户，每人另评 40 部作掩护；预测评分用基线，也就是影片的收缩均值。检测器看一个用户的评分有多少能被全体用户的前二十个主成分解释，然后剔除最可疑的 70 人；
# 要定这个数，得大致知道有多少假用户。*平均值型*随机选片、按各片均值打分；
# *跟风型*给最热门的影片打满分。

# %%
film, share, rows = data.items["item_id"].iloc[[933]], [], {}
for kind in ("average", "bandwagon"):
    fakes = inject_profiles(train, film, 47, 40, kind, seed=SEED)
    out = np.argsort(-detect_profiles(fakes).to_numpy(), kind="stable")[:70]
    share.append((kind, int((out >= train.n_users).sum())))
    row = {w: study.mean("detector", w, profiles=kind) for w in ("found", "genuine")}
    told = {plots.words(TEXTS[w]): row[w] for w in row}
    rows[glossary.say(f"profiles={kind}")] = told
print(data.items["title"].iloc[933], train.n_users, fakes.n_users, share)
plots.table(frame.from_dict(rows, orient="index"), digits=2)

# %% tags=["figure"]
start = "before the attack"
means = {glossary.say(start): study.mean(start, "predicted")}
for kind in ("average", "bandwagon"):
    for stage in ("after", "cleaned"):
        label = f"{plots.words(TEXTS[f'kind {kind}'])}: {glossary.say(stage)}"
        means[label] = study.mean(stage, "predicted", profiles=kind)
fig = plots.bars(means, title=TEXTS["film"], xlabel=TEXTS["stars"])
plots.show(fig, alt=TEXTS["alt film"])

# %% [markdown]
# Average profiles are nearly all found; more than a third of those removed are genuine users all the same, since 70 leave and 47 are fake. Of the bandwagon none is found, and every user removed is genuine. A
# guess: the leading components explain well who likes what everybody likes. A detector is a model of one attacker.
#
# ## 4. Take gender out, and prove it
# Here 16 numbers stand for a user, encoded from which films the user rated. A linear adversary reads gender through a gradient reversal. Controls: λ = 0 (the adversary only watches), λ < 0 (it is
# helped), and above all *fresh* probes, a linear one and an MLP, trained afterwards on the frozen vectors.

# %% [markdown] lang="zh"
# 平均值型几乎全被查出；但剔除的人里仍有三分之一以上是真实用户，因为剔除了 70 人，而假的只有 47 个。跟风型一个也没查出来，剔除的全是真实用户。一个猜测：喜欢大家都喜欢的影片，主成分恰好解释得好。
# 一个检测器，针对的只是一种攻击者。
#
# ## 4. 去掉性别，并证明确实去掉了
# 由“评过哪些影片”编码出 16 个数代表一名用户。线性的对手隔着梯度反转读性别。对照有三：λ = 0（对手只旁观）、λ < 0（帮对手）；最要紧的是*重新训练的*探针，线性和 MLP 各一个，在冻结的向量上事后训练。

# %% tags=["figure"]
strengths, panels = (-1, 0, 0.3, 1, 3, 10), {}
codes = [f"reversal {strength:g}" for strength in strengths]
for probe, label in PROBES.items():
    found = [study.compare(code, 0.5, "auc", probe=probe) for code in codes]
    half = [(f.interval[1] - f.interval[0]) / 2 for f in found]
    panels[label] = [f.mean for f in found], half
axes = {"xlabel": TEXTS["strength"], "ylabel": TEXTS["auc"]}
fig = plots.bands(strengths, panels, title=TEXTS["gender"], **axes)
plots.show(fig, alt=TEXTS["alt gender"])

# %%
rows = {}
for name in (codes[1], codes[3], codes[5], "reversal 1, five steps", "LEACE"):
    row = {plots.words(TEXTS["restored"]): study.mean(name, "restored")}
    for probe in ("linear", "MLP"):
        row[glossary.say(f"probe={probe}")] = study.mean(name, "auc", probe=probe)
    rows[glossary.say(name)] = row
plots.table(frame.from_dict(rows, orient="index"), digits=2)
found = study.compare("LEACE", "reversal 1, five steps", "auc", probe="linear")
print(f"{found.mean:+.3f} [{found.interval[0]:+.3f}, {found.interval[1]:+.3f}]")

# %% tags=["claim"]
sides = ("reversal 1", {"probe": "linear"}), ("reversal 1", {"probe": "own"})
fooled = "gradient reversal, strength 1"
names = (fooled, "a fresh linear probe"), (fooled, "the adversary it was trained with")
claim("AUC", *names, study.compare(*sides, "auc"))

# %% tags=["claim"]
found = study.compare("LEACE", "reversal 0", "auc", probe="linear")
claim("AUC", "LEACE", "no reversal", found)

# %% [markdown]
# At λ = 1 the first panel shows no difference from chance for the adversary of training, and a fresh probe of the very same kind reads more than it. <!-- c6: higher -->
# More strength is not more erasure: at λ = 10 fresh probes read far more than at λ = 1. With five adversary steps for each of the encoder's a fresh linear probe reads less, the MLP does not; so an
# adversary that lags behind may be part of the cause. LEACE has no strength and no loop.
# A fresh linear probe finds far less than without erasure. <!-- c7: lower -->
# Beside the reversal with five steps no difference is seen for that probe (the interval below the table).
#
# Two cautions. The MLP is the weaker probe here: where nothing was erased it reads less than the linear one, so its low numbers prove little. And LEACE's decoder was not fitted again, so more variance may be decodable than
# the table says.
#
# ## 5. A discriminator for lists
# CFGAN trains a generator of likes against a discriminator. Beside it stands the same generator trained alone, by squared error on the likes and on sampled zeros. With the paper's generator
# loss, which has no such term, none of 16 settings came near on tuning users; so CFGAN here keeps the term and adds the discriminator at the best of three weights, .01, .1 and 1. The smallest was the best, and at weight 0 CFGAN is its own rival.

# %% [markdown] lang="zh"
# λ = 1 时，第一幅图里训练时的对手看不出与随机有差别，同一类的新探针却读得出更多。<!-- c6: higher -->
# 强度更大，并不等于去得更干净：λ = 10 时，新探针读到的比 λ = 1 时多得多。若编码器每走一步、对手走五步，新的线性探针读到的更少，MLP 则没有更少；所以对手跟不上可能是原因之一。
# LEACE 没有强度可调，也没有循环。重新训练的线性探针读到的比不去除时少得多。<!-- c7: lower -->
# 与对手走五步的梯度反转相比，这个探针看不出差别（见表下的区间）。
#
# 有两点要小心。MLP 在这里是更弱的探针：什么都没去除时，它读到的就比线性探针少，所以它的数字低说明不了多少。另外，LEACE 的解码器没有重新训练，能解码的方差可能比表里的高。
#
# ## 5. 给列表加一个判别器
# CFGAN 让生成“喜欢”的生成器与判别器对抗。旁边是同一个生成器单独训练：在喜欢的物品和抽样的零上做平方误差。论文的生成器损失里没有这一项，照它试过的 16 组设置在调参用户上都差得远；
# 所以这里的 CFGAN 保留这一项，再加上判别器，权重在 .01、.1 和 1 里选最好的。最好的是最小的那个；权重取 0，CFGAN 就成了它自己的对照。

# %% tags=["claim"]
games = ("CFGAN", "generator alone")
print([f'{study.mean(name, "ndcg@10", tables="as trained"):.3f}' for name in games])
found = study.compare(*games, "ndcg@10", tables="as trained")
claim("nDCG@10", *games, found)

# %% [markdown] tags=["rubric"]
# #### English
# - [2] states a threat model first: who changes what, knowing what, how much
# - [2] writes min–max, and knows FGSM (sign), PGD (steps and projection), APR (unit length, a row at a time)
# - [2] says that perturbing parameters is regularisation, and asks for an attack that the defence was not trained on
# - [2] for a small support: bounds the pull of a rating (Huber, trimming), and states the price on clean ratings
# - [1] for fake profiles: a detector assumes an attack, and counts the genuine users it removes
# - [1] proves erasure with fresh probes, linear and not, and with controls
# #### 中文
# - [2] 先给出威胁模型：谁改什么、知道什么、改多少
# - [2] 写出极小极大，知道 FGSM（符号）、PGD（多步加投影）、APR（逐行、单位长度）
# - [2] 指出扰动参数是正则化，并要求用防御没训练过的攻击来评估
# - [2] 支持集很小时：限制单条评分的拉力（Huber、截尾），并说出干净评分上的代价
# - [1] 对虚假用户：检测器预设了攻击方式，还要数误伤的真实用户
# - [1] 用重新训练的探针（线性与非线性）和对照来证明信息已被去除

# %% [markdown] tags=["pitfalls"]
# #### English
# - **"Perturbing embeddings buys security."** → It ranked better, <!-- c4: higher -->
#   and injected films stood lower. <!-- c5: lower -->
#   They rose all the same (section 2).
# - **"The adversary's accuracy is at chance, so gender is gone."** → It is the adversary of training. Train a fresh probe (section 4).
# - **"LEACE removes the information."** → It removes what is linear, exactly so on the users it was fitted on.
# - **"The detector has AUC .99."** → Against which attack? And how many of those removed are genuine?
# - **"Robust means robust to noise."** → A random rating did about a third of the harm of the worst (section 1).
# #### 中文
# - **“扰动 embedding 就有了安全性。”** → 它的排序更好，<!-- c4: higher -->
#   被推的影片排得靠后些，<!-- c5: lower -->
#   但照样升了（第 2 节）。
# - **“对手的准确率降到随机，性别就去掉了。”** → 那只是训练时的对手。请重新训练一个探针（第 4 节）。
# - **“LEACE 去掉了信息。”** → 它去掉的是线性部分，而且只在拟合它的那批用户上是精确的。
# - **“检测器 AUC 有 .99。”** → 针对哪种攻击？剔除的人里有多少是真实用户？
# - **“鲁棒就是抗噪声。”** → 随机改一条的危害只有最坏一条的三分之一左右（第 1 节）。

# %% [markdown] tags=["follow-ups"]
# #### English
# <details><summary>We have clicks, not stars. Merchants buy co-clicks to ride on a hit. What do you do?</summary>
# The same questions. What can be bought is an edge between two items; Alibaba reports this "ride item's coattails" attack (ICDE 2021). Cap what one account adds to an edge,
# weigh accounts by cost (age, payments, device), look for dense blocks of accounts and items, keep suspects out of training first and ban later. In the loss: truncate or
# reweight samples with a large loss, and measure the genuine ones you lose.</details>
# <details><summary>The ranker reads item text with a language model. Prompt injection?</summary>
# Text is now an input that a seller controls. Reports differ: editing already retrieved content is said to move an item to the top often (arXiv 2602.03608); through a real retrieval
# pipeline gradient-made attacks are said to die before the generator (arXiv 2605.28017). Treat text as data, score with a model that has no instructions to override, and test with
# attackers of your own.</details>
# <details><summary>Why not train the meta-learner against poisoned supports?</summary>
# One can (q25). The Huber head needs no attack model and no training. Compare both on an attack that neither has seen.</details>
# <details><summary>Legal asks for gender-free vectors at 10⁹ users. LEACE or an adversary?</summary>
# LEACE: one pass for covariances, one D × D matrix, the same for all. Fit it on users who told their gender, judge on others, publish linear and non-linear probes. Where a non-linear reader is the threat,
# drop the signal at the source or add noise; and watch the lists themselves, since films tell gender too.</details>
# <details><summary>What happened to IRGAN and CFGAN?</summary>
# An evaluation of CFGAN (ECIR 2022) reports that simple tuned baselines do better. My guess at the cause: the generator already gets the observed feedback, so the discriminator has little to add. I would begin with
# a good loss and sampled negatives (q04).</details>
# #### 中文
# <details><summary>我们只有点击，没有星级。商家买共同点击来蹭爆款，怎么办？</summary>
# 问题是一样的。能买到的是两个物品之间的边；阿里报告过这种“蹭热度”攻击（ICDE 2021）。限制单个账号对一条边的贡献；按账号成本（注册时长、支付、设备）加权；找账号与物品的稠密块；
# 先把可疑的移出训练，再谈封禁。损失上：对大损失样本截断或降权，同时统计误伤了多少真实样本。</details>
# <details><summary>精排用大模型读物品文本，提示词注入怎么防？</summary>
# 文本成了卖家可控的输入。各报告说法不一：改写已被召回的内容，据称常能把物品推到第一（arXiv 2602.03608）；而经过真实检索链路，基于梯度构造的攻击据称到不了生成器（arXiv 2605.28017）。
# 把文本当数据；用没有指令可被覆盖的模型打分；自己组织攻击方来测。</details>
# <details><summary>为什么不直接用被投毒的支持集训练元学习器？</summary>
# 可以（q25）。Huber 预测头既不需要攻击模型，也不需要训练。要在两者都没见过的攻击上比。</details>
# <details><summary>法务要求 10⁹ 用户的向量不含性别，用 LEACE 还是对手？</summary>
# LEACE：扫一遍算协方差，一个 D × D 矩阵，所有人共用。在填过性别的用户上拟合，在其他人上评估，线性与非线性探针都公布。若威胁来自非线性读取者，就从源头去掉信号或加噪声；还要看推荐列表本身，
# 因为影片也会透露性别。</details>
# <details><summary>IRGAN、CFGAN 后来怎样了？</summary>
# 对 CFGAN 的复核（ECIR 2022）报告说，调好的简单基线更好。原因我只能猜：生成器本来就能拿到真实反馈，判别器能补充的不多。我会先把损失和负采样做好（q04）。</details>

# %% [markdown] tags=["exercise"]
# ## Your turn
# Write three functions in [`exercises/q24_adversarial_training.py`](../exercises/q24_adversarial_training.py), about 22 minutes:
#
# - `fgsm_perturbation`: the strongest change of a given size, in two norms.
# - `gradient_reversal`: the value stays, the gradient turns.
# - `apr_loss`: BPR, and BPR under the worst small change.
#
# Then run the cell below. Stuck? In the cell after it, take the `#` away and run: each run gives the next of three hints.

# %% [markdown] lang="zh"
# ## 动手
# 在 [`exercises/q24_adversarial_training.py`](../exercises/q24_adversarial_training.py) 里写三个函数，大约 22 分钟：
#
# - `fgsm_perturbation`：给定大小、两种范数下最强的扰动。
# - `gradient_reversal`：数值不变，梯度反转。
# - `apr_loss`：BPR，再加上受最坏小扰动时的 BPR。
#
# 写完运行下面的单元格。卡住了？把再下面那个单元格里的 `#` 去掉再运行：每运行一次给出下一条提示，共三条。

# %% tags=["exercise"]
from metarec_lib import check, what_was_measured

check("q24")

# %% tags=["exercise"]
# from metarec_lib import hint; hint("q24", "fgsm_perturbation")

# %% tags=["measured"]
what_was_measured()

# %% [markdown] tags=["references"]
# **Read first · 先读：** He, He, Du & Chua (2018), [*Adversarial Personalized Ranking for Recommendation*](https://arxiv.org/abs/1808.03908), SIGIR: APR.
#
# - Goodfellow, Shlens & Szegedy (2015), [*Explaining and Harnessing Adversarial Examples*](https://arxiv.org/abs/1412.6572), ICLR: FGSM.
# - Madry, Makelov, Schmidt, Tsipras & Vladu (2018), [*Towards Deep Learning Models Resistant to Adversarial Attacks*](https://arxiv.org/abs/1706.06083), ICLR: PGD.
# - Goldblum, Fowl & Goldstein (2020), [*Adversarially Robust Few-Shot Learning: A Meta-Learning Approach*](https://arxiv.org/abs/1910.00982), NeurIPS: adversarial querying.
# - Ganin et al. (2016), [*Domain-Adversarial Training of Neural Networks*](https://arxiv.org/abs/1505.07818), JMLR: gradient reversal.
# - Belrose et al. (2023), [*LEACE: Perfect Linear Concept Erasure in Closed Form*](https://arxiv.org/abs/2306.03819), NeurIPS.
# - Lam & Riedl (2004), *Shilling Recommender Systems for Fun and Profit*, WWW; Mehta & Nejdl (2009), *Unsupervised Strategies for Shilling Detection and Robust Collaborative Filtering*, UMUAI.
# - Huber (1964), *Robust Estimation of a Location Parameter*, Annals of Mathematical Statistics.
# - Chen et al. (2023), *Adversarial Collaborative Filtering for Free*, RecSys: APR read as sharpness-aware minimisation.
# - Wang et al. (2017), *IRGAN: A Minimax Game for Unifying Generative and Discriminative Information Retrieval Models*, SIGIR; Chae et al. (2018), *CFGAN: A Generic Collaborative Filtering Framework based on Generative Adversarial Networks*, CIKM.
# - Pérez Maurera, Ferrari Dacrema & Cremonesi (2022), [*An Evaluation Study of Generative Adversarial Networks for Collaborative Filtering*](https://arxiv.org/abs/2201.01815), ECIR: CFGAN.
