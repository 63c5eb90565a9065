"""Whether a directory is trusted, and whether a key may go to an address: asked before anything happens.

What is shown of the directory comes from lstat alone, and no text of a stranger is read as markup.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar, Literal, Protocol

from textual.app import App
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from pier_tui.ui.screens.unhurried import Unhurried
from pier_tui.ui.text import sanitize

if TYPE_CHECKING:
    from pier_tui.models.pinning import Destination

LONGEST = 110
"""Characters of a parent's path."""
Standing = Literal["here", "below", "look", "leave"]
"""Trust this directory, everything below its parent, open without trust, or leave."""


class Seen(Protocol):
    """A directory seen from outside."""

    @property
    def path(self) -> str:
        """Its real path."""
        ...

    @property
    def parent(self) -> str:
        """Its parent's; empty where trusting that would be trusting nearly everything."""
        ...

    @property
    def noted(self) -> Sequence[str]:
        """What is worth knowing before deciding, a few words each."""
        ...


class Gate(Protocol):
    """What must be decided before an agent is started."""

    async def undecided(self) -> Seen | None:
        """The directory to ask about; None where that is settled. Raises PierError."""
        ...

    async def settle(self, answer: Standing) -> None:
        """Keep the answer. Raises PierError."""
        ...

    async def unconfirmed(self) -> Sequence[Destination]:
        """The addresses to ask about. Raises PierError."""
        ...

    async def confirm(self, destinations: Sequence[Destination]) -> None:
        """Remember that the key may go there. Raises PierError."""
        ...

    @property
    def trusted(self) -> bool:
        """Whether the directory is trusted."""
        ...


class TrustScreen(Unhurried[Standing]):
    """Answers how a directory is to be opened; closing it leaves the program."""

    TITLE_TEXT = "Do you trust this directory?"
    ANSWERS = frozenset("tpoq") | {"escape"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("t", "answer('here')", "trust it", id="trust.here"),
        Binding("p", "answer('below')", "trust its parent", id="trust.below"),
        Binding("o", "answer('look')", "only look", id="trust.look"),
        Binding("q,escape", "answer('leave')", "leave", id="trust.leave"),
    ]
    DEFAULT_CSS = """
    TrustScreen .path { background: $panel; padding: 0 1; text-style: bold; }
    TrustScreen .facts { margin-top: 1; }
    TrustScreen .answers { margin: 1 0; }
    TrustScreen VerticalScroll { height: auto; max-height: 4; }
    """

    def __init__(self, seen: Seen, *, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(clock=clock)
        self._directory = seen

    def body(self) -> list[Widget]:
        """Where, what was seen, what trusting means, and the answers."""
        about = (
            "Trusted, git is asked about it, AGENTS.md is read to the models, and its tests and commands can be "
            "run as your approval policy says. Until then nothing in it is read or run."
        )
        noted = "; ".join(self._directory.noted) or "nothing that needs a word"
        # A stranger chooses how long these are: they scroll rather than push the answers off the screen.
        return [
            VerticalScroll(
                Static(Content(sanitize(self._directory.path, keep_newlines=False))), classes="path", can_focus=False
            ),
            VerticalScroll(
                Static(Content.assemble(("seen from outside: ", "$muted"), sanitize(noted, keep_newlines=False))),
                classes="facts",
                can_focus=False,
            ),
            Static(Content(about), classes="facts"),
            Static(self._answers(), classes="answers"),
        ]

    def _answers(self) -> Content:
        parent = sanitize(self._directory.parent, keep_newlines=False)
        lines = [("t", "trust it", "remembered for this very directory")]
        if parent:
            lines.append(("p", "trust its parent", f"and everything below:\n     {_cut(parent)}"))
        lines.append(("o", "only look", "no git; models run and write nothing"))
        lines.append(("q", "leave", ""))
        return Content("\n").join(
            Content.assemble((f" {key} ", "bold reverse"), f" {words:<17}", (note, "$muted"))
            for key, words, note in lines
        )

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The parent is only offered where there is one to offer."""
        return not (parameters == ("below",) and not self._directory.parent)

    def action_answer(self, answer: Standing) -> None:
        """The answer, once the question could be read."""
        if self.ready:
            self.dismiss(answer)


def _cut(path: str) -> str:
    """A path that fits on two lines; its beginning and end are what tells it from others."""
    return path if len(path) <= LONGEST else f"{path[: LONGEST // 2]} … {path[-LONGEST // 2 :]}"


class DestinationScreen(Unhurried[bool]):
    """Whether a key may be sent to addresses it was never sent to; closing it is no."""

    TITLE_TEXT = "Send your key to a new address?"
    ANSWERS = frozenset("yn") | {"escape"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "yes, from now on", id="destination.yes"),
        Binding("n,escape", "answer(False)", "no", id="destination.no"),
    ]
    DEFAULT_CSS = """
    DestinationScreen .path { background: $panel; padding: 0 1; text-style: bold; }
    DestinationScreen .facts { margin: 1 0; }
    """

    def __init__(self, destinations: Sequence[Destination], *, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(clock=clock)
        self._destinations = destinations

    def body(self) -> list[Widget]:
        """The addresses and whose key it is."""
        sources = ", ".join(sorted({sanitize(d.source, keep_newlines=False) for d in self._destinations}))
        about = (
            f"The key from {sources} was never sent there before. It is sent with every request to a model, so "
            "whoever answers at this address gets it. Nothing was sent yet."
        )
        listed = "\n".join(sanitize(d.origin, keep_newlines=False) for d in self._destinations)
        return [Static(Content(listed), classes="path"), Static(Content(about), classes="facts")]

    def action_answer(self, answer: bool) -> None:
        """The answer, once the question could be read."""
        if self.ready:
            self.dismiss(answer)


async def admitted(app: App[None], gate: Gate) -> bool:
    """Ask how the directory is to be opened, where that is open. False: the user wants to leave. Raises PierError."""
    seen = await gate.undecided()
    if seen is None:
        return True
    answer = await app.push_screen_wait(TrustScreen(seen)) or "leave"
    if answer == "leave":
        return False
    await gate.settle(answer)
    return True


async def cleared(app: App[None], gate: Gate) -> None:
    """Ask whether the key may go where it never went. After a no, starting the agent says what to do instead."""
    destinations = await gate.unconfirmed()
    if not destinations:
        return
    if await app.push_screen_wait(DestinationScreen(destinations)):
        await gate.confirm(destinations)
