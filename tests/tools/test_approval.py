from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pier_tui.tools import shell_tree
from pier_tui.tools.approval import (
    ApprovalAnswer,
    ApprovalRequest,
    Nobody,
    Policy,
    PolicyApproval,
    Rule,
    Rules,
    decide,
    suggest_rule,
)
from pier_tui.tools.program_place import foreign

NONE = Rules()

ALLOWED = [
    "ls", "ls -la src", "cat README.md", "head -n 5 a.py", "grep -rn 'def main' src", 'grep "a b" x', "rg TODO src",
    "git status", "git log --oneline -5", "git diff --stat HEAD", "git show HEAD", "find . -name app.py -type f",
    "wc -l a.py b.py", "sed -n 1,40p a.py", "sort a.txt", "python --version", "pwd", "echo hello", "git ls-files -m",
    "date +%s", "tree src", "cat 'a b.txt'", "diff a.py b.py", "cat a.py | head -5", "ls && pwd", "ls || true",
    "echo 'a; rm -rf x' ; ls", "git diff HEAD~1..HEAD^", "git --no-pager log -p -n 3 -- src",
    'grep "a\\|b" x | sort | uniq -c | sort -rn | head', "cd src && grep -r x . | wc -l",
    "find . -size -10k -printf '%p'", "rg -e pretz -g '*.z'", "git branch -a", "git log '--format=%h %s'",
    "test -f x && cat x", "command -v rg", "date -d tomorrow +%F", "uniq -c", "diff -u -U3 a b", "grep 'ख' x",
    "cat .env.example", "basename /a/b", "git grep -n x", "type ls", "base64",
]  # fmt: skip

