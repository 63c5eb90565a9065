"""Three-way merging by line: what two sides made of one text. Touching changes clash; nothing is guessed. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pier_tui.repo.diff import FileDiff, Hunk, HunkState
from pier_tui.repo.hunks import position
from pier_tui.repo.making import Opcode, opcodes, split


@dataclass(frozen=True)
class Clash:
    """A region both sides changed differently. `start` and `end` are its lines in the base, 0-based, end excluded."""

    start: int
    end: int
    base: str
    ours: str
    theirs: str


@dataclass(frozen=True)
class Merge:
    """Text and clashes in order."""

    pieces: tuple[str | Clash, ...]

    @property
    def clashes(self) -> tuple[Clash, ...]:
        """What could not be merged."""
        return tuple(piece for piece in self.pieces if isinstance(piece, Clash))

    def text(self, *, ours: bool = True) -> str:
        """The merged text, with one side taken wherever they clash."""
        return "".join(p if isinstance(p, str) else (p.ours if ours else p.theirs) for p in self.pieces)


def merge(base: str, ours: str, theirs: str) -> Merge:
    """Merge two descendants of `base`. Regions that overlap or touch clash unless both sides did the same."""
    old = split(base)
    sides = (split(ours), split(theirs))
    codes = (opcodes(old, sides[0]), opcodes(old, sides[1]))
    pieces: list[str | Clash] = []
    done = 0
    for start, end in clusters(codes):
        mine, other = (rewritten(old, new, code, start, end) for new, code in zip(sides, codes, strict=True))
        before = "".join(old[start:end])
        pieces.append("".join(old[done:start]))
        done = end
        if mine in (other, before):
            pieces.append(other)
        elif other == before:
            pieces.append(mine)
        else:
            pieces.append(Clash(start, end, before, mine, other))
    pieces.append("".join(old[done:]))
    return Merge(tuple(pieces))


def clusters(codes: Iterable[Sequence[Opcode]]) -> list[tuple[int, int]]:
    """Ranges of base lines changed by either side, those that overlap or touch joined."""
    ranges = sorted((i1, i2) for side in codes for _, i1, i2, _, _ in side)
    found: list[tuple[int, int]] = []
    for start, end in ranges:
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def rewritten(old: Sequence[str], new: Sequence[str], codes: Sequence[Opcode], start: int, end: int) -> str:
    """What one side has in place of the base lines `start..end`."""
    parts: list[str] = []
    at = start
    for _, i1, i2, j1, j2 in codes:
        if start <= i1 and i2 <= end:
            parts += old[at:i1]
            parts += new[j1:j2]
            at = i2
    return "".join([*parts, *old[at:end]])


def changed_ranges(hunk: Hunk) -> list[tuple[int, int]]:
    """The base lines a hunk changes, 0-based, end excluded; an insertion is an empty range."""
    at = position(hunk)
    found: list[tuple[int, int]] = []
    for line in hunk.lines:
        if line.kind != " ":
            end = at + (line.kind == "-")
            if found and found[-1][1] == at:
                found[-1] = (found[-1][0], end)
            else:
                found.append((at, end))
        at += line.kind != "+"
    return found


def standing(before: FileDiff, after: FileDiff) -> dict[str, HunkState]:
    """How each hunk of `after`, the rebased file diff, stands to the one it was before."""
    places = {hunk.id: hunk.old_start for hunk in before.hunks}
    states: dict[str, HunkState] = {}
    for hunk in after.hunks:
        if hunk.id not in places:
            states[hunk.id] = "merged"
        else:
            states[hunk.id] = "clean" if places[hunk.id] == hunk.old_start else "moved"
    return states


def clashing(file: FileDiff, clashes: Sequence[Clash]) -> dict[str, HunkState]:
    """The hunks of a file that could not be rebased: those that clash are conflicts, the rest stand as they were."""
    states: dict[str, HunkState] = {}
    for hunk in file.hunks:
        ranges = changed_ranges(hunk)
        hit = any(start <= clash.end and clash.start <= end for start, end in ranges for clash in clashes)
        states[hunk.id] = "conflict" if hit else "clean"
    return states
