"""One process group: started, read while it runs, bounded in what is kept of it, and surely ended."""

from __future__ import annotations

import asyncio
import codecs
import os
import signal
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from pier_tui.errors import ToolError
from pier_tui.tools.tool import Output, Ran

HEAD, TAIL = 64 * 1024, 256 * 1024
"""Bytes kept of a command's output, from the beginning and from the end."""
PIECE_SECONDS, PIECE_BYTES = 0.05, 8 * 1024
"""How often and how much of it is shown live."""
GRACE = 0.5
"""Seconds between asking a process group to end and killing it, and for output after the command ended."""


class Ring:
    """The head and the tail of a stream of bytes, in bounded memory."""

    def __init__(self, head: int = HEAD, tail: int = TAIL) -> None:
        self._head, self._tail = bytearray(), bytearray()
        self._head_size, self._tail_size = head, tail
        self.total = 0

    def add(self, piece: bytes) -> None:
        """Take in the next bytes."""
        self.total += len(piece)
        room = self._head_size - len(self._head)
        self._head += piece[:room]
        self._tail += piece[room:] if room < len(piece) else b""
        if len(self._tail) > 2 * self._tail_size:
            del self._tail[: len(self._tail) - self._tail_size]

    def text(self) -> str:
        """What is kept, decoded, with a line where bytes are missing. Bytes that are not UTF-8 become U+FFFD."""
        tail = bytes(self._tail[-self._tail_size :])
        missing = self.total - len(self._head) - len(tail)
        head = bytes(self._head).decode("utf-8", "replace")
        if not missing:
            return (bytes(self._head) + tail).decode("utf-8", "replace")
        return f"{head}\n… {missing} bytes left out …\n{tail.decode('utf-8', 'replace')}"


class _Live:
    """Coalesces output for showing: at most a piece per `PIECE_SECONDS`, and of a flood only the end of it."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._waiting = ""
        self._shown = 0.0

    def add(self, piece: bytes) -> None:
        self._waiting = (self._waiting + self._decoder.decode(piece[-4 * PIECE_BYTES :]))[-PIECE_BYTES:]

    def due(self, now: float, *, last: bool = False) -> Output | None:
        """The next piece, when it is time for one."""
        if not self._waiting or (not last and now - self._shown < PIECE_SECONDS):
            return None
        text, self._waiting, self._shown = self._waiting, "", now
        return Output(text=text)


async def stream(
    argv: tuple[str, ...], *, folder: Path, environment: Mapping[str, str], timeout: float
) -> AsyncIterator[Output | Ran]:
    """Run `argv`; yields output as it comes and one `Ran` last. Closing the iterator kills the process group.

    There is no terminal: standard input is empty and the process is in a session of its own.
    Raises ToolError where it cannot be started.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            cwd=folder,
            env=dict(environment),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise ToolError(f"The command cannot be started: {error}.") from error
    clock = asyncio.get_running_loop().time
    started, ring, live = clock(), Ring(), _Live()
    try:
        timed_out = False
        async for piece in _read(process, started + timeout):
            timed_out = piece is None
            if piece is not None:
                ring.add(piece)
                live.add(piece)
            shown = live.due(clock(), last=timed_out)
            if shown is not None:
                yield shown
        rest = live.due(clock(), last=True)
        if rest is not None:
            yield rest
    finally:
        await _end(process)
    code = None if timed_out else process.returncode
    yield Ran(exit_code=code, seconds=clock() - started, output=ring.text(), timed_out=timed_out)


async def _read(process: asyncio.subprocess.Process, deadline: float) -> AsyncIterator[bytes | None]:
    """Output until the command ended and its pipe is empty; `b""` now and then, None when the time is up.

    A process left behind in the background may hold the pipe open: it is given `GRACE`, not waited for.
    """
    assert process.stdout is not None
    clock = asyncio.get_running_loop().time
    ended = 0.0
    while True:
        now = clock()
        if now >= deadline:
            yield None
            return
        if process.returncode is not None:
            ended = ended or now
            if now - ended >= GRACE:
                return
        try:
            async with asyncio.timeout(min(PIECE_SECONDS, max(deadline - now, 0.001))):
                piece = await process.stdout.read(64 * 1024)
        except TimeoutError:
            yield b""
            continue
        if not piece:
            break
        yield piece
    while process.returncode is None:
        if clock() >= deadline:
            yield None
            return
        try:
            async with asyncio.timeout(min(PIECE_SECONDS, max(deadline - clock(), 0.001))):
                await process.wait()
        except TimeoutError:
            yield b""


async def _end(process: asyncio.subprocess.Process) -> None:
    """End the whole group: ask, wait `GRACE`, kill; what the command left in the background included."""
    try:
        if process.returncode is None:
            _signal(process.pid, signal.SIGTERM)
            try:
                async with asyncio.timeout(GRACE):
                    await process.wait()
            except TimeoutError:
                pass  # it did not listen, so it is killed below
    finally:
        _signal(process.pid, signal.SIGKILL)
    await process.wait()


def _signal(group: int, number: signal.Signals) -> None:
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return
