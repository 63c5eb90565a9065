from __future__ import annotations

from pier_tui.errors import ToolError
from pier_tui.symbols.index import SymbolIndex


class Texts(dict[str, str]):
    """Files in memory, as the index reads them."""

    def read(self, path: str) -> bytes:
        if path not in self:
            raise ToolError(f"{path} is gone")
        return self[path].encode()

    def list(self, under: str = "") -> tuple[str, ...]:
        return tuple(sorted(self))


def names(index: SymbolIndex) -> dict[str, list[str]]:
    return {path: [d.name for d in found.definitions] for path, found in index.files().items()}


def test_only_source_files_are_read() -> None:
    index = SymbolIndex(Texts({"a.py": "def f(): pass", "data.csv": "def g(): pass"}))
    index.build()
    assert names(index) == {"a.py": ["f"]}


def test_only_files_whose_bytes_changed_are_parsed_again() -> None:
    texts = Texts({"a.py": "def f(): pass", "b.py": "def g(): pass"})
    index = SymbolIndex(texts)
    index.build()
    texts["b.py"] = "def h(): pass"
    index.build()
    index.update(["a.py", "b.py"])
    assert index.parsed == 3
    assert names(index) == {"a.py": ["f"], "b.py": ["h"]}


def test_a_file_that_is_gone_is_forgotten() -> None:
    texts = Texts({"a.py": "def f(): pass", "b.py": "def g(): pass"})
    index = SymbolIndex(texts)
    index.build()
    del texts["a.py"]
    index.update(["a.py"])
    assert names(index) == {"b.py": ["g"]}
    del texts["b.py"]
    index.build()
    assert names(index) == {}


def test_of_a_huge_repository_the_first_files_are_indexed() -> None:
    texts = Texts({f"{n:02}.py": "def f(): pass" for n in range(9)})
    index = SymbolIndex(texts, most_files=4)
    index.build()
    texts["zz.py"] = "def z(): pass"
    index.update(["zz.py"])
    assert list(index.files()) == ["00.py", "01.py", "02.py", "03.py"]


def test_stopping_ends_the_reading() -> None:
    index = SymbolIndex(Texts({"a.py": "def f(): pass"}))
    index.stop()
    index.build()
    assert not index.files()
