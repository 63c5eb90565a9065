"""The user as the agent knows him: questions become dialogs, and an interrupted question closes its dialog."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

from textual.app import App
from textual.screen import Screen

from pier_tui.tools.approval import ApprovalAnswer, ApprovalRequest
from pier_tui.ui.screens.approval import ApprovalScreen
from pier_tui.ui.screens.ask import AskScreen

T = TypeVar("T")


class DialogUser:
    """Asks one thing at a time; a second question waits for the first answer."""

    def __init__(self, app: App[None], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._app, self._clock = app, clock
        self._turn = asyncio.Lock()

    async def approve(self, request: ApprovalRequest) -> ApprovalAnswer:
        """Whether a command may run; no answer is no."""
        return await self._answer(ApprovalScreen(request, clock=self._clock)) or ApprovalAnswer(choice="no")

    async def ask(self, question: str, choices: tuple[str, ...] = ()) -> str:
        """The user's answer, one of the choices or his own words; empty where he would not say."""
        return await self._answer(AskScreen(question, choices)) or ""

    async def _answer(self, screen: Screen[T]) -> T | None:
        async with self._turn:
            answered: asyncio.Future[T | None] = asyncio.get_running_loop().create_future()

            def take(result: T | None) -> None:
                if not answered.done():
                    answered.set_result(result)

            try:
                await self._app.push_screen(screen, take)
                return await answered
            except asyncio.CancelledError:
                # The request was stopped while its question stood open: nobody waits for the answer any more.
                if screen.is_current:
                    screen.dismiss(None)
                raise
