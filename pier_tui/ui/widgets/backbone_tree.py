"""The backbone's rows as one line-API widget with a cursor; what the user does to an item goes up as `Acted`."""

from __future__ import annotations

from typing import ClassVar, Literal

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import var
from textual.scroll_view import ScrollView
from textual.strip import Strip

from pier_tui.backbone.state import Backbone, Section
from pier_tui.ui.panes.backbone_rows import Row, rows
from pier_tui.ui.text import sanitize

Act = Literal["jump", "edit", "pin", "delete", "add", "undo"]


class BackboneTree(ScrollView, can_focus=True):
    """Shows `backbone`; ids in `fresh` are marked as new."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "tree--text",
        "tree--heading",
        "tree--empty",
        "tree--new",
        "tree--mark",
        "tree--detail",
        "tree--cursor",
        "tree--done",
    }
    DEFAULT_CSS = """
    BackboneTree { height: 1fr; scrollbar-size-vertical: 1; overflow-x: hidden; }
    BackboneTree > .tree--text { color: $foreground; }
    BackboneTree > .tree--heading { text-style: bold; color: $text-primary; }
    BackboneTree > .tree--empty { color: $muted; }
    BackboneTree > .tree--new { color: $text-accent; text-style: bold; }
    BackboneTree > .tree--mark { color: $text-accent; }
    BackboneTree > .tree--detail { color: $muted; }
    BackboneTree > .tree--done { color: $muted; }
    BackboneTree > .tree--cursor {
        background: $block-cursor-background; color: $block-cursor-foreground; text-style: bold;
    }
    BackboneTree:nocolor > .tree--cursor { text-style: reverse; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "up", show=False, id="backbone.up"),
        Binding("down,j", "move(1)", "down", show=False, id="backbone.down"),
        Binding("home,g", "move(-100000)", "first", show=False, id="backbone.first"),
        Binding("end,G", "move(100000)", "last", show=False, id="backbone.last"),
        Binding("space,left,right", "fold", "fold", id="backbone.fold", key_display="space"),
        Binding("enter", "act('jump')", "go to turn", id="backbone.jump"),
        Binding("f2,e", "act('edit')", "edit", id="backbone.edit"),
        Binding("p", "act('pin')", "pin", id="backbone.pin", tooltip="A pinned item survives compaction"),
        Binding("delete,d", "act('delete')", "delete", id="backbone.delete"),
        Binding("plus,insert,a", "act('add')", "add", id="backbone.add", key_display="+"),
        Binding("ctrl+z,u", "act('undo')", "undo", show=False, id="backbone.undo"),
    ]

    cursor: var[int] = var(0)

    class Acted(Message):
        """The user did something at a row."""

        def __init__(self, act: Act, row: Row) -> None:
            super().__init__()
            self.act, self.row = act, row

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[Row] = []
        self.folded: set[Section] = set()
        self._backbone = Backbone()
        self._fresh: frozenset[str] = frozenset()
        self._unfolded = ""

    def on_mount(self) -> None:
        """Draw the empty state."""
        self.present(self._backbone, self._fresh)

    def on_resize(self) -> None:
        """Rows are as wide as the pane."""
        self._measure()

    def present(self, backbone: Backbone, fresh: frozenset[str]) -> None:
        """Show this state; the cursor stays on the item it was on."""
        at = self.row.item.id if self.rows and self.row.item else None
        self._backbone, self._fresh = backbone, fresh
        self.rows = rows(backbone, self.folded, fresh, self._unfolded)
        if at is not None:
            self.cursor = next((i for i, r in enumerate(self.rows) if r.item and r.item.id == at), self.cursor)
        self.cursor = min(self.cursor, len(self.rows) - 1)
        self._measure()
        self.refresh()

    def _measure(self) -> None:
        size = Size(self.scrollable_content_region.width, len(self.rows))
        if size != self.virtual_size:
            self.virtual_size = size

    @property
    def row(self) -> Row:
        """The row under the cursor."""
        return self.rows[self.cursor]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what can be done to the row under the cursor."""
        if action != "act" or not self.rows:
            return True
        if parameters[0] in {"edit", "pin", "delete"}:
            return self.row.item is not None
        return bool(self.row.item and self.row.item.turn) if parameters[0] == "jump" else True

    def watch_cursor(self) -> None:
        """Keep it in sight."""
        self.scroll_to_region(Region(0, self.cursor, 1, 1), animate=False)
        self.refresh()
        self.refresh_bindings()

    def action_move(self, by: int) -> None:
        """Up or down."""
        self.cursor = max(0, min(len(self.rows) - 1, self.cursor + by))

    def action_fold(self) -> None:
        """Fold a section, or unfold an item's detail."""
        row = self.row
        if row.item is None:
            self.folded ^= {row.section}
        else:
            self._unfolded = "" if self._unfolded == row.item.id else row.item.id
        self.present(self._backbone, self._fresh)

    def action_act(self, act: Act) -> None:
        """Tell the pane."""
        self.post_message(self.Acted(act, self.row))

    def on_click(self, event: events.Click) -> None:
        """Put the cursor there; a click on a heading, or a second one on an item, folds."""
        line = event.y + self.scroll_offset.y
        if 0 <= line < len(self.rows):
            again, self.cursor = line == self.cursor, line
            if again or self.row.item is None:
                self.action_fold()

    def render_line(self, y: int) -> Strip:
        """One row: mark, text, and the turn that wrote it where it is new."""
        line, width = y + self.scroll_offset.y, self.size.width
        if line >= len(self.rows):
            return Strip.blank(width, self.get_component_rich_style("tree--text"))
        row = self.rows[line]
        cursor = line == self.cursor and self.has_focus
        place = self.get_component_rich_style("tree--cursor") if cursor else self.get_component_rich_style("tree--text")
        left, style = self._left(row)
        new = f" ◂ {row.item.turn} " if row.new and row.item and row.item.turn else " ◂ " if row.new else ""
        text = Strip([Segment(left, place if cursor else style)])
        text = text.crop(0, max(width - len(new), 0)).extend_cell_length(width - len(new), place)
        tail = Segment(new, place if cursor else self.get_component_rich_style("tree--new"))
        return Strip([*text, tail]).crop(0, width)

    def _left(self, row: Row) -> tuple[str, Style]:
        if row.item is None:
            sign = " " if not row.size else "▸" if row.folded else "▾"
            count = f"  {row.size}" if row.folded else ""
            name = "tree--heading" if row.size else "tree--empty"
            return f" {sign} {row.text}{count}", self.get_component_rich_style(name)
        if row.detail:
            return f"      {sanitize(row.text)}", self.get_component_rich_style("tree--detail")
        finished = row.item.status in {"done", "superseded", "stale"}
        name = "tree--done" if finished and not row.new else ""
        style = self.get_component_rich_style(name) if name else self.get_component_rich_style("tree--text")
        return f"   {row.mark} {sanitize(row.text)}", style
