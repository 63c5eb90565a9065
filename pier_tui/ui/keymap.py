"""The screen's keys, each with an id the configuration can give other keys to, and clashes told once.

Panes and dialogs keep their own bindings beside their actions; here are those that work everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from textual.binding import Binding, BindingType
from textual.dom import DOMNode

LOOKING: list[BindingType] = [
    Binding("ctrl+o", "show_router", "router", show=False, priority=True, id="show.router"),
    Binding("ctrl+b", "show_costs", "costs", show=False, priority=True, id="show.costs"),
    Binding("ctrl+l", "show_sessions", "sessions", show=False, priority=True, id="show.sessions"),
    Binding("f1", "show_help", "help", show=False, priority=True, id="show.help"),
]

WORKBENCH: list[BindingType] = [
    Binding("escape", "interrupt", "stop", id="request.stop"),
    Binding("ctrl+e,f10", "now('strong')", "105B now", priority=True, id="turn.escalate"),
    Binding("ctrl+d,f11", "now('weak')", "30B now", priority=True, id="turn.deescalate"),
    Binding("ctrl+t", "cycle_next", "next model", priority=True, id="turn.next", tooltip="Next turn: auto, 30B, 105B"),
    Binding("ctrl+shift+t,f9", "cycle_pin", "pin model", show=False, priority=True, id="turn.pin"),
    Binding("f12", "show_undo", "undo applied", show=False, priority=True, id="show.undo"),
    *LOOKING,
]

REPLAY: list[BindingType] = [
    Binding("comma", "replay_pause", "pause", priority=True, id="replay.pause", key_display=","),
    Binding("full_stop", "replay_step", "step", priority=True, id="replay.step", key_display="."),
    Binding("plus,equals_sign", "replay_speed(2)", "faster", priority=True, id="replay.faster", key_display="+"),
    Binding("minus", "replay_speed(0.5)", "slower", priority=True, id="replay.slower", key_display="-"),
]


class Clashes:
    """Remembers which clashing keys were told, since Textual reports them at every key press."""

    def __init__(self) -> None:
        self._told: set[frozenset[str]] = set()

    def sentence(self, clashing: Iterable[Binding]) -> str:
        """One sentence for clashes not told yet; empty for others."""
        names = frozenset(binding.id or binding.action for binding in clashing)
        if names in self._told:
            return ""
        self._told.add(names)
        return f"The keymap gives the same key to {' and '.join(sorted(names))}; only one of them works."


def known_ids() -> set[str]:
    """The ids of all bindings of ours: every widget and screen class with bindings has been imported by now."""
    found: set[str] = set()
    waiting: list[type[DOMNode]] = [DOMNode]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind.__module__.startswith("pier_tui."):
            found |= {binding.id for binding in Binding.make_bindings(kind.BINDINGS) if binding.id}
    return found


def checked(keymap: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """The usable part of a configured keymap, and a sentence for every id that no binding has."""
    ids = known_ids() if keymap else set()
    wrong = [f"The keymap names {name!r}, which is no action; it is left out." for name in keymap if name not in ids]
    return {name: keys for name, keys in keymap.items() if name in ids}, wrong
