# %% [markdown]
# # q02 · Design a meta-learning method for modelling user interest, several base recommenders included
#
# First one interest, as a posterior whose width we check. Then several recommenders: what joining them gains, and what spoils it.

# %% [markdown] lang="zh"
# # q02 · 如何用元学习进行用户兴趣建模？
#
# 先看一个用户的兴趣：它是一个后验分布，宽度要经得起检验。再看多个推荐模型：融合能得到什么，又会被什么毁掉。

# %% [markdown] tags=["question"]
# #### English
# You log clicks, views, purchases and ratings. Several recommenders are already there, none is the best for everybody, and many
# users are new. How do you represent what a user is interested in? How do you combine the recommenders? And what, in all
# this, is meta-learned?
# #### 中文
# 你手上有点击、浏览、购买和评分日志；线上已有好几个推荐模型，没有哪个对所有人都最好；新用户又很多。用户兴趣该怎么表示？这几个模型怎么融合？
# 这里面，元学习学到的究竟是什么？
#
# level: senior · minutes: 3 · needs: q01, q06 · topics: user interest, priors, stacking, cold start

# %% [markdown] tags=["answer-short"]
# #### English
# I treat behaviour as evidence of different strength, and keep "not shown" apart from "not wanted". An interest is a posterior
# over a taste vector. Its prior is learned over all users: that is the meta-learning, and a new user starts there. I fuse
# recommenders by stacking. The combiner learns from out-of-fold predictions: folds over users, and K ratings of each, as for a
# new user. Fitted in-sample it trusts whichever model memorises best, and new users pay. <!-- c6: higher -->
# On MovieLens, with twenty ratings, a better single model beat a blend of three weaker ones; <!-- c7: lower -->
# a weighted blend with it added a little. <!-- c8: lower, c8: small -->
# #### 中文
# 我把各种行为当作强度不同的证据，并把“没曝光”和“不感兴趣”分开。用户兴趣是兴趣向量的后验分布，先验由全体用户学出来，这就是元学习的部分，新用户
# 从先验起步。多个模型用 stacking 融合：融合层只用折外（out-of-fold）预测来训练，按用户分折，而且像对待新用户那样只给 K 条评分。如果拿样本内预测
# 去训练，最会背答案的模型指标虚高，权重就偏向它，代价由新用户承担。<!-- c6: higher -->
# 在 MovieLens 上，有二十条评分时，一个更好的单模型胜过三个较弱模型的融合；<!-- c7: lower -->
# 再把它加权融合进来，也只再好一点。<!-- c8: lower, c8: small -->

# %% [markdown] tags=["answer-full"]
# **Behaviour to features.** An event has an item, kind, time, context and strength. A purchase says much and is rare. A click says
# little and is biased by position and headline: an observation with more noise, or a weight on the loss (Hu et al. 2008). Log
# impressions, or nobody can tell "not shown" from "not wanted". For *ranking* take negatives from impressions. For *retrieval*
# take them from the whole catalogue: impressions hold only what the last model chose. Keep some random traffic.
#
# **An interest is a posterior.** With item features $x$, a taste is $w \sim N(m, C)$, and a rating, less what the item
# explains, is $x^\top w$ plus noise of variance $s^2$. After K ratings $X$, $y$:
#
# $$\Sigma = \left(C^{-1} + X^\top X / s^2\right)^{-1}, \qquad \mu = m + \Sigma X^\top (y - Xm) / s^2$$
#
# Other events bring a variance each: a click with twice the $s$ of a rating counts a quarter. For clicks this is an approximation;
# the likelihood is Bernoulli. The inner loop is this solve. The outer loop learns $m$, $C$, $s$ over all users (empirical
# Bayes). $C$ says which tastes go together. MeLU replaces the solve by gradient steps from learned weights, TaNP by a neural
# process. The width serves exploration and fallback.
#
# **Many interests, long histories.** To retrieve, one vector between two interests can find neither: MIND and ComiRec keep several
# vectors, and each retrieves. To rank, DIN attends to the history by candidate and needs no number of vectors. With a long history SIM first
# searches it for behaviours like the candidate, then attends. TWIN gives both stages the same relevance score.
#
# **Fusion.** $\hat r = c(K) + \sum_m a_m(K)\, f_m(i \mid S)$, $S$ the K ratings. The average is the baseline. Stacking learns $a$ by least
# squares on out-of-fold predictions: models fitted on *other* users predict each rating from K other ratings of its user. In-sample,
# a model that memorises seems precise and takes the weight. Boosted trees on the scores and K need out-of-fold rows too.
#
# **What is meta-learned.** $m$, $C$, $s$ and $a(K)$: learned over users, used on new ones. The stacking literature calls the combiner a
# meta-learner; the name proves nothing. What adapts to a user is the posterior.

