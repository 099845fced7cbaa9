# %% [markdown]
# # q31 · Augmenting tasks: what a meta-learner gains, and from what
#
# A task can be augmented in more ways than an image: its inputs, its labels, its split, or the task itself. What is left of each against a learner that is regularised some other way?

# %% [markdown] lang="zh"
# # q31 · 增强任务：元学习器得到了什么，又是从哪里得到的
#
# 任务比图片有更多可以增强的地方：输入、标签、切分，甚至任务本身。与用别的办法正则化的学习器相比，每一种还剩多少好处？

# %% [markdown] tags=["question"]
# #### English
# You have few users to meta-train on. Design data augmentation for the meta-learner: what do you augment, where in the loop, how do you choose the strength, and how do you know that it is the augmentation
# that helped? Would you let a language model write interactions?
# #### 中文
# 可用于元训练的用户很少。请为元学习器设计数据增强：增强什么？放在训练循环的哪一步？强度怎么选？怎么确认确实是增强起了作用？你会让大模型来编造交互数据吗？
#
# level: senior · minutes: 3 · needs: q01, q14, q30 · topics: augmentation, mixup, meta-augmentation, cold start

# %% [markdown] tags=["answer-short"]
# #### English
# First the free one: redraw support and query in every epoch; one fixed split costs accuracy. <!-- c7: higher, c8: higher -->
# Then I ask what else would give the same gain. With fifteen users, noise on features looks splendid against a learner that never stops, <!-- c1: lower -->
# and little of that is left once both stop early on other users, with a sign that changes with the fifteen drawn. <!-- c2: lower -->
# Mixing the query with the support harms; I suspect that it rewards fitting the support's noise. <!-- c3: higher -->
# Noise shared by support and query helps where users can be memorised. <!-- c6: lower -->
# Strength is chosen on validation users, the split comes first, and a tuned ridge stands beside it.
# #### 中文
# 先做免费的：每一轮重新切分支持集和查询集，固定一次切分会损失精度。<!-- c7: higher, c8: higher -->
# 再问：同样的提升，别的办法能不能拿到？只有十五名用户时，特征噪声对不早停的学习器看起来效果惊人，<!-- c1: lower -->
# 两边都在别的用户上早停之后，所剩无几，而且换一批十五人，正负号就会变。<!-- c2: lower -->
# 把查询与支持集混合反而有害，我怀疑它在奖励模型去拟合支持集里的噪声。<!-- c3: higher -->
# 支持集和查询集共享的标签噪声，在用户可能被记住时有用。<!-- c6: lower -->
# 强度在验证用户上选，先切分再增强，旁边放一个调好的岭回归。

# %% [markdown] tags=["answer-full"]
# **Where.** A training task is a pair $(S, Q)$: adapt on $S$, take the loss on $Q$. One can change the inputs, the labels, the split, or make a task of two.
#
# **The split is free.** Drawing $S$ and $Q$ anew in every epoch turns one user into many tasks. A fixed split costs ANIL accuracy, <!-- c7: higher -->
# and an in-context Transformer too. <!-- c8: higher -->
#
# **Mixtures.** MetaMix (Yao et al. 2021) trains on
#
# $$\tilde x = \lambda x_q + (1 - \lambda) x_s, \qquad \tilde y = \lambda y_q + (1 - \lambda) y_s, \qquad \lambda \sim \mathrm{Beta}(a, a).$$
#
# New users are served worse (here: at the inputs, $a = 0.5$). <!-- c3: higher -->
# A likely reason: the label now holds the support's own noise, which the inner loop has just fitted, so fitting noise pays.
# Take the partner from the query instead, and little of the harm is left. <!-- c4: higher -->
# MLTI interpolates two tasks.
#
# **Shared label noise** (Rajendran et al. 2020): $y + \varepsilon_u$ on all ratings of a task. Who knows the user by name cannot know $\varepsilon_u$ and must read the support. In a learner with user ids that never stops it helps much. <!-- c6: lower -->
# ANIL here has no ids to memorise, and the figure shows no gain for it.
#
# **Against what.** Fifteen users and no stopping: noise wins. <!-- c1: lower -->
# Let both stop on other users: little of it remains, and its sign changes with the fifteen drawn. <!-- c2: lower -->
# A paper that compares only the first pair may report regularisation as augmentation. And the closed-form head is better than ANIL; <!-- c5: lower -->
# in the study no augmentation brings ANIL that far.
#
# **Interactions by a language model.** Free text, not free data: a reproduction of LLMRec (RecSys 2025) reports critical issues; Alibaba's simulator (WSDM 2025) filters users first and reports an online gain. Validate as any source:
# with and without, on real held-out users.
#
# **Order.** Split, then augment the training part. Put strength 0 into the grid.

