"""The model that tunes itself: a kill in mid-study, workers, and what it chooses against a loop over the trials."""

import multiprocessing
import os
import signal
import time

import numpy as np
import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from metarec_lib import make_world
from metarec_lib.meta.search_model import FINISHED, MetaSearchModel, configuration

DATA = make_world(n_users=40, n_items=30, ratings_per_user=12, seed=3).interactions


def model_on(path, **options):
    return MetaSearchModel(steps=4, folds=2, storage=None if path is None else str(path), **options)


def study_at(path):
    return optuna.load_study(study_name="search", storage=JournalStorage(JournalFileBackend(str(path))))


class Slow(MetaSearchModel):
    def _loss(self, *args):
        time.sleep(0.15)
        return super()._loss(*args)


def fit_slowly(path):
    Slow(steps=4, folds=2, storage=str(path), trials=9).fit(DATA)


def test_a_killed_study_goes_on_with_no_trial_lost_or_repeated(tmp_path):
    path = tmp_path / "study"
    process = multiprocessing.get_context("spawn").Process(target=fit_slowly, args=(path,))
    process.start()
    for _ in range(600):
        time.sleep(0.1)
        if path.exists() and path.stat().st_size and len(study_at(path).get_trials(states=FINISHED)) >= 3:
            break
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    before = {t.number: (t.state, t.values, t.params) for t in study_at(path).get_trials(states=FINISHED)}
    left = [t for t in study_at(path).get_trials(states=(TrialState.RUNNING,)) if t.params]
    assert 3 <= len(before) < 9
    model_on(path, trials=9).fit(DATA)
    after = study_at(path)
    done = {t.number: (t.state, t.values, t.params) for t in after.get_trials(states=FINISHED)}
    assert len(done) == 9 and all(done[number] == value for number, value in before.items())
    again = [params for number, (_, _, params) in done.items() if number not in before]
    assert all(t.params in again for t in left)
    model_on(path, trials=9).fit(DATA)
    assert len(study_at(path).get_trials(states=FINISHED)) == 9


def test_workers_share_the_trials(tmp_path):
    path = tmp_path / "study"
    model = model_on(path, trials=7, workers=3).fit(DATA)
    study = study_at(path)
    assert len(study.get_trials(states=FINISHED)) == 7 and model.best_ == configuration(study.best_trial)


def test_it_takes_the_lowest_of_its_trials(tmp_path):
    path = tmp_path / "study"
    model, groups = model_on(path, trials=8).fit(DATA), model_on(None)._groups(DATA)
    losses = {}
    for trial in study_at(path).get_trials(states=(TrialState.COMPLETE,)):
        chosen = configuration(trial)
        losses[tuple(chosen.values())] = np.mean([model._loss(DATA, users, chosen) for users in groups])
        np.testing.assert_allclose(losses[tuple(chosen.values())], trial.value, rtol=0, atol=1e-12)
    assert tuple(model.best_.values()) == min(losses, key=losses.get)
    assert model.item_vectors_.shape[-1] == model.best_["rank"]
