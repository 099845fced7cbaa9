"""Fake profiles: what each kind holds; the detector against a dense decomposition."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from metarec_lib import Interactions, detect_profiles, inject_profiles, make_world

DATA = make_world(n_users=120, n_items=60, ratings_per_user=25, seed=2).interactions


@pytest.mark.parametrize("kind", ["random", "average", "bandwagon"])
def test_profiles_push_their_targets(kind):
    data = inject_profiles(DATA, [3, 9], profiles=7, fillers=10, kind=kind, seed=1)
    fake = data.user_codes >= DATA.n_users
    assert data.n_users == DATA.n_users + 7 and fake.sum() == 7 * 12
    assert data.ratings[~fake].reset_index(drop=True).equals(DATA.ratings)
    pushed = np.isin(data.ratings["item_id"], [3, 9]) & fake
    assert pushed.sum() == 14 and (data.values[pushed] == 5).all()
    assert set(np.unique(data.values)) <= set(np.unique(DATA.values))


def test_the_average_attack_rates_fillers_at_their_means_and_the_bandwagon_the_most_rated_ones():
    data = inject_profiles(DATA, [3], profiles=400, fillers=40, kind="average")
    fake = data.user_codes >= DATA.n_users
    for item in np.flatnonzero(np.bincount(DATA.item_codes) > 20)[:10]:
        own, theirs = (DATA.values[DATA.item_codes == item], data.values[fake & (data.item_codes == item)])
        if item != data.item_index([3])[0]:
            assert abs(own.mean() - theirs.mean()) < 0.25
    data = inject_profiles(DATA, [3], profiles=2, fillers=10, kind="bandwagon")
    items = data.item_codes[data.user_codes == DATA.n_users]
    count = np.bincount(DATA.item_codes, minlength=DATA.n_items)
    count[DATA.item_index([3])] = 0
    assert set(np.argsort(-count, kind="stable")[:5]) <= set(items)


def test_text_ids_other_scales_and_errors():
    table = DATA.ratings.assign(user_id="u" + DATA.ratings["user_id"].astype(str), rating=DATA.values / 5)
    data = Interactions.from_frame(table, scale=(0.2, 1.0))
    more = inject_profiles(data, [3], profiles=2)
    assert list(more.users["user_id"][-2:]) == ["fake-1", "fake-2"] and more.values.max() == 1.0
    for bad in ({"targets": [999]}, {"kind": "love"}, {"profiles": 0}, {"fillers": -1}):
        with pytest.raises(ValueError, match="expected"):
            inject_profiles(DATA, **{"targets": [3], **bad})


def test_suspicion_is_what_the_leading_components_leave_over():
    found = detect_profiles(DATA, components=4)
    dense = np.zeros((DATA.n_users, DATA.n_items))
    for u in range(DATA.n_users):
        rows = DATA.user_codes == u
        values = DATA.values[rows]
        if rows.any() and values.std() > 0:
            dense[u, DATA.item_codes[rows]] = (values - values.mean()) / values.std()
    right = np.linalg.svd(dense, full_matrices=False)[2][:4]
    expected = -((dense @ right.T) ** 2).sum(1) / np.maximum((dense**2).sum(1), 1e-12)
    assert np.allclose(found, expected, atol=1e-8) and list(found.index) == list(DATA.users["user_id"])


def test_random_profiles_are_found():
    data = inject_profiles(DATA, [3], profiles=12, fillers=25, kind="random")
    fake = np.arange(data.n_users) >= DATA.n_users
    assert roc_auc_score(fake, detect_profiles(data, 5)) > 0.8
    with pytest.raises(ValueError, match="1 or more"):
        detect_profiles(data, 0)
