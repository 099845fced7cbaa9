# %% [markdown]
# # q14 · What is meta-regularisation?
#
# Two faults of a meta-learner, each shown before it is mended: it fits its training users, or it remembers them.

# %% [markdown] lang="zh"
# # q14 · 什么是元学习中的元正则化？
#
# 元学习器的两种毛病，都先让你看到，再动手治：一种是过拟合训练用户，另一种是干脆把他们背下来。

# %% [markdown] tags=["question"]
# #### English
# Your meta-learned recommender is excellent on the users it was trained on and poor on new ones. What can have gone wrong, how do you
# find out which it is, and what do you add to the loss: L2, dropout, a proximal term, an information bottleneck, something else?
# #### 中文
# 你的元学习推荐模型在训练用户上很好，到新用户身上就差了。可能是哪里出了问题？怎么判断是哪一种？损失里该加什么：L2、dropout、近端项、信息瓶颈，
# 还是别的？
#
# level: senior · minutes: 3 · needs: q01, q06, q07 · topics: overfitting, memorisation, user ids, leave-one-out

# %% [markdown] tags=["answer-short"]
# #### English
# For what is learned across users, users are the sample: fifty users are fifty examples, however many ratings they gave. There are two faults. Ordinary overfitting: the error of
# new users rises again during training; I stop early, and dropout flattens the rise. <!-- c1: lower -->
# Memorisation: the shared part learns who the users are and hardly needs their ratings. I test it by swapping supports between users: a memoriser
# loses far less. <!-- c7: lower -->
# So no user ids in the prior, or a bottleneck on them. <!-- c8: lower -->
# An inner loop that runs long needs a pull back to the initialisation. <!-- c4: higher -->
# I choose its strength by leave-one-out. Then I compare with a shrunken bias.
# #### 中文
# 就跨用户学到的东西来说，样本是用户，不是评分：五十名用户就是五十个样本，评分再多也一样。毛病有两种。一种是普通的过拟合：训练到后来，新用户的误差回升；我用早停，dropout 能把回升压平。<!-- c1: lower -->
# 另一种是记忆：共享部分认得每个用户，几乎不再需要他们的评分。检查办法是把用户之间的支持集互换：背下来的模型损失小得多。<!-- c7: lower -->
# 所以先验里不放用户 ID，要放就加信息瓶颈。<!-- c8: lower -->
# 内层要走很多步时，需要一股把参数拉回初始化参数的力。<!-- c4: higher -->
# 这股力的强度用留一法选。最后和收缩偏置比一比。

# %% [markdown] tags=["answer-full"]
# **Where a term can act.** The outer loop learns $\theta$, the inner loop turns it into a user's $\phi_u$:
#
# $$\min_\theta \frac1U \sum_u L_{Q_u}(\phi_u) + \beta\, \mathrm{KL}\big(q(\theta) \,\|\, r\big) + \dots, \qquad
# \phi_u = \arg\min_\phi L_{S_u}(\phi) + \frac\lambda2 \|\phi - \theta\|^2$$
#
# **Inside the inner loop: the proximal term** (iMAML, Meta-MinibatchProx). It keeps $\phi_u$ near $\theta$. For a linear head it *is* ridge
# regression towards $\theta$. Where $L_S$ is a mean of K squared errors, its strength is $\lambda K / 2$: such a prior never fades, and to be worth a fixed number of
# ratings $\lambda$ must fall as $1 / K$. With three steps no gain that matters is seen: <!-- c2: equal -->
# a guess is that few steps are a pull already. With three hundred steps the error explodes without it. <!-- c4: higher -->
# Its strength needs no query: each rating is predicted from the user's others, $e_n / (1 - h_n)$, in one solve.
#
# **On the shared weights.** L2 to the initialisation, early stopping, dropout with one mask a task. TAML punishes unequal losses across
# tasks before they adapt. Dropout flattens the late rise, <!-- c1: lower -->
# and in the figure a strong L2 does too. Early stopping on other users avoids the rise without either.
#
# **Against memorisation.** If an input tells who the user is, the outer loop can answer the query from it and ignore the support. It looks like
# success: a low training error. A user-id row does this here: the learned prior narrows, and a stranger's ratings move the head less.
# New users do worse, for which the longer training is a reason too. <!-- c6: higher -->
# MR-MAML makes the weights that do not adapt noisy and charges $\beta$ for each nat they keep. It repairs part of the damage. <!-- c8: lower -->
# Leaving the id out, where one can, needs no price.
#
# **Diagnose first.** Swap the supports of users. A learner that reads them gets worse; a memoriser hardly notices. <!-- c7: lower -->
# Nor does a prior that is merely too strong: a low error on the training users tells the two apart.
#
# **For ensembles.** The mean of $M$ heads has error $\bar v / M + (1 - 1/M)\, \bar c$, with $\bar c$ the mean product of two heads' errors. Punish
# $\bar c$, not closeness.
#
# **Keep a baseline.** With fifty users and five ratings no regularised network is seen to beat a tuned shrunken bias. <!-- c3: none -->
# A closed-form head whose prior was fitted by likelihood has its regulariser built in.

