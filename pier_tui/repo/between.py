"""What two patches of the same files make different: a third patch, from the first's result to the second's. Pure.

The files need not be at hand: the hunks of both hold every line either of them touches, and what neither touches is
the same in both results. (interdiff of patchutils does the same for patch files.)
"""

from __future__ import annotations

from collections.abc import Sequence

from pier_tui.errors import PatchError
from pier_tui.repo.diff import FileDiff, Hunk, Patch
from pier_tui.repo.hunks import apply_hunks, position
from pier_tui.repo.making import counted, diff_text, numbered

CONTEXT = 2
HIDDEN = "\0"
"""Begins a line of which only the number is known; no text file holds it."""


def between(first: Patch, second: Patch) -> Patch:
    """From the first patch's result to the second's; empty where both come to the same.

    A removed line stands only in the first result, an added one only in the second; lines are numbered in the results.
    A file that differs otherwise (mode, name, binary) has no hunks. Raises PatchError where the two do not start from
    the same text.
    """
    ours, theirs = _by_start(first), _by_start(second)
    found = (_file(path, ours.get(path), theirs.get(path)) for path in dict.fromkeys([*ours, *theirs]))
    return Patch(files=tuple(file for file in found if file is not None))


def _by_start(patch: Patch) -> dict[str, FileDiff]:
    return {file.path if file.copied else file.old_path or file.path: file for file in patch.files}


def _file(path: str, first: FileDiff | None, second: FileDiff | None) -> FileDiff | None:
    if _alike(first) == _alike(second):
        return None
    if first is not None and second is not None and first.base_hash != second.base_hash:
        raise PatchError(f"{path} was changed on disk between the two")
    start = "".join(_known([hunk for file in (first, second) if file is not None for hunk in file.hunks]))
    old, new = (start if file is None else apply_hunks(start, file.hunks, exact=True) for file in (first, second))
    hunks = numbered(_seen(hunk) for hunk in diff_text(old, new, context=CONTEXT))
    plain = _alike(first, hunks=False) == _alike(second, hunks=False)
    if not hunks and plain:
        return None
    before, after = (path if file is None else file.new_path for file in (first, second))
    return FileDiff(old_path=before, new_path=after or before or path, hunks=hunks)


def _alike(file: FileDiff | None, *, hunks: bool = True) -> tuple[object, ...] | None:
    """All that a file diff does; None does nothing, and hunks alone leave the rest as it is."""
    if file is None:
        return None if hunks else ("modified", None, False)
    rest = (file.status, file.new_mode if file.new_mode != file.old_mode else None, file.binary)
    return (*rest, file.new_path, tuple((h.old_start, h.lines) for h in file.hunks)) if hunks else rest


def _known(hunks: Sequence[Hunk]) -> list[str]:
    """The text both start from, as far as the hunks tell. Raises PatchError where they contradict each other."""
    lines = {at: line for hunk in hunks for at, line in enumerate(_old(hunk), position(hunk))}
    for hunk in hunks:
        if any(lines[at] != line for at, line in enumerate(_old(hunk), position(hunk))):
            raise PatchError(f"the two do not start from the same text: line {hunk.old_start}")
    return [lines.get(at, f"{HIDDEN}{at}\n") for at in range(max(lines, default=-1) + 1)]


def _old(hunk: Hunk) -> list[str]:
    return [line.text for line in hunk.lines if line.kind != "+"]


def _seen(hunk: Hunk) -> Hunk:
    """The hunk without the context nobody knows."""
    lines = list(hunk.lines)
    before = next(n for n, line in enumerate(lines) if not line.text.startswith(HIDDEN))
    shown = [line for line in lines if not line.text.startswith(HIDDEN)]
    return counted(shown, position(hunk) + before, max(hunk.new_start - 1, 0) + before)
