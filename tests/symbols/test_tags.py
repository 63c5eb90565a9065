from __future__ import annotations

import pytest

from pier_tui.symbols.tags import MOST_BYTES, definitions, tags

PYTHON = """\
from y import Z as Q
LIMIT = 3
@deco
class A(B):
    def f(self, n: int) -> T:
        return go(self.h)
"""
JAVASCRIPT = """\
import D, {E} from 'x';
export class A {
  m() { return new Q(go(x.y())); }
}
export const f = async (a) => 3;
function* g() {}
"""
TYPESCRIPT = """\
export abstract class A implements I {}
interface I { x: T }
export type U<T> = X<T>;
const enum K { A }
function h(a: Foo<Bar>): void {}
"""
GO = "package x\nfunc Go(a B) {}\nfunc (s *S) M() { s.q(); fmt.Println() }\ntype S struct {}\n"
RUST = "pub struct A<T>{x:B}\nimpl<T> A<T> { pub fn f(&self) { g::h(); self.q(); } }\ntrait T { fn z(); }\nmod k;\n"
JAVA = "class A extends B {\n  int f(C c) { return new D().g(); }\n  A() {}\n}\ninterface I {}\nrecord R(int a) {}\n"
C = "#define M 1\nstruct s { int a; };\ntypedef struct t t_t;\nstatic int *f(struct s *x) {\n return g(x->h(1));\n}\n"
CPP = "namespace n { class A { void m(); }; }\nvoid n::A::k() { n::q(); }\n"
RUBY = "module M\n class A < B\n  def f?(x); g(x); end\n  def self.h; end\n end\nend\n"
SHELL = "function a() { b; }\nc() { d | e; }\n"
TSX = "export default function App() {\n  return <div/>;\n}\n"


@pytest.mark.parametrize(
    ("path", "text", "defined", "mentioned"),
    [
        ("a.py", PYTHON, "2 name LIMIT, 4 class A, 5 function f", "B T Z deco go h"),
        ("a.js", JAVASCRIPT, "2 class A, 3 method m, 5 function f, 6 function g", "D E Q go y"),
        ("a.ts", TYPESCRIPT, "1 class A, 2 interface I, 3 type U, 4 enum K, 5 function h", "Bar I T"),
        ("a.tsx", TSX, "1 function App", ""),
        ("a.go", GO, "2 function Go, 3 function M, 4 type S", "B Println S q"),
        ("a.rs", RUST, "1 type A, 2 impl A, 2 function f, 3 type T, 3 function z, 4 type k", "A B T h q"),
        ("a.java", JAVA, "1 type A, 2 method f, 3 method A, 5 type I, 6 type R", "B C D g"),
        ("a.c", C, "1 macro M, 2 type s, 3 type t_t, 4 function f", "g h s"),
        ("a.cpp", CPP, "1 type A, 1 function m, 1 type n, 2 function k", "q"),
        ("a.rb", RUBY, "1 class M, 2 class A, 3 method f?, 4 method h", "A B g"),
        ("a.sh", SHELL, "1 function a, 2 function c", "b d e"),
    ],
)
def test_definitions_and_mentions_are_read_in_every_language(
    path: str, text: str, defined: str, mentioned: str
) -> None:
    found = tags(path, text.encode())
    assert ", ".join(f"{d.line} {d.kind} {d.name}" for d in found.definitions) == defined
    assert set(mentioned.split()) <= set(found.mentions)


def test_words_in_comments_and_strings_are_no_mentions() -> None:
    assert set(tags("a.py", b"# ghost()\nx = 'ghost()'\nreal()\n").mentions) == {"real"}


def test_a_broken_file_gives_what_can_be_read_around_the_error() -> None:
    broken = b"def f():\n    return 1\n\ndef g(:\n    pass\n\ndef h():\n    pass\n"
    assert {"f", "h"} <= {d.name for d in tags("a.py", broken).definitions}


def test_an_unknown_language_has_no_definitions_and_a_huge_file_is_left_out() -> None:
    assert definitions("notes.txt", b"def f(): pass") is None
    assert definitions("big.py", b"x = 1\n" * MOST_BYTES) == ()
