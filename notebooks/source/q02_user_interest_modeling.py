# %% [markdown]
# # q02 · Design a meta-learning method for modelling user interest, several base recommenders included · 如何用元学习进行用户兴趣建模？
#
# First one interest, as a posterior whose width we check. Then several recommenders, what joining them gains, and what spoils it.
# Read the question, answer it aloud, then compare.

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
# I turn behaviour into evidence of different strength, and keep "not shown" apart from "not wanted". An interest is a posterior
# over a taste vector. Its prior is learned over all users: that is the meta-learning, and a new user starts there. I fuse
# recommenders by stacking. The combiner learns from out-of-fold predictions, folds over users, each made from K ratings only, as for a
# new user; fitted in-sample it trusts whichever model memorises best. <!-- c8: higher --> Once there is a history, a better single model is worth
# more than a blend of weaker ones; a blend adds a little, from models whose errors are less correlated than they are worse. <!-- c14: lower, c15: lower -->
# #### 中文
# 我把各种行为当作强度不同的证据，并把“没曝光”和“不想要”分开。用户兴趣是兴趣向量的后验分布，先验由全体用户学出来——这就是元学习的部分，新用户
# 从先验起步。多个模型用 stacking 融合：融合层只用折外（out-of-fold）预测来训练，按用户分折，而且像对待新用户那样只给 K 条评分；如果拿样本内预测
# 去训练，权重会全给最会“背答案”的那个模型。有了一定历史之后，一个更好的单模型比融合几个较弱的模型收益更大；融合只能再添一点，靠的是误差相关性低、低到抵得过自身差距的模型。<!-- c14: lower, c15: lower -->

# %% [markdown] tags=["answer-full"]
# **Behaviour to features.** An event becomes item, kind, time, context and strength. A purchase says much and is rare. A click
# says little and is biased by position and by the headline. So a click is an observation with more noise, or a weight on the
# loss (Hu et al. 2008), rather than a label of equal rank. Log impressions: feedback exists only for what the last model chose to
# show. That is exposure bias, and without the log nobody can tell "not shown" from "not wanted". So take negatives from impressions,
# weight by the inverse propensity, keep a little random traffic. Position enters in training only. What a user chose to watch is evidence too, before any star.
#
# **An interest is a posterior.** With item features $x$, a user's taste is $w \sim N(m, C)$, and a rating, less what the item
# explains, is $x^\top w$ plus noise of variance $s^2$. After K ratings, $X$ and $y$:
#
# $$\Sigma = \left(C^{-1} + X^\top X / s^2\right)^{-1}, \qquad \mu = m + \Sigma X^\top (y - Xm) / s^2$$
#
# Events of several kinds bring a variance each: $\Sigma^{-1} = C^{-1} + \sum_e x_e x_e^\top / s_e^2$. A click with twice the $s_e$ of a rating is worth
# a quarter of it, and an old event can be given a larger $s_e$. For clicks this is an approximation: the exact likelihood is Bernoulli.
#
# The inner loop is this solve. The outer loop learns $m$, $C$ and $s$ over all users (empirical Bayes). $C$ says which tastes go
# together, so one rating moves several. MeLU replaces the solve by gradient steps from a learned start, TaNP by a neural process; the
# plan is the same. The width is needed later: for exploration, and to know when to fall back.
#
# **Many interests, long histories.** One vector is an average. To retrieve, a vector halfway between two interests can find
# neither. MIND (CIKM 2019) routes the behaviours into a few vectors, each of which retrieves its own candidates; ComiRec (KDD 2020)
# routes or attends, and trades accuracy for diversity when it merges the lists. To rank, DIN (KDD 2018) weights recent behaviours by
# their relevance to the candidate. With a long history SIM (CIKM 2020) first searches it for behaviours like the candidate, then
# attends to those alone. TWIN (KDD 2023) makes both stages use the same relevance score, so that the search does not drop what the
# attention would want; features of the item are projected in advance, which makes that affordable.
#
# **Fusion.** $\hat r = c(K) + \sum_m a_m(K)\, f_m(i \mid S)$, where $S$ holds the K ratings; with non-negative weights $c = 0$, $a \ge 0$,
# $\sum a = 1$. The average is the baseline. Stacking learns $a$ by least squares on out-of-fold predictions: each rating is predicted by models fitted on *other* users, from K
# ratings of its own. Predict in-sample and a model that memorises seems precise; it gets the weight, and the gain is lost, or worse.
# Boosted trees on the scores and K can combine differently in different regions; they need out-of-fold rows just as much. Let $a$ depend on K where
# it is seen to help: where one model's quality changes with K faster than the others'.
#
# The stacking literature calls the combiner a meta-learner. The name proves nothing: plain stacking adapts to no task. Here $a(K)$ is learned
# over users and used on new ones, so it is an outer parameter like $m$ and $C$, but of a user only K enters it. What adapts is the posterior.