# %% [markdown] tags=["zh"]
# **正则项能加在哪里。** 外层学 $\theta$，内层把它变成用户的 $\phi_u$：
#
# $$\min_\theta \frac1U \sum_u L_{Q_u}(\phi_u) + \beta\, \mathrm{KL}\big(q(\theta) \,\|\, r\big) + \dots, \qquad
# \phi_u = \arg\min_\phi L_{S_u}(\phi) + \frac\lambda2 \|\phi - \theta\|^2$$
#
# **加在内层：近端项**（iMAML、Meta-MinibatchProx）。它让 $\phi_u$ 不离 $\theta$ 太远。对线性预测头来说，它就是朝 $\theta$ 收缩的岭回归。如果 $L_S$ 是 K 个平方误差的平均，
# 岭强度就是 $\lambda K / 2$：评分再多，先验也不会变弱；要让先验始终只值固定几条评分，$\lambda$ 必须按 $1 / K$ 减小。只走三步时看不出有意义的收益，<!-- c2: equal -->
# 可能是因为步数少本身就是一种约束；走三百步，没有它，误差就会爆炸。<!-- c4: higher -->
# 选强度不需要查询集：用该用户的其余评分预测每一条评分，残差是 $e_n / (1 - h_n)$，只需解一次方程。
#
# **加在共享参数上。** 拉向初始值的 L2、早停、每个任务一个掩码的 dropout；TAML 惩罚各任务在适应之前损失不均。
# dropout 能压平后期的回升，<!-- c1: lower -->
# 从图上看，强的 L2 也能。用另一批用户做早停，不靠这两者也能躲开回升。
#
# **对付记忆。** 输入里只要有能认出用户的东西，外层就可以靠它直接回答查询集，而不看支持集。看上去很成功：训练误差很低。这里用户 ID 的一行参数就是这样：学到的
# 先验变窄，陌生人的评分推不太动预测头。新用户的误差更大，其中也有训练更久的缘故。<!-- c6: higher -->
# MR-MAML 的做法是给不参与适应的参数加噪声，每保留一 nat 信息就收 $\beta$ 的费。它能补回一部分损失。<!-- c8: lower -->
# 条件允许的话就不放 ID，连价格都不用调。
#
# **先诊断。** 把用户的支持集互换：真在看支持集的模型会变差，背答案的几乎没反应。<!-- c7: lower -->
# 先验过强的模型同样没反应：要看训练用户上的误差，特别低的才是背答案。
#
# **集成模型。** $M$ 个头取平均，误差是 $\bar v / M + (1 - 1/M)\, \bar c$，$\bar c$ 是两个头误差之积的平均。该罚的是 $\bar c$，而不是“彼此接近”。
#
# **别忘了基线。** 五十名训练用户、五条评分时，没看到哪个加了正则的网络胜过调好的收缩偏置。<!-- c3: none -->
# 而用似然拟合先验的闭式解预测头，正则本来就在里面。

# %% [markdown]
# ## 1. Fifty users: overfitting that you can watch
# Fifty users with some five thousand ratings teach ANIL, a network whose head alone adapts. *Tuning users* say when to stop; *judging users*
# are judged with five ratings each. The study (`metarec study q14`) does so on five seeds.

# %% [markdown] lang="zh"
# ## 1. 五十名用户：看得见的过拟合
# 用五十名用户、约五千条评分训练 ANIL（只有预测头参与适应的网络）。调参用户决定何时停止，评估用户每人给五条评分。研究脚本（`metarec study q14`）用五个种子跑。

# %%
import numpy as np
from metarec_lib import MetaLearningModel, Minus, RegularisedANIL, UserIdHead, claim
from metarec_lib import evaluate_tasks, load_movielens, load_study, loo_residuals, mine
from metarec_lib import make_tasks, plots, score_tasks, seed, split_users, swap_supports
from metarec_lib.workbook.core import glossary, pick

SEED = seed()
study, data = load_study("q14"), load_movielens("ml-100k")


def text(name):
    return pick(TEXTS[name])  # in the reader's language


def labels(title, x, y):
    return {"title": text(title), "xlabel": text(x), "ylabel": text(y)}


