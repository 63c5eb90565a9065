"""Every event, one file. Events are what happened: the agent yields them, the store keeps them, panes show them.

Grammar (a session is a sequence of these; `?` optional, `*` any number, `+` at least one)::

    request := RequestStarted turn* (RequestEnded | RequestInterrupted | RequestFailed)
    turn    := TurnStarted call+ AnswerCompleted tool* TurnEnded
    call    := RouteDecided (ReasoningDelta | TextDelta)* CallFinished
    tool    := ToolCalled [ApprovalAsked ApprovalAnswered] ToolOutput* [PatchProposed] ToolReturned
    review  := PatchReviewed [CheckpointTaken PatchApplied]      between any two events, while idle too
    again   := (WentBack | TryKept) [Notice+ BackboneRestored PatchProposed] request?  `request` under the number it had
    anywhere: BackboneChanged, RepoChanged, Labelled, Overridden, Compacted, PatchRebased, PatchUndone, Notice
    between requests: PromptWarmed

An edit is proposed where its tool made it and reviewed whenever the user gets to it; the agent goes on meanwhile.
A discarded answer is still a CallFinished, with `kept=False`: it was paid for. `TRANSIENT` events are not stored.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from pier_tui.backbone.prefix import Segment
from pier_tui.backbone.state import Backbone
from pier_tui.backbone.updates import Update
from pier_tui.models.messages import Message, Tier, ToolCall
from pier_tui.models.usage import Price, Usage
from pier_tui.repo.diff import HunkState, Patch, Sides
from pier_tui.repo.verdict import Verdict
from pier_tui.tools.tool import Fact

Choice = Literal["auto", "weak", "strong"]
"""What the user wants of the next turn: the strategy decides, or one of the models is forced."""


class Event(BaseModel):
    """What every event carries. `time` is seconds since the epoch; `request` and `turn` count from 1, 0: none."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    session: str = ""
    request: int = 0
    turn: int = 0
    time: float = 0.0


class RequestStarted(Event):
    """The user sent a request."""

    type: Literal["request_started"] = "request_started"
    text: str


class RequestEnded(Event):
    """The floor is the user's again. `why`: finished, answered, budget, or stuck; `text` the closing words, if any."""

    type: Literal["request_ended"] = "request_ended"
    why: Literal["finished", "answered", "budget", "stuck"] = "finished"
    text: str = ""


class RequestInterrupted(Event):
    """The user stopped the request; `partial` is what the running answer had said."""

    type: Literal["request_interrupted"] = "request_interrupted"
    partial: str = ""


class RequestFailed(Event):
    """The request could not go on; `text` is one sentence, `partial` what the running answer had said."""

    type: Literal["request_failed"] = "request_failed"
    text: str
    partial: str = ""


class TurnStarted(Event):
    """A turn begins. `forced` is the user's choice where he made one."""

    type: Literal["turn_started"] = "turn_started"
    forced: Choice = "auto"


class RouteDecided(Event):
    """A call is about to be made, or the weak model's decision has just become known and the same call goes on.

    `route`: self-route, forced, latch, handoff, only, failed-router. `decision`: the id feedback refers to, the same
    for a turn's events. `token_ratio`: what our counts were multiplied by; `cache_break`: where and why the prompt
    leaves the cache. `score`: the strategy's own number before calibration, `features`: what it was made of.
    """

    type: Literal["route_decided"] = "route_decided"
    decision: str
    call: int
    tier: Tier
    model: str
    offline: bool = False
    strategy: str
    route: str
    purpose: Literal["act", "verify", "draft", "aggregate"] = "act"
    action: str = ""
    confidence: float | None = None
    threshold: float | None = None
    reason: str = ""
    handoff: str = ""
    cache_break: str = ""
    propensity: float = 1.0
    harness: str = ""
    score: float | None = None
    features: dict[str, float] = Field(default_factory=dict)
    segments: tuple[Segment, ...] = ()
    token_ratio: float = 1.0
    predicted_cached: int | None = None


class TextDelta(Event):
    """A stretch of the visible answer."""

    type: Literal["text_delta"] = "text_delta"
    text: str


class ReasoningDelta(Event):
    """A stretch of reasoning."""

    type: Literal["reasoning_delta"] = "reasoning_delta"
    text: str


class CallFinished(Event):
    """A call ended and is on the bill. `cost` in rupees, None unknown; `kept` false where the answer was discarded."""

    type: Literal["call_finished"] = "call_finished"
    decision: str
    call: int
    tier: Tier
    model: str
    offline: bool = False
    usage: Usage
    cost: Decimal | None
    price: Price | None = None
    kept: bool = True
    finish_reason: str = "stop"
    predicted_cached: int | None = None
    first_token: float | None = None
    seconds: float = 0.0
    request_id: str | None = None
    counterfactual: dict[str, Decimal | None] = Field(default_factory=dict)
    """What it would have cost with one model alone, by label such as `105B`: an estimate (`backbone.alone`)."""


class PromptWarmed(Event):
    """A model read its next prompt ahead in idle time; billed by itself. `failure` says why it came to nothing."""

    type: Literal["prompt_warmed"] = "prompt_warmed"
    tier: Tier
    model: str
    usage: Usage
    cost: Decimal | None
    price: Price | None = None
    predicted_cached: int | None = None
    failure: str = ""


class AnswerCompleted(Event):
    """The answer of this turn: the text and the tool calls that will now run."""

    type: Literal["answer_completed"] = "answer_completed"
    tier: Tier
    text: str = ""
    reasoning: str = ""
    tool_calls: tuple[ToolCall, ...] = ()


class ToolCalled(Event):
    """A tool is about to run; `line` is how the conversation names it."""

    type: Literal["tool_called"] = "tool_called"
    call_id: str
    name: str
    arguments: str
    line: str = ""


