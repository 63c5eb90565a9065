"""The program that reads a repository's symbols beside the screen: started as a module by `symbols.beside`."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from pier_tui.repo import beneath
from pier_tui.symbols.index import Stamp
from pier_tui.symbols.reading import serve
from pier_tui.symbols.tags import MOST_BYTES


class WorkingTree:
    """The regular files under a root, through no symbolic link; those too long to be parsed count as empty."""

    def __init__(self, root: str) -> None:
        self._root = Path(root)

    def read(self, path: str) -> bytes:
        """The bytes of a file. Raises RepositoryError, OSError."""
        if self._there(path).st_size > MOST_BYTES:
            return b""
        found = beneath.read(self._root, path)
        if found is None:
            raise FileNotFoundError(path)
        return found.content

    def stamp(self, path: str) -> Stamp:
        """Times of change, size and inode; the latest time first. Raises OSError."""
        found = self._there(path)
        times = sorted((found.st_mtime_ns, found.st_ctime_ns), reverse=True)
        return (*times, found.st_size, found.st_ino)

    def _there(self, path: str) -> os.stat_result:
        found = os.lstat(self._root / path)
        if not stat.S_ISREG(found.st_mode):
            raise FileNotFoundError(path)
        return found


if __name__ == "__main__":
    serve(WorkingTree)
