"""What the models are told of a review: which hunks landed, which did not, and why. Carrying it out is in `review`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from pier_tui.repo.diff import Hunk, HunkPick, Patch
from pier_tui.repo.places import changed
from pier_tui.repo.verdict import HunkNote, Verdict

MOST_HUNKS = 8
"""Hunks of a file that are named one by one."""
MOST_QUOTED = 6
"""Changed lines quoted of a hunk that was rejected."""
Hunks = Mapping[tuple[str, str], Hunk]


def summary(before: Patch, landed: Patch, verdict: Verdict) -> str:
    """What is put on record of a verdict on the patch that was pending before; empty where it decides nothing."""
    hunks = by_key(before)
    sizes = {file.path: f"+{file.added} -{file.removed}" for file in landed.files}
    lines = [
        f"applied {path} ({sizes.get(path, 'as it was')}): {said}" for path, said in named(hunks, verdict.accepted)
    ]
    lines += [f"rejected in {path}: {said}" for path, said in named(hunks, verdict.rejected)]
    lines += [f"comment on {where(note)}: {note.text}\n{quoted(note)}" for note in verdict.comments]
    return "\n".join(["The user reviewed the proposal.", *lines]) if lines else ""


def review_request(before: Patch, verdict: Verdict) -> str:
    """The user's rejections and comments as one request. Line numbers are those of the proposed files."""
    hunks = by_key(before)
    lines = ["Please rework the proposal according to this review."]
    for path, said in named(hunks, verdict.rejected):
        lines.append(f"- rejected in {path}: {said}")
        picks = [pick for pick in verdict.rejected if pick.path == path][:MOST_HUNKS]
        lines += [line for pick in picks if (hunk := hunks.get((path, pick.hunk))) for line in proposed(hunk)]
    for note in verdict.comments:
        lines += [f"- {where(note)}: {note.text}", *([quoted(note)] if note.line is not None else [])]
    return "\n".join(lines)


def by_key(patch: Patch) -> Hunks:
    """Every hunk by its path and id."""
    return {(file.path, hunk.id): hunk for file in patch.files for hunk in file.hunks}


def named(hunks: Hunks, picks: Sequence[HunkPick]) -> Iterator[tuple[str, str]]:
    """The hunks picked of each file, in words."""
    for path, group in groupby(sorted(picks, key=lambda pick: pick.path), key=lambda pick: pick.path):
        own = list(group)
        said = [words(hunks.get((path, pick.hunk)), pick) for pick in own[:MOST_HUNKS]]
        yield path, ", ".join(said) + (f" and {len(own) - MOST_HUNKS} hunks more" if len(own) > MOST_HUNKS else "")


def words(hunk: Hunk | None, pick: HunkPick) -> str:
    """`lines 12-14`, and what the user made of them."""
    if hunk is None:
        return "the whole file" if not pick.hunk else "a hunk that is gone"
    if pick.text is not None:
        return f"{changed(hunk)} as the user changed it"
    if pick.lines is None:
        return changed(hunk)
    return f"{changed(hunk)}, of it {len(pick.lines)} of {hunk.added + hunk.removed} changed lines"


def proposed(hunk: Hunk) -> list[str]:
    """The changed lines of a hunk, quoted, as many as are needed to know it by."""
    lines = [f"    {line.kind}{line.text.rstrip()}" for line in hunk.lines if line.kind != " "]
    more = [f"    … {len(lines) - MOST_QUOTED} lines more"] if len(lines) > MOST_QUOTED else []
    return [*lines[:MOST_QUOTED], *more]


def where(note: HunkNote) -> str:
    """What a comment is on."""
    return f"{note.path}, {note.place}" if note.place else note.path


def quoted(note: HunkNote) -> str:
    """The text a comment was made on."""
    if "\n" not in note.snippet.rstrip("\n"):
        return f"  on: {note.snippet.strip()}"
    return "\n".join(["  on:", *(f"    {line}" for line in note.snippet.rstrip("\n").split("\n"))])
