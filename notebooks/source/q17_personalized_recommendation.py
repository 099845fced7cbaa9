# %% [markdown]
# # q17 · How do you personalise with meta-learning?
#
# One head, five ways to say where a user's tastes come from. Then the metric that personalisation should be judged by.

# %% [markdown] lang="zh"
# # q17 · 如何用元学习做个性化推荐？
#
# 同一个预测头，五种回答：一个用户的口味从哪里来。然后是衡量个性化该用的指标。

# %% [markdown] tags=["question"]
# #### English
# One model for all, one a segment, or one a user? An item was shown twice and clicked once: what is its click rate? Where do you
# stand between the two ends, what does a gate or a profile add, and who gets worse?
# #### 中文
# 所有人一个模型、每个分群一个，还是每个用户一个？一个物品曝光两次、点击一次，它的点击率是多少？在两个极端之间该站在哪里？
# 门控和用户画像能加什么？谁会变差？
#
# level: mid · minutes: 3 · needs: q01, q06 · topics: partial pooling, empirical Bayes, GAUC, fairness

# %% [markdown] tags=["answer-short"]
# #### English
# I start from partial pooling: every user has their own weights, drawn towards the mean user by as much as users really differ. It is the middle
# between two ends, and both lose. With five ratings one set of tastes for all leaves a gain on the table; <!-- c3: lower -->
# the user's few ratings alone are far worse than no personal taste at all. <!-- c2: higher -->
# Hard segments are no safe middle: with one rating they lose to one taste for all. <!-- c1: higher -->
# The profile helps before the first rating, a little. <!-- c5: lower -->
# Rankings I judge by GAUC, since a pooled AUC rewards knowing who clicks a lot.
# #### 中文
# 我从部分合并（partial pooling）做起：每个用户有自己的权重，再按用户之间真实差异的大小，往平均用户收缩。它是两个极端的中间，而两个极端都输。
# 有五条评分时，所有人共用一种口味，会白白丢掉一块收益；<!-- c3: lower -->
# 只靠用户自己那几条评分，比完全没有个人口味差得多。<!-- c2: higher -->
# 硬分群也不是稳妥的折中：只有一条评分时，它输给所有人一种口味。<!-- c1: higher -->
# 用户画像在第一条评分之前就有一点帮助。<!-- c5: lower -->
# 评估排序看 GAUC：把样本混在一起算的 AUC，奖励的是“知道谁爱点”。

# %% [markdown] tags=["answer-full"]
# **Three levels.** A global model has little variance and is biased for everybody who is not average. A model per user is the reverse. Segments stand between,
# but a new user must first be put into one, on little evidence, and then gets the whole segment's taste.
#
# **Partial pooling.** Weights $w_u \sim N(m, T)$ with $m$ and $T$ (q07's $S$) learned across users. With ratings $X$, $y$ of noise $\sigma^2$:
#
# $$\hat w_u = m + \left(X^\top X / \sigma^2 + T^{-1}\right)^{-1} X^\top (y - Xm) / \sigma^2$$
#
# With no rating it is the global model, with many the user's own; nobody chooses when to switch. For a rate the same idea is a Beta prior: with
# $\alpha$ and $\beta$ fitted to all items, one click in two shows gives $(1 + \alpha)/(2 + \alpha + \beta)$. LinkedIn's GLMix pools coefficients of a logistic
# regression, per user and per item, by Gaussian priors.
#
# **What is measured here.** With five ratings partial pooling is ahead of one taste for all. <!-- c3: lower -->
# Own data alone is far behind. <!-- c2: higher -->
# Between it and a ridge with one tuned strength, shrunk towards the same learned mean user, no difference is seen at five ratings. <!-- c4: none -->
# So what the learned scales of $T$ add is small there.
#
# **Profile, gates, adapters.** Features of the user move the prior mean: $m + M g_u$. At no rating this is all the personalisation there is; it helps, <!-- c5: lower -->
# and brings the head level with the tuned bias, not ahead of it. <!-- c8: equal -->
# Gates (POSO, PEPNet) let features scale a network's units; a LoRA per user (OPPU) stores weights, 8 MB each in q05's example; it has to beat a vector of a few
# dozen numbers that is solved from the ratings at request time.
#
# **Judge it rightly.** The numbers above are errors of ratings. For rankings: a user bias changes no user's list, yet it can raise the AUC over all pairs. GAUC averages the AUC within users, weighted by exposures. Then
# look at who gets worse: by amount of history, by group. Here women and men both gain at twenty ratings. <!-- c6: lower, c7: lower -->

