"""Taking some of a file diff: whole hunks, single lines, or an edited text, with counts that stay right. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from pier_tui.repo.diff import FileDiff, Hunk, HunkPick, Line
from pier_tui.repo.hunks import blocks, position
from pier_tui.repo.making import counted, opcodes, split


def select(file: FileDiff, picks: Iterable[HunkPick]) -> FileDiff:
    """The file diff with only what the picks take.

    A removed line not taken becomes context, an added line not taken is dropped. A file of which nothing is
    taken comes back with no hunks, its path and mode unchanged (see `is_nothing`).
    """
    wanted = {pick.hunk: pick for pick in picks if pick.path == file.path}
    chosen = [(hunk, take(hunk, wanted[hunk.id])) for hunk in file.hunks if hunk.id in wanted]
    whole = "" in wanted or bool(chosen and any(changes(new) for _, new in chosen))
    complete = {hunk.id for hunk, new in chosen if new.new_count == 0 or same(hunk, new)}
    return rebuilt(file, [new for _, new in chosen if changes(new)], whole, complete == {h.id for h in file.hunks})


def without(file: FileDiff, picks: Iterable[HunkPick]) -> FileDiff:
    """The file diff with what the picks take left out; the rest is untouched."""
    dropped = {pick.hunk: pick for pick in picks if pick.path == file.path}
    kept = [(hunk, leave(hunk, dropped.get(hunk.id))) for hunk in file.hunks]
    left = [new for _, new in kept if changes(new)]
    whole = bool(left) or ("" not in dropped and not file.hunks)
    return rebuilt(file, left, whole, all(same(hunk, new) for hunk, new in kept))


def is_nothing(file: FileDiff) -> bool:
    """Whether applying the file diff would change nothing."""
    return not (file.hunks or file.binary or file.old_path != file.new_path or mode_changes(file))


def mode_changes(file: FileDiff) -> bool:
    """Whether the file diff changes the mode of a file that stays."""
    return file.old_mode is not None and file.new_mode is not None and file.old_mode != file.new_mode


def rebuilt(file: FileDiff, hunks: Sequence[Hunk], whole: bool, complete: bool) -> FileDiff:
    """The file diff with other hunks. `whole`: something is taken. `complete`: all of it, so a deletion stands."""
    old, new, new_mode = file.old_path, file.new_path, file.new_mode
    if not whole:
        old = new = file.path
        new_mode = file.old_mode
    elif new is None and not complete:
        new, new_mode = old, file.old_mode
    return FileDiff(
        old_path=old,
        new_path=new,
        old_mode=file.old_mode if whole else new_mode,
        new_mode=new_mode,
        base_hash=file.base_hash,
        binary=file.binary and whole,
        copied=file.copied and whole,
        hunks=shifted(hunks),
    )


def shifted(hunks: Iterable[Hunk]) -> tuple[Hunk, ...]:
    """Hunks with `new_start` as it comes out when exactly these are applied."""
    found: list[Hunk] = []
    drift = 0
    for hunk in hunks:
        at = position(hunk)
        found.append(counted(hunk.lines, at, at + drift, hunk.section, hunk.nth))
        drift += hunk.new_count - hunk.old_count
    return tuple(found)


def changes(hunk: Hunk) -> bool:
    """Whether the hunk changes anything."""
    return any(line.kind != " " for line in hunk.lines)


def same(hunk: Hunk, other: Hunk) -> bool:
    """Whether two hunks have the same lines."""
    return hunk.lines == other.lines


def take(hunk: Hunk, pick: HunkPick) -> Hunk:
    """What the pick takes of its hunk."""
    if pick.text is not None:
        return edited(hunk, pick.text)
    if pick.lines is None:
        return hunk
    return partial(hunk, set(pick.lines))


def leave(hunk: Hunk, pick: HunkPick | None) -> Hunk:
    """What is left of the hunk without the pick."""
    if pick is None:
        return hunk
    taken = range(len(hunk.lines)) if pick.lines is None else pick.lines
    return partial(hunk, set(range(len(hunk.lines))) - set(taken))


def edited(hunk: Hunk, text: str) -> Hunk:
    """The hunk with `text` as its new side."""
    before = [line.text for line in hunk.lines if line.kind != "+"]
    if text and not text.endswith("\n") and hunk.lines[-1].text.endswith("\n"):
        text += "\r\n" if hunk.lines[-1].text.endswith("\r\n") else "\n"
    after = split(text)
    lines: list[Line] = []
    at = 0
    for _, i1, i2, j1, j2 in opcodes(before, after):
        lines += [Line(kind=" ", text=line) for line in before[at:i1]]
        lines += [Line(kind="-", text=line) for line in before[i1:i2]]
        lines += [Line(kind="+", text=line) for line in after[j1:j2]]
        at = i2
    lines += [Line(kind=" ", text=line) for line in before[at:]]
    return counted(lines, position(hunk), position(hunk), hunk.section, hunk.nth)


def partial(hunk: Hunk, taken: set[int]) -> Hunk:
    """The hunk with only the changed lines whose index is in `taken`."""
    lines: list[Line] = []
    for run in runs(hunk.lines):
        every = all(line.kind == " " or index in taken for index, line in run)
        for index, line in run if every else paired(run):
            if line.kind == " " or index in taken:
                lines.append(line)
            elif line.kind == "-":
                lines.append(Line(kind=" ", text=line.text))
    return counted(ended(lines, hunk), position(hunk), position(hunk), hunk.section, hunk.nth)


Numbered = tuple[int, Line]


def runs(lines: Sequence[Line]) -> Iterator[list[Numbered]]:
    """Runs of context and of changed lines by turns, with each line's index in the hunk."""
    index = 0
    for block in blocks(lines):
        yield list(enumerate(block, index))
        index += len(block)


def paired(run: Sequence[Numbered]) -> list[Numbered]:
    """A changed run with each removed line next to the added line that replaces it.

    Taking the first pair of `-a -b +A +B` must give `A b`, not `b A`.
    """
    removed = [entry for entry in run if entry[1].kind == "-"]
    added = [entry for entry in run if entry[1].kind == "+"]
    found: list[Numbered] = []
    for number in range(max(len(removed), len(added))):
        found += removed[number : number + 1] + added[number : number + 1]
    return found


def ended(lines: Sequence[Line], hunk: Hunk) -> list[Line]:
    """Lines in which a new line without an ending is the last of the new side.

    Taking an added line but not the line end it needs above it would glue two lines together.
    """
    final = max((number for number, line in enumerate(lines) if line.kind != "-"), default=-1)
    ending = "\r\n" if any(line.text.endswith("\r\n") for line in hunk.lines) else "\n"
    found: list[Line] = []
    for number, line in enumerate(lines):
        if line.kind == "-" or number == final or line.text.endswith("\n"):
            found.append(line)
        elif line.kind == "+":
            found.append(Line(kind="+", text=line.text + ending))
        else:
            found += [Line(kind="-", text=line.text), Line(kind="+", text=line.text + ending)]
    return found


def pieces(picks: Iterable[HunkPick]) -> Mapping[str, tuple[HunkPick, ...]]:
    """Picks by path."""
    found: dict[str, tuple[HunkPick, ...]] = {}
    for pick in picks:
        found[pick.path] = (*found.get(pick.path, ()), pick)
    return found
