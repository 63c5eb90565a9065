"""Typed changes: the one door through which models, tools and the user change the backbone.

`apply` is pure and all or nothing; `admit` sorts out what would be refused; `invert` undoes.
Items are kept in section order, oldest first, so the same changes always give the same state.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable
from typing import Annotated, Literal, assert_never

from pydantic import BaseModel, ConfigDict, Field

from pier_tui.backbone.state import SECTIONS, Author, Backbone, Item, Section
from pier_tui.errors import BackboneError


class _Update(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Put(_Update):
    """Add an item, or replace the one with the same section and key (a pinned one only by the user)."""

    op: Literal["put"] = "put"
    item: Item


class Edit(_Update):
    """Change the text of an item."""

    op: Literal["edit"] = "edit"
    id: str
    text: str
    author: Author = "you"


class SetStatus(_Update):
    """Open, close or mark an item."""

    op: Literal["status"] = "status"
    id: str
    status: Literal["open", "done", "failed", "stale", "superseded"]
    author: Author = "tool"


class Pin(_Update):
    """Pin or unpin an item: pinned items survive compaction and only the user changes them."""

    op: Literal["pin"] = "pin"
    id: str
    pinned: bool


class Remove(_Update):
    """Delete an item."""

    op: Literal["remove"] = "remove"
    id: str
    author: Author = "you"


Update = Annotated[Put | Edit | SetStatus | Pin | Remove, Field(discriminator="op")]


_LETTERS: dict[Section, str] = {
    "goal": "g",
    "plan": "p",
    "files": "f",
    "decisions": "d",
    "commands": "c",
    "errors": "e",
    "questions": "q",
    "constraints": "n",
}
_PLACES: dict[Section, int] = {section: place for place, section in enumerate(SECTIONS)}


def next_id(backbone: Backbone, section: Section) -> str:
    """The id a new item of this section gets: its letter and one more than the highest number in use."""
    return f"{_LETTERS[section]}{max((_number(i) for i in backbone.section(section)), default=0) + 1}"


def find_key(backbone: Backbone, section: Section, key: str) -> Item | None:
    """The item of a section with this key."""
    return next((i for i in backbone.items if i.section == section and i.key == key), None)


def apply(backbone: Backbone, updates: Iterable[Update], *, turn: int = 0) -> Backbone:
    """The state after the updates, in order. `turn` is written on what changes where it is not 0.

    A Put whose item has no id gets the next one. Raises BackboneError, and nothing is changed: unknown
    or doubled ids, a pinned item changed by anyone but the user (a tool may still set its status), a goal set
    by anyone but the user.
    """
    for update in updates:
        backbone = _apply_one(backbone, update, turn)
    return backbone


def admit(
    backbone: Backbone, updates: Iterable[Update], *, turn: int = 0
) -> tuple[Backbone, tuple[Update, ...], tuple[str, ...]]:
    """Apply what can be applied: the state, the updates taken, and one sentence for each one refused."""
    taken: list[Update] = []
    refused: list[str] = []
    for update in updates:
        try:
            backbone = _apply_one(backbone, update, turn)
        except BackboneError as error:
            refused.append(str(error))
        else:
            taken.append(update)
    return backbone, tuple(taken), tuple(refused)


def invert(backbone_before: Backbone, updates: Iterable[Update], *, turn: int = 0) -> tuple[Update, ...]:
    """The user's updates that lead from the state after `updates` back to the state before them."""
    after = {i.id: i for i in apply(backbone_before, updates, turn=turn).items}
    before = {i.id: i for i in backbone_before.items}
    back: list[Update] = [Remove(id=i) for i in after if i not in before]
    for item in backbone_before.items:
        now = after.get(item.id)
        if now == item:
            continue
        if now is not None and now.pinned:
            back.append(Pin(id=item.id, pinned=False))
        back.append(Put(item=item))
    return tuple(back)


def describe(backbone: Backbone, updates: Iterable[Update]) -> str:
    """What the updates do, a line each, as the models are told of the user's edits; `backbone` is the state before.

    Updates that would be refused are left out.
    """
    lines: list[str] = []
    for update in updates:
        after, taken, _ = admit(backbone, (update,))
        lines += [_describe_one(backbone, u) for u in taken]
        backbone = after
    return "\n".join(lines)


