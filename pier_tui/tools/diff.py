"""The diff tool: uncommitted changes and pending proposals, as one text."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import ClassVar, Literal

from pydantic import Field

from pier_tui.errors import RepositoryError, ToolError
from pier_tui.repo.diff import FileDiff, Patch
from pier_tui.repo.overlay import Overlay
from pier_tui.repo.patch import format_patch
from pier_tui.repo.repo import Repo
from pier_tui.tools import paths
from pier_tui.tools.spec import Arguments, Described
from pier_tui.tools.text import plural
from pier_tui.tools.tool import Desk, Kind, Output, ToolResult

CHARS = 16_000


class Diff(Described):
    """Shows what differs from the last commit."""

    name: ClassVar[str] = "diff"
    kind: ClassVar[Kind] = "read"
    tiers: ClassVar[tuple[Literal["weak", "strong"], ...]] = ("weak", "strong")

    class Args(Arguments):
        """An empty path is the whole repository."""

        path: str = Field(default="", description="file or folder, relative to the repository; empty: all of it")

    async def run(self, args: Args, desk: Desk) -> AsyncIterator[Output | ToolResult]:
        """Raises ToolError: the folder is no git repository, or git cannot be asked."""
        root = paths.root_of(desk.files)
        if root is None:
            raise ToolError("There is no working tree here, so there is nothing to compare.")
        try:
            uncommitted = await Repo.open(root).working_diff()
        except RepositoryError as error:
            raise ToolError(str(error)) from error
        pending = await asyncio.to_thread(desk.files.patch) if isinstance(desk.files, Overlay) else Patch()
        yield await asyncio.to_thread(_result, args.path.strip("/ "), uncommitted, pending)


def _result(path: str, uncommitted: Patch, pending: Patch) -> ToolResult:
    parts: list[str] = []
    found = 0
    for title, patch in (("uncommitted in the working tree:", uncommitted), ("proposed, not applied:", pending)):
        files = tuple(file for file in patch.files if _below(file, path))
        found += len(files)
        if files:
            parts += [title, format_patch(Patch(files=files)).decode("utf-8", "replace")]
    text = "\n".join(parts) or "no changes"
    if len(text) > CHARS:
        text = f"{text[:CHARS]}\n… {len(text) - CHARS} more characters; give a path"
    return ToolResult(text=text, line=f"diff {path or '.'}  {plural(found, 'file')}")


def _below(file: FileDiff, path: str) -> bool:
    return not path or file.path == path or file.path.startswith(f"{path}/")
