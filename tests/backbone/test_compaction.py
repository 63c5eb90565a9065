from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pier_tui.backbone.compaction import compact, due, snapshot
from pier_tui.backbone.prefix import Tail, append, delta_tokens, render
from pier_tui.backbone.state import Backbone, Item, Section
from pier_tui.backbone.updates import Pin, Put, SetStatus, apply
from pier_tui.models.messages import Message, ToolCall


def item(section: Section, key: str, text: str = "", **more: object) -> Item:
    return Item.model_validate({"id": "", "section": section, "key": key, "text": text, **more})


def asked(text: str) -> Message:
    return Message(role="user", content=f"<request>\n{text}\n</request>")


def exchange(number: int, size: int = 4000) -> tuple[Message, ...]:
    call = ToolCall(id=f"c{number}", name="read", arguments="{}")
    return (
        Message(role="assistant", tool_calls=(call,)),
        Message(role="tool", content=f"result {number} " + "x" * size, tool_call_id=call.id, name="read"),
    )


def long_session(turns: int = 8, size: int = 4000) -> Backbone:
    state = append(Backbone(), 0, (asked("fix the parser"),))
    for turn in range(1, turns + 1):
        state = append(state, turn, exchange(turn, size))
    return state


def test_compaction_is_due_when_the_deltas_outgrow_the_epoch() -> None:
    assert not due(long_session(2))
    assert due(long_session(8))


def test_compaction_is_not_due_where_it_would_free_next_to_nothing() -> None:
    state = append(long_session(0), 1, exchange(1, 23_000))
    state = append(state, 2, exchange(2, 30_000))
    assert due(state)
    after, _ = compact(state, request="fix the parser")
    assert delta_tokens(after.deltas) > 4500
    assert not due(after, 4500)


def test_the_running_request_and_the_last_exchange_are_still_in_the_prompt() -> None:
    state = append(long_session(8), 8, (Message(role="user", content="<update>\nrejected\n</update>"),))
    after, report = compact(state, request="fix the parser")
    texts = [m.content for m in render(after, "weak", "h", (), Tail()).messages]
    assert texts[2] == "<request>\nfix the parser\n</request>"
    assert texts[-2] == "<update>\nrejected\n</update>"
    assert any(t.startswith("result 8 ") for t in texts)
    assert not any(t.startswith("result 1 ") for t in texts)
    assert report.tokens_after < report.tokens_before / 2
    assert after.epoch == 1


def test_what_the_user_said_during_the_request_stays() -> None:
    state = append(long_session(1), 1, (Message(role="user", content="<update>\nkeep the name\n</update>"),))
    for turn in range(2, 9):
        state = append(state, turn, exchange(turn))
    after, _ = compact(state, request="fix the parser")
    assert [m.content for m in after.deltas[0].messages][1] == "<update>\nkeep the name\n</update>"


def test_between_requests_no_request_is_put_back() -> None:
    after, _ = compact(long_session(8))
    assert not any(m.content.startswith("<request>") for d in after.deltas for m in d.messages)


def test_a_call_is_never_parted_from_its_result() -> None:
    state = append(long_session(8), 9, exchange(9)[:1])
    state = append(state, 9, exchange(9, 9000)[1:])
    after, _ = compact(state, request="fix the parser")
    roles = [m.role for d in after.deltas for m in d.messages]
    assert all(before == "assistant" for before, role in pairwise(roles) if role == "tool")


