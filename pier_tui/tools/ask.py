"""The ask tool: a question only the user can answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import ClassVar, Literal

from pydantic import Field

from pier_tui.errors import ToolError
from pier_tui.tools.spec import Arguments, Described
from pier_tui.tools.text import clip
from pier_tui.tools.tool import Answered, Desk, Kind, Output, ToolResult


class Ask(Described):
    """Puts a question to the user and waits for the answer."""

    name: ClassVar[str] = "ask"
    kind: ClassVar[Kind] = "note"
    tiers: ClassVar[tuple[Literal["weak", "strong"], ...]] = ("weak", "strong")

    class Args(Arguments):
        """`choices` are offered as keys; the user may still answer freely."""

        question: str = Field(description="one question")
        choices: list[str] = Field(default_factory=list, description="up to nine short answers to choose from")

    async def run(self, args: Args, desk: Desk) -> AsyncIterator[Output | ToolResult]:
        """Raises ToolError: no question, or nobody there to answer."""
        question = args.question.strip()
        if not question:
            raise ToolError("ask needs a question.")
        choices = tuple(choice.strip() for choice in args.choices if choice.strip())[:9]
        answer = (await desk.ask(question, choices)).strip() or "(no answer)"
        fact = Answered(question=question, answer=answer)
        yield ToolResult(text=answer, line=f"ask {clip(question, 60)} → {clip(answer, 40)}", facts=(fact,))
