"""A streaming answer is painted in parts, and reads as if it had been painted as a whole."""

from __future__ import annotations

import pytest
from rich.style import Style

from pier_tui.ui.widgets.markdown_live import OPEN_LINES, LiveMarkdown
from pier_tui.ui.widgets.markdown_paint import MarkdownPaint

SENTENCE = "The total of `Basket` is **wrong** for an empty basket, see [the rule](https://example.org/rule_1) there. "
ROW = "| shop/basket.py | 42 | wrong |\n"


def paint() -> MarkdownPaint:
    return MarkdownPaint(lambda name: Style(bold=name == "inline"), 72)


def streamed(source: str, size: int = 17) -> tuple[list[str], int]:
    """The lines after the last piece, and the most that were ever open to change."""
    live, most = LiveMarkdown(paint()), 0
    for at in range(0, len(source), size):
        live.append(source[at : at + size])
        most = max(most, len(live.parts()[1]))
    return [line.plain.rstrip() for line in live.lines()], most


def whole(source: str) -> list[str]:
    return [line.plain.rstrip() for line in paint().lines(source)]


TABLE = "| file | line | what |\n|---|---|---|\n" + ROW * 80
ANSWERS = {
    "a paragraph": SENTENCE * 40,
    "a paragraph between two": "Before.\n\n" + SENTENCE * 40 + "\n\nAfter.\n",
    "a list after a paragraph": SENTENCE * 40 + "\n- a\n- b\n",
    "a table": TABLE,
    "two tables": "Before.\n\n" + TABLE + "\nAfter.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n",
    "code": "```\n" + "x = 1\n" * 80 + "```\nAfter.\n",
    "a mixture": "- a\n\n" + SENTENCE * 30 + "\n\n```python\nx = 1\n```\n\n" + SENTENCE * 30,
}


@pytest.mark.parametrize("source", ANSWERS.values(), ids=ANSWERS)
def test_an_answer_in_pieces_reads_like_the_whole(source: str) -> None:
    lines, most = streamed(source)
    assert lines == whole(source)
    assert most <= 3 * OPEN_LINES


def test_an_answer_that_comes_at_once_reads_like_the_whole() -> None:
    source = SENTENCE * 40 + "\n\n" + TABLE
    lines, _ = streamed(source, len(source))
    assert lines == whole(source)


def test_a_paragraph_is_not_cut_inside_a_pair_of_marks() -> None:
    source = "Begin **" + "strong words " * 150 + "end** and on."
    lines, _ = streamed(source)
    assert "**" not in "".join(lines)


def test_later_rows_keep_the_columns_of_the_first_until_the_answer_is_whole() -> None:
    source = "| a | b |\n|---|---|\n" + "| 1 | 2 |\n" * 40 + "| a much longer cell | 2 |\n"
    lines, _ = streamed(source)
    assert lines[2] == "1 │ 2"
    assert whole(source)[2] != "1 │ 2"
