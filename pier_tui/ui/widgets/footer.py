"""The bottom line: the keys that work here and now, drawn in one widget so that focus changes cost one paint."""

from __future__ import annotations

from textual.binding import Binding
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget

LAST = ("show_help", "leave")
"""Actions whose key stands last and never gives way: the way to all other keys, or the way out of a dialog."""
BEHIND = ("pane.", "page.")
"""How the ids begin of keys that work in many places: moving between panes, scrolling. They stand behind the rest."""


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
        """`key action` pairs; the last one always has room, so that the rest can be found, or the dialog left."""
        shown, room = Content(""), self.size.width
        keys = self._keys_here()
        end = next((key for action in LAST for key in keys if key.action == action), None)
        last = self._pair(end) if end is not None else Content("")
        for binding in keys:
            if binding is end:
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
            if (entry.binding.show or entry.binding.action == LAST[0]) and entry.enabled and not entry.binding.system
        ]
        # A key taken over by another binding is not to be shown for the first one, which keeps its other keys.
        seen, found, taken = set[str](), list[Binding](), set[str]()
        taken |= {self.app.get_key_display(entry.binding) for entry in active if entry.binding.priority}
        near = sorted(active, key=lambda entry: (self._rank(entry.binding), entry.node in (self.screen, self.app)))
        for entry in near:
            shown = self.app.get_key_display(entry.binding)
            if entry.binding.action not in seen and (entry.binding.priority or shown not in taken):
                seen.add(entry.binding.action)
                found.append(entry.binding)
        return found

    def _rank(self, binding: Binding) -> int:
        return 2 if binding.action in LAST else int((binding.id or "").startswith(BEHIND))

    def _pair(self, binding: Binding) -> Content:
        words = binding.description
        # Panes write their words as they like; in a line of keys they begin small, names like $EDITOR stay.
        words = words[:1].lower() + words[1:] if words[1:2].islower() else words
        return Content.assemble((self.app.get_key_display(binding), "bold $text-accent"), f" {words}")
