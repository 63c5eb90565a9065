"""Keeps a key that came in the environment from being read out of this process by the commands it starts.

The system shows the environment a process began with in `/proc/PID/environ`, to every process of the same
user, whatever the process does to its variables later; so the bytes themselves are overwritten. Python keeps
its own copy. On systems other than Linux nothing is done.
"""

from __future__ import annotations

import ctypes
import os
import sys


def shield(variable: str) -> None:
    """Overwrite a variable of this process where the system shows it."""
    if sys.platform != "linux" or variable not in os.environ:
        return
    libc = ctypes.CDLL(None)
    libc.getenv.restype = ctypes.c_void_p
    place = libc.getenv(os.fsencode(variable))
    if place:
        ctypes.memset(place, ord("x"), len(ctypes.string_at(place)))
