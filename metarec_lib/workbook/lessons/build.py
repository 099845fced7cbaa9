"""Make notebooks, stubs and the manifest from what is written by hand."""

import hashlib
import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from metarec_lib.data.paths import atomic_write, home
from metarec_lib.workbook.core import QUESTIONS, Question, places, resolve_all

from . import execution
from .execution import BuildError
from .lesson import Lesson, source_path
from .marks import broken_marks
from .overview import READMES, readme_text
from .reading import read_lesson
from .sizes import size_of
from .spoilers import shown_solutions
from .studies import results_path

WARN_SECONDS, MAX_SECONDS = 20, 40
MAX_BYTES = 700_000


def build_questions(names: Sequence[str] = (), force: bool = False) -> None:
    """Build stubs, the manifest and notebooks of the questions (all that are written where none is named).

    force: overwrite files edited by hand as well. Raises BuildError with all that failed; what did not fail is
    written.
    """
    failed: list[str] = []
    for question in _chosen(names):
        _attempt(failed, _build_stub, question, force)
    _attempt(failed, _build_manifest, force)
    for question in _chosen(names):
        _attempt(failed, _build_notebook, question, force)
    for path in [] if names else orphans():
        _attempt(failed, _remove, path, force)
    _attempt(failed, _build_readme)
    if failed:
        raise BuildError("\n".join(failed))


def try_questions(names: Sequence[str] = ()) -> None:
    """Run lessons (all that are written where none is named) for a Chinese reader; check their figures, store nothing.

    Raises BuildError with all that failed.
    """
    failed: list[str] = []
    for question in _chosen(names):
        if source_path(question).is_file():
            _attempt(failed, _try_notebook, question)
    if failed:
        raise BuildError("\n".join(failed))


def _try_notebook(question: Question) -> None:
    run = execution.run_lesson(read_lesson(question), METAREC_LANG="zh")
    print(f"{question.key}  {run.seconds:.1f} s in Chinese; nothing is stored")


def _attempt(failed: list[str], step: Any, *arguments: Any) -> None:
    try:
        step(*arguments)
    except ValueError as error:
        failed.append(str(error))


def _chosen(names: Sequence[str]) -> list[Question]:
    """The questions named, or all that are written. Raises FileNotFoundError for a named one with no file."""
    chosen = [q for q in resolve_all(names) if source_path(q).is_file() or solution_path(q).is_file()]
    for question in resolve_all(names) if names else []:
        if question not in chosen:
            raise FileNotFoundError(
                f"Got {question.key}, for which nothing is written; expected {source_path(question)} or "
                f"{solution_path(question)}. Write them (CONTRIBUTING.md says how)."
            )
    return chosen


def solution_path(question: Question) -> Path:
    """The hand-written reference solution."""
    return places.content("solutions", f"{question.stem}.py")


def stub_path(question: Question) -> Path:
    """The generated stub."""
    return places.content("exercises", f"{question.stem}.py")


def notebook_path(question: Question) -> Path:
    """The built notebook."""
    return places.content("notebooks", f"{question.stem}.ipynb")


def manifest_path() -> Path:
    """The generated manifest of points."""
    return places.content("tests", "exercises", "manifest.json")


def stub(question: Question) -> str:
    """The text that the stub must have."""
    from metarec_lib.workbook.exercises import stub_text

    try:
        return stub_text(solution_path(question))
    except (ValueError, SyntaxError) as error:
        raise BuildError(f"solutions/{question.stem}.py: {error}") from None


def manifest() -> str:
    """The text that the manifest must have."""
    from metarec_lib.workbook.exercises import manifest_text

    return manifest_text()


def orphans() -> list[Path]:
    """Generated files whose source is gone."""
    notebooks = [notebook_path(q) for q in QUESTIONS if not source_path(q).is_file()]
    stubs = [stub_path(q) for q in QUESTIONS if not solution_path(q).is_file()]
    return [path for path in (*notebooks, *stubs) if path.is_file()]


def _build_stub(question: Question, force: bool) -> None:
    if solution_path(question).is_file():
        _write(stub_path(question), stub(question), force)


def _build_manifest(force: bool) -> None:
    _write(manifest_path(), manifest(), force)


def _build_readme() -> None:
    # No guard: only the table between the two marks is written.
    for name in READMES:
        if (path := places.content(name)).is_file():
            atomic_write(path, readme_text(name))


def _build_notebook(question: Question, force: bool) -> None:
    if not source_path(question).is_file():
        return
    lesson = read_lesson(question)
    if spoiled := shown_solutions(lesson):
        raise BuildError("\n".join(spoiled))
    _guard(notebook_path(question), force)
    run = execution.run_lesson(lesson)
    _hold_to_claims(lesson, run.notebook)
    print(f"{question.key}  {run.seconds:.1f} s" + _time_warning(question, run.seconds))
    print(f"     {size_of(lesson.cells, lesson.texts)}")
    text = notebook_text(lesson, run.notebook)
    if (size := len(text.encode())) > MAX_BYTES:
        raise BuildError(
            f"{question.key}: got a notebook of {size:,} bytes; expected at most {MAX_BYTES:,}. "
            "Show smaller or fewer figures (`plots.show`), and print less."
        )
    _write(notebook_path(question), text, force)


