# %% [markdown]
# # q15 · How do you compress a meta-learned model?
#
# First the users, then the tables, then the time.

# %% [markdown] lang="zh"
# # q15 · 如何压缩元学习模型？
#
# 先算用户，再算表，最后算时间。

# %% [markdown] tags=["question"]
# #### English
# Your meta-learned recommender adapts to each of 10⁸ users. What do you compress first, and by which method? What do int8, pruning and distillation
# cost in quality, bytes and latency? Your int8 model is not a bit faster: why?
# #### 中文
# 你的元学习推荐模型要为 10⁸ 个用户各自做适应。先压缩什么？用什么方法？int8、剪枝、蒸馏在效果、字节数和延迟上各要付出什么？量化成 int8 之后一点也没变快，为什么？
#
# level: senior · minutes: 3 · needs: q01, q06, q07 · topics: compression, quantisation, distillation, serving

# %% [markdown] tags=["answer-short"]
# #### English
# I count users first. Full MAML stores a network per user; a closed-form head stores nine numbers, and the ratings rebuild them. Four bits a
# number cost little; <!-- c1: small -->
# one bit is too coarse. <!-- c2: higher -->
# Shared tables come next: int8 is a quarter of the bytes and costs nothing visible. <!-- c3: equal -->
# Nine tenths of an item-item table can go if the small weights go, not random ones. <!-- c4: lower -->
# Distillation helps a small student. <!-- c6: higher -->
# An SVD of the same size did better. <!-- c7: higher -->
# Bytes are not time: int8 is faster only with a kernel that reads int8.
# #### 中文
# 我先算用户这一侧。完整的 MAML 要为每个用户存一个网络；闭式解预测头只存九个数，而且随时能由评分重新解出。每个数四比特代价很小，<!-- c1: small -->
# 一比特太粗。<!-- c2: higher -->
# 然后是共享的大表：int8 只占四分之一字节，看不出损失。<!-- c3: equal -->
# 物品-物品表可以剪掉九成，但要剪小的，不能随机剪。<!-- c4: lower -->
# 蒸馏对小的学生有用，<!-- c6: higher -->
# 但同样大小的 SVD 更好。<!-- c7: higher -->
# 字节少不等于快：只有能直接读 int8 的算子才会变快。

# %% [markdown] tags=["answer-full"]
# **Count what is multiplied by users.** Adapted state times $10^8$: a network of $10^5$ float weights takes 40 TB, a head of nine floats 3.6 GB. So
# adapt fewer numbers: a head, a context vector, or a LoRA of rank $r$ (of a 7B model still 8.4 MB a user). Then spend fewer bits on each. On ML-100K four bits a weight cost
# a clear but small error; <!-- c1: small -->
# one bit costs a lot. <!-- c2: higher -->
# Twenty ratings take 60 bytes (two for the film, one for the stars; with $10^9$ ids 100 bytes) and re-solve the head exactly: store events, cache states.
#
# **Quantise.** Symmetric int8 keeps a code and a scale per row:
#
# $$w \approx s\,q, \qquad s = \max |w| / 127, \qquad q = \mathrm{round}(w / s)$$
#
# A weight moves by half a step at most, and a score sums many such errors, which partly cancel. On an EASE table no loss in nDCG@10 is seen. <!-- c3: equal -->
#
# **Prune.** Keep the weights of largest magnitude. With ten per cent of EASE's weights no loss is seen; <!-- c5: equal -->
# keep ten per cent at random, and much is lost. <!-- c4: lower -->
# A kept weight needs its position too, so a tenth of the weights is not a tenth of the bytes. Structured pruning removes whole rows or units, and needs no
# positions.
#
# **Low rank and distillation.** A student of 64 units learns from likes and from the softmax of the teacher's scores. It beats the same student from
# scratch. <!-- c6: higher -->
# But the teacher's own singular vectors, in as many bytes, beat that student. <!-- c7: higher -->
# They also use the tenth of the ratings that the student keeps apart to know when to stop. Try the closed form first. Distil when the student must have another form or other inputs.
#
# **Embedding tables.** Give rare ids no row, use fewer bits, then a smaller dimension, then shared rows by hashing: my order of risk, not measured here.
#
# **Latency.** A look-up is usually bound by memory traffic and by the number of kernels. Unpacking int8 to float first is slower than float; a
# fused kernel need not be. A sparse table saves bytes. Here it saved time only against a rival that multiplies by the zeros, and part of its time was the library's
# call. Measure on the serving machine, at its batch size, at P99.