# %% tags=["figure"]
TEXTS = {
    "curves": ("Fifty training users, judged on others", "五十名训练用户，在其他用户上评估"),
    "epoch": ("epochs of meta-training", "元训练轮数"),
    "rmse": ("RMSE, K = 5 (stars)", "RMSE，K = 5（星）"),
    "plain": ("no term", "不加正则"),
    "dropout 0.5": ("dropout .5", "dropout .5"),
    "proximal 10": ("proximal 10", "近端项 10"),
    "l2 1": ("L2 1", "L2 1"),
    "alt curves": (
        "RMSE of new users over the epochs. Without a term it falls, then rises; with dropout it falls more slowly "
        "and rises late and little.",
        "新用户的 RMSE 随轮数变化：不加正则先降后升；加 dropout 降得慢，后期只略有回升。",
    ),
    "terms": ("Each term, minus the shrunken bias", "各正则项与收缩偏置之差"),
    "less": ("difference in RMSE (stars), K = 5", "RMSE 之差（星），K = 5"),
    "alt terms": (
        "Differences to the shrunken bias: the intervals of ANIL with each term cross zero; the closed-form head's lies below.",
        "与收缩偏置之差：加各种正则项的 ANIL，区间都跨零；闭式解预测头的区间在零以下。",
    ),
    "steps": ("inner steps at the new user (log scale)", "在新用户上走的内层步数（对数坐标）"),
    "prox": ("The same network, adapted for longer", "同一个网络，适应的步数越来越多"),
    "with": ("with the pull", "有拉力"),
    "without": ("without", "没有"),
    "alt prox": (
        "RMSE over the number of inner steps. Without the proximal term it rises steeply after three steps; with it stays flat.",
        "RMSE 随内层步数变化：没有近端项，三步之后急剧上升；有近端项则保持平坦。",
    ),
    "split": ("split", "划分"),
    "strength": ("strength of the ridge, times the fitted one (log)", "岭强度，相对拟合值的倍数（对数）"),
    "loo": ("leave-one-out", "留一误差"),
    "query": ("query", "查询集误差"),
    "by strength": ("Errors of five ratings, and of the query", "五条评分的留一误差与查询集误差"),
    "alt strength": (
        "Two U-shaped curves over the strength: the leave-one-out error of the supports lies above the query's; "
        "their lowest points are near each other.",
        "两条随强度变化的 U 形曲线：支持集上的留一误差在上，查询集误差在下，最低点相近。",
    ),
    "one strength": ("One strength for U users of K ratings", "U 名用户共用一个强度，每人 K 条评分"),
    "alt play": (
        "The leave-one-out error over the strength: with one user its lowest point may lie anywhere, with many near 1.",
        "留一误差随强度变化：只看一名用户，最低点可能在任何位置；用户多了，最低点在 1 附近。",
    ),
    "ids": ("New users: what their ratings are worth", "新用户：评分值多少"),
    "K": ("K, ratings of the new user", "K：新用户的评分数"),
    "rmse K": ("RMSE (stars)", "RMSE（星）"),
    "head": ("head", "预测头"),
    "user-id head": ("with user ids", "加用户 ID"),
    "user-id head, bottleneck": ("ids + bottleneck", "ID + 瓶颈"),
    "control": ("closed-form head, trained as long", "闭式解预测头，训练同样久"),
    "scale": ("prior scale", "先验尺度"),
    "trained, own": ("trained on, own", "训练用户，自己的评分"),
    "trained, other": ("trained on, another's", "训练用户，别人的评分"),
    "new, own": ("new, own", "新用户，自己的评分"),
    "new, other": ("new, another's", "新用户，别人的评分"),
    "yours": ("your residuals", "你的残差"),
    "library": ("the library's", "库的残差"),
    "nats": ("nats a user", "每名用户的 nat 数"),
    "row": ("numbers in a row", "每行的数"),
    "mean": ("error of the mean", "取平均后的误差"),
    "alt ids": (
        "RMSE over K for three heads: the head without ids lies lowest, the one with ids highest, and it falls least with K.",
        "三种预测头的 RMSE 随 K 变化：不带 ID 的最低；带 ID 的最高，随 K 降得最慢。",
    ),
}

# %% [markdown] tags=["expect"]
# **What do you expect?** Without any term, does the error of new users fall, stay, or rise again as training goes on? Which of four terms changes
# that: dropout, L2 to the initialisation, a proximal pull in the inner loop, or an inequality term?

# %% [markdown] lang="zh"
# **你猜结果如何？** 什么都不加，训练继续下去，新用户的误差会一直降、持平，还是回升？四种正则里哪个能改变它：dropout、拉向初始值的 L2、内层的近端项，还是不平等惩罚？

# %% tags=["figure"]
epochs, names = list(range(4, 61, 4)), ("plain", "dropout 0.5", "l2 1", "proximal 10")
curves = {}
for name in names:
    of = {"metric": "rmse by epoch", "on": "judging users"}
    curves[text(name)] = [study.mean(name, epoch=e, **of) for e in epochs]
fig = plots.lines(epochs, curves, **labels("curves", "epoch", "rmse"))
plots.show(fig, alt=text("alt curves"))

# %% tags=["claim"]
found = study.compare("dropout 0.5", "plain", "drift", k=5, users=50)
half, plain = "ANIL with dropout, half of the units", "plain ANIL"
claim("rise of RMSE after its best epoch", half, plain, found)

# %% [markdown]
# The rise is the overfitting, and dropout flattens it. <!-- c1: lower -->
# Yet in the figure dropout and L2 have a higher lowest point than no term. And nobody ships the last epoch. What matters is the error at the epoch that the tuning users chose, each term at the strength that they chose:

# %% [markdown] lang="zh"
# 回升就是过拟合，dropout 把它压平了。<!-- c1: lower -->
# 不过从图上看，dropout 和 L2 的最低点都比不加正则的高。何况没有人会上线最后一轮的模型。要看的是调参用户选出的那一轮，每种正则也用他们选出的强度：

# %% tags=["figure"]
terms = [f"{term}, tuned" for term in ("dropout", "l2", "proximal", "inequality")]
at = {"k": 5, "users": 50}
names = ("plain", *terms, "head")
said = {n: glossary.say(n).replace(" to the ", "\nto the ") for n in names}
rows = {said[n]: study.compare(n, "bias", **at) for n in names}
fig = plots.intervals(rows, title=text("terms"), xlabel=text("less"))
plots.show(fig, alt=text("alt terms"))
by_k = study.table(("bias", *names), users=50)
plots.table(by_k.rename(index=glossary.say))

# %% tags=["claim"]
found = study.compare("proximal, tuned", "plain", k=5, users=50)
claim("RMSE", "ANIL with a proximal term", "plain ANIL", found)

# %% tags=["claim"]
found = study.compare("dropout, tuned", "bias", k=5, users=50)
claim("RMSE", "ANIL with dropout", "shrunken bias", found)

