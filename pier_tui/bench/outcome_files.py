"""Reads the rows of a CSV, JSON lines, JSON or Parquet file, compressed or not. What columns mean is elsewhere.

Raises ConfigError with one sentence for a file that cannot be read.
"""

from __future__ import annotations

import bz2
import codecs
import csv
import gzip
import json
import lzma
import sys
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from pier_tui.bench.outcome_columns import ALIASES, Row, numbered, plain
from pier_tui.bench.outcome_values import nothing
from pier_tui.errors import ConfigError

if TYPE_CHECKING:
    import pyarrow

KINDS = "CSV (.csv, .tsv), JSON lines (.jsonl, .ndjson), JSON (.json) or Parquet (.parquet)"
PACKED: dict[str, Any] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
SEPARATORS = ",;\t|"


def rows_of(path: Path) -> list[Row]:
    """All rows of the file, as read; the kind is known by the ending."""
    endings = [ending.lower() for ending in path.suffixes]
    packed = endings.pop() if endings and endings[-1] in PACKED else ""
    ending = endings[-1] if endings else ""
    if not path.is_file():
        raise ConfigError(f"{path} is not a file; give a file of outcomes as {KINDS}.")
    if ending in (".parquet", ".pq"):
        return _parquet(path)
    if ending not in (".csv", ".tsv", ".jsonl", ".ndjson", ".json"):
        raise ConfigError(f"{path} has an ending that is not known; give {KINDS}.")
    try:
        with _opened(path, packed) as file:
            if ending in (".csv", ".tsv"):
                return list(_csv(file, path, SEPARATORS if ending == ".csv" else f"\t{SEPARATORS}"))
            return list(_json(file, path))
    except UnicodeError:
        raise ConfigError(f"{path} is not text in UTF-8; save it as UTF-8, or as Parquet.") from None
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        why = getattr(error, "strerror", None) or str(error).rstrip(".") or "it is damaged"
        raise ConfigError(f"{path} cannot be read: {why}.") from None


def _opened(path: Path, packed: str) -> IO[str]:
    open_file = PACKED.get(packed, open)
    with open_file(path, "rb") as file:
        start = file.read(2)
    wide = start in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    opened: IO[str] = open_file(path, "rt", encoding="utf-16" if wide else "utf-8-sig", newline="")
    return opened


def _csv(file: IO[str], path: Path, separators: str) -> Iterator[Row]:
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    head = file.readline()
    file.seek(0)
    # The first of these that occurs: a name with a | in it stands between commas.
    separator = next((sign for sign in separators if sign in head), ",")
    reader = csv.DictReader(file, delimiter=separator)
    try:
        _no_doubles(reader.fieldnames or (), path)
        vector = numbered(reader.fieldnames or ())
        for number, row in enumerate(reader, 1):
            if row.pop(None, None) is not None:
                raise ConfigError(
                    f"{path}, row {number}: there are more cells than columns; quote cells that hold a {separator!r}."
                )
            yield _folded(row, vector, number)
    except csv.Error as error:
        raise ConfigError(f"{path}, line {reader.line_num}: this is not CSV ({error}).") from None


def _no_doubles(names: Any, path: Path) -> None:
    twice = next((name for name, count in Counter(names).items() if count > 1 and name.strip()), None)
    if twice is not None:
        raise ConfigError(f"{path} has more than one column {twice!r}; give each a name of its own.")


def _folded(row: dict[str, Any], vector: tuple[str, ...], number: int) -> Row:
    """The row with a vector's columns made one: a number takes 4 bytes in an array, and 60 as a cell."""
    if not vector:
        return row
    values = [row.pop(name, None) for name in vector]
    if all(nothing(value) for value in values):
        return {**row, "embedding": None}
    try:
        return {**row, "embedding": np.array([np.nan if nothing(v) else v for v in values], np.float32)}
    except (TypeError, ValueError):
        raise ConfigError(f"Row {number}: {vector[0]} to {vector[-1]} hold something that is not a number.") from None


def _json(file: IO[str], path: Path) -> Iterator[Row]:
    """JSON lines, or one JSON text: told apart by what is there, not by the ending."""
    vector: tuple[str, ...] | None = None
    for number, value in enumerate(_objects(file, path), 1):
        row = _object(value, path, number)
        if vector is None:
            vector = numbered(tuple(row))
        yield _folded(row, vector, number)


