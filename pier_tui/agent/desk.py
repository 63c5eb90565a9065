"""What a tool may touch during a request: the proposed files, the scratch checkout, the user's policy and answers."""

from __future__ import annotations

from pier_tui.errors import ToolError
from pier_tui.tools.approval import User
from pier_tui.tools.tool import Approval, Files, Runner


class AgentDesk:
    """Implements `tools.tool.Desk`. Without a user (headless) questions are refused."""

    def __init__(self, files: Files, runner: Runner, approval: Approval, user: User | None) -> None:
        self.files, self.runner, self.approval, self._user = files, runner, approval, user

    async def ask(self, question: str, choices: tuple[str, ...] = ()) -> str:
        """Put a question to the user. Raises ToolError where nobody can answer."""
        if self._user is None:
            raise ToolError("Nobody can answer questions in this run; decide by yourself and say what you assumed.")
        return await self._user.ask(question, choices)
