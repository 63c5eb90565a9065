"""The frame the three panes stand in: which are shown, how wide, where the focus is, what has news."""

from __future__ import annotations

from dataclasses import replace
from itertools import takewhile
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.reactive import var
from textual.widget import Widget
from textual.widgets import Static

from pier_tui.ui.arrangement import ORDER, SMALLEST, TWO_FROM, Arrangement, PaneName, Wishes, arrange, resize
from pier_tui.ui.widgets.tabs import TabLine

STEP = 4
"""Columns one press moves a border."""


class PaneFrame(Vertical):
    """Owns the layout. The panes themselves are made by the screen and handed in."""

    DEFAULT_CSS = """
    PaneFrame { height: 1fr; }
    PaneFrame > Horizontal { height: 1fr; }
    PaneFrame #too-small { height: 1fr; content-align: center middle; display: none; }
    PaneFrame TabLine { display: none; }
    PaneFrame.-tabs TabLine { display: block; }
    PaneFrame.-too-small > Horizontal { display: none; }
    PaneFrame.-too-small #too-small { display: block; }
    PaneFrame .pane { height: 1fr; border-top: solid $border-blurred; border-title-color: $muted; }
    PaneFrame .pane.-apart { border-left: solid $border-blurred; }
    PaneFrame .pane.-here { border-top: heavy $accent; border-title-color: $text-accent; border-title-style: bold; }
    PaneFrame.-tabs .pane { border-top: none; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "step(1)", "next pane", id="pane.next"),
        Binding("shift+tab", "step(-1)", "previous pane", show=False, id="pane.previous"),
        Binding("f3,alt+1", "look('backbone')", "backbone", show=False, id="pane.backbone"),
        Binding(
            "f4,alt+2",
            "look('conversation')",
            "prompt/turns",
            id="pane.conversation",
            tooltip="The conversation; there, between the prompt and the turns",
        ),
        Binding("f5,alt+3", "look('diff')", "diff", show=False, id="pane.diff"),
        Binding(
            "z,f8", "zoom", "zoom", id="pane.zoom", tooltip="The focused pane fills the screen, or shares it again"
        ),
        Binding("H", "hide", "hide pane", show=False, id="pane.hide"),
        Binding("ctrl+left", "resize(-1)", "border left", show=False, id="pane.narrower"),
        Binding("ctrl+right", "resize(1)", "border right", show=False, id="pane.wider"),
    ]

    wishes: var[Wishes] = var(Wishes(), init=False)

    def __init__(self, panes: dict[PaneName, Widget]) -> None:
        super().__init__()
        self.panes = panes
        self.arrangement = Arrangement({})
        self._last: dict[PaneName, Widget] = {}
        for name, pane in panes.items():
            pane.add_class("pane")
            pane.border_title = Content(name.title())

    def compose(self) -> ComposeResult:
        """The tab line for narrow screens, the panes, and the notice for tiny ones."""
        yield TabLine()
        yield Static(
            Content(f"pier-tui needs {SMALLEST[0]} columns and {SMALLEST[1]} lines: please enlarge the window"),
            id="too-small",
        )
        yield Horizontal(*(self.panes[name] for name in ORDER))

    def on_mount(self) -> None:
        """Name the tabs once."""
        self.query_one(TabLine).names = ORDER

    def on_resize(self) -> None:
        """Arrange again for the new size. A screen that was too small took the focus away: give it back."""
        was_too_small = self.arrangement.too_small
        self._arrange()
        if was_too_small and not self.arrangement.too_small and self.screen.focused is None:
            self.call_after_refresh(self.look, self.wishes.focus)

    def watch_wishes(self) -> None:
        """Arrange again for what the user asked."""
        self._arrange()

    def _arrange(self) -> None:
        size = self.app.size
        self.arrangement = arrange(size.width, size.height, self.wishes)
        shown = self.arrangement.widths
        self.set_class(self.arrangement.tabs, "-tabs")
        self.set_class(self.arrangement.too_small, "-too-small")
        for position, name in enumerate(n for n in ORDER if n in shown):
            pane = self.panes[name]
            pane.display = True
            pane.styles.width = shown[name] if len(shown) > 1 and name != "conversation" else "1fr"
            pane.set_class(position > 0, "-apart")
        for name in ORDER:
            if name not in shown and not self.arrangement.too_small:
                self.panes[name].display = False
            self.panes[name].set_class(name == self.wishes.focus, "-here")
        tabs = self.query_one(TabLine)
        tabs.current = self.wishes.focus
        tabs.news = tabs.news - set(shown)

    def tell(self, name: PaneName) -> None:
        """Something new is in this pane: mark its tab where it is out of sight."""
        if name not in self.arrangement.widths and self.is_mounted:
            tabs = self.query_one(TabLine)
            tabs.news = tabs.news | {name}

    def offer_diff(self) -> None:
        """A proposal came: turn the side pane to it, unless the user is reading the backbone there."""
        if self.app.size.width >= TWO_FROM and self.wishes.focus != "backbone":
            self.wishes = replace(self.wishes, side="diff")
        self.tell("diff")

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Where the focus went, the user is."""
        for name, pane in self.panes.items():
            if pane in event.widget.ancestors_with_self:
                self._last[name] = event.widget
                if self.wishes.focus != name:
                    self.wishes = self.wishes.look_at(name)

    def on_tab_line_chosen(self, message: TabLine.Chosen) -> None:
        """A tab was clicked."""
        message.stop()
        self.look(next(name for name in ORDER if name == message.name))

    def look(self, name: PaneName) -> None:
        """Show a pane and put the focus where it was last time."""
        self.wishes = self.wishes.look_at(name)
        target = self._last.get(name) or self._first(self.panes[name])
        if target is None:
            return
        if target.focusable:
            # At once: the next key, typed in the same moment, already belongs to this pane.
            self.screen.set_focus(target)
        else:
            # The pane may only now have become visible, and hidden widgets refuse the focus.
            self.call_after_refresh(target.focus)

    def _first(self, pane: Widget) -> Widget | None:
        chain = [pane, *(child for child in pane.walk_children(Widget) if _within(child, pane))]
        inputs = [widget for widget in chain if widget.can_focus]
        return next(
            (w for w in inputs if "TextArea" in {c.__name__ for c in type(w).__mro__}), next(iter(inputs), None)
        )

    def action_look(self, name: PaneName) -> None:
        """Go to a pane; in it already, to its other part, as from the prompt to the turns."""
        inside = [w for w in self.screen.focus_chain if self.panes[name] in w.ancestors_with_self]
        if self.screen.focused in inside:
            inside[(inside.index(self.screen.focused) + 1) % len(inside)].focus()
        else:
            self.look(name)

    def action_step(self, by: int) -> None:
        """Go to the next pane, hidden ones left out."""
        names = [name for name in ORDER if name not in self.wishes.hidden]
        self.look(names[(names.index(self.wishes.focus) + by) % len(names)])

    def action_zoom(self) -> None:
        """Let the focused pane fill the screen, or share it again."""
        self.wishes = replace(self.wishes, zoomed=not self.wishes.zoomed)

    def action_hide(self) -> None:
        """Put the focused side pane away; going to it brings it back."""
        name = self.wishes.focus
        self.wishes = self.wishes.hide(name)
        if name != "conversation":
            self.look("conversation")

    def action_resize(self, by: int) -> None:
        """Move the border of the focused pane."""
        self.wishes = resize(self.app.size.width, self.wishes, self.arrangement.widths, by * STEP)


def _within(widget: Widget, pane: Widget) -> bool:
    """Whether a widget is to be seen once its pane is."""
    return all(part.display for part in takewhile(lambda part: part is not pane, widget.ancestors_with_self))
