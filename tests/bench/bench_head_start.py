"""What a head start of read-only tools brings: seconds of a speculative turn over a slow server, with and without it.

Run it with `python tests/bench/bench_head_start.py [ROUNDS]`. A server on the loopback answers as the 30B after 0.2 s
and as the 105B after 1.2 s, both with the same searches of a repository of 1,000 files. The load of the machine is
printed first, because it is in every figure.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
import tempfile
from contextlib import aclosing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "agent"))
sys.path.insert(0, str(Path(__file__).parents[1] / "models"))

from fault_server import DONE, Line, call, said, serving, stream
from test_network_faults import live

from pier_tui.agent.tool_run import STARTED
from pier_tui.events import ToolReturned, TurnEnded
from pier_tui.router.strategies.speculative import Speculative
from pier_tui.router.strategy import Flow, TurnState

FILES, LINES = 1_000, 120
SECONDS = {"weak": 0.2, "strong": 1.2}
WANTED = ("size_[0-9]+9\\(", "return .*[0-9]{4}$", "deep")


class Waiting(Speculative):
    """The same strategy, whose draft starts nothing."""

    def flow(self, turn: TurnState) -> Flow:
        flow = super().flow(turn)
        calls = tuple(one.model_copy(update={"ahead": False}) for one in next(flow))
        try:
            flow.send((yield calls))
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]
        raise AssertionError


async def answer(line: Line) -> None:
    """The same searches from both models, each in its own time; a closing word once they were made."""
    await asyncio.sleep(SECONDS[line.body["model"]])
    asked = any(message["role"] == "tool" for message in line.body["messages"])
    searches = [
        call("search", json.dumps({"pattern": pattern, "regex": True}), at, f"s{at}")
        for at, pattern in enumerate(WANTED)
    ]
    chunks = [said("Done.", "stop")] if asked else [*searches, said("", "tool_calls")]
    await stream(*chunks, DONE)(line)


async def turn(strategy: Speculative, folder: Path) -> tuple[float, int]:
    """Seconds of the first turn, and how many of its tools had been started on the draft."""
    async with serving(answer) as server:
        s = live(folder, server, strategy=strategy)
        for at in range(FILES):
            place = s.root / f"part{at % 50}"
            place.mkdir(exist_ok=True)
            body = "\n".join(f"def size_{at}_{n}():\n    return {at * n}" for n in range(LINES // 2))
            (place / f"m{at}.py").write_text(body)
        seconds, started = 0.0, 0
        async with aclosing(s.agent.run("where?")) as events:
            async for event in events:
                if isinstance(event, ToolReturned):
                    started += event.line.endswith(STARTED)
                elif isinstance(event, TurnEnded) and event.turn == 1:
                    seconds = event.seconds
        return seconds, started


async def main(rounds: int) -> None:
    """Both ways in turn, so that the machine's moods are the same for both."""
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores, {rounds} rounds")
    found: dict[str, list[float]] = {"without": [], "with": []}
    for _ in range(rounds):
        for name, strategy in (("without", Waiting()), ("with", Speculative())):
            with tempfile.TemporaryDirectory() as folder:
                seconds, started = await turn(strategy, Path(folder))
            assert started == (len(WANTED) if name == "with" else 0)
            found[name].append(seconds)
    for name, seconds_of in found.items():
        print(f"{name:<8} {statistics.median(seconds_of):.2f} s a turn, {min(seconds_of):.2f} to {max(seconds_of):.2f}")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 5))