# %% [markdown] tags=["zh"]
# **行为怎么变成特征。** 一条行为要记下：物品、类型、时间、上下文、强度。购买信号强但稀疏；点击信号弱，还受位置和标题党影响，应当看作噪声更大的观测，或者作为损失里的
# 置信度权重（Hu 等，2008）。曝光日志一定要打，否则“没曝光”和“不感兴趣”分不开。*精排*的负样本取自曝光未点击；*召回*的负样本要从全库采，因为曝光里只有上一版模型挑过的东西。
# 再保留少量随机流量。
#
# **兴趣是一个后验分布。** 物品特征为 $x$，用户兴趣 $w \sim N(m, C)$；评分减去物品能解释的部分，等于 $x^\top w$ 加上方差为 $s^2$ 的噪声。看到 K 条评分 $X$、$y$ 之后：
#
# $$\Sigma = \left(C^{-1} + X^\top X / s^2\right)^{-1}, \qquad \mu = m + \Sigma X^\top (y - Xm) / s^2$$
#
# 其他行为各用自己的方差：点击的 $s$ 若是评分的两倍，一次点击只抵四分之一条评分。对点击而言这只是近似，严格的似然是伯努利。内循环就是算一次这个闭式解；外循环在全体用户上
# 估计 $m$、$C$、$s$，也就是经验贝叶斯。$C$ 刻画哪些兴趣总是一起出现，所以一条评分能带动好几维。MeLU 用“从学到的初始化参数走几步梯度”代替闭式解，TaNP 用神经过程。
# 后验的宽度用来做探索，也用来判断何时退回先验。
#
# **多兴趣与长序列。** 召回时，落在两个兴趣正中间的单个向量可能两边都召不到：MIND 和 ComiRec 保留几个向量，各自召回。精排时，DIN 针对候选物品对历史做注意力，
# 不必纠结要几个向量。序列很长时，SIM 先按候选从全量行为里搜出相关的一段，再做注意力；TWIN 让两段用同一个相关性打分。
#
# **融合。** $\hat r = c(K) + \sum_m a_m(K)\, f_m(i \mid S)$，$S$ 是这 K 条评分。等权平均是基线。Stacking 用最小二乘学 $a$，但训练样本必须是折外预测：每条评分都由
# “没见过这个用户”的模型、只凭他的另外 K 条评分来预测。用样本内预测就是数据泄漏：最会背答案的模型指标虚高，权重归它。GBDT 吃各模型的分数和 K，同样要用折外样本。
#
# **元学习学到了什么。** $m$、$C$、$s$ 和 $a(K)$：由全体用户学出，用在新用户上。stacking 文献把融合层也叫 meta-learner，但名字说明不了什么；真正随用户变化的是后验。

# %% [markdown]
# ## 1. What you watch says what you like
# Split each user's ratings in two halves at random. In the first half look only at *which* films were rated: which of eight common
# genres does this user watch most, compared with everybody, and which least? In the second half look at the stars of these two, less
# what the film itself explains.

# %% [markdown] lang="zh"
# ## 1. 看什么，已经说明喜欢什么
# 把每个用户的评分随机分成两半。前一半只看他评了*哪些*片：在八个常见类型里，与大家相比，他看得最偏多的是哪一类，最偏少的是哪一类？后一半再看这两类的星级，
# 减去影片本身能解释的部分。

# %%
import numpy as np
import pandas as pd
from sklearn import linear_model, tree
from metarec_lib import ContentBasedRecommender, claim, compare, load_movielens, mine
from metarec_lib import load_study, make_tasks, plots, seed, split_users
from metarec_lib.workbook.core import glossary, pick

SEED = seed()


def text(name):
    return pick(TEXTS[name])  # in the reader's language


def labels(title, x, y):
    return {"title": text(title), "xlabel": text(x), "ylabel": text(y)}


# %% tags=["figure"]
TEXTS = {
    "worth": ("How many ratings the prior is worth", "先验相当于多少条评分"),
    "in ratings": ("ratings that depend on this alone", "只与这一项有关的评分条数"),
    "bias": ("user's bias", "用户偏置"),
    "alt worth": (
        "Bars of how many ratings the prior is worth: most for drama and comedy, least for the user's bias.",
        "条形图：先验相当于多少条评分。剧情和喜剧最多，用户偏置最少。",
    ),
    "narrows": ("One user: bias and two genres", "一个用户：偏置与两个类型"),
    "known": ("ratings known (not to scale)", "已知评分数（非等距）"),
    "interest": ("interest (stars)", "兴趣（星）"),
    "alt narrows": (
        "Three panels with bands: the band of the bias shrinks fast, those of two genres slowly.",
        "三个小图带阴影：偏置的阴影很快变窄，两个类型的慢得多。",
    ),
    "off": ("largest distance from the library's", "与库里结果的最大差"),
    "noise": ("share of a rating's own noise in the variance", "方差里评分自身噪声所占的比例"),
    "events": ("Interests after {} events with noise {:.1f}", "{} 条行为之后的兴趣，噪声 {:.1f}"),
    "interval": ("interest (stars), 95 % interval", "兴趣（星），95% 区间"),
    "alt events": (
        "Eight genres, each with its interest and the 95 % interval: after twenty events every interval crosses zero.",
        "八个类型的兴趣值和 95% 区间：二十条行为之后，每个区间都还跨着零。",
    ),
    "weights": ("Who gets the weight", "权重给了谁"),
    "K": ("K, ratings of the user (log scale)", "K：用户的评分数（对数坐标）"),
    "weight": ("weight in the blend", "融合权重"),
    "alt weights": (
        "Three curves of weight over K: content leads at one rating, item-kNN at twenty and eighty.",
        "三条权重随 K 变化的曲线：一条评分时内容模型最高，二十条和八十条时物品 kNN 最高。",
    ),
    "gain": ("Against the shrunken bias, new users", "与收缩偏置相比，新用户"),
    "less": ("RMSE minus the bias's (stars)", "RMSE 与偏置之差（星）"),
    "alt gain": (
        "Four curves below zero, falling with K. At one rating the head without user features is level with the blend of "
        "three; at twenty it is far below it, above the closed-form head and ridge on four.",
        "四条曲线都在零以下，随 K 下降。一条评分时，不看用户画像的预测头与三个模型的融合持平；"
        "二十条时它低得多，再往下是闭式解预测头和四个模型的岭回归融合。",
    ),
    "unseen": ("RMSE out of fold", "折外 RMSE"),
    "seen": ("RMSE in-sample", "样本内 RMSE"),
    "weight unseen": ("ridge weight out of fold", "折外岭回归权重"),
    "weight seen": ("ridge weight in-sample", "样本内岭回归权重"),
    "out of fold": ("out of fold", "折外"),
    "in-sample": ("in-sample", "样本内"),
    "cost": ("RMSE, in-sample minus out of fold", "RMSE：样本内减折外"),
    "pair": ("RMSE of ridge, tree", "岭回归、决策树的 RMSE"),
    "yours": ("your weights", "你的权重"),
    "unknown": ("unknown", "未知"), "Action": ("Action", "动作"),
    "Adventure": ("Adventure", "冒险"), "Animation": ("Animation", "动画"),
    "Children's": ("Children's", "儿童"), "Comedy": ("Comedy", "喜剧"),
    "Crime": ("Crime", "犯罪"), "Documentary": ("Documentary", "纪录片"),
    "Drama": ("Drama", "剧情"), "Fantasy": ("Fantasy", "奇幻"),
    "Film-Noir": ("Film-Noir", "黑色电影"), "Horror": ("Horror", "恐怖"),
    "Musical": ("Musical", "音乐"), "Mystery": ("Mystery", "悬疑"),
    "Romance": ("Romance", "爱情"), "Sci-Fi": ("Sci-Fi", "科幻"),
    "Thriller": ("Thriller", "惊悚"), "War": ("War", "战争"), "Western": ("Western", "西部"),
}

