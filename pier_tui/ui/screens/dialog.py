"""What all dialogs and full screens share: one box, closed by escape, the keys that work written at its foot."""

from __future__ import annotations

from typing import ClassVar, Generic, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import OptionList, Static

from pier_tui.ui.widgets.footer import KeyLine

Result = TypeVar("Result")


class Dialog(ModalScreen[Result], Generic[Result]):
    """A box in the middle. Subclasses say what stands in it with `body`."""

    TITLE_TEXT: ClassVar[str] = ""
    WIDE: ClassVar[bool] = False
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "close", id="dialog.close")]

    def compose(self) -> ComposeResult:
        """The box, its content, its keys."""
        box = Vertical(*self.body(), KeyLine(), classes="dialog -wide" if self.WIDE else "dialog")
        box.border_title = Content(self.TITLE_TEXT)
        yield box

    def body(self) -> list[Widget]:
        """What stands in the box."""
        return []

    def action_leave(self) -> None:
        """Close without an answer."""
        self.dismiss(None)


class Choices(OptionList):
    """A list within a dialog; subclasses say with a binding on enter what choosing does, for the line of keys."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "select", "choose", id="choices.select")]
    DEFAULT_CSS = """
    Choices, Choices:focus { background: $surface; border: none; padding: 0; }
    """


class Page(Dialog[None]):
    """A wide box of text that scrolls; subclasses write the text."""

    WIDE = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", "close", id="page.close"),
        Binding("up,k", "roll(-1)", "scroll", id="page.up", key_display="↑↓", tooltip="Up"),
        Binding("down,j", "roll(1)", "down", show=False, id="page.down"),
        Binding("pageup", "roll(-15)", "page up", show=False, id="page.page_up"),
        Binding("pagedown,space", "roll(15)", "page down", show=False, id="page.page_down"),
    ]
    DEFAULT_CSS = "Page VerticalScroll { height: 1fr; scrollbar-gutter: stable; }"

    def body(self) -> list[Widget]:
        """The text in a scrolling box."""
        return [VerticalScroll(Static(id="text"), can_focus=False)]

    def on_mount(self) -> None:
        """Write it once the width is known."""
        self.call_after_refresh(self.write)

    def on_resize(self) -> None:
        """Write it for the new width."""
        self.call_after_refresh(self.write)

    def write(self) -> None:
        """Put the text in."""
        area = self.query_one(VerticalScroll).scrollable_content_region
        if area.width:
            self.query_one("#text", Static).update(self.text(area.width))
            self.call_after_refresh(self.refresh_bindings)

    def text(self, width: int) -> Content:
        """The text for this many columns."""
        return Content("")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What fits is not scrolled."""
        return action != "roll" or any(area.max_scroll_y > 0 for area in self.query(VerticalScroll))

    def action_roll(self, by: int) -> None:
        """Scroll by lines."""
        self.query_one(VerticalScroll).scroll_relative(y=by, animate=False)


def heading(text: str) -> Content:
    """A heading within a page."""
    return Content.assemble((text, "bold $text-primary"), "\n")


def table(rows: list[tuple[str, ...]], *, numbers_from: int = 1) -> Content:
    """Aligned columns; the first row is the head, columns from `numbers_from` stand to the right."""
    widths = [max(Content(row[column]).cell_length for row in rows) for column in range(len(rows[0]))]
    lines: list[Content] = []
    for index, row in enumerate(rows):
        cells = []
        for column, cell in enumerate(row):
            pad = " " * (widths[column] - Content(cell).cell_length)
            cells.append(pad + cell if column >= numbers_from else cell + pad)
        lines.append(Content.styled("  ".join(cells), "$muted" if index == 0 else ""))
    return Content("\n").join(lines)
