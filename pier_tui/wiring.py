"""The one place where an Agent is assembled from settings, repository, models and the user."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random

from pier_tui import taught
from pier_tui.agent import resuming
from pier_tui.agent.agent import Agent
from pier_tui.agent.asking import RecordedUser
from pier_tui.agent.atlas import Atlas, Card
from pier_tui.agent.books import Books, Rates
from pier_tui.agent.budget import Budget
from pier_tui.agent.desk import AgentDesk, NothingRuns
from pier_tui.agent.harness import harness, problems
from pier_tui.agent.parts import Parts
from pier_tui.agent.teaching import Learning
from pier_tui.agent.tool_run import ToolBench
from pier_tui.backbone.compaction import epoch_for
from pier_tui.backbone.instructions import Instructions, read_instructions
from pier_tui.backbone.repo_card import repo_card
from pier_tui.config import Settings, cache_dir, config_dir, load, prompts_dir, save_rule, state_dir
from pier_tui.connecting import clients_of, guard_keys, pick_profile
from pier_tui.errors import ConfigError, RepositoryError, ToolError
from pier_tui.feedback.log import FeedbackLog
from pier_tui.feedback.pool import synced
from pier_tui.feedback.thresholds import Thresholds
from pier_tui.models.client import ModelClient
from pier_tui.models.messages import Tier
from pier_tui.models.profiles import Profile, load_profile
from pier_tui.private import tighten
from pier_tui.repo.checkpoint import Journal
from pier_tui.repo.history import known_as
from pier_tui.repo.overlay import Overlay
from pier_tui.repo.records import state_dir_for
from pier_tui.repo.repo import Repo
from pier_tui.repo.scratch import Scratch
from pier_tui.router.override import Steering
from pier_tui.router.strategy import Strategy
from pier_tui.session.shelf import FILE, presence
from pier_tui.session.store import Store
from pier_tui.tools.approval import ApprovalAnswer, ApprovalRequest, Nobody, PolicyApproval, Rule, Rules, User
from pier_tui.tools.confined import hide_process
from pier_tui.tools.probing import probe
from pier_tui.tools.program_place import foreign
from pier_tui.tools.sandbox import Sandbox
from pier_tui.tools.scratch_runner import ScratchRunner
from pier_tui.tools.testing import detect
from pier_tui.trust import TrustBook

TIERS: tuple[Tier, ...] = ("weak", "strong")
OFFLINE_EPOCH = 48_000
"""The offline models know only what the deltas say, so their epochs are long; re-reading costs nothing there."""


@dataclass(frozen=True)
class Assembled:
    """The settings, and what of the configuration could not be used (a sentence each)."""

    settings: Settings
    problems: tuple[str, ...]


class AllowAll:
    """The user of a headless run started with --yes: allows commands that are not denied outright, answers nothing."""

    async def approve(self, request: ApprovalRequest) -> ApprovalAnswer:
        """Yes, this once."""
        return ApprovalAnswer(choice="once")

    async def ask(self, question: str, choices: tuple[str, ...] = ()) -> str:
        """Raises ToolError."""
        raise ToolError("Nobody can answer questions in this run; decide by yourself and say what you assumed.")


def settings(overrides: Mapping[str, object], env: Mapping[str, str]) -> Assembled:
    """The user's settings with the command line laid over them. Raises ConfigError."""
    loaded = load(None, env, overrides)
    return Assembled(loaded.settings, (*map(str, loaded.problems), *problems(prompts_dir(env))))


def open_repository(path: Path, *, plain: bool = False) -> Repo:
    """The repository at a path; `plain` takes a folder without git, read-only. Raises RepositoryError."""
    return Repo.plain(path) if plain else Repo.open(path)


def _opened(chosen: Settings, path: Path, env: Mapping[str, str], plain: bool) -> Repo:
    """The repository, once keys are hidden and what is kept is closed to others. Raises PierError."""
    guard_keys(chosen, env)
    tighten(state_dir(env))
    return open_repository(path, plain=plain)


