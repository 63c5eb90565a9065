"""How a plan is written: straight on, asking for what it needs; where a result is missing the call is made.

A plan is run from the start at every turn. `Desk.ask` gives the result of a tool call when the prompt has
it and raises `Wants` when it has not; the model then answers with that call. `Stop` ends the request.
Nothing here remembers anything between two turns.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Literal

from pier_tui.models.offline.transcript import Excerpt, Transcript, excerpt

Action = Literal["inspect", "answer", "summarise", "edit", "run_test", "escalate"]
BUNDLE_CHARS = 120_000
"""When the request's record is longer than this, what a plan still needs is asked for again together with
the next call, because a compaction keeps only the newest exchange whole."""

NO_FILES = ("The repository has no files.", "(no output)")
"""What `list` answers instead of paths."""


@dataclass(frozen=True)
class Call:
    """One tool call to make."""

    name: str
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Said:
    """An answer: text, and tool calls in order."""

    text: str = ""
    calls: tuple[Call, ...] = ()


class Wants(Exception):
    """The plan needs these calls made first."""

    def __init__(self, calls: tuple[Call, ...], say: str = "", action: Action = "inspect") -> None:
        super().__init__(say)
        self.calls, self.say, self.action = calls, say, action


class Stop(Exception):
    """The plan is over: `text` is for the user; `changed` when edits were made, which ends with `finish`."""

    def __init__(self, text: str, changed: bool = False) -> None:
        super().__init__(text)
        self.text, self.changed = text, changed


class Harder(Exception):
    """What comes next is beyond the weak rules: why, what the strong ones are told, what was done."""

    def __init__(self, reason: str, handoff: str, so_far: str = "") -> None:
        super().__init__(reason)
        self.reason, self.handoff, self.so_far = reason, handoff, so_far


class Workspace:
    """The tools as a plan sees them."""

    def __init__(self, transcript: Transcript, strong: bool) -> None:
        self.transcript, self.strong = transcript, strong
        self._used: list[Call] = []
        self.why = ""
        """The sentence said with the next calls that bring none of their own."""

    def ask(self, name: str, **arguments: Any) -> str:
        """The result of this call. Raises Wants when it has not been made."""
        return self.ask_all((Call(name, arguments),))[0]

    def ask_all(self, calls: tuple[Call, ...], say: str = "", action: Action = "inspect") -> list[str]:
        """The results of these calls. Raises Wants with those not made yet."""
        results = [self.transcript.result(call.name, call.arguments) for call in calls]
        missing = tuple(call for call, result in zip(calls, results, strict=True) if result is None)
        if missing:
            again = tuple(c for c in self._used if c not in missing and c.name in ("read", "search", "list"))
            bundle = again if self.transcript.size > BUNDLE_CHARS else ()
            raise Wants((*bundle, *missing), say or self.why, action)
        self._used += [c for c in calls if c not in self._used]
        return [result or "" for result in results]

    def harder(self, reason: str, handoff: str, so_far: str = "") -> None:
        """Raises Harder unless the strong rules are at work."""
        if not self.strong:
            raise Harder(reason, handoff, so_far)

    def text(self, path: str) -> str:
        """A file's whole text. Raises Wants, or Stop where it cannot be read."""
        return self.texts((path,))[path]

    def texts(self, paths: tuple[str, ...]) -> dict[str, str]:
        """Whole texts of several files, read in one turn. Raises Wants, Stop."""
        firsts = self.ask_all(tuple(Call("read", {"path": p, "start": 1, "end": 100_000}) for p in paths))
        return {path: self._whole(path, first) for path, first in zip(paths, firsts, strict=True)}

    def _whole(self, path: str, result: str) -> str:
        part = excerpt(result)
        if part is None:
            raise Stop(f"`{path}` cannot be read: {result.strip().splitlines()[0]}")
        lines = dict(part.lines)
        for page in self.ask_all(_rest(path, part)):
            lines.update(_lines_of(page))
        while lines and len(lines) < part.total:
            gap = next(n for n in range(1, part.total + 1) if n not in lines)
            more = _lines_of(self.ask("read", path=path, start=gap, end=100_000))
            if gap not in more:
                break
            lines.update(more)
        if part.total and sorted(lines) != list(range(1, part.total + 1)):
            raise Stop(f"`{path}` has lines too long to be shown whole, so it is not edited by rule.")
        return "".join(f"{lines[n]}\n" for n in sorted(lines))

    def search(
        self, pattern: str, *, regex: bool = False, path: str = "", most: int = 200
    ) -> list[tuple[str, int, str]]:
        """Matches as (path, line, text). Raises Wants."""
        result = self.ask("search", pattern=pattern, path=path, regex=regex, max=most)
        found = (re.match(r"^(.+?):(\d+): ?(.*)$", line) for line in result.split("\n"))
        return [(m[1], int(m[2]), m[3]) for m in found if m]

    def files(self) -> list[str]:
        """Every path of the repository. Raises Wants."""
        lines = self.ask("list", path="").split("\n")
        return [line for line in lines if line and not line.startswith("…") and line not in NO_FILES]


def plural(count: int, word: str) -> str:
    """`1 file`, `2 files`."""
    return f"{count} {word}{'' if count == 1 else 's'}"


def _rest(path: str, first: Excerpt) -> tuple[Call, ...]:
    """Reads for what the first page of a file left out, so that one turn asks for all of it."""
    shown = max(first.lines, default=0)
    page = max(50, shown * 3 // 4)
    starts = range(shown + 1, first.total + 1, page) if shown else ()
    return tuple(Call("read", {"path": path, "start": n, "end": min(n + page - 1, first.total)}) for n in starts)


def _lines_of(result: str) -> dict[int, str]:
    part = excerpt(result)
    return part.lines if part is not None else {}


def refusals(transcript: Transcript) -> list[str]:
    """Edits of this request that were not taken, with the reason they came back with."""
    from_edits = (
        d for d in transcript.done if d.name in ("edit", "write", "rename_symbol", "replace_function", "move")
    )
    return [f"{d.name} {d.arguments.get('path', '')}: {d.result.splitlines()[0]}" for d in from_edits if not d.landed]
