"""Whatever a file holds or is: what was not accepted keeps its very bytes, and what cannot be handled is refused."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pier_tui.errors import PierError, RepositoryError
from pier_tui.repo.checkpoint import Journal
from pier_tui.repo.diff import HunkPick
from pier_tui.repo.disk import Change
from pier_tui.repo.overlay import Overlay

PIECES = st.sampled_from(
    [b"a", b"b", b"\n", b"\n", b"\r\n", b"\r", b"\t", b"\xff", b"\xc3", b"\xef\xbb\xbf", b"\xe2\x80\xa8", b"\x0c", b""]
)
LINE = st.lists(PIECES, max_size=4).map(b"".join)
HEAD = b"head %d\r\n" * 4 % (1, 2, 3, 4) + b"\xff\n" * 4


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(LINE, LINE, LINE, LINE, LINE, LINE, st.sampled_from([0o644, 0o755, 0o600]))
def test_accepting_one_hunk_leaves_every_other_byte_as_it_was(
    quick: Path, before: bytes, old: bytes, new: bytes, middle: bytes, other: bytes, after: bytes, mode: int
) -> None:
    root = quick / "root"
    root.mkdir(exist_ok=True)
    gap = b"".join(b"gap %d\n" % n for n in range(10))
    start = before + b"\n" + old + b"\nkept\n" + gap + middle + b"\n" + gap + other + b"\nkept too\n" + after
    first = before + b"\n" + new + b"\nkept\n" + gap + middle + b"\n" + gap + other + b"\nkept too\n" + after
    both = before + b"\n" + new + b"\nkept\n" + gap + middle + b"\n" + gap + b"else\nkept too\n" + after
    file = root / "f"
    file.write_bytes(start)
    file.chmod(mode)
    overlay, journal = Overlay(root, lambda: ()), Journal(quick / "state")
    overlay.write("f", both)
    hunks = overlay.diff("f").hunks if "f" in overlay.changed() else ()
    if len(hunks) != 2:
        return
    done = journal.apply(root, overlay.accepted([HunkPick(path="f", hunk=hunks[0].id)]))
    assert file.read_bytes() == first
    assert stat.S_IMODE(file.stat().st_mode) == mode
    journal.undo(done)
    assert file.read_bytes() == start
    assert stat.S_IMODE(file.stat().st_mode) == mode


def refusal(root: Path, state: Path, changes: dict[str, Change]) -> str:
    with pytest.raises(RepositoryError) as caught:
        Journal(state).apply(root, changes)
    return str(caught.value)


def test_what_is_no_regular_file_is_refused_in_a_sentence(quick: Path) -> None:
    root = quick / "root"
    root.mkdir()
    (root / "real").write_bytes(b"x\n")
    (root / "link").symlink_to("real")
    os.mkfifo(root / "pipe")
    (root / "folder").mkdir()
    change = Change(b"x\n", b"y\n")
    assert "symbolic link" in refusal(root, quick / "s", {"link": change})
    assert "not a regular file" in refusal(root, quick / "s", {"pipe": change})
    assert "changed on disk" in refusal(root, quick / "s", {"folder": change})
    with pytest.raises(PierError, match="symbolic link"):
        Overlay(root, lambda: ()).write("link", b"y\n")
    assert (root / "real").read_bytes() == b"x\n"


def test_a_file_with_a_second_name_is_refused_and_both_stay(quick: Path) -> None:
    root = quick / "root"
    root.mkdir()
    (root / "a").write_bytes(b"x\n")
    os.link(root / "a", root / "b")
    assert "another name" in refusal(root, quick / "s", {"a": Change(b"x\n", b"y\n")})
    assert (root / "a").stat().st_ino == (root / "b").stat().st_ino


def test_attributes_bits_and_a_read_only_file_are_kept(quick: Path) -> None:
    root = quick / "root"
    root.mkdir()
    file = root / "a"
    file.write_bytes(b"\xef\xbb\xbfx\r\n")
    try:
        os.setxattr(file, "user.note", b"mine")
    except OSError:
        pytest.skip("no extended attributes here")
    file.chmod(0o444)
    Journal(quick / "s").apply(root, {"a": Change(b"\xef\xbb\xbfx\r\n", b"\xef\xbb\xbfy\r\n")})
    assert file.read_bytes() == b"\xef\xbb\xbfy\r\n"
    assert os.getxattr(file, "user.note") == b"mine"
    assert stat.S_IMODE(file.stat().st_mode) == 0o444


def test_empty_binary_and_sparse_files_come_back_whole(quick: Path) -> None:
    root, journal = quick / "root", Journal(quick / "s")
    root.mkdir()
    sparse = b"\0" * 1_000_000 + b"end"
    for name, content in (("empty", b""), ("binary", b"\0\x01\xff"), ("sparse", sparse)):
        (root / name).write_bytes(content)
        done = journal.apply(root, {name: Change(content, b"text\n")})
        assert (root / name).read_bytes() == b"text\n"
        journal.undo(done)
        assert (root / name).read_bytes() == content


def test_a_file_too_large_to_propose_is_refused_before_it_is_read(quick: Path) -> None:
    with open(quick / "big", "wb") as file:
        file.truncate(200 * 1024 * 1024)
    with pytest.raises(PierError, match="larger than 8 MB"):
        Overlay(quick, lambda: ()).write("big", b"x")
