"""The command line of `pier-tui bench`: what may be typed, and which act it is."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from pier_tui.amounts import rupees
from pier_tui.bench import command, planning
from pier_tui.bench.runner import Limits
from pier_tui.bench.suites import LOADERS
from pier_tui.errors import ConfigError


def parsed(parser: argparse.ArgumentParser, models: argparse.ArgumentParser, args: Sequence[str]) -> argparse.Namespace:
    """Read the arguments; `models` brings the options that choose models."""
    parser.description = "Measure routing: the same agent, headless, over tasks, strategies and repeats."
    acts = parser.add_subparsers(dest="act", required=True, metavar="ACT")
    run = acts.add_parser("run", parents=[models], help="run what is not done yet, and report")
    run.add_argument("suites", nargs="+", metavar="SUITE", help=f"own, or {', '.join(LOADERS)} with =PATH")
    run.add_argument("--out", type=Path, default=Path("bench-runs"), metavar="FOLDER", help="where runs are kept")
    run.add_argument(
        "--contestant", action="append", default=[], metavar="NAME",
        help=f"a strategy, may be repeated (default: {', '.join(planning.STRATEGIES)})",
    )  # fmt: skip
    run.add_argument("--repeats", type=_count, default=3, metavar="N")
    run.add_argument("--task", action="append", default=[], metavar="WORD", help="only tasks with this in their id")
    run.add_argument("--tasks", type=_count, metavar="N", help="only so many, evenly from the list")
    run.add_argument("--run-seconds", type=_seconds, metavar="S", help="time limit of a run (default: the task's own)")
    run.add_argument("--workers", type=_count, default=2, metavar="N", help="processes of this machine (default: 2)")
    run.add_argument("--ray", nargs="?", const="", metavar="ADDRESS", help="use Ray, started here or at an address")
    run.add_argument("--audit", type=_count, default=0, metavar="N", help="audit so many kept turns on the other model")
    run.add_argument("--max-rupees", type=rupees, metavar="RUPEES", help="begin nothing more once this is spent")
    run.add_argument("--max-seconds", type=_seconds, metavar="SECONDS", help="begin nothing more after this long")
    run.add_argument("--dry-run", action="store_true", help="only say how many runs, tokens and rupees to expect")
    report = acts.add_parser("report", help="count the runs of a folder again")
    report.add_argument("folder", type=Path)
    report.add_argument("--suite", default="", metavar="NAME", help="of this suite alone, written as report-NAME")
    compare = acts.add_parser("compare", help="pair two folders task by task")
    compare.add_argument("first", type=Path)
    compare.add_argument("second", type=Path)
    mine = acts.add_parser("mine", help="make tasks of a repository's commits; runs its tests, in the sandbox")
    mine.add_argument("path", type=Path)
    mine.add_argument("file", type=Path, help="the task file to write")
    mine.add_argument("--commits", type=_count, default=200, metavar="N", help="look at the newest N")
    mine.add_argument("--install", action="store_true", help="install the repository's requirements, from the network")
    return parser.parse_args(args)


def carried_out(options: argparse.Namespace, overrides: Mapping[str, object]) -> str:
    """Do it; what to print. Raises PierError."""
    match options.act:
        case "report":
            return command.shown(options.folder, options.suite)
        case "compare":
            return command.two(options.first, options.second)
        case "mine":
            return command.mined(options.path, options.file, options.commits, install=options.install)
        case _:
            return command.run(_wanted(options, overrides))


def _wanted(options: argparse.Namespace, overrides: Mapping[str, object]) -> planning.Wanted:
    if overrides.get("strategy") or overrides.get("only"):
        raise ConfigError("A benchmark is told what to compare by --contestant NAME: a strategy, always-30B, …")
    return planning.Wanted(
        suites=options.suites,
        out=options.out,
        strategies=options.contestant,
        repeats=options.repeats,
        overrides=overrides,
        only=options.task,
        tasks=options.tasks,
        seconds=options.run_seconds,
        workers=options.workers,
        ray=options.ray,
        limits=Limits(options.max_rupees, options.max_seconds),
        audit=options.audit,
        dry_run=options.dry_run,
        command=" ".join(["pier-tui", *sys.argv[1:]]),
    )


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of at least 1")
    return int(text)


def _seconds(text: str) -> float:
    seconds = float(text) if text.replace(".", "", 1).isdecimal() else 0.0
    if seconds <= 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0")
    return seconds
