"""The screen's running work: one request at a time with a queue behind it, and small things on the side."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Any, cast

from textual.worker import Worker, WorkerError

from pier_tui.errors import PierError
from pier_tui.events import AnyEvent, Notice

Events = AsyncIterator[AnyEvent]


@dataclass(frozen=True)
class Job:
    """A request to come: what to call it in the queue, and how to begin it."""

    title: str
    begin: Callable[[], Events]


class Work:
    """Runs jobs in Textual workers of their own and shows what they yield.

    `spawn` starts a worker, `show` takes each event, `changed` is told when the queue or `running`
    changed. A PierError ends a job with one sentence; anything else is reported by its type as well.
    """

    def __init__(
        self,
        spawn: Callable[[Coroutine[Any, Any, None], str], Worker[None]],
        show: Callable[[AnyEvent], None],
        changed: Callable[[], None],
    ) -> None:
        self.queue: list[Job] = []
        self._spawn, self._show, self._changed = spawn, show, changed
        self._running: Worker[None] | None = None
        self._open = False
        self._all: list[Worker[None]] = []

    @property
    def running(self) -> bool:
        """Whether a request is under way."""
        return self._running is not None

    def open(self) -> None:
        """The agent is there: begin with what was queued meanwhile."""
        self._open = True
        self._next()

    def request(self, job: Job) -> None:
        """Begin now, or after everything before it."""
        self.queue.append(job)
        self._next()

    def aside(self, events: Events) -> None:
        """Follow something short beside the request."""
        self._keep(self._spawn(self._follow(events), "aside"))

    def _keep(self, worker: Worker[None]) -> Worker[None]:
        self._all = [*(known for known in self._all if not known.is_finished), worker]
        return worker

    def interrupt(self) -> bool:
        """Stop the running request; what is queued waits for the next one. False where nothing runs."""
        if self._running is None:
            return False
        if not self._running.is_cancelled:
            # Once is enough: a second stop would cut off what the first one still writes down.
            self._running.cancel()
        return True

    async def stop(self) -> None:
        """Stop everything, forget the queue, and wait until all of it has ended."""
        self.queue.clear()
        self._open = False
        workers = [worker for worker in self._all if not worker.is_finished]
        for worker in workers:
            worker.cancel()
        for worker in workers:
            with suppress(WorkerError):
                await worker.wait()

    def unqueue(self) -> Job | None:
        """Take the last queued job back."""
        job = self.queue.pop() if self.queue else None
        self._changed()
        return job

    def _next(self) -> None:
        if self._open and self._running is None and self.queue:
            job = self.queue.pop(0)
            self._running = self._keep(self._spawn(self._request(job), "request"))
        self._changed()

    async def _request(self, job: Job) -> None:
        ended = False
        try:
            await self._follow(job.begin())
            ended = self._running is not None and not self._running.is_cancelled
        finally:
            self._running = None
            if ended:
                self._next()
            else:
                self._changed()

    async def _follow(self, events: Events) -> None:
        try:
            async with aclosing(cast("Any", events)) as stream:
                async for event in stream:
                    self._show(event)
        except PierError as error:
            self._show(Notice(text=str(error), level="error"))
        except Exception as error:
            self._show(
                Notice(text=f"Something unexpected broke this off: {type(error).__name__}: {error}", level="error")
            )
