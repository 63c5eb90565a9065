"""What a command costs: a gigabyte of its output in time and memory, and each level's time per command.

Run it with `python tests/bench/bench_output.py`; it prints wall and CPU times and this process's largest
resident set.
"""

from __future__ import annotations

import asyncio
import resource
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from pier_tui.tools.probing import probe
from pier_tui.tools.process import Launch, stream
from pier_tui.tools.sandbox import Sandbox
from pier_tui.tools.tool import Ran

GIGABYTE = """
import os
piece = b"a line of output that a test might print, 64 bytes with its end\\n" * 1024
for _ in range(16384):
    os.write(1, piece)
"""
LONG_LINE = "import os\nfor _ in range(160): os.write(1, b'x' * 65536)"


async def run(launch: Launch, folder: Path) -> Ran:
    async for piece in stream(launch, folder=folder, timeout=300):
        if isinstance(piece, Ran):
            return piece
    raise AssertionError


def used() -> float:
    """CPU seconds of all children that ended."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


async def levels(folder: Path) -> list[tuple[str, Sandbox]]:
    """Every way there is here to run a command."""
    full = await probe()
    rows = [("full", full)]
    if full.active:
        rows.append(("full, no filter", replace(full, machine="unknown")))
    rows.append(("partial", await probe(program="none-such")))
    rows.append(("none", await probe(program="none-such", landlock=False)))
    return rows


async def main() -> None:
    """All figures."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made, "copy")
        await asyncio.to_thread(folder.mkdir)
        rows = await levels(folder)
        plain = Launch(("true",), {"PATH": "/usr/bin:/bin"})
        for name, launch in [("bare", plain), *((n, s.launch(("true",), folder)) for n, s in rows)]:
            spans, before = [], used()
            for _ in range(30):
                begin = time.perf_counter()
                await run(launch, folder)
                spans.append((time.perf_counter() - begin) * 1000)
            spent = (used() - before) * 1000 / len(spans)
            print(f"{name}: true in {statistics.median(spans):.1f} ms (max {max(spans):.1f}), {spent:.1f} ms of CPU")
        for title, script in (("1 GB", GIGABYTE), ("a line of 10 MB", LONG_LINE)):
            begin = time.perf_counter()
            ran = await run(rows[0][1].launch((sys.executable, "-I", "-c", script), folder), folder)
            largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(f"{title}: {time.perf_counter() - begin:.1f} s, {largest:.0f} MB resident, {len(ran.output)} kept")


if __name__ == "__main__":
    asyncio.run(main())
