"""Reading what a repository holds in its commits, as bytes: nothing is checked out and no filter runs."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pier_tui.errors import RepositoryError
from pier_tui.repo.git import git_sync

REGULAR = ("100644", "100755")


@dataclass(frozen=True)
class Stored:
    """One file of a commit."""

    path: str
    executable: bool
    content: bytes


@dataclass(frozen=True)
class Listed:
    """A file's name in a commit: its mode and the id of its bytes."""

    path: str
    mode: str
    object: str


def listing(root: Path, commit: str) -> tuple[Listed, ...]:
    """The files of a commit; links and submodules left out. Raises RepositoryError."""
    found = []
    for entry in git_sync(root, "ls-tree", "-r", "-z", "--full-tree", commit).split(b"\0"):
        head, tab, path = entry.partition(b"\t")
        mode, _, identity = head.decode("ascii").partition(" ")
        if tab and mode in REGULAR:
            found.append(Listed(path.decode("utf-8", "surrogateescape"), mode, identity.split(" ")[1]))
    return tuple(found)


def stored(root: Path, files: tuple[Listed, ...]) -> Iterator[Stored]:
    """The bytes of listed files. Raises RepositoryError."""
    asked = "".join(f"{file.object}\n" for file in files).encode("ascii")
    answer = git_sync(root, "cat-file", "--batch", stdin=asked)
    place = 0
    for file in files:
        end = answer.index(b"\n", place)
        size = int(answer[place:end].split(b" ")[2])
        yield Stored(file.path, file.mode == "100755", answer[end + 1 : end + 1 + size])
        place = end + 2 + size


def commits(root: Path, most: int) -> tuple[str, ...]:
    """The newest commits with exactly one parent, newest first. Raises RepositoryError."""
    out = git_sync(root, "rev-list", "--no-merges", "--min-parents=1", f"--max-count={most}", "HEAD")
    return tuple(out.decode("ascii").split())


def touched(root: Path, commit: str) -> tuple[str, ...]:
    """The paths a commit changed against its parent. Raises RepositoryError."""
    out = git_sync(root, "diff-tree", "-r", "-z", "--no-commit-id", "--name-only", "--no-renames", commit)
    return tuple(name.decode("utf-8", "surrogateescape") for name in out.split(b"\0") if name)


def subject(root: Path, commit: str) -> str:
    """A commit's message. Raises RepositoryError."""
    text = git_sync(root, "cat-file", "commit", commit).decode("utf-8", "replace")
    return text.partition("\n\n")[2].strip()


@cache
def known_as(root: Path) -> str:
    """The folder's name and eight digits that are the same wherever the repository is cloned, as `shop@1f3a77c0`.

    They are a digest of where it is cloned from, whatever the protocol and user, or of its first commit; the name alone
    where there is neither, or no git. Blocking.
    """
    try:
        url = git_sync(root, "config", "--get", "remote.origin.url", check=False).decode("utf-8", "replace").strip()
        if (
            origin := re.sub(r"^([a-z+]+://)?([^@/]*@)?", "", url)
            .removesuffix("/")
            .removesuffix(".git")
            .replace(":", "/")
        ):
            return f"{root.name}@{hashlib.sha256(origin.lower().encode()).hexdigest()[:8]}"
        firsts = git_sync(root, "rev-list", "--max-parents=0", "HEAD").decode("ascii").split()
    except RepositoryError:
        return root.name
    return f"{root.name}@{min(firsts)[:8]}" if firsts else root.name
