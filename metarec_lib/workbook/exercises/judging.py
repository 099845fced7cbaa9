"""The verdict on one question: its graded tests, run by pytest here, with the learner's code in a child."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from .calls import Call, LearnerError, Yours
from .solutions import submission_text
from .explaining import explain_loading
from .follow_ons import mark_from_source
from metarec_lib.workbook.core import pick
from .manifest import hidden_tests, question_manifest
from .mistakes import named_mistake
from metarec_lib.workbook.core import content
from .results import Result, Verdict
from .returned import unexpected
from .testing import USUAL_CAUSE, difference
from metarec_lib.workbook.core import is_number

QUIET = ("cacheprovider", "faulthandler", "terminal", "warnings", "unraisableexception", "threadexception", "logging")
OUTSIDE = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS", "PYTEST_CURRENT_TEST", "PYTEST_THEME")


@dataclass
class _Run:
    """One run of one test."""

    test: str
    function: str
    error: BaseException | None
    calls: list[Call]
    changed: dict[str, str]
    work: str | None
    unsteady: bool = False


@dataclass
class _Collector:
    """The pytest plugin that keeps what happened."""

    function: str | None = None
    runs: list[_Run] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        items[:] = [item for item in items if self.function in (None, item.function.__graded__)]

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed:
            self.problems.append(str(report.longrepr))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_makereport(self, item: Any, call: Any) -> pytest.TestReport:
        """Keep the run. The report is ours: pytest's own would render a traceback that nobody reads."""
        from .plugin import YOURS, work_of

        if call.when == "call" or call.excinfo is not None:
            yours = item.stash.get(YOURS, None)
            error = call.excinfo.value if call.excinfo else None
            calls = list(yours.calls) if yours is not None else []
            changed, work = dict(yours.changed) if yours else {}, work_of(item)
            run = _Run(item.originalname, item.function.__graded__, error, calls, changed, work)
            others = (other for other in self.runs if (other.function, other.work) == (run.function, work))
            first = not any(other.error for other in others)
            run.unsteady = first and _is_unsteady(error, yours)
            self.runs.append(run)
        outcome = "failed" if call.excinfo else "passed"
        return pytest.TestReport(item.nodeid, item.location, {}, outcome, None, call.when)


def _is_unsteady(error: BaseException | None, yours: Yours | None) -> bool:
    """Whether the last call gives another value when it is made again, after it or in a process of its own."""
    if isinstance(error, LearnerError):
        return error.error.get("unsteady") is True
    if not isinstance(error, AssertionError) or yours is None or yours.last is None or "value" not in yours.last.reply:
        return False
    value = yours.last.reply["value"]
    return any("value" in again and difference(again["value"], value) for again in yours.last_again())


def judge(stem: str, work: Path, function: str | None = None, **options: Any) -> Verdict:
    """The verdict on the file in one folder; see `judge_each`."""
    return judge_each(stem, [work], function, **options)[0]


def judge_each(
    stem: str, works: list[Path], function: str | None = None, *, variant: int = 0, way: str = "",
    hidden: Path | None = None,
) -> list[Verdict]:  # fmt: skip
    """Run the graded tests of a question (or of one of its functions) on the file in each folder, in one run of pytest.

    way: where the learner's code runs: by default in a child; `jail`; or `in-process`, without limits, for code that is
    trusted. hidden: a folder with further tests. Raises RuntimeError where the tests themselves cannot be run.
    """
    functions = question_manifest(stem, hidden=hidden)["functions"]
    if function is not None and function not in functions:
        raise ValueError(pick((
            f"got the function {function!r}; expected one of: {', '.join(functions)}",
            f"没有函数 {function!r}；应为其中之一：{'、'.join(functions)}",
        )))  # fmt: skip
    options = [*(f"--work={work}" for work in works), "--variant", str(variant), *([f"--{way}"] if way else [])]
    paths = [content("tests", "exercises", f"test_{stem}.py"), *filter(None, [hidden_tests(stem, hidden)])]
    ran = _run_pytest(paths, function, options)
    wanted = {name: entry for name, entry in functions.items() if function in (None, name)}
    return [_verdict(stem, work, wanted, [run for run in ran if run.work == str(work)]) for work in works]


def _verdict(stem: str, work: Path, functions: dict[str, Any], runs: list[_Run]) -> Verdict:
    """What the runs of the tests on one file say."""
    results = [_result(name, entry, [r for r in runs if r.function == name], stem) for name, entry in functions.items()]
    started = not any(getattr(run.error, "kind", "") == "start" for run in runs)
    verdict = Verdict(results, _file_problem(runs), started)
    if not verdict.problem and runs:
        mark_from_source(results, submission_text(work / f"{stem}.py"))
    return verdict