# %% [markdown] tags=["zh"]
# **三个层次。** 全局模型方差小，但对每个偏离平均的人都有偏；每人一个模型正好相反。分群介于两者之间，但新用户要先凭很少的证据归到某一群，然后照单全收那一群的口味。
#
# **部分合并。** 权重 $w_u \sim N(m, T)$，$m$ 和 $T$（即 q07 的 $S$）由全体用户学出。评分为 $X$、$y$，噪声方差 $\sigma^2$：
#
# $$\hat w_u = m + \left(X^\top X / \sigma^2 + T^{-1}\right)^{-1} X^\top (y - Xm) / \sigma^2$$
#
# 没有评分时它就是全局模型，评分多了就是用户自己的模型，不需要谁来决定何时切换。对点击率，同样的想法就是 Beta 先验：用全部物品拟合 $\alpha$ 和 $\beta$，
# 曝光两次点击一次，估计是 $(1 + \alpha)/(2 + \alpha + \beta)$。LinkedIn 的 GLMix 用高斯先验对逻辑回归的系数做部分合并，用户和物品各有一套。
#
# **这里测到了什么。** 有五条评分时，部分合并胜过所有人共用一种口味；<!-- c3: lower -->
# 只用自己的数据则远远落后。<!-- c2: higher -->
# 只调一个强度的岭回归，同样往学出来的平均用户收缩，在五条评分时与它看不出差别。<!-- c4: none -->
# 可见在这里，学出来的 $T$ 的尺度贡献很小。
#
# **画像、门控、适配器。** 用户特征移动先验均值：$m + M g_u$。一条评分都没有时，个性化就只有这些：它有帮助，<!-- c5: lower -->
# 但只让预测头与调好的偏置持平，并没有领先。<!-- c8: equal -->
# 门控（POSO、PEPNet）让特征去缩放网络的单元；每人一个 LoRA（OPPU）要存权重，按 q05 的例子每人 8 MB，它得胜过一个请求时现解的、只有几十个数的向量才值得。
#
# **评估要对。** 上面的数字都是评分误差。说到排序：用户偏置不改变任何人的列表，却能抬高全局 AUC（全体样本对一起算）。GAUC 在用户内算 AUC，再按曝光加权。然后看谁变差：按历史长短看，按人群看。
# 这里有二十条评分时，女性和男性用户都有收益。<!-- c6: lower, c7: lower -->

# %% [markdown]
# ## 1. Shown twice, clicked once
# Take "liked" (four stars or more) as a click and a rating as an exposure. Each film's like rate from five random ratings of every user, raw and with a Beta prior
# whose $\alpha$ and $\beta$ come by moments from the films shown more than once: your `beta_prior`. The top of the list by either, equal rates by title, and how
# these films did in all other ratings:

# %% [markdown] lang="zh"
# ## 1. 曝光两次，点击一次
# 把“喜欢”（四星及以上）当点击，把一条评分当一次曝光。每个用户随机取五条评分，据此算每部影片的喜欢率：一种是原始比例，一种加 Beta 先验，$\alpha$ 和 $\beta$ 由曝光多于一次的影片按矩估计得到，
# 也就是你写的 `beta_prior`。两种排序的榜首各是谁（比例相同时按片名排），它们在其余评分上又怎样：

