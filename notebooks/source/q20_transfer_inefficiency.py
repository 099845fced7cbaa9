# %% [markdown]
# # q20 · When transfer does not pay: three different things
#
# "Transfer hurt us" may mean three things. Each has its own comparison, and only one of them is negative transfer.

# %% [markdown] lang="zh"
# # q20 · 迁移不划算时：三件不同的事
#
# “迁移害了我们”可能是三件不同的事。每一件要做不同的比较，其中只有一件叫负迁移。

# %% [markdown] tags=["question"]
# #### English
# You merged a large scene with a small one, and the small one got worse, they say. What is transfer inefficiency, how does it differ from negative transfer, how do you tell them apart, and what do you do about misleading source
# data?
# #### 中文
# 你把大场景和小场景合并训练，有人说小场景变差了。什么是迁移无效性（即迁移低效）？它和负迁移有什么区别？怎么区分？源数据有误导时怎么办？
#
# level: senior · minutes: 3 · needs: q01, q05, q13 · topics: negative transfer, multi-scenario, task weighting, diagnosis

# %% [markdown] tags=["answer-short"]
# #### English
# Three comparisons, three names. Worse on the target than on the source may only mean that the target is harder: I put the target's own best model beside it. <!-- c1: none -->
# Worse than no transfer is negative transfer; here transfer helps the small group clearly. <!-- c2: lower -->
# Little gain for the cost is inefficiency: I report the share of the possible gain that is still missing. Against misleading source users I keep those whose gradient helps trusted ones: <!-- c4: lower -->
# at five ratings, nearly as good as knowing them. <!-- c5: small -->
# Users who look harmed must be judged on ratings that did not choose them. <!-- c7: higher, c8: none -->
# #### 中文
# 三种比较，三个名字。目标域上比源域上差，可能只是目标域更难，所以旁边要放目标域自己最好的模型。<!-- c1: none -->
# 比不迁移还差，才叫负迁移；这里迁移明显帮到了小群体。<!-- c2: lower -->
# 付出大、收益小，叫迁移低效，要看离上限还差多少。源用户里有误导的，我只保留梯度对可信用户有益的：<!-- c4: lower -->
# 新用户有五条评分时，几乎与知道答案一样好。<!-- c5: small -->
# 看上去受害的用户，要用没参与挑选的评分来检验。<!-- c7: higher, c8: none -->

# %% [markdown] tags=["answer-full"]
# **Three senses.** (1) *Worse on the target than on the source.* The model trained on men errs more on women; so does a model trained on women alone, and no difference between the two is seen. <!-- c1: none -->
# Women's own model errs more on women too, if by a smaller gap, so the gap alone does not show harm. (2) *Negative transfer:* worse on the target than without it. With ten women, adding the men helps clearly. <!-- c2: lower -->
# (3) *Inefficiency:* it helps, but little for what it costs. With errors $E$,
#
# $$\rho = \frac{E_\text{with} - E_\text{ceiling}}{E_\text{without} - E_\text{ceiling}},$$
#
# 0 at the ceiling, 1 without gain, above 1 negative transfer.
#
# **Causes.** Another label meaning, another exposure, shared capacity that the large domain takes, noise or fraud in the source.
#
# **Which tasks may teach.** To first order, a step on source task $s$ changes the target's loss by $-\eta\, g_t \cdot g_s$. Keep $s$ where that helps trusted target tasks on average, or weigh its loss by the clipped cosine (Du et al. 2018). With
# two in five source users turned round, the filter recovers almost all: better than using everybody, <!-- c4: lower -->
# and within a small margin of an oracle. <!-- c5: small -->
# Unfiltered, no difference between hundreds of users and sixty clean ones is seen. <!-- c3: none -->
# That is at five ratings of the new user. In the table at twenty, all users lie far below the sixty, and the filter has nothing left to repair.
#
# **What may be imitated.** Gated distillation follows the source only where it won on held-out data. Our teacher had learned from the misled source; with the default weight and five ratings, no gain is seen for a student of sixty users. <!-- c6: none -->
# STEM and PLE keep parameters apart; ForkMerge branches and merges by validation.
#
# **Who is harmed.** Choose and judge on different ratings. Of users who adapt to one rating, those who look harmed are harmed again, on average; <!-- c7: higher -->
# at twenty no harm is seen. <!-- c8: none -->
#
# **In production:** the target alone as a shadow model, differences by group with intervals, a switch per group.

