"""The program on a repository of 100,000 files (a fifth of them source), in a real pseudo terminal.

`python tests/bench/bench_huge.py [FOLDER]`; without a folder one is made, which takes a minute or two. Prints
milliseconds on the clock; the load is printed first, and the program's own processor time beside what is long.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pier_tui.repo.overlay import Overlay
from pier_tui.repo.repo import Repo
from pier_tui.tools.finding import Wanted, find
from pier_tui.ui.widgets.prompt_complete import FileChoices
from tests.bench.bench_resume import Screen
from tests.bench.repositories import made

SOURCES, OTHERS, METHODS = 20_000, 80_000, 6
KEYS = 60
REQUEST = "@unit_00042"


def spent(what: str, began: tuple[float, float]) -> None:
    wall, cpu = time.perf_counter() - began[0], time.process_time() - began[1]
    print(f"{what:<34} {1000 * wall:7.0f} ms, {1000 * cpu:6.0f} CPU")


def now() -> tuple[float, float]:
    return time.perf_counter(), time.process_time()


async def parts(folder: Path) -> None:
    """What the program does with all files, by itself."""
    repo = Repo.open(folder)
    began = now()
    files = await repo.files()
    spent(f"list {len(files)} files", began)
    began = now()
    status = await repo.status()
    spent(f"git status ({status.dirty} changed)", began)
    began = now()
    choices = FileChoices(files)
    spent("take the files in", began)
    for length in range(1, len(REQUEST) + 1, 3):
        began = now()
        choices.best(REQUEST[1:length])
        spent(f"complete {REQUEST[:length]}", began)
    overlay = Overlay(repo)
    for ripgrep in ("rg", None):
        for pattern, regex in (("class Part777", False), ("class Part77[0-9]:", True)):
            began = now()
            hits = await find(Wanted(pattern, regex, "", 50), overlay, ripgrep)
            spent(f"search {pattern} {'rg' if ripgrep else 'python'} ({len(hits)} hits)", began)


def children(pid: int) -> list[int]:
    """The processes a process started and has not waited for."""
    return [int(number) for number in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def memory(pid: int) -> float:
    """Resident megabytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def waits(program: Screen, keys: int) -> list[float]:
    """Milliseconds until each of so many keys is in the prompt, sorted; the prompt is empty again after it."""
    found = []
    for number in range(1, keys + 1):
        sent = 1000 * (time.perf_counter() - program.began)
        program.child.send("z")
        found.append(program.until(r"\bz" + "z" * (number - 1) + r"(?!z)") - sent)
    program.child.send("\x15")
    return sorted(found)


def told(what: str, found: list[float]) -> None:
    p95 = found[len(found) * 95 // 100]
    print(f"{what:<34} median {statistics.median(found):5.0f} ms, p95 {p95:5.0f}, max {found[-1]:5.0f}")


def screen(home: Path, folder: Path, what: str) -> None:
    program = Screen(home, folder, None)
    print(f"{what}: first paint                {program.until(folder.name):7.0f} ms")
    print(f"{what}: idle                       {program.until('idle'):7.0f} ms, {program.cpu():6.0f} CPU")
    told(f"{what}: key while files are read", waits(program, KEYS))
    others = [round(memory(child)) for child in children(program.child.pid)]
    print(f"{what}: memory {memory(program.child.pid):.0f} MB, of its children {others}")
    completing = []
    for length in range(1, len(REQUEST) + 1):
        sent = 1000 * (time.perf_counter() - program.began)
        program.child.send(REQUEST[length - 1])
        completing.append(program.until(rf"(?m)^.*{REQUEST[:length]}(?!\w)") - sent)
    listed = 1000 * (time.perf_counter() - program.began)
    print(f"{what}: @ list shown               {program.until('unit_000420') - listed:7.0f} ms after the last key")
    told(f"{what}: key of an @", sorted(completing))
    program.child.send("\x1b\x15")
    began = 1000 * (time.perf_counter() - program.began)
    edited = next(folder.rglob("unit_000042.*"))
    before = edited.read_bytes()
    edited.write_bytes(before + b"# changed\n")
    print(f"{what}: a change on disk shown     {program.until('1 changed') - began:7.0f} ms")
    edited.write_bytes(before)
    print(f"{what}: memory {memory(program.child.pid):.0f} MB, {program.cpu():.0f} ms CPU in all")
    program.child.close(force=True)


def main() -> None:
    print(f"load {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as temporary:
        home = Path(temporary)
        folder = Path(sys.argv[1]) if sys.argv[1:] else made(home / "huge", SOURCES, OTHERS, METHODS)
        subprocess.run(["git", "status"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        asyncio.run(parts(folder))
        screen(home, folder, "first")
        screen(home, folder, "again")


if __name__ == "__main__":
    main()
