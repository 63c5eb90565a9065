"""Which git commands only read: a few, each with the options listed here and no others.

Options that run programs or write files (external diffs, text conversion, pagers, signatures, --output) are
not among them, nor is anything before the command's name but --no-pager.
"""

from __future__ import annotations

import re

_SETTINGS = {"safe.bareRepository": "explicit", "core.fsmonitor": "false", "core.hooksPath": "/dev/null"}
ENVIRONMENT = {
    "GIT_CONFIG_COUNT": str(len(_SETTINGS)),
    **{f"GIT_CONFIG_KEY_{number}": name for number, name in enumerate(_SETTINGS)},
    **{f"GIT_CONFIG_VALUE_{number}": value for number, value in enumerate(_SETTINGS.values())},
}
"""What commands must be given for the tables here to hold: a folder that looks like a bare repository is not one.

Files of a repository may have that shape, and their settings would make `git status` run a program.
"""

_SHOWS = (
    r"-p|-u|--patch|--no-patch|-s|--stat(=[\d,]+)?|--shortstat|--numstat|--summary|--oneline|--name-only|--name-status|"
    r"--graph|--all|--decorate(=\w+)?|--color(=\w+)?|--no-color|--no-ext-diff|--no-textconv|--cached|--staged|-\d+|-n|"
    r"-n\d+|-U\d+|-w|-b|-M|-C|--follow|--reverse|--merges|--no-merges|--first-parent|--max-count=\d+|--branches|--tags|"
    r"--(since|until|after|before|author|grep|date|abbrev|word-diff|diff-filter|skip)(=.*)?|-L.*|-S.*|-G.*|-i|"
    r"--(format|pretty)=(oneline|short|medium|full|fuller|reference|email|raw|t?format:.*|%.*)|"
    r"--abbrev-commit|--unified=\d+|--minimal|--patience|--histogram|--relative-date|--merge-base|--quiet|--exit-code"
)
_OPTIONS: dict[str, str] = {
    **dict.fromkeys(("diff", "log", "show"), _SHOWS),
    "blame": r"-w|-L\d+,\d+|-L|-s|-e|--date=\w+",
    "branch": r"-a|-r|-v|-vv|-l|--all|--remotes|--verbose|--list|--show-current",
    "cat-file": r"-[pste]",
    "describe": r"--tags|--always|--dirty|--long|--all",
    "grep": r"-[niIlLwEFPchHovq]+|-[ABCem]\d*|--(cached|untracked|count|line-number|ignore-case|name-only|color)",
    "ls-files": r"-c|-d|-m|-o|-s|--cached|--deleted|--modified|--others|--exclude-standard|--stage",
    "ls-tree": r"-r|-d|-t|-l|--name-only|--name-status|--full-tree",
    "merge-base": r"--all|--is-ancestor|--fork-point",
    "rev-parse": r"--short|--abbrev-ref|--verify|--show-toplevel|--is-inside-work-tree|--show-prefix",
    "shortlog": r"-s|-n|-e|-sn|-sne",
    "status": r"-s|-b|-sb|--short|--branch|--porcelain(=v[12])?|-uno|-unormal|-uall|--ignored|--long|-v|--no-renames",
    "tag": r"-l|--list|-n\d*",
}
_NAMED = frozenset({"branch", "tag"})
"""Commands to which a name means: make it."""


def why_not_git(arguments: tuple[str, ...]) -> str:
    """Why git with these arguments is not known to only read; empty where it is."""
    if arguments[:1] == ("--no-pager",):
        arguments = arguments[1:]
    if not arguments or arguments[0] not in _OPTIONS:
        return f"git {arguments[0] if arguments else ''}".strip() + " is not known to only read"
    command, rest = arguments[0], arguments[1:]
    # Also after --: it may be the value of the option before it, and what follows an option again.
    unknown = next((a for a in rest if a.startswith("-") and a != "--" and not _known(command, a)), "")
    if unknown:
        return f"git {command} {unknown} is not known to only read"
    if command in _NAMED and any(not a.startswith("-") or a == "--" for a in rest):
        return f"git {command} with a name may change something"
    if any("%G" in a for a in rest if a.startswith("--")):
        return "checking a signature runs a program"
    return ""


def _known(command: str, option: str) -> bool:
    return re.fullmatch(_OPTIONS[command], option) is not None
