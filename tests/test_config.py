from __future__ import annotations

import stat
from decimal import Decimal
from pathlib import Path

import pytest

from pier_tui.config import (
    Loaded,
    Rule,
    Settings,
    cache_dir,
    config_dir,
    load,
    save_rule,
    save_setting,
    state_dir,
)
from pier_tui.errors import ConfigError


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "config")}


def written(env: dict[str, str], text: str | bytes, name: str = "config.toml") -> Path:
    path = config_dir(env) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def lines(loaded: Loaded) -> list[tuple[int, str]]:
    return [(p.line, p.reason) for p in loaded.problems]


def test_without_any_file_the_defaults_are_used_and_nothing_is_written(env: dict[str, str], tmp_path: Path) -> None:
    assert load(None, env) == Loaded(settings=Settings())
    assert list(tmp_path.iterdir()) == []


def test_file_environment_and_command_line_win_in_this_order(env: dict[str, str]) -> None:
    written(env, 'profile = "local"\ntheme = "a"\nthreshold = 0.1\nmax_cost = 0.1\nonly = "105B"\n')
    env |= {"PIER_TUI_THEME": "b", "PIER_TUI_THRESHOLD": "0.2", "PIER_TUI_MAX_COST": "2.50"}
    settings = load(None, env, {"threshold": 0.3, "only": "30B"}).settings
    assert (settings.profile, settings.theme, settings.threshold) == ("local", "b", 0.3)
    assert (settings.max_cost, settings.only) == (Decimal("2.50"), "weak")


def test_a_broken_file_gives_line_and_reason_and_is_left_as_it_is(env: dict[str, str]) -> None:
    text = 'profile = "local"\ntheme = \nmax_turns = 3\n'
    path = written(env, text)
    loaded = load(None, env)
    assert loaded.settings == Settings()
    ((line, reason),) = lines(loaded)
    assert line == 2
    assert "Invalid value; the whole file is left out" in reason
    assert str(loaded.problems[0]).startswith(f"{path}, line 2: ")
    assert path.read_text() == text


def test_an_unfinished_file_names_its_last_line(env: dict[str, str]) -> None:
    written(env, 'theme = "x"\nkeymap = {')
    assert lines(load(None, env))[0][0] == 2


def test_an_unknown_key_names_the_nearest_known_one_and_the_rest_is_used(env: dict[str, str]) -> None:
    written(env, '# mine\nprofil = "local"\nmax_turns = 7\nzzz = 1\n\n[keymaps]\na = "b"\n')
    loaded = load(None, env)
    assert loaded.settings.max_turns == 7
    assert lines(loaded) == [
        (2, "there is no setting 'profil'; did you mean 'profile'?"),
        (4, "there is no setting 'zzz'"),
        (6, "there is no setting 'keymaps'; did you mean 'keymap'?"),
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("threshold = 1.5", "threshold: Input should be less than or equal to 1"),
        ('approval_policy = "always"', "approval_policy: Input should be 'untrusted', 'on-request' or 'never'"),
        ('only = "70B"', "only: Input should be 'weak' or 'strong'"),
        ('weak_url = "localhost:8000"', "weak_url: 'localhost:8000' is no URL; it starts with http:// or https://"),
        ("max_turns = 0", "max_turns: Input should be greater than or equal to 1"),
        ("max_cost = nan", "max_cost: Input should be a finite number"),
    ],
)
def test_a_bad_value_is_named_and_the_rest_is_used(env: dict[str, str], line: str, reason: str) -> None:
    written(env, f'theme = "mine"\n{line}\n')
    loaded = load(None, env)
    assert lines(loaded) == [(2, reason)]
    assert loaded.settings == Settings(theme="mine")


def test_one_bad_rule_or_key_does_not_cost_the_others(env: dict[str, str]) -> None:
    written(env, 'rules = [["make"], [], ["pytest", "-q"]]\n[keymap]\n"turn.next" = "ctrl+y"\nodd = 3\n')
    loaded = load(None, env)
    assert loaded.settings.rules == (Rule(argv=("make",)), Rule(argv=("pytest", "-q")))
    assert loaded.settings.keymap == {"turn.next": "ctrl+y"}
    assert [line for line, _ in lines(loaded)] == [1, 2]


