"""Where a proposal and the files on disk clash: which hunk shows which clash, and which files wait for it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pier_tui.repo.diff import FileDiff, Hunk, HunkState, Patch, Sides


@dataclass(frozen=True)
class Standing:
    """How the hunks of a patch stand to the files on disk.

    A file with a clash is written whole or not at all, so its other hunks wait for the clash too. Every clash is
    shown on the hunk it touches; on the file's first one where the proposal was changed since.
    """

    states: Mapping[str, HunkState] = field(default_factory=dict)
    """By hunk id; absent means clean."""
    clashes: tuple[Sides, ...] = ()
    places: Mapping[tuple[str, str], tuple[Sides, ...]] = field(default_factory=dict)
    """The clashes shown on a hunk, by path and hunk id."""
    counts: Mapping[str, int] = field(default_factory=dict)
    """How many clashes a file has."""

    def state(self, path: str, hunk: str) -> HunkState:
        """How a hunk stands to the file on disk."""
        if not self.states and not self.places:
            return "clean"
        return "conflict" if (path, hunk) in self.places else self.states.get(hunk, "clean")

    def waits(self, path: str, hunk: str) -> bool:
        """Whether a hunk cannot be written because of a clash elsewhere in its file."""
        return path in self.counts and self.state(path, hunk) != "conflict"


def standing(patch: Patch, states: Mapping[str, HunkState], clashes: Iterable[Sides] = ()) -> Standing:
    """Place clashes on the hunks of a patch; clashes of files that are no longer in it are dropped."""
    files = {file.path: file for file in patch.files}
    kept = tuple(clash for clash in clashes if clash.path in files)
    places: dict[tuple[str, str], tuple[Sides, ...]] = {}
    counts: dict[str, int] = {}
    for clash in kept:
        key = (clash.path, place(files[clash.path], clash))
        places[key] = (*places.get(key, ()), clash)
        counts[clash.path] = counts.get(clash.path, 0) + 1
    return Standing(dict(states), kept, places, counts)


def place(file: FileDiff, clash: Sides) -> str:
    """The id of the hunk a clash is shown on, empty for a file without hunks."""
    touched = (hunk.id for hunk in file.hunks if touches(hunk, clash))
    return next(touched, file.hunks[0].id if file.hunks else "")


def touches(hunk: Hunk, clash: Sides) -> bool:
    """Whether old lines of the hunk overlap or adjoin those of the clash."""
    start = hunk.old_start - 1 if hunk.old_count else hunk.old_start
    return start <= clash.end and clash.start <= start + hunk.old_count


def side_lines(text: str, most: int) -> tuple[Sequence[str], int]:
    """The lines of one side, endings kept, at most so many, and how many more there are."""
    lines = text.split("\n")
    whole = [f"{line}\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
    return whole[:most], max(0, len(whole) - most)
