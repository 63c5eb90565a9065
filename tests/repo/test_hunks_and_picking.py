from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pier_tui.errors import PatchError
from pier_tui.repo.diff import FileDiff, HunkPick, Patch
from pier_tui.repo.making import SMALL, decode, diff_bytes, diff_text, encode, opcodes
from pier_tui.repo.patch import apply_hunks, format_patch, is_nothing, parse, reverse, select, without
from pier_tui.repo.rebase import merge

LINES = st.lists(
    st.sampled_from([b"a\n", b"b\n", b"c\r\n", b"\n", b"\xff\n", b"d\xc3\xa9\n", b"\x0cx\x0b\n"]), max_size=14
)
TAILS = st.sampled_from([b"", b"end", b"\xef\xbb\xbf", b"\r"])
CONTENT = st.builds(lambda lines, tail: b"".join(lines) + tail, LINES, TAILS)


def patched(old: bytes, file: FileDiff, *, exact: bool = True) -> bytes:
    return encode(apply_hunks(decode(old), file.hunks, exact=exact))


def whole(file: FileDiff) -> tuple[HunkPick, ...]:
    return tuple(HunkPick(path=file.path, hunk=h.id) for h in file.hunks)


@settings(max_examples=60, deadline=None)
@given(CONTENT, CONTENT, st.integers(0, 4))
def test_a_made_diff_leads_from_old_to_new_and_back(old: bytes, new: bytes, context: int) -> None:
    file = diff_bytes(old, new, "f", context=context)
    assert patched(old, file) == new
    back = reverse(Patch(files=(file,))).files[0]
    assert patched(new, back) == old
    assert len({h.id for h in file.hunks}) == len(file.hunks)


@settings(max_examples=60, deadline=None)
@given(CONTENT, CONTENT)
def test_a_made_diff_applies_by_searching_too(old: bytes, new: bytes) -> None:
    assert patched(old, diff_bytes(old, new, "f"), exact=False) == new


@settings(max_examples=60, deadline=None)
@given(CONTENT, CONTENT)
def test_a_formatted_patch_reads_back_to_the_same(old: bytes, new: bytes) -> None:
    file = diff_bytes(old, new, "dir/na me é.txt", old_mode="100644", new_mode="100755")
    read = parse(format_patch(Patch(files=(file,))))
    assert read.files[0] == file.model_copy(update={"base_hash": None})


@settings(max_examples=60, deadline=None)
@given(CONTENT, CONTENT)
def test_selecting_everything_is_the_same_diff_and_nothing_is_nothing(old: bytes, new: bytes) -> None:
    file = diff_bytes(old, new, "f")
    assert select(file, whole(file)).hunks == file.hunks
    assert is_nothing(select(file, ()))
    assert without(file, ()).hunks == file.hunks
    assert is_nothing(without(file, whole(file)))


@settings(max_examples=150, deadline=None)
@given(CONTENT, CONTENT, st.data())
def test_selected_lines_apply_and_the_counts_are_right(old: bytes, new: bytes, data: st.DataObject) -> None:
    file = diff_bytes(old, new, "f")
    picks = []
    for hunk in file.hunks:
        changed = [i for i, line in enumerate(hunk.lines) if line.kind != " "]
        picks.append(HunkPick(path="f", hunk=hunk.id, lines=tuple(data.draw(st.sets(st.sampled_from(changed))))))
    for part in (select(file, picks), without(file, picks)):
        result = patched(old, part)
        assert result == patched(old, part, exact=False)
        for hunk in part.hunks:
            assert hunk.old_count == sum(line.kind != "+" for line in hunk.lines)
            assert hunk.new_count == sum(line.kind != "-" for line in hunk.lines)
        if part.hunks:
            again = parse(format_patch(Patch(files=(part,)))).files[0]
            assert again.hunks == part.hunks
    taken, left = select(file, picks), without(file, picks)
    if all(line.text.endswith("\n") for hunk in file.hunks for line in hunk.lines):
        assert taken.added + left.added == file.added
        assert taken.removed + left.removed == file.removed


@settings(max_examples=60, deadline=None)
@given(CONTENT, CONTENT, st.data())
def test_whole_hunks_taken_and_left_make_up_the_whole(old: bytes, new: bytes, data: st.DataObject) -> None:
    file = diff_bytes(old, new, "f")
    picks = [p for p in whole(file) if data.draw(st.booleans())]
    half = patched(old, select(file, picks))
    merged = merge(decode(old), decode(half), decode(patched(old, without(file, picks))))
    assert not merged.clashes
    assert encode(merged.text()) == new


