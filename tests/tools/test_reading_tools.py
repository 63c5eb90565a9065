from __future__ import annotations

import json
from pathlib import Path

import pytest

from pier_tui.errors import EditError, ToolError
from pier_tui.tools import finding

APP = (
    "import os\n\n\nclass A:\n    def f(self):\n        return 1\n\n\ndef main(argv: list[str]) -> int:\n    return 0\n"
)


async def test_read_gives_the_exact_lines_with_their_numbers(make_desk) -> None:
    desk = make_desk({"a/app.py": APP})
    result = await desk.call("read", '{"path": "./a/app.py", "start": 4, "end": 6}')
    assert result.text.split("\n")[:3] == ["a/app.py lines 4-6 of 10", "4\tclass A:", "5\t    def f(self):"]
    assert result.line == "read a/app.py 4-6"
    (seen,) = result.facts
    assert (seen.path, seen.role, seen.lines, seen.symbols) == ("a/app.py", "read", "4-6", ("A (4)", "A.f (5)"))


async def test_read_sees_pending_edits_and_a_needless_slash(make_desk) -> None:
    desk = make_desk({"app.py": APP})
    desk.files.write("app.py", b"x = 1\n")
    assert (await desk.call("read", '{"path": "/app.py"}')).text == "app.py lines 1-1 of 1\n1\tx = 1"


async def test_read_is_bounded_and_says_how_to_go_on(make_desk) -> None:
    desk = make_desk({"long.txt": "".join(f"line {n}\n" for n in range(1, 5001)), "wide.txt": "x" * 50_000})
    first = await desk.call("read", '{"path": "long.txt"}')
    assert first.text.startswith("long.txt lines 1-200 of 5000\n")
    assert first.text.endswith("… go on with start=201")
    ranged = await desk.call("read", '{"path": "long.txt", "start": 1000, "end": 5000}')
    assert len(ranged.text) < 17_000
    last = ranged.text.split("\n")[-2].split("\t")[0]
    assert ranged.text.startswith(f"long.txt lines 1000-{last} of 5000\n")
    assert "(+48000 characters)" in (await desk.call("read", '{"path": "wide.txt"}')).text


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        ('{"path": "b/app.py"}', "Did you mean a/app.py"),
        ('{"path": "a"}', "It is a folder"),
        ('{"path": "../x"}', "leaves the repository"),
        ('{"path": "/etc/passwd"}', "no file etc/passwd"),
        ('{"path": "a/app.py", "start": 99}', "only 10 lines"),
        ('{"path": ""}', "A path is needed"),
    ],
)
async def test_what_cannot_be_read_is_refused_with_a_way_out(make_desk, raw: str, says: str) -> None:
    desk = make_desk({"a/app.py": APP})
    with pytest.raises(ToolError, match=r".") as caught:
        await desk.call("read", raw)
    assert says in str(caught.value)


async def test_binary_and_undecodable_files_are_told_apart(make_desk) -> None:
    desk = make_desk({"b.bin": b"\0\1\2", "latin.txt": b"caf\xe9\n"})
    with pytest.raises(EditError, match="binary"):
        await desk.call("read", '{"path": "b.bin"}')
    assert (await desk.call("read", '{"path": "latin.txt"}')).text.endswith("1\tcaf\ufffd")


async def test_list_shows_files_with_pending_ones_and_folds_what_is_too_much(make_desk) -> None:
    desk = make_desk({".gitignore": "out/\n", "out/x": "", "a/b.py": "", **{f"many/{n}.txt": "" for n in range(400)}})
    desk.files.write("a/new.py", b"")
    everything = await desk.call("list", "{}")
    assert everything.text.split("\n") == [".gitignore", "a/ (2 files)", "many/ (400 files)"]
    assert (await desk.call("list", '{"path": "a/"}')).text == "a/b.py\na/new.py"
    with pytest.raises(ToolError, match="no folder out"):
        await desk.call("list", '{"path": "out"}')


async def test_symbols_outlines_python_and_other_languages(make_desk) -> None:
    desk = make_desk(
        {"app.py": APP, "x.go": "package x\nfunc (s *S) Go() {\n}\ntype S struct {\n}\n", "broken.py": "def f(:\n"}
    )
    assert (await desk.call("symbols", '{"path": "app.py"}')).text.split("\n") == [
        "4 class A",
        "5 method A.f(self)",
        "9 function main(argv: list[str]) -> int",
    ]
    assert (await desk.call("symbols", '{"path": "x.go"}')).text == "2 function Go\n4 type S"
    assert (await desk.call("symbols", '{"path": "broken.py"}')).text == "1 function f"


FILES: dict[str, str | bytes] = {
    ".gitignore": "ignored.py\n",
    "ignored.py": "needle\n",
    "a.py": "needle = 1\nx\n  needle(2)\n",
    "b/c.py": "needle [x]\n",
    "b/bin": b"\0needle\n",
}


