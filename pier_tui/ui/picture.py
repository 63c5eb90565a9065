"""The first picture: where the panes will be, drawn before the screen's own machinery is even imported.

What is typed meanwhile is echoed by the terminal at the place of the prompt, stays in its buffer and is read
by the prompt as soon as there is one. Imports nothing that takes time.
"""

from __future__ import annotations

import os
import signal
import sys
from types import TracebackType

from pier_tui.ui.arrangement import Wishes, arrange
from pier_tui.ui.text import sanitize

PARTING = (signal.SIGTERM, signal.SIGHUP)
ENTER, LEAVE = "\x1b[?1049h\x1b[2J", "\x1b[?1049l"


def drawn(title: str, columns: int, lines: int) -> str:
    """The picture for a screen of this size, with the cursor left in the prompt; empty where it would not fit."""
    shown = arrange(columns, lines, Wishes())
    if shown.too_small:
        return ""
    left = shown.widths.get("backbone", 0)
    width = shown.widths["conversation"] - bool(left)
    at = left + bool(left) + 1
    top, foot = lines - 4, lines - 1
    rows = [f"\x1b[1;2H\x1b[1m{title[: columns - 2]}\x1b[0m"]
    rows += [f"\x1b[{row};{left + 1}H│" for row in range(2, foot) if left]
    rows.append(f"\x1b[{top};{at}H╭─ prompt {'─' * (width - 11)}╮")
    rows.append(f"\x1b[{top + 1};{at}H│\x1b[{top + 1};{at + width - 1}H│")
    rows.append(f"\x1b[{top + 2};{at}H╰{'─' * (width - 2)}╯")
    rows.append(f"\x1b[{foot};2H· starting\x1b[{top + 1};{at + 2}H")
    return "".join(rows)


def _end(number: int, _: object) -> None:
    """Asked to end while things are imported, which does not bear an exception: leave at once."""
    os.write(sys.stdout.fileno(), LEAVE.encode("ascii"))
    os._exit(128 + number)


def _unwind(number: int, _: object) -> None:
    """Asked to end before the app knows how: it is unwound, and gives the terminal back on the way."""
    raise SystemExit(128 + number)


class Picture:
    """Shows the picture in the terminal's second screen, and gives that screen back unless it was handed over."""

    def __init__(self, title: str) -> None:
        self._title = sanitize(title, keep_newlines=False)
        self._shown = False

    def __enter__(self) -> Picture:
        """Draw, where there is a terminal to draw on."""
        if sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb":
            size = os.get_terminal_size(sys.stdout.fileno())
            if picture := drawn(self._title, size.columns, size.lines):
                for number in PARTING:
                    signal.signal(number, _end)
                self._shown = True
                self._write(ENTER + picture)
        return self

    def hand_over(self) -> None:
        """The app draws over it now, and leaves the second screen by itself."""
        if self._shown:
            for number in PARTING:
                signal.signal(number, _unwind)
        self._shown = False

    def take_down(self) -> None:
        """Back to the first screen, as for a question or an error in plain lines."""
        if self._shown:
            self._shown = False
            for number in PARTING:
                signal.signal(number, signal.SIG_DFL)
            self._write(LEAVE)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Never leave the user on the second screen."""
        self.take_down()

    def _write(self, text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()
