"""Two models on this machine: what would be fetched, and a yes before it is. Nothing is contacted before that."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Protocol

from textual import work
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Button, Static

from pier_tui.errors import PierError
from pier_tui.ui.screens.dialog import Dialog
from pier_tui.ui.text import sanitize


class LocalOffer(Protocol):
    """Models that can be run on this machine."""

    @property
    def possible(self) -> bool:
        """Whether the server program is there."""
        ...

    @property
    def missing(self) -> bool:
        """Whether something would have to be fetched."""
        ...

    def offer(self) -> str:
        """What it is, what it takes, and how good it is."""
        ...

    async def start(self, show: Callable[[str], None]) -> None:
        """Fetch what is missing and start; `show` is told how far it is. Raises PierError."""
        ...

    def stop(self) -> None:
        """Leave a fetch where it is."""
        ...


class LocalModelsScreen(Dialog[bool]):
    """Answers whether the models run now."""

    TITLE_TEXT = "Two small models on this machine"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "back", "back", id="local.back")]
    DEFAULT_CSS = """
    LocalModelsScreen Button { width: 100%; margin-top: 1; }
    LocalModelsScreen #state { margin-top: 1; }
    """

    def __init__(self, offer: LocalOffer) -> None:
        super().__init__()
        self._offer = offer

    def body(self) -> list[Widget]:
        """The offer, the yes, and the way back."""
        yes = "Fetch them and start" if self._offer.missing else "Start them"
        start = [Button(Content(yes), id="start", variant="primary", compact=True)] if self._offer.possible else []
        back = Button(Content("Back"), id="back", compact=True)
        return [Static(Content(sanitize(self._offer.offer()))), *start, back, Static(id="state")]

    def on_button_pressed(self, message: Button.Pressed) -> None:
        """Yes, or back."""
        if message.button.id == "back":
            self.action_back()
        else:
            message.button.disabled = True
            self._start()

    def action_back(self) -> None:
        """Not now; what was fetched until here is kept."""
        self._offer.stop()
        self.dismiss(False)

    @work(exclusive=True)
    async def _start(self) -> None:
        try:
            await self._offer.start(self._say)
        except PierError as error:
            self._say(str(error))
            self.query_one("#start", Button).disabled = False
            return
        self.dismiss(True)

    def _say(self, words: str) -> None:
        if self.is_mounted:
            self.query_one("#state", Static).update(Content(sanitize(words)))
