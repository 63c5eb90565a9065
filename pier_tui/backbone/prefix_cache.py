"""What each model's endpoint has probably cached: what it was sent, what that predicts, and what it billed.

A prediction is the longest common beginning of the next prompt with any of the last few sent while they are
warm and still fit, floored to the endpoint's block. Billed numbers are the endpoint's own; where it said
nothing they are unknown, not 0. How far both agree is in `drift`.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from pydantic import BaseModel, ConfigDict

from pier_tui.backbone.drift import Drift, shortfall
from pier_tui.backbone.prefix import Piece, Prefix, SegmentName
from pier_tui.models.cards import ModelCard
from pier_tui.models.tokens import Correction
from pier_tui.models.usage import MILLION, Price

REMEMBERED = 4
"""Prompts remembered per model."""
TAIL = ("pages", "now")
"""Segments that are new on every call."""
SHOWN = 40
"""Characters shown of what stood, and now stands, where a cached prefix breaks."""

WHY: dict[SegmentName, str] = {
    "harness": "the harness prompt is another one",
    "tools": "the tools offered are others, or say something else",
    "repository": "the repository card was written anew",
    "snapshot": "a compaction wrote the snapshot anew",
    "deltas": "the record was put back to an earlier state, or shortened by a compaction",
    "pages": "it is written anew for every call",
    "now": "it is written anew for every call",
}
"""What makes each segment change."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SwitchPrice(_Frozen):
    """What the next call on a model re-reads: tokens not in its cache (estimated) and rupees for them, None unknown.

    `at` names the profile whose prices were taken where the model has none of its own; `free`: nothing is charged.
    """

    reread_tokens: int
    cost: Decimal | None
    free: bool = False
    at: str = ""


@dataclass(frozen=True)
class _Sent:
    pieces: tuple[Piece, ...]
    time: float
    tokens: int


@dataclass(frozen=True)
class _Unbooked:
    """A call not yet billed: its prediction, our own count of its prompt, seconds since the one before, None: first."""

    predicted: int
    estimated: int
    idle: float | None


class PrefixCache:
    """One model's prefix cache as it can be seen from here. `clock` gives seconds that only go forward.

    Counts are estimates times the `correction` that earlier bills of the same model gave.
    """

    def __init__(self, card: ModelCard, clock: Callable[[], float]) -> None:
        self._card, self._clock = card, clock
        self._sent: deque[_Sent] = deque(maxlen=REMEMBERED)
        self._unbooked: deque[_Unbooked] = deque()
        self._told_low = False
        self.drift = Drift()
        self.correction = Correction()

    def tokens(self, prefix: Prefix) -> int:
        """Tokens of the whole prompt (estimated, corrected)."""
        return self.corrected(prefix.tokens)

    def corrected(self, estimated: int) -> int:
        """An estimate as this model's endpoint would count it."""
        return round(estimated * self.correction.ratio)

    def predict(self, prefix: Prefix) -> int:
        """Tokens of this prompt expected to be cached (estimated)."""
        common = max((min(_common(s.pieces, prefix.pieces)[0], held) for s, held in self._held()), default=0)
        card = self._card
        return reusable(self.corrected(common), self.tokens(prefix), card.cache_block, card.cache_least)

    def sent(self, prefix: Prefix) -> int:
        """Remember that this prompt was sent; the prediction made for it."""
        predicted, now = self.predict(prefix), self._clock()
        idle = now - self._sent[-1].time if self._sent else None
        self._sent.append(_Sent(prefix.pieces, now, prefix.tokens))
        self._unbooked.append(_Unbooked(predicted, prefix.tokens, idle))
        return predicted

    def unsent(self, predicted: int | None) -> None:
        """The prompt sent last, for which this was `predicted`, was not read to its end: it is not counted on."""
        self.billed(None, None, predicted)
        if self._sent:
            self._sent.pop()

    def billed(self, cached: int | None, prompt: int | None = None, predicted: int | None = None) -> tuple[str, ...]:
        """Book what the endpoint said of a sent call; None where it said nothing.

        That is the oldest one not yet booked for which this was `predicted`, or the oldest of all. Returns alarms,
        a sentence each: this call billed far below its prediction, or all calls together.
        """
        if not self._unbooked:
            return ()
        call = next((one for one in self._unbooked if one.predicted == predicted), self._unbooked[0])
        self._unbooked.remove(call)
        if prompt is not None:
            self.correction = self.correction.add(call.estimated, prompt)
        self.drift = self.drift.add(call.predicted, cached)
        low = self.drift.alarm(self._card.label)
        news, self._told_low = low and not self._told_low, bool(low)
        found = (shortfall(self._card.label, call.predicted, cached, call.idle), low if news else "")
        return tuple(sentence for sentence in found if sentence)

    def first_break(self, prefix: Prefix) -> str:
        """Where and why a prompt leaves what is cached, in lines: the place, what stood there, what stands there now.

        '' where all of the best warm prompt but its tail is read again, as it should be.
        """
        if not self._sent:
            return "nothing was sent to this model yet"
        warm = self._warm()
        if not warm:
            idle = self._clock() - self._sent[-1].time
            return f"cold: the last call was {idle:.0f} s ago, prefixes are kept for about {self._card.cache_ttl:.0f} s"
        best = max(warm, key=lambda s: _common(s.pieces, prefix.pieces))
        tokens, index = _common(best.pieces, prefix.pieces)
        if index >= len(prefix.pieces) or (index < len(best.pieces) and best.pieces[index].segment in TAIL):
            return ""
        return _break(best.pieces, prefix.pieces, self.corrected(tokens), index)

    def switch_price(self, prefix: Prefix, price: Price | None = None) -> SwitchPrice:
        """What calling this model next re-reads, at `price` or else the card's own."""
        reread = self.tokens(prefix) - self.predict(prefix)
        chosen = price or self._card.price
        fresh = Decimal(0) if chosen.free else chosen.fresh
        cost = None if fresh is None else fresh * reread / MILLION
        return SwitchPrice(reread_tokens=reread, cost=cost, free=self._card.price.free)

    def _warm(self) -> list[_Sent]:
        oldest = self._clock() - self._card.cache_ttl
        return [s for s in self._sent if s.time >= oldest]

    def _held(self) -> list[tuple[_Sent, int]]:
        """Warm prompts, the latest first, with the tokens of each that the cache still has room for.

        A cache of `cache_tokens` gives up the least recently used first, and of those the end before the beginning.
        """
        room = math.inf if self._card.cache_tokens is None else self._card.cache_tokens / self.correction.ratio
        kept: list[tuple[_Sent, int]] = []
        for sent in reversed(self._warm()):
            shared = max((min(_common(o.pieces, sent.pieces)[0], held) for o, held in kept), default=0)
            own = int(min(sent.tokens - shared, room))
            room -= own
            kept.append((sent, shared + own))
        return kept


