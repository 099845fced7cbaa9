"""`metarec release q01 q06 --to FOLDER`: what students get of an assignment, and nothing that the teacher withholds."""

from __future__ import annotations

import importlib.metadata
import json
import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from metarec_lib.data.paths import atomic_write
from metarec_lib.workbook.core import Language, content, pick, resolve
from metarec_lib.workbook.exercises import question_manifest, stems, stub_text

TEMPLATE = Path(__file__).with_name("classroom")
OWNER = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+")
PINNED = re.compile(r"metarec-lib(\[[a-z,]+\])? *(@ *[^\s'\"\\]+|== *[0-9][\w.+!-]*)")
NOT_PINNED = "metarec-lib[test]"  # how the files of the grading repository name the package

README = (
    """# {title}

| question | points | file |
| --- | --- | --- |
{rows}

Read the lesson in `notebooks/`, write the functions in `exercises/`, hand in the folder `exercises/` (or all of this
folder, or a zip of it). With the workbook installed, as your teacher says, fetch the data once by `metarec data ml-100k`;
then, in this folder, `jupyter lab` opens the lessons and `metarec check {first}` checks a question. Keep the names of
files, functions and arguments. You may import the standard library, numpy and torch.

Your functions are graded on random data of your own, drawn anew for each student: an answer must follow from the arguments.

**What is not here.** No reference solutions, no graded tests, no list of wrong answers, no hints. The workbook itself
is public: who installs the package `metarec-lib` to run the lessons and `metarec check` can also read its solutions, its
tests and its hints on their own disk. Your teacher knows that. Read them after you have tried, as you would read the
answers at the end of a book.
""",
    """# {title}

| 题目 | 分数 | 文件 |
| --- | --- | --- |
{rows}

先读 `notebooks/` 里的课程，再在 `exercises/` 里写函数；交 `exercises/` 文件夹（交整个文件夹或它的 zip 也行）。
按老师说的方法装好练习册，运行一次 `metarec data ml-100k` 取数据；之后在本文件夹里用 `jupyter lab` 打开课程，
用 `metarec check {first}` 检查一道题。
文件名、函数名和参数不要改。可以导入标准库、numpy 和 torch。

每名学生的评分数据都是单独随机生成的：答案必须由参数算出来，背下来没有用。

**这里没有什么。** 没有参考解答，没有评分测试，没有常见错误清单，也没有提示。但练习册本身是公开的：
为了跑课程和 `metarec check` 而安装 `metarec-lib` 的人，在自己的硬盘上也能看到解答、测试和提示。老师清楚这一点。
请先自己做，再去看，就像看书后的答案一样。
""",
)


def release_command(
    questions: Sequence[str], to: str, classroom: str = "", lang: Language | None = None, grading: str = "",
    package: str = "",
) -> int:  # fmt: skip
    """The command. Exit status 0: the folder is made; 2: wrong usage. grading: a folder for the grading repository;
    package: what pip installs there, where the package came from by default."""
    try:
        if grading:
            _require_new(Path(grading))
            package = pinned(package or installed_from())
        names = release(questions, Path(to), classroom, lang or "en")
        if grading:
            _write_grading(Path(grading), questions, package)
            print(f"{grading}: the grading repository; students must not be able to write to it. It installs {package}")
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    print("\n".join([f"{to}: {len(names)} files.", *(f"  {name}" for name in names)]))
    print(pick((
        "No solution, test, mistake or hint is in it. Who installs the package can read them there: see its README.md.",
        "里面没有解答、测试、错误清单和提示。安装了这个包的人能在包里看到它们：见该文件夹的 README.md。",
    ), lang or "en"))  # fmt: skip
    return 0


