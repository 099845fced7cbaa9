"""The map of the questions: each state by a sign and in words, on a page that a keyboard and a screen reader can use."""

import json
import re
from html.parser import HTMLParser

import pytest
from toy import STEM

from metarec_lib.workbook.core import QUESTIONS, is_chinese, resolve
from metarec_lib.workbook.practice import checking, dashboard, progress, progress_command, standing
from metarec_lib.workbook.practice.contents import _bundle
from metarec_lib.workbook.practice.standing import Entry, Standing, standings
from metarec_lib.workbook.practice.workspace import renew


def one(key="q06", passed=0, **known):
    return Standing(Entry(resolve(key), 30, 3, passed), **known)


SOME = [
    one("q06", 3, read="2026-01-01", points=9, possible=9, interviews=(0.4, 0.85), due=2),
    one("q01", 1, interviews=(0.5,), possible=9, points=3),
    *(one(question.key) for question in QUESTIONS if question.key not in ("q01", "q06")),
]


class Page(HTMLParser):
    """The tags of a page, in order, and its text; every tag that is opened is shut."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.open, self.text = [], [], ""
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


@pytest.fixture(params=["en", "zh"])
def page(request, tmp_path):
    return Page(dashboard.html(SOME, tmp_path, tmp_path, request.param)), request.param


def test_every_question_is_a_tile_and_a_row_and_both_are_links(page):
    links = [attributes["href"] for tag, attributes in page[0].tags if tag == "a"]
    for question in QUESTIONS:
        assert links.count(f"notebooks/{question.stem}.ipynb") == 2


def test_a_screen_reader_hears_each_state_in_words(page):
    found, lang = page
    tiles = [attributes for tag, attributes in found.tags if tag == "a" and "aria-label" in attributes]
    assert len(tiles) == 31 and all(tile["aria-label"] == tile["title"] for tile in tiles)
    first = next(tile for tile in tiles if tile["title"].startswith("q06"))["title"]
    words = (
        ("read", "3 of 3 pass", "85% (held 2×)", "2 due")
        if lang == "en"
        else ("已读", "通过 3/3", "85%（2 次）", "2 张")
    )
    assert all(word in first for word in words) and all(word in found.text for word in words)
    assert [tag for tag, _ in found.tags].count("caption") == 1
    scopes = [attributes.get("scope") for tag, attributes in found.tags if tag == "th"]
    assert (scopes.count("row"), scopes.count("rowgroup"), scopes.count("col")) == (31, 5, len(dashboard.HEADS))
    assert len(scopes) == 36 + len(dashboard.HEADS)


def test_colour_is_never_the_only_sign(page):
    """Two tiles of another tint differ in their signs, and the words on each tint are legible."""
    found = [page[0].tags[place] for place in range(len(page[0].tags))]
    tints = {attributes["title"][:3]: attributes["style"] for tag, attributes in found if "aria-label" in attributes}
    tint = {key: re.search("background-color:(#[0-9a-f]{6})", style)[1] for key, style in tints.items()}
    by_tint = {}
    for known in SOME:
        by_tint.setdefault(tint[known.question.key], set()).add(dashboard.signs(known).count(dashboard.DONE))
    assert all(len(counts) == 1 for counts in by_tint.values()) and len(by_tint) > 1
    assert all(contrast(colour, "#111111") > 7 for colour in dashboard.TINTS)


def contrast(a, b):
    """The ratio of WCAG 2.2."""

    def light(colour):
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((light(a), light(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_the_next_lesson_is_marked_once_by_a_sign(page):
    assert page[0].text.count(dashboard.NEXT) == 3  # tile, legend, row


@pytest.mark.parametrize(
    ("known", "signs"),
    [
        (one(), "□□□"),
        (one(read="2026-01-01"), "■□□"),
        (one(passed=2), "□◧□"),
        (one(passed=3, interviews=(0.9, 0.69)), "□■◧"),
        (one(passed=3, read="2026-01-01", interviews=(0.2, 0.7)), "■■■"),
    ],
)
def test_signs(known, signs):
    assert dashboard.signs(known) == signs


def test_every_part_has_a_chinese_name():
    assert set(dashboard.PARTS) == {question.part for question in QUESTIONS}
    assert all(is_chinese(name) for name in dashboard.PARTS.values())


# -- from what is stored --------------------------------------------------------------------------------------------------
@pytest.fixture
def work(built, tmp_path, monkeypatch):
    folder = tmp_path / "work"
    renew(folder)
    monkeypatch.chdir(folder)
    return folder


def store(work):
    file = (work / "exercises" / f"{STEM}.py").resolve()
    progress.record_attempts("q06", file, [("add", "passed", 1, 1)])
    progress.record_attempts("q06", file, [("add", "failed", 0.4, 1)])
    progress.record_score("q06", 4, 10, [0])
    progress.record_score("q06", 8, 10, [])
    progress.mark_read("q06")


def test_what_is_stored_is_told(work, capsys):
    store(work)
    assert progress_command() == 0
    said = capsys.readouterr().out
    assert "1 of 31 lessons so far, in reading order; 0 done. Read: 1. Exercises: 0.4 of 1 points." in said
    assert "▶ ■□■ q06 · How do you" in said and "read · 0 of 1 pass · interview 80% (held 2×) · cards: 2 due" in said
    assert progress_command(lang="zh") == 0
    assert "已读 · 通过 0/1 · 面试 80%（2 次） · 待复习 2 张" in capsys.readouterr().out


def test_everything_is_in_the_json(work, capsys):
    store(work)
    assert progress_command(as_json=True) == 0
    found = json.loads(capsys.readouterr().out)
    (question,) = found["questions"]
    assert question["exercises"] == {"passed": 0, "of": 1} and question["interviews"] == [0.4, 0.8]
    assert (question["points"], question["possible"], question["cards_due"]) == (0.4, 1, 2) and question["read"]
    assert [row["status"] for row in found["attempts"]] == ["passed", "failed"]
    assert [row["missed"] for row in found["interview_scores"]] == [[0], []] and found["reviews"] == found[
        "hints"
    ] == []


def test_a_workspace_counts_its_own_files_and_elsewhere_all_count(work, tmp_path, monkeypatch):
    other = tmp_path / "other.py"
    progress.record_attempts("q06", other, [("add", "passed", 1, 1)])
    assert standings(work)[0].entry.passed == 0 and standings(None)[0].entry.passed == 1
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(dashboard, "work_folder", lambda work: (_ for _ in ()).throw(ValueError("none")))
    assert dashboard._workspace(None) is None
    with pytest.raises(ValueError, match="none"):
        dashboard._workspace("nowhere")


def report(question, work, function):
    folder = checking.content("solutions") if work == checking.content("solutions") else work
    return checking.Report("q06", folder.resolve() / f"{STEM}.py", [checking.Result("add", 1, {"test_sum": False})])


def test_a_lesson_counts_as_read_when_its_check_was_run_in_its_notebook(work, monkeypatch):
    monkeypatch.setattr(checking, "in_notebook", lambda: True)
    for name in ("show_text", "show_markdown", "watch_cells"):
        monkeypatch.setattr(checking, name, lambda *text: None)
    monkeypatch.setattr(checking, "make_report", report)
    checking.check("q06", work=work)
    assert progress.lessons_read() == {}  # on the start page
    monkeypatch.chdir(work / "notebooks")
    checking.check("q06", work="solutions")
    assert progress.lessons_read() == {}
    checking.check("q06", work=work)
    assert progress.lessons_read().keys() == {"q06"}


def test_a_damaged_file_leaves_the_page_and_says_so(work):
    progress.path().parent.mkdir(exist_ok=True)
    progress.path().write_bytes(b"no database" * 1000)
    shown = _bundle(work, "en", work)
    assert "move the file away" in shown["text/markdown"] and "q06 · How do you" in shown["text/html"]
    with pytest.raises(OSError, match="move the file away"):
        standing.standings(work)
