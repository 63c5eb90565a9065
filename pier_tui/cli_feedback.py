"""The part of the command line about routing feedback: calibrate, labels, report. Imports little until one runs."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pier_tui.argv import share

if TYPE_CHECKING:
    from pier_tui import teaching

COMMANDS = ("calibrate", "labels", "report")
NOTHING_LEARNED = 3


def add(commands: Any) -> None:
    """Add the three commands to the parser's sub-commands."""
    learn = commands.add_parser("calibrate", help="learn the routing threshold from your labels, and use it if better")
    learn.add_argument("--log", type=Path, metavar="EXPORT.jsonl", help="learn from an export; nothing is put in use")
    learn.add_argument("--alpha", type=share, default=0.05, help="share of turns that may be kept wrongly (0.05)")
    learn.add_argument("--sure", type=share, metavar="SHARE", help="hold alpha with this probability, not on average")
    learn.add_argument("--strategy", default="", help="whose scores (default: the strategy with the most labels)")
    learn.add_argument("--dry-run", action="store_true", help="only say what would be")
    learn.add_argument("--undo", action="store_true", help="go back to the threshold before the last calibration")
    learn.set_defaults(do=_calibrate)

    labels = commands.add_parser("labels", help="list your routing labels, export or import them, or share them")
    acts = labels.add_mutually_exclusive_group()
    acts.add_argument("--export", action="store_true", help="write decisions, labels and pairs to stdout as JSON lines")
    acts.add_argument("--import", dest="take", type=Path, metavar="FILE", help="take an export in")
    acts.add_argument("--sync", action="store_true", help="send to and take from the database in feedback_pool")
    labels.set_defaults(do=_labels)

    told = commands.add_parser("report", help="what sessions cost against one model alone, and which turns to regret")
    told.add_argument("path", nargs="?", default=None, type=Path, help="the repository (default: every repository)")
    told.add_argument("--session", default="", metavar="ID", help="only this session")
    told.add_argument("--json", action="store_true", help="for machines")
    told.set_defaults(do=_report)


def _place() -> teaching.Place:
    from pier_tui import teaching, wiring
    from pier_tui.config import state_dir

    chosen = wiring.settings({}, os.environ).settings
    return teaching.Place(state_dir(os.environ), chosen.feedback_pool, chosen.threshold)


def _calibrate(options: argparse.Namespace) -> int:
    from pier_tui import teaching

    if options.undo:
        _say(teaching.undo(_place()))
        return 0
    only_said = options.dry_run or options.log is not None
    wish = teaching.Wish(options.log, options.alpha, options.sure, options.strategy, only_said)
    text, learned = teaching.calibrate(_place(), wish)
    _say(text)
    return 0 if learned else NOTHING_LEARNED


def _labels(options: argparse.Namespace) -> int:
    from pier_tui import teaching
    from pier_tui.ui.text import escaped

    place = _place()
    if options.export:
        sys.stdout.write(escaped(teaching.export_labels(place)))
    elif options.take:
        _say(teaching.import_labels(place, options.take))
    elif options.sync:
        _say(teaching.sync_labels(place))
    else:
        _say(teaching.list_labels(place))
    return 0


def _report(options: argparse.Namespace) -> int:
    from pier_tui import teaching

    found = teaching.reported(_place(), options.path, options.session)
    if options.json:
        sys.stdout.write(teaching.as_json(found))
    else:
        _say(teaching.as_text(found))
    return 0


def _say(text: str) -> None:
    from pier_tui.ui.text import sanitize

    sys.stdout.write(sanitize(text))
