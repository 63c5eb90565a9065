"""The journal of all sessions: one append-only SQLite file of events, safe for two processes at once.

An event is on disk when `append` returns, so what was shown can always be shown again. Entries that cannot be
read are skipped and said; entries of a newer version are shown as such and copied as they are. What becomes of a
damaged file is in `file` and `salvage`; building state from events is in `resume`.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from pathlib import Path
from types import TracebackType

from pydantic import BaseModel, ConfigDict, ValidationError

from pier_tui.errors import PierError
from pier_tui.events import TRANSIENT, AnyEvent, CallFinished, Event, Notice, PromptWarmed, TurnStarted
from pier_tui.redaction import without_keys
from pier_tui.repo.verdict import Draft
from pier_tui.session.codec import decode_any, encode, renamed
from pier_tui.session.file import SessionFile, Statement


class SessionRow(BaseModel):
    """One line of the list of sessions. `started` and `touched` are seconds since the epoch, `cost` rupees.

    `unpriced` counts calls whose cost is unknown: where it is not 0, `cost` is at least that.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    title: str
    started: float
    touched: float
    turns: int
    cost: Decimal
    unpriced: int
    repo: str
    forked_from: str | None = None


class Waiting(BaseModel):
    """A message that waits for its turn: a request, or a command of the user's own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str
    text: str


class Store:
    """The journal in the file `path`. Safe to use from several threads.

    `synchronous` is SQLite's: FULL survives a power cut. Raises PierError where the file cannot be used.
    """

    def __init__(self, path: Path, *, synchronous: str = "FULL", clock: Callable[[], float] = time.time) -> None:
        self.path, self._clock = path, clock
        self._file = SessionFile(path, synchronous=synchronous)

    @property
    def notices(self) -> tuple[str, ...]:
        """What the user should know of the file: that it was damaged, or that nothing is kept. A sentence each."""
        return self._file.notices

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release the file."""
        self._file.close()

    def open_session(self, repo: str, title: str = "") -> str:
        """Start a session in a repository; its id."""
        session = uuid.uuid4().hex[:12]
        now = self._clock()
        row = (session, repo, title, now, now)
        begun = "INSERT OR IGNORE INTO sessions (id, repo, title, started, touched) VALUES (?, ?, ?, ?, ?)"
        self._file.write([(begun, row)])
        self._file.added.append((begun, row))
        return session

    async def append(self, event: Event) -> None:
        """Write an event; it is on disk when this returns. Transient events are not kept."""
        if not isinstance(event, TRANSIENT):
            await asyncio.to_thread(self.append_now, event)

    def append_now(self, event: Event) -> None:
        """Write an event, blocking. Raises PierError where the disk refuses."""
        self.append_all((event,))

    def append_all(self, events: Iterable[Event]) -> None:
        """Write events, blocking, all of them or none. Raises PierError where the disk refuses."""
        now = self._clock()
        rows = [_insert(event.session, getattr(event, "type", ""), encode(event)) for event in events]
        self._file.write([*rows, *_touches(events, now)])

    def lines(self, session: str) -> list[str]:
        """A session's entries in order, as they are stored: a line of JSON each, empty where not even that is left."""
        rows = self._file.read("SELECT body FROM events WHERE session = ? ORDER BY seq", (session,))
        return [body if isinstance(body, str) else "" for (body,) in rows]

    def events(self, session: str) -> list[AnyEvent]:
        """A session's events in order. Unreadable entries are left out and a Notice at the end counts them."""
        lines = self.lines(session)
        found = [event for line in lines if (event := _read(line)) is not None]
        if lost := len(lines) - len(found):
            text = f"{lost} of {len(lines)} entries of this session cannot be read and were skipped."
            found.append(Notice(session=session, text=text, level="warning"))
        return found

    def tail(self, session: str, count: int) -> list[AnyEvent]:
        """The last so many events that can be read, in order: what a screen shows first."""
        rows = self._file.read("SELECT body FROM events WHERE session = ? ORDER BY seq DESC LIMIT ?", (session, count))
        return [event for (line,) in reversed(rows) if (event := _read(line)) is not None]

    def sessions(self, repo: str | None = None) -> list[SessionRow]:
        """All sessions, or those of one repository, the latest used first. Where a salvage lost it, it is any's."""
        query = "SELECT id, title, started, touched, turns, cost, unpriced, repo, forked_from FROM sessions"
        condition, values = (" WHERE repo IN (?, '')", (repo,)) if repo is not None else ("", ())
        rows = self._file.read(f"{query}{condition} ORDER BY touched DESC, started DESC", values)
        return [row for columns in rows if (row := _row(columns)) is not None]

    def find(self, session: str) -> SessionRow:
        """The session of this id. Raises PierError where there is none."""
        found = next((row for row in self.sessions() if row.id == session), None)
        if found is None:
            raise PierError(f"There is no session {session!r}; list them with: pier-tui sessions")
        return found

    def rename(self, session: str, title: str) -> None:
        """Give a session another title. Raises PierError where there is no such session."""
        self.find(session)
        self._file.write([("UPDATE sessions SET title = ? WHERE id = ?", (title, session))])

    def delete(self, session: str) -> None:
        """Remove a session and all of its entries for good; their bytes are overwritten."""
        self._file.added = [begun for begun in self._file.added if begun[1][0] != session]
        self._file.write([(f"DELETE FROM {table} WHERE {column} = ?", (session,)) for table, column in _OWNED])

    def fork(self, session: str, upto: int | None = None, title: str = "") -> str:
        """A new session holding the first `upto` entries (None: all), as they are stored; its id."""
        origin = self.find(session)
        lines = self.lines(session)[:upto]
        fork = self.open_session(origin.repo, title or origin.title)
        writes: list[Statement] = [("UPDATE sessions SET forked_from = ? WHERE id = ?", (session, fork))]
        known: list[Event] = []
        for line in lines:
            event = _read(line)
            if event is None:
                continue
            writes.append(_insert(fork, getattr(event, "type", ""), renamed(line, fork)))
            known.append(event.model_copy(update={"session": fork}))
        self._file.write([*writes, *_touches(known, self._clock())])
        return fork

    def waiting(self, session: str) -> tuple[Waiting, ...]:
        """The messages of a session that wait, the next one first."""
        rows = self._file.read("SELECT kind, text FROM queue WHERE session = ? ORDER BY place", (session,))
        return tuple(Waiting(kind=kind, text=text) for kind, text in rows)

    def keep_waiting(self, session: str, messages: Sequence[Waiting]) -> None:
        """Remember which messages wait, in place of those that did. Raises PierError where the disk refuses."""
        rows = [(session, place, one.kind, without_keys(one.text)) for place, one in enumerate(messages)]
        put: list[Statement] = [("INSERT INTO queue VALUES (?, ?, ?, ?)", row) for row in rows]
        self._file.write([("DELETE FROM queue WHERE session = ?", (session,)), *put])

    def draft(self, session: str) -> Draft:
        """What was decided on the pending patch of a session and not handed over."""
        rows = self._file.read("SELECT body FROM drafts WHERE session = ?", (session,))
        return Draft.read(str(rows[0][0])) if rows else Draft()

    def keep_draft(self, session: str, draft: Draft) -> None:
        """Remember it, in place of what was remembered. Raises PierError where the disk refuses."""
        put = ("INSERT INTO drafts VALUES (?, ?)", (session, without_keys(draft.written())))
        self._file.write([("DELETE FROM drafts WHERE session = ?", (session,)), *([put] if draft else [])])


