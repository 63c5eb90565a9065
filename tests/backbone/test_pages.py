from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pier_tui.backbone.pages import Page, choose, pages_text
from pier_tui.backbone.prefix import Tail, append, render
from pier_tui.backbone.state import Backbone
from pier_tui.models.messages import Message
from pier_tui.models.tokens import count


def said(*texts: str) -> Backbone:
    state = Backbone()
    for turn, text in enumerate(texts, start=1):
        state = append(state, turn, (Message(role="user", content=text),))
    return state


def page(name: str, words: str, turn: int = 1) -> Page:
    body = "\n".join(f"{n}\tdef {words}_{n}(): return {words}" for n in range(1, 20))
    return Page(source=f"{name} 1-19", text=body, turn=turn)


def test_pages_that_share_words_with_the_latest_turns_come_before_others() -> None:
    pages = (page("a.py", "apple"), page("b.py", "berry"), page("c.py", "cherry"))
    chosen = choose(pages, said("look at berry_7 and berry_9"), count(pages[1].text))
    assert [p.source for p in chosen] == ["b.py 1-19"]


def test_what_the_prompt_still_shows_is_not_paged_in_again() -> None:
    shown, other = page("a.py", "apple"), page("b.py", "apple")
    other = other.model_copy(update={"text": other.text.replace("return", "yield")})
    assert choose((shown, other), said(shown.text, "apple"), 10_000) == (other,)


def test_of_two_equal_pages_the_one_seen_later_wins() -> None:
    early, late = page("a.py", "apple", turn=1), page("b.py", "apple", turn=9)
    late = late.model_copy(update={"text": late.text.replace("return", "yields")})
    assert choose((early, late), said("apple"), count(late.text)) == (late,)


def test_a_page_that_says_the_same_again_gives_way_to_one_that_says_something_else() -> None:
    first, again, other = page("a.py", "apple"), page("b.py", "apple"), page("c.py", "berry")
    again = again.model_copy(update={"text": again.text.replace("return", "yields")})
    asked = said("apple_1 apple_2 apple_3 apple_4 apple_5 and berry_1 berry_2")
    budget = count(first.text) + count(again.text)
    assert {p.source[0] for p in choose((first, again, other), asked, budget)} in ({"a", "c"}, {"b", "c"})


def test_a_page_of_the_last_turns_comes_before_a_better_match_of_long_ago() -> None:
    old, new = page("a.py", "apple", turn=1), page("b.py", "berry", turn=40)
    asked = said("apple_1 apple_2 apple_3 apple_4 and berry_1 berry_2")
    assert choose((old, new), asked, count(new.text)) == (new,)


def test_pages_stand_before_now_and_only_in_what_the_tail_says() -> None:
    text = pages_text((page("a.py", "apple"),))
    prefix = render(Backbone(), "strong", "h", (), Tail(pages=text))
    assert prefix.messages[-1].content.startswith("<pages>\na.py 1-19\n1\tdef apple_1()")
    assert [s.name for s in prefix.segments][-2:] == ["pages", "now"]
    assert not prefix.segments[-2].stable
    assert prefix.stable == render(Backbone(), "strong", "h", (), Tail()).stable


@given(st.lists(st.text(alphabet="abc_ \n", min_size=1, max_size=80), max_size=12), st.integers(0, 60))
def test_pages_never_pass_the_budget_and_keep_their_order(texts: list[str], budget: int) -> None:
    pages = tuple(Page(source=f"f{n}", text=t, turn=n) for n, t in enumerate(texts))
    chosen = choose(pages, said("abc"), budget)
    assert sum(count(p.text) for p in chosen) <= budget
    places = [pages.index(p) for p in chosen]
    assert places == sorted(places)
