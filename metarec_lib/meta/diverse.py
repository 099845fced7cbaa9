"""Meta-learning for users of several kinds: a mixture of priors, tasks drawn to differ, a prior that reads the task.

Shapes: B tasks, K support ratings, Q query ratings, C components, D weights of a user, U users.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.cluster import KMeans
from torch import Tensor

from metarec_lib.data.interactions import Interactions
from metarec_lib.data.tasks import PaddedRatings, TaskBatch, make_tasks
from metarec_lib.meta.diversity import linear_gradient, task_embedding, unit_rows
from metarec_lib.meta.dpp import dpp_sample
from metarec_lib.meta.mixture import MixturePrior, Moments, component_posterior
from metarec_lib.meta.ridge import MetaLearningModel
from metarec_lib.meta.sampling import TaskSampler
from metarec_lib.models.arguments import COUNT, NOT_NEGATIVE
from metarec_lib.models.base import settings

SAMPLING = ("uniform", "clusters", "dpp")
CLUSTERS, SEEN = 8, 60  # clusters of users, and the ratings that an embedding looks at
JITTER = 0.1  # what is added to the diagonal of a DPP's kernel


@dataclass(frozen=True, eq=False)
class KindsState:
    """Of B users: responsibilities (B, C), and of their weights under each component mean (B, C, D), covariance
    (B, C, D, D)."""

    responsibility: Tensor
    mean: Tensor
    spread: Tensor


@settings
class DiversityMetaLearningModel(MetaLearningModel):
    """score = b_i + s sum_c rho_uc x_i . w_uc, where w_u ~ sum_c pi_c N(m_c + M g_u, S_c) before any rating.

    The mixture of `MixturePrior` (its fit is where training starts), and then, as for MetaLearningModel, the squared error
    of the tasks' queries corrects items, shares, means and covariances, with the gradient running through responsibilities
    and solves. rho_uc: the posterior probability that user u is of kind c. `components=1` is one prior.

    sampling: how users are drawn to a batch. `uniform`: every user once an epoch. `clusters`: as many from each of eight
    clusters (k-means) of task embeddings. `dpp`: an exact k-DPP with kernel Z Z' + 0.1 I of the embeddings (Kumar et al.
    2023, AAAI, compare such samplers). All draw as many tasks an epoch.
    diversity: how much of -log det(I + Z Z') / B, Z the embeddings of a batch, is added to the loss.
    conditioned: the prior means move by C' z_u, z_u the unit-norm support gradient at the prior; C is learned, from 0. That
    is task-conditioned modulation of the linear head (as gates do it for a network: Vuorio et al. 2019, NeurIPS).
    """

    components: int = 2
    sampling: str = "uniform"
    diversity: float = 0.0
    conditioned: bool = False

    options = MetaLearningModel.options - {"personalized_target"}
    ranges = {"components": COUNT, "sampling": SAMPLING, "diversity": NOT_NEGATIVE, "conditioned": (True, False)}
    _weighted = MixturePrior._weighted

    # -- the mixture ----------------------------------------------------------------------------------------------
    def _initial(self, data: Interactions, rng: np.random.Generator) -> dict[str, np.ndarray]:
        start = MixturePrior(components=self.components, seed=self.seed, device=self.device, dtype=self.dtype)
        start._learn(data)
        one = super()._initial(data, rng)
        roots = torch.linalg.cholesky(start.covariances_)
        roots.diagonal(dim1=1, dim2=2).log_()  # a root's diagonal stays positive
        found = {"log_share": start.share_.log(), "means": start.means_, "roots": roots}
        found = {name: value.cpu().contiguous().numpy() for name, value in found.items()}
        if self.conditioned:
            found["condition"] = np.zeros(2 * (start.means_.shape[1],))
        return found | {name: one[name] for name in ("prior_map", "item_shift")}

    def _covariances(self) -> Tensor:
        given = self.params_["roots"]
        root = given.tril(-1) + torch.diag_embed(given.diagonal(dim1=1, dim2=2).exp())
        return root @ root.mT

    def prior_of(self, users: Tensor) -> tuple[Tensor, Tensor]:
        """Mean (B, D) and standard deviations (D,) of the whole mixture: where a task embedding's gradient is taken."""
        p, share = self.params_, torch.softmax(self.params_["log_share"], dim=0)
        mean = share @ p["means"]
        spread = torch.diagonal(self._covariances(), dim1=1, dim2=2) + (p["means"] - mean) ** 2
        return mean + self.user_features_[users] @ p["prior_map"], (share @ spread).sqrt()

    def _component_priors(self, support: PaddedRatings) -> Tensor:
        """m_c + M g_u, moved by the task where the model is conditioned, (B, C, D)."""
        p = self.params_
        shift = self.user_features_[support.users] @ p["prior_map"]
        if self.conditioned:
            shift = shift + self.condition_on(support) @ p["condition"]
        return p["means"] + shift.unsqueeze(1)

    def condition_on(self, support: PaddedRatings) -> Tensor:
        """What the prior reads of a task, (B, D): its embedding."""
        return unit_rows(linear_gradient(self, support))

    def adapt(self, support: PaddedRatings) -> KindsState:
        x, y, log_var = self._weighted(support)
        count = support.counts.to(x.dtype)
        moments = Moments(count, x.mT @ x, (x.mT @ y.unsqueeze(2)).squeeze(2), (y**2).sum(1), log_var.sum(1))
        mean, spread, evidence = component_posterior(moments, self._component_priors(support), self._covariances())
        return KindsState(torch.softmax(self.params_["log_share"].log_softmax(0) + evidence, dim=1), mean, spread)

    def score(self, state: KindsState, query: PaddedRatings) -> Tensor:
        items, mean = self.linear(query), (state.responsibility.unsqueeze(2) * state.mean).sum(1)
        return items.bias + self.spread_ * (items.x @ mean.unsqueeze(2)).squeeze(2)

    def score_std(self, state: KindsState, query: PaddedRatings) -> Tensor:
        """s sqrt(noise^2 + v_i + sum_c rho_c (x' S_c x + (x . m_c)^2) - (x . m)^2): spread within the kinds and between."""
        items = self.linear(query)
        by_kind = torch.einsum("bqd,bcd->bcq", items.x, state.mean)
        within = torch.einsum("bqd,bcde,bqe->bcq", items.x, state.spread, items.x)
        rho = state.responsibility.unsqueeze(2)
        between = (rho * by_kind**2).sum(1) - (rho * by_kind).sum(1) ** 2
        return self.spread_ * (items.variance + (rho * within).sum(1) + between.clamp(min=0)).sqrt()

    # -- the tasks ------------------------------------------------------------------------------------------------
    def _start(self, data: Interactions) -> None:
        super()._start(data)
        if self.sampling != "uniform":
            users = np.unique(data.user_codes)
            seen = make_tasks(data, data.users["user_id"].to_numpy()[users], k=SEEN, seed=self.seed, **self._where())
            self.tasks_ = users, task_embedding(self, seen.support).cpu().numpy()

    def _where(self) -> dict[str, object]:
        return {"device": self.device, "dtype": self.dtype}

    def batches(self, data: Interactions, rng: np.random.Generator, size: int) -> Iterator[TaskBatch]:
        """As many tasks as there are users, `size` a batch, drawn as `sampling` says."""
        if self.sampling == "uniform":
            yield from super().batches(data, rng, size)
            return
        for users in self._sets(min(size, len(self.tasks_[0])), rng):
            chosen = data.subset(np.isin(data.user_codes, users))
            yield from TaskSampler(chosen, self.support_sizes, self.query, self._device, self._dtype).epoch(rng, size)

    def _sets(self, size: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
        """Users of each batch of an epoch."""
        users, z = self.tasks_
        batches = -(-len(users) // size)
        if self.sampling == "dpp":
            kernel = z @ z.T + JITTER * np.eye(len(z))
            yield from (users[dpp_sample(kernel, size, rng)] for _ in range(batches))
            return
        kind = KMeans(min(CLUSTERS, len(z)), n_init=1, random_state=self.seed).fit_predict(z)
        yield from (users[balanced(kind, size, rng)] for _ in range(batches))

    def loss(self, batch: TaskBatch) -> Tensor:
        """The outer loss, and the regulariser: few directions of pull cost."""
        loss = self.meta_loss(batch)
        return loss + self.diversity * volume_penalty(self.condition_on(batch.support)) if self.diversity else loss


def volume_penalty(z: Tensor) -> Tensor:
    """-log det(I + Z Z') / B of embeddings (B, D), scalar; by Sylvester's identity from the D x D side."""
    eye = torch.eye(z.shape[1], dtype=z.dtype, device=z.device)
    return -torch.logdet(eye + z.mT @ z) / len(z)


def balanced(kind: np.ndarray, size: int, rng: np.random.Generator) -> np.ndarray:
    """`size` different positions, as evenly over the kinds (n,) as their numbers allow: one of each kind in turn."""
    order = rng.permutation(len(kind))
    turn = np.empty(len(kind), dtype=np.int64)
    for one in np.unique(kind):
        own = order[kind[order] == one]
        turn[own] = np.arange(len(own))
    return order[np.argsort(turn[order], kind="stable")[:size]]
