"""A shell command as tree-sitter's grammar of bash reads it: its simple commands, strictly or generously.

Strictly is for allowing: anything but plain commands of literal words is refused. Generously is for
recognising ruin: every command anywhere in the text, in substitutions, loops and strings for a shell too.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

LONGEST = 10_000
"""Characters; what is longer is not read at all."""

_JOINS = frozenset({"program", "list", "pipeline"})
_OPERATORS = frozenset({";", "&&", "||", "|"})
_WHY = {
    "redirected_statement": "it redirects",
    "herestring_redirect": "it redirects",
    "file_redirect": "it redirects",
    "variable_assignment": "it sets a variable",
    "variable_assignments": "it sets a variable",
    "declaration_command": "it sets a variable",
    "subshell": "it opens a subshell",
    "negated_command": "it negates a command",
    "comment": "it holds a comment",
    "&": "it runs something in the background",
    "function_definition": "it defines a function",
}
_MOST_DEEP = 4


class Unreadable(ValueError):
    """The command is not made of plain commands with literal words; the message says why, in a few words."""


@cache
def _parser() -> Parser:
    from tree_sitter import Language, Parser
    from tree_sitter_bash import language

    return Parser(Language(language()))


def _root(command: str) -> Node:
    if len(command) > LONGEST:
        raise Unreadable("it is very long")
    try:
        return _parser().parse(command.encode()).root_node
    except UnicodeEncodeError:
        raise Unreadable("it holds bytes that are no text") from None


def plain(command: str) -> tuple[tuple[str, ...], ...]:
    """The simple commands of a text that chains nothing but these, in order. Raises Unreadable."""
    root = _root(command)
    if root.has_error:
        raise Unreadable("it cannot be parsed")
    return tuple(_plain(root))


def _plain(node: Node) -> Iterator[tuple[str, ...]]:
    if node.type == "command":
        yield tuple(_literal(child) for child in node.children)
        return
    if node.type not in _JOINS:
        raise Unreadable(_why(node))
    for child in node.children:
        if child.is_named:
            yield from _plain(child)
        elif child.type not in _OPERATORS:
            raise Unreadable(_why(child))


def _literal(node: Node) -> str:
    """The word a node stands for, where a shell would change nothing of it. Raises Unreadable."""
    text = _text(node)
    match node.type:
        case "word" | "number" if not node.named_children:
            return text
        case "raw_string":
            return text[1:-1]
        case "string" if all(child.type in ('"', "string_content") for child in node.children):
            return text[1:-1]
        case "command_name" | "concatenation":
            return "".join(_literal(child) for child in node.children)
        case _:
            raise Unreadable(_why(node))


def _why(node: Node) -> str:
    if "expansion" in node.type or "substitution" in node.type or node.type == "string":
        return "it substitutes"
    return _WHY.get(node.type, "it does more than plain commands do")


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")


def everywhere(command: str, depth: int = 0) -> Iterator[tuple[str, ...]]:
    """Every simple command anywhere in the text, with what cannot be known left as written; for recognising ruin.

    A redirection comes as `(">", target)`. Gives nothing for what cannot be read.
    """
    try:
        waiting = [_root(command)]
    except Unreadable:
        return
    while waiting:
        node = waiting.pop()
        waiting += reversed(node.children)
        if node.type == "file_redirect" and (target := node.child_by_field_name("destination")) is not None:
            yield (">", _guess(target))
        if node.type == "command":
            argv = tuple(_guess(child) for child in node.children if child.type not in ("variable_assignment",))
            yield argv
            if depth < _MOST_DEEP:
                for inner in _scripts(argv):
                    yield from everywhere(inner, depth + 1)


def _guess(node: Node) -> str:
    try:
        return _literal(node).replace("\\", "")
    except Unreadable:
        return _text(node).strip("\"'")


def _scripts(argv: tuple[str, ...]) -> Iterator[str]:
    """What of a command is a script itself: after a shell's -c, for eval and for trap."""
    names = [word.rsplit("/", 1)[-1] for word in argv]
    for at, name in enumerate(names):
        if name in ("sh", "bash", "zsh", "dash", "ksh", "su"):
            yield from (argv[i + 1] for i in range(at + 1, len(argv) - 1) if _takes_script(argv[i]))
            return
        if name in ("eval", "trap"):
            yield " ".join(argv[at + 1 :]) if name == "eval" else "".join(argv[at + 1 : at + 2])
            return


def _takes_script(option: str) -> bool:
    return option.startswith("-") and not option.startswith("--") and option.endswith("c")
