"""Session files of every released version open, and say what they said then. The files are in `golden`."""

from __future__ import annotations

import shutil
import sqlite3
from decimal import Decimal
from pathlib import Path

import pytest

from pier_tui.events import RequestStarted
from pier_tui.session.resume import fold
from pier_tui.session.schema import VERSION
from pier_tui.session.store import Store

GOLDEN = Path(__file__).parent / "golden"
FILES = sorted(GOLDEN.glob("version-*.db"))
SESSION = "golden000001"


@pytest.mark.parametrize("golden", FILES, ids=lambda path: path.stem)
def test_a_file_of_an_older_version_is_brought_up_to_date(tmp_path: Path, golden: Path) -> None:
    path = tmp_path / "sessions.db"
    shutil.copy(golden, path)
    with Store(path) as store:
        assert store.notices == ()
        [row] = store.sessions("/repo")
        assert (row.id, row.title, row.turns, row.cost) == (SESSION, "fix the total", 1, Decimal("0.0041"))
        events = store.events(SESSION)
        state = fold(events)
        assert (len(events), events[0].type, events[-1].type) == (15, "request_started", "notice")
        assert isinstance(events[0], RequestStarted)
        assert events[0].text == "fix the total\nof it"
        assert (state.request, state.turn, state.pinned, state.labels) == (1, 1, "strong", {"d1": "keep"})
        assert state.pending.files[0].hunks[0].lines[0].text == "a\udcff\n"
        assert [item.key for item in state.backbone.items] == ["a.py"]
        waiting = [(one.kind, one.text) for one in store.waiting(SESSION)]
        assert waiting == ([] if golden.stem == "version-1" else [("request", "and then"), ("shell", "ls")])
        notes = [(note.place, note.snippet, note.text) for note in store.draft(SESSION).comments]
        assert notes == ([("lines 3-4", "a\udcff\n", "क्यों?")] if golden.stem >= "version-3" else [])
        store.append_now(events[-1])
        assert len(store.events(store.fork(SESSION))) == 16
    with sqlite3.connect(path) as db:
        assert db.execute("PRAGMA user_version").fetchone()[0] == VERSION


def test_two_programs_that_bring_it_up_to_date_at_once_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "sessions.db"
    shutil.copy(GOLDEN / "version-1.db", path)
    with Store(path) as one, Store(path) as two:
        assert one.waiting(SESSION) == two.waiting(SESSION) == ()
        assert len(one.events(SESSION)) == len(two.events(SESSION)) == 15
