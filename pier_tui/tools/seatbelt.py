"""The sandbox-exec profile for macOS as text, and the parameters it is given. Pure; untested on a Mac so far.

Paths are parameters (`-D`), never part of the text. In such a profile the last rule that fits wins.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pier_tui.tools.protected import PROTECTED

PROGRAM = "/usr/bin/sandbox-exec"
UNREADABLE = (
    ".ssh", ".gnupg", ".aws", ".azure", ".kube", ".docker", ".netrc", ".npmrc", ".pypirc", ".git-credentials",
    ".config", ".local/state", "Library/Keychains", "Library/Cookies", "Library/Application Support",
)  # fmt: skip
"""What of the home directory holds secrets."""

_START = """(version 1)
(deny default)
(allow process-exec process-fork)
(allow signal (target same-sandbox))
(allow process-info* (target same-sandbox))
(allow sysctl-read)
(allow ipc-posix-sem ipc-posix-shm)
(allow mach-lookup (global-name "com.apple.system.opendirectoryd.libinfo"))
(allow pseudo-tty)
(allow file-read*)
(allow file-write-data (literal "/dev/null") (literal "/dev/zero"))
(allow file-read* file-write* file-ioctl (literal "/dev/ptmx") (regex #"^/dev/ttys[0-9]+$"))
(deny file-read* file-write* (literal "/dev/tty"))
(deny network*)"""


def arguments(root: Path, temporary: Path, home: Path | None, *, writable: bool) -> tuple[str, ...]:
    """What comes before the command: the parameters and the profile."""
    values = {"ROOT": root, "TEMPORARY": temporary, **({"HOME": home} if home else {})}
    values |= {f"ABOVE_{n}": path for n, path in enumerate(_above(root))}
    given = [word for name, path in values.items() for word in ("-D", f"{name}={path}")]
    return (PROGRAM, *given, "-p", profile(len(_above(root)), home=home is not None, writable=writable))


def profile(above: int, *, home: bool, writable: bool) -> str:
    """The profile's text, for a root with so many folders above it."""
    rules = [_START]
    rules += [f'(deny file-read* (subpath (string-append (param "HOME") "/{name}")))' for name in UNREADABLE if home]
    rules.append('(allow file-read* (subpath (param "ROOT")))')
    rules.append('(allow file-write* (subpath (param "TEMPORARY")))')
    if writable:
        rules.append('(allow file-write* (subpath (param "ROOT")))')
    rules += _kept(sorted(PROTECTED))
    rules += [_unmoved(f'(literal (param "{name}"))') for name in ("ROOT", *(f"ABOVE_{n}" for n in range(above)))]
    return "\n".join(rules) + "\n"


def _kept(names: Sequence[str]) -> list[str]:
    """Protected names, present or not, at any depth below the root: not written, not removed, not moved in."""
    found = []
    for name in names:
        pattern = "".join(f"[{c.upper()}{c}]" if c.isalpha() else f"[{c}]" for c in name)
        found.append(f'(deny file-write* (require-all (subpath (param "ROOT")) (regex #"/{pattern}(/|$)")))')
    return found


def _unmoved(what: str) -> str:
    """A folder on the way to the root cannot be renamed away and another put in its place."""
    return f"(deny file-write-unlink file-write-create {what})"


def _above(root: Path) -> Sequence[Path]:
    return [path for path in root.parents if len(path.parts) > 1]
