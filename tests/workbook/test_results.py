"""The rows of a study: what they hold, and what is read from them."""

import numpy as np
import pandas as pd
import pytest

from metarec_lib.evaluation.uncertainty import compare
from metarec_lib.workbook.core import places
from metarec_lib.workbook.lessons.results import FIXED, columns, joined, packed, study_from, study_rows
from metarec_lib.workbook.lessons.studies import load_study

USERS = [3, 5, 8]


def seeded(seed):
    """Rows of one seed: two models at two K, means of another metric, sine waves of their own."""
    rng = np.random.default_rng(seed)
    for k in (1, 5):
        for model in ("MAML", "bias"):
            yield study_rows("rmse", model, pd.Series(rng.random(3), index=USERS), k=k, users="all")
    yield study_rows("rmse", "bias", pd.Series(rng.random(3), index=USERS), k=5, users="few")
    yield study_rows("weight", "blend", 0.25 + seed, member="MAML")
    waves = pd.Series(rng.random(2), index=[f"{seed}-{i}" for i in range(2)])
    yield from (
        study_rows("mse", model, waves * factor, units="sine waves") for model, factor in (("MAML", 1), ("Reptile", 2))
    )


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    found = {seed: columns(joined(seeded(seed))) for seed in (0, 1)}
    names = dict.fromkeys(name for table in found.values() for name in table)
    table = {"seed": [s for s, t in found.items() for _ in t["value"]]}
    table |= {name: [v for t in found.values() for v in t[name]] for name in names}
    path = tmp_path_factory.mktemp("study") / "toy.json.gz"
    path.write_bytes(packed({"seeds": [0, 1], "command": "x", "versions": {}}, table))
    return study_from("toy", path)


def expected(model, k):
    """The values of both seeds, by hand: the second and first drawn at each K."""
    found = {}
    for seed in (0, 1):
        rng = np.random.default_rng(seed)
        drawn = {(size, name): rng.random(3) for size in (1, 5) for name in ("MAML", "bias")}
        found[seed] = pd.Series(drawn[k, model].round(4), index=USERS)
    return found


def test_values_are_by_seed_and_unit_with_four_digits(study):
    for seed, values in expected("MAML", 5).items():
        pd.testing.assert_series_equal(
            study.values("MAML", k=5, users="all")[seed], values, check_names=False, check_index_type=False
        )


def test_units_keep_their_kind(study):
    assert [type(unit) for unit in study.values("MAML", k=5)[0].index] == [int] * 3
    assert study.values("MAML", "mse")[1].index.tolist() == ["1-0", "1-1"]
    assert study.values("blend", "weight")[1].tolist() == [1.25]


def test_a_mean_counts_each_unit_once(study):
    values = pd.concat(expected("MAML", 5), axis=1)
    assert study.mean("MAML", k=5) == pytest.approx(values.mean(axis=1).mean())
    assert study.mean("blend", "weight", member="MAML") == pytest.approx(0.75)


def test_a_table_has_a_row_a_model_and_a_column_a_condition(study):
    table = study.table(["MAML", "bias"], users="all")
    assert list(table.columns) == ["K = 1", "K = 5"] and list(table.index) == ["MAML", "bias"]
    assert table.at["MAML", "K = 5"] == pytest.approx(study.mean("MAML", k=5))


def test_compares_as_compare_does_and_knows_what_it_compared(study):
    found, by_hand = study.compare("MAML", "bias", k=5, users="all"), compare(expected("MAML", 5), expected("bias", 5))
    assert (found.mean, found.interval, found.p_value) == (by_hand.mean, by_hand.interval, by_hand.p_value)
    assert (found.n, found.unit, found.seeds) == (3, "users", 2)
    assert found.about == {"metric": "rmse", "a": "MAML", "b": "bias", "conditions": {"k": 5, "users": "all"}}


def test_the_unit_is_that_of_the_rows(study):
    found = study.compare("MAML", "Reptile", metric="mse")
    assert (found.n, found.unit, found.seeds) == (4, "sine waves", 2) and found.mean < 0


def test_a_side_may_have_conditions_of_its_own_or_be_a_number(study):
    found = study.compare(("bias", {"users": "all"}), ("bias", {"users": "few"}), k=5)
    assert found.about["a"] == ["bias", {"users": "all"}] and found.n == 3
    assert study.compare("MAML", 0.5, k=1).mean == pytest.approx(study.mean("MAML", k=1) - 0.5)


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (dict(model="ANIL", k=5), "Got 'rmse' of 'ANIL' from the study toy; it has: MAML, bias"),
        (dict(model="MAML", metric="auc"), "it has: mse, rmse, weight"),
        (dict(model="MAML"), r"no choice for 'MAML' .* of k in \[1.0, 5.0\]; name one"),
        (dict(model="bias", k=5), r"of users in \['all', 'few'\]"),
        (dict(model="MAML", k=20), r"Got k=20 for 'MAML' in the study toy; it has: \[1.0, 5.0\]"),
        (dict(model="MAML", order="random", k=5), "Got order='random'"),
    ],
)
def test_what_is_not_there_or_not_one_thing_is_refused(study, ask, words):
    with pytest.raises(KeyError, match=words):
        study.values(**ask)


def test_a_missing_value_is_no_row():
    assert study_rows("rmse", "a", pd.Series([1.0, np.nan], index=[1, 2]))["unit"].tolist() == [1]


def test_numpy_values_become_plain_ones_and_bytes_are_the_same_each_time():
    table = study_rows("rmse", "a", pd.Series([1.0, 2.0], index=np.array([1, 2])), k=np.int64(5), flag=np.bool_(True))
    plain = columns(table)
    assert plain["unit"] == [1, 2] and plain["k"] == [5, 5] and plain["flag"] == [True, True]
    assert packed({}, plain) == packed({}, columns(table))


def test_the_stored_results_of_the_workbook_are_rows_of_four_digits():
    paths = sorted(places.content("notebooks", "studies").glob("*.json.gz"))
    assert paths
    for path in paths:
        study = load_study(path.name.removesuffix(".json.gz"))
        assert {"seed", *FIXED} <= {*study.rows.columns} and {*study.rows["seed"]} == {*study.seeds}
        assert study.rows["value"].notna().all() and (study.rows["value"].round(4) == study.rows["value"]).all()
        assert not study.rows.duplicated([c for c in study.rows if c != "value"]).any()
