"""Timings of the screen: start-up, streaming by kind of answer, and opening a long session.

Run it with `python tests/bench/bench_screen.py [start] [stream] [history]`; without a word it times all.
It prints milliseconds; the load of the machine is printed first, because it is in every figure.
"""

from __future__ import annotations

import asyncio
import gc
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

from pier_tui.events import (
    AnswerCompleted,
    AnyEvent,
    CallFinished,
    ReasoningDelta,
    RequestEnded,
    RequestStarted,
    RouteDecided,
    TextDelta,
    ToolCalled,
    ToolReturned,
    TurnEnded,
    TurnStarted,
)
from pier_tui.models.usage import Usage
from pier_tui.ui.app import PierApp
from pier_tui.ui.widgets import markdown_code, markdown_paint

SIZE = (160, 45)
SENTENCE = "The total is computed before the discount, so `Basket.total` is **wrong** for an empty basket. "
KINDS: dict[str, Callable[[int], str]] = {
    "prose": lambda size: (SENTENCE * 3 + "\n\n") * (size // (3 * len(SENTENCE))),
    "one long paragraph": lambda size: SENTENCE * (size // len(SENTENCE)),
    "list": lambda size: f"- {SENTENCE}\n" * (size // len(SENTENCE)),
    "table": lambda size: (
        "| file | line | what |\n|---|---|---|\n" + "| shop/basket.py | 42 | wrong |\n" * (size // 32)
    ),
    "fence": lambda size: "```python\n" + "    total = sum(item.price for item in items)\n" * (size // 46) + "```\n",
    "fence, no language": lambda size: "```\n" + "    total = sum(item.price for item in items)\n" * (size // 46),
}


def first_paint() -> None:
    """Import what the first paint needs, in a process of its own."""
    code = "import time; t = time.process_time(); import pier_tui.ui.app; print(1000 * (time.process_time() - t))"
    times = [float(subprocess.check_output([sys.executable, "-c", code])) for _ in range(7)]
    print(f"import of the app       {statistics.median(times):7.0f} ms cpu (median of 7)")


def opened(turn: int) -> list[AnyEvent]:
    """A request and a turn up to its first token."""
    return [
        RequestStarted(request=turn, text="Fix the total of an empty basket"),
        TurnStarted(request=turn, turn=turn),
        RouteDecided(
            request=turn, turn=turn, call=1, tier="weak", route="self-route", decision=f"d{turn}", model="30B",
            strategy="self-route",
        ),
    ]  # fmt: skip


def closed(turn: int, text: str) -> list[AnyEvent]:
    """The end of a turn and its request."""
    usage = Usage(prompt=1000, cached=900, output=50)
    return [
        CallFinished(
            request=turn, turn=turn, call=1, tier="weak", decision=f"d{turn}", model="30B", usage=usage, cost=None
        ),
        AnswerCompleted(request=turn, turn=turn, tier="weak", text=text),
        TurnEnded(request=turn, turn=turn, seconds=1.0),
        RequestEnded(request=turn, turn=turn, why="answered"),
    ]


def pieces(text: str, size: int = 8) -> Iterator[str]:
    """The text as it streams."""
    return (text[at : at + size] for at in range(0, len(text), size))


async def stream(kind: str, size: int = 8000, *, reasoning: bool = False) -> None:
    """One answer of so many characters, flushed at every third piece as at 100 pieces a second."""
    text = KINDS[kind](size)
    app = PierApp()
    async with app.run_test(size=SIZE) as pilot:
        screen = app.bench
        for event in opened(1):
            screen.show(event)
        await pilot.pause()
        gc.freeze()
        transcript = screen.conversation.transcript
        flushes, shows = [], 0.0
        make = ReasoningDelta if reasoning else TextDelta
        for number, piece in enumerate(pieces(text)):
            began = time.process_time()
            screen.show(make(request=1, turn=1, text=piece))
            shows += time.process_time() - began
            if number % 3 == 2:
                began = time.process_time()
                transcript.flush()
                flushes.append(1000 * (time.process_time() - began))
        began = time.process_time()
        for event in closed(1, "" if reasoning else text):
            screen.show(event)
        transcript.flush()
        last = 1000 * (time.process_time() - began)
        await pilot.pause()
    quarter = max(1, len(flushes) // 4)
    first, end = statistics.median(flushes[:quarter]), statistics.median(flushes[-quarter:])
    per_thousand = 1000 * shows / (number + 1)
    name = f"{kind}, reasoning" if reasoning else kind
    print(
        f"{name:<23} flush {first:5.1f} -> {end:5.1f}, max {max(flushes):5.1f}; the end {last:5.1f} ms;"
        f" {per_thousand:5.2f} s per 1,000 events shown"
    )


def past(turns: int) -> list[AnyEvent]:
    """A session of so many turns, each with a tool call and a page of answer."""
    found: list[AnyEvent] = []
    for turn in range(1, turns + 1):
        text = KINDS["prose"](600) + KINDS["fence"](250)
        found += opened(turn)
        call = {"call_id": f"c{turn}", "name": "read"}
        found.append(ToolCalled(request=turn, turn=turn, arguments='{"path": "shop/basket.py"}', line="read", **call))
        found.append(ToolReturned(request=turn, turn=turn, ok=True, text="1\tx = 1\n" * 60, line="read", **call))
        found += closed(turn, text)
    return found


async def history(turns: int = 1000) -> None:
    """Opening a session of so many turns: until all of it is there, and the longest wait of a key meanwhile."""
    events = past(turns)
    app = PierApp()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.pause()
        gaps: list[float] = []
        markdown_paint.parser()
        markdown_code.warm()
        gc.freeze()

        async def beat() -> None:
            while True:
                began = time.perf_counter()
                await asyncio.sleep(0)
                gaps.append(1000 * (time.perf_counter() - began))

        beating = asyncio.create_task(beat())
        began = time.perf_counter()
        await app.bench.resume(events)
        total = 1000 * (time.perf_counter() - began)
        beating.cancel()
        began = time.perf_counter()
        app.bench.conversation.transcript.action_top()
        top = 1000 * (time.perf_counter() - began)
        await pilot.pause()
    print(f"{len(events)} events, {turns} turns: {total:.0f} ms, longest step {max(gaps):.0f}, to the top {top:.0f}")


def main() -> None:
    """All timings, or those named."""
    wanted = sys.argv[1:] or ["start", "stream", "history"]
    print(f"load {os.getloadavg()[0]:.1f}")
    if "start" in wanted:
        first_paint()
    if "stream" in wanted:
        for kind in KINDS:
            asyncio.run(stream(kind))
        asyncio.run(stream("prose", reasoning=True))
        asyncio.run(stream("table", 14_000))
    if "history" in wanted:
        asyncio.run(history())


if __name__ == "__main__":
    main()
