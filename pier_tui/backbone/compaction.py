"""Ending an epoch: the deltas become a new snapshot, and what the running request still needs stays as it was said.

From some length on this is cheaper than carrying them on; `epoch_for` says from which. What is kept, merged and
dropped is reported, so it can be shown and undone (the state before is simply put back).
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from pier_tui.backbone.prefix import delta_tokens, tagged
from pier_tui.backbone.snapshot import snapshot
from pier_tui.backbone.state import SECTIONS, Backbone, Delta, Item, Section
from pier_tui.models.messages import Message
from pier_tui.models.usage import Price

EPOCH_TOKENS, DEAR_EPOCH_TOKENS = 6000, 4000
"""Deltas beyond this many tokens are worth a compaction: where cached tokens are cheap, and where they are dear."""
DEAR = 0.4
"""Cached price over fresh price from which a shorter prompt saves more than a warmer one."""
KEEP_SHARE = 4
"""Of the newest exchanges, an epoch's tokens divided by this stay word for word; the last one always does."""
WORTH = 4
"""A compaction must free at least the epoch budget divided by this."""
_ROOM: dict[Section, int] = {"goal": 6, "files": 60, "commands": 20, "decisions": 40, "questions": 20}
_MERGED_KEY = {"errors": "fixed earlier", "plan": "done earlier"}
_MERGED_NAMES = 12
_REQUEST = "<request>"

__all__ = ["EPOCH_TOKENS", "CompactionReport", "compact", "due", "epoch_for", "snapshot"]


