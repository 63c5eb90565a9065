"""A session file cut short, overwritten, mixed up or replaced: what can be read is there, and the rest is said."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pier_tui.errors import PierError
from pier_tui.events import AnyEvent, Notice, RequestStarted, TurnStarted
from pier_tui.session.pages import FRAME_HEADER, WAL_HEADER, committed, frames, rows
from pier_tui.session.store import Store

SOAK = os.environ.get("PIER_SOAK") == "1"
PAGE = 4096
COUNT = 40
ID = "0123456789ab"


def event(number: int) -> AnyEvent:
    """One entry; every fifth is longer than a page."""
    return TurnStarted(session=ID, turn=number) if number % 3 else RequestStarted(session=ID, text=f"{number} " * 1500)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """A file half of which is in its log, as after a kill: the bytes of both, by the ends of their names."""
    path = tmp_path_factory.mktemp("whole") / "sessions.db"
    with Store(path) as store:
        row = (ID, "/repo", "a title", 1.0, 2.0)
        store._file.write([("INSERT INTO sessions (id, repo, title, started, touched) VALUES (?, ?, ?, ?, ?)", row)])
        for number in range(COUNT):
            store.append_now(event(number))
            if number == COUNT // 2:
                store._file.read("PRAGMA wal_checkpoint(TRUNCATE)")
        return {end: path.with_name(path.name + end).read_bytes() for end in ("", "-wal")}


def put(folder: Path, found: dict[str, bytes]) -> Path:
    """The files in a folder of their own."""
    folder.mkdir(mode=0o700)
    for end, content in found.items():
        (folder / f"sessions.db{end}").write_bytes(content)
    return folder / "sessions.db"


def outcome(path: Path, *, silent: bool = False) -> str:
    """Open a file, check all that must hold however it was damaged, and say in a word what came of it."""
    with Store(path, synchronous="NORMAL") as store:
        found = store.events(ID)
        known = [e for e in found if not isinstance(e, Notice)]
        numbers = [
            e.turn if isinstance(e, TurnStarted) else int(e.text.split()[0]) for e in known if hasattr(e, "type")
        ]  # type: ignore[union-attr]
        assert numbers == sorted(set(numbers)), "entries are in order and none is there twice"
        assert all(e == event(n) for e, n in zip(known, numbers, strict=True)), "what is there is what was written"
        told = bool(store.notices) or len(known) < len(found)
        assert told or silent or len(numbers) == COUNT, f"{COUNT - len(numbers)} entries are gone and nobody said so"
        assert not numbers or ID in {row.id for row in store.sessions("/repo")}, "what can be read can be found"
        if any("damaged" in said for said in store.notices):
            assert list(path.parent.glob("sessions.damaged-*")), "the damaged file is kept"
        store.append_now(Notice(session=ID, text="on"))
    with Store(path, synchronous="NORMAL") as store:
        assert not store.notices, "a repaired file is whole"
        assert store.events(ID)[-1] == Notice(session=ID, text="on")
    return "all" if len(numbers) == COUNT else "some" if numbers else "none"


def between_frames(at: int) -> bool:
    """A log that ends where a frame does looks like one that never went on: nobody can tell."""
    return at == 0 or (at >= WAL_HEADER and (at - WAL_HEADER) % (FRAME_HEADER + PAGE) == 0)


def offsets(content: bytes, count: int) -> Iterator[int]:
    """Places to cut: around pages and frames first, then anywhere."""
    places = sorted(
        {min(len(content) - 1, at + by) for at in range(0, len(content), PAGE) for by in (0, 1, 99, 100, 2000)}
    )
    chance = random.Random(7)
    chosen = places if SOAK else chance.sample(places, min(count // 2, len(places)))
    yield from chosen
    yield from (chance.randrange(len(content)) for _ in range(len(places) if SOAK else count - len(chosen)))


@pytest.mark.parametrize("end", ["", "-wal"])
def test_wherever_the_file_or_its_log_is_cut_what_can_be_read_is_there(
    tmp_path: Path, whole: dict[str, bytes], end: str
) -> None:
    seen = {
        at: outcome(put(tmp_path / f"{n}", {**whole, end: whole[end][:at]}), silent=bool(end) and between_frames(at))
        for n, at in enumerate(offsets(whole[end], 75))
    }
    # Without the log half is there at least; without the file what stands in the log is.
    assert "none" not in seen.values() if end else set(seen.values()) <= {"some", "all"}


def flip(content: bytearray, chance: random.Random) -> None:
    """One byte."""
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)


def blank(content: bytearray, chance: random.Random) -> None:
    """A run of NULs, as long as one that was seen after a loss of power."""
    at = chance.randrange(len(content))
    content[at : at + 1206] = bytes(len(content[at : at + 1206]))


def garble(content: bytearray, chance: random.Random) -> None:
    """A page of noise."""
    at = chance.randrange(0, len(content), PAGE)
    content[at : at + PAGE] = chance.randbytes(len(content[at : at + PAGE]))


@pytest.mark.parametrize("harm", [blank, garble])
def test_runs_of_nul_and_noise_lose_only_what_they_cover(
    tmp_path: Path, whole: dict[str, bytes], harm: Callable[[bytearray, random.Random], None]
) -> None:
    chance = random.Random(11)
    for number in range(200 if SOAK else 20):
        end = ("", "-wal")[number % 2]
        content = bytearray(whole[end])
        harm(content, chance)
        assert outcome_or_silence(put(tmp_path / f"{number}", {**whole, end: bytes(content)})) != "none"


def test_flipped_bits_never_break_anything(tmp_path: Path, whole: dict[str, bytes]) -> None:
    chance = random.Random(13)
    for number in range(400 if SOAK else 30):
        end = ("", "-wal")[number % 2]
        content = bytearray(whole[end])
        for _ in range(8):
            flip(content, chance)
        path = put(tmp_path / f"{number}", {**whole, end: bytes(content)})
        with Store(path) as store:
            # A bit within a text makes another text, which no file format of SQLite notices.
            assert all(hasattr(e, "type") for e in store.events(ID))
            store.append_now(Notice(session=ID, text="on"))
            assert store.events(ID)


def outcome_or_silence(path: Path) -> str:
    """As `outcome`; noise within a text, or over a page nobody needs, goes unnoticed."""
    with Store(path) as store:
        found = [e for e in store.events(ID) if not isinstance(e, Notice)]
        store.append_now(Notice(session=ID, text="on"))
        assert store.events(ID)
    return "some" if found else "none"


def test_a_folder_in_its_place_is_put_aside(tmp_path: Path) -> None:
    (tmp_path / "sessions.db").mkdir()
    (tmp_path / "sessions.db" / "x").write_text("kept")
    with Store(tmp_path / "sessions.db") as store:
        assert "damaged" in store.notices[0]
        assert store.open_session("/repo")
    assert [p.read_text() for p in tmp_path.glob("sessions.damaged-*/x")] == ["kept"]


@pytest.mark.parametrize("table", ["events", "sessions", "queue"])
def test_a_missing_table_is_made_again_from_what_is_left(tmp_path: Path, whole: dict[str, bytes], table: str) -> None:
    path = put(tmp_path / "in", whole)
    other = sqlite3.connect(path)
    other.execute(f"DROP TABLE {table}")
    other.close()
    with Store(path) as store:
        assert store.notices
        session = store.open_session("/repo")
        store.append_now(Notice(session=session, text="x"))
        assert len(store.events(session)) == 1


def test_a_file_that_breaks_while_it_is_open_is_repaired_under_way(tmp_path: Path, whole: dict[str, bytes]) -> None:
    path = put(tmp_path / "in", whole)
    with Store(path) as store:
        session = store.open_session("/repo", "new")
        other = sqlite3.connect(path)
        other.execute("DROP TABLE events")
        other.close()
        store.append_now(Notice(session=session, text="x"))
        assert [row.title for row in store.sessions() if row.id == session] == ["new"]
        assert "damaged" in store.notices[0]


def test_a_file_deleted_while_it_is_open_is_made_again(tmp_path: Path) -> None:
    path = tmp_path / "in" / "sessions.db"
    with Store(path) as store:
        session = store.open_session("/repo", "new")
        for file in path.parent.iterdir():
            file.unlink()
        store.append_now(Notice(session=session, text="x"))
    with Store(path) as store:
        assert [(row.id, row.title) for row in store.sessions()] == [(session, "new")]
        assert len(store.events(session)) == 1


def test_an_emptied_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "sessions.db").write_bytes(b"")
    with Store(tmp_path / "sessions.db") as store:
        assert "was empty" in store.notices[0]


def test_rows_of_rubbish_are_counted_and_the_rest_is_read(tmp_path: Path) -> None:
    path = tmp_path / "in" / "sessions.db"
    with Store(path) as store:
        session = store.open_session("/repo")
        store.append_now(Notice(session=session, text="good"))
        other = sqlite3.connect(path)
        for body in (b"\xff\xfe", "[]", "3", '"x"', "{}", '{"type": 5}', "[" * 100_000, ""):
            other.execute("INSERT INTO events (session, type, body) VALUES (?, ?, ?)", (session, "x", body))
        other.execute("INSERT INTO sessions VALUES ('odd', '/repo', 't', 'soon', 'late', 'many', 'dear', 0, NULL)")
        other.commit()
        other.close()
        texts = [e.text for e in store.events(session) if isinstance(e, Notice)]
        assert texts[0] == "good"
        assert texts[-1].startswith("8 of 9")
        assert [row.id for row in store.sessions()] == [session]


@pytest.mark.skipif(not shutil.which("bwrap"), reason="a read-only disk is made with bubblewrap")
def test_on_a_read_only_disk_sessions_are_shown_and_nothing_is_kept(tmp_path: Path, whole: dict[str, bytes]) -> None:
    path = put(tmp_path / "in", whole)
    code = (
        "import sys; from pathlib import Path; from pier_tui.session.store import Store\n"
        "store = Store(Path(sys.argv[1])); session = store.open_session('/repo')\n"
        "print(len(store.events(sys.argv[2])), 'not kept' in store.notices[0], bool(session))"
    )
    argv = [
        "bwrap",
        "--dev-bind",
        "/",
        "/",
        "--ro-bind",
        str(path.parent),
        str(path.parent),
        sys.executable,
        "-c",
        code,
    ]
    ran = subprocess.run([*argv, str(path), ID], capture_output=True, text=True, check=False)
    if "Operation not permitted" in ran.stderr or "Permission denied" in ran.stderr:
        pytest.skip("no namespaces here")
    assert ran.returncode == 0, ran.stderr
    counted, said, opened = ran.stdout.split()
    assert int(counted) >= COUNT // 2
    assert (said, opened) == ("True", "True")


def test_pages_of_rubbish_are_read_in_time_and_yield_nothing() -> None:
    chance = random.Random(17)
    for _ in range(30):
        noise = chance.randbytes(3 * PAGE)
        assert isinstance(list(rows(noise, chance.randbytes(100) + noise)), list)
    looped = bytearray(PAGE * 2)
    # A leaf whose only cell claims a long payload on an overflow page that names itself.
    looped[0:8] = bytes([0x0D, 0, 0, 0, 1, 0, 200, 0])
    looped[8:10] = (200).to_bytes(2, "big")
    looped[200:203] = bytes([0x9F, 0x00, 1])
    assert list(rows(bytes(looped))) == []
    assert (frames(b"short"), committed(b"short", PAGE)) == (0, {})


FULL = """
import sys
from pathlib import Path
from pier_tui.errors import PierError
from pier_tui.events import Notice
from pier_tui.session.store import Store
folder = Path(sys.argv[1])
store = Store(folder / "sessions.db")
session = store.open_session("/repo")
ballast, written = folder / "ballast", 0
ballast.write_bytes(bytes(300_000))
try:
    while True:
        store.append_now(Notice(session=session, text="x" * 3000))
        written += 1
