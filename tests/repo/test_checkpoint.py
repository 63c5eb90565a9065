from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from pier_tui.errors import RepositoryError, WriteConflict
from pier_tui.repo.checkpoint import Journal
from pier_tui.repo.disk import STAGED, Change, Writing
from pier_tui.repo.records import state_dir_for

BASE = b"".join(b"%d\n" % n for n in range(30))


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "state" / "repo")


def leftovers(root: Path) -> list[Path]:
    return list(root.rglob(f"{STAGED}*"))


def test_files_are_made_changed_and_deleted_together(work: Path, journal: Journal) -> None:
    os.chmod(work / "a.txt", 0o640)
    before = (work / "a.txt").read_bytes()
    checkpoint = journal.apply(
        work,
        {
            "a.txt": (before, b"x\xff\r\n", None),
            "new/deep/f": (None, b"#!\n", 0o755),
            "lib/b.txt": (b"one\ntwo\n", None, None),
        },
    )
    assert (work / "a.txt").read_bytes() == b"x\xff\r\n"
    assert stat.S_IMODE((work / "a.txt").stat().st_mode) == 0o640
    assert os.access(work / "new/deep/f", os.X_OK)
    assert not (work / "lib").exists()
    assert journal.undo(checkpoint).conflicts == ()
    assert (work / "a.txt").read_bytes() == before
    assert (work / "lib/b.txt").read_bytes() == b"one\ntwo\n"
    assert not (work / "new").exists()
    assert leftovers(work) == []


def test_a_file_may_become_a_folder_and_back(work: Path, journal: Journal) -> None:
    (work / "x").write_bytes(b"x")
    checkpoint = journal.apply(work, {"x": (b"x", None, None), "x/y": (None, b"y", None)})
    assert (work / "x/y").read_bytes() == b"y"
    journal.undo(checkpoint)
    assert (work / "x").read_bytes() == b"x"


@pytest.mark.parametrize("pre", [b"other", None])
def test_nothing_is_written_when_one_file_is_not_what_was_reviewed(
    work: Path, journal: Journal, pre: bytes | None
) -> None:
    before = (work / "a.txt").read_bytes()
    with pytest.raises(WriteConflict, match=r"lib/b\.txt"):
        journal.apply(work, {"a.txt": (before, b"new", None), "lib/b.txt": (pre, b"new", None)})
    assert (work / "a.txt").read_bytes() == before
    assert journal.checkpoints() == ()


def test_links_and_places_outside_are_refused(work: Path, journal: Journal, tmp_path: Path) -> None:
    (work / "link").symlink_to(tmp_path)
    (work / "lib" / "direct").symlink_to(tmp_path / "victim")
    for path in ("link/f", "lib/direct", "../f", ".git/config", ".git/hooks/x"):
        with pytest.raises(RepositoryError):
            journal.apply(work, {path: (None, b"x", None)})
    assert not (tmp_path / "f").exists()
    assert not (tmp_path / "victim").exists()


def test_a_folder_in_the_place_of_a_new_file_leaves_everything_as_it_was(work: Path, journal: Journal) -> None:
    before = (work / "a.txt").read_bytes()
    (work / "shut" / "f").mkdir(parents=True)
    with pytest.raises(WriteConflict, match="appeared"):
        journal.apply(work, {"a.txt": (before, b"new", None), "shut/f": (None, b"x", None)})
    assert (work / "a.txt").read_bytes() == before
    assert leftovers(work) == []
    assert journal.recover() == ()


def test_a_failure_half_way_is_taken_back(work: Path) -> None:
    before = (work / "a.txt").read_bytes()
    changes = {"a.txt": Change(before, b"new"), "lib/b.txt": Change(b"one\ntwo\n", b"new")}
    writing = Writing(work, changes)
    writing.stage()
    (work / "lib/b.txt").write_bytes(b"late edit\n")
    with pytest.raises(WriteConflict):
        writing.finish()
    assert writing.take_back() == []
    writing.discard()
    assert (work / "a.txt").read_bytes() == before
    assert (work / "lib/b.txt").read_bytes() == b"late edit\n"
    assert leftovers(work) == []


def test_hunks_are_undone_one_by_one_where_they_still_stand(work: Path, journal: Journal) -> None:
    (work / "n").write_bytes(BASE)
    after = BASE.replace(b"\n5\n", b"\nfive\n").replace(b"\n15\n", b"\n").replace(b"\n25\n", b"\nmore\nmore\n")
    checkpoint = journal.apply(work, {"n": (BASE, after, None)})
    ids = [h.id for h in journal.patch_of(checkpoint).files[0].hunks]
    (work / "n").write_bytes(b"top\n" + after.replace(b"more\n", b"mine\n"))
    first = journal.undo(checkpoint, [ids[0]])
    assert first.conflicts == ()
    assert (first.patch.added, first.patch.removed) == (1, 1)
    rest = journal.undo(checkpoint)
    assert rest.conflicts == ("n",)
    assert (work / "n").read_bytes() == b"top\n" + BASE.replace(b"\n25\n", b"\nmine\nmine\n")
    assert journal.undo(checkpoint, [ids[1]]).checkpoint == ""


def test_an_undo_can_be_undone(work: Path, journal: Journal) -> None:
    before = (work / "a.txt").read_bytes()
    checkpoint = journal.apply(work, {"a.txt": (before, b"new\n", 0o755)})
    undone = journal.undo(checkpoint)
    assert not os.access(work / "a.txt", os.X_OK)
    journal.undo(undone.checkpoint)
    assert (work / "a.txt").read_bytes() == b"new\n"
    assert journal.load(undone.checkpoint).undoes == checkpoint


def test_a_deleted_file_that_came_back_is_not_overwritten_by_undo(work: Path, journal: Journal) -> None:
    checkpoint = journal.apply(work, {"lib/b.txt": (b"one\ntwo\n", None, None)})
    (work / "lib").mkdir()
    (work / "lib/b.txt").write_bytes(b"mine\n")
    assert journal.undo(checkpoint).conflicts == ("lib/b.txt",)
    assert (work / "lib/b.txt").read_bytes() == b"mine\n"


def test_the_index_and_other_files_are_untouched(work: Path, journal: Journal, run_git) -> None:
    index = (work / ".git/index").stat()
    before = (work / "a.txt").read_bytes()
    journal.undo(journal.apply(work, {"a.txt": (before, b"new", None)}))
    assert (work / ".git/index").stat() == index
    assert run_git(work, "status", "--porcelain") == b""


def test_the_state_is_private_and_knows_its_checkpoints(work: Path, journal: Journal, tmp_path: Path) -> None:
    checkpoint = journal.apply(work, {"new": (None, b"x", None)})
    for path in (tmp_path / "state" / "repo").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0
    assert [c.id for c in journal.checkpoints()] == [checkpoint]
    with pytest.raises(RepositoryError, match="no checkpoint"):
        journal.undo("../../etc/passwd")
    assert journal.prune(days=30).old == 0
    assert journal.prune(days=-1).old == 1
    assert journal.checkpoints() == ()
    assert state_dir_for(work, tmp_path) == state_dir_for(work / ".", tmp_path)
