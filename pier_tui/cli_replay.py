"""The command line of `pier-tui replay`: options, and the report printed and written. The work is `bench/replay.py`."""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pier_tui.errors import PierError


def add(commands: Any) -> None:
    """Add the command to the parser's sub-commands."""
    run = commands.add_parser("replay", help="replay routing strategies over recorded outcomes of both models")
    run.add_argument("outcomes", type=Path, help="CSV, JSON lines, JSON or Parquet; the columns are in docs/replay.md")
    run.add_argument("--strategy", action="append", default=[], metavar="NAME", help="only this one (may be repeated)")
    run.add_argument("--score", action="append", default=[], metavar="COLUMN", help="a column that is a router's score")
    run.add_argument("--weak", default="", metavar="NAME", help="the weak model: its column, or as column model has it")
    run.add_argument("--strong", default="", metavar="NAME", help="the strong model")
    run.add_argument(
        "--best", type=_above_zero, default=1.0, metavar="N", help="the best quality there is (default: 1)"
    )
    run.add_argument("--ratio", type=_above_zero, default=0.625, help="price of weak over strong (default: 0.625)")
    run.add_argument("--budget", type=_part, action="append", help="part of strong-only's cost (default: 0.8)")
    run.add_argument("--escalate", type=_part, action="append", help="share of rows to escalate (default: 0.3)")
    run.add_argument("--folds", type=_at_least(2), default=5)
    run.add_argument("--seed", type=_at_least(0), default=0)
    run.add_argument("--bootstrap", type=_at_least(0), default=1000, metavar="RESAMPLES", help="0: no intervals")
    run.add_argument("--json", action="store_true", help="print what was found as JSON")
    run.add_argument("--svg", type=Path, metavar="FILE", help="write the curves as a picture")
    run.add_argument("--html", type=Path, metavar="FILE", help="write everything as one page")
    run.set_defaults(do=run_replay)


def run_replay(options: argparse.Namespace) -> int:
    """Replay, print the report and write what was asked for; 0, or a PierError with one sentence."""
    # The matrices are small: more threads only wait for each other, ten times as long on a busy machine.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        from pier_tui.bench import outcome_files, outcomes, replay, replay_page, replay_text
    except ImportError as missing:
        raise PierError(f"Replaying needs {missing.name}: install pier-tui again, or pip install numpy.") from None
    from pier_tui.ui.text import escaped, sanitize

    wanted = replay.Wanted(
        strategies=options.strategy,
        seed=options.seed,
        folds=options.folds,
        bootstrap=options.bootstrap,
        ratio=options.ratio,
        budgets=options.budget or (0.8,),
        shares=options.escalate or (0.3,),
    )
    models = (options.weak, options.strong)
    rows = outcomes.outcomes(outcome_files.rows_of(options.outcomes), options.score, options.best, models)
    found = replay.replay(rows, wanted, options.outcomes.name)
    for path, text_of in ((options.svg, replay_page.svg_of), (options.html, replay_page.html_of)):
        if path is not None:
            path.write_text(sanitize(text_of(found)), encoding="utf-8")
    text = found.model_dump_json(indent=1) + "\n" if options.json else replay_text.text_of(found)
    sys.stdout.write(escaped(text) if options.json else sanitize(text))
    return 0


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _above_zero(text: str) -> float:
    if not 0 < (number := _number(text)) < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return number


def _part(text: str) -> float:
    if not 0 <= (part := _number(text)) <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not between 0 and 1")
    return part


def _at_least(least: int) -> Callable[[str], int]:
    def whole(text: str) -> int:
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least {least}")
        return int(text)

    return whole