except PierError as error:
    print(error)
ballast.unlink()
store.append_now(Notice(session=session, text="on"))
print(written > 10, len(store.events(session)) == written + 1, store.notices)
store.close()
again = Store(folder / "sessions.db")
print(len(again.events(session)) == written + 1, again.notices)
"""


@pytest.mark.skipif(not shutil.which("bwrap"), reason="a small disk is made with bubblewrap")
def test_on_a_full_disk_nothing_is_lost_and_it_goes_on_once_there_is_room(tmp_path: Path) -> None:
    argv = ["bwrap", "--dev-bind", "/", "/", "--size", "1048576", "--tmpfs", str(tmp_path)]
    ran = subprocess.run(
        [*argv, sys.executable, "-c", FULL, str(tmp_path)], capture_output=True, text=True, check=False
    )
    if "Operation not permitted" in ran.stderr or "Permission denied" in ran.stderr:
        pytest.skip("no namespaces here")
    assert ran.returncode == 0, ran.stderr
    said, after, again = ran.stdout.splitlines()
    assert "free some disk space" in said
    assert (after, again) == ("True True ()", "True ()")


def fill(store: Store, session: str) -> None:
    """Until it is full."""
    for number in range(COUNT):
        store.append_now(event(number).model_copy(update={"session": session}))


def test_a_write_the_disk_refuses_is_one_sentence_and_works_once_it_does_not(tmp_path: Path) -> None:
    path = tmp_path / "in" / "sessions.db"
    with Store(path) as store:
        session = store.open_session("/repo")
        store._file.read("PRAGMA max_page_count=12")
        with pytest.raises(PierError, match=r"could not be saved .*free some disk space"):
            fill(store, session)
        written = len(store.events(session))
        assert written > 0
        store._file.read("PRAGMA max_page_count=100000")
        store.append_now(Notice(session=session, text="on"))
        assert len(store.events(session)) == written + 1
