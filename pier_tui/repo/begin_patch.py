"""The `*** Begin Patch` format some models write: no line numbers, so a place must be found and be the only one.

Read as leniently as Codex reads it (white space around markers, a here-document around the whole, several `@@`
lines, a blank line too many at the end of a chunk), but applied more strictly: lines that stand in several places
are refused unless a `@@` line or `*** End of File` tells them apart, and adding or moving over a file that exists
is refused. Context lines must agree exactly and stay as they are in the file; removed lines may differ in trailing
white space and typographic characters. A file changed at its last line ends with a line break afterwards.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pier_tui.errors import PatchError
from pier_tui.repo.making import decode, encode, is_binary, split
from pier_tui.repo.paths import clean

BEGIN, END = "*** Begin Patch", "*** End Patch"
ADD, DELETE, UPDATE, MOVE = "*** Add File: ", "*** Delete File: ", "*** Update File: ", "*** Move to: "
EOF = "*** End of File"
HEREDOC = re.compile(r"(?:cat |apply_patch |applypatch )?\s*<<-?\s*(['\"]?)(\w+)\1\s*")
TYPOGRAPHIC = str.maketrans(
    dict.fromkeys("\u2018\u2019\u201a\u201b", "'")
    | dict.fromkeys("\u201c\u201d\u201e\u201f", '"')
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-")
    | dict.fromkeys("\u00a0\u2002\u2003\u2007\u2009\u202f\u3000", " ")
)

Read = Callable[[str], bytes | None]
"""Gives a file's bytes by path, None where it does not exist."""


@dataclass
class Chunk:
    """One place of an update: kinds and lines without their endings. `anchors` are the `@@` lines, outermost first."""

    number: int
    anchors: list[str] = field(default_factory=list)
    lines: list[tuple[str, str]] = field(default_factory=list)
    at_end: bool = False

    @property
    def old(self) -> list[str]:
        """The lines that must be in the file."""
        return [text for kind, text in self.lines if kind != "+"]


@dataclass
class Section:
    """What the patch says about one file. `move_to` is its new name."""

    kind: str
    path: str
    move_to: str | None = None
    added: list[str] = field(default_factory=list)
    chunks: list[Chunk] = field(default_factory=list)


def is_begin_patch(content: bytes) -> bool:
    """Whether the text is in this format."""
    lines = content.strip().split(b"\n", 2)
    if lines[0].strip() == BEGIN.encode():
        return True
    return len(lines) > 1 and lines[1].strip() == BEGIN.encode() and HEREDOC.fullmatch(decode(lines[0])) is not None


def propose(text: str, read: Read, root: Path | None = None) -> dict[str, bytes | None]:
    """The files as the patch leaves them, by path; None is a deleted file. Raises PatchError.

    Absolute names are taken only where they begin with `root`.
    """
    state: dict[str, bytes | None] = {}

    def now(path: str) -> bytes | None:
        return state[path] if path in state else read(path)

    for section in sections(text):
        path = located(section.path, root)
        before = now(path)
        if section.kind == ADD:
            if before is not None:
                raise PatchError(f"{path} exists already, so the patch cannot add it: update or delete it instead")
            state[path] = encode("".join(f"{line}\n" for line in section.added))
            continue
        if before is None:
            raise PatchError(f"{path} does not exist, so the patch cannot change it: check the name")
        target = path if section.move_to is None else located(section.move_to, root)
        if target != path and now(target) is not None:
            raise PatchError(f"{target} exists already, so {path} cannot be moved there: delete it first")
        state |= {path: None} if section.kind == DELETE else _updated(section, path, target, before)
    return state


def moves(text: str, root: Path | None = None) -> dict[str, str]:
    """Which file each new name comes from. Raises PatchError."""
    found = [(located(s.move_to, root), located(s.path, root)) for s in sections(text) if s.move_to is not None]
    return {target: source for target, source in found if target != source}


