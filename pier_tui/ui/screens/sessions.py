"""Sessions (ctrl+l): those of this repository, to be gone on with or written out."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from pier_tui.ui.format import money
from pier_tui.ui.screens.dialog import Choices, Dialog
from pier_tui.ui.text import sanitize
from pier_tui.ui.workbench import SessionLine


@dataclass(frozen=True)
class SessionWish:
    """What to do with which session."""

    act: Literal["resume", "export"]
    session: str


class Kept(Choices):
    """The sessions; going on with one only where that is possible."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "select", "go on with it", id="sessions.resume")]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Choosing is going on with it."""
        screen = self.screen
        return screen.resumable if action == "select" and isinstance(screen, SessionsScreen) else True


class SessionsScreen(Dialog[SessionWish]):
    """Answers with a wish, or None. `resumable`: whether another session can be opened from here."""

    TITLE_TEXT = "Sessions of this repository"
    WIDE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x", "export", "export as Markdown", id="sessions.export"),
    ]
    DEFAULT_CSS = "SessionsScreen OptionList { height: 1fr; }"

    def __init__(
        self, sessions: Sequence[SessionLine], *, resumable: bool, clock: Callable[[], float] = time.time
    ) -> None:
        super().__init__()
        self._sessions, self.resumable, self._clock = sessions, resumable, clock

    def body(self) -> list[Widget]:
        """One line a session, newest first."""
        if not self._sessions:
            return [Static(Content("No session of this repository was kept yet."))]
        now = self._clock()
        return [Kept(*(Option(Content(one_line(session, now))) for session in self._sessions))]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Nothing to do where there is none."""
        return bool(self._sessions) if action == "export" else True

    def on_option_list_option_selected(self, message: OptionList.OptionSelected) -> None:
        """Go on with it."""
        if self.resumable:
            self.dismiss(SessionWish("resume", self._sessions[message.option_index].id))

    def action_export(self) -> None:
        """Write the marked one out."""
        at = self.query_one(OptionList).highlighted
        if at is not None:
            self.dismiss(SessionWish("export", self._sessions[at].id))


def one_line(session: SessionLine, now: float) -> str:
    """`2 h ago   14 turns   ₹0.0812   fix the failing test`."""
    title = sanitize(session.title).replace("\n", " ") or "(no request yet)"
    turns = f"{session.turns} turn{'' if session.turns == 1 else 's'}"
    return f"{age(now - session.started):>12}  {turns:>9}  {money(session.cost):>9}  {title}"


def age(seconds: float) -> str:
    """`just now`, `5 min ago`, `2 h ago`, `3 days ago`."""
    minutes = max(seconds, 0) / 60
    if minutes < 1:
        return "just now"
    if minutes < 60:
        return f"{minutes:.0f} min ago"
    if minutes < 60 * 24:
        return f"{minutes / 60:.0f} h ago"
    days = round(minutes / 60 / 24)
    return f"{days} day{'' if days == 1 else 's'} ago"
