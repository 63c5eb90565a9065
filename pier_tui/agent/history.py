"""From what happened to what both models know: facts become typed updates, turns become messages.

Tools report facts and never see the backbone; models state little. So most of the backbone is
written here, by rule, from what tools returned.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import assert_never

from pier_tui.backbone.prefix import tagged
from pier_tui.backbone.ranges import read_ranges, write_ranges
from pier_tui.backbone.state import Author, Backbone, Item, Section
from pier_tui.backbone.updates import Put, SetStatus, Update, apply, next_id
from pier_tui.models.messages import Message, ToolCall
from pier_tui.tools.tool import Answered, CheckFailed, CheckPassed, CommandRun, Fact, FileSeen, Noted

EMPTY = "(no output)"
ROLES = ("found", "read", "edited", "created")
"""What a file can be to the task, the weightier later."""
SYMBOLS = 24
"""Symbols named for one file, the latest seen."""


def request_message(text: str) -> Message:
    """What the user typed, as both models are sent it."""
    return Message(role="user", content=tagged("request", text))


def update_message(text: str) -> Message:
    """Something the user or the repository changed, as both models are sent it."""
    return Message(role="user", content=tagged("update", text))


def turn_messages(text: str, calls: tuple[ToolCall, ...], results: dict[str, str]) -> tuple[Message, ...]:
    """A finished turn: the answer, and one tool message per call in the order they were made."""
    answer = Message(role="assistant", content=text, tool_calls=calls)
    told = (Message(role="tool", content=results.get(c.id) or EMPTY, tool_call_id=c.id, name=c.name) for c in calls)
    return (answer, *told)


class Scribe:
    """Collects updates against a growing backbone, so that several facts of one turn get ids of their own."""

    def __init__(self, backbone: Backbone, turn: int, author: Author = "tool") -> None:
        self.backbone, self.turn, self.author = backbone, turn, author
        self.updates: list[Update] = []

    def put(self, section: Section, key: str, text: str, **fields: str) -> None:
        """Add an item, or rewrite the one with this key; one the user pinned is left as it is."""
        old = next((i for i in self.backbone.section(section) if i.key == key), None)
        if old is not None and old.pinned:
            return
        item_id = old.id if old else next_id(self.backbone, section)
        plain = {"turn": self.turn, "author": self.author, "pinned": False}
        item = Item.model_validate({"id": item_id, "section": section, "key": key, "text": text, **plain, **fields})
        if old is None or old.model_copy(update={"turn": self.turn}) != item:
            self._add(Put(item=item))

    def close(self, item: Item) -> None:
        """Mark an item done."""
        self._add(SetStatus(id=item.id, status="done", author=self.author))

    def record(self, facts: Iterable[Fact]) -> None:
        """Write down what a tool learned."""
        for fact in facts:
            self._record(fact)

    def _record(self, fact: Fact) -> None:
        match fact:
            case FileSeen():
                self._file(fact)
            case CommandRun():
                code = "killed" if fact.exit_code is None else f"exit {fact.exit_code}"
                status = "done" if fact.exit_code == 0 else "failed"
                self.put("commands", fact.command, code, detail=fact.excerpt, status=status)
            case CheckFailed():
                place = f"{fact.path}:{fact.line}" if fact.path else ""
                self.put("errors", fact.signature, fact.message, evidence=place, status="open")
            case CheckPassed():
                for item in self.backbone.section("errors"):
                    if item.status == "open" and item.key.startswith(fact.prefixes):
                        self.close(item)
            case Noted():
                status = "done" if fact.done else "open"
                self.put(fact.section, fact.text[:80], fact.text, why=fact.why, status=status)
            case Answered():
                self.put("questions", fact.question[:80], fact.question, detail=fact.answer, status="done")
            case _:
                assert_never(fact)

    def _file(self, fact: FileSeen) -> None:
        """What was seen of a file adds up: the weightier role, all ranges, all symbols by their latest place."""
        old = next((i for i in self.backbone.section("files") if i.key == fact.path), None)
        before = old.text.partition(" ")[0] if old else ""
        gone = "deleted" in (fact.role, before)
        role = fact.role if gone or _weight(fact.role) >= _weight(before) else before
        seen = () if gone or old is None else read_ranges(old.text)
        lines = write_ranges((*seen, *read_ranges(fact.lines)))
        symbols = _joined_symbols(old.detail if old and not gone else "", fact.symbols)
        self.put("files", fact.path, f"{role} {lines}".strip(), detail=symbols)

    def _add(self, update: Update) -> None:
        self.backbone = apply(self.backbone, (update,), turn=self.turn)
        self.updates.append(update)


def _weight(role: str) -> int:
    """How much a role says of a file: one that was edited stays edited however often it is read again."""
    return ROLES.index(role) if role in ROLES else -1


def _joined_symbols(known: str, fresh: tuple[str, ...]) -> str:
    """`name (line)` labels, each name once, at the place it was seen last."""
    labels = {label.partition(" ")[0]: label for label in (*filter(None, known.split(", ")), *fresh)}
    return ", ".join(list(labels.values())[-SYMBOLS:])
