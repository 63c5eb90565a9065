"""The backbone as rows to draw: pure, given the state, what is folded and what is new."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from pier_tui.backbone.state import SECTIONS, Backbone, Item, Section

TITLES: dict[Section, str] = {
    "goal": "Goal",
    "plan": "Plan",
    "files": "Files & symbols",
    "decisions": "Decisions",
    "commands": "Commands & results",
    "errors": "Errors",
    "questions": "Open questions",
    "constraints": "Constraints",
}

LED = ("files", "commands", "errors")
"""Sections whose items are led by their key."""

MARKS: dict[str, str] = {"open": "·", "done": "✓", "failed": "✗", "stale": "~", "superseded": "–"}
"""A sign for each status, so that colour is never the only one."""


class Row(NamedTuple):
    """One line: a section's heading (`item` None) or an item of it. `detail` lines say more of an item."""

    section: Section
    item: Item | None
    text: str
    mark: str = ""
    size: int = 0
    folded: bool = False
    new: bool = False
    detail: bool = False


def rows(backbone: Backbone, folded: Collection[Section], new: Collection[str], unfolded: str = "") -> list[Row]:
    """All lines; empty sections are one dim heading, the item `unfolded` shows its detail below it."""
    found: list[Row] = []
    own: dict[Section, list[Item]] = {section: [] for section in SECTIONS}
    for item in backbone.items:
        own[item.section].append(item)
    for section, items in own.items():
        shut = section in folded
        any_new = any(item.id in new for item in items)
        found.append(Row(section, None, TITLES[section], size=len(items), folded=shut, new=any_new and shut))
        for item in () if shut else items:
            found.append(Row(section, item, label(item), _mark(item), new=item.id in new))
            if item.id == unfolded:
                found += [Row(section, item, line, detail=True) for line in details(item)]
    return found


def _mark(item: Item) -> str:
    return "★" if item.pinned else MARKS[item.status]


def label(item: Item) -> str:
    """The item on one line; the key leads where it says more than the text repeats."""
    text = " ".join(item.text.split())
    if text and item.section not in LED:
        return text
    key = " ".join(item.key.split())
    return f"{key}  {text}" if text and key and key not in text else text or key


def details(item: Item) -> list[str]:
    """Everything else known of an item, a line each."""
    lines = item.detail.splitlines()[:12]
    if item.why:
        lines.append(f"because {item.why}")
    if item.evidence:
        lines.append(f"seen in {item.evidence}")
    who = {"weak": "30B", "strong": "105B", "you": "you", "tool": "a tool"}[item.author]
    lines.append(f"{item.status}, by {who}" + (f" in turn {item.turn}" if item.turn else ""))
    return lines
