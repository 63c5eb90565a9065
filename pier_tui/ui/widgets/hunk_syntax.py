"""Syntax colour of hunks, a stretch of lines at a time: which characters of a line are keyword, string, and so on."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from pygments.lexer import Lexer  # type: ignore[import-untyped]
from pygments.lexers import get_lexer_for_filename  # type: ignore[import-untyped]
from pygments.token import Token  # type: ignore[import-untyped]
from pygments.util import ClassNotFound  # type: ignore[import-untyped]

from pier_tui.repo.diff import Line

Colour = tuple[int, int, str]
"""A span of characters of one line, and the component class that colours it."""

LONGEST = 1000
"""Longer lines are shown without syntax colour."""

KINDS: tuple[tuple[object, str], ...] = (
    (Token.Comment, "diff--comment"),
    (Token.Keyword, "diff--keyword"),
    (Token.Literal.String, "diff--string"),
    (Token.Literal, "diff--number"),
    (Token.Name.Function, "diff--function"),
    (Token.Name.Class, "diff--function"),
    (Token.Name.Decorator, "diff--function"),
    (Token.Name.Tag, "diff--keyword"),
    (Token.Name.Builtin, "diff--builtin"),
    (Token.Operator.Word, "diff--keyword"),
)
CLASSES = tuple(dict.fromkeys(name for _, name in KINDS))


@lru_cache(maxsize=64)
def lexer_for(path: str) -> Lexer | None:
    """The lexer of a file name, None where no language is known."""
    try:
        return get_lexer_for_filename(path, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None


@lru_cache(maxsize=512)
def component(token: object) -> str:
    """The component class of a token type; empty for ordinary text."""
    return next((name for kind, name in KINDS if token in kind), "")  # type: ignore[operator]


def colours(path: str, lines: Sequence[Line]) -> list[list[Colour]]:
    """The spans of each line. Both sides are lexed apart, so that removed text does not derange the added."""
    found: list[list[Colour]] = [[] for _ in lines]
    lexer = lexer_for(path)
    if lexer is None:
        return found
    new = [i for i, line in enumerate(lines) if line.kind != "-" and len(line.text) <= LONGEST]
    old = [i for i, line in enumerate(lines) if line.kind != "+" and len(line.text) <= LONGEST]
    for side in (old, new) if len(old) != len(new) or old != new else (new,):
        lex(lexer, lines, side, found)
    return found


def lex(lexer: Lexer, lines: Sequence[Line], side: Sequence[int], found: list[list[Colour]]) -> None:
    """Lex the lines of one side and put the spans of each into `found`, replacing what is there."""
    for index in side:
        found[index] = []
    at, column = 0, 0
    text = "".join(lines[i].text.replace("\r", " ") for i in side)
    for token, value in lexer.get_tokens(text):
        name = component(token)
        for piece in value.splitlines(keepends=True) if "\n" in value else (value,):
            if at >= len(side):
                return
            if name and not piece.isspace():
                found[side[at]].append((column, column + len(piece.rstrip("\n")), name))
            column += len(piece)
            if piece.endswith("\n"):
                at, column = at + 1, 0
