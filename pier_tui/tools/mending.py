"""JSON as a model wrote it, read exactly where it is JSON, mended where one reading is left, else refused.

Nothing is made up: a text that ends within a string, number or list, or after a comma, may lack more than its end, and
what follows an object may be another call or the rest of it. Strings are never touched, except for backslashes that
JSON does not know.
"""

from __future__ import annotations

import ast
import io
import json
import math
import re
import tokenize
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pier_tui.errors import ToolError

DEEPEST = 100
"""Levels of nesting that are read."""
LITERAL_LENGTH = 200_000
"""Characters of a Python literal that are read."""
STRING = re.compile(r'("(?:[^"\\]|\\.)*")', re.DOTALL)
FENCE = re.compile(r"```(?:json|JSON)?\s*(?=[{\[])")
MORE = re.compile(r"\s*[,\"\[{]|.*[\[{]", re.DOTALL)
"""What may not follow the object: a continuation of it, or another."""
BARE_KEY = re.compile(r"([{,]\s*)([A-Za-z_][\w-]*)(?=\s*:)")
LITERALS = {"True": "true", "False": "false", "None": "null"}
CUT_OFF = "the arguments were cut off before their end; make a shorter call."


@dataclass(frozen=True)
class Outline:
    """Where the first object or list begins and, if it does, ends; the brackets left open, and whether a string is."""

    start: int
    end: int | None
    open: str
    quoted: bool


def loaded(raw: str) -> Any:
    """The JSON value in `raw`; {} for nothing at all. Raises ToolError where there is none, or more than one."""
    text = raw.strip().removeprefix("\ufeff").strip()
    if not text:
        return {}
    for read in (_exact, _surrounded, _mended, _literal):
        try:
            value = read(text)
        except (ValueError, RecursionError, MemoryError, SyntaxError, TypeError, tokenize.TokenError):
            continue
        _check_depth(value)
        return value
    if cut_off(text):
        raise ToolError(CUT_OFF)
    raise ToolError("the arguments are not valid JSON.")


def cut_off(text: str) -> bool:
    """Whether the text ends where its meaning is open: within a string or number, or where a value was to follow."""
    outline = _outline(_unfenced(text))
    last = text.rstrip()[-1:]
    ending = outline.quoted or "[" in outline.open or last not in ('"', "}", "]")
    return bool(outline.open) and (ending or _ends_in_key(text))


def _ends_in_key(text: str) -> bool:
    """Whether the last string is a key whose value never came."""
    before = STRING.sub('""', text.rstrip())
    return re.search(r'[{,]\s*""$', before) is not None and _outline(text).open.endswith("{")


def _exact(text: str) -> Any:
    return json.loads(text, strict=False, parse_constant=_refused, parse_float=_finite, object_pairs_hook=_pairs)


def _surrounded(text: str) -> Any:
    """The one object or list between fences, prose or a stray tag."""
    bare = _unfenced(text)
    outline = _outline(bare)
    if outline.end is None or MORE.match(bare, outline.end):
        raise ValueError
    return _exact(bare[outline.start : outline.end])


def _mended(text: str) -> Any:
    """The first reading that the smallest mending gives."""
    bare = _unfenced(text)
    outline = _outline(bare)
    if cut_off(bare) if outline.end is None else MORE.match(bare, outline.end):
        raise ValueError
    closers = "".join("}" if mark == "{" else "]" for mark in reversed(outline.open))
    form = bare[outline.start : outline.end].rstrip() + (closers if outline.end is None else "")
    for change in (str, _escaped, _plain, lambda whole: _escaped(_plain(whole))):
        try:
            return _exact(change(form))
        except ValueError:
            continue
    raise ValueError


def _literal(text: str) -> Any:
    """A Python literal, as written by models that think in Python; only what JSON could have said."""
    bare = _unfenced(text)
    if len(bare) > LITERAL_LENGTH or not bare.startswith(("{", "[")):
        raise ValueError
    _check_apart(bare)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        value = ast.literal_eval(bare)
    if _exact(json.dumps(value, allow_nan=False)) != value:
        raise ValueError
    return value


def _check_apart(text: str) -> None:
    """Refuse strings side by side, which Python joins and nobody meant to."""
    before = 0
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == before == tokenize.STRING:
            raise ValueError
        before = token.type if token.type not in (tokenize.NL, tokenize.COMMENT) else before


def _plain(text: str) -> str:
    """Outside strings: keys without quotes, Python's words, and a comma before a closing bracket."""

    def mend(part: str) -> str:
        part = re.sub(r"\b(True|False|None)\b", lambda m: LITERALS[m[1]], part)
        part = BARE_KEY.sub(r'\1"\2"', part)
        return re.sub(r",(\s*[}\]])", r"\1", part)

    return _outside(mend, text)


def _outside(change: Callable[[str], str], text: str) -> str:
    parts = STRING.split(text)
    return "".join(part if index % 2 else change(part) for index, part in enumerate(parts))


def _escaped(text: str) -> str:
    """Backslashes JSON does not know, as in a regular expression written `\\d`, made into literal ones."""
    return re.sub(r"\\(u[0-9a-fA-F]{4}|.)", _escape, text, flags=re.DOTALL)


def _escape(match: re.Match[str]) -> str:
    if match[1] == "'":
        raise ValueError("an escape of other languages")
    return match[0] if match[1][0] in '"\\/bfnrt' or len(match[1]) > 1 else f"\\\\{match[1]}"


def _unfenced(text: str) -> str:
    fence = FENCE.search(text) if not text.startswith(("{", "[")) else None
    return text[fence.end() :] if fence else text


def _outline(text: str) -> Outline:
    start = min((at for at in (text.find("{"), text.find("[")) if at >= 0), default=0)
    stack: list[str] = []
    quoted = escaped = False
    for at in range(start, len(text)):
        character = text[at]
        if quoted:
            quoted = escaped or character != '"'
            escaped = character == "\\" and not escaped
        elif character == '"':
            quoted = True
        elif character in "{[":
            stack.append(character)
        elif character in "}]":
            if not stack or "{[".index(stack.pop()) != "}]".index(character):
                return Outline(start, None, "", False)
            if not stack:
                return Outline(start, at + 1, "", False)
    return Outline(start, None, "".join(stack), quoted)


def _check_depth(value: Any) -> None:
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > DEEPEST:
            raise ToolError(f"the arguments are nested more than {DEEPEST} levels deep.")
        level = [
            inner
            for item in level
            if isinstance(item, dict | list)
            for inner in (item.values() if isinstance(item, dict) else item)
        ]


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; a key that comes twice with two values says nothing."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found and found[key] != value:
            raise ToolError(f"{key[:40]!r} is given twice with different values.")
        found[key] = value
    return found


def _refused(word: str) -> Any:
    raise ToolError(f"{word} is not a value; give a number.")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ToolError(f"{text[:20]} is too large a number.")
    return value