@settings(max_examples=60, deadline=None)
@given(CONTENT, CONTENT, CONTENT)
def test_merging_keeps_both_sides_or_says_where_it_cannot(base: bytes, ours: bytes, theirs: bytes) -> None:
    texts = [decode(c) for c in (base, ours, theirs)]
    merged = merge(*texts)
    if not merged.clashes:
        assert merge(texts[0], texts[2], texts[1]).text() == merged.text()
    assert merge(texts[0], texts[1], texts[0]).text() == texts[1]
    assert merge(texts[0], texts[0], texts[2]).text() == texts[2]
    assert merge(texts[0], texts[1], texts[1]).text() == texts[1]


def test_taking_one_of_two_replaced_lines_keeps_their_order() -> None:
    file = diff_bytes(b"a\nb\n", b"A\nB\n", "f")
    first = HunkPick(path="f", hunk=file.hunks[0].id, lines=(0, 2))
    assert patched(b"a\nb\n", select(file, [first])) == b"A\nb\n"
    assert patched(b"a\nb\n", without(file, [first])) == b"a\nB\n"


def test_a_line_added_after_one_without_an_ending_gives_it_one() -> None:
    file = diff_bytes(b"a", b"a\nb\n", "f")
    (hunk,) = file.hunks
    last = next(i for i, line in enumerate(hunk.lines) if line.text == "b\n")
    assert patched(b"a", select(file, [HunkPick(path="f", hunk=hunk.id, lines=(last,))])) == b"a\nb\n"


def test_an_edited_text_replaces_the_new_side() -> None:
    file = diff_bytes(b"a\nb\nc\n", b"a\nX\nc\n", "f")
    pick = HunkPick(path="f", hunk=file.hunks[0].id, text="a\nY\nZ\nc")
    chosen = select(file, [pick])
    assert patched(b"a\nb\nc\n", chosen) == b"a\nY\nZ\nc\n"
    assert (chosen.added, chosen.removed) == (2, 1)


def test_part_of_a_deleted_file_leaves_the_file() -> None:
    file = diff_bytes(b"a\nb\n", None, "f")
    some = select(file, [HunkPick(path="f", hunk=file.hunks[0].id, lines=(0,))])
    assert (some.status, patched(b"a\nb\n", some)) == ("modified", b"b\n")
    assert select(file, whole(file)).status == "deleted"


def test_hunks_with_the_same_lines_have_their_own_ids() -> None:
    block = b"".join(b"%d\n" % n for n in range(8))
    old, new = block * 3, block.replace(b"4\n", b"four\n") * 3
    file = diff_bytes(old, new, "f")
    assert len({hunk.id for hunk in file.hunks}) == 3
    only = select(file, [HunkPick(path="f", hunk=file.hunks[1].id)])
    assert patched(old, only) == block + block.replace(b"4\n", b"four\n") + block


def test_a_hunk_follows_its_context_but_never_fits_roughly() -> None:
    hunks = diff_text("a\nb\nc\nd\ne\nf\ng\nh\n", "a\nb\nc\nd\nE\nf\ng\nh\n")
    assert apply_hunks("0\n1\na\nb\nc\nd\ne\nf\ng\nh\n", hunks) == "0\n1\na\nb\nc\nd\nE\nf\ng\nh\n"
    with pytest.raises(PatchError, match="does not apply"):
        apply_hunks("a\nb\nc\nd \ne\nf\ng\nh\n", hunks)
    with pytest.raises(PatchError):
        apply_hunks("0\na\nb\nc\nd\ne\nf\ng\nh\n", hunks, exact=True)


def test_a_hunk_at_the_end_of_the_file_stays_at_the_end() -> None:
    hunks = diff_text("a\nb\nc\nd\ne\n", "a\nb\nc\nd\nE\n")
    with pytest.raises(PatchError):
        apply_hunks("a\nb\nc\nd\ne\nf\n", hunks)


def test_large_files_are_compared_by_git_to_the_byte() -> None:
    old = [f"line {n % 7} {n}\r\n" for n in range(3 * SMALL)]
    new = ["first\n", *(t.upper() if n % 50 == 3 else t for n, t in enumerate(old)), "no end \udcff"]
    text = "".join(new)
    assert len(opcodes(old, new)) > 20
    file = diff_bytes(encode("".join(old)), encode(text), "f")
    assert patched(encode("".join(old)), file) == encode(text)


def test_binary_files_are_flagged() -> None:
    assert diff_bytes(b"a\0", b"b\0", "f").binary
    assert not diff_bytes(b"a\0", b"b\0", "f").hunks
