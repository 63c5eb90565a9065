"""The note tool: what a model wants the shared state to hold."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import ClassVar, Literal

from pydantic import Field

from pier_tui.errors import ToolError
from pier_tui.tools.spec import Arguments, Described
from pier_tui.tools.text import clip
from pier_tui.tools.tool import Desk, Kind, Noted, Output, ToolResult


class Note(Described):
    """States a plan step, a decision or an open question."""

    name: ClassVar[str] = "note"
    kind: ClassVar[Kind] = "note"
    tiers: ClassVar[tuple[Literal["weak", "strong"], ...]] = ("weak", "strong")

    class Args(Arguments):
        """`done` closes a plan step or a question stated before with the same text, or the one with the id."""

        section: Literal["plan", "decisions", "questions"] = Field(description="where it belongs")
        text: str = Field(default="", description="one sentence; may be left out to close an item by its id")
        why: str = Field(default="", description="the reason, for a decision")
        id: str = Field(default="", description="of an item to change, such as p2; empty for a new one")
        done: bool = Field(default=False, description="the step is done, the question answered")

    async def run(self, args: Args, desk: Desk) -> AsyncIterator[Output | ToolResult]:
        """Raises ToolError: nothing to note."""
        stated = " ".join(args.text.split())
        if not stated and not (args.id.strip() and args.done):
            raise ToolError("note needs a text of one sentence.")
        which, why = args.id.strip(), clip(args.why.strip(), 500)
        fact = Noted(id=which, section=args.section, text=clip(stated, 500), why=why, done=args.done)
        mark = "done: " if args.done else ""
        yield ToolResult(text="noted", line=f"note {args.section}: {mark}{clip(stated, 80)}", facts=(fact,))