# %% [markdown] tags=["zh"]
# **行为怎么变成特征。** 一条行为要记下：物品、类型、时间、上下文、强度。购买信号强但稀疏；点击信号弱，还受位置和标题党影响。所以点击应当看作噪声更大
# 的观测，或者作为损失里的置信度权重（Hu 等，2008），而不是和购买平起平坐的标签。曝光日志一定要打：只有曝光过的物品才有反馈，这就是曝光偏差；
# 没有日志，“没看到”和“不想要”就分不开。对策是负样本取自曝光未点击，按曝光倾向做逆概率加权（IPS），并保留少量随机流量。位置特征只在训练时用，线上置为默认值。另外，用户选择看什么，这件事本身就是证据，不必等到他打分。
#
# **兴趣是一个后验分布。** 物品特征为 $x$，用户兴趣 $w \sim N(m, C)$；评分减去全局均值和物品偏置后的残差等于 $x^\top w$ 加上方差为 $s^2$ 的噪声。
# 看到 K 条评分 $(X, y)$ 之后：
#
# $$\Sigma = \left(C^{-1} + X^\top X / s^2\right)^{-1}, \qquad \mu = m + \Sigma X^\top (y - Xm) / s^2$$
#
# 行为有多种时，每条用自己的方差：$\Sigma^{-1} = C^{-1} + \sum_e x_e x_e^\top / s_e^2$。点击的 $s_e$ 若是评分的两倍，一次点击只抵四分之一条评分；时间久远的
# 行为可以调大 $s_e$。对点击而言这只是近似，严格的似然是伯努利。
#
# 内循环就是算一次这个闭式解；外循环在全体用户上估计 $m$、$C$、$s$，也就是经验贝叶斯。$C$ 刻画各维兴趣之间的相关性，所以一条评分能带动好几个维度。
# MeLU 用“从学到的初始点走几步梯度”代替闭式解，TaNP 用神经过程，思路相同。后验方差后面要用：做探索，以及判断什么时候退回先验。
#
# **多兴趣与长序列。** 单个向量是平均。做召回时，落在两个兴趣正中间的向量可能两边都召不到。MIND（CIKM 2019）用胶囊动态路由把行为聚成几个兴趣
# 向量，各自召回再合并；ComiRec（KDD 2020）用动态路由或自注意力抽取多兴趣，合并时用一个系数在准确率与多样性之间权衡。精排里，
# DIN（KDD 2018）按与候选物品的相关度给近期行为加权；序列很长时，SIM（CIKM 2020）分两段：先用候选物品（按类目硬检索，或按向量软检索）从全量行为里搜出相关的子序列，再只对这一段做目标注意力。TWIN（KDD 2023）
# 让两段用同一个相关性打分，免得第一段丢掉第二段想要的行为；物品固有特征的投影可以预先算好缓存，所以算得起。
#
# **融合。** $\hat r = c(K) + \sum_m a_m(K)\, f_m(i \mid S)$，$S$ 是这 K 条评分；非负加权时 $c=0$、$a\ge0$、$\sum a=1$。等权平均是基线。Stacking 用最小二乘学 $a$，但训练样本必须是折外预测：
# 每条评分都由“没见过这个用户”的模型、只凭他的 K 条评分来预测。用样本内预测，最会背答案的模型看起来最准，权重全归它，到了新用户身上，融合的收益全丢，甚至更差。
# 也可以用 GBDT 吃各模型的分数和 K，让不同区间用不同的组合方式，但对训练样本的要求完全一样。权重要不要随 K 变，实测说了算：
# 某个模型的好坏随 K 变化明显比别的快时，收益更大。
#
# 顺带一提，stacking 文献把融合层也叫 meta-learner，但名字说明不了什么：普通的 stacking 并不会针对单个任务做适应。这里的 $a(K)$ 由全体用户学出、用在新用户上，
# 和 $m$、$C$ 一样是外循环参数，只是它只看 K；真正随用户变化的是后验。

# %% [markdown]
# ## Set the stage
# ML-100K. Users with at least 30 ratings are split 70 / 10 / 20. Live cells use one split and default settings. Most figures come
# from the study behind this lesson (`metarec study q02`): ten splits; the settings of MF, kNN, the bias and the trees are chosen on validation
# users. The K ratings of a new user are drawn at random from the history; in service they are the first in time (q06).

# %%
import numpy as np
import pandas as pd
from sklearn.linear_model import Ridge
from sklearn.tree import DecisionTreeRegressor
from metarec_lib import BaselineRecommender, Blend, ContentBasedRecommender, ItemKNN, check, claim, compare, evaluate_tasks
from metarec_lib import holm, load_movielens, load_study, make_tasks, mine, plots, seed, split_users, what_was_measured

SEED = seed()
data = load_movielens("ml-100k")
train_users, _, test_users = split_users(data, seed=SEED)
train = data.subset(np.isin(data.ratings["user_id"], train_users))
print(f"{data}\n{len(train_users)} users train, {len(test_users)} are new to the models")

# %% [markdown]
# ## 1. What you watch says what you like
# Split each user's ratings in two halves at random. In the first half look only at *which* films were rated: which of eight common
# genres does this user watch most, compared with everybody, and which least? In the second half look at the stars of these two, less
# what the film itself explains. What do you expect: does the choice tell of the stars?

# %%
common = ["Action", "Adventure", "Comedy", "Crime", "Drama", "Romance", "Sci-Fi", "Thriller"]
genre, user = pd.DataFrame(data.items[common].to_numpy()[data.item_codes], columns=common), data.user_codes
bias = BaselineRecommender().fit(data)
left_over = data.values - bias.mean_ - bias.item_bias_.numpy()[data.item_codes]


def stars_of_choices(draw):
    """Mean stars, in one half, of the genre over-watched and of the one under-watched in the other half; two Series by user."""
    first = np.random.default_rng([SEED, draw]).random(len(data)) < 0.5
    watched = genre[first].groupby(user[first]).mean() / genre.mean()  # 2: twice the share that others give it
    stars = genre[~first].mul(left_over[~first], axis=0).groupby(user[~first]).sum() / genre[~first].groupby(user[~first]).sum()
    picked = watched.idxmax(axis=1), watched.idxmin(axis=1)
    return [pd.Series({u: stars.at[u, name] for u, name in pick.items() if u in stars.index}) for pick in picked]


