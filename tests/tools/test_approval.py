from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pier_tui.tools.approval import (
    ApprovalAnswer,
    ApprovalRequest,
    Decision,
    Nobody,
    PolicyApproval,
    Rule,
    Rules,
    decide,
    suggest_rule,
)

NONE = Rules()

ALLOWED = [
    "ls", "ls -la src", "cat README.md", "head -n 5 a.py", "grep -rn 'def main' src", 'grep "a b" x', "rg TODO src",
    "git status", "git log --oneline -5", "git diff --stat HEAD", "git show HEAD", "find . -name app.py -type f",
    "wc -l a.py b.py", "sed -n 1,40p a.py", "sort a.txt", "python --version", "go version", "pwd", "echo hello",
    "git ls-files -m", "date +%s", "tree src", "cat 'a b.txt'", "diff a.py b.py",
]  # fmt: skip

ASKED = [
    "", " ", "ls; rm x", "ls && rm x", "ls | sh", "ls & rm x", "ls\nrm x", "ls\rrm x", "ls\trm", "ls > x", "cat < x",
    "echo $(rm x)", "echo `rm x`", "echo $HOME", 'echo "$(rm x)"', "diff <(ls) x", "ls *", "cat ~/.ssh/id_rsa",
    "cat /etc/passwd", "cat ../secret", "cat src/../../secret", "grep -f/etc/passwd x", "grep --file=/etc/passwd x",
    "find . -exec rm x", "find . -delete", "find . -fprintf x y", "find . -ok rm x", "rg --pre sh x", "rg --pre=sh x",
    "rg -z x", "rg --hostname-bin=x y", "git -c core.pager=sh log", "git -C / status", "git --git-dir=x log",
    "git diff --output=x", "git diff --outpu=x", "git log --ext-diff", "git grep -Ovi x", "git push", "git branch x",
    "git checkout .", "git show --textconv HEAD", "sed -i s/a/b/ x", "sed -n 1e x", "sed -n '1,5w x' a",
    "sed s/a/b/e x",
    "sort -o x y", "sort --outp=x y", "sort --compress-program=sh x", "sort -uo x y", "awk 1 x", "python x.py",
    "python -c 1", "bash -c ls", "sh x", "env ls", "xargs ls", "X=1 ls", "PATH=. ls", "./ls", "/bin/ls", "sudo ls",
    "export A=1", "declare -x A", "eval ls", "ls \\; rm", "ls #", "ls {a,b}", "ls !!", "tee x", "cp a b", "mv a b",
    "rm x", "curl http://x", "npm test", "pytest", "make", "date -s now", "tree -o x", "ls\u00a0-l", "ls\u202e",
    "ls\x1b[8m; rm", "ls 'unclosed", 'ls "unclosed', "file -C -m x", "uniq a b", "printenv", "less x", "vi x",
    "date --set=now", "time ls", "nohup ls", "cat\u2028x", "type ls", "diff -l a b", "tr a b;", "ls " + "a " * 2_000,
]  # fmt: skip

DENIED = [
    "rm -rf /", "rm -fr /*", "rm -r -f ~", "sudo rm -rf /", "ls; rm -rf /", "rm -rf $HOME", "rm --recursive /etc",
    "mkfs.ext4 /dev/sda1", "mkfs /dev/sda", "dd if=/dev/zero of=/dev/sda", "cat x > /dev/sda", ":(){ :|:& };:",
    "shutdown now", "reboot", "chmod -R 777 /", "chown -R me /", "bash -c 'rm -rf /'", "rm -rf --no-preserve-root x",
    "ls\nrm -rf /", "/bin/rm -rf /", "find / -delete", "true && rm -rf ~/", "echo $(rm -rf /)",
]  # fmt: skip


@pytest.mark.parametrize("command", ALLOWED)
def test_what_surely_only_reads_is_allowed(command: str) -> None:
    assert decide(command, NONE) == Decision(verdict="allow", reasons=("it only reads",), by="read-only")


@pytest.mark.parametrize("command", ASKED)
def test_what_may_do_more_is_asked_about(command: str) -> None:
    decision = decide(command, NONE)
    assert decision.verdict == "ask"
    assert decision.reasons


@pytest.mark.parametrize("command", DENIED)
def test_what_surely_destroys_is_denied_even_with_a_rule(command: str) -> None:
    assert decide(command, NONE).verdict == "deny"
    assert decide(command, Rules(rules=(Rule(text=command), Rule(argv=("rm",))))).verdict == "deny"


def test_a_rule_binds_words_not_characters() -> None:
    rules = Rules(rules=(Rule(argv=("ruff", "check")),))
    assert decide("ruff check src", rules).by == "rule"
    assert decide("'ruff' check", rules).by == "rule"
    for command in (
        "ruff checkers",
        "ruff",
        "ruff check; rm x",
        "ruff check $(rm x)",
        "ruff check\nrm x",
        "ruff 'check '",
    ):
        assert decide(command, rules).verdict == "ask", command


