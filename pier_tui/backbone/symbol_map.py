"""The slice of a repository that is shown for a request: ranked definitions as lines of text, within a token budget."""

from __future__ import annotations

from collections.abc import Iterable

from pier_tui.models.tokens import count
from pier_tui.symbols.ranking import Ranked, showable

MAP_TOKENS = 400
"""The usual size of a slice, in tokens (estimated): it held the file written first in 28 of 30 recorded sessions; 200
tokens did in 26, 1200 in 29."""


def lines_of(ranked: Iterable[Ranked], budget: int = MAP_TOKENS) -> tuple[str, ...]:
    """`path: name (line), name (line)` for as many files as fit, the weightiest first, names in order of lines."""
    chosen: dict[str, list[Ranked]] = {}
    room = budget
    for item in showable(ranked, budget):
        own = chosen.get(item.path, [])
        price = count(f", {_label(item)}") + (0 if own else count(f"{item.path}:\n"))
        if price > room:
            break
        room -= price
        chosen.setdefault(item.path, []).append(item)
    return tuple(f"{path}: {', '.join(_label(i) for i in _in_order(own))}" for path, own in chosen.items())


def _in_order(own: list[Ranked]) -> list[Ranked]:
    return sorted(own, key=lambda item: item.definition)


def _label(item: Ranked) -> str:
    return f"{item.definition.name} ({item.definition.line})"
