"""Exact replacements in a text by syntax-tree positions, applied from the end so that none disturbs another."""

from __future__ import annotations

import ast


def offsets(text: str) -> list[int]:
    """Byte offset of every line's beginning, the first line at index 1."""
    found = [0, 0]
    for line in text.encode().split(b"\n"):
        found.append(found[-1] + len(line) + 1)
    return found


def span(text: str, node: ast.expr | ast.stmt | ast.arg | ast.keyword) -> tuple[int, int]:
    """First byte of a node and the one after its last."""
    at = offsets(text)
    return at[node.lineno] + node.col_offset, at[node.end_lineno or node.lineno] + (node.end_col_offset or 0)


def splice(text: str, edits: list[tuple[int, int, str]]) -> str:
    """The text with these byte ranges replaced; they must not overlap."""
    raw = text.encode()
    for start, end, fresh in sorted(edits, reverse=True):
        raw = raw[:start] + fresh.encode() + raw[end:]
    return raw.decode()


def source(text: str, node: ast.expr | ast.stmt | ast.arg | ast.keyword) -> str:
    """A node's exact source."""
    start, end = span(text, node)
    return text.encode()[start:end].decode()