ASKED = [
    "", " ", "ls; rm x", "ls && rm x", "ls | sh", "ls & rm x", "ls\nrm x", "ls\rrm x", "ls\trm", "ls > x", "cat < x",
    "echo $(rm x)", "echo `rm x`", "echo $HOME", 'echo "$(rm x)"', "diff <(ls) x", "ls *", "cat ~/.ssh/id_rsa",
    "cat /etc/passwd", "cat ../secret", "cat src/../../secret", "grep -f/etc/passwd x", "grep --file=/etc/passwd x",
    "find . -exec rm x", "find . -delete", "find . -fprintf x y", "find . -ok rm x", "rg --pre sh x", "rg --pre=sh x",
    "rg -z x", "rg --hostname-bin=x y", "git -c core.pager=sh log", "git -C / status", "git --git-dir=x log",
    "git diff --output=x", "git diff --outpu=x", "git log --ext-diff", "git grep -Ovi x", "git push", "git branch x",
    "git checkout .", "git show --textconv HEAD", "sed -i s/a/b/ x", "sed -n 1e x", "sed -n '1,5w x' a",
    "sed s/a/b/e x", "sort -o x y", "sort --outp=x y", "sort --compress-program=sh x", "sort -uo x y", "awk 1 x",
    "python x.py", "python -c 1", "bash -c ls", "sh x", "env ls", "xargs ls", "X=1 ls", "PATH=. ls", "./ls", "/bin/ls",
    "sudo ls", "export A=1", "declare -x A", "eval ls", "ls \\; rm", "ls #", "ls {a,b}", "ls !!", "tee x", "cp a b",
    "mv a b", "rm x", "curl http://x", "npm test", "pytest", "make", "date -s now", "tree -o x", "ls\u00a0-l",
    "ls\u202e", "ls\x1b[8m; rm", "ls 'unclosed", 'ls "unclosed', "file -C -m x", "uniq a b", "printenv", "less x",
    "vi x", "date --set=now", "time ls", "nohup ls", "cat\u2028x", "diff -l a b", "tr a b;", "ls " + "a " * 10_000,
    # Chains: one piece that does more than read is enough.
    "ls |& sh", "ls ;; ls", "ls;", "&& ls", "ls &&", "ls | tee x", "cat x | xargs rm", "true; X=1", "ls; ; ls", "(ls)",
    "ls && (pwd)", "{ ls; }", "! ls", "if ls; then ls; fi", "ls &", "ls &\nrm x", "coproc ls", "ls; echo x > y",
    "cat <<X\nX", "cat <<< x", "ls >(sh)", "ls 2>&1", "f() { ls; }", "function f { ls; }; f", "ls\\\n; rm x",
    " && ".join(["ls"] * 51),
    # What the shell itself does.
    "source x", ". x", "alias ls=rm", "trap ls EXIT", "printf -v x 1", "printf 'abc%n' PATH; ls",
    "printf %5ln PATH && ls", "printf '%%%n' x", "printf -v 'a[$(rm x)]' 1", "read x", "exec ls",
    "test -v 'a[$(rm x)]'", "test a -eq 'b[$(rm x)]'", "[[ -v x ]]", "[ -f x ]", "((1))", "let x=1", "echo $((1))",
    "unset PATH", "hash -p ./x ls", "enable -f ./x ls", "builtin eval ls", "command ls", "mapfile x", "cd -", "cd",
    "cd ..", "cd /", "cd a; cd ../..", "set -x", "shopt -s x", "complete -C x", "ulimit -f 0", "umask 0", "fc -e x",
    "echo x=~/y", "ls ~root", "ls a~b/~", "echo $'a'", 'echo $"a"', "echo ${x@P}", "echo a\\ b", "ls ?", "ls [a]",
    # Options that write, run or reach out, abbreviated, clustered and hidden behind --.
    "git -p log", "git --paginate log", "git --exec-path=x log", "git --config-env=a=b log", "git log --output x",
    "git log --since -- --output=x", "git diff --no-index a b", "git log '--format=%G?'", "git log --pretty=mine",
    "git log --show-signature", "git branch -D x", "git branch -l x", "git tag x", "git remote -v", "git stash",
    "git config -l", "git fetch", "git cat-file --textconv HEAD:x", "git blame --contents /x y", "cd sub && git status",
    "git grep --open-files-in-pager=x y", "git archive HEAD", "git bisect run x", "git ls-remote x", "git",
    "rg --pr sh x", "rg -nz x", "rg --search-zi x", "find . -okdir x", "find . -fls x", "find -files0-from x",
    "find -L .",
    "sort --o x", "sort -T x y", "sort --files0-from=x", "wc --files0-from=x", "du --files0=x", "uniq -c a b",
    "uniq -f 1 a b", "tree --output=x", "tree -R", "tree -ao x", "date 010100002030", "date -f x", "date -us now",
    "hostname x", "base64 -o x", "base64 --output=x", "file -z x", "diff -ul a b", "diff --pag a b", "tail -f x",
    "md5sum -c x", "xxd -r x y", "tar --to-command=x -xf y", "tar xf x", "man ls", "more x", "busybox ls", "env",
    "sed -n 1p x -i", "sed -n '1p;w x' y", "sed --in-place x", "awk 'BEGIN{system(1)}'", "dd if=x", "yes", "sleep 9",
    "column -t x > y", "split x", "csplit x 1", "truncate -s0 x", "touch x", "ln -s a b", "mkdir x", "install a b",
    "jq . x", "perl -e 1", "node -e 1", "cargo --version", "go version", "npm --version", "gh pr list", "wget x",
    "ssh x", "nc x 1", "dig x", "host x", "ping x", "open x", "xdg-open x", "git-status", "ls.exe", "LS",
    # What must not be read.
    "cat .env", "cat src/.env.local", "head -c 9 id_ed25519", "git show HEAD:.env", "cat .git/config", "grep x a.pem",
    "cat /proc/self/environ", "cat /dev/tcp/a/1", "ls file:///etc", "cat 'src/../..'", "grep -f.env x", "cat .npmrc",
    # What the eye does not see, or takes for something else.
    "ls\u200b", "ls \u3164", "\uff4c\uff53", "l\u0455", "ls \u2066x\u2069", "ls \U000e0041", "ls\x00", "ls \x7f",
    "ls\x0brm", "ls\x85rm", "cat \ud800", "ls\u037e rm x", "ls \uff5c sh", "ls \uff06\uff06 rm", "ls \ufe0f",
]  # fmt: skip

DENIED = [
    "rm -rf /", "rm -fr /*", "rm -r -f ~", "sudo rm -rf /", "ls; rm -rf /", "rm -rf $HOME", "rm --recursive /etc",
    "mkfs.ext4 /dev/sda1", "mkfs /dev/sda", "dd if=/dev/zero of=/dev/sda", "cat x > /dev/sda", ":(){ :|:& };:",
    "shutdown now", "reboot", "chmod -R 777 /", "chown -R me /", "bash -c 'rm -rf /'", "rm -rf --no-preserve-root x",
    "ls\nrm -rf /", "/bin/rm -rf /", "find / -delete", "true && rm -rf ~/", "echo $(rm -rf /)", "trap 'rm -rf /' EXIT",
    "bash -lc 'true; sh -c \"rm -rf /\"'", "if true; then rm -rf /; fi", "f() { rm -rf ~; }", "eval rm -rf /",
    "diff <(rm -rf /) x", "env X=1 rm -rf /", "rm -rf //", "X=1 rm -rf /", "ls | tee /dev/sda", "xargs rm -rf /",
    "\\rm -rf /", "'rm' -rf '/'", "echo `rm -rf /`", "bomb() { bomb | bomb & }; bomb", "rm -rf / &&& ls",
]  # fmt: skip


