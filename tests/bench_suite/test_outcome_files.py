from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from pier_tui.bench.outcome_files import rows_of
from pier_tui.bench.outcomes import Row, outcomes
from pier_tui.errors import ConfigError

PLAIN: list[Row] = [{"weak": 0, "strong": 1}, {"weak": True, "strong": "true"}, {"weak": 0.25, "strong": "0.5"}]


def test_qualities_are_read_from_numbers_booleans_and_words() -> None:
    found = outcomes(PLAIN)
    assert found.weak.tolist() == [0, 1, 0.25]
    assert found.strong.tolist() == [1, 1, 0.5]
    assert found.texts is found.domains is found.embeddings is found.costs is None
    assert found.tasks.tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    "names", [("weak_correct", "strong_correct"), ("Weak Score", "Strong-Score"), ("small_pass", "large_pass")]
)
def test_other_names_of_the_same_columns_are_known(names: tuple[str, str]) -> None:
    found = outcomes([{names[0]: 0, names[1]: 1, "question": "a", "category": "x"}, {names[0]: 1, names[1]: 1}])
    assert found.weak.tolist() == [0, 1]
    assert found.texts == ("a", "")
    assert found.domains == ("x", "")


def test_runs_of_one_row_are_averaged_and_kept_whether_as_rows_or_as_lists() -> None:
    as_rows = [
        {"id": "a", "prompt": "p", "weak": 0, "strong": 1},
        {"id": "b", "prompt": "q", "weak": 1, "strong": 1},
        {"id": "a", "prompt": "p", "weak": 1, "strong": 1},
    ]
    as_lists = [{"prompt": "p", "weak": [0, 1], "strong": "[1, 1]"}, {"prompt": "q", "weak": 1, "strong": [1]}]
    for rows in (as_rows, as_lists):
        found = outcomes(rows)
        assert found.weak.tolist() == [0.5, 1]
        assert found.weak_runs is not None
        assert [run.tolist() for run in found.weak_runs] == [[0, 1], [1]]


def test_one_id_with_several_texts_and_one_text_on_several_rows_are_one_task() -> None:
    turns = [{"id": i, "prompt": p, "weak": 0, "strong": 1} for i, p in (("a", "1"), ("a", "2"), ("b", "1"))]
    assert outcomes(turns).tasks.tolist() == [0, 0, 1]
    same = [{"prompt": p, "weak": w, "strong": 1} for p, w in (("x", 0), ("y", 1), ("x", 1))]
    assert outcomes(same).tasks.tolist() == [0, 1, 0]
    assert len(outcomes(same)) == 3


def test_rows_marked_or_without_an_outcome_are_left_out_and_counted() -> None:
    rows = [
        *PLAIN,
        {"weak": "", "strong": 1},
        {"weak": float("nan"), "strong": 1},
        {"weak": 1, "strong": 1, "contaminated": True},
    ]
    found = outcomes(rows)
    assert len(found) == 3
    assert found.left_out == {"without an outcome": 2, "contaminated": 1}


def test_costs_tokens_scores_embeddings_and_splits_are_read() -> None:
    same = {"weak": 0, "strong": 1, "strong_cost": "4"}
    rows = [
        {**same, "weak_cost": 1, "score:mine": 0.2, "p": "3", "embedding": "[1, 0]", "split": "train"},
        {**same, "weak_cost": 2, "score:mine": None, "p": 4, "embedding": [0, 1], "split": "test"},
        {**same, "weak_cost": 3, "score:mine": 0.4, "p": 5, "embedding": (1, 1), "split": "test"},
    ]
    found = outcomes(rows, scores=["p"])
    assert found.costs is not None
    assert found.costs[0].tolist() == [1, 2, 3]
    assert found.columns["score:mine"] == pytest.approx([0.2, 0.3, 0.4])
    assert found.columns["score:p"].tolist() == [3, 4, 5]
    assert found.embeddings is not None
    assert found.embeddings.shape == (3, 2)
    assert found.trained_on is not None
    assert found.trained_on.tolist() == [True, False, False]


