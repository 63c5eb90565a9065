"""What the prompt offers while typing, folded pastes, and the history: pure text, no widget."""

from __future__ import annotations

import asyncio
import heapq
import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from inspect import isawaitable

from pier_tui.errors import PierError
from pier_tui.ui.format import counted
from pier_tui.ui.text import visible

MOST, FEW = 8, 2_000
"""Choices offered at a time, and files that take no time to go through: a few ms."""
FOLD_LINES, FOLD_CHARACTERS = 20, 4000
"""A paste longer than this is folded to a placeholder."""

Listing = Callable[[], Sequence[str] | Awaitable[Sequence[str]]]
"""What gives the paths of a repository."""
_WORD = re.compile(r"(?:^|(?<=[\s(\[\"'`]))@([^\s@]*)$")
_COMMAND = re.compile(r"^/([a-z-]*)$")


@dataclass(frozen=True)
class Choice:
    """One thing to complete to: what is inserted, and what is said of it."""

    text: str
    about: str = ""


def file_query(before: str) -> str | None:
    """What was typed of a file's name after an `@` just before the cursor, None where there is none."""
    found = _WORD.search(before)
    return found[1] if found else None


def command_query(before: str) -> str | None:
    """What was typed of a command, None where the text is none."""
    found = _COMMAND.match(before)
    return found[1] if found else None


def score(query: str, path: str) -> float | None:
    """How well a path fits what was typed, higher is better; None where it does not. Case does not matter."""
    return _score(query.lower(), path.lower())


def _score(wanted: str, name: str) -> float | None:
    if not wanted:
        return -name.count("/") - len(name) / 1000
    base = name.rfind("/") + 1
    if (at := name.find(wanted, base)) >= 0:
        return 300 - (at - base) - len(name) / 100 + (50 if at == base else 0)
    if (at := name.find(wanted)) >= 0:
        return 200 - len(name) / 100 + (20 if at == 0 or name[at - 1] == "/" else 0)
    inside = _scattered(wanted, name[base:])
    return _scattered(wanted, name) if inside is None else 20 + inside - base / 100


def _scattered(wanted: str, name: str) -> float | None:
    """Letters in order but apart: starts of words count more, gaps less."""
    total, at = 0.0, -1
    for letter in wanted:
        found = name.find(letter, at + 1)
        if found < 0:
            return None
        total += 5 if found == at + 1 else 3 if found == 0 or name[found - 1] in "/_-." else 1
        at = found
    return total - len(name) / 100


class FileChoices:
    """Files to choose from while a name is typed. What is asked for next is looked for in what fitted before it."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._all = tuple((path, path.lower()) for path in paths)
        self._fitted = ("", self._all)

    @property
    def few(self) -> bool:
        """Whether all of them can be gone through between two keys."""
        return len(self._all) <= FEW

    def best(self, query: str, most: int = MOST) -> list[Choice]:
        """The files that fit best. Safe to call from several threads."""
        wanted = query.lower()
        before, among = self._fitted
        if not wanted.startswith(before):
            among = self._all
        scored = [(-found, path, name) for path, name in among if (found := _score(wanted, name)) is not None]
        self._fitted = (wanted, tuple((path, name) for _, path, name in scored))
        return [Choice(path) for _, path, _ in heapq.nsmallest(most, scored)]


class FileSearch:
    """The repository's files, listed with the first name that is typed, and searched beside the keys."""

    def __init__(self, files: Listing) -> None:
        self._files = files
        self._listing: asyncio.Future[FileChoices] | None = None
        self.finding: asyncio.Future[list[Choice]] | None = None
        """The search for what was typed last."""

    def start(self, query: str) -> asyncio.Future[list[Choice]]:
        """Find the files that fit best, and nothing else any more."""
        if self.finding is not None:
            self.finding.cancel()
        self._listing = self._listing or asyncio.ensure_future(self._list())
        self.finding = asyncio.ensure_future(self._best(query, self._listing))
        return self.finding

    async def _best(self, query: str, listing: asyncio.Future[FileChoices]) -> list[Choice]:
        choices = await asyncio.shield(listing)
        return choices.best(query) if choices.few else await asyncio.to_thread(choices.best, query)

    async def _list(self) -> FileChoices:
        try:
            found = self._files()
            return await asyncio.to_thread(FileChoices, await found if isawaitable(found) else found)
        except PierError:  # such as git in the middle of something
            return FileChoices(())


def best_commands(query: str, commands: Sequence[tuple[str, str]], most: int = MOST) -> list[Choice]:
    """The commands that begin with what was typed, then those that contain it."""
    begin = [Choice(name, about) for name, about in commands if name.startswith(query)]
    inside = [Choice(name, about) for name, about in commands if query in name and not name.startswith(query)]
    return (begin + inside)[:most]


@dataclass
class Pastes:
    """Long pastes stand in the prompt as placeholders and are put back when it is sent."""

    _kept: dict[str, str] = field(default_factory=dict)

    def fold(self, text: str) -> str:
        """What to put into the prompt for a paste: itself with nothing hidden, or a placeholder no other paste has."""
        text = visible(text)
        lines = text.removesuffix("\n").count("\n") + 1
        if lines <= FOLD_LINES and len(text) <= FOLD_CHARACTERS:
            return text
        size = counted(lines, "line") if lines > 1 else counted(len(text), "character")
        name, number = f"[pasted {size}]", 2
        while name in self._kept and self._kept[name] != text:
            name, number = f"[pasted {size} #{number}]", number + 1
        self._kept[name] = text
        return name

    def unfold(self, text: str) -> str:
        """The text with every placeholder replaced by what was pasted."""
        if not self._kept:
            return text
        names = "|".join(re.escape(name) for name in self._kept)
        return re.sub(names, lambda found: self._kept[found[0]], text)

    def clear(self) -> None:
        """Forget all pastes."""
        self._kept.clear()


@dataclass
class History:
    """What was sent before, oldest first. `recall` walks it, keeping the draft that was being typed."""

    entries: list[str] = field(default_factory=list)
    _at: int | None = None
    _draft: str = ""

    def add(self, text: str) -> None:
        """Remember a message; the same twice in a row is one."""
        self._at = None
        if text.strip() and (not self.entries or self.entries[-1] != text):
            self.entries.append(text)

    @property
    def walking(self) -> bool:
        """Whether the prompt shows something recalled."""
        return self._at is not None

    def recall(self, by: int, current: str) -> str | None:
        """The message before (-1) or after (1), the draft after the last; None where there is no further one."""
        if self._at is None:
            if by > 0 or not self.entries:
                return None
            self._draft, self._at = current, len(self.entries)
        at = self._at + by
        if at < 0:
            return None
        if at >= len(self.entries):
            self._at = None
            return self._draft
        self._at = at
        return self.entries[at]

    def rest(self) -> None:
        """What is shown was changed: it is a draft now."""
        self._at = None

    def search(self, query: str, most: int = MOST) -> list[Choice]:
        """Messages that contain the words, newest first, each once."""
        words = query.lower().split()
        fitting = (text for text in reversed(self.entries) if all(word in text.lower() for word in words))
        return [Choice(text) for text in dict.fromkeys(fitting)][:most]
