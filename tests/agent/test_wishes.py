"""What the user wants of routing and says meanwhile, resumed sessions, and reviews with corners."""

from __future__ import annotations

import asyncio
import stat
import sys
from contextlib import aclosing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from scripted import Session, kinds, route, say, session

from pier_tui.agent.resuming import put_pending
from pier_tui.events import AnyEvent, RouteDecided, TurnStarted
from pier_tui.headless import everything
from pier_tui.repo.diff import HunkPick, Patch
from pier_tui.repo.overlay import Overlay
from pier_tui.repo.verdict import HunkNote, Verdict
from pier_tui.session.resume import fold

EDIT = ("edit", {"path": "app.py", "old": "    return n - 1", "new": "    return n"})
READ = ("read", {"path": "app.py"})


async def choose(s: Session, choice: str, scope: str) -> None:
    async with aclosing(s.agent.choose(choice, scope)) as events:  # type: ignore[arg-type]
        async for _ in events:
            pass


def routes(events: list[AnyEvent]) -> list[tuple[str, str]]:
    return [(e.tier, e.route) for e in events if isinstance(e, RouteDecided) and not e.action]


def record(s: Session) -> str:
    return "\n".join(m.content for d in s.agent.backbone.deltas for m in d.messages)


async def test_a_switch_while_idle_does_not_reach_the_next_request(tmp_path: Path) -> None:
    s = session(tmp_path, [say("Done.")])
    await choose(s, "strong", "now")
    assert routes(await s.run("go")) == [("weak", "self-route")]


async def test_a_switch_while_a_tool_runs_takes_the_next_turn_only(tmp_path: Path) -> None:
    s = session(tmp_path, [say("", route("inspect"), READ), say("Done.")], [say("", ("read", {"path": "notes.txt"}))])
    seen: list[AnyEvent] = []
    async for event in s.agent.run("go"):
        seen.append(event)
        if event.type == "tool_called" and event.turn == 1:
            await choose(s, "strong", "now")
    assert routes(seen) == [("weak", "self-route"), ("strong", "forced"), ("weak", "self-route")]


async def test_a_switch_in_the_last_tool_of_a_request_is_forgotten_with_it(tmp_path: Path) -> None:
    s = session(tmp_path, [say("", ("finish", {"summary": "ok"})), say("Again.")])
    async for event in s.agent.run("go"):
        if event.type == "tool_called":
            await choose(s, "strong", "now")
    assert routes(await s.run("again")) == [("weak", "self-route")]


async def test_a_pin_survives_requests_interrupts_and_single_choices(tmp_path: Path) -> None:
    s = session(tmp_path, [say("Weak.")], ["half", say("One."), say("Two.")])
    await choose(s, "strong", "pinned")
    async for event in s.agent.run("go"):
        if event.type == "text_delta":
            s.agent.interrupt()
    assert routes(await s.run("again")) == [("strong", "forced")]
    await choose(s, "weak", "next")
    assert routes(await s.run("weak once")) == [("weak", "forced")]
    assert routes(await s.run("and back")) == [("strong", "forced")]


async def test_a_weak_model_that_was_forced_and_only_hands_over_is_told_no_and_then_stopped(tmp_path: Path) -> None:
    s = session(tmp_path, [say("", ("escalate", {"reason": "hard"})) for _ in range(9)])
    await choose(s, "weak", "pinned")
    events = await s.run("go")
    assert events[-1].type == "request_ended"
    assert events[-1].why == "stuck"  # type: ignore[union-attr]
    assert len(s.weak.asked) == 3
    assert "not handed over" in record(s)


async def test_a_decision_written_as_text_on_a_forced_turn_is_no_answer(tmp_path: Path) -> None:
    s = session(tmp_path, [say('{"action": "answer", "confidence": 0.9}\nIt subtracts one.')])
    await choose(s, "weak", "next")
    events = await s.run("what?")
    assert [e.text for e in events if e.type == "answer_completed"] == ["It subtracts one."]


