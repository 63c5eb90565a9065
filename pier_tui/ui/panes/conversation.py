"""The conversation pane: the transcript above, the prompt below. It shows events and posts what the user wants."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from pier_tui.events import AnyEvent, RequestStarted
from pier_tui.ui.text import sanitize
from pier_tui.ui.widgets.prompt import Files, PromptInput
from pier_tui.ui.widgets.prompt_box import PromptBox
from pier_tui.ui.widgets.transcript import Transcript
from pier_tui.ui.widgets.transcript_records import Records, TurnRecord


class ConversationPane(Vertical):
    """All of a conversation. `files` gives the paths that `@` completes, `commands` name and description for `/`."""

    DEFAULT_CSS = """
    ConversationPane { height: 1fr; background: $surface; }
    ConversationPane #welcome { height: auto; padding: 1 2; color: $foreground 70%; }
    """
    Submitted = PromptInput.Submitted
    Steered = PromptInput.Steered
    ShellRequested = PromptInput.ShellRequested
    EditorRequested = PromptInput.EditorRequested
    TakeBack = PromptInput.TakeBack
    TurnAction = Transcript.TurnAction

    def __init__(
        self, files: Files | None = None, commands: Sequence[tuple[str, str]] = (), *, id: str | None = None
    ) -> None:
        super().__init__(id=id)
        self.welcome = Static(id="welcome")
        self.welcome.display = False
        self.transcript = Transcript()
        self.box = PromptBox(files, commands)

    def compose(self) -> ComposeResult:
        """What can be done here until something is, the transcript, and the prompt."""
        yield self.welcome
        yield self.transcript
        yield self.box

    @property
    def prompt(self) -> PromptInput:
        """The prompt's text area."""
        return self.box.input

    def show(self, event: AnyEvent) -> None:
        """Show an event; painting follows within a frame, once for many."""
        if self.welcome.display and isinstance(event, RequestStarted):
            self.welcome.display = False
        self.transcript.show(event)

    def show_past(self, records: Records) -> None:
        """Show what happened before in place of what there is."""
        self.welcome.display = False
        self.transcript.show_past(records)

    def show_all(self, history: Sequence[AnyEvent]) -> None:
        """Show what happened before, painting once."""
        self.welcome.display = False
        self.transcript.show_all(history)

    def greet(self, text: str) -> None:
        """What an empty conversation says."""
        self.welcome.display = not self.transcript.records.all
        self.welcome.update(Content(sanitize(text)))

    def turn_record(self, turn: int) -> TurnRecord | None:
        """All that is known of a turn."""
        return self.transcript.records.turn(turn)

    def go_to(self, turn: int) -> None:
        """Bring a turn into view, with the cursor on it."""
        self.transcript.go_to(turn)
        self.transcript.focus()

    def set_next(self, choice_text: str) -> None:
        """What the prompt's border says of the next turn."""
        self.prompt.set_next(choice_text)

    def set_work(self, texts: Sequence[str], running: bool, *, held: bool = False) -> None:
        """Show the messages that wait; those `held` wait for the user. What is `running` can be steered."""
        self.prompt.running = running
        self.box.set_queue(texts, held=held)

    def edit(self, text: str) -> None:
        """Put a text into the prompt, as one taken back from the queue or from the editor."""
        self.prompt.load(text)
        self.prompt.focus()