# %% [markdown] tags=["zh"]
# **先算要乘用户数的部分。** 每用户的适应状态乘以 $10^8$：$10^5$ 个浮点权重的网络是 40 TB，九个浮点数的预测头是 3.6 GB。所以先减少要适应的数：只适应预测头、上下文向量，或秩为 $r$ 的 LoRA（7B 模型每用户仍要 8.4 MB）；
# 再减少每个数的比特。在 ML-100K 上，每个权重四比特，误差确有上升，但很小；<!-- c1: small -->
# 一比特代价很大。<!-- c2: higher -->
# 二十条评分一共 60 字节（影片两字节，星级一字节；若有 $10^9$ 个 id，则是 100 字节），就能精确地重新解出预测头：行为落库，状态只做缓存。
#
# **量化。** 对称 int8 每行存编码和一个缩放系数：
#
# $$w \approx s\,q, \qquad s = \max |w| / 127, \qquad q = \mathrm{round}(w / s)$$
#
# 每个权重最多偏半个步长，而得分把许多这样的误差加在一起，正负会抵消一部分。用在 EASE 的表上，nDCG@10 看不出损失。<!-- c3: equal -->
#
# **剪枝。** 留下绝对值最大的权重。EASE 只留百分之十，看不出损失；<!-- c5: equal -->
# 随机留百分之十，损失很大。<!-- c4: lower -->
# 留下的权重还要记位置，所以十分之一的权重不等于十分之一的字节。结构化剪枝整行、整个单元地去掉，不用记位置。
#
# **低秩与蒸馏。** 64 个单元的学生，同时学用户的喜欢和教师得分的 softmax，胜过从零训练的同一个学生。<!-- c6: higher -->
# 但教师自己的奇异向量，占同样的字节，又胜过这个学生。<!-- c7: higher -->
# 奇异向量还多用了十分之一的评分：学生要留出这些来早停。先试闭式解；学生必须换结构、换输入时，再做蒸馏。
#
# **embedding 表。** 先不给低频 id 单独的行，再减比特，再减维度，最后才用哈希共用行：这是我估计的风险顺序，这里没有测。
#
# **延迟。** 查表的瓶颈通常是访存和算子个数。先把 int8 还原成浮点再算，比浮点还慢；融合算子则不必。稀疏表省的是字节。在这里，只有对手把那些零也乘一遍时，它才省时间，而它的用时里有一部分只是库的
# 调用开销。要在线上机器、线上 batch 大小下测 P99。

# %% [markdown]
# ## 1. What does a user weigh?
# Everything that is adapted is stored once per user. Below: bytes per user times the number of users. LoRA is counted on q and v of 32 layers of width 4,096, in bf16.
# Move the slider.

# %% [markdown] lang="zh"
# ## 1. 一个用户有多重？
# 凡是做了适应的参数，每个用户都要存一份。下图是每用户字节数乘以用户数。LoRA 按 32 层、宽 4,096 的 q 和 v、bf16 计算。拖动滑块试试。

# %%
import numpy as np
import pandas as pd
import torch
from metarec_lib import EASE, claim, compress, evaluate_ranking, latency, load_data
from metarec_lib import load_study, mine, plots, seed
from metarec_lib.workbook.core import glossary, pick

SEED = seed()
study = load_study("q15")


def text(name):
    return pick(TEXTS[name])  # in the reader's language