@pytest.mark.parametrize("command", ALLOWED)
def test_what_surely_only_reads_is_allowed(command: str) -> None:
    decision = decide(command, NONE)
    assert (decision.verdict, decision.reasons, decision.by) == ("allow", ("it only reads",), "read-only")


@pytest.mark.parametrize("command", ASKED)
def test_what_may_do_more_is_asked_about(command: str) -> None:
    decision = decide(command, NONE)
    assert decision.verdict == "ask"
    assert decision.reasons


@pytest.mark.parametrize("command", DENIED)
def test_what_surely_destroys_is_denied_even_with_a_rule(command: str) -> None:
    assert decide(command, NONE).verdict == "deny"
    assert decide(command, Rules(rules=(Rule(text=command), Rule(argv=("rm",))))).verdict == "deny"


@pytest.mark.parametrize(
    "command",
    [
        "echo 'rm -rf /'",
        "git commit -m 'a; rm -rf /; b'",
        "rm -rf build",
        "echo rm -rf /",
        "grep -r 'mkfs' .",
        "dd of=x",
    ],
)
def test_only_what_would_run_is_destructive(command: str) -> None:
    assert decide(command, NONE).verdict != "deny"


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
        ("make test V=1", Rule(argv=("make", "test"))),
        ("ls -la /tmp", None),
        ("cargo test", None),
        ("npm test", None),
        ("uv run x", None),
        ("pytest && ls", None),
        ("X=1 pytest", None),
        ("pytest > x", None),
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


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("if x", "it cannot be parsed"), ("X=1 ls", "it sets a variable"), ("ls > x", "it redirects"),
        ("ls & ls", "it runs something in the background"), ("ls *", "it expands a pattern"),
        ("cat .env", "it may read a secret"), ("cat ../x", "it may read outside the repository"),
        ("ls && make", "make is not known to only read"), ("ls " + "a" * 20_000, "it is very long"),
        ("a; " * 60 + "b", "it chains more than 50 commands"), ("ls \n", "it holds line breaks or unusual characters"),
    ],
)  # fmt: skip
def test_a_question_says_what_was_not_understood(command: str, reason: str) -> None:
    assert decide(command, NONE).reasons == (reason,)


def test_what_the_two_readers_read_differently_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shell_tree, "plain", lambda command: (("ls", "b"),))
    assert decide("ls b", NONE).verdict == "allow"
    assert decide("ls a", NONE).reasons == ("it can be read in more than one way",)


RULED = Rules(rules=(Rule(argv=("ruff", "check")), Rule(argv=("pytest",))))


@pytest.mark.parametrize("command", ["ruff check . && pytest -q", "pytest | tail -5", "ls; ruff check src", "pytest"])
def test_in_a_chain_every_command_needs_its_own_rule_or_only_reads(command: str) -> None:
    decision = decide(command, RULED)
    assert (decision.verdict, decision.by) == ("allow", "rule")
    assert decision.reasons[0].startswith("your rule allows ")


@pytest.mark.parametrize(
    "command",
    [
        "pytest && make", "pytest | tee x", "X=1 pytest", "pytest > x", "pytest &", "(pytest)", "pytest $X", "! pytest",
        "pytest *", "time pytest", "cd sub && pytest", "ruff && pytest", "pytest `x`", "env pytest", "./pytest",
        "pytest;",
    ],
)  # fmt: skip
def test_a_rule_does_not_reach_beyond_its_own_simple_command(command: str) -> None:
    assert decide(command, RULED).verdict == "ask"


def test_a_rule_shows_its_words_as_a_shell_would_need_them() -> None:
    assert str(Rule(argv=("make", "a b"))) == "make 'a b'"


READING = st.sampled_from(ALLOWED)
HOSTILE = st.sampled_from([c for c in ASKED if c.strip()] + DENIED)
SIGN = st.sampled_from(["&&", "||", ";", "|", " && ", " | ", " ; ", "\n", " & ", " \n "])


@given(st.lists(READING, min_size=1, max_size=5), st.data())
def test_no_composition_with_a_hostile_piece_is_ever_allowed(harmless: list[str], data: st.DataObject) -> None:
    pieces = list(harmless)
    pieces.insert(data.draw(st.integers(0, len(pieces))), data.draw(HOSTILE))
    command = "".join(f"{piece}{data.draw(SIGN)}" for piece in pieces[:-1]) + pieces[-1]
    assert decide(command, NONE).verdict != "allow"


@given(READING, HOSTILE, st.sampled_from(["{a} $({b})", "{a} `{b}`", "{a} <({b})", '{a} "$({b})"', "{a} > '{b}'"]))
def test_nothing_hostile_hides_within_an_argument(reading: str, hostile: str, shape: str) -> None:
    assert decide(shape.format(a=reading, b=hostile), NONE).verdict != "allow"


