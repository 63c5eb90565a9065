"""From what happened to what both models know: facts become typed updates, turns become messages.

Tools report facts and never see the backbone; models state little. So most of the backbone is
written here, by rule, from what tools returned.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import assert_never

from pier_tui.backbone.prefix import tagged
from pier_tui.backbone.ranges import read_ranges, write_ranges
from pier_tui.backbone.state import Author, Backbone, Item, Section
from pier_tui.backbone.updates import Edit, Put, SetStatus, Update, apply, find_key, next_id
from pier_tui.errors import BackboneError
from pier_tui.models.messages import Message, ToolCall
from pier_tui.tools.tool import Answered, CheckFailed, CheckPassed, CommandRun, Fact, FileSeen, Noted, ToolResult

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

    def __init__(self, backbone: Backbone, turn: int, author: Author = "tool", speaker: Author | None = None) -> None:
        self.backbone, self.turn, self.author, self._speaker = backbone, turn, author, speaker or author
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
        """Write down what a tool learned; a model's note that is refused (see `answered`) is left out."""
        for fact in facts:
            with suppress(BackboneError):
                self._record(fact)

    def answered(self, result: ToolResult) -> ToolResult:
        """Write down a result's facts; a note's answer says its id, or why it is refused and what to do instead."""
        notes = [fact for fact in result.facts if isinstance(fact, Noted)]
        if not notes:
            self.record(result.facts)
            return result
        try:
            return result.model_copy(update={"text": "; ".join(self._note(note) for note in notes)})
        except BackboneError as error:
            told = {"ok": False, "text": f"Not noted: {error}", "line": f"{result.line}  refused", "facts": ()}
            return result.model_copy(update=told)

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
                self._note(fact)
            case Answered():
                self.put("questions", fact.question[:80], fact.question, detail=fact.answer, status="done")
            case _:
                assert_never(fact)

    def _note(self, note: Noted) -> str:
        """Add or change what a model states; the answer it gets. Raises BackboneError where it may not."""
        old = self._meant(note)
        if old is None:
            item_id = next_id(self.backbone, note.section)
            item = Item(id=item_id, section=note.section, key=note.text[:80], text=note.text, why=note.why)
            self._add(Put(item=item.model_copy(update={"author": self._speaker})))
            return f"noted as {item_id}"
        if note.text and note.text != old.text:
            self._add(Edit(id=old.id, text=note.text, author=self._speaker))
        self._add(SetStatus(id=old.id, status="done" if note.done else "open", author=self._speaker))
        return f"{old.id} is done" if note.done else f"{old.id} is changed"

    def _meant(self, note: Noted) -> Item | None:
        """The item a note is about, None for a new one. Raises BackboneError for one no model may change."""
        if not note.id:
            old = find_key(self.backbone, note.section, note.text[:80])
            if old is None and note.done:
                raise BackboneError(f"Nothing in {note.section} says {note.text[:80]!r}; {self._open(note.section)}.")
            return old
        old = self.backbone.find(note.id)
        if old is None:
            raise BackboneError(f"There is no item {note.id!r}; {self._open(note.section)}.")
        if old.section in ("files", "commands", "errors"):
            raise BackboneError(f"{old.id} is in {old.section}, which only tools write; note a decision or a question.")
        if old.section not in (note.section, "goal"):
            raise BackboneError(f"{old.id} is in {old.section}, not in {note.section}; say section {old.section!r}.")
        return old

    def _open(self, section: Section) -> str:
        """What a model may close or change of a section, in words."""
        items = [i for i in self.backbone.section(section) if i.status == "open" and not i.pinned][-12:]
        named = ", ".join(f"{i.id} ({_short(i.text or i.key)})" for i in items)
        return f"open there: {named}" if named else "nothing is open there; note it without id and done"

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


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 40 else f"{line[:39]}…"


def _weight(role: str) -> int:
    """How much a role says of a file: one that was edited stays edited however often it is read again."""
    return ROLES.index(role) if role in ROLES else -1


def _joined_symbols(known: str, fresh: tuple[str, ...]) -> str:
    """`name (line)` labels, each name once, at the place it was seen last."""
    labels = {label.partition(" ")[0]: label for label in (*filter(None, known.split(", ")), *fresh)}
    return ", ".join(list(labels.values())[-SYMBOLS:])
