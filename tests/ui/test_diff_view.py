"""The diff pane's text, as plain text of its strips."""

from __future__ import annotations

import pytest
from diff_patches import SHOP, TRICK, change, hunk
from textual.app import App, ComposeResult
from textual.geometry import Offset
from textual.selection import Selection

from pier_tui.repo.diff import FileDiff, Hunk, Line, Patch
from pier_tui.ui.widgets.diff_review import Review
from pier_tui.ui.widgets.diff_view import DiffView


class ViewApp(App[None]):
    def __init__(self, review: Review) -> None:
        super().__init__()
        self.review = review

    def compose(self) -> ComposeResult:
        yield DiffView()

    def on_mount(self) -> None:
        view = self.query_one(DiffView)
        view.show_review(self.review)
        view.focus()


def text(view: DiffView, rows: int = 12) -> list[str]:
    return [view.render_line(y).text.rstrip() for y in range(rows)]


async def test_a_patch_is_shown_with_files_hunks_numbers_and_signs() -> None:
    app = ViewApp(Review(SHOP))
    async with app.run_test(size=(60, 16)):
        shown = text(app.query_one(DiffView), 15)
    assert shown[:7] == [
        " M shop/cart.py  +3 -1",
        "▌· pending  @@ 10  +1 -1  class Cart",
        "▌  10  10   def total(items):",
        "▌  11     -     return sum(items)",
        "▌      11 +     return sum(i.price for i in items)",
        "▌  12  12",
        " · pending  @@ 30  +2 -0",
    ]
    assert shown[11:] == [
        " A shop/new.py  +2 -0",
        " · pending  @@ 1  +2 -0",
        "        1 + import os",
        "        2 + print(os)",
    ]


async def test_old_and_new_stand_side_by_side_where_there_is_room() -> None:
    app = ViewApp(Review(SHOP))
    async with app.run_test(size=(121, 20)):
        shown = text(app.query_one(DiffView), 6)
    assert shown[3].startswith("▌  11 -     return sum(items)")
    assert shown[3].endswith("│ 11 +     return sum(i.price for i in items)")
    assert shown[3].index("│") == 61


async def test_hidden_characters_are_badges_and_the_header_names_them() -> None:
    review = Review(Patch(files=(change("a.py", TRICK),)))
    app = ViewApp(review)
    async with app.run_test(size=(80, 10)):
        shown = text(app.query_one(DiffView), 5)
    assert "⚠ hidden characters: U+202E U+2066" in shown[1]
    assert shown[3].endswith("+ admin = '<U+202E>evil<U+2066>'")
    assert review.accept_all().accepted == 1


SNEAKY = hunk(
    1,
    " import os",
    "-if access_level != 'user':",
    "+if access_level != 'user\u202e \u2066// admins only\u2069 \u2066':",
    "+def s\u0430yHello(): ...",
    "+tag = 'x\U000e0041\u200b'\u00a0",
    section="class \u0421art",
)


@pytest.mark.parametrize("width", [108, 240])
async def test_every_marked_character_stands_as_a_badge_in_its_place_in_both_views(width: int) -> None:
    app = ViewApp(Review(Patch(files=(change("s\u200bhop.py", SNEAKY),))))
    async with app.run_test(size=(width, 12)):
        shown = text(app.query_one(DiffView), 7)
    assert shown[0] == " M s<U+200B>hop.py  +3 -1"
    assert "class <U+0421>art" in shown[1]
    assert "⚠ hidden characters: U+200B U+0421 U+202E U+2066 and 4 more" in shown[1]
    rows = "\n".join(shown)
    assert "+ if access_level != 'user<U+202E> <U+2066>// admins only<U+2069> <U+2066>':" in rows
    assert "+ def s<U+0430>yHello(): ..." in rows
    assert "+ tag = 'x<U+E0041><U+200B>'<U+00A0>" in rows


@pytest.mark.parametrize("width", [40, 120])
async def test_what_lies_beyond_the_edge_was_not_seen_until_it_is_scrolled_to(width: int) -> None:
    long = hunk(1, "+" + "x" * 60 + "\u202e" + "y" * 90)
    review = Review(Patch(files=(change("a.py", long),)))
    app = ViewApp(review)
    async with app.run_test(size=(width, 10)) as pilot:
        text(app.query_one(DiffView), 4)
        assert review.accept_all().hidden == 1
        for _ in range(6):
            await pilot.press("right")
        shown = text(app.query_one(DiffView), 4)
        assert "<U+202E>" in shown[2]
        assert review.accept_all().accepted == 1