# %%
import torch
from metarec_lib import BaselineRecommender, PooledHead, claim, load_data, load_study
from metarec_lib import load_movielens, make_tasks, mine, plots, seed, split_users
from metarec_lib.evaluation.pairs import score_pairs
from metarec_lib.workbook.core import glossary, pick

SEED = seed()


def text(name):
    return pick(TEXTS[name])  # in the reader's language


def labels(title, x, y):
    return {"title": text(title), "xlabel": text(x), "ylabel": text(y)}


# %% tags=["figure"]
TEXTS = {
    "shown": ("shown", "曝光"),
    "liked": ("liked", "喜欢"),
    "raw": ("raw rate", "原始比例"),
    "posterior": ("with the prior", "加先验"),
    "later": ("other ratings", "其余评分上的比例"),
    "top": ("rate of the first 20 in all other ratings", "前 20 名在其余评分上的比例"),
    "narrow": ("One user's taste, and the mean user's", "一个用户的口味，与平均用户"),
    "K": ("K, ratings of the new user", "K：新用户的评分数"),
    "weight": ("weight of a taste", "某一项口味的权重"),
    "own": ("own data alone", "只用自己的数据"),
    "partial": ("partial pooling", "部分合并"),
    "everybody": ("the mean user", "平均用户"),
    "alt narrow": (
        "One taste weight against K. From the user's own data alone it swings widely; partially pooled it leaves the mean user slowly.",
        "一项口味权重随 K 的变化：只用自己的数据时大起大落；部分合并时从平均用户慢慢移开。",
    ),
    "errors": ("Where do tastes come from? New users", "口味从哪里来？新用户"),
    "rmse": ("RMSE (stars)", "RMSE（星）"),
    "alt errors": (
        "RMSE against K for five ways of pooling. Own data alone soon lies far above the others; segments start highest; from one rating on, partial pooling with profile is lowest.",
        "五种做法的 RMSE 随 K 的变化：只用自己的数据很快远高于其他；分群起点最高；从一条评分起，带画像的部分合并最低。",
    ),
    "groups": ("Partial pooling with profile minus bias", "带画像的部分合并与收缩偏置之差"),
    "difference": ("difference in RMSE (stars)", "RMSE 之差（星）"),
    "alt groups": (
        "Six intervals, women and men at one, five and twenty ratings: all but that of men at one rating lie below zero, and they move down "
        "with K.",
        "六个区间，女性和男性用户各在一、五、二十条评分时：除男性用户一条评分时跨过零外，都在零以下，随 K 下移。",
    ),
    "worse": ("users whom partial pooling serves worse than the bias, K = 20", "部分合并不如偏置的用户，K = 20"),
    "item": ("item part alone", "只有物品部分"),
    "whole": ("with the user bias", "加上用户偏置"),
    "pooled": ("AUC over all pairs", "全局 AUC"),
    "gauc": ("GAUC, by your gauc", "GAUC，用你写的 gauc"),
}

# %%
data = load_movielens("ml-100k")


def counted(part):
    """How often each film was shown, and how often it was liked."""
    items, liked = part.items[part.mask], part.liked[part.mask].to(part.values)
    weights = torch.ones_like(liked), liked
    return [torch.bincount(items, w, minlength=data.n_items) for w in weights]


once = make_tasks(data, k=5, seed=SEED)  # five ratings a user, and all others
(shows, likes), (later, liked_later) = counted(once.support), counted(once.query)
rates = {"shown": shows, "liked": likes, "raw": (likes / shows).nan_to_num(0)}

# %% tags=["exercise"]
with mine("q17") as my:
    a, b = my.beta_prior(likes[shows > 1], shows[shows > 1])
    rates["posterior"] = (likes + a) / (shows + a + b)
    rates["later"] = liked_later / later
    films = data.items[["title"]].copy()
    for name, column in rates.items():
        films[text(name)] = column.cpu().numpy()
    for name in ("raw", "posterior"):
        first = films.sort_values([text(name), "title"], ascending=[False, True])
        held = first[text("later")].head(20).mean()
        print(f"{text('top')}, {text(name)}: {held:.2f}")
        plots.table(first.set_index("title").head(4), digits=2)

