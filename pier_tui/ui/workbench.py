"""What the screen needs of the agent, and what it offers for the parts outside a session; protocols only.

Every iterator yields events that the screen shows in all panes. Closing one early stops its work.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from decimal import Decimal
from typing import Literal, Protocol

from pier_tui.backbone.prefix_cache import SwitchPrice
from pier_tui.backbone.state import Backbone
from pier_tui.backbone.updates import Update
from pier_tui.events import AnyEvent, Choice
from pier_tui.feedback.outlook import Outlook
from pier_tui.models.cards import ModelCard
from pier_tui.models.messages import Tier
from pier_tui.repo.diff import HunkPick, Patch
from pier_tui.repo.records import Effects, Written
from pier_tui.repo.verdict import Draft, Verdict
from pier_tui.session.tries import Which

Label = Literal["escalate", "de-escalate", "keep"]


class ProfileFace(Protocol):
    """A pair of models: which endpoints, and both cards."""

    @property
    def name(self) -> str:
        """The profile's name in the configuration."""
        ...

    @property
    def weak(self) -> ModelCard:
        """The 30B's card."""
        ...

    @property
    def strong(self) -> ModelCard:
        """The 105B's card."""
        ...


class TeachingFace(Protocol):
    """What the screen asks of learning. Each raises PierError where it cannot be done, and answers with a sentence."""

    async def outlook(self) -> Outlook:
        """How things stand."""
        ...

    async def calibrate(self) -> str:
        """Learn from all labels."""
        ...

    async def undo(self) -> str:
        """Take the last calibration back."""
        ...

    async def use_tau(self, tau: float) -> str:
        """Route by this threshold."""
        ...

    async def switch(self, name: str) -> str:
        """Route by this strategy."""
        ...

    def strategies(self) -> Sequence[tuple[str, str]]:
        """Each strategy's name and its line."""
        ...


class DraftsFace(Protocol):
    """Decisions on the pending patch that were not handed over."""

    @property
    def left(self) -> Draft:
        """They as they were when the session was left."""
        ...

    @property
    def keep(self) -> Callable[[Draft], Awaitable[None]]:
        """Remembers them as they are now. Raises PierError."""
        ...


class AheadFace(Protocol):
    """A prompt that could be read ahead: whose, what that costs, and whether enough of it is cold to be worth it."""

    @property
    def tier(self) -> Tier:
        """Whose."""
        ...

    @property
    def price(self) -> SwitchPrice:
        """What is read anew."""
        ...

    @property
    def worth(self) -> bool:
        """Whether that is much."""
        ...


class WarmingFace(Protocol):
    """Reading the other model's prompt ahead. `always`: after every request."""

    always: bool

    def next(self, tier: Tier | None = None) -> AheadFace | None:
        """What would be read ahead now; None where only one model is used."""
        ...

    def read(self, tier: Tier | None = None) -> AsyncIterator[AnyEvent]:
        """Read it ahead. Raises PierError where that cannot be done."""
        ...


