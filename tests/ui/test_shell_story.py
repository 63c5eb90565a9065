"""What the events of a session add up to: what of ours still stands in the files."""

from __future__ import annotations

from pier_tui.events import PatchApplied, PatchUndone
from pier_tui.repo.diff import FileDiff, Hunk, Line, Patch
from pier_tui.ui.story import Story


def changed(path: str, old: str, new: str) -> FileDiff:
    lines = (Line(kind="-", text=f"{old}\n"), Line(kind="+", text=f"{new}\n"))
    return FileDiff(
        old_path=path, new_path=path, hunks=(Hunk(old_start=1, old_count=1, new_start=1, new_count=1, lines=lines),)
    )


def test_only_hunks_that_still_stand_can_be_taken_back() -> None:
    story = Story()
    patch = Patch(files=(changed("a.py", "one", "two"), changed("b.py", "one", "two")))
    story.add(PatchApplied(checkpoint="k1", patch=patch, remaining=Patch(), turn=2))
    story.add(PatchUndone(checkpoint="k1", patch=Patch(files=(changed("a.py", "two", "one"),)), turn=3))
    assert story.applied["k1"].patch.paths == ("b.py",)
    story.add(PatchUndone(checkpoint="k1", patch=Patch(files=(changed("b.py", "two", "one"),)), turn=3))
    assert not story.applied


def test_a_review_that_wrote_nothing_cannot_be_taken_back() -> None:
    story = Story()
    story.add(PatchApplied(checkpoint="k1", patch=Patch(), remaining=Patch(), turn=2))
    assert not story.applied
