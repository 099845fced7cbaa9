# %% [markdown]
# # q06 · How do you evaluate a meta-learned recommender? · 如何评估元学习模型？
#
# Six ways in which a table of results misleads: five measured on real ratings, one in a synthetic world where the truth is known.
# Read the question, answer it aloud, then compare.

# %% [markdown] tags=["question"]
# #### English
# You have a new cold-start recommender, and a table in which it beats six others by 0.005 RMSE. How was the table made, if
# you are to believe it? What do you split, what do you compare with, and how do you know that the difference is real?
# #### 中文
# 你有一个新的冷启动推荐模型，结果表里它的 RMSE 比另外六个方法低 0.005。这张表要怎么做出来才可信？数据按什么划分？和谁比？
# 怎么判断这点差距是真的？
#
# level: senior · minutes: 3 · needs: none · topics: evaluation, leakage, ranking metrics, uncertainty

# %% [markdown] tags=["answer-short"]
# #### English
# I split by user. Some users train the model; others are new to it. A new user gives K ratings to adapt on, and the rest
# judge the model. I report the paired difference to a tuned shrunken bias at several K, with an interval over users. For
# ranking I average over ties and rank all items. I also split by time, since production predicts the future from the past.
# Then I look for leaks, because a leak can be worth several times an honest gain. <!-- c6: lower -->
# #### 中文
# 我按用户划分：一部分用户用来训练，另一部分对模型来说是全新的。每个新用户拿出 K 条评分做适应，其余评分用来评估。对照的是调好参数的
# 收缩偏置模型；报告两者逐用户的差值，在多个 K 下给出以用户为单位的置信区间。排序指标里，同分的物品按所有排列取期望，并且在全部物品上排，
# 不抽负样本。还要按时间划分再测一次，因为线上就是用过去预测未来。最后查泄漏：一处泄漏的“提升”，可能是真实提升的好几倍。<!-- c6: lower -->

# %% [markdown] tags=["answer-full"]
# **Split.** A user is a task. Meta-training users teach the shared parameters. Validation users choose every setting: the
# baseline's, and the meta-learner's inner rate and number of steps. Test users are touched once. Each test user's ratings
# are split again: K support ratings to adapt on, the query to be judged on. The query is the same for every K, K = 0 included,
# and the K in training need not be the K in the test.
#
# **Compare.** The first baseline is a shrunken user and item bias. The second is the same network without meta-training,
# trained on pooled ratings and fine-tuned on the support: it shows what the meta-training adds. For user $u$ and models A and B
# take the metric on that user's query, and report
#
# $$\bar d = \frac1U \sum_u d_u, \qquad d_u = m_u(A) - m_u(B)$$
#
# The pairing removes what makes a user easy or hard for every model. The ratings of one user are not independent, so resample
# the $d_u$, not the ratings. The interval holds for the models you trained; seeds show how much training itself varies.
# Average a user's differences over seeds first: the same user in five seeds is still one user. The mean of $d_u$ is a macro average:
# each user counts once. Pooling the ratings weighs heavy users more, and is another question. "Equal" needs a margin that was
# named before; the whole interval must lie inside it. With several comparisons correct for their number (Holm). The best of
# six is chosen on validation, or its lead is partly luck.
#
# **Rank.** Averaging over ties is the expected metric over all orders that the scores allow. Without it a constant can climb.
# Rank all items; a hundred sampled negatives measure something else and can reverse the order of two models. AUC is taken
# inside each user and then averaged (GAUC).
#
# **Leaks and limits.** A random split mixes the future into training. Leave-last-out is better, but still lets a model learn
# from what other users did later. A leak is anything fitted on query ratings, or on what happened after the prediction: an item
# mean, an embedding, a normalisation. Logged ratings are no random sample: inverse propensity weights correct the bias and cost
# variance, so report the effective sample size. Offline numbers choose what goes into the A/B test, no more.

