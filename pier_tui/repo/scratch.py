"""The scratch checkout: a private copy of the working tree with the proposals on top, where commands run.

It lies outside the repository and has no `.git`. Files are copied, never linked, so a command cannot write
through to the originals; only environments such as `.venv` are linked in. Copies left behind by a killed
process are removed the next time one is made.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import secrets
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pier_tui.errors import RepositoryError
from pier_tui.repo.making import sha
from pier_tui.repo.repo import Repo, opened

LINKED = (".venv", "venv", "node_modules")
"""Environments that are linked in rather than copied."""
CACHES = frozenset({"__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis", ".git"})
MAX_REPORTED = 8 * 1024 * 1024
NAME = re.compile(r"(\d+)-[0-9a-f]+")

Mark = tuple[int, int, int, int]
"""Size, mtime and ctime in ns, and mode: what tells cheaply whether a file was touched."""


class Proposals(Protocol):
    """What lies on top of the working tree."""

    def proposed_bytes(self) -> Mapping[str, bytes | None]:
        """Every pending file's bytes; None is a deletion."""
        ...

    def proposed_modes(self) -> Mapping[str, int | None]:
        """Every pending file's mode; None leaves it."""
        ...


@dataclass(frozen=True)
class Laid:
    """A file as it was put into the scratch checkout: where from, how it looked there and here, and its hash."""

    origin: Mark | str | None
    mark: Mark
    digest: str | None


class Scratch:
    """One scratch checkout. Nothing is made before the first `sync`."""

    def __init__(self, root: Path | Repo, files: Callable[[], tuple[str, ...]] | None = None) -> None:
        self._repo = root if isinstance(root, Repo) else opened(root)
        self._files = files or self._repo.files_sync
        self._home: Path | None = None
        self._laid: dict[str, Laid] = {}
        self._made: set[str] = set()

    @property
    def path(self) -> Path:
        """The top of the scratch checkout. Raises RepositoryError before the first `sync`."""
        if self._home is None:
            raise RepositoryError("The scratch checkout is not made yet: sync it first")
        return self._home / self._repo.root.name

    async def sync(self, overlay: Proposals) -> Path:
        """Bring the copy up to date with the working tree and the proposals, copying only what changed."""
        return await asyncio.to_thread(self.sync_now, overlay.proposed_bytes(), overlay.proposed_modes())

    def sync_now(self, proposed: Mapping[str, bytes | None], modes: Mapping[str, int | None]) -> Path:
        """The same as `sync`, for threads."""
        try:
            if self._home is None or not self._home.is_dir():
                self._make()
            self._lay(proposed, modes)
        except OSError as error:
            raise RepositoryError(f"The scratch checkout cannot be written: {error.strerror}") from error
        return self.path

    async def changes(self) -> dict[str, bytes | None]:
        """Files commands changed, made (None: deleted) since the last `sync`; caches and ignored files left out."""
        return await asyncio.to_thread(self.changes_now)

    def changes_now(self) -> dict[str, bytes | None]:
        """The same as `changes`, for threads."""
        there = dict(entries(self.path))
        found: dict[str, bytes | None] = {path: None for path in self._laid if path not in there}
        fresh = [path for path in there if path not in self._laid]
        ignored = self._repo.ignored_sync(fresh)
        self._made |= set(fresh) - ignored
        for path, mark in there.items():
            laid = self._laid.get(path)
            if path in ignored or (laid is not None and laid.mark == mark):
                continue
            content = reported(self.path / path)
            if content is not None and (laid is None or sha(content) != laid.digest):
                found[path] = content
        return found

    def close(self) -> None:
        """Remove the scratch checkout. Closing twice does nothing."""
        if self._home is not None:
            shutil.rmtree(self._home, ignore_errors=True)
        self._home, self._laid = None, {}

    def _make(self) -> None:
        private = private_folder()
        remove_stale(private)
        self._home = private / f"{os.getpid()}-{secrets.token_hex(8)}"
        self._home.mkdir(mode=0o700)
        self._laid, self._made = {}, set()
        self.path.mkdir()
        for name in LINKED:
            if (self._repo.root / name).is_dir():
                (self.path / name).symlink_to(self._repo.root / name, target_is_directory=True)

    def _lay(self, proposed: Mapping[str, bytes | None], modes: Mapping[str, int | None]) -> None:
        self._clear(self.path / ".git")  # made by a command: the next one must not obey what it planted there
        wanted = {name for name in self._files() if name.split("/", 1)[0] not in LINKED}
        present = {path for path, content in proposed.items() if content is not None}
        for path in (set(self._laid) | self._made) - ((wanted | present) - (set(proposed) - present)):
            self._remove(path)
        self._made &= wanted | present
        for path in wanted - set(proposed):
            self._copy(path)
        for path in present:
            content = proposed[path]
            if content is not None:
                self._put(path, content, modes.get(path))

    def _remove(self, path: str) -> None:
        self._laid.pop(path, None)
        target = self.path / path
        with contextlib.suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError):
            target.unlink()
        for folder in target.parents:
            if folder == self.path or not self._rmdir(folder):
                return

    @staticmethod
    def _rmdir(folder: Path) -> bool:
        try:
            folder.rmdir()
        except OSError:
            return False
        return True

    def _copy(self, path: str) -> None:
        """Copy one file of the working tree unless both it and the copy are as they were."""
        source, target = self._repo.root / path, self.path / path
        origin, laid = mark_of(source), self._laid.get(path)
        if origin is None:
            self._remove(path)
            return
        if laid is not None and laid.origin == origin and laid.mark == mark_of(target):
            return
        self._clear(target)
        if stat.S_ISLNK(origin[3]):
            if not link_stays(self._repo.root, path):
                return
            target.symlink_to(os.readlink(source))
            digest = None
        elif stat.S_ISREG(origin[3]):
            try:
                digest = None if origin[0] > MAX_REPORTED else sha(source.read_bytes())
                shutil.copy2(source, target, follow_symlinks=False)
            except PermissionError:
                return  # what the user may not read, a command does not need
        else:
            return
        mark = mark_of(target)
        if mark is not None:
            self._laid[path] = Laid(origin, mark, digest)

    def _put(self, path: str, content: bytes, mode: int | None) -> None:
        """Write one proposed file unless it is there already."""
        target = self.path / path
        digest, laid = sha(content), self._laid.get(path)
        if laid is not None and laid.origin == digest and laid.mark == mark_of(target):
            return
        source = mark_of(self._repo.root / path)
        self._clear(target)
        target.write_bytes(content)
        bits = mode if mode is not None else source[3] if source is not None else 0o644
        target.chmod(0o700 & bits | 0o644 if bits & 0o100 else 0o644)
        mark = mark_of(target)
        if mark is not None:
            self._laid[path] = Laid(digest, mark, digest)

    def _clear(self, target: Path) -> None:
        """Make room for a file: folders above it are real folders, and nothing stands in its place."""
        for folder in reversed(target.parents):
            if folder.is_relative_to(self.path) and (folder.is_symlink() or folder.is_file()):
                folder.unlink()
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_dir() and not target.is_symlink():
            shutil.rmtree(target)
        target.unlink(missing_ok=True)


