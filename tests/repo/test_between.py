"""What differs between two proposals for the same files, worked out from their hunks alone."""

from __future__ import annotations

import random

import pytest

from pier_tui.errors import PatchError
from pier_tui.repo.between import between
from pier_tui.repo.diff import FileDiff, Patch
from pier_tui.repo.hunks import apply_hunks
from pier_tui.repo.making import diff_text

START = "".join(f"line {n}\n" for n in range(1, 41))


def patch(new: str, path: str = "a.py", old: str = START) -> Patch:
    return Patch(files=(FileDiff(old_path=path, new_path=path, hunks=diff_text(old, new)),))


def changes(found: Patch) -> list[str]:
    return [f"{line.kind}{line.text}" for f in found.files for h in f.hunks for line in h.lines if line.kind != " "]


def test_only_what_the_results_do_not_share_is_told() -> None:
    both = START.replace("line 5\n", "five\n")
    first, second = both.replace("line 20\n", "twenty\n"), both.replace("line 20\n", "XX\n").replace("line 35\n", "")
    assert changes(between(patch(first), patch(second))) == ["-twenty\n", "+XX\n", "-line 35\n"]
    assert between(patch(first), patch(first)) == Patch()
    assert between(Patch(), Patch()) == Patch()


def test_a_file_that_only_one_of_them_touches_is_told_as_its_own_change() -> None:
    only = patch(START.replace("line 7\n", "seven\n"))
    assert changes(between(Patch(), only)) == ["-line 7\n", "+seven\n"]
    assert changes(between(only, Patch())) == ["-seven\n", "+line 7\n"]
    made = Patch(files=(FileDiff(old_path=None, new_path="new.py", hunks=diff_text("", "x\n")),))
    assert changes(between(made, Patch())) == ["-x\n"]
    assert between(made, Patch()).paths == ("new.py",)


def test_the_same_lines_reached_by_other_hunks_are_no_difference() -> None:
    text = START.replace("line 10\n", "ten\n").replace("line 11\n", "eleven\n")
    whole = Patch(files=(FileDiff(old_path="a.py", new_path="a.py", hunks=diff_text(START, text, context=1)),))
    assert between(whole, patch(text)) == Patch()


def test_another_mode_is_told_without_hunks_and_another_start_is_refused() -> None:
    plain = FileDiff(old_path="a.py", new_path="a.py", old_mode="100644", new_mode="100644", base_hash="x")
    runs = plain.model_copy(update={"new_mode": "100755"})
    assert between(Patch(files=(plain,)), Patch(files=(runs,))).files[0].hunks == ()
    with pytest.raises(PatchError, match="changed on disk"):
        between(Patch(files=(plain,)), Patch(files=(runs.model_copy(update={"base_hash": "y"}),)))
    another = START.replace("line 4\n", "4\n")
    other = patch(another.replace("line 5\n", "five\n"), old=another)
    with pytest.raises(PatchError, match="same text"):
        between(patch(START.replace("line 5\n", "V\n")), other)


def test_it_leads_from_the_one_result_to_the_other_for_any_two_changes_of_a_file() -> None:
    chance = random.Random(5)
    for _ in range(60):
        results = ["".join(line for line in _changed(START.splitlines(keepends=True), chance)) for _ in range(2)]
        found = between(*(patch(text) for text in results))
        hunks = found.files[0].hunks if found.files else ()
        assert apply_hunks(results[0], hunks, exact=True) == results[1]


def _changed(lines: list[str], chance: random.Random) -> list[str]:
    for _ in range(chance.randrange(1, 5)):
        at = chance.randrange(len(lines))
        lines[at : at + chance.randrange(3)] = [f"new {chance.randrange(4)}\n"] * chance.randrange(3)
    return lines
