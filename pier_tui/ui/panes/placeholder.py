"""Stand-ins with the messages of the real panes, until those are in the tree."""

from __future__ import annotations

from typing import Literal

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from pier_tui.events import AnyEvent, Verdict
from pier_tui.repo.diff import HunkPick


class ConversationPane(Vertical):
    """Shows event types; the input submits."""

    class Submitted(Message):
        """A request."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class Steered(Submitted):
        """For the next turn."""

    class ShellRequested(Message):
        """The user's own command."""

        def __init__(self, command: str) -> None:
            super().__init__()
            self.command = command

    class TurnAction(Message):
        """Something with a turn."""

        def __init__(self, action: str, turn: int) -> None:
            super().__init__()
            self.action, self.turn = action, turn

    def compose(self) -> ComposeResult:
        """Text and input."""
        yield Static(Content(""))
        yield Input()

    def on_input_submitted(self, message: Input.Submitted) -> None:
        """Send."""
        self.post_message(self.Submitted(message.value))
        message.input.clear()

    def show(self, event: AnyEvent) -> None:
        """Name the event."""
        self.query_one(Static).update(Content(event.type))


class DiffPane(Vertical, can_focus=True):
    """Shows nothing."""

    class VerdictGiven(Message):
        """A verdict."""

        def __init__(self, verdict: Verdict) -> None:
            super().__init__()
            self.verdict = verdict

    class UndoWanted(Message):
        """Take hunks back."""

        def __init__(self, checkpoint: str, hunks: tuple[HunkPick, ...] | None) -> None:
            super().__init__()
            self.checkpoint, self.hunks = checkpoint, hunks

    class SourceWanted(Message):
        """Another source."""

        def __init__(self, source: Literal["pending", "turn", "session", "tree"]) -> None:
            super().__init__()
            self.source = source

    def show(self, event: AnyEvent) -> None:
        """Nothing yet."""
