"""Sessions (ctrl+l): those of this repository, to be gone on with, copied, renamed, deleted or written out."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from textual import on, work
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from pier_tui.amounts import cost_words
from pier_tui.errors import PierError
from pier_tui.ui.format import money
from pier_tui.ui.screens.dialog import Choices, Dialog
from pier_tui.ui.text import sanitize
from pier_tui.ui.widgets.letters import LetterInput
from pier_tui.ui.workbench import SessionLine, Shelf

NONE = "No session of this repository was kept yet."
OPEN = {"": "", "here": "this one", "elsewhere": "other window"}


@dataclass(frozen=True)
class SessionWish:
    """Go on with a session, or take a picture of the screen."""

    act: Literal["resume", "picture"]
    session: str = ""


class Kept(Choices):
    """The sessions; going on with one only where that is possible."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "select", "open", id="sessions.resume")]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Choosing is going on with it."""
        screen = self.screen
        if action == "select" and isinstance(screen, SessionsScreen):
            return screen.resumable() and bool(screen.sessions)
        return True


class TitleLine(LetterInput):
    """Where a title is typed; escape leaves it as it was."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "keep this title", id="sessions.title"),
        Binding("escape", "leave", "leave it as it was", id="sessions.title_leave"),
    ]

    def action_leave(self) -> None:
        """Back to the list."""
        if isinstance(self.screen, SessionsScreen):
            self.screen.typed()


class SessionsScreen(Dialog[SessionWish]):
    """Answers with what is left to do once it is closed. `resumable`: whether another can be gone on with by now."""

    TITLE_TEXT = "Sessions of this repository"
    WIDE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f", "fork", "copy", id="sessions.fork"),
        Binding("r", "rename", "rename", id="sessions.rename"),
        Binding("d", "delete", "delete", id="sessions.delete"),
        Binding("x", "export('md')", "md", id="sessions.export"),
        Binding("j", "export('jsonl')", "json", id="sessions.export_jsonl"),
        Binding("s", "picture", "svg", id="sessions.picture"),
    ]
    DEFAULT_CSS = """
    SessionsScreen OptionList { height: 1fr; }
    SessionsScreen #said { height: auto; color: $text-warning; }
    SessionsScreen TitleLine { display: none; height: 3; border: tall $border; }
    SessionsScreen.-typing TitleLine { display: block; }
    """

    def __init__(
        self,
        shelf: Shelf,
        sessions: Sequence[SessionLine],
        *,
        resumable: Callable[[], bool],
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__()
        self._shelf, self.sessions, self.resumable, self._clock = shelf, list(sessions), resumable, clock
        self._sure = ""

    def body(self) -> list[Widget]:
        """One line a session, the latest used first; a line for what was done, and one for typing."""
        return [Kept(), Static(id="said"), TitleLine(select_on_focus=False)]

    def on_mount(self) -> None:
        """The rows are as wide as the list."""
        self.call_after_refresh(self._fill)

    def on_resize(self) -> None:
        """The rows are as wide as the list."""
        self.call_after_refresh(self._fill)

    def _fill(self, marked: str = "") -> None:
        kept = self.query_one(Kept)
        marked = marked or (self._marked.id if self._marked else "")
        width, now = max(20, kept.scrollable_content_region.width), self._clock()
        kept.clear_options()
        kept.add_options([Option(one_line(session, now, width)) for session in self.sessions])
        if self.sessions:
            ids = [session.id for session in self.sessions]
            kept.highlighted = ids.index(marked) if marked in ids else 0
        else:
            self.say(NONE)
        self.refresh_bindings()

    @property
    def _marked(self) -> SessionLine | None:
        at = self.query_one(Kept).highlighted
        return self.sessions[at] if at is not None and at < len(self.sessions) else None

    def say(self, text: str) -> None:
        """One sentence below the list."""
        self.query_one("#said", Static).update(Content(sanitize(text)))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Nothing to do where there is none; while a title is typed only that."""
        if action in {"fork", "rename", "delete", "export", "picture"}:
            return bool(self.sessions) and not self.has_class("-typing")
        return not (action == "leave" and self.has_class("-typing"))

    def on_option_list_option_selected(self, message: OptionList.OptionSelected) -> None:
        """Go on with it."""
        chosen = self.sessions[message.option_index]
        if chosen.open == "elsewhere":
            self.say("This session is open in another window: f makes a copy that you can go on with here.")
        elif chosen.open == "here":
            self.dismiss(None)
        elif self.resumable():
            self.dismiss(SessionWish("resume", chosen.id))

    def on_option_list_option_highlighted(self) -> None:
        """Another line was marked: what was said, and asked, was of the one before."""
        if self._marked is not None and self._marked.id != self._sure:
            self._sure = ""

    @work(exclusive=True, group="shelf")
    async def _do(self, act: Literal["fork", "delete", "rename", "md", "jsonl"], session: str, title: str = "") -> None:
        """Carry it out, say what came of it, and show the list as it is then."""
        try:
            said, marked = await self._done(act, session, title), session
            if act == "fork":
                said, marked = "This is the copy: ⏎ goes on with it.", said
            self.sessions = list(await self._shelf.sessions())
            self.say(said)
            self._fill(marked)
        except PierError as error:
            self.say(str(error))

    async def _done(self, act: Literal["fork", "delete", "rename", "md", "jsonl"], session: str, title: str) -> str:
        match act:
            case "fork":
                return await self._shelf.fork(session)
            case "rename":
                await self._shelf.rename(session, title)
                return ""
            case "delete":
                await self._shelf.delete(session)
                return "Deleted."
            case _:
                return f"Written to {await self._shelf.export(session, act)}"

    def action_fork(self) -> None:
        """A copy to go on with; this one stays as it is."""
        if self._marked is not None:
            self._do("fork", self._marked.id)

    def action_delete(self) -> None:
        """For good, so it is asked once more."""
        marked = self._marked
        if marked is None:
            return
        if self._sure == marked.id:
            self._sure = ""
            self._do("delete", marked.id)
        else:
            self._sure = marked.id
            self.say(f"Press d again to delete for good: {_title(marked)}")

    def action_export(self, form: Literal["md", "jsonl"]) -> None:
        """Write the marked one out."""
        if self._marked is not None:
            self._do(form, self._marked.id)

    def action_picture(self) -> None:
        """A picture of what is below this dialog."""
        self.dismiss(SessionWish("picture"))

    def action_rename(self) -> None:
        """Type another title."""
        marked = self._marked
        if marked is None:
            return
        line = self.query_one(TitleLine)
        line.value = sanitize(marked.title, keep_newlines=False)
        line.cursor_position = len(line.value)
        self.add_class("-typing")
        line.focus()

    @on(Input.Submitted)
    def _renamed(self, message: Input.Submitted) -> None:
        if self._marked is not None:
            self._do("rename", self._marked.id, message.value)
        self.typed()

    def typed(self) -> None:
        """Back to the list."""
        self.remove_class("-typing")
        self.query_one(Kept).focus()
        self.refresh_bindings()