# %% [markdown] tags=["zh"]
# **三种含义。** （1）*目标域上比源域上差。* 用男性用户训练的模型，在女性用户上误差更大；只用女性用户训练的模型也一样，两者之间看不出差别。<!-- c1: none -->
# 女性用户自己的模型在女性用户上误差也更大，只是差距小一些，所以单看这个差距，不能断定迁移有害。（2）*负迁移：* 在目标域上比不迁移还差。只有十名女性用户时，加上男性用户明显有帮助。<!-- c2: lower -->
# （3）*迁移低效：* 有帮助，但收益相对代价太小。记误差为 $E$，
#
# $$\rho = \frac{E_\text{with} - E_\text{ceiling}}{E_\text{without} - E_\text{ceiling}},$$
#
# 达到上限为 0，没有收益为 1，大于 1 就是负迁移。
#
# **原因。** 标签含义不同，曝光方式不同，共享的容量被大域占走，源数据里有噪声或作弊。
#
# **谁有资格教。** 按一阶近似，在源任务 $s$ 上走一步，目标的损失变化 $-\eta\, g_t \cdot g_s$。平均来说对可信的目标任务有益，就保留 $s$；或者用截断余弦给它的损失加权（Du 等，2018）。五分之二的源用户被颠倒时，
# 过滤几乎全部挽回：好于用所有人，<!-- c4: lower -->
# 与知道答案只差一点点。<!-- c5: small -->
# 不过滤时，几百名用户与六十名干净用户看不出差别。<!-- c3: none -->
# 这是新用户有五条评分时。有二十条时，表中用全部用户的误差远低于只用六十名，过滤也没有什么可挽回的了。
#
# **什么可以模仿。** 门控蒸馏只在源于留出数据上赢的地方跟着它。我们的教师是在有误导的源上训练的；在默认权重、五条评分下，没看到只有六十名用户的学生从中得到好处。<!-- c6: none -->
# STEM 和 PLE 让部分参数各用各的；ForkMerge 先分叉，再按验证结果合并。
#
# **谁受了害。** 挑选和检验要用不同的评分。用一条评分做适应时，看上去受害的人平均来说确实又受害；<!-- c7: higher -->
# 二十条时，看不到伤害。<!-- c8: none -->
#
# **线上：** 只用目标域的模型作影子模型，按人群看差异和区间，每个人群有开关。

# %% [markdown]
# ## 1. Three senses, one table
# Men are the source, women the target: RMSE of the closed-form head, new users with five ratings. First sense: the model is worse on the target than on the source. Second: worse than without
# transfer. Third: transfer helps, but little for what it cost.

# %% [markdown] lang="zh"
# ## 1. 三种含义，一张表
# 男性用户是源，女性用户是目标：闭式解预测头的 RMSE，新用户各五条评分。第一种含义：模型在目标域上比在源域上差。第二种：比不迁移还差。第三种：有帮助，但相对付出的代价太小。

# %%
import numpy as np
import pandas as pd
import torch
import metarec_lib as mr
from metarec_lib import claim, load_study, mine, plots, seed
from metarec_lib.workbook.core import glossary

SEED = seed()

