"""Attacks as a confined command would make them: each tells `blocked` or `through`, as one JSON object.

Run inside a sandbox with a JSON object of where things are. It only touches what it is told of. Also tries what must
go on working there: `works` or `broken: why`.
"""

from __future__ import annotations

import asyncio
import ctypes
import fcntl
import json
import mmap
import os
import pathlib
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor

WHERE = json.loads(sys.argv[1])
LIBRARY = ctypes.CDLL(None, use_errno=True)
X86 = os.uname().machine == "x86_64"


def write(path: str) -> None:
    with open(path, "a") as file:
        file.write("attacked\n")


def write_system() -> None:
    """A file is made and removed at once: without a sandbox, as root, this works."""
    path = f"/usr/attacked-{os.getpid()}"
    write(path)
    os.unlink(path)


def by_link() -> None:
    os.symlink(WHERE["outside"], "link")
    try:
        write("link/by_link")
    finally:
        os.unlink("link")


def read_key() -> None:
    assert "canary" in pathlib.Path(WHERE["key"]).read_text()


def connect(family: int, kind: int, address: object) -> None:
    with socket.socket(family, kind) as made:
        made.settimeout(1)
        if kind == socket.SOCK_DGRAM and family == socket.AF_INET:
            made.sendto(b"leak", address)  # type: ignore[arg-type]
            assert made.recv(4) == b"back"
        else:
            made.connect(address)


def family(number: int, kind: int = socket.SOCK_RAW) -> Callable[[], None]:
    return lambda: socket.socket(number, kind).close()


def environ_of_parents() -> None:
    for process in WHERE["processes"] + [os.getppid()]:
        try:
            if b"canary" in pathlib.Path(f"/proc/{process}/environ").read_bytes():
                return
        except OSError:
            pass
    raise PermissionError


def call(x86: int, arm: int, *arguments: int) -> None:
    done = LIBRARY.syscall(x86 if X86 else arm, *[ctypes.c_long(argument) for argument in arguments])
    if done < 0:
        raise OSError(ctypes.get_errno(), "")


def io_uring() -> None:
    room = ctypes.create_string_buffer(120)
    call(425, 425, 8, ctypes.addressof(room))


def trace() -> None:
    call(101, 117, 16, WHERE["processes"][0], 0, 0)


def read_memory() -> None:
    room, (a, b) = ctypes.create_string_buffer(8), (ctypes.c_ulong * 2, ctypes.c_ulong * 2)
    ours = a(ctypes.addressof(room), 8)
    theirs = b(WHERE["address"], 8)
    call(310, 270, WHERE["processes"][0], ctypes.addressof(ours), 1, ctypes.addressof(theirs), 1, 0)


def kill() -> None:
    os.kill(WHERE["victim"], signal.SIGTERM)


def type_into(path: str) -> None:
    opened = os.open(path, os.O_RDWR)
    fcntl.ioctl(opened, 0x5412, b"x")


def in_a_child(act: Callable[[], object]) -> None:
    """Do it in a process of its own, which must end well."""
    child = os.fork()
    if not child:
        try:
            act()
        except OSError:
            os._exit(1)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0


def type_into_own() -> None:
    """Even a terminal of its own, which no sandbox but the filter refuses."""
    _, theirs = os.openpty()

    def act() -> None:
        os.setsid()
        fcntl.ioctl(theirs, 0x540E, 0)
        fcntl.ioctl(theirs, 0x5412, b"x")

    in_a_child(act)


def new_space() -> None:
    in_a_child(lambda: call(272, 97, 0x10000000))


def other_numbers() -> None:
    """A call by the numbers of another architecture, for which the filter kills."""
    in_a_child(lambda: LIBRARY.syscall(0x40000000 | 39))


def core_file() -> None:
    import resource

    assert resource.getrlimit(resource.RLIMIT_CORE)[0] != 0


def large_file() -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    opened = os.open("large", os.O_CREAT | os.O_RDWR)
    try:
        os.ftruncate(opened, (1 << 30) + 1)
    finally:
        os.unlink("large")


def many_files() -> None:
    held: list[int] = []
    try:
        for _ in range(5_000):
            held.append(os.open("/dev/null", os.O_RDONLY))
    finally:
        for opened in held:
            os.close(opened)


def secrets_in_environment() -> None:
    assert any("canary" in value for value in os.environ.values())


def stdin_gives() -> None:
    assert os.read(0, 1)


