"""Reading unified and git diffs into a Patch. What cannot be read for certain is refused, never guessed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from pier_tui.errors import PatchError
from pier_tui.repo.diff import FileDiff, Hunk, Line, Patch
from pier_tui.repo.making import decode, numbered, split
from pier_tui.repo.names import dated, is_epoch, is_quoted, short, stripped, unquote

HEADER = re.compile(r"^@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@(?: ?(.*))?$", re.ASCII)
UNREAD = re.compile(r"Binary files .+ and .+ differ$")
"""What `diff -r` says of a binary file, outside of a git header."""
NO_PATCH = "There is no patch in this text: a unified diff with ---, +++ and @@ lines is needed"
MAX_COUNT = 10_000_000
KINDS: dict[str, Literal[" ", "-", "+"]] = {" ": " ", "-": "-", "+": "+"}


@dataclass
class _File:
    """A file diff while its header is being read. `git` marks one with a `diff --git` line."""

    git: bool
    default: str | None = None
    old: str | None = None
    new: str | None = None
    old_mode: str | None = None
    new_mode: str | None = None
    created: bool = False
    deleted: bool = False
    moved_from: str | None = None
    moved_to: str | None = None
    copied: bool = False
    binary: bool = False
    named_old: bool = False
    named_new: bool = False
    hunks: list[Hunk] = field(default_factory=list)


def parse(content: bytes, *, strip: int = 1) -> Patch:
    """Read a patch; text around the diffs is skipped. `strip` leading path parts are dropped, as with `git apply -p`.

    Nothing but white space gives an empty patch. Raises PatchError for anything else that holds no diff, for
    counts that do not match the lines, and for names that contradict each other.
    """
    return _Reader(split(decode(content)), strip).patch()


def refuse_torn(content: bytes) -> None:
    """Raise PatchError where a patch may have been cut within its last line, and no file could contradict that.

    Such a line is one that is added or belongs to a header and has no line break. Git refuses these too.
    """
    last = decode(content.rpartition(b"\n")[2])
    if last.startswith(("+", *(start for start, _ in EXTENDED))):
        raise PatchError(f"The patch ends without a line break, in {last[:40]!r}: add one if the line is whole")


class _Reader:
    """One pass over the lines of a patch."""

    def __init__(self, lines: list[str], strip: int) -> None:
        self.lines = lines
        self.strip = strip
        self.at = 0
        self.files: list[FileDiff] = []

    def patch(self) -> Patch:
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if line.startswith("diff --git "):
                self.git_file()
            elif self.is_plain_header():
                self.plain_file()
            elif HEADER.match(line.rstrip("\r\n")):
                raise self.broken("a hunk comes without a file header")
            elif UNREAD.match(line.rstrip()):
                raise self.broken("it names a binary file without its contents: take that file out of the patch")
            elif self.is_maimed():
                raise self.broken("a file header is followed by lines without a readable @@ line")
            else:
                self.at += 1
        if not self.files and any(line.strip() for line in self.lines):
            raise PatchError(NO_PATCH)
        return Patch(files=tuple(self.files))

    def broken(self, why: str) -> PatchError:
        return PatchError(f"The patch is corrupt at line {min(self.at, len(self.lines) - 1) + 1}: {why}")

    def is_plain_header(self) -> bool:
        window = self.lines[self.at : self.at + 3]
        return (
            len(window) == 3
            and window[0].startswith("--- ")
            and window[1].startswith("+++ ")
            and HEADER.match(window[2].rstrip("\r\n")) is not None
        )

    def is_maimed(self) -> bool:
        """Whether the two lines of a file header stand here and what follows looks like a hunk but is none."""
        window = self.lines[self.at : self.at + 3]
        headed = len(window) == 3 and window[0].startswith("--- ") and window[1].startswith("+++ ")
        return headed and window[2].startswith((" ", "+", "-", "@@")) and not window[2].startswith("--- ")

    # git headers

    def git_file(self) -> None:
        file = _File(git=True, default=self.common_name(self.lines[self.at].rstrip("\r\n")[11:]))
        self.at += 1
        while self.at < len(self.lines) and self.extended(file, self.lines[self.at].rstrip("\r\n")):
            self.at += 1
        if file.binary:
            self.skip_binary()
        else:
            self.read_hunks(file)
        self.files.append(self.finished(file))

    def common_name(self, rest: str) -> str | None:
        """The name both sides of a `diff --git` line agree on, None when they do not."""
        if rest.startswith('"'):
            end = re.match(r'"(?:[^"\\]|\\.)*"', rest)
            if end is None:
                raise self.broken("the quoted name has no closing quote")
            pairs = [(end.group(), rest[end.end() + 1 :])]
        elif rest.endswith('"') and ' "' in rest:
            at = rest.index(' "')
            pairs = [(rest[:at], rest[at + 1 :])]
        else:
            pairs = [(rest[:at], rest[at + 1 :]) for at, char in enumerate(rest) if char == " "]
        for left, right in pairs:
            names = {short(unquote(n) if n.startswith('"') else n, self.strip) for n in (left, right)}
            if len(names) == 1 and None not in names:
                return names.pop()
        return None

    def extended(self, file: _File, line: str) -> bool:
        """Take one extended header line; False when it is none."""
        for start, take in EXTENDED:
            if line.startswith(start):
                take(self, file, line[len(start) :])
                return not (file.binary and start == "GIT binary patch")
        return False

    def side(self, file: _File, text: str, new: bool) -> None:
        """A `---` or `+++` line of a git diff, which must agree with the rest of the header."""
        name = self.header_name(text)
        if name is not None:
            name = short(name, self.strip)
            if name is None:
                raise self.broken(f"{text.strip()!r} has fewer than {self.strip} leading folders to drop")
        gone = file.deleted if new else file.created
        if (name is None) != gone:
            raise self.broken("/dev/null and the mode lines of the header contradict each other")
        expected = (file.moved_to if new else file.moved_from) or file.default
        if name is not None and expected is not None and name != expected:
            raise self.broken(f"the names {expected} and {name} contradict each other")
        if new:
            file.new, file.named_new = name, True
        else:
            file.old, file.named_old = name, True

    def header_name(self, text: str) -> str | None:
        """The name in a `---` or `+++` line of a git diff, None for /dev/null."""
        name = unquote(text) if is_quoted(text) else text.split("\t", 1)[0]
        return None if name == "/dev/null" else name

    def moved(self, text: str) -> str:
        name = stripped(unquote(text) if is_quoted(text) else text, max(self.strip - 1, 0))
        if name is None:
            raise self.broken(f"{text.strip()!r} has fewer than {self.strip - 1} leading folders to drop")
        return name

    def skip_binary(self) -> None:
        while self.at < len(self.lines) and not self.lines[self.at].startswith("diff --git "):
            self.at += 1

    # plain headers

    def plain_file(self) -> None:
        names = [self.plain_name(self.lines[self.at + offset][4:].rstrip("\r\n")) for offset in (0, 1)]
        (old, old_absent), (new, new_absent) = names
        if old is not None and new is not None and old != new:
            # As git reads it: `file` against `file.orig` means the shorter, else the new side's name counts.
            old = new = old if new.startswith(old) else new
        if old is None and new is None:
            raise self.broken("it names no file")
        file = _File(git=False, old=None if old_absent else old or new, new=None if new_absent else new or old)
        file.created, file.deleted = old_absent, new_absent
        self.at += 2
        self.read_hunks(file)
        self.files.append(self.finished(file))

    def plain_name(self, text: str) -> tuple[str | None, bool]:
        """The stripped name and whether the side is absent: /dev/null, or a time stamp of the epoch."""
        name, stamp = (unquote(text), "") if is_quoted(text) else dated(text)
        if name == "/dev/null":
            return None, True
        shorter = short(name, self.strip)
        if shorter is None:
            raise self.broken(f"{name} has fewer than {self.strip} leading folders to drop")
        return shorter, is_epoch(stamp)

    # hunks

    def read_hunks(self, file: _File) -> None:
        while self.at < len(self.lines) and (match := HEADER.match(self.lines[self.at].rstrip("\r\n"))):
            file.hunks.append(self.hunk(match))
        line = self.lines[self.at] if self.at < len(self.lines) else ""
        if line.startswith("@@"):
            raise self.broken("the hunk header cannot be read")
        if file.git and (file.named_old or file.named_new or file.hunks):
            if not (file.named_old and file.named_new):
                raise self.broken("the header lacks its --- or its +++ line")
            if not file.hunks:
                raise self.broken("the --- and +++ lines are not followed by a hunk")
        if file.hunks:
            if line[:1] in ("+", " ") or (
                line.startswith("-") and line.rstrip() != "--" and not self.is_plain_header()
            ):
                raise self.broken("there are more lines than the hunk's header counts")
            if line.startswith("\\"):
                raise self.broken("a line beginning with a backslash does not follow the last line of a side")

    def hunk(self, match: re.Match[str]) -> Hunk:
        old_start, new_start = int(match[1]), int(match[3])
        old_left, new_left = (int(match[n]) if match[n] is not None else 1 for n in (2, 4))
        if max(old_left, new_left, old_start, new_start) > MAX_COUNT:
            raise self.broken("its line numbers are absurd")
        counts = (old_left, new_left)
        self.at += 1
        lines: list[Line] = []
        while old_left > 0 or new_left > 0:
            line = self.hunk_line()
            old_left -= line.kind != "+"
            new_left -= line.kind != "-"
            if old_left < 0 or new_left < 0:
                raise self.broken("there are more lines than the hunk's header counts")
            lines.append(self.unended(line))
        if all(line.kind == " " for line in lines):
            raise self.broken("the hunk changes nothing")
        self.check_ends(lines)
        section = (match[5] or "").strip()
        return Hunk(
            old_start=old_start,
            old_count=counts[0],
            new_start=new_start,
            new_count=counts[1],
            section=section,
            lines=tuple(lines),
        )

    def hunk_line(self) -> Line:
        if self.at >= len(self.lines):
            raise self.broken("it ends in the middle of a hunk")
        text = self.lines[self.at]
        self.at += 1
        if text in ("\n", "\r\n"):
            return Line(kind=" ", text=text)
        if text[0] not in " +-":
            self.at -= 1
            raise self.broken("a hunk line must begin with a space, + or -")
        if not text.endswith("\n"):
            # The text of the patch was cut at its last line feed; the file's line is taken to have its own.
            text += "\n"
        return Line(kind=KINDS[text[0]], text=text[1:])

    def unended(self, line: Line) -> Line:
        if self.at < len(self.lines) and self.lines[self.at].startswith("\\ "):
            if len(self.lines[self.at]) <= len("\\ No newline"):
                raise self.broken("it ends in the middle of a line")
            self.at += 1
            return Line(kind=line.kind, text=line.text.removesuffix("\n"))
        return line

    def check_ends(self, lines: list[Line]) -> None:
        for skipped in ("+", "-"):
            side = [line.text for line in lines if line.kind != skipped]
            if any(not text.endswith("\n") for text in side[:-1]):
                raise self.broken("a line without a line ending is not the last of the file")

    def finished(self, file: _File) -> FileDiff:
        old, new = file.old, file.new
        if file.git and not file.named_old:
            old = file.moved_from or (None if file.created else file.default)
            new = file.moved_to or (None if file.deleted else file.default)
        if old is None and new is None:
            raise self.broken("the header does not say which file is meant")
        if why := contradiction(file):
            raise self.broken(why)
        modes = file.old_mode != file.new_mode
        if not (file.hunks or file.binary or old != new or file.created or file.deleted or modes):
            raise self.broken("the file diff changes nothing")
        if file.created and any(hunk.old_count for hunk in file.hunks):
            raise self.broken(f"the new file {new} depends on old contents")
        if file.deleted and any(hunk.new_count for hunk in file.hunks):
            raise self.broken(f"the deleted file {old} still has contents")
        return FileDiff(
            old_path=old,
            new_path=new,
            old_mode=file.old_mode,
            new_mode=file.new_mode,
            binary=file.binary,
            copied=file.copied,
            hunks=numbered(file.hunks),
        )


def contradiction(file: _File) -> str | None:
    """What is wrong with a header whose lines contradict each other, or lack one of a pair."""
    if (file.created or file.deleted) and (file.moved_from or file.moved_to or (file.created and file.deleted)):
        return "the header lines contradict each other: a file is new, deleted, renamed or copied"
    if (file.moved_from is None) != (file.moved_to is None):
        return "the header has one half of a rename or copy: both from and to are needed"
    if not (file.created or file.deleted) and (file.old_mode is None) != (file.new_mode is None):
        return "the header has one half of a mode change: both the old and the new mode are needed"
    return None


def _set_created(_: _Reader, file: _File, text: str) -> None:
    file.created, file.new_mode = True, text.strip()


def _set_deleted(_: _Reader, file: _File, text: str) -> None:
    file.deleted, file.old_mode = True, text.strip()


def _set_old_mode(_: _Reader, file: _File, text: str) -> None:
    file.old_mode = text.strip()


def _set_new_mode(_: _Reader, file: _File, text: str) -> None:
    file.new_mode = text.strip()


def _set_from(reader: _Reader, file: _File, text: str) -> None:
    file.moved_from = reader.moved(text)


def _set_to(reader: _Reader, file: _File, text: str) -> None:
    file.moved_to = reader.moved(text)


def _set_copy_from(reader: _Reader, file: _File, text: str) -> None:
    file.moved_from, file.copied = reader.moved(text), True


def _set_binary(_: _Reader, file: _File, text: str) -> None:
    file.binary = True


def _set_index(reader: _Reader, file: _File, text: str) -> None:
    match = re.fullmatch("[0-9a-f]+\\.\\.[0-9a-f]+(?: ([0-7]{6}))?", text)
    if match is None:
        raise reader.broken("the index line cannot be read")
    file.old_mode = file.old_mode or match[1]
    file.new_mode = file.new_mode or match[1]


def _skip(_: _Reader, file: _File, text: str) -> None:
    return None


EXTENDED = (
    ("--- ", lambda reader, file, text: reader.side(file, text, False)),
    ("+++ ", lambda reader, file, text: reader.side(file, text, True)),
    ("old mode ", _set_old_mode),
    ("new mode ", _set_new_mode),
    ("new file mode ", _set_created),
    ("deleted file mode ", _set_deleted),
    ("copy from ", _set_copy_from),
    ("copy to ", _set_to),
    ("rename from ", _set_from),
    ("rename to ", _set_to),
    ("rename old ", _set_from),
    ("rename new ", _set_to),
    ("similarity index ", _skip),
    ("dissimilarity index ", _skip),
    ("index ", _set_index),
    ("Binary files ", _set_binary),
    ("GIT binary patch", _set_binary),
)
