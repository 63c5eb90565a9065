"""A git repository as the rest of the program knows it: root, branch, status, files, the user's own diff.

Also a folder without git, for read-only use (`Repo.plain`). Nothing here writes into the working tree.
"""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from pier_tui.errors import RepositoryError
from pier_tui.repo.diff import Patch
from pier_tui.repo.disk import STAGED
from pier_tui.repo.git import git, git_sync
from pier_tui.repo.parsing import parse
from pier_tui.repo.paths import is_git_folder

NO_COMMITS = "no commits yet"
SKIPPED = frozenset({".git", "node_modules", "__pycache__", ".venv", "venv", ".tox", ".mypy_cache", ".pytest_cache"})
"""Folders left out where there is no git to say what is ignored."""
MAX_WALKED = 100_000
LISTED = ("ls-files", "-z", "-t", "--stage", "--cached", "--others", "--deleted", "--exclude-standard")


class Status(BaseModel):
    """The working tree against the last commit. `dirty` counts `paths`: changed, staged and untracked files."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    branch: str
    dirty: int = 0
    paths: tuple[str, ...] = ()


class Repo:
    """One repository, opened at its top level. Make it with `open` or `plain`."""

    def __init__(self, root: Path, *, branch: str, is_git: bool = True) -> None:
        self._root = root
        self._branch = branch
        self.is_git = is_git

    @classmethod
    def open(cls, path: Path | str) -> Repo:
        """Open the repository that holds `path`. Raises RepositoryError: missing, no permission, not git, bare."""
        root = top_level(reachable(Path(path)))
        if git_sync(root, "config", "--type=bool", "--default=false", "--get", "core.bare").strip() == b"true":
            raise RepositoryError(f"{root} is a bare repository without files: open a checkout of it instead")
        return cls(root, branch=branch_of(root))

    @classmethod
    def plain(cls, path: Path | str) -> Repo:
        """A folder without git: files by walking, no branch, no changes. Raises RepositoryError."""
        here = reachable(Path(path))
        return cls(here if here.is_dir() else here.parent, branch="", is_git=False)

    @property
    def root(self) -> Path:
        """The top level of the working tree, links resolved."""
        return self._root

    @property
    def branch(self) -> str:
        """`main`, `detached at abc1234` or `no commits yet`, as of the last `status`; empty without git."""
        return self._branch

    async def status(self) -> Status:
        """Branch and changed paths as they are now."""
        if not self.is_git:
            return Status(branch="")
        out = await git(
            self._root,
            "status",
            "--porcelain=v2",
            "-z",
            "--branch",
            "--untracked-files=all",
            "--no-renames",
            "--ignore-submodules=all",
        )
        self._branch, paths = read_status(out)
        return Status(branch=self._branch, dirty=len(paths), paths=paths)

    async def files(self) -> tuple[str, ...]:
        """Tracked files that exist, and untracked ones that are not ignored, sorted."""
        if not self.is_git:
            return await asyncio.to_thread(walked, self._root)
        return await asyncio.to_thread(listing, await git(self._root, *LISTED))

    def files_sync(self) -> tuple[str, ...]:
        """The same as `files`, for threads."""
        if not self.is_git:
            return walked(self._root)
        return listing(git_sync(self._root, *LISTED))

    async def working_diff(self) -> Patch:
        """What the user changed in tracked files since the last commit. Empty without git or commits."""
        if not self.is_git or await git(self._root, "rev-parse", "--verify", "-q", "HEAD", check=False) == b"":
            return Patch()
        out = await git(self._root, "diff", "HEAD", "--find-renames", "--no-relative", "--submodule=short")
        return parse(out)

    async def ignored(self, paths: Iterable[str]) -> frozenset[str]:
        """Those of the paths git ignores; none without git."""
        asked = list(paths)
        if not self.is_git or not asked:
            return frozenset()
        return names_of(await git(self._root, *IGNORED, stdin=listed(asked), check=False))

    def ignored_sync(self, paths: Iterable[str]) -> frozenset[str]:
        """The same as `ignored`, for threads."""
        asked = list(paths)
        if not self.is_git or not asked:
            return frozenset()
        return names_of(git_sync(self._root, *IGNORED, stdin=listed(asked), check=False))


def opened(root: Path) -> Repo:
    """The repository at `root`, or the folder alone where it is none."""
    try:
        repo = Repo.open(root)
    except RepositoryError:
        return Repo.plain(root)
    return repo if repo.root == Path(root).resolve() else Repo.plain(root)


IGNORED = ("check-ignore", "--stdin", "-z")


def listed(paths: Iterable[str]) -> bytes:
    """Paths as git reads them from stdin with -z."""
    return b"".join(os.fsencode(path) + b"\0" for path in paths)


def names_of(out: bytes) -> frozenset[str]:
    """NUL-ended names of git's output."""
    return frozenset(os.fsdecode(name) for name in out.split(b"\0") if name)


