"""What the documentation says is there: keys, links, settings and commands; and nothing of anybody's machine."""

from __future__ import annotations

import importlib.util
import re
import subprocess
from pathlib import Path

import pytest

from pier_tui.cli import COMMANDS
from pier_tui.config import ENVIRONMENT, Settings
from pier_tui.ui.keymap import known_ids

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def read(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def test_the_page_of_keys_is_what_the_bindings_make_it() -> None:
    spec = importlib.util.spec_from_file_location("make_keys", ROOT / "docs" / "make_keys.py")
    assert spec is not None
    assert spec.loader is not None
    make_keys = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make_keys)
    page = read("docs/keys.md")
    assert page == make_keys.page(), "run: python docs/make_keys.py"
    assert sorted(name for name in known_ids() if f"`{name}`" not in page) == []
    assert len(page.splitlines()) <= 170


def test_every_binding_of_ours_has_an_id_that_a_keymap_can_name() -> None:
    assert {"app.quit", "diff.apply", "turn.next", "prompt.send"} <= known_ids()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_of_the_documentation_leads_to_a_file(page: Path) -> None:
    targets = [t for t in LINK.findall(page.read_text(encoding="utf-8")) if not re.match(r"[a-z]+:", t)]
    assert [t for t in targets if not (page.parent / t).exists()] == []


def test_every_setting_and_variable_is_in_the_configuration_page() -> None:
    page = read("docs/configuration.md")
    assert [name for name in (*Settings.model_fields, *ENVIRONMENT) if f"`{name}`" not in page] == []


def test_every_command_of_the_program_is_documented() -> None:
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    assert [name for name in COMMANDS if not re.search(rf"pier-tui {re.escape(name)}\b|make {name}\b", text)] == []


def test_no_file_of_the_project_holds_a_path_of_the_machine_it_was_made_on() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True).stdout
    places = [re.escape(str(place)) for place in (ROOT, Path.home()) if len(place.parts) > 2 or place.name == "root"]
    machine = re.compile("|".join(rf"{place}\b" for place in places).encode() or rb"(?!)")
    found = []
    for name in listed.decode("utf-8", "surrogateescape").split("\0"):
        path = ROOT / name
        if name and path.is_file() and (hit := machine.search(path.read_bytes())):
            found.append(f"{name}: {hit[0]!r}")
    assert found == []
