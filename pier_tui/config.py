"""Settings: the user's configuration file, a few environment variables, and what the command line changes.

Nothing is ever read from the repository being worked on. What cannot be used becomes a `Problem` with
its line and reason, the default stands in for it, and the file is not touched. What the program itself
remembers goes to files of its own beside it: `preferences.toml` and `approved.toml`.
"""

from __future__ import annotations

import difflib
import json
import re
import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, field_validator

from pier_tui.errors import ConfigError
from pier_tui.models.messages import Tier
from pier_tui.private import write_private
from pier_tui.router import names

CONFIG, PREFERENCES, APPROVED = "config.toml", "preferences.toml", "approved.toml"
ENVIRONMENT = {
    "PIER_TUI_PROFILE": "profile",
    "PIER_TUI_ONLY": "only",
    "PIER_TUI_STRATEGY": "strategy",
    "PIER_TUI_THRESHOLD": "threshold",
    "PIER_TUI_THEME": "theme",
    "PIER_TUI_MAX_COST": "max_cost",
}
"""Environment variables that change a setting, between the file and the command line."""
_TIERS: dict[str, Tier | None] = {"auto": None, "30B": "weak", "105B": "strong"}


class Rule(BaseModel):
    """A command that needs no asking: every command whose words start with `argv`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    argv: tuple[str, ...] = Field(min_length=1)
    """The first words of the command, such as `["make", "test"]`."""


class Settings(BaseModel):
    """Everything a user can set. Every field has a default that works."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    profile: str = ""
    """Which endpoints and prices: sarvam-hosted, sarvam-2026-06, open-weights, local, offline; empty picks one."""
    weak_model: str = ""
    """The id the weak model's endpoint knows it by; empty takes the profile's."""
    strong_model: str = ""
    """The same for the strong model."""
    weak_url: str = ""
    """Base URL of the weak model's endpoint, ending in /v1; empty takes the profile's."""
    strong_url: str = ""
    """The same for the strong model."""
    key_env: str = ""
    """Name of the environment variable that holds the API key; empty takes the profile's. Never the key itself."""
    only: Tier | None = None
    """Use one model for everything: 30B or 105B (or weak, strong); auto uses both."""
    strategy: str = "self-route"
    """How turns are routed: self-route, cascade, learned, difficulty, self-verify, mixture, speculative,
    always-30B, always-105B or random@p."""
    threshold: float = Field(default=0.5, ge=0, le=1)
    """A turn whose stated confidence is below this goes to the strong model."""
    explore: float = Field(default=0, ge=0, le=0.5)
    """The share of turns decided by lot, so that other thresholds can be judged from the log; 0.05 is enough."""
    min_dwell: int = Field(default=1, ge=1)
    """Turns the strong model stays once it took over."""
    approval_policy: Literal["untrusted", "on-request", "never"] = "untrusted"
    """When commands ask first: all but those that only read; not the project's tests either; or never.

    Without a sandbox everything asks that no rule allows, and `never` refuses it.
    """
    sandbox: Literal["read-only", "workspace-write"] = "workspace-write"
    """What a command may write: nothing, or its scratch copy of the repository."""
    rules: tuple[Rule, ...] = ()
    """Commands that need no asking."""
    max_turns: int = Field(default=60, ge=1)
    """Turns after which a request stops."""
    max_cost: Decimal | None = Field(default=None, ge=0)
    """Rupees after which a request stops; none without a limit."""
    max_seconds: float | None = Field(default=None, gt=0)
    """Seconds after which a request stops; none without a limit."""
    theme: str = "pier-dark"
    """The colour theme's name."""
    keymap: dict[str, str] = Field(default_factory=dict)
    """Other keys for an action, by the action's id: `"turn.next" = "ctrl+y"`."""
    compare_profile: str = "sarvam-2026-06"
    """The profile whose prices free (offline, local) tokens are compared with."""
    epoch_tokens: int | None = Field(default=None, ge=1000)
    """Tokens of new exchanges after which the backbone is compacted; none: what costs least at the model's prices."""
    page_tokens: int = Field(default=4500, ge=0)
    """Tokens of files seen earlier that are put back into the strong model's prompt; 0 for none."""
    warm_up: bool = False
    """Read the other model's prompt ahead after every request, at its price; `/warm-up` says what that is."""
    map_tokens: int = Field(default=400, ge=0)
    """Tokens of the map of definitions that a request is sent with; 0 for none, and no symbol index."""
    feedback_pool: str = ""
    """A database a team shares its routing feedback in, as an SQLAlchemy URL; needs the extra `pool`."""
    audit_share: float = Field(default=0.0, ge=0, le=1)
    """Share of turns the other model does too, in the background, to learn from; 0 for none."""
    audit_max_cost: Decimal = Field(default=Decimal(5), ge=0)
    """Rupees a session may spend on that."""
    pace: float = Field(default=0.01, ge=0, le=1)
    """Seconds between the pieces the offline models send; 0 is at once."""
    _said: frozenset[str] = PrivateAttr(default=frozenset())

    def said(self, name: str) -> bool:
        """Whether it was said at this start, not only set somewhere."""
        return name in self._said

    @field_validator("only", mode="before")
    @classmethod
    def _by_label(cls, value: object) -> object:
        """Take the words of the screen, 30B and 105B, as well as weak and strong."""
        return _TIERS.get(value, value) if isinstance(value, str) else value

    @field_validator("strategy")
    @classmethod
    def _a_strategy(cls, value: str) -> str:
        try:
            names.read(value)
        except ConfigError as error:
            raise ValueError(str(error).rstrip(".")) from None
        return value

    @field_validator("weak_url", "strong_url")
    @classmethod
    def _a_url(cls, value: str) -> str:
        if value and not re.match(r"https?://[^\s/]+", value):
            raise ValueError(f"{value!r} is no URL; it starts with http:// or https://")
        return value

    @field_validator("rules", mode="before")
    @classmethod
    def _bare_rules(cls, value: object) -> object:
        """A rule may be written as the bare list of words."""
        return [{"argv": r} if isinstance(r, list) else r for r in value] if isinstance(value, list) else value