# %% tags=["claim"]
over, under = zip(*(stars_of_choices(draw) for draw in range(5)), strict=True)  # five random halvings
choice = compare(over, under)
claim("mean stars", "the genre a user over-watches", "the genre a user under-watches", choice, at="five random halvings")

# %% [markdown]
# No star of the first half was used, and yet it tells of the stars of the second. <!-- c1: higher --> So feed the model with what was chosen, not with
# stars alone (SVD++ does; none of the models below). It also means that missing ratings are not missing at random. MovieLens does not log what was shown. In your own
# product log it: without that, nobody can say how much of this is taste and how much was put before the user.

# %% [markdown]
# ## 2. An interest is a posterior
# The content model describes a film by genres and year, and a user by a weight on each, with a Gaussian prior $N(m, C)$. Nothing is
# tuned: $m$, $C$ and the noise $s$ are the ones that make the training users' ratings most likely. For a feature with prior variance $C_{dd}$
# the prior counts as $s^2 / C_{dd}$ ratings that depended on this feature alone, at value 1 (a film of $g$ genres has $1/\sqrt g$ in each).

# %%
content = ContentBasedRecommender(seed=SEED).fit(train)
names = [*data.genres, "year", "year unknown", "bias"]
prior_sd = content.covariance_.diagonal().sqrt().numpy()
worth = pd.Series(content.noise_**2 / prior_sd**2, index=names)
print(f"noise of one rating: {content.noise_:.2f} stars")
print("the prior is worth, in ratings:", worth[["bias", "Horror", "Action", "Romance", "Drama", "Comedy"]].round(1).to_dict())

# %% [markdown]
# Users differ more about horror than about comedy, so one horror film says more about a user than one comedy does. Now follow one user:
# of the new ones the one with the longest history, ratings in random order. The picture has the two genres that are clearest after 200 ratings, the
# table the median of all. The band is one posterior standard deviation. What do you expect
# to be settled first, how generous the user is or what the user thinks of a genre?

# %%
heavy = data.ratings["user_id"].value_counts()[test_users].idxmax()
known = (0, 1, 5, 20, 50, 200)
tasks = make_tasks(data, [heavy], k=known[-1], seed=SEED)
states = [content.adapt(tasks.first(k).support) for k in known]
middle = np.stack([mean[0].numpy() for mean, _ in states])
half = np.stack([covariance[0].diagonal().sqrt().numpy() for _, covariance in states])
clearest = np.argsort(-np.abs(middle[-1, :-3] / half[-1, :-3]), kind="stable")[:2]  # two genres, for the picture
left = pd.DataFrame(half / half[0], [f"K = {k}" for k in known], names)
print(pd.DataFrame({"bias": left["bias"], "genres, median": left[list(data.genres)].median(axis=1)}).T.round(2).to_string())
shown = {names[d]: (middle[:, d], half[:, d]) for d in (len(names) - 1, *clearest)}
plots.show(plots.bands(known, shown, title=f"User {heavy}: bias and two genres", xlabel="ratings known (not to scale)", ylabel="interest (stars)"),
           alt="Three panels: the bias rises from its prior and its band shrinks fast; the bands of two genres shrink slowly.")

# %% tags=["exercise"]
with mine("q02") as my:
    few = tasks.first(5).support
    x, y = content.features_[few.items[0]], few.values[0] - content.mean_ - content.item_bias_[few.items[0]]
    prior = content.prior_.numpy(), content.covariance_.numpy(), content.noise_**2
    mean, _ = my.interest_posterior(x.numpy(), y.numpy(), *prior)
    print(f"your posterior mean after 5 ratings is off the library's by {np.abs(mean - middle[2]).max():.6f} stars at most")

# %% [markdown]
# The table shows what is left of the prior's width. How generous the user is becomes clear first; tastes stay wide for long.
#
# What is the *learned* prior worth? The study gave the same features two rivals: a prior of mean zero with two strengths, one for all tastes
# and one for the user's bias, both tuned on validation (ridge regression, as most would write it); and no prior, in effect
# least squares of the smallest norm for each user. What do you expect at five ratings, with more weights than ratings?

# %%
study = load_study("q02")
sizes = (1, 5, 20)
print(study.table(["content, no prior", "bias", "content, two strengths", "content"]).round(3).to_string())

# %% tags=["claim"]
rivals = {"two strengths": "content, two strengths", "bias": "bias"}
learned = {f"{label}, K = {k}": study.compare("content", rival, k=k) for label, rival in rivals.items() for k in sizes}
print("p, Holm over six:", [f"{p:.1g}" for p in holm([d.p_value for d in learned.values()])])
plots.show(plots.intervals(learned, title="A learned prior minus its rivals", xlabel="difference in RMSE (stars); left of zero it is better"),
           alt="Six intervals: against two strengths two cross zero and the one at K = 20 lies left of it; against the bias all lie left of it, furthest at 20.")
claim("RMSE", "content model", "prior with two tuned strengths", learned["two strengths, K = 20"])

# %% [markdown]
# Without a prior the model is useless, and worst at five ratings. A likely reason: one rating moves the weights along one direction only, five
# already fit noise in several. A tuned prior repairs that. The learned means, variances and correlations add a little at twenty ratings; at one and five no clear gain over two strengths was seen. <!-- c2: lower, c2: small -->
# Against the bias the gain is clear from five ratings on, after correction.
#
# A width is only useful if it is right. Of a new user's query ratings, how many lie in the 80 % interval of their prediction, which has the variance
# $s^2 + x^\top \Sigma x$? Call it right if the whole interval lies within 2 points of 80 %.

