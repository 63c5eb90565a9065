"""What can be taken back, as lines: requests, turns, hunks, earlier sessions, and what taking back would do."""

from __future__ import annotations

from pathlib import Path

import pytest

from pier_tui.errors import PierError
from pier_tui.repo.checkpoint import Journal
from pier_tui.repo.disk import Change
from pier_tui.repo.records import Origin
from pier_tui.ui.screens.undo import effects_preview
from pier_tui.ui.undo_lines import rows, told

LINES = b"".join(b"%d\n" % n for n in range(30))


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    root = tmp_path / "root"
    root.mkdir()
    (root / "a").write_bytes(LINES)
    journal = Journal(tmp_path / "state")
    two = LINES.replace(b"\n5\n", b"\nfive\n").replace(b"\n25\n", b"\n")
    first = Origin(session="old", request=1, turn=2, words="make it so")
    journal.apply(root, {"a": Change(LINES, two)}, origin=first)
    journal.apply(root, {"b": Change(None, b"x\n")}, origin=Origin(session="new", request=1, turn=3))
    journal.apply(root, {"c": Change(None, b"y\n")}, origin=Origin(session="new", request=1, turn=4))
    return journal


def test_requests_come_newest_first_with_their_turns_and_hunks(journal: Journal) -> None:
    assert [words for words, _ in rows(journal.written(), "new")] == [
        "request 1  c, b  +2 -0",
        "  turn 4  c  +1 -0",
        "  turn 3  b  +1 -0",
        "earlier session, request 1: make it so  a  +1 -2",
        "      a line 3  +1 -1",
        "      a line 23  +0 -1",
    ]


def test_every_line_can_be_taken_back_as_it_says(journal: Journal, tmp_path: Path) -> None:
    lines = [wanted for _, wanted in rows(journal.written(), "new")]
    hunks = lines[5].hunks or ()
    journal.undo(lines[5].checkpoints, [p.hunk for p in hunks], [p.path for p in hunks])
    assert (tmp_path / "root/a").read_bytes() == LINES.replace(b"\n5\n", b"\nfive\n")
    journal.undo(lines[0].checkpoints)
    assert sorted(p.name for p in (tmp_path / "root").iterdir()) == ["a"]


def test_the_effects_are_shown_first_and_what_was_changed_since_is_named(journal: Journal, tmp_path: Path) -> None:
    file = tmp_path / "root/a"
    file.write_bytes(file.read_bytes().replace(b"five", b"mine"))
    wanted = [w for _, w in rows(journal.written(), "new")][3]
    before = file.read_bytes()
    text = effects_preview(journal.effects(wanted.checkpoints)).plain
    assert text == "a: some of it was changed since and stays\na  changed back +1 -0\n  + 25\n"
    assert file.read_bytes() == before


def test_a_text_set_aside_is_offered_to_be_proposed_again(journal: Journal, tmp_path: Path) -> None:
    kept = journal.set_aside(tmp_path / "root", {"a": b"typed\n"}, Origin(session="new", request=2))
    words, wanted = next(iter(rows(journal.written(), "new")))
    assert words == "  set aside in a conflict: a, propose it again"
    assert wanted.checkpoints == (kept,)
    assert journal.aside(kept) == {"a": b"typed\n"}


def test_the_command_line_lists_shows_and_only_then_takes_back(journal: Journal, tmp_path: Path) -> None:
    assert told(journal, None, write=False).splitlines()[1] == "  2    turn 4  c  +1 -0"
    assert told(journal, 2, write=False).endswith("Nothing was written: add --yes to take this back.\n")
    assert (tmp_path / "root/c").exists()
    assert told(journal, 2, write=True) == "c  removed +0 -1\n  - y\n"
    assert not (tmp_path / "root/c").exists()
    with pytest.raises(PierError, match="There is no line 99"):
        told(journal, 99, write=True)