class Problem(BaseModel):
    """Something in a file or variable that cannot be used. `line` counts from 1; 0 where there is none."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str
    line: int
    reason: str

    def __str__(self) -> str:
        where = f"{self.source}, line {self.line}" if self.line else self.source
        return f"{where}: {self.reason}"


class Loaded(BaseModel):
    """The settings to use, and what of the user's wishes could not be."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    settings: Settings
    problems: tuple[Problem, ...] = ()


def config_dir(env: Mapping[str, str]) -> Path:
    """Where the user's configuration is."""
    return _xdg(env, "XDG_CONFIG_HOME", ".config")


def prompts_dir(env: Mapping[str, str]) -> Path:
    """Where the user's own harnesses are, `weak.md` and `strong.md`."""
    return config_dir(env) / "prompts"


def state_dir(env: Mapping[str, str]) -> Path:
    """Where sessions, checkpoints and feedback are kept."""
    return _xdg(env, "XDG_STATE_HOME", ".local/state")


def cache_dir(env: Mapping[str, str]) -> Path:
    """Where things are kept that can be made again."""
    return _xdg(env, "XDG_CACHE_HOME", ".cache")


def load(path: Path | None, env: Mapping[str, str], overrides: Mapping[str, object] | None = None) -> Loaded:
    """The settings: preferences, approved rules and the configuration file, then environment, then `overrides`.

    `path` None takes the usual file; one that was named must exist. Raises ConfigError for an override
    that cannot be used, and for a named file that cannot be read.
    """
    folder = config_dir(env)
    problems: list[Problem] = []
    values = _checked(folder / PREFERENCES, problems)
    approved = _checked(folder / APPROVED, problems)
    own = _checked(path or folder / CONFIG, problems, must_exist=path is not None)
    rules = (*own.get("rules", ()), *approved.get("rules", ()))
    values |= own | _from_environment(env, problems)
    if rules:
        values["rules"] = rules
    return Loaded(settings=_overridden(Settings.model_validate(values), overrides or {}), problems=tuple(problems))


def save_rule(argv: tuple[str, ...], env: Mapping[str, str]) -> None:
    """Remember a command that needs no asking any more. Raises ConfigError where it cannot be written."""
    path = config_dir(env) / APPROVED
    known = _checked(path, []).get("rules", ())
    if Rule(argv=argv) in known:
        return
    words = [list(r.argv) for r in (*known, Rule(argv=argv))]
    blocks = (f"[[rules]]\nargv = {_toml(w)}\n" for w in words)
    write_private(path, "# Commands you allowed for good. Delete a block to be asked again.\n\n" + "\n".join(blocks))


