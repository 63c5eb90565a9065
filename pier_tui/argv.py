"""How the command line's words are read and repeated: the parser, and the kinds of value options take."""

from __future__ import annotations

import argparse
import math
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import SupportsWrite


def plain(text: str) -> str:
    """A text fit to print: no key in it, every character seen."""
    from pier_tui.redaction import redact
    from pier_tui.ui.text import sanitize

    return sanitize(redact(text))


class Parser(argparse.ArgumentParser):
    """Repeats what was typed only as safe text."""

    def _print_message(self, message: str, file: SupportsWrite[str] | None = None) -> None:
        super()._print_message(plain(message) if message else message, file)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def seconds(text: str) -> float:
    """Seconds above 0. Raises ArgumentTypeError."""
    seconds = _number(text)
    if not 0 < seconds < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds above 0")
    return seconds


def share(text: str) -> float:
    """A number from 0 to 1. Raises ArgumentTypeError."""
    share = _number(text)
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not between 0 and 1")
    return share


def turns(text: str) -> int:
    """A number of turns, 1 or more. Raises ArgumentTypeError."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of turns of at least 1")
    return int(text)


class Version(argparse.Action):
    """Looks the version up only when it is asked for: reading the installed packages is slow."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        """Print and exit."""
        from importlib.metadata import version

        sys.stdout.write(f"pier-tui {version('pier-tui')}\n")
        parser.exit()
