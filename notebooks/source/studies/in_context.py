"""The study of learning in context: a small Transformer trained on random linear tasks, against the best possible."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
import torch

from metarec_lib import InContextRegressor, study_rows
from metarec_lib.meta.in_context import bayes, linear_tasks

SEEDS = (10, 11, 12)
INPUTS, NOISE, STEPS, TASKS = 4, 0.5, 2500, 4000
EXAMPLES, STRENGTHS = (1, 2, 4, 8, 16), {"inside": 1.0, "outside": 2.0}


def run(seed: int) -> Iterator[pd.DataFrame]:
    """Mean squared difference from the true x . w of one new x, by how many examples were read."""
    model = InContextRegressor(INPUTS, seed=seed)
    model.fit(NOISE, longest=max(EXAMPLES), steps=STEPS, seed=seed)
    yield study_rows("parameters", "in-context Transformer", model.n_parameters)
    for tasks, strength in STRENGTHS.items():
        for k in EXAMPLES:
            rng = np.random.default_rng([seed, k])
            x, y, w = linear_tasks(TASKS, k + 1, INPUTS, NOISE, rng, strength)
            asked, truth = x[:, k], (x[:, k] * w).sum(1)
            with torch.no_grad():
                read = model.predict(x[:, :k], y[:, :k], x[:, k:])[:, 0].double()
            guesses = {
                "in-context Transformer": read,
                "Bayes": (asked * bayes(x[:, :k], y[:, :k], NOISE, strength)).sum(1),
                "Bayes with the training prior": (asked * bayes(x[:, :k], y[:, :k], NOISE)).sum(1),
                "zero": torch.zeros_like(truth),
            }
            for name, guess in guesses.items():
                yield study_rows("excess", name, float(((guess - truth) ** 2).mean()), tasks=tasks, k=k)
