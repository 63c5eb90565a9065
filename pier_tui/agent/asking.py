"""The user as the journal sees him: what he was asked, and what he answered, is on disk before anything comes of it."""

from __future__ import annotations

from pier_tui.agent.record import Recorder
from pier_tui.events import ApprovalAnswered, ApprovalAsked
from pier_tui.tools.approval import ApprovalAnswer, ApprovalRequest, User


class RecordedUser:
    """Passes questions on. `recorder` comes later than the policy that asks; before it is there nothing runs."""

    def __init__(self, user: User) -> None:
        self._user = user
        self.recorder: Recorder | None = None

    async def approve(self, request: ApprovalRequest) -> ApprovalAnswer:
        """Whether a command may run. Raises PierError where the question cannot be written down."""
        asked = ApprovalAsked(command=request.command, where=request.where, sandbox=request.sandbox)
        if self.recorder is not None:
            await self.recorder.log(asked)
        answer = await self._user.approve(request)
        if self.recorder is not None:
            await self.recorder.log(ApprovalAnswered(choice=answer.choice, reason=answer.reason))
        return answer

    async def ask(self, question: str, choices: tuple[str, ...] = ()) -> str:
        """The answer to a question. Raises ToolError where nobody can answer."""
        return await self._user.ask(question, choices)
