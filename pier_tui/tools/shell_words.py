"""The plain commands of a shell text, where two readers that know nothing of each other agree on every word.

One reader is the grammar (`shell_tree`); the other goes through the characters here, and knows only plain
words, quotes and the four signs that chain commands. What one of them cannot read, or both read differently,
is not read at all: a mistake of either parser is then a question to the user, not a permission.
"""

from __future__ import annotations

import re

from pier_tui.tools import shell_tree
from pier_tui.tools.shell_tree import LONGEST, Unreadable

__all__ = ["LONGEST", "MOST", "Unreadable", "pieces", "words"]

MOST = 50
"""Commands in one chain; more are not read."""

_ACTS = {
    "&": "it runs something in the background",
    **dict.fromkeys("<>", "it redirects"),
    **dict.fromkeys("$`", "it substitutes"),
    **dict.fromkeys("*?[]{}", "it expands a pattern"),
    "~": "it names a home directory",
    **dict.fromkeys("!^", "it may use the history"),
    **dict.fromkeys("()", "it opens a subshell"),
    "\\": "it escapes characters",
    "#": "it holds a comment",
}
_PLAIN = re.compile(r"[A-Za-z0-9_./,:=@%+-]")
_CHAINS = re.compile(r"&&|\|\||\||;")
_CHANGED_IN_QUOTES = re.compile(r"[$`!]|\\[$`\"\\\n]|\\$")
_UNSEEN = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")


def pieces(command: str) -> tuple[tuple[str, ...], ...]:
    """The argument lists of a chain of plain commands (one is a chain too). Raises Unreadable."""
    if len(command) > LONGEST:
        raise Unreadable("it is very long")
    if not all(map(_ordinary, command)) or _UNSEEN.search(command):
        raise Unreadable("it holds line breaks or unusual characters")
    found = _pieces(command)
    if len(found) > MOST:
        raise Unreadable(f"it chains more than {MOST} commands")
    if shell_tree.plain(command) != found:
        raise Unreadable("it can be read in more than one way")
    return found


def words(command: str) -> tuple[str, ...]:
    """The program and its arguments, where there is one only. Raises Unreadable."""
    found = pieces(command)
    if len(found) > 1:
        raise Unreadable("it chains commands")
    return found[0]


def _ordinary(character: str) -> bool:
    """Printable ASCII, or a letter, digit or sign written over one."""
    return " " <= character <= "~" or (not character.isascii() and ("a" + character).isidentifier())


def _pieces(command: str) -> tuple[tuple[str, ...], ...]:
    found: list[tuple[str, ...]] = []
    piece: list[str] = []
    at = 0
    while at < len(command):
        chain = _CHAINS.match(command, at)
        if command[at] == " ":
            at += 1
        elif chain:
            found.append(_whole(piece))
            piece, at = [], chain.end()
        else:
            word, at = _word(command, at)
            piece.append(word)
    return (*found, _whole(piece))


def _whole(piece: list[str]) -> tuple[str, ...]:
    if not piece or not piece[0]:
        raise Unreadable("a command is empty")
    return tuple(piece)


def _word(command: str, at: int) -> tuple[str, int]:
    parts: list[str] = []
    while at < len(command) and command[at] != " " and not _CHAINS.match(command, at):
        character = command[at]
        if character in "'\"":
            inside, at = _quoted(command, at)
            parts.append(inside)
        elif _PLAIN.match(character) or not character.isascii() or (character in "~^" and _within(parts)):
            parts.append(character)
            at += 1
        else:
            raise Unreadable(_ACTS.get(character, "it holds unusual characters"))
    return "".join(parts), at


def _within(parts: list[str]) -> bool:
    """Whether ~ and ^ are only characters here, as in HEAD~1 and HEAD^: not at the start, not after = or :."""
    return bool(parts) and (parts[-1][-1:].isalnum() or parts[-1] in ("~", "^"))


def _quoted(command: str, at: int) -> tuple[str, int]:
    end = command.find(command[at], at + 1)
    if end < 0:
        raise Unreadable("a quote is not closed")
    inside = command[at + 1 : end]
    if command[at] == '"' and _CHANGED_IN_QUOTES.search(inside):
        raise Unreadable("it substitutes within quotes")
    return inside, end + 1
