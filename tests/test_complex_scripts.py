"""The real program on a terminal, with requests in Indian scripts: everything right of them stands in its column."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pyte
import pytest
from pty_terminal import Terminal

from tests.agent.scripted import repository

TEXTS = (
    "app.py फ़ाइल में size फ़ंक्शन क्या करता है",
    "app.py கோப்பில் size என்ன செய்கிறது",
    "app.py ফাইলে size কী করে ব্যাখ্যা করো",
)
LINES = "│┃╎"


class Screen(pyte.Screen):
    """Draws one character at a time: pyte drops what follows a sign without width in the same piece of text."""

    def draw(self, data: str) -> None:
        for character in data:
            super().draw(character)


def letters(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", text) if unicodedata.category(c)[0] != "M")


def columns(screen: pyte.Screen) -> dict[int, list[int]]:
    """Where lines stand, by row."""
    rows = range(screen.lines)
    return {y: [x for x in range(screen.columns) if screen.buffer[y][x].data in LINES] for y in rows}


def opened(tmp_path: Path, rows: int, width: int) -> Terminal:
    root = repository(tmp_path / "repo", {"app.py": "def size(n):\n    return n - 1\n"})
    terminal = Terminal(root, tmp_path)
    terminal._screen = Screen(width, rows)
    terminal._stream = pyte.ByteStream(terminal._screen)
    terminal.child.setwinsize(rows, width)
    terminal.until(lambda text: "· idle" in text and "next turn" in text)
    return terminal


@pytest.mark.parametrize(("rows", "width"), [(24, 80), (36, 120)])
def test_lines_right_of_indian_scripts_stand_where_they_stood_before(tmp_path: Path, rows: int, width: int) -> None:
    terminal = opened(tmp_path, rows, width)
    screen = terminal._screen
    before = columns(screen)
    for text in TEXTS if width == 80 else TEXTS[:1]:
        terminal.child.send(text)
        terminal.until(lambda shown, text=text: letters(text) in letters(shown))
        assert columns(screen) == before, "the prompt's right border"
        terminal.child.send("\x7f" * len(text))
        terminal.until(lambda shown: "app.py" not in shown)
    terminal.child.send(f"{TEXTS[0]}\r")
    terminal.until(lambda shown: "answered  1 turn" in shown and "· idle" in shown)
    if width == 120:
        panes = {tuple(found[:1]) for y, found in columns(screen).items() if 2 <= y < rows - 6}
        assert len(panes) == 1, "the backbone's right border, the request being its goal"
    terminal.child.close(force=True)
