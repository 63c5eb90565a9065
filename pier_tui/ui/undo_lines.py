"""What can be taken back, and what that would do, as plain lines: for the screen and for the command line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pier_tui.errors import PierError
from pier_tui.repo.checkpoint import Journal
from pier_tui.repo.diff import HunkPick
from pier_tui.repo.records import Effects, Written
from pier_tui.ui.text import sanitize

HUNKS_SHOWN = 30
"""A write with more hunks is listed whole; its hunks can be taken back one by one in the diff pane."""


@dataclass(frozen=True)
class Wanted:
    """What is to be taken back: checkpoints, or (`hunks`) some hunks of one."""

    checkpoints: tuple[str, ...]
    hunks: tuple[HunkPick, ...] | None = None


def rows(written: Sequence[Written], session: str) -> Iterator[tuple[str, Wanted]]:
    """A line for each request, below it its turns, below them their hunks; a level with one entry is left out."""
    requests: dict[tuple[str, int], list[Written]] = {}
    for one in written:
        requests.setdefault((one.checkpoint.origin.session, one.checkpoint.origin.request), []).append(one)
    for (of, number), ones in requests.items():
        writes = [one for one in ones if not one.checkpoint.aside]
        where = "" if session in ("", of) else "earlier session, "
        words = next((one.checkpoint.origin.words for one in ones if one.checkpoint.origin.words), "")
        head = f"{where}request {number}" + (f": {sanitize(words)}" if words else "")
        if writes:
            yield f"{head}  {tally(writes)}", Wanted(tuple(one.checkpoint.id for one in writes))
        turns: dict[int, list[Written]] = {}
        for one in writes:
            turns.setdefault(one.checkpoint.origin.turn, []).append(one)
        for turn, some in turns.items():
            if len(turns) > 1:
                yield f"  turn {turn}  {tally(some)}", Wanted(tuple(one.checkpoint.id for one in some))
            for one in some:
                yield from parts(one, alone=len(some) == 1)
        for one in ones:
            if one.checkpoint.aside:
                names = ", ".join(file.path for file in one.checkpoint.files)
                yield f"  set aside in a conflict: {sanitize(names)}, propose it again", Wanted((one.checkpoint.id,))


def parts(one: Written, *, alone: bool) -> Iterator[tuple[str, Wanted]]:
    """The lines of one write: itself where its turn has several, and its hunks where it has several."""
    if not alone:
        again = "an undo, " if one.checkpoint.undoes else ""
        yield f"    {again}{tally([one])}", Wanted((one.checkpoint.id,))
    hunks = [(file, hunk) for file in one.patch.files for hunk in file.hunks]
    for file, hunk in hunks if 1 < len(hunks) <= HUNKS_SHOWN else ():
        pick = HunkPick(path=file.path, hunk=hunk.id)
        words = f"      {sanitize(file.path)} line {hunk.new_start}  +{hunk.added} -{hunk.removed}"
        yield words, Wanted((one.checkpoint.id,), (pick,))


def tally(writes: Sequence[Written]) -> str:
    """`app.py, util.py  +12 -3`, as it was written."""
    paths = list(dict.fromkeys(path for one in writes for path in one.patch.paths))
    names = ", ".join(paths[:4]) + (f" and {len(paths) - 4} more" if len(paths) > 4 else "")
    added, removed = sum(one.patch.added for one in writes), sum(one.patch.removed for one in writes)
    return f"{sanitize(names)}  +{added} -{removed}"


def effect_lines(effects: Effects) -> Iterator[tuple[str, str]]:
    """Lines that would go (`-`) and come (`+`) by `path`, and what `stays` because it was changed since."""
    for path in effects.conflicts:
        yield "stays", f"{sanitize(path)}: some of it was changed since and stays"
    for file in effects.patch.files:
        what = {"added": "made again", "deleted": "removed"}.get(file.status, "changed back")
        size = f"+{file.added} -{file.removed}" if not file.binary else "as a whole, binary"
        yield "path", f"{sanitize(file.path)}  {what} {size}"
        for line in (line for hunk in file.hunks for line in hunk.lines if line.kind != " "):
            yield line.kind, f"  {line.kind} {sanitize(line.text.rstrip(chr(13) + chr(10)))}"


def told(journal: Journal, number: int | None, *, write: bool) -> str:
    """The numbered list; with a number what taking that line back does, carried out where `write`.

    Raises PierError for a number that is not in the list, and where nothing may be written.
    """
    lines = list(rows(journal.written(), ""))
    if number is None:
        listed = "".join(f"{n:3}  {words}\n" for n, (words, _) in enumerate(lines, 1))
        return listed or "Nothing that was applied here still stands, so there is nothing to take back.\n"
    if not 1 <= number <= len(lines):
        raise PierError(f"There is no line {number}: `pier-tui undo` lists them.")
    wanted = lines[number - 1][1]
    hunks = None if wanted.hunks is None else [pick.hunk for pick in wanted.hunks]
    paths = None if wanted.hunks is None else [pick.path for pick in wanted.hunks]
    if len(wanted.checkpoints) == 1 and journal.load(wanted.checkpoints[0]).aside:
        raise PierError("That text was set aside in a conflict: open the repository to have it proposed again.")
    effects = (journal.undo if write else journal.effects)(wanted.checkpoints, hunks, paths)
    body = "".join(f"{text}\n" for _, text in effect_lines(effects)) or "Nothing in the files would change.\n"
    return body if write else f"{body}Nothing was written: add --yes to take this back.\n"