# %% [markdown]
# The interval of every row of ANIL reaches zero. The proximal term shows no gain that matters over no term, <!-- c2: equal -->
# and ANIL with dropout none over the shrunken bias. <!-- c3: none -->
# So once other users say when to stop, no gain by a term that matters is seen. Two limits: the grids hold two or three strengths, and tuning users often took an end of them, the weakest L2 and inequality and the
# strongest pull. And all was tuned at five ratings: in the table at twenty, plain ANIL passes the bias, and the proximal term falls behind plain ANIL, perhaps because its ridge is there four times as strong. The last row is no term: it is the closed-form head (q07),
# whose prior and noise were fitted by likelihood before any meta-training.

# %% [markdown] lang="zh"
# ANIL 的各行与零看不出差别：近端项看不出有意义的收益，<!-- c2: equal -->
# 加了 dropout 的 ANIL 与收缩偏置也看不出差别。<!-- c3: none -->
# 所以一旦用另一批用户做早停，就看不到哪一项再带来有意义的收益。有两点限制：每种正则只试了两三个强度，调参用户常常选到网格的端点，即最弱的 L2 和不平等惩罚、最强的拉力。而且都是按五条评分调的：表中二十条评分时，
# 不加正则的 ANIL 超过了偏置，近端项则落在它后面，也许因为这时它的岭强度是四倍。最后一行不是正则项：它是闭式解预测头（q07），先验和噪声在元训练之前就用似然拟合好了。

# %% [markdown]
# ## 2. The proximal term, where it works
# Three inner steps cannot go far from $\theta$: stopping early *is* a pull. So take the network trained above without a term and adapt it at
# new users for longer, with the pull and without. Nothing is retrained; steps are half as long as in training; tuning users choose $\lambda$.

# %% [markdown] lang="zh"
# ## 2. 近端项：在哪里有用
# 内层只走三步，离 $\theta$ 走不了多远：早停本身就是一股拉力。所以把上面不加正则训练好的网络拿来，在新用户上多走几步，一组带拉力，一组不带。不重新训练；步长是训练时的一半；$\lambda$ 由调参用户选。

# %% tags=["figure"]
steps, drawn = (1, 3, 10, 30, 100, 300), {}
for name, label in (("no pull", "without"), ("pull", "with")):
    drawn[text(label)] = [study.mean(name, k=5, users=50, steps=s) for s in steps]
fig = plots.lines(steps, drawn, **labels("prox", "steps", "rmse"), log_x=True)
plots.show(fig, alt=text("alt prox"))

# %% tags=["claim"]
found = study.compare("no pull", "pull", k=5, users=50, steps=300)
claim("RMSE", "many steps without it", "many steps with a proximal term", found)

# %% [markdown]
# Without the pull, many steps follow the five ratings and lose the query. <!-- c4: higher -->
# With it the inner problem has one solution, and after some ten steps more of them change nothing. The curves also show what the pull does not do: at its end it lies where three steps without it lie. It
# makes long inner loops safe; it does not beat short ones. For a linear head the solution is ridge regression towards $\theta$:

# %% [markdown] lang="zh"
# 没有拉力，步数一多，参数就跟着五条评分跑，查询集上的误差越来越大。<!-- c4: higher -->
# 有了拉力，内层问题只有一个解，走过十来步，再多走也不变。曲线还说明拉力做不到什么：它的终点与不带拉力走三步差不多。它让内层多走也安全，并不比少走更好。对线性预测头，这个解就是朝 $\theta$ 收缩的岭回归：

# %%
learning, tuning, judging = split_users(data, seed=SEED)
few = np.random.default_rng(SEED).permutation(learning)[:50]
small = data.subset(np.isin(data.ratings["user_id"], few))
net = RegularisedANIL(proximal=10.0, seed=SEED).fit(small, epochs=2)
net.inner_steps = 1000
tasks = make_tasks(data, judging, k=5, pool=20, seed=SEED)

# %% tags=["from-scratch"]
support = tasks.support.select(slice(0, 1))
bias, h = net.inputs(support)  # item biases (1, 5), hidden units (1, 5, 32)
start, adapted = net._weights(), net.adapt(support)["w0"][0, :, 0]
theta = np.append(start["w0"].cpu(), start["b0"].cpu())
H = np.column_stack([h[0].cpu(), np.ones(5)])
y = ((support.values - bias)[0] / net.spread_).cpu().numpy()
# the inner problem: mean of 5 squared errors + 10 / 2 |w - theta|^2; so ridge 25
gram = H.T @ H + 25 * np.eye(len(theta))
w = theta + np.linalg.solve(gram, H.T @ (y - H @ theta))
print("agrees:", np.allclose(w[:-1], adapted.cpu(), atol=1e-8))

# %% [markdown]
# ## 3. The strength from the ratings at hand
# How strong should the ridge be? The users' five ratings tell: predict each from the other four, and pool over all users. The closed-form head has the prior that
# likelihood fitted; make it weaker or stronger by a factor, and compare with the error of the query, which leave-one-out never sees.

# %% [markdown] lang="zh"
# ## 3. 从手头的评分定强度
# 岭回归该多强？用户们的五条评分就能回答：用其余四条预测每一条，再汇总所有用户。闭式解预测头的先验是用似然拟合的；把它按倍数调弱或调强，再与查询集误差对照——留一法从没见过查询集。