def release(questions: Sequence[str], folder: Path, classroom: str = "", lang: Language = "en") -> list[str]:
    """Write the folder; returns the names of its files. questions: stems. classroom: the grading repository, OWNER/REPO.

    Raises ValueError where the folder holds something, or a question has no exercises.
    """
    if unknown := [stem[:3] for stem in questions if stem not in stems()]:
        raise ValueError(f"Got {', '.join(unknown)} without exercises; those that have: {', '.join(stems())}.")
    _require_new(folder)
    if classroom and not OWNER.fullmatch(classroom):
        raise ValueError(f"Got --classroom {classroom!r}; expected the grading repository, such as my-course/grading.")
    files = _files(questions, classroom, lang)
    for name, text in files.items():
        atomic_write(folder / name, text)
    return sorted(files)


def pinned(package: str) -> str:
    """The requirement as given. Raises ValueError for one that pip would take from whoever bears the name on an index."""
    if not PINNED.fullmatch(package):
        raise ValueError(
            f"Got --package {package!r}; expected what pip installs in the grading repository, at one version: such as "
            f"--package '{NOT_PINNED} @ git+https://…/metarec-lib@v1', or '{NOT_PINNED}==1.0' from an index that is yours. "
            "A name without a version takes whatever bears it, beside your token."
        )
    return package


def installed_from() -> str:
    """The requirement by which this package was installed from Git, "" where it was not (PEP 610)."""
    try:
        record = importlib.metadata.distribution("metarec-lib").read_text("direct_url.json")
    except importlib.metadata.PackageNotFoundError:
        return ""
    source = json.loads(record) if record else {}
    version = source.get("vcs_info", {}).get("commit_id")
    return f"{NOT_PINNED} @ git+{source['url']}@{version}" if version else ""


def _write_grading(folder: Path, questions: Sequence[str], package: str) -> None:
    """The grading repository; what names the questions of the assignment, or the package, names these."""
    shutil.copytree(TEMPLATE / "teacher", folder, dirs_exist_ok=True)
    for path in (*folder.rglob("*.yml"), folder / "autograder.py"):
        text = path.read_text("utf-8")
        path.write_text(text.replace(NOT_PINNED, package), "utf-8")
    entry = folder / "autograder.py"
    asked = ", ".join(f'"{stem[:3]}"' for stem in questions)
    entry.write_text(re.sub(r"(?m)^QUESTIONS = .*$", f"QUESTIONS = [{asked}]", entry.read_text("utf-8")), "utf-8")


def _require_new(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ValueError(f"Got {folder}, which holds something; expected a new folder.")


def _files(questions: Sequence[str], classroom: str, lang: Language) -> dict[str, str]:
    from metarec_lib.workbook.lessons import learner_edition

    files = {"README.md": _readme(questions, lang)}
    for stem in questions:
        files[f"exercises/{stem}.py"] = stub_text(content("solutions", f"{stem}.py"), lang=lang)
        notebook = content("notebooks", f"{stem}.ipynb")
        if notebook.is_file():
            files[f"notebooks/{stem}.ipynb"] = learner_edition(notebook, lang)
    if classroom:
        workflow = (TEMPLATE / "student" / ".github" / "workflows" / "classroom.yml").read_text(encoding="utf-8")
        workflow = workflow.replace("OWNER/REPO", classroom)
        workflow = workflow.replace("QUESTIONS", " ".join(stem[:3] for stem in questions))
        files[".github/workflows/classroom.yml"] = workflow
    return files


def _readme(questions: Sequence[str], lang: Language) -> str:
    keys = [resolve(stem) for stem in questions]
    rows = [
        f"| {item.key} {pick((item.title_en, item.title_zh), lang)} | {question_manifest(item.stem)['points']:g} | "
        f"`exercises/{item.stem}.py` |"
        for item in keys
    ]
    title = (
        pick(("Assignment", "作业"), lang)
        + pick((": ", "："), lang)
        + pick((", ", "、"), lang).join(item.key for item in keys)
    )
    return pick(README, lang).format(title=title, rows="\n".join(rows), first=keys[0].key)
