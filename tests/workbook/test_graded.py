"""The promise of every graded test: it passes on the solution, fails on the stub, and kills a named mistake.

Both ways of running are tried: in this process and in the child. A new question is covered by itself.
"""

import ast
import sys

import pytest

from metarec_lib.workbook.core.languages import pick
from metarec_lib.workbook.core.places import content
from metarec_lib.workbook.exercises import judging, plain_text, read_solution, read_text, stub_text
from metarec_lib.workbook.exercises.calls import InProcess, LearnerError
from metarec_lib.workbook.exercises.manifest import question_manifest, read_mistakes, stems

QUESTIONS = stems()
WAYS = ["in-process", "child"]


def verdicts(stem, folder, source, way, function=None):
    """Which tests pass on this text."""
    (folder / f"{stem}.py").write_text(source, encoding="utf-8")
    verdict = judging.judge(stem, folder, function, way="" if way == "child" else way)
    return {(item.name, test): passed for item in verdict.functions for test, passed in item.tests.items()}, verdict


def with_mistake(stem, name, function):
    """The solution in which one function is replaced by a named wrong answer."""
    wrong = read_text(content("tests", "exercises", "mistakes", f"{stem}.py"))
    tree = ast.parse(wrong)
    tree.body = [node for node in tree.body if "metarec_lib" not in str(getattr(node, "module", ""))]
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            node.decorator_list = []
    return f"{plain_text(content('solutions', f'{stem}.py'))}\n\n{ast.unparse(tree)}\n\n{function} = {name}\n"


def test_there_are_questions():
    assert sorted(QUESTIONS) == QUESTIONS and QUESTIONS


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("stem", QUESTIONS)
def test_the_solution_passes(stem, way, tmp_path):
    found, verdict = verdicts(stem, tmp_path, plain_text(content("solutions", f"{stem}.py")), way)
    assert all(found.values()), [(item.name, item.message) for item in verdict.functions]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("stem", QUESTIONS)
def test_every_test_fails_on_the_stub(stem, way, tmp_path):
    found, verdict = verdicts(stem, tmp_path, stub_text(content("solutions", f"{stem}.py")), way)
    assert found and not any(found.values())
    assert all(item.status == "not written" for item in verdict.functions)


@pytest.mark.parametrize("stem", QUESTIONS)
def test_tests_and_mistakes_kill_each_other(stem, tmp_path):
    killed, unharmed = set(), []
    for name, (function, sentence) in read_mistakes(stem).items():
        found, verdict = verdicts(stem, tmp_path, with_mistake(stem, name, function), "in-process", function)
        dead = {test for test, passed in found.items() if not passed}
        killed |= dead
        english = pick(sentence, "en")
        if not dead:
            unharmed.append(name)
        elif verdict.functions[0].mistake not in (english, ""):
            unharmed.append(f"{name} is taken for another mistake: {verdict.functions[0].mistake}")
        elif not verdict.functions[0].mistake:
            unharmed.append(f"{name} is not recognised: {verdict.functions[0].message}")
    functions = question_manifest(stem)["functions"]
    every = {(name, test) for name, entry in functions.items() for test in entry["tests"]}
    assert not unharmed, "mistakes that no test kills, or that the checker does not recognise"
    assert killed == every, f"tests that kill no mistake: {sorted(every - killed)}"


@pytest.mark.parametrize("stem", QUESTIONS)
def test_solutions_import_what_a_learner_may(stem):
    tree = ast.parse(plain_text(content("solutions", f"{stem}.py")))
    names = [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "." for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    allowed = sys.stdlib_module_names | {"numpy", "torch"}
    assert {name.partition(".")[0] for name in names} <= allowed


@pytest.mark.parametrize("stem", QUESTIONS)
def test_two_to_four_functions_of_a_blackboards_size(stem):
    tree = ast.parse(plain_text(content("solutions", f"{stem}.py")))
    exercises = {item.name: item for item in read_solution(content("solutions", f"{stem}.py"))}
    assert 2 <= len(exercises) <= 4
    bodies = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name in exercises}
    lines = {name: node.end_lineno - node.body[1].lineno + 1 for name, node in bodies.items()}
    assert all(count <= 15 for count in lines.values()), lines


def test_a_stub_error_is_not_taken_for_an_answer(tmp_path):
    session = InProcess("def f(): raise NotImplementedError('Write f.')", "q.py")
    reply = session.request({"op": "call", "name": "f", "args": [], "kwargs": {}, "wrt": []})
    assert reply["error"]["kind"] == "stub" and issubclass(LearnerError, Exception)


NOTHING = [
    "None",
    "float('nan')",
    "0.0",
    "''",
    "[]",
    "(float('nan'),) * 2",
    "(0.0,) * 3",
    "args[0]",
    "args[-1]",
    "args[:2]",
]
NOTHING += [
    "0 * args[0]",
    "args[2]",
    "0 * args[2]",
    "args[2].detach()",
    "(args[2], args[3])",
    "(args[0] != args[0],) * 3",
]


@pytest.mark.parametrize("stem", QUESTIONS)
def test_an_answer_that_looks_at_nothing_earns_at_most_a_third(stem, tmp_path):
    dear = []
    for answer in NOTHING:
        functions = [f"def {name}(*args):\n    return {answer}\n" for name in question_manifest(stem)["functions"]]
        _, verdict = verdicts(stem, tmp_path, "\n".join(functions), "in-process")
        dear += [(item.name, answer) for item in verdict.functions if item.points > item.possible / 3 + 1e-9]
    assert not dear
