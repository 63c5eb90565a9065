from __future__ import annotations

import random
import subprocess
import sys

from pier_tui.backbone.symbol_map import lines_of
from pier_tui.models.tokens import count
from pier_tui.symbols.ranking import rank, words
from pier_tui.symbols.tags import Tags, tags

CART = """\
from shop.prices import discounted
class ShoppingCart:
    def total(self):
        return discounted(1)
"""
SHOP = {
    "shop/cart.py": CART,
    "shop/prices.py": "def discounted(amount):\n    return _rounded(amount)\ndef _rounded(x):\n    return x\n",
    "shop/mail.py": "def send_letter(to):\n    return to\n",
    "shop/users.py": "from shop.mail import send_letter\ndef register_user(name):\n    send_letter(name)\n",
    "docs/conf.py": "project = 'shop'\n",
}


def read(files: dict[str, str]) -> dict[str, Tags]:
    return {path: tags(path, text.encode()) for path, text in files.items()}


def first(request: str, seen: tuple[str, ...] = ()) -> str:
    return rank(read(SHOP), request, seen)[0].path


def test_what_the_request_names_comes_first() -> None:
    assert first("ShoppingCart.total is wrong") == "shop/cart.py"
    assert first("register_user sends nothing") == "shop/users.py"


def test_plain_words_find_the_names_made_of_them() -> None:
    assert first("sending letters is slow") == "shop/mail.py"
    assert words("sendLetter send_letter SENDING") == {"send", "letter"}


def test_a_path_that_is_said_in_full_comes_first() -> None:
    assert first("look at docs/conf.py, not at the ShoppingCart") == "docs/conf.py"


def test_what_a_seen_file_mentions_is_lifted() -> None:
    plain = [r.definition.name for r in rank(read(SHOP), "it fails")]
    lifted = [r.definition.name for r in rank(read(SHOP), "it fails", ("shop/cart.py",))]
    assert plain.index("send_letter") < plain.index("discounted")
    assert lifted.index("discounted") < lifted.index("send_letter")


def test_a_private_or_common_name_weighs_less_than_a_telling_one() -> None:
    user = "from a import _hidden_name, helpful_name, run\n_hidden_name(helpful_name(run()))\n"
    files = {
        "user.py": user,
        "a.py": "def _hidden_name(): pass\ndef helpful_name(): pass\ndef run(): pass\n",
        **{f"m{n}.py": "def run(): pass\n" for n in range(7)},
    }
    found = [r.definition.name for r in rank(read(files), "")]
    assert found.index("helpful_name") < found.index("_hidden_name")
    assert found.index("helpful_name") < found.index("run")


def test_the_order_files_are_given_in_changes_nothing() -> None:
    files = list(read(SHOP).items())
    expected = rank(dict(files), "total of the cart", ("shop/users.py", "shop/mail.py"))
    random.Random(3).shuffle(files)
    assert rank(dict(files), "total of the cart", ("shop/mail.py", "shop/users.py")) == expected


def test_the_hash_seed_of_the_process_changes_nothing() -> None:
    code = (
        "import runpy; m = runpy.run_path('tests/symbols/test_ranking.py')\n"
        "ask, seen = 'total of the cart, mail letters, prices', ('shop/users.py', 'shop/mail.py')\n"
        "print(m['rank'](m['read'](m['SHOP']), ask, seen))"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."},
            check=True,
            capture_output=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1
    assert b"ShoppingCart" in said.pop()


def test_nothing_comes_of_nothing() -> None:
    assert rank({}, "anything") == []
    assert lines_of([], 500) == ()


def test_a_slice_keeps_to_its_budget_and_names_lines_in_order() -> None:
    files = {f"pkg/mod_{n}.py": "\n".join(f"def part_{n}_{k}(): pass" for k in range(9)) for n in range(40)}
    for budget in (30, 100, 400):
        lines = lines_of(rank(read(files), "part 3 of mod 7"), budget)
        assert lines
        assert count("\n".join(lines)) <= budget
    assert lines_of(rank(read(SHOP), "ShoppingCart total"), 400)[0] == "shop/cart.py: ShoppingCart (2), total (3)"
