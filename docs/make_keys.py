"""Writes docs/keys.md from the bindings themselves: python docs/make_keys.py."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

from textual.binding import Binding
from textual.dom import DOMNode
from textual.keys import format_key

import pier_tui.ui

PAGE = Path(__file__).parent / "keys.md"
HEAD = """# Keys

Made by `docs/make_keys.py` from the program's own bindings. `f1` shows the keys that work where you are. Every action
can be given other keys by its id, in [config.toml](configuration.md):

```toml
[keymap]
"turn.next" = "ctrl+y"
```

In the prompt `ctrl+z` takes typing back; `/suspend` goes to the shell from there, and `fg` comes back. A terminal in
which pier-tui was killed outright is brought back with `pier-tui reset-terminal`.
"""
PLACES = {
    "PierApp": "everywhere",
    "WorkbenchScreen": "workbench",
    "PaneFrame": "panes",
    "PromptInput": "prompt",
    "Transcript": "conversation",
    "BackboneTree": "backbone",
    "ItemLine": "backbone, writing",
    "DiffPane": "diff",
    "DiffView": "diff",
    "HunkEditor": "diff, editing",
    "CommentInput": "diff, commenting",
    "ReplayScreen": "recording",
    "ApprovalScreen": "approval",
    "AskScreen": "question",
    "FirstStartScreen": "first start",
    "SessionsScreen": "sessions",
    "RewindScreen": "rewind",
    "Page": "pages of text",
    "Dialog": "dialogs",
}
"""Classes with bindings, in the order of the page; what is not named here follows under its own name."""


def owners() -> Iterator[type[DOMNode]]:
    """Every class of the screen with bindings of its own."""
    for module in pkgutil.walk_packages(pier_tui.ui.__path__, "pier_tui.ui."):
        importlib.import_module(module.name)
    waiting: list[type[DOMNode]] = [DOMNode]
    seen = set()
    while waiting:
        for kind in waiting.pop().__subclasses__():
            waiting.append(kind)
            if kind.__module__.startswith("pier_tui.") and kind.__dict__.get("BINDINGS") and kind not in seen:
                seen.add(kind)
                yield kind


def place(kind: type[DOMNode]) -> str:
    """Where the bindings of a class work, in words."""
    return PLACES.get(kind.__name__, kind.__name__)


def rank(kind: type[DOMNode]) -> tuple[int, str]:
    """The order of the page."""
    names = list(PLACES)
    return (names.index(kind.__name__) if kind.__name__ in names else len(names), kind.__name__)


def written(binding: Binding) -> str:
    """The keys of a binding: signs as signs, everything else as the configuration names it."""
    signs = ((key, format_key(key)) for key in binding.key.split(","))
    return " ".join(f"`{sign if len(sign) == 1 and sign.isascii() else key}`" for key, sign in signs)


def page() -> str:
    """The whole page."""
    rows: dict[str, str] = {}
    for kind in sorted(owners(), key=rank):
        for binding in (entry for entry in kind.BINDINGS if isinstance(entry, Binding) and entry.id):
            what = binding.tooltip or binding.description
            row = f"| {written(binding)} | {what[:1].lower() + what[1:]} | {place(kind)} | `{binding.id}` |"
            rows.setdefault(binding.id or "", row)
    return "\n".join([HEAD, "| keys | what | where | id |", "|---|---|---|---|", *rows.values(), ""])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
