"""Sharing feedback with a team when a session ends, without holding up its end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress

from pier_tui.errors import PierError

LONGEST = 2.0
"""Seconds the end of a session waits for the pool; what is not sent by then is sent at the next end."""


async def shared(share: Callable[[], object], seconds: float = LONGEST) -> str:
    """Call `share` in a thread that nothing waits for longer than this; what went wrong as a sentence, '' if nothing.

    A daemon thread: those of the event loop's pool are joined before the program may end.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[str] = loop.create_future()

    def settle(said: str) -> None:
        if not done.done():
            done.set_result(said)

    def run() -> None:
        said = ""
        try:
            share()
        except PierError as error:
            said = str(error)
        # The loop may be gone by now.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(settle, said)

    threading.Thread(target=run, name="feedback pool", daemon=True).start()
    try:
        return await asyncio.wait_for(done, seconds)
    except TimeoutError:
        return f"The pool did not answer within {seconds:g} s; your labels are sent when the next session ends."
