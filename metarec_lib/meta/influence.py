"""Why this film? Exact answers in the closed-form head, and the attention weights of the Transformer.

Shapes: B users, K support ratings, Q query items.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import torch
from torch import Tensor

from metarec_lib.data.tasks import PaddedRatings
from metarec_lib.meta.ridge import LinearHead
from metarec_lib.meta.transformer import InContextTransformer, _norm


@dataclass(frozen=True, eq=False)
class SupportInfluence:
    """What each rating does to each score, both (B, Q, K), in stars; 0 where padded.

    contribution: its share of the score; the shares and the prior add up to the score.
    influence: the score minus the score without the rating.
    """

    contribution: Tensor
    influence: Tensor


def support_influence(model: LinearHead, support: PaddedRatings, query: PaddedRatings) -> SupportInfluence:
    """Both in closed form, without solving anything twice.

    The head is score_q = prior_q + s a' e, with e_j = (r_j - prior_j) / s, a = G^-1 k_q, G = k(S, S) + noise and
    k(i, j) = x_i' diag(scale^2) x_j (Rasmussen & Williams 2006, eq. 2.25). So rating j contributes s a_j e_j. Without
    it the score is lower by  s a_j (G^-1 e)_j / (G^-1)_jj: the leave-one-out step of the same book, sec. 5.4.2.
    """
    items, asked = model.linear(support), model.linear(query)
    prior, scale = model.prior_of(support.users)
    expected = items.bias + model.spread_ * (items.x @ prior.unsqueeze(2)).squeeze(2)
    e = (support.values - expected) / model.spread_ * support.mask
    mask = support.mask.unsqueeze(1)
    gram = ((items.x * scale**2) @ items.x.mT) * (mask & mask.mT)
    inverse = torch.linalg.inv(gram + torch.diag_embed(torch.where(support.mask, items.variance, 1.0)))
    a = (((asked.x * scale**2) @ items.x.mT) * mask) @ inverse
    dual = (inverse @ e.unsqueeze(2)).squeeze(2) / inverse.diagonal(dim1=1, dim2=2)
    return SupportInfluence(model.spread_ * a * e.unsqueeze(1), model.spread_ * a * dual.unsqueeze(1))


def attention_to_support(model: InContextTransformer, support: PaddedRatings, query: PaddedRatings) -> Tensor:
    """The weight that each query gives each support rating, (B, Q, K): the mean over layers and heads.

    Each row sums to one minus what goes to the token that stands for the user.
    """
    state, pairs = model.adapt(support), model._pairs(query)
    h = torch.cat([pairs.x, torch.ones_like(pairs.x[..., :1])], dim=2) @ model.params_["query"]
    found = []
    for i, context in enumerate(state.layers):
        found.append(layer_weights(model, i, h, context, state.mask).mean(1))
        h = model._block(i, h, context, state.mask)
    return torch.stack(found).mean(0)[:, :, 1:] * support.mask.unsqueeze(1)


def layer_weights(model: InContextTransformer, i: int, h: Tensor, context: Tensor, mask: Tensor) -> Tensor:
    """softmax(q k' / sqrt(d)) of layer i, (B, heads, Q, 1 + K)."""
    p = model.params_
    q, k = _norm(h) @ p[f"q{i}"], (_norm(context) @ p[f"kv{i}"]).chunk(2, dim=2)[0]
    q, k = (t.unflatten(2, (model.heads, -1)).transpose(1, 2) for t in (q, k))
    logits = (q @ k.mT / sqrt(q.shape[-1])).masked_fill(~mask[:, None, None], -torch.inf)
    return logits.softmax(-1)
