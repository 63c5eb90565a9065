"""Comments on hunks and on lines of them: what they quote, and where these lines are. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from pier_tui.repo.diff import Hunk, Line
from pier_tui.repo.places import place
from pier_tui.repo.verdict import HunkNote
from pier_tui.ui.widgets.diff_marks import Key
from pier_tui.ui.widgets.hunk_text import body

MOST_QUOTED = 12
"""Lines quoted with a comment."""


def note_on(key: Key, hunk: Hunk | None, lines: Sequence[Line], text: str, chosen: range | None) -> HunkNote:
    """A comment on a hunk as it is shown, or on some of its lines."""
    quoted = lines[:MOST_QUOTED] if chosen is None else lines[chosen.start : chosen.stop]
    snippet = "".join(f"{line.kind}{line.text}" for line in quoted[:MOST_QUOTED])
    if chosen is None or hunk is None:
        return HunkNote(path=key[0], hunk=key[1], snippet=snippet, text=text)
    more = f"… {len(quoted) - MOST_QUOTED} lines more" if len(quoted) > MOST_QUOTED else ""
    return HunkNote(
        path=key[0],
        hunk=key[1],
        line=chosen.start,
        last=chosen.stop - 1 if len(chosen) > 1 else None,
        place=place(hunk, lines, chosen),
        snippet=f"{snippet}{more}" if len(chosen) > 1 else body(quoted[0].text),
        text=text,
    )


def placed(note: HunkNote, hunk: Hunk, lines: Sequence[Line]) -> HunkNote:
    """The comment with where its lines are now: a hunk moves when the file on disk changes above it."""
    if note.line is None or note.end is None:
        return note
    return note.model_copy(update={"place": place(hunk, lines, range(note.line, note.end + 1))})


def same(note: HunkNote) -> tuple[str, str, int | None, int | None, str]:
    """What makes a comment the same wherever its lines are."""
    return note.path, note.hunk, note.line, note.last, note.text