# %% [markdown] tags=["zh"]
# **增强在哪里。** 一个训练任务是一对 $(S, Q)$：在 $S$ 上适应，在 $Q$ 上算损失。可以改输入、改标签、改切分，或者用两个任务造一个。
#
# **切分是免费的。** 每一轮重新抽 $S$ 和 $Q$，一个用户就变成许多任务。固定一次切分，ANIL 会变差，<!-- c7: higher -->
# 上下文 Transformer 也会。<!-- c8: higher -->
#
# **混合。** MetaMix（Yao 等，2021）训练用的是
#
# $$\tilde x = \lambda x_q + (1 - \lambda) x_s, \qquad \tilde y = \lambda y_q + (1 - \lambda) y_s, \qquad \lambda \sim \mathrm{Beta}(a, a).$$
#
# 新用户反而更差（这里在输入层混合，$a = 0.5$）。<!-- c3: higher -->
# 一个可能的原因：标签里混进了支持集自己的噪声，而内循环刚刚拟合过它，于是拟合噪声得到奖励。
# 搭档改从查询集里取，害处就所剩无几。<!-- c4: higher -->
# MLTI 则在两个任务之间插值。
#
# **共享标签噪声**（Rajendran 等，2020）：一个任务的所有评分都加 $y + \varepsilon_u$。靠名字认出用户的模型不可能知道 $\varepsilon_u$，只能去读支持集。对带用户 ID、又不早停的学习器帮助很大。<!-- c6: lower -->
# 这里的 ANIL 没有 ID 可记，图里也看不到提升。
#
# **和谁比。** 十五名用户、不早停：噪声赢。<!-- c1: lower -->
# 两边都在别的用户上早停：所剩无几，而且换一批十五人正负号就变。<!-- c2: lower -->
# 只比较第一对的论文，可能是把正则化当成了增强来报告。而闭式解预测头比 ANIL 好；<!-- c5: lower -->
# 研究里没有哪种增强能让 ANIL 追上它。
#
# **大模型编造的交互。** 文字是免费的，数据不是：对 LLMRec 的复现（RecSys 2025）报告了严重问题；阿里的模拟器（WSDM 2025）先筛用户，报告了线上收益。验证办法和任何数据源一样：
# 有它和没有它，在真实的留出用户上比较。
#
# **次序。** 先切分，再只增强训练部分；强度网格里要有 0。

# %% [markdown]
# ## 1. Four places to augment a task
# A training task is a support, which the inner loop reads, and a query, which the outer loss is taken on. Noise on the inputs changes both. *Shared label noise* adds one random number to
# all ratings of a task: the query's shift can then only be known from the support. *Mixup* replaces a query rating by a mixture of two of the query; *MetaMix* mixes it with a
# rating of the support. *Between tasks* makes a new user of two. Below, one task: what the query becomes.

# %% [markdown] lang="zh"
# ## 1. 任务的四个可增强之处
# 一个训练任务由支持集（内循环读它）和查询集（外层损失在它上面算）组成。输入噪声同时改变两者。*共享标签噪声*给一个任务的全部评分加上同一个随机数：查询集的偏移只能从支持集里得知。
# *mixup* 把一条查询评分换成两条查询评分的混合；*MetaMix* 则与支持集里的评分混合。*任务间插值*用两个用户造一个新用户。下面看一个任务的查询集变成什么样。

