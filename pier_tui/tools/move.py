"""The move tool: a file is proposed under another path, byte for byte."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import ClassVar, Literal

from pydantic import Field

from pier_tui.errors import ToolError
from pier_tui.tools import outline, paths
from pier_tui.tools.spec import Arguments, Described
from pier_tui.tools.text import digest
from pier_tui.tools.tool import Desk, FileSeen, Kind, Output, ToolResult


class Move(Described):
    """Proposes to move a file; what imports it is not touched."""

    name: ClassVar[str] = "move"
    kind: ClassVar[Kind] = "edit"
    tiers: ClassVar[tuple[Literal["weak", "strong"], ...]] = ("weak", "strong")

    class Args(Arguments):
        """`to` must not exist."""

        path: str = Field(description="file, relative to the repository")
        to: str = Field(description="its new path, relative to the repository")

    async def run(self, args: Args, desk: Desk) -> AsyncIterator[Output | ToolResult]:
        """Raises ToolError: no such file, or `to` exists already."""
        path = await asyncio.to_thread(paths.existing, args.path, desk.files)
        to = await asyncio.to_thread(paths.clean, args.to, desk.files)
        if not to or to == path:
            raise ToolError("to must be another path, such as src/new_name.py.")
        if desk.files.exists(to):
            raise ToolError(f"{to} exists already; delete it first or choose another name.")
        content = await asyncio.to_thread(desk.files.read, path)
        desk.files.write(to, content, _mode(path, desk))
        desk.files.write(path, None)
        names = tuple(s.label for s in outline.symbols(to, content.decode("utf-8", "surrogateescape")))[:12]
        facts = (
            FileSeen(path=path, role="deleted"),
            FileSeen(path=to, role="created", content_hash=digest(content), symbols=names),
        )
        text = f"moved {path} to {to}; imports of it are not changed"
        yield ToolResult(text=text, line=f"move {path} → {to}", facts=facts, changed=(path, to))


def _mode(path: str, desk: Desk) -> int | None:
    """The permissions of the file on disk, so that a script stays executable."""
    root = paths.root_of(desk.files)
    on_disk = root / path if root else None
    return on_disk.stat().st_mode & 0o777 if on_disk is not None and on_disk.is_file() else None
