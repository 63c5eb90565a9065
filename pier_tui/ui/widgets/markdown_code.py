"""Code in an answer: syntax colours from the theme's component classes. A language is named or there is none."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from rich.style import Style
from rich.text import Text

from pier_tui.ui.text import sanitize

Look = Callable[[str], Style]
"""The style of a component class."""

LONGEST = 2000
"""Characters of a line that are coloured; beyond it, and in very large blocks, code is shown plain."""
MOST = 100_000

KINDS: tuple[tuple[str, str], ...] = (
    ("Token.Comment", "comment"),
    ("Token.Keyword", "keyword"),
    ("Token.Literal.String", "string"),
    ("Token.Literal.Number", "number"),
    ("Token.Name.Function", "function"),
    ("Token.Name.Class", "function"),
    ("Token.Name.Decorator", "function"),
    ("Token.Name.Builtin", "builtin"),
    ("Token.Operator.Word", "keyword"),
)


@lru_cache(maxsize=32)
def _lexer(language: str) -> Any:
    from pygments.lexers import get_lexer_by_name  # type: ignore[import-untyped]
    from pygments.util import ClassNotFound  # type: ignore[import-untyped]

    try:
        return get_lexer_by_name(language, stripnl=False, ensurenl=False)
    except ClassNotFound:
        return None


def warm() -> None:
    """Import what the first code block needs; for a thread, as it takes a tenth of a second."""
    _lexer("python")


@lru_cache(maxsize=512)
def _kind(token: Any) -> str:
    name = str(token)
    return next((kind for prefix, kind in KINDS if name.startswith(prefix)), "")


def code_text(code: str, language: str, look: Look) -> list[Text]:
    """The lines of a piece of code, coloured."""
    ground = look("code")
    code = sanitize(code).removesuffix("\n")
    lexer = _lexer(language.lower()) if language and len(code) < MOST else None
    if lexer is None or any(len(line) > LONGEST for line in code.split("\n")):
        return [Text(line, style=ground, end="") for line in code.split("\n")]
    lines = [Text(style=ground, end="")]
    for token, value in lexer.get_tokens(code):
        kind = _kind(token)
        style = look(kind) if kind else None
        for index, piece in enumerate(value.split("\n")):
            if index:
                lines.append(Text(style=ground, end=""))
            if piece:
                lines[-1].append(piece, style)
    return lines