# %%
import numpy as np
import torch
import metarec_lib as mr
from metarec_lib import claim, load_study, mine, plots, seed
from metarec_lib.meta.augmentation import AUGMENTATIONS
from metarec_lib.models.training import progress

SEED = seed()

# %% tags=["figure"]
TEXTS = {
    "stars": ("stars beyond what the film gets", "超出影片平均的星数"),
    "query": ("The query of one task, six films", "一个任务的查询集，六部影片"),
    "film": ("film of the query", "查询集中的影片"),
    "rated": ("as rated", "原评分"),
    "after": ("augmented", "增强后"),
    "alt query": (
        "Labels of six query films, as rated and after augmentation; MetaMix pulls them towards labels of the support.",
        "六部查询影片的标签，原评分与增强后；MetaMix 把它们拉向支持集的标签。"),
    "no noise": ("no noise", "不加噪声"),
    "noise": ("feature noise", "特征噪声"),
    "epochs": ("Fifteen users, ANIL", "十五名用户，ANIL"),
    "epoch": ("epochs of meta-training", "元训练轮数"),
    "mse": ("squared error (stars²)", "平方误差（星²）"),
    "alt epochs": (
        "Squared error of new users against epochs with feature noise and without: both fall, then rise; without noise sooner.",
        "新用户的平方误差随训练轮数的变化，有无特征噪声两条线：都先降后升，不加噪声时升得更早。"),
    "draws": ("Fifteen users, drawn five times", "十五名用户，抽了五次"),
    "draw": ("draw of the fifteen users", "第几次抽取十五名用户"),
    "alt draws": (
        "Difference in squared error to plain ANIL for five draws of fifteen users: every line lies on both sides of zero.",
        "五次抽取十五名用户时与普通 ANIL 的平方误差之差：每条线都有正有负。"),
    "id": ("ids", "带 ID"),
    "id noise": ("ids, label noise", "带 ID＋标签噪声"),
    "id other": ("ids, a stranger's", "带 ID，换成别人的评分"),
    "id noise other": (
        "ids, label noise, a stranger's", "带 ID＋标签噪声，换成别人的评分"),
    "reads": ("Who reads the ratings? K = 10", "谁在读评分？K = 10"),
    "alt reads": (
        "Squared error of six learners: with label noise a stranger's ratings hurt most; bias and head without ids are lowest.",
        "六个学习器的平方误差：加标签噪声后，换成别人的评分伤害最大；不带 ID 的偏置和预测头最低。"),
    "sizes": ("Difference to plain ANIL, K = 3", "与普通 ANIL 之差，K = 3"),
    "difference": ("difference in squared error (stars²)", "平方误差之差（星²）"),
    "alt sizes": (
        "Intervals of the difference to plain ANIL, all training users: MetaMix far above zero, the head alone below it.",
        "与普通 ANIL 之差的区间，使用全部训练用户：MetaMix 远在零之上，只有预测头在零之下。"),
}

# %%
data = mr.load_movielens("ml-100k")
learning, tuning, judging = mr.split_users(data, seed=SEED)
few = np.random.default_rng(SEED).permutation(learning)[:15]
small = data.subset(np.isin(data.ratings["user_id"], few))
plain = mr.AugmentedANIL(augmentation="none", epochs=1, seed=SEED).fit(small)
task = mr.make_tasks(data, few[:1], k=4, query=6, seed=SEED)
parts = plain.examples(task.support), plain.examples(task.query)


