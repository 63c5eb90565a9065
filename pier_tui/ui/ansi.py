"""Command output as coloured lines: of all escape sequences only colour and weight (SGR) are kept."""

from __future__ import annotations

import re
from collections.abc import Iterator

from rich.color import Color
from rich.style import Style
from rich.text import Text

from pier_tui.ui.text import sanitize

# A colour sequence, or one of the other well-formed kinds (CSI, OSC and its like, two-byte), which are dropped.
_SEQUENCE = re.compile(
    "\x1b\\[([0-9;:]*)m"
    "|\x1b\\[[0-?]*[ -/]*[@-~]"
    "|\x1b[\\]PX^_][^\x07\x1b\x9c\n]*(?:\x07|\x1b\\\\|\x9c)"
    "|\x1b[ -/]+[0-~]"
    "|\x1b[0-Zc-~]"
)
_ON = {1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "reverse", 9: "strike"}
_OFF = {22: ("bold", "dim"), 23: ("italic",), 24: ("underline",), 27: ("reverse",), 29: ("strike",)}

ALIKE = 60
"""Colours whose red, green and blue differ by less together are taken for one."""


class _Pen:
    """The current colours and weights."""

    def __init__(self) -> None:
        self.color: Color | None = None
        self.ground: Color | None = None
        self.flags: set[str] = set()

    def style(self, page: Style) -> Style:
        """As a style on a page. Text in the colour of its ground is not hidden: it loses ground or colour."""
        color, ground = self.color, self.ground
        if ground is not None and alike(color or page.color, ground):
            ground = None
        if color is not None and alike(color, ground or page.bgcolor):
            color = None
        return Style(color=color, bgcolor=ground, **dict.fromkeys(self.flags, True))  # type: ignore[arg-type]

    def take(self, codes: str) -> None:
        """Follow one colour sequence; what it does not know changes nothing."""
        numbers = iter([int(code[:4] or 0) for code in codes.replace(":", ";").split(";")])
        for code in numbers:
            if code == 0:
                self.__init__()  # type: ignore[misc]
            elif code in _ON:
                self.flags.add(_ON[code])
            elif code in _OFF:
                self.flags.difference_update(_OFF[code])
            elif code in (38, 39) or 30 <= code <= 37 or 90 <= code <= 97:
                self.color = _colour(code, numbers)
            elif code in (48, 49) or 40 <= code <= 47 or 100 <= code <= 107:
                self.ground = _colour(code - 10, numbers)


def alike(one: Color | None, other: Color | None) -> bool:
    """Whether the eye cannot tell two colours apart; unknown ones it can."""
    if one is None or other is None:
        return False
    pairs = zip(one.get_truecolor(), other.get_truecolor(foreground=False), strict=True)
    return one == other or (not one.is_default and not other.is_default and sum(abs(a - b) for a, b in pairs) < ALIKE)


def _colour(code: int, numbers: Iterator[int]) -> Color | None:
    if code == 39:
        return None
    if code != 38:
        return Color.from_ansi(code - 30 if code < 90 else code - 82)
    match next(numbers, 0):
        case 5:
            return Color.from_ansi(min(next(numbers, 0), 255))
        case 2:
            return Color.from_rgb(*(min(next(numbers, 0), 255) for _ in range(3)))
        case _:
            return None


def coloured(text: str, page: Style | None = None) -> list[Text]:
    """The lines of command output. A line rewritten by carriage returns shows its last state.

    `page` is what they will lie on, whose colours no text may take to hide.
    """
    page = page or Style.null()
    pen = _Pen()
    lines = []
    for line in text.replace("\r\n", "\n").removesuffix("\n").split("\n"):
        lines.append(_line(line.rstrip("\r").rsplit("\r", 1)[-1], pen, page))
    return lines


def _line(line: str, pen: _Pen, page: Style) -> Text:
    if "\x1b" not in line:
        return Text(sanitize(line), style=pen.style(page), end="")
    found = Text(end="")
    at = 0
    for sequence in _SEQUENCE.finditer(line):
        found.append(sanitize(line[at : sequence.start()]), pen.style(page))
        if sequence[1] is not None:
            pen.take(sequence[1])
        at = sequence.end()
    return found.append(sanitize(line[at:]), pen.style(page))