# %% tags=["figure"]
TEXTS = {
    "men": ("judged on men", "在男性用户上评估"),
    "women": ("judged on women", "在女性用户上评估"),
    "cosines": ("Which way do source users point?", "源用户指向哪边？"),
    "cosine": ("mean gain for the trusted users", "对可信用户的平均收益"),
    "sorted": ("source users, sorted", "源用户，按大小排序"),
    "sound": ("sound", "正常"),
    "bad": ("misleading", "误导"),
    "alt cosines": (
        "Sorted gradient products of sound and misleading source users: nearly all sound ones above zero, nearly all others below.",
        "正常与误导源用户的梯度内积（已排序）：正常的几乎都在零以上，误导的几乎都在零以下。"),
    "share": ("share of misleading source users (%)", "误导源用户的比例（%）"),
    "rmse": ("RMSE (stars)", "RMSE（星）"),
    "curve": ("New users, five ratings", "新用户，五条评分"),
    "alt curve": (
        "RMSE against the share of misleading users: all users rises steeply, filtered and oracle stay low, trusted only is flat above.",
        "RMSE 随误导用户比例的变化：用全部用户时急剧上升，过滤后和理想情形保持低位，只用可信用户是上方的一条平线。"),
    "harm": ("Who looked harmed, seen again", "看上去受害的用户，再看一次"),
    "change": ("change in squared error (stars²)", "平方误差的变化（星²）"),
    "looks": ("share of users who look harmed", "看上去受害的用户比例"),
    "all change": ("change in squared error, everybody (stars²)", "所有用户平方误差的变化（星²）"),
    "kept": ("Kept by the filter", "过滤后留下的比例"),
    "part": ("share that is kept", "留下的比例"),
    "alt kept": (
        "Two bars: the filter keeps most sound source users and few misleading ones; a higher bar keeps fewer of both.",
        "两根条形：过滤留下大部分正常源用户、很少的误导用户；门槛越高，两者留下的都越少。"),
    "alt harm": (
        "Change in squared error in the other half for users who looked harmed in one: above zero at K = 1 and 5, across zero at 20.",
        "在一半中看上去受害的用户，在另一半中平方误差的变化：K = 1 和 5 时大于零，20 时区间跨零。"),
}

# %%
study = load_study("q20")
rows = ("source only", "10 women, alone", "10 women and the men",
        "100 women, alone", "100 women and the men", "all women")
judged = {who: [study.mean(name, k=5, judged=who) for name in rows]
          for who in ("men", "women")}
table = pd.DataFrame({plots.words(TEXTS[who]): v for who, v in judged.items()},
                     index=[glossary.say(name) for name in rows])
plots.table(table)

# %% tags=["claim"]
at = {"k": 5, "judged": "women"}
found = study.compare("source only", "all women", **at)
claim("RMSE", "source only", "all women", found)

# %% tags=["claim"]
found = study.compare("10 women and the men", "10 women, alone", **at)
claim("RMSE", "10 women and the men", "10 women, alone", found)

# %% [markdown]
# From left to right: every model, the women's own too, errs more on women. With the women's own the gap is smaller, but it stays: part of "worse on the target" is that women's ratings are harder to predict here. Between men alone and women alone, no difference is seen. <!-- c1: none -->
# From row to row: with ten women, the men help clearly. <!-- c2: lower -->
#
# Your `transfer_ratio` says how much of the gain is still missing. As ceiling we take the best model of the table. It is a stand-in: all women with the men were not fitted. If
# that model is better, the ratios are too low; that ours was picked on the users who judge makes them a little too high.

# %% [markdown] lang="zh"
# 左右比：每个模型在女性用户上误差都更大，只用女性用户训练的也一样，只是差距小一些、并未消失。所以“目标域上更差”，有一部分是因为这里女性用户的评分更难预测。只用男性用户与只用女性用户之间看不出差别。<!-- c1: none -->
# 上下比：只有十名女性用户时，加上男性用户明显有帮助。<!-- c2: lower -->
#
# 用你写的 `transfer_ratio` 看看还差多少收益。上限取表中最好的模型。它只是替代：没有训练“全部女性加男性”的模型，如果那个模型更好，比值就偏低；而上限又是在评估用户上挑出来的，这使比值略微偏高。