def _objects(file: IO[str], path: Path) -> Iterator[object]:
    lines = (line for line in file if line.strip())
    first = next(lines, "")
    try:
        value = json.loads(first) if first else []
    except (ValueError, RecursionError) as error:
        rest = "".join(lines)
        if first.strip()[:1] == "{" and rest.lstrip()[:1] == "{":
            raise ConfigError(f"{path}, row 1: this is not JSON ({error}).") from None
        yield from _listed(_parsed(first + rest, path, "the file"), path)
        return
    second = next(lines, "")
    if not second:
        yield from _listed(value, path) if isinstance(value, list) or _holds_rows(value) else [value]
        return
    yield value
    yield _parsed(second, path, "row 2")
    for number, line in enumerate(lines, 3):
        yield _parsed(line, path, f"row {number}")


def _parsed(text: str, path: Path, where: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path}, {where}: this is not JSON ({error}).") from None


def _holds_rows(value: object) -> bool:
    return isinstance(value, dict) and (not value or any(isinstance(v, list | dict) for v in value.values()))


def _listed(whole: object, path: Path) -> list[object]:
    """The rows of one JSON text: a list of them, an object around one, or an object of columns."""
    if isinstance(whole, list):
        return whole
    if isinstance(whole, dict):
        lists = [v for v in whole.values() if isinstance(v, list) and v and all(isinstance(row, dict) for row in v)]
        if len(lists) == 1:
            return list(lists[0])
        columns = {name: list(v.values()) if isinstance(v, dict) else v for name, v in whole.items()}
        lengths = {len(v) if isinstance(v, list) else -1 for v in columns.values()}
        if len(lengths) == 1 and -1 not in lengths:
            return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    raise ConfigError(f"{path} holds no list of rows; give a JSON list of objects, or JSON lines.")


def _object(value: object, path: Path, number: int) -> dict[str, Any]:
    """A row with what is nested named by its way: `weak: {cost}` is `weak_cost`. Vectors become arrays."""
    if not isinstance(value, dict):
        raise ConfigError(f"{path}, row {number}: this is not an object with columns.")
    row: dict[str, Any] = {}
    for name, cell in value.items():
        if isinstance(cell, dict) and cell:
            row |= {f"{name}_{inner}": each for inner, each in _object(cell, path, number).items()}
        else:
            row[name] = _array(cell) if isinstance(cell, list) and plain(name) in ALIASES["embedding"] else cell
    return row


def _array(cell: list[object]) -> object:
    try:
        return np.asarray(cell, np.float32)
    except (TypeError, ValueError):
        return cell


def _parquet(path: Path) -> list[Row]:
    try:
        from pyarrow import ArrowException, parquet
    except ImportError:
        raise ConfigError(
            f"Reading {path.name} needs pyarrow: pip install 'pier-tui[parquet]', or give CSV or JSON lines."
        ) from None
    try:
        table = parquet.read_table(path)
    except (ArrowException, OSError) as error:
        first = str(error).strip().splitlines() or ["unreadable"]
        raise ConfigError(f"{path} is not a Parquet file that can be read ({first[0].rstrip('.')}).") from None
    _no_doubles(table.column_names, path)
    return _table_rows(table, path)


def _table_rows(table: pyarrow.Table, path: Path) -> list[Row]:
    from pyarrow import types

    def is_vector(kind: Any) -> bool:
        listed = types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind)
        return bool(listed and types.is_floating(kind.value_type))

    vectors = [field.name for field in table.schema if is_vector(field.type)]
    numbers = [f.name for f in table.schema if types.is_floating(f.type) or types.is_integer(f.type)]
    one_each = numbered(numbers)
    plain_columns = table.drop_columns([*vectors, *one_each])
    rows: list[dict[str, Any]] = plain_columns.to_pylist() or [{} for _ in range(table.num_rows)]
    rows = [_object(row, path, number) for number, row in enumerate(rows, 1)]
    # A number of a vector takes 4 or 8 bytes in an array, and 32 as an object of its own.
    for name in vectors:
        for row, vector in zip(rows, table.column(name).to_numpy(), strict=True):
            row[name] = vector
    if one_each:
        stacked = np.column_stack([table.column(name).to_numpy() for name in one_each]).astype(np.float32)
        for row, vector in zip(rows, stacked, strict=True):
            row["embedding"] = vector
    return list(rows)
