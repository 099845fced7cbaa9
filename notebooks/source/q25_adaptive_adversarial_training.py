# %% [markdown]
# # q25 · How would you design adversarial training that adapts?
#
# Most defences buy robustness with clean accuracy. So compare curves, not points, and put the simplest rival on the same axes.

# %% [markdown] lang="zh"
# # q25 · 如何设计自适应的对抗训练？
#
# 防御多半是拿干净精度换鲁棒性。所以要比曲线，不比单点，还要把最简单的对手画在同一张图上。

# %% [markdown] tags=["question"]
# #### English
# Misclicks and fraud hit few users. Do you protect all of them alike, and what does it cost the others? Your manager sees clean accuracy fall by half a per cent: what do you show?
# Design adversarial training whose strength adapts: by schedule, by loss, by user.
# #### 中文
# 误点和作弊只影响少数用户。要对所有人一样地保护吗？其他人付出什么代价？老板看到干净精度掉了千分之五，你拿什么给他看？请设计强度能自适应的对抗训练：按进度、按损失、按用户。
#
# level: senior · minutes: 3 · needs: q14, q24 · topics: robustness, adversarial training, trade-off, Huber

# %% [markdown] tags=["answer-short"]
# #### English
# I fix the threat first: one rating of the support is moved. Then I draw a frontier, clean error against worst-case error, with each strength a point. Attacking while training lowers the worst error <!-- c2: lower -->
# and raises the clean one; <!-- c3: higher -->
# with one user in ten attacked, no difference is left to see. <!-- c4: none -->
# A schedule is not seen to beat the fixed strength. <!-- c5: none -->
# A Huber loss in the head, without any such training, does better, <!-- c1: lower -->
# yet at this share no gain over no defence is seen; <!-- c6: none -->
# fresh splits did see one.
# So I measure the share of attacked users, then bound each rating's pull.
# #### 中文
# 我先定威胁：支持集里有一条评分被改。再画前沿：横轴干净误差，纵轴最坏误差，每个强度是一个点。训练时施加攻击能降低最坏误差，<!-- c2: lower -->
# 也抬高干净误差；<!-- c3: higher -->
# 十个用户里有一个受攻击时，总账看不出差别。<!-- c4: none -->
# 按进度增强，看不出胜过固定强度。<!-- c5: none -->
# 预测头里换成 Huber 损失、完全不做这种训练，反而更好，<!-- c1: lower -->
# 但在这个比例下，与完全不防御相比看不出收益；<!-- c6: none -->
# 换一批划分重跑则看得出。
# 所以我先量受攻击用户的比例，再限制单条评分的拉力。

# %% [markdown] tags=["answer-full"]
# **Threat and objective.** An attacker moves support ratings by $\delta$. TRADES (Zhang et al. 2019) writes the trade-off down; for ratings:
#
# $$\min_\theta\; L(f_\theta(S), y) + \beta \max_{\|\delta\| \le \varepsilon} \|f_\theta(S + \delta) - f_\theta(S)\|^2$$
#
# $\varepsilon$ says how strong the attacker is, $\beta$ what robustness is worth. Neither has a right value without the share of users that are attacked.
#
# **What can adapt.** A *schedule*: $\varepsilon$ grows over the epochs, a curriculum. *Loss-driven*: raise $\varepsilon$ while the attacked error stays within a tolerance of the clean one, lower it otherwise. *By user*:
# a larger $\varepsilon$ where the fit is tight (VAT, RecSys 2024), or by the scale of the embedding (PamaCF, NeurIPS 2024). *At serving*: a robust head whose threshold follows the number of ratings.
#
# **What was measured.** The study trains on clean plus attacked error. Training pushes every rating; the judge's attack moves one to the end of the scale. Attacked training cuts the worst error <!-- c2: lower -->
# and costs clean error. <!-- c3: higher -->
# With one user in ten attacked no difference is seen in the sum. <!-- c4: none -->
# The ways to set the strength lie near one frontier: a schedule is not seen to beat a fixed strength. <!-- c5: none -->
# A guess why: in a linear head such training mostly learns to trust ratings less. One number does that too, a factor on the prior's scale, and no difference to it is seen; <!-- c7: none -->
# fresh splits put that number ahead.
# Huber's loss distinguishes: it weakens ratings that lie far from what the others say. It does better than the fixed strength, <!-- c1: lower -->
# but with one user in ten attacked no gain over the plain head is seen; <!-- c6: none -->
# fresh splits saw one of a hundredth, so take both as open.
#
# **A threshold that follows K** protects users with three ratings better, <!-- c8: lower -->
# at a price when nobody attacks them, and at twenty ratings the table shows it behind under attack.
#
# **To the business** I show the frontier, the share of attacked users at which a defence breaks even, and who pays: users who were never attacked.

