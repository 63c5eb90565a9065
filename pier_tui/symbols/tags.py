"""What one source file defines and which names it mentions, read from its syntax."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from pier_tui.symbols.languages import language_of, reader

MOST_BYTES = 200_000
"""Longer files are mostly generated or packed, and parsing one would take more than a tenth of a second."""


@dataclass(frozen=True, order=True)
class Definition:
    """A name and the 1-based line where it is defined."""

    line: int
    name: str
    kind: str = ""


@dataclass(frozen=True)
class Tags:
    """A file's definitions by line, and how often it mentions each name."""

    definitions: tuple[Definition, ...] = ()
    mentions: Mapping[str, int] = field(default_factory=dict)


NOTHING = Tags()


def definitions(path: str, source: bytes) -> tuple[Definition, ...] | None:
    """The definitions of a text by line; None where its language is not known."""
    return tags(path, source).definitions if language_of(path) else None


def tags(path: str, source: bytes) -> Tags:
    """What is in a text. Nothing where its language is not known or it is longer than `MOST_BYTES`.

    A text with syntax errors gives what could be read around them.
    """
    language = language_of(path)
    if not language or len(source) > MOST_BYTES:
        return NOTHING
    captures = reader(language).captures(source)
    mentioned = Counter(_text(node) for node in captures.pop("ref", ()))
    found = {
        Definition(node.start_point[0] + 1, _text(node), kind) for kind, nodes in captures.items() for node in nodes
    }
    return Tags(tuple(sorted(found)), dict(sorted(mentioned.items())))


def _text(node: object) -> str:
    raw: bytes = node.text  # type: ignore[attr-defined]
    return raw.decode("utf-8", "replace")
