"""What of our environment a child is given: a short list of names for commands, everything but secrets otherwise."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping

from pier_tui.tools import git_reading

PASSED = ("PATH", "HOME", "LANG", "TERM", "TZ", "USER", "LOGNAME", "SHELL", "VIRTUAL_ENV")
"""Environment variables a command is given, besides LC_*; never a key."""
_SECRET = re.compile(r"KEY|TOKEN|SECRET|PASSW|CREDENTIAL", re.IGNORECASE)
FIXED = {
    "PYTHONDONTWRITEBYTECODE": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    **git_reading.ENVIRONMENT,
}


def secret(name: str) -> bool:
    """Whether a variable's name says that it holds a secret."""
    return bool(_SECRET.search(name))


def for_commands(ours: Mapping[str, str], further: Iterable[str] = ()) -> dict[str, str]:
    """The environment of the models' commands. `further` are names the user lists; a secret's name is never passed."""
    names = (*PASSED, *further, *(name for name in ours if name.startswith("LC_")))
    found = {name: ours[name] for name in names if name in ours and not secret(name)}
    found.setdefault("PATH", os.defpath)
    return {**found, **FIXED}


def without_secrets(ours: Mapping[str, str], also: str = "") -> dict[str, str]:
    """The environment of what the user starts himself, his editor and `!` commands: all but keys and their like.

    `also` is the variable that holds the provider's key, however it is called.
    """
    return {name: value for name, value in ours.items() if not secret(name) and name != also}
