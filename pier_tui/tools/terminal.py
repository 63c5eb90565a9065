"""A terminal of a command's own: its output goes there, nobody types into it, and it controls nobody."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import struct
import termios
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

ROWS, COLUMNS = 24, 120


@dataclass
class Terminal:
    """`end` is the command's side, to be let go once it runs; `reader` is ours."""

    end: int
    reader: asyncio.StreamReader

    def let_go(self) -> None:
        """Close our copy of the command's side, so that its end can be seen."""
        if self.end >= 0:
            os.close(self.end)
        self.end = -1


@asynccontextmanager
async def own_terminal() -> AsyncIterator[Terminal]:
    """A fresh pseudo-terminal that changes nothing of what is written to it. Raises OSError."""
    ours, theirs = os.openpty()
    terminal = Terminal(theirs, asyncio.StreamReader())
    file = os.fdopen(ours, "rb", buffering=0)
    try:
        modes = termios.tcgetattr(theirs)
        modes[1] &= ~termios.OPOST
        modes[3] &= ~(termios.ECHO | termios.ICANON | termios.ISIG)
        termios.tcsetattr(theirs, termios.TCSANOW, modes)
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        loop = asyncio.get_running_loop()
        transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(terminal.reader), file)
    except BaseException:
        terminal.let_go()
        file.close()
        raise
    try:
        yield terminal
    finally:
        terminal.let_go()
        transport.close()


async def read(reader: asyncio.StreamReader) -> bytes:
    """The next bytes, empty at the end: that is what the error of a terminal whose other side is closed means."""
    try:
        return await reader.read(64 * 1024)
    except OSError as error:
        if error.errno != errno.EIO:
            raise
        return b""