# %% tags=["figure"]
TEXTS = {
    "maml": ("MAML, 100,000 floats", "MAML，100,000 个浮点数"),
    "lora": ("LoRA, 7B, r = 8", "LoRA，7B，r = 8"),
    "context": ("context, 32 floats", "上下文，32 个浮点数"),
    "head": ("head, 9 floats", "预测头，9 个浮点数"),
    "head4": ("head, 9 × 4 bits", "预测头，9 × 4 比特"),
    "ratings": ("the 20 ratings", "20 条评分本身"),
    "tb": ("log10 of megabytes", "MB 的常用对数"),
    "weigh": ("Millions of users:", "用户数（百万）："),
    "alt weigh": (
        "Bars of what all users' states take, on a log scale, for six kinds of state; LoRA of a large model takes most.",
        "六种状态下全部用户共占多少空间的条形图（对数），大模型的 LoRA 最多。",
    ),
    "bits": ("bits a weight, nine weights a user", "每个权重的比特数，每用户九个权重"),
    "rmse": ("RMSE (stars)", "RMSE（星）"),
    "state": ("New users whose state is rounded", "状态被量化的新用户"),
    "gap": ("minus the float state, K = 20 (stars)", "减去浮点状态，K = 20（星）"),
    "alt state": (
        "RMSE over bits for five and twenty ratings: both curves fall steeply up to three bits and are nearly flat from four on.",
        "RMSE 随比特数变化，两条曲线分别是五条和二十条评分：三比特以内迅速下降，四比特之后几乎变平。",
    ),
    "tables": ("nDCG@10 in fewer bytes", "字节更少时的 nDCG@10"),
    "ndcg": ("nDCG@10", "nDCG@10"),
    "alt tables": (
        "Bars of nDCG@10 for eight forms of a table and a student: seven tables nearly equal, the distilled student shorter, the randomly pruned table far shorter.",
        "八种形式的表和一个学生的 nDCG@10 条形图：七种表几乎等长，蒸馏的学生短一些，随机剪枝的短得多。",
    ),
    "bytes": ("bytes on disk", "磁盘字节数"),
    "share": ("share of float32", "占 float32 的比例"),
    "yours": ("bytes of 50 rows", "50 行的字节数"),
    "error": ("largest error", "最大误差"),
    "lookup": ("time / 50 dense rows", "用时 ÷ 查 50 行稠密表"),
    "product": ("time / dense product", "用时 ÷ 整表稠密乘法"),
    "students": ("Same bytes: difference from the student from scratch", "字节数相同：与从零训练的学生之差"),
    "diff": ("difference in nDCG@10", "nDCG@10 之差"),
    "alt students": (
        "Two intervals right of zero: the distilled student, and further right the teacher's table at rank 64.",
        "两个区间都在零的右侧：蒸馏的学生；以及更靠右的、教师的秩 64 的表。",
    ),
}


# %% tags=["play", "nbval-ignore-output"]
def weigh(millions=100):
    sizes = {"lora": 8.4e6, "maml": 4e5, "context": 128, "ratings": 60, "head": 36}
    sizes["head4"] = 4.5
    drawn = {}
    for k, b in sizes.items():
        named = f"{text(k)}: {b * millions / 1e3:,.1f} GB"
        drawn[named] = float(np.log10(b * millions))
    title = f"{text('weigh')} {millions}"
    return plots.bars(drawn, title=title, xlabel=text("tb"))


plots.play(weigh, millions=(10, 1000, 10), alt=text("alt weigh"))

# %% [markdown] tags=["expect"]
# **What do you expect?** A head has nine weights a user. How many bits a weight before the error of new users rises: 8, 4, 2 or 1?

# %% [markdown] lang="zh"
# **你猜结果如何？** 预测头每用户九个权重。每个权重减到多少比特，新用户的误差才会上升：8、4、2 还是 1？

# %% [markdown]
# The study fits one closed-form head a seed and rounds only the states of new users. The levels are chosen on learning users.

# %% [markdown] lang="zh"
# 研究里每个种子拟合一个闭式解预测头，只把新用户的状态量化。量化档位在训练用户上选。

# %%
bits, curves = (0, 1, 2, 3, 4, 8), {}
for k in (5, 20):
    curves[f"K = {k}"] = [study.mean(f"{b}-bit state", "rmse", k=k) for b in bits]