# %% tags=["figure"]
factors, drawn = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100), {}
for name, label in (("leave one out", "loo"), ("query", "query")):
    curve = [study.mean(name, "rmse by strength", factor=f) for f in factors]
    drawn[text(label)] = curve
named = labels("by strength", "strength", "rmse") | {"log_x": True}
fig = plots.lines(factors, drawn, **named)
plots.show(fig, alt=text("alt strength"))
picks, heads = {}, [f"{text('split')} {s + 1}" for s in study.seeds]
for how in ("leave one out", "tuning users"):
    of = study.values(how, "chosen").values()
    picks[glossary.say(f"ridge, {how}")] = [float(v.iloc[0]) for v in of]
plots.table(data.users.from_dict(picks, orient="index", columns=heads), digits=0)

# %% tags=["claim"]
found = study.compare("ridge, leave one out", "ridge, tuning users", k=5, users=50)
by = "ridge strength by"
claim("RMSE", f"{by} leave-one-out", f"{by} tuning users", found)

# %% [markdown]
# The strength that leave-one-out chooses, on the new users' own five ratings, does as well as the one that tuning users choose, within the margin: <!-- c5: equal -->
# no query and no further users are needed. It is an easy match: the table shows that both mostly take the fitted strength, a factor of 1, and the steps between factors are wide. Compare where the curves are
# lowest, not their heights: leave-one-out is pooled over ratings, the query's is a mean over users.
#
# One strength for each user? Choose how many users share one, and how many ratings each has given.

# %% [markdown] lang="zh"
# 在新用户自己的五条评分上用留一法选出的强度，与调参用户选出的持平，差别在等效界值之内：<!-- c5: equal -->
# 不需要查询集，也不需要另外的用户。不过这不难：表中可见，两种办法大多选了拟合出的强度（倍数为 1），而且各倍数之间隔得很开。两条曲线只比最低点的位置，不比高低：留一误差是对所有评分汇总的，查询集误差是逐用户再平均的。
#
# 能不能每个用户各用一个强度？选选看：多少名用户共用一个，每人几条评分。

# %%
head = MetaLearningModel(seed=SEED).fit(small)


def left_out(support, factor):  # residuals in stars, of a prior so many times as strong
    items, (prior, scale) = head.linear(support), head.prior_of(support.users)
    weight = support.mask / items.variance.sqrt()
    y = (support.values - items.bias) / head.spread_ * weight
    z = items.x * weight.unsqueeze(2)
    return loo_residuals(z, y, prior, scale / factor**0.5, 1.0) / weight * head.spread_


# %% tags=["play", "nbval-ignore-output"]
def shared_strength(users=1, ratings=5):
    support = make_tasks(data, judging, k=ratings, pool=20, seed=SEED).support
    errors = [left_out(support.select(slice(0, users)), f) for f in factors]
    curve = [float((e**2).mean().sqrt()) for e in errors]
    shown = named | {"title": f"{text('one strength')}: U = {users}, K = {ratings}"}
    shown["ylabel"] = text("rmse K")
    return plots.lines(factors, {text("loo"): curve}, **shown)


every = len(judging)
plots.play(shared_strength, users=(1, every), ratings=(2, 20), alt=text("alt play"))

# %% [markdown]
# With one user the lowest point jumps anywhere. A few ratings cannot say how strong a prior should be: that is learned across users.
#
# Your `loo_residuals` is the case of a prior at 0 and a strength $\lambda$. On one user's ratings it must agree with the library:

# %% [markdown] lang="zh"
# 只看一名用户，最低点到处乱跳。几条评分说不清先验该多强：这要跨用户来学。
#
# 你写的 `loo_residuals` 是先验为 0、强度为 $\lambda$ 的情形。放到一名用户的评分上，应当与库的结果一致：

# %% tags=["exercise"]
with mine("q14") as my:
    x, y = head.linear(support).x[0], support.values[0] - 3.5
    ours = loo_residuals(x[None], y[None], x.new_zeros(1, 9), x.new_ones(9), 2**0.5)[0]
    yours = my.loo_residuals(x.cpu().numpy(), y.cpu().numpy(), 2.0)
    for name, left in (("yours", yours), ("library", ours.cpu().numpy())):
        print(f"{text(name)}: {np.round(left, 3)}")

# %% [markdown]
# ## 4. Who reads the ratings, and who remembers the user?
# All learning users train now. The closed-form head gets one more input: a row of numbers for each user id, added to its prior. New users
# have a row of zeros. Heads with ids are trained to the end, 30 epochs here and 60 in the study, at a higher rate than the head, without early stopping: the fault is to be seen.
# A control, the head without ids, is trained here just as long and fast.

# %% [markdown] lang="zh"
# ## 4. 谁在看评分，谁在背用户？
# 现在用全部训练用户来训练。给闭式解预测头多一个输入：每个用户 ID 一行参数，加到先验上。新用户那一行是零。带 ID 的预测头一直训到底，这里 30 轮，研究里 60 轮，学习率也比不带 ID 的高，不做早停：就是要让毛病显出来。
# 这里另设一个对照：不带 ID 的预测头，用同样的轮数和学习率来训练。

# %% [markdown] tags=["expect"]
# **What do you expect?** Which of the two looks better on the users it was trained on? Then give every user the five ratings of somebody else: which of
# the two gets worse?

