"""Programs that only read, and with which arguments that is certain. What is not listed here is asked about."""

from __future__ import annotations

import re
from collections.abc import Callable

Check = Callable[[tuple[str, ...]], str]
"""Given the arguments, why they are not surely harmless; empty where they are."""

FREELY = (
    "basename", "cat", "cksum", "cmp", "comm", "cut", "diff", "dirname", "du", "echo", "egrep", "expand", "false",
    "fgrep", "fold", "grep", "head", "id", "join", "ls", "md5sum", "nl", "paste", "printf", "pwd", "readlink",
    "realpath", "rev", "seq", "sha1sum", "sha256sum", "stat", "strings", "tac", "tail", "tr", "true", "uname",
    "unexpand", "wc", "which", "whoami",
)  # fmt: skip
_FIND = {
    "-name", "-iname", "-path", "-ipath", "-type", "-maxdepth", "-mindepth", "-size", "-mtime", "-mmin", "-newer",
    "-empty", "-not", "-print", "-print0", "-o", "-a", "-or", "-and", "-prune", "-depth", "-regex", "-iregex", "-perm",
    "-user", "-xdev",
}  # fmt: skip
_GIT: dict[str, str] = {
    "status": r"-s|-b|-sb|--short|--branch|--porcelain(=v[12])?|-uno|-unormal|-uall|--ignored",
    "log": r"",
    "show": r"",
    "diff": r"",
    "blame": r"-w|-L\d+,\d+|-L|-s|-e|--date=\w+",
    "ls-files": r"-c|-d|-m|-o|-s|--cached|--deleted|--modified|--others|--exclude-standard|--stage",
    "ls-tree": r"-r|-d|-t|-l|--name-only|--name-status|--full-tree",
    "rev-parse": r"--short|--abbrev-ref|--verify|--show-toplevel|--is-inside-work-tree|--show-prefix",
    "describe": r"--tags|--always|--dirty|--long|--all",
    "shortlog": r"-s|-n|-e|-sn|-sne",
}
_GIT_SHOWS = (
    r"-p|-u|--patch|--no-patch|-s|--stat|--shortstat|--numstat|--summary|--oneline|--name-only|--name-status|--graph|"
    r"--all|--decorate(=\w+)?|--no-color|--no-ext-diff|--no-textconv|--cached|--staged|-\d+|-n|-n\d+|-U\d+|-w|-b|-M|-C|"
    r"--follow|--reverse|--merges|--no-merges|--first-parent|--max-count=\d+|--(since|until|after|before|author|grep|"
    r"format|pretty|date|abbrev|word-diff|diff-filter)(=.*)?|-L.*|-S.*|-G.*|-i|--abbrev-commit|--word-diff|--unified=\d+"
)
_VERSIONS = {
    "python", "python3", "node", "npm", "cargo", "rustc", "gcc", "g++", "clang", "make", "cmake", "pip", "git", "java",
    "ruby", "ruff",
}  # fmt: skip


def why_not(argv: tuple[str, ...]) -> str:
    """Why this program with these arguments is not known to only read; empty where it is."""
    program, arguments = argv[0], argv[1:]
    if "/" in program:
        return "it names a program by its path"
    if (program in _VERSIONS and arguments == ("--version",)) or argv == ("go", "version"):
        return ""
    check = _CHECKS.get(program)
    if check is None:
        return f"{program} is not known to only read"
    return check(arguments) or _outside(arguments)


def _outside(arguments: tuple[str, ...]) -> str:
    """Whether an argument, or an option's value, may be a path outside the repository."""
    for argument in arguments:
        value = argument.partition("=")[2] if argument.startswith("--") else argument
        glued = argument.startswith("-") and not argument.startswith("--") and re.search(r"[/~]", argument)
        if value.startswith(("/", "~")) or ".." in value.split("/") or glued:
            return "it may read outside the repository"
    return ""


def _any(arguments: tuple[str, ...]) -> str:
    return ""


def _without(short: str, long: tuple[str, ...]) -> Check:
    """Anything but these options; long ones are recognised by every prefix, for programs accept abbreviations."""

    def check(arguments: tuple[str, ...]) -> str:
        for argument in arguments:
            name = argument.partition("=")[0]
            if argument.startswith("--") and len(name) > 2 and any(option.startswith(name) for option in long):
                return f"{name} does more than read"
            if argument.startswith("-") and not argument.startswith("--") and set(argument[1:]) & set(short):
                return f"{argument} may do more than read"
        return ""

    return check


def _find(arguments: tuple[str, ...]) -> str:
    unknown = next((a for a in arguments if a.startswith("-") and a not in _FIND), "")
    return f"find {unknown} is not known to only read" if unknown else ""


def _git(arguments: tuple[str, ...]) -> str:
    if not arguments or arguments[0] not in _GIT:
        return f"git {arguments[0] if arguments else ''}".strip() + " is not known to only read"
    command, rest = arguments[0], arguments[1:]
    pattern = _GIT[command] or _GIT_SHOWS
    options = rest[: rest.index("--")] if "--" in rest else rest
    unknown = next((a for a in options if a.startswith("-") and not re.fullmatch(pattern, a)), "")
    return f"git {command} {unknown} is not known to only read" if unknown else ""


def _sed(arguments: tuple[str, ...]) -> str:
    plain = len(arguments) >= 2 and arguments[0] == "-n" and re.fullmatch(r"\d+(,(\d+|\$))?p", arguments[1])
    options = any(argument.startswith("-") for argument in arguments[2:])
    return "" if plain and not options else "sed may write and run; only sed -n 1,9p is known to read"


def _date(arguments: tuple[str, ...]) -> str:
    return (
        "" if all(argument.startswith("+") or argument == "-u" for argument in arguments) else "date may set the clock"
    )


_CHECKS: dict[str, Check] = {
    **dict.fromkeys(FREELY, _any),
    "date": _date,
    "diff": _without("l", ("--paginate",)),
    "file": _without("Cz", ("--compile", "--uncompress", "--uncompress-noreport")),
    "find": _find,
    "git": _git,
    "rg": _without("z", ("--pre", "--pre-glob", "--hostname-bin", "--search-zip")),
    "sed": _sed,
    "sort": _without("oTS", ("--output", "--compress-program", "--temporary-directory", "--files0-from")),
    "tree": _without("oR", ("--output",)),
}