def test_qualities_on_another_scale_are_divided_by_the_best() -> None:
    assert outcomes([{"weak": 5, "strong": 10}, {"weak": 0, "strong": 2.5}], best=10).strong.tolist() == [1, 0.25]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([], "no rows"),
        ([{"a": 1}], "no column with the weak model's outcome"),
        ([{"weak": 1}], "no column with the strong model's outcome"),
        ([*PLAIN, {"weak": "maybe", "strong": 1}], "Row 4: weak is 'maybe', which is not a number"),
        ([*PLAIN, {"weak": 1, "strong": 7}], "Row 4: strong is 7, but outcomes lie between 0 and 1; say --best N"),
        ([*PLAIN, {"weak": -0.1, "strong": 1}], "Row 4: weak is -0.1"),
        ([*PLAIN, {"weak": float("inf"), "strong": 1}], "Row 4: weak is inf"),
        ([*PLAIN, {"weak": "[1,", "strong": 1}], "Row 4: weak is '[1,', which is not a list"),
        ([{"weak": 1, "strong": 1, "exclude": "perhaps"}], "Row 1: exclude is 'perhaps'"),
        ([{"weak": 1, "strong": 1}, {"weak": "", "strong": 1}], "Of 2 rows 1 can be used"),
        ([{**PLAIN[0], "embedding": [1, 2]}, {**PLAIN[0], "embedding": [1]}], "Row 2: embedding has 1"),
        ([{"weak": 1, "strong": 1, "embedding": "x"}, PLAIN[0]], "Row 1: embedding is not a list of numbers"),
        ([{**PLAIN[0], "embedding": [float("nan")]}, {**PLAIN[0], "embedding": [1]}], "not a finite"),
        ([{"weak": 1, "strong": 1, "weak_cost": -1, "strong_cost": 1}, PLAIN[0]], "Row 1: weak_cost is below 0"),
        ([{"weak": 1, "strong": 1, "score:x": "high"}, PLAIN[0]], "Row 1: score:x is 'high'"),
    ],
)  # fmt: skip
def test_bad_rows_get_one_sentence_with_their_number(rows: list[Row], words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        outcomes(rows)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_score_column_that_is_missing_is_said() -> None:
    with pytest.raises(ConfigError, match="no column 'mine'"):
        outcomes(PLAIN, scores=["mine"])


TRICKY = 'a "quoted", line\nand\u2028another, नमस्ते 🙂'


@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl", "json", "parquet"])
def test_every_kind_of_file_gives_the_same_rows(ending: str, tmp_path: Path) -> None:
    import csv

    path = tmp_path / f"rows.{ending}"
    rows = [{"prompt": TRICKY, "weak": 0, "strong": 1}, {"prompt": "", "weak": 1, "strong": 1}]
    if ending in ("csv", "tsv"):
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), delimiter="," if ending == "csv" else "\t")
            writer.writeheader()
            writer.writerows(rows)
    elif ending == "parquet":
        pa = pytest.importorskip("pyarrow")
        from pyarrow import parquet

        parquet.write_table(pa.Table.from_pylist(rows), path)
    else:
        text = (
            json.dumps(rows)
            if ending == "json"
            else "\n".join(json.dumps(r, ensure_ascii=False) for r in rows) + "\n\n"
        )
        path.write_text(text, encoding="utf-8")
    found = outcomes(rows_of(path))
    assert found.texts == (TRICKY, "")
    assert np.array_equal(found.weak, [0, 1])


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", b"weak,strong\n1,2,3\n", "row 1: there are more cells than columns"),
        ("a.csv", b"\xff\xfe\x00", "not text in UTF-8"),
        ("a.jsonl", b'{"weak": 1}\n{"weak"\n', "row 2: this is not JSON"),
        ("a.jsonl", b"[1]\n", "row 1: this is not an object"),
        ("a.json", b"{}", "no list of rows"),
        ("a.json", b"[" * 100_000, "not JSON"),
        ("a.txt", b"", "an ending that is not known"),
        ("a.parquet", b"PAR1 no", "not a Parquet file"),
    ],
)
def test_a_file_that_cannot_be_read_gets_one_sentence(name: str, content: bytes, words: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        rows_of(tmp_path / name)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    with pytest.raises(ConfigError, match="not a file"):
        rows_of(tmp_path / "missing.csv")


def test_parquet_without_its_extra_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    (tmp_path / "a.parquet").write_bytes(b"")
    with pytest.raises(ConfigError, match=r"pip install 'pier-tui\[parquet\]'"):
        rows_of(tmp_path / "a.parquet")


def test_vectors_and_runs_of_a_parquet_file_are_read(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    rows = [
        {"id": "a", "weak": [0.0, 1.0], "strong": [1, 1], "embedding": [1.0, 2.0], "score:x": [0.5, 1.5]},
        {"id": "b", "weak": [1.0], "strong": [1], "embedding": [3.0, 4.0], "score:x": None},
        {"id": "c", "weak": None, "strong": [1], "embedding": None, "score:x": None},
    ]
    parquet.write_table(pa.Table.from_pylist(rows), tmp_path / "a.parquet")
    found = outcomes(rows_of(tmp_path / "a.parquet"))
    assert found.weak.tolist() == [0.5, 1]
    assert found.embeddings is not None
    assert found.embeddings.tolist() == [[1, 2], [3, 4]]
    assert found.columns["score:x"].tolist() == [1, 1]