# %% [markdown] lang="zh"
# **你猜结果如何？** 在训练用户上，哪一个看起来更好？再把每个用户的五条评分换成别人的：哪一个会变差？

# %%
large = data.subset(np.isin(data.ratings["user_id"], learning))
known = make_tasks(large, learning, k=5, pool=20, seed=SEED)
heads = {
    "head": MetaLearningModel(seed=SEED).fit(large),
    "user-id head": UserIdHead(epochs=30, seed=SEED).fit(large),
}
tight = UserIdHead(epochs=30, bottleneck=0.03, seed=SEED).fit(large)
heads["user-id head, bottleneck"] = tight
control = MetaLearningModel(epochs=30, lr=tight.lr, seed=SEED).fit(large)

# %%
judged = make_tasks(data, judging, k=5, pool=20, seed=SEED)
models = {glossary.say(n): m for n, m in heads.items()} | {text("control"): control}
rows = {}
for name, model in models.items():
    row = {text("scale"): float(model.params_["log_scale"].exp().mean())}
    for who, group in (("trained", known), ("new", judged)):
        for whose, t in (("own", group), ("other", swap_supports(group))):
            error = evaluate_tasks(model, t, ("rmse",))["rmse"].mean()
            row[text(f"{who}, {whose}")] = error
    rows[name] = row
plots.table(data.users.from_dict(rows, orient="index"))

# %% [markdown]
# Look at the columns of the users trained on first. The head with ids has by far the lowest error there, and hardly minds whose ratings it gets:
# it remembers. Its prior scale is much smaller, so that five ratings move it little. A row for a stranger is zero, and the narrow
# prior stays. The control reads its ratings, and yet its new users lose as well: part of the loss is the training, not the ids. The head with a bottleneck is
# no worse than the control. In the study, without the control:

# %% [markdown] lang="zh"
# 先看训练用户的两列：带 ID 的预测头误差最低，而且拿到谁的评分几乎都无所谓——它在背答案。它的先验尺度小得多，五条评分推不太动它。陌生人的那一行是零，先验却照样这么窄。
# 对照看的是评分，新用户的误差却也变大了：损失有一部分来自训练，而不是 ID。带信息瓶颈的预测头并不比对照差。研究的结果（没有这个对照）：

# %% tags=["figure"]
sizes, curves = (0, 1, 5, 20), {}
for name in heads:
    of = {"users": "all", "support": "own"}
    curves[text(name)] = [study.mean(name, k=k, **of) for k in sizes]
fig = plots.lines(sizes, curves, **labels("ids", "K", "rmse K"), xticks=sizes)
plots.show(fig, alt=text("alt ids"))

# %% tags=["claim"]
found = study.compare("user-id head", "head", k=20, users="all", support="own")
ids = "head that knows user ids"
claim("RMSE", ids, "closed-form head", found, headline=True)

# %% tags=["claim"]
own, other = ({"support": whose} for whose in ("own", "another's"))
swap = {n: study.compare((n, other), (n, own), k=5, users="all") for n in heads}
words = ("another user's ratings", "the user's own ratings")
a, b = (Minus(*((n, w) for w in words)) for n in (ids, "closed-form head"))
claim("RMSE", a, b, swap["user-id head"] - swap["head"])

# %% tags=["claim"]
sides = ("user-id head, bottleneck", "user-id head")
found = study.compare(*sides, k=20, users="all", support="own")
claim("RMSE", f"{ids}, with a bottleneck", ids, found)

# %% [markdown]
# New users lose, by memory and by the longer training together. <!-- c6: higher -->
# Swapping the supports costs the memoriser far less than the head: that is the test to run. <!-- c7: lower -->
# The bottleneck draws each row from a Gaussian and charges its KL; tuning users chose its price. It brings back much of what was lost, <!-- c8: lower -->
# yet the figure shows the head without ids below both: with less training, so that leaving ids out and a bottleneck are not compared alike. The figure shows two losses. At K = 0 both heads with ids
# start higher, perhaps by the longer training. Then the head with ids falls slowest, and the bottleneck mends this part. How much does a row still hold? Your `gaussian_kl` tells, in nats a user:

# %% [markdown] lang="zh"
# 新用户的误差变大，背答案和训练更久都有份。<!-- c6: higher -->
# 互换支持集，背答案的损失远小于真在看评分的：该做的就是这个检查。<!-- c7: lower -->
# 信息瓶颈让每一行从高斯分布里抽取，并按 KL 收费，价格由调参用户选。丢掉的补回来不少，<!-- c8: lower -->
# 但从图上看，不带 ID 的预测头仍在两者之下；它训练得少，所以“不放 ID”和“加瓶颈”并没有在同等条件下比过。图上看得出损失有两部分。K = 0 时，带 ID 的两个头起点都更高，也许是因为训练更久。之后带 ID 的头降得最慢，信息瓶颈补上的是这一部分。每一行还存着多少？用你的 `gaussian_kl` 算算每名用户多少 nat：

# %% tags=["exercise"]
with mine("q14") as my:
    rows = data.user_index(learning)
    weights = heads["user-id head, bottleneck"].params_
    mean, log_std = (weights[n][rows] for n in ("user_vectors", "user_log_std"))
    nats = my.gaussian_kl(mean, log_std, 1.0) / len(rows)
    print(f"{text('nats')}: {float(nats):.1f}, {text('row')}: {mean.shape[1]}")

