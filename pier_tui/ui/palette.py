"""The command palette's entries: every key that works now and every slash command that needs no argument."""

from __future__ import annotations

from collections.abc import Iterator

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from pier_tui.ui.commands import COMMANDS

CURSOR_KEYS = {"up", "down", "left", "right", "home", "end", "pageup", "pagedown"}
"""What is on these keys moves about, and needs no entry."""


class Actions(Provider):
    """Reaches everything the screen can do at the moment the palette was opened."""

    def _entries(self) -> Iterator[tuple[str, str, str]]:
        """Title, what it does, and the action with its namespace resolved on the screen."""
        bindings = [entry.binding for entry in self.screen.active_bindings.values()]
        seen = {binding.action for binding in bindings if binding.key in CURSOR_KEYS}
        # What belongs to the whole screen first, then what belongs to the focused widget.
        entries = sorted(self.screen.active_bindings.values(), key=lambda entry: entry.node is not self.screen)
        for entry in entries:
            binding = entry.binding
            # Bindings without an id are Textual's own, such as moving the cursor of a text field.
            if not entry.enabled or not binding.id or not binding.description or binding.action in seen:
                continue
            seen.add(binding.action)
            yield binding.description, f"key {self.app.get_key_display(binding)}", binding.key
        for command in COMMANDS:
            if (not command.argument or command.name == "theme") and command.action not in seen:
                yield f"/{command.name}", command.about, f"/{command.action}"

    async def discover(self) -> Hits:
        """Everything, before anything was typed."""
        for title, about, what in self._entries():
            yield DiscoveryHit(Content(title), lambda what=what: self._run(what), text=title, help=about)

    async def search(self, query: str) -> Hits:
        """What matches."""
        matcher = self.matcher(query)
        for title, about, what in self._entries():
            score = matcher.match(title)
            if score > 0:
                shown = matcher.highlight(title)
                yield Hit(score, shown, lambda what=what: self._run(what), text=title, help=about)

    async def _run(self, what: str) -> None:
        if what.startswith("/"):
            await self.screen.run_action("set_theme('')" if what == "/set_theme" else what[1:])
        else:
            self.app.simulate_key(what)
