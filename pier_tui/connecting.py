"""Which models, with which key, at which address: the user's settings made into a profile and its clients."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress

from pier_tui.config import Settings, config_dir, save_setting, state_dir
from pier_tui.errors import ConfigError
from pier_tui.models.client import ModelClient
from pier_tui.models.connect import connect
from pier_tui.models.keys import find_key, guard, store_key
from pier_tui.models.messages import Tier
from pier_tui.models.pinning import Confirmations, Destination
from pier_tui.models.profiles import Profile, load_profile, profile_names


def pick_profile(chosen: Settings, env: Mapping[str, str]) -> Profile:
    """The profile asked for; without one, the hosted models where a key is found and the offline pair otherwise."""
    name = chosen.profile
    if not name:
        name = "local" if chosen.weak_url and chosen.strong_url else ""
    if not name:
        hosted = load_profile("sarvam-hosted", {}, config_dir(env) / "profiles", usable=False)
        name = hosted.name if has_key(hosted, env) else "offline"
    names = ("weak_model", "strong_model", "weak_url", "strong_url", "key_env")
    overrides = {n: getattr(chosen, n) or None for n in names}
    return load_profile(name, overrides, config_dir(env) / "profiles")


def has_key(profile: Profile, env: Mapping[str, str]) -> bool:
    """Whether there is a key. Raises ConfigError for one that is set but cannot be a key."""
    try:
        return find_key(profile, env) is not None
    except ConfigError:
        if env.get(profile.key_env, "").strip():
            raise
        return False


def clients_of(
    profile: Profile, chosen: Settings, env: Mapping[str, str], session: Callable[[], str] = str
) -> Mapping[Tier, ModelClient]:
    """Connected clients. Raises ConfigError where a key is needed and missing, or would go where it never went."""
    key = find_key(profile, env)
    if key is not None and (missing := Confirmations(state_dir(env)).missing(profile)):
        where = " and ".join(d.origin for d in missing)
        raise ConfigError(
            f"The key from {profile.key_env} was never sent to {where}, so it was not sent now: "
            "start again to be asked, add --confirm-endpoint to exec, or change the address."
        )
    return connect(profile, key, offline_pace=chosen.pace, session=session)


def unconfirmed(chosen: Settings, env: Mapping[str, str]) -> tuple[Destination, ...]:
    """Where a key would go without anybody having said so. Raises ConfigError."""
    profile = pick_profile(chosen, env)
    key = find_key(profile, env) if profile.key != "none" else None
    return Confirmations(state_dir(env)).missing(profile) if key is not None else ()


def confirm(destinations: Iterable[Destination], env: Mapping[str, str]) -> None:
    """Remember that the user's key may go there. Raises ConfigError."""
    Confirmations(state_dir(env)).confirm(destinations)


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


def guard_keys(chosen: Settings, env: Mapping[str, str]) -> None:
    """Hide every key there is, also of profiles not in use, from texts and from children."""
    folder = config_dir(env) / "profiles"
    variables = {chosen.key_env} - {""}
    for name in profile_names(folder):
        with suppress(ConfigError):
            variables.add(load_profile(name, {}, folder, usable=False).key_env)
    guard(sorted(variables), env)
