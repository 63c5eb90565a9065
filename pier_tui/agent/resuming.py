"""Going on with a session: what was pending, what waited, and what was cut off, as it was when the program ended."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pier_tui.agent.record import Recorder
from pier_tui.agent.routing import Routing
from pier_tui.errors import ConfigError, PatchError, PierError
from pier_tui.events import AnyEvent, Event, Notice, RequestStarted
from pier_tui.redaction import MARK, without_keys
from pier_tui.repo.diff import FileDiff, Patch
from pier_tui.repo.formatting import format_patch
from pier_tui.repo.hunks import apply_hunks
from pier_tui.repo.making import decode, encode, sha
from pier_tui.repo.overlay import Overlay
from pier_tui.repo.verdict import Draft
from pier_tui.session.presence import Other, Presence
from pier_tui.session.resume import Resumed, fold
from pier_tui.session.store import Store, Waiting

Message = tuple[str, str]
"""A message that waits: its kind (request, shell), and its text."""


async def _forget(messages: tuple[Message, ...]) -> None:
    """Where nothing is kept."""


async def _nobody() -> tuple[str, ...]:
    """Where nobody else is looked for."""
    return ()


async def _no_draft(draft: Draft) -> None:
    """Where nothing is kept."""


@dataclass(frozen=True)
class Drafts:
    """What was decided on the pending patch and not handed over: as it was `left`, and `keep` to remember it now."""

    left: Draft = Draft()  # noqa: RUF009  (immutable)
    keep: Callable[[Draft], Awaitable[None]] = _no_draft


@dataclass(frozen=True)
class Resuming:
    """What a front end offers to go on with. `keep` remembers which messages wait.

    `others` has a sentence on every other program that has the repository open.
    """

    unfinished: str = ""
    waiting: tuple[Message, ...] = ()
    keep: Callable[[tuple[Message, ...]], Awaitable[None]] = _forget
    others: Callable[[], Awaitable[tuple[str, ...]]] = _nobody
    drafts: Drafts = Drafts()


@dataclass(frozen=True)
class Opened:
    """A session that is gone on with, or a new one: its id, its events so far, and where it stands."""

    session: str
    past: tuple[AnyEvent, ...] = ()
    resumed: Resumed = Resumed()  # noqa: RUF009  (immutable)
    words: tuple[str, ...] = ()
    """What the user should know at once of how it was opened."""


def opened(store: Store, resume: str | None, root: Path, presence: Presence) -> Opened:
    """A session to go on with; None begins one. One that another program has open is gone on with as a copy.

    Raises PierError: unknown, or of another repository.
    """
    words = tuple(other_words(store, other) for other in presence.others())
    if resume is None:
        session = store.open_session(str(root))
        presence.enter(session)
        return Opened(session, words=words)
    row = store.find(resume)
    if row.repo not in (str(root), ""):
        raise PierError(f"Session {row.id} belongs to {row.repo}; open that repository to go on with it.")
    session = row.id
    if not presence.enter(session):
        session = store.fork(row.id, title=f"copy of {row.title or row.id}"[:200])
        presence.enter(session)
        words = (*words, "This session is open in another window, so you go on with a copy of it here.")
    events = store.events(session)
    return Opened(session, tuple(events), fold(events), words)


def other_words(store: Store, other: Other) -> str:
    """One sentence on another program that has this repository open."""
    title = next((row.title for row in store.sessions() if row.id == other.session), "") or "no request yet"
    since = time.strftime("%H:%M", time.localtime(other.since))
    return f"Another pier-tui is open here since {since} (session: {title}); what it writes arrives as changes on disk."


def recorder_of(store: Store, opened: Opened) -> Recorder:
    """Journals what happens in a session from where it stands; its first request becomes its title."""

    async def append(events: Sequence[Event]) -> None:
        await asyncio.to_thread(store.append_all, events)
        for event in events:
            if isinstance(event, RequestStarted) and event.request == 1:
                title = without_keys(event.text).strip().partition("\n")[0][:80]
                await asyncio.to_thread(store.rename, opened.session, title)

    recorder = Recorder(append, opened.session)
    recorder.request, recorder.turn = opened.resumed.request, opened.resumed.turn
    return recorder


def left(store: Store, opened: Opened, presence: Presence) -> Resuming:
    """What was left: one message that had just begun when the program ended is the unfinished request itself."""
    messages = [(one.kind, one.text) for one in store.waiting(opened.session)]
    if messages and messages[0] == ("request", opened.resumed.unfinished):
        del messages[0]
    order = asyncio.Lock()

    async def keep(now: tuple[Message, ...]) -> None:
        waiting = [Waiting(kind=kind, text=text) for kind, text in now]
        async with order:
            await asyncio.to_thread(store.keep_waiting, opened.session, waiting)

    async def keep_draft(draft: Draft) -> None:
        async with order:
            await asyncio.to_thread(store.keep_draft, opened.session, draft)

    async def others() -> tuple[str, ...]:
        running = await asyncio.to_thread(presence.others)
        return tuple([await asyncio.to_thread(other_words, store, other) for other in running])

    drafts = Drafts(store.draft(opened.session), keep_draft)
    return Resuming(opened.resumed.unfinished, tuple(messages), keep, others, drafts)


def route_as_before(routing: Routing, resumed: Resumed, *, said: bool) -> None:
    """Route by what the user chose for the session, unless another strategy was `said` at this start; by the settings
    where there is no such strategy any more.
    """
    if resumed.strategy and not said:
        with suppress(ConfigError):
            routing.strategy = routing.make(resumed.strategy)


def cut_off_words(resumed: Resumed) -> list[str]:
    """What the user should know of a request that the end of the program cut off."""
    words: list[str] = []
    if resumed.unfinished:
        words.append(f"This request was cut off when the program ended: {_first(resumed.unfinished)}")
    if resumed.asked:
        asked = f"It then waited for your word on a command, which was not run: {_first(resumed.asked)}"
        words.append(f"{asked}; if the request goes on and needs it, you are asked again.")
    return words


def put_pending(overlay: Overlay, patch: Patch, folder: Path) -> list[str]:
    """Propose again what was pending; a sentence on what no longer fits, which is kept as a patch file in `folder`."""
    lost: list[FileDiff] = []
    for file in patch.files:
        try:
            _put(overlay, file)
        except PierError:
            lost.append(file)
    if not lost:
        return []
    paths = ", ".join(file.path for file in lost)
    try:
        kept = _keep(Patch(files=tuple(lost)), folder)
    except OSError as error:
        return [f"What was proposed for {paths} no longer fits the file, and could not be kept ({error.strerror})."]
    return [f"What was proposed for {paths} no longer fits the file; it is kept as the patch {kept}."]


def _keep(patch: Patch, folder: Path) -> Path:
    """Write a patch file, readable by its owner only, named by its content."""
    content = format_patch(patch)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{(sha(content) or '')[:16]}.patch"
    path.touch(mode=0o600)
    path.write_bytes(content)
    return path


def _put(overlay: Overlay, file: FileDiff) -> None:
    if file.binary:
        raise PatchError(f"The bytes proposed for {file.path} are not in the record.")
    if any(MARK in line.text for hunk in file.hunks for line in hunk.lines):
        raise PatchError(f"What was proposed for {file.path} held a key, which is not kept.")
    mode = int(file.new_mode, 8) & 0o777 if file.new_mode and file.new_mode != file.old_mode else None
    if file.new_path is None:
        overlay.write(file.path, None)
        return
    base = overlay.read(file.old_path) if file.old_path is not None else b""
    exact = file.base_hash is not None and sha(base) == file.base_hash
    overlay.write(file.path, encode(apply_hunks(decode(base), file.hunks, exact=exact)), mode)


def _first(text: str) -> str:
    line = text.strip().partition("\n")[0]
    return line if len(line) <= 120 else f"{line[:119]}…"


def notices(words: list[str]) -> list[AnyEvent]:
    """Sentences as the last events of the past, which the screen takes as news."""
    return [Notice(text=text, level="warning") for text in words]