def one_line(session: SessionLine, now: float, width: int = 120) -> Content:
    """`2 h ago   14 turns   ₹0.0812   fix the failing test`, and at its end where it is open."""
    turns = f"{session.turns} turn{'' if session.turns == 1 else 's'}"
    cost = cost_words(session.cost, session.unpriced, money)
    left = Content(f"{age(now - session.touched):>12}  {turns:>9}  {cost:>9}  ")
    mark = Content.styled(f"  {OPEN[session.open]}", "$text-warning") if session.open else Content("")
    room = max(4, width - left.cell_length - mark.cell_length)
    return Content.assemble(left, Content(_title(session)).truncate(room, ellipsis=True, pad=bool(session.open)), mark)


def _title(session: SessionLine) -> str:
    return sanitize(session.title, keep_newlines=False) or "(no request yet)"


def age(seconds: float) -> str:
    """`just now`, `5 min ago`, `2 h ago`, `3 days ago`; a clock that was set back counts as now."""
    minutes = max(seconds, 0) / 60
    if minutes < 1:
        return "just now"
    if minutes < 60:
        return f"{minutes:.0f} min ago"
    if minutes < 60 * 24:
        return f"{minutes / 60:.0f} h ago"
    days = round(minutes / 60 / 24)
    return f"{days} day{'' if days == 1 else 's'} ago"