# %% [markdown] tags=["zh"]
# **怎么划分。** 一个用户就是一个任务。元训练用户用来学共享参数；验证用户用来选一切超参数——基线的参数、元学习器的内循环步长和步数都在内；
# 测试用户只用一次。每个测试用户的评分再分两份：K 条支持集用来适应，其余作查询集用来评估。换 K（包括 K=0）时查询集不变，结果才可比；
# 训练时的 K 不必等于测试时的 K。
#
# **和谁比。** 第一个基线是收缩后的“用户偏置＋物品偏置”。第二个是同样的网络不做元训练：在汇总数据上预训练，再用支持集微调——和它比，才知道
# 元训练本身带来了什么。对每个用户 $u$，在他的查询集上算两个模型的指标之差 $d_u = m_u(A) - m_u(B)$，报告
#
# $$\bar d = \frac1U \sum_u d_u$$
#
# 配对之后，“这个用户对谁都难（或容易）”的那部分被消掉。同一用户的评分彼此相关，所以自助法重抽的是用户的 $d_u$，不是一条条评分。区间只针对
# 训练好的这几个模型；训练本身有多大波动，要看不同的随机种子。跑了多个种子，就先把同一用户的差值对种子取平均——同一个人出现五次，仍然只是
# 一个人。对 $d_u$ 取平均是宏平均，每个用户一票；把评分混在一起算，重度用户权重更大，那是另一个问题。要说“持平”，先定好容忍界限（margin），
# 整个区间都落在里面才算。做了多次比较，就按次数校正（Holm）。六个里挑最好的，要在验证集上挑，否则领先有一部分是运气。
#
# **怎么排序。** 同分的物品按所有排列取期望；不这样做，输出常数的模型也能往上爬。要在全部物品上排：只抽一百个随机负样本，测的是另一回事，
# 两个模型的优劣次序甚至会反过来。AUC 在每个用户内部算，再取平均（即 GAUC）。
#
# **泄漏与边界。** 随机划分把未来混进了训练集。“留最后一条”好一些，但模型仍能看到别的用户之后的行为。查询集的评分，或预测时刻之后的数据，
# 只要参与了训练或统计（物品均值、向量、归一化），就是泄漏，业内叫“特征穿越”。日志里的评分也不是随机样本：逆倾向加权能去偏，代价是方差，
# 所以要同时报告有效样本量。归根结底，离线指标只决定谁能进 A/B 实验。

# %% [markdown]
# ## Set the stage
# ML-100K. Users with at least 30 ratings are split 70 / 10 / 20. Twenty ratings of each test user are set aside for
# supports; the query is the rest, the same for every K.

# %%
import warnings
import numpy as np
import pandas as pd
from metarec_lib import BaselineRecommender, MatrixFactorization, MetaLearningModel, PopularityRecommender, compare, plots
from metarec_lib import check, claim, evaluate_ranking, evaluate_tasks, hit_rate, holm, load_data, load_movielens, load_study
from metarec_lib import Minus, effective_sample_size, make_tasks, make_world, margin, mine, ndcg, score_tasks, seed, split_users, tasks_from_split, what_was_measured

SEED = seed()
data = load_movielens("ml-100k")
train_users, validation_users, test_users = split_users(data, seed=SEED)
train = data.subset(np.isin(data.ratings["user_id"], train_users))
honest = data.subset(~np.isin(data.ratings["user_id"], test_users))
print(f"{data}\n{len(train_users)} users train, {len(validation_users)} choose settings, {len(test_users)} are tested")

# %% [markdown]
# **Tune the baseline as well.** Settings are chosen on the validation users; then the models are trained once more with these
# users added. The third model is the meta-learned one, a closed-form head (q07) at its default settings.

# %%
judge = make_tasks(data, validation_users, k=5, pool=20, seed=SEED)


def validation_error(model):
    return evaluate_tasks(model.fit(train), judge, ("rmse",))["rmse"].mean()


bias = min((BaselineRecommender(user_shrinkage=s) for s in (2, 5, 10, 20)), key=validation_error).fit(honest)
common = {"user_shrinkage": bias.user_shrinkage, "seed": SEED}
factors = min((MatrixFactorization(reg=r, **common) for r in (1, 1.5, 2, 3)), key=validation_error).fit(honest)
meta = MetaLearningModel(seed=SEED).fit(honest)
print(f"bias: user_shrinkage = {bias.user_shrinkage}; matrix factorisation: reg = {factors.reg}")

