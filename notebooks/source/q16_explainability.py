# %% [markdown]
# # q16 · Why this film? Explanations that can be checked
#
# Every method names a reason. Few of them are tested. The test is simple: take the reason away and look.

# %% [markdown] lang="zh"
# # q16 · 为什么推荐这部？能验证的解释
#
# 每种方法都能给出一个理由，经过检验的却不多。检验办法很简单：把理由拿掉，看看结果变不变。

# %% [markdown] tags=["question"]
# #### English
# Product asks: "why was this film recommended?" Your ranker adapts to a user's few ratings. What do you show the user, what do you show the engineer, and how do you know
# that an explanation is true? Do attention weights explain anything?
# #### 中文
# 产品问：“为什么给他推荐这部影片？”你的模型会根据用户的少量评分做自适应。给用户看什么？给工程师看什么？你怎么知道解释是真的？注意力权重能当解释吗？
#
# level: senior · minutes: 3 · needs: q01, q07 · topics: explanation, attention, influence, SHAP, faithfulness

# %% [markdown] tags=["answer-short"]
# #### English
# An explanation is a claim about the model, so I test it: I take away the ratings that it names and see whether the score falls. In a closed-form head the effect of
# each rating is exact. For a network, integrated gradients pass the test. <!-- c1: higher -->
# For attention weights no difference from a random order is seen, <!-- c2: none -->
# though they move the score more than that order does. <!-- c3: higher -->
# Beside every method I put a rule that never asks what a rating does: how far above expectation it lies. Integrated gradients beat it by little in the fall; <!-- c4: higher -->
# in movement no difference is seen. <!-- c5: none -->
# #### 中文
# 解释是关于模型的一个论断，所以要检验：把它点名的评分拿掉，看得分降不降。闭式解预测头里，每条评分的作用可以精确算出。神经网络用积分梯度，能通过这个检验。<!-- c1: higher -->
# 注意力权重和随机顺序看不出差别，<!-- c2: none -->
# 不过看得分变动，它胜过随机顺序。<!-- c3: higher -->
# 每种方法旁边我都放一条规则作对照：它不问评分起了什么作用，只看评分高出预期多少。看得分下降，积分梯度只比它好一点；<!-- c4: higher -->
# 看得分变动，两者看不出差别。<!-- c5: none -->

# %% [markdown] tags=["answer-full"]
# **Three readers.** The user wants a reason that is true and short: "because you rated …". The engineer wants to find a bug: which feature, which rating, which shift. The
# regulator asks for the main parameters and an off switch, not for a SHAP value per item.
#
# **What is attributed.** A score rests on K support ratings. "Without a rating" means *absent*, or *neutral*: rated as the model expected. Say which, since
# an attribution is always against a baseline.
#
# **In a closed-form head** nothing is approximated. Let $e$ be the ratings minus what was expected before them, in units of $s$, $G = k(S,S) + \sigma^2 I$ and $a = G^{-1} k_q$. Rating $j$ contributes $s\,a_j e_j$;
# with the prior the contributions add up to the score. Without the rating the score falls by
#
# $$s\, a_j \frac{(G^{-1} e)_j}{(G^{-1})_{jj}}$$
#
# The quotient is $e_j$ minus what the other ratings predict of it. A rating that they predict well costs little to lose; one that they contradict costs more than its contribution.
#
# **In a network.** Integrated gradients follow a path from neutral to actual values and add up to the change. KernelSHAP and LIME fit a linear model to scores
# under random subsets. All ask the model many times; occlusion asks once a rating, and is the deletion test of one rating by definition.
#
# **Test it.** Remove the ratings named first; measure the fall. Beside it put a random order, and a rule that does not ask what a rating does. On ML-100K, three of the twenty ratings
# that a Transformer reads are removed: integrated gradients beat random clearly; <!-- c1: higher -->
# for attention, averaged over layers and heads, no difference from random is seen. <!-- c2: none -->
# It has no sign, a handicap there. By absolute movement it beats random, <!-- c3: higher -->
# but multiplying by it makes the simple rule worse. <!-- c6: lower -->
# The test matters too. In the fall integrated gradients beat that rule; <!-- c4: higher -->
# in movement no difference is seen. <!-- c5: none -->
#
# **For the user.** "Because you liked …", with the most similar liked film, moves the score much less than the true reason does. <!-- c7: lower -->
# That nothing beats the true reason is so by definition. How much is lost is measured.
#
# **Limits.** A test by deletion favours methods that delete. Correlated ratings share credit. Complete and linear attributions, SHAP and integrated gradients among them, can be no better than guessing at
# what a change of the input does (Bilodeau et al. 2024). Explaining a weaker model is no gain: this Transformer loses to the head that needs no explainer. <!-- c8: higher -->

