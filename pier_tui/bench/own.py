"""Our own suite: twenty tasks on the sample repository, each with checks of its own that the agent never sees.

The sample has two planted bugs; tasks about something else start from a tree where both are mended, those about
another bug plant that one. Questions are to be answered in a file, because only the final tree is judged.
"""

from __future__ import annotations

from collections.abc import Iterator

from pier_tui.bench.task import PYTHON, Check, Kind, Task, Tree
from pier_tui.repo.sample import sample_files

BULK = ("shop/discounts.py", "quantity > BULK_QUANTITY", "quantity >= BULK_QUANTITY")
CANCEL = ("shop/orders.py", "self.inventory.re_stock(", "self.inventory.restock(")
ANSWER = "answer.txt"
Change = tuple[str, str, str]


def own() -> Iterator[Task]:
    """All tasks, always in the same order."""
    yield from _bugs()
    yield from _renames()
    yield from _refactorings()
    yield from _interfaces()
    yield from _questions()


def _files(*changes: Change) -> dict[str, str]:
    files = sample_files()
    for path, old, new in changes:
        assert old in files[path], f"the sample has no {old!r} in {path}"
        files[path] = files[path].replace(old, new)
    return files


MENDED = (BULK, CANCEL)


def _task(
    name: str,
    kind: Kind,
    request: str,
    test: str,
    *,
    may_change: tuple[str, ...] = ("shop/*.py",),
    most_lines: int = 40,
    changes: tuple[Change, ...] = MENDED,
    suite_passes: bool = True,
) -> Task:
    """A task; `test` is the body of a hidden test function, and the project's own tests have to pass as well."""
    body = "".join(f"        {line}\n" if line else "\n" for line in test.strip("\n").split("\n"))
    module = f"import unittest\n\n\nclass Hidden(unittest.TestCase):\n    def test_it(self):\n{body}"
    checks = [Check(argv=(PYTHON, "-m", "unittest", "-q", "hidden_check"), hidden={"hidden_check.py": module})]
    if suite_passes:
        checks.append(Check(argv=(PYTHON, "-m", "unittest", "-q")))
    return Task(
        id=f"own/{name}",
        suite="own",
        kind=kind,
        request=request,
        tree=Tree(files=_files(*changes)),
        checks=tuple(checks),
        may_change=may_change,
        most_lines=most_lines,
    )


def _bugs() -> Iterator[Task]:
    yield _task(
        "bulk-discount",
        "bug",
        "The test tests/test_pricing.py fails. Please fix the bug.",
        "from shop.cart import parse_cart\nfrom shop.discounts import bulk_discount\n"
        "self.assertEqual([bulk_discount(parse_cart([f'tea:{n}'])) for n in (9, 10, 11)], [0, 675, 743])",
        changes=(CANCEL,),
        may_change=("shop/discounts.py",),
        most_lines=6,
    )
    yield _task(
        "cancel",
        "bug",
        "Cancelling an order crashes: tests/test_orders.py fails. Please fix it.",
        "from shop.cart import parse_cart\nfrom shop.inventory import Inventory\nfrom shop.orders import OrderBook\n"
        "stock = Inventory({'tea': 9, 'mug': 4})\nbook = OrderBook(stock)\n"
        "book.cancel(book.place(parse_cart(['tea:3', 'mug'])).number)\n"
        "self.assertEqual(stock.stock, {'tea': 9, 'mug': 4})",
        changes=(BULK,),
        may_change=("shop/orders.py", "shop/inventory.py"),
        most_lines=6,
    )
    yield _task(
        "both-bugs",
        "bug",
        "Some tests fail. Please fix all the bugs.",
        "from shop.cart import parse_cart\nfrom shop.discounts import bulk_discount\n"
        "from shop.inventory import Inventory\nfrom shop.orders import OrderBook\n"
        "self.assertEqual(bulk_discount(parse_cart(['mug:10'])), 1800)\nstock = Inventory({'tea': 9})\n"
        "book = OrderBook(stock)\nbook.cancel(book.place(parse_cart(['tea:3'])).number)\n"
        "self.assertEqual(stock.available('tea'), 9)",
        changes=(),
        may_change=("shop/discounts.py", "shop/orders.py", "shop/inventory.py"),
        most_lines=10,
    )
    yield _task(
        "free-delivery",
        "bug",
        "The test tests/test_pricing.py fails. Please fix the bug.",
        "from shop.pricing import delivery_cost\n"
        "self.assertEqual([delivery_cost(p, 500) for p in (4999, 5000, 5001)], [390, 0, 0])",
        changes=(*MENDED, ("shop/pricing.py", "paid >= FREE", "paid > FREE")),
        may_change=("shop/pricing.py",),
        most_lines=6,
    )
    yield _task(
        "weight",
        "bug",
        "The test tests/test_cart.py fails. Please fix the bug.",
        "from shop.cart import parse_cart\nself.assertEqual(parse_cart(['mug:3', 'kettle']).weight(), 2540)",
        changes=(*MENDED, ("shop/cart.py", "product.weight_grams * quantity", "product.weight_grams + quantity")),
        may_change=("shop/cart.py",),
        most_lines=6,
    )
    yield _task(
        "report-two-places",
        "bug",
        "The tests in tests/test_report.py fail. Please fix the bugs.",
        "from shop.cart import parse_cart\nfrom shop.inventory import Inventory\nfrom shop.orders import OrderBook\n"
        "from shop.report import revenue, units_sold\nbook = OrderBook(Inventory({'tea': 9}))\n"
        "kept, gone = book.place(parse_cart(['tea:2'])), book.place(parse_cart(['tea']))\nbook.cancel(gone.number)\n"
        "self.assertEqual((units_sold(book)['tea'], revenue(book)), (2, kept.quote.total))",
        changes=(
            *MENDED,
            (
                "shop/report.py",
                "        if not order.cancelled:\n            sold",
                "        if order.cancelled:\n            sold",
            ),
            ("shop/pricing.py", "self.goods - self.discount + self.tax", "self.goods + self.discount + self.tax"),
        ),
        may_change=("shop/report.py", "shop/pricing.py"),
        most_lines=10,
    )
    yield _task(
        "untested-cents",
        "bug",
        "fmt in shop/money.py prints 5 cents as 0.5 instead of 0.05; please fix the bug and add a test for it.",
        "import unittest\nfrom shop.money import fmt\n"
        "self.assertEqual([fmt(n) for n in (5, 1250, -5)], ['0.05', '12.50', '-0.05'])",
        changes=(*MENDED, ("shop/money.py", "% 100:02d}", "% 100}")),
        may_change=("shop/money.py", "tests/test_*.py"),
    )


