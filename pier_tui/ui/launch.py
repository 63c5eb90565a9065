"""Opening the screen: on a repository, the throw-away sample, or a recording.

Nothing heavy is imported with this module: a picture of the screen comes first, then Textual and the panes,
and after the first paint, in a thread, the agent with its models and tools.
"""

from __future__ import annotations

import asyncio
import gc
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

from pier_tui.errors import PierError, RepositoryError
from pier_tui.ui.picture import Picture
from pier_tui.ui.text import escaped, sanitize, visible

if TYPE_CHECKING:
    from pier_tui.events import AnyEvent
    from pier_tui.models.pinning import Destination
    from pier_tui.repo.diff import Patch
    from pier_tui.repo.sighting import Sighting
    from pier_tui.session.shelf import Shelf
    from pier_tui.tools.approval import User
    from pier_tui.ui.app import PierApp
    from pier_tui.ui.local_pair import LocalPair
    from pier_tui.ui.screens.first_start import SetUp, Setup
    from pier_tui.ui.screens.trust import Standing
    from pier_tui.ui.workbench import SessionLine, Workbench

T = TypeVar("T")
SHIPPED_RECORDING = "tour.jsonl"
SWITCH = 0.0005
"""Seconds a thread that computes may keep a key waiting."""


@dataclass(frozen=True)
class Opening:
    """What a screen is opened on. `plain` is a folder without git, read-only; `trusted` holds for this run only."""

    root: Path
    overrides: Mapping[str, object]
    env: Mapping[str, str]
    resume: str | None = None
    plain: bool = False
    trusted: bool = False


def workbench(opening: Opening) -> int:
    """Open a repository. Raises PierError with one sentence where that cannot be done."""
    path = opening.root
    with Picture(path.resolve().name) as picture:
        from pier_tui.repo.repo import reachable, top_level

        try:
            return _open(replace(opening, root=top_level(reachable(path))), picture)
        except RepositoryError as error:
            picture.take_down()
            if not path.is_dir() or not sys.stdin.isatty() or "bare" in str(error):
                raise
            return _without_git(opening, str(error))


def _without_git(opening: Opening, why: str) -> int:
    """Offer what can be done in a folder that is no repository."""
    from pier_tui.repo.git import git_sync

    sys.stdout.write(sanitize(f"{why}\n"))
    sys.stdout.write("Type i to run `git init` here, r to open it read-only, anything else to leave: ")
    sys.stdout.flush()
    answer = sys.stdin.readline().strip().lower()
    if answer in ("i", "init"):
        git_sync(opening.root, "init", "--quiet")
        return _open(replace(opening, root=opening.root.resolve()))
    if answer in ("r", "read-only"):
        return _open(replace(opening, root=opening.root.resolve(), plain=True))
    return 1


def demo(overrides: Mapping[str, object], env: Mapping[str, str], keep: Path | None = None) -> int:
    """Open the sample repository, made in a temporary folder unless it is to be kept."""
    from pier_tui.repo.sample import make_sample

    if keep is not None:
        return _open(Opening(make_sample(keep).resolve(), overrides, env, trusted=True))
    with tempfile.TemporaryDirectory(prefix="pier-tui-demo-") as folder, Picture("shop") as picture:
        sample = make_sample(Path(folder).resolve() / "shop")
        return _open(Opening(sample, overrides, env, trusted=True), picture)


def recording(file: Path | None, env: Mapping[str, str]) -> int:
    """Show a recording; without a file, the one that ships."""
    from pier_tui.session.export import load_recording
    from pier_tui.ui.app import PierApp, preferences

    shipped = Path(__file__).resolve().parents[1] / "recordings" / SHIPPED_RECORDING
    found, themes, _ = preferences({}, env)
    load_recording(file or shipped)
    _need_terminal()
    app = PierApp(
        recording=file or shipped,
        theme=found.settings.theme,
        user_themes=themes,
        keymap=found.settings.keymap,
    )
    return _run(app)


def _run(app: PierApp) -> int:
    app.run()
    if app.crashed is not None:
        raise app.crashed
    return app.return_code or 0


def _need_terminal() -> None:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise PierError('The workbench needs a terminal; without one use: pier-tui exec "your request".')
    if os.environ.get("TERM") in ("dumb", "unknown"):
        raise PierError('This terminal (TERM=dumb) cannot move its cursor; use: pier-tui exec "your request".')


def _open(opening: Opening, picture: Picture | None = None) -> int:
    _need_terminal()
    # Until everything is imported there is no garbage worth the time to look for it.
    gc.disable()
    with ExitStack() as ending:
        app = build(opening, ending)
        sys.setswitchinterval(SWITCH)
        if picture is not None:
            picture.hand_over()
        return _run(app)