# %% tags=["exercise"]
def errors(name):
    by_seed = pd.DataFrame(study.values(name, **at))
    return torch.tensor(by_seed.mean(axis=1).to_numpy(copy=True))


with mine("q20") as my:
    without, ceiling = errors("10 women, alone"), errors("100 women and the men")
    for name in ("source only", "10 women and the men", "100 women, alone"):
        ratio = my.transfer_ratio(errors(name), without, ceiling)
        print(glossary.say(name), f"{ratio:.2f}")

# %% [markdown]
# ## 2. Misleading source users
# Now harm is planted: a share of the source users have their stars turned round, five becomes one. That is synthetic; real harm is subtler (section 3). Sixty *trusted* users are known to be sound. A
# source user $s$ is kept when a small step on it helps the trusted users on average: per unit of step, the loss of user $t$ changes by $-g_t \cdot g_s$.
# The gradients are those of one effect per item, all effects zero, before any training. So the filter asks whether a user agrees with the average taste of the trusted. Stars turned round are an easy case;
# a sound user of rare taste may be dropped as well.

# %% [markdown] lang="zh"
# ## 2. 误导的源用户
# 现在人为加入误导：一部分源用户的星数被颠倒，五星变一星。这是合成的，真实的伤害更隐蔽（第 3 节）。另有六十名*可信*用户，已知正常。源用户 $s$ 被保留的条件：在它上面走一小步，平均来说对可信用户有益，
# 因为单位步长使用户 $t$ 的损失变化 $-g_t \cdot g_s$。梯度对“每个物品一个效应”求，效应全为零，也就是训练之前。所以过滤问的是：这个用户与可信用户的平均口味是否一致。星数颠倒是容易发现的情形；
# 口味小众的正常用户也可能被误删。

# %%
data = mr.load_movielens("ml-100k")
learning, tuning, judging = mr.split_users(data, seed=SEED)
order = np.random.default_rng(SEED).permutation(learning)
trusted, source = order[:60], order[60:]
misled = source[: int(0.4 * len(source))]
stars = data.values.copy()
bad = np.isin(data.ratings["user_id"], misled)
stars[bad] = 6 - stars[bad]
table = data.ratings.assign(rating=stars)
seen = mr.Interactions(table, data.users, data.items)
of_source, of_trusted = (mr.item_gradients(seen, users) for users in (source, trusted))
is_bad = np.isin(source, misled)

# %% [markdown]
# **By hand:** move along one source user's gradient, forward and back, and watch a trusted user's loss; the slope is $g_t \cdot g_s$.

# %% [markdown] lang="zh"
# **手写**：沿一个源用户的梯度前后各走一步，看一个可信用户的损失；斜率正是 $g_t \cdot g_s$。

# %% tags=["from-scratch"]
rows = np.flatnonzero(seen.ratings["user_id"].to_numpy() == trusted[0])
items, rated = seen.item_codes[rows], seen.values[rows]
residual = rated - rated.mean()  # the user's mean is fitted first


def loss(effects):
    return ((residual - effects[items]) ** 2).mean()


step = 1e-2 * of_source[5]
slope = (loss(step) - loss(-step)) / 2e-2  # exact for a squared loss
print("agrees:", np.allclose(slope, of_trusted[0] @ of_source[5], atol=1e-8))

# %% tags=["figure"]
gain = (of_source @ of_trusted.T).mean(1)
lengths = np.linspace(0, 1, 50)
curves = {TEXTS["sound"]: np.quantile(gain[~is_bad], lengths),
          TEXTS["bad"]: np.quantile(gain[is_bad], lengths)}
axes = {"title": TEXTS["cosines"], "xlabel": TEXTS["sorted"], "ylabel": TEXTS["cosine"]}
plots.show(plots.lines(lengths, curves, **axes), alt=TEXTS["alt cosines"])

# %% [markdown]
# **Move the bar.** The filter may ask for a gain that lies several standard errors above zero. What is lost?

