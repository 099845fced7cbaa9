"""A small lesson that keeps every limit of the grammar: tests plant one fault in it."""

SHORT = " ".join(["The prior of a new user is learned over all users and worth as many ratings as it is narrow."] * 4)

TEXT = f"""# %% [markdown]
# # q06 · A whole lesson
# Users are 943 and films `1,682`; see [MovieLens](https://grouplens.org/datasets/movielens/).

# %% [markdown] lang="zh"
# # q06 · 一节完整的课
# 共有 943 名用户、`1,682` 部电影，数据来自
# [MovieLens](https://grouplens.org/datasets/movielens/)。

# %% [markdown] tags=["question"]
# #### English
# What is a prior worth?
# #### 中文
# 先验值多少？
# 请量一量。
#
# level: senior · minutes: 3 · needs: q01 · topics: priors

# %% [markdown] tags=["answer-short"]
# #### English
# {SHORT}
# #### 中文
# 先验相当于若干条评分。

# %% [markdown] tags=["answer-full"]
# It is worth $s^2 / t^2$ ratings.

# %% [markdown] tags=["zh"]
# 它相当于 $s^2 / t^2$ 条
# 评分。

# %% [markdown] tags=["rubric"]
# #### English
# - [4] says what it is worth
# - [3] says why
# - [2] names a baseline
# - [1] is brief
# #### 中文
# - [4] 说出相当于多少
# - [3] 说为什么
# - [2] 提到基线，
#   而且够强
# - [1] 简短

# %% [markdown] tags=["pitfalls"]
# #### English
# - **"Nothing."** → It is worth ratings.
# #### 中文
# - **“什么都不值。”** → 它值若干条评分。

# %% [markdown] tags=["follow-ups"]
# #### English
# <details><summary>One?</summary>Yes.</details>
# <details><summary>Two?</summary>Yes.</details>
# <details><summary>Three?</summary>Yes.</details>
# #### 中文
# <details><summary>一？</summary>是。</details>
# <details><summary>二？</summary>是。</details>
# <details><summary>三？</summary>是。</details>

# %%
from metarec_lib import plots, seed

SEED, claim, what_was_measured = seed(), print, print
SEED = seed()

# %%
TITLES = {{"worth": ("What a prior of {"very " * 20}many users is worth in ratings", "先验相当于多少条评分")}}

# %% [markdown] tags=["expect"]
# Where does the prior of $\\kappa$ ratings stop to matter, at 5 or at 20?

# %% [markdown] lang="zh"
# 相当于 $\\kappa$ 条评分的先验，从 5 条还是 20 条起不再重要？

# %% tags=["from-scratch"]
print("agrees:", 2 + 2 == 4)

# %% tags=["figure"]
fig = plots.bars({{"a": 1.0}}, title="A bar", xlabel="x")
plots.show(fig, alt="One bar of length 1.")

# %% tags=["figure"]
fig = plots.intervals({{"a": (1.0, 0.5, 2.0)}}, title="One", xlabel="x")
plots.show(fig, alt="One interval.")

# %% tags=["claim"]
claim("lower")

# %% tags=["claim"]
claim("higher")

# %% tags=["claim"]
claim("none")

# %% tags=["play", "nbval-ignore-output"]
def bar(n=1):
    return plots.bars({{"a": n}}, title="n", xlabel="x")


plots.play(bar, alt="One bar, as long as n.", n=(1, 3))

# %% [markdown] tags=["exercise"]
# Write `add`.

# %% [markdown] lang="zh"
# 写出 `add`。

# %% tags=["exercise"]
check = print
check("q06")

# %% tags=["measured"]
what_was_measured()

# %% [markdown] tags=["references"]
# Peano (1889), Arithmetices principia.
"""
