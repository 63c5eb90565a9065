"""The questions before an agent is started: a directory's trust, and a key's address."""

from __future__ import annotations

import itertools
from pathlib import Path
from types import SimpleNamespace

import pytest
from textual.app import App
from textual.pilot import Pilot

from pier_tui.models.pinning import Destination
from pier_tui.repo.sample import make_sample
from pier_tui.repo.sighting import sight
from pier_tui.trust import TrustBook
from pier_tui.ui import launch
from pier_tui.ui.app import PierApp
from pier_tui.ui.screens.trust import DestinationScreen, TrustScreen
from pier_tui.ui.screens.unhurried import GRACE
from pier_tui.ui.widgets.header import Header


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    names = {"HOME": "home", "XDG_CONFIG_HOME": "config", "XDG_STATE_HOME": "state"}
    return {name: str(tmp_path / folder) for name, folder in names.items()}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return make_sample(tmp_path / "work" / "shop")


def opened(root: Path, env: dict[str, str], **changes: object) -> PierApp:
    return launch.build(launch.Opening(root, {"profile": "offline", "pace": 0.0, **changes}, env))


async def asked(pilot: Pilot[None], screen: type = TrustScreen) -> None:
    """The question stands there, and long enough."""
    for _ in range(400):
        await pilot.pause(0.01)
        if isinstance(pilot.app.screen, screen) and pilot.app.screen._painted is not None:
            pilot.app.screen._clock = lambda: 1e12
            return
    raise AssertionError("the question never came")


async def attached(pilot: Pilot[None], app: PierApp) -> None:
    for _ in range(600):
        if app.bench.workbench is not None:
            return
        await pilot.pause(0.01)
    raise AssertionError("the agent never came")


@pytest.mark.parametrize(("key", "trusted"), [("t", True), ("p", True), ("o", False)])
async def test_an_answer_opens_the_directory_that_way_and_trust_is_remembered(
    root: Path, env: dict[str, str], tmp_path: Path, key: str, trusted: bool
) -> None:
    app = opened(root, env)
    async with app.run_test(size=(80, 24)) as pilot:
        await asked(pilot)
        assert await app.life.gate.files() == ()  # type: ignore[union-attr]
        assert (await app.life.gate.working_diff()).files == ()  # type: ignore[union-attr]
        await pilot.press(key)
        await attached(pilot, app)
        header = app.bench.query_one(Header)
        assert header.trusted is trusted
        assert ("untrusted" in str(header.render())) is not trusted
        card = app.bench.workbench.backbone.repo_card  # type: ignore[union-attr]
        assert ("AGENTS.md" in card.partition("files")[0]) is trusted
        await app.action_quit()
    book = TrustBook(Path(env["XDG_STATE_HOME"]) / "pier-tui")
    assert (book.standing(sight(root)) is not None) is trusted
    again = opened(root, env)
    async with again.run_test(size=(80, 24)) as pilot:
        if trusted:
            await attached(pilot, again)
        else:
            await asked(pilot)
        await again.action_quit()


@pytest.mark.parametrize("key", ["q", "escape"])
async def test_leaving_starts_nothing_and_keeps_nothing(
    root: Path, env: dict[str, str], tmp_path: Path, key: str
) -> None:
    app = opened(root, env)
    async with app.run_test(size=(80, 24)) as pilot:
        await asked(pilot)
        await pilot.press(key)
        await pilot.pause()
    assert app.return_code == 0
    assert not (tmp_path / "state").exists()


async def test_typed_ahead_keys_answer_nothing() -> None:
    seen = SimpleNamespace(path="/somewhere", parent="", noted=())
    times = itertools.chain([0.0], (n * GRACE * 0.9 for n in itertools.count(1)))
    answers: list[object] = []
    app = App[None]()
    async with app.run_test(size=(80, 24)) as pilot:
        screen = TrustScreen(seen, clock=lambda: next(times))
        app.push_screen(screen, answers.append)
        await pilot.pause()
        await pilot.press("t", "x", "t", "o", "q", "escape")
        assert answers == []
        screen._clock = lambda: 1e9
        await pilot.press("p", "t")
        assert answers == ["here"], "and a parent that is not offered cannot be chosen"


async def test_nothing_a_stranger_named_pushes_the_answers_off_the_smallest_screen() -> None:
    long = "/deep [bold]\x1b[31m\u202e" * 40
    seen = SimpleNamespace(path=long, parent=long, noted=(f".git is a file that points to {long}",))
    app = App[None]()
    async with app.run_test(size=(80, 24)) as pilot:
        app.push_screen(screen := TrustScreen(seen))
        await pilot.pause()
        box = screen.query_one(".dialog").content_region
        assert box.contains_region(screen.query_one(".answers").region)
        assert "\x1b" not in str(screen.query(".path Static").first().render())  # type: ignore[attr-defined]


@pytest.mark.parametrize("yes", [True, False])
async def test_a_key_goes_to_a_new_address_only_after_a_yes(
    root: Path, env: dict[str, str], monkeypatch: pytest.MonkeyPatch, yes: bool
) -> None:
    env["PIER_LOCAL_KEY"] = "canary-0123456789"
    urls = {"weak_url": "http://127.0.0.1:9/v1", "strong_url": "http://127.0.0.1:9/v1"}
    said: list[str] = []
    app = opened(root, env, profile="local", weak_model="w", strong_model="s", **urls)
    async with app.run_test(size=(80, 24)) as pilot:
        await asked(pilot)
        await pilot.press("t")
        await asked(pilot, DestinationScreen)
        if not yes:
            monkeypatch.setattr(app.bench, "show", lambda event: said.append(event.text))
        await pilot.press("y" if yes else "n")
        if yes:
            await attached(pilot, app)
        else:
            for _ in range(200):
                await pilot.pause(0.01)
                if said:
                    break
            assert "was never sent to http://127.0.0.1:9" in said[0]
            assert app.bench.workbench is None
        await app.action_quit()
    kept = Path(env["XDG_STATE_HOME"]) / "pier-tui" / "endpoints.json"
    assert kept.exists() is yes
    if yes:
        assert Destination(source="PIER_LOCAL_KEY", origin="http://127.0.0.1:9").origin in kept.read_text()
        assert "canary" not in kept.read_text()


async def test_an_unexpected_error_ends_the_app_and_prints_no_local_variables() -> None:
    app = PierApp()
    broken = RuntimeError("broken")

    async def run() -> None:
        async with app.run_test(size=(80, 24)) as pilot:
            app._handle_exception(broken)
            await pilot.pause()

    with pytest.raises(RuntimeError, match="broken"):
        await run()
    assert app.crashed is broken
    assert app._exit_renderables == []
