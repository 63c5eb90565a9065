"""The cursor of boxes to write in, among letters with signs."""

from __future__ import annotations

from textual.app import App, ComposeResult

from pier_tui.ui.panes.backbone import ItemLine
from pier_tui.ui.screens.sessions import TitleLine
from pier_tui.ui.widgets.diff_edit import CommentInput, HunkEditor
from pier_tui.ui.widgets.letters import LetterArea, LetterInput
from pier_tui.ui.widgets.prompt import PromptInput

TEXT = "aकिं क्ष е\u0301👩\u200d💻."
STOPS = [0, 1, 4, 5, 7, 8, 9, 11, 14, 15]


class Boxes(App[None]):
    def compose(self) -> ComposeResult:
        yield LetterInput(TEXT)
        yield LetterArea(TEXT)


async def test_the_cursor_stops_at_letters_both_ways_and_backspace_takes_one_sign() -> None:
    app = Boxes()
    async with app.run_test(size=(60, 20)) as pilot:
        for box in (app.query_one(LetterInput), app.query_one(LetterArea)):

            def at(box: LetterInput | LetterArea = box) -> int:
                return box.cursor_position if isinstance(box, LetterInput) else box.cursor_location[1]

            box.focus()
            await pilot.press("home")
            there = [at()]
            for _ in STOPS[1:]:
                box.action_cursor_right()
                there.append(at())
            assert there == STOPS
            back = [at()]
            for _ in STOPS[1:]:
                box.action_cursor_left()
                back.append(at())
            assert back == STOPS[::-1]
            await pilot.press("right", "right", "backspace")
            left = box.value if isinstance(box, LetterInput) else box.text
            assert left == TEXT.replace("किं", "कि")
            await pilot.press("shift+left")
            assert box.selection.end == (1 if isinstance(box, LetterInput) else (0, 1))


def test_every_box_to_write_in_is_one_of_these() -> None:
    assert all(issubclass(kind, LetterInput) for kind in (CommentInput, TitleLine, ItemLine))
    assert all(issubclass(kind, LetterArea) for kind in (HunkEditor, PromptInput))
