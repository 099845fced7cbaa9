"""The mock interview: the engine by its events, the draw, what is stored, and that a kill loses nothing."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
from unittest.mock import Mock

import numpy as np
import pytest

from metarec_lib.workbook.core import resolve
from metarec_lib.workbook.practice import Interview, progress
from metarec_lib.workbook.practice.bank import lesson_of, plain, written
from metarec_lib.workbook.practice.interview import drawing, host, store
from metarec_lib.workbook.practice.interview.engine import Engine, Material, Task
from metarec_lib.workbook.practice.interview.report import evidence, history, report, trend
from metarec_lib.workbook.practice.matching import Matcher

KEYS = ("q01", "q06", "q22")
TASK = Task("inner_step", 5, ("one step", "走一步"))
GOOD = "A task is one user, with a support and a query set. The inner loop takes steps on the support."


@pytest.fixture(autouse=True)
def a_home(tmp_path, monkeypatch):
    monkeypatch.setenv("METAREC_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("metarec_lib.workbook.practice.matching.encoder_is_here", lambda: False)


def material(key, task=None):
    lesson = lesson_of(resolve(key))
    return Material(lesson, Matcher("en", False).links(lesson), task)


def engine(minutes=30, task=None, keys=KEYS):
    made = Engine({key: material(key, task) for key in keys}, keys, minutes)
    made.take({"kind": "start", "at": 0.0})
    return made


def found(said):
    return [{"said": item, "score": 0.0, "sentence": "", "words": []} for item in said]


def answer(made, at, text="", said=()):
    made.take({"kind": "answer", "at": float(at), "text": text, "found": found(said)})


def to_rubric(made, at=10.0):
    while made.stage not in ("rubric", "done"):
        made.take({"kind": "skip", "at": float(at)})


# -- the engine -----------------------------------------------------------------------------------------------------------
def test_a_question_goes_through_its_stages():
    made, stages = engine(task=TASK), []
    for at in range(1, 5):
        stages.append((made.stage, made.limit))
        answer(made, at, "x", [False] * 6)
    assert stages == [("short", 30), ("full", 180), ("follow-up", 60), ("follow-up", 60)]
    assert (made.stage, made.limit) == ("code", 300)
    run = {"kind": "checked", "points": 1.0, "possible": 3.0, "message": "no"}
    made.take({**run, "at": 5.0, "passed": False})
    assert made.stage == "code"  # tried again
    made.take({**run, "at": 6.0, "passed": True})
    assert made.stage == "rubric"
    made.take({"kind": "ticks", "at": 7.0, "ticks": [True, False, True, False, False, True]})
    assert made.points(made.turns[0]) == 2 + 2 + 1
    assert (made.stage, made.turn.key) == ("short", "q06")


@pytest.mark.parametrize("key", [question.key for question in written()])
def test_the_follow_up_is_about_what_was_missed(key):
    """Where one point alone is missed, the follow-up asked has at least as much to do with it as any other."""
    lesson, asked = lesson_of(resolve(key)), set()
    for missed in range(len(lesson.rubric)):
        made = engine(keys=(key,))
        for at in (1, 2):
            answer(made, at, "x", [place != missed for place in range(len(lesson.rubric))])
        links = made.material.links
        assert links[made.asked][missed] == max(row[missed] for row in links)
        asked.add(made.asked)
    assert len(asked) > 1  # it depends on what was missed


def test_where_nothing_was_typed_the_commonest_follow_up_comes_first():
    made = engine()
    answer(made, 1), answer(made, 2)
    assert made.asked == 0 and made.turn.answers[0].text == ""


def test_a_point_found_later_is_known_to_come_after_a_follow_up():
    made = engine()
    answer(made, 1, "a", [True] + [False] * 5)
    answer(made, 2, "b", [True] + [False] * 5)
    answer(made, 3, "c", [True, True] + [False] * 4)
    assert made.turn.said_in == {0: "short", 1: "follow-up"}
    assert made.turn.answers[2].drawn_for == (1, 2, 3, 4, 5)


def test_the_clock_stands_in_a_pause_a_crash_a_shut_lid_and_where_it_is_set_back():
    made = engine()
    made.take({"kind": "pause", "at": 10.0})
    assert made.used(500.0) == 10.0
    made.take({"kind": "resume", "at": 1000.0})
    assert made.used(1005.0) == 15.0
    made.take({"kind": "resume", "at": 2000.0})  # after a crash: no pause before it
    assert made.used(2001.0) == 11.0
    assert made.used(2000.0 + 5000) == 10.0 and made.used(1990.0) == 10.0
    answer(made, 2010.0)
    assert made.elapsed == 20.0 and made.turn.answers[0].seconds == 20.0


def test_no_question_begins_when_little_time_is_left_and_no_coding_that_does_not_fit():
    made = engine(minutes=10, task=TASK)
    to_rubric(made, at=301.0)  # 299 seconds are left, the task takes 300
    assert "code" not in made.turn.seconds and made.stage == "rubric"
    made.take({"kind": "ticks", "at": 361.0, "ticks": [False] * 6})
    assert made.stage == "done" and not made.left


def test_leaving_early_keeps_what_was_ticked():
    made = engine()
    to_rubric(made)
    made.take({"kind": "ticks", "at": 11.0, "ticks": [True] * 6})
    made.take({"kind": "leave", "at": 12.0})
    assert (made.stage, made.left, made.score, made.possible) == ("done", True, 10, 10)


@pytest.mark.parametrize(
    ("event", "told"),
    [
        ({"kind": "ticks", "ticks": [True] * 6}, "stage 'short'"),
        ({"kind": "answer", "text": "x", "found": found([True])}, "1 found; expected 6"),
        ({"kind": "nonsense"}, "expected answer or skip"),
    ],
)
def test_an_event_that_does_not_fit_changes_nothing(event, told):
    made = engine()
    with pytest.raises(ValueError, match=told):
        made.take({**event, "at": 1.0})
    assert (made.stage, made.events, made.turn.seconds) == ("short", 1, {})


# -- the draw -------------------------------------------------------------------------------------------------------------
def test_weak_questions_come_sooner_and_seeds_repeat_the_draw():
    lessons = [lesson_of(question) for question in written()]
    places = {"q05": [], "q20": []}
    for seed in range(100):
        order = drawing.draw(lessons, {"q05": 0.95, "q20": 0.0}, seed)
        assert sorted(order) == sorted(lesson.question.key for lesson in lessons)
        for key, found in places.items():
            found.append(order.index(key))
    assert sum(places["q20"]) / 100 < 9 < 20 < sum(places["q05"]) / 100
    assert drawing.draw(lessons, {}, 3) == drawing.draw(lessons, {}, 3) != drawing.draw(lessons, {}, 4)


def test_two_questions_in_a_row_share_less_than_chance_has_it():
    lessons = {q.key: lesson_of(q) for q in written()}

    def shared(order):
        pairs = [(lessons[a], lessons[b]) for a, b in zip(order[:2], order[1:3], strict=True)]
        return sum(len(set(a.topics) & set(b.topics)) + (a.question.part == b.question.part) for a, b in pairs)

    drawn = sum(shared(drawing.draw(list(lessons.values()), {}, seed)) for seed in range(100))
    by_chance = sum(shared([*random_order(lessons, seed)]) for seed in range(100))
    assert drawn < 0.6 * by_chance


def random_order(lessons, seed):
    import random

    return random.Random(seed).sample(sorted(lessons), len(lessons))


def test_shares_come_from_interviews_and_the_last_attempt():
    scores = [{"question": "q01", "points": 10, "possible": 10}]
    tries = [{"question": "q06", "function": "f", "points": p, "possible": 3} for p in (0, 3)]
    assert drawing.shares_of(scores, tries) == {"q01": 2.5 / 3, "q06": 1.5 / 2}


# -- a held interview -----------------------------------------------------------------------------------------------------
def begin(**chosen):
    return host.Host.begin(**{"lang": "en", "topics": ["MAML"], "seed": 1, **chosen})


def test_an_interview_is_stored_event_by_event_and_scores_reach_the_progress():
    held = begin()
    held.answer(GOOD)
    held.skip()
    held.skip()
    held.skip()
    assert held.engine.turn.said[0]
    held.tick([True, False, True, False, False, False])
    assert held.engine.stage == "done"
    (row,) = store.interviews()
    assert (row["state"], row["summary"]["asked"], row["summary"]["points"]) == ("done", ["q01"], 4)
    (score,) = progress.scores()
    assert (score["question"], score["points"], score["possible"], score["missed"]) == ("q01", 4, 10, [1, 3, 4, 5])
    assert [event["kind"] for event in store.events(row["id"])] == ["start", "answer", "skip", "skip", "skip", "ticks"]
    assert "4 of 10 points, by your own ticks" in held.report_file.read_text()
    assert "self-assessment" in history(store.interviews(), "en")


def test_the_coding_task_is_checked_by_the_real_checker(monkeypatch):
    held = begin()
    for _ in range(3):
        held.skip()
    assert held.engine.stage == "code"
    task = held.engine.material.task
    stub = held.code_file.read_text()
    assert f"def {task.function}(" in stub and stub.count("\ndef ") == 1
    assert held.check()["passed"] is False and held.engine.stage == "code"
    solution = host.content("solutions", held.code_file.name).read_text()
    assert held.check(solution)["passed"] is True and held.engine.stage == "rubric"
    rows = progress.attempts("q01")
    assert [(row["function"], row["status"]) for row in rows] == [(task.function, s) for s in ("not written", "passed")]


@pytest.mark.parametrize("question", written(), ids=lambda q: q.key)
def test_every_coding_task_passes_by_the_solution_of_its_one_function(question, tmp_path):
    """The stub of the task has one function, and it needs no other of the file."""
    task = host._task(question)
    text = host.stub(Material(lesson_of(question), (), task), "en")
    compile(text, question.stem, "exec")
    assert text.count("\ndef ") == 1 and f"\ndef {task.function}(" in text and task.minutes <= 20
    assert "To check it: Enter" in text and "\n\n\n\n" not in text
    assert "检查：终端里按回车" in host.stub(Material(lesson_of(question), (), task), "zh")


def test_another_window_is_refused_and_what_is_stored_stays():
    first = begin()
    second = host.Host.resume(store.interviews()[0])
    second.answer(GOOD)
    with pytest.raises(store.Elsewhere, match="another window"):
        first.skip()
    assert first.engine.stage == "short"
    assert host.Host.resume(store.interviews()[0]).engine.stage == "full"


def test_filters_say_what_there_is():
    with pytest.raises(ValueError, match=r"fits junior, MAML\. Levels: mid, senior\. Topics: .*MAML"):
        begin(level="junior")
    with pytest.raises(ValueError, match=r"fits junior\. Levels: mid, senior\.$"):
        begin(level="junior", topics=())
    assert set(begin(topics=("注意力",)).settings["plan"]) == {"q16", "q22", "q23"}
    assert set(begin(topics=(), names=["7", "q01"]).settings["plan"]) == {"q01", "q07"}
    assert set(begin(topics=(), level="mid").settings["plan"]) == {"q01", "q17"}
    with pytest.raises(ValueError, match="expected 5 to 180"):
        begin(minutes=1)


def test_where_the_file_cannot_be_written_the_interview_goes_on(monkeypatch):
    def locked():
        raise sqlite3.OperationalError("database is locked")

    monkeypatch.setattr(progress, "transaction", locked)
    monkeypatch.setattr(progress, "scores", lambda: [])
    monkeypatch.setattr(progress, "attempts", lambda *key: [])
    held = begin()
    assert "not being stored (database is locked)" in held.warning
    held.answer(GOOD)
    assert held.engine.stage == "full"


def test_the_report_tells_what_was_said_found_and_changed():
    held = begin()
    held.answer(GOOD)
    held.answer("It helps a user with few ratings.")
    held.answer("")
    held.skip()
    held.leave()
    told = report(held.engine, held.settings, "en")
    assert "You left before the end." in told and "No question was brought to its rubric." in told
    for text in (GOOD, "found in “A task is one user", "*said aloud*", "Asked because your words did not show"):
        assert text in told
    (asked,) = (line for line in told.splitlines() if line.startswith("*Asked because"))
    points = [point.en for point in held.engine.material.lesson.rubric]
    assert sum(plain(point) in asked for point in points) == 2
    assert "提前结束" in report(held.engine, {**held.settings, "level": "mid"}, "zh")
    assert "级别：中级" in report(held.engine, {**held.settings, "level": "mid"}, "zh")


def test_the_words_of_the_evidence_have_no_marks_on_them():
    seen = {"sentence": "用积分梯度或 Shapley 值，相对一个基线。", "words": ("积分梯度", "值，", "。")}
    assert evidence(seen, "zh") == "依据“用积分梯度或 Shapley 值，相对一个基线。”（词：积分梯度、值）"


def test_the_day_in_the_history_is_the_one_on_the_learners_clock():
    begin().leave()
    row = store.interviews()[0]
    assert f"| {row['settings']['day']} left early |" in history([row], "en")


def test_a_trend_needs_four_interviews():
    def over(*points):
        return [{"points": p, "possible": 10} for p in points]

    assert "four scored interviews" in trend(over(1, 2, 3), "en")
    assert "7.0 of 10 in the last 2, 3.0 in the 2 before" in trend(over(2, 4, 6, 8), "en")


# -- killed ---------------------------------------------------------------------------------------------------------------
CHILD = """
import os, signal, sys
from metarec_lib.workbook.practice import matching
matching.encoder_is_here = lambda: False
from metarec_lib.workbook.practice.interview import host, store
rows = store.interviews()
held = host.Host.resume(rows[0]) if rows else host.Host.begin("en", topics=["MAML"], seed=1)
if len(held.engine.turns[0].answers) == 0:
    held.answer("first")
    held.write("half of the sec")