# %% [markdown]
# ## 1. Users are the unit
# All models adapt to 20 ratings of each test user. What do you expect: how much narrower is the interval if you treat each
# rating as a sample of its own, and is it right?

# %%
tasks = make_tasks(data, test_users, k=20, pool=20, seed=SEED)
query, n = tasks.query, int(tasks.query.mask.sum())
error = {name: (score_tasks(model, tasks) - query.values) ** 2 for name, model in (("meta", meta), ("bias", bias))}
gap = ((error["meta"] - error["bias"]) * query.mask).numpy()
centred = (gap - gap.sum() / n) * query.mask.numpy()
by_rating = 1.96 * np.sqrt((centred**2).sum()) / n  # every rating for itself
by_user = 1.96 * np.sqrt((centred.sum(axis=1) ** 2).sum()) / n  # the errors of one user move together
print(f"MSE of the meta-learned head minus the bias, pooled: {gap.sum() / n:+.4f}")
print(f"± {by_rating:.4f} over {n:,} ratings, ± {by_user:.4f} over {len(tasks)} users: {by_user / by_rating:.1f} times wider")

# %% [markdown]
# The ratings of one user share a taste, a mood and a bias, so their errors move together. An interval over ratings counts
# the same evidence many times. From here on every interval is a bootstrap over users of the per-user difference.

# %% tags=["claim"]
def rmse_per_user(model, k):
    tasks = make_tasks(data, test_users, k=k, pool=20, seed=SEED)
    return evaluate_tasks(model, tasks, ("rmse",), user_ids=test_users)["rmse"]


models, sizes = {"MF": factors, "meta-learned": meta, "bias": bias}, (1, 5, 20)
rmse = {(name, k): rmse_per_user(model, k) for name, model in models.items() for k in sizes}
gain = {(name, k): compare(rmse[name, k], rmse["bias", k]) for name in ("MF", "meta-learned") for k in sizes}
claim("RMSE", "closed-form head", "shrunken bias", gain["meta-learned", 5], at="K = 5, one split")

# %% [markdown]
# Two models at three K are six comparisons, so the p-values (of the same bootstrap) are corrected (Holm). Where no difference is seen,
# that alone does not make two models equal: "equal" means that the whole interval lies inside a margin. We named ours before we
# looked: 0.01 stars, less than we would ship a model for.

# %%
table = pd.DataFrame({"difference": {key: d.mean for key, d in gain.items()}})
table["low"], table["high"] = zip(*(d.interval for d in gain.values()), strict=True)
table["p, Holm"] = [f"{p:.4f}" if p >= 1e-4 else "<0.0001" for p in holm([d.p_value for d in gain.values()])]
table["within 0.01"] = [d.within(margin("rmse")) for d in gain.values()]
table["users for 0.005"] = [round((2.8 * d.differences.std() / 0.005) ** 2) for d in gain.values()]
print(table.round(4).to_string())
plots.show(plots.intervals({f"{name}, K = {k}": d for (name, k), d in gain.items()}, title="RMSE minus the bias's, new users",
                           xlabel="difference in RMSE (stars); left of zero beats the bias"),
           alt="Six intervals. MF lies at zero at one rating, just below at five, clearly below at twenty; the meta-learned head clearly below at all.")

# %% [markdown]
# The last column answers the question that comes next: how many test users does it take to see a difference of 0.005 stars in
# four of five experiments? With $s$ the standard deviation of the $d_u$, it is $(2.8\, s / 0.005)^2$ users: 2.8 = 1.96 for the
# interval + 0.84 for the power.
#
# **What if you had fewer test users?** Move the slider. Watch when the interval reaches across zero.

# %% tags=["play", "nbval-ignore-output"]
order = np.random.default_rng(SEED).permutation(test_users)


