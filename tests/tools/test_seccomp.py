"""The filter read by a small interpreter of classic BPF, so that both machines are tested on either."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import pytest

from pier_tui.tools.seccomp import ABSENT, ALLOW, KILL, MACHINES, REFUSE, program

EPERM, ENOSYS = REFUSE | 1, REFUSE | 38
HEADERS = {"x86_64": "/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "aarch64": "/usr/include/asm-generic/unistd.h"}


def verdict(code: bytes, arch: int, number: int, *arguments: int) -> int:
    """What the kernel would do with a call; jumps outside the program fail."""
    six = (*(argument & 0xFFFFFFFFFFFFFFFF for argument in arguments), 0, 0, 0, 0, 0, 0)[:6]
    seen = struct.pack("<iIQ6Q", number, arch, 0, *six)
    steps = list(struct.iter_unpack("=HBBI", code))
    at = loaded = 0
    while True:
        operation, yes, no, value = steps[at]
        at += 1
        match operation:
            case 0x20:
                assert value % 4 == 0
                loaded = struct.unpack_from("<I", seen, value)[0]
            case 0x15:
                at += yes if loaded == value else no
            case 0x35:
                at += yes if loaded >= value else no
            case 0x45:
                at += yes if loaded & value else no
            case 0x06:
                return value
            case _:
                raise AssertionError(operation)


@pytest.mark.parametrize("name", ["x86_64", "aarch64"])
def test_sockets_are_told_by_their_family(name: str) -> None:
    machine = MACHINES[name]
    inet, none, every = (program(name, sockets=sockets) for sockets in ("inet", "none", "any"))  # type: ignore[arg-type]
    for family in range(48):
        allowed = ALLOW if family in (2, 10) else EPERM
        assert verdict(inet, machine.arch, machine.socket, family, 1, 0) == allowed
        assert verdict(none, machine.arch, machine.socket, family, 1, 0) == EPERM
        assert verdict(every, machine.arch, machine.socket, family, 1, 0) == ALLOW


@pytest.mark.parametrize("name", ["x86_64", "aarch64"])
def test_nobody_types_into_a_terminal_whatever_the_upper_half_says(name: str) -> None:
    machine = MACHINES[name]
    for code in (program(name, sockets="inet"), program(name, sockets="any", kernel=False)):
        for request in (0x5412, 0x541C, 0x5412 | 1 << 32):
            assert verdict(code, machine.arch, machine.ioctl, 0, request, 0) == EPERM
        assert verdict(code, machine.arch, machine.ioctl, 0, 0x5401, 0) == ALLOW


@pytest.mark.parametrize("name", ["x86_64", "aarch64"])
def test_calls_into_the_kernels_depths_are_refused_and_the_rest_allowed(name: str) -> None:
    machine = MACHINES[name]
    code = program(name, sockets="inet")
    for number in range(600):
        if number in (machine.socket, machine.ioctl, machine.clone):
            continue
        expected = ENOSYS if number in ABSENT else EPERM if number in machine.refused else ALLOW
        assert verdict(code, machine.arch, number) == expected
    assert verdict(code, machine.arch, machine.clone, 0x10000000 | 17) == EPERM
    assert verdict(code, machine.arch, machine.clone, 0x3D0F00) == ALLOW
    assert verdict(program(name, sockets="any", kernel=False), machine.arch, machine.refused[0]) == ALLOW


def test_another_architectures_numbers_kill() -> None:
    code = program("x86_64", sockets="inet")
    for arch in (0x40000003, MACHINES["aarch64"].arch, 0):
        assert verdict(code, arch, 0) == KILL
    assert verdict(code, MACHINES["x86_64"].arch, 0x40000000 | 39) == KILL
    assert verdict(program("aarch64", sockets="inet"), MACHINES["x86_64"].arch, 0) == KILL
    assert program("riscv64", sockets="inet") == b""
    assert program("arm64", sockets="none") == program("aarch64", sockets="none")


REFUSED = """
    ptrace process_vm_readv process_vm_writev kcmp add_key request_key keyctl bpf perf_event_open userfaultfd kexec_load
    kexec_file_load init_module finit_module delete_module mount umount2 pivot_root chroot move_mount open_tree fsopen
    fsconfig fsmount fspick mount_setattr setns unshare swapon swapoff reboot acct quotactl quotactl_fd settimeofday
    clock_settime clock_adjtime adjtimex name_to_handle_at open_by_handle_at pidfd_getfd vhangup syslog sethostname
    setdomainname fanotify_init
"""
PLAIN = "read write openat execve mmap socketpair connect sendto futex wait4 exit_group"


@pytest.mark.parametrize("name", sorted(HEADERS))
def test_the_numbers_are_those_of_the_kernels_headers(name: str) -> None:
    header = Path(HEADERS[name])
    if not header.exists():
        pytest.skip(f"{header} is not installed")
    numbers = {m[1]: int(m[2]) for m in re.finditer(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", header.read_text())}
    machine = MACHINES[name]
    assert {numbers[word] for word in REFUSED.split()} <= set(machine.refused)
    assert (machine.socket, machine.ioctl, machine.clone) == (numbers["socket"], numbers["ioctl"], numbers["clone"])
    absent = ("io_uring_setup", "io_uring_enter", "io_uring_register", "clone3")
    assert tuple(numbers[word] for word in absent) == ABSENT
    assert not {numbers[word] for word in PLAIN.split()} & {*machine.refused, *ABSENT}