# %% [markdown] tags=["zh"]
# **三类读者。** 用户要一个真实而简短的理由：“因为你评过……”。工程师要查 bug：哪个特征、哪条评分、哪次分布漂移。监管要求说明主要参数、提供关闭入口，并不要求给每个物品算 SHAP 值。
#
# **归因的对象。** 得分来自支持集里的 K 条评分。“没有这条评分”有两种意思：*缺失*，或者*中性*，即恰好打了模型预期的分。归因总是相对某个基线的，要说清是哪一种。
#
# **闭式解预测头**不需要任何近似。记 $e$ 为评分减去看到它们之前的预期，以 $s$ 为单位，$G = k(S,S) + \sigma^2 I$，$a = G^{-1} k_q$。评分 $j$ 的贡献是 $s\,a_j e_j$，各条贡献加上先验就是得分。拿掉这条评分，得分下降
#
# $$s\, a_j \frac{(G^{-1} e)_j}{(G^{-1})_{jj}}$$
#
# 分式等于 $e_j$ 减去其余评分对它的预测。其余评分能预测到的，拿掉损失不大；与其余评分相反的，拿掉的损失比它的贡献还大。
#
# **神经网络。** 积分梯度沿着从中性值到真实值的路径积分，各项之和等于得分的变化。KernelSHAP 和 LIME 在随机子集的得分上拟合一个线性模型。它们都要多次调用模型；逐条遮挡只调用 K 次，
# 对单条评分来说，它按定义就是删除检验。
#
# **检验。** 拿掉被点名的前几条评分，量得分下降多少；旁边放一个随机顺序，再放一条不问评分作用的规则。在 ML-100K 上，从 Transformer 的二十条评分里拿掉三条：积分梯度明显胜过随机；<!-- c1: higher -->
# 对各层各头取平均的注意力，看不出与随机有差别。<!-- c2: none -->
# 它没有正负号，在这个检验里吃亏。换成看绝对变动，它胜过随机，<!-- c3: higher -->
# 但把它乘进那条简单规则，反而更差。<!-- c6: lower -->
# 用哪个检验也有讲究。看下降，积分梯度胜过那条规则；<!-- c4: higher -->
# 看变动，看不出差别。<!-- c5: none -->
#
# **给用户的理由。** “因为你喜欢过最相似的那部”，它对得分的影响远小于真正的理由。<!-- c7: lower -->
# 没有哪条能超过真正的理由，这是定义决定的；差多少才是测出来的。
#
# **局限。** 用删除来检验，会偏向本身就靠删除的方法。相关的评分会分摊贡献。满足完备性和线性的归因，包括 SHAP 和积分梯度，在判断“改了输入会怎样”时可能并不比随机猜好（Bilodeau 等，2024）。
# 而且解释一个更弱的模型并不划算：这个 Transformer 的误差比不需要解释器的预测头更高。<!-- c8: higher -->

# %% [markdown]
# ## 1. The head explains itself
# A judging user with twenty ratings, and the film that the closed-form head puts first, of those with twenty training ratings or more. *Contribution*: a rating's share of the score; the shares and the prior add up to it.
# *Influence*: the score minus the score without the rating.

# %% [markdown] lang="zh"
# ## 1. 预测头自己就能解释
# 取一个有二十条评分的评估用户，和闭式解预测头排在首位的影片（只排训练集里至少有二十条评分的影片）。*贡献*：一条评分在得分中占的份额，份额加上先验就是得分。*影响*：得分减去没有这条评分时的得分。

# %%
from dataclasses import replace