def with_fewer_users(users=40, ratings=20):
    some = {name: compare(rmse[name, ratings][order[:users]], rmse["bias", ratings][order[:users]]) for name in ("MF", "meta-learned")}
    return plots.intervals(some, title=f"RMSE minus the bias's: {users} test users, K = {ratings}",
                           xlabel="difference in RMSE (stars)", xlim=(-0.08, 0.05))


plots.play(with_fewer_users, users=(5, len(test_users)), ratings=[1, 5, 20],
           alt="Two intervals with forty test users, wider than with all of them.")

# %% [markdown]
# ## 2. A constant that climbs the table
# A broken model gives every film the same score. What should its nDCG be? Each test user has ten query films, gain
# $2^r - 1$. If the code sorts by score and leaves ties in list order, and the list happens to be sorted by film id, then:

# %%
lists = make_tasks(data, test_users, k=5, pool=20, query=10, seed=SEED)
gains, mask, film = 2**lists.query.values - 1, lists.query.mask, lists.query.items
in_id_order = pd.Series(ndcg(-film, gains, mask, 5), index=test_users)  # lowest id first
rng = np.random.default_rng(SEED)
draws = [ndcg(rng.random(film.shape), gains, mask, 5).numpy() for _ in range(200)]
tied = pd.Series(np.mean(draws, axis=0), index=test_users)
tuned_bias = evaluate_tasks(bias, lists, ("ndcg@5",), user_ids=test_users)["ndcg@5"]
bars = {"constant, ties in id order": in_id_order, "constant, 200 random orders": tied, "shrunken bias": tuned_bias}
plots.show(plots.bars({name: values.mean() for name, values in bars.items()}, title="nDCG@5 of ten query films",
                      xlabel="nDCG@5, mean over users", highlight=["constant, ties in id order"], digits=3),
           alt="Bars of nDCG@5: the shrunken bias is highest, the constant in id order next, in random order lowest.")

# %% tags=["claim"]
popular = data.ratings.groupby("item_id")["rating"].agg(["count", "mean"])
rank_correlation = popular.reset_index().corr(method="spearman").loc["item_id"]
print(f"film id against number of ratings: {rank_correlation['count']:.2f}, against mean rating: {rank_correlation['mean']:.2f} (Spearman)")
luck = compare(in_id_order, tied)
claim("nDCG@5", "a constant, ties in id order", "a constant, ties in random order", luck)

# %% [markdown]
# Film ids are no random order: low ids are rated more often, and higher. So the constant gets credit for the file it was read from. <!-- c2: higher -->
#
# The cure costs no random draws. Items with equal scores share the mean gain of their group; that is the expectation over all
# orders, exactly. The library does so, and warns. It matters most where a script puts the one liked film first and 99 others
# behind it:

# %%
liked_first, file_order = np.eye(1, 100), -np.arange(100.0)[None]
with warnings.catch_warnings(record=True) as heard:
    warnings.simplefilter("always")
    exact = ndcg(np.zeros(film.shape), gains, mask, 5)
    chance = hit_rate(np.zeros((1, 100)), liked_first, k=10)
print(f"nDCG@5 of the constant: {exact.mean():.3f} exactly, {tied.mean():.3f} over 200 random orders")
print(f"HR@10 of a constant, liked film first: {float(hit_rate(file_order, liked_first, k=10)):.2f} in file order, {float(chance):.2f} exactly")
print("the library's warning:", heard[-1].message)

# %% [markdown]
# Your own `ndcg_at_k`, on the query of the first test user:

# %% tags=["exercise"]
with mine("q06") as my:
    yours = my.ndcg_at_k(np.zeros(10), gains[0].numpy(), 5)
    print(f"yours {yours:.3f}, the library's {exact[0]:.3f}, in file order {in_id_order.iloc[0]:.3f}")

# %% [markdown]
# ## 3. A hundred negatives are not the catalogue
# Now rank for known users: 80 % of each user's ratings train, a liked film among the other 20 % is relevant. First against all
# films the user has not rated; then, to save time, against 100 of them drawn at random. One call each:

# %%
kept, held_out = load_data("ml-100k", split="random", seed=SEED)
rankers = {"popularity": PopularityRecommender(), "bias": BaselineRecommender(),
           "bias, items shrunk": BaselineRecommender(item_shrinkage=50), "MF": MatrixFactorization(seed=SEED)}
