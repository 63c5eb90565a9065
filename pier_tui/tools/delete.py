"""The delete tool: a file is proposed to go."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import ClassVar, Literal

from pydantic import Field

from pier_tui.tools import paths
from pier_tui.tools.spec import Arguments, Described
from pier_tui.tools.tool import Desk, FileSeen, Kind, Output, ToolResult


class Delete(Described):
    """Proposes to delete a file."""

    name: ClassVar[str] = "delete"
    kind: ClassVar[Kind] = "edit"
    tiers: ClassVar[tuple[Literal["weak", "strong"], ...]] = ("weak", "strong")

    class Args(Arguments):
        """Which file."""

        path: str = Field(description="file, relative to the repository")

    async def run(self, args: Args, desk: Desk) -> AsyncIterator[Output | ToolResult]:
        """Raises ToolError: no such file."""
        path = await asyncio.to_thread(paths.existing, args.path, desk.files)
        desk.files.write(path, None)
        seen = FileSeen(path=path, role="deleted")
        yield ToolResult(text=f"deleted {path}", line=f"delete {path}", facts=(seen,), changed=(path,))