def test_a_bad_variable_is_named(env: dict[str, str]) -> None:
    loaded = load(None, env | {"PIER_TUI_THRESHOLD": "high"})
    assert str(loaded.problems[0]).startswith("PIER_TUI_THRESHOLD: threshold: ")
    assert loaded.settings == Settings()


@pytest.mark.parametrize("content", [b"\xff\xfe", None])
def test_a_file_that_cannot_be_read_is_named(env: dict[str, str], content: bytes | None) -> None:
    if content is None:
        (config_dir(env) / "config.toml").mkdir(parents=True)
    else:
        written(env, content)
    loaded = load(None, env)
    assert "cannot be read" in loaded.problems[0].reason
    assert loaded.settings == Settings()


def test_a_bad_override_and_a_missing_named_file_are_refused(env: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Threshold: "):
        load(None, env, {"threshold": 7})
    with pytest.raises(ConfigError, match="did you mean 'theme'"):
        load(None, env, {"theem": "x"})
    with pytest.raises(ConfigError, match="There is no configuration file"):
        load(tmp_path / "none.toml", env)


def test_nothing_is_read_from_the_folder_worked_in(
    env: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("config.toml", "pier-tui.toml", "pier-tui/config.toml"):
        (tmp_path / "repo" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "repo" / name).write_text('theme = "evil"\n')
    monkeypatch.chdir(tmp_path / "repo")
    assert load(None, env | {"XDG_CONFIG_HOME": "."}) == Loaded(settings=Settings())


def test_approved_rules_go_to_a_file_of_their_own_and_add_to_the_users(env: dict[str, str]) -> None:
    path = written(env, '# keep me\nrules = [["make"]]\n')
    for argv in (("pytest", "-q"), ('we"ird\x7f\n', "é"), ("pytest", "-q")):
        save_rule(argv, env)
    rules = load(None, env).settings.rules
    assert [r.argv for r in rules] == [("make",), ("pytest", "-q"), ('we"ird\x7f\n', "é")]
    assert path.read_text().startswith("# keep me")
    approved = config_dir(env) / "approved.toml"
    assert stat.S_IMODE(approved.stat().st_mode) == 0o600
    assert sorted(p.name for p in config_dir(env).iterdir()) == ["approved.toml", "config.toml"]


def test_choices_made_on_the_screen_are_remembered_but_the_users_file_wins(env: dict[str, str]) -> None:
    for name, value in (
        ("theme", "pier-light"),
        ("threshold", 0.7),
        ("max_cost", 1.5),
        ("only", "30B"),
        ("only", "auto"),
    ):
        save_setting(name, value, env)
    written(env, "threshold = 0.2\n")
    settings = load(None, env).settings
    assert (settings.theme, settings.threshold, settings.max_cost) == ("pier-light", 0.2, Decimal("1.5"))
    assert settings.only is None
    with pytest.raises(ConfigError, match="threshold"):
        save_setting("threshold", 9, env)


def test_a_folder_that_cannot_be_written_gives_one_sentence(env: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "config").write_text("")
    with pytest.raises(ConfigError, match="cannot be written"):
        save_rule(("make",), env)


def test_folders_follow_xdg_and_ignore_relative_ones() -> None:
    env = {"HOME": "/home/a", "XDG_STATE_HOME": "/s", "XDG_CACHE_HOME": "relative"}
    assert config_dir(env) == Path("/home/a/.config/pier-tui")
    assert state_dir(env) == Path("/s/pier-tui")
    assert cache_dir(env) == Path("/home/a/.cache/pier-tui")


def test_every_setting_says_what_it_does() -> None:
    source = Path(__import__("pier_tui.config").config.__file__).read_text()
    body = source.split("class Settings")[1].split("class Problem")[0]
    for name in Settings.model_fields:
        following = body.split(f"\n    {name}:")[1].split("\n")[1:]
        assert following[0].strip().startswith('"""'), name