# %%
data = load_movielens("ml-100k")
learning, tuning, judging = split_users(data, seed=SEED)
train = data.subset(np.isin(data.ratings["user_id"], learning))
content = ContentBasedRecommender(seed=SEED).fit(train)
explained = content.mean_ + content.item_bias_.cpu().numpy()[data.item_codes]
common = ["Action", "Adventure", "Comedy", "Crime",
          "Drama", "Romance", "Sci-Fi", "Thriller"]
genre = data.items[common].to_numpy(float)[data.item_codes]


def by_user(rows, value):
    sums = np.zeros((data.n_users, len(common)))
    np.add.at(sums, data.user_codes[rows], genre[rows] * value[rows, None])
    return sums

# %% [markdown] tags=["expect"]
# **What do you expect?** No star of the first half is used. Does the choice alone tell of the stars in the second?

# %% [markdown] lang="zh"
# **你猜结果如何？** 前一半的星级一个都没用。光凭“选了什么”，能看出后一半的星级吗？

# %% tags=["claim"]
over, under, one = [], [], np.ones(len(data))
for draw in range(5):  # five random halvings
    first = np.random.default_rng([SEED, draw]).random(len(data)) < 0.5
    seen = np.bincount(data.user_codes[first], minlength=data.n_users)[:, None]
    with np.errstate(invalid="ignore"):
        watched = by_user(first, one) / seen / genre.mean(0)  # 2: twice others' share
        stars = by_user(~first, data.values - explained) / by_user(~first, one)
    for picked, best in ((over, watched.argmax(1)), (under, watched.argmin(1))):
        picked.append(stars[np.arange(len(stars)), best])
sides = [f"the genre a user {way}-watches" for way in ("over", "under")]
claim("mean stars", *sides, compare(over, under), at="five random halvings")

# %% [markdown]
# It does. <!-- c1: higher -->
# So feed the model with what was chosen (SVD++ does; none of the models below). It also shows that ratings are not missing *completely*
# at random. Whether they are missing because of their own stars, this test cannot answer. And MovieLens does not
# log what was shown: in your product, log it.
#
# ## 2. An interest is a posterior
# The content model describes a film by genres and year, and a user by a weight on each, with a Gaussian prior $N(m, C)$ (from q07 on, $S$ stands for $C$). Nothing is tuned:
# EM looks for the $m$, $C$ and noise $s$ that make the training users' ratings most likely. Its outer step, by hand: take every
# user's posterior $w_u$, $\Sigma_u$; then average, for $m$ and $C$ over users, for $s^2$ over ratings:
#
# $$m = \overline{w_u}, \qquad C = \overline{\Sigma_u + (w_u - m)(w_u - m)^\top}, \qquad s^2 = \overline{(y - x^\top w_u)^2 + x^\top \Sigma_u x}$$

# %% [markdown] lang="zh"
# 能。<!-- c1: higher -->
# 所以要把“选了什么”也喂给模型（SVD++ 就是这样；下面的模型都没用）。这还说明评分不是*完全*随机缺失。至于缺失是否取决于那条评分本来会有几星，是另一个问题，这个检验回答不了。
# 另外，MovieLens 没有记录曝光；你自己的产品一定要记。
#
# ## 2. 兴趣是一个后验分布
# 内容模型用类型和年份描述影片，用每个特征上的权重描述用户，先验是高斯 $N(m, C)$（从 q07 起，$C$ 记作 $S$）。什么都不用调：用 EM 去找使训练用户的评分似然最大的 $m$、$C$ 和噪声 $s$。
# 它的外层一步可以手写：取每个用户的后验 $w_u$、$\Sigma_u$，然后取平均，$m$ 和 $C$ 对用户平均，$s^2$ 对评分平均：
#
# $$m = \overline{w_u}, \qquad C = \overline{\Sigma_u + (w_u - m)(w_u - m)^\top}, \qquad s^2 = \overline{(y - x^\top w_u)^2 + x^\top \Sigma_u x}$$

# %% tags=["from-scratch"]
known = content.ratings_of(learning)
w, width = content.adapt(known)  # inner step: every training user's posterior
x, at = content.features_[known.items], known.mask
m = w.mean(0)
C = width.mean(0) + (w - m).T @ (w - m) / len(w)
C.diagonal().add_(1e-6 * train.values.var())  # as the library does: C stays invertible
taste = (x @ w[:, :, None])[..., 0]
off = known.values - content.mean_ - content.item_bias_[known.items] - taste
s2 = (off**2 + ((x @ width) * x).sum(2))[at].mean()
once_more = ContentBasedRecommender(steps=content.steps + 1).fit(train)
pairs = (m, once_more.prior_), (C, once_more.covariance_), (s2.sqrt(), once_more.noise_)
print("agrees:", all(float(abs(a - b).max()) < 1e-8 for a, b in pairs))

