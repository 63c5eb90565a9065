"""The tab line of narrow screens: three names, the one shown marked, a dot on those with news."""

from __future__ import annotations

from textual import events
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget


class TabLine(Widget):
    """One line; clicking a name posts `Chosen`."""

    DEFAULT_CSS = "TabLine { height: 1; background: $surface; padding: 0 1; }"

    names: reactive[tuple[str, ...]] = reactive(())
    current: reactive[str] = reactive("")
    news: reactive[frozenset[str]] = reactive(frozenset())

    class Chosen(Message):
        """The user clicked a tab."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def render(self) -> Content:
        """`[1 Backbone]  2 Conversation  3 Diff •`: the brackets tell it without colour too."""
        parts: list[tuple[str, str]] = []
        for start, name in self._places():
            number = self.names.index(name) + 1
            parts.append((" " * (start - sum(len(text) for text, _ in parts)), ""))
            if name == self.current:
                parts.append((f"[{number} {name.title()}]", "bold reverse"))
            else:
                parts.append((f" {number} {name.title()} ", "$muted"))
            parts.append(("•" if name in self.news else " ", "bold $text-warning"))
        return Content.assemble(*parts)

    def _places(self) -> list[tuple[int, str]]:
        """The column each name starts at."""
        places, at = [], 0
        for name in self.names:
            places.append((at, name))
            at += len(name) + 6
        return places

    def on_click(self, event: events.Click) -> None:
        """Go to the clicked tab."""
        at = event.get_content_offset(self)
        for start, name in reversed(self._places()):
            if at is not None and at.x >= start:
                self.post_message(self.Chosen(name))
                return
