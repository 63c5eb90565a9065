"""What a request in English asks for, as far as the rules know: one `Intent`, with the rule that matched.

The first rule that matches wins; `others` counts further kinds of request that would have matched too,
and lowers the confidence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from importlib import resources
from typing import Literal, cast

Kind = Literal[
    "find", "callers", "explain", "list", "run_tests", "rename", "replace", "add_line", "fix", "summarise",
    "move", "add_parameter", "remove_parameter", "rename_parameter", "reorder_parameters", "docstrings",
    "extract_method", "help", "unknown",
]  # fmt: skip

NAME = r"[A-Za-z_][\w.]*"
PATH = r"[\w./\-]+\.\w{1,5}|[\w.\-]+/[\w./\-]*"
_Q = r"[`'\"“”‘’]?"
_N = rf"{_Q}(?P<name>{NAME}?)(?:\(\))?{_Q}"
_SORT = r"(?:(?:function|method|class|variable|symbol|constant|name|attribute|module|file|identifier|def)\s+)?"
_IN = (
    rf"(?:\s+(?:in|inside|within|of|from|at)\s+(?:the\s+)?(?:file\s+|module\s+)?{_Q}(?P<path>{PATH}){_Q}(?:\s+file)?)?"
)
_END = r"\s*[?.!]*\s*$"
_POLITE = re.compile(
    r"^(?:(?:please|kindly|hey|hi|hello|ok|okay|now|then|so|and|just)[,!]?\s+|(?:can|could|would|will)\s+(?:you|we)\s+"
    r"|(?:i\s+(?:want|need|would\s+like)\s+(?:you\s+)?to|i'd\s+like\s+(?:you\s+)?to|let'?s|help\s+me(?:\s+to)?|go\s+ahead\s+and)\s+)+",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Intent:
    """A recognised request. `fields` are its parts as written; `rule` names what matched."""

    kind: Kind
    rule: str
    fields: dict[str, str] = field(default_factory=dict)
    others: int = 0

    def get(self, name: str) -> str:
        """A part, '' where the request has none."""
        return self.fields.get(name) or ""


_MACROS = {"Q": _Q, "N": _N, "SORT": _SORT, "IN": _IN, "END": _END, "NAME": NAME, "PATH": PATH}


def _rules() -> tuple[tuple[Kind, str, re.Pattern[str]], ...]:
    """The rules of `requests.txt`, in its order."""
    found: list[tuple[Kind, str, re.Pattern[str]]] = []
    text = resources.files("pier_tui.models.offline").joinpath("requests.txt").read_text(encoding="utf-8")
    for block in text.split("\n\n"):
        heading, *pattern = [line for line in block.split("\n") if line and not line.startswith("#")] or [""]
        kind, _, rule = heading.partition(": ")
        joined = "".join(line.removeprefix("    ") for line in pattern)
        for macro, meaning in _MACROS.items():
            joined = joined.replace(f"{{{macro}}}", meaning)
        if pattern:
            found.append((cast(Kind, kind), rule, re.compile(joined, re.IGNORECASE | re.DOTALL)))
    return tuple(found)


_COMPILED = _rules()
_VAGUE = frozenset(
    {"it", "this", "that", "these", "those", "me", "a", "an", "the", "all", "everything", "us", "is", "be"}
)
_FAMILY: dict[str, str] = {"callers": "find", "list": "explain", "summarise": "explain"}


def parse(request: str) -> Intent:
    """The intent of a request; `unknown` where no rule matches."""
    text = " ".join(_POLITE.sub("", request.strip()).split())
    matched: Intent | None = None
    families: set[str] = set()
    for kind, rule, pattern in _COMPILED:
        match = pattern.match(text) or (pattern.search(text) if kind in ("fix", "extract_method") else None)
        if match is None:
            continue
        fields = {name: value.strip() for name, value in match.groupdict().items() if value}
        if kind in ("find", "callers", "explain") and fields.get("name", "x").lower() in _VAGUE:
            continue
        fields.setdefault("path", fields.get("path2", ""))
        matched = matched or Intent(kind, rule, fields)
        families.add(_FAMILY.get(kind, kind))
    if matched is None:
        return Intent("unknown", "no rule")
    return Intent(matched.kind, matched.rule, matched.fields, len(families) - 1)


def paths_in(request: str) -> list[str]:
    """File paths and test ids a request names, in order."""
    found = re.findall(r"(?<![\w/])[\w./\-]+\.py(?:::[\w\[\]:.\-]+)?", request)
    return list(dict.fromkeys(path.rstrip(".:") for path in found))
