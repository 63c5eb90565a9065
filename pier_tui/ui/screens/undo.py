"""Undo and rewind: what would change in the files is shown first, then asked for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import ClassVar, Literal

from textual import work
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from pier_tui.errors import PierError
from pier_tui.repo.diff import HunkPick
from pier_tui.repo.records import Effects, Written
from pier_tui.ui.screens.dialog import Choices, Dialog
from pier_tui.ui.text import sanitize
from pier_tui.ui.undo_lines import Wanted, effect_lines, rows

LINES_SHOWN = 200
"""Lines of a preview; more are counted, not shown."""


class Checkpoints(Choices):
    """Requests, their turns and their hunks, newest first."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "select", "take it back", id="undo.select")]


class UndoScreen(Dialog[Wanted]):
    """Answers with what to take back, or None. What it would do is worked out when a line is reached."""

    TITLE_TEXT = "Take applied changes back"
    WIDE = True
    DEFAULT_CSS = """
    UndoScreen OptionList { height: auto; max-height: 50%; }
    UndoScreen VerticalScroll { height: 1fr; margin-top: 1; background: $panel; padding: 0 1; }
    """

    def __init__(
        self,
        written: Sequence[Written],
        effects: Callable[[tuple[str, ...], tuple[HunkPick, ...] | None], Awaitable[Effects]],
        session: str = "",
    ) -> None:
        super().__init__()
        self._rows = list(rows(written, session))
        self._effects = effects

    def body(self) -> list[Widget]:
        """The list, newest first, and what taking back the marked line would do."""
        if not self._rows:
            return [Static(Content("Nothing that was applied here still stands, so there is nothing to take back."))]
        options = [Option(Content(words)) for words, _ in self._rows]
        return [Checkpoints(*options), VerticalScroll(Static(id="preview"), can_focus=False)]

    @work(exclusive=True)
    async def on_option_list_option_highlighted(self, message: OptionList.OptionHighlighted) -> None:
        """Show what would change."""
        wanted = self._rows[message.option_index][1]
        try:
            shown = effects_preview(await self._effects(wanted.checkpoints, wanted.hunks))
        except PierError as error:
            shown = Content(sanitize(str(error)))
        self.query_one("#preview", Static).update(Content.assemble(shown))

    def on_option_list_option_selected(self, message: OptionList.OptionSelected) -> None:
        """Take it back."""
        self.dismiss(self._rows[message.option_index][1])


def effects_preview(effects: Effects) -> Content:
    """The lines that would go and come, file by file, and what stays because it was changed since."""
    colours = {"path": "bold", "-": "$text-error", "+": "$text-success", "stays": "$text-warning"}
    parts = [(f"{text}\n", colours[kind]) for kind, text in effect_lines(effects)]
    return cut(parts or [("Nothing in the files would change.", "$muted")])


class RewindScreen(Dialog[Literal["talk", "files"]]):
    """Answers whether only the conversation goes back, or the files with it."""

    TITLE_TEXT = "Rewind"
    WIDE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "answer('talk')", "conversation only", id="rewind.conversation"),
        Binding("f", "answer('files')", "conversation and files", id="rewind.files"),
    ]
    DEFAULT_CSS = """
    RewindScreen .dialog { height: auto; }
    RewindScreen VerticalScroll { height: auto; max-height: 20; margin-top: 1; background: $panel; padding: 0 1; }
    RewindScreen .alone { margin-bottom: 1; }
    """

    def __init__(self, turn: int, effects: Effects) -> None:
        super().__init__()
        self._to, self._effects = turn, effects

    def body(self) -> list[Widget]:
        """What goes, and what would change in the files."""
        text = f"Go back to before turn {self._to}. Later turns are set aside. "
        if not self._changes:
            return [Static(Content(f"{text}Nothing that was applied since still stands."), classes="alone")]
        text += "With the files, these hunks of ours are taken back; anything else in the files stays:"
        return [Static(Content(text)), VerticalScroll(Static(effects_preview(self._effects)), can_focus=False)]

    @property
    def _changes(self) -> bool:
        return bool(self._effects.patch.files or self._effects.conflicts)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Files only where some would change."""
        return bool(self._effects.patch.files) if parameters == ("files",) else True

    def action_answer(self, what: Literal["talk", "files"]) -> None:
        """Go."""
        self.dismiss(what)


def cut(parts: list[tuple[str, str]]) -> Content:
    """The first lines, and how many more there are."""
    left = len(parts) - LINES_SHOWN
    if left > 0:
        parts = [*parts[:LINES_SHOWN], (f"and {left} more lines", "$muted")]
    return Content.assemble(*parts)
