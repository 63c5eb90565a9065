"""The bottom line: the keys that work here and now, drawn in one widget so that focus changes cost one paint."""

from __future__ import annotations

from textual.binding import Binding
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget

LEAVE = "leave"
"""Closing a dialog stands behind what can be done in it."""
HELP = "show_help"
"""The action whose key stands last and never gives way."""


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
        """`key action` pairs; help stands last where it works, so that the rest can be found."""
        shown, room = Content(""), self.size.width
        keys = self._keys_here()
        last = next((self._pair(b) for b in keys if b.action == HELP), Content(""))
        for binding in keys:
            if binding.action == HELP:
                continue
            pair = self._pair(binding)
            if shown.cell_length + pair.cell_length + 2 + last.cell_length > room:
                break
            shown = Content.assemble(shown, pair, "  ")
        return Content.assemble(shown, last)

    def _keys_here(self) -> list[Binding]:
        active = [
            entry
            for entry in self.screen.active_bindings.values()
            if (entry.binding.show or entry.binding.action == HELP) and entry.enabled and not entry.binding.system
        ]
        # A key taken over by another binding is not to be shown for the first one, which keeps its other keys.
        seen, found, taken = set[str](), list[Binding](), set[str]()
        taken |= {self.app.get_key_display(entry.binding) for entry in active if entry.binding.priority}
        near = sorted(active, key=lambda entry: (entry.node in (self.screen, self.app), entry.binding.action == LEAVE))
        for entry in near:
            shown = self.app.get_key_display(entry.binding)
            if entry.binding.action not in seen and (entry.binding.priority or shown not in taken):
                seen.add(entry.binding.action)
                found.append(entry.binding)
        return found

    def _pair(self, binding: Binding) -> Content:
        words = binding.description
        # Panes write their words as they like; in a line of keys they begin small, names like $EDITOR stay.
        words = words[:1].lower() + words[1:] if words[1:2].islower() else words
        return Content.assemble((self.app.get_key_display(binding), "bold $text-accent"), f" {words}")
