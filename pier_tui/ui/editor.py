"""The user's own editor on a text: the terminal is his while it runs."""

from __future__ import annotations

import asyncio
import os
import shlex
import tempfile
from pathlib import Path

from textual.app import App, SuspendNotSupported

from pier_tui.redaction import spared
from pier_tui.tools.environment import without_secrets


async def edit(app: App[None], text: str, suffix: str = ".md") -> str | None:
    """The text as he left it; None where there is no editor or it failed. Told to the user."""
    command = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    with tempfile.TemporaryDirectory(prefix="pier-") as folder:
        path = Path(folder) / f"text{suffix}"
        await asyncio.to_thread(path.write_text, text, "utf-8", "surrogateescape")
        try:
            with app.suspend():
                words, environment = shlex.split(command), spared(without_secrets(os.environ))
                process = await asyncio.create_subprocess_exec(*words, str(path), env=environment)
                code = await process.wait()
        except (OSError, ValueError, SuspendNotSupported) as error:
            app.notify(f"The editor {command!r} cannot be started: {error}.", severity="warning", markup=False)
            return None
        app.refresh()
        if code != 0:
            app.notify(f"The editor ended with code {code}; nothing was changed.", severity="warning", markup=False)
            return None
        return await asyncio.to_thread(path.read_text, "utf-8", "surrogateescape")
