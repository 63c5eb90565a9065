"""The finish tool: the request is done. The loop acts on it, not this module."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import ClassVar, Literal

from pydantic import Field

from pier_tui.tools.spec import Arguments, Described
from pier_tui.tools.text import clip
from pier_tui.tools.tool import Desk, Kind, Output, ToolResult


class Finish(Described):
    """Ends the request with a summary for the user."""

    name: ClassVar[str] = "finish"
    kind: ClassVar[Kind] = "control"
    tiers: ClassVar[tuple[Literal["weak", "strong"], ...]] = ("weak", "strong")

    class Args(Arguments):
        """What was done."""

        summary: str = Field(description="what was done and how it was checked, in a few sentences")

    async def run(self, args: Args, desk: Desk) -> AsyncIterator[Output | ToolResult]:
        """Only acknowledges."""
        yield ToolResult(text="finished", line=f"finish  {clip(' '.join(args.summary.split()), 80)}")
