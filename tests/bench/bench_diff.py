"""Timings of the diff pane: opening 10,000 and 100,000 lines, the next hunk, a page, split, accept all.

Run it with `python tests/bench/bench_diff.py`; it prints medians in milliseconds of wall time.
"""

from __future__ import annotations

import asyncio
import gc
import statistics
import time
from collections.abc import Callable

from textual.app import App, ComposeResult

from pier_tui.events import PatchProposed
from pier_tui.repo.diff import FileDiff, Hunk, Line, Patch
from pier_tui.ui.panes.diff import DiffPane


def make(lines: int, per_hunk: int = 12, per_file: int = 50) -> Patch:
    """A patch of Python changes with about this many lines."""
    files, hunks = [], []
    for n in range(lines // per_hunk):
        body = [
            Line(kind=" ", text=f"    value_{n} = compute({n}, key='k{i}')  # context\n") for i in range(per_hunk - 4)
        ]
        change = [
            Line(kind="-", text=f"    total = sum(item.price for item in basket[{n}:])\n"),
            Line(kind="-", text="    return total\n"),
            Line(kind="+", text=f"    total = sum(item.price * item.count for item in basket[{n}:])\n"),
            Line(kind="+", text="    return round(total, 2)\n"),
        ]
        half = len(body) // 2
        start = 1 + 40 * (n % per_file)
        count = per_hunk - 2
        made = tuple(body[:half] + change + body[half:])
        hunks.append(Hunk(old_start=start, old_count=count, new_start=start, new_count=count, lines=made))
        if len(hunks) == per_file:
            files.append(FileDiff(old_path=f"src/m{n}.py", new_path=f"src/m{n}.py", hunks=tuple(hunks)))
            hunks = []
    if hunks:
        files.append(FileDiff(old_path="src/last.py", new_path="src/last.py", hunks=tuple(hunks)))
    return Patch(files=tuple(files))


def one_hunk(lines: int) -> Patch:
    """A new file of so many lines, which is a single hunk."""
    made = tuple(Line(kind="+", text=f"value_{n} = compute({n})\n") for n in range(lines))
    hunk = Hunk(old_start=0, old_count=0, new_start=1, new_count=lines, lines=made)
    return Patch(files=(FileDiff(old_path=None, new_path="src/new.py", hunks=(hunk,)),))


class BenchApp(App[None]):
    """A pane and nothing else."""

    def compose(self) -> ComposeResult:
        yield DiffPane()


def paint(pane: DiffPane) -> None:
    """Paint every row of the view, as a full refresh does."""
    for y in range(pane.view.size.height):
        pane.view.render_line(y)


async def bench(name: str, patch: Patch) -> None:
    """Print the figures of one patch."""
    app = BenchApp()
    async with app.run_test(size=(120, 40)) as pilot:
        pane = app.query_one(DiffPane)
        await pilot.pause()
        gc.collect()
        start = time.perf_counter()
        pane.show(PatchProposed(patch=patch))
        shown = time.perf_counter()
        paint(pane)
        first = time.perf_counter()
        await pilot.pause()
        await asyncio.sleep(2)  # the pane works out a big proposal bit by bit
        pane.view.focus()
        gc.collect()
        gc.freeze()

        async def many(act: Callable[[], object], times: int = 40) -> str:
            spans = []
            for _ in range(times):
                begin = time.perf_counter()
                act()
                paint(pane)
                spans.append((time.perf_counter() - begin) * 1000)
                await asyncio.sleep(0)
            return f"{statistics.median(spans):.1f} (max {max(spans):.1f})"

        print(f"{name}: {len(pane.sources.pending.entries)} hunks, {pane.view.index.height} rows")
        print(f"  open {(shown - start) * 1000:.1f} + first paint {(first - shown) * 1000:.1f}")
        print("  next hunk", await many(lambda: pane.action_hunk(1)))
        print("  page", await many(lambda: pane.view.action_page(1)))
        print("  line", await many(lambda: pane.view.step(1)))
        print("  accept", await many(pane.action_accept, 20))
        print("  split", await many(pane.view.toggle_split, 6))
        print("  wrap", await many(pane.view.toggle_wrap, 6))
        pane.view.toggle_wrap()
        print("  wrapped: page", await many(lambda: pane.view.action_page(1)))
        print("  wrapped: split", await many(pane.view.toggle_split, 6))
        pane.view.toggle_wrap()
        print("  accept all", await many(pane.action_accept_all, 1), "then undo", await many(pane.action_undo, 1))
        again = patch.model_copy()
        print("  same proposal again", await many(lambda: pane.show(PatchProposed(patch=again)), 3))
        gc.unfreeze()


async def main() -> None:
    """All patches."""
    for lines in (10_000, 100_000):
        await bench(f"{lines} lines", make(lines))
    await bench("one hunk of 100000 lines", one_hunk(100_000))


if __name__ == "__main__":
    asyncio.run(main())
