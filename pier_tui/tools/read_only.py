"""Programs that only read, and with which arguments that is certain. What is not listed here is asked about.

The tables say what a program is known to do; a program that may write, run others, reach the network,
never end, or read outside the repository with the arguments given, is not surely harmless.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from pier_tui.tools.git_reading import why_not_git

Check = Callable[[tuple[str, ...]], str]
"""Given the arguments, why they are not surely harmless; empty where they are."""

SPEAKS = ("basename", "dirname", "echo", "expr", "false", "numfmt", "printf", "pwd", "seq", "true", "type", "which")
"""Programs whose arguments are no files."""
FREELY = (
    "arch", "cat", "cksum", "cmp", "column", "comm", "cut", "df", "diff", "du", "egrep", "expand", "fgrep", "fmt",
    "fold", "grep", "groups", "head", "id", "join", "ls", "nl", "nproc", "od", "paste", "readlink", "realpath", "rev",
    "stat", "tac", "tail", "tr", "uname", "unexpand", "wc", "whoami",
)  # fmt: skip
_SUMS = ("b2sum", "md5sum", "sha1sum", "sha224sum", "sha256sum", "sha384sum", "sha512sum", "shasum", "sum")
_FIND = {
    "-name", "-iname", "-path", "-ipath", "-wholename", "-iwholename", "-type", "-xtype", "-maxdepth", "-mindepth",
    "-size", "-mtime", "-mmin", "-ctime", "-cmin", "-atime", "-amin", "-newer", "-newermt", "-empty", "-not", "-print",
    "-print0", "-printf", "-ls", "-quit", "-o", "-a", "-or", "-and", "-prune", "-depth", "-regex", "-iregex",
    "-regextype", "-perm", "-user", "-group", "-links", "-inum", "-samefile", "-executable", "-readable", "-writable",
    "-xdev", "-mount", "-daystart", "-true", "-false",
}  # fmt: skip
_VERSIONS = {"python", "python3", "node", "gcc", "g++", "clang", "make", "cmake", "git"}
"""Programs whose --version runs nothing the repository chooses (as toolchain files do for cargo or go)."""
BUILTINS = frozenset({"cd", "command", "echo", "false", "printf", "pwd", "test", "true", "type"})
"""What bash itself does, wherever a program of that name may lie."""
_SECRET = re.compile(
    r"\.env(\.(?!example$|sample$|template$|dist$).*)?|\.netrc|\.pypirc|\.npmrc|\.git-credentials|\.pgpass|\.htpasswd|"
    r"id_(rsa|dsa|ecdsa|ed25519)|.*\.(pem|key|p12|pfx|jks|keystore|kdbx)|credentials(\.json)?|secrets?(\.\w+)?|"
    r"\.(ssh|aws|gnupg|kube|docker|git)",
    re.IGNORECASE,
)


def why_not(pieces: tuple[tuple[str, ...], ...]) -> str:
    """Why this chain of plain commands is not known to only read; empty where it is."""
    moved = any(argv[0] == "cd" for argv in pieces)
    for argv in pieces:
        reason = why_not_one(argv)
        if not reason and moved and argv[0] == "git":
            reason = "git may find another repository's settings where cd leads"
        if reason:
            return reason
    return ""


def why_not_one(argv: tuple[str, ...]) -> str:
    """The same for one program with its arguments."""
    program, arguments = argv[0], argv[1:]
    if "/" in program:
        return "it names a program by its path"
    if program in _VERSIONS and arguments == ("--version",):
        return ""
    check = _CHECKS.get(program)
    if check is None:
        return f"{program} is not known to only read"
    return check(arguments) or ("" if program in SPEAKS else _beyond(arguments))


def _beyond(arguments: tuple[str, ...]) -> str:
    """Whether an argument, or an option's value, may be a path outside the repository, or a secret's."""
    for argument in arguments:
        value = argument.partition("=")[2] if argument.startswith("--") else argument
        glued = argument.startswith("-") and not argument.startswith("--") and re.search(r"[/~]", argument)
        if value.startswith(("/", "~")) or ".." in value.split("/") or glued or ":/" in value:
            return "it may read outside the repository"
        parts = re.split(r"[/:]", value) + ([argument[2:]] if re.match(r"-\w", argument) else [])
        if any(_SECRET.fullmatch(part) for part in parts):
            return "it may read a secret"
    return ""


def _any(arguments: tuple[str, ...]) -> str:
    return ""


def _none(arguments: tuple[str, ...]) -> str:
    return "it may change a setting" if arguments else ""


def _without(short: str, long: tuple[str, ...] = (), allowed: str = "") -> Check:
    """Anything but these options; long ones are recognised by every prefix, for programs accept abbreviations.

    `allowed` are short options that take a value glued to them, in which other letters mean nothing.
    """

    def check(arguments: tuple[str, ...]) -> str:
        for argument in arguments:
            name = argument.partition("=")[0]
            if argument.startswith("--") and len(name) > 2 and any(option.startswith(name) for option in long):
                return f"{name} does more than read"
            cluster = re.split(f"[{allowed}]", argument[1:])[0] if allowed else argument[1:]
            if argument.startswith("-") and not argument.startswith("--") and set(cluster) & set(short):
                return f"{argument} may do more than read"
        return ""

    return check


def _only(options: str, operands: int = 1_000) -> Check:
    """Nothing but options that match, and at most so many other arguments."""

    def check(arguments: tuple[str, ...]) -> str:
        unknown = next((a for a in arguments if a.startswith("-") and a != "-" and not re.fullmatch(options, a)), "")
        if unknown:
            return f"{unknown} is not known to only read"
        others = sum(not a.startswith("-") or a == "-" for a in arguments)
        return "it may write to one of the files it names" if others > operands else ""

    return check


def _find(arguments: tuple[str, ...]) -> str:
    unknown = next((a for a in arguments if a.startswith("-") and a not in _FIND and not _amount(a)), "")
    return f"find {unknown} is not known to only read" if unknown else ""


def _amount(argument: str) -> bool:
    return re.fullmatch(r"-\d+[bcwkMG]?", argument) is not None


def _sed(arguments: tuple[str, ...]) -> str:
    plain = len(arguments) >= 2 and arguments[0] == "-n" and re.fullmatch(r"\d+(,(\d+|\$))?p", arguments[1])
    options = any(argument.startswith("-") for argument in arguments[2:])
    return "" if plain and not options else "sed may write and run; only sed -n 1,9p is known to read"


def _date(arguments: tuple[str, ...]) -> str:
    shows = r"\+.*|-u|--utc|-R|-I\w*|--iso-8601(=\w+)?|--rfc-3339=\w+|-d.+|--date=.*"
    rest = [a for a, before in zip(arguments, ("", *arguments), strict=False) if before != "-d"]
    return "" if all(re.fullmatch(shows + "|-d", argument) for argument in rest) else "date may set the clock"


def _printf(arguments: tuple[str, ...]) -> str:
    """bash's own printf sets a variable with -v, and with %n: PATH for what comes next in the chain, say."""
    sets = bool(arguments) and (arguments[0].startswith("-") or re.search(r"%[^%A-Za-z]*[hjlqLtz]*n", arguments[0]))
    return "printf may set a variable" if sets else ""


