"""What is happening now, in a few words, folded from the events."""

from __future__ import annotations

from pier_tui.events import (
    AnyEvent,
    CallFinished,
    PatchApplied,
    PatchProposed,
    PatchRebased,
    ReasoningDelta,
    RequestEnded,
    RequestFailed,
    RequestInterrupted,
    RequestStarted,
    RouteDecided,
    TextDelta,
    ToolCalled,
    ToolReturned,
    TurnStarted,
)
from pier_tui.models.messages import Tier
from pier_tui.ui.format import NAMES

IDLE, REVIEW = "idle", "waiting for your review"


class Activity:
    """`text` is what the status line says; `pending` counts hunks nobody has decided on; `tier` does the turn."""

    def __init__(self) -> None:
        self.text = IDLE
        self.busy = False
        self.pending = 0
        self.tier: Tier | None = None
        self._model = ""

    def add(self, event: AnyEvent) -> bool:
        """Take one event in; true when the text changed."""
        before = (self.text, self.busy)
        match event:
            case RequestStarted() | TurnStarted():
                self._at("routing")
            case RouteDecided():
                self.tier = event.tier
                self._model = f"offline {NAMES[event.tier]}" if event.offline else NAMES[event.tier]
                self._at(f"{self._model} reading")
            case ReasoningDelta():
                self._at(f"{self._model} thinking")
            case TextDelta():
                self._at(f"{self._model} writing")
            case CallFinished():
                self._at(f"{self._model} answered")
            case ToolCalled():
                self._at(f"running {event.line or event.name}")
            case ToolReturned():
                self._at("routing")
            case PatchProposed():
                self.pending = sum(len(file.hunks) or 1 for file in event.patch.files)
            case PatchRebased():
                self.pending = sum(len(file.hunks) or 1 for file in event.patch.files)
            case PatchApplied():
                self.pending = sum(len(file.hunks) or 1 for file in event.remaining.files)
            case RequestEnded() | RequestInterrupted() | RequestFailed():
                self.busy, self.tier = False, None
        if not self.busy:
            self.text = REVIEW if self.pending else IDLE
        return (self.text, self.busy) != before

    def rest(self) -> None:
        """Nothing runs, whatever was heard last."""
        self.busy, self.tier = False, None
        self.text = REVIEW if self.pending else IDLE

    def _at(self, text: str) -> None:
        self.text, self.busy = text, True
