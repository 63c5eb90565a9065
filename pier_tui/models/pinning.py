"""Where a key may be sent: to the addresses its shipped profile names, and to those the user confirmed.

An address is scheme, host and port. Keys are told apart by where they come from; neither a key nor a hash
of one is kept. Nothing here contacts anybody.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import httpx
from pydantic import BaseModel, ConfigDict, ValidationError

from pier_tui.errors import ConfigError
from pier_tui.models.profiles import Profile, load_profile, profile_names
from pier_tui.private import write_private

FILE = "endpoints.json"
PORTS = {"http": 80, "https": 443}


class Destination(BaseModel):
    """A key, by the variable it is kept under, and an address it would be sent to."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    source: str
    origin: str


_OURS: set[Destination] = set()
"""Where keys of our own making go, for this run."""


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    confirmed: tuple[Destination, ...] = ()


def origin_of(url: str) -> str:
    """Scheme, host and port as the client reads them: `https://api.sarvam.ai:443`. Raises ConfigError."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise ConfigError(f"{url} is no address: {error}.") from None
    host = f"[{parsed.host}]" if ":" in parsed.host else parsed.host
    return f"{parsed.scheme}://{host}:{parsed.port or PORTS.get(parsed.scheme, 0)}"


def destinations(profile: Profile) -> tuple[Destination, ...]:
    """Where the profile's key would go; nowhere where it has none."""
    if profile.key == "none":
        return ()
    origins = dict.fromkeys(origin_of(profile.url(tier)) for tier in ("weak", "strong"))
    return tuple(Destination(source=profile.key_env, origin=origin) for origin in origins)


@cache
def shipped() -> frozenset[Destination]:
    """What the profiles that ship name, each for its own key."""
    return frozenset(
        where for name in profile_names() for where in destinations(load_profile(name, {}, None, usable=False))
    )


def refuse_unencrypted(profile: Profile) -> None:
    """Raises ConfigError where a key would cross a network that anybody can read."""
    for where in destinations(profile):
        if where.origin.startswith("http://") and not _loopback(where.origin):
            raise ConfigError(
                f"The key from {where.source} is not sent to {where.origin}, which is not encrypted: "
                "use an https:// address, or one of this machine."
            )


def _loopback(origin: str) -> bool:
    host = httpx.URL(origin).host
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def vouch(profile: Profile) -> None:
    """Let the profile's key go where it says for this run: a key of our own making, for servers we started."""
    _OURS.update(destinations(profile))


class Confirmations:
    """What the user confirmed, in the file `endpoints.json` of a folder of the program's own."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE

    def missing(self, profile: Profile) -> tuple[Destination, ...]:
        """Where the profile's key would go without anybody having said so."""
        known = shipped() | _OURS | frozenset(self._kept())
        return tuple(where for where in destinations(profile) if where not in known)

    def confirm(self, fresh: Iterable[Destination]) -> None:
        """Remember that a key may go there. Raises ConfigError."""
        kept = tuple(dict.fromkeys((*self._kept(), *fresh)))
        write_private(self.path, _Kept(confirmed=kept).model_dump_json(indent=1) + "\n")

    def _kept(self) -> tuple[Destination, ...]:
        """A file that cannot be read confirms nothing."""
        try:
            return _Kept.model_validate_json(self.path.read_bytes()).confirmed
        except (OSError, ValidationError):
            return ()
