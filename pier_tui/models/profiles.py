"""Profiles: which two models to use, where they are served, and what they cost. Data is in `profiles/*.toml`."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from pier_tui.errors import ConfigError
from pier_tui.models.cards import ModelCard
from pier_tui.models.messages import Tier

SHIPPED = Path(__file__).with_name("profiles")
DEFAULT = "offline"
"""The profile where none is chosen and no key is found."""
SPEAKS = ("url", "model", "window", "label")
"""What `weak_…` and `strong_…` overrides may change in one tier."""


class Profile(BaseModel):
    """Two models and how to reach them. `rpm` is requests per minute over both, None without a limit."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    about: str
    dialect: Literal["plain", "sarvam", "open-weights"] = "plain"
    base_url: str
    weak_url: str | None = None
    """Where the weak model is served, if elsewhere."""
    strong_url: str | None = None
    """Where the strong model is served, if elsewhere."""
    key: Literal["required", "optional", "none"] = "optional"
    key_env: str = "SARVAM_API_KEY"
    """The environment variable that holds the key."""
    session_header: str = ""
    """A header that carries the session's id, by which a router of several servers keeps to the one with its cache."""
    rpm: int | None = None
    weak: ModelCard
    strong: ModelCard

    @property
    def offline(self) -> bool:
        """Whether both models are embedded stand-ins."""
        return self.weak.offline and self.strong.offline

    def card(self, tier: Tier) -> ModelCard:
        """A tier's model."""
        return self.weak if tier == "weak" else self.strong

    def url(self, tier: Tier) -> str:
        """A tier's base URL."""
        return (self.weak_url if tier == "weak" else self.strong_url) or self.base_url

    def problems(self) -> tuple[str, ...]:
        """What still has to be set before this profile can be used, a sentence each."""
        return tuple(
            f"Profile {self.name} has no id for its {tier} model; set {tier}_model to what the server calls it."
            for tier in ("weak", "strong")
            if not getattr(self, tier).id
        )


def profile_names(folder: Path | None = None) -> tuple[str, ...]:
    """Names of the profiles that ship and of those in the user's folder, sorted."""
    return tuple(sorted(_files(folder)))


def load_profile(
    name: str, overrides: Mapping[str, Any] | None = None, folder: Path | None = None, *, usable: bool = True
) -> Profile:
    """The profile of that name; the user's folder comes first. Raises ConfigError.

    `overrides` may hold any field of Profile, tables `weak` and `strong` laid over the card, and the short
    forms weak_url, weak_model, weak_window, weak_label and the same for strong; None changes nothing.
    Without `usable`, a profile that still lacks a model id is returned too.
    """
    files = _files(folder)
    if name not in files:
        raise ConfigError(f"There is no profile {name!r}; known are {', '.join(sorted(files))}.")
    try:
        fields = tomllib.loads(files[name].read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"The profile {files[name].name} cannot be read: {_line(error)}.") from None
    try:
        profile = Profile.model_validate({"name": name, **_laid_over(fields, overrides or {})})
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise ConfigError(f"Profile {name}: {where} cannot be used ({_line(first['msg'])}).") from None
    if usable and (problems := profile.problems()):
        raise ConfigError(problems[0])
    return profile


def _files(folder: Path | None) -> dict[str, Path]:
    found = {path.stem: path for path in SHIPPED.glob("*.toml")}
    if folder is not None and folder.is_dir():
        found |= {path.stem: path for path in folder.glob("*.toml")}
    return found


def _laid_over(fields: dict[str, Any], overrides: Mapping[str, Any]) -> dict[str, Any]:
    """The file's fields with the overrides laid over them."""
    result = dict(fields)
    for name, value in overrides.items():
        tier, _, what = name.partition("_")
        if value is None:
            continue
        if name in ("weak", "strong") and isinstance(value, Mapping):
            result[name] = {**result.get(name, {}), **value}
        elif tier in ("weak", "strong") and what in SPEAKS and what != "url":
            result[tier] = {**result.get(tier, {}), **_card_change(what, value, result.get(tier, {}))}
        else:
            result[name] = value
    return result


def _card_change(what: str, value: Any, card: Mapping[str, Any]) -> dict[str, Any]:
    """A short form as card fields. Another model has its own name, and a price that is unknown unless free."""
    if what != "model" or value == card.get("id"):
        return {"id" if what == "model" else what: value}
    changes = {"id": value, "label": str(value).rsplit("/", 1)[-1], "fallback": None}
    price = card.get("price", {})
    free = bool(price) and all(float(amount) == 0 for amount in price.values())
    return changes if free else {**changes, "price": {}}


def _line(error: object) -> str:
    return " ".join(str(error).split()).rstrip(".")