rankers = {name: model.fit(kept) for name, model in rankers.items()}
ranked = {name: {"all films": evaluate_ranking(model, held_out)["ndcg@10"].mean(),
                 "100 negatives": evaluate_ranking(model, held_out, negatives=100, seed=SEED)["ndcg@10"].mean()}
          for name, model in rankers.items()}
print(pd.DataFrame(ranked).T.round(3).to_string())

# %% [markdown]
# The sampled numbers are several times higher, so numbers with different samples cannot be compared. Do they at least keep the
# order of the models? The study behind this lesson (`metarec study q06`) ranked with six models on five splits.

# %%
study = load_study("q06")
names = ["popularity", "bias", "bias, items shrunk", "MF, items shrunk", "item-kNN", "item-kNN, undamped"]
means = {part: {name: study.mean(name, "ndcg@10", candidates=part) for name in names} for part in ("full", "sampled")}
plots.show(plots.slopes(means["full"], means["sampled"], title="Six models in the order of their nDCG@10",
                        ends=("all films", "100 negatives")),
           alt="Two columns of six models by rank. The two at the bottom, the bias and an undamped item-kNN, change places.")

# %%
pairs = [(a, b) for i, a in enumerate(names) for b in names[:i]]
verdicts = {part: [study.compare(a, b, "ndcg@10", candidates=part) for a, b in pairs] for part in ("full", "sampled")}
corrected = {part: holm([d.p_value for d in found]) for part, found in verdicts.items()}
for i, (a, b) in enumerate(pairs):
    full, sampled, p = verdicts["full"][i], verdicts["sampled"][i], (corrected["full"][i], corrected["sampled"][i])
    if full.mean * sampled.mean < 0 or (p[0] < 0.05) != (p[1] < 0.05):
        print(f"{a} - {b}: all films {full.mean:+.3f} (p {p[0]:.1g}), 100 negatives {sampled.mean:+.3f} (p {p[1]:.1g})")
print(f"the other pairs of {len(pairs)} agree; p-values after Holm over all pairs")

# %% tags=["claim"]
on_all = study.compare("item-kNN, undamped", "bias", "ndcg@10", candidates="full")
claim("nDCG@10", "undamped item-kNN", "shrunken bias", on_all)

# %% tags=["claim"]
on_sample = study.compare("item-kNN, undamped", "bias", "ndcg@10", candidates="sampled")
claim("nDCG@10", "undamped item-kNN", "shrunken bias", on_sample)

# %% [markdown]
# These two are the weakest rankers of the table. They do not show which model is better; they show that an order can reverse. <!-- c3: higher, c4: lower --> The reason: the
# tenth of 100 random negatives stands about where the 160th of 1,600 films would, so the sampled metric looks at the middle of the list and the full one
# at its top. The sampled order need not be right even on average, and with very small samples every metric turns into AUC
# (Krichene & Rendle 2020). If you must sample, use their correction.
#
# Popularity ranks above all five here. Part of the gap is the goal: the others were trained to predict stars, not what is watched.
# Part is too little shrinkage: with the bias shrunk hard, rarely rated films no longer float to the top.

# %% [markdown]
# ## 4. Time changes who is tested
# A random split of each user's ratings gives every test user a history. Cut at one moment instead, as in production.
# Who is in the test part now? (Both models at their default settings.)

# %%
def split_errors(split):
    kept, later = load_data("ml-100k", split=split, seed=SEED)
    tasks, users = tasks_from_split(kept, later)
    fitted = MatrixFactorization(seed=SEED).fit(kept), BaselineRecommender().fit(kept)
    table = pd.concat([evaluate_tasks(m, tasks, ("rmse",), user_ids=users)["rmse"] for m in fitted], axis=1, keys=["MF", "bias"])
    pooled = [m.evaluate(later, metric="rmse") for m in fitted]
    return table.assign(known=tasks.support.counts > 0, ratings=tasks.query.counts), pooled[0] - pooled[1]


