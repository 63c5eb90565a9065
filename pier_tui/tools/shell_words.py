"""Reading a shell command only as far as it is certain: plain words and quotes, nothing a shell would act on.

This is not a shell parser. It answers one question: is the whole text one program with literal arguments?
Where the answer is not surely yes, it is no, with the reason.
"""

from __future__ import annotations

import re

LONGEST = 2_000

_ACTS = {
    **dict.fromkeys("|&;", "it chains commands"),
    **dict.fromkeys("<>", "it redirects"),
    **dict.fromkeys("$`", "it substitutes"),
    **dict.fromkeys("*?[]{}~!^", "it expands a pattern"),
    **dict.fromkeys("()", "it opens a subshell"),
    "\\": "it escapes characters",
    "#": "it holds a comment",
}
_PLAIN = re.compile(r"[A-Za-z0-9_./,:=@%+-]")


class Unreadable(ValueError):
    """The command is not one program with literal arguments; the message says why, in a few words."""


def words(command: str) -> tuple[str, ...]:
    """The program and its arguments. Raises Unreadable."""
    if len(command) > LONGEST:
        raise Unreadable("it is very long")
    if re.search(r"[^\x20-\x7e]", re.sub(r"[^\W\d_]", "a", command)):
        raise Unreadable("it holds line breaks or unusual characters")
    found, at = [], 0
    while at < len(command):
        if command[at] == " ":
            at += 1
            continue
        word, at = _word(command, at)
        found.append(word)
    if not found:
        raise Unreadable("it is empty")
    if "=" in found[0]:
        raise Unreadable("it sets a variable")
    return tuple(found)


def _word(command: str, at: int) -> tuple[str, int]:
    parts = []
    while at < len(command) and command[at] != " ":
        character = command[at]
        if character in "'\"":
            end = command.find(character, at + 1)
            if end < 0:
                raise Unreadable("a quote is not closed")
            inside = command[at + 1 : end]
            if character == '"' and re.search(r"[$`\\!]", inside):
                raise Unreadable("it substitutes within quotes")
            parts.append(inside)
            at = end + 1
        elif _PLAIN.match(character) or character.isalpha():
            parts.append(character)
            at += 1
        else:
            raise Unreadable(_ACTS.get(character, "it holds unusual characters"))
    return "".join(parts), at


def pieces(command: str) -> list[list[str]]:
    """The simple commands in any text, guessed generously: for recognising ruin, never to allow."""
    parts = re.split(r"[|&;()\n\r`{}<]|\$\(|\bthen\b|\bdo\b|\belse\b", command)
    return [[word.strip("'\"") for word in part.split()] for part in parts if part.split()]