# %% [markdown] lang="zh"
# **移动门槛。** 过滤可以要求收益比零高出几个标准误。代价是什么？

# %% tags=["play", "nbval-ignore-output"]
def filtered(errors=0.0):
    keep = mr.filter_tasks(of_source, of_trusted, errors=errors)
    shares = {TEXTS["sound"]: keep[~is_bad].mean(), TEXTS["bad"]: keep[is_bad].mean()}
    return plots.bars(shares, title=TEXTS["kept"], xlabel=TEXTS["part"])


plots.play(filtered, errors=(0.0, 4.0, 0.5), alt=TEXTS["alt kept"])

# %% [markdown]
# Your `task_weights`: the mean weight of sound and of misleading users.

# %% [markdown] lang="zh"
# 用你写的 `task_weights`：正常与误导用户的平均权重。

# %% tags=["exercise"]
with mine("q20") as my:
    both = torch.as_tensor(of_source), torch.as_tensor(of_trusted.mean(0))
    weights = my.task_weights(*both)
    print(f"{float(weights[~is_bad].mean()):.3f} {float(weights[is_bad].mean()):.3f}")

# %% [markdown] tags=["expect"]
# **What do you expect?** With 40 % of the source users turned round, is it better to use all users or the sixty trusted ones alone? At five ratings of the new user, and at twenty?

# %% [markdown] lang="zh"
# **你猜结果如何？** 40% 的源用户被颠倒，用全部用户好，还是只用六十名可信用户好？新用户有五条评分时如何，二十条时又如何？

# %% tags=["figure"]
shares = (0, 20, 40)
models = ("bias", "trusted users only", "all source users", "filtered source users",
          "weighted source users", "oracle")
curves = {m: [study.mean(m, k=5, misleading=f"{x}%") for x in shares] for m in models}
axes = {"title": TEXTS["curve"], "xlabel": TEXTS["share"], "ylabel": TEXTS["rmse"]}
plots.show(plots.lines(shares, curves, **axes, xticks=shares), alt=TEXTS["alt curve"])

# %% tags=["claim"]
worst = {"k": 5, "misleading": "40%"}
found = study.compare("all source users", "trusted users only", **worst)
claim("RMSE", "all source users", "trusted users only", found)

# %% tags=["claim"]
found = study.compare("filtered source users", "all source users", **worst)
claim("RMSE", "filtered source users", "all source users", found, headline=True)

# %% tags=["claim"]
found = study.compare("filtered source users", "oracle", **worst)
claim("RMSE", "filtered source users", "oracle", found)

# %%
learners = ("trusted users only", "all source users", "filtered source users",
            "ANIL, trusted users only", "distilled, no gate", "distilled, gated",
            "ANIL, all source users", "diverse heads, all source users")
plots.table(study.table(learners, by="k", misleading="40%"))

# %% tags=["claim"]
taught, alone = "distilled, gated", "ANIL, trusted users only"
claim("RMSE", taught, alone, study.compare(taught, alone, **worst))

# %% [markdown]
# With two in five users turned round and five ratings, no difference is seen between using all and using sixty clean ones; <!-- c3: none -->
# five fresh splits gave all users a small lead, so take it as close.
# The filter keeps what is good: <!-- c4: lower -->
# close to the oracle. <!-- c5: small -->
# Read the table (RMSE) at twenty ratings too: there all users lie far below the trusted ones, and the filter has nothing left to gain. In the figure at 0 %, filter and all users lie together: the filter costs next to
# nothing where nobody misleads. Our draw by the cosine lies above the filter at every share; it also throws away many sound users.
#
# A student of sixty users imitates a teacher fitted to the misled source, on films where the teacher won on held-out ratings. No gain is seen at five ratings; <!-- c6: none -->
# at twenty the table shows a small one, with the gate and without. Several heads that are paid to differ lie where plain ANIL (q10) lies. In this study choosing *users* was the lever.
#
# ## 3. Who is harmed, really?
# No user is misleading now, and the step that may harm is another: the head adapts to K ratings of the user. Some users then have a larger error than with the prior alone. Are they harmed, or unlucky? Each
# user's query is split in half at random: who looks harmed is decided on one half, and judged on the other. The same test serves for any source that you add.