class CompactionReport(BaseModel):
    """What became of each item, as `section: key`, and the prompt's state and deltas in tokens (estimated)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kept: tuple[str, ...]
    merged: tuple[str, ...]
    dropped: tuple[str, ...]
    tokens_before: int
    tokens_after: int

    @property
    def freed(self) -> int:
        """Tokens by which state and deltas became shorter."""
        return self.tokens_before - self.tokens_after


def epoch_for(price: Price) -> int:
    """The epoch, in tokens, that costs least at a model's prices.

    Dropping D tokens pays after k turns once c·D·k > (1-c)·S, with c the cached over the fresh price and S what
    is read anew. Replayed on recorded sessions: at c = .6, 4000 tokens cost 5 % less than 6000 at equal recall;
    at c = .1 it is 6000 that costs least (`tests/bench/layouts.py`). Where a price is unknown, 6000.
    """
    if price.free or not price.fresh or price.cached is None:
        return EPOCH_TOKENS
    return DEAR_EPOCH_TOKENS if price.cached / price.fresh >= DEAR else EPOCH_TOKENS


def due(backbone: Backbone, epoch_tokens: int = EPOCH_TOKENS, *, keep_tokens: int | None = None) -> bool:
    """Whether the deltas outgrew the epoch and compacting would free enough to be worth a new snapshot."""
    before = delta_tokens(backbone.deltas)
    if before <= epoch_tokens:
        return False
    keep = epoch_tokens // KEEP_SHARE if keep_tokens is None else keep_tokens
    return before - delta_tokens(_still_needed(backbone.deltas, "", keep)) >= epoch_tokens // WORTH


def compact(
    backbone: Backbone, *, request: str = "", keep_tokens: int = EPOCH_TOKENS // KEEP_SHARE
) -> tuple[Backbone, CompactionReport]:
    """The state with a new snapshot and short deltas. `request` is the text of the request still running, if any.

    Pinned items always stay. Fixed errors and done steps are merged to one item each, superseded items
    and the oldest beyond each section's room are dropped.
    """
    items, merged, dropped = _sorted_out(backbone.items)
    slim = backbone.model_copy(update={"items": items, "epoch": backbone.epoch + 1})
    deltas = _still_needed(backbone.deltas, request, keep_tokens)
    after = slim.model_copy(update={"snapshot": snapshot(slim, request=request), "deltas": deltas})
    gone = {i.id for i in (*merged, *dropped)}
    report = CompactionReport(
        kept=tuple(_name(i) for i in backbone.items if i.id not in gone),
        merged=tuple(_name(i) for i in merged),
        dropped=tuple(_name(i) for i in dropped),
        tokens_before=_tokens(backbone),
        tokens_after=_tokens(after),
    )
    return after, report


def _sorted_out(items: tuple[Item, ...]) -> tuple[tuple[Item, ...], tuple[Item, ...], tuple[Item, ...]]:
    """The items after compaction, those merged into another, those dropped."""
    left: list[Item] = []
    merged: list[Item] = []
    dropped: list[Item] = []
    for section in SECTIONS:
        own = [i for i in items if i.section == section]
        live = [i for i in own if i.pinned or i.status != "superseded"]
        dropped += _without(own, live)
        closed = [i for i in live if i.status == "done" and not i.pinned] if section in _MERGED_KEY else []
        if len(closed) > 1:
            live = [_merge(section, closed) if i is closed[0] else i for i in _without(live, closed[1:])]
            merged += closed
        kept = _newest(live, _ROOM.get(section))
        dropped += _without(live, kept)
        left += kept
    return tuple(left), tuple(merged), tuple(dropped)


def _without(items: list[Item], others: list[Item]) -> list[Item]:
    ids = {i.id for i in others}
    return [i for i in items if i.id not in ids]


def _merge(section: Section, closed: list[Item]) -> Item:
    """One item that names the newest of many closed ones and counts the rest."""
    key = _MERGED_KEY[section]
    earlier = next((i for i in closed if i.key == key), None)
    names = [n for n in (earlier.text.split("; ") if earlier else []) if n]
    before = int(earlier.detail.partition(" ")[0]) if earlier and earlier.detail[:1].isdigit() else 0
    fresh = [_short(i.key if section == "errors" else i.text or i.key) for i in closed if i is not earlier]
    text = "; ".join([*names, *fresh][-_MERGED_NAMES:])
    detail = f"{before + len(fresh)} in all"
    oldest, newest = closed[0], max(i.turn for i in closed)
    return Item(id=oldest.id, section=section, key=key, text=text, detail=detail, turn=newest, status="done")


def _newest(items: list[Item], room: int | None) -> list[Item]:
    """At most `room` items, the latest written first to stay; pinned and changed files stay in any case."""
    if room is None or len(items) <= room:
        return items
    ranked = sorted(enumerate(items), key=lambda pair: (_must_stay(pair[1]), pair[1].turn, pair[0]), reverse=True)
    chosen = {index for index, _ in ranked[: max(room, sum(map(_must_stay, items)))]}
    return [item for index, item in enumerate(items) if index in chosen]


def _must_stay(item: Item) -> bool:
    return item.pinned or item.text.startswith(("edited", "created", "deleted"))


def _still_needed(deltas: tuple[Delta, ...], request: str, keep_tokens: int) -> tuple[Delta, ...]:
    """The request, what the user said since, and the newest exchanges word for word."""
    start = _first_recent(deltas, keep_tokens)
    recent, older = deltas[start:], deltas[:start]
    if not request or any(_opens(m) for d in recent for m in d.messages):
        return recent
    opened = next((n for n in range(len(older), 0, -1) if any(map(_opens, older[n - 1].messages))), 0)
    said = [m for d in older[max(opened - 1, 0) :] for m in d.messages if m.role == "user" and not _opens(m)]
    turn = recent[0].turn if recent else (deltas[-1].turn if deltas else 0)
    asked = Message(role="user", content=tagged("request", request))
    return (Delta(turn=turn, messages=(asked, *said)), *recent)


def _first_recent(deltas: tuple[Delta, ...], keep_tokens: int) -> int:
    """The index from which deltas are kept: within the budget, at least one, never between a call and its result."""
    start, tokens = len(deltas), 0
    while start > 0:
        tokens += delta_tokens(deltas[start - 1 : start])
        if tokens > keep_tokens and start < len(deltas):
            break
        start -= 1
    while start > 0 and deltas[start].messages and deltas[start].messages[0].role == "tool":
        start -= 1
    return start


def _opens(message: Message) -> bool:
    return message.role == "user" and message.content.startswith(_REQUEST)


def _tokens(backbone: Backbone) -> int:
    state = Message(role="user", content=backbone.snapshot)
    return delta_tokens((Delta(turn=0, messages=(state,)), *backbone.deltas))


def _short(text: str) -> str:
    line = " ".join(text.replace(";", ",").split())
    return line if len(line) <= 80 else line[:79] + "…"


def _name(item: Item) -> str:
    return f"{item.section}: {item.key}"
