"""What next: the posterior is the closed form's and honest under its prior; the advice follows and says what it knows."""

import json
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from metarec_lib.workbook.core import QUESTIONS, resolve
from metarec_lib.workbook.practice import next_command, next_question, progress, recommending, what_next
from metarec_lib.workbook.practice.recommending import (
    AGAIN,
    GOAL,
    NOISE,
    PRIOR,
    REACHES,
    READ,
    READY,
    Result,
    Z,
    advise,
    features,
    posterior,
    results_of,
    shortfall,
)
from metarec_lib.workbook.practice.standing import Entry, Standing, entries, needs


@pytest.fixture(scope="module")
def items():
    return features(QUESTIONS)


@pytest.fixture(scope="module")
def found():
    return [Standing(entry) for entry in entries(None)]


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("METAREC_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("METAREC_WORK", raising=False)


def of(advice, key):
    return next(one for one in advice if one.question == key)


# -- the model ------------------------------------------------------------------------------------------------------------
def test_the_posterior_is_that_of_bayesian_linear_regression_solved_another_way(items):
    x, mean, scale = items
    rng = np.random.default_rng(0)
    places, noise = rng.integers(0, 31, 12), rng.uniform(0.05, 0.3, 12)
    shares = rng.uniform(0, 1, 12)
    share, std, moves = posterior(x, mean, scale, places, shares, noise)
    z = x[places]
    covariance = np.linalg.inv(np.diag(scale**-2) + z.T @ np.diag(noise**-2) @ z)
    weights = covariance @ (mean / scale**2 + z.T @ (shares / noise**2))
    np.testing.assert_allclose(share, x @ weights, atol=1e-10)
    np.testing.assert_allclose(std, np.sqrt(np.einsum("id,de,ie->i", x, covariance, x)), atol=1e-10)
    np.testing.assert_allclose(moves.sum(1), share - x @ mean, atol=1e-10)  # what moved a share adds up
    without = posterior(x, mean, scale, places[1:], shares[1:], noise[1:])[0]
    assert moves.shape == (31, 12) and not np.allclose(without, share)


def test_without_results_the_prior_speaks(items):
    share, std, moves = posterior(*items, [], [], [])
    np.testing.assert_allclose(share, PRIOR["start"])
    assert moves.shape == (31, 0) and (std > PRIOR["question"]).all() and (std < 0.4).all()


def test_under_its_own_prior_the_interval_holds_what_it_says(items):
    x, mean, scale = items
    rng, hits = np.random.default_rng(1), []
    for _ in range(400):
        weights = mean + scale * rng.standard_normal(len(scale))
        places = rng.permutation(31)[:6]
        shares = x[places] @ weights + NOISE["interview"] * rng.standard_normal(6)
        share, std, _ = posterior(x, mean, scale, places, shares, [NOISE["interview"]] * 6)
        hits.append(np.abs(x @ weights - share) <= Z * std)
    assert 0.78 < np.mean(hits) < 0.82


def test_under_its_own_prior_it_finds_more_points_a_minute_than_the_plain_order(found):
    """The prior is true here, by construction; it says nothing of real learners."""
    questions = [one.question for one in sorted(found, key=lambda one: one.question.number)]
    (x, mean, scale), rng, ours, plain = features(questions), np.random.default_rng(2), [], []
    order = [one.question.number - 1 for one in found]
    for _ in range(60):
        true = x @ (mean + scale * rng.standard_normal(len(scale)))
        seen = [int(place) for place in order[:10]]
        results = [Result(questions[i].key, float(true[i]), "interview") for i in seen]
        advice = [one for one in advise(found, results) if resolve(one.question).number - 1 not in seen]
        ready = {one.question: one.readiness / one.minutes for one in advice}
        gain = {key: ready[key] * max(GOAL - true[resolve(key).number - 1], 0) for key in ready}
        ours.append(gain[advice[0].question])
        plain.append(gain[questions[order[10]].key])
    difference = np.array(ours) - np.array(plain)
    assert difference.mean() > 2 * difference.std() / np.sqrt(len(difference))


def test_the_expected_shortfall_is_the_mean_over_draws():
    draws = np.random.default_rng(3).standard_normal(400_000)
    for mean, std in ((0.3, 0.2), (0.9, 0.1), (1.1, 0.15)):
        expected = np.maximum(GOAL - (mean + std * draws), 0).mean()
        assert shortfall(np.array([mean]), np.array([std]))[0] == pytest.approx(expected, abs=1e-3)
    assert shortfall(np.array([0.4]), np.array([0.0]))[0] == pytest.approx(GOAL - 0.4)


def test_features_name_the_part_the_shared_topics_and_what_is_needed(items):
    x, _, scale = items
    needed = needs(QUESTIONS)
    own = x[:, -31:]
    for i, question in enumerate(QUESTIONS):
        assert own[i, i] == 1
        assert {QUESTIONS[j].key for j in np.flatnonzero(own[i] == REACHES)} == set(needed[question.key])
    topics = x[:, 6:-31]
    assert (
        (topics.sum(0) >= 2).all()
        and topics.shape[1] > 5
        and (x[:, 1:6].sum(1) == 1).all()
        and len(scale) == x.shape[1]
    )


# -- the advice -----------------------------------------------------------------------------------------------------------
def test_a_failure_lowers_its_question_and_those_that_need_it_and_lifts_nothing(found):
    before, after = advise(found, []), advise(found, [Result("q06", 0.0, "interview")])
    falls = {one.question: of(before, one.question).share - one.share for one in after}
    assert min(falls.values()) >= 0 and max(falls, key=falls.get) == "q06"
    assert falls["q07"] > falls["q23"]  # q07 needs q06, q23 does not
    ready = of(after, "q07").readiness
    assert ready < of(before, "q07").readiness and of(after, "q06").readiness == 1
    (result, move), *_ = of(after, "q07").because
    assert result.question == "q06" and move == pytest.approx(-falls["q07"])


def test_an_old_result_says_less(found):
    fresh, old = (of(advise(found, [Result("q06", 0.9, "interview", days)]), "q06") for days in (0, 300))
    assert PRIOR["start"] < old.share < fresh.share and old.high - old.low > fresh.high - fresh.low


def test_readiness_is_the_chance_that_the_weakest_needed_question_is_known(found):
    results = [Result("q06", 0.75, "interview"), Result("q01", 0.55, "interview")]
    x, mean, scale = features(QUESTIONS)
    share, std, _ = posterior(x, mean, scale, [5, 0], [0.75, 0.55], [NOISE["interview"]] * 2)
    drawn = share[[0, 5]] + std[[0, 5]] * np.random.default_rng(4).standard_normal((200_000, 2))
    weakest = (drawn >= READY).mean(0).min()
    assert of(advise(found, results), "q22").readiness == pytest.approx(weakest, abs=0.005)  # q22 needs q01 and q06


def test_benefit_is_gain_by_minutes_and_the_best_comes_first(found):
    advice = advise(found, [Result("q06", 0.9, "interview"), Result("q01", 0.2, "exercises")])
    assert [one.per_minute for one in advice] == sorted((one.per_minute for one in advice), reverse=True)
    assert len(advice) == 31 and all(0 <= one.low <= one.share <= one.high <= 1 for one in advice)
    for one in advice:
        assert one.per_minute == pytest.approx(one.gain / one.minutes)


def test_minutes_are_fewer_where_something_is_done():
    new = Standing(Entry(resolve("q06"), 30, 3, 0))
    assert recommending.minutes_of(new) == 45 + 30
    assert recommending.minutes_of(Standing(Entry(resolve("q06"), 30, 3, 2), read="2026-01-01")) == AGAIN + 10


def test_results_come_from_what_is_stored(tmp_path):
    file, now = tmp_path / "q.py", datetime.now(UTC) + timedelta(days=10)
    rows = [("f", "passed", 3, 3), ("g", "failed", 1, 3), ("h", "not written", 0, 3)]
    progress.record_attempts("q06", file, [("f", "failed", 0, 3)])
    progress.record_attempts("q06", file, rows)
    progress.record_attempts("q07", file, [("f", "not written", 0, 3)])
    progress.record_score("q01", 7, 10, [1])
    progress.mark_read("q02")
    found = [Standing(entry, read=progress.lessons_read().get(entry.question.key)) for entry in entries(None)]
    told = {(one.kind, one.question): one for one in results_of(found, now)}
    assert set(told) == {("interview", "q01"), ("exercises", "q06"), ("read", "q02")}
    assert told["exercises", "q06"].share == pytest.approx(4 / 6) and told["interview", "q01"].share == 0.7
    assert told["read", "q02"].share == READ and told["read", "q02"].days == pytest.approx(10, abs=0.01)
    assert results_of(found, now - timedelta(days=20))[0].days == 0  # a clock that was wrong


def test_known_cards_count_from_three_on():
    from metarec_lib.workbook.practice.cards import store
    from metarec_lib.workbook.practice.cards.deck import Card

    for n, rating in enumerate((1, 3, 4, 3)):
        assert [one for one in results_of([]) if one.kind == "cards"] == [] or n == 3
        store.answer(Card(f"q06:pitfall:{n}", resolve("q06"), "pitfall", ("", ""), ("", "")), rating, datetime.now(UTC))
    (result,) = results_of([])
    assert (result.kind, result.question, result.share) == ("cards", "q06", 0.75)


# -- what is said -----------------------------------------------------------------------------------------------------------
def test_it_says_the_question_the_reason_the_plain_order_and_what_it_does_not_know(capsys):
    what_next({"q06": 0.9, 1: 0.2})
    said = capsys.readouterr().out
    assert said.startswith(
        "**Next: q01 · What is meta-learning, and what does it buy a recommender?** You would answer 2"
    )
    assert "q01, interview 20% (−" in said and "The chance that you know what it needs well enough: 9" in said
    assert "which looks at no result, says: q06 · How do you evaluate" in said
    assert "What it knows: 2 results" in said and "a prior that we wrote down" in said and "was ever measured" in said
    assert said.count("points an hour") == next_question.SHOWN


def test_it_says_so_in_chinese(capsys, monkeypatch):
    monkeypatch.setenv("METAREC_LANG", "zh")
    what_next({"q06": 0.9})
    said = capsys.readouterr().out
    assert said.startswith("**下一题：q01 · ") and "依据：q06 面试 90%（+" in said and "由我们写下的先验" in said


def test_the_command_and_its_numbers(capsys):
    progress.record_score("q06", 2, 10, [])
    assert next_command() == 0
    text = capsys.readouterr().out
    assert text.startswith("Next: q") and "What it knows: 1 result," in text and "The plain order" in text
    assert next_command(as_json=True) == 0
    told = json.loads(capsys.readouterr().out)
    assert len(told["advice"]) == 31 and told["by_order"] == "q06" and told["assumed"]["prior"] == PRIOR
    assert [one["question"] for one in told["results"]] == ["q06"]


def test_while_lessons_are_built_nobodys_results_count(capsys, monkeypatch):
    progress.record_score("q06", 2, 10, [])
    monkeypatch.setenv("METAREC_WORK", "solutions")
    what_next()
    assert "What it knows: 0 results" in capsys.readouterr().out


def test_a_share_that_is_none_is_refused():
    with pytest.raises(ValueError, match="from 0 to 1"):
        what_next({"q06": 70})
