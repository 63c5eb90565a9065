"""Starting programs, opening connections and committing pass through the seams too, and a fault there is a sentence."""

from __future__ import annotations

import errno
import os
import signal
from pathlib import Path

import pytest

from pier_tui.errors import PierError, RepositoryError, ToolError
from pier_tui.events import Notice
from pier_tui.models.messages import CallNotice, Reply
from pier_tui.repo.git import git, git_sync
from pier_tui.seams import Fault, armed
from pier_tui.session.store import Store
from pier_tui.tools import process
from pier_tui.tools.sandbox import Sandbox
from tests.models.test_openai_client import ASK, Bench, said, sse


async def test_a_command_that_cannot_be_started_is_a_sentence(tmp_path: Path) -> None:
    launch = Sandbox().launch(("true",), tmp_path)
    with armed(Fault(1, "proc.start", errno.EMFILE)), pytest.raises(ToolError, match="cannot be started"):
        _ = [piece async for piece in process.stream(launch, folder=tmp_path, timeout=5)]


async def test_git_that_cannot_be_started_is_a_sentence(tmp_path: Path) -> None:
    git_sync(tmp_path, "init", "--quiet")
    with armed(Fault(1, "proc.start", errno.EMFILE)), pytest.raises(RepositoryError, match="git cannot be started"):
        await git(tmp_path, "status")
    with armed(Fault(1, "proc.start", errno.ENOMEM)), pytest.raises(RepositoryError, match="git cannot be started"):
        git_sync(tmp_path, "status")
    with armed(Fault(1, "proc.start", errno.ENOENT)), pytest.raises(RepositoryError, match="not installed"):
        await git(tmp_path, "status")


async def test_a_connection_that_cannot_be_opened_is_tried_again_and_said() -> None:
    bench = Bench(sse(said("hello")))
    with armed(Fault(1, "net.connect", errno.ENETUNREACH)):
        pieces = [piece async for piece in bench.client.stream(ASK)]
    assert [piece.text for piece in pieces if isinstance(piece, Reply)] == ["hello"]
    assert any(isinstance(piece, CallNotice) for piece in pieces)


def test_a_commit_the_disk_refuses_is_a_sentence_and_the_next_one_goes_through(tmp_path: Path) -> None:
    with Store(tmp_path / "sessions.db") as store:
        session = store.open_session("/repo")
        with armed(Fault(1, "db.commit", errno.ENOSPC)), pytest.raises(PierError, match="could not be saved"):
            store.append_now(Notice(session=session, text="one"))
        assert store.events(session) == []
        store.append_now(Notice(session=session, text="two"))
        assert [event.text for event in store.events(session)] == ["two"]  # type: ignore[union-attr]


@pytest.mark.parametrize("moment", ["before", "after"])
def test_an_event_is_there_whole_or_not_at_all_when_killed_at_its_commit(tmp_path: Path, moment: str) -> None:
    path = tmp_path / "sessions.db"
    with Store(path) as store:
        session = store.open_session("/repo")
    child = os.fork()
    if not child:
        with Store(path) as store, armed(Fault(1, "db.commit", when=moment)):
            store.append_now(Notice(session=session, text="one"))
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    with Store(path) as store:
        assert len(store.events(session)) == (moment == "after")
