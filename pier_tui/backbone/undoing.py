"""Taking a compaction back: the state before it, with everything that came after it added again.

Nothing is lost by it: updates since are applied to the items as they were before, messages since are appended to the
deltas as they were before. What cannot be put back without guessing is refused.
"""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict

from pier_tui.backbone.prefix import append
from pier_tui.backbone.state import Backbone, Item
from pier_tui.backbone.updates import Put, Update, apply, find_key, next_id
from pier_tui.errors import BackboneError
from pier_tui.models.messages import Message


class Change(BaseModel):
    """One change of the backbone: updates applied and messages appended in this turn."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    turn: int
    updates: tuple[Update, ...] = ()
    messages: tuple[Message, ...] = ()


class LastCompaction(BaseModel):
    """The state before the last compaction and right after it, and what changed since."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    before: Backbone
    after: Backbone
    since: tuple[Change, ...] = ()

    def then(self, change: Change) -> LastCompaction:
        """With one more change."""
        return self.model_copy(update={"since": (*self.since, change)})


def undone(last: LastCompaction, now: Backbone) -> Backbone:
    """The state as it would be without that compaction; `now` is the state as it stands.

    Raises BackboneError where an item that the compaction made of several was changed since, or where `now` is not
    what the changes since lead to (the session was rewound).
    """
    merged = _merged(last)
    state, compacted, renamed = last.before, last.after, dict[str, str]()
    for change in last.since:
        for update in change.updates:
            if _touches(update, compacted, merged):
                raise BackboneError(
                    "The compaction cannot be undone: an item it merged was changed since. Nothing is lost; edit it."
                )
            compacted = apply(compacted, (update,), turn=change.turn)
            placed = _placed(update, state, renamed)
            state = apply(state, (placed,), turn=change.turn)
            if isinstance(update, Put) and isinstance(placed, Put):
                _remember(update, placed, compacted, state, renamed)
        state = append(state, change.turn, change.messages)
        compacted = append(compacted, change.turn, change.messages)
    if (compacted.items, compacted.deltas) != (now.items, now.deltas):
        raise BackboneError("The compaction cannot be undone: the session was put back to another state since.")
    return state


def _merged(last: LastCompaction) -> frozenset[str]:
    """Ids of items that are not what they were: the compaction wrote them."""
    before = {item.id: item for item in last.before.items}
    return frozenset(item.id for item in last.after.items if before.get(item.id) != item)


def _touches(update: Update, compacted: Backbone, merged: Iterable[str]) -> bool:
    if isinstance(update, Put):
        same = find_key(compacted, update.item.section, update.item.key)
        return same is not None and same.id in merged
    return update.id in merged


def _placed(update: Update, state: Backbone, renamed: dict[str, str]) -> Update:
    """The update with the id its item has in the state without the compaction."""
    if not isinstance(update, Put):
        return update.model_copy(update={"id": renamed.get(update.id, update.id)})
    item: Item = update.item
    same = find_key(state, item.section, item.key)
    if same is not None:
        item_id = same.id
    else:
        wished = renamed.get(item.id, item.id)
        item_id = wished if wished and state.find(wished) is None else next_id(state, item.section)
    return Put(item=item.model_copy(update={"id": item_id}))


def _remember(update: Put, placed: Put, compacted: Backbone, state: Backbone, renamed: dict[str, str]) -> None:
    """The id an item has here, by the one it had in the compacted state."""
    there = find_key(compacted, update.item.section, update.item.key)
    here = find_key(state, placed.item.section, placed.item.key)
    if there is not None and here is not None:
        renamed[there.id] = here.id