else:
    held.answer(held.draft + "ond")
    held.write("kept too")
print(held.engine.stage, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_killed_in_the_middle_nothing_is_lost():
    codes = [subprocess.run([sys.executable, "-c", CHILD], capture_output=True, text=True) for _ in range(2)]
    assert [(done.returncode, done.stdout) for done in codes] == [
        (-signal.SIGKILL, s) for s in ("full\n", "follow-up\n")
    ]
    held = host.Host.resume(store.interviews()[0])
    assert [answer.text for answer in held.engine.turn.answers] == ["first", "half of the second"]
    assert held.draft == "kept too"


WRITER = """
import sys
from metarec_lib.workbook.practice.interview import store
name = sys.argv[1]
print("ready", flush=True)
for number in range(10**6):
    store.append(name, number, {"kind": "x", "text": "y" * 2000, "number": number}, ("q01", 1, 10, [0]), False)
    print(number, flush=True)
"""


def test_killed_anywhere_what_was_told_as_stored_is_stored():
    """20 kills at random moments of writing: each event that was acknowledged is there, whole, with its score."""
    import random
    import time

    rng, total = random.Random(0), 0
    for run in range(20):
        name = store.begin(f"2026-01-01T00:00:{run:02d}", {})
        child = subprocess.Popen([sys.executable, "-c", WRITER, name], stdout=subprocess.PIPE, text=True)
        assert [child.stdout.readline() for _ in range(2)] == ["ready\n", "0\n"]
        time.sleep(rng.uniform(0.0, 0.1))
        os.kill(child.pid, signal.SIGKILL)
        told = [0] + [int(line) for line in child.stdout.read().splitlines() if line.isdigit()]
        child.wait()
        stored = store.events(name)
        assert [event["number"] for event in stored] == list(range(len(stored)))
        assert len(told) <= len(stored) <= len(told) + 1
        total += len(stored)
        assert len(progress.scores()) == total
    assert total > 20


def test_two_processes_at_once_both_store_all():
    names = [store.begin(f"2026-01-01T00:00:0{n}", {}) for n in range(2)]
    code = textwrap.dedent(WRITER).replace("10**6", "40")
    children = [subprocess.Popen([sys.executable, "-c", code, name], stdout=subprocess.DEVNULL) for name in names]
    assert [child.wait(60) for child in children] == [0, 0]
    assert [len(store.events(name)) for name in names] == [40, 40]
    with sqlite3.connect(progress.path()) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert json.loads(json.dumps(store.events(names[0])[0]))["number"] == 0


# -- the panel ------------------------------------------------------------------------------------------------------------
def open_parts(widget):
    """What a reader sees of a widget: a part is hidden with what it lies in."""
    if widget.layout.display != "none":
        yield widget
        for part in getattr(widget, "children", ()):
            yield from open_parts(part)


def buttons(panel):
    return {part.description: part for part in open_parts(panel.panel) if type(part).__name__ == "Button"}


def test_the_panel_shows_at_each_stage_what_can_be_done(capsys):
    panel = Interview(minutes=5, lang="en", seed=1)
    engine, seen = panel.host.engine, []
    while engine.stage != "done":
        if engine.paused:  # between two questions, with the model answer of the first
            assert (
                list(buttons(panel)) == ["The next question", "Leave"] and "A good short answer" in panel.message.value
            )
            buttons(panel)["The next question"].click()
            assert panel.message.value == ""
        seen.append(engine.stage)
        assert list(buttons(panel)) == [
            {"code": "Check", "rubric": "These ticks are right"}.get(engine.stage, "Done"),
            *(["Skip"] if engine.stage != "rubric" else []),
            "Pause",
            "Leave",
        ]
        assert (panel.text in open_parts(panel.panel)) == (engine.stage != "rubric")
        if engine.stage == "short":
            buttons(panel)["Pause"].click()
            assert list(buttons(panel)) == ["Go on", "Leave"] and "Everything is kept" in panel.message.value
            buttons(panel)["Go on"].click()
            panel.text.value = "A prior learned over tasks, then a few steps for this user."
        buttons(panel)["Skip" if engine.stage in ("follow-up", "code") else next(iter(buttons(panel)))].click()
    assert {"short", "full", "rubric"} <= set(seen) and not buttons(panel)
    assert "self-assessment" in panel.to_do.value and panel.host.report_file.is_file()
    assert panel.transcript.outputs[0]["data"]["text/markdown"] == panel.host.report_file.read_text(encoding="utf-8")


def test_between_two_questions_the_clock_stands():
    panel = Interview(minutes=30, lang="en", seed=1)
    while panel.host.engine.stage != "rubric":
        panel.host.skip()
    panel._show()
    buttons(panel)["These ticks are right"].click()
    engine = panel.host.engine
    assert engine.paused and engine.used(panel.host.clock() + 500) < 1
    buttons(panel)["The next question"].click()
    assert not engine.paused and engine.used(panel.host.clock() + 5) > 4


def test_nothing_is_typed_into_the_next_stage_while_an_answer_is_worked_on(monkeypatch):
    panel = Interview(minutes=30, lang="en", seed=1)
    answered, seen = panel.host.answer, []

    def slow(text):
        closed = [widget.disabled for widget in (panel.text, *buttons(panel).values())]
        seen.append((all(closed), len(closed), panel.message.value))
        answered(text)

    monkeypatch.setattr(panel.host, "answer", slow)
    buttons(panel)["Done"].click()
    assert seen[0][:2] == (True, 5) and "One moment" in seen[0][2]
    assert not panel.text.disabled and not panel.leave.disabled and panel.message.value == ""


def test_the_panel_counts_the_seconds_and_takes_the_keyboard_once_it_is_drawn(monkeypatch):
    panel = Interview(minutes=30, lang="zh", seed=1, questions=["q07"])
    assert panel.host.settings["plan"] == ["q07"] and "级别 高级" in panel.heading.value
    assert "metarec-count" in panel.clock.value and "秒，限 30 秒" in panel.clock.value and "{" not in panel._clock()
    timed, shown = [], []
    monkeypatch.setattr(
        "metarec_lib.workbook.practice.panels.threading.Timer", lambda wait, act: timed.append(act) or Mock()
    )
    monkeypatch.setattr("IPython.display.display", shown.append)
    panel._ipython_display_()
    assert shown == [panel.panel] and timed == [panel.text.focus]


@pytest.mark.parametrize(("choice", "stage"), [("继续", "full"), ("开一场新的", "short")])
def test_the_panel_offers_to_go_on_with_an_interview_that_waits(choice, stage):
    first = Interview(minutes=30, lang="zh", seed=1)
    first.text.value = "先在任务上学先验"
    buttons(first)["答完了"].click()
    again = Interview(minutes=30, lang="zh", seed=2)
    assert list(buttons(again)) == ["继续", "开一场新的"]
    buttons(again)[choice].click()
    assert again.host.engine.stage == stage and "答完了" in buttons(again)


def test_an_offer_to_go_on_leaves_the_other_window_alone():
    first = Interview(minutes=30, lang="en", seed=1)
    second = Interview(minutes=30, lang="zh", seed=1)
    first.text.value = "A task is one user."
    buttons(first)["Done"].click()
    assert first.host.engine.stage == "full" and "another window" not in first.message.value
    first.text.value = "half of the"
    buttons(second)["继续"].click()
    assert second.text.value == "half of the" and list(buttons(second)) == ["Done", "Skip", "Pause", "Leave"]
    buttons(first)["Done"].click()
    assert "another window" in first.message.value


def test_what_the_encoder_finds_can_be_stored(monkeypatch):
    def encoded(texts):
        vectors = np.random.default_rng(0).standard_normal((len(texts), 4)).astype(np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    monkeypatch.setattr("metarec_lib.workbook.practice.matching.encoder_is_here", lambda: True)
    monkeypatch.setattr("metarec_lib.workbook.practice.matching._encoded", encoded)
    monkeypatch.setattr("metarec_lib.workbook.practice.matching._models", {})
    panel = Interview(minutes=30, lang="en", seed=1)
    panel.text.value = GOOD
    buttons(panel)["Done"].click()
    assert panel.message.value == "" and panel.host.engine.stage == "full"


def test_an_error_that_nobody_expected_is_told_in_the_panel(monkeypatch):
    panel = Interview(minutes=30, lang="en", seed=1)
    monkeypatch.setattr(panel.host, "answer", lambda text: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        panel._acted(panel._done)
    assert "ZeroDivisionError: division by zero" in panel.message.value