async def assemble(
    chosen: Settings,
    path: Path,
    env: Mapping[str, str],
    *,
    user: User | None = None,
    approve_all: bool = False,
    resume: str | None = None,
    plain: bool = False,
    trusted: bool = True,
    strategy: Strategy | None = None,
    handing_over: bool = True,
    seed: str = "",
) -> Agent:
    """An agent ready to run in the repository at `path`. Raises PierError with one clear sentence.

    `strategy` stands in for the one of the settings; without `handing_over` the weak model is not asked for a route.
    A `seed` decides what is decided by lot.

    Where the directory is not `trusted` it is only looked at: no git, no command, no AGENTS.md, nothing written.
    """
    hide_process()
    plain = plain or not trusted
    repo = await asyncio.to_thread(_opened, chosen, path, env, plain)
    profile = await asyncio.to_thread(pick_profile, chosen, env)
    clients = clients_of(profile, chosen, env, lambda: recorder.session)
    store = await asyncio.to_thread(Store, state_dir(env) / FILE)
    overlay = Overlay(repo)
    scratch = Scratch(repo)
    sandbox = await probe(readable=(repo.root,), writes=chosen.sandbox)
    asked = RecordedUser(user or (AllowAll() if approve_all and sandbox.active else Nobody()))
    approval = _approval(chosen, env, overlay, repo.root, sandbox, asked)
    steering = Steering(chosen.only)
    runner = ScratchRunner(scratch, overlay, sandbox) if trusted else NothingRuns()
    desk = AgentDesk(overlay, runner, approval, user)
    kept = state_dir_for(repo.root, state_dir(env).parent)
    journal = Journal(kept)
    recovered = await asyncio.to_thread(journal.at_start)
    present = await asyncio.to_thread(presence, state_dir(env), repo.root)
    opened = await asyncio.to_thread(resuming.opened, store, resume, repo.root, present)
    resumed = opened.resumed
    asked.recorder = recorder = resuming.recorder_of(store, opened)
    books = _books(profile, clients, chosen, env, chosen.only is None and handing_over)
    books.backbone = resumed.backbone
    books.restore(resumed.calls)
    told, card = await asyncio.to_thread(_introduced, books, overlay, repo.root, env, trusted)
    steering.pinned = resumed.pinned if chosen.only is None else "auto"
    feedback = await asyncio.to_thread(FeedbackLog, state_dir(env) / "feedback.db")
    atlas = Atlas(overlay, card, chosen.map_tokens, kept=cache_dir(env) / "symbols").started()
    routing, unused = taught.routing(chosen, env)
    await asyncio.to_thread(resuming.route_as_before, routing, resumed, said=chosen.said("strategy"))
    routing.strategy = strategy or routing.strategy
    routing.lots = Random(seed) if seed else routing.lots
    parts = Parts(
        root=repo.root,
        books=books,
        steering=steering,
        recorder=recorder,
        bench=ToolBench(desk, overlay, steering),
        overlay=overlay,
        checkpoints=journal,
        routing=routing,
        learning=_learned(chosen, env, repo.root),
        only=chosen.only,
        budget=Budget(chosen.max_turns, chosen.max_cost, chosen.max_seconds),
        epoch_tokens=_epoch(profile, chosen),
        compacted=resumed.compacted,
        hold=resumed.undone + _epoch(profile, chosen) if resumed.undone else 0,
        warm_up=chosen.warm_up,
        page_tokens=0 if profile.offline else chosen.page_tokens,
        journal=lambda: store.events(opened.session),
        patches=kept / "patches",
        atlas=atlas,
        has_git=not plain,
        read_only=plain,
        sandbox=f"{sandbox.word}, {chosen.approval_policy}",
    )
    words = (
        *store.notices,
        *opened.words,
        *_unconfined(sandbox),
        *recovered,
        *await asyncio.to_thread(resuming.put_pending, overlay, resumed.pending, kept / "patches"),
        *_unlimited(profile, chosen),
        *unused,
        *told.warnings,
    )
    opening = resuming.notices([*words, *resuming.cut_off_words(resumed)])
    close = partial(_close, atlas, clients, (scratch.close, present.leave, store.close, feedback.close))
    return Agent(parts, profile, feedback, (*opened.past, *opening), close, resuming.left(store, opened, present))


def _epoch(profile: Profile, chosen: Settings) -> int:
    """Tokens of record from which it is compacted."""
    return OFFLINE_EPOCH if profile.offline else chosen.epoch_tokens or epoch_for(profile.strong.price)


async def _close(atlas: Atlas, clients: Mapping[Tier, ModelClient], closing: tuple[Callable[[], object], ...]) -> None:
    """End what runs beside the agent, then close what is open, in this order."""
    await atlas.aclose()
    for client in clients.values():
        await client.aclose()
    for close in closing:
        await asyncio.to_thread(close)


