"""What can be done with kept sessions without an agent: show the end of one. Grows with the commands."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pier_tui.errors import PierError
from pier_tui.events import AnyEvent
from pier_tui.session.store import Store

FILE = "sessions.db"
TAIL = 120
"""Events that fill more than any screen."""


def tail(state: Path, session: str) -> Sequence[AnyEvent]:
    """The last events of a session; none where it cannot be read."""
    try:
        with Store(state / FILE) as store:
            return store.tail(session, TAIL)
    except PierError:
        return ()
