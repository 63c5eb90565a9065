from __future__ import annotations

from pier_tui.tools.output import Failure, Frame, compiler_errors, parse_tests, traceback_error
from pier_tui.tools.run_tests import checks, scope
from pier_tui.tools.tool import CheckFailed, CheckPassed
from pier_tui.tools.tracing_tests import ranges

PYTEST = """\
F.E                                                                      [100%]
==================================== ERRORS ====================================
_______________________ ERROR at setup of TestB.test_two _______________________
tests/test_b.py:9: in fixture
    raise OSError("no disk")
E   OSError: no disk
=================================== FAILURES ===================================
_______________________________ test_one[a::b-1] _______________________________
tests/test_a.py:5: in test_one
    assert app.total(x) == 2
app.py:12: in total
    return sum(items)
/usr/lib/python3.11/x.py:3: in deep
    raise TypeError
E   TypeError: unsupported operand type(s) for +: 'int' and 'str', which is a long message
=========================== short test summary info ============================
FAILED tests/test_a.py::test_one[a::b-1] - TypeError: unsupported operand t...
ERROR tests/test_b.py::TestB::test_two - OSError: no disk
1 failed, 1 passed, 2 skipped, 1 error in 0.12s
"""

UNITTEST = """\
F.E
======================================================================
ERROR: test_boom (test_app.T.test_boom)
Doc of the test.
----------------------------------------------------------------------
Traceback (most recent call last):
  File "tests/test_app.py", line 8, in test_boom
    app.boom()
  File "app.py", line 2, in boom
    return 1 / 0
           ~~^~~
ZeroDivisionError: division by zero

======================================================================
FAIL: test_g (test_app.T) (x=1)
----------------------------------------------------------------------
Traceback (most recent call last):
  File "tests/test_app.py", line 4, in test_g
    self.assertEqual(app.g(1), 2)
AssertionError: 3 != 2

----------------------------------------------------------------------
Ran 4 tests in 0.001s

FAILED (failures=1, errors=1, skipped=1)
"""


def test_pytest_output_is_read() -> None:
    report = parse_tests(PYTEST, "pytest")
    assert report.counts == "1 passed, 1 failed, 1 errors"
    assert report.skipped == 2
    message = "TypeError: unsupported operand type(s) for +: 'int' and 'str', which is a long message"
    frames = (Frame("tests/test_a.py", 5), Frame("app.py", 12))
    assert report.failures == (
        Failure("tests/test_a.py::test_one[a::b-1]", message, frames),
        Failure("tests/test_b.py::TestB::test_two", "OSError: no disk", (Frame("tests/test_b.py", 9),), "ERROR"),
    )


def test_colours_do_not_matter() -> None:
    assert parse_tests("\x1b[31m" + PYTEST.replace("1 failed", "\x1b[1m1 failed\x1b[0m"), "pytest").failed == 1


def test_unittest_output_is_read_whatever_the_version() -> None:
    report = parse_tests(UNITTEST, "unittest")
    assert report.counts == "1 passed, 1 failed, 1 errors"
    frames = (Frame("tests/test_app.py", 8), Frame("app.py", 2))
    assert report.failures == (
        Failure("test_app.T.test_boom", "ZeroDivisionError: division by zero", frames, "ERROR"),
        Failure("test_app.T.test_g (x=1)", "AssertionError: 3 != 2", (Frame("tests/test_app.py", 4),)),
    )


def test_a_clean_run_and_a_broken_one_are_told_apart() -> None:
    assert parse_tests("....\n4 passed in 0.01s\n", "pytest").passed == 4
    assert parse_tests("Ran 3 tests in 0.1s\n\nOK\n", "unittest").counts == "3 passed, 0 failed, 0 errors"
    assert not parse_tests("No module named pytest\n", "pytest").known
    assert parse_tests("no tests ran in 0.01s\n", "pytest").passed == 0


def test_other_runners_are_read_as_far_as_they_tell() -> None:
    go = "=== RUN TestX\n--- FAIL: TestX (0.00s)\n    x_test.go:12: got 3\n--- PASS: TestY (0.00s)\nFAIL\n"
    report = parse_tests(go)
    assert [(f.id, f.frames) for f in report.failures] == [("TestX", (Frame("x_test.go", 12),))]
    cargo = "test tests::adds ... FAILED\n\ntest result: FAILED. 3 passed; 1 failed; 0 ignored\n"
    assert (parse_tests(cargo).passed, parse_tests(cargo).failed) == (3, 1)
    assert parse_tests(PYTEST).failed == 1
    assert parse_tests(UNITTEST).errors == 1


def test_compilers_and_tracebacks_are_read() -> None:
    assert compiler_errors("src/a.c:3:5: error: expected ';'\nnote: x\n") == (("expected ';'", Frame("src/a.c", 3)),)
    assert compiler_errors("a.py:7: error: Missing return\n/usr/include/x.h:1:1: error: y\n") == (
        ("Missing return", Frame("a.py", 7)),
    )
    found = traceback_error(
        'Traceback (most recent call last):\n  File "x.py", line 2, in f\n    g()\nValueError: no\n'
    )
    assert found == ("ValueError: no", Frame("x.py", 2))
    assert traceback_error("all is well") is None


def test_a_finished_run_closes_what_it_no_longer_reports() -> None:
    failing = checks(parse_tests(PYTEST, "pytest"), "pytest", "", 1)
    assert failing[0] == CheckPassed(prefixes=("tests/",))
    assert [fact.signature for fact in failing[1:] if isinstance(fact, CheckFailed)] == [
        "tests/test_a.py::test_one[a::b-1]",
        "tests/test_b.py::TestB::test_two",
    ]
    assert isinstance(failing[1], CheckFailed)
    assert (failing[1].path, failing[1].line) == ("app.py", 12)
    passing = parse_tests("4 passed in 0.01s\n", "pytest")
    assert checks(passing, "pytest", "", 0) == (CheckPassed(prefixes=("",)),)
    assert checks(passing, "pytest", "tests/test_a.py::test_one", 0) == (
        CheckPassed(prefixes=("tests/test_a.py::test_one",)),
    )


def test_a_run_closes_only_what_it_was_asked_for() -> None:
    pytest_argv = ("python", "-m", "pytest")
    assert scope("pytest", pytest_argv, "") == ""
    assert scope("pytest", (*pytest_argv, "tests/a.py::T"), "tests.a.T") == "tests/a.py::T"
    assert scope("pytest", (*pytest_argv, "-k", "word"), "word") is None
    unittest_argv = ("python", "-m", "unittest")
    assert scope("unittest", (*unittest_argv, "discover", "-s", "t", "-p", "test_a.py"), "t/test_a.py") == "test_a"
    assert scope("unittest", (*unittest_argv, "tests.a.T"), "tests.a.T") == "tests.a.T"
    assert checks(parse_tests("4 passed in 0.01s\n", "pytest"), "pytest", None, 0) == ()


def test_a_run_that_broke_off_closes_nothing() -> None:
    assert not any(isinstance(fact, CheckPassed) for fact in checks(parse_tests(PYTEST, "pytest"), "pytest", "", None))
    assert checks(parse_tests("no tests ran in 0.01s", "pytest"), "pytest", "", 5) == ()


def test_line_numbers_are_folded_into_ranges() -> None:
    assert ranges([1, 2, 3, 7, 9, 10]) == "1-3,7,9-10"
    assert ranges([]) == ""
