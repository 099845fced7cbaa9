"""Sessions of simulated users: what an agent shows, and whether the user likes it.

Shapes: B sessions, I items, D numbers of an item's vector, U users, M interests of a user, T steps.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import gymnasium
import numpy as np
import pandas as pd
import torch
from torch import Tensor

from metarec_lib.data.interactions import Interactions
from metarec_lib.meta.pca import ProbabilisticPCA
from metarec_lib.models.serving import query_of

FADES = 0.7  # what is left of satiation after one more item
CLICKBAIT_LIKED = 0.9


@dataclass(frozen=True, eq=False)
class Sessions:
    """Where B sessions stand: users (B,), shown (B, I) bool, recent (B, D) what was shown lately, here (B,) bool."""

    users: Tensor
    shown: Tensor
    recent: Tensor
    here: Tensor


@dataclass(frozen=True, eq=False)
class TasteWorld:
    """Users who like item i with probability Phi((base_i + bias_u + taste * t_ui - satiation * recent . v_i) / noise_i).

    t_ui = v_i . w_u is what sets the user apart from the average user; of M interests the largest counts, less its mean over
    the items. Phi is the normal distribution function: a like is a rating above the threshold of likes. An item shown a
    second time is never liked. The last `clickbait` items are liked by everybody with probability 0.9, and after each of
    them the user goes away with probability `leave`; a user who is gone likes nothing.

    base, noise: (I,) in stars; vectors: (I, D), users: (U, M, D) in stars; bias: (U,); user_ids: (U,) whose they are.
    """

    base: Tensor
    noise: Tensor
    vectors: Tensor
    users: Tensor
    bias: Tensor
    user_ids: np.ndarray
    item_ids: np.ndarray
    taste: float = 1.0
    satiation: float = 0.0
    clickbait: int = 0
    leave: float = 0.5

    def __post_init__(self) -> None:
        if min(self.taste, self.satiation) < 0 or not 0 <= self.clickbait < len(self.base) or not 0 <= self.leave <= 1:
            raise ValueError(
                f"TasteWorld: got taste={self.taste}, satiation={self.satiation}, clickbait={self.clickbait}, "
                f"leave={self.leave}, expected taste and satiation of 0 or more, clickbait below the number of items, "
                "leave from 0 to 1"
            )

    def __len__(self) -> int:
        return len(self.user_ids)

    @property
    def n_items(self) -> int:
        return len(self.base)

    def among(self, items: np.ndarray) -> TasteWorld:
        """The same users over some of the items, (n,) positions; for worlds without clickbait."""
        if self.clickbait:
            raise ValueError(f"among: got a world with {self.clickbait} clickbait items, expected one without")
        at = torch.as_tensor(items, device=self.base.device)
        parts = {"base": self.base[at], "noise": self.noise[at], "vectors": self.vectors[at]}
        return replace(self, **parts, item_ids=self.item_ids[items])

    def chances(self, sessions: Sessions) -> Tensor:
        """How probable it is that each item would be liked if it were shown now, (B, I)."""
        fit = torch.einsum("id,bmd->bmi", self.vectors, self.users[sessions.users])
        best = fit.amax(1)
        if fit.shape[1] > 1:
            best = best - best.mean(1, keepdim=True)
        stars = self.base + self.bias[sessions.users, None] + self.taste * best
        stars = stars - self.satiation * sessions.recent @ self.vectors.T
        chance = torch.special.ndtr(stars / self.noise)
        if self.clickbait:
            chance[:, -self.clickbait :] = CLICKBAIT_LIKED
        return chance * ~sessions.shown * sessions.here[:, None]

    def begin(self, users: np.ndarray | Tensor) -> Sessions:
        """New sessions of these users, (B,) positions."""
        users = torch.as_tensor(users, device=self.base.device)
        b = len(users)
        return Sessions(
            users,
            torch.zeros(b, self.n_items, dtype=torch.bool, device=self.base.device),
            self.vectors.new_zeros(b, self.vectors.shape[1]),
            torch.ones(b, dtype=torch.bool, device=self.base.device),
        )

    def step(self, sessions: Sessions, items: Tensor, rng: np.random.Generator) -> tuple[Tensor, Sessions]:
        """Likes (B,), 0 or 1, of the items shown, (B,) positions; and where the sessions stand afterwards."""
        draws = torch.as_tensor(rng.random((2, len(items)))).to(self.base)
        liked = (draws[0] < self.chances(sessions).gather(1, items[:, None]).squeeze(1)).to(self.base.dtype)
        went = (items >= self.n_items - self.clickbait) & (draws[1] < self.leave)
        shown = sessions.shown.scatter(1, items[:, None], True)
        recent = FADES * sessions.recent + (1 - FADES) * self.vectors[items]
        return liked, replace(sessions, shown=shown, recent=recent, here=sessions.here & ~went)


def taste_world(
    data: Interactions,
    items: int | np.ndarray = 200,
    rank: int = 8,
    interests: int = 1,
    seed: int = 0,
    **options: float,
) -> TasteWorld:
    """A world whose users are the users of these ratings, over its most rated items, or those whose ids are given.

    Items and users are those of `ProbabilisticPCA`, a rating's noise its predictive spread. interests = M > 1 gives each
    user the tastes of M - 1 more users drawn at random: then no linear model is right. options: of `TasteWorld`, whose
    clickbait items come on top of these. Users without a rating are left out.
    """
    model = ProbabilisticPCA(rank=rank, seed=seed).fit(data)
    return world_of(model, data, _positions(data, items), interests, seed, **options)


def world_of(
    model: ProbabilisticPCA, data: Interactions, items: np.ndarray, interests: int = 1, seed: int = 0, **options: float
) -> TasteWorld:
    """The world of a fitted model: the users who rated in `data`, over items, (n,) positions; else as `taste_world`."""
    user_ids, item_ids = data.users["user_id"].to_numpy()[np.unique(data.user_codes)], data.items["item_id"].to_numpy()
    extra = int(options.get("clickbait", 0))
    with torch.no_grad():
        weights = model.adapt(model.ratings_of(user_ids)).mean * model.spread_
        stranger = torch.full((1,), -1, device=weights.device)
        at = model.linear(query_of(stranger, torch.as_tensor(items, device=weights.device)[None], weights.dtype))
    average, x = weights.mean(0), at.x[0, :, :-1]
    base = at.bias[0] + x @ average[:-1] + average[-1] - data.like + _half_step(data)
    own, rng = (weights - average)[:, None, :-1], np.random.default_rng(seed)
    others = [own[torch.as_tensor(rng.permutation(len(own)))] for _ in range(interests - 1)]
    names = [f"clickbait-{n + 1}" for n in range(extra)]
    return TasteWorld(
        _longer(base, extra), _longer(model.spread_ * at.variance[0].sqrt(), extra, 1.0), _longer(x, extra),
        torch.cat([own, *others], 1), (weights - average)[:, -1], user_ids,
        np.append(item_ids[items].astype(object), names) if extra else item_ids[items], **options,
    )  # fmt: skip


def _positions(data: Interactions, items: int | np.ndarray) -> np.ndarray:
    """Of the most rated items, ascending, or of the ids in their order."""
    ids = data.items["item_id"]
    if isinstance(items, int):
        counts = np.bincount(data.item_codes, minlength=data.n_items)
        return np.sort(np.argsort(-counts, kind="stable")[:items])
    found = pd.Index(ids).get_indexer(items)
    if (found < 0).any():
        raise ValueError(
            f"taste_world: got {int((found < 0).sum())} item ids that the data do not hold, expected known ids"
        )
    return found


def _half_step(data: Interactions) -> float:
    """A rating is a rounded number of stars: 3.5 and more become 4."""
    low, high = data.scale
    return (high - low) / 8


def _longer(values: Tensor, extra: int, fill: float = 0.0) -> Tensor:
    """`extra` more rows."""
    return torch.cat([values, values.new_full((extra, *values.shape[1:]), fill)])


class RecommendationEnv(gymnasium.Env):
    """One user of a `TasteWorld` as an environment of gymnasium: an action is an item's position, the reward a like.

    Each reset draws a user, or takes options={"user": position}. The observation, (D + 3,) float32: the vector of the item
    shown last, whether it was liked, the share of the session that is over, and 1 before the first item. terminated: the
    user went away; truncated: `steps` items were shown.
    """

    metadata = {"render_modes": []}

    def __init__(self, world: TasteWorld, steps: int = 20) -> None:
        if steps < 1:
            raise ValueError(f"RecommendationEnv: got steps={steps}, expected 1 or more")
        self.world, self.steps = world, steps
        high = np.full(world.vectors.shape[1] + 3, np.inf, dtype=np.float32)
        self.observation_space = gymnasium.spaces.Box(-high, high, dtype=np.float32)
        self.action_space = gymnasium.spaces.Discrete(world.n_items)

    def reset(self, *, seed: int | None = None, options: dict | None = None) -> tuple[np.ndarray, dict]:
        super().reset(seed=seed)
        user = int((options or {}).get("user", self.np_random.integers(len(self.world))))
        if not 0 <= user < len(self.world):
            raise ValueError(f"RecommendationEnv.reset: got user {user}, expected a position below {len(self.world)}")
        self.sessions, self.n_shown = self.world.begin(np.array([user])), 0
        return self._observed(None, 0.0), {"user_id": self.world.user_ids[user]}

    def step(self, action: int) -> tuple[np.ndarray, float, bool, bool, dict]:
        item = torch.tensor([int(action)], device=self.world.base.device)
        liked, self.sessions = self.world.step(self.sessions, item, self.np_random)
        self.n_shown += 1
        gone, over = not bool(self.sessions.here), self.n_shown >= self.steps
        info = {"item_id": self.world.item_ids[int(action)]}
        return self._observed(int(action), float(liked)), float(liked), gone, over, info

    def _observed(self, item: int | None, liked: float) -> np.ndarray:
        vectors = self.world.vectors
        shown = np.zeros(vectors.shape[1]) if item is None else vectors[item].cpu().numpy()
        return np.append(shown, [liked, self.n_shown / self.steps, item is None]).astype(np.float32)
