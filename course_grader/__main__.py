"""The command line: ``course-grade run | report | export | gradescope | doctor | nbgrader``."""

import argparse
import collections
import functools
import sys
import webbrowser
from pathlib import Path

from . import autograder, doctor, exports, grades, nbgrader, run, text, workers
from .grading import OUTCOMES
from .room.policy import LEVELS
from .room.probe import probe

# Notes on submissions that the summary shows
_SHOWN = 20
_WARNINGS = {
    "sealed": "",
    "locked": "Warning: level 'locked' has no namespaces around students' code; "
    "'sealed' is the level for real grades (see course-grade doctor).",
    "open": "Warning: level 'open' does not isolate students' code; rows are marked UNISOLATED.",
}


def main(arguments=None):
    """Run a command; returns the exit code: 0, or 2 where the input or the machine is at fault."""
    options = _parser().parse_args(arguments)
    try:
        return options.command(options) or 0
    except ValueError as error:
        print(f"course-grade: {text.line(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("course-grade: stopped; the same command goes on from here.", file=sys.stderr)
        return 130


def _parser():
    parser = argparse.ArgumentParser(
        prog="course-grade", description="Grade notebooks; students' code never meets an answer."
    )
    commands = parser.add_subparsers(required=True)

    command = commands.add_parser("run", help="grade a class")
    command.add_argument("submissions", type=Path, help="folder or zip, as a platform delivers it")
    command.add_argument("--out", type=Path, required=True, help="folder for grades and feedback")
    command.add_argument(
        "--exercises", default="", help="chapters or exercise ids, separated by commas"
    )
    command.add_argument("--seed-file", type=Path, help="the secret; by default one is made in OUT")
    command.add_argument(
        "--roster", type=Path, help="who is in the class: id, name, e-mail, section"
    )
    command.add_argument("--overrides", type=Path, help="decisions of people; by default OUT's")
    command.add_argument("--course", type=Path, help="course.toml: weights, late days, attempts")
    command.add_argument(
        "--layout",
        choices=("auto", "files", "folders", "chapters"),
        default="auto",
        help="what the top level holds: a file or a folder a student, or a folder a chapter",
    )
    command.add_argument("--student", help="whose all the files are")
    command.add_argument("--level", choices=LEVELS, default="sealed")
    command.add_argument("--i-trust-these-submissions", action="store_true")
    command.add_argument(
        "--no-library", action="store_true", help="answers may not call course_lib: tell students"
    )
    where = command.add_mutually_exclusive_group()
    where.add_argument("--workers", type=_positive, help="processes; by default one a core")
    where.add_argument("--scheduler", help="address of a Dask scheduler")
    command.set_defaults(command=_run)

    command = commands.add_parser("report", help="the class page")
    command.add_argument("out", type=Path)
    command.add_argument("--no-browser", action="store_true")
    command.set_defaults(command=_report)

    command = commands.add_parser("export", help="grades for a learning management system")
    command.add_argument("out", type=Path)
    command.add_argument("--to", choices=sorted(exports.FORMATS), required=True)
    command.add_argument("--gradebook", type=Path, help="what the system exported, to be filled in")
    command.add_argument("--column", help="the gradebook's column; by default the only one empty")
    command.set_defaults(command=_export)

    command = commands.add_parser("doctor", help="which levels does this machine have?")
    command.set_defaults(command=lambda options: doctor.report())

    command = commands.add_parser("gradescope", help="an autograder zip for Gradescope")
    command.add_argument("exercises", help="chapters or exercise ids, separated by commas")
    command.add_argument("--out", type=Path, default=Path("autograder.zip"))
    command.add_argument("--seed-file", type=Path, help="the secret; by default a new one")
    command.add_argument("--level", choices=("sealed", "locked"), default="locked")
    command.set_defaults(command=_gradescope)

    command = commands.add_parser("nbgrader", help="a source notebook for nbgrader")
    command.add_argument("chapter", help="a chapter's name or the path of its source")
    command.add_argument("--out", type=Path, help="by default <chapter>.ipynb")
    command.set_defaults(command=_nbgrader)
    return parser


def _positive(text):
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


def _run(options):
    level = options.level
    if level == "open" and not options.i_trust_these_submissions:
        raise ValueError(
            "Level 'open' does not isolate students' code; add --i-trust-these-submissions to run "
            "it all the same."
        )
    finding = probe(level)
    if not finding.holds:
        raise ValueError(doctor.explain(finding))
    if _WARNINGS[level]:
        print(_WARNINGS[level], file=sys.stderr)
    if options.scheduler:
        executor = functools.partial(workers.on_cluster, address=options.scheduler)
    else:
        executor = functools.partial(workers.on_this_machine, count=options.workers)
    wanted = [name.strip() for name in options.exercises.split(",") if name.strip()]
    given = run.Options(
        options.roster,
        options.overrides,
        options.course,
        options.layout,
        options.student,
        not options.no_library,
    )
    rows, problems = run.run(
        options.submissions, options.out, wanted, options.seed_file, level, executor, given, _say
    )
    _summarize(rows, problems, options.out)


def _say(said):
    """Print a line in which no character of a student's making does anything."""
    said = text.line(said)
    encoding = sys.stdout.encoding or "utf-8"
    print(said.encode(encoding, "replace").decode(encoding), flush=True)


def _summarize(rows, problems, out):
    students = {row.student for row in rows}
    counts = collections.Counter(row.outcome for row in rows)
    answers = sum(counts[outcome] for outcome in OUTCOMES)
    said = ", ".join(f"{counts[outcome]} {outcome}" for outcome in OUTCOMES if counts[outcome])
    _say(f"{len(students)} students, {answers} answers: {said}")
    common = collections.Counter(
        (row.exercise, row.misconception) for row in rows if row.misconception
    )
    for (exercise, name), count in common.most_common(3):
        _say(f"  {count} × {exercise}: {name}")
    for student, sentence in problems[:_SHOWN]:
        _say(f"  {student}: {sentence}" if student else f"  {sentence}")
    if len(problems) > _SHOWN:
        _say(f"  … and {len(problems) - _SHOWN} more, all on the class page")
    decided = sum(bool(row.by) for row in rows)
    if decided:
        _say(f"Decided by people: {decided} rows (overrides.csv)")
    for line in grades.above_maximum(rows):
        _say(line)
    waiting = sum(row.points is None for row in rows)
    if waiting:
        _say(
            f"Without points are {waiting} rows: run again if the grader failed, or decide in "
            f"{out / 'overrides.csv'}."
        )
    look = sum(row.needs_person and not row.by for row in rows)
    if look:
        _say(f"For a person to look at: {look} rows, on the class page")
    _say(f"Grades: {out / 'grades.csv'}; class page: course-grade report {out}")


def _report(options):
    # Imported here, because every worker imports this module, and SciPy takes its time.
    from . import report

    path = report.write(options.out)
    print(path)
    if not options.no_browser:
        webbrowser.open(path.resolve().as_uri())


def _export(options):
    for line in exports.export(options.out, options.to, options.gradebook, options.column):
        _say(line)


def _gradescope(options):
    wanted = [name.strip() for name in options.exercises.split(",") if name.strip()]
    _say(autograder.write(wanted, options.out, options.seed_file, options.level))


def _nbgrader(options):
    print(nbgrader.write(options.chapter, options.out))


if __name__ == "__main__":
    sys.exit(main())
