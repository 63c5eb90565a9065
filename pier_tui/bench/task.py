"""What the benchmark speaks of: a task, how it is judged, a job (one run wanted) and a run (what came of it).

Frozen models that go to files and to other machines; nothing here reads, runs or counts.
"""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from pier_tui.models.messages import Tier
from pier_tui.router.strategy import Answer

Lessons = tuple[tuple[str, float], ...]
"""What a strategy that learns is taught: requests, and whether the weak model is good enough for each, 0 to 1."""

PYTHON = "{python}"
"""In a check's command: the Python of the tree's environment, else the one that runs the benchmark."""

Kind = Literal["inspect", "explain", "rename", "refactor", "bug", "api", "document", "repair", "exercise", "commit"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Tree(_Frozen):
    """What a run starts from: the files of a commit of a repository on this machine, if one is named, with `files`
    laid over and `removed` taken out. Every run gets its own copy, committed to a fresh repository, with a link to the
    Python `environment` as `.venv`, if one is named.
    """

    repository: str = ""
    commit: str = ""
    files: dict[str, str] = {}
    removed: tuple[str, ...] = ()
    environment: str = ""


class Check(_Frozen):
    """A command that must end with 0 in a copy of the final tree with `hidden` laid over it. `seconds` is its limit."""

    argv: tuple[str, ...]
    hidden: dict[str, str] = {}
    seconds: float = 60.0


class Task(_Frozen):
    """One task. `may_change` are patterns of paths the final tree may differ in; `most_lines` the largest diff, added
    and removed lines together, 0 for no limit. Only the final tree is judged, never what was said.
    """

    id: str
    suite: str
    kind: Kind
    request: str
    tree: Tree
    checks: tuple[Check, ...] = Field(min_length=1)
    may_change: tuple[str, ...] = ("*",)
    most_lines: int = 0
    seconds: float = 120.0
    """Wall time after which a run is stopped."""
    turns: int = 40

    @property
    def digest(self) -> str:
        """A hash of everything in the task."""
        return hashed(self.model_dump(mode="json"))


class Audit(_Frozen):
    """The paired audit of a kept turn: the turns before `turn` are taken from the recorded run `of`, the other model
    does this one, and from then on the strategy decides as before.
    """

    of: str
    turn: int
    before: tuple[Answer, ...] = ()
    state: str = ""
    """A hash of what the turns before brought into the backbone; another one afterwards makes the audit void."""


class Job(_Frozen):
    """One run wanted. `overrides` are settings the command line would change; `terms` digests what is measured."""

    task: Task
    strategy: str
    repeat: int
    overrides: dict[str, Any] = {}
    terms: str = ""
    lessons: Lessons = ()
    audit: Audit | None = None

    @property
    def key(self) -> str:
        """What makes it this run and no other: task, strategy, repeat, settings, terms, lessons, what it audits."""
        audited = (self.audit.of, self.audit.turn) if self.audit else None
        # Where a server stands says nothing about what it serves; `terms` holds what of an address does.
        settings = {n: str(value) for n, value in sorted(self.overrides.items()) if not n.endswith("_url")}
        return hashed([self.task.digest, self.strategy, self.repeat, settings, self.terms, self.lessons, audited])


class CallRow(_Frozen):
    """One call. `cost` in rupees at the prices compared with, None unknown. `cached` is predicted where the endpoint
    said nothing; what a switch of models makes to be read again is therefore in the cost.
    """

    turn: int
    tier: Tier
    kept: bool
    prompt: int
    cached: int
    output: int
    cost: Decimal | None
    seconds: float
    estimated: bool = False


class TurnRow(_Frozen):
    """One turn: whose answer was acted on, how it came to that, and what the weak model had said of itself."""

    turn: int
    tier: Tier
    route: str
    confidence: float | None = None
    failed: bool = False
    """A tool it called failed."""
    seconds: float = 0.0


class Run(_Frozen):
    """What came of a job. `error` is set where the machinery failed, not the agent; such a run is done again."""

    key: str
    task: str
    suite: str
    kind: Kind
    strategy: str
    repeat: int
    profile: str
    terms: str = ""
    """The digest of what was measured: runs under other terms are not counted with it."""
    lessons: int = 0
    """How many tasks it was taught by, for a strategy that learns."""
    ended: str = ""
    """finished, answered, budget, stuck, failed, late."""
    passed: bool = False
    """The checks passed."""
    stray: tuple[str, ...] = ()
    """Paths changed that the task does not allow."""
    lines: int = 0
    """Lines added and removed."""
    too_large: bool = False
    said: str = ""
    """Why it is no success, in a line."""
    request_length: int = 0
    seconds: float = 0.0
    sandbox: str = ""
    turns: tuple[TurnRow, ...] = ()
    calls: tuple[CallRow, ...] = ()
    recording: str = ""
    """The recording's name in the folder of the bench."""
    audits: str = ""
    """The key of the run of which this audits a turn, and `audited` that turn; `void` where it began elsewhere."""
    audited: int = 0
    void: bool = False
    error: str = ""

    @property
    def success(self) -> bool:
        """The checks passed, nothing stray was changed and the diff is no larger than allowed."""
        return self.passed and not self.stray and not self.too_large and not self.error


def spent(run: Run) -> Decimal | None:
    """Rupees of a run's calls, those set aside included; None where any is unknown."""
    costs = [call.cost for call in run.calls]
    return None if any(cost is None for cost in costs) else sum((c for c in costs if c is not None), Decimal(0))


def hashed(value: object) -> str:
    """A short hash of something JSON can hold."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:20]
