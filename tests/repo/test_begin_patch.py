"""The `*** Begin Patch` format: what is read leniently, what is refused, and that bytes outside are kept."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pier_tui.repo.patch import apply


def patched(root: Path, body: str, text: bytes = b"one\ntwo\nthree\n") -> bytes | None:
    """The file `f` after an update, None where it is refused; a refusal leaves it as it is."""
    (root / "f").write_bytes(text)
    result = apply(root, f"*** Begin Patch\n*** Update File: f\n{body}\n*** End Patch\n".encode())
    after = (root / "f").read_bytes()
    if result.ok:
        return after
    assert result.errors
    assert after == text
    return None


@pytest.mark.parametrize(
    "text",
    [
        "  *** Begin Patch \n*** Add File: new\n+x\n *** End Patch \n\n",
        "<<'EOF'\n*** Begin Patch\n*** Add File: new\n+x\n*** End Patch\nEOF\n",
        "apply_patch <<PATCH\n*** Begin Patch\n*** Add File: new\n+x\n*** End Patch\nPATCH",
        "*** Begin Patch\r\n*** Add File: new\r\n+x\r\n*** End Patch\r\n",
        "*** Begin Patch\n  *** Add File: new  \n+x\n*** End Patch",
    ],
)
def test_white_space_and_here_documents_around_the_markers_are_read_over(tmp_path: Path, text: str) -> None:
    result = apply(tmp_path, text.encode())
    assert result.ok, result.errors
    assert (tmp_path / "new").read_bytes() == b"x\n"


@pytest.mark.parametrize(
    ("body", "text", "after"),
    [
        ("@@\n one\n-two\n+2\n three\n", b"one\ntwo\nthree\nend\n", b"one\n2\nthree\nend\n"),
        ("@@ b\n-x\n+y", b"a\nx\nb\nx\nx\n", b"a\nx\nb\ny\nx\n"),
        ("@@   b  \n-x\n+y", b"a\nx\n  b\nx\n", b"a\nx\n  b\ny\n"),
        ("@@ A\n@@ f\n-x\n+y", b"B\nf\nx\nA\nf\nx\n", b"B\nf\nx\nA\nf\ny\n"),
        ("@@\n-x\n+y\n*** End of File", b"x\na\nx\n", b"x\na\ny\n"),
        ("@@\n+last", b"x\n", b"x\nlast\n"),
        ("@@\n+last", b"x", b"x\nlast\n"),
        ("@@\n+last\n@@\n-x\n+y", b"x\n", b"y\nlast\n"),
        ("@@\n-a - b\n+c", "a – b  \n".encode(), b"c\n"),
        ("@@\n a\n+A\n b\n+B\n c", b"a\r\nb\nc\r\n", b"a\r\nA\r\nb\nB\nc\r\n"),
        ("@@\n-a\n+A", b"a\r\nb", b"A\r\nb"),
        ("@@\n-b\n+B", b"\xff\nb\n", b"\xff\nB\n"),
    ],
)
def test_a_certain_place_is_changed_and_nothing_else(tmp_path: Path, body: str, text: bytes, after: bytes) -> None:
    assert patched(tmp_path, body, text) == after


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("@@\n-x\n+y", b"x\nx\n"),
        ("@@ f\n-x\n+y", b"f\nx\nf\nx\n"),
        ("@@ f\n+y", b"f\nx\n"),
        ("@@ f", b"f\nx\n"),
        ("@@\n-x\n+y\n@@ x", b"x\n"),
        ("@@\n a \n-x\n+y", b"a\nx\n"),
        ("@@\n-x\n+y", b"  x\n"),
        ("@@\n-x\n+y\n*** End of File", b"x\nz\n"),
        ("@@\n-x\n+y\nstray", b"x\n"),
        ("@@\n-b\n+B\n@@\n-a\n+A", b"a\nb\n"),
        ("", b"x\n"),
        ("@@\n*** End of File", b"x\n"),
    ],
)
def test_an_uncertain_place_is_refused(tmp_path: Path, body: str, text: bytes) -> None:
    assert patched(tmp_path, body, text) is None


def test_nothing_is_added_or_moved_over_a_file_that_exists(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x\n")
    (tmp_path / "b").write_text("y\n")
    for body in ("*** Add File: a\n+z", "*** Update File: a\n*** Move to: b\n@@\n-x\n+z"):
        result = apply(tmp_path, f"*** Begin Patch\n*** Add File: c\n+c\n{body}\n*** End Patch".encode())
        assert "exists already" in result.errors[0]
        assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "b"]
    replaced = b"*** Begin Patch\n*** Delete File: a\n*** Add File: a\n+z\n*** End Patch"
    assert apply(tmp_path, replaced).ok
    assert (tmp_path / "a").read_text() == "z\n"


def test_a_moved_file_stays_executable(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("x\n")
    (tmp_path / "run").chmod(0o755)
    patch = b"*** Begin Patch\n*** Update File: run\n*** Move to: bin/run\n@@\n-x\n+y\n*** End Patch"
    assert apply(tmp_path, patch).ok
    assert os.access(tmp_path / "bin/run", os.X_OK)
    assert not (tmp_path / "run").exists()


def test_absolute_names_are_taken_inside_the_folder_only(tmp_path: Path) -> None:
    inside, outside = tmp_path / "in", tmp_path / "out"
    inside.mkdir()
    assert apply(inside, f"*** Begin Patch\n*** Add File: {inside}/a\n+x\n*** End Patch".encode()).changed == ("a",)
    assert not apply(inside, f"*** Begin Patch\n*** Add File: {outside}\n+x\n*** End Patch".encode()).ok
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["a", "in"]
