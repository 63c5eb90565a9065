"""Writing several files of a folder, all or none, through no symbolic link. Used by `applying` and `checkpoint`.

Folders are opened one by one relative to each other without following links, so nothing can be swapped in
between the check and the write. Every file is staged beside its target first, and renamed last.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from pier_tui.errors import RepositoryError, WriteConflict
from pier_tui.repo.paths import clean

STAGED = ".pier-tui-"
"""How the name of a staged file begins; such files are never listed, watched or copied."""


class Change(NamedTuple):
    """What one file is to become. `pre` must be on disk now; None is no file. `mode` sets the exec bit."""

    pre: bytes | None
    post: bytes | None
    mode: int | None = None


@dataclass(frozen=True)
class OnDisk:
    """A regular file as found: its bytes and its permission bits."""

    content: bytes
    mode: int


@contextlib.contextmanager
def folder(root: Path, path: str, *, make: bool = False) -> Iterator[int | None]:
    """An open descriptor of the folder that holds `path`; None where it does not exist and `make` is unset.

    Raises RepositoryError where a part of the way is a link or not a folder.
    """
    here = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for part in path.split("/")[:-1]:
            if make:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(part, dir_fd=here)
            try:
                below = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=here)
            except FileNotFoundError:
                yield None
                return
            except OSError as error:
                if error.errno in (errno.ENOTDIR, errno.ELOOP):
                    if not make and not is_link(part, here):
                        yield None
                        return
                    raise RepositoryError(
                        f"{path} goes through {part}, a symbolic link or a file: not touched"
                    ) from error
                raise
            os.close(here)
            here = below
        yield here
    finally:
        os.close(here)


def is_link(name: str, where: int) -> bool:
    """Whether an entry of an open folder is a symbolic link."""
    return stat.S_ISLNK(os.stat(name, dir_fd=where, follow_symlinks=False).st_mode)


def read(root: Path, path: str) -> OnDisk | None:
    """The regular file at `path`, None where there is none or a folder. Raises RepositoryError for links."""
    name = path.rsplit("/", 1)[-1]
    with folder(root, path) as where:
        if where is None:
            return None
        try:
            number = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=where)
        except FileNotFoundError:
            return None
        except OSError as error:
            if error.errno in (errno.ELOOP, errno.ENXIO):
                raise RepositoryError(f"{path} is a symbolic link or a special file: not touched") from error
            raise RepositoryError(f"{path} cannot be read: {error.strerror}") from error
        try:
            mode = os.fstat(number).st_mode
            if stat.S_ISDIR(mode):
                return None
            if not stat.S_ISREG(mode):
                raise RepositoryError(f"{path} is not a regular file: not touched")
            with open(number, "rb", closefd=False) as file:
                return OnDisk(file.read(), stat.S_IMODE(mode))
        finally:
            os.close(number)


def with_exec(mode: int, wanted: int | None, *, new: bool = False) -> int:
    """Permission bits with the exec bit as `wanted` has it; None leaves it. A new file takes unusual bits whole."""
    if wanted is None:
        return mode
    if new and stat.S_IMODE(wanted) not in (0o644, 0o755):
        return stat.S_IMODE(wanted)
    return mode | (mode & 0o444) >> 2 if wanted & 0o100 else mode & ~0o111


class Writing:
    """One all-or-none write of several files under `root`.

    `stage`, then `verify`, then `finish`; `discard` removes what was staged. `names` gives each path's staged
    file, relative to `root`, and may be known before anything is written.
    """

    def __init__(self, root: Path, changes: Mapping[str, Change], names: Mapping[str, str] | None = None) -> None:
        self.root = root
        self.changes = {clean(path): change for path, change in changes.items()}
        token = secrets.token_hex(8)
        self.names = dict(names or {p: staged_name(root, p, f"{token}-{n}") for n, p in enumerate(self.changes)})
        self.written: list[str] = []

    def verify(self) -> None:
        """Compare every file with its `pre`. Raises WriteConflict naming those that differ; nothing is written."""
        differing = [path for path, change in self.changes.items() if not self.stands(path, change.pre)]
        if differing:
            raise WriteConflict(
                f"{', '.join(differing)} changed on disk since the review, so nothing was written: review again"
            )

    def stands(self, path: str, content: bytes | None) -> bool:
        """Whether the file on disk has this very content."""
        found = read(self.root, path)
        return (None if found is None else found.content) == content

    def stage(self) -> None:
        """Write every new content beside its target and flush it to disk. Raises OSError."""
        for path, change in self.changes.items():
            if change.post is not None and change.post != change.pre:
                self.stage_one(path, change, change.post)

    def stage_one(self, path: str, change: Change, content: bytes) -> None:
        """Write one staged file with the permission bits and owner its target has."""
        staged = self.names[path]
        with folder(self.root, staged) as where:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
            number = os.open(staged.rsplit("/", 1)[-1], flags, 0o666, dir_fd=where)
            with open(number, "wb") as file:
                before = self.status(path)
                mode = stat.S_IMODE((before or os.fstat(number)).st_mode)
                if before is not None:
                    with contextlib.suppress(PermissionError):
                        os.fchown(number, before.st_uid, before.st_gid)
                file.write(content)
                file.flush()
                os.fchmod(number, with_exec(mode, change.mode, new=before is None))
                os.fsync(number)

    def status(self, path: str) -> os.stat_result | None:
        """The target's own status, None where it does not exist."""
        with folder(self.root, path) as where:
            if where is None:
                return None
            try:
                return os.stat(path.rsplit("/", 1)[-1], dir_fd=where, follow_symlinks=False)
            except FileNotFoundError:
                return None

    def finish(self) -> None:
        """Put every file in its place: deletions first, so a file can become a folder. Raises WriteConflict."""
        for path in sorted(self.changes, key=lambda p: self.changes[p].post is not None):
            self.finish_one(path, self.changes[path])

    def finish_one(self, path: str, change: Change) -> None:
        """Put one file in its place if it still is what it was."""
        if not self.stands(path, change.pre):
            raise WriteConflict(f"{path} changed on disk at the last moment, so it was not written: review again")
        name = path.rsplit("/", 1)[-1]
        if change.post == change.pre:
            self.set_mode(path, change.mode)
            return
        with folder(self.root, path, make=change.post is not None) as where:
            if where is None:
                return
            if change.post is None:
                os.unlink(name, dir_fd=where)
            else:
                self.place(path, name, where, new=change.pre is None)
            self.written.append(path)
            os.fsync(where)
        if change.post is None:
            self.prune(path)

    def place(self, path: str, name: str, where: int, *, new: bool) -> None:
        """Rename the staged file over its target; a new file is linked, which never replaces one."""
        staged = self.names[path]
        with folder(self.root, staged) as source:
            short = staged.rsplit("/", 1)[-1]
            if not new:
                os.rename(short, name, src_dir_fd=source, dst_dir_fd=where)
                return
            try:
                os.link(short, name, src_dir_fd=source, dst_dir_fd=where)
            except FileExistsError as error:
                raise WriteConflict(f"{path} appeared on disk at the last moment, so it was not written") from error
            except OSError:
                os.rename(short, name, src_dir_fd=source, dst_dir_fd=where)  # a file system without hard links
                return
            os.unlink(short, dir_fd=source)

    def set_mode(self, path: str, wanted: int | None) -> None:
        """Change the exec bit alone."""
        status = self.status(path)
        if wanted is None or status is None:
            return
        with folder(self.root, path) as where:
            number = os.open(path.rsplit("/", 1)[-1], os.O_RDONLY | os.O_NOFOLLOW, dir_fd=where)
            try:
                os.fchmod(number, with_exec(stat.S_IMODE(status.st_mode), wanted))
            finally:
                os.close(number)

    def prune(self, path: str) -> None:
        """Remove folders a deletion left empty, as git does."""
        parent = path.rpartition("/")[0]
        while parent:
            with folder(self.root, parent) as where:
                try:
                    os.rmdir(parent.rsplit("/", 1)[-1], dir_fd=where)
                except OSError:
                    return
            parent = parent.rpartition("/")[0]

    def discard(self) -> None:
        """Remove staged files that were not used."""
        for staged in self.names.values():
            with contextlib.suppress(OSError, RepositoryError), folder(self.root, staged) as where:
                if where is not None:
                    os.unlink(staged.rsplit("/", 1)[-1], dir_fd=where)

    def take_back(self) -> Sequence[str]:
        """After a failure, put the files already written back; returns those that could not be."""
        back = {path: Change(self.changes[path].post, self.changes[path].pre) for path in reversed(self.written)}
        failed: list[str] = []
        for path, change in back.items():
            one = Writing(self.root, {path: change})
            try:
                one.stage()
                one.finish()
            except (OSError, RepositoryError):
                failed.append(path)
            finally:
                one.discard()
        return failed


def staged_name(root: Path, path: str, token: str) -> str:
    """Where a file is staged: its own folder, or the nearest one above that exists."""
    parent = path.rpartition("/")[0]
    while parent and not (root / parent).is_dir():
        parent = parent.rpartition("/")[0]
    return f"{parent}/{STAGED}{token}.tmp" if parent else f"{STAGED}{token}.tmp"


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
