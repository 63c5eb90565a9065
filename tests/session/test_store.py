from __future__ import annotations

import asyncio
import sqlite3
import stat
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from pier_tui.errors import PierError
from pier_tui.events import CallFinished, Event, Notice, RequestStarted, TextDelta, TurnStarted
from pier_tui.models.usage import Usage
from pier_tui.session.store import Store


def finished(session: str, cost: str | None) -> CallFinished:
    price = None if cost is None else Decimal(cost)
    return CallFinished(session=session, decision="d", call=1, tier="weak", model="m", usage=Usage(), cost=price)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "sessions.db"


def test_what_was_appended_comes_back_in_order_from_a_new_process(path: Path) -> None:
    with Store(path) as store:
        session = store.open_session("/repo", "first")
        for event in (RequestStarted(session=session, text="hé"), TurnStarted(session=session, turn=1)):
            asyncio.run(store.append(event))
    code = (
        "import sys; from pathlib import Path; from pier_tui.session.store import Store\n"
        "print([e.type for e in Store(Path(sys.argv[1])).events(sys.argv[2])])"
    )
    ran = subprocess.run([sys.executable, "-c", code, str(path), session], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "['request_started', 'turn_started']"


async def test_transient_events_are_not_kept(path: Path) -> None:
    with Store(path) as store:
        session = store.open_session("/repo")
        await store.append(TextDelta(session=session, text="x"))
        assert store.events(session) == []


def test_the_file_is_private_and_survives_crashes(path: Path) -> None:
    with Store(path) as store:
        store.append_now(Notice(session=store.open_session("/repo"), text="x"))
        side_files = [path, path.with_name(path.name + "-wal")]
        assert [stat.S_IMODE(f.stat().st_mode) for f in side_files] == [0o600, 0o600]
        other = sqlite3.connect(path)
        assert other.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        other.close()


def test_torn_rows_are_skipped_and_said(path: Path) -> None:
    with Store(path) as store:
        session = store.open_session("/repo")
        for text in ("a", "b", "c", "d"):
            store.append_now(Notice(session=session, text=text))
        other = sqlite3.connect(path)
        bodies = [(2, '{"type": "notice", "te'), (3, '{"type": "from_the_future"}')]
        for seq, body in bodies:
            other.execute("UPDATE events SET body = ? WHERE seq = ?", (body, seq))
        other.commit()
        other.close()
        events = store.events(session)
        texts = [e.text for e in events if isinstance(e, Notice)]
        assert texts[:3] == ["a", "an entry this version does not know (from_the_future)", "d"]
        assert texts[3].startswith("1 of 4 entries")


def test_bytes_that_are_no_utf8_survive(path: Path) -> None:
    with Store(path) as store:
        session = store.open_session("/repo")
        event = Notice(session=session, text="a\udcffb \\ud83d")
        store.append_now(event)
        assert store.events(session) == [event]


async def test_two_stores_write_the_same_file_at_once(path: Path) -> None:
    with Store(path) as one, Store(path) as two:
        sessions = [s.open_session("/repo") for s in (one, two)]
        pairs = zip((one, two), sessions, strict=True)
        await asyncio.gather(
            *(store.append(Notice(session=session, text=str(n))) for store, session in pairs for n in range(20))
        )
        assert [len(one.events(s)) for s in sessions] == [20, 20]


def test_the_list_of_sessions_counts_turns_and_rupees(path: Path) -> None:
    ticks = iter(range(100))
    with Store(path, clock=lambda: float(next(ticks))) as store:
        first, second = store.open_session("/a", "one"), store.open_session("/b", "two")
        events: list[Event] = [TurnStarted(session=first), TurnStarted(session=first), finished(first, "0.1")]
        for event in [*events, finished(first, "0.2"), finished(first, None)]:
            store.append_now(event)
        latest, other = store.sessions()
        assert (latest.id, latest.turns, latest.cost, latest.unpriced) == (first, 2, Decimal("0.3"), 1)
        assert other.id == second
        assert [r.title for r in store.sessions("/b")] == ["two"]


def test_rename_and_delete(path: Path) -> None:
    with Store(path) as store:
        session = store.open_session("/a", "one")
        store.append_now(Notice(session=session, text="x"))
        store.rename(session, "better")
        assert store.sessions()[0].title == "better"
        store.delete(session)
        assert store.sessions() == []
        assert store.events(session) == []
        with pytest.raises(PierError, match="no session"):
            store.rename(session, "x")


def test_a_fork_holds_the_first_events_and_leaves_the_old_session_alone(path: Path) -> None:
    with Store(path) as store:
        session = store.open_session("/a", "one")
        for event in (TurnStarted(session=session), finished(session, "0.5"), Notice(session=session, text="x")):
            store.append_now(event)
        fork = store.fork(session, 2)
        assert [e.session for e in store.events(fork)] == [fork, fork]
        assert len(store.events(session)) == 3
        row = next(r for r in store.sessions() if r.id == fork)
        assert (row.forked_from, row.turns, row.cost, row.title) == (session, 1, Decimal("0.5"), "one")


def test_a_file_of_a_newer_version_is_only_read(path: Path) -> None:
    with Store(path) as store:
        session = store.open_session("/repo", "old")
        store.append_now(Notice(session=session, text="x"))
    other = sqlite3.connect(path)
    other.execute("PRAGMA user_version=99")
    other.close()
    before = path.read_bytes()
    with Store(path) as store:
        assert "newer pier-tui" in store.notices[0]
        assert [row.title for row in store.sessions()] == ["old"]
        store.append_now(Notice(session=session, text="y"))
        assert [e.text for e in store.events(session) if isinstance(e, Notice)] == ["x", "y"]
    assert path.read_bytes() == before


def test_a_folder_without_permission_gives_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PierError, match="cannot be used"):
        Store(tmp_path / "file" / "sessions.db")
