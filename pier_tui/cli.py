"""The command line: argv is parsed here and nowhere else, and every error becomes one sentence."""

from __future__ import annotations

import argparse
import asyncio
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from pier_tui import cli_feedback, cli_replay
from pier_tui.amounts import rupees
from pier_tui.argv import Parser, Version, plain, seconds, share, turns
from pier_tui.errors import PierError

_POLICIES = (
    "when commands ask first: untrusted asks for all but those that only read (the default), on-request not for the "
    "project's tests either, never asks for none; without a sandbox everything asks that no rule allows"
)

COMMANDS = ("open", "demo", "exec", "local", "bench", "replay", "replay-session", "sessions",
            "apply", "undo", "trust", "doctor", "reset-terminal", *cli_feedback.COMMANDS)  # fmt: skip
CRASHED = 70
"""The exit code of an error nobody expected, as sysexits.h has it."""


def main(argv: Sequence[str] | None = None) -> None:
    """Run the program; exits non-zero on failure, with one sentence on stderr."""
    args = list(sys.argv[1:] if argv is None else argv)
    if args[:1] == ["--reset-terminal"]:
        args[0] = "reset-terminal"
    if not args or (args[0] not in COMMANDS and args[0] not in ("-h", "--help", "--version")):
        args.insert(0, "open")
    for stream in (sys.stdout, sys.stderr):
        # A terminal or pipe that cannot show a rupee sign gets its number; in JSON that is the same character.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    options = argparse.Namespace(do=_bench, rest=args[1:]) if args[0] == "bench" else _parser().parse_args(args)
    try:
        code = options.do(options)
        sys.stdout.flush()
    except PierError as error:
        code = _failed(str(error))
    except KeyboardInterrupt:
        code = 130
    except BrokenPipeError:
        # Nobody reads any more; what is still buffered must not fail again when the program ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 141
    except OSError as error:
        code = _failed(f"{error.filename or 'The system'}: {error.strerror or error}.")
    except Exception as error:
        code = _crashed(error)
    sys.exit(code)


def _failed(sentence: str) -> int:
    sys.stderr.write(f"pier-tui: {plain(sentence)}\n")
    return 2


def _crashed(error: Exception) -> int:
    """One sentence, and the rest in a report that holds no local variables and nothing that looks like a key."""
    from pier_tui.config import state_dir
    from pier_tui.crash import write_report

    try:
        where = f"what happened is in {write_report(error, state_dir(os.environ))}"
    except PierError as refused:
        where = f"and no report could be kept: {refused}"
    sys.stderr.write(plain(f"pier-tui: Something unexpected ended the program ({type(error).__name__}); {where}.\n"))
    return CRASHED


def _parser() -> Parser:
    parser = Parser(
        prog="pier-tui", description="A terminal workbench for pair-programming with a two-model coding agent."
    )
    parser.add_argument("--version", action=Version, nargs=0, help="show the version and exit")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    models = _model_options()

    opened = commands.add_parser("open", parents=[models], help="open a repository (the default: pier-tui [PATH])")
    opened.add_argument("path", nargs="?", default=".", type=Path)
    opened.add_argument("--resume", metavar="SESSION", help="go on with a session (see: pier-tui sessions)")
    opened.add_argument("--trust", action="store_true", help="trust this directory, for this run only")
    opened.set_defaults(do=_open)

    demo = commands.add_parser("demo", parents=[models], help="open a throw-away sample repository, no key needed")
    demo.add_argument("--keep", type=Path, help="make the sample repository here and keep it")
    demo.set_defaults(do=_demo)

    _add_exec(commands, models)
    commands.add_parser("bench", add_help=False, help="measure routing: the same agent over tasks and strategies")
    cli_replay.add(commands)

    replay = commands.add_parser("replay-session", help="show a recording through the same panes")
    replay.add_argument("file", nargs="?", type=Path, help="a recording; without one, the recording that ships")
    replay.set_defaults(do=_replay)

    _add_sessions(commands)
    cli_feedback.add(commands)

    trust = commands.add_parser("trust", help="trust a directory, so that its git, tests and AGENTS.md are used")
    trust.add_argument("path", nargs="?", default=".", type=Path)
    trust.add_argument("--revoke", action="store_true", help="trust it no longer")
    trust.add_argument("--list", action="store_true", help="list what is trusted")
    trust.set_defaults(do=_trust)

    _add_patches(commands)

    doctor = commands.add_parser("doctor", parents=[models], help="say what was found: git, sandbox, key, profile")
    doctor.add_argument("path", nargs="?", default=".", type=Path)
    doctor.set_defaults(do=_doctor)

    commands.add_parser("reset-terminal", help="bring a terminal back after pier-tui was killed in it").set_defaults(
        do=_reset_terminal
    )
    return parser


