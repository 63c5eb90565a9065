"""The route tool: the weak model says what kind of turn this is. The router acts on it, not this module."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import ClassVar, Literal

from pydantic import Field

from pier_tui.tools.spec import Arguments, Described
from pier_tui.tools.text import clip
from pier_tui.tools.tool import Desk, Kind, Output, ToolResult


class Route(Described):
    """States the structured routing decision, in the same answer as the action."""

    name: ClassVar[str] = "route"
    kind: ClassVar[Kind] = "control"
    tiers: ClassVar[tuple[Literal["weak", "strong"], ...]] = ("weak",)

    class Args(Arguments):
        """`confidence` is 0 to 1; `handoff_prompt` is for the strong model when escalating."""

        action: Literal["inspect", "answer", "summarise", "edit", "run_test", "escalate"] = Field(
            description="what this turn does"
        )
        confidence: float | None = Field(default=None, description="0 to 1: how sure you are to get this turn right")
        reason: str = Field(default="", description="one short sentence")
        handoff_prompt: str = Field(default="", description="when escalating: what the strong model should do")

    async def run(self, args: Args, desk: Desk) -> AsyncIterator[Output | ToolResult]:
        """Only acknowledges."""
        sure = "" if args.confidence is None else f" {args.confidence:.2f}"
        reason = f"  {clip(args.reason, 80)}" if args.reason else ""
        yield ToolResult(text="routed", line=f"route {args.action}{sure}{reason}")