def _renames() -> Iterator[Task]:
    gone = (
        "import pathlib, re\ntext = ''.join(p.read_text() for d in ('shop', 'tests') "
        "for p in pathlib.Path(d).glob('*.py'))\n"
    )
    yield _task(
        "rename-calc",
        "rename",
        "Rename the function calc to price_cart everywhere",
        gone + "self.assertFalse(re.search(r'\\bcalc\\b', text))\nfrom shop.pricing import price_cart\n"
        "from shop.cart import parse_cart\nself.assertEqual(price_cart(parse_cart(['tea'])).goods, 450)",
        may_change=("shop/*.py", "tests/*.py"),
    )
    yield _task(
        "rename-method",
        "rename",
        "Rename the method reserve of Inventory to take_out everywhere",
        gone + "self.assertFalse(re.search(r'\\.reserve\\b|def reserve', text))\nfrom shop.inventory import Inventory\n"
        "from shop.cart import parse_cart\nstock = Inventory({'tea': 3})\nstock.take_out(parse_cart(['tea']))\n"
        "self.assertEqual(stock.available('tea'), 2)",
        may_change=("shop/*.py", "tests/*.py"),
        most_lines=8,
    )
    yield _task(
        "rename-class",
        "rename",
        "Rename the class UnknownProduct to NotSold everywhere",
        gone
        + "self.assertNotIn('UnknownProduct', text)\nfrom shop.errors import NotSold\nfrom shop.catalogue import find\n"
        "with self.assertRaises(NotSold):\n    find('sofa')",
        may_change=("shop/*.py", "tests/*.py"),
        most_lines=16,
    )
    yield _task(
        "rename-parameter",
        "rename",
        "Rename the parameter limit of low to at_most",
        "from shop.inventory import Inventory\nself.assertEqual(Inventory({'a': 2, 'b': 5}).low(at_most=2), ['a'])\n"
        "import inspect\nself.assertEqual(list(inspect.signature(Inventory.low).parameters), ['self', 'at_most'])",
        may_change=("shop/inventory.py",),
        most_lines=8,
    )


