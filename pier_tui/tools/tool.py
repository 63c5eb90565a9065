"""What a tool is: a name, arguments as a pydantic model, and a run that yields output and one result.

Tools know the overlay (working tree + pending patch set), the scratch checkout and the user, all
given through `Desk`. They never write into the working tree, and they never see the backbone: what
they learn is returned as `Fact`s, which the agent turns into backbone updates.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any, ClassVar, Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

from pier_tui.models.messages import ToolSpec

Kind = Literal["read", "edit", "run", "note", "control"]
"""read: no effect. edit: changes the pending patch set. run: a command. note: the backbone. control: the loop."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FileSeen(_Frozen):
    """A file was read, created, edited or found; `symbols` are `name (line)` strings worth keeping."""

    type: Literal["file"] = "file"
    path: str
    role: Literal["read", "edited", "created", "deleted", "found"]
    lines: str = ""
    content_hash: str = ""
    symbols: tuple[str, ...] = ()


class CommandRun(_Frozen):
    """A command ended. `excerpt` holds the lines that matter. `exit_code` None: killed or timed out."""

    type: Literal["command"] = "command"
    command: str
    exit_code: int | None
    seconds: float
    excerpt: str = ""


class CheckFailed(_Frozen):
    """A check found something wrong. `signature` is the same for the same failure: test id, or error type and place."""

    type: Literal["failure"] = "failure"
    signature: str
    message: str
    path: str = ""
    line: int = 0


class CheckPassed(_Frozen):
    """A check passed and closes the failures whose signature starts with one of `prefixes` ('' closes all)."""

    type: Literal["passed"] = "passed"
    prefixes: tuple[str, ...]


class Noted(_Frozen):
    """A model states a decision, a plan step or an open question; with `id` it changes one stated before."""

    type: Literal["noted"] = "noted"
    id: str = ""
    section: Literal["plan", "decisions", "questions"]
    text: str
    why: str = ""
    done: bool = False


class Answered(_Frozen):
    """The user answered a question."""

    type: Literal["answered"] = "answered"
    question: str
    answer: str


Fact = Annotated[FileSeen | CommandRun | CheckFailed | CheckPassed | Noted | Answered, Field(discriminator="type")]


class Output(_Frozen):
    """A piece of live output of a running command."""

    text: str


class ToolResult(_Frozen):
    """What a tool call came to.

    `text` goes to the model and is never empty; `line` is the one line the conversation shows, such as
    `read pier/app.py 1-80`. `ok` is false for refusals and failures alike. `changed` are the paths whose
    proposed text this call changed.
    """

    ok: bool = True
    text: str
    line: str = ""
    facts: tuple[Fact, ...] = ()
    changed: tuple[str, ...] = ()


class Files(Protocol):
    """The files as the agent sees them: the working tree with the pending patch set on top."""

    def read(self, path: str) -> bytes:
        """The proposed bytes. Raises ToolError: outside the repository, missing, a directory, too large."""
        ...

    def exists(self, path: str) -> bool:
        """Whether the path is a file in the proposed state."""
        ...

    def list(self, under: str = "") -> tuple[str, ...]:
        """Repository-relative paths of all files git would track, pending ones included, sorted."""
        ...

    def write(self, path: str, content: bytes | None, mode: int | None = None) -> None:
        """Propose new bytes (None: deletion). Nothing is written to the working tree."""
        ...

    def changed(self) -> tuple[str, ...]:
        """Paths with pending changes."""
        ...


class Ran(_Frozen):
    """A finished process; `output` is stdout and stderr interleaved, head and tail kept."""

    exit_code: int | None
    seconds: float
    output: str
    timed_out: bool = False
    changed: tuple[str, ...] = ()


class Runner(Protocol):
    """Runs commands in the scratch checkout, which holds the proposed files."""

    def run(
        self, argv_or_shell: str | tuple[str, ...], *, timeout: float, edits: Mapping[str, bytes] | None = None
    ) -> AsyncIterator[Output | Ran]:
        """Run; yields output as it comes and one `Ran` last.

        `edits` are laid over the proposed files for this run only. Files the command changed come back
        in `Ran.changed` and are already proposed. Closing the iterator kills the process group.
        """
        ...


class Approval(Protocol):
    """The user's approval policy. Asks the user where the policy says so."""

    async def command(self, command: str, why: str) -> tuple[bool, str]:
        """Whether it may run, and the reason to tell the model when it may not."""
        ...


class Desk(Protocol):
    """All a tool may touch."""

    files: Files
    runner: Runner
    approval: Approval

    async def ask(self, question: str, choices: tuple[str, ...] = ()) -> str:
        """Put a question to the user. Raises ToolError where nobody can answer (headless)."""
        ...


class Tool(Protocol):
    """One tool. `Args` validates the arguments; `tiers` says which models are offered it."""

    name: ClassVar[str]
    kind: ClassVar[Kind]
    Args: ClassVar[type[BaseModel]]
    tiers: ClassVar[tuple[Literal["weak", "strong"], ...]]

    def run(self, args: Any, desk: Desk) -> AsyncIterator[Output | ToolResult]:
        """Do it; yields output as it comes and one `ToolResult` last. Raises ToolError to refuse."""
        ...

    def spec(self) -> ToolSpec:
        """As told to the model."""
        ...
