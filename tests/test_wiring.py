"""Assembling an agent: in odd repositories, with odd files, resumed, and when something is missing or broken."""

from __future__ import annotations

import os
import sqlite3
import subprocess
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest

from pier_tui import wiring
from pier_tui.agent.agent import Agent
from pier_tui.errors import PierError
from pier_tui.events import AnyEvent, Notice, PatchProposed, RequestFailed
from pier_tui.headless import everything
from pier_tui.models.messages import ToolCall
from pier_tui.session.shelf import Shelf, as_text
from pier_tui.session.store import Store
from pier_tui.tools import registry
from pier_tui.tools.arguments import validate

GIT = ["git", "-c", "user.name=t", "-c", "user.email=t@t", "-c", "init.defaultBranch=main"]
APP = "def size(items):\n    return len(items) - 1\n"
FIXED = APP.replace(" - 1", "")
TEST = "from app import size\n\n\ndef test_size():\n    assert size([1, 2]) == 2\n"


def git(root: Path, *words: str) -> None:
    subprocess.run([*GIT, *words], cwd=root, check=True, capture_output=True)


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    names = {"HOME": "home", "XDG_CONFIG_HOME": "config", "XDG_STATE_HOME": "state", "XDG_CACHE_HOME": "cache"}
    return {"PATH": os.environ["PATH"], **{name: str(tmp_path / folder) for name, folder in names.items()}}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "repo"
    made.mkdir()
    (made / "app.py").write_text(APP)
    (made / "test_app.py").write_text(TEST)
    git(made, "init", "-q")
    git(made, "add", "-A")
    git(made, "commit", "-q", "-m", "start")
    return made


@asynccontextmanager
async def agent(root: Path, env: dict[str, str], **more: object) -> AsyncIterator[Agent]:
    changes = {"profile": "offline", "pace": 0.0, **more.pop("changes", {})}  # type: ignore[dict-item]
    chosen = wiring.settings(changes, env).settings
    made = await wiring.assemble(chosen, root, env, **more)  # type: ignore[arg-type]
    try:
        yield made
    finally:
        await made.aclose()


async def run(made: Agent, text: str) -> list[AnyEvent]:
    async with aclosing(made.run(text)) as events:
        return [event async for event in events]


async def test_an_empty_repository_and_a_detached_head_are_fine(
    tmp_path: Path, root: Path, env: dict[str, str]
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    git(empty, "init", "-q")
    git(root, "checkout", "-q", "--detach")
    for place in (empty, root):
        async with agent(place, env) as made:
            assert (await run(made, "what is in this repository?"))[-1].type == "request_ended"


@pytest.mark.parametrize(
    "content", [b"# rules\0\1\2", b"x" * 9_000_000, b"caf\xe9 \xff"], ids=["binary", "large", "latin"]
)
async def test_an_instruction_file_that_cannot_be_read_keeps_nobody_out(
    root: Path, env: dict[str, str], content: bytes
) -> None:
    (root / "AGENTS.md").write_bytes(content)
    async with agent(root, env) as made:
        assert (await run(made, "what is in app.py?"))[-1].type == "request_ended"


async def test_a_folder_without_git_is_refused_and_can_be_opened_to_read(tmp_path: Path, env: dict[str, str]) -> None:
    plain = tmp_path / "plain"
    plain.mkdir()
    (plain / "app.py").write_text(APP)
    with pytest.raises(PierError, match="git"):
        async with agent(plain, env):
            pass
    async with agent(plain, env, plain=True) as made:
        assert (await run(made, "what is in app.py?"))[-1].type == "request_ended"
        [_ async for _ in made.repo_changed(("app.py",))]
    assert (plain / "app.py").read_text() == APP


@pytest.mark.skipif(os.geteuid() == 0, reason="root may enter everything")
async def test_a_folder_without_permission_is_one_sentence(root: Path, env: dict[str, str]) -> None:
    root.chmod(0)  # noqa: ASYNC240
    try:
        with pytest.raises(PierError):
            async with agent(root, env):
                pass
    finally:
        root.chmod(0o755)  # noqa: ASYNC240


@pytest.mark.parametrize("make", ["binary", "sparse", "folder", "link"])
async def test_files_that_cannot_be_read_are_refused_to_the_model_in_one_sentence(
    root: Path, env: dict[str, str], make: str
) -> None:
    odd = root / "odd"
    if make == "binary":
        odd.write_bytes(b"\0\1\2" * 100)
    elif make == "sparse":
        with odd.open("wb") as file:
            file.truncate(200_000_000)
    elif make == "folder":
        odd.mkdir()
    else:
        odd.symlink_to("/etc/passwd")
    async with agent(root, env) as made:
        tool = registry.by_name("read")
        desk = made._p.bench._desk
        call = ToolCall(id="c", name="read", arguments='{"path": "odd"}')
        with pytest.raises(PierError) as refused:
            async for _ in tool.run(validate(tool, call.arguments), desk):
                pass
        assert "odd" in str(refused.value)
        assert "\n" not in str(refused.value)


async def test_a_resumed_session_goes_on_with_everything_it_had(root: Path, env: dict[str, str]) -> None:
    async with agent(root, env) as made:
        await run(made, "what is in app.py?")
        await propose(made, FIXED)
        async for _ in made.choose("strong", "pinned"):
            pass
        for name, once in (("always-30B", False), ("always-105B", True)):
            async for _ in made.route_by(name, once=once):
                pass
        session, ledger, pending, backbone = made.session_id, made.ledger, made.pending, made.backbone
        turn = max(e.turn for e in await _kept(env, session))
    async with agent(root, env, resume=session) as made:
        assert made.session_id == session
        assert made.ledger == ledger
        assert made.pending == pending
        assert made.backbone == backbone
        assert made.strategy == "always-30B"
        applied = [e async for e in made.review(everything(made.pending))]
        checkpoint = next(e.checkpoint for e in applied if e.type == "checkpoint_taken")
        assert "- 1" not in (root / "app.py").read_text()
    async with agent(root, env, resume=session, changes={"strategy": "cascade"}) as made:
        assert made.strategy == "cascade"
        assert (await anext(made.undo(checkpoint))).type == "patch_undone"
        assert (root / "app.py").read_text() == APP
        events = await run(made, "what is in app.py?")
        assert {e.tier for e in events if e.type == "call_finished"} == {"strong"}
        assert min(e.turn for e in events if e.type == "turn_started") == turn + 1
        assert {e.request for e in events} == {2}


async def propose(made: Agent, text: str) -> None:
    """A proposal as a turn leaves it behind."""
    made._p.overlay.write("app.py", text.encode())
    await made._p.recorder.log(PatchProposed(patch=made.pending, paths=("app.py",)))


async def _kept(env: dict[str, str], session: str) -> list[AnyEvent]:
    with Store(wiring.state_dir(env) / "sessions.db") as store:
        return store.events(session)


async def test_a_pin_of_a_resumed_session_does_not_break_a_single_model_run(root: Path, env: dict[str, str]) -> None:
    async with agent(root, env) as made:
        await run(made, "what is in app.py?")
        async for _ in made.choose("weak", "pinned"):
            pass
        session = made.session_id
    async with agent(root, env, resume=session, changes={"only": "105B"}) as made:
        events = await run(made, "what is in test_app.py?")
        assert {e.tier for e in events if e.type == "call_finished"} == {"strong"}


async def test_a_session_in_which_nothing_was_asked_can_be_resumed(root: Path, env: dict[str, str]) -> None:
    async with agent(root, env) as made:
        session = made.session_id
    async with agent(root, env, resume=session) as made:
        assert made.session_id == session


async def test_a_session_that_is_unknown_or_of_another_repository_is_refused(
    tmp_path: Path, root: Path, env: dict[str, str]
) -> None:
    with pytest.raises(PierError, match="no session 'nope'"):
        async with agent(root, env, resume="nope"):
            pass
    async with agent(root, env) as made:
        await run(made, "what is in app.py?")
        session = made.session_id
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q")
    with pytest.raises(PierError, match=str(root)):
        async with agent(other, env, resume=session):
            pass


async def test_two_programs_on_one_repository_do_not_disturb_each_other(root: Path, env: dict[str, str]) -> None:
    async with agent(root, env) as one, agent(root, env) as two:
        await propose(one, FIXED)
        await propose(two, FIXED)
        assert [e async for e in one.review(everything(one.pending))][-1].type == "backbone_changed"
        events = [e async for e in two.review(everything(two.pending))]
        assert events[-1].type in ("notice", "backbone_changed")
        assert "- 1" not in (root / "app.py").read_text()


async def test_a_broken_session_file_is_put_aside_and_said(root: Path, env: dict[str, str]) -> None:
    path = wiring.state_dir(env) / "sessions.db"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"this is no database at all " * 400)
    async with agent(root, env) as made:
        [said] = [e.text for e in made.history() if isinstance(e, Notice) and "damaged" in e.text]
        assert (await run(made, "what is in app.py?"))[-1].type == "request_ended"
    kept = Path(said.rpartition(" ")[2].rstrip("."))
    assert kept.read_bytes().startswith(b"this is no database")  # noqa: ASYNC240


