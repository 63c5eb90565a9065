"""The list tool: the files git would track, pending ones included."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import ClassVar, Literal

from pydantic import Field

from pier_tui.errors import ToolError
from pier_tui.tools import paths
from pier_tui.tools.spec import Arguments, Described
from pier_tui.tools.text import plural
from pier_tui.tools.tool import Desk, Kind, Output, ToolResult

CHARS, FILES = 8_000, 300


class List(Described):
    """Lists files; folders with many files are given as one line each."""

    name: ClassVar[str] = "list"
    kind: ClassVar[Kind] = "read"
    tiers: ClassVar[tuple[Literal["weak", "strong"], ...]] = ("weak", "strong")

    class Args(Arguments):
        """An empty path is the whole repository."""

        path: str = Field(default="", description="folder, relative to the repository; empty: all of it")

    async def run(self, args: Args, desk: Desk) -> AsyncIterator[Output | ToolResult]:
        """Raises ToolError: no such folder."""
        yield await asyncio.to_thread(self._list, args, desk)

    def _list(self, args: Args, desk: Desk) -> ToolResult:
        folder = paths.clean(args.path, desk.files)
        found = paths.under(folder, desk.files)
        if not found and folder and desk.files.exists(folder):
            found = (folder,)
        if not found and folder:
            raise ToolError(f"There is no folder {folder}; list without a path shows the repository.")
        lines = _folded(found, folder)
        text = "\n".join(lines) or "The repository has no files."
        line = f"list {folder or '.'}  {plural(len(found), 'file')}"
        return ToolResult(text=text, line=line)


def _folded(files: tuple[str, ...], folder: str) -> list[str]:
    """One file per line, or where that is too much, files of this folder and a count for each folder below."""
    if len(files) <= FILES and sum(map(len, files)) <= CHARS:
        return list(files)
    start = len(folder) + 1 if folder else 0
    counts: dict[str, int] = {}
    for path in files:
        name, slash, _ = path[start:].partition("/")
        counts[path[:start] + name + slash] = counts.get(path[:start] + name + slash, 0) + 1
    lines = [f"{name} ({plural(n, 'file')})" if name.endswith("/") else name for name, n in sorted(counts.items())]
    if len(lines) > FILES:
        lines = [*lines[:FILES], f"… {len(lines) - FILES} more; list a folder"]
    return lines