named = {"title": text("state"), "xlabel": text("bits"), "ylabel": text("rmse")}
fig = plots.lines(bits, curves, **named, xticks=bits)
plots.show(fig, alt=text("alt state"))

# %%
exact = study.mean("float state", "rmse", k=20)
gap = {b: curves["K = 20"][i] - exact for i, b in enumerate(bits)}
plots.table(pd.DataFrame({text("gap"): gap}).T, digits=4)

# %% tags=["claim"]
found = study.compare("4-bit state", "float state", "rmse", k=20)
claim("RMSE", "4-bit state", "float state", found, at="K = 20")

# %% tags=["claim"]
found = study.compare("1-bit state", "4-bit state", "rmse", k=20)
claim("RMSE", "1-bit state", "4-bit state", found, at="K = 20")

# %% [markdown]
# At eight bits the table shows no cost. Nine numbers of four bits are 4.5 bytes, and cost a clear but small error. <!-- c1: small -->
# One bit costs much. <!-- c2: higher -->
# A state is a cache: 20 ratings of 3 bytes, item and stars, rebuild it exactly, and must be kept for `update` anyway. (In q07 each takes 8: two numbers in float32.)
#
# ## 2. The table in fewer bytes
# EASE learns one weight for each pair of films by one solve: 1,682 × 1,682 numbers. `compress` packs them, `save` writes the file, and the file is
# measured. A live run on one split, judged on all users, tuning users too:

# %% [markdown] lang="zh"
# 八比特在表里看不出代价。九个四比特的数是 4.5 字节，误差确有上升，但很小。<!-- c1: small -->
# 一比特代价很大。<!-- c2: higher -->
# 状态只是缓存：20 条评分每条 3 字节，存物品和星级，就能精确还原，而 `update` 本来就要用到它们。（q07 里每条占 8 字节：两个 float32 数。）
#
# ## 2. 用更少的字节存表
# EASE 解一次方程，为每一对影片学一个权重：共 1,682 × 1,682 个数。`compress` 负责打包，`save` 写文件，字节数按文件实测。先在一次划分上跑一遍，用全部用户评估，包括调参用户：

# %%
train, test = load_data("ml-100k", split="random", seed=SEED)
teacher = EASE(dtype="float32").fit(train)
small = {"float32 table": compress(teacher, "float32"), "int8 table": compress(teacher)}
small["pruned to 10 %"] = compress(teacher, "magnitude", keep=0.1)
by_chance = compress(teacher, "random", keep=0.1, seed=SEED)
small["randomly pruned to 10 %"] = by_chance
for name, packed in small.items():
    ndcg = evaluate_ranking(packed.model, test)["ndcg@10"].mean()
    print(f"{glossary.say(name)}: {ndcg:.3f}")

# %% [markdown]
# **int8 by hand.** Your `quantize_int8` will do the same with one scale a row. Here row by row, in a loop, against the library:

# %% [markdown] lang="zh"
# **手写 int8。** 你要写的 `quantize_int8` 做同样的事，每行一个缩放系数。这里用循环逐行算，再与库对照：

# %% tags=["from-scratch"]
table = teacher.weights_[:50].cpu().numpy()
by_hand = np.zeros((50, 1683), dtype=np.float32)
for r, row in enumerate(table):
    step = max(abs(row.min()), abs(row.max())) / 127 or 1.0
    by_hand[r] = [step * np.rint(w / step) for w in row]
packed = small["int8 table"].tables["weights_"].dense()[:50]
print("agrees:", np.allclose(by_hand, packed, atol=1e-6))

# %% tags=["exercise"]
with mine("q15") as my:
    codes, scale = my.quantize_int8(teacher.weights_[:50])
    error = my.dequantize_int8(codes, scale) - teacher.weights_[:50]
    print(f"{text('yours')}: {codes.nbytes + scale.nbytes:,}")
    print(f"{text('error')}: {float(error.abs().max()):.4f}")

# %% [markdown] tags=["expect"]
# **What do you expect?** Keep a tenth of the weights: what does it cost if they are the largest, and if they are drawn at random?

# %% [markdown] lang="zh"
# **你猜结果如何？** 只留十分之一的权重：留最大的代价多大？随机留呢？

