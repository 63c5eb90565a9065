"""What can be done with kept sessions without an agent: list, show the end of one, rename, delete, fork, export.

Blocking: call it in a thread. `state` is the folder sessions are kept in.
"""

from __future__ import annotations

import datetime
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pier_tui.amounts import cost_words
from pier_tui.errors import PierError
from pier_tui.events import AnyEvent
from pier_tui.repo.records import state_dir_for
from pier_tui.session.export import RecordingHeader, lines_to_jsonl, to_markdown
from pier_tui.session.presence import Other, Presence
from pier_tui.session.store import SessionRow, Store

FILE = "sessions.db"
TAIL = 120
"""Events that fill more than any screen."""

Format = Literal["md", "jsonl"]


class Listed(SessionRow):
    """A line of the list; `open` says whether the session is open in this program or in another one."""

    open: Literal["", "here", "elsewhere"] = ""


def presence(state: Path, root: Path) -> Presence:
    """Who has the repository open. Raises PierError where the state folder cannot be used."""
    folder = state_dir_for(root, state.parent) / "present"
    try:
        return Presence(folder)
    except OSError as error:
        raise PierError(f"{folder} cannot be used: {error.strerror}.") from error


class Shelf:
    """The sessions of a repository; of all repositories where `root` is None."""

    def __init__(self, state: Path, root: Path | None = None) -> None:
        self._state, self._root = state, root

    def _store(self) -> Store:
        return Store(self._state / FILE)

    def listed(self) -> list[Listed]:
        """The sessions in which something was asked, the latest used first."""
        with self._store() as store:
            rows = store.sessions(None if self._root is None else str(self._root))
        running = self._running()
        asked = [row for row in rows if row.title or row.turns]
        return [Listed(**row.model_dump(), open=_where(row.id, running)) for row in asked]

    def _running(self) -> tuple[Other, ...]:
        return () if self._root is None else presence(self._state, self._root).others()

    def tail(self, session: str) -> Sequence[AnyEvent]:
        """The last events of a session; none where it cannot be read."""
        try:
            with self._store() as store:
                return store.tail(session, TAIL)
        except PierError:
            return ()

    def rename(self, session: str, title: str) -> None:
        """Give a session another title. Raises PierError: unknown, or no title."""
        if not title.strip():
            raise PierError("A session needs a title; type one.")
        with self._store() as store:
            store.rename(session, " ".join(title.split())[:200])

    def delete(self, session: str) -> None:
        """Remove a session for good. Raises PierError: unknown, or open in a program."""
        with self._store() as store:
            row = store.find(session)
            root = self._root or (Path(row.repo) if row.repo else None)
            running = presence(self._state, root).others() if root is not None else ()
            if any(other.session == session for other in running):
                raise PierError("This session is open; close it or go on with another one before deleting it.")
            store.delete(session)

    def fork(self, session: str, turn: int | None = None) -> str:
        """A copy to go on with, up to the end of a turn (None: all of it); its id. Raises PierError."""
        with self._store() as store:
            title = f"copy of {store.find(session).title or 'a session'}"[:200]
            if turn is None:
                return store.fork(session, title=title)
            upto = upto_turn(store.events(session), turn)
            return store.fork(session, upto, title)

    def export(self, session: str, form: Format = "md") -> str:
        """A session as Markdown, or as a recording. Raises PierError where there is none of this id."""
        with self._store() as store:
            row = store.find(session)
            if form == "md":
                return to_markdown(store.events(session), row.title or "Session")
            lines = [line for line in store.lines(session) if line]
        day = datetime.datetime.fromtimestamp(row.started, datetime.UTC).date().isoformat()
        header = RecordingHeader.model_validate({"date": day, "profile": "", "source": f"session {session}"})
        return lines_to_jsonl(header, lines)


def as_text(rows: Sequence[Listed]) -> str:
    """The list for a terminal, a line each."""
    if not rows:
        return "No sessions here yet; start one with: pier-tui\n"
    return "".join(
        f"{row.id}  {row.turns:>4} turns  {cost_words(row.cost, row.unpriced, '₹{:.4f}'.format):>9}"
        f"  {' '.join(row.title.split()) or '(no request yet)'}{'  (open)' if row.open else ''}\n"
        for row in rows
    )


def upto_turn(events: Sequence[AnyEvent], turn: int) -> int:
    """How many events there are up to the end of a turn. Raises PierError where there is no such turn."""
    turns = [event.turn for event in events if event.type == "turn_started"]
    if turn not in turns:
        raise PierError(f"There is no turn {turn}; this session has {len(set(turns))}.")
    after = (n for n, event in enumerate(events) if event.type == "turn_started" and event.turn > turn)
    end = next(after, len(events))
    begun = (n for n in range(end - 1, -1, -1) if events[n].type in ("request_started", "turn_started"))
    last = next(begun, 0)
    # A request that begins after the turn, but whose own first turn is left out, is left out too.
    return last if end < len(events) and events[last].type == "request_started" else end


def _where(session: str, running: Sequence[Other]) -> Literal["", "here", "elsewhere"]:
    other = next((other for other in running if other.session == session), None)
    if other is None:
        return ""
    return "here" if other.pid == os.getpid() else "elsewhere"