# %% [markdown] tags=["zh"]
# **威胁与目标。** 攻击者把支持集评分移动 $\delta$。TRADES（Zhang 等，2019）把取舍写了出来；换成评分就是：
#
# $$\min_\theta\; L(f_\theta(S), y) + \beta \max_{\|\delta\| \le \varepsilon} \|f_\theta(S + \delta) - f_\theta(S)\|^2$$
#
# $\varepsilon$ 是攻击者有多强，$\beta$ 是鲁棒性值多少。不知道受攻击用户的比例，两者都没有“正确”的取值。
#
# **什么可以自适应。** *按进度*：$\varepsilon$ 随训练轮次增大，即课程学习。*由损失调节*：受攻击误差比干净误差高得不多、还在容忍范围内，就增大 $\varepsilon$，否则减小。*按用户*：拟合得越紧，$\varepsilon$ 越大（VAT，RecSys 2024），
# 或按 embedding 的尺度（PamaCF，NeurIPS 2024）。*服务时*：用鲁棒的预测头，阈值随评分条数变化。
#
# **测到了什么。** 研究里训练的是干净误差加受攻击误差。训练时每条评分都被推动；评估时的攻击只把一条评分改到评分区间的一端。对抗训练确实降低了最坏误差，<!-- c2: lower -->
# 也付出了干净误差。<!-- c3: higher -->
# 十分之一的用户受攻击时，总账看不出差别。<!-- c4: none -->
# 设定强度的几种方式都在同一条前沿附近：看不出按进度增强胜过固定强度。<!-- c5: none -->
# 原因是一个猜测：在线性预测头里，这种训练学到的主要是少信评分。给先验的尺度乘一个系数也能做到，与它相比看不出差别；<!-- c7: none -->
# 换一批划分重跑，反而是这个系数领先。
# Huber 损失会区分：一条评分偏离其他评分的预期越远，它的作用被压得越低。它好于固定强度，<!-- c1: lower -->
# 但十分之一用户受攻击时，与普通预测头相比看不出收益；<!-- c6: none -->
# 换一批划分则看得出约百分之一的收益：这两点都还不能下定论。
#
# **随 K 变化的阈值**对只有三条评分的用户保护得更好，<!-- c8: lower -->
# 没人攻击他们时则要付代价；从表上看，有二十条评分时，受攻击反而更差。
#
# **给业务方看的**是前沿、防御开始划算时的受攻击比例，以及谁在付账：那些从没被攻击过的用户。

# %% [markdown]
# ## 1. Three ways to set the strength
# The closed-form head is meta-trained. At each step every support rating is pushed by $\varepsilon$ spreads along the sign of the query error's gradient, and both errors are lowered together. Below, one
# model whose strength is led by the loss: it rises while the attacked error stays within 20 % of the clean one.

# %% [markdown] lang="zh"
# ## 1. 设定强度的三种方式
# 对闭式解预测头做元训练。每一步都沿查询误差梯度的符号，把每条支持评分推动 $\varepsilon$ 个标准差，再把两种误差一起降低。下面是一个由损失调节强度的模型：受攻击误差超出干净误差不到 20% 时，强度就上升。

# %%
import numpy as np
import torch
from metarec_lib import AdaptiveAdversarialMetaLearningModel, claim, make_tasks, mine
from metarec_lib import load_movielens, load_study, plots, poison_support, seed
from metarec_lib import compare, split_users, support_effect
from metarec_lib.workbook.core import glossary

SEED = seed()