# %%
names = ("float32 table", "int8 table", "int4 table",
         "pruned to 50 %", "pruned to 10 %", "pruned to 2 %",
         "randomly pruned to 10 %", "rank-64 table", "distilled student")
size = pd.Series({n: study.mean(n, "bytes") for n in names}).rename(glossary.say)
share = size / size.iloc[0]
plots.table(pd.DataFrame({text("bytes"): size.astype(int), text("share"): share}))

# %% tags=["figure"]
drawn = {glossary.say(name): study.mean(name, "ndcg@10") for name in names}
named = {"title": text("tables"), "xlabel": text("ndcg")}
fig = plots.bars(drawn, **named, digits=3)
plots.show(fig, alt=text("alt tables"))

# %% tags=["claim"]
found = study.compare("int8 table", "float32 table", "ndcg@10")
claim("nDCG@10", "int8 table", "float32 table", found)

# %% tags=["claim"]
found = study.compare("randomly pruned to 10 %", "pruned to 10 %", "ndcg@10")
claim("nDCG@10", "randomly pruned to 10 %", "pruned to 10 %", found, headline=True)

# %% tags=["claim"]
found = study.compare("pruned to 10 %", "float32 table", "ndcg@10")
claim("nDCG@10", "pruned to 10 %", "float32 table", found)

# %% [markdown]
# int8 costs nothing visible. <!-- c3: equal -->
# Nor does keeping the largest tenth of the weights. <!-- c5: equal -->
# A tenth at random is another matter. <!-- c4: lower -->
# Look at the bytes as well: a tenth of the weights takes more than a tenth, since positions are stored.
#
# ## 3. Bytes are not time
# One user with 50 likes: the sum of 50 rows. The times are of your machine, divided by float32's. The pruned tables are SciPy's CSR, and have two rivals: the same 50 rows
# of the dense table, and a dense product with all 1,682.

# %% [markdown] lang="zh"
# int8 看不出损失。<!-- c3: equal -->
# 只留最大的十分之一，也看不出损失。<!-- c5: equal -->
# 随机留十分之一就完全不同。<!-- c4: lower -->
# 再看字节：十分之一的权重占的字节不止十分之一，因为还要存位置。
#
# ## 3. 字节少不等于快
# 一个有 50 个喜欢的用户：把 50 行加起来。下面是在你的机器上测的时间，除以 float32 的用时。剪枝后的表用 SciPy 的 CSR，对手有两个：只查稠密表里的那 50 行；或者与全部 1,682 行做稠密乘法。

# %% tags=["nbval-ignore-output"]
rows, table = torch.arange(50) * 33, teacher.weights_.cpu()
ops, bag = torch.ops.quantized, torch.nn.functional.embedding_bag
arrays = small["int8 table"].tables["weights_"].arrays
codes, scale = torch.as_tensor(arrays["codes"]), torch.as_tensor(arrays["scale"])
packed, start = ops.embedding_bag_byte_prepack(table), torch.zeros(1).long()
fused = ops.embedding_bag_byte_rowwise_offsets
likes = np.isin(np.arange(len(table)), rows)[None].astype(np.float32)
whole = latency(lambda: bag(rows[None], table, mode="sum"))
unpacked = latency(lambda: scale[rows] @ codes[rows].float())
kernel = latency(lambda: fused(packed, rows, start))
took = {"int8, unpacked first": unpacked / whole, "int8 kernel": kernel / whole}

# %% tags=["nbval-ignore-output"]
dense, product = table.numpy(), {}
every_row = latency(lambda: likes @ dense)
for percent in (50, 10, 2):
    pruned = compress(teacher, "magnitude", keep=percent / 100)
    csr, name = pruned.tables["weights_"].csr(), f"pruned to {percent} %"
    one = type(csr)(likes)
    spent = latency(lambda one=one, csr=csr: one @ csr)
    took[name], product[name] = spent / whole, spent / every_row
none = type(csr)(csr.shape, dtype=np.float32)
took["empty table"] = latency(lambda: one @ none) / whole
frame = pd.DataFrame({text("lookup"): took, text("product"): product})
plots.table(frame.rename(index=glossary.say), digits=1)

