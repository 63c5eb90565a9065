"""Files of ours that nobody else may read: folders 0700, files 0600 whatever the umask, replaced in one step.

What is written where is not known here. The repository being worked on is never written through this module.
"""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

from pier_tui.errors import ConfigError

OTHERS = stat.S_IRWXG | stat.S_IRWXO


def private_folder(path: Path) -> Path:
    """The folder, made where it is missing, with mode 0700. Raises ConfigError."""
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        if path.stat().st_mode & OTHERS:
            path.chmod(0o700)
    except OSError as error:
        raise ConfigError(f"{path} cannot be used: {error.strerror or error}.") from error
    return path


def write_private(path: Path, text: str) -> None:
    """Replace a file in one step, so that no reader ever sees half of it; mode 0600. Raises ConfigError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except (OSError, UnicodeEncodeError) as error:
        raise ConfigError(f"{path} cannot be written: {getattr(error, 'strerror', None) or error}.") from error


def exposed(folder: Path) -> tuple[Path, ...]:
    """The folder and what stands directly in it, where others may read or write it. Links are not followed."""
    if not folder.is_dir():
        return ()
    return tuple(
        path for path in (folder, *sorted(folder.iterdir())) if not path.is_symlink() and path.lstat().st_mode & OTHERS
    )


def tighten(folder: Path) -> tuple[Path, ...]:
    """Take everybody else's rights to the folder and what stands in it away; what had to be changed.

    Raises ConfigError where that is not ours to do.
    """
    found = exposed(private_folder(folder))
    try:
        for path in found:
            path.chmod(stat.S_IMODE(path.lstat().st_mode) & ~OTHERS)
    except OSError as error:
        raise ConfigError(f"{error.filename} may be read by others, and that cannot be changed.") from error
    return found