def reachable(path: Path) -> Path:
    """The resolved path. Raises RepositoryError when it is missing or may not be read."""
    try:
        here = path.expanduser().resolve(strict=True)
        if here.is_dir():
            os.scandir(here).close()
    except FileNotFoundError as error:
        raise RepositoryError(f"{path} does not exist: give the path of a repository") from error
    except PermissionError as error:
        raise RepositoryError(f"{path} may not be read: check its permissions") from error
    except (OSError, RuntimeError) as error:
        raise RepositoryError(f"{path} cannot be opened: {error}") from error
    return here


def top_level(here: Path) -> Path:
    """The folder that holds `.git`, from `here` upwards, whatever its config says. Raises RepositoryError."""
    for folder in (here, *here.parents):
        if is_git_folder(folder.name):
            raise RepositoryError(f"{here} is inside git's own folder: open the folder above it")
        if looks_bare(folder):
            raise RepositoryError(f"{folder} is a bare repository without files: open a checkout of it instead")
        try:
            (folder / ".git").lstat()
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            raise RepositoryError(f"{folder} may not be read: check its permissions") from error
        return folder
    raise RepositoryError(f"{here} is not a git repository: run `git init` there, or open it read-only")


def looks_bare(folder: Path) -> bool:
    """Whether a folder is laid out as git's own folder."""
    try:
        return (folder / "HEAD").is_file() and (folder / "objects").is_dir() and (folder / "refs").is_dir()
    except OSError:
        return False


def branch_of(root: Path) -> str:
    """The branch as shown to the user."""
    name = os.fsdecode(git_sync(root, "symbolic-ref", "--short", "-q", "HEAD", check=False)).strip()
    commit = os.fsdecode(git_sync(root, "rev-parse", "--verify", "-q", "HEAD", check=False)).strip()
    return shown_branch(name, commit)


def shown_branch(name: str, commit: str) -> str:
    """`main`, `detached at abc1234`, or `no commits yet`."""
    if not commit:
        return NO_COMMITS
    return name or f"detached at {commit[:7]}"


def read_status(out: bytes) -> tuple[str, tuple[str, ...]]:
    """Branch and paths of `status --porcelain=v2 -z --branch` without renames."""
    name = commit = ""
    paths: list[str] = []
    for entry in map(os.fsdecode, out.split(b"\0")):
        if entry.startswith("# branch.oid "):
            commit = entry[13:].replace("(initial)", "")
        elif entry.startswith("# branch.head "):
            name = entry[14:].replace("(detached)", "")
        elif entry.startswith("1 "):
            paths.append(entry.split(" ", 8)[8])
        elif entry.startswith("u "):
            paths.append(entry.split(" ", 10)[10])
        elif entry.startswith("? "):
            paths.append(entry[2:])
    return shown_branch(name, commit), tuple(p for p in paths if not p.rsplit("/", 1)[-1].startswith(STAGED))


def listing(out: bytes) -> tuple[str, ...]:
    """The answer of ls-files as paths; deleted and sparse files, submodules and nested repositories left out."""
    found: set[str] = set()
    gone: set[str] = set()
    for entry in os.fsdecode(out).split("\0"):
        tag, fields = entry[:1], entry[2:]
        start, _, name = ("", "", fields) if tag == "?" else fields.partition("\t")
        if tag in ("R", "S") or start.startswith("160000"):
            gone.add(name)
        elif name and name[-1] != "/" and STAGED not in name:
            found.add(name)
    return tuple(sorted(found - gone))


def walked(root: Path) -> tuple[str, ...]:
    """Files under a folder without git, sorted; at most 100,000. Links to folders are not followed."""
    return tuple(sorted(name for name, _ in zip(walk(root), range(MAX_WALKED), strict=False)))


def walk(root: Path) -> Iterator[str]:
    """Relative paths of regular files and links, folders in `SKIPPED` left out."""
    for here, folders, names in os.walk(root):
        folders[:] = [name for name in folders if name not in SKIPPED]
        for name in names:
            full = os.path.join(here, name)
            mode = os.lstat(full).st_mode if os.path.lexists(full) else 0
            if stat.S_ISREG(mode) or stat.S_ISLNK(mode):
                yield os.path.relpath(full, root)
