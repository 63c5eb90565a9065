from __future__ import annotations

from pier_tui.errors import ToolError
from pier_tui.symbols.index import SymbolIndex, sources


class Texts(dict[str, str]):
    """Files in memory, as the index reads them."""

    def read(self, path: str) -> bytes:
        if path not in self:
            raise ToolError(f"{path} is gone")
        return self[path].encode()


def build(index: SymbolIndex, texts: Texts) -> None:
    """Read all there is."""
    index.keep_only(texts)
    index.update(sources(sorted(texts)))


def names(index: SymbolIndex) -> dict[str, list[str]]:
    return {path: [d.name for d in found.definitions] for path, found in index.files().items()}


def test_only_source_files_are_read() -> None:
    texts = Texts({"a.py": "def f(): pass", "data.csv": "def g(): pass"})
    index = SymbolIndex(texts)
    build(index, texts)
    assert names(index) == {"a.py": ["f"]}


def test_only_files_whose_bytes_changed_are_parsed_again() -> None:
    texts = Texts({"a.py": "def f(): pass", "b.py": "def g(): pass"})
    index = SymbolIndex(texts)
    build(index, texts)
    texts["b.py"] = "def h(): pass"
    build(index, texts)
    index.update(["a.py", "b.py"])
    assert index.parsed == 3
    assert names(index) == {"a.py": ["f"], "b.py": ["h"]}


def test_a_file_that_is_gone_is_forgotten() -> None:
    texts = Texts({"a.py": "def f(): pass", "b.py": "def g(): pass"})
    index = SymbolIndex(texts)
    build(index, texts)
    del texts["a.py"]
    index.update(["a.py"])
    assert names(index) == {"b.py": ["g"]}
    del texts["b.py"]
    build(index, texts)
    assert names(index) == {}


def test_of_a_huge_repository_the_first_files_are_indexed() -> None:
    texts = Texts({f"{n:02}.py": "def f(): pass" for n in range(9)})
    index = SymbolIndex(texts, most_files=4)
    build(index, texts)
    texts["zz.py"] = "def z(): pass"
    index.update(["zz.py"])
    assert list(index.files()) == ["00.py", "01.py", "02.py", "03.py"]


def test_stopping_ends_the_reading() -> None:
    texts = Texts({"a.py": "def f(): pass"})
    index = SymbolIndex(texts)
    index.stop()
    build(index, texts)
    assert not index.files()