# %% [markdown]
# With prior variance $C_{dd}$ the prior of feature $d$ counts as $s^2 / C_{dd}$ ratings that depend on this feature alone:

# %% [markdown] lang="zh"
# 先验方差为 $C_{dd}$ 时，特征 $d$ 的先验相当于 $s^2 / C_{dd}$ 条只与这个特征有关的评分：

# %% tags=["figure"]
names = [*map(text, data.genres), "year", "year unknown", text("bias")]
worth = content.noise_**2 / content.covariance_.diagonal().cpu().numpy()
shown = map(text, ("Horror", "Action", "Romance", "Drama", "Comedy", "bias"))
bars = {name: worth[names.index(name)] for name in shown}
fig = plots.bars(bars, title=text("worth"), xlabel=text("in ratings"), digits=1)
fig.get_layout_engine().set(w_pad=0.1)
plots.show(fig, alt=text("alt worth"))

# %% [markdown]
# Users differ more about horror than about comedy. So one horror film tells more of its genre's taste than one comedy does.
#
# Now follow one new user, the one with the longest history, ratings in random order. The band is one posterior standard deviation; the two genres are those that
# are clearest in the end.

# %% [markdown] lang="zh"
# 大家对恐怖片的分歧比对喜剧片大，所以一部恐怖片的评分，很能说明用户爱不爱恐怖片；一部喜剧片的评分，对他爱不爱喜剧说明得少。
#
# 现在跟踪一个新用户，选历史最长的那位，评分顺序随机。阴影是一个后验标准差；两个类型取最后最清楚的。

# %% [markdown] tags=["expect"]
# **What do you expect?** What is settled first: how generous the user is, or what the user thinks of a genre?

# %% [markdown] lang="zh"
# **你猜结果如何？** 先弄清楚的是什么：这个用户打分松不松，还是他对某个类型的看法？

# %% tags=["figure"]
heavy = data.ratings["user_id"].value_counts()[judging].idxmax()
sizes_known = (0, 1, 5, 20, 50, 200)
tasks = make_tasks(data, [heavy], k=200, seed=SEED)
states = [content.adapt(tasks.first(k).support) for k in sizes_known]
middle = np.stack([mean[0].cpu().numpy() for mean, _ in states])
half = np.stack([c[0].diagonal().sqrt().cpu().numpy() for _, c in states])
clearest = np.argsort(-np.abs(middle[-1, :-3] / half[-1, :-3]), kind="stable")[:2]
series = {names[d]: (middle[:, d], half[:, d]) for d in (len(names) - 1, *clearest)}
fig = plots.bands(sizes_known, series, **labels("narrows", "known", "interest"))
plots.show(fig, alt=text("alt narrows"))

# %% tags=["exercise"]
with mine("q02") as my:
    few = tasks.first(5).support
    rated = content.features_[few.items[0]].cpu().numpy()
    y = (few.values - content.mean_ - content.item_bias_[few.items])[0].cpu().numpy()
    prior = [t.cpu().numpy() for t in (content.prior_, content.covariance_)]
    mean, _ = my.interest_posterior(rated, y, *prior, content.noise_**2)
    print(f"{text('off')}: {np.abs(mean - middle[2]).max():.6f}")

# %% [markdown]
# For this user the bias is clear of zero first. After twenty ratings the bands of both tastes are nearly as wide as at none.
#
# What is the *learned* prior worth? In the study (`metarec study q02`: ten splits, settings chosen on tuning users; the judges are also those of
# q01, q06 and q07) the same features have two rivals. One is a prior of mean zero with two tuned strengths, one for all tastes and one for the bias:
# ridge regression as most would write it. The other is no prior.

# %% [markdown] lang="zh"
# 对这个用户，偏置最先偏离零。二十条评分之后，两个口味的阴影几乎还和一条都没有时一样宽。
#
# 先验是*学出来*的，好处有多大？研究脚本（`metarec study q02`：十次划分，参数在调参用户上选；评估用户与 q01、q06、q07 相同）用同样的特征设了两个对手：一个是均值为零、只有两个可调强度的先验
# （所有口味共用一个，偏置一个），也就是多数人会写的岭回归；另一个没有先验。

# %% tags=["claim"]
study, sizes = load_study("q02"), (1, 5, 20)
rows = ["content, no prior", "bias", "content, two strengths", "content"]
plots.table(study.table(rows).rename(index=glossary.say))
learned = study.compare("content", "content, two strengths", k=20)
claim("RMSE", "content model", "prior with two tuned strengths", learned)

# %% [markdown]
# The first row, without a prior, lies above the bias alone. A tuned prior repairs that. The learned means, variances and correlations add a little at twenty
# ratings. <!-- c2: lower, c2: small -->
#
# Is the width right? How many of a new user's query ratings lie in the 80 % interval of their prediction?

# %% [markdown] lang="zh"
# 第一行没有先验，误差比只用偏置还高；调好的先验能补救。二十条评分时，学出来的均值、方差和相关性再带来一点收益。<!-- c2: lower, c2: small -->
#
# 宽度准不准？新用户的查询评分，有多少落在预测的 80% 区间里？

# %% tags=["claim"]
new = make_tasks(data, judging, k=5, seed=SEED)
spread = content.score_std(content.adapt(new.support), new.query)[new.query.mask]
share = (content.noise_**2 / spread**2).mean()
print(f"{text('noise')}: {share:.0%}")
inside = study.compare("content", 0.8, metric="covered", k=5)
claim("share inside the 80 % interval", "content model", 0.8, inside)

