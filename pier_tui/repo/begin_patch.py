"""The `*** Begin Patch` format some models write: no line numbers, so a place must be found and be the only one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from pier_tui.errors import PatchError
from pier_tui.repo.diff import Patch
from pier_tui.repo.making import decode, diff_bytes, encode, is_binary, split
from pier_tui.repo.paths import clean

BEGIN, END = "*** Begin Patch", "*** End Patch"
ADD, DELETE, UPDATE, MOVE = "*** Add File: ", "*** Delete File: ", "*** Update File: ", "*** Move to: "
EOF = "*** End of File"

Read = Callable[[str], bytes | None]
"""Gives a file's bytes by path, None where it does not exist."""


@dataclass
class Chunk:
    """One place of an update: lines without their endings. `anchors` are the `@@` lines above it, outermost first."""

    anchors: list[str] = field(default_factory=list)
    old: list[str] = field(default_factory=list)
    new: list[str] = field(default_factory=list)
    at_end: bool = False


@dataclass
class Section:
    """What the patch says about one file."""

    kind: str
    path: str
    move_to: str | None = None
    added: list[str] = field(default_factory=list)
    chunks: list[Chunk] = field(default_factory=list)


def is_begin_patch(content: bytes) -> bool:
    """Whether the text is in this format."""
    return content.lstrip().startswith(BEGIN.encode())


def propose(text: str, read: Read) -> dict[str, bytes | None]:
    """The files as the patch leaves them, by path; None is a deleted file. Raises PatchError."""
    state: dict[str, bytes | None] = {}

    def now(path: str) -> bytes | None:
        return state[path] if path in state else read(path)

    for section in sections(text):
        path = clean(section.path)
        before = now(path)
        if section.kind == ADD:
            if before is not None:
                raise PatchError(f"{path} exists already, so the patch cannot add it")
            state[path] = encode("".join(f"{line}\n" for line in section.added))
            continue
        if before is None:
            raise PatchError(f"{path} does not exist, so the patch cannot change it")
        state |= {path: None} if section.kind == DELETE else _updated(section, path, before, now)
    return state


def to_patch(text: str, read: Read) -> Patch:
    """The same as file diffs against the files as they are."""
    after = propose(text, read)
    return Patch(files=tuple(diff_bytes(read(path), content, path) for path, content in after.items()))


def _updated(section: Section, path: str, before: bytes, now: Read) -> Mapping[str, bytes | None]:
    if is_binary(before):
        raise PatchError(f"{path} is binary: it is not patched")
    content = encode(updated(decode(before), section))
    if section.move_to is None:
        return {path: content}
    target = clean(section.move_to)
    if target == path:
        return {path: content}
    if now(target) is not None:
        raise PatchError(f"{target} exists already, so {path} cannot be moved there")
    return {path: None, target: content}


def sections(text: str) -> Iterator[Section]:
    """The file sections. Raises PatchError where the text is not in the format."""
    lines = [line.rstrip("\n").removesuffix("\r") for line in split(text.strip())]
    if lines[:1] != [BEGIN] or lines[-1].strip() != END:
        raise PatchError(f"The patch must begin with '{BEGIN}' and end with '{END}'")
    section: Section | None = None
    for number, line in enumerate(lines[1:-1], 2):
        kind = next((k for k in (ADD, DELETE, UPDATE) if line.startswith(k)), None)
        if kind is not None:
            if section is not None:
                yield checked(section)
            section = Section(kind, line[len(kind) :].strip())
        elif section is None or not taken(section, line):
            raise PatchError(f"The patch is corrupt at line {number}: {line[:60]!r} does not belong there")
    if section is None:
        raise PatchError("The patch names no file")
    yield checked(section)


def checked(section: Section) -> Section:
    """The section, if it says something. Raises PatchError."""
    section.chunks = [chunk for chunk in section.chunks if chunk.old or chunk.new]
    if section.kind == UPDATE and not section.chunks and section.move_to is None:
        raise PatchError(f"The patch updates {section.path} but names no change")
    return section


def taken(section: Section, line: str) -> bool:
    """Take one line into its section; False when it does not belong there."""
    if section.kind == ADD:
        section.added.append(line[1:])
        return line.startswith("+")
    if section.kind == DELETE:
        return not line.strip()
    if line.startswith(MOVE) and not section.chunks:
        section.move_to = line[len(MOVE) :].strip()
        return True
    return chunk_line(section, line)


def chunk_line(section: Section, line: str) -> bool:
    """Take one line of an update; False when it does not belong there."""
    if line == "@@" or line.startswith("@@ "):
        if not section.chunks or section.chunks[-1].old or section.chunks[-1].new:
            section.chunks.append(Chunk())
        if line[3:].strip():
            section.chunks[-1].anchors.append(line[3:])
        return True
    if not section.chunks:
        section.chunks.append(Chunk())
    chunk = section.chunks[-1]
    if line == EOF:
        chunk.at_end = True
        return True
    if chunk.at_end:
        return not line.strip()
    kind, content = (line[0], line[1:]) if line else (" ", "")
    if kind not in " +-":
        return False
    if kind != "+":
        chunk.old.append(content)
    if kind != "-":
        chunk.new.append(content)
    return True


def updated(text: str, section: Section) -> str:
    """The text with the chunks applied in order. Raises PatchError where a place is missing or not the only one."""
    lines = split(text)
    bare = [line.rstrip("\n").removesuffix("\r") for line in lines]
    ending = "\r\n" if lines and all(line.endswith("\r\n") for line in lines if line.endswith("\n")) else "\n"
    ending = ending if "\r\n" in text else "\n"
    result: list[str] = []
    done = 0
    for chunk in section.chunks:
        at = place(bare, chunk, done, section.path)
        result += lines[done:at]
        if result and not result[-1].endswith("\n"):
            result[-1] += ending
        result += merged(lines[at : at + len(chunk.old)], chunk, ending)
        done = at + len(chunk.old)
    return "".join(result + lines[done:])


def merged(lines: list[str], chunk: Chunk, ending: str) -> list[str]:
    """The chunk's new lines; a line that stays keeps its own ending, one without gets one."""
    kept: dict[str, list[str]] = {}
    for bare, line in zip(chunk.old, lines, strict=True):
        kept.setdefault(bare, []).append(line)
    found: list[str] = []
    for text in chunk.new:
        line = kept[text].pop(0) if kept.get(text) else text + ending
        found.append(line if line.endswith("\n") else line + ending)
    return found


def place(lines: list[str], chunk: Chunk, start: int, path: str) -> int:
    """Where the chunk's old lines stand, after its anchors. Raises PatchError."""
    for anchor in chunk.anchors:
        try:
            start = lines.index(anchor, start) + 1
        except ValueError as error:
            raise PatchError(f"{path}: the line {anchor.strip()!r} after @@ is not in the file") from error
    if not chunk.old:
        if chunk.anchors:
            raise PatchError(
                f"{path}: lines are added after @@ without a line of context, so their place is not certain"
            )
        return len(lines)
    size = len(chunk.old)
    found = [at for at in range(start, len(lines) - size + 1) if lines[at : at + size] == chunk.old]
    if chunk.at_end:
        found = [at for at in found if at + size == len(lines)]
    if not found:
        raise PatchError(f"{path}: the lines beginning with {chunk.old[0].strip()!r} are not in the file as written")
    if len(found) > 1 and not chunk.anchors:
        raise PatchError(
            f"{path}: the lines beginning with {chunk.old[0].strip()!r} stand in {len(found)} places: add context"
        )
    return found[0]
