"""Running a piece of work in a forked child, to be killed there, and looking at what it left. Not a test."""

from __future__ import annotations

import os
import random
import signal
import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path

from pier_tui import seams
from pier_tui.repo.disk import STAGED

SOAK = os.environ.get("PIER_SOAK", "") == "1"
"""Whether the long versions were asked for."""


def forked(work: Callable[[], object]) -> int:
    """Start the work in a child of this process; its id. The child leaves with 0, or 1 where the work raised."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the child runs nothing but this, on one thread
        child = os.fork()
    if child:
        return child
    code = 1
    try:
        work()
        code = 0
    finally:
        os._exit(code)


def ended(child: int) -> int:
    """Wait for a child: its exit status, negative for a signal."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def struck(work: Callable[[], object], *faults: seams.Fault) -> int:
    """Run the work in a child with faults waiting; its exit status."""

    def armed() -> None:
        with seams.armed(*faults):
            work()

    return ended(forked(armed))


def killed_at_random(work: Callable[[], object], rng: random.Random, longest: float) -> int:
    """Run the work in a child and kill it after a random time up to `longest` seconds; its exit status."""
    child = forked(work)
    until = time.perf_counter() + rng.random() * longest
    while time.perf_counter() < until:
        pass  # sleeping is too coarse for work that takes milliseconds
    os.kill(child, signal.SIGKILL)
    return ended(child)


def calls_of(work: Callable[[], object]) -> list[str]:
    """The names of the numbered calls the work makes."""
    with seams.armed() as seen:
        work()
    return seen.names


def leftovers(root: Path) -> list[Path]:
    """Staged files that should not be there."""
    return list(root.rglob(f"{STAGED}*"))


def tree(root: Path) -> dict[str, tuple[bytes, int]]:
    """Every regular file under a folder with its bits, git's own folder left out."""
    return {
        str(path.relative_to(root)): (path.read_bytes(), path.stat().st_mode & 0o777)
        for path in sorted(root.rglob("*"))
        if path.is_file() and not path.is_symlink() and ".git" not in path.relative_to(root).parts
    }


def filled(root: Path, files: Mapping[str, bytes]) -> Path:
    """A folder with these files."""
    root.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root