ATTACKS: dict[str, Callable[[], object]] = {
    "write home": lambda: write(f"{WHERE['home']}/attacked"),
    "write a sibling": lambda: write(f"{WHERE['outside']}/attacked"),
    "write by a link": by_link,
    "write the system": write_system,
    "write the repository": lambda: write(f"{WHERE['repository']}/attacked"),
    "write its .git/config": lambda: write(f"{WHERE['repository']}/.git/config"),
    "plant its hook": lambda: write(f"{WHERE['repository']}/.git/hooks/pre-commit"),
    "rename its .git": lambda: os.rename(f"{WHERE['repository']}/.git", f"{WHERE['repository']}/git"),
    "write an absent .envrc": lambda: write(f"{WHERE['repository']}/.envrc"),
    "write the scratch": lambda: write("written"),
    "read a key in home": read_key,
    "environ of parents": environ_of_parents,
    "ptrace": trace,
    "process_vm_readv": read_memory,
    "kill another": kill,
    "TCP": lambda: connect(socket.AF_INET, socket.SOCK_STREAM, tuple(WHERE["tcp"])),
    "UDP": lambda: connect(socket.AF_INET, socket.SOCK_DGRAM, tuple(WHERE["udp"])),
    "unix socket": lambda: connect(socket.AF_UNIX, socket.SOCK_STREAM, WHERE["unix"]),
    "abstract socket": lambda: connect(socket.AF_UNIX, socket.SOCK_STREAM, "\0" + WHERE["abstract"]),
    "netlink": family(16),
    "packet": family(17),
    "vsock": family(40, socket.SOCK_STREAM),
    "kernel crypto": family(38, socket.SOCK_SEQPACKET),
    "io_uring": io_uring,
    "bpf": lambda: call(321, 280, 0, 0, 0),
    "perf": lambda: call(298, 241, 0, 0, -1, -1, 0),
    "userfaultfd": lambda: call(323, 282, 1),
    "keyctl": lambda: call(250, 219, 0, -3, 1),
    "mount": lambda: call(165, 40, 0, 0, 0, 0, 0),
    "new user space": new_space,
    "x32 numbers": other_numbers if X86 else lambda: 1 / 0,
    "/dev/tty": lambda: type_into("/dev/tty"),
    "type into the user's terminal": lambda: type_into(WHERE["terminal"]),
    "type into its own terminal": type_into_own,
    "core file": core_file,
    "file over 1 GB": large_file,
    "5,000 open files": many_files,
    "a secret in the environment": secrets_in_environment,
    "standard input": stdin_gives,
}


def blocked(attack: Callable[[], object]) -> str:
    try:
        attack()
    except OSError as error:
        # A call that got as far as looking at its arguments was let through.
        return "through" if error.errno in (14, 22) else "blocked"
    except (AssertionError, ZeroDivisionError):
        return "blocked"
    return "through"


async def talk() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.read(4))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "localhost", 0)
    reader, writer = await asyncio.open_connection("localhost", server.sockets[0].getsockname()[1])
    writer.write(b"ping")
    assert await reader.read(4) == b"ping"
    writer.close()
    server.close()


def pair() -> None:
    a, b = socket.socketpair()
    a.send(b"x")
    assert b.recv(1) == b"x"


def use_git() -> None:
    for words in (["init", "-q", "work"], ["-C", "work", "status"]):
        subprocess.run(["git", *words], check=True, capture_output=True)


def pool() -> None:
    with ProcessPoolExecutor(2) as made:
        assert list(made.map(abs, (-1, -2))) == [1, 2]


def threads() -> None:
    done: list[int] = []
    started = threading.Thread(target=done.append, args=(1,))
    started.start()
    started.join()
    assert done


USES: dict[str, Callable[[], object]] = {
    "asyncio": lambda: asyncio.run(asyncio.sleep(0)),
    "a server of its own": lambda: asyncio.run(talk()),
    "socketpair": pair,
    "multiprocessing": pool,
    "threads": threads,
    "a temporary file": lambda: __import__("tempfile").TemporaryFile().close(),
    "subprocess": lambda: subprocess.run(["sh", "-c", "cat /etc/passwd | wc -l"], check=True, capture_output=True),
    "mmap": lambda: mmap.mmap(-1, 4096).close(),
    "git": use_git,
    "a pseudo-terminal": os.openpty,
}


def usable(use: Callable[[], object]) -> str:
    try:
        use()
    except Exception as error:
        return f"broken: {error!r}"
    return "works"


if __name__ == "__main__":
    print(json.dumps({name: blocked(act) for name, act in ATTACKS.items()} | {n: usable(u) for n, u in USES.items()}))