# %% [markdown] lang="zh"
# 五分之二的用户被颠倒、新用户有五条评分时，用全部用户与用六十名干净用户看不出差别；<!-- c3: none -->
# 换五次新的划分，全部用户略占上风，所以只能说两者接近。
# 过滤留下了有用的部分，<!-- c4: lower -->
# 接近理想情形。<!-- c5: small -->
# 再看表（RMSE）中二十条评分的一列：用全部用户远好于只用可信用户，过滤没有什么可赚的了。看图中 0% 处：过滤与用全部用户几乎重合，没有人误导时，过滤几乎没有代价。我们按余弦抽取用户的做法，
# 在每个比例上误差都比过滤高；它还丢掉了很多正常用户。
#
# 学生只有六十名用户，教师在有误导的源上训练；学生只在教师于留出评分上更好的影片上模仿它。在五条评分下没有看到好处；<!-- c6: none -->
# 在二十条下，表中有一点好处，加不加门控都一样。鼓励多个预测头彼此不同，结果与普通 ANIL（q10）差不多。在这个研究里，起作用的是挑选*用户*。
#
# ## 3. 究竟谁受了害？
# 这次没有误导用户，可能造成伤害的是另一步：预测头用该用户的 K 条评分做适应。之后有些用户的误差比只用先验时还大。他们是真的受害，还是运气不好？把每个用户的查询集随机分成两半：在一半上判定谁看上去受害，
# 在另一半上检验。加入任何一个源时，都可以这样检验。

# %%
ks, metric, learner = (1, 5, 20), "change in the other half", "closed-form head"
looks = [study.mean(learner, "looks harmed", k=k) for k in ks]
names = [f"K = {k}" for k in ks]
mean = [study.mean("everybody", metric, k=k) for k in ks]
columns = {"looks": looks, "all change": mean}
frame = {plots.words(TEXTS[name]): values for name, values in columns.items()}
plots.table(pd.DataFrame(frame, index=names), digits=2)

# %% tags=["figure"]
again = {f"K = {k}": study.compare("who looked harmed", 0, metric, k=k) for k in ks}
fig = plots.intervals(again, title=TEXTS["harm"], xlabel=TEXTS["change"])
plots.show(fig, alt=TEXTS["alt harm"])

# %% tags=["claim"]
claim(metric, "who looked harmed", 0, again["K = 1"])

# %% tags=["claim"]
claim(metric, "who looked harmed", 0, again["K = 20"])

# %% [markdown]
# With one rating the harm is real on average: it comes back on other ratings of the same users. <!-- c7: higher -->
# The figure shows the same at five. With twenty, no harm is seen there. <!-- c8: none -->
# Both halves keep the same adapting ratings, so this is harm by those ratings; whether others would harm the same user was not measured. Over everybody, adapting helps on average at each K (table). Had we judged on the half that chose them, every one of them would have looked harmed. So the share that "got worse" is no measure of harm; the second half is.

# %% [markdown] lang="zh"
# 只有一条评分时，平均来说伤害是真的：换同一批用户的其他评分，它又出现了。<!-- c7: higher -->
# 图中五条时也是这样。有二十条时，就看不到伤害了。<!-- c8: none -->
# 两半用的是同一批适应评分，所以这是那几条评分造成的伤害；换几条评分，同一用户是否还会受害，没有测。对所有用户平均，每个 K 下适应都有帮助（见表）。如果就用挑选他们的那一半来评估，每个人都会显得受害。所以“变差的比例”不能衡量伤害，另一半才能。