def _run_pytest(paths: list[Path], function: str | None, options: list[str]) -> list[_Run]:
    """pytest in this process, with our plugin and no other, no configuration and no trace."""
    collector, printed = _Collector(function), StringIO()
    with tempfile.TemporaryDirectory() as folder, _undisturbed(paths):
        configuration = Path(folder, "pytest.ini")
        configuration.write_text("[pytest]\n")
        arguments = [
            *map(str, paths), *options, "-c", str(configuration), "--rootdir", folder,
            "--disable-plugin-autoload", "-p", "metarec_lib.workbook.exercises.plugin", "--noconftest", "--assert=plain",
            "--import-mode=importlib", *(f"-pno:{name}" for name in QUIET),
        ]  # fmt: skip
        with redirect_stdout(printed), redirect_stderr(printed):
            status = pytest.main(arguments, plugins=[collector])
    if status == pytest.ExitCode.INTERRUPTED and not collector.problems:
        raise KeyboardInterrupt
    if collector.problems or status not in (0, 1):
        details = "\n".join(collector.problems) or printed.getvalue()
        raise RuntimeError(
            f"the graded tests of {paths[0].name} could not be run (pytest status {int(status)}):\n{details}"
        )
    return collector.runs


@contextmanager
def _undisturbed(paths: list[Path]) -> Iterator[None]:
    """Without the environment's options for pytest; afterwards the test module is forgotten, so that edits count."""
    kept = {name: os.environ.pop(name) for name in OUTSIDE if name in os.environ}
    no_bytecode, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        yield
    finally:
        os.environ.update(kept)
        sys.dont_write_bytecode = no_bytecode
        files = set(map(str, paths))
        for name in [name for name, item in list(sys.modules.items()) if getattr(item, "__file__", "") in files]:
            del sys.modules[name]


def _result(name: str, entry: dict[str, Any], runs: list[_Run], stem: str) -> Result:
    ran = {run.test for run in runs}
    failed = [run for run in runs if run.error is not None]
    bad = {run.test for run in failed}
    tests = {test: test in ran and test not in bad for test in entry["tests"]}
    result = Result(name, entry["points"], tests, tuple(entry["core"]))
    result.changed = next((run.changed[name] for run in runs if name in run.changed), "")
    result.chance = any(isinstance(run.error, LearnerError) and run.error.error.get("chance") for run in failed)
    if all(tests.values()):
        return result
    result.status = "failed"
    if not failed:
        result.message = pick(("its tests did not run", "它的测试没有运行"))
        return result
    first = failed[0]
    message, result.line = _failure(first, stem)
    if message == result.changed:
        result.changed = ""
    result.message, _, result.cause = message.partition(pick(USUAL_CAUSE))
    result.unsteady = any(run.unsteady for run in failed)
    result.printed = first.calls[-1].reply.get("printed", "") if first.calls else ""
    kinds = {getattr(run.error, "kind", "") for run in failed}
    result.kind = getattr(first.error, "kind", "")
    if all(_is_loading(run.error) for run in failed) and not any(tests.values()):
        result.status = "not run"
    elif kinds == {"stub"} and not any(tests.values()):
        result.status, result.message = "not written", pick(("not written yet", "还没有写"))
    elif not kinds & {"stub", "missing", "time", "crash", "output", "protocol", "file", "start"}:
        result.mistake = named_mistake(stem, name, [call for run in runs for call in run.calls])
    return result


def _is_loading(error: BaseException | None) -> bool:
    return isinstance(error, LearnerError) and bool(error.error.get("loading"))


def _failure(run: _Run, stem: str) -> tuple[str, int | None]:
    """The message of a failed test, and the learner's line where one is known."""
    error = run.error
    if isinstance(error, LearnerError):
        return error.sentence, error.error.get("line")
    if sentence := _wrong_kind(run, stem):
        return sentence, None
    words = run.test.removeprefix("test_").replace("_", " ")
    text = str(error) if isinstance(error, AssertionError) else f"{type(error).__name__}: {error}"
    if isinstance(error, AssertionError) and text and "\n" not in text:
        return text, None
    got = _value(run.calls[-1]) if run.calls else ""
    said = f": {text.splitlines()[0]}" if text.strip() else ""
    return got + pick((f"the test «{words}» does not hold{said}", f"测试 «{words}» 没有通过{said}")), None


def _wrong_kind(run: _Run, stem: str) -> str:
    """The sentence on the first call that returned another kind of value than the exercise says, if one did.

    Where an assertion failed, a number is no wrong kind: there it stands for an array of no dimension.
    """
    plain = [call for call in run.calls if call.op == "call" and "value" in call.reply]
    values = [(call.function, call.reply["value"]) for call in plain]
    if isinstance(run.error, AssertionError):
        values = [(name, value) for name, value in values if not is_number(value)]
    sentences = (unexpected(stem, name, value) for name, value in values)
    return next((sentence for sentence in sentences if sentence), "")


def _value(call: Call) -> str:
    from metarec_lib.workbook.core import shown

    called = pick((f"called {call}", f"调用 {call}"))
    if "value" not in call.reply:
        return called + pick(("; ", "；"))
    value = shown(call.reply["value"])
    return called + pick((f", got {value}; ", f"，得到 {value}；"))


def _file_problem(runs: list[_Run]) -> str:
    """What is wrong with the file as a whole, when it could not be loaded."""
    for run in runs:
        if _is_loading(run.error):
            return explain_loading(run.error.error)
    return ""
