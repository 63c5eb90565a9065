"""The index in a process of its own, so that no parsing and no ranking ever holds up the screen.

Started with the first thing asked. It reads files of the repository and the kept index, and has none of our keys. Its
input is a pipe we hold: however we end, it ends too. A process that dies is started again, three times at most.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from pier_tui.errors import PierError
from pier_tui.symbols.ranking import Ranked
from pier_tui.symbols.tags import MOST_BYTES, Definition

PASSED = ("PATH", "LANG", "LC_ALL", "TMPDIR", "PYTHONPATH", "VIRTUAL_ENV", "LD_LIBRARY_PATH")
"""What of the environment it is given; no keys."""
STARTS = 3
END = 0.5
"""Seconds it has to end by itself."""
LONGEST_LINE = 16 << 20
_Found = list[tuple[str, int, str, str, float]]


class Beside:
    """An index in another process. `program` is the module that serves it, `kept` the file that outlives it."""

    def __init__(self, program: str, root: Path, kept: Path | None) -> None:
        self._program, self._first = program, {"root": str(root), "kept": str(kept or "")}
        self._process: asyncio.subprocess.Process | None = None
        self._starting = asyncio.Lock()
        self._listening: asyncio.Task[None] | None = None
        self._waiting: dict[int, asyncio.Future[_Found]] = {}
        self._sent: dict[str, bytes | None] = {}
        self._number = self._starts = 0
        self._closed = False

    @property
    def pid(self) -> int | None:
        """The process, None where there is none now."""
        return self._process.pid if self._process else None

    async def update(self, paths: Sequence[str], proposed: Mapping[str, bytes | None], *, whole: bool) -> None:
        """Have these files read, and when `whole` all others forgotten; back when that is done.

        `proposed` is all that is pending. Raises PierError where the process ended.
        """
        await self._started()
        for path in self._sent.keys() - proposed.keys():
            del self._sent[path]
            self._say({"do": "withdraw", "path": path})
        for path, text in proposed.items():
            if path not in self._sent or self._sent[path] != text:
                self._sent[path] = text
                self._say({"do": "propose", "path": path, "text": _encoded(text)})
        await self._asked({"do": "read", "paths": list(paths), "whole": whole})

    async def ranked(self, request: str, seen: Iterable[str], most: int) -> list[Ranked]:
        """The weightiest definitions of what is read so far, at most so many. Raises PierError."""
        await self._started()
        found = await self._asked({"do": "rank", "request": request, "seen": list(seen), "most": most})
        return [Ranked(path, Definition(line, name, kind), weight) for path, line, name, kind, weight in found]

    async def aclose(self) -> None:
        """End it."""
        async with self._starting:
            self._closed = True
            process, self._process = self._process, None
        if process is not None:
            await _end(process)
        if self._listening is not None:
            await self._listening

    async def _started(self) -> None:
        async with self._starting:
            if self._process is not None:
                return
            if self._closed or self._starts == STARTS:
                raise PierError("The symbols of this repository are not read any more.")
            self._starts += 1
            self._sent.clear()
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",
                "-m",
                self._program,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                cwd="/",
                env={name: os.environ[name] for name in PASSED if name in os.environ},
                start_new_session=True,
                limit=LONGEST_LINE,
            )
            self._process = process
            self._listening = asyncio.create_task(self._listen(process))
            self._say(self._first)

    def _say(self, said: Mapping[str, object]) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.write(json.dumps(said).encode() + b"\n")

    async def _asked(self, said: Mapping[str, object]) -> _Found:
        """Ask, and wait for the answer. Raises PierError where the process ended."""
        if self._process is None or self._process.stdin is None:
            raise PierError("The process that reads symbols ended.")
        number = self._number = self._number + 1
        answer: asyncio.Future[_Found] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            self._say({**said, "number": number})
            with suppress(OSError):  # it has ended, which the answer says
                await self._process.stdin.drain()
            return await answer
        finally:
            self._waiting.pop(number, None)

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        """Hand out the answers until it ends."""
        assert process.stdout is not None
        with suppress(ValueError):
            while line := await process.stdout.readline():
                said = json.loads(line)
                answer = self._waiting.get(said["number"])
                if answer is not None and not answer.done():
                    answer.set_result([tuple(one) for one in said["found"]])
        if self._process is process:
            self._process = None
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(PierError("The process that reads symbols ended."))
        await _end(process)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Close its input, and wait until it has ended; it is killed only when late, as asking for that may reap it."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        await asyncio.wait_for(process.wait(), END)
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _encoded(text: bytes | None) -> str | None:
    """A pending text as it is sent; one that is too long to be parsed is sent empty."""
    return None if text is None else base64.b64encode(text if len(text) <= MOST_BYTES else b"").decode()