# %% [markdown]
# Last, an ensemble. Its heads should err apart, not merely differ: your `error_correlation_penalty` is the part of the error that stays however many
# heads are averaged (q20 trains with it).

# %% [markdown] lang="zh"
# 最后是集成。各个头要错得不一样，光是“彼此不同”不够：你的 `error_correlation_penalty` 就是无论平均多少个头都消不掉的那部分误差（q20 会用它训练）。

# %% tags=["exercise"]
with mine("q14") as my:
    one = judged.select(slice(0, 1))
    query, n = one.query.trim(), int(one.query.counts)
    scores = [score_tasks(m, one)[0, :n].tolist() for m in heads.values()]
    scores = query.values.new_tensor(scores)
    c = my.error_correlation_penalty(scores, query.values[0])
    v = ((scores - query.values) ** 2).mean()
    whole = ((scores.mean(0) - query.values[0]) ** 2).mean()
    parts = float(v + 2 * c) / 3
    print(f"v/3 + 2/3 c: {parts:.4f}, {text('mean')}: {float(whole):.4f}")

# %% [markdown] tags=["rubric"]
# #### English
# - [2] tells overfitting from memorisation, and names the test: swap the supports
# - [2] says that users are the sample: more ratings of few users do not replace users
# - [2] proximal term: what it pulls to, that few steps are a pull already, ridge for a linear head
# - [1] chooses a strength without the query: leave-one-out, residual over 1 minus leverage
# - [2] user ids or rich profiles let the outer loop ignore the support; drops them or adds a bottleneck
# - [1] compares with a tuned shrunken bias and reports nulls
# #### 中文
# - [2] 分清过拟合与记忆，并说出检验办法：互换支持集
# - [2] 知道样本是用户：少数用户的评分再多，也代替不了更多用户
# - [2] 近端项：拉向哪里；步数少本身就是约束；线性头时就是岭回归
# - [1] 不用查询集就能选强度：留一法，残差除以 1 减杠杆值
# - [2] 用户 ID 或过细的画像会让外层不看支持集；去掉，或加信息瓶颈
# - [1] 与调好的收缩偏置比较，没有效果也如实报告

# %% [markdown] tags=["pitfalls"]
# #### English
# - **"The training loss is low, so meta-training worked."** → The memoriser has the lowest one. Judge on new users, who lose. <!-- c6: higher -->
# - **"Add a proximal term to MAML."** → With three inner steps no gain that matters is seen; <!-- c2: equal -->
#   it matters when the inner loop runs long. <!-- c4: higher -->
# - **"Dropout fixes overfitting."** → It flattens the late rise; <!-- c1: lower -->
#   at five ratings no gain over the tuned bias is seen. <!-- c3: none -->
# - **"Choose λ by leave-one-out for each user."** → Five ratings cannot tell; share one over users.
# - **"An ensemble needs heads that differ."** → It needs errors that differ; a wrong head differs too.
# #### 中文
# - **“训练损失很低，说明元训练成功了。”** → 背答案的损失最低。要看新用户，吃亏的正是他们。<!-- c6: higher -->
# - **“给 MAML 加个近端项。”** → 内层只走三步时看不出有意义的收益；<!-- c2: equal -->
#   内层走得长时才要紧。<!-- c4: higher -->
# - **“dropout 能治过拟合。”** → 它压平后期的回升；<!-- c1: lower -->
#   五条评分时，与调好的偏置相比看不出收益。<!-- c3: none -->
# - **“每个用户各自用留一法选 λ。”** → 五条评分说不准，应当跨用户共用一个。
# - **“集成要各个头互不相同。”** → 要的是错得不同；一个错误的头也很“不同”。