def _cd(arguments: tuple[str, ...]) -> str:
    inside = len(arguments) == 1 and arguments[0] and not arguments[0].startswith("-")
    return "" if inside else "cd may lead outside the repository"


def _test(arguments: tuple[str, ...]) -> str:
    known = len(arguments) == 2 and re.fullmatch(r"-[defhLrswxnz]", arguments[0])
    return "" if known else "test may evaluate its arguments; only test -f and its like are known to read"


def _command(arguments: tuple[str, ...]) -> str:
    known = len(arguments) == 2 and arguments[0] in ("-v", "-V")
    return "" if known else "command runs what it is given"


_LISTS = _without("", ("--files0-from",))
_CHECKS: dict[str, Check] = {
    **dict.fromkeys((*SPEAKS, *FREELY), _any),
    **dict.fromkeys(_SUMS, _without("c", ("--check",))),
    "base64": _only(r"-d|--decode|-w\d*|--wrap=\d+|-i"),
    "cd": _cd,
    "command": _command,
    "date": _date,
    "diff": _without("l", ("--paginate",), allowed="UCWxFI"),
    "du": _LISTS,
    "file": _only(r"-[bhiLkN]+|--brief|--mime(-type|-encoding)?"),
    "find": _find,
    "git": why_not_git,
    "hostname": _none,
    "printf": _printf,
    "rg": _without("z", ("--pre", "--pre-glob", "--hostname-bin", "--search-zip"), allowed="egtTABCmMjrf"),
    "sed": _sed,
    "sort": _without("oTS", ("--output", "--compress-program", "--temporary-directory", "--files0-from")),
    "tail": _without("fF", ("--follow", "--retry"), allowed="nc"),
    "test": _test,
    "tree": _without("oR", ("--output", "--fromfile", "--fromtabfile")),
    "uniq": _only(r"-[cdDiuz]+|--count|--repeated|--unique|--ignore-case|-[fsw]\d+", operands=1),
    "wc": _LISTS,
}
