"""What the pane shows as taken is what the repository writes: decisions by key, then the patch applied to text."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from test_diff_pane import PaneApp

from pier_tui.agent.review import rebased
from pier_tui.repo.diff import FileDiff
from pier_tui.repo.overlay import Overlay
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


def clashing(root: Path) -> Overlay:
    """A proposal for a file that was then changed on disk in the same line."""
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    (root / "cart.py").write_text("a = 1\nb = 2\nc = 3\n" + "#\n" * 20 + "z = 26\n")
    overlay = Overlay(root)
    text = (root / "cart.py").read_text()
    overlay.write("cart.py", text.replace("b = 2", "b = 20").replace("z = 26", "z = 260").encode())
    (root / "cart.py").write_text(text.replace("b = 2", "b = 21"))
    return overlay


@pytest.mark.parametrize(
    ("key", "side", "shown", "line"), [("t", "ours", 2, "b = 20"), ("o", "theirs", 1, "b = 21")], ids=["take", "keep"]
)
async def test_a_settled_conflict_is_pending_again_and_written_as_chosen(
    tmp_path: Path, key: str, side: str, shown: int, line: str
) -> None:
    overlay = clashing(tmp_path)
    app = PaneApp(None)
    async with app.run_test(size=(80, 40)) as pilot:
        app.pane.show(rebased(overlay))
        await pilot.press("A")
        assert app.hint.startswith("0 accepted; left out: 1 in conflict, 1 in a file with a conflict")
        await pilot.press(key, key)
        [verdict] = app.verdicts
        [settled] = verdict.resolved
        overlay.resolve(settled.path, side="ours" if settled.side == "proposed" else "theirs")
        assert ("ours" if settled.side == "proposed" else "theirs") == side
        app.pane.show(rebased(overlay))
        assert not app.pane.sources.pending.clashes
        assert len(app.pane.sources.pending.entries) == shown
        app.now += 1
        await pilot.press("A", "enter")
        written = overlay.accepted(app.verdicts[1].accepted)["cart.py"].post
        assert written is not None
        assert line in written.decode().splitlines()
        assert "z = 260" in written.decode()
