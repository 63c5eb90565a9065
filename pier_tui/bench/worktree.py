"""A run's own copy of a task's tree, and how the final tree differs from it."""

from __future__ import annotations

import difflib
import os
import platform
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

from pier_tui.bench.task import Task, Tree
from pier_tui.config import cache_dir
from pier_tui.errors import PierError
from pier_tui.private import private_folder
from pier_tui.repo.history import listing, stored
from pier_tui.repo.sample import make_repository
from pier_tui.repo.scratch import CACHES, remove_stale

ENVIRONMENT = ".venv"
Files = dict[str, bytes]


@contextmanager
def place() -> Iterator[Path]:
    """An empty folder for copies in the user's cache, removed at the end. Raises ConfigError.

    Those a killed process of this machine left behind are removed as well.
    """
    ours = private_folder(cache_dir(os.environ) / "bench" / (platform.node() or "here"))
    remove_stale(ours)
    folder = ours / f"{os.getpid()}-{secrets.token_hex(8)}"
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def lay_out(tree: Tree, folder: Path) -> None:
    """Write the tree into an empty folder and commit it. Raises PierError."""
    folder.mkdir(parents=True)
    if tree.repository:
        root = Path(tree.repository)
        for file in stored(root, listing(root, tree.commit)):
            _write(folder, file.path, file.content, executable=file.executable)
    for path, text in tree.files.items():
        _write(folder, path, text.encode("utf-8", "surrogateescape"))
    for path in tree.removed:
        _inside(folder, path).unlink(missing_ok=True)
    make_repository(folder, "Start of the task")
    if tree.environment:
        (folder / ENVIRONMENT).symlink_to(tree.environment, target_is_directory=True)
        excluded = folder / ".git" / "info" / "exclude"
        excluded.parent.mkdir(exist_ok=True)
        excluded.write_text(f"/{ENVIRONMENT}\n", encoding="utf-8")


def lay_over(folder: Path, files: dict[str, str]) -> None:
    """Write files into a tree. Raises PierError for a path that leads out of it."""
    for path, text in files.items():
        _write(folder, path, text.encode("utf-8", "surrogateescape"))


def files_of(folder: Path) -> Files:
    """Every regular file of a tree but caches and `.git`, by path."""
    found: Files = {}
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if CACHES.isdisjoint(relative.parts) and path.is_file() and not path.is_symlink():
            found[relative.as_posix()] = path.read_bytes()
    return found


def changed(before: Files, after: Files) -> tuple[str, ...]:
    """The paths that differ."""
    return tuple(sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path)))


def stray(task: Task, paths: tuple[str, ...]) -> tuple[str, ...]:
    """Those of the changed paths that the task does not allow."""
    return tuple(path for path in paths if not any(fnmatchcase(path, pattern) for pattern in task.may_change))


def diff_lines(before: Files, after: Files, paths: tuple[str, ...]) -> int:
    """Lines added and removed in these files, together."""
    count = 0
    for path in paths:
        old, new = (side.get(path, b"").decode("utf-8", "replace").splitlines() for side in (before, after))
        count += sum(line[0] in "+-" for line in list(difflib.unified_diff(old, new, n=0))[2:])
    return count


def _write(folder: Path, path: str, content: bytes, *, executable: bool = False) -> None:
    place = _inside(folder, path)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content)
    if executable:
        place.chmod(0o755)


def _inside(folder: Path, path: str) -> Path:
    parts = PurePosixPath(path)
    if parts.is_absolute() or ".." in parts.parts or ".git" in parts.parts or not parts.parts:
        raise PierError(f"A task names the path {path!r}, which is not inside its tree: correct the task.")
    return folder / path
