"""The prompt with what belongs around it: the queue above, and the list of completions over the conversation."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from pier_tui.ui.text import sanitize
from pier_tui.ui.widgets.prompt import Files, PromptInput
from pier_tui.ui.widgets.prompt_complete import Choice


class ChoiceList(Static):
    """What can be completed to, drawn over what lies above the prompt. The keys stay with the prompt."""

    DEFAULT_CSS = """
    ChoiceList { display: none; overlay: screen; width: 1fr; height: auto; padding: 0 1;
        background: $panel; color: $text; }
    """

    class Picked(Message):
        """A choice was clicked."""

        def __init__(self, at: int) -> None:
            super().__init__()
            self.at = at

    def offer(self, choices: Sequence[Choice], at: int) -> None:
        """Show these choices, or nothing."""
        self.display = bool(choices)
        if not choices:
            return
        lines = []
        for index, choice in enumerate(choices):
            mark, style = ("▸ ", "bold reverse") if index == at else ("  ", "")
            text = sanitize(choice.text.strip(), keep_newlines=False)
            about = f"  {sanitize(choice.about, keep_newlines=False)}" if choice.about else ""
            lines.append(Content.assemble(mark, (text, style), about).truncate(max(8, self.app.size.width - 4)))
        self.styles.offset = (0, -len(choices))
        self.update(Content("\n").join(lines))

    def on_click(self, event: events.Click) -> None:
        """Take the choice under the mouse."""
        self.post_message(self.Picked(event.y))


class PromptBox(Vertical):
    """Queue lines, completions, and the text area."""

    DEFAULT_CSS = """
    PromptBox { height: auto; max-height: 50%; }
    PromptBox > #queue { display: none; height: auto; max-height: 4; color: $text-muted; padding: 0 1; }
    """

    def __init__(self, files: Files | None = None, commands: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__()
        self.input = PromptInput(files, commands)
        self._queue: tuple[str, ...] = ()

    def compose(self) -> ComposeResult:
        """The queue is empty at first."""
        yield Static(Content(""), id="queue")
        yield ChoiceList(Content(""))
        yield self.input

    @on(PromptInput.Offered)
    def _offered(self, message: PromptInput.Offered) -> None:
        message.stop()
        self.query_one(ChoiceList).offer(message.choices, message.at)

    @on(ChoiceList.Picked)
    def _picked(self, message: ChoiceList.Picked) -> None:
        message.stop()
        self.input.insert_choice(message.at)
        self.input.focus()

    def set_queue(self, texts: Sequence[str], *, held: bool = False) -> None:
        """Show what waits, the next one first; what is `held` goes on with enter in the empty prompt."""
        self._queue = tuple(texts)
        self.input.queued, self.input.held = len(self._queue), held
        queue = self.query_one("#queue", Static)
        queue.display = bool(self._queue)
        lines = [f"queued: {sanitize(text, keep_newlines=False)}" for text in self._queue[:3]]
        if len(self._queue) > 3:
            lines[2] = f"and {len(self._queue) - 2} more"
        if held:
            lines.append(f"{len(self._queue)} waiting: ⏎ goes on · ↑ takes the last back")
        elif lines:
            lines[-1] += "   (↑ takes it back)"
        queue.update(Content("\n").join(Content(line).truncate(max(8, self.app.size.width - 4)) for line in lines))
