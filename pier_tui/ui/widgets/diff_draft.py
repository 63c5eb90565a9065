"""Decisions of a review that are kept while they wait, and put back where the proposal is still the same. Pure."""

from __future__ import annotations

from pier_tui.redaction import MARK
from pier_tui.repo.verdict import Draft
from pier_tui.ui.widgets.diff_marks import Key, Mark
from pier_tui.ui.widgets.diff_review import Entry, Review, picks, refused, typed_in


def draft_of(review: Review) -> Draft:
    """What is decided and not handed over."""
    accepted = tuple(picks(review, "accepted", "edited"))
    taken = {(pick.path, pick.hunk) for pick in accepted}
    typed = (pick for path in review.patch.paths for pick in typed_in(review, path))
    return Draft(
        accepted=accepted,
        rejected=tuple(picks(review, "rejected")),
        typed=tuple(pick for pick in typed if (pick.path, pick.hunk) not in taken),
        comments=review.notes,
    )


def put_back(review: Review, draft: Draft) -> tuple[int, int]:
    """Decide as in the draft on hunks that nothing was decided on meanwhile; how many, and how many comments.

    Hunks that are gone or changed are left, and so are those that cannot be accepted now; comments are all kept. A
    text in which a key was hidden is not what the user wrote, so it is left as well.
    """
    entries = {entry.key: entry for entry in review.entries if entry.key not in review.marks}
    marks: dict[Key, Mark] = {}
    for pick in (*draft.accepted, *draft.typed):
        entry = entries.get((pick.path, pick.hunk))
        if entry is not None and MARK not in (pick.text or ""):
            mark = Mark("edited" if pick.text is not None else "accepted", lines_in(entry, pick.lines), pick.text)
            marks[entry.key] = Mark(text=pick.text) if pick in draft.typed or refused(review, entry) else mark
    for pick in draft.rejected:
        if (pick.path, pick.hunk) in entries:
            marks[pick.path, pick.hunk] = Mark("rejected")
    marks = {key: mark for key, mark in marks.items() if mark != Mark()}
    notes = tuple(note for note in draft.comments if note not in review.notes)
    if marks or notes:
        review.put(marks, (*review.notes, *notes))
        review.seen |= {key for key, mark in marks.items() if mark.taken}
    return len(marks), len(notes)


def lines_in(entry: Entry, lines: tuple[int, ...] | None) -> frozenset[int] | None:
    """The lines taken, as far as they are changed lines of the hunk; None for all."""
    if lines is None:
        return None
    return frozenset(at for at in lines if at < len(entry.lines) and entry.lines[at].kind != " ")