# %% tags=["claim"]
off = {k: study.compare("content", 0.8, metric="covered", k=k) for k in sizes}
for k, d in off.items():
    print(f"K = {k:2}: {0.8 + d.mean:.1%} inside, interval {0.8 + d.interval[0]:.1%} to {0.8 + d.interval[1]:.1%}, "
          f"within 2 points: {max(map(abs, d.interval)) < 0.02}")
claim("share inside the 80 % interval", "content model", 0.8, off[5])

# %%
by_user = pd.DataFrame({f"K = {k}": 0.8 + d.differences for k, d in off.items()})
print("share inside, by user: a tenth of the users below, a tenth above\n" + by_user.quantile([0.1, 0.9]).round(2).to_string())
new = make_tasks(data, test_users, k=20, seed=SEED)
for k in sizes:
    some = new.first(k)
    parts = content.noise_**2 / content.score_std(content.adapt(some.support), some.query)[some.query.mask] ** 2
    print(f"K = {k:2}: {1 - parts.mean():.0%} of the variance is the interest's, the rest is the noise of a rating")

# %% [markdown]
# Right on average, at all three. <!-- c3: none --> But most of the variance is noise, the more so at twenty ratings, where the test says little of the interest's own width.
# And right on average is not right for each user: part of the spread above is chance, as each has few query ratings, but one noise for all is likely too wide for
# some and too narrow for others.
#
# **What if the evidence were weaker?** The learned noise is that of a rating. Raise it, as for a click, and see how many events the same
# certainty takes.

# %% tags=["play", "nbval-ignore-output"]
support = tasks.support
X, Y = content.features_[support.items[0]].numpy(), (support.values - content.mean_ - content.item_bias_[support.items])[0].numpy()
m, C = content.prior_.numpy(), content.covariance_.numpy()


def interest(events=20, noise=0.9):
    S = np.linalg.inv(np.linalg.inv(C) + X[:events].T @ X[:events] / noise**2)
    mu = m + S @ X[:events].T @ (Y[:events] - X[:events] @ m) / noise**2
    rows = {name: (mu[d], mu[d] - 1.96 * S[d, d] ** 0.5, mu[d] + 1.96 * S[d, d] ** 0.5) for d, name in enumerate(names) if name in common}
    return plots.intervals(rows, title=f"User {heavy} after {events} events with noise {noise:.1f}", xlabel="interest (stars), 95 % interval", xlim=(-2, 2))


plots.play(interest, events=(0, 200), noise=(0.3, 4.0, 0.1), alt="Eight genres with intervals; all reach across zero after twenty ratings.")

# %% [markdown]
# ## 3. Three recommenders, four ways to join them
# Live first, on one split: item-kNN and the content model in a `Blend`. Each training rating is predicted out of fold, by models
# fitted on other users, from 1, 5, 20 or 80 ratings of its own user. Then weights are solved for each K, none negative, with
# sum one. Which of the two do you expect to lead at one rating, and which at eighty?

# %%
neighbours = ItemKNN(seed=SEED).fit(train)
blend = Blend(models=[neighbours, content], how="nnls", folds=3, seed=SEED).fit(train)
print(pd.DataFrame(blend.weights_.numpy().T, ["kNN", "content"], [f"K = {k}" for k in (1, 5, 20, 80)]).round(2).to_string())
judge = make_tasks(data, test_users, k=20, pool=20, seed=SEED)
live = {name: evaluate_tasks(model, judge, ("rmse",), user_ids=test_users)["rmse"]
        for name, model in {"kNN": neighbours, "content": content, "blend": blend}.items()}
print("RMSE of new users at K = 20:", {name: round(float(values.mean()), 3) for name, values in live.items()})

# %% [markdown]
# Content leads at one rating, kNN at eighty: kNN needs a rated film similar to the candidate, and few ratings seldom hold one. One split says little of the blend; now the
# study. Matrix factorisation (MF) is the third.
# Four ways to join the three: the average; weights that are not negative and sum to one (`nnls`); weights of any sign with a constant
# (`ridge`); boosted trees that get the three scores and K, and correct the average.

# %%
ways = ("mean", "nnls", "ridge", "boosting")
print(study.table(["bias", "MF", "kNN", "content", *(f"three: {way}" for way in ways)]).round(3).to_string())

# %% tags=["claim"]
joined = {f"{way}, K = {k}": study.compare(f"three: {way}", "chosen", k=k) for way in ways for k in sizes}
corrected = holm([d.p_value for d in joined.values()])
print("below 0.05 after Holm over twelve:", [name for name, p in zip(joined, corrected, strict=True) if p < 0.05])
plots.show(plots.intervals(joined, title="Four blends minus the chosen single model", xlabel="difference in RMSE (stars); left of zero the blend is better"),
           alt="Twelve intervals a little left of zero; those at twenty ratings lie furthest.")
claim("RMSE", "mean of three", "single model chosen on validation", joined["mean, K = 20"], headline=True)

# %% tags=["claim"]
by_trees = study.compare("three: boosting", "three: nnls", k=20)
claim("RMSE", "boosted trees on three", "non-negative weights on three", by_trees)

# %% [markdown]
# All gains are small, and clear after correction. <!-- c4: lower, c4: small --> In the table the plain average stands level with what was learned: three models of about
# equal quality hardly need weights. Two doubts remain. Is it a gain from joining at all? A ridge on *one* model's out-of-fold predictions
# can only rescale it:

