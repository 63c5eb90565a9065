"""What a draft would only read starts while the strong model verifies it, and is thrown away where it is not kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from grammar import check
from scripted import Scripted, Session, say, session

from pier_tui.agent.tool_run import STARTED
from pier_tui.events import AnyEvent, ToolReturned
from pier_tui.models.messages import ChatRequest, Piece, Reply
from pier_tui.repo.overlay import Overlay
from pier_tui.router.catalogue import make

READ = ("read", {"path": "app.py"})
MISSING = ("read", {"path": "gone.py"})
RUN = ("run", {"command": "true"})


class Watched(Overlay):
    """Files that say when one was read."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.reads: list[str] = []
        self.read_one = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def read(self, path: str) -> bytes:
        self.reads.append(path)
        self._loop.call_soon_threadsafe(self.read_one.set)
        return super().read(path)


class Slow(Scripted):
    """A model whose first answer waits for what the test wants to happen before it."""

    until: Callable[[], Awaitable[object]] | None = None

    async def stream(self, request: ChatRequest) -> AsyncIterator[Piece]:
        if self.until and not self.asked:
            async with asyncio.timeout(20):
                await self.until()
        async for piece in super().stream(request):
            yield piece


def slow(tmp_path: Path, draft: Reply, verdict: Reply) -> tuple[Session, Watched]:
    """A session whose 105B answers only once a file was read, if nothing else is set."""
    made: list[Watched] = []

    def watched(root: Path) -> Watched:
        made.append(Watched(root))
        return made[0]

    s = session(
        tmp_path,
        [draft, say("Done.")],
        [verdict, say("Done.")],
        strategy=make("speculative"),
        files=watched,
        speaker=Slow,
    )
    assert isinstance(s.strong, Slow)
    s.strong.until = made[0].read_one.wait
    return s, made[0]


def returned(events: list[AnyEvent]) -> list[ToolReturned]:
    return [event for event in events if isinstance(event, ToolReturned)]


async def test_a_draft_that_only_reads_is_read_while_it_is_verified_and_once(tmp_path: Path) -> None:
    s, files = slow(tmp_path, say("", READ), say("", READ))
    events = await s.run("look")
    check(events)
    (read,) = returned(events)
    assert (read.ok, files.reads) == (True, ["app.py"])
    assert read.line.endswith(STARTED)
    assert "return n - 1" in read.text
    order = [event.type for event in events if event.turn == 1]
    assert order.index("answer_completed") < order.index("tool_called") < order.index("tool_returned")


async def test_what_was_read_for_a_draft_that_is_not_kept_is_nowhere(tmp_path: Path) -> None:
    s, files = slow(tmp_path, say("", READ), say("", ("read", {"path": "notes.txt"})))
    events = await s.run("look")
    check(events)
    (read,) = returned(events)
    assert (files.reads, read.call_id) == (["app.py", "notes.txt"], "c0"), "both answers call it c0"
    assert ("two" in read.text, read.line.endswith(STARTED)) == (True, False)
    assert "return n - 1" not in "".join(event.model_dump_json() for event in s.journal)


@pytest.mark.parametrize("draft", [say("", READ, RUN), say("", READ, ("route", {}), ("read", {}))])
async def test_nothing_starts_where_one_call_runs_a_command_or_is_invalid(tmp_path: Path, draft: Reply) -> None:
    s, files = slow(tmp_path, draft, draft)
    seen: list[int] = []

    async def a_moment() -> None:
        for _ in range(50):
            await asyncio.sleep(0)
        seen.append(len(files.reads))

    s.strong.until = a_moment  # type: ignore[attr-defined]
    events = await s.run("look")
    check(events)
    assert seen == [0]
    assert not any(event.line.endswith(STARTED) for event in returned(events))


async def test_a_read_that_fails_is_refused_once_and_as_always(tmp_path: Path) -> None:
    s, _ = slow(tmp_path, say("", MISSING), say("", MISSING))
    s.strong.until = None  # type: ignore[attr-defined]
    events = await s.run("look")
    check(events)
    (read,) = returned(events)
    assert (read.ok, "gone.py" in read.text, read.line.endswith(STARTED)) == (False, True, False)


@pytest.mark.parametrize("how", ["proposed", "on disk"])
async def test_a_file_that_changed_since_is_read_again(tmp_path: Path, how: str) -> None:
    s, files = slow(tmp_path, say("", READ), say("", READ))

    async def change() -> None:
        await files.read_one.wait()
        if how == "proposed":
            files.write("app.py", b"changed = 1\n")
        else:
            (s.root / "app.py").write_text("changed = 1\n")
            _ = [event async for event in s.agent.repo_changed(("app.py",))]

    s.strong.until = change  # type: ignore[attr-defined]
    (read,) = returned(await s.run("look"))
    assert "changed = 1" in read.text
    assert not read.line.endswith(STARTED)


async def test_a_stop_while_the_draft_is_verified_leaves_nothing_running(tmp_path: Path) -> None:
    s, files = slow(tmp_path, say("", READ, READ, READ), say("", READ))

    async def stop() -> None:
        await files.read_one.wait()
        s.agent.interrupt()
        await asyncio.Event().wait()

    s.strong.until = stop  # type: ignore[attr-defined]
    events = await s.run("look")
    check(events)
    assert events[-1].type == "request_interrupted"
    assert asyncio.all_tasks() == {asyncio.current_task()}
