"""Model files: fetched from a real server on the loopback that cuts, lies and forgets; checked; and kept apart."""

from __future__ import annotations

import fcntl
import hashlib
import resource
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from pier_tui.errors import PierError
from pier_tui.local import LocalModels
from pier_tui.models.local.download import TRIES, fetch
from pier_tui.models.local.weights import Weights, begun, catalogue, have, remove, take
from pier_tui.ui.local_pair import LocalPair

CONTENT = bytes(range(256)) * 8192
CUT = 700_000


class Shop(ThreadingHTTPServer):
    """Serves one file. `cuts`: bytes after which each of the next connections breaks; None sends all."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Counter)
        self.content, self.cuts, self.status = CONTENT, list[int | None](), 200
        self.ranges, self.asked = True, list[str]()
        self.redirect = ""

    def __enter__(self) -> Shop:
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/model.gguf"


class Counter(BaseHTTPRequestHandler):
    server: Shop

    def do_GET(self) -> None:
        shop, wanted = self.server, self.headers.get("range", "")
        shop.asked.append(wanted)
        if shop.redirect:
            self.send_response(302)
            self.send_header("location", shop.redirect)
            self.end_headers()
            shop.redirect = ""
            return
        start = int(wanted.removeprefix("bytes=").split("-")[0]) if wanted and shop.ranges else 0
        status = 206 if start and shop.status == 200 else shop.status
        body = shop.content[start:] if status < 300 else b"gone"
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        if status == 206:
            self.send_header("content-range", f"bytes {start}-{len(shop.content) - 1}/{len(shop.content)}")
        self.end_headers()
        cut = shop.cuts.pop(0) if shop.cuts else None
        self.wfile.write(body if cut is None else body[:cut])

    def log_message(self, *_: Any) -> None:
        pass


class Place(NamedTuple):
    shop: Shop
    weights: Weights
    folder: Path

    def get(self, progress: Callable[[int], None] = lambda _: None) -> Path:
        return fetch(self.weights, self.folder, progress)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with Shop() as shop:
        yield Place(shop, pinned(shop.url), tmp_path / "models")


def pinned(url: str, content: bytes = CONTENT, name: str = "small") -> Weights:
    digest = hashlib.sha256(content).hexdigest()
    fields = {"file": f"{name}.gguf", "url": url, "sha256": digest, "bytes": len(content)}
    kept = {"memory": "1 GB", "licence": "Apache-2.0", "as_of": date(2026, 1, 1)}
    return Weights(name=name, tier="weak", **fields, **kept)  # type: ignore[arg-type]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_shipped_catalogue_pins_a_file_for_each_model() -> None:
    known = catalogue()
    assert [w.tier for w in known] == ["weak", "strong"]
    assert all(w.url.startswith("https://") and w.url.endswith(w.file) and len(w.sha256) == 64 for w in known)


def test_a_file_is_fetched_checked_and_then_has_its_name_and_is_not_asked_for_again(place: Place) -> None:
    seen: list[int] = []
    path = place.get(seen.append)
    assert path.read_bytes() == CONTENT
    assert names(place.folder) == ["small.gguf"]
    assert seen == sorted(seen)
    assert seen[-1] == len(CONTENT)
    place.get()
    assert place.shop.asked == [""]
    assert remove(place.weights, place.folder) == len(CONTENT)
    assert names(place.folder) == []


def test_a_connection_that_is_cut_is_gone_on_with_where_it_broke(place: Place) -> None:
    place.shop.cuts = [CUT, CUT]
    assert place.get().read_bytes() == CONTENT
    assert place.shop.asked == ["", f"bytes={CUT}-", f"bytes={2 * CUT}-"]


def test_what_came_is_kept_when_nothing_more_comes_and_another_run_goes_on_with_it(place: Place) -> None:
    place.shop.cuts = [CUT] + [0] * TRIES
    with pytest.raises(PierError, match=r"small could not be fetched .* what came is kept"):
        place.get()
    assert not have(place.weights, place.folder)
    assert begun(place.weights, place.folder) == CUT
    assert place.get().read_bytes() == CONTENT
    assert place.shop.asked[-1] == f"bytes={CUT}-"


def test_a_server_that_knows_no_ranges_is_begun_with_again(place: Place) -> None:
    place.shop.cuts, place.shop.ranges = [CUT], False
    assert place.get().read_bytes() == CONTENT


def test_a_file_that_is_not_the_pinned_one_is_deleted_and_never_gets_its_name(place: Place) -> None:
    place.shop.content = CONTENT[:-1] + b"!"
    with pytest.raises(PierError, match=r"not the pinned file .* deleted"):
        place.get()
    assert names(place.folder) == []


def test_a_file_that_is_longer_than_the_pinned_one_is_left_in_its_middle(place: Place) -> None:
    place.shop.content = CONTENT * 2
    with pytest.raises(PierError, match="longer than the pinned file"):
        place.get()
    assert begun(place.weights, place.folder) == 0


@pytest.mark.parametrize(("status", "asked"), [(404, 1), (401, 1), (503, TRIES)])
def test_a_refusal_is_one_sentence_and_only_trouble_that_may_pass_is_tried_again(
    place: Place, status: int, asked: int
) -> None:
    place.shop.status = status
    with pytest.raises(PierError, match=str(status)):
        place.get()
    assert len(place.shop.asked) == asked


def test_nobody_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(PierError, match=r"could not be fetched from 127.0.0.1 \(Connection refused\); nothing came"):
        fetch(pinned("http://127.0.0.1:9/model.gguf"), tmp_path, lambda _: None)


def test_a_redirect_is_followed_but_never_to_an_open_address(place: Place) -> None:
    place.shop.redirect = f"{place.shop.url}?elsewhere"
    assert place.get().read_bytes() == CONTENT
    away = httpx.MockTransport(
        lambda request: (
            httpx.Response(302, headers={"location": "http://box/m"})
            if request.url.scheme == "https"
            else httpx.Response(200, content=CONTENT)
        )
    )
    with pytest.raises(PierError, match=r"insecure address \(box\)"):
        fetch(pinned("https://hub.example/m", name="other"), place.folder, lambda _: None, away)
    assert begun(pinned("https://hub.example/m", name="other"), place.folder) == 0


def test_a_disk_without_room_is_said_before_anything_is_fetched(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(place.folder.parent)._replace(free=1_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(PierError, match=r"needs 2.1 MB more .* 1.0 MB are free"):
        place.get()
    assert place.shop.asked == []


def test_a_disk_that_fills_up_is_one_sentence_and_keeps_what_it_took(place: Place) -> None:
    was = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, was[1]))
    try:
        with pytest.raises(PierError, match=r"cannot take more of small: .* is kept to go on with"):
            place.get()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, was)
    assert 0 < begun(place.weights, place.folder) <= 1 << 20
    assert place.get().read_bytes() == CONTENT


def test_room_for_all_that_is_missing_is_looked_for_before_the_first_is_begun(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = LocalModels({"XDG_CACHE_HOME": str(tmp_path)}, (place.weights, pinned(place.shop.url, name="other")))
    usage = shutil.disk_usage(tmp_path)._replace(free=(64 << 20) + 3_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(PierError, match=r"small and other need 4.2 MB more .* 70.1 MB are free"):
        models.fetch(lambda *_: None)
    assert (place.shop.asked, models.folder.exists()) == ([], False)


def test_a_pinned_file_may_come_from_another_address_told_by_its_name_or_by_being_the_only_one_missing(
    place: Place, tmp_path: Path
) -> None:
    known = (pinned("https://hub.example/small.gguf"), pinned("https://hub.example/other.gguf", name="other"))
    models = LocalModels({"XDG_CACHE_HOME": str(tmp_path)}, known)
    with pytest.raises(PierError, match=r"has to end in small.gguf or other.gguf"):
        models.fetch_from(place.shop.url, lambda *_: None)
    models.fetch_from(place.shop.url.replace("model.gguf", "Other.GGUF"), lambda *_: None)
    assert [w.name for w in models.missing] == ["small"]
    models.fetch_from(place.shop.url, lambda *_: None)
    assert models.missing == ()
    for wrong, why in (("http://", "no address"), ("http://me:x1@box/x", "a name or password")):
        with pytest.raises(PierError, match=why) as told:
            models.fetch_from(wrong, lambda *_: None)
        assert "x1" not in str(told.value)


def test_two_programs_do_not_fill_one_file(place: Place) -> None:
    place.folder.mkdir()
    with (place.folder / "small.gguf.part").open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(PierError, match="Another pier-tui is fetching small"):
            place.get()
    assert place.shop.asked == []


def test_a_file_of_the_users_is_copied_where_it_is_a_pinned_one_whatever_its_name(place: Place, tmp_path: Path) -> None:
    own, seen = tmp_path / "download(1)", list[int]()
    own.write_bytes(CONTENT)
    assert take(own, place.folder, (pinned("", b"else", "other"), place.weights), seen.append) is place.weights
    assert have(place.weights, place.folder)
    assert own.exists()
    assert seen[-1] == len(CONTENT)


@pytest.mark.parametrize(
    ("content", "said"), [(CONTENT[:-1] + b"!", "not the pinned file"), (b"short", "none of the pinned files")]
)
def test_a_file_of_the_users_that_is_another_is_refused_and_left(
    place: Place, tmp_path: Path, content: bytes, said: str
) -> None:
    own = tmp_path / "model.gguf"
    own.write_bytes(content)
    with pytest.raises(PierError, match=said):
        take(own, place.folder, (place.weights,), lambda _: None)
    assert not have(place.weights, place.folder)
    assert own.read_bytes() == content
    with pytest.raises(PierError, match="is a folder"):
        take(tmp_path, place.folder, (place.weights,), lambda _: None)
    with pytest.raises(PierError, match=r"gone\.gguf cannot be used"):
        take(tmp_path / "gone.gguf", place.folder, (place.weights,), lambda _: None)


class Unstarted(LocalModels):
    """Fetches, and starts nothing."""

    def running(self) -> Any:
        return nullcontext()


async def test_a_screen_is_told_of_each_hundredth_once_with_a_bar(place: Place, tmp_path: Path) -> None:
    shown: list[str] = []
    pair = LocalPair({}, Unstarted({"XDG_CACHE_HOME": str(tmp_path)}, (place.weights,)))
    await pair.start(shown.append)
    pair.close()
    assert shown[-2:] == [f"{'█' * 40}\nsmall: 2.1 MB of 2.1 MB", "The models are being loaded..."]
    assert 1 < len(shown) <= 102