# %% [markdown]
# Unpacking int8 first takes several times as long as float32: probably more kernels, more traffic. The fused kernel (PyTorch's, with an offset a row as well) reads int8 and escapes that.
# Now the two columns of the pruned tables. Against a dense product with all rows, a table with two per cent left looks fast; but that product multiplies 1,632 rows by zero. Against a look-up of
# the 50 rows that are needed it wins nothing. The last row, a table with no weight left, is SciPy's call alone: much of the time, so another sparse kernel might win. Ask what the rival was, and what the call
# costs.
#
# ## 4. Distil, or factorise?
# A student with 64 units has two tables of 64 numbers a film. It learns from likes alone, or from EASE's scores as well
# (`fit(..., compression_target=True)`). EASE's table at rank 64 takes as many bytes and needs no further training. The settings were chosen
# on tuning users, once: 7 settings for the student alone, 5 for the distilled one. Both students keep a tenth of their ratings apart to know when to stop; EASE's table uses them all. Hinton et al. soften logits: T > 1 on both sides, and T² in front of the loss to keep the
# gradient's size. EASE's scores are no logits and hardly ever exceed 1, so here T = 0.1 sharpens them; it divides the teacher's scores alone.

# %% [markdown] lang="zh"
# 先还原 int8 再算，用时是 float32 的几倍：多半因为算子更多、访存更多；融合算子（PyTorch 自带，每行另有一个偏移）直接读 int8，没有这个问题。再看剪枝的两列：与整表的稠密乘法相比，只剩百分之二的表显得很快；
# 可那个乘法里有 1,632 行乘的是零。与只查所需的 50 行相比，它并不占便宜。但也别急着下结论：最后一行的空表一个权重也没有，只剩 SciPy 的调用开销，占了用时的很大一部分，换一个稀疏算子也许会赢。看到“加速”，
# 先问对手是谁、调用本身花了多少。
#
# ## 4. 蒸馏，还是分解？
# 64 个单元的学生有两张表，每部影片各 64 个数。它可以只学喜欢，也可以同时学 EASE 的得分（`fit(..., compression_target=True)`）。EASE 的表降到秩 64，字节数相同，而且不用再训练。
# 各项设置在调参用户上选过一次：单独的学生试了 7 组设置，蒸馏的试了 5 组。两个学生都留出十分之一的评分来早停，EASE 的表则全部用上。Hinton 等人软化的是 logit：两边都除以 T > 1，损失再乘 T²，好保持梯度的大小。EASE 的得分不是 logit，极少超过 1，
# 所以这里 T = 0.1 是在锐化，而且只除教师的得分。

# %% tags=["figure"]
pairs, alone = {}, "student from scratch"
for name in ("distilled student", "rank-64 table"):
    pairs[name] = study.compare(name, alone, "ndcg@10")
shown = {glossary.say(n): pair for n, pair in pairs.items()}
fig = plots.intervals(shown, title=text("students"), xlabel=text("diff"))
plots.show(fig, alt=text("alt students"))

# %% tags=["claim"]
claim("nDCG@10", "distilled student", alone, pairs["distilled student"])

# %% tags=["claim"]
found = study.compare("rank-64 table", "distilled student", "ndcg@10")
claim("nDCG@10", "rank-64 table", "distilled student", found)

# %% [markdown]
# The teacher helps. <!-- c6: higher -->
# The closed form helps more. <!-- c7: higher -->
# Both lie below the teacher in the figure of section 2; so does the table pruned to two per cent, which takes less than half their bytes and stands above the student. A guess: the teacher is linear, so a linear
# factorisation fits it best. A teacher that is a deep network has no such shortcut.

# %% [markdown] lang="zh"
# 教师有用。<!-- c6: higher -->
# 闭式解更有用。<!-- c7: higher -->
# 在第 2 节的图里，两者都低于教师；只留百分之二的表也低于教师，但字节数不到它们的一半，却高于学生。猜测：教师是线性的，线性分解自然最合适。教师若是深层网络，就没有这条捷径。

