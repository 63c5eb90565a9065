"""Slash commands: one table, from which the prompt completes, help is written and the screen acts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Command:
    """One command. `action` is a screen action; `{arg}` in it is replaced by what follows the name."""

    name: str
    about: str
    action: str
    argument: str = ""


COMMANDS: tuple[Command, ...] = (
    Command("help", "all keys and commands", "show_help"),
    Command("pin", "every turn on one model, or auto again", "pin", "105B | 30B | auto"),
    Command("only", "the same as /pin", "pin", "105B | 30B | auto"),
    Command("next", "the next turn on one model, then auto again", "next_on", "105B | 30B | auto"),
    Command("strategy", "route by another strategy; `once`: the next request only", "route_by", "name [once]"),
    Command("router", "how turns are routed", "show_router"),
    Command("costs", "what each model used, cost and saved", "show_costs"),
    Command("sessions", "sessions of this repository", "show_sessions"),
    Command("theme", "switch the theme", "set_theme", "name"),
    Command("undo", "take applied changes back", "show_undo"),
    Command("undo-compaction", "put back what the last compaction took from the backbone", "undo_compaction"),
    Command("warm-up", "read the other model's prompt ahead, its price first", "warm_up", "105B | 30B | off"),
    Command("redo", "do a turn again on the other model", "redo", "turn number"),
    Command("compare", "both tries of a turn side by side, and keep one", "compare", "turn number"),
    Command("export", "write this session as Markdown", "export"),
    Command("unqueue", "drop the last queued message", "unqueue"),
    Command("suspend", "back to the shell; fg there goes on here", "app.suspend_process"),
    Command("quit", "leave pier-tui", "leave"),
)


def complete(prefix: str) -> tuple[Command, ...]:
    """The commands whose name starts with what was typed after the slash."""
    return tuple(command for command in COMMANDS if command.name.startswith(prefix))


def parse(text: str) -> tuple[Command, str] | None:
    """The command a message is, with its argument; None where it is none (a path such as /etc/hosts is text)."""
    if not text.startswith("/") or "\n" in text.strip():
        return None
    name, _, argument = text[1:].strip().partition(" ")
    found = next((command for command in COMMANDS if command.name == name), None)
    return (found, argument.strip()) if found else None