def build(opening: Opening, ending: ExitStack | None = None) -> PierApp:
    """The app, ready to run; `ending` takes what is to be stopped after it. Raises ConfigError."""
    from pier_tui.ui.app import PierApp, preferences

    found, themes, state = preferences(opening.overrides, opening.env)
    connection = Connection(opening, state)
    if ending is not None:
        ending.callback(connection.close)

    async def start(user: User) -> Workbench:
        for problem in found.problems:
            app.notify(sanitize(str(problem)), severity="warning", markup=False)
        return await connection.start(user, opening.resume)

    async def set_up() -> SetUp | None:
        return connection if await connection.unconnected() else None

    app = PierApp(
        start,
        repository=opening.root.name,
        theme=found.settings.theme,
        user_themes=themes,
        keymap=found.settings.keymap,
        reopen=connection.start,
        shelf=Sessions(opening, state),
        watch=connection.watch,
        files=connection.files,
        worktree=None if opening.plain else connection.working_diff,
        set_up=set_up,
        gate=connection,
    )
    return app


@dataclass(frozen=True)
class Outside:
    """A directory as the trust screen shows it."""

    path: str
    parent: str
    noted: tuple[str, ...]


class Connection:
    """Starts agents for the app, once it is known how the directory may be used and where the key may go."""

    def __init__(self, opening: Opening, state: Path) -> None:
        self._opening, self._state = opening, state
        self._decided = self.trusted = opening.trusted
        self._seen: Sighting | None = None
        self._pair: LocalPair | None = None

    async def undecided(self) -> Outside | None:
        """The directory, where nobody said yet whether it is trusted. Raises RepositoryError."""
        if self._decided:
            return None
        # Not the agent's modules: the question is to come before anybody begins to type.
        from pier_tui.repo.sighting import sight
        from pier_tui.trust import TrustBook

        seen = await asyncio.to_thread(sight, self._opening.root)
        self._decided = self.trusted = TrustBook(self._state).standing(seen) is not None
        self._seen = seen
        if self._decided:
            return None
        # A parent that holds everything is not offered: trusting it would be trusting whatever comes.
        parent = seen.root.parent
        offered = "" if parent in (Path(parent.anchor), Path.home(), Path(tempfile.gettempdir())) else str(parent)
        return Outside(str(seen.root), offered, (*seen.pointers, *(f"{name} is there" for name in seen.noted)))

    async def settle(self, answer: Standing) -> None:
        """Keep the user's answer; only looking is not remembered. Raises PierError."""
        from pier_tui.trust import TrustBook

        if self._seen is not None and answer in ("here", "below"):
            await asyncio.to_thread(TrustBook(self._state).trust, self._seen, below=answer == "below")
        self._decided, self.trusted = True, answer in ("here", "below")

    async def unconfirmed(self) -> tuple[Destination, ...]:
        """Addresses the key was never sent to. Raises ConfigError."""
        await asyncio.to_thread(_import_wiring)
        from pier_tui import connecting, wiring

        chosen = await asyncio.to_thread(wiring.settings, self._opening.overrides, self._opening.env)
        return await asyncio.to_thread(connecting.unconfirmed, chosen.settings, self._opening.env)

    async def confirm(self, destinations: Sequence[Destination]) -> None:
        """Remember that the key may go there. Raises ConfigError."""
        from pier_tui import connecting

        await asyncio.to_thread(connecting.confirm, destinations, self._opening.env)

    async def unconnected(self) -> bool:
        """Whether the user should be asked which models to use. Raises ConfigError."""
        await asyncio.to_thread(_import_wiring)
        from pier_tui import connecting, wiring

        chosen = await asyncio.to_thread(wiring.settings, self._opening.overrides, self._opening.env)
        return await asyncio.to_thread(connecting.unconnected, chosen.settings, self._opening.env)

    async def start(self, user: User, session: str | None = None) -> Workbench:
        """An agent, for a new session or one to go on with."""
        await asyncio.to_thread(_import_wiring)
        from pier_tui import connecting, wiring

        o = self._opening
        chosen = await asyncio.to_thread(wiring.settings, o.overrides, o.env)
        if (await asyncio.to_thread(connecting.pick_profile, chosen.settings, o.env)).offline:
            await asyncio.to_thread(_import_offline)
        return await wiring.assemble(
            chosen.settings, o.root, o.env, user=user, resume=session, plain=o.plain, trusted=self.trusted
        )

    def watch(self) -> AsyncIterator[tuple[str, ...]]:
        """The paths others change in the repository, in batches; none where it is only looked at."""
        from pier_tui.repo.watch import watch

        return watch(self._opening.root) if self.trusted else _nothing()

    @property
    def _git(self) -> bool:
        return self.trusted and not self._opening.plain

    async def working_diff(self) -> Patch:
        """What the working tree holds against the last commit; nothing without git."""
        from pier_tui.repo.diff import Patch
        from pier_tui.repo.repo import Repo

        return await Repo.open(self._opening.root).working_diff() if self._git else Patch()

    async def files(self) -> tuple[str, ...]:
        """The repository's files, for completion."""
        from pier_tui.repo.repo import Repo

        return await Repo.open(self._opening.root).files() if self._git else ()

    async def find(self) -> Sequence[str]:
        """Addresses of servers on this machine."""
        from pier_tui.models.connect import detect_local

        return [f"{server.base_url} ({', '.join(server.models[:3])})" for server in await detect_local()]

    async def local(self) -> LocalPair:
        """The models that can be run on this machine."""
        from pier_tui.ui.local_pair import LocalPair

        self._pair = self._pair or LocalPair(self._opening.env)
        return self._pair

    def close(self) -> None:
        """Stop the servers that were started here."""
        if self._pair is not None:
            self._pair.close()

    async def apply(self, setup: Setup) -> None:
        """Keep and use the choice of the first start. Raises PierError; a server is asked for its models first."""
        from pier_tui import connecting
        from pier_tui.models.connect import served_models

        if setup.way == "local" and self._pair is not None and (running := self._pair.running) is not None:
            overrides = {**self._opening.overrides, **running.overrides}
            self._opening = replace(self._opening, overrides=overrides, env=running.env)
            return
        value = setup.value
        if setup.way == "server":
            value = f"{value.rstrip('/')} ({', '.join(await served_models(value))})"
        changes = await asyncio.to_thread(connecting.keep_setup, setup.way, value, self._opening.env)
        self._opening = replace(self._opening, overrides={**self._opening.overrides, **changes})


