"""Which panes stand on the screen and how wide they are: pure, so that every size can be tried without a screen."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

PaneName = Literal["backbone", "conversation", "diff"]
ORDER: tuple[PaneName, ...] = ("backbone", "conversation", "diff")

THREE_FROM, TWO_FROM = 150, 100
"""Columns from which three panes, and two, stand side by side."""
SMALLEST = (60, 16)
"""Columns and lines below which only a notice is shown."""
BACKBONE_WIDTH, DIFF_SHARE, SIDE_SHARE = 34, 0.40, 0.44
LEAST = 24
"""No pane gets narrower than this many columns."""


@dataclass(frozen=True)
class Wishes:
    """What the user has asked of the layout so far. `widths` are columns he set by hand."""

    focus: PaneName = "conversation"
    side: PaneName = "backbone"
    """The side pane between 100 and 149 columns."""
    hidden: frozenset[PaneName] = frozenset()
    zoomed: bool = False
    widths: dict[PaneName, int] = field(default_factory=dict)

    def look_at(self, pane: PaneName) -> Wishes:
        """The user goes to a pane: it is shown, and becomes the side pane where there is only one."""
        side = self.side if pane == "conversation" else pane
        return replace(self, focus=pane, side=side, hidden=self.hidden - {pane})

    def hide(self, pane: PaneName) -> Wishes:
        """Put a side pane away; the conversation cannot be hidden."""
        if pane == "conversation":
            return self
        return replace(self, hidden=self.hidden | {pane}, focus="conversation", zoomed=False)


@dataclass(frozen=True)
class Arrangement:
    """The result: shown panes left to right with their columns; `tabs` where one pane fills the screen."""

    widths: dict[PaneName, int]
    tabs: bool = False
    too_small: bool = False


def arrange(columns: int, lines: int, wishes: Wishes) -> Arrangement:
    """Lay the panes out on a screen of this size."""
    if columns < SMALLEST[0] or lines < SMALLEST[1]:
        return Arrangement({}, too_small=True)
    if columns < TWO_FROM:
        return Arrangement({wishes.focus: columns}, tabs=True)
    if wishes.zoomed:
        return Arrangement({wishes.focus: columns})
    if columns < THREE_FROM:
        wanted: tuple[PaneName, ...] = ("conversation",) if wishes.side in wishes.hidden else _pair(wishes.side)
    else:
        wanted = tuple(name for name in ORDER if name not in wishes.hidden)
    return Arrangement(_share(columns, wanted, wishes.widths))


def _pair(side: PaneName) -> tuple[PaneName, ...]:
    return ("backbone", "conversation") if side == "backbone" else ("conversation", "diff")


def _share(columns: int, names: tuple[PaneName, ...], set_by_hand: dict[PaneName, int]) -> dict[PaneName, int]:
    """Side panes take what they want, the conversation the rest, and nobody less than LEAST."""
    wanted: dict[PaneName, int] = {
        "backbone": BACKBONE_WIDTH,
        "diff": round(columns * (DIFF_SHARE if len(names) == 3 else SIDE_SHARE)),
    }
    wanted.update(set_by_hand)
    left = columns
    widths: dict[PaneName, int] = {}
    sides = [name for name in names if name != "conversation"]
    for index, name in enumerate(sides):
        waiting = len(sides) - index - 1
        widths[name] = max(LEAST, min(wanted[name], left - LEAST * (waiting + 1)))
        left -= widths[name]
    widths["conversation"] = left
    return {name: widths[name] for name in names}


def resize(columns: int, wishes: Wishes, shown: dict[PaneName, int], by: int) -> Wishes:
    """Move the border of the focused pane by this many columns; the conversation moves its neighbour's."""
    sides = [name for name in shown if name != "conversation"]
    if not sides or wishes.zoomed:
        return wishes
    name = wishes.focus if wishes.focus in sides else sides[-1]
    grows = by if name == "backbone" else -by
    width = max(LEAST, min(shown[name] + grows, columns - LEAST * (len(shown) - 1)))
    return replace(wishes, widths={**wishes.widths, name: width})
