from __future__ import annotations

import json

import pytest

from pier_tui.errors import EditError, ToolError
from pier_tui.tools.text import digest

APP = "class A:\n    @property\n    def f(self):\n        return 1\n\n\ndef g(x):\n    return x + 1\n"


async def test_an_edit_is_proposed_and_nothing_is_written(make_desk) -> None:
    desk = make_desk({"app.py": APP})
    result = await desk.call("edit", '{"path": "app.py", "old": "x + 1", "new": "x + 2"}')
    assert result.text == "edited app.py  +1 -1\n-8\t    return x + 1\n+8\t    return x + 2\nsyntax ok"
    assert result.changed == ("app.py",)
    assert (desk.root / "app.py").read_text() == APP
    assert desk.files.read("app.py") == APP.replace("x + 1", "x + 2").encode()
    assert result.facts[0].content_hash == digest(desk.files.read("app.py"))


async def test_an_edit_that_breaks_python_is_not_made(make_desk) -> None:
    desk = make_desk({"app.py": APP})
    with pytest.raises(EditError, match="syntax error line 7") as caught:
        await desk.call("edit", '{"path": "app.py", "old": "def g(x):", "new": "def g(x:"}')
    assert caught.value.kind == "syntax"
    assert "7\tdef g(x:" in str(caught.value)
    assert desk.files.changed() == ()


async def test_a_broken_file_may_be_mended_step_by_step(make_desk) -> None:
    desk = make_desk({"app.py": "def f(:\n    pass\ndef g(:\n    pass\n", "x.json": "{}"})
    first = await desk.call("edit", '{"path": "app.py", "old": "def f(:", "new": "def f():"}')
    assert first.text.endswith("(the edit stands)")
    second = await desk.call("edit", '{"path": "app.py", "old": "def g(:", "new": "def g():"}')
    assert second.text.endswith("syntax ok")
    assert "syntax error line 1" in (await desk.call("edit", '{"path": "x.json", "old": "{}", "new": "{"}')).text


async def test_a_tolerant_match_says_so_and_shows_what_it_did(make_desk) -> None:
    desk = make_desk({"app.py": APP})
    raw = json.dumps({"path": "app.py", "old": "def f(self):\n    return 1\n", "new": "def f(self):\n    return 2\n"})
    result = await desk.call("edit", raw)
    assert "ignoring indentation" in result.text
    assert "+4\t        return 2" in result.text


async def test_bytes_that_are_no_text_and_line_endings_survive_an_edit(make_desk) -> None:
    desk = make_desk({"a.txt": b"caf\xe9\r\ntwo\r\nthree"})
    await desk.call("edit", '{"path": "a.txt", "old": "two\\n", "new": "2\\n2.5\\n"}')
    assert desk.files.read("a.txt") == b"caf\xe9\r\n2\r\n2.5\r\nthree"


async def test_an_empty_old_makes_a_new_file_but_never_fills_another(make_desk) -> None:
    desk = make_desk({"app.py": APP})
    assert (await desk.call("edit", '{"path": "n.py", "old": "", "new": "x = 1\\n"}')).text.startswith("created n.py")
    with pytest.raises(EditError, match="old is empty"):
        await desk.call("edit", '{"path": "app.py", "old": "", "new": "x = 1\\n"}')


@pytest.mark.parametrize("path", ["../x.py", ".git/config", "a/../../x"])
async def test_nothing_is_written_outside_the_repository(make_desk, path: str) -> None:
    desk = make_desk({"app.py": APP})
    for name, more in (("write", {"content": "x"}), ("edit", {"old": "", "new": "x"})):
        with pytest.raises(ToolError):
            await desk.call(name, json.dumps({"path": path, **more}))
    with pytest.raises(ToolError):
        await desk.call("move", json.dumps({"path": "app.py", "to": path}))
    assert desk.files.changed() == ()


async def test_a_leading_slash_means_the_repository(make_desk) -> None:
    desk = make_desk({})
    assert (await desk.call("write", '{"path": "/etc/x.py", "content": "x = 1\\n"}')).changed == ("etc/x.py",)
    assert desk.files.changed() == ("etc/x.py",)


async def test_write_keeps_the_line_endings_of_the_file_it_replaces(make_desk) -> None:
    desk = make_desk({"a.txt": b"x\r\ny\r\n"})
    await desk.call("write", '{"path": "a.txt", "content": "x\\nz\\n"}')
    assert desk.files.read("a.txt") == b"x\r\nz\r\n"
    with pytest.raises(EditError, match="already reads"):
        await desk.call("write", '{"path": "a.txt", "content": "x\\nz\\n"}')


async def test_delete_and_move_are_proposals_too(make_desk) -> None:
    desk = make_desk({"a.sh": "#!/bin/sh\n", "b.txt": "b\n"})
    (desk.root / "a.sh").chmod(0o755)
    moved = await desk.call("move", '{"path": "a.sh", "to": "bin/a.sh"}')
    assert moved.changed == ("a.sh", "bin/a.sh")
    assert desk.files.diff("bin/a.sh").new_mode == "100755"
    assert (await desk.call("delete", '{"path": "b.txt"}')).facts[0].role == "deleted"
    assert not desk.files.exists("b.txt")
    assert (desk.root / "b.txt").exists()
    desk.files.write("c.txt", b"")
    with pytest.raises(ToolError, match="exists already"):
        await desk.call("move", '{"path": "bin/a.sh", "to": "c.txt"}')


async def test_a_function_is_replaced_by_name_and_keeps_its_decorators(make_desk) -> None:
    desk = make_desk({"app.py": APP})
    result = await desk.call(
        "replace_function", json.dumps({"path": "app.py", "symbol": "A.f", "source": "def f(self):\n    return 2"})
    )
    assert desk.files.read("app.py") == APP.replace("return 1", "return 2").encode()
    assert result.text.endswith("syntax ok")
    with pytest.raises(ToolError, match=r"the file defines: A, A\.f, g"):
        await desk.call("replace_function", json.dumps({"path": "app.py", "symbol": "h", "source": "def h(): pass"}))


async def test_a_rename_follows_scopes(make_desk) -> None:
    desk = make_desk({"app.py": "def g(x):\n    return x\n\n\ndef h(g):\n    return g\n\n\nprint(g(1), 'g')\n"})
    await desk.call("rename_symbol", '{"path": "app.py", "old": "g", "new": "plus"}')
    assert desk.files.read("app.py").decode() == (
        "def plus(x):\n    return x\n\n\ndef h(g):\n    return g\n\n\nprint(plus(1), 'g')\n"
    )
