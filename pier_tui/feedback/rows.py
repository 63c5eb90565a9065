"""What feedback keeps: routed turns, presses of the label keys, and pairs of both models on one turn. Frozen, pure."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from pier_tui.models.messages import Tier

Label = Literal["escalate", "de-escalate", "keep"]


def folder(repo: str) -> str:
    """The folder's name of a repository as `shop@1f3a77c0`; older rows have no more than that."""
    return repo.rpartition("@")[0] or repo


class Frozen(BaseModel):
    """Immutable, and nothing unknown in it."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Judgement(Frozen):
    """One press on one decision. `time` is seconds since the epoch; label None took an earlier press back."""

    decision: str
    label: Label | None
    note: str = ""
    session: str = ""
    time: float = 0.0


class Outcome(Frozen):
    """What came of a turn. Counts of turns are within its request; None: it did not happen (yet)."""

    failed: bool = False
    """A tool call or check of this very turn failed."""
    passed: bool = False
    """A check of this turn passed."""
    exit_codes: tuple[int | None, ...] = ()
    """Of the commands this turn ran, in order; None: killed or timed out."""
    next_failure: int | None = None
    """Turns from this one to the next in which something failed; 1 is the very next."""
    next_pass: int | None = None
    """Turns from this one to the next whose check passed."""
    undone: bool = False
    """Something this turn proposed was applied and later taken back."""
    rejected: bool = False
    """The user rejected something this turn proposed."""
    edited: bool = False
    """The user changed the text of something this turn proposed before accepting it."""
    redone: bool = False
    """The user had this turn done again on the other model."""
    switched: bool = False
    """The user moved this turn to the other model while it ran."""
    set_aside: bool = False
    """The session went back to before this turn."""
    ended: str = ""
    """How its request ended: finished, answered, budget, stuck, interrupted, failed; '' while it runs."""

    @property
    def bad(self) -> bool:
        """Whether the user or the checks turned against it: taken back, done again, moved, or failing on and on."""
        return self.undone or self.redone or self.switched or (self.failed and self.next_failure == 1)


class DecisionRow(Frozen):
    """One routed turn: what was known before it, what was decided, and what came of it.

    `features` are numbers known before the answer; `score` is the strategy's raw figure, `confidence` the
    calibrated one; `propensity` is the chance the strategy gave to what it did; `tier` is who answered.
    """

    decision: str
    session: str = ""
    repo: str = ""
    """The repository: its folder's name and what tells it apart, the same for a team; never its place on a machine."""
    request: int = 0
    turn: int = 0
    time: float = 0.0
    strategy: str = ""
    route: str = ""
    tier: Tier
    escalated: bool = False
    action: str = ""
    score: float | None = None
    confidence: float | None = None
    threshold: float | None = None
    propensity: float = 1.0
    features: dict[str, float] = {}
    versions: dict[str, str] = {}
    """What decided: `model` that answered, `harness` (digests of prompt and tools), `threshold` (its date)."""
    cost: Decimal | None = None
    """Rupees of all calls of the turn, discarded ones included; None unknown."""
    weak_only: Decimal | None = None
    """Rupees the kept call would have cost on the weak model alone (an estimate); None unknown."""
    strong_only: Decimal | None = None
    seconds: float = 0.0
    """Of all its calls."""
    redo_of: str = ""
    """The decision that was set aside for this one to be made on the other model."""
    outcome: Outcome = Outcome()

    @property
    def raw(self) -> float | None:
        """The figure that is calibrated: the raw score, or the confidence of rows older than scores (and versions).

        None where no score decided: a model that hands a turn over says how sure it is of that, not of its answer.
        """
        if self.score is not None or self.versions:
            return self.score
        handed = self.action == "escalate" and (self.confidence or 0.0) >= (self.threshold or 0.0)
        return None if handed else self.confidence


class Pair(Frozen):
    """Both models on one turn, from one backbone state. Qualities are 0 to 1, None not judged.

    `probability` is the chance with which the turn was picked: an audit's rate, 1 where the user chose it.
    """

    decision: str
    session: str = ""
    time: float = 0.0
    source: Literal["audit", "redo"] = "redo"
    probability: float = Field(default=1.0, gt=0, le=1)
    weak: float | None = Field(default=None, ge=0, le=1)
    strong: float | None = Field(default=None, ge=0, le=1)
    judge: Literal["tests", "user", "same", "escalates", ""] = ""
    """Who said so: `same`: both acted alike; `escalates`: the weak model handed over; '' nobody yet."""
    cost: Decimal | None = None
    """Rupees of the second run, on a line of its own."""
    other: Tier = "strong"
    """Who did the second run."""
    text: str = ""
    """What the other model would have done: names of tools."""


class Feedback(Frozen):
    """Everything kept, or a part of it: one log, one export, one pool."""

    decisions: tuple[DecisionRow, ...] = ()
    labels: tuple[Judgement, ...] = ()
    """Every press, oldest first."""
    pairs: tuple[Pair, ...] = ()

    def standing(self) -> dict[str, Judgement]:
        """The judgement that stands of each decision: the latest press, unless it took the others back."""
        latest: dict[str, Judgement] = {}
        for press in sorted(self.labels, key=lambda press: press.time):
            latest.pop(press.decision, None)
            latest[press.decision] = press
        return {decision: press for decision, press in latest.items() if press.label is not None}
