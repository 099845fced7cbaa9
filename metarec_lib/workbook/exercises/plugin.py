"""The pytest plugin `metarec`: the fixtures of graded tests, and the options `--work`, `--variant`, `--in-process`.

It imports nothing heavy: torch and the child start when a graded test runs.
"""

from __future__ import annotations

import functools
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    import numpy

    from .calls import Yours
    from metarec_lib.workbook.sandbox import Given

YOURS = pytest.StashKey["Yours"]()
SLOW = pytest.StashKey[dict]()
BROKEN = pytest.StashKey[dict]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("metarec", "graded exercises")
    what = "exercises (default), solutions, or the folder of the files to grade; given twice, both are graded"
    group.addoption("--work", action="append", default=None, help=what)
    group.addoption("--variant", type=int, default=0, help="seed of the random data in graded tests")
    group.addoption("--in-process", action="store_true", help="run the learner's code in this process, without limits")
    group.addoption("--jail", action="store_true", help="run the learner's code inside bubblewrap")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    works = metafunc.config.getoption("work") or []
    if len(works) > 1 and "work" in metafunc.fixturenames:
        metafunc.parametrize("work", works)


def work_of(item: pytest.Item) -> str | None:
    """The folder whose files a test grades, as `--work` names it."""
    own = getattr(getattr(item, "callspec", None), "params", {})
    return own["work"] if "work" in own else next(iter(item.config.getoption("work") or []), None)


@pytest.fixture
def work(request: pytest.FixtureRequest) -> str | None:
    """The folder of the files to grade."""
    return work_of(request.node)


@pytest.fixture
def yours(request: pytest.FixtureRequest, work: str | None) -> Iterator[Yours]:
    """The learner's functions: `yours.f(*args)`, `yours.grad("f", *args, wrt=[0])`, `yours.mutated`."""
    from .calls import Yours
    from .returned import parameters
    from .testing import difference, watch

    session = _session(request, work)
    slow = request.config.stash.setdefault(SLOW, {}).setdefault(work, set())
    differ = None if getattr(request.function, "__in_place__", False) else difference
    names = functools.partial(parameters, _stem(request))
    afresh = functools.partial(_session, request, work)
    mine = Yours(session, slow, differ=differ, parameters=names, afresh=afresh)
    request.node.stash[YOURS] = mine
    watch(mine)
    yield mine
    watch(None)
    session.close()
    error = mine.last.reply.get("error") if mine.last else None
    if error and error.get("loading"):  # a file that hangs when it is loaded costs the time limit once
        request.config.stash.setdefault(BROKEN, {})[request.node.path, work] = error


@pytest.fixture
def given() -> Callable[..., Given]:
    """`given("linear", weights=[...])`: something of `harness/given.py`, built on the learner's side."""
    from metarec_lib.workbook.sandbox import Given

    return lambda name, **options: Given(name, options)


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> numpy.random.Generator:
    """Random data, decided by `--variant` and the name of the test."""
    import numpy

    name = f"{request.node.path.stem}::{request.node.originalname}"
    return numpy.random.default_rng([request.config.getoption("variant"), zlib.crc32(name.encode())])


def _session(request: pytest.FixtureRequest, work: str | None) -> Any:
    """The submission that belongs to a test file: the same stem, in the work folder."""
    from .calls import Failed, InProcess
    from .solutions import submission_text
    from metarec_lib.workbook.core import missing, pick, work_folder

    path = Path(work_folder(work)).resolve() / f"{_stem(request)}.py"
    if known := request.config.stash.get(BROKEN, {}).get((request.node.path, work)):
        return Failed(known)
    try:
        source = submission_text(path)
    except FileNotFoundError:
        return Failed(_file_error(missing(path)))
    except (OSError, ValueError) as error:
        return Failed(_file_error(pick((f"the file cannot be read: {error}", f"文件无法读取：{error}"))))
    if request.config.getoption("in_process"):
        return InProcess(source, str(path))
    from metarec_lib.workbook.sandbox import child

    # a name that is the same everywhere: the learner's messages may show it
    way = "jail" if request.config.getoption("jail") else child.USUAL
    return child.Session(source, f"exercises/{path.name}", way=way)


def _stem(request: pytest.FixtureRequest) -> str:
    return request.node.path.stem.removeprefix("test_")


def _file_error(message: str) -> dict[str, Any]:
    return {"kind": "file", "message": message, "loading": True}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # nbval waits 5 s for a cell's output after the kernel has gone idle; a busy machine can need longer.
    for item in items:
        if hasattr(item, "output_timeout"):
            item.output_timeout = 115
