"""How soon a stop is answered while the endpoint does nothing: from the key to the end of the request.

Run it with `python tests/bench/bench_faults.py [ROUNDS]`. It prints milliseconds; the load of the machine is printed
first, because it is in every figure.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import time
from contextlib import aclosing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "agent"))
sys.path.insert(0, str(Path(__file__).parents[1] / "models"))

from fault_server import Act, call, raw, said, serving, stall, status, stream
from test_network_faults import live

from pier_tui.events import AnyEvent

STAGES: dict[str, Act] = {
    "no answer at all": stall,
    "half a status line": raw(b"HTTP/1.1 2", then=stall),
    "headers only": stream(then=stall),
    "in the text": stream(said("I look"), then=stall),
    "in a tool call": stream(call("edit", '{"path": "a'), then=stall),
    "in the wait for a retry": status(429, "", retry_after="60"),
    "in a flood of text": stream(*[said("word ")] * 20_000, then=stall),
}


async def once(act: Act, folder: Path, *, patient: bool) -> float:
    """Milliseconds from the stop to the end of the request's events."""
    async with serving(act) as server:
        s = live(folder, server, sleep=asyncio.sleep if patient else None)
        pressed = 0.0

        async def press() -> None:
            nonlocal pressed
            await server.asked.wait()
            await asyncio.sleep(0.05)
            pressed = time.perf_counter()
            s.agent.interrupt()

        stopping = asyncio.ensure_future(press())
        last: AnyEvent | None = None
        async with aclosing(s.agent.run("fix size")) as events:
            async for event in events:
                last = event
        ended = time.perf_counter()
        await stopping
        assert last is not None
        assert last.type == "request_interrupted"
        return (ended - pressed) * 1000


async def main(rounds: int) -> None:
    sys.stdout.write(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; {rounds} rounds each, milliseconds\n")
    for stage, act in STAGES.items():
        taken: list[float] = []
        for _ in range(rounds):
            with tempfile.TemporaryDirectory() as folder:
                taken.append(await once(act, Path(folder), patient="retry" in stage))
        taken.sort()
        middle, high = statistics.median(taken), taken[int(len(taken) * 0.95)]
        sys.stdout.write(f"{stage:<24} median {middle:6.1f}   p95 {high:6.1f}   most {taken[-1]:6.1f}\n")


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20))
