"""The command line: ``python -m course_utils``. Each command's code is imported only when it is called."""

from __future__ import annotations

import argparse
import math
import sys
from pathlib import Path
from typing import NoReturn

from course_utils.errors import CourseError

ROOT = Path(__file__).resolve().parent.parent


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
        dest="parameters",
        nargs=2,
        action="append",
        default=[],
        metavar=("NAME", "VALUE"),
        help="give a parameter another value, in each chosen lesson that has it",
    )
    validate.add_argument("--output", type=Path, default=ROOT / "build", help="directory of the report (build)")
    validate.add_argument("--timeout", type=seconds, default=1200.0, help="seconds for each lesson (1200)")
    validate.add_argument("--notebooks", type=Path, default=ROOT / "notebooks", help=argparse.SUPPRESS)

    commands.add_parser("doctor", help="say what this machine is and which model and precision suit it")

    figures = commands.add_parser("figures", help="write the figures that show values and the course map again")
    figures.add_argument("directory", nargs="?", type=Path, default=ROOT / "images", help="where to (images)")
    return parser


def run(arguments: list[str]) -> int:
    parser = make_parser()
    args, rest = parser.parse_known_args(arguments)
    if args.command == "validate" and not any(word.startswith("-") for word in rest):
        args.lessons += rest  # argparse does not take up a list of lessons again after an option
    elif rest:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")

    if args.command == "validate":
        from course_utils import validate

        return validate.main(args.lessons, args.parameters, args.output, args.timeout, args.notebooks)
    if args.command == "doctor":
        from course_utils import doctor

        print(doctor.report())
    elif args.command == "figures":
        from course_utils import figures

        figures.write_all(args.directory)
    else:
        parser.print_help()
    return 0


def main() -> int:
    try:
        return run(sys.argv[1:])
    except CourseError as error:
        print("error:", " ".join(str(error).split()), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