# %% [markdown]
# On average about right: no clear difference from 80 %. <!-- c3: none -->
# But most of that variance is a rating's own noise, as printed, so the test says little of the interest's own width.
#
# **Play: what if the evidence were clicks?** Raise the noise, as for a weaker event. How many events does the same certainty take?

# %% [markdown] lang="zh"
# 平均而言差不多：看不出与 80% 有差别。<!-- c3: none -->
# 不过如上所示，这个方差大部分是评分自身的噪声，所以这个检验对兴趣本身的宽度说明得不多。
#
# **动手玩：如果证据是点击呢？** 把噪声调大，就像更弱的行为。要多少条行为，才能有同样的把握？

# %% tags=["play", "nbval-ignore-output"]
def interest(events=20, noise=0.9):
    learned_noise, content.noise_ = content.noise_, noise
    mean, covariance = content.adapt(tasks.first(events).support)
    content.noise_ = learned_noise
    reach = 1.96 * covariance[0].diagonal().sqrt().cpu().numpy()
    mean = mean[0].cpu().numpy()
    places = {name: names.index(name) for name in map(text, common)}
    rows = {name: (mean[d], mean[d] - reach[d], mean[d] + reach[d])
            for name, d in places.items()}
    title = text("events").format(events, noise)
    return plots.intervals(rows, title=title, xlabel=text("interval"), xlim=(-2, 2))


plots.play(interest, events=(0, 200), noise=(0.3, 4.0, 0.1), alt=text("alt events"))

# %% [markdown]
# ## 3. Three recommenders joined
# The study joins matrix factorisation, item-kNN and the content model. Each training rating is predicted out of fold, from 1, 5, 20 or 80 ratings of its
# user. Four ways to join: the average; weights that are not negative and sum to one; ridge weights with a constant; boosted trees
# on the scores and K. The rival is the single model that validation chose, for each K and split.

# %% [markdown] lang="zh"
# ## 3. 三个模型的融合
# 研究里融合了矩阵分解、物品 kNN 和内容模型。每条训练评分都做折外预测，只凭该用户的 1、5、20 或 80 条评分。四种融合方式：等权平均；非负且和为一的权重；带常数项的岭回归权重；
# 吃各模型分数和 K 的 GBDT。对手是验证集选出的单模型，每个 K、每次划分分别选。

# %% [markdown] tags=["expect"]
# **What do you expect?** Which of the three gets the weight at one rating, and which at eighty?

# %% [markdown] lang="zh"
# **你猜结果如何？** 一条评分时权重给谁？八十条时呢？

# %% tags=["figure"]
three, grid = ["MF", "kNN", "content"], (1, 5, 20, 80)
curves = {}
for name in three:
    curves[glossary.say(name)] = [
        study.mean("three: nnls", "weight", member=name, k=k) for k in grid]
fig = plots.lines(grid, curves, **labels("weights", "K", "weight"), log_x=True)
fig.get_layout_engine().set(w_pad=0.1)
plots.show(fig, alt=text("alt weights"))

# %% tags=["claim"]
ways = [f"three: {way}" for way in ("mean", "nnls", "ridge", "boosting")]
plots.table(study.table(["bias", *three, "chosen", *ways]).rename(index=glossary.say))
joined = study.compare("three: mean", "chosen", k=20)
claim("RMSE", "mean of three", "single model chosen on validation", joined)

# %% tags=["claim"]
by_trees = study.compare("three: boosting", "three: nnls", k=20)
claim("RMSE", "boosted trees on three", "non-negative weights on three", by_trees)

# %% [markdown]
# kNN needs a rated film that is like the candidate, and few ratings seldom hold one: a likely reason for the curves. The average gains a little over the model that
# validation chose; <!-- c4: lower, c4: small -->
# boosted trees, mostly the smallest of their grid, are level with plain weights. <!-- c5: equal -->
# Three models of about equal quality hardly need weights here.
#
# How alike do two models err? The correlation of their errors at K = 20; the last row is a kNN without damping:

# %% [markdown] lang="zh"
# kNN 需要一部与候选相似的已评影片，评分少时往往没有，曲线的样子多半是这个原因。等权平均比验证集选出的模型略好；<!-- c4: lower, c4: small -->
# GBDT 与简单加权打平，验证集多半选的是备选里最小的树。<!-- c5: equal -->
# 在这里，三个水平相近的模型几乎不需要权重。
#
# 两个模型犯的错有多像？下面是 K = 20 时误差的相关系数，最后一行是不加阻尼的 kNN：

# %%
alike = pd.DataFrame(index=[*three, "kNN, undamped"])
for other in ("MF", "content"):
    found = [study.mean(name, "error correlation", member=other, k=20)
             for name in alike.index]
    alike[glossary.say(other)] = found
plots.table(alike.rename(index=glossary.say))
rows = ["kNN", "kNN, undamped", "three: nnls", "undamped: nnls"]
plots.table(study.table(rows).rename(index=glossary.say))

# %% [markdown]
# The three err almost alike, so a blend has little to gain. The undamped kNN is worse alone but errs less alike; its blend has the lower row at
# twenty ratings.
#
# ## 4. A leak in the stacking
# The same blends with one change: the models that predict the training ratings have been fitted on these ratings too. K = 20.

# %% [markdown] lang="zh"
# 三个模型犯的错几乎一样，融合的余地就小。不加阻尼的 kNN 单独用更差，但犯的错没那么像；二十条评分时，用它融合的那一行更低。
#
# ## 4. 融合里的数据泄漏
# 融合方式不变，只改一处：预测训练评分的模型，拟合时见过这些评分。K = 20。

# %% [markdown] tags=["expect"]
# **What do you expect?** Which of the three looks best in-sample, and what does the combiner make of it?

# %% [markdown] lang="zh"
# **你猜结果如何？** 样本内看，三个里谁最好？融合层又会怎么做？

