"""Timings of going on with a long session: its parts, and the real program in a real pseudo terminal.

Run it with `python tests/bench/bench_resume.py [parts] [screen] [append] [EVENTS]`; without a word it times all, on
10,000 events. It prints milliseconds; the load of the machine is printed first, because it is in every figure.
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pexpect
import pyte

from pier_tui.backbone.prefix import Segment
from pier_tui.backbone.state import Backbone, Item
from pier_tui.backbone.updates import Put
from pier_tui.events import (
    AnswerCompleted,
    AnyEvent,
    BackboneChanged,
    BackboneRestored,
    CallFinished,
    Compacted,
    PatchProposed,
    RequestEnded,
    RequestStarted,
    RouteDecided,
    ToolCalled,
    ToolReturned,
    TurnEnded,
    TurnStarted,
)
from pier_tui.models.messages import Message, ToolCall
from pier_tui.models.usage import Usage
from pier_tui.repo.diff import FileDiff, Hunk, Line, Patch
from pier_tui.session.resume import fold
from pier_tui.session.store import Store

EVENTS = 10_000
ENDING = "The last answer of a long session."
SIZE = (36, 120)
RUNS = 5
PROSE = "The total is computed before the discount, so `Basket.total` is **wrong** for an empty basket. " * 5
RESULT = "    total = sum(item.price for item in items)\n" * 30
SEGMENTS = tuple(
    Segment(name=name, tokens=700, digest="0" * 16) for name in ("harness", "tools", "repository", "deltas")
)


def patch(number: int) -> Patch:
    """A proposal of one hunk."""
    lines = tuple(Line(kind=kind, text=f"x = {number}\n") for kind in (" ", "-", "+", " "))
    hunk = Hunk(old_start=number, old_count=3, new_start=number, new_count=3, lines=lines)
    return Patch(files=(FileDiff(old_path="shop/basket.py", new_path="shop/basket.py", hunks=(hunk,)),))


def turn(number: int, request: int, text: str) -> Iterator[AnyEvent]:
    """One turn as it is stored: routed by the weak model, one tool call, facts on the backbone."""
    at = {"request": request, "turn": number, "time": 1_800_000_000.0 + number}
    route = {"decision": f"d{number}", "call": 1, "tier": "weak", "model": "30B", "strategy": "self-route", **at}
    call = ToolCall(id=f"c{number}", name="read", arguments='{"path": "shop/basket.py"}')
    item = Item(
        id="", section="files", key=f"shop/f{number % 60}.py", text="read 1-80", author="tool", detail=f"f{number}"
    )
    told = (
        Message(role="assistant", content=text, tool_calls=(call,)),
        Message(role="tool", content=RESULT, tool_call_id=call.id, name="read"),
    )
    yield TurnStarted(**at)
    yield RouteDecided(route="self-route", segments=SEGMENTS, predicted_cached=2600, **route)
    yield RouteDecided(route="self-route", action="inspect", confidence=0.86, reason="reading only", **route)
    yield CallFinished(
        decision=f"d{number}", call=1, tier="weak", model="30B", usage=Usage(prompt=3500, cached=2600, output=180),
        cost=Decimal("0.0041"), counterfactual={"105B at sarvam-hosted": Decimal("0.08")}, **at,
    )  # fmt: skip
    yield AnswerCompleted(tier="weak", text=text, tool_calls=(call,), **at)
    yield ToolCalled(call_id=call.id, name="read", arguments=call.arguments, line="read shop/basket.py", **at)
    if number % 3 == 0:
        yield PatchProposed(patch=patch(number % 50 + 1), paths=("shop/basket.py",), **at)
    yield ToolReturned(call_id=call.id, name="read", ok=True, text=RESULT, line="read shop/basket.py 1-80", **at)
    yield BackboneChanged(updates=(Put(item=item),), messages=told, **at)
    yield TurnEnded(seconds=1.2, **at)
    if number % 8 == 0:
        yield Compacted(snapshot="files: shop/basket.py read", epoch=number // 8, tokens_before=6000, **at)


def past(count: int) -> list[AnyEvent]:
    """A session of about so many stored events, requests of five turns each."""
    found: list[AnyEvent] = [BackboneRestored(backbone=Backbone(repo_card="shop"))]
    number = request = 0
    while len(found) < count:
        request += 1
        found.append(RequestStarted(request=request, turn=number, text="Fix the total of an empty basket"))
        for _ in range(5):
            number += 1
            found += turn(number, request, PROSE)
        found.append(RequestEnded(request=request, turn=number, why="answered"))
    found.append(RequestStarted(request=request + 1, turn=number, text="And?"))
    found += turn(number + 1, request + 1, ENDING)
    found.append(RequestEnded(request=request + 1, turn=number + 1, why="answered"))
    return found


def kept(state: Path, repo: Path, count: int) -> str:
    """A store with the session in it; its id."""
    with Store(state / "pier-tui" / "sessions.db", synchronous="NORMAL") as store:
        session = store.open_session(str(repo), "a long session")
        store.append_all([event.model_copy(update={"session": session}) for event in past(count)])
    return session


def timed(what: Callable[[], object]) -> float:
    """Milliseconds, the median of a few."""
    times = []
    for _ in range(RUNS):
        began = time.perf_counter()
        what()
        times.append(1000 * (time.perf_counter() - began))
    return statistics.median(times)


def parts(state: Path, session: str) -> None:
    """Reading, and folding."""
    with Store(state / "pier-tui" / "sessions.db") as store:
        events = store.events(session)
        print(f"{len(events)} events, {store.path.stat().st_size / 1e6:.1f} MB")
        print(f"read the last 120       {timed(lambda: store.tail(session, 120)):7.0f} ms")
        print(f"read all                {timed(lambda: store.events(session)):7.0f} ms")
        print(f"fold                    {timed(lambda: fold(events)):7.0f} ms")


def appending(state: Path, session: str) -> None:
    """One event at a time, on disk when it returns."""
    event = next(iter(turn(1, 1, PROSE))).model_copy(update={"session": session})
    for way in ("FULL", "NORMAL"):
        with Store(state / "pier-tui" / "sessions.db", synchronous=way) as store:
            times = sorted(timed(lambda s=store: s.append_now(event)) for _ in range(40))  # type: ignore[misc]
            print(f"append, {way:<7}         {times[20]:7.2f} ms median, {times[-1]:.2f} worst")


class Screen:
    """The program on a pseudo terminal."""

    def __init__(self, home: Path, repo: Path, session: str | None) -> None:
        env = {"PATH": os.environ["PATH"], "HOME": str(home), "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}
        env |= {"XDG_STATE_HOME": str(home / "state"), "XDG_CONFIG_HOME": str(home / "config")}
        self._screen = pyte.Screen(SIZE[1], SIZE[0])
        self._stream = pyte.ByteStream(self._screen)
        args = ["-m", "pier_tui.cli", "open", "--trust", "--profile", "offline", str(repo)]
        args += ["--resume", session] if session else []
        self.began = time.perf_counter()
        self.child = pexpect.spawn(sys.executable, args, env=env, dimensions=SIZE, timeout=60)
        self.child.delaybeforesend = None

    def until(self, wanted: str) -> float:
        """Milliseconds since the start until the screen shows it."""
        end = time.perf_counter() + 60
        while not re.search(wanted, "\n".join(self._screen.display)):
            if time.perf_counter() > end:
                raise SystemExit(f"never came: {wanted}\n" + "\n".join(self._screen.display))
            try:
                self._stream.feed(self.child.read_nonblocking(65536, timeout=0.02))
            except pexpect.TIMEOUT:
                continue
        return 1000 * (time.perf_counter() - self.began)

    def cpu(self) -> float:
        """Milliseconds of processor time of the program so far, all of its threads, without what it started."""
        fields = Path(f"/proc/{self.child.pid}/stat").read_text().rpartition(")")[2].split()
        return 1000 * (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def screen(home: Path, repo: Path, session: str | None) -> None:
    """From the start of the process: the first paint, the end of the session, a typed key, and the longest wait of
    a key while all of the session is being read.
    """
    rows = []
    for _ in range(RUNS):
        program = Screen(home, repo, session)
        first = program.until("shop")
        text = program.until(ENDING if session else "idle")
        worked = program.cpu()
        typed, waits = 0.0, []
        for number in range(1, 21):
            sent = 1000 * (time.perf_counter() - program.began)
            program.child.send("z")
            waits.append(program.until(r"\bz" + "z" * (number - 1) + r"(?!z)") - sent)
            typed = typed or sent + waits[0]
        program.child.close(force=True)
        rows.append((first, text, worked, typed, max(waits)))
    names = ("first paint", "its end shown", "… processor time", "first key answered", "longest wait of a key")
    for name, column in zip(names, zip(*rows, strict=True), strict=True):
        print(f"{'resume' if session else 'new'}: {name:<24} {statistics.median(column):6.0f} ms")


def main() -> None:
    """All timings, or those named."""
    words = [word for word in sys.argv[1:] if not word.isdecimal()] or ["parts", "append", "screen"]
    count = next((int(word) for word in sys.argv[1:] if word.isdecimal()), EVENTS)
    print(f"load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as folder:
        home, repo = Path(folder), Path(folder) / "shop"
        repo.mkdir()
        subprocess.run(["git", "init", "-q", repo], check=True)
        session = kept(home / "state", repo, count)
        if "parts" in words:
            parts(home / "state", session)
        if "append" in words:
            appending(home / "state", session)
        if "screen" in words:
            screen(home, repo, None)
            screen(home, repo, session)


if __name__ == "__main__":
    main()
