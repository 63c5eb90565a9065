"""Coming back to a session: what was pending, asked, waiting or refused by the disk when the program ended."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from test_wiring import FIXED, agent, env, git, root, run

from pier_tui import wiring
from pier_tui.agent.agent import Agent
from pier_tui.events import (
    AnyEvent,
    ApprovalAnswered,
    ApprovalAsked,
    Notice,
    PatchProposed,
    RequestFailed,
    RequestStarted,
    ToolReturned,
)
from pier_tui.redaction import MARK
from pier_tui.repo.diff import HunkPick
from pier_tui.repo.verdict import Draft, HunkNote, Verdict
from pier_tui.session.resume import fold
from pier_tui.session.store import Store, Waiting
from pier_tui.tools.approval import ApprovalAnswer, ApprovalRequest

__all__ = ["env", "root"]
REFUSE = "CREATE TRIGGER full BEFORE INSERT ON events {} BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"


def journal(env: dict[str, str]) -> Store:
    return Store(wiring.state_dir(env) / "sessions.db")


class Person:
    """Answers with `answer`, or never."""

    def __init__(self, answer: ApprovalAnswer | None = None) -> None:
        self.answer, self.asked = answer, asyncio.Event()
        self.commands: list[str] = []

    async def approve(self, request: ApprovalRequest) -> ApprovalAnswer:
        self.commands.append(request.command)
        self.asked.set()
        if self.answer is None:
            await asyncio.Event().wait()
        assert self.answer is not None
        return self.answer

    async def ask(self, question: str, choices: tuple[str, ...] = ()) -> str:
        return ""


async def test_where_the_disk_fills_up_in_the_middle_the_request_stops_and_nothing_is_lost(
    root: Path, env: dict[str, str]
) -> None:
    async with agent(root, env) as made:
        with sqlite3.connect(wiring.state_dir(env) / "sessions.db") as database:
            database.execute(REFUSE.format("WHEN NEW.type = 'answer_completed'"))
        shown = await run(made, "what is in app.py?")
        assert isinstance(shown[-1], RequestFailed)
        assert "free some disk space" in shown[-1].text
        with sqlite3.connect(wiring.state_dir(env) / "sessions.db") as database:
            database.execute("DROP TRIGGER full")
        assert (await run(made, "what is in app.py?"))[-1].type == "request_ended"
        with journal(env) as store:
            kept = store.events(made.session_id)
        state = fold(kept)
        assert state.backbone == made.backbone, "what is on disk is what the agent knows"
        assert state.unfinished == ""
        types = [event.type for event in kept]
        assert types.index("request_failed") < types.index("request_ended")


async def test_a_request_is_refused_while_the_disk_is_and_said_each_time(root: Path, env: dict[str, str]) -> None:
    async with agent(root, env) as made:
        with sqlite3.connect(wiring.state_dir(env) / "sessions.db") as database:
            database.execute(REFUSE.format(""))
        for _ in range(3):
            assert [event.type for event in await run(made, "what is in app.py?")] == ["request_failed"]


async def left_open(made: Agent, text: str, asked: asyncio.Event) -> None:
    """Run until the user is asked, and leave it there as a kill would: nothing of the end is written down."""

    async def follow() -> None:
        async for _ in made.run(text):
            pass

    running = asyncio.ensure_future(follow())
    await asyncio.wait({running, asyncio.ensure_future(asked.wait())}, return_when=asyncio.FIRST_COMPLETED)
    assert not running.done()
    running.cancel()
    await asyncio.wait({running})


def cut_after_the_question(env: dict[str, str], session: str) -> None:
    """Take away what the end of the program wrote after the question, which a kill would not have written."""
    with sqlite3.connect(wiring.state_dir(env) / "sessions.db") as database:
        query = "DELETE FROM events WHERE session = ? AND seq > (SELECT max(seq) FROM events WHERE type = ?)"
        database.execute(query, (session, "approval_asked"))


async def test_a_command_that_waited_for_the_users_word_was_not_run_and_is_asked_again(
    root: Path, env: dict[str, str]
) -> None:
    person = Person()
    async with agent(root, env, user=person, changes={"approval_policy": "untrusted"}) as made:
        session = made.session_id
        await left_open(made, "run the tests", person.asked)
    cut_after_the_question(env, session)
    with journal(env) as store:
        assert isinstance(store.events(session)[-1], ApprovalAsked)
    again = Person(ApprovalAnswer(choice="no", reason="not now"))
    async with agent(root, env, user=again, resume=session, changes={"approval_policy": "untrusted"}) as made:
        told = " ".join(event.text for event in made.history() if isinstance(event, Notice))
        assert "cut off" in told
        assert "was not run" in told
        assert made.unfinished == "run the tests"
        assert again.commands == []
        seen = [event async for event in made.go_on()]
        assert again.commands[:1] == person.commands[:1]
        assert isinstance(seen[0], RequestStarted)
        assert seen[0].request == 1
        assert not any(isinstance(event, ToolReturned) and event.ok and event.name == "run_tests" for event in seen)
        assert made.unfinished == ""
        assert [event async for event in made.go_on()] == []
    with journal(env) as store:
        answers = [e for e in store.events(session) if isinstance(e, ApprovalAnswered)]
    assert (answers[0].choice, answers[0].reason) == ("no", "not now")


async def test_messages_that_waited_wait_again_and_one_that_had_begun_is_not_there_twice(
    root: Path, env: dict[str, str]
) -> None:
    async with agent(root, env) as made:
        session = made.session_id
        await made.keep_waiting((("request", "second"), ("shell", "ls")))
    async with agent(root, env, resume=session) as made:
        assert made.waiting() == (("request", "second"), ("shell", "ls"))
    with journal(env) as store:
        begun: list[AnyEvent] = [RequestStarted(session=session, request=1, text="second")]
        store.append_all(begun)
    async with agent(root, env, resume=session) as made:
        assert (made.unfinished, made.waiting()) == ("second", (("shell", "ls"),))


async def test_decisions_on_the_proposal_that_were_not_given_are_there_again(
    root: Path, env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pier_tui.redaction._live", {"sk_live_0123456789": ""})
    draft = Draft(
        accepted=(HunkPick(path="app.py", hunk="h1", lines=(1, 2)),),
        rejected=(HunkPick(path="app.py", hunk="h2"),),
        comments=(HunkNote(path="app.py", hunk="h2", line=1, text="why sk_live_0123456789?", snippet="\udcff"),),
    )
    async with agent(root, env) as made:
        session = made.session_id
        assert not made.drafts.left
        await made.drafts.keep(Draft(typed=(HunkPick(path="app.py", hunk="h1", text="x"),)))
        await made.drafts.keep(draft)
    async with agent(root, env, resume=session) as made:
        assert made.drafts.left.accepted == draft.accepted
        assert made.drafts.left.rejected == draft.rejected
        assert [note.text for note in made.drafts.left.comments] == [f"why {MARK}?"]
        await made.drafts.keep(Draft())
    with journal(env) as store:
        assert not store.draft(session)
        store.keep_draft(session, draft)
        store.delete(session)
        assert not store.draft(session)


def test_waiting_messages_go_with_their_session(tmp_path: Path) -> None:
    with Store(tmp_path / "in" / "sessions.db") as store:
        session = store.open_session("/repo")
        store.keep_waiting(session, [Waiting(kind="request", text="a"), Waiting(kind="shell", text="b")])
        store.keep_waiting(session, [Waiting(kind="shell", text="b")])
        assert store.waiting(session) == (Waiting(kind="shell", text="b"),)
        store.delete(session)
        assert store.waiting(session) == ()


async def test_a_session_that_is_open_in_another_window_is_gone_on_with_as_a_copy(
    root: Path, env: dict[str, str]
) -> None:
    async with agent(root, env) as first:
        await run(first, "what is in app.py?")
        async with agent(root, env, resume=first.session_id) as second:
            assert second.session_id != first.session_id
            told = [event.text for event in second.history() if isinstance(event, Notice)]
            assert any("Another pier-tui is open here" in text for text in told)
            assert any("a copy of it" in text for text in told)
            assert len(await first.others()) == len(await second.others()) == 1
            await asyncio.gather(run(first, "what is in test_app.py?"), run(second, "what is in test_app.py?"))
            with journal(env) as store:
                for one in (first, second):
                    state = fold(store.events(one.session_id))
                    assert (state.backbone, state.request) == (one.backbone, 2)
        assert await first.others() == ()
    async with agent(root, env, resume=first.session_id) as again:
        assert again.session_id == first.session_id


COUNTING = """
import sys
from pathlib import Path
from pier_tui.errors import RepositoryError
from pier_tui.repo.checkpoint import Journal
root, state = Path(sys.argv[1]), Path(sys.argv[2])
journal = Journal(state)
left = 15
while left:
    before = (root / "count").read_bytes()
    try:
        journal.apply(root, {"count": (before, str(int(before) + 1).encode(), None)})
        left -= 1
    except RepositoryError:
        continue
