"""A pinned model file fetched over HTTP: gone on with where it broke off, and checked before it gets its name."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import httpx

from pier_tui.errors import PierError
from pier_tui.models.local.weights import PIECE, Progress, Weights, check_room, growing, have, place

TRIES = 3
"""Connections in a row that may bring nothing before we give up."""
WAIT = 30.0
"""Seconds a connection may be silent."""
ERRNO = re.compile(r"^\[Errno -?\d+\] ")
STARTS = re.compile(r"bytes (\d+)-")


def elsewhere(url: str, known: Sequence[Weights], folder: Path) -> Weights:
    """The pinned file another address is for: by the name it ends in, or the only one missing. Raises PierError."""
    try:
        address = httpx.URL(url)
    except httpx.InvalidURL:
        address = httpx.URL("")
    if address.userinfo:
        raise PierError("The address holds a name or password, which would stand in messages; give it without.")
    if not address.host:
        raise PierError(f"{url!r} is no address of a file; write it like https://mirror.example/{known[0].file}.")
    name = address.path.rpartition("/")[2].casefold()
    missing = [w for w in known if not have(w, folder)]
    found = next((w for w in known if w.file.casefold() == name), missing[0] if len(missing) == 1 else None)
    if found is None:
        names = " or ".join(w.file for w in known)
        raise PierError(f"Which model {url} is cannot be told: it has to end in {names}.")
    return found.model_copy(update={"url": url})


class _Broke(Exception):
    """The connection broke; what came is kept."""


def fetch(weights: Weights, folder: Path, progress: Progress, transport: httpx.BaseTransport | None = None) -> Path:
    """The file, fetched unless it is there. Raises PierError; what came until then is kept for the next try.

    `transport` replaces the network.
    """
    if have(weights, folder):
        return folder / weights.file
    with (
        growing(weights, folder) as part,
        httpx.Client(transport=transport, timeout=WAIT, follow_redirects=True) as http,
    ):
        check_room(folder, weights)
        _fill(weights, part, progress, http)
        return place(weights, folder, part, _digest(part))


def _fill(weights: Weights, part: BinaryIO, progress: Progress, http: httpx.Client) -> None:
    """Ask again from where it broke off, as long as something comes."""
    empty = 0
    while (had := part.seek(0, 2)) < weights.bytes:
        try:
            _receive(weights, part, had, progress, http)
            why = "it ended early"
        except (_Broke, httpx.HTTPError) as error:
            why = ERRNO.sub("", str(error)) or type(error).__name__
        part.flush()
        empty = 0 if part.seek(0, 2) > had else empty + 1
        if empty >= TRIES:
            kept = "what came is kept: try again to go on" if had else "nothing came"
            raise PierError(
                f"{weights.name} could not be fetched from {httpx.URL(weights.url).host} ({why}); {kept}, or give "
                "another address or a file with pier-tui local --from."
            )
    if had > weights.bytes:
        part.truncate(0)
        raise PierError(f"What was begun of {weights.name} was too long and is dropped; try again.")


def _receive(weights: Weights, part: BinaryIO, had: int, progress: Progress, http: httpx.Client) -> None:
    headers = {"accept-encoding": "identity"} | ({"range": f"bytes={had}-"} if had else {})
    with http.stream("GET", weights.url, headers=headers) as response:
        _check(response, weights)
        if had and not _goes_on(response, had):
            part.truncate(had := 0)
        # As they come: pieces of a set size would be lost with a connection that breaks in their middle.
        for piece in response.iter_raw():
            if had + len(piece) > weights.bytes:
                part.truncate(0)
                raise PierError(f"What {response.url.host} sends for {weights.name} is longer than the pinned file.")
            part.write(piece)
            progress(had := had + len(piece))


def _check(response: httpx.Response, weights: Weights) -> None:
    """Refuse what is no file, and a way that leads from a secure address to an open one."""
    first = httpx.URL(weights.url)
    if first.scheme == "https" and response.url.scheme != "https":
        raise PierError(f"{first.host} leads to an insecure address ({response.url.host}); nothing was fetched.")
    if response.status_code in (429, 500, 502, 503, 504):
        raise _Broke(f"{response.url.host} answers {response.status_code}")
    if response.status_code not in (200, 206):
        raise PierError(f"{response.url.host} answers {response.status_code} for {weights.name}; use --from a file.")


def _goes_on(response: httpx.Response, had: int) -> bool:
    """Whether the answer begins where the file ends so far."""
    found: Any = STARTS.match(response.headers.get("content-range", ""))
    return response.status_code == 206 and found is not None and int(found[1]) == had


def _digest(part: BinaryIO) -> str:
    digest = hashlib.sha256()
    part.seek(0)
    while piece := part.read(PIECE):
        digest.update(piece)
    return digest.hexdigest()
