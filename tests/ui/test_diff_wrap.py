"""Long lines wrapped: every character has its cell, rows are counted as painted, copying gives the line back."""

from __future__ import annotations

import pytest
from diff_patches import change, hunk
from rich.cells import cell_len
from test_diff_view import ViewApp, text
from textual.geometry import Offset
from textual.selection import Selection

from pier_tui.repo.diff import Hunk, Line, Patch
from pier_tui.ui.columns import widen
from pier_tui.ui.widgets.diff_index import Form, hunk_height, hunk_rows
from pier_tui.ui.widgets.diff_review import Review
from pier_tui.ui.widgets.diff_view import DiffView
from pier_tui.ui.widgets.diff_wrap import count, pieces
from pier_tui.ui.widgets.hunk_text import painted

TEXTS = (
    "",
    "short",
    "x" * 100,
    "    return sum(order.quote.total for order in book.orders.values() if not order.cancelled)",
    "\tif a:\t# tabs\tand more\t" + "y" * 40,
    "नमस्ते दुनिया, यह फ़ाइल ठीक करो: क्षत्रिय shop/cart.py में क्‍ष और श्री",
    "வணக்கம் உலகம், கோப்பைத் திருத்து shop/cart.py க்ஷ ஸ்ரீ",
    "বাংলা ভাষায় উত্তর দাও, পথ বদলিও না shop/cart.py ক্ষ র‍্যাব",
    "世界の人々は自由と平等の権利を持って生まれた " * 3,
    "e\u0301" * 60 + "👩‍💻 🇮🇳 👍🏽 done",
    "user\u202e \u2066// admins\u2069" + "z" * 60,
    "क्" * 90,
)
ROOMS = (8, 9, 20, 37, 80)


@pytest.fixture(autouse=True)
def _widened() -> None:
    widen()


@pytest.mark.parametrize("room", ROOMS)
@pytest.mark.parametrize("ending", ["\n", "\r\n", ""])
def test_the_pieces_of_a_line_are_the_line_and_none_is_wider_than_its_row(room: int, ending: str) -> None:
    for written in TEXTS:
        line = Line(kind="+", text=written + ending)
        cuts = pieces(line, room)
        assert count(line, room) == len(cuts)
        shown = painted(line.text)
        assert "".join(shown[cut.first : cut.last] for cut in cuts) == shown
        assert [cut.start for cut in cuts[1:]] == [cut.end for cut in cuts[:-1]]
        for cut in cuts:
            assert cut.end - cut.start <= room, (written, room)
            if cut.last <= len(shown):
                assert cell_len(shown[: cut.last]) == cut.end


def test_a_letter_is_not_parted_from_its_signs_and_a_word_not_where_a_space_is_near() -> None:
    hindi = Line(kind=" ", text="कि" * 40 + "\n")
    starts = [painted(hindi.text)[cut.first] for cut in pieces(hindi, 9)]
    assert set(starts) == {"क"}
    words = Line(kind=" ", text="one two more three four five\n")
    shown = [words.text[cut.first : cut.last].rstrip() for cut in pieces(words, 14)]
    assert shown == ["one two more", "three four", "five"]


def wrapped(app: ViewApp) -> DiffView:
    view = app.query_one(DiffView)
    view.toggle_wrap()
    return view


LONG = hunk(7, " a = 1", "-" + "old " * 20, "+" + "new " * 30, "+b = 2", " c = 3")


async def test_w_shows_a_line_in_as_many_rows_as_it_takes() -> None:
    app = ViewApp(Review(Patch(files=(change("a.py", LONG),))))
    async with app.run_test(size=(60, 20)):
        shown = text(wrapped(app), 10)
    assert shown[2:] == [
        "▌   7   7   a = 1",
        "▌   8     - " + "old " * 11 + "old",
        "▌       ↳   " + "old " * 7 + "old",
        "▌       8 + " + "new " * 11 + "new",
        "▌       ↳   " + "new " * 11 + "new",
        "▌       ↳   " + "new " * 5 + "new",
        "▌       9 + b = 2",
        "▌   9  10   c = 3",
    ]


