"""Syntax errors that exactly one small insertion on the named line mends: a colon, a bracket, a quote, `==` for `=`."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator

from pier_tui.models.offline.change import calls_for, parses
from pier_tui.models.offline.plan import Workspace
from pier_tui.models.offline.repair.outcome import propose_tested


def mend_syntax(work: Workspace, path: str) -> None:
    """Propose the insertion; returns where none or several make the file parse. Raises Wants, Stop."""
    if not path.endswith(".py"):
        return
    text = work.text(path)
    number, found = completed(text)
    if len(found) == 1:
        (after, what) = found.popitem()
        say = f"`{path}` does not parse at line {number}; {what} is the one small insertion that makes it parse."
        propose_tested(work, calls_for(path, text, after), say)


def completed(text: str) -> tuple[int, dict[str, str]]:
    """The line Python names, and every text that one insertion there turns into Python, with what was inserted."""
    number = _named(text)
    if not number:
        return 0, {}
    lines = text.split("\n")
    found: dict[str, str] = {}
    for line, what in _insertions(lines[number - 1]):
        after = "\n".join([*lines[: number - 1], line, *lines[number:]])
        if parses(after):
            found.setdefault(after, what)
    return number, found


def _named(text: str) -> int:
    """The line of the syntax error; 0 where there is none. Brackets left open are named where they open."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except SyntaxError as error:
        return min(error.lineno or 0, len(text.split("\n")))
    except (ValueError, RecursionError):
        return 0
    return 0


def _insertions(line: str) -> Iterator[tuple[str, str]]:
    code, comment = _split(line)
    if code.strip():
        yield f"{code}:{comment}", "a colon at the end"
    for bracket in ")]}":
        yield f"{code}{bracket}{comment}", f"`{bracket}` at the end"
        for tail in (":", ","):
            if code.endswith(tail):
                yield f"{code[:-1]}{bracket}{tail}{comment}", f"`{bracket}` before `{tail}`"
    for quote in ("'", '"'):
        yield f"{code}{quote}{comment}", f"{quote} at the end"
    if re.match(r"\s*(if|elif|while|assert)\b", code):
        for match in re.finditer(r"(?<![=!<>:])=(?!=)", code):
            yield f"{code[: match.start()]}=={code[match.end() :]}{comment}", "`==` for `=`"


def _split(line: str) -> tuple[str, str]:
    """The code of a line and its comment with the space before it."""
    match = re.match(r"^((?:[^'\"#]|'[^']*'|\"[^\"]*\")*?)(\s*#.*)?$", line)
    code, comment = (match[1], match[2] or "") if match else (line, "")
    return (code.rstrip(), comment) if comment else (line.rstrip(), "")