# %% tags=["claim"]
alone = {(name, k): study.compare(f"{name}, recalibrated", name, k=k) for name in ("MF", "kNN", "content") for k in sizes}
print(pd.DataFrame({f"K = {k}": {name: "{:+.4f} [{:+.4f}, {:+.4f}]".format(alone[name, k].mean, *alone[name, k].interval)
                               for name in ("MF", "kNN", "content")} for k in sizes}).to_string())
print("smallest p after Holm over nine:", f"{holm([d.p_value for d in alone.values()]).min():.2f}")
claim("RMSE", "recalibrated item-kNN", "item-kNN", alone["kNN", 20])

# %% [markdown]
# At twenty ratings it is not mere rescaling: the intervals leave out a gain as large as the blends'. <!-- c6: none --> At one it might be in part: even weights that
# sum to one move between a model that is shrunk more and one that is shrunk less. And better than *which* single model? Validation had to choose one, for each K and each split. At one rating it
# cannot tell the models apart, so it often errs. With hindsight, content is the best of the three there:

# %% tags=["claim"]
picks = study.rows[study.rows["metric"] == "chosen"]
print("how often validation chose, by K\n" + pd.crosstab(picks["model"], picks["k"].astype(int)).to_string())
hindsight = study.compare("three: nnls", "content", k=1)
claim("RMSE", "non-negative weights on three", "content model", hindsight)

# %% [markdown]
# So at one rating a blend mainly spares you the choice. <!-- c7: none --> At twenty it beats each of the three.

# %%
beaten = {name: study.compare("three: nnls", name, k=20) for name in ("MF", "kNN", "content")}
print("K = 20, nnls blend minus", {name: f"{d.mean:+.4f} [{d.interval[0]:+.4f}, {d.interval[1]:+.4f}]" for name, d in beaten.items()})

# %% [markdown]
# ## 4. A leak in the stacking
# The same blends once more, with one change: the models that predict the training ratings have been fitted on these
# ratings too. The support still holds only K of them; the leak sits in what was fitted: similarities, factors, item biases. Which of the three
# do you expect to look best, and what will the combiner make of it? (RMSE here is the root of the mean over training users, in section 3 the mean
# of the users' roots: compare within this table only.)

# %%
three = ["MF", "kNN", "content"]


def weights(blend, members, k=20):
    return [study.mean(blend, "weight", member=member, k=k) for member in members]


leak = pd.DataFrame({f"RMSE, {part}": [study.mean(name, "training rmse", part=part, k=20) for name in three] for part in ("unseen", "seen")}, three)
for way in ("nnls", "ridge"):
    for part, suffix in (("unseen", ""), ("seen", ", in-sample")):
        leak[f"{way}, {part}"] = weights(f"three: {way}{suffix}", three)
print("training ratings at K = 20: error of each model, then its weight\n" + leak.round(2).to_string())

# %% tags=["claim"]
cost = {f"{way}, K = {k}": study.compare(f"three: {way}, in-sample", f"three: {way}", k=k) for way in ways[1:] for k in sizes}
print("above 0.05 after Holm over nine:", [name for name, p in zip(cost, holm([d.p_value for d in cost.values()]), strict=True) if p > 0.05])
plots.show(plots.intervals(cost, title="In-sample minus out-of-fold stacking", xlabel="difference in RMSE (stars); right of zero the leak costs"),
           alt="Nine intervals right of zero; ridge and boosting lose most, at twenty ratings.")
claim("RMSE", "ridge on three, in-sample", "ridge on three", cost["ridge, K = 20"])

# %% [markdown]
# At twenty ratings kNN remembers best, so in-sample it gets everything. Non-negative weights are damaged least: at worst they pick one model, and
# what joining gained is lost. The free ridge nearly doubles kNN's deviations, with a negative weight on content: at twenty ratings that costs eight
# times what joining gained, boosting four times. <!-- c8: higher --> Training gives no warning: the errors it sees are the smaller ones. Only users kept out of both
# levels show it: compare the blend with its best member on them.
#
# The bare mechanism, with your own functions: a ridge regression and a full-grown tree predict ratings from genres, year and the
# *number* of the user, which means nothing. The tree learns its training ratings almost by heart. With weights
# that sum to one the blend's error is E a, E = P − y: minimise its square under that condition. Expect the tree to take all the weight in-sample.

# %% tags=["exercise"]
some = np.random.default_rng(SEED).choice(len(train), 10_000, replace=False)
rated_by, ratings = train.user_codes[some], train.values[some]
inputs = np.column_stack([content.features_[train.item_codes[some]], rated_by])
pair, fold_of_user = [Ridge(), DecisionTreeRegressor(random_state=SEED)], np.random.default_rng(SEED).integers(0, 5, data.n_users)
with mine("q02") as my:
    in_sample = np.column_stack([model.fit(inputs, ratings).predict(inputs) for model in pair])
    out_of_fold = np.column_stack([my.out_of_fold_predictions(model, inputs, ratings, rated_by, fold_of_user) for model in pair])
    for name, predictions in (("in-sample", in_sample), ("out of fold", out_of_fold)):
        found = np.sqrt(np.mean((predictions - ratings[:, None]) ** 2, axis=0))
        print(f"{name:12} RMSE of ridge, tree: {found.round(2)}, your weights: {my.stacking_weights(predictions, ratings).round(2)}")

# %% [markdown]
# ## 5. Weights that follow K
# These are the study's out-of-fold weights by K. If they change that much, what do you expect of *one* set of weights for all K?