def _hold_to_claims(lesson: Lesson, notebook: Any) -> None:
    """Raise BuildError where a mark in the lesson's prose says something else than its claim."""
    text = lesson.path.read_text(encoding="utf-8")
    if broken := broken_marks(text, notebook, f"notebooks/source/{lesson.path.name}"):
        raise BuildError("\n".join(broken))


def _time_warning(question: Question, seconds: float) -> str:
    if seconds > MAX_SECONDS:
        raise BuildError(
            f"{question.key}: got a lesson of {seconds:.0f} s; expected {WARN_SECONDS} s, at most {MAX_SECONDS}. "
            "Make it smaller, or move the experiment to a study (`metarec study`)."
        )
    return f"  (a lesson should take at most {WARN_SECONDS} s)" if seconds > WARN_SECONDS else ""


def notebook_text(lesson: Lesson, notebook: Any) -> str:
    """The file's text: the executed notebook, with the hashes of what it was made from and of its cells."""
    import nbformat

    made = json.loads(nbformat.writes(notebook))
    made["metadata"]["metarec"] = {
        "source": text_hash(lesson.path),
        "study": studies_hash(lesson),
        "content": cells_hash(made),
    }
    return canonical(made)


def canonical(value: Any) -> str:
    """JSON as nbformat writes it: sorted keys, indent 1, a newline at the end."""
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True, separators=(",", ": ")) + "\n"


def text_hash(path: Path) -> str:
    """SHA-256 of a text file; line ends do not count, since git may change them."""
    return hashlib.sha256(path.read_bytes().replace(b"\r\n", b"\n")).hexdigest()


def cells_hash(notebook: Any) -> str:
    """SHA-256 of the cells of a notebook (as parsed JSON), outputs included."""
    return hashlib.sha256(canonical(notebook["cells"]).encode()).hexdigest()


def studies_hash(lesson: Lesson) -> str | None:
    """SHA-256 over the results of the studies that a lesson reads; None where it reads none."""
    if not lesson.studies:
        return None
    paths = {stem: results_path(stem) for stem in lesson.studies}
    if missing := [stem for stem, path in paths.items() if not path.is_file()]:
        raise BuildError(
            f"{lesson.question.key}: got no results of the study {missing[0]}; expected {paths[missing[0]]}. "
            f"Run `metarec study {missing[0]}`."
        )
    return hashlib.sha256("\n".join(map(text_hash, paths.values())).encode()).hexdigest()


def _write(path: Path, text: str, force: bool) -> None:
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        _guard(path, force)
        atomic_write(path, text)
    _remember(path)


def _remove(path: Path, force: bool) -> None:
    _guard(path, force)
    path.unlink()
    print(f"removed {path.relative_to(places.root()).as_posix()}: its source is gone")


def _guard(path: Path, force: bool) -> None:
    """Raise BuildError where writing would lose work by hand that git does not have."""
    if force or not path.is_file() or _is_own_work(path) or _is_committed(path):
        return
    name = path.relative_to(places.root()).as_posix()
    raise BuildError(
        f"Got {name} with changes made by hand and not committed; expected a file that only `metarec build` writes. "
        "Your own work belongs in a workspace: `metarec new FOLDER`. To overwrite the changes: `metarec build --force`."
    )


def _is_own_work(path: Path) -> bool:
    """Whether the file is as an earlier build wrote it."""
    if path.suffix == ".ipynb":
        try:
            notebook = json.loads(path.read_text(encoding="utf-8"))
            return notebook["metadata"]["metarec"]["content"] == cells_hash(notebook)
        except (ValueError, KeyError, TypeError):
            return False
    return _record().get(path.name) == text_hash(path)


def _is_committed(path: Path) -> bool:
    command = ["git", "-C", str(path.parent), "status", "--porcelain", "--ignored", "--", path.name]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return False
    return done.returncode == 0 and not done.stdout.strip()


def _record_path() -> Path:
    return home() / "builds" / f"{hashlib.sha256(str(places.root()).encode()).hexdigest()[:16]}.json"


def _record() -> dict[str, str]:
    """Hashes of the stubs and the manifest as the last build on this machine wrote them, by file name."""
    path = _record_path()
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _remember(path: Path) -> None:
    if path.suffix != ".ipynb" and (record := _record()).get(path.name) != (hashed := text_hash(path)):
        atomic_write(_record_path(), canonical({**record, path.name: hashed}))
