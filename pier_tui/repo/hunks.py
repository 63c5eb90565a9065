"""Pure work on hunks: splice them into text, turn them round, take or leave single lines. No disk, no git."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pier_tui.errors import PatchError
from pier_tui.repo.diff import FileDiff, Hunk, Line, Patch
from pier_tui.repo.making import counted, numbered, split


def apply_hunks(text: str, hunks: Iterable[Hunk], *, exact: bool = False) -> str:
    """The text with the hunks spliced in, one after the other.

    Context and removed lines must be found exactly; a hunk may have moved, and the place nearest to where
    it is expected is taken, but never lines an earlier hunk has put there. A hunk with no context on one side must
    touch that end of the file. `git apply` expects a hunk where it names it (its `find_pos`), GNU patch where the
    hunks before it were found: where the two lead to different places the hunk is refused. With `exact` every hunk
    must stand at the very line it names, and they must be in order. Raises PatchError naming the hunk and the line.
    """
    lines = split(text)
    free: list[str | None] = [*lines]
    done = drift = 0
    for number, hunk in enumerate(hunks, 1):
        old = [line.text for line in hunk.lines if line.kind != "+"]
        new = [line.text for line in hunk.lines if line.kind != "-"]
        expected = position(hunk) + drift if exact else max(hunk.new_start - 1, 0)
        at = exactly(free, old, expected, done) if exact else find(free, old, hunk, expected)
        if at is None:
            raise PatchError(f"Hunk {number} (line {hunk.old_start}) does not apply: {mismatch(lines, old, expected)}")
        if not exact and (other := find(free, old, hunk, expected + drift)) not in (at, None):
            raise PatchError(
                f"Hunk {number} (line {hunk.old_start}) fits at lines {at + 1} and {other + 1}: it is unsure"
            )
        lines[at : at + len(old)] = new
        free[at : at + len(old)] = [None] * len(new)
        done = at + len(new)
        drift = drift + len(new) - len(old) if exact else at - expected
    return joined(lines)


def exactly(lines: Sequence[str | None], old: Sequence[str], at: int, floor: int) -> int | None:
    """The place itself where the old side stands there, and not before `floor`."""
    return at if at >= floor and fits(lines, old, at) else None


def joined(lines: Sequence[str]) -> str:
    """Lines as text. Raises PatchError where a line without an ending is not the last."""
    if any(not line.endswith("\n") for line in lines[:-1]):
        raise PatchError("A line without a line ending would be followed by another: the file's end has changed")
    return "".join(lines)


def position(hunk: Hunk) -> int:
    """Where the hunk's old side begins, 0-based."""
    return hunk.old_start - 1 if hunk.old_count else hunk.old_start


def find(lines: Sequence[str | None], old: Sequence[str], hunk: Hunk, expected: int) -> int | None:
    """The place nearest to `expected` where the hunk's old side stands; None: nowhere. None lines never match."""
    last = len(lines) - len(old)
    # A hunk that names the first line, or has no context below, is held to that end of the file: else it guesses.
    at_start, at_end = hunk.old_start <= 1, not trailing_context(hunk)
    if at_start and at_end:
        candidates: Iterable[int] = (0,) if last == 0 else ()
    elif at_end and hunk.lines[0].kind != " ":
        # No context at all: only the named place will do, and only where it is the end of the file.
        named = hunk.new_start - 1 if hunk.new_count else hunk.new_start
        candidates = (last,) if named == last else ()
    elif at_start:
        candidates = (0,)
    elif at_end:
        candidates = (last,)
    else:
        candidates = outwards(min(max(expected, 0), max(last, 0)), 0, last)
    return next((at for at in candidates if fits(lines, old, at)), None)


def trailing_context(hunk: Hunk) -> int:
    """How many context lines the hunk ends with."""
    count = 0
    for line in reversed(hunk.lines):
        if line.kind != " ":
            break
        count += 1
    return count


def fits(lines: Sequence[str | None], old: Sequence[str], at: int) -> bool:
    """Whether `old` stands at `at`."""
    if at < 0 or at + len(old) > len(lines):
        return False
    return all(lines[at + index] == text for index, text in enumerate(old))


def outwards(start: int, low: int, high: int) -> Iterator[int]:
    """`start`, then alternately one further down and one further up, within `low..high`."""
    for distance in range(max(high - start, start - low, 0) + 1):
        if low <= start + distance <= high:
            yield start + distance
        if distance and low <= start - distance <= high:
            yield start - distance


def mismatch(lines: Sequence[str], old: Sequence[str], at: int) -> str:
    """Why it does not apply, naming the first line that differs at the expected place."""
    for index, text in enumerate(old):
        here = lines[at + index] if 0 <= at + index < len(lines) else None
        if here != text:
            found = "the file ends there" if here is None else f"the file has {here.strip()!r}"
            return f"line {at + index + 1} should be {text.strip()!r}, but {found}"
    return "its context is found, but not where a hunk without more context may be placed"


def reverse_hunk(hunk: Hunk) -> Hunk:
    """The hunk that takes this one back."""
    lines: list[Line] = []
    for block in blocks(hunk.lines):
        lines += [Line(kind="-", text=line.text) for line in block if line.kind == "+"]
        lines += [Line(kind="+", text=line.text) for line in block if line.kind == "-"]
        lines += [line for line in block if line.kind == " "]
    old_at = hunk.new_start - 1 if hunk.new_count else hunk.new_start
    return counted(lines, old_at, position(hunk), hunk.section, hunk.nth)


def reverse(patch: Patch) -> Patch:
    """The patch that takes this one back, files in reverse order. Raises PatchError for a copied file."""
    return Patch(files=tuple(reverse_file(file) for file in reversed(patch.files)))


def reverse_file(file: FileDiff) -> FileDiff:
    """The file diff that takes this one back; a copy is taken back by deleting it."""
    if file.copied:
        raise PatchError(f"{file.path} is a copy of {file.old_path}: delete it instead of reversing the patch")
    hunks = numbered(reverse_hunk(hunk) for hunk in file.hunks)
    return FileDiff(
        old_path=file.new_path,
        new_path=file.old_path,
        old_mode=file.new_mode,
        new_mode=file.old_mode,
        binary=file.binary,
        hunks=hunks,
    )


def blocks(lines: Iterable[Line]) -> Iterator[list[Line]]:
    """Runs of context lines and runs of changed lines, by turns."""
    block: list[Line] = []
    for line in lines:
        if block and (line.kind == " ") != (block[-1].kind == " "):
            yield block
            block = []
        block.append(line)
    if block:
        yield block