async def test_no_control_character_reaches_the_terminal() -> None:
    raw = "".join(map(chr, range(1, 32))).replace("\n", "") + "\x7f\x9b31m\udc80\u202e"
    evil = Hunk(
        old_start=0, old_count=0, new_start=1, new_count=1, lines=(Line(kind="+", text=raw + "\n"),), section=raw
    )
    app = ViewApp(Review(Patch(files=(FileDiff(old_path=None, new_path=f"a{raw}.py", hunks=(evil,)),))))
    async with app.run_test(size=(400, 10)):
        shown = "".join(app.query_one(DiffView).render_line(y).text for y in range(5))
    assert not [ch for ch in shown if ord(ch) < 32 or 0x7F <= ord(ch) < 0xA0 or 0xD800 <= ord(ch) < 0xE000]
    assert "\u202e" not in shown


async def test_a_long_line_is_cut_with_a_mark_and_scrolls_sideways() -> None:
    long = hunk(1, "+" + "0123456789" * 30)
    app = ViewApp(Review(Patch(files=(change("a.txt", long),))))
    async with app.run_test(size=(40, 10)) as pilot:
        view = app.query_one(DiffView)
        assert text(view, 3)[2].endswith("›")
        await pilot.press("right")
        assert "+ 8901234" in text(view, 3)[2]


async def test_a_line_without_an_ending_says_so_and_tabs_are_spaces() -> None:
    lines = (Line(kind="+", text="\tx"),)
    bare = Hunk(old_start=0, old_count=0, new_start=1, new_count=1, lines=lines)
    app = ViewApp(Review(Patch(files=(FileDiff(old_path=None, new_path="a.txt", hunks=(bare,)),))))
    async with app.run_test(size=(80, 10)):
        assert text(app.query_one(DiffView), 3)[2].endswith("+     x (no newline at the end)")


async def test_a_binary_file_is_one_row_to_decide() -> None:
    app = ViewApp(Review(Patch(files=(FileDiff(old_path="a.png", new_path="a.png", binary=True),))))
    async with app.run_test(size=(80, 10)):
        assert text(app.query_one(DiffView), 2) == [
            " M a.png  +0 -0",
            "▌· pending  binary file; its bytes are not shown",
        ]


async def test_the_theme_and_the_width_may_change_while_a_review_is_shown() -> None:
    app = ViewApp(Review(SHOP))
    async with app.run_test(size=(60, 20)) as pilot:
        view = app.query_one(DiffView)
        before = view.look("diff--added")
        app.theme = "textual-light"
        await pilot.pause()
        assert view.look("diff--added") != before
        await pilot.resize_terminal(140, 20)
        await pilot.pause()
        assert "│" in text(view, 4)[3]


async def test_code_is_copied_without_gutters_and_headers() -> None:
    app = ViewApp(Review(SHOP))
    async with app.run_test(size=(80, 20)):
        view = app.query_one(DiffView)
        chosen = Selection(Offset(4, 2), Offset(5, 8))
        assert view.get_selection(chosen) == (
            "total(items):\n    return sum(items)\n    return sum(i.price for i in items)\n\nx = 1\ny = 2",
            "\n",
        )


async def test_without_colour_state_and_change_are_still_told_by_glyphs_and_words() -> None:
    app = ViewApp(Review(SHOP))
    app.no_color = True
    async with app.run_test(size=(80, 20)):
        view = app.query_one(DiffView)
        assert view.look("diff--added-word").underline
        assert text(view, 4)[3].startswith("▌  11     -")


async def test_the_scrollbar_covers_no_column_of_the_text() -> None:
    long = hunk(1, *("+" + "0123456789" * 30 for _ in range(40)))
    app = ViewApp(Review(Patch(files=(change("a.txt", long),))))
    async with app.run_test(size=(40, 10)) as pilot:
        view = app.query_one(DiffView)
        await pilot.pause()
        assert view.show_vertical_scrollbar
        strip = view.render_line(2)
        assert strip.cell_length == view.scrollable_content_region.width < 40
        assert strip.text.endswith("›")


async def test_a_long_name_gives_way_to_its_counts() -> None:
    app = ViewApp(Review(Patch(files=(change("a/very/long/way/down/to/the/one/file.py", TRICK),))))
    async with app.run_test(size=(34, 10)):
        shown = text(app.query_one(DiffView), 1)[0]
    assert shown.startswith(" M …")
    assert shown.endswith("/one/file.py  +1 -0")
