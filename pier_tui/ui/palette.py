"""The command palette's entries: every key of the screen and of its panes, and every slash command."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from functools import partial

from textual.binding import Binding
from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.widget import Widget

from pier_tui.ui.arrangement import PaneName
from pier_tui.ui.commands import COMMANDS
from pier_tui.ui.screens.view import SessionView

CURSOR_KEYS = {"up", "down", "left", "right", "home", "end", "pageup", "pagedown"}
"""What is on these keys moves about, and needs no entry."""


PLACES: dict[str, PaneName] = {"Transcript": "conversation", "BackboneTree": "backbone", "DiffView": "diff"}
"""Widgets whose keys are offered from elsewhere too, and the pane each is in."""
Run = Callable[[], Awaitable[None]]


class Actions(Provider):
    """Reaches everything the screen can do at the moment the palette was opened."""

    def _entries(self) -> Iterator[tuple[str, str, Run]]:
        """Title, what it does, and how it is done."""
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
            yield binding.description, f"key {self.app.get_key_display(binding)}", partial(self._press, binding.key)
        yield from self._in_other_panes(seen)
        for command in COMMANDS:
            if command.argument and command.name != "theme":
                run = partial(self._write, f"/{command.name} ")
                yield f"/{command.name} {command.argument}", command.about, run
            elif command.action not in seen:
                yield f"/{command.name}", command.about, partial(self._do, command.action)

    def _in_other_panes(self, seen: set[str]) -> Iterator[tuple[str, str, Run]]:
        """What other panes do, done there."""
        for widget in self.screen.query(Widget):
            place = PLACES.get(type(widget).__name__)
            if place is None or widget.has_focus:
                continue
            bindings = list(Binding.make_bindings(type(widget).BINDINGS))
            seen |= {binding.action for binding in bindings if binding.key in CURSOR_KEYS}
            for binding in bindings:
                if binding.id and not binding.system and binding.action not in seen:
                    seen.add(binding.action)
                    words = f"in the {place}: key {self.app.get_key_display(binding)}"
                    yield binding.description, words, partial(self._there, widget, place, binding.action)

    async def discover(self) -> Hits:
        """Everything, before anything was typed."""
        for title, about, run in self._entries():
            yield DiscoveryHit(Content(title), run, text=title, help=about)

    async def search(self, query: str) -> Hits:
        """What matches."""
        matcher = self.matcher(query)
        for title, about, run in self._entries():
            score = matcher.match(title)
            if score > 0:
                yield Hit(score, matcher.highlight(title), run, text=title, help=about)

    async def _press(self, key: str) -> None:
        self.app.simulate_key(key)

    async def _do(self, action: str) -> None:
        await self.screen.run_action("set_theme('')" if action == "set_theme" else action)

    async def _write(self, text: str) -> None:
        """A command that needs a word more stands in the prompt, ready for it."""
        if isinstance(self.screen, SessionView):
            self.screen.frame.look("conversation")
            self.screen.conversation.edit(text)

    async def _there(self, widget: Widget, place: PaneName, action: str) -> None:
        if isinstance(self.screen, SessionView):
            self.screen.frame.look(place)
        # Only after it was laid out does a pane that was hidden take the focus.
        self.screen.call_after_refresh(self._focused, widget, action)

    def _focused(self, widget: Widget, action: str) -> None:
        self.screen.set_focus(widget)
        # After the widget heard of the focus: then it makes ready, as by putting a cursor somewhere.
        widget.call_after_refresh(self.app.run_action, action, widget)
