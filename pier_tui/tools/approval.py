"""Whether a command may run: what is known to only read, what the user's rules allow, and what is asked.

Nothing here depends on what a model says of its command. What cannot be read with certainty is asked about.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict

from pier_tui.errors import ToolError
from pier_tui.tools import read_only
from pier_tui.tools.ruin import ruin
from pier_tui.tools.shell_words import Unreadable, pieces, words

Policy = Literal["untrusted", "on-request", "never"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Rule(_Frozen):
    """Allows commands that begin with these very words, or one command as typed (`text`).

    It binds words, not characters: a rule for `ruff check` allows neither `ruff checkers` nor `ruff check; rm x`.
    """

    argv: tuple[str, ...] = ()
    text: str = ""

    def allows(self, command: str) -> bool:
        """Whether the rule allows the whole command, which is one simple command."""
        if self.text:
            return command == self.text
        try:
            return self.binds(words(command))
        except Unreadable:
            return False

    def binds(self, argv: tuple[str, ...]) -> bool:
        """Whether these words begin with the rule's."""
        return bool(self.argv) and argv[: len(self.argv)] == self.argv

    def __str__(self) -> str:
        return self.text or shlex.join(self.argv)


class Rules(_Frozen):
    """The user's rules."""

    rules: tuple[Rule, ...] = ()

    def allowing(self, command: str) -> Rule | None:
        """The first rule that allows the command."""
        return next((rule for rule in self.rules if rule.allows(command)), None)

    def with_rule(self, rule: Rule) -> Rules:
        """These and one more."""
        return Rules(rules=(*self.rules, rule))


class Decision(_Frozen):
    """What is to happen with a command, why, and whether it is a rule or what we know of its programs that allows it.

    `programs` are those of an allowed command that are believed to only read because of their names.
    """

    verdict: Literal["allow", "ask", "deny"]
    reasons: tuple[str, ...] = ()
    by: Literal["", "rule", "read-only"] = ""
    programs: tuple[str, ...] = ()


def decide(command: str, rules: Rules = Rules()) -> Decision:  # noqa: B008  (immutable)
    """Allow, ask or deny. Only what is surely destructive is denied, only what is surely harmless allowed.

    In a chain every command must be harmless or allowed by a rule of its own.
    """
    reason = ruin(command)
    if reason:
        return Decision(verdict="deny", reasons=(reason,))
    exact = next((rule for rule in rules.rules if rule.text and rule.allows(command)), None)
    if exact is not None:
        return Decision(verdict="allow", reasons=(f"your rule allows {exact}",), by="rule")
    try:
        found = pieces(command)
    except Unreadable as unreadable:
        return Decision(verdict="ask", reasons=(str(unreadable),))
    return _chain(found, rules)


def _chain(found: tuple[tuple[str, ...], ...], rules: Rules) -> Decision:
    """The decision for plain commands. Where one of them goes to another folder, rules for the others do not count."""
    moved = len(found) > 1 and any(argv[0] == "cd" for argv in found)
    binding = [None if moved else next((rule for rule in rules.rules if rule.binds(argv)), None) for argv in found]
    others = tuple(argv for argv, rule in zip(found, binding, strict=True) if rule is None)
    reason = read_only.why_not(others)
    if reason:
        return Decision(verdict="ask", reasons=(reason,))
    programs = tuple(dict.fromkeys(argv[0] for argv in others))
    ruled = tuple(f"your rule allows {rule}" for rule in dict.fromkeys(filter(None, binding)))
    reads = ("it only reads",) if others else ()
    return Decision(verdict="allow", reasons=ruled + reads, by="rule" if ruled else "read-only", programs=programs)


_OFFERED: dict[str, frozenset[str] | None] = {
    **dict.fromkeys(("pytest", "mypy", "flake8", "pylint", "pyright", "tsc", "eslint", "ctest"), None),
    "ruff": frozenset({"check", "format"}),
    "go": frozenset({"test", "vet", "build"}),
    "make": frozenset({"test", "check", "lint", "build", "all"}),
}
"""Programs for which `always` is offered, with the first words it then binds: checks and builds.

No shell, interpreter, package manager or git, nothing that runs what its arguments say.
"""


def suggest_rule(command: str) -> Rule | None:
    """The rule `always` would make, or None where no standing permission should be offered."""
    try:
        argv = words(command)
    except Unreadable:
        return None
    if argv[0] not in _OFFERED:
        return None
    allowed = _OFFERED[argv[0]]
    if allowed is None:
        return Rule(argv=argv[:1])
    return Rule(argv=argv[:2]) if len(argv) > 1 and argv[1] in allowed else None


