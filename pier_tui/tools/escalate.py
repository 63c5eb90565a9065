"""The escalate tool: the weak model hands this turn to the strong one. The router acts on it, not this module."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import ClassVar, Literal

from pydantic import Field

from pier_tui.tools.spec import Arguments, Described
from pier_tui.tools.text import clip
from pier_tui.tools.tool import Desk, Kind, Output, ToolResult


class Escalate(Described):
    """Hands the turn over."""

    name: ClassVar[str] = "escalate"
    kind: ClassVar[Kind] = "control"
    tiers: ClassVar[tuple[Literal["weak", "strong"], ...]] = ("weak",)

    class Args(Arguments):
        """Why, and what the strong model should do."""

        reason: str = Field(description="one short sentence")
        handoff_prompt: str = Field(
            default="", description="what the strong model should do, and what you know already"
        )

    async def run(self, args: Args, desk: Desk) -> AsyncIterator[Output | ToolResult]:
        """Only acknowledges."""
        yield ToolResult(text="handed over to the strong model", line=f"escalate  {clip(args.reason, 80)}")
