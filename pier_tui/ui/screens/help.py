"""Help (f1): every key, read from the bindings themselves, and every slash command from their table."""

from __future__ import annotations

from collections.abc import Sequence

from textual.binding import Binding
from textual.content import Content

from pier_tui.ui.commands import COMMANDS
from pier_tui.ui.screens.dialog import Page, heading, table


class HelpScreen(Page):
    """`groups` are a title and its bindings with the keys as they are now."""

    TITLE_TEXT = "Keys and commands"

    def __init__(self, groups: Sequence[tuple[str, Sequence[tuple[str, str]]]]) -> None:
        super().__init__()
        self._groups = groups

    def text(self, width: int) -> Content:
        """A table for each group."""
        parts: list[Content] = []
        for title, lines in self._groups:
            if lines:
                parts += [heading(title), keys_table(lines), Content("\n\n")]
        commands = [(f"/{command.name} {command.argument}".strip(), command.about) for command in COMMANDS]
        parts += [
            heading("Commands in the prompt"),
            keys_table([*commands, ("!command", "run it, and keep the result")]),
        ]
        return Content.assemble(*parts)


def keys_table(lines: Sequence[tuple[str, str]]) -> Content:
    """Keys left, words right."""
    return table([("keys", "what they do"), *lines], numbers_from=9)


def described(bindings: Sequence[Binding], shown: dict[str, str]) -> list[tuple[str, str]]:
    """Each action once, with all its keys; `shown` turns a key's name into how it is written."""
    keys: dict[str, list[str]] = {}
    words: dict[str, str] = {}
    for binding in bindings:
        if binding.system or not binding.description:
            continue
        keys.setdefault(binding.action, []).append(shown.get(binding.key, binding.key))
        words[binding.action] = binding.tooltip or binding.description
    return [(" ".join(dict.fromkeys(keys[action])), words[action]) for action in keys]