# %% [markdown] tags=["rubric"]
# #### English
# - [3] separates three comparisons: target against source error, against no transfer, against what the ceiling allows
# - [2] puts the target's own ceiling beside it: the target may just be harder
# - [2] names a remedy with its mechanism: filter or weigh source tasks by gradients, gate what is imitated, keep some parameters apart
# - [2] measures harm on data that did not choose the harmed, and by group
# - [1] says what the remedy costs when nothing is wrong
# #### 中文
# - [3] 分清三种比较：目标误差对源误差、对不迁移、对上限还差多少
# - [2] 旁边放上目标自己的上限：目标可能本来就更难
# - [2] 说出一种办法及其原理：按梯度过滤或加权源任务、只模仿该模仿的、部分参数各用各的
# - [2] 用没有参与“挑选受害者”的数据来量伤害，并按组看
# - [1] 说清在一切正常时，这个办法要付出什么代价

# %% [markdown] tags=["pitfalls"]
# #### English
# - **"The model is worse on the small scene than on the large one: negative transfer."** → Compare with no transfer, on the small scene. It may just be harder (section 1).
# - **"MMoE and PLE remove negative transfer."** → STEM (AAAI 2024) still finds it, even on samples with comparable feedback for both tasks.
# - **"A fifth of the users got worse, so we exclude them."** → Chosen and judged on the same ratings. Judge them on others (section 3).
# - **"Negative cosine, so the task is harmful."** → At one point of training, with noise. Ask for several tasks and a standard error.
# - **"Clean data first: train on the trusted users alone."** → At five ratings, no difference is seen between sixty clean users and hundreds of whom two in five were wrong; <!-- c3: none -->
#   filter, and you keep both. <!-- c4: lower -->
# #### 中文
# - **“小场景上的误差比大场景高：负迁移。”** → 要在小场景上与不迁移比较。它可能本来就更难（第 1 节）。
# - **“MMoE 和 PLE 消除了负迁移。”** → STEM（AAAI 2024）发现仍然存在，哪怕是在两个任务反馈量相当的样本上。
# - **“五分之一的用户变差了，那就把他们排除。”** → 挑选和评估用的是同一批评分。要换别的评分来检验（第 3 节）。
# - **“余弦为负，所以这个任务有害。”** → 那只是训练中某一点的、带噪声的余弦。要看多个任务，并给出标准误。
# - **“数据要干净，只用可信用户训练。”** → 新用户有五条评分时，六十名干净用户与几百名、其中五分之二有误的用户，看不出差别；<!-- c3: none -->
#   过滤之后，干净和人多可以兼得。<!-- c4: lower -->

