"""The one place where an Agent is assembled from settings, repository, models and the user."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pier_tui.agent import resuming
from pier_tui.agent.agent import Agent
from pier_tui.agent.asking import RecordedUser
from pier_tui.agent.books import Books, Rates
from pier_tui.agent.budget import Budget
from pier_tui.agent.desk import AgentDesk
from pier_tui.agent.harness import harness
from pier_tui.agent.parts import Parts
from pier_tui.agent.tool_run import ToolBench
from pier_tui.backbone.compaction import epoch_for
from pier_tui.backbone.repo_card import repo_card
from pier_tui.config import Settings, config_dir, load, save_rule, save_setting, state_dir
from pier_tui.errors import ConfigError, RepositoryError, ToolError
from pier_tui.feedback.log import FeedbackLog
from pier_tui.models.client import ModelClient
from pier_tui.models.connect import connect
from pier_tui.models.keys import find_key, store_key
from pier_tui.models.messages import Tier
from pier_tui.models.profiles import Profile, load_profile
from pier_tui.repo.checkpoint import Journal, Recovered, state_dir_for
from pier_tui.repo.overlay import Overlay
from pier_tui.repo.repo import Repo
from pier_tui.repo.scratch import Scratch
from pier_tui.router.override import Steering
from pier_tui.router.strategies.self_route import SelfRoute
from pier_tui.session.shelf import FILE, presence
from pier_tui.session.store import Store
from pier_tui.tools.approval import ApprovalAnswer, ApprovalRequest, Nobody, PolicyApproval, Rule, Rules, User
from pier_tui.tools.confined import hide_process
from pier_tui.tools.probing import probe
from pier_tui.tools.program_place import foreign
from pier_tui.tools.sandbox import Sandbox
from pier_tui.tools.scratch_runner import ScratchRunner
from pier_tui.tools.testing import detect

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
    return Assembled(loaded.settings, tuple(str(p) for p in loaded.problems))


def pick_profile(chosen: Settings, env: Mapping[str, str]) -> Profile:
    """The profile asked for; without one, the hosted models where a key is found and the offline pair otherwise."""
    name = chosen.profile
    if not name:
        name = "local" if chosen.weak_url and chosen.strong_url else ""
    if not name:
        hosted = load_profile("sarvam-hosted", {}, config_dir(env) / "profiles", usable=False)
        name = hosted.name if _has_key(hosted, env) else "offline"
    names = ("weak_model", "strong_model", "weak_url", "strong_url", "key_env")
    overrides = {n: getattr(chosen, n) or None for n in names}
    return load_profile(name, overrides, config_dir(env) / "profiles")


def _has_key(profile: Profile, env: Mapping[str, str]) -> bool:
    """Whether there is a key. Raises ConfigError for one that is set but cannot be a key."""
    try:
        return find_key(profile, env) is not None
    except ConfigError:
        if env.get(profile.key_env, "").strip():
            raise
        return False


def open_repository(path: Path, *, plain: bool = False) -> Repo:
    """The repository at a path; `plain` takes a folder without git, read-only. Raises RepositoryError."""
    return Repo.plain(path) if plain else Repo.open(path)


def clients_of(profile: Profile, chosen: Settings, env: Mapping[str, str]) -> Mapping[Tier, ModelClient]:
    """Connected clients. Raises ConfigError where a key is needed and there is none."""
    return connect(profile, find_key(profile, env), offline_pace=chosen.pace)


async def assemble(
    chosen: Settings,
    path: Path,
    env: Mapping[str, str],
    *,
    user: User | None = None,
    approve_all: bool = False,
    resume: str | None = None,
    plain: bool = False,
) -> Agent:
    """An agent ready to run in the repository at `path`. Raises PierError with one clear sentence."""
    hide_process()
    repo: Repo = await asyncio.to_thread(open_repository, path, plain=plain)
    profile = await asyncio.to_thread(pick_profile, chosen, env)
    clients = clients_of(profile, chosen, env)
    store = await asyncio.to_thread(Store, state_dir(env) / FILE)
    overlay = Overlay(repo)
    scratch = Scratch(repo)
    sandbox = await probe(readable=(repo.root,), writes=chosen.sandbox)
    asked = RecordedUser(user or (AllowAll() if approve_all and sandbox.active else Nobody()))
    approval = _approval(chosen, env, overlay, repo.root, sandbox, asked)
    steering = Steering(chosen.only)
    desk = AgentDesk(overlay, ScratchRunner(scratch, overlay, sandbox), approval, user)
    kept = state_dir_for(repo.root, state_dir(env).parent)
    journal = Journal(kept)
    recovered = await asyncio.to_thread(journal.recover)
    present = await asyncio.to_thread(presence, state_dir(env), repo.root)
    opened = await asyncio.to_thread(resuming.opened, store, resume, repo.root, present)
    resumed = opened.resumed
    asked.recorder = recorder = resuming.recorder_of(store, opened)
    books = _books(profile, clients, chosen, env)
    books.backbone = resumed.backbone
    books.restore(resumed.calls)
    if not books.backbone.repo_card:
        card = await asyncio.to_thread(_card, overlay)
        books.backbone = resumed.backbone.model_copy(update={"repo_card": card})
    steering.pinned = resumed.pinned if chosen.only is None else "auto"
    feedback = await asyncio.to_thread(FeedbackLog, state_dir(env) / "feedback.db")
    parts = Parts(
        root=repo.root,
        books=books,
        steering=steering,
        recorder=recorder,
        bench=ToolBench(desk, overlay, steering),
        overlay=overlay,
        checkpoints=journal,
        strategy=SelfRoute(),
        threshold=chosen.threshold,
        only=chosen.only,
        budget=Budget(chosen.max_turns, chosen.max_cost, chosen.max_seconds),
        epoch_tokens=OFFLINE_EPOCH if profile.offline else chosen.epoch_tokens or epoch_for(profile.strong.price),
        page_tokens=0 if profile.offline else chosen.page_tokens,
        has_git=not plain,
        read_only=plain,
        sandbox=f"{sandbox.word}, {chosen.approval_policy}",
    )
    lost = await asyncio.to_thread(resuming.put_pending, overlay, resumed.pending, kept / "patches")
    told = (
        *store.notices,
        *opened.words,
        *_unconfined(sandbox),
        *_opening_words(recovered),
        *lost,
        *_unlimited(profile, chosen),
    )
    opening = resuming.notices([*told, *resuming.cut_off_words(resumed)])

    async def close() -> None:
        for client in clients.values():
            await client.aclose()
        await asyncio.to_thread(scratch.close)
        await asyncio.to_thread(present.leave)
        await asyncio.to_thread(store.close)
        await asyncio.to_thread(feedback.close)

    return Agent(parts, profile, feedback, (*opened.past, *opening), close, resuming.left(store, opened, present))


def _opening_words(recovered: tuple[Recovered, ...]) -> list[str]:
    """What the user should know at once of writes that a crash had cut off."""
    words = [f"A write that was cut off is finished: {', '.join(r.finished)}." for r in recovered if r.finished]
    words += [
        f"A write was cut off and {', '.join(r.conflicts)} changed since, so it was left alone; both versions are kept."
        for r in recovered
        if r.conflicts
    ]
    return words


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


def _books(profile: Profile, clients: Mapping[Tier, ModelClient], chosen: Settings, env: Mapping[str, str]) -> Books:
    compared = profile
    if profile.weak.price.free or profile.strong.price.free or profile.strong.price.fresh is None:
        compared = load_profile(chosen.compare_profile, {}, config_dir(env) / "profiles", usable=False)
    rates = Rates(
        compared={tier: compared.card(tier).price for tier in TIERS},
        labels={tier: f"{compared.card(tier).label} at {compared.name}" for tier in TIERS},
    )
    harnesses = {tier: harness(tier, routing=chosen.only is None) for tier in TIERS}
    return Books(clients, harnesses, rates)


def _card(overlay: Overlay) -> str:
    """The repository card: files, AGENTS.md as context (never as permission), the test command."""
    try:
        agents = overlay.read_text("AGENTS.md") if overlay.exists("AGENTS.md") else None
    except (ToolError, RepositoryError):
        agents = None
    try:
        program, *arguments = detect(overlay).argv
        # The name is enough for the models; the full path would tell a server the user's folders.
        command = " ".join([Path(program).name, *arguments])
    except (ToolError, RepositoryError):
        command = None
    return repo_card(overlay.list(), agents, command)


def unconnected(chosen: Settings, env: Mapping[str, str]) -> bool:
    """Whether nothing says which models to use, so that the user should be asked."""
    return not chosen.profile and pick_profile(chosen, env).offline


def keep_setup(way: str, value: str, env: Mapping[str, str]) -> dict[str, object]:
    """Remember what the user chose at the first start; the settings it changes. Raises ConfigError.

    A key goes to the OS keyring and nowhere else; a server's first two models become weak and strong.
    """
    if way == "key":
        hosted = load_profile("sarvam-hosted", {}, config_dir(env) / "profiles", usable=False)
        store_key(hosted, value)
        save_setting("profile", hosted.name, env)
        return {"profile": hosted.name}
    if way == "server":
        url, _, names = value.partition(" (")
        models = [name.strip() for name in names.rstrip(")").split(",") if name.strip()]
        if not models:
            raise ConfigError(
                f"Say which models {url} serves: set weak_model and strong_model in {config_dir(env) / 'config.toml'}."
            )
        weak, strong = models[0], models[-1]
        changes = {"weak_url": url, "strong_url": url, "weak_model": weak, "strong_model": strong, "profile": "local"}
        for name, setting in changes.items():
            save_setting(name, setting, env)
        return dict(changes)
    save_setting("profile", "offline", env)
    return {"profile": "offline"}