def _add_patches(commands: argparse._SubParsersAction[Parser]) -> None:
    patch = commands.add_parser("apply", help="apply a patch file all or nothing")
    patch.add_argument("file", type=Path)
    patch.add_argument("--check", action="store_true", help="only say whether it applies")
    patch.add_argument("-R", "--reverse", action="store_true")
    patch.add_argument("-p", "--strip", type=int, default=1, metavar="N")
    patch.set_defaults(do=_apply)

    undo = commands.add_parser("undo", help="list what was applied here, show what taking it back does, and do it")
    undo.add_argument("line", nargs="?", type=int, help="a line of the list; without one the list is printed")
    undo.add_argument("--path", default=".", type=Path, help="the repository (default: here)")
    undo.add_argument("--yes", action="store_true", help="take it back; without this the effects are only shown")
    undo.set_defaults(do=_undo)


def _add_exec(commands: argparse._SubParsersAction[Parser], models: Parser) -> None:
    run = commands.add_parser("exec", parents=[models], help="run one request without a screen")
    run.add_argument("request")
    run.add_argument("--path", default=".", type=Path, help="the repository (default: here)")
    run.add_argument("--json", action="store_true", help="print events as JSON lines")
    run.add_argument("--yes", action="store_true", help="apply what is proposed, and let commands run in the sandbox")
    run.add_argument("--trust", action="store_true", help="trust the directory, for this run only")
    run.add_argument("--confirm-endpoint", action="store_true", help="let the key go to the configured address")
    run.add_argument("--max-cost", type=rupees, metavar="RUPEES")
    run.add_argument("--max-turns", type=turns, metavar="TURNS")
    run.add_argument("--timeout", type=seconds, metavar="SECONDS")
    run.add_argument("--record", type=Path, metavar="FILE", help="write the run as a recording, for replay-session")
    run.set_defaults(do=_exec)
    _add_local(commands, models)


def _add_local(commands: argparse._SubParsersAction[Parser], models: Parser) -> None:
    local = commands.add_parser("local", parents=[models], help="open a repository with two small models run here")
    local.add_argument("path", nargs="?", default=".", type=Path)
    acts = local.add_mutually_exclusive_group()
    acts.add_argument(
        "--download", action="store_true", help="fetch the models' files that are missing, and check them"
    )
    files = "take a file you have, or fetch it from this address; repeat it for the other one"
    acts.add_argument("--from", dest="files", action="append", metavar="FILE|URL", help=files)
    acts.add_argument("--list", action="store_true", help="say which files there are")
    acts.add_argument("--remove", action="store_true", help="delete the files")
    acts.add_argument("--exec", dest="request", metavar="REQUEST", help="run one request without a screen")
    local.add_argument("--yes", action="store_true", help="with --exec: as in pier-tui exec")
    local.add_argument("--trust", action="store_true", help="trust the directory, for this run only")
    local.set_defaults(do=_local)


def _add_sessions(commands: argparse._SubParsersAction[Parser]) -> None:
    sessions = commands.add_parser("sessions", help="list the sessions of a repository, or do something with one")
    sessions.add_argument("path", nargs="?", default=".", type=Path)
    acts = sessions.add_mutually_exclusive_group()
    acts.add_argument("--export", metavar="SESSION", help="write a session to stdout, see --format")
    acts.add_argument("--rename", nargs=2, metavar=("SESSION", "TITLE"), help="give a session another title")
    acts.add_argument("--delete", metavar="SESSION", help="remove a session for good")
    acts.add_argument("--fork", metavar="SESSION", help="make a copy to go on with, and print its id")
    sessions.add_argument("--at", type=turns, metavar="TURN", help="with --fork: copy up to the end of this turn")
    sessions.add_argument(
        "--format", choices=("md", "jsonl"), default="jsonl", help="with --export: Markdown, or a recording (default)"
    )
    sessions.set_defaults(do=_sessions)


def _model_options() -> Parser:
    parent = Parser(add_help=False)
    group = parent.add_argument_group("models")
    group.add_argument("--profile", help="sarvam-hosted, sarvam-2026-06, open-weights, local, offline, or one of yours")
    group.add_argument("--only", choices=("30B", "105B"), help="use one model for everything")
    group.add_argument(
        "--strategy",
        help="how turns are routed: self-route (the default), cascade, learned, difficulty, "
        "self-verify, mixture, speculative, always-30B, always-105B, random@P",
    )
    group.add_argument("--threshold", type=share, help="confidence below which a turn goes to the strong model, 0 to 1")
    for tier in ("weak", "strong"):
        group.add_argument(f"--{tier}-url", help=f"base URL of the {tier} model's endpoint, ending in /v1")
        group.add_argument(f"--{tier}-model", help=f"the id the endpoint knows the {tier} model by")
    parent.add_argument("--theme", help="pier-dark, pier-light, high-contrast, ansi-16, or one of yours")
    parent.add_argument("--approval", choices=("untrusted", "on-request", "never"), help=_POLICIES)
    return parent