def private_folder() -> Path:
    """The folder of all scratch checkouts of this user. Raises RepositoryError when somebody else made it."""
    folder = Path(os.path.realpath(tempfile.gettempdir())) / f"pier-tui-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o077:
        raise RepositoryError(f"{folder} is not a private folder of yours: remove it, or set TMPDIR to another place")
    return folder


def remove_stale(private: Path) -> None:
    """Remove the scratch checkouts of processes that are gone."""
    for folder in private.iterdir():
        match = NAME.fullmatch(folder.name)
        if match and not is_alive(int(match[1])):
            shutil.rmtree(folder, ignore_errors=True)


def is_alive(process: int) -> bool:
    """Whether a process of this number runs."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def mark_of(path: Path) -> Mark | None:
    """How a file looks from outside, None where there is none."""
    try:
        found = path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_mode


def link_stays(root: Path, path: str) -> bool:
    """Whether a symbolic link is relative and stays inside; others would lead out of the copy."""
    target = os.readlink(root / path)
    if os.path.isabs(target):
        return False
    place = os.path.normpath(os.path.join(os.path.dirname(path), target))
    return not place.startswith("..") and not os.path.isabs(place)


def entries(top: Path) -> Iterator[tuple[str, Mark]]:
    """Every file and link of the scratch checkout with its mark; caches and environments left out."""
    for here, folders, names in os.walk(top):
        links = [name for name in folders if os.path.islink(os.path.join(here, name))]
        folders[:] = [name for name in folders if name not in CACHES and name not in LINKED and name not in links]
        for name in names + links:
            full = Path(here, name)
            mark = mark_of(full)
            if mark is not None and not (here == str(top) and name in LINKED):
                yield str(full.relative_to(top)), mark


def reported(path: Path) -> bytes | None:
    """A changed file's bytes; None for links, special files and files too large to propose."""
    try:
        found = path.lstat()
        if not stat.S_ISREG(found.st_mode) or found.st_size > MAX_REPORTED:
            return None
        return path.read_bytes()
    except OSError:
        return None