# %% [markdown] tags=["rubric"]
# #### English
# - [2] counts adapted state per user times users before anything else, with numbers
# - [2] quantisation: scale per row, what is rounded, why int8 is nearly free
# - [2] pruning by magnitude against a random control, and the bytes of positions
# - [2] distillation: soft targets, temperature, and a student from scratch as the baseline
# - [2] latency is measured: kernels, memory traffic, batch size, P99
# #### 中文
# - [2] 先算每用户的适应状态乘以用户数，给出数字
# - [2] 量化：每行的缩放系数、取整的是什么、为什么 int8 几乎无损
# - [2] 按绝对值剪枝，并与随机剪枝对照；位置也占字节
# - [2] 蒸馏：软目标、温度，并以从零训练的学生为基线
# - [2] 延迟要实测：算子、访存、batch 大小、P99

# %% [markdown] tags=["pitfalls"]
# #### English
# - **"int8 makes it four times faster."** → It makes it four times smaller. Speed depends on a kernel that reads int8 (section 3).
# - **"Pruned to two per cent, so it is fast."** → Against which rival? A look-up of the dense rows that are needed was not slower (section 3).
# - **"Any pruning works on an overparametrised model."** → At the same share, random pruning lost what magnitude kept.
# - **"The distilled student beats the baseline."** → Which baseline? The same student from scratch, tuned as well, and a factorisation in as many bytes.
# #### 中文
# - **“int8 快四倍。”** → 是小四倍。快不快取决于有没有直接读 int8 的算子（第 3 节）。
# - **“剪到百分之二，当然快。”** → 跟谁比？只查所需的稠密行，并不比它慢（第 3 节）。
# - **“模型过参数化，怎么剪都行。”** → 同样的比例，按绝对值剪保住的，随机剪就丢了。
# - **“蒸馏的学生胜过基线。”** → 哪个基线？要与同样调过参、从零训练的同一个学生比，也要与同样字节的分解比。

# %% [markdown] tags=["follow-ups"]
# #### English
# <details><summary>int8 gave no speed-up: why?</summary>
# Codes were unpacked to float before the product, the kernel was launch-bound, or the time is elsewhere: feature look-up, network. Profile first. Large products gain where
# hardware multiplies int8; an embedding look-up gains from less memory traffic.</details>
# <details><summary>10⁹ rows: what first, dimension, bits, hashing, or pruning of rare ids?</summary>
# Admission first: rare ids get no row. Then bits, since int8 or int4 after training needs no change of the model. Then dimension, smaller for rare ids. Hashing last, by my order; industry
# disagrees: Monolith removes collisions, Unified Embedding shares one table on purpose. Slice the loss by how rare the id is.</details>
# <details><summary>P99 is over budget. What do you cut, and how do you degrade?</summary>
# Profile by stage: feature fetch, recall, ranking, the slowest shard. Cheap knobs first: fewer candidates, caching, batching. Then the model: a kernel that reads int8 or fp8, the user's
# side computed once a request, the ranker distilled into a pre-ranker. Prepare the fallback: after a time-out the small model or a cached list, and count how often.</details>
# <details><summary>The teacher's scores are a day old. What happens?</summary>
# The student learns yesterday's distribution; I would expect new items to suffer first. Weigh the teacher less there, recompute on fresh logs, or bridge the gap with an adapter, as
# ExFM reports. Keep the labels of both the same, and never let the teacher see the student's test day.</details>
# <details><summary>We have clicks, not stars. What changes?</summary>
# Little: EASE here uses likes as ones already. The state is a sum over clicked items; exposure must be logged, or the table learns what was shown.</details>
# #### 中文
# <details><summary>int8 没有变快，为什么？</summary>
# 可能在相乘之前就还原成了浮点；可能瓶颈在算子启动；也可能时间花在别处：取特征、网络。先做 profile。大矩阵乘要硬件支持 int8 才快；查表靠的是访存减少。</details>
# <details><summary>10⁹ 行：先减维度、减比特、做哈希，还是剪掉低频 id？</summary>
# 先做准入：低频 id 不给行。再减比特，训练后的 int8、int4 不用改模型。再减维度，低频 id 用更小的维度。我把哈希放最后，但业界并无定论：Monolith 消除冲突，Unified Embedding 却有意共用一张表。
# 要按 id 的频次分桶看损失。</details>
# <details><summary>P99 超预算了，先砍什么？怎么降级？</summary>
# 先按阶段做 profile：取特征、召回、精排、最慢的分片。先动便宜的：减候选数、加缓存、攒 batch。再动模型：能直接读 int8 或 fp8 的算子，用户侧每次请求只算一次，把精排蒸馏成粗排。
# 降级要提前备好：超时就走小模型或缓存结果，并统计降级率。</details>
# <details><summary>教师的得分是一天前的，会怎样？</summary>
# 学生学到的是昨天的分布，我估计新物品最先受影响。对新物品降低教师的权重，或用新日志重算，或像 ExFM 报告的那样加一个适配器补差距。师生的标签口径要一致，且不能让教师见过学生的测试日。</details>
# <details><summary>我们只有点击，没有星级，有什么不同？</summary>
# 差别不大：这里的 EASE 本来就把喜欢当作 1。状态是点击物品的加和；要记录曝光，否则表学到的是“展示了什么”。</details>