(at_random, pooled_random), (in_time, pooled_in_time) = split_errors("random"), split_errors("chronological")
known, new = in_time[in_time.known], in_time[~in_time.known]
print(f"in time, {in_time.known.mean():.0%} of test users have a history; {new.ratings.sum() / in_time.ratings.sum():.0%} of test ratings are of users without")
print(f"pooled RMSE, MF - bias: random {pooled_random:+.4f}, in time {pooled_in_time:+.4f}")

# %% tags=["claim"]
parts = {"random split": at_random, "in time, all users": in_time, "in time, known users": known, "in time, new users": new}
drop = {name: compare(part.MF, part.bias) for name, part in parts.items()}
plots.show(plots.intervals(drop, title="Matrix factorisation minus the bias", xlabel="difference in RMSE (stars); left of zero MF is better"),
           alt="MF gains about as much for known users in time as in a random split, less over all users, nothing for new users by construction.")
still = drop["in time, known users"]
claim("RMSE", "matrix factorisation", "shrunken bias", still, at="cut in time, users with a history")

# %% [markdown]
# Most test ratings are now of users who came after the cut. They have given no rating to adapt on, and without one both models say
# the same item mean: the zero is built in. In production these users would adapt as they rate (q08). The pooled number mixes both
# groups, so it almost hides what known users gain; <!-- c5: lower --> and with this few known users the interval is too wide to say whether the gain
# has changed. Say who is tested, then average.

# %% [markdown]
# ## 5. A leak outweighs the honest gain
# Train the same models on *all* ratings, the test users' query included, and adapt to the support as before. Nothing looks
# wrong in the code: the item vectors were "only" fitted on the whole table. The study did so for five splits of the users,
# settings chosen on validation each time.

# %%
sides = {"honest MF - honest bias": ("factors", "bias"), "leaking bias - honest bias": ("bias, leaking", "bias"),
         "leaking MF - honest MF": ("factors, leaking", "factors")}
found = {(label, k): study.compare(a, b, k=k) for label, (a, b) in sides.items() for k in sizes}
plots.show(plots.intervals({f"{label}, K = {k}": d for (label, k), d in found.items()}, title="What an honest gain and a leak are worth",
                           xlabel="difference in RMSE (stars), five seeds, by user"),
           alt="Nine intervals: honest MF gains little; the leak gains more at every K, most for MF at twenty ratings.")
print(f"at K = 20 the leak of MF is worth {found['leaking MF - honest MF', 20].mean / found['honest MF - honest bias', 20].mean:.1f} times its honest gain")

# %% tags=["claim"]
extra = found["leaking MF - honest MF", 20] - found["honest MF - honest bias", 20]
leak, honest_gain = Minus("leaking matrix factorisation", "matrix factorisation"), Minus("matrix factorisation", "shrunken bias")
claim("RMSE", leak, honest_gain, extra, headline=True)

# %% [markdown]
# Compare honest MF at K = 5 with section 1. One split and its test users could hardly settle whether it beats the bias; five splits
# and more users do. "Not seen" was never "equal".

# %% [markdown]
# ## 6. The ratings you have are not the ratings you want
# People rate what they chose to watch. In a small synthetic world the truth is known: what each user would say of *every* item, and
# the chance $p$ that the rating is seen. Weighting by $w = 1/p$ undoes the choice: IPS divides $\sum w r$ by the number of items, SNIPS
# by $\sum w$. The price shows in the effective sample size, $(\sum w)^2 / \sum w^2$.

# %%
world = make_world(n_users=600, ratings_per_user=30, selection=1.0, seed=SEED)
seen = world.interactions.ratings.assign(w=1 / world.exposure[world.interactions.user_codes, world.interactions.item_codes])
seen["wr"] = seen.w * seen.rating
truth = pd.Series(world.expected.mean(1), index=world.interactions.users["user_id"])
users = seen.groupby("user_id")
estimates = {"mean of what is seen": users.rating.mean(), "IPS": users.wr.sum() / world.interactions.n_items,
             "SNIPS": users.wr.sum() / users.w.sum()}
