"""The launcher of commands where bubblewrap is not: Landlock, the system-call filter, limits, and no orphans.

Started by its path with `python -I -S`, it imports nothing of the program and little else. It stays as the parent
of the command: whatever that leaves behind, however it detached, becomes its child and is killed before it exits.
The same functions probe for `sandbox`; prctl(2), landlock(7) and seccomp(2) tell of the numbers.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import resource
import signal
import struct
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:  # importing `typing` would double the time it takes to start
    from typing import NoReturn

_DEATH_SIGNAL, _DUMPABLE, _SECCOMP, _SUBREAPER, _NO_NEW_PRIVILEGES = 1, 4, 22, 36, 38
_DROP_BOUNDING, _AMBIENT, _CLEAR = 24, 47, 4
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_READ = 1 << 0 | 1 << 2 | 1 << 3  # execute, read a file, list a folder
_FILE = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 14 | 1 << 15  # what of the rights a single file can have
_RIGHTS = {1: 1 << 13, 2: 1 << 14, 3: 1 << 15, 4: 1 << 15, 5: 1 << 16}
"""How many rights on files each version of Landlock knows, as the first bit above them."""
_NET = 1 << 0 | 1 << 1  # bind, connect
_SCOPE = 1 << 0 | 1 << 1  # abstract sockets, signals
GRACE = 0.3
"""Seconds a command that is asked to end is given."""
SWEEP = 4.0
"""Seconds after which a process the kernel does not let die is left alone."""


ENDING = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
"""Signals on which the command is ended."""


def _library() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _prctl(option: int, *values: int) -> bool:
    """Whether the kernel took it."""
    longs = [ctypes.c_ulong(value) for value in (*values, 0, 0, 0, 0)[:4]]
    try:
        return int(_library().prctl(ctypes.c_int(option), *longs)) == 0
    except AttributeError:
        return False


def hide_process() -> bool:
    """Keep this process's memory and environment from others of the same user, and out of core files.

    False where the system has no such switch. Undone by exec, so children are as they always are.
    """
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    return sys.platform == "linux" and _prctl(_DUMPABLE, 0)


def landlock_version() -> int:
    """The version of Landlock the kernel speaks; 0 without it."""
    if sys.platform != "linux":
        return 0
    try:
        return max(int(_library().syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint(1))), 0)
    except (OSError, AttributeError):
        return 0


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"Landlock: {os.strerror(number)}")
    return result


def restrict(readable: list[str], writable: list[str]) -> None:
    """Confine this process: it may read and execute below `readable`, do all below `writable`, and not use TCP.

    Paths that are not there are left out. Raises OSError where Landlock refuses.
    """
    version = landlock_version()
    handled = (_RIGHTS.get(version, 1 << 16)) - 1 if version else 0
    attributes = struct.pack("=QQQ", handled, _NET if version >= 4 else 0, _SCOPE if version >= 6 else 0)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    call = _library().syscall
    rules = _checked(call(_CREATE_RULESET, attributes, ctypes.c_size_t(size), ctypes.c_uint(0)))
    for paths, rights in ((readable, _READ), (writable, handled)):
        for path in paths:
            _allow(rules, path, rights & handled)
    if not _prctl(_NO_NEW_PRIVILEGES, 1):
        raise OSError(errno.EPERM, "the kernel keeps new privileges")
    _checked(call(_RESTRICT_SELF, ctypes.c_int(rules), ctypes.c_uint(0)))
    os.close(rules)


def _allow(rules: int, path: str, rights: int) -> None:
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        rights &= -1 if os.path.isdir(path) else _FILE
        rule = struct.pack("=Qi", rights, opened)
        _checked(_library().syscall(_ADD_RULE, ctypes.c_int(rules), ctypes.c_int(1), rule, ctypes.c_uint(0)))
    finally:
        os.close(opened)


def drop_capabilities() -> None:
    """Give up root's special rights for good: some of them, reading others' memory among them, go past Landlock.

    What cannot be dropped was not held.
    """
    _prctl(_AMBIENT, _CLEAR)
    for capability in range(64):
        _prctl(_DROP_BOUNDING, capability)
    header = struct.pack("=Ii", 0x20080522, 0)
    with contextlib.suppress(AttributeError):
        _library().capset(header, bytes(24))


def load_filter(program: bytes) -> None:
    """Load a system-call filter into this process, for good. Raises OSError."""
    code = ctypes.create_string_buffer(program, len(program))
    head = struct.pack("@HP", len(program) // 8, ctypes.addressof(code))
    if not _prctl(_NO_NEW_PRIVILEGES, 1):
        raise OSError(errno.EPERM, "the kernel keeps new privileges")
    held = ctypes.create_string_buffer(head, len(head))
    if not _prctl(_SECCOMP, 2, ctypes.addressof(held)):
        number = ctypes.get_errno()
        raise OSError(number, f"seccomp: {os.strerror(number)}")


def _tasks() -> int:
    """How many threads this user runs already, which the kernel counts against the limit on processes."""
    found = 0
    for name in os.listdir("/proc") if os.getuid() else ():  # root is not limited
        with contextlib.suppress(OSError):
            if name.isdecimal() and os.stat(f"/proc/{name}").st_uid == os.getuid():
                found += len(os.listdir(f"/proc/{name}/task"))
    return found


def _limit(name: str, value: int) -> None:
    """Set one limit, by its name in `resource`; that on processes counts from those the user runs already."""
    number = getattr(resource, name, None)
    if number is None:
        return
    with contextlib.suppress(ValueError, OSError):
        hard = resource.getrlimit(number)[1]
        wanted = value + (_tasks() if name == "RLIMIT_NPROC" else 0)
        wanted = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(number, (wanted, wanted))


def _become(options: list[tuple[str, str]], program: bytes, command: list[str]) -> NoReturn:
    """In the child: take the limits, confine, and turn into the command."""
    for _, limit in (option for option in options if option[0] == "--limit"):
        name, _, value = limit.partition("=")
        _limit(name, int(value))
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")
    readable, writable = ([path for name, path in options if name == wanted] for wanted in ("--read", "--write"))
    try:
        if readable or writable:
            restrict(readable, writable)
            drop_capabilities()
        if program:
            load_filter(program)
        os.execvp(command[0], command)
    except OSError as error:
        os.write(2, f"{command[0]}: {error.strerror or error}\n".encode())
    os._exit(126 if os.path.exists(command[0]) else 127)


def descendants(root: int) -> list[int]:
    """The processes below one, children before grandchildren, as /proc tells at this moment."""
    children: dict[int, list[int]] = {}
    for name in os.listdir("/proc"):
        if name.isdecimal():
            with contextlib.suppress(OSError, IndexError, ValueError), open(f"/proc/{name}/stat", "rb") as file:
                fields = file.read().rpartition(b")")[2].split()
                if fields[0] != b"Z":
                    children.setdefault(int(fields[1]), []).append(int(name))
    found, waiting = [], [root]
    while waiting:
        below = children.get(waiting.pop(0), [])
        found += below
        waiting += below
    return found


def _sweep() -> None:
    """Kill all below this process: first stop them, so that nobody forks meanwhile. Whoever is left is our child."""
    until = time.monotonic() + SWEEP
    while time.monotonic() < until:
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        below = descendants(os.getpid())
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for process in below:
                with contextlib.suppress(OSError):
                    os.kill(process, number)
        time.sleep(0.002)


def _watch(child: int, parent: int) -> int:
    """Wait for the command, reaping what is handed to us; its exit status. It is ended once `parent` is gone."""
    ending: list[float] = []

    def end(*_: object) -> None:
        if not ending:
            ending.append(time.monotonic() + GRACE)
            with contextlib.suppress(OSError):
                os.kill(child, signal.SIGTERM)
            signal.setitimer(signal.ITIMER_REAL, GRACE)

    def kill(*_: object) -> None:
        with contextlib.suppress(OSError):
            os.kill(child, signal.SIGKILL)

    for number in ENDING:
        signal.signal(number, end)
    signal.signal(signal.SIGALRM, kill)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
    if os.getppid() != parent:
        end()
    while True:
        process, status = os.waitpid(-1, 0)
        if process == child:
            return os.waitstatus_to_exitcode(status)


def main(arguments: list[str]) -> NoReturn:
    """`OPTION VALUE… -- COMMAND…`: run the command, confined, and exit as it did.

    `--read` and `--write PATH` confine it to those, `--limit NAME=VALUE` limits it, and the filter is read
    from `--seccomp FD`; each but the last can be given often, and none of them confines nothing.
    """
    parent, options, program = os.getppid(), [], b""
    while arguments[0] != "--":
        options.append((arguments[0], arguments[1]))
        arguments = arguments[2:]
    for name, value in options:
        if name == "--seccomp":
            with open(int(value), "rb") as file:
                program = file.read()
    _prctl(_SUBREAPER, 1)
    # A signal that came between the fork and the handlers would end us and leave the command behind.
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    _prctl(_DEATH_SIGNAL, signal.SIGTERM)
    child = os.fork()
    if not child:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
        _become(options, program, arguments[1:])
    for standard in (0, 1, 2):
        os.dup2(os.open(os.devnull, os.O_RDWR), standard)
    code = _watch(child, parent)
    _sweep()
    os._exit(code if code >= 0 else 128 - code)


if __name__ == "__main__":
    main(sys.argv[1:])