def located(name: str, root: Path | None) -> str:
    """The name as a path inside `root`. Raises PatchError for an absolute one elsewhere."""
    if name.startswith("/") and (root is None or not name.startswith(f"{root}/")):
        raise PatchError(f"{name} is an absolute name outside the folder: name files from the folder on")
    return clean(name, root)


def _updated(section: Section, path: str, target: str, before: bytes) -> Mapping[str, bytes | None]:
    if is_binary(before):
        raise PatchError(f"{path} is binary: it is not patched")
    content = encode(updated(decode(before), section))
    return {path: content} if target == path else {path: None, target: content}


def sections(text: str) -> Iterator[Section]:
    """The file sections. Raises PatchError where the text is not in the format."""
    lines = [line.rstrip("\n").removesuffix("\r") for line in split(text.strip())]
    offset = 1
    if lines and (match := HEREDOC.fullmatch(lines[0])) and lines[-1].strip() == match[2]:
        lines, offset = lines[1:-1], 2
    if len(lines) < 2 or lines[0].strip() != BEGIN or lines[-1].strip() != END:
        raise PatchError(f"The patch must begin with '{BEGIN}' and end with '{END}'")
    section: Section | None = None
    for number, line in enumerate(lines[1:-1], offset + 1):
        header = line.rstrip() if section is not None and section.kind == UPDATE else line.strip()
        kind = next((k for k in (ADD, DELETE, UPDATE) if header.startswith(k)), None)
        if kind is not None:
            if section is not None:
                yield checked(section)
            section = Section(kind, header[len(kind) :].strip())
        elif section is None or not taken(section, line):
            raise PatchError(f"The patch is corrupt at line {number}: {line[:60]!r} does not belong there")
    if section is None:
        raise PatchError("The patch names no file")
    yield checked(section)


def checked(section: Section) -> Section:
    """The section, if it says something. Raises PatchError."""
    section.chunks = [chunk for chunk in section.chunks if chunk.anchors or any(line != " " for line in flat(chunk))]
    if section.kind == UPDATE and not section.chunks and section.move_to is None:
        raise PatchError(f"The patch updates {section.path} but names no change")
    for chunk in section.chunks:
        if not chunk.lines:
            raise PatchError(f"{section.path}: chunk {chunk.number} has a @@ line but no lines to change")
    return section


def flat(chunk: Chunk) -> list[str]:
    """The chunk's lines as written."""
    return [kind + text for kind, text in chunk.lines]


def taken(section: Section, line: str) -> bool:
    """Take one line into its section; False when it does not belong there."""
    if section.kind == ADD:
        section.added.append(line[1:])
        return line.startswith("+")
    if section.kind == DELETE:
        return not line.strip()
    if line.startswith(MOVE) and not section.chunks and section.move_to is None:
        section.move_to = line[len(MOVE) :].strip()
        return True
    return chunk_line(section, line)


def chunk_line(section: Section, line: str) -> bool:
    """Take one line of an update; False when it does not belong there."""
    if line.rstrip() == "@@" or line.startswith("@@ "):
        if not section.chunks or section.chunks[-1].lines:
            section.chunks.append(Chunk(len(section.chunks) + 1))
        if line[3:].strip():
            section.chunks[-1].anchors.append(line[3:])
        return True
    if not section.chunks:
        section.chunks.append(Chunk(1))
    chunk = section.chunks[-1]
    if line.rstrip() == EOF:
        chunk.at_end = True
        return bool(chunk.lines)
    if chunk.at_end:
        return not line.strip()
    kind, content = (line[0], line[1:]) if line else (" ", "")
    chunk.lines.append((kind, content))
    return kind in " +-"


def updated(text: str, section: Section) -> str:
    """The text with the chunks applied in order. Raises PatchError where a place is missing or not the only one."""
    lines = split(text)
    bare = [line.rstrip("\n").removesuffix("\r") for line in lines]
    result: list[str] = []
    done = 0
    # Lines without a place of their own are added at the end, wherever the patch mentions them.
    for chunk in sorted(section.chunks, key=lambda chunk: not chunk.old):
        try:
            at = place(bare, chunk, done)
        except PatchError as error:
            raise PatchError(f"{section.path}: chunk {chunk.number} does not apply: {error}") from None
        result += lines[done:at]
        done = at + len(chunk.old)
        spliced(result, lines[at:done], chunk, ending(lines[done:]))
    return "".join(result + lines[done:])