# %% tags=["figure"]
TEXTS = {
    "rise": ("The strength while training", "训练过程中的强度"),
    "step": ("step", "训练步"),
    "epsilon": ("strength, in spreads of the ratings", "强度（评分标准差的倍数）"),
    "alt rise": (
        "Strength against the training step: constant, rising in equal stairs, and rising unevenly where the loss leads it.",
        "强度随训练步的变化：固定不变、等高台阶上升，以及由损失调节时不均匀地上升。",
    ),
    "frontier": ("Clean against worst-case error, K = 5", "干净误差与最坏误差，K = 5"),
    "clean": ("squared error without attack (stars²)", "无攻击时的平方误差（星²）"),
    "worst": ("under the worst rating (stars²)", "最坏改动下（星²）"),
    "alt frontier": (
        "Curves of worst-case error against clean error: the attack-trained families share one curve, the shrunken head's lies below it, Huber's lowest.",
        "最坏误差对干净误差的曲线：对抗训练的几族几乎在同一条曲线上，收缩的预测头在其下方，Huber 最低。",
    ),
    "random": ("error under a random change", "随机改动下的误差"),
    "pay": ("Error minus the plain head's", "与普通预测头的误差之差"),
    "mse": ("squared error (stars²)", "平方误差（星²）"),
    "share": ("attacked users, %", "受攻击用户（%）"),
    "alt pay": (
        "Squared error minus the plain head's for six models: at one user in ten attacked all intervals cross zero.",
        "六个模型与普通预测头的平方误差之差：十分之一用户受攻击时，区间都跨零。",
    ),
    "count": ("poisoned ratings", "被改的评分条数"),
    "poison": ("0, 1 or 2 of three ratings are poisoned", "三条评分里有 0、1、2 条被改"),
    "alt poison": (
        "Squared error against the number of poisoned ratings: steep for the plain head, flatter for the two Huber heads.",
        "平方误差随被改评分条数的变化：普通预测头很陡，两种 Huber 预测头较平。",
    ),
}

