"""Killing the write path at every numbered call and at random: all or nothing, nothing left over, nothing lost."""

from __future__ import annotations

import random
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from forking import SOAK, calls_of, filled, killed_at_random, leftovers, struck, tree

from pier_tui.repo import beneath, syscalls
from pier_tui.repo.checkpoint import Journal
from pier_tui.repo.disk import Change
from pier_tui.seams import Fault

OLD = {"b.txt": b"x\n" * 150, "d/e/gone": b"2\n"}
NEW = {"b.txt": b"y\n" * 140, "c/new": b"4\n"}
if SOAK:
    OLD |= {"a": b"1\n", "deep/er/f": b"3\r\nno end", "deep/gone": b""}
    NEW |= {"a": b"one\n", "deep/er/f": b"3\r\nthree", "d.txt": b""}
CHANGES = {path: Change(OLD.get(path), NEW.get(path)) for path in sorted({*OLD, *NEW})}
CHANGES["c/new"] = Change(None, b"4\n", 0o755)


@pytest.fixture
def ways(request: pytest.FixtureRequest) -> None:
    """The older way takes as long again: for all of it the long version is there."""
    if not SOAK and "chain" in request.node.name:
        pytest.skip("in the long version")


@pytest.fixture(params=["kernel", "chain"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways of opening folders and of replacing files, as kernels with and without the newer calls have it."""
    if request.param == "kernel":
        if not syscalls.has_open_beneath():
            pytest.skip("this kernel has no openat2")
    else:
        monkeypatch.setattr(beneath, "way", lambda: beneath.by_chain)
        monkeypatch.setattr(syscalls, "rename", lambda *_, **__: False)
    return request.param


class Place:
    """A folder, its state, and what was written there before anything is struck."""

    def __init__(self, home: Path) -> None:
        self.root, self.state = home / "root", home / "state"

    def fresh(self) -> None:
        for folder in (self.root, self.state):
            shutil.rmtree(folder, ignore_errors=True)
        filled(self.root, OLD)

    def save(self) -> None:
        shutil.rmtree(self.root.parent / "saved", ignore_errors=True)
        for folder in (self.root, self.state):
            if folder.exists():
                shutil.copytree(folder, self.root.parent / "saved" / folder.name)

    def back(self) -> None:
        for folder in (self.root, self.state):
            shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.root.parent / "saved", self.root.parent, dirs_exist_ok=True)

    def accept(self) -> None:
        Journal(self.state).apply(self.root, CHANGES)

    def undo(self) -> None:
        journal = Journal(self.state)
        journal.undo(journal.checkpoints()[0].id)

    def recover(self) -> None:
        Journal(self.state).recover()

    def settled(self, *, folders: bool = True) -> dict[str, bytes]:
        """The files after a restart, which has to leave nothing open and nothing over, no empty folder either."""
        found = Journal(self.state).recover()
        assert all(not one.conflicts and not one.failed for one in found), found
        assert Journal(self.state).recover() == ()
        assert leftovers(self.root) == []
        assert not folders or [p for p in self.root.rglob("*") if p.is_dir() and not any(p.iterdir())] == []
        return {path: content for path, (content, _) in tree(self.root).items()}


def every_call(place: Place, prepare: Callable[[], None], work: Callable[[], None]) -> Iterator[tuple[int, str]]:
    """Kill the work before and half-way through each of its calls and after the last, each time on a fresh place."""
    place.fresh()
    prepare()
    place.save()
    names = calls_of(work)
    for number, name in enumerate(names, 1):
        for when in ["before"] + ["half"] * (name == "fs.write") + ["after"] * (number == len(names)):
            place.back()
            assert struck(work, Fault(number, when=when)) == -signal.SIGKILL
            yield number, when


def test_a_kill_at_any_call_of_an_accept_leaves_all_or_nothing(quick: Path, way: str) -> None:
    place, seen = Place(quick), []
    for number, when in every_call(place, lambda: None, place.accept):
        found = place.settled()
        assert found in (OLD, NEW), (number, when)
        seen.append(found == NEW)
    assert len(seen) > 100
    assert not seen[0]
    assert seen[-1]


def test_a_kill_at_any_call_of_an_undo_leaves_all_or_nothing(quick: Path, ways: None, way: str) -> None:
    place, seen = Place(quick), []
    for number, when in every_call(place, place.accept, place.undo):
        found = place.settled()
        assert found in (OLD, NEW), (number, when)
        seen.append(found == OLD)
    assert not seen[0]
    assert seen[-1]


def test_a_kill_at_any_call_of_a_recovery_is_recovered_from(quick: Path, ways: None, way: str) -> None:
    place = Place(quick)
    place.fresh()
    names = calls_of(place.accept)
    points = [n for n, name in enumerate(names, 1) if name in ("fs.exchange", "fs.rename", "fs.unlink")]
    for point in points if SOAK else points[6::4]:

        def cut(point: int = point) -> None:
            assert struck(place.accept, Fault(point)) == -signal.SIGKILL

        for number, when in every_call(place, cut, place.recover):
            assert place.settled() in (OLD, NEW), (point, number, when)


def test_random_kills_lose_nothing_and_leave_nothing_half_done(quick: Path) -> None:
    place, rng, cut = Place(quick), random.Random(3), 0
    for _ in range(1500 if SOAK else 200):
        place.fresh()
        cut += killed_at_random(place.accept, rng, 0.015) != 0
        assert place.settled() in (OLD, NEW)
    assert cut > 20


def test_a_kill_while_the_user_writes_leaves_his_text_in_place(quick: Path, ways: None, way: str) -> None:
    place = Place(quick)
    place.fresh()
    for number in range(1, len(calls_of(place.accept)) + 1):
        place.fresh()
        assert struck(place.accept, Fault(number)) == -signal.SIGKILL
        (place.root / "b.txt").write_bytes(b"mine\n")
        (place.root / "d/e").mkdir(parents=True, exist_ok=True)
        (place.root / "d/e/gone").write_bytes(b"mine too\n")
        Journal(place.state).recover()
        assert (place.root / "b.txt").read_bytes() == b"mine\n"
        assert (place.root / "d/e/gone").read_bytes() == b"mine too\n"
        assert leftovers(place.root) == []
        assert Journal(place.state).recover() == ()


def test_recovery_names_the_file_changed_meanwhile_and_keeps_our_version(quick: Path) -> None:
    place = Place(quick)
    place.fresh()
    first = calls_of(place.accept).index("fs.exchange") + 1
    place.fresh()
    struck(place.accept, Fault(first))
    (place.root / "b.txt").write_bytes(b"mine\n")
    (found,) = Journal(place.state).recover()
    assert found.conflicts == ("b.txt",)
    assert [Path(name).read_bytes() for name in found.kept] == [NEW["b.txt"]]
    assert {path: content for path, (content, _) in tree(place.root).items()} == {**NEW, "b.txt": b"mine\n"}
    assert "your text was left as it is" in " ".join(found.sentences())


def test_a_dead_process_is_finished_for_before_the_next_one_writes(quick: Path) -> None:
    place = Place(quick)
    place.fresh()
    last = len(calls_of(place.accept))
    place.fresh()
    assert struck(place.accept, Fault(last - 20)) == -signal.SIGKILL
    journal = Journal(place.state)
    journal.apply(place.root, {"b.txt": Change(NEW["b.txt"], b"two\n")})
    assert (place.root / "b.txt").read_bytes() == b"two\n"
    assert (place.root / "c/new").read_bytes() == NEW["c/new"]
    assert [one.conflicts for one in journal.late] == [()]
