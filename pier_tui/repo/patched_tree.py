"""The files of a folder as a patch leaves them, worked out in memory one file diff after another. Writes nothing.

The rules are those of `git apply`: renames and copies start from the files as they were before the patch, in
whatever order they come, so that names may be swapped; every other part of a patch starts from what the parts
before it left. What git does there by accident (a file changed and then renamed, two renames of one file) is refused.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pier_tui.errors import PatchError
from pier_tui.repo.beneath import read
from pier_tui.repo.diff import FileDiff
from pier_tui.repo.disk import Change
from pier_tui.repo.hunks import apply_hunks
from pier_tui.repo.making import decode, encode, is_binary
from pier_tui.repo.paths import clean

REGULAR = re.compile("100[0-7]{3}")


@dataclass
class Entry:
    """A file while the patch is worked out: as it is on disk, and as it will be."""

    pre: bytes | None
    pre_mode: int | None
    post: bytes | None
    mode: int | None = None
    changed: bool = False
    """An earlier part of the patch changed or made it."""
    left: bool = False
    """An earlier part of the patch renamed or deleted it."""
    arrived: bool = False
    """`post` is another file, renamed to this name before the file that had it leaves."""


class Tree:
    """What a patch makes of the files under `root`. `leaving` are the names the patch renames away from."""

    def __init__(self, root: Path, leaving: Iterable[str] = ()) -> None:
        self.root = root
        self.leaving = frozenset(leaving)
        self.entries: dict[str, Entry] = {}

    def entry(self, path: str) -> Entry:
        """The file by its clean path. Raises RepositoryError for links and special files."""
        if path not in self.entries:
            found = read(self.root, path)
            pre, mode = (None, None) if found is None else (found.content, found.mode)
            self.entries[path] = Entry(pre, mode, pre)
        return self.entries[path]

    def work(self, file: FileDiff) -> None:
        """Work one file diff in. Raises PatchError or RepositoryError."""
        refuse_kind(file)
        old = None if file.old_path is None else checked(file.old_path)
        new = None if file.new_path is None else checked(file.new_path)
        source = None if old is None else self.entry(old)
        moves = new is not None and old != new
        before = None if source is None else source.pre if moves else source.post
        content, mode = patched(file, before), mode_of(file, source)
        if new is not None and moves:
            self.arrive(new)
        if old is not None and source is not None and old != new and not file.copied:
            leave(old, source, renamed=moves)
        if new is not None:
            target = self.entry(new)
            target.post, target.changed = content, True
            target.mode = target.mode if mode is None else mode

    def arrive(self, path: str) -> None:
        """Make room for a file at its new name. Raises PatchError where there is one that does not leave."""
        target = self.entry(path)
        if target.post is not None and (path not in self.leaving or target.changed or target.left):
            raise PatchError(f"{path} exists already, so the patch cannot make it: remove or rename it first")
        target.arrived = target.post is not None
        target.mode = None

    def changes(self) -> dict[str, Change]:
        """What is to be written. Raises PatchError where a file and a folder would have one name."""
        found = {
            path: Change(e.pre, e.post, e.mode)
            for path, e in self.entries.items()
            if e.pre != e.post or (e.mode is not None and e.post is not None)
        }
        for path, change in found.items():
            if change.post is not None and change.pre is None:
                self.refuse_clash(path)
        return found

    def refuse_clash(self, path: str) -> None:
        """Raise PatchError where a new file's name is a folder, or goes through a file, after the patch."""
        parts = path.split("/")
        for above in ("/".join(parts[:end]) for end in range(1, len(parts))):
            entry = self.entries.get(above)
            if (entry and entry.post is not None) or (entry is None and (self.root / above).is_file()):
                raise PatchError(f"{path} cannot be made: {above} is a file, not a folder")
        for folder, folders, names in os.walk(self.root / path):
            inside = [(Path(folder) / name).relative_to(self.root).as_posix() for name in names]
            stays = any((entry := self.entries.get(p)) is None or entry.post is not None for p in inside)
            if stays or not (folders or names):
                raise PatchError(f"{path} is a folder, so the patch cannot make a file of it: remove the folder first")
        if any(p.startswith(f"{path}/") and e.post is not None for p, e in self.entries.items()):
            raise PatchError(f"{path} would be a file and a folder at once")


def leave(path: str, source: Entry, *, renamed: bool) -> None:
    """Take a file away from its name. Raises PatchError where that would mean two things."""
    if source.left:
        raise PatchError(f"{path} is renamed or deleted twice in the patch: apply its parts one by one")
    if renamed and source.changed and not source.arrived:
        raise PatchError(f"{path} is changed and then renamed in the patch: apply its parts one by one")
    source.left = True
    if not source.arrived:
        source.post, source.mode = None, None


def renames(file: FileDiff) -> bool:
    """Whether the file diff takes a file away from its name to another."""
    return file.old_path is not None and file.new_path not in (None, file.old_path) and not file.copied


def checked(name: str) -> str:
    """The name as a clean path. Raises RepositoryError for one that is absolute, leaves the folder or is git's own."""
    if name.startswith("/"):
        raise PatchError(f"{name} is an absolute name: a patch names files inside the folder, check -p")
    return clean(name)


def refuse_kind(file: FileDiff) -> None:
    """Raise PatchError for what is not a regular text file in the patch."""
    if file.binary:
        raise PatchError(f"{file.path} is binary: a patch of a binary file is not applied, copy the file instead")
    if any(mode is not None and not REGULAR.fullmatch(mode) for mode in (file.old_mode, file.new_mode)):
        raise PatchError(f"{file.path} is a symbolic link or a submodule in the patch: only regular files are written")


def patched(file: FileDiff, old: bytes | None) -> bytes | None:
    """The new content of one file. Raises PatchError when the patch does not fit the old one."""
    created = file.old_path is None or (
        bool(file.hunks) and file.old_path == file.new_path and not any(h.old_count for h in file.hunks)
    )
    if old is None and not created:
        raise PatchError(f"{file.old_path} does not exist, so the patch cannot change it: check the folder and -p")
    if file.old_path is None:
        old = None
    if is_binary(old):
        raise PatchError(f"{file.path} is binary on disk: it is not patched")
    try:
        text = apply_hunks(decode(old or b""), file.hunks)
    except PatchError as error:
        raise PatchError(f"{file.path}: {error}") from error
    if file.new_path is None:
        if text:
            raise PatchError(f"{file.path}: the patch deletes the file but leaves contents: the file on disk has more")
        return None
    return encode(text)


def mode_of(file: FileDiff, source: Entry | None) -> int | None:
    """The mode to set on the target, None to leave it: git knows only whether a file is executable."""
    if file.new_mode is not None and file.new_mode != file.old_mode:
        return 0o755 if int(file.new_mode, 8) & 0o100 else 0o644
    if source is not None and file.old_path != file.new_path:
        return source.mode if source.mode is not None else source.pre_mode
    return None
