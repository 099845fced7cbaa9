"""Attributions against cases by hand, a loop and what they promise; the head's influence against solving again."""

from dataclasses import replace
from itertools import combinations
from math import factorial

import pytest
import torch

from metarec_lib import (
    InContextTransformer,
    MetaLearningModel,
    attention_to_support,
    attributions,
    deletion,
    make_tasks,
    make_world,
    support_influence,
)
from metarec_lib.device import as_tensor
from metarec_lib.meta.influence import layer_weights
from metarec_lib.meta.transformer import _norm
from metarec_lib.models.explanation import METHODS, neutral_values

WORLD = make_world(n_users=40, n_items=30, ratings_per_user=12, seed=3).interactions


def scored(model, support, query):
    support = replace(support, values=support.values * support.mask)
    return model.score(model.adapt(support), query)


def without(support, user, j):
    mask = support.mask.clone()
    mask[user, j] = False
    return replace(support, mask=mask)


@pytest.fixture(scope="module")
def tasks():
    """Eight users with five ratings, the last with two, and one query item each."""
    found = make_tasks(WORLD, k=5, pool=6, seed=1).select(slice(0, 8))
    mask = found.support.mask.clone()
    mask[-1, 2:] = False
    support = replace(found.support, values=found.support.values * mask, mask=mask)
    query = found.query
    return support, type(query)(query.users, query.items[:, :1], query.values[:, :1], query.mask[:, :1])


@pytest.fixture(scope="module")
def head():
    return MetaLearningModel(epochs=2).fit(WORLD)


@pytest.fixture(scope="module")
def transformer():
    return InContextTransformer(epochs=2).fit(WORLD)


def test_influence_is_what_solving_without_the_rating_gives(head, tasks):
    support, query = tasks
    found = support_influence(head, support, query).influence[:, 0]
    full = scored(head, support, query)
    for user in range(len(support)):
        for j in range(int(support.counts[user])):
            again = scored(head, without(support, user, j), query)
            torch.testing.assert_close(found[user, j], full[user, 0] - again[user, 0], rtol=0, atol=1e-10)
    assert (found[-1, 2:] == 0).all()


def test_contributions_and_the_prior_are_the_score(head, tasks):
    support, query = tasks
    nothing = replace(support, values=0 * support.values, mask=torch.zeros_like(support.mask))
    total = scored(head, nothing, query) + support_influence(head, support, query).contribution.sum(2)
    torch.testing.assert_close(total, scored(head, support, query), rtol=0, atol=1e-10)


def test_integrated_gradients_add_up_to_the_change_from_neutral(transformer, tasks):
    support, query = tasks
    neutral = replace(support, values=neutral_values(transformer, support) * support.mask)
    change = scored(transformer, support, query) - scored(transformer, neutral, query)
    found = attributions(transformer, support, query, steps=64)
    torch.testing.assert_close(found.sum(1), change[:, 0], rtol=0, atol=1e-4)


def test_in_the_head_the_gradient_is_the_contribution(head, tasks):
    """The head is linear in the ratings, so gradient x input and integrated gradients are its contributions."""
    support, query = tasks
    expected = support_influence(head, support, query).contribution[:, 0]
    for method in ("gradient x input", "integrated gradients"):
        torch.testing.assert_close(attributions(head, support, query, method), expected, rtol=0, atol=1e-8)


@pytest.mark.parametrize("name", ["head", "transformer"])
def test_occlusion_is_a_loop(name, tasks, request):
    model, (support, query) = request.getfixturevalue(name), tasks
    found, full = attributions(model, support, query, "occlusion"), scored(model, support, query)
    for user in (0, 7):
        for j in range(int(support.counts[user])):
            again = scored(model, without(support, user, j), query)
            torch.testing.assert_close(found[user, j], (full - again)[user, 0], rtol=0, atol=1e-10)


