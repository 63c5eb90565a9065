"""First start without a key: the offline pair now, a key, or a server. Nothing is contacted before it is asked for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol

from textual import work
from textual.app import App
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Button, Input, Static

from pier_tui.errors import PierError
from pier_tui.ui.screens.dialog import Dialog
from pier_tui.ui.screens.local_models import LocalModelsScreen, LocalOffer
from pier_tui.ui.text import sanitize


@dataclass(frozen=True)
class Setup:
    """What the user chose. `value` is the key, or the server's address; empty for offline and local."""

    way: Literal["offline", "key", "server", "local"]
    value: str = ""


class SetUp(Protocol):
    """What wiring offers for a first start; handed to the app only where no model is connected."""

    async def find(self) -> Sequence[str]:
        """Servers answering on this machine: address, space, anything else. Only called when the user asks."""
        ...

    async def local(self) -> LocalOffer:
        """Models that can be run on this machine."""
        ...

    async def apply(self, setup: Setup) -> None:
        """Keep and use the choice. Raises PierError where it cannot be used."""
        ...


class FirstStartScreen(Dialog[Setup]):
    """Answers with a Setup; closing it means offline. `find` looks for servers on this machine, only when told to."""

    TITLE_TEXT = "No model is connected yet"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "offline", "work offline", id="start.offline")]
    DEFAULT_CSS = """
    FirstStartScreen Button { width: 100%; margin-top: 1; }
    FirstStartScreen Input { margin-top: 1; background: $panel; }
    FirstStartScreen #wrong { color: $text-error; margin-top: 1; }
    """

    def __init__(self, find: Callable[[], Awaitable[Sequence[str]]] | None = None, wrong: str = "") -> None:
        """`wrong` says why the last choice could not be used."""
        super().__init__()
        self._find = find
        self._wrong = wrong

    def body(self) -> list[Widget]:
        """The four ways."""
        about = (
            "The offline pair is built in: two rule-based programs, not language models. They find definitions, "
            "rename, refactor and repair simple test failures, free and without a network."
        )
        found: list[Widget] = [
            Static(Content(about)),
            Button(Content("Work with the offline pair now"), id="offline", variant="primary", compact=True),
            Input(placeholder="or paste a Sarvam API key and press enter", password=True, id="key", compact=True),
            Input(placeholder="or a server's address, such as http://localhost:11434/v1", id="server", compact=True),
        ]
        if self._find is not None:
            found.append(Button(Content("Look for a server on this machine"), id="find", compact=True))
            found.append(Button(Content("Run two small models on this machine..."), id="local", compact=True))
            found.append(Static(id="found"))
        if self._wrong:
            found.append(Static(Content(sanitize(self._wrong)), id="wrong"))
        return found

    def action_offline(self) -> None:
        """The offline pair."""
        self.dismiss(Setup("offline"))

    def on_button_pressed(self, message: Button.Pressed) -> None:
        """Offline, models run here, or look around."""
        if message.button.id == "offline":
            self.action_offline()
        elif message.button.id == "local":
            self.dismiss(Setup("local"))
        else:
            self._look()

    @work(exclusive=True)
    async def _look(self) -> None:
        """Look for servers now that the user asked; the first one found is filled in."""
        if self._find is None:
            return
        answer = self.query_one("#found", Static)
        answer.update(Content("looking..."))
        servers = await self._find()
        if servers:
            self.query_one("#server", Input).value = sanitize(servers[0].split(" ")[0])
            answer.update(Content(sanitize(f"found: {', '.join(servers)}; press enter in the field above to use it")))
        else:
            answer.update(Content("None answered on the usual ports."))

    def on_input_submitted(self, message: Input.Submitted) -> None:
        """A key or an address."""
        value = message.value.strip()
        if value:
            self.dismiss(Setup("key" if message.input.id == "key" else "server", value))


async def connect(app: App[None], asked: SetUp) -> None:
    """Ask until a choice can be used; what was wrong with the last one stands in the panel."""
    wrong = ""
    while True:
        setup = await app.push_screen_wait(FirstStartScreen(asked.find, wrong))
        if setup.way == "local" and not await app.push_screen_wait(LocalModelsScreen(await asked.local())):
            continue
        try:
            return await asked.apply(setup)
        except PierError as error:
            if setup.way == "offline":
                raise
            wrong = str(error)