class ApprovalAsked(Event):
    """A command waits for the user's word. Unanswered where the program ended first: it was not run then."""

    type: Literal["approval_asked"] = "approval_asked"
    command: str
    where: str = ""
    sandbox: str = ""


class ApprovalAnswered(Event):
    """The user's word on the command asked about last."""

    type: Literal["approval_answered"] = "approval_answered"
    choice: Literal["once", "session", "always", "no"]
    reason: str = ""


class ToolOutput(Event):
    """A piece of live output."""

    type: Literal["tool_output"] = "tool_output"
    call_id: str
    text: str


class ToolReturned(Event):
    """A tool is done. `text` is exactly what the model is told."""

    type: Literal["tool_returned"] = "tool_returned"
    call_id: str
    name: str
    ok: bool
    text: str
    line: str = ""
    facts: tuple[Fact, ...] = ()
    seconds: float = 0.0


class PatchProposed(Event):
    """The pending patch set changed; `patch` is all of it, against the working tree. `paths` this call changed."""

    type: Literal["patch_proposed"] = "patch_proposed"
    patch: Patch
    paths: tuple[str, ...] = ()
    tier: Tier = "weak"


class PatchReviewed(Event):
    """The pending patch was reviewed."""

    type: Literal["patch_reviewed"] = "patch_reviewed"
    verdict: Verdict


class CheckpointTaken(Event):
    """The bytes about to be overwritten were stored."""

    type: Literal["checkpoint_taken"] = "checkpoint_taken"
    checkpoint: str
    paths: tuple[str, ...]


class PatchApplied(Event):
    """Bytes of the working tree changed: `patch` is exactly what was written. `remaining` is still pending."""

    type: Literal["patch_applied"] = "patch_applied"
    checkpoint: str
    patch: Patch
    remaining: Patch


class PatchUndone(Event):
    """Applied hunks were taken back; `patch` is what was written to do so."""

    type: Literal["patch_undone"] = "patch_undone"
    checkpoint: str
    patch: Patch


class PatchRebased(Event):
    """Files under the pending patch changed on disk; `states` gives each hunk id its new standing."""

    type: Literal["patch_rebased"] = "patch_rebased"
    patch: Patch
    states: dict[str, HunkState]
    clashes: tuple[Sides, ...] = ()


class TurnEnded(Event):
    """A turn is over. `seconds` wall time, tools included."""

    type: Literal["turn_ended"] = "turn_ended"
    seconds: float = 0.0


class BackboneChanged(Event):
    """The backbone changed by these updates; `messages` were appended to both prompts. Resuming folds it again."""

    type: Literal["backbone_changed"] = "backbone_changed"
    updates: tuple[Update, ...]
    messages: tuple[Message, ...] = ()


class BackboneRestored(Event):
    """The whole state, on resume, rewind or undo of a compaction."""

    type: Literal["backbone_restored"] = "backbone_restored"
    backbone: Backbone
    why: Literal["", "compaction undone"] = ""


class WentBack(Event):
    """The turns from `to` on are set aside, not lost; `again` is the first turn of a new try on `tier`, 0: none."""

    type: Literal["went_back"] = "went_back"
    to: int
    again: int = 0
    tier: Tier | None = None


class TryKept(Event):
    """Of turn `again`'s pair one try goes on, the other is set aside; None takes that back: the second goes on."""

    type: Literal["try_kept"] = "try_kept"
    again: int
    kept: Literal["first", "second"] | None


class Compacted(Event):
    """The snapshot was rewritten; the lists name items kept, merged and dropped."""

    type: Literal["compacted"] = "compacted"
    snapshot: str
    epoch: int
    kept: tuple[str, ...] = ()
    merged: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    tokens_before: int = 0
    tokens_after: int = 0


class RepoChanged(Event):
    """Somebody else changed files; `by_us` lists those that are our own applied patch."""

    type: Literal["repo_changed"] = "repo_changed"
    paths: tuple[str, ...]
    branch: str = ""
    dirty: int = 0


class Labelled(Event):
    """The user judged a routing decision; label None takes the judgement back."""

    type: Literal["labelled"] = "labelled"
    decision: str
    label: Literal["escalate", "de-escalate", "keep"] | None
    note: str = ""


class Overridden(Event):
    """The user chose the model: for the next turn, for the session (`pinned`), or in the middle of a turn."""

    type: Literal["overridden"] = "overridden"
    choice: Choice
    scope: Literal["next", "pinned", "now"]


class Notice(Event):
    """Something the user should know, in one sentence. `strategy`: what it says the session is routed by now."""

    type: Literal["notice"] = "notice"
    text: str
    level: Literal["info", "warning", "error"] = "info"
    strategy: str = ""


AnyEvent = Annotated[
    RequestStarted
    | RequestEnded
    | RequestInterrupted
    | RequestFailed
    | TurnStarted
    | RouteDecided
    | TextDelta
    | ReasoningDelta
    | CallFinished
    | PromptWarmed
    | AnswerCompleted
    | ToolCalled
    | ApprovalAsked
    | ApprovalAnswered
    | ToolOutput
    | ToolReturned
    | PatchProposed
    | PatchReviewed
    | CheckpointTaken
    | PatchApplied
    | PatchUndone
    | PatchRebased
    | TurnEnded
    | BackboneChanged
    | BackboneRestored
    | WentBack
    | TryKept
    | Compacted
    | RepoChanged
    | Labelled
    | Overridden
    | Notice,
    Field(discriminator="type"),
]

ADAPTER: TypeAdapter[AnyEvent] = TypeAdapter(AnyEvent)
TRANSIENT = (TextDelta, ReasoningDelta, ToolOutput, RepoChanged)
