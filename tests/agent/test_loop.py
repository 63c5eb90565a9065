"""A request from the first event to the last, with models that say what the test wrote."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from scripted import kinds, route, say, session

from pier_tui.errors import BadAnswer
from pier_tui.events import (
    TRANSIENT,
    AnyEvent,
    CallFinished,
    Notice,
    RequestEnded,
    RequestInterrupted,
    RouteDecided,
    ToolReturned,
    TurnStarted,
)
from pier_tui.headless import everything
from pier_tui.repo.checkpoint import Journal
from pier_tui.repo.diff import Resolution
from pier_tui.repo.verdict import Verdict
from pier_tui.session.resume import fold

EDIT = ("edit", {"path": "app.py", "old": "    return n - 1", "new": "    return n"})


def of(events: list[AnyEvent], kind: type) -> list[AnyEvent]:
    return [e for e in events if isinstance(e, kind)]


async def test_a_kept_turn_is_one_weak_call_and_its_tools(tmp_path: Path) -> None:
    s = session(tmp_path, [say("", route("inspect"), ("read", {"path": "app.py"})), say("It subtracts one.")])
    events = await s.run("what does size do?")
    assert kinds(events, "text_delta", "backbone_restored") == [
        "request_started",
        "backbone_changed",
        "turn_started",
        "route_decided",
        "route_decided",
        "call_finished",
        "answer_completed",
        "tool_called",
        "tool_returned",
        "backbone_changed",
        "turn_ended",
        "turn_started",
        "route_decided",
        "route_decided",
        "call_finished",
        "answer_completed",
        "backbone_changed",
        "turn_ended",
        "request_ended",
    ]
    assert not s.strong.asked


async def test_what_was_shown_is_journalled_except_what_is_transient(tmp_path: Path) -> None:
    s = session(tmp_path, [say("Hello.")])
    events = await s.run("hi")
    assert [e for e in events if not isinstance(e, TRANSIENT)] == s.journal


async def test_an_escalation_gives_the_same_turn_to_the_strong_model_with_the_handoff(tmp_path: Path) -> None:
    s = session(tmp_path, [say("", route("escalate", 0.2, handoff_prompt="look at size"))], [say("Done.")])
    events = await s.run("make size right")
    calls = [(e.tier, e.kept) for e in events if isinstance(e, CallFinished)]
    assert calls == [("weak", False), ("strong", True)]
    assert len(of(events, TurnStarted)) == 1
    assert "<handoff>\nlook at size\n</handoff>" in s.strong.asked[0].messages[-1].content


async def test_a_confidence_below_the_threshold_escalates_and_one_above_does_not(tmp_path: Path) -> None:
    s = session(tmp_path, [say("Sure?", route("answer", 0.3))], [say("Yes.")])
    events = await s.run("is it?")
    assert [e.tier for e in events if isinstance(e, CallFinished)] == ["weak", "strong"]
    routes = [e.route for e in events if isinstance(e, RouteDecided)]
    assert routes[-1] == "handoff"


async def test_both_models_are_sent_the_same_record(tmp_path: Path) -> None:
    s = session(
        tmp_path,
        [say("", route("inspect"), ("read", {"path": "app.py"})), say("", ("escalate", {"reason": "hard"}))],
        [say("Done.")],
    )
    await s.run("look")
    weak, strong = s.weak.asked[-1].messages, s.strong.asked[0].messages
    assert weak[1:-1] == strong[1:-1]
    assert weak[0] != strong[0]


async def test_each_prompt_starts_with_the_previous_one_minus_its_tail(tmp_path: Path) -> None:
    looks = [say("", route("inspect"), ("read", {"path": p})) for p in ("app.py", "notes.txt")]
    s = session(tmp_path, [*looks, say("Seen.")])
    await s.run("look")
    for before, after in zip(s.weak.asked, s.weak.asked[1:], strict=False):
        kept = before.messages[:-1]
        assert after.messages[: len(kept)] == kept
        assert after.tools == before.tools


async def test_the_same_failure_twice_escalates_by_itself(tmp_path: Path) -> None:
    missing = say("", route("inspect"), ("read", {"path": "gone.py"}))
    s = session(tmp_path, [missing, missing], [say("There is no such file.")])
    events = await s.run("read gone.py")
    last = of(events, RouteDecided)[-1]
    assert (last.tier, last.route) == ("strong", "signal")
    assert "2 times the same failure" in last.reason


async def test_an_edit_is_a_proposal_and_the_working_tree_stays_untouched(tmp_path: Path) -> None:
    s = session(tmp_path, [say("", route("edit"), EDIT), say("", route("summarise"), ("finish", {"summary": "done"}))])
    events = await s.run("fix size")
    assert "n - 1" in (s.root / "app.py").read_text()
    assert "patch_proposed" in kinds(events)
    assert s.agent.pending.paths == ("app.py",)
    assert [(e.why, e.text) for e in of(events, RequestEnded)] == [("finished", "done")]


async def test_an_accepted_proposal_is_written_and_can_be_taken_back(tmp_path: Path) -> None:
    s = session(tmp_path, [say("", route("edit"), EDIT), say("Fixed.")])
    await s.run("fix size")
    events = [e async for e in s.agent.review(everything(s.agent.pending))]
    assert kinds(events) == ["patch_reviewed", "checkpoint_taken", "patch_applied", "backbone_changed"]
    assert (s.root / "app.py").read_text() == "def size(n):\n    return n\n"
    assert not s.agent.pending.files
    taken = events[1].checkpoint  # type: ignore[union-attr]
    back = [e async for e in s.agent.undo(taken)]
    assert kinds(back) == ["patch_undone", "backbone_changed"]
    assert "n - 1" in (s.root / "app.py").read_text()


async def test_a_file_changed_during_review_is_rebased_and_never_written_over(tmp_path: Path) -> None:
    s = session(tmp_path, [say("", route("edit"), EDIT), say("Fixed.")])
    await s.run("fix size")
    verdict = everything(s.agent.pending)
    (s.root / "app.py").write_text("# mine\ndef size(n):\n    return n - 1\n")
    events = [e async for e in s.agent.review(verdict)]
    assert kinds(events) == ["patch_rebased", "notice"]
    assert (s.root / "app.py").read_text().startswith("# mine\n")
    again = [e async for e in s.agent.review(everything(s.agent.pending))]
    assert "patch_applied" in kinds(again)
    assert (s.root / "app.py").read_text() == "# mine\ndef size(n):\n    return n\n"


async def test_rejected_hunks_and_comments_are_told_to_both_models(tmp_path: Path) -> None:
    s = session(tmp_path, [say("", route("edit"), EDIT), say("Fixed."), say("I see.")])
    await s.run("fix size")
    verdict = everything(s.agent.pending)
    events = [e async for e in s.agent.review(Verdict(rejected=verdict.accepted))]
    assert "patch_applied" in kinds(events)
    assert not s.agent.pending.files
    await s.run("and now?")
    assert any("rejected in app.py" in m.content for m in s.weak.asked[-1].messages)


async def test_a_forced_turn_bypasses_the_strategy_and_reverts_by_itself(tmp_path: Path) -> None:
    s = session(tmp_path, [say("Second.")], [say("First.", ("read", {"path": "app.py"}))])
    async for _ in s.agent.choose("strong", "next"):
        pass
    events = await s.run("go")
    routes = [(e.tier, e.route) for e in events if isinstance(e, RouteDecided)]
    assert routes[0] == ("strong", "forced")
    assert routes[-1] == ("weak", "self-route")


async def test_switching_in_the_middle_of_a_turn_keeps_its_cost_and_closes_the_call(tmp_path: Path) -> None:
    s = session(tmp_path, ["thinking about"], [say("Done by the strong one.")])
    seen: list[AnyEvent] = []
    async for event in s.agent.run("go"):
        seen.append(event)
        if event.type == "text_delta" and s.weak.asked and not s.strong.asked:
            async for _ in s.agent.choose("strong", "now"):
                pass
    finished = [e for e in seen if isinstance(e, CallFinished)]
    assert [(e.tier, e.kept, e.usage.estimated) for e in finished] == [("weak", False, True), ("strong", True, False)]
    assert s.weak.closed == 1
    assert len(of(seen, TurnStarted)) == 1


async def test_an_interrupt_ends_the_request_and_keeps_the_partial_answer(tmp_path: Path) -> None:
    s = session(tmp_path, ["half an ans"])
    seen: list[AnyEvent] = []
    async for event in s.agent.run("go"):
        seen.append(event)
        if event.type == "text_delta":
            s.agent.interrupt()
    assert isinstance(seen[-1], RequestInterrupted)
    assert seen[-1].partial == "half an ans"
    assert s.weak.closed == 1
    assert not s.agent.busy


async def test_a_cancelled_consumer_still_journals_the_interruption(tmp_path: Path) -> None:
    s = session(tmp_path, ["half"])

    async def consume() -> None:
        await s.run("go")

    task = asyncio.ensure_future(consume())
    await s.weak.speaking.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert s.journal[-1].type == "request_interrupted"


async def test_a_broken_weak_model_fails_expensive_and_says_so(tmp_path: Path) -> None:
    s = session(tmp_path, [BadAnswer("The stream broke.")], [say("Done.")])
    events = await s.run("go")
    assert any(isinstance(e, Notice) and e.text.startswith("router failed -> 105B") for e in events)
    assert of(events, RouteDecided)[-1].route == "router-failed"
    assert isinstance(events[-1], RequestEnded)


async def test_two_broken_models_fail_the_request_with_one_sentence(tmp_path: Path) -> None:
    s = session(tmp_path, [BadAnswer("Weak broke.")], [BadAnswer("Strong broke.")])
    events = await s.run("go")
    assert (events[-1].type, events[-1].text) == ("request_failed", "Strong broke.")  # type: ignore[union-attr]


async def test_a_single_model_session_is_not_offered_the_routing_tools(tmp_path: Path) -> None:
    s = session(tmp_path, [], [say("Done.")], only="strong")
    events = await s.run("go")
    assert of(events, RouteDecided)[0].route == "only"
    assert {"route", "escalate"}.isdisjoint(t.name for t in s.strong.asked[0].tools)


async def test_a_turn_budget_ends_the_request_with_a_clear_message(tmp_path: Path) -> None:
    looks = [say("", route("inspect"), ("list", {"path": str(n)})) for n in range(20)]
    s = session(tmp_path, looks, [say("", ("list", {"path": f"x{n}"})) for n in range(20)])
    events = await s.run("go on for ever")
    assert isinstance(events[-1], RequestEnded)
    assert events[-1].why == "budget"
    assert "12 turns" in events[-1].text


async def test_the_same_call_five_times_stops_the_request(tmp_path: Path) -> None:
    again = ("read", {"path": "app.py"})
    s = session(tmp_path, [say("", route("inspect"), again) for _ in range(9)], [say("", again) for _ in range(9)])
    events = await s.run("look")
    assert isinstance(events[-1], RequestEnded)
    assert events[-1].why == "stuck"
    nudges = [m for m in s.weak.asked[-1].messages if "three times with the same result" in m.content]
    assert len(nudges) == 1


async def test_unknown_tools_and_bad_arguments_are_refused_with_what_to_do(tmp_path: Path) -> None:
    s = session(tmp_path, [say("", ("fly", {}), ("read", {}))], [say("Sorry.")])
    events = await s.run("go")
    fly, read = of(events, ToolReturned)
    assert not fly.ok
    assert "the tools are" in fly.text
    assert not read.ok
    assert "path" in read.text
    assert of(events, RouteDecided)[-1].reason == "2 invalid tool calls in a row"


async def test_resuming_from_the_journal_gives_the_backbone_that_was(tmp_path: Path) -> None:
    s = session(tmp_path, [say("", route("edit"), EDIT), say("Fixed.")])
    await s.run("fix size")
    [_ async for _ in s.agent.review(everything(s.agent.pending))]
    resumed = fold(s.journal)  # type: ignore[arg-type]
    assert resumed.backbone == s.agent.backbone
    assert not resumed.pending.files


async def test_redoing_a_turn_starts_from_the_backbone_before_it_on_the_other_model(tmp_path: Path) -> None:
    s = session(tmp_path, [say("", route("edit"), EDIT), say("Fixed.")], [say("Better left alone.")])
    events = await s.run("fix size")
    turn = next(e.turn for e in events if e.type == "patch_proposed")
    again = [e async for e in s.agent.redo(turn)]
    assert of(again, RouteDecided)[0].tier == "strong"
    assert not s.agent.pending.files
    assert all("app.py" not in m.content for m in s.strong.asked[0].messages if m.role == "tool")


async def test_what_the_user_says_meanwhile_reaches_the_very_next_turn(tmp_path: Path) -> None:
    s = session(tmp_path, [say("", route("inspect"), ("read", {"path": "app.py"})), say("Fine.")])
    async for event in s.agent.run("go"):
        if event.type == "tool_returned":
            s.agent.steer("mind the tests")
    assert any("The user adds: mind the tests" in m.content for m in s.weak.asked[-1].messages)


async def test_what_the_user_typed_into_a_hunk_survives_a_change_on_disk(tmp_path: Path) -> None:
    s = session(tmp_path, [say("", route("edit"), EDIT), say("Fixed.")])
    await s.run("fix size")
    (pick,) = everything(s.agent.pending).accepted
    typed = Verdict(accepted=(pick.model_copy(update={"text": "def size(n):\n    return n  # mine\n"}),))
    (s.root / "app.py").write_text("# first\n\n\n\n\ndef size(n):\n    return n - 1\n")
    moved = [e async for e in s.agent.review(typed)]
    assert kinds(moved) == ["patch_rebased", "notice"]
    assert any("# mine" in line.text for h in s.agent.pending.files[0].hunks for line in h.lines)
    again = [e async for e in s.agent.review(everything(s.agent.pending))]
    assert "patch_applied" in kinds(again)
    assert (s.root / "app.py").read_text() == "# first\n\n\n\n\ndef size(n):\n    return n  # mine\n"


async def test_a_clash_shows_what_the_user_typed_and_the_side_left_out_can_be_had_again(tmp_path: Path) -> None:
    s = session(tmp_path, [say("", route("edit"), EDIT), say("Fixed.")])
    await s.run("fix size")
    (pick,) = everything(s.agent.pending).accepted
    typed = Verdict(accepted=(pick.model_copy(update={"text": "def size(n):\n    return n  # mine\n"}),))
    (s.root / "app.py").write_text("def size(n):\n    return n - 2\n")
    moved = [e async for e in s.agent.review(typed)]
    assert kinds(moved) == ["patch_rebased", "notice"]
    (clash,) = moved[0].clashes  # type: ignore[union-attr]
    assert ("- 1" in clash.base, "# mine" in clash.proposed, "- 2" in clash.on_disk) == (True, True, True)
    settled = Verdict(resolved=(Resolution(path="app.py", side="on_disk"),))
    assert kinds([e async for e in s.agent.review(settled)]) == ["patch_rebased"]
    assert not s.agent.pending.files
    (kept,) = await s.agent.written()
    assert kept.checkpoint.aside
    back = [e async for e in s.agent.undo(kept.checkpoint.id)]
    assert kinds(back) == ["patch_rebased", "notice"]
    assert any("# mine" in line.text for h in s.agent.pending.files[0].hunks for line in h.lines)
    assert (s.root / "app.py").read_text() == "def size(n):\n    return n - 2\n"


async def test_a_request_is_taken_back_as_one_and_the_next_session_can_still_do_it(tmp_path: Path) -> None:
    other = ("edit", {"path": "notes.txt", "old": "one", "new": "1"})
    s = session(tmp_path, [say("", route("edit"), EDIT), say("", route("edit"), other), say("Done.")])
    await s.run("fix both\nand more")
    for pick in everything(s.agent.pending).accepted:
        async for _ in s.agent.review(Verdict(accepted=(pick,))):
            pass
    listed = await s.agent.written()
    assert [w.checkpoint.origin.words for w in listed] == ["fix both", "fix both"]
    assert {(w.checkpoint.origin.session, w.checkpoint.origin.request) for w in listed} == {("s", 1)}
    ids = tuple(w.checkpoint.id for w in listed)
    assert set((await s.agent.effects(ids)).patch.paths) == {"app.py", "notes.txt"}
    again = Journal(tmp_path / "state")
    undone = again.undo(ids)
    assert undone.conflicts == ()
    assert (s.root / "app.py").read_text() == "def size(n):\n    return n - 1\n"
    assert (s.root / "notes.txt").read_text() == "one\ntwo\n"
    assert again.undo(undone.checkpoint).patch.paths
    assert "return n\n" in (s.root / "app.py").read_text()
