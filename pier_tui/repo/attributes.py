"""What a file has beside its bytes and bits: extended attributes, access lists among them. None but on Linux."""

from __future__ import annotations

import contextlib
import errno
import os

OURS_TO_SKIP = ("security.selinux", "security.ima", "security.evm", "trusted.")
"""Set by the system itself on the new file, or not for us to see."""


def attributes(number: int) -> dict[str, bytes]:
    """The extended attributes of an open file that a copy should have; none where the file system has none."""
    if not hasattr(os, "listxattr"):
        return {}
    try:
        names = os.listxattr(number)
    except OSError as error:
        if error.errno in (errno.ENOTSUP, errno.ENOSYS, errno.EPERM, errno.EACCES):
            return {}
        raise
    return {name: os.getxattr(number, name) for name in names if not name.startswith(OURS_TO_SKIP)}


def copied(old: int, new: int) -> None:
    """Give one open file the attributes of another, as far as the system lets us."""
    for name, content in attributes(old).items():
        with contextlib.suppress(OSError):
            os.setxattr(new, name, content)


def alike(old: int, new: int) -> bool:
    """Whether the other file has all attributes of the first, with the same content."""
    return attributes(old).items() <= attributes(new).items()
