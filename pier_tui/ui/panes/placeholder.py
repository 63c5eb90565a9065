"""Stand-ins with the messages of the real panes, until those are in the tree."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from pier_tui.events import AnyEvent


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

    def go_to_turn(self, turn: int) -> None:
        """Nothing to go to yet."""

    def show(self, event: AnyEvent) -> None:
        """Name the event."""
        self.query_one(Static).update(Content(event.type))