# %%
leak = study.table(three, "training rmse", part="unseen")[[]]
for part, blend in (("unseen", "three: ridge"), ("seen", "three: ridge, in-sample")):
    leak[text(part)] = [
        study.mean(name, "training rmse", part=part, k=20) for name in three]
    leak[text(f"weight {part}")] = [
        study.mean(blend, "weight", member=name, k=20) for name in three]
plots.table(leak.rename(index=glossary.say), digits=2)

# %% tags=["claim"]
cost = {way: study.compare(f"three: {way}, in-sample", f"three: {way}", k=20)
        for way in ("nnls", "ridge", "boosting")}
costs = pd.Series({glossary.say(f"three: {way}"): paid for way, paid in cost.items()})
plots.table(costs.rename(text("cost")))
claim("RMSE", "ridge on three, in-sample", "ridge on three", cost["ridge"])

# %% [markdown]
# kNN remembers best, so in-sample it gets the weight, and new users pay. <!-- c6: higher -->
# Free weights pay most. Weights that may not be negative limit the harm; they do not close the leak.
# Training gives no warning: the errors that it sees are smaller than the honest ones. Only users whom neither level has seen show the leak.
#
# The bare mechanism, with your own functions: a ridge regression and a full-grown tree predict ratings from genres, year and the *number*
# of the user, which means nothing.

# %% [markdown] lang="zh"
# kNN 背得最牢，样本内权重就给了它，代价由新用户承担。<!-- c6: higher -->
# 不设限的权重代价最大。权重不许为负，危害会小很多，但泄漏还在。
# 训练时没有任何警告：看到的误差反而更小。只有两层都没见过的用户才能揭穿它。
#
# 用你自己的函数看最简单的机制：岭回归和一棵不剪枝的决策树，用类型、年份和用户*编号*（毫无意义）来预测评分。

# %%
rng = np.random.default_rng(SEED)
some = rng.choice(len(train), 10_000, replace=False)
who, stars = train.user_codes[some], train.values[some]
folds = rng.integers(0, 5, data.n_users)
inputs = np.column_stack([content.features_[train.item_codes[some]].cpu(), who])
both = linear_model.Ridge(), tree.DecisionTreeRegressor(random_state=SEED)
fitted = np.column_stack([model.fit(inputs, stars).predict(inputs) for model in both])

# %% tags=["exercise"]
with mine("q02") as my:
    held_out = np.column_stack([
        my.out_of_fold_predictions(model, inputs, stars, who, folds) for model in both])
    for name, found in (("in-sample", fitted), ("out of fold", held_out)):
        rmse = np.sqrt(((found - stars[:, None]) ** 2).mean(0))
        a, b = my.stacking_weights(found, stars)
        print(f"{text(name)}: {text('pair')} {rmse[0]:.2f}, {rmse[1]:.2f};",
              f"{text('yours')} {plots.number_text(a, 2)}, {plots.number_text(b, 2)}")

# %% [markdown]
# ## 5. A better model, or a blend?
# The fourth model is meta-learned: the closed-form head (q07), with learned item features, a learned prior that also reads age, gender and
# occupation, and an exact solve per user. The other three read no user features, so it is also fitted without them.

# %% [markdown] lang="zh"
# ## 5. 更好的模型，还是融合？
# 第四个模型是元学习来的：闭式解预测头（q07），物品特征是学的，先验是学的（还读年龄、性别和职业），每个用户精确求解一次。
# 另外三个都不读用户特征，所以它也有不读用户特征的一版。

# %% [markdown] tags=["expect"]
# **What do you expect?** Which has the lower error: this model alone, or the blend of the other three?

# %% [markdown] lang="zh"
# **你猜结果如何？** 谁的误差更低：它自己，还是另外三个的融合？

# %% tags=["figure"]
lines = {}
for name in ("three: nnls", "head, no user features", "head", "four: ridge"):
    lines[glossary.say(name)] = [study.compare(name, "bias", k=k).mean for k in sizes]
fig = plots.lines(sizes, lines, **labels("gain", "K", "less"), log_x=True)
fig.get_layout_engine().set(w_pad=0.15)
plots.show(fig, alt=text("alt gain"))

# %% tags=["claim"]
rows = ["three: nnls", "head", "head, no user features", "four: mean", "four: ridge"]
plots.table(study.table(rows).rename(index=glossary.say))
alone = study.compare("head, no user features", "three: nnls", k=20)
claim("RMSE", "head without user features", "non-negative weights on three", alone,
      headline=True)

# %% tags=["claim"]
four = study.compare("four: ridge", "head", k=20)
claim("RMSE", "ridge on four", "closed-form head", four)

# %% [markdown]
# At twenty ratings, on equal inputs, the head is ahead of the blend of the other three; <!-- c7: lower -->
# at one rating, without user features, its row shows no lead. A ridge over all four adds a little to the head; <!-- c8: lower, c8: small -->
# the plain average of the four lies above the head's row, so unequal models do need weights.
#
# The order of work is: first a better model or better data, then the blend. Each of the four must be trained, served and watched: ask what the
# gain is worth.

# %% [markdown] lang="zh"
# 二十条评分、输入相同时，闭式解预测头领先于另外三个的融合；<!-- c7: lower -->
# 只有一条评分时，从不含用户特征的那一行看不到领先。四个一起做岭回归融合，比预测头再好一点；<!-- c8: lower, c8: small -->
# 四个等权平均则高于预测头那一行：水平不齐的模型，还是要加权。
#
# 先后次序是：先要更好的模型或更好的数据，再谈融合。四个模型都要训练、上线、监控：先问这点收益值不值。