async def test_a_session_file_that_refuses_a_write_ends_the_request_with_one_sentence(
    root: Path, env: dict[str, str]
) -> None:
    async with agent(root, env) as made:
        database = sqlite3.connect(wiring.state_dir(env) / "sessions.db")
        database.execute("CREATE TRIGGER full BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'disk full'); END")
        database.commit()
        [failed] = await run(made, "what is in app.py?")
        assert isinstance(failed, RequestFailed)
        assert "could not be saved" in failed.text
        assert not made.busy
        database.execute("DROP TRIGGER full")
        database.commit()
        database.close()
        assert (await run(made, "what is in app.py?"))[-1].type == "request_ended"


async def test_a_state_folder_that_cannot_be_made_is_one_sentence(root: Path, env: dict[str, str]) -> None:
    Path(env["XDG_STATE_HOME"]).write_text("a file stands here")  # noqa: ASYNC240
    with pytest.raises(PierError) as refused:
        async with agent(root, env):
            pass
    assert "\n" not in str(refused.value)


async def test_a_cost_limit_that_cannot_be_kept_is_said(root: Path, env: dict[str, str]) -> None:
    folder = Path(env["XDG_CONFIG_HOME"]) / "pier-tui" / "profiles"
    urls = {f"{tier}_url": "http://127.0.0.1:9/v1" for tier in ("weak", "strong")}
    names = {f"{tier}_model": "m" for tier in ("weak", "strong")}
    async with agent(root, env, changes={"profile": "local", **urls, **names, "max_cost": 1}) as made:
        said = [e.text for e in made.history() if e.type == "notice"]
        assert any("limit cannot be kept" in text for text in said) == (not made.profile.weak.price.free)
    assert not folder.exists()


async def test_sessions_whose_cost_is_partly_unknown_are_not_listed_as_cheap(root: Path, env: dict[str, str]) -> None:
    async with agent(root, env) as made:
        await run(made, "what is in app.py?")
        session = made.session_id
    database = sqlite3.connect(wiring.state_dir(env) / "sessions.db")
    database.execute("UPDATE sessions SET unpriced = 1 WHERE id = ?", (session,))
    database.commit()
    database.close()
    assert "turns          ?  what" in as_text(Shelf(wiring.state_dir(env), root).listed())