class Someone:
    def __init__(self, *answers: ApprovalAnswer) -> None:
        self.answers, self.requests = list(answers), list[ApprovalRequest]()

    async def approve(self, request: ApprovalRequest) -> ApprovalAnswer:
        self.requests.append(request)
        return self.answers.pop(0)

    async def ask(self, question: str, choices: tuple[str, ...] = ()) -> str:
        return ""


YES, SESSION, ALWAYS, NO = (ApprovalAnswer(choice=c) for c in ("once", "session", "always", "no"))
TESTS = Rule(argv=("/venv/bin/python", "-m", "pytest"))
TRUSTED = Rules(rules=(TESTS,))


async def test_untrusted_asks_for_all_but_what_only_reads() -> None:
    user = Someone(YES, NO)
    approval = PolicyApproval("untrusted", user, sandboxed=True, trusted=lambda: TRUSTED)
    assert await approval.command("cat x | head && git status", "to look") == (True, "")
    assert not user.requests
    assert await approval.command("make", "to build") == (True, "")
    assert await approval.command("make", "to build") == (False, "the user did not allow it")
    assert (user.requests[0].why, user.requests[0].policy) == ("to build", "untrusted")
    assert user.requests[0].reasons == ("make is not known to only read",)


async def test_the_projects_tests_ask_once_in_a_session_and_show_the_rule_that_is_made() -> None:
    user, saved = Someone(SESSION, NO), list[Rule]()
    approval = PolicyApproval("untrusted", user, sandboxed=True, trusted=lambda: TRUSTED, save_rule=saved.append)
    assert (await approval.command("/venv/bin/python -m pytest -q", ""))[0]
    assert (user.requests[0].session, user.requests[0].rule) == (TESTS, None)
    assert (await approval.command("/venv/bin/python -m pytest -q 'tests/test_a.py::test_b[c d]'", ""))[0]
    assert (await approval.command("/venv/bin/python -m pytest tests -k x", ""))[0]
    assert len(user.requests) == 1
    assert not (await approval.command("/venv/bin/python -m pip install x", ""))[0]
    assert not saved


async def test_on_request_runs_reading_and_the_tests_unasked_while_sandboxed() -> None:
    user = Someone(NO)
    approval = PolicyApproval("on-request", user, sandboxed=True, trusted=lambda: TRUSTED)
    assert (await approval.command("ls", ""))[0]
    assert (await approval.command("/venv/bin/python -m pytest -q", ""))[0]
    assert not user.requests
    assert not (await approval.command("python x.py", ""))[0]


@pytest.mark.parametrize("policy", ["untrusted", "on-request"])
async def test_without_a_sandbox_only_rules_run_unasked(policy: Policy) -> None:
    user = Someone(NO, NO)
    approval = PolicyApproval(policy, user, rules=RULED, trusted=lambda: TRUSTED)
    assert not (await approval.command("ls", ""))[0]
    assert not (await approval.command("/venv/bin/python -m pytest", ""))[0]
    assert user.requests[0].reasons == ("it only reads", "but there is no full sandbox, so everything asks")
    assert (await approval.command("pytest -q", ""))[0]


async def test_never_does_not_ask() -> None:
    user = Someone()
    assert not (await PolicyApproval("never", user).command("ls", ""))[0]
    assert (await PolicyApproval("never", user, rules=TRUSTED).command("/venv/bin/python -m pytest", ""))[0]
    sandboxed = PolicyApproval("never", user, sandboxed=True)
    assert (await sandboxed.command("make all", ""))[0]
    assert not (await sandboxed.command("rm -rf /", ""))[0]
    assert not user.requests


async def test_a_reader_the_repository_brings_itself_asks(tmp_path: Path) -> None:
    planted, usual = tmp_path / "bin" / "ls", tmp_path.parent / f"{tmp_path.name}-usual"
    for program in (planted, usual / "ls", usual / "cat"):
        program.parent.mkdir(exist_ok=True)
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
    path = f"{planted.parent}:{usual}"
    assert foreign(("cat", "echo"), path, tmp_path) == ""
    assert foreign(("cat", "ls"), path, tmp_path) == "ls would be a program of this repository"
    assert foreign(("cat",), f".:{usual}", tmp_path) == foreign(("cat",), f"{usual}:", tmp_path) != ""
    assert foreign(("echo", "cd"), ".", tmp_path) == ""
    (usual / "cat").unlink()
    (usual / "cat").symlink_to(planted)
    assert foreign(("cat",), str(usual), tmp_path) == "cat would be a program of this repository"

    user = Someone(NO)
    approval = PolicyApproval("untrusted", user, sandboxed=True, foreign=lambda used: foreign(used, path, tmp_path))
    assert not (await approval.command("echo a | ls", ""))[0]
    assert user.requests[0].reasons == ("ls would be a program of this repository",)


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