# %% tags=["play", "nbval-ignore-output"]
def augmented(kind="metamix", strength=0.5):
    rng = np.random.default_rng([SEED, 31])
    query = AUGMENTATIONS[kind](*parts, strength, rng)[1]
    films = np.arange(1, 7)
    rows = {TEXTS["rated"]: parts[1].y[0], TEXTS["after"]: query.y[0]}
    rows = {name: (plain.spread_ * y).tolist() for name, y in rows.items()}
    axes = {"title": TEXTS["query"], "xlabel": TEXTS["film"], "ylabel": TEXTS["stars"]}
    return plots.lines(films, rows, **axes)


kinds = ["metamix", "mixup", "feature noise"]
plots.play(augmented, kind=kinds, strength=(0.1, 2.0, 0.1), alt=TEXTS["alt query"])

# %% [markdown]
# **By hand:** one augmented outer loss of ANIL. Half a star is added to the whole task; three steps of the head on the support; then the error on the query.

# %% [markdown] lang="zh"
# **手写**：ANIL 的一次增强后的外层损失。给整个任务加半颗星，预测头在支持集上走三步，再算查询集上的误差。

# %% tags=["from-scratch"]
noisy = mr.shared_label_noise(task, task.query.values.new_tensor([0.5]))
(bias, h), (bias_q, h_q) = plain.inputs(noisy.support), plain.inputs(noisy.query)
y, y_q = (noisy.support.values - bias)[0], (noisy.query.values - bias_q)[0]
y, y_q, h, h_q = y / plain.spread_, y_q / plain.spread_, h[0].detach(), h_q[0].detach()
w, c = plain.params_["w1"][:, 0].detach(), plain.params_["b1"][0, 0].detach()
k = len(y)
rate = plain.inner_lr * k / (k + plain.shrinkage)  # the step knows K
for _ in range(plain.inner_steps):
    error = h @ w + c - y
    w, c = w - rate * 2 * (h.T @ error) / k, c - rate * 2 * error.mean()
by_hand = ((h_q @ w + c - y_q) ** 2).mean()
print("agrees:", torch.allclose(by_hand, plain.meta_loss(noisy).detach(), atol=1e-8))

# %% [markdown]
# Your `metamix` on the support and the query of this task:

# %% [markdown] lang="zh"
# 用你写的 `metamix` 处理这个任务的支持集和查询集：

# %% tags=["exercise"]
with mine("q31") as my:
    support, query = parts
    partner = torch.tensor([0, 1, 2, 3, 0, 1])
    weight = support.y.new_full((6,), 0.5)
    known, asked = (support.x[0], support.y[0]), (query.x[0], query.y[0])
    mixed = my.metamix(*known, *asked, partner, weight)
    print(tuple(mixed[0].shape), [f"{value:.2f}" for value in mixed[1].tolist()])

# %% [markdown] tags=["expect"]
# **What do you expect?** Fifteen users, no one to stop on. How does noise on the features change the error on new users over 60 epochs?

# %% [markdown] lang="zh"
# **你猜结果如何？** 只有十五名用户，没有人可以用来早停。给特征加噪声，60 轮训练中新用户的误差会怎样变化？

# %% [markdown]
# ## 2. With few users: against what?
# The curve is live, judged on tuning users with three ratings each.

# %% [markdown] lang="zh"
# ## 2. 用户很少时：和谁比？
# 下面的曲线是当场训练的，在每人三条评分的调参用户上评估。

# %%
watch = mr.make_tasks(data, tuning, k=3, pool=20, seed=SEED)
epochs, curves = list(range(4, 61, 4)), {}


def error(net):
    return (mr.evaluate_tasks(net, watch, ("rmse",))["rmse"] ** 2).mean()


# %%
for name, strength in (("no noise", 0.0), ("noise", 1.0)):
    kind = {"augmentation": "feature noise", "strength": strength}
    net, errors = mr.AugmentedANIL(**kind, seed=SEED), []
    net._start(small)
    for _ in progress(60, "AugmentedANIL"):
        net._epoch(small)
        net.epoch_ += 1
        errors += [error(net)] * (net.epoch_ in epochs)
    curves[TEXTS[name]] = errors

