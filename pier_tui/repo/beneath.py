"""Opening folders and files under a root, through no symbolic link. Nothing is changed but folders made on request.

The kernel opens beneath the root in one call where it can; elsewhere folders are opened one by one relative to
each other. Either way nothing can be swapped in between the check and the use.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pier_tui.errors import RepositoryError
from pier_tui.repo import syscalls
from pier_tui.seams import call

FOLDER = os.O_RDONLY | os.O_DIRECTORY


@dataclass(frozen=True)
class OnDisk:
    """A regular file as found: its bytes, its permission bits, and how many names (hard links) it has."""

    content: bytes
    mode: int
    names: int = 1


class Refused(RepositoryError):
    """The system refused to read; it may be willing later. `reason` is the system's word for it."""

    def __init__(self, message: str, error: OSError) -> None:
        self.reason = error.strerror or str(error)
        super().__init__(f"{message}: {self.reason}")


class Foreign(RepositoryError):
    """In the place of a file there is something that is no regular file."""


def by_kernel(root: int, parent: str) -> int:
    """Open a folder beneath an open one in one call. Raises OSError."""
    return call("fs.open", syscalls.open_beneath, root, parent, FOLDER)


def by_chain(root: int, parent: str) -> int:
    """Open a folder beneath an open one, part by part. Raises OSError."""
    here = os.dup(root)
    try:
        for part in parent.split("/"):
            below = call("fs.open", os.open, part, FOLDER | os.O_NOFOLLOW, dir_fd=here)
            os.close(here)
            here = below
    except OSError:
        os.close(here)
        raise
    return here


def way() -> Callable[[int, str], int]:
    """How folders are opened here."""
    return by_kernel if syscalls.has_open_beneath() else by_chain


@contextlib.contextmanager
def folder(root: Path, path: str, *, make: bool = False) -> Iterator[int | None]:
    """An open descriptor of the folder that holds `path`; None where it does not exist and `make` is unset.

    Raises RepositoryError where a part of the way is a link or not a folder, OSError.
    """
    here = call("fs.open", os.open, root, FOLDER)
    try:
        parent = path.rpartition("/")[0]
        if parent:
            below = opened(here, parent, path, make=make)
            if below is None:
                yield None
                return
            os.close(here)
            here = below
        yield here
    finally:
        os.close(here)


def opened(root: int, parent: str, path: str, *, make: bool) -> int | None:
    """The folder `parent` under the open `root`. Raises RepositoryError where a part is a link or a file."""
    try:
        try:
            return way()(root, parent)
        except FileNotFoundError:
            if not make:
                return None
            made(root, parent)
            return way()(root, parent)
    except OSError as error:
        if error.errno not in (errno.ENOTDIR, errno.ELOOP, errno.EXDEV):
            raise
        if error.errno == errno.ENOTDIR and not make and not links(root, parent):
            return None
        raise RepositoryError(f"{path} goes through a symbolic link or a file: not touched") from error


def made(root: int, parent: str) -> None:
    """Make a folder and those above it, each flushed into the one above."""
    here = os.dup(root)
    try:
        for part in parent.split("/"):
            with contextlib.suppress(FileExistsError):
                call("fs.mkdir", os.mkdir, part, dir_fd=here)
                call("fs.fsync", os.fsync, here)
            below = call("fs.open", os.open, part, FOLDER | os.O_NOFOLLOW, dir_fd=here)
            os.close(here)
            here = below
    finally:
        os.close(here)


def links(root: int, parent: str) -> bool:
    """Whether a part of the way to a folder is a symbolic link."""
    parts = parent.split("/")
    for count in range(1, len(parts) + 1):
        try:
            if stat.S_ISLNK(os.stat("/".join(parts[:count]), dir_fd=root, follow_symlinks=False).st_mode):
                return True
        except OSError:
            return False
    return False


def found_in(where: int, name: str, path: str) -> OnDisk | None:
    """The regular file `name` of an open folder, None where there is none or a folder. `path` is for the sentence.

    Raises Foreign for links and special files, OSError.
    """
    try:
        number = call("fs.open", os.open, name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=where)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):
            raise Foreign(f"{path} is a symbolic link or a special file: not touched") from error
        raise
    try:
        status = os.fstat(number)
        if stat.S_ISDIR(status.st_mode):
            return None
        if not stat.S_ISREG(status.st_mode):
            raise Foreign(f"{path} is not a regular file: not touched")
        with open(number, "rb", closefd=False) as file:
            return OnDisk(call("fs.read", file.read), stat.S_IMODE(status.st_mode), status.st_nlink)
    finally:
        os.close(number)


def read(root: Path, path: str) -> OnDisk | None:
    """The regular file at `path`, None where there is none or a folder. Raises RepositoryError."""
    try:
        with folder(root, path) as where:
            return None if where is None else found_in(where, path.rsplit("/", 1)[-1], path)
    except OSError as error:
        raise Refused(f"{path} cannot be read", error) from error


def status(root: Path, path: str) -> os.stat_result | None:
    """What is at `path` itself, None where there is nothing. Raises RepositoryError, OSError."""
    with folder(root, path) as where:
        if where is None:
            return None
        try:
            return os.stat(path.rsplit("/", 1)[-1], dir_fd=where, follow_symlinks=False)
        except FileNotFoundError:
            return None