# %% [markdown] tags=["follow-ups"]
# #### English
# <details><summary>Why does your CTR model train for one epoch only?</summary>
# Reported by Alibaba (CIKM 2022): test AUC collapses as epoch two starts, tied to sparse ids and fast optimisers; weight decay and dropout are
# reported not to cure it. One reading: a row seen a few times is fitted to those few labels, and the layers above learn to trust it, much as in section 4. What
# is done: stop after one epoch; re-initialise the embeddings each epoch and keep the MLP (MEDA); pretrain ids (Pinterest, RecSys 2024). q04 shows the
# fall live.</details>
# <details><summary>How do you treat rare ids: an admission threshold, a default embedding, decay by frequency?</summary>
# As one rule: a row with n samples deserves the weight n / (n + λ) beside what its features say. A default embedding is that prior. A threshold is λ = ∞
# below it and 0 above. Uniform weight decay in a sparse table acts at each touch, so it depends on the optimiser what a rare row gets: write the decay by
# frequency explicitly.</details>
# <details><summary>You have clicks, not stars. What stays?</summary>
# The swap test, with AUC or log loss, and the bottleneck. Leave-one-out needs the Hessian at the optimum in place of XᵀX and is then approximate. The
# inequality of losses is defined for any loss; TAML's other form, entropy, is for classes.</details>
# <details><summary>A sequence model adapts in context. Can it memorise as well?</summary>
# Yes, where an input names the user. Give each user the history of another and keep the id: if AUC stays, the history is decoration. Without user ids
# it cannot look a user up, which is one reason to leave them out.</details>
# <details><summary>We have 10⁹ users. Is the user table then worth having?</summary>
# For users with long histories a row stores what no context window holds. Give it to them alone, regularised by their count, and train the model
# with rows dropped at random, so that it can do without. Then measure on users who joined after training.</details>
# #### 中文
# <details><summary>你的 CTR 模型为什么只训一个 epoch？</summary>
# 阿里的论文（CIKM 2022）报告：第二个 epoch 一开始，测试 AUC 就骤降，与 ID 稀疏、优化器走得快有关；权重衰减和 dropout 据报告治不了。一种解释：只见过几次的一行 embedding
# 会被拟合成那几个标签，上层网络又学会了信任它，很像第 4 节的“背答案”。做法：只训一个 epoch；每个 epoch 重新初始化 embedding、保留 MLP（MEDA）；先对 ID 做预训练
# （Pinterest，RecSys 2024）。q04 现场演示这一骤降。</details>
# <details><summary>低频 ID 怎么处理：准入阈值、默认 embedding，还是按频次衰减？</summary>
# 其实是同一条规则：有 n 个样本的一行，与特征给出的先验相比，权重应是 n / (n + λ)。默认 embedding 就是先验；准入阈值等于阈值以下 λ = ∞、以上为 0。稀疏表上统一的
# 权重衰减只在被更新时起作用，低频行到底衰减多少取决于优化器，不如把按频次的衰减明确写出来。</details>
# <details><summary>只有点击，没有评分，哪些还成立？</summary>
# 互换支持集的检验照做，指标换成 AUC 或对数损失；信息瓶颈也照用。留一法要用最优点处的 Hessian 代替 XᵀX，此时只是近似。损失的不平等程度对任何损失都有定义；
# TAML 的另一种形式（熵）只适用于分类。</details>
# <details><summary>序列模型在上下文里就能适应，它也会背答案吗？</summary>
# 会，只要输入里有能认出用户的东西。给每个用户换上别人的历史、保留 ID：AUC 不掉，说明历史只是摆设。不放用户 ID，它就没处去查这个人，这也是不放的理由之一。</details>
# <details><summary>有 10⁹ 个用户，用户 ID 表还值得要吗？</summary>
# 对历史很长的用户，一行参数能存下上下文窗口装不下的东西。只给这些用户，并按他们的样本数做正则；训练时随机丢掉一些行，让模型没有它也能工作。
# 然后在训练之后才来的用户上评估。</details>

# %% [markdown] tags=["exercise"]
# ## Your turn
# Write three functions in [`exercises/q14_meta_regularization.py`](../exercises/q14_meta_regularization.py), about 25 minutes:
#
# - `gaussian_kl`: what an information bottleneck charges.
# - `loo_residuals`: leave-one-out by one solve.
# - `error_correlation_penalty`: what averaging heads cannot remove.
#
# Then run the cell below. Stuck? In the cell after it, take the `#` away and run: each run gives the next of three hints.

# %% [markdown] lang="zh"
# ## 动手
# 在 [`exercises/q14_meta_regularization.py`](../exercises/q14_meta_regularization.py) 里写三个函数，约 25 分钟：
#
# - `gaussian_kl`：信息瓶颈收的费。
# - `loo_residuals`：一次求解得到留一残差。
# - `error_correlation_penalty`：对各个头取平均也消不掉的误差。
#
# 写完运行下面的单元格。卡住了？把再下面那个单元格里的 `#` 去掉再运行：每运行一次给出下一条提示，共三条。

# %% tags=["exercise"]
from metarec_lib import check, what_was_measured

check("q14")

# %% tags=["exercise"]
# from metarec_lib import hint; hint("q14", "gaussian_kl")

# %% tags=["measured"]
what_was_measured()

# %% [markdown] tags=["references"]
# **Read first · 先读：** Yin, Tucker, Zhou, Levine & Finn (2020), [*Meta-Learning without Memorization*](https://openreview.net/forum?id=BklEFpEYwS), ICLR.
#
# - Rajeswaran, Finn, Kakade & Levine (2019), [*Meta-Learning with Implicit Gradients*](https://arxiv.org/abs/1909.04630), NeurIPS: iMAML.
# - Zhou, Yuan, Xu, Yan & Feng (2019), *Efficient Meta Learning via Minibatch Proximal Update*, NeurIPS: Meta-MinibatchProx.
# - Jamal & Qi (2019), [*Task Agnostic Meta-Learning for Few-Shot Learning*](https://arxiv.org/abs/1805.07722), CVPR: TAML.
# - Li, Grandvalet & Davoine (2018), [*Explicit Inductive Bias for Transfer Learning with Convolutional Networks*](https://arxiv.org/abs/1802.01483), ICML.
# - Lee, Nam, Yang & Hwang (2020), *Meta Dropout: Learning to Perturb Latent Features for Generalization*, ICLR: it learns the noise; here masks are drawn.
# - Allen (1974), *The Relationship between Variable Selection and Data Augmentation and a Method for Prediction*, Technometrics: e / (1 − h).
# - Liu & Yao (1999), *Ensemble Learning via Negative Correlation*, Neural Networks.
# - Zhang et al. (2022), *Towards Understanding the Overfitting Phenomenon of Deep Click-Through Rate Models*, CIKM.
# - Fan et al. (2024), [*Multi-Epoch Learning with Data Augmentation for Deep Click-Through Rate Prediction*](https://arxiv.org/abs/2407.01607), arXiv: MEDA.
# - Hsu et al. (2024), *Taming the One-Epoch Phenomenon in Online Recommendation System by Two-stage Contrastive ID Pre-training*, RecSys.
