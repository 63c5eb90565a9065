"""Paging: which parts of files already seen are put back into the strong model's prompt, and in which order.

A snapshot keeps what a file is about, not its lines, so after a compaction the model that is to edit it would
have to read it again. Choosing is here, pure; reading the files as they stand now is the agent's.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache

from pydantic import BaseModel, ConfigDict

from pier_tui.backbone.prefix import message_text
from pier_tui.backbone.state import Backbone, Delta
from pier_tui.models.tokens import count

PAGE_TOKENS = 4_500
"""Tokens (estimated) of pages in one prompt. On recorded sessions 3000 kept .972 of the names the next edit
needed, 4500 .983 and 6000 .992, each step at some 5 % of a session's input cost (`tests/bench/layouts.py`)."""
PAGE_LINES = 60
"""Lines of a page. Of 15, 30 and 60 the longest kept the most needed names for the same tokens."""
RECENT = 4
"""Deltas whose words say what the next turn is about."""
UNSHOWN = 0.3
"""A page is worth its tokens only if this share of its lines is not in the prompt already."""
_WORD = re.compile(r"[A-Za-z_]\w{2,}")


class Page(BaseModel):
    """A stretch of a file as it stands now: `source` names it, such as `app.py 1-60`; `turn` last looked at it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    text: str
    turn: int = 0


def choose(pages: Sequence[Page], backbone: Backbone, budget: int = PAGE_TOKENS) -> tuple[Page, ...]:
    """The pages worth showing within `budget` tokens, in the order given.

    A page counts for the words it shares with the latest exchanges and, half, with the goal, rare words more
    (inverse document frequency over the pages), later ones more, per root of its size. What the deltas
    still show is left out.
    """
    shown = {line for d in backbone.deltas for m in d.messages for line in message_text(m).splitlines()}
    fresh = [p for p in pages if _unshown(p.text, shown) >= UNSHOWN]
    frequency: Counter[str] = Counter(word for page in fresh for word in _words(page.text))
    rare = {word: math.log((len(fresh) + 1) / n) + 0.3 for word, n in frequency.items()}
    recent, goal = _about(backbone.deltas[-RECENT:]), _words(" ".join(i.text for i in backbone.section("goal")[-1:]))
    latest = max((p.turn for p in fresh), default=0) or 1

    def worth(page: Page) -> float:
        words = _words(page.text)
        value = sum(rare[w] for w in words & recent) + 0.5 * sum(rare[w] for w in words & goal)
        return value * (1 + page.turn / latest) / math.sqrt(_tokens(page.text) + 20)

    ranked = sorted(range(len(fresh)), key=lambda n: (-worth(fresh[n]), -n))
    chosen: list[int] = []
    for n in ranked:
        size = _tokens(fresh[n].text)
        if size <= budget:
            budget -= size
            chosen.append(n)
    return tuple(fresh[n] for n in sorted(chosen))


def pages_text(pages: Iterable[Page]) -> str:
    """The pages as both the prompt and the screen show them."""
    return "\n".join(f"{page.source}\n{page.text}" for page in pages)


def _about(deltas: Sequence[Delta]) -> frozenset[str]:
    return frozenset().union(*(_words(message_text(m)) for d in deltas for m in d.messages))


def _unshown(text: str, shown: set[str]) -> float:
    lines = [line for line in text.splitlines() if line.strip()]
    return sum(line not in shown for line in lines) / len(lines) if lines else 0.0


@lru_cache(maxsize=4_096)
def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text))


@lru_cache(maxsize=4_096)
def _tokens(text: str) -> int:
    return count(text)
