"""What learning foresees, in words and as a slider. Pure: no widget, no colour."""

from __future__ import annotations

from pier_tui.calibration import shown
from pier_tui.feedback.calibrate import LEAST
from pier_tui.feedback.forecast import Forecast, Share
from pier_tui.feedback.outlook import Outlook
from pier_tui.ui.format import counted, money, percent


def foreseen(found: Forecast) -> tuple[str, ...]:
    """What a threshold would mean for the logged turns: escalation, cost, regret."""
    if found.escalation is None:
        return ("no logged turn has a score yet",)
    settled = f" ({found.settled} at any threshold)" if found.settled else ""
    parts = [f"escalates {_share(found.escalation)} of {counted(found.turns, 'logged turn')}{settled}"]
    if found.cost is not None:
        parts.append(f"costs {money(found.cost, estimated=True)} a turn")
    if found.regret is not None and found.enough:
        parts.append(f"regret {_share(found.regret)} of {found.labels} judged turns")
    else:
        parts.append(f"regret: not enough data yet: {found.labels} of {LEAST}")
    return tuple(parts)


def learned(outlook: Outlook) -> list[str]:
    """What is in use and from what, the lessons in words, what changed, and how many judged turns are missing."""
    now = outlook.now
    source = f"{now.n} judged turns" + (f", risk {now.alpha:g}" if now.alpha is not None else ", chosen by hand")
    used = f"in use: {shown(now.tau)} from {source}" if outlook.learned else "nothing yet: the threshold is the setting"
    lines = [used, *outlook.words, *(f"since last time: {change}" for change in outlook.changes)]
    if outlook.judged < outlook.needed:
        lines.append(f"not enough data yet: {outlook.judged} of {outlook.needed} judged turns (e, d and k on a turn)")
    return lines


def _share(share: Share) -> str:
    """`12 % [8, 17]`."""
    value, low, high = share
    return f"{percent(value)} [{low * 100:.0f}, {high * 100:.0f}]"


def slider(at: float, used: float, width: int) -> str:
    """A line from 0 to 1 with a knob where the threshold is put and a mark where the one in use is."""
    columns = max(width, 10)
    line = ["─"] * columns
    line[round(min(max(used, 0.0), 1.0) * (columns - 1))] = "┼"
    line[round(min(max(at, 0.0), 1.0) * (columns - 1))] = "●"
    return f"0 {''.join(line)} 1"
