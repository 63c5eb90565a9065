from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from pier_tui.symbols import kept
from pier_tui.symbols.index import Entry
from pier_tui.symbols.kept import load, save
from pier_tui.symbols.tags import NOTHING, tags

TEXT = b"class Cart:\n    def total(self):\n        return discounted(self.items)\n"
ENTRIES = {
    "a\udcff.py": Entry((3, 2, 70, 9), b"\1" * 32, tags("a.py", TEXT)),
    "b.rs": Entry((), b"\2" * 32, tags("b.rs", b"struct A; fn f() { g(); }")),
    "empty.py": Entry((), b"\3" * 32, NOTHING),
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "symbols" / "index.json"


def changed(path: Path, **values: Any) -> None:
    """The kept index with other values."""
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def test_what_is_kept_is_read_again_as_it_was(path: Path) -> None:
    assert load(path) == {}
    assert save(path, ENTRIES)
    assert load(path) == ENTRIES


def test_files_of_a_language_whose_grammar_changed_are_left_out(path: Path) -> None:
    save(path, ENTRIES)
    changed(path, languages={**json.loads(path.read_text())["languages"], "rust": "another"})
    assert set(load(path)) == {"a\udcff.py", "empty.py"}


@pytest.mark.parametrize(
    "broken",
    [
        {"format": kept.FORMAT + 1},
        {"most": 1},
        {"names": ["a", 3]},
        {"names": {"a": 1}},
        {"names": []},
        {"languages": ["python"]},
        {"files": 3},
        {"files": [["a.py", [], "zz", [], []]]},
        {"files": [["a.py", [], "00", [1, 2], []]]},
        {"files": [["a.py", [], "00", [], [0]]]},
        {"files": [["a.py", ["x"], "00", [], []]]},
        {"files": [["a.py", [], "00", [1.5, 0, 0], []]]},
        {"files": [[["a.py"], [], "00", [], []]]},
        {"files": [["a.py", [], "00", [1, 10**400, 0], []]]},
    ],
    ids=str,
)
def test_a_broken_index_is_thrown_away(path: Path, broken: dict[str, Any]) -> None:
    save(path, ENTRIES)
    changed(path, **broken)
    assert load(path) == {}
    assert not path.exists()


def test_bytes_that_are_no_index_are_thrown_away(path: Path) -> None:
    save(path, ENTRIES)
    whole = path.read_bytes()
    for content in (b"", whole[: len(whole) // 2], b"\0" * 99, b"[" * 100_000, b"cos\nsystem\n(S'true'\ntR.", b"[]"):
        path.write_bytes(content)
        assert load(path) == {}
        assert not path.exists()


def test_a_link_or_a_pipe_in_its_place_is_not_read(path: Path, tmp_path: Path) -> None:
    save(path, ENTRIES)
    path.rename(tmp_path / "elsewhere.json")
    path.symlink_to(tmp_path / "elsewhere.json")
    assert load(path) == {}
    path.unlink()
    os.mkfifo(path)
    assert load(path) == {}
    assert (tmp_path / "elsewhere.json").exists()


def test_room_is_made_by_removing_the_oldest_and_what_was_left_half_written(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(path, ENTRIES)
    size = path.stat().st_size
    monkeypatch.setattr(kept, "MOST_ALL", 3 * size)
    for age, name in enumerate(("new.json", "middle.json", "old.json", ".index.json.half")):
        (path.parent / name).write_bytes(b"x" * size)
        at = path.stat().st_mtime - 1000 - 1000 * age
        os.utime(path.parent / name, (at, at))
    monkeypatch.setattr(kept, "LEFT_OVER", 3_600.0)
    assert save(path, ENTRIES)
    assert {p.name for p in path.parent.iterdir()} == {"index.json", "new.json", "middle.json"}
    monkeypatch.setattr(kept, "MOST_ONE", size - 1)
    assert not save(path, ENTRIES)