import numpy as np
import torch
import metarec_lib as mr
from metarec_lib import claim, load_study, mine, plots, seed, support_influence
from metarec_lib.workbook.core import glossary

SEED = seed()

# %% tags=["figure"]
TEXTS = {
    "contribution": ("contribution", "贡献"),
    "influence": ("influence", "影响"),
    "stars": ("stars", "星级"),
    "gap": ("largest difference from the contributions", "与贡献的最大差距"),
    "list": ("Score change of the first eight", "前八名的得分变化"),
    "change": ("score minus the score before (stars)", "与原得分之差（星）"),
    "alt list": (
        "Bars of how the scores of eight recommended films change when one rating is taken away.",
        "拿掉一条评分后，八部推荐影片得分变化的条形图。"),
    "curve": ("Ratings taken away, the ones named first", "按点名顺序逐条拿掉评分"),
    "taken": ("ratings taken away, of 20", "拿掉的评分数（共 20 条）"),
    "fall": ("fall of the score (stars)", "得分下降（星）"),
    "alt curve": (
        "Fall of a Transformer's score against ratings taken away. Attention and random stay "
        "near zero, the absolute gradient rises a little, the signed methods rise far more.",
        "Transformer 得分下降量随拿掉评分数的变化：注意力和随机顺序停在零附近，梯度绝对值略有上升，带符号的方法上升得多。"),
    "fall in-context Transformer": ("fall, Transformer", "下降，Transformer"),
    "move in-context Transformer": ("movement, Transformer", "变动，Transformer"),
    "fall closed-form head": ("fall, head", "下降，预测头"),
    "reason": ("Take the one named rating away", "拿掉被点名的那一条评分"),
    "share": ("share of users whose first place changes", "榜首因此改变的用户比例"),
    "alt reason": (
        "Bars of the share of users whose first place changes when the named rating goes: by far longest for the exact influence, then the most similar liked film, then a random one.",
        "拿掉被点名的评分后榜首改变的用户比例：精确影响远高于其余，其次是喜欢过的最相似影片，最低是随机一部喜欢过的影片。"),
}

# %%
data = mr.load_movielens("ml-100k")
learning, tuning, judging = mr.split_users(data, seed=SEED)
train = data.subset(np.isin(data.ratings["user_id"], learning))
head = mr.MetaLearningModel(seed=SEED).fit(train)
tasks = mr.make_tasks(data, judging[2:3], k=20, pool=20, seed=SEED)
support = tasks.support
scores = head.score_all(head.adapt(support), support.users)[0]

# %%
known = np.bincount(train.item_codes, minlength=data.n_items) >= 20
scores[~known] = -torch.inf
scores[support.items[0]] = -torch.inf
best = scores.topk(8).indices
first = best[None, :1]
query = type(support)(support.users, first, 0.0 * first, first >= 0)

# %%
found = support_influence(head, support, query)
titles = data.items["title"].str.slice(0, 32)
frame = titles.iloc[support.items[0].tolist()].to_frame().set_index("title")
frame[plots.words(TEXTS["stars"])] = support.values[0].int().tolist()
frame[plots.words(TEXTS["contribution"])] = found.contribution[0, 0].tolist()
frame[plots.words(TEXTS["influence"])] = found.influence[0, 0].tolist()
print(titles.iloc[int(best[0])])
by_influence = frame.sort_values(frame.columns[2], ascending=False)
plots.table(by_influence.iloc[[0, 1, 2, -2, -1]])

# %% [markdown]
# "Because you rated …" has an exact answer here. **By hand:** the formula for one rating, and the score solved again without it.

# %% [markdown] lang="zh"
# “因为你评过……”在这里有精确答案。**手写**：对一条评分用公式计算，再把它拿掉重新求解，两者相同。

