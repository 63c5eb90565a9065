"""What is surely destructive, wherever in a command it stands. Nothing here ever allows anything."""

from __future__ import annotations

import re

from pier_tui.tools import shell_tree

_EVERYTHING = re.compile(
    r"^(/+|/+\*|/\.|~/?\*?|\$\{?HOME\}?/?\*?|/(bin|boot|dev|etc|home|lib|lib64|opt|proc|root|sbin|sys|usr|var)/?\*?)$"
)
_DEVICE = re.compile(r"/dev/(sd|hd|nvme|vd|xvd|mmcblk|disk|mem|kmem)")
_FORK_BOMB = re.compile(r"(\b\w+|:) {0,9}\( {0,9}\) {0,9}\{ {0,9}\1 {0,9}\| {0,9}\1 {0,9}& {0,9}\}")
_PREFIXES = frozenset(
    {"sudo", "env", "nohup", "exec", "command", "time", "doas", "builtin", "xargs", "nice", "busybox"}
)


def ruin(command: str) -> str:
    """Why a command is surely destructive; empty where that is not sure, or it is too long to be read."""
    if len(command) > shell_tree.LONGEST:
        return ""
    if _FORK_BOMB.search(command.replace("\n", " ")):
        return "it is a fork bomb"
    return next(filter(None, (_ruins(_bare(argv)) for argv in shell_tree.everywhere(command))), "")


def _bare(argv: tuple[str, ...]) -> tuple[str, ...]:
    """The command without what only runs it: sudo, env with variables, nohup, xargs."""
    at = 0
    while at < len(argv) and (argv[at] in _PREFIXES or (at and re.match(r"^\w+=|^-", argv[at]))):
        at += 1
    bare = argv[at:]
    return (bare[0].rsplit("/", 1)[-1], *bare[1:]) if bare else ("",)


def _ruins(argv: tuple[str, ...]) -> str:
    program, arguments = argv[0], argv[1:]
    flags = "".join(a[1:] for a in arguments if re.match(r"^-[A-Za-z]+$", a))
    recursive = "r" in flags or "R" in flags or "--recursive" in arguments
    everything = any(map(_EVERYTHING.match, arguments))
    devices = any(map(_DEVICE.match, arguments))
    if program == "rm" and ((recursive and everything) or "--no-preserve-root" in arguments):
        return "it would delete everything"
    if program in ("chmod", "chown", "chgrp") and recursive and everything:
        return "it would change the permissions of the whole system"
    if program.startswith("mkfs") or (program in ("wipefs", "fdisk", "sfdisk", "parted", "shred") and devices):
        return "it would destroy a file system"
    if (program in (">", "tee", "cp") and devices) or (program == "dd" and _overwrites(arguments)):
        return "it overwrites a device"
    if program in ("shutdown", "reboot", "halt", "poweroff"):
        return "it would stop the machine"
    return "it would delete everything" if program == "find" and everything and "-delete" in arguments else ""


def _overwrites(arguments: tuple[str, ...]) -> bool:
    return any(argument.startswith("of=") and _DEVICE.match(argument[3:]) for argument in arguments)
