"""Execution evidence about a draft, before it is acted on: would its edits apply and parse, was the call made before.

A pure function over a reply and what is known; nothing runs, nothing is written. Checks of what a draft would do
were measured to tell right from wrong far better than anything the model says of itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict

from pier_tui.errors import PierError, ToolError
from pier_tui.models.messages import Reply, Tier, ToolCall
from pier_tui.router.decision import ESCALATE, ROUTE
from pier_tui.tools import registry, syntax
from pier_tui.tools.arguments import validate
from pier_tui.tools.edit import Edit, replace
from pier_tui.tools.python_source import replace_function
from pier_tui.tools.replace_function import ReplaceFunction
from pier_tui.tools.tool import Files
from pier_tui.tools.write import Write

Action = tuple[str, str]
"""A tool's name and its arguments, validated and with keys sorted: two drafts of one action are equal."""


@dataclass(frozen=True)
class Known:
    """What a draft is held against: the files as the agent sees them, and actions made since the last change."""

    files: Files | None = None
    done: frozenset[Action] = field(default_factory=frozenset)


class Evidence(BaseModel):
    """Counts over a draft's tool calls, and what the first problem was, in words."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    calls: int = 0
    edits: int = 0
    invalid: int = 0
    """Calls whose tool is unknown or not offered, or whose arguments do not fit."""
    unapplied: int = 0
    """Edits that would be refused: the passage or symbol is not there, or is there more than once."""
    unparsed: int = 0
    """Edits after which a file that parsed no longer would."""
    idle: int = 0
    """Edits that change nothing."""
    repeated: int = 0
    """Calls made before, with no change since."""
    cut: bool = False
    """The answer lacks its end."""
    empty: bool = False
    """Neither text nor a call."""
    first: str = ""

    @property
    def broken(self) -> bool:
        """Whether acting on the draft would certainly be refused."""
        return bool(self.invalid or self.unapplied or self.unparsed or self.cut or self.empty)

    def features(self) -> dict[str, float]:
        """The counts as numbers, for a learned score."""
        return {name: float(value) for name, value in self.model_dump(exclude={"first"}).items()}


def action_of(call: ToolCall, tier: Tier) -> Action | None:
    """A tool call in the form in which two are compared; None where it is invalid for the tier."""
    try:
        return _action(call, tier)[0]
    except PierError:
        return None


def same_action(one: Reply, other: Reply) -> bool:
    """Whether two drafts do the same: the same tools with equal arguments in the same order, and at least one."""
    mine, theirs = actions(one, "weak"), actions(other, "strong")
    return bool(mine) and None not in mine and mine == theirs


def actions(reply: Reply, tier: Tier) -> tuple[Action | None, ...]:
    """The actions of a reply, routing aside."""
    return tuple(action_of(call, tier) for call in reply.tool_calls if call.name not in (ROUTE, ESCALATE))


def examine(reply: Reply, known: Known, tier: Tier = "weak") -> Evidence:
    """What can be told of a draft without acting on it."""
    calls = tuple(call for call in reply.tool_calls if call.name not in (ROUTE, ESCALATE))
    cut = bool(reply.unfinished) or reply.finish_reason in ("length", "interrupted")
    empty = not calls and not reply.text.strip() and not cut
    counts = {"calls": len(calls), "edits": 0, "invalid": 0, "unapplied": 0, "unparsed": 0, "idle": 0, "repeated": 0}
    first = "the answer was cut off" if cut else "neither text nor action" if empty else ""
    drafts = _Drafts(known.files)
    for call in calls:
        for kind, why in _call(call, tier, known, drafts):
            counts[kind] += 1
            first = first or why
    return Evidence(**counts, cut=cut, empty=empty, first=first[:200])


def _call(call: ToolCall, tier: Tier, known: Known, drafts: _Drafts) -> list[tuple[str, str]]:
    try:
        action, args = _action(call, tier)
    except PierError as error:
        return [("invalid", str(error))]
    again = action in known.done and not drafts.changed
    found = [("repeated", f"{call.name} was called with these arguments before")] if again else []
    edit = _EDITS.get(type(args))
    if edit is not None:
        found.append(("edits", ""))
        drafts.changed = True
        problem = drafts.apply(edit, args) if known.files is not None else None
        found += [problem] if problem else []
    return found


def _action(call: ToolCall, tier: Tier) -> tuple[Action, Any]:
    """Raises PierError where the call is invalid."""
    tool = registry.by_name(call.name)
    if tier not in tool.tiers:
        raise ToolError(f"{call.name} is not offered to this model.")
    args = validate(tool, call.arguments)
    return (call.name, json.dumps(args.model_dump(mode="json"), sort_keys=True)), args


class _Drafts:
    """The files as they would be after the draft's edits so far; several edits of one file build on each other."""

    def __init__(self, files: Files | None) -> None:
        self._files = files
        self.changed = False
        self._texts: dict[str, str | None] = {}

    def apply(self, edit: Callable[[str | None, Any], str], args: Any) -> tuple[str, str] | None:
        """Make an edit here; what would be wrong with it, if anything."""
        before = self._text(args.path)
        try:
            after = edit(before, args)
        except PierError as error:
            if getattr(error, "kind", "") == "unchanged":
                return "idle", f"the edit of {args.path} changes nothing"
            return "unapplied", f"{args.path}: {str(error).splitlines()[0]}"
        if after == before:
            return "idle", f"the edit of {args.path} changes nothing"
        self._texts[args.path] = after
        flaw = syntax.check(args.path, after)
        if flaw is not None and (before is None or syntax.check(args.path, before) is None):
            return "unparsed", f"{args.path}: {flaw}"
        return None

    def _text(self, path: str) -> str | None:
        if path not in self._texts:
            self._texts[path] = self._read(path)
        return self._texts[path]

    def _read(self, path: str) -> str | None:
        assert self._files is not None
        try:
            return self._files.read(path).decode("utf-8") if self._files.exists(path) else None
        except (PierError, UnicodeDecodeError):
            return None


def _edited(before: str | None, args: Edit.Args) -> str:
    if before is None:
        if args.old.strip():
            raise ToolError(f"{args.path} does not exist.")
        return args.new
    return replace(before, args.old, args.new, args.replace_all)


def _replaced(before: str | None, args: ReplaceFunction.Args) -> str:
    if before is None:
        raise ToolError(f"{args.path} does not exist.")
    return replace_function(before, args.symbol.strip(), args.source)


def _written(_: str | None, args: Write.Args) -> str:
    return args.content


_EDITS: dict[type, Callable[[str | None, Any], str]] = {
    Edit.Args: _edited,
    ReplaceFunction.Args: _replaced,
    Write.Args: _written,
}
