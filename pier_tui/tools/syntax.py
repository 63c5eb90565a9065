"""Whether a text still parses: Python, JSON and TOML, by their own parsers and nothing else."""

from __future__ import annotations

import ast
import json
import tomllib
import warnings
from collections.abc import Callable
from dataclasses import dataclass

from pier_tui.errors import EditError
from pier_tui.tools.text import lines_of, numbered

MOST = 2_000_000


@dataclass(frozen=True)
class Flaw:
    """Where and why a text does not parse. `line` counts from 1."""

    line: int
    message: str

    def __str__(self) -> str:
        return f"syntax error line {self.line}: {self.message}"


def check(path: str, text: str) -> Flaw | None:
    """The first syntax error, None where there is none or the language is not known (see `known`)."""
    parse = _PARSERS.get(_suffix(path))
    if parse is None or len(text) > MOST:
        return None
    return parse(text)


def known(path: str) -> bool:
    """Whether files of this name can be checked."""
    return _suffix(path) in _PARSERS


def verdict(path: str, before: str | None, after: str) -> str:
    """What to tell the model of an edit's syntax. `before` is None for a new file, which counts as one that parsed.

    Raises EditError (syntax) where a Python file that parsed no longer would.
    """
    if not known(path):
        return ""
    flaw = check(path, after)
    if flaw is None:
        return "syntax ok"
    if _suffix(path) in ("py", "pyi") and (before is None or check(path, before) is None):
        raise EditError("syntax", f"{flaw}. The edit was not made. It would have read:\n{window(after, flaw.line)}")
    return f"{flaw} (the edit stands)"


def window(text: str, line: int, around: int = 4) -> str:
    """The numbered lines around a line."""
    lines = lines_of(text)
    first = max(line - around, 1)
    return numbered(lines[first - 1 : line + around], first, width=200)


def _python(text: str) -> Flaw | None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text.removeprefix("\ufeff"))
    except SyntaxError as error:
        return Flaw(error.lineno or 1, error.msg)
    except (ValueError, RecursionError, MemoryError) as error:
        return Flaw(1, str(error) or type(error).__name__)
    return None


def _json(text: str) -> Flaw | None:
    try:
        json.loads(text.removeprefix("\ufeff"))
    except json.JSONDecodeError as error:
        return Flaw(error.lineno, error.msg)
    except (RecursionError, ValueError):
        return Flaw(1, "nested too deeply, or a number too long")
    return None


def _toml(text: str) -> Flaw | None:
    try:
        tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        digits = str(error).partition("at line ")[2].partition(",")[0]
        return Flaw(int(digits) if digits.isdigit() else 1, str(error))
    return None


def _suffix(path: str) -> str:
    return path.rsplit(".", 1)[-1].lower() if "." in path.rsplit("/", 1)[-1] else ""


_PARSERS: dict[str, Callable[[str], Flaw | None]] = {"py": _python, "pyi": _python, "json": _json, "toml": _toml}
