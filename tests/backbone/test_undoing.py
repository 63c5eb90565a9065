"""Taking a compaction back: the state before it, and nothing of what came after it is lost."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pier_tui.backbone.compaction import compact
from pier_tui.backbone.prefix import append
from pier_tui.backbone.state import Backbone, Item, Section
from pier_tui.backbone.undoing import Change, LastCompaction, undone
from pier_tui.backbone.updates import Edit, Pin, Put, Remove, SetStatus, Update, admit, apply, find_key, next_id
from pier_tui.errors import BackboneError
from pier_tui.models.messages import Message


def put(section: Section, key: str, text: str = "", **more: object) -> Put:
    return Put(item=Item.model_validate({"id": "", "section": section, "key": key, "text": text, **more}))


def said(text: str) -> tuple[Message, ...]:
    return (Message(role="user", content=text),)


def start() -> LastCompaction:
    """Three fixed errors (merged by compaction), a superseded decision (dropped), a pinned one and a file."""
    state = append(Backbone(), 1, said("one"))
    state = apply(state, (put("errors", f"E{n}", status="done") for n in range(3)))
    more = (put("decisions", "old", status="superseded"), put("decisions", "pin", pinned=True), put("files", "a.py"))
    state = append(apply(state, more), 2, said("two"))
    after, report = compact(state, keep_tokens=1)
    assert (len(report.merged), report.dropped) == (3, ("decisions: old",))
    return LastCompaction(before=state, after=after)


def went_on(last: LastCompaction, *changes: Change) -> tuple[LastCompaction, Backbone]:
    now = last.after
    for change in changes:
        now = append(apply(now, change.updates, turn=change.turn), change.turn, change.messages)
        last = last.then(change)
    return last, now


def test_the_very_state_is_back_where_nothing_came_since() -> None:
    last = start()
    assert undone(last, last.after) == last.before


def test_what_came_since_is_added_again() -> None:
    change = Change(turn=5, updates=(put("commands", "make", "exit 0"),), messages=said("three"))
    last, now = went_on(start(), change)
    state = undone(last, now)
    assert state == append(apply(last.before, change.updates, turn=5), 5, change.messages)
    assert [m.content for d in state.deltas for m in d.messages] == ["one", "two", "three"]
    assert (state.snapshot, state.epoch) == (last.before.snapshot, 0)


def test_an_item_that_took_a_freed_id_gets_another_and_later_updates_follow_it() -> None:
    last = start()
    taken = next_id(last.after, "errors")
    assert last.before.find(taken) is not None
    first = Change(turn=5, updates=(put("errors", "E9", "new", id=taken),))
    second = Change(turn=6, updates=(SetStatus(id=taken, status="done"),))
    last, now = went_on(last, first, second)
    state = undone(last, now)
    new = find_key(state, "errors", "E9")
    assert new is not None
    assert (new.id, new.status) == ("e4", "done")
    assert [i.key for i in state.section("errors")] == ["E0", "E1", "E2", "E9"]


def test_an_error_that_came_again_after_it_was_merged_is_the_one_that_was_there() -> None:
    last, now = went_on(start(), Change(turn=5, updates=(put("errors", "E1", "again", status="open"),)))
    back = find_key(undone(last, now), "errors", "E1")
    assert back is not None
    assert (back.id, back.text, back.status) == ("e2", "again", "open")


@pytest.mark.parametrize("update", [Edit(id="e1", text="x"), Remove(id="e1"), put("errors", "fixed earlier", "x")])
def test_a_merged_item_that_was_changed_since_cannot_be_taken_apart(update: Update) -> None:
    last, now = went_on(start(), Change(turn=5, updates=(update,)))
    with pytest.raises(BackboneError, match="an item it merged was changed since"):
        undone(last, now)


def test_a_state_the_changes_do_not_lead_to_is_refused() -> None:
    last, now = went_on(start(), Change(turn=5, messages=said("three")))
    with pytest.raises(BackboneError, match="put back to another state"):
        undone(last, append(now, 6, said("unknown")))


KEYS = st.sampled_from([f"k{n}" for n in range(6)])
SECTION = st.sampled_from([s for s in get_args(Section) if s != "goal"])
IDS = st.sampled_from([f"{letter}{n}" for letter in "pfdceqn" for n in range(1, 5)])
UPDATES = st.lists(
    st.one_of(
        st.builds(put, SECTION, KEYS, KEYS, status=st.sampled_from(["open", "done", "superseded"])),
        st.builds(Edit, id=IDS, text=KEYS),
        st.builds(Remove, id=IDS),
        st.builds(Pin, id=IDS, pinned=st.booleans()),
        st.builds(SetStatus, id=IDS, status=st.just("done")),
    ),
    max_size=25,
)


@given(UPDATES, UPDATES)
def test_undoing_loses_nothing_or_is_refused(first: list[Update], then: list[Update]) -> None:
    before, _, _ = admit(append(Backbone(), 1, said("one")), first, turn=1)
    after, _ = compact(before, keep_tokens=1)
    now, taken, _ = admit(after, then, turn=2)
    last = LastCompaction(before=before, after=after, since=(Change(turn=2, updates=taken),))
    try:
        state = undone(last, now)
    except BackboneError:
        return
    made = {item.id for item in after.items if before.find(item.id) != item}
    for item in now.items:
        if item.id not in made:
            found = find_key(state, item.section, item.key)
            assert found is not None
            assert found.model_copy(update={"id": item.id}) == item
    gone = {i.id for u in taken if isinstance(u, Remove) for i in before.items if i.id == u.id}
    touched = {u.item.key for u in taken if isinstance(u, Put)}
    for item in before.items:
        if after.find(item.id) is None and item.id not in gone and item.key not in touched:
            assert state.find(item.id) is not None
