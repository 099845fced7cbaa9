"""Across domains by mapping: factors of each domain on its own, and a map of users from the source's space to the target's.

Shapes: B users, N ratings of one user, D = R + 1 weights of a user.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from metarec_lib.data.features import user_features
from metarec_lib.data.interactions import Interactions
from metarec_lib.data.tasks import PaddedRatings
from metarec_lib.meta.factors import fit_factors
from metarec_lib.meta.ridge import LinearItems, ridge_posterior
from metarec_lib.models.arguments import COUNT, POSITIVE
from metarec_lib.models.base import Recommender, settings
from metarec_lib.models.history import History

SOURCE, TARGET = "source", "target"
SWITCHED_OFF = 0.01  # standard deviation over users of a weight that the factorisation does not use
States = tuple[Tensor, Tensor]  # of the source and of the target, (B, D) each


@settings
class EMCDR(Recommender):
    """A new user's vector in the target is mapped from the one in the source (Man, Shen, Jin & Cheng 2017, IJCAI).

    Three steps, as in the paper: factors of each domain on its own, here those of `ProbabilisticPCA` where the paper has MF
    and BPR; a map from users' source vectors to their target vectors, learned on users who rated in both, here the paper's
    linear one, by ridge regression of strength `decay` on standardised weights; a user without target ratings gets the
    mapped vector. A user with target ratings is solved from these alone, as in the paper. With `mapped_prior=True`, which
    the paper does not have, they are solved around the mapped vector: its prior variance is the share that the map leaves
    unexplained of the target's.

    `fit(X_source, y_source, X_target, y_target)`; without a target both domains are the same ratings, and nothing is mapped.
    An item belongs to the target where it has target ratings, else to the source; one that nobody rated is scored by the
    target, and ratings of it are not looked at.
    """

    rank: int = 8
    steps: int = 60
    decay: float = 10.0
    mapped_prior: bool = False

    options = frozenset({"X_target"})
    ranges = {"rank": COUNT, "steps": COUNT, "decay": POSITIVE, "mapped_prior": (False, True)}

    def _learn(self, data: Interactions, target: np.ndarray | None = None) -> None:
        source, target = (data, data) if target is None else (data.subset(~target), data.subset(target))
        self.domains_: dict[str, Tensor] = {}
        self._keep(SOURCE, source)
        self._keep(TARGET, target)
        rated = [np.append(np.bincount(p.item_codes, minlength=data.n_items) > 0, False) for p in (source, target)]
        self.of_target_ = torch.as_tensor(rated[1], device=self._device)
        self.of_source_ = torch.as_tensor(rated[0] & ~rated[1], device=self._device)
        self._learn_map(source, target)

    def _keep(self, domain: str, data: Interactions) -> None:
        """The factors of one domain."""
        factors = fit_factors(data, self.rank, self.steps, seed=self.seed)
        tables = {"bias": factors.bias, "vectors": factors.vectors, "variance": factors.variance, "scale": factors.scale,
                  "map": factors.prior_map[:-1], "mean": factors.prior_map[-1],
                  "noise": factors.noise, "spread": factors.spread}  # fmt: skip
        self.domains_ |= {f"{domain}/{name}": self._tensor(table) for name, table in tables.items()}
        self.domains_[f"{domain}/fold"] = torch.as_tensor(factors.fold, device=self._device)
        self.user_features_ = self._tensor(np.pad(user_features(data)[0], ((0, 1), (0, 0))))

    def _learn_map(self, source: Interactions, target: Interactions) -> None:
        """Ridge regression of the target weights on the source weights of users in both; no map where there are none."""
        ids = np.intersect1d(source.ratings["user_id"], target.ratings["user_id"])
        x, y = (
            self._posterior(domain, History(part).padded(ids, self.device, self.dtype))
            for domain, part in ((SOURCE, source), (TARGET, target))
        )
        if not len(ids):
            self.map_ = {}
            return
        centre, width, goal = x.mean(0), x.std(0, correction=0).clamp(min=SWITCHED_OFF), y.mean(0)
        z = (x - centre) / width
        eye = torch.eye(z.shape[1], dtype=z.dtype, device=z.device)
        slope = torch.linalg.solve(z.mT @ z + self.decay * eye, z.mT @ (y - goal))
        left = ((y - goal - z @ slope) ** 2).sum(0) / ((y - goal) ** 2).sum(0).clamp(min=1e-12)
        self.map_ = {
            "centre": centre,
            "width": width,
            "slope": slope,
            "goal": goal,
            "left": left if len(ids) else 0 * goal + 1,
        }

    def map_users(self, source: Tensor) -> Tensor:
        """Target weights that the map expects of users with these source weights, (B, D) -> (B, D)."""
        m = self.map_
        return m["goal"] + (source - m["centre"]) / m["width"] @ m["slope"]

    def adapt(self, support: PaddedRatings) -> States:
        """The users' weights in both domains; the target's are mapped where the user has no rating there."""
        other, own = (_only(support, of[support.items]) for of in (self.of_source_, self.of_target_))
        source, prior = self._posterior(SOURCE, other), self.prior_of(TARGET, support.users)
        scale = self.domains_["target/scale"].expand_as(prior)
        if not self.map_:
            return source, self._posterior(TARGET, own, prior, scale)
        known = (other.counts > 0).unsqueeze(1)
        mapped = torch.where(known, self.map_users(source), prior)
        if self.mapped_prior:
            prior, scale = mapped, torch.where(known, scale * self.map_["left"].sqrt(), scale)
        solved = self._posterior(TARGET, own, prior, scale)
        return source, torch.where((own.counts > 0).unsqueeze(1), solved, mapped)

    def score(self, state: States, query: PaddedRatings) -> Tensor:
        scores = []
        for domain, mean in zip((SOURCE, TARGET), state, strict=True):
            items = self._linear(domain, query)
            scores.append(items.bias + self.domains_[f"{domain}/spread"] * (items.x @ mean.unsqueeze(2)).squeeze(2))
        return torch.where(self.of_source_[query.items], scores[0], scores[1])

    # -- one domain -----------------------------------------------------------------------------------------------
    def _linear(self, domain: str, ratings: PaddedRatings) -> LinearItems:
        bias, vectors, variance, fold, noise = (
            self.domains_[f"{domain}/{n}"] for n in ("bias", "vectors", "variance", "fold", "noise")
        )
        at = (fold[ratings.users].unsqueeze(1), ratings.items)
        x = torch.cat([vectors[at], torch.ones_like(vectors[at][..., :1])], dim=2)
        return LinearItems(bias[at], x, noise**2 + variance[at])

    def prior_of(self, domain: str, users: Tensor) -> Tensor:
        return self.domains_[f"{domain}/mean"] + self.user_features_[users] @ self.domains_[f"{domain}/map"]

    def _posterior(
        self, domain: str, ratings: PaddedRatings, prior: Tensor | None = None, scale: Tensor | None = None
    ) -> Tensor:
        """Posterior mean of the users' weights in a domain, (B, D). prior, scale: (B, D), the domain's own where None."""
        items = self._linear(domain, ratings)
        prior = self.prior_of(domain, ratings.users) if prior is None else prior
        scale = self.domains_[f"{domain}/scale"].expand_as(prior) if scale is None else scale
        weight = ratings.mask / items.variance.sqrt()
        z = items.x * weight.unsqueeze(2)
        y = (ratings.values - items.bias) / self.domains_[f"{domain}/spread"] * weight
        residual = y - (z @ prior.unsqueeze(2)).squeeze(2)
        one = z.new_ones(z.shape[2])  # weights in units of their own scale
        return prior + scale * ridge_posterior(z * scale.unsqueeze(1), residual, 0 * prior, one, one[0])


def _only(ratings: PaddedRatings, rows: Tensor) -> PaddedRatings:
    """The same ratings with those outside of `rows`, (B, N) bool, masked away."""
    mask = ratings.mask & rows
    return PaddedRatings(ratings.users, ratings.items, ratings.values * mask, mask)