# %% [markdown] tags=["exercise"]
# ## Your turn
# Write four functions in [`exercises/q15_model_compression.py`](../exercises/q15_model_compression.py), about 22 minutes:
#
# - `quantize_int8` and `dequantize_int8`: one scale a row, and back.
# - `magnitude_prune`: exactly so many entries stay.
# - `distillation_loss`: likes and a softened teacher.
#
# Then run the cell below. Stuck? In the cell after it, take the `#` away and run: each run gives the next of three hints.

# %% [markdown] lang="zh"
# ## 动手
# 在 [`exercises/q15_model_compression.py`](../exercises/q15_model_compression.py) 里写四个函数，大约 22 分钟：
#
# - `quantize_int8` 和 `dequantize_int8`：每行一个缩放系数，以及还原。
# - `magnitude_prune`：恰好留下这么多元素。
# - `distillation_loss`：喜欢，加上软化的教师。
#
# 写完运行下面的单元格。卡住了？把再下面那个单元格里的 `#` 去掉再运行：每运行一次给出下一条提示，共三条。

# %% tags=["exercise"]
from metarec_lib import check, what_was_measured

check("q15")

# %% tags=["exercise"]
# from metarec_lib import hint; hint("q15", "quantize_int8")

# %% tags=["measured"]
what_was_measured()

# %% [markdown] tags=["references"]
# **Read first · 先读：** Steck (2019), [*Embarrassingly Shallow Autoencoders for Sparse Data*](https://arxiv.org/abs/1905.03375), WWW: EASE.
#
# - Hinton, Vinyals & Dean (2015), [*Distilling the Knowledge in a Neural Network*](https://arxiv.org/abs/1503.02531), NeurIPS workshop.
# - Han, Pool, Tran & Dally (2015), [*Learning both Weights and Connections for Efficient Neural Networks*](https://arxiv.org/abs/1506.02626), NeurIPS.
# - Liang, Krishnan, Hoffman & Jebara (2018), [*Variational Autoencoders for Collaborative Filtering*](https://arxiv.org/abs/1802.05814), WWW: the student.
# - Guan, Malevich, Yang, Park & Yuen (2019), [*Post-Training 4-bit Quantization on Embedding Tables*](https://arxiv.org/abs/1911.02079), arXiv.
# - Liu et al. (2022), [*Monolith: Real Time Recommendation System With Collisionless Embedding Table*](https://arxiv.org/abs/2209.07663), arXiv.
# - Coleman et al. (2023), [*Unified Embedding: Battle-Tested Feature Representations for Web-Scale ML Systems*](https://arxiv.org/abs/2305.12102), NeurIPS.
# - Liang et al. (2025), [*External Large Foundation Model: How to Efficiently Serve Trillions of Parameters for Online Ads Recommendation*](https://arxiv.org/abs/2502.17494), arXiv: ExFM.