# %% tags=["figure"]
axes = {"title": TEXTS["epochs"], "xlabel": TEXTS["epoch"], "ylabel": TEXTS["mse"]}
fig = plots.lines(epochs, curves, **axes, xticks=(4, 20, 40, 60))
plots.show(fig, alt=TEXTS["alt epochs"])

# %% [markdown]
# The study: 15, 60 and all meta-training users, five seeds, new users with 3 and 10 ratings. Strengths are chosen on tuning users. "Never stopped" is what a team
# does that has no users to spare; everywhere else the tuning users also decide when to stop, and there are many more of them than fifteen.

# %% [markdown] lang="zh"
# 研究：15、60 和全部元训练用户，五个种子，新用户有 3 或 10 条评分。强度在调参用户上选。“不早停”是没有多余用户的团队的做法；其余各行都由调参用户决定何时停止，他们的人数远不止十五。

# %%
study, at = load_study("q31"), {"users": 15, "k": 3}
rows = ("ANIL, never stopped", "feature noise, never stopped", "ANIL", "feature noise",
        "bias", "head")
plots.table(study.table(rows, metric="mse", by="k", users=15))

# %% tags=["claim"]
noise, never = "feature noise, never stopped", "ANIL, never stopped"
claim("squared error", noise, never, study.compare(noise, never, "mse", **at))

# %% tags=["claim"]
found = study.compare("feature noise", "ANIL", "mse", **at)
claim("squared error", "feature noise", "ANIL", found)

# %% [markdown]
# Never stopped, noise is a large gain. <!-- c1: lower -->
# Stopped on other users, little of it is left. <!-- c2: lower -->
# These intervals resample the new users. The fifteen were drawn only five times, so look at the draws, each minus plain ANIL.

# %% [markdown] lang="zh"
# 不早停时，噪声带来很大的收益。<!-- c1: lower -->
# 在别的用户上早停，所剩无几。<!-- c2: lower -->
# 这些区间重抽的是新用户，而那十五人只抽了五次。所以逐次来看，每次都减去普通 ANIL。

# %% tags=["figure"]
plain_errors, draws = study.values("ANIL", "mse", **at), {}
for name in ("feature noise", "between tasks", "head"):
    errors = study.values(name, "mse", **at)
    draws[name] = [float((errors[s] - plain_errors[s]).mean()) for s in study.seeds]
axes = {"xlabel": TEXTS["draw"], "ylabel": TEXTS["difference"]}
axes["xticks"] = range(1, len(study.seeds) + 1)
fig = plots.lines(axes["xticks"], draws, title=TEXTS["draws"], **axes)
plots.show(fig, alt=TEXTS["alt draws"])

# %% [markdown]
# The sign changes with the fifteen that were drawn, also for interpolation between tasks, and for the head. So at this size no gain over a stopped ANIL is safe. A guess: most of what looked like data was regularisation.
# Nor is the match even: whoever has users to stop on would train on them. The head stops on nobody, and its mean in the table is the lowest.
#
# ## 3. With all users: which augmentation?
# The zero is plain ANIL. Mixtures are made at the inputs, with one strength, $a = 0.5$. Look at two of them: mixup takes its partner from the query, MetaMix from the support.

# %% [markdown] lang="zh"
# 换一批十五人，正负号就会变，任务间插值如此，预测头也如此。所以在这个规模上，没有哪个“胜过早停 ANIL”的收益靠得住。猜测：看上去像多了数据，其实大半是正则化。
# 这场比较也不公平：真有人可以用来早停，就会拿他们来训练。预测头不需要任何人来早停，它在表里的平均误差最低。
#
# ## 3. 全部用户：哪种增强？
# 零点是普通的 ANIL。混合都在输入上做，只用一个强度 $a = 0.5$。注意其中两种：mixup 从查询集里找搭档，MetaMix 从支持集里找。

