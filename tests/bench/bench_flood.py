"""Memory and frames under floods: a million deltas, a line of 10 MB, 100 MB of tool output, repeat sequences.

Run it with `python tests/bench/bench_flood.py [deltas] [line] [output] [bomb]`; without a word it does all. Each runs
in a process of its own. It prints the peak resident memory in MB, above that of the empty app, and how long the loop
was kept from painting at the 99th percentile; the load of the machine is printed first, because it is in every figure.
"""

from __future__ import annotations

import asyncio
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator

from pier_tui.events import AnyEvent, RequestStarted, RouteDecided, TextDelta, ToolCalled, ToolOutput, TurnStarted
from pier_tui.ui.app import PierApp

SIZE = (160, 45)
SENTENCE = "The total is computed before the discount, so `Basket.total` is **wrong** for an empty basket. "
BATCH = 200
"""Events that come in one turn of the loop."""


def began() -> list[AnyEvent]:
    """A turn, and a tool that runs in it."""
    route = {"decision": "d1", "call": 1, "tier": "weak", "model": "m", "strategy": "self-route", "route": "self-route"}
    return [
        RequestStarted(request=1, text="flood"),
        TurnStarted(request=1, turn=1),
        RouteDecided.model_validate({"request": 1, "turn": 1, **route}),
        ToolCalled(request=1, turn=1, call_id="c", name="run", arguments="{}", line="run yes"),
    ]


def delta(text: str) -> TextDelta:
    return TextDelta(request=1, turn=1, text=text)


def output(text: str) -> ToolOutput:
    return ToolOutput(request=1, turn=1, call_id="c", text=text)


def floods(name: str) -> Iterator[AnyEvent]:
    """What comes in."""
    match name:
        case "deltas":
            for number in range(1_000_000):
                yield delta("word " if number % 20 else "word.\n\n")
        case "line":
            for _ in range(1_000):
                yield delta("x" * 10_000)
        case "output":
            for _ in range(10_000):
                yield output("y\n" * 5_000)
        case "bomb":
            for _ in range(2_000):
                yield output("x\x1b[999999999b\x1b[9999999999999999;1;1m\x1b]0;" + "z" * 2_000 + "\n")


async def flood(name: str) -> None:
    """Show it all and report."""
    app = PierApp(None, repository="shop")
    app.animation_level = "none"
    gaps: list[float] = []

    async def beat() -> None:
        last = time.perf_counter()
        while True:
            await asyncio.sleep(0.005)
            now = time.perf_counter()
            gaps.append(now - last - 0.005)
            last = now

    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        for event in began():
            app.bench.show(event)
        await pilot.pause()
        empty = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        heart = asyncio.create_task(beat())
        start = time.perf_counter()
        for number, event in enumerate(floods(name)):
            app.bench.show(event)
            if number % BATCH == 0:
                await asyncio.sleep(0)
        await pilot.pause()
        took = time.perf_counter() - start
        heart.cancel()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    late = sorted(gaps)[int(len(gaps) * 0.99)] * 1000
    print(f"{name:8} {took:6.1f} s  peak {peak:5.0f} MB (empty {empty:.0f})  loop late p99 {late:5.0f} ms", flush=True)


def main(words: list[str]) -> None:
    print(f"load {os.getloadavg()[0]:.1f}")
    for name in words or ["deltas", "line", "output", "bomb"]:
        subprocess.run([sys.executable, __file__, "--one", name], check=True)


if __name__ == "__main__":
    asyncio.run(flood(sys.argv[2])) if sys.argv[1:2] == ["--one"] else main(sys.argv[1:])
