"""The report of an error nobody expected: its traceback without local variables, and nothing that looks like a key."""

from __future__ import annotations

import datetime
import os
import platform
import traceback
from pathlib import Path

from pier_tui.private import private_folder, write_private
from pier_tui.redaction import redact

FOLDER = "crashes"
KEPT = 20
"""Reports; older ones are removed."""


def write_report(error: BaseException, state: Path) -> Path:
    """Write the report, mode 0600, into `crashes` of the state folder. Raises ConfigError."""
    folder = private_folder(private_folder(state) / FOLDER)
    when = datetime.datetime.now(datetime.UTC)
    path = folder / f"{when:%Y%m%d-%H%M%S-%f}-{os.getpid()}.txt"
    system = f"Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    lines = [f"{when.isoformat(timespec='seconds')}, {system}\n\n", *traceback.format_exception(error)]
    write_private(path, redact("".join(lines).encode("utf-8", "replace").decode()))
    for old in sorted(folder.glob("*.txt"))[:-KEPT]:
        old.unlink(missing_ok=True)
    return path