def _refactorings() -> Iterator[Task]:
    yield _task(
        "move-describe-weight",
        "refactor",
        "Move the function describe_weight from shop/orders.py to shop/money.py",
        "import pathlib\nfrom shop.money import describe_weight\n"
        "self.assertEqual(describe_weight(1400), '1.4 kg')\n"
        "self.assertNotIn('def describe_weight', pathlib.Path('shop/orders.py').read_text())\n"
        "import shop.cli, shop.report",
        may_change=("shop/*.py", "tests/test_orders.py"),
    )
    yield _task(
        "move-percent-of",
        "refactor",
        "Move the function percent_of from shop/money.py to shop/rounding.py",
        "import pathlib\nfrom shop.rounding import percent_of\nself.assertEqual(percent_of(205, 10), 21)\n"
        "self.assertNotIn('def percent_of', pathlib.Path('shop/money.py').read_text())\n"
        "import shop.pricing, shop.discounts",
        may_change=("shop/*.py",),
    )
    yield _task(
        "split-pricing",
        "refactor",
        "Move tax_on and delivery_cost with their constants out of shop/pricing.py into a new module shop/charges.py, "
        "and add a function charges(cart, paid) there that returns tax and delivery as a pair; calc must use it.",
        "import inspect\nfrom shop import charges, pricing\nfrom shop.cart import parse_cart\n"
        "cart = parse_cart(['mug'])\n"
        "self.assertEqual(charges.charges(cart, 1200), (240, 390))\nself.assertEqual(charges.TAX_PERCENT, 20)\n"
        "self.assertIn('charges(', inspect.getsource(pricing.calc))\n"
        "self.assertNotIn('def tax_on', inspect.getsource(pricing))",
        may_change=("shop/*.py", "tests/test_pricing.py"),
        most_lines=70,
    )


def _interfaces() -> Iterator[Task]:
    yield _task(
        "add-parameter",
        "api",
        "Add a parameter express: bool = False to delivery_cost",
        "import inspect\nfrom shop.pricing import delivery_cost\n"
        "self.assertEqual(inspect.signature(delivery_cost).parameters['express'].default, False)\n"
        "self.assertEqual(delivery_cost(100, 500, express=False), 390)",
        may_change=("shop/pricing.py",),
        most_lines=8,
    )
    yield _task(
        "swap-parameters",
        "api",
        "Swap the parameters paid and grams of delivery_cost",
        "import inspect\nfrom shop.pricing import calc, delivery_cost\nfrom shop.cart import parse_cart\n"
        "self.assertEqual(list(inspect.signature(delivery_cost).parameters)[:2], ['grams', 'paid'])\n"
        "self.assertEqual(delivery_cost(2000, 5000), 0)\nself.assertEqual(calc(parse_cart(['kettle'])).delivery, 690)",
        may_change=("shop/pricing.py", "tests/test_pricing.py"),
        most_lines=12,
    )
    yield _task(
        "two-codes",
        "api",
        "Let a cart be priced with several codes: calc and OrderBook.place take any number of "
        "codes after the cart, the "
        "percentages add up, 20 percent at most. A call with one code or with None goes on working.",
        "from shop.cart import parse_cart\nfrom shop.pricing import calc\ncart = parse_cart(['mug:2'])\n"
        "self.assertEqual(calc(cart, 'SPRING10', 'FRIEND5').discount, 360)\n"
        "self.assertEqual(calc(cart, None).discount, 0)\n"
        "self.assertEqual(calc(cart).discount, 0)\n"
        "self.assertEqual(calc(cart, 'SPRING10', 'SPRING10', 'FRIEND5').discount, 480)",
        may_change=("shop/*.py", "tests/*.py"),
        most_lines=60,
    )
    yield _task(
        "docstrings",
        "document",
        "Add missing docstrings to shop/cart.py",
        "import ast, pathlib\ntree = ast.parse(pathlib.Path('shop/cart.py').read_text())\n"
        "nodes = [n for n in ast.walk(tree) if isinstance(n, (ast.FunctionDef, ast.ClassDef))]\n"
        "self.assertEqual([n.name for n in nodes if not ast.get_docstring(n)], [])",
        changes=(
            *MENDED,
            ("shop/cart.py", '        """Yield each product with its quantity."""\n', ""),
            ("shop/cart.py", '        """Return the weight of everything in grams."""\n', ""),
        ),
        may_change=("shop/cart.py",),
        most_lines=8,
    )


def _questions() -> Iterator[Task]:
    read = f"import pathlib\nsaid = pathlib.Path('{ANSWER}').read_text().strip()\n"
    ask = f" Write only that into the file {ANSWER} and change nothing else."
    yield _task(
        "where-used",
        "inspect",
        "Which files under shop/ import percent_of? One path a line, sorted." + ask,
        read + "self.assertEqual(said.split(), ['shop/discounts.py', 'shop/pricing.py'])",
        may_change=(ANSWER,),
        most_lines=4,
    )
    yield _task(
        "explain-total",
        "explain",
        "What is the total in cents of a cart of two kettles with the code FRIEND5? The number." + ask,
        read + "from shop.cart import parse_cart\nfrom shop.pricing import calc\n"
        "self.assertEqual(said, str(calc(parse_cart(['kettle:2']), 'FRIEND5').total))",
        may_change=(ANSWER,),
        most_lines=2,
    )