# %% [markdown] tags=["rubric"]
# #### English
# - [2] treats events as evidence of different strength; logs impressions; negatives from impressions to rank, from the catalogue to retrieve
# - [2] an interest is a posterior whose prior (mean, covariance, noise) is learned over users; can write it down
# - [1] says when one vector or a short history is not enough, at which stage, and names a method for each (MIND or ComiRec; SIM or TWIN)
# - [2] trains the combiner on out-of-fold predictions, folds over users, K ratings as for a new user; says what leaks otherwise
# - [2] compares with the plain average and with the best tuned single model; expects little from models that err alike
# - [1] says what adapts to a user (the posterior) and what is only shared (the weights)
# #### 中文
# - [2] 不同行为是强度不同的证据；打曝光日志；精排负样本取自曝光未点击，召回负样本取自全库
# - [2] 兴趣是后验分布，先验（均值、协方差、噪声）由全体用户学得；能写出公式
# - [1] 能说明一个兴趣向量、一段短序列在什么阶段、什么情况下不够用，并各举一种方法（MIND 或 ComiRec；SIM 或 TWIN）
# - [2] 融合层用折外预测训练，按用户分折，只给 K 条评分，与新用户的情况一致；能说明不这样做会泄漏什么
# - [2] 和等权平均、调好参的最佳单模型作比较；知道误差高度相关的模型融合收益有限
# - [1] 分清什么随用户适应（后验）、什么只是共享参数（融合权重）

# %% [markdown] tags=["pitfalls"]
# #### English
# - **"Fit the combiner on the training predictions."** → Section 4: whoever memorises best gets the weight, and new users pay, most with free weights. <!-- c6: higher -->
# - **"Folds over ratings are out-of-fold too."** → The model then knows each user; in service a new user has K ratings. Fold over users.
# - **"Boosting is the strongest combiner."** → For three similar models it is level with plain weights. <!-- c5: equal --> Out-of-fold rows matter more.
# - **"Negatives come from impressions."** → For the ranker, yes. A retrieval model trained so never meets the bulk of the catalogue: sample from all of it and correct for popularity.
# - **"No click means no interest."** → It may never have been shown. Only an impression without a click says something, and its position matters.
# - **"Stacking is meta-learning, the combiner is even called a meta-learner."** → The weights are shared by all users. What adapts to a user is the posterior, from a prior that is meta-learned.
# #### 中文
# - **“直接拿训练集上的预测来训练融合层。”** → 见第 4 节：谁最会背答案，权重就给谁，代价由新用户承担，权重不设限时最重。<!-- c6: higher -->
# - **“按评分随机分折，也算折外预测。”** → 那样模型早就见过这个用户；线上的新用户只有 K 条评分。要按用户分折。
# - **“GBDT 融合一定最强。”** → 三个相近的模型上，它与简单加权打平；<!-- c5: equal -->训练样本不泄漏更要紧。
# - **“负样本就取曝光未点击。”** → 精排可以。召回模型这样训练，就没见过库里绝大多数物品：要从全库采样，并做热度纠偏。
# - **“没点击就是不感兴趣。”** → 可能根本没曝光。曝光了却没点，才算（弱的）负反馈，而且还要看位置。
# - **“stacking 就是元学习，融合层不就叫 meta-learner 吗？”** → 融合权重由所有用户共享；随用户变化的是后验，它的先验才由元学习得到。

# %% [markdown] tags=["follow-ups"]
# #### English
# <details><summary>You have impressions and clicks, no stars. What is a positive, and what is shown but skipped?</summary>
# A satisfied click: dwell time or completion above a threshold for its kind of item, which drops clickbait. An item shown and skipped, with a click below it, is a weak negative;
# below the last click it may not have been seen: leave it out, or model separately whether it was seen. The likelihood becomes Bernoulli with logit x·w; the solve becomes a few Newton steps (Laplace).
# Judge by GAUC, the users' AUCs weighted by impressions.</details>
# <details><summary>10⁵ behaviours per user, 10⁹ item ids, 30 ms. How?</summary>
# Search, then attend. SIM takes from the history what shares the candidate's category, a look-up in an index kept per user, then attends to a few hundred; it reports up to 54,000 behaviours
# under 30 ms. Its paper finds soft search hardly better than the category. TWIN scores both stages alike, with item projections cached. The id
# table is hashed or sharded; rare ids lean on content.</details>
# <details><summary>One interest vector or several? At which stage, and who picks at serving?</summary>
# Several at retrieval: each searches, and the lists are merged with quotas; nobody picks, the ranker scores all candidates anew. MIND lets the number grow with the logarithm of the
# history's length. In ranking attention conditions on the candidate, so several vectors gain little.</details>
# <details><summary>Why stack at all? Feed every signal to one ranker, or let one sequence model learn the interest.</summary>
# Usually do. One model with all signals as features learns when to trust which, and costs one model. A sequence model is an amortised posterior: it reads the history and needs no
# solve. Stack where the models cannot be trained together (teams, vendors, cadence), where a score must stay explainable, or to show what a new model adds. Keep the explicit posterior
# for the first events and for exploration, where a width is needed. Then distil the blend (q15).</details>
# <details><summary>Data arrive in time. How is the combiner trained?</summary>
# Out of fold becomes out of time (OOT): base models are trained up to a moment, the combiner on their predictions for what came after.
# When a base model is retrained its scores shift, so refit the combiner with it, and watch the calibration of both.</details>
# #### 中文
# <details><summary>只有曝光和点击，没有评分。什么算正样本？曝光未点击怎么处理？</summary>
# 正样本取满意的点击：停留时长或完播率超过同类物品的阈值，把标题党滤掉。曝光未点击、但它下面有点击的，是弱负样本；在最后一次点击之下的可能根本没看到：丢掉，或把“是否看到”单独建模。
# 似然变成伯努利，logit 为 x·w，闭式解换成几步牛顿法（拉普拉斯近似）。离线看 GAUC：按曝光数加权的用户 AUC。</details>
# <details><summary>每个用户 10⁵ 条行为，10⁹ 个物品 id，30 毫秒内怎么做？</summary>
# 先搜再注意。SIM 从历史里取与候选同类目的行为，每个用户有现成的倒排索引，再对几百条做注意力；论文报告最多 54,000 条行为，耗时低于 30 毫秒。论文还发现，软检索只比类目检索略好。
# TWIN 两段用同一个打分，物品侧投影预先缓存。id 表哈希或分片，低频 id 主要靠内容特征。</details>
# <details><summary>兴趣向量用一个还是多个？在哪个阶段？线上由谁来选？</summary>
# 召回用多个：各自检索，按配额合并；不需要谁来选，精排会给所有候选重新打分。MIND 让个数随历史长度的对数增长。精排的注意力本来就以候选为条件，多个向量帮助不大。</details>
# <details><summary>为什么要 stacking？把所有信号喂给一个精排模型，或者让一个序列模型自己学兴趣，不行吗？</summary>
# 多数时候就该这么做。一个模型把所有信号当特征，自己会学何时信谁，成本也只有一个模型。序列模型是摊销的后验：读入历史就有结果，不用求解。适合 stacking 的情况：几个模型没法一起训练
# （团队、供应商、更新节奏不同），分数必须可解释，或者要证明新模型带来了什么。显式的后验留给最初几条行为和探索，那里需要宽度。最后把融合结果蒸馏成一个模型（q15）。</details>
# <details><summary>数据随时间不断产生，融合层怎么训练？</summary>
# 折外变成跨期（OOT）：基模型训练到某个时刻为止，融合层用它们对之后数据的预测来训练。基模型一更新，分数分布就会漂移，融合层要跟着重训，
# 两者的校准都要监控。</details>

