from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Git = Callable[..., bytes]

CLEAN = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.com",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.com",
}


@pytest.fixture
def quick() -> Iterator[Path]:
    """A folder in memory where there is one: flushing thousands of files to a disk takes minutes."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(prefix="pier-tui-", dir=memory if os.access(memory, os.W_OK) else None) as name:
        yield Path(name)


@pytest.fixture
def run_git() -> Git:
    """Plain git, as the user runs it."""

    def run(folder: Path, *args: str, stdin: bytes | None = None, check: bool = True) -> bytes:
        return subprocess.run(
            ["git", *args], cwd=folder, env=CLEAN, input=stdin, capture_output=True, check=check
        ).stdout

    return run


@pytest.fixture
def work(tmp_path: Path, run_git: Git) -> Path:
    """A repository with one commit of `a.txt` (a to j) and `lib/b.txt`."""
    root = tmp_path / "work"
    (root / "lib").mkdir(parents=True)
    (root / "a.txt").write_text("".join(f"{c}\n" for c in "abcdefghij"))
    (root / "lib" / "b.txt").write_text("one\ntwo\n")
    run_git(root, "init", "-q", "-b", "main")
    run_git(root, "add", ".")
    run_git(root, "commit", "-q", "-m", "first")
    return root
