"""Repository-relative paths and when one may be used; the checks that need the disk follow no link unseen."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from pier_tui.errors import RepositoryError

IGNORABLE = {
    ord(c): None
    for c in "\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u206a\u206b\u206c\u206d\u206e\u206f\ufeff"
}
"""Characters some file systems leave out of names, so that `.g\u200cit` is `.git` there."""


def is_git_folder(name: str) -> bool:
    """Whether a path component is git's own folder on any file system we may meet."""
    plain = name.translate(IGNORABLE).rstrip(". ").casefold()
    return plain in (".git", "git~1") or plain.startswith(".git:")


def clean(path: str, root: Path | None = None) -> str:
    """A repository-relative path in its one spelling: `/` between parts, no `.`; one stray leading `/` is dropped.

    Raises RepositoryError for empty paths, `..`, NUL and anything inside `.git`.
    """
    if root is not None and path.startswith(f"{root}/"):
        path = path[len(str(root)) + 1 :]
    if not path.strip() or "\0" in path:
        raise RepositoryError("The path is empty or holds a NUL character: give a path inside the repository")
    parts = [part for part in path.removeprefix("/").split("/") if part not in ("", ".")]
    if ".." in parts:
        raise RepositoryError(f"{path} leaves the repository: give a path inside it, without '..'")
    if any(map(is_git_folder, parts)):
        raise RepositoryError(f"{path} is inside git's own folder, which is never read or changed")
    if not parts:
        raise RepositoryError(f"{path} names the repository itself, not a file in it")
    return "/".join(parts)


def real(root: Path, path: str) -> str:
    """The path with links inside the repository followed, for reading.

    Raises RepositoryError where a link leads out of the repository or into `.git`.
    """
    home = os.path.realpath(root)
    target = os.path.realpath(os.path.join(home, path))
    if target != home and not target.startswith(home + os.sep):
        raise RepositoryError(f"{path} leads out of the repository through a link, so it is not read")
    inside = os.path.relpath(target, home)
    if any(map(is_git_folder, inside.split(os.sep))):
        raise RepositoryError(f"{path} leads into git's own folder through a link, so it is not read")
    return inside


def refuse_links(root: Path, path: str) -> None:
    """Raise RepositoryError where `path` or a folder above it, inside `root`, is a symbolic link or not a folder."""
    here = root
    parts = path.split("/")
    for index, part in enumerate(parts):
        here = here / part
        try:
            mode = here.lstat().st_mode
        except (FileNotFoundError, NotADirectoryError):
            return
        if stat.S_ISLNK(mode):
            raise RepositoryError(
                f"{path} goes through the symbolic link {here.relative_to(root)}, so it is not written"
            )
        last = index == len(parts) - 1
        if last and not stat.S_ISREG(mode):
            raise RepositoryError(f"{path} is not a regular file, so it is not written")