def _describe_one(backbone: Backbone, update: Update) -> str:
    if isinstance(update, Put):
        known = find_key(backbone, update.item.section, update.item.key)
        return f"{'changed' if known else 'added'} in {update.item.section}: {update.item.text or update.item.key}"
    item = _known(backbone, update.id)
    where = f"in {item.section}: {item.text or item.key}"
    match update:
        case Edit():
            return f"changed {where} -> {update.text}"
        case SetStatus():
            return f"marked {update.status} {where}"
        case Pin():
            return f"{'pinned' if update.pinned else 'unpinned'} {where}"
        case Remove():
            return f"removed {where}"
        case _:
            assert_never(update)


def _apply_one(backbone: Backbone, update: Update, turn: int) -> Backbone:
    match update:
        case Put():
            return _put(backbone, update.item, turn)
        case Edit():
            item = _changeable(backbone, update.id, update.author)
            if item.section == "goal":
                _only_the_user(update.author)
            return _replaced(backbone, item, text=update.text, author=update.author, turn=turn or item.turn)
        case SetStatus():
            checked = update.author == "tool"  # what a check showed is true of a pinned item too
            item = _known(backbone, update.id) if checked else _changeable(backbone, update.id, update.author)
            return _replaced(backbone, item, status=update.status, turn=turn or item.turn)
        case Pin():
            return _replaced(backbone, _known(backbone, update.id), pinned=update.pinned)
        case Remove():
            item = _changeable(backbone, update.id, update.author)
            if item.section == "goal":
                _only_the_user(update.author)
            return backbone.model_copy(update={"items": tuple(i for i in backbone.items if i.id != item.id)})
        case _:
            assert_never(update)


def _put(backbone: Backbone, item: Item, turn: int) -> Backbone:
    if item.section == "goal":
        _only_the_user(item.author)
    if not item.key.strip():
        raise BackboneError(f"An item of {item.section} needs a key that names it.")
    item = item if item.turn or not turn else item.model_copy(update={"turn": turn})
    same = find_key(backbone, item.section, item.key)
    if same is not None:
        _changeable(backbone, same.id, item.author)
        return _with(backbone, same, item.model_copy(update={"id": same.id}))
    if not item.id:
        item = item.model_copy(update={"id": next_id(backbone, item.section)})
    elif (holder := backbone.find(item.id)) is not None:
        raise BackboneError(
            f"{item.id} is already {holder.key!r} in {holder.section}; leave the id empty to add a new item."
        )
    return _with(backbone, None, item)


def _known(backbone: Backbone, item_id: str) -> Item:
    item = backbone.find(item_id)
    if item is None:
        known = ", ".join(i.id for i in backbone.items[:40]) or "none yet"
        raise BackboneError(f"There is no item {item_id!r} on the backbone; the ids are: {known}.")
    return item


def _changeable(backbone: Backbone, item_id: str, author: Author) -> Item:
    item = _known(backbone, item_id)
    if item.pinned and author != "you":
        raise BackboneError(f"{item.id} ({item.key}) is pinned, so only the user changes it; add a new item instead.")
    return item


def _only_the_user(author: Author) -> None:
    if author != "you":
        raise BackboneError("Only the user sets the goal; put a step into plan or a question into questions instead.")


def _replaced(backbone: Backbone, item: Item, **changes: object) -> Backbone:
    return _with(backbone, item, item.model_copy(update=changes))


def _with(backbone: Backbone, old: Item | None, new: Item) -> Backbone:
    items = [new if i is old else i for i in backbone.items]
    if old is None:
        insort(items, new, key=_place)
    return backbone.model_copy(update={"items": tuple(items)})


def _place(item: Item) -> tuple[int, int]:
    """Where an item stands among all, which are always in this order."""
    return _PLACES[item.section], _number(item)


def _number(item: Item) -> int:
    """The counter in an id: all after its letter."""
    return int(item.id[1:]) if item.id[1:].isdecimal() else 0


__all__ = [
    "Author",
    "Edit",
    "Pin",
    "Put",
    "Remove",
    "Section",
    "SetStatus",
    "Update",
    "admit",
    "apply",
    "describe",
    "find_key",
    "invert",
    "next_id",
]
