"""What the pane shows as taken is what the repository writes: decisions by key, then the patch applied to text."""

from __future__ import annotations

from test_diff_pane import PaneApp

from pier_tui.repo.diff import FileDiff
from pier_tui.repo.patch import parse, select
from pier_tui.ui.widgets.diff_review import Entry

DIFF = """\
diff --git a/cart.py b/cart.py
--- a/cart.py
+++ b/cart.py
@@ -1,4 +1,5 @@
 import math
-def total(items):
-    return sum(items)
+def total(items, tax=0):
+    plain = sum(items)
+    return plain * (1 + tax)
 # end
@@ -20,2 +21,3 @@ class Cart
 x = 1
+y = 2
 z = 3
"""


def shown_new_side(app: PaneApp, entry: Entry) -> str:
    review = app.pane.sources.pending
    lines = review.lines(entry)
    return "".join(
        line.text
        for index, line in enumerate(lines)
        if line.kind == " " or (line.kind == "+") == (review.mark(entry).text is not None or review.takes(entry, index))
    )


def written(file: FileDiff, app: PaneApp) -> list[str]:
    taken = select(file, app.verdicts[0].accepted)
    return ["".join(line.text for line in hunk.lines if line.kind != "-") for hunk in taken.hunks]


async def test_single_lines_and_whole_hunks_are_written_as_shown() -> None:
    patch = parse(DIFF.encode())
    app = PaneApp(patch)
    async with app.run_test(size=(80, 40)) as pilot:
        await pilot.press("l", "space", "down", "down", "space", "escape", "n", "space")
        entries = app.pane.sources.pending.entries
        assert shown_new_side(app, entries[0]).splitlines()[1:3] == [
            "    return sum(items)",
            "def total(items, tax=0):",
        ]
        await pilot.press("enter")
        [first, second] = written(patch.files[0], app)
        assert sorted(first.splitlines()) == sorted(shown_new_side(app, entries[0]).splitlines())
        assert second == shown_new_side(app, entries[1])


async def test_an_edited_hunk_is_written_as_shown() -> None:
    patch = parse(DIFF.encode())
    app = PaneApp(patch)
    async with app.run_test(size=(80, 40)) as pilot:
        await pilot.press("n", "e", "down", "#", "f2")
        await pilot.pause()
        await pilot.press("enter")
        [text] = written(patch.files[0], app)
        assert text == "x = 1\n#y = 2\nz = 3\n"
        entry = app.pane.sources.pending.entries[1]
        assert "".join(line.text for line in app.pane.sources.pending.lines(entry) if line.kind != "-") == text