# %% tags=["from-scratch"]
items, asked = head.linear(support), head.linear(query)
prior, scale = head.prior_of(support.users)
x, z, s, j = items.x[0], asked.x[0, 0], head.spread_, 3
e = (support.values[0] - items.bias[0]) / s - x @ prior[0]
inverse = torch.linalg.inv((x * scale**2) @ x.T + torch.diag(items.variance[0]))
a = inverse @ (x @ (scale**2 * z))
by_formula = s * a[j] * (inverse @ e)[j] / inverse[j, j]
kept = torch.arange(20, device=x.device)[None] != j
smaller = head.adapt(replace(support, mask=kept, values=support.values * kept))
fall = (head.score(head.adapt(support), query) - head.score(smaller, query))[0, 0]
both = torch.stack([by_formula, found.influence[0, 0, j]])
print("agrees:", torch.allclose(both, fall, atol=1e-8))

# %% [markdown]
# **Take one away yourself.** The bars are the user's first eight films; the change is exact.

# %% [markdown] lang="zh"
# **亲手拿掉一条。** 条形是该用户的前八部影片，变化量是精确的。

# %% tags=["play", "nbval-ignore-output"]
eight = type(support)(support.users, best[None], 0.0 * best[None], best[None] >= 0)
effect = support_influence(head, support, eight).influence[0]
names = {title: place for place, title in enumerate(frame.index)}


def without(film=frame.index[0]):
    change = (-effect[:, names[film]]).tolist()
    change = dict(zip(titles.iloc[best.tolist()], change, strict=True))
    return plots.bars(change, title=TEXTS["list"], xlabel=TEXTS["change"], digits=3)


plots.play(without, film=list(names), alt=TEXTS["alt list"])

# %% [markdown]
# Your `integrated_gradients`, on the same score. The head is linear in the ratings, so the path does not matter: the result must be the contributions.

# %% [markdown] lang="zh"
# 用你写的 `integrated_gradients` 解释同一个得分。预测头对评分是线性的，走哪条路径都一样：结果应当就是各条贡献。

# %% tags=["exercise"]
def score_of(values):
    rated = type(support)(support.users, support.items, values[None], support.mask)
    return head.score(head.adapt(rated), query)[0, 0]


with mine("q16") as my:
    expected = support.values[0] - s * e
    yours = my.integrated_gradients(score_of, support.values[0], expected, 8)
    gap = float((yours - found.contribution[0, 0]).abs().max())
    print(f"{plots.words(TEXTS['gap'])}: {gap:.6f}")

# %% [markdown]
# ## 2. A network needs a test
# The in-context Transformer reads the same ratings through two layers of attention. For this user, live and briefly trained: what do three methods say of the first five ratings?
# *Distance from expectation* is a rating minus the score that the same model expected before any rating. It never asks what a rating does.

# %% [markdown] lang="zh"
# ## 2. 神经网络需要检验
# 上下文 Transformer 用两层注意力读同样的评分。下面当场训练几轮，看三种方法怎么评价这个用户的前五条评分。*偏离预期的程度*是评分减去同一个模型在没有任何评分时预期的得分，
# 它从不问评分起了什么作用。

# %%
small = mr.InContextTransformer(epochs=4, seed=SEED).fit(train)
nothing = replace(support, values=0 * support.values, mask=support.mask & False)
before = small.score(small.adapt(nothing), support).detach()
said = {
    "attention weights": mr.attention_to_support(small, support, query)[:, 0].detach(),
    "integrated gradients": mr.attributions(small, support, query),
    "distance from expectation": support.values - before,
}
frame = frame.iloc[:, :1]
for name, values in said.items():
    frame[glossary.say(name)] = values[0].cpu().numpy()
plots.table(frame.iloc[:5], digits=3)

# %%
for name, values in said.items():
    falls = mr.deletion(small, support, query, values, (1, 3, 5))[0].detach()
    print(glossary.say(name), [f"{float(fall):+.3f}" for fall in falls])

# %% [markdown] tags=["expect"]
# **What do you expect?** Three of twenty ratings are taken away, those with the most attention. How far does the score fall, compared with three taken at random?

# %% [markdown] lang="zh"
# **你猜结果如何？** 从二十条评分里拿掉注意力最大的三条，得分会下降多少？和随机拿掉三条相比呢？

# %% [markdown]
# The study: five splits, all judging users, the Transformer fully trained, two query films a user drawn at random, the random order a mean of ten draws.

# %% [markdown] lang="zh"
# 研究：五次划分，全部评估用户，Transformer 充分训练，每个用户随机抽两部待预测影片，随机顺序取十次的平均。

