"""The run tool: a shell command in the scratch copy that holds the pending edits."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import ClassVar, Literal

from pydantic import Field

from pier_tui.errors import ToolError
from pier_tui.tools import output as printed
from pier_tui.tools.spec import Arguments, Described
from pier_tui.tools.text import clip, closing, head_tail, shown
from pier_tui.tools.tool import CheckFailed, CheckPassed, CommandRun, Desk, Fact, Kind, Output, Ran, ToolResult

LONGEST = 600
EXCERPT = 600


class Run(Described):
    """Runs a command, when the approval policy or the user allows it."""

    name: ClassVar[str] = "run"
    kind: ClassVar[Kind] = "run"
    tiers: ClassVar[tuple[Literal["weak", "strong"], ...]] = ("weak", "strong")

    class Args(Arguments):
        """`timeout` in seconds, 1 to 600."""

        command: str = Field(description="shell command, run at the root of the repository")
        timeout: int = Field(default=120, description="seconds")

    async def run(self, args: Args, desk: Desk) -> AsyncIterator[Output | ToolResult]:
        """Raises ToolError: empty, not allowed, or it cannot be started."""
        command = args.command.strip()
        if not command or "\0" in command:
            raise ToolError("command must be a shell command, such as ls src.")
        await permitted(desk, command, "the model wants to run it")
        timeout = float(min(max(args.timeout, 1), LONGEST))
        async with closing(desk.runner.run(command, timeout=timeout)) as pieces:
            async for piece in pieces:
                yield piece if isinstance(piece, Output) else _result(command, piece, timeout)


async def permitted(desk: Desk, command: str, why: str) -> None:
    """Return where the command may run. Raises ToolError with the reason where it may not."""
    allowed, reason = await desk.approval.command(command, why)
    if not allowed:
        raise ToolError(f"Not run: {reason or 'the user did not allow it'}.".replace("..", "."))


def status(ran: Ran, timeout: float) -> str:
    """`exit 1`, `timed out after 120 s` or `killed`."""
    if ran.timed_out:
        return f"timed out after {timeout:g} s"
    return "killed" if ran.exit_code is None else f"exit {ran.exit_code}"


def _result(command: str, ran: Ran, timeout: float) -> ToolResult:
    how = status(ran, timeout)
    body = head_tail(shown(ran.output).rstrip("\n")) or "(no output)"
    changed = f"\nchanged, now proposed: {', '.join(ran.changed)}" if ran.changed else ""
    excerpt = _last_lines(shown(ran.output))
    run = CommandRun(command=command, exit_code=ran.exit_code, seconds=round(ran.seconds, 3), excerpt=excerpt)
    return ToolResult(
        ok=ran.exit_code == 0,
        text=f"{how}, {ran.seconds:.1f} s\n{body}{changed}",
        line=f"run {clip(' '.join(command.split()), 80)}  {how}  {ran.seconds:.1f} s",
        facts=(run, *_checks(command, ran)),
        changed=ran.changed,
    )


def _last_lines(output: str) -> str:
    """The whole lines at the end of the output that fit into an excerpt."""
    tail = output.strip()[-EXCERPT:]
    return tail if len(tail) < EXCERPT else tail.partition("\n")[2] or tail


def _checks(command: str, ran: Ran) -> tuple[Fact, ...]:
    """What the command says of the code. Its failures are closed when the same command succeeds."""
    mark = f"{clip(command, 80)} · "
    if ran.exit_code == 0:
        return (CheckPassed(prefixes=(mark,)),)
    error = printed.traceback_error(ran.output)
    if error is not None:
        message, frame = error
        kind = message.partition(":")[0]
        place = f" at {frame.path}:{frame.line}" if frame else ""
        found = CheckFailed(
            signature=f"{mark}{kind}{place}",
            message=clip(message, 300),
            path=frame.path if frame else "",
            line=frame.line if frame else 0,
        )
        return (found,)
    return tuple(
        CheckFailed(
            signature=f"{mark}{clip(message, 80)} at {at.path}", message=clip(message, 300), path=at.path, line=at.line
        )
        for message, at in printed.compiler_errors(ran.output)
    )
