"""Two processes and a user at the same file at once: nobody's text is lost, and a dead one's lock holds nobody up."""

from __future__ import annotations

import contextlib
import os
import random
import signal
from pathlib import Path

import pytest
from forking import SOAK, ended, filled, forked, leftovers, struck

from pier_tui import seams
from pier_tui.errors import RepositoryError, WriteConflict
from pier_tui.repo import disk
from pier_tui.repo.checkpoint import Journal
from pier_tui.repo.disk import Change
from pier_tui.seams import Fault

ROUNDS = 1000 if SOAK else 60


def test_two_processes_accept_by_turns_and_lose_no_line(quick: Path) -> None:
    root, state = filled(quick / "root", {"log": b"", "other": b""}), quick / "state"

    def writer(name: bytes) -> None:
        journal, done = Journal(state), 0
        while done < ROUNDS // 2:
            before = (root / "log").read_bytes(), (root / "other").read_bytes()
            line = b"%s %d\n" % (name, done)
            with contextlib.suppress(WriteConflict):
                journal.apply(root, {p: Change(b, b + line) for p, b in zip(("log", "other"), before, strict=True)})
                done += 1

    children = [forked(lambda: writer(b"one")), forked(lambda: writer(b"two"))]
    assert [ended(child) for child in children] == [0, 0]
    lines = (root / "log").read_bytes().splitlines()
    assert len(lines) == len(set(lines)) == 2 * (ROUNDS // 2)
    assert [line for line in lines if line.startswith(b"one")] == [b"one %d" % n for n in range(ROUNDS // 2)]
    assert (root / "other").read_bytes() == (root / "log").read_bytes()
    assert leftovers(root) == []


def test_a_process_killed_with_the_lock_held_stops_nobody(quick: Path) -> None:
    root, state = filled(quick / "root", {"a": b"1\n", "b": b"1\n"}), quick / "state"
    both = {"a": Change(b"1\n", b"2\n"), "b": Change(b"1\n", b"2\n")}
    assert struck(lambda: Journal(state).apply(root, both), Fault(2, "fs.exchange")) == -signal.SIGKILL
    Journal(state).apply(root, {"a": Change(b"2\n", b"3\n")})
    assert ((root / "a").read_bytes(), (root / "b").read_bytes()) == (b"3\n", b"2\n")


def test_a_user_who_saves_at_any_moment_keeps_what_he_saved(quick: Path) -> None:
    """He replaces the file as editors do, or writes into it, while it is accepted: his last text is found again."""
    root, state, rng = filled(quick / "root", {"a": b"start\n"}), quick / "state", random.Random(5)
    file, saved = root / "a", 0
    for number in range(10_000 if SOAK else 150):
        before = b"version %d\n" % number
        file.write_bytes(before)

        def accept(before: bytes = before) -> None:
            with contextlib.suppress(RepositoryError):
                Journal(state).apply(root, {"a": Change(before, b"proposed\n")})

        child = forked(accept)
        for _ in range(rng.randrange(150_000)):
            pass
        mine = b"saved %d\n" % number
        (root / "mine").write_bytes(mine)
        os.replace(root / "mine", file)
        assert ended(child) == 0
        Journal(state).recover()
        assert file.read_bytes() == mine or (saved_is_kept(state, mine) and file.read_bytes() == b"proposed\n")
        saved += file.read_bytes() == mine
    assert saved > 0
    assert leftovers(root) == []


def saved_is_kept(state: Path, content: bytes) -> bool:
    return any(path.read_bytes() == content for path in (state / "blobs").iterdir())


class Meddling(seams.Armed):
    """Somebody does something just before the first call of this name."""

    def __init__(self, name: str, deed) -> None:  # type: ignore[no-untyped-def]
        super().__init__()
        self.wanted, self.deed = name, deed

    def call(self, name, function, /, *args, **keywords):  # type: ignore[no-untyped-def]
        if name == self.wanted and self.deed is not None:
            deed, self.deed = self.deed, None
            deed()
        return super().call(name, function, *args, **keywords)


@pytest.mark.parametrize("way", ["saves", "replaces", "deletes", "links", "makes a folder"])
@pytest.mark.parametrize("post", [b"ours\n", None], ids=["change", "deletion"])
def test_what_comes_in_between_the_last_look_and_the_exchange_goes_back_in(
    quick: Path, monkeypatch: pytest.MonkeyPatch, way: str, post: bytes | None
) -> None:
    root, state = filled(quick / "root", {"a": b"old\n", "b": b"old\n"}), quick / "state"
    file = root / "b"

    def meddle() -> None:
        if way == "saves":
            file.write_bytes(b"theirs\n")
            return
        file.unlink()
        if way == "replaces":
            file.write_bytes(b"theirs\n")
        elif way == "links":
            file.symlink_to("a")
        elif way == "makes a folder":
            file.mkdir()
            (file / "x").write_bytes(b"theirs\n")

    name = "fs.exchange" if post is not None else "fs.rename"
    changes = {"b": Change(b"old\n", post)}
    journal = Journal(state)
    real = disk.Writing._place
    meddling = Meddling(name, meddle)

    def place(self: disk.Writing, path: str, change: Change) -> None:
        seams._armed = meddling
        real(self, path, change)

    monkeypatch.setattr(disk.Writing, "_place", place)
    try:
        with pytest.raises(RepositoryError):
            journal.apply(root, changes)
    finally:
        seams._armed = None
    if way in ("saves", "replaces"):
        assert file.read_bytes() == b"theirs\n"
    elif way == "links":
        assert file.is_symlink()
    elif way == "makes a folder":
        assert (file / "x").read_bytes() == b"theirs\n"
    else:
        assert not file.exists()
    assert leftovers(root) == []
    assert journal.recover() == ()
