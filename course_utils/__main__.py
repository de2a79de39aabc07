"""The command line: ``python -m course_utils``. Each command's code is imported only when it is called."""

from __future__ import annotations

import argparse
import math
import os
import sys
from pathlib import Path
from typing import NoReturn

from course_utils.errors import CourseError

ROOT = Path(__file__).resolve().parent.parent
VALIDATE_OPTIONS = ("-p", "--output", "--timeout", "--quick", "--changed", "--jobs", "--notebooks")


class OneLineParser(argparse.ArgumentParser):
    """A parser that answers a mistake with one line instead of its whole usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {message}; see python -m course_utils --help\n")


def seconds(text: str) -> float:
    """The type of ``--timeout``."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0")
    return value


def gigabytes(text: str) -> float:
    """The type of ``--card``."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of GB above 0")
    return value


def hours(text: str) -> float:
    """The type of ``--hours``."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= 1000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of hours from 0 to 1000")
    return value


def at_least_one(text: str) -> int:
    """The type of ``--jobs``."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of lessons from 1")
    return int(text)


def make_parser() -> OneLineParser:
    parser = OneLineParser(prog="python -m course_utils", description="Tools of the QLoRA course.")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")

    validate = commands.add_parser(
        "validate",
        help="run lessons and report time, memory and results",
        description="Run lessons with papermill and write report.html, report.json and the executed notebooks. "
        "Exit code: 0 all ran, 1 a lesson failed, 2 the input is wrong and nothing was run, 130 interrupted.",
    )
    validate.add_argument("lessons", nargs="*", metavar="LESSON", help="such as 06 or 06_qlora_sft; none means all")
    validate.add_argument(
        "-p",
        nargs=2,
        metavar=("NAME", "VALUE"),
        help="give a parameter another value, in each chosen lesson that has it; a path counts from here",
    )
    validate.add_argument(
        "--quick",
        action="store_true",
        help="run each lesson with its own quick parameters: the course in minutes",
    )
    validate.add_argument(
        "--changed",
        action="store_true",
        help="do not repeat a lesson that ran without an error, if neither it, its parameters, the package, an "
        "installed version nor the machine has changed since the report in --output; what other lessons left there "
        "does not count",
    )
    validate.add_argument(
        "--jobs",
        type=at_least_one,
        help="lessons that run at a time, each with its share of the cores (1; with --quick 2 where there are two "
        "cores). Times are those of a lesson alone only with 1",
    )
    validate.add_argument(
        "--output",
        type=Path,
        help="directory of the report and of what lessons write (build; with --quick build/quick, so that a quick "
        "adapter takes no good one's place)",
    )
    validate.add_argument("--timeout", type=seconds, default=1200.0, help="seconds for each lesson (1200)")
    validate.add_argument("--notebooks", type=Path, default=ROOT / "notebooks", help=argparse.SUPPRESS)

    commands.add_parser("lab", help="open the lessons in JupyterLab; what follows is for JupyterLab", add_help=False)

    commands.add_parser("doctor", help="say what this machine is and which model and precision suit it")

    fit = commands.add_parser(
        "fit",
        help="say what can be trained on a card, from the model's shape alone",
        description="For cards of 8, 16, 24, 48 and 80 GB: which method fits, how many rows and how long a one, and "
        "the expected peak. Nothing is downloaded.",
    )
    fit.add_argument("model", metavar="MODEL", help="a name, a directory with a config.json, or that file")
    fit.add_argument("--card", type=gigabytes, help="GB of the one card that is asked about")
    fit.add_argument("--method", choices=("full", "lora", "qlora"), help="only this one")
    fit.add_argument("--rank", type=int, default=16, help="of the adapters (16)")
    fit.add_argument("--length", type=int, default=512, help="tokens of a row (512)")

    tune = commands.add_parser(
        "tune",
        help="take a file of your own to a certified model, and to a memo that says whether it may go out",
        description="Lesson 14 with your file: JSON Lines, JSON, CSV, Parquet. After a kill the same command goes on. "
        "Exit code: 0 there is a memo, whatever it says, 2 the input is wrong or the run failed.",
    )
    tune.add_argument("file", type=Path, metavar="FILE", help="rows to train on")
    tune.add_argument("--test", metavar="FILE", help="rows to test on; without it a part of FILE is kept for that")
    tune.add_argument("--model", help="as in the lessons (pocket-llama)")
    tune.add_argument("--scorer", help="exact, begins, regex:PATTERN, FILE.py:NAME or lm_eval:FILE.yaml (exact)")
    tune.add_argument("--source", metavar="COLUMN", help="rows that share its value stay on one side of the split")
    tune.add_argument("--rows", type=int, help="at most so many rows of FILE")
    tune.add_argument("--hours", type=hours, help="for training; more of them repeat it with up to three seeds (0)")
    tune.add_argument("--seed", type=int, help="another one decides split and training otherwise (0)")
    tune.add_argument("--out", type=Path, help="directory of the memo, the model and the stages (build/tune/NAME)")

    figures = commands.add_parser(
        "figures", help="write the course map, the figures of values and the README's table again"
    )
    figures.add_argument("directory", nargs="?", type=Path, default=ROOT / "images", help="where to (images)")
    return parser


def take_parameters(parser: OneLineParser, arguments: list[str]) -> tuple[list[tuple[str, str]], list[str]]:
    """The pairs that follow each ``-p``, and the other arguments.

    argparse takes a value such as -1e-4 for an option, so the pairs are taken out before it looks.
    """
    pairs, others = [], []
    words = iter(arguments)
    for word in words:
        if word != "-p":
            others.append(word)
            continue
        pair = (next(words, None), next(words, None))
        if None in pair or pair[0].startswith("-") or pair[1] in VALIDATE_OPTIONS:
            parser.error("argument -p: expected 2 arguments")
        pairs.append(pair)
    return pairs, others


def lab(options: list[str]) -> int:
    """JupyterLab over the course, in this process, so that its kernels inherit what has to be set before torch."""
    from course_utils import environment

    try:
        from jupyterlab.labapp import main as jupyterlab
    except ModuleNotFoundError as error:
        raise CourseError(f"{error.name} is not installed: pip install -r requirements.txt") from error
    os.environ.update(environment.settings())
    os.chdir(ROOT)
    return jupyterlab(["--FileContentsManager.preferred_dir=notebooks", *options]) or 0


def run(arguments: list[str]) -> int:
    if arguments[:1] == ["lab"]:
        return lab(arguments[1:])
    parser = make_parser()
    given: list[tuple[str, str]] = []
    if arguments[:1] == ["validate"]:
        given, arguments = take_parameters(parser, arguments)
    args, rest = parser.parse_known_args(arguments)
    if args.command == "validate" and not any(word.startswith("-") for word in rest):
        args.lessons += rest  # argparse does not take up a list of lessons again after an option
    elif rest:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")

    if args.command == "validate":
        from course_utils import validate

        output = args.output or ROOT / ("build/quick" if args.quick else "build")
        jobs = args.jobs or min(2 if args.quick else 1, os.cpu_count() or 1)
        return validate.main(
            args.lessons,
            given,
            output,
            args.timeout,
            args.notebooks,
            quick=args.quick,
            changed=args.changed,
            jobs=jobs,
        )
    if args.command == "doctor":
        from course_utils import doctor

        print(doctor.report())
    elif args.command == "fit":
        from course_utils import fit

        cards = (args.card,) if args.card else fit.CARDS
        print(fit.report(args.model, cards, (args.method,) if args.method else (), args.length, args.rank))
    elif args.command == "tune":
        from course_utils import tune

        names = ("model", "scorer", "source", "rows", "hours", "seed")
        given = {name: getattr(args, name) for name in names}
        return tune.main(args.file, args.out, test_file=args.test, **given)
    elif args.command == "figures":
        from course_utils import contents, figures

        figures.write_all(args.directory)
        contents.write_readme()
    else:
        parser.print_help()
    return 0


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns its exit code. ``arguments`` are those of the command line unless given."""
    try:
        return run(sys.argv[1:] if arguments is None else arguments)
    except CourseError as error:
        print("error:", " ".join(str(error).split()), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except SystemExit as end:  # argparse has said what there was to say
        return end.code or 0


if __name__ == "__main__":
    sys.exit(main())
