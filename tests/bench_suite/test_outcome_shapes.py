"""Files of outcomes as different people write them: every shape gives the same rows, or one sentence."""

from __future__ import annotations

import gzip
import json
import lzma
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pier_tui.bench.outcome_files import rows_of
from pier_tui.bench.outcomes import Outcomes, outcomes
from pier_tui.errors import ConfigError

WEAK, STRONG = [0.0, 1.0, 0.0], [1.0, 1.0, 0.0]


def read(path: Path, content: str | bytes, **options: Any) -> Outcomes:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return outcomes(rows_of(path), **options)


def lines(*rows: dict[str, Any]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


TABLE = "prompt,weak,strong\na,0,1\nb,1,1\nc,0,0\n"
COLUMNS = {"prompt": list("abc"), "weak": WEAK, "strong": STRONG}
ROWS = [{"prompt": p, "weak": w, "strong": s} for p, w, s in zip("abc", (0, 1, 0), (1, 1, 0), strict=True)]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", TABLE.replace("\n", "\r\n").encode("utf-8-sig")),
        ("a.csv", TABLE.encode("utf-16")),
        ("a.csv", TABLE.replace(",", ";")),
        ("a.csv", TABLE.replace(",", "\t")),
        ("a.tsv", TABLE),
        ("a.csv.gz", gzip.compress(TABLE.encode(), mtime=0)),
        ("a.jsonl.xz", lzma.compress(lines(*ROWS).encode())),
        ("a.json", lines(*ROWS)),
        ("a.jsonl", json.dumps(ROWS, indent=1)),
        ("a.json", json.dumps({"name": "x", "rows": ROWS})),
        ("a.json", json.dumps(COLUMNS)),
        ("a.json", json.dumps({name: dict(enumerate(v)) for name, v in COLUMNS.items()})),
        ("a.csv", "prompt,30B,105B Correct\na,FALSE,yes\nb,100%,resolved\nc,0.0,wrong\n"),
        ("a.csv", "prompt,weak,strong,score_weak,is_correct_strong\na,m7,m70,0,1\nb,m7,m70,1,1\nc,m7,m70,0,0\n"),
        ("a.jsonl", lines(*({**r, "weak": {"correct": r["weak"]}, "strong": {"score": r["strong"]}} for r in ROWS))),
    ],
)  # fmt: skip
def test_the_same_rows_are_read_from_every_shape(name: str, content: str | bytes, tmp_path: Path) -> None:
    found = read(tmp_path / name, content)
    assert (found.weak.tolist(), found.strong.tolist(), found.texts) == (WEAK, STRONG, ("a", "b", "c"))


def test_models_can_be_named_by_their_columns(tmp_path: Path) -> None:
    head = "prompt,org/m-7b,m-70b,org/m-7b|total_cost,m-70b|total_cost,m-70b|model_response,other"
    wide = f"{head}\na,0,1,$1,4,x,1\nb,1,1,$3,4,y,0\n"
    found = read(tmp_path / "a.csv", wide, models=("org/m-7b", "m-70b"))
    assert found.weak.tolist() == [0, 1]
    assert found.costs is not None
    assert found.costs[0].tolist() == [1, 3]
    assert found.strong_responses == ("x", "y")
    assert found.unused == ("other",)
    with pytest.raises(ConfigError, match="no column of outcomes for --weak m-8b"):
        outcomes(rows_of(tmp_path / "a.csv"), models=("m-8b", "m-70b"))


ONE_EACH = [
    {"task": "t1", "model": "s", "score": 0, "cost": 1, "response": "no"},
    {"task": "t1", "model": "l", "score": 1, "cost": 5, "response": "yes"},
    {"task": "t2", "model": "l", "score": 1, "cost": 6},
    {"task": "t2", "model": "s", "score": 1, "cost": 2},
    {"task": "t2", "model": "s", "score": 0, "cost": 4},
    {"task": "t2", "model": "x", "score": 0, "cost": 9},
    {"task": "t3", "model": "s", "score": 0, "cost": 9},
    {"task": "t4", "model": "s", "score": 1, "cost": 1},
    {"task": "t4", "model": "l", "score": 1, "cost": 1},
]


