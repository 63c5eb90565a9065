from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pier_tui.errors import EditError, ToolError, WriteConflict
from pier_tui.repo.checkpoint import Journal
from pier_tui.repo.diff import HunkPick
from pier_tui.repo.overlay import MAX_BYTES, Overlay

BASE = b"".join(b"%d\n" % n for n in range(30))


def changed(*pairs: tuple[bytes, bytes]) -> bytes:
    text = BASE
    for old, new in pairs:
        text = text.replace(b"\n" + old + b"\n", b"\n" + new + b"\n")
    return text


@pytest.fixture
def overlay(work: Path) -> Overlay:
    (work / "n.txt").write_bytes(BASE)
    return Overlay(work)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "state")


def picks(overlay: Overlay, path: str = "n.txt", *numbers: int) -> list[HunkPick]:
    hunks = overlay.diff(path).hunks
    return [HunkPick(path=path, hunk=hunks[n].id) for n in numbers or range(len(hunks))]


def write(overlay: Overlay, journal: Journal, chosen: list[HunkPick]) -> str:
    checkpoint = journal.apply(overlay.root, overlay.accepted(chosen))
    overlay.settle(chosen)
    return checkpoint


def test_a_proposal_is_seen_by_reading_and_leaves_the_tree_alone(overlay: Overlay, work: Path) -> None:
    overlay.write("n.txt", changed((b"5", b"five")))
    overlay.write("made/new.txt", b"new\n")
    overlay.write("lib/b.txt", None)
    assert b"five" in overlay.read("n.txt")
    assert overlay.read("/n.txt") == overlay.read(str(work / "n.txt"))
    assert not overlay.exists("lib/b.txt")
    assert overlay.list() == ("a.txt", "made/new.txt", "n.txt")
    assert overlay.list("made") == ("made/new.txt",)
    assert overlay.changed() == ("lib/b.txt", "made/new.txt", "n.txt")
    assert [f.status for f in overlay.patch().files] == ["deleted", "added", "modified"]
    assert (work / "n.txt").read_bytes() == BASE
    assert not (work / "made").exists()


def test_writing_the_old_bytes_back_leaves_nothing_pending(overlay: Overlay) -> None:
    overlay.write("n.txt", b"x")
    overlay.write("n.txt", BASE)
    overlay.write("new", b"x")
    overlay.write("new", None)
    assert overlay.changed() == ()


@pytest.mark.parametrize(
    "path", ["../x", "a/../../x", ".git/config", ".Git/x", "", "lib/.git/hooks/x", "x\0y", "/.git/x"]
)
def test_paths_that_leave_or_touch_gits_folder_are_refused(overlay: Overlay, path: str) -> None:
    for attempt in (lambda: overlay.read(path), lambda: overlay.write(path, b"x")):
        with pytest.raises(ToolError):
            attempt()
    assert not overlay.exists(path)