# %% [markdown]
# The raw order is led by films with few ratings, all of them likes. So many tie that the alphabet decides. With the prior a film must earn its place, and the
# list holds up better on the other ratings.
#
# ## 2. Where do a user's tastes come from?
# Now the same for a vector. The library's `PooledHead` gives every user a bias and eight tastes on learned film vectors. Only the prior of the tastes
# differs; a profile moves the prior of the bias, too. **By hand**, partial pooling for one user:

# %% [markdown] lang="zh"
# 原始排序的榜首，都是评分很少、又恰好全是喜欢的影片；并列的太多，名次只好由片名决定。加了先验，影片得靠证据上榜，在其余评分上的表现也更好。
#
# ## 2. 用户的口味从哪里来？
# 现在把同样的想法用到向量上。库里的 `PooledHead` 给每个用户一个偏置，以及在学到的影片向量上的八个口味权重。各种做法只有口味的先验不同；画像还会移动偏置的先验。
# **手写**一个用户的部分合并：

# %%
learning, tuning, judging = split_users(data, seed=SEED)
known = data.ratings["user_id"].isin(learning).to_numpy()
head = PooledHead(seed=SEED).fit(data.subset(known))
user = make_tasks(data, judging, k=20, seed=SEED).select(slice(7, 8))

# %% tags=["from-scratch"]
items = head.linear(user.support)
X, noise = items.x[0], items.variance[0]
y = ((user.support.values - items.bias) / head.spread_)[0]
m, T = head.mean_user_, torch.diag(head.between_**2)
precision = X.T @ (X / noise[:, None]) + torch.linalg.inv(T)
by_hand = m + torch.linalg.solve(precision, X.T @ ((y - X @ m) / noise))
print("agrees:", torch.allclose(by_hand, head.adapt(user.support).mean[0], atol=1e-8))

# %% [markdown] tags=["expect"]
# **What do you expect?** Order them for a user with five ratings: one taste for all, hard segments, the user's own data alone, partial pooling.

# %% [markdown] lang="zh"
# **你猜结果如何？** 用户有五条评分时，给它们排个序：所有人一种口味、硬分群、只用自己的数据、部分合并。

# %% tags=["play", "nbval-ignore-output"]
def followed(taste=2):
    shown, drawn = range(21), {}
    for name, how in {"own": ("independent", 2.0), "partial": ("partial", 0.3)}.items():
        head.set_params(pooling=how[0], strength=how[1])
        states = [head.adapt(user.first(k).support).mean[0] for k in shown]
        drawn[text(name)] = [float(state[taste - 1]) for state in states]
    drawn[text("everybody")] = [float(head.mean_user_[taste - 1])] * 21
    named = labels("narrow", "K", "weight")
    return plots.lines(shown, drawn, **named, xticks=(0, 5, 10, 15, 20))


plots.play(followed, taste=(1, 8), alt=text("alt narrow"))

# %% [markdown]
# The study: five splits, every setting chosen on tuning users, who never judge: the bias's shrinkage, the number of segments, the one strength. Own data alone
# is a ridge whose prior on the tastes is so wide that it hardly speaks. A new user gets the likeliest segment; without ratings, the largest.

# %% [markdown] lang="zh"
# 研究：五次划分。收缩强度、分群个数、单一强度都在调参用户上选，这些人从不参与评估。“只用自己的数据”是口味先验极宽的岭回归，先验几乎不起作用。
# 新用户归入最可能的一群；没有评分时归入最大的一群。

