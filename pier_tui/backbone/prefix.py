"""The prompt, rendered from the backbone: stable first, append-only between compactions, the same bytes every time.

Order: harness, tools, repository, snapshot, deltas, pages, now. Nothing above `pages` holds a clock, a counter or
a spend; `pages` (parts of files, for the strong model only) and `now` are rewritten on every call. What was sent
earlier is in `prefix_cache`, shortening the deltas in `compaction`.
"""

from __future__ import annotations

import hashlib
import json
from typing import Literal

from pydantic import BaseModel, ConfigDict

from pier_tui.backbone.state import Backbone, Delta
from pier_tui.models.messages import Message, Tier, ToolSpec
from pier_tui.models.tokens import count

RESULT_LIMIT = 24_000
"""Characters of a tool result that go into the prompt; longer ones lose their middle once, when appended."""
TAIL_LIMIT = 1_000
"""Characters of `now` without the handoff: about 300 tokens."""
EMPTY = "(nothing yet)"
STABLE = ("harness", "tools", "repository", "snapshot")
"""Segments that stay until the next compaction."""

SegmentName = Literal["harness", "tools", "repository", "snapshot", "deltas", "pages", "now"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Tail(_Frozen):
    """What is recited at the end of a prompt. `handoff` goes to the strong model on an escalated turn.

    `question` is asked instead of the next action (a plan, a verdict on a draft). `pages` are parts of
    files as they stand now, put back for the strong model (`backbone.pages`).
    """

    budget: str = ""
    errors: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    ask: str = ""
    handoff: str = ""
    question: str = ""
    pages: str = ""


class Segment(_Frozen):
    """One stretch of a prompt as it was sent: its name, tokens (estimated offline) and a hash of its bytes."""

    name: str
    tokens: int
    digest: str


class PrefixSegment(_Frozen):
    """One stretch of the prompt: estimated tokens, a hash of its bytes, whether it stays until the next compaction."""

    name: SegmentName
    tokens: int
    digest: str
    stable: bool


class Piece(_Frozen):
    """A part of the prompt as the prefix cache compares it: the tools or one message, with its tokens (estimated)."""

    segment: SegmentName
    text: str
    tokens: int


class Prefix(_Frozen):
    """A whole rendered prompt. `pieces` is the same in comparable form; `tokens` is estimated."""

    tier: Tier
    messages: tuple[Message, ...]
    segments: tuple[PrefixSegment, ...]
    pieces: tuple[Piece, ...]

    @property
    def tokens(self) -> int:
        """Tokens of the whole prompt, tools included (estimated)."""
        return sum(s.tokens for s in self.segments)

    @property
    def stable(self) -> tuple[Message, ...]:
        """The messages without the tail: a prefix of the next prompt's until the next compaction."""
        return self.messages[:-1]


def render(backbone: Backbone, tier: Tier, harness: str, tools: tuple[ToolSpec, ...], tail: Tail) -> Prefix:
    """The prompt for one call of a tier. Tools are sorted by name whatever their order."""
    repository = tagged("repository", backbone.repo_card)
    snapshot = tagged("backbone", backbone.snapshot)
    system = Message(role="system", content=harness)
    state = Message(role="user", content=f"{repository}\n{snapshot}")
    deltas = tuple(m for d in backbone.deltas for m in d.messages)
    paged = f"{tagged('pages', tail.pages)}\n" if tail.pages else ""
    told = tagged("now", tail_text(tail))
    now = Message(role="user", content=f"{paged}{told}")
    pieces = (
        _piece("harness", harness),
        _piece("tools", tools_text(tools)),
        _piece("repository", repository),
        _piece("snapshot", snapshot),
        *(_piece("deltas", message_text(m)) for m in deltas),
        *((_piece("pages", paged),) if paged else ()),
        _piece("now", told),
    )
    return Prefix(tier=tier, messages=(system, state, *deltas, now), segments=_segments(pieces), pieces=pieces)


def append(
    backbone: Backbone, turn: int, messages: tuple[Message, ...], *, result_limit: int = RESULT_LIMIT
) -> Backbone:
    """The state with messages added to the end of the deltas; long tool results are bounded here, once and for all."""
    if not messages:
        return backbone
    bounded = tuple(
        m.model_copy(update={"content": bound(m.content, result_limit) or EMPTY}) if m.role == "tool" else m
        for m in messages
    )
    return backbone.model_copy(update={"deltas": (*backbone.deltas, Delta(turn=turn, messages=bounded))})


def bound(text: str, limit: int) -> str:
    """The text, or about `limit` characters of its head and tail, cut at line ends, with a line on what is left out."""
    if len(text) <= limit:
        return text
    head, tail = text[: limit * 2 // 3], text[-(limit // 3) :]
    head = head[: head.rfind("\n") + 1] or head
    tail = tail[tail.find("\n") + 1 :] or tail
    left_out = text[len(head) : len(text) - len(tail)]
    gap = f"… {left_out.count(chr(10)) or 1} lines, {len(left_out)} characters left out; ask for a range to see them …"
    return f"{head.rstrip(chr(10))}\n{gap}\n{tail}"


def tail_text(tail: Tail) -> str:
    """The text of `now`: errors, questions and budget within `TAIL_LIMIT` characters, then the rest in full."""
    lines = ["open errors:", *_listed(tail.errors)] if tail.errors else ["open errors: none"]
    if tail.questions:
        lines += ["open questions:", *_listed(tail.questions)]
    closing = [line for line in (tail.budget and f"budget: {tail.budget}", tail.ask) if line]
    room = TAIL_LIMIT - sum(len(line) + 1 for line in closing)
    text = "\n".join([_cut(lines, room), *closing])
    told = [tagged(tag, part) for tag, part in (("handoff", tail.handoff), ("question", tail.question)) if part]
    return "\n".join([text, *told])


def tools_text(tools: tuple[ToolSpec, ...]) -> str:
    """The tools as one stable text: sorted by name, keys sorted."""
    ordered = [t.model_dump() for t in sorted(tools, key=lambda t: t.name)]
    return json.dumps(ordered, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def message_text(message: Message) -> str:
    """A message as one stable text, for counting and comparing."""
    calls = "".join(f"\n{c.id} {c.name} {c.arguments}" for c in message.tool_calls)
    return f"{message.role} {message.tool_call_id or ''}\n{message.content}{calls}\n"


def delta_tokens(deltas: tuple[Delta, ...]) -> int:
    """Tokens of these deltas (estimated)."""
    return sum(count(message_text(m)) for d in deltas for m in d.messages)


def tagged(tag: str, text: str) -> str:
    """A tagged block. A closing tag of the same name inside the text cannot end the block early."""
    body = text.replace("\r\n", "\n").replace(f"</{tag}>", f"< /{tag}>")
    return f"<{tag}>\n{body or EMPTY}\n</{tag}>"


def _listed(entries: tuple[str, ...]) -> list[str]:
    shown = [f"- {' '.join(e.split())[:200]}" for e in entries[:5]]
    return [*shown, f"- and {len(entries) - 5} more"] if len(entries) > 5 else shown


def _cut(lines: list[str], room: int) -> str:
    text = "\n".join(lines)
    return text if len(text) <= room else text[: max(room - 1, 0)] + "…"


def _piece(segment: SegmentName, text: str) -> Piece:
    return Piece(segment=segment, text=text, tokens=count(text))


def _segments(pieces: tuple[Piece, ...]) -> tuple[PrefixSegment, ...]:
    names: tuple[SegmentName, ...] = ("harness", "tools", "repository", "snapshot", "deltas", "pages", "now")
    found: list[PrefixSegment] = []
    for name in names:
        own = [p for p in pieces if p.segment == name]
        if name == "pages" and not own:
            continue
        digest = hashlib.sha256("".join(p.text for p in own).encode("utf-8", "surrogatepass")).hexdigest()[:16]
        tokens = sum(p.tokens for p in own)
        found.append(
            PrefixSegment(name=name, tokens=tokens, digest=digest, stable=name not in ("deltas", "pages", "now"))
        )
    return tuple(found)