# %%
grid = (1, 5, 20, 80)
by_size = {name: [study.mean("three: nnls", "weight", member=name, k=k) for k in grid] for name in three}
plots.show(plots.lines(grid, by_size, title="Who gets the weight",
                       xlabel="ratings known of the user, K", ylabel="weight in the blend", log_x=True),
           alt="MF and content share the weight at one and five ratings; at twenty and eighty kNN has more than half and MF almost none.")

# %% tags=["claim"]
fixed = {k: study.compare("three: nnls", "three: nnls, one weight", k=k) for k in sizes}
print({f"K = {k}": f"{d.mean:+.4f} [{d.interval[0]:+.4f}, {d.interval[1]:+.4f}]" for k, d in fixed.items()})
claim("RMSE", "non-negative weights on three", "one set of weights on three", fixed[20])

# %% [markdown]
# The weights move a lot and the error hardly: half a thousandth of a star at one rating, not clear after correction. <!-- c9: small --> Models that err alike trade weight almost for free.
# Weights by K should pay where one
# model's quality depends on K more than the others'. So spoil one: take the damping out of kNN, so that it trusts even its
# faintest neighbours.

# %%
print(study.table(["kNN", "kNN, undamped", "three: nnls", "undamped: mean", "undamped: nnls, one weight", "undamped: nnls"]).round(3).to_string())
undamped = {f"K = {k}": round(study.mean("undamped: nnls", "weight", member="kNN, undamped", k=k), 2) for k in grid}
print("weight of the undamped kNN:", undamped)
by_k = {k: study.compare("undamped: nnls", "undamped: nnls, one weight", k=k) for k in sizes}
partner = {k: study.compare("undamped: nnls", "three: nnls", k=k) for k in sizes}
p = [f"{x:.1g}" for x in holm([d.p_value for d in (*fixed.values(), *by_k.values(), *partner.values())])]
print("p, Holm over nine: by K or not, damped", p[:3], "undamped", p[3:6], "the blends, undamped or damped", p[6:])

# %% tags=["claim"]
claim("RMSE", "mean of three with undamped kNN", "single model chosen on validation", study.compare("undamped: mean", "chosen", k=1))

# %% tags=["claim"]
claim("RMSE", "mean of three with undamped kNN", "single model chosen on validation", study.compare("undamped: mean", "chosen", k=20))

# %% tags=["claim"]
claim("RMSE", "weights on three with undamped kNN", "one set of weights on three with undamped kNN", by_k[20])

# %% tags=["claim"]
claim("RMSE", "weights on three with undamped kNN", "non-negative weights on three", partner[20])

# %% [markdown]
# The same average loses at one rating and wins at twenty: whether a member spoils it depends on K, and there weights by K pay. <!-- c10: higher, c11: lower, c12: lower --> The last one is worth a second look: the model that is worse alone is the better partner. <!-- c13: lower --> A likely reason: damping makes kNN safe by pulling it
# towards the bias, where the others stand as well, and the combiner can do that pulling itself. What counts is what a model gets wrong together
# with the others. All share the noise of the rating itself, which is most of any error, so the correlations are high and small gaps matter:

# %%
order = ["MF", "kNN", "content", "head", "kNN, undamped"]
alike = [[study.mean(name, "error correlation", member=member, k=20) for member in order] for name in order]
print("correlation of out-of-fold errors at K = 20")
print(pd.DataFrame(alike, order, order).round(3).to_string())

# %% [markdown]
# ## 6. Another family joins
# The fourth model is meta-learned: the closed-form head (q07), with learned item features, a learned prior (which also reads age, gender and
# occupation) and an exact solve per user. What do you expect to have the lower error: this model alone, or the blend of the other three?

# %% tags=["claim"]
print(study.table(["three: nnls", "head", "head, no user features", *(f"four: {way}" for way in ways)]).round(3).to_string())
plain = {k: study.compare("head, no user features", "three: nnls", k=k) for k in sizes}
print("head without user features, minus the blend:", {f"K = {k}": f"{d.mean:+.4f} [{d.interval[0]:+.4f}, {d.interval[1]:+.4f}]" for k, d in plain.items()})
claim("RMSE", "closed-form head", "non-negative weights on three", study.compare("head", "three: nnls", k=20))

# %% tags=["claim"]
four = {f"{way}, K = {k}": study.compare(f"four: {way}", "head", k=k) for way in ways for k in sizes}
corrected = holm([d.p_value for d in four.values()])
for word, sign in (("better", -1), ("worse", 1)):
    print(f"{word} than the head, below 0.05 after Holm over twelve:", [n for (n, d), p in zip(four.items(), corrected, strict=True) if p < 0.05 and d.mean * sign > 0])
print("mean ridge weights at K = 20:", dict(zip(order[:4], np.round(weights("four: ridge", order[:4]), 2).tolist(), strict=True)))
plots.show(plots.intervals(four, title="Four models joined, minus the head alone", xlabel="difference in RMSE (stars); left of zero the blend is better"),
           alt="Twelve intervals: the plain average lies at zero or right of it, the learned blends mostly left of zero, furthest at twenty ratings.")
claim("RMSE", "ridge on four", "closed-form head", four["ridge, K = 20"])

# %% tags=["claim"]
claim("RMSE", "boosted trees on four", "ridge on four", study.compare("four: boosting", "four: ridge", k=20))

# %% tags=["claim"]
claim("RMSE", "recalibrated closed-form head", "closed-form head", study.compare("head, recalibrated", "head", k=20))

