"""The search tool: finds lines in the files git would track, as the pending patch set has them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import ClassVar, Literal

from pydantic import Field

from pier_tui.errors import ToolError
from pier_tui.tools import finding, paths
from pier_tui.tools.spec import Arguments, Described
from pier_tui.tools.text import clip, shown
from pier_tui.tools.tool import Desk, FileSeen, Kind, Output, ToolResult

WIDTH, MOST = 200, 200


class Search(Described):
    """Finds text or a regular expression."""

    name: ClassVar[str] = "search"
    kind: ClassVar[Kind] = "read"
    tiers: ClassVar[tuple[Literal["weak", "strong"], ...]] = ("weak", "strong")

    class Args(Arguments):
        """`max` is at most 200."""

        pattern: str = Field(description="text to find, case sensitive")
        path: str = Field(default="", description="file or folder, relative to the repository; empty: all of it")
        regex: bool = Field(default=False, description="the pattern is a regular expression")
        max: int = Field(default=50, description="how many matches to give")

    async def run(self, args: Args, desk: Desk) -> AsyncIterator[Output | ToolResult]:
        """Raises ToolError: empty or invalid pattern, no such folder, or it took too long."""
        if not args.pattern or "\n" in args.pattern or "\0" in args.pattern:
            raise ToolError("pattern must be text within one line.")
        folder = await asyncio.to_thread(paths.clean, args.path, desk.files)
        most = min(max(args.max, 1), MOST)
        wanted = finding.Wanted(args.pattern, args.regex, folder, most + 1)
        hits = await finding.find(wanted, desk.files)
        lines = [f"{hit.path}:{hit.line}: {clip(shown(hit.text).strip(), WIDTH)}" for hit in hits[:most]]
        if len(hits) > most:
            lines.append(f"… more than {most} matches; narrow the pattern or the path")
        count = "no match" if not hits else "1 match" if len(hits) == 1 else f"{min(len(hits), most)} matches"
        where = f" in {folder}" if folder else ""
        line = f"search {clip(args.pattern, 60)}{where}  {count}"
        yield ToolResult(text="\n".join(lines) or "no match", line=line, facts=_facts(hits[:most]))


def _facts(hits: list[finding.Hit]) -> tuple[FileSeen, ...]:
    found: dict[str, list[int]] = {}
    for hit in hits:
        found.setdefault(hit.path, []).append(hit.line)
    return tuple(
        FileSeen(path=path, role="found", lines=", ".join(map(str, numbers[:8])))
        for path, numbers in list(found.items())[:10]
    )
