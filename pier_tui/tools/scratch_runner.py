"""Running commands in the scratch checkout: it is brought up to date, and what a command changes is proposed."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from pier_tui.errors import RepositoryError, ToolError
from pier_tui.repo.overlay import Overlay
from pier_tui.repo.scratch import Scratch
from pier_tui.tools import process
from pier_tui.tools.protected import protected
from pier_tui.tools.sandbox import Sandbox
from pier_tui.tools.text import closing
from pier_tui.tools.tool import Output, Ran

MOST_CHANGED = 200
"""A command that changes more files than this is building something: none of them is proposed."""


class ScratchRunner:
    """The tools' `Runner`. One command at a time: they share the scratch checkout."""

    def __init__(self, scratch: Scratch, files: Overlay, sandbox: Sandbox) -> None:
        self._scratch, self._files, self._sandbox = scratch, files, sandbox
        self._turn = asyncio.Lock()

    async def run(
        self, argv_or_shell: str | tuple[str, ...], *, timeout: float, edits: Mapping[str, bytes] | None = None
    ) -> AsyncIterator[Output | Ran]:
        """Run; yields output as it comes and one `Ran` last. Closing the iterator kills the process group.

        `edits` are laid over the proposed files for this run only. Raises ToolError: it cannot be started.
        """
        argv = _shell(argv_or_shell) if isinstance(argv_or_shell, str) else argv_or_shell
        async with self._turn:
            root = await self._synced()
            kept = await asyncio.to_thread(_laid, root, edits or {})
            changes: dict[str, bytes | None] = {}
            ran: Ran | None = None
            try:
                launch = await asyncio.to_thread(self._sandbox.launch, argv, root, _import_paths(root), seconds=timeout)
                started = process.stream(launch, folder=root, timeout=timeout)
                async with closing(started) as pieces:
                    async for piece in pieces:
                        if isinstance(piece, Ran):
                            ran = piece
                        else:
                            yield Output(text=_relative(piece.text, root))
            finally:
                await asyncio.to_thread(_restored, root, kept)
                changes = await self._scratch.changes()
            if ran is not None:
                yield self._proposed(ran, changes, root)

    async def _synced(self) -> Path:
        try:
            return await self._scratch.sync(self._files)
        except RepositoryError as error:
            raise ToolError(str(error)) from error

    def _proposed(self, ran: Ran, changes: Mapping[str, bytes | None], root: Path) -> Ran:
        """The result with the files it changed put into the pending patch set; those of a broken-off run are not."""
        changed: list[str] = []
        notes: list[str] = []
        if ran.timed_out or ran.exit_code is None:
            changes = {}
        if self._sandbox.writes == "read-only" and changes:
            notes.append(f"({', '.join(sorted(changes))} not proposed: commands may only read here)")
            changes = {}
        for path in sorted(path for path in changes if protected(path)):
            notes.append(f"({path} not proposed: commands may not change it, propose it as an edit)")
            changes = {kept: content for kept, content in changes.items() if kept != path}
        if len(changes) > MOST_CHANGED:
            notes.append(f"({len(changes)} files changed: too many to propose)")
            changes = {}
        for path, content in sorted(changes.items()):
            try:
                self._files.write(path, content, _mode(root / path) if content is not None else None)
            except ToolError as error:
                notes.append(f"({path} not proposed: {error})")
            else:
                changed.append(path)
        output = "\n".join([_relative(ran.output, root), *notes]) if notes else _relative(ran.output, root)
        return ran.model_copy(update={"output": output, "changed": tuple(changed)})


def _shell(command: str) -> tuple[str, ...]:
    bash = Path("/bin/bash")
    return (str(bash) if bash.exists() else "/bin/sh", "-c", command)


def _import_paths(root: Path) -> dict[str, str]:
    """Where Python looks first: the scratch copy, even where an environment has the original installed."""
    folders = [root, *([root / "src"] if (root / "src").is_dir() else [])]
    return {"PYTHONPATH": os.pathsep.join(map(str, folders))}


def _relative(text: str, root: Path) -> str:
    """Output that speaks of the repository's paths, not of where its copy happens to lie."""
    return text.replace(f"{root}/", "").replace(str(root), ".")


def _mode(path: Path) -> int | None:
    """The mode of a file a command made executable, else None: the overlay knows the rest."""
    bits = path.lstat().st_mode if path.exists() else 0
    return 0o755 if bits & 0o100 else None


def _laid(root: Path, edits: Mapping[str, bytes]) -> dict[Path, bytes | None]:
    """Write the edits into the scratch copy; gives what was there. Raises ToolError for a path that leads out of it."""
    kept: dict[Path, bytes | None] = {}
    for path, content in edits.items():
        target = _inside(root, path)
        kept[target] = target.read_bytes() if target.is_file() else None
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return kept


def _restored(root: Path, kept: Mapping[Path, bytes | None]) -> None:
    """Put back what was there; the command may have put a link in its place, which is never followed."""
    for target, content in kept.items():
        inside = target.parent.resolve().is_relative_to(root.resolve())
        if not inside or (target.is_dir() and not target.is_symlink()):
            continue
        target.unlink(missing_ok=True)
        if content is not None and target.parent.is_dir():
            target.write_bytes(content)


def _inside(root: Path, path: str) -> Path:
    target = root / path
    outside = not target.parent.resolve().is_relative_to(root.resolve()) or ".." in Path(path).parts
    if outside or target.is_symlink() or target.is_dir():
        raise ToolError(f"{path} cannot be laid over the scratch copy.")
    return target