async def test_turns_the_user_forced_are_no_escalations(tmp_path: Path) -> None:
    strong = [say("", ("read", {"path": p})) for p in ("app.py", "notes.txt")]
    s = session(tmp_path, [say("Done.")], strong)
    seen: list[AnyEvent] = []
    await choose(s, "strong", "next")
    async for event in s.agent.run("go"):
        seen.append(event)
        if event.type == "tool_called" and event.turn == 1:
            await choose(s, "strong", "next")
    assert routes(seen) == [("strong", "forced"), ("strong", "forced"), ("weak", "self-route")]


async def test_what_the_user_says_during_the_last_answer_gets_a_turn_of_its_own(tmp_path: Path) -> None:
    s = session(tmp_path, [say("Done."), say("With tests, too.")])
    async for event in s.agent.run("go"):
        if event.type == "answer_completed" and event.turn == 1:
            s.agent.steer("and the tests?")
    assert len(s.weak.asked) == 2
    assert "The user adds: and the tests?" in s.weak.asked[1].messages[-2].content


async def test_comments_sent_back_while_idle_are_a_request_and_while_busy_reach_the_next_turn(tmp_path: Path) -> None:
    s = session(
        tmp_path, [say("", route("edit"), EDIT), say("Fixed."), say("", route("inspect"), READ), say("Why not.")]
    )
    await s.run("fix size")
    hunk = s.agent.pending.files[0].hunks[0].id
    note = HunkNote(path="app.py", hunk=hunk, snippet="return n", text="why?")
    verdict = Verdict(comments=(note,), send_back=True)
    seen: list[AnyEvent] = []
    async with aclosing(s.agent.review(verdict)) as events:
        async for event in events:
            seen.append(event)
            if event.type == "tool_called":
                async for _ in s.agent.review(verdict):
                    pass
    assert seen[-1].type == "request_ended"
    assert record(s).count("why?") >= 3
    assert s.agent.pending.paths == ("app.py",)
    assert not s.agent.busy


async def test_rejecting_one_line_keeps_the_rest_pending(tmp_path: Path) -> None:
    edit = ("edit", {"path": "notes.txt", "old": "one\n", "new": "uno\nuna\n"})
    s = session(tmp_path, [say("", route("edit"), edit), say("Done.")])
    await s.run("translate")
    hunk = s.agent.pending.files[0].hunks[0]
    added = [n for n, line in enumerate(hunk.lines) if line.text.startswith("una")]
    pick = HunkPick(path="notes.txt", hunk=hunk.id, lines=tuple(added))
    [_ async for _ in s.agent.review(Verdict(rejected=(pick,)))]
    assert s.agent.pending.paths == ("notes.txt",)
    [_ async for _ in s.agent.review(everything(s.agent.pending))]
    assert (s.root / "notes.txt").read_text() == "uno\ntwo\n"


async def test_our_own_write_seen_by_the_watcher_at_any_moment_is_not_taken_for_the_users(tmp_path: Path) -> None:
    s = session(tmp_path, [say("", route("edit"), EDIT), say("Fixed.")])
    await s.run("fix size")
    stop = asyncio.Event()
    seen: list[AnyEvent] = []

    async def storm() -> None:
        while not stop.is_set():
            seen.extend([e async for e in s.agent.repo_changed(("app.py",))])
            await asyncio.sleep(0)

    watching = [asyncio.ensure_future(storm()) for _ in range(2)]
    events = [e async for e in s.agent.review(everything(s.agent.pending))]
    stop.set()
    await asyncio.gather(*watching)
    assert "patch_applied" in kinds(events)
    assert not any(e.type == "notice" for e in events)
    assert not s.agent.pending.files


