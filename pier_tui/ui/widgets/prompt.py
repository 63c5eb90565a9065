"""The prompt's text area: sending, steering, commands, completion, history and folded pastes."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import ClassVar, Literal

from rich.cells import cell_len
from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import TextArea

from pier_tui.ui.text import sanitize, visible
from pier_tui.ui.widgets.letters import LetterArea
from pier_tui.ui.widgets.prompt_complete import (
    Choice,
    FileSearch,
    History,
    Listing,
    Pastes,
    best_commands,
    command_query,
    file_query,
    score,
)

Files = Listing
"""Gives the paths to complete to, relative to the repository."""
PATIENCE = 0.05
"""Seconds keys wait for files to offer, so that enter takes one of them and does not send."""
EDGES = 4
"""Columns of the border a text in it leaves free."""
PRICES = re.compile(r" at [^()]*\)")
Offer = Literal["file", "command", "history", ""]


class PromptInput(LetterArea):
    """What the user types. It draws no list: `Offered` says what to show, and the list's keys are handled here."""

    DEFAULT_CSS = """
    PromptInput { height: auto; min-height: 3; max-height: 12; background: $surface; border: round $border-blurred;
        border-title-color: $text-muted; border-subtitle-color: $text-accent; padding: 0 1; }
    PromptInput:focus { border: round $border; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "send", "send", id="prompt.send"),
        Binding("shift+enter,ctrl+j,alt+enter", "newline", "new line", show=False, id="prompt.newline"),
        Binding("ctrl+s", "steer", "steer", id="prompt.steer", tooltip="Send to the very next turn"),
        Binding("ctrl+r", "search", "history", show=False, id="prompt.history"),
        Binding("ctrl+g", "editor", "editor", show=False, id="prompt.editor"),
        Binding("up", "before", "recall", show=False, id="prompt.before"),
        Binding("down", "after", "next", show=False, id="prompt.after"),
        Binding("tab", "choose", "complete", show=False, id="prompt.choose"),
        Binding("escape", "dismiss", "close", show=False, id="prompt.dismiss"),
    ]

    class Submitted(Message):
        """A request, or a command such as `/costs`; pastes are put back."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class GoOn(Message):
        """Enter in the empty prompt while messages wait for it."""

    class Steered(Message):
        """Something for the very next turn."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class ShellRequested(Message):
        """The user's own command, without its `!`."""

        def __init__(self, command: str) -> None:
            super().__init__()
            self.command = command

    class EditorRequested(Message):
        """The text is to be edited in $EDITOR and given back with `load`."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class TakeBack(Message):
        """The last queued message is wanted back in the prompt."""

    class Offered(Message):
        """What can be completed to now, and which one is chosen; an empty list closes it."""

        def __init__(self, choices: Sequence[Choice], at: int) -> None:
            super().__init__()
            self.choices, self.at = choices, at

    def __init__(self, files: Files | None = None, commands: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(soft_wrap=True, show_line_numbers=False, tab_behavior="focus", highlight_cursor_line=False)
        self.files, self.commands = files, commands
        self.sent = History()
        """What was sent before; whoever keeps it over sessions fills its `entries`."""
        self.pastes = Pastes()
        self.queued = 0
        self.held = self.running = False
        """What is queued waits for enter; a request runs, so that there is a turn to steer."""
        self._offer: Offer = ""
        self._choices: list[Choice] = []
        self._at = 0
        self._search: FileSearch | None = None
        # A blinking cursor would be all that a resting screen ever does: two paints a second.
        self.cursor_blink = False
        self.border_title = Content("prompt")

    @property
    def before(self) -> str:
        """The text of the cursor's line up to the cursor."""
        row, column = self.cursor_location
        return self.document.get_line(row)[:column]

    def load(self, text: str) -> None:
        """Replace the text, nothing in it hidden, with the cursor at its end."""
        self.text = visible(text)
        self.move_cursor(self.document.end)

    # Sending.

    def action_send(self) -> None:
        """Take the chosen completion, or send. A command typed out is sent at once."""
        if self._choices and self.text != f"/{self._choices[self._at].text}":
            self.insert_choice(self._at)
            return
        text = self._take()
        if text.startswith("!") and text[1:].strip():
            self.post_message(self.ShellRequested(text[1:].strip()))
        elif text.strip():
            self.post_message(self.Submitted(text))
        elif self.held:
            self.post_message(self.GoOn())

    def action_steer(self) -> None:
        """Send to the very next turn."""
        if (text := self._take()).strip():
            self.post_message(self.Steered(text))

    def _take(self) -> str:
        text = self.pastes.unfold(self.text)
        self.sent.add(text)
        self._close()
        if text.strip():
            self.pastes.clear()
            self.clear()
        return text

    def action_newline(self) -> None:
        """Break the line."""
        self.insert("\n")

    def action_editor(self) -> None:
        """Edit elsewhere."""
        self.post_message(self.EditorRequested(self.pastes.unfold(self.text)))

    async def _on_paste(self, event: events.Paste) -> None:
        """Fold what is long; everything else about a paste is as in any text area."""
        event.prevent_default()
        event.stop()
        self.insert(self.pastes.fold(event.text.replace("\r\n", "\n").replace("\r", "\n")))

    async def _on_key(self, event: events.Key) -> None:
        """Keys bound here act at once: after the text typed before them and before what follows, however fast."""
        if event.is_printable:
            return
        if event.key in {"enter", "tab", "escape"}:
            event.prevent_default()
        # Left to bubble, a key would come to its binding only after text that was typed behind it.
        bound = self.screen.active_bindings.get(event.key)
        if bound is not None and bound.node is self and bound.enabled:
            event.prevent_default()
            event.stop()
            await self.app.run_action(bound.binding.action, self)

    # History.

    def action_before(self) -> None:
        """The choice above, the line above, or what was sent before."""
        if self._choices:
            self._choose(-1)
        elif not self.text and self.queued and not self.sent.walking:
            self.post_message(self.TakeBack())
        elif (not self.text or self.sent.walking) and self.cursor_location[0] == 0:
            self._recall(-1)
        else:
            self.action_cursor_up()

    def action_after(self) -> None:
        """The choice below, the line below, or what was sent after."""
        if self._choices:
            self._choose(1)
        elif self.sent.walking and self.cursor_location[0] == self.document.line_count - 1:
            self._recall(1)
        else:
            self.action_cursor_down()

    def _recall(self, by: int) -> None:
        text = self.sent.recall(by, self.text)
        if text is not None:
            with self.prevent(TextArea.Changed):
                self.load(text)

    def action_search(self) -> None:
        """Search what was sent before; the prompt's text is what is searched for."""
        self._offer = "history"
        self._offer_now(self.sent.search(self.text))

    # Completion.

    async def on_text_area_changed(self, event: TextArea.Changed) -> None:
        """Offer what fits what was typed."""
        del event
        self.sent.rest()
        if self._offer == "history" and self.text:
            self._offer_now(self.sent.search(self.text))
        elif (query := file_query(self.before)) is not None and self.files is not None:
            await self._offer_files(self.files, query)
        elif (query := command_query(self.text)) is not None and self.commands:
            self._offer = "command"
            self._offer_now(best_commands(query, self.commands))
        else:
            self._close()

    async def _offer_files(self, files: Files, query: str) -> None:
        """What fits; where that takes long, until it is known, what is offered already and still fits."""
        self._offer, self._search = "file", self._search or FileSearch(files)
        finding = self._search.start(query)
        await asyncio.wait({finding}, timeout=PATIENCE)
        if finding.done():
            return self._found(finding)
        self._offer_now([choice for choice in self._choices if score(query, choice.text) is not None])
        finding.add_done_callback(self._found)

    def _found(self, finding: asyncio.Future[list[Choice]]) -> None:
        if self._offer == "file" and not finding.cancelled():
            self._offer_now(finding.result())

    def _offer_now(self, choices: list[Choice]) -> None:
        self._choices, self._at = choices, 0
        self.post_message(self.Offered(choices, 0))

    def _choose(self, by: int) -> None:
        self._at = (self._at + by) % len(self._choices)
        self.post_message(self.Offered(self._choices, self._at))

    def _close(self) -> None:
        self._search = None
        if self._choices or self._offer:
            self._offer = ""
            self._offer_now([])

    def action_choose(self) -> None:
        """Insert the chosen completion."""
        self.insert_choice(self._at)

    def insert_choice(self, at: int) -> None:
        """Insert one of the choices offered."""
        chosen, offer = self._choices[at], self._offer
        self._close()
        with self.prevent(TextArea.Changed):
            if offer == "file":
                row, column = self.cursor_location
                query = file_query(self.before) or ""
                self.replace(f"{visible(chosen.text)} ", (row, column - len(query)), (row, column))
            else:
                self.load(f"/{chosen.text} " if offer == "command" else chosen.text)

    def action_dismiss(self) -> None:
        """Close the list."""
        self._close()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Tab and escape belong to the screen while nothing is offered, and only what runs is steered."""
        return self.running if action == "steer" else bool(self._choices) or action not in {"choose", "dismiss"}

    def set_next(self, choice_text: str) -> None:
        """What the border says of the next turn, such as `next turn: 105B (once)`; empty says nothing."""
        self.border_subtitle = Content(_fitted(sanitize(choice_text, keep_newlines=False), self.size.width - EDGES))


def _fitted(text: str, width: int) -> str:
    """Better without the name of the prices than cut off in it."""
    return PRICES.sub(")", text) if cell_len(text) > width else text