# %% tags=["figure"]
names = ("head", "feature noise", "shared label noise", "mixup", "between tasks")
everyone = {"users": "all", "k": 3}
against = {name: study.compare(name, "ANIL", "mse", **everyone) for name in names}
against["MetaMix"] = study.compare("metamix", "ANIL", "mse", **everyone)
fig = plots.intervals(against, title=TEXTS["sizes"], xlabel=TEXTS["difference"])
plots.show(fig, alt=TEXTS["alt sizes"])

# %% tags=["claim"]
claim("squared error", "metamix", "ANIL", against["MetaMix"])

# %% tags=["claim"]
claim("squared error", "mixup", "ANIL", against["mixup"])

# %% tags=["claim"]
claim("squared error", "head", "ANIL", against["head"])

# %% [markdown]
# MetaMix does harm here. <!-- c3: higher -->
# Mixing within the query costs a small fraction of that, with the same weights and the same network, <!-- c4: higher -->
# so it is the partner from the support that harms. A guess at the reason: the support's noise is what the inner loop should *not* learn; where labels carry almost no noise, as in image classification, this objection falls away. The paper mixes in
# hidden layers and on classes; other strengths were not tried.
# The closed-form head stays ahead, and none of the five brings ANIL clearly closer to it. <!-- c5: lower -->
#
# ## 4. Where it does work
# *A learner that can memorise.* The head of q14 that also knows each training user by an id; it trains for 60 epochs and never stops. With shared label noise the id no longer answers. Each is also given a stranger's ratings: who reads them must get worse. *The split.* One split of each user for all
# epochs, against a new one each time.

# %% [markdown] lang="zh"
# MetaMix 在这里有害。<!-- c3: higher -->
# 在查询集内部混合，代价只有它的一个零头，权重和网络都相同，<!-- c4: higher -->
# 所以有害的是“搭档来自支持集”。对原因的猜测：支持集的噪声正是内循环*不该*学的东西；像图像分类那样标签几乎没有噪声的地方，就没有这个问题。原论文在隐藏层、在分类任务上混合；其他强度这里没有试。
# 闭式解预测头仍然领先，五种增强没有一种让 ANIL 明显更接近它。<!-- c5: lower -->
#
# ## 4. 它在哪里真的有用
# *能死记硬背的学习器。* q14 里那个还知道每名训练用户 ID 的预测头，训练 60 轮、不早停。加上共享标签噪声，光靠 ID 就答不出来了。再把别人的评分塞给它：真在读评分的，就该变差。*切分。* 每名用户所有轮次共用一次切分，对比每轮重新切分。

# %% tags=["figure"]
told, by_name = "user-id head, label noise", "user-id head"
all_ten, own = {"users": "all", "k": 10}, {"users": "all", "support": "own"}
means = {name: study.mean(name, "mse", **all_ten) for name in ("head", "bias")}
for support, end in (("own", ""), ("another's", " other")):
    for name, model in (("id noise", told), ("id", by_name)):
        error_there = study.mean(model, "mse", support=support, **all_ten)
        means[TEXTS[name + end]] = error_there
fig = plots.bars(means, title=TEXTS["reads"], xlabel=TEXTS["mse"], digits=3)
plots.show(fig, alt=TEXTS["alt reads"])

# %% tags=["claim"]
found = study.compare(told, by_name, "mse", k=10, **own)
claim("squared error", told, by_name, found)

# %% tags=["claim"]
found = study.compare("ANIL, one split", "ANIL", "mse", users="all", k=10)
claim("squared error", "ANIL, one split", "ANIL", found, headline=True)

# %% tags=["claim"]
once, redrawn = "in-context Transformer, one split", "in-context Transformer"
found = study.compare(once, redrawn, "mse", users="all", k=10)
claim("squared error", once, redrawn, found)

