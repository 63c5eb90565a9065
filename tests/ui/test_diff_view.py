"""The diff pane's text, as plain text of its strips."""

from __future__ import annotations

from diff_patches import NEW, SHOP, TAX, TOTAL, TRICK, change, hunk
from textual.app import App, ComposeResult

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
