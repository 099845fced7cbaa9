"""The command `metarec`. A command imports its module when it runs, so that `metarec --help` answers at once."""

import os
import sys
from collections.abc import Callable, Sequence
from typing import Annotated

import typer

app = typer.Typer(
    name="metarec",
    help="A workbook of 31 interview questions on meta-learning for recommendation.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Questions = Annotated[
    list[str] | None, typer.Argument(metavar="[qNN…]", help="q06, 6 or the full stem; all where none is named.")
]
Seeds = Annotated[str | None, typer.Option(help="Such as 0-4, 3 or 0,2,5-7.")]


def _run(command: Callable[..., int | None], *arguments: object) -> None:
    """Run a command and leave with its exit status; an error that the user can mend is one message, status 1."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a console that lacks a character shows ? and loses no result
            stream.reconfigure(errors="replace")
    try:
        status = command(*arguments)
    except (ValueError, OSError) as error:
        _fail(str(error), 1)
    except KeyboardInterrupt:
        _fail("Stopped.", 130)
    raise typer.Exit(status or 0)


def _fail(message: str, status: int) -> None:
    typer.echo(message, err=True)
    raise typer.Exit(status)


def _known(names: list[str] | None, search: bool = False) -> list[str]:
    """The stems of the questions named. An unknown one is wrong usage: status 2. search: say how words are searched for."""
    from metarec_lib.workbook.core import resolve

    try:
        return [resolve(name).stem for name in names or []]
    except ValueError as error:
        _fail(f"{error} --word WORD searches in the texts." if search else str(error), 2)
        raise


def _folder_of(names: list[str] | None) -> str | None:
    """The folder of the files named by path, if any. Files in two folders are wrong usage: status 2."""
    from metarec_lib.workbook.core import folder_named

    try:
        return folder_named(names or [])
    except ValueError as error:
        _fail(str(error), 2)
        raise


def _seeds(text: str | None) -> tuple[int, ...]:
    """The seeds; stop with status 2 where they cannot be read."""
    from metarec_lib.workbook.lessons import parse_seeds

    try:
        return parse_seeds(text or "0")
    except ValueError as error:
        _fail(str(error), 2)
        raise


def _compute_on(device: str | None) -> None:
    """Let everything from here on compute on this device. Raises ValueError for one that is not there."""
    if device is not None:
        from metarec_lib.device import resolve_device

        os.environ["METAREC_DEVICE"] = str(resolve_device(device))


def _language(name: str | None) -> str | None:
    """The language named; another one is wrong usage: status 2."""
    from metarec_lib.workbook.core import LANGUAGES

    if name is not None and name not in LANGUAGES:
        _fail(f"--lang: got {name!r}, expected {' or '.join(LANGUAGES)}", 2)
    return name


@app.command()
def data(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME…]")] = None,
    path: Annotated[str | None, typer.Option("--from", metavar="PATH", help="Your ratings: what is in them?")] = None,
    out: Annotated[str | None, typer.Option(metavar="CSV", help="With --from: write them as a plain CSV.")] = None,
    sep: Annotated[str | None, typer.Option(help="With --from: what stands between columns.")] = None,
    encoding: Annotated[str | None, typer.Option(help="With --from, such as latin-1.")] = None,
    columns: Annotated[str | None, typer.Option(metavar="A,B,…", help="With --from: names of all columns.")] = None,
) -> None:
    """Fetch data sets and pretrained models, once: `metarec data ml-100k`, `encoder`, `llm`; or look at your own."""
    from metarec_lib.data.pretrained import data_command

    if path is None:
        if out or sep or encoding or columns:
            _fail("--out, --sep, --encoding and --columns need --from PATH.", 2)
        _run(data_command, names or [])
    if names:
        _fail(f"Got {', '.join(names)} and --from; expected one of them.", 2)

    def read(place: str) -> int:
        from metarec_lib.data.reading import read_command

        return read_command(place, out, sep=sep, encoding=encoding, names=columns.split(",") if columns else None)

    _run(read, path)


@app.command()
def new(
    folder: Annotated[str, typer.Argument(metavar="FOLDER")],
    lang: Annotated[str | None, typer.Option(metavar="en|zh", help="English or Chinese; remembered.")] = None,
) -> None:
    """Make a workspace of your own, or bring what is new to it; what you have changed stays."""
    from metarec_lib.workbook.practice import new_command

    _run(new_command, folder, _language(lang))


@app.command()
def build(
    questions: Questions = None,
    check: Annotated[bool, typer.Option("--check", help="Execute nothing; name what is stale.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files edited by hand as well.")] = False,
    lang: Annotated[
        str, typer.Option(metavar="en|zh", help="zh: run the lessons in Chinese and store nothing.")
    ] = "en",
) -> None:
    """Build notebooks, stubs and the manifest from lessons, solutions and tests."""
    from metarec_lib.workbook.lessons import build_command

    _run(build_command, _known(questions), check, force, _language(lang))


@app.command()
def study(
    name: Annotated[str, typer.Argument(metavar="qNN")],
    seeds: Seeds = None,
    confirm: Annotated[bool, typer.Option("--confirm", help="Run one seed; keep the results where it agrees.")] = False,
) -> None:
    """Run the experiment behind a lesson, seed by seed; goes on where it was stopped."""
    from metarec_lib.workbook.lessons import confirm_command, study_command

    _seeds(seeds)
    _run(confirm_command if confirm else study_command, name, seeds)


@app.command()
def claims(questions: Questions = None, seeds: Seeds = None) -> None:
    """List what the lessons claim; with --seeds rerun them and say which claims hold."""
    from metarec_lib.workbook.lessons import claims_command

    _seeds(seeds)
    _run(claims_command, _known(questions), seeds)


@app.command()
def check(
    questions: Questions = None,
    work: Annotated[str | None, typer.Option(help="exercises, solutions or a folder.")] = None,
    hint: Annotated[str | None, typer.Option(metavar="[FUNCTION]", help="One more hint, e.g. for FUNCTION.")] = None,
    json: Annotated[bool, typer.Option("--json", help="The report as JSON.")] = False,
    junit: Annotated[str | None, typer.Option(metavar="FILE", help="Write a JUnit report.")] = None,
) -> None:
    """Check your exercises."""
    from metarec_lib.workbook.practice import check_command

    _run(check_command, _known(questions), work or _folder_of(questions), hint, json, junit)


@app.command()
def solution(
    question: Annotated[str, typer.Argument(metavar="qNN")],
    function: Annotated[str | None, typer.Argument(metavar="[FUNCTION]")] = None,
) -> None:
    """Show the reference solution of a question, or of one function."""
    from metarec_lib.workbook.practice import solution_command

    _run(solution_command, question, function)


@app.command()
def ask(
    questions: Questions = None,
    topic: Annotated[str | None, typer.Option(help="Only questions on this, such as MAML or 注意力.")] = None,
    word: Annotated[str | None, typer.Option(help="Only questions that contain this, English or 中文.")] = None,
    every: Annotated[bool, typer.Option("--list", help="List the questions that fit, open none.")] = False,
    lang: Annotated[str | None, typer.Option(metavar="en|zh", help="English or Chinese.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of the draw where several fit.")] = None,
) -> None:
    """Ask yourself a question; each Enter opens more: short answer, full answer, rubric, pitfalls, follow-ups."""
    from metarec_lib.workbook.practice import ask_command

    _run(ask_command, _known(questions, search=True), topic, word, every, _language(lang), seed)


@app.command()
def sheet(
    questions: Questions = None,
    out: Annotated[str | None, typer.Option(metavar="FILE", help="A name ending in .md or .html.")] = None,
    lang: Annotated[str | None, typer.Option(metavar="en|zh", help="English or Chinese.")] = None,
) -> None:
    """A cram sheet: the short answer, the figures to remember, what candidates say wrong."""
    from metarec_lib.workbook.practice import sheet_command

    _run(sheet_command, _known(questions), out, _language(lang))


@app.command()
def review(
    questions: Questions = None,
    lang: Annotated[str | None, typer.Option(metavar="en|zh", help="English or Chinese.")] = None,
    new: Annotated[int, typer.Option(min=0, metavar="N", help="New cards a day.")] = 10,
) -> None:
    """Review the cards that are due; those of failed exercises and missed points come first."""
    from metarec_lib.workbook.practice import review_command

    _run(review_command, _known(questions), _language(lang), new)


@app.command()
def cards(
    questions: Questions = None,
    anki: Annotated[str | None, typer.Option(metavar="FILE.apkg", help="Write a deck for Anki.")] = None,
    lang: Annotated[str | None, typer.Option(metavar="en|zh", help="One language; the deck has both.")] = None,
) -> None:
    """Count the cards made from the lessons, or write them as a deck for Anki."""
    from metarec_lib.workbook.practice import cards_command

    _run(cards_command, _known(questions), anki, _language(lang))


@app.command()
def progress(
    work: Annotated[str | None, typer.Option(help="The folder of your exercises, or your workspace.")] = None,
    lang: Annotated[str | None, typer.Option(metavar="en|zh", help="English or Chinese.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Everything that is stored, as JSON.")] = False,
) -> None:
    """Show where you are: what is read, passed, interviewed and due, question by question."""
    from metarec_lib.workbook.practice import progress_command

    _run(progress_command, work, _language(lang), json)


@app.command("next")
def next_(
    lang: Annotated[str | None, typer.Option(metavar="en|zh", help="English or Chinese.")] = None,
    json: Annotated[bool, typer.Option("--json", help="All numbers.")] = False,
) -> None:
    """Recommend the next question, and say why."""
    from metarec_lib.workbook.practice import next_command

    _run(next_command, _language(lang), json)


@app.command()
def interview(
    questions: Questions = None,
    minutes: Annotated[float, typer.Option(metavar="N", help="How long, 5 to 180.")] = 30,
    level: Annotated[str | None, typer.Option(metavar="mid|senior", help="Only questions of this level.")] = None,
    topics: Annotated[str | None, typer.Option(metavar="A,B", help="Only questions with one of these topics.")] = None,
    lang: Annotated[str | None, typer.Option(metavar="en|zh", help="English or Chinese.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of the draw of the questions.")] = None,
    history: Annotated[bool, typer.Option("--history", help="Show past interviews and the trend.")] = False,
) -> None:
    """Hold a mock interview against the clock, or go on with the one that waits."""
    from metarec_lib.workbook.practice import interview_command

    _run(interview_command, _known(questions), minutes, level, topics, _language(lang), seed, history)


@app.command()
def reset(
    question: Annotated[str, typer.Argument(metavar="qNN")],
    work: Annotated[str | None, typer.Option(help="The folder of your exercises, or your workspace.")] = None,
) -> None:
    """Bring an exercise file back as it was at the start; yours is kept beside it."""
    from metarec_lib.workbook.practice import reset_command

    _run(reset_command, question, work)


@app.command()
def grade(
    submissions: Annotated[
        str,
        typer.Argument(metavar="SUBMISSIONS", help="A folder or zip of submissions, a list (CSV), or one submission."),
    ],
    out: Annotated[str, typer.Option("--out", metavar="REPORT", help="The folder to write to.")],
    questions: Annotated[list[str] | None, typer.Option(metavar="qNN…", help="All where none is named.")] = None,
    course: Annotated[str | None, typer.Option(metavar="TOML", help="Weights, late rules, the course's key.")] = None,
    hidden: Annotated[str | None, typer.Option(metavar="FOLDER", help="Further tests, test_qNN_….py.")] = None,
    id_pattern: Annotated[str, typer.Option("--id", metavar="PATTERN", help="Of names: its group is the id.")] = "",
    variant: Annotated[
        int | None,
        typer.Option(min=0, metavar="SEED", help="One seed of random data for all; by default each their own."),
    ] = None,
    jobs: Annotated[int, typer.Option(min=0, metavar="N", help="Graders at once; one a core by default.")] = 0,
    scheduler: Annotated[str, typer.Option(metavar="ADDRESS", help="Of a Dask cluster that judges instead.")] = "",
    require_sandbox: Annotated[bool, typer.Option("--require-sandbox", help="Refuse where a wall is missing.")] = False,
    a_class: Annotated[bool, typer.Option("--class", help="SUBMISSIONS has a folder for each student.")] = False,
    one: Annotated[bool, typer.Option("--one", help="SUBMISSIONS is one submission.")] = False,
    cap: Annotated[float, typer.Option(min=1, metavar="SECONDS", help="For one question of one student.")] = 180,
) -> None:
    """Grade submissions; goes on where it was stopped, and grades anew only what has changed."""
    from functools import partial

    from metarec_lib.workbook.grading import grade_command

    if a_class and one:
        _fail("Got --class and --one; expected one of them at most.", 2)
    kind = "class" if a_class else "one" if one else ""
    further = {"course": course, "hidden": hidden, "pattern": id_pattern, "jobs": jobs, "scheduler": scheduler}
    command = partial(grade_command, **further)
    _run(command, submissions, out, _known(questions), variant, require_sandbox, kind, cap)


@app.command()
def release(
    questions: Annotated[list[str], typer.Argument(metavar="qNN…", help="The questions of the assignment.")],
    to: Annotated[str, typer.Option("--to", metavar="FOLDER", help="A new folder, to give to students.")],
    classroom: Annotated[
        str, typer.Option(metavar="OWNER/REPO", help="Add the workflow that calls your grading repository.")
    ] = "",
    grading: Annotated[
        str, typer.Option(metavar="FOLDER", help="Also write the files of the grading repository.")
    ] = "",
    package: Annotated[
        str, typer.Option(metavar="REQUIREMENT", help="What pip installs there, at one version, such as a Git address.")
    ] = "",
    lang: Annotated[str | None, typer.Option(metavar="en|zh", help="English or Chinese.")] = None,
) -> None:
    """Make what students get: lessons and stubs of some questions; no solutions, tests, mistakes or hints."""
    from metarec_lib.workbook.grading import release_command

    _run(release_command, _known(questions), to, classroom, _language(lang), grading, package)


@app.command()
def leaderboard(
    data: Annotated[
        str | None, typer.Option(metavar="PATH", help="Ratings as `metarec data --from` reads them; ML-100K.")
    ] = None,
    seeds: Seeds = "0-2",
    models: Annotated[str | None, typer.Option(metavar="A,B", help="Of the class names; all by default.")] = None,
    order: Annotated[str, typer.Option(metavar="random|chronological", help="Of a user's support.")] = "random",
    json: Annotated[bool, typer.Option("--json", help="All numbers, with their intervals.")] = False,
    device: Annotated[str | None, typer.Option(metavar="cpu|cuda|mps", help="Where to compute.")] = None,
) -> None:
    """Compare all models on new users, by how many of their ratings are known; some minutes a seed."""
    from metarec_lib.leaderboard import leaderboard_command, model_names

    try:
        _compute_on(device)
        names = model_names(models)
        if order not in ("random", "chronological"):
            raise ValueError(f"--order: got {order!r}, expected random or chronological")
    except ValueError as error:
        _fail(str(error), 2)

    def compared(path: str | None, *rest: object) -> int:
        from metarec_lib.data.reading import read_ratings

        return leaderboard_command(None if path is None else read_ratings(path, quiet=True), *rest)

    _run(compared, data, _seeds(seeds), names, order, json)


def main(arguments: Sequence[str] | None = None) -> None:
    """The entry point of the command `metarec`. arguments: those of the command line by default."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    app(_with_hint_value(_with_each_question(given)), prog_name="metarec")


def _with_each_question(arguments: list[str]) -> list[str]:
    """`--questions q01 q06`: the option is repeated before each question that follows it."""
    spread: list[str] = []
    for item in arguments:
        follows = spread[-2:-1] == ["--questions"] and _is_question(item)
        spread += ["--questions", item] if follows else [item]
    return spread


def _with_hint_value(arguments: list[str]) -> list[str]:
    """`--hint` may stand alone: an empty function is put behind it, which means the first that does not pass."""
    if "--hint" in arguments:
        place = arguments.index("--hint") + 1
        if not arguments[place : place + 1] or not arguments[place].isidentifier() or _is_question(arguments[place]):
            return [*arguments[:place], "", *arguments[place:]]
    return arguments


def _is_question(name: str) -> bool:
    from metarec_lib.workbook.core import resolve

    try:
        return bool(resolve(name))
    except ValueError:
        return False


if __name__ == "__main__":
    main()
