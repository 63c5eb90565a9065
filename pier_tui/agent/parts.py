"""What a session's agent is made of, assembled once by wiring and shared by the loop, the review and the face."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pier_tui.agent.atlas import Atlas
from pier_tui.agent.books import Books
from pier_tui.agent.budget import Budget
from pier_tui.agent.history import Scribe
from pier_tui.agent.past import Mark
from pier_tui.agent.record import Recorder
from pier_tui.agent.routing import Routing
from pier_tui.agent.teaching import Learning
from pier_tui.agent.tool_run import ToolBench
from pier_tui.agent.warming import Warming
from pier_tui.backbone.prefix import append, bound
from pier_tui.backbone.state import Author
from pier_tui.backbone.undoing import Change, LastCompaction
from pier_tui.backbone.updates import Update, apply
from pier_tui.events import AnyEvent, BackboneChanged
from pier_tui.models.messages import Message, Tier
from pier_tui.repo.checkpoint import Journal
from pier_tui.repo.making import sha
from pier_tui.repo.overlay import Overlay
from pier_tui.repo.records import Origin
from pier_tui.router.override import Steering


@dataclass
class Parts:
    """The working parts of one session."""

    root: Path
    books: Books
    steering: Steering
    recorder: Recorder
    bench: ToolBench
    overlay: Overlay
    checkpoints: Journal
    routing: Routing = field(default_factory=Routing)
    learning: Learning = field(default_factory=Learning)
    only: Tier | None = None
    budget: Budget = field(default_factory=Budget)
    epoch_tokens: int = 6000
    compacted: LastCompaction | None = None
    """What the last compaction did, as long as it can be undone."""
    hold: int = 0
    """Tokens the deltas must have before the next compaction, after one was undone."""
    page_tokens: int = 0
    """Tokens of file parts put back into the strong model's prompt; 0 for none."""
    atlas: Atlas | None = None
    """Tells the models of the repository; None leaves the backbone's card as it is."""
    warm_up: bool = False
    """Whether the other model's prompt is read ahead after every request."""
    marks: list[Mark] = field(default_factory=list)
    """What each turn of this run started from, for redo and rewind."""
    journal: Callable[[], Sequence[AnyEvent]] = tuple
    """All events of the session so far, read anew; it blocks. For the marks of turns of earlier runs."""
    patches: Path = Path()
    """Where patches are kept that no longer fit."""
    has_git: bool = True
    sandbox: str = ""
    """How commands are confined, in two words for the status line."""
    read_only: bool = False
    """Nothing may be written: the folder is no git repository."""
    disk: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while we write files and settle the pending patch, so that the watcher never sees half of it."""
    written: dict[str, str | None] = field(default_factory=dict)
    """The hash of what we wrote last to each path, so that the watcher knows our own changes."""

    def __post_init__(self) -> None:
        self.warming = Warming(self, self.warm_up)

    def origin(self) -> Origin:
        """What a write of this moment belongs to."""
        recorder = self.recorder
        words = self.marks[-1].request.strip().partition("\n")[0][:80] if self.marks else ""
        return Origin(session=recorder.session, request=recorder.request, turn=recorder.turn, words=words)

    def wrote(self, files: Mapping[str, bytes | None]) -> None:
        """Remember what we wrote ourselves."""
        self.written.update({path: sha(content) for path, content in files.items()})
        if self.atlas is not None:
            self.atlas.dirty(files)

    def on_disk(self, path: str) -> bytes | None:
        """The bytes of a file in the working tree, None where there is none or it cannot be read."""
        try:
            return (self.root / path).read_bytes()
        except OSError:
            return None

    def foreign(self, paths: Iterable[str]) -> tuple[str, ...]:
        """Those of the changed paths whose content is not what we wrote there ourselves."""
        return tuple(p for p in paths if p and (p not in self.written or sha(self.on_disk(p)) != self.written[p]))

    def scribe(self, author: Author = "tool", speaker: Author | None = None) -> Scribe:
        """A fresh collector of updates for the present turn; `speaker` is the model whose notes it takes."""
        return Scribe(self.books.backbone, self.recorder.turn, author, speaker)

    async def change(
        self, updates: Sequence[Update], messages: tuple[Message, ...] = ()
    ) -> AsyncGenerator[AnyEvent, None]:
        """Change the backbone, journal it, and yield the event; none where nothing changed."""
        if not updates and not messages:
            return
        # Here, so that a resumed session reads the same whatever its models' windows are.
        limit = self.books.result_limit(self.only)
        messages = tuple(
            m.model_copy(update={"content": bound(m.content, limit)}) if m.role == "tool" else m for m in messages
        )
        state = apply(self.books.backbone, tuple(updates), turn=self.recorder.turn)
        if messages:
            state = append(state, self.recorder.turn, messages)
        if self.compacted is not None:
            change = Change(turn=self.recorder.turn, updates=tuple(updates), messages=messages)
            self.compacted = self.compacted.then(change)
        event = BackboneChanged(updates=tuple(updates), messages=messages)
        try:
            event = await self.recorder.log(event)
        finally:
            # Where the disk refuses it, the change waits to be written; both are to say the same then too.
            self.books.backbone = state
        yield event