# %% [markdown]
# At twenty ratings most of the head's lead over the blend stays without age, gender and occupation; at five a part of it. At one rating no difference
# is seen without them: there the lead is the profile. The ridge over four gives MF a negative weight: it uses what MF and kNN disagree on, which
# non-negative weights cannot. So the order of work is: first a better model or better data, then the blend. A learned blend adds a little to the best model once there is a history; at
# one rating nothing is clear after correction. <!-- c15: lower, c15: small --> And weights must be learned here: the average, good enough for three equals, is worse than the
# head alone at twenty ratings. Each of the four must be trained, served and watched: ask what the gain is worth before you ship it.

# %% [markdown] tags=["rubric"]
# #### English
# - [2] treats events as evidence of different strength; logs impressions; keeps "not shown" apart from "not wanted"
# - [2] an interest is a posterior whose prior (mean, covariance, noise) is learned over users; can write it down
# - [1] says when one vector or a short history is not enough, and names a method for each (MIND or ComiRec; SIM or TWIN)
# - [2] trains the combiner on out-of-fold predictions, folds over users, K ratings as for a new user; says what leaks otherwise
# - [2] compares with the plain average and with the best tuned single model; expects little from models that err alike
# - [1] weights that depend on what is known; says what adapts to a user (the posterior) and what is only shared (the weights)
# #### 中文
# - [2] 不同行为是强度不同的证据；落曝光日志，分清“没曝光”和“不想要”
# - [2] 兴趣是后验分布，先验（均值、协方差、噪声）由全体用户学得；能写出公式
# - [1] 能说明一个兴趣向量、一段短序列在什么情况下不够用，并各举一种方法（MIND 或 ComiRec；SIM 或 TWIN）
# - [2] 融合层用折外预测训练，按用户分折，只给 K 条评分，与新用户的情况一致；能说明不这样做会泄漏什么
# - [2] 和等权平均、调好参的最佳单模型作比较；知道误差高度相关的模型融合收益有限
# - [1] 权重随已知信息量变化；分清什么随用户适应（后验）、什么只是共享参数（融合权重）

# %% [markdown] tags=["pitfalls"]
# #### English
# - **"Fit the combiner on the training predictions."** → Section 4: whoever memorises best gets the weight, and new users pay. <!-- c8: higher -->
# - **"Folds over ratings are out-of-fold too."** → The model then knows each user; in service a new user has K ratings. Fold over users.
# - **"Boosting is the strongest combiner."** → For three similar models no difference to plain weights was seen. <!-- c5: none --> Out-of-fold rows matter more: section 4.
# - **"The more models in the average, the better."** → It depends. Section 5: with the undamped kNN the plain average loses to the best single model at one rating and wins at twenty. <!-- c10: higher, c11: lower --> Section 6: with the head it loses at twenty. Learn the weights, or test the member.
# - **"Drop the base model with the worst RMSE."** → Section 5: a model that is worse alone can be the better partner. <!-- c13: lower --> Test it in the blend.
# - **"No click means no interest."** → It may never have been shown. Only an impression without a click says something, and its position matters.
# - **"Stacking is meta-learning, the combiner is even called a meta-learner."** → The name proves nothing: the weights are shared by all users. What adapts to a user is the posterior, from a prior that is meta-learned.
# #### 中文
# - **“直接拿训练集上的预测来训练融合层。”** → 见第 4 节：谁最会背答案，权重就给谁，代价由新用户承担。<!-- c8: higher -->
# - **“按评分随机分折，也算折外预测。”** → 那样模型早就见过这个用户；线上的新用户只有 K 条评分。要按用户分折。
# - **“GBDT 融合一定最强。”** → 三个相近的模型，看不出比简单加权更好；训练样本不泄漏更要紧（见第 4 节）。<!-- c5: none -->
# - **“平均的模型越多越好。”** → 要看情况。第 5 节：掺进不加阻尼的 kNN，等权平均在 K = 1 时不如最好的单模型，K = 20 时反而更好；<!-- c10: higher, c11: lower -->第 6 节：把闭式头和另外三个模型等权平均，K = 20 时反而不如闭式头自己。要么学权重，要么加一个就验证一次。
# - **“单独 RMSE 最差的模型可以扔掉。”** → 见第 5 节：单独更差的模型，放进融合里有可能更有用。<!-- c13: lower -->去留要看融合后的效果。
# - **“没点击就是没兴趣。”** → 可能根本没曝光。曝光了却没点，才算（弱的）负反馈，而且还要看位置。
# - **“stacking 就是元学习，融合层不就叫 meta-learner 吗？”** → 名字说明不了什么：融合权重由所有用户共享；随用户变化的是后验，它的先验才由元学习得到。

