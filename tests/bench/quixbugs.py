"""Measures the offline pair on the QuixBugs Python programs: `python tests/bench/quixbugs.py FOLDER [NAME …]`.

FOLDER is a checkout of the public QuixBugs set; nothing of it is kept here. For each program with a Python
test a repository of the buggy program and its own test is made (correct versions left out), and the pair
is asked, over the wire and with the real tools, to make the failing test pass. A program counts as repaired
when its tests pass afterwards in a fresh process, within the limit in seconds of wall time.
"""

from __future__ import annotations

import argparse
import ast
import asyncio
import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import httpx

from pier_tui.bench.suites import load
from pier_tui.bench.task import PYTHON, Check, Task
from pier_tui.bench.worktree import lay_over
from pier_tui.errors import PierError, ToolError
from pier_tui.models.offline.transport import OfflineTransport
from pier_tui.tools.registry import TOOLS
from pier_tui.tools.tool import Output, Ran, Tool, ToolResult
from pier_tui.tools.try_edits import TryEdits

LIMIT = 60.0
RUN_LIMIT = 6.0
"""Seconds for a plain test run: many of the buggy programs never end."""
EVERY = {tool.name: tool for tool in (*TOOLS, cast(Tool, TryEdits()))}


class FolderFiles:
    """Files of a folder with an overlay."""

    def __init__(self, root: Path) -> None:
        self.root, self.overlay = root, cast(dict[str, bytes], {})

    def read(self, path: str) -> bytes:
        """The proposed bytes."""
        if path in self.overlay:
            return self.overlay[path]
        try:
            return (self.root / path).read_bytes()
        except OSError as error:
            raise ToolError(f"There is no file {path}.") from error

    def exists(self, path: str) -> bool:
        """Whether it is a file."""
        return path in self.overlay or (self.root / path).is_file()

    def list(self, under: str = "") -> tuple[str, ...]:
        """All paths."""
        found = {str(p.relative_to(self.root)) for p in self.root.rglob("*") if p.is_file()} | set(self.overlay)
        return tuple(sorted(p for p in found if p.startswith(under) and "__pycache__" not in p))

    def write(self, path: str, content: bytes | None, mode: int | None = None) -> None:
        """Propose."""
        assert content is not None
        self.overlay[path] = content

    def changed(self) -> tuple[str, ...]:
        """What was proposed."""
        return tuple(self.overlay)


class CopyRunner:
    """Runs in a throw-away copy; plain test runs are cut at RUN_LIMIT."""

    def __init__(self, files: FolderFiles) -> None:
        self.files = files

    async def run(
        self, argv_or_shell: str | tuple[str, ...], *, timeout: float, edits: Mapping[str, bytes] | None = None
    ) -> AsyncIterator[Output | Ran]:
        """Run to the end or the limit."""
        with tempfile.TemporaryDirectory() as folder:
            scratch = Path(folder) / "work"
            shutil.copytree(self.files.root, scratch)
            for path, content in {**self.files.overlay, **(edits or {})}.items():
                (scratch / path).parent.mkdir(parents=True, exist_ok=True)
                (scratch / path).write_bytes(content)
            trying = any("_try" in name for name in edits or {})
            started = time.monotonic()
            argv = ("sh", "-c", argv_or_shell) if isinstance(argv_or_shell, str) else argv_or_shell
            process = await asyncio.create_subprocess_exec(
                *argv, cwd=scratch, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
            )
            late = False
            try:
                out, _ = await asyncio.wait_for(process.communicate(), timeout if trying else RUN_LIMIT)
            except TimeoutError:
                late, out = True, b""
                process.send_signal(signal.SIGKILL)
                await process.wait()
            code = None if late else process.returncode
            yield Ran(
                exit_code=code,
                seconds=time.monotonic() - started,
                output=out.decode("utf-8", "replace").replace(f"{scratch}/", ""),
                timed_out=late,
            )


class Yes:
    """Everything may run."""

    async def command(self, command: str, why: str) -> tuple[bool, str]:
        """Yes."""
        return True, ""


@dataclass
class Table:
    """A desk for the tools."""

    files: FolderFiles
    runner: CopyRunner
    approval: Yes = field(default_factory=Yes)

    async def ask(self, question: str, choices: tuple[str, ...] = ()) -> str:
        """Nobody answers."""
        raise ToolError("nobody can answer")


