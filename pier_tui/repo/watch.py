"""Noticing what others change in the working tree: coalesced, without what git ignores."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

from watchfiles import Change, awatch

from pier_tui.errors import RepositoryError
from pier_tui.repo.disk import STAGED
from pier_tui.repo.repo import Repo, opened

BRANCH = ""
"""Reported in place of a path when HEAD, a ref or the index changed."""
POLL_MS = 2000
NEVER = frozenset({"__pycache__", "node_modules", ".venv", "venv", ".mypy_cache", ".pytest_cache", ".ruff_cache"})


async def watch(
    root: Path, *, stop: asyncio.Event | None = None, polling: bool = False
) -> AsyncIterator[tuple[str, ...]]:
    """Yield the paths that changed, sorted, as soon as things have been quiet for a moment; "" is a branch change.

    Falls back to polling where the system's limit of watches is reached. Ends when `stop` is set.
    """
    repo = await asyncio.to_thread(opened, root)
    try:
        async for paths in batches(repo, stop, polling):
            yield paths
    except OSError as error:
        if polling or "watch limit" not in str(error):
            raise RepositoryError(f"{repo.root} cannot be watched: {error}") from error
        async for paths in batches(repo, stop, True):
            yield paths


async def batches(repo: Repo, stop: asyncio.Event | None, polling: bool) -> AsyncIterator[tuple[str, ...]]:
    """The batches of one kind of watching, filtered."""
    root = str(repo.root)
    places = [root, *outside_folder(repo.root)]

    def matters(_: Change, path: str) -> bool:
        return relative(root, path) is not None

    async for changes in awatch(
        *places,
        watch_filter=matters,
        stop_event=stop,
        force_polling=polling,
        poll_delay_ms=POLL_MS,
    ):
        names = {name for _, path in changes if (name := relative(root, path)) is not None}
        ignored = await asked(repo, names - {BRANCH})
        if names - ignored:
            yield tuple(sorted(names - ignored))


async def asked(repo: Repo, names: set[str]) -> frozenset[str]:
    """Those git ignores; none when git cannot say just now, such as in the middle of a clone."""
    try:
        return await repo.ignored(names)
    except RepositoryError:
        return frozenset()


def relative(root: str, path: str) -> str | None:
    """The path as reported: relative, "" for git's HEAD, refs and index, None for what does not matter."""
    if not path.startswith(root + os.sep):
        return branch_file(path)
    parts = path[len(root) + 1 :].split(os.sep)
    if parts[0] == ".git":
        return branch_file(path) if len(parts) > 1 else None
    if parts[-1].startswith(STAGED) or ".git" in parts or not NEVER.isdisjoint(parts):
        return None
    return "/".join(parts)


def branch_file(path: str) -> str | None:
    """ "" where a path inside git's own folder tells of another branch, commit or index."""
    name = os.path.basename(path)
    if name.endswith(".lock"):
        return None
    return BRANCH if name in ("HEAD", "index", "packed-refs") or f"{os.sep}refs{os.sep}" in path else None


def outside_folder(root: Path) -> list[str]:
    """Git's own folder where it is not below the root: linked worktrees and submodules have a `.git` file."""
    pointer = root / ".git"
    if not pointer.is_file():
        return []
    try:
        text = pointer.read_text(encoding="utf-8", errors="surrogateescape").strip()
    except OSError:
        return []
    folder = (root / text.removeprefix("gitdir:").strip()).resolve()
    return [str(folder)] if folder.is_dir() and (folder / "HEAD").is_file() else []