async def test_side_by_side_the_shorter_line_leaves_room_beside_the_longer() -> None:
    app = ViewApp(Review(Patch(files=(change("a.py", LONG),))))
    async with app.run_test(size=(121, 20)):
        shown = text(wrapped(app), 9)
    assert [row.partition("│")[0].rstrip() for row in shown[3:6]] == [
        "▌   8 - " + "old " * 12 + "old",
        "▌   ↳   " + "old " * 6 + "old",
        "▌",
    ]
    assert [row.partition("│")[2] for row in shown[3:6]] == [
        "  8 + " + "new " * 12 + "new",
        "  ↳   " + "new " * 12 + "new",
        "  ↳   " + "new " * 3 + "new",
    ]


@pytest.mark.parametrize("width", [40, 121])
async def test_all_rows_there_are_were_counted_and_no_row_is_too_wide(width: int) -> None:
    lines = tuple(Line(kind=kind, text=t + "\n") for t in TEXTS for kind in (" ", "-", "+"))  # type: ignore[arg-type]
    both = Hunk(old_start=995, old_count=24, new_start=995, new_count=24, lines=lines)
    review = Review(Patch(files=(change("a.txt", both),)))
    review.comment(review.entries[0], "எல்லாம் 世界" * 20, range(2, 5))
    app = ViewApp(review)
    async with app.run_test(size=(width, 30)) as pilot:
        view = wrapped(app)
        await pilot.pause()
        rows = hunk_rows(review, review.entries[0], view.laid)
        assert len(rows) == hunk_height(review, review.entries[0], view.laid) == view.index.height - 2
        drawing = view.drawing(0)
        for at, row in enumerate(rows):
            assert drawing.row(at, True, None).cell_length == view.columns
            assert cell_len(drawing.draw(row).text) == view.columns - 2
        shown = "".join(drawing.plain(at) + "\n" * (not drawing.goes_on(at + 1)) for at in range(len(rows) - 1))
        for t in TEXTS:
            assert f"{painted(t)}\n" in shown


async def test_copying_wrapped_rows_gives_the_lines_without_breaks() -> None:
    app = ViewApp(Review(Patch(files=(change("a.py", LONG),))))
    async with app.run_test(size=(60, 20)):
        view = wrapped(app)
        whole = view.get_selection(Selection(Offset(0, 5), Offset(5, 8)))
        assert whole == ("new " * 30 + "\nb = 2", "\n")
        part = view.get_selection(Selection(Offset(44, 5), Offset(7, 6)))
        assert part == ("new new new", "\n")


async def test_what_is_looked_at_stays_where_it_is_when_wrapping_changes() -> None:
    many = hunk(1, *(f"+{n} " + "word " * 30 for n in range(200)))
    app = ViewApp(Review(Patch(files=(change("a.txt", many),))))
    async with app.run_test(size=(60, 20)) as pilot:
        view = app.query_one(DiffView)
        view.scroll_to(y=102, animate=False, immediate=True)
        await pilot.pause()
        assert text(view, 1)[0].startswith("▌     101 + 100 word")
        view.toggle_wrap()
        await pilot.pause()
        assert text(view, 1)[0].startswith("▌     101 + 100 word")
        view.set_line(150)
        row = view.row_of(0, 150) - view.scroll_y
        view.toggle_wrap()
        assert view.row_of(0, 150) - view.scroll_y == row


async def test_a_hidden_character_in_a_later_row_is_seen_only_with_that_row() -> None:
    long = hunk(1, "+" + "x" * 60 + "\u202e" + "y" * 900)
    review = Review(Patch(files=(change("a.py", long),)))
    app = ViewApp(review)
    async with app.run_test(size=(40, 12)):
        view = wrapped(app)
        text(view, 4)
        assert review.accept_all().hidden == 1
        assert "<U+202E>" in "".join(text(view, 6))
        assert review.accept_all().accepted == 1


def test_a_hundred_thousand_lines_are_counted_without_painting_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pier_tui.ui.widgets.diff_wrap.painted", None)
    long = hunk(1, *("+value = compute(value, key='context')  # and what follows is long", "+y") * 50)
    review = Review(Patch(files=tuple(change(f"{n}.py", long) for n in range(3))))
    assert [hunk_height(review, entry, Form(False, 60, True)) for entry in review.entries] == [150] * 3