class Session:
    """One request, turn by turn, over two transports."""

    def __init__(self, root: Path, request: str) -> None:
        self.files = FolderFiles(root)
        self.desk = Table(self.files, CopyRunner(self.files))
        self.clients = {tier: httpx.AsyncClient(transport=OfflineTransport(tier)) for tier in ("weak", "strong")}
        self.messages: list[dict[str, Any]] = [
            {"role": "system", "content": "bench"},
            {"role": "user", "content": "<repository>\n</repository>\n<backbone>\n</backbone>"},
            {"role": "user", "content": f"<request>\n{request}\n</request>"},
        ]
        self.said = ""
        self.calls: list[str] = []

    async def run(self, turns: int = 14) -> None:
        """Until an answer without tools, or `finish`."""
        for _ in range(turns):
            message = await self._answer("weak", "")
            route = next((c for c in message.get("tool_calls", []) if c["function"]["name"] == "route"), None)
            stated = json.loads(route["function"]["arguments"]) if route else {}
            if stated.get("action") == "escalate":
                message = await self._answer("strong", stated["handoff_prompt"])
            self.messages.append(message)
            self.said = message["content"] or self.said
            calls = message.get("tool_calls", [])
            for call in calls:
                await self._act(call)
            if not calls or all(c["function"]["name"] in ("route", "finish") for c in calls):
                return

    async def _answer(self, tier: str, handoff: str) -> dict[str, Any]:
        tail = f"<now>\n<handoff>\n{handoff}\n</handoff>\n</now>" if handoff else "<now>\n</now>"
        offered = [t for t in EVERY.values() if tier in t.tiers]
        specs = [{"type": "function", "function": t.spec().model_dump()} for t in offered]
        body = {"model": tier, "messages": [*self.messages, {"role": "user", "content": tail}], "tools": specs}
        response = await self.clients[tier].post("http://offline/v1/chat/completions", json=body)
        return cast(dict[str, Any], response.json()["choices"][0]["message"])

    async def _act(self, call: dict[str, Any]) -> None:
        name, raw = call["function"]["name"], call["function"]["arguments"]
        tool = EVERY[name]
        self.calls.append(name)
        text = "noted"
        if name == "finish":
            self.said = json.loads(raw)["summary"]
        elif name != "route":
            try:
                async for item in tool.run(tool.Args.model_validate_json(raw), self.desk):
                    text = item.text if isinstance(item, ToolResult) else text
            except PierError as error:
                text = str(error)
        self.messages.append({"role": "tool", "tool_call_id": call["id"], "name": name, "content": text})


def laid_out(task: Task, into: Path) -> Path:
    """A folder with a task's files."""
    into.mkdir()
    lay_over(into, task.tree.files)
    return into


def _same(after: str, correct: str) -> bool:
    """Whether the code is the reference's, docstrings and layout aside."""

    def plain(text: str) -> str:
        functions = [n for n in ast.parse(text).body if not isinstance(n, ast.Expr)]
        return "\n".join(ast.unparse(n) for n in functions[: max(1, len(functions))])

    return plain(after) == plain(correct)


def passes(task: Task, check: Check, changed: Mapping[str, bytes]) -> bool:
    """Whether a check of a task passes in a fresh process on its files with `changed` over them."""
    command = [sys.executable if word == PYTHON else word for word in check.argv]
    with tempfile.TemporaryDirectory() as folder:
        root = laid_out(task, Path(folder) / "tree")
        lay_over(root, {path: content.decode() for path, content in changed.items()} | check.hidden)
        try:
            ran = subprocess.run(command, check=False, cwd=root, capture_output=True, timeout=check.seconds)
        except subprocess.TimeoutExpired:
            return False
        return ran.returncode == 0


async def repaired(task: Task) -> tuple[dict[str, bytes] | None, float, str]:
    """What the pair changed (None: it was late), the seconds it took, and what was said last."""
    with tempfile.TemporaryDirectory() as folder:
        session = Session(laid_out(task, Path(folder) / "repo"), task.request)
        started = time.monotonic()
        try:
            await asyncio.wait_for(session.run(), LIMIT)
        except TimeoutError:
            return None, LIMIT, " ".join(session.calls)
        return session.files.overlay, time.monotonic() - started, session.said


async def measure(source: Path, task: Task) -> tuple[str, float, str]:
    """`equal`, `passes`, `late` or `no`; seconds; what was said last."""
    changed, seconds, said = await repaired(task)
    if changed is None:
        return "late", seconds, said
    (program,) = task.may_change
    if set(changed) != {program} or not await asyncio.to_thread(passes, task, task.checks[0], changed):
        return "no", seconds, said
    correct = (source / "correct_python_programs" / Path(program).name).read_text()
    return ("equal" if _same(changed[program].decode(), correct) else "passes"), seconds, said


def main() -> None:
    """Measure and print one line per program."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    outcomes: dict[str, str] = {}
    for task in load(f"quixbugs={options.folder}"):
        name = task.id.partition("/")[2]
        if options.names and name not in options.names:
            continue
        outcomes[name], seconds, said = asyncio.run(measure(options.folder, task))
        print(f"{name:30} {outcomes[name]:7} {seconds:5.1f} s  {' '.join(said.split())[:150]}", flush=True)
    count = list(outcomes.values()).count
    repaired = count("equal") + count("passes")
    print(f"{repaired} of {len(outcomes)} pass their tests; {count('equal')} of them equal the reference")


if __name__ == "__main__":
    main()