# %% [markdown]
# Where users can be memorised, shared noise makes the learner read the ratings: its own serve it better, <!-- c6: lower -->
# and a stranger's hurt it more (figure). It stays behind bias and head, which know no ids: leaving the id out is better still. And again the rival never stopped.
# Redrawing the split, which costs one line, helps both kinds of learner; a fixed split also fixes how many ratings each support has. <!-- c7: higher, c8: higher -->

# %% [markdown] lang="zh"
# 在用户能被记住的地方，共享噪声让学习器去读评分：读自己的评分，误差更小；<!-- c6: lower -->
# 换成别人的评分，受害更大（见图）。但它仍落后于不带 ID 的偏置和预测头：干脆不给 ID 更好。而且这里的对手同样没有早停。
# 每轮重新切分只要一行代码，两类学习器都受益；固定一次切分，也就固定了每个支持集有几条评分。<!-- c7: higher, c8: higher -->

# %% [markdown] tags=["rubric"]
# #### English
# - [2] names places to augment: inputs, labels, split, new tasks, and says what each is meant to prevent
# - [2] redraws support and query, before anything else
# - [2] compares with a learner that is regularised as well: stopped early, tuned ridge, strength 0 in the grid
# - [2] explains shared label noise by memorisation, and when it does nothing
# - [1] splits before augmenting, and tests for the leak
# - [1] treats interactions written by a model as a source to be validated on real users
# #### 中文
# - [2] 说得出在哪里增强：输入、标签、切分、新任务，以及各自想防止什么
# - [2] 首先做到每轮重新切分支持集和查询集
# - [2] 与同样做了正则化的学习器比较：早停、调好的岭、网格里有强度 0
# - [2] 用“死记硬背”解释共享标签噪声，并说明它何时不起作用
# - [1] 先切分再增强，并检查泄漏
# - [1] 把模型编写的交互当作一个数据源，在真实用户上验证

# %% [markdown] tags=["pitfalls"]
# #### English
# - **"Few users, so augment."** → First stop early, and try a ridge. In section 2 little of the gain was left. <!-- c2: lower -->
# - **"MetaMix helps few-shot learners."** → Reported for classification. With noisy ratings it did harm here. <!-- c3: higher -->
# - **"Label noise makes the model robust."** → Independent noise teaches to distrust ratings. Noise shared by support and query teaches to read them.
# - **"LLM-written interactions are free data."** → They cost a validation on real users; a reproduction of LLMRec did not find the original's trends.
# #### 中文
# - **“用户少，那就做增强。”** → 先早停，再试岭回归。第 2 节里，提升所剩无几。<!-- c2: lower -->
# - **“MetaMix 对小样本学习有帮助。”** → 那是分类任务上的报告。评分有噪声，在这里它有害。<!-- c3: higher -->
# - **“标签噪声让模型更鲁棒。”** → 独立的噪声教模型别信评分；支持集与查询集共享的噪声教模型去读评分。
# - **“大模型写的交互是免费数据。”** → 代价是在真实用户上验证；对 LLMRec 的复现没有得到原文的趋势。

