from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pier_tui.errors import PatchError
from pier_tui.repo.begin_patch import propose
from pier_tui.repo.diff import Patch
from pier_tui.repo.making import diff_bytes
from pier_tui.repo.patch import apply, format_patch, parse, reverse


def tree(root: Path) -> dict[str, bytes]:
    return {
        str(p.relative_to(root)): p.read_bytes()
        for p in root.rglob("*")
        if p.is_file() and not p.is_symlink() and ".git" not in p.parts
    }


def refused(root: Path, patch: bytes, **options: bool) -> tuple[str, ...]:
    before = tree(root)
    result = apply(root, patch, **options)
    assert not result.ok
    assert result.errors
    assert tree(root) == before
    return result.errors


NAMES = ["plain.txt", "with space.txt", 'quo"te.txt', "tab\tname", "é/ü.txt", "deep/er/x", "back\\slash", "new\nline"]


def test_what_git_diffs_is_read_and_applied_as_git_applies_it(work: Path, run_git, tmp_path: Path) -> None:
    for index, name in enumerate(NAMES):
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        (work / name).write_bytes(b"".join(b"%d %d\n" % (index, n) for n in range(20)))
    (work / "crlf").write_bytes(b"a\r\nb\r\nc\r\n")
    (work / "latin").write_bytes(b"\xe9\n\xff\nx")
    (work / "empty").write_bytes(b"")
    (work / "tool.sh").write_text("#!/bin/sh\n")
    run_git(work, "add", "-A")
    run_git(work, "commit", "-q", "-m", "names")
    before = tmp_path / "before"
    run_git(tmp_path, "clone", "-q", str(work), str(before))
    for name in NAMES:
        lines = (work / name).read_bytes().splitlines(keepends=True)
        (work / name).write_bytes(b"".join([b"new\n", *lines[:9], *lines[10:-1], b"no end"]))
    (work / "crlf").write_bytes(b"a\r\nB\r\nc")
    (work / "latin").write_bytes(b"\xe9\n\xfe\nx\n")
    (work / "empty").unlink()
    (work / "made").write_bytes(b"")
    (work / "lib/b.txt").rename(work / "moved.txt")
    os.chmod(work / "tool.sh", 0o755)
    run_git(work, "add", "-A")
    raw = run_git(work, "diff", "--cached", "-M")
    patch = parse(raw)
    assert apply(before, raw).ok
    assert tree(before) == tree(work)
    assert os.access(before / "tool.sh", os.X_OK)
    run_git(work, "apply", "--check", "-R", "-", stdin=format_patch(patch))
    assert apply(before, raw, reverse=True).ok
    assert run_git(before, "status", "--porcelain") == b""
    assert apply(before, format_patch(reverse(reverse(patch)))).ok
    assert tree(before) == tree(work)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from("abc"), max_size=12), st.lists(st.sampled_from("abcd"), max_size=12), st.integers(0, 3))
def test_git_and_we_agree_on_applying_to_a_moved_text(
    tmp_path: Path, run_git, old: list[str], new: list[str], shift: int
) -> None:
    texts = ["".join(f"{c}\n" for c in side).encode() for side in (old, new)]
    if texts[0] == texts[1]:
        return
    patch = format_patch(Patch(files=(diff_bytes(texts[0], texts[1], "f"),)))
    results = []
    for way in ("ours", "git"):
        folder = tmp_path / way
        folder.mkdir(exist_ok=True)
        (folder / "f").write_bytes(b"z\n" * shift + texts[0])
        if way == "ours":
            apply(folder, patch)
        else:
            run_git(folder, "apply", "-", stdin=patch, check=False)
        results.append((folder / "f").read_bytes() if (folder / "f").exists() else None)
    assert results[0] == results[1]


def test_nothing_is_written_when_one_file_does_not_apply(work: Path) -> None:
    patch = b"--- a/a.txt\n+++ b/a.txt\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n"
    patch += b"--- a/lib/b.txt\n+++ b/lib/b.txt\n@@ -1 +1 @@\n-x\n+y\n"
    (error,) = refused(work, patch)
    assert "lib/b.txt" in error


@pytest.mark.parametrize("name", ["../out", "a/../../out", ".git/config", "x/.git/hooks/post-commit", ".GIT/config"])
def test_paths_outside_the_tree_or_in_gits_folder_are_refused(work: Path, name: str) -> None:
    refused(work, f"--- /dev/null\n+++ b/{name}\n@@ -0,0 +1 @@\n+x\n".encode())
    assert not (work.parent / "out").exists()


def test_links_are_neither_followed_nor_made(work: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "f").write_text("x\n")
    (work / "link").symlink_to(outside)
    (work / "direct").symlink_to(outside / "f")
    change = "@@ -1 +1 @@\n-x\n+y\n"
    refused(work, f"--- a/link/f\n+++ b/link/f\n{change}".encode())
    refused(work, f"--- a/direct\n+++ b/direct\n{change}".encode())
    refused(work, b"--- /dev/null\n+++ b/link/new\n@@ -0,0 +1 @@\n+x\n")
    refused(work, b"diff --git a/l b/l\nnew file mode 120000\n--- /dev/null\n+++ b/l\n@@ -0,0 +1 @@\n+/etc/passwd\n")
    assert (outside / "f").read_text() == "x\n"
    assert not (outside / "new").exists()