def _learned(chosen: Settings, env: Mapping[str, str], root: Path) -> Learning:
    """What was learned for a repository; a threshold the user set himself holds in place of the learned one.

    That a threshold file cannot be read is said by `taught`.
    """
    files = Thresholds(state_dir(env))
    used = None
    with suppress(ConfigError):
        used = files.now(lambda: known_as(root))
    if used is not None and "threshold" in chosen.model_fields_set:
        used = used.model_copy(update={"tau": chosen.threshold, "alpha": None})
    url, log = chosen.feedback_pool, state_dir(env) / "feedback.db"
    share = partial(synced, url, log) if url else None
    return Learning(files, used, chosen.threshold, share, chosen.audit_share, chosen.audit_max_cost)


def _unconfined(sandbox: Sandbox) -> list[str]:
    """That commands are confined less than they could be, and why."""
    more = " Run pier-tui doctor to see what would help."
    return [] if sandbox.active else [f"{sandbox.label[0].upper()}{sandbox.label[1:]}.{more}"]


def _unlimited(profile: Profile, chosen: Settings) -> list[str]:
    """That a cost limit cannot be kept where nobody knows what a model costs."""
    unknown = [card.label for card in map(profile.card, TIERS) if not card.price.free and card.price.fresh is None]
    if chosen.max_cost is None or not unknown:
        return []
    return [f"The cost limit cannot be kept: what {' and '.join(unknown)} costs in profile {profile.name} is unknown."]


def _approval(
    chosen: Settings, env: Mapping[str, str], overlay: Overlay, root: Path, sandbox: Sandbox, user: User
) -> PolicyApproval:
    def trusted() -> Rules:
        try:
            command = detect(overlay)
        except (ToolError, RepositoryError):
            return Rules()
        return Rules(rules=(Rule(argv=command.begins),))

    return PolicyApproval(
        chosen.approval_policy,
        user,
        rules=Rules(rules=tuple(Rule(argv=r.argv) for r in chosen.rules)),
        sandboxed=sandbox.active,
        sandbox=sandbox.label,
        trusted=trusted,
        foreign=lambda programs: foreign(programs, env.get("PATH", os.defpath), root),
        save_rule=lambda rule: save_rule(rule.argv, env),
    )


def _books(
    profile: Profile, clients: Mapping[Tier, ModelClient], chosen: Settings, env: Mapping[str, str], routing: bool
) -> Books:
    compared = profile
    if profile.weak.price.free or profile.strong.price.free or profile.strong.price.fresh is None:
        compared = load_profile(chosen.compare_profile, {}, config_dir(env) / "profiles", usable=False)
    rates = Rates(
        compared={tier: compared.card(tier).price for tier in TIERS},
        labels={tier: f"{compared.card(tier).label} at {compared.name}" for tier in TIERS},
    )
    harnesses = {
        tier: harness(tier, routing=routing, folder=prompts_dir(env), card=profile.card(tier)) for tier in TIERS
    }
    return Books(clients, harnesses, rates)


def trust_book(env: Mapping[str, str]) -> TrustBook:
    """Which directories the user trusts."""
    return TrustBook(state_dir(env))


def _introduced(
    books: Books, overlay: Overlay, root: Path, env: Mapping[str, str], trusted: bool
) -> tuple[Instructions, Card]:
    """Give the backbone its repository card where it has none yet; also what writes it with the map of a request.

    AGENTS.md is read only in a trusted directory, once: it is context, never permission.
    """
    found = None
    with suppress(ToolError, RepositoryError):
        found = overlay.read_text("AGENTS.md") if trusted and overlay.exists("AGENTS.md") else None
    read = read_instructions(found, changed=trusted and trust_book(env).instructions_changed(root, found))
    command = _test_command(overlay, trusted)

    def card(lines: tuple[str, ...] = ()) -> str:
        return repo_card(overlay.list(), read.text, command, map_lines=lines)

    if not books.backbone.repo_card:
        books.backbone = books.backbone.model_copy(update={"repo_card": card()})
    return read, card


def _test_command(overlay: Overlay, trusted: bool) -> str | None:
    """How the tests are run, as the models are told it."""
    with suppress(ToolError, RepositoryError):
        if trusted:
            program, *arguments = detect(overlay).argv
            # The name is enough for the models; the full path would tell a server the user's folders.
            return " ".join([Path(program).name, *arguments])
    return None