def reusable(common: int, total: int, block: int = 1, least: int = 0) -> int:
    """Tokens an endpoint reuses of a prompt of `total` that begins with `common` it has.

    Whole blocks only, never the last token (its logits are needed), nothing below `least`.
    """
    found = max(min(common, total - 1), 0) // max(block, 1) * max(block, 1)
    return found if found >= least else 0


def _common(old: tuple[Piece, ...], new: tuple[Piece, ...]) -> tuple[int, int]:
    """Tokens both prompts begin with, and the index of the first piece of `new` that differs."""
    tokens = 0
    for index, piece in enumerate(new):
        if index >= len(old):
            return tokens, index
        if old[index] is not piece and old[index].text != piece.text:
            shared = len(_common_text(old[index].text, piece.text))
            return tokens + piece.tokens * shared // max(len(piece.text), 1), index
        tokens += piece.tokens
    return tokens, len(new)


def _break(old: tuple[Piece, ...], new: tuple[Piece, ...], tokens: int, index: int) -> str:
    """Where the new prompt leaves the old one, in bytes of its text, and what stands there in both."""
    now = new[index]
    was = old[index] if index < len(old) else None
    stood = was.text if was else ""
    shared = _common_text(stood, now.text)
    byte = sum(len(p.text.encode("utf-8", "replace")) for p in new[:index]) + len(shared.encode("utf-8", "replace"))
    segment = was.segment if was else now.segment
    before, after = stood[len(shared) :][:SHOWN].strip(), now.text[len(shared) :][:SHOWN].strip()
    place = f"{segment} changed ~{tokens:,} tokens in, at byte {byte:,}: {WHY[segment]}"
    return f"{place}\nwas {before!r}\nnow {after!r}"


def _common_text(left: str, right: str) -> str:
    """The longest common beginning, found by halving: comparing slices is much faster than walking characters."""
    low, high = 0, min(len(left), len(right))
    while low < high:
        middle = (low + high + 1) // 2
        if left.startswith(right[:middle]):
            low = middle
        else:
            high = middle - 1
    return right[:low]
