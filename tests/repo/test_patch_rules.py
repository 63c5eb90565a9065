"""Rules of applying a patch that single cases show better than chance does: names, order, damage, safety."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pier_tui.errors import PatchError
from pier_tui.repo.patch import Result, apply, apply_hunks, parse


def files(root: Path) -> dict[str, bytes | str]:
    """Every file by name; special files as a word."""
    return {
        p.relative_to(root).as_posix(): p.read_bytes() if p.is_file() else "special"
        for p in root.rglob("*")
        if not p.is_dir()
    }


def tried(root: Path, patch: str, **options: int) -> Result:
    """What applying says, after making sure that a check says the same and a refusal changes nothing."""
    before = files(root)
    checked = apply(root, patch.encode(), **options, check=True)
    assert files(root) == before
    result = apply(root, patch.encode(), **options)
    assert checked == result, "checking and applying disagree"
    if not result.ok:
        assert result.errors
        assert all(result.errors)
        assert files(root) == before
    return result


def renaming(old: str, new: str) -> str:
    return f"diff --git a/{old} b/{new}\nsimilarity index 100%\nrename from {old}\nrename to {new}\n"


CHANGE = "@@ -1 +1 @@\n-x\n+y\n"


@pytest.mark.parametrize("order", [("ab", "bc", "ca"), ("ca", "bc", "ab")])
def test_names_are_swapped_in_a_ring_whatever_the_order(tmp_path: Path, order: tuple[str, ...]) -> None:
    for name in "abc":
        (tmp_path / name).write_text(f"{name} was here\n")
    patch = "".join(renaming(*pair) for pair in order)
    assert tried(tmp_path, patch).ok
    assert files(tmp_path) == {"b": b"a was here\n", "c": b"b was here\n", "a": b"c was here\n"}
    assert tried(tmp_path, patch, reverse=True).ok
    assert files(tmp_path) == {name: f"{name} was here\n".encode() for name in "abc"}


def test_a_copy_starts_from_the_file_as_it_was_before_the_patch(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x\n")
    patch = f"diff --git a/a b/a\n--- a/a\n+++ b/a\n{CHANGE}diff --git a/a b/c\ncopy from a\ncopy to c\n"
    assert tried(tmp_path, patch).ok
    assert files(tmp_path) == {"a": b"y\n", "c": b"x\n"}


def test_a_file_named_twice_is_changed_twice(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x\n")
    again = "--- a/a\n+++ b/a\n@@ -1 +1 @@\n-y\n+z\n"
    assert tried(tmp_path, f"--- a/a\n+++ b/a\n{CHANGE}{again}").ok
    assert files(tmp_path) == {"a": b"z\n"}
    assert tried(tmp_path, f"--- a/a\n+++ b/a\n{CHANGE}{again}", reverse=True).ok
    assert files(tmp_path) == {"a": b"x\n"}


@pytest.mark.parametrize(
    "patch",
    [
        renaming("a", "c") + renaming("a", "d"),
        f"--- a/a\n+++ b/a\n{CHANGE}" + renaming("a", "c"),
        renaming("a", "b"),
        renaming("a", "b/c"),
        renaming("a", "folder"),
        renaming("a", "c") + f"--- a/a\n+++ b/a\n{CHANGE}",
        "diff --git a/a b/c\nrename to c\n",
        "diff --git a/a b/c\nnew file mode 100644\nrename from a\nrename to c\n",
        "diff --git a/a b/a\nold mode 100644\n",
        "diff --git a/a b/a\nold mode 100644\nnew mode 120000\n",
        f"diff --git a/a b/a\n+++ b/a\n{CHANGE}",
        "diff --git a/a b/a\n--- a/a\n+++ b/a\n-x\n+y\n",
        "--- a/a\n+++ b/a\n-x\n+y\n",
        "--- a/a\n+++ b/a\n@@ -1,99999999999999999999 +1 @@\n-x\n+y\n",
        "--- a/a\n+++ b/a\n@@ -1 +1 @@\n-x\n+y",
        "--- a/a\n+++ b/a\n@@ -1 +1 @@\n-x\n+y\n\\ No",
        "--- a/a\n+++ b/a\n@@ -1 +1 @@\n-x\n+y\n\\ No newline",
        f"--- a/a\n+++ b/a\n{CHANGE}Binary files a/p.png and b/p.png differ\n",
        f"diff --git a/a b/a\nindex 1..2 10x\n--- a/a\n+++ b/a\n{CHANGE}",
        "--- /dev/null\n+++ /dev/null\n@@ -0,0 +1 @@\n+x\n",
        "diff --git a/a b/c\nsimilarity index 100%\nrename from a\nrename to c",
        "--- a/p/a\n+++ b/p/a\n@@ -0,0 +1 @@\n+x\n--- a/p\n+++ b/p\n@@ -0,0 +1 @@\n+x\n",
    ],
)
def test_contradictions_and_cuts_are_refused(tmp_path: Path, patch: str) -> None:
    (tmp_path / "a").write_text("x\n")
    (tmp_path / "b").write_text("b\n")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/in").write_text("in\n")
    assert not tried(tmp_path, patch).ok


@pytest.mark.parametrize(
    "name", ["/a", ".git/config", ".GIT/x", ".git./x", ".git /x", "git~1/x", "s/.git/x", "x/../../a", "..", "."]
)
def test_names_that_lead_elsewhere_are_refused(tmp_path: Path, name: str) -> None:
    root = tmp_path / "root"
    root.mkdir()
    made = "@@ -0,0 +1 @@\n+x\n"
    assert not tried(root, f"--- /dev/null\n+++ {name}\n{made}", strip=0).ok
    assert not tried(
        root, f"diff --git a/{name} b/{name}\nnew file mode 100644\n--- /dev/null\n+++ b/{name}\n{made}"
    ).ok
    assert not tried(root, f"*** Begin Patch\n*** Add File: {name}\n+x\n*** End Patch").ok
    assert not tried(root, f"*** Begin Patch\n*** Update File: a\n*** Move to: {name}\n*** End Patch").ok
    assert files(tmp_path) == {}


def test_special_files_and_links_are_left_alone(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "dangling").symlink_to("nowhere")
    for name in ("pipe", "folder", "dangling", "dangling/x"):
        assert not tried(tmp_path, f"--- a/{name}\n+++ b/{name}\n{CHANGE}").ok
        assert not tried(tmp_path, f"--- /dev/null\n+++ b/{name}\n@@ -0,0 +1 @@\n+x\n").ok
        assert not tried(tmp_path, f"*** Begin Patch\n*** Delete File: {name}\n*** End Patch").ok


def test_a_file_becomes_a_folder_and_a_folder_a_file(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x\n")
    gone, made = "@@ -1 +0,0 @@\n-x\n", "@@ -0,0 +1 @@\n+x\n"
    patch = f"--- /dev/null\n+++ b/a/in\n{made}--- a/a\n+++ /dev/null\n{gone}"
    assert tried(tmp_path, patch).ok
    assert files(tmp_path) == {"a/in": b"x\n"}
    assert tried(tmp_path, patch, reverse=True).ok
    assert files(tmp_path) == {"a": b"x\n"}


def test_a_name_is_told_from_the_time_behind_it(tmp_path: Path) -> None:
    (tmp_path / "a b").write_text("x\n")
    stamp = "2024-07-19 09:58:02.489059795 +0100"
    assert tried(tmp_path, f"--- a/a b\t{stamp}\n+++ b/a b\t{stamp}\n{CHANGE}").ok
    absent = "--- old/n\tw\t1970-01-01 01:00:00.000000000 +0100\n+++ new/n\tw\t2024-07-19 09:58:02 +0100\n"
    assert tried(tmp_path, f"{absent}@@ -0,0 +1 @@\n+x\n").changed == ("n\tw",)
    assert tried(tmp_path, f"--- a/a b.orig\n+++ b/a b\n{CHANGE}", reverse=True).ok
    assert tried(tmp_path, f"--- whatever\n+++ a b\n{CHANGE}").ok


def test_a_hunk_that_git_and_patch_would_place_differently_is_refused() -> None:
    hunks = parse(b"--- a\n+++ b\n@@ -1,3 +1,4 @@\n a\n+A\n b\n c\n@@ -9,2 +10,3 @@\n x\n+X\n y\n").files[0].hunks
    moved = "".join(f"{n}\n" for n in ["a", "b", "c", *"45678", "x", "y", *"abcdefg", "x", "y", "z"])
    assert apply_hunks(moved, hunks).count("X") == 1
    shifted = parse(b"--- a\n+++ b\n@@ -2,3 +2,4 @@\n a\n+A\n b\n c\n@@ -9,3 +10,4 @@\n x\n+X\n y\n z\n").files[0].hunks
    twice = "".join(f"{n}\n" for n in [*"0123456789", "a", "b", "c", "x", "y", "z", "4", "5", "x", "y", "z", "end"])
    with pytest.raises(PatchError, match="unsure"):
        apply_hunks(twice, shifted)


def test_an_error_names_the_file_the_hunk_and_the_line(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("1\n2\n3\n4\n")
    (error,) = tried(tmp_path, "--- a/a\n+++ b/a\n@@ -2,3 +2,3 @@\n 2\n-three\n+x\n 4\n").errors
    assert error.startswith("a: Hunk 1 (line 2) does not apply: line 3 should be 'three', but the file has '3'")
