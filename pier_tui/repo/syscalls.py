"""Two calls of Linux that Python does not offer: opening beneath a folder, and renaming without replacing.

Where the kernel, the C library or a container's filter lacks one, it is reported missing and callers go another way.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from functools import cache
from typing import Any

NOREPLACE, EXCHANGE = 1, 2
OPENAT2 = 437
NO_MAGICLINKS, NO_SYMLINKS, BENEATH = 0x02, 0x04, 0x08
MISSING = frozenset({errno.ENOSYS, errno.EPERM, errno.EINVAL, errno.EOPNOTSUPP})
"""What a kernel, a filter or a file system says that does not know the call. None of them changes a file."""


@cache
def _library() -> Any:
    import ctypes

    return ctypes.CDLL(None, use_errno=True)


@cache
def _how_type() -> Any:
    import ctypes

    class How(ctypes.Structure):
        """`struct open_how`."""

        _fields_ = [(name, ctypes.c_uint64) for name in ("flags", "mode", "resolve")]

    return How


def open_beneath(where: int, path: str, flags: int) -> int:
    """Open `path` under an open folder, through no symbolic link and never out of it. Raises OSError."""
    import ctypes

    how = _how_type()(flags | os.O_CLOEXEC, 0, BENEATH | NO_SYMLINKS | NO_MAGICLINKS)
    name = ctypes.c_char_p(os.fsencode(path))
    number = _library().syscall(
        ctypes.c_long(OPENAT2), ctypes.c_int(where), name, ctypes.byref(how), ctypes.c_size_t(ctypes.sizeof(how))
    )
    if number < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), path)
    return int(number)


@cache
def has_open_beneath() -> bool:
    """Whether the kernel opens beneath a folder (Linux 5.6), asked once."""
    if sys.platform != "linux":
        return False
    root = os.open("/", os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.close(open_beneath(root, ".", os.O_RDONLY | os.O_DIRECTORY))
    except (OSError, AttributeError):
        return False
    finally:
        os.close(root)
    return True


@cache
def _renameat2() -> Callable[..., int] | None:
    found: Callable[..., int] | None = getattr(_library(), "renameat2", None) if sys.platform == "linux" else None
    return found


def rename(old: str, new: str, flags: int, *, src_dir_fd: int, dst_dir_fd: int) -> bool:
    """Rename between open folders with NOREPLACE or EXCHANGE; False where that cannot be done here. Raises OSError."""
    import ctypes

    function = _renameat2()
    if function is None:
        return False
    if function(src_dir_fd, os.fsencode(old), dst_dir_fd, os.fsencode(new), ctypes.c_uint(flags)) == 0:
        return True
    if ctypes.get_errno() in MISSING:
        return False
    raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), new)
