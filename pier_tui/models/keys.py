"""API keys: found in the environment or the OS keyring, never in a repository, and never shown."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from pier_tui.errors import ConfigError
from pier_tui.models.profiles import Profile
from pier_tui.models.shield import shield
from pier_tui.redaction import hide

FILED_UNDER = "pier-tui"
"""What keys are filed under in the OS keyring."""


class Key:
    """A secret that does not show itself: `repr` and `str` are dots, `reveal()` is for the header only."""

    __slots__ = ("_secret", "source")

    def __init__(self, secret: str, source: str) -> None:
        self._secret = secret
        hide(secret, source)
        self.source = source

    def reveal(self) -> str:
        """The key itself."""
        return self._secret

    def __repr__(self) -> str:
        return f"Key(•••, from {self.source})"

    def __reduce__(self) -> Any:
        raise TypeError("A key is not written anywhere.")


def find_key(profile: Profile, environ: Mapping[str, str], keyring: Any = None) -> Key | None:
    """The key for a profile: from its environment variable, then the OS keyring; None where none is needed.

    `keyring` stands in for the keyring module. Raises ConfigError where a key is required and none is
    found, or where what is found cannot be a key.
    """
    if profile.key == "none":
        return None
    key = _from_environment(profile, environ) or _from_keyring(profile, keyring)
    if key is None and profile.key == "required":
        raise ConfigError(
            f"Profile {profile.name} needs a key: set {profile.key_env}, or use --profile offline, which needs none."
        )
    return key


def guard(variables: Iterable[str], environ: Mapping[str, str]) -> None:
    """Hide the keys in these variables from every text and every child, also those no profile in use needs."""
    for variable in variables:
        if found := environ.get(variable, "").strip():
            hide(found, variable)
            if environ is os.environ:
                shield(variable)


def store_key(profile: Profile, secret: str, keyring: Any = None) -> None:
    """File a key in the OS keyring. Raises ConfigError where there is no keyring or it refuses."""
    checked = _checked(secret, "what was entered")
    store = keyring or _keyring()
    if store is None:
        raise ConfigError(f"There is no OS keyring here; set {profile.key_env} instead.")
    try:
        store.set_password(FILED_UNDER, profile.key_env, checked)
    except Exception as error:  # each keyring backend raises its own kinds
        raise ConfigError(
            f"The OS keyring refused the key ({type(error).__name__}); set {profile.key_env} instead."
        ) from None


def _from_environment(profile: Profile, environ: Mapping[str, str]) -> Key | None:
    found = environ.get(profile.key_env, "").strip()
    return Key(_checked(found, profile.key_env), profile.key_env) if found else None


def _from_keyring(profile: Profile, keyring: Any) -> Key | None:
    store = keyring or _keyring()
    if store is None:
        return None
    try:
        found = store.get_password(FILED_UNDER, profile.key_env)
    except Exception:  # a locked or missing keyring is the same as no key in it
        return None
    return Key(_checked(found, "the OS keyring"), "the OS keyring") if found else None


def _checked(secret: str, source: str) -> str:
    """The key without surrounding space. Raises ConfigError, without quoting it."""
    stripped = secret.strip()
    if not stripped or not stripped.isascii() or not stripped.isprintable() or " " in stripped:
        raise ConfigError(f"The key from {source} holds characters that no key has; copy it again.")
    return stripped


def _keyring() -> Any:
    """The keyring module, or None; imported here because it is an optional extra and slow to load."""
    try:
        import keyring
    except ImportError:
        return None
    return keyring
