"""A directory seen from outside: what lstat tells of it before anybody said that it may be trusted.

No git is started and no file is opened, but for the two pointers `.git` and `.git/commondir`, which are
read as text so that the person can be shown where they lead.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import struct
import sys
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from pier_tui.errors import RepositoryError
from pier_tui.repo.repo import reachable, top_level

POINTER_BYTES = 4096
NOTED = ("AGENTS.md", ".env", ".gitattributes", ".gitmodules", ".envrc", "conftest.py", "Makefile", "package.json")
"""Names worth mentioning: what models would read, and what decides which program a command starts."""
GETVERSION = 0x80087601
"""FS_IOC_GETVERSION of linux/fs.h on 64-bit machines."""


class Sighting(BaseModel):
    """A directory by its real path, and what tells it from another one put in its place.

    `generation` is the file system's count of how often the inode number was used again, 0 where it has none.
    `pointers` say where git's own folder is, when it is not inside: a sentence each.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    root: Path
    device: int
    inode: int
    generation: int = 0
    noted: tuple[str, ...] = ()
    pointers: tuple[str, ...] = ()


def sight(path: Path) -> Sighting:
    """The repository that holds `path`, or the folder itself where there is none. Raises RepositoryError."""
    here = reachable(path)
    here = here if here.is_dir() else here.parent
    try:
        root = top_level(here)
    except RepositoryError as error:
        if "not a git repository" not in str(error):
            raise
        root = here
    device, inode, generation = identity(root)
    return Sighting(
        root=root,
        device=device,
        inode=inode,
        generation=generation,
        noted=tuple(name for name in NOTED if os.path.lexists(root / name)),
        pointers=tuple(pointers(root)),
    )


def identity(folder: Path) -> tuple[int, int, int]:
    """Device, inode and the inode's generation of a directory. Raises RepositoryError."""
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise RepositoryError(f"{folder} cannot be opened: {error.strerror}") from error
    try:
        found = os.fstat(handle)
        return found.st_dev, found.st_ino, _generation(handle)
    finally:
        os.close(handle)


def _generation(handle: int) -> int:
    if sys.platform != "linux":
        return 0
    with contextlib.suppress(OSError):
        return int(struct.unpack_from("=I", fcntl.ioctl(handle, GETVERSION, bytes(8)))[0])
    return 0


def pointers(root: Path) -> list[str]:
    """Where `.git` leads, when git's own folder is not simply there."""
    git = root / ".git"
    try:
        mode = git.lstat().st_mode
    except OSError:
        return []
    if stat.S_ISLNK(mode):
        return [f".git is a link to {os.readlink(git)}"]
    if stat.S_ISREG(mode):
        return [f".git is a file that points to {_said(git).removeprefix('gitdir:').strip() or 'nothing'}"]
    shared = git / "commondir"
    return [f".git/commondir points to {_said(shared)}"] if os.path.lexists(shared) else []


def _said(pointer: Path) -> str:
    """The first line of a pointer; empty for anything that is no plain file."""
    try:
        handle = os.open(pointer, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        plain = stat.S_ISREG(os.fstat(handle).st_mode)
        return os.read(handle, POINTER_BYTES).decode("utf-8", "replace").strip().partition("\n")[0] if plain else ""
    finally:
        os.close(handle)