off = {name: compare(estimate, truth) for name, estimate in estimates.items()}
for name, d in off.items():
    print(f"{name:21} error {d.mean:+.3f} [{d.interval[0]:+.3f}, {d.interval[1]:+.3f}], sd over users {d.differences.std():.2f}")
print(f"a user's {users.size().median():.0f} ratings are worth {users.w.apply(effective_sample_size).median():.1f} after weighting (medians)")

# %% tags=["claim"]
claim("mean over all items", "mean of the ratings seen", "the truth", off["mean of what is seen"], at="a synthetic world")

# %% tags=["claim"]
claim("mean over all items", "SNIPS", "the truth", off["SNIPS"], at="a synthetic world")

# %% [markdown]
# IPS is right on average and wild for a single user; SNIPS is steady and slightly off. <!-- c8: higher --> Here the propensities are known. In life
# they are estimated, and where one is zero no weight helps.

# %% [markdown] tags=["rubric"]
# #### English
# - [2] splits by user, and each test user into support and query; the same query for every K
# - [2] compares with a tuned simple baseline, paired per user, with an interval over users
# - [2] names a leak: item means or vectors fitted with query ratings, or settings chosen on test
# - [2] ranks all items and averages over ties; says why sampled negatives mislead
# - [1] splits by time, and says who is tested then
# - [1] knows the limits: several comparisons, a margin for "equal", logged data, the A/B test
# #### 中文
# - [2] 按用户划分，测试用户再分支持集与查询集；不同 K 共用同一查询集
# - [2] 与调好参的简单基线逐用户配对比较，给出以用户为单位的区间
# - [2] 能指出一种泄漏：物品均值或向量用了查询集的评分，或在测试集上选了参数
# - [2] 在全部物品上排序，同分取期望；能说明随机负样本为何误导
# - [1] 按时间划分，并说清这时测的是哪些人
# - [1] 知道边界：多重比较、“持平”要有容忍界限、日志数据有选择偏差、最终看 A/B

# %% [markdown] tags=["pitfalls"]
# #### English
# - **"We have thousands of test ratings, so 0.005 is significant."** → The users are the sample. Section 1 prints how much wider the interval is.
# - **"The difference is not significant, so the models are equal."** → Equal needs a margin that the whole interval lies inside.
# - **"nDCG with 100 negatives is a fair estimate of nDCG."** → It looks at the middle of the list; section 3 shows it reversing an order. <!-- c3: higher, c4: lower -->
# - **"I split ratings at random, so nothing leaks."** → Every test user is known then, and the future trains the model.
# - **"Five seeds, so five times as many users."** → The same users recur. Average each user's differences first.
# #### 中文
# - **“测试评分有上万条，0.005 当然显著。”** → 样本是用户，不是评分；第 1 节打印了区间要宽多少。
# - **“差异不显著，说明两个模型一样好。”** → 持平要先定容忍界限，整个区间落在里面才算。
# - **“抽 100 个负样本算 nDCG，是对真实 nDCG 的合理估计。”** → 它看的是排序结果的中段；第 3 节里两个模型的优劣次序因此反了过来。<!-- c3: higher, c4: lower -->
# - **“评分是随机划分的，不会泄漏。”** → 那样测试用户全是老用户，而且未来的数据参与了训练。
# - **“跑了五个种子，用户数等于乘了五。”** → 还是同一批人，先对每个人的差值取平均。

