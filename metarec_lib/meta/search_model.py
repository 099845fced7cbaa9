"""A model that tunes itself: an optuna study inside `fit`, with a pruner, a storage that survives a kill, and workers.

Shapes: B users, K support and Q query ratings, D = R + 1 weights of a user.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from metarec_lib.data.interactions import Interactions
from metarec_lib.data.tasks import make_tasks
from metarec_lib.evaluation.protocols import evaluate_tasks
from metarec_lib.meta.pca import FactorRecommender, ProbabilisticPCA
from metarec_lib.meta.ridge import LinearHead
from metarec_lib.meta.search import SAMPLERS, Space, sampler_named, suggest
from metarec_lib.models.arguments import COUNT
from metarec_lib.models.base import settings

SPACE: Space = {"rank": (1, 2, 4, 8, 16), "scale": (0.35, 0.5, 0.7, 1.0, 1.4, 2.0)}
KNOWN, FEWEST = 5, 8  # ratings known of a validation user, and the fewest that such a user has
FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)


@settings
class MetaSearchModel(LinearHead, FactorRecommender):
    """Probabilistic PCA whose rank and prior scale are searched, the scale as a multiple of what was learned.

    A trial is judged on users of the training data that it did not learn from, `folds` groups one after the other; the
    median pruner stops it after a group (Golovin et al. 2017, KDD). Then all users are learned from. The first trial is
    the default. storage: a file; a `fit` that was killed goes on there, and several processes may work on one file. With
    it the study belongs to these ratings and settings: use another file for others. workers: threads; with more than one
    the order of the trials, and so what is found, is not repeatable. Too few users to judge on: the default stays.
    """

    trials: int = 12
    folds: int = 3
    sampler: str = "tpe"
    storage: str | None = None
    workers: int = 1

    ranges = {"trials": COUNT, "folds": COUNT, "sampler": SAMPLERS, "workers": COUNT}

    def _learn(self, data: Interactions) -> None:
        best = {"rank": self.rank, "scale": 1.0}
        groups = self._groups(data)
        if groups:
            study = self._study()
            with ThreadPoolExecutor(self.workers) as pool:
                list(pool.map(lambda _: self._work(study, data, groups), range(self.workers)))
            best = configuration(study.best_trial)
        self._take(self._tuned(data, best))
        self.best_ = best

    def _groups(self, data: Interactions) -> list[np.ndarray]:
        """Ids of the validation users of each fold; none where a fold would have fewer than two."""
        counts = np.bincount(data.user_codes, minlength=data.n_users)
        users = data.users["user_id"].to_numpy()[counts >= FEWEST]
        users = np.random.default_rng(self.seed).permutation(users)[: max(len(users) // 3, 0)]
        return np.array_split(users, self.folds) if len(users) >= 2 * self.folds else []

    def _study(self) -> optuna.Study:
        place = JournalStorage(JournalFileBackend(str(Path(self.storage)))) if self.storage else None
        study = optuna.create_study(
            storage=place, study_name="search", load_if_exists=True, sampler=sampler_named(self.sampler, self.seed),
            pruner=optuna.pruners.MedianPruner(n_startup_trials=3, n_warmup_steps=0),
        )  # fmt: skip
        retry_abandoned(study)
        if not study.trials and self.rank in SPACE["rank"]:
            start = {"rank": self.rank, "scale": 1.0}
            study.enqueue_trial({name: SPACE[name].index(value) for name, value in start.items()})
        return study

    def _work(self, study: optuna.Study, data: Interactions, groups: list[np.ndarray]) -> None:
        """Trials until `trials` are finished or under way; a trial that comes too late is given back."""
        while True:
            trial = study.ask()
            trial.set_user_attr("pid", os.getpid())
            before = [t for t in study.trials if t.number < trial.number and t.state in (*FINISHED, TrialState.RUNNING)]
            if len(before) >= self.trials:
                study.tell(trial, state=TrialState.FAIL)
                return
            chosen = suggest(trial, SPACE)
            losses: list[float] = []
            for fold, users in enumerate(groups):
                losses.append(self._loss(data, users, chosen))
                trial.report(float(np.mean(losses)), fold)
                if fold < len(groups) - 1 and trial.should_prune():
                    break
            pruned = len(losses) < len(groups)
            study.tell(trial, None if pruned else float(np.mean(losses)), TrialState.PRUNED if pruned else None)

    def _loss(self, data: Interactions, users: np.ndarray, chosen: Mapping[str, object]) -> float:
        """Mean squared error of these users, who are not learned from."""
        rest = data.subset(~np.isin(data.ratings["user_id"], users))
        where = {"device": "cpu", "dtype": "float64"}  # the same choice on every device
        tasks = make_tasks(data, users, k=KNOWN, pool=KNOWN, seed=self.seed, **where)
        return float((evaluate_tasks(self._tuned(rest, chosen, **where), tasks, ("rmse",))["rmse"] ** 2).mean())

    def _tuned(self, data: Interactions, chosen: Mapping[str, object], **where: str) -> ProbabilisticPCA:
        where = {"seed": self.seed, "device": self.device, "dtype": self.dtype} | where
        model = ProbabilisticPCA(rank=int(chosen["rank"]), steps=self.steps, **where)
        model._learn(data)
        model.scale_ = model.scale_ * float(chosen["scale"])
        return model

    def _take(self, model: ProbabilisticPCA) -> None:
        vars(self).update({name: value for name, value in vars(model).items() if name.endswith("_")})


def configuration(trial: optuna.trial.FrozenTrial) -> dict[str, float]:
    """The settings of a trial, whose parameters are places on the grid."""
    return {name: SPACE[name][place] for name, place in trial.params.items()}


def retry_abandoned(study: optuna.Study) -> None:
    """Trials that a killed process left running: marked as failed, and put first in the queue with the same settings."""
    for trial in study.get_trials(states=(TrialState.RUNNING,)):
        if not alive(int(trial.user_attrs.get("pid", 0))):
            study.tell(trial.number, state=TrialState.FAIL)
            if trial.params:
                study.enqueue_trial(trial.params)


def alive(pid: int) -> bool:
    """Whether a process of this machine runs under this number."""
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except OSError:
        return False
    return pid > 0
