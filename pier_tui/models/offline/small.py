"""Small changes: a symbol renamed in one file or across files, literal text edits, added lines, set values."""

from __future__ import annotations

import re

from pier_tui.models.offline import names
from pier_tui.models.offline.change import calls_for, propose, settle
from pier_tui.models.offline.intents import Intent
from pier_tui.models.offline.plan import Call, Stop, Workspace
from pier_tui.models.offline.refactor.renaming import left_alone, rename_everywhere

MOST_READ = 20
"""Files the weak rules read before they hand a rename over."""


def rename(work: Workspace, intent: Intent) -> None:
    """Rename a symbol; more than one file is for the strong rules. Raises Wants, Harder, Stop."""
    old = ".".join(filter(None, (intent.get("owner"), intent.get("name"))))
    new = intent.get("new").rsplit(".", 1)[-1]
    rest = left_alone(work, old, new) if work.transcript.edits() else ""
    settle(work, f"Renamed `{old}` to `{new}`", f"{rest} Review the proposed change before applying it.".strip())
    if not new.isidentifier():
        raise Stop(f"`{new}` is not a name.")
    path = names.resolve_path(work, intent.get("path")) if intent.get("path") else ""
    hits = names.uses(work, old, path)
    if not hits:
        raise Stop(f"Nothing{' in `' + path + '`' if path else ''} mentions `{old}`.")
    paths = sorted({hit[0] for hit in hits})
    python = [p for p in paths if p.endswith((".py", ".pyi"))]
    if path or len(python) == 1:
        one = path or python[0]
        call = Call("rename_symbol", {"path": one, "old": old, "new": new})
        others = [p for p in paths if p != one]
        propose(work, (call,), f"`{old}` is mentioned in {_among(others, one)}.", test=one.endswith(".py"))
    listed = ", ".join(paths[:12])
    work.why = f"`{old}` is mentioned in {len(hits)} lines of {len(python)} Python files; reading them."
    if len(python) <= MOST_READ:
        work.texts(tuple(python))
    work.harder(
        f"{old} is used in {len(python)} files",
        f"Goal: rename the symbol {old} to {new} in every file. Found by search: {len(hits)} lines in {listed}. "
        "Nothing was changed yet. Check: run the tests.",
    )
    rename_everywhere(work, old, new, tuple(python))


def _among(others: list[str], one: str) -> str:
    return f"`{one}` only" if not others else f"`{one}`, and not changed in {', '.join(f'`{p}`' for p in others)}"


def replace(work: Workspace, intent: Intent) -> None:
    """A literal replacement or a value set. Raises Wants, Stop."""
    if name := intent.get("assign"):
        _assign(work, name, intent.get("new"), intent.get("path"))
    old, new = intent.get("old"), intent.get("new")
    settle(work, f"Replaced `{old}` by `{new}`")
    path = names.resolve_path(work, intent.get("path"))
    text = work.text(path)
    count = text.count(old)
    if not count:
        near = [line for line in text.split("\n") if old.lower() in line.lower()]
        hint = f" With other capitals: `{near[0].strip()}`." if near else ""
        raise Stop(f"`{path}` does not contain `{old}`.{hint}")
    call = Call("edit", {"path": path, "old": old, "new": new, "replace_all": count > 1})
    propose(work, (call,), f"`{old}` is in `{path}` {count} time{'s' * (count != 1)}.", test=path.endswith(".py"))


def _assign(work: Workspace, name: str, value: str, wanted: str) -> None:
    settle(work, f"Set `{name}` to `{value}`")
    path = names.resolve_path(work, wanted) if wanted else ""
    hits = work.search(rf"^\s*{re.escape(name)}\s*(:[^=]+)?[=:]\s*\S", regex=True, path=path)
    if len(hits) != 1:
        places = ", ".join(f"`{p}:{line}`" for p, line, _ in hits[:8])
        raise Stop(f"`{name}` is set in {len(hits)} places{': ' + places if places else ''}; say which file.")
    path, number, _ = hits[0]
    line = work.text(path).split("\n")[number - 1]
    match = re.match(rf"^(\s*{re.escape(name)}\s*(?::[^=]+)?[=:]\s*)(.*?)(\s+#.*)?$", line)
    assert match is not None
    quote = match[2][:1] if match[2][:1] in "'\"" else ""
    fresh = value if not quote or value[:1] in "'\"" else f"{quote}{value}{quote}"
    after = _with_line(work.text(path), number, f"{match[1]}{fresh}{match[3] or ''}")
    propose(
        work, calls_for(path, work.text(path), after), f"`{name}` is set at `{path}:{number}`.", path.endswith(".py")
    )


def _with_line(text: str, number: int, line: str) -> str:
    lines = text.split("\n")
    return "\n".join([*lines[: number - 1], line, *lines[number:]])


def add_line(work: Workspace, intent: Intent) -> None:
    """A line given literally put at an end of a file, or beside another line. Raises Wants, Stop."""
    fresh = intent.get("new")
    settle(work, f"Added the line `{fresh}`")
    path = names.resolve_path(work, intent.get("path"))
    lines = work.text(path).splitlines()
    at = len(lines)
    if re.search(r"top|beginning|start", intent.get("where")):
        at = 0
    elif intent.get("side"):
        at = _beside(lines, intent) + (intent.get("side").lower() == "after")
        near = lines[min(max(at - 1, 0), len(lines) - 1)]
        fresh = near[: len(near) - len(near.lstrip())] + fresh.lstrip() if not fresh[:1].isspace() else fresh
    after = "".join(f"{line}\n" for line in [*lines[:at], fresh, *lines[at:]])
    propose(
        work, calls_for(path, work.text(path), after), f"It goes to line {at + 1} of `{path}`.", path.endswith(".py")
    )


def _beside(lines: list[str], intent: Intent) -> int:
    if intent.get("line"):
        return min(max(int(intent.get("line")), 1), len(lines)) - 1
    found = [i for i, line in enumerate(lines) if intent.get("anchor") in line]
    if len(found) != 1:
        raise Stop(f"`{intent.get('anchor')}` is on {len(found)} lines; name the line by its number.")
    return found[0]
