"""A command drawn so that nothing of it is hidden: every character shows, every line has its number, nothing is cut.

Characters that steer a terminal, hide, or only look like a space become badges in a style of their own; the
column on the left belongs to the program and no command can write there.
"""

from __future__ import annotations

from collections.abc import Iterator

from rich.cells import cell_len
from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

from pier_tui.ui.text import badge, special

GUTTER = "▌"
"""Stands left of every row of the command and nowhere else: within it, it is a badge."""
PLAIN, UNUSUAL, BADGE, MARGIN = "bold", "bold underline $text-warning", "reverse $text-warning", "$text-accent"


class CommandText(Widget):
    """The command as rows as wide as there is room."""

    DEFAULT_CSS = "CommandText { height: auto; background: $panel; }"

    def __init__(self, command: str) -> None:
        super().__init__()
        self._command = command
        self._rows: tuple[int, list[Content]] = (0, [])

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many rows as the command takes."""
        return len(self._laid_out(width))

    def render(self) -> Content:
        """All rows."""
        return Content("\n").join(self._laid_out(self.size.width))

    def _laid_out(self, width: int) -> list[Content]:
        if self._rows[0] != width:
            self._rows = (width, rows(self._command, width))
        return self._rows[1]


def rows(command: str, width: int) -> list[Content]:
    """The command in rows of at most `width` cells (8 at least), each behind the gutter, its first with the number."""
    lines = command.split("\n")
    digits = len(str(len(lines)))
    found: list[Content] = []
    for number, line in enumerate(lines, start=1):
        label = f"{GUTTER}{number:>{digits}} "
        for row in _wrapped(line, max(width, 8) - len(label)):
            found.append(Content.assemble((label, MARGIN), *row))
            label = f"{GUTTER}{'':>{digits}} "
    return found


def visible(text: str) -> Content:
    """A short text in the same way, in one piece."""
    return Content.assemble(*(_shown(text, at) for at in range(len(text)))).simplify()


def _wrapped(line: str, room: int) -> Iterator[list[tuple[str, str]]]:
    """Rows of pieces of one style; a badge is kept whole."""
    row: list[tuple[str, str]] = []
    used = 0
    end = len(line.rstrip(" "))
    for at in range(len(line)):
        # Spaces nobody would see, at the end of a line, are seen.
        text, style = ("␠", UNUSUAL) if at >= end else _shown(line, at)
        cells = cell_len(text)
        if used + cells > room and row:
            yield row
            row, used = [], 0
        if row and row[-1][1] == style:
            row[-1] = (row[-1][0] + text, style)
        else:
            row.append((text, style))
        used += cells
    yield row


def _shown(text: str, at: int) -> tuple[str, str]:
    """What the character there is drawn as: itself only where the eye sees it and takes it for nothing else."""
    character = text[at]
    if character.isascii() and character.isprintable():
        return character, PLAIN
    steers = not character.isprintable() or special().match(text, at) is not None
    if steers or character == GUTTER or not (cell_len(character) or _spells(text[max(at - 2, 0) : at])):
        return badge(character), BADGE
    return character, UNUSUAL


def _spells(before: str) -> bool:
    """Whether a sign written over a letter stands behind one of a script with such signs, the first or second there."""
    return any(letter.isalpha() for letter in before) and not before[-1:].isascii()
