from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from pier_tui.errors import ToolError
from pier_tui.tools.process import HEAD, TAIL, Launch, Ring, stream
from pier_tui.tools.tool import Output, Ran

ENVIRONMENT = {"PATH": os.environ["PATH"]}


async def finished(argv: tuple[str, ...], folder: Path, timeout: float = 20.0) -> tuple[Ran, str]:
    live: list[str] = []
    async for piece in stream(Launch(argv, ENVIRONMENT), folder=folder, timeout=timeout):
        if isinstance(piece, Ran):
            return piece, "".join(live)
        live.append(piece.text)
    raise AssertionError("a process that ended gives its result")


def state_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


async def gone(pid: int) -> bool:
    """Whether a process ends; waits for the kernel to say so."""
    for _ in range(200):
        try:
            state = state_of(pid)
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":
            return True
        await asyncio.sleep(0.01)
    return False


async def test_a_command_gives_its_output_as_it_comes_and_its_result_last(tmp_path: Path) -> None:
    ran, live = await finished(("sh", "-c", "echo one; echo two >&2; pwd; exit 3"), tmp_path)
    assert (ran.exit_code, ran.timed_out) == (3, False)
    assert ran.output == live == f"one\ntwo\n{tmp_path}\n"


async def test_there_is_no_terminal_and_nothing_to_read(tmp_path: Path) -> None:
    ran, _ = await finished(("sh", "-c", "cat; test -t 0 || echo none; (: > /dev/tty) 2>&1"), tmp_path)
    assert "none\n" in ran.output
    assert "/dev/tty" in ran.output


async def test_a_program_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="cannot be started"):
        await finished(("no-such-program-here",), tmp_path)


async def test_closing_kills_the_whole_tree_even_if_it_does_not_listen(tmp_path: Path) -> None:
    script = "trap '' TERM; sh -c 'trap \"\" TERM; echo $$; sleep 60 & echo $!; wait' & echo $$; wait"
    pids: list[int] = []
    pieces = stream(Launch(("sh", "-c", script), ENVIRONMENT), folder=tmp_path, timeout=60)
    async for piece in pieces:
        assert isinstance(piece, Output)
        pids += [int(pid) for pid in piece.text.split()]
        if len(pids) == 3:
            break
    await pieces.aclose()  # type: ignore[attr-defined]
    assert len(pids) == 3
    for pid in pids:
        assert await gone(pid)


async def test_cancelling_kills_the_tree(tmp_path: Path) -> None:
    started = asyncio.Event()
    pids: list[int] = []

    async def read() -> None:
        async for piece in stream(
            Launch(("sh", "-c", "sleep 60 & echo $!; wait"), ENVIRONMENT), folder=tmp_path, timeout=60
        ):
            assert isinstance(piece, Output)
            pids.append(int(piece.text))
            started.set()

    task = asyncio.create_task(read())
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await gone(pids[0])


async def test_a_timeout_ends_the_command_and_says_so(tmp_path: Path) -> None:
    ran, _ = await finished(("sh", "-c", "echo $$; exec sleep 60"), tmp_path, timeout=0.2)
    assert (ran.exit_code, ran.timed_out) == (None, True)
    assert await gone(int(ran.output))


async def test_a_child_left_in_the_background_does_not_hold_the_result_and_does_not_stay(tmp_path: Path) -> None:
    ran, _ = await finished(("sh", "-c", "sleep 60 & echo $!"), tmp_path)
    assert ran.exit_code == 0
    assert await gone(int(ran.output))


async def test_fifty_megabytes_of_output_are_bounded(tmp_path: Path) -> None:
    script = "import os\nfor n in range(800): os.write(1, b'%07d\\n' % n * 8192)\nos.write(1, b'the end\\n')"
    ran, live = await finished((sys.executable, "-I", "-c", script), tmp_path)
    assert ran.exit_code == 0
    assert len(ran.output) < HEAD + TAIL + 200
    assert ran.output.startswith("0000000\n")
    assert ran.output.endswith("the end\n")
    assert "bytes left out" in ran.output
    assert live.endswith("the end\n")
    assert len(live) < 50_000_000


async def test_a_line_of_ten_megabytes_is_bounded_too(tmp_path: Path) -> None:
    script = "import os\nfor n in range(160): os.write(1, b'x' * 65536)\nos.write(1, b' end')"
    ran, live = await finished((sys.executable, "-I", "-c", script), tmp_path)
    assert len(ran.output) < HEAD + TAIL + 200
    assert ran.output.endswith("x end")
    assert "10158084 bytes left out" in ran.output
    assert live.endswith("x end")


def test_a_ring_never_holds_more_than_its_head_and_twice_its_tail() -> None:
    ring, piece = Ring(), bytes(65_536)
    for _ in range(1_024):
        ring.add(piece)
        assert len(ring._head) + len(ring._tail) <= HEAD + 2 * TAIL + len(piece)


async def test_bytes_that_are_no_text_are_shown_as_such(tmp_path: Path) -> None:
    ran, live = await finished(("printf", "caf\\351 \\303\\251"), tmp_path)
    assert ran.output == live == "caf\ufffd é"


def test_a_ring_keeps_head_and_tail() -> None:
    ring = Ring(head=4, tail=4)
    for piece in (b"ab", b"cdef", b"ghijklmnop", b"qr"):
        ring.add(piece)
    assert ring.text() == "abcd\n… 10 bytes left out …\nopqr"
    small = Ring(head=2, tail=4)
    small.add("é…".encode())
    assert small.text() == "é…"
