"""What leaves the app by other ways than painting, and how it ends when something in it breaks."""

from __future__ import annotations

import webbrowser

import pytest
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Input, Static

from pier_tui.ui.guarded import GuardedApp

HOSTILE = "\x1b]52;c;QQ==\x07[@click=app.quit]x[/]\u202e\u200b"
SHOWN = "<U+001B>]52;c;QQ==<U+0007>[@click=app.quit]x[/]<U+202E><U+200B>"


class Fragile(GuardedApp):
    """Breaks on demand, with a secret at hand."""

    def compose(self) -> ComposeResult:
        yield Static(Content("x"))
        yield Input()

    def break_now(self) -> None:
        secret = "sk-12345" + HOSTILE
        raise RuntimeError(f"could not use {secret}")

    async def work(self) -> None:
        self.break_now()


@pytest.mark.parametrize("way", ["callback", "worker", "panic"])
async def test_a_fault_ends_the_app_and_is_kept_without_any_content_printed(
    way: str, capsys: pytest.CaptureFixture[str]
) -> None:
    app = Fragile()
    with pytest.raises(Exception, match=r"."):  # noqa: PT012
        async with app.run_test() as pilot:
            if way == "callback":
                app.call_later(app.break_now)
            elif way == "worker":
                app.run_worker(app.work)
            else:
                app.panic(Static(Content(f"sk-12345{HOSTILE}")))
                raise RuntimeError("panic alone ends without an exception")
            await pilot.pause()
    said = capsys.readouterr().err
    if way == "panic":
        assert said.startswith("pier-tui: An unexpected fault")
        assert len(said.splitlines()) <= 2
    else:
        assert said == ""
        assert "could not use" in str(app.crashed)
    assert "sk-12345" not in said
    assert "Traceback" not in said
    assert "\x1b" not in said


async def test_a_notice_is_safe_and_never_markup_whatever_is_asked_for() -> None:
    app = Fragile()
    async with app.run_test(notifications=True) as pilot:
        app.notify(HOSTILE, title=HOSTILE, markup=True)
        app.query_one(Input).notify(HOSTILE)
        await pilot.pause()
        notices = list(app._notifications)
        assert [notice.message for notice in notices] == [SHOWN, SHOWN]
        assert notices[0].title == SHOWN
        assert not any(notice.markup for notice in notices)


async def test_what_is_copied_is_what_was_shown() -> None:
    app = Fragile()
    async with app.run_test():
        app.copy_to_clipboard(f"rm{HOSTILE}\udc80")
        assert app.clipboard == f"rm{SHOWN}<U+DC80>"


async def test_no_address_is_ever_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    app = Fragile()
    async with app.run_test(notifications=True) as pilot:
        app.open_url("https://example.org/?q=secret")
        await pilot.pause()
        assert opened == []
        assert [notice.message for notice in app._notifications] == ["Not opened: https://example.org/?q=secret"]