# %% tags=["figure"]
study, of, taken = load_study("q16"), "in-context Transformer", (1, 3, 5)
drawn = ("integrated gradients", "distance from expectation",
         "attention times distance", "absolute gradient", "attention weights",
         "random order")
curves = {m: [study.mean(m, "fall", of=of, taken=n) for n in taken] for m in drawn}
fig = plots.lines(taken, curves, title=TEXTS["curve"], xlabel=TEXTS["taken"],
                  ylabel=TEXTS["fall"], xticks=taken)
plots.show(fig, alt=TEXTS["alt curve"])

# %% tags=["claim"]
at = {"of": of, "taken": 3}
found = study.compare("integrated gradients", "random order", "fall", **at)
claim("fall of the score", "integrated gradients", "random order", found)

# %% tags=["claim"]
found = study.compare("attention weights", "random order", "fall", **at)
claim("fall of the score", "attention weights", "random order", found, headline=True)

# %% [markdown]
# Attention says where the network looked, not in which direction. A rating that lowered the score gets attention too. That is a handicap in a signed test. How large it is depends on the model: the absolute gradient has no sign
# either; here it stays above the random order, in the head (last column of the table below) it does not. The fair test for attention is movement: take away the three largest, whatever their sign,
# and measure how far the score goes either way.

# %% [markdown] lang="zh"
# 注意力说的是网络往哪里看，不说方向。压低得分的评分同样会得到注意力，所以在带符号的检验里它吃亏。吃亏多少要看模型：梯度绝对值同样没有正负号，在图里一直高于随机顺序，而在下表的预测头那一列里，它和随机差不多。对注意力公平的检验是看变动：
# 不论正负，拿掉数值最大的三条，量得分朝任一方向移动多远。

# %%
methods = ("occlusion", "LIME", "KernelSHAP", "integrated gradients",
           "gradient x input", "distance from expectation",
           "attention times distance", "absolute gradient",
           "attention weights", "random order")
columns, rows = (("fall", of), ("move", of), ("fall", "closed-form head")), {}
for m in methods:
    some = columns[:2] if "attention" in m else columns  # the head has no attention
    means = {" ".join(c): study.mean(m, c[0], of=c[1], taken=3) for c in some}
    rows[glossary.say(m)] = {plots.words(TEXTS[c]): v for c, v in means.items()}
plots.table(frame.from_dict(rows, orient="index"), digits=3)

# %% tags=["claim"]
found = study.compare("attention weights", "random order", "move", **at)
claim("movement of the score", "attention weights", "random order", found)

# %% tags=["claim"]
paths, rule = "integrated gradients", "distance from expectation"
claim("fall of the score", paths, rule, study.compare(paths, rule, "fall", **at))

# %% tags=["claim"]
found = study.compare(paths, rule, "move", **at)
claim("movement of the score", paths, rule, found)

# %% tags=["claim"]
weighed = "attention times distance"
claim("fall of the score", weighed, rule, study.compare(weighed, rule, "fall", **at))

# %% [markdown]
# In the signed test integrated gradients find what raised the score, <!-- c1: higher -->
# and for attention no difference from chance is seen. <!-- c2: none -->
# In the unsigned test attention beats chance. <!-- c3: higher -->
# The rule that never asks what a rating does comes close. In the fall it is a little behind integrated gradients; <!-- c4: higher -->
# in movement no difference is seen; <!-- c5: none -->
# and weighing it by attention makes it worse. <!-- c6: lower -->
#
# The table puts this in proportion. In the fall occlusion comes first: the test takes ratings away, as occlusion, LIME and KernelSHAP do, so part of that is by construction. In movement the same three stand lower. A
# guess, not measured: the effects of the three that they name have different signs and cancel. In the head the rule is far behind, so "comes close" is about this Transformer. Report the test and the model with the method.
#
# ## 3. What a page tells the user
# A page may name the most similar film that the user liked: "because you liked …". For the first film of each judging user's list we take the named rating away and rank again, in the head, where the true reason is known. It may be any of the twenty ratings, a disliked film too; its rivals name a liked one (4 stars or more).