# %%
study, supports = load_study("q17"), (0, 1, 3, 5, 10, 20)
kinds = ("bias", "everybody's tastes", "segments", "own data alone",
         "ridge, one strength", "partial pooling", "partial pooling with profile")
plots.table(study.table(kinds, group="all").rename(index=glossary.say))

# %% tags=["figure"]
curves = {}
for name in ("own data alone", "partial pooling", "bias", "segments", kinds[-1]):
    curves[glossary.say(name)] = [study.mean(name, k=k, group="all") for k in supports]
fig = plots.lines(supports, curves, **labels("errors", "K", "rmse"), xticks=supports)
plots.show(fig, alt=text("alt errors"))

# %% tags=["claim"]
found = study.compare("segments", "everybody's tastes", k=1, group="all")
claim("RMSE", "segments", "everybody's tastes", found)

# %% tags=["claim"]
found = study.compare("own data alone", "everybody's tastes", k=5, group="all")
claim("RMSE", "own data alone", "everybody's tastes", found)

# %% tags=["claim"]
found = study.compare("partial pooling", "everybody's tastes", k=5, group="all")
claim("RMSE", "partial pooling", "everybody's tastes", found, headline=True)

# %% tags=["claim"]
found = study.compare("partial pooling", "ridge, one strength", k=5, group="all")
claim("RMSE", "partial pooling", "ridge, one strength", found)

# %% tags=["claim"]
profile = kinds[-1]
found = study.compare(profile, "partial pooling", k=0, group="all")
claim("RMSE", profile, "partial pooling", found)

# %% [markdown]
# Segments cost at one rating. <!-- c1: higher -->
# A choice on next to no evidence may be why, but in the table they cost at no rating, too. By twenty ratings they have overtaken one taste for all there; a soft
# mixture of segments was not tried.
# Own data alone is a disaster at five ratings for nine weights. <!-- c2: higher -->
# In the table its error even grows with K at first, and is worst at ten, about as many ratings as weights: there, we guess, it fits the noise. Shrinking
# repairs it, <!-- c3: lower -->
# and at five ratings no difference is seen between one tuned strength and learned scales. <!-- c4: none -->
# Both shrink towards the learned mean user. At twenty ratings the learned scales are slightly ahead in the table.
# The profile (age, gender, occupation) speaks before the first rating, by less than the margin. <!-- c5: lower -->
#
# ## 3. Who gets worse?
# A mean hides people. How many are worse off than with the bias, even at twenty ratings? The share is printed below; q20 asks whether being harmed repeats, or is
# chance. Groups can be told apart with more certainty. Women and men, under the bias and under the best of these heads:

# %% [markdown] lang="zh"
# 分群在一条评分时要付代价。<!-- c1: higher -->
# 也许是因为凭很少的证据就得归群，但从表里看，没有评分时它也更差。到二十条评分时，表里的分群已超过“所有人一种口味”；软分群（混合）没有试。
# 九个权重、五条评分，只用自己的数据是一场灾难。<!-- c2: higher -->
# 从表里看，它的误差一开始甚至随 K 上升，在十条时最差，这时评分数与权重数相当：我们猜它把噪声也拟合了。收缩能补救；<!-- c3: lower -->
# 在五条评分时，一个调好的强度与学出来的尺度看不出差别。<!-- c4: none -->
# 两者都往学出来的平均用户收缩。到二十条评分时，表里学出来的尺度略微领先。
# 用户画像（年龄、性别、职业）在第一条评分之前就能说话，作用小于等效界值。<!-- c5: lower -->
#
# ## 3. 谁变差了？
# 平均数会掩盖个体。即使有二十条评分，还有多少用户不如用偏置模型？比例打印在下面；q20 会问“变差”是可重复的，还是偶然。按人群看更有把握。下面是女性和男性用户，
# 分别用偏置模型和这里最好的预测头：

