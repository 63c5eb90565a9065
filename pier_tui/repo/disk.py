"""Writing several files of a folder, all or none, through no symbolic link. Used by `applying` and `checkpoint`.

Every file is staged beside its target first and then put in its place. Renaming over a file cannot be made to
depend on what is there, so the staged file and its target are exchanged (`renameat2`) and what came out is looked
at: where it is not what was reviewed it goes back in. A deletion moves the file aside, looks, and lets go of it
last; a new file never replaces one. What came out is kept until every file is in place, looked at once more, and
only then removed, so that going back needs no space on the disk.

What remains: a program that opened the old file before the exchange and writes through that descriptor after the
last look writes into a file that has no name any more. Where the kernel or the file system cannot exchange, the
file is compared and renamed over, and a writer between those two calls loses. Access times are not kept.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from pier_tui.errors import RepositoryError, WriteConflict
from pier_tui.repo import syscalls
from pier_tui.repo.attributes import alike, copied
from pier_tui.repo.beneath import Foreign, Refused, folder, found_in, read, status
from pier_tui.repo.paths import clean
from pier_tui.seams import call, write_whole

STAGED = ".pier-tui-"
"""How the name of a staged file begins; such files are never listed, watched or copied."""
READY, PART = ".tmp", ".part"
"""How it ends: whole and flushed, or still being written."""


class Change(NamedTuple):
    """What one file is to become. `pre` must be on disk now; None is no file. `mode` sets the exec bit."""

    pre: bytes | None
    post: bytes | None
    mode: int | None = None


def with_exec(mode: int, wanted: int | None, *, new: bool = False) -> int:
    """Permission bits with the exec bit as `wanted` has it; None leaves it. A new file takes unusual bits whole."""
    if wanted is None:
        return mode
    if new and stat.S_IMODE(wanted) not in (0o644, 0o755):
        return stat.S_IMODE(wanted)
    return mode | (mode & 0o444) >> 2 if wanted & 0o100 else mode & ~0o111


class Writing:
    """One all-or-none write of several files under `root`.

    `stage`, then `verify`, then `finish`; `take_back` after a failure, `discard` in any case. `names` gives each
    path's staged file, relative to `root`, and may be known before anything is written.
    """

    def __init__(self, root: Path, changes: Mapping[str, Change], names: Mapping[str, str] | None = None) -> None:
        self.root = root
        self.changes = {clean(path): change for path, change in changes.items()}
        self.names = dict(names or staged_names(root, self.changes, secrets.token_hex(8)))
        self.written: dict[str, bool] = {}
        """Paths in place, and whether what they replaced came out under the staged name."""

    def verify(self) -> None:
        """Compare every file with its `pre`. Raises WriteConflict naming those that differ; nothing is written."""
        differing: list[str] = []
        for path, change in self.changes.items():
            found = read(self.root, path)
            if (None if found is None else found.content) != change.pre:
                differing.append(path)
            elif found is not None and found.names > 1 and change.post not in (None, change.pre):
                raise RepositoryError(
                    f"{path} has another name (a hard link) that would keep the old text, so nothing was written: "
                    "give it a copy of its own (cp it and mv it back), then apply again"
                )
        if differing:
            raise WriteConflict(
                f"{', '.join(differing)} changed on disk since the review, so nothing was written: review again"
            )

    def stands(self, path: str, content: bytes | None) -> bool:
        """Whether the file on disk has this very content."""
        found = read(self.root, path)
        return (None if found is None else found.content) == content

    def stage(self) -> None:
        """Write every new content beside its target and flush it to disk. Raises OSError, RepositoryError."""
        for path, change in self.changes.items():
            if change.post is not None and change.post != change.pre:
                self._stage_one(path, change, change.post)

    def _stage_one(self, path: str, change: Change, content: bytes) -> None:
        """Write one staged file with the permission bits, owner and attributes its target has."""
        before = status(self.root, path)
        ready = self.names[path].rsplit("/", 1)[-1]
        part = ready.removesuffix(READY) + PART
        with _there(self.root, self.names[path]) as where:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
            number = call("fs.open", os.open, part, flags, 0o666, dir_fd=where)
            try:
                fresh = stat.S_IMODE(os.fstat(number).st_mode)
                if before is not None:
                    call("fs.fchmod", os.fchmod, number, 0o600)
                    with contextlib.suppress(PermissionError):
                        call("fs.fchown", os.fchown, number, before.st_uid, before.st_gid)
                write_whole(number, content)
                if before is not None:
                    self._copy_attributes(path, number)
                mode = fresh if before is None else stat.S_IMODE(before.st_mode)
                call("fs.fchmod", os.fchmod, number, with_exec(mode, change.mode, new=before is None))
                call("fs.fsync", os.fsync, number)
            finally:
                os.close(number)
            call("fs.rename", os.rename, part, ready, src_dir_fd=where, dst_dir_fd=where)

    def _copy_attributes(self, path: str, number: int) -> None:
        with _there(self.root, path) as where:
            name = path.rsplit("/", 1)[-1]
            old = call("fs.open", os.open, name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=where)
            try:
                copied(old, number)
                if not alike(old, number):
                    raise RepositoryError(
                        f"{path} has extended attributes or an access list that cannot be kept, so nothing was written"
                    )
            finally:
                os.close(old)

    def finish(self) -> None:
        """Put every file in its place, deletions first, so a file can become a folder; then let the old ones go.

        Raises WriteConflict where one is not what it was at that very moment; `take_back` then undoes the others.
        """
        for path in sorted(self.changes, key=lambda p: self.changes[p].post is not None):
            change = self.changes[path]
            if change.post == change.pre:
                self._set_mode(path, change)
            else:
                self._place(path, change)
        for path, kept in self.written.items():
            if kept:
                self._look_again(path)
        for path, kept in self.written.items():
            if kept:
                self._let_go(path)
            if self.changes[path].post is None:
                prune(self.root, path)

    def _place(self, path: str, change: Change) -> None:
        name, staged = path.rsplit("/", 1)[-1], self.names[path].rsplit("/", 1)[-1]
        if change.pre is not None and not self.stands(path, change.pre):
            raise self._late(path)
        if change.post is None:
            with _there(self.root, path) as where, _there(self.root, self.names[path]) as aside:
                call("fs.rename", os.rename, name, staged, src_dir_fd=where, dst_dir_fd=aside)
                self.written[path] = True
                if not _holds(aside, staged, path, change.pre):
                    raise self._late(path)
                call("fs.fsync", os.fsync, where)
            if path.rpartition("/")[0] in self.changes:
                prune(self.root, path)
        elif change.pre is None:
            self._place_new(path, name, staged)
        else:
            with _there(self.root, path) as where:
                self.written[path] = exchange(staged, name, where)
                if self.written[path] and not _holds(where, staged, path, change.pre):
                    raise self._late(path)
                call("fs.fsync", os.fsync, where)

    def _place_new(self, path: str, name: str, staged: str) -> None:
        try:
            with _there(self.root, path, make=True) as where, _there(self.root, self.names[path]) as source:
                if not put(staged, name, source, where):
                    raise WriteConflict(f"{path} appeared on disk at the last moment, so it was not written")
                self.written[path] = False
                call("fs.fsync", os.fsync, where)
        except (OSError, RepositoryError):
            prune(self.root, path, self.names[path].rpartition("/")[0])
            raise

    def _late(self, path: str) -> WriteConflict:
        return WriteConflict(f"{path} changed on disk at the last moment, so it was not written: review again")

    def _look_again(self, path: str) -> None:
        with _there(self.root, self.names[path]) as where:
            if not _holds(where, self.names[path].rsplit("/", 1)[-1], path, self.changes[path].pre):
                raise self._late(path)

    def _let_go(self, path: str) -> None:
        # Everything is in place: what cannot be removed now is removed at the next start.
        with contextlib.suppress(OSError), _there(self.root, self.names[path]) as where:
            call("fs.unlink", os.unlink, self.names[path].rsplit("/", 1)[-1], dir_fd=where)

    def _set_mode(self, path: str, change: Change) -> None:
        """Change the exec bit alone."""
        if not self.stands(path, change.pre):
            raise self._late(path)
        if change.mode is None or change.post is None:
            return
        with _there(self.root, path) as where:
            name = path.rsplit("/", 1)[-1]
            number = call("fs.open", os.open, name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=where)
            try:
                mode = stat.S_IMODE(os.fstat(number).st_mode)
                call("fs.fchmod", os.fchmod, number, with_exec(mode, change.mode))
                call("fs.fsync", os.fsync, number)
            finally:
                os.close(number)

    def take_back(self) -> Sequence[str]:
        """After a failure, put the files already written back; returns those that could not be, or are not ours."""
        failed: list[str] = []
        for path in reversed(list(self.written)):
            try:
                done = self._take_back_one(path)
            except (OSError, RepositoryError):
                done = False
            if not done:
                failed.append(path)
        self.written.clear()
        return failed

    def _take_back_one(self, path: str) -> bool:
        """Undo `_place`; whatever somebody else wrote meanwhile stays under its name. False where ours stays too."""
        change, kept = self.changes[path], self.written[path]
        name, staged = path.rsplit("/", 1)[-1], self.names[path].rsplit("/", 1)[-1]
        with _there(self.root, self.names[path]) as source, _there(self.root, path, make=True) as where:
            if change.post is None:
                return put(staged, name, source, where)
            if change.pre is None:
                with contextlib.suppress(FileNotFoundError):
                    call("fs.rename", os.rename, name, staged, src_dir_fd=where, dst_dir_fd=source)
                if exists(source, staged) and not _holds(source, staged, path, change.post):
                    return put(staged, name, source, where)
            elif kept:
                # What comes out now is ours, unless somebody wrote over it: that is newer than what goes back in.
                if exchange(staged, name, where) and not _holds(where, staged, path, change.post):
                    exchange(staged, name, where)
                    return False
            else:
                return rewritten(self.root, path, Change(change.post, change.pre), self.names[path])
            with contextlib.suppress(OSError):
                call("fs.fsync", os.fsync, where)
        if change.pre is None:
            prune(self.root, path, self.names[path].rpartition("/")[0])
        return True

    def discard(self) -> Sequence[str]:
        """Remove staged files that are ours or hold nothing new; returns the paths whose staged file had to stay."""
        left: list[str] = []
        for path, staged in self.names.items():
            try:
                if not self._discard_one(path, staged):
                    left.append(path)
            except (OSError, RepositoryError):
                left.append(path)
        return left

    def _discard_one(self, path: str, staged: str) -> bool:
        with folder(self.root, staged) as where:
            if where is None:
                return True
            name = staged.rsplit("/", 1)[-1]
            with contextlib.suppress(FileNotFoundError):
                call("fs.unlink", os.unlink, name.removesuffix(READY) + PART, dir_fd=where)
            found = found_in(where, name, path)
            if found is None:
                return not exists(where, name)
            if found.content not in (self.changes[path].pre, self.changes[path].post):
                return False
            call("fs.unlink", os.unlink, name, dir_fd=where)
            return True


@contextlib.contextmanager
def _there(root: Path, path: str, *, make: bool = False) -> Iterator[int]:
    """The open folder of a path that has to be there. Raises WriteConflict where it is gone."""
    with folder(root, path, make=make) as where:
        if where is None:
            raise WriteConflict(f"The folder of {path} is gone, so it was not written: review again")
        yield where


def _holds(where: int, name: str, path: str, content: bytes | None) -> bool:
    """Whether an entry of an open folder is a regular file with these bytes."""
    try:
        found = found_in(where, name, path)
    except Foreign:
        return False
    return found is not None and found.content == content


def prune(root: Path, path: str, stop: str = "") -> None:
    """Remove folders that the deletion of `path` left empty, as git does; `stop` and those above it stay."""
    parent = path.rpartition("/")[0]
    while parent != stop and parent:
        try:
            with folder(root, parent) as where, contextlib.suppress(FileNotFoundError):
                if where is not None:
                    call("fs.rmdir", os.rmdir, parent.rsplit("/", 1)[-1], dir_fd=where)
        except (OSError, RepositoryError):
            return
        parent = parent.rpartition("/")[0]


def exists(where: int, name: str) -> bool:
    """Whether an open folder has an entry of any kind by this name."""
    try:
        os.stat(name, dir_fd=where, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def exchange(staged: str, name: str, where: int) -> bool:
    """Put the staged file in its place; True where the old one came out under the staged name."""
    if call("fs.exchange", syscalls.rename, staged, name, syscalls.EXCHANGE, src_dir_fd=where, dst_dir_fd=where):
        return True
    call("fs.rename", os.rename, staged, name, src_dir_fd=where, dst_dir_fd=where)
    return False


def put(staged: str, name: str, source: int, where: int) -> bool:
    """Give a file its name unless something has that name already; False then."""
    flags = syscalls.NOREPLACE
    try:
        if call("fs.rename", syscalls.rename, staged, name, flags, src_dir_fd=source, dst_dir_fd=where):
            return True
        call("fs.link", os.link, staged, name, src_dir_fd=source, dst_dir_fd=where)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in syscalls.MISSING or exists(where, name):
            raise
        call("fs.rename", os.rename, staged, name, src_dir_fd=source, dst_dir_fd=where)  # no hard links here
        return True
    call("fs.unlink", os.unlink, staged, dir_fd=source)
    return True


def rewritten(root: Path, path: str, change: Change, staged: str) -> bool:
    """Write one file by itself, all of it or nothing; False where it is not what it should be.

    Raises OSError or Refused.
    """
    one = Writing(root, {path: change}, {path: staged})
    try:
        one.stage()
        one.finish()
    except (OSError, RepositoryError) as error:
        if one.written.get(path):
            one.take_back()
        if isinstance(error, OSError | Refused):
            raise
        return False
    finally:
        one.discard()
    return True


def staged_names(root: Path, changes: Mapping[str, Change], token: str) -> dict[str, str]:
    """Where each file is staged: its own folder, or the nearest one above that exists and is to stay a folder."""
    found: dict[str, str] = {}
    for number, path in enumerate(changes):
        parent = path.rpartition("/")[0]
        while parent and (parent in changes or not (root / parent).is_dir() or (root / parent).is_symlink()):
            parent = parent.rpartition("/")[0]
        name = f"{STAGED}{token}-{number}{READY}"
        found[path] = f"{parent}/{name}" if parent else name
    return found


def write_all(root: Path, changes: Mapping[str, Change]) -> None:
    """Write all changes or none. Raises WriteConflict, or RepositoryError when the disk refuses."""
    writing = Writing(root, changes)
    try:
        writing.verify()
        writing.stage()
        writing.finish()
    except (OSError, RepositoryError) as error:
        left = writing.take_back()
        raise failure(error, left) from error
    finally:
        writing.discard()


def failure(error: OSError | RepositoryError, left: Sequence[str]) -> RepositoryError:
    """The sentence for a write that did not go through."""
    tail = f"; {', '.join(left)} could not be put back" if left else "; nothing was changed"
    if isinstance(error, RepositoryError) and not left:
        return error
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return RepositoryError(f"Writing failed: {reason}{tail}")