def test_links_out_are_not_read_and_no_link_is_written_through(overlay: Overlay, work: Path, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("s")
    (work / "out").symlink_to(tmp_path / "secret")
    (work / "dir").symlink_to(tmp_path)
    (work / "inner").symlink_to("n.txt")
    for path in ("out", "dir/secret"):
        with pytest.raises(EditError, match="out of the repository"):
            overlay.read(path)
        with pytest.raises(EditError, match="symbolic link"):
            overlay.write(path, b"x")
    overlay.write("n.txt", b"pending\n")
    assert overlay.read("inner") == b"pending\n"
    with pytest.raises(EditError, match="symbolic link"):
        overlay.write("inner", b"x")


def test_folders_pipes_large_and_binary_files_are_refused_in_a_sentence(overlay: Overlay, work: Path) -> None:
    with pytest.raises(ToolError, match="is a folder"):
        overlay.read("lib")
    os.mkfifo(work / "pipe")
    with pytest.raises(ToolError):
        overlay.read("pipe")
    with (work / "big").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(EditError, match="larger than 8 MB"):
        overlay.read("big")
    with pytest.raises(EditError, match="larger than 8 MB"):
        overlay.write("new", bytes(MAX_BYTES + 1))
    (work / "bin").write_bytes(b"a\0b")
    assert overlay.read("bin") == b"a\0b"
    with pytest.raises(EditError, match="binary"):
        overlay.read_text("bin")
    with pytest.raises(EditError, match="does not exist"):
        overlay.read("nothing")
    with pytest.raises(EditError, match="is a file"):
        overlay.write("n.txt/below", b"x")


def test_accepting_one_hunk_writes_it_and_keeps_the_other_pending(
    overlay: Overlay, journal: Journal, work: Path
) -> None:
    overlay.write("n.txt", changed((b"5", b"five"), (b"25", b"more")))
    write(overlay, journal, picks(overlay, "n.txt", 1))
    assert (work / "n.txt").read_bytes() == changed((b"25", b"more"))
    assert [h.removed for h in overlay.diff("n.txt").hunks] == [1]
    write(overlay, journal, picks(overlay))
    assert (work / "n.txt").read_bytes() == changed((b"5", b"five"), (b"25", b"more"))
    assert overlay.changed() == ()


def test_the_users_own_text_is_written_and_is_not_proposed_away_again(
    overlay: Overlay, journal: Journal, work: Path
) -> None:
    overlay.write("n.txt", changed((b"5", b"five"), (b"25", b"more")))
    hunk = overlay.diff("n.txt").hunks[0]
    write(overlay, journal, [HunkPick(path="n.txt", hunk=hunk.id, text="2\n3\n4\nFIVE\n6\n7\n8\n")])
    assert (work / "n.txt").read_bytes() == changed((b"5", b"FIVE"))
    assert overlay.read("n.txt") == changed((b"5", b"FIVE"), (b"25", b"more"))


def test_one_review_takes_and_rejects_hunks_and_lines_at_once(overlay: Overlay, journal: Journal, work: Path) -> None:
    block = b"".join(b"%d\n" % n for n in range(8))
    (work / "same").write_bytes(block * 3)
    overlay.write("same", block.replace(b"4\n", b"four\nmore\n") * 3)
    overlay.write("new", b"x\n")
    one, two, three = overlay.diff("same").hunks
    added = [i for i, line in enumerate(two.lines) if line.kind == "+"]
    some = tuple(i for i, line in enumerate(two.lines) if line.text in ("4\n", "four\n"))
    taken = [HunkPick(path="same", hunk=one.id), HunkPick(path="same", hunk=two.id, lines=some)]
    out = [HunkPick(path="same", hunk=two.id, lines=(added[-1],)), HunkPick(path="same", hunk=three.id)]
    journal.apply(work, overlay.accepted(taken))
    overlay.settle(taken, [*out, *picks(overlay, "new")])
    four = block.replace(b"4\n", b"four\n")
    assert (work / "same").read_bytes() == block.replace(b"4\n", b"four\nmore\n") + four + block
    assert overlay.changed() == ()


def test_rejected_hunks_leave_the_proposal(overlay: Overlay) -> None:
    overlay.write("n.txt", changed((b"5", b"five"), (b"25", b"more")))
    overlay.write("new", b"x\n")
    overlay.drop([*picks(overlay, "n.txt", 0), *picks(overlay, "new")])
    assert overlay.proposed_bytes() == {"n.txt": changed((b"25", b"more"))}


def test_empty_and_binary_files_are_picked_as_a_whole(overlay: Overlay, journal: Journal, work: Path) -> None:
    overlay.write("empty", b"")
    overlay.write("bin", b"\0\1")
    overlay.write("n.txt", BASE, mode=0o755)
    assert overlay.accepted([HunkPick(path="bin", hunk="zzz")]) == {}
    write(overlay, journal, [HunkPick(path=p, hunk="") for p in ("empty", "bin", "n.txt")])
    assert (work / "empty").read_bytes() == b""
    assert (work / "bin").read_bytes() == b"\0\1"
    assert os.access(work / "n.txt", os.X_OK)
    assert overlay.changed() == ()


def test_a_snapshot_puts_the_pending_set_back(overlay: Overlay) -> None:
    overlay.write("n.txt", b"one\n")
    kept = overlay.snapshot()
    overlay.write("n.txt", b"two\n")
    overlay.write("new", b"x")
    overlay.restore(kept)
    assert overlay.proposed_bytes() == {"n.txt": b"one\n"}


def test_a_hunk_below_someone_elses_change_moves_with_it(overlay: Overlay, journal: Journal, work: Path) -> None:
    overlay.write("n.txt", changed((b"25", b"more")))
    (work / "n.txt").write_bytes(b"top\n" + BASE)
    assert set(overlay.rebase().values()) == {"moved"}
    write(overlay, journal, picks(overlay))
    assert (work / "n.txt").read_bytes() == b"top\n" + changed((b"25", b"more"))


def test_a_change_in_the_context_is_merged_and_one_elsewhere_leaves_the_hunk_clean(
    overlay: Overlay, work: Path
) -> None:
    overlay.write("n.txt", changed((b"15", b"mine")))
    (work / "n.txt").write_bytes(changed((b"13", b"yours"), (b"28", b"also")))
    assert set(overlay.rebase().values()) == {"merged"}
    assert overlay.read("n.txt") == changed((b"15", b"mine"), (b"13", b"yours"), (b"28", b"also"))
    (work / "n.txt").write_bytes(changed((b"13", b"yours"), (b"28", b"again")))
    assert set(overlay.rebase().values()) == {"clean"}


def test_a_clash_keeps_both_sides_and_is_not_written_until_resolved(
    overlay: Overlay, journal: Journal, work: Path
) -> None:
    overlay.write("n.txt", changed((b"5", b"mine"), (b"25", b"more")))
    (work / "n.txt").write_bytes(changed((b"5", b"yours")))
    first, second = picks(overlay)
    assert overlay.rebase() == {first.hunk: "conflict", second.hunk: "clean"}
    assert overlay.conflicts() == ("n.txt",)
    (clash,) = overlay.clashes("n.txt")
    assert (clash.base, clash.ours, clash.theirs) == ("5\n", "mine\n", "yours\n")
    with pytest.raises(WriteConflict, match="resolve"):
        overlay.accepted([first])
    overlay.resolve("n.txt", side="theirs")
    assert overlay.conflicts() == ()
    write(overlay, journal, picks(overlay))
    assert (work / "n.txt").read_bytes() == changed((b"5", b"yours"), (b"25", b"more"))


def test_a_file_deleted_under_its_proposal_is_a_conflict(overlay: Overlay, work: Path) -> None:
    overlay.write("n.txt", changed((b"5", b"mine")))
    (work / "n.txt").unlink()
    assert set(overlay.rebase().values()) == {"conflict"}
    overlay.resolve("n.txt", side="ours")
    assert overlay.diff("n.txt").status == "added"


def test_what_somebody_else_already_did_is_no_longer_pending(overlay: Overlay, work: Path) -> None:
    overlay.write("n.txt", changed((b"5", b"same")))
    (work / "n.txt").write_bytes(changed((b"5", b"same")))
    assert overlay.rebase() == {}
    assert overlay.changed() == ()


def test_a_file_that_changed_unseen_is_not_written(overlay: Overlay, journal: Journal, work: Path) -> None:
    overlay.write("n.txt", changed((b"5", b"mine")))
    (work / "n.txt").write_bytes(b"other\n")
    with pytest.raises(WriteConflict, match=r"n\.txt changed on disk"):
        journal.apply(work, overlay.accepted(picks(overlay)))
    assert (work / "n.txt").read_bytes() == b"other\n"


TEXTS = st.lists(st.sampled_from([b"a\n", b"b\n", b"c\r\n", b"\xff\n"]), max_size=8).map(b"".join)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TEXTS, TEXTS, TEXTS, st.data())
def test_no_byte_of_the_user_is_lost_whatever_is_accepted(
    work: Path, tmp_path: Path, base: bytes, ours: bytes, theirs: bytes, data: st.DataObject
) -> None:
    file = work / "race"
    file.write_bytes(base)
    overlay, journal = Overlay(work, lambda: ()), Journal(tmp_path / "state")
    overlay.write("race", ours)
    file.write_bytes(theirs)
    overlay.rebase()
    for path in overlay.changed():
        chosen = [p for p in picks(overlay, path) if data.draw(st.booleans())] if overlay.diff(path).hunks else []
        if overlay.conflicts() and chosen:
            with pytest.raises(WriteConflict):
                overlay.accepted(chosen)
            assert file.read_bytes() == theirs
            continue
        proposed = overlay.read(path)
        checkpoint = write(overlay, journal, chosen)
        assert not overlay.exists(path) or overlay.read(path) == proposed
        journal.undo(checkpoint)
        assert file.read_bytes() == theirs