# %%
data = load_movielens("ml-100k")
learning, tuning, judging = split_users(data, seed=SEED)
train = data.subset(np.isin(data.ratings["user_id"], learning))
model = AdaptiveAdversarialMetaLearningModel(
    schedule="loss", epsilon=4.0, tolerance=0.2, seed=SEED
).fit(train)
tasks = make_tasks(data, judging, k=5, pool=20, seed=SEED)
study, led = load_study("q25"), np.array(model.strengths_)
family = ("fixed", "scheduled", "loss-driven", "shrunken head", "Huber head")
print(len(led), led[[0, len(led) // 2, -1]].round(2))

# %% tags=["figure"]
steps = len(led)
done = np.arange(steps) * model.epochs // steps / (model.epochs - 1)
curves = {glossary.say("fixed strength"): np.ones(steps)}
curves[glossary.say("scheduled strength")] = done
curves[glossary.say("loss-driven strength")] = led
axes = {"xlabel": TEXTS["step"], "ylabel": TEXTS["epsilon"]}
fig = plots.lines(np.arange(steps), curves, title=TEXTS["rise"], **axes)
plots.show(fig, alt=TEXTS["alt rise"])

# %% [markdown]
# **By hand.** The attack of a training step: autograd differentiates the query error through the exact solve; the library has the same gradient in closed form.

# %% [markdown] lang="zh"
# **手写核对。** 训练一步里的攻击：自动求导让梯度从查询误差穿过精确求解一路反传；库里用闭式解得到同一个梯度。

# %% tags=["from-scratch"]
def query_error(values):
    known = tasks.support.items, values, tasks.support.mask
    state = model.adapt(type(tasks.support)(tasks.users, *known))
    miss = (model.score(state, tasks.query) - tasks.query.values) * tasks.query.mask
    return ((miss**2).sum(1) / tasks.query.counts).mean()


said = tasks.support.values.clone().requires_grad_()
(gradient,) = torch.autograd.grad(query_error(said), said)
pushed = (said + 0.5 * model.spread_ * gradient.sign()).clamp(*data.scale).detach()
print("agrees:", torch.allclose(pushed, model.attacked(tasks, 0.5).support.values))
print([round(float(query_error(values)), 3) for values in (said.detach(), pushed)])

# %% [markdown]
# **The judge's attack is another one.** It moves a single rating to an end of the scale. Your `worst_rating_change` on the first user, and what the library finds:

# %% [markdown] lang="zh"
# **评估用的是另一种攻击。** 它只把一条评分改到评分区间的一端。用你写的 `worst_rating_change` 处理第一名用户，再看库找到的：

# %% tags=["exercise"]
with mine("q25") as my:
    one, asked = tasks.select(slice(0, 1)), tasks.query.mask[0]
    error = model.score(model.adapt(one.support), one.query) - one.query.values
    effect, said = support_effect(model, one)[0, asked], one.support.values[0]
    parts = [part.cpu() for part in (effect, error[0, asked], said)]
    found = my.worst_rating_change(*parts, *data.scale)
    theirs = poison_support(model, one, data.scale).support.values[0]
    print(found, said.tolist(), theirs.tolist())

# %% [markdown] tags=["expect"]
# **What do you expect?** One user in ten has one bad rating of five. Does training against attacks pay? And which rival would you put beside it?

# %% [markdown] lang="zh"
# **你猜结果如何？** 十个用户里有一个，他的五条评分中有一条是坏的。做对抗训练划算吗？你会拿什么当对手？

# %% [markdown]
# ## 2. The frontier
# Each point is a setting. Three families are trained against attacks. Two are not: the *shrunken head* multiplies the prior's scale by one number, the *Huber head* bounds a rating's pull. Each model meets the
# change that is worst for itself, from an attacker who knows the query's ratings: an upper bound. For the Huber head it is the worst of both ends of every rating; values between were not tried. Settings are chosen on tuning users at one attacked user in ten (q24 chose Huber's threshold on clean ratings, and saw no price); the curves show every setting on judging users.

# %% [markdown] lang="zh"
# ## 2. 前沿
# 每个点是一种设置。三族经过对抗训练；两族没有：*收缩的预测头*给先验的尺度乘一个数，*Huber 预测头*限制单条评分的拉力。每个模型都面对对它自己最坏的改动，而且攻击者知道查询集的评分：这是上界。对 Huber 预测头，是逐条试评分区间的两端取最坏，中间的值没有试。
# 设置在调参用户上选，按十分之一用户受攻击来算（q24 在干净评分上选 Huber 阈值，看不出代价）；曲线则给出每种设置在评估用户上的结果。

# %%
points = {"head": [[study.mean("head, chosen", m)] for m in ("clean", "worst")]}
for name in family:
    rows = study.rows[study.rows["model"] == name].dropna(subset="setting")
    means = rows.groupby(["metric", "setting"])["value"].mean()
    points[name] = [means[metric].tolist() for metric in ("clean", "worst")]


# %% tags=["figure"]
@plots.styled
def frontier():
    fig, ax = plots.subplots(figsize=(5.0, 3.2))
    for (name, at), mark in zip(points.items(), "*os^Dv"):
        label = glossary.say("plain head" if name == "head" else name)
        ax.plot(*at, marker=mark, label=label)
    names = zip(("title", "xlabel", "ylabel"), ("frontier", "clean", "worst"))
    ax.set(**{where: plots.words(TEXTS[name]) for where, name in names})
    fig.legend(loc="outside lower center", ncols=3)
    return fig


plots.show(frontier(), alt=TEXTS["alt frontier"])

# %%
chosen = ("head", "no attack", *family, "Huber head on fixed")
chosen, columns = [f"{name}, chosen" for name in chosen], {}
for metric in ("clean", "worst", "mixed"):
    means = [study.mean(name, metric) for name in chosen]
    columns[glossary.say(metric, None, "metric")] = means
means = [study.mean(name, "random") for name in chosen]
columns[plots.words(TEXTS["random"])] = means
frame = study.rows[["value"]].head(len(chosen)).reset_index(drop=True)
frame = frame.assign(**columns).drop(columns="value")
frame.index = [glossary.say(name) for name in chosen]
plots.table(frame)

# %%
def against(a, b, metric):
    return study.compare(f"{a}, chosen", f"{b}, chosen", metric)


mixed, fixed = "error with one user in ten attacked", "fixed strength"

# %% tags=["claim"]
found = against("Huber head", "fixed", "mixed")
claim(mixed, "tuned Huber head", fixed, found, headline=True)

# %% tags=["claim"]
found = against("fixed", "head", "worst")
claim("error under the worst rating", fixed, "plain head", found)

# %% tags=["claim"]
found = against("fixed", "head", "clean")
claim("error without attack", fixed, "plain head", found)

# %% tags=["claim"]
claim(mixed, fixed, "plain head", against("fixed", "head", "mixed"))

# %% tags=["claim"]
claim(mixed, "scheduled strength", fixed, against("scheduled", "fixed", "mixed"))

# %% tags=["claim"]
claim(mixed, "tuned Huber head", "plain head", against("Huber head", "head", "mixed"))

# %% tags=["claim"]
claim(mixed, "shrunken head", fixed, against("shrunken head", "fixed", "mixed"))

# %% [markdown]
# Training against attacks does what it promises: the worst error falls. <!-- c2: lower -->
# The nine users who are not attacked pay for it, <!-- c3: higher -->
# and at one in ten no difference is seen in the sum. <!-- c4: none -->
# No gain by a schedule over the fixed strength is seen, <!-- c5: none -->
# and the loss-driven row lies beside it. Between shrinking the prior by one factor, which needs no training, and the fixed strength no difference is seen, <!-- c7: none -->
# and Huber's loss does better. <!-- c1: lower -->
# But no gain of Huber's over the plain head is seen at this share. <!-- c6: none -->
# Five fresh splits of the same users saw one of .012, and the shrunken head .009 ahead of the fixed strength: take both as open. The other claims held. A random change, which is closer to a misclick, hurts the plain head less than the worst one does, and each defence less still.
# Part of the price has another cause: training as long *without* attack is in the table too, and its clean error lies above the plain head's. And tuning users chose stronger settings than judging users
# would have: the curves show the others, and on them the shrunken head lies below all that were trained.
#
# **When does a defence break even?** Move the share of attacked users.

# %% [markdown] lang="zh"
# 对抗训练兑现了承诺：最坏误差下降。<!-- c2: lower -->
# 付账的是另外九个没受攻击的用户，<!-- c3: higher -->
# 比例为十分之一时，总账看不出差别。<!-- c4: none -->
# 看不出按进度增强比固定强度有收益，<!-- c5: none -->
# 由损失调节的一行也与它相近。给先验乘一个收缩系数，不用训练，与固定强度看不出差别；<!-- c7: none -->
# Huber 损失更好。<!-- c1: lower -->
# 但在这个比例下，看不出 Huber 比普通预测头有收益。<!-- c6: none -->
# 同一批用户换五种划分重跑，看得出 .012 的收益，收缩的预测头也比固定强度好 .009：这两点还不能下定论，其余结论都再次成立。随机改动更接近误点，对普通预测头的伤害比最坏改动小，对各种防御的伤害又比对普通预测头小。
# 代价有一部分另有原因：表里“同样训练、不受攻击”的一行，干净误差就已经高于普通预测头。另外，调参用户选出的设置比评估用户需要的更强，其余设置见曲线：在曲线上，收缩的预测头低于所有经过对抗训练的。
#
# **防御从什么时候开始划算？** 拖动受攻击用户的比例。

# %% tags=["play", "nbval-ignore-output"]
def at_share(attacked=10):
    rows, share = {}, attacked / 100
    for name in ("no attack", *family):
        clean, bad = (against(name, "head", m).differences for m in ("clean", "worst"))
        found = compare((1 - share) * clean + share * bad, 0.0, resamples=999)
        rows[glossary.say(f"{name}, chosen")] = found
    axes = {"xlabel": TEXTS["mse"], "xlim": (-0.12, 0.05)}
    return plots.intervals(rows, title=TEXTS["pay"], **axes)


labels = {"attacked": TEXTS["share"]}
plots.play(at_share, attacked=(0, 50), labels=labels, alt=TEXTS["alt pay"])

# %% [markdown]
# ## 3. A threshold that follows K
# Three ratings and one poisoned are not twenty and one. A Huber head with one threshold for every K, against $c_K = c\,(K/5)^g$, with $c$ and $g$ chosen over all K on tuning users whose ratings suffer
# the plain head's worst change; judged by what is worst for each.

# %% [markdown] lang="zh"
# ## 3. 随 K 变化的阈值
# 三条里坏一条，和二十条里坏一条，不是一回事。比较所有 K 用同一个阈值的 Huber 预测头，与 $c_K = c\,(K/5)^g$，$c$ 和 $g$ 在调参用户上对所有 K 一起选，
# 那里用的是对普通预测头最坏的改动；评估时则对每个模型各用最坏的改动。

# %% tags=["figure"]
heads, curves = ("head", "one threshold", "threshold by K"), {}
for name in heads:
    errors = [study.mean(name, "mse", k=3, poisoned=n) for n in range(3)]
    curves[glossary.say(name)] = errors
axes = {"xlabel": TEXTS["count"], "ylabel": TEXTS["mse"], "xticks": (0, 1, 2)}
fig = plots.lines((0, 1, 2), curves, title=TEXTS["poison"], **axes)
plots.show(fig, alt=TEXTS["alt poison"])

# %%
for n in range(2):
    table = study.table(heads, "mse", "k", poisoned=n).rename(index=glossary.say)
    plots.table(table.rename_axis(glossary.say(f"poisoned={n}")))

# %% tags=["claim"]
found = study.compare("threshold by K", "one threshold", "mse", k=3, poisoned=1)
claim("squared error", "threshold that follows K", "one threshold for all", found)

# %% [markdown]
# With three ratings the adaptive threshold is stricter and protects better. <!-- c8: lower -->
# With none poisoned it costs a little there and gives a little back at twenty. With one poisoned at twenty the table turns round: there the looser threshold protects less. Adaptation moves the price from one
# group to another.

# %% [markdown] lang="zh"
# 只有三条评分时，自适应阈值更严，保护得更好。<!-- c8: lower -->
# 没有被改的评分时，它在那里略有代价，在二十条处又略有所得。二十条里有一条被改时，表中正好反过来：阈值放松了，保护就变弱。自适应是把代价从一群用户挪到另一群。

# %% [markdown] tags=["rubric"]
# #### English
# - [2] fixes the threat and the share of attacked users before any strength
# - [2] writes a two-term objective (TRADES, or clean plus attacked) and says what ε and β mean
# - [2] names at least two ways to adapt: schedule, loss, user, number of ratings; and what each could do better than a fixed one
# - [2] shows a frontier against an attack that the defence did not train on, with a simple rival (shrinkage, Huber) on it
# - [1] says who pays: users who were never attacked, by group
# - [1] controls for training itself: as many steps without attack
# #### 中文
# - [2] 在谈强度之前，先定威胁和受攻击用户的比例
# - [2] 写出两项目标（TRADES，或干净加受攻击），说清 ε 和 β 的含义
# - [2] 至少说出两种自适应方式：按进度、按损失、按用户、按评分条数；并说明各自比固定强度可能好在哪
# - [2] 用防御没训练过的攻击画前沿，并放上简单对手（收缩、Huber）
# - [1] 说清谁付代价：从没被攻击过的用户，分群来看
# - [1] 对训练本身做对照：同样步数、不加攻击

# %% [markdown] tags=["pitfalls"]
# #### English
# - **"One ε, the larger the safer."** → The clean error rises with it, for everybody; find the place by the share of attacked users.
# - **"The curriculum beats the fixed strength."** → At equal ε the scheduled model has met weaker attacks. Compare frontiers.
# - **"It is robust: the training attack fails."** → Judge by another attack; and attack each defence with what is worst for it.
# - **"Robustness is free."** → Users who were not attacked had a larger error under a fixed strength (section 2). <!-- c3: higher -->
# - **"Adaptive means better."** → It moves the price from one group to another (section 3).
# #### 中文
# - **“ε 取一个，越大越安全。”** → 干净误差随之上升，人人有份；要按受攻击用户的比例来定。
# - **“课程式一定胜过固定强度。”** → 同样的 ε，按进度的模型遇到的攻击更弱。请比前沿。
# - **“训练时的攻击打不动它，所以鲁棒。”** → 换一种攻击来评；并用对该防御最坏的方式去攻击它。
# - **“鲁棒性是免费的。”** → 固定强度下，没受攻击的用户误差变大了（第 2 节）。<!-- c3: higher -->
# - **“自适应就是更好。”** → 它只是把代价从一群人挪到另一群（第 3 节）。

# %% [markdown] tags=["follow-ups"]
# #### English
# <details><summary>Misclicks in implicit feedback: truncate, reweight or a robust loss?</summary>
# All three bound a sample's pull. Truncated or reweighted losses drop positives with a large loss; early in training these are also the rare and the new. Start late, let the share dropped grow slowly, and check new items and light users apart.</details>
# <details><summary>An attack hits few users. The same protection for all?</summary>
# No. Spend where the harm is: VAT gives larger perturbations to users that are fitted tightly, LoRec reweights suspicious users. Both are academic; I know of no deployment. Cheaper: a robust head for accounts that a detector suspects, the plain head for the rest, and a false-alarm rate you publish.</details>
# <details><summary>We have clicks, not stars. What is the worst change?</summary>
# Adding or deleting one click. For a head that is linear in the history the effect of each is closed form as well (q16): try all, take the worst. A cap on what one event adds is Huber's idea again.</details>
# <details><summary>Robustness costs clean accuracy. What do you show the business?</summary>
# The frontier, the break-even share of attacked users, the measured share, and the loss by group. If the measured share lies below break-even, detection alone is the better investment.</details>
# <details><summary>10⁹ users: what does it cost?</summary>
# Attack training doubles the training step: one more solve and one gradient. A Huber head adds a few reweighted solves a user at K × K, nothing stored. A sequence model that adapts in context has no such head; there, clip or down-weight events at the input.</details>
# #### 中文
# <details><summary>隐式反馈里的误点：截断、降权还是鲁棒损失？</summary>
# 三者都是限制单个样本的拉力。截断或降权会丢掉损失大的正样本；训练早期，冷门和新物品的损失也大。晚一点开始，丢弃比例慢慢增加，并单独检查新物品和轻度用户。</details>
# <details><summary>攻击只针对少数用户，要一视同仁地保护吗？</summary>
# 不要。把预算花在有危害的地方：VAT 对拟合得紧的用户加大扰动，LoRec 对可疑用户降权。两者都是学术工作，未见落地。更省的办法：检测器怀疑的账号用鲁棒的预测头，其余用普通预测头，并公布误报率。</details>
# <details><summary>我们只有点击，没有星级，最坏的改动是什么？</summary>
# 增加或删除一次点击。若预测头对历史是线性的，每次改动的影响同样有闭式解（q16）：全试一遍，取最坏。给单个事件的贡献封顶，又是 Huber 的思路。</details>
# <details><summary>鲁棒性要牺牲干净精度，给业务方看什么？</summary>
# 前沿、盈亏平衡时的受攻击比例、实测的比例，以及分群的损失。实测比例低于平衡点时，只做检测更划算。</details>
# <details><summary>10⁹ 用户，成本多大？</summary>
# 对抗训练让每一步翻倍：多一次求解、多一次梯度。Huber 预测头给每个用户多加几次 K × K 的加权求解，什么都不用存。在上下文里适应的序列模型没有这样的预测头，就在输入端对事件截断或降权。</details>

# %% [markdown] tags=["exercise"]
# ## Your turn
# Write three functions in [`exercises/q25_adaptive_adversarial_training.py`](../exercises/q25_adaptive_adversarial_training.py), about 22 minutes:
#
# - `worst_rating_change`: which rating, and to what.
# - `trades_loss`: clean error, and how far an attack moves the scores.
# - `huber_weights`: with a threshold that follows the number of ratings.
#
# Then run the cell below. Stuck? In the cell after it, take the `#` away and run: each run gives the next of three hints.

# %% [markdown] lang="zh"
# ## 动手
# 在 [`exercises/q25_adaptive_adversarial_training.py`](../exercises/q25_adaptive_adversarial_training.py) 里写三个函数，大约 22 分钟：
#
# - `worst_rating_change`：改哪一条、改成几星。
# - `trades_loss`：干净误差，加上攻击使得分移动多少。
# - `huber_weights`：阈值随评分条数变化。
#
# 写完运行下面的单元格。卡住了？把再下面那个单元格里的 `#` 去掉再运行：每运行一次给出下一条提示，共三条。

# %% tags=["exercise"]
from metarec_lib import check, what_was_measured

check("q25")

# %% tags=["exercise"]
# from metarec_lib import hint; hint("q25", "worst_rating_change")

# %% tags=["measured"]
what_was_measured()

# %% [markdown] tags=["references"]
# **Read first · 先读：** Zhang, Yu, Jiao, Xing, El Ghaoui & Jordan (2019), [*Theoretically Principled Trade-off between Robustness and Accuracy*](https://arxiv.org/abs/1901.08573), ICML: TRADES.
#
# - Goldblum, Fowl & Goldstein (2020), [*Adversarially Robust Few-Shot Learning: A Meta-Learning Approach*](https://arxiv.org/abs/1910.00982), NeurIPS.
# - Zhang et al. (2024), *Improving the Shortest Plank: Vulnerability-Aware Adversarial Training for Robust Recommender System*, RecSys: VAT, a strength for each user.
# - Zhang et al. (2024), *Understanding and Improving Adversarial Collaborative Filtering for Robust Recommendation*, NeurIPS: PamaCF.
# - Zhang et al. (2024), *LoRec: Combating Poisons with Large Language Model for Robust Sequential Recommendation*, SIGIR.
# - Huber (1964), *Robust Estimation of a Location Parameter*, Annals of Mathematical Statistics.
# - Bengio, Louradour, Collobert & Weston (2009), *Curriculum Learning*, ICML.
