"""Paging: which parts of files already seen are put back into the strong model's prompt, and in which order.

A snapshot keeps what a file is about, not its lines, so after a compaction the model that is to edit it would
have to read it again. Choosing is here, pure; reading the files as they stand now is the agent's.
"""

from __future__ import annotations

import heapq
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
"""Tokens (estimated) of pages in one prompt. On recorded sessions 3000 kept .971 of the names the next edit needed,
4500 and 6000 .990, each step at some 3-5 % of a session's input cost (`tests/bench/layouts.py`)."""
PAGE_LINES = 60
"""Lines of a page. Of 15, 30 and 60 the longest kept the most needed names for the same tokens."""
RECENT = 4
"""Deltas whose words say what the next turn is about."""
GOAL = 0.5
"""What a word of the goal counts beside one of the latest exchanges."""
LATELY, HALF = 2.0, 6.0
"""A page looked at in the last turn counts for this much more; the more is halved every so many turns."""
COVERED = 0.2
"""What a word counts that a page chosen before shows already."""
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

    A page counts for the words it shares with the latest exchanges and, half, with the goal: rare words more
    (inverse document frequency over the pages), words a better page shows already less, pages looked at lately
    more, all per root of its size. What the deltas still show is left out.
    """
    shown = {line for d in backbone.deltas for m in d.messages for line in message_text(m).splitlines()}
    fresh = [p for p in pages if _unshown(p.text, shown) >= UNSHOWN]
    worth = _Worth(fresh, backbone)
    waiting = [(-worth.of(n), -n) for n in range(len(fresh))]
    heapq.heapify(waiting)
    chosen: list[int] = []
    while waiting and budget > 0:
        n = -heapq.heappop(waiting)[1]
        size = _tokens(fresh[n].text)
        if size > budget:
            continue
        # What was chosen since can only have lowered it; the next one may be worth more by now.
        if waiting and -worth.of(n) > waiting[0][0]:
            heapq.heappush(waiting, (-worth.of(n), -n))
            continue
        budget -= size
        chosen.append(n)
        worth.take(n)
    return tuple(fresh[n] for n in sorted(chosen))


class _Worth:
    """What each page is worth, given those taken so far."""

    def __init__(self, pages: Sequence[Page], backbone: Backbone) -> None:
        frequency: Counter[str] = Counter(word for page in pages for word in _words(page.text))
        rare = {word: math.log((len(pages) + 1) / n) + 0.3 for word, n in frequency.items()}
        recent = _about(backbone.deltas[-RECENT:])
        goal = _words(" ".join(i.text for i in backbone.section("goal")[-1:]))
        asked = {w: rare[w] * ((w in recent) + GOAL * (w in goal)) for w in recent | goal if w in rare}
        latest = max((p.turn for p in pages), default=0)
        self._gains = [{w: asked[w] for w in _words(p.text) if w in asked} for p in pages]
        self._scale: list[float] = [
            (1 + LATELY * 0.5 ** ((latest - p.turn) / HALF)) / math.sqrt(_tokens(p.text) + 20) for p in pages
        ]
        self._taken: set[str] = set()

    def of(self, n: int) -> float:
        """Page n now; the same whatever order sets come in."""
        gains = self._gains[n].items()
        told = math.fsum(gain * (COVERED if word in self._taken else 1) for word, gain in gains)
        return told * self._scale[n]

    def take(self, n: int) -> None:
        """Its words are shown from now on."""
        self._taken.update(self._gains[n])


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
