"""What each model's endpoint has probably cached: what it was sent, what that predicts, and what it billed.

A prediction is the longest common beginning of the next prompt with any of the last few sent while
they are warm, floored to the endpoint's block. Billed numbers are the endpoint's own; where it said
nothing they are unknown, not 0.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from pydantic import BaseModel, ConfigDict

from pier_tui.backbone.prefix import Piece, Prefix
from pier_tui.models.cards import ModelCard
from pier_tui.models.usage import MILLION, Price

REMEMBERED = 4
"""Prompts remembered per model."""
TAIL = ("pages", "now")
"""Segments that are new on every call."""
SHOWN = 40
"""Characters shown of what stood, and now stands, where a cached prefix breaks."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SwitchPrice(_Frozen):
    """What the next call on a model re-reads: tokens not in its cache (estimated) and rupees for them, None unknown."""

    reread_tokens: int
    cost: Decimal | None


class CacheTotals(_Frozen):
    """Cached tokens of all calls to one model. `billed` sums the calls that said; `unknown` counts those that did not.

    `predicted_of_billed` is the prediction for the calls that said, so the two can be compared.
    """

    calls: int = 0
    predicted: int = 0
    predicted_of_billed: int = 0
    billed: int = 0
    unknown: int = 0


@dataclass(frozen=True)
class _Sent:
    pieces: tuple[Piece, ...]
    time: float


class PrefixCache:
    """One model's prefix cache as it can be seen from here. `clock` gives seconds that only go forward."""

    def __init__(self, card: ModelCard, clock: Callable[[], float]) -> None:
        self._card, self._clock = card, clock
        self._sent: deque[_Sent] = deque(maxlen=REMEMBERED)
        self._expected: deque[int] = deque()
        self.totals = CacheTotals()

    def predict(self, prefix: Prefix) -> int:
        """Tokens of this prompt expected to be cached (estimated)."""
        common = max((_common(s.pieces, prefix.pieces)[0] for s in self._warm()), default=0)
        block = max(self._card.cache_block, 1)
        return min(common, max(prefix.tokens - 1, 0)) // block * block

    def sent(self, prefix: Prefix) -> int:
        """Remember that this prompt was sent; the prediction made for it."""
        predicted = self.predict(prefix)
        self._sent.append(_Sent(prefix.pieces, self._clock()))
        self._expected.append(predicted)
        changes = {"calls": self.totals.calls + 1, "predicted": self.totals.predicted + predicted}
        self.totals = self.totals.model_copy(update=changes)
        return predicted

    def billed(self, cached: int | None) -> None:
        """Book what the endpoint said of the oldest sent call not yet booked; None where it said nothing."""
        expected = self._expected.popleft() if self._expected else 0
        totals = self.totals
        if cached is None:
            self.totals = totals.model_copy(update={"unknown": totals.unknown + 1})
            return
        changes = {
            "billed": totals.billed + cached,
            "predicted_of_billed": totals.predicted_of_billed + expected,
        }
        self.totals = totals.model_copy(update=changes)

    def first_break(self, prefix: Prefix) -> str:
        """Why a prompt is not wholly cached: `repository changed, ~812 tokens (byte 3104) in: 'a' became 'b'`.

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
        return _break(best.pieces, prefix.pieces, tokens, index)

    def switch_price(self, prefix: Prefix, price: Price | None = None) -> SwitchPrice:
        """What calling this model next re-reads, at `price` or else the card's own."""
        reread = prefix.tokens - self.predict(prefix)
        chosen = price or self._card.price
        fresh = Decimal(0) if chosen.free else chosen.fresh
        return SwitchPrice(reread_tokens=reread, cost=None if fresh is None else fresh * reread / MILLION)

    def _warm(self) -> list[_Sent]:
        oldest = self._clock() - self._card.cache_ttl
        return [s for s in self._sent if s.time >= oldest]


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
    was, now = old[index].text, new[index].text
    shared = _common_text(was, now)
    byte = sum(len(p.text.encode("utf-8", "replace")) for p in new[:index]) + len(shared.encode("utf-8", "replace"))
    before, after = was[len(shared) :][:SHOWN].strip(), now[len(shared) :][:SHOWN].strip()
    return f"{old[index].segment} changed, ~{tokens} tokens (byte {byte}) in: {before!r} became {after!r}"


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
