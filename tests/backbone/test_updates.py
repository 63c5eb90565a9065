from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pier_tui.backbone.state import Author, Backbone, Item, Section
from pier_tui.backbone.updates import (
    Edit,
    Pin,
    Put,
    Remove,
    SetStatus,
    Update,
    admit,
    apply,
    describe,
    find_key,
    invert,
    next_id,
)
from pier_tui.errors import BackboneError


def item(
    section: Section = "files", key: str = "a.py", text: str = "", author: Author = "tool", **more: object
) -> Item:
    return Item.model_validate({"id": "", "section": section, "key": key, "text": text, "author": author, **more})


def put(*args: object, **more: object) -> Put:
    return Put(item=item(*args, **more))  # type: ignore[arg-type]


def test_new_items_get_short_ids_in_their_section() -> None:
    state = apply(Backbone(), [put("files", "a.py"), put("files", "b.py"), put("errors", "x")], turn=3)
    assert [i.id for i in state.items] == ["f1", "f2", "e1"]
    assert next_id(state, "files") == "f3"
    assert {i.turn for i in state.items} == {3}


def test_putting_a_known_key_replaces_the_item_and_keeps_its_id_and_place() -> None:
    state = apply(Backbone(), [put("files", "a.py"), put("files", "b.py")])
    state = apply(state, [put("files", "a.py", "read 1-9")])
    assert [(i.id, i.text) for i in state.items] == [("f1", "read 1-9"), ("f2", "")]


def test_an_unknown_id_is_refused_with_the_ids_there_are() -> None:
    state = apply(Backbone(), [put()])
    with pytest.raises(BackboneError, match=r"no item 'f9'.*f1"):
        apply(state, [Edit(id="f9", text="x")])


def test_an_id_already_taken_by_another_key_is_refused() -> None:
    state = apply(Backbone(), [put()])
    with pytest.raises(BackboneError, match=r"already 'a\.py'"):
        apply(state, [put("files", "b.py", id="f1")])


def test_only_the_user_changes_a_pinned_item() -> None:
    state = apply(Backbone(), [put("decisions", "use sqlite"), Pin(id="d1", pinned=True)])
    updates: list[Update] = [Edit(id="d1", text="x", author="weak"), Remove(id="d1", author="strong")]
    for update in [*updates, put("decisions", "use sqlite", "x"), SetStatus(id="d1", status="done", author="weak")]:
        with pytest.raises(BackboneError, match="pinned"):
            apply(state, [update])
    assert apply(state, [Edit(id="d1", text="use duckdb")]).items[0].text == "use duckdb"


def test_a_check_may_still_close_a_pinned_error() -> None:
    state = apply(Backbone(), [put("errors", "test_x"), Pin(id="e1", pinned=True), SetStatus(id="e1", status="done")])
    assert state.items[0].status == "done"
    assert state.items[0].pinned


def test_only_the_user_sets_the_goal() -> None:
    with pytest.raises(BackboneError, match="Only the user"):
        apply(Backbone(), [put("goal", "ship", author="weak")])
    assert apply(Backbone(), [put("goal", "ship", author="you")]).items[0].id == "g1"


def test_a_refused_update_changes_nothing_and_admit_takes_the_rest() -> None:
    state = apply(Backbone(), [put()])
    updates: list[Update] = [put("files", "b.py"), Edit(id="q7", text="x")]
    with pytest.raises(BackboneError):
        apply(state, updates)
    after, taken, refused = admit(state, updates)
    assert [i.key for i in after.items] == ["a.py", "b.py"]
    assert taken == (updates[0],)
    assert len(refused) == 1


def test_the_users_edits_are_described_a_line_each() -> None:
    state = apply(Backbone(), [put("plan", "step", "write it")])
    text = describe(state, [put("constraints", "no deps", "no deps", author="you"), Remove(id="p1")])
    assert text == "added in constraints: no deps\nremoved in plan: write it"
    assert describe(state, [Edit(id="q9", text="x")]) == ""


def test_find_key_looks_in_one_section() -> None:
    state = apply(Backbone(), [put("files", "x"), put("errors", "x")])
    found = find_key(state, "errors", "x")
    assert found is not None
    assert found.id == "e1"
    assert find_key(state, "plan", "x") is None


sections = st.sampled_from(["goal", "plan", "files", "errors"])
keys = st.sampled_from(["a", "b", "c"])
ids = st.sampled_from(["g1", "p1", "p2", "f1", "f2", "e1"])
texts = st.text(max_size=4)
any_update = st.one_of(
    st.builds(
        lambda s, k, t, a, p: put(s, k, t, a, pinned=p, turn=1),
        sections,
        keys,
        texts,
        st.sampled_from(["you", "tool"]),
        st.booleans(),
    ),
    st.builds(Edit, id=ids, text=texts),
    st.builds(SetStatus, id=ids, status=st.sampled_from(["open", "done"])),
    st.builds(Pin, id=ids, pinned=st.booleans()),
    st.builds(Remove, id=ids),
)


@given(st.lists(any_update, max_size=8), st.lists(any_update, max_size=6))
def test_undoing_any_updates_gives_back_the_very_state(first: list[Update], then: list[Update]) -> None:
    before, _, _ = admit(Backbone(), first)
    after, taken, _ = admit(before, then)
    assert apply(after, invert(before, taken)) == before
