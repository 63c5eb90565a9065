"""The backbone's items as the text both models read.

Sections come in a fixed order, without times, so the same items always give the same bytes. Ids stand only where a
model can use them: what models state and may still change.
"""

from __future__ import annotations

from pier_tui.backbone.state import SECTIONS, Backbone, Item, Section

DETAIL_LINES = 12
LINE_CHARS = 300
_HEADINGS: dict[Section, str] = {
    "goal": "Goal",
    "plan": "Plan",
    "files": "Files and symbols",
    "decisions": "Decisions",
    "commands": "Commands and results",
    "errors": "Errors",
    "questions": "Questions",
    "constraints": "Constraints",
}


def snapshot(backbone: Backbone, *, request: str = "") -> str:
    """The text of all items; empty sections are left out, and the whole is '' where there is nothing.

    `request` is the text the prompt carries in full after the snapshot anyway: a goal that says the same is cut.
    """
    parts: list[str] = []
    for section in SECTIONS:
        items = backbone.section(section)
        if items:
            lines = [line for item in items for line in _lines(item, last=item is items[-1], said=request)]
            parts.append("\n".join([f"## {_HEADINGS[section]}", *lines]))
    return "\n".join(parts)


def _lines(item: Item, *, last: bool, said: str) -> list[str]:
    """An item as its first line and, for commands, the lines that matter of its output."""
    first = f"- {_mark(item)}{_id(item)}{_text(item, last=last, said=said)}{_remarks(item)}"
    if item.section != "commands" or not item.detail:
        return [first]
    shown = item.detail.splitlines()
    if len(shown) > DETAIL_LINES:
        shown = [*shown[: DETAIL_LINES // 2], "…", *shown[-DETAIL_LINES // 2 :]]
    return [first, *(f"    {_cut(line)}" for line in shown)]


def _mark(item: Item) -> str:
    if item.status in ("stale", "superseded"):
        return f"[{item.status}] "
    if item.section == "plan":
        return {"done": "[x] ", "failed": "[failed] "}.get(item.status, "[ ] ")
    if item.section == "errors":
        return "[fixed] " if item.status == "done" else "[open] "
    return ""


def _id(item: Item) -> str:
    """How a model names the item to change or close it; nothing where it may not, or need not any more."""
    stated = item.section in ("plan", "decisions", "questions") and item.status == "open"
    return f"{item.id}: " if stated and not item.pinned and item.author != "you" else ""


def _text(item: Item, *, last: bool, said: str) -> str:
    if item.section == "goal":
        whole = item.text or item.key
        short = _cut(" ".join(whole.split()))
        if not last:
            return f"earlier: {short}"
        return short if item.text == said else whole
    if item.section in ("files", "commands", "errors") and item.text != item.key:
        return _cut(f"{item.key}: {' '.join(item.text.split())}") if item.text else item.key
    return item.text or item.key


def _remarks(item: Item) -> str:
    remarks: list[str] = []
    if item.detail and item.section != "commands":
        remarks.append(f" -> {item.detail}" if item.section == "questions" else f" | {item.detail}")
    if item.why:
        remarks.append(f" (why: {item.why})")
    if item.evidence:
        remarks.append(f" ({item.evidence})")
    if item.author == "you" and item.section not in ("goal", "constraints"):
        remarks.append(" (said by the user)")
    return "".join(remarks)


def _cut(text: str) -> str:
    return text if len(text) <= LINE_CHARS else text[: LINE_CHARS - 1] + "…"