# %% [markdown] tags=["follow-ups"]
# #### English
# <details><summary>You have clicks only, no ratings. What changes?</summary>
# The likelihood: a click on an impression is Bernoulli with a logit x·w, so the posterior has no closed form; take a Laplace or a
# variational approximation, or a few gradient steps from the learned start. Model the position (examined or not) apart from the interest.
# Use dwell time to tell a satisfied click from a bait. The evidence of one event is weaker, so the prior matters for longer: move the
# noise slider.</details>
# <details><summary>When is one interest vector not enough, and how many do you take?</summary>
# When items of several unrelated kinds must be retrieved by nearest neighbours with one pooled vector as the query. MIND lets the number grow with the logarithm of
# the history's length, up to a cap; each vector costs one more search, and the lists must be merged. When candidates are scored
# one by one, attention to the candidate does the same job: then the number of vectors is no question.</details>
# <details><summary>Where does fusion happen in production, and what does it cost?</summary>
# At retrieval: several channels with quotas, whose candidates the ranker scores anew, so only coverage has to be fused. At ranking: scores
# for click, time and purchase are joined by a formula that is tuned in A/B tests. Blending several models of the *same* target costs
# the compute and the maintenance of each, and the latency of the slowest; one usually distils the blend into a single model (q15).</details>
# <details><summary>How do you train the combiner when data arrive in time?</summary>
# Out of fold becomes out of time: base models are trained up to a moment, the combiner on their predictions for what came after it.
# When a base model is retrained its scores shift, so refit the combiner with it, and watch the calibration of both.</details>
# <details><summary>Could the weights depend on more than K?</summary>
# Yes: on the item's popularity, the posterior variance of each model, the context. Feature-weighted stacking (Sill et al. 2009) makes each
# weight linear in such features; a gate is the same with a network. Each feature adds a parameter per model, so first measure what
# K alone is worth; the largest gain seen here was 0.002 stars. <!-- c12: lower --></details>
# #### 中文
# <details><summary>如果只有点击、没有评分，要改什么？</summary>
# 改似然。曝光后点不点是伯努利变量，logit 为 x·w，后验没有闭式解，用拉普拉斯或变分近似，或者从学到的初始点走几步梯度。位置偏差（有没有看到）要和
# 兴趣分开建模；用停留时长区分真喜欢和标题党。单次点击的信息量更小，先验要更久才会被数据盖过，拖一下上面的噪声滑块就能看到。</details>
# <details><summary>什么时候一个兴趣向量不够？取几个？</summary>
# 用向量做近邻召回、而用户同时喜欢几类不相干的东西时就不够。MIND 让个数随历史长度的对数增长并设上限；每多一个向量就多一次 ANN 检索，
# 还要合并结果。如果是对候选逐个打分，针对候选做目标注意力就够了，不必纠结要几个向量。</details>
# <details><summary>线上的融合发生在哪里？代价是什么？</summary>
# 召回阶段：多路召回按配额取候选，再由排序模型统一打分，这一步看重的是覆盖面，不必融合分数。精排阶段：点击率、时长、转化等多个目标分用融合公式合成，系数靠 A/B 调。
# 至于把同一目标的多个模型做加权，算力和维护成本随模型个数增加，延迟取决于最慢的那个，通常会把融合结果蒸馏进单个模型（q15）。</details>
# <details><summary>数据随时间不断产生，融合层怎么训练？</summary>
# “折外”变成“时间外”：基模型训练到某个时刻为止，融合层用它们对这之后数据的预测来训练。基模型一更新，分数分布就会漂移，融合层要跟着重训，
# 两者的校准都要监控。</details>
# <details><summary>权重能不能不只随 K 变？</summary>
# 可以：物品热度、各模型的后验方差、上下文都行。Feature-weighted stacking（Sill 等，2009）让每个权重是这些特征的线性函数；门控网络是同一思路的非线性版。
# 但每加一个特征，就多出与模型数相同的参数，所以先量一量只随 K 变有多大用——本课测到的最大收益是 RMSE 约 0.002 星。<!-- c12: lower --></details>

# %% [markdown] tags=["exercise"]
# ## Your turn
# Write three functions in [`exercises/q02_user_interest_modeling.py`](../exercises/q02_user_interest_modeling.py), about 30 minutes:
#
# - `interest_posterior`: mean and covariance of an interest after K ratings. The formula stands under *An interest is a posterior*.
# - `out_of_fold_predictions`: each rating predicted by a model that has not seen its user. Section 4 uses it.
# - `stacking_weights`: weights that sum to one, in closed form. What two models get wrong together decides.
#
# Then run the cell below. A hint is one command away: `metarec check q02 --hint interest_posterior`.

# %% tags=["exercise"]
check("q02")

# %% tags=["measured"]
what_was_measured()

# %% [markdown] tags=["references"]
# **Read first:** Breiman (1996), *Stacked Regressions*, Machine Learning: non-negative weights on cross-validated predictions.
#
# - Wolpert (1992), *Stacked Generalization*, Neural Networks. Bates & Granger (1969), *The Combination of Forecasts*, Operational Research
#   Quarterly: weights that sum to one, from the errors' covariance.
# - Zhang & J. Koren (2007), *Efficient Bayesian Hierarchical User Modeling for Recommendation Systems*, SIGIR: the interest of section 2.
# - Hu, Koren & Volinsky (2008), *Collaborative Filtering for Implicit Feedback Datasets*, ICDM: behaviour as confidence. Koren (2008),
#   *Factorization Meets the Neighborhood*, KDD: SVD++, which reads what was chosen.
# - Zhou et al. (2018), *Deep Interest Network for Click-Through Rate Prediction* (DIN), KDD.
# - Li et al. (2019), *Multi-Interest Network with Dynamic Routing for Recommendation at Tmall* (MIND), CIKM. Cen et al. (2020),
#   *Controllable Multi-Interest Framework for Recommendation* (ComiRec), KDD.
# - Pi et al. (2020), *Search-based User Interest Modeling with Lifelong Sequential Behavior Data for Click-Through Rate Prediction* (SIM),
#   CIKM. Chang et al. (2023), *TWIN: TWo-stage Interest Network for Lifelong User Behavior Modeling in CTR Prediction at Kuaishou*, KDD.
# - Lee et al. (2019), *MeLU*, KDD. Lin et al. (2021), *Task-adaptive Neural Process for User Cold-Start Recommendation* (TaNP), WWW.
# - Jahrer, Töscher & Legenstein (2010), *Combining Predictions for Accurate Recommender Systems*, KDD: boosting, and weights by support.
# - Sill, Takács, Mackey & Lin (2009), *Feature-Weighted Linear Stacking*, arXiv.
