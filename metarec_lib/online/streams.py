"""Events as they come: test, then train; retrain on schedule; watch the errors for drift.

Shapes: n events, each a user, an item and a rating, by position in the tables.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
import pandas as pd

from metarec_lib.data.interactions import Interactions


class StreamLearner(Protocol):
    """What a stream asks of a learner; user and item are positions, the rating is in stars."""

    def predict_one(self, user: int, item: int) -> float: ...

    def learn_one(self, user: int, item: int, rating: float) -> None: ...


def in_time_order(data: Interactions, seed: int = 0) -> Interactions:
    """The same ratings, oldest first; equal times in random order, which is all that `seed` decides."""
    tie_break = np.random.default_rng(seed).random(len(data))
    return data.subset(np.lexsort((tie_break, data.ratings["timestamp"].to_numpy())))


def prequential(learner: StreamLearner, events: Interactions) -> np.ndarray:
    """Test, then train: each event is predicted before it is learned from. Predictions (n,), in stars, in the order given.

    Gama, Sebastiao & Rodrigues (2013, Machine Learning 90), "On evaluating stream learning algorithms". Every prediction is
    honest: it was made when the rating was not yet known. Raises ValueError where nothing comes.
    """
    if not len(events):
        raise ValueError("prequential: got no events, expected at least one. Usual cause: a cut that left nothing")
    predicted = np.empty(len(events))
    rows = zip(events.user_codes.tolist(), events.item_codes.tolist(), events.values.tolist(), strict=True)
    for at, (user, item, rating) in enumerate(rows):
        predicted[at] = learner.predict_one(user, item)
        learner.learn_one(user, item, rating)
    if not np.isfinite(predicted).all():
        first = int(np.flatnonzero(~np.isfinite(predicted))[0])
        raise ValueError(
            f"prequential: prediction {first} is not finite. Usual cause: steps that are too long; lower rate"
        )
    return predicted


class Frozen:
    """A learner that no longer learns: the static model of a comparison."""

    def __init__(self, learner: StreamLearner) -> None:
        self.predict_one = learner.predict_one

    def learn_one(self, user: int, item: int, rating: float) -> None:
        """Nothing."""


class Retrained:
    """A learner that is made anew after every `every` events, from all ratings so far.

    make: takes the ratings so far, as Interactions, and gives the learner until the next time. past: the ratings before
    the stream; events: the stream itself, in order, of which only what has passed is handed to `make`.
    """

    def __init__(
        self, make: Callable[[Interactions], StreamLearner], past: Interactions, events: Interactions, every: int
    ) -> None:
        if every < 1:
            raise ValueError(f"Retrained: got every={every}, expected 1 or more events")
        self.make, self.past, self.events, self.every, self.seen = make, past, events, every, 0
        self.learner = make(past)

    def predict_one(self, user: int, item: int) -> float:
        return self.learner.predict_one(user, item)

    def learn_one(self, user: int, item: int, rating: float) -> None:
        self.learner.learn_one(user, item, rating)
        self.seen += 1
        if self.seen % self.every == 0 and self.seen < len(self.events):
            self.learner = self.make(together(self.past, self.events.subset(np.arange(self.seen))))


def together(a: Interactions, b: Interactions) -> Interactions:
    """The ratings of both, a's first; they share their tables, and no pair of user and item stands in both."""
    return a.replace_ratings(pd.concat([a.ratings, b.ratings], ignore_index=True))


def drift_alarms(errors: np.ndarray, detector: object | None = None) -> np.ndarray:
    """After which events a drift detector of river raises an alarm, (a,) positions; errors (n,) in the order they came.

    detector: any of `river.drift`; ADWIN where None (Bifet & Gavalda 2007, SDM), which keeps a window of the errors and cuts
    off its older part when the means of the two parts differ by more than chance allows.
    """
    if detector is None:
        from river.drift import ADWIN  # imported where it is used: it takes a while

        detector = ADWIN()
    alarms = []
    for at, error in enumerate(np.asarray(errors, dtype=np.float64).tolist()):
        detector.update(error)
        if detector.drift_detected:
            alarms.append(at)
    return np.array(alarms, dtype=np.int64)
