"""Kept sessions without an agent: listing, renaming, copying up to a turn, deleting, writing out."""

from __future__ import annotations

import json
import sqlite3
from decimal import Decimal
from pathlib import Path

import pytest

from pier_tui.errors import PierError
from pier_tui.events import AnswerCompleted, BackboneChanged, Event, Notice, RequestEnded, RequestStarted, TurnStarted
from pier_tui.session.export import from_jsonl
from pier_tui.session.shelf import FILE, Shelf, as_text, presence
from pier_tui.session.store import Store

TWO_REQUESTS: list[Event] = [
    RequestStarted(request=1, turn=0, text="one\nmore"),
    TurnStarted(request=1, turn=1),
    TurnStarted(request=1, turn=2),
    RequestEnded(request=1, turn=2),
    RequestStarted(request=2, turn=2, text="two"),
    BackboneChanged(request=2, turn=2, updates=()),
    TurnStarted(request=2, turn=3),
    RequestEnded(request=2, turn=3),
]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "repo").mkdir()
    return tmp_path / "repo"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "home" / "pier-tui"


@pytest.fixture
def session(state: Path, root: Path) -> str:
    with Store(state / FILE) as store:
        session = store.open_session(str(root), "one")
        store.append_all([event.model_copy(update={"session": session}) for event in TWO_REQUESTS])
    return session


@pytest.mark.parametrize(("turn", "kept"), [(1, 2), (2, 4), (3, 8)])
def test_a_copy_up_to_a_turn_holds_that_turn_and_no_request_begun_after_it(
    state: Path, root: Path, session: str, turn: int, kept: int
) -> None:
    shelf = Shelf(state, root)
    copy = shelf.fork(session, turn)
    with Store(state / FILE) as store:
        events = store.events(copy)
        assert [e.type for e in events] == [e.type for e in TWO_REQUESTS[:kept]]  # type: ignore[attr-defined]
        assert {event.session for event in events} == {copy}
        assert store.find(copy).forked_from == session
    assert [row.title for row in shelf.listed()] == ["copy of one", "one"]
    with pytest.raises(PierError, match="no turn 9; this session has 3"):
        shelf.fork(session, 9)


def test_an_entry_of_a_newer_version_is_shown_copied_and_exported_as_it_is(
    state: Path, root: Path, session: str
) -> None:
    strange = {"session": session, "request": 2, "turn": 3, "time": 1.0, "type": "dream_had", "deep": {"a": [1, "é"]}}
    with Store(state / FILE) as store:
        store._file.write(
            [("INSERT INTO events (session, type, body) VALUES (?, ?, ?)", (session, "dream_had", json.dumps(strange)))]
        )
        newer = {"session": session, "time": 1.0, "type": "notice", "text": "x", "colour": "red"}
        store._file.write(
            [("INSERT INTO events (session, type, body) VALUES (?, ?, ?)", (session, "notice", json.dumps(newer)))]
        )
    shelf = Shelf(state, root)
    copy = shelf.fork(session)
    with Store(state / FILE) as store:
        shown = store.events(copy)[-2:]
        assert [(type(e), e.turn) for e in shown] == [(Notice, 3), (Notice, 0)]
        assert isinstance(shown[0], Notice)
        assert shown[0].text == "an entry this version does not know (dream_had)"
        lines = [json.loads(line) for line in store.lines(copy)]
        assert lines[-2:] == [{**strange, "session": copy}, {**newer, "session": copy}]
    exported = shelf.export(copy, "jsonl")
    assert [json.loads(line) for line in exported.splitlines()[-2:]] == lines[-2:]
    assert len(from_jsonl(exported).events) == len(TWO_REQUESTS) + 2
    assert "an entry this version does not know (dream_had)" in shelf.export(copy, "md")


def test_a_session_that_is_open_is_marked_and_not_deleted(state: Path, root: Path, session: str) -> None:
    shelf, mine = Shelf(state, root), presence(state, root)
    mine.enter(session)
    assert [row.open for row in shelf.listed()] == ["here"]
    with pytest.raises(PierError, match="is open"):
        shelf.delete(session)
    with pytest.raises(PierError, match="is open"):
        Shelf(state).delete(session)
    mine.leave()
    shelf.delete(session)
    assert shelf.listed() == []
    assert as_text([]).startswith("No sessions")


def test_what_was_deleted_is_not_in_the_file_any_more(state: Path, root: Path) -> None:
    with Store(state / FILE) as store:
        session = store.open_session(str(root), "one")
        store.append_now(Notice(session=session, text="a secret word"))
        store.delete(session)
    assert b"a secret word" not in (state / FILE).read_bytes()


def test_titles_are_one_line_and_never_empty(state: Path, root: Path, session: str) -> None:
    shelf = Shelf(state, root)
    shelf.rename(session, "  a\n b ")
    assert as_text(shelf.listed()).rstrip().endswith("a b")
    with pytest.raises(PierError, match="needs a title"):
        shelf.rename(session, " ")
    for act in (lambda: shelf.rename("nope", "x"), lambda: shelf.fork("nope"), lambda: shelf.export("nope")):
        with pytest.raises(PierError, match="no session 'nope'"):
            act()  # type: ignore[no-untyped-call]


def test_entries_keep_their_order_when_the_clock_is_set_back(state: Path, root: Path) -> None:
    times = iter((1000.0, 900.0, 10.0, 5.0, -3.0))
    with Store(state / FILE, clock=lambda: next(times)) as store:
        session = store.open_session(str(root), "one")
        for number, at in enumerate((50.0, 40.0, -1.0), start=1):
            store.append_now(AnswerCompleted(session=session, turn=number, time=at, tier="weak", text=str(number)))
        assert [event.turn for event in store.events(session)] == [1, 2, 3]
        assert [event.turn for event in store.tail(session, 2)] == [2, 3]
    shelf = Shelf(state, root)
    assert shelf.export(session, "md").index("\n1\n") < shelf.export(session, "md").index("\n3\n")


def test_a_session_whose_line_in_the_list_was_lost_is_found_in_every_repository(
    state: Path, root: Path, session: str
) -> None:
    with sqlite3.connect(state / FILE) as database:
        database.execute("DROP TABLE sessions")
    [row] = Shelf(state, root).listed()
    assert (row.id, row.title, row.turns, row.repo) == (session, "one", 3, "")


@pytest.mark.parametrize(
    ("cost", "unpriced", "words"), [("0", 0, "free"), ("0", 2, "?"), ("0.25", 1, "≥₹0.2500"), ("0.25", 0, "₹0.2500")]
)
def test_a_cost_is_free_unknown_or_at_least_what_is_known(
    state: Path, root: Path, session: str, cost: str, unpriced: int, words: str
) -> None:
    row = Shelf(state, root).listed()[0]
    assert as_text([row.model_copy(update={"cost": Decimal(cost), "unpriced": unpriced})]).split()[3] == words
