"""Keys kept out of every text that is written down, exported or shown, and out of the environment of children.

Keys in use are hidden wherever text leaves the program; what only looks like a key is hidden where text goes
to others: exports, logs, crash reports, error sentences. The bytes of files and of patches are never changed
here: a file that holds a key still holds it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

MARK = "[key hidden]"
SHORTEST = 12
"""Characters. Words such as EMPTY, which local servers take for a key, are no secrets and stay."""

_SHAPES = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?:[^\"]{0,16000}?-----END [A-Z ]*PRIVATE KEY-----|[A-Za-z0-9+/=\s\\]*)"
    r"|(?<![A-Za-z0-9])(?:"
    r"sk[-_](?=[A-Za-z_-]*\d)[A-Za-z0-9_-]{16,}"  # OpenAI, Anthropic, Sarvam, Stripe
    r"|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{22,}"
    r"|(?:AKIA|ASIA)[A-Z0-9]{16}"
    r"|AIza[A-Za-z0-9_-]{30,}"
    r"|xox[abeoprs]-[A-Za-z0-9-]{10,}"
    r"|glpat-[A-Za-z0-9_-]{16,}"
    r"|hf_[A-Za-z0-9]{20,}"
    r"|eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"  # a JSON web token
    r")"
)
_HEADERS = re.compile(r"(?i)(\bbearer\s+|\bapi-subscription-key[\"']?\s*[:=]\s*[\"']?)[A-Za-z0-9._~+/=-]{16,}")
_live: dict[str, str] = {}
"""Keys in use, as they are and as JSON writes them, with the variable each is kept under."""


def hide(secret: str, variable: str = "") -> None:
    """From now on this key is in no text and no child's environment."""
    if len(secret) >= SHORTEST:
        _live[secret] = variable
        _live[json.dumps(secret)[1:-1]] = variable


def without_keys(text: str) -> str:
    """The text without the keys in use."""
    for secret in _live:
        if secret in text:
            text = text.replace(secret, MARK)
    return text


def redact(text: str) -> str:
    """The text without the keys in use and without anything that has the shape of a key. JSON stays JSON."""
    return _HEADERS.sub(rf"\1{MARK}", _SHAPES.sub(MARK, without_keys(text)))


def spared(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment for a program the user starts, without the keys in use."""
    names = set(_live.values())
    return {name: value for name, value in environ.items() if name not in names and without_keys(value) == value}


def any_hidden() -> bool:
    """Whether there is a key in use."""
    return bool(_live)