async def _nothing() -> AsyncIterator[tuple[str, ...]]:
    return
    yield ()


def _import_wiring() -> None:
    """For a thread: the agent, the tools and the models take a while to import, and so do the parsers of answers."""
    try:
        import pier_tui.repo.watch
        import pier_tui.wiring  # noqa: F401
        from pier_tui.ui.widgets import hunk_syntax, markdown_code, markdown_paint

        markdown_paint.parser()
        markdown_code.warm()
        # The first name looked up compiles the name patterns of every language there is.
        hunk_syntax.lexer_for("first.py")
    finally:
        # Modules never become garbage, so they are left out of every later collection.
        gc.freeze()
        gc.enable()


def _import_offline() -> None:
    """For a thread: the embedded pair compiles its rules as it is imported."""
    import pier_tui.models.offline.transport  # noqa: F401


class Sessions:
    """The sessions of one repository, for the list on the screen."""

    def __init__(self, opening: Opening, state: Path) -> None:
        self._opening, self._state = opening, state

    async def _do(self, act: Callable[[Shelf], T]) -> T:
        """Something with the shelf, in a thread; `wiring`, whose import takes long, is not needed for it."""

        def do() -> T:
            from pier_tui.session.shelf import Shelf

            return act(Shelf(self._state, self._opening.root))

        return await asyncio.to_thread(do)

    async def sessions(self) -> Sequence[SessionLine]:
        """All of them, the latest used first."""
        return await self._do(lambda shelf: shelf.listed())

    async def tail(self, session_id: str = "") -> Sequence[AnyEvent]:
        """The last events of one, of the one being opened where none is named; none where it cannot be read."""
        session = session_id or self._opening.resume
        return await self._do(lambda shelf: shelf.tail(session)) if session else ()

    async def rename(self, session_id: str, title: str) -> None:
        """Give one another title. Raises PierError."""
        await self._do(lambda shelf: shelf.rename(session_id, title))

    async def delete(self, session_id: str) -> None:
        """Remove one for good. Raises PierError."""
        await self._do(lambda shelf: shelf.delete(session_id))

    async def fork(self, session_id: str) -> str:
        """A copy of one; its id. Raises PierError."""
        return await self._do(lambda shelf: shelf.fork(session_id))

    async def export(self, session_id: str, form: Literal["md", "jsonl"] = "md") -> str:
        """Write one into the present folder; the path written. Raises PierError."""
        text = await self._do(lambda shelf: shelf.export(session_id, form))
        text = escaped(text) if form == "jsonl" else visible(text)
        return await self.write(f"pier-session-{session_id}.{form}", text)

    async def write(self, name: str, text: str) -> str:
        """Write a text that is safe to print into the present folder; the path written. Raises PierError."""
        path = Path.cwd() / name
        try:
            await asyncio.to_thread(path.write_text, text, encoding="utf-8")
        except OSError as error:
            raise PierError(f"{path} cannot be written: {error.strerror}.") from None
        return str(path)