# %% [markdown] lang="zh"
# 在带正负号的检验里，积分梯度找得到抬高得分的评分，<!-- c1: higher -->
# 注意力看不出与随机有差别。<!-- c2: none -->
# 在不看正负号的检验里，注意力胜过随机。<!-- c3: higher -->
# 那条从不问评分作用的规则已经很接近。看下降，它略逊于积分梯度；<!-- c4: higher -->
# 看变动，看不出差别；<!-- c5: none -->
# 再用注意力加权反而更差。<!-- c6: lower -->
#
# 看这些结论要对照上表。看下降，逐条遮挡排第一：这个检验本来就是拿掉评分，而逐条遮挡、LIME、KernelSHAP 也是这么做的，所以部分优势是检验方式带来的。看变动，这三种就排到后面去了。一个没有测过的猜测：
# 它们点名的三条评分作用有正有负，互相抵消。在预测头里，那条规则差得很远，所以“很接近”只是就这个 Transformer 而言。报告方法时，要连检验和模型一起报。
#
# ## 3. 页面上该告诉用户什么
# 页面可以取用户喜欢过的最相似影片，写“因为你喜欢……”。对每个评估用户列表的第一名，我们拿掉被点名的评分再重新排序。这里用预测头，因为它的真实影响可以精确算出。精确影响可以选二十条评分里的任何一条，包括不喜欢的影片；它的对手只选喜欢过的（4 星以上）。

# %% tags=["figure"]
reasons = ("exact influence", "most similar liked film", "random liked film")
gone = {m: study.mean(m, "first place changes") for m in reasons}
fig = plots.bars(gone, title=TEXTS["reason"], xlabel=TEXTS["share"])
plots.show(fig, alt=TEXTS["alt reason"])

# %% tags=["claim"]
alike, true = "most similar liked film", "exact influence"
for m in reasons:
    print(f'{study.mean(m, "reason fall"):.3f}', glossary.say(m))
found = study.compare(alike, true, "reason fall")
claim("fall of the first place's score", alike, true, found)

# %% tags=["claim"]
found = study.compare("in-context Transformer", "closed-form head")
claim("RMSE", "in-context Transformer", "closed-form head", found)

# %% [markdown]
# The similar film sounds right and moves the score much less than the true reason. <!-- c7: lower -->
# It cannot do more: the exact reason is, by definition, the rating that costs most to lose. What is measured is the gap, about half of the fall. A random liked film does still less. If the page may name
# one film, name the liked one with the largest influence; if similarity reads better, call it "similar to", not "because". And before explaining a network, ask whether it earns its place:
# with twenty ratings the Transformer's error is higher than that of the head. <!-- c8: higher -->

# %% [markdown] lang="zh"
# 相似影片听上去合理，但对得分的影响远小于真正的理由。<!-- c7: lower -->
# 它本来就不可能更大：按定义，真正的理由就是拿掉后损失最大的那条评分。测出来的是差距，大约差一半。随机一部喜欢过的影片影响更小。页面只能写一部影片时，就写喜欢过的影片里影响最大的那部；
# 如果觉得相似影片读起来更顺，就写“与……相似”，别写“因为”。在解释一个网络之前，先问它值不值得上：有二十条评分时，这个
# Transformer 的误差高于预测头。<!-- c8: higher -->

# %% [markdown] tags=["rubric"]
# #### English
# - [2] asks who reads the explanation, and what it is attributed to, against which baseline
# - [3] tests faithfulness: deletion or occlusion, against a random order and a rule that does not ask what a rating does
# - [2] knows a method well enough to write it: integrated gradients, Shapley values, or exact influence in a linear head
# - [1] is careful about attention: no sign, disputed, test it
# - [1] tells contribution from influence, or names correlated inputs as the difficulty
# - [1] says that generated reasons must be checked against the model
# #### 中文
# - [2] 先问解释给谁看，归因到什么，相对哪个基线
# - [3] 检验忠实性：删除或遮挡，并与随机顺序、不问评分作用的规则对照
# - [2] 至少把一种方法掌握到能写出来：积分梯度、Shapley 值，或线性头里的精确影响
# - [1] 谨慎对待注意力：没有正负号，有争议，要检验
# - [1] 分得清贡献与影响，或指出输入相关时的困难
# - [1] 指出生成出来的理由必须与模型核对

