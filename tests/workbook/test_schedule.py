"""When a card is due: intervals that grow with what is known, and a clock that may be wrong, moved or told in any zone."""

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from metarec_lib.workbook.practice.cards.schedule import (
    AGAIN,
    AHEAD,
    EASY,
    GOOD,
    HARD,
    LONGEST,
    RATINGS,
    intervals,
    is_due,
    reviewed,
    scheduler,
    told,
)

START = datetime(2026, 1, 1, 20, tzinfo=UTC)
DAY = timedelta(days=1)
# Three zones with their own days of clock change, one without, one with half hours.
ZONES = [
    ZoneInfo(n) for n in ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Shanghai", "Asia/Kolkata")
]


def thousand_days(seed, zone_of=lambda day: UTC, clock=lambda day: timedelta(0)):
    """Each review of 40 cards over 1,000 days: (day, moment, before, rating, after). Recall is drawn as FSRS expects it.

    zone_of: in which zone the moment of a day is told; clock: by how much the clock is wrong on a day.
    """
    rng, known, log = random.Random(seed), {}, []
    for day in range(1000):
        if rng.random() < 0.1:
            continue  # a day off
        true = START + day * DAY + timedelta(minutes=rng.randrange(180))
        for card in range(40):
            now = (true + clock(day)).astimezone(zone_of(day))
            before = known.get(card)
            if before is not None and not is_due(before, now):
                continue
            chance = 0.6 if before is None else recall(before, now)
            rating = rng.choice((HARD, GOOD, GOOD, EASY)) if rng.random() < chance else AGAIN
            known[card] = reviewed(before, rating, now)
            log.append((day, now, before, rating, known[card]))
    return log


def recall(memory, now):
    from fsrs import Card, State

    card = Card(0, State(memory.state), memory.step, memory.stability, memory.difficulty, memory.due, memory.last)
    return scheduler().get_card_retrievability(card, now)


def sane(log):
    for _, now, before, rating, after in log:
        wait = after.due - now
        assert timedelta(minutes=1) <= wait <= LONGEST * DAY
        assert after.last == now and after.due.utcoffset() == timedelta(0)
        assert 1 <= after.difficulty <= 10 and 0 < after.stability < 36500
        if rating == AGAIN:
            assert wait <= timedelta(minutes=10) and (before is None or after.stability <= before.stability)


def test_a_thousand_days_keep_intervals_sane():
    log = thousand_days(1)
    sane(log)
    assert len(log) > 400 and max(day for day, *_ in log) >= 990
    later = [row for row in log if row[0] > 500]
    assert len(later) < len(log) / 2  # what is known costs less and less
    assert max(after.due - now for _, now, _, _, after in log) > 60 * DAY
    known = sum(rating != AGAIN for _, _, before, rating, _ in log if before and not before.learning)
    asked = sum(1 for _, _, before, _, _ in log if before and not before.learning)
    assert 0.82 < known / asked < 0.95  # the aim is .9


def test_zones_and_summer_time_change_nothing():
    here, away = thousand_days(2), thousand_days(2, lambda day: ZONES[day // 7 % len(ZONES)])
    assert len(here) == len(away)
    assert all(a[1] == b[1] and a[4] == b[4] for a, b in zip(here, away, strict=True))
    sane(away)


def test_a_clock_that_is_off_for_a_while_does_no_lasting_harm():
    """An hour off for a month, a day behind for a week, and on one day ten years ahead."""

    def clock(day):
        if day == 400:
            return timedelta(days=3652)
        return timedelta(hours=1) if 100 <= day < 130 else -DAY if 200 <= day < 207 else timedelta(0)

    log = thousand_days(3, clock=clock)
    sane(log)
    wrong = [row for row in log if row[0] == 400]
    assert len(wrong) == 40  # ten years later all of them are due
    after = {day: sum(row[0] == day for row in log) for day in range(401, 420)}
    assert sum(after.values()) >= 40  # and they are asked again once the clock is right
    assert max(row[4].due for row in log if row[0] > 420) < START + 1400 * DAY


def test_a_clock_set_back_within_a_session_counts_as_no_time():
    first = reviewed(None, GOOD, START)
    back = reviewed(first, GOOD, START - timedelta(hours=3))
    assert back.due > START - timedelta(hours=3) and back.stability == pytest.approx(
        reviewed(first, GOOD, START).stability
    )


def test_better_answers_come_back_later():
    memory = None
    for at in (START, START + DAY, START + 5 * DAY, START + 20 * DAY):
        waits = list(intervals(memory, at).values())
        assert waits == sorted(waits) and len(set(waits)) == 4
        memory = reviewed(memory, GOOD, at)
    assert memory.due - memory.last > 15 * DAY


def test_the_same_answers_give_the_same_days():
    assert thousand_days(4)[-1] == thousand_days(4)[-1]


def test_a_card_that_is_being_learned_may_come_early_and_another_may_not():
    learning, known = reviewed(None, GOOD, START), reviewed(None, EASY, START)
    assert not is_due(learning, START) and is_due(learning, START, AHEAD)
    assert not is_due(known, known.due - AHEAD, AHEAD) and is_due(known, known.due)


def test_what_is_no_rating_and_no_moment_is_refused():
    with pytest.raises(ValueError, match="expected 1"):
        reviewed(None, 5, START)
    with pytest.raises(ValueError, match="without a zone"):
        reviewed(None, GOOD, datetime(2026, 1, 1))
    assert set(intervals(None, START)) == set(RATINGS)


@pytest.mark.parametrize(
    ("interval", "english", "chinese"),
    [
        (timedelta(seconds=20), "1 min", "1 分钟"),
        (timedelta(hours=3), "3 h", "3 小时"),
        (DAY, "1 day", "1 天"),
        (12 * DAY, "12 days", "12 天"),
        (122 * DAY, "4 months", "4 个月"),
    ],
)
def test_intervals_for_a_person(interval, english, chinese):
    assert told(interval, "en") == english and told(interval, "zh") == chinese