def test_rows_of_one_model_each_are_matched_by_task(tmp_path: Path) -> None:
    found = read(tmp_path / "a.jsonl", lines(*ONE_EACH), models=("s", "l"))
    assert (found.weak.tolist(), found.strong.tolist()) == ([0, 0.5, 1], [1, 1, 1])
    assert found.costs is not None
    assert found.costs[0].tolist() == [1, 3, 1]
    assert found.weak_responses == ("no", "", "")
    assert found.left_out == {"of other models": 1, "without an outcome": 1}
    usual = [{**row, "model": {"s": "weak", "l": "105B", "x": "x"}[str(row["model"])]} for row in ONE_EACH]
    assert outcomes(usual).weak.tolist() == [0, 0.5, 1]
    with pytest.raises(ConfigError, match=r"Each row is about one model; name two of them .* \(s, l, x\)"):
        outcomes(ONE_EACH)
    with pytest.raises(ConfigError, match="Row 2 has neither an id nor a prompt"):
        outcomes([ONE_EACH[0], {"model": "l", "score": 1}], models=("s", "l"))


def test_prompts_worded_for_each_model_are_matched_by_id_alone() -> None:
    rows = [
        {"id": i, "prompt": f"{m}: {i}", "model": m, "score": s} for i in "ab" for m, s in (("weak", 0), ("strong", 1))
    ]
    found = outcomes(rows)
    assert (found.weak.tolist(), found.strong.tolist()) == ([0, 0], [1, 1])


def test_a_vector_in_columns_of_its_own_as_text_or_missing_is_read(tmp_path: Path) -> None:
    columns = "weak,strong,emb_1,emb_0\n0,1,2,1\n1,1,4,3\n0,1,,\n"
    text = 'weak,strong,embedding\n0,1,"[1. 2.]"\n1,1,"[3, 4]"\n0,1,\n'
    for content in (columns, text):
        found = read(tmp_path / "a.csv", content)
        assert found.embeddings is not None
        assert found.embeddings.tolist() == [[1, 2], [3, 4], [2, 3]]
    with pytest.raises(ConfigError, match="Row 1: emb_0 to emb_1 hold something that is not a number"):
        read(tmp_path / "b.csv", "weak,strong,emb_0,emb_1\n0,1,x,2\n")


def test_parquet_columns_of_records_vectors_and_numbers_are_read(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    rows = {"weak": [{"score": 0.0, "cost": 1}, {"score": 1.0, "cost": 3}], "strong": [True, True]}
    fixed = pa.FixedSizeListArray.from_arrays(pa.array([1.0, 2, 3, 4], pa.float32()), 2)
    each = {"dim0": [1, 3], "dim1": [2.0, 4.0]}
    for vector in ({"embedding": fixed}, each):
        parquet.write_table(pa.table({**rows, **vector}), tmp_path / "a.parquet")
        found = outcomes(rows_of(tmp_path / "a.parquet"))
        assert found.weak.tolist() == [0, 1]
        assert found.embeddings is not None
        assert found.embeddings.tolist() == [[1, 2], [3, 4]]


def test_runs_in_columns_of_their_own_are_runs() -> None:
    rows = [{"weak_run1": 0, "weak_run2": 1, "strong_1": 1, "strong_2": ""}, {"weak_run1": 1, "strong_1": 1}]
    found = outcomes(rows)
    assert (found.weak.tolist(), found.strong.tolist()) == ([0.5, 1], [1, 1])
    assert found.weak_runs is not None
    assert [len(runs) for runs in found.weak_runs] == [2, 1]


def test_numbers_as_ids_count_anew_in_every_domain_and_names_do_not() -> None:
    rows = [{"subject": d, "id": i, "weak": 0, "strong": 1} for d in "xy" for i in (0, 1)]
    assert outcomes(rows).tasks.tolist() == [0, 1, 2, 3]
    assert outcomes([{**row, "id": f"t{row['id']}"} for row in rows]).tasks.tolist() == [0, 1]


def test_an_empty_column_is_none_and_costs_of_repeats_are_averaged() -> None:
    rows = [
        {"id": i, "weak": 0, "strong": 1, "weak_cost": c, "strong_cost": 9, "tokens": 1, "prompt": ""}
        for i, c in ((1, 2), (1, 4), (2, 5))
    ]
    found = outcomes(rows)
    assert found.texts is None
    assert found.costs is not None
    assert np.array_equal(found.costs[0], [3, 5])


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", "weak,weak,strong\n0,1,1\n", "more than one column 'weak'"),
        ("a.csv.gz", b"no", "cannot be read"),
        ("a.csv.gz", gzip.compress(TABLE.encode(), mtime=0)[:30], "cannot be read"),
        ("a.xz", b"", "an ending that is not known"),
        ("a.json", "7", "not an object"),
    ],
)
def test_what_cannot_be_meant_gets_one_sentence(name: str, content: str | bytes, words: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path / name, content)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