@pytest.mark.parametrize(
    ("command", "rule"),
    [
        ("pytest -q tests", Rule(argv=("pytest",))),
        ("ruff check .", Rule(argv=("ruff", "check"))),
        ("cargo test", Rule(argv=("cargo", "test"))),
        ("ls -la /tmp", Rule(text="ls -la /tmp")),
        ("python -m pytest", None),
        ("bash x.sh", None),
        ("git commit -m x", None),
        ("git status", None),
        ("npm run build", None),
        ("npx x", None),
        ("node x.js", None),
        ("pytest; rm x", None),
        ("./run.sh", None),
        ("make deploy", None),
        ("env pytest", None),
        ("find . -delete", None),
        ("rm x", None),
        ("cargo run", None),
        ("go run x", None),
    ],
)
def test_a_standing_permission_is_only_offered_for_what_runs_nothing_it_is_given(
    command: str, rule: Rule | None
) -> None:
    assert suggest_rule(command) == rule


@given(st.text(max_size=40))
def test_any_text_gets_a_verdict(command: str) -> None:
    assert decide(command, NONE).verdict in ("allow", "ask", "deny")
    assert decide(f"ls {command}\n rm x", NONE).verdict != "allow"


class Someone:
    def __init__(self, *answers: ApprovalAnswer) -> None:
        self.answers, self.requests = list(answers), list[ApprovalRequest]()

    async def approve(self, request: ApprovalRequest) -> ApprovalAnswer:
        self.requests.append(request)
        return self.answers.pop(0)

    async def ask(self, question: str, choices: tuple[str, ...] = ()) -> str:
        return ""


YES, SESSION, ALWAYS, NO = (ApprovalAnswer(choice=c) for c in ("once", "session", "always", "no"))
TRUSTED = Rules(rules=(Rule(argv=("python", "-m", "pytest")),))


async def test_untrusted_asks_for_everything_without_a_rule() -> None:
    user = Someone(YES, NO)
    approval = PolicyApproval("untrusted", user, sandboxed=True)
    assert await approval.command("ls", "to look") == (True, "")
    assert await approval.command("ls", "to look") == (False, "the user did not allow it")
    assert user.requests[0].why == "to look"


async def test_on_request_runs_reading_and_the_tests_unasked_while_sandboxed() -> None:
    user = Someone(NO)
    approval = PolicyApproval("on-request", user, sandboxed=True, trusted=lambda: TRUSTED)
    assert (await approval.command("ls", ""))[0]
    assert (await approval.command("python -m pytest -q", ""))[0]
    assert not user.requests
    assert not (await approval.command("python x.py", ""))[0]


async def test_on_request_asks_for_everything_without_a_sandbox() -> None:
    user = Someone(NO, NO)
    approval = PolicyApproval("on-request", user, trusted=lambda: TRUSTED)
    assert not (await approval.command("ls", ""))[0]
    assert not (await approval.command("python -m pytest", ""))[0]


async def test_never_does_not_ask() -> None:
    user = Someone()
    assert not (await PolicyApproval("never", user).command("ls", ""))[0]
    assert (await PolicyApproval("never", user, rules=TRUSTED).command("python -m pytest", ""))[0]
    sandboxed = PolicyApproval("never", user, sandboxed=True)
    assert (await sandboxed.command("make all", ""))[0]
    assert not (await sandboxed.command("rm -rf /", ""))[0]
    assert not user.requests


async def test_an_answer_for_the_session_holds_for_the_session() -> None:
    user, saved = Someone(SESSION, SESSION, NO), list[Rule]()
    approval = PolicyApproval("untrusted", user, save_rule=saved.append)
    assert (await approval.command("pytest -q", ""))[0]
    assert (await approval.command("pytest tests", ""))[0]
    assert (await approval.command("python x.py | cat", ""))[0]
    assert (await approval.command("python x.py | cat", ""))[0]
    assert not (await approval.command("python x.py | cat ", ""))[0]
    assert not saved


async def test_always_saves_the_rule_that_was_shown_and_nothing_wider() -> None:
    user, saved = Someone(ALWAYS, ALWAYS, NO), list[Rule]()
    approval = PolicyApproval("untrusted", user, save_rule=saved.append)
    assert (await approval.command("ruff check src", ""))[0]
    assert saved == [user.requests[0].rule] == [Rule(argv=("ruff", "check"))]
    assert (await approval.command("python x.py", ""))[0]
    assert user.requests[1].rule is None
    assert not (await approval.command("python x.py", ""))[0]


async def test_nobody_refuses() -> None:
    allowed, reason = await PolicyApproval("on-request", Nobody()).command("make", "")
    assert not allowed
    assert "nobody" in reason
