"""The pure patch model: Patch ⊃ FileDiff ⊃ Hunk ⊃ Line. Parsing, applying and making are elsewhere.

Text is `str` decoded as UTF-8 with surrogateescape and keeps its own line ending (`\\n`, `\\r\\n` or
none at the end of a file), so encoding it back gives the very bytes of the file.
"""

from __future__ import annotations

import hashlib
from functools import cached_property
from typing import Literal

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """An immutable value that refuses unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Line(Frozen):
    """One line of a hunk: context, removed or added. `text` includes its line ending, if it has one."""

    kind: Literal[" ", "-", "+"]
    text: str


class Hunk(Frozen):
    """A run of changes with context. Starts are 1-based; a start is 0 where its side is empty."""

    old_start: int
    old_count: int
    new_start: int
    new_count: int
    section: str = ""
    lines: tuple[Line, ...]
    nth: int = 0
    """Which of several hunks of one file with the very same lines, 0 first; keeps ids unique."""

    @cached_property
    def id(self) -> str:
        """Stable while the changed lines and the nearest context stay the same, wherever the hunk moves."""
        text = "".join(f"{line.kind}{line.text}" for line in self.lines) + (f"#{self.nth}" if self.nth else "")
        return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:12]

    @property
    def added(self) -> int:
        """Lines added."""
        return sum(line.kind == "+" for line in self.lines)

    @property
    def removed(self) -> int:
        """Lines removed."""
        return sum(line.kind == "-" for line in self.lines)


class FileDiff(Frozen):
    """All changes to one file. `old_path` is None for a new file, `new_path` for a deleted one.

    Paths are relative to the repository with `/`. Modes are git's octal strings such as `100755`.
    `base_hash` is the sha256 of the file the hunks were computed against, None where it was absent.
    """

    old_path: str | None
    new_path: str | None
    old_mode: str | None = None
    new_mode: str | None = None
    base_hash: str | None = None
    binary: bool = False
    copied: bool = False
    """`old_path` is copied, not renamed, and stays as it is."""
    hunks: tuple[Hunk, ...] = ()

    @property
    def path(self) -> str:
        """Where the file is found after the change, or was before it was deleted."""
        return self.new_path or self.old_path or ""

    @property
    def status(self) -> Literal["added", "deleted", "renamed", "modified"]:
        """What happens to the file."""
        if self.old_path is None or self.copied:
            return "added"
        if self.new_path is None:
            return "deleted"
        return "renamed" if self.old_path != self.new_path else "modified"

    @property
    def added(self) -> int:
        """Lines added in the whole file."""
        return sum(h.added for h in self.hunks)

    @property
    def removed(self) -> int:
        """Lines removed in the whole file."""
        return sum(h.removed for h in self.hunks)


class Patch(Frozen):
    """Changes to several files, applied all or not at all."""

    files: tuple[FileDiff, ...] = ()

    @property
    def paths(self) -> tuple[str, ...]:
        """Every path this patch touches, in order."""
        return tuple(f.path for f in self.files)

    @property
    def added(self) -> int:
        """Lines added in all files."""
        return sum(f.added for f in self.files)

    @property
    def removed(self) -> int:
        """Lines removed in all files."""
        return sum(f.removed for f in self.files)


class HunkPick(Frozen):
    """What was decided for one hunk. `lines` are indexes into `Hunk.lines` of the changed lines taken.

    `lines=None` takes the whole hunk; an empty tuple takes none of it. `text` replaces the hunk's new
    side (added and context lines joined) where the user edited it. `hunk=""` stands for what a file
    diff says beyond its hunks: mode, rename, a binary or empty file made or deleted.
    """

    path: str
    hunk: str
    lines: tuple[int, ...] | None = None
    text: str | None = None


class Sides(Frozen):
    """One place where a proposal and the file on disk clash: lines of the old text, what each side made of them.

    `start` and `end` are 0-based lines of the text both started from, `end` excluded.
    """

    path: str
    start: int
    end: int
    base: str
    proposed: str
    on_disk: str


class Resolution(Frozen):
    """How the user settles a clash in a file: the proposal's lines, those on disk, or neither (dropped later)."""

    path: str
    side: Literal["proposed", "on_disk"]


HunkState = Literal["clean", "moved", "merged", "conflict"]
"""How a pending hunk stands to the file on disk after somebody else changed it."""
