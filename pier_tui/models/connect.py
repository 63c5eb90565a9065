"""A profile made into two clients, and the servers on this machine found when asked."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx

from pier_tui.errors import ConfigError
from pier_tui.models.client import ModelClient
from pier_tui.models.dialect import Dialect, OpenWeights, Plain
from pier_tui.models.keys import Key
from pier_tui.models.messages import Tier
from pier_tui.models.openai import OpenAIClient
from pier_tui.models.pacing import Pace
from pier_tui.models.pinning import refuse_unencrypted
from pier_tui.models.profiles import Profile
from pier_tui.models.sarvam import Sarvam

TIERS: tuple[Tier, Tier] = ("weak", "strong")
DIALECTS: dict[str, Callable[[], Dialect]] = {"plain": Plain, "open-weights": OpenWeights, "sarvam": Sarvam}
LOCAL_PORTS: tuple[tuple[int, str], ...] = ((11434, "Ollama"), (8080, "llama.cpp"), (8000, "vLLM"), (4000, "LiteLLM"))
PROBE = 1.0
"""Seconds a local server has to answer a probe."""
ANSWER = 5.0
"""Seconds a server the user named has to list its models."""


@dataclass(frozen=True)
class Found:
    """A server on this machine: what usually listens there, its base URL, and its models' ids as it says."""

    kind: str
    base_url: str
    models: tuple[str, ...]


def connect(
    profile: Profile,
    key: Key | str | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    offline_pace: float = 0.0,
    session: Callable[[], str] = str,
) -> dict[Tier, ModelClient]:
    """A client per tier; nothing is sent yet. Raises ConfigError where a key, model id or address is missing.

    `transport` replaces the network. The offline profile answers itself unless one is given, a piece every
    `offline_pace` seconds. `session` names the session once there is one, for profiles with a header for it.
    """
    if problems := profile.problems():
        raise ConfigError(problems[0])
    secret = key.reveal() if isinstance(key, Key) else key
    if profile.key == "required" and not secret and transport is None:
        raise ConfigError(f"Profile {profile.name} needs a key; set {profile.key_env}.")
    if secret:
        refuse_unencrypted(profile)
    paces = {profile.url(tier): Pace(profile.rpm, clock) for tier in TIERS}
    return {
        tier: OpenAIClient(
            profile.card(tier),
            profile.url(tier),
            secret if profile.key != "none" else None,
            dialect=DIALECTS[profile.dialect](),
            transport=_transport(profile, tier, transport, offline_pace),
            pace=paces[profile.url(tier)],
            headers=lambda: _affinity(profile, session()),
            clock=clock,
            sleep=sleep,
        )
        for tier in TIERS
    }


async def detect_local(transport: httpx.AsyncBaseTransport | None = None) -> tuple[Found, ...]:
    """Ask the usual ports of this machine, and only this machine, for their models; called only when the user asks."""
    async with httpx.AsyncClient(transport=transport, timeout=PROBE, trust_env=False) as http:
        usual = ((kind, f"http://127.0.0.1:{port}/v1") for port, kind in LOCAL_PORTS)
        found = await asyncio.gather(*(_probe(http, base_url, kind) for kind, base_url in usual))
    return tuple(server for server in found if server is not None)


async def served_models(base_url: str, transport: httpx.AsyncBaseTransport | None = None) -> tuple[str, ...]:
    """The models of the server the user named. Raises ConfigError where it does not answer or lists none."""
    url = base_url.rstrip("/")
    if not url.startswith(("http://", "https://")):
        raise ConfigError(f"{base_url} is no address; it should look like http://localhost:11434/v1.")
    async with httpx.AsyncClient(transport=transport, timeout=ANSWER) as http:
        found = await _probe(http, url, "")
    if found is None:
        raise ConfigError(f"No model server answers at {url}/models.")
    if not found.models:
        raise ConfigError(f"The server at {url} lists no models.")
    return found.models


async def _probe(http: httpx.AsyncClient, base_url: str, kind: str) -> Found | None:
    try:
        response = await http.get(f"{base_url}/models")
        body: Any = response.json() if response.is_success else None
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, RecursionError):
        return None
    listed = body.get("data") if isinstance(body, dict) else None
    if not isinstance(listed, list):
        return None
    ids = (item.get("id") for item in listed if isinstance(item, dict))
    return Found(kind, base_url, tuple(name for name in ids if isinstance(name, str) and name.isprintable()))


def _affinity(profile: Profile, session: str) -> dict[str, str]:
    """The header by which a router of several servers knows the session."""
    return {profile.session_header: session} if profile.session_header and session else {}


def _transport(
    profile: Profile, tier: Tier, given: httpx.AsyncBaseTransport | None, offline_pace: float
) -> httpx.AsyncBaseTransport | None:
    """The given transport, the embedded pair's for an offline card, or None for the network."""
    if given is not None or not profile.card(tier).offline:
        return given
    # Imported here for start-up time: only this profile needs the embedded pair and what it is built on.
    from pier_tui.models.offline.transport import OfflineTransport

    return OfflineTransport(tier, offline_pace)
