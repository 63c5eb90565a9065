"""Paths as models write them, made into the repository-relative paths `Files` knows."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Protocol, runtime_checkable

from pier_tui.errors import ToolError
from pier_tui.tools.tool import Files


@runtime_checkable
class Rooted(Protocol):
    """Files that also know where the working tree is."""

    @property
    def root(self) -> Path:
        """The working tree's directory."""
        ...


def root_of(files: Files) -> Path | None:
    """The working tree's directory, where the files have one."""
    return Path(files.root) if isinstance(files, Rooted) else None


def clean(path: str, files: Files) -> str:
    """The path without quotes, `./` and the leading slash models put before paths of the repository.

    It is always taken as one inside the repository; refusing what leaves it is the business of `Files`.
    """
    path = path.strip().strip("\"'`")
    root = root_of(files)
    if root is not None and path.startswith(f"{root}/"):
        path = path[len(str(root)) + 1 :]
    while path.startswith(("./", "/")):
        path = path.lstrip("/").removeprefix("./")
    return "" if path == "." else path.rstrip("/")


def under(folder: str, files: Files) -> tuple[str, ...]:
    """The files below a folder; all of them for an empty name."""
    return files.list(folder) if folder else files.list()


def existing(path: str, files: Files) -> str:
    """The cleaned path of a file that exists. Raises ToolError naming the nearest ones when it does not."""
    cleaned = clean(path, files)
    if files.exists(cleaned):
        return cleaned
    if not cleaned:
        raise ToolError("A path is needed, such as src/app.py; list shows the files.")
    if ".." in cleaned.split("/"):
        files.read(cleaned)
    raise ToolError(f"There is no file {cleaned}.{_nearest(cleaned, files)}")


def _nearest(path: str, files: Files) -> str:
    every = files.list()
    name = path.rsplit("/", 1)[-1]
    same = [other for other in every if other.rsplit("/", 1)[-1] == name]
    below = [other for other in every if other.startswith(f"{path}/")]
    close = same or below or difflib.get_close_matches(path, every[:20_000], n=3, cutoff=0.7)
    if below and not same:
        return f" It is a folder; it holds {', '.join(below[:5])}."
    return f" Did you mean {', '.join(close[:3])}?" if close else " list shows the files."