# %% [markdown] tags=["follow-ups"]
# #### English
# <details><summary>No clicks yet on a new product. Would you let a language model simulate users?</summary>
# For the prior of an item vector, perhaps; for evaluation, never. Validate on launches of the past: hide their first week, simulate it, and compare rank correlation with what came, beside a content model. Choose first whom
# to simulate: Alibaba's simulator filters users before the model is asked.</details>
# <details><summary>Augment before the split: what leaks exactly?</summary>
# Copies of query ratings in the support; neighbours interpolated from them (SMOTE); statistics such as item means. Your `augment_after_split` has the test: change the query, and the support must not move.</details>
# <details><summary>Where do you mix when features are ids?</summary>
# In the embedding, after look-up: half of an id does not exist. Then λ mixes two vectors, and a rare id gets gradients from strangers, so mix rare ids less.</details>
# <details><summary>We have 10⁸ users. Does any of this matter?</summary>
# Redrawing the split, yes, it is how streams are trained anyway: each event is query once and support later. The rest is for small scenes, new markets, new item types, where tasks are few.</details>
# <details><summary>A sequence model adapts in context. Does it need task augmentation?</summary>
# It suffers from a fixed split as well. <!-- c8: higher -->
# Cutting its training windows at random points is its way to redraw.</details>
# #### 中文
# <details><summary>新产品还没有点击，你会让大模型模拟用户吗？</summary>
# 用来做物品向量的先验，也许可以；用来评估，绝不。用过去的上新来验证：藏起它们的第一周，模拟出来，再与真实情况比秩相关，旁边放一个内容模型。先选好模拟谁：阿里的模拟器是先筛用户，再让大模型模拟。</details>
# <details><summary>先增强再切分，泄漏的到底是什么？</summary>
# 查询评分的副本进了支持集；由它们插值出来的邻居（SMOTE）；物品均值这类统计量。你写的 `augment_after_split` 里有检验：改动查询，支持集不许变。</details>
# <details><summary>特征是 ID 时，在哪里做 mixup？</summary>
# 在查表之后的 embedding 上：半个 ID 并不存在。这时 λ 混合两个向量，冷门 ID 会收到来自陌生样本的梯度，所以冷门 ID 要少混。</details>
# <details><summary>我们有 10⁸ 用户，这些还重要吗？</summary>
# 重新切分重要，流式训练本来就是这么做的：每条行为先当一次查询，之后成为支持。其余的用在小场景、新市场、新品类，也就是任务少的地方。</details>
# <details><summary>序列模型在上下文里就能适应，还需要任务增强吗？</summary>
# 固定切分同样会伤到它。<!-- c8: higher -->
# 在随机位置切训练窗口，就是它的重新切分。</details>

# %% [markdown] tags=["exercise"]
# ## Your turn
# Write three functions in [`exercises/q31_data_augmentation_method.py`](../exercises/q31_data_augmentation_method.py), about 22 minutes:
#
# - `metamix`: a query example meets a support example.
# - `shared_label_noise`: one number for a whole task.
# - `augment_after_split`: no copy of a query rating.
#
# Then run the cell below. Stuck? In the cell after it, take the `#` away and run: each run gives the next of three hints.

# %% [markdown] lang="zh"
# ## 动手
# 在 [`exercises/q31_data_augmentation_method.py`](../exercises/q31_data_augmentation_method.py) 里写三个函数，大约 22 分钟：
#
# - `metamix`：查询样本与支持样本混合。
# - `shared_label_noise`：整个任务共用一个数。
# - `augment_after_split`：绝不复制查询评分。
#
# 写完运行下面的单元格。卡住了？把再下面那个单元格里的 `#` 去掉再运行：每运行一次给出下一条提示，共三条。

# %% tags=["exercise"]
from metarec_lib import check, what_was_measured

check("q31")

# %% tags=["exercise"]
# from metarec_lib import hint; hint("q31", "metamix")

# %% tags=["measured"]
what_was_measured()

# %% [markdown] tags=["references"]
# **Read first · 先读：** Rajendran, Irpan & Jang (2020), [*Meta-Learning Requires Meta-Augmentation*](https://arxiv.org/abs/2007.05549), NeurIPS.
#
# - Yao et al. (2021), [*Improving Generalization in Meta-learning via Task Augmentation*](https://arxiv.org/abs/2007.13040), ICML: MetaMix.
# - Yao, Zhang & Finn (2022), [*Meta-Learning with Fewer Tasks through Task Interpolation*](https://arxiv.org/abs/2106.02695), ICLR: MLTI.
# - Zhang et al. (2018), [*mixup: Beyond Empirical Risk Minimization*](https://arxiv.org/abs/1710.09412), ICLR.
# - Huang et al. (2025), *Large Language Model Simulator for Cold-Start Recommendation*, WSDM.
# - *How Powerful are LLMs to Support Multimodal Recommendation? A Reproducibility Study of LLMRec* (2025), RecSys.
