"""The command line: exit statuses, messages, and that it imports nothing heavy."""

import subprocess
import sys
import types
from pathlib import Path

import pytest

from metarec_lib import cli
from metarec_lib.workbook import lessons
from metarec_lib.workbook.core import places


def run(*arguments):
    """The exit status of `metarec …` in this process."""
    with pytest.raises(SystemExit) as left:
        cli.main(arguments)
    return left.value.code or 0


@pytest.fixture
def called(monkeypatch):
    """Put a recording function in place of a command's; `called.status` is what it returns."""
    record = types.SimpleNamespace(arguments=None, status=0, error=None)

    def command(*arguments):
        record.arguments = arguments
        if record.error:
            raise record.error
        return record.status

    for module, name in [
        ("metarec_lib.data.fetch", "data_command"),
        ("metarec_lib.workbook.practice", "new_command"),
        ("metarec_lib.workbook.lessons", "build_command"),
        ("metarec_lib.workbook.lessons", "study_command"),
        ("metarec_lib.workbook.lessons", "claims_command"),
        ("metarec_lib.workbook.practice", "check_command"),
        ("metarec_lib.workbook.practice", "solution_command"),
        ("metarec_lib.workbook.practice", "reset_command"),
        ("metarec_lib.workbook.practice", "review_command"),
        ("metarec_lib.workbook.practice", "cards_command"),
        ("metarec_lib.workbook.practice", "progress_command"),
        ("metarec_lib.workbook.practice", "next_command"),
    ]:
        monkeypatch.setattr(f"{module}.{name}", command)
    return record


Q06 = "q06_evaluate_meta_learning"


@pytest.mark.parametrize(
    ("line", "arguments"),
    [
        ("data", ([],)),
        ("data ml-100k", (["ml-100k"],)),
        ("new my-work", ("my-work", None)),
        ("new my-work --lang zh", ("my-work", "zh")),
        ("build", ([], False, False, "en")),
        ("build q06 --lang zh", ([Q06], False, False, "zh")),
        ("build 6 q06 --check", ([Q06, Q06], True, False, "en")),
        ("build q06 --force", ([Q06], False, True, "en")),
        ("study q06 --seeds 0-4", ("q06", "0-4")),
        ("claims", ([], None)),
        ("claims q06 --seeds 1-5", ([Q06], "1-5")),
        ("check", ([], None, None, False, None)),
        ("check q06 --work solutions --json", ([Q06], "solutions", None, True, None)),
        ("check q06 --junit out.xml", ([Q06], None, None, False, "out.xml")),
        ("check q06 --hint ndcg_at_k", ([Q06], None, "ndcg_at_k", False, None)),
        ("check q06 --hint", ([Q06], None, "", False, None)),
        ("check --hint q06", ([Q06], None, "", False, None)),
        ("check q06 --hint --json", ([Q06], None, "", True, None)),
        (f"check nowhere/{Q06}.py", ([Q06], None, None, False, None)),
        ("solution q06", ("q06", None)),
        ("solution q06 ndcg_at_k", ("q06", "ndcg_at_k")),
        ("reset q06 --work there", ("q06", "there")),
        ("review", ([], None, 10)),
        ("review q06 --lang zh --new 3", ([Q06], "zh", 3)),
        ("cards q06 --anki deck.apkg", ([Q06], "deck.apkg", None)),
        ("progress --json", (None, None, True)),
        ("progress --work there --lang zh", ("there", "zh", False)),
        ("next --json --lang en", ("en", True)),
    ],
)
def test_a_line_calls_its_command(called, line, arguments):
    assert run(*line.split()) == 0
    assert called.arguments == arguments


@pytest.mark.parametrize("line", ["build", "check", "claims", "new there", "data", "study q06"])
def test_the_status_is_that_of_the_command(called, line):
    called.status = 1
    assert run(*line.split()) == 1


@pytest.mark.parametrize("error", [ValueError("Got a; expected b."), FileNotFoundError("Got a; expected b.")])
def test_an_error_is_one_message_and_status_1(called, capsys, error):
    called.error = error
    assert run("build") == 1
    assert capsys.readouterr().err == "Got a; expected b.\n"


def test_a_bug_keeps_its_traceback(called):
    called.error = TypeError("a bug")
    with pytest.raises(TypeError, match="a bug"):
        cli.main(["build"])


@pytest.mark.parametrize(
    "line",
    ["build q99", "check q99", "claims 32", "claims q06 --seeds x", "study q06 --seeds 4-1", "new", "study", "nonsense",
     "build --unknown"],
)  # fmt: skip
def test_wrong_usage_is_status_2(called, capsys, line):
    assert run(*line.split()) == 2
    assert called.arguments is None
    assert capsys.readouterr().err


def test_a_path_names_question_and_folder(called, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "exercises").mkdir()
    (tmp_path / "exercises" / f"{Q06}.py").write_text("", encoding="utf-8")
    run("check", f"exercises/{Q06}.py")
    assert called.arguments == ([Q06], str(tmp_path / "exercises"), None, False, None)
    run("check", f"exercises/{Q06}.py", "--work", "elsewhere")
    assert called.arguments == ([Q06], "elsewhere", None, False, None)


def test_an_unknown_question_says_what_is_expected(called, capsys):
    run("check", "q99")
    assert "expected q01 to q31" in capsys.readouterr().err


def test_the_commands_of_the_workbook_are_there(capsys):
    assert run("--help") == 0
    said = capsys.readouterr().out
    assert all(
        f"\n  {name} " in said for name in ("data", "new", "build", "study", "claims", "check", "solution", "reset")
    )


def test_a_place_that_is_none_reaches_the_user_as_a_message(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(places, "root", lambda: tmp_path)
    assert run("new", str(tmp_path)) == 1
    assert "Choose another one" in capsys.readouterr().err
    assert run("build") == 1
    assert "expected a clone" in capsys.readouterr().err


def test_the_help_imports_nothing_heavy():
    code = (
        "import sys; from metarec_lib import cli\n"
        "try: cli.main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'pandas', 'numpy', 'IPython', 'nbformat', 'jupytext', 'rich'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_modules_of_the_workbook_do_not_import_torch():
    names = [
        *("core.places", "core.questions", "practice"),
        *(f"lessons.{path.stem}" for path in Path(lessons.__file__).parent.glob("*.py")),
    ]
    imports = "".join(f"import metarec_lib.workbook.{name}\n" for name in names)
    code = f"import sys, metarec_lib.plots\n{imports}assert 'torch' not in sys.modules"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
