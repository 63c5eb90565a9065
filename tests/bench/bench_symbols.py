"""What the symbol index and a request's map cost, and how long the event loop stands still while it is read.

`python tests/bench/bench_symbols.py [parts] [loop] [FOLDER [REQUEST]]`. The folder must be a git repository; `made:N`
makes one of N Python files of 21 kB. `parts` prints wall and CPU times of reading, ranking and writing in this
process; `loop` the longest and the 99th percentile of the gaps of an event loop that asks for a turn every
millisecond while an atlas reads the repository for the first time, then again with what the first kept.
"""

from __future__ import annotations

import asyncio
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from pier_tui.agent.atlas import Atlas
from pier_tui.backbone.state import Backbone
from pier_tui.backbone.symbol_map import MAP_TOKENS, lines_of
from pier_tui.models.tokens import count
from pier_tui.repo.overlay import Overlay
from pier_tui.symbols.index import SymbolIndex, sources
from pier_tui.symbols.ranking import rank
from tests.bench.repositories import made

T = TypeVar("T")


def timed(what: str, act: Callable[[], T]) -> T:
    wall, cpu = time.perf_counter(), time.process_time()
    result = act()
    print(f"{what:<28} {time.perf_counter() - wall:7.3f} s wall {time.process_time() - cpu:7.3f} s CPU")
    return result


def parts(folder: Path, request: str) -> None:
    overlay = Overlay(folder)
    index, paths = SymbolIndex(overlay), sources(overlay.list())
    timed("read every source file", lambda: index.update(paths))
    timed("look for changes", lambda: index.update(paths))
    files = index.files()
    definitions = sum(len(found.definitions) for found in files.values())
    mentions = sum(len(found.mentions) for found in files.values())
    print(f"{len(files)} files, {definitions} definitions, {mentions} names mentioned")
    ranked = timed("rank for a request", lambda: rank(files, request))
    again = timed("rank for another", lambda: rank(files, f"{request} again", list(files)[:5]))
    lines = timed("write the map", lambda: lines_of(ranked, MAP_TOKENS))
    text = "\n".join(lines)
    print(f"{len(again)} ranked; {count(text)} tokens:\n{text}")


async def gaps(until: asyncio.Task[object]) -> list[float]:
    """Milliseconds between turns of the loop beyond the one that was asked for, sorted."""
    found, last = [], time.perf_counter()
    while not until.done():
        await asyncio.sleep(0.001)
        now = time.perf_counter()
        found.append(1000 * (now - last) - 1)
        last = now
    return sorted(found)


async def loop(folder: Path, request: str, what: str, kept: Path) -> None:
    """One atlas from its start to the map of a request made of the whole index."""
    idle = await gaps(asyncio.create_task(asyncio.sleep(1)))
    print(f"{'idle':<12} longest gap {idle[-1]:6.1f} ms, p99 {idle[len(idle) * 99 // 100]:5.1f} ms")
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF)
    atlas = Atlas(Overlay(folder), "\n".join, patience=300, kept=kept).started()
    reading = asyncio.create_task(atlas.card(request, Backbone()))
    found = await gaps(reading)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF)
    own = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(
        f"{what:<12} longest gap {found[-1]:6.1f} ms, p99 {found[len(found) * 99 // 100]:5.1f} ms; "
        f"{wall:.2f} s wall, {own:.2f} s CPU of this process, {len(reading.result().splitlines())} lines"
    )
    again = asyncio.create_task(atlas.card(f"{request} again", Backbone()))
    found = await gaps(again)
    print(f"{'a request':<12} longest gap {found[-1]:6.1f} ms, p99 {found[len(found) * 99 // 100]:5.1f} ms")
    await atlas.aclose()
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(f"{'':<12} children so far {children.ru_utime + children.ru_stime:.2f} s CPU")


def main() -> None:
    words = [word for word in sys.argv[1:] if word in ("parts", "loop")] or ["parts", "loop"]
    rest = [word for word in sys.argv[1:] if word not in ("parts", "loop")]
    request = rest[1] if len(rest) > 1 else "make the prefix cache forget cold prompts"
    print(f"load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(rest[0]) if rest else Path(__file__).resolve().parents[2]
        if rest and rest[0].startswith("made:"):
            folder = made(Path(temporary) / "made", int(rest[0].removeprefix("made:")))
        kept = Path(temporary) / "kept"
        if "parts" in words:
            parts(folder, request)
        if "loop" in words:
            asyncio.run(loop(folder, request, "first", kept))
            asyncio.run(loop(folder, request, "second", kept))


if __name__ == "__main__":
    main()
