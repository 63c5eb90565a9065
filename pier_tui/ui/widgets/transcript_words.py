"""Proposals, endings, sums and tries in words. Pure: no record, no widget."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Literal

from pier_tui.events import (
    PatchProposed,
    RequestEnded,
    RequestFailed,
    RequestInterrupted,
    ToolCalled,
)
from pier_tui.session.tries import Tries
from pier_tui.ui.format import Badge, counted, money

CLOSING = "finish"
"""The tool whose summary is the request's last word to the user, so it is shown as an answer."""


def closing_words(called: ToolCalled) -> str:
    """The summary a request was finished with; empty where it cannot be read."""
    try:
        said = json.loads(called.arguments)["summary"]
    except (ValueError, KeyError, TypeError):
        return ""
    return said if isinstance(said, str) else ""


def total(amounts: list[Decimal | None]) -> Decimal | None:
    """The total, None where one of them is unknown or there is none."""
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Decimal(0)) if known and len(known) == len(amounts) else None


def pair_words(tries: Tries, turn: int) -> str:
    """`first try`, `second try, kept`; empty for a turn that was done once."""
    pair = tries.pair(turn)
    if pair is None or turn not in (pair.of, pair.again):
        return ""
    which = "first" if turn == pair.of else "second"
    return f"{which} try, kept" if pair.kept == which else f"{which} try"


def proposal(event: PatchProposed) -> str:
    """`proposed 2 files +12 -4 → Diff`."""
    files = [f for f in event.patch.files if not event.paths or f.path in event.paths or f.old_path in event.paths]
    added, removed = sum(f.added for f in files), sum(f.removed for f in files)
    return f"proposed {counted(len(files), 'file')} +{added} -{removed} → Diff"


def ending(event: RequestEnded | RequestInterrupted | RequestFailed) -> tuple[str, Literal["end", "warning", "error"]]:
    """How a request ended, in words, and how loud to say it."""
    match event:
        case RequestInterrupted():
            return "stopped by you", "warning"
        case RequestFailed():
            return f"failed: {event.text}", "error"
        case RequestEnded(why="budget"):
            return f"stopped at the budget: {event.text}" if event.text else "stopped at the budget", "warning"
        case RequestEnded(why="stuck"):
            return f"stopped, no progress: {event.text}" if event.text else "stopped, no progress", "warning"
        case _:
            return "finished" if event.why == "finished" else "answered", "end"


def summary(badges: list[Badge]) -> str:
    """What a request took: turns, who did them, cost."""
    if not badges:
        return ""
    strong = sum(badge.tier == "strong" for badge in badges)
    settled = [badge for badge in badges if badge.settled]
    free, costs = bool(settled) and all(badge.offline for badge in settled), [badge.cost for badge in settled]
    cost = "free" if free else money(total(costs), estimated=any(b.estimated for b in badges) and None not in costs)
    return f"{counted(len(badges), 'turn')}, {strong} on the 105B  {cost}"
