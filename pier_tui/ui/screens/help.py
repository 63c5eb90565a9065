"""Help (f1): every key, read from the bindings themselves, and every slash command from their table."""

from __future__ import annotations

from collections.abc import Sequence

from textual.binding import Binding
from textual.content import Content

from pier_tui.ui.commands import COMMANDS
from pier_tui.ui.screens.dialog import Page, heading


class HelpScreen(Page):
    """`groups` are a title and its bindings with the keys as they are now."""

    TITLE_TEXT = "Keys and commands"

    def __init__(self, groups: Sequence[tuple[str, Sequence[tuple[str, str]]]]) -> None:
        super().__init__()
        self._groups = groups

    def text(self, width: int) -> Content:
        """A table for each group."""
        commands = [(f"/{command.name} {command.argument}".strip(), command.about) for command in COMMANDS]
        commands.append(("!command", "run it yourself, and keep the result on the backbone"))
        groups = [*self._groups, ("Commands in the prompt", commands)]
        column = max(len(keys) for _, lines in groups for keys, _ in lines) + 2
        parts: list[Content] = []
        for title, lines in groups:
            if lines:
                parts.append(heading(title))
                parts += [_line(keys, words, column) for keys, words in lines]
                parts.append(Content("\n"))
        return Content.assemble(*parts)


def _line(keys: str, words: str, column: int) -> Content:
    return Content.assemble((f"{keys:<{column}}", "bold $text-accent"), f"{words}\n")


def described(bindings: Sequence[Binding], shown: dict[str, str]) -> list[tuple[str, str]]:
    """Each action once, with all its keys; `shown` turns a key's name into how it is written."""
    keys: dict[str, list[str]] = {}
    words: dict[str, str] = {}
    for binding in bindings:
        if binding.system or not binding.description:
            continue
        keys.setdefault(binding.action, []).append(shown.get(binding.key, binding.key))
        said = binding.tooltip or binding.description
        words[binding.action] = said[:1].lower() + said[1:] if said[1:2].islower() else said
    return [(" ".join(dict.fromkeys(keys[action])), words[action]) for action in keys]