"""


def test_accepts_of_two_programs_take_turns_and_none_is_lost(tmp_path: Path) -> None:
    (tmp_path / "repo").mkdir()
    (tmp_path / "repo" / "count").write_text("0")
    argv = [sys.executable, "-c", COUNTING, str(tmp_path / "repo"), str(tmp_path / "state")]
    running = [subprocess.Popen(argv) for _ in range(2)]
    assert [program.wait(timeout=60) for program in running] == [0, 0]
    assert (tmp_path / "repo" / "count").read_text() == "30"


async def test_what_was_rejected_and_partly_accepted_is_not_pending_again(root: Path, env: dict[str, str]) -> None:
    (root / "two.py").write_text("a = 1\n")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "two")
    async with agent(root, env) as made:
        session = made.session_id
        made._p.overlay.write("app.py", FIXED.encode())
        made._p.overlay.write("two.py", b"a = 2\n")
        made._p.overlay.write("new.py", b"x = 1\n")
        await made._p.recorder.log(PatchProposed(patch=made.pending))
        files = {file.path: HunkPick(path=file.path, hunk=file.hunks[0].id) for file in made.pending.files}
        verdict = Verdict(accepted=(files["app.py"],), rejected=(files["two.py"],))
        [_ async for _ in made.review(verdict)]
        left = made.pending
        assert left.paths == ("new.py",)
    async with agent(root, env, resume=session) as made:
        assert made.pending == left
    assert (root / "app.py").read_text() == FIXED