# %% [markdown] tags=["pitfalls"]
# #### English
# - **"Attention weights are the explanation."** → They have no sign, and in the signed test no difference from chance was seen (section 2). <!-- c2: none -->
#   In DIN's paper they are not even normalised: test them in the same way.
# - **"Attention is not explanation, that is settled."** → Disputed: it depends on the definition and the test. In the unsigned test attention beat chance (section 2). <!-- c3: higher -->
# - **"SHAP satisfies the axioms, so it is faithful."** → Axioms fix how credit adds up. What the model does when an input changes need not follow from it (Bilodeau et al. 2024).
# - **"The language model explains our ranker."** → It writes a plausible text about the same input. Unless the ranker's own numbers enter, nothing ties the text to the score.
# - **"The law demands a SHAP value per item."** → The EU's Digital Services Act asks for the main parameters (Art. 27) and, of very large platforms, an option without profiling (Art. 38). China's rules, in force since 1 March 2022, ask for notice of the principles and for an off switch.
# #### 中文
# - **“注意力权重就是解释。”** → 它没有正负号，在带符号的检验里看不出与随机有差别（第 2 节）。<!-- c2: none -->
#   DIN 论文里的权重连归一化都没有做，要用同样的办法检验。
# - **“注意力不是解释，已有定论。”** → 仍有争议，取决于定义和检验。在不看符号的检验里，注意力胜过随机（第 2 节）。<!-- c3: higher -->
# - **“SHAP 满足公理，所以忠实。”** → 公理规定贡献怎么分摊，并不保证能由此推断输入改变后模型会怎样（Bilodeau 等，2024）。
# - **“让大模型来解释我们的排序。”** → 它只是根据同样的输入写一段说得通的话。不把排序模型自己的数字喂进去，文字和得分就没有任何绑定。
# - **“法规要求给每个物品算 SHAP。”** → 欧盟《数字服务法》要求的是主要参数（第 27 条），以及超大平台提供不做画像的选项（第 38 条）；中国自 2022 年 3 月 1 日起施行的规定要求告知原理、提供关闭选项。

# %% [markdown] tags=["follow-ups"]
# #### English
# <details><summary>Product wants a reason on every card. What do you show, and is it true?</summary>
# The rating or click with the largest influence, from the model that ranked. In a linear head it is exact and costs one K × K solve. For a deep ranker, occlude the last few events in one batch. Log the
# fall of the score with the reason, and show none when it is tiny.</details>
# <details><summary>SHAP on embedding features: which baseline, and what about correlated features?</summary>
# A zero vector is no user. Use the mean over real users, or the unit "this event absent". Explain events or feature groups, not coordinates. Correlated inputs share credit in ways that depend on how absence is simulated; say so, and
# group them.</details>
# <details><summary>We have clicks, not stars, and 10⁹ ids. What changes?</summary>
# The unit becomes an event of the history; absence is a mask. There are too many events for SHAP on each request: occlude the ones that retrieval or attention picked, offline for audits, online only for shown cards.</details>
# <details><summary>How do you test faithfulness without labels of true reasons?</summary>
# Deletion and sufficiency against a random order; a model whose reasons are known, such as this head; and randomising the weights (Adebayo et al. 2018): an explanation that does not change then was not about the model.</details>
# <details><summary>An LLM writes the reason. Who checks it?</summary>
# A program: the text may name only events from the top influences, and a second pass verifies each named event. Chain-of-thought can leave out the true cause (Turpin et al. 2023). Measure the share of sentences that survive deletion.</details>
# #### 中文
# <details><summary>产品要每张卡片都有理由。展示什么？是真的吗？</summary>
# 展示影响最大的那条评分或点击，由真正做排序的模型给出。线性头里是精确值，只要解一次 K × K。深度排序模型就把最近若干条行为放进一个 batch 逐条遮挡。理由和得分下降量一起落日志，下降太小就不展示。</details>
# <details><summary>对 embedding 特征做 SHAP：基线取什么？特征相关怎么办？</summary>
# 零向量不对应任何用户。取真实用户的均值，或者以“这条行为缺失”为单位。解释行为或特征组，不要解释单个维度。相关特征怎么分摊贡献，取决于如何模拟缺失；这一点要说明，并把它们合成一组。</details>
# <details><summary>我们只有点击，没有星级，而且有 10⁹ 个 id，会有什么不同？</summary>
# 解释单位变成历史里的一条行为，缺失用 mask 表示。行为太多，不可能每次请求都做 SHAP：只遮挡检索或注意力选中的那些；离线做审计，线上只给展示出来的卡片算。</details>
# <details><summary>没有“真实理由”的标注，怎么检验忠实性？</summary>
# 做删除和充分性检验，与随机顺序对照；找一个理由已知的模型，例如这里的预测头；再把权重随机化（Adebayo 等，2018）：如果解释不变，它说的就不是这个模型。</details>
# <details><summary>理由由大模型来写，谁来核对？</summary>
# 由程序核对：文字里只能出现影响最大的几条行为，再逐条验证。思维链可能漏掉真正的原因（Turpin 等，2023）。可以统计有多少句话经得起删除检验。</details>