# %% [markdown] tags=["follow-ups"]
# #### English
# <details><summary>Merging scenes helped the big one and hurt the small one. How do you diagnose it?</summary>
# Three models on the small scene: alone, merged, merged with the small scene's weight raised. If alone wins, it is negative transfer; if the raised weight wins, it was drowned. Then look at gradients of
# the two scenes on shared parameters, and at embeddings: STEM blames shared tables.</details>
# <details><summary>A large scene beside a tiny one: how do you use the first for the second?</summary>
# Pretrain on the large one and shrink towards it: a prior whose strength is tuned on the small scene, or gates and adapters per scene. Meituan's CCTL (KDD 2023) weighs each source sample by a
# companion network that watches the target.</details>
# <details><summary>Seesaw or negative transfer? Against what do you measure?</summary>
# Negative transfer is against a model of that task alone with the same budget. A seesaw is between two tasks inside one model: one rises as the other falls along the loss weights. Draw the frontier.</details>
# <details><summary>We have clicks and 10⁹ users. Gradients of every user?</summary>
# No: of groups, such as channels, campaigns or cities, from a sampled batch each hour, on the last layer only. Or watch the held-out loss of the target when a group is left out.</details>
# <details><summary>A sequence model adapts in context. Can it be harmed by transfer?</summary>
# By its training mix, yes: what it has learned to read is the average of its sources. Test it as any model: with the source in training and without, judged on the target.</details>
# #### 中文
# <details><summary>合并场景后大的变好、小的变差，怎么诊断？</summary>
# 在小场景上比三个模型：只用小场景、合并、合并且调高小场景的权重。只用小场景更好，才是负迁移；调高权重更好，说明只是被淹没了。再看两个场景在共享参数上的梯度，以及 embedding：STEM 认为问题出在共享的表。</details>
# <details><summary>大场景旁边有个很小的场景，怎么用大的帮小的？</summary>
# 在大场景上预训练，再向它收缩：先验的强度在小场景上调；或者每个场景加门控、适配器。美团的 CCTL（KDD 2023）用一个盯着目标的伴随网络给每个源样本加权。</details>
# <details><summary>跷跷板还是负迁移？和什么比？</summary>
# 负迁移是与“同样预算、只做该任务的模型”比。跷跷板发生在一个模型内部的两个任务之间：随损失权重此消彼长。把帕累托前沿画出来。</details>
# <details><summary>我们有点击和 10⁹ 用户，难道给每个用户算梯度？</summary>
# 不。按组算：渠道、活动、城市，每小时抽一个 batch，只看最后一层。或者看去掉某一组之后，目标的留出损失怎么变。</details>
# <details><summary>序列模型在上下文里就能适应，它也会被迁移伤害吗？</summary>
# 会，通过训练数据的配比：它学会的读法是各个源的平均。检验方法和别的模型一样：训练时有这个源、没有这个源，在目标上比较。</details>

# %% [markdown] tags=["exercise"]
# ## Your turn
# Write three functions in [`exercises/q20_transfer_inefficiency.py`](../exercises/q20_transfer_inefficiency.py), about 22 minutes:
#
# - `task_weights`: how much each source task may teach.
# - `transfer_ratio`: how much of the gain is still missing.
# - `gated_distillation_loss`: imitate the source only where it was better.
#
# Then run the cell below. Stuck? In the cell after it, take the `#` away and run: each run gives the next of three hints.

# %% [markdown] lang="zh"
# ## 动手
# 在 [`exercises/q20_transfer_inefficiency.py`](../exercises/q20_transfer_inefficiency.py) 里写三个函数，大约 22 分钟：
#
# - `task_weights`：每个源任务能教多少。
# - `transfer_ratio`：还差多少收益。
# - `gated_distillation_loss`：只在源更好的地方模仿它。
#
# 写完运行下面的单元格。卡住了？把再下面那个单元格里的 `#` 去掉再运行：每运行一次给出下一条提示，共三条。

# %% tags=["exercise"]
from metarec_lib import check, what_was_measured

check("q20")

# %% tags=["exercise"]
# from metarec_lib import hint; hint("q20", "task_weights")

# %% tags=["measured"]
what_was_measured()

# %% [markdown] tags=["references"]
# **Read first · 先读：** Zhang, Deng, Zhang & Wu (2023), [*A Survey on Negative Transfer*](https://arxiv.org/abs/2009.00909), IEEE/CAA Journal of Automatica Sinica.
#
# - Du et al. (2018), [*Adapting Auxiliary Losses Using Gradient Similarity*](https://arxiv.org/abs/1812.02224), arXiv.
# - Jiang et al. (2023), [*ForkMerge: Mitigating Negative Transfer in Auxiliary-Task Learning*](https://arxiv.org/abs/2301.12618), NeurIPS.
# - Su et al. (2024), [*STEM: Unleashing the Power of Embeddings for Multi-task Recommendation*](https://arxiv.org/abs/2308.13537), AAAI.
# - Zhang et al. (2023), [*A Collaborative Transfer Learning Framework for Cross-domain Recommendation*](https://arxiv.org/abs/2306.16425), KDD: CCTL.
# - Hinton, Vinyals & Dean (2015), [*Distilling the Knowledge in a Neural Network*](https://arxiv.org/abs/1503.02531), NeurIPS workshop.