# %%
own, simple = (study.values(name, k=20, group="all") for name in (kinds[-2], "bias"))
worse = [(own[s] > simple[s]).mean() for s in study.seeds]
print(f"{text('worse')}: {sum(worse) / len(worse):.0%}")
for group in ("women", "men"):
    means = study.table(("bias", profile), group=group)
    means.index = [glossary.say(name) for name in means.index]
    plots.table(means.rename_axis(glossary.say(group)))

# %% tags=["figure"]
gains = {}
for k in (1, 5, 20):
    for group in ("women", "men"):
        pair = study.compare(profile, "bias", k=k, group=group)
        gains[f"{glossary.say(group)}, K = {k}"] = pair
fig = plots.intervals(gains, title=text("groups"), xlabel=text("difference"))
plots.show(fig, alt=text("alt groups"))

# %% tags=["claim"]
found = study.compare(profile, "bias", k=20, group="women")
claim("RMSE", profile, "shrunken bias", found)

# %% tags=["claim"]
found = study.compare(profile, "bias", k=20, group="men")
claim("RMSE", profile, "shrunken bias", found)

# %% tags=["claim"]
found = study.compare(profile, "bias", k=0, group="all")
claim("RMSE", profile, "shrunken bias", found)

# %% [markdown]
# Both gain, <!-- c6: lower, c7: lower -->
# though the error of women stays higher in the table under either model. ML-100K has fewer of them; whether that is the reason was not measured.
# Before the first rating the head gains nothing on the bias that matters, <!-- c8: equal -->
# and in the tables women come out slightly ahead and men slightly behind; neither was tested.
#
# ## 4. The metric that personalisation is judged by
# Two scores that order every user's films alike: the item part of the bias model, and the same plus the user bias. Like or not, on held-out ratings. What do a pooled
# AUC and a GAUC say?

# %% [markdown] lang="zh"
# 两组都有收益，<!-- c6: lower, c7: lower -->
# 不过从表里看，两种模型下女性用户的误差都更高。ML-100K 里女性用户较少；这是不是原因，没有测。
# 第一条评分之前，预测头与偏置在等效界值内持平，<!-- c8: equal -->
# 而且从表里看，女性用户略好、男性用户略差；两者都没有检验。
#
# ## 4. 衡量个性化的指标
# 两种得分，对每个用户的影片排序完全相同：偏置模型的物品部分，以及再加上用户偏置。在留出的评分上预测喜欢与否。全局 AUC 和 GAUC 各怎么说？

# %% tags=["exercise"]
with mine("q17") as my:
    train, test = load_data("ml-100k", split="random", seed=SEED)
    liked, owner = torch.as_tensor(test.liked), torch.as_tensor(test.user_codes)
    bias = BaselineRecommender().fit(train)
    of_item = bias.item_bias_[test.item_codes].cpu()
    parts = {"item": of_item, "whole": score_pairs(bias, test)}
    for name, scores in parts.items():
        for what, users in (("pooled", 0 * owner), ("gauc", owner)):
            print(f"{text(name)}: {text(what)} {my.gauc(scores, liked, users):.3f}")

# %% [markdown]
# The pooled AUC rises by the user bias alone, which knows who rates high. No list has changed, and GAUC, which compares within users only, cannot move. The GAUC of the heads above was not measured; RMSE, too, rewards a user bias.

# %% [markdown] lang="zh"
# 只加用户偏置，全局 AUC 就上去了，因为它知道谁打分高。没有一个人的列表变过；GAUC 只在用户内比较，所以不会动。前面那些预测头的 GAUC 没有测；RMSE 同样会奖励用户偏置。

