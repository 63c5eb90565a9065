"""What a tool may touch during a request: the proposed files, the scratch checkout, the user's policy and answers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

from pier_tui.errors import ToolError
from pier_tui.tools.approval import User
from pier_tui.tools.tool import Approval, Files, Output, Ran, Runner


class NothingRuns:
    """The runner of a directory the user does not trust."""

    async def run(
        self, argv_or_shell: str | tuple[str, ...], *, timeout: float, edits: Mapping[str, bytes] | None = None
    ) -> AsyncIterator[Output | Ran]:
        """Raises ToolError."""
        raise ToolError("Nothing is run here: the user opened this directory without trusting it.")
        yield  # a generator, as the other runner is


class AgentDesk:
    """Implements `tools.tool.Desk`. Without a user (headless) questions are refused."""

    def __init__(self, files: Files, runner: Runner, approval: Approval, user: User | None) -> None:
        self.files, self.runner, self.approval, self._user = files, runner, approval, user

    async def ask(self, question: str, choices: tuple[str, ...] = ()) -> str:
        """Put a question to the user. Raises ToolError where nobody can answer."""
        if self._user is None:
            raise ToolError("Nobody can answer questions in this run; decide by yourself and say what you assumed.")
        return await self._user.ask(question, choices)
