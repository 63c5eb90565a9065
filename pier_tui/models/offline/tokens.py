"""The one estimator of the offline pair: four UTF-8 bytes are a token, and a cache block is sixteen of them.

`PromptMemory` reports cached tokens by the longest common prefix, in whole blocks, with any prompt it
was shown before.
"""

from __future__ import annotations

import json
from collections import deque
from typing import Any

BYTES_PER_TOKEN = 4
BLOCK = 16
REMEMBERED = 32
"""Prompts kept for comparison; the oldest is forgotten first, as in a real prefix cache."""


def count(content: bytes) -> int:
    """Tokens of these bytes, rounded up."""
    return -(-len(content) // BYTES_PER_TOKEN)


def serialised(body: dict[str, Any]) -> bytes:
    """The prompt of a request as one byte string: the system message, the tools, then the other messages in order."""
    messages = body.get("messages") or []
    head = [m for m in messages[:1] if m.get("role") == "system"]
    parts = [*head, body.get("tools") or [], *messages[len(head) :]]
    return b"\n".join(json.dumps(part, sort_keys=True, ensure_ascii=False).encode("utf-8", "replace") for part in parts)


class PromptMemory:
    """Prompts seen by one transport."""

    def __init__(self) -> None:
        self._seen: deque[bytes] = deque(maxlen=REMEMBERED)

    def cached(self, prompt: bytes) -> int:
        """Tokens of `prompt` that were already sent as a prefix, in whole blocks; remembers the prompt."""
        longest = max((_shared(prompt, old) for old in self._seen), default=0)
        self._seen.append(prompt)
        return longest // (BLOCK * BYTES_PER_TOKEN) * BLOCK


def _shared(a: bytes, b: bytes) -> int:
    """Length of the longest common prefix, by halving: comparing slices is much faster than comparing bytes."""
    low, high = 0, min(len(a), len(b))
    while low < high:
        middle = (low + high + 1) // 2
        if a[low:middle] == b[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