# %% [markdown] tags=["rubric"]
# #### English
# - [2] places global, segment and per-user models on the scale from bias to variance
# - [3] partial pooling: the formula, where the prior comes from, and that it needs no switch
# - [1] a Beta prior for a rate, with α and β estimated from all items
# - [2] what profile, gate or adapter add, with their cost per user
# - [1] judges by GAUC, exposure-weighted, and says why a pooled AUC misleads
# - [1] looks at who gets worse, by history and by group
# #### 中文
# - [2] 把全局、分群、每人一个模型放在偏差与方差的尺度上
# - [3] 部分合并：写出公式，说清先验从哪里来，以及它不需要切换
# - [1] 点击率用 Beta 先验，α 和 β 由全部物品估计
# - [2] 画像、门控、适配器各加了什么，每个用户要多少代价
# - [1] 用按曝光加权的 GAUC 评估，并说清全局 AUC 为什么误导
# - [1] 看谁变差：按历史长短，按人群

# %% [markdown] tags=["pitfalls"]
# #### English
# - **"Segments are the safe middle."** → A new user must be put into one first. With one rating that costs more than it gives. <!-- c1: higher -->
# - **"Per-user weights personalise."** → They may carry only the amount of evidence. Exchange users before you say so (q23).
# - **"AUC went up, so personalisation works."** → A user bias lifts the pooled AUC and changes no list (section 4).
# - **"The learned scales are what wins."** → Take them away: at five ratings no loss was seen with one tuned strength. <!-- c4: none -->
# - **"CTR 1/2 beats 40/100."** → Not before the prior is added.
# #### 中文
# - **“分群是稳妥的折中。”** → 新用户得先归到某一群。只有一条评分时，这样做得不偿失。<!-- c1: higher -->
# - **“每人一套权重就是个性化。”** → 它可能只反映证据的多少。先互换用户，再下结论（q23）。
# - **“AUC 涨了，说明个性化有效。”** → 加一个用户偏置就能抬高全局 AUC，却不改变任何列表（第 4 节）。
# - **“赢的是学出来的尺度。”** → 把它拿掉试试：五条评分时，换成一个调好的强度，看不出更差。<!-- c4: none -->
# - **“点击率 1/2 胜过 40/100。”** → 先把先验加上再比。

# %% [markdown] tags=["follow-ups"]
# #### English
# <details><summary>We have clicks, not stars. What changes in partial pooling?</summary>
# The likelihood: logistic in place of Gaussian. GLMix fits global coefficients, then per-user and per-item ones on what is left, each with a Gaussian prior, in
# turns. A rate without features is the Beta case of section 1. Shows without a click are the other half of the evidence: log them.</details>
# <details><summary>What does a gate add over the user feature it reads?</summary>
# A feature at the input is one term of the first layer's sum, where strong features can drown it; a gate multiplies hidden units, so it scales what other features have built. POSO uses one so that new users are not drowned by
# heavy ones. Whether it pays is measured against the same feature as a plain input.</details>
# <details><summary>10⁹ users: what do you store per user?</summary>
# The events, and at most a vector of D numbers as a cache; 10⁹ × 64 × 4 bytes are 256 GB, a LoRA of rank 8 on one 1024 × 1024 layer is 66 KB each, 66 TB in all, at 4 bytes a number. The prior is
# shared and small. A new model version recomputes vectors from events.</details>
# <details><summary>Why not a sequence model that adapts in context?</summary>
# It pools too: its weights are the prior, the history the data. It learns when to trust a history from millions of users. For a small domain or a new surface, where that
# prior cannot be trained, the closed form with estimated variances is a baseline to beat, and says how sure it is. This lesson did not measure a sequence model.</details>
# <details><summary>A new user says "I like sport". How do you fill in the unknown rest?</summary>
# By the prior's covariance: a full T says which tastes go together, so a word on one moves the others. With a diagonal T it moves nothing else. Treat the
# statement as an observation with its own noise (q02).</details>
# #### 中文
# <details><summary>我们只有点击，没有星级，部分合并怎么变？</summary>
# 变的是似然：高斯换成 logistic。GLMix 先拟合全局系数，再在残差上轮流拟合用户系数和物品系数，各带高斯先验。没有特征的点击率就是第 1 节的 Beta 情形。
# 曝光未点击是另一半证据，一定要记日志。</details>
# <details><summary>门控比它读的那个用户特征多了什么？</summary>
# 特征拼到输入里，只是第一层求和里的一项，容易被强特征淹没；门控乘在隐层单元上，直接缩放其他特征算出来的东西。POSO 用它防止新用户被重度用户淹没。值不值，要和“同一个特征直接作输入”比。</details>
# <details><summary>10⁹ 用户，每人存什么？</summary>
# 存行为；向量最多当缓存：10⁹ × 64 × 4 字节是 256 GB。一个 1024 × 1024 的层做 rank 8 LoRA，每个数 4 字节，每人 66 KB，合计 66 TB。先验是共享的，很小。模型换版本，就从行为重算向量。</details>
# <details><summary>序列模型在上下文里就能适应，为什么不用它？</summary>
# 它也在做合并：参数是先验，历史是数据，什么时候该信历史是从几百万用户里学来的。小领域、新场景训练不出这样的先验，这时带方差估计的闭式解是必须先超过的基线，
# 而且说得出自己有多大把握。本课没有测序列模型。</details>
# <details><summary>新用户只说“喜欢体育”，其余未知的兴趣怎么填？</summary>
# 靠先验的协方差：T 不是对角阵时，它刻画哪些口味总是一起出现，提到一项就会带动其余；T 是对角阵就带不动。把这句话当作一条自带噪声的观测（q02）。</details>