def shapley(score, k):
    """By definition: the mean gain of each rating over all orders, as a sum over subsets."""
    values = torch.zeros(k, dtype=torch.float64)
    for j in range(k):
        others = [i for i in range(k) if i != j]
        for size in range(k):
            for subset in combinations(others, size):
                weight = factorial(size) * factorial(k - size - 1) / factorial(k)
                present = as_tensor(torch.zeros(2, k))
                present[:, list(subset)] = 1
                present[1, j] = 1
                low, high = score(present).cpu()
                values[j] += weight * (high - low)
    return values


def test_kernel_shap_is_near_the_shapley_values(transformer, tasks):
    from metarec_lib.models.explanation import presence_score

    support, query = (part.select(slice(0, 2)) for part in tasks)
    found = attributions(transformer, support, query, "KernelSHAP", samples=3_000)
    for user in range(2):
        one = slice(user, user + 1)
        expected = shapley(presence_score(transformer, support.select(one), query.select(one)), 5)
        torch.testing.assert_close(found[user].cpu(), expected, rtol=0, atol=0.02 * float(expected.abs().max()))


def test_lime_finds_the_same_leader_where_one_rating_rules(head, tasks):
    support, query = tasks
    expected = support_influence(head, support, query).influence[:, 0]
    clear = expected.sort(1).values[:, -1] > 2 * expected.sort(1).values[:, -2].abs()
    found = attributions(head, support, query, "LIME", samples=1_000)
    assert clear.any() and (found.argmax(1) == expected.argmax(1))[clear].all()


def test_the_same_seed_gives_the_same_and_leaves_the_generator_alone(head, tasks):
    support, query = (part.select(slice(0, 2)) for part in tasks)
    before = torch.random.get_rng_state()
    first, second = (attributions(head, support, query, "LIME", samples=20, seed=3) for _ in range(2))
    assert torch.equal(first, second) and torch.equal(before, torch.random.get_rng_state())


@pytest.mark.parametrize("method", METHODS)
def test_padding_gets_nothing(head, tasks, method):
    assert (attributions(head, *tasks, method, samples=20)[-1, 2:] == 0).all()


def test_attention_weights_are_those_of_the_blocks(transformer, tasks):
    support, query = tasks
    state, pairs = transformer.adapt(support), transformer._pairs(query)
    p = transformer.params_
    h = torch.cat([pairs.x, torch.ones_like(pairs.x[..., :1])], dim=2) @ p["query"]
    weights = layer_weights(transformer, 0, h, state.layers[0], state.mask)
    v = (_norm(state.layers[0]) @ p["kv0"]).chunk(2, dim=2)[1].unflatten(2, (transformer.heads, -1)).transpose(1, 2)
    after = h + (weights @ v).transpose(1, 2).flatten(2) @ p["out0"]
    after = after + torch.relu(_norm(after) @ p["up0"]) @ p["down0"]
    torch.testing.assert_close(after, transformer._block(0, h, state.layers[0], state.mask), rtol=0, atol=1e-10)
    found = attention_to_support(transformer, support, query)
    assert (found >= 0).all() and (found.sum(2) < 1).all() and (found[-1, :, 2:] == 0).all()


def test_deletion_takes_the_highest_first(head, tasks):
    support, query = tasks
    ranking = as_tensor(torch.arange(5.0)).expand(
        8, 5
    )  # the last rating first; of the user with two ratings, the second
    found, full = deletion(head, support, query, ranking, (0, 1, 9)), scored(head, support, query)[:, 0]
    first = scored(head, without(support, 0, 4), query)[0, 0], scored(head, without(support, 7, 1), query)[7, 0]
    torch.testing.assert_close(found[:, 0], torch.zeros_like(full))
    torch.testing.assert_close(found[[0, 7], 1], full[[0, 7]] - torch.stack(first), rtol=0, atol=1e-10)
    nothing = replace(support, values=0 * support.values, mask=torch.zeros_like(support.mask))
    torch.testing.assert_close(found[:, 2], full - scored(head, nothing, query)[:, 0], rtol=0, atol=1e-10)


def test_errors_say_what_to_do(head, tasks):
    support, query = tasks
    with pytest.raises(ValueError, match="expected one of integrated gradients"):
        attributions(head, support, query, "attention")
    with pytest.raises(ValueError, match="one item a user"):
        attributions(head, support, support)