# %% [markdown] tags=["exercise"]
# ## Your turn
# Write three functions in [`exercises/q02_user_interest_modeling.py`](../exercises/q02_user_interest_modeling.py), about 30 minutes:
#
# - `interest_posterior`: mean and covariance of an interest after K ratings.
# - `out_of_fold_predictions`: each rating predicted by a model that has not seen its user.
# - `stacking_weights`: weights that sum to one, in closed form. What two models get wrong together decides.
#
# Then run the cell below. Stuck? In the cell after it, take the `#` away and run: each run gives the next of three hints.

# %% [markdown] lang="zh"
# ## 动手
# 在 [`exercises/q02_user_interest_modeling.py`](../exercises/q02_user_interest_modeling.py) 里写三个函数，大约 30 分钟：
#
# - `interest_posterior`：K 条评分之后，兴趣的均值和协方差。
# - `out_of_fold_predictions`：每条评分都由没见过该用户的模型来预测。
# - `stacking_weights`：和为一的权重，闭式解。决定权重的是两个模型一起犯的错。
#
# 写完运行下面的单元格。卡住了？把再下面那个单元格里的 `#` 去掉再运行：每运行一次给出下一条提示，共三条。

# %% tags=["exercise"]
from metarec_lib import check, what_was_measured

check("q02")

# %% tags=["exercise"]
# from metarec_lib import hint; hint("q02", "interest_posterior")

# %% tags=["measured"]
what_was_measured()

# %% [markdown] tags=["references"]
# **Read first · 先读：** Breiman (1996), [*Stacked Regressions*](https://doi.org/10.1007/BF00117832), Machine Learning: non-negative weights on
# cross-validated predictions.
#
# - Wolpert (1992), [*Stacked Generalization*](https://doi.org/10.1016/S0893-6080%2805%2980023-1), Neural Networks.
# - Bates & Granger (1969), [*The Combination of Forecasts*](https://doi.org/10.1057/jors.1969.103), Operational Research Quarterly: weights that
#   sum to one, from the errors' covariance.
# - Zhang & J. Koren (2007), *Efficient Bayesian Hierarchical User Modeling for Recommendation Systems*, SIGIR: the interest of section 2.
# - Hu, Koren & Volinsky (2008), [*Collaborative Filtering for Implicit Feedback Datasets*](https://doi.org/10.1109/ICDM.2008.22), ICDM: behaviour
#   as confidence.
# - Koren (2008), [*Factorization Meets the Neighborhood*](https://doi.org/10.1145/1401890.1401944), KDD: SVD++, which reads what was chosen.
# - Zhou et al. (2018), [*Deep Interest Network for Click-Through Rate Prediction*](https://arxiv.org/abs/1706.06978) (DIN), KDD.
# - Li et al. (2019), [*Multi-Interest Network with Dynamic Routing for Recommendation at Tmall*](https://arxiv.org/abs/1904.08030) (MIND), CIKM.
# - Cen et al. (2020), [*Controllable Multi-Interest Framework for Recommendation*](https://arxiv.org/abs/2005.09347) (ComiRec), KDD.
# - Pi et al. (2020), [*Search-based User Interest Modeling with Lifelong Sequential Behavior Data for Click-Through Rate
#   Prediction*](https://arxiv.org/abs/2006.05639) (SIM), CIKM.
# - Chang et al. (2023), [*TWIN: TWo-stage Interest Network for Lifelong User Behavior Modeling in CTR Prediction at
#   Kuaishou*](https://arxiv.org/abs/2302.02352), KDD.
# - Lee et al. (2019), [*MeLU: Meta-Learned User Preference Estimator for Cold-Start Recommendation*](https://arxiv.org/abs/1908.00413), KDD.
# - Lin et al. (2021), [*Task-adaptive Neural Process for User Cold-Start Recommendation*](https://arxiv.org/abs/2103.06137) (TaNP), WWW.
# - Jahrer, Töscher & Legenstein (2010), [*Combining Predictions for Accurate Recommender Systems*](https://doi.org/10.1145/1835804.1835893), KDD:
#   boosting, and weights by support.
