"""The screen's running work: one request at a time with a queue behind it, and small things on the side."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Any, Literal, cast

from textual.worker import Worker, WorkerError

from pier_tui.errors import PierError
from pier_tui.events import AnyEvent, Notice, RequestStarted, ToolCalled

Events = AsyncIterator[AnyEvent]


@dataclass(frozen=True)
class Job:
    """A request to come: what to call it in the queue, and how to begin it.

    `kind` says what it is where it is kept until it begins: request, shell, or go on with an unfinished request;
    others are gone with the program. `text` is what is put back into the prompt, the title where it is empty.
    """

    title: str
    begin: Callable[[], Events]
    kind: Literal["", "request", "shell", "go on"] = ""
    text: str = ""


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
        self.held = False
        """What is queued waits for the user: he stopped a request, or the program ended before its turn."""
        self._begun: Job | None = None
        self._spawn, self._show, self._changed = spawn, show, changed
        self._running: Worker[None] | None = None
        self._open = False
        self._all: list[Worker[None]] = []

    @property
    def running(self) -> bool:
        """Whether a request is under way."""
        return self._running is not None

    @property
    def unsent(self) -> tuple[Job, ...]:
        """What is not on record yet: the request that has begun and said nothing so far, then the queue."""
        return (*((self._begun,) if self._begun else ()), *self.queue)

    def restore(self, jobs: Sequence[Job]) -> None:
        """What waited when the program ended waits again, before all else, until the user says so."""
        if jobs:
            self.queue[:0] = jobs
            self.held = True
            self._changed()

    def go_on(self) -> None:
        """Begin with what waits."""
        self.held = False
        self._next()

    def open(self) -> None:
        """The agent is there: begin with what was queued meanwhile."""
        self._open = True
        self._next()

    def request(self, job: Job) -> None:
        """Begin now, or after everything before it; a new request takes the place of an unfinished one not taken up."""
        if self.held and job.kind and self.queue[:1] and self.queue[0].kind == "go on":
            del self.queue[0]
        self.queue.append(job)
        self.go_on()

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
        self.held = self.held and bool(self.queue)
        self._changed()
        return job

    def _next(self) -> None:
        if self._open and self._running is None and self.queue and not self.held:
            job = self._begun = self.queue.pop(0)
            self._running = self._keep(self._spawn(self._request(job), "request"))
        self._changed()

    async def _request(self, job: Job) -> None:
        ended = False
        try:
            await self._follow(job.begin())
            ended = self._running is not None and not self._running.is_cancelled
        finally:
            self._running = self._begun = None
            self.held = bool(self.queue) and not ended
            if ended:
                self._next()
            else:
                self._changed()

    def _on_record(self, event: AnyEvent) -> None:
        """A request that shows anything was written down before."""
        if self._begun is not None and isinstance(event, RequestStarted | ToolCalled):
            self._begun = None
            self._changed()

    async def _follow(self, events: Events) -> None:
        try:
            async with aclosing(cast("Any", events)) as stream:
                async for event in stream:
                    self._show(event)
                    self._on_record(event)
        except PierError as error:
            self._show(Notice(text=str(error), level="error"))
        except Exception as error:
            self._show(
                Notice(text=f"Something unexpected broke this off: {type(error).__name__}: {error}", level="error")
            )
