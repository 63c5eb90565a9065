"""A failing call at every place of the write path, with every error a disk gives: old or new, said in one sentence."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from forking import SOAK, calls_of, filled, leftovers, struck, tree
from test_crashes import NEW, OLD, Place

from pier_tui import seams
from pier_tui.errors import RepositoryError
from pier_tui.repo import beneath
from pier_tui.repo.checkpoint import Journal
from pier_tui.repo.disk import Change
from pier_tui.seams import Fault, armed

ERRORS = [errno.ENOSPC, errno.EIO, errno.EROFS, errno.EMFILE, errno.EDQUOT]


def files(place: Place) -> dict[str, bytes]:
    return {path: content for path, (content, _) in tree(place.root).items()}


def each_old_or_new(place: Place) -> None:
    """No file is mixed or empty; nothing is said of all or nothing while the disk still refuses."""
    found = files(place)
    for path in {*OLD, *NEW, *found}:
        if ".pier-tui-" not in path:
            assert found.get(path) in (OLD.get(path), NEW.get(path)), path


def sentence(error: RepositoryError) -> None:
    text = str(error)
    assert text
    assert "\n" not in text
    assert "Errno" not in text
    assert text[0].isupper() or text.split(" ", 1)[0].rstrip(",") in {*OLD, *NEW}


def refused(work: Callable[[], object], *faults: Fault) -> bool:
    """Whether the work failed with a sentence, rather than going through in spite of the faults."""
    with armed(*faults):
        try:
            work()
        except RepositoryError as error:
            sentence(error)
            return True
    return False


def faults_of(names: list[str], error: int) -> list[Fault]:
    """Every call failing once, and from there on; writes half-way too."""
    found = [Fault(n, error=error, onwards=on) for n in range(1, len(names) + 1) for on in (False, True)]
    return found + [Fault(n, error=error, when="half") for n, name in enumerate(names, 1) if name == "fs.write"]


@pytest.mark.parametrize("error", ERRORS, ids=lambda e: errno.errorcode[e])
def test_a_failing_call_of_an_accept_leaves_old_or_new_and_a_second_try_works(quick: Path, error: int) -> None:
    place = Place(quick)
    place.fresh()
    place.save()
    for fault in faults_of(calls_of(place.accept), error):
        place.back()
        failed = refused(place.accept, fault)
        each_old_or_new(place)
        if failed and not fault.onwards:
            assert files(place) in (OLD, NEW), fault
        found = place.settled(folders=False)
        assert found in (OLD, NEW), fault
        if found == OLD:
            assert failed, fault
            place.accept()
        assert files(place) == NEW


@pytest.mark.parametrize("error", ERRORS if SOAK else [errno.ENOSPC, errno.EIO], ids=lambda e: errno.errorcode[e])
def test_a_failing_call_of_an_undo_leaves_old_or_new_and_a_second_try_works(quick: Path, error: int) -> None:
    place = Place(quick)
    place.fresh()
    place.accept()
    place.save()
    names = calls_of(place.undo)
    for fault in faults_of(names, error):
        place.back()
        failed = refused(place.undo, fault)
        each_old_or_new(place)
        found = place.settled(folders=False)
        assert found in (OLD, NEW), fault
        if found == NEW:
            assert failed, fault
            place.undo()
        assert files(place) == OLD


@pytest.mark.parametrize("error", ERRORS if SOAK else [errno.EIO], ids=lambda e: errno.errorcode[e])
def test_a_recovery_that_fails_is_said_blocks_only_its_files_and_is_made_good_later(quick: Path, error: int) -> None:
    place = Place(quick)
    place.fresh()
    (place.root / "other").write_bytes(b"1\n")
    cut = calls_of(place.accept).index("fs.exchange") + 1
    place.fresh()
    (place.root / "other").write_bytes(b"1\n")
    struck(place.accept, Fault(cut))
    place.save()
    for fault in faults_of(calls_of(place.recover), error):
        place.back()
        with armed(fault):
            try:
                found = Journal(place.state).recover()
            except RepositoryError as raised:
                sentence(raised)
                found = ()
            told = [text for one in found for text in one.sentences()]
            assert all("Errno" not in text for text in told)
        journal = Journal(place.state)
        journal.apply(place.root, {"other": Change(b"1\n", b"2\n")})
        assert files(place) == {**NEW, "other": b"2\n"}, fault
        assert leftovers(place.root) == []


def test_a_file_whose_write_cannot_be_finished_takes_no_other_write(quick: Path) -> None:
    place = Place(quick)
    place.fresh()
    cut = calls_of(place.accept).index("fs.exchange") + 1
    place.fresh()
    (place.root / "other").write_bytes(b"1\n")
    struck(place.accept, Fault(cut))
    journal = Journal(place.state)
    with armed(Fault(1, "fs.exchange", errno.EIO, onwards=True)):
        (found,) = journal.recover()
        assert found.failed == ("b.txt",)
        assert "nothing is applied to these files until it can" in found.sentences()[-1]
        with pytest.raises(RepositoryError, match=r"An earlier write of b\.txt was cut off.*Input/output error"):
            journal.apply(place.root, {"b.txt": Change(OLD["b.txt"], b"else\n")})
    journal.apply(place.root, {"b.txt": Change(NEW["b.txt"], b"else\n")})
    assert (place.root / "b.txt").read_bytes() == b"else\n"


def test_a_parent_swapped_for_a_link_is_refused_whenever_it_happens(quick: Path) -> None:
    outside = filled(quick / "outside", {"f": b"theirs\n"})
    root = filled(quick / "root", {"d/f": b"old\n", "g": b"old\n"})
    changes = {"g": Change(b"old\n", b"new\n"), "d/f": Change(b"old\n", b"new\n"), "d/n": Change(None, b"x\n")}
    state = quick / "state"

    def accept() -> None:
        Journal(state).apply(root, changes)

    for number in range(1, len(calls_of(accept)) + 1):
        for way in (beneath.by_kernel, beneath.by_chain):
            for folder in ("root", "aside", "state"):
                subprocess.run(["rm", "-rf", str(quick / folder)], check=True)
            filled(root, {"d/f": b"old\n", "g": b"old\n"})
            swapped_at(number, root / "d", outside, quick / "aside", accept, way)
            assert tree(outside) == {"f": (b"theirs\n", 0o644)}, number
            if (quick / "aside").exists():
                (root / "d").unlink()
                os.rename(quick / "aside", root / "d")
                found = Journal(state).recover()
                assert all(not one.failed for one in found)
                kept = {p: c for p, (c, _) in tree(root).items() if ".pier-tui-" not in p}
                assert kept.get("d/f") in (b"old\n", b"new\n")


def swapped_at(
    number: int, folder: Path, target: Path, aside: Path, work: Callable[[], None], way: Callable[[int, str], int]
) -> None:
    """Run the work, and put a link in the place of a folder just before its `number`th call."""

    class Swapping(seams.Armed):
        def call(self, name, function, /, *args, **keywords):  # type: ignore[no-untyped-def]
            if len(self.names) + 1 == number:
                os.rename(folder, aside)
                folder.symlink_to(target)
            return super().call(name, function, *args, **keywords)

    before, beneath.way = beneath.way, lambda: way
    seams._armed = Swapping()
    try:
        work()
    except RepositoryError as error:
        sentence(error) if not str(error).startswith(("d/", "The ")) else None
    finally:
        seams._armed, beneath.way = None, before