class ApprovalRequest(_Frozen):
    """What the user is asked.

    `rule` is what `always` would allow, None where it must not be offered. `session` is what "this session"
    would allow, None for this very command. `policy` is the one in force, `reasons` why it asks.
    """

    command: str
    why: str
    where: str
    sandbox: str
    rule: Rule | None = None
    session: Rule | None = None
    policy: str = ""
    reasons: tuple[str, ...] = ()


class ApprovalAnswer(_Frozen):
    """What the user said; `reason` is told to the model after a no."""

    choice: Literal["once", "session", "always", "no"]
    reason: str = ""


class User(Protocol):
    """Whoever answers."""

    async def approve(self, request: ApprovalRequest) -> ApprovalAnswer:
        """Whether the command may run."""
        ...

    async def ask(self, question: str, choices: tuple[str, ...] = ()) -> str:
        """The answer to a question. Raises ToolError where nobody can answer."""
        ...


class Nobody:
    """The user of a headless run: refuses every command that needs asking, and answers nothing."""

    async def approve(self, request: ApprovalRequest) -> ApprovalAnswer:
        """No."""
        return ApprovalAnswer(choice="no", reason="nobody is here to allow it (--yes does where there is a sandbox)")

    async def ask(self, question: str, choices: tuple[str, ...] = ()) -> str:
        """Raises ToolError."""
        raise ToolError("Nobody is here to answer; decide yourself and say so.")


class PolicyApproval:
    """The approval policy.

    Without a sandbox nothing runs unasked but what the user's rules allow, whatever the policy. With one,
    `untrusted` runs what only reads, `on-request` that and what `trusted` allows (the project's test command),
    and both ask otherwise. `never` does not ask: everything but the destructive runs in the sandbox.
    """

    def __init__(
        self,
        policy: Policy,
        user: User,
        *,
        rules: Rules = Rules(),  # noqa: B008  (immutable)
        sandboxed: bool = False,
        sandbox: str = "no sandbox",
        where: str = "a scratch copy of the repository",
        trusted: Callable[[], Rules] = Rules,
        foreign: Callable[[tuple[str, ...]], str] = lambda programs: "",
        save_rule: Callable[[Rule], None] | None = None,
    ) -> None:
        self.policy = policy
        self.rules = rules
        self._user, self._sandboxed, self._sandbox, self._where = user, sandboxed, sandbox, where
        self._trusted, self._foreign, self._save_rule = trusted, foreign, save_rule

    async def command(self, command: str, why: str) -> tuple[bool, str]:
        """Whether it may run, and the reason to tell the model when it may not."""
        decision = self._decided(command)
        if decision.verdict == "deny":
            return False, decision.reasons[0]
        if decision.by == "rule" or self._runs_unasked(command, decision):
            return True, ""
        if self.policy == "never":
            return False, "the approval policy never asks, and neither a rule nor a sandbox allows it"
        return await self._asked(command, why, decision)

    def _decided(self, command: str) -> Decision:
        """The decision, where the programs it trusts by name are not some of the repository's own."""
        decision = decide(command, self.rules)
        reason = self._foreign(decision.programs) if decision.programs else ""
        return Decision(verdict="ask", reasons=(reason,)) if reason else decision

    def _runs_unasked(self, command: str, decision: Decision) -> bool:
        if not self._sandboxed:
            return False
        if self.policy == "never" or decision.verdict == "allow":
            return True
        return self.policy == "on-request" and self._trusted().allowing(command) is not None

    async def _asked(self, command: str, why: str, decision: Decision) -> tuple[bool, str]:
        rule = suggest_rule(command)
        session = self._trusted().allowing(command) or rule
        unconfined = decision.verdict == "allow" and not self._sandboxed
        request = ApprovalRequest(
            command=command,
            why=why,
            where=self._where,
            sandbox=self._sandbox,
            rule=rule,
            session=session,
            policy=self.policy,
            reasons=(*decision.reasons, "but there is no full sandbox, so everything asks")
            if unconfined
            else decision.reasons,
        )
        answer = await self._user.approve(request)
        if answer.choice == "no":
            return False, answer.reason or "the user did not allow it"
        if answer.choice == "session":
            self.rules = self.rules.with_rule(session or Rule(text=command))
        if answer.choice == "always" and rule is not None:
            self.rules = self.rules.with_rule(rule)
            if self._save_rule is not None:
                self._save_rule(rule)
        return True, ""
