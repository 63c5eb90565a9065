"""The system-call filter of commands, assembled by hand: classic BPF as seccomp(2) takes it. Pure.

What is here decides by call number and the plain arguments only, as such filters must. Where the program is
loaded is not here: bubblewrap reads it from a file descriptor, `confined` loads it itself.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Literal

Sockets = Literal["inet", "none", "any"]
"""inet: TCP and UDP only, for a network space that holds nothing but itself; none; any: not filtered."""

_LOAD, _JUMP_EQUAL, _JUMP_ABOVE, _JUMP_BITS, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
ALLOW, KILL, REFUSE = 0x7FFF0000, 0x80000000, 0x00050000
EPERM, ENOSYS = 1, 38
_NUMBER, _ARCH, _ARGUMENTS = 0, 4, 16
X32 = 0x40000000
AF_UNIX, AF_INET, AF_INET6 = 1, 2, 10
TIOCSTI, TIOCLINUX = 0x5412, 0x541C
NEW_SPACES = 0x7E020000
"""CLONE_NEWNS, -CGROUP, -UTS, -IPC, -USER, -PID and -NET; with clone, the bit of -TIME means something else."""


@dataclass(frozen=True)
class Machine:
    """The numbers of one architecture: its AUDIT_ARCH constant and its system calls."""

    name: str
    arch: int
    socket: int
    ioctl: int
    clone: int
    refused: tuple[int, ...]


ABSENT = (425, 426, 427, 435)
"""io_uring_* and clone3 (its flags lie in memory, out of a filter's sight): programs fall back when told ENOSYS."""

# Tracing and reading others' memory, keys, kernel programs and counters, modules and kexec, mounts and new spaces,
# handles past permissions, swap, clocks, names and the machine itself: in the order of the kernel's tables.
_EVERYWHERE = (428, 429, 430, 431, 432, 433, 438, 442, 443, 467)
_X86_64 = (
    101, 103, 153, 155, 159, 161, 163, 164, 165, 166, 167, 168, 169, 170, 171, 172, 173, 175, 176, 179, 180, 212, 227,
    246, 248, 249, 250, 272, 298, 300, 303, 304, 305, 308, 310, 311, 312, 313, 320, 321, 323,
)  # fmt: skip
_AARCH64 = (
    18, 39, 40, 41, 42, 51, 58, 60, 89, 97, 104, 105, 106, 112, 116, 117, 142, 161, 162, 170, 171, 217, 218, 219, 224,
    225, 241, 262, 264, 265, 266, 268, 270, 271, 272, 273, 280, 282, 294,
)  # fmt: skip

MACHINES = {
    "x86_64": Machine("x86_64", 0xC000003E, socket=41, ioctl=16, clone=56, refused=_X86_64 + _EVERYWHERE),
    "aarch64": Machine("aarch64", 0xC00000B7, socket=198, ioctl=29, clone=220, refused=_AARCH64 + _EVERYWHERE),
}
MACHINES["arm64"] = MACHINES["aarch64"]
MACHINES["amd64"] = MACHINES["x86_64"]


def program(machine: str, *, sockets: Sockets, kernel: bool = True) -> bytes:
    """The filter for a machine as `platform.machine` names it; empty where its numbers are not known.

    Without `kernel` only typing into terminals is refused. A call by another architecture's numbers kills the
    process: its numbers mean other things.
    """
    found = MACHINES.get(machine.lower())
    if found is None:
        return b""
    code = [*_right_machine(found), *_terminal(found)]
    if sockets != "any":
        code += _sockets(found, (AF_INET, AF_INET6) if sockets == "inet" else ())
    if kernel:
        code += [step for number in ABSENT for step in _refused(number, ENOSYS)]
        code += _spaces(found)
        code += [step for number in found.refused for step in _refused(number, EPERM)]
    return b"".join([*code, _step(_RETURN, ALLOW)])


def _step(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
    """One `struct sock_filter`; `yes` and `no` are how many steps a jump leaves out."""
    return struct.pack("=HBBI", code, yes, no, value)


def _argument(index: int) -> int:
    """Where the lower half of an argument lies in `struct seccomp_data` on a little-endian machine."""
    return _ARGUMENTS + 8 * index


def _right_machine(machine: Machine) -> list[bytes]:
    steps = [_step(_LOAD, _ARCH), _step(_JUMP_EQUAL, machine.arch, 1, 0), _step(_RETURN, KILL), _step(_LOAD, _NUMBER)]
    if machine.name == "x86_64":
        steps += [_step(_JUMP_ABOVE, X32, 0, 1), _step(_RETURN, KILL)]
    return steps


def _refused(number: int, error: int) -> list[bytes]:
    return [_step(_JUMP_EQUAL, number, 0, 1), _step(_RETURN, REFUSE | error)]


def _terminal(machine: Machine) -> list[bytes]:
    """ioctl: no typing into a terminal. The kernel itself looks at the lower half of the request only."""
    body = [_step(_LOAD, _argument(1)), *_refused(TIOCSTI, EPERM), *_refused(TIOCLINUX, EPERM), _step(_RETURN, ALLOW)]
    return [_step(_JUMP_EQUAL, machine.ioctl, 0, len(body)), *body]


def _sockets(machine: Machine, families: tuple[int, ...]) -> list[bytes]:
    """socket(): some families only. socketpair() stays: it reaches nobody else."""
    body = [_step(_LOAD, _argument(0))]
    for family in families:
        body += [_step(_JUMP_EQUAL, family, 0, 1), _step(_RETURN, ALLOW)]
    body.append(_step(_RETURN, REFUSE | EPERM))
    return [_step(_JUMP_EQUAL, machine.socket, 0, len(body)), *body]


def _spaces(machine: Machine) -> list[bytes]:
    """clone(): no new user or other spaces, in which a process would be its own root."""
    body = [
        _step(_LOAD, _argument(0)),
        _step(_JUMP_BITS, NEW_SPACES, 0, 1),
        _step(_RETURN, REFUSE | EPERM),
        _step(_RETURN, ALLOW),
    ]
    return [_step(_JUMP_EQUAL, machine.clone, 0, len(body)), *body]