def save_setting(name: str, value: str | float | bool, env: Mapping[str, str]) -> None:
    """Remember a choice made on the screen, such as the theme; the user's own file still wins over it.

    Raises ConfigError for a name or value that is no setting, and where it cannot be written.
    """
    path = config_dir(env) / PREFERENCES
    _, reason = _field(name, value)
    if reason:
        raise ConfigError(reason)
    known = {n: v for n, v in _checked(path, []).items() if v is not None and n not in ("rules", "keymap")}
    known[name] = value
    lines = (f"{n} = {_toml(v)}" for n, v in sorted(known.items()))
    write_private(path, "# Choices made on the screen. config.toml wins over them.\n" + "\n".join(lines) + "\n")


def _xdg(env: Mapping[str, str], variable: str, usual: str) -> Path:
    """XDG asks that relative paths be ignored."""
    named = env.get(variable, "")
    root = Path(named) if named and Path(named).is_absolute() else Path(env.get("HOME") or Path.home()) / usual
    return root / "pier-tui"


def _checked(path: Path, problems: list[Problem], *, must_exist: bool = False) -> dict[str, Any]:
    """The usable values of a file; what is not usable is added to the problems."""
    try:
        text = path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        if must_exist:
            raise ConfigError(f"There is no configuration file {path}.") from None
        return {}
    except (OSError, UnicodeDecodeError) as error:
        problems.append(Problem(source=str(path), line=0, reason=f"cannot be read ({error}); defaults are used"))
        return {}
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        problems.append(_broken(path, text, error))
        return {}
    values: dict[str, Any] = {}
    for name, raw in table.items():
        value, reason = _field(name, raw)
        if reason:
            problems.append(Problem(source=str(path), line=_line_of(text, name), reason=reason))
            value = _salvaged(name, raw)
        if value is not None:
            values[name] = value
    return values


def _salvaged(name: str, raw: object) -> Any:
    """What can be used of a table or list with a bad entry; None of anything else."""
    if name not in ("rules", "keymap"):
        return None
    if isinstance(raw, dict):
        return _field(name, {k: v for k, v in raw.items() if not _field(name, {k: v})[1]})[0]
    return _field(name, [r for r in raw if not _field(name, [r])[1]])[0] if isinstance(raw, list) else None


def _broken(path: Path, text: str, error: tomllib.TOMLDecodeError) -> Problem:
    """Where a file stops being TOML; defaults are used for all of it."""
    place = re.search(r"line (\d+)", str(error))
    line = int(place.group(1)) if place else text.count("\n") + 1
    reason = re.sub(r" \(at .*\)$", "", str(error))
    return Problem(source=str(path), line=line, reason=f"{reason}; the whole file is left out and defaults are used")


def _field(name: str, raw: object) -> tuple[Any, str]:
    """A setting's value after validation, or the reason why it cannot be used."""
    if name not in Settings.model_fields:
        near = difflib.get_close_matches(name, Settings.model_fields, n=1, cutoff=0.5)
        return None, f"there is no setting {name!r}" + (f"; did you mean {near[0]!r}?" if near else "")
    try:
        return getattr(Settings.model_validate({name: raw}), name), ""
    except ValidationError as error:
        first = error.errors()[0]
        inner = ".".join(str(part) for part in first["loc"][1:])
        return None, f"{name}{'.' + inner if inner else ''}: {first['msg'].removeprefix('Value error, ')}"


def _line_of(text: str, name: str) -> int:
    """The line on which a key or its table stands."""
    quoted = re.escape(name)
    pattern = re.compile(rf"""^\s*(?:\[{{1,2}}\s*)?["']?{quoted}["']?\s*(?:[=.\]]|$)""")
    return next((n for n, line in enumerate(text.splitlines(), start=1) if pattern.match(line)), 0)


def _from_environment(env: Mapping[str, str], problems: list[Problem]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for variable, name in ENVIRONMENT.items():
        if not (raw := env.get(variable, "")):
            continue
        value, reason = _field(name, raw)
        if reason:
            problems.append(Problem(source=variable, line=0, reason=reason))
        else:
            values[name] = value
    return values


def _overridden(settings: Settings, overrides: Mapping[str, object]) -> Settings:
    changes: dict[str, object] = {}
    for name, raw in overrides.items():
        changes[name], reason = _field(name, raw)
        if reason:
            raise ConfigError(f"{reason[0].upper()}{reason[1:]}.")
    chosen = settings.model_copy(update=changes)
    chosen._said = frozenset(changes)
    return chosen


def _toml(value: object) -> str:
    """A value as TOML writes it, which for these is JSON but for one character."""
    plain = str(value) if isinstance(value, Decimal) else value
    return json.dumps(plain, ensure_ascii=False).replace("\x7f", "\\u007f")
