"""The edit tool and the pure replacement under it: one place in a file is found and replaced, or nothing is."""

from __future__ import annotations

import difflib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import ClassVar, Literal

from pydantic import Field

from pier_tui.errors import EditError
from pier_tui.tools import ladder, paths
from pier_tui.tools.proposal import Draft, draft, propose
from pier_tui.tools.spec import Arguments, Described
from pier_tui.tools.text import decode, shown
from pier_tui.tools.tool import Desk, Kind, Output, ToolResult

_NUMBER = re.compile(r"^ {0,6}(\d+)\t")


@dataclass(frozen=True)
class Splice:
    """An edited text, how its place was found, and how often it was replaced."""

    text: str
    rung: str
    count: int
    note: str = ""


def replace(text: str, old: str, new: str, replace_all: bool = False) -> str:
    """`text` with `old` replaced by `new`; nothing outside the replaced places changes.

    Raises EditError: empty, unchanged, missing (with the nearest lines), ambiguous (with the line numbers), too_large.
    """
    return splice(text, old, new, replace_all).text


def splice(text: str, old: str, new: str, replace_all: bool = False) -> Splice:
    """As `replace`, telling how the place was found."""
    old, new, note = _without_numbers(text, old, new)
    if old == new:
        raise EditError("unchanged", "old and new are the same; nothing would change.")
    if not old.strip():
        return _whole(text, old, new)
    matches = ladder.climb(text, old)
    if not matches:
        raise EditError("missing", _missing(text, old))
    lossless = matches[0].rung in ("exact", "line endings")
    if len(matches) > 1 and not (replace_all and lossless):
        raise EditError("ambiguous", _ambiguous(text, matches, replace_all))
    if len(matches) >= ladder.MOST:
        raise EditError("too_large", f"old is in the file {ladder.MOST} times or more; use a command for that.")
    edited, count = _replaced(text, matches, new)
    if edited == text:
        raise EditError("unchanged", "The file already reads like that; nothing would change.")
    return Splice(edited, matches[0].rung, count, note)


def _whole(text: str, old: str, new: str) -> Splice:
    if text and (not old or text.count(old) != 1):
        raise EditError("empty", "old is empty; give the lines to replace, or use write for the whole file.")
    return Splice(new if not text else text.replace(old, new), "exact", 1)


def _replaced(text: str, matches: list[ladder.Match], new: str) -> tuple[str, int]:
    parts, at, count = [], 0, 0
    for match in matches:
        if match.start < at:
            continue
        fitted = new if match.indents is None else ladder.reindent(new, match.indents)
        if fitted is None:
            raise EditError(
                "missing",
                "old matches only with another indentation, to which new cannot be moved; copy the lines of the file.",
            )
        parts += [text[at : match.start], _with_endings(fitted, text, match)]
        at, count = match.end, count + 1
    return "".join(parts) + text[at:], count


def _with_endings(new: str, text: str, match: ladder.Match) -> str:
    """`new` with the file's line endings; lines that stay keep their own, even in a file that mixes them."""
    if "\n" not in new:
        return new
    replaced = text[match.start : match.end]
    default = _ending(replaced) or _ending(text)
    if default is None:
        return new
    lines = new.split("\n")
    bare = [line.removesuffix("\r") for line in lines]
    old_lines = replaced.split("\n")
    endings = [default] * (len(bare) - 1)
    blocks = difflib.SequenceMatcher(None, [o.removesuffix("\r") for o in old_lines], bare, False).get_matching_blocks()
    for a, b, size in blocks:
        for k in range(size):
            if b + k < len(endings) and a + k < len(old_lines) - 1:
                endings[b + k] = "\r\n" if old_lines[a + k].endswith("\r") else "\n"
    return "".join(line + ending for line, ending in zip(bare, [*endings, ""], strict=True))


def _ending(text: str) -> str | None:
    """The commoner line ending of a text, None where it has none."""
    every, windows = text.count("\n"), text.count("\r\n")
    if not every:
        return None
    return "\r\n" if windows * 2 > every else "\n"


def _without_numbers(text: str, old: str, new: str) -> tuple[str, str, str]:
    """`old` and `new` without the line numbers `read` shows, where they were copied along."""
    lines = [line for line in old.split("\n") if line.strip()]
    if not lines or not all(_NUMBER.match(line) for line in lines) or old in text:
        return old, new, ""
    numbers = [int(match[1]) for line in old.split("\n") if (match := _NUMBER.match(line))]
    if numbers != list(range(numbers[0], numbers[0] + len(numbers))):
        return old, new, ""
    bare = "\n".join(_NUMBER.sub("", line) for line in old.split("\n"))
    fresh = [line for line in new.split("\n") if line.strip()]
    marked = sum(bool(_NUMBER.match(line)) for line in fresh)
    if marked and marked != len(fresh):
        raise EditError("missing", "old and new hold line numbers as read shows them; give the bare lines.")
    if marked:
        new = "\n".join(_NUMBER.sub("", line) for line in new.split("\n"))
    return bare, new, "the line numbers copied from read were left out"


def _missing(text: str, old: str) -> str:
    near = ladder.nearest(text, old)
    escaped = "\\n" in old and "\n" not in old
    hint = " old holds \\n as two characters; write real line breaks." if escaped else ""
    if not near:
        return f"old is not in the file, and nothing in it is alike.{hint} Read the file first."
    return f"old is not in the file.{hint} The nearest lines are:\n{near}"


def _ambiguous(text: str, matches: list[ladder.Match], replace_all: bool) -> str:
    numbers = [text.count("\n", 0, match.start) + 1 for match in matches[:10]]
    places = ", ".join(map(str, numbers)) + (", …" if len(matches) > 10 else "")
    what = "differing in white space, so replace_all does not apply; copy" if replace_all else "include"
    advice = f"{what} the lines around it" if replace_all else f"{what} a line around it, or set replace_all"
    return f"old is in the file {len(matches)} times (lines {places}); {advice}."


class Edit(Described):
    """Replaces one passage of a file."""

    name: ClassVar[str] = "edit"
    kind: ClassVar[Kind] = "edit"
    tiers: ClassVar[tuple[Literal["weak", "strong"], ...]] = ("weak", "strong")

    class Args(Arguments):
        """`old` must be in the file once, unless `replace_all`."""

        path: str = Field(description="file, relative to the repository")
        old: str = Field(description="the exact lines to replace, 1 to 10 of them, without line numbers")
        new: str = Field(description="what to put in their place")
        replace_all: bool = Field(default=False, description="replace every occurrence")

    async def run(self, args: Args, desk: Desk) -> AsyncIterator[Output | ToolResult]:
        """Raises EditError: missing, ambiguous, empty, unchanged, binary, syntax."""
        yield await propose(desk, lambda: self._edit(args, desk))

    def _edit(self, args: Args, desk: Desk) -> Draft:
        path = paths.clean(args.path, desk.files)
        if not desk.files.exists(path) and not args.old.strip():
            return draft(desk, path, args.new)
        path = paths.existing(args.path, desk.files)
        before = decode(desk.files.read(path), path)
        done = splice(before, args.old, args.new, args.replace_all)
        notes = [done.note] if done.note else []
        if done.rung not in ("exact", "line endings"):
            notes.append(f"old matched only when ignoring {_IGNORED[done.rung]}; check the lines below")
        if done.count > 1:
            notes.append(f"{done.count} places")
        return draft(desk, path, done.text, note=shown("; ".join(notes)))


_IGNORED = {
    "trailing white space": "trailing white space",
    "typographic characters": "typographic characters",
    "relative indentation": "indentation, to which new was moved",
}