_OWNED = (("events", "session"), ("queue", "session"), ("drafts", "session"), ("sessions", "id"))


def _read(line: object) -> AnyEvent | None:
    """The event of an entry, None where it cannot be read."""
    try:
        return decode_any(line) if isinstance(line, str) else None
    except (ValueError, RecursionError):
        return None


def _row(columns: tuple[object, ...]) -> SessionRow | None:
    """A line of the list, None where its values are none."""
    try:
        return SessionRow.model_validate(dict(zip(SessionRow.model_fields, columns, strict=True)))
    except ValidationError:
        return None


def _insert(session: str, kind: str, line: str) -> Statement:
    return "INSERT INTO events (session, type, body) VALUES (?, ?, ?)", (session, kind, line)


def _touches(events: Iterable[Event], now: float) -> list[Statement]:
    """What events change in the list of sessions. Costs are added as decimals, exactly."""
    found: list[Statement] = []
    by_session: dict[str, list[Event]] = {}
    for event in events:
        by_session.setdefault(event.session, []).append(event)
    for session, own in by_session.items():
        calls = [event for event in own if isinstance(event, CallFinished | PromptWarmed)]
        turns = sum(isinstance(event, TurnStarted) for event in own)
        cost = sum((call.cost or Decimal(0) for call in calls), Decimal(0))
        unpriced = sum(call.cost is None for call in calls)
        found.append((_TOUCH, (now, turns, str(cost), unpriced, session)))
    return found


_TOUCH = """
UPDATE sessions SET touched = ?, turns = turns + ?, cost = pier_add(cost, ?), unpriced = unpriced + ? WHERE id = ?
"""
