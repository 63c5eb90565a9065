"""What the user typed into a hunk, brought onto the hunk that took its place. Nothing typed is dropped here. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pier_tui.repo.diff import Hunk
from pier_tui.repo.rebase import merge
from pier_tui.repo.verdict import HunkNote
from pier_tui.ui.widgets.diff_marks import Key
from pier_tui.ui.widgets.hunk_text import side

YOURS, BEFORE, NOW, END = "<<<<<<< your edit\n", "||||||| proposed before\n", "=======\n", ">>>>>>> proposed now\n"
UNSETTLED = "Your edit and the new proposal clash in this hunk: e opens both, keep the lines you want."
GONE = "My edit of a hunk that is gone; please take it in."


def carried(
    lost: Mapping[Key, tuple[Hunk, str]], fresh: Mapping[Key, Hunk]
) -> tuple[dict[Key, str], tuple[HunkNote, ...]]:
    """Texts typed into hunks that are gone, by the hunk that took its place; those without one become comments.

    A text is left out where the new hunk says the same by itself.
    """
    found: dict[Key, str] = {}
    notes: list[HunkNote] = []
    for key, (old, text) in lost.items():
        new = successor(key[0], old, fresh)
        if new is None:
            notes.append(HunkNote(path=key[0], hunk=key[1], snippet=text, text=GONE))
        elif (now := joined(old, text, fresh[new])) != side(fresh[new].lines, "+"):
            found[new] = now
    return found, tuple(notes)


def successor(path: str, old: Hunk, fresh: Mapping[Key, Hunk]) -> Key | None:
    """The new hunk of the file that shares most of its changed lines with the old one, the nearest if several."""
    ours = {line.text for line in old.lines if line.kind != " "}
    there = [(key, hunk) for key, hunk in fresh.items() if key[0] == path]

    def rank(item: tuple[Key, Hunk]) -> tuple[int, int]:
        shared = sum(line.text in ours for line in item[1].lines)
        return -shared, abs(item[1].old_start - old.old_start)

    return min(there, key=rank)[0] if there else None


def joined(old: Hunk, text: str, new: Hunk) -> str:
    """The typed text with what changed around it; where both changed the same lines, all three stand there."""
    merged = merge(side(old.lines, "+"), text, side(new.lines, "+"))
    parts: Sequence[str] = [
        piece
        if isinstance(piece, str)
        else "".join((YOURS, ended(piece.ours), BEFORE, ended(piece.base), NOW, ended(piece.theirs), END))
        for piece in merged.pieces
    ]
    return "".join(parts)


def ended(text: str) -> str:
    """The text with a line end after its last line."""
    return text if not text or text.endswith("\n") else f"{text}\n"


def unsettled(text: str | None) -> bool:
    """Whether a text still holds the marks of a clash that `joined` put there."""
    return text is not None and (YOURS in text or END in text)