# %% [markdown] tags=["follow-ups"]
# #### English
# <details><summary>Your model is better on RMSE and worse on nDCG. Which do you believe?</summary>
# Both: they ask different things. RMSE weighs every rated film alike, the ones at the bottom of the list too; nDCG looks at the
# top. In section 3 all models trained on stars rank the catalogue worse than popularity. Choose the metric by what the product
# shows: a predicted star, or a list.</details>
# <details><summary>How many test users do you need to see a difference of 0.005?</summary>
# Measure s, the standard deviation of the per-user differences, on validation users. To see a difference δ in four of five experiments you
# need about (2.8·s/δ)² users: 1.96 for the 95 % interval and 0.84 for the power. Halving δ takes four times the users. Section 1
# prints it for each comparison.</details>
# <details><summary>Leave-last-out respects time. Is it enough?</summary>
# For one user, yes. But the last rating of one user is older than the training ratings of many others, so the model has seen
# trends from after that moment (Ji et al. 2023). Cut at one moment for everybody, and update as production would.</details>
# <details><summary>Your offline gain vanished in the A/B test. Why?</summary>
# First suspect training-serving skew: features that are computed in another way, or later, online than in training. Then the log: it holds what
# the old system showed, so offline data favour models like it, and users react to what they are shown. And the metric may not be
# the goal. Check whether the offline order of earlier experiments agreed with the online one.</details>
# #### 中文
# <details><summary>你的模型 RMSE 更低、nDCG 却更差，信哪个？</summary>
# 都信，它们问的不是同一件事。RMSE 把每条评分一视同仁，列表底部的也算；nDCG 只看头部。第 3 节里，凡是按星级训练的模型，在全部物品上排序都
# 不如热门榜。产品展示的是预测星级还是列表，就用哪个指标。</details>
# <details><summary>想看出 0.005 的差异，需要多少测试用户？</summary>
# 先在验证用户上量出 s，即逐用户差值的标准差。要在五次实验里有四次看得出差异 δ，大约需要 (2.8·s/δ)² 个用户：1.96 来自 95% 区间，0.84 来自
# 检验功效。δ 减半，用户要四倍。第 1 节对每个比较都打印了这个数。</details>
# <details><summary>“留最后一条”尊重了时间顺序，够了吗？</summary>
# 对单个用户够了。但某人的最后一条，可能早于许多别人的训练评分，模型等于偷看了之后的趋势（Ji 等，2023）。应当对所有人在同一时刻切开，
# 并像线上那样滚动更新。</details>
# <details><summary>离线有提升，A/B 却没有，为什么？</summary>
# 先查线上线下特征不一致：同一个特征，线上的算法或时效和训练时不同。再看日志：它记录的是旧系统展示过的东西，离线数据天然偏向与它相似的模型，
# 用户也会对展示作出反应。离线指标也未必就是业务目标。最后看历次实验中离线与线上的结论是否一致。</details>

# %% [markdown] tags=["exercise"]
# ## Your turn
# Write three functions in [`exercises/q06_evaluate_meta_learning.py`](../exercises/q06_evaluate_meta_learning.py), about 30 minutes:
#
# - `ndcg_at_k`: nDCG at k, ties averaged. The metric of section 2.
# - `paired_bootstrap`: the mean difference over users and its interval, the resamples given.
# - `user_split_without_leakage`: masks for training, support and query.
#
# Then run the cell below. A hint is one command away: `metarec check q06 --hint ndcg_at_k`.

# %% tags=["exercise"]
check("q06")

# %% tags=["measured"]
what_was_measured()

# %% [markdown] tags=["references"]
# **Read first:** Krichene & Rendle (2020), *On Sampled Metrics for Item Recommendation*, KDD.
#
# - McSherry & Najork (2008), *Computing Information Retrieval Performance Measures Efficiently in the Presence of Tied Scores*, ECIR: the
#   averaging over ties.
# - Efron & Tibshirani (1993), *An Introduction to the Bootstrap*, Chapman & Hall: chapter 13, percentile intervals.
# - Ji, Sun, Zhang & Li (2023), *A Critical Study on Data Leakage in Recommender System Offline Evaluation*, ACM TOIS.
# - Schnabel, Swaminathan, Singh, Chandak & Joachims (2016), *Recommendations as Treatments*, ICML: IPS and SNIPS.
# - Holm (1979), *A Simple Sequentially Rejective Multiple Test Procedure*, Scandinavian Journal of Statistics.
# - Kish (1965), *Survey Sampling*, Wiley: the effective sample size.
# - Ferrari Dacrema, Cremonesi & Jannach (2019), *Are We Really Making Much Progress?*, RecSys: baselines that were not tuned.
# - Koren (2010), *Factor in the Neighbors*, ACM TKDD: the shrunken biases.
