"""What a session's agent is made of, assembled once by wiring and shared by the loop, the review and the face."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pier_tui.agent.books import Books
from pier_tui.agent.budget import Budget
from pier_tui.agent.history import Scribe
from pier_tui.agent.past import Mark
from pier_tui.agent.record import Recorder
from pier_tui.agent.tool_run import ToolBench
from pier_tui.backbone.prefix import append
from pier_tui.backbone.state import Author
from pier_tui.backbone.updates import Update, apply
from pier_tui.events import BackboneChanged
from pier_tui.models.messages import Message, Tier
from pier_tui.repo.checkpoint import Journal
from pier_tui.repo.overlay import Overlay
from pier_tui.router.override import Steering
from pier_tui.router.strategy import Strategy


@dataclass
class Parts:
    """The working parts of one session. `threshold`: a stated confidence below it escalates."""

    root: Path
    books: Books
    steering: Steering
    recorder: Recorder
    bench: ToolBench
    overlay: Overlay
    checkpoints: Journal
    strategy: Strategy
    threshold: float = 0.5
    only: Tier | None = None
    budget: Budget = field(default_factory=Budget)
    epoch_tokens: int = 6000
    marks: list[Mark] = field(default_factory=list)
    """What each turn of this run started from, for redo and rewind."""
    applied: list[tuple[int, str]] = field(default_factory=list)
    """Checkpoints written in this run, each with the turn it came after."""

    def scribe(self, author: Author = "tool") -> Scribe:
        """A fresh collector of updates for the present turn."""
        return Scribe(self.books.backbone, self.recorder.turn, author)

    async def change(self, updates: Sequence[Update], messages: tuple[Message, ...] = ()) -> BackboneChanged | None:
        """Change the backbone, journal it, and return the event; None where nothing changed."""
        if not updates and not messages:
            return None
        state = apply(self.books.backbone, tuple(updates), turn=self.recorder.turn)
        if messages:
            state = append(state, self.recorder.turn, messages)
        self.books.backbone = state
        return await self.recorder.log(BackboneChanged(updates=tuple(updates), messages=messages))
