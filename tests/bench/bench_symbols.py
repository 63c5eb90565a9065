"""What the symbol index and a request's map cost: time to read a repository, to read it again, to rank and to write.

Run it with `python tests/bench/bench_symbols.py [FOLDER [REQUEST]]`; the folder must be a git repository. It prints
wall and CPU times and what was found.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from pier_tui.backbone.symbol_map import MAP_TOKENS, lines_of
from pier_tui.models.tokens import count
from pier_tui.repo.overlay import Overlay
from pier_tui.symbols.index import SymbolIndex
from pier_tui.symbols.ranking import rank

T = TypeVar("T")


def timed(what: str, act: Callable[[], T]) -> T:
    wall, cpu = time.perf_counter(), time.process_time()
    result = act()
    print(f"{what:<28} {time.perf_counter() - wall:7.3f} s wall {time.process_time() - cpu:7.3f} s CPU")
    return result


def main(folder: Path, request: str) -> None:
    index = SymbolIndex(Overlay(folder))
    timed("read every source file", index.build)
    timed("look for changes", index.build)
    files = index.files()
    definitions = sum(len(found.definitions) for found in files.values())
    mentions = sum(len(found.mentions) for found in files.values())
    print(f"{len(files)} files, {definitions} definitions, {mentions} names mentioned")
    ranked = timed("rank for a request", lambda: rank(files, request))
    again = timed("rank for another", lambda: rank(files, f"{request} again", list(files)[:5]))
    lines = timed("write the map", lambda: lines_of(ranked, MAP_TOKENS))
    text = "\n".join(lines)
    print(f"{len(again)} ranked; {count(text)} tokens:\n{text}")


if __name__ == "__main__":
    given = sys.argv[1:]
    here = Path(__file__).resolve().parents[2]
    main(Path(given[0]) if given else here, given[1] if len(given) > 1 else "make the prefix cache forget cold prompts")
