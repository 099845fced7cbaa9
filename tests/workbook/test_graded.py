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
    ((found, verdict),) = verdicts_of_each(stem, folder, [source], way, function)
    return found, verdict


def verdicts_of_each(stem, folder, sources, way, function=None):
    """The same of several texts, in one run of pytest."""
    works = [folder / str(number) for number in range(len(sources))]
    for work, source in zip(works, sources, strict=True):
        work.mkdir(parents=True)
        (work / f"{stem}.py").write_text(source, encoding="utf-8")
    judged = judging.judge_each(stem, works, function, way="" if way == "child" else way)
    return [
        ({(item.name, test): passed for item in verdict.functions for test, passed in item.tests.items()}, verdict)
        for verdict in judged
    ]


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
    killed, unharmed, mistakes = set(), [], read_mistakes(stem)
    functions = question_manifest(stem)["functions"]
    for function in functions:
        named = {name: pick(sentence, "en") for name, (owner, sentence) in mistakes.items() if owner == function}
        sources = [with_mistake(stem, name, function) for name in named]
        judged = verdicts_of_each(stem, tmp_path / function, sources, "in-process", function)
        for (name, english), (found, verdict) in zip(named.items(), judged, strict=True):
            dead = {test for test, passed in found.items() if not passed}
            killed |= dead
            recognised = verdict.functions[0].mistake
            if not dead:
                unharmed.append(name)
            elif recognised not in (english, ""):
                unharmed.append(f"{name} is taken for another mistake: {recognised}")
            elif not recognised:
                unharmed.append(f"{name} is not recognised: {verdict.functions[0].message}")
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
    names = question_manifest(stem)["functions"]
    files = ["\n".join(f"def {name}(*args):\n    return {answer}\n" for name in names) for answer in NOTHING]
    judged = verdicts_of_each(stem, tmp_path, files, "in-process")
    dear = [
        (item.name, answer)
        for answer, (_, verdict) in zip(NOTHING, judged, strict=True)
        for item in verdict.functions
        if item.points > item.possible / 3 + 1e-9
    ]
    assert not dear
