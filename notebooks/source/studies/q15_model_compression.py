"""The study of q15: a large table in fewer bytes, a small student with and without a teacher, a user in few bits."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from metarec_lib import (
    EASE,
    CompactMetaLearningModel,
    DistilledAutoencoder,
    codebook,
    compress,
    evaluate_ranking,
    evaluate_tasks,
    latency,
    load_data,
    load_movielens,
    make_tasks,
    split_users,
    study_rows,
    tuning_users,
)
from metarec_lib.models.compression import Compressed, PackedTable

SEEDS = (10, 11, 12, 13, 14)
BITS, SUPPORTS = (0, 1, 2, 3, 4, 8), (5, 20)
PACKED = {
    "float32 table": ("float32", {}),
    "int8 table": ("int8", {}),
    "int4 table": ("int4", {}),
    "pruned to 50 %": ("magnitude", {"keep": 0.5}),
    "pruned to 10 %": ("magnitude", {"keep": 0.1}),
    "pruned to 2 %": ("magnitude", {"keep": 0.02}),
    "randomly pruned to 10 %": ("random", {"keep": 0.1}),
    "rank-64 table": ("low_rank", {"rank": 64}),
}
# chosen on tuning users, seed 100, of seven settings for the student alone and five for the distilled one
STUDENTS = {
    "student from scratch": (False, {"dropout": 0.3, "decay": 4e-4}),
    "distilled student": (True, {"dropout": 0.0, "decay": 1e-5}),
}


def run(seed: int) -> Iterator[pd.DataFrame]:
    """nDCG@10, bytes and time of the tables and students; squared error of new users by the bits of their state."""
    yield from tables(seed)
    yield from states(seed)


def tables(seed: int) -> Iterator[pd.DataFrame]:
    """A fifth of each user's ratings held out at random; judged on the users who are not for tuning."""
    train, test = load_data("ml-100k", split="random", seed=seed)
    judged = np.setdiff1d(train.users["user_id"], tuning_users(train))
    teacher = EASE(dtype="float32").fit(train)
    for name, (method, how) in PACKED.items():
        small = compress(teacher, method, seed=seed, **how)
        yield study_rows("ndcg@10", name, ndcg(small.model, test, judged))
        yield study_rows("bytes", name, size_of(small))
        yield from times(name, small.tables["weights_"], seed)
    for name, (taught, settings) in STUDENTS.items():
        student = DistilledAutoencoder(seed=seed, dtype="float32", epochs=25, patience=3, **settings)
        student.fit(train, compression_target=taught)
        yield study_rows("ndcg@10", name, ndcg(student, test, judged))
        yield study_rows("bytes", name, size_of(compress(student, "float32")))


def ndcg(model: object, test: object, judged: np.ndarray) -> pd.Series:
    """nDCG@10 of each judging user, all items ranked that the user has not rated in training."""
    return evaluate_ranking(model, test)["ndcg@10"].loc[lambda s: s.index.isin(judged)]


def size_of(small: Compressed) -> int:
    with tempfile.TemporaryDirectory() as folder:
        return small.save(Path(folder) / "tables.npz")


def times(name: str, table: PackedTable, seed: int) -> Iterator[pd.DataFrame]:
    """Time of one user's 50 rows in torch, and of the whole product where it is sparse, each over that of float32."""
    rng = np.random.default_rng(seed)
    rows, dense = rng.choice(1682, 50, replace=False), table.dense()
    bag, whole, start = torch.as_tensor(rows), torch.as_tensor(dense), torch.zeros(1, dtype=torch.int64)
    x = np.zeros(len(dense), dtype=np.float32)
    x[rows] = 1
    base = latency(lambda: torch.nn.functional.embedding_bag(bag[None], whole, mode="sum"))
    if name == "int8 table":
        codes, scale = (torch.as_tensor(table.arrays[n]) for n in ("codes", "scale"))
        yield study_rows("time", "int8, unpacked first", latency(lambda: scale[bag] @ codes[bag].float()) / base)
        packed = torch.ops.quantized.embedding_bag_byte_prepack(whole)
        kernel = torch.ops.quantized.embedding_bag_byte_rowwise_offsets
        yield study_rows("time", "int8 kernel", latency(lambda: kernel(packed, bag, start)) / base)
    if name.startswith("pruned"):
        columns = table.csr().T.tocsr()
        yield study_rows("time", name, latency(lambda: columns @ x) / latency(lambda: x @ dense))


def states(seed: int) -> Iterator[pd.DataFrame]:
    """New users under one head; only the bits of their nine weights differ. The codebook is made from learning users."""
    data = load_movielens("ml-100k")
    learning, _, judging = split_users(data, seed=seed)
    model = CompactMetaLearningModel(seed=seed).fit(data.subset(np.isin(data.ratings["user_id"], learning)))
    with torch.no_grad():
        known = model.adapt(model.ratings_of(learning)).mean
    for k in SUPPORTS:
        tasks = make_tasks(data, judging, k=k, pool=20, seed=seed)
        yield study_rows("rmse", "float state", evaluate_tasks(model, tasks, ("rmse",), judging)["rmse"], k=k)
        for bits in BITS:
            found = codebook(known, bits)
            model.set_params(bits=bits).centre_, model.step_ = found.centre, found.step
            errors = evaluate_tasks(model, tasks, ("rmse",), judging)["rmse"]
            yield study_rows("rmse", f"{bits}-bit state", errors, k=k)
            yield study_rows("bytes", f"{bits}-bit state", found.bytes_per_user, k=k)
        del model.step_
