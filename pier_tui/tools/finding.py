"""Finding lines in many files: ripgrep over the working tree and the pending texts, or Python where it is absent.

A pattern from a model may take exponential time in Python's `re`, which cannot be interrupted; ripgrep's
time is linear, and without it a regular expression runs in a process of its own that is killed when late.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from pier_tui.errors import ToolError
from pier_tui.tools import paths, scanning
from pier_tui.tools.environment import for_commands
from pier_tui.tools.tool import Files

SECONDS = 10.0
A_SECOND = 5_000
"""Files for which Python is given another second: many are read in one even where the machine is busy."""
FEW = 1_000
"""Files that are searched for a plain text in this process."""
LONGEST_FILE = 2_000_000
"""Larger files are not searched, in bytes."""


@dataclass(frozen=True, order=True)
class Hit:
    """A line that matches."""

    path: str
    line: int
    text: str


@dataclass(frozen=True)
class Wanted:
    """What to look for, below which folder, and after how many hits to stop."""

    pattern: str
    regex: bool
    folder: str
    most: int


_RIPGREP = (
    "--no-config", "--no-heading", "--with-filename", "--line-number", "--null", "--color=never", "--no-messages",
    "--hidden", "--glob=!.git", "--sort=path", f"--max-filesize={LONGEST_FILE}", "--no-follow", "--no-pre",
)  # fmt: skip


async def find(wanted: Wanted, files: Files, ripgrep: str | None = "rg") -> list[Hit]:
    """The hits by path and line. `ripgrep` None searches with Python.

    Raises ToolError: the pattern is invalid, there is no such folder, or the search took too long.
    """
    among = await asyncio.to_thread(_among, wanted.folder, files)
    root = paths.root_of(files)
    program = _program(ripgrep, root)
    if program is None or root is None:
        return await _with_python(wanted, files, sorted(among))
    changed = set(files.changed())
    hits: list[Hit] = []
    for path in sorted(among & changed):
        content = await asyncio.to_thread(files.read, path)
        found = await _ripgrep(program, wanted, ("-",), None, content, None)
        hits += [Hit(path, hit.line, hit.text) for hit in found]
    if among - changed:
        target = f"./{wanted.folder}" if wanted.folder else "./"
        hits += await _ripgrep(program, wanted, (target,), root, b"", among - changed)
    return sorted(hits)


def _among(folder: str, files: Files) -> set[str]:
    if folder and files.exists(folder):
        return {folder}
    found = paths.under(folder, files)
    if folder and not found:
        raise ToolError(f"There is no file or folder {folder}; list shows what there is.")
    return set(found)


def _program(name: str | None, root: Path | None) -> str | None:
    """Where ripgrep is; never one the repository itself brings."""
    found = shutil.which(name) if name else None
    inside = found is not None and root is not None and Path(found).resolve().is_relative_to(root.resolve())
    return None if inside else found


async def _ripgrep(
    program: str, wanted: Wanted, targets: tuple[str, ...], root: Path | None, content: bytes, among: set[str] | None
) -> list[Hit]:
    """Hits in `content` (given as standard input) or below `root`, there only in files of `among`."""
    argv = [*_RIPGREP, *([] if wanted.regex else ["--fixed-strings"]), "--regexp", wanted.pattern, "--", *targets]
    process = await asyncio.create_subprocess_exec(
        program,
        *argv,
        cwd=root,
        env=for_commands(os.environ),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=4 * LONGEST_FILE,
    )
    try:
        async with asyncio.timeout(SECONDS):
            hits, errors = await _collected(process, content, wanted.most, among)
            status = await process.wait()
    except TimeoutError as error:
        raise ToolError(f"The search took longer than {SECONDS:g} s; narrow the pattern or the path.") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if status == 2 and not hits and errors:
        raise ToolError(f"The pattern cannot be used: {' '.join(errors.decode('utf-8', 'replace').split())[:300]}")
    return hits


async def _collected(
    process: asyncio.subprocess.Process, content: bytes, most: int, among: set[str] | None
) -> tuple[list[Hit], bytes]:
    """Feed and read at once, stopping ripgrep after `most` hits."""

    async def feed() -> None:
        assert process.stdin is not None
        try:
            process.stdin.write(content)
            await process.stdin.drain()
        except (BrokenPipeError, ConnectionResetError):
            return
        finally:
            process.stdin.close()

    async def gather() -> list[Hit]:
        assert process.stdout is not None
        hits: list[Hit] = []
        async for row in process.stdout:
            name, _, rest = row.partition(b"\0")
            number, _, text = rest.partition(b":")
            path = name.decode("utf-8", "surrogateescape").removeprefix("./")
            if number.isdigit() and (among is None or path in among):
                hits.append(Hit(path, int(number), text.decode("utf-8", "replace").rstrip("\r\n")))
            if len(hits) >= most:
                process.kill()
                break
        return hits

    async def complain() -> bytes:
        assert process.stderr is not None
        return await process.stderr.read(4_096)

    _, hits, errors = await asyncio.gather(feed(), gather(), complain())
    return hits, errors


async def _with_python(wanted: Wanted, files: Files, among: list[str]) -> list[Hit]:
    if not wanted.regex and len(among) <= FEW:
        return await asyncio.to_thread(_plainly, wanted, files, among)
    payload = await asyncio.to_thread(_asked, wanted, files, among)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        "-S",
        scanning.__file__,
        env=for_commands(os.environ),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        seconds = SECONDS + len(among) / A_SECOND
        async with asyncio.timeout(seconds):
            answer, _ = await process.communicate(payload)
    except TimeoutError as error:
        raise ToolError(f"The search took longer than {seconds:.0f} s; use a simpler pattern, or a folder.") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    found = json.loads(answer or b'{"error": "the search process died"}')
    if "error" in found:
        raise ToolError(f"The pattern cannot be used: {found['error']}")
    return [Hit(*hit) for hit in found["hits"]]


def _asked(wanted: Wanted, files: Files, among: list[str]) -> bytes:
    """What `scanning` is asked: what is pending is given to it, without a disk all; the rest it reads itself."""
    root = paths.root_of(files)
    given = set(among if root is None else files.changed())
    return json.dumps(
        {
            **{"pattern": wanted.pattern, "regex": wanted.regex, "most": wanted.most, "longest": LONGEST_FILE},
            "root": str(root or ""),
            "paths": [path for path in among if path not in given],
            "texts": _texts(files, [path for path in among if path in given]),
        }
    ).encode()


def _texts(files: Files, among: list[str]) -> list[tuple[str, str]]:
    return [(path, text) for path in among if (text := _text(files, path)) is not None]


def _text(files: Files, path: str) -> str | None:
    """The text of a file, None where it is binary, too large, or no longer there."""
    try:
        content = files.read(path)
    except ToolError:
        return None
    if len(content) > LONGEST_FILE or b"\0" in content[:8_192]:
        return None
    return content.decode("utf-8", "replace")


def _plainly(wanted: Wanted, files: Files, among: list[str]) -> list[Hit]:
    hits: list[Hit] = []
    for path in among:
        text = _text(files, path)
        if text is None or wanted.pattern not in text:
            continue
        for number, line in enumerate(text.split("\n"), 1):
            if wanted.pattern in line:
                hits.append(Hit(path, number, line.rstrip("\r")))
                if len(hits) >= wanted.most:
                    return hits
    return hits