class Workbench(Protocol):
    """The agent as the screen sees it."""

    @property
    def warming(self) -> WarmingFace:
        """Reading prompts ahead."""
        ...

    @property
    def session_id(self) -> str:
        """The id of the running session."""
        ...

    @property
    def profile(self) -> ProfileFace:
        """The pair of models in use."""
        ...

    @property
    def sandbox(self) -> str:
        """How commands are confined, in two words; empty where nothing is run."""
        ...

    @property
    def backbone(self) -> Backbone:
        """The state as it stands."""
        ...

    @property
    def pending(self) -> Patch:
        """Everything proposed and not yet decided."""
        ...

    @property
    def drafts(self) -> DraftsFace:
        """What was decided on it and not handed over."""
        ...

    @property
    def strategy(self) -> str:
        """The routing strategy's name."""
        ...

    @property
    def threshold(self) -> float:
        """Confidence below which a turn escalates."""
        ...

    @property
    def teaching(self) -> TeachingFace | None:
        """What is learned from labels; None where nothing is."""
        ...

    @property
    def busy(self) -> bool:
        """Whether a request is running."""
        ...

    @property
    def unfinished(self) -> str:
        """The request that was cut off when the program ended; empty where there is none."""
        ...

    def waiting(self) -> Sequence[tuple[str, str]]:
        """The messages that waited when the session was left: each its kind (request, shell) and its text."""
        ...

    async def others(self) -> Sequence[str]:
        """A sentence on every other program that has this repository open."""
        ...

    async def keep_waiting(self, messages: tuple[tuple[str, str], ...]) -> None:
        """Remember the messages that wait now. Raises PierError."""
        ...

    def go_on(self) -> AsyncIterator[AnyEvent]:
        """Go on with the request that was cut off."""
        ...

    def run(self, text: str) -> AsyncIterator[AnyEvent]:
        """Work on a request until the floor is the user's again."""
        ...

    def review(self, verdict: Verdict) -> AsyncIterator[AnyEvent]:
        """Write what was accepted, drop what was rejected."""
        ...

    def undo(self, checkpoint: str | tuple[str, ...], hunks: tuple[HunkPick, ...] | None) -> AsyncIterator[AnyEvent]:
        """Take applied hunks back; None takes all of the checkpoints."""
        ...

    async def written(self) -> tuple[Written, ...]:
        """What can be taken back in this repository, of earlier sessions too, newest first."""
        ...

    async def effects(self, checkpoints: tuple[str, ...], hunks: tuple[HunkPick, ...] | None = None) -> Effects:
        """What taking these back would do to the files."""
        ...

    def update(self, updates: tuple[Update, ...]) -> AsyncIterator[AnyEvent]:
        """Change the backbone for the user."""
        ...

    def undo_compaction_price(self) -> Mapping[Tier, SwitchPrice]:
        """What each model re-reads once that is done. Raises PierError where it cannot be."""
        ...

    def undo_compaction(self) -> AsyncIterator[AnyEvent]:
        """Take the last compaction of the backbone back."""
        ...

    def redo(self, turn: int) -> AsyncIterator[AnyEvent]:
        """Do a turn again on the other model."""
        ...

    def keep(self, pair: int, kept: Which | None) -> AsyncIterator[AnyEvent]:
        """Of a turn done twice go on with one try; None takes the choice back. `pair` is the second try's turn."""
        ...

    def repo_changed(self, paths: tuple[str, ...]) -> AsyncIterator[AnyEvent]:
        """Somebody else changed files."""
        ...

    def rewind(self, turn: int, files: bool) -> AsyncIterator[AnyEvent]:
        """Go back to before a turn, with our own hunks in the files or without them."""
        ...

    def label(self, decision: str, label: Label | None, note: str = "") -> AsyncIterator[AnyEvent]:
        """Judge a routing decision; None takes the judgement back."""
        ...

    def choose(self, choice: Choice, scope: Literal["next", "pinned", "now"]) -> AsyncIterator[AnyEvent]:
        """Force a model; `now` moves the running turn to it."""
        ...

    def route_by(self, name: str, *, once: bool = False) -> AsyncIterator[AnyEvent]:
        """Route by another strategy, from the next request on or for that one only. Raises ConfigError: unknown."""
        ...

    def steer(self, text: str) -> None:
        """Say something that reaches the very next turn."""
        ...

    def switch_price(self, tier: Tier) -> SwitchPrice:
        """What the next turn on this model would re-read and cost."""
        ...

    def shell(self, command: str) -> AsyncIterator[AnyEvent]:
        """Run the user's own command and keep its result on the backbone."""
        ...

    def history(self) -> Sequence[AnyEvent]:
        """What was kept of this session so far, for showing it again."""
        ...

    async def aclose(self) -> None:
        """Stop everything and close what is open."""
        ...


class SessionLine(Protocol):
    """One session in the list. Times are seconds since the epoch; `unpriced` counts calls whose cost is unknown."""

    @property
    def id(self) -> str:
        """Its id."""
        ...

    @property
    def title(self) -> str:
        """Its first request, or the name it was given."""
        ...

    @property
    def touched(self) -> float:
        """When it was used last."""
        ...

    @property
    def turns(self) -> int:
        """How many turns it has."""
        ...

    @property
    def cost(self) -> Decimal:
        """Rupees so far of the calls whose cost is known."""
        ...

    @property
    def unpriced(self) -> int:
        """Calls whose cost is unknown."""
        ...

    @property
    def open(self) -> Literal["", "here", "elsewhere"]:
        """Whether it is open, in this program or in another."""
        ...


class Shelf(Protocol):
    """Where sessions are kept. Everything raises PierError where it cannot be done."""

    async def sessions(self) -> Sequence[SessionLine]:
        """All sessions of this repository, the latest used first."""
        ...

    async def tail(self, session_id: str = "") -> Sequence[AnyEvent]:
        """The last events of a session, of the one being opened where none is named; none where it cannot be read."""
        ...

    async def rename(self, session_id: str, title: str) -> None:
        """Give a session another title."""
        ...

    async def delete(self, session_id: str) -> None:
        """Remove a session for good."""
        ...

    async def fork(self, session_id: str) -> str:
        """A copy of a session; its id."""
        ...

    async def export(self, session_id: str, form: Literal["md", "jsonl"] = "md") -> str:
        """Write the session as Markdown or as a recording; the path written."""
        ...

    async def write(self, name: str, text: str) -> str:
        """Write a text, as a picture of the screen, where exports go; the path written."""
        ...