def _overrides(options: argparse.Namespace) -> dict[str, object]:
    """The settings the command line changes; absent options change nothing."""
    names = ("profile", "strategy", "threshold", "theme", "weak_url", "weak_model", "strong_url", "strong_model")
    wanted: dict[str, object] = {n: v for n in names if (v := getattr(options, n, None)) is not None}
    if only := getattr(options, "only", None):
        wanted["only"] = only
    if approval := getattr(options, "approval", None):
        wanted["approval_policy"] = approval
    for ours, theirs in (("max_cost", "max_cost"), ("max_turns", "max_turns")):
        if (value := getattr(options, ours, None)) is not None:
            wanted[theirs] = value
    return wanted


def _open(options: argparse.Namespace) -> int:
    from pier_tui.ui import launch

    return launch.workbench(
        launch.Opening(options.path, _overrides(options), os.environ, options.resume, trusted=options.trust)
    )


def _demo(options: argparse.Namespace) -> int:
    from pier_tui.ui import launch

    # The sample repository is ours and thrown away, so its tests run without a question where there is a sandbox.
    overrides = {"profile": "offline", "approval_policy": "on-request", **_overrides(options)}
    return launch.demo(overrides, os.environ, keep=options.keep)


def _replay(options: argparse.Namespace) -> int:
    from pier_tui.ui import launch

    return launch.recording(options.file, os.environ)


def _exec(options: argparse.Namespace) -> int:
    from pier_tui import headless

    wanted = headless.Wanted(options.request, options.json, options.yes, options.timeout, options.record)
    allowed = headless.Allowed(options.trust, options.confirm_endpoint)
    overrides = _overrides(options)
    return asyncio.run(headless.assembled(wanted, allowed, options.path, overrides, os.environ, sys.stdout, sys.stderr))


def _local(options: argparse.Namespace) -> int:
    from pier_tui import local_session

    return local_session.chosen(options, _overrides(options), os.environ)


def _bench(options: argparse.Namespace) -> int:
    from pier_tui.bench import arguments

    chosen = arguments.parsed(Parser(prog="pier-tui bench"), _model_options(), options.rest)
    sys.stdout.write(plain(arguments.carried_out(chosen, _overrides(chosen))))
    return 0


def _sessions(options: argparse.Namespace) -> int:
    from pier_tui.config import state_dir
    from pier_tui.repo.repo import reachable, top_level
    from pier_tui.session.shelf import Shelf, as_text
    from pier_tui.ui.text import escaped, visible

    state = state_dir(os.environ)
    named = options.export or options.rename or options.delete or options.fork
    shelf = Shelf(state, None if named else top_level(reachable(options.path)))
    if options.export:
        text = shelf.export(options.export, options.format)
        sys.stdout.write(escaped(text) if options.format == "jsonl" else visible(text))
    elif options.rename:
        shelf.rename(*options.rename)
    elif options.delete:
        shelf.delete(options.delete)
    elif options.fork:
        sys.stdout.write(f"{shelf.fork(options.fork, options.at)}\n")
    else:
        sys.stdout.write(plain(as_text(shelf.listed())))
    return 0


def _trust(options: argparse.Namespace) -> int:
    from pier_tui.config import state_dir
    from pier_tui.trust import TrustBook, listed, trusted_no_more, trusted_now

    book = TrustBook(state_dir(os.environ))
    change = trusted_no_more if options.revoke else trusted_now
    report = listed(book) if options.list else change(book, options.path)
    sys.stdout.write(plain(report))
    return 0


def _apply(options: argparse.Namespace) -> int:
    from pier_tui.repo import patch

    try:
        content = options.file.read_bytes()
    except OSError as error:
        raise PierError(f"{options.file} cannot be read: {error.strerror}.") from None
    result = patch.apply(Path.cwd(), content, strip=options.strip, reverse=options.reverse, check=options.check)
    for line in result.errors:
        sys.stderr.write(f"pier-tui: {plain(line)}\n")
    for path in result.changed:
        sys.stdout.write(plain(f"{'would change' if options.check else 'changed'} {path}\n"))
    return 0 if result.ok else 1


def _undo(options: argparse.Namespace) -> int:
    from pier_tui.config import state_dir
    from pier_tui.repo.checkpoint import Journal
    from pier_tui.repo.records import state_dir_for
    from pier_tui.repo.repo import Repo
    from pier_tui.ui.undo_lines import told

    root = Repo.open(options.path).root
    journal = Journal(state_dir_for(root, state_dir(os.environ).parent))
    for text in journal.at_start():
        sys.stderr.write(f"pier-tui: {plain(text)}\n")
    sys.stdout.write(plain(told(journal, options.line, write=options.yes)))
    return 0


def _reset_terminal(_: argparse.Namespace) -> int:
    from pier_tui.ui.driver import reset_terminal

    if not reset_terminal():
        raise PierError("There is no terminal here to bring back.")
    return 0


def _doctor(options: argparse.Namespace) -> int:
    from pier_tui import doctor

    sys.stdout.write(plain(asyncio.run(doctor.report(options.path, _overrides(options), os.environ))))
    return 0


if __name__ == "__main__":
    main()