@pytest.mark.parametrize(("ripgrep", "few"), [("rg", 1_000), (None, 1_000), (None, 0)])
@pytest.mark.parametrize(
    ("pattern", "regex", "folder", "expected"),
    [
        ("needle", False, "", [("a.py", 3), ("b/c.py", 1), ("new.py", 1)]),
        ("needle", False, "b", [("b/c.py", 1)]),
        ("needle", False, "a.py", [("a.py", 3)]),
        ("needle [x]", False, "", [("b/c.py", 1)]),
        (r"^need(le)+ \[", True, "", [("b/c.py", 1)]),
        ("-x", False, "", []),
    ],
)
async def test_search_finds_the_proposed_text_of_tracked_files(
    make_desk,
    ripgrep: str | None,
    few: int,
    pattern: str,
    regex: bool,
    folder: str,
    expected: list[tuple[str, int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(finding, "FEW", few)
    desk = make_desk(FILES)
    desk.files.write("a.py", b"x\ny\nneedle(3)\n")
    desk.files.write("new.py", b"needle\n")
    hits = await finding.find(finding.Wanted(pattern, regex, folder, 100), desk.files, ripgrep)
    assert [(hit.path, hit.line) for hit in hits] == expected


async def test_search_formats_and_bounds_what_it_found(make_desk) -> None:
    desk = make_desk({"a.txt": "hit\n" * 100, "b.txt": "hit " + "x" * 5_000})
    result = await desk.call("search", '{"pattern": "hit", "max": 3}')
    assert result.text.split("\n")[:3] == ["a.txt:1: hit", "a.txt:2: hit", "a.txt:3: hit"]
    assert "more than 3 matches" in result.text
    assert len((await desk.call("search", '{"pattern": "hit x"}')).text) < 300
    none = await desk.call("search", '{"pattern": "nothing like it"}')
    assert (none.text, none.ok) == ("no match", True)


async def test_a_search_of_many_files_reads_through_no_link_and_stops_at_the_last_hit_wanted(
    make_desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "FEW", 0)
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "c.txt").write_text("needle\n")
    desk = make_desk({"a/b.txt": "needle\r\nneedle\n", "a/c.txt": "x", "b/c.txt": "x", "z.txt": "needle é\n"})
    listed = desk.files.list()
    (desk.root / "a" / "c.txt").unlink()
    (desk.root / "a" / "c.txt").symlink_to(tmp_path / "outside" / "c.txt")
    (desk.root / "b" / "c.txt").unlink()
    (desk.root / "b").rmdir()
    (desk.root / "b").symlink_to(tmp_path / "outside")
    monkeypatch.setattr(desk.files, "_lister", lambda: listed)

    async def found(pattern: str, most: int, *, regex: bool = False) -> list[tuple[str, int]]:
        hits = await finding.find(finding.Wanted(pattern, regex, "", most), desk.files, None)
        return [(hit.path, hit.line) for hit in hits]

    assert await found("needle", 9) == [("a/b.txt", 1), ("a/b.txt", 2), ("z.txt", 1)]
    assert await found("^needle.?$", 1, regex=True) == [("a/b.txt", 1)]
    assert await found("é", 9) == [("z.txt", 1)]


@pytest.mark.parametrize("ripgrep", ["rg", None])
async def test_an_invalid_pattern_is_refused(make_desk, ripgrep: str | None) -> None:
    desk = make_desk({"a.py": "x\n"})
    with pytest.raises(ToolError, match="cannot be used"):
        await finding.find(finding.Wanted("(", True, "", 5), desk.files, ripgrep)


async def test_a_program_of_the_repository_is_never_the_searcher(make_desk, tmp_path: Path) -> None:
    desk = make_desk({"rg": "#!/bin/sh\ntouch ran\n", "a.txt": "x\n"})
    (desk.root / "rg").chmod(0o755)
    hits = await finding.find(finding.Wanted("x", False, "a.txt", 5), desk.files, str(desk.root / "rg"))
    assert [hit.line for hit in hits] == [1]
    assert not list(desk.root.rglob("ran"))


async def test_notes_questions_and_control_tools_answer_in_one_line(make_desk) -> None:
    desk = make_desk({})
    noted = await desk.call("note", '{"section": "decisions", "text": " use  sqlite ", "why": "no server"}')
    assert (noted.text, noted.facts[0].text, noted.facts[0].why) == ("noted", "use sqlite", "no server")
    desk.answers.append("tabs")
    asked = await desk.call("ask", json.dumps({"question": "tabs or spaces?", "choices": ["tabs", "spaces"]}))
    assert (asked.text, asked.facts[0].answer) == ("tabs", "tabs")
    with pytest.raises(ToolError):
        await desk.call("ask", '{"question": "anyone?"}')
    assert (await desk.call("route", '{"action": "edit", "confidence": 0.7}')).line == "route edit 0.70"
    assert (await desk.call("escalate", '{"reason": "hard"}')).ok
    assert (await desk.call("finish", '{"summary": "done\\nall"}')).line == "finish  done all"