async def test_a_redone_turn_sits_on_the_files_as_they_are_now(tmp_path: Path) -> None:
    read_then = say("", route("inspect"), READ)
    s = session(tmp_path, [say("", route("edit"), EDIT), read_then, say("Fixed.")], [say("Fine.")])
    events = await s.run("fix size")
    last = max(e.turn for e in events if isinstance(e, TurnStarted))
    [_ async for _ in s.agent.review(everything(s.agent.pending))]
    [_ async for _ in s.agent.redo(last)]
    assert not s.agent.pending.files


async def test_rewinding_twice_takes_files_back_once(tmp_path: Path) -> None:
    s = session(tmp_path, [say("", route("edit"), EDIT), say("Fixed.")])
    await s.run("fix size")
    [_ async for _ in s.agent.review(everything(s.agent.pending))]
    first = [e async for e in s.agent.rewind(1, True)]
    assert "patch_undone" in kinds(first)
    again = [e async for e in s.agent.rewind(1, True)]
    assert "patch_undone" not in kinds(again)
    assert [e.text for e in again if e.type == "notice"] == [
        "Rewound to before turn 1; what came after stays above, set aside."
    ]


async def test_the_record_only_grows_across_requests_and_after_resuming(tmp_path: Path) -> None:
    s = session(tmp_path, [say("", route("edit"), EDIT), say("Fixed."), say("More.")])
    await s.run("fix size")
    await s.run("more")
    for before, after in zip(s.weak.asked, s.weak.asked[1:], strict=False):
        assert after.messages[: len(before.messages) - 1] == before.messages[:-1]
    resumed = fold(s.journal)  # type: ignore[arg-type]
    assert (resumed.request, resumed.turn) == (2, 3)
    later = session(tmp_path / "later", [say("Again.")])
    later.agent.books.backbone = resumed.backbone
    later.agent._p.recorder.request, later.agent._p.recorder.turn = resumed.request, resumed.turn
    events = await later.run("again")
    sent = s.weak.asked[-1].messages
    assert later.weak.asked[0].messages[: len(sent) - 1] == sent[:-1]
    assert {e.turn for e in events if isinstance(e, TurnStarted)} == {4}


async def test_the_ledger_is_restored_from_past_calls(tmp_path: Path) -> None:
    s = session(tmp_path, [say("", route("escalate", 0.1)), say("Hm.")], [say("Done.")])
    await s.run("go")
    await s.run("more")
    later = session(tmp_path / "later", [])
    later.agent.books.restore(fold(s.journal).calls)  # type: ignore[arg-type]
    assert later.agent.ledger == s.agent.ledger


async def test_what_was_pending_is_pending_again_and_what_cannot_be_is_named(tmp_path: Path) -> None:
    write = ("write", {"path": "new.py", "content": "x = 1\n"})
    s = session(tmp_path, [say("", route("edit"), EDIT, write), say("Fixed.")])
    await s.run("fix size")
    pending = fold(s.journal).pending  # type: ignore[arg-type]
    again = Overlay(s.root)
    assert put_pending(again, pending, tmp_path / "patches") == []
    assert again.patch() == s.agent.pending
    (s.root / "app.py").unlink()
    again = Overlay(s.root)
    [said] = put_pending(again, pending, tmp_path / "patches")
    kept = Path(said.rpartition(" ")[2].rstrip("."))
    assert "app.py no longer fits" in said
    assert kept.read_bytes().startswith(b"diff --git a/app.py b/app.py")  # noqa: ASYNC240
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600  # noqa: ASYNC240
    assert put_pending(again, Patch(), tmp_path / "patches") == []


async def test_a_file_the_user_changed_is_on_the_backbone_without_costing_a_prompt(tmp_path: Path) -> None:
    s = session(tmp_path, [])
    (s.root / "notes.txt").write_text("three\n")
    events = [e async for e in s.agent.repo_changed(("notes.txt",))]
    assert [e.type for e in events] == ["repo_changed", "backbone_changed"]
    assert [i.text for i in s.agent.backbone.section("files")] == ["changed on disk by you"]
    assert not s.agent.backbone.deltas