def test_fixed_errors_are_merged_superseded_items_dropped_and_pinned_ones_kept() -> None:
    puts = [Put(item=item("errors", f"test_{n}", "boom")) for n in range(4)]
    state = apply(Backbone(), [*puts, Put(item=item("decisions", "old")), Put(item=item("decisions", "dear"))])
    done = [SetStatus(id=f"e{n}", status="done") for n in (1, 2, 3)]
    old = [SetStatus(id=f"d{n}", status="superseded") for n in (1, 2)]
    state = apply(state, [*done, *old, Pin(id="e3", pinned=True), Pin(id="d2", pinned=True)])
    after, report = compact(state)
    assert [i.key for i in after.section("errors")] == ["fixed earlier", "test_2", "test_3"]
    assert [i.key for i in after.section("decisions")] == ["dear"]
    assert report.merged == ("errors: test_0", "errors: test_1")
    assert report.dropped == ("decisions: old",)
    assert "errors: test_3" in report.kept


def test_merging_again_keeps_the_count() -> None:
    state = Backbone()
    for round_ in range(3):
        new = apply(state, [Put(item=item("errors", f"test_{round_}_{n}", status="done")) for n in range(3)])
        state, _ = compact(new)
    (merged,) = state.section("errors")
    assert merged.detail == "9 in all"
    assert "test_2_2" in merged.text


def test_changed_files_outlive_files_that_were_only_read() -> None:
    puts = [Put(item=item("files", f"f{n}.py", "read 1-9", turn=n + 2)) for n in range(80)]
    state = apply(Backbone(), [Put(item=item("files", "app.py", "edited 3-4", turn=1)), *puts])
    after, report = compact(state)
    assert len(after.section("files")) == 60
    assert after.section("files")[0].key == "app.py"
    assert "files: f0.py" in report.dropped


def test_what_a_model_stated_and_may_change_stands_in_the_snapshot_with_its_id() -> None:
    said = [Put(item=item("plan", f"step {n}", author="weak")) for n in (1, 2, 3)]
    state = apply(Backbone(), [*said, Put(item=item("questions", "which?", author="strong"))])
    state = apply(state, [SetStatus(id="p1", status="done"), Pin(id="p3", pinned=True)])
    assert snapshot(state) == "## Plan\n- [x] step 1\n- [ ] p2: step 2\n- [ ] step 3\n## Questions\n- q1: which?"


def test_the_snapshot_reads_like_notes() -> None:
    state = apply(
        Backbone(),
        [
            Put(item=item("goal", "request 1", "add\na flag", author="you")),
            Put(item=item("goal", "request 2", "fix\nthe parser", author="you")),
            Put(item=item("plan", "read", "read it", status="done")),
            Put(item=item("files", "app.py", "read 1-80", detail="parse (12)")),
            Put(item=item("decisions", "d", "no regex", why="slow", author="you")),
            Put(item=item("commands", "pytest -q", "exit 1", detail="1 failed", status="failed")),
            Put(item=item("errors", "test_x", "boom", evidence="app.py:3")),
            Put(item=item("questions", "q", "which?", detail="the second", status="done")),
        ],
    )
    assert snapshot(state) == (
        "## Goal\n- earlier: add a flag\n- fix\nthe parser\n## Plan\n- [x] read it\n"
        "## Files and symbols\n- app.py: read 1-80 | parse (12)\n"
        "## Decisions\n- no regex (why: slow) (said by the user)\n"
        "## Commands and results\n- pytest -q: exit 1\n    1 failed\n"
        "## Errors\n- [open] test_x: boom (app.py:3)\n## Questions\n- which? -> the second"
    )
    assert snapshot(Backbone()) == ""


@given(st.lists(st.tuples(st.sampled_from(["files", "errors", "plan", "commands"]), st.integers(0, 99)), max_size=200))
def test_compacting_the_same_state_always_gives_the_same_bytes(keys: list[tuple[str, int]]) -> None:
    puts = [Put(item=item(s, f"k{k}", status="done" if k % 3 else "open", turn=k)) for s, k in keys]  # type: ignore[arg-type]
    state = apply(Backbone(), puts)
    one, report = compact(state, request="r")
    two, _ = compact(Backbone.model_validate_json(state.model_dump_json()), request="r")
    assert one == two
    assert len(report.kept) + len(report.merged) + len(report.dropped) == len(state.items)
