"""The read tool: numbered lines of one file, as the pending patch set has it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import ClassVar, Literal

from pydantic import Field

from pier_tui.errors import ToolError
from pier_tui.tools import outline, paths, text
from pier_tui.tools.spec import Arguments, Described
from pier_tui.tools.tool import Desk, FileSeen, Kind, Output, ToolResult

CHARS = 16_000
LINES_UNASKED, LINES_ASKED = 200, 2_000


class Read(Described):
    """Reads a file, or the lines asked for."""

    name: ClassVar[str] = "read"
    kind: ClassVar[Kind] = "read"
    tiers: ClassVar[tuple[Literal["weak", "strong"], ...]] = ("weak", "strong")

    class Args(Arguments):
        """Lines count from 1; `end` 0 is the end of the file."""

        path: str = Field(description="file, relative to the repository")
        start: int = Field(default=1, description="first line")
        end: int = Field(default=0, description="last line; 0: to the end")

    async def run(self, args: Args, desk: Desk) -> AsyncIterator[Output | ToolResult]:
        """Raises ToolError: missing, binary, outside the repository, or a range past the end."""
        yield await asyncio.to_thread(self._read, args, desk)

    def _read(self, args: Args, desk: Desk) -> ToolResult:
        path = paths.existing(args.path, desk.files)
        content = desk.files.read(path)
        whole = text.decode(content, path)
        lines = text.lines_of(whole)
        first, last = self._range(args, path, len(lines))
        body, last = self._fit(lines, first, last)
        heading = f"{path} lines {first}-{last} of {len(lines)}" if lines else f"{path} lines 0-0 of 0"
        more = f"\n… go on with start={last + 1}" if last < len(lines) else ""
        names = tuple(s.label for s in outline.symbols(path, whole) if first <= s.line <= last)
        seen = FileSeen(
            path=path, role="read", lines=f"{first}-{last}", content_hash=text.digest(content), symbols=names[:12]
        )
        return ToolResult(text=f"{heading}\n{body}{more}", line=f"read {path} {first}-{last}", facts=(seen,))

    @staticmethod
    def _range(args: Args, path: str, total: int) -> tuple[int, int]:
        first = max(args.start, 1)
        if first > max(total, 1):
            raise ToolError(f"{path} has only {text.plural(total, 'line')}; start={args.start} is past its end.")
        most = LINES_ASKED if args.start > 1 or args.end > 0 else LINES_UNASKED
        last = total if args.end <= 0 else min(args.end, total)
        return min(first, max(total, 1)), min(max(last, first), first + most - 1, max(total, 1))

    @staticmethod
    def _fit(lines: list[str], first: int, last: int) -> tuple[str, int]:
        shown = text.numbered(lines[first - 1 : last], first).split("\n")
        size = 0
        for index, line in enumerate(shown):
            size += len(line) + 1
            if size > CHARS and index:
                return "\n".join(shown[:index]), first + index - 1
        return "\n".join(shown), last