# %% [markdown] tags=["exercise"]
# ## Your turn
# Write three functions in [`exercises/q17_personalized_recommendation.py`](../exercises/q17_personalized_recommendation.py), about 20 minutes:
#
# - `partial_pooling`: posterior means of users with different amounts of data.
# - `beta_prior`: α and β from clicks and shows, by moments.
# - `gauc`: AUC within users, weighted by exposures.
#
# Then run the cell below. Stuck? In the cell after it, take the `#` away and run: each run gives the next of three hints.

# %% [markdown] lang="zh"
# ## 动手
# 在 [`exercises/q17_personalized_recommendation.py`](../exercises/q17_personalized_recommendation.py) 里写三个函数，大约 20 分钟：
#
# - `partial_pooling`：一批用户的后验均值，每人的评分数可以不同。
# - `beta_prior`：用矩估计从点击和曝光得到 α 和 β。
# - `gauc`：用户内的 AUC，按曝光加权。
#
# 写完运行下面的单元格。卡住了？把再下面那个单元格里的 `#` 去掉再运行：每运行一次给出下一条提示，共三条。

# %% tags=["exercise"]
from metarec_lib import check, what_was_measured

check("q17")

# %% tags=["exercise"]
# from metarec_lib import hint; hint("q17", "partial_pooling")

# %% tags=["measured"]
what_was_measured()

# %% [markdown] tags=["references"]
# **Read first · 先读：** Gelman & Hill (2007), *Data Analysis Using Regression and Multilevel/Hierarchical Models*, Cambridge University Press, chapter 12.
#
# - Zhang et al. (2016), *GLMix: Generalized Linear Mixed Models For Large-Scale Response Prediction*, KDD.
# - Han et al. (2022), *Addressing Cold Start in Product Search via Empirical Bayes*, CIKM.
# - Zhou et al. (2018), [*Deep Interest Network for Click-Through Rate Prediction*](https://arxiv.org/abs/1706.06978), KDD: GAUC.
# - Chang et al. (2023), [*PEPNet: Parameter and Embedding Personalized Network for Infusing with Personalized Prior Information*](https://arxiv.org/abs/2302.01115), KDD.
# - Dai et al. (2021), [*POSO: Personalized Cold Start Modules for Large-scale Recommender Systems*](https://arxiv.org/abs/2108.04690), arXiv.
# - Tan et al. (2024), [*Democratizing Large Language Models via Personalized Parameter-Efficient Fine-tuning*](https://arxiv.org/abs/2402.04401), EMNLP: OPPU.
