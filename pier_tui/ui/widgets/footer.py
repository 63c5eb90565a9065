"""The bottom line: the keys that work here and now, drawn in one widget so that focus changes cost one paint."""

from __future__ import annotations

from textual.binding import Binding
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget


class KeyLine(Widget):
    """Reads the screen's active bindings, nearest widget first; what does not fit is left out whole."""

    DEFAULT_CSS = """
    KeyLine { height: 1; background: $panel; color: $foreground; padding: 0 1; }
    """

    def on_mount(self) -> None:
        """Repaint when the keys that work change."""
        self.screen.bindings_updated_signal.subscribe(self, self._changed)

    def _changed(self, screen: Screen[object]) -> None:
        self.refresh()

    def render(self) -> Content:
        """`key action` pairs; `f1 help` always stands last, so that the rest can be found."""
        shown, room = Content(""), self.size.width
        last = _pair("f1", "help")
        for binding in self._keys_here():
            key = self.app.get_key_display(binding)
            pair = _pair(key, binding.description)
            if shown.cell_length + pair.cell_length + 2 + last.cell_length > room:
                break
            shown = Content.assemble(shown, pair, "  ")
        return Content.assemble(shown, last)

    def _keys_here(self) -> list[Binding]:
        active = [entry for entry in self.screen.active_bindings.values() if entry.binding.show and entry.enabled]
        seen: set[str] = set()
        found: list[Binding] = []
        near = sorted(active, key=lambda entry: entry.node in (self.screen, self.app))
        for entry in near:
            if entry.binding.action not in seen and entry.binding.description != "help":
                seen.add(entry.binding.action)
                found.append(entry.binding)
        return found


def _pair(key: str, text: str) -> Content:
    return Content.assemble((key, "bold $text-accent"), (f" {text}", "$foreground"))