@pytest.mark.parametrize(
    "patch",
    [
        b"",
        b"hello\n",
        b"--- a/a.txt\n+++ b/a.txt\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n",
        b"--- a/a.txt\n+++ b/a.txt\n@@ -1,2 +1,2 @@\n a\n-b\n+B\n c\n",
        b"--- a/a.txt\n+++ b/a.txt\n@@ -1,1 +1,1 @@\n-a\n+A\n+extra\n",
        b"--- a/a.txt\n+++ b/other.txt\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n",
        b"@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n",
        b"diff --git a/a.txt b/a.txt\nindex 1..2 100644\n",
        b"diff --git a/a.txt b/a.txt\nBinary files a/a.txt and b/a.txt differ\n",
        b"--- /dev/null\n+++ b/a.txt\n@@ -0,0 +1 @@\n+x\n",
        b"--- a/a.txt\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-a\n-b\n",
        b"--- a/missing\n+++ b/missing\n@@ -1 +1 @@\n-a\n+b\n",
        b"--- a/a.txt\n+++ b/a.txt\n@@ -5,0 +6 @@\n+new\n",
        b"--- a/a.txt\n+++ b/a.txt\n@@ -5 +5 @@\n-j\n+J\n",
        b'--- "a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-a\n+b\n',
    ],
)
def test_bad_or_unsuitable_patches_are_refused(work: Path, patch: bytes) -> None:
    refused(work, patch)
    refused(work, patch, check=True)


def test_checking_writes_nothing(work: Path) -> None:
    before = tree(work)
    result = apply(work, b"--- a/a.txt\n+++ b/a.txt\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n", check=True)
    assert (result.ok, result.changed) == (True, ("a.txt",))
    assert tree(work) == before


def test_a_patch_mail_with_text_around_it_is_read(work: Path) -> None:
    mail = b"From: x\n\nWords.\n---\n a.txt | 2 +-\n\ndiff --git a/a.txt b/a.txt\nindex 1..2 100644\n"
    mail += b"--- a/a.txt\n+++ b/a.txt\n"
    mail += b"@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n-- \n2.39.5\n\n"
    assert apply(work, mail).ok
    assert (work / "a.txt").read_text().startswith("a\nB\nc\n")


def test_copies_are_made_from_the_old_text(work: Path) -> None:
    patch = b"diff --git a/lib/b.txt b/c.txt\nsimilarity index 50%\ncopy from lib/b.txt\ncopy to c.txt\n"
    patch += b"--- a/lib/b.txt\n+++ b/c.txt\n@@ -1,2 +1,2 @@\n one\n-two\n+2\n"
    assert apply(work, patch).ok
    assert (work / "lib/b.txt").read_text() == "one\ntwo\n"
    assert (work / "c.txt").read_text() == "one\n2\n"


def begin(body: str) -> bytes:
    return f"*** Begin Patch\n{body}\n*** End Patch\n".encode()


def test_a_begin_patch_adds_changes_moves_and_deletes(work: Path) -> None:
    (work / "gone").write_text("x\n")
    body = "*** Add File: n/new.py\n+x = 1\n*** Delete File: gone\n*** Update File: lib/b.txt\n*** Move to: lib/c.txt\n"
    body += "@@\n one\n-two\n+2\n*** Update File: a.txt\n@@ c\n d\n-e\n+E\n@@\n-i\n+I\n j\n*** End of File"
    result = apply(work, begin(body))
    assert result.ok, result.errors
    assert tree(work) == {"n/new.py": b"x = 1\n", "lib/c.txt": b"one\n2\n", "a.txt": b"a\nb\nc\nd\nE\nf\ng\nh\nI\nj\n"}


@pytest.mark.parametrize(
    "body",
    [
        "*** Update File: a.txt\n@@\n- b\n+B",
        "*** Update File: a.txt\n@@\n a \n-b\n+B",
        "*** Add File: /etc/new\n+x",
        "*** Update File: a.txt\n@@\n-b\n+B\n@@ c",
        "*** Update File: a.txt\n@@\n-b\n+B\n*** End of File",
        "*** Add File: a.txt\n+x",
        "*** Delete File: missing",
        "*** Update File: twice\n@@\n-x\n+y",
        "*** Update File: a.txt\n*** Move to: lib/b.txt\n@@\n-b\n+B",
        "*** Add File: ../x\n+x",
        "nonsense",
        "*** Update File: a.txt\n@@ zzz\n-b\n+B",
        "",
    ],
)
def test_a_begin_patch_without_a_certain_place_is_refused(work: Path, body: str) -> None:
    (work / "twice").write_text("x\nx\n")
    refused(work, begin(body))


def test_a_begin_patch_keeps_the_endings_of_a_crlf_file() -> None:
    after = propose(begin("*** Update File: f\n@@\n a\n-b\n+B").decode(), lambda _: b"a\r\nb\r\nc\r\n")
    assert after == {"f": b"a\r\nB\r\nc\r\n"}
    with pytest.raises(PatchError):
        propose("*** Begin Patch\n*** Update File: f\n@@\n-b\n+B\n", lambda _: b"b\n")