def spliced(result: list[str], lines: list[str], chunk: Chunk, otherwise: str) -> None:
    """Add the chunk's new side to `result`: lines that stay keep their own ending, new ones take their neighbour's."""
    old = iter(lines)
    if result and not result[-1].endswith("\n"):
        result[-1] += ending(result)
    here = ending(result[::-1], ending(lines, otherwise))
    for kind, text in chunk.lines:
        line = text if kind == "+" else next(old)
        if kind != "+":
            here = ending([line], here)
        if kind != "-":
            result.append(line if line.endswith("\n") else line + here)


def ending(lines: list[str], otherwise: str = "\n") -> str:
    """The ending of the first line that has one."""
    line = next((line for line in lines if line.endswith("\n")), None)
    return otherwise if line is None else "\r\n" if line.endswith("\r\n") else "\n"


def place(lines: list[str], chunk: Chunk, start: int) -> int:
    """Where the chunk's old lines stand, after its anchors. Raises PatchError."""
    starts = anchored(lines, chunk.anchors, start)
    if not chunk.old:
        if chunk.anchors:
            raise PatchError("lines are added after @@ without a line of context, so their place is not certain")
        return len(lines)
    found = places(lines, chunk, start)
    if not found and chunk.lines[-1] == (" ", "") and len(chunk.old) > 1:
        # Often only what sets the chunk off from the next one.
        chunk.lines.pop()
        found = places(lines, chunk, start)
    if not found:
        raise PatchError(f"the lines beginning with {chunk.old[0].strip()!r} are not in the file as written")
    if chunk.anchors:
        found = sorted({first for s in starts if (first := next((at for at in found if at >= s), None)) is not None})
    if not found:
        raise PatchError(f"the lines beginning with {chunk.old[0].strip()!r} are not below {chunk.anchors[-1]!r}")
    if len(found) > 1:
        numbers = ", ".join(str(at + 1) for at in found[:5])
        what = f"the lines beginning with {chunk.old[0].strip()!r} stand at {len(found)} places (lines {numbers})"
        raise PatchError(f"{what}: add context")
    return found[0]


def anchored(lines: list[str], anchors: list[str], start: int) -> list[int]:
    """The lines below each place where the anchors follow one another, as far as the first one decides it."""
    if not anchors:
        return [start]
    first, *rest = anchors
    starts = [at + 1 for at in range(start, len(lines)) if lines[at] == first]
    starts = starts or [at + 1 for at in range(start, len(lines)) if lines[at].strip() == first.strip()]
    for anchor in rest:
        below = [next((at for at in range(s, len(lines)) if lines[at].strip() == anchor.strip()), None) for s in starts]
        starts = sorted({at + 1 for at in below if at is not None})
    if not starts:
        raise PatchError(f"the line {anchors[-1].strip()!r} after @@ is not in the file, or not below the others")
    return starts


def places(lines: list[str], chunk: Chunk, start: int) -> list[int]:
    """Every place where the old lines stand exactly, else where the removed ones differ only in how they look."""
    old, size = chunk.old, len(chunk.old)
    ends = range(max(start, len(lines) - size), len(lines) - size + 1)
    candidates = ends if chunk.at_end else range(start, len(lines) - size + 1)
    found = [at for at in candidates if lines[at : at + size] == old]
    kinds = [kind for kind, _ in chunk.lines if kind != "+"]
    return found or [at for at in candidates if all(map(alike, lines[at : at + size], old, kinds))]


def alike(line: str, wanted: str, kind: str) -> bool:
    """Whether a line of the file is the one the patch names."""
    return line == wanted or (kind == "-" and plain(line) == plain(wanted))


def plain(line: str) -> str:
    """The line without trailing white space, typographic characters made plain."""
    return line.translate(TYPOGRAPHIC).rstrip()
