"""One process group: started, read while it runs, bounded in what is kept of it, and surely ended."""

from __future__ import annotations

import asyncio
import codecs
import os
import signal
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from pier_tui.errors import ToolError
from pier_tui.seams import call
from pier_tui.tools.terminal import own_terminal, read
from pier_tui.tools.tool import Output, Ran

HEAD, TAIL = 64 * 1024, 256 * 1024
"""Bytes kept of a command's output, from the beginning and from the end."""
PIECE_SECONDS, PIECE_BYTES = 0.05, 8 * 1024
"""How often and how much of it is shown live."""
GRACE = 0.5
"""Seconds between asking a process group to end and killing it, and for output after the command ended."""
PATIENCE = 5.0
"""The same for what confines a command: it ends at once, but may have much to kill that left the group."""


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


@dataclass(frozen=True)
class Launch:
    """A command ready to be started: what confines it (`before`), the filter's descriptor, the command itself."""

    command: tuple[str, ...]
    environment: Mapping[str, str]
    before: tuple[str, ...] = ()
    seccomp: bytes = b""

    def argv(self, descriptor: int | None = None) -> tuple[str, ...]:
        """The command line; `descriptor` is where the filter can be read."""
        if not self.before:
            return self.command
        option = () if descriptor is None else ("--seccomp", str(descriptor))
        return (*self.before, *option, "--", *self.command)


async def stream(
    launch: Launch, *, folder: Path, timeout: float, terminal: bool = False
) -> AsyncIterator[Output | Ran]:
    """Run a command; yields output as it comes and one `Ran` last. Closing the iterator kills the process group.

    Standard input is empty and the process is in a session of its own, so there is no terminal it could reach. With
    `terminal` its output goes to one of its own, for programs that show colours and progress only there.
    Raises ToolError where it cannot be started.
    """
    clock = asyncio.get_running_loop().time
    ring, live, timed_out = Ring(), _Live(), False
    async with AsyncExitStack() as held:
        process, reader = await _started(held, launch, folder, terminal=terminal)
        held.push_async_callback(_end, process, PATIENCE if launch.before else GRACE)
        started = clock()
        async for piece in _read(process, reader, started + timeout):
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
    code = None if timed_out else process.returncode
    yield Ran(exit_code=code, seconds=clock() - started, output=ring.text(), timed_out=timed_out)


async def _started(
    held: AsyncExitStack, launch: Launch, folder: Path, *, terminal: bool
) -> tuple[asyncio.subprocess.Process, asyncio.StreamReader]:
    """The running process and where its output comes from. Raises ToolError."""
    try:
        descriptor = held.enter_context(_readable(launch.seccomp)) if launch.seccomp else None
        screen = await held.enter_async_context(own_terminal()) if terminal else None
        process = await call(
            "proc.start",
            asyncio.create_subprocess_exec,
            *launch.argv(descriptor),
            cwd=folder,
            env=dict(launch.environment),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE if screen is None else screen.end,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            pass_fds=() if descriptor is None else (descriptor,),
        )
    except (OSError, ValueError) as error:
        raise ToolError(f"The command cannot be started: {error}.") from error
    if screen is not None:
        screen.let_go()
        return process, screen.reader
    assert process.stdout is not None
    return process, process.stdout


@contextmanager
def _readable(content: bytes) -> Iterator[int]:
    """A descriptor from which a child can read this; it is no file and no pipe that could fill up."""
    descriptor = os.memfd_create("filter")
    try:
        os.write(descriptor, content)
        os.lseek(descriptor, 0, os.SEEK_SET)
        yield descriptor
    finally:
        os.close(descriptor)


async def _read(
    process: asyncio.subprocess.Process, reader: asyncio.StreamReader, deadline: float
) -> AsyncIterator[bytes | None]:
    """Output until the command ended and its pipe is empty; `b""` now and then, None when the time is up.

    A process left behind in the background may hold the pipe open: it is given `GRACE`, not waited for.
    """
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
                piece = await read(reader)
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


async def _end(process: asyncio.subprocess.Process, grace: float) -> None:
    """End the whole group: ask, wait `grace` seconds, kill; what the command left in the background included."""
    try:
        if process.returncode is None:
            _signal(process.pid, signal.SIGTERM)
            try:
                async with asyncio.timeout(grace):
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
