"""The symbols tool: the outline of one file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import ClassVar, Literal

from pydantic import Field

from pier_tui.tools import outline, paths, text
from pier_tui.tools.spec import Arguments, Described
from pier_tui.tools.tool import Desk, FileSeen, Kind, Output, ToolResult

MOST = 300


class Symbols(Described):
    """Outlines a file: classes, functions, methods and top-level names with their lines."""

    name: ClassVar[str] = "symbols"
    kind: ClassVar[Kind] = "read"
    tiers: ClassVar[tuple[Literal["weak", "strong"], ...]] = ("weak", "strong")

    class Args(Arguments):
        """Which file."""

        path: str = Field(description="file, relative to the repository")

    async def run(self, args: Args, desk: Desk) -> AsyncIterator[Output | ToolResult]:
        """Raises ToolError: missing or binary."""
        yield await asyncio.to_thread(self._outline, args, desk)

    def _outline(self, args: Args, desk: Desk) -> ToolResult:
        path = paths.existing(args.path, desk.files)
        content = desk.files.read(path)
        found = outline.symbols(path, text.decode(content, path))
        lines = [text.clip(text.shown(str(symbol)), 200) for symbol in found[:MOST]]
        if len(found) > MOST:
            lines.append(f"… {len(found) - MOST} more")
        labels = tuple(s.label for s in found if s.kind != "name")[:12]
        seen = FileSeen(path=path, role="found", content_hash=text.digest(content), symbols=labels)
        line = f"symbols {path}  {len(found)}"
        return ToolResult(text="\n".join(lines) or f"No symbols found in {path}.", line=line, facts=(seen,))
