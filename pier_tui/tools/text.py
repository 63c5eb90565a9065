"""Bytes and text as the tools treat them: decoding, line endings, and what of a long text a model is shown."""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

from pier_tui.errors import EditError

Piece = TypeVar("Piece")

_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b\n]*(?:\x07|\x1b\\)|[ -/]*[0-Z\\^-~])")
COMMAND_CHARS = 4_000
"""What a model is shown of a command's output by default."""


def decode(content: bytes, path: str) -> str:
    """The text of a file, undecodable bytes as surrogates, so that `encode` gives the very bytes back.

    Raises EditError: binary.
    """
    if b"\0" in content[:8_192]:
        raise EditError(
            "binary", f"{path} is a binary file ({len(content)} bytes); it cannot be read or edited as text."
        )
    return content.decode("utf-8", "surrogateescape")


def encode(text: str) -> bytes:
    """The bytes of a text from `decode`."""
    return text.encode("utf-8", "surrogateescape")


def printed(text: str) -> str:
    """What a terminal shows of output in the end, without colours: of a progress line the last state."""
    plain = _SEQUENCE.sub("", text).replace("\r\n", "\n")
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in plain.split("\n"))


def shown(text: str) -> str:
    """The text fit for a prompt: what is not Unicode becomes U+FFFD."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def lines_of(text: str) -> list[str]:
    """The lines without their endings; only `\\n` and `\\r\\n` end a line."""
    lines = [line.removesuffix("\r") for line in text.split("\n")]
    return lines[:-1] if lines and not lines[-1] else lines


def numbered(lines: list[str], start: int, width: int = 2_000) -> str:
    """Lines as `{number}\\t{text}`, the first of them numbered `start`, overlong ones cut at `width` characters."""
    return "\n".join(f"{number}\t{clip(shown(line), width)}" for number, line in enumerate(lines, start))


def clip(text: str, width: int) -> str:
    """At most `width` characters of a line, saying how many are missing."""
    return text if len(text) <= width else f"{text[:width]} … (+{len(text) - width} characters)"


def head_tail(text: str, limit: int = COMMAND_CHARS) -> str:
    """At most about `limit` characters: a third from the beginning, the rest from the end, cut at lines."""
    if len(text) <= limit:
        return text
    head = text[: limit // 3]
    head = head[: head.rfind("\n") + 1] or head
    tail = text[len(text) - (limit - limit // 3) :]
    tail = tail[tail.find("\n") + 1 :] or tail
    left_out = len(text) - len(head) - len(tail)
    return f"{head}{'' if head.endswith(chr(10)) else chr(10)}… {left_out} characters left out …\n{tail}"


def digest(content: bytes) -> str:
    """The sha256 of a file's bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def plural(count: int, noun: str) -> str:
    """`1 line`, `2 lines`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


@asynccontextmanager
async def closing(pieces: AsyncIterator[Piece]) -> AsyncIterator[AsyncIterator[Piece]]:
    """Iterate and surely close afterwards, so that a command started by `pieces` dies with its reader."""
    try:
        yield pieces
    finally:
        close = getattr(pieces, "aclose", None)
        if close is not None:
            await close()