# %% [markdown] tags=["exercise"]
# ## Your turn
# Write three functions in [`exercises/q16_explainability.py`](../exercises/q16_explainability.py), about 25 minutes:
#
# - `integrated_gradients`: along the straight path, by the midpoint rule.
# - `kernel_shap_weights`: what a subset counts, by its size.
# - `deletion_curve`: the score as the named inputs go, one by one.
#
# Then run the cell below. Stuck? In the cell after it, take the `#` away and run: each run gives the next of three hints.

# %% [markdown] lang="zh"
# ## 动手
# 在 [`exercises/q16_explainability.py`](../exercises/q16_explainability.py) 里写三个函数，大约 25 分钟：
#
# - `integrated_gradients`：沿直线路径，用中点法则。
# - `kernel_shap_weights`：一个子集按大小该占多少权重。
# - `deletion_curve`：被点名的输入一个个拿掉时，得分怎么变。
#
# 写完运行下面的单元格。卡住了？把再下面那个单元格里的 `#` 去掉再运行：每运行一次给出下一条提示，共三条。

# %% tags=["exercise"]
from metarec_lib import check, what_was_measured

check("q16")

# %% tags=["exercise"]
# from metarec_lib import hint; hint("q16", "integrated_gradients")

# %% tags=["measured"]
what_was_measured()

# %% [markdown] tags=["references"]
# **Read first · 先读：** Sundararajan, Taly & Yan (2017), [*Axiomatic Attribution for Deep Networks*](https://arxiv.org/abs/1703.01365), ICML: integrated gradients.
#
# - Lundberg & Lee (2017), [*A Unified Approach to Interpreting Model Predictions*](https://arxiv.org/abs/1705.07874), NeurIPS: KernelSHAP.
# - Ribeiro, Singh & Guestrin (2016), [*"Why Should I Trust You?": Explaining the Predictions of Any Classifier*](https://arxiv.org/abs/1602.04938), KDD: LIME.
# - Jain & Wallace (2019), [*Attention is not Explanation*](https://arxiv.org/abs/1902.10186), NAACL; Wiegreffe & Pinter (2019), [*Attention is not not Explanation*](https://arxiv.org/abs/1908.04626), EMNLP-IJCNLP.
# - Adebayo et al. (2018), [*Sanity Checks for Saliency Maps*](https://arxiv.org/abs/1810.03292), NeurIPS; Zhou et al. (2018), [*Deep Interest Network for Click-Through Rate Prediction*](https://arxiv.org/abs/1706.06978), KDD: DIN.
# - Bilodeau et al. (2024), *Impossibility theorems for feature attribution*, PNAS 121(2).
# - Cheng et al. (2019), *Incorporating Interpretability into Latent Factor Models via Fast Influence Analysis*, KDD; Tran, Ghazimatin & Saha Roy (2021), *Counterfactual Explanations for Neural Recommenders*, SIGIR.
# - Turpin et al. (2023), *Language Models Don't Always Say What They Think: Unfaithful Explanations in Chain-of-Thought Prompting*, NeurIPS.
